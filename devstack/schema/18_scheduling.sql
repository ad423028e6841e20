-- scheduling: when which technician or crew does a work order

-- ---------------------------------------------------------------- tables

-- Deleting a crew that has blocks is refused: the block would belong to nobody.
create table app.schedule_blocks (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  work_order_id uuid not null,
  technician_id uuid,
  crew_id       uuid,
  start_at      timestamptz not null,
  end_at        timestamptz not null,
  location_id   uuid,
  asset_id      uuid,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  check (end_at > start_at),
  check ((technician_id is null) <> (crew_id is null)),
  foreign key (tenant_id, work_order_id) references app.work_orders (tenant_id, id) on delete cascade,
  foreign key (tenant_id, technician_id) references app.technicians (tenant_id, id) on delete cascade,
  foreign key (tenant_id, crew_id) references app.crews (tenant_id, id) on delete set null (crew_id),
  foreign key (tenant_id, location_id) references app.locations (tenant_id, id)
    on delete set null (location_id),
  foreign key (tenant_id, asset_id) references app.assets (tenant_id, id)
    on delete set null (asset_id)
);
create index on app.schedule_blocks (tenant_id, start_at);
create index on app.schedule_blocks (work_order_id);
create index on app.schedule_blocks (technician_id, start_at);
create index on app.schedule_blocks (crew_id, start_at);
create index on app.schedule_blocks (location_id);
create index on app.schedule_blocks (asset_id);

-- Scheduling a technician assigns them; it says nothing about the user in
-- work_orders.assigned_to.
create table app.work_order_assignments (
  id            bigint generated always as identity primary key,
  tenant_id     uuid not null references app.tenants on delete cascade,
  work_order_id uuid not null,
  technician_id uuid not null,
  assigned_at   timestamptz not null default now(),
  created_at    timestamptz not null default now(),
  unique (work_order_id, technician_id),
  foreign key (tenant_id, work_order_id) references app.work_orders (tenant_id, id) on delete cascade,
  foreign key (tenant_id, technician_id) references app.technicians (tenant_id, id) on delete cascade
);
create index on app.work_order_assignments (tenant_id, technician_id);

-- ---------------------------------------------------------------- policies

alter table app.schedule_blocks enable row level security;
create policy schedule_blocks_read on app.schedule_blocks for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.work_order_assignments enable row level security;
create policy work_order_assignments_read on app.work_order_assignments for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- views

-- The join leaves out blocks of work orders that the caller does not see.
create view public.v_schedule_blocks with (security_invoker = true) as
select b.id, b.tenant_id, b.work_order_id, b.start_at, b.end_at, b.technician_id, b.crew_id, b.location_id,
  b.asset_id, w.title as work_order_title, w.status as work_order_status, w.priority as work_order_priority,
  w.due_date as work_order_due_date, coalesce(b.location_id, w.location_id) as effective_location_id,
  coalesce(b.asset_id, w.asset_id) as effective_asset_id, b.created_at, b.updated_at
from app.schedule_blocks b
join app.work_orders w on w.id = b.work_order_id
where b.tenant_id = (select authz.current_tenant_id());

create view public.v_schedule_by_technician with (security_invoker = true) as
select b.* from public.v_schedule_blocks b where b.technician_id is not null;

create view public.v_schedule_by_crew with (security_invoker = true) as
select b.* from public.v_schedule_blocks b where b.crew_id is not null;

create view public.v_schedule_by_asset with (security_invoker = true) as
select b.* from public.v_schedule_blocks b where b.effective_asset_id is not null;

create view public.v_schedule_by_location with (security_invoker = true) as
select b.* from public.v_schedule_blocks b where b.effective_location_id is not null;

create view public.v_work_order_assignments with (security_invoker = true) as
select a.id, a.tenant_id, a.work_order_id, a.technician_id, a.assigned_at, a.created_at
from app.work_order_assignments a
where a.tenant_id = (select authz.current_tenant_id());

-- ----------------------------------------------------- functions: scheduling

create trigger touch before update on app.schedule_blocks
  for each row execute function app.touch_updated_at();

-- Scheduling takes the tenant from the row and leaves the caller's current one
-- alone; everybody outside of it, signed in or not, gets 42501.
create function authz.require_membership(p_tenant_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not authz.is_member(authz.user_id(), p_tenant_id) then
    raise exception using errcode = '42501', message = 'not a member of this tenant';
  end if;
  perform authz.require_client_grant(p_tenant_id);
end $$;

create function app.add_assignment(p_tenant_id uuid, p_work_order_id uuid, p_technician_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  insert into app.work_order_assignments (tenant_id, work_order_id, technician_id)
  select p_tenant_id, p_work_order_id, p_technician_id where p_technician_id is not null
  on conflict (work_order_id, technician_id) do nothing;
end $$;

-- A work order has one block: the new one replaces it.
create function public.rpc_schedule_work_order(
  p_work_order_id uuid, p_technician_id uuid default null, p_crew_id uuid default null,
  p_start_at timestamptz default null, p_end_at timestamptz default null, p_location_id uuid default null,
  p_asset_id uuid default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_work_order app.work_orders;
  v_id uuid;
begin
  if (p_technician_id is null) = (p_crew_id is null) then
    raise exception using errcode = '22000', message = 'exactly one of technician and crew is needed';
  end if;
  if (p_end_at > p_start_at) is not true then
    raise exception using errcode = '22000', message = 'the end must be after the start';
  end if;
  -- Locked, so that two calls at the same time leave one block.
  select w.* into v_work_order from app.work_orders w where w.id = p_work_order_id for no key update;
  if not found then
    raise exception using errcode = 'P0002', message = 'work order not found';
  end if;
  perform authz.require_membership(v_work_order.tenant_id);

  delete from app.schedule_blocks b where b.work_order_id = p_work_order_id;
  insert into app.schedule_blocks
    (tenant_id, work_order_id, technician_id, crew_id, start_at, end_at, location_id, asset_id)
  values (
    v_work_order.tenant_id, p_work_order_id, p_technician_id, p_crew_id, p_start_at, p_end_at,
    coalesce(p_location_id, v_work_order.location_id), coalesce(p_asset_id, v_work_order.asset_id))
  returning id into v_id;
  perform app.add_assignment(v_work_order.tenant_id, p_work_order_id, p_technician_id);
  return v_id;
end $$;

-- NULL leaves a value unchanged. A technician takes the block from its crew and
-- the other way round.
create function public.rpc_update_schedule_block(
  p_schedule_block_id uuid, p_technician_id uuid default null, p_crew_id uuid default null,
  p_start_at timestamptz default null, p_end_at timestamptz default null, p_location_id uuid default null,
  p_asset_id uuid default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_block app.schedule_blocks;
begin
  select b.* into v_block from app.schedule_blocks b where b.id = p_schedule_block_id for no key update;
  if not found then
    raise exception using errcode = 'P0002', message = 'schedule block not found';
  end if;
  perform authz.require_membership(v_block.tenant_id);
  if p_technician_id is not null and p_crew_id is not null then
    raise exception using errcode = '22000', message = 'a block is for a technician or a crew, not both';
  end if;
  if p_end_at <= p_start_at then
    raise exception using errcode = '22000', message = 'the end must be after the start';
  end if;
  update app.schedule_blocks b set
    technician_id = case when p_crew_id is null then coalesce(p_technician_id, b.technician_id) end,
    crew_id       = case when p_technician_id is null then coalesce(p_crew_id, b.crew_id) end,
    start_at      = coalesce(p_start_at, b.start_at),
    end_at        = coalesce(p_end_at, b.end_at),
    location_id   = coalesce(p_location_id, b.location_id),
    asset_id      = coalesce(p_asset_id, b.asset_id)
  where b.id = p_schedule_block_id
  returning b.* into v_block;
  perform app.add_assignment(v_block.tenant_id, v_block.work_order_id, v_block.technician_id);
  return p_schedule_block_id;
end $$;

-- The block id wins when both are given. What is not there needs no deleting.
create function public.rpc_unschedule_work_order(
  p_schedule_block_id uuid default null, p_work_order_id uuid default null
) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_block app.schedule_blocks;
begin
  if p_schedule_block_id is null and p_work_order_id is null then
    raise exception using errcode = '22000', message = 'a schedule block or a work order is needed';
  end if;
  for v_block in
    select b.* from app.schedule_blocks b
    where case when p_schedule_block_id is not null then b.id = p_schedule_block_id else b.work_order_id = p_work_order_id end
  loop
    perform authz.require_membership(v_block.tenant_id);
    delete from app.schedule_blocks b where b.id = v_block.id;
  end loop;
end $$;

-- ----------------------------------------------------- functions: validation

-- The checks of a technician's availability, day by day in UTC. Overlapping a
-- window of the day is enough.
create function app.validate_availability(p_technician_id uuid, p_start_at timestamptz, p_end_at timestamptz)
returns table (check_type text, severity text, message text)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_first constant date := (p_start_at at time zone 'utc')::date;
  v_last constant date := ((p_end_at - interval '1 microsecond') at time zone 'utc')::date;
  v_day date;
  v_slot tstzrange;
  v_override app.availability_overrides;
begin
  if not exists (select from app.availability_patterns p where p.technician_id = p_technician_id) then
    return query select 'availability', 'info', 'the technician has no weekly availability';
    return;
  end if;

  for v_day in select v_first + n from generate_series(0, v_last - v_first) n loop
    v_slot := tstzrange(p_start_at, p_end_at)
      * tstzrange(v_day::timestamp at time zone 'utc', (v_day + 1)::timestamp at time zone 'utc');
    select o.* into v_override
    from app.availability_overrides o where o.technician_id = p_technician_id and o.override_date = v_day;

    if v_override.is_available then
      if v_override.start_time is not null and v_override.end_time is not null and not exists (
        select where v_override.end_time > v_override.start_time and v_slot && tstzrange(
          (v_day + v_override.start_time) at time zone 'utc', (v_day + v_override.end_time) at time zone 'utc'))
      then
        return query select 'availability', 'warning', format('outside of the hours of the exception on %s', v_day);
      end if;
      continue;
    end if;

    if not v_override.is_available then
      return query select 'availability', 'warning', format('the technician is unavailable on %s', v_day);
    end if;
    if not exists (
      select from app.availability_patterns p
      where p.technician_id = p_technician_id and p.day_of_week = extract(dow from v_day))
    then
      return query select 'availability', 'warning',
        format('the technician does not work on %s', to_char(v_day, 'FMDay'));
    end if;
    if not exists (
      select from app.availability_patterns p
      where p.technician_id = p_technician_id and p.day_of_week = extract(dow from v_day)
        and v_slot && tstzrange(
          (v_day + p.start_time) at time zone coalesce(p.timezone, 'utc'),
          (v_day + p.end_time) at time zone coalesce(p.timezone, 'utc')))
    then
      return query select 'availability', 'warning', format('outside of the weekly hours on %s', v_day);
    end if;
  end loop;
end $$;

-- A breach after the deadline, a warning in the two hours before it.
create function app.validate_deadline(p_end_at timestamptz, p_deadline timestamptz, p_what text)
returns table (check_type text, severity text, message text)
language plpgsql stable set search_path = '' as $$
begin
  if p_end_at > p_deadline then
    return query select 'sla', 'breach', format('ends after the %s', p_what);
  elsif p_end_at > p_deadline - interval '2 hours' then
    return query select 'sla', 'warning', format('ends less than two hours before the %s', p_what);
  end if;
end $$;

-- A work order of another tenant counts as none.
create function app.validate_technician(
  p_tenant_id uuid, p_technician_id uuid, p_start_at timestamptz, p_end_at timestamptz, p_work_order_id uuid,
  p_exclude_block_id uuid
) returns table (check_type text, severity text, message text)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_work_order app.work_orders;
begin
  if exists (
    select from app.shifts s
    where s.technician_id = p_technician_id and s.start_at < p_end_at and s.end_at > p_start_at)
  then
    return query select 'conflict', 'warning', 'overlaps a shift of the technician';
  end if;
  if exists (
    select from app.schedule_blocks b
    where b.technician_id = p_technician_id and b.start_at < p_end_at and b.end_at > p_start_at
      and b.id is distinct from p_exclude_block_id)
  then
    return query select 'conflict', 'warning', 'overlaps other scheduled work of the technician';
  end if;
  return query select a.* from app.validate_availability(p_technician_id, p_start_at, p_end_at) a;

  select w.* into v_work_order
  from app.work_orders w where w.id = p_work_order_id and w.tenant_id = p_tenant_id;
  if not found then
    return;
  end if;
  return query select d.* from app.validate_deadline(p_end_at, v_work_order.due_date, 'due date') d;
  return query select d.* from app.validate_deadline(p_end_at, v_work_order.sla_resolution_due_at, 'SLA resolution time') d;
  if p_start_at > v_work_order.sla_response_due_at then
    return query select 'sla', 'warning', 'starts after the SLA response time';
  end if;
  return query
    select 'skill', 'warning', format('the technician lacks the skill %s', s.name)
    from app.asset_required_skills r
    join cfg.skill_catalogs s on s.id = r.skill_id
    where r.asset_id = v_work_order.asset_id and not exists (
      select from app.technician_skills t where t.technician_id = p_technician_id and t.skill_id = r.skill_id)
    order by s.display_order, s.name, s.id;
  return query select 'priority', 'info', format('the priority of the work order is %s', v_work_order.priority);
end $$;

-- Says what speaks against a slot and changes nothing. The technician wins over
-- the crew, whose first 50 members are checked one by one.
create function public.rpc_validate_schedule(
  p_technician_id uuid default null, p_crew_id uuid default null, p_start_at timestamptz default null,
  p_end_at timestamptz default null, p_work_order_id uuid default null, p_exclude_block_id uuid default null
) returns table (check_type text, severity text, message text)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_tenant_id uuid;
  v_members uuid[];
  v_member uuid;
begin
  if p_technician_id is null and p_crew_id is null then
    return;
  end if;
  if (p_end_at > p_start_at) is not true then
    return query select 'input', 'error', 'the end must be after the start';
    return;
  end if;
  -- A slot of years would be checked day by day.
  if p_end_at > p_start_at + interval '10 years' then
    return query select 'input', 'error', 'the slot is longer than ten years';
    return;
  end if;

  if p_technician_id is not null then
    select t.tenant_id into v_tenant_id from app.technicians t where t.id = p_technician_id;
    if not found then
      return query select 'input', 'error', 'unknown technician';
      return;
    end if;
    perform authz.require_membership(v_tenant_id);
    return query
      select v.* from app.validate_technician(
        v_tenant_id, p_technician_id, p_start_at, p_end_at, p_work_order_id, p_exclude_block_id) v;
    return;
  end if;

  select c.tenant_id into v_tenant_id from app.crews c where c.id = p_crew_id;
  if not found then
    return query select 'input', 'error', 'unknown crew';
    return;
  end if;
  perform authz.require_membership(v_tenant_id);
  v_members := array(
    select m.technician_id from app.crew_members m where m.crew_id = p_crew_id and m.left_at is null order by m.id);
  if cardinality(v_members) = 0 then
    return query select 'crew', 'warning', 'the crew has no active member';
  elsif cardinality(v_members) > 50 then
    return query select 'crew', 'info', format('only 50 of the %s members are checked', cardinality(v_members));
  end if;
  foreach v_member in array v_members[1:50] loop
    return query
      select v.check_type || '_member', v.severity, v.message
      from app.validate_technician(
        v_tenant_id, v_member, p_start_at, p_end_at, p_work_order_id, p_exclude_block_id) v;
  end loop;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app, authz from public;

grant select on app.schedule_blocks, app.work_order_assignments to anon, authenticated;

revoke all on public.v_schedule_blocks, public.v_schedule_by_technician, public.v_schedule_by_crew,
  public.v_schedule_by_asset, public.v_schedule_by_location, public.v_work_order_assignments
  from public, anon, authenticated, service_role;
grant select on public.v_schedule_blocks, public.v_schedule_by_technician, public.v_schedule_by_crew,
  public.v_schedule_by_asset, public.v_schedule_by_location, public.v_work_order_assignments
  to anon, authenticated, service_role;

revoke execute on function public.rpc_schedule_work_order, public.rpc_update_schedule_block,
  public.rpc_unschedule_work_order, public.rpc_validate_schedule from public;
grant execute on function public.rpc_schedule_work_order, public.rpc_update_schedule_block,
  public.rpc_unschedule_work_order, public.rpc_validate_schedule to anon, authenticated, service_role;
