package integration

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
)

func TestDepartmentCodeIsUniquePerTenant(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)

	_, err := a.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "A", Code: "X"})
	require.NoError(t, err)
	second, err := a.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "A", Code: "Y"})
	require.NoError(t, err, "names may repeat")
	_, err = a.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "B", Code: "X"})
	requireError(t, err, workorder.ErrConflict, "23505")
	err = a.Departments.Update(t.Context(), org.UpdateDepartmentParams{DepartmentID: second, Code: new("X")})
	requireError(t, err, workorder.ErrConflict, "23505")
	_, err = b.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "C", Code: "X"})
	require.NoError(t, err, "another tenant may use the same code")
}

func TestDepartmentIsCreatedUpdatedAndDeleted(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	id, err := a.Departments.Create(t.Context(), org.CreateDepartmentParams{
		Name: "Line 3", Description: "Bottling", Code: "L_3",
	})
	require.NoError(t, err)

	created, err := a.Departments.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, a.ID, created.TenantID)
	require.Equal(t, "Line 3", created.Name)
	require.Equal(t, "Bottling", text(created.Description))
	require.Equal(t, "L_3", text(created.Code))
	require.Equal(t, created.CreatedAt, created.UpdatedAt)

	require.NoError(t, a.Departments.Update(t.Context(), org.UpdateDepartmentParams{DepartmentID: id, Name: new("Line 4")}))
	updated, err := a.Departments.Get(t.Context(), id)
	require.NoError(t, err)
	require.True(t, updated.UpdatedAt.After(created.UpdatedAt))
	want := *created
	want.Name, want.UpdatedAt = "Line 4", updated.UpdatedAt
	require.Equal(t, want, *updated, "the other fields stay")

	err = a.Departments.Update(t.Context(), org.UpdateDepartmentParams{DepartmentID: id, Description: new(""), Code: new("L4")})
	require.NoError(t, err)
	updated, err = a.Departments.Get(t.Context(), id)
	require.NoError(t, err)
	require.NotNil(t, updated.Description)
	require.Empty(t, *updated.Description)
	require.Equal(t, "L4", text(updated.Code))
	require.Equal(t, "Line 4", updated.Name)

	require.NoError(t, a.Departments.Delete(t.Context(), org.DeleteDepartmentParams{DepartmentID: id}))
	_, err = a.Departments.Get(t.Context(), id)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	n, err := a.Departments.Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestDepartmentWithoutCodeHasNone(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	for range 2 {
		row, err := a.Departments.Get(t.Context(), makeDepartment(t, a.Client, "Line"))
		require.NoError(t, err)
		require.Nil(t, row.Code)
		require.Nil(t, row.Description)
	}
}

func TestDepartmentRefusesMalformedValues(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	id := makeDepartment(t, a.Client, "Line")

	for name, p := range map[string]org.CreateDepartmentParams{
		"lower-case code": {Name: "A", Code: "abc"},
		"long code":       {Name: "A", Code: strings.Repeat("A", 21)},
		"code with space": {Name: "A", Code: "A B"},
		"long name":       {Name: strings.Repeat("n", 256)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := a.Departments.Create(t.Context(), p)
			requireError(t, err, workorder.ErrInvalidInput, "23514")
		})
	}
	_, err := a.Departments.Create(t.Context(), org.CreateDepartmentParams{})
	requireError(t, err, workorder.ErrInvalidInput, "") // before anything is sent

	args := map[string]any{"p_tenant_id": a.ID, "p_name": "", "p_code": nil}
	requireError(t, a.RPC(t.Context(), "rpc_create_department", args, nil), workorder.ErrInvalidInput, "23514")
	args["p_name"] = nil
	requireError(t, a.RPC(t.Context(), "rpc_create_department", args, nil), workorder.ErrInvalidInput, "23502")
	args["p_name"], args["p_code"] = "Line", ""
	requireError(t, a.RPC(t.Context(), "rpc_create_department", args, nil), workorder.ErrInvalidInput, "23514")

	for name, p := range map[string]org.UpdateDepartmentParams{
		"empty name": {DepartmentID: id, Name: new("")},
		"empty code": {DepartmentID: id, Code: new("")},
		"code":       {DepartmentID: id, Code: new("x")},
	} {
		t.Run("update "+name, func(t *testing.T) {
			require.ErrorIs(t, a.Departments.Update(t.Context(), p), workorder.ErrInvalidInput)
		})
	}
	require.Equal(t, []string{"Line"}, departmentNames(t, a.Client))
}

func TestDepartmentOfAnotherTenantIsRefused(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	foreign := makeDepartment(t, b.Client, "of B")

	for _, tc := range []struct {
		name, id string
		kind     error
		code     string
	}{
		{"foreign", foreign, workorder.ErrPermissionDenied, "42501"},
		{"unknown", unknownID, workorder.ErrRuleViolation, "P0001"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := a.Departments.Update(t.Context(), org.UpdateDepartmentParams{DepartmentID: tc.id, Name: new("mine")})
			requireError(t, err, tc.kind, tc.code)
			err = a.Departments.Delete(t.Context(), org.DeleteDepartmentParams{DepartmentID: tc.id})
			requireError(t, err, tc.kind, tc.code)
		})
	}
	require.Equal(t, []string{"of B"}, departmentNames(t, b.Client))
}

func TestDepartmentOfAnUnknownTenantIsRefused(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	_, err := u.Departments.Create(t.Context(), org.CreateDepartmentParams{TenantID: unknownID, Name: "Line"})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
}

func TestBulkImportKeepsGoodRows(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	result, err := a.Departments.BulkImport(t.Context(), org.BulkImportDepartmentsParams{Rows: []org.ImportDepartment{
		{Name: "  Line 1 ", Description: "Bottling", Code: " L1 "},
		{Name: ""},
		{Name: "bad code", Code: "l-2"},
		{Name: "duplicate", Code: "L1"},
		{Name: "Line 2", Code: "  "},
	}})
	require.NoError(t, err)

	require.Len(t, result.CreatedIDs, 2)
	var failed []int
	for _, e := range result.Errors {
		failed = append(failed, e.Index)
		require.NotEmpty(t, e.Message)
	}
	require.Equal(t, []int{1, 2, 3}, failed)

	rows, err := a.Departments.List(t.Context(), query.OrderBy(org.DepartmentCols.Name.Asc()))
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, []string{rows[0].ID, rows[1].ID}, result.CreatedIDs)
	require.Equal(t, "Line 1", rows[0].Name)
	require.Equal(t, "L1", text(rows[0].Code))
	require.Equal(t, "Bottling", text(rows[0].Description))
	require.Nil(t, rows[1].Code)
}

func TestBulkImportOfNothingIsEmpty(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	result, err := a.Departments.BulkImport(t.Context(), org.BulkImportDepartmentsParams{})
	require.NoError(t, err)
	require.Empty(t, result.CreatedIDs)
	require.Empty(t, result.Errors)
}

func TestBulkImportNeedsAnArray(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	err := a.RPC(t.Context(), "rpc_bulk_import_departments",
		map[string]any{"p_tenant_id": a.ID, "p_rows": map[string]any{"name": "Line"}}, nil)
	requireError(t, err, workorder.ErrInvalidInput, "22P02")
}

func TestDepartmentsArePagedByCursor(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	want := map[string]bool{}
	for _, name := range []string{"A", "B", "C", "D", "E"} {
		makeDepartment(t, a.Client, name)
		want[name] = true
	}

	got := map[string]bool{}
	var cursor query.Cursor
	for range 3 {
		page, err := a.Departments.Page(t.Context(), query.Limit(2), query.After(cursor), query.Count(query.Exact))
		require.NoError(t, err)
		require.EqualValues(t, 5, page.Total)
		for _, d := range page.Items {
			got[d.Name] = true
		}
		cursor = page.Next
		require.Equal(t, len(got) < 5, page.HasMore)
	}
	require.Equal(t, want, got)
}
