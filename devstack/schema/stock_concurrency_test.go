package schema_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// wide is the database with as many connections as callers.
func (d *db) wide(n int32) *db {
	d.t.Helper()
	cfg := d.pool.Config()
	cfg.MaxConns = n
	pool, err := pgxpool.NewWithConfig(d.t.Context(), cfg)
	require.NoError(d.t, err)
	d.t.Cleanup(pool.Close)
	return &db{t: d.t, pool: pool}
}

// tally counts what a caller moved, in ten-thousandths, by part.
type tally struct {
	received, issued, reserved map[string]int64
	reservations               int
}

func newTally() tally {
	return tally{received: map[string]int64{}, issued: map[string]int64{}, reserved: map[string]int64{}}
}

// decimal writes ten-thousandths as PostgreSQL does.
func decimal(n int64) string { return fmt.Sprintf("%d.%04d", n/10000, n%10000) }

// Whatever 64 callers do to the same parts at once, no unit is made or lost, and
// nobody hears of a deadlock.
func TestStockUnderConcurrency(t *testing.T) {
	d := newDB(t)
	const callers, calls = 64, 12
	tenant, admin := d.tenant()
	second := d.member(admin, "admin")
	supplier := one[string](admin, `select public.rpc_create_supplier($1, 'S')`, tenant)
	parts := []string{one[string](admin, createPart, tenant, "P"), one[string](admin, createPart, tenant, "Q")}
	places := []string{one[string](admin, createBin, tenant, "B1"), one[string](admin, createBin, tenant, "B2"), one[string](admin, createBin, tenant, "B3")}
	workOrders := []string{one[string](admin, createWO, tenant, "W"), one[string](admin, createWO, tenant, "V")}
	const opening = 20 * 10000
	for _, part := range parts {
		admin.ok(setStock, tenant, part, places[0], decimal(opening))
	}
	lineOf := map[string]map[string]string{} // by order and part
	var orders []string
	for i := range 3 {
		order := one[string](admin, createOrder, tenant, supplier, fmt.Sprint("N-", i), strings.TrimSuffix(orderLine(parts[0], 60), "]")+","+strings.TrimPrefix(orderLine(parts[1], 60), "["))
		lineOf[order] = map[string]string{}
		for _, part := range parts {
			lineOf[order][part] = one[string](admin, `select purchase_order_line_id from public.v_purchase_order_receipt_status where purchase_order_id = $1 and part_id = $2`, order, part)
		}
		orders = append(orders, order)
	}

	many := d.wide(callers)
	tallies := make([]tally, callers)
	var wg sync.WaitGroup
	for i := range callers {
		tallies[i] = newTally()
		wg.Go(func() {
			u := []caller{admin, second}[i%2]
			u.db = many
			random := rand.New(rand.NewPCG(4, uint64(i)))
			pick := func(ids []string) string { return ids[random.IntN(len(ids))] }
			for range calls {
				part, quantity := pick(parts), 1+random.Int64N(50000)
				var err error
				switch random.IntN(6) {
				case 0:
					if _, err = u.exec(reserve, tenant, pick(workOrders), part, decimal(quantity), nil); err == nil {
						tallies[i].reserved[part] += quantity
						tallies[i].reservations++
					}
				case 1, 2:
					var bin any
					if random.IntN(2) == 0 {
						bin = pick(places)
					}
					if _, err = u.exec(issue, tenant, pick(workOrders), part, decimal(quantity), bin); err == nil {
						tallies[i].issued[part] += quantity
					}
				case 3, 4: // both parts, in either order, into any two bins
					order, other := pick(orders), parts[0]
					if part == other {
						other = parts[1]
					}
					lines := strings.TrimSuffix(receiptLine(lineOf[order][part], decimal(quantity), pick(places)), "]") + "," +
						strings.TrimPrefix(receiptLine(lineOf[order][other], decimal(quantity), pick(places)), "[")
					if _, err = u.exec(receive, tenant, order, lines); err == nil {
						tallies[i].received[part] += quantity
						tallies[i].received[other] += quantity
					}
				default: // what else touches the same rows
					_, err = u.exec(`select public.rpc_update_part($1, $2, p_name => $3)`, tenant, part, fmt.Sprint(i))
				}
				if code := sqlState(err); code != "" && code != "23514" { // not enough stock, or more than ordered
					t.Errorf("%s: %v", code, err)
				}
			}
		})
	}
	wg.Wait()

	want := newTally()
	for _, one := range tallies {
		want.reservations += one.reservations
		for _, part := range parts {
			want.received[part] += one.received[part]
			want.issued[part] += one.issued[part]
			want.reserved[part] += one.reserved[part]
		}
	}
	for _, part := range parts {
		require.NotZero(t, want.received[part])
		require.NotZero(t, want.issued[part])
		for what, sql := range map[string]string{
			decimal(opening + want.received[part] - want.issued[part]): `select total_on_hand::text from public.v_parts_with_stock where id = $1`,
			decimal(want.issued[part]):                                 `select sum(quantity_used)::text from public.v_part_usage where part_id = $1`,
			decimal(want.received[part]):                               `select sum(quantity_received)::text from public.v_purchase_order_receipt_status where part_id = $1`,
			decimal(want.reserved[part]):                               `select sum(quantity)::text from public.v_part_reservations where part_id = $1`,
		} {
			require.Equal(t, what, one[string](admin, sql, part), sql)
		}
		require.Equal(t, decimal(opening+want.received[part]-want.issued[part]), superOne[string](d,
			`select ($2::numeric(18,4) + sum(quantity))::text from app.inventory_transactions where part_id = $1`, part, decimal(opening)), "the ledger")
		require.Empty(t, superOne[[]string](d, `
			select coalesce(array_agg(l.name), '{}')
			from app.stock_levels s
			join app.inventory_locations l on l.id = s.inventory_location_id
			where s.part_id = $1 and s.quantity <> (
				select coalesce(sum(i.quantity), 0) + case when l.name = 'B1' then $2::numeric else 0 end
				from app.inventory_transactions i
				where i.part_id = $1 and l.id in (i.from_location_id, i.to_location_id))`, part, decimal(opening)), "bins that do not agree with the ledger")
	}
	require.Equal(t, want.reservations, admin.count(`select * from public.v_part_reservations`))
	require.LessOrEqual(t, admin.count(`select * from public.v_part_reservations where status = 'issued'`), admin.count(`select * from public.v_part_usage`))
	require.Empty(t, superOne[[]string](d, `
		select coalesce(array_agg(o.order_number), '{}') from app.purchase_orders o
		where (o.status = 'received') <> not exists (
			select from app.purchase_order_lines l where l.purchase_order_id = o.id and l.quantity_received < l.quantity_ordered)`))
}

// One unit, and everybody wants it: one gets it. One open reservation is met once.
func TestTheLastUnitIsIssuedOnce(t *testing.T) {
	d := newDB(t)
	const callers = 64
	tenant, admin := d.tenant()
	part, bin := one[string](admin, createPart, tenant, "P"), one[string](admin, createBin, tenant, "B")
	wo := one[string](admin, createWO, tenant, "W")
	admin.ok(setStock, tenant, part, bin, 1)
	admin.ok(reserve, tenant, wo, part, 1, nil)
	admin.ok(reserve, tenant, wo, part, 1, nil)

	u := admin
	u.db = d.wide(callers)
	got := make([]string, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			_, err := u.exec(issue, tenant, wo, part, 1, nil)
			got[i] = sqlState(err)
		})
	}
	wg.Wait()
	won := 0
	for _, code := range got {
		if code == "" {
			won++
			continue
		}
		require.Equal(t, "23514", code)
	}
	require.Equal(t, 1, won)
	require.Equal(t, []string{"B 0.0000"}, bins(admin, part))
	require.Equal(t, 1, admin.count(`select * from public.v_part_reservations where status = 'reserved'`))
}
