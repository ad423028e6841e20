package safety

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// IncidentType is what kind of thing happened.
type IncidentType string

// The types of incidents.
const (
	TypeIncident IncidentType = "incident"
	TypeNearMiss IncidentType = "near_miss"
	TypeEvent    IncidentType = "event"
)

// Severity is how bad an incident is.
type Severity string

// The severities of incidents.
const (
	SeverityLow      Severity = "low"
	SeverityMedium   Severity = "medium"
	SeverityHigh     Severity = "high"
	SeverityCritical Severity = "critical"
)

// IncidentStatus is where an incident stands. Any may follow any other.
type IncidentStatus string

// The statuses of incidents.
const (
	IncidentOpen          IncidentStatus = "open"
	IncidentInvestigating IncidentStatus = "investigating"
	IncidentResolved      IncidentStatus = "resolved"
	IncidentClosed        IncidentStatus = "closed"
)

func checkKind(op string, kind IncidentType, severity Severity) error {
	if err := oneOf(op, "Type", kind, TypeIncident, TypeNearMiss, TypeEvent); err != nil {
		return err
	}
	return checkSeverity(op, severity)
}

func checkSeverity(op string, severity Severity) error {
	return oneOf(op, "Severity", severity, SeverityLow, SeverityMedium, SeverityHigh, SeverityCritical)
}

// CreateIncidentParams describes a new incident.
type CreateIncidentParams struct {
	TenantID    string       // optional: the client's tenant
	Title       string       // required, 1–500 characters
	Type        IncidentType // empty: TypeIncident
	Severity    Severity     // empty: SeverityMedium
	Description string
	OccurredAt  time.Time // zero: now
	LocationID  string
	AssetID     string
	WorkOrderID string
	Metadata    json.RawMessage // any JSON; empty: {}
}

// CreateIncident reports an incident, by the caller and open, and returns its id.
// Nobody is notified.
//
// Any member may. Fails with ErrInvalidReference when an id does not exist, and
// ErrInvalidInput when a value is malformed.
//
// TypeScript: safetyCompliance.createIncident.
func (s *Service) CreateIncident(ctx context.Context, p CreateIncidentParams) (string, error) {
	const op = "SafetyCompliance.CreateIncident"
	if err := requireTitle(op, "Title", p.Title); err != nil {
		return "", err
	}
	if err := checkKind(op, p.Type, p.Severity); err != nil {
		return "", err
	}
	if err := checkJSON(op, "Metadata", p.Metadata); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createIncidentArgs{
		TenantID:    p.TenantID,
		Title:       p.Title,
		Type:        postgrest.NullIfZero(p.Type),
		Severity:    postgrest.NullIfZero(p.Severity),
		Description: postgrest.NullIfZero(p.Description),
		OccurredAt:  postgrest.NullIfZero(p.OccurredAt),
		LocationID:  postgrest.NullIfZero(p.LocationID),
		AssetID:     postgrest.NullIfZero(p.AssetID),
		WorkOrderID: postgrest.NullIfZero(p.WorkOrderID),
		Metadata:    p.Metadata,
	})
}

// UpdateIncidentParams says what to change. A nil field stays as it is, and nothing
// can be set back to none.
type UpdateIncidentParams struct {
	TenantID    string // optional: the client's tenant
	IncidentID  string // required
	Title       *string
	Type        *IncidentType
	Severity    *Severity
	Description *string // "" is stored as empty text
	OccurredAt  *time.Time
	Status      *IncidentStatus
	LocationID  *string
	AssetID     *string
	WorkOrderID *string
	Metadata    json.RawMessage // in place of all that was there
}

// UpdateIncident changes an incident. Setting IncidentClosed this way notes
// neither when nor by whom: CloseIncident does.
//
// Any member may. Fails with ErrRuleViolation when the incident does not exist in
// the tenant, ErrInvalidReference when another id does not exist, and
// ErrInvalidInput when a value is malformed.
//
// TypeScript: safetyCompliance.updateIncident.
func (s *Service) UpdateIncident(ctx context.Context, p UpdateIncidentParams) error {
	const op = "SafetyCompliance.UpdateIncident"
	if err := sdkerr.RequireText(op, "IncidentID", p.IncidentID); err != nil {
		return err
	}
	if err := sdkerr.RefuseBlank(op, "Title", p.Title); err != nil {
		return err
	}
	kind, err := given(op, "Type", p.Type)
	if err != nil {
		return err
	}
	severity, err := given(op, "Severity", p.Severity)
	if err != nil {
		return err
	}
	status, err := given(op, "Status", p.Status)
	if err != nil {
		return err
	}
	if err := checkKind(op, kind, severity); err != nil {
		return err
	}
	if err := oneOf(op, "Status", status, IncidentOpen, IncidentInvestigating, IncidentResolved, IncidentClosed); err != nil {
		return err
	}
	if err := sdkerr.RefuseZero(op, "OccurredAt", p.OccurredAt); err != nil {
		return err
	}
	if err := checkJSON(op, "Metadata", p.Metadata); err != nil {
		return err
	}
	if err := sdkerr.RefuseEmptyIDs(op, "LocationID", p.LocationID, "AssetID", p.AssetID, "WorkOrderID", p.WorkOrderID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updateIncidentArgs(p))
}

// CloseIncidentParams names an incident.
type CloseIncidentParams struct {
	TenantID   string         // optional: the client's tenant
	IncidentID string         // required
	Status     IncidentStatus // IncidentResolved or IncidentClosed; empty: IncidentClosed
}

// CloseIncident closes an incident, now and by the caller, also one that is
// closed. Its actions stay as they are.
//
// Any member may. Fails with ErrRuleViolation when the incident does not exist in
// the tenant. A status that the platform would take for closed is ErrInvalidInput
// before anything is sent.
//
// TypeScript: safetyCompliance.closeIncident.
func (s *Service) CloseIncident(ctx context.Context, p CloseIncidentParams) error {
	const op = "SafetyCompliance.CloseIncident"
	if err := sdkerr.RequireText(op, "IncidentID", p.IncidentID); err != nil {
		return err
	}
	if err := oneOf(op, "Status", p.Status, IncidentResolved, IncidentClosed); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, closeIncidentArgs{
		TenantID:   p.TenantID,
		IncidentID: p.IncidentID,
		Status:     postgrest.NullIfZero(p.Status),
	})
}

// ActionType is what an action is for.
type ActionType string

// The types of actions.
const (
	ActionCorrective  ActionType = "corrective"
	ActionPreventive  ActionType = "preventive"
	ActionContainment ActionType = "containment"
)

// ActionStatus is where an action stands. Any may follow any other.
type ActionStatus string

// The statuses of actions.
const (
	ActionPending    ActionStatus = "pending"
	ActionInProgress ActionStatus = "in_progress"
	ActionCompleted  ActionStatus = "completed"
	ActionCancelled  ActionStatus = "cancelled"
)

// CreateIncidentActionParams describes a new action.
type CreateIncidentActionParams struct {
	TenantID    string     // optional: the client's tenant
	IncidentID  string     // required; may be closed
	Description string     // required, 1–2,000 characters
	Type        ActionType // empty: ActionCorrective; cannot be changed
	DueDate     types.Date // zero: none
	AssignedTo  string     // user id; not checked to be a member
}

// CreateIncidentAction adds an action to an incident, pending, and returns its id.
//
// Any member may. Fails with ErrRuleViolation when the incident does not exist in
// the tenant, and ErrInvalidReference when the user does not exist.
//
// TypeScript: safetyCompliance.createIncidentAction.
func (s *Service) CreateIncidentAction(ctx context.Context, p CreateIncidentActionParams) (string, error) {
	const op = "SafetyCompliance.CreateIncidentAction"
	if err := sdkerr.RequireText(op, "IncidentID", p.IncidentID); err != nil {
		return "", err
	}
	if err := requireTitle(op, "Description", p.Description); err != nil {
		return "", err
	}
	if err := oneOf(op, "Type", p.Type, ActionCorrective, ActionPreventive, ActionContainment); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createIncidentActionArgs{
		TenantID:    p.TenantID,
		IncidentID:  p.IncidentID,
		Description: p.Description,
		ActionType:  postgrest.NullIfZero(p.Type),
		DueDate:     postgrest.NullIfZero(p.DueDate),
		AssignedTo:  postgrest.NullIfZero(p.AssignedTo),
	})
}

// UpdateIncidentActionParams says what to change. A nil field stays as it is, and
// nothing can be set back to none.
type UpdateIncidentActionParams struct {
	TenantID    string // optional: the client's tenant
	ActionID    string // required
	Description *string
	DueDate     *types.Date
	AssignedTo  *string
	Status      *ActionStatus
}

// UpdateIncidentAction changes an action. Setting ActionCompleted this way notes
// neither when nor by whom: CompleteIncidentAction does.
//
// Any member may. Fails with ErrRuleViolation when the action does not exist in
// the tenant, and ErrInvalidReference when the user does not exist.
//
// TypeScript: safetyCompliance.updateIncidentAction.
func (s *Service) UpdateIncidentAction(ctx context.Context, p UpdateIncidentActionParams) error {
	const op = "SafetyCompliance.UpdateIncidentAction"
	if err := sdkerr.RequireText(op, "ActionID", p.ActionID); err != nil {
		return err
	}
	if err := sdkerr.RefuseBlank(op, "Description", p.Description); err != nil {
		return err
	}
	status, err := given(op, "Status", p.Status)
	if err != nil {
		return err
	}
	if err := oneOf(op, "Status", status, ActionPending, ActionInProgress, ActionCompleted, ActionCancelled); err != nil {
		return err
	}
	if err := sdkerr.RefuseZero(op, "DueDate", p.DueDate); err != nil {
		return err
	}
	if err := sdkerr.RefuseEmptyIDs(op, "AssignedTo", p.AssignedTo); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updateIncidentActionArgs(p))
}

// CompleteIncidentActionParams names an action.
type CompleteIncidentActionParams struct {
	TenantID string // optional: the client's tenant
	ActionID string // required
}

// CompleteIncidentAction completes an action, now and by the caller, also one
// that is completed.
//
// Any member may. Fails with ErrRuleViolation when the action does not exist in
// the tenant.
//
// TypeScript: safetyCompliance.completeIncidentAction.
func (s *Service) CompleteIncidentAction(ctx context.Context, p CompleteIncidentActionParams) error {
	const op = "SafetyCompliance.CompleteIncidentAction"
	if err := sdkerr.RequireText(op, "ActionID", p.ActionID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, completeIncidentActionArgs(p))
}

// ComplianceIncidentReportParams says which incidents to report.
type ComplianceIncidentReportParams struct {
	TenantID string     // optional: the client's tenant
	FromDate types.Date // required: the first day, in UTC
	ToDate   types.Date // required: the last day
	Severity Severity   // only of this severity; empty: all
}

// ComplianceIncidentReport reports the incidents that occurred on some days, the
// latest first, with how many actions each has.
//
// Any member may, whatever the tenant in the token.
//
// TypeScript: safetyCompliance.complianceIncidentReport.
func (s *Service) ComplianceIncidentReport(ctx context.Context, p ComplianceIncidentReportParams) ([]IncidentRecord, error) {
	const op = "SafetyCompliance.ComplianceIncidentReport"
	if err := checkDays(op, p.FromDate, p.ToDate); err != nil {
		return nil, err
	}
	if err := checkSeverity(op, p.Severity); err != nil {
		return nil, err
	}
	rows, err := postgrest.Rows(ctx, s.rpc, op, complianceIncidentReportArgs{
		TenantID: p.TenantID,
		FromDate: p.FromDate,
		ToDate:   p.ToDate,
		Severity: postgrest.NullIfZero(p.Severity),
	}, []string{"incident_id"}, func(r IncidentRecord) []string { return []string{r.IncidentID} })
	slices.SortStableFunc(rows, func(a, b IncidentRecord) int { return b.OccurredAt.Compare(a.OccurredAt) })
	return rows, err
}
