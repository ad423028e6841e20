package schema_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStartAndStop(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	technician, manager, member := d.member(admin, "technician"), d.member(admin, "manager"), d.member(admin, "member")
	start, stop := `select public.rpc_start_work_order($1, $2, $3, 0, 5)`, `select public.rpc_stop_work_order($1, $2, $3, $4, $5, 1, 2, 3, $6, $7)`
	status := func(wo string) string {
		return one[string](admin, `select status from public.v_work_orders where id = $1`, wo)
	}
	wo := one[string](admin, `select public.rpc_create_work_order($1, 'W', p_assigned_to => $2)`, tenant, manager.id)

	technicians := one[string](admin, `select public.rpc_create_work_order($1, 'W', p_assigned_to => $2)`, tenant, technician.id)
	technician.fails("23503", start, tenant, technicians, 0)
	member.fails("42501", start, tenant, wo, 0)
	manager.fails("23514", start, tenant, wo, 91)
	require.Equal(t, "assigned", status(wo))
	manager.fails("23503", start, tenant, one[string](admin, createWO, tenant, "Draft"), 0)
	manager.fails("P0001", start, tenant, unknown, 0)
	d.anon().fails("28000", start, tenant, wo, 0)
	manager.ok(start, tenant, wo, 45)
	require.Equal(t, "in_progress", status(wo))
	require.Equal(t, []string{manager.id + " 45"}, column[string](member, `select user_id || ' ' || latitude from public.v_mobile_work_order_check_ins`))
	manager.fails("23503", start, tenant, wo, 45)

	manager.fails("23514", stop, tenant, wo, true, 5000, nil, nil, nil)
	manager.ok(stop, tenant, wo, false, nil, " ", nil, nil)
	manager.ok(stop, tenant, wo, nil, 5, nil, nil, nil)
	require.Equal(t, "in_progress", status(wo))
	manager.ok(stop, tenant, wo, true, 30, "  done ", "wear", "new part")
	require.Equal(t, "completed wear new part 35", one[string](admin, `
		select concat_ws(' ', status, cause, resolution, total_labor_minutes) from public.v_work_orders where id = $1`, wo))
	require.Equal(t, []string{"done"}, column[string](admin, `select body from public.v_mobile_work_order_notes`))
	require.Equal(t, "1 2", superOne[string](d, `select completed_at_latitude || ' ' || completed_at_longitude from app.work_orders where id = $1`, wo))
	manager.ok(stop, tenant, wo, true, 10, nil, nil, "better part")
	require.Equal(t, 1, admin.count(`select * from public.v_work_orders where resolution = 'better part' and total_labor_minutes = 45`))
}

// The time and the note come before the completion, in what is refused first and in
// the audit.
func TestStoppingLogsBeforeItCompletes(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	wo := one[string](admin, createWO, tenant, "W")
	stop := `select public.rpc_stop_work_order($1, $2, p_minutes => $3)`
	admin.fails("23514", stop, tenant, wo, 0)
	admin.fails("23503", stop, tenant, wo, 5)
	admin.ok(`select public.rpc_transition_work_order_status($1, $2, 'assigned')`, tenant, wo)
	admin.ok(stop, tenant, wo, 5)

	require.Equal(t, []string{"work_order_time_entries INSERT", "work_orders UPDATE"}, column[string](admin, `
		select table_name || ' ' || operation from (
			select * from public.v_audit_entity_changes where table_schema = 'app' order by id desc limit 2) a
		order by id`))
}

// Stopping locks the count of its calls before the work order, as a transition does.
func TestStoppingLocksItsCountFirst(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	wo := one[string](admin, `select public.rpc_create_work_order($1, 'W', p_assigned_to => $2)`, tenant, admin.id)
	held, err := d.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = held.Exec(t.Context(), `
		insert into authz.rate_limit_counters (user_id, tenant_id, operation, minute)
		select $1, $2, 'status_transition', date_trunc('minute', clock_timestamp()) + n * interval '1 minute'
		from generate_series(0, 1) n`, admin.id, tenant)
	require.NoError(t, err)
	stopped := make(chan error, 1)
	go func() {
		_, err := admin.exec(`select public.rpc_stop_work_order($1, $2, p_minutes => 5)`, tenant, wo)
		stopped <- err
	}()
	require.Eventually(t, func() bool {
		return superOne[int](d, `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`) == 1
	}, time.Minute, 10*time.Millisecond)

	_, err = held.Exec(t.Context(), `select from app.work_orders where id = $1 for update nowait`, wo)

	require.NoError(t, err)
	require.NoError(t, held.Rollback(t.Context()))
	require.NoError(t, <-stopped)
}

func TestNotes(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	technician, other := d.member(admin, "technician"), d.member(admin, "technician")
	wo := one[string](admin, `select public.rpc_create_work_order($1, 'W', p_assigned_to => $2)`, tenant, technician.id)
	add := `select public.rpc_add_work_order_note($1, $2, $3, $4)`
	technician.ok(add, tenant, wo, " as typed ", nil)
	admin.ok(add, tenant, wo, strings.Repeat("n", 10000), 90)
	other.fails("42501", add, tenant, wo, "x", nil)
	technician.fails("23502", add, tenant, wo, nil, nil)
	technician.fails("23514", add, tenant, wo, "", nil)
	technician.fails("23514", add, tenant, wo, strings.Repeat("n", 10001), nil)
	technician.fails("23514", add, tenant, wo, "x", 91)
	technician.fails("P0001", add, tenant, unknown, "x", nil)
	require.Equal(t, 1, other.count(`select * from public.v_mobile_work_order_notes where body = ' as typed ' and created_by = $1`, technician.id))
}

func TestSync(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, outsider := d.tenant()
	technician, requestor := d.member(admin, "technician"), d.member(admin, "requestor")
	fill(admin)
	ada := one[string](admin, `select id from public.v_technicians`)
	bob := one[string](admin, `select public.rpc_create_technician($1, $2)`, tenant, technician.id)
	bobs := one[string](admin, `select public.rpc_create_work_order($1, 'Bob''s', p_assigned_to => $2)`, tenant, technician.id)
	asked := one[string](requestor, `select public.rpc_create_work_order_request($1, 'Asked')`, tenant)
	size := `select jsonb_array_length(public.rpc_mobile_sync($1, $2, $3, $4) -> $5)`
	ids := `select jsonb_path_query(public.rpc_mobile_sync($1, p_technician_id => $2), '$.work_orders[*].id') #>> '{}'`

	require.Equal(t, []string{"assets", "attachments", "check_ins", "locations", "notes", "time_entries", "work_orders"},
		column[string](admin, `select jsonb_object_keys(public.rpc_mobile_sync($1)) order by 1`, tenant))
	for list, key := range map[string]string{"work_orders": "title", "assets": "asset_number", "locations": "parent_location_id", "time_entries": "longitude",
		"attachments": "work_order_id", "check_ins": "checked_in_at", "notes": "body"} {
		require.NotZero(t, one[int](admin, size, tenant, nil, nil, nil, list), list)
		require.Equal(t, 1, one[int](admin, size, tenant, nil, 1, nil, list), list)
		require.NotZero(t, one[int](admin, size, tenant, nil, 0, nil, list), list)
		require.Zero(t, one[int](admin, size, tenant, "2040-01-01", 5000, nil, list), list)
		require.True(t, one[bool](admin, `select public.rpc_mobile_sync($1) -> $2 -> 0 ? $3`, tenant, list, key), key)
		if list != "work_orders" {
			require.NotZero(t, one[int](admin, size, tenant, nil, nil, unknown, list), list)
		}
	}
	require.Equal(t, []string{bobs}, column[string](admin, ids, tenant, bob))
	require.Len(t, column[string](admin, ids, tenant, ada), 2, "one assigned by schedule, one to the user")
	require.Empty(t, column[string](admin, ids, tenant, unknown))
	require.Equal(t, []string{asked}, column[string](requestor, ids, tenant, nil), "what the caller does not see is left out")
	last := one[string](admin, `select (public.rpc_mobile_sync($1) #>> '{work_orders,-1,updated_at}')`, tenant)
	require.Zero(t, one[int](admin, size, tenant, last, nil, nil, "work_orders"), "the cursor is strictly later")
	outsider.fails("42501", `select public.rpc_mobile_sync($1)`, tenant)
	d.anon().fails("28000", `select public.rpc_mobile_sync($1)`, tenant)
}
