-- shifts: weekly templates and the shifts made from them, and how much everybody works

-- ---------------------------------------------------------------- tables

-- A window of every week, 0 is Sunday, of a crew or a technician. The times are
-- those of the zone of the session that makes shifts from them.
create table app.shift_templates (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  crew_id       uuid,
  technician_id uuid,
  day_of_week   smallint not null check (day_of_week between 0 and 6),
  start_time    time not null,
  end_time      time not null,
  shift_type    text not null default 'scheduled' check (cfg.is_key(shift_type)),
  label         text check (length(label) between 1 and 255),
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  check (end_time > start_time),
  check ((technician_id is null) <> (crew_id is null)),
  foreign key (tenant_id, crew_id) references app.crews (tenant_id, id) on delete cascade,
  foreign key (tenant_id, technician_id) references app.technicians (tenant_id, id) on delete cascade
);
create index on app.shift_templates (tenant_id, day_of_week);
create index on app.shift_templates (tenant_id, crew_id);
create index on app.shift_templates (tenant_id, technician_id);

-- ---------------------------------------------------------------- policies

alter table app.shift_templates enable row level security;
create policy shift_templates_read on app.shift_templates for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy shift_templates_write on app.shift_templates to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('labor.technician.manage'))::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_shift_templates with (security_invoker = true) as
select t.id, t.tenant_id, t.crew_id, t.technician_id, t.day_of_week, t.start_time, t.end_time, t.shift_type, t.label,
  t.created_at, t.updated_at
from app.shift_templates t
where t.tenant_id = (select authz.current_tenant_id());

-- A shift counts whole on the day, in UTC, on which it starts. Seconds are added
-- up before they are rounded to minutes.
create view public.v_technician_capacity with (security_invoker = true) as
select s.tenant_id, s.technician_id, (s.start_at at time zone 'utc')::date as shift_date, count(*) as shift_count,
  round(sum(extract(epoch from s.end_at - s.start_at)) / 60)::bigint as scheduled_minutes
from app.shifts s
where s.tenant_id = (select authz.current_tenant_id()) and s.technician_id is not null
group by s.tenant_id, s.technician_id, (s.start_at at time zone 'utc')::date;

create view public.v_work_order_labor_actuals with (security_invoker = true) as
select e.tenant_id, e.work_order_id, e.technician_id, e.user_id, count(*) as entry_count,
  sum(e.minutes) as total_minutes, sum(e.labor_cost_cents) as total_labor_cost_cents,
  min(e.entry_date) as first_entry_date, max(e.entry_date) as last_entry_date
from app.work_order_time_entries e
where e.tenant_id = (select authz.current_tenant_id())
group by e.tenant_id, e.work_order_id, e.technician_id, e.user_id;

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.shift_templates
  for each row execute function app.touch_updated_at();

-- The technician's shifts that overlap the time; a bound that is NULL is open.
-- Members of the technician's tenant and the service key get an answer, others
-- an empty one.
create function public.rpc_check_shift_conflicts(
  p_technician_id uuid, p_start_at timestamptz, p_end_at timestamptz, p_exclude_shift_id uuid default null
) returns table (id uuid, start_at timestamptz, end_at timestamptz, shift_type text, label text)
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_end_at <= p_start_at then
    return;
  end if;
  return query
    select s.id, s.start_at, s.end_at, s.shift_type, s.label
    from app.shifts s
    where s.technician_id = p_technician_id
      and s.id is distinct from p_exclude_shift_id
      and tstzrange(s.start_at, s.end_at) && tstzrange(p_start_at, p_end_at)
      and (authz.is_service()
        or authz.is_member(authz.user_id(), s.tenant_id) and authz.has_client_grant(s.tenant_id))
    order by s.start_at, s.id;
end $$;

-- One shift per template and day, whatever shifts there are: calling it again
-- makes them again.
create function public.rpc_generate_shifts_from_templates(p_tenant_id uuid, p_start_date date, p_end_date date)
returns table (
  id uuid, technician_id uuid, crew_id uuid, start_at timestamptz, end_at timestamptz, shift_type text, label text)
language plpgsql security definer set search_path = '' as $$
declare
  v_day date;
begin
  perform authz.require_membership(p_tenant_id);
  if p_end_date < p_start_date then
    raise exception using errcode = '22000', message = 'the last day is before the first';
  end if;
  if p_end_date - p_start_date > 3653 then
    raise exception using errcode = '22000', message = 'shifts are made for ten years at most';
  end if;
  for v_day in select p_start_date + n from generate_series(0, p_end_date - p_start_date) n loop
    return query
      insert into app.shifts as s (tenant_id, technician_id, crew_id, start_at, end_at, shift_type, label)
      select t.tenant_id, t.technician_id, t.crew_id, v_day + t.start_time, v_day + t.end_time, t.shift_type, t.label
      from app.shift_templates t
      where t.tenant_id = p_tenant_id and t.day_of_week = extract(dow from v_day)
      order by t.created_at, t.start_time, t.id
      returning s.id, s.technician_id, s.crew_id, s.start_at, s.end_at, s.shift_type, s.label;
  end loop;
end $$;

-- ---------------------------------------------------------------- grants

-- There is no RPC for templates: they are written through their view.
grant select on app.shift_templates to anon, authenticated;
grant insert, update, delete on app.shift_templates to authenticated;

revoke all on public.v_shift_templates, public.v_technician_capacity, public.v_work_order_labor_actuals
  from public, anon, authenticated, service_role;
grant select on public.v_shift_templates, public.v_technician_capacity, public.v_work_order_labor_actuals
  to anon, authenticated, service_role;
grant insert, update, delete on public.v_shift_templates to authenticated;

revoke execute on function public.rpc_check_shift_conflicts, public.rpc_generate_shifts_from_templates from public;
grant execute on function public.rpc_check_shift_conflicts, public.rpc_generate_shifts_from_templates
  to anon, authenticated, service_role;
