package workorders_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

var ctx = context.Background()

func ExampleWorkOrderService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_create_work_order_request": `"5d0a"`,
		"/rest/v1/v_work_orders_sla_open":            `[{"work_order_id":"5d0a","title":"Pump leaks","minutes_until_response_due":-12}]`,
	})
	defer done()

	// A requester asks from the portal, a dispatcher takes over.
	id, err := client.WorkOrders.CreateRequest(ctx, workorders.CreateRequestParams{Title: "Pump leaks", Priority: "high"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = client.WorkOrders.Assign(ctx, workorders.AssignWorkOrderParams{WorkOrderID: id, AssignedTo: "the technician's user id"})
	_ = client.WorkOrders.Acknowledge(ctx, workorders.AcknowledgeParams{WorkOrderID: id})

	// Who is late?
	late := workorders.SLAOpenWorkOrderCols.MinutesUntilResponseDue.Lt(0)
	rows, err := client.WorkOrders.SLAOpen.List(ctx, query.Where(late), query.Limit(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range rows {
		fmt.Println(row.Title, *row.MinutesUntilResponseDue)
	}
	// Output: Pump leaks -12
}

func ExampleWorkOrderService_UpsertSLARule() {
	client, done := apitest.Example(map[string]string{"/rest/v1/rpc/rpc_upsert_work_order_sla_rule": `"rule-1"`})
	defer done()

	id, err := client.WorkOrders.UpsertSLARule(ctx, workorders.UpsertSLARuleParams{
		PriorityKey:        "critical",
		ResponseInterval:   types.IntervalOf(30 * time.Minute),
		ResolutionInterval: types.Interval{Days: 1},
	})
	fmt.Println(id, err)
	// Output: rule-1 <nil>
}

func ExampleAttachmentService_Upload() {
	client, done := apitest.Example(map[string]string{
		"/storage/v1/object/attachments/": `{"Key":"…"}`,
		"/rest/v1/v_entity_attachments":   `[{"id":"x1","label":"Crack, seen from below","storage_path":"…"}]`,
	})
	defer done()

	photo := strings.NewReader("the bytes of a picture; an *os.File as well")
	attachment, err := client.Attachments.Upload(ctx, workorders.UploadParams{
		EntityType: workorders.EntityWorkOrder,
		EntityID:   "5d0a",
		Filename:   "crack.jpg",
		Label:      "Crack, seen from below",
		Kind:       "photo",
		Body:       photo,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(attachment.ID, *attachment.Label)
	// Output: x1 Crack, seen from below
}

func ExampleAttachmentService_Download() {
	client, done := apitest.Example(map[string]string{"/storage/v1/object/attachments/": "the bytes"})
	defer done()

	file, err := client.Attachments.Download(ctx, "tenant/work_order/5d0a/crack.jpg") // EntityAttachment.StoragePath
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = file.Close() }()
	n, err := io.Copy(io.Discard, file)
	fmt.Println(n, file.Size, err)
	// Output: 9 9 <nil>
}

func ExampleSchedulingService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_validate_schedule":   `[{"check_type":"priority","severity":"info","message":"priority high"}]`,
		"/rest/v1/rpc/rpc_schedule_work_order": `"block-1"`,
	})
	defer done()

	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		berlin = time.UTC
	}
	from := time.Date(2026, time.March, 29, 1, 0, 0, 0, berlin)
	to := from.Add(2 * time.Hour) // across the change of the clocks

	checks, err := client.Scheduling.Validate(ctx, workorders.ValidateScheduleParams{
		TechnicianID: "tech-1", WorkOrderID: "5d0a", StartAt: from, EndAt: to,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, check := range checks {
		if check.Severity != workorders.SeverityInfo {
			fmt.Println("not then:", check.Message)
			return
		}
	}
	id, err := client.Scheduling.Schedule(ctx, workorders.ScheduleParams{
		WorkOrderID: "5d0a", TechnicianID: "tech-1", StartAt: from, EndAt: to,
	})
	fmt.Println(id, err)
	// Output: block-1 <nil>
}

func ExampleMobileService_SyncAll() {
	client, done := apitest.Example(map[string]string{"/rest/v1/rpc/rpc_mobile_sync": `{
		"work_orders":[{"id":"5d0a","title":"Pump leaks","updated_at":"2026-03-04T07:00:00.123456+00:00"}],
		"assets":[],"locations":[],"time_entries":[],"attachments":[],"check_ins":[],"notes":[]}`})
	defer done()

	var cursor time.Time // kept on the device together with the rows
	for page, err := range client.Mobile.SyncAll(ctx, workorders.SyncAllParams{UpdatedAfter: cursor}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, wo := range page.WorkOrders {
			fmt.Println(wo.ID, wo.Title) // insert or replace by id
		}
		cursor = page.Cursor
	}
	fmt.Println(cursor.UTC().Format(time.RFC3339Nano))
	// Output:
	// 5d0a Pump leaks
	// 2026-03-04T07:00:00.123456Z
}

func ExampleFieldOpsService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_checkout_tool":           `"checkout-1"`,
		"/rest/v1/rpc/rpc_create_shift_handover":   `"handover-1"`,
		"/rest/v1/rpc/rpc_add_shift_handover_item": `"item-1"`,
	})
	defer done()

	out, err := client.FieldOps.CheckoutTool(ctx, workorders.CheckoutToolParams{ToolID: "tool-1", CheckedOutToUserID: "user-2"})
	fmt.Println(out, err)

	end := time.Date(2026, time.March, 4, 14, 0, 0, 0, time.UTC)
	id, err := client.FieldOps.CreateShiftHandover(ctx, workorders.CreateShiftHandoverParams{
		ToUserID: "user-2", ShiftStartedAt: end.Add(-8 * time.Hour), ShiftEndedAt: end,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = client.FieldOps.AddShiftHandoverItem(ctx, workorders.AddShiftHandoverItemParams{
		HandoverID: id, Body: "Line 3 runs hot", Priority: workorders.HandoverHigh,
	})
	fmt.Println(id, client.FieldOps.SubmitShiftHandover(ctx, workorders.SubmitShiftHandoverParams{HandoverID: id}))
	// Output:
	// checkout-1 <nil>
	// handover-1 <nil>
}

func ExampleNotificationService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/v_my_notifications": `[{"id":"n1","title":"Assigned to you","event_key":"work_order.assigned","payload":{"work_order_id":"5d0a"}}]`,
	})
	defer done()

	feed, err := client.Notifications.Feed.List(ctx, query.Where(workorders.Unread()), query.Limit(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	var ids []string
	for _, n := range feed {
		var about struct {
			WorkOrderID string `json:"work_order_id"`
		}
		_ = json.Unmarshal(n.Payload, &about)
		fmt.Println(n.Title, about.WorkOrderID)
		ids = append(ids, n.ID)
	}
	fmt.Println(client.Notifications.MarkRead(ctx, workorders.MarkReadParams{NotificationIDs: ids}))
	// Output:
	// Assigned to you 5d0a
	// <nil>
}

func ExampleProjectService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_create_project": `"0a1b"`,
		"/rest/v1/v_work_orders":          `[{"id":"5d0a","title":"Lay the cable","project_id":"0a1b"}]`,
	})
	defer done()

	project, err := client.Projects.Create(ctx, workorders.CreateProjectParams{Name: "New line", Code: "NL-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	orders, err := client.WorkOrders.Summaries.List(ctx, query.Where(workorders.WorkOrderSummaryCols.ProjectID.Eq(project)), query.Limit(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, order := range orders {
		fmt.Println(order.Title)
	}
	// Output: Lay the cable
}
