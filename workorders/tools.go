package workorders

import (
	"context"
	"time"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// ToolAvailable is the status in which a tool can be checked out. Other
// statuses are keys of your own.
const ToolAvailable = "available"

// CreateToolParams describes a new tool. The server trims the text.
type CreateToolParams struct {
	TenantID     string // optional: the client's tenant
	Name         string // required, 1–255 characters
	AssetTag     string // need not be unique
	SerialNumber string // need not be unique
	Status       string // 1–50 of a–z, 0–9 and _; empty: ToolAvailable
}

// CreateTool adds a tool and returns its id.
//
// Needs permission tool.manage. Fails with ErrInvalidInput when the name or the
// status is malformed.
//
// TypeScript: fieldOps.createTool.
func (s *FieldOpsService) CreateTool(ctx context.Context, p CreateToolParams) (string, error) {
	const op = "FieldOps.CreateTool"
	if err := sdkerr.RequireText(op, "Name", p.Name); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createToolArgs{
		TenantID:     p.TenantID,
		Name:         p.Name,
		AssetTag:     postgrest.NullIfZero(p.AssetTag),
		SerialNumber: postgrest.NullIfZero(p.SerialNumber),
		Status:       postgrest.NullIfZero(p.Status),
	})
}

// UpdateToolParams says what to change. A nil field stays as it is.
type UpdateToolParams struct {
	TenantID     string // optional: the client's tenant
	ToolID       string // required
	Name         *string
	AssetTag     *string // blank: none
	SerialNumber *string // blank: none
	Status       *string
}

// UpdateTool changes a tool.
//
// Needs permission tool.manage. Fails with ErrInvalidInput when a value is
// malformed, ErrInvalidReference when the status is to leave ToolAvailable
// while the tool is out, and ErrRuleViolation when the tool does not exist.
//
// TypeScript: fieldOps.updateTool.
func (s *FieldOpsService) UpdateTool(ctx context.Context, p UpdateToolParams) error {
	const op = "FieldOps.UpdateTool"
	if err := sdkerr.RequireText(op, "ToolID", p.ToolID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updateToolArgs(p))
}

// CheckoutToolParams says who takes a tool.
type CheckoutToolParams struct {
	TenantID           string    // optional: the client's tenant
	ToolID             string    // required
	CheckedOutToUserID string    // required; not checked to be a member
	WorkOrderID        string    // of the same tenant
	DueAt              time.Time // zero: none
	Notes              string
}

// CheckoutTool gives a tool to a user and returns the id of the checkout. The
// tool keeps its status; the open checkout is what keeps others from taking it.
//
// Needs permission tool.checkout. Fails with ErrConflict when the tool is out,
// ErrInvalidReference when its status is not ToolAvailable or the user or work
// order is unknown, and ErrRuleViolation when the tool does not exist.
//
// TypeScript: fieldOps.checkoutTool.
func (s *FieldOpsService) CheckoutTool(ctx context.Context, p CheckoutToolParams) (string, error) {
	const op = "FieldOps.CheckoutTool"
	if err := sdkerr.RequireText(op, "ToolID", p.ToolID, "CheckedOutToUserID", p.CheckedOutToUserID); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, checkoutToolArgs{
		TenantID:           p.TenantID,
		ToolID:             p.ToolID,
		CheckedOutToUserID: p.CheckedOutToUserID,
		DueAt:              postgrest.NullIfZero(p.DueAt),
		WorkOrderID:        postgrest.NullIfZero(p.WorkOrderID),
		Notes:              postgrest.NullIfZero(p.Notes),
	})
}

// ReturnToolParams names a checkout.
type ReturnToolParams struct {
	TenantID   string // optional: the client's tenant
	CheckoutID string // required
}

// ReturnTool ends a checkout. Anybody with the permission may, not just the
// user who has the tool.
//
// Needs permission tool.return. Fails with ErrRuleViolation when the checkout
// does not exist or has ended.
//
// TypeScript: fieldOps.returnTool.
func (s *FieldOpsService) ReturnTool(ctx context.Context, p ReturnToolParams) error {
	const op = "FieldOps.ReturnTool"
	if err := sdkerr.RequireText(op, "CheckoutID", p.CheckoutID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, returnToolArgs(p))
}
