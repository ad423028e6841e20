-- work order comms: what was said about a work order, and over which channel

-- ---------------------------------------------------------------- tables

create table app.work_order_comms_events (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  work_order_id uuid not null,
  actor_user_id uuid not null references auth.users on delete cascade,
  channel       text not null check (channel in ('comment', 'sms', 'email', 'phone', 'portal', 'other')),
  body          text not null check (length(body) between 1 and 8000),
  metadata      jsonb not null default '{}',
  created_at    timestamptz not null default now(),
  foreign key (tenant_id, work_order_id) references app.work_orders (tenant_id, id) on delete cascade
);
create index on app.work_order_comms_events (tenant_id, work_order_id, created_at);
create index on app.work_order_comms_events (actor_user_id);

-- ---------------------------------------------------------------- policies

alter table app.work_order_comms_events enable row level security;
create policy work_order_comms_events_read on app.work_order_comms_events for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_work_order_comms with (security_invoker = true) as
select c.id, c.tenant_id, c.work_order_id, c.actor_user_id, c.channel, c.body, c.metadata, c.created_at
from app.work_order_comms_events c
where c.tenant_id = (select authz.current_tenant_id());

-- ---------------------------------------------------------------- functions

create function public.rpc_add_work_order_comms_event(
  p_tenant_id uuid, p_work_order_id uuid, p_body text, p_channel text default 'comment', p_metadata jsonb default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
  v_work_order app.work_orders;
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'work_order_comms_event', 120);
  v_user_id := authz.require(p_tenant_id);
  if coalesce(btrim(p_body), '') = '' then
    raise exception using errcode = '23514', message = 'the body is blank';
  end if;
  if p_channel not in ('comment', 'sms', 'email', 'phone', 'portal', 'other') then
    raise exception using errcode = '23514', message = format('unknown channel %s', p_channel);
  end if;
  select w.* into v_work_order from app.work_orders w where w.id = p_work_order_id and w.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'work order not found';
  end if;
  if v_user_id is distinct from v_work_order.assigned_to and v_user_id is distinct from v_work_order.requested_by then
    perform authz.require_permission(p_tenant_id, 'workorder.edit');
  end if;
  insert into app.work_order_comms_events (tenant_id, work_order_id, actor_user_id, channel, body, metadata)
  values (
    p_tenant_id, p_work_order_id, v_user_id, coalesce(p_channel, 'comment'), btrim(p_body), coalesce(p_metadata, '{}'))
  returning id into v_id;
  return v_id;
end $$;

-- ---------------------------------------------------------------- grants

grant select on app.work_order_comms_events to anon, authenticated;

revoke all on public.v_work_order_comms from public, anon, authenticated, service_role;
grant select on public.v_work_order_comms to anon, authenticated, service_role;

revoke execute on function public.rpc_add_work_order_comms_event from public;
grant execute on function public.rpc_add_work_order_comms_event to anon, authenticated, service_role;
