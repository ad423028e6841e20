-- certifications: what technicians are certified for, and until when

-- ---------------------------------------------------------------- tables

create table cfg.certification_catalogs (
  id              uuid primary key default gen_random_uuid(),
  tenant_id       uuid not null references app.tenants on delete cascade,
  name            text not null check (length(name) between 1 and 255),
  code            text check (cfg.is_key(code)),
  expiry_required boolean not null default true,
  validity_days   integer check (validity_days > 0),
  display_order   integer not null default 0 check (display_order >= 0),
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  unique (tenant_id, code),
  unique (tenant_id, id)
);

-- A renewal is another row: a technician may hold a certification many times.
create table app.technician_certifications (
  id               bigint generated always as identity primary key,
  tenant_id        uuid not null references app.tenants on delete cascade,
  technician_id    uuid not null,
  certification_id uuid not null,
  issued_at        date not null,
  expires_at       date,
  issued_by        uuid references auth.users on delete set null,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  foreign key (tenant_id, technician_id) references app.technicians (tenant_id, id) on delete cascade,
  foreign key (tenant_id, certification_id) references cfg.certification_catalogs (tenant_id, id) on delete cascade
);
create index on app.technician_certifications (tenant_id, technician_id);
create index on app.technician_certifications (tenant_id, certification_id);
create index on app.technician_certifications (issued_by);

-- ---------------------------------------------------------------- policies

alter table cfg.certification_catalogs enable row level security;
create policy certification_catalogs_read on cfg.certification_catalogs for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy certification_catalogs_write on cfg.certification_catalogs to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('labor.technician.manage'))::uuid[]));

alter table app.technician_certifications enable row level security;
create policy technician_certifications_read on app.technician_certifications for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy technician_certifications_write on app.technician_certifications to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('labor.technician.manage'))::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_certification_catalogs with (security_invoker = true) as
select c.id, c.tenant_id, c.name, c.code, c.expiry_required, c.validity_days, c.display_order,
  c.created_at, c.updated_at
from cfg.certification_catalogs c
where c.tenant_id = (select authz.current_tenant_id());

create view public.v_technician_certifications with (security_invoker = true) as
select c.id, c.tenant_id, c.technician_id, c.certification_id, c.issued_at, c.expires_at, c.issued_by,
  c.created_at, c.updated_at
from app.technician_certifications c
where c.tenant_id = (select authz.current_tenant_id());

-- ---------------------------------------------------------------- functions

create trigger touch before update on cfg.certification_catalogs
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.technician_certifications
  for each row execute function app.touch_updated_at();

-- ---------------------------------------------------------------- grants

-- There is no RPC for these: they are written through their views.
grant select on cfg.certification_catalogs, app.technician_certifications to anon, authenticated;
grant insert, update, delete on cfg.certification_catalogs, app.technician_certifications to authenticated;

revoke all on public.v_certification_catalogs, public.v_technician_certifications
  from public, anon, authenticated, service_role;
grant select on public.v_certification_catalogs, public.v_technician_certifications
  to anon, authenticated, service_role;
grant insert, update, delete on public.v_certification_catalogs, public.v_technician_certifications to authenticated;
