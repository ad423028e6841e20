package pm

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/keylock"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// GenerateDueParams says for how many schedules to make work orders.
type GenerateDueParams struct {
	TenantID string // optional: the client's tenant
	Limit    int    // how many due schedules to look at, the oldest due first; 0: the server's default of 100
	// Repeat makes another work order also for a schedule whose last one is not
	// done.
	Repeat bool
}

// GenerateDue makes a work order for each schedule that generates by itself and
// whose date has come, and returns how many were made. Schedules that wait for
// another one are passed over; those with a usage trigger get their work orders
// from readings. The platform does the same by itself every 15 minutes, except
// for schedules with an open work order, so there is rarely a need to call it.
//
// A schedule stays due until a work order of it is completed, and the function
// of the platform makes another one at each call until then. So GenerateDue
// first looks for open work orders of the schedules that it is about to reach,
// and fails with ErrConflict, having made nothing, when there is one, unless
// Repeat is set. The calls of one program for a tenant wait for each other,
// whichever clients and users they are of, so that none misses what the one
// before has made; two programs that call at the same moment can still make two.
// The look shows what the caller may see, of the tenant in the token: where
// TenantID is another one, the call is ErrTenantMismatch without Repeat.
//
// All or nothing: one schedule that no work order can be made of fails the whole
// call, such as one with a blank work-order title, which other programs can
// store (ErrInvalidInput).
//
// Needs permission workorder.create.
//
// TypeScript: pm.generateDuePms, which looks for nothing, and without a limit
// takes all schedules.
func (s *Service) GenerateDue(ctx context.Context, p GenerateDueParams) (int, error) {
	const op = "PM.GenerateDue"
	if p.Limit < 0 || p.Limit > math.MaxInt32 {
		return 0, sdkerr.Invalid(op, "Limit", "must be 0 or more")
	}
	if p.TenantID != "" {
		if err := sdkerr.RequireText(op, "TenantID", p.TenantID); err != nil {
			return 0, err
		}
	}
	tenant, err := s.conn.TenantFor(ctx, op, p.TenantID)
	if err != nil {
		return 0, err
	}
	ctx, unlock, err := generations.Lock(ctx, s.conn.BaseURL()+" "+strings.ToLower(tenant))
	if errors.Is(err, sdkerr.ErrUnavailable) { // nested
		return 0, err
	}
	if err != nil {
		return 0, sdkerr.NotSent(op, err, nil)
	}
	defer unlock()
	if !p.Repeat {
		if err := s.refuseRepeat(ctx, op, tenant, p.Limit); err != nil {
			return 0, err
		}
	}
	return postgrest.Call[int](ctx, s.rpc, op, generateDuePMsArgs{TenantID: p.TenantID, Limit: postgrest.NullIfZero(p.Limit)})
}

// generations are one at a time for each tenant, in this program.
var generations = keylock.Set{Nested: sdkerr.New("PM.GenerateDue", sdkerr.ErrUnavailable,
	"a middleware at work for a generation cannot wait for that generation")}

// refuseRepeat looks at the schedules that a generation reaches, and as many as
// are due at the same moment as the last of them.
func (s *Service) refuseRepeat(ctx context.Context, op, tenant string, limit int) error {
	seen, err := s.conn.ReadTenant(ctx, op)
	if err != nil {
		return err
	}
	if seen != "" && !strings.EqualFold(seen, tenant) {
		return sdkerr.New(op, sdkerr.ErrTenantMismatch,
			"the params name tenant %s, but the token shows open work orders of tenant %s only", strings.ToLower(tenant), seen)
	}
	if limit == 0 {
		limit = 100
	}
	filters := []query.Filter{
		scheduleCols.IsOverdue.Eq(true), scheduleCols.AutoGenerate.Eq(true), scheduleCols.TriggerType.Eq(TriggerTime),
	}
	var ids []string
	var last time.Time
	for schedule, err := range s.Schedules.All(ctx, query.Where(filters...), query.OrderBy(scheduleCols.NextDueDate.Asc())) {
		if err != nil {
			return err
		}
		if schedule.NextDueDate == nil || len(ids) >= limit && schedule.NextDueDate.After(last) {
			break
		}
		ids, last = append(ids, schedule.ID), *schedule.NextDueDate
	}
	if len(ids) == 0 {
		return nil
	}
	open, err := postgrest.NewView(s.conn, &openWorkOrderView).List(ctx, query.Limit(1),
		query.Where(openWorkOrderCols.PMScheduleID.In(ids...), openWorkOrderCols.CompletedAt.IsNull()))
	if err != nil || len(open) == 0 {
		return err
	}
	return sdkerr.New(op, sdkerr.ErrConflict,
		"PM schedule %s is due and has the open work order %s: generating would make another one", *open[0].PMScheduleID, open[0].ID)
}

// TriggerManualParams names a schedule.
type TriggerManualParams struct {
	TenantID     string // optional: the client's tenant
	PMScheduleID string // required
}

// TriggerManual makes a work order of a schedule with a ManualTrigger, each time
// it is called, and returns its id. On the platform such a work order can be
// neither completed nor cancelled, as the schedule has no due date for its
// history (ErrInvalidInput); only deleting the asset frees it.
//
// Needs permission workorder.create. Fails with ErrInvalidInput when the
// schedule has another trigger, ErrInvalidReference when it is inactive or waits
// for another schedule, ErrRuleViolation when it does not exist and
// ErrPermissionDenied when it is another tenant's.
//
// TypeScript: pm.triggerManualPm.
func (s *Service) TriggerManual(ctx context.Context, p TriggerManualParams) (string, error) {
	const op = "PM.TriggerManual"
	if err := sdkerr.RequireText(op, "PMScheduleID", p.PMScheduleID); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, triggerManualPMArgs(p))
}

// ProcessDueGeneration makes the work orders of the due schedules of all
// tenants that generate by themselves and have no open work order, and returns
// how many were made. Limit is how many schedules to look at, the oldest due
// first; 0: the server's default of 200.
//
// The platform runs it every 15 minutes by itself; it is here for deployments
// without that job. Call it with a client of the service-role key. The platform
// does not insist on it, but other deployments may (ErrPermissionDenied). There,
// one schedule that fails stops the generation of all tenants.
//
// Not in the TypeScript SDK.
func (s *Service) ProcessDueGeneration(ctx context.Context, limit int) (int, error) {
	const op = "PM.ProcessDueGeneration"
	if limit < 0 || limit > math.MaxInt32 {
		return 0, sdkerr.Invalid(op, "limit", "must be 0 or more")
	}
	return postgrest.Call[int](ctx, s.rpc, op, processDuePMGenerationArgs{Limit: postgrest.NullIfZero(limit)})
}
