package contract

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// base makes the roles of the API and the schema reporting. Roles outlive the
// database.
const base = `
do $$ begin
  if not exists (select from pg_roles where rolname = 'anon') then create role anon nologin; end if;
  if not exists (select from pg_roles where rolname = 'authenticated') then create role authenticated nologin; end if;
  if not exists (select from pg_roles where rolname = 'service_role') then create role service_role nologin; end if;
end $$;
create schema reporting;
grant usage on schema public to anon, authenticated, service_role;
grant usage on schema reporting to anon, authenticated;
alter default privileges in schema public grant select on tables to anon, authenticated, service_role;
create schema app;
create table app.a (id bigint primary key, n int not null, o int, at timestamptz not null, oat timestamptz, t text not null, ok boolean not null, tags text[] not null);
create table app.b (id bigint primary key, a_id bigint references app.a, name text not null, note text);
`

func connect(t *testing.T, scripts ...string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.Database(t, scripts...))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

func dump(t *testing.T, scripts ...string) *Schema {
	t.Helper()
	s, err := Dump(t.Context(), connect(t, scripts...))
	require.NoError(t, err)
	return s
}

func TestNullabilityOfViewColumns(t *testing.T) {
	// Every view has columns named n… that are never null and x… that may be.
	views := map[string]string{
		"base columns":            `select id as n1, n as n2, o as x1 from app.a`,
		"constants":               `select 1 as n1, 'a'::text as n2, null::int as x1`,
		"left join":               `select a.id as n1, b.id as x1, b.name as x2 from app.a left join app.b on b.a_id = a.id`,
		"right join":              `select b.id as x1, a.id as n1 from app.b right join app.a on b.a_id = a.id`,
		"full join":               `select a.id as x1, b.id as x2, coalesce(a.id, b.id) as x3 from app.a full join app.b on b.a_id = a.id`,
		"inner join":              `select a.id as n1, b.name as n2, b.note as x1 from app.a join app.b on b.a_id = a.id`,
		"inner join proves":       `select b.a_id as n1, b.note as x1 from app.a join app.b on b.a_id = a.id`,
		"using":                   `select id as n1, b.note as x1 from app.a join app.b using (id)`,
		"using left":              `select id as n1, b.name as x1 from app.a left join app.b using (id)`,
		"nested outer join":       `select a.id as n1, b.id as x1, c.id as x2 from app.a left join (app.b join app.a c on c.id = b.a_id) on b.a_id = a.id`,
		"where strict":            `select o as n1, oat as x1 from app.a where o > 1`,
		"where in":                `select o as n1 from app.a where o in (1, 2)`,
		"where in subquery":       `select o as n1 from app.a where o in (select id from app.b)`,
		"where is not null":       `select o as n1, oat as n2 from app.a where o is not null and oat is not null`,
		"where or":                `select o as x1, oat as x2 from app.a where o is not null or oat is not null`,
		"where or both":           `select o as n1 from app.a where (o > 3 and oat is null) or o < 1`,
		"where not":               `select o as n1 from app.a where not (o = 3)`,
		"where is null":           `select o as x1 from app.a where o is null`,
		"where proves expression": `select coalesce(o, b.a_id) as n1, o as x1 from app.a join app.b on b.id = a.id where coalesce(o, b.a_id) is not null`,
		"where undoes outer join": `select b.id as n1, b.name as n2, b.note as x1 from app.a left join app.b on b.a_id = a.id where b.id > 0`,
		"counts":                  `select count(*) as n1, count(o) as n2, sum(n) as x1, min(at) as x2, array_agg(n) as x3 from app.a`,
		"group by":                `select a.n as n1, o as x1, count(*) as n2, coalesce(sum(o), 0) as n3 from app.a group by 1, 2`,
		"grouping sets":           `select n as x1, id as x2, count(*) as n1 from app.a group by grouping sets ((n), (id))`,
		"window":                  `select row_number() over () as n1, rank() over (order by o) as n2, lag(n) over () as x1 from app.a`,
		"coalesce":                `select coalesce(o, n) as n1, coalesce(o, 0) as n2, coalesce(o, null) as x1 from app.a`,
		"greatest":                `select greatest(o, n) as n1, least(o, null) as x1 from app.a`,
		"case":                    `select case when o > 1 then 1 else 2 end as n1, case when ok then 1 end as x1, case o when 1 then n else o end as x2 from app.a`,
		"operators":               `select n + 1 as n1, n > 1 as n2, t || 'x' as n3, n + o as x1, not ok as n4, ok and o > 1 as x2, n in (1, 2) as n5, t like 'a%' as n6 from app.a`,
		"tests":                   `select o is null as n1, ok is true as n2, o is distinct from n as n3, exists (select from app.b) as n4 from app.a`,
		"casts":                   `select n::text as n1, at::date as n2, o::text as x1, t::varchar as n3, n::bigint as n4, date_trunc('month', at)::date as n5 from app.a`,
		"functions":               `select lower(t) as x1, extract(day from at) as x2, (at at time zone 'UTC')::date as x3, nullif(n, 1) as x4 from app.a`,
		"arrays":                  `select array[n] as n1, tags as n2, tags[1] as x1, array(select o from app.a) as n3 from app.a`,
		"json":                    `select to_jsonb(n) ->> 'a' as x1, '{}'::jsonb as n1 from app.a`,
		"now":                     `select current_date as n1, now() - at as x1 from app.a`,
		"subquery":                `select s.id as n1, s.c as n2, s.o as x1 from (select id, o, coalesce(o, 1) as c from app.a) s`,
		"scalar subquery":         `select (select count(*) from app.b) as n1, (select b.id from app.b limit 1) as x1, (select max(b.id) from app.b) as x2, (select count(*) from app.b group by a_id limit 1) as x3 from app.a`,
		"lateral":                 `select a.id as n1, l.c as n2, l.m as x1 from app.a cross join lateral (select count(*) as c, max(b.id) as m from app.b where b.a_id = a.id) l`,
		"left lateral":            `select l.c as x1 from app.a left join lateral (select count(*) as c from app.b where b.a_id = a.id) l on true`,
		"correlated outer value":  `select l.v as n1, l.w as x1 from app.a cross join lateral (select a.n as v, a.o as w) l`,
		"cte":                     `with c as (select id, o from app.a) select c.id as n1, c.o as x1 from c`,
		"cte used below":          `with c as (select id, o from app.a) select s.id as n1, s.o as x1 from (select * from c) s`,
		"recursive":               `with recursive r as (select id, 0 as depth, n from app.a union all select b.id, r.depth + 1, 1 from app.b join r on r.id = b.a_id) select id as n1, depth as x1, n as n2 from r`,
		"union":                   `select id as n1, o as x1, n as x2 from app.a union all select id, 1, null from app.b`,
		"union of three":          `select id as n1 from app.a union select id from app.b union select n from app.a`,
		"intersect":               `select o as n1 from app.a intersect select n from app.a`,
		"except":                  `select n as n1 from app.a except select o from app.a`,
		"values":                  `select v.a as n1, v.b as x1 from (values (1, 2), (3, null)) v (a, b)`,
		"generate_series":         `select g as n1 from generate_series(1, 3) g`,
		"unnest":                  `select u as x1, ord as n1 from app.a, unnest(tags) with ordinality as x(u, ord)`,
		"quoted text":             `select 'a (b) {c} :d \ "e" <>'::text as n1, id as "n 2", note as "x (1)" from app.b`,
	}
	var sql strings.Builder
	sql.WriteString(base)
	names := map[string]string{}
	i := 0
	for name, query := range views {
		i++
		view := "v_" + strings.ReplaceAll(name, " ", "_")
		names[view] = name
		sql.WriteString("create view public." + view + " as " + query + ";\n")
		sql.WriteString("create view public." + view + "_again as select * from public." + view + ";\n")
		sql.WriteString("create materialized view public." + view + "_kept as select * from public." + view + ";\n")
	}

	s := dump(t, sql.String())

	require.Len(t, s.Views, 3*len(views))
	for _, v := range s.Views {
		for _, c := range v.Columns {
			require.Equal(t, c.Name[0] == 'x', c.Nullable, "%s: column %s of\n%s", v.Name, c.Name, views[names[v.Name]])
		}
	}
}

func TestDumpOfRelations(t *testing.T) {
	s := dump(t, base+`
create view public.v_b as select id, name, note from app.b;
create view public.v_a as select id, at, tags, 1.5::numeric(10, 2) as num from app.a;
create view reporting.v_r as select id from app.a;
grant select on reporting.v_r to authenticated;
create table reporting.days (day date primary key, label text);
grant select on reporting.days to anon, authenticated;
create materialized view public.mv as select id from app.a;
revoke all on public.mv from anon, authenticated;
create view public.v_secret as select id from app.a;
revoke all on public.v_secret from anon, authenticated, service_role;
create view reporting.v_no_usage as select id from app.a;
grant select on reporting.v_no_usage to service_role;
create view app.v_elsewhere as select id from app.a;
`)
	every := []string{"anon", "authenticated", "service_role"}
	want := []View{
		{Schema: "public", Name: "mv", Kind: "materialized view", Select: []string{"service_role"}, Columns: []Column{{Name: "id", Type: "bigint"}}},
		{Schema: "public", Name: "v_a", Kind: "view", Select: every, Columns: []Column{
			{Name: "id", Type: "bigint"}, {Name: "at", Type: "timestamp with time zone"}, {Name: "tags", Type: "text[]"}, {Name: "num", Type: "numeric(10,2)"},
		}},
		{Schema: "public", Name: "v_b", Kind: "view", Select: every, Columns: []Column{
			{Name: "id", Type: "bigint"}, {Name: "name", Type: "text"}, {Name: "note", Type: "text", Nullable: true},
		}},
		{Schema: "reporting", Name: "days", Kind: "table", Select: []string{"anon", "authenticated"}, Columns: []Column{
			{Name: "day", Type: "date"}, {Name: "label", Type: "text", Nullable: true},
		}},
		{Schema: "reporting", Name: "v_r", Kind: "view", Select: []string{"authenticated"}, Columns: []Column{{Name: "id", Type: "bigint"}}},
	}
	require.Empty(t, cmp.Diff(want, s.Views))
}

func TestDumpOfFunctions(t *testing.T) {
	s := dump(t, base+`
create function public.rpc_b(p_id uuid, p_text text default 'a b', p_at timestamptz default null, p_j jsonb default '{}') returns void language sql as '';
create function public.rpc_a(p_x int) returns table (id uuid, label text) language sql stable as 'select null::uuid, null::text';
create function public.rpc_c() returns setof app.b language sql immutable as 'select null::app.b where false';
create function public.rpc_d(p_tags text[]) returns text[] language sql as 'select p_tags';
create function public.hidden() returns int language sql as 'select 1';
revoke execute on function public.hidden() from public;
create function public.served() returns int language sql as 'select 1';
revoke execute on function public.served() from public;
grant execute on function public.served() to service_role;
create function public.fires() returns trigger language plpgsql as 'begin return new; end';
create procedure public.proc() language sql as '';
create function reporting.meta() returns setof jsonb language sql stable as 'select null::jsonb';
create function app.elsewhere() returns int language sql as 'select 1';
create extension citext schema public;
`)
	every := []string{"anon", "authenticated", "service_role"}
	text := func(s string) *string { return &s }
	want := []Function{
		{Schema: "public", Name: "rpc_a", Volatility: "stable", Execute: every,
			Args:    []Arg{{Name: "p_x", Type: "integer", Required: true}},
			Returns: Returns{Kind: "table", Columns: []ResultColumn{{Name: "id", Type: "uuid"}, {Name: "label", Type: "text"}}}},
		{Schema: "public", Name: "rpc_b", Volatility: "volatile", Execute: every,
			Args: []Arg{
				{Name: "p_id", Type: "uuid", Required: true},
				{Name: "p_text", Type: "text", Default: text("'a b'::text")},
				{Name: "p_at", Type: "timestamp with time zone", Default: text("NULL::timestamp with time zone")},
				{Name: "p_j", Type: "jsonb", Default: text("'{}'::jsonb")},
			},
			Returns: Returns{Kind: "scalar", Type: "void"}},
		{Schema: "public", Name: "rpc_c", Volatility: "immutable", Execute: every, Returns: Returns{Kind: "setof", Type: "app.b"}},
		{Schema: "public", Name: "rpc_d", Volatility: "volatile", Execute: every,
			Args:    []Arg{{Name: "p_tags", Type: "text[]", Required: true}},
			Returns: Returns{Kind: "scalar", Type: "text[]"}},
		{Schema: "public", Name: "served", Volatility: "volatile", Execute: []string{"service_role"}, Returns: Returns{Kind: "scalar", Type: "integer"}},
		{Schema: "reporting", Name: "meta", Volatility: "stable", Execute: []string{"anon", "authenticated"}, Returns: Returns{Kind: "setof", Type: "jsonb"}},
	}
	require.Empty(t, cmp.Diff(want, s.Functions))
}

func TestDumpWithoutAPIRolesIsEmpty(t *testing.T) {
	// A role that does not exist holds no privilege, which is no error.
	s := dump(t, `create view public.v as select 1 as one; revoke all on schema public from public;`)
	require.Empty(t, s.IDs())
}

func TestReferenceBackendMatchesTheContract(t *testing.T) {
	want, err := ReadFile("../../contract/schema.json")
	require.NoError(t, err)
	files, err := filepath.Glob("../schema/*.sql")
	require.NoError(t, err)
	slices.Sort(files)
	files = append([]string{"../bootstrap.sql", "../auth/schema.sql", "../storage/schema.sql", "../services.sql"}, files...)
	var scripts []string
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		scripts = append(scripts, string(data))
	}

	got := dump(t, scripts...)

	have := got.IDs()
	covered := want.Filter(func(id string) bool { return slices.Contains(have, id) })
	var diff []string
	for _, c := range Diff(covered, got) {
		diff = append(diff, c.String())
	}
	require.Equal(t, saferThanThePlatform, diff)
	missing := slices.DeleteFunc(slices.Clone(builtSoFar), func(id string) bool { return slices.Contains(have, "public."+id) })
	require.Empty(t, missing, "objects that the reference backend must have")
}

// saferThanThePlatform are the differences on purpose: the platform shows this
// view, which has the places of all tenants, to everybody.
var saferThanThePlatform = []string{
	"view public.mv_location_summary: select service_role, was anon,authenticated,service_role",
}

// builtSoFar are the objects that the reference backend has, at least.
var builtSoFar = []string{
	"v_tenants", "v_permissions", "v_tenant_roles", "v_role_permissions", "v_user_tenant_roles", "v_profiles",
	"v_status_catalogs", "v_priority_catalogs", "v_maintenance_type_catalogs", "v_status_transitions", "v_departments",
	"v_audit_entity_changes", "v_audit_permission_changes", "v_audit_retention_configs",
	"v_work_orders", "v_work_order_time_entries",
	"rpc_create_tenant", "rpc_invite_user_to_tenant", "rpc_assign_role_to_user", "rpc_remove_member_from_tenant",
	"rpc_set_tenant_context", "rpc_clear_tenant_context", "rpc_replace_oauth_client_tenant_grants",
	"rpc_has_permission", "rpc_get_user_permissions", "rpc_assign_permission_to_role", "rpc_revoke_permission_from_role",
	"rpc_grant_scope", "rpc_revoke_scope",
	"rpc_create_status", "rpc_create_priority", "rpc_create_maintenance_type", "rpc_create_status_transition", "rpc_get_workflow_graph",
	"rpc_create_department", "rpc_update_department", "rpc_delete_department", "rpc_bulk_import_departments",
	"rpc_create_tenant_api_key", "rpc_list_tenant_api_keys", "rpc_revoke_tenant_api_key", "rpc_validate_tenant_api_key", "rpc_tenant_api_key_touch",
	"rpc_set_audit_retention_config", "rpc_claim_idempotency", "rpc_get_idempotency_resource",
	"rpc_create_work_order", "rpc_bulk_import_work_orders", "rpc_transition_work_order_status", "rpc_complete_work_order", "rpc_log_work_order_time",
	"rpc_acknowledge_work_order", "rpc_assign_work_order", "rpc_set_work_order_primary_supplier", "rpc_upsert_work_order_sla_rule",
	"v_work_order_sla_status", "v_work_orders_sla_open", "v_work_order_comms", "rpc_add_work_order_comms_event",
	"v_maintenance_requests", "v_my_maintenance_requests", "v_my_work_order_requests",
	"rpc_create_work_order_request", "rpc_create_maintenance_request", "rpc_convert_maintenance_request_to_work_order",
	"v_entity_attachments", "v_work_order_attachments", "v_asset_attachments", "v_location_attachments",
	"rpc_insert_attachment_storage_object", "rpc_register_entity_attachment", "rpc_update_entity_attachment_metadata",
	"v_my_notifications", "rpc_list_my_notifications", "rpc_mark_notifications_read", "rpc_upsert_notification_preference", "rpc_process_due_notifications",
	"v_schedule_blocks", "v_schedule_by_technician", "v_schedule_by_crew", "v_schedule_by_asset", "v_schedule_by_location", "v_work_order_assignments",
	"rpc_schedule_work_order", "rpc_update_schedule_block", "rpc_unschedule_work_order", "rpc_validate_schedule",
	"v_mobile_work_orders", "v_mobile_assets", "v_mobile_locations", "v_mobile_work_order_time_entries", "v_mobile_work_order_attachments",
	"v_mobile_work_order_check_ins", "v_mobile_work_order_notes",
	"rpc_mobile_sync", "rpc_start_work_order", "rpc_stop_work_order", "rpc_add_work_order_note",
	"v_tools", "v_tool_checkouts", "v_shift_handovers", "rpc_create_tool", "rpc_update_tool", "rpc_checkout_tool", "rpc_return_tool",
	"rpc_create_shift_handover", "rpc_add_shift_handover_item", "rpc_submit_shift_handover", "rpc_acknowledge_shift_handover",
	"v_locations", "v_assets", "rpc_create_location", "rpc_update_location", "rpc_delete_location", "rpc_create_asset", "rpc_update_asset", "rpc_delete_asset",
	"v_projects", "rpc_create_project", "rpc_update_project", "rpc_delete_project", "v_suppliers", "rpc_create_supplier", "rpc_upsert_work_order_vendor_cost", "v_pm_history",
	"v_technicians", "v_crews", "v_crew_members", "v_skill_catalogs", "v_technician_skills", "v_availability_patterns", "v_availability_overrides", "v_shifts",
	"rpc_create_technician", "rpc_update_technician", "rpc_create_crew", "rpc_update_crew", "rpc_delete_crew", "rpc_add_crew_member", "rpc_remove_crew_member",
	"v_certification_catalogs", "v_technician_certifications", "v_shift_templates", "v_technician_capacity", "v_work_order_labor_actuals",
	"rpc_check_shift_conflicts", "rpc_generate_shifts_from_templates",
	"v_parts", "v_parts_with_stock", "v_stock_by_location", "v_stock_levels", "v_inventory_locations", "v_part_reservations", "v_part_usage",
	"rpc_create_part", "rpc_update_part", "rpc_resolve_part_by_scan_code", "rpc_reserve_parts", "rpc_issue_parts_to_work_order",
	"v_work_order_costs", "v_asset_costs", "v_location_costs", "v_department_costs", "v_project_costs",
	"v_vendor_spend_by_supplier", "v_work_order_counts_by_primary_supplier", "v_asset_lifecycle_alerts",
	"rpc_cost_rollup", "rpc_asset_total_cost_of_ownership", "rpc_asset_lifecycle_alerts",
	"rpc_update_supplier", "v_supplier_contracts", "v_supplier_contract_rates",
	"rpc_create_supplier_contract", "rpc_update_supplier_contract", "rpc_add_supplier_contract_rate",
	"v_open_requisitions", "v_open_purchase_orders", "v_purchase_order_receipt_status",
	"rpc_create_purchase_requisition", "rpc_add_purchase_requisition_line", "rpc_update_purchase_requisition_line",
	"rpc_remove_purchase_requisition_line", "rpc_delete_purchase_requisition", "rpc_create_purchase_order", "rpc_receive_purchase_order",
	"v_location_hierarchy", "rpc_bulk_import_locations", "rpc_bulk_import_assets", "rpc_resolve_asset_by_scan_code",
	"v_spaces", "rpc_create_space", "rpc_update_space", "rpc_delete_space",
	"v_map_zones", "rpc_create_map_zone", "rpc_update_map_zone", "rpc_delete_map_zone",
	"v_asset_warranties", "rpc_upsert_asset_warranty", "rpc_record_asset_downtime",
	"v_asset_meters", "v_meter_readings", "rpc_create_meter", "rpc_update_meter", "rpc_delete_meter",
	"rpc_record_meter_reading", "rpc_record_meter_reading_automated",
	"v_pm_templates", "v_pm_template_checklist_items", "v_pm_schedules", "v_due_pms", "v_overdue_pms", "v_upcoming_pms",
	"rpc_create_pm_template", "rpc_update_pm_template", "rpc_create_pm_schedule", "rpc_update_pm_schedule",
	"rpc_delete_pm_schedule", "rpc_create_pm_dependency", "rpc_generate_due_pms", "rpc_process_due_pm_generation",
	"rpc_trigger_manual_pm",
	"v_plugins", "v_plugin_installations", "v_plugin_webhook_subscriptions", "v_plugin_delivery_queue_recent",
	"rpc_register_plugin", "rpc_install_plugin", "rpc_update_plugin_installation", "rpc_uninstall_plugin",
	"rpc_upsert_plugin_webhook_subscription", "rpc_delete_plugin_webhook_subscription", "rpc_plugin_ingest_webhook",
	"rpc_process_plugin_deliveries", "v_integration_external_ids", "v_outbound_integration_events",
	"rpc_upsert_integration_external_id", "rpc_delete_integration_external_id", "rpc_enqueue_integration_event",
}
