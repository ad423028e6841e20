package pm

import (
	"context"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Service reads and writes preventive maintenance: schedules of assets, the
// templates behind them, and the work orders that come from them. Any member of
// the token's tenant may read.
//
// TypeScript: pm (listTemplates is Templates.List, and so on for the other
// readers; listSchedulesSummary is ScheduleSummaries.List).
type Service struct {
	// Templates reads v_pm_templates, by id.
	Templates postgrest.View[Template]
	// ChecklistItems reads v_pm_template_checklist_items, by template and place.
	ChecklistItems postgrest.View[ChecklistItem]
	// Schedules reads v_pm_schedules, by id: all schedules, deleted ones
	// (IsActive false) among them.
	Schedules postgrest.View[Schedule]
	// ScheduleSummaries reads the columns of v_pm_schedules that a list on a
	// screen needs, by id.
	ScheduleSummaries postgrest.View[ScheduleSummary]
	// Due reads v_due_pms: active schedules with a time trigger whose date has
	// come, and with a usage trigger whose meter has reached the threshold. It
	// knows nothing of dependencies and of work orders that are open. Calendar
	// and condition triggers are never due on the platform.
	Due postgrest.View[DueSchedule]
	// Overdue reads v_overdue_pms, schedules due more than a day ago.
	Overdue postgrest.View[OverdueSchedule]
	// Upcoming reads v_upcoming_pms, schedules due within 30 days.
	Upcoming postgrest.View[UpcomingSchedule]
	// History reads v_pm_history, the latest due date first. Cancelling a work
	// order of a schedule counts as completing it, to the platform: the schedule
	// moves on and is met for those that wait for it.
	History postgrest.View[HistoryEntry]

	rpc  postgrest.Caller
	conn *api.Conn
}

func (s *Service) bind(conn *api.Conn) {
	s.Templates = postgrest.NewView(conn, &templateView)
	s.ChecklistItems = postgrest.NewView(conn, &checklistItemView)
	s.Schedules = postgrest.NewView(conn, &scheduleView)
	s.ScheduleSummaries = postgrest.NewView(conn, &scheduleSummaryView)
	s.Due = postgrest.NewView(conn, &dueScheduleView)
	s.Overdue = postgrest.NewView(conn, &overdueScheduleView)
	s.Upcoming = postgrest.NewView(conn, &upcomingScheduleView)
	s.History = postgrest.NewView(conn, &historyEntryView)
	s.rpc = postgrest.NewCaller(conn)
	s.conn = conn
}

// WorkOrderTexts are what the work orders of a schedule say. What is empty comes
// from the schedule's template, then from the schedule itself; the priority is
// "medium" in the end.
type WorkOrderTexts struct {
	Title          string // up to 500 characters
	Description    string
	Priority       string           // key of the priority catalog
	EstimatedHours *decimal.Decimal // 0 or more; does not reach a work order
}

// WorkOrderTextChanges says what to change in WorkOrderTexts. A nil field stays
// as it is, and nothing can be set back to none.
type WorkOrderTextChanges struct {
	Title          *string // 1–500 characters
	Description    *string
	Priority       *string
	EstimatedHours *decimal.Decimal
}

// check refuses what the platform stores and then cannot make a work order of:
// it has no fallback for a blank title, and one such schedule fails the whole
// batch of a generation.
func (w WorkOrderTexts) check(op string) error {
	if w.Title == "" {
		return WorkOrderTextChanges{EstimatedHours: w.EstimatedHours}.check(op)
	}
	return WorkOrderTextChanges{Title: &w.Title, EstimatedHours: w.EstimatedHours}.check(op)
}

func (w WorkOrderTextChanges) check(op string) error {
	if w.Title != nil && strings.TrimSpace(*w.Title) == "" {
		return sdkerr.Invalid(op, "WorkOrder.Title", "is blank: no work order could be made of it")
	}
	if w.EstimatedHours != nil && w.EstimatedHours.IsNegative() {
		return sdkerr.Invalid(op, "WorkOrder.EstimatedHours", "is negative")
	}
	return nil
}

// DependencyType says what must have happened to another schedule before one
// makes a work order.
type DependencyType string

// The types of dependencies.
const (
	DependencyAfter  DependencyType = "after"  // the other was completed at least once
	DependencyBefore DependencyType = "before" // the other was never completed
	// DependencySameDay is here for rows of other programs: the platform cannot
	// evaluate it, and CreateDependency refuses it.
	DependencySameDay DependencyType = "same_day"
)

// CreateDependencyParams says which schedule waits for which.
type CreateDependencyParams struct {
	TenantID      string         // optional: the client's tenant
	PMScheduleID  string         // required: the one that waits
	DependsOnPMID string         // required: the one it waits for
	Type          DependencyType // empty: DependencyAfter
}

// CreateDependency lets one schedule wait for another and returns the id of the
// dependency. Think twice: dependencies cannot be read or removed, two schedules
// that wait for each other make no work order ever again (the platform accepts
// it), and a schedule with a dependency cannot be deleted.
//
// Needs permission workorder.create. Fails with ErrInvalidReference when a
// schedule is to wait for itself, ErrConflict when it waits for the other
// already, ErrRuleViolation when a schedule does not exist and
// ErrPermissionDenied when one is another tenant's. DependencySameDay is
// ErrInvalidInput, before anything is sent: evaluating one fails on the
// platform, and stops the generation of all tenants.
//
// TypeScript: pm.createDependency.
func (s *Service) CreateDependency(ctx context.Context, p CreateDependencyParams) (string, error) {
	const op = "PM.CreateDependency"
	if err := sdkerr.RequireText(op, "PMScheduleID", p.PMScheduleID, "DependsOnPMID", p.DependsOnPMID); err != nil {
		return "", err
	}
	switch p.Type {
	case "", DependencyAfter, DependencyBefore:
	case DependencySameDay:
		return "", sdkerr.Invalid(op, "Type", "is same_day, which the platform fails to evaluate")
	default:
		return "", sdkerr.Invalid(op, "Type", "is neither after nor before")
	}
	return postgrest.Call[string](ctx, s.rpc, op, createPMDependencyArgs{
		TenantID:       p.TenantID,
		PMScheduleID:   p.PMScheduleID,
		DependsOnPMID:  p.DependsOnPMID,
		DependencyType: postgrest.NullIfZero(p.Type),
	})
}
