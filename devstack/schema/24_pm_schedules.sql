-- PM schedules: their templates, what triggers them, and which are due

-- ---------------------------------------------------------------- views

create view public.v_pm_templates with (security_invoker = true) as
select t.id, t.tenant_id, t.name, t.description, t.trigger_type, t.trigger_config, t.wo_title, t.wo_description,
  t.wo_priority, t.wo_priority_entity_type, t.wo_estimated_hours, t.is_system, t.created_at, t.updated_at
from app.pm_templates t
where t.tenant_id = (select authz.current_tenant_id())
order by t.name;

create view public.v_pm_template_checklist_items with (security_invoker = true) as
select i.id, i.template_id, t.tenant_id, i.description, i.required, i.display_order, i.created_at
from app.pm_template_checklist_items i
join app.pm_templates t on t.id = i.template_id
where t.tenant_id = (select authz.current_tenant_id())
order by i.display_order;

create view public.v_pm_schedules with (security_invoker = true) as
select s.id, s.tenant_id, s.asset_id, s.template_id, s.title, s.description, s.trigger_type, s.trigger_config,
  s.wo_title, s.wo_description, s.wo_priority, s.wo_priority_entity_type, s.wo_estimated_hours, s.auto_generate,
  s.next_due_date, s.last_completed_at, s.last_work_order_id, s.completion_count, s.parent_pm_id, s.is_active,
  s.created_at, s.updated_at, a.name as asset_name, t.name as template_name,
  s.is_active and coalesce(s.next_due_date <= now(), false) as is_overdue
from app.pm_schedules s
left join app.assets a on a.id = s.asset_id
left join app.pm_templates t on t.id = s.template_id
where s.tenant_id = (select authz.current_tenant_id())
order by s.next_due_date nulls last, s.title;

-- What is due by its date, or by the value of its meter. Calendar and condition
-- schedules never are.
create view public.v_due_pms with (security_invoker = true) as
select s.id, s.tenant_id, s.asset_id, a.name as asset_name, s.template_id, t.name as template_name, s.title,
  s.description, s.trigger_type, s.trigger_config, s.next_due_date, s.last_completed_at, s.completion_count,
  s.is_active, s.created_at, s.updated_at
from app.pm_schedules s
left join app.assets a on a.id = s.asset_id
left join app.pm_templates t on t.id = s.template_id
where s.tenant_id = (select authz.current_tenant_id()) and s.is_active and case s.trigger_type
  when 'time' then s.next_due_date <= now()
  when 'usage' then exists (
    select 1 from app.meters m
    where m.tenant_id = s.tenant_id and m.id = authz.uuid_or_null(s.trigger_config ->> 'meter_id')
      and m.current_reading >= (s.trigger_config ->> 'threshold')::numeric)
  else false
end
order by s.next_due_date;

create view public.v_overdue_pms with (security_invoker = true) as
select s.id, s.tenant_id, s.asset_id, a.name as asset_name, s.template_id, t.name as template_name, s.title,
  s.description, s.trigger_type, s.trigger_config, s.next_due_date, s.last_completed_at, s.completion_count,
  s.is_active, s.created_at, s.updated_at, extract(epoch from now() - s.next_due_date) / 86400 as days_overdue
from app.pm_schedules s
left join app.assets a on a.id = s.asset_id
left join app.pm_templates t on t.id = s.template_id
where s.tenant_id = (select authz.current_tenant_id()) and s.is_active and s.next_due_date < now() - interval '1 day'
order by s.next_due_date;

create view public.v_upcoming_pms with (security_invoker = true) as
select s.id, s.tenant_id, s.asset_id, a.name as asset_name, s.template_id, t.name as template_name, s.title,
  s.description, s.trigger_type, s.trigger_config, s.next_due_date, s.last_completed_at, s.completion_count,
  s.is_active, s.created_at, s.updated_at, extract(epoch from s.next_due_date - now()) / 86400 as days_until_due
from app.pm_schedules s
left join app.assets a on a.id = s.asset_id
left join app.pm_templates t on t.id = s.template_id
where s.tenant_id = (select authz.current_tenant_id()) and s.is_active
  and s.next_due_date > now() and s.next_due_date <= now() + interval '30 days'
order by s.next_due_date;

-- ------------------------------------------------------ functions: triggers

-- 23514 unless the configuration says when the trigger fires. Of most keys only
-- the presence counts: JSON null passes.
create function app.check_pm_trigger(p_type text, p_config jsonb) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if p_type is null or p_type not in ('time', 'usage', 'calendar', 'condition', 'manual') then
    raise exception using errcode = '23514', message = format('unknown trigger type %s', p_type);
  elsif p_config is null then
    raise exception using errcode = '23514', message = 'a trigger has a configuration';
  elsif p_type <> 'manual' and (jsonb_typeof(p_config) <> 'object' or not case p_type
    when 'time' then p_config ? 'interval_days'
    when 'usage' then p_config ?& array['meter_id', 'threshold']
    when 'calendar' then p_config ? 'pattern'
    else p_config ?& array['threshold', 'operator'] and p_config ?| array['sensor_id', 'integration_id']
  end) then
    raise exception using errcode = '23514', message = format('the configuration of a %s trigger is incomplete', p_type);
  elsif (case p_type
    when 'time' then (p_config ->> 'interval_days')::integer < 1
    when 'usage' then (p_config ->> 'threshold')::numeric <= 0
    when 'calendar' then p_config ->> 'pattern' not in ('daily', 'weekly', 'monthly', 'quarterly', 'yearly')
    when 'condition' then p_config ->> 'operator' not in ('greater_than', 'less_than', 'equals', 'not_equals')
  end) then
    raise exception using errcode = '23514', message = format('the configuration of a %s trigger is invalid', p_type);
  end if;
end $$;

-- 23503 for a priority that the tenant's catalog lacks; NULL passes.
create function app.check_pm_priority(p_tenant_id uuid, p_priority text) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_priority is not null and not cfg.is_work_order_priority(p_tenant_id, p_priority) then
    raise exception using errcode = '23503', message = format('unknown priority %s', p_priority);
  end if;
end $$;

-- ----------------------------------------------------- functions: templates

-- P0001 for an unknown template, 42501 for one of another tenant.
create function app.require_pm_template(p_tenant_id uuid, p_template_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_tenant_id uuid;
begin
  select t.tenant_id into v_tenant_id from app.pm_templates t where t.id = p_template_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'PM template not found';
  elsif v_tenant_id <> p_tenant_id then
    raise exception using errcode = '42501', message = 'the PM template belongs to another tenant';
  end if;
end $$;

create function app.check_pm_template_name(p_name text) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if length(p_name) not between 1 and 255 then
    raise exception using errcode = '23514', message = 'the name has 1 to 255 characters';
  end if;
end $$;

-- Items without a description are dropped; the others keep their place.
create function app.replace_pm_checklist(p_tenant_id uuid, p_template_id uuid, p_items jsonb) returns void
language plpgsql security definer set search_path = '' as $$
begin
  delete from app.pm_template_checklist_items i where i.template_id = p_template_id;
  if jsonb_typeof(p_items) = 'array' then
    insert into app.pm_template_checklist_items (tenant_id, template_id, description, required, display_order)
    select p_tenant_id, p_template_id, r.value ->> 'description', coalesce((r.value ->> 'required')::boolean, false),
      r.ordinality - 1
    from jsonb_array_elements(p_items) with ordinality r
    where r.value ->> 'description' <> '';
  end if;
end $$;

create function public.rpc_create_pm_template(
  p_tenant_id uuid, p_name text, p_trigger_type text, p_trigger_config jsonb, p_description text default null,
  p_estimated_hours numeric default null, p_wo_title text default null, p_wo_description text default null,
  p_wo_priority text default null, p_wo_estimated_hours numeric default null, p_checklist_items jsonb default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'pm_template_create', 20);
  perform authz.require(p_tenant_id, 'tenant.admin');
  perform app.check_pm_template_name(p_name);
  perform app.check_pm_trigger(p_trigger_type, p_trigger_config);
  perform app.check_pm_priority(p_tenant_id, p_wo_priority);
  insert into app.pm_templates (
    tenant_id, name, description, trigger_type, trigger_config, wo_title, wo_description, wo_priority,
    wo_estimated_hours)
  values (
    p_tenant_id, p_name, p_description, p_trigger_type, p_trigger_config, p_wo_title, p_wo_description, p_wo_priority,
    coalesce(p_wo_estimated_hours, p_estimated_hours))
  returning id into v_id;
  perform app.replace_pm_checklist(p_tenant_id, v_id, p_checklist_items);
  return v_id;
end $$;

-- NULL leaves a value unchanged; a checklist is replaced as a whole.
create function public.rpc_update_pm_template(
  p_tenant_id uuid, p_template_id uuid, p_name text default null, p_description text default null,
  p_trigger_config jsonb default null, p_estimated_hours numeric default null, p_wo_title text default null,
  p_wo_description text default null, p_wo_priority text default null, p_wo_estimated_hours numeric default null,
  p_checklist_items jsonb default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'pm_template_update', 20);
  perform authz.require(p_tenant_id, 'tenant.admin');
  perform app.require_pm_template(p_tenant_id, p_template_id);
  perform app.check_pm_template_name(p_name);
  if p_trigger_config is not null then
    perform app.check_pm_trigger(t.trigger_type, p_trigger_config) from app.pm_templates t where t.id = p_template_id;
  end if;
  perform app.check_pm_priority(p_tenant_id, p_wo_priority);
  update app.pm_templates t set
    name               = coalesce(p_name, t.name),
    description        = coalesce(p_description, t.description),
    trigger_config     = coalesce(p_trigger_config, t.trigger_config),
    wo_title           = coalesce(p_wo_title, t.wo_title),
    wo_description     = coalesce(p_wo_description, t.wo_description),
    wo_priority        = coalesce(p_wo_priority, t.wo_priority),
    wo_estimated_hours = coalesce(p_wo_estimated_hours, p_estimated_hours, t.wo_estimated_hours)
  where t.id = p_template_id;
  if p_checklist_items is not null then
    perform app.replace_pm_checklist(p_tenant_id, p_template_id, p_checklist_items);
  end if;
end $$;

-- ----------------------------------------------------- functions: schedules

-- P0001 for an unknown schedule, 42501 for one of another tenant.
create function app.require_own_pm_schedule(p_tenant_id uuid, p_pm_schedule_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_tenant_id uuid;
begin
  select s.tenant_id into v_tenant_id from app.pm_schedules s where s.id = p_pm_schedule_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'PM schedule not found';
  elsif v_tenant_id <> p_tenant_id then
    raise exception using errcode = '42501', message = 'the PM schedule belongs to another tenant';
  end if;
end $$;

create function app.check_pm_title(p_title text) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if length(p_title) not between 1 and 500 then
    raise exception using errcode = '23514', message = 'the title has 1 to 500 characters';
  end if;
end $$;

create function public.rpc_create_pm_schedule(
  p_tenant_id uuid, p_asset_id uuid, p_title text, p_trigger_type text, p_trigger_config jsonb,
  p_description text default null, p_template_id uuid default null, p_auto_generate boolean default true,
  p_estimated_hours numeric default null, p_wo_title text default null, p_wo_description text default null,
  p_wo_priority text default null, p_wo_estimated_hours numeric default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_meter_id uuid;
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'pm_schedule_create', 20);
  perform authz.require(p_tenant_id, 'workorder.create');
  perform app.require_asset(p_tenant_id, p_asset_id);
  if p_template_id is not null then
    perform app.require_pm_template(p_tenant_id, p_template_id);
  end if;
  perform app.check_pm_trigger(p_trigger_type, p_trigger_config);
  if p_trigger_type = 'usage' then
    v_meter_id := (p_trigger_config ->> 'meter_id')::uuid;
    if v_meter_id is null then
      raise exception using errcode = '23514', message = 'a usage trigger has a meter';
    elsif not exists (
      select 1 from app.meters m
      where m.id = v_meter_id and m.tenant_id = p_tenant_id and m.asset_id = p_asset_id and m.is_active)
    then
      raise exception using errcode = '23503', message = 'the asset has no such active meter';
    end if;
  end if;
  perform app.check_pm_title(p_title);
  perform app.check_pm_priority(p_tenant_id, p_wo_priority);
  insert into app.pm_schedules (
    tenant_id, asset_id, template_id, title, description, trigger_type, trigger_config, auto_generate, wo_title,
    wo_description, wo_priority, wo_estimated_hours, next_due_date)
  values (
    p_tenant_id, p_asset_id, p_template_id, p_title, p_description, p_trigger_type, p_trigger_config, p_auto_generate,
    p_wo_title, p_wo_description, p_wo_priority, coalesce(p_wo_estimated_hours, p_estimated_hours),
    app.pm_next_due(p_trigger_type, p_trigger_config, app.pm_start(p_trigger_type, p_trigger_config, now())))
  returning id into v_id;
  return v_id;
end $$;

-- NULL leaves a value unchanged. A configuration counts anew when the schedule
-- is due; nothing else does.
create function public.rpc_update_pm_schedule(
  p_tenant_id uuid, p_pm_schedule_id uuid, p_title text default null, p_description text default null,
  p_trigger_config jsonb default null, p_auto_generate boolean default null, p_is_active boolean default null,
  p_estimated_hours numeric default null, p_wo_title text default null, p_wo_description text default null,
  p_wo_priority text default null, p_wo_estimated_hours numeric default null
) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_trigger_type text;
  v_meter_tenant_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'pm_schedule_update', 20);
  perform authz.require(p_tenant_id, 'workorder.create');
  perform app.require_own_pm_schedule(p_tenant_id, p_pm_schedule_id);
  perform app.check_pm_title(p_title);
  select s.trigger_type into v_trigger_type from app.pm_schedules s where s.id = p_pm_schedule_id for no key update;
  if p_trigger_config is not null then
    perform app.check_pm_trigger(v_trigger_type, p_trigger_config);
    if v_trigger_type = 'usage' and p_trigger_config ->> 'meter_id' is not null then
      select m.tenant_id into v_meter_tenant_id
      from app.meters m where m.id = (p_trigger_config ->> 'meter_id')::uuid;
      if not found then
        raise exception using errcode = '23503', message = 'unknown meter';
      elsif v_meter_tenant_id <> p_tenant_id then
        raise exception using errcode = '42501', message = 'the meter belongs to another tenant';
      end if;
    end if;
  end if;
  perform app.check_pm_priority(p_tenant_id, p_wo_priority);
  update app.pm_schedules s set
    title              = coalesce(p_title, s.title),
    description        = coalesce(p_description, s.description),
    trigger_config     = coalesce(p_trigger_config, s.trigger_config),
    auto_generate      = coalesce(p_auto_generate, s.auto_generate),
    is_active          = coalesce(p_is_active, s.is_active),
    wo_title           = coalesce(p_wo_title, s.wo_title),
    wo_description     = coalesce(p_wo_description, s.wo_description),
    wo_priority        = coalesce(p_wo_priority, s.wo_priority),
    wo_estimated_hours = coalesce(p_wo_estimated_hours, p_estimated_hours, s.wo_estimated_hours),
    next_due_date      = case
      when p_trigger_config is null then s.next_due_date
      else app.pm_next_due(s.trigger_type, p_trigger_config,
        coalesce(s.last_completed_at, app.pm_start(s.trigger_type, p_trigger_config, s.created_at)))
    end
  where s.id = p_pm_schedule_id;
end $$;

-- Switches the schedule off; its history stays.
create function public.rpc_delete_pm_schedule(p_tenant_id uuid, p_pm_schedule_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'pm_schedule_delete', 10);
  perform authz.require(p_tenant_id, 'workorder.create');
  perform app.require_own_pm_schedule(p_tenant_id, p_pm_schedule_id);
  if exists (
    select 1 from app.pm_dependencies d where p_pm_schedule_id in (d.pm_schedule_id, d.depends_on_pm_id))
  then
    raise exception using errcode = '23503', message = 'the PM schedule has dependencies';
  end if;
  update app.pm_schedules s set is_active = false where s.id = p_pm_schedule_id;
end $$;

create function public.rpc_create_pm_dependency(
  p_tenant_id uuid, p_pm_schedule_id uuid, p_depends_on_pm_id uuid, p_dependency_type text default 'after'
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'pm_dependency_create', 20);
  perform authz.require(p_tenant_id, 'workorder.create');
  if p_dependency_type not in ('before', 'after', 'same_day') then
    raise exception using errcode = '23514', message = format('unknown dependency type %s', p_dependency_type);
  end if;
  if exists (
    select from unnest(array[p_pm_schedule_id, p_depends_on_pm_id]) p (id)
    where not exists (select from app.pm_schedules s where s.id = p.id))
  then
    raise exception using errcode = 'P0001', message = 'PM schedule not found';
  end if;
  perform app.require_own_pm_schedule(p_tenant_id, p_pm_schedule_id);
  perform app.require_own_pm_schedule(p_tenant_id, p_depends_on_pm_id);
  if p_pm_schedule_id = p_depends_on_pm_id then
    raise exception using errcode = '23503', message = 'a PM schedule cannot wait for itself';
  end if;
  insert into app.pm_dependencies (tenant_id, pm_schedule_id, depends_on_pm_id, dependency_type)
  values (p_tenant_id, p_pm_schedule_id, p_depends_on_pm_id, p_dependency_type)
  returning id into v_id;
  return v_id;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

revoke all on public.v_pm_templates, public.v_pm_template_checklist_items, public.v_pm_schedules, public.v_due_pms,
  public.v_overdue_pms, public.v_upcoming_pms from public, anon, authenticated, service_role;
grant select on public.v_pm_templates, public.v_pm_template_checklist_items, public.v_pm_schedules, public.v_due_pms,
  public.v_overdue_pms, public.v_upcoming_pms to anon, authenticated, service_role;

revoke execute on function public.rpc_create_pm_template, public.rpc_update_pm_template,
  public.rpc_create_pm_schedule, public.rpc_update_pm_schedule, public.rpc_delete_pm_schedule,
  public.rpc_create_pm_dependency from public;
grant execute on function public.rpc_create_pm_template, public.rpc_update_pm_template,
  public.rpc_create_pm_schedule, public.rpc_update_pm_schedule, public.rpc_delete_pm_schedule,
  public.rpc_create_pm_dependency to anon, authenticated, service_role;
