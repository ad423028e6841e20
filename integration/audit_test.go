package integration

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
)

func TestDepartmentChangesAreLogged(t *testing.T) {
	t.Parallel()
	a, other := stack.Tenant(t), stack.Tenant(t)
	makeDepartment(t, other.Client, "of another")
	id := makeDepartment(t, a.Client, "Line 1")
	require.NoError(t, a.Departments.Update(t.Context(), org.UpdateDepartmentParams{DepartmentID: id, Name: new("Line 2")}))
	require.NoError(t, a.Departments.Delete(t.Context(), org.DeleteDepartmentParams{DepartmentID: id}))

	ofDepartments := query.Where(org.EntityChangeCols.TableName.Eq("departments"))
	rows, err := a.Audit.EntityChanges.List(t.Context(), ofDepartments, query.OrderBy(org.EntityChangeCols.ID.Asc()))
	require.NoError(t, err)
	require.Len(t, rows, 3)
	name := func(data json.RawMessage) string {
		if len(data) == 0 {
			return ""
		}
		var d org.Department
		require.NoError(t, json.Unmarshal(data, &d))
		return d.Name
	}
	for i, want := range []struct{ operation, before, after string }{
		{"INSERT", "", "Line 1"}, {"UPDATE", "Line 1", "Line 2"}, {"DELETE", "Line 2", ""},
	} {
		row := rows[i]
		require.Equal(t, want.operation, row.Operation)
		require.Equal(t, id, row.RecordID)
		require.Equal(t, a.ID, row.TenantID)
		require.Equal(t, a.Admin.ID, text(row.UserID))
		require.Equal(t, "app", row.TableSchema)
		require.Equal(t, want.before, name(row.OldData))
		require.Equal(t, want.after, name(row.NewData))
		require.Equal(t, want.operation == "UPDATE", len(row.ChangedFields) > 0)
	}
	require.Contains(t, rows[1].ChangedFields, "name")
	require.NotContains(t, rows[1].ChangedFields, "code")

	for _, role := range []string{"manager", "member", "technician", "requestor"} {
		rows, err := a.Member(t, role).Audit.EntityChanges.List(t.Context())
		require.NoError(t, err)
		require.Empty(t, rows, role)
	}
	n, err := other.Audit.EntityChanges.Count(t.Context(), query.Where(org.EntityChangeCols.TenantID.Eq(a.ID)))
	require.NoError(t, err)
	require.Zero(t, n, "the log follows the tenant of the token")
}

func TestAuditLogFollowsTheRoleNotThePermission(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	manager, second := a.Member(t, "manager"), a.Member(t, "admin")
	err := a.Authorization.AssignPermissionToRole(t.Context(), org.RolePermissionParams{RoleKey: "manager", PermissionKey: "tenant.admin"})
	require.NoError(t, err)

	rows, err := manager.Audit.EntityChanges.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, rows)
	rows, err = second.Audit.EntityChanges.List(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, rows)
}

func TestTenantCreationIsLogged(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	rows, err := a.Audit.EntityChanges.List(t.Context(), query.Where(
		org.EntityChangeCols.Operation.Eq("INSERT"),
		org.EntityChangeCols.TableName.In("tenants", "tenant_memberships", "user_tenant_roles")))
	require.NoError(t, err)
	tables := []string{}
	for _, r := range rows {
		tables = append(tables, r.TableName)
	}
	require.ElementsMatch(t, []string{"tenants", "tenant_memberships", "user_tenant_roles"}, tables)
}

func TestRoleChangesAreLogged(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	u := a.Member(t, "technician")
	require.NoError(t, a.Tenants.RemoveMember(t.Context(), org.RemoveMemberParams{UserID: u.ID}))

	rows, err := a.Audit.PermissionChanges.List(t.Context(),
		query.Where(org.PermissionChangeCols.TargetUserID.Eq(u.ID)), query.OrderBy(org.PermissionChangeCols.ID.Asc()))
	require.NoError(t, err)
	require.Len(t, rows, 2)
	for i, changeType := range []string{"ROLE_ASSIGNED", "ROLE_REMOVED"} {
		require.Equal(t, changeType, rows[i].ChangeType)
		require.Equal(t, u.ID, text(rows[i].UserID))
		require.Equal(t, a.Admin.ID, text(rows[i].ChangedBy))
		require.Equal(t, "technician", text(rows[i].RoleKey))
		require.NotEmpty(t, text(rows[i].RoleID))
		require.Nil(t, rows[i].PermissionKey)
		require.Equal(t, a.ID, rows[i].TenantID)
	}

	member := a.Member(t, "member")
	n, err := member.Audit.PermissionChanges.Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestRetentionIsOneRowPerTenant(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	member := a.Member(t, "member")

	rows, err := a.Audit.RetentionConfigs.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, rows, "the default needs no row")

	for _, months := range []int{121, -1} {
		err := a.Audit.SetRetention(t.Context(), org.SetRetentionParams{RetentionMonths: months})
		requireError(t, err, workorder.ErrInvalidInput, "23514")
	}
	err = a.Audit.SetRetention(t.Context(), org.SetRetentionParams{})
	requireError(t, err, workorder.ErrInvalidInput, "") // before anything is sent
	err = a.RPC(t.Context(), "rpc_set_audit_retention_config", map[string]any{"p_tenant_id": a.ID, "p_retention_months": 0}, nil)
	requireError(t, err, workorder.ErrInvalidInput, "23514")

	require.NoError(t, a.Audit.SetRetention(t.Context(), org.SetRetentionParams{RetentionMonths: 12}))
	require.NoError(t, a.Audit.SetRetention(t.Context(), org.SetRetentionParams{RetentionMonths: 18}))
	rows, err = a.Audit.RetentionConfigs.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, 18, rows[0].RetentionMonths)
	require.True(t, rows[0].IsActive)

	require.NoError(t, a.Audit.SetRetention(t.Context(), org.SetRetentionParams{RetentionMonths: 120, IsActive: new(false)}))
	row, err := a.Audit.RetentionConfigs.Get(t.Context(), rows[0].ID)
	require.NoError(t, err)
	require.Equal(t, 120, row.RetentionMonths)
	require.False(t, row.IsActive)

	err = member.Audit.SetRetention(t.Context(), org.SetRetentionParams{RetentionMonths: 12})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	rows, err = member.Audit.RetentionConfigs.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, rows)
}
