-- reporting: dimensions and facts for analysis

-- Days and months are those of the session's time zone, which is UTC unless the
-- request asks for another one.

create schema reporting;
grant usage on schema reporting to anon, authenticated;

-- ---------------------------------------------------------------- tables

-- The days of a calendar that goes far enough, for every caller.
create table reporting.dim_time (
  date        date primary key,
  year        smallint not null,
  quarter     smallint not null,
  month       smallint not null,
  week        smallint not null, -- ISO
  day_of_week smallint not null, -- 0 is Sunday
  is_weekend  boolean not null,
  year_month  text not null,
  year_week   text not null -- the ISO year and week
);
insert into reporting.dim_time
select d, extract(year from d), extract(quarter from d), extract(month from d), extract(week from d), extract(dow from d),
  extract(dow from d) in (0, 6), to_char(d, 'YYYY-MM'), to_char(d, 'IYYY-IW')
from generate_series('2020-01-01'::timestamp, '2031-12-31', '1 day') d;

alter table reporting.dim_time enable row level security;
create policy dim_time_read on reporting.dim_time for select to anon, authenticated
  using (true);

-- ---------------------------------------------------------------- views: tenant

create view reporting.dim_tenant with (security_invoker = true) as
select t.id as tenant_id, t.name as tenant_name, t.slug
from app.tenants t
where t.id = (select authz.current_tenant_id());

create view reporting.dim_department with (security_invoker = true) as
select d.id as department_id, d.tenant_id, d.name as department_name, d.code as department_code
from app.departments d
where d.tenant_id = (select authz.current_tenant_id());

-- ---------------------------------------------------------------- views: places

-- The site of a place is the nearest one above it, or itself. Regions, and places
-- with no site above, have none.
create view reporting.v_location_site with (security_invoker = true) as
with recursive places as (
  select l.id, l.tenant_id, case when l.location_type = 'site' then l.id end as site_id,
    case when l.location_type = 'site' then l.name end as site_name
  from app.locations l
  where l.tenant_id = (select authz.current_tenant_id()) and l.parent_location_id is null
  union all
  select l.id, l.tenant_id, case when l.location_type = 'site' then l.id else p.site_id end,
    case when l.location_type = 'site' then l.name else p.site_name end
  from places p
  join app.locations l on l.tenant_id = p.tenant_id and l.parent_location_id = p.id
)
select p.id as location_id, p.tenant_id, p.site_id, p.site_name
from places p;

create view reporting.dim_location with (security_invoker = true) as
select l.id as location_id, l.tenant_id, l.name as location_name, l.location_type, l.code, l.parent_location_id,
  s.site_id, s.site_name
from app.locations l
left join reporting.v_location_site s on s.location_id = l.id
where l.tenant_id = (select authz.current_tenant_id());

-- ---------------------------------------------------------------- views: assets

create view reporting.dim_asset with (security_invoker = true) as
select a.id as asset_id, a.tenant_id, a.name as asset_name, a.asset_number, a.location_id, a.department_id,
  a.status as asset_status, s.site_id, s.site_name
from app.assets a
left join reporting.v_location_site s on s.location_id = a.location_id
where a.tenant_id = (select authz.current_tenant_id());

-- An event belongs wholly to the month in which it began; one that has not ended
-- counts until now.
create view reporting.v_asset_downtime_monthly with (security_invoker = true) as
select e.tenant_id, e.asset_id, date_trunc('month', e.started_at)::date as month_start,
  sum(extract(epoch from coalesce(e.ended_at, now()) - e.started_at) / 60) as downtime_minutes
from app.asset_downtime_events e
where e.tenant_id = (select authz.current_tenant_id())
  and e.tenant_id = any ((select authz.my_tenant_ids_with('downtime.view'))::uuid[])
group by e.tenant_id, e.asset_id, month_start;

-- ------------------------------------------------- views: maintenance schedules

-- Completed by the seventh day after the one it was due on.
create view reporting.fact_pm_compliance with (security_invoker = true) as
select h.id as pm_history_id, h.tenant_id, h.pm_schedule_id, s.asset_id, l.site_id, h.scheduled_date, h.completed_date,
  h.completed_date is not null
    and h.completed_date::date <= h.scheduled_date::date + 7 as on_time,
  h.actual_hours, h.cost
from app.pm_history h
join app.pm_schedules s on s.id = h.pm_schedule_id
left join app.assets a on a.id = s.asset_id
left join reporting.v_location_site l on l.location_id = a.location_id
where h.tenant_id = (select authz.current_tenant_id());

create view reporting.kpi_pm_compliance with (security_invoker = true) as
select f.tenant_id, f.site_id, f.asset_id, date_trunc('month', f.scheduled_date)::date as period_month,
  count(*) as total_scheduled, count(f.completed_date) as completed_count,
  count(*) filter (where f.on_time) as on_time_count,
  100.0 * count(*) filter (where f.on_time) / nullif(count(f.completed_date), 0) as on_time_pct
from reporting.fact_pm_compliance f
group by f.tenant_id, f.site_id, f.asset_id, period_month;

-- ---------------------------------------------------------- views: work orders

-- The site is that of the work order's place, else of its asset's.
create view reporting.fact_work_orders with (security_invoker = true) as
select w.id as work_order_id, w.tenant_id, w.location_id, w.asset_id, a.department_id,
  coalesce(own.site_id, its.site_id) as site_id, w.created_at, w.completed_at, w.created_at::date as created_date,
  w.completed_at::date as completed_date, w.status, w.priority, w.maintenance_type, w.pm_schedule_id, w.project_id,
  extract(epoch from w.completed_at - w.created_at) / 3600 as duration_hours, labor.minutes as total_labor_minutes,
  c.labor_cents as total_labor_cost_cents, c.parts_cents as total_parts_cost_cents,
  c.vendor_cents as total_vendor_cost_cents
from app.work_orders w
join public.v_work_order_costs c on c.work_order_id = w.id
left join app.assets a on a.id = w.asset_id
left join reporting.v_location_site own on own.location_id = w.location_id
left join reporting.v_location_site its on its.location_id = a.location_id
cross join lateral (
  select coalesce(sum(e.minutes), 0) as minutes
  from app.work_order_time_entries e where e.work_order_id = w.id) labor
where w.tenant_id = (select authz.current_tenant_id());

create view reporting.fact_labor with (security_invoker = true) as
select e.id as time_entry_id, e.work_order_id, e.tenant_id, e.technician_id, e.user_id, e.entry_date, e.minutes,
  e.labor_cost_cents, w.location_id, w.asset_id, a.department_id, coalesce(own.site_id, its.site_id) as site_id
from app.work_order_time_entries e
join app.work_orders w on w.id = e.work_order_id
left join app.assets a on a.id = w.asset_id
left join reporting.v_location_site own on own.location_id = w.location_id
left join reporting.v_location_site its on its.location_id = a.location_id
where e.tenant_id = (select authz.current_tenant_id());

create view reporting.fact_parts with (security_invoker = true) as
select p.id as work_order_parts_id, p.work_order_id, p.tenant_id, w.created_at::date as entry_date,
  p.quantity::numeric as quantity, coalesce(p.unit_cost_cents, 0) as unit_cost_cents,
  coalesce(p.total_cost_cents, 0) as total_cost_cents, w.location_id, w.asset_id, a.department_id,
  coalesce(own.site_id, its.site_id) as site_id
from app.work_order_parts p
join app.work_orders w on w.id = p.work_order_id
left join app.assets a on a.id = w.asset_id
left join reporting.v_location_site own on own.location_id = w.location_id
left join reporting.v_location_site its on its.location_id = a.location_id
where p.tenant_id = (select authz.current_tenant_id());

-- What failed: work that was done without a maintenance type, or with a type
-- whose key is reactive. No type that a tenant begins with has that key.
create view reporting.fact_downtime_incidents with (security_invoker = true) as
select f.work_order_id, f.tenant_id, f.asset_id, f.location_id, f.site_id, f.created_at, f.completed_at,
  f.duration_hours, f.total_labor_minutes
from reporting.fact_work_orders f
where f.status = 'completed' and f.completed_at is not null
  and (f.maintenance_type is null or f.maintenance_type = 'reactive');

create view reporting.kpi_mttr with (security_invoker = true) as
select f.tenant_id, f.site_id, f.asset_id, f.department_id, date_trunc('month', f.completed_at)::date as period_month,
  count(*) as completed_count, avg(f.duration_hours) as mttr_hours, avg(f.duration_hours) / 24 as mttr_days,
  sum(f.total_labor_minutes) as total_labor_minutes
from reporting.fact_work_orders f
where f.status = 'completed' and f.completed_at is not null and f.completed_date >= current_date - 365
group by f.tenant_id, f.site_id, f.asset_id, f.department_id, period_month;

-- From one failure of an asset to the next: one gap less than there are failures.
create view reporting.kpi_mtbf with (security_invoker = true) as
with gaps as (
  select f.tenant_id, f.site_id, f.asset_id,
    extract(epoch from f.completed_at - lag(f.completed_at) over (
      partition by f.tenant_id, f.asset_id order by f.completed_at)) / 3600 as hours
  from reporting.fact_downtime_incidents f
  where f.asset_id is not null
)
select g.tenant_id, g.site_id, g.asset_id, count(*) as failure_count, avg(g.hours) as mtbf_hours,
  avg(g.hours) / 24 as mtbf_days
from gaps g
where g.hours > 0
group by g.tenant_id, g.site_id, g.asset_id;

create view reporting.kpi_backlog with (security_invoker = true) as
select f.tenant_id, f.site_id, f.department_id, f.priority, count(*) as open_count,
  count(*) filter (where w.due_date < now()) as overdue_count
from reporting.fact_work_orders f
join app.work_orders w on w.id = f.work_order_id
where f.status not in ('completed', 'cancelled')
group by f.tenant_id, f.site_id, f.department_id, f.priority;

-- Of the days on which a shift of a technician begins. Time that names no
-- technician, as all that is logged through the API, is nobody's.
create view reporting.kpi_utilization with (security_invoker = true) as
select c.tenant_id, c.technician_id, c.shift_date as period_date, c.scheduled_minutes, labor.minutes as actual_minutes,
  100.0 * labor.minutes / nullif(c.scheduled_minutes, 0) as utilization_pct
from public.v_technician_capacity c
cross join lateral (
  select coalesce(sum(e.minutes), 0) as minutes
  from app.work_order_time_entries e
  where e.tenant_id = c.tenant_id and e.technician_id = c.technician_id and e.entry_date = c.shift_date) labor;

-- ---------------------------------------------------------------- functions

-- What there is to read in this schema.
create function reporting.get_analytics_metadata()
returns table (object_schema text, object_name text, object_kind text, description text)
language plpgsql stable set search_path = '' as $$
begin
  return query
    select 'reporting'::text, c.relname::text, case c.relkind when 'v' then 'view' else 'table' end,
      coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '')
    from pg_catalog.pg_class c
    where c.relnamespace = 'reporting'::regnamespace and c.relkind in ('v', 'r')
    order by c.relname;
end $$;

-- ---------------------------------------------------------------- grants

revoke all on reporting.dim_time, reporting.dim_tenant, reporting.dim_department, reporting.dim_location, reporting.dim_asset,
  reporting.fact_work_orders, reporting.fact_labor, reporting.fact_parts, reporting.fact_downtime_incidents,
  reporting.fact_pm_compliance, reporting.kpi_mttr, reporting.kpi_mtbf, reporting.kpi_pm_compliance,
  reporting.kpi_utilization, reporting.kpi_backlog, reporting.v_asset_downtime_monthly, reporting.v_location_site
  from public, anon, authenticated, service_role;
grant select on reporting.dim_time, reporting.dim_tenant, reporting.dim_department, reporting.dim_location, reporting.dim_asset,
  reporting.fact_work_orders, reporting.fact_labor, reporting.fact_parts, reporting.fact_downtime_incidents,
  reporting.fact_pm_compliance, reporting.kpi_mttr, reporting.kpi_mtbf, reporting.kpi_pm_compliance,
  reporting.kpi_utilization, reporting.kpi_backlog, reporting.v_asset_downtime_monthly, reporting.v_location_site
  to anon, authenticated;

revoke execute on function reporting.get_analytics_metadata from public;
grant execute on function reporting.get_analytics_metadata to anon, authenticated;
