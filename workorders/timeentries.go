package workorders

import (
	"context"
	"time"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

// UpdateTimeEntryParams says what to change. A nil field stays as it is. The
// work order and the user of an entry are not here: delete the entry and log
// another one, so that the server checks whether the caller may.
type UpdateTimeEntryParams struct {
	TimeEntryID string      // required
	Minutes     *int        // 1–1440
	EntryDate   *types.Date // a year back to a week ahead
	Description *string     // up to 1,000 characters; "": none
	LoggedAt    *time.Time
	OfAnyone    bool // also an entry that neither counts for nor was logged by the user
}

// UpdateTimeEntry corrects a time entry.
//
// The platform lets every member of the tenant change every entry. So that a
// wrong id does no harm, the SDK changes only entries of the signed-in user,
// or logged by them, unless OfAnyone is set: check before who is asking. Fails
// with ErrNotFound when there is no such entry in the token's tenant and with
// ErrInvalidInput when a value is out of range or nothing is to change.
//
// Not in the TypeScript SDK.
func (s *WorkOrderService) UpdateTimeEntry(ctx context.Context, p UpdateTimeEntryParams) error {
	const op = "WorkOrders.UpdateTimeEntry"
	if err := sdkerr.RequireText(op, "TimeEntryID", p.TimeEntryID); err != nil {
		return err
	}
	if err := postgrest.MaxLength(op, "Description", p.Description, 1000); err != nil {
		return err
	}
	if err := sdkerr.RefuseZero(op, "EntryDate", p.EntryDate); err != nil {
		return err
	}
	if err := sdkerr.RefuseZero(op, "LoggedAt", p.LoggedAt); err != nil {
		return err
	}
	changes := map[string]any{}
	if p.Minutes != nil {
		changes["minutes"] = *p.Minutes
	}
	if p.EntryDate != nil {
		changes["entry_date"] = *p.EntryDate
	}
	if p.Description != nil {
		changes["description"] = postgrest.NullIfZero(*p.Description)
	}
	if p.LoggedAt != nil {
		changes["logged_at"] = *p.LoggedAt
	}
	own, err := s.ownEntries(ctx, op, p.OfAnyone)
	if err != nil {
		return err
	}
	return postgrest.Update(ctx, s.rpc, op, &workOrderTimeEntryView, p.TimeEntryID, changes, own)
}

// DeleteTimeEntryParams names a time entry.
type DeleteTimeEntryParams struct {
	TimeEntryID string // required
	OfAnyone    bool   // also an entry that neither counts for nor was logged by the user
}

// DeleteTimeEntry deletes a time entry for good.
//
// As for UpdateTimeEntry, the platform lets every member of the tenant do it,
// and the SDK deletes only entries of the signed-in user, or logged by them,
// unless OfAnyone is set. Fails with ErrNotFound when there is no such entry in
// the token's tenant.
//
// Not in the TypeScript SDK.
func (s *WorkOrderService) DeleteTimeEntry(ctx context.Context, p DeleteTimeEntryParams) error {
	const op = "WorkOrders.DeleteTimeEntry"
	if err := sdkerr.RequireText(op, "TimeEntryID", p.TimeEntryID); err != nil {
		return err
	}
	own, err := s.ownEntries(ctx, op, p.OfAnyone)
	if err != nil {
		return err
	}
	return postgrest.Delete(ctx, s.rpc, op, &workOrderTimeEntryView, p.TimeEntryID, own)
}

// ownEntries matches the time entries that the signed-in user may change
// without asking for OfAnyone.
func (s *WorkOrderService) ownEntries(ctx context.Context, op string, ofAnyone bool) (query.Filter, error) {
	if ofAnyone {
		return query.Filter{}, nil
	}
	user, err := s.rpc.UserID(ctx, op)
	if err != nil {
		return query.Filter{}, err
	}
	return query.Or(
		timeEntryCols.UserID.Eq(user),
		timeEntryCols.CreatedBy.Eq(user),
	), nil
}
