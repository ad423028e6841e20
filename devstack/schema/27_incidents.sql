-- incidents: what went wrong or nearly did, and what is done about it

-- ---------------------------------------------------------------- tables

-- The platform does not look at the tenants of place, asset and work order; names
-- of what is another tenant's do not show.
create table app.incidents (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  type          text not null default 'incident' check (type in ('incident', 'near_miss', 'event')),
  severity      text not null default 'medium' check (severity in ('low', 'medium', 'high', 'critical')),
  title         text not null check (length(title) between 1 and 500),
  description   text,
  occurred_at   timestamptz not null default now(),
  reported_at   timestamptz not null default now(),
  reported_by   uuid references auth.users on delete set null,
  location_id   uuid references app.locations on delete set null,
  asset_id      uuid references app.assets on delete set null,
  work_order_id uuid references app.work_orders on delete set null,
  status        text not null default 'open' check (status in ('open', 'investigating', 'resolved', 'closed')),
  closed_at     timestamptz,
  closed_by     uuid references auth.users on delete set null,
  metadata      jsonb default '{}',
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  unique (tenant_id, id)
);
create index on app.incidents (tenant_id, occurred_at);
create index on app.incidents (location_id);
create index on app.incidents (asset_id);
create index on app.incidents (work_order_id);
create index on app.incidents (reported_by);
create index on app.incidents (closed_by);

-- Whoever completed an action cannot be deleted: the two stamps stay together.
create table app.incident_actions (
  id           uuid primary key default gen_random_uuid(),
  tenant_id    uuid not null references app.tenants on delete cascade,
  incident_id  uuid not null,
  action_type  text not null default 'corrective' check (action_type in ('corrective', 'preventive', 'containment')),
  description  text not null check (length(description) between 1 and 2000),
  due_date     date,
  assigned_to  uuid references auth.users on delete set null,
  status       text not null default 'pending' check (status in ('pending', 'in_progress', 'completed', 'cancelled')),
  completed_at timestamptz,
  completed_by uuid references auth.users on delete set null,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  check ((completed_at is null) = (completed_by is null)),
  foreign key (tenant_id, incident_id) references app.incidents (tenant_id, id) on delete cascade
);
create index on app.incident_actions (tenant_id, incident_id);
create index on app.incident_actions (assigned_to);
create index on app.incident_actions (completed_by);

-- ---------------------------------------------------------------- policies

alter table app.incidents enable row level security;
create policy incidents_read on app.incidents for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.incident_actions enable row level security;
create policy incident_actions_read on app.incident_actions for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_incidents with (security_invoker = true) as
select i.id, i.tenant_id, i.type, i.severity, i.title, i.description, i.occurred_at, i.reported_at, i.reported_by,
  reporter.full_name as reported_by_name, i.location_id, l.name as location_name, i.asset_id, a.name as asset_name,
  i.work_order_id, w.title as work_order_title, i.status, i.closed_at, i.closed_by, closer.full_name as closed_by_name,
  i.metadata, i.created_at, i.updated_at
from app.incidents i
left join app.locations l on l.tenant_id = i.tenant_id and l.id = i.location_id
left join app.assets a on a.tenant_id = i.tenant_id and a.id = i.asset_id
left join app.work_orders w on w.tenant_id = i.tenant_id and w.id = i.work_order_id
left join app.profiles reporter on reporter.tenant_id = i.tenant_id and reporter.user_id = i.reported_by
left join app.profiles closer on closer.tenant_id = i.tenant_id and closer.user_id = i.closed_by
where i.tenant_id = (select authz.current_tenant_id())
order by i.occurred_at desc;

create view public.v_incident_actions with (security_invoker = true) as
select c.id, c.tenant_id, c.incident_id, i.title as incident_title, i.severity as incident_severity, c.action_type,
  c.description, c.due_date, c.assigned_to, assignee.full_name as assigned_to_name, c.status, c.completed_at,
  c.completed_by, completer.full_name as completed_by_name, c.created_at, c.updated_at
from app.incident_actions c
join app.incidents i on i.id = c.incident_id
left join app.profiles assignee on assignee.tenant_id = c.tenant_id and assignee.user_id = c.assigned_to
left join app.profiles completer on completer.tenant_id = c.tenant_id and completer.user_id = c.completed_by
where c.tenant_id = (select authz.current_tenant_id())
order by c.incident_id, c.due_date;

-- ---------------------------------------------------------------- triggers

create trigger touch before update on app.incidents
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.incident_actions
  for each row execute function app.touch_updated_at();

create trigger audit after insert or update or delete on app.incidents
  for each row execute function audit.log_change();
create trigger audit after insert or update or delete on app.incident_actions
  for each row execute function audit.log_change();

-- ----------------------------------------------------- functions: incidents

-- NULL passes: what must not be null is up to the table.
create function app.check_incident_keys(p_type text, p_severity text, p_status text) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if p_type not in ('incident', 'near_miss', 'event') then
    raise exception using errcode = '23514', message = format('unknown type %s', p_type);
  elsif p_severity not in ('low', 'medium', 'high', 'critical') then
    raise exception using errcode = '23514', message = format('unknown severity %s', p_severity);
  elsif p_status not in ('open', 'investigating', 'resolved', 'closed') then
    raise exception using errcode = '23514', message = format('unknown status %s', p_status);
  end if;
end $$;

create function public.rpc_create_incident(
  p_tenant_id uuid, p_title text, p_type text default 'incident', p_severity text default 'medium',
  p_description text default null, p_occurred_at timestamptz default null, p_location_id uuid default null,
  p_asset_id uuid default null, p_work_order_id uuid default null, p_metadata jsonb default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.admit(p_tenant_id, 'incident_create', 30);
  v_id uuid;
begin
  perform app.check_incident_keys(p_type, p_severity, null);
  insert into app.incidents (
    tenant_id, type, severity, title, description, occurred_at, reported_by, location_id, asset_id, work_order_id,
    metadata)
  values (
    p_tenant_id, p_type, p_severity, p_title, p_description, coalesce(p_occurred_at, now()), v_user_id, p_location_id,
    p_asset_id, p_work_order_id, coalesce(p_metadata, '{}'))
  returning id into v_id;
  return v_id;
end $$;

-- NULL leaves a value unchanged. Stamps of closing are left to rpc_close_incident.
create function public.rpc_update_incident(
  p_tenant_id uuid, p_incident_id uuid, p_title text default null, p_type text default null,
  p_severity text default null, p_description text default null, p_occurred_at timestamptz default null,
  p_status text default null, p_location_id uuid default null, p_asset_id uuid default null,
  p_work_order_id uuid default null, p_metadata jsonb default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.admit(p_tenant_id, 'incident_update', 30);
  if not exists (select 1 from app.incidents i where i.id = p_incident_id and i.tenant_id = p_tenant_id) then
    raise exception using errcode = 'P0001', message = 'incident not found';
  end if;
  perform app.check_incident_keys(p_type, p_severity, p_status);
  update app.incidents i set
    title         = coalesce(p_title, i.title),
    type          = coalesce(p_type, i.type),
    severity      = coalesce(p_severity, i.severity),
    description   = coalesce(p_description, i.description),
    occurred_at   = coalesce(p_occurred_at, i.occurred_at),
    status        = coalesce(p_status, i.status),
    location_id   = coalesce(p_location_id, i.location_id),
    asset_id      = coalesce(p_asset_id, i.asset_id),
    work_order_id = coalesce(p_work_order_id, i.work_order_id),
    metadata      = coalesce(p_metadata, i.metadata)
  where i.id = p_incident_id;
end $$;

-- Any status but resolved is closed.
create function public.rpc_close_incident(p_tenant_id uuid, p_incident_id uuid, p_status text default 'closed') returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require_member(p_tenant_id);
begin
  update app.incidents i set
    status    = case when p_status = 'resolved' then 'resolved' else 'closed' end,
    closed_at = now(),
    closed_by = v_user_id
  where i.id = p_incident_id and i.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'incident not found';
  end if;
end $$;

-- ------------------------------------------------------- functions: actions

create function public.rpc_create_incident_action(
  p_tenant_id uuid, p_incident_id uuid, p_description text, p_action_type text default 'corrective',
  p_due_date date default null, p_assigned_to uuid default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.admit(p_tenant_id, 'incident_action_create', 30);
  if not exists (select 1 from app.incidents i where i.id = p_incident_id and i.tenant_id = p_tenant_id) then
    raise exception using errcode = 'P0001', message = 'incident not found';
  elsif p_action_type not in ('corrective', 'preventive', 'containment') then
    raise exception using errcode = '23514', message = format('unknown type of action %s', p_action_type);
  end if;
  insert into app.incident_actions (tenant_id, incident_id, action_type, description, due_date, assigned_to)
  values (p_tenant_id, p_incident_id, p_action_type, p_description, p_due_date, p_assigned_to)
  returning id into v_id;
  return v_id;
end $$;

create function public.rpc_update_incident_action(
  p_tenant_id uuid, p_action_id uuid, p_description text default null, p_due_date date default null,
  p_assigned_to uuid default null, p_status text default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.admit(p_tenant_id, 'incident_action_update', 30);
  update app.incident_actions c set
    description = coalesce(p_description, c.description),
    due_date    = coalesce(p_due_date, c.due_date),
    assigned_to = coalesce(p_assigned_to, c.assigned_to),
    status      = coalesce(p_status, c.status)
  where c.id = p_action_id and c.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'action not found';
  end if;
end $$;

create function public.rpc_complete_incident_action(p_tenant_id uuid, p_action_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require_member(p_tenant_id);
begin
  update app.incident_actions c set status = 'completed', completed_at = now(), completed_by = v_user_id
  where c.id = p_action_id and c.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'action not found';
  end if;
end $$;

-- The incidents that occurred on some days, in the session's time zone.
create function public.rpc_compliance_incident_report(
  p_tenant_id uuid, p_from_date date, p_to_date date, p_severity text default null
) returns table (
  incident_id uuid, type text, severity text, title text, occurred_at timestamptz, status text, closed_at timestamptz,
  action_count bigint, action_pending_count bigint, action_completed_count bigint)
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.require_member(p_tenant_id);
  perform app.check_incident_keys(null, p_severity, null);
  return query
    select i.id, i.type, i.severity, i.title, i.occurred_at, i.status, i.closed_at, count(c.id),
      count(*) filter (where c.status in ('pending', 'in_progress')), count(*) filter (where c.status = 'completed')
    from app.incidents i
    left join app.incident_actions c on c.tenant_id = i.tenant_id and c.incident_id = i.id
    where i.tenant_id = p_tenant_id
      and i.occurred_at::date between p_from_date and p_to_date
      and (p_severity is null or i.severity = p_severity)
    group by i.id
    order by i.occurred_at desc;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

-- anon gets 42501 from these views, not an empty list.
grant select on app.incidents, app.incident_actions to authenticated;

revoke all on public.v_incidents, public.v_incident_actions from public, anon, authenticated, service_role;
grant select on public.v_incidents, public.v_incident_actions to anon, authenticated, service_role;

revoke execute on function public.rpc_create_incident, public.rpc_update_incident, public.rpc_close_incident,
  public.rpc_create_incident_action, public.rpc_update_incident_action, public.rpc_complete_incident_action,
  public.rpc_compliance_incident_report from public;
grant execute on function public.rpc_create_incident, public.rpc_update_incident, public.rpc_close_incident,
  public.rpc_create_incident_action, public.rpc_update_incident_action, public.rpc_complete_incident_action,
  public.rpc_compliance_incident_report to anon, authenticated, service_role;
