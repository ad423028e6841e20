package safety

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// RunStatus is where a run stands. Any may follow any other.
type RunStatus string

// The statuses of runs.
const (
	RunScheduled  RunStatus = "scheduled"
	RunInProgress RunStatus = "in_progress"
	RunCompleted  RunStatus = "completed"
	RunCancelled  RunStatus = "cancelled"
	RunOverdue    RunStatus = "overdue" // never set by the platform itself
)

// RunResult is what a run found for an item.
type RunResult string

// What a run can find.
const (
	ResultPass          RunResult = "pass"
	ResultFail          RunResult = "fail"
	ResultNotApplicable RunResult = "na"
	ResultNotChecked    RunResult = "not_checked"
)

// CreateRunParams describes a new run. Nothing is taken over from the template or
// the schedule.
type CreateRunParams struct {
	TenantID             string // optional: the client's tenant
	TemplateID           string
	InspectionScheduleID string
	WorkOrderID          string
	AssetID              string // this or LocationID is required
	LocationID           string
	ScheduledAt          time.Time // zero: none
	Notes                string
}

// CreateRun plans an inspection and returns the id of the run.
//
// Any member may. Fails with ErrInvalidReference when an id does not exist.
//
// TypeScript: safetyCompliance.createRun.
func (s *Service) CreateRun(ctx context.Context, p CreateRunParams) (string, error) {
	const op = "SafetyCompliance.CreateRun"
	if err := anchor(op, p.AssetID, p.LocationID); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createInspectionRunArgs{
		TenantID:             p.TenantID,
		TemplateID:           postgrest.NullIfZero(p.TemplateID),
		InspectionScheduleID: postgrest.NullIfZero(p.InspectionScheduleID),
		WorkOrderID:          postgrest.NullIfZero(p.WorkOrderID),
		AssetID:              postgrest.NullIfZero(p.AssetID),
		LocationID:           postgrest.NullIfZero(p.LocationID),
		ScheduledAt:          postgrest.NullIfZero(p.ScheduledAt),
		Notes:                postgrest.NullIfZero(p.Notes),
	})
}

// UpdateRunParams says what to change. A nil field stays as it is, and nothing
// can be set back to none.
type UpdateRunParams struct {
	TenantID    string // optional: the client's tenant
	RunID       string // required
	Status      *RunStatus
	ScheduledAt *time.Time
	StartedAt   *time.Time
	Notes       *string // "" is stored as empty text
	ConductedBy *string // user id; not checked to be a member
}

// UpdateRun changes a run. Setting RunCompleted this way notes neither when nor
// by whom: CompleteRun does.
//
// Any member may. Fails with ErrRuleViolation when the run does not exist in the
// tenant, and ErrInvalidReference when the user does not exist.
//
// TypeScript: safetyCompliance.updateRun.
func (s *Service) UpdateRun(ctx context.Context, p UpdateRunParams) error {
	const op = "SafetyCompliance.UpdateRun"
	if err := sdkerr.RequireText(op, "RunID", p.RunID); err != nil {
		return err
	}
	status, err := given(op, "Status", p.Status)
	if err != nil {
		return err
	}
	if err := oneOf(op, "Status", status, RunScheduled, RunInProgress, RunCompleted, RunCancelled, RunOverdue); err != nil {
		return err
	}
	if err := sdkerr.RefuseZero(op, "ScheduledAt", p.ScheduledAt); err != nil {
		return err
	}
	if err := sdkerr.RefuseZero(op, "StartedAt", p.StartedAt); err != nil {
		return err
	}
	if err := sdkerr.RefuseEmptyIDs(op, "ConductedBy", p.ConductedBy); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updateInspectionRunArgs(p))
}

// ItemResult is what was found for an item of a template.
type ItemResult struct {
	TemplateItemID string    `json:"template_item_id"` // required
	Result         RunResult `json:"result"`           // required
	Notes          string    `json:"notes,omitempty"`  // in place of earlier ones
}

// CompleteRunParams names a run and what it found.
type CompleteRunParams struct {
	TenantID    string // optional: the client's tenant
	RunID       string // required
	ItemResults []ItemResult
}

// CompleteRun completes a run, now and by the caller, and stores results in place
// of earlier ones for the same items. The platform does not look whether the
// items are of the run's template, whether required ones have a result, or
// whether the run was completed or cancelled before. A result for an item of
// another tenant shows in no list.
//
// Any member may. Fails with ErrRuleViolation when the run does not exist in the
// tenant, and ErrInvalidReference when an item does not exist. A result that the
// platform would drop in silence, or a second one for the same item, is
// ErrInvalidInput before anything is sent.
//
// TypeScript: safetyCompliance.completeRun.
func (s *Service) CompleteRun(ctx context.Context, p CompleteRunParams) error {
	const op = "SafetyCompliance.CompleteRun"
	if err := sdkerr.RequireText(op, "RunID", p.RunID); err != nil {
		return err
	}
	seen := make(map[string]bool, len(p.ItemResults))
	for i, r := range p.ItemResults {
		field := fmt.Sprintf("ItemResults[%d]", i)
		if err := sdkerr.RequireText(op, field+".TemplateItemID", r.TemplateItemID, field+".Result", string(r.Result)); err != nil {
			return err
		}
		if err := oneOf(op, field+".Result", r.Result, ResultPass, ResultFail, ResultNotApplicable, ResultNotChecked); err != nil {
			return err
		}
		id := strings.ToLower(r.TemplateItemID)
		if seen[id] {
			return sdkerr.Invalid(op, field+".TemplateItemID", "has a result before")
		}
		seen[id] = true
	}
	args := completeInspectionRunArgs{TenantID: p.TenantID, RunID: p.RunID}
	if len(p.ItemResults) > 0 {
		results, err := postgrest.Body(op, p.ItemResults)
		if err != nil {
			return err
		}
		args.ItemResults = results
	}
	return postgrest.Exec(ctx, s.rpc, op, args)
}

// ComplianceInspectionHistoryParams says which inspections to report.
type ComplianceInspectionHistoryParams struct {
	TenantID   string     // optional: the client's tenant
	FromDate   types.Date // required: the first day, in UTC
	ToDate     types.Date // required: the last day
	AssetID    string     // only of this asset
	LocationID string     // only of this place
}

// ComplianceInspectionHistory reports the runs of some days, the one that was
// completed last first: runs that are planned for these days, or without a plan
// completed or made on them.
//
// Any member may, whatever the tenant in the token.
//
// TypeScript: safetyCompliance.complianceInspectionHistory.
func (s *Service) ComplianceInspectionHistory(ctx context.Context, p ComplianceInspectionHistoryParams) ([]InspectionRecord, error) {
	const op = "SafetyCompliance.ComplianceInspectionHistory"
	if err := checkDays(op, p.FromDate, p.ToDate); err != nil {
		return nil, err
	}
	rows, err := postgrest.Rows(ctx, s.rpc, op, complianceInspectionHistoryArgs{
		TenantID:   p.TenantID,
		FromDate:   p.FromDate,
		ToDate:     p.ToDate,
		AssetID:    postgrest.NullIfZero(p.AssetID),
		LocationID: postgrest.NullIfZero(p.LocationID),
	}, []string{"run_id"}, func(r InspectionRecord) []string { return []string{r.RunID} })
	slices.SortStableFunc(rows, func(a, b InspectionRecord) int {
		return cmp.Or(latestFirst(a.CompletedAt, b.CompletedAt), latestFirst(a.ScheduledAt, b.ScheduledAt))
	})
	return rows, err
}

// latestFirst orders times, the latest first and none last.
func latestFirst(a, b *time.Time) int {
	switch {
	case a != nil && b != nil:
		return b.Compare(*a)
	case a != nil:
		return -1
	case b != nil:
		return 1
	}
	return 0
}

// checkDays refuses days for which the platform would report nothing.
func checkDays(op string, from, to types.Date) error {
	switch {
	case from.IsZero():
		return sdkerr.Required(op, "FromDate")
	case to.IsZero():
		return sdkerr.Required(op, "ToDate")
	case to.Before(from):
		return sdkerr.Invalid(op, "ToDate", "is before FromDate")
	}
	return nil
}
