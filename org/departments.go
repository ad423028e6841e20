package org

import (
	"context"
	"encoding/json"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// DepartmentService reads and writes departments, the organisational units that
// assets and technicians can belong to. Its readers cover v_departments, which
// any member of the token's tenant may read.
//
// TypeScript: departments (list and getById are List and Get).
type DepartmentService struct {
	postgrest.View[Department]
	rpc postgrest.Caller
}

func (s *DepartmentService) bind(conn *api.Conn) {
	s.View = postgrest.NewView(conn, &departmentView)
	s.rpc = postgrest.NewCaller(conn)
}

// CreateDepartmentParams describes a new department.
type CreateDepartmentParams struct {
	TenantID    string // optional: the client's tenant
	Name        string // required, 1–255 characters, need not be unique
	Description string
	Code        string // 1–20 of A–Z, 0–9 and _; unique within the tenant
}

// Create adds a department and returns its id.
//
// Needs permission tenant.admin. Fails with ErrConflict when Code is taken and
// with ErrInvalidInput when Name or Code is malformed.
//
// TypeScript: departments.create.
func (s *DepartmentService) Create(ctx context.Context, p CreateDepartmentParams) (string, error) {
	const op = "Departments.Create"
	if err := sdkerr.RequireText(op, "Name", p.Name); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createDepartmentArgs{
		TenantID:    p.TenantID,
		Name:        p.Name,
		Description: postgrest.NullIfZero(p.Description),
		Code:        postgrest.NullIfZero(p.Code),
	})
}

// UpdateDepartmentParams says what to change. A nil field stays as it is;
// nothing can be set back to null, and an empty Description is stored as "".
type UpdateDepartmentParams struct {
	TenantID     string // optional: the client's tenant
	DepartmentID string // required
	Name         *string
	Description  *string
	Code         *string
}

// Update changes a department.
//
// Needs permission tenant.admin. Fails with ErrRuleViolation when the
// department does not exist, ErrPermissionDenied when it is another tenant's,
// ErrConflict when Code is taken and ErrInvalidInput when a value is malformed.
//
// TypeScript: departments.update.
func (s *DepartmentService) Update(ctx context.Context, p UpdateDepartmentParams) error {
	const op = "Departments.Update"
	if err := sdkerr.RequireText(op, "DepartmentID", p.DepartmentID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updateDepartmentArgs(p))
}

// DeleteDepartmentParams names a department.
type DeleteDepartmentParams struct {
	TenantID     string // optional: the client's tenant
	DepartmentID string // required
}

// Delete removes a department for good. Assets and technicians that belonged
// to it stay, without a department.
//
// Needs permission tenant.admin. Fails with ErrRuleViolation when the
// department does not exist and ErrPermissionDenied when it is another
// tenant's.
//
// TypeScript: departments.delete.
func (s *DepartmentService) Delete(ctx context.Context, p DeleteDepartmentParams) error {
	const op = "Departments.Delete"
	if err := sdkerr.RequireText(op, "DepartmentID", p.DepartmentID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, deleteDepartmentArgs(p))
}

// ImportDepartment is one row of a bulk import. Name and Code are trimmed; a
// blank Code counts as none.
type ImportDepartment struct {
	Name        string `json:"name"` // required
	Description string `json:"description,omitempty"`
	Code        string `json:"code,omitempty"`
}

// BulkImportDepartmentsParams holds the rows to import.
type BulkImportDepartmentsParams struct {
	TenantID string // optional: the client's tenant
	Rows     []ImportDepartment
}

// BulkImport adds many departments in one call. Bad rows are skipped and
// reported in the result by their index, also those with text or values that
// cannot be sent; good ones stay. No rows give an empty result.
//
// Needs permission department.create.
//
// TypeScript: departments.bulkImport.
func (s *DepartmentService) BulkImport(ctx context.Context, p BulkImportDepartmentsParams) (*types.BulkImportResult, error) {
	const op = "Departments.BulkImport"
	return postgrest.BulkImport(ctx, s.rpc, op, p.Rows, func(rows json.RawMessage) postgrest.Args {
		return bulkImportDepartmentsArgs{TenantID: p.TenantID, Rows: rows}
	})
}
