package integration

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/query"
)

// makePart makes a part and returns its id.
func makePart(t testing.TB, tn *tenant, number string) string {
	t.Helper()
	id, err := tn.PartsInventory.CreatePart(t.Context(), inventory.CreatePartParams{PartNumber: number})
	require.NoError(t, err)
	return id
}

func getPart(t testing.TB, c *workorder.Client, id string) *inventory.Part {
	t.Helper()
	part, err := c.PartsInventory.Parts.Get(t.Context(), id)
	require.NoError(t, err)
	return part
}

// stockroom is a tenant with places for parts, which no function of the platform
// makes: its administrator does, through views.
type stockroom struct{ *tenant }

func newStockroom(t testing.TB) stockroom {
	t.Helper()
	return stockroom{stack.Tenant(t)}
}

// place makes an inventory location.
func (s stockroom) place(t testing.TB, kind inventory.LocationType, name string) string {
	t.Helper()
	return insertRow(t, s.tenant, "v_inventory_locations", map[string]any{"name": name, "type": kind})
}

func (s stockroom) bin(t testing.TB, name string) string {
	t.Helper()
	return s.place(t, inventory.LocationBin, name)
}

// put lays so many of a part into a bin, where nothing was.
func (s stockroom) put(t testing.TB, part, bin, quantity string) {
	t.Helper()
	insertRow(t, s.tenant, "v_stock_levels", map[string]any{"part_id": part, "inventory_location_id": bin, "quantity": quantity})
}

// order makes a purchase order over so many of each part, and gives the line of
// each.
func (s stockroom) order(t testing.TB, quantity string, parts ...string) (id string, lines map[string]string) {
	t.Helper()
	var wanted []inventory.PurchaseOrderLine
	for _, part := range parts {
		wanted = append(wanted, ordered(part, quantity))
	}
	id, _ = placeOrder(t, s.tenant, wanted...)
	lines = map[string]string{}
	for _, row := range orderLines(t, s.Client, id) {
		lines[row.PartID] = row.PurchaseOrderLineID
	}
	return id, lines
}

func (s stockroom) reserve(t testing.TB, wo, part, quantity, place string) (string, error) {
	t.Helper()
	return s.PartsInventory.ReserveParts(t.Context(), inventory.ReservePartsParams{
		WorkOrderID: wo, PartID: part, Quantity: dec(quantity), InventoryLocationID: place,
	})
}

func (s stockroom) issue(t testing.TB, wo, part, quantity, bin string) (string, error) {
	t.Helper()
	return s.PartsInventory.IssuePartsToWorkOrder(t.Context(), inventory.IssuePartsToWorkOrderParams{
		WorkOrderID: wo, PartID: part, Quantity: dec(quantity), InventoryLocationID: bin,
	})
}

// totals are what is there of a part, what is reserved and what is available.
func (s stockroom) totals(t testing.TB, part string) string {
	t.Helper()
	row, err := s.PartsInventory.PartsWithStock.Get(t.Context(), part)
	require.NoError(t, err)
	return fmt.Sprintf("%s-%s=%s", row.TotalOnHand, row.TotalReserved, row.Available)
}

// bins are the bins that a part lies in, by name.
func (s stockroom) bins(t testing.TB, part string) map[string]string {
	t.Helper()
	rows, err := s.PartsInventory.StockByLocation.List(t.Context(), query.Where(inventory.LocationStockCols.PartID.Eq(part)))
	require.NoError(t, err)
	bins := map[string]string{}
	for _, row := range rows {
		require.Equal(t, inventory.LocationBin, row.LocationType)
		bins[row.LocationName] = row.Quantity.String()
	}
	return bins
}

func (s stockroom) reservations(t testing.TB, part string) map[string]inventory.PartReservation {
	t.Helper()
	rows, err := s.PartsInventory.PartReservations.List(t.Context(), query.Where(inventory.PartReservationCols.PartID.Eq(part)))
	require.NoError(t, err)
	byID := map[string]inventory.PartReservation{}
	for _, row := range rows {
		byID[row.ID] = row
	}
	return byID
}
