package inventory

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// CreateSupplierContractParams describes a new contract with a supplier.
type CreateSupplierContractParams struct {
	TenantID       string     // optional: the client's tenant
	SupplierID     string     // required
	EffectiveStart types.Date // required, the first day
	EffectiveEnd   types.Date // the last day; zero: open
	ContractNumber string     // up to 100 characters, need not be unique
	Terms          string
	IsActive       *bool // nil: true
}

// CreateSupplierContract adds a contract and returns its id. Contracts of one
// supplier may overlap; they cannot be deleted.
//
// Needs permission supplier.edit. Fails with ErrInvalidReference when the
// supplier is unknown or another tenant's and ErrInvalidInput when a value is
// malformed or the contract ends before it starts.
//
// TypeScript: partsInventory.createSupplierContract.
func (s *Service) CreateSupplierContract(ctx context.Context, p CreateSupplierContractParams) (string, error) {
	const op = "PartsInventory.CreateSupplierContract"
	if err := sdkerr.RequireText(op, "SupplierID", p.SupplierID); err != nil {
		return "", err
	}
	if p.EffectiveStart.IsZero() {
		return "", sdkerr.Required(op, "EffectiveStart")
	}
	if err := checkPeriod(op, p.EffectiveStart, p.EffectiveEnd); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createSupplierContractArgs{
		TenantID:       p.TenantID,
		SupplierID:     p.SupplierID,
		EffectiveStart: p.EffectiveStart,
		EffectiveEnd:   postgrest.NullIfZero(p.EffectiveEnd),
		ContractNumber: postgrest.NullIfZero(p.ContractNumber),
		Terms:          postgrest.NullIfZero(p.Terms),
		IsActive:       p.IsActive,
	})
}

// UpdateSupplierContractParams says what to change. A nil field stays as it is.
type UpdateSupplierContractParams struct {
	TenantID       string      // optional: the client's tenant
	ContractID     string      // required
	ContractNumber *string     // "" clears it
	EffectiveStart *types.Date // cannot be cleared, as the next two
	EffectiveEnd   *types.Date
	Terms          *string // "" is stored as empty text
	IsActive       *bool
}

// UpdateSupplierContract changes a contract. Its supplier stays as it is.
//
// Needs permission supplier.edit. Fails with ErrRuleViolation when the contract
// is unknown or another tenant's and ErrInvalidInput when a value is malformed
// or the contract would end before it starts.
//
// TypeScript: partsInventory.updateSupplierContract.
func (s *Service) UpdateSupplierContract(ctx context.Context, p UpdateSupplierContractParams) error {
	const op = "PartsInventory.UpdateSupplierContract"
	if err := sdkerr.RequireText(op, "ContractID", p.ContractID); err != nil {
		return err
	}
	if err := sdkerr.RefuseZero(op, "EffectiveStart", p.EffectiveStart); err != nil {
		return err
	}
	if err := sdkerr.RefuseZero(op, "EffectiveEnd", p.EffectiveEnd); err != nil {
		return err
	}
	if p.EffectiveStart != nil && p.EffectiveEnd != nil {
		if err := checkPeriod(op, *p.EffectiveStart, *p.EffectiveEnd); err != nil {
			return err
		}
	}
	return postgrest.Exec(ctx, s.rpc, op, updateSupplierContractArgs(p))
}

// checkPeriod finds a contract that ends before it starts, where both days are
// given.
func checkPeriod(op string, start, end types.Date) error {
	if !start.IsZero() && !end.IsZero() && end.Before(start) {
		return sdkerr.Invalid(op, "EffectiveEnd", "is before EffectiveStart")
	}
	return nil
}

// AddSupplierContractRateParams describes a rate of a contract.
type AddSupplierContractRateParams struct {
	TenantID    string // optional: the client's tenant
	ContractID  string // required
	RateType    string // required, 1–80 characters, such as labor_hour; need not be unique
	AmountCents int    // 0–2,147,483,647
	UOM         string // the unit that the amount is for, such as hour
}

// AddSupplierContractRate adds a rate to a contract and returns its id. Rates
// can be neither changed nor deleted.
//
// Needs permission supplier.edit. Fails with ErrRuleViolation when the contract
// is unknown or another tenant's and ErrInvalidInput when a value is malformed.
//
// TypeScript: partsInventory.addSupplierContractRate.
func (s *Service) AddSupplierContractRate(ctx context.Context, p AddSupplierContractRateParams) (int64, error) {
	const op = "PartsInventory.AddSupplierContractRate"
	if err := sdkerr.RequireText(op, "ContractID", p.ContractID, "RateType", p.RateType); err != nil {
		return 0, err
	}
	if p.AmountCents < 0 {
		return 0, sdkerr.Invalid(op, "AmountCents", "is negative")
	}
	return postgrest.Call[int64](ctx, s.rpc, op, addSupplierContractRateArgs{
		TenantID:    p.TenantID,
		ContractID:  p.ContractID,
		RateType:    p.RateType,
		AmountCents: p.AmountCents,
		UOM:         postgrest.NullIfZero(p.UOM),
	})
}
