-- notifications: what the platform tells single members, and what they want to hear

-- ---------------------------------------------------------------- tables

-- A second notification with the same dedupe key is never stored, whether or
-- not the first was read. rpc_list_my_notifications returns these columns.
create table app.notifications (
  id                uuid primary key default gen_random_uuid(),
  tenant_id         uuid not null references app.tenants on delete cascade,
  recipient_user_id uuid not null references auth.users on delete cascade,
  event_key         text not null,
  title             text not null,
  body              text,
  payload           jsonb not null default '{}',
  entity_type       text,
  entity_id         uuid,
  dedupe_key        text,
  read_at           timestamptz,
  created_at        timestamptz not null default now(),
  unique (tenant_id, recipient_user_id, dedupe_key)
);
create index on app.notifications (recipient_user_id, tenant_id, created_at);

-- No row means yes.
create table app.notification_preferences (
  id             uuid primary key default gen_random_uuid(),
  tenant_id      uuid not null references app.tenants on delete cascade,
  user_id        uuid not null references auth.users on delete cascade,
  event_key      text not null check (length(event_key) between 1 and 100),
  channel_in_app boolean not null,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  unique (tenant_id, user_id, event_key)
);
create index on app.notification_preferences (user_id);

-- ---------------------------------------------------------------- policies

alter table app.notifications enable row level security;
create policy notifications_read on app.notifications for select to authenticated
  using (
    recipient_user_id = (select authz.user_id())
    and tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.notification_preferences enable row level security;

-- ---------------------------------------------------------------- views

create view public.v_my_notifications with (security_invoker = true) as
select n.id, n.tenant_id, n.event_key, n.title, n.body, n.payload, n.entity_type, n.entity_id,
  n.read_at, n.created_at
from app.notifications n
where n.tenant_id = (select authz.current_tenant_id())
  and n.recipient_user_id = (select authz.user_id());

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.notification_preferences
  for each row execute function app.touch_updated_at();

-- Drops the notification silently when the recipient is no member or does not
-- want the event.
create function app.notify(
  p_tenant_id uuid, p_recipient_id uuid, p_event_key text, p_title text, p_body text, p_payload jsonb,
  p_entity_type text, p_entity_id uuid, p_dedupe_key text
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if not authz.is_member(p_recipient_id, p_tenant_id) or exists (
    select 1 from app.notification_preferences p
    where p.tenant_id = p_tenant_id and p.user_id = p_recipient_id and p.event_key = p_event_key
      and not p.channel_in_app)
  then
    return;
  end if;
  insert into app.notifications
    (tenant_id, recipient_user_id, event_key, title, body, payload, entity_type, entity_id, dedupe_key)
  values
    (p_tenant_id, p_recipient_id, p_event_key, p_title, p_body, p_payload, p_entity_type, p_entity_id, p_dedupe_key)
  on conflict (tenant_id, recipient_user_id, dedupe_key) do nothing;
end $$;

create function public.rpc_list_my_notifications(p_tenant_id uuid, p_limit integer default 50) returns setof app.notifications
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require(p_tenant_id, 'notification.read');
begin
  return query
    select n.* from app.notifications n
    where n.tenant_id = p_tenant_id and n.recipient_user_id = v_user_id
    order by n.created_at desc, n.id
    limit least(coalesce(p_limit, 50), 200);
end $$;

create function public.rpc_mark_notifications_read(p_tenant_id uuid, p_notification_ids uuid[]) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require(p_tenant_id, 'notification.read');
begin
  update app.notifications n set read_at = now()
  where n.tenant_id = p_tenant_id and n.recipient_user_id = v_user_id and n.id = any (p_notification_ids);
end $$;

create function public.rpc_upsert_notification_preference(
  p_tenant_id uuid, p_event_key text, p_channel_in_app boolean
) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require(p_tenant_id, 'notification.preference.manage');
begin
  insert into app.notification_preferences as p (tenant_id, user_id, event_key, channel_in_app)
  values (p_tenant_id, v_user_id, btrim(p_event_key), p_channel_in_app)
  on conflict (tenant_id, user_id, event_key) do update set channel_in_app = excluded.channel_in_app;
end $$;

-- Sets or clears the assignee and leaves the status alone. A new assignee hears
-- of a work order once, however often it comes back to them.
create function public.rpc_assign_work_order(p_tenant_id uuid, p_work_order_id uuid, p_assigned_to uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_work_order app.work_orders;
begin
  perform authz.rate_limit(p_tenant_id, 'work_order_assign', 30);
  perform authz.require(p_tenant_id, 'workorder.assign');
  select w.* into v_work_order
  from app.work_orders w where w.id = p_work_order_id and w.tenant_id = p_tenant_id
  for no key update;
  if not found then
    raise exception using errcode = 'P0001', message = 'work order not found';
  end if;
  if p_assigned_to is not null and not exists (select 1 from auth.users u where u.id = p_assigned_to) then
    raise exception using errcode = '23503', message = 'unknown user';
  end if;

  update app.work_orders w set assigned_to = p_assigned_to where w.id = p_work_order_id;
  if p_assigned_to <> v_work_order.assigned_to or v_work_order.assigned_to is null and p_assigned_to is not null then
    perform app.notify(
      p_tenant_id, p_assigned_to, 'work_order.assigned', 'Work order assigned to you', v_work_order.title,
      jsonb_build_object('work_order_id', p_work_order_id), 'work_order', p_work_order_id,
      'work_order.assigned:' || p_work_order_id);
  end if;
end $$;

-- Who hears of what is late: holders of workorder.assign or tenant.admin.
create function app.notify_supervisors(
  p_tenant_id uuid, p_event_key text, p_title text, p_body text, p_payload jsonb,
  p_entity_type text, p_entity_id uuid, p_dedupe_key text
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform app.notify(
    p_tenant_id, r.user_id, p_event_key, p_title, p_body, p_payload, p_entity_type, p_entity_id, p_dedupe_key)
  from (
    select distinct ur.user_id
    from app.user_tenant_roles ur
    join cfg.tenant_role_permissions rp on rp.tenant_role_id = ur.tenant_role_id
    join cfg.permissions p on p.id = rp.permission_id
    where ur.tenant_id = p_tenant_id and p.key in ('workorder.assign', 'tenant.admin')) r;
end $$;

-- The job that runs every five minutes, for all tenants; not for users.
create function public.rpc_process_due_notifications() returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_row record;
begin
  if auth.role() in ('anon', 'authenticated') then
    raise exception using errcode = '42501', message = 'only for the scheduled job';
  end if;

  for v_row in
    update app.work_orders w set sla_response_breached_at = now()
    where w.status not in ('completed', 'cancelled') and w.sla_response_due_at < now()
      and w.acknowledged_at is null and w.sla_response_breached_at is null
    returning w.tenant_id, w.id, w.title
  loop
    perform app.notify_supervisors(
      v_row.tenant_id, 'work_order.sla_response_breach', 'Response to a work order is late', v_row.title,
      jsonb_build_object('work_order_id', v_row.id), 'work_order', v_row.id,
      'work_order.sla_response_breach:' || v_row.id);
  end loop;

  for v_row in
    update app.work_orders w set sla_resolution_breached_at = now()
    where w.status not in ('completed', 'cancelled') and w.sla_resolution_due_at < now()
      and w.sla_resolution_breached_at is null
    returning w.tenant_id, w.id, w.title
  loop
    perform app.notify_supervisors(
      v_row.tenant_id, 'work_order.sla_resolution_breach', 'Resolution of a work order is late', v_row.title,
      jsonb_build_object('work_order_id', v_row.id), 'work_order', v_row.id,
      'work_order.sla_resolution_breach:' || v_row.id);
  end loop;

  for v_row in
    select s.tenant_id, s.id, s.title, s.asset_id
    from app.pm_schedules s where s.is_active and s.next_due_date < now()
  loop
    perform app.notify_supervisors(
      v_row.tenant_id, 'pm.overdue', 'Preventive maintenance is overdue', v_row.title,
      jsonb_build_object('pm_schedule_id', v_row.id, 'asset_id', v_row.asset_id), 'pm_schedule', v_row.id,
      'pm.overdue:' || v_row.id || ':' || to_char(now() at time zone 'utc', 'YYYY-MM-DD HH24'));
  end loop;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

-- anon gets 42501 from the view, not an empty list.
grant select on app.notifications to authenticated;

revoke all on public.v_my_notifications from public, anon, authenticated, service_role;
grant select on public.v_my_notifications to anon, authenticated, service_role;

revoke execute on function public.rpc_list_my_notifications, public.rpc_mark_notifications_read,
  public.rpc_upsert_notification_preference, public.rpc_assign_work_order, public.rpc_process_due_notifications
  from public;
grant execute on function public.rpc_list_my_notifications, public.rpc_mark_notifications_read,
  public.rpc_upsert_notification_preference, public.rpc_assign_work_order, public.rpc_process_due_notifications
  to anon, authenticated, service_role;
