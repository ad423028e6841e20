-- dashboard: how the work of the current tenant stands at this moment

-- ---------------------------------------------------------------- views

-- Hours from the creation of a work order to its completion.
create view app.work_order_progress with (security_invoker = true) as
select w.id, w.tenant_id, w.status, w.priority, w.maintenance_type, w.assigned_to, w.due_date, w.created_at,
  w.completed_at, w.status not in ('completed', 'cancelled') as is_open,
  w.status not in ('completed', 'cancelled') and (w.due_date < now()) is true as is_overdue,
  extract(epoch from w.completed_at - w.created_at) / 3600 as completion_hours
from app.work_orders w
where w.tenant_id = (select authz.current_tenant_id());

create view public.v_dashboard_metrics with (security_invoker = true) as
select t.id as tenant_id, t.name as tenant_name,
  (select count(*) from app.work_order_progress p where p.is_open) as open_count,
  (select count(*) from app.work_order_progress p where p.is_overdue) as overdue_count,
  (select count(*) from app.work_order_progress p
   where p.status = 'completed' and p.completed_at >= now() - interval '30 days') as completed_last_30_days,
  (select avg(p.completion_hours) from app.work_order_progress p
   where p.status = 'completed' and p.completed_at >= now() - interval '90 days') as mttr_hours,
  (select count(*) from app.assets a where a.tenant_id = t.id) as total_assets,
  (select count(*) from app.assets a where a.tenant_id = t.id and a.status = 'active') as active_assets,
  (select count(*) from app.locations l where l.tenant_id = t.id) as total_locations
from app.tenants t
where t.id = (select authz.current_tenant_id());

create view public.v_dashboard_mttr_metrics with (security_invoker = true) as
select p.tenant_id, count(*) as completed_count, avg(p.completion_hours) as mttr_hours,
  avg(p.completion_hours) / 24 as mttr_days, min(p.completion_hours) as min_completion_hours,
  max(p.completion_hours) as max_completion_hours,
  percentile_cont(0.5) within group (order by p.completion_hours) as median_completion_hours,
  avg(labor.minutes) as avg_labor_minutes, sum(labor.minutes) as total_labor_minutes
from app.work_order_progress p
cross join lateral (
  select sum(e.minutes) as minutes from app.work_order_time_entries e where e.work_order_id = p.id) labor
where p.status = 'completed' and p.completed_at >= now() - interval '90 days'
group by p.tenant_id;

create view public.v_dashboard_open_work_orders with (security_invoker = true) as
select w.id, w.tenant_id, w.title, w.description, w.status, w.priority, w.assigned_to, w.location_id, w.asset_id,
  w.maintenance_type, w.due_date, w.created_at, w.updated_at, labor.minutes as total_labor_minutes
from app.work_orders w
cross join lateral (
  select coalesce(sum(e.minutes), 0) as minutes
  from app.work_order_time_entries e where e.work_order_id = w.id) labor
where w.tenant_id = (select authz.current_tenant_id()) and w.status not in ('completed', 'cancelled')
order by array_position(array['critical', 'high', 'medium', 'low'], w.priority), w.due_date, w.created_at desc;

create view public.v_dashboard_overdue_work_orders with (security_invoker = true) as
select w.id, w.tenant_id, w.title, w.description, w.status, w.priority, w.assigned_to, w.location_id, w.asset_id,
  w.maintenance_type, w.due_date, w.created_at, w.updated_at, labor.minutes as total_labor_minutes,
  extract(epoch from now() - w.due_date) / 86400 as days_overdue
from app.work_orders w
cross join lateral (
  select coalesce(sum(e.minutes), 0) as minutes
  from app.work_order_time_entries e where e.work_order_id = w.id) labor
where w.tenant_id = (select authz.current_tenant_id()) and w.status not in ('completed', 'cancelled')
  and w.due_date < now()
order by w.due_date, array_position(array['critical', 'high', 'medium', 'low'], w.priority);

create view public.v_dashboard_work_orders_by_status with (security_invoker = true) as
select p.status, count(*) as count, count(p.assigned_to) as assigned_count,
  count(*) filter (where p.is_overdue) as overdue_count, avg(p.completion_hours) as avg_completion_hours,
  min(p.created_at) as first_created_at, max(p.created_at) as last_created_at
from app.work_order_progress p
group by p.status
order by array_position(array['draft', 'assigned', 'in_progress', 'completed', 'cancelled'], p.status);

-- Work orders without a type are left out; labor is that of all others.
create view public.v_dashboard_work_orders_by_maintenance_type with (security_invoker = true) as
select p.maintenance_type, m.category, count(*) as count, count(*) filter (where p.is_open) as open_count,
  count(*) filter (where p.status = 'completed') as completed_count, count(*) filter (where p.is_overdue) as overdue_count,
  avg(p.completion_hours) as avg_completion_hours, sum(labor.minutes) as total_labor_minutes,
  avg(labor.minutes) as avg_labor_minutes
from app.work_order_progress p
left join cfg.maintenance_type_catalogs m
  on m.tenant_id = p.tenant_id and m.entity_type = 'work_order' and m.key = p.maintenance_type
cross join lateral (
  select coalesce(sum(e.minutes), 0) as minutes
  from app.work_order_time_entries e where e.work_order_id = p.id) labor
where p.maintenance_type is not null
group by p.maintenance_type, m.category
order by m.category, p.maintenance_type;

-- ---------------------------------------------------------------- grants

grant select on app.work_order_progress to anon, authenticated;

revoke all on public.v_dashboard_metrics, public.v_dashboard_mttr_metrics, public.v_dashboard_open_work_orders,
  public.v_dashboard_overdue_work_orders, public.v_dashboard_work_orders_by_status,
  public.v_dashboard_work_orders_by_maintenance_type from public, anon, authenticated, service_role;
grant select on public.v_dashboard_metrics, public.v_dashboard_mttr_metrics, public.v_dashboard_open_work_orders,
  public.v_dashboard_overdue_work_orders, public.v_dashboard_work_orders_by_status,
  public.v_dashboard_work_orders_by_maintenance_type to anon, authenticated, service_role;
