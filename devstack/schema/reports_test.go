package schema_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// reportStage is a tenant with a site in a region, an asset at the site and work
// orders of which one has no place but its asset's.
type reportStage struct {
	tenant                 string
	admin                  caller
	region, site, asset    string
	open, done, again, own string
}

func newReportStage(d *db) *reportStage {
	s := &reportStage{}
	s.tenant, s.admin = d.tenant()
	a := s.admin
	s.region = one[string](a, `select public.rpc_create_location($1, 'North', p_location_type => 'region')`, s.tenant)
	s.site = one[string](a, `select public.rpc_create_location($1, 'Plant', p_parent_location_id => $2)`, s.tenant, s.region)
	s.asset = one[string](a, `select public.rpc_create_asset($1, 'Pump', p_location_id => $2)`, s.tenant, s.site)
	create := `select public.rpc_create_work_order($1, $2, p_priority => $3, p_maintenance_type => $4, p_asset_id => $5, p_location_id => $6, p_due_date => $7::text::timestamptz)`
	s.open = one[string](a, create, s.tenant, "Open", "critical", "preventive_time", s.asset, s.region, "2020-01-01")
	s.done = one[string](a, create, s.tenant, "Done", "low", nil, s.asset, nil, nil)
	s.again = one[string](a, create, s.tenant, "Again", "low", nil, s.asset, nil, nil)
	s.own = one[string](a, create, s.tenant, "Fixed", "low", "corrective", s.asset, nil, nil)
	a.ok(`select public.rpc_log_work_order_time($1, $2, 60)`, s.tenant, s.open)
	a.ok(`select public.rpc_log_work_order_time($1, $2, 90)`, s.tenant, s.open)
	a.ok(`select public.rpc_log_work_order_time($1, $2, 30)`, s.tenant, s.done)
	for id, hours := range map[string]int{s.done: 2, s.again: 8, s.own: 5} {
		d.super(`update app.work_orders set status = 'completed', completed_by = $2, created_at = now() - interval '10 days',
			completed_at = now() - interval '10 days' + make_interval(hours => $3) where id = $1`, id, a.id, hours)
	}
	return s
}

func TestDashboard(t *testing.T) {
	d := newDB(t)
	s := newReportStage(d)
	requestor, member := d.member(s.admin, "requestor"), d.member(s.admin, "member")
	empty, _ := d.tenant()
	metrics := `select concat_ws(' ', open_count, overdue_count, completed_last_30_days, coalesce(round(mttr_hours, 3)::text, '-'), total_assets, active_assets, total_locations) from public.v_dashboard_metrics`
	require.Equal(t, "1 1 3 5.000 1 1 2", one[string](member, metrics))
	require.Equal(t, "0 0 0 - 1 1 2", one[string](requestor, metrics), "work orders are those that the caller sees")
	require.Zero(t, s.admin.in(empty).count(metrics))

	require.Equal(t, "3 5.000 2 8 5 30.0 30", one[string](member, `
		select concat_ws(' ', completed_count, round(mttr_hours, 3), round(min_completion_hours), round(max_completion_hours), median_completion_hours,
			round(avg_labor_minutes, 1), total_labor_minutes) from public.v_dashboard_mttr_metrics`), "labor of work orders that have some")
	require.Zero(t, requestor.count(`select * from public.v_dashboard_mttr_metrics`))
	require.Equal(t, "Open 150", one[string](member, `select concat_ws(' ', title, total_labor_minutes) from public.v_dashboard_open_work_orders`))
	require.True(t, one[bool](member, `select days_overdue > 2000 from public.v_dashboard_overdue_work_orders`))
	require.Equal(t, []string{"draft 1 0 1 -", "completed 3 0 0 5.000"}, column[string](member, `
		select concat_ws(' ', status, count, assigned_count, overdue_count, coalesce(round(avg_completion_hours, 3)::text, '-')) from public.v_dashboard_work_orders_by_status`))
	require.Equal(t, []string{"planned preventive_time 1 1 0 1 150", "reactive corrective 1 0 1 0 0"}, column[string](member, `
		select concat_ws(' ', category, maintenance_type, count, open_count, completed_count, overdue_count, total_labor_minutes)
		from public.v_dashboard_work_orders_by_maintenance_type order by category`))

	for _, priority := range []string{"low", "high", "medium", "critical"} {
		one[string](s.admin, `select public.rpc_create_work_order($1, $2, p_priority => $2)`, s.tenant, priority)
	}
	require.Equal(t, []string{"Open", "critical", "high", "medium", "low"}, column[string](member, `select title from public.v_dashboard_open_work_orders`))
	s.admin.fails("42501", `delete from public.v_dashboard_metrics`)
	s.admin.fails("55000", `delete from public.v_dashboard_open_work_orders`)
}

func TestReporting(t *testing.T) {
	d := newDB(t)
	s := newReportStage(d)
	_, otherAdmin := d.tenant()
	requestor := d.member(s.admin, "requestor")
	a := s.admin

	require.Equal(t, "4383 2020-01-01 2031-12-31", one[string](d.anon(), `select concat_ws(' ', count(*), min(date), max(date)) from reporting.dim_time`))
	for day, want := range map[string]string{
		"2021-01-03": "2021 1 1 53 0 t 2021-01 2020-53", "2024-12-30": "2024 4 12 1 1 f 2024-12 2025-01",
	} {
		require.Equal(t, want, one[string](a, `select concat_ws(' ', year, quarter, month, week, day_of_week, is_weekend, year_month, year_week) from reporting.dim_time where date = $1::text::date`, day))
	}
	require.Equal(t, s.tenant, one[string](a, `select tenant_id from reporting.dim_tenant`))
	facts := func(c caller, title string) string {
		return one[string](c, `select concat_ws(' ', coalesce(f.site_id::text, '-'), coalesce(round(f.duration_hours)::text, '-'), f.total_labor_minutes, f.total_labor_cost_cents)
			from reporting.fact_work_orders f join public.v_work_orders w on w.id = f.work_order_id where w.title = $1`, title)
	}
	require.Equal(t, s.site+" - 150 0", facts(a, "Open"), "a region has no site, its asset's place has")
	require.Equal(t, s.site+" 2 30 0", facts(a, "Done"))
	require.Zero(t, requestor.count(`select * from reporting.fact_work_orders`))
	require.Equal(t, 3, a.count(`select * from reporting.fact_labor`))
	require.Equal(t, 2, a.count(`select * from reporting.fact_downtime_incidents`), "the corrective one is none")
	require.Equal(t, "1 6.000 0.250", one[string](a, `select concat_ws(' ', failure_count, round(mtbf_hours, 3), round(mtbf_days, 3)) from reporting.kpi_mtbf`))
	require.Equal(t, "3 5.000 30", one[string](a, `select concat_ws(' ', sum(completed_count), round(sum(mttr_hours * completed_count) / sum(completed_count), 3), sum(total_labor_minutes)) from reporting.kpi_mttr`))
	require.Equal(t, s.site+" critical 1 1", one[string](a, `select concat_ws(' ', site_id, priority, open_count, overdue_count) from reporting.kpi_backlog`))

	d.super(`insert into app.work_order_parts (tenant_id, work_order_id, quantity, total_cost_cents) values ($1, $2, 2, 450)`, s.tenant, s.done)
	require.Equal(t, "2.0000 0 450", one[string](a, `select concat_ws(' ', quantity, unit_cost_cents, total_cost_cents) from reporting.fact_parts`))
	technician := one[string](a, `select public.rpc_create_technician($1, $2)`, s.tenant, a.id)
	for _, length := range []string{"4 hours", "2 hours 30 seconds"} {
		d.super(`insert into app.shifts (tenant_id, technician_id, start_at, end_at) values ($1, $2, current_date, current_date + $3::text::interval)`, s.tenant, technician, length)
	}
	utilization := `select concat_ws(' ', scheduled_minutes, actual_minutes, round(utilization_pct, 2)) from reporting.kpi_utilization`
	require.Equal(t, "361 0 0.00", one[string](a, utilization), "the API names no technician of a time entry")
	d.super(`update app.work_order_time_entries set technician_id = $1`, technician)
	require.Equal(t, "361 180 49.86", one[string](a, utilization))

	require.Equal(t, "17 1", one[string](d.anon(), `select concat_ws(' ', count(*), count(*) filter (where object_kind = 'table')) from reporting.get_analytics_metadata()`))
	d.service().fails("42501", `select * from reporting.get_analytics_metadata()`)
	views := superOne[[]string](d, `select array_agg(c.relname::text order by 1) from pg_class c where c.relnamespace = 'reporting'::regnamespace and c.relkind = 'v'`)
	require.Len(t, views, 16)
	for _, view := range views {
		require.Zero(t, otherAdmin.count(`select * from reporting.`+view+` where tenant_id = $1`, s.tenant), view)
		require.Zero(t, otherAdmin.in(s.tenant).count(`select * from reporting.`+view), view)
		d.service().fails("42501", `select * from reporting.`+view)
		if view == "v_asset_downtime_monthly" {
			d.anon().fails("42501", `select * from reporting.`+view)
			continue
		}
		require.Zero(t, d.anon().count(`select * from reporting.`+view), view)
	}
	require.True(t, superOne[bool](d, `select bool_and('security_invoker=true' = any (c.reloptions)) from pg_class c where c.relnamespace = 'reporting'::regnamespace and c.relkind = 'v'`))
}

func TestSummaries(t *testing.T) {
	d := newDB(t)
	s := newReportStage(d)
	a := s.admin
	requestor, left := d.member(a, "requestor"), d.member(a, "member")
	_, otherAdmin := d.tenant()
	building := one[string](a, `select public.rpc_create_location($1, 'B', p_parent_location_id => $2, p_location_type => 'building')`, s.tenant, s.site)
	one[string](a, `select public.rpc_create_location($1, 'F', p_parent_location_id => $2, p_location_type => 'floor')`, s.tenant, building)
	inner := one[string](a, `select public.rpc_create_location($1, 'Inner', p_parent_location_id => $2)`, s.tenant, s.site)
	one[string](a, `select public.rpc_create_asset($1, 'Loose')`, s.tenant)
	one[string](a, `select public.rpc_create_asset($1, 'Inside', p_location_id => $2)`, s.tenant, inner)
	require.Zero(t, a.count(`select * from public.v_work_orders_summary`), "nothing before a refresh")
	d.anon().ok(`select public.refresh_tenant_analytics($1)`, unknown)

	require.Equal(t, []string{"completed low 3 0 3 5.000", "draft critical 1 1 0"}, column[string](requestor, `
		select concat_ws(' ', status, priority, count, overdue_count, completed_count, round(avg_completion_hours, 3)) from public.v_work_orders_summary order by 1`), "of the whole tenant")
	require.Equal(t, []string{"1 1 0 0", "1 1 0 0", "1 1 0 1"}, column[string](a, `
		select concat_ws(' ', count, active_count, inactive_count, unassigned_count) from public.v_assets_summary order by 1`))
	require.Equal(t, []string{"B Plant 0 0", "F Plant 0 0", "Inner Inner 1 0", "North  0 1", "Plant Plant 1 0"}, column[string](a, `
		select s.location_name || ' ' || coalesce(l.name, '') || ' ' || s.asset_count || ' ' || s.work_order_count
		from public.v_locations_summary s left join public.v_locations l on l.id = s.site_id order by 1`))
	require.Equal(t, []string{"Inner 0 0 1 0", "Plant 1 1 2 0"}, column[string](a, `
		select concat_ws(' ', site_name, building_count, floor_count, asset_count, work_order_count) from public.v_site_rollup order by 1`), "a site in a site counts in both")
	overview := `select concat_ws(' ', member_count, location_count, asset_count, work_order_count, active_work_order_count, overdue_work_order_count) from public.v_tenants_overview`
	require.Equal(t, "3 5 3 4 1 1", one[string](a, overview))
	require.Equal(t, []string{"Inner 1", "Plant 2"}, column[string](a, `select concat_ws(' ', site_name, site_asset_count) from public.v_portfolio_overview order by 1`))
	require.Equal(t, "1 0", one[string](otherAdmin, `select concat_ws(' ', member_count, count(site_id) over ()) from public.v_portfolio_overview`), "a row without a site")

	a.ok(`select public.rpc_remove_member_from_tenant($1, $2)`, s.tenant, left.id)
	for _, view := range []string{"v_work_orders_summary", "v_assets_summary", "v_locations_summary", "v_tenants_overview", "v_site_rollup", "v_portfolio_overview"} {
		require.NotZero(t, a.count(`select * from public.`+view), view)
		require.Zero(t, left.count(`select * from public.`+view), view)
		require.Zero(t, otherAdmin.in(s.tenant).count(`select * from public.`+view), view)
	}
	for _, view := range []string{"mv_work_order_summary", "mv_asset_summary", "mv_location_summary", "mv_site_summary", "mv_tenant_overview"} {
		a.fails("42501", `select * from public.`+view)
		d.anon().fails("42501", `select * from public.`+view)
		require.NotZero(t, d.service().count(`select * from public.`+view), view)
		for _, c := range []caller{a, d.anon(), d.service()} {
			c.fails("42809", `insert into public.`+view+` (tenant_id) values ($1)`, s.tenant)
		}
	}

	// A cycle, which no function makes, ends the refresh all the same.
	d.super(`alter table app.locations disable trigger user`)
	d.super(`update app.locations set parent_location_id = $2 where id = $1`, s.region, inner)
	a.ok(`select public.refresh_analytics_views()`)
	_, err := reading(a, false, `select public.refresh_analytics_views()::text`)
	require.Equal(t, "25006", sqlState(err))
}

// A request names its time zone with Prefer: timezone=…, UTC is for all others.
func TestDaysOfReportsAreThoseOfTheRequest(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	admin.ok(`select public.rpc_create_inspection_run($1, p_asset_id => $2, p_scheduled_at => '2031-05-31T23:30Z')`, tenant, asset)
	admin.ok(`select public.rpc_create_incident($1, 'Slip', p_occurred_at => '2031-05-31T23:30Z')`, tenant)
	admin.ok(`select public.rpc_record_asset_downtime($1, $2, 'other', '2024-02-29T23:30Z', '2024-02-29T23:45Z')`, tenant, asset)
	days := func(zone string) (days [3]string) {
		ctx := t.Context()
		require.NoError(t, admin.do(ctx, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `set local timezone to '`+zone+`'`); err != nil {
				return err
			}
			return tx.QueryRow(ctx, `
				select max(day::date) filter (where exists (select from public.rpc_compliance_inspection_history($1, day::date, day::date)))::text,
					max(day::date) filter (where exists (select from public.rpc_compliance_incident_report($1, day::date, day::date)))::text,
					(select month_start::text from reporting.v_asset_downtime_monthly)
				from generate_series('2031-05-30'::timestamp, '2031-06-02', '1 day') day`, tenant).Scan(&days[0], &days[1], &days[2])
		}))
		return days
	}
	require.Equal(t, [3]string{"2031-05-31", "2031-05-31", "2024-02-01"}, days("UTC"))
	require.Equal(t, [3]string{"2031-06-01", "2031-06-01", "2024-03-01"}, days("Asia/Tokyo"))
}

// Callers who refresh at once wait for each other and all come to an end, also
// beside readers and beside work that is going on.
func TestRefreshesAtOnceComeToAnEnd(t *testing.T) {
	d := newDB(t)
	s := newReportStage(d)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	errs := make(chan error, 64)
	for i := range 4 {
		c := []caller{s.admin, d.anon(), d.service(), s.admin}[i]
		wg.Go(func() {
			for range 3 {
				errs <- c.do(ctx, func(tx pgx.Tx) error {
					_, err := tx.Exec(ctx, `select public.refresh_analytics_views()`)
					return err
				})
			}
		})
		wg.Go(func() {
			for range 3 {
				errs <- s.admin.do(ctx, func(tx pgx.Tx) error {
					_, err := tx.Exec(ctx, `select public.rpc_create_work_order($1, 'More', p_priority => 'high')`, s.tenant)
					return err
				})
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	s.admin.ok(`select public.refresh_analytics_views()`)
	require.Equal(t, 12, one[int](s.admin, `select count::int from public.v_work_orders_summary where priority = 'high'`))
}
