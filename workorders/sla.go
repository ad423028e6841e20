package workorders

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// AcknowledgeParams names a work order.
type AcknowledgeParams struct {
	TenantID    string // optional: the client's tenant
	WorkOrderID string // required
}

// Acknowledge meets the response SLA of a work order: it stamps AcknowledgedAt,
// in any status. The first time wins; again it changes nothing. A breach that
// was noticed before stays noted.
//
// Needs permission workorder.acknowledge. Fails with ErrRuleViolation when the
// work order does not exist.
//
// TypeScript: workOrders.acknowledge.
func (s *WorkOrderService) Acknowledge(ctx context.Context, p AcknowledgeParams) error {
	const op = "WorkOrders.Acknowledge"
	if err := sdkerr.RequireText(op, "WorkOrderID", p.WorkOrderID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, acknowledgeWorkOrderArgs(p))
}

// UpsertSLARuleParams describes within which time work orders of a priority
// must be answered and resolved.
type UpsertSLARuleParams struct {
	TenantID    string // optional: the client's tenant
	RuleID      string // the rule to change; empty: add one
	PriorityKey string // required, also to change a rule, which keeps its own
	// MaintenanceTypeKey narrows a new rule to one maintenance type; empty: the
	// rule holds for every type that has none of its own. A rule keeps it.
	MaintenanceTypeKey string
	ResponseInterval   types.Interval // above zero; required for a new rule, zero: unchanged
	ResolutionInterval types.Interval // above zero; required for a new rule, zero: unchanged
	IsActive           *bool          // nil: true for a new rule, else unchanged
}

// UpsertSLARule adds an SLA rule, or changes the intervals and the state of
// one, and returns its id. Keep the id: no view shows the rules, and nothing
// deletes one; make it inactive instead. Work orders that exist keep their due
// times.
//
// Needs permission tenant.sla.manage. Fails with ErrInvalidReference when the
// priority or the maintenance type is unknown, ErrInvalidInput when an interval
// is missing or not above zero, ErrConflict when there would be a second active
// rule for the same priority and type, and ErrRuleViolation when the rule to
// change does not exist.
//
// TypeScript: workOrders.upsertSlaRule.
func (s *WorkOrderService) UpsertSLARule(ctx context.Context, p UpsertSLARuleParams) (string, error) {
	const op = "WorkOrders.UpsertSLARule"
	if err := sdkerr.RequireText(op, "PriorityKey", p.PriorityKey); err != nil {
		return "", err
	}
	if p.RuleID == "" && p.ResponseInterval == (types.Interval{}) {
		return "", sdkerr.Required(op, "ResponseInterval")
	}
	if p.RuleID == "" && p.ResolutionInterval == (types.Interval{}) {
		return "", sdkerr.Required(op, "ResolutionInterval")
	}
	if p.RuleID == "" && p.IsActive == nil {
		p.IsActive = new(true) // null would not mean it
	}
	return postgrest.Call[string](ctx, s.rpc, op, upsertWorkOrderSLARuleArgs{
		TenantID:           p.TenantID,
		PriorityKey:        p.PriorityKey,
		MaintenanceTypeKey: postgrest.NullIfZero(p.MaintenanceTypeKey),
		ResponseInterval:   postgrest.NullIfZero(p.ResponseInterval),
		ResolutionInterval: postgrest.NullIfZero(p.ResolutionInterval),
		IsActive:           p.IsActive,
		RuleID:             postgrest.NullIfZero(p.RuleID),
	})
}
