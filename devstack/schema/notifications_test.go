package schema_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const assignWO = `select public.rpc_assign_work_order($1, $2, $3)`

func TestAssignNotifiesOnce(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	technician, member := d.member(admin, "technician"), d.member(admin, "member")
	outsider := d.user(`{}`)
	wo := one[string](admin, createWO, tenant, "Pump leaks")
	mine := func(c caller) []string {
		return column[string](c, `select concat_ws('|', event_key, body, entity_type, payload ->> 'work_order_id') from public.v_my_notifications`)
	}

	for range 2 {
		admin.ok(assignWO, tenant, wo, technician.id)
		require.Equal(t, "draft", one[string](admin, `select status from public.v_work_orders where assigned_to = $1`, technician.id))
		admin.ok(assignWO, tenant, wo, nil)
		require.Zero(t, admin.count(`select * from public.v_work_orders where assigned_to is not null`))
	}
	require.Equal(t, []string{"work_order.assigned|Pump leaks|work_order|" + wo}, mine(technician))
	require.Empty(t, mine(admin), "nobody reads another's notifications")

	admin.fails("23503", assignWO, tenant, wo, unknown)
	admin.fails("P0001", assignWO, tenant, unknown, technician.id)
	technician.fails("42501", assignWO, tenant, wo, technician.id)
	d.anon().fails("28000", assignWO, tenant, wo, nil)
	admin.ok(assignWO, tenant, wo, outsider.id)
	require.Zero(t, superOne[int](d, `select count(*) from app.notifications where recipient_user_id = $1`, outsider.id))
	admin.ok(`select public.rpc_create_work_order($1, 'W', p_assigned_to => $2)`, tenant, member.id)
	require.Empty(t, mine(member), "creating does not notify")

	preference := `select public.rpc_upsert_notification_preference($1, $2, $3)`
	technician.ok(preference, tenant, " work_order.assigned ", false)
	wo = one[string](admin, createWO, tenant, "Other")
	admin.ok(assignWO, tenant, wo, technician.id)
	require.Len(t, mine(technician), 1)
	technician.fails("23514", preference, tenant, " ", true)
	technician.fails("23514", preference, tenant, strings.Repeat("e", 101), true)
	technician.fails("23502", preference, tenant, "e", nil)
	member.fails("42501", preference, tenant, "e", true)
}

func TestReadNotifications(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	technician, member := d.member(admin, "technician"), d.member(admin, "member")
	for range 3 {
		admin.ok(assignWO, tenant, one[string](admin, createWO, tenant, "W"), technician.id)
	}
	list := `select id from public.rpc_list_my_notifications($1, $2)`
	ids := column[string](technician, list, tenant, nil)
	require.Len(t, ids, 3)
	require.Zero(t, technician.count(list, tenant, 0))
	require.Equal(t, 2, technician.count(list, tenant, 2))
	technician.fails("2201W", list, tenant, -1)
	member.fails("42501", list, tenant, 5)

	mark := `select public.rpc_mark_notifications_read($1, $2)`
	admin.ok(mark, tenant, ids)
	require.Zero(t, technician.count(`select * from public.v_my_notifications where read_at is not null`))
	technician.ok(mark, tenant, append(ids[:1:1], unknown))
	technician.ok(mark, tenant, nil)
	require.Equal(t, 2, technician.count(`select * from public.v_my_notifications where read_at is null`))
}

func TestProcessDueNotifications(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	fill(admin)
	manager, technician := d.member(admin, "manager"), d.member(admin, "technician")
	wo := one[string](admin, createWO, tenant, "Late")
	done := one[string](admin, createWO, tenant, "Done")
	admin.ok(transitionWO, tenant, done, "cancelled")
	d.super(`update app.work_orders set created_at = now() - interval '60 days'`)
	d.super(`update app.pm_schedules set next_due_date = now() - interval '1 day'`)
	run := `select public.rpc_process_due_notifications()`

	for _, c := range []caller{admin, d.anon()} {
		c.fails("42501", run)
	}
	for range 2 {
		d.service().ok(run)
	}
	d.super(run)

	require.Equal(t, []string{"work_order.sla_resolution_breach", "work_order.sla_response_breach"},
		column[string](manager, `select event_key from public.v_my_notifications where body = 'Late' and entity_id = $1 order by event_key`, wo))
	require.Equal(t, []string{"work_order.sla_resolution_breach"},
		column[string](manager, `select event_key from public.v_my_notifications where body = 'Fix'`), "an acknowledged one")
	require.Zero(t, manager.count(`select * from public.v_my_notifications where body = 'Done'`))
	require.NotZero(t, manager.count(`select * from public.v_my_notifications where event_key = 'pm.overdue' and payload ? 'asset_id'`), "at most one an hour")
	require.Zero(t, technician.count(`select * from public.v_my_notifications`))
	require.Equal(t, 1, admin.count(`select * from public.v_work_orders where id = $1 and sla_response_breached_at is not null`, wo))
}

func TestComms(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	technician, other := d.member(admin, "technician"), d.member(admin, "technician")
	wo := one[string](admin, `select public.rpc_create_work_order($1, 'W', p_assigned_to => $2)`, tenant, technician.id)
	add := `select public.rpc_add_work_order_comms_event($1, $2, $3, $4)`
	technician.ok(add, tenant, wo, "  hello ", nil)
	admin.ok(add, tenant, wo, "hi", "phone")
	other.fails("42501", add, tenant, wo, "hi", nil)
	admin.fails("23514", add, tenant, wo, " ", nil)
	admin.fails("23514", add, tenant, wo, "hi", "fax")
	admin.fails("23514", add, tenant, wo, "hi", "")
	admin.fails("23514", add, tenant, wo, strings.Repeat("b", 8001), nil)
	admin.fails("P0001", add, tenant, unknown, "hi", nil)
	require.Equal(t, []string{"comment hello {}", "phone hi {}"},
		column[string](other, `select concat_ws(' ', channel, body, metadata) from public.v_work_order_comms order by channel`))
}
