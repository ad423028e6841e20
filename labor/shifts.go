package labor

import (
	"context"
	"time"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// CheckShiftConflictsParams says which time of which technician to look at.
type CheckShiftConflictsParams struct {
	TechnicianID   string    // required
	StartAt        time.Time // zero: since ever
	EndAt          time.Time // after StartAt; zero: for ever
	ExcludeShiftID string    // a shift that does not count, such as the one to be moved
}

// CheckShiftConflicts returns the technician's shifts in a time, in no special
// order, and none when there are none. Shifts that only touch it do not count,
// and neither do those of crews. The deployed platform asks for no permission and
// also tells of technicians of other tenants.
//
// TypeScript: labor.checkShiftConflicts, which answers an empty list when the end
// is not after the start; here that is ErrInvalidInput.
func (s *Service) CheckShiftConflicts(ctx context.Context, p CheckShiftConflictsParams) ([]ShiftConflict, error) {
	const op = "Labor.CheckShiftConflicts"
	if err := sdkerr.RequireText(op, "TechnicianID", p.TechnicianID); err != nil {
		return nil, err
	}
	if !p.StartAt.IsZero() && !p.EndAt.IsZero() && !p.EndAt.After(p.StartAt) {
		return nil, sdkerr.Invalid(op, "EndAt", "must be after StartAt")
	}
	return postgrest.Call[[]ShiftConflict](ctx, s.rpc, op, checkShiftConflictsArgs{
		TechnicianID:   p.TechnicianID,
		StartAt:        postgrest.NullIfZero(p.StartAt),
		EndAt:          postgrest.NullIfZero(p.EndAt),
		ExcludeShiftID: postgrest.NullIfZero(p.ExcludeShiftID),
	})
}

// GenerateShiftsFromTemplatesParams says for which days to make shifts.
type GenerateShiftsFromTemplatesParams struct {
	TenantID  string     // optional: the client's tenant
	StartDate types.Date // required: the first day
	EndDate   types.Date // required: the last day
}

// GenerateShiftsFromTemplates makes a shift of every template of the tenant for
// each of its weekdays in the days, and returns them day by day. The times of
// templates are read as UTC, so the shifts of a place with summer time move by an
// hour twice a year.
//
// Every call makes its shifts anew, also where there are some: look into Shifts
// first. It is never repeated by itself. Any member of the tenant may call it;
// others get ErrPermissionDenied.
//
// TypeScript: labor.generateShiftsFromTemplates.
func (s *Service) GenerateShiftsFromTemplates(ctx context.Context, p GenerateShiftsFromTemplatesParams) ([]GeneratedShift, error) {
	const op = "Labor.GenerateShiftsFromTemplates"
	switch {
	case p.StartDate.IsZero():
		return nil, sdkerr.Required(op, "StartDate")
	case p.EndDate.IsZero():
		return nil, sdkerr.Required(op, "EndDate")
	case p.EndDate.Before(p.StartDate):
		return nil, sdkerr.Invalid(op, "EndDate", "is before StartDate")
	}
	return postgrest.Call[[]GeneratedShift](ctx, s.rpc, op, generateShiftsFromTemplatesArgs(p))
}
