package integration

import (
	"slices"
	"sync/atomic"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

func TestReservingAsksForNoStock(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	part, wo := makePart(t, tn, "P"), makeWorkOrder(t, tn.Client, "x")
	s := stockroom{tenant: tn}
	id, err := s.reserve(t, wo, part, "3", "")
	require.NoError(t, err)
	require.Equal(t, "0-3=-3", s.totals(t, part))
	row, err := tn.PartsInventory.PartReservations.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, inventory.ReservationReserved, row.Status)
	require.Equal(t, wo, row.WorkOrderID)
	require.Nil(t, row.InventoryLocationID)
	again, err := s.reserve(t, wo, part, "0.0001", "")
	require.NoError(t, err)
	require.NotEqual(t, id, again)
	require.Equal(t, "0-3.0001=-3.0001", s.totals(t, part))
	rows, err := tn.PartsInventory.PartReservations.List(t.Context(), query.Where(inventory.PartReservationCols.WorkOrderID.Eq(wo)))
	require.NoError(t, err)
	require.Len(t, rows, 2)

	require.NoError(t, tn.PartsInventory.UpdatePart(t.Context(), inventory.UpdatePartParams{PartID: part, IsActive: new(false)}))
	require.NoError(t, tn.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{WorkOrderID: wo, ToStatusKey: "cancelled"}))
	_, err = s.reserve(t, wo, part, "1", "")
	require.NoError(t, err, "an inactive part, for a cancelled work order")

	theirPart, theirOrder := makePart(t, other, "P"), makeWorkOrder(t, other.Client, "x")
	for name, tt := range map[string]struct {
		wo, part, place string
		kind            error
		code            string
	}{
		"unknown work order": {unknownID, part, "", workorder.ErrInvalidReference, "23503"},
		"unknown part":       {wo, unknownID, "", workorder.ErrInvalidReference, "23503"},
		"unknown location":   {wo, part, unknownID, workorder.ErrInvalidReference, "23503"},
		"foreign work order": {theirOrder, part, "", workorder.ErrInvalidInput, "23514"},
		"foreign part":       {wo, theirPart, "", workorder.ErrInvalidInput, "23514"},
		"both foreign":       {theirOrder, theirPart, "", workorder.ErrInvalidInput, "23514"},
	} {
		_, err := s.reserve(t, tt.wo, tt.part, "1", tt.place)
		require.ErrorIs(t, err, tt.kind, name)
		require.Equal(t, tt.code, errorCode(err), name)
	}
}

func TestReservationsAtALocation(t *testing.T) {
	t.Parallel()
	s, other := newStockroom(t), newStockroom(t)
	part, wo := makePart(t, s.tenant, "P"), makeWorkOrder(t, s.Client, "x")
	shelf := s.place(t, inventory.LocationShelf, "S")
	id, err := s.reserve(t, wo, part, "1", shelf)
	require.NoError(t, err, "of any type")
	row := s.reservations(t, part)[id]
	require.Equal(t, shelf, *row.InventoryLocationID)
	_, err = s.reserve(t, wo, part, "1", other.bin(t, "B"))
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	places, err := s.PartsInventory.InventoryLocations.List(t.Context())
	require.NoError(t, err)
	require.Len(t, places, 1)
	require.Equal(t, inventory.LocationShelf, places[0].Type)
}

func TestIssuesComeOutOfOneBin(t *testing.T) {
	t.Parallel()
	s, other := newStockroom(t), newStockroom(t)
	part, wo := makePart(t, s.tenant, "P"), makeWorkOrder(t, s.Client, "x")
	b1, b2 := s.bin(t, "B1"), s.bin(t, "B2")
	s.put(t, part, b1, "4")
	s.put(t, part, b2, "3")
	theirPart, theirOrder, theirBin := makePart(t, other.tenant, "P"), makeWorkOrder(t, other.Client, "x"), other.bin(t, "B")
	for name, tt := range map[string]struct {
		wo, part, quantity, bin string
		kind                    error
		code                    string
	}{
		"two bins together":  {wo, part, "5", "", workorder.ErrInvalidInput, "23514"},
		"more than there is": {wo, part, "50", "", workorder.ErrInvalidInput, "23514"},
		"more than the bin":  {wo, part, "5", b1, workorder.ErrInvalidInput, "23514"},
		"unknown bin":        {wo, part, "1", unknownID, workorder.ErrInvalidInput, "23514"},
		"foreign bin":        {wo, part, "1", theirBin, workorder.ErrInvalidInput, "23514"},
		"foreign work order": {theirOrder, part, "1", "", workorder.ErrInvalidReference, "23503"},
		"foreign part":       {wo, theirPart, "1", "", workorder.ErrInvalidReference, "23503"},
		"unknown work order": {unknownID, part, "1", "", workorder.ErrInvalidReference, "23503"},
		"unknown part":       {wo, unknownID, "1", "", workorder.ErrInvalidReference, "23503"},
	} {
		_, err := s.issue(t, tt.wo, tt.part, tt.quantity, tt.bin)
		require.ErrorIs(t, err, tt.kind, name)
		require.Equal(t, tt.code, errorCode(err), name)
	}
	require.Equal(t, map[string]string{"B1": "4", "B2": "3"}, s.bins(t, part), "nothing has moved")

	id, err := s.issue(t, wo, part, "2", "")
	require.NoError(t, err)
	usage, err := s.PartsInventory.PartUsage.Get(t.Context(), id)
	require.NoError(t, err)
	require.Nil(t, usage.InventoryLocationID, "the server chose")
	require.Equal(t, s.Admin.ID, *usage.UsedBy)
	require.Equal(t, "2", usage.QuantityUsed.String())
	left := s.bins(t, part)
	require.Contains(t, []map[string]string{{"B1": "2", "B2": "3"}, {"B1": "4", "B2": "1"}}, left, "out of exactly one bin")

	id, err = s.issue(t, wo, part, left["B1"], b1)
	require.NoError(t, err)
	usage, err = s.PartsInventory.PartUsage.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, b1, *usage.InventoryLocationID)
	require.Equal(t, "0", s.bins(t, part)["B1"], "an empty bin keeps its row")
	levels, err := s.PartsInventory.StockLevels.List(t.Context())
	require.NoError(t, err)
	require.Len(t, levels, 2)

	// No cost comes of it.
	type costs struct {
		PartsCents decimal.Decimal `json:"parts_cents"`
		TotalCents decimal.Decimal `json:"total_cents"`
	}
	row, err := workorder.ViewOf[costs](s.Client, "v_work_order_costs", "work_order_id").Get(t.Context(), wo)
	require.NoError(t, err)
	require.True(t, row.PartsCents.IsZero())
	require.True(t, row.TotalCents.IsZero())
}

func TestAnIssueMeetsTheOldestReservation(t *testing.T) {
	t.Parallel()
	s := newStockroom(t)
	part, wo, bin := makePart(t, s.tenant, "P"), makeWorkOrder(t, s.Client, "x"), s.bin(t, "B")
	s.put(t, part, bin, "100")
	reserve := func(wo, quantity, place string) string {
		t.Helper()
		id, err := s.reserve(t, wo, part, quantity, place)
		require.NoError(t, err)
		return id
	}
	status := func(id string) inventory.ReservationStatus { return s.reservations(t, part)[id].Status }

	elsewhere := reserve(makeWorkOrder(t, s.Client, "y"), "1", "")
	first, second := reserve(wo, "3", ""), reserve(wo, "5", "")
	_, err := s.issue(t, wo, part, "1", "")
	require.NoError(t, err)
	require.Equal(t, inventory.ReservationIssued, status(first), "of another quantity")
	require.Equal(t, inventory.ReservationReserved, status(second))
	_, err = s.issue(t, wo, part, "5", bin)
	require.NoError(t, err)
	require.Equal(t, inventory.ReservationReserved, status(second), "it has no location")
	atBin := reserve(wo, "2", bin)
	_, err = s.issue(t, wo, part, "2", bin)
	require.NoError(t, err)
	require.Equal(t, inventory.ReservationIssued, status(atBin))
	require.Equal(t, inventory.ReservationReserved, status(second))
	require.Equal(t, inventory.ReservationReserved, status(elsewhere), "of another work order")
	require.Equal(t, "92-6=86", s.totals(t, part))

	// With the reservation named, another one is not met by mistake.
	third := reserve(wo, "7", "")
	issue := func(quantity, place, reservation string) error {
		_, err := s.PartsInventory.IssuePartsToWorkOrder(t.Context(), inventory.IssuePartsToWorkOrderParams{
			WorkOrderID: wo, PartID: part, Quantity: dec(quantity), InventoryLocationID: place, ReservationID: reservation,
		})
		return err
	}
	require.ErrorIs(t, issue("7", "", third), workorder.ErrConflict, "the second one is older")
	require.ErrorIs(t, issue("4", "", second), workorder.ErrConflict, "it is for 5")
	require.ErrorIs(t, issue("5", bin, second), workorder.ErrConflict, "it is of no location")
	require.ErrorIs(t, issue("1", "", elsewhere), workorder.ErrConflict, "it is of another work order")
	require.Equal(t, "92-13=79", s.totals(t, part), "nothing has moved")
	require.NoError(t, issue("5", "", second))
	require.NoError(t, issue("7", "", third))
	require.ErrorIs(t, issue("7", "", third), workorder.ErrConflict, "it is met")
	require.Equal(t, "80-1=79", s.totals(t, part))
}

// What the SDK refuses to send is refused by the server, or stored as something
// else.
func TestQuantitiesAtTheirEdges(t *testing.T) {
	t.Parallel()
	s := newStockroom(t)
	part, wo, bin := makePart(t, s.tenant, "P"), makeWorkOrder(t, s.Client, "x"), s.bin(t, "B")
	s.put(t, part, bin, "99999999999999.9999")
	require.Equal(t, "99999999999999.9999-0=99999999999999.9999", s.totals(t, part))
	_, err := s.issue(t, wo, part, "0.0001", bin)
	require.NoError(t, err)
	_, err = s.reserve(t, wo, part, "99999999999999.9999", "")
	require.NoError(t, err)
	_, err = s.reserve(t, wo, part, "99999999999999.9999", "")
	require.NoError(t, err)
	require.Equal(t, "99999999999999.9998-199999999999999.9998=-100000000000000", s.totals(t, part), "a sum may have more digits than a column")
	_, err = s.issue(t, wo, part, "99999999999999.9998", bin)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"B": "0"}, s.bins(t, part))

	// Tenths add up.
	for range 3 {
		_, err := s.reserve(t, wo, part, "0.1", bin)
		require.NoError(t, err)
	}
	sum := decimal.Decimal{}
	for _, r := range s.reservations(t, part) {
		if r.InventoryLocationID != nil {
			sum = sum.Add(r.Quantity)
		}
	}
	require.Equal(t, "0.3", sum.String())

	for _, quantity := range []string{"0", "-1", "0.00004", "0.00005", "1.00001", "100000000000000"} {
		_, err := s.reserve(t, wo, part, quantity, "")
		require.ErrorIs(t, err, workorder.ErrInvalidInput, quantity)
		require.Empty(t, errorCode(err), "%s: not sent", quantity)
		_, err = s.issue(t, wo, part, quantity, "")
		require.ErrorIs(t, err, workorder.ErrInvalidInput, quantity)
		require.Empty(t, errorCode(err), "%s: not sent", quantity)
	}
	raw := func(rpc string, quantity any) error {
		var id string
		return s.RPC(t.Context(), rpc, map[string]any{"p_tenant_id": s.ID, "p_work_order_id": wo, "p_part_id": part, "p_quantity": quantity}, &id)
	}
	for _, rpc := range []string{"rpc_reserve_parts", "rpc_issue_parts_to_work_order"} {
		for _, quantity := range []any{nil, 0, -1, "0.00004"} {
			require.Equal(t, "23514", errorCode(raw(rpc, quantity)), "%s %v", rpc, quantity)
		}
	}
	require.Equal(t, "22003", errorCode(raw("rpc_reserve_parts", "100000000000000")))
	require.Equal(t, "22003", errorCode(raw("rpc_reserve_parts", "Infinity")))
	require.Equal(t, "23514", errorCode(raw("rpc_issue_parts_to_work_order", "NaN")))

	// Others may have reserved what is no number. It can be read.
	if err := raw("rpc_reserve_parts", "NaN"); err != nil {
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
		return
	}
	row, err := s.PartsInventory.PartsWithStock.Get(t.Context(), part)
	require.NoError(t, err)
	require.False(t, types.IsFinite(row.TotalReserved))
	require.False(t, types.IsFinite(row.Available))
	require.True(t, types.IsFinite(row.TotalOnHand))
}

// A member of two tenants moves nothing across.
func TestNoPartsMoveBetweenTenants(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := stockroom{u.NewTenant(t)}, stockroom{u.NewTenant(t)}
	partA, partB := makePart(t, a.tenant, "P"), makePart(t, b.tenant, "P")
	woA, binB := makeWorkOrder(t, a.Client, "x"), b.bin(t, "B")
	b.put(t, partB, binB, "5")
	_, err := a.reserve(t, woA, partB, "1", "")
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	_, err = a.reserve(t, woA, partA, "1", binB)
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	_, err = a.issue(t, woA, partB, "1", binB)
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	require.Equal(t, map[string]string{"B": "5"}, b.bins(t, partB))
	_, err = a.PartsInventory.ReserveParts(t.Context(), inventory.ReservePartsParams{TenantID: b.ID, WorkOrderID: woA, PartID: partB, Quantity: dec("1")})
	require.ErrorIs(t, err, workorder.ErrTenantMismatch)
}

// modelBin is a bin as the model of the stock knows it.
type modelBin struct {
	id, name string
	units    int64 // ten-thousandths
	touched  int   // when its stock last changed; 0: has none yet
}

// modelReservation is an open or met reservation of the model.
type modelReservation struct {
	id, wo, place string
	units         int64
	met           bool
}

func fromUnits(n int64) decimal.Decimal { return decimal.New(n, -4) }

// Whatever is received, reserved and issued in whatever order: the server does
// what a model of a few lines does, to the last digit.
func TestStockFollowsItsModel(t *testing.T) {
	t.Parallel()
	s := newStockroom(t)
	random := newRandom(t)(0)
	part := makePart(t, s.tenant, "P")
	bins := []*modelBin{{id: s.bin(t, "B1"), name: "B1"}, {id: s.bin(t, "B2"), name: "B2"}, {id: s.bin(t, "B3"), name: "B3"}}
	wos := []string{makeWorkOrder(t, s.Client, "x"), makeWorkOrder(t, s.Client, "y")}
	order, lines := s.order(t, "30", part)
	open := int64(30 * 10000)
	var reservations []*modelReservation
	var used int64

	for step := 1; step <= 60; step++ {
		units := 1 + random.Int64N(60000)
		quantity := fromUnits(units).String()
		wo, bin := wos[random.IntN(2)], bins[random.IntN(3)]
		place := ""
		if random.IntN(2) == 0 {
			place = bin.id
		}
		switch random.IntN(4) {
		case 0:
			id, err := s.reserve(t, wo, part, quantity, place)
			require.NoError(t, err)
			reservations = append(reservations, &modelReservation{id: id, wo: wo, place: place, units: units})
		case 1:
			err := receive(t, s.Client, order, takes(lines[part], quantity, bin.id))
			if units > open {
				requireError(t, err, workorder.ErrInvalidInput, "23514")
				continue
			}
			require.NoError(t, err)
			bin.units, bin.touched, open = bin.units+units, step, open-units
		default:
			_, err := s.issue(t, wo, part, quantity, place)
			var from *modelBin
			for _, b := range bins {
				if b.touched > 0 && b.units >= units && (place == "" || place == b.id) && (from == nil || b.touched < from.touched) {
					from = b
				}
			}
			if from == nil {
				requireError(t, err, workorder.ErrInvalidInput, "23514")
				continue
			}
			require.NoError(t, err)
			from.units, from.touched, used = from.units-units, step, used+units
			for _, r := range reservations {
				if !r.met && r.wo == wo && (place == "" || place == r.place) {
					r.met = true
					break
				}
			}
		}
		if step%10 != 0 {
			continue
		}
		want, onHand, reserved := map[string]string{}, int64(0), int64(0)
		for _, b := range bins {
			if b.touched > 0 {
				want[b.name] = fromUnits(b.units).String()
			}
			onHand += b.units
		}
		require.Equal(t, want, s.bins(t, part))
		got := s.reservations(t, part)
		require.Len(t, got, len(reservations))
		for _, r := range reservations {
			require.Equal(t, r.met, got[r.id].Status == inventory.ReservationIssued, "step %d", step)
			require.True(t, fromUnits(r.units).Equal(got[r.id].Quantity))
			if !r.met {
				reserved += r.units
			}
		}
		require.Equal(t, fromUnits(onHand).String()+"-"+fromUnits(reserved).String()+"="+fromUnits(onHand-reserved).String(), s.totals(t, part))
	}
	require.Equal(t, fromUnits(open).String(), orderLines(t, s.Client, order)[0].QuantityBalance.String())
	require.Equal(t, fromUnits(used).String(), s.used(t, part).String())
}

// used is how much of a part was issued.
func (s stockroom) used(t testing.TB, part string) (sum decimal.Decimal) {
	t.Helper()
	rows, err := s.PartsInventory.PartUsage.List(t.Context(), query.Where(inventory.PartUsageCols.PartID.Eq(part)))
	require.NoError(t, err)
	for _, row := range rows {
		sum = sum.Add(row.QuantityUsed)
	}
	return sum
}

// moved is what one caller has moved of each part, in ten-thousandths.
type moved struct{ received, issued, reserved map[string]int64 }

// Whatever 64 callers do to the same parts at once, no unit is made or lost, and
// nobody hears of a deadlock.
func TestNoUnitIsMadeOrLost(t *testing.T) {
	t.Parallel()
	stack.unrecorded(t)
	const callers, calls, opening = 64, 5, 40
	s := newStockroom(t)
	random := newRandom(t)
	parts := []string{makePart(t, s.tenant, "P"), makePart(t, s.tenant, "Q")}
	bins := []string{s.bin(t, "B1"), s.bin(t, "B2"), s.bin(t, "B3")}
	wos := []string{makeWorkOrder(t, s.Client, "x"), makeWorkOrder(t, s.Client, "y")}
	for _, part := range parts {
		s.put(t, part, bins[0], "40")
	}
	orders := make([]struct {
		id    string
		lines map[string]string
	}, 2)
	for i := range orders {
		orders[i].id, orders[i].lines = s.order(t, "60", parts...)
	}

	all := make([]moved, callers)
	require.NoError(t, inParallel(callers, func(i int) error {
		all[i] = moved{map[string]int64{}, map[string]int64{}, map[string]int64{}}
		r, mine := random(uint64(i)), all[i]
		for range calls {
			a := r.IntN(2)
			part, other, units := parts[a], parts[1-a], 1+r.Int64N(50000)
			quantity, bin, wo := fromUnits(units).String(), bins[r.IntN(3)], wos[r.IntN(2)]
			var err error
			switch r.IntN(5) {
			case 0:
				if _, err = s.reserve(t, wo, part, quantity, ""); err == nil {
					mine.reserved[part] += units
				}
			case 1, 2:
				if r.IntN(2) == 0 {
					bin = ""
				}
				if _, err = s.issue(t, wo, part, quantity, bin); err == nil {
					mine.issued[part] += units
				}
			default: // both parts, in either order
				o := orders[r.IntN(2)]
				err = receive(t, s.Client, o.id, takes(o.lines[part], quantity, bin), takes(o.lines[other], quantity, bins[r.IntN(3)]))
				if err == nil {
					mine.received[part] += units
					mine.received[other] += units
				}
			}
			if err != nil && errorCode(err) != "23514" { // not enough stock, or more than ordered
				return err
			}
		}
		return nil
	}))

	for _, part := range parts {
		var in, out, spokenFor int64
		for _, m := range all {
			in, out, spokenFor = in+m.received[part], out+m.issued[part], spokenFor+m.reserved[part]
		}
		require.NotZero(t, in)
		require.NotZero(t, out)
		row, err := s.PartsInventory.PartsWithStock.Get(t.Context(), part)
		require.NoError(t, err)
		require.Equal(t, fromUnits(opening*10000+in-out).String(), row.TotalOnHand.String())
		require.Equal(t, fromUnits(out).String(), s.used(t, part).String())

		levels, err := s.PartsInventory.StockLevels.List(t.Context(), query.Where(inventory.StockLevelCols.PartID.Eq(part)))
		require.NoError(t, err)
		var inBins, reserved, stillOpen, came decimal.Decimal
		for _, level := range levels {
			require.False(t, level.Quantity.IsNegative())
			inBins = inBins.Add(level.Quantity)
		}
		require.Equal(t, row.TotalOnHand.String(), inBins.String())
		for _, r := range s.reservations(t, part) {
			reserved = reserved.Add(r.Quantity)
			if r.Status == inventory.ReservationReserved {
				stillOpen = stillOpen.Add(r.Quantity)
			}
		}
		require.Equal(t, fromUnits(spokenFor).String(), reserved.String())
		require.Equal(t, stillOpen.String(), row.TotalReserved.String())
		for _, o := range orders {
			lines := orderLines(t, s.Client, o.id)
			line := lines[slices.IndexFunc(lines, func(r inventory.ReceiptStatus) bool { return r.PartID == part })]
			require.LessOrEqual(t, line.QuantityReceived.Cmp(line.QuantityOrdered), 0)
			came = came.Add(line.QuantityReceived)
		}
		require.Equal(t, fromUnits(in).String(), came.String())
	}
}

// One unit, and everybody wants it: one gets it, and one reservation is met.
func TestTheLastUnitGoesToOne(t *testing.T) {
	t.Parallel()
	stack.unrecorded(t)
	const callers = 64
	s := newStockroom(t)
	part, wo, bin := makePart(t, s.tenant, "P"), makeWorkOrder(t, s.Client, "x"), s.bin(t, "B")
	s.put(t, part, bin, "1")
	for range 2 {
		_, err := s.reserve(t, wo, part, "1", "")
		require.NoError(t, err)
	}
	var issued atomic.Int64
	require.NoError(t, inParallel(callers, func(int) error {
		_, err := s.issue(t, wo, part, "1", "")
		switch {
		case err == nil:
			issued.Add(1)
		case errorCode(err) != "23514":
			return err
		}
		return nil
	}))
	require.EqualValues(t, 1, issued.Load())
	require.Equal(t, "0-1=-1", s.totals(t, part))
}
