-- projects: what groups work orders for costs

-- ---------------------------------------------------------------- tables

create table app.projects (
  id          uuid primary key default gen_random_uuid(),
  tenant_id   uuid not null references app.tenants on delete cascade,
  name        text not null check (length(name) between 1 and 255),
  code        text check (code ~ '^[a-zA-Z0-9_-]+$' and length(code) between 1 and 50),
  description text,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  unique (tenant_id, code),
  unique (tenant_id, id)
);

-- ---------------------------------------------------------------- policies

alter table app.projects enable row level security;
create policy projects_read on app.projects for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.projects
  for each row execute function app.touch_updated_at();

-- ---------------------------------------------------------------- grants

grant select on app.projects to anon, authenticated;
