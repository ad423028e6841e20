package schema_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	schedule = `select public.rpc_schedule_work_order($1, $2, $3, $4, $5)`
	// A rule about a slot, as "check severity".
	validate = `select v.check_type || ' ' || v.severity from public.rpc_validate_schedule($1, $2, $3, $4, $5, $6) v`
)

func TestScheduling(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	requestor := d.member(admin, "requestor")
	site := one[string](admin, `select public.rpc_create_location($1, 'Site')`, tenant)
	wo := one[string](admin, `select public.rpc_create_work_order($1, 'W', p_location_id => $2, p_assigned_to => $3)`, tenant, site, admin.id)
	ada := one[string](admin, `select public.rpc_create_technician($1, $2)`, tenant, admin.id)
	bob := one[string](admin, `select public.rpc_create_technician($1, $2)`, tenant, requestor.id)
	crew := one[string](admin, `select public.rpc_create_crew($1, 'Night')`, tenant)
	theirs := one[string](otherAdmin, `select public.rpc_create_technician($1, $2)`, other, otherAdmin.id)
	theirCrew := one[string](otherAdmin, `select public.rpc_create_crew($1, 'Day')`, other)
	theirWO := one[string](otherAdmin, createWO, other, "W")
	const from, to = "2030-01-07T08:00Z", "2030-01-07T10:00Z"

	admin.fails("22000", schedule, wo, nil, nil, from, to)
	admin.fails("22000", schedule, wo, ada, crew, from, to)
	admin.fails("22000", schedule, wo, ada, nil, from, from)
	admin.fails("22000", schedule, wo, ada, nil, from, nil)
	admin.fails("22000", schedule, wo, ada, nil, nil, to)
	admin.fails("P0002", schedule, unknown, ada, nil, from, to)
	admin.fails("42501", schedule, theirWO, ada, nil, from, to)
	d.anon().fails("42501", schedule, wo, ada, nil, from, to)
	for _, id := range []string{unknown, theirs} {
		admin.fails("23503", schedule, wo, id, nil, from, to)
	}
	for _, id := range []string{unknown, theirCrew} {
		admin.fails("23503", schedule, wo, nil, id, from, to)
	}
	admin.fails("23503", `select public.rpc_schedule_work_order($1, $2, null, now(), now() + '1 hour', p_location_id => $3)`, wo, ada, unknown)
	admin.fails("23503", `select public.rpc_schedule_work_order($1, $2, null, now(), now() + '1 hour', p_asset_id => $3)`, wo, ada, unknown)

	first := one[string](requestor, schedule, wo, ada, nil, from, to)
	block := one[string](admin, schedule, wo, ada, nil, from, to)
	require.NotEqual(t, first, block)
	require.Equal(t, []string{block}, column[string](admin, `select id from public.v_schedule_blocks where location_id = $1 and work_order_status = 'assigned'`, site))
	require.Equal(t, []int{1, 0, 1, 0}, []int{
		admin.count(`select * from public.v_schedule_by_technician where technician_id = $1`, ada),
		admin.count(`select * from public.v_schedule_by_crew`),
		admin.count(`select * from public.v_schedule_by_location where effective_location_id = $1`, site),
		admin.count(`select * from public.v_schedule_by_asset`),
	})
	require.Zero(t, requestor.count(`select * from public.v_schedule_blocks`), "of a work order that is not theirs")
	require.Equal(t, 1, admin.count(`select * from public.v_work_orders where id = $1 and status = 'assigned' and assigned_to = $2`, wo, admin.id))
	assigned := func() []string {
		return column[string](requestor, `select technician_id from public.v_work_order_assignments where work_order_id = $1 order by id`, wo)
	}
	require.Equal(t, []string{ada}, assigned())

	update := `select public.rpc_update_schedule_block($1, $2, $3, $4, $5)`
	show := func() string {
		return one[string](admin, `select concat_ws(' ', technician_id, crew_id, to_char(start_at at time zone 'utc', 'HH24'), to_char(end_at at time zone 'utc', 'HH24')) from public.v_schedule_blocks where id = $1`, block)
	}
	admin.fails("P0002", update, unknown, nil, nil, nil, nil)
	otherAdmin.fails("42501", update, block, nil, nil, nil, nil)
	admin.fails("22000", update, block, ada, crew, nil, nil)
	admin.fails("22000", update, block, nil, nil, to, from)
	admin.fails("23514", update, block, nil, nil, to, nil)
	admin.fails("23503", update, block, theirs, nil, nil, nil)
	require.Equal(t, block, one[string](admin, update, block, nil, nil, nil, nil))
	admin.ok(update, block, nil, nil, nil, "2030-01-07T12:00Z")
	require.Equal(t, ada+" 08 12", show())
	admin.ok(update, block, nil, crew, nil, nil)
	require.Equal(t, crew+" 08 12", show())
	admin.ok(update, block, bob, nil, nil, nil)
	require.Equal(t, bob+" 08 12", show())
	require.Equal(t, []string{ada, bob}, assigned())

	unschedule := `select public.rpc_unschedule_work_order($1, $2)`
	admin.fails("22000", unschedule, nil, nil)
	otherAdmin.fails("42501", unschedule, block, nil)
	d.anon().fails("42501", unschedule, nil, wo)
	admin.ok(unschedule, unknown, wo)
	require.Equal(t, bob+" 08 12", show(), "the block id wins")
	admin.ok(unschedule, nil, wo)
	admin.ok(unschedule, nil, wo)
	require.Zero(t, admin.count(`select * from public.v_schedule_blocks`))
	require.Equal(t, []string{ada, bob}, assigned())

	admin.ok(schedule, wo, nil, crew, from, to)
	admin.fails("23514", `select public.rpc_delete_crew($1, $2)`, tenant, crew)
	admin.ok(unschedule, nil, wo)
	admin.ok(`select public.rpc_delete_crew($1, $2)`, tenant, crew)

	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := admin.exec(schedule, wo, ada, nil, from, to); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, admin.count(`select * from public.v_schedule_blocks`))
}

func TestValidatingTechnicians(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	ada := one[string](admin, `select public.rpc_create_technician($1, $2)`, tenant, admin.id)
	wo, busy := one[string](admin, createWO, tenant, "W"), one[string](admin, createWO, tenant, "Busy")
	theirs := one[string](otherAdmin, createWO, other, "Theirs")
	check := func(from, to, wo, exclude any) []string {
		return column[string](admin, validate, ada, nil, from, to, wo, exclude)
	}
	const from, to = "2030-01-07T08:00Z", "2030-01-07T10:00Z" // a Monday
	free := []string{"availability info"}

	require.Empty(t, column[string](admin, validate, nil, nil, from, to, nil, nil))
	inputError := []string{"input error"}
	require.Equal(t, inputError, check(to, from, nil, nil))
	require.Equal(t, inputError, check(from, nil, nil, nil))
	require.Equal(t, inputError, check("-infinity", "infinity", nil, nil))
	require.Equal(t, inputError, column[string](admin, validate, unknown, nil, from, to, nil, nil))
	require.Equal(t, inputError, column[string](admin, validate, nil, unknown, from, to, nil, nil))
	otherAdmin.fails("42501", validate, ada, nil, from, to, nil, nil)
	d.anon().fails("42501", validate, ada, nil, from, to, nil, nil)

	block := one[string](admin, schedule, busy, ada, nil, from, to)
	require.Equal(t, []string{"conflict warning", "availability info"}, check("2030-01-07T09:59Z", "2030-01-07T11:00Z", nil, nil))
	require.Equal(t, free, check(from, to, nil, block))
	require.Equal(t, free, check(to, "2030-01-07T11:00Z", nil, nil))
	d.super(`insert into app.shifts (tenant_id, technician_id, start_at, end_at) values ($1, $2, '2030-01-07T09:00Z', '2030-01-07T09:30Z')`, tenant, ada)
	require.Equal(t, []string{"conflict warning", "conflict warning", "availability info"}, check(from, to, nil, nil))
	require.Equal(t, []string{"conflict warning", "availability info"}, check(from, to, nil, block))

	sla := func(due, resolution, response, end string) []string {
		d.super(`update app.work_orders set due_date = $2, sla_resolution_due_at = $3, sla_response_due_at = $4 where id = $1`, wo, due, resolution, response)
		rows := check("2030-02-01T00:00Z", end, wo, nil)
		require.Equal(t, "priority info", rows[len(rows)-1])
		return rows[1 : len(rows)-1]
	}
	const far = "2031-01-01T00:00Z"
	require.Empty(t, sla(far, far, far, "2030-02-01T01:00Z"))
	require.Equal(t, []string{"sla breach"}, sla("2030-02-01T00:59:59Z", far, far, "2030-02-01T01:00Z"))
	require.Equal(t, []string{"sla warning"}, sla("2030-02-01T01:00Z", far, far, "2030-02-01T01:00Z"))
	require.Equal(t, []string{"sla warning"}, sla("2030-02-01T02:59:59Z", far, far, "2030-02-01T01:00Z"))
	require.Empty(t, sla("2030-02-01T03:00Z", far, far, "2030-02-01T01:00Z"))
	require.Equal(t, []string{"sla warning", "sla breach", "sla warning"}, sla("2030-02-01T02:00Z", "2030-02-01T00:30Z", "2030-01-31T00:00Z", "2030-02-01T01:00Z"))

	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	d.super(`update app.work_orders set asset_id = $2, due_date = null, sla_resolution_due_at = null, sla_response_due_at = null where id = $1`, wo, asset)
	d.super(`with s as (insert into cfg.skill_catalogs (tenant_id, name) values ($1, 'A'), ($1, 'B'), ($1, 'C') returning *),
		r as (insert into app.asset_required_skills (tenant_id, asset_id, skill_id) select $1, $2, id from s)
		select 1`, tenant, asset)
	d.super(`insert into app.technician_skills (tenant_id, technician_id, skill_id) select $1, $2, id from cfg.skill_catalogs where name = 'B'`, tenant, ada)
	require.Equal(t, []string{"availability info", "skill warning", "skill warning", "priority info"}, check("2030-02-01T00:00Z", "2030-02-01T01:00Z", wo, nil))
	require.Equal(t, free, check("2030-02-01T00:00Z", "2030-02-01T01:00Z", theirs, nil), "a work order of another tenant counts as none")
	require.Equal(t, free, check("2030-02-01T00:00Z", "2030-02-01T01:00Z", unknown, nil))
}

func TestValidatingAvailability(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	ada := one[string](admin, `select public.rpc_create_technician($1, $2)`, tenant, admin.id)
	pattern := func(day int, start, end string, zone any) {
		d.super(`insert into app.availability_patterns (tenant_id, technician_id, day_of_week, start_time, end_time, timezone) values ($1, $2, $3, $4::text::time, $5::text::time, $6)`, tenant, ada, day, start, end, zone)
	}
	override := func(day string, available bool, start, end any) {
		d.super(`insert into app.availability_overrides (tenant_id, technician_id, override_date, is_available, start_time, end_time) values ($1, $2, $3::text::date, $4, $5::text::time, $6::text::time)`, tenant, ada, day, available, start, end)
	}
	warnings := func(from, to string) int {
		rows := column[string](admin, validate, ada, nil, from, to, nil, nil)
		for _, row := range rows {
			require.Equal(t, "availability warning", row)
		}
		return len(rows)
	}
	override("2030-01-11", false, nil, nil)
	require.Equal(t, []string{"availability info"}, column[string](admin, validate, ada, nil, "2030-01-11T08:00Z", "2030-01-11T09:00Z", nil, nil), "overrides count for nothing without patterns")

	pattern(1, "08:00", "16:00", nil)                // Monday
	pattern(2, "22:00", "23:30", "America/New_York") // Tuesday
	pattern(0, "06:00", "07:00", "Europe/Berlin")    // Sunday, when clocks change
	override("2030-01-14", false, nil, nil)
	override("2030-01-21", true, "20:00", "21:00")
	override("2030-01-22", true, nil, nil)
	for _, slot := range []struct {
		why, from, to string
		want          int
	}{
		{"inside", "2030-01-07T09:00Z", "2030-01-07T10:00Z", 0},
		{"overlapping is enough", "2030-01-07T07:00Z", "2030-01-07T08:01Z", 0},
		{"touching is not", "2030-01-07T07:00Z", "2030-01-07T08:00Z", 1},
		{"no pattern on Wednesday gives both rows", "2030-01-09T07:00Z", "2030-01-09T08:00Z", 2},
		{"every day counts", "2030-01-07T09:00Z", "2030-01-10T00:00Z", 1 + 2},
		{"an end at midnight does not touch the next day", "2030-01-07T09:00Z", "2030-01-08T00:00Z", 0},
		{"unavailable, yet the pattern is checked", "2030-01-14T07:00Z", "2030-01-14T08:00Z", 2},
		{"unavailable", "2030-01-14T09:00Z", "2030-01-14T10:00Z", 1},
		{"inside the window of the override", "2030-01-21T20:30Z", "2030-01-21T20:45Z", 0},
		{"outside of it, whatever the pattern", "2030-01-21T09:00Z", "2030-01-21T10:00Z", 1},
		{"available all day", "2030-01-22T01:00Z", "2030-01-22T02:00Z", 0},
		// 22:00 in New York is 03:00 UTC of the next day: no part of Tuesday.
		{"Tuesday's window lies on Wednesday", "2030-01-08T22:00Z", "2030-01-08T23:00Z", 1},
		{"summer: 06:00 in Berlin is 04:00 UTC", "2030-03-31T04:30Z", "2030-03-31T04:45Z", 0},
		{"winter: the week before it is 05:00 UTC", "2030-03-24T04:30Z", "2030-03-24T04:45Z", 1},
		{"winter", "2030-03-24T05:30Z", "2030-03-24T05:45Z", 0},
	} {
		require.Equal(t, slot.want, warnings(slot.from, slot.to), slot.why)
	}
}

func TestValidatingCrews(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	wo := one[string](admin, createWO, tenant, "W")
	crew := one[string](admin, `select public.rpc_create_crew($1, 'Night')`, tenant)
	check := func() []string {
		return column[string](admin, validate, nil, crew, "2029-01-07T08:00Z", "2029-01-07T10:00Z", wo, nil)
	}
	require.Equal(t, []string{"crew warning"}, check())

	d.super(`update app.work_orders set due_date = '2029-01-07', sla_response_due_at = null, sla_resolution_due_at = null`)
	var member string
	for range 51 {
		user := d.user(`{}`)
		d.super(`insert into app.tenant_memberships (tenant_id, user_id) values ($1, $2)`, tenant, user.id)
		member = one[string](admin, `select public.rpc_create_technician($1, $2)`, tenant, user.id)
		admin.ok(`select public.rpc_add_crew_member($1, $2, $3)`, tenant, crew, member)
	}
	rows := check()
	require.Len(t, rows, 1+3*50)
	require.Equal(t, []string{"crew info", "availability_member info", "sla_member breach", "priority_member info", "availability_member info"}, rows[:5])
	admin.ok(`select public.rpc_remove_crew_member($1, $2, $3)`, tenant, crew, member)
	require.Len(t, check(), 3*50)
	require.Len(t, column[string](admin, validate, member, crew, "2029-01-07T08:00Z", "2029-01-07T10:00Z", nil, nil), 1, "the technician wins")
}
