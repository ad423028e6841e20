-- plugins: the catalog of the whole platform, what a tenant has installed of it,
-- and which changes an installation wants to hear of
--
-- Secrets are in the Vault; an installation holds the name of its secret.

-- ---------------------------------------------------------------- tables

create table int.plugins (
  id             uuid primary key default gen_random_uuid(),
  key            text not null unique check (cfg.is_key(key, 80) and length(key) >= 2),
  name           text not null,
  description    text,
  is_integration boolean not null default false,
  is_active      boolean not null default true,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now()
);
alter table int.plugins enable row level security;

create table int.plugin_installations (
  id           uuid primary key default gen_random_uuid(),
  tenant_id    uuid not null references app.tenants on delete cascade,
  plugin_id    uuid not null references int.plugins on delete cascade,
  status       text not null default 'installed' check (status in ('installed', 'disabled', 'uninstalled')),
  secret_ref   text check (btrim(secret_ref) <> ''),
  config       jsonb,
  installed_by uuid references auth.users on delete set null,
  installed_at timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  unique (tenant_id, plugin_id),
  unique (tenant_id, id)
);
create index on int.plugin_installations (plugin_id);
create index on int.plugin_installations (installed_by);
alter table int.plugin_installations enable row level security;

create table int.plugin_webhook_subscriptions (
  id                       uuid primary key default gen_random_uuid(),
  plugin_installation_id   uuid not null references int.plugin_installations on delete cascade,
  table_schema             text not null check (btrim(table_schema) <> ''),
  table_name               text not null check (btrim(table_name) <> ''),
  operations               text[] not null
    check (cardinality(operations) > 0 and operations <@ array['INSERT', 'UPDATE', 'DELETE']),
  changed_fields_allowlist text[],
  include_payload          boolean not null default false,
  created_at               timestamptz not null default now(),
  updated_at               timestamptz not null default now(),
  unique (plugin_installation_id, table_schema, table_name)
);
alter table int.plugin_webhook_subscriptions enable row level security;

create trigger touch before update on int.plugins
  for each row execute function app.touch_updated_at();
create trigger touch before update on int.plugin_installations
  for each row execute function app.touch_updated_at();
create trigger touch before update on int.plugin_webhook_subscriptions
  for each row execute function app.touch_updated_at();

create trigger audit after insert or update or delete on int.plugins
  for each row execute function audit.log_change();
create trigger audit after insert or update or delete on int.plugin_installations
  for each row execute function audit.log_change();

-- ---------------------------------------------------------------- policies

-- Inactive plugins too: an installation shows the name of its plugin. The view
-- over the catalog leaves them out.
create policy plugins_read on int.plugins for select to authenticated
  using (true);

create policy plugin_installations_read on int.plugin_installations for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_with('tenant.admin'))::uuid[]));

-- The installation's policy decides.
create policy plugin_webhook_subscriptions_read on int.plugin_webhook_subscriptions for select to authenticated
  using (exists (select from int.plugin_installations i where i.id = plugin_installation_id));

-- ---------------------------------------------------------------- views

create view public.v_plugins with (security_invoker = true) as
select p.id, p.key, p.name, p.description, p.is_integration, p.is_active, p.created_at, p.updated_at
from int.plugins p
where p.is_active;

create view public.v_plugin_installations with (security_invoker = true) as
select i.id, i.tenant_id, i.plugin_id, p.key as plugin_key, p.name as plugin_name, p.is_integration,
  i.status, i.secret_ref, i.config, i.installed_by, i.installed_at, i.updated_at
from int.plugin_installations i
join int.plugins p on p.id = i.plugin_id
where i.tenant_id = (select authz.current_tenant_id());

create view public.v_plugin_webhook_subscriptions with (security_invoker = true) as
select s.id, i.tenant_id, s.plugin_installation_id, p.key as plugin_key, s.table_schema, s.table_name,
  s.operations, s.changed_fields_allowlist, s.include_payload, s.created_at, s.updated_at
from int.plugin_webhook_subscriptions s
join int.plugin_installations i on i.id = s.plugin_installation_id
join int.plugins p on p.id = i.plugin_id
where i.tenant_id = (select authz.current_tenant_id());

-- ------------------------------------------------------ functions: signatures

-- The lower-case hex of HMAC-SHA256 over the UTF-8 bytes of the text, written out
-- so that no extension is needed.
create function int.sign(p_text text, p_secret text) returns text
language plpgsql immutable strict set search_path = '' as $$
declare
  v_key bytea := convert_to(p_secret, 'UTF8');
  v_inner bytea := '';
  v_outer bytea := '';
  v_byte integer;
begin
  if length(v_key) > 64 then
    v_key := sha256(v_key);
  end if;
  v_key := v_key || decode(repeat('00', 64 - length(v_key)), 'hex');
  v_inner := v_key;
  v_outer := v_key;
  for i in 0..63 loop
    v_byte := get_byte(v_key, i);
    v_inner := set_byte(v_inner, i, v_byte # 54);
    v_outer := set_byte(v_outer, i, v_byte # 92);
  end loop;
  return encode(sha256(v_outer || sha256(v_inner || convert_to(p_text, 'UTF8'))), 'hex');
end $$;

-- The secret of that name, as it is in the Vault; NULL where there is none. The
-- name is taken as it stands.
create function int.secret(p_name text) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (select s.decrypted_secret from vault.decrypted_secrets s where s.name = p_name limit 1);
end $$;

-- -------------------------------------------------------- functions: catalog

-- Meant for the service key, and only for it here: whoever registers a key again
-- renames the plugin or takes it from all tenants.
create function public.rpc_register_plugin(
  p_key text, p_name text, p_description text default null,
  p_is_integration boolean default false, p_is_active boolean default true
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.require_service();
  if btrim(p_key) = '' or btrim(p_name) = '' then
    raise exception using errcode = '23514', message = 'the key or the name is blank';
  end if;
  insert into int.plugins (key, name, description, is_integration, is_active)
  values (p_key, p_name, p_description, p_is_integration, p_is_active)
  on conflict (key) do update set
    name = excluded.name, description = excluded.description,
    is_integration = excluded.is_integration, is_active = excluded.is_active
  returning id into v_id;
  return v_id;
end $$;

-- -------------------------------------------------- functions: installations

create function int.require_secret_name(p_secret_ref text) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if btrim(p_secret_ref) = '' then
    raise exception using errcode = '23514', message = 'the name of the secret is blank';
  end if;
end $$;

-- P0001 for an installation that does not exist, 42501 for another tenant's.
create function int.require_installation(p_tenant_id uuid, p_installation_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  perform app.require_own(
    p_tenant_id, (select i.tenant_id from int.plugin_installations i where i.id = p_installation_id), 'plugin installation');
end $$;

-- Installing again brings the installation back and sets secret and config to
-- what is given, so to nothing when it is left out.
create function public.rpc_install_plugin(
  p_tenant_id uuid, p_plugin_key text, p_secret_ref text default null, p_config jsonb default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
  v_plugin_id uuid;
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'plugin_install', 10);
  v_user_id := authz.require(p_tenant_id, 'tenant.admin');
  select p.id into v_plugin_id from int.plugins p where p.key = p_plugin_key and p.is_active;
  if not found then
    raise exception using errcode = 'P0001', message = 'plugin not found or inactive';
  end if;
  perform int.require_secret_name(p_secret_ref);

  insert into int.plugin_installations (tenant_id, plugin_id, secret_ref, config, installed_by)
  values (p_tenant_id, v_plugin_id, p_secret_ref, p_config, v_user_id)
  on conflict (tenant_id, plugin_id) do update set
    status = excluded.status, secret_ref = excluded.secret_ref, config = excluded.config,
    installed_by = excluded.installed_by
  returning id into v_id;
  return v_id;
end $$;

-- NULL leaves a value unchanged. The config is replaced as a whole.
create function public.rpc_update_plugin_installation(
  p_tenant_id uuid, p_installation_id uuid, p_status text default null, p_secret_ref text default null,
  p_config jsonb default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.require(p_tenant_id, 'tenant.admin');
  perform int.require_secret_name(p_secret_ref);
  if p_status not in ('installed', 'disabled', 'uninstalled') then
    raise exception using errcode = '23514', message = format('unknown status %s', p_status);
  end if;
  perform int.require_installation(p_tenant_id, p_installation_id);
  update int.plugin_installations i set
    status     = coalesce(p_status, i.status),
    secret_ref = coalesce(p_secret_ref, i.secret_ref),
    config     = coalesce(p_config, i.config)
  where i.id = p_installation_id;
end $$;

-- Deletes the installation with its subscriptions and deliveries.
create function public.rpc_uninstall_plugin(p_tenant_id uuid, p_installation_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'plugin_uninstall', 10);
  perform authz.require(p_tenant_id, 'tenant.admin');
  perform int.require_installation(p_tenant_id, p_installation_id);
  delete from int.plugin_installations i where i.id = p_installation_id;
end $$;

-- -------------------------------------------------- functions: subscriptions

-- One subscription per installation, schema and table: subscribing again replaces
-- what it says. A table that does not exist is taken and never fires.
create function public.rpc_upsert_plugin_webhook_subscription(
  p_tenant_id uuid, p_installation_id uuid, p_table_schema text, p_table_name text, p_operations text[],
  p_changed_fields_allowlist text[] default null, p_include_payload boolean default false
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_schema constant text := btrim(p_table_schema);
  v_table constant text := btrim(p_table_name);
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'plugin_webhook_subscription_upsert', 30);
  perform authz.require(p_tenant_id, 'tenant.admin');
  perform int.require_installation(p_tenant_id, p_installation_id);
  if coalesce(v_schema, '') = '' or coalesce(v_table, '') = '' then
    raise exception using errcode = '23514', message = 'schema and table are required';
  end if;
  if coalesce(cardinality(p_operations), 0) = 0 or not p_operations <@ array['INSERT', 'UPDATE', 'DELETE'] then
    raise exception using errcode = '23514', message = 'the operations are one or more of INSERT, UPDATE and DELETE';
  end if;

  insert into int.plugin_webhook_subscriptions (
    plugin_installation_id, table_schema, table_name, operations, changed_fields_allowlist, include_payload)
  values (
    p_installation_id, v_schema, v_table, p_operations, p_changed_fields_allowlist, coalesce(p_include_payload, false))
  on conflict (plugin_installation_id, table_schema, table_name) do update set
    operations = excluded.operations, changed_fields_allowlist = excluded.changed_fields_allowlist,
    include_payload = excluded.include_payload
  returning id into v_id;
  return v_id;
end $$;

create function public.rpc_delete_plugin_webhook_subscription(p_tenant_id uuid, p_subscription_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'plugin_webhook_subscription_delete', 30);
  perform authz.require(p_tenant_id, 'tenant.admin');
  delete from int.plugin_webhook_subscriptions s
  using int.plugin_installations i
  where s.id = p_subscription_id and i.id = s.plugin_installation_id and i.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'webhook subscription not found';
  end if;
end $$;

-- --------------------------------------------------------- functions: ingest

-- What a webhook asks for: a work order with the tenant's default status, which
-- nobody has requested. Empty strings count as absent, but for the description.
create function int.ingest_work_order(p_tenant_id uuid, p_data jsonb) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_title constant text := p_data ->> 'title';
  v_priority constant text := coalesce(nullif(p_data ->> 'priority', ''), 'medium');
  v_type constant text := nullif(p_data ->> 'maintenance_type', '');
  v_assigned_to uuid;
  v_location_id uuid;
  v_asset_id uuid;
  v_due_date timestamptz;
  v_pm_schedule_id uuid;
  v_project_id uuid;
  v_id uuid := gen_random_uuid();
begin
  if coalesce(btrim(v_title), '') = '' then
    raise exception using errcode = '23514', message = 'data.title is required';
  end if;
  v_assigned_to    := nullif(p_data ->> 'assigned_to', '');
  v_location_id    := nullif(p_data ->> 'location_id', '');
  v_asset_id       := nullif(p_data ->> 'asset_id', '');
  v_due_date       := nullif(p_data ->> 'due_date', '');
  v_pm_schedule_id := nullif(p_data ->> 'pm_schedule_id', '');
  v_project_id     := nullif(p_data ->> 'project_id', '');
  perform app.require_work_order_parts(p_tenant_id, v_priority, v_type, v_pm_schedule_id, v_project_id);
  if v_assigned_to is not null and not authz.is_member(v_assigned_to, p_tenant_id) then
    raise exception using errcode = '23503', message = 'the assignee is not a member of this tenant';
  end if;
  perform app.insert_work_order(
    v_id, p_tenant_id, v_title, p_data ->> 'description', v_priority, v_type, v_assigned_to,
    v_location_id, v_asset_id, v_due_date, v_pm_schedule_id, v_project_id);
  return v_id;
end $$;

-- Needs no user: the signature says that the caller knows the installation's
-- secret. It is over the jsonb text of the payload, not over the bytes that came.
-- The calls are counted for whoever installed the plugin.
create function public.rpc_plugin_ingest_webhook(
  p_plugin_key text, p_installation_id uuid, p_payload jsonb, p_signature text
) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_installation "int".plugin_installations;
  v_secret text;
  v_action text;
begin
  if coalesce(btrim(p_plugin_key), '') = '' or p_installation_id is null or p_payload is null then
    raise exception using errcode = '23514', message = 'plugin key, installation and payload are required';
  end if;
  select i.* into v_installation
  from int.plugin_installations i
  join int.plugins p on p.id = i.plugin_id
  where i.id = p_installation_id and i.status = 'installed' and p.key = p_plugin_key and p.is_active;
  if not found then
    raise exception using errcode = 'P0001', message = 'plugin installation not found or not installed';
  end if;
  if v_installation.installed_by is not null then
    perform authz.count_call(v_installation.installed_by, v_installation.tenant_id, 'plugin_ingest_webhook', 120);
  end if;
  v_secret := int.secret(v_installation.secret_ref);
  if v_secret is null then
    raise exception using errcode = '28000', message = 'the installation has no secret in the Vault';
  end if;
  if lower(btrim(p_signature)) is distinct from int.sign(p_payload::text, v_secret) then
    raise exception using errcode = '42501', message = 'the signature does not fit the payload';
  end if;

  v_action := coalesce(nullif(p_payload ->> 'action', ''), 'noop');
  case v_action
    when 'noop' then
      return jsonb_build_object('ok', true, 'action', v_action);
    when 'work_order.create' then
      return jsonb_build_object('ok', true, 'action', v_action,
        'work_order_id', int.ingest_work_order(v_installation.tenant_id, p_payload -> 'data'));
    else
      raise exception using errcode = '22023', message = format('unknown action %s', left(v_action, 100));
  end case;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app, authz, int from public;

-- anon gets 42501 from the views, not an empty list.
grant select on int.plugins, int.plugin_installations, int.plugin_webhook_subscriptions to authenticated;

revoke all on public.v_plugins, public.v_plugin_installations, public.v_plugin_webhook_subscriptions
  from public, anon, authenticated, service_role;
grant select on public.v_plugins, public.v_plugin_installations, public.v_plugin_webhook_subscriptions
  to anon, authenticated, service_role;

revoke execute on function
  public.rpc_register_plugin, public.rpc_install_plugin, public.rpc_update_plugin_installation,
  public.rpc_uninstall_plugin, public.rpc_upsert_plugin_webhook_subscription,
  public.rpc_delete_plugin_webhook_subscription, public.rpc_plugin_ingest_webhook
  from public;
grant execute on function
  public.rpc_register_plugin, public.rpc_install_plugin, public.rpc_update_plugin_installation,
  public.rpc_uninstall_plugin, public.rpc_upsert_plugin_webhook_subscription,
  public.rpc_delete_plugin_webhook_subscription, public.rpc_plugin_ingest_webhook
  to anon, authenticated, service_role;
