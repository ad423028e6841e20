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
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "Assign",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.WorkOrders.Assign(ctx, workorders.AssignWorkOrderParams{WorkOrderID: "w1", AssignedTo: "u2"})
			},
			RPC: "rpc_assign_work_order", Body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_assigned_to":"u2"}`,
		},
		{
			Name: "Assign nobody",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.WorkOrders.Assign(ctx, workorders.AssignWorkOrderParams{TenantID: "t9", WorkOrderID: "w1"})
			},
			RPC: "rpc_assign_work_order", Body: `{"p_tenant_id":"t9","p_work_order_id":"w1","p_assigned_to":null}`,
		},
		{
			Name: "SetPrimarySupplier",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.WorkOrders.SetPrimarySupplier(ctx, workorders.SetPrimarySupplierParams{WorkOrderID: "w1", PrimarySupplierID: "s1"})
			},
			RPC: "rpc_set_work_order_primary_supplier", Body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_primary_supplier_id":"s1"}`,
		},
		{
			Name: "SetPrimarySupplier none",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.WorkOrders.SetPrimarySupplier(ctx, workorders.SetPrimarySupplierParams{WorkOrderID: "w1"})
			},
			RPC: "rpc_set_work_order_primary_supplier", Body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_primary_supplier_id":null}`,
		},
		{
			Name: "UpsertVendorCost, a new one of nothing",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.UpsertVendorCost(ctx, workorders.UpsertVendorCostParams{WorkOrderID: "w1", AmountCents: new(0), SupplierID: "s1"})
			},
			RPC: "rpc_upsert_work_order_vendor_cost",
			Body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_vendor_cost_id":null,"p_amount_cents":0,"p_description":null,
				"p_vendor_name":null,"p_invoice_reference":null,"p_supplier_id":"s1"}`,
			Reply: `"c1"`, Want: "c1",
		},
		{
			Name: "UpsertVendorCost, a change",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.UpsertVendorCost(ctx, workorders.UpsertVendorCostParams{
					WorkOrderID: "w1", VendorCostID: "c1", Description: new(""), VendorName: new("ACME"), InvoiceReference: new("I-7"),
				})
			},
			RPC: "rpc_upsert_work_order_vendor_cost",
			Body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_vendor_cost_id":"c1","p_amount_cents":null,"p_description":"",
				"p_vendor_name":"ACME","p_invoice_reference":"I-7","p_supplier_id":null}`,
			Reply: `"c1"`, Want: "c1",
		},
	})
}

func TestRequestsServiceLevelsAndComms(t *testing.T) {
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "CreateRequest",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.CreateRequest(ctx, workorders.CreateRequestParams{Title: "Leak"})
			},
			RPC: "rpc_create_work_order_request",
			Body: `{"p_tenant_id":"t1","p_title":"Leak","p_description":null,"p_priority":"medium","p_maintenance_type":null,
				"p_location_id":null,"p_asset_id":null,"p_due_date":null}`,
			Reply: `"w1"`, Want: "w1",
		},
		{
			Name: "CreateRequest with everything",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.CreateRequest(ctx, workorders.CreateRequestParams{
					TenantID: "t9", Title: "Leak", Description: "d", Priority: "high", MaintenanceType: "corrective",
					LocationID: "l1", AssetID: "a1", DueDate: start,
				})
			},
			RPC: "rpc_create_work_order_request",
			Body: `{"p_tenant_id":"t9","p_title":"Leak","p_description":"d","p_priority":"high","p_maintenance_type":"corrective",
				"p_location_id":"l1","p_asset_id":"a1","p_due_date":"2026-03-04T07:00:00Z"}`,
			Reply: `"w1"`, Want: "w1",
		},
		{
			Name: "CreateMaintenanceRequest",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.CreateMaintenanceRequest(ctx, workorders.CreateMaintenanceRequestParams{Title: "Leak"})
			},
			RPC: "rpc_create_maintenance_request",
			Body: `{"p_tenant_id":"t1","p_title":"Leak","p_description":null,"p_priority":"medium","p_maintenance_type":null,
				"p_location_id":null,"p_asset_id":null,"p_due_date":null,"p_status":"submitted"}`,
			Reply: `"m1"`, Want: "m1",
		},
		{
			Name: "CreateMaintenanceRequest, a draft",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.CreateMaintenanceRequest(ctx, workorders.CreateMaintenanceRequestParams{
					Title: "Leak", Description: "d", Priority: "low", MaintenanceType: "corrective", LocationID: "l1", AssetID: "a1",
					DueDate: start, Status: workorders.RequestDraft,
				})
			},
			RPC: "rpc_create_maintenance_request",
			Body: `{"p_tenant_id":"t1","p_title":"Leak","p_description":"d","p_priority":"low","p_maintenance_type":"corrective",
				"p_location_id":"l1","p_asset_id":"a1","p_due_date":"2026-03-04T07:00:00Z","p_status":"draft"}`,
			Reply: `"m1"`, Want: "m1",
		},
		{
			Name: "ConvertMaintenanceRequest",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.ConvertMaintenanceRequest(ctx, workorders.ConvertMaintenanceRequestParams{RequestID: "m1"})
			},
			RPC: "rpc_convert_maintenance_request_to_work_order", Body: `{"p_tenant_id":"t1","p_request_id":"m1"}`,
			Reply: `"w1"`, Want: "w1",
		},
		{
			Name: "Acknowledge",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.WorkOrders.Acknowledge(ctx, workorders.AcknowledgeParams{WorkOrderID: "w1"})
			},
			RPC: "rpc_acknowledge_work_order", Body: `{"p_tenant_id":"t1","p_work_order_id":"w1"}`,
		},
		{
			Name: "UpsertSLARule, a new one",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.UpsertSLARule(ctx, workorders.UpsertSLARuleParams{
					PriorityKey: "high", MaintenanceTypeKey: "corrective",
					ResponseInterval: types.IntervalOf(90 * time.Minute), ResolutionInterval: types.Interval{Days: 5},
				})
			},
			RPC: "rpc_upsert_work_order_sla_rule",
			Body: `{"p_tenant_id":"t1","p_priority_key":"high","p_maintenance_type_key":"corrective","p_response_interval":"01:30:00",
				"p_resolution_interval":"5 days","p_is_active":true,"p_rule_id":null}`,
			Reply: `"r1"`, Want: "r1",
		},
		{
			// Left out, p_is_active would mean true and wake a sleeping rule.
			Name: "UpsertSLARule keeps what is not given",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.UpsertSLARule(ctx, workorders.UpsertSLARuleParams{PriorityKey: "high", RuleID: "r1"})
			},
			RPC: "rpc_upsert_work_order_sla_rule",
			Body: `{"p_tenant_id":"t1","p_priority_key":"high","p_maintenance_type_key":null,"p_response_interval":null,
				"p_resolution_interval":null,"p_is_active":null,"p_rule_id":"r1"}`,
			Reply: `"r1"`, Want: "r1",
		},
		{
			Name: "UpsertSLARule, off",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.UpsertSLARule(ctx, workorders.UpsertSLARuleParams{PriorityKey: "high", RuleID: "r1", IsActive: new(false)})
			},
			RPC: "rpc_upsert_work_order_sla_rule",
			Body: `{"p_tenant_id":"t1","p_priority_key":"high","p_maintenance_type_key":null,"p_response_interval":null,
				"p_resolution_interval":null,"p_is_active":false,"p_rule_id":"r1"}`,
			Reply: `"r1"`, Want: "r1",
		},
		{
			Name: "AddCommsEvent",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.AddCommsEvent(ctx, workorders.AddCommsEventParams{WorkOrderID: "w1", Body: "Called"})
			},
			RPC:   "rpc_add_work_order_comms_event",
			Body:  `{"p_tenant_id":"t1","p_work_order_id":"w1","p_body":"Called","p_metadata":null}`,
			Reply: `"e1"`, Want: "e1",
		},
		{
			Name: "AddCommsEvent with everything",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.WorkOrders.AddCommsEvent(ctx, workorders.AddCommsEventParams{
					WorkOrderID: "w1", Body: "Called", Channel: workorders.ChannelPhone, Metadata: json.RawMessage(`{"to":"+49"}`),
				})
			},
			RPC:   "rpc_add_work_order_comms_event",
			Body:  `{"p_tenant_id":"t1","p_work_order_id":"w1","p_body":"Called","p_channel":"phone","p_metadata":{"to":"+49"}}`,
			Reply: `"e1"`, Want: "e1",
		},
	})
}

func TestScheduling(t *testing.T) {
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "Schedule",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Scheduling.Schedule(ctx, workorders.ScheduleParams{WorkOrderID: "w1", TechnicianID: "x1", StartAt: start, EndAt: end})
			},
			RPC: "rpc_schedule_work_order",
			Body: `{"p_work_order_id":"w1","p_technician_id":"x1","p_crew_id":null,"p_start_at":"2026-03-04T07:00:00Z",
				"p_end_at":"2026-03-04T08:30:00Z","p_location_id":null,"p_asset_id":null}`,
			Reply: `"b1"`, Want: "b1",
		},
		{
			Name: "Schedule a crew",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Scheduling.Schedule(ctx, workorders.ScheduleParams{
					WorkOrderID: "w1", CrewID: "c1", StartAt: start, EndAt: end, LocationID: "l1", AssetID: "a1",
				})
			},
			RPC: "rpc_schedule_work_order",
			Body: `{"p_work_order_id":"w1","p_technician_id":null,"p_crew_id":"c1","p_start_at":"2026-03-04T07:00:00Z",
				"p_end_at":"2026-03-04T08:30:00Z","p_location_id":"l1","p_asset_id":"a1"}`,
			Reply: `"b1"`, Want: "b1",
		},
		{
			Name: "Update",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Scheduling.Update(ctx, workorders.UpdateScheduleBlockParams{ScheduleBlockID: "b1", EndAt: &end, AssetID: new("a1")})
			},
			RPC: "rpc_update_schedule_block",
			Body: `{"p_schedule_block_id":"b1","p_technician_id":null,"p_crew_id":null,"p_start_at":null,
				"p_end_at":"2026-03-04T08:30:00Z","p_location_id":null,"p_asset_id":"a1"}`,
			Reply: `"b1"`, Want: "b1",
		},
		{
			Name: "Unschedule a block",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Scheduling.Unschedule(ctx, workorders.UnscheduleParams{ScheduleBlockID: "b1"})
			},
			RPC: "rpc_unschedule_work_order", Body: `{"p_schedule_block_id":"b1","p_work_order_id":null}`,
		},
		{
			Name: "Unschedule a work order",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Scheduling.Unschedule(ctx, workorders.UnscheduleParams{WorkOrderID: "w1"})
			},
			RPC: "rpc_unschedule_work_order", Body: `{"p_schedule_block_id":null,"p_work_order_id":"w1"}`,
		},
		{
			Name: "Validate",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Scheduling.Validate(ctx, workorders.ValidateScheduleParams{
					CrewID: "c1", StartAt: start, EndAt: end, WorkOrderID: "w1", ExcludeBlockID: "b1",
				})
			},
			RPC: "rpc_validate_schedule",
			Body: `{"p_technician_id":null,"p_crew_id":"c1","p_start_at":"2026-03-04T07:00:00Z","p_end_at":"2026-03-04T08:30:00Z",
				"p_work_order_id":"w1","p_exclude_block_id":"b1"}`,
			Reply: `[{"check_type":"conflict_member","severity":"warning","message":"m"},{"check_type":"sla","severity":"breach","message":"n"}]`,
			Want: []workorders.ScheduleCheck{
				{CheckType: workorders.CheckMemberConflict, Severity: workorders.SeverityWarning, Message: "m"},
				{CheckType: workorders.CheckSLA, Severity: workorders.SeverityBreach, Message: "n"},
			},
		},
		{
			Name: "Validate nothing",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Scheduling.Validate(ctx, workorders.ValidateScheduleParams{})
			},
			RPC: "rpc_validate_schedule",
			Body: `{"p_technician_id":null,"p_crew_id":null,"p_start_at":null,"p_end_at":null,
				"p_work_order_id":null,"p_exclude_block_id":null}`,
			Reply: `null`, Want: []workorders.ScheduleCheck{},
		},
	})
}

func TestMobile(t *testing.T) {
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "Start",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Mobile.Start(ctx, workorders.StartParams{WorkOrderID: "w1", Latitude: new(0.0), Longitude: new(7.5)})
			},
			RPC:   "rpc_start_work_order",
			Body:  `{"p_tenant_id":"t1","p_work_order_id":"w1","p_latitude":0,"p_longitude":7.5,"p_accuracy_metres":null}`,
			Reply: `"i1"`, Want: "i1",
		},
		{
			// Null for p_complete would mean false; left out it means true.
			Name: "Stop",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Mobile.Stop(ctx, workorders.StopParams{WorkOrderID: "w1"})
			},
			RPC: "rpc_stop_work_order",
			Body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_minutes":null,"p_note":null,"p_latitude":null,"p_longitude":null,
				"p_accuracy_metres":null,"p_cause":null,"p_resolution":null}`,
		},
		{
			Name: "Stop with everything",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Mobile.Stop(ctx, workorders.StopParams{
					WorkOrderID: "w1", Complete: new(false), Minutes: new(30), Note: "n", Latitude: new(1.5), Longitude: new(2.5),
					AccuracyMetres: new(3.5), Cause: new("c"), Resolution: new(""),
				})
			},
			RPC: "rpc_stop_work_order",
			Body: `{"p_tenant_id":"t1","p_work_order_id":"w1","p_complete":false,"p_minutes":30,"p_note":"n","p_latitude":1.5,
				"p_longitude":2.5,"p_accuracy_metres":3.5,"p_cause":"c","p_resolution":""}`,
		},
		{
			Name: "AddNote",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Mobile.AddNote(ctx, workorders.AddNoteParams{WorkOrderID: "w1", Body: " hot "})
			},
			RPC:   "rpc_add_work_order_note",
			Body:  `{"p_tenant_id":"t1","p_work_order_id":"w1","p_body":" hot ","p_latitude":null,"p_longitude":null}`,
			Reply: `"n1"`, Want: "n1",
		},
	})
}

func TestFieldOps(t *testing.T) {
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "Projects.Create",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Projects.Create(ctx, workorders.CreateProjectParams{Name: "P1", Code: "C1"})
			},
			RPC:   "rpc_create_project",
			Body:  `{"p_tenant_id":"t1","p_name":"P1","p_code":"C1","p_description":null}`,
			Reply: `"o1"`, Want: "o1",
		},
		{
			Name: "Projects.Update clears",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Projects.Update(ctx, workorders.UpdateProjectParams{ProjectID: "o1", Code: new(""), Description: new("d")})
			},
			RPC:  "rpc_update_project",
			Body: `{"p_tenant_id":"t1","p_project_id":"o1","p_name":null,"p_code":"","p_description":"d"}`,
		},
		{
			Name: "Projects.Delete",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Projects.Delete(ctx, workorders.DeleteProjectParams{ProjectID: "o1"})
			},
			RPC: "rpc_delete_project", Body: `{"p_tenant_id":"t1","p_project_id":"o1"}`,
		},
		{
			Name: "CreateTool",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.FieldOps.CreateTool(ctx, workorders.CreateToolParams{Name: "Torque wrench", SerialNumber: "S1"})
			},
			RPC:   "rpc_create_tool",
			Body:  `{"p_tenant_id":"t1","p_name":"Torque wrench","p_asset_tag":null,"p_serial_number":"S1"}`,
			Reply: `"o1"`, Want: "o1",
		},
		{
			Name: "UpdateTool clears",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.FieldOps.UpdateTool(ctx, workorders.UpdateToolParams{ToolID: "o1", AssetTag: new(""), Status: new(workorders.ToolAvailable)})
			},
			RPC:  "rpc_update_tool",
			Body: `{"p_tenant_id":"t1","p_tool_id":"o1","p_name":null,"p_asset_tag":"","p_serial_number":null,"p_status":"available"}`,
		},
		{
			Name: "CheckoutTool",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.FieldOps.CheckoutTool(ctx, workorders.CheckoutToolParams{ToolID: "o1", CheckedOutToUserID: "u2"})
			},
			RPC: "rpc_checkout_tool",
			Body: `{"p_tenant_id":"t1","p_tool_id":"o1","p_checked_out_to_user_id":"u2","p_due_at":null,"p_work_order_id":null,
				"p_notes":null}`,
			Reply: `"k1"`, Want: "k1",
		},
		{
			Name: "CheckoutTool with everything",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.FieldOps.CheckoutTool(ctx, workorders.CheckoutToolParams{
					ToolID: "o1", CheckedOutToUserID: "u2", WorkOrderID: "w1", DueAt: end, Notes: "n",
				})
			},
			RPC: "rpc_checkout_tool",
			Body: `{"p_tenant_id":"t1","p_tool_id":"o1","p_checked_out_to_user_id":"u2","p_due_at":"2026-03-04T08:30:00Z",
				"p_work_order_id":"w1","p_notes":"n"}`,
			Reply: `"k1"`, Want: "k1",
		},
		{
			Name: "ReturnTool",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.FieldOps.ReturnTool(ctx, workorders.ReturnToolParams{CheckoutID: "k1"})
			},
			RPC: "rpc_return_tool", Body: `{"p_tenant_id":"t1","p_checkout_id":"k1"}`,
		},
		{
			Name: "CreateShiftHandover",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.FieldOps.CreateShiftHandover(ctx, workorders.CreateShiftHandoverParams{ToUserID: "u2", ShiftStartedAt: start, ShiftEndedAt: end})
			},
			RPC: "rpc_create_shift_handover",
			Body: `{"p_tenant_id":"t1","p_location_id":null,"p_shift_started_at":"2026-03-04T07:00:00Z",
				"p_shift_ended_at":"2026-03-04T08:30:00Z","p_to_user_id":"u2","p_summary":null}`,
			Reply: `"h1"`, Want: "h1",
		},
		{
			Name: "AddShiftHandoverItem",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.FieldOps.AddShiftHandoverItem(ctx, workorders.AddShiftHandoverItemParams{
					HandoverID: "h1", Body: "Watch it", Priority: workorders.HandoverHigh,
				})
			},
			RPC:   "rpc_add_shift_handover_item",
			Body:  `{"p_tenant_id":"t1","p_handover_id":"h1","p_body":"Watch it","p_work_order_id":null,"p_priority":"high"}`,
			Reply: `"p1"`, Want: "p1",
		},
		{
			Name: "SubmitShiftHandover",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.FieldOps.SubmitShiftHandover(ctx, workorders.SubmitShiftHandoverParams{HandoverID: "h1"})
			},
			RPC: "rpc_submit_shift_handover", Body: `{"p_tenant_id":"t1","p_handover_id":"h1"}`,
		},
		{
			Name: "AcknowledgeShiftHandover",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.FieldOps.AcknowledgeShiftHandover(ctx, workorders.AcknowledgeShiftHandoverParams{HandoverID: "h1"})
			},
			RPC: "rpc_acknowledge_shift_handover", Body: `{"p_tenant_id":"t1","p_handover_id":"h1"}`,
		},
	})
}

func TestNotifications(t *testing.T) {
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "ListForTenant",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Notifications.ListForTenant(ctx, workorders.ListNotificationsParams{TenantID: "t9"})
			},
			RPC: "rpc_list_my_notifications", Body: `{"p_tenant_id":"t9"}`,
			Reply: `[{"id":"n1","tenant_id":"t9","recipient_user_id":"u1","event_key":"work_order.assigned","title":"T","body":null,
				"payload":{"work_order_id":"w1"},"entity_type":"work_order","entity_id":"w1","dedupe_key":"k","read_at":null,
				"created_at":"2026-03-04T07:00:00+00:00"}]`,
			Want: []workorders.TenantNotification{{
				ID: "n1", TenantID: "t9", RecipientUserID: "u1", EventKey: workorders.EventWorkOrderAssigned, Title: "T",
				Payload: json.RawMessage(`{"work_order_id":"w1"}`), EntityType: new("work_order"), EntityID: new("w1"), DedupeKey: new("k"),
				CreatedAt: start.UTC(),
			}},
		},
		{
			Name: "ListForTenant, few",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Notifications.ListForTenant(ctx, workorders.ListNotificationsParams{Limit: 3})
			},
			RPC: "rpc_list_my_notifications", Body: `{"p_tenant_id":"t1","p_limit":3}`,
			Reply: `[]`, Want: []workorders.TenantNotification{},
		},
		{
			Name: "MarkRead",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Notifications.MarkRead(ctx, workorders.MarkReadParams{NotificationIDs: []string{"n1", "n2"}})
			},
			RPC: "rpc_mark_notifications_read", Body: `{"p_tenant_id":"t1","p_notification_ids":["n1","n2"]}`,
		},
		{
			Name: "MarkRead nothing",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Notifications.MarkRead(ctx, workorders.MarkReadParams{})
			},
			RPC: "rpc_mark_notifications_read", Body: `{"p_tenant_id":"t1","p_notification_ids":[]}`,
		},
		{
			Name: "UpsertPreference",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Notifications.UpsertPreference(ctx, workorders.UpsertPreferenceParams{EventKey: workorders.EventPMOverdue})
			},
			RPC: "rpc_upsert_notification_preference", Body: `{"p_tenant_id":"t1","p_event_key":"pm.overdue","p_channel_in_app":false}`,
		},
		{
			Name: "ProcessDue",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return nil, c.Notifications.ProcessDue(ctx)
			},
			RPC: "rpc_process_due_notifications", Body: `{}`,
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
	srv.WantRefused(t, "WorkOrderID", c.WorkOrders.Assign(ctx, workorders.AssignWorkOrderParams{}))
	srv.WantRefused(t, "AmountCents", apitest.Err(c.WorkOrders.UpsertVendorCost(ctx, workorders.UpsertVendorCostParams{WorkOrderID: "w1"})))
	srv.WantRefused(t, "Title", apitest.Err(c.WorkOrders.CreateRequest(ctx, workorders.CreateRequestParams{})))
	srv.WantRefused(t, "RequestID", apitest.Err(c.WorkOrders.ConvertMaintenanceRequest(ctx, workorders.ConvertMaintenanceRequestParams{})))
	srv.WantRefused(t, "PriorityKey", apitest.Err(c.WorkOrders.UpsertSLARule(ctx, workorders.UpsertSLARuleParams{})))
	srv.WantRefused(t, "ResponseInterval", apitest.Err(c.WorkOrders.UpsertSLARule(ctx, workorders.UpsertSLARuleParams{PriorityKey: "p", ResolutionInterval: interval})))
	srv.WantRefused(t, "ResolutionInterval", apitest.Err(c.WorkOrders.UpsertSLARule(ctx, workorders.UpsertSLARuleParams{PriorityKey: "p", ResponseInterval: interval})))
	srv.WantRefused(t, "Body", apitest.Err(c.WorkOrders.AddCommsEvent(ctx, workorders.AddCommsEventParams{WorkOrderID: "w1"})))
	srv.WantRefused(t, "StartAt", apitest.Err(c.Scheduling.Schedule(ctx, workorders.ScheduleParams{WorkOrderID: "w1", CrewID: "c1", EndAt: end})))
	srv.WantRefused(t, "EndAt", apitest.Err(c.Scheduling.Schedule(ctx, workorders.ScheduleParams{WorkOrderID: "w1", CrewID: "c1", StartAt: start, EndAt: start})))
	srv.WantRefused(t, "CrewID", apitest.Err(c.Scheduling.Schedule(ctx, workorders.ScheduleParams{WorkOrderID: "w1", StartAt: start, EndAt: end})))
	srv.WantRefused(t, "ScheduleBlockID", apitest.Err(c.Scheduling.Update(ctx, workorders.UpdateScheduleBlockParams{})))
	srv.WantRefused(t, "ToolID", c.FieldOps.UpdateTool(ctx, workorders.UpdateToolParams{}))
	srv.WantRefused(t, "Name", apitest.Err(c.FieldOps.CreateTool(ctx, workorders.CreateToolParams{})))
	srv.WantRefused(t, "ProjectID", c.Projects.Delete(ctx, workorders.DeleteProjectParams{}))
	srv.WantRefused(t, "CheckedOutToUserID", apitest.Err(c.FieldOps.CheckoutTool(ctx, workorders.CheckoutToolParams{ToolID: "o1"})))
	srv.WantRefused(t, "CheckoutID", c.FieldOps.ReturnTool(ctx, workorders.ReturnToolParams{}))
	srv.WantRefused(t, "ToUserID", apitest.Err(c.FieldOps.CreateShiftHandover(ctx, workorders.CreateShiftHandoverParams{})))
	srv.WantRefused(t, "ShiftStartedAt", apitest.Err(c.FieldOps.CreateShiftHandover(ctx, workorders.CreateShiftHandoverParams{ToUserID: "u2", ShiftEndedAt: end})))
	srv.WantRefused(t, "ShiftEndedAt", apitest.Err(c.FieldOps.CreateShiftHandover(ctx, workorders.CreateShiftHandoverParams{ToUserID: "u2", ShiftStartedAt: start})))
	srv.WantRefused(t, "HandoverID", c.FieldOps.SubmitShiftHandover(ctx, workorders.SubmitShiftHandoverParams{}))
	srv.WantRefused(t, "Limit", apitest.Err(c.Notifications.ListForTenant(ctx, workorders.ListNotificationsParams{Limit: -1})))
	srv.WantRefused(t, "EventKey", c.Notifications.UpsertPreference(ctx, workorders.UpsertPreferenceParams{}))
	srv.WantRefused(t, "TimeEntryID", c.WorkOrders.DeleteTimeEntry(ctx, workorders.DeleteTimeEntryParams{}))
	srv.WantRefused(t, "AttachmentID", c.Attachments.Delete(ctx, workorders.DeleteAttachmentParams{}))
	srv.WantRefused(t, "EntityID", apitest.Err(c.Attachments.Register(ctx, workorders.RegisterAttachmentParams{EntityType: workorders.EntityAsset, FileID: "f1"})))
	srv.WantRefused(t, "OwnerID", c.Attachments.InsertStorageObject(ctx, workorders.InsertStorageObjectParams{EntityType: workorders.EntityAsset, EntityID: "a1", StoragePath: "p"}))
	zero := new(time.Time{})
	srv.WantRefused(t, "StartAt", apitest.Err(c.Scheduling.Update(ctx, workorders.UpdateScheduleBlockParams{ScheduleBlockID: "b1", StartAt: zero})))
	srv.WantRefused(t, "EndAt", apitest.Err(c.Scheduling.Update(ctx, workorders.UpdateScheduleBlockParams{ScheduleBlockID: "b1", EndAt: zero})))
	srv.WantRefused(t, "LoggedAt", c.WorkOrders.UpdateTimeEntry(ctx, workorders.UpdateTimeEntryParams{TimeEntryID: "e1", LoggedAt: zero}))
	srv.WantRefused(t, "EntryDate", c.WorkOrders.UpdateTimeEntry(ctx, workorders.UpdateTimeEntryParams{TimeEntryID: "e1", EntryDate: new(types.Date{})}))
	srv.WantRefused(t, "EffectiveDate", c.Attachments.UpdateMetadata(ctx, workorders.UpdateAttachmentMetadataParams{AttachmentID: "f1", EffectiveDate: new(types.Date{})}))
	for _, err := range []error{
		apitest.Err(c.Scheduling.Schedule(ctx, workorders.ScheduleParams{WorkOrderID: "w1", TechnicianID: "x1", CrewID: "c1", StartAt: start, EndAt: end})),
		apitest.Err(c.Scheduling.Update(ctx, workorders.UpdateScheduleBlockParams{ScheduleBlockID: "b1", TechnicianID: new("x1"), CrewID: new("c1")})),
		apitest.Err(c.Scheduling.Update(ctx, workorders.UpdateScheduleBlockParams{ScheduleBlockID: "b1", StartAt: &end, EndAt: &start})),
		c.Scheduling.Unschedule(ctx, workorders.UnscheduleParams{}),
		apitest.Err(c.Mobile.Start(ctx, workorders.StartParams{})),
		c.Mobile.Stop(ctx, workorders.StopParams{}),
		apitest.Err(c.Mobile.AddNote(ctx, workorders.AddNoteParams{WorkOrderID: "w1"})),
		c.WorkOrders.SetPrimarySupplier(ctx, workorders.SetPrimarySupplierParams{}),
		c.WorkOrders.Acknowledge(ctx, workorders.AcknowledgeParams{}),
		apitest.Err(c.WorkOrders.CreateMaintenanceRequest(ctx, workorders.CreateMaintenanceRequestParams{})),
		apitest.Err(c.FieldOps.AddShiftHandoverItem(ctx, workorders.AddShiftHandoverItemParams{HandoverID: "h1"})),
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
