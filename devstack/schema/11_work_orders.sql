-- work orders: the core of the platform, with time entries and SLA rules

-- ---------------------------------------------------------------- tables

create table app.work_orders (
  id                         uuid primary key default gen_random_uuid(),
  tenant_id                  uuid not null references app.tenants on delete cascade,
  title                      text not null
    constraint work_orders_title_length_check check (length(title) between 1 and 500),
  description                text,
  status                     text not null check (cfg.is_key(status)),
  priority                   text not null check (cfg.is_key(priority)),
  maintenance_type           text,
  assigned_to                uuid references auth.users on delete set null,
  location_id                uuid,
  asset_id                   uuid,
  pm_schedule_id             uuid,
  project_id                 uuid,
  requested_by               uuid references auth.users on delete set null,
  primary_supplier_id        uuid,
  due_date                   timestamptz,
  -- No foreign key: who completed the work stays known after they are gone.
  completed_by               uuid,
  completed_at               timestamptz,
  completed_at_latitude      numeric check (completed_at_latitude between -90 and 90),
  completed_at_longitude     numeric check (completed_at_longitude between -180 and 180),
  cause                      text,
  resolution                 text,
  acknowledged_at            timestamptz,
  sla_response_due_at        timestamptz,
  sla_resolution_due_at      timestamptz,
  sla_response_breached_at   timestamptz,
  sla_resolution_breached_at timestamptz,
  created_at                 timestamptz not null default now(),
  updated_at                 timestamptz not null default now(),
  check ((completed_by is null) = (completed_at is null)),
  unique (tenant_id, id),
  foreign key (tenant_id, location_id) references app.locations (tenant_id, id)
    on delete set null (location_id),
  foreign key (tenant_id, asset_id) references app.assets (tenant_id, id)
    on delete set null (asset_id),
  foreign key (tenant_id, pm_schedule_id) references app.pm_schedules (tenant_id, id)
    on delete set null (pm_schedule_id),
  foreign key (tenant_id, project_id) references app.projects (tenant_id, id)
    on delete set null (project_id),
  foreign key (tenant_id, primary_supplier_id) references app.suppliers (tenant_id, id)
    on delete set null (primary_supplier_id)
);
create index on app.work_orders (tenant_id, updated_at);
create index on app.work_orders (tenant_id, status);
create index on app.work_orders (location_id);
create index on app.work_orders (asset_id);
create index on app.work_orders (pm_schedule_id);
create index on app.work_orders (project_id);
create index on app.work_orders (primary_supplier_id);
create index on app.work_orders (assigned_to);
create index on app.work_orders (requested_by);

create table app.work_order_time_entries (
  id                uuid primary key default gen_random_uuid(),
  tenant_id         uuid not null references app.tenants on delete cascade,
  work_order_id     uuid not null,
  user_id           uuid not null references auth.users on delete cascade,
  entry_date        date not null,
  minutes           integer not null check (minutes between 1 and 1440),
  description       text check (length(description) between 1 and 1000),
  logged_at         timestamptz not null default now(),
  created_by        uuid references auth.users on delete set null,
  latitude          numeric check (latitude between -90 and 90),
  longitude         numeric check (longitude between -180 and 180),
  accuracy_metres   numeric check (accuracy_metres >= 0),
  technician_id     uuid,
  hourly_rate_cents integer check (hourly_rate_cents between 0 and 10000000),
  labor_cost_cents  integer check (labor_cost_cents between 0 and 10000000),
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  foreign key (tenant_id, work_order_id) references app.work_orders (tenant_id, id) on delete cascade,
  foreign key (tenant_id, technician_id) references app.technicians (tenant_id, id)
    on delete set null (technician_id)
);
create index on app.work_order_time_entries (work_order_id) include (minutes);
create index on app.work_order_time_entries (tenant_id, entry_date, logged_at);
create index on app.work_order_time_entries (technician_id);
create index on app.work_order_time_entries (user_id);
create index on app.work_order_time_entries (created_by);

-- A rule without a maintenance type covers every type that has no own rule.
create table cfg.work_order_sla_rules (
  id                   uuid primary key default gen_random_uuid(),
  tenant_id            uuid not null references app.tenants on delete cascade,
  priority_key         text not null,
  maintenance_type_key text,
  response_interval    interval not null check (response_interval > interval '0'),
  resolution_interval  interval not null check (resolution_interval > interval '0'),
  is_active            boolean not null default true,
  created_at           timestamptz not null default now(),
  updated_at           timestamptz not null default now()
);
create unique index on cfg.work_order_sla_rules (tenant_id, priority_key)
  where is_active and maintenance_type_key is null;
create unique index on cfg.work_order_sla_rules (tenant_id, priority_key, maintenance_type_key)
  where is_active and maintenance_type_key is not null;

-- ---------------------------------------------------------------- policies

-- Being the assignee does not make a work order visible.
alter table app.work_orders enable row level security;
create policy work_orders_read on app.work_orders for select to authenticated
  using (
    tenant_id = any ((select authz.my_tenant_ids_with('workorder.view', 'workorder.request.view.any'))::uuid[])
    or requested_by = (select authz.user_id())
      and tenant_id = any ((select authz.my_tenant_ids_with('workorder.request.view.own'))::uuid[]));

alter table app.work_order_time_entries enable row level security;
create policy work_order_time_entries_read on app.work_order_time_entries for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table cfg.work_order_sla_rules enable row level security;

-- ---------------------------------------------------------------- views

-- The sum is a subquery in the select list: a request that leaves the column
-- out does not pay for it.
create view public.v_work_orders with (security_invoker = true) as
select w.id, w.tenant_id, w.title, w.description, w.status, w.priority, w.maintenance_type,
  w.assigned_to, assignee.full_name as assigned_to_name, w.location_id, w.asset_id, w.pm_schedule_id,
  w.due_date, w.completed_at, w.completed_by, completer.full_name as completed_by_name,
  w.cause, w.resolution, w.created_at, w.updated_at,
  coalesce((
    select sum(e.minutes)
    from app.work_order_time_entries e
    where e.work_order_id = w.id), 0) as total_labor_minutes,
  w.project_id, w.requested_by, w.primary_supplier_id, w.acknowledged_at,
  w.sla_response_due_at, w.sla_resolution_due_at, w.sla_response_breached_at, w.sla_resolution_breached_at
from app.work_orders w
left join app.profiles assignee on assignee.tenant_id = w.tenant_id and assignee.user_id = w.assigned_to
left join app.profiles completer on completer.tenant_id = w.tenant_id and completer.user_id = w.completed_by
where w.tenant_id = (select authz.current_tenant_id());

create view public.v_work_order_time_entries with (security_invoker = true) as
select e.id, e.tenant_id, e.work_order_id, e.user_id, worker.full_name as user_name, e.entry_date,
  e.minutes, e.description, e.logged_at, e.created_by, creator.full_name as created_by_name,
  e.created_at, e.updated_at
from app.work_order_time_entries e
left join app.profiles worker on worker.tenant_id = e.tenant_id and worker.user_id = e.user_id
left join app.profiles creator on creator.tenant_id = e.tenant_id and creator.user_id = e.created_by
where e.tenant_id = (select authz.current_tenant_id())
order by e.entry_date desc, e.logged_at desc;

-- An acknowledged work order is not late in responding, a closed one not late
-- in resolving.
create view public.v_work_order_sla_status with (security_invoker = true) as
select w.id as work_order_id, w.tenant_id, w.status, w.priority, w.acknowledged_at,
  w.sla_response_due_at, w.sla_resolution_due_at, w.sla_response_breached_at, w.sla_resolution_breached_at,
  case
    when w.sla_response_due_at is null then null
    when w.acknowledged_at is not null then false
    else w.sla_response_breached_at is not null or now() > w.sla_response_due_at
  end as response_sla_breached,
  case
    when w.sla_resolution_due_at is null then null
    when w.status in ('completed', 'cancelled') then false
    else w.sla_resolution_breached_at is not null or now() > w.sla_resolution_due_at
  end as resolution_sla_breached
from app.work_orders w
where w.tenant_id = (select authz.current_tenant_id());

create view public.v_work_orders_sla_open with (security_invoker = true) as
select w.id as work_order_id, w.tenant_id, w.title, w.status, w.priority,
  w.sla_response_due_at, w.sla_resolution_due_at, w.sla_response_breached_at, w.sla_resolution_breached_at,
  w.acknowledged_at, w.created_at,
  floor(extract(epoch from w.sla_response_due_at - now()) / 60)::integer as minutes_until_response_due,
  floor(extract(epoch from w.sla_resolution_due_at - now()) / 60)::integer as minutes_until_resolution_due
from app.work_orders w
join cfg.status_catalogs s on s.tenant_id = w.tenant_id and s.entity_type = 'work_order' and s.key = w.status
where w.tenant_id = (select authz.current_tenant_id())
  and not s.is_final
  and (w.sla_response_due_at is not null or w.sla_resolution_due_at is not null);

-- ------------------------------------------------------ functions: triggers

create trigger touch before update on app.work_orders
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.work_order_time_entries
  for each row execute function app.touch_updated_at();
create trigger touch before update on cfg.work_order_sla_rules
  for each row execute function app.touch_updated_at();

create trigger audit after insert or update or delete on app.work_orders
  for each row execute function audit.log_change();
create trigger audit after insert or update or delete on app.work_order_time_entries
  for each row execute function audit.log_change();

create function cfg.is_work_order_priority(p_tenant_id uuid, p_key text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select 1 from cfg.priority_catalogs p
    where p.tenant_id = p_tenant_id and p.entity_type = 'work_order' and p.key = p_key);
end $$;

create function cfg.is_work_order_maintenance_type(p_tenant_id uuid, p_key text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select 1 from cfg.maintenance_type_catalogs m
    where m.tenant_id = p_tenant_id and m.entity_type = 'work_order' and m.key = p_key);
end $$;

-- 23503 for a key that the tenant's catalogs lack. The maintenance type is
-- optional, the priority is not.
create function cfg.require_work_order_keys(p_tenant_id uuid, p_priority text, p_maintenance_type text) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not cfg.is_work_order_priority(p_tenant_id, p_priority) then
    raise exception using errcode = '23503', message = format('unknown priority %s', p_priority);
  end if;
  if p_maintenance_type is not null and not cfg.is_work_order_maintenance_type(p_tenant_id, p_maintenance_type) then
    raise exception using errcode = '23503', message = format('unknown maintenance type %s', p_maintenance_type);
  end if;
end $$;

-- Keys are checked when they change, so that a tenant can be deleted in any
-- order.
create function app.check_work_order_keys() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if (tg_op = 'INSERT' or new.status is distinct from old.status)
    and not exists (
      select 1 from cfg.status_catalogs s
      where s.tenant_id = new.tenant_id and s.entity_type = 'work_order' and s.key = new.status)
  then
    raise exception using errcode = '23503', message = format('unknown status %s', new.status);
  end if;
  if tg_op = 'INSERT' or new.priority is distinct from old.priority
    or new.maintenance_type is distinct from old.maintenance_type
  then
    perform cfg.require_work_order_keys(new.tenant_id, new.priority, new.maintenance_type);
  end if;
  return new;
end $$;

create trigger check_keys before insert or update on app.work_orders
  for each row execute function app.check_work_order_keys();

-- Sets when response and resolution are due, to NULL where no rule fits; that is
-- logged as an update of its own. Rules changed later do not touch work orders
-- that exist.
create function app.compute_work_order_sla() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_rule cfg.work_order_sla_rules;
begin
  if new.status in ('completed', 'cancelled') then
    return null;
  end if;
  select r.* into v_rule
  from cfg.work_order_sla_rules r
  where r.tenant_id = new.tenant_id and r.is_active and r.priority_key = new.priority
    and (r.maintenance_type_key = new.maintenance_type or r.maintenance_type_key is null)
  order by r.maintenance_type_key nulls last
  limit 1;

  update app.work_orders w set
    sla_response_due_at   = w.created_at + v_rule.response_interval,
    sla_resolution_due_at = w.created_at + v_rule.resolution_interval
  where w.id = new.id;
  return null;
end $$;

create trigger compute_sla after insert or update of priority, maintenance_type, created_at on app.work_orders
  for each row execute function app.compute_work_order_sla();

create function cfg.seed_sla_rules() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into cfg.work_order_sla_rules (tenant_id, priority_key, response_interval, resolution_interval)
  values
    (new.id, 'critical', '4 hours',  '24 hours'),
    (new.id, 'high',     '8 hours',  '72 hours'),
    (new.id, 'medium',   '24 hours', '5 days'),
    (new.id, 'low',      '48 hours', '14 days');
  return null;
end $$;

create trigger seed_sla_rules after insert on app.tenants
  for each row execute function cfg.seed_sla_rules();

-- The date of an entry must be near today, and its user a member.
create function app.check_time_entry() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_today constant date := (now() at time zone 'utc')::date;
begin
  if new.entry_date not between v_today - 365 and v_today + 7 then
    raise exception using errcode = '23514', constraint = 'work_order_time_entries_entry_date_range_check',
      message = 'new row for relation "work_order_time_entries" violates check constraint "work_order_time_entries_entry_date_range_check"',
      detail = 'The entry date is more than 365 days ago or 7 days ahead.';
  end if;
  if (tg_op = 'INSERT' or new.user_id <> old.user_id) and not authz.is_member(new.user_id, new.tenant_id) then
    raise exception using errcode = '23503', message = 'the user is not a member of this tenant';
  end if;
  return new;
end $$;

-- A technician who goes only takes the link along, however old the entry.
create trigger check_entry
  before insert or update of work_order_id, user_id, entry_date, minutes, description, logged_at
  on app.work_order_time_entries
  for each row execute function app.check_time_entry();

-- Writes through v_work_order_time_entries are for the entry's user, its
-- creator and the roles admin and manager. Columns not set below are ignored.
create function app.write_time_entry_view() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require_user();
begin
  if v_user_id is distinct from old.user_id and v_user_id is distinct from old.created_by
    and not authz.has_role(v_user_id, old.tenant_id, 'admin', 'manager')
    or not authz.is_member(v_user_id, old.tenant_id)
  then
    raise exception using errcode = '42501', message = 'the time entry belongs to somebody else';
  end if;
  perform authz.require_client_grant(old.tenant_id);

  if tg_op = 'DELETE' then
    delete from app.work_order_time_entries e where e.id = old.id;
    return old;
  end if;

  update app.work_order_time_entries e set
    work_order_id = new.work_order_id,
    user_id       = new.user_id,
    entry_date    = new.entry_date,
    minutes       = new.minutes,
    description   = new.description,
    logged_at     = new.logged_at
  where e.id = old.id;
  if new.user_id not in (old.user_id, v_user_id) then
    perform authz.require_permission(old.tenant_id, 'workorder.edit');
  end if;
  select v.* into new from public.v_work_order_time_entries v where v.id = old.id;
  return new;
end $$;

create trigger write instead of update or delete on public.v_work_order_time_entries
  for each row execute function app.write_time_entry_view();

-- -------------------------------------------------------- functions: creating

create function app.require_work_order(p_tenant_id uuid, p_work_order_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not exists (select 1 from app.work_orders w where w.id = p_work_order_id and w.tenant_id = p_tenant_id) then
    raise exception using errcode = 'P0001', message = 'work order not found';
  end if;
end $$;

create function app.require_pm_schedule(p_tenant_id uuid, p_pm_schedule_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_tenant_id uuid;
  v_is_active boolean;
begin
  select s.tenant_id, s.is_active into v_tenant_id, v_is_active
  from app.pm_schedules s where s.id = p_pm_schedule_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'PM schedule not found';
  elsif v_tenant_id <> p_tenant_id then
    raise exception using errcode = '42501', message = 'the PM schedule belongs to another tenant';
  elsif not v_is_active then
    raise exception using errcode = '23503', message = 'the PM schedule is inactive';
  end if;
end $$;

create function app.require_project(p_tenant_id uuid, p_project_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_tenant_id uuid;
begin
  select p.tenant_id into v_tenant_id from app.projects p where p.id = p_project_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'project not found';
  elsif v_tenant_id <> p_tenant_id then
    raise exception using errcode = '23503', message = 'the project belongs to another tenant';
  end if;
end $$;

-- What is looked up before a new work order is written: 23503 for keys that the
-- tenant's catalogs lack, then its PM schedule and project.
create function app.require_work_order_parts(
  p_tenant_id uuid, p_priority text, p_maintenance_type text, p_pm_schedule_id uuid, p_project_id uuid
) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  perform cfg.require_work_order_keys(p_tenant_id, p_priority, p_maintenance_type);
  if p_pm_schedule_id is not null then
    perform app.require_pm_schedule(p_tenant_id, p_pm_schedule_id);
  end if;
  if p_project_id is not null then
    perform app.require_project(p_tenant_id, p_project_id);
  end if;
end $$;

create function app.insert_work_order(
  p_id uuid, p_tenant_id uuid, p_title text, p_description text, p_priority text, p_maintenance_type text,
  p_assigned_to uuid, p_location_id uuid, p_asset_id uuid, p_due_date timestamptz, p_pm_schedule_id uuid,
  p_project_id uuid
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  insert into app.work_orders (
    id, tenant_id, title, description, status, priority, maintenance_type, assigned_to, location_id,
    asset_id, due_date, pm_schedule_id, project_id)
  values (
    p_id, p_tenant_id, p_title, p_description,
    cfg.initial_status(p_tenant_id, 'work_order', p_assigned_to is not null),
    p_priority, p_maintenance_type, p_assigned_to, p_location_id,
    p_asset_id, p_due_date, p_pm_schedule_id, p_project_id);
end $$;

-- With a client request id, the first call claims it together with the id of
-- the new work order; later calls get that id back. A call that runs at the
-- same time waits for the first to commit or fail.
create function public.rpc_create_work_order(
  p_tenant_id uuid, p_title text, p_description text default null, p_priority text default 'medium',
  p_maintenance_type text default null, p_assigned_to uuid default null, p_location_id uuid default null,
  p_asset_id uuid default null, p_due_date timestamptz default null, p_pm_schedule_id uuid default null,
  p_project_id uuid default null, p_client_request_id text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid := gen_random_uuid();
  v_key constant text := nullif(btrim(p_client_request_id), '');
begin
  perform authz.rate_limit(p_tenant_id, 'work_order_create', 10);
  perform authz.require(p_tenant_id, 'workorder.create');
  perform app.require_work_order_parts(p_tenant_id, p_priority, p_maintenance_type, p_pm_schedule_id, p_project_id);

  if v_key is not null then
    insert into app.client_idempotency (tenant_id, scope, idempotency_key, resource_id)
    values (p_tenant_id, 'work_order.create', v_key, v_id)
    on conflict (tenant_id, scope, idempotency_key) do nothing;
    if not found then
      select i.resource_id into v_id
      from app.client_idempotency i
      where i.tenant_id = p_tenant_id and i.scope = 'work_order.create' and i.idempotency_key = v_key;
      if v_id is null then
        raise exception using errcode = '40001', message = 'this client request id is claimed but has no work order yet';
      end if;
      return v_id;
    end if;
  end if;

  perform app.insert_work_order(
    v_id, p_tenant_id, p_title, p_description, p_priority, p_maintenance_type, p_assigned_to, p_location_id,
    p_asset_id, p_due_date, p_pm_schedule_id, p_project_id);
  return v_id;
end $$;

-- Any status of the catalog is taken, without a transition. Good rows stay, bad
-- ones are reported by their position and skipped.
create function public.rpc_bulk_import_work_orders(p_tenant_id uuid, p_rows jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
  v_created uuid[] := '{}';
  v_errors jsonb := '[]';
  v_row jsonb;
  v_index bigint;
  v_title text;
  v_status text;
  v_closed boolean;
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'work_order_bulk_import', 1);
  v_user_id := authz.require(p_tenant_id, 'workorder.create');
  perform app.require_rows(p_rows);

  for v_row, v_index in select r.value, r.ordinality - 1 from jsonb_array_elements(p_rows) with ordinality r loop
    begin
      v_title := nullif(btrim(v_row ->> 'title'), '');
      if v_title is null then
        raise exception using errcode = '23502', message = 'title is required';
      end if;
      v_status := coalesce(nullif(btrim(v_row ->> 'status'), ''), 'draft');
      v_closed := exists (
        select 1 from cfg.status_catalogs s
        where s.tenant_id = p_tenant_id and s.entity_type = 'work_order' and s.key = v_status
          and s.is_final and s.category = 'closed');
      insert into app.work_orders (
        tenant_id, title, description, status, priority, cause, resolution, due_date, completed_at, completed_by)
      values (
        p_tenant_id, v_title,
        nullif(btrim(v_row ->> 'description'), ''),
        v_status,
        coalesce(nullif(btrim(v_row ->> 'priority'), ''), 'medium'),
        nullif(btrim(v_row ->> 'cause'), ''),
        nullif(btrim(v_row ->> 'resolution'), ''),
        nullif(btrim(v_row ->> 'due_date'), '')::timestamptz,
        case when v_closed then now() end,
        case when v_closed then v_user_id end)
      returning id into v_id;
      v_created := v_created || v_id;
    exception when others then
      v_errors := v_errors || jsonb_build_object('index', v_index, 'message', sqlerrm);
    end;
  end loop;
  return jsonb_build_object('created_ids', to_jsonb(v_created), 'errors', v_errors);
end $$;

-- ------------------------------------------------------- functions: life cycle

-- A move that does not exist, that the caller lacks the permission for or whose
-- guard fails is 23503 in all three cases.
create function public.rpc_transition_work_order_status(
  p_tenant_id uuid, p_work_order_id uuid, p_to_status_key text
) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
  v_work_order app.work_orders;
  v_status cfg.status_catalogs;
begin
  perform authz.rate_limit(p_tenant_id, 'status_transition', 30, p_enforced => true);
  v_user_id := authz.require(p_tenant_id);
  select w.* into v_work_order
  from app.work_orders w where w.id = p_work_order_id and w.tenant_id = p_tenant_id
  for no key update;
  if not found then
    raise exception using errcode = 'P0001', message = 'work order not found';
  end if;
  if not cfg.can_transition(
    v_user_id, p_tenant_id, 'work_order', v_work_order.status, p_to_status_key,
    jsonb_build_object('assigned_to', v_work_order.assigned_to, 'status', v_work_order.status))
  then
    raise exception using errcode = '23503',
      message = format('the work order cannot go from %s to %s', v_work_order.status, p_to_status_key);
  end if;

  select s.* into strict v_status
  from cfg.status_catalogs s
  where s.tenant_id = p_tenant_id and s.entity_type = 'work_order' and s.key = p_to_status_key;

  update app.work_orders w set
    status = p_to_status_key,
    completed_at = case when v_status.is_final and v_status.category = 'closed' then now() else w.completed_at end,
    completed_by = case when v_status.is_final and v_status.category = 'closed' then v_user_id else w.completed_by end,
    acknowledged_at = case
      when v_status.sla_acknowledges_response then coalesce(w.acknowledged_at, now())
      else w.acknowledged_at
    end
  where w.id = p_work_order_id;
end $$;

-- On a work order that is completed already, only fills in cause and
-- resolution; that too takes a right to complete or edit work orders.
create function public.rpc_complete_work_order(
  p_tenant_id uuid, p_work_order_id uuid, p_cause text default null, p_resolution text default null
) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.authorize(p_tenant_id);
  v_status text;
begin
  -- Not locked: the transition locks its counter first, and then this row.
  select w.status into v_status
  from app.work_orders w where w.id = p_work_order_id and w.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'work order not found';
  end if;

  if v_status <> 'completed' then
    perform public.rpc_transition_work_order_status(p_tenant_id, p_work_order_id, 'completed');
  elsif not (
    authz.has_permission(v_user_id, p_tenant_id, 'workorder.complete.assigned')
    or authz.has_permission(v_user_id, p_tenant_id, 'workorder.complete.any')
    or authz.has_permission(v_user_id, p_tenant_id, 'workorder.edit'))
  then
    raise exception using errcode = '42501', message = 'permission to complete work orders required';
  end if;

  if p_cause is not null or p_resolution is not null then
    update app.work_orders w set
      cause      = coalesce(p_cause, w.cause),
      resolution = coalesce(p_resolution, w.resolution)
    where w.id = p_work_order_id;
  end if;
end $$;

create function public.rpc_acknowledge_work_order(p_tenant_id uuid, p_work_order_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'work_order_acknowledge', 60);
  perform authz.require(p_tenant_id, 'workorder.acknowledge');
  perform app.require_work_order(p_tenant_id, p_work_order_id);
  update app.work_orders w set acknowledged_at = now()
  where w.id = p_work_order_id and w.acknowledged_at is null;
end $$;

-- Any member logs own time on any work order of the tenant, in any status.
create function public.rpc_log_work_order_time(
  p_tenant_id uuid, p_work_order_id uuid, p_minutes integer, p_entry_date date default null,
  p_user_id uuid default null, p_description text default null, p_latitude numeric default null,
  p_longitude numeric default null, p_accuracy_metres numeric default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_caller_id uuid;
  v_user_id uuid;
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'time_entry_create', 30);
  v_caller_id := authz.require(p_tenant_id);
  v_user_id := coalesce(p_user_id, v_caller_id);
  perform app.require_work_order(p_tenant_id, p_work_order_id);
  if not authz.is_member(v_user_id, p_tenant_id) then
    raise exception using errcode = '23503', message = 'the user is not a member of this tenant';
  end if;
  if v_user_id <> v_caller_id then
    perform authz.require_permission(p_tenant_id, 'workorder.edit');
  end if;
  insert into app.work_order_time_entries (
    tenant_id, work_order_id, user_id, entry_date, minutes, description, created_by,
    latitude, longitude, accuracy_metres)
  values (
    p_tenant_id, p_work_order_id, v_user_id, coalesce(p_entry_date, (now() at time zone 'utc')::date),
    p_minutes, p_description, v_caller_id, p_latitude, p_longitude, p_accuracy_metres)
  returning id into v_id;
  return v_id;
end $$;

create function public.rpc_set_work_order_primary_supplier(
  p_tenant_id uuid, p_work_order_id uuid, p_primary_supplier_id uuid
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.require(p_tenant_id, 'workorder.edit');
  perform app.require_work_order(p_tenant_id, p_work_order_id);
  update app.work_orders w set primary_supplier_id = p_primary_supplier_id where w.id = p_work_order_id;
end $$;

-- Without a rule id adds a rule; with one changes its intervals and whether it
-- is active, where NULL leaves a value unchanged.
create function public.rpc_upsert_work_order_sla_rule(
  p_tenant_id uuid, p_priority_key text, p_maintenance_type_key text default null,
  p_response_interval interval default null, p_resolution_interval interval default null,
  p_is_active boolean default true, p_rule_id uuid default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.require(p_tenant_id, 'tenant.sla.manage');
  perform cfg.require_work_order_keys(p_tenant_id, p_priority_key, p_maintenance_type_key);

  if p_rule_id is null then
    if p_response_interval is null or p_resolution_interval is null then
      raise exception using errcode = '23514', message = 'both intervals are required';
    end if;
    insert into cfg.work_order_sla_rules
      (tenant_id, priority_key, maintenance_type_key, response_interval, resolution_interval, is_active)
    values (
      p_tenant_id, p_priority_key, p_maintenance_type_key, p_response_interval, p_resolution_interval,
      coalesce(p_is_active, true))
    returning id into v_id;
    return v_id;
  end if;

  update cfg.work_order_sla_rules r set
    response_interval   = coalesce(p_response_interval, r.response_interval),
    resolution_interval = coalesce(p_resolution_interval, r.resolution_interval),
    is_active           = coalesce(p_is_active, r.is_active)
  where r.id = p_rule_id and r.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'SLA rule not found';
  end if;
  return p_rule_id;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app, cfg from public;

grant select on app.work_orders, app.work_order_time_entries to anon, authenticated;

revoke all on public.v_work_orders, public.v_work_order_time_entries, public.v_work_order_sla_status,
  public.v_work_orders_sla_open from public, anon, authenticated, service_role;
grant select on public.v_work_orders, public.v_work_order_time_entries, public.v_work_order_sla_status,
  public.v_work_orders_sla_open to anon, authenticated, service_role;
-- anon sees no row that it could change, and gets no error either.
grant update, delete on public.v_work_order_time_entries to anon, authenticated;

revoke execute on function public.rpc_create_work_order, public.rpc_bulk_import_work_orders,
  public.rpc_transition_work_order_status, public.rpc_complete_work_order, public.rpc_acknowledge_work_order,
  public.rpc_log_work_order_time, public.rpc_set_work_order_primary_supplier,
  public.rpc_upsert_work_order_sla_rule from public;
grant execute on function public.rpc_create_work_order, public.rpc_bulk_import_work_orders,
  public.rpc_transition_work_order_status, public.rpc_complete_work_order, public.rpc_acknowledge_work_order,
  public.rpc_log_work_order_time, public.rpc_set_work_order_primary_supplier,
  public.rpc_upsert_work_order_sla_rule to anon, authenticated, service_role;
