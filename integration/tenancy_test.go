package integration

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
)

// createTenant makes a tenant without taking it.
func createTenant(t testing.TB, u *user, name string) (id, slug string) {
	t.Helper()
	slug = newSlug()
	id, err := u.Tenants.Create(t.Context(), org.CreateTenantParams{Name: name, Slug: slug})
	require.NoError(t, err)
	return id, slug
}

func TestNewTenantIsVisibleWithoutContextOrRefresh(t *testing.T) {
	t.Parallel()
	u := stack.User(t)

	rows, err := u.Tenants.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, rows)

	id, slug := createTenant(t, u, "Plant 7")

	rows, err = u.Tenants.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, id, rows[0].ID)
	require.Equal(t, "Plant 7", rows[0].Name)
	require.Equal(t, slug, rows[0].Slug)
	require.NotZero(t, rows[0].CreatedAt)

	row, err := u.Tenants.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, rows[0], *row)
}

func TestCreatingTenantSetsNoContext(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	createTenant(t, u, "Plant 7")

	require.NotContains(t, claims(t, u.Token(t)), "tenant_id")
	_, err := u.Authorization.TenantRoles.List(t.Context())
	require.ErrorIs(t, err, workorder.ErrNoTenant)

	tok, err := u.RefreshTenantSession(t.Context())
	require.NoError(t, err)
	require.NotContains(t, claims(t, tok), "tenant_id", "nobody chose a tenant")
}

func TestTenantOfViewsFollowsTheRefreshedToken(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	id, _ := createTenant(t, u, "Plant 7")

	require.NoError(t, u.SetTenant(t.Context(), id))

	require.NotContains(t, claims(t, u.Token(t)), "tenant_id")
	_, err := u.Authorization.TenantRoles.List(t.Context())
	require.ErrorIs(t, err, workorder.ErrNoTenant, "the token is still the old one")
	_, err = u.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{EntityType: "work_order"})
	require.NoError(t, err, "calls name the tenant themselves")
	require.Equal(t, id, u.Session.TenantID())

	tok, err := u.RefreshTenantSession(t.Context())
	require.NoError(t, err)
	require.Equal(t, id, claims(t, tok)["tenant_id"])
	roles, err := u.Authorization.TenantRoles.List(t.Context())
	require.NoError(t, err)
	require.Len(t, roles, 5)
	me, err := u.Auth.User(t.Context())
	require.NoError(t, err)
	require.Equal(t, id, me.UserMetadata["current_tenant_id"])
}

func TestSignInCarriesTheStoredTenant(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	id, _ := createTenant(t, u, "Plant 7")
	require.NoError(t, u.SetTenant(t.Context(), id))

	_, s := u.SignIn(t)
	tok, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, id, claims(t, tok)["tenant_id"])
	require.Equal(t, id, u.Session.TenantID())
}

func TestClearedTenantLeavesTheTokenAtRefresh(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	id, _ := createTenant(t, u, "Plant 7")
	tok, err := u.SetTenantAndRefresh(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, id, claims(t, tok)["tenant_id"])

	require.NoError(t, u.ClearTenant(t.Context()))
	n, err := u.Authorization.TenantRoles.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 5, n, "the old token still names the tenant")

	tok, err = u.RefreshTenantSession(t.Context())
	require.NoError(t, err)
	require.NotContains(t, claims(t, tok), "tenant_id")
	_, err = u.Authorization.TenantRoles.List(t.Context())
	require.ErrorIs(t, err, workorder.ErrNoTenant)
	tenants, err := u.Tenants.List(t.Context())
	require.NoError(t, err)
	require.Len(t, tenants, 1)
	mine, err := u.Authorization.UserTenantRoles.List(t.Context())
	require.NoError(t, err)
	require.Len(t, mine, 1)

	_, err = u.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{EntityType: "work_order"})
	require.ErrorIs(t, err, workorder.ErrNoTenant)
	require.NoError(t, u.ClearTenant(t.Context()), "clearing again is harmless")
}

func TestTenantContextNeedsMembership(t *testing.T) {
	t.Parallel()
	foreign, u := stack.Tenant(t), stack.User(t)
	for _, id := range []string{foreign.ID, unknownID} {
		requireError(t, u.SetTenant(t.Context(), id), workorder.ErrPermissionDenied, "42501")
		_, err := u.SetTenantAndRefresh(t.Context(), id)
		requireError(t, err, workorder.ErrPermissionDenied, "42501")
		_, err = u.ForTenant(t.Context(), id)
		requireError(t, err, workorder.ErrPermissionDenied, "42501")
		require.Empty(t, u.Session.TenantID())
	}
}

func TestTenantCallsNeedASignedInUser(t *testing.T) {
	t.Parallel()
	anon := stack.Client(t)

	_, err := anon.Tenants.Create(t.Context(), org.CreateTenantParams{Name: "Plant", Slug: newSlug()})
	requireError(t, err, workorder.ErrUnauthenticated, "28000")
	err = anon.RPC(t.Context(), "rpc_set_tenant_context", map[string]any{"p_tenant_id": unknownID}, nil)
	requireError(t, err, workorder.ErrUnauthenticated, "28000")
	err = anon.RPC(t.Context(), "rpc_clear_tenant_context", nil, nil)
	requireError(t, err, workorder.ErrUnauthenticated, "28000")

	for name, call := range map[string]func() error{
		"SetTenant":            func() error { return anon.SetTenant(t.Context(), unknownID) },
		"ClearTenant":          func() error { return anon.ClearTenant(t.Context()) },
		"RefreshTenantSession": func() error { _, err := anon.RefreshTenantSession(t.Context()); return err },
		"SetTenantAndRefresh":  func() error { _, err := anon.SetTenantAndRefresh(t.Context(), unknownID); return err },
		"ForTenant":            func() error { _, err := anon.ForTenant(t.Context(), unknownID); return err },
	} {
		require.ErrorIs(t, call(), workorder.ErrUnauthenticated, name)
	}
}

func TestWritesWithoutATenantAreNotSent(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	createTenant(t, u, "Plant 7")

	_, err := u.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "Line"})
	require.ErrorIs(t, err, workorder.ErrNoTenant)
	_, err = u.Authorization.UserPermissions(t.Context(), "")
	require.ErrorIs(t, err, workorder.ErrNoTenant)
}

func TestUserOfTwoTenantsSeesTheCurrentOne(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, _ := createTenant(t, u, "A")
	b, _ := createTenant(t, u, "B")
	for id, name := range map[string]string{a: "of A", b: "of B"} {
		_, err := u.Departments.Create(t.Context(), org.CreateDepartmentParams{TenantID: id, Name: name})
		require.NoError(t, err)
	}

	for _, step := range []struct{ tenant, department string }{{a, "of A"}, {b, "of B"}, {a, "of A"}} {
		tok, err := u.SetTenantAndRefresh(t.Context(), step.tenant)
		require.NoError(t, err)
		require.Equal(t, step.tenant, claims(t, tok)["tenant_id"])
		require.Equal(t, []string{step.department}, departmentNames(t, u.Client))
		roles, err := u.Authorization.TenantRoles.List(t.Context())
		require.NoError(t, err)
		require.Len(t, roles, 5)
		for _, r := range roles {
			require.Equal(t, step.tenant, r.TenantID)
		}
	}
}

func TestCallForAnotherTenantStoresIt(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, _ := createTenant(t, u, "A")
	b, _ := createTenant(t, u, "B")

	for _, tc := range []struct {
		name string
		call func() error
		want string // tenant of the next token
	}{
		{"WorkflowGraph", func() error {
			_, err := u.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{TenantID: b, EntityType: "asset"})
			return err
		}, b},
		{"GrantScope", func() error {
			return u.Authorization.GrantScope(t.Context(), org.ScopeParams{
				TenantID: b, UserID: u.ID, ScopeType: "site", ScopeValue: unknownID,
			})
		}, b},
		{"TenantAPIKeys.List", func() error { _, err := u.TenantAPIKeys.List(t.Context(), b); return err }, b},
		{"Departments.Create", func() error {
			_, err := u.Departments.Create(t.Context(), org.CreateDepartmentParams{TenantID: b, Name: "Line"})
			return err
		}, a},
		{"HasPermission", func() error {
			_, err := u.Authorization.HasPermission(t.Context(), org.HasPermissionParams{TenantID: b, PermissionKey: "asset.view"})
			return err
		}, a},
		{"UserPermissions", func() error { _, err := u.Authorization.UserPermissions(t.Context(), b); return err }, a},
	} {
		_, err := u.SetTenantAndRefresh(t.Context(), a)
		require.NoError(t, err)
		require.NoError(t, tc.call(), tc.name)
		tok, err := u.RefreshTenantSession(t.Context())
		require.NoError(t, err)
		require.Equal(t, tc.want, claims(t, tok)["tenant_id"], tc.name)
		require.Equal(t, tc.want, u.Session.TenantID(), "the session takes what the token names")
	}
}

func TestMetadataForAForeignTenantGivesNoClaim(t *testing.T) {
	t.Parallel()
	foreign, u := stack.Tenant(t), stack.User(t)
	for _, stored := range []any{foreign.ID, "junk", 7} {
		_, err := u.Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Data: map[string]any{"current_tenant_id": stored}})
		require.NoError(t, err)
		tok, err := u.RefreshTenantSession(t.Context())
		require.NoError(t, err)
		require.NotContains(t, claims(t, tok), "tenant_id")
		_, err = u.Authorization.TenantRoles.List(t.Context())
		require.ErrorIs(t, err, workorder.ErrNoTenant)
	}
}

func TestTenantSlugIsUnique(t *testing.T) {
	t.Parallel()
	a, b := stack.User(t), stack.User(t)
	_, slug := createTenant(t, a, "A")

	_, err := b.Tenants.Create(t.Context(), org.CreateTenantParams{Name: "B", Slug: slug})
	requireError(t, err, workorder.ErrConflict, "23505")
	rows, err := b.Tenants.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, rows, "a failed create leaves nothing behind")
}

func TestTenantNameAndSlugHaveAForm(t *testing.T) {
	t.Parallel()
	u := stack.User(t)

	for _, slug := range []string{"a", "Upper-x", "with space", "ümlaut"} {
		_, err := u.Tenants.Create(t.Context(), org.CreateTenantParams{Name: "Plant", Slug: slug})
		requireError(t, err, workorder.ErrInvalidInput, "23514")
	}
	for _, p := range []org.CreateTenantParams{
		{Name: "Plant", Slug: strings.Repeat("x", 64)},
		{Name: strings.Repeat("n", 256), Slug: newSlug()},
	} {
		_, err := u.Tenants.Create(t.Context(), p)
		requireError(t, err, workorder.ErrInvalidInput, "") // before anything is sent
		err = u.RPC(t.Context(), "rpc_create_tenant", map[string]any{"p_name": p.Name, "p_slug": p.Slug}, nil)
		requireError(t, err, workorder.ErrInvalidInput, "23514")
	}
	_, err := u.Tenants.Create(t.Context(), org.CreateTenantParams{Slug: newSlug()})
	requireError(t, err, workorder.ErrInvalidInput, "") // before anything is sent
	err = u.RPC(t.Context(), "rpc_create_tenant", map[string]any{"p_name": "", "p_slug": newSlug()}, nil)
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	err = u.RPC(t.Context(), "rpc_create_tenant", map[string]any{"p_name": nil, "p_slug": newSlug()}, nil)
	requireError(t, err, workorder.ErrInvalidInput, "23502")

	name := strings.Repeat("n", 255)
	id, err := u.Tenants.Create(t.Context(), org.CreateTenantParams{Name: name, Slug: strings.Repeat("x", 34) + "_" + newSlug()})
	require.NoError(t, err)
	row, err := u.Tenants.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, name, row.Name)
}

func TestTenantsAreListedByTheirColumns(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, slug := createTenant(t, u, "Alpha")
	b, _ := createTenant(t, u, "Beta")

	rows, err := u.Tenants.List(t.Context(), query.OrderBy(org.TenantCols.Name.Desc()))
	require.NoError(t, err)
	require.Equal(t, []string{b, a}, []string{rows[0].ID, rows[1].ID})
	page, err := u.Tenants.Page(t.Context(), query.Where(org.TenantCols.Slug.Eq(slug)), query.Count(query.Exact))
	require.NoError(t, err)
	require.EqualValues(t, 1, page.Total)
	require.Equal(t, a, page.Items[0].ID)
	require.False(t, page.HasMore)
}

func TestForeignTenantIsNotFound(t *testing.T) {
	t.Parallel()
	foreign, u := stack.Tenant(t), stack.User(t)
	_, err := u.Tenants.Get(t.Context(), foreign.ID)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	_, err = u.Tenants.Get(t.Context(), unknownID)
	require.ErrorIs(t, err, workorder.ErrNotFound)
}
