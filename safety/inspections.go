package safety

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// ChecklistEntry is a point of a new checklist.
type ChecklistEntry struct {
	Description string `json:"description"` // required, up to 1,000 characters
	Required    bool   `json:"required"`    // for people: the platform completes runs without it
}

// CreateTemplateParams describes a new template.
type CreateTemplateParams struct {
	TenantID      string // optional: the client's tenant
	Name          string // required, 1–255 characters, need not be unique
	Description   string
	Category      string          // 1–50 of a–z, 0–9 and _
	TriggerConfig json.RawMessage // any JSON, kept as it is; empty: none
	Checklist     []ChecklistEntry
}

// CreateTemplate adds a template and returns its id. Templates cannot be deleted.
//
// Needs permission tenant.admin. Fails with ErrInvalidInput when a value is
// malformed.
//
// TypeScript: safetyCompliance.createTemplate, which drops items without a
// description in silence.
func (s *Service) CreateTemplate(ctx context.Context, p CreateTemplateParams) (string, error) {
	const op = "SafetyCompliance.CreateTemplate"
	if err := requireTitle(op, "Name", p.Name); err != nil {
		return "", err
	}
	items, err := checklistJSON(op, p.Checklist)
	if err != nil {
		return "", err
	}
	if err := checkJSON(op, "TriggerConfig", p.TriggerConfig); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createInspectionTemplateArgs{
		TenantID:       p.TenantID,
		Name:           p.Name,
		Description:    postgrest.NullIfZero(p.Description),
		Category:       postgrest.NullIfZero(p.Category),
		TriggerConfig:  p.TriggerConfig,
		ChecklistItems: items,
	})
}

// UpdateTemplateParams says what to change. A nil field stays as it is.
type UpdateTemplateParams struct {
	TenantID      string // optional: the client's tenant
	TemplateID    string // required
	Name          *string
	Description   *string
	Category      *string
	TriggerConfig json.RawMessage
	Checklist     []ChecklistEntry // replaces the whole list, with new ids; empty and not nil: none
}

// UpdateTemplate changes a template.
//
// Needs permission tenant.admin. Fails with ErrRuleViolation when the template
// does not exist in the tenant, ErrInvalidReference when a checklist is given and
// a run has a result for an item of the old one, and ErrInvalidInput when a value
// is malformed.
//
// TypeScript: safetyCompliance.updateTemplate.
func (s *Service) UpdateTemplate(ctx context.Context, p UpdateTemplateParams) error {
	const op = "SafetyCompliance.UpdateTemplate"
	if err := sdkerr.RequireText(op, "TemplateID", p.TemplateID); err != nil {
		return err
	}
	if err := sdkerr.RefuseBlank(op, "Name", p.Name); err != nil {
		return err
	}
	items, err := checklistJSON(op, p.Checklist)
	if err != nil {
		return err
	}
	if err := checkJSON(op, "TriggerConfig", p.TriggerConfig); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updateInspectionTemplateArgs{
		TenantID:       p.TenantID,
		TemplateID:     p.TemplateID,
		Name:           p.Name,
		Description:    p.Description,
		Category:       p.Category,
		TriggerConfig:  p.TriggerConfig,
		ChecklistItems: items,
	})
}

// checklistJSON gives nil for nil. It refuses entries that the server would drop
// in silence.
func checklistJSON(op string, entries []ChecklistEntry) (json.RawMessage, error) {
	if entries == nil {
		return nil, nil
	}
	for i, e := range entries {
		field := fmt.Sprintf("Checklist[%d].Description", i)
		if err := requireTitle(op, field, e.Description); err != nil {
			return nil, err
		}
		if err := postgrest.MaxLength(op, field, &e.Description, 1000); err != nil {
			return nil, err
		}
	}
	return postgrest.Body(op, entries)
}

// CreateScheduleParams describes a new schedule.
type CreateScheduleParams struct {
	TenantID      string // optional: the client's tenant
	TemplateID    string // required
	Title         string // required, 1–500 characters
	AssetID       string // this or LocationID is required
	LocationID    string
	TriggerConfig json.RawMessage // any JSON, kept as it is; empty: {}
	NextDueAt     time.Time       // zero: none
}

// CreateSchedule adds a reminder of an inspection and returns its id. The
// platform makes no run of it and does not move NextDueAt on.
//
// Any member may. Fails with ErrInvalidReference when the template is not the
// tenant's, or asset or location do not exist, and ErrInvalidInput when a value
// is malformed.
//
// TypeScript: safetyCompliance.createSchedule.
func (s *Service) CreateSchedule(ctx context.Context, p CreateScheduleParams) (string, error) {
	const op = "SafetyCompliance.CreateSchedule"
	if err := sdkerr.RequireText(op, "TemplateID", p.TemplateID); err != nil {
		return "", err
	}
	if err := requireTitle(op, "Title", p.Title); err != nil {
		return "", err
	}
	if err := anchor(op, p.AssetID, p.LocationID); err != nil {
		return "", err
	}
	if err := checkJSON(op, "TriggerConfig", p.TriggerConfig); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createInspectionScheduleArgs{
		TenantID:      p.TenantID,
		TemplateID:    p.TemplateID,
		Title:         p.Title,
		AssetID:       postgrest.NullIfZero(p.AssetID),
		LocationID:    postgrest.NullIfZero(p.LocationID),
		TriggerConfig: p.TriggerConfig,
		NextDueAt:     postgrest.NullIfZero(p.NextDueAt),
	})
}

// UpdateScheduleParams says what to change. A nil field stays as it is, and nothing
// can be set back to none.
type UpdateScheduleParams struct {
	TenantID      string // optional: the client's tenant
	ScheduleID    string // required
	Title         *string
	AssetID       *string
	LocationID    *string
	TriggerConfig json.RawMessage
	NextDueAt     *time.Time
	IsActive      *bool // false is the way to end one: schedules cannot be deleted
}

// UpdateSchedule changes a schedule.
//
// Any member may. Fails with ErrRuleViolation when the schedule does not exist in
// the tenant, ErrInvalidReference when asset or location do not exist, and
// ErrInvalidInput when a value is malformed.
//
// TypeScript: safetyCompliance.updateSchedule.
func (s *Service) UpdateSchedule(ctx context.Context, p UpdateScheduleParams) error {
	const op = "SafetyCompliance.UpdateSchedule"
	if err := sdkerr.RequireText(op, "ScheduleID", p.ScheduleID); err != nil {
		return err
	}
	if err := sdkerr.RefuseBlank(op, "Title", p.Title); err != nil {
		return err
	}
	if err := checkJSON(op, "TriggerConfig", p.TriggerConfig); err != nil {
		return err
	}
	if err := sdkerr.RefuseZero(op, "NextDueAt", p.NextDueAt); err != nil {
		return err
	}
	if err := sdkerr.RefuseEmptyIDs(op, "AssetID", p.AssetID, "LocationID", p.LocationID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updateInspectionScheduleArgs(p))
}
