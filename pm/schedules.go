package pm

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// CreateScheduleParams describes a new schedule.
type CreateScheduleParams struct {
	TenantID     string // optional: the client's tenant
	AssetID      string // required
	Title        string // required, 1–500 characters; unique for the asset, deleted schedules included
	Trigger      Trigger
	Description  string
	TemplateID   string         // of the same tenant
	WorkOrder    WorkOrderTexts // what its work orders say
	AutoGenerate *bool          // nil: true
}

// CreateSchedule adds a schedule and returns its id. Asset, template and the
// type of the trigger stay as they are.
//
// Needs permission workorder.create. Fails with ErrInvalidInput when a value is
// malformed, the trigger among them, ErrConflict when the asset has a schedule
// with the title, ErrRuleViolation when asset or template do not exist,
// ErrPermissionDenied when one is another tenant's, and ErrInvalidReference
// when the meter is not an active one of the asset or the priority is unknown.
//
// TypeScript: pm.createSchedule.
func (s *Service) CreateSchedule(ctx context.Context, p CreateScheduleParams) (string, error) {
	const op = "PM.CreateSchedule"
	if err := sdkerr.RequireText(op, "AssetID", p.AssetID, "Title", p.Title); err != nil {
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
	return postgrest.Call[string](ctx, s.rpc, op, createPMScheduleArgs{
		TenantID:         p.TenantID,
		AssetID:          p.AssetID,
		Title:            p.Title,
		TriggerType:      p.Trigger.Type(),
		TriggerConfig:    config,
		Description:      postgrest.NullIfZero(p.Description),
		TemplateID:       postgrest.NullIfZero(p.TemplateID),
		AutoGenerate:     p.AutoGenerate,
		WOTitle:          postgrest.NullIfZero(p.WorkOrder.Title),
		WODescription:    postgrest.NullIfZero(p.WorkOrder.Description),
		WOPriority:       postgrest.NullIfZero(p.WorkOrder.Priority),
		WOEstimatedHours: p.WorkOrder.EstimatedHours,
	})
}

// UpdateScheduleParams says what to change. A nil field stays as it is.
type UpdateScheduleParams struct {
	TenantID     string // optional: the client's tenant
	PMScheduleID string // required
	Title        *string
	Description  *string
	Trigger      Trigger // of the type that the schedule has
	WorkOrder    WorkOrderTextChanges
	AutoGenerate *bool
	IsActive     *bool // true brings a deleted schedule back
}

// UpdateSchedule changes a schedule. A Trigger computes the due date anew, from
// the last completion where there is one; otherwise the date stays, also when
// the schedule becomes active again. Of a UsageTrigger the server only checks
// that the meter is the tenant's: take one of the same asset.
//
// Needs permission workorder.create. Fails with ErrRuleViolation when the
// schedule does not exist, ErrPermissionDenied when it or the meter is another
// tenant's, ErrInvalidInput when a value is malformed or the trigger of another
// type, ErrConflict when the title is taken and ErrInvalidReference when the
// meter or the priority is unknown.
//
// TypeScript: pm.updateSchedule.
func (s *Service) UpdateSchedule(ctx context.Context, p UpdateScheduleParams) error {
	const op = "PM.UpdateSchedule"
	if err := sdkerr.RequireText(op, "PMScheduleID", p.PMScheduleID); err != nil {
		return err
	}
	if err := p.WorkOrder.check(op); err != nil {
		return err
	}
	config, err := triggerJSON(op, p.Trigger)
	if err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updatePMScheduleArgs{
		TenantID:         p.TenantID,
		PMScheduleID:     p.PMScheduleID,
		Title:            p.Title,
		Description:      p.Description,
		TriggerConfig:    config,
		AutoGenerate:     p.AutoGenerate,
		IsActive:         p.IsActive,
		WOTitle:          p.WorkOrder.Title,
		WODescription:    p.WorkOrder.Description,
		WOPriority:       p.WorkOrder.Priority,
		WOEstimatedHours: p.WorkOrder.EstimatedHours,
	})
}

// DeleteScheduleParams names a schedule.
type DeleteScheduleParams struct {
	TenantID     string // optional: the client's tenant
	PMScheduleID string // required
}

// DeleteSchedule switches a schedule off. It stays in Schedules, keeps its title
// and history, and UpdateSchedule can bring it back.
//
// Needs permission workorder.create. Fails with ErrInvalidReference when it
// waits for another schedule or another for it (UpdateSchedule can switch it
// off all the same), ErrRuleViolation when it does not exist and
// ErrPermissionDenied when it is another tenant's.
//
// TypeScript: pm.deleteSchedule.
func (s *Service) DeleteSchedule(ctx context.Context, p DeleteScheduleParams) error {
	const op = "PM.DeleteSchedule"
	if err := sdkerr.RequireText(op, "PMScheduleID", p.PMScheduleID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, deletePMScheduleArgs(p))
}
