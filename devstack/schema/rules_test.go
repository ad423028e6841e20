package schema_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// internal are the schemas that the API does not expose.
const internal = `('app', 'cfg', 'int', 'authz', 'audit')`

func TestEveryTableHasRowLevelSecurity(t *testing.T) {
	d := newDB(t)
	require.Empty(t, superOne[[]string](d, `
		select coalesce(array_agg(c.oid::regclass::text), '{}') from pg_class c
		where c.relnamespace::regnamespace::text in `+internal+` and c.relkind in ('r', 'p') and not c.relrowsecurity`))
	require.Greater(t, superOne[int](d, `
		select count(*) from pg_class c where c.relnamespace::regnamespace::text in `+internal+` and c.relkind = 'r'`), 20)
}

func TestEveryFunctionHasAFixedSearchPath(t *testing.T) {
	d := newDB(t)
	require.Empty(t, superOne[[]string](d, `
		select coalesce(array_agg(p.oid::regprocedure::text), '{}') from pg_proc p
		where p.pronamespace::regnamespace::text in ('public', 'app', 'cfg', 'int', 'authz', 'audit')
		  and not exists (select from unnest(p.proconfig) s where s = 'search_path=""')
		  and (p.prosecdef or p.prosqlbody is null)`), "unless its body was resolved when it was created")
}

func TestEveryViewRunsWithTheRightsOfItsCaller(t *testing.T) {
	d := newDB(t)
	require.Equal(t, []string{
		"v_assets_summary", "v_locations_summary", "v_portfolio_overview", "v_site_rollup", "v_tenants_overview", "v_work_orders_summary",
	}, superOne[[]string](d, `
		select array_agg(c.relname::text order by c.relname) from pg_class c
		where c.relnamespace = 'public'::regnamespace and c.relkind = 'v'
		  and not coalesce('security_invoker=true' = any (c.reloptions), false)`), "but for those of materialized views, which have no policies")
}

func TestAPIRolesWriteNothingElse(t *testing.T) {
	d := newDB(t)
	require.Equal(t, []string{
		"anon public.v_work_order_attachments",
		"anon public.v_work_order_time_entries",
		"authenticated app.asset_warranties",
		"authenticated app.assets",
		"authenticated app.availability_overrides",
		"authenticated app.availability_patterns",
		"authenticated cfg.certification_catalogs",
		"authenticated app.crew_members",
		"authenticated app.inventory_locations",
		"authenticated app.locations",
		"authenticated app.map_zones",
		"authenticated app.part_reservations",
		"authenticated app.parts",
		"authenticated app.projects",
		"authenticated app.shift_templates",
		"authenticated app.shifts",
		"authenticated cfg.skill_catalogs",
		"authenticated app.stock_levels",
		"authenticated app.suppliers",
		"authenticated app.technician_certifications",
		"authenticated app.technician_skills",
		"authenticated app.technicians",
		"authenticated public.v_asset_warranties",
		"authenticated public.v_assets",
		"authenticated public.v_availability_overrides",
		"authenticated public.v_availability_patterns",
		"authenticated public.v_certification_catalogs",
		"authenticated public.v_crew_members",
		"authenticated public.v_inventory_locations",
		"authenticated public.v_locations",
		"authenticated public.v_map_zones",
		"authenticated public.v_mobile_work_orders",
		"authenticated public.v_part_reservations",
		"authenticated public.v_parts",
		"authenticated public.v_projects",
		"authenticated public.v_shift_templates",
		"authenticated public.v_shifts",
		"authenticated public.v_skill_catalogs",
		"authenticated public.v_stock_levels",
		"authenticated public.v_suppliers",
		"authenticated public.v_technician_certifications",
		"authenticated public.v_technician_skills",
		"authenticated public.v_technicians",
		"authenticated public.v_work_order_attachments",
		"authenticated public.v_work_order_time_entries",
		"authenticated app.work_orders",
	}, superOne[[]string](d, `
		select coalesce(array_agg(r || ' ' || c.relnamespace::regnamespace || '.' || c.relname order by r, c.relname), '{}')
		from pg_class c, unnest(array['anon', 'authenticated', 'service_role']) r
		where c.relnamespace::regnamespace::text in ('public', 'app', 'cfg', 'int', 'authz', 'audit')
		  and c.relkind in ('r', 'v', 'p')
		  and (has_table_privilege(r, c.oid, 'delete, truncate') or has_any_column_privilege(r, c.oid, 'insert, update'))`))
}

// The functions that policies and views call are all that API roles may call
// besides the RPCs.
func TestAPIRolesCallNoInternalFunction(t *testing.T) {
	d := newDB(t)
	require.Equal(t, []string{
		"app.searched_tenant(integer)", // searches run with the caller's rights
		"authz.current_tenant_id()",
		"authz.may_delete_object(text)",
		"authz.may_read_object(text)",
		"authz.may_update_object(text)",
		"authz.may_upload_object(text,text)",
		"authz.my_tenant_ids()",
		"authz.my_tenant_ids_as(text)",
		"authz.my_tenant_ids_to_write(text)",
		"authz.my_tenant_ids_with(text[])",
		"authz.user_id()",
		"authz.uuid_or_null(text)",
		"cfg.is_key(text,integer)",
	}, superOne[[]string](d, `
		select array_agg(distinct p.oid::regprocedure::text order by p.oid::regprocedure::text)
		from pg_proc p, unnest(array['anon', 'authenticated', 'service_role']) r
		where p.pronamespace::regnamespace::text in `+internal+`
		  and has_function_privilege(r, p.oid, 'execute')`))
	require.True(t, superOne[bool](d, `
		select has_function_privilege('supabase_auth_admin', 'authz.custom_access_token_hook(jsonb)', 'execute')`))
}

func TestEveryForeignKeyOfATenantStaysInTheTenant(t *testing.T) {
	d := newDB(t)
	// A reference between two tables that both have a tenant includes it, except
	// where the platform takes ids of other tenants: deleting the row there takes
	// nothing along, and its name does not show.
	require.Equal(t, []string{
		"app.incidents asset_id",
		"app.incidents location_id",
		"app.incidents work_order_id",
		"app.inspection_runs asset_id",
		"app.inspection_runs inspection_schedule_id",
		"app.inspection_runs location_id",
		"app.inspection_runs template_id",
		"app.inspection_runs work_order_id",
		"app.inspection_schedules asset_id",
		"app.inspection_schedules location_id",
	}, superOne[[]string](d, `
		select coalesce(array_agg(f.conrelid::regclass || ' ' || a.attname order by f.conrelid::regclass::text, a.attname), '{}')
		from pg_constraint f
		join pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[1]
		where f.contype = 'f'
		  and f.confrelid::regclass::text not in ('app.tenants', 'auth.users')
		  and exists (select from pg_attribute a where a.attrelid = f.conrelid and a.attname = 'tenant_id')
		  and exists (select from pg_attribute a where a.attrelid = f.confrelid and a.attname = 'tenant_id')
		  and not exists (select from pg_attribute a where a.attrelid = f.conrelid and a.attname = 'tenant_id' and a.attnum = any (f.conkey))`))
}

func TestViewsByRole(t *testing.T) {
	d := newDB(t)
	d.tenant()
	views := superOne[[]string](d, `
		select array_agg(c.relname::text order by 1) from pg_class c
		where c.relnamespace = 'public'::regnamespace and c.relkind = 'v'`)
	require.NotEmpty(t, views)
	for _, view := range views {
		// The service key is for the service RPCs only.
		d.service().fails("42501", `select * from public.`+view)
		if strings.HasPrefix(view, "v_audit_") || slices.Contains([]string{
			"v_my_notifications", "v_tools", "v_tool_checkouts", "v_shift_handovers", "v_location_hierarchy", "v_map_zones", "v_asset_warranties",
			"v_asset_lifecycle_alerts", "v_inspection_runs", "v_inspection_run_items", "v_incidents", "v_incident_actions",
			"v_plugins", "v_plugin_installations", "v_plugin_webhook_subscriptions", "v_plugin_delivery_queue_recent",
			"v_integration_external_ids", "v_outbound_integration_events",
		}, view) {
			d.anon().fails("42501", `select * from public.`+view)
			continue
		}
		require.Zero(t, d.anon().count(`select * from public.`+view), view)
	}
}

// fill gives a tenant at least one row in every table that holds data of
// tenants.
func fill(admin caller) {
	tenant := admin.tenant()
	one[string](admin, `select public.rpc_create_department($1, 'Assembly')`, tenant)
	admin.ok(`select public.rpc_create_tenant_api_key($1, 'ingest')`, tenant)
	admin.ok(`select public.rpc_set_audit_retention_config($1, 12)`, tenant)
	admin.ok(`select public.rpc_grant_scope($1, $2, 'line', null)`, tenant, admin.id)
	admin.ok(`select public.rpc_replace_oauth_client_tenant_grants('client', array[$1::uuid])`, tenant)
	d := admin.db
	site := one[string](admin, `select public.rpc_create_location($1, 'Plant')`, tenant)
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump', p_location_id => $2)`, tenant, site)
	admin.ok(`select public.rpc_create_space($1, $2)`, tenant, site)
	admin.ok(`select public.rpc_create_map_zone($1, 'Yard', '{"type": "Point", "coordinates": [0, 0]}', $2)`, tenant, site)
	admin.ok(`select public.rpc_create_project($1, 'Overhaul')`, tenant)
	admin.ok(`select public.rpc_create_supplier($1, 'Bearings Ltd')`, tenant)
	crew := one[string](admin, `select public.rpc_create_crew($1, 'Night')`, tenant)
	technician := one[string](admin, `select public.rpc_create_technician($1, $2, p_default_crew_id => $3)`, tenant, admin.id, crew)
	admin.ok(`select public.rpc_update_crew($1, $2, p_lead_technician_id => $3)`, tenant, crew, technician)
	admin.ok(`select public.rpc_add_crew_member($1, $2, $3)`, tenant, crew, technician)
	skill := superOne[string](d, `insert into cfg.skill_catalogs (tenant_id, name) values ($1, 'Welding') returning id`, tenant)
	d.super(`insert into app.asset_required_skills (tenant_id, asset_id, skill_id) values ($1, $2, $3)`, tenant, asset, skill)
	d.super(`insert into app.technician_skills (tenant_id, technician_id, skill_id) values ($1, $2, $3)`, tenant, technician, skill)
	d.super(`insert into app.availability_patterns (tenant_id, technician_id, day_of_week, start_time, end_time) values ($1, $2, 1, '08:00', '16:00')`, tenant, technician)
	d.super(`insert into app.availability_overrides (tenant_id, technician_id, override_date, is_available) values ($1, $2, '2030-01-01', false)`, tenant, technician)
	d.super(`insert into app.shifts (tenant_id, technician_id, crew_id, start_at, end_at) values ($1, $2, $3, '2030-01-02', '2030-01-03')`, tenant, technician, crew)
	meter := one[string](admin, `select public.rpc_create_meter($1, $2, 'cycles', 'Strokes', 'n')`, tenant, asset)
	admin.ok(`select public.rpc_record_meter_reading($1, $2, 5)`, tenant, meter)
	d.super(`insert into app.pm_schedules (tenant_id, asset_id, title, trigger_type) select $1, id, 'Oil', 'manual' from app.assets where tenant_id = $1`, tenant)
	wo := one[string](admin, `select public.rpc_create_work_order($1, 'Fix', p_client_request_id => 'k',
		p_assigned_to => $2, p_asset_id => a.id, p_location_id => a.location_id, p_pm_schedule_id => s.id, p_project_id => p.id)
		from app.assets a, app.pm_schedules s, app.projects p where a.tenant_id = $1 and s.tenant_id = $1 and p.tenant_id = $1`, tenant, admin.id)
	pm := one[string](admin, `select public.rpc_create_work_order($1, 'Oil', p_pm_schedule_id => s.id) from app.pm_schedules s where s.tenant_id = $1`, tenant)
	admin.ok(`select public.rpc_transition_work_order_status($1, $2, 'cancelled')`, tenant, pm)
	admin.ok(`select public.rpc_set_work_order_primary_supplier($1, $2, (select id from app.suppliers where tenant_id = $1))`, tenant, wo)
	admin.ok(`select public.rpc_upsert_asset_warranty($1, $2, p_expires_on => '2030-01-01', p_supplier_id => s.id) from app.suppliers s where s.tenant_id = $1`, tenant, asset)
	admin.ok(`select public.rpc_record_asset_downtime($1, $2, 'breakdown', p_linked_work_order_id => $3)`, tenant, asset, wo)
	admin.ok(`select public.rpc_start_work_order($1, $2)`, tenant, wo)
	admin.ok(`select public.rpc_add_work_order_note($1, $2, 'Noisy')`, tenant, wo)
	admin.ok(`select public.rpc_log_work_order_time($1, $2, 30)`, tenant, wo)
	admin.ok(`select public.rpc_add_work_order_comms_event($1, $2, 'On it')`, tenant, wo)
	admin.ok(`select public.rpc_create_work_order_request($1, 'Please')`, tenant)
	tool := one[string](admin, `select public.rpc_create_tool($1, 'Wrench')`, tenant)
	admin.ok(`select public.rpc_checkout_tool($1, $2, $3, p_work_order_id => $4)`, tenant, tool, admin.id, wo)
	handover := one[string](admin, `select public.rpc_create_shift_handover($1, (select location_id from public.v_work_orders where id = $3), now(), now(), $2)`, tenant, admin.id, wo)
	admin.ok(`select public.rpc_add_shift_handover_item($1, $2, 'Pump', $3)`, tenant, handover, wo)
	admin.ok(`select public.rpc_upsert_notification_preference($1, 'pm.overdue', true)`, tenant)
	admin.ok(`select public.rpc_assign_work_order($1, $2, null)`, tenant, wo)
	admin.ok(`select public.rpc_assign_work_order($1, $2, $3)`, tenant, wo, admin.id)
	admin.ok(`select public.rpc_schedule_work_order($1, $2, null, '2030-01-02', '2030-01-03', $3, $4)`, one[string](admin, createWO, tenant, "W"), technician, site, asset)
	admin.ok(`select public.rpc_schedule_work_order($1, null, $2, '2030-01-02', '2030-01-03')`, wo, crew)
	admin.ok(`select public.rpc_upsert_work_order_vendor_cost($1, $2, p_amount_cents => 100, p_supplier_id => s.id) from app.suppliers s where s.tenant_id = $1`, tenant, wo)
	attach(admin, "work_order", wo, "fill.pdf", `{"document_type_key": "manual"}`)
	attach(admin, "asset", asset, "fill.pdf", `{}`)
	attach(admin, "location", site, "fill.pdf", `{}`)
	template := one[string](admin, `select public.rpc_create_pm_template($1, 'Service', 'manual', '{}', p_checklist_items => '[{"description": "Look"}]')`, tenant)
	schedule := `select public.rpc_create_pm_schedule($1, $2, $3, 'time', jsonb_build_object('interval_days', 7, 'start_date', $4::text), p_template_id => $5)`
	overdue := one[string](admin, schedule, tenant, asset, "Overdue", "2020-01-01", template)
	upcoming := one[string](admin, schedule, tenant, asset, "Upcoming", time.Now().Format(time.RFC3339), template)
	admin.ok(`select public.rpc_create_pm_dependency($1, $2, $3)`, tenant, upcoming, overdue)
	admin.ok(`select public.rpc_generate_due_pms($1)`, tenant)
	d.super(`update app.work_order_time_entries set technician_id = (select id from app.technicians where tenant_id = $1) where tenant_id = $1`, tenant)
	fillLabor(admin, technician)
	fillStock(admin, wo)
	fillPurchasing(admin)
	fillCosts(admin, wo, asset)
	fillSafety(admin, asset)
	fillPlugins(admin, asset)
	fillSearch(admin, wo, asset)
	d.super(`update app.work_orders set status = 'completed', completed_at = now(), completed_by = $2 where id = $1`, one[string](admin, createWO, tenant, "Done"), admin.id)
	d.super(`update app.work_orders set due_date = now() - interval '1 day' where id = $1`, wo)
	admin.ok(`select public.refresh_analytics_views()`)
}

func TestNobodySeesRowsOfAnotherTenant(t *testing.T) {
	d := newDB(t)
	a, adminA := d.tenant()
	b, adminB := d.tenant()
	fill(adminA)
	fill(adminB)

	tables := superOne[[]string](d, `
		select array_agg(c.oid::regclass::text order by 1) from pg_class c
		join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id'
		where c.relnamespace::regnamespace::text in `+internal+` and c.relkind = 'r'`)
	readable := 0
	for _, table := range tables {
		require.NotZero(t, superOne[int](d, `select count(*) from `+table+` where tenant_id = $1`, b), "%s holds no row to hide", table)
		if !superOne[bool](d, `select has_table_privilege('authenticated', $1, 'select')`, table) {
			adminA.fails("42501", `select * from `+table)
			continue
		}
		readable++
		require.NotZero(t, adminA.count(`select * from `+table+` where tenant_id = $1`, a), table)
		require.Zero(t, adminA.count(`select * from `+table+` where tenant_id <> $1`, a), table)
		// A claim for a tenant that one is no member of opens nothing.
		require.Zero(t, adminA.in(b).count(`select * from `+table+` where tenant_id = $1`, b), table)
	}
	require.Greater(t, readable, 15)

	views := superOne[[]string](d, `
		select array_agg(c.relname::text order by 1) from pg_class c
		join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id'
		where c.relnamespace = 'public'::regnamespace and c.relkind = 'v'`)
	for _, view := range views {
		require.NotZero(t, adminA.count(`select * from public.`+view), view)
		require.Zero(t, adminA.count(`select * from public.`+view+` where tenant_id <> $1`, a), view)
		if slices.Contains([]string{
			"v_user_tenant_roles", "v_suppliers", "v_parts", "v_parts_with_stock", "v_stock_by_location", "v_stock_levels",
			"v_inventory_locations", "v_part_reservations", "v_part_usage",
			"v_open_requisitions", "v_open_purchase_orders", "v_purchase_order_receipt_status",
		}, view) { // shows rows of all one's tenants whatever the claim
			continue
		}
		require.Zero(t, adminA.in(b).count(`select * from public.`+view), view)
		require.Zero(t, caller{db: d, role: "authenticated", claims: map[string]any{"sub": adminA.id}}.count(`select * from public.`+view), view)
		require.Zero(t, adminA.with("tenant_id", "junk").count(`select * from public.`+view), view)
	}
}

func TestDeletingATenantOrAUserLeavesNothingInTheWay(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	fill(admin)
	d.super(`delete from app.tenants where id = $1`, tenant)
	require.Zero(t, superOne[int](d, `select count(*) from app.work_orders`))
	require.Zero(t, superOne[int](d, `select count(*) from cfg.status_catalogs`))
	require.NotZero(t, superOne[int](d, `select count(*) from audit.entity_changes where operation = 'DELETE' and tenant_id = $1`, tenant), "the log stays")

	tenant, admin = d.tenant()
	fill(admin)
	wo := one[string](admin, `select id from public.v_work_orders where status = 'in_progress'`)
	admin.ok(`select public.rpc_complete_work_order($1, $2)`, tenant, wo)
	// Who gave somebody a role, themselves included, cannot be deleted.
	_, err := d.pool.Exec(t.Context(), `delete from auth.users where id = $1`, admin.id)
	require.Equal(t, "23503", sqlState(err))
	d.super(`update app.user_tenant_roles set assigned_by = null where assigned_by = $1`, admin.id)
	d.super(`delete from auth.users where id = $1`, admin.id)
	require.Equal(t, admin.id, superOne[string](d, `select completed_by::text from app.work_orders where id = $1`, wo))
	require.Zero(t, superOne[int](d, `select count(*) from app.tenant_memberships where tenant_id = $1`, tenant))
}

func TestAuditTriggersStandOnTheAuditedTables(t *testing.T) {
	d := newDB(t)
	require.Equal(t, []string{
		`"int".plugin_installations`, `"int".plugins`,
		"app.assets", "app.departments", "app.entity_attachments", "app.incident_actions", "app.incidents",
		"app.inspection_run_items", "app.inspection_runs", "app.inspection_schedules", "app.locations",
		"app.tenant_memberships", "app.tenants", "app.user_tenant_roles", "app.work_order_time_entries", "app.work_orders",
		"cfg.inspection_template_items", "cfg.inspection_templates", "cfg.tenant_role_permissions", "cfg.tenant_roles",
	}, superOne[[]string](d, `
		select array_agg(t.tgrelid::regclass::text order by t.tgrelid::regclass::text) from pg_trigger t
		where t.tgfoid = 'audit.log_change'::regproc`))
	require.Empty(t, superOne[[]string](d, `
		select coalesce(array_agg(c.oid::regclass::text), '{}') from pg_class c
		join pg_attribute a on a.attrelid = c.oid and a.attname = 'updated_at'
		where c.relnamespace::regnamespace::text in `+internal+` and c.relkind = 'r'
		  and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgfoid = 'app.touch_updated_at'::regproc)`),
		"tables whose updated_at nobody bumps")
}
