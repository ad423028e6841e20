package pm

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// ChecklistEntry is a step of a new checklist.
type ChecklistEntry struct {
	Description string `json:"description"` // required, up to 1,000 characters
	Required    bool   `json:"required"`
}

// CreateTemplateParams describes a new template.
type CreateTemplateParams struct {
	TenantID    string  // optional: the client's tenant
	Name        string  // required, 1–255 characters, need not be unique
	Trigger     Trigger // required, though no schedule takes it over; the meter of a UsageTrigger is not looked up
	Description string
	WorkOrder   WorkOrderTexts   // what schedules with the template take from it
	Checklist   []ChecklistEntry // for people: does not reach a work order
}

// CreateTemplate adds a template and returns its id. Templates cannot be
// deleted.
//
// Needs permission tenant.admin. Fails with ErrInvalidInput when a value is
// malformed, the trigger among them, and with ErrInvalidReference when the
// priority is unknown.
//
// TypeScript: pm.createTemplate.
func (s *Service) CreateTemplate(ctx context.Context, p CreateTemplateParams) (string, error) {
	const op = "PM.CreateTemplate"
	if err := sdkerr.RequireText(op, "Name", p.Name); err != nil {
		return "", err
	}
	if p.Trigger == nil {
		return "", sdkerr.Required(op, "Trigger")
	}
	if err := p.WorkOrder.check(op); err != nil {
		return "", err
	}
	config, err := triggerJSON(op, p.Trigger)
	if err != nil {
		return "", err
	}
	items, err := checklistJSON(op, p.Checklist)
	if err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createPMTemplateArgs{
		TenantID:         p.TenantID,
		Name:             p.Name,
		TriggerType:      p.Trigger.Type(),
		TriggerConfig:    config,
		Description:      postgrest.NullIfZero(p.Description),
		WOTitle:          postgrest.NullIfZero(p.WorkOrder.Title),
		WODescription:    postgrest.NullIfZero(p.WorkOrder.Description),
		WOPriority:       postgrest.NullIfZero(p.WorkOrder.Priority),
		WOEstimatedHours: p.WorkOrder.EstimatedHours,
		ChecklistItems:   items,
	})
}

// UpdateTemplateParams says what to change. A nil field stays as it is.
type UpdateTemplateParams struct {
	TenantID    string // optional: the client's tenant
	TemplateID  string // required
	Name        *string
	Description *string
	Trigger     Trigger // of the type that the template has
	WorkOrder   WorkOrderTextChanges
	Checklist   []ChecklistEntry // replaces the whole list; empty and not nil: none
}

// UpdateTemplate changes a template. Schedules that use it take the new texts
// with their next work order.
//
// Needs permission tenant.admin. Fails with ErrRuleViolation when the template
// does not exist, ErrPermissionDenied when it is another tenant's,
// ErrInvalidInput when a value is malformed and ErrInvalidReference when the
// priority is unknown.
//
// TypeScript: pm.updateTemplate.
func (s *Service) UpdateTemplate(ctx context.Context, p UpdateTemplateParams) error {
	const op = "PM.UpdateTemplate"
	if err := sdkerr.RequireText(op, "TemplateID", p.TemplateID); err != nil {
		return err
	}
	if err := p.WorkOrder.check(op); err != nil {
		return err
	}
	config, err := triggerJSON(op, p.Trigger)
	if err != nil {
		return err
	}
	items, err := checklistJSON(op, p.Checklist)
	if err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updatePMTemplateArgs{
		TenantID:         p.TenantID,
		TemplateID:       p.TemplateID,
		Name:             p.Name,
		Description:      p.Description,
		TriggerConfig:    config,
		WOTitle:          p.WorkOrder.Title,
		WODescription:    p.WorkOrder.Description,
		WOPriority:       p.WorkOrder.Priority,
		WOEstimatedHours: p.WorkOrder.EstimatedHours,
		ChecklistItems:   items,
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
		if err := sdkerr.RequireText(op, field, e.Description); err != nil {
			return nil, err
		}
		if err := postgrest.MaxLength(op, field, &e.Description, 1000); err != nil {
			return nil, err
		}
	}
	return postgrest.Body(op, entries)
}
