-- integrations: what records are called in other systems, and events for them

-- ---------------------------------------------------------------- tables

-- entity_id has no foreign key, since it may be of any table.
create table int.integration_external_ids (
  id          uuid primary key default gen_random_uuid(),
  tenant_id   uuid not null references app.tenants on delete cascade,
  entity_type text not null check (entity_type ~ '^[a-z][a-z0-9_]*$' and length(entity_type) <= 80),
  entity_id   uuid not null,
  system_key  text not null check (length(system_key) between 1 and 80),
  external_id text not null check (length(external_id) between 1 and 500),
  metadata    jsonb not null default '{}',
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  unique (tenant_id, entity_type, entity_id, system_key)
);
create index on int.integration_external_ids (tenant_id, system_key, external_id);
alter table int.integration_external_ids enable row level security;

-- Append-only; nothing on this side reads it.
create table int.outbound_integration_events (
  id          uuid primary key default gen_random_uuid(),
  tenant_id   uuid not null references app.tenants on delete cascade,
  event_type  text not null check (length(event_type) between 1 and 120),
  payload     jsonb not null,
  entity_type text,
  entity_id   uuid,
  created_at  timestamptz not null default now()
);
create index on int.outbound_integration_events (tenant_id, created_at);
alter table int.outbound_integration_events enable row level security;

create trigger touch before update on int.integration_external_ids
  for each row execute function app.touch_updated_at();

-- ---------------------------------------------------------------- policies

-- Reading needs no permission.
create policy integration_external_ids_read on int.integration_external_ids for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy outbound_integration_events_read on int.outbound_integration_events for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_integration_external_ids with (security_invoker = true) as
select x.id, x.tenant_id, x.entity_type, x.entity_id, x.system_key, x.external_id, x.metadata, x.updated_at
from int.integration_external_ids x
where x.tenant_id = (select authz.current_tenant_id());

create view public.v_outbound_integration_events with (security_invoker = true) as
select e.id, e.tenant_id, e.event_type, e.payload, e.entity_type, e.entity_id, e.created_at
from int.outbound_integration_events e
where e.tenant_id = (select authz.current_tenant_id());

-- ---------------------------------------------------------------- functions

-- One row per record and system: writing it again replaces the external id and
-- the metadata, which are empty when left out.
create function public.rpc_upsert_integration_external_id(
  p_tenant_id uuid, p_entity_type text, p_entity_id uuid, p_system_key text, p_external_id text,
  p_metadata jsonb default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'integration_external_id_upsert', 120);
  perform authz.require(p_tenant_id, 'integration.manage');
  insert into int.integration_external_ids (tenant_id, entity_type, entity_id, system_key, external_id, metadata)
  values (p_tenant_id, btrim(p_entity_type), p_entity_id, btrim(p_system_key), btrim(p_external_id), coalesce(p_metadata, '{}'))
  on conflict (tenant_id, entity_type, entity_id, system_key) do update set
    external_id = excluded.external_id, metadata = excluded.metadata
  returning id into v_id;
  return v_id;
end $$;

-- What is not there is deleted already.
create function public.rpc_delete_integration_external_id(
  p_tenant_id uuid, p_entity_type text, p_entity_id uuid, p_system_key text
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'integration_external_id_delete', 60);
  perform authz.require(p_tenant_id, 'integration.manage');
  delete from int.integration_external_ids x
  where x.tenant_id = p_tenant_id and x.entity_type = btrim(p_entity_type) and x.entity_id = p_entity_id
    and x.system_key = btrim(p_system_key);
end $$;

create function public.rpc_enqueue_integration_event(
  p_tenant_id uuid, p_event_type text, p_payload jsonb, p_entity_type text default null, p_entity_id uuid default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'integration_event_enqueue', 200);
  perform authz.require(p_tenant_id, 'integration.manage');
  if p_payload is null then
    raise exception using errcode = '23514', message = 'the payload is required';
  end if;
  insert into int.outbound_integration_events (tenant_id, event_type, payload, entity_type, entity_id)
  values (p_tenant_id, btrim(p_event_type), p_payload, nullif(btrim(p_entity_type), ''), p_entity_id)
  returning id into v_id;
  return v_id;
end $$;

-- ---------------------------------------------------------------- grants

-- anon gets 42501 from the views, not an empty list.
grant select on int.integration_external_ids, int.outbound_integration_events to authenticated;

revoke all on public.v_integration_external_ids, public.v_outbound_integration_events
  from public, anon, authenticated, service_role;
grant select on public.v_integration_external_ids, public.v_outbound_integration_events
  to anon, authenticated, service_role;

revoke execute on function
  public.rpc_upsert_integration_external_id, public.rpc_delete_integration_external_id,
  public.rpc_enqueue_integration_event
  from public;
grant execute on function
  public.rpc_upsert_integration_external_id, public.rpc_delete_integration_external_id,
  public.rpc_enqueue_integration_event
  to anon, authenticated, service_role;
