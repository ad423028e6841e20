package workorders_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

func TestWireRequests(t *testing.T) {
	due := time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))
	for _, tc := range []struct {
		name  string
		do    func(ctx context.Context, c *workorder.Client) (any, error)
		rpc   string
		body  string
		reply string // empty: 204
		want  any
	}{
		{
			name: "Create",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: "Fix"})
			},
			rpc: "rpc_create_work_order",
			body: `{"p_tenant_id":"t1","p_title":"Fix","p_description":null,"p_priority":"medium","p_maintenance_type":null,
				"p_assigned_to":null,"p_location_id":null,"p_asset_id":null,"p_due_date":null,"p_pm_schedule_id":null,
				"p_project_id":null,"p_client_request_id":null}`,
			reply: `"w1"`, want: "w1",
		},
		{
			name: "Create with everything",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{
					TenantID: "t9", Title: "Fix", Description: "d", Priority: "high", MaintenanceType: "corrective",
					AssignedTo: "u2", LocationID: "l1", AssetID: "a1", DueDate: due, PMScheduleID: "s1", ProjectID: "p1",
					ClientRequestID: "r1",
				})
			},
			rpc: "rpc_create_work_order",
			body: `{"p_tenant_id":"t9","p_title":"Fix","p_description":"d","p_priority":"high","p_maintenance_type":"corrective",
				"p_assigned_to":"u2","p_location_id":"l1","p_asset_id":"a1","p_due_date":"2026-03-04T05:06:07+01:00",
				"p_pm_schedule_id":"s1","p_project_id":"p1","p_client_request_id":"r1"}`,
			reply: `"w1"`, want: "w1",
		},
		{
			name: "BulkImport",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.BulkImport(ctx, workorders.BulkImportWorkOrdersParams{Rows: []workorders.ImportWorkOrder{
					{Title: "A"}, {Title: "B", Status: "completed", Cause: "c", DueDate: due},
				}})
			},
			rpc: "rpc_bulk_import_work_orders",
			body: `{"p_tenant_id":"t1","p_rows":[{"title":"A"},
				{"title":"B","status":"completed","cause":"c","due_date":"2026-03-04T05:06:07+01:00"}]}`,
			reply: `{"created_ids":["w1","w2"],"errors":[]}`,
			want:  &types.BulkImportResult{CreatedIDs: []string{"w1", "w2"}, Errors: []types.BulkImportError{}},
		},
		{
			name: "TransitionStatus",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.WorkOrders.TransitionStatus(ctx, workorders.TransitionStatusParams{WorkOrderID: "w1", ToStatusKey: "assigned"})
			},
			rpc:  "rpc_transition_work_order_status",
			body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_to_status_key":"assigned"}`,
		},
		{
			name: "Complete leaves what is nil",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.WorkOrders.Complete(ctx, workorders.CompleteWorkOrderParams{WorkOrderID: "w1", Cause: new("")})
			},
			rpc:  "rpc_complete_work_order",
			body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_cause":"","p_resolution":null}`,
		},
		{
			name: "LogTime",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.LogTime(ctx, workorders.LogTimeParams{
					WorkOrderID: "w1", Minutes: 45, EntryDate: types.NewDate(2026, time.March, 4), Latitude: new(0.0), Longitude: new(-71.5),
				})
			},
			rpc: "rpc_log_work_order_time",
			body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_minutes":45,"p_entry_date":"2026-03-04","p_user_id":null,
				"p_description":null,"p_latitude":0,"p_longitude":-71.5,"p_accuracy_metres":null}`,
			reply: `"e1"`, want: "e1",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, srv := apitest.New(t)
			status := http.StatusOK
			if tc.reply == "" {
				status = http.StatusNoContent
			}
			srv.Reply(status, tc.reply)

			got, err := tc.do(t.Context(), c)

			require.NoError(t, err)
			require.Empty(t, cmp.Diff(tc.want, got))
			srv.WantRequest(t, http.MethodPost, "/rest/v1/rpc/"+tc.rpc, tc.body)
			srv.WantNoRequest(t)
		})
	}
}

func TestRequiredFieldsAreCheckedBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	_, noTitle := c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{})
	_, noID := c.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{Minutes: 5})
	_, noMinutes := c.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{WorkOrderID: "w1"})
	for field, err := range map[string]error{
		"Title":       noTitle,
		"WorkOrderID": noID,
		"Minutes":     noMinutes,
		"ToStatusKey": c.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{WorkOrderID: "w1"}),
	} {
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
		require.ErrorContains(t, err, field+" ")
	}
	require.ErrorIs(t, c.WorkOrders.Complete(t.Context(), workorders.CompleteWorkOrderParams{}), workorder.ErrInvalidInput)
	srv.WantNoRequest(t)
}

func TestCreateIsRepeatedOnlyWithARequestID(t *testing.T) {
	retry := workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 3, BaseDelay: time.Microsecond})
	for id, attempts := range map[string]int{"": 1, " ": 1, "r1": 2} {
		c, srv := apitest.New(t, retry)
		srv.ReplyError(http.StatusInternalServerError, "40001", "still unresolved")
		if attempts > 1 {
			srv.Reply(http.StatusOK, `"w1"`)
		}
		_, err := c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "Fix", ClientRequestID: id})
		if attempts == 1 {
			require.ErrorIs(t, err, workorder.ErrInProgress)
		} else {
			require.NoError(t, err)
		}
		require.Len(t, srv.Requests(), attempts, "request id %q", id)
	}
}

func TestReaders(t *testing.T) {
	c, srv := apitest.New(t)

	_, err := c.WorkOrders.List(t.Context(), query.Where(workorders.NotDraft()))
	require.NoError(t, err)
	got := srv.WantRequest(t, http.MethodGet, "/rest/v1/v_work_orders", "")
	require.Equal(t, `(status.neq."draft")`, got.Query.Get("and"))
	require.Equal(t, "*", got.Query.Get("select"))

	_, err = c.WorkOrders.Summaries.List(t.Context(), query.Limit(5))
	require.NoError(t, err)
	got = srv.WantRequest(t, http.MethodGet, "/rest/v1/v_work_orders", "")
	require.True(t, strings.HasPrefix(got.Query.Get("select"), "id,tenant_id,title,"), got.Query.Get("select"))
	require.Equal(t, "updated_at.desc.nullsfirst,id.asc.nullslast", got.Query.Get("order"))
	require.Equal(t, "5", got.Query.Get("limit"))

	_, err = c.WorkOrders.TimeEntries.List(t.Context(), query.Where(workorders.WorkOrderTimeEntryCols.WorkOrderID.Eq("w1")))
	require.NoError(t, err)
	got = srv.WantRequest(t, http.MethodGet, "/rest/v1/v_work_order_time_entries", "")
	require.Equal(t, "entry_date.desc.nullsfirst,logged_at.desc.nullsfirst,id.asc.nullslast", got.Query.Get("order"))
}
