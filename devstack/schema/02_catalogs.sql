-- catalogs: statuses and their transitions, priorities, maintenance types,
-- downtime reasons and document types of each tenant

-- ---------------------------------------------------------------- tables

create table cfg.status_catalogs (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  entity_type   text not null check (entity_type ~ '^[a-z][a-z0-9_]*$'),
  key           text not null check (cfg.is_key(key)),
  name          text not null,
  category      text not null check (category in ('open', 'closed', 'final')),
  is_final      boolean not null default false,
  display_order integer not null check (display_order >= 0),
  color         text check (cfg.is_color(color)),
  icon          text,
  is_system     boolean not null default false,
  -- A work order that enters such a status counts as acknowledged.
  sla_acknowledges_response boolean not null default false,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  unique (tenant_id, entity_type, key)
);

create table cfg.status_transitions (
  id                  uuid primary key default gen_random_uuid(),
  tenant_id           uuid not null references app.tenants on delete cascade,
  entity_type         text not null,
  from_status_key     text not null,
  to_status_key       text not null,
  required_permission text,
  guard_condition     jsonb,
  is_system           boolean not null default false,
  created_at          timestamptz not null default now(),
  updated_at          timestamptz not null default now(),
  unique (tenant_id, entity_type, from_status_key, to_status_key),
  foreign key (tenant_id, entity_type, from_status_key)
    references cfg.status_catalogs (tenant_id, entity_type, key) on delete cascade,
  foreign key (tenant_id, entity_type, to_status_key)
    references cfg.status_catalogs (tenant_id, entity_type, key) on delete cascade
);
create index on cfg.status_transitions (tenant_id, entity_type, to_status_key);

-- A lower weight is more urgent.
create table cfg.priority_catalogs (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  entity_type   text not null,
  key           text not null check (cfg.is_key(key)),
  name          text not null,
  weight        integer not null check (weight >= 0),
  display_order integer not null check (display_order >= 0),
  color         text check (cfg.is_color(color)),
  is_system     boolean not null default false,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  unique (tenant_id, entity_type, key)
);

create table cfg.maintenance_type_catalogs (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  entity_type   text not null default 'work_order',
  category      text not null check (category in ('reactive', 'planned', 'advanced', 'lean', 'other')),
  key           text not null check (cfg.is_key(key)),
  name          text not null,
  description   text,
  display_order integer not null check (display_order >= 0),
  color         text check (cfg.is_color(color)),
  icon          text,
  is_system     boolean not null default false,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  unique (tenant_id, entity_type, key)
);

create table cfg.downtime_reasons (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  key           text not null check (cfg.is_key(key)),
  name          text not null,
  display_order integer not null default 0,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  unique (tenant_id, key)
);

create table cfg.document_types (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  key           text not null check (cfg.is_key(key)),
  name          text not null,
  is_controlled boolean not null default false,
  display_order integer not null default 0,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  unique (tenant_id, key)
);

-- ---------------------------------------------------------------- policies

alter table cfg.status_catalogs enable row level security;
create policy status_catalogs_read on cfg.status_catalogs for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table cfg.status_transitions enable row level security;
create policy status_transitions_read on cfg.status_transitions for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table cfg.priority_catalogs enable row level security;
create policy priority_catalogs_read on cfg.priority_catalogs for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table cfg.maintenance_type_catalogs enable row level security;
create policy maintenance_type_catalogs_read on cfg.maintenance_type_catalogs for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table cfg.downtime_reasons enable row level security;
create policy downtime_reasons_read on cfg.downtime_reasons for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table cfg.document_types enable row level security;
create policy document_types_read on cfg.document_types for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_status_catalogs with (security_invoker = true) as
select s.id, s.tenant_id, s.entity_type, s.key, s.name, s.category, s.is_final, s.display_order,
  s.color, s.icon, s.created_at, s.updated_at
from cfg.status_catalogs s
where s.tenant_id = (select authz.current_tenant_id())
order by s.display_order;

create view public.v_priority_catalogs with (security_invoker = true) as
select p.id, p.tenant_id, p.entity_type, p.key, p.name, p.weight, p.display_order, p.color,
  p.created_at, p.updated_at
from cfg.priority_catalogs p
where p.tenant_id = (select authz.current_tenant_id())
order by p.weight, p.display_order;

create view public.v_maintenance_type_catalogs with (security_invoker = true) as
select m.id, m.tenant_id, m.entity_type, m.category, m.key, m.name, m.description, m.display_order,
  m.color, m.icon, m.is_system, m.created_at, m.updated_at
from cfg.maintenance_type_catalogs m
where m.tenant_id = (select authz.current_tenant_id())
order by m.category, m.display_order;

create view public.v_status_transitions with (security_invoker = true) as
select t.id, t.tenant_id, t.entity_type, t.from_status_key, t.to_status_key, t.required_permission,
  t.guard_condition, t.created_at, t.updated_at
from cfg.status_transitions t
where t.tenant_id = (select authz.current_tenant_id())
order by t.from_status_key, t.to_status_key;

-- ------------------------------------------------------ functions: triggers

create trigger touch before update on cfg.status_catalogs
  for each row execute function app.touch_updated_at();
create trigger touch before update on cfg.status_transitions
  for each row execute function app.touch_updated_at();
create trigger touch before update on cfg.priority_catalogs
  for each row execute function app.touch_updated_at();
create trigger touch before update on cfg.maintenance_type_catalogs
  for each row execute function app.touch_updated_at();
create trigger touch before update on cfg.downtime_reasons
  for each row execute function app.touch_updated_at();
create trigger touch before update on cfg.document_types
  for each row execute function app.touch_updated_at();

create function cfg.seed_catalogs() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into cfg.status_catalogs
    (tenant_id, is_system, entity_type, key, name, category, display_order, color, is_final, sla_acknowledges_response)
  values
    (new.id, true, 'work_order', 'draft',       'Draft',       'open',   1, '#94a3b8', false, false),
    (new.id, true, 'work_order', 'assigned',    'Assigned',    'open',   2, '#3b82f6', false, true),
    (new.id, true, 'work_order', 'in_progress', 'In Progress', 'open',   3, '#f59e0b', false, true),
    (new.id, true, 'work_order', 'completed',   'Completed',   'closed', 4, '#22c55e', true,  false),
    (new.id, true, 'work_order', 'cancelled',   'Cancelled',   'closed', 5, '#64748b', true,  false),
    (new.id, true, 'asset', 'active',         'Active',         'open',   1, '#22c55e', false, false),
    (new.id, true, 'asset', 'inactive',       'Inactive',       'closed', 2, '#94a3b8', false, false),
    (new.id, true, 'asset', 'retired',        'Retired',        'final',  3, '#64748b', true,  false),
    (new.id, true, 'asset', 'commissioning',  'Commissioning',  'open',   4, '#eab308', false, false),
    (new.id, true, 'asset', 'in_service',     'In Service',     'open',   5, '#22c55e', false, false),
    (new.id, true, 'asset', 'decommissioned', 'Decommissioned', 'final',  6, '#64748b', true,  false),
    (new.id, true, 'asset', 'replaced',       'Replaced',       'final',  7, '#94a3b8', true,  false);

  insert into cfg.status_transitions
    (tenant_id, is_system, entity_type, from_status_key, to_status_key, required_permission)
  values
    (new.id, true, 'work_order', 'draft',       'assigned',    'workorder.assign'),
    (new.id, true, 'work_order', 'assigned',    'in_progress', 'workorder.edit'),
    (new.id, true, 'work_order', 'in_progress', 'completed',   'workorder.complete.assigned'),
    (new.id, true, 'work_order', 'assigned',    'completed',   'workorder.complete.any'),
    (new.id, true, 'work_order', 'draft',       'cancelled',   'workorder.cancel'),
    (new.id, true, 'work_order', 'assigned',    'cancelled',   'workorder.cancel'),
    (new.id, true, 'work_order', 'in_progress', 'cancelled',   'workorder.cancel');

  insert into cfg.priority_catalogs (tenant_id, is_system, entity_type, key, name, weight, display_order, color)
  values
    (new.id, true, 'work_order', 'low',      'Low',      40, 1, '#22c55e'),
    (new.id, true, 'work_order', 'medium',   'Medium',   30, 2, '#3b82f6'),
    (new.id, true, 'work_order', 'high',     'High',     20, 3, '#f59e0b'),
    (new.id, true, 'work_order', 'critical', 'Critical', 10, 4, '#ef4444');

  insert into cfg.maintenance_type_catalogs
    (tenant_id, is_system, category, color, key, name, display_order, description)
  values
    (new.id, true, 'reactive', '#ef4444', 'corrective',     'Corrective',     1, 'Repair of a fault that was found.'),
    (new.id, true, 'reactive', '#ef4444', 'emergency',      'Emergency',      2, 'Danger or outage that cannot wait.'),
    (new.id, true, 'reactive', '#ef4444', 'breakdown',      'Breakdown',      3, 'Repair after equipment has stopped.'),
    (new.id, true, 'reactive', '#ef4444', 'run_to_failure', 'Run to Failure', 4, 'Replacement on failure, by choice.'),
    (new.id, true, 'planned', '#3b82f6', 'preventive_time',  'Time-Based PM',   5, 'Service at fixed intervals of time.'),
    (new.id, true, 'planned', '#3b82f6', 'preventive_usage', 'Usage-Based PM',  6, 'Service after an amount of use.'),
    (new.id, true, 'planned', '#3b82f6', 'condition_based',  'Condition-Based', 7, 'Service when a measured condition calls for it.'),
    (new.id, true, 'advanced', '#8b5cf6', 'predictive', 'Predictive', 8,  'Service before a predicted failure.'),
    (new.id, true, 'advanced', '#8b5cf6', 'rcm',        'RCM',        9,  'Reliability-centred maintenance.'),
    (new.id, true, 'advanced', '#8b5cf6', 'rbm',        'RBM',        10, 'Risk-based maintenance.'),
    (new.id, true, 'advanced', '#8b5cf6', 'fmea',       'FMEA',       11, 'Measures from a failure mode and effects analysis.'),
    (new.id, true, 'lean', '#22c55e', 'tpm',        'TPM',        12, 'Total productive maintenance, by the operators.'),
    (new.id, true, 'lean', '#22c55e', 'proactive',  'Proactive',  13, 'Removal of the root causes of failures.'),
    (new.id, true, 'lean', '#22c55e', 'design_out', 'Design-Out', 14, 'Redesign that makes maintenance unnecessary.'),
    (new.id, true, 'other', '#64748b', 'inspection',   'Inspection',          15, 'Check of condition or compliance.'),
    (new.id, true, 'other', '#64748b', 'calibration',  'Calibration',         16, 'Adjustment of an instrument to a standard.'),
    (new.id, true, 'other', '#64748b', 'installation', 'Installation',        17, 'Set-up of new equipment.'),
    (new.id, true, 'other', '#64748b', 'modification', 'Modification',        18, 'Change or upgrade of equipment.'),
    (new.id, true, 'other', '#64748b', 'project',      'Project',             19, 'Work as part of a project.'),
    (new.id, true, 'other', '#64748b', 'shutdown',     'Shutdown/Turnaround', 20, 'Work during a planned stop of the plant.');

  insert into cfg.downtime_reasons (tenant_id, key, name, display_order)
  values
    (new.id, 'breakdown',           'Breakdown',           1),
    (new.id, 'planned_maintenance', 'Planned maintenance', 2),
    (new.id, 'no_demand',           'No demand / idle',    3),
    (new.id, 'other',               'Other',               4);

  insert into cfg.document_types (tenant_id, key, name, display_order, is_controlled)
  values
    (new.id, 'manual',  'Manual',  1, true),
    (new.id, 'sop',     'SOP',     2, true),
    (new.id, 'drawing', 'Drawing', 3, false),
    (new.id, 'photo',   'Photo',   4, false),
    (new.id, 'other',   'Other',   5, false);
  return null;
end $$;

create trigger seed_catalogs after insert on app.tenants
  for each row execute function cfg.seed_catalogs();

-- ------------------------------------------------------ functions: workflow

-- Whether one entry of a guard holds for a field of the entity. p_value is SQL
-- NULL when the entity lacks the field. Conditions of an unknown form hold.
create function cfg.guard_entry_passes(p_condition jsonb, p_value jsonb) returns boolean
language plpgsql immutable set search_path = '' as $$
begin
  if p_condition = '"not_null"' then
    return coalesce(p_value not in ('null', '"null"'), false);
  elsif p_condition = '"null"' then
    -- A field that is present and JSON null does not pass: that is how the
    -- platform decides.
    return p_value is null or p_value = '"null"';
  elsif jsonb_typeof(p_condition) <> 'object' then
    return true;
  end if;

  if p_condition ? 'equals' and p_value is distinct from p_condition -> 'equals' then
    return false;
  end if;
  -- An unset field is JSON null, which is in a list that holds null.
  if jsonb_typeof(p_condition -> 'in') = 'array' and p_value is not null
    and not exists (
      select 1 from jsonb_array_elements(p_condition -> 'in') e where e.value = p_value)
  then
    return false;
  end if;
  if jsonb_typeof(p_condition -> 'not_in') = 'array' and exists (
      select 1 from jsonb_array_elements(p_condition -> 'not_in') e where e.value = p_value)
  then
    return false;
  end if;
  return true;
end $$;

-- Whether all entries of a guard hold. 22023 for a guard that is no object.
create function cfg.guard_passes(p_guard jsonb, p_entity jsonb) returns boolean
language plpgsql immutable set search_path = '' as $$
begin
  if p_guard is null then
    return true;
  end if;
  if jsonb_typeof(p_guard) <> 'object' then
    raise exception using errcode = '22023', message = 'the guard condition is not an object';
  end if;
  return not exists (
    select 1 from jsonb_each(p_guard) g
    where not cfg.guard_entry_passes(g.value, p_entity -> g.key));
end $$;

-- Whether the user may move an entity from one status to another: the
-- transition exists, the user has its permission, its guard holds.
create function cfg.can_transition(
  p_user_id uuid, p_tenant_id uuid, p_entity_type text, p_from text, p_to text, p_entity jsonb
) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_transition cfg.status_transitions;
begin
  select t.* into v_transition
  from cfg.status_transitions t
  where t.tenant_id = p_tenant_id and t.entity_type = p_entity_type
    and t.from_status_key = p_from and t.to_status_key = p_to;
  if not found then
    return false;
  end if;
  if v_transition.required_permission is not null
    and not authz.has_permission(p_user_id, p_tenant_id, v_transition.required_permission)
  then
    return false;
  end if;
  return cfg.guard_passes(v_transition.guard_condition, p_entity);
end $$;

-- The status in which a new entity starts.
create function cfg.initial_status(p_tenant_id uuid, p_entity_type text, p_has_assignee boolean) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select s.key from cfg.status_catalogs s
    where s.tenant_id = p_tenant_id and s.entity_type = p_entity_type
    order by s.key = 'assigned' and p_has_assignee desc, s.key = 'draft' desc, s.display_order, s.key
    limit 1);
end $$;

-- ------------------------------------------------------ functions: creators

create function public.rpc_create_status(
  p_tenant_id uuid, p_entity_type text, p_key text, p_name text, p_category text,
  p_display_order integer, p_color text default null, p_icon text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'status_create', 20);
  perform authz.require(p_tenant_id, 'tenant.admin');
  if p_category not in ('open', 'closed', 'final') then
    raise exception using errcode = '23503', message = format('unknown status category %s', p_category);
  end if;
  insert into cfg.status_catalogs (tenant_id, entity_type, key, name, category, display_order, color, icon)
  values (p_tenant_id, p_entity_type, p_key, p_name, p_category, p_display_order, p_color, p_icon)
  returning id into v_id;
  return v_id;
end $$;

create function public.rpc_create_priority(
  p_tenant_id uuid, p_entity_type text, p_key text, p_name text, p_weight integer,
  p_display_order integer, p_color text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'priority_create', 20);
  perform authz.require(p_tenant_id, 'tenant.admin');
  insert into cfg.priority_catalogs (tenant_id, entity_type, key, name, weight, display_order, color)
  values (p_tenant_id, p_entity_type, p_key, p_name, p_weight, p_display_order, p_color)
  returning id into v_id;
  return v_id;
end $$;

create function public.rpc_create_maintenance_type(
  p_tenant_id uuid, p_category text, p_key text, p_name text, p_description text default null,
  p_display_order integer default null, p_color text default null, p_icon text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'maintenance_type_create', 20);
  perform authz.require(p_tenant_id, 'tenant.admin');
  if p_category not in ('reactive', 'planned', 'advanced', 'lean', 'other') then
    raise exception using errcode = '23503', message = format('unknown maintenance category %s', p_category);
  end if;
  insert into cfg.maintenance_type_catalogs
    (tenant_id, category, key, name, description, display_order, color, icon)
  values (
    p_tenant_id, p_category, p_key, p_name, p_description,
    coalesce(p_display_order, (
      select coalesce(max(m.display_order), 0) + 1
      from cfg.maintenance_type_catalogs m
      where m.tenant_id = p_tenant_id and m.category = p_category)),
    p_color, p_icon)
  returning id into v_id;
  return v_id;
end $$;

create function public.rpc_create_status_transition(
  p_tenant_id uuid, p_entity_type text, p_from_status_key text, p_to_status_key text,
  p_required_permission text default null, p_guard_condition jsonb default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'status_transition_create', 20);
  perform authz.require(p_tenant_id, 'tenant.admin');
  if not exists (
    select 1 from cfg.status_catalogs s
    where s.tenant_id = p_tenant_id and s.entity_type = p_entity_type and s.key = p_from_status_key)
  then
    raise exception using errcode = '23503', message = format('unknown status %s', p_from_status_key);
  end if;
  if not exists (
    select 1 from cfg.status_catalogs s
    where s.tenant_id = p_tenant_id and s.entity_type = p_entity_type and s.key = p_to_status_key)
  then
    raise exception using errcode = '23503', message = format('unknown status %s', p_to_status_key);
  end if;
  insert into cfg.status_transitions
    (tenant_id, entity_type, from_status_key, to_status_key, required_permission, guard_condition)
  values
    (p_tenant_id, p_entity_type, p_from_status_key, p_to_status_key, p_required_permission, p_guard_condition)
  returning id into v_id;
  return v_id;
end $$;

create function public.rpc_get_workflow_graph(p_tenant_id uuid, p_entity_type text) returns jsonb
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.require(p_tenant_id);
  return jsonb_build_object(
    'entity_type', p_entity_type,
    'tenant_id', p_tenant_id,
    'transitions', (
      select jsonb_agg(
        jsonb_build_object(
          'from_status_key', t.from_status_key,
          'to_status_key', t.to_status_key,
          'required_permission', t.required_permission,
          'guard_condition', t.guard_condition)
        order by t.from_status_key, t.to_status_key)
      from cfg.status_transitions t
      where t.tenant_id = p_tenant_id and t.entity_type = p_entity_type));
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema cfg from public;

grant select on cfg.status_catalogs, cfg.status_transitions, cfg.priority_catalogs,
  cfg.maintenance_type_catalogs to anon, authenticated;

revoke all on public.v_status_catalogs, public.v_priority_catalogs, public.v_maintenance_type_catalogs,
  public.v_status_transitions from public, anon, authenticated, service_role;
grant select on public.v_status_catalogs, public.v_priority_catalogs, public.v_maintenance_type_catalogs,
  public.v_status_transitions to anon, authenticated, service_role;

revoke execute on function public.rpc_create_status, public.rpc_create_priority,
  public.rpc_create_maintenance_type, public.rpc_create_status_transition, public.rpc_get_workflow_graph
  from public;
grant execute on function public.rpc_create_status, public.rpc_create_priority,
  public.rpc_create_maintenance_type, public.rpc_create_status_transition, public.rpc_get_workflow_graph
  to anon, authenticated, service_role;
