-- asset care: warranties of assets, and the time that they were down

-- ---------------------------------------------------------------- tables

create table app.asset_warranties (
  id                 uuid primary key default gen_random_uuid(),
  tenant_id          uuid not null references app.tenants on delete cascade,
  asset_id           uuid not null,
  supplier_id        uuid,
  warranty_type      text not null default 'standard' check (cfg.is_key(warranty_type)),
  starts_on          date,
  expires_on         date not null,
  coverage_summary   text,
  external_reference text,
  is_active          boolean not null default true,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  foreign key (tenant_id, asset_id) references app.assets (tenant_id, id) on delete cascade,
  foreign key (tenant_id, supplier_id) references app.suppliers (tenant_id, id)
    on delete set null (supplier_id)
);
create index on app.asset_warranties (tenant_id, asset_id);
create index on app.asset_warranties (tenant_id, supplier_id);

create table app.asset_downtime_events (
  id                   uuid primary key default gen_random_uuid(),
  tenant_id            uuid not null references app.tenants on delete cascade,
  asset_id             uuid not null,
  reason_key           text not null check (cfg.is_key(reason_key)),
  started_at           timestamptz not null,
  ended_at             timestamptz check (ended_at >= started_at),
  linked_work_order_id uuid,
  recorded_by          uuid references auth.users on delete set null,
  notes                text,
  created_at           timestamptz not null default now(),
  updated_at           timestamptz not null default now(),
  foreign key (tenant_id, asset_id) references app.assets (tenant_id, id) on delete cascade,
  foreign key (tenant_id, linked_work_order_id) references app.work_orders (tenant_id, id)
    on delete set null (linked_work_order_id)
);
create index on app.asset_downtime_events (tenant_id, asset_id, started_at);
create index on app.asset_downtime_events (linked_work_order_id);
create index on app.asset_downtime_events (recorded_by);

-- ---------------------------------------------------------------- policies

alter table app.asset_warranties enable row level security;
create policy asset_warranties_read on app.asset_warranties for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
-- Whom the RPCs let write it may do so through the view, too.
create policy asset_warranties_write on app.asset_warranties to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('asset.warranty.manage'))::uuid[]));

alter table app.asset_downtime_events enable row level security;
create policy asset_downtime_events_read on app.asset_downtime_events for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_asset_warranties with (security_invoker = true) as
select w.id, w.tenant_id, w.asset_id, w.supplier_id, w.warranty_type, w.starts_on, w.expires_on, w.coverage_summary,
  w.external_reference, w.is_active, w.created_at, w.updated_at
from app.asset_warranties w
where w.tenant_id = (select authz.current_tenant_id());

-- ---------------------------------------------------- functions: warranties

create trigger touch before update on app.asset_warranties
  for each row execute function app.touch_updated_at();

-- An asset is under warranty until the last of its active warranties ends.
create function app.update_asset_warranty() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update app.assets a set warranty_expires_at = (
    select max(w.expires_on) from app.asset_warranties w where w.asset_id = a.id and w.is_active)
  where a.id = coalesce(new.asset_id, old.asset_id);
  return null;
end $$;

create trigger update_asset after insert or update or delete on app.asset_warranties
  for each row execute function app.update_asset_warranty();

-- Without an id a warranty is added, else the asset's warranty changed. NULL
-- leaves a value unchanged; a type or activity left out is the default.
create function public.rpc_upsert_asset_warranty(
  p_tenant_id uuid, p_asset_id uuid, p_warranty_id uuid default null, p_expires_on date default null,
  p_starts_on date default null, p_warranty_type text default 'standard', p_supplier_id uuid default null,
  p_coverage_summary text default null, p_external_reference text default null, p_is_active boolean default true
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_type constant text := nullif(btrim(p_warranty_type), '');
  v_id uuid;
begin
  perform authz.require(p_tenant_id, 'asset.warranty.manage');
  if not exists (select 1 from app.assets a where a.id = p_asset_id and a.tenant_id = p_tenant_id) then
    raise exception using errcode = 'P0001', message = 'asset not found';
  end if;

  if p_warranty_id is null then
    if p_expires_on is null then
      raise exception using errcode = '23514', message = 'a warranty has an end';
    end if;
    insert into app.asset_warranties (
      tenant_id, asset_id, supplier_id, warranty_type, starts_on, expires_on, coverage_summary, external_reference,
      is_active)
    values (
      p_tenant_id, p_asset_id, p_supplier_id, coalesce(v_type, 'standard'), p_starts_on, p_expires_on,
      p_coverage_summary, p_external_reference, coalesce(p_is_active, true))
    returning id into v_id;
    return v_id;
  end if;

  update app.asset_warranties w set
    supplier_id        = coalesce(p_supplier_id, w.supplier_id),
    warranty_type      = coalesce(v_type, w.warranty_type),
    starts_on          = coalesce(p_starts_on, w.starts_on),
    expires_on         = coalesce(p_expires_on, w.expires_on),
    coverage_summary   = coalesce(p_coverage_summary, w.coverage_summary),
    external_reference = coalesce(p_external_reference, w.external_reference),
    is_active          = coalesce(p_is_active, w.is_active)
  where w.id = p_warranty_id and w.tenant_id = p_tenant_id and w.asset_id = p_asset_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'warranty not found';
  end if;
  return p_warranty_id;
end $$;

-- ------------------------------------------------------ functions: downtime

create trigger touch before update on app.asset_downtime_events
  for each row execute function app.touch_updated_at();

create function public.rpc_record_asset_downtime(
  p_tenant_id uuid, p_asset_id uuid, p_reason_key text, p_started_at timestamptz default null,
  p_ended_at timestamptz default null, p_linked_work_order_id uuid default null, p_notes text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require(p_tenant_id, 'downtime.record');
  v_id uuid;
begin
  if not exists (select 1 from app.assets a where a.id = p_asset_id and a.tenant_id = p_tenant_id) then
    raise exception using errcode = '23503', message = 'unknown asset';
  elsif p_linked_work_order_id is not null and not exists (
    select 1 from app.work_orders w where w.id = p_linked_work_order_id and w.tenant_id = p_tenant_id)
  then
    raise exception using errcode = '23503', message = 'unknown work order';
  end if;
  insert into app.asset_downtime_events (
    tenant_id, asset_id, reason_key, started_at, ended_at, linked_work_order_id, recorded_by, notes)
  values (
    p_tenant_id, p_asset_id, btrim(p_reason_key), coalesce(p_started_at, now()), p_ended_at, p_linked_work_order_id,
    v_user_id, p_notes)
  returning id into v_id;
  return v_id;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

grant select on app.asset_warranties to authenticated;
grant delete, insert (tenant_id, asset_id, supplier_id, warranty_type, starts_on, expires_on, coverage_summary, external_reference, is_active),
  update (supplier_id, warranty_type, starts_on, expires_on, coverage_summary, external_reference, is_active)
  on app.asset_warranties to authenticated;
grant select on app.asset_downtime_events to authenticated;

revoke all on public.v_asset_warranties from public, anon, authenticated, service_role;
grant select on public.v_asset_warranties to anon, authenticated, service_role;
grant delete, insert (tenant_id, asset_id, supplier_id, warranty_type, starts_on, expires_on, coverage_summary, external_reference, is_active),
  update (supplier_id, warranty_type, starts_on, expires_on, coverage_summary, external_reference, is_active)
  on public.v_asset_warranties to authenticated;

revoke execute on function public.rpc_upsert_asset_warranty, public.rpc_record_asset_downtime from public;
grant execute on function public.rpc_upsert_asset_warranty, public.rpc_record_asset_downtime
  to anon, authenticated, service_role;
