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

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.suppliers
  for each row execute function app.touch_updated_at();

-- ---------------------------------------------------------------- grants

grant select on app.suppliers to anon, authenticated;
