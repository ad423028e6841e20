package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

// ordered is a line of a purchase order.
func ordered(part, quantity string) inventory.PurchaseOrderLine {
	return inventory.PurchaseOrderLine{PartID: part, QuantityOrdered: dec(quantity)}
}

// takes is what has come of a line; "" for no bin.
func takes(line, quantity, bin string) inventory.ReceiptLine {
	return inventory.ReceiptLine{PurchaseOrderLineID: line, QuantityReceived: dec(quantity), ToInventoryLocationID: bin}
}

// placeOrder makes a purchase order and gives the ids of its lines, the largest
// quantity first.
func placeOrder(t testing.TB, tn *tenant, lines ...inventory.PurchaseOrderLine) (id string, lineIDs []string) {
	t.Helper()
	id, err := tn.PartsInventory.CreatePurchaseOrder(t.Context(), inventory.CreatePurchaseOrderParams{
		SupplierID: makeSupplier(t, tn, "Acme"), OrderNumber: newSlug(), Lines: lines,
	})
	require.NoError(t, err)
	for _, row := range orderLines(t, tn.Client, id) {
		lineIDs = append(lineIDs, row.PurchaseOrderLineID)
	}
	require.Len(t, lineIDs, len(lines))
	return id, lineIDs
}

// orderLines are the lines of a purchase order, the largest quantity first.
func orderLines(t testing.TB, c *workorder.Client, id string) []inventory.ReceiptStatus {
	t.Helper()
	cols := inventory.ReceiptStatusCols
	rows, err := c.PartsInventory.PurchaseOrderReceiptStatus.List(t.Context(), query.Where(cols.PurchaseOrderID.Eq(id)))
	require.NoError(t, err)
	slices.SortFunc(rows, func(a, b inventory.ReceiptStatus) int { return b.QuantityOrdered.Cmp(a.QuantityOrdered) })
	return rows
}

// progress says how far an order with lines has come: its status, then what each
// line has received of what was ordered.
func progress(t testing.TB, c *workorder.Client, id string) string {
	t.Helper()
	lines := orderLines(t, c, id)
	require.NotEmpty(t, lines)
	out := []string{string(lines[0].POStatus)}
	for _, l := range lines {
		require.Equal(t, lines[0].POStatus, l.POStatus)
		require.True(t, l.QuantityBalance.Equal(l.QuantityOrdered.Sub(l.QuantityReceived)), "%+v", l)
		out = append(out, fmt.Sprintf("%s/%s", l.QuantityReceived, l.QuantityOrdered))
	}
	return strings.Join(out, " ")
}

func openOrder(t testing.TB, c *workorder.Client, id string) *inventory.OpenPurchaseOrder {
	t.Helper()
	row, err := c.PartsInventory.OpenPurchaseOrders.Get(t.Context(), id)
	if errors.Is(err, workorder.ErrNotFound) {
		return nil
	}
	require.NoError(t, err)
	return row
}

func receive(t testing.TB, c *workorder.Client, order string, lines ...inventory.ReceiptLine) error {
	t.Helper()
	id, err := c.PartsInventory.ReceivePurchaseOrder(t.Context(), inventory.ReceivePurchaseOrderParams{POID: order, Lines: lines})
	if err == nil {
		require.NotEmpty(t, id)
	}
	return err
}

func TestPurchaseOrdersAreStoredAsDocumented(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	supplier, err := tn.PartsInventory.CreateSupplier(t.Context(), inventory.CreateSupplierParams{Name: "Acme", Code: "A"})
	require.NoError(t, err)
	part := makePart(t, tn, "P-1")
	before := types.DateOf(time.Now().UTC())
	id, err := tn.PartsInventory.CreatePurchaseOrder(t.Context(), inventory.CreatePurchaseOrderParams{
		SupplierID: supplier, OrderNumber: "  N-1 ", ExternalID: " ", Notes: " n ", Lines: []inventory.PurchaseOrderLine{ordered(part, "10")},
	})
	require.NoError(t, err)
	o := openOrder(t, tn.Client, id)
	require.Equal(t, []string{tn.ID, supplier, "N-1", "Acme", "A"}, []string{o.TenantID, o.SupplierID, o.OrderNumber, o.SupplierName, *o.SupplierCode})
	require.Equal(t, inventory.PurchaseOrderDraft, o.Status)
	require.Contains(t, []types.Date{before, types.DateOf(time.Now().UTC())}, o.OrderDate)
	require.Nil(t, o.ExpectedDeliveryDate)
	require.Nil(t, o.ExternalID)
	require.Equal(t, " n ", *o.Notes)
	lines := orderLines(t, tn.Client, id)
	require.Len(t, lines, 1)
	require.Equal(t, []string{tn.ID, id, "N-1", part, "P-1"},
		[]string{lines[0].TenantID, lines[0].PurchaseOrderID, lines[0].OrderNumber, lines[0].PartID, lines[0].PartNumber})
	require.Nil(t, lines[0].PartName)
	require.Equal(t, "draft 0/10", progress(t, tn.Client, id))

	// The same part twice, prices of any sign, the longest numbers, days backwards.
	id, err = tn.PartsInventory.CreatePurchaseOrder(t.Context(), inventory.CreatePurchaseOrderParams{
		SupplierID: supplier, OrderNumber: "n-1", OrderDate: types.NewDate(2028, 2, 29), ExpectedDeliveryDate: types.NewDate(2028, 1, 1), ExternalID: " x ",
		Lines: []inventory.PurchaseOrderLine{
			{PartID: strings.ToUpper(part), QuantityOrdered: dec("99999999999999.9999"), UnitPrice: new(dec("-99999999999999.9999"))},
			{PartID: part, QuantityOrdered: dec("0.0001"), UnitPrice: new(dec("0"))},
		},
	})
	require.NoError(t, err, "the case of a number counts")
	o = openOrder(t, tn.Client, id)
	require.Equal(t, []types.Date{types.NewDate(2028, 2, 29), types.NewDate(2028, 1, 1)}, []types.Date{o.OrderDate, *o.ExpectedDeliveryDate})
	require.Equal(t, "x", *o.ExternalID)
	require.Equal(t, "draft 0/99999999999999.9999 0/0.0001", progress(t, tn.Client, id))

	id, err = tn.PartsInventory.CreatePurchaseOrder(t.Context(), inventory.CreatePurchaseOrderParams{SupplierID: supplier, OrderNumber: "N-2"})
	require.NoError(t, err)
	require.Equal(t, inventory.PurchaseOrderDraft, openOrder(t, tn.Client, id).Status)
	require.Empty(t, orderLines(t, tn.Client, id), "an order without lines has no row")
}

func TestRefusedPurchaseOrdersLeaveNothing(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	supplier, theirSupplier := makeSupplier(t, tn, "Acme"), makeSupplier(t, other, "Bolt")
	part, theirPart := makePart(t, tn, "P-1"), makePart(t, other, "P-1")
	create := func(tn *tenant, supplier, number string, lines ...inventory.PurchaseOrderLine) error {
		_, err := tn.PartsInventory.CreatePurchaseOrder(t.Context(), inventory.CreatePurchaseOrderParams{
			SupplierID: supplier, OrderNumber: number, Lines: lines,
		})
		return err
	}
	require.NoError(t, create(tn, supplier, "N-1"))
	require.NoError(t, create(other, theirSupplier, "N-1"), "another tenant may use the number")

	requireError(t, create(tn, supplier, " N-1 "), workorder.ErrConflict, "23505")
	requireError(t, create(tn, supplier, "  "), workorder.ErrInvalidInput, "23514")
	requireError(t, create(tn, unknownID, "N-2"), workorder.ErrInvalidReference, "23503")
	requireError(t, create(tn, theirSupplier, "N-1"), workorder.ErrInvalidInput, "23514")
	for _, foreign := range []string{theirPart, unknownID} {
		err := create(tn, supplier, "N-2", ordered(part, "1"), ordered(foreign, "1"))
		require.ErrorIs(t, err, workorder.ErrInvalidReference)
		require.ErrorContains(t, err, "Lines[1].PartID")
	}
	require.ErrorIs(t, create(tn, supplier, "N-2", ordered("x", "1")), workorder.ErrInvalidInput)
	// As programs without the SDK send it.
	for lines, code := range map[string]string{
		`{}`: "22023", `"x"`: "22023", `3`: "22023", `[{}]`: "23502", `[3]`: "23502",
		`[{"part_id":"` + part + `","quantity_ordered":0}]`:       "23514",
		`[{"part_id":"` + part + `","quantity_ordered":0.00004}]`: "23514",
		`[{"part_id":"` + part + `","quantity_ordered":1e14}]`:    "22003",
		`[{"part_id":"` + part + `","quantity_ordered":"x"}]`:     "22P02",
	} {
		err := tn.RPC(t.Context(), "rpc_create_purchase_order", map[string]any{
			"p_tenant_id": tn.ID, "p_supplier_id": supplier, "p_order_number": "N-2", "p_lines": rawJSON(lines),
		}, nil)
		require.ErrorIs(t, err, workorder.ErrInvalidInput, lines)
		require.Equal(t, code, errorCode(err), "%s: %v", lines, err)
	}

	rows, err := tn.PartsInventory.OpenPurchaseOrders.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, "N-1", rows[0].OrderNumber)
}

func TestNobodyOrdersPartsOfTheirOtherTenant(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t)
	inA, inB := makePart(t, a, "P"), makePart(t, b, "P")
	supplier := makeSupplier(t, a, "Acme")
	token := u.AsUser(u.JWT(t, b.ID)) // names tenant B, orders in A
	for name, c := range map[string]*workorder.Client{"a client of A": a.Client, "a token of B": token} {
		order := func(part string) error {
			_, err := c.PartsInventory.CreatePurchaseOrder(t.Context(), inventory.CreatePurchaseOrderParams{
				TenantID: a.ID, SupplierID: supplier, OrderNumber: newSlug(), Lines: []inventory.PurchaseOrderLine{ordered(part, "1")},
			})
			return err
		}
		err := order(inB)
		require.ErrorIs(t, err, workorder.ErrInvalidReference, name)
		require.ErrorContains(t, err, "Lines[0].PartID", name)
		require.NoError(t, order(inA), name)
	}
	n, err := a.PartsInventory.OpenPurchaseOrders.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	n, err = b.PartsInventory.OpenPurchaseOrders.Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestReceiptsFillOrderAndBins(t *testing.T) {
	t.Parallel()
	s := newStockroom(t)
	part := makePart(t, s.tenant, "P-1")
	one, two := s.bin(t, "1"), s.bin(t, "2")
	order, lines := placeOrder(t, s.tenant, ordered(part, "10"))

	require.NoError(t, receive(t, s.Client, order, takes(lines[0], "4", one), takes(lines[0], "3", two)))
	require.Equal(t, "partially_received 7/10", progress(t, s.Client, order))
	require.Equal(t, map[string]string{"1": "4", "2": "3"}, s.bins(t, part))
	require.Equal(t, inventory.PurchaseOrderPartiallyReceived, openOrder(t, s.Client, order).Status)

	requireError(t, receive(t, s.Client, order, takes(lines[0], "4", one)), workorder.ErrInvalidInput, "23514")
	requireError(t, receive(t, s.Client, order, takes(lines[0], "2", one), takes(lines[0], "1.0001", two)), workorder.ErrInvalidInput, "23514")
	require.Equal(t, "partially_received 7/10", progress(t, s.Client, order))
	require.Equal(t, map[string]string{"1": "4", "2": "3"}, s.bins(t, part))

	require.NoError(t, receive(t, s.Client, order, takes(lines[0], "2", one), takes(lines[0], "1", "")))
	require.Equal(t, "received 10/10", progress(t, s.Client, order))
	require.Nil(t, openOrder(t, s.Client, order))
	require.Equal(t, map[string]string{"1": "6", "2": "3"}, s.bins(t, part), "what goes into no bin is no stock")
	require.Equal(t, "9-0=9", s.totals(t, part))
	requireError(t, receive(t, s.Client, order, takes(lines[0], "0.0001", one)), workorder.ErrInvalidInput, "23514")
}

func TestReceiptsAreExact(t *testing.T) {
	t.Parallel()
	s := newStockroom(t)
	small, large := makePart(t, s.tenant, "P-1"), makePart(t, s.tenant, "P-2")
	bin := s.bin(t, "1")
	order, lines := placeOrder(t, s.tenant, ordered(large, "99999999999999.9999"), ordered(small, "0.3"))
	for i := range 3 {
		require.NotContains(t, progress(t, s.Client, order), " 0.3/0.3", "%d", i)
		require.NoError(t, receive(t, s.Client, order, takes(lines[1], "0.1", bin)))
	}
	require.Equal(t, "partially_received 0/99999999999999.9999 0.3/0.3", progress(t, s.Client, order))
	require.NoError(t, receive(t, s.Client, order, takes(lines[0], "99999999999999.9998", bin)))
	require.Equal(t, "partially_received 99999999999999.9998/99999999999999.9999 0.3/0.3", progress(t, s.Client, order))
	require.ErrorIs(t, receive(t, s.Client, order, takes(lines[0], "0.00005", bin)), workorder.ErrInvalidInput, "it would count as 0.0001")
	require.Equal(t, "partially_received 99999999999999.9998/99999999999999.9999 0.3/0.3", progress(t, s.Client, order))
	require.NoError(t, receive(t, s.Client, order, takes(lines[0], "0.0001", bin)))
	require.Equal(t, "received 99999999999999.9999/99999999999999.9999 0.3/0.3", progress(t, s.Client, order))
	require.Equal(t, "99999999999999.9999-0=99999999999999.9999", s.totals(t, large))
	require.Equal(t, "0.3-0=0.3", s.totals(t, small))
}

func TestRefusedReceiptsChangeNothing(t *testing.T) {
	t.Parallel()
	s := newStockroom(t)
	other := stockroom{stack.Tenant(t)}
	part := makePart(t, s.tenant, "P-1")
	bin, shelf, theirBin := s.bin(t, "1"), s.place(t, inventory.LocationShelf, "Shelf"), other.bin(t, "1")
	order, lines := placeOrder(t, s.tenant, ordered(part, "10"), ordered(part, "5"))
	_, otherLines := placeOrder(t, s.tenant, ordered(part, "10"))
	empty, _ := placeOrder(t, s.tenant)
	theirOrder, theirLines := placeOrder(t, other.tenant, ordered(makePart(t, other.tenant, "P-1"), "10"))

	for name, tt := range map[string]struct {
		order string
		lines []inventory.ReceiptLine
		kind  error
		code  string
	}{
		"a shelf":                {order, []inventory.ReceiptLine{takes(lines[0], "1", shelf)}, workorder.ErrInvalidInput, "23514"},
		"another tenant's bin":   {order, []inventory.ReceiptLine{takes(lines[0], "1", theirBin)}, workorder.ErrInvalidInput, "23514"},
		"an unknown bin":         {order, []inventory.ReceiptLine{takes(lines[0], "1", unknownID)}, workorder.ErrInvalidReference, "23503"},
		"a line of another":      {order, []inventory.ReceiptLine{takes(otherLines[0], "1", bin)}, workorder.ErrInvalidReference, "23503"},
		"a line of nothing":      {order, []inventory.ReceiptLine{takes(unknownID, "1", bin)}, workorder.ErrInvalidReference, "23503"},
		"an order without any":   {empty, []inventory.ReceiptLine{takes(lines[0], "1", bin)}, workorder.ErrInvalidReference, "23503"},
		"another tenant's":       {theirOrder, []inventory.ReceiptLine{takes(theirLines[0], "1", theirBin)}, workorder.ErrInvalidReference, "23503"},
		"an unknown order":       {unknownID, []inventory.ReceiptLine{takes(lines[0], "1", bin)}, workorder.ErrInvalidReference, "23503"},
		"a malformed bin":        {order, []inventory.ReceiptLine{takes(lines[0], "1", "x")}, workorder.ErrInvalidInput, "22P02"},
		"a malformed line":       {order, []inventory.ReceiptLine{takes("x", "1", bin)}, workorder.ErrInvalidInput, "22P02"},
		"a good one, then a bad": {order, []inventory.ReceiptLine{takes(lines[0], "4", bin), takes(lines[1], "6", bin)}, workorder.ErrInvalidInput, "23514"},
		"too many together":      {order, []inventory.ReceiptLine{takes(lines[0], "6", bin), takes(lines[0], "5", bin)}, workorder.ErrInvalidInput, "23514"},
		"nothing":                {order, nil, workorder.ErrInvalidInput, ""},
		"a quantity of nothing":  {order, []inventory.ReceiptLine{takes(lines[0], "0", bin)}, workorder.ErrInvalidInput, ""},
	} {
		t.Run(name, func(t *testing.T) {
			requireError(t, receive(t, s.Client, tt.order, tt.lines...), tt.kind, tt.code)
		})
	}
	for _, none := range []string{`[]`, `{}`, `"x"`} {
		err := s.RPC(t.Context(), "rpc_receive_purchase_order", map[string]any{"p_tenant_id": s.ID, "p_po_id": order, "p_lines": rawJSON(none)}, nil)
		requireError(t, err, workorder.ErrInvalidInput, "23514")
	}
	require.Equal(t, "draft 0/10 0/5", progress(t, s.Client, order))
	require.Equal(t, "draft 0/10", progress(t, other.Client, theirOrder))
	require.Equal(t, inventory.PurchaseOrderDraft, openOrder(t, s.Client, empty).Status)
	require.Equal(t, "0-0=0", s.totals(t, part))
	require.Empty(t, s.bins(t, part))
}

// rawJSON is JSON that is sent as it is.
func rawJSON(s string) any { return json.RawMessage(s) }

func TestOrdersOfAnyStatusAreReceived(t *testing.T) {
	t.Parallel()
	db, s := stack.SQL(t), newStockroom(t)
	part := makePart(t, s.tenant, "P-1")
	bin := s.bin(t, "1")
	total := decimal.Zero
	for _, status := range []inventory.PurchaseOrderStatus{
		inventory.PurchaseOrderDraft, inventory.PurchaseOrderSent, inventory.PurchaseOrderClosed, inventory.PurchaseOrderCancelled,
	} {
		order, lines := placeOrder(t, s.tenant, ordered(part, "2"))
		_, err := db.Exec(t.Context(), `update app.purchase_orders set status = $2 where id = $1`, order, string(status))
		require.NoError(t, err)
		open := status == inventory.PurchaseOrderDraft || status == inventory.PurchaseOrderSent
		require.Equal(t, open, openOrder(t, s.Client, order) != nil, status)
		require.Equal(t, string(status)+" 0/2", progress(t, s.Client, order))
		require.NoError(t, receive(t, s.Client, order, takes(lines[0], "1", bin)), status)
		require.Equal(t, "partially_received 1/2", progress(t, s.Client, order))
		require.NotNil(t, openOrder(t, s.Client, order), "%s: it shows again", status)
		total = total.Add(decimal.NewFromInt(1))
		require.Equal(t, map[string]string{"1": total.String()}, s.bins(t, part))
	}
}

func TestRequisitionsAreDrafts(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	part, theirPart := makePart(t, tn, "P-1"), makePart(t, other, "P-1")
	id, err := tn.PartsInventory.CreatePurchaseRequisition(t.Context(), inventory.CreatePurchaseRequisitionParams{
		DueDate: types.NewDate(2028, 2, 29), Notes: "  bearings ",
	})
	require.NoError(t, err)
	r, err := tn.PartsInventory.OpenRequisitions.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, inventory.RequisitionDraft, r.Status)
	require.Equal(t, []string{tn.ID, tn.Admin.ID, "2028-02-29", "bearings"}, []string{r.TenantID, *r.RequestedBy, r.DueDate.String(), *r.Notes})
	require.Nil(t, r.ApprovedBy)
	require.Nil(t, r.ApprovedAt)
	require.WithinDuration(t, time.Now(), r.RequestedAt, time.Minute)

	add := func(tn *tenant, requisition, part, quantity string) (string, error) {
		return tn.PartsInventory.AddPurchaseRequisitionLine(t.Context(), inventory.AddPurchaseRequisitionLineParams{
			PurchaseRequisitionID: requisition, PartID: part, Quantity: dec(quantity), EstimatedUnitCost: new(dec("-0.0001")), Notes: " n ",
		})
	}
	update := func(tn *tenant, line string, quantity *decimal.Decimal) error {
		return tn.PartsInventory.UpdatePurchaseRequisitionLine(t.Context(), inventory.UpdatePurchaseRequisitionLineParams{LineID: line, Quantity: quantity})
	}
	remove := func(tn *tenant, line string) error {
		return tn.PartsInventory.RemovePurchaseRequisitionLine(t.Context(), inventory.RemovePurchaseRequisitionLineParams{LineID: line})
	}
	drop := func(tn *tenant, requisition string) error {
		return tn.PartsInventory.DeletePurchaseRequisition(t.Context(), inventory.DeletePurchaseRequisitionParams{PurchaseRequisitionID: requisition})
	}

	line, err := add(tn, id, part, "2.5")
	require.NoError(t, err)
	again, err := add(tn, id, part, "0.0001")
	require.NoError(t, err)
	require.NotEqual(t, line, again, "the same part may come again")
	for _, p := range []string{theirPart, unknownID} {
		_, err = add(tn, id, p, "1")
		requireError(t, err, workorder.ErrInvalidReference, "23503")
	}
	for _, r := range []string{unknownID, id} {
		_, err = add(other, r, theirPart, "1")
		requireError(t, err, workorder.ErrRuleViolation, "P0001")
	}
	require.NoError(t, update(tn, line, new(dec("3"))))
	require.NoError(t, update(tn, line, nil))
	requireError(t, update(tn, unknownID, nil), workorder.ErrRuleViolation, "P0001")
	requireError(t, update(other, line, nil), workorder.ErrRuleViolation, "P0001")
	requireError(t, remove(other, line), workorder.ErrRuleViolation, "P0001")
	require.NoError(t, remove(tn, again))
	requireError(t, remove(tn, again), workorder.ErrRuleViolation, "P0001")
	for _, quantity := range []any{nil, 0, -1, 0.00004} {
		err = tn.RPC(t.Context(), "rpc_add_purchase_requisition_line", map[string]any{
			"p_tenant_id": tn.ID, "p_purchase_requisition_id": id, "p_part_id": part, "p_quantity": quantity,
		}, nil)
		requireError(t, err, workorder.ErrInvalidInput, "23514")
	}

	requireError(t, drop(other, id), workorder.ErrRuleViolation, "P0001")
	require.NoError(t, drop(tn, id))
	requireError(t, drop(tn, id), workorder.ErrRuleViolation, "P0001")
	_, err = tn.PartsInventory.OpenRequisitions.Get(t.Context(), id)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	requireError(t, update(tn, line, nil), workorder.ErrRuleViolation, "P0001")
}

func TestRequisitionsThatAreNoDraftsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	db, s := stack.SQL(t), newStockroom(t)
	part := makePart(t, s.tenant, "P-1")
	for _, status := range []inventory.RequisitionStatus{
		inventory.RequisitionSubmitted, inventory.RequisitionApproved, inventory.RequisitionRejected, inventory.RequisitionOrdered,
	} {
		id, err := s.PartsInventory.CreatePurchaseRequisition(t.Context(), inventory.CreatePurchaseRequisitionParams{})
		require.NoError(t, err)
		line, err := s.PartsInventory.AddPurchaseRequisitionLine(t.Context(), inventory.AddPurchaseRequisitionLineParams{
			PurchaseRequisitionID: id, PartID: part, Quantity: dec("1"),
		})
		require.NoError(t, err)
		_, err = db.Exec(t.Context(), `update app.purchase_requisitions set status = $2 where id = $1`, id, string(status))
		require.NoError(t, err)

		_, err = s.PartsInventory.AddPurchaseRequisitionLine(t.Context(), inventory.AddPurchaseRequisitionLineParams{
			PurchaseRequisitionID: id, PartID: part, Quantity: dec("1"),
		})
		for name, err := range map[string]error{
			"add":    err,
			"update": s.PartsInventory.UpdatePurchaseRequisitionLine(t.Context(), inventory.UpdatePurchaseRequisitionLineParams{LineID: line}),
			"remove": s.PartsInventory.RemovePurchaseRequisitionLine(t.Context(), inventory.RemovePurchaseRequisitionLineParams{LineID: line}),
			"delete": s.PartsInventory.DeletePurchaseRequisition(t.Context(), inventory.DeletePurchaseRequisitionParams{PurchaseRequisitionID: id}),
		} {
			require.ErrorIs(t, err, workorder.ErrInvalidReference, "%s of %s", name, status)
			require.Equal(t, "23503", errorCode(err))
		}
		shown, err := s.PartsInventory.OpenRequisitions.Count(t.Context(), query.Where(inventory.OpenRequisitionCols.ID.Eq(id)))
		require.NoError(t, err)
		require.Equal(t, status == inventory.RequisitionSubmitted || status == inventory.RequisitionApproved, shown == 1, status)
	}
}

// What the SDK does not send, but other programs may have: null for the lines.
func TestAReceiptOfNullOnlyChangesTheStatus(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	part := makePart(t, tn, "P-1")
	order, lines := placeOrder(t, tn, ordered(part, "1"))
	null := func(order string) error {
		return tn.RPC(t.Context(), "rpc_receive_purchase_order", map[string]any{"p_tenant_id": tn.ID, "p_po_id": order, "p_lines": nil}, nil)
	}
	if err := null(order); err != nil {
		requireError(t, err, workorder.ErrInvalidInput, "23514") // a deployment that refuses it is right, too
		require.Equal(t, "draft 0/1", progress(t, tn.Client, order))
		return
	}
	require.Equal(t, "partially_received 0/1", progress(t, tn.Client, order))
	require.NoError(t, receive(t, tn.Client, order, takes(lines[0], "1", "")))
	require.NoError(t, null(order))
	require.Equal(t, "received 1/1", progress(t, tn.Client, order))
}

// Deleted parts take their lines along, and nobody says so.
func TestADeletedPartTakesItsLinesAlong(t *testing.T) {
	t.Parallel()
	s := newStockroom(t)
	kept, gone := makePart(t, s.tenant, "P-1"), makePart(t, s.tenant, "P-2")
	order, lines := placeOrder(t, s.tenant, ordered(kept, "5"), ordered(gone, "2"))
	require.NoError(t, receive(t, s.Client, order, takes(lines[0], "5", "")))
	require.Equal(t, "partially_received 5/5 0/2", progress(t, s.Client, order))

	raw, err := s.Supabase(t.Context()) // no function deletes a part
	require.NoError(t, err)
	_, _, err = raw.From("v_parts").Delete("minimal", "").Eq("id", gone).Execute()
	require.NoError(t, err)
	require.Equal(t, "partially_received 5/5", progress(t, s.Client, order), "the order keeps its status")
	require.NotNil(t, openOrder(t, s.Client, order))
	requireError(t, receive(t, s.Client, order, takes(lines[1], "2", "")), workorder.ErrInvalidReference, "23503")
}

func TestCallsForPurchasingMoveTheUsersTenant(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t)
	supplier := makeSupplier(t, b, "Acme")
	for name, tt := range map[string]struct {
		call func() error
		want string
	}{
		"a supplier": {func() error {
			_, err := u.PartsInventory.CreateSupplier(t.Context(), inventory.CreateSupplierParams{TenantID: b.ID, Name: "x"})
			return err
		}, b.ID},
		"an order": {func() error {
			_, err := u.PartsInventory.CreatePurchaseOrder(t.Context(), inventory.CreatePurchaseOrderParams{TenantID: b.ID, SupplierID: supplier, OrderNumber: "N"})
			return err
		}, b.ID},
		"a refused order": {func() error {
			_, err := u.PartsInventory.CreatePurchaseOrder(t.Context(), inventory.CreatePurchaseOrderParams{
				TenantID: b.ID, SupplierID: supplier, OrderNumber: "M", Lines: []inventory.PurchaseOrderLine{ordered(unknownID, "1")},
			})
			require.ErrorIs(t, err, workorder.ErrInvalidReference)
			return nil
		}, a.ID},
	} {
		_, err := u.SetTenantAndRefresh(t.Context(), a.ID)
		require.NoError(t, err)
		require.NoError(t, tt.call(), name)
		tok, err := u.RefreshTenantSession(t.Context())
		require.NoError(t, err, name)
		require.Equal(t, tt.want, claims(t, tok)["tenant_id"], name)
	}
}
