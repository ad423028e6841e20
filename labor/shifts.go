package labor

import (
	"context"
	"slices"
	"time"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
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
	return postgrest.Rows(ctx, s.rpc, op, checkShiftConflictsArgs{
		TechnicianID:   p.TechnicianID,
		StartAt:        postgrest.NullIfZero(p.StartAt),
		EndAt:          postgrest.NullIfZero(p.EndAt),
		ExcludeShiftID: postgrest.NullIfZero(p.ExcludeShiftID),
	}, []string{"id"}, func(c ShiftConflict) []string { return []string{c.ID} })
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
// The server shortens long answers. The shifts that it leaves out are read from
// Shifts, which shows those of the token's tenant only: when it cannot, the error
// is ErrDecode and says that the shifts are made.
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
	rows, err := postgrest.Call[[]GeneratedShift](ctx, s.rpc, op, generateShiftsFromTemplatesArgs(p))
	if err != nil || len(rows) < postgrest.ShortestCut {
		return rows, err
	}
	return s.allGenerated(ctx, op, rows)
}

// allGenerated reads what was made together with rows, which may be the first of
// more: all that one call makes has the same time of creation.
func (s *Service) allGenerated(ctx context.Context, op string, rows []GeneratedShift) ([]GeneratedShift, error) {
	lost := func(err error) error {
		return sdkerr.New(op, sdkerr.ErrDecode, "the shifts are made, but not all of them could be read: %v", err)
	}
	generated := postgrest.NewView(s.rpc.Conn(), generatedView)
	one, err := generated.Get(ctx, rows[0].ID)
	if err != nil {
		return nil, lost(err)
	}
	shifts, err := generated.List(ctx, query.Where(shiftCols.CreatedAt.Eq(one.CreatedAt)))
	if err != nil {
		return nil, lost(err)
	}
	all := make([]GeneratedShift, len(shifts))
	for i, r := range shifts {
		all[i] = GeneratedShift{
			ID: r.ID, TechnicianID: r.TechnicianID, CrewID: r.CrewID, StartAt: r.StartAt, EndAt: r.EndAt, ShiftType: r.ShiftType, Label: r.Label,
		}
	}
	slices.SortStableFunc(all, func(a, b GeneratedShift) int { return a.StartAt.Compare(b.StartAt) })
	return all, nil
}
