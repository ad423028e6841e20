package workorders

import (
	"context"
	"time"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// HandoverStatus says how far a shift handover has come.
type HandoverStatus string

// The statuses of shift handovers.
const (
	HandoverDraft        HandoverStatus = "draft"
	HandoverSubmitted    HandoverStatus = "submitted"    // by its author
	HandoverAcknowledged HandoverStatus = "acknowledged" // by the user it is for
)

// HandoverPriority is how much an item of a handover matters.
type HandoverPriority string

// The priorities of handover items.
const (
	HandoverLow      HandoverPriority = "low"
	HandoverNormal   HandoverPriority = "normal"
	HandoverHigh     HandoverPriority = "high"
	HandoverCritical HandoverPriority = "critical"
)

// CreateShiftHandoverParams describes a handover.
type CreateShiftHandoverParams struct {
	TenantID       string    // optional: the client's tenant
	LocationID     string    // empty: none; not checked to be of the tenant
	ToUserID       string    // required: who takes over; not checked to be a member
	ShiftStartedAt time.Time // required
	ShiftEndedAt   time.Time // required, not before ShiftStartedAt
	Summary        string
}

// CreateShiftHandover starts a handover by the signed-in user, as a draft, and
// returns its id.
//
// Needs permission shift_handover.create. Fails with ErrInvalidInput when the
// shift ends before it starts and ErrInvalidReference when the location or the
// user is unknown.
//
// TypeScript: fieldOps.createShiftHandover.
func (s *FieldOpsService) CreateShiftHandover(ctx context.Context, p CreateShiftHandoverParams) (string, error) {
	const op = "FieldOps.CreateShiftHandover"
	if err := sdkerr.RequireText(op, "ToUserID", p.ToUserID); err != nil {
		return "", err
	}
	switch {
	case p.ShiftStartedAt.IsZero():
		return "", sdkerr.Required(op, "ShiftStartedAt")
	case p.ShiftEndedAt.IsZero():
		return "", sdkerr.Required(op, "ShiftEndedAt")
	}
	return postgrest.Call[string](ctx, s.rpc, op, createShiftHandoverArgs{
		TenantID:       p.TenantID,
		LocationID:     postgrest.NullIfZero(p.LocationID),
		ShiftStartedAt: p.ShiftStartedAt,
		ShiftEndedAt:   p.ShiftEndedAt,
		ToUserID:       p.ToUserID,
		Summary:        postgrest.NullIfZero(p.Summary),
	})
}

// AddShiftHandoverItemParams describes one point of a handover.
type AddShiftHandoverItemParams struct {
	TenantID    string           // optional: the client's tenant
	HandoverID  string           // required
	Body        string           // required, trimmed by the server
	Priority    HandoverPriority // empty: HandoverNormal
	WorkOrderID string
}

// AddShiftHandoverItem adds a point to a handover and returns its id. No view
// shows the items. The platform does not check that the handover is the
// caller's own, is still a draft, and belongs to the tenant: add items only to
// handovers that CreateShiftHandover gave.
//
// Needs permission shift_handover.create. Fails with ErrInvalidInput when the
// body is blank or the priority unknown and ErrInvalidReference when the
// handover or the work order does not exist.
//
// TypeScript: fieldOps.addShiftHandoverItem.
func (s *FieldOpsService) AddShiftHandoverItem(ctx context.Context, p AddShiftHandoverItemParams) (string, error) {
	const op = "FieldOps.AddShiftHandoverItem"
	if err := sdkerr.RequireText(op, "HandoverID", p.HandoverID, "Body", p.Body); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, addShiftHandoverItemArgs{
		TenantID:    p.TenantID,
		HandoverID:  p.HandoverID,
		Body:        p.Body,
		WorkOrderID: postgrest.NullIfZero(p.WorkOrderID),
		Priority:    postgrest.NullIfZero(p.Priority),
	})
}

// SubmitShiftHandoverParams names a handover.
type SubmitShiftHandoverParams struct {
	TenantID   string // optional: the client's tenant
	HandoverID string // required
}

// SubmitShiftHandover submits a draft of the signed-in user. Nobody is
// notified.
//
// Needs permission shift_handover.create. Fails with ErrRuleViolation when the
// handover does not exist, is somebody else's or is not a draft.
//
// TypeScript: fieldOps.submitShiftHandover.
func (s *FieldOpsService) SubmitShiftHandover(ctx context.Context, p SubmitShiftHandoverParams) error {
	const op = "FieldOps.SubmitShiftHandover"
	if err := sdkerr.RequireText(op, "HandoverID", p.HandoverID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, submitShiftHandoverArgs(p))
}

// AcknowledgeShiftHandoverParams names a handover.
type AcknowledgeShiftHandoverParams struct {
	TenantID   string // optional: the client's tenant
	HandoverID string // required
}

// AcknowledgeShiftHandover confirms a submitted handover to the signed-in user.
//
// Needs permission shift_handover.acknowledge. Fails with ErrRuleViolation when
// the handover does not exist, is for somebody else or is not submitted.
//
// TypeScript: fieldOps.acknowledgeShiftHandover.
func (s *FieldOpsService) AcknowledgeShiftHandover(ctx context.Context, p AcknowledgeShiftHandoverParams) error {
	const op = "FieldOps.AcknowledgeShiftHandover"
	if err := sdkerr.RequireText(op, "HandoverID", p.HandoverID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, acknowledgeShiftHandoverArgs(p))
}
