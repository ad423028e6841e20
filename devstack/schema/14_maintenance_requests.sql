-- maintenance requests: the portal, where work is asked for and turned into work orders

-- ---------------------------------------------------------------- tables

create table app.maintenance_requests (
  id                      uuid primary key default gen_random_uuid(),
  tenant_id               uuid not null references app.tenants on delete cascade,
  requested_by            uuid not null references auth.users on delete cascade,
  title                   text not null check (length(btrim(title)) >= 1),
  description             text,
  priority                text not null,
  maintenance_type        text,
  location_id             uuid,
  asset_id                uuid,
  due_date                timestamptz,
  status                  text not null default 'submitted'
    check (status in ('draft', 'submitted', 'converted', 'cancelled')),
  converted_work_order_id uuid,
  created_at              timestamptz not null default now(),
  updated_at              timestamptz not null default now(),
  foreign key (tenant_id, location_id) references app.locations (tenant_id, id)
    on delete set null (location_id),
  foreign key (tenant_id, asset_id) references app.assets (tenant_id, id)
    on delete set null (asset_id),
  foreign key (tenant_id, converted_work_order_id) references app.work_orders (tenant_id, id)
    on delete set null (converted_work_order_id)
);
create index on app.maintenance_requests (tenant_id, created_at);
create index on app.maintenance_requests (requested_by);
create index on app.maintenance_requests (location_id);
create index on app.maintenance_requests (asset_id);
create index on app.maintenance_requests (converted_work_order_id);

-- ---------------------------------------------------------------- policies

alter table app.maintenance_requests enable row level security;
create policy maintenance_requests_read on app.maintenance_requests for select to authenticated
  using (
    tenant_id = any ((select authz.my_tenant_ids_with('workorder.view', 'workorder.request.view.any'))::uuid[])
    or requested_by = (select authz.user_id())
      and tenant_id = any ((select authz.my_tenant_ids_with('workorder.request.view.own'))::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_maintenance_requests with (security_invoker = true) as
select r.id, r.tenant_id, r.requested_by, r.title, r.description, r.priority, r.maintenance_type,
  r.location_id, r.asset_id, r.due_date, r.status, r.converted_work_order_id, r.created_at, r.updated_at
from app.maintenance_requests r
where r.tenant_id = (select authz.current_tenant_id());

-- The two views of one's own requests need the permission to see these, even
-- when another permission shows the rows elsewhere.
create view public.v_my_maintenance_requests with (security_invoker = true) as
select r.id, r.tenant_id, r.title, r.status, r.priority, r.created_at, r.due_date, r.location_id,
  r.asset_id, r.converted_work_order_id
from app.maintenance_requests r
where r.tenant_id = (select authz.current_tenant_id())
  and r.requested_by = (select authz.user_id())
  and r.tenant_id = any ((select authz.my_tenant_ids_with('workorder.request.view.own'))::uuid[]);

create view public.v_my_work_order_requests with (security_invoker = true) as
select w.id, w.tenant_id, w.title, w.status, w.priority, w.created_at, w.due_date, w.location_id, w.asset_id
from app.work_orders w
where w.tenant_id = (select authz.current_tenant_id())
  and w.requested_by = (select authz.user_id())
  and w.tenant_id = any ((select authz.my_tenant_ids_with('workorder.request.view.own'))::uuid[]);

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.maintenance_requests
  for each row execute function app.touch_updated_at();

-- Users with location scopes ask for work at exactly these locations only. The
-- scope of a location does not cover the locations inside it. 42501 otherwise.
create function authz.require_location_scope(
  p_user_id uuid, p_tenant_id uuid, p_location_id uuid, p_asset_id uuid
) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_asset_location_id uuid;
  v_location_id uuid;
begin
  if not exists (
    select 1 from app.membership_scopes s
    where s.user_id = p_user_id and s.tenant_id = p_tenant_id and s.scope_type = 'location')
  then
    return;
  end if;
  if p_asset_id is not null then
    select a.location_id into v_asset_location_id
    from app.assets a where a.id = p_asset_id and a.tenant_id = p_tenant_id;
    if not found then
      raise exception using errcode = '42501', message = 'the asset is out of scope';
    end if;
  end if;
  if p_location_id <> v_asset_location_id then
    raise exception using errcode = '42501', message = 'the asset stands at another location';
  end if;
  v_location_id := coalesce(p_location_id, v_asset_location_id);
  if v_location_id is not null and not exists (
    select 1 from app.membership_scopes s
    where s.user_id = p_user_id and s.tenant_id = p_tenant_id
      and s.scope_type = 'location' and s.scope_value = v_location_id)
  then
    raise exception using errcode = '42501', message = 'the location is out of scope';
  end if;
end $$;

-- Checks the references of a request and stores it.
create function app.add_maintenance_request(
  p_tenant_id uuid, p_user_id uuid, p_title text, p_description text, p_priority text, p_maintenance_type text,
  p_location_id uuid, p_asset_id uuid, p_due_date timestamptz, p_status text
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform cfg.require_work_order_keys(p_tenant_id, p_priority, p_maintenance_type);
  if p_asset_id is not null and not exists (
    select from app.assets a where a.id = p_asset_id and a.tenant_id = p_tenant_id)
  then
    raise exception using errcode = '23503', message = 'unknown asset';
  elsif p_location_id is not null and not exists (
    select from app.locations l where l.id = p_location_id and l.tenant_id = p_tenant_id)
  then
    raise exception using errcode = '23503', message = 'unknown location';
  end if;
  insert into app.maintenance_requests (
    tenant_id, requested_by, title, description, priority, maintenance_type, location_id, asset_id, due_date, status)
  values (
    p_tenant_id, p_user_id, p_title, p_description, p_priority, p_maintenance_type, p_location_id, p_asset_id,
    p_due_date, p_status)
  returning id into v_id;
  return v_id;
end $$;

-- Makes a work order from a request and links the two.
create function app.convert_maintenance_request(p_request_id uuid) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  insert into app.work_orders (
    tenant_id, title, description, status, priority, maintenance_type, location_id, asset_id, due_date, requested_by)
  select r.tenant_id, r.title, r.description, cfg.initial_status(r.tenant_id, 'work_order', false), r.priority,
    r.maintenance_type, r.location_id, r.asset_id, r.due_date, r.requested_by
  from app.maintenance_requests r where r.id = p_request_id
  returning id into v_id;
  update app.maintenance_requests r set status = 'converted', converted_work_order_id = v_id
  where r.id = p_request_id;
  return v_id;
end $$;

-- A request that becomes a work order at once; returns the work order's id.
create function public.rpc_create_work_order_request(
  p_tenant_id uuid, p_title text, p_description text default null, p_priority text default 'medium',
  p_maintenance_type text default null, p_location_id uuid default null, p_asset_id uuid default null,
  p_due_date timestamptz default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'work_order_request_create', 10);
  v_user_id := authz.require(p_tenant_id, 'workorder.request.create');
  perform authz.require_location_scope(v_user_id, p_tenant_id, p_location_id, p_asset_id);
  return app.convert_maintenance_request(app.add_maintenance_request(
    p_tenant_id, v_user_id, p_title, p_description, p_priority, p_maintenance_type, p_location_id, p_asset_id,
    p_due_date, 'submitted'));
end $$;

-- A draft may lie anywhere: the location scope counts when it is submitted.
create function public.rpc_create_maintenance_request(
  p_tenant_id uuid, p_title text, p_description text default null, p_priority text default 'medium',
  p_maintenance_type text default null, p_location_id uuid default null, p_asset_id uuid default null,
  p_due_date timestamptz default null, p_status text default 'submitted'
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
  v_status constant text := lower(btrim(coalesce(p_status, 'submitted')));
begin
  perform authz.rate_limit(p_tenant_id, 'maintenance_request_create', 10);
  v_user_id := authz.require(p_tenant_id, 'workorder.request.create');
  if v_status not in ('draft', 'submitted') then
    raise exception using errcode = '23514', message = 'a new request is draft or submitted';
  end if;
  if v_status = 'submitted' then
    perform authz.require_location_scope(v_user_id, p_tenant_id, p_location_id, p_asset_id);
  end if;
  return app.add_maintenance_request(
    p_tenant_id, v_user_id, p_title, p_description, p_priority, p_maintenance_type, p_location_id, p_asset_id,
    p_due_date, v_status);
end $$;

create function public.rpc_convert_maintenance_request_to_work_order(p_tenant_id uuid, p_request_id uuid) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_status text;
begin
  perform authz.rate_limit(p_tenant_id, 'maintenance_request_convert', 60);
  perform authz.require(p_tenant_id, 'workorder.edit');
  select r.status into v_status
  from app.maintenance_requests r where r.id = p_request_id and r.tenant_id = p_tenant_id
  for update;
  if not found then
    raise exception using errcode = 'P0001', message = 'maintenance request not found';
  end if;
  if v_status <> 'submitted' then
    raise exception using errcode = '23514', message = format('the request is %s, not submitted', v_status);
  end if;
  return app.convert_maintenance_request(p_request_id);
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app, authz from public;

grant select on app.maintenance_requests to anon, authenticated;

revoke all on public.v_maintenance_requests, public.v_my_maintenance_requests, public.v_my_work_order_requests
  from public, anon, authenticated, service_role;
grant select on public.v_maintenance_requests, public.v_my_maintenance_requests, public.v_my_work_order_requests
  to anon, authenticated, service_role;

revoke execute on function public.rpc_create_work_order_request, public.rpc_create_maintenance_request,
  public.rpc_convert_maintenance_request_to_work_order from public;
grant execute on function public.rpc_create_work_order_request, public.rpc_create_maintenance_request,
  public.rpc_convert_maintenance_request_to_work_order to anon, authenticated, service_role;
