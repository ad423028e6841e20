-- inspections: what is to be looked at, when, and what was found

-- ---------------------------------------------------------------- tables

create table cfg.inspection_templates (
  id             uuid primary key default gen_random_uuid(),
  tenant_id      uuid not null references app.tenants on delete cascade,
  name           text not null check (length(name) between 1 and 255),
  description    text,
  category       text check (cfg.is_key(category)),
  trigger_config jsonb,
  is_system      boolean not null default false,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  unique (tenant_id, id)
);

-- Of the tenant of its template. One with a result in a run cannot go.
create table cfg.inspection_template_items (
  id            uuid primary key default gen_random_uuid(),
  template_id   uuid not null references cfg.inspection_templates on delete cascade,
  description   text not null check (length(description) between 1 and 1000),
  required      boolean not null default false,
  display_order integer not null default 0 check (display_order >= 0),
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now()
);
create index on cfg.inspection_template_items (template_id, display_order);

-- The platform looks at the tenant of no reference but the template's, here and
-- below; names of what is another tenant's do not show. That of a template shows
-- to members of its tenant.
create table app.inspection_schedules (
  id             uuid primary key default gen_random_uuid(),
  tenant_id      uuid not null references app.tenants on delete cascade,
  template_id    uuid not null,
  asset_id       uuid references app.assets on delete cascade,
  location_id    uuid references app.locations on delete cascade,
  title          text not null check (length(title) between 1 and 500),
  trigger_config jsonb not null default '{}',
  next_due_at    timestamptz,
  is_active      boolean not null default true,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  unique (tenant_id, id),
  check (asset_id is not null or location_id is not null),
  foreign key (tenant_id, template_id) references cfg.inspection_templates (tenant_id, id)
);
create index on app.inspection_schedules (tenant_id, template_id);
create index on app.inspection_schedules (asset_id);
create index on app.inspection_schedules (location_id);

-- The asset or place that alone says where a run is cannot be deleted.
create table app.inspection_runs (
  id                     uuid primary key default gen_random_uuid(),
  tenant_id              uuid not null references app.tenants on delete cascade,
  template_id            uuid references cfg.inspection_templates on delete set null,
  inspection_schedule_id uuid references app.inspection_schedules on delete set null,
  work_order_id          uuid references app.work_orders on delete set null,
  asset_id               uuid references app.assets on delete set null,
  location_id            uuid references app.locations on delete set null,
  status                 text not null default 'scheduled'
    check (status in ('scheduled', 'in_progress', 'completed', 'cancelled', 'overdue')),
  scheduled_at           timestamptz,
  started_at             timestamptz,
  completed_at           timestamptz,
  completed_by           uuid references auth.users on delete set null,
  conducted_by           uuid references auth.users on delete set null,
  notes                  text,
  created_at             timestamptz not null default now(),
  updated_at             timestamptz not null default now(),
  unique (tenant_id, id),
  check (asset_id is not null or location_id is not null)
);
create index on app.inspection_runs (tenant_id, scheduled_at);
create index on app.inspection_runs (template_id);
create index on app.inspection_runs (inspection_schedule_id);
create index on app.inspection_runs (work_order_id);
create index on app.inspection_runs (asset_id);
create index on app.inspection_runs (location_id);
create index on app.inspection_runs (completed_by);
create index on app.inspection_runs (conducted_by);

create table app.inspection_run_items (
  id                uuid primary key default gen_random_uuid(),
  tenant_id         uuid not null references app.tenants on delete cascade,
  inspection_run_id uuid not null,
  template_item_id  uuid not null references cfg.inspection_template_items,
  result            text not null default 'not_checked' check (result in ('pass', 'fail', 'na', 'not_checked')),
  notes             text,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  unique (inspection_run_id, template_item_id),
  foreign key (tenant_id, inspection_run_id) references app.inspection_runs (tenant_id, id) on delete cascade
);
create index on app.inspection_run_items (tenant_id, inspection_run_id);
create index on app.inspection_run_items (template_item_id);

-- ---------------------------------------------------------------- policies

alter table cfg.inspection_templates enable row level security;
create policy inspection_templates_read on cfg.inspection_templates for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table cfg.inspection_template_items enable row level security;
create policy inspection_template_items_read on cfg.inspection_template_items for select to authenticated
  using (exists (
    select 1 from cfg.inspection_templates t
    where t.id = template_id and t.tenant_id = any ((select authz.my_tenant_ids())::uuid[])));

alter table app.inspection_schedules enable row level security;
create policy inspection_schedules_read on app.inspection_schedules for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.inspection_runs enable row level security;
create policy inspection_runs_read on app.inspection_runs for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.inspection_run_items enable row level security;
create policy inspection_run_items_read on app.inspection_run_items for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- views

-- With its limit, item_count is one that may be null, as the contract has it.
create view public.v_inspection_templates with (security_invoker = true) as
select t.id, t.tenant_id, t.name, t.description, t.category, t.trigger_config, t.is_system, t.created_at, t.updated_at,
  (select count(*)::integer from cfg.inspection_template_items i where i.template_id = t.id limit 1) as item_count
from cfg.inspection_templates t
where t.tenant_id = (select authz.current_tenant_id())
order by t.name;

create view public.v_inspection_template_items with (security_invoker = true) as
select i.id, i.template_id, t.tenant_id, i.description, i.required, i.display_order, i.created_at, i.updated_at
from cfg.inspection_template_items i
join cfg.inspection_templates t on t.id = i.template_id
where t.tenant_id = (select authz.current_tenant_id())
order by i.template_id, i.display_order;

create view public.v_inspection_schedules with (security_invoker = true) as
select s.id, s.tenant_id, s.template_id, t.name as template_name, s.asset_id, a.name as asset_name, s.location_id,
  l.name as location_name, s.title, s.trigger_config, s.next_due_at, s.is_active, s.created_at, s.updated_at
from app.inspection_schedules s
join cfg.inspection_templates t on t.id = s.template_id
left join app.assets a on a.tenant_id = s.tenant_id and a.id = s.asset_id
left join app.locations l on l.tenant_id = s.tenant_id and l.id = s.location_id
where s.tenant_id = (select authz.current_tenant_id())
order by s.next_due_at;

create view public.v_inspection_runs with (security_invoker = true) as
select r.id, r.tenant_id, r.template_id, t.name as template_name, r.inspection_schedule_id, r.work_order_id,
  w.title as work_order_title, r.asset_id, a.name as asset_name, r.location_id, l.name as location_name, r.status,
  r.scheduled_at, r.started_at, r.completed_at, r.completed_by, completer.full_name as completed_by_name,
  r.conducted_by, conductor.full_name as conducted_by_name, r.notes, r.created_at, r.updated_at
from app.inspection_runs r
left join cfg.inspection_templates t on t.id = r.template_id
left join app.work_orders w on w.tenant_id = r.tenant_id and w.id = r.work_order_id
left join app.assets a on a.tenant_id = r.tenant_id and a.id = r.asset_id
left join app.locations l on l.tenant_id = r.tenant_id and l.id = r.location_id
left join app.profiles completer on completer.tenant_id = r.tenant_id and completer.user_id = r.completed_by
left join app.profiles conductor on conductor.tenant_id = r.tenant_id and conductor.user_id = r.conducted_by
where r.tenant_id = (select authz.current_tenant_id())
order by r.scheduled_at desc nulls last, r.created_at desc;

create view public.v_inspection_run_items with (security_invoker = true) as
select r.id, r.tenant_id, r.inspection_run_id, r.template_item_id, i.description as template_item_description,
  i.required as template_item_required, r.result, r.notes, r.created_at, r.updated_at
from app.inspection_run_items r
join cfg.inspection_template_items i on i.id = r.template_item_id
where r.tenant_id = (select authz.current_tenant_id())
order by r.inspection_run_id, i.display_order;

-- ---------------------------------------------------------------- triggers

create trigger touch before update on cfg.inspection_templates
  for each row execute function app.touch_updated_at();
create trigger touch before update on cfg.inspection_template_items
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.inspection_schedules
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.inspection_runs
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.inspection_run_items
  for each row execute function app.touch_updated_at();

create trigger audit after insert or update or delete on cfg.inspection_templates
  for each row execute function audit.log_change();
create trigger audit after insert or update or delete on cfg.inspection_template_items
  for each row execute function audit.log_change();
create trigger audit after insert or update or delete on app.inspection_schedules
  for each row execute function audit.log_change();
create trigger audit after insert or update or delete on app.inspection_runs
  for each row execute function audit.log_change();
create trigger audit after insert or update or delete on app.inspection_run_items
  for each row execute function audit.log_change();

-- A run of another tenant does not keep an asset or a place from being deleted.
create function app.drop_foreign_runs() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  delete from app.inspection_runs r
  where r.tenant_id <> old.tenant_id
    and (r.asset_id = old.id and r.location_id is null or r.location_id = old.id and r.asset_id is null);
  return old;
end $$;

create trigger drop_foreign_runs before delete on app.assets
  for each row execute function app.drop_foreign_runs();
create trigger drop_foreign_runs before delete on app.locations
  for each row execute function app.drop_foreign_runs();

-- ----------------------------------------------------- functions: templates

-- The preamble of functions that any member may call, whatever an OAuth client
-- was granted: it does not enter the tenant.
create function authz.admit(p_tenant_id uuid, p_operation text, p_limit integer) returns uuid
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, p_operation, p_limit);
  return authz.require_member(p_tenant_id);
end $$;

-- Items without a description are left out, their places stay free. What is no
-- list has no items.
create function app.replace_inspection_items(p_template_id uuid, p_items jsonb) returns void
language plpgsql security definer set search_path = '' as $$
begin
  delete from cfg.inspection_template_items i where i.template_id = p_template_id;
  if jsonb_typeof(p_items) = 'array' then
    insert into cfg.inspection_template_items (template_id, description, required, display_order)
    select p_template_id, r.value ->> 'description', coalesce((r.value ->> 'required')::boolean, false), r.ordinality - 1
    from jsonb_array_elements(p_items) with ordinality r
    where r.value ->> 'description' <> '';
  end if;
end $$;

create function public.rpc_create_inspection_template(
  p_tenant_id uuid, p_name text, p_description text default null, p_category text default null,
  p_trigger_config jsonb default null, p_checklist_items jsonb default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'inspection_template_create', 20);
  perform authz.require(p_tenant_id, 'tenant.admin');
  insert into cfg.inspection_templates (tenant_id, name, description, category, trigger_config)
  values (p_tenant_id, p_name, p_description, p_category, p_trigger_config)
  returning id into v_id;
  perform app.replace_inspection_items(v_id, p_checklist_items);
  return v_id;
end $$;

-- NULL leaves a value unchanged; items are replaced as a whole.
create function public.rpc_update_inspection_template(
  p_tenant_id uuid, p_template_id uuid, p_name text default null, p_description text default null,
  p_category text default null, p_trigger_config jsonb default null, p_checklist_items jsonb default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'inspection_template_update', 20);
  perform authz.require(p_tenant_id, 'tenant.admin');
  update cfg.inspection_templates t set
    name           = coalesce(p_name, t.name),
    description    = coalesce(p_description, t.description),
    category       = coalesce(p_category, t.category),
    trigger_config = coalesce(p_trigger_config, t.trigger_config)
  where t.id = p_template_id and t.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'inspection template not found';
  end if;
  if p_checklist_items is not null then
    perform app.replace_inspection_items(p_template_id, p_checklist_items);
  end if;
end $$;

-- ----------------------------------------------------- functions: schedules

create function app.require_anchor(p_asset_id uuid, p_location_id uuid) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if p_asset_id is null and p_location_id is null then
    raise exception using errcode = '23514', message = 'an inspection is of an asset or a location';
  end if;
end $$;

create function public.rpc_create_inspection_schedule(
  p_tenant_id uuid, p_template_id uuid, p_title text, p_asset_id uuid default null, p_location_id uuid default null,
  p_trigger_config jsonb default '{}', p_next_due_at timestamptz default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.admit(p_tenant_id, 'inspection_schedule_create', 20);
  perform app.require_anchor(p_asset_id, p_location_id);
  if not exists (select 1 from cfg.inspection_templates t where t.id = p_template_id and t.tenant_id = p_tenant_id) then
    raise exception using errcode = '23503', message = 'unknown inspection template';
  end if;
  insert into app.inspection_schedules (
    tenant_id, template_id, asset_id, location_id, title, trigger_config, next_due_at)
  values (
    p_tenant_id, p_template_id, p_asset_id, p_location_id, p_title, coalesce(p_trigger_config, '{}'), p_next_due_at)
  returning id into v_id;
  return v_id;
end $$;

create function public.rpc_update_inspection_schedule(
  p_tenant_id uuid, p_schedule_id uuid, p_title text default null, p_asset_id uuid default null,
  p_location_id uuid default null, p_trigger_config jsonb default null, p_next_due_at timestamptz default null,
  p_is_active boolean default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.admit(p_tenant_id, 'inspection_schedule_update', 20);
  update app.inspection_schedules s set
    title          = coalesce(p_title, s.title),
    asset_id       = coalesce(p_asset_id, s.asset_id),
    location_id    = coalesce(p_location_id, s.location_id),
    trigger_config = coalesce(p_trigger_config, s.trigger_config),
    next_due_at    = coalesce(p_next_due_at, s.next_due_at),
    is_active      = coalesce(p_is_active, s.is_active)
  where s.id = p_schedule_id and s.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'inspection schedule not found';
  end if;
end $$;

-- ---------------------------------------------------------- functions: runs

create function public.rpc_create_inspection_run(
  p_tenant_id uuid, p_template_id uuid default null, p_inspection_schedule_id uuid default null,
  p_work_order_id uuid default null, p_asset_id uuid default null, p_location_id uuid default null,
  p_scheduled_at timestamptz default null, p_notes text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.admit(p_tenant_id, 'inspection_run_create', 30);
  perform app.require_anchor(p_asset_id, p_location_id);
  insert into app.inspection_runs (
    tenant_id, template_id, inspection_schedule_id, work_order_id, asset_id, location_id, scheduled_at, notes)
  values (
    p_tenant_id, p_template_id, p_inspection_schedule_id, p_work_order_id, p_asset_id, p_location_id, p_scheduled_at,
    p_notes)
  returning id into v_id;
  return v_id;
end $$;

create function public.rpc_update_inspection_run(
  p_tenant_id uuid, p_run_id uuid, p_status text default null, p_scheduled_at timestamptz default null,
  p_started_at timestamptz default null, p_notes text default null, p_conducted_by uuid default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.admit(p_tenant_id, 'inspection_run_update', 30);
  update app.inspection_runs r set
    status       = coalesce(p_status, r.status),
    scheduled_at = coalesce(p_scheduled_at, r.scheduled_at),
    started_at   = coalesce(p_started_at, r.started_at),
    notes        = coalesce(p_notes, r.notes),
    conducted_by = coalesce(p_conducted_by, r.conducted_by)
  where r.id = p_run_id and r.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'inspection run not found';
  end if;
end $$;

-- Stores the result for an item of a template, in place of an earlier one. A
-- result that is none is left out, and so is one for an item of another tenant,
-- which no view of this tenant would show and which would keep the other one from
-- changing its template.
create function app.store_inspection_result(p_tenant_id uuid, p_run_id uuid, p_result jsonb) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_item_id constant uuid := (p_result ->> 'template_item_id')::uuid;
  v_result constant text := coalesce(p_result ->> 'result', 'not_checked');
  v_owner_id uuid;
begin
  if v_item_id is null or v_result not in ('pass', 'fail', 'na', 'not_checked') then
    return;
  end if;
  select t.tenant_id into v_owner_id
  from cfg.inspection_template_items i
  join cfg.inspection_templates t on t.id = i.template_id
  where i.id = v_item_id;
  if v_owner_id <> p_tenant_id then
    return;
  end if;
  insert into app.inspection_run_items (tenant_id, inspection_run_id, template_item_id, result, notes)
  values (p_tenant_id, p_run_id, v_item_id, v_result, p_result ->> 'notes')
  on conflict (inspection_run_id, template_item_id) do update set result = excluded.result, notes = excluded.notes;
end $$;

-- Also of a run that is completed already. Of several results for an item the
-- last one stays.
create function public.rpc_complete_inspection_run(p_tenant_id uuid, p_run_id uuid, p_item_results jsonb default null) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.admit(p_tenant_id, 'inspection_run_complete', 30);
begin
  update app.inspection_runs r set status = 'completed', completed_at = now(), completed_by = v_user_id
  where r.id = p_run_id and r.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'inspection run not found';
  end if;
  if jsonb_typeof(p_item_results) = 'array' then
    perform app.store_inspection_result(p_tenant_id, p_run_id, r.value)
    from jsonb_array_elements(p_item_results) with ordinality r
    order by r.ordinality;
  end if;
end $$;

-- The runs of some days, in the session's time zone: of the day on which a run is
-- planned, else completed, else made.
create function public.rpc_compliance_inspection_history(
  p_tenant_id uuid, p_from_date date, p_to_date date, p_asset_id uuid default null, p_location_id uuid default null
) returns table (
  run_id uuid, template_name text, asset_name text, location_name text, status text, scheduled_at timestamptz,
  completed_at timestamptz, conducted_by_name text, pass_count bigint, fail_count bigint, na_count bigint,
  not_checked_count bigint)
language plpgsql security definer set search_path = '' as $$
declare
  v_tenant_ids constant uuid[] := authz.my_tenant_ids();
begin
  perform authz.require_member(p_tenant_id);
  return query
    select r.id, t.name, a.name, l.name, r.status, r.scheduled_at, r.completed_at, p.full_name,
      count(*) filter (where i.result = 'pass'), count(*) filter (where i.result = 'fail'),
      count(*) filter (where i.result = 'na'), count(*) filter (where i.result = 'not_checked')
    from app.inspection_runs r
    left join cfg.inspection_templates t on t.id = r.template_id and t.tenant_id = any (v_tenant_ids)
    left join app.assets a on a.tenant_id = r.tenant_id and a.id = r.asset_id
    left join app.locations l on l.tenant_id = r.tenant_id and l.id = r.location_id
    left join app.profiles p on p.tenant_id = r.tenant_id and p.user_id = r.conducted_by
    left join app.inspection_run_items i on i.inspection_run_id = r.id
    where r.tenant_id = p_tenant_id
      and coalesce(r.scheduled_at, r.completed_at, r.created_at)::date between p_from_date and p_to_date
      and (p_asset_id is null or r.asset_id = p_asset_id)
      and (p_location_id is null or r.location_id = p_location_id)
    group by r.id, t.name, a.name, l.name, p.full_name
    order by r.completed_at desc nulls last, r.scheduled_at desc nulls last;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;
revoke execute on function authz.admit from public;

-- anon gets 42501 from the views of runs, not an empty list.
grant select on cfg.inspection_templates, cfg.inspection_template_items, app.inspection_schedules to anon, authenticated;
grant select on app.inspection_runs, app.inspection_run_items to authenticated;

revoke all on public.v_inspection_templates, public.v_inspection_template_items, public.v_inspection_schedules,
  public.v_inspection_runs, public.v_inspection_run_items
  from public, anon, authenticated, service_role;
grant select on public.v_inspection_templates, public.v_inspection_template_items, public.v_inspection_schedules,
  public.v_inspection_runs, public.v_inspection_run_items
  to anon, authenticated, service_role;

revoke execute on function public.rpc_create_inspection_template, public.rpc_update_inspection_template,
  public.rpc_create_inspection_schedule, public.rpc_update_inspection_schedule, public.rpc_create_inspection_run,
  public.rpc_update_inspection_run, public.rpc_complete_inspection_run, public.rpc_compliance_inspection_history
  from public;
grant execute on function public.rpc_create_inspection_template, public.rpc_update_inspection_template,
  public.rpc_create_inspection_schedule, public.rpc_update_inspection_schedule, public.rpc_create_inspection_run,
  public.rpc_update_inspection_run, public.rpc_complete_inspection_run, public.rpc_compliance_inspection_history
  to anon, authenticated, service_role;
