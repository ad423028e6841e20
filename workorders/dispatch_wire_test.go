package workorders_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

var (
	start = time.Date(2026, 3, 4, 8, 0, 0, 0, time.FixedZone("", 3600))
	end   = start.Add(90 * time.Minute)
)

func TestAssignmentAndVendors(t *testing.T) {
	runCalls(t, []call{
		{
			name: "Assign",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.WorkOrders.Assign(ctx, workorders.AssignWorkOrderParams{WorkOrderID: "w1", AssignedTo: "u2"})
			},
			rpc: "rpc_assign_work_order", body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_assigned_to":"u2"}`,
		},
		{
			name: "Assign nobody",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.WorkOrders.Assign(ctx, workorders.AssignWorkOrderParams{TenantID: "t9", WorkOrderID: "w1"})
			},
			rpc: "rpc_assign_work_order", body: `{"p_tenant_id":"t9","p_work_order_id":"w1","p_assigned_to":null}`,
		},
		{
			name: "SetPrimarySupplier",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.WorkOrders.SetPrimarySupplier(ctx, workorders.SetPrimarySupplierParams{WorkOrderID: "w1", PrimarySupplierID: "s1"})
			},
			rpc: "rpc_set_work_order_primary_supplier", body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_primary_supplier_id":"s1"}`,
		},
		{
			name: "SetPrimarySupplier none",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.WorkOrders.SetPrimarySupplier(ctx, workorders.SetPrimarySupplierParams{WorkOrderID: "w1"})
			},
			rpc: "rpc_set_work_order_primary_supplier", body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_primary_supplier_id":null}`,
		},
		{
			name: "UpsertVendorCost, a new one of nothing",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.UpsertVendorCost(ctx, workorders.UpsertVendorCostParams{WorkOrderID: "w1", AmountCents: new(0), SupplierID: "s1"})
			},
			rpc: "rpc_upsert_work_order_vendor_cost",
			body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_vendor_cost_id":null,"p_amount_cents":0,"p_description":null,
				"p_vendor_name":null,"p_invoice_reference":null,"p_supplier_id":"s1"}`,
			reply: `"c1"`, want: "c1",
		},
		{
			name: "UpsertVendorCost, a change",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.UpsertVendorCost(ctx, workorders.UpsertVendorCostParams{
					WorkOrderID: "w1", VendorCostID: "c1", Description: new(""), VendorName: new("ACME"), InvoiceReference: new("I-7"),
				})
			},
			rpc: "rpc_upsert_work_order_vendor_cost",
			body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_vendor_cost_id":"c1","p_amount_cents":null,"p_description":"",
				"p_vendor_name":"ACME","p_invoice_reference":"I-7","p_supplier_id":null}`,
			reply: `"c1"`, want: "c1",
		},
	})
}

func TestRequestsServiceLevelsAndComms(t *testing.T) {
	runCalls(t, []call{
		{
			name: "CreateRequest",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.CreateRequest(ctx, workorders.CreateRequestParams{Title: "Leak"})
			},
			rpc: "rpc_create_work_order_request",
			body: `{"p_tenant_id":"t1","p_title":"Leak","p_description":null,"p_priority":"medium","p_maintenance_type":null,
				"p_location_id":null,"p_asset_id":null,"p_due_date":null}`,
			reply: `"w1"`, want: "w1",
		},
		{
			name: "CreateRequest with everything",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.CreateRequest(ctx, workorders.CreateRequestParams{
					TenantID: "t9", Title: "Leak", Description: "d", Priority: "high", MaintenanceType: "corrective",
					LocationID: "l1", AssetID: "a1", DueDate: start,
				})
			},
			rpc: "rpc_create_work_order_request",
			body: `{"p_tenant_id":"t9","p_title":"Leak","p_description":"d","p_priority":"high","p_maintenance_type":"corrective",
				"p_location_id":"l1","p_asset_id":"a1","p_due_date":"2026-03-04T07:00:00Z"}`,
			reply: `"w1"`, want: "w1",
		},
		{
			name: "CreateMaintenanceRequest",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.CreateMaintenanceRequest(ctx, workorders.CreateMaintenanceRequestParams{Title: "Leak"})
			},
			rpc: "rpc_create_maintenance_request",
			body: `{"p_tenant_id":"t1","p_title":"Leak","p_description":null,"p_priority":"medium","p_maintenance_type":null,
				"p_location_id":null,"p_asset_id":null,"p_due_date":null,"p_status":"submitted"}`,
			reply: `"m1"`, want: "m1",
		},
		{
			name: "CreateMaintenanceRequest, a draft",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.CreateMaintenanceRequest(ctx, workorders.CreateMaintenanceRequestParams{
					Title: "Leak", Description: "d", Priority: "low", MaintenanceType: "corrective", LocationID: "l1", AssetID: "a1",
					DueDate: start, Status: workorders.RequestDraft,
				})
			},
			rpc: "rpc_create_maintenance_request",
			body: `{"p_tenant_id":"t1","p_title":"Leak","p_description":"d","p_priority":"low","p_maintenance_type":"corrective",
				"p_location_id":"l1","p_asset_id":"a1","p_due_date":"2026-03-04T07:00:00Z","p_status":"draft"}`,
			reply: `"m1"`, want: "m1",
		},
		{
			name: "ConvertMaintenanceRequest",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.ConvertMaintenanceRequest(ctx, workorders.ConvertMaintenanceRequestParams{RequestID: "m1"})
			},
			rpc: "rpc_convert_maintenance_request_to_work_order", body: `{"p_tenant_id":"t1","p_request_id":"m1"}`,
			reply: `"w1"`, want: "w1",
		},
		{
			name: "Acknowledge",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.WorkOrders.Acknowledge(ctx, workorders.AcknowledgeParams{WorkOrderID: "w1"})
			},
			rpc: "rpc_acknowledge_work_order", body: `{"p_tenant_id":"t1","p_work_order_id":"w1"}`,
		},
		{
			name: "UpsertSLARule, a new one",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.UpsertSLARule(ctx, workorders.UpsertSLARuleParams{
					PriorityKey: "high", MaintenanceTypeKey: "corrective",
					ResponseInterval: types.IntervalOf(90 * time.Minute), ResolutionInterval: types.Interval{Days: 5},
				})
			},
			rpc: "rpc_upsert_work_order_sla_rule",
			body: `{"p_tenant_id":"t1","p_priority_key":"high","p_maintenance_type_key":"corrective","p_response_interval":"01:30:00",
				"p_resolution_interval":"5 days","p_is_active":true,"p_rule_id":null}`,
			reply: `"r1"`, want: "r1",
		},
		{
			// Left out, p_is_active would mean true and wake a sleeping rule.
			name: "UpsertSLARule keeps what is not given",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.UpsertSLARule(ctx, workorders.UpsertSLARuleParams{PriorityKey: "high", RuleID: "r1"})
			},
			rpc: "rpc_upsert_work_order_sla_rule",
			body: `{"p_tenant_id":"t1","p_priority_key":"high","p_maintenance_type_key":null,"p_response_interval":null,
				"p_resolution_interval":null,"p_is_active":null,"p_rule_id":"r1"}`,
			reply: `"r1"`, want: "r1",
		},
		{
			name: "UpsertSLARule, off",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.UpsertSLARule(ctx, workorders.UpsertSLARuleParams{PriorityKey: "high", RuleID: "r1", IsActive: new(false)})
			},
			rpc: "rpc_upsert_work_order_sla_rule",
			body: `{"p_tenant_id":"t1","p_priority_key":"high","p_maintenance_type_key":null,"p_response_interval":null,
				"p_resolution_interval":null,"p_is_active":false,"p_rule_id":"r1"}`,
			reply: `"r1"`, want: "r1",
		},
		{
			name: "AddCommsEvent",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.AddCommsEvent(ctx, workorders.AddCommsEventParams{WorkOrderID: "w1", Body: "Called"})
			},
			rpc:   "rpc_add_work_order_comms_event",
			body:  `{"p_tenant_id":"t1","p_work_order_id":"w1","p_body":"Called","p_metadata":null}`,
			reply: `"e1"`, want: "e1",
		},
		{
			name: "AddCommsEvent with everything",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.AddCommsEvent(ctx, workorders.AddCommsEventParams{
					WorkOrderID: "w1", Body: "Called", Channel: workorders.ChannelPhone, Metadata: json.RawMessage(`{"to":"+49"}`),
				})
			},
			rpc:   "rpc_add_work_order_comms_event",
			body:  `{"p_tenant_id":"t1","p_work_order_id":"w1","p_body":"Called","p_channel":"phone","p_metadata":{"to":"+49"}}`,
			reply: `"e1"`, want: "e1",
		},
	})
}

func TestScheduling(t *testing.T) {
	runCalls(t, []call{
		{
			name: "Schedule",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Scheduling.Schedule(ctx, workorders.ScheduleParams{WorkOrderID: "w1", TechnicianID: "x1", StartAt: start, EndAt: end})
			},
			rpc: "rpc_schedule_work_order",
			body: `{"p_work_order_id":"w1","p_technician_id":"x1","p_crew_id":null,"p_start_at":"2026-03-04T07:00:00Z",
				"p_end_at":"2026-03-04T08:30:00Z","p_location_id":null,"p_asset_id":null}`,
			reply: `"b1"`, want: "b1",
		},
		{
			name: "Schedule a crew",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Scheduling.Schedule(ctx, workorders.ScheduleParams{
					WorkOrderID: "w1", CrewID: "c1", StartAt: start, EndAt: end, LocationID: "l1", AssetID: "a1",
				})
			},
			rpc: "rpc_schedule_work_order",
			body: `{"p_work_order_id":"w1","p_technician_id":null,"p_crew_id":"c1","p_start_at":"2026-03-04T07:00:00Z",
				"p_end_at":"2026-03-04T08:30:00Z","p_location_id":"l1","p_asset_id":"a1"}`,
			reply: `"b1"`, want: "b1",
		},
		{
			name: "Update",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Scheduling.Update(ctx, workorders.UpdateScheduleBlockParams{ScheduleBlockID: "b1", EndAt: &end, AssetID: new("a1")})
			},
			rpc: "rpc_update_schedule_block",
			body: `{"p_schedule_block_id":"b1","p_technician_id":null,"p_crew_id":null,"p_start_at":null,
				"p_end_at":"2026-03-04T08:30:00Z","p_location_id":null,"p_asset_id":"a1"}`,
			reply: `"b1"`, want: "b1",
		},
		{
			name: "Unschedule a block",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Scheduling.Unschedule(ctx, workorders.UnscheduleParams{ScheduleBlockID: "b1"})
			},
			rpc: "rpc_unschedule_work_order", body: `{"p_schedule_block_id":"b1","p_work_order_id":null}`,
		},
		{
			name: "Unschedule a work order",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Scheduling.Unschedule(ctx, workorders.UnscheduleParams{WorkOrderID: "w1"})
			},
			rpc: "rpc_unschedule_work_order", body: `{"p_schedule_block_id":null,"p_work_order_id":"w1"}`,
		},
		{
			name: "Validate",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Scheduling.Validate(ctx, workorders.ValidateScheduleParams{
					CrewID: "c1", StartAt: start, EndAt: end, WorkOrderID: "w1", ExcludeBlockID: "b1",
				})
			},
			rpc: "rpc_validate_schedule",
			body: `{"p_technician_id":null,"p_crew_id":"c1","p_start_at":"2026-03-04T07:00:00Z","p_end_at":"2026-03-04T08:30:00Z",
				"p_work_order_id":"w1","p_exclude_block_id":"b1"}`,
			reply: `[{"check_type":"conflict_member","severity":"warning","message":"m"},{"check_type":"sla","severity":"breach","message":"n"}]`,
			want: []workorders.ScheduleCheck{
				{CheckType: workorders.CheckMemberConflict, Severity: workorders.SeverityWarning, Message: "m"},
				{CheckType: workorders.CheckSLA, Severity: workorders.SeverityBreach, Message: "n"},
			},
		},
		{
			name: "Validate nothing",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Scheduling.Validate(ctx, workorders.ValidateScheduleParams{})
			},
			rpc: "rpc_validate_schedule",
			body: `{"p_technician_id":null,"p_crew_id":null,"p_start_at":null,"p_end_at":null,
				"p_work_order_id":null,"p_exclude_block_id":null}`,
			reply: `null`, want: []workorders.ScheduleCheck{},
		},
	})
}

func TestMobile(t *testing.T) {
	runCalls(t, []call{
		{
			name: "Start",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Mobile.Start(ctx, workorders.StartParams{WorkOrderID: "w1", Latitude: new(0.0), Longitude: new(7.5)})
			},
			rpc:   "rpc_start_work_order",
			body:  `{"p_tenant_id":"t1","p_work_order_id":"w1","p_latitude":0,"p_longitude":7.5,"p_accuracy_metres":null}`,
			reply: `"i1"`, want: "i1",
		},
		{
			// Null for p_complete would mean false; left out it means true.
			name: "Stop",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Mobile.Stop(ctx, workorders.StopParams{WorkOrderID: "w1"})
			},
			rpc: "rpc_stop_work_order",
			body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_minutes":null,"p_note":null,"p_latitude":null,"p_longitude":null,
				"p_accuracy_metres":null,"p_cause":null,"p_resolution":null}`,
		},
		{
			name: "Stop with everything",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Mobile.Stop(ctx, workorders.StopParams{
					WorkOrderID: "w1", Complete: new(false), Minutes: new(30), Note: "n", Latitude: new(1.5), Longitude: new(2.5),
					AccuracyMetres: new(3.5), Cause: new("c"), Resolution: new(""),
				})
			},
			rpc: "rpc_stop_work_order",
			body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_complete":false,"p_minutes":30,"p_note":"n","p_latitude":1.5,
				"p_longitude":2.5,"p_accuracy_metres":3.5,"p_cause":"c","p_resolution":""}`,
		},
		{
			name: "AddNote",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Mobile.AddNote(ctx, workorders.AddNoteParams{WorkOrderID: "w1", Body: " hot "})
			},
			rpc:   "rpc_add_work_order_note",
			body:  `{"p_tenant_id":"t1","p_work_order_id":"w1","p_body":" hot ","p_latitude":null,"p_longitude":null}`,
			reply: `"n1"`, want: "n1",
		},
	})
}

func TestFieldOps(t *testing.T) {
	runCalls(t, []call{
		{
			name: "Projects.Create",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Projects.Create(ctx, workorders.CreateProjectParams{Name: "P1", Code: "C1"})
			},
			rpc:   "rpc_create_project",
			body:  `{"p_tenant_id":"t1","p_name":"P1","p_code":"C1","p_description":null}`,
			reply: `"o1"`, want: "o1",
		},
		{
			name: "Projects.Update clears",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Projects.Update(ctx, workorders.UpdateProjectParams{ProjectID: "o1", Code: new(""), Description: new("d")})
			},
			rpc:  "rpc_update_project",
			body: `{"p_tenant_id":"t1","p_project_id":"o1","p_name":null,"p_code":"","p_description":"d"}`,
		},
		{
			name: "Projects.Delete",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Projects.Delete(ctx, workorders.DeleteProjectParams{ProjectID: "o1"})
			},
			rpc: "rpc_delete_project", body: `{"p_tenant_id":"t1","p_project_id":"o1"}`,
		},
		{
			name: "CreateTool",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.FieldOps.CreateTool(ctx, workorders.CreateToolParams{Name: "Torque wrench", SerialNumber: "S1"})
			},
			rpc:   "rpc_create_tool",
			body:  `{"p_tenant_id":"t1","p_name":"Torque wrench","p_asset_tag":null,"p_serial_number":"S1"}`,
			reply: `"o1"`, want: "o1",
		},
		{
			name: "UpdateTool clears",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.FieldOps.UpdateTool(ctx, workorders.UpdateToolParams{ToolID: "o1", AssetTag: new(""), Status: new(workorders.ToolAvailable)})
			},
			rpc:  "rpc_update_tool",
			body: `{"p_tenant_id":"t1","p_tool_id":"o1","p_name":null,"p_asset_tag":"","p_serial_number":null,"p_status":"available"}`,
		},
		{
			name: "CheckoutTool",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.FieldOps.CheckoutTool(ctx, workorders.CheckoutToolParams{ToolID: "o1", CheckedOutToUserID: "u2"})
			},
			rpc: "rpc_checkout_tool",
			body: `{"p_tenant_id":"t1","p_tool_id":"o1","p_checked_out_to_user_id":"u2","p_due_at":null,"p_work_order_id":null,
				"p_notes":null}`,
			reply: `"k1"`, want: "k1",
		},
		{
			name: "CheckoutTool with everything",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.FieldOps.CheckoutTool(ctx, workorders.CheckoutToolParams{
					ToolID: "o1", CheckedOutToUserID: "u2", WorkOrderID: "w1", DueAt: end, Notes: "n",
				})
			},
			rpc: "rpc_checkout_tool",
			body: `{"p_tenant_id":"t1","p_tool_id":"o1","p_checked_out_to_user_id":"u2","p_due_at":"2026-03-04T08:30:00Z",
				"p_work_order_id":"w1","p_notes":"n"}`,
			reply: `"k1"`, want: "k1",
		},
		{
			name: "ReturnTool",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.FieldOps.ReturnTool(ctx, workorders.ReturnToolParams{CheckoutID: "k1"})
			},
			rpc: "rpc_return_tool", body: `{"p_tenant_id":"t1","p_checkout_id":"k1"}`,
		},
		{
			name: "CreateShiftHandover",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.FieldOps.CreateShiftHandover(ctx, workorders.CreateShiftHandoverParams{ToUserID: "u2", ShiftStartedAt: start, ShiftEndedAt: end})
			},
			rpc: "rpc_create_shift_handover",
			body: `{"p_tenant_id":"t1","p_location_id":null,"p_shift_started_at":"2026-03-04T07:00:00Z",
				"p_shift_ended_at":"2026-03-04T08:30:00Z","p_to_user_id":"u2","p_summary":null}`,
			reply: `"h1"`, want: "h1",
		},
		{
			name: "AddShiftHandoverItem",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.FieldOps.AddShiftHandoverItem(ctx, workorders.AddShiftHandoverItemParams{
					HandoverID: "h1", Body: "Watch it", Priority: workorders.HandoverHigh,
				})
			},
			rpc:   "rpc_add_shift_handover_item",
			body:  `{"p_tenant_id":"t1","p_handover_id":"h1","p_body":"Watch it","p_work_order_id":null,"p_priority":"high"}`,
			reply: `"p1"`, want: "p1",
		},
		{
			name: "SubmitShiftHandover",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.FieldOps.SubmitShiftHandover(ctx, workorders.SubmitShiftHandoverParams{HandoverID: "h1"})
			},
			rpc: "rpc_submit_shift_handover", body: `{"p_tenant_id":"t1","p_handover_id":"h1"}`,
		},
		{
			name: "AcknowledgeShiftHandover",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.FieldOps.AcknowledgeShiftHandover(ctx, workorders.AcknowledgeShiftHandoverParams{HandoverID: "h1"})
			},
			rpc: "rpc_acknowledge_shift_handover", body: `{"p_tenant_id":"t1","p_handover_id":"h1"}`,
		},
	})
}

func TestNotifications(t *testing.T) {
	runCalls(t, []call{
		{
			name: "ListForTenant",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Notifications.ListForTenant(ctx, workorders.ListNotificationsParams{TenantID: "t9"})
			},
			rpc: "rpc_list_my_notifications", body: `{"p_tenant_id":"t9"}`,
			reply: `[{"id":"n1","tenant_id":"t9","recipient_user_id":"u1","event_key":"work_order.assigned","title":"T","body":null,
				"payload":{"work_order_id":"w1"},"entity_type":"work_order","entity_id":"w1","dedupe_key":"k","read_at":null,
				"created_at":"2026-03-04T07:00:00+00:00"}]`,
			want: []workorders.TenantNotification{{
				ID: "n1", TenantID: "t9", RecipientUserID: "u1", EventKey: workorders.EventWorkOrderAssigned, Title: "T",
				Payload: json.RawMessage(`{"work_order_id":"w1"}`), EntityType: new("work_order"), EntityID: new("w1"), DedupeKey: new("k"),
				CreatedAt: start.UTC(),
			}},
		},
		{
			name: "ListForTenant, few",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Notifications.ListForTenant(ctx, workorders.ListNotificationsParams{Limit: 3})
			},
			rpc: "rpc_list_my_notifications", body: `{"p_tenant_id":"t1","p_limit":3}`,
			reply: `[]`, want: []workorders.TenantNotification{},
		},
		{
			name: "MarkRead",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Notifications.MarkRead(ctx, workorders.MarkReadParams{NotificationIDs: []string{"n1", "n2"}})
			},
			rpc: "rpc_mark_notifications_read", body: `{"p_tenant_id":"t1","p_notification_ids":["n1","n2"]}`,
		},
		{
			name: "MarkRead nothing",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Notifications.MarkRead(ctx, workorders.MarkReadParams{})
			},
			rpc: "rpc_mark_notifications_read", body: `{"p_tenant_id":"t1","p_notification_ids":[]}`,
		},
		{
			name: "UpsertPreference",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Notifications.UpsertPreference(ctx, workorders.UpsertPreferenceParams{EventKey: workorders.EventPMOverdue})
			},
			rpc: "rpc_upsert_notification_preference", body: `{"p_tenant_id":"t1","p_event_key":"pm.overdue","p_channel_in_app":false}`,
		},
		{
			name: "ProcessDue",
			do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Notifications.ProcessDue(ctx)
			},
			rpc: "rpc_process_due_notifications", body: `{}`,
		},
	})
}

func TestUnread(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Handle(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Range", "*/7") })

	n, err := c.Notifications.UnreadCount(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 7, n)
	got := srv.WantRequest(t, http.MethodGet, "/rest/v1/v_my_notifications", "")
	require.Equal(t, `(read_at.is.null)`, got.Query.Get("and"))

	_, err = c.Notifications.Feed.List(t.Context(), query.Where(workorders.Unread()), query.Limit(50))
	require.NoError(t, err)
	got = srv.WantRequest(t, http.MethodGet, "/rest/v1/v_my_notifications", "")
	require.Equal(t, `(read_at.is.null)`, got.Query.Get("and"))
	require.Equal(t, "50", got.Query.Get("limit"))
}

func TestProcessDueNeedsNoTenant(t *testing.T) {
	srv := apitest.NewServer(t)
	c := srv.Client(t)
	srv.Reply(http.StatusNoContent, "")
	require.NoError(t, c.Notifications.ProcessDue(t.Context()))
}

func TestDispatchChecksBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	ctx := t.Context()
	interval := types.IntervalOf(time.Hour)
	refused(t, srv, map[string]error{
		"WorkOrderID":        c.WorkOrders.Assign(ctx, workorders.AssignWorkOrderParams{}),
		"AmountCents":        second(c.WorkOrders.UpsertVendorCost(ctx, workorders.UpsertVendorCostParams{WorkOrderID: "w1"})),
		"Title":              second(c.WorkOrders.CreateRequest(ctx, workorders.CreateRequestParams{})),
		"RequestID":          second(c.WorkOrders.ConvertMaintenanceRequest(ctx, workorders.ConvertMaintenanceRequestParams{})),
		"PriorityKey":        second(c.WorkOrders.UpsertSLARule(ctx, workorders.UpsertSLARuleParams{})),
		"ResponseInterval":   second(c.WorkOrders.UpsertSLARule(ctx, workorders.UpsertSLARuleParams{PriorityKey: "p", ResolutionInterval: interval})),
		"ResolutionInterval": second(c.WorkOrders.UpsertSLARule(ctx, workorders.UpsertSLARuleParams{PriorityKey: "p", ResponseInterval: interval})),
		"Body":               second(c.WorkOrders.AddCommsEvent(ctx, workorders.AddCommsEventParams{WorkOrderID: "w1"})),
		"StartAt":            second(c.Scheduling.Schedule(ctx, workorders.ScheduleParams{WorkOrderID: "w1", CrewID: "c1", EndAt: end})),
		"EndAt":              second(c.Scheduling.Schedule(ctx, workorders.ScheduleParams{WorkOrderID: "w1", CrewID: "c1", StartAt: start, EndAt: start})),
		"CrewID":             second(c.Scheduling.Schedule(ctx, workorders.ScheduleParams{WorkOrderID: "w1", StartAt: start, EndAt: end})),
		"ScheduleBlockID":    second(c.Scheduling.Update(ctx, workorders.UpdateScheduleBlockParams{})),
		"ToolID":             c.FieldOps.UpdateTool(ctx, workorders.UpdateToolParams{}),
		"Name":               second(c.FieldOps.CreateTool(ctx, workorders.CreateToolParams{})),
		"ProjectID":          c.Projects.Delete(ctx, workorders.DeleteProjectParams{}),
		"CheckedOutToUserID": second(c.FieldOps.CheckoutTool(ctx, workorders.CheckoutToolParams{ToolID: "o1"})),
		"CheckoutID":         c.FieldOps.ReturnTool(ctx, workorders.ReturnToolParams{}),
		"ToUserID":           second(c.FieldOps.CreateShiftHandover(ctx, workorders.CreateShiftHandoverParams{})),
		"ShiftStartedAt":     second(c.FieldOps.CreateShiftHandover(ctx, workorders.CreateShiftHandoverParams{ToUserID: "u2", ShiftEndedAt: end})),
		"ShiftEndedAt":       second(c.FieldOps.CreateShiftHandover(ctx, workorders.CreateShiftHandoverParams{ToUserID: "u2", ShiftStartedAt: start})),
		"HandoverID":         c.FieldOps.SubmitShiftHandover(ctx, workorders.SubmitShiftHandoverParams{}),
		"Limit":              second(c.Notifications.ListForTenant(ctx, workorders.ListNotificationsParams{Limit: -1})),
		"EventKey":           c.Notifications.UpsertPreference(ctx, workorders.UpsertPreferenceParams{}),
		"TimeEntryID":        c.WorkOrders.DeleteTimeEntry(ctx, workorders.DeleteTimeEntryParams{}),
		"AttachmentID":       c.Attachments.Delete(ctx, workorders.DeleteAttachmentParams{}),
		"EntityID":           second(c.Attachments.Register(ctx, workorders.RegisterAttachmentParams{EntityType: workorders.EntityAsset, FileID: "f1"})),
		"OwnerID":            c.Attachments.InsertStorageObject(ctx, workorders.InsertStorageObjectParams{EntityType: workorders.EntityAsset, EntityID: "a1", StoragePath: "p"}),
	})
	for _, err := range []error{
		second(c.Scheduling.Schedule(ctx, workorders.ScheduleParams{WorkOrderID: "w1", TechnicianID: "x1", CrewID: "c1", StartAt: start, EndAt: end})),
		second(c.Scheduling.Update(ctx, workorders.UpdateScheduleBlockParams{ScheduleBlockID: "b1", TechnicianID: new("x1"), CrewID: new("c1")})),
		second(c.Scheduling.Update(ctx, workorders.UpdateScheduleBlockParams{ScheduleBlockID: "b1", StartAt: &end, EndAt: &start})),
		c.Scheduling.Unschedule(ctx, workorders.UnscheduleParams{}),
		second(c.Mobile.Start(ctx, workorders.StartParams{})),
		c.Mobile.Stop(ctx, workorders.StopParams{}),
		second(c.Mobile.AddNote(ctx, workorders.AddNoteParams{WorkOrderID: "w1"})),
		c.WorkOrders.SetPrimarySupplier(ctx, workorders.SetPrimarySupplierParams{}),
		c.WorkOrders.Acknowledge(ctx, workorders.AcknowledgeParams{}),
		second(c.WorkOrders.CreateMaintenanceRequest(ctx, workorders.CreateMaintenanceRequestParams{})),
		second(c.FieldOps.AddShiftHandoverItem(ctx, workorders.AddShiftHandoverItemParams{HandoverID: "h1"})),
		c.FieldOps.AcknowledgeShiftHandover(ctx, workorders.AcknowledgeShiftHandoverParams{}),
		c.Attachments.UpdateMetadata(ctx, workorders.UpdateAttachmentMetadataParams{}),
		c.WorkOrders.UpdateTimeEntry(ctx, workorders.UpdateTimeEntryParams{}),
		c.WorkOrders.UpdateTimeEntry(ctx, workorders.UpdateTimeEntryParams{TimeEntryID: "e1"}),
		c.Attachments.UpdateWorkOrderAttachment(ctx, workorders.UpdateWorkOrderAttachmentParams{}),
		c.Attachments.UpdateWorkOrderAttachment(ctx, workorders.UpdateWorkOrderAttachmentParams{AttachmentID: "f1"}),
	} {
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
	}
	srv.WantNoRequest(t)
}
