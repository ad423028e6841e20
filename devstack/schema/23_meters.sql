-- meters: counters of assets, and what was read from them

-- ---------------------------------------------------------------- tables

create table app.meters (
  id                uuid primary key default gen_random_uuid(),
  tenant_id         uuid not null references app.tenants on delete cascade,
  asset_id          uuid not null,
  meter_type        text not null
    check (meter_type in ('runtime_hours', 'cycles', 'miles', 'production_units', 'custom')),
  name              text not null check (length(name) between 1 and 255),
  unit              text not null check (length(unit) between 1 and 50),
  current_reading   numeric not null default 0 check (current_reading >= 0),
  last_reading_date timestamptz,
  reading_direction text not null default 'increasing'
    check (reading_direction in ('increasing', 'decreasing', 'reset')),
  decimal_places    integer not null default 0 check (decimal_places between 0 and 6),
  is_active         boolean not null default true,
  description       text,
  installation_date date,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  unique (tenant_id, asset_id, name),
  unique (tenant_id, id),
  foreign key (tenant_id, asset_id) references app.assets (tenant_id, id) on delete cascade
);

create table app.meter_readings (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  meter_id      uuid not null,
  reading_value numeric not null check (reading_value >= 0),
  reading_date  timestamptz not null default now(),
  reading_type  text not null default 'manual'
    check (reading_type in ('manual', 'automated', 'imported', 'estimated')),
  notes         text,
  recorded_by   uuid references auth.users on delete set null,
  created_at    timestamptz not null default now(),
  foreign key (tenant_id, meter_id) references app.meters (tenant_id, id) on delete cascade
);
create index on app.meter_readings (tenant_id, reading_date desc, created_at desc);
create index on app.meter_readings (meter_id, reading_date desc);
create index on app.meter_readings (recorded_by);

-- ---------------------------------------------------------------- policies

alter table app.meters enable row level security;
create policy meters_read on app.meters for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.meter_readings enable row level security;
create policy meter_readings_read on app.meter_readings for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_asset_meters with (security_invoker = true) as
select m.id, m.tenant_id, m.asset_id, m.meter_type, m.name, m.unit, m.current_reading, m.last_reading_date,
  m.reading_direction, m.decimal_places, m.is_active, m.description, m.installation_date, m.created_at, m.updated_at,
  a.name as asset_name
from app.meters m
join app.assets a on a.id = m.asset_id
where m.tenant_id = (select authz.current_tenant_id())
order by a.name, m.name;

create view public.v_meter_readings with (security_invoker = true) as
select r.id, r.tenant_id, r.meter_id, r.reading_value, r.reading_date, r.reading_type, r.notes, r.recorded_by,
  recorder.full_name as recorded_by_name, r.created_at, m.name as meter_name, a.name as asset_name
from app.meter_readings r
join app.meters m on m.id = r.meter_id
join app.assets a on a.id = m.asset_id
left join app.profiles recorder on recorder.tenant_id = r.tenant_id and recorder.user_id = r.recorded_by
where r.tenant_id = (select authz.current_tenant_id())
order by r.reading_date desc, r.created_at desc;

-- -------------------------------------------------------- functions: meters

create trigger touch before update on app.meters
  for each row execute function app.touch_updated_at();

-- P0001 for an unknown meter, 42501 for one of another tenant.
create function app.require_meter(p_tenant_id uuid, p_meter_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_tenant_id uuid;
begin
  select m.tenant_id into v_tenant_id from app.meters m where m.id = p_meter_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'meter not found';
  elsif v_tenant_id <> p_tenant_id then
    raise exception using errcode = '42501', message = 'the meter belongs to another tenant';
  end if;
end $$;

-- 23514 for a value that a meter cannot have; NULL passes.
create function app.check_meter_values(
  p_name text, p_unit text, p_reading_direction text, p_decimal_places integer
) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if length(p_name) not between 1 and 255 then
    raise exception using errcode = '23514', message = 'the name has 1 to 255 characters';
  elsif length(p_unit) not between 1 and 50 then
    raise exception using errcode = '23514', message = 'the unit has 1 to 50 characters';
  elsif p_reading_direction not in ('increasing', 'decreasing', 'reset') then
    raise exception using errcode = '23514', message = format('unknown reading direction %s', p_reading_direction);
  elsif p_decimal_places not between 0 and 6 then
    raise exception using errcode = '23514', message = 'a meter has 0 to 6 decimal places';
  end if;
end $$;

-- 23503 while an active schedule waits for the meter.
create function app.require_unused_meter(p_tenant_id uuid, p_meter_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if exists (
    select 1 from app.pm_schedules s
    where s.tenant_id = p_tenant_id and s.is_active and s.trigger_type = 'usage'
      and authz.uuid_or_null(s.trigger_config ->> 'meter_id') = p_meter_id)
  then
    raise exception using errcode = '23503', message = 'an active PM schedule uses the meter';
  end if;
end $$;

create function public.rpc_create_meter(
  p_tenant_id uuid, p_asset_id uuid, p_meter_type text, p_name text, p_unit text, p_current_reading numeric default 0,
  p_reading_direction text default 'increasing', p_decimal_places integer default 0, p_description text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'meter_create', 20);
  perform authz.require(p_tenant_id, 'asset.edit');
  perform app.require_asset(p_tenant_id, p_asset_id);
  if p_meter_type not in ('runtime_hours', 'cycles', 'miles', 'production_units', 'custom') then
    raise exception using errcode = '23514', message = format('unknown meter type %s', p_meter_type);
  end if;
  perform app.check_meter_values(p_name, p_unit, p_reading_direction, p_decimal_places);
  insert into app.meters (
    tenant_id, asset_id, meter_type, name, unit, current_reading, reading_direction, decimal_places, description)
  values (
    p_tenant_id, p_asset_id, p_meter_type, p_name, p_unit, p_current_reading, p_reading_direction, p_decimal_places,
    p_description)
  returning id into v_id;
  return v_id;
end $$;

-- NULL leaves a value unchanged.
create function public.rpc_update_meter(
  p_tenant_id uuid, p_meter_id uuid, p_name text default null, p_unit text default null,
  p_reading_direction text default null, p_decimal_places integer default null, p_description text default null,
  p_is_active boolean default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'meter_update', 20);
  perform authz.require(p_tenant_id, 'asset.edit');
  perform app.require_meter(p_tenant_id, p_meter_id);
  perform app.check_meter_values(p_name, p_unit, p_reading_direction, p_decimal_places);
  if not p_is_active then
    perform app.require_unused_meter(p_tenant_id, p_meter_id);
  end if;
  update app.meters m set
    name              = coalesce(p_name, m.name),
    unit              = coalesce(p_unit, m.unit),
    reading_direction = coalesce(p_reading_direction, m.reading_direction),
    decimal_places    = coalesce(p_decimal_places, m.decimal_places),
    description       = coalesce(p_description, m.description),
    is_active         = coalesce(p_is_active, m.is_active)
  where m.id = p_meter_id;
end $$;

-- Switches the meter off; its readings stay.
create function public.rpc_delete_meter(p_tenant_id uuid, p_meter_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'meter_delete', 10);
  perform authz.require(p_tenant_id, 'asset.edit');
  perform app.require_meter(p_tenant_id, p_meter_id);
  perform app.require_unused_meter(p_tenant_id, p_meter_id);
  update app.meters m set is_active = false where m.id = p_meter_id;
end $$;

-- ------------------------------------------------------ functions: readings

-- Adds a reading that the meter can have and makes it the current one, also when
-- it is dated back. Schedules that wait for the value make their work orders.
-- Readings of one meter wait for each other.
create function app.add_meter_reading(
  p_tenant_id uuid, p_meter_id uuid, p_value numeric, p_date timestamptz, p_type text, p_notes text, p_user_id uuid
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_date constant timestamptz := coalesce(p_date, now());
  v_meter app.meters;
  v_id uuid;
begin
  select m.* into v_meter from app.meters m where m.id = p_meter_id for no key update;
  if v_date not between now() - interval '90 days' and now() + interval '7 days' then
    raise exception using errcode = '23514', message = 'a reading is at most 90 days old and 7 days ahead';
  elsif p_value < 0 then
    raise exception using errcode = '23514', message = 'the reading is negative';
  elsif v_meter.reading_direction = 'increasing' and p_value < v_meter.current_reading * 0.9 then
    raise exception using errcode = '23514', message = 'the reading fell by more than a tenth';
  elsif v_meter.reading_direction = 'decreasing' and p_value > v_meter.current_reading then
    raise exception using errcode = '23514', message = 'the reading rose on a meter that decreases';
  end if;
  insert into app.meter_readings (tenant_id, meter_id, reading_value, reading_date, reading_type, notes, recorded_by)
  values (p_tenant_id, p_meter_id, p_value, v_date, p_type, p_notes, p_user_id)
  returning id into v_id;
  update app.meters m set current_reading = p_value, last_reading_date = v_date where m.id = p_meter_id;
  perform app.generate_usage_pms(p_tenant_id, p_meter_id, p_value);
  return v_id;
end $$;

-- A meter that is off is read all the same.
create function public.rpc_record_meter_reading(
  p_tenant_id uuid, p_meter_id uuid, p_reading_value numeric, p_reading_date timestamptz default null,
  p_reading_type text default 'manual', p_notes text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'meter_reading_record', 50);
  v_user_id := authz.require(p_tenant_id, 'asset.edit');
  perform app.require_meter(p_tenant_id, p_meter_id);
  if p_reading_type not in ('manual', 'automated', 'imported', 'estimated') then
    raise exception using errcode = '23514', message = format('unknown reading type %s', p_reading_type);
  end if;
  return app.add_meter_reading(
    p_tenant_id, p_meter_id, p_reading_value, p_reading_date, p_reading_type, p_notes, v_user_id);
end $$;

-- What machines read, brought in by the service. Safe rather than faithful: the
-- platform lets anybody call it.
create function public.rpc_record_meter_reading_automated(
  p_tenant_id uuid, p_meter_id uuid, p_reading_value numeric, p_reading_date timestamptz default null,
  p_notes text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.require_service();
  perform app.require_meter(p_tenant_id, p_meter_id);
  if not (select m.is_active from app.meters m where m.id = p_meter_id) then
    raise exception using errcode = '23514', message = 'the meter is inactive';
  end if;
  return app.add_meter_reading(
    p_tenant_id, p_meter_id, p_reading_value, p_reading_date, 'automated', p_notes, null);
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

grant select on app.meters, app.meter_readings to anon, authenticated;

revoke all on public.v_asset_meters, public.v_meter_readings from public, anon, authenticated, service_role;
grant select on public.v_asset_meters, public.v_meter_readings to anon, authenticated, service_role;

revoke execute on function public.rpc_create_meter, public.rpc_update_meter, public.rpc_delete_meter,
  public.rpc_record_meter_reading, public.rpc_record_meter_reading_automated from public;
grant execute on function public.rpc_create_meter, public.rpc_update_meter, public.rpc_delete_meter,
  public.rpc_record_meter_reading, public.rpc_record_meter_reading_automated to anon, authenticated, service_role;
