package inventory

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// CreateSupplierParams describes a new supplier.
type CreateSupplierParams struct {
	TenantID           string // optional: the client's tenant
	Name               string // required, 1–255 characters, need not be unique
	Code               string // up to 50 characters, unique within the tenant
	ExternalID         string // need not be unique
	ContactName        string
	Email              string // not checked to be one
	Phone              string
	AddressLine        string
	SuppliesParts      *bool      // nil: true; cannot be read back
	SuppliesLabor      *bool      // nil: false; cannot be read back
	TaxID              string     // cannot be read back
	InsuranceExpiresAt types.Date // cannot be read back
}

// CreateSupplier adds a supplier and returns its id. Blanks around the texts are
// dropped. Suppliers cannot be deleted.
//
// Needs permission supplier.create. Fails with ErrInvalidInput when a value is
// malformed or the name blank and ErrConflict when the code is taken.
//
// TypeScript: partsInventory.createSupplier, without the last four params.
func (s *Service) CreateSupplier(ctx context.Context, p CreateSupplierParams) (string, error) {
	const op = "PartsInventory.CreateSupplier"
	if err := sdkerr.RequireText(op, "Name", p.Name); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createSupplierArgs{
		TenantID:           p.TenantID,
		Name:               p.Name,
		Code:               postgrest.NullIfZero(p.Code),
		ExternalID:         postgrest.NullIfZero(p.ExternalID),
		ContactName:        postgrest.NullIfZero(p.ContactName),
		Email:              postgrest.NullIfZero(p.Email),
		Phone:              postgrest.NullIfZero(p.Phone),
		AddressLine:        postgrest.NullIfZero(p.AddressLine),
		SuppliesParts:      p.SuppliesParts,
		SuppliesLabor:      p.SuppliesLabor,
		TaxID:              postgrest.NullIfZero(p.TaxID),
		InsuranceExpiresAt: postgrest.NullIfZero(p.InsuranceExpiresAt),
	})
}

// UpdateSupplierParams says what to change. A nil field stays as it is.
type UpdateSupplierParams struct {
	TenantID           string  // optional: the client's tenant
	SupplierID         string  // required
	Name               *string // "" leaves it as it is
	Code               *string // "" clears it
	ExternalID         *string // "" clears it
	ContactName        *string // stored as it is, blanks and "" too, as the next three
	Email              *string
	Phone              *string
	AddressLine        *string
	SuppliesParts      *bool
	SuppliesLabor      *bool
	TaxID              *string     // "" clears it
	InsuranceExpiresAt *types.Date // cannot be cleared
}

// UpdateSupplier changes a supplier.
//
// Needs permission supplier.edit. Fails with ErrInvalidReference when the
// supplier is unknown or another tenant's, ErrInvalidInput when a value is
// malformed and ErrConflict when the code is taken.
//
// TypeScript: partsInventory.updateSupplier, without the last four params.
func (s *Service) UpdateSupplier(ctx context.Context, p UpdateSupplierParams) error {
	const op = "PartsInventory.UpdateSupplier"
	if err := sdkerr.RequireText(op, "SupplierID", p.SupplierID); err != nil {
		return err
	}
	if err := sdkerr.RefuseZero(op, "InsuranceExpiresAt", p.InsuranceExpiresAt); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updateSupplierArgs(p))
}
