package schema_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// fillCosts is the part of fill for cost lines and the lives of assets.
func fillCosts(admin caller, workOrder, asset string) {
	d := admin.db
	d.super(`insert into app.work_order_parts (tenant_id, work_order_id, description, total_cost_cents) values ($1, $2, 'Seal', 450)`, admin.tenant(), workOrder)
	admin.ok(`update public.v_assets set end_of_life_estimate = current_date + 30 where id = $1`, asset)
	d.super(`update app.assets set department_id = (select id from app.departments where tenant_id = $1 limit 1) where id = $2`, admin.tenant(), asset)
}

// reading runs a query as PostgREST runs stable functions, with the setting that
// lets the cost functions answer or without it.
func reading(c caller, answer bool, sql string, args ...any) (rows []string, err error) {
	ctx := c.db.t.Context()
	err = c.do(ctx, func(tx pgx.Tx) error {
		if answer {
			if _, err := tx.Exec(ctx, `set local app.cost_functions = 'answer'`); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `set transaction read only`); err != nil {
			return err
		}
		got, err := tx.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		rows, err = pgx.CollectRows(got, pgx.RowTo[string])
		return err
	})
	return rows, err
}

func TestCosts(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	requestor, member := d.member(admin, "requestor"), d.member(admin, "member")
	place := one[string](admin, `select public.rpc_create_location($1, 'Hall')`, tenant)
	inside := one[string](admin, `select public.rpc_create_location($1, 'Room', p_parent_location_id => $2, p_location_type => 'building')`, tenant, place)
	one[string](admin, `select public.rpc_create_department($1, 'Press')`, tenant)
	moved := one[string](admin, `select public.rpc_create_department($1, 'Mill')`, tenant)
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump', p_department_id => d.id) from public.v_departments d where d.name = 'Press'`, tenant)
	project := one[string](admin, `select public.rpc_create_project($1, 'Overhaul')`, tenant)
	supplier := one[string](admin, `select public.rpc_create_supplier($1, 'Acme')`, tenant)
	theirs := one[string](otherAdmin, `select public.rpc_create_supplier($1, 'Else')`, other)
	create := `select public.rpc_create_work_order($1, $2, p_asset_id => $3, p_location_id => $4, p_project_id => $5)`
	w1 := one[string](admin, create, tenant, "One", asset, inside, project)
	w2 := one[string](admin, create, tenant, "Two", asset, place, nil)
	one[string](admin, create, tenant, "Three", nil, nil, nil)
	request := one[string](requestor, `select public.rpc_create_work_order_request($1, 'Please')`, tenant)

	cost := `select public.rpc_upsert_work_order_vendor_cost($1, $2, p_amount_cents => $3, p_supplier_id => $4)`
	admin.fails("23503", cost, tenant, w1, 10000001, theirs) // the supplier comes first
	one[string](admin, cost, tenant, w1, 2500, supplier)
	one[string](admin, cost, tenant, w2, 100, nil)
	one[string](admin, cost, tenant, request, 7, supplier)
	admin.ok(`select public.rpc_log_work_order_time($1, $2, 30)`, tenant, w1)
	d.super(`update app.work_order_time_entries set labor_cost_cents = 4000`)
	d.super(`insert into app.work_order_parts (tenant_id, work_order_id, total_cost_cents) values ($1, $2, 30)`, tenant, w2)
	admin.ok(`select public.rpc_update_asset($1, $2, p_department_id => $3)`, tenant, asset, moved)

	costs := func(c caller, view, key string) []string {
		count := ", work_order_count"
		if view == "v_work_order_costs" {
			count = ""
		}
		return column[string](c, fmt.Sprintf(`select concat_ws(' ', labor_cents, parts_cents, vendor_cents, total_cents%s) from public.%s where %s is not null order by total_cents`, count, view, key))
	}
	require.Equal(t, []string{"0 0 0 0", "0 0 7 7", "0 30 100 130", "4000 0 2500 6500"}, costs(member, "v_work_order_costs", "work_order_id"))
	require.Equal(t, []string{"0 0 7 7"}, costs(requestor, "v_work_order_costs", "work_order_id"), "of their own requests only")
	require.Equal(t, []string{"4000 30 2600 6630 2"}, costs(member, "v_asset_costs", "asset_id"))
	require.Equal(t, []string{"0 30 100 130 1", "4000 0 2500 6500 1"}, costs(member, "v_location_costs", "location_id"), "places do not add up what is inside them")
	require.Equal(t, []string{"4000 30 2600 6630 2"}, costs(member, "v_department_costs", "department_id"))
	require.Equal(t, moved, one[string](member, `select department_id from public.v_department_costs`), "the department that the asset is in now")
	require.Equal(t, []string{"4000 0 2500 6500 1"}, costs(member, "v_project_costs", "project_id"))
	require.Empty(t, costs(requestor, "v_asset_costs", "asset_id"))
	require.Equal(t, []string{"Acme 2507 2"}, column[string](requestor, `select concat_ws(' ', supplier_name, total_amount_cents, cost_line_count) from public.v_vendor_spend_by_supplier`), "of the whole tenant")
	member.fails("55000", `insert into public.v_work_order_costs (tenant_id) values ($1)`, tenant)

	// What the functions say, as "name labor parts vendor total count".
	rollup := `select concat_ws(' ', group_name, labor_cents, parts_cents, vendor_cents, total_cents, work_order_count) from public.rpc_cost_rollup($1, $2, $3, $4) order by 1`
	ownership := `select concat_ws(' ', labor_cents, parts_cents, vendor_cents, total_cents, work_order_count) from public.rpc_asset_total_cost_of_ownership($1, $2, $3, $4)`
	alerts := `select alert_type from public.rpc_asset_lifecycle_alerts($1)`
	for _, tc := range []struct {
		sql  string
		args []any
	}{{rollup, []any{tenant, "asset", nil, nil}}, {ownership, []any{tenant, asset, nil, nil}}, {alerts, []any{tenant}}} {
		_, err := reading(admin, false, tc.sql, tc.args...)
		require.Equal(t, "25006", sqlState(err), "as on the platform")
		for code, c := range map[string]caller{"42501": otherAdmin, "28000": d.anon()} {
			for _, answer := range []bool{false, true} {
				_, err := reading(c, answer, tc.sql, tc.args...)
				require.Equal(t, code, sqlState(err))
			}
		}
	}
	for group, want := range map[any][]string{
		"asset": {"Pump 4000 30 2600 6630 2"}, "location": {"Hall 0 30 100 130 1", "Room 4000 0 2500 6500 1"},
		"department": {"Mill 4000 30 2600 6630 2"}, "project": {"Overhaul 4000 0 2500 6500 1"}, nil: {"Overhaul 4000 0 2500 6500 1"},
	} {
		got, err := reading(requestor, true, rollup, tenant, group, nil, nil)
		require.NoError(t, err)
		require.Equal(t, want, got, group)
	}
	for _, group := range []string{"supplier", "", "ASSET"} {
		_, err := reading(admin, true, rollup, tenant, group, nil, nil)
		require.Equal(t, "22P02", sqlState(err))
	}
	for id, want := range map[any]string{asset: "4000 30 2600 6630 2", unknown: "0 0 0 0 0", nil: "0 0 0 0 0"} {
		got, err := reading(requestor, true, ownership, tenant, id, nil, nil)
		require.NoError(t, err)
		require.Equal(t, []string{want}, got)
	}

	d.super(`update app.work_orders set completed_at = '2031-06-02T23:59Z', completed_by = $2 where id = $1`, w1, admin.id)
	for _, tc := range []struct {
		from, to any
		want     []string
	}{
		{"2031-06-02", "2031-06-02", []string{"Pump 4000 0 2500 6500 1"}},
		{"2031-06-02", nil, []string{"Pump 4000 0 2500 6500 1"}},
		{nil, "2031-06-02", []string{"Pump 4000 0 2500 6500 1"}},
		{"2031-06-03", nil, []string{}}, {nil, "2031-06-01", []string{}}, {"2031-12-31", "2031-01-01", []string{}},
	} {
		got, err := reading(admin, true, rollup, tenant, "asset", tc.from, tc.to)
		require.NoError(t, err)
		require.Equal(t, tc.want, got, "%v to %v: only what was completed", tc.from, tc.to)
	}
	admin.ok(`delete from public.v_suppliers where id = $1`, supplier)
	require.Zero(t, admin.count(`select * from public.v_vendor_spend_by_supplier`))
	require.Equal(t, []string{"0 0 0 0", "0 0 7 7", "0 30 100 130", "4000 0 2500 6500"}, costs(member, "v_work_order_costs", "work_order_id"), "the lines stay")
}

func TestPrimarySuppliers(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	requestor := d.member(admin, "requestor")
	supplier := one[string](admin, `select public.rpc_create_supplier($1, 'Acme')`, tenant)
	w1 := one[string](admin, createWO, tenant, "W")
	request := one[string](requestor, `select public.rpc_create_work_order_request($1, 'Please')`, tenant)
	set := `select public.rpc_set_work_order_primary_supplier($1, $2, $3)`
	admin.ok(set, tenant, w1, supplier)
	admin.ok(set, tenant, request, supplier)
	counts := func(c caller) []string {
		return column[string](c, `select concat_ws(' ', supplier_name, work_order_count, final_status_count, non_final_status_count) from public.v_work_order_counts_by_primary_supplier`)
	}
	require.Equal(t, []string{"Acme 2 0 2"}, counts(admin))
	require.Equal(t, []string{"Acme 1 0 1"}, counts(requestor), "of their own requests")
	admin.ok(transitionWO, tenant, w1, "cancelled")
	require.Equal(t, []string{"Acme 2 1 1"}, counts(admin))
	admin.ok(set, tenant, w1, nil)
	admin.ok(set, tenant, request, nil)
	require.Empty(t, counts(admin))
}

func TestLifecycleAlerts(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	requestor := d.member(admin, "requestor")
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	theirs := one[string](otherAdmin, `select public.rpc_create_asset($1, 'Pump')`, other)
	warranty := `select public.rpc_upsert_asset_warranty($1, $2, $3, current_date + $4::int, p_is_active => $5)`
	show := func() []string {
		return column[string](requestor, `select alert_type || ' ' || days_until from public.v_asset_lifecycle_alerts where reference_date = current_date + days_until order by 1`)
	}
	require.Empty(t, show())
	for _, tc := range []struct {
		days int
		want []string
	}{{400, []string{}}, {-1, []string{}}, {365, []string{"warranty_expiring 365"}}, {100, []string{"warranty_expiring 100"}}} {
		admin.ok(warranty, tenant, asset, nil, tc.days, true)
		require.Equal(t, tc.want, show(), tc.days)
	}
	soon := one[string](admin, warranty, tenant, asset, nil, 50, true)
	require.Equal(t, []string{"warranty_expiring 50"}, show(), "the first one that ends")
	alerts := `select alert_type from public.rpc_asset_lifecycle_alerts($1, $2)`
	for days, want := range map[any]int{49: 0, 50: 1, 365: 1, 10000: 1, -1: 0, nil: 0} {
		got, err := reading(requestor, true, alerts, tenant, days)
		require.NoError(t, err)
		require.Len(t, got, want, days)
	}
	// The caller's token may be for another tenant than the call.
	got, err := reading(requestor.in(other), true, alerts, tenant, 365)
	require.NoError(t, err)
	require.Len(t, got, 1)
	admin.ok(warranty, tenant, asset, soon, 50, false)
	require.Equal(t, []string{"warranty_expiring 100"}, show())

	dates := `update public.v_assets set end_of_life_estimate = current_date, service_contract_expires_at = current_date + 366, planned_replacement_date = current_date + 365 where id = $1`
	requestor.fails("42501", dates, asset)
	require.Zero(t, admin.count(dates, theirs))
	require.Equal(t, 1, admin.count(dates, asset))
	require.Equal(t, []string{"eol_approaching 0", "planned_replacement_due 365", "warranty_expiring 100"}, show())
	admin.fails("42501", `update public.v_assets set warranty_expires_at = '2040-01-01' where id = $1`, asset)
	d.anon().fails("42501", `select * from public.v_asset_lifecycle_alerts`)
}
