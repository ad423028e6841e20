-- field operations: tools that are lent out, and handovers between shifts

-- ---------------------------------------------------------------- tables

create table app.tools (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  name          text not null check (length(btrim(name)) >= 1 and length(name) <= 255),
  asset_tag     text,
  serial_number text,
  status        text not null default 'available' check (cfg.is_key(status)),
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  unique (tenant_id, id)
);

-- A tool that is out has one open checkout; its status stays as it is.
create table app.tool_checkouts (
  id                     uuid primary key default gen_random_uuid(),
  tenant_id              uuid not null references app.tenants on delete cascade,
  tool_id                uuid not null,
  checked_out_to_user_id uuid not null references auth.users on delete cascade,
  checked_out_at         timestamptz not null default now(),
  due_at                 timestamptz,
  returned_at            timestamptz check (returned_at >= checked_out_at),
  work_order_id          uuid,
  notes                  text,
  created_at             timestamptz not null default now(),
  updated_at             timestamptz not null default now(),
  foreign key (tenant_id, tool_id) references app.tools (tenant_id, id) on delete cascade,
  foreign key (tenant_id, work_order_id) references app.work_orders (tenant_id, id)
    on delete set null (work_order_id)
);
create unique index on app.tool_checkouts (tool_id) where returned_at is null;
create index on app.tool_checkouts (tenant_id, checked_out_at);
create index on app.tool_checkouts (checked_out_to_user_id);
create index on app.tool_checkouts (work_order_id);

create table app.shift_handovers (
  id               uuid primary key default gen_random_uuid(),
  tenant_id        uuid not null references app.tenants on delete cascade,
  location_id      uuid,
  shift_started_at timestamptz not null,
  shift_ended_at   timestamptz not null,
  from_user_id     uuid not null references auth.users on delete cascade,
  to_user_id       uuid not null references auth.users on delete cascade,
  summary          text,
  status           text not null default 'draft' check (status in ('draft', 'submitted', 'acknowledged')),
  acknowledged_at  timestamptz,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  check (shift_ended_at >= shift_started_at),
  unique (tenant_id, id),
  foreign key (tenant_id, location_id) references app.locations (tenant_id, id)
    on delete set null (location_id)
);
create index on app.shift_handovers (location_id);
create index on app.shift_handovers (from_user_id);
create index on app.shift_handovers (to_user_id);

create table app.shift_handover_items (
  id            uuid primary key default gen_random_uuid(),
  tenant_id     uuid not null references app.tenants on delete cascade,
  handover_id   uuid not null,
  body          text not null check (length(btrim(body)) >= 1),
  priority      text not null default 'normal' check (priority in ('low', 'normal', 'high', 'critical')),
  work_order_id uuid,
  created_at    timestamptz not null default now(),
  foreign key (tenant_id, handover_id) references app.shift_handovers (tenant_id, id) on delete cascade,
  foreign key (tenant_id, work_order_id) references app.work_orders (tenant_id, id)
    on delete set null (work_order_id)
);
create index on app.shift_handover_items (handover_id);
create index on app.shift_handover_items (work_order_id);

-- ---------------------------------------------------------------- policies

alter table app.tools enable row level security;
create policy tools_read on app.tools for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.tool_checkouts enable row level security;
create policy tool_checkouts_read on app.tool_checkouts for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.shift_handovers enable row level security;
create policy shift_handovers_read on app.shift_handovers for select to authenticated
  using (
    tenant_id = any ((select authz.my_tenant_ids_with('workorder.view'))::uuid[])
    or (select authz.user_id()) in (from_user_id, to_user_id)
      and tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- No view shows the items.
alter table app.shift_handover_items enable row level security;

-- ---------------------------------------------------------------- views

create view public.v_tools with (security_invoker = true) as
select t.id, t.tenant_id, t.name, t.asset_tag, t.serial_number, t.status, t.created_at, t.updated_at
from app.tools t
where t.tenant_id = (select authz.current_tenant_id());

create view public.v_tool_checkouts with (security_invoker = true) as
select c.id, c.tenant_id, c.tool_id, c.checked_out_to_user_id, c.checked_out_at, c.due_at, c.returned_at,
  c.work_order_id, c.notes, c.created_at, c.updated_at
from app.tool_checkouts c
where c.tenant_id = (select authz.current_tenant_id());

create view public.v_shift_handovers with (security_invoker = true) as
select h.id, h.tenant_id, h.location_id, h.shift_started_at, h.shift_ended_at, h.from_user_id, h.to_user_id,
  h.summary, h.status, h.acknowledged_at, h.created_at, h.updated_at
from app.shift_handovers h
where h.tenant_id = (select authz.current_tenant_id());

-- ---------------------------------------------------------- functions: tools

create trigger touch before update on app.tools
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.tool_checkouts
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.shift_handovers
  for each row execute function app.touch_updated_at();

create function public.rpc_create_tool(
  p_tenant_id uuid, p_name text, p_asset_tag text default null, p_serial_number text default null,
  p_status text default 'available'
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'tool_catalog_create', 60);
  perform authz.require(p_tenant_id, 'tool.manage');
  insert into app.tools (tenant_id, name, asset_tag, serial_number, status)
  values (
    p_tenant_id, coalesce(btrim(p_name), ''), nullif(btrim(p_asset_tag), ''), nullif(btrim(p_serial_number), ''),
    coalesce(nullif(btrim(p_status), ''), 'available'))
  returning id into v_id;
  return v_id;
end $$;

-- NULL leaves a column unchanged; a blank tag or serial number clears it.
create function public.rpc_update_tool(
  p_tenant_id uuid, p_tool_id uuid, p_name text default null, p_asset_tag text default null,
  p_serial_number text default null, p_status text default null
) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_name constant text := btrim(p_name);
  v_status constant text := btrim(p_status);
begin
  perform authz.rate_limit(p_tenant_id, 'tool_catalog_update', 120);
  perform authz.require(p_tenant_id, 'tool.manage');
  if length(v_name) not between 1 and 255 then
    raise exception using errcode = '23514', message = 'the name has not 1 to 255 characters';
  end if;
  if not cfg.is_key(v_status) then
    raise exception using errcode = '23514', message = 'the status is not a key of 1 to 50 characters';
  end if;
  if v_status <> 'available' and exists (
    select 1 from app.tool_checkouts c
    where c.tool_id = p_tool_id and c.tenant_id = p_tenant_id and c.returned_at is null)
  then
    raise exception using errcode = '23503', message = 'the tool is checked out';
  end if;
  update app.tools t set
    name          = coalesce(v_name, t.name),
    asset_tag     = case when p_asset_tag is null then t.asset_tag else nullif(btrim(p_asset_tag), '') end,
    serial_number = case when p_serial_number is null then t.serial_number else nullif(btrim(p_serial_number), '') end,
    status        = coalesce(v_status, t.status)
  where t.id = p_tool_id and t.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'tool not found';
  end if;
end $$;

create function public.rpc_checkout_tool(
  p_tenant_id uuid, p_tool_id uuid, p_checked_out_to_user_id uuid, p_due_at timestamptz default null,
  p_work_order_id uuid default null, p_notes text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_status text;
  v_id uuid;
begin
  perform authz.require(p_tenant_id, 'tool.checkout');
  select t.status into v_status
  from app.tools t where t.id = p_tool_id and t.tenant_id = p_tenant_id
  for update;
  if not found then
    raise exception using errcode = 'P0001', message = 'tool not found';
  end if;
  if v_status <> 'available' then
    raise exception using errcode = '23503', message = format('the tool is %s, not available', v_status);
  end if;
  if exists (select 1 from app.tool_checkouts c where c.tool_id = p_tool_id and c.returned_at is null) then
    raise exception using errcode = '23505', message = 'the tool is checked out already';
  end if;
  if p_checked_out_to_user_id is not null and not authz.is_member(p_checked_out_to_user_id, p_tenant_id) then
    raise exception using errcode = '23503', message = 'the borrower is not a member of this tenant';
  end if;
  insert into app.tool_checkouts (tenant_id, tool_id, checked_out_to_user_id, due_at, work_order_id, notes)
  values (p_tenant_id, p_tool_id, p_checked_out_to_user_id, p_due_at, p_work_order_id, p_notes)
  returning id into v_id;
  return v_id;
end $$;

create function public.rpc_return_tool(p_tenant_id uuid, p_checkout_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.require(p_tenant_id, 'tool.return');
  update app.tool_checkouts c set returned_at = now()
  where c.id = p_checkout_id and c.tenant_id = p_tenant_id and c.returned_at is null;
  if not found then
    raise exception using errcode = 'P0001', message = 'open checkout not found';
  end if;
end $$;

-- ------------------------------------------------------ functions: handovers

create function public.rpc_create_shift_handover(
  p_tenant_id uuid, p_location_id uuid, p_shift_started_at timestamptz, p_shift_ended_at timestamptz,
  p_to_user_id uuid, p_summary text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
  v_id uuid;
begin
  v_user_id := authz.require(p_tenant_id, 'shift_handover.create');
  insert into app.shift_handovers
    (tenant_id, location_id, shift_started_at, shift_ended_at, from_user_id, to_user_id, summary)
  values
    (p_tenant_id, p_location_id, p_shift_started_at, p_shift_ended_at, v_user_id, p_to_user_id, p_summary)
  returning id into v_id;
  if not authz.is_member(p_to_user_id, p_tenant_id) then
    raise exception using errcode = '23503', message = 'the addressee is not a member of this tenant';
  end if;
  return v_id;
end $$;

-- Only the author adds items, and only to a draft.
create function public.rpc_add_shift_handover_item(
  p_tenant_id uuid, p_handover_id uuid, p_body text, p_work_order_id uuid default null,
  p_priority text default 'normal'
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
  v_handover app.shift_handovers;
  v_id uuid;
begin
  v_user_id := authz.require(p_tenant_id, 'shift_handover.create');
  insert into app.shift_handover_items (tenant_id, handover_id, body, priority, work_order_id)
  values (p_tenant_id, p_handover_id, btrim(p_body), coalesce(p_priority, 'normal'), p_work_order_id)
  returning id into v_id;

  select h.* into v_handover
  from app.shift_handovers h where h.id = p_handover_id and h.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = '23503', message = 'unknown shift handover';
  elsif v_handover.from_user_id <> v_user_id then
    raise exception using errcode = '42501', message = 'the shift handover belongs to somebody else';
  elsif v_handover.status <> 'draft' then
    raise exception using errcode = '23514', message = 'the shift handover is submitted already';
  end if;
  return v_id;
end $$;

create function public.rpc_submit_shift_handover(p_tenant_id uuid, p_handover_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require(p_tenant_id, 'shift_handover.create');
begin
  update app.shift_handovers h set status = 'submitted'
  where h.id = p_handover_id and h.tenant_id = p_tenant_id and h.from_user_id = v_user_id and h.status = 'draft';
  if not found then
    raise exception using errcode = 'P0001', message = 'own draft of a shift handover not found';
  end if;
end $$;

create function public.rpc_acknowledge_shift_handover(p_tenant_id uuid, p_handover_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require(p_tenant_id, 'shift_handover.acknowledge');
begin
  update app.shift_handovers h set status = 'acknowledged', acknowledged_at = now()
  where h.id = p_handover_id and h.tenant_id = p_tenant_id and h.to_user_id = v_user_id and h.status = 'submitted';
  if not found then
    raise exception using errcode = 'P0001', message = 'submitted shift handover to the caller not found';
  end if;
end $$;

-- ---------------------------------------------------------------- grants

-- anon gets 42501 from these views, not an empty list.
grant select on app.tools, app.tool_checkouts, app.shift_handovers to authenticated;

revoke all on public.v_tools, public.v_tool_checkouts, public.v_shift_handovers
  from public, anon, authenticated, service_role;
grant select on public.v_tools, public.v_tool_checkouts, public.v_shift_handovers
  to anon, authenticated, service_role;

revoke execute on function public.rpc_create_tool, public.rpc_update_tool, public.rpc_checkout_tool,
  public.rpc_return_tool, public.rpc_create_shift_handover, public.rpc_add_shift_handover_item,
  public.rpc_submit_shift_handover, public.rpc_acknowledge_shift_handover from public;
grant execute on function public.rpc_create_tool, public.rpc_update_tool, public.rpc_checkout_tool,
  public.rpc_return_tool, public.rpc_create_shift_handover, public.rpc_add_shift_handover_item,
  public.rpc_submit_shift_handover, public.rpc_acknowledge_shift_handover to anon, authenticated, service_role;
