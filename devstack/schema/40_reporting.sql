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

-- An event belongs wholly to the month, in UTC, in which it began; one that has
-- not ended counts until now.
create view reporting.v_asset_downtime_monthly with (security_invoker = true) as
select e.tenant_id, e.asset_id, date_trunc('month', e.started_at at time zone 'utc')::date as month_start,
  sum(extract(epoch from coalesce(e.ended_at, now()) - e.started_at) / 60) as downtime_minutes
from app.asset_downtime_events e
where e.tenant_id = (select authz.current_tenant_id())
  and e.tenant_id = any ((select authz.my_tenant_ids_with('downtime.view'))::uuid[])
group by e.tenant_id, e.asset_id, month_start;

-- ---------------------------------------------------------------- grants

revoke all on reporting.v_location_site, reporting.dim_location, reporting.dim_asset,
  reporting.v_asset_downtime_monthly from public, anon, authenticated, service_role;
grant select on reporting.v_location_site, reporting.dim_location, reporting.dim_asset,
  reporting.v_asset_downtime_monthly to anon, authenticated;
