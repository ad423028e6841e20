package integration

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
)

// defaultRoles are the columns of the table in docs/servers.md.
var defaultRoles = []string{"admin", "manager", "member", "technician", "requestor"}

// documentedPermissions reads that table: what each role carries, the whole catalog
// and the part of it that nothing asks for.
func documentedPermissions(t *testing.T) (roles map[string][]string, all, unasked []string) {
	t.Helper()
	b, err := os.ReadFile("../docs/servers.md")
	require.NoError(t, err)
	require.Contains(t, string(b), "| permission | for | "+strings.Join(defaultRoles, " | ")+" |")
	roles = map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+\\.[a-z_.]+)` \\|(.*)\\|$").FindAllStringSubmatch(string(b), -1) {
		key, cells := row[1], strings.Split(row[2], "|")
		require.Len(t, cells, 1+len(defaultRoles), key)
		all = append(all, key)
		if strings.Contains(cells[0], "°") {
			unasked = append(unasked, key)
		}
		for i, role := range defaultRoles {
			switch mark := strings.TrimSpace(cells[1+i]); mark {
			case "✓":
				roles[role] = append(roles[role], key)
			default:
				require.Empty(t, mark, key)
			}
		}
	}
	require.True(t, slices.IsSorted(all))
	return roles, all, unasked
}

// A new tenant's roles carry what the documentation says, and who holds one is told
// the same.
func TestDefaultRolesAreAsDocumented(t *testing.T) {
	t.Parallel()
	documented, all, _ := documentedPermissions(t)
	a := stack.Tenant(t)

	catalog, err := a.Authorization.Permissions.List(t.Context(), query.OrderBy(org.PermissionCols.Key.Asc()))
	require.NoError(t, err)
	var keys []string
	for _, p := range catalog {
		keys = append(keys, p.Key)
	}
	require.ElementsMatch(t, all, keys)
	roles, err := a.Authorization.TenantRoles.List(t.Context())
	require.NoError(t, err)
	require.Len(t, roles, len(defaultRoles))

	for _, role := range defaultRoles {
		rows, err := a.Authorization.RolePermissions.List(t.Context(), query.Where(org.RolePermissionCols.RoleKey.Eq(role)))
		require.NoError(t, err)
		var carried []string
		for _, row := range rows {
			carried = append(carried, row.PermissionKey)
		}
		require.ElementsMatch(t, documented[role], carried, role)

		holder := a.Client // who makes a tenant is its administrator
		if role != "admin" {
			holder = a.Member(t, role).Client
		}
		held, err := holder.Authorization.UserPermissions(t.Context(), "")
		require.NoError(t, err)
		require.ElementsMatch(t, documented[role], held, role)
		for _, key := range []string{"workorder.create", "workorder.view", "asset.edit", "tenant.admin"} {
			require.Equal(t, slices.Contains(documented[role], key), can(t, holder, key), "%s: %s", role, key)
		}
	}
}

// The documentation marks the permissions that no function, policy or view asks for.
func TestUnaskedPermissionsAreAsDocumented(t *testing.T) {
	t.Parallel()
	_, _, documented := documentedPermissions(t)
	rows, err := stack.SQL(t).Query(t.Context(), `
		select key from cfg.permissions p
		where not exists (select from pg_proc f where strpos(f.prosrc, quote_literal(p.key)) > 0 and f.proname <> 'seed_roles')
		and not exists (select from pg_policies y where strpos(concat(y.qual, y.with_check), quote_literal(p.key)) > 0)
		and not exists (select from pg_views v where strpos(v.definition, quote_literal(p.key)) > 0)
		order by key`)
	require.NoError(t, err)
	unasked, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.ElementsMatch(t, documented, unasked)
}
