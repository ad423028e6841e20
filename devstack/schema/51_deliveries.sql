-- deliveries: changes that subscriptions of plugins ask for, queued with the
-- change and sent over HTTP by a job that runs each minute

-- ---------------------------------------------------------------- tables

-- One row per installation and logged change; payload is the body that is sent.
create table int.plugin_deliveries (
  id                      uuid primary key default gen_random_uuid(),
  tenant_id               uuid not null references app.tenants on delete cascade,
  plugin_installation_id  uuid not null,
  source_entity_change_id bigint not null,
  event_type              text not null,
  payload                 jsonb not null,
  status                  text not null default 'pending'
    check (status in ('pending', 'sending', 'delivered', 'failed', 'dead')),
  attempts                integer not null default 0 check (attempts >= 0),
  next_attempt_at         timestamptz not null default now(),
  net_request_id          bigint,
  sent_at                 timestamptz,
  last_error              text,
  created_at              timestamptz not null default now(),
  updated_at              timestamptz not null default now(),
  unique (plugin_installation_id, source_entity_change_id),
  foreign key (tenant_id, plugin_installation_id) references int.plugin_installations (tenant_id, id) on delete cascade,
  foreign key (tenant_id, source_entity_change_id) references audit.entity_changes (tenant_id, id) on delete cascade
);
create index on int.plugin_deliveries (tenant_id, source_entity_change_id);
create index on int.plugin_deliveries (next_attempt_at) where status = 'pending';
create index on int.plugin_deliveries (sent_at) where status = 'sending';
alter table int.plugin_deliveries enable row level security;

create trigger touch before update on int.plugin_deliveries
  for each row execute function app.touch_updated_at();

-- ---------------------------------------------------------------- policies

create policy plugin_deliveries_read on int.plugin_deliveries for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_with('tenant.admin'))::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_plugin_delivery_queue_recent with (security_invoker = true) as
select d.id, d.tenant_id, d.plugin_installation_id, p.key as plugin_key, d.event_type, d.status, d.attempts,
  d.last_error, d.created_at, d.updated_at
from int.plugin_deliveries d
join int.plugin_installations i on i.id = d.plugin_installation_id
join int.plugins p on p.id = i.plugin_id
where d.tenant_id = (select authz.current_tenant_id());

-- ------------------------------------------------------- functions: queueing

-- Queues a logged change for every subscription that asks for it, in the
-- transaction of the change. A tenant that is being deleted gets nothing more.
create function int.enqueue_deliveries() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into int.plugin_deliveries (tenant_id, plugin_installation_id, source_entity_change_id, event_type, payload)
  select new.tenant_id, i.id, new.id,
    format('entity_change.%s.%s', new.table_name, lower(new.operation)),
    jsonb_build_object(
      'v', 1,
      'tenant_id', new.tenant_id,
      'installation_id', i.id,
      'plugin_key', p.key,
      'audit', jsonb_build_object(
        'id', new.id, 'table_schema', new.table_schema, 'table_name', new.table_name,
        'record_id', new.record_id, 'operation', new.operation, 'changed_fields', new.changed_fields),
      'snapshot', case
        when s.include_payload then jsonb_build_object('new_data', new.new_data, 'old_data', new.old_data)
        else jsonb_build_object('record_id', new.record_id, 'changed_fields', new.changed_fields)
      end)
  from int.plugin_webhook_subscriptions s
  join int.plugin_installations i on i.id = s.plugin_installation_id
  join int.plugins p on p.id = i.plugin_id
  where i.tenant_id = new.tenant_id and i.status = 'installed'
    and s.table_schema = new.table_schema and s.table_name = new.table_name
    and new.operation = any (s.operations)
    and (new.operation <> 'UPDATE' or s.changed_fields_allowlist is null
      or new.changed_fields && s.changed_fields_allowlist)
    and exists (select from app.tenants t where t.id = new.tenant_id)
  on conflict (plugin_installation_id, source_entity_change_id) do nothing;
  return null;
end $$;

create trigger enqueue_deliveries after insert on audit.entity_changes
  for each row execute function int.enqueue_deliveries();

-- ------------------------------------------------------ functions: processing

-- How long a wait of the schedule lasts. A stack may divide all of them by
-- app.delivery_speed, so that hours pass in seconds.
create function int.delivery_wait(p_wait interval) returns interval
language sql stable
return p_wait / coalesce(nullif(current_setting('app.delivery_speed', true), '')::double precision, 1);

-- Counts a failed attempt: the next one is due after 2, 4, 8, 16, 32, 64 and 64
-- minutes, and the eighth was the last.
create function int.fail_delivery(p_delivery "int".plugin_deliveries, p_error text) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_attempts constant integer := p_delivery.attempts + 1;
begin
  update int.plugin_deliveries d set
    status          = case when v_attempts < 8 then 'pending' else 'dead' end,
    attempts        = v_attempts,
    next_attempt_at = clock_timestamp() + int.delivery_wait(make_interval(mins => 1 << least(v_attempts, 6))),
    net_request_id  = null,
    last_error      = left(p_error, 500)
  where d.id = p_delivery.id;
end $$;

-- The first phase: takes the answers to what was sent. What nobody has answered
-- for two minutes has failed.
create function int.collect_deliveries(p_batch_size integer) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_delivery "int".plugin_deliveries;
  v_answer net._http_response;
  v_count integer := 0;
begin
  for v_delivery in
    select d.* from int.plugin_deliveries d
    where d.status = 'sending' and (
      d.sent_at < clock_timestamp() - int.delivery_wait('2 minutes')
      or exists (select from net._http_response r where r.id = d.net_request_id))
    order by d.sent_at, d.id
    limit p_batch_size
    for update skip locked
  loop
    select r.* into v_answer from net._http_response r where r.id = v_delivery.net_request_id limit 1;
    if not found then
      perform int.fail_delivery(v_delivery, 'no answer within two minutes');
    elsif v_answer.timed_out or v_answer.status_code is null then
      perform int.fail_delivery(v_delivery, coalesce(v_answer.error_msg, 'timed out'));
    elsif v_answer.status_code between 200 and 299 then
      update int.plugin_deliveries d set status = 'delivered', last_error = null where d.id = v_delivery.id;
    else
      perform int.fail_delivery(v_delivery, format('http %s: %s', v_answer.status_code, v_answer.content));
    end if;
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;

-- The milliseconds that an endpoint has to answer, NULL for what is no integer.
create function int.delivery_timeout(p_config jsonb) returns integer
language sql immutable
return case
  when p_config ->> 'timeout_ms' is null then 15000
  when p_config ->> 'timeout_ms' ~ '^\s*[+-]?[0-9]{1,10}\s*$'
    and (p_config ->> 'timeout_ms')::bigint between -2147483648 and 2147483647
    then greatest(1000, least(120000, (p_config ->> 'timeout_ms')::bigint))::integer
end;

-- Headers of the installation's config may replace the others but not the
-- signature, in whatever case they spell it.
create function int.delivery_headers(p_delivery "int".plugin_deliveries, p_installation "int".plugin_installations) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_secret constant text := int.secret(p_installation.secret_ref);
  v_headers jsonb := jsonb_build_object(
    'Content-Type', 'application/json',
    'X-Plugin-Delivery-Id', p_delivery.id,
    'X-Plugin-Event-Type', p_delivery.event_type);
begin
  if jsonb_typeof(p_installation.config -> 'headers') = 'object' then
    v_headers := v_headers || (
      select coalesce(jsonb_object_agg(h.key, h.value), '{}') from jsonb_each(p_installation.config -> 'headers') h
      where lower(h.key) <> 'x-plugin-signature');
  end if;
  if v_secret is not null then
    v_headers := v_headers || jsonb_build_object('X-Plugin-Signature', int.sign(p_delivery.payload::text, v_secret));
  end if;
  return v_headers;
end $$;

-- The second phase: sends what is due, with the config of now, and gives up what has
-- no address. Where the timeout of an address is no integer, the installation's
-- deliveries wait until that is mended, and nobody else's.
create function int.dispatch_deliveries(p_batch_size integer) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_delivery "int".plugin_deliveries;
  v_installation "int".plugin_installations;
  v_url text;
  v_count integer := 0;
begin
  for v_delivery in
    select d.*
    from int.plugin_deliveries d
    join int.plugin_installations i on i.id = d.plugin_installation_id
    where d.status = 'pending' and d.next_attempt_at <= clock_timestamp() and d.attempts < 8
      and (coalesce(btrim(i.config ->> 'webhook_url'), '') = '' or int.delivery_timeout(i.config) is not null)
    order by d.next_attempt_at, d.id
    limit p_batch_size
    for update of d skip locked
  loop
    select i.* into v_installation from int.plugin_installations i where i.id = v_delivery.plugin_installation_id;
    v_url := v_installation.config ->> 'webhook_url';
    if coalesce(btrim(v_url), '') = '' then
      update int.plugin_deliveries d set status = 'dead', last_error = 'the config has no webhook_url'
      where d.id = v_delivery.id;
    else
      update int.plugin_deliveries d set
        status         = 'sending',
        sent_at        = clock_timestamp(),
        last_error     = null,
        net_request_id = net.http_post(
          url => v_url, body => v_delivery.payload,
          headers => int.delivery_headers(v_delivery, v_installation),
          timeout_milliseconds => int.delivery_timeout(v_installation.config))
      where d.id = v_delivery.id;
    end if;
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;

-- Takes up to 200 answers and sends up to 200 deliveries, 25 unless it is told;
-- returns how many of both.
create function public.rpc_process_plugin_deliveries(p_batch_size integer default 25) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_batch_size constant integer := case when p_batch_size >= 1 then least(p_batch_size, 200) else 25 end;
begin
  return int.collect_deliveries(v_batch_size) + int.dispatch_deliveries(v_batch_size);
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema int from public;

grant select on int.plugin_deliveries to authenticated;

revoke all on public.v_plugin_delivery_queue_recent from public, anon, authenticated, service_role;
grant select on public.v_plugin_delivery_queue_recent to anon, authenticated, service_role;

revoke execute on function public.rpc_process_plugin_deliveries from public, anon, authenticated;
grant execute on function public.rpc_process_plugin_deliveries to service_role;
