package inventory

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// CreatePurchaseRequisitionParams describes a new requisition.
type CreatePurchaseRequisitionParams struct {
	TenantID string     // optional: the client's tenant
	DueDate  types.Date // when the parts are needed
	Notes    string
}

// CreatePurchaseRequisition adds a draft requisition of the caller without lines
// and returns its id. On the platform it stays a draft: no function submits,
// approves or orders it.
//
// Needs permission purchase_requisition.create. Fails with ErrInvalidInput when
// a value is malformed.
//
// TypeScript: partsInventory.createPurchaseRequisition.
func (s *Service) CreatePurchaseRequisition(ctx context.Context, p CreatePurchaseRequisitionParams) (string, error) {
	return postgrest.Call[string](ctx, s.rpc, "PartsInventory.CreatePurchaseRequisition", createPurchaseRequisitionArgs{
		TenantID: p.TenantID,
		DueDate:  postgrest.NullIfZero(p.DueDate),
		Notes:    postgrest.NullIfZero(p.Notes),
	})
}

// AddPurchaseRequisitionLineParams describes what is asked for.
type AddPurchaseRequisitionLineParams struct {
	TenantID              string           // optional: the client's tenant
	PurchaseRequisitionID string           // required, of a draft
	PartID                string           // required, of the same tenant; the same part may come again
	Quantity              decimal.Decimal  // more than 0, in the part's unit
	EstimatedUnitCost     *decimal.Decimal // of one unit, in the tenant's currency; any sign
	Notes                 string
}

// AddPurchaseRequisitionLine adds a line to a draft requisition and returns its
// id. Keep the id: no view shows the lines.
//
// Needs permission purchase_requisition.edit. Fails with ErrRuleViolation when
// the requisition is unknown or another tenant's, ErrInvalidReference when it is
// no draft or the part is unknown or another tenant's, and ErrInvalidInput when
// a value is malformed, a quantity or cost with more than four decimals among
// them.
//
// TypeScript: partsInventory.addPurchaseRequisitionLine.
func (s *Service) AddPurchaseRequisitionLine(ctx context.Context, p AddPurchaseRequisitionLineParams) (string, error) {
	const op = "PartsInventory.AddPurchaseRequisitionLine"
	if err := sdkerr.RequireText(op, "PurchaseRequisitionID", p.PurchaseRequisitionID, "PartID", p.PartID); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, addPurchaseRequisitionLineArgs{
		TenantID:              p.TenantID,
		PurchaseRequisitionID: p.PurchaseRequisitionID,
		PartID:                p.PartID,
		Quantity:              p.Quantity,
		EstimatedUnitCost:     p.EstimatedUnitCost,
		Notes:                 postgrest.NullIfZero(p.Notes),
	})
}

// UpdatePurchaseRequisitionLineParams says what to change. A nil field stays as
// it is.
type UpdatePurchaseRequisitionLineParams struct {
	TenantID          string           // optional: the client's tenant
	LineID            string           // required
	Quantity          *decimal.Decimal // more than 0
	EstimatedUnitCost *decimal.Decimal // cannot be cleared
	Notes             *string          // "" clears them
}

// UpdatePurchaseRequisitionLine changes a line of a draft requisition. Its part
// stays as it is.
//
// Needs permission purchase_requisition.edit. Fails with ErrRuleViolation when
// the line is unknown or another tenant's, ErrInvalidReference when its
// requisition is no draft and ErrInvalidInput when a value is malformed.
//
// TypeScript: partsInventory.updatePurchaseRequisitionLine.
func (s *Service) UpdatePurchaseRequisitionLine(ctx context.Context, p UpdatePurchaseRequisitionLineParams) error {
	const op = "PartsInventory.UpdatePurchaseRequisitionLine"
	if err := sdkerr.RequireText(op, "LineID", p.LineID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updatePurchaseRequisitionLineArgs(p))
}

// RemovePurchaseRequisitionLineParams names a line.
type RemovePurchaseRequisitionLineParams struct {
	TenantID string // optional: the client's tenant
	LineID   string // required
}

// RemovePurchaseRequisitionLine deletes a line of a draft requisition.
//
// Needs permission purchase_requisition.edit. Fails with ErrRuleViolation when
// the line is unknown, gone already or another tenant's and ErrInvalidReference
// when its requisition is no draft.
//
// TypeScript: partsInventory.removePurchaseRequisitionLine.
func (s *Service) RemovePurchaseRequisitionLine(ctx context.Context, p RemovePurchaseRequisitionLineParams) error {
	const op = "PartsInventory.RemovePurchaseRequisitionLine"
	if err := sdkerr.RequireText(op, "LineID", p.LineID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, removePurchaseRequisitionLineArgs(p))
}

// DeletePurchaseRequisitionParams names a requisition.
type DeletePurchaseRequisitionParams struct {
	TenantID              string // optional: the client's tenant
	PurchaseRequisitionID string // required
}

// DeletePurchaseRequisition deletes a draft requisition with its lines and
// attachments.
//
// Needs permission purchase_requisition.edit. Fails with ErrRuleViolation when
// the requisition is unknown, gone already or another tenant's and
// ErrInvalidReference when it is no draft.
//
// TypeScript: partsInventory.deletePurchaseRequisition.
func (s *Service) DeletePurchaseRequisition(ctx context.Context, p DeletePurchaseRequisitionParams) error {
	const op = "PartsInventory.DeletePurchaseRequisition"
	if err := sdkerr.RequireText(op, "PurchaseRequisitionID", p.PurchaseRequisitionID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, deletePurchaseRequisitionArgs(p))
}
