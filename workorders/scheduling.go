package workorders

import (
	"context"
	"time"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// SchedulingService plans work orders: it gives each a time slot, called a
// schedule block, of one technician or one crew. Planning changes neither the
// status nor the assignee of a work order. Times are instants; their zone does
// not matter.
//
// The tenant comes from the work order, the block, the technician or the crew.
// There is no permission for planning: any member of that tenant may. The
// readers show blocks of work orders that the caller may see.
//
// TypeScript: scheduling (listScheduleBlocks is Blocks.List,
// listScheduleByTechnician is ByTechnician.List with a filter, and so on).
type SchedulingService struct {
	// Blocks reads v_schedule_blocks.
	Blocks postgrest.View[ScheduleBlock]
	// ByTechnician reads v_schedule_by_technician, the blocks of technicians.
	ByTechnician postgrest.View[TechnicianScheduleBlock]
	// ByCrew reads v_schedule_by_crew, the blocks of crews.
	ByCrew postgrest.View[CrewScheduleBlock]
	// ByAsset reads v_schedule_by_asset, the blocks that have an effective
	// asset: their own, or the work order's.
	ByAsset postgrest.View[AssetScheduleBlock]
	// ByLocation reads v_schedule_by_location, the blocks that have an effective
	// location: their own, or the work order's.
	ByLocation postgrest.View[LocationScheduleBlock]

	rpc postgrest.Caller
}

func (s *SchedulingService) bind(conn *api.Conn) {
	s.Blocks = postgrest.NewView(conn, &scheduleBlockView)
	s.ByTechnician = postgrest.NewView(conn, &technicianScheduleBlockView)
	s.ByCrew = postgrest.NewView(conn, &crewScheduleBlockView)
	s.ByAsset = postgrest.NewView(conn, &assetScheduleBlockView)
	s.ByLocation = postgrest.NewView(conn, &locationScheduleBlockView)
	s.rpc = postgrest.NewCaller(conn)
}

// ScheduleParams describes a time slot for a work order.
type ScheduleParams struct {
	WorkOrderID  string    // required
	TechnicianID string    // either this
	CrewID       string    // or this
	StartAt      time.Time // required
	EndAt        time.Time // required, after StartAt
	LocationID   string    // empty: the work order's
	AssetID      string    // empty: the work order's
}

// Schedule gives a work order a time slot and returns the id of the block. The
// block that the work order had is replaced. A technician is also added to the
// work order's assignments. Conflicts are not looked for (see Validate), and
// nobody is notified.
//
// Needs membership of the work order's tenant, no permission. Fails with
// ErrInvalidInput unless exactly one of technician and crew is given and the
// end is after the start, ErrNotFound when the work order does not exist,
// ErrPermissionDenied when it is another tenant's, and ErrInvalidReference when
// another id is unknown.
//
// TypeScript: scheduling.scheduleWorkOrder.
func (s *SchedulingService) Schedule(ctx context.Context, p ScheduleParams) (string, error) {
	const op = "Scheduling.Schedule"
	if err := sdkerr.RequireText(op, "WorkOrderID", p.WorkOrderID); err != nil {
		return "", err
	}
	if (p.TechnicianID == "") == (p.CrewID == "") {
		return "", sdkerr.New(op, sdkerr.ErrInvalidInput, "exactly one of TechnicianID and CrewID is required")
	}
	switch {
	case p.StartAt.IsZero():
		return "", sdkerr.Required(op, "StartAt")
	case p.EndAt.IsZero():
		return "", sdkerr.Required(op, "EndAt")
	case !p.EndAt.After(p.StartAt):
		return "", sdkerr.Invalid(op, "EndAt", "must be after StartAt")
	}
	return postgrest.Call[string](ctx, s.rpc, op, scheduleWorkOrderArgs{
		WorkOrderID:  p.WorkOrderID,
		TechnicianID: postgrest.NullIfZero(p.TechnicianID),
		CrewID:       postgrest.NullIfZero(p.CrewID),
		StartAt:      &p.StartAt,
		EndAt:        &p.EndAt,
		LocationID:   postgrest.NullIfZero(p.LocationID),
		AssetID:      postgrest.NullIfZero(p.AssetID),
	})
}

// UpdateScheduleBlockParams says what to change. A nil field stays as it is.
type UpdateScheduleBlockParams struct {
	ScheduleBlockID string  // required
	TechnicianID    *string // takes the block from another technician or a crew
	CrewID          *string // only of a block of a crew: see Update
	StartAt         *time.Time
	EndAt           *time.Time
	LocationID      *string // cannot be cleared
	AssetID         *string // cannot be cleared
}

// Update changes a schedule block and returns its id, which stays the same. The
// technician that it has then is added to the work order's assignments; earlier
// ones stay there. The platform cannot move a block from a technician to a
// crew (ErrInvalidInput): Schedule the work order anew.
//
// Needs membership of the block's tenant, no permission. Fails with ErrNotFound
// when the block does not exist, ErrPermissionDenied when it is another
// tenant's, ErrInvalidInput when both technician and crew are given or the end
// is not after the start, and ErrInvalidReference when an id is unknown.
//
// TypeScript: scheduling.updateScheduleBlock.
func (s *SchedulingService) Update(ctx context.Context, p UpdateScheduleBlockParams) (string, error) {
	const op = "Scheduling.Update"
	if err := sdkerr.RequireText(op, "ScheduleBlockID", p.ScheduleBlockID); err != nil {
		return "", err
	}
	if p.TechnicianID != nil && p.CrewID != nil {
		return "", sdkerr.New(op, sdkerr.ErrInvalidInput, "only one of TechnicianID and CrewID can be given")
	}
	if err := sdkerr.RefuseZero(op, "StartAt", p.StartAt); err != nil {
		return "", err
	}
	if err := sdkerr.RefuseZero(op, "EndAt", p.EndAt); err != nil {
		return "", err
	}
	if p.StartAt != nil && p.EndAt != nil && !p.EndAt.After(*p.StartAt) {
		return "", sdkerr.Invalid(op, "EndAt", "must be after StartAt")
	}
	return postgrest.Call[string](ctx, s.rpc, op, updateScheduleBlockArgs(p))
}

// UnscheduleParams names a schedule block, or the work order whose block it is.
// With both, the block counts.
type UnscheduleParams struct {
	ScheduleBlockID string
	WorkOrderID     string
}

// Unschedule takes a work order's time slot away. Its assignments stay. A block
// that does not exist is fine: nothing happens.
//
// Needs membership of the block's tenant, no permission (ErrPermissionDenied).
// Fails with ErrInvalidInput when neither id is given.
//
// TypeScript: scheduling.unscheduleWorkOrder.
func (s *SchedulingService) Unschedule(ctx context.Context, p UnscheduleParams) error {
	const op = "Scheduling.Unschedule"
	if p.ScheduleBlockID == "" && p.WorkOrderID == "" {
		return sdkerr.New(op, sdkerr.ErrInvalidInput, "ScheduleBlockID or WorkOrderID is required")
	}
	return postgrest.Exec(ctx, s.rpc, op, unscheduleWorkOrderArgs{
		ScheduleBlockID: postgrest.NullIfZero(p.ScheduleBlockID),
		WorkOrderID:     postgrest.NullIfZero(p.WorkOrderID),
	})
}
