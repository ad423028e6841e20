package labor

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// CreateTechnicianParams describes a new technician.
type CreateTechnicianParams struct {
	TenantID       string // optional: the client's tenant
	UserID         string // required: a member of the tenant
	EmployeeNumber string // up to 50 characters, trimmed
	DefaultCrewID  string // the technician does not become a member of it
	DepartmentID   string
}

// CreateTechnician makes a member of the tenant a technician, active, and
// returns the technician's id. There is no way to take the profile away; it stays
// active, and the head of its crews, when the member leaves the tenant.
//
// Needs permission labor.technician.manage. Fails with ErrConflict when the
// member is a technician already, ErrPermissionDenied when the user is no member,
// and ErrInvalidReference when the crew or the department is not the tenant's.
//
// TypeScript: labor.createTechnician.
func (s *Service) CreateTechnician(ctx context.Context, p CreateTechnicianParams) (string, error) {
	const op = "Labor.CreateTechnician"
	if err := sdkerr.RequireText(op, "UserID", p.UserID); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createTechnicianArgs{
		TenantID:       p.TenantID,
		UserID:         p.UserID,
		EmployeeNumber: postgrest.NullIfZero(p.EmployeeNumber),
		DefaultCrewID:  postgrest.NullIfZero(p.DefaultCrewID),
		DepartmentID:   postgrest.NullIfZero(p.DepartmentID),
	})
}

// UpdateTechnicianParams says what to change. A nil field stays as it is.
type UpdateTechnicianParams struct {
	TenantID         string  // optional: the client's tenant
	TechnicianID     string  // required
	EmployeeNumber   *string // up to 50 characters, trimmed; "" takes it away
	DefaultCrewID    *string
	DepartmentID     *string
	IsActive         *bool
	ClearDefaultCrew bool // takes the default crew away; not together with DefaultCrewID
	ClearDepartment  bool // takes the department away; not together with DepartmentID
}

// UpdateTechnician changes a technician. The user stays.
//
// Needs permission labor.technician.manage. Fails with ErrRuleViolation when the
// technician does not exist in the tenant and ErrInvalidReference when the crew
// or the department does not.
//
// TypeScript: labor.updateTechnician.
func (s *Service) UpdateTechnician(ctx context.Context, p UpdateTechnicianParams) error {
	const op = "Labor.UpdateTechnician"
	if err := sdkerr.RequireText(op, "TechnicianID", p.TechnicianID); err != nil {
		return err
	}
	if err := sdkerr.RefuseEmptyIDs(op, "DefaultCrewID", p.DefaultCrewID, "DepartmentID", p.DepartmentID); err != nil {
		return err
	}
	switch {
	case p.ClearDefaultCrew && p.DefaultCrewID != nil:
		return sdkerr.Invalid(op, "ClearDefaultCrew", "contradicts DefaultCrewID")
	case p.ClearDepartment && p.DepartmentID != nil:
		return sdkerr.Invalid(op, "ClearDepartment", "contradicts DepartmentID")
	}
	return postgrest.Exec(ctx, s.rpc, op, updateTechnicianArgs{
		TenantID:         p.TenantID,
		TechnicianID:     p.TechnicianID,
		EmployeeNumber:   p.EmployeeNumber,
		DefaultCrewID:    p.DefaultCrewID,
		DepartmentID:     p.DepartmentID,
		IsActive:         p.IsActive,
		ClearDefaultCrew: postgrest.NullIfZero(p.ClearDefaultCrew),
		ClearDepartment:  postgrest.NullIfZero(p.ClearDepartment),
	})
}
