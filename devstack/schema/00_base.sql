-- base: schemas and the helpers that every domain shares
--
-- Needs, from the platform: roles anon, authenticated, service_role; table
-- auth.users; functions auth.uid(), auth.role(), auth.jwt().

create schema app;   -- business data of the tenants
create schema cfg;   -- catalogs and configuration
create schema int;   -- plugins and integrations
create schema authz; -- who may do what
create schema audit; -- append-only change log

-- service_role is left out on purpose: the views run with the caller's rights,
-- so the service key gets 42501 from them and serves only the service RPCs.
grant usage on schema app, cfg, int, authz, audit to anon, authenticated;

-- ---------------------------------------------------------------- tables

-- One row per user, tenant, operation and clock minute; only for the limits
-- that are enforced.
create table authz.rate_limit_counters (
  user_id   uuid not null references auth.users on delete cascade,
  tenant_id uuid not null,
  operation text not null,
  minute    timestamptz not null,
  calls     integer not null default 1,
  primary key (user_id, tenant_id, operation, minute)
);
alter table authz.rate_limit_counters enable row level security;

-- tenant_id has no foreign key: the log outlives what it describes. The nil
-- uuid marks rows of tables that have no tenant; no view ever shows them.
create table audit.entity_changes (
  id             bigint generated always as identity primary key,
  table_schema   text not null,
  table_name     text not null,
  record_id      text not null,
  operation      text not null check (operation in ('INSERT', 'UPDATE', 'DELETE')),
  old_data       jsonb,
  new_data       jsonb,
  changed_fields text[],
  user_id        uuid,
  tenant_id      uuid not null default '00000000-0000-0000-0000-000000000000',
  created_at     timestamptz not null default now()
);
create unique index on audit.entity_changes (tenant_id, id);
create index on audit.entity_changes (table_schema, table_name, record_id);

create table audit.permission_changes (
  id             bigint generated always as identity primary key,
  tenant_id      uuid not null,
  user_id        uuid,
  target_user_id uuid,
  change_type    text not null
    check (change_type in ('ROLE_ASSIGNED', 'ROLE_REMOVED', 'PERMISSION_GRANTED', 'PERMISSION_REVOKED')),
  role_id        uuid,
  permission_id  uuid,
  permission_key text,
  role_key       text,
  changed_by     uuid,
  created_at     timestamptz not null default now()
);
create index on audit.permission_changes (tenant_id, id);

alter table audit.entity_changes enable row level security;
alter table audit.permission_changes enable row level security;

-- --------------------------------------------------- the caller's identity

-- One-line functions have a body that PostgreSQL resolves when it creates them.
-- They need no search path and, having none, are inlined where they are called.

-- The id of the signed-in user, NULL for anon and service_role.
create function authz.user_id() returns uuid
language sql stable
return auth.uid();

-- The uuid in every spelling that PostgreSQL reads: any case, in braces, with
-- fewer hyphens.
create function authz.uuid_or_null(p_text text) returns uuid
language sql immutable strict
return case
  when p_text ~* '^(([0-9a-f]{4}-?){7}[0-9a-f]{4}|\{([0-9a-f]{4}-?){7}[0-9a-f]{4}\})$' then p_text::uuid
end;

-- The tenant that views show: the token's claim, else the tenant taken earlier
-- in this transaction. Says nothing about membership.
create function authz.current_tenant_id() returns uuid
language sql stable
return coalesce(
  authz.uuid_or_null(auth.jwt() ->> 'tenant_id'),
  authz.uuid_or_null(current_setting('app.current_tenant_id', true))
);

-- Whether the request carries the service key. Security definer functions
-- change current_user, but neither the claims nor the role setting.
create function authz.is_service() returns boolean
language sql stable
return coalesce(auth.role(), current_setting('role', true), '') = 'service_role';

-- ------------------------------------------------------ memberships, rights

create function authz.is_member(p_user_id uuid, p_tenant_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select 1 from app.tenant_memberships m
    where m.user_id = p_user_id and m.tenant_id = p_tenant_id);
end $$;

-- tenant.admin is a key like any other: it implies nothing.
create function authz.has_permission(p_user_id uuid, p_tenant_id uuid, p_key text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select 1
    from app.tenant_memberships m
    join app.user_tenant_roles ur on ur.user_id = m.user_id and ur.tenant_id = m.tenant_id
    join cfg.tenant_role_permissions rp on rp.tenant_role_id = ur.tenant_role_id
    join cfg.permissions p on p.id = rp.permission_id
    where m.user_id = p_user_id and m.tenant_id = p_tenant_id and p.key = p_key);
end $$;

create function authz.has_role(p_user_id uuid, p_tenant_id uuid, variadic p_role_keys text[]) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select 1
    from app.tenant_memberships m
    join app.user_tenant_roles ur on ur.user_id = m.user_id and ur.tenant_id = m.tenant_id
    join cfg.tenant_roles r on r.id = ur.tenant_role_id
    where m.user_id = p_user_id and m.tenant_id = p_tenant_id and r.key = any (p_role_keys));
end $$;

-- The three functions below answer for all tenants of the caller at once. A
-- policy calls them in a scalar subquery, which runs once per statement and not
-- once per row.
create function authz.my_tenant_ids() returns uuid[]
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(
    (select array_agg(m.tenant_id) from app.tenant_memberships m where m.user_id = authz.user_id()),
    '{}');
end $$;

-- Tenants in which the caller holds at least one of the permissions.
create function authz.my_tenant_ids_with(variadic p_keys text[]) returns uuid[]
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce((
    select array_agg(distinct m.tenant_id)
    from app.tenant_memberships m
    join app.user_tenant_roles ur on ur.user_id = m.user_id and ur.tenant_id = m.tenant_id
    join cfg.tenant_role_permissions rp on rp.tenant_role_id = ur.tenant_role_id
    join cfg.permissions p on p.id = rp.permission_id
    where m.user_id = authz.user_id() and p.key = any (p_keys)), '{}');
end $$;

-- Tenants in which the caller holds a role with this key.
create function authz.my_tenant_ids_as(p_role_key text) returns uuid[]
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce((
    select array_agg(distinct m.tenant_id)
    from app.tenant_memberships m
    join app.user_tenant_roles ur on ur.user_id = m.user_id and ur.tenant_id = m.tenant_id
    join cfg.tenant_roles r on r.id = ur.tenant_role_id
    where m.user_id = authz.user_id() and r.key = p_role_key), '{}');
end $$;

-- ---------------------------------------------------------------- preambles

create function authz.require_user() returns uuid
language plpgsql stable set search_path = '' as $$
declare
  v_user_id constant uuid := authz.user_id();
begin
  if v_user_id is null then
    raise exception using errcode = '28000', message = 'not authenticated';
  end if;
  return v_user_id;
end $$;

create function authz.require_member(p_tenant_id uuid) returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require_user();
begin
  if not authz.is_member(v_user_id, p_tenant_id) then
    raise exception using errcode = '42501', message = 'not a member of this tenant';
  end if;
  return v_user_id;
end $$;

create function authz.require_permission(p_tenant_id uuid, p_key text) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not authz.has_permission(authz.user_id(), p_tenant_id, p_key) then
    raise exception using errcode = '42501', message = format('permission %s required', p_key);
  end if;
end $$;

-- A token issued to an OAuth client carries client_id; its user must have
-- granted that client the tenant.
create function authz.has_client_grant(p_tenant_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_client_id constant text := nullif(btrim(auth.jwt() ->> 'client_id'), '');
begin
  return v_client_id is null or exists (
    select 1 from app.oauth_client_tenant_grants g
    where g.user_id = authz.user_id() and g.client_id = v_client_id and g.tenant_id = p_tenant_id);
end $$;

create function authz.require_client_grant(p_tenant_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not authz.has_client_grant(p_tenant_id) then
    raise exception using errcode = '42501', message = 'the OAuth client has no grant for this tenant';
  end if;
end $$;

-- What the policies of tables ask that are written through their views: tenants in
-- which the caller holds the permission, or is a member where it is NULL, and the
-- OAuth client has a grant.
create function authz.my_tenant_ids_to_write(p_permission text) returns uuid[]
language plpgsql stable security definer set search_path = '' as $$
begin
  return array(
    select t.id
    from unnest(case
      when p_permission is null then authz.my_tenant_ids() else authz.my_tenant_ids_with(p_permission) end) t (id)
    where authz.has_client_grant(t.id));
end $$;

-- Makes the tenant the caller's current one: for the rest of this transaction,
-- and in the user's metadata, from where the next token takes it.
create function authz.enter_tenant(p_tenant_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.require_client_grant(p_tenant_id);
  update auth.users u
  set raw_user_meta_data = coalesce(u.raw_user_meta_data, '{}') || jsonb_build_object('current_tenant_id', p_tenant_id::text)
  where u.id = authz.user_id()
    and u.raw_user_meta_data ->> 'current_tenant_id' is distinct from p_tenant_id::text;
  perform set_config('app.current_tenant_id', p_tenant_id::text, true);
end $$;

-- The check without the side effect of authz.require: 28000 without a user,
-- 42501 for a non-member, a missing permission or a missing OAuth grant.
create function authz.authorize(p_tenant_id uuid, p_permission text default null) returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require_member(p_tenant_id);
begin
  if p_permission is not null then
    perform authz.require_permission(p_tenant_id, p_permission);
  end if;
  perform authz.require_client_grant(p_tenant_id);
  return v_user_id;
end $$;

-- The standard preamble of an RPC: authorize, then enter the tenant. Returns
-- the caller's id.
create function authz.require(p_tenant_id uuid, p_permission text default null) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.authorize(p_tenant_id, p_permission);
begin
  perform authz.enter_tenant(p_tenant_id);
  return v_user_id;
end $$;

-- 42501 unless the request carries the service key.
create function authz.require_service() returns void
language plpgsql stable set search_path = '' as $$
begin
  if not authz.is_service() then
    raise exception using errcode = '42501', message = 'only for the service role';
  end if;
end $$;

-- Counts a call for the user and fails with 54000 when it is the next one after
-- the limit in the same clock minute. A call that fails later rolls its count
-- back.
create function authz.count_call(p_user_id uuid, p_tenant_id uuid, p_operation text, p_limit integer) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_minute constant timestamptz := date_trunc('minute', clock_timestamp());
  v_calls integer;
begin
  insert into authz.rate_limit_counters as c (user_id, tenant_id, operation, minute)
  values (p_user_id, p_tenant_id, p_operation, v_minute)
  on conflict (user_id, tenant_id, operation, minute) do update set calls = c.calls + 1
  returning c.calls into v_calls;

  if v_calls > p_limit then
    raise exception using errcode = '54000',
      message = format('rate limit of %s calls per minute reached for %s', p_limit, p_operation),
      hint = 'try again in the next minute';
  end if;
  if v_calls = 1 then
    delete from authz.rate_limit_counters c where c.user_id = p_user_id and c.minute < v_minute;
  end if;
end $$;

-- Locks the count of the user's calls, for who locks other rows before the call is
-- counted: the count comes first everywhere, so that two calls never wait for each
-- other.
create function authz.lock_calls(p_user_id uuid, p_tenant_id uuid, p_operation text) returns void
language plpgsql security definer set search_path = '' as $$
begin
  insert into authz.rate_limit_counters as c (user_id, tenant_id, operation, minute, calls)
  values (p_user_id, p_tenant_id, p_operation, date_trunc('minute', clock_timestamp()), 0)
  on conflict (user_id, tenant_id, operation, minute) do update set calls = c.calls;
end $$;

-- The rate limit preamble, which runs before any other check: 28000 without a
-- user, 25006 for a call by GET, which can count nothing, 23503 for an unknown
-- tenant or a deleted user. Every RPC declares its calls per clock minute, but the
-- platform counts only those marked enforced.
create function authz.rate_limit(p_tenant_id uuid, p_operation text, p_limit integer, p_enforced boolean default false) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require_user();
begin
  if current_setting('transaction_read_only')::boolean then
    raise exception using errcode = '25006', message = 'cannot count a call in a read-only transaction';
  end if;
  if p_tenant_id is not null and not exists (select 1 from app.tenants t where t.id = p_tenant_id) then
    raise exception using errcode = '23503', message = 'unknown tenant';
  end if;
  if not exists (select 1 from auth.users u where u.id = v_user_id) then
    raise exception using errcode = '23503', message = 'unknown user';
  end if;
  if p_enforced and p_tenant_id is not null then
    perform authz.count_call(v_user_id, p_tenant_id, p_operation, p_limit);
  end if;
end $$;

-- ---------------------------------------------------------------- triggers

create function app.touch_updated_at() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end $$;

-- Attached to every audited table.
create function audit.log_change() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_old constant jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  v_new constant jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  v_row constant jsonb := coalesce(v_new, v_old);
  v_changed text[];
begin
  if tg_op = 'UPDATE' then
    v_changed := array(
      select n.key from jsonb_each(v_new) n
      where n.value is distinct from v_old -> n.key
      order by length(n.key), n.key collate "C");
  end if;
  insert into audit.entity_changes
    (table_schema, table_name, record_id, operation, old_data, new_data, changed_fields, user_id, tenant_id)
  values (
    tg_table_schema, tg_table_name, v_row ->> 'id', tg_op, v_old, v_new, v_changed, authz.user_id(),
    coalesce(
      (case when tg_table_schema = 'app' and tg_table_name = 'tenants' then v_row ->> 'id' else v_row ->> 'tenant_id' end)::uuid,
      '00000000-0000-0000-0000-000000000000'));
  return null;
end $$;

-- ------------------------------------------------------- rules for columns

-- Called by the check constraints of tables, with the rights of who writes.
create function cfg.is_key(p_key text, p_max integer default 50) returns boolean
language sql immutable
return p_key ~ '^[a-z0-9_]+$' and length(p_key) between 1 and p_max;

create function cfg.is_color(p_color text) returns boolean
language sql immutable
return p_color ~ '^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$';

-- P0001 for a row that does not exist, whose owner is null, and 42501 for one of
-- another tenant.
create function app.require_own(p_tenant_id uuid, p_owner_id uuid, p_what text) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if p_owner_id is null then
    raise exception using errcode = 'P0001', message = format('%s not found', p_what);
  elsif p_owner_id <> p_tenant_id then
    raise exception using errcode = '42501', message = format('the %s belongs to another tenant', p_what);
  end if;
end $$;

-- The payload of a bulk import: 22004 for SQL NULL, 22P02 unless an array.
create function app.require_rows(p_rows jsonb) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if p_rows is null then
    raise exception using errcode = '22004', message = 'the rows are null';
  end if;
  if jsonb_typeof(p_rows) <> 'array' then
    raise exception using errcode = '22P02', message = 'the rows are not an array';
  end if;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app, cfg, authz, audit from public;
grant execute on function authz.user_id(), authz.uuid_or_null(text), authz.current_tenant_id(),
  authz.my_tenant_ids(), authz.my_tenant_ids_with(text[]), authz.my_tenant_ids_as(text)
  to anon, authenticated;
grant execute on function authz.my_tenant_ids_to_write(text), cfg.is_key(text, integer) to authenticated;
