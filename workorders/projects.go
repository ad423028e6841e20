package workorders

import (
	"context"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// ProjectService reads and writes projects, which group work orders for costs.
// Its readers cover v_projects, which any member of the token's tenant may read.
// The work orders of a project are WorkOrders.List with a filter by
// WorkOrderCols.ProjectID; CreateWorkOrderParams.ProjectID puts one there.
//
// TypeScript: projects (list and getById are List and Get).
type ProjectService struct {
	postgrest.View[Project]
	rpc postgrest.Caller
}

func (s *ProjectService) bind(conn *api.Conn) {
	s.View = postgrest.NewView(conn, &projectView)
	s.rpc = postgrest.NewCaller(conn)
}

// CreateProjectParams describes a new project. The server trims the text; blank
// text counts as none.
type CreateProjectParams struct {
	TenantID    string // optional: the client's tenant
	Name        string // required, 1–255 characters, need not be unique
	Code        string // 1–50 of a–z, A–Z, 0–9, _ and -; unique within the tenant
	Description string
}

// Create adds a project and returns its id.
//
// Needs permission project.manage. Fails with ErrConflict when Code is taken
// and with ErrInvalidInput when Name or Code is malformed.
//
// TypeScript: projects.create.
func (s *ProjectService) Create(ctx context.Context, p CreateProjectParams) (string, error) {
	const op = "Projects.Create"
	if err := sdkerr.RequireText(op, "Name", strings.TrimSpace(p.Name)); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createProjectArgs{
		TenantID:    p.TenantID,
		Name:        p.Name,
		Code:        postgrest.NullIfZero(p.Code),
		Description: postgrest.NullIfZero(p.Description),
	})
}

// UpdateProjectParams says what to change. A nil field stays as it is; a blank
// Code or Description clears the value, a blank Name changes nothing.
type UpdateProjectParams struct {
	TenantID    string // optional: the client's tenant
	ProjectID   string // required
	Name        *string
	Code        *string
	Description *string
}

// Update changes a project.
//
// Needs permission project.manage. Fails with ErrRuleViolation when the project
// is not one of the tenant, ErrConflict when Code is taken and ErrInvalidInput
// when a value is malformed.
//
// TypeScript: projects.update.
func (s *ProjectService) Update(ctx context.Context, p UpdateProjectParams) error {
	const op = "Projects.Update"
	if err := sdkerr.RequireText(op, "ProjectID", p.ProjectID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updateProjectArgs(p))
}

// DeleteProjectParams names a project.
type DeleteProjectParams struct {
	TenantID  string // optional: the client's tenant
	ProjectID string // required
}

// Delete removes a project for good. Its work orders stay, without a project.
//
// Needs permission project.manage. Fails with ErrRuleViolation when the project
// is not one of the tenant.
//
// TypeScript: projects.delete.
func (s *ProjectService) Delete(ctx context.Context, p DeleteProjectParams) error {
	const op = "Projects.Delete"
	if err := sdkerr.RequireText(op, "ProjectID", p.ProjectID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, deleteProjectArgs(p))
}
