package schema_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// fillSafety is the part of fill for inspections and incidents.
func fillSafety(admin caller, asset string) {
	tenant := admin.tenant()
	template := one[string](admin, `select public.rpc_create_inspection_template($1, 'Round', p_checklist_items => '[{"description": "Guard"}]')`, tenant)
	schedule := one[string](admin, `select public.rpc_create_inspection_schedule($1, $2, 'Weekly', $3)`, tenant, template, asset)
	run := one[string](admin, `select public.rpc_create_inspection_run($1, $2, $3, p_asset_id => $4)`, tenant, template, schedule, asset)
	admin.ok(`select public.rpc_complete_inspection_run($1, $2, (select jsonb_agg(jsonb_build_object('template_item_id', id)) from public.v_inspection_template_items))`, tenant, run)
	incident := one[string](admin, `select public.rpc_create_incident($1, 'Leak', p_asset_id => $2)`, tenant, asset)
	admin.ok(`select public.rpc_create_incident_action($1, $2, 'Mop')`, tenant, incident)
}

func TestInspectionTemplates(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, otherAdmin := d.tenant()
	manager := d.member(admin, "manager")
	create := `select public.rpc_create_inspection_template($1, $2, p_category => $3, p_checklist_items => $4::jsonb)`
	d.anon().fails("28000", create, tenant, "A", nil, nil)
	manager.fails("42501", create, tenant, "A", nil, nil)
	otherAdmin.fails("42501", create, tenant, "A", nil, nil)
	admin.fails("23503", create, unknown, "A", nil, nil)
	admin.fails("42501", create, nil, "A", nil, nil)
	admin.fails("23502", create, tenant, nil, nil, nil)
	for _, name := range []string{"", strings.Repeat("x", 256)} {
		admin.fails("23514", create, tenant, name, nil, nil)
	}
	for _, category := range []string{"", "A", strings.Repeat("x", 51)} {
		admin.fails("23514", create, tenant, "A", category, nil)
	}
	admin.fails("22P02", create, tenant, "A", nil, `[{"description": "a", "required": "maybe"}]`)
	admin.fails("23514", create, tenant, "A", nil, `[{"description": "`+strings.Repeat("x", 1001)+`"}]`)
	id := one[string](admin, create, tenant, " ", "daily_1", `[{"description": "a", "required": "yes"}, {"description": ""}, 3, {"description": 5}]`)
	admin.ok(create, tenant, " ", nil, `{"description": "a"}`)
	require.Equal(t, []int{0, 2}, column[int](admin, `select item_count from public.v_inspection_templates order by item_count`))
	require.Equal(t, []string{"0 a t", "3 5 f"}, column[string](manager, `select concat_ws(' ', display_order, description, required) from public.v_inspection_template_items`))

	update := `select public.rpc_update_inspection_template($1, $2, p_name => $3, p_checklist_items => $4::jsonb)`
	admin.fails("P0001", update, tenant, unknown, "B", nil)
	otherAdmin.fails("P0001", update, otherAdmin.tenant(), id, "B", nil)
	manager.fails("42501", update, tenant, id, "B", nil)
	admin.fails("23514", update, tenant, id, "", nil)
	admin.ok(update, tenant, id, "B", nil)
	require.Equal(t, "B 2 daily_1", one[string](admin, `select concat_ws(' ', name, item_count, category) from public.v_inspection_templates where id = $1`, id))
	admin.ok(update, tenant, id, nil, `[{"description": "z"}]`)
	item := one[string](admin, `select id from public.v_inspection_template_items`)
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	run := one[string](admin, `select public.rpc_create_inspection_run($1, $2, p_asset_id => $3)`, tenant, id, asset)
	admin.ok(`select public.rpc_complete_inspection_run($1, $2, jsonb_build_array(jsonb_build_object('template_item_id', $3::text)))`, tenant, run, item)
	admin.fails("23503", update, tenant, id, "C", `[]`)
	require.Equal(t, "B 1", one[string](admin, `select concat_ws(' ', name, item_count) from public.v_inspection_templates where id = $1`, id), "nothing has changed")
	manager.fails("42501", `delete from public.v_inspection_templates`)
	require.Zero(t, admin.count(`select * from public.v_audit_entity_changes where table_name = 'inspection_template_items'`), "belongs to no tenant")
	require.NotZero(t, admin.count(`select * from public.v_audit_entity_changes where table_name = 'inspection_templates'`))
}

func TestInspectionRuns(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	requestor := d.member(admin, "requestor")
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	place := one[string](admin, `select public.rpc_create_location($1, 'Hall')`, tenant)
	template := one[string](admin, `select public.rpc_create_inspection_template($1, 'Round', p_checklist_items => '[{"description": "a"}, {"description": "b"}]')`, tenant)
	theirs := one[string](otherAdmin, `select public.rpc_create_inspection_template($1, 'Theirs', p_checklist_items => '[{"description": "c"}]')`, other)
	items := column[string](admin, `select id from public.v_inspection_template_items`)
	foreign := one[string](otherAdmin, `select id from public.v_inspection_template_items`)

	schedule := `select public.rpc_create_inspection_schedule($1, $2, $3, p_asset_id => $4, p_trigger_config => $5::jsonb)`
	otherAdmin.fails("42501", schedule, tenant, template, "S", asset, nil)
	requestor.fails("23503", schedule, unknown, template, "S", asset, nil)
	requestor.fails("23514", schedule, tenant, unknown, "S", nil, nil)
	requestor.fails("23503", schedule, tenant, theirs, "S", asset, nil)
	requestor.fails("23502", schedule, tenant, template, nil, asset, nil)
	requestor.fails("23514", schedule, tenant, template, "", asset, nil)
	requestor.fails("23503", schedule, tenant, template, "S", unknown, nil)
	weekly := one[string](requestor, schedule, tenant, template, "S", asset, nil)
	require.Equal(t, "Round Pump {} t", one[string](requestor, `select concat_ws(' ', template_name, asset_name, trigger_config, is_active) from public.v_inspection_schedules`))
	change := `select public.rpc_update_inspection_schedule($1, $2, $3, p_is_active => $4)`
	otherAdmin.fails("P0001", change, other, weekly, "T", false)
	requestor.ok(change, tenant, weekly, "T", false)
	require.Equal(t, "T f", one[string](requestor, `select concat_ws(' ', title, is_active) from public.v_inspection_schedules`))

	create := `select public.rpc_create_inspection_run($1, $2, $3, p_asset_id => $4, p_location_id => $5, p_scheduled_at => $6::text::timestamptz)`
	requestor.fails("23514", create, tenant, template, weekly, nil, nil, nil)
	strange := one[string](requestor, create, tenant, theirs, nil, asset, nil, nil)
	name := `select coalesce(template_name, '-') from public.v_inspection_runs where id = $1`
	named := `select coalesce(template_name, '-') from public.rpc_compliance_inspection_history($1, current_date, current_date)`
	for _, query := range []struct {
		sql string
		arg string
	}{{name, strange}, {named, tenant}} {
		require.Equal(t, "-", one[string](requestor, query.sql, query.arg), "a template of another tenant is taken, its name does not show")
	}
	admin.ok(`select public.rpc_assign_role_to_user($1, $2, 'member')`, tenant, otherAdmin.id)
	require.Equal(t, "Theirs", one[string](otherAdmin.in(tenant), name, strange), "members of both tenants see it")
	require.Equal(t, "Theirs", one[string](otherAdmin, named, tenant), "members of both tenants see it")
	admin.ok(`select public.rpc_remove_member_from_tenant($1, $2)`, tenant, otherAdmin.id)
	d.super(`delete from app.inspection_runs where id = $1`, strange)
	run := one[string](requestor, create, tenant, template, weekly, asset, nil, "2031-06-02T00:30+01:00")
	update := `select public.rpc_update_inspection_run($1, $2, $3, p_conducted_by => $4)`
	requestor.fails("P0001", update, tenant, unknown, "overdue", nil)
	requestor.fails("23514", update, tenant, run, "done", nil)
	requestor.fails("23503", update, tenant, run, nil, unknown)
	requestor.ok(update, tenant, run, "completed", requestor.id)
	state := `select concat_ws(' ', status, completed_at is not null, completed_by) from public.v_inspection_runs`
	require.Equal(t, "completed f", one[string](admin, state))

	complete := `select public.rpc_complete_inspection_run($1, $2, $3::jsonb)`
	results := func() []string {
		return column[string](admin, `select concat_ws(' ', template_item_description, result, notes) from public.v_inspection_run_items`)
	}
	admin.fails("P0001", complete, tenant, unknown, nil)
	admin.fails("22P02", complete, tenant, run, `[{"template_item_id": "", "result": "bad"}]`)
	admin.fails("23503", complete, tenant, run, `[{"template_item_id": "`+unknown+`"}]`)
	admin.ok(complete, tenant, run, `[{"template_item_id": "`+foreign+`", "result": "pass"}]`)
	require.Zero(t, superOne[int](d, `select count(*)::int from app.inspection_run_items where inspection_run_id = $1`, run), "left out: that tenant can still change its template")
	requestor.ok(complete, tenant, run, `[{"template_item_id": "`+items[0]+`", "result": "pass", "notes": 12}, {"template_item_id": "`+items[1]+`", "result": "PASS"}, {"result": "fail"}, 7]`)
	require.Equal(t, "completed t "+requestor.id, one[string](admin, state))
	require.Equal(t, []string{"a pass 12"}, results())
	admin.ok(complete, tenant, run, `[{"template_item_id": "`+items[0]+`", "result": "na"}, {"template_item_id": "`+items[0]+`", "result": null}, {"template_item_id": "`+items[1]+`", "result": "fail"}]`)
	require.Equal(t, []string{"a not_checked", "b fail"}, results())
	admin.ok(complete, tenant, run, `{}`)

	history := `select concat_ws(' ', template_name, asset_name, status, pass_count, fail_count, na_count, not_checked_count) from public.rpc_compliance_inspection_history($1, $2, $3, $4, $5)`
	require.Equal(t, []string{"Round Pump completed 0 1 0 1"}, column[string](requestor, history, tenant, "2031-06-01", "2031-06-01", asset, nil), "the day in UTC")
	require.Empty(t, column[string](requestor, history, tenant, "2031-06-02", "2031-06-03", nil, nil))
	require.Empty(t, column[string](requestor, history, tenant, nil, "2031-06-03", nil, nil))
	require.Empty(t, column[string](requestor, history, tenant, "2031-06-01", "2031-06-01", nil, place))
	otherAdmin.fails("42501", history, tenant, "2031-06-01", "2031-06-01", nil, nil)
	d.anon().fails("28000", history, tenant, "2031-06-01", "2031-06-01", nil, nil)

	admin.fails("23514", `select public.rpc_delete_asset($1, $2)`, tenant, asset)
	d.super(`update app.inspection_runs set location_id = $1`, place)
	admin.ok(`select public.rpc_delete_asset($1, $2)`, tenant, asset)
	require.Zero(t, admin.count(`select * from public.v_inspection_schedules`))
	d.super(`delete from app.tenants where id = $1`, tenant)
}

func TestIncidents(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	requestor := d.member(admin, "requestor")
	theirs := one[string](otherAdmin, `select public.rpc_create_asset($1, 'Pump')`, other)
	create := `select public.rpc_create_incident($1, $2, $3, $4, p_asset_id => $5, p_occurred_at => $6::text::timestamptz)`
	d.anon().fails("28000", create, tenant, "I", "event", "low", nil, nil)
	otherAdmin.fails("42501", create, tenant, "I", "event", "low", nil, nil)
	admin.fails("23503", create, unknown, "I", "event", "low", nil, nil)
	for code, bad := range map[string][][]any{
		"23514": {{"", "event", "low"}, {strings.Repeat("x", 501), "event", "low"}, {"I", "crash", "low"}, {"I", "event", "LOW"}},
		"23502": {{nil, "event", "low"}, {"I", nil, "low"}, {"I", "event", nil}},
	} {
		for _, b := range bad {
			requestor.fails(code, create, tenant, b[0], b[1], b[2], nil, nil)
		}
	}
	strange := one[string](requestor, create, tenant, "I", "event", "low", theirs, nil)
	require.Equal(t, "-", one[string](requestor, `select coalesce(asset_name, '-') from public.v_incidents where id = $1`, strange), "an asset of another tenant is taken, its name does not show")
	d.super(`delete from app.incidents where id = $1`, strange)
	id := one[string](requestor, create, tenant, "I", "near_miss", "high", nil, "2031-06-02T00:30+01:00")
	require.Equal(t, "open {} "+requestor.id, one[string](admin, `select concat_ws(' ', status, metadata, reported_by) from public.v_incidents`))

	update := `select public.rpc_update_incident($1, $2, p_status => $3, p_severity => $4)`
	state := `select concat_ws(' ', status, severity, closed_at is not null, closed_by) from public.v_incidents`
	otherAdmin.fails("P0001", update, other, id, "closed", nil)
	requestor.fails("23514", update, tenant, id, "done", nil)
	requestor.ok(update, tenant, id, "closed", "critical")
	require.Equal(t, "closed critical f", one[string](admin, state), "no stamp")
	closing := `select public.rpc_close_incident($1, $2, $3)`
	requestor.fails("42501", closing, unknown, id, nil)
	requestor.fails("P0001", closing, tenant, unknown, nil)
	for given, want := range map[any]string{nil: "closed", "resolved": "resolved", "RESOLVED": "closed", "open": "closed"} {
		requestor.ok(closing, tenant, id, given)
		require.Equal(t, want+" critical t "+requestor.id, one[string](admin, state))
	}

	action := `select public.rpc_create_incident_action($1, $2, $3, $4, p_assigned_to => $5)`
	otherAdmin.fails("P0001", action, other, id, "A", "corrective", nil)
	requestor.fails("23514", action, tenant, id, "A", "other", nil)
	requestor.fails("23502", action, tenant, id, nil, "corrective", nil)
	requestor.fails("23514", action, tenant, id, strings.Repeat("x", 2001), "corrective", nil)
	requestor.fails("23503", action, tenant, id, "A", "corrective", unknown)
	done := one[string](requestor, action, tenant, id, "A", "containment", admin.id)
	change := `select public.rpc_update_incident_action($1, $2, p_status => $3)`
	report := `select concat_ws(' ', title, action_count, action_pending_count, action_completed_count) from public.rpc_compliance_incident_report($1, $2, $3, $4)`
	counts := func() []string {
		return column[string](requestor, report, tenant, "2031-06-01", "2031-06-01", nil)
	}
	require.Equal(t, []string{"I 1 1 0"}, counts())
	requestor.fails("P0001", change, tenant, unknown, "completed")
	requestor.fails("23514", change, tenant, done, "done")
	requestor.ok(change, tenant, done, "cancelled")
	require.Equal(t, []string{"I 1 0 0"}, counts())
	requestor.ok(change, tenant, done, "completed")
	stamp := `select concat_ws(' ', incident_title, status, completed_by) from public.v_incident_actions`
	require.Equal(t, "I completed", one[string](admin, stamp))
	finish := `select public.rpc_complete_incident_action($1, $2)`
	otherAdmin.fails("P0001", finish, other, done)
	requestor.ok(finish, tenant, done)
	require.Equal(t, "I completed "+requestor.id, one[string](admin, stamp))
	require.Equal(t, []string{"I 1 0 1"}, counts())
	require.Empty(t, column[string](requestor, report, tenant, "2031-06-01", "2031-06-01", "low"))
	require.Empty(t, column[string](requestor, report, tenant, "2031-06-02", "2031-06-02", nil), "the day in UTC")
	requestor.fails("23514", report, tenant, "2031-06-02", "2031-06-02", "")
	otherAdmin.fails("42501", report, tenant, "2031-06-02", "2031-06-02", nil)
	require.Equal(t, []string{"INSERT", "UPDATE"}, column[string](admin, `select distinct operation from public.v_audit_entity_changes where table_name = 'incidents' and record_id = $1 order by 1`, id))
}

// Of two callers who complete a run at once, one is second: it replaces the
// results of the first, and leaves no half of them.
func TestCompletionsOfARunAtOnce(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	template := one[string](admin, `select public.rpc_create_inspection_template($1, 'Round', p_checklist_items => '[{"description": "a"}, {"description": "b"}]')`, tenant)
	items := column[string](admin, `select id from public.v_inspection_template_items`)
	run := one[string](admin, `select public.rpc_create_inspection_run($1, $2, p_asset_id => $3)`, tenant, template, asset)
	var wg sync.WaitGroup
	errs := make(chan error, 20)
	for i := range 20 {
		wg.Go(func() {
			first, second, result := items[0], items[1], "pass"
			if i%2 == 1 { // the other way round
				first, second, result = second, first, "fail"
			}
			_, err := admin.exec(`select public.rpc_complete_inspection_run($1, $2, jsonb_build_array(
				jsonb_build_object('template_item_id', $3::text, 'result', $5::text), jsonb_build_object('template_item_id', $4::text, 'result', $5::text)))`,
				tenant, run, first, second, result)
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, "2 1", one[string](admin, `select concat_ws(' ', count(*), count(distinct result)) from public.v_inspection_run_items`))
}
