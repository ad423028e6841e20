package workorders

import (
	"context"
	"time"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
)

// CheckType is what a remark on a planned time slot is about.
type CheckType string

// The types of remarks. Those of a crew's members have names of their own.
const (
	CheckInput        CheckType = "input"        // the question itself: times missing or reversed, unknown technician or crew
	CheckConflict     CheckType = "conflict"     // another block, or a shift, at the same time
	CheckAvailability CheckType = "availability" // outside the technician's working times
	CheckSLA          CheckType = "sla"          // against the work order's due date and SLA due times
	CheckSkill        CheckType = "skill"        // the asset asks for a skill that the technician lacks
	CheckPriority     CheckType = "priority"     // the work order's priority, always told
	CheckCrew         CheckType = "crew"         // the crew has no members, or more than 50

	CheckMemberConflict     CheckType = "conflict_member"
	CheckMemberAvailability CheckType = "availability_member"
	CheckMemberSLA          CheckType = "sla_member"
	CheckMemberSkill        CheckType = "skill_member"
	CheckMemberPriority     CheckType = "priority_member"
)

// Severity is how much a remark on a planned time slot matters.
type Severity string

// The severities of remarks, the gravest first. None of them keeps Schedule
// from planning the slot.
const (
	SeverityError   Severity = "error"   // nothing further was checked
	SeverityBreach  Severity = "breach"  // a deadline would be missed
	SeverityWarning Severity = "warning" // a conflict, or a deadline less than two hours after the end
	SeverityInfo    Severity = "info"
)

// ValidateScheduleParams describes a time slot to check.
type ValidateScheduleParams struct {
	TechnicianID   string    // checked when both are given
	CrewID         string    // checked when no technician is given: each active member, up to 50
	StartAt        time.Time // zero is answered with a CheckInput remark
	EndAt          time.Time // zero is answered with a CheckInput remark
	WorkOrderID    string    // brings in its deadlines, priority and needed skills
	ExcludeBlockID string    // a block that is no conflict: the one to be moved
}

// Validate says what speaks against a time slot, and changes nothing. No
// remarks, or only SeverityInfo, mean that nothing does; without technician and
// crew there are none either. Blocks that only touch do not conflict, and a
// slot that lies partly in a technician's working times counts as available.
//
// Needs membership of the technician's or crew's tenant, no permission
// (ErrPermissionDenied).
//
// TypeScript: scheduling.validateSchedule.
func (s *SchedulingService) Validate(ctx context.Context, p ValidateScheduleParams) ([]ScheduleCheck, error) {
	checks, err := postgrest.Call[[]ScheduleCheck](ctx, s.rpc, "Scheduling.Validate", validateScheduleArgs{
		TechnicianID:   postgrest.NullIfZero(p.TechnicianID),
		CrewID:         postgrest.NullIfZero(p.CrewID),
		StartAt:        postgrest.NullIfZero(p.StartAt),
		EndAt:          postgrest.NullIfZero(p.EndAt),
		WorkOrderID:    postgrest.NullIfZero(p.WorkOrderID),
		ExcludeBlockID: postgrest.NullIfZero(p.ExcludeBlockID),
	})
	if checks == nil && err == nil {
		checks = []ScheduleCheck{}
	}
	return checks, err
}
