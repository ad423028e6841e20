package schema_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	createWO     = `select public.rpc_create_work_order($1, $2)`
	transitionWO = `select public.rpc_transition_work_order_status($1, $2, $3)`
	completeWO   = `select public.rpc_complete_work_order($1, $2, $3, $4)`
)

func TestCreateWorkOrder(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	fill(admin)
	other, otherAdmin := d.tenant()
	fill(otherAdmin)
	member := d.member(admin, "member")

	draft := one[string](admin, `select public.rpc_create_work_order($1, 'W', p_priority => 'high', p_maintenance_type => 'corrective')`, tenant)
	require.Equal(t, "draft 08:00:00 3 days 0", one[string](admin, `
		select concat_ws(' ', status, sla_response_due_at - created_at, sla_resolution_due_at - created_at, total_labor_minutes)
		from public.v_work_orders where id = $1`, draft))
	assigned := one[string](admin, `select public.rpc_create_work_order($1, 'W', p_assigned_to => $2)`, tenant, admin.id)
	require.Equal(t, "assigned medium Ada Admin ", one[string](admin, `
		select status || ' ' || priority || ' ' || assigned_to_name || ' ' || coalesce(acknowledged_at::text, '') from public.v_work_orders where id = $1`, assigned))

	pick := func(table, tenant string) string {
		return superOne[string](d, `select id::text from app.`+table+` where tenant_id = $1 limit 1`, tenant)
	}
	with := func(arg string) string {
		return `select public.rpc_create_work_order($1, 'W', ` + arg + ` => $2)`
	}
	for _, c := range []struct{ code, arg, value string }{
		{"23503", "p_priority", "nope"},
		{"23503", "p_maintenance_type", "nope"},
		{"23503", "p_maintenance_type", ""},
		{"23503", "p_asset_id", unknown},
		{"23503", "p_asset_id", pick("assets", other)},
		{"23503", "p_location_id", unknown},
		{"23503", "p_location_id", pick("locations", other)},
		{"23503", "p_assigned_to", unknown},
		{"P0001", "p_project_id", unknown},
		{"23503", "p_project_id", pick("projects", other)},
		{"P0001", "p_pm_schedule_id", unknown},
		{"42501", "p_pm_schedule_id", pick("pm_schedules", other)},
		{"23514", "p_client_request_id", strings.Repeat("k", 257)},
	} {
		admin.fails(c.code, with(c.arg), tenant, c.value)
	}
	admin.fails("23503", `select public.rpc_create_work_order($1, 'W', p_priority => null)`, tenant)
	d.super(`update app.pm_schedules set is_active = false where tenant_id = $1`, tenant)
	admin.fails("23503", with("p_pm_schedule_id"), tenant, pick("pm_schedules", tenant))
	admin.fails("23502", createWO, tenant, nil)
	admin.fails("23514", createWO, tenant, "")
	admin.fails("23514", createWO, tenant, strings.Repeat("t", 501))
	member.fails("42501", createWO, tenant, "W")
	otherAdmin.fails("42501", createWO, tenant, "W")
	admin.fails("23503", createWO, unknown, "W")
	d.anon().fails("28000", createWO, tenant, "W")
	require.Equal(t, 1, admin.count(`select * from public.v_audit_entity_changes where table_name = 'work_orders' and operation = 'INSERT' and record_id = $1`, draft))
}

func TestClientRequestID(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	create := `select public.rpc_create_work_order($1, $2, p_client_request_id => $3)`

	id := one[string](admin, create, tenant, "A", "key")
	require.Equal(t, id, one[string](admin, create, tenant, "B", "  key "))
	require.Equal(t, 1, admin.count(`select * from public.v_work_orders`))
	require.NotEqual(t, id, one[string](otherAdmin, create, other, "A", "key"))
	blank := one[string](admin, create, tenant, "A", " ")
	require.NotEqual(t, blank, one[string](admin, create, tenant, "A", " "), "a blank key is none")

	admin.fails("23514", create, tenant, "", "burnt")
	admin.ok(create, tenant, "A", "burnt")
	admin.fails("23503", `select public.rpc_create_work_order($1, 'A', p_priority => 'nope', p_client_request_id => 'key')`, tenant)
	admin.ok(`select public.rpc_claim_idempotency($1, 'work_order.create', 'held')`, tenant)
	admin.fails("40001", create, tenant, "A", "held")
	admin.fails("40001", create, tenant, "A", "held")
}

func TestConcurrentCreatesWithOneKeyGiveOneWorkOrder(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	const n = 16
	ids, errs := make([]string, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			ids[i], errs[i] = tryOne[string](admin, `select public.rpc_create_work_order($1, $2, p_client_request_id => 'k')`, tenant, fmt.Sprint("W", i))
		})
	}
	wg.Wait()
	for i := range n {
		require.NoError(t, errs[i])
		require.Equal(t, ids[0], ids[i])
	}
	require.Equal(t, 1, admin.count(`select * from public.v_work_orders`))
}

func TestLifeCycle(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, outsider := d.tenant()
	member, technician := d.member(admin, "member"), d.member(admin, "technician")
	wo := one[string](admin, createWO, tenant, "W")

	admin.fails("23503", transitionWO, tenant, wo, "completed")
	admin.fails("23503", transitionWO, tenant, wo, "draft")
	admin.fails("23503", transitionWO, tenant, wo, "no_such_status")
	admin.fails("P0001", transitionWO, tenant, unknown, "assigned")
	member.fails("23503", transitionWO, tenant, wo, "assigned")
	outsider.fails("42501", transitionWO, tenant, wo, "assigned")
	admin.fails("23503", transitionWO, unknown, wo, "assigned")
	d.anon().fails("28000", transitionWO, tenant, wo, "assigned")

	admin.ok(transitionWO, tenant, wo, "assigned")
	acknowledged := one[string](admin, `select acknowledged_at::text from public.v_work_orders where id = $1`, wo)
	technician.fails("23503", transitionWO, tenant, wo, "in_progress")
	technician.fails("23503", completeWO, tenant, wo, nil, nil)
	admin.ok(transitionWO, tenant, wo, "in_progress")
	technician.ok(completeWO, tenant, wo, "worn", nil)
	require.Equal(t, "completed "+acknowledged+" "+technician.id+" worn ", one[string](admin, `
		select concat_ws(' ', status, acknowledged_at, completed_by, cause, coalesce(resolution, '')) from public.v_work_orders
		where id = $1 and completed_at is not null`, wo))
	admin.fails("23503", transitionWO, tenant, wo, "in_progress")

	admin.ok(completeWO, tenant, wo, nil, "replaced")
	require.Equal(t, "worn replaced", one[string](admin, `select cause || ' ' || resolution from public.v_work_orders where id = $1`, wo))
	// Who may not complete work orders does not rewrite completed ones either.
	member.fails("42501", completeWO, tenant, wo, "forged", nil)
	outsider.fails("42501", completeWO, tenant, wo, "forged", nil)
	d.anon().fails("28000", completeWO, tenant, wo, "forged", nil)
	admin.fails("P0001", completeWO, tenant, unknown, nil, nil)

	wo = one[string](admin, createWO, tenant, "W")
	admin.ok(transitionWO, tenant, wo, "cancelled")
	require.Equal(t, 1, admin.count(`select * from public.v_work_orders where id = $1 and completed_at is not null and completed_by = $2`, wo, admin.id))
	admin.fails("23503", completeWO, tenant, wo, nil, nil)
}

func TestConcurrentMovesOfOneWorkOrderDoNotDeadlock(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	for range 5 {
		d.super(`delete from authz.rate_limit_counters`)
		wo := one[string](admin, `select public.rpc_create_work_order($1, 'W', p_assigned_to => $2)`, tenant, admin.id)
		errs := make([]error, 12)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				switch i % 3 {
				case 0:
					_, errs[i] = admin.exec(completeWO, tenant, wo, "c", nil)
				case 1:
					_, errs[i] = admin.exec(transitionWO, tenant, wo, "in_progress")
				default:
					_, errs[i] = admin.exec(assignWO, tenant, wo, nil)
				}
			})
		}
		wg.Wait()
		for _, err := range errs {
			require.Contains(t, []string{"", "23503"}, sqlState(err))
		}
		require.Equal(t, "completed", one[string](admin, `select status from public.v_work_orders where id = $1`, wo))
	}
}

func TestTransitionsAreLimitedPerMinute(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	admin.ok(`select public.rpc_create_status_transition($1, 'work_order', 'draft', 'draft')`, tenant)
	manager := d.member(admin, "manager")
	wo := one[string](admin, createWO, tenant, "W")
	var before, after error
	d.withinOneMinute(func() {
		d.super(`delete from authz.rate_limit_counters`)
		for range 30 {
			// A call that fails does not count.
			_, before = admin.exec(transitionWO, tenant, wo, "completed")
			_, err := admin.exec(transitionWO, tenant, wo, "draft")
			require.NoError(t, err)
		}
		_, after = admin.exec(transitionWO, tenant, wo, "draft")
	})
	require.Equal(t, "23503", sqlState(before))
	require.Equal(t, "54000", sqlState(after))
	manager.ok(transitionWO, tenant, wo, "draft")
}

func TestWhoSeesWorkOrders(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	requestor, technician, nobody := d.member(admin, "requestor"), d.member(admin, "technician"), d.user(`{}`).in(tenant)
	admin.ok(`select public.rpc_grant_scope($1, $2, 'line', null)`, tenant, nobody.id)
	admin.ok(createWO, tenant, "A")
	wo := one[string](admin, `select public.rpc_create_work_order($1, 'B', p_assigned_to => $2)`, tenant, requestor.id)
	see := func(c caller) int { return c.count(`select * from public.v_work_orders`) }
	require.Equal(t, 2, see(technician))
	require.Zero(t, see(requestor), "the assignee has no right by that")
	require.Zero(t, see(nobody))
	d.super(`update app.work_orders set requested_by = $2 where id = $1`, wo, requestor.id)
	require.Equal(t, 1, see(requestor))
}

func TestBulkImportWorkOrders(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	member := d.member(admin, "member")
	imp := `select public.rpc_bulk_import_work_orders($1, $2::text::jsonb)`
	res := one[map[string]any](admin, imp, tenant, `[
		{"title": " One ", "due_date": "2030-01-02", "priority": "", "other": 1},
		{"title": " "},
		{"title": "S", "status": "nope"},
		{"title": "P", "priority": "nope"},
		{"title": "D", "due_date": "tomorrowish"},
		{"title": "Done", "status": "completed", "cause": "c"}]`)
	require.Len(t, res["created_ids"], 2)
	require.Len(t, res["errors"], 4)
	for i, e := range res["errors"].([]any) {
		require.EqualValues(t, i+1, e.(map[string]any)["index"])
	}
	require.Equal(t, []string{"Done completed t f", "One draft f t"}, column[string](admin, `
		select concat_ws(' ', title, status, completed_by is not null, sla_response_due_at is not null) from public.v_work_orders order by title`))
	admin.fails("22P02", imp, tenant, `{}`)
	admin.fails("22004", imp, tenant, nil)
	member.fails("42501", imp, tenant, `[]`)
}

func TestTimeEntries(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, outsider := d.tenant()
	manager, member := d.member(admin, "manager"), d.member(admin, "member")
	wo := one[string](admin, createWO, tenant, "W")
	log := func(args string) string {
		return `select public.rpc_log_work_order_time($1, $2, ` + args + `)`
	}
	for _, args := range []string{"0", "1441", "5, current_date - 366", "5, current_date + 8", "5, p_description => ''",
		"5, p_latitude => 91, p_longitude => 0", "5, p_longitude => -181", "5, p_accuracy_metres => -1"} {
		admin.fails("23514", log(args), tenant, wo)
	}
	admin.fails("23502", log("null"), tenant, wo)
	admin.ok(log("5, current_date - 365"), tenant, wo)
	admin.ok(log("7, current_date + 7"), tenant, wo)
	admin.fails("P0001", log("5"), tenant, unknown)
	outsider.fails("42501", log("5"), tenant, wo)
	d.anon().fails("28000", log("5"), tenant, wo)
	admin.fails("23503", log("5, p_user_id => $3"), tenant, wo, outsider.id)
	member.fails("42501", log("5, p_user_id => $3"), tenant, wo, admin.id)
	member.ok(log("5"), tenant, wo)
	id := one[string](manager, log("5, p_user_id => $3"), tenant, wo, member.id)
	require.Equal(t, manager.id, one[string](member, `select created_by::text from public.v_work_order_time_entries where id = $1 and user_id = $2 and entry_date = (now() at time zone 'utc')::date`, id, member.id))
	require.Equal(t, int64(22), one[int64](admin, `select total_labor_minutes from public.v_work_orders where id = $1`, wo))
	dates := column[string](admin, `select entry_date::text from public.v_work_order_time_entries`)
	require.Len(t, dates, 4)
	require.IsDecreasing(t, []string{dates[0], dates[1], dates[3]})
}

func TestWritesThroughTheTimeEntryView(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, outsider := d.tenant()
	technician, other := d.member(admin, "technician"), d.member(admin, "technician")
	wo := one[string](admin, createWO, tenant, "W")
	id := one[string](technician, `select public.rpc_log_work_order_time($1, $2, 5, p_description => 'x')`, tenant, wo)
	v := `public.v_work_order_time_entries`
	set := func(c caller, what string, args ...any) error {
		n, err := c.exec(`update `+v+` set `+what+` where id = $1`, append([]any{id}, args...)...)
		if err == nil && n != 1 {
			return fmt.Errorf("%d rows", n)
		}
		return err
	}
	at := one[string](admin, `select updated_at::text from `+v)

	require.NoError(t, set(technician, `description = 'y', tenant_id = gen_random_uuid()`))
	require.Equal(t, "y "+tenant, one[string](admin, `select description || ' ' || tenant_id from `+v))
	require.Greater(t, one[string](admin, `select updated_at::text from `+v), at)
	require.Equal(t, "23514", sqlState(set(admin, `minutes = 0`)))
	require.Equal(t, "23514", sqlState(set(admin, `entry_date = current_date - 366`)))
	require.Equal(t, "23503", sqlState(set(technician, `user_id = $2`, outsider.id)))
	require.Equal(t, "23503", sqlState(set(technician, `work_order_id = $2`, unknown)))
	require.Equal(t, "42501", sqlState(set(technician, `user_id = $2`, other.id)), "hands time to somebody else")
	require.NoError(t, set(technician, `created_by = $2`, other.id))
	require.Equal(t, technician.id, superOne[string](d, `select created_by::text from app.work_order_time_entries`))

	require.Equal(t, "42501", sqlState(set(other, `minutes = 1`)))
	require.EqualError(t, set(outsider, `minutes = 1`), "0 rows")
	require.EqualError(t, set(d.anon(), `minutes = 1`), "0 rows")
	require.Zero(t, d.anon().count(`delete from `+v+` where id = $1`, id))
	other.fails("42501", `delete from `+v+` where id = $1`, id)
	technician.fails("55000", `insert into `+v+` (minutes) values (1)`)
	technician.fails("55000", `update public.v_work_orders set title = 'x'`)
	technician.fails("42501", `delete from public.v_departments`)
	require.NoError(t, set(admin, `minutes = 9, user_id = $2`, other.id))
	require.Equal(t, 1, other.count(`delete from `+v+` where id = $1`, id))
	require.Zero(t, admin.count(`select * from `+v))
}

func TestSLA(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	manager, technician := d.member(admin, "manager"), d.member(admin, "technician")
	upsert := `select public.rpc_upsert_work_order_sla_rule($1, $2, $3, $4::interval, $5::interval, $6, $7)`
	create := `select public.rpc_create_work_order($1, 'W', p_priority => 'high', p_maintenance_type => $2)`
	dues := func(wo string) string {
		return one[string](admin, `select concat_ws(' ', sla_response_due_at - created_at, sla_resolution_due_at - created_at) from public.v_work_orders where id = $1`, wo)
	}
	old := one[string](admin, create, tenant, "corrective")

	rule := one[string](admin, upsert, tenant, "high", "corrective", "1 hour", "2 hours", nil, nil)
	require.Equal(t, "01:00:00 02:00:00", dues(one[string](admin, create, tenant, "corrective")))
	require.Equal(t, "08:00:00 3 days", dues(one[string](admin, create, tenant, "inspection")))
	require.Equal(t, "08:00:00 3 days", dues(old))
	admin.fails("23505", upsert, tenant, "high", nil, "1 hour", "2 hours", true, nil)
	admin.fails("23505", upsert, tenant, "high", "corrective", "1 hour", "2 hours", true, nil)
	admin.ok(upsert, tenant, "high", nil, "1 hour", "2 hours", false, nil)
	admin.fails("23514", upsert, tenant, "low", "rcm", "0 hours", "2 hours", true, nil)
	admin.fails("23514", upsert, tenant, "low", "rcm", nil, "2 hours", true, nil)
	admin.fails("23503", upsert, tenant, "nope", nil, "1 hour", "2 hours", true, nil)
	admin.fails("23503", upsert, tenant, "low", "", "1 hour", "2 hours", true, nil)
	admin.fails("P0001", upsert, tenant, "low", nil, "1 hour", "2 hours", true, unknown)
	manager.fails("42501", upsert, tenant, "low", "rcm", "1 hour", "2 hours", true, nil)
	require.Equal(t, rule, one[string](admin, upsert, tenant, "low", nil, "3 hours", nil, nil, rule))
	wo := one[string](admin, create, tenant, "corrective")
	require.Equal(t, "03:00:00 02:00:00", dues(wo))

	d.super(`update app.work_orders set created_at = now() - interval '150 minutes' where id = $1`, wo)
	require.Equal(t, "30 -30", one[string](admin, `
		select (minutes_until_response_due + 1) || ' ' || (minutes_until_resolution_due + 1) from public.v_work_orders_sla_open where work_order_id = $1`, wo))
	breached := func() string {
		return one[string](admin, `select response_sla_breached || ' ' || resolution_sla_breached from public.v_work_order_sla_status where work_order_id = $1`, wo)
	}
	require.Equal(t, "false true", breached())
	d.super(`update app.work_orders set created_at = now() - interval '1 day' where id = $1`, wo)
	require.Equal(t, "true true", breached())
	technician.fails("42501", `select public.rpc_acknowledge_work_order($1, $2)`, tenant, wo)
	admin.fails("P0001", `select public.rpc_acknowledge_work_order($1, $2)`, tenant, unknown)
	admin.ok(`select public.rpc_acknowledge_work_order($1, $2)`, tenant, wo)
	at := one[string](admin, `select acknowledged_at::text from public.v_work_orders where id = $1`, wo)
	admin.ok(`select public.rpc_acknowledge_work_order($1, $2)`, tenant, wo)
	require.Equal(t, at, one[string](admin, `select acknowledged_at::text from public.v_work_orders where id = $1`, wo))
	require.Equal(t, "false true", breached())
	admin.ok(transitionWO, tenant, wo, "cancelled")
	require.Equal(t, "false false", breached())
	require.Zero(t, admin.count(`select * from public.v_work_orders_sla_open where work_order_id = $1`, wo))
	require.Equal(t, 4, admin.count(`select * from public.v_work_order_sla_status`))

	// Without a rule, too, an update follows the insertion.
	admin.ok(upsert, tenant, "high", nil, nil, nil, false, superOne[string](d, `
		select id::text from cfg.work_order_sla_rules where tenant_id = $1 and priority_key = 'high' and maintenance_type_key is null and is_active`, tenant))
	wo = one[string](admin, create, tenant, "inspection")
	require.Empty(t, dues(wo))
	require.Equal(t, []string{"INSERT ", "UPDATE "}, column[string](admin, `
		select operation || ' ' || array_to_string(coalesce(changed_fields, '{}'), ',') from public.v_audit_entity_changes where record_id = $1 order by id`, wo))
}
