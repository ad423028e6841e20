-- cost reports: what work orders cost, summed up along what they are for

-- ---------------------------------------------------------------- tables

-- Cost lines of parts. No RPC writes them, and issuing parts from the stock adds
-- none.
create table app.work_order_parts (
  id               uuid primary key default gen_random_uuid(),
  tenant_id        uuid not null references app.tenants on delete cascade,
  work_order_id    uuid not null,
  part_number      text,
  description      text,
  quantity         numeric(18,4) not null default 1 check (quantity > 0),
  unit_cost_cents  integer check (unit_cost_cents between 0 and 10000000),
  total_cost_cents integer check (total_cost_cents between 0 and 10000000),
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  foreign key (tenant_id, work_order_id) references app.work_orders (tenant_id, id) on delete cascade
);
create index on app.work_order_parts (tenant_id, work_order_id);

-- ---------------------------------------------------------------- policies

alter table app.work_order_parts enable row level security;
create policy work_order_parts_read on app.work_order_parts for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_work_order_costs with (security_invoker = true) as
select w.id as work_order_id, w.tenant_id, labor.cents as labor_cents, parts.cents as parts_cents,
  vendor.cents as vendor_cents, labor.cents + parts.cents + vendor.cents as total_cents
from app.work_orders w
cross join lateral (
  select coalesce(sum(e.labor_cost_cents::bigint), 0) as cents
  from app.work_order_time_entries e where e.work_order_id = w.id) labor
cross join lateral (
  select coalesce(sum(p.total_cost_cents), 0) as cents
  from app.work_order_parts p where p.tenant_id = w.tenant_id and p.work_order_id = w.id) parts
cross join lateral (
  select coalesce(sum(c.amount_cents), 0) as cents
  from app.work_order_vendor_costs c where c.tenant_id = w.tenant_id and c.work_order_id = w.id) vendor
where w.tenant_id = (select authz.current_tenant_id());

create view public.v_asset_costs with (security_invoker = true) as
select w.asset_id, w.tenant_id, sum(c.labor_cents) as labor_cents, sum(c.parts_cents) as parts_cents,
  sum(c.vendor_cents) as vendor_cents, sum(c.total_cents) as total_cents, count(*) as work_order_count
from public.v_work_order_costs c
join app.work_orders w on w.id = c.work_order_id
where w.asset_id is not null
group by w.asset_id, w.tenant_id;

-- By the work order's own location; what is below it is not added.
create view public.v_location_costs with (security_invoker = true) as
select w.location_id, w.tenant_id, sum(c.labor_cents) as labor_cents, sum(c.parts_cents) as parts_cents,
  sum(c.vendor_cents) as vendor_cents, sum(c.total_cents) as total_cents, count(*) as work_order_count
from public.v_work_order_costs c
join app.work_orders w on w.id = c.work_order_id
where w.location_id is not null
group by w.location_id, w.tenant_id;

-- By the department that the asset belongs to now.
create view public.v_department_costs with (security_invoker = true) as
select a.department_id, w.tenant_id, sum(c.labor_cents) as labor_cents, sum(c.parts_cents) as parts_cents,
  sum(c.vendor_cents) as vendor_cents, sum(c.total_cents) as total_cents, count(*) as work_order_count
from public.v_work_order_costs c
join app.work_orders w on w.id = c.work_order_id
join app.assets a on a.id = w.asset_id
where a.department_id is not null
group by a.department_id, w.tenant_id;

create view public.v_project_costs with (security_invoker = true) as
select w.project_id, w.tenant_id, sum(c.labor_cents) as labor_cents, sum(c.parts_cents) as parts_cents,
  sum(c.vendor_cents) as vendor_cents, sum(c.total_cents) as total_cents, count(*) as work_order_count
from public.v_work_order_costs c
join app.work_orders w on w.id = c.work_order_id
where w.project_id is not null
group by w.project_id, w.tenant_id;

-- Shows all of the tenant's spend to every member.
create view public.v_vendor_spend_by_supplier with (security_invoker = true) as
select c.tenant_id, c.supplier_id, coalesce(s.name, 'unknown') as supplier_name,
  sum(c.amount_cents) as total_amount_cents, count(*) as cost_line_count
from app.work_order_vendor_costs c
left join app.suppliers s on s.id = c.supplier_id
where c.tenant_id = (select authz.current_tenant_id()) and c.supplier_id is not null
group by c.tenant_id, c.supplier_id, s.name;

create view public.v_work_order_counts_by_primary_supplier with (security_invoker = true) as
select w.tenant_id, w.primary_supplier_id as supplier_id, coalesce(s.name, 'unknown') as supplier_name,
  count(*) as work_order_count, count(*) filter (where t.is_final) as final_status_count,
  count(*) filter (where not t.is_final) as non_final_status_count
from app.work_orders w
join cfg.status_catalogs t on t.tenant_id = w.tenant_id and t.entity_type = 'work_order' and t.key = w.status
left join app.suppliers s on s.id = w.primary_supplier_id
where w.tenant_id = (select authz.current_tenant_id()) and w.primary_supplier_id is not null
group by w.tenant_id, w.primary_supplier_id, s.name;

-- What comes to an end within a year from today, at most once per asset and kind:
-- of the warranties the first that ends.
create view app.asset_lifecycle_alerts with (security_invoker = true) as
select a.id as asset_id, a.tenant_id, d.alert_type, d.reference_date, d.reference_date - current_date as days_until
from app.assets a
cross join lateral (
  select 'warranty_expiring' as alert_type, coalesce(
    (select min(w.expires_on) from app.asset_warranties w
     where w.tenant_id = a.tenant_id and w.asset_id = a.id and w.is_active
       and w.expires_on between current_date and current_date + 365),
    a.warranty_expires_at) as reference_date
  union all
  select 'eol_approaching', a.end_of_life_estimate
  union all
  select 'contract_expiring', a.service_contract_expires_at
  union all
  select 'planned_replacement_due', a.planned_replacement_date) d
where (d.reference_date - current_date between 0 and 365) is true;

create view public.v_asset_lifecycle_alerts with (security_invoker = true) as
select a.asset_id, a.tenant_id, a.alert_type, a.reference_date, a.days_until
from app.asset_lifecycle_alerts a
where a.tenant_id = (select authz.current_tenant_id());

-- ---------------------------------------------------------------- functions

-- What no RPC says of an asset's life is written through v_assets.
create function app.check_asset_life() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if authz.user_id() is not null and new.tenant_id <> all (authz.my_tenant_ids_to_write('asset.edit')) then
    raise exception using errcode = '42501', message = 'permission asset.edit required';
  end if;
  return new;
end $$;

create trigger check_life
  before update of commissioned_at, decommissioned_at, end_of_life_estimate, service_contract_expires_at,
    planned_replacement_date, replaced_by_asset_id, replacement_of_asset_id on app.assets
  for each row when (pg_trigger_depth() = 0) -- anybody may delete the other asset of a replacement
  execute function app.check_asset_life();

create trigger touch before update on app.work_order_parts
  for each row execute function app.touch_updated_at();

-- The gate of the functions below, which are stable: PostgREST runs them in a
-- read-only transaction. The platform's gate writes the current tenant there as
-- everywhere, so that a member gets 25006. With the setting app.cost_functions at
-- 'answer' it writes nothing, and they answer.
create function authz.require_for_costs(p_tenant_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if current_setting('app.cost_functions', true) = 'answer' then
    perform authz.authorize(p_tenant_id);
    perform set_config('app.current_tenant_id', p_tenant_id::text, true);
  else
    perform authz.require(p_tenant_id);
  end if;
end $$;

-- The costs of all work orders of a tenant, whoever asks; with a date, of those
-- that were completed from then on, or until then, the day included.
create function app.work_order_costs(p_tenant_id uuid, p_from_date date, p_to_date date)
returns table (
  asset_id uuid, location_id uuid, department_id uuid, project_id uuid,
  labor_cents bigint, parts_cents bigint, vendor_cents bigint)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select w.asset_id, w.location_id, a.department_id, w.project_id,
      coalesce((
        select sum(e.labor_cost_cents)
        from app.work_order_time_entries e where e.work_order_id = w.id), 0),
      coalesce((
        select sum(p.total_cost_cents)
        from app.work_order_parts p where p.tenant_id = w.tenant_id and p.work_order_id = w.id), 0),
      coalesce((
        select sum(c.amount_cents)
        from app.work_order_vendor_costs c where c.tenant_id = w.tenant_id and c.work_order_id = w.id), 0)
    from app.work_orders w
    left join app.assets a on a.id = w.asset_id
    where w.tenant_id = p_tenant_id
      and (p_from_date is null or w.completed_at::date >= p_from_date)
      and (p_to_date is null or w.completed_at::date <= p_to_date);
end $$;

-- Without a group, by project.
create function public.rpc_cost_rollup(
  p_tenant_id uuid, p_group_by text, p_from_date date default null, p_to_date date default null
) returns table (
  group_key uuid, group_name text, labor_cents bigint, parts_cents bigint, vendor_cents bigint, total_cents bigint,
  work_order_count bigint)
language plpgsql stable security definer set search_path = '' as $$
begin
  perform authz.require_for_costs(p_tenant_id);
  if p_group_by not in ('asset', 'location', 'department', 'project') then
    raise exception using errcode = '22P02', message = format('unknown group %s', p_group_by);
  end if;
  return query
    select g.id, g.name, sum(c.labor_cents)::bigint, sum(c.parts_cents)::bigint, sum(c.vendor_cents)::bigint,
      sum(c.labor_cents + c.parts_cents + c.vendor_cents)::bigint, count(*)
    from app.work_order_costs(p_tenant_id, p_from_date, p_to_date) c
    join (
      select a.id, a.name from app.assets a where p_group_by = 'asset' and a.tenant_id = p_tenant_id
      union all
      select l.id, l.name from app.locations l where p_group_by = 'location' and l.tenant_id = p_tenant_id
      union all
      select d.id, d.name from app.departments d where p_group_by = 'department' and d.tenant_id = p_tenant_id
      union all
      select p.id, p.name from app.projects p
      where coalesce(p_group_by, 'project') = 'project' and p.tenant_id = p_tenant_id
    ) g on g.id = case p_group_by
      when 'asset' then c.asset_id
      when 'location' then c.location_id
      when 'department' then c.department_id
      else c.project_id
    end
    group by g.id, g.name;
end $$;

-- One row, of zeros for an asset that has no work orders or is not the tenant's.
create function public.rpc_asset_total_cost_of_ownership(
  p_tenant_id uuid, p_asset_id uuid, p_from_date date default null, p_to_date date default null
) returns table (
  labor_cents bigint, parts_cents bigint, vendor_cents bigint, total_cents bigint, work_order_count bigint)
language plpgsql stable security definer set search_path = '' as $$
begin
  perform authz.require_for_costs(p_tenant_id);
  return query
    select coalesce(sum(c.labor_cents), 0)::bigint, coalesce(sum(c.parts_cents), 0)::bigint,
      coalesce(sum(c.vendor_cents), 0)::bigint,
      coalesce(sum(c.labor_cents + c.parts_cents + c.vendor_cents), 0)::bigint, count(*)
    from app.work_order_costs(p_tenant_id, p_from_date, p_to_date) c
    where c.asset_id = p_asset_id;
end $$;

-- The alerts that are due within so many days.
create function public.rpc_asset_lifecycle_alerts(p_tenant_id uuid, p_days_ahead integer default 365)
returns table (asset_id uuid, alert_type text, reference_date date, days_until integer)
language plpgsql stable security definer set search_path = '' as $$
begin
  perform authz.require_for_costs(p_tenant_id);
  return query
    select a.asset_id, a.alert_type, a.reference_date, a.days_until
    from app.asset_lifecycle_alerts a
    where a.tenant_id = p_tenant_id and a.days_until <= p_days_ahead;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app, authz from public;

grant select on app.work_order_parts, app.asset_lifecycle_alerts to anon, authenticated;
grant update (commissioned_at, decommissioned_at, end_of_life_estimate, service_contract_expires_at,
    planned_replacement_date, replaced_by_asset_id, replacement_of_asset_id) on app.assets to authenticated;
grant update (commissioned_at, decommissioned_at, end_of_life_estimate, service_contract_expires_at,
    planned_replacement_date, replaced_by_asset_id, replacement_of_asset_id) on public.v_assets to authenticated;

revoke all on public.v_work_order_costs, public.v_asset_costs, public.v_location_costs, public.v_department_costs,
  public.v_project_costs, public.v_vendor_spend_by_supplier, public.v_work_order_counts_by_primary_supplier,
  public.v_asset_lifecycle_alerts from public, anon, authenticated, service_role;
grant select on public.v_work_order_costs, public.v_asset_costs, public.v_location_costs, public.v_department_costs,
  public.v_project_costs, public.v_vendor_spend_by_supplier, public.v_work_order_counts_by_primary_supplier,
  public.v_asset_lifecycle_alerts to anon, authenticated, service_role;

revoke execute on function public.rpc_cost_rollup, public.rpc_asset_total_cost_of_ownership,
  public.rpc_asset_lifecycle_alerts from public;
grant execute on function public.rpc_cost_rollup, public.rpc_asset_total_cost_of_ownership,
  public.rpc_asset_lifecycle_alerts to anon, authenticated, service_role;
