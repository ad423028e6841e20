-- reporting: dimensions and facts for analysis

create schema reporting;
grant usage on schema reporting to anon, authenticated;

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

-- An event belongs wholly to the month, in the session's time zone, in which it
-- began; one that has not ended counts until now.
create view reporting.v_asset_downtime_monthly with (security_invoker = true) as
select e.tenant_id, e.asset_id, date_trunc('month', e.started_at)::date as month_start,
  sum(extract(epoch from coalesce(e.ended_at, now()) - e.started_at) / 60) as downtime_minutes
from app.asset_downtime_events e
where e.tenant_id = (select authz.current_tenant_id())
  and e.tenant_id = any ((select authz.my_tenant_ids_with('downtime.view'))::uuid[])
group by e.tenant_id, e.asset_id, month_start;

-- ------------------------------------------------- views: maintenance schedules

-- Completed by the seventh day after the one it was due on, in UTC.
create view reporting.fact_pm_compliance with (security_invoker = true) as
select h.id as pm_history_id, h.tenant_id, h.pm_schedule_id, s.asset_id, l.site_id, h.scheduled_date, h.completed_date,
  h.completed_date is not null
    and (h.completed_date at time zone 'utc')::date <= (h.scheduled_date at time zone 'utc')::date + 7 as on_time,
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

-- ---------------------------------------------------------------- grants

revoke all on reporting.v_location_site, reporting.dim_location, reporting.dim_asset,
  reporting.v_asset_downtime_monthly, reporting.fact_pm_compliance, reporting.kpi_pm_compliance
  from public, anon, authenticated, service_role;
grant select on reporting.v_location_site, reporting.dim_location, reporting.dim_asset,
  reporting.v_asset_downtime_monthly, reporting.fact_pm_compliance, reporting.kpi_pm_compliance
  to anon, authenticated;
