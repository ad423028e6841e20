package integration

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
)

// orgView is a view of package org that belongs to tenants.
type orgView struct {
	name  string
	audit bool
	// tenants reads the view and gives the tenant of each row.
	tenants func(ctx context.Context, c *workorder.Client, opts ...query.Option) ([]string, error)
}

func viewOfTenants[T any](name string, view func(*workorder.Client) workorder.View[T], tenant func(T) string) orgView {
	return orgView{name: name, tenants: func(ctx context.Context, c *workorder.Client, opts ...query.Option) ([]string, error) {
		rows, err := view(c).List(ctx, opts...)
		ids := make([]string, len(rows))
		for i, row := range rows {
			ids[i] = tenant(row)
		}
		return ids, err
	}}
}

func (v orgView) ofAudit() orgView { v.audit = true; return v }

var orgViews = []orgView{
	viewOfTenants("Tenants", func(c *workorder.Client) workorder.View[org.Tenant] { return c.Tenants.View },
		func(r org.Tenant) string { return r.ID }),
	viewOfTenants("TenantRoles", func(c *workorder.Client) workorder.View[org.TenantRole] { return c.Authorization.TenantRoles },
		func(r org.TenantRole) string { return r.TenantID }),
	viewOfTenants("RolePermissions", func(c *workorder.Client) workorder.View[org.RolePermission] { return c.Authorization.RolePermissions },
		func(r org.RolePermission) string { return r.TenantID }),
	viewOfTenants("UserTenantRoles", func(c *workorder.Client) workorder.View[org.UserTenantRole] { return c.Authorization.UserTenantRoles },
		func(r org.UserTenantRole) string { return r.TenantID }),
	viewOfTenants("Profiles", func(c *workorder.Client) workorder.View[org.Profile] { return c.Authorization.Profiles },
		func(r org.Profile) string { return r.TenantID }),
	viewOfTenants("Statuses", func(c *workorder.Client) workorder.View[org.Status] { return c.Catalogs.Statuses },
		func(r org.Status) string { return r.TenantID }),
	viewOfTenants("Priorities", func(c *workorder.Client) workorder.View[org.Priority] { return c.Catalogs.Priorities },
		func(r org.Priority) string { return r.TenantID }),
	viewOfTenants("MaintenanceTypes", func(c *workorder.Client) workorder.View[org.MaintenanceType] { return c.Catalogs.MaintenanceTypes },
		func(r org.MaintenanceType) string { return r.TenantID }),
	viewOfTenants("StatusTransitions", func(c *workorder.Client) workorder.View[org.StatusTransition] { return c.Catalogs.StatusTransitions },
		func(r org.StatusTransition) string { return r.TenantID }),
	viewOfTenants("Departments", func(c *workorder.Client) workorder.View[org.Department] { return c.Departments.View },
		func(r org.Department) string { return r.TenantID }),
	viewOfTenants("EntityChanges", func(c *workorder.Client) workorder.View[org.EntityChange] { return c.Audit.EntityChanges },
		func(r org.EntityChange) string { return r.TenantID }).ofAudit(),
	viewOfTenants("PermissionChanges", func(c *workorder.Client) workorder.View[org.PermissionChange] { return c.Audit.PermissionChanges },
		func(r org.PermissionChange) string { return r.TenantID }).ofAudit(),
	viewOfTenants("RetentionConfigs", func(c *workorder.Client) workorder.View[org.RetentionConfig] { return c.Audit.RetentionConfigs },
		func(r org.RetentionConfig) string { return r.TenantID }).ofAudit(),
}

// fillViews puts a row into every view that a new tenant leaves empty.
func fillViews(t testing.TB, a *tenant) {
	t.Helper()
	makeDepartment(t, a.Client, "Line")
	require.NoError(t, a.Audit.SetRetention(t.Context(), org.SetRetentionParams{RetentionMonths: 12}))
}

func TestEveryViewShowsItsOwnTenantOnly(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	fillViews(t, a)
	fillViews(t, b)

	for _, v := range orgViews {
		for _, tc := range []struct{ mine, other *tenant }{{a, b}, {b, a}} {
			ids, err := v.tenants(t.Context(), tc.mine.Client)
			require.NoError(t, err, v.name)
			require.NotEmpty(t, ids, v.name)
			for _, id := range ids {
				require.Equal(t, tc.mine.ID, id, v.name)
			}

			column := "tenant_id"
			if v.name == "Tenants" {
				column = "id"
			}
			ids, err = v.tenants(t.Context(), tc.mine.Client, query.Where(query.NewColumn[string](column).Eq(tc.other.ID)))
			require.NoError(t, err, v.name)
			require.Empty(t, ids, "%s: asking for another tenant's rows", v.name)
		}
	}
}

func TestViewsOfAMemberOfTwoTenantsShowOneAtATime(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	b := a.Admin.NewTenant(t)
	fillViews(t, a)
	fillViews(t, b)

	for _, v := range orgViews {
		if v.name == "Tenants" || v.name == "UserTenantRoles" {
			continue // these show all tenants of the user
		}
		for _, tn := range []*tenant{a, b} {
			ids, err := v.tenants(t.Context(), tn.Client)
			require.NoError(t, err, v.name)
			require.NotEmpty(t, ids, v.name)
			for _, id := range ids {
				require.Equal(t, tn.ID, id, v.name)
			}
		}
	}
}

func TestViewsOfATenantNeedATokenThatNamesOne(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	id, _ := createTenant(t, u, "Plant 7")
	_, err := u.Departments.Create(t.Context(), org.CreateDepartmentParams{TenantID: id, Name: "Line"})
	require.NoError(t, err)

	for _, v := range orgViews {
		ids, err := v.tenants(t.Context(), u.Client)
		if v.name == "Tenants" || v.name == "UserTenantRoles" {
			require.NoError(t, err, v.name)
			require.Equal(t, []string{id}, ids, v.name)
		} else {
			require.ErrorIs(t, err, workorder.ErrNoTenant, v.name)
		}
	}
}

func TestClaimOfAForeignTenantShowsNothing(t *testing.T) {
	t.Parallel()
	a, outsider := stack.Tenant(t), stack.User(t)
	fillViews(t, a)
	src, err := workorder.NewSelfSigned(workorder.SelfSigned{Secret: stack.Secret(t), Subject: outsider.ID, Tenant: a.ID})
	require.NoError(t, err)
	forged := stack.Client(t, workorder.WithTokenSource(src))

	for _, v := range orgViews {
		ids, err := v.tenants(t.Context(), forged)
		require.NoError(t, err, v.name)
		require.Empty(t, ids, v.name)
	}
	_, err = forged.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "Line"})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	_, err = forged.ForTenant(t.Context(), a.ID)
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
}

func TestRowOfAnotherTenantIsNotFound(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	department := makeDepartment(t, b.Client, "of B")
	statuses, err := b.Catalogs.Statuses.List(t.Context(), query.Limit(1))
	require.NoError(t, err)

	_, err = a.Departments.Get(t.Context(), department)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	_, err = a.Catalogs.Statuses.Get(t.Context(), statuses[0].ID)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	_, err = a.Authorization.Profiles.Get(t.Context(), b.Admin.ID)
	require.ErrorIs(t, err, workorder.ErrNotFound)
}
