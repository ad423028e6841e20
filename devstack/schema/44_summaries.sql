-- summaries: figures of all tenants as of the last refresh, which nothing schedules

-- ---------------------------------------------------- views: what is kept

-- The keys of the kept figures let a refresh run beside readers.

create materialized view public.mv_work_order_summary as
select w.tenant_id, w.status, w.priority, count(*) as count, count(w.assigned_to) as assigned_count,
  count(*) filter (where w.status not in ('completed', 'cancelled') and w.due_date < now()) as overdue_count,
  count(*) filter (where w.status in ('completed', 'cancelled')) as completed_count,
  count(*) filter (where w.created_at >= now() - interval '30 days') as created_last_30_days,
  avg(extract(epoch from w.completed_at - w.created_at) / 3600) as avg_completion_hours,
  min(w.created_at) as first_work_order_at, max(w.created_at) as last_work_order_at,
  max(w.updated_at) as last_updated_at
from app.work_orders w
group by w.tenant_id, w.status, w.priority;
create unique index on public.mv_work_order_summary (tenant_id, status, priority);

create materialized view public.mv_asset_summary as
select a.tenant_id, a.status, a.location_id, count(*) as count,
  count(*) filter (where a.status = 'active') as active_count,
  count(*) filter (where a.status <> 'active') as inactive_count,
  count(*) filter (where a.location_id is null) as unassigned_count,
  min(a.created_at) as first_asset_at, max(a.created_at) as last_asset_at, max(a.updated_at) as last_updated_at
from app.assets a
group by a.tenant_id, a.status, a.location_id;
create unique index on public.mv_asset_summary (tenant_id, status, location_id);

-- Every place with those above it, itself first. A place that is inside itself,
-- which no function makes, ends the walk.
create view app.location_ancestors as
with recursive above as (
  select l.tenant_id, l.id as location_id, l.id as ancestor_id, 0 as distance
  from app.locations l
  union all
  select a.tenant_id, a.location_id, l.parent_location_id, a.distance + 1
  from above a
  join app.locations l on l.tenant_id = a.tenant_id and l.id = a.ancestor_id
  where l.parent_location_id is not null
) cycle ancestor_id set is_cycle using path
select a.tenant_id, a.location_id, a.ancestor_id, a.distance
from above a
where not a.is_cycle;

-- What stands or happens directly at a place.
create materialized view public.mv_location_summary as
select l.tenant_id, l.id as location_id, l.name as location_name, l.parent_location_id, l.location_type,
  (select p.ancestor_id
   from app.location_ancestors p
   join app.locations s on s.id = p.ancestor_id and s.location_type = 'site'
   where p.location_id = l.id
   order by p.distance limit 1) as site_id,
  a.asset_count, a.active_asset_count, w.work_order_count, w.active_work_order_count, w.completed_work_order_count,
  w.last_work_order_activity_at, a.last_asset_activity_at
from app.locations l
cross join lateral (
  select count(*) as asset_count, count(*) filter (where a.status = 'active') as active_asset_count,
    max(a.updated_at) as last_asset_activity_at
  from app.assets a where a.tenant_id = l.tenant_id and a.location_id = l.id) a
cross join lateral (
  select count(*) as work_order_count,
    count(*) filter (where w.status not in ('completed', 'cancelled')) as active_work_order_count,
    count(*) filter (where w.status in ('completed', 'cancelled')) as completed_work_order_count,
    max(w.updated_at) as last_work_order_activity_at
  from app.work_orders w where w.tenant_id = l.tenant_id and w.location_id = l.id) w;
create unique index on public.mv_location_summary (location_id);

-- What stands or happens at a site or anywhere inside it. A site inside a site
-- counts in both.
create materialized view public.mv_site_summary as
with inside as materialized (
  select p.ancestor_id as site_id, p.location_id, l.location_type
  from app.location_ancestors p
  join app.locations l on l.id = p.location_id
), places as (
  select i.site_id, count(*) filter (where i.location_type = 'building') as building_count,
    count(*) filter (where i.location_type = 'floor') as floor_count,
    count(*) filter (where i.location_type = 'room') as room_count,
    count(*) filter (where i.location_type = 'zone') as zone_count
  from inside i
  group by i.site_id
), assets as (
  select i.site_id, count(*) as n, count(*) filter (where a.status = 'active') as active
  from inside i
  join app.assets a on a.location_id = i.location_id
  group by i.site_id
), orders as (
  select i.site_id, count(*) as n, count(*) filter (where w.status not in ('completed', 'cancelled')) as active
  from inside i
  join app.work_orders w on w.location_id = i.location_id
  group by i.site_id
)
select s.id as site_id, s.tenant_id, s.name as site_name, s.location_type, s.code as site_code,
  coalesce(p.building_count, 0) as building_count, coalesce(p.floor_count, 0) as floor_count,
  coalesce(p.room_count, 0) as room_count, coalesce(p.zone_count, 0) as zone_count,
  coalesce(a.n, 0) as asset_count, coalesce(a.active, 0) as active_asset_count,
  coalesce(w.n, 0) as work_order_count, coalesce(w.active, 0) as active_work_order_count
from app.locations s
left join places p on p.site_id = s.id
left join assets a on a.site_id = s.id
left join orders w on w.site_id = s.id
where s.location_type = 'site';
create unique index on public.mv_site_summary (site_id);

create materialized view public.mv_tenant_overview as
select t.id as tenant_id, t.name as tenant_name, t.slug, m.member_count, l.location_count, a.asset_count,
  w.work_order_count, w.active_work_order_count, w.overdue_work_order_count, w.first_work_order_at,
  w.last_work_order_at, t.created_at as tenant_created_at
from app.tenants t
cross join lateral (select count(*) as member_count from app.tenant_memberships m where m.tenant_id = t.id) m
cross join lateral (select count(*) as location_count from app.locations l where l.tenant_id = t.id) l
cross join lateral (select count(*) as asset_count from app.assets a where a.tenant_id = t.id) a
cross join lateral (
  select count(*) as work_order_count,
    count(*) filter (where w.status not in ('completed', 'cancelled')) as active_work_order_count,
    count(*) filter (where w.status not in ('completed', 'cancelled') and w.due_date < now()) as overdue_work_order_count,
    min(w.created_at) as first_work_order_at, max(w.created_at) as last_work_order_at
  from app.work_orders w where w.tenant_id = t.id) w;
create unique index on public.mv_tenant_overview (tenant_id);

-- ------------------------------------------------- views: what a tenant sees

-- They run with their owner's rights, since what is kept has no policies, and
-- show the current tenant to its members: to everyone of them, whatever work
-- orders they see elsewhere.

create view public.v_work_orders_summary as
select s.tenant_id, s.status, s.priority, s.count, s.assigned_count, s.overdue_count, s.completed_count,
  s.created_last_30_days, s.avg_completion_hours, s.first_work_order_at, s.last_work_order_at, s.last_updated_at
from public.mv_work_order_summary s
where s.tenant_id = (select authz.current_tenant_id()) and s.tenant_id = any ((select authz.my_tenant_ids())::uuid[]);

create view public.v_assets_summary as
select s.tenant_id, s.status, s.location_id, s.count, s.active_count, s.inactive_count, s.unassigned_count,
  s.first_asset_at, s.last_asset_at, s.last_updated_at
from public.mv_asset_summary s
where s.tenant_id = (select authz.current_tenant_id()) and s.tenant_id = any ((select authz.my_tenant_ids())::uuid[]);

create view public.v_locations_summary as
select s.tenant_id, s.location_id, s.location_name, s.parent_location_id, s.location_type, s.site_id, s.asset_count,
  s.active_asset_count, s.work_order_count, s.active_work_order_count, s.completed_work_order_count,
  s.last_work_order_activity_at, s.last_asset_activity_at
from public.mv_location_summary s
where s.tenant_id = (select authz.current_tenant_id()) and s.tenant_id = any ((select authz.my_tenant_ids())::uuid[]);

create view public.v_tenants_overview as
select s.tenant_id, s.tenant_name, s.slug, s.member_count, s.location_count, s.asset_count, s.work_order_count,
  s.active_work_order_count, s.overdue_work_order_count, s.first_work_order_at, s.last_work_order_at,
  s.tenant_created_at
from public.mv_tenant_overview s
where s.tenant_id = (select authz.current_tenant_id()) and s.tenant_id = any ((select authz.my_tenant_ids())::uuid[]);

create view public.v_site_rollup as
select s.site_id, s.tenant_id, s.site_name, s.location_type, s.site_code, s.building_count, s.floor_count,
  s.room_count, s.zone_count, s.asset_count, s.active_asset_count, s.work_order_count, s.active_work_order_count
from public.mv_site_summary s
where s.tenant_id = (select authz.current_tenant_id()) and s.tenant_id = any ((select authz.my_tenant_ids())::uuid[]);

create view public.v_portfolio_overview as
select t.tenant_id, t.tenant_name, t.slug, t.member_count, t.location_count, t.asset_count, t.work_order_count,
  t.active_work_order_count, t.overdue_work_order_count, t.first_work_order_at, t.last_work_order_at,
  t.tenant_created_at, s.site_id, s.site_name, s.site_code, s.building_count, s.floor_count, s.room_count,
  s.zone_count, s.asset_count as site_asset_count, s.active_asset_count as site_active_asset_count,
  s.work_order_count as site_work_order_count, s.active_work_order_count as site_active_work_order_count
from public.mv_tenant_overview t
left join public.mv_site_summary s on s.tenant_id = t.tenant_id
where t.tenant_id = (select authz.current_tenant_id()) and t.tenant_id = any ((select authz.my_tenant_ids())::uuid[]);

-- ---------------------------------------------------------------- functions

-- Anybody may call it, and it renews the figures of all tenants.
create function public.refresh_analytics_views() returns void
language plpgsql security definer set search_path = '' as $$
begin
  refresh materialized view concurrently public.mv_work_order_summary;
  refresh materialized view concurrently public.mv_asset_summary;
  refresh materialized view concurrently public.mv_location_summary;
  refresh materialized view concurrently public.mv_site_summary;
  refresh materialized view concurrently public.mv_tenant_overview;
end $$;

-- The same, whatever the tenant.
create function public.refresh_tenant_analytics(p_tenant_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform public.refresh_analytics_views();
end $$;

-- ---------------------------------------------------------------- grants

revoke all on app.location_ancestors from public, anon, authenticated, service_role;

revoke all on public.mv_work_order_summary, public.mv_asset_summary, public.mv_location_summary,
  public.mv_site_summary, public.mv_tenant_overview from public, anon, authenticated, service_role;
grant select on public.mv_work_order_summary, public.mv_asset_summary, public.mv_location_summary,
  public.mv_site_summary, public.mv_tenant_overview to service_role;
-- Nobody can write what is kept: who tries is told so (42809).
grant insert, update, delete on public.mv_work_order_summary, public.mv_asset_summary, public.mv_location_summary,
  public.mv_site_summary, public.mv_tenant_overview to anon, authenticated, service_role;

revoke all on public.v_work_orders_summary, public.v_assets_summary, public.v_locations_summary,
  public.v_tenants_overview, public.v_site_rollup, public.v_portfolio_overview
  from public, anon, authenticated, service_role;
grant select on public.v_work_orders_summary, public.v_assets_summary, public.v_locations_summary,
  public.v_tenants_overview, public.v_site_rollup, public.v_portfolio_overview to anon, authenticated, service_role;

revoke execute on function public.refresh_analytics_views, public.refresh_tenant_analytics from public;
grant execute on function public.refresh_analytics_views, public.refresh_tenant_analytics
  to anon, authenticated, service_role;
