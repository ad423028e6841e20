-- labor: the users who do maintenance work, their crews, skills, shifts and availability

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
create index on app.technicians (tenant_id, default_crew_id);

create table app.crews (
  id                 uuid primary key default gen_random_uuid(),
  tenant_id          uuid not null references app.tenants on delete cascade,
  name               text not null check (length(name) between 1 and 255),
  description        text check (length(description) between 1 and 2000),
  lead_technician_id uuid,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  unique (tenant_id, id),
  foreign key (tenant_id, lead_technician_id) references app.technicians (tenant_id, id)
    on delete set null (lead_technician_id)
);
create index on app.crews (tenant_id, lead_technician_id);
alter table app.technicians add foreign key (tenant_id, default_crew_id) references app.crews (tenant_id, id)
  on delete set null (default_crew_id);

-- One row ever per crew and technician: left_at ends it, coming back clears it.
create table app.crew_members (
  id            bigint generated always as identity primary key,
  tenant_id     uuid not null references app.tenants on delete cascade,
  crew_id       uuid not null,
  technician_id uuid not null,
  role          text check (length(role) between 1 and 50),
  joined_at     timestamptz not null default now(),
  left_at       timestamptz,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  unique (crew_id, technician_id),
  foreign key (tenant_id, crew_id) references app.crews (tenant_id, id) on delete cascade,
  foreign key (tenant_id, technician_id) references app.technicians (tenant_id, id) on delete cascade
);
create index on app.crew_members (tenant_id, technician_id);

create table cfg.skill_catalogs (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  name          text not null check (length(name) between 1 and 255),
  code          text check (cfg.is_key(code)),
  category      text,
  display_order integer not null default 0 check (display_order >= 0),
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  unique (tenant_id, code),
  unique (tenant_id, id)
);

create table app.technician_skills (
  id            bigint generated always as identity primary key,
  tenant_id     uuid not null references app.tenants on delete cascade,
  technician_id uuid not null,
  skill_id      uuid not null,
  proficiency   text check (length(proficiency) between 1 and 50),
  created_at    timestamptz not null default now(),
  unique (technician_id, skill_id),
  foreign key (tenant_id, technician_id) references app.technicians (tenant_id, id) on delete cascade,
  foreign key (tenant_id, skill_id) references cfg.skill_catalogs (tenant_id, id) on delete cascade
);
create index on app.technician_skills (tenant_id, skill_id);

-- What somebody must be able to do who works on the asset.
create table app.asset_required_skills (
  tenant_id uuid not null references app.tenants on delete cascade,
  asset_id  uuid not null,
  skill_id  uuid not null,
  primary key (asset_id, skill_id),
  foreign key (tenant_id, asset_id) references app.assets (tenant_id, id) on delete cascade,
  foreign key (tenant_id, skill_id) references cfg.skill_catalogs (tenant_id, id) on delete cascade
);
create index on app.asset_required_skills (tenant_id, skill_id);

-- A window of every week, 0 is Sunday. No time zone means UTC.
create table app.availability_patterns (
  id            bigint generated always as identity primary key,
  tenant_id     uuid not null references app.tenants on delete cascade,
  technician_id uuid not null,
  day_of_week   smallint not null check (day_of_week between 0 and 6),
  start_time    time not null,
  end_time      time not null,
  timezone      text,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  check (end_time > start_time),
  foreign key (tenant_id, technician_id) references app.technicians (tenant_id, id) on delete cascade
);
create index on app.availability_patterns (tenant_id, technician_id, day_of_week);

create table app.availability_overrides (
  id            bigint generated always as identity primary key,
  tenant_id     uuid not null references app.tenants on delete cascade,
  technician_id uuid not null,
  override_date date not null,
  is_available  boolean not null,
  start_time    time,
  end_time      time,
  reason        text check (length(reason) between 1 and 500),
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  unique (technician_id, override_date),
  foreign key (tenant_id, technician_id) references app.technicians (tenant_id, id) on delete cascade
);
create index on app.availability_overrides (tenant_id, technician_id);

create table app.shifts (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  technician_id uuid,
  crew_id       uuid,
  start_at      timestamptz not null,
  end_at        timestamptz not null,
  shift_type    text not null default 'scheduled' check (cfg.is_key(shift_type)),
  label         text check (length(label) between 1 and 255),
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  check (end_at > start_at),
  foreign key (tenant_id, technician_id) references app.technicians (tenant_id, id) on delete cascade,
  foreign key (tenant_id, crew_id) references app.crews (tenant_id, id) on delete set null (crew_id)
);
create index on app.shifts (tenant_id, technician_id, start_at);
create index on app.shifts (tenant_id, crew_id);

-- ---------------------------------------------------------------- policies

alter table app.technicians enable row level security;
create policy technicians_read on app.technicians for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy technicians_delete on app.technicians for delete to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('labor.technician.manage'))::uuid[]));

alter table app.crews enable row level security;
create policy crews_read on app.crews for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.crew_members enable row level security;
create policy crew_members_read on app.crew_members for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy crew_members_role on app.crew_members for update to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('labor.crew.manage'))::uuid[]));

alter table cfg.skill_catalogs enable row level security;
create policy skill_catalogs_read on cfg.skill_catalogs for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy skill_catalogs_write on cfg.skill_catalogs to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('labor.technician.manage'))::uuid[]));

alter table app.technician_skills enable row level security;
create policy technician_skills_read on app.technician_skills for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy technician_skills_write on app.technician_skills to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('labor.technician.manage'))::uuid[]));

alter table app.asset_required_skills enable row level security;

alter table app.availability_patterns enable row level security;
create policy availability_patterns_read on app.availability_patterns for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy availability_patterns_write on app.availability_patterns to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('labor.technician.manage'))::uuid[]));

alter table app.availability_overrides enable row level security;
create policy availability_overrides_read on app.availability_overrides for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy availability_overrides_write on app.availability_overrides to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('labor.technician.manage'))::uuid[]));

alter table app.shifts enable row level security;
create policy shifts_read on app.shifts for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy shifts_write on app.shifts to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('labor.technician.manage'))::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_technicians with (security_invoker = true) as
select t.id, t.tenant_id, t.user_id, t.employee_number, t.default_crew_id, t.department_id, t.is_active,
  t.created_at, t.updated_at
from app.technicians t
where t.tenant_id = (select authz.current_tenant_id());

create view public.v_crews with (security_invoker = true) as
select c.id, c.tenant_id, c.name, c.description, c.lead_technician_id, c.created_at, c.updated_at
from app.crews c
where c.tenant_id = (select authz.current_tenant_id());

create view public.v_crew_members with (security_invoker = true) as
select m.id, m.tenant_id, m.crew_id, m.technician_id, m.role, m.joined_at, m.left_at, m.created_at, m.updated_at
from app.crew_members m
where m.tenant_id = (select authz.current_tenant_id());

create view public.v_skill_catalogs with (security_invoker = true) as
select s.id, s.tenant_id, s.name, s.code, s.category, s.display_order, s.created_at, s.updated_at
from cfg.skill_catalogs s
where s.tenant_id = (select authz.current_tenant_id());

create view public.v_technician_skills with (security_invoker = true) as
select s.id, s.tenant_id, s.technician_id, s.skill_id, s.proficiency, s.created_at
from app.technician_skills s
where s.tenant_id = (select authz.current_tenant_id());

create view public.v_availability_patterns with (security_invoker = true) as
select p.id, p.tenant_id, p.technician_id, p.day_of_week, p.start_time, p.end_time, p.timezone,
  p.created_at, p.updated_at
from app.availability_patterns p
where p.tenant_id = (select authz.current_tenant_id());

create view public.v_availability_overrides with (security_invoker = true) as
select o.id, o.tenant_id, o.technician_id, o.override_date, o.is_available, o.start_time, o.end_time, o.reason,
  o.created_at, o.updated_at
from app.availability_overrides o
where o.tenant_id = (select authz.current_tenant_id());

create view public.v_shifts with (security_invoker = true) as
select s.id, s.tenant_id, s.technician_id, s.crew_id, s.start_at, s.end_at, s.shift_type, s.label,
  s.created_at, s.updated_at
from app.shifts s
where s.tenant_id = (select authz.current_tenant_id());

-- ------------------------------------------------------ functions: triggers

create trigger touch before update on app.technicians
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.crews
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.crew_members
  for each row execute function app.touch_updated_at();
create trigger touch before update on cfg.skill_catalogs
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.availability_patterns
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.availability_overrides
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.shifts
  for each row execute function app.touch_updated_at();

-- --------------------------------------------------- functions: technicians

create function app.require_technician(p_tenant_id uuid, p_technician_id uuid, p_errcode text) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not exists (select from app.technicians t where t.id = p_technician_id and t.tenant_id = p_tenant_id) then
    raise exception using errcode = p_errcode, message = 'technician not found';
  end if;
end $$;

create function app.require_crew(p_tenant_id uuid, p_crew_id uuid, p_errcode text) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not exists (select from app.crews c where c.id = p_crew_id and c.tenant_id = p_tenant_id) then
    raise exception using errcode = p_errcode, message = 'crew not found';
  end if;
end $$;

-- 23503 for a crew or department that is given and not the tenant's.
create function app.require_technician_references(p_tenant_id uuid, p_crew_id uuid, p_department_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_crew_id is not null then
    perform app.require_crew(p_tenant_id, p_crew_id, '23503');
  end if;
  if p_department_id is not null and not exists (
    select from app.departments d where d.id = p_department_id and d.tenant_id = p_tenant_id)
  then
    raise exception using errcode = '23503', message = 'department not found';
  end if;
end $$;

create function public.rpc_create_technician(
  p_tenant_id uuid, p_user_id uuid, p_employee_number text default null, p_default_crew_id uuid default null,
  p_department_id uuid default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'labor_technician_create', 30);
  perform authz.require(p_tenant_id, 'labor.technician.manage');
  if not authz.is_member(p_user_id, p_tenant_id) then
    raise exception using errcode = '42501', message = 'the user is not a member of this tenant';
  end if;
  perform app.require_technician_references(p_tenant_id, p_default_crew_id, p_department_id);
  insert into app.technicians (tenant_id, user_id, employee_number, default_crew_id, department_id)
  values (p_tenant_id, p_user_id, nullif(btrim(p_employee_number), ''), p_default_crew_id, p_department_id)
  returning id into v_id;
  return v_id;
end $$;

-- NULL leaves a value unchanged, a blank employee number clears it. A flag that
-- clears a reference wins over a new one, which is checked all the same.
create function public.rpc_update_technician(
  p_tenant_id uuid, p_technician_id uuid, p_employee_number text default null, p_default_crew_id uuid default null,
  p_department_id uuid default null, p_is_active boolean default null, p_clear_default_crew boolean default false,
  p_clear_department boolean default false
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'labor_technician_update', 30);
  perform authz.require(p_tenant_id, 'labor.technician.manage');
  perform app.require_technician(p_tenant_id, p_technician_id, 'P0001');
  perform app.require_technician_references(p_tenant_id, p_default_crew_id, p_department_id);
  update app.technicians t set
    employee_number = nullif(btrim(coalesce(p_employee_number, t.employee_number)), ''),
    default_crew_id = case when p_clear_default_crew then null else coalesce(p_default_crew_id, t.default_crew_id) end,
    department_id   = case when p_clear_department then null else coalesce(p_department_id, t.department_id) end,
    is_active       = coalesce(p_is_active, t.is_active)
  where t.id = p_technician_id;
end $$;

-- --------------------------------------------------------- functions: crews

create function public.rpc_create_crew(p_tenant_id uuid, p_name text, p_description text default null) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'labor_crew_create', 30);
  perform authz.require(p_tenant_id, 'labor.crew.manage');
  insert into app.crews (tenant_id, name, description)
  values (p_tenant_id, coalesce(btrim(p_name), ''), nullif(btrim(p_description), ''))
  returning id into v_id;
  return v_id;
end $$;

-- NULL and a blank name leave a value unchanged, a blank description clears it.
create function public.rpc_update_crew(
  p_tenant_id uuid, p_crew_id uuid, p_name text default null, p_description text default null,
  p_lead_technician_id uuid default null, p_clear_lead_technician boolean default false
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'labor_crew_update', 30);
  perform authz.require(p_tenant_id, 'labor.crew.manage');
  perform app.require_crew(p_tenant_id, p_crew_id, 'P0001');
  if p_lead_technician_id is not null then
    perform app.require_technician(p_tenant_id, p_lead_technician_id, '23503');
  end if;
  update app.crews c set
    name               = coalesce(nullif(btrim(p_name), ''), c.name),
    description        = nullif(btrim(coalesce(p_description, c.description)), ''),
    lead_technician_id = case
      when p_clear_lead_technician then null
      else coalesce(p_lead_technician_id, c.lead_technician_id)
    end
  where c.id = p_crew_id;
end $$;

-- 23514 for a crew with schedule blocks, which would belong to nobody.
create function public.rpc_delete_crew(p_tenant_id uuid, p_crew_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'labor_crew_delete', 20);
  perform authz.require(p_tenant_id, 'labor.crew.manage');
  perform app.require_crew(p_tenant_id, p_crew_id, 'P0001');
  delete from app.crews c where c.id = p_crew_id;
end $$;

-- Adds a member, or brings back one who has left.
create function public.rpc_add_crew_member(
  p_tenant_id uuid, p_crew_id uuid, p_technician_id uuid, p_role text default null
) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  v_id bigint;
begin
  perform authz.rate_limit(p_tenant_id, 'labor_crew_member_add', 60);
  perform authz.require(p_tenant_id, 'labor.crew.manage');
  perform app.require_crew(p_tenant_id, p_crew_id, 'P0001');
  perform app.require_technician(p_tenant_id, p_technician_id, 'P0001');
  if exists (
    select from app.crew_members m
    where m.crew_id = p_crew_id and m.technician_id = p_technician_id and m.left_at is null)
  then
    raise exception using errcode = '23505', message = 'the technician is a member of this crew already';
  end if;
  insert into app.crew_members as m (tenant_id, crew_id, technician_id, role)
  values (p_tenant_id, p_crew_id, p_technician_id, nullif(btrim(p_role), ''))
  on conflict (crew_id, technician_id) do update set
    left_at = null, joined_at = now(), role = coalesce(excluded.role, m.role)
  where m.left_at is not null
  returning m.id into v_id;
  if v_id is null then
    raise exception using errcode = '23505', message = 'the technician is a member of this crew already';
  end if;
  return v_id;
end $$;

create function public.rpc_remove_crew_member(p_tenant_id uuid, p_crew_id uuid, p_technician_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'labor_crew_member_remove', 60);
  perform authz.require(p_tenant_id, 'labor.crew.manage');
  update app.crew_members m set left_at = now()
  where m.tenant_id = p_tenant_id and m.crew_id = p_crew_id and m.technician_id = p_technician_id
    and m.left_at is null;
  if not found then
    raise exception using errcode = 'P0001', message = 'active crew member not found';
  end if;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

grant select on app.technicians, app.crews, app.crew_members, cfg.skill_catalogs, app.technician_skills,
  app.availability_patterns, app.availability_overrides, app.shifts to anon, authenticated;
-- There is no RPC for these: they are written through their views.
grant delete on app.technicians to authenticated;
grant update (role) on app.crew_members to authenticated;
grant insert, update, delete on cfg.skill_catalogs, app.technician_skills, app.availability_patterns,
  app.availability_overrides, app.shifts to authenticated;

revoke all on public.v_technicians, public.v_crews, public.v_crew_members, public.v_skill_catalogs,
  public.v_technician_skills, public.v_availability_patterns, public.v_availability_overrides, public.v_shifts
  from public, anon, authenticated, service_role;
grant select on public.v_technicians, public.v_crews, public.v_crew_members, public.v_skill_catalogs,
  public.v_technician_skills, public.v_availability_patterns, public.v_availability_overrides, public.v_shifts
  to anon, authenticated, service_role;
grant delete on public.v_technicians to authenticated;
grant update (role) on public.v_crew_members to authenticated;
grant insert, update, delete on public.v_skill_catalogs, public.v_technician_skills, public.v_availability_patterns,
  public.v_availability_overrides, public.v_shifts to authenticated;

revoke execute on function public.rpc_create_technician, public.rpc_update_technician, public.rpc_create_crew,
  public.rpc_update_crew, public.rpc_delete_crew, public.rpc_add_crew_member, public.rpc_remove_crew_member
  from public;
grant execute on function public.rpc_create_technician, public.rpc_update_technician, public.rpc_create_crew,
  public.rpc_update_crew, public.rpc_delete_crew, public.rpc_add_crew_member, public.rpc_remove_crew_member
  to anon, authenticated, service_role;
