package schema_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	createBin = `insert into public.v_inventory_locations (tenant_id, name, type) values ($1, $2, 'bin') returning id`
	setStock  = `insert into public.v_stock_levels (tenant_id, part_id, inventory_location_id, quantity) values ($1, $2, $3, $4)`
	reserve   = `select public.rpc_reserve_parts($1, $2, $3, $4, $5)`
	issue     = `select public.rpc_issue_parts_to_work_order($1, $2, $3, $4, $5)`
)

// fillStock is the part of fill for parts and their stock.
func fillStock(admin caller, workOrder string) {
	tenant := admin.tenant()
	part := one[string](admin, createPart, tenant, "P-1")
	bin := one[string](admin, createBin, tenant, "B1")
	admin.ok(setStock, tenant, part, bin, 10)
	admin.ok(reserve, tenant, workOrder, part, 1, bin)
	admin.ok(issue, tenant, workOrder, part, 2, bin)
}

// bins lists the stock of a part as "bin quantity".
func bins(c caller, part string) []string {
	c.db.t.Helper()
	return column[string](c, `select location_name || ' ' || quantity from public.v_stock_by_location where part_id = $1 order by location_name`, part)
}

func TestInventoryLocations(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	manager := d.member(admin, "manager")
	site := one[string](admin, `select public.rpc_create_location($1, 'Site')`, tenant)
	theirSite := one[string](otherAdmin, `select public.rpc_create_location($1, 'Site')`, other)
	create := `insert into public.v_inventory_locations (tenant_id, name, type, code, parent_id, location_id) values ($1, $2, $3, $4, $5, $6) returning id`
	theirs := one[string](otherAdmin, create, other, "W", "warehouse", "W", nil, nil)

	manager.fails("42501", create, tenant, "W", "warehouse", nil, nil, nil)
	admin.fails("42501", create, other, "W", "warehouse", nil, nil, nil)
	admin.fails("42501", create, tenant, "W", "warehouse", nil, theirs, nil)
	admin.fails("23502", create, nil, "W", "warehouse", nil, nil, nil)
	admin.fails("23503", create, tenant, "W", "warehouse", nil, unknown, nil)
	admin.fails("23503", create, tenant, "W", "warehouse", nil, nil, unknown)
	admin.fails("23514", create, tenant, "W", "warehouse", nil, nil, theirSite)
	admin.fails("23514", create, tenant, "W", "box", nil, nil, nil)
	admin.fails("23514", create, tenant, "", "bin", nil, nil, nil)
	w := one[string](admin, create, nil, "W", "warehouse", "W", nil, site)
	admin.fails("23505", create, tenant, "V", "warehouse", "W", nil, nil)
	bin := one[string](admin, create, nil, "B", "bin", nil, w, nil)
	require.Equal(t, 2, manager.count(`select * from public.v_inventory_locations where tenant_id = $1`, tenant), "in the tenant of its place, and of its parent")
	require.Zero(t, manager.count(`update public.v_inventory_locations set name = 'x'`))
	admin.ok(`update public.v_inventory_locations set name = 'B1', code = 'b' where id = $1`, bin)
	admin.fails("23503", `update public.v_inventory_locations set parent_id = $2 where id = $1`, bin, unknown)
	admin.ok(`select public.rpc_delete_location($1, $2)`, tenant, site)
	require.Equal(t, 1, admin.count(`select * from public.v_inventory_locations where id = $1 and location_id is null`, w))

	part := one[string](admin, createPart, tenant, "P")
	theirPart := one[string](otherAdmin, createPart, other, "P")
	manager.fails("42501", setStock, tenant, part, bin, 1)
	for _, tc := range []struct {
		code               string
		part, bin, howMany any
	}{
		{"23503", unknown, bin, 1}, {"23503", nil, bin, 1}, {"23503", part, unknown, 1},
		{"23514", part, w, 1}, {"23514", part, theirs, 1}, {"23514", theirPart, bin, 1},
		{"23514", part, bin, -1}, {"22003", part, bin, 1e14},
	} {
		admin.fails(tc.code, setStock, tenant, tc.part, tc.bin, tc.howMany)
	}
	admin.ok(setStock, other, part, bin, -0.00001) // rounds to nothing, in the tenant of the part
	admin.fails("23505", setStock, tenant, part, bin, 1)
	require.Zero(t, manager.count(`update public.v_stock_levels set quantity = 5`))
	require.Equal(t, 1, admin.count(`update public.v_stock_levels set quantity = 5`))
	require.Equal(t, []string{"B1 5.0000"}, bins(manager, part))
	admin.ok(`insert into public.v_stock_levels (part_id, inventory_location_id, quantity) values ($1, $2, 6) on conflict (part_id, inventory_location_id) do update set quantity = excluded.quantity`, part, bin)
	require.Equal(t, []string{"B1 6.0000"}, bins(manager, part))
	admin.fails("23514", `update public.v_inventory_locations set type = 'shelf' where id = $1`, bin)
	admin.fails("23514", `update public.v_stock_levels set inventory_location_id = $1`, w)
	admin.fails("23514", `update public.v_stock_levels set part_id = $1`, theirPart)
	admin.ok(`delete from public.v_inventory_locations where id = $1`, w)
	require.Empty(t, bins(admin, part), "gone with the bin and its warehouse")
}

func TestReservations(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	manager := d.member(admin, "manager")
	wo, theirWO := one[string](admin, createWO, tenant, "W"), one[string](otherAdmin, createWO, other, "W")
	part, theirPart := one[string](admin, createPart, tenant, "P"), one[string](otherAdmin, createPart, other, "P")
	theirBin := one[string](otherAdmin, createBin, other, "B")

	manager.fails("42501", reserve, tenant, wo, part, 1, nil)
	for _, quantity := range []any{nil, 0, -1, 0.00004} {
		admin.fails("23514", reserve, tenant, wo, part, quantity, nil)
	}
	admin.fails("22003", reserve, tenant, wo, part, 1e14, nil)
	admin.fails("23503", reserve, tenant, unknown, part, 1, nil)
	admin.fails("23503", reserve, tenant, wo, nil, 1, nil)
	admin.fails("23514", reserve, tenant, theirWO, part, 1, nil)
	admin.fails("23514", reserve, tenant, wo, theirPart, 1, nil)
	admin.fails("23514", reserve, tenant, theirWO, theirPart, 1, nil)
	admin.fails("23503", reserve, tenant, wo, part, 1, unknown)
	admin.fails("23514", reserve, tenant, wo, part, 1, theirBin)
	id := one[string](admin, reserve, tenant, wo, part, 3, nil)
	totals := `select concat_ws(' ', total_on_hand, total_reserved, available) from public.v_parts_with_stock where id = $1`
	require.Equal(t, "0 3.0000 -3.0000", one[string](manager, totals, part))

	release := `update public.v_part_reservations set status = $2 where id = $1`
	require.Zero(t, manager.count(release, id, "released"))
	admin.fails("23514", release, id, "done")
	require.Equal(t, 1, admin.count(release, id, "released"))
	require.Equal(t, "0 0 0", one[string](manager, totals, part))
	admin.fails("42501", `update public.v_part_reservations set quantity = 1`)
}

func TestIssuing(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	manager := d.member(admin, "manager")
	wo, theirWO := one[string](admin, createWO, tenant, "W"), one[string](otherAdmin, createWO, other, "W")
	part, theirPart := one[string](admin, createPart, tenant, "P"), one[string](otherAdmin, createPart, other, "P")
	b1, b2 := one[string](admin, createBin, tenant, "B1"), one[string](admin, createBin, tenant, "B2")
	theirBin := one[string](otherAdmin, createBin, other, "B")
	admin.ok(setStock, tenant, part, b1, 4)
	admin.ok(setStock, tenant, part, b2, 3)

	manager.fails("42501", issue, tenant, wo, part, 1, nil)
	for _, quantity := range []any{nil, 0, -1, 0.00004, 5, 50, "NaN", 1e14} {
		admin.fails("23514", issue, tenant, wo, part, quantity, nil)
	}
	for _, id := range []any{nil, unknown, theirWO} {
		admin.fails("23503", issue, tenant, id, part, 1, nil)
	}
	for _, id := range []any{nil, unknown, theirPart} {
		admin.fails("23503", issue, tenant, wo, id, 1, nil)
	}
	for _, bin := range []any{unknown, theirBin} {
		admin.fails("23514", issue, tenant, wo, part, 1, bin)
	}
	admin.fails("23514", issue, tenant, wo, part, 4.00004, b1) // more than there is, before it is rounded
	require.Equal(t, []string{"B1 4.0000", "B2 3.0000"}, bins(manager, part))

	first := one[string](admin, reserve, tenant, wo, part, 1, nil)
	atB1 := one[string](admin, reserve, tenant, wo, part, 1, b1)
	second := one[string](admin, reserve, tenant, wo, part, 7, nil)
	open := func() []string {
		return column[string](manager, `select id from public.v_part_reservations where status = 'reserved' order by created_at`)
	}
	one[string](admin, issue, tenant, wo, part, 3, nil)
	require.Equal(t, []string{"B1 1.0000", "B2 3.0000"}, bins(manager, part), "from the bin that was touched first")
	require.Equal(t, []string{atB1, second}, open(), "the oldest is met, whatever its quantity")
	one[string](admin, issue, tenant, wo, part, 1, nil)
	require.Equal(t, []string{"B1 1.0000", "B2 2.0000"}, bins(manager, part))
	require.Equal(t, []string{second}, open())
	one[string](admin, issue, tenant, wo, part, 0.5, b1)
	require.Equal(t, []string{second}, open(), "one without location stays when a location is given")
	require.NotEqual(t, first, second)
	require.Equal(t, []string{"- 3.0000", "- 1.0000", "B1 0.5000"}, column[string](manager,
		`select coalesce(l.name, '-') || ' ' || u.quantity_used from public.v_part_usage u left join public.v_inventory_locations l on l.id = u.inventory_location_id where u.used_by = $1 order by u.used_at`, admin.id))
	require.Equal(t, []string{"B1 -3.0000", "B2 -1.0000", "B1 -0.5000"}, superOne[[]string](d,
		`select array_agg(l.name || ' ' || i.quantity order by i.occurred_at) from app.inventory_transactions i join app.inventory_locations l on l.id = i.from_location_id where i.reference_type = 'work_order' and i.reference_id = $1`, wo))
	admin.ok(`select public.rpc_update_part($1, $2, p_is_active => false)`, tenant, part)
	admin.ok(issue, tenant, wo, part, 0.5, b1) // of an inactive part as well

	d.super(`delete from app.work_orders where id = $1`, wo)
	require.Zero(t, admin.count(`select * from public.v_part_usage`))
	require.Equal(t, []string{"B1 0.0000", "B2 2.0000"}, bins(admin, part), "what is used stays used")
}

// Of bins that were filled in one go, the one filled first gives.
func TestIssuingFromBinsOfOneReceipt(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	wo := one[string](admin, createWO, tenant, "W")
	b1, b2 := one[string](admin, createBin, tenant, "B1"), one[string](admin, createBin, tenant, "B2")
	if b1 < b2 {
		b1, b2 = b2, b1 // the ids say the opposite
	}
	part := one[string](admin, createPart, tenant, "P")
	admin.ok(`insert into public.v_stock_levels (tenant_id, part_id, inventory_location_id, quantity)
		values ($1, $2, $3, 5), ($1, $2, $4, 5)`, tenant, part, b1, b2)

	one[string](admin, issue, tenant, wo, part, 1, nil)

	require.Equal(t, "4.0000", one[string](admin, `select quantity::text from public.v_stock_levels where inventory_location_id = $1`, b1))
}
