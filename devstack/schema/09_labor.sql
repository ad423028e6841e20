-- labor: the users who do maintenance work

-- ---------------------------------------------------------------- tables

create table app.technicians (
  id              uuid primary key default gen_random_uuid(),
  tenant_id       uuid not null references app.tenants on delete cascade,
  user_id         uuid not null references auth.users on delete cascade,
  employee_number text check (length(employee_number) between 1 and 50),
  default_crew_id uuid,
  department_id   uuid,
  is_active       boolean not null default true,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  unique (tenant_id, user_id),
  unique (tenant_id, id),
  foreign key (tenant_id, department_id) references app.departments (tenant_id, id)
    on delete set null (department_id)
);
create index on app.technicians (tenant_id, department_id);

-- ---------------------------------------------------------------- policies

alter table app.technicians enable row level security;
create policy technicians_read on app.technicians for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.technicians
  for each row execute function app.touch_updated_at();

-- ---------------------------------------------------------------- grants

grant select on app.technicians to anon, authenticated;
