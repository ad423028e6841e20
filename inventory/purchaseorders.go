package inventory

import (
	"context"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

// PurchaseOrderLine is a line of a new purchase order.
type PurchaseOrderLine struct {
	PartID          string           // required, of the same tenant; the same part may come again
	QuantityOrdered decimal.Decimal  // more than 0, in the part's unit
	UnitPrice       *decimal.Decimal // of one unit, in the tenant's currency; any sign; cannot be read back
}

// orderLine is a PurchaseOrderLine on the wire.
type orderLine struct {
	PartID          string           `json:"part_id"`
	QuantityOrdered decimal.Decimal  `json:"quantity_ordered" numeric:"18,4,positive"`
	UnitPrice       *decimal.Decimal `json:"unit_price" numeric:"18,4"`
}

// CreatePurchaseOrderParams describes a new purchase order.
type CreatePurchaseOrderParams struct {
	TenantID             string     // optional: the client's tenant
	SupplierID           string     // required, of the same tenant
	OrderNumber          string     // required, unique within the tenant, in any status; case counts
	OrderDate            types.Date // zero: today, by the server's clock
	ExpectedDeliveryDate types.Date // may lie before OrderDate
	ExternalID           string     // need not be unique
	Notes                string
	Lines                []PurchaseOrderLine // all that the order will ever have: lines cannot be added later
}

// CreatePurchaseOrder adds an order with all its lines, or nothing, and returns
// its id. It begins as a draft, and only ReceivePurchaseOrder changes its
// status. The ids of the lines are in PurchaseOrderReceiptStatus.
//
// The platform takes any tenant's part into a line: nobody could read that line,
// and receiving it could raise the other tenant's stock. So CreatePurchaseOrder
// first reads which of the parts are the tenant's, and fails with
// ErrInvalidReference, having made nothing, when one is not.
//
// Needs permission purchase_order.create. Fails with ErrConflict when the number
// is taken, ErrInvalidReference when the supplier or a part is unknown or the
// part another tenant's, and ErrInvalidInput when the supplier is another
// tenant's or a value is malformed, a quantity or price with more than four
// decimals among them.
//
// TypeScript: partsInventory.createPurchaseOrder, which takes any part.
func (s *Service) CreatePurchaseOrder(ctx context.Context, p CreatePurchaseOrderParams) (string, error) {
	const op = "PartsInventory.CreatePurchaseOrder"
	if err := sdkerr.RequireText(op, "SupplierID", p.SupplierID, "OrderNumber", p.OrderNumber); err != nil {
		return "", err
	}
	lines := make([]orderLine, len(p.Lines))
	for i, l := range p.Lines {
		if err := sdkerr.RequireText(op, fmt.Sprintf("Lines[%d].PartID", i), l.PartID); err != nil {
			return "", err
		}
		lines[i] = orderLine(l)
	}
	args := createPurchaseOrderArgs{
		TenantID:             p.TenantID,
		SupplierID:           p.SupplierID,
		OrderNumber:          p.OrderNumber,
		OrderDate:            postgrest.NullIfZero(p.OrderDate),
		ExpectedDeliveryDate: postgrest.NullIfZero(p.ExpectedDeliveryDate),
		ExternalID:           postgrest.NullIfZero(p.ExternalID),
		Notes:                postgrest.NullIfZero(p.Notes),
		Lines:                lines,
	}
	if _, err := postgrest.Body(op, args); err != nil {
		return "", err // nothing is looked for when it cannot be sent
	}
	if err := s.refuseForeignParts(ctx, op, p); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, args)
}

// ownPartView reads the parts of any one tenant of the caller: that of the order
// need not be that of the token.
var ownPartView = postgrest.ViewDef[PartSummary]{
	List:      "PartsInventory.CreatePurchaseOrder",
	Schema:    "public",
	Name:      "v_parts",
	AnyTenant: true,
	Key:       []string{"id"},
}

// refuseForeignParts finds a part of an order that is not of its tenant. Who may
// not order gets the server's own answer.
func (s *Service) refuseForeignParts(ctx context.Context, op string, p CreatePurchaseOrderParams) error {
	if len(p.Lines) == 0 {
		return nil
	}
	tenant, err := s.conn.TenantFor(ctx, op, p.TenantID)
	if err != nil {
		return err
	}
	var wanted []string
	own := map[string]bool{}
	for _, l := range p.Lines {
		if _, seen := own[plainID(l.PartID)]; !seen {
			wanted, own[plainID(l.PartID)] = append(wanted, l.PartID), false
		}
	}
	parts, err := postgrest.NewView(s.conn, &ownPartView).List(ctx, query.Limit(len(wanted)), query.Columns(partSummaryCols.ID),
		query.Where(partSummaryCols.TenantID.Eq(tenant), partSummaryCols.ID.In(wanted...)))
	if err != nil {
		return sdkerr.Wrap(op, nil, err)
	}
	for _, part := range parts {
		own[plainID(part.ID)] = true
	}
	for i, l := range p.Lines {
		if own[plainID(l.PartID)] {
			continue
		}
		if may, err := s.may(ctx, op, tenant, "purchase_order.create"); err != nil || !may {
			return err
		}
		return sdkerr.New(op, sdkerr.ErrInvalidReference, "Lines[%d].PartID: tenant %s has no part %s", i, tenant, l.PartID)
	}
	return nil
}

// may asks whether the caller holds a permission.
func (s *Service) may(ctx context.Context, op, tenant, permission string) (bool, error) {
	answer, err := s.rpc.Invoke(ctx, op, postgrest.RPC{Schema: "public", Name: "rpc_has_permission", Stable: true},
		map[string]string{"p_tenant_id": tenant, "p_permission_key": permission})
	return string(answer) == "true", err
}

// plainID is a UUID without what PostgreSQL does not look at.
func plainID(id string) string { return strings.ToLower(idNoise.Replace(id)) }

var idNoise = strings.NewReplacer("-", "", "{", "", "}", "", " ", "")

// ReceiptLine is what has come of a line of a purchase order.
type ReceiptLine struct {
	PurchaseOrderLineID   string          // required, see PurchaseOrderReceiptStatus
	QuantityReceived      decimal.Decimal // more than 0, at most what is missing
	ToInventoryLocationID string          // the bin that it goes to; empty: none, so no stock
}

// receiptLine is a ReceiptLine on the wire.
type receiptLine struct {
	PurchaseOrderLineID   string          `json:"purchase_order_line_id"`
	QuantityReceived      decimal.Decimal `json:"quantity_received" numeric:"18,4,positive"`
	ToInventoryLocationID *string         `json:"to_inventory_location_id"`
}

// ReceivePurchaseOrderParams says what has come of a purchase order.
type ReceivePurchaseOrderParams struct {
	TenantID string        // optional: the client's tenant
	POID     string        // required, an order in any status
	Lines    []ReceiptLine // at least one; the same order line may come again, for another bin
}

// ReceivePurchaseOrder takes in what an order brought, all of it or nothing, and
// returns the id of the receipt, which no view shows. Each line adds to what its
// order line has received and, with a bin, to the stock. The order becomes
// received when every line is complete, otherwise partially_received, whatever
// it was before: drafts and cancelled orders can be received too. Receipts
// cannot be taken back, and calling again receives again: after an error that
// leaves open whether the server did it, compare PurchaseOrderReceiptStatus.
// A bin has to be of the tenant of the line's part, which for an order that
// another program made can be another tenant than that of the order.
//
// Needs permission purchase_order.receive. Fails with ErrInvalidInput when more
// than what was ordered would have come, a location is no bin or another
// tenant's, or a quantity is malformed or has more than four decimals, and with
// ErrInvalidReference when the order, a location or a line of this order is
// unknown or the order another tenant's.
//
// TypeScript: partsInventory.receivePurchaseOrder.
func (s *Service) ReceivePurchaseOrder(ctx context.Context, p ReceivePurchaseOrderParams) (string, error) {
	const op = "PartsInventory.ReceivePurchaseOrder"
	if err := sdkerr.RequireText(op, "POID", p.POID); err != nil {
		return "", err
	}
	if len(p.Lines) == 0 {
		return "", sdkerr.Required(op, "Lines")
	}
	lines := make([]receiptLine, len(p.Lines))
	for i, l := range p.Lines {
		if err := sdkerr.RequireText(op, fmt.Sprintf("Lines[%d].PurchaseOrderLineID", i), l.PurchaseOrderLineID); err != nil {
			return "", err
		}
		lines[i] = receiptLine{l.PurchaseOrderLineID, l.QuantityReceived, postgrest.NullIfZero(l.ToInventoryLocationID)}
	}
	return postgrest.Call[string](ctx, s.rpc, op, receivePurchaseOrderArgs{TenantID: p.TenantID, POID: p.POID, Lines: lines})
}
