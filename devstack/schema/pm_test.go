package schema_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCompletingAWorkOrderAdvancesItsSchedule(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	pm := func(kind, config string, due any) string {
		return superOne[string](d, `insert into app.pm_schedules (tenant_id, asset_id, title, trigger_type, trigger_config, next_due_date)
			values ($1, $2, $3, $3, $4::text::jsonb, $5::text::timestamptz) returning id`, tenant, asset, kind, config, due)
	}
	weekly, manual := pm("time", `{"interval_days": "7"}`, "2026-01-01T00:00Z"), pm("manual", `{}`, nil)
	done := func(schedule, status string) {
		wo := one[string](admin, `select public.rpc_create_work_order($1, 'W', p_pm_schedule_id => $2, p_assigned_to => $3)`, tenant, schedule, admin.id)
		admin.ok(`select public.rpc_transition_work_order_status($1, $2, $3)`, tenant, wo, status)
		require.Equal(t, 1, admin.count(`select * from public.v_pm_history h join public.v_work_orders w on w.id = h.work_order_id
			where w.id = $1 and h.work_order_title = 'W' and h.completed_by = $2 and h.completed_date = w.completed_at`, wo, admin.id))
	}
	done(weekly, "completed")
	require.True(t, superOne[bool](d, `select next_due_date = last_completed_at + '7 days' and completion_count = 1 from app.pm_schedules where id = $1`, weekly))
	require.Equal(t, 1, admin.count(`select * from public.v_pm_history where pm_title = 'time' and scheduled_date = '2026-01-01T00:00Z'`))
	done(weekly, "cancelled")
	done(manual, "completed")
	require.True(t, superOne[bool](d, `select next_due_date is null and completion_count = 1 from app.pm_schedules where id = $1`, manual))
	require.Equal(t, 2, superOne[int](d, `select completion_count from app.pm_schedules where id = $1`, weekly))
}

func TestPMTriggers(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	fan := one[string](admin, `select public.rpc_create_asset($1, 'Fan')`, tenant)
	meter := one[string](admin, createMeter, tenant, asset, "cycles", "M", 0, "increasing")
	theirs := one[string](admin, createMeter, tenant, fan, "cycles", "M", 0, "increasing")
	off := one[string](admin, createMeter, tenant, asset, "cycles", "Off", 0, "increasing")
	admin.ok(`select public.rpc_delete_meter($1, $2)`, tenant, off)
	usage := func(meter string) string { return `{"threshold": "0.5", "meter_id": ` + meter + `}` }
	tests := []struct {
		kind               any
		config             any
		template, schedule string
	}{
		{"time", `{"interval_days": "30", "extra": []}`, "", ""},
		{"time", `{"interval_days": null}`, "", ""},
		{"time", `{"interval_days": 0}`, "23514", "23514"},
		{"time", `{"interval_months": 1}`, "23514", "23514"},
		{"time", `["interval_days"]`, "23514", "23514"},
		{"time", `{"interval_days": 1.5}`, "22P02", "22P02"},
		{"time", `{"interval_days": 3000000000}`, "22003", "22003"},
		{"time", `{"interval_days": 2147483647}`, "", "22008"},
		{"time", `{"interval_days": 1, "start_date": ""}`, "", "22007"},
		{"time", `{"interval_days": 1, "start_date": "2021-02-29"}`, "", "22008"},
		{"time", nil, "23514", "23514"},
		{"usage", usage(`"` + meter + `"`), "", ""},
		{"usage", usage(`"` + theirs + `"`), "", "23503"},
		{"usage", usage(`"` + off + `"`), "", "23503"},
		{"usage", usage(`"junk"`), "", "22P02"},
		{"usage", usage(`null`), "", "23514"},
		{"usage", `{"meter_id": "x", "threshold": 0}`, "23514", "23514"},
		{"usage", `{"threshold": 1}`, "23514", "23514"},
		{"calendar", `{"pattern": "yearly"}`, "", ""},
		{"calendar", `{"pattern": "hourly"}`, "23514", "23514"},
		{"condition", `{"threshold": null, "operator": "equals", "integration_id": null}`, "", ""},
		{"condition", `{"threshold": 1, "operator": "equals"}`, "23514", "23514"},
		{"condition", `{"threshold": 1, "operator": ">", "sensor_id": "s"}`, "23514", "23514"},
		{"manual", `"text"`, "", ""},
		{"daily", `{}`, "23514", "23514"},
		{nil, `{}`, "23514", "23514"},
	}
	for i, tt := range tests {
		_, err := admin.exec(`select public.rpc_create_pm_template($1, 'T', $2, $3::text::jsonb)`, tenant, tt.kind, tt.config)
		require.Equal(t, tt.template, sqlState(err), "template %v %v", tt.kind, tt.config)
		_, err = admin.exec(`select public.rpc_create_pm_schedule($1, $2, 'S' || $3::int, $4, $5::text::jsonb)`, tenant, asset, i, tt.kind, tt.config)
		require.Equal(t, tt.schedule, sqlState(err), "schedule %v %v", tt.kind, tt.config)
	}
	otherAdmin.fails("42501", `select public.rpc_create_pm_schedule($1, $2, 'S', 'manual', '{}')`, other, asset)
	d.member(admin, "technician").fails("42501", `select public.rpc_create_pm_schedule($1, $2, 'S', 'manual', '{}')`, tenant, asset)
	d.member(admin, "manager").fails("42501", `select public.rpc_create_pm_template($1, 'T', 'manual', '{}')`, tenant)
}

func TestPMChecklists(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	id := one[string](admin, `select public.rpc_create_pm_template($1, 'T', 'manual', '{}', p_estimated_hours => 2.5,
		p_checklist_items => '[{"description": "a", "required": true}, {"label": "x"}, {"description": ""}, {"description": "d"}]')`, tenant)
	list := func() []string {
		return column[string](admin, `select concat_ws('|', display_order, description, required) from public.v_pm_template_checklist_items where template_id = $1`, id)
	}
	require.Equal(t, []string{"0|a|t", "3|d|f"}, list())
	update := `select public.rpc_update_pm_template($1, $2, p_checklist_items => $3::text::jsonb)`
	admin.ok(update, tenant, id, nil)
	require.Len(t, list(), 2)
	admin.fails("22P02", update, tenant, id, `[{"description": "a", "required": "maybe"}]`)
	admin.ok(update, tenant, id, `[{"description": "n"}]`)
	require.Equal(t, []string{"0|n|f"}, list())
	admin.ok(update, tenant, id, `[]`)
	require.Empty(t, list())
	admin.fails("55000", `update public.v_pm_template_checklist_items set required = true`) // it joins the templates
	require.Equal(t, 1, admin.count(`select * from public.v_pm_templates where id = $1 and wo_estimated_hours = 2.5`, id))
}

func TestNextDueOfTimeSchedules(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	for start, want := range map[string]string{
		"2020-01-31/30": "2020-03-01 00:00:00", "2020-02-28/1": "2020-02-29 00:00:00", "2021-02-28/1": "2021-03-01 00:00:00",
		"2020-02-29/365": "2021-02-28 00:00:00", "2021-03-27T23:30:00+01:00/1": "2021-03-28 22:30:00", "infinity/1": "infinity",
	} {
		id := one[string](admin, `select public.rpc_create_pm_schedule($1, $2, $3, 'time',
			jsonb_build_object('interval_days', split_part($3, '/', 2), 'start_date', split_part($3, '/', 1)))`, tenant, asset, start)
		require.Equal(t, want, one[string](admin, `select (next_due_date at time zone 'utc')::text from public.v_pm_schedules where id = $1`, id), start)
	}
	id := one[string](admin, `select public.rpc_create_pm_schedule($1, $2, 'S', 'time', '{"interval_days": 30}')`, tenant, asset)
	require.Equal(t, 1, admin.count(`select * from public.v_upcoming_pms where id = $1 and next_due_date = created_at + '720 hours'`, id))
	update := `select public.rpc_update_pm_schedule($1, $2, $3, p_trigger_config => $4::text::jsonb)`
	admin.ok(update, tenant, id, "Renamed", nil)
	require.Equal(t, 1, admin.count(`select * from public.v_upcoming_pms where id = $1`, id))
	admin.ok(update, tenant, id, nil, `{"interval_days": 1, "start_date": "2020-01-01"}`)
	require.Equal(t, 1, admin.count(`select * from public.v_overdue_pms where id = $1 and days_overdue > 1000`, id))
	admin.fails("23514", update, tenant, id, nil, `{"pattern": "daily"}`)
}

func TestPMGeneration(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	template := one[string](admin, `select public.rpc_create_pm_template($1, 'T', 'manual', '{}', p_wo_title => 'Template', p_wo_priority => 'high')`, tenant)
	create := `select public.rpc_create_pm_schedule($1, $2, $3, $4, $5::text::jsonb, p_template_id => $6)`
	due := `{"interval_days": 1, "start_date": "2020-01-01"}`
	schedule := one[string](admin, create, tenant, asset, "Due", "time", due, template)
	generate := `select public.rpc_generate_due_pms($1, $2)`
	require.Zero(t, one[int](admin, generate, tenant, 0))
	admin.fails("2201W", generate, tenant, -1)
	d.member(admin, "member").fails("42501", generate, tenant, 1)
	otherAdmin.fails("42501", generate, tenant, 1)

	// Calls at the same time make one work order: here none goes on before all
	// have begun.
	held, err := d.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = held.Exec(t.Context(), `select from app.pm_schedules where id = $1 for update`, schedule)
	require.NoError(t, err)
	const callers = 2
	made := make(chan int)
	for range callers {
		go func() {
			n, err := tryOne[int](admin, generate, tenant, nil)
			if err != nil {
				n = 100
			}
			made <- n
		}()
	}
	require.Eventually(t, func() bool {
		return superOne[int](d, `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`) == callers
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, held.Rollback(t.Context()))
	sum := 0
	for range callers {
		sum += <-made
	}
	require.Equal(t, 1, sum)
	wo := one[string](admin, `select last_work_order_id from public.v_pm_schedules where id = $1`, schedule)
	require.Equal(t, 1, admin.count(`select * from public.v_work_orders where id = $1 and title = 'Template' and priority = 'high' and status = 'draft'
		and maintenance_type = 'preventive_time' and asset_id = $2 and pm_schedule_id = $3 and location_id is null`, wo, asset, schedule))
	require.Equal(t, 1, admin.count(`select * from public.v_due_pms`))

	// A later call makes another one, as on the platform; the job does not.
	require.Equal(t, 1, one[int](admin, generate, tenant, nil))
	require.Zero(t, one[int](d.service(), `select public.rpc_process_due_pm_generation()`))
	require.Equal(t, 2, admin.count(`select * from public.v_work_orders where pm_schedule_id = $1`, schedule))

	// The job passes over a schedule that fails, and one with an open work order.
	job := `select public.rpc_process_due_pm_generation()`
	admin.fails("42501", job)
	d.anon().fails("42501", job)
	their := one[string](otherAdmin, `select public.rpc_create_asset($1, 'Pump')`, other)
	otherAdmin.ok(`select public.rpc_create_pm_schedule($1, $2, 'Bad', 'time', $3::text::jsonb, p_wo_title => '')`, other, their, due)
	otherAdmin.ok(`select public.rpc_create_pm_schedule($1, $2, 'Good', 'time', $3::text::jsonb)`, other, their, due)
	require.Equal(t, 1, one[int](d.service(), job))
	require.Equal(t, []string{"Good"}, column[string](otherAdmin, `select title from public.v_work_orders`))

	// Usage: each reading at or over the threshold.
	meter := one[string](admin, createMeter, tenant, asset, "cycles", "M", 0, "increasing")
	used := one[string](admin, create, tenant, asset, "Used", "usage", `{"threshold": 200, "meter_id": "`+meter+`"}`, nil)
	for value, want := range []int{0, 1, 2} {
		admin.ok(`select public.rpc_record_meter_reading($1, $2, $3)`, tenant, meter, 199+value)
		require.Equal(t, want, admin.count(`select * from public.v_work_orders where pm_schedule_id = $1 and maintenance_type = 'preventive_usage' and title = 'Used'`, used))
	}
	require.Equal(t, 1, admin.count(`select * from public.v_due_pms where id = $1`, used))
}

func TestPMDependencies(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	theirAsset := one[string](otherAdmin, `select public.rpc_create_asset($1, 'Pump')`, other)
	create := `select public.rpc_create_pm_schedule($1, $2, $3, 'manual', '{}')`
	first := one[string](admin, create, tenant, asset, "first")
	theirs := one[string](otherAdmin, create, other, theirAsset, "first")
	depend := `select public.rpc_create_pm_dependency($1, $2, $3, $4)`
	admin.fails("23514", depend, tenant, unknown, first, "finish_to_start")
	admin.fails("P0001", depend, tenant, first, unknown, "after")
	admin.fails("42501", depend, tenant, first, theirs, "after")
	admin.fails("23503", depend, tenant, first, first, "after")
	trigger := `select public.rpc_trigger_manual_pm($1, $2)`
	waiting := map[string]string{}
	for _, kind := range []string{"before", "after", "same_day"} {
		waiting[kind] = one[string](admin, create, tenant, asset, kind)
		admin.ok(depend, tenant, waiting[kind], first, kind)
		admin.fails("23505", depend, tenant, waiting[kind], first, "after")
	}
	admin.fails("23502", depend, tenant, waiting["after"], waiting["before"], nil)
	admin.ok(trigger, tenant, waiting["before"])
	admin.fails("23503", trigger, tenant, waiting["after"])
	admin.fails("23503", trigger, tenant, waiting["same_day"])
	wo := one[string](admin, trigger, tenant, first)
	admin.ok(`select public.rpc_transition_work_order_status($1, $2, 'cancelled')`, tenant, wo)
	admin.fails("23503", trigger, tenant, waiting["before"])
	admin.ok(trigger, tenant, waiting["after"])
	d.super(`update app.pm_schedules set last_completed_at = now() - interval '1 day' where id = $1`, first)
	admin.fails("23503", trigger, tenant, waiting["same_day"])
	d.super(`update app.pm_schedules set last_completed_at = now() where id = $1`, first)
	admin.ok(trigger, tenant, waiting["same_day"])

	remove := `select public.rpc_delete_pm_schedule($1, $2)`
	admin.fails("23503", remove, tenant, first)
	alone := one[string](admin, create, tenant, asset, "alone")
	admin.ok(remove, tenant, alone)
	admin.ok(remove, tenant, alone)
	admin.fails("23503", trigger, tenant, alone)
	admin.fails("23505", create, tenant, asset, "alone")
	otherAdmin.fails("42501", remove, other, first)
	require.Equal(t, 1, admin.count(`select * from public.v_pm_schedules where id = $1 and not is_active`, alone))
}

// Of schedules that are due since the same moment, those made first come first.
func TestPMGenerationOfTheSameDay(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	for range 6 {
		admin.ok(`select public.rpc_create_pm_schedule($1, $2, gen_random_uuid()::text, 'time', '{"interval_days": 1, "start_date": "2020-01-01"}')`,
			tenant, asset)
	}
	require.Equal(t, 3, one[int](admin, `select public.rpc_generate_due_pms($1, 3)`, tenant))

	require.Equal(t, []bool{true, true, true, false, false, false}, column[bool](admin,
		`select last_work_order_id is not null from public.v_pm_schedules order by created_at`))
}
