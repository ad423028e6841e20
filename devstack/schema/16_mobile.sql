-- mobile: work in the field, with notes, check-ins and the lists a device keeps

-- ---------------------------------------------------------------- tables

create table app.work_order_notes (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  work_order_id uuid not null,
  body          text not null check (length(body) between 1 and 10000),
  created_by    uuid not null references auth.users on delete cascade,
  latitude      numeric check (latitude between -90 and 90),
  longitude     numeric check (longitude between -180 and 180),
  created_at    timestamptz not null default now(),
  foreign key (tenant_id, work_order_id) references app.work_orders (tenant_id, id) on delete cascade
);
create index on app.work_order_notes (tenant_id, created_at);
create index on app.work_order_notes (work_order_id);
create index on app.work_order_notes (created_by);

create table app.work_order_check_ins (
  id              uuid primary key default gen_random_uuid(),
  tenant_id       uuid not null references app.tenants on delete cascade,
  work_order_id   uuid not null,
  user_id         uuid not null references auth.users on delete cascade,
  checked_in_at   timestamptz not null default now(),
  latitude        numeric check (latitude between -90 and 90),
  longitude       numeric check (longitude between -180 and 180),
  accuracy_metres numeric check (accuracy_metres >= 0),
  note            text,
  created_at      timestamptz not null default now(),
  foreign key (tenant_id, work_order_id) references app.work_orders (tenant_id, id) on delete cascade
);
create index on app.work_order_check_ins (tenant_id, created_at);
create index on app.work_order_check_ins (work_order_id);
create index on app.work_order_check_ins (user_id);

-- ---------------------------------------------------------------- policies

alter table app.work_order_notes enable row level security;
create policy work_order_notes_read on app.work_order_notes for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.work_order_check_ins enable row level security;
create policy work_order_check_ins_read on app.work_order_check_ins for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

create policy work_orders_update on app.work_orders for update to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('workorder.edit'))::uuid[]));
create policy work_orders_delete on app.work_orders for delete to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('workorder.delete'))::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_mobile_work_orders with (security_invoker = true) as
select w.id, w.tenant_id, w.title, w.status, w.priority, w.assigned_to, w.location_id, w.asset_id,
  w.due_date, w.completed_at, w.updated_at
from app.work_orders w
where w.tenant_id = (select authz.current_tenant_id());

create view public.v_mobile_assets with (security_invoker = true) as
select a.id, a.tenant_id, a.name, a.asset_number, a.location_id, a.status, a.updated_at, a.barcode
from app.assets a
where a.tenant_id = (select authz.current_tenant_id());

create view public.v_mobile_locations with (security_invoker = true) as
select l.id, l.tenant_id, l.name, l.parent_location_id, l.updated_at
from app.locations l
where l.tenant_id = (select authz.current_tenant_id());

create view public.v_mobile_work_order_time_entries with (security_invoker = true) as
select e.id, e.tenant_id, e.work_order_id, e.user_id, e.entry_date, e.minutes, e.description,
  e.logged_at, e.created_at, e.updated_at, e.latitude, e.longitude
from app.work_order_time_entries e
where e.tenant_id = (select authz.current_tenant_id());

create view public.v_mobile_work_order_check_ins with (security_invoker = true) as
select c.id, c.tenant_id, c.work_order_id, c.user_id, c.checked_in_at, c.latitude, c.longitude, c.created_at
from app.work_order_check_ins c
where c.tenant_id = (select authz.current_tenant_id());

create view public.v_mobile_work_order_notes with (security_invoker = true) as
select n.id, n.tenant_id, n.work_order_id, n.body, n.created_by, n.created_at
from app.work_order_notes n
where n.tenant_id = (select authz.current_tenant_id());

-- ---------------------------------------------------------------- functions

-- P0001 for an unknown work order; workorder.edit for anybody but its assignee.
create function app.require_work_on(p_tenant_id uuid, p_work_order_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_assigned_to uuid;
begin
  select w.assigned_to into v_assigned_to
  from app.work_orders w where w.id = p_work_order_id and w.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'work order not found';
  end if;
  if v_assigned_to is distinct from authz.user_id() then
    perform authz.require_permission(p_tenant_id, 'workorder.edit');
  end if;
end $$;

create function public.rpc_add_work_order_note(
  p_tenant_id uuid, p_work_order_id uuid, p_body text, p_latitude numeric default null, p_longitude numeric default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'work_order_note_create', 60);
  v_user_id := authz.require(p_tenant_id);
  perform app.require_work_on(p_tenant_id, p_work_order_id);
  insert into app.work_order_notes (tenant_id, work_order_id, body, created_by, latitude, longitude)
  values (p_tenant_id, p_work_order_id, p_body, v_user_id, p_latitude, p_longitude)
  returning id into v_id;
  return v_id;
end $$;

-- Starts the work and checks the caller in, or does neither. The transition
-- enters the tenant.
create function public.rpc_start_work_order(
  p_tenant_id uuid, p_work_order_id uuid, p_latitude numeric default null, p_longitude numeric default null,
  p_accuracy_metres numeric default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.authorize(p_tenant_id);
  v_id uuid;
begin
  perform app.require_work_on(p_tenant_id, p_work_order_id);
  perform public.rpc_transition_work_order_status(p_tenant_id, p_work_order_id, 'in_progress');
  insert into app.work_order_check_ins (tenant_id, work_order_id, user_id, latitude, longitude, accuracy_metres)
  values (p_tenant_id, p_work_order_id, v_user_id, p_latitude, p_longitude, p_accuracy_metres)
  returning id into v_id;
  return v_id;
end $$;

-- Logs time, adds a note and completes the work order, or does nothing of it.
create function public.rpc_stop_work_order(
  p_tenant_id uuid, p_work_order_id uuid, p_complete boolean default true, p_minutes integer default null,
  p_note text default null, p_latitude numeric default null, p_longitude numeric default null,
  p_accuracy_metres numeric default null, p_cause text default null, p_resolution text default null
) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.authorize(p_tenant_id);
begin
  perform app.require_work_on(p_tenant_id, p_work_order_id);
  if p_complete then
    perform authz.lock_calls(v_user_id, p_tenant_id, 'status_transition');
  end if;
  if p_minutes is not null then
    insert into app.work_order_time_entries (
      tenant_id, work_order_id, user_id, entry_date, minutes, created_by, latitude, longitude, accuracy_metres)
    values (
      p_tenant_id, p_work_order_id, v_user_id, (now() at time zone 'utc')::date, p_minutes, v_user_id,
      p_latitude, p_longitude, p_accuracy_metres);
  end if;
  if btrim(p_note) <> '' then
    insert into app.work_order_notes (tenant_id, work_order_id, body, created_by, latitude, longitude)
    values (p_tenant_id, p_work_order_id, btrim(p_note), v_user_id, p_latitude, p_longitude);
  end if;
  if p_complete then
    perform public.rpc_complete_work_order(p_tenant_id, p_work_order_id, p_cause, p_resolution);
    update app.work_orders w set completed_at_latitude = p_latitude, completed_at_longitude = p_longitude
    where w.id = p_work_order_id and (p_latitude is not null or p_longitude is not null);
  end if;
  -- Last, as in the transition: the counter is locked before the user.
  perform authz.enter_tenant(p_tenant_id);
end $$;

-- What changed after a moment, at most p_limit rows of each kind, oldest first.
-- Work orders are those that the caller sees; the technician narrows only them.
create function public.rpc_mobile_sync(
  p_tenant_id uuid, p_updated_after timestamptz default null, p_limit integer default 500,
  p_technician_id uuid default null
) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require(p_tenant_id);
  v_limit constant integer := case when p_limit >= 1 then least(p_limit, 2000) else 500 end;
  v_after constant timestamptz := coalesce(p_updated_after, '-infinity');
  v_sees_all constant boolean := authz.has_permission(v_user_id, p_tenant_id, 'workorder.view')
    or authz.has_permission(v_user_id, p_tenant_id, 'workorder.request.view.any');
  v_sees_own constant boolean := authz.has_permission(v_user_id, p_tenant_id, 'workorder.request.view.own');
  v_technician_user_id constant uuid := (
    select t.user_id from app.technicians t where t.id = p_technician_id and t.tenant_id = p_tenant_id);
begin
  return jsonb_build_object(
    'work_orders', (
      select coalesce(jsonb_agg(to_jsonb(r) order by r.updated_at, r.id), '[]') from (
        select w.id, w.tenant_id, w.title, w.status, w.priority, w.assigned_to, w.location_id, w.asset_id,
          w.due_date, w.completed_at, w.updated_at
        from app.work_orders w
        where w.tenant_id = p_tenant_id and w.updated_at > v_after
          and (v_sees_all or v_sees_own and w.requested_by = v_user_id)
          and (p_technician_id is null or w.assigned_to = v_technician_user_id or exists (
            select from app.work_order_assignments a
            where a.work_order_id = w.id and a.technician_id = p_technician_id))
        order by w.updated_at, w.id limit v_limit) r),
    'assets', (
      select coalesce(jsonb_agg(to_jsonb(r) order by r.updated_at, r.id), '[]') from (
        select a.id, a.tenant_id, a.name, a.asset_number, a.location_id, a.status, a.updated_at
        from app.assets a
        where a.tenant_id = p_tenant_id and a.updated_at > v_after
        order by a.updated_at, a.id limit v_limit) r),
    'locations', (
      select coalesce(jsonb_agg(to_jsonb(r) order by r.updated_at, r.id), '[]') from (
        select l.id, l.tenant_id, l.name, l.parent_location_id, l.updated_at
        from app.locations l
        where l.tenant_id = p_tenant_id and l.updated_at > v_after
        order by l.updated_at, l.id limit v_limit) r),
    'time_entries', (
      select coalesce(jsonb_agg(to_jsonb(r) order by r.updated_at, r.id), '[]') from (
        select e.id, e.tenant_id, e.work_order_id, e.user_id, e.entry_date, e.minutes, e.description, e.logged_at,
          e.created_at, e.updated_at, e.latitude, e.longitude
        from app.work_order_time_entries e
        where e.tenant_id = p_tenant_id and e.updated_at > v_after
        order by e.updated_at, e.id limit v_limit) r),
    'attachments', (
      select coalesce(jsonb_agg(to_jsonb(r) order by r.updated_at, r.id), '[]') from (
        select a.id, a.tenant_id, a.entity_id as work_order_id, a.file_id, a.label, a.kind, a.created_at, a.updated_at
        from app.entity_attachments a
        where a.tenant_id = p_tenant_id and a.entity_type = 'work_order' and a.updated_at > v_after
        order by a.updated_at, a.id limit v_limit) r),
    'check_ins', (
      select coalesce(jsonb_agg(to_jsonb(r) order by r.created_at, r.id), '[]') from (
        select c.id, c.tenant_id, c.work_order_id, c.user_id, c.checked_in_at, c.latitude, c.longitude, c.created_at
        from app.work_order_check_ins c
        where c.tenant_id = p_tenant_id and c.created_at > v_after
        order by c.created_at, c.id limit v_limit) r),
    'notes', (
      select coalesce(jsonb_agg(to_jsonb(r) order by r.created_at, r.id), '[]') from (
        select n.id, n.tenant_id, n.work_order_id, n.body, n.created_by, n.created_at
        from app.work_order_notes n
        where n.tenant_id = p_tenant_id and n.created_at > v_after
        order by n.created_at, n.id limit v_limit) r));
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

grant select on app.work_order_notes, app.work_order_check_ins to anon, authenticated;
-- What has no workflow is changed through the view.
grant update (title, priority, location_id, asset_id, due_date), delete on app.work_orders to authenticated;

revoke all on public.v_mobile_work_orders, public.v_mobile_assets, public.v_mobile_locations,
  public.v_mobile_work_order_time_entries, public.v_mobile_work_order_check_ins, public.v_mobile_work_order_notes
  from public, anon, authenticated, service_role;
grant select on public.v_mobile_work_orders, public.v_mobile_assets, public.v_mobile_locations,
  public.v_mobile_work_order_time_entries, public.v_mobile_work_order_check_ins, public.v_mobile_work_order_notes
  to anon, authenticated, service_role;
grant update (title, priority, location_id, asset_id, due_date), delete on public.v_mobile_work_orders to authenticated;

revoke execute on function public.rpc_add_work_order_note, public.rpc_start_work_order, public.rpc_stop_work_order,
  public.rpc_mobile_sync from public;
grant execute on function public.rpc_add_work_order_note, public.rpc_start_work_order, public.rpc_stop_work_order,
  public.rpc_mobile_sync to anon, authenticated, service_role;
