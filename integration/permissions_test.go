package integration

import (
	"crypto/rand"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
)

// memberPermissions are what the seeded role member holds.
var memberPermissions = []string{
	"asset.view", "department.view", "downtime.view", "inventory.stock.view", "location.view", "part.view",
	"purchase_order.view", "purchase_requisition.view", "supplier.view", "workorder.view",
}

// technicianPermissions are what the seeded role technician holds.
var technicianPermissions = []string{
	"asset.view", "downtime.record", "downtime.view", "location.view", "notification.preference.manage",
	"notification.read", "shift_handover.acknowledge", "shift_handover.create", "tool.checkout", "tool.return",
	"workorder.complete.assigned", "workorder.view",
}

// requestorPermissions are what the seeded role requestor holds.
var requestorPermissions = []string{
	"asset.view", "location.view", "notification.preference.manage", "notification.read",
	"workorder.request.create", "workorder.request.view.own",
}

func TestTenantStartsWithFiveRoles(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)

	rows, err := a.Authorization.TenantRoles.List(t.Context())
	require.NoError(t, err)
	got := map[string]string{}
	for _, r := range rows {
		got[r.Key] = r.Name
		require.True(t, r.IsSystem)
		require.Equal(t, r.Key == "member", r.IsDefault, r.Key)
		require.Equal(t, a.ID, r.TenantID)
	}
	require.Equal(t, map[string]string{
		"admin": "Administrator", "manager": "Manager", "member": "Member",
		"technician": "Technician", "requestor": "Requestor",
	}, got)
}

func TestPermissionCatalogHas65Keys(t *testing.T) {
	t.Parallel()
	u := stack.User(t) // of no tenant

	rows, err := u.Authorization.Permissions.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 65)
	for _, p := range rows {
		category, _, _ := strings.Cut(p.Key, ".")
		if strings.HasPrefix(category, "purchase_") {
			category = "purchase"
		}
		require.Equal(t, category, p.Category, p.Key)
		require.NotEmpty(t, p.Name, p.Key)
		require.NotEmpty(t, text(p.Description), p.Key)
	}
	n, err := u.Authorization.Permissions.Count(t.Context(), query.Where(org.PermissionCols.Category.Eq("workorder")))
	require.NoError(t, err)
	require.EqualValues(t, 13, n)
}

func TestSeededRolesHoldTheirPermissions(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)

	got := map[string][]string{}
	categories := map[string]bool{}
	for row, err := range a.Authorization.RolePermissions.All(t.Context(), query.PageSize(50)) {
		require.NoError(t, err)
		require.Equal(t, a.ID, row.TenantID)
		got[row.RoleKey] = append(got[row.RoleKey], row.PermissionKey)
		if row.RoleKey == "manager" {
			categories[row.PermissionCategory] = true
		}
	}
	for _, keys := range got {
		sort.Strings(keys)
	}
	require.Len(t, got["admin"], 65)
	require.Len(t, got["manager"], 29)
	require.Equal(t, map[string]bool{
		"asset": true, "location": true, "downtime": true, "tool": true, "shift_handover": true, "workorder": true,
	}, categories)
	require.Equal(t, memberPermissions, got["member"])
	require.Equal(t, technicianPermissions, got["technician"])
	require.Equal(t, requestorPermissions, got["requestor"])
	require.Len(t, got, 5)
}

func TestUserPermissionsAreThoseOfTheRole(t *testing.T) {
	t.Parallel()
	a, outsider := stack.Tenant(t), stack.User(t)
	member := a.Member(t, "member")

	keys, err := member.Authorization.UserPermissions(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, memberPermissions, keys)
	keys, err = a.Authorization.UserPermissions(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, keys, 65)
	keys, err = outsider.Authorization.UserPermissions(t.Context(), a.ID)
	require.NoError(t, err)
	require.Empty(t, keys)

	require.True(t, can(t, member.Client, "asset.view"))
	require.False(t, can(t, member.Client, "asset.create"))
	require.False(t, can(t, a.Client, "no.such.key"), "of an administrator too")
	for _, tenantID := range []string{a.ID, unknownID} {
		ok, err := outsider.Authorization.HasPermission(t.Context(), org.HasPermissionParams{TenantID: tenantID, PermissionKey: "asset.view"})
		require.NoError(t, err)
		require.False(t, ok)
	}
}

func TestPermissionOfARoleChangesAtOnce(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	member := a.Member(t, "member")
	p := org.RolePermissionParams{RoleKey: "member", PermissionKey: "asset.create"}

	for range 2 {
		require.NoError(t, a.Authorization.AssignPermissionToRole(t.Context(), p))
		require.True(t, can(t, member.Client, "asset.create"))
	}
	for range 2 {
		require.NoError(t, a.Authorization.RevokePermissionFromRole(t.Context(), p))
		require.False(t, can(t, member.Client, "asset.create"))
	}

	for name, p := range map[string]org.RolePermissionParams{
		"role":       {RoleKey: "boss", PermissionKey: "asset.create"},
		"permission": {RoleKey: "member", PermissionKey: "no.such.key"},
	} {
		t.Run("unknown "+name, func(t *testing.T) {
			requireError(t, a.Authorization.AssignPermissionToRole(t.Context(), p), workorder.ErrRuleViolation, "P0001")
			requireError(t, a.Authorization.RevokePermissionFromRole(t.Context(), p), workorder.ErrRuleViolation, "P0001")
		})
	}
}

func TestPermissionOfARoleChangesInItsTenantOnly(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	member := a.Member(t, "member")
	b.Invite(t, member, "member")

	err := a.Authorization.AssignPermissionToRole(t.Context(), org.RolePermissionParams{RoleKey: "member", PermissionKey: "asset.create"})
	require.NoError(t, err)
	require.True(t, can(t, member.Client, "asset.create"))
	require.False(t, can(t, member.In(t, b.ID), "asset.create"))
}

func TestTwoRolesGiveTheUnionOfTheirPermissions(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	member := a.Member(t, "member")
	a.Invite(t, member, "technician")

	want := append(slices.Clone(memberPermissions), technicianPermissions...)
	slices.Sort(want)
	keys, err := member.Authorization.UserPermissions(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, slices.Compact(want), keys)
}

// writeTarget is what the writes below act on.
type writeTarget struct {
	*tenant
	guest *user // somebody to invite and remove
}

func (w *writeTarget) department(t testing.TB) string { return makeDepartment(t, w.Client, "Line") }

// key makes a catalog key that is not taken.
func key() string { return "k_" + strings.ToLower(rand.Text()) }

// orgWrite is a write of package org with the roles that may do it.
type orgWrite struct {
	name    string
	allowed []string
	do      func(t testing.TB, c *workorder.Client, w *writeTarget) error
}

var orgWrites = []orgWrite{
	{"Tenants.InviteUser", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		return c.Tenants.InviteUser(t.Context(), org.InviteUserParams{TenantID: w.ID, InviteeEmail: w.guest.Email, RoleKey: "member"})
	}},
	{"Tenants.AssignRole", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		return c.Tenants.AssignRole(t.Context(), org.AssignRoleParams{TenantID: w.ID, UserID: w.guest.ID, RoleKey: "member"})
	}},
	{"Tenants.RemoveMember", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		w.Invite(t, w.guest, "member")
		return c.Tenants.RemoveMember(t.Context(), org.RemoveMemberParams{TenantID: w.ID, UserID: w.guest.ID})
	}},
	{"Tenants.ReplaceOAuthClientGrants", members, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		return c.Tenants.ReplaceOAuthClientGrants(t.Context(), org.ReplaceOAuthClientGrantsParams{OAuthClientID: "app", TenantIDs: []string{w.ID}})
	}},
	{"Authorization.AssignPermissionToRole", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		return c.Authorization.AssignPermissionToRole(t.Context(), org.RolePermissionParams{TenantID: w.ID, RoleKey: "admin", PermissionKey: "asset.view"})
	}},
	{"Authorization.RevokePermissionFromRole", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		return c.Authorization.RevokePermissionFromRole(t.Context(), org.RolePermissionParams{TenantID: w.ID, RoleKey: "requestor", PermissionKey: "part.view"})
	}},
	{"Authorization.GrantScope", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		return c.Authorization.GrantScope(t.Context(), org.ScopeParams{TenantID: w.ID, UserID: w.Admin.ID, ScopeType: "site", ScopeValue: unknownID})
	}},
	{"Authorization.RevokeScope", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		return c.Authorization.RevokeScope(t.Context(), org.ScopeParams{TenantID: w.ID, UserID: w.Admin.ID, ScopeType: "site", ScopeValue: unknownID})
	}},
	{"Catalogs.CreateStatus", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		_, err := c.Catalogs.CreateStatus(t.Context(), org.CreateStatusParams{
			TenantID: w.ID, EntityType: "work_order", Key: key(), Name: "Status", Category: org.StatusOpen,
		})
		return err
	}},
	{"Catalogs.CreatePriority", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		_, err := c.Catalogs.CreatePriority(t.Context(), org.CreatePriorityParams{TenantID: w.ID, EntityType: "work_order", Key: key(), Name: "Priority"})
		return err
	}},
	{"Catalogs.CreateMaintenanceType", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		_, err := c.Catalogs.CreateMaintenanceType(t.Context(), org.CreateMaintenanceTypeParams{
			TenantID: w.ID, Key: key(), Name: "Type", Category: org.MaintenanceOther,
		})
		return err
	}},
	{"Catalogs.CreateStatusTransition", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		_, err := c.Catalogs.CreateStatusTransition(t.Context(), org.CreateStatusTransitionParams{
			TenantID: w.ID, EntityType: "asset", FromStatusKey: "active", ToStatusKey: "inactive",
		})
		return err
	}},
	{"Catalogs.WorkflowGraph", members, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		_, err := c.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{TenantID: w.ID, EntityType: "work_order"})
		return err
	}},
	{"Departments.Create", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		_, err := c.Departments.Create(t.Context(), org.CreateDepartmentParams{TenantID: w.ID, Name: "Line"})
		return err
	}},
	{"Departments.Update", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		return c.Departments.Update(t.Context(), org.UpdateDepartmentParams{TenantID: w.ID, DepartmentID: w.department(t), Name: new("Other")})
	}},
	{"Departments.Delete", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		return c.Departments.Delete(t.Context(), org.DeleteDepartmentParams{TenantID: w.ID, DepartmentID: w.department(t)})
	}},
	{"Departments.BulkImport", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		_, err := c.Departments.BulkImport(t.Context(), org.BulkImportDepartmentsParams{TenantID: w.ID, Rows: []org.ImportDepartment{{Name: "Line"}}})
		return err
	}},
	{"TenantAPIKeys.Create", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		_, err := c.TenantAPIKeys.Create(t.Context(), org.CreateTenantAPIKeyParams{TenantID: w.ID, Name: "Gateway"})
		return err
	}},
	{"TenantAPIKeys.List", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		_, err := c.TenantAPIKeys.List(t.Context(), w.ID)
		return err
	}},
	{"TenantAPIKeys.Revoke", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		k, err := w.TenantAPIKeys.Create(t.Context(), org.CreateTenantAPIKeyParams{Name: "Gateway"})
		require.NoError(t, err)
		return c.TenantAPIKeys.Revoke(t.Context(), org.RevokeTenantAPIKeyParams{TenantID: w.ID, KeyID: k.ID})
	}},
	{"Audit.SetRetention", admins, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		return c.Audit.SetRetention(t.Context(), org.SetRetentionParams{TenantID: w.ID, RetentionMonths: 12})
	}},
	{"Idempotency.Claim", members, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		_, err := c.Idempotency.Claim(t.Context(), org.ClaimIdempotencyParams{
			TenantID: w.ID, Scope: "import", IdempotencyKey: rand.Text(), ResourceID: unknownID,
		})
		return err
	}},
	{"Idempotency.Resource", members, func(t testing.TB, c *workorder.Client, w *writeTarget) error {
		_, err := w.Idempotency.Claim(t.Context(), org.ClaimIdempotencyParams{Scope: "import", IdempotencyKey: "k", ResourceID: unknownID})
		require.NoError(t, err)
		_, err = c.Idempotency.Resource(t.Context(), org.IdempotencyResourceParams{TenantID: w.ID, Scope: "import", IdempotencyKey: "k"})
		return err
	}},
}

var (
	admins  = []string{"admin"}
	members = []string{"admin", "manager", "member", "technician", "requestor"}
)

func TestRolesMayDoTheirWritesOnly(t *testing.T) {
	t.Parallel()
	for _, role := range append(slices.Clone(members), "outsider", "anon") {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			w := &writeTarget{tenant: stack.Tenant(t), guest: stack.User(t)}
			var c *workorder.Client
			switch role {
			case "outsider":
				c = stack.User(t).Client
			case "anon":
				c = stack.Client(t)
			default:
				c = w.Member(t, role).Client
			}
			for _, write := range orgWrites {
				err := write.do(t, c, w)
				switch {
				case role == "anon":
					requireError(t, err, workorder.ErrUnauthenticated, "28000")
				case slices.Contains(write.allowed, role):
					require.NoError(t, err, write.name)
				default:
					require.Equal(t, "42501", errorCode(err), "%s by %s: %v", write.name, role, err)
					require.ErrorIs(t, err, workorder.ErrPermissionDenied)
				}
			}
		})
	}
}

func TestPermissionDecidesNotTheRole(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ permission, write string }{
		{"department.create", "Departments.BulkImport"},
		{"tenant.member.remove", "Tenants.RemoveMember"},
		{"tenant.admin", "Departments.Create"},
		{"tenant.admin", "Catalogs.CreateStatus"},
		{"tenant.admin", "TenantAPIKeys.Create"},
		{"tenant.admin", "Audit.SetRetention"},
		{"tenant.admin", "Tenants.InviteUser"},
	} {
		t.Run(tc.permission+" for "+tc.write, func(t *testing.T) {
			t.Parallel()
			w := &writeTarget{tenant: stack.Tenant(t), guest: stack.User(t)}
			c := w.Member(t, "technician").Client
			i := slices.IndexFunc(orgWrites, func(w orgWrite) bool { return w.name == tc.write })
			write := orgWrites[i].do

			requireError(t, write(t, c, w), workorder.ErrPermissionDenied, "42501")
			p := org.RolePermissionParams{RoleKey: "technician", PermissionKey: tc.permission}
			require.NoError(t, w.Authorization.AssignPermissionToRole(t.Context(), p))
			require.NoError(t, write(t, c, w))
			require.NoError(t, w.Authorization.RevokePermissionFromRole(t.Context(), p))
			requireError(t, write(t, c, w), workorder.ErrPermissionDenied, "42501")
		})
	}
}

func TestTenantAdminImpliesNoOtherPermission(t *testing.T) {
	t.Parallel()
	w := &writeTarget{tenant: stack.Tenant(t), guest: stack.User(t)}
	c := w.Member(t, "technician").Client
	err := w.Authorization.AssignPermissionToRole(t.Context(), org.RolePermissionParams{RoleKey: "technician", PermissionKey: "tenant.admin"})
	require.NoError(t, err)

	require.False(t, can(t, c, "department.create"))
	_, err = c.Departments.BulkImport(t.Context(), org.BulkImportDepartmentsParams{Rows: []org.ImportDepartment{{Name: "Line"}}})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	err = c.Tenants.RemoveMember(t.Context(), org.RemoveMemberParams{UserID: w.Admin.ID})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
}
