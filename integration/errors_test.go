package integration

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

func TestErrorsKeepCodeStatusAndOrigin(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	for _, tc := range []struct {
		name   string
		call   func() error
		kind   error
		code   string
		status int
	}{
		{"missing argument", func() error {
			return a.RPC(t.Context(), "rpc_create_department", map[string]any{"p_tenant_id": a.ID}, nil)
		}, workorder.ErrSchemaMismatch, "PGRST202", http.StatusNotFound},
		{"unknown function", func() error { return a.RPC(t.Context(), "rpc_no_such_function", nil, nil) },
			workorder.ErrSchemaMismatch, "PGRST202", http.StatusNotFound},
		{"malformed uuid in a call", func() error {
			return a.Departments.Delete(t.Context(), org.DeleteDepartmentParams{DepartmentID: "not-a-uuid"})
		}, workorder.ErrInvalidInput, "22P02", http.StatusBadRequest},
		{"malformed uuid in a filter", func() error {
			_, err := a.Departments.List(t.Context(), query.Where(org.DepartmentCols.ID.Eq("not-a-uuid")))
			return err
		}, workorder.ErrInvalidInput, "22P02", http.StatusBadRequest},
		{"unknown view", func() error {
			_, err := workorder.ViewOf[org.Department](a.Client, "v_no_such_view").List(t.Context())
			return err
		}, workorder.ErrSchemaMismatch, "PGRST205", http.StatusNotFound},
		{"unknown schema", func() error {
			_, err := workorder.ViewOf[org.Department](a.Client, "app.departments").List(t.Context())
			return err
		}, workorder.ErrSchemaMismatch, "PGRST106", http.StatusNotAcceptable},
		{"unknown column", func() error {
			_, err := a.Departments.List(t.Context(), query.Where(query.NewColumn[string]("no_such_column").Eq("x")))
			return err
		}, workorder.ErrSchemaMismatch, "42703", http.StatusBadRequest},
		{"conflict", func() error {
			_, err := a.Tenants.Create(t.Context(), org.CreateTenantParams{Name: "A", Slug: a.Slug})
			return err
		}, workorder.ErrConflict, "23505", http.StatusConflict},
		{"bad reference", func() error {
			_, err := a.Catalogs.CreateMaintenanceType(t.Context(), org.CreateMaintenanceTypeParams{Key: "k", Name: "K", Category: "none"})
			return err
		}, workorder.ErrInvalidReference, "23503", http.StatusConflict},
		{"broken rule", func() error {
			return a.Departments.Delete(t.Context(), org.DeleteDepartmentParams{DepartmentID: unknownID})
		}, workorder.ErrRuleViolation, "P0001", http.StatusBadRequest},
		{"not allowed", func() error {
			return a.Tenants.RemoveMember(t.Context(), org.RemoveMemberParams{UserID: a.Admin.ID})
		}, workorder.ErrPermissionDenied, "42501", http.StatusForbidden},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.call()
			requireError(t, err, tc.kind, tc.code)
			var e *workorder.SdkError
			require.ErrorAs(t, err, &e)
			require.Equal(t, tc.status, e.HTTPStatus)
			require.NotEmpty(t, e.Op)
			require.NotEmpty(t, e.Message)
			require.Contains(t, e.Path, "/rest/v1/")
			require.Equal(t, 1, e.Attempts, "nothing of this gets better by itself")
			require.False(t, workorder.SafeToRetry(err))
			require.Contains(t, err.Error(), tc.code)
		})
	}
}

func TestAnonymousUserReadsNothing(t *testing.T) {
	t.Parallel()
	stack.Tenant(t) // so that there is something to read
	anon := stack.Client(t)

	for _, v := range orgViews {
		rows, err := v.tenants(t.Context(), anon)
		if v.audit {
			requireError(t, err, workorder.ErrPermissionDenied, "42501")
			var e *workorder.SdkError
			require.ErrorAs(t, err, &e)
			require.Equal(t, http.StatusUnauthorized, e.HTTPStatus)
			continue
		}
		require.NoError(t, err, v.name)
		require.Empty(t, rows, v.name)
	}
	rows, err := anon.Authorization.Permissions.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, rows)
	_, err = anon.Authorization.HasPermission(t.Context(), org.HasPermissionParams{TenantID: unknownID, PermissionKey: "asset.view"})
	requireError(t, err, workorder.ErrUnauthenticated, "28000")
	_, err = anon.Authorization.UserPermissions(t.Context(), unknownID)
	requireError(t, err, workorder.ErrUnauthenticated, "28000")
}

func TestServiceKeyReadsNoView(t *testing.T) {
	t.Parallel()
	service := stack.ServiceClient(t)
	for _, v := range orgViews {
		_, err := v.tenants(t.Context(), service)
		require.Equal(t, "42501", errorCode(err), "%s: %v", v.name, err)
	}
}

func TestThirtyMovesAMinuteAreTheLimit(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	_, err := a.Catalogs.CreateStatusTransition(t.Context(), org.CreateStatusTransitionParams{
		EntityType: "work_order", FromStatusKey: "assigned", ToStatusKey: "draft",
	})
	require.NoError(t, err)
	id, err := a.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "Fix"})
	require.NoError(t, err)

	// The limit counts per minute of the server's clock. Should the minute end
	// on the way, the second one has an end too.
	moves := 0
	for ; moves <= 60; moves++ {
		to := []string{"assigned", "draft"}[moves%2]
		err = a.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{WorkOrderID: id, ToStatusKey: to})
		if err != nil {
			break
		}
	}
	requireError(t, err, workorder.ErrRateLimited, "54000")
	require.GreaterOrEqual(t, moves, 30)
	require.LessOrEqual(t, moves, 60)
	var e *workorder.SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, http.StatusInternalServerError, e.HTTPStatus)
	require.Equal(t, 1, e.Attempts, "a limit per minute is not worth waiting for")

	other := a.Member(t, "manager")
	err = other.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{WorkOrderID: id, ToStatusKey: []string{"assigned", "draft"}[moves%2]})
	require.NoError(t, err, "every user has a limit of their own")
}
