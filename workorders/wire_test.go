package workorders_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

func TestWireRequests(t *testing.T) {
	due := time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "Create",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: "Fix"})
			},
			RPC: "rpc_create_work_order",
			Body: `{"p_tenant_id":"t1","p_title":"Fix","p_description":null,"p_priority":"medium","p_maintenance_type":null,
				"p_assigned_to":null,"p_location_id":null,"p_asset_id":null,"p_due_date":null,"p_pm_schedule_id":null,
				"p_project_id":null,"p_client_request_id":null}`,
			Reply: `"w1"`, Want: "w1",
		},
		{
			Name: "Create with everything",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{
					TenantID: "t9", Title: "Fix", Description: "d", Priority: "high", MaintenanceType: "corrective",
					AssignedTo: "u2", LocationID: "l1", AssetID: "a1", DueDate: due, PMScheduleID: "s1", ProjectID: "p1",
					ClientRequestID: "r1",
				})
			},
			RPC: "rpc_create_work_order",
			Body: `{"p_tenant_id":"t9","p_title":"Fix","p_description":"d","p_priority":"high","p_maintenance_type":"corrective",
				"p_assigned_to":"u2","p_location_id":"l1","p_asset_id":"a1","p_due_date":"2026-03-04T04:06:07Z",
				"p_pm_schedule_id":"s1","p_project_id":"p1","p_client_request_id":"r1"}`,
			Reply: `"w1"`, Want: "w1",
		},
		{
			Name: "BulkImport",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.BulkImport(ctx, workorders.BulkImportWorkOrdersParams{Rows: []workorders.ImportWorkOrder{
					{Title: "A"}, {Title: "B", Status: "completed", Cause: "c", DueDate: due},
				}})
			},
			RPC: "rpc_bulk_import_work_orders",
			Body: `{"p_tenant_id":"t1","p_rows":[{"title":"A"},
				{"title":"B","status":"completed","cause":"c","due_date":"2026-03-04T04:06:07Z"}]}`,
			Reply: `{"created_ids":["w1","w2"],"errors":[]}`,
			Want:  &types.BulkImportResult{CreatedIDs: []string{"w1", "w2"}, Errors: []types.BulkImportError{}},
		},
		{
			Name: "TransitionStatus",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.WorkOrders.TransitionStatus(ctx, workorders.TransitionStatusParams{WorkOrderID: "w1", ToStatusKey: "assigned"})
			},
			RPC:  "rpc_transition_work_order_status",
			Body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_to_status_key":"assigned"}`,
		},
		{
			Name: "Complete leaves what is nil",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.WorkOrders.Complete(ctx, workorders.CompleteWorkOrderParams{WorkOrderID: "w1", Cause: new("")})
			},
			RPC:  "rpc_complete_work_order",
			Body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_cause":"","p_resolution":null}`,
		},
		{
			Name: "LogTime",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.LogTime(ctx, workorders.LogTimeParams{
					WorkOrderID: "w1", Minutes: 45, EntryDate: types.NewDate(2026, time.March, 4), Latitude: new(0.0), Longitude: new(-71.5),
				})
			},
			RPC: "rpc_log_work_order_time",
			Body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_minutes":45,"p_entry_date":"2026-03-04","p_user_id":null,
				"p_description":null,"p_latitude":0,"p_longitude":-71.5,"p_accuracy_metres":null}`,
			Reply: `"e1"`, Want: "e1",
		},
	})
}

func TestRequiredFieldsAreCheckedBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	_, noTitle := c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{})
	_, noID := c.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{Minutes: 5})
	_, noMinutes := c.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{WorkOrderID: "w1"})
	srv.WantRefused(t, "Title", noTitle)
	srv.WantRefused(t, "WorkOrderID", noID)
	srv.WantRefused(t, "Minutes", noMinutes)
	srv.WantRefused(t, "ToStatusKey", c.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{WorkOrderID: "w1"}))
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
	require.Equal(t, "5", got.Query.Get("limit"))

	_, err = c.WorkOrders.Comms.List(t.Context(), query.Where(
		workorders.CommsEventCols.WorkOrderID.Eq("w1"), workorders.CommsEventCols.Channel.In(workorders.ChannelSMS, workorders.ChannelPhone)))
	require.NoError(t, err)
	got = srv.WantRequest(t, http.MethodGet, "/rest/v1/v_work_order_comms", "")
	require.Equal(t, `(work_order_id.eq."w1",channel.in.("sms","phone"))`, got.Query.Get("and"))

	_, err = c.WorkOrders.SLAStatus.Get(t.Context(), "w1")
	require.ErrorIs(t, err, workorder.ErrNotFound)
	got = srv.WantRequest(t, http.MethodGet, "/rest/v1/v_work_order_sla_status", "")
	require.Equal(t, `(work_order_id.eq."w1")`, got.Query.Get("and"), "its key is the work order")
}

// Every view is read in the order that the TypeScript method asks for, or by
// key where it asks for none or for one that a change of a row can change.
func TestEveryViewHasItsOrder(t *testing.T) {
	c, srv := apitest.New(t)
	const newestFirst = "created_at.desc.nullsfirst,id.asc.nullslast"
	for _, tc := range []struct {
		view, order string
		read        error
	}{
		{"v_work_orders", "id.asc.nullslast", listed(t, c.WorkOrders.List)},
		{"v_work_orders", "id.asc.nullslast", listed(t, c.WorkOrders.Summaries.List)},
		{"v_work_order_time_entries", "id.asc.nullslast", listed(t, c.WorkOrders.TimeEntries.List)},
		{"v_work_order_assignments", "id.asc.nullslast", listed(t, c.WorkOrders.Assignments.List)},
		{"v_work_order_attachments", newestFirst, listed(t, c.WorkOrders.Attachments.List)},
		{"v_work_order_comms", "created_at.asc.nullslast,id.asc.nullslast", listed(t, c.WorkOrders.Comms.List)},
		{"v_my_work_order_requests", newestFirst, listed(t, c.WorkOrders.MyRequests.List)},
		{"v_maintenance_requests", newestFirst, listed(t, c.WorkOrders.MaintenanceRequests.List)},
		{"v_my_maintenance_requests", newestFirst, listed(t, c.WorkOrders.MyMaintenanceRequests.List)},
		{"v_work_order_sla_status", "work_order_id.asc.nullslast", listed(t, c.WorkOrders.SLAStatus.List)},
		{"v_work_orders_sla_open", "work_order_id.asc.nullslast", listed(t, c.WorkOrders.SLAOpen.List)},
		{"v_entity_attachments", newestFirst, listed(t, c.Attachments.List)},
		{"v_work_order_attachments", newestFirst, listed(t, c.Attachments.WorkOrders.List)},
		{"v_asset_attachments", newestFirst, listed(t, c.Attachments.Assets.List)},
		{"v_location_attachments", newestFirst, listed(t, c.Attachments.Locations.List)},
		{"v_schedule_blocks", "id.asc.nullslast", listed(t, c.Scheduling.Blocks.List)},
		{"v_schedule_by_technician", "id.asc.nullslast", listed(t, c.Scheduling.ByTechnician.List)},
		{"v_schedule_by_crew", "id.asc.nullslast", listed(t, c.Scheduling.ByCrew.List)},
		{"v_schedule_by_asset", "id.asc.nullslast", listed(t, c.Scheduling.ByAsset.List)},
		{"v_schedule_by_location", "id.asc.nullslast", listed(t, c.Scheduling.ByLocation.List)},
		{"v_mobile_work_orders", "id.asc.nullslast", listed(t, c.Mobile.WorkOrders.List)},
		{"v_mobile_assets", "id.asc.nullslast", listed(t, c.Mobile.Assets.List)},
		{"v_mobile_locations", "id.asc.nullslast", listed(t, c.Mobile.Locations.List)},
		{"v_mobile_work_order_time_entries", "id.asc.nullslast", listed(t, c.Mobile.TimeEntries.List)},
		{"v_mobile_work_order_attachments", "id.asc.nullslast", listed(t, c.Mobile.Attachments.List)},
		{"v_mobile_work_order_check_ins", "id.asc.nullslast", listed(t, c.Mobile.CheckIns.List)},
		{"v_mobile_work_order_notes", "id.asc.nullslast", listed(t, c.Mobile.Notes.List)},
		{"v_tools", "id.asc.nullslast", listed(t, c.FieldOps.Tools.List)},
		{"v_projects", "id.asc.nullslast", listed(t, c.Projects.List)},
		{"v_tool_checkouts", "checked_out_at.desc.nullsfirst,id.asc.nullslast", listed(t, c.FieldOps.ToolCheckouts.List)},
		{"v_shift_handovers", newestFirst, listed(t, c.FieldOps.ShiftHandovers.List)},
		{"v_my_notifications", newestFirst, listed(t, c.Notifications.Feed.List)},
	} {
		require.NoError(t, tc.read, tc.view)
		got := srv.WantRequest(t, http.MethodGet, "/rest/v1/"+tc.view, "")
		require.Equal(t, tc.order, got.Query.Get("order"), tc.view)
	}
	srv.WantNoRequest(t)
}

func listed[T any](t *testing.T, list func(context.Context, ...query.Option) ([]T, error)) error {
	t.Helper()
	rows, err := list(t.Context())
	require.NotNil(t, rows)
	return err
}
