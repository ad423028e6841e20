-- supplier contracts: what was agreed with a supplier, and for which prices

-- ---------------------------------------------------------------- tables

-- Contracts may overlap, and numbers repeat.
create table app.supplier_contracts (
  id              uuid primary key default gen_random_uuid(),
  tenant_id       uuid not null references app.tenants on delete cascade,
  supplier_id     uuid not null,
  contract_number text check (length(btrim(contract_number)) between 1 and 100),
  effective_start date not null,
  effective_end   date,
  terms           text,
  is_active       boolean not null default true,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  check (effective_end >= effective_start),
  unique (tenant_id, id),
  foreign key (tenant_id, supplier_id) references app.suppliers (tenant_id, id) on delete cascade
);
create index on app.supplier_contracts (tenant_id, supplier_id);

create table app.supplier_contract_rates (
  id           bigint generated always as identity primary key,
  tenant_id    uuid not null references app.tenants on delete cascade,
  contract_id  uuid not null,
  rate_type    text not null check (length(btrim(rate_type)) between 1 and 80),
  amount_cents integer not null check (amount_cents >= 0),
  uom          text,
  created_at   timestamptz not null default now(),
  foreign key (tenant_id, contract_id) references app.supplier_contracts (tenant_id, id) on delete cascade
);
create index on app.supplier_contract_rates (tenant_id, contract_id);

-- ---------------------------------------------------------------- policies

alter table app.supplier_contracts enable row level security;
create policy supplier_contracts_read on app.supplier_contracts for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.supplier_contract_rates enable row level security;
create policy supplier_contract_rates_read on app.supplier_contract_rates for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_supplier_contracts with (security_invoker = true) as
select c.id, c.tenant_id, c.supplier_id, c.contract_number, c.effective_start, c.effective_end, c.terms, c.is_active,
  c.created_at, c.updated_at
from app.supplier_contracts c
where c.tenant_id = (select authz.current_tenant_id());

create view public.v_supplier_contract_rates with (security_invoker = true) as
select r.id, r.contract_id, r.tenant_id, r.rate_type, r.amount_cents, r.uom, r.created_at
from app.supplier_contract_rates r
where r.tenant_id = (select authz.current_tenant_id());

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.supplier_contracts
  for each row execute function app.touch_updated_at();

create function app.require_supplier_contract(p_tenant_id uuid, p_contract_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not exists (select from app.supplier_contracts c where c.id = p_contract_id and c.tenant_id = p_tenant_id) then
    raise exception using errcode = 'P0001', message = 'supplier contract not found';
  end if;
end $$;

create function public.rpc_create_supplier_contract(
  p_tenant_id uuid, p_supplier_id uuid, p_effective_start date, p_effective_end date default null,
  p_contract_number text default null, p_terms text default null, p_is_active boolean default true
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'supplier_contract_create', 30);
  perform authz.require(p_tenant_id, 'supplier.edit');
  perform app.require_supplier(p_tenant_id, p_supplier_id);
  insert into app.supplier_contracts (
    tenant_id, supplier_id, contract_number, effective_start, effective_end, terms, is_active)
  values (
    p_tenant_id, p_supplier_id, nullif(btrim(p_contract_number), ''), p_effective_start, p_effective_end, p_terms,
    coalesce(p_is_active, true))
  returning id into v_id;
  return v_id;
end $$;

-- NULL leaves a value unchanged, a blank number clears it.
create function public.rpc_update_supplier_contract(
  p_tenant_id uuid, p_contract_id uuid, p_contract_number text default null, p_effective_start date default null,
  p_effective_end date default null, p_terms text default null, p_is_active boolean default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'supplier_contract_update', 30);
  perform authz.require(p_tenant_id, 'supplier.edit');
  perform app.require_supplier_contract(p_tenant_id, p_contract_id);
  update app.supplier_contracts c set
    contract_number = nullif(btrim(coalesce(p_contract_number, c.contract_number)), ''),
    effective_start = coalesce(p_effective_start, c.effective_start),
    effective_end   = coalesce(p_effective_end, c.effective_end),
    terms           = coalesce(p_terms, c.terms),
    is_active       = coalesce(p_is_active, c.is_active)
  where c.id = p_contract_id;
end $$;

create function public.rpc_add_supplier_contract_rate(
  p_tenant_id uuid, p_contract_id uuid, p_rate_type text, p_amount_cents integer, p_uom text default null
) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  v_rate_type constant text := nullif(btrim(p_rate_type), '');
  v_id bigint;
begin
  perform authz.rate_limit(p_tenant_id, 'supplier_contract_rate_add', 60);
  perform authz.require(p_tenant_id, 'supplier.edit');
  perform app.require_supplier_contract(p_tenant_id, p_contract_id);
  if v_rate_type is null then
    raise exception using errcode = '23514', message = 'a type is required';
  end if;
  insert into app.supplier_contract_rates (tenant_id, contract_id, rate_type, amount_cents, uom)
  values (p_tenant_id, p_contract_id, v_rate_type, p_amount_cents, nullif(btrim(p_uom), ''))
  returning id into v_id;
  return v_id;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

grant select on app.supplier_contracts, app.supplier_contract_rates to anon, authenticated;

revoke all on public.v_supplier_contracts, public.v_supplier_contract_rates
  from public, anon, authenticated, service_role;
grant select on public.v_supplier_contracts, public.v_supplier_contract_rates to anon, authenticated, service_role;

revoke execute on function public.rpc_create_supplier_contract, public.rpc_update_supplier_contract,
  public.rpc_add_supplier_contract_rate from public;
grant execute on function public.rpc_create_supplier_contract, public.rpc_update_supplier_contract,
  public.rpc_add_supplier_contract_rate to anon, authenticated, service_role;
