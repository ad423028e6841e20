package inventory

import (
	"context"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// ReservePartsParams says what to set aside.
type ReservePartsParams struct {
	TenantID            string          // optional: the client's tenant
	WorkOrderID         string          // required
	PartID              string          // required
	Quantity            decimal.Decimal // required, more than 0, at most 4 decimals
	InventoryLocationID string          // of any type; empty: from anywhere
}

// ReserveParts sets parts aside for a work order and returns the id of the
// reservation. Stock is not asked: more can be reserved than there is, the
// part's Available is negative then, and nobody is kept from issuing what is
// reserved for another. The status of the work order and whether the part is
// active do not matter either. No function of the platform takes a reservation
// back; issuing the parts ends it.
//
// Needs permission inventory.reservation.create. Fails with ErrInvalidReference
// when the work order, the part or the location does not exist, and with
// ErrInvalidInput when one of them is another tenant's or the quantity does not
// go. Each call makes a reservation of its own, so it is not repeated.
//
// TypeScript: partsInventory.reserveParts.
func (s *Service) ReserveParts(ctx context.Context, p ReservePartsParams) (string, error) {
	const op = "PartsInventory.ReserveParts"
	if err := sdkerr.RequireText(op, "WorkOrderID", p.WorkOrderID, "PartID", p.PartID); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, reservePartsArgs{
		TenantID:            p.TenantID,
		WorkOrderID:         p.WorkOrderID,
		PartID:              p.PartID,
		Quantity:            p.Quantity,
		InventoryLocationID: postgrest.NullIfZero(p.InventoryLocationID),
	})
}

// IssuePartsToWorkOrderParams says what to take out of stock.
type IssuePartsToWorkOrderParams struct {
	TenantID    string          // optional: the client's tenant
	WorkOrderID string          // required
	PartID      string          // required
	Quantity    decimal.Decimal // required, more than 0, at most 4 decimals
	// InventoryLocationID is the bin to take them from. Empty: the server takes
	// the bin that has been left alone for longest, among those that hold the
	// whole quantity, and does not say which.
	InventoryLocationID string
	// ReservationID is the open reservation that these parts are for. Empty: see
	// IssuePartsToWorkOrder.
	ReservationID string
}

// IssuePartsToWorkOrder takes parts out of one bin for a work order and returns
// the id of the row of PartUsage. There is no way back on the platform, and no
// cost of the work order changes.
//
// A quantity comes out of one bin or not at all: two bins of 3 do not give 5.
//
// The server then marks one open reservation of the work order and the part as
// issued, the oldest, whatever its quantity; with InventoryLocationID the oldest
// of that location, so that one without a location stays open. With
// ReservationID the SDK looks first and fails with ErrConflict, before anything
// is issued, when the server would mark another reservation or when the
// quantity is not the one reserved. Who reserves or issues for the same work
// order at that very moment can still come between.
//
// Needs permission inventory.usage.record. Fails with ErrInvalidInput when the
// stock does not suffice, when no single bin has it all, when the bin is not one
// that holds the part or when the quantity does not go, and with
// ErrInvalidReference when the work order or the part does not exist in the
// tenant. Each call issues anew, so it is not repeated.
//
// TypeScript: partsInventory.issuePartsToWorkOrder.
func (s *Service) IssuePartsToWorkOrder(ctx context.Context, p IssuePartsToWorkOrderParams) (string, error) {
	const op = "PartsInventory.IssuePartsToWorkOrder"
	if err := sdkerr.RequireText(op, "WorkOrderID", p.WorkOrderID, "PartID", p.PartID); err != nil {
		return "", err
	}
	args := issuePartsToWorkOrderArgs{
		TenantID:            p.TenantID,
		WorkOrderID:         p.WorkOrderID,
		PartID:              p.PartID,
		Quantity:            p.Quantity,
		InventoryLocationID: postgrest.NullIfZero(p.InventoryLocationID),
	}
	if p.ReservationID != "" {
		if _, err := postgrest.Body(op, args); err != nil {
			return "", err // what cannot be sent is not looked for
		}
		if err := s.meets(ctx, op, p); err != nil {
			return "", err
		}
	}
	return postgrest.Call[string](ctx, s.rpc, op, args)
}

// meets checks that the issue would mark the reservation that it is for, and
// that it is all that was reserved.
func (s *Service) meets(ctx context.Context, op string, p IssuePartsToWorkOrderParams) error {
	tenant, err := s.conn.TenantFor(ctx, op, p.TenantID)
	if err != nil {
		return err
	}
	c := reservationCols
	open := []query.Filter{
		c.TenantID.Eq(tenant), c.WorkOrderID.Eq(p.WorkOrderID), c.PartID.Eq(p.PartID), c.Status.Eq(ReservationReserved),
	}
	if p.InventoryLocationID != "" {
		open = append(open, c.InventoryLocationID.Eq(p.InventoryLocationID))
	}
	rows, err := postgrest.NewView(s.conn, &openReservationView).List(ctx, query.Where(open...), query.OrderBy(c.CreatedAt.Asc(), c.ID.Asc()), query.Limit(1))
	switch {
	case err != nil:
		return sdkerr.Wrap(op, nil, err)
	case len(rows) == 0:
		return sdkerr.New(op, sdkerr.ErrConflict, "the server would mark no reservation: none of the work order, part and location is open")
	case !strings.EqualFold(rows[0].ID, p.ReservationID):
		return sdkerr.New(op, sdkerr.ErrConflict, "the server would mark the reservation %s, which is the oldest", rows[0].ID)
	case !rows[0].Quantity.Equal(p.Quantity):
		return sdkerr.New(op, sdkerr.ErrConflict, "%s are reserved, not %s, and the server would mark all of them as issued", rows[0].Quantity, p.Quantity)
	}
	return nil
}

// openReservation is a reservation as IssuePartsToWorkOrder looks at it, in the
// tenant of its params.
type openReservation struct {
	ID       string          `json:"id"`
	Quantity decimal.Decimal `json:"quantity"`
}

var openReservationView = postgrest.ViewDef[openReservation]{
	List:      "PartsInventory.IssuePartsToWorkOrder",
	Schema:    "public",
	Name:      "v_part_reservations",
	Select:    "id,quantity",
	Key:       []string{"id"},
	AnyTenant: true,
}
