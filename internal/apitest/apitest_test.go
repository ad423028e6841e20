package apitest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/org"
)

func TestServerAnswersInOrderAndChecksRequests(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `"d1"`)
	srv.ReplyError(http.StatusConflict, "23505", "taken")

	id, err := c.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "Line 3", Code: "L3"})
	require.NoError(t, err)
	require.Equal(t, "d1", id)
	_, err = c.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "Line 3"})
	require.ErrorIs(t, err, workorder.ErrConflict)

	got := srv.WantRequest(t, "POST", "/rest/v1/rpc/rpc_create_department",
		`{"p_tenant_id":"t1","p_name":"Line 3","p_description":null,"p_code":"L3"}`)
	require.Equal(t, apitest.AnonKey, got.Header.Get("Apikey"))
	require.Contains(t, got.Header.Get("Authorization"), "Bearer eyJ")
	srv.WantRequest(t, "POST", "/rest/v1/rpc/rpc_create_department",
		`{"p_tenant_id":"t1","p_name":"Line 3","p_description":null,"p_code":null}`)

	rows, err := c.Departments.List(t.Context())
	require.NoError(t, err, "a read without a prepared answer gets an empty list")
	require.Empty(t, rows)
	srv.WantRequest(t, "GET", "/rest/v1/v_departments", "")
	srv.WantNoRequest(t)
	require.Len(t, srv.Requests(), 3)
}
