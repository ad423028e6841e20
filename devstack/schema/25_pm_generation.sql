-- PM generation: the work orders that schedules make

-- The last work order of a schedule; declared here, where work orders exist.
alter table app.pm_schedules add foreign key (tenant_id, last_work_order_id)
  references app.work_orders (tenant_id, id) on delete set null (last_work_order_id);
create index on app.pm_schedules (last_work_order_id);

-- ---------------------------------------------------------------- functions

-- Whether all that the schedule waits for has happened: the other one completed
-- once (after), never (before), or today in UTC (same_day).
create function app.pm_may_run(p_pm_schedule_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return not exists (
    select 1
    from app.pm_dependencies d
    join app.pm_schedules s on s.id = d.depends_on_pm_id
    where d.pm_schedule_id = p_pm_schedule_id and case d.dependency_type
      when 'after' then s.last_completed_at is not null
      when 'before' then s.last_completed_at is null
      else (s.last_completed_at at time zone 'utc')::date = (now() at time zone 'utc')::date
    end is not true);
end $$;

create function app.has_open_pm_work_order(p_tenant_id uuid, p_pm_schedule_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select 1
    from app.work_orders w
    join cfg.status_catalogs c on c.tenant_id = w.tenant_id and c.entity_type = 'work_order' and c.key = w.status
    where w.tenant_id = p_tenant_id and w.pm_schedule_id = p_pm_schedule_id and not c.is_final);
end $$;

-- Makes the schedule's work order; what it does not say, its template does.
create function app.create_pm_work_order(p_schedule app.pm_schedules) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_template app.pm_templates;
  v_id uuid;
begin
  select t.* into v_template from app.pm_templates t where t.id = p_schedule.template_id;
  insert into app.work_orders (
    tenant_id, title, description, status, priority, maintenance_type, asset_id, pm_schedule_id)
  values (
    p_schedule.tenant_id,
    coalesce(p_schedule.wo_title, v_template.wo_title, p_schedule.title),
    coalesce(p_schedule.wo_description, v_template.wo_description, p_schedule.description),
    cfg.initial_status(p_schedule.tenant_id, 'work_order', false),
    coalesce(p_schedule.wo_priority, v_template.wo_priority, 'medium'),
    case p_schedule.trigger_type when 'usage' then 'preventive_usage' else 'preventive_time' end,
    p_schedule.asset_id, p_schedule.id)
  returning id into v_id;
  update app.pm_schedules s set last_work_order_id = v_id where s.id = p_schedule.id;
  return v_id;
end $$;

-- The work order of a schedule whose date has come, or NULL where the schedule
-- waits for another one, or got a work order since p_last_work_order_id.
create function app.generate_due_pm(p_pm_schedule_id uuid, p_last_work_order_id uuid) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_schedule app.pm_schedules;
begin
  select s.* into v_schedule
  from app.pm_schedules s
  where s.id = p_pm_schedule_id and s.is_active and s.auto_generate and s.trigger_type = 'time'
    and s.next_due_date <= now() and s.last_work_order_id is not distinct from p_last_work_order_id
  for no key update;
  if not found or not app.pm_may_run(v_schedule.id) then
    return null;
  end if;
  return app.create_pm_work_order(v_schedule);
end $$;

-- A reading at or above the threshold makes a work order, each time.
create function app.generate_usage_pms(p_tenant_id uuid, p_meter_id uuid, p_value numeric) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_schedule app.pm_schedules;
begin
  for v_schedule in
    select s.* from app.pm_schedules s
    where s.tenant_id = p_tenant_id and s.is_active and s.auto_generate and s.trigger_type = 'usage'
      and authz.uuid_or_null(s.trigger_config ->> 'meter_id') = p_meter_id
      and p_value >= (s.trigger_config ->> 'threshold')::numeric
    order by s.id
    for no key update
  loop
    if app.pm_may_run(v_schedule.id) then
      perform app.create_pm_work_order(v_schedule);
    end if;
  end loop;
end $$;

-- Looks at the first p_limit of the schedules that are due, the oldest first;
-- NULL means all. Those that wait count too. As on the platform, a later call
-- makes another work order of a schedule that is still due. Safe rather than
-- faithful: calls at the same time make one, since each makes only what was
-- missing when it began, before it waited for the others.
create function public.rpc_generate_due_pms(p_tenant_id uuid, p_limit integer default 100) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_last constant jsonb := (
    select jsonb_object_agg(s.id, s.last_work_order_id) from app.pm_schedules s
    where s.tenant_id = p_tenant_id and s.trigger_type = 'time' and s.next_due_date <= now());
  v_schedule_id uuid;
  v_created integer := 0;
begin
  perform authz.rate_limit(p_tenant_id, 'pm_generate', 10);
  perform authz.require(p_tenant_id, 'workorder.create');
  for v_schedule_id in
    select s.id from app.pm_schedules s
    where s.tenant_id = p_tenant_id and s.is_active and s.auto_generate and s.trigger_type = 'time'
      and s.next_due_date <= now()
    order by s.next_due_date, s.created_at, s.id
    limit p_limit
  loop
    if app.generate_due_pm(v_schedule_id, (v_last ->> v_schedule_id::text)::uuid) is not null then
      v_created := v_created + 1;
    end if;
  end loop;
  return v_created;
end $$;

-- The job for all tenants. Safe rather than faithful: the platform lets anybody
-- call it, and one schedule that fails stops all others.
create function public.rpc_process_due_pm_generation(p_limit integer default 200) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_schedule record;
  v_created integer := 0;
begin
  if auth.role() in ('anon', 'authenticated') then
    raise exception using errcode = '42501', message = 'only for the scheduled job';
  end if;
  for v_schedule in
    select s.id, s.last_work_order_id from app.pm_schedules s
    where s.is_active and s.auto_generate and s.trigger_type = 'time' and s.next_due_date <= now()
      and not app.has_open_pm_work_order(s.tenant_id, s.id)
    order by s.next_due_date, s.created_at, s.id
    limit case when p_limit >= 1 then p_limit else 200 end
  loop
    begin
      if app.generate_due_pm(v_schedule.id, v_schedule.last_work_order_id) is not null then
        v_created := v_created + 1;
      end if;
    exception when others then
      raise warning 'PM schedule % made no work order: %', v_schedule.id, sqlerrm;
    end;
  end loop;
  return v_created;
end $$;

create function public.rpc_trigger_manual_pm(p_tenant_id uuid, p_pm_schedule_id uuid) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_schedule app.pm_schedules;
begin
  perform authz.rate_limit(p_tenant_id, 'pm_trigger', 20);
  perform authz.require(p_tenant_id, 'workorder.create');
  perform app.require_own_pm_schedule(p_tenant_id, p_pm_schedule_id);
  select s.* into v_schedule from app.pm_schedules s where s.id = p_pm_schedule_id for no key update;
  if v_schedule.trigger_type <> 'manual' then
    raise exception using errcode = '23514', message = 'only a manual PM schedule is triggered by hand';
  elsif not v_schedule.is_active then
    raise exception using errcode = '23503', message = 'the PM schedule is inactive';
  elsif not app.pm_may_run(v_schedule.id) then
    raise exception using errcode = '23503', message = 'the PM schedule waits for another one';
  end if;
  return app.create_pm_work_order(v_schedule);
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

revoke execute on function public.rpc_generate_due_pms, public.rpc_process_due_pm_generation,
  public.rpc_trigger_manual_pm from public;
grant execute on function public.rpc_generate_due_pms, public.rpc_process_due_pm_generation,
  public.rpc_trigger_manual_pm to anon, authenticated, service_role;
