package integration

import (
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
)

func TestDepartmentCodeIsUniquePerTenant(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)

	_, err := a.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "A", Code: "X"})
	require.NoError(t, err)
	_, err = a.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "B", Code: "X"})
	require.ErrorIs(t, err, workorder.ErrConflict)
	_, err = b.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "C", Code: "X"})
	require.NoError(t, err, "another tenant may use the same code")
}
