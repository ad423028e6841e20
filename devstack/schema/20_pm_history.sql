-- PM history: what completed work orders mean for the schedules they came from

-- ---------------------------------------------------------------- tables

create table app.pm_history (
  id             uuid primary key default gen_random_uuid(),
  tenant_id      uuid not null references app.tenants on delete cascade,
  pm_schedule_id uuid not null,
  work_order_id  uuid,
  scheduled_date timestamptz not null,
  completed_date timestamptz,
  completed_by   uuid references auth.users on delete set null,
  actual_hours   numeric,
  cost           numeric,
  notes          text,
  created_at     timestamptz not null default now(),
  foreign key (tenant_id, pm_schedule_id) references app.pm_schedules (tenant_id, id) on delete cascade,
  foreign key (tenant_id, work_order_id) references app.work_orders (tenant_id, id)
    on delete set null (work_order_id)
);
create index on app.pm_history (tenant_id, scheduled_date);
create index on app.pm_history (pm_schedule_id);
create index on app.pm_history (work_order_id);
create index on app.pm_history (completed_by);

-- ---------------------------------------------------------------- policies

alter table app.pm_history enable row level security;
create policy pm_history_read on app.pm_history for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_pm_history with (security_invoker = true) as
select h.id, h.tenant_id, h.pm_schedule_id, s.title as pm_title, h.work_order_id, w.title as work_order_title,
  h.scheduled_date, h.completed_date, h.completed_by, completer.full_name as completed_by_name,
  h.actual_hours, h.cost, h.notes, h.created_at
from app.pm_history h
left join app.pm_schedules s on s.id = h.pm_schedule_id
left join app.work_orders w on w.id = h.work_order_id
left join app.profiles completer on completer.tenant_id = h.tenant_id and completer.user_id = h.completed_by
where h.tenant_id = (select authz.current_tenant_id())
order by h.scheduled_date desc, h.completed_date desc nulls last;

-- ---------------------------------------------------------------- functions

-- When a schedule is due next, counted from a moment. Only time has an answer.
create function app.pm_next_due(p_trigger_type text, p_trigger_config jsonb, p_base timestamptz) returns timestamptz
language plpgsql immutable set search_path = '' as $$
begin
  if p_trigger_type = 'time' then
    return (p_base at time zone 'utc' + make_interval(days => (p_trigger_config ->> 'interval_days')::integer))
      at time zone 'utc';
  end if;
  return null;
end $$;

-- Where a schedule counts from that was never completed: its start date, else the
-- given moment. A date without an offset is in UTC.
create function app.pm_start(p_trigger_type text, p_trigger_config jsonb, p_default timestamptz) returns timestamptz
language plpgsql stable set search_path = '' set timezone = 'UTC' as $$
begin
  if p_trigger_type = 'time' then
    return coalesce((p_trigger_config ->> 'start_date')::timestamptz, p_default);
  end if;
  return p_default;
end $$;

-- Completing a work order advances its schedule; so does cancelling one, which
-- is stamped in the same way. A schedule without a due date counts from when its
-- work order was made.
create function app.complete_pm() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_schedule app.pm_schedules;
begin
  select s.* into v_schedule from app.pm_schedules s where s.id = new.pm_schedule_id for no key update;
  update app.pm_schedules s set
    last_completed_at = now(),
    completion_count  = s.completion_count + 1,
    next_due_date     = app.pm_next_due(s.trigger_type, s.trigger_config, now())
  where s.id = new.pm_schedule_id;
  insert into app.pm_history (tenant_id, pm_schedule_id, work_order_id, scheduled_date, completed_date, completed_by)
  values (
    new.tenant_id, new.pm_schedule_id, new.id, coalesce(v_schedule.next_due_date, new.created_at), now(),
    (select u.id from auth.users u where u.id = new.completed_by));
  return null;
end $$;

create trigger complete_pm after update of completed_at on app.work_orders
  for each row
  when (new.completed_at is distinct from old.completed_at and new.completed_at is not null
    and new.pm_schedule_id is not null)
  execute function app.complete_pm();

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

grant select on app.pm_history to anon, authenticated;

revoke all on public.v_pm_history from public, anon, authenticated, service_role;
grant select on public.v_pm_history to anon, authenticated, service_role;
