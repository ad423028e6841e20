package labor

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// CreateCrewParams describes a new crew.
type CreateCrewParams struct {
	TenantID    string // optional: the client's tenant
	Name        string // required, 1–255 characters, need not be unique
	Description string // up to 2,000 characters
}

// CreateCrew adds a crew, without members, and returns its id.
//
// Needs permission labor.crew.manage. Fails with ErrInvalidInput when a value is
// malformed; a blank name is refused before anything is sent.
//
// TypeScript: labor.createCrew.
func (s *Service) CreateCrew(ctx context.Context, p CreateCrewParams) (string, error) {
	const op = "Labor.CreateCrew"
	if err := sdkerr.RequireText(op, "Name", p.Name); err != nil {
		return "", err
	}
	if err := sdkerr.RefuseBlank(op, "Name", &p.Name); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createCrewArgs{
		TenantID:    p.TenantID,
		Name:        p.Name,
		Description: postgrest.NullIfZero(p.Description),
	})
}

// UpdateCrewParams says what to change. A nil field stays as it is.
type UpdateCrewParams struct {
	TenantID            string  // optional: the client's tenant
	CrewID              string  // required
	Name                *string // 1–255 characters
	Description         *string // up to 2,000 characters; "" takes it away
	LeadTechnicianID    *string // need not be a member of the crew
	ClearLeadTechnician bool    // takes the lead away; not together with LeadTechnicianID
}

// UpdateCrew changes a crew.
//
// Needs permission labor.crew.manage. Fails with ErrRuleViolation when the crew
// does not exist in the tenant, ErrInvalidReference when the technician does
// not, and ErrInvalidInput when a value is malformed, a blank name among them,
// which the platform would take for none.
//
// TypeScript: labor.updateCrew.
func (s *Service) UpdateCrew(ctx context.Context, p UpdateCrewParams) error {
	const op = "Labor.UpdateCrew"
	if err := sdkerr.RequireText(op, "CrewID", p.CrewID); err != nil {
		return err
	}
	if err := sdkerr.RefuseBlank(op, "Name", p.Name); err != nil { // the platform would leave the name as it is
		return err
	}
	if err := sdkerr.RefuseEmptyIDs(op, "LeadTechnicianID", p.LeadTechnicianID); err != nil {
		return err
	}
	if p.ClearLeadTechnician && p.LeadTechnicianID != nil {
		return sdkerr.Invalid(op, "ClearLeadTechnician", "contradicts LeadTechnicianID")
	}
	return postgrest.Exec(ctx, s.rpc, op, updateCrewArgs{
		TenantID:            p.TenantID,
		CrewID:              p.CrewID,
		Name:                p.Name,
		Description:         p.Description,
		LeadTechnicianID:    p.LeadTechnicianID,
		ClearLeadTechnician: postgrest.NullIfZero(p.ClearLeadTechnician),
	})
}

// DeleteCrewParams names a crew.
type DeleteCrewParams struct {
	TenantID string // optional: the client's tenant
	CrewID   string // required
}

// DeleteCrew removes a crew for good, with its memberships and shift templates.
// Technicians and shifts that named it stay, without a crew.
//
// Needs permission labor.crew.manage. Fails with ErrInvalidInput while the crew
// has schedule blocks (see Scheduling.Unschedule), and with ErrRuleViolation when
// it does not exist in the tenant.
//
// TypeScript: labor.deleteCrew.
func (s *Service) DeleteCrew(ctx context.Context, p DeleteCrewParams) error {
	const op = "Labor.DeleteCrew"
	if err := sdkerr.RequireText(op, "CrewID", p.CrewID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, deleteCrewArgs(p))
}

// AddCrewMemberParams says who joins which crew.
type AddCrewMemberParams struct {
	TenantID     string // optional: the client's tenant
	CrewID       string // required
	TechnicianID string // required; may be inactive
	Role         string // up to 50 characters; empty: none, or the one they had before
}

// AddCrewMember lets a technician join a crew and returns the id of the
// membership: the old one when they come back.
//
// Needs permission labor.crew.manage. Fails with ErrConflict when the technician
// is a member, and ErrRuleViolation when the crew or the technician does not
// exist in the tenant.
//
// TypeScript: labor.addCrewMember.
func (s *Service) AddCrewMember(ctx context.Context, p AddCrewMemberParams) (int64, error) {
	const op = "Labor.AddCrewMember"
	if err := sdkerr.RequireText(op, "CrewID", p.CrewID, "TechnicianID", p.TechnicianID); err != nil {
		return 0, err
	}
	return postgrest.Call[int64](ctx, s.rpc, op, addCrewMemberArgs{
		TenantID:     p.TenantID,
		CrewID:       p.CrewID,
		TechnicianID: p.TechnicianID,
		Role:         postgrest.NullIfZero(p.Role),
	})
}

// RemoveCrewMemberParams says who leaves which crew.
type RemoveCrewMemberParams struct {
	TenantID     string // optional: the client's tenant
	CrewID       string // required
	TechnicianID string // required
}

// RemoveCrewMember ends a membership. Its row stays, with the time.
//
// Needs permission labor.crew.manage. Fails with ErrRuleViolation when the
// technician is not a member of such a crew of the tenant.
//
// TypeScript: labor.removeCrewMember.
func (s *Service) RemoveCrewMember(ctx context.Context, p RemoveCrewMemberParams) error {
	const op = "Labor.RemoveCrewMember"
	if err := sdkerr.RequireText(op, "CrewID", p.CrewID, "TechnicianID", p.TechnicianID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, removeCrewMemberArgs(p))
}
