-- suppliers: who delivers parts or does work for a tenant

-- ---------------------------------------------------------------- tables

create table app.suppliers (
  id                   uuid primary key default gen_random_uuid(),
  tenant_id            uuid not null references app.tenants on delete cascade,
  name                 text not null check (length(name) between 1 and 255),
  code                 text check (length(code) between 1 and 50),
  external_id          text,
  contact_name         text,
  email                text,
  phone                text,
  address_line         text,
  supplies_parts       boolean not null default true,
  supplies_labor       boolean not null default false,
  tax_id               text,
  insurance_expires_at date,
  created_at           timestamptz not null default now(),
  updated_at           timestamptz not null default now(),
  unique (tenant_id, code),
  unique (tenant_id, id)
);

-- ---------------------------------------------------------------- policies

alter table app.suppliers enable row level security;
create policy suppliers_read on app.suppliers for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy suppliers_delete on app.suppliers for delete to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('supplier.delete'))::uuid[]));

-- ---------------------------------------------------------------- views

-- Shows the suppliers of all tenants of the caller, whatever the current one.
create view public.v_suppliers with (security_invoker = true) as
select s.id, s.tenant_id, s.name, s.code, s.external_id, s.contact_name, s.email, s.phone, s.address_line,
  s.created_at, s.updated_at
from app.suppliers s;

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.suppliers
  for each row execute function app.touch_updated_at();

create function app.require_supplier(p_tenant_id uuid, p_supplier_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not exists (select from app.suppliers s where s.id = p_supplier_id and s.tenant_id = p_tenant_id) then
    raise exception using errcode = '23503', message = 'supplier not found';
  end if;
end $$;

create function public.rpc_create_supplier(
  p_tenant_id uuid, p_name text, p_code text default null, p_external_id text default null,
  p_contact_name text default null, p_email text default null, p_phone text default null,
  p_address_line text default null, p_supplies_parts boolean default true, p_supplies_labor boolean default false,
  p_tax_id text default null, p_insurance_expires_at date default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.require(p_tenant_id, 'supplier.create');
  insert into app.suppliers (
    tenant_id, name, code, external_id, contact_name, email, phone, address_line, supplies_parts, supplies_labor,
    tax_id, insurance_expires_at)
  values (
    p_tenant_id, coalesce(btrim(p_name), ''), nullif(btrim(p_code), ''), nullif(btrim(p_external_id), ''),
    nullif(btrim(p_contact_name), ''), nullif(btrim(p_email), ''), nullif(btrim(p_phone), ''),
    nullif(btrim(p_address_line), ''), coalesce(p_supplies_parts, true), coalesce(p_supplies_labor, false),
    nullif(btrim(p_tax_id), ''), p_insurance_expires_at)
  returning id into v_id;
  return v_id;
end $$;

-- NULL leaves a value unchanged, and so does a blank name. A blank code, external
-- id or tax id clears it; how to reach them is taken as it is.
create function public.rpc_update_supplier(
  p_tenant_id uuid, p_supplier_id uuid, p_name text default null, p_code text default null,
  p_external_id text default null, p_contact_name text default null, p_email text default null,
  p_phone text default null, p_address_line text default null, p_supplies_parts boolean default null,
  p_supplies_labor boolean default null, p_tax_id text default null, p_insurance_expires_at date default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.require(p_tenant_id, 'supplier.edit');
  perform app.require_supplier(p_tenant_id, p_supplier_id);
  update app.suppliers s set
    name                 = coalesce(nullif(btrim(p_name), ''), s.name),
    code                 = nullif(btrim(coalesce(p_code, s.code)), ''),
    external_id          = nullif(btrim(coalesce(p_external_id, s.external_id)), ''),
    contact_name         = coalesce(p_contact_name, s.contact_name),
    email                = coalesce(p_email, s.email),
    phone                = coalesce(p_phone, s.phone),
    address_line         = coalesce(p_address_line, s.address_line),
    supplies_parts       = coalesce(p_supplies_parts, s.supplies_parts),
    supplies_labor       = coalesce(p_supplies_labor, s.supplies_labor),
    tax_id               = nullif(btrim(coalesce(p_tax_id, s.tax_id)), ''),
    insurance_expires_at = coalesce(p_insurance_expires_at, s.insurance_expires_at)
  where s.id = p_supplier_id;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

-- There is no RPC that deletes: that goes through the view.
grant select on app.suppliers to anon, authenticated;
grant delete on app.suppliers to authenticated;

revoke all on public.v_suppliers from public, anon, authenticated, service_role;
grant select on public.v_suppliers to anon, authenticated, service_role;
grant delete on public.v_suppliers to authenticated;

revoke execute on function public.rpc_create_supplier, public.rpc_update_supplier from public;
grant execute on function public.rpc_create_supplier, public.rpc_update_supplier to anon, authenticated, service_role;
