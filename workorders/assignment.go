package workorders

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// AssignWorkOrderParams names a work order and the user who is to do it.
type AssignWorkOrderParams struct {
	TenantID    string // optional: the client's tenant
	WorkOrderID string // required
	AssignedTo  string // user id, not a technician's; not checked to be a member; empty: nobody
}

// Assign puts a user in charge of a work order, or nobody when AssignedTo is
// empty. The status stays as it is. The new assignee is notified
// (EventWorkOrderAssigned) once ever per work order: assigning the same user
// again later sends nothing.
//
// Needs permission workorder.assign. Fails with ErrInvalidReference when the
// user does not exist and ErrRuleViolation when the work order does not.
//
// Not in the TypeScript SDK.
func (s *WorkOrderService) Assign(ctx context.Context, p AssignWorkOrderParams) error {
	const op = "WorkOrders.Assign"
	if err := sdkerr.RequireText(op, "WorkOrderID", p.WorkOrderID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, assignWorkOrderArgs{
		TenantID:    p.TenantID,
		WorkOrderID: p.WorkOrderID,
		AssignedTo:  postgrest.NullIfZero(p.AssignedTo),
	})
}
