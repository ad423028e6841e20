package workorders

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// SetPrimarySupplierParams names a work order and its main supplier.
type SetPrimarySupplierParams struct {
	TenantID          string // optional: the client's tenant
	WorkOrderID       string // required
	PrimarySupplierID string // of the same tenant; empty: none
}

// SetPrimarySupplier sets the main supplier of a work order, or takes it away
// when PrimarySupplierID is empty.
//
// Needs permission workorder.edit. Fails with ErrRuleViolation when the work
// order does not exist and ErrInvalidReference when the supplier is unknown or
// another tenant's.
//
// Not in the TypeScript SDK.
func (s *WorkOrderService) SetPrimarySupplier(ctx context.Context, p SetPrimarySupplierParams) error {
	const op = "WorkOrders.SetPrimarySupplier"
	if err := sdkerr.RequireText(op, "WorkOrderID", p.WorkOrderID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, setWorkOrderPrimarySupplierArgs{
		TenantID:          p.TenantID,
		WorkOrderID:       p.WorkOrderID,
		PrimarySupplierID: postgrest.NullIfZero(p.PrimarySupplierID),
	})
}

// UpsertVendorCostParams describes a cost that a vendor charges for a work
// order. In an update a nil field stays as it is.
type UpsertVendorCostParams struct {
	TenantID         string  // optional: the client's tenant
	WorkOrderID      string  // required
	VendorCostID     string  // the cost to change; empty: add one
	AmountCents      *int    // 0–10,000,000; required for a new cost
	Description      *string // "" is stored as empty text
	VendorName       *string
	InvoiceReference *string
	SupplierID       string // of the same tenant; empty: none, or unchanged
}

// UpsertVendorCost adds a vendor's cost to a work order, or changes one, and
// returns its id. Keep the id: no view lists the single costs, and nothing
// deletes them. Their sums show in the cost views, those of a supplier in
// Client.PartsInventory.VendorSpendBySupplier.
//
// Needs permission workorder.vendor_cost.manage. Fails with ErrInvalidInput
// when the amount is missing or out of range, ErrInvalidReference when the
// supplier is unknown or another tenant's, and ErrRuleViolation when the work
// order does not exist or the cost is not one of its own.
//
// Not in the TypeScript SDK.
func (s *WorkOrderService) UpsertVendorCost(ctx context.Context, p UpsertVendorCostParams) (string, error) {
	const op = "WorkOrders.UpsertVendorCost"
	if err := sdkerr.RequireText(op, "WorkOrderID", p.WorkOrderID); err != nil {
		return "", err
	}
	if p.VendorCostID == "" && p.AmountCents == nil {
		return "", sdkerr.Required(op, "AmountCents")
	}
	return postgrest.Call[string](ctx, s.rpc, op, upsertWorkOrderVendorCostArgs{
		TenantID:         p.TenantID,
		WorkOrderID:      p.WorkOrderID,
		VendorCostID:     postgrest.NullIfZero(p.VendorCostID),
		AmountCents:      p.AmountCents,
		Description:      p.Description,
		VendorName:       p.VendorName,
		InvoiceReference: p.InvoiceReference,
		SupplierID:       postgrest.NullIfZero(p.SupplierID),
	})
}
