package integration

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

// From what somebody asks for to what it costs: every number on the way.
func TestTheWholePurchase(t *testing.T) {
	t.Parallel()
	s := newStockroom(t)
	inv := &s.PartsInventory
	supplier := makeSupplier(t, s.tenant, "Acme")
	bearing, oil := makePart(t, s.tenant, "BRG-6204"), makePart(t, s.tenant, "OIL-46")
	a, b := s.bin(t, "A"), s.bin(t, "B")
	wo := makeWorkOrder(t, s.Client, "Change the bearing")

	// state is all that can be seen: the order, the totals and bins of both parts,
	// what was spent, and what the work order has cost.
	order := ""
	state := func() string {
		t.Helper()
		progressed := ""
		if order != "" {
			progressed = progress(t, s.Client, order)
			require.Equal(t, progressed[:8] != "received", openOrder(t, s.Client, order) != nil)
		}
		cost := costOf(t, s.Client, wo)
		return fmt.Sprintf("%s; %s %v; %s %v; %d+%d=%d %s", progressed, s.totals(t, bearing), s.bins(t, bearing), s.totals(t, oil), s.bins(t, oil),
			cost.VendorCents, cost.PartsCents, cost.TotalCents, spend(t, s.Client, supplier))
	}
	require.Equal(t, "; 0-0=0 map[]; 0-0=0 map[]; 0+0=0 ", state())

	// Asked for.
	requisition, err := inv.CreatePurchaseRequisition(t.Context(), inventory.CreatePurchaseRequisitionParams{
		DueDate: types.NewDate(2026, 12, 1), Notes: "for the press",
	})
	require.NoError(t, err)
	lines := map[string]string{}
	for part, quantity := range map[string]string{bearing: "10", oil: "2.5"} {
		lines[part], err = inv.AddPurchaseRequisitionLine(t.Context(), inventory.AddPurchaseRequisitionLineParams{
			PurchaseRequisitionID: requisition, PartID: part, Quantity: dec(quantity), EstimatedUnitCost: new(dec("4.2")),
		})
		require.NoError(t, err)
	}
	require.NoError(t, inv.UpdatePurchaseRequisitionLine(t.Context(), inventory.UpdatePurchaseRequisitionLineParams{
		LineID: lines[oil], Quantity: new(dec("3")),
	}))
	_, err = s.reserve(t, wo, bearing, "6", "")
	require.NoError(t, err)
	require.Equal(t, "; 0-6=-6 map[]; 0-0=0 map[]; 0+0=0 ", state(), "more can be reserved than there is")

	// Ordered. The requisition knows nothing of it.
	order, err = inv.CreatePurchaseOrder(t.Context(), inventory.CreatePurchaseOrderParams{
		SupplierID: supplier, OrderNumber: "2026-117", Lines: []inventory.PurchaseOrderLine{
			{PartID: bearing, QuantityOrdered: dec("10"), UnitPrice: new(dec("4.25"))},
			{PartID: oil, QuantityOrdered: dec("3"), UnitPrice: new(dec("12.5"))},
		},
	})
	require.NoError(t, err)
	ids := orderLines(t, s.Client, order)
	bearings, oils := ids[0].PurchaseOrderLineID, ids[1].PurchaseOrderLineID
	require.Equal(t, "draft 0/10 0/3; 0-6=-6 map[]; 0-0=0 map[]; 0+0=0 ", state())
	r, err := inv.OpenRequisitions.Get(t.Context(), requisition)
	require.NoError(t, err)
	require.Equal(t, inventory.RequisitionDraft, r.Status)
	require.NoError(t, inv.DeletePurchaseRequisition(t.Context(), inventory.DeletePurchaseRequisitionParams{PurchaseRequisitionID: requisition}))
	n, err := inv.OpenRequisitions.Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)

	// A first part of it comes.
	require.NoError(t, receive(t, s.Client, order, takes(bearings, "4", a), takes(bearings, "2", b), takes(oils, "1.25", a)))
	first := "partially_received 6/10 1.25/3; 6-6=0 map[A:4 B:2]; 1.25-0=1.25 map[A:1.25]; 0+0=0 "
	require.Equal(t, first, state())
	requireError(t, receive(t, s.Client, order, takes(oils, "1.75", a), takes(bearings, "4.0001", b)), workorder.ErrInvalidInput, "23514")
	_, err = s.issue(t, wo, bearing, "5", "")
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	require.Equal(t, first, state(), "what is refused changes nothing")

	// Some is used: the only bin that has three, and the reservation is met.
	usage, err := s.issue(t, wo, bearing, "3", "")
	require.NoError(t, err)
	require.Equal(t, "partially_received 6/10 1.25/3; 3-0=3 map[A:1 B:2]; 1.25-0=1.25 map[A:1.25]; 0+0=0 ", state())
	used, err := inv.PartUsage.Get(t.Context(), usage)
	require.NoError(t, err)
	require.Equal(t, []string{wo, bearing, "3", s.Admin.ID}, []string{used.WorkOrderID, used.PartID, used.QuantityUsed.String(), *used.UsedBy})
	require.Nil(t, used.InventoryLocationID)

	// The rest comes, and is used up.
	require.NoError(t, receive(t, s.Client, order, takes(bearings, "4", b), takes(oils, "1.75", a)))
	require.Equal(t, "received 10/10 3/3; 7-0=7 map[A:1 B:6]; 3-0=3 map[A:3]; 0+0=0 ", state())
	_, err = s.issue(t, wo, bearing, "6", b)
	require.NoError(t, err)
	_, err = s.issue(t, wo, oil, "3", a)
	require.NoError(t, err)
	require.Equal(t, "received 10/10 3/3; 1-0=1 map[A:1 B:0]; 0-0=0 map[A:0]; 0+0=0 ", state())

	// 10 × 4.25 + 3 × 12.50, as the supplier charges it.
	charge := dec("10").Mul(dec("4.25")).Add(dec("3").Mul(dec("12.5"))).Shift(2)
	require.Equal(t, "8000", charge.String())
	cost, err := s.WorkOrders.UpsertVendorCost(t.Context(), workorders.UpsertVendorCostParams{
		WorkOrderID: wo, AmountCents: new(int(charge.IntPart())), SupplierID: supplier, InvoiceReference: new("2026-117"),
	})
	require.NoError(t, err)
	require.Equal(t, "received 10/10 3/3; 1-0=1 map[A:1 B:0]; 0-0=0 map[A:0]; 8000+0=8000 Acme 8000/1", state())
	_, err = s.WorkOrders.UpsertVendorCost(t.Context(), workorders.UpsertVendorCostParams{WorkOrderID: wo, VendorCostID: cost, AmountCents: new(7_840)})
	require.NoError(t, err)
	require.Equal(t, "received 10/10 3/3; 1-0=1 map[A:1 B:0]; 0-0=0 map[A:0]; 7840+0=7840 Acme 7840/1", state())

	t.Run("ledger", func(t *testing.T) { // no view shows it
		var ledger string
		require.NoError(t, stack.SQL(t).QueryRow(t.Context(), `
			select string_agg(concat_ws(' ', transaction_type, trim_scale(quantity)), ', ' order by transaction_type, quantity)
			from app.inventory_transactions where part_id = $1`, bearing).Scan(&ledger))
		require.Equal(t, "issue -6, issue -3, receipt 2, receipt 4, receipt 4", ledger)
	})
}

// receivedOf sums what the lines of an order have received of a part.
func (s stockroom) receivedOf(t testing.TB, order, part string) decimal.Decimal {
	t.Helper()
	sum := decimal.Zero
	for _, row := range orderLines(t, s.Client, order) {
		require.False(t, row.QuantityBalance.IsNegative(), "%+v", row)
		if row.PartID == part {
			sum = sum.Add(row.QuantityReceived)
		}
	}
	return sum
}

// stockOf is what lies in all bins of a part.
func (s stockroom) stockOf(t testing.TB, part string) decimal.Decimal {
	t.Helper()
	row, err := s.PartsInventory.PartsWithStock.Get(t.Context(), part)
	require.NoError(t, err)
	return row.TotalOnHand
}

// ledgerOf sums what was ever received of a part.
func (s stockroom) ledgerOf(t testing.TB, part string) decimal.Decimal {
	t.Helper()
	var sum string
	require.NoError(t, stack.SQL(t).QueryRow(t.Context(), `
		select coalesce(sum(quantity), 0)::text from app.inventory_transactions where part_id = $1 and transaction_type = 'receipt'`, part).Scan(&sum))
	return dec(sum)
}

func TestALineNeverReceivesMoreThanWasOrdered(t *testing.T) {
	t.Parallel()
	stack.unrecorded(t)
	s := newStockroom(t)
	part, bin := makePart(t, s.tenant, "P-1"), s.bin(t, "1")
	order, lines := placeOrder(t, s.tenant, ordered(part, "50"))

	var taken, refused atomic.Int64
	require.NoError(t, inParallel(64, func(int) error {
		switch err := receive(t, s.Client, order, takes(lines[0], "1", bin)); errorCode(err) {
		case "":
			if err != nil {
				return err
			}
			taken.Add(1)
		case "23514":
			refused.Add(1)
		default:
			return err
		}
		return nil
	}))
	require.EqualValues(t, 50, taken.Load())
	require.EqualValues(t, 14, refused.Load())
	require.Equal(t, "received 50/50", progress(t, s.Client, order))
	require.Equal(t, map[string]string{"1": "50"}, s.bins(t, part))
	require.Equal(t, "50", s.ledgerOf(t, part).String())
}

// Many receive the lines of two orders, in any order and into any bin. Whatever
// gets through: nothing is lost, nothing comes from nowhere, no order is
// overfilled, and nobody waits for each other for ever.
func TestReceiptsAtOnceAddUp(t *testing.T) {
	t.Parallel()
	stack.unrecorded(t)
	s := newStockroom(t)
	random := newRandom(t)
	parts := []string{makePart(t, s.tenant, "P-1"), makePart(t, s.tenant, "P-2")}
	bins := []string{s.bin(t, "1"), s.bin(t, "2"), ""}
	type openOrder struct {
		id    string
		lines []string
	}
	var orders [2]openOrder
	for i := range orders {
		orders[i].id, orders[i].lines = placeOrder(t, s.tenant, ordered(parts[0], "21"), ordered(parts[1], "20.5"), ordered(parts[0], "8.0001"))
	}
	var binned [2]atomic.Int64 // of each part, in ten-thousandths
	var complete atomic.Int64
	require.NoError(t, inParallel(64, func(i int) error {
		rnd := random(uint64(i))
		for range 3 {
			o := orders[rnd.IntN(2)]
			var lines []inventory.ReceiptLine
			var into [2]int64
			for _, line := range rnd.Perm(3)[:1+rnd.IntN(3)] {
				quantity, bin := decimal.New(1+rnd.Int64N(9_999), -4), bins[rnd.IntN(3)]
				lines = append(lines, inventory.ReceiptLine{
					PurchaseOrderLineID: o.lines[line], QuantityReceived: quantity, ToInventoryLocationID: bin,
				})
				if bin != "" {
					into[line%2] += quantity.Shift(4).IntPart()
				}
			}
			switch err := receive(t, s.Client, o.id, lines...); {
			case err == nil:
				binned[0].Add(into[0])
				binned[1].Add(into[1])
				complete.Add(1)
			case errorCode(err) != "23514":
				return err
			}
		}
		return nil
	}))
	require.Positive(t, complete.Load())
	for i, part := range parts {
		require.Equal(t, decimal.New(binned[i].Load(), -4).String(), s.stockOf(t, part).String(), "what went into bins lies there")
		got := s.receivedOf(t, orders[0].id, part).Add(s.receivedOf(t, orders[1].id, part))
		require.Equal(t, s.ledgerOf(t, part).String(), got.String(), "lines and ledger agree")
		for _, o := range orders {
			for _, row := range orderLines(t, s.Client, o.id) {
				require.False(t, row.QuantityReceived.GreaterThan(row.QuantityOrdered), "%+v", row)
			}
		}
	}
}
