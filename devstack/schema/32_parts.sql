-- parts: what is kept in stock and built in

-- ---------------------------------------------------------------- tables

create table app.parts (
  id                    uuid primary key default gen_random_uuid(),
  tenant_id             uuid not null references app.tenants on delete cascade,
  part_number           text not null check (length(part_number) between 1 and 100),
  name                  text,
  description           text,
  unit                  text not null default 'each',
  preferred_supplier_id uuid,
  external_id           text,
  reorder_point         numeric(18,4) check (reorder_point >= 0),
  min_quantity          numeric(18,4) check (min_quantity >= 0),
  max_quantity          numeric(18,4) check (max_quantity >= 0),
  lead_time_days        integer check (lead_time_days between 0 and 3650),
  is_active             boolean not null default true,
  created_at            timestamptz not null default now(),
  updated_at            timestamptz not null default now(),
  barcode               text check (length(btrim(barcode)) >= 1 and length(barcode) <= 100),
  unique (tenant_id, part_number),
  unique (tenant_id, barcode),
  unique (tenant_id, id),
  foreign key (tenant_id, preferred_supplier_id) references app.suppliers (tenant_id, id)
    on delete set null (preferred_supplier_id)
);
create index on app.parts (tenant_id, preferred_supplier_id);
create index on app.parts (tenant_id, external_id);

-- ---------------------------------------------------------------- policies

alter table app.parts enable row level security;
create policy parts_read on app.parts for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy parts_write on app.parts for update to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('part.edit'))::uuid[]));
create policy parts_delete on app.parts for delete to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('part.delete'))::uuid[]));

-- ---------------------------------------------------------------- views

-- Shows the parts of all tenants of the caller, whatever the current one.
create view public.v_parts with (security_invoker = true) as
select p.id, p.tenant_id, p.part_number, p.name, p.description, p.unit, p.preferred_supplier_id, p.external_id,
  p.reorder_point, p.min_quantity, p.max_quantity, p.lead_time_days, p.is_active, p.created_at, p.updated_at, p.barcode
from app.parts p;

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.parts
  for each row execute function app.touch_updated_at();
create trigger delete_attachments after delete on app.parts
  for each row execute function app.delete_attachments('part');

create function app.require_part(p_tenant_id uuid, p_part_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not exists (select from app.parts p where p.id = p_part_id and p.tenant_id = p_tenant_id) then
    raise exception using errcode = '23503', message = 'part not found';
  end if;
end $$;

create function public.rpc_create_part(
  p_tenant_id uuid, p_part_number text, p_name text default null, p_description text default null,
  p_unit text default 'each', p_preferred_supplier_id uuid default null, p_external_id text default null,
  p_reorder_point numeric default null, p_min_quantity numeric default null, p_max_quantity numeric default null,
  p_lead_time_days integer default null, p_barcode text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_part_number constant text := nullif(btrim(p_part_number), '');
  v_id uuid;
begin
  perform authz.require(p_tenant_id, 'part.create');
  if v_part_number is null then
    raise exception using errcode = '23514', message = 'a part number is required';
  end if;
  if p_preferred_supplier_id is not null then
    perform app.require_supplier(p_tenant_id, p_preferred_supplier_id);
  end if;
  insert into app.parts (
    tenant_id, part_number, name, description, unit, preferred_supplier_id, external_id, reorder_point,
    min_quantity, max_quantity, lead_time_days, barcode)
  values (
    p_tenant_id, v_part_number, nullif(btrim(p_name), ''), p_description, coalesce(nullif(btrim(p_unit), ''), 'each'),
    p_preferred_supplier_id, nullif(btrim(p_external_id), ''), p_reorder_point, p_min_quantity, p_max_quantity,
    p_lead_time_days, nullif(btrim(p_barcode), ''))
  returning id into v_id;
  return v_id;
end $$;

-- NULL leaves a value unchanged, and so does a blank number or unit. A blank
-- barcode or external id clears it; name and description are taken as they are.
create function public.rpc_update_part(
  p_tenant_id uuid, p_part_id uuid, p_part_number text default null, p_name text default null,
  p_description text default null, p_unit text default null, p_preferred_supplier_id uuid default null,
  p_external_id text default null, p_reorder_point numeric default null, p_min_quantity numeric default null,
  p_max_quantity numeric default null, p_lead_time_days integer default null, p_is_active boolean default null,
  p_barcode text default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.require(p_tenant_id, 'part.edit');
  perform app.require_part(p_tenant_id, p_part_id);
  if p_preferred_supplier_id is not null then
    perform app.require_supplier(p_tenant_id, p_preferred_supplier_id);
  end if;
  update app.parts p set
    part_number           = coalesce(nullif(btrim(p_part_number), ''), p.part_number),
    name                  = coalesce(p_name, p.name),
    description           = coalesce(p_description, p.description),
    unit                  = coalesce(nullif(btrim(p_unit), ''), p.unit),
    preferred_supplier_id = coalesce(p_preferred_supplier_id, p.preferred_supplier_id),
    external_id           = nullif(btrim(coalesce(p_external_id, p.external_id)), ''),
    reorder_point         = coalesce(p_reorder_point, p.reorder_point),
    min_quantity          = coalesce(p_min_quantity, p.min_quantity),
    max_quantity          = coalesce(p_max_quantity, p.max_quantity),
    lead_time_days        = coalesce(p_lead_time_days, p.lead_time_days),
    is_active             = coalesce(p_is_active, p.is_active),
    barcode               = nullif(btrim(coalesce(p_barcode, p.barcode)), '')
  where p.id = p_part_id;
end $$;

-- The part with the code as barcode, else as number, else as external id. NULL
-- when there is none.
create function public.rpc_resolve_part_by_scan_code(p_tenant_id uuid, p_code text) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_code constant text := nullif(btrim(p_code), '');
begin
  perform authz.require(p_tenant_id, 'part.view');
  return coalesce(
    (select p.id from app.parts p where p.tenant_id = p_tenant_id and p.barcode = v_code),
    (select p.id from app.parts p where p.tenant_id = p_tenant_id and p.part_number = v_code),
    (select p.id from app.parts p where p.tenant_id = p_tenant_id and p.external_id = v_code
     order by p.created_at, p.id limit 1));
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

-- No RPC deletes a part or clears its numbers: that goes through the view.
grant select on app.parts to anon, authenticated;
grant delete, update (preferred_supplier_id, reorder_point, min_quantity, max_quantity, lead_time_days)
  on app.parts to authenticated;

revoke all on public.v_parts from public, anon, authenticated, service_role;
grant select on public.v_parts to anon, authenticated, service_role;
grant delete, update (preferred_supplier_id, reorder_point, min_quantity, max_quantity, lead_time_days)
  on public.v_parts to authenticated;

revoke execute on function public.rpc_create_part, public.rpc_update_part, public.rpc_resolve_part_by_scan_code
  from public;
grant execute on function public.rpc_create_part, public.rpc_update_part, public.rpc_resolve_part_by_scan_code
  to anon, authenticated, service_role;
