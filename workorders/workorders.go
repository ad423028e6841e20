package workorders

import (
	"context"
	"encoding/json"
	"time"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

// WorkOrderService reads and writes work orders. Its readers cover
// v_work_orders, drafts included: add NotDraft to leave them out, as the
// TypeScript method workOrders.list does.
//
// TypeScript: workOrders (listIncludingDraft and getById are List and Get,
// listSummary and getSummary are Summaries.List and Summaries.Get, and so on for
// the other readers).
type WorkOrderService struct {
	postgrest.View[WorkOrder]
	// Summaries reads the columns of v_work_orders that a list on a screen
	// needs, by id. The TypeScript method sorts them by the latest change:
	// query.OrderBy(WorkOrderSummaryCols.UpdatedAt.Desc()).
	Summaries postgrest.View[WorkOrderSummary]
	// TimeEntries reads v_work_order_time_entries, by id. Any member of the
	// token's tenant may read them, also of work orders they cannot see. The
	// TypeScript method sorts them by EntryDate and LoggedAt, newest first.
	TimeEntries postgrest.View[WorkOrderTimeEntry]
	// Assignments reads v_work_order_assignments, the technicians planned for
	// work orders, which have nothing to do with the assignee. Any member may
	// read them.
	Assignments postgrest.View[WorkOrderAssignment]
	// Attachments reads v_work_order_attachments, newest first, as
	// Attachments.WorkOrders of the client does. Any member may read them.
	Attachments postgrest.View[WorkOrderAttachment]
	// Comms reads v_work_order_comms, the messages about work orders, oldest
	// first. Any member may read them.
	Comms postgrest.View[CommsEvent]
	// MyRequests reads v_my_work_order_requests, the work orders that the
	// signed-in user asked for, newest first. It needs permission
	// workorder.request.view.own.
	MyRequests postgrest.View[WorkOrderRequest]
	// MaintenanceRequests reads v_maintenance_requests, newest first: all of
	// them with permission workorder.view or workorder.request.view.any, the
	// user's own with workorder.request.view.own.
	MaintenanceRequests postgrest.View[MaintenanceRequest]
	// MyMaintenanceRequests reads v_my_maintenance_requests, the signed-in
	// user's own, newest first. It needs permission workorder.request.view.own.
	MyMaintenanceRequests postgrest.View[MyMaintenanceRequest]
	// SLAStatus reads v_work_order_sla_status: how work orders of any status
	// stand to their due times. Its key is the id of the work order.
	SLAStatus postgrest.View[SLAStatus]
	// SLAOpen reads v_work_orders_sla_open, the work orders in a status that is
	// not final and with a due time.
	SLAOpen postgrest.View[SLAOpenWorkOrder]

	rpc postgrest.Caller
}

func (s *WorkOrderService) bind(conn *api.Conn) {
	s.View = postgrest.NewView(conn, &workOrderView)
	s.Summaries = postgrest.NewView(conn, &workOrderSummaryView)
	s.TimeEntries = postgrest.NewView(conn, &workOrderTimeEntryView)
	s.Assignments = postgrest.NewView(conn, &workOrderAssignmentView)
	s.Attachments = postgrest.NewView(conn, &workOrderAttachmentView)
	s.Comms = postgrest.NewView(conn, &commsEventView)
	s.MyRequests = postgrest.NewView(conn, &workOrderRequestView)
	s.MaintenanceRequests = postgrest.NewView(conn, &maintenanceRequestView)
	s.MyMaintenanceRequests = postgrest.NewView(conn, &myMaintenanceRequestView)
	s.SLAStatus = postgrest.NewView(conn, &slaStatusView)
	s.SLAOpen = postgrest.NewView(conn, &slaOpenWorkOrderView)
	s.rpc = postgrest.NewCaller(conn)
}

// NotDraft matches work orders that have left the status draft.
func NotDraft() query.Filter { return workOrderCols.Status.NotEq("draft") }

// CreateWorkOrderParams describes a new work order.
type CreateWorkOrderParams struct {
	TenantID        string // optional: the client's tenant
	Title           string // required, up to 500 characters
	Description     string
	Priority        string    // key of the priority catalog; empty: "medium"
	MaintenanceType string    // key of the maintenance type catalog
	AssignedTo      string    // user id; not checked to be a member
	LocationID      string    // of the same tenant
	AssetID         string    // of the same tenant
	DueDate         time.Time // zero: none
	PMScheduleID    string    // of the same tenant and active
	ProjectID       string    // of the same tenant
	// ClientRequestID makes the call safe to repeat: the first create with an id
	// wins, and every later one in the tenant returns the same work order,
	// whatever else it asks for. Up to 256 characters, trimmed by the server.
	// With it, the SDK repeats the call after a transient failure.
	ClientRequestID string
}

// Create adds a work order and returns its id. The work order starts in status
// assigned when AssignedTo is given and in draft otherwise, with the due times
// of the tenant's SLA rule for its priority. Nobody is notified.
//
// Needs permission workorder.create. Fails with ErrInvalidReference when the
// priority, the maintenance type or a linked row is unknown, ErrInvalidInput
// when a value is malformed, ErrRuleViolation when the project or PM schedule
// does not exist, ErrPermissionDenied for another tenant's PM schedule, and
// ErrInProgress when ClientRequestID was claimed by hand.
//
// TypeScript: workOrders.create.
func (s *WorkOrderService) Create(ctx context.Context, p CreateWorkOrderParams) (string, error) {
	const op = "WorkOrders.Create"
	if err := sdkerr.RequireText(op, "Title", p.Title); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createWorkOrderArgs{
		TenantID:        p.TenantID,
		Title:           p.Title,
		Description:     postgrest.NullIfZero(p.Description),
		Priority:        new(orMedium(p.Priority)),
		MaintenanceType: postgrest.NullIfZero(p.MaintenanceType),
		AssignedTo:      postgrest.NullIfZero(p.AssignedTo),
		LocationID:      postgrest.NullIfZero(p.LocationID),
		AssetID:         postgrest.NullIfZero(p.AssetID),
		DueDate:         postgrest.NullIfZero(p.DueDate),
		PMScheduleID:    postgrest.NullIfZero(p.PMScheduleID),
		ProjectID:       postgrest.NullIfZero(p.ProjectID),
		ClientRequestID: postgrest.NullIfZero(p.ClientRequestID),
	})
}

// ImportWorkOrder is one row of a bulk import. The server trims the text; empty
// text counts as absent.
type ImportWorkOrder struct {
	Title       string    `json:"title"` // required, up to 500 characters
	Description string    `json:"description,omitempty"`
	Cause       string    `json:"cause,omitempty"`
	Resolution  string    `json:"resolution,omitempty"`
	Status      string    `json:"status,omitempty"`   // any status of the catalog; empty: "draft"
	Priority    string    `json:"priority,omitempty"` // empty: "medium"
	DueDate     time.Time `json:"due_date,omitzero"`
}

// BulkImportWorkOrdersParams holds the rows to import.
type BulkImportWorkOrdersParams struct {
	TenantID string // optional: the client's tenant
	Rows     []ImportWorkOrder
}

// BulkImport adds many work orders in one call. Bad rows (no title, unknown
// status or priority, text or times that cannot be sent) are skipped and
// reported in the result by their index; good ones stay. A row may start in any status: no move is checked, and a
// closed final status stamps the completion. No rows give an empty result.
//
// Needs permission workorder.create.
//
// TypeScript: workOrders.bulkImport.
func (s *WorkOrderService) BulkImport(ctx context.Context, p BulkImportWorkOrdersParams) (*types.BulkImportResult, error) {
	const op = "WorkOrders.BulkImport"
	return postgrest.BulkImport(ctx, s.rpc, op, p.Rows, func(rows json.RawMessage) postgrest.Args {
		return bulkImportWorkOrdersArgs{TenantID: p.TenantID, Rows: rows}
	})
}

// TransitionStatusParams names a work order and the status to move it to.
type TransitionStatusParams struct {
	TenantID    string // optional: the client's tenant
	WorkOrderID string // required
	ToStatusKey string // required, such as "in_progress"
}

// TransitionStatus moves a work order along the tenant's status graph. Entering
// a closed final status stamps who completed it and when; the first move to an
// acknowledging status meets the response SLA.
//
// Needs the permission that the move asks for (see StatusTransition in package
// org). Fails with ErrInvalidReference when there is no such move, the
// permission is missing or a guard refuses: the server gives one code for all
// three. An unknown work order is ErrRuleViolation, a tenant one is no member
// of ErrPermissionDenied. More than 30 moves of one user in a tenant within a
// minute fail with ErrRateLimited.
//
// TypeScript: workOrders.transitionStatus.
func (s *WorkOrderService) TransitionStatus(ctx context.Context, p TransitionStatusParams) error {
	const op = "WorkOrders.TransitionStatus"
	if err := sdkerr.RequireText(op, "WorkOrderID", p.WorkOrderID, "ToStatusKey", p.ToStatusKey); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, transitionWorkOrderStatusArgs(p))
}

// CompleteWorkOrderParams names a work order and what was found and done.
type CompleteWorkOrderParams struct {
	TenantID    string  // optional: the client's tenant
	WorkOrderID string  // required
	Cause       *string // nil: leave as it is
	Resolution  *string // nil: leave as it is
}

// Complete moves a work order to completed and stores cause and resolution. On
// a work order that is completed already it only changes the two texts.
//
// Needs what the move to completed asks for (workorder.complete.assigned from
// in_progress, workorder.complete.any from assigned) and fails like
// TransitionStatus.
//
// TypeScript: workOrders.complete.
func (s *WorkOrderService) Complete(ctx context.Context, p CompleteWorkOrderParams) error {
	const op = "WorkOrders.Complete"
	if err := sdkerr.RequireText(op, "WorkOrderID", p.WorkOrderID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, completeWorkOrderArgs(p))
}

// LogTimeParams describes time spent on a work order.
type LogTimeParams struct {
	TenantID       string     // optional: the client's tenant
	WorkOrderID    string     // required
	Minutes        int        // required, 1–1440
	EntryDate      types.Date // zero: today (UTC); a year back to a week ahead
	UserID         string     // whose time; empty: the signed-in user's
	Description    string     // up to 1,000 characters
	Latitude       *float64   // degrees, -90 to 90
	Longitude      *float64   // degrees, -180 to 180
	AccuracyMetres *float64   // 0 or more
}

// LogTime adds a time entry and returns its id. Any member may log their own
// time on any work order of the tenant, in any status.
//
// Logging for somebody else needs permission workorder.edit. Fails with
// ErrInvalidInput when a value is out of range, ErrInvalidReference when the
// user is not a member, and ErrRuleViolation when the work order does not
// exist.
//
// TypeScript: workOrders.logTime.
func (s *WorkOrderService) LogTime(ctx context.Context, p LogTimeParams) (string, error) {
	const op = "WorkOrders.LogTime"
	if err := sdkerr.RequireText(op, "WorkOrderID", p.WorkOrderID); err != nil {
		return "", err
	}
	if p.Minutes <= 0 {
		return "", sdkerr.Invalid(op, "Minutes", "must be 1 or more")
	}
	return postgrest.Call[string](ctx, s.rpc, op, logWorkOrderTimeArgs{
		TenantID:       p.TenantID,
		WorkOrderID:    p.WorkOrderID,
		Minutes:        p.Minutes,
		EntryDate:      postgrest.NullIfZero(p.EntryDate),
		UserID:         postgrest.NullIfZero(p.UserID),
		Description:    postgrest.NullIfZero(p.Description),
		Latitude:       p.Latitude,
		Longitude:      p.Longitude,
		AccuracyMetres: p.AccuracyMetres,
	})
}
