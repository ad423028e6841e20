package workorders

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// MobileService serves field devices: it brings their copy of the tenant's data
// up to date and takes what a technician does on site. The readers show the
// narrow rows that a device keeps; any member of the token's tenant may read
// them, work orders only with the permissions that v_work_orders asks for.
//
// TypeScript: mobile (listMobileWorkOrders is WorkOrders.List, and so on;
// registerEntityAttachment is Attachments.Register of the client).
type MobileService struct {
	WorkOrders  postgrest.View[MobileWorkOrder]  // v_mobile_work_orders
	Assets      postgrest.View[MobileAsset]      // v_mobile_assets
	Locations   postgrest.View[MobileLocation]   // v_mobile_locations
	TimeEntries postgrest.View[MobileTimeEntry]  // v_mobile_work_order_time_entries
	Attachments postgrest.View[MobileAttachment] // v_mobile_work_order_attachments
	CheckIns    postgrest.View[MobileCheckIn]    // v_mobile_work_order_check_ins
	Notes       postgrest.View[MobileNote]       // v_mobile_work_order_notes

	rpc postgrest.Caller
}

func (s *MobileService) bind(conn *api.Conn) {
	s.WorkOrders = postgrest.NewView(conn, &mobileWorkOrderView)
	s.Assets = postgrest.NewView(conn, &mobileAssetView)
	s.Locations = postgrest.NewView(conn, &mobileLocationView)
	s.TimeEntries = postgrest.NewView(conn, &mobileTimeEntryView)
	s.Attachments = postgrest.NewView(conn, &mobileAttachmentView)
	s.CheckIns = postgrest.NewView(conn, &mobileCheckInView)
	s.Notes = postgrest.NewView(conn, &mobileNoteView)
	s.rpc = postgrest.NewCaller(conn)
}

// StartParams names a work order and where the technician is.
type StartParams struct {
	TenantID       string   // optional: the client's tenant
	WorkOrderID    string   // required
	Latitude       *float64 // degrees, -90 to 90
	Longitude      *float64 // degrees, -180 to 180
	AccuracyMetres *float64 // 0 or more
}

// Start moves an assigned work order to in_progress and notes that the
// signed-in user has arrived. It returns the id of the check-in. Both happen or
// neither.
//
// The assignee may, others need permission workorder.edit; and the move itself
// asks for workorder.edit as new tenants are set up, so a plain technician
// cannot start their own work order until the tenant changes that. A move that
// is not there or not allowed, a second start among them, fails with
// ErrInvalidReference. Fails with ErrInvalidInput when the position is out of
// range, ErrRuleViolation when the work order does not exist, and
// ErrRateLimited like WorkOrders.TransitionStatus.
//
// TypeScript: mobile.startWorkOrder.
func (s *MobileService) Start(ctx context.Context, p StartParams) (string, error) {
	const op = "Mobile.Start"
	if err := sdkerr.RequireText(op, "WorkOrderID", p.WorkOrderID); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, startWorkOrderArgs(p))
}

// StopParams describes what was done on a work order.
type StopParams struct {
	TenantID       string   // optional: the client's tenant
	WorkOrderID    string   // required
	Complete       *bool    // nil: true
	Minutes        *int     // 1–1440: logged as the user's time today; nil: none
	Note           string   // trimmed by the server, up to 10,000 characters; blank: none
	Latitude       *float64 // degrees, -90 to 90
	Longitude      *float64 // degrees, -180 to 180
	AccuracyMetres *float64 // 0 or more
	Cause          *string  // when completing; nil: leave as it is
	Resolution     *string  // when completing; nil: leave as it is
}

// Stop ends the work on a work order: it logs the minutes, adds the note and,
// unless Complete says otherwise, completes the work order. All of it happens
// or nothing. On a work order that is completed already it still logs time and
// changes the two texts.
//
// The assignee may, others need permission workorder.edit; completing needs
// what WorkOrders.Complete needs and fails like it. Fails with ErrInvalidInput
// when a value is out of range and ErrRuleViolation when the work order does not
// exist.
//
// TypeScript: mobile.stopWorkOrder.
func (s *MobileService) Stop(ctx context.Context, p StopParams) error {
	const op = "Mobile.Stop"
	if err := sdkerr.RequireText(op, "WorkOrderID", p.WorkOrderID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, stopWorkOrderArgs{
		TenantID:       p.TenantID,
		WorkOrderID:    p.WorkOrderID,
		Complete:       p.Complete,
		Minutes:        p.Minutes,
		Note:           postgrest.NullIfZero(p.Note),
		Latitude:       p.Latitude,
		Longitude:      p.Longitude,
		AccuracyMetres: p.AccuracyMetres,
		Cause:          p.Cause,
		Resolution:     p.Resolution,
	})
}

// AddNoteParams describes a note on a work order.
type AddNoteParams struct {
	TenantID    string   // optional: the client's tenant
	WorkOrderID string   // required
	Body        string   // required, up to 10,000 characters, kept as it is
	Latitude    *float64 // degrees, -90 to 90
	Longitude   *float64 // degrees, -180 to 180
}

// AddNote adds a note of the signed-in user to a work order and returns its id.
//
// The assignee may, others need permission workorder.edit. Fails with
// ErrInvalidInput when a value is out of range and ErrRuleViolation when the
// work order does not exist.
//
// TypeScript: mobile.addNote.
func (s *MobileService) AddNote(ctx context.Context, p AddNoteParams) (string, error) {
	const op = "Mobile.AddNote"
	if err := sdkerr.RequireText(op, "WorkOrderID", p.WorkOrderID, "Body", p.Body); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, addWorkOrderNoteArgs(p))
}
