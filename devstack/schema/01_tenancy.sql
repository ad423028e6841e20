-- tenancy: tenants, members, roles, permissions, scopes, profiles, OAuth grants

-- ---------------------------------------------------------------- tables

-- Other domains seed a new tenant by a trigger "seed_…" on this table.
create table app.tenants (
  id         uuid primary key default gen_random_uuid(),
  name       text not null check (length(name) between 1 and 255),
  slug       text not null constraint tenants_slug_unique unique check (slug ~ '^[a-z0-9_-]+$' and length(slug) between 2 and 63),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table app.tenant_memberships (
  id         bigint generated always as identity primary key,
  user_id    uuid not null references auth.users on delete cascade,
  tenant_id  uuid not null references app.tenants on delete cascade,
  joined_at  timestamptz not null default now(),
  unique (user_id, tenant_id)
);
create index on app.tenant_memberships (tenant_id);

-- One row per user and tenant; it outlives the membership, inactive, so that
-- names stay readable on old records.
create table app.profiles (
  id                    bigint generated always as identity primary key,
  user_id               uuid not null references auth.users on delete cascade,
  tenant_id             uuid not null references app.tenants on delete cascade,
  first_name            text check (length(first_name) <= 100),
  last_name             text check (length(last_name) <= 100),
  display_name_override text check (length(display_name_override) <= 200),
  full_name             text generated always as (
    coalesce(
      display_name_override, btrim(first_name) || ' ' || btrim(last_name), btrim(first_name), btrim(last_name))
  ) stored,
  avatar_url            text,
  is_name_overridden    boolean not null default false,
  is_active             boolean not null default true,
  synced_at             timestamptz,
  created_at            timestamptz not null default now(),
  updated_at            timestamptz not null default now(),
  unique (user_id, tenant_id)
);
create index on app.profiles (tenant_id, user_id);

create table cfg.permissions (
  id          uuid primary key default gen_random_uuid(),
  key         text not null unique check (key ~ '^[a-z0-9_.]+$' and length(key) between 3 and 100),
  name        text not null,
  category    text not null,
  description text,
  created_at  timestamptz not null default now()
);

create table cfg.tenant_roles (
  id         uuid primary key default gen_random_uuid(),
  tenant_id  uuid not null references app.tenants on delete cascade,
  key        text not null check (cfg.is_key(key)),
  name       text not null,
  is_default boolean not null default false,
  is_system  boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, key),
  unique (tenant_id, id)
);

create table cfg.tenant_role_permissions (
  id             bigint generated always as identity primary key,
  tenant_role_id uuid not null references cfg.tenant_roles on delete cascade,
  permission_id  uuid not null references cfg.permissions on delete cascade,
  granted_at     timestamptz not null default now(),
  unique (tenant_role_id, permission_id)
);

create table app.user_tenant_roles (
  id             bigint generated always as identity primary key,
  user_id        uuid not null,
  tenant_id      uuid not null,
  tenant_role_id uuid not null,
  assigned_at    timestamptz not null default now(),
  -- Who gave a role to somebody who still holds it cannot be deleted.
  assigned_by    uuid references auth.users,
  unique (user_id, tenant_id, tenant_role_id),
  foreign key (user_id, tenant_id) references app.tenant_memberships (user_id, tenant_id) on delete cascade,
  foreign key (tenant_id, tenant_role_id) references cfg.tenant_roles (tenant_id, id) on delete cascade
);
create index on app.user_tenant_roles (tenant_id, tenant_role_id);

-- NULL values are distinct: a scope without a value can be stored twice.
create table app.membership_scopes (
  id          uuid primary key default gen_random_uuid(),
  user_id     uuid not null,
  tenant_id   uuid not null,
  scope_type  text not null check (cfg.is_key(scope_type)),
  scope_value uuid,
  created_at  timestamptz not null default now(),
  unique (user_id, tenant_id, scope_type, scope_value),
  foreign key (user_id, tenant_id) references app.tenant_memberships (user_id, tenant_id) on delete cascade
);

-- Survives the removal of the membership.
create table app.oauth_client_tenant_grants (
  user_id    uuid not null references auth.users on delete cascade,
  client_id  text not null check (length(client_id) <= 128 and btrim(client_id) <> ''),
  tenant_id  uuid not null references app.tenants on delete cascade,
  created_at timestamptz not null default now(),
  primary key (user_id, client_id, tenant_id)
);

-- Keys that a client has claimed for an operation; they never expire.
create table app.client_idempotency (
  tenant_id       uuid not null references app.tenants on delete cascade,
  scope           text not null check (length(scope) between 1 and 128),
  idempotency_key text not null check (length(idempotency_key) between 1 and 256),
  resource_id     uuid,
  created_at      timestamptz not null default now(),
  primary key (tenant_id, scope, idempotency_key)
);

-- ---------------------------------------------------------------- policies

alter table app.tenants enable row level security;
create policy tenants_read on app.tenants for select to authenticated
  using (id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.tenant_memberships enable row level security;

alter table app.profiles enable row level security;
create policy profiles_read on app.profiles for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table cfg.permissions enable row level security;
create policy permissions_read on cfg.permissions for select to authenticated
  using (true);

alter table cfg.tenant_roles enable row level security;
create policy tenant_roles_read on cfg.tenant_roles for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table cfg.tenant_role_permissions enable row level security;
create policy tenant_role_permissions_read on cfg.tenant_role_permissions for select to authenticated
  using (tenant_role_id in (select r.id from cfg.tenant_roles r));

-- Nobody reads the roles of somebody else.
alter table app.user_tenant_roles enable row level security;
create policy user_tenant_roles_read on app.user_tenant_roles for select to authenticated
  using (user_id = (select authz.user_id()));

alter table app.membership_scopes enable row level security;
alter table app.oauth_client_tenant_grants enable row level security;
alter table app.client_idempotency enable row level security;

-- ---------------------------------------------------------------- views

create view public.v_tenants with (security_invoker = true) as
select t.id, t.name, t.slug, t.created_at
from app.tenants t;

create view public.v_permissions with (security_invoker = true) as
select p.id, p.key, p.name, p.category, p.description, p.created_at
from cfg.permissions p;

create view public.v_tenant_roles with (security_invoker = true) as
select r.id, r.tenant_id, r.key, r.name, r.is_default, r.is_system, r.created_at, r.updated_at
from cfg.tenant_roles r
where r.tenant_id = (select authz.current_tenant_id());

create view public.v_role_permissions with (security_invoker = true) as
select rp.id, rp.tenant_role_id, r.tenant_id, r.key as role_key, r.name as role_name,
  rp.permission_id, p.key as permission_key, p.name as permission_name,
  p.category as permission_category, rp.granted_at
from cfg.tenant_role_permissions rp
join cfg.tenant_roles r on r.id = rp.tenant_role_id
join cfg.permissions p on p.id = rp.permission_id
where r.tenant_id = (select authz.current_tenant_id());

create view public.v_user_tenant_roles with (security_invoker = true) as
select ur.id, ur.user_id, ur.tenant_id, ur.tenant_role_id, r.key as role_key, r.name as role_name,
  ur.assigned_at, ur.assigned_by
from app.user_tenant_roles ur
join cfg.tenant_roles r on r.id = ur.tenant_role_id
where ur.user_id = (select authz.user_id());

create view public.v_profiles with (security_invoker = true) as
select p.user_id as id, p.tenant_id, p.first_name, p.last_name, p.full_name, p.avatar_url,
  p.created_at, p.updated_at
from app.profiles p
where p.tenant_id = (select authz.current_tenant_id());

-- ------------------------------------------------------ functions: triggers

create trigger touch before update on app.tenants
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.profiles
  for each row execute function app.touch_updated_at();
create trigger touch before update on cfg.tenant_roles
  for each row execute function app.touch_updated_at();

create trigger audit after insert or update or delete on app.tenants
  for each row execute function audit.log_change();
create trigger audit after insert or update or delete on app.tenant_memberships
  for each row execute function audit.log_change();
create trigger audit after insert or update or delete on app.user_tenant_roles
  for each row execute function audit.log_change();
create trigger audit after insert or update or delete on cfg.tenant_roles
  for each row execute function audit.log_change();
create trigger audit after insert or update or delete on cfg.tenant_role_permissions
  for each row execute function audit.log_change();

create function audit.log_role_change() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_row constant app.user_tenant_roles := case when tg_op = 'INSERT' then new else old end;
begin
  insert into audit.permission_changes
    (tenant_id, user_id, target_user_id, change_type, role_id, role_key, changed_by)
  values (
    v_row.tenant_id, v_row.user_id, v_row.user_id,
    case tg_op when 'INSERT' then 'ROLE_ASSIGNED' else 'ROLE_REMOVED' end,
    v_row.tenant_role_id,
    (select r.key from cfg.tenant_roles r where r.id = v_row.tenant_role_id),
    authz.user_id());
  return null;
end $$;

create trigger audit_roles after insert or delete on app.user_tenant_roles
  for each row execute function audit.log_role_change();

-- Takes the member's name and avatar from the sign-up data. A name that is
-- already stored stays where the sign-up data has none.
create function app.sync_profile() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into app.profiles as p (user_id, tenant_id, first_name, last_name, avatar_url, synced_at)
  select u.id, new.tenant_id,
    left(coalesce(u.raw_user_meta_data ->> 'first_name', u.raw_user_meta_data ->> 'firstName'), 100),
    left(coalesce(u.raw_user_meta_data ->> 'last_name', u.raw_user_meta_data ->> 'lastName'), 100),
    coalesce(u.raw_user_meta_data ->> 'avatar_url', u.raw_user_meta_data ->> 'avatarUrl'),
    now()
  from auth.users u where u.id = new.user_id
  on conflict (user_id, tenant_id) do update set
    first_name = coalesce(excluded.first_name, p.first_name),
    last_name  = coalesce(excluded.last_name, p.last_name),
    avatar_url = coalesce(excluded.avatar_url, p.avatar_url),
    is_active  = true,
    synced_at  = now();
  return null;
end $$;

create trigger sync_profile after insert on app.tenant_memberships
  for each row execute function app.sync_profile();

create function cfg.seed_roles() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into cfg.tenant_roles (tenant_id, key, name, is_default, is_system)
  values
    (new.id, 'admin',      'Administrator', false, true),
    (new.id, 'manager',    'Manager',       false, true),
    (new.id, 'member',     'Member',        true,  true),
    (new.id, 'technician', 'Technician',    false, true),
    (new.id, 'requestor',  'Requestor',     false, true);

  insert into cfg.tenant_role_permissions (tenant_role_id, permission_id)
  select r.id, p.id
  from cfg.tenant_roles r
  join cfg.permissions p on case r.key
    when 'admin' then true
    when 'manager' then p.category in ('asset', 'location', 'downtime', 'tool', 'shift_handover', 'workorder')
    when 'member' then p.key like '%.view'
    when 'technician' then p.key in (
      'workorder.view', 'workorder.complete.assigned', 'asset.view', 'location.view',
      'downtime.record', 'downtime.view', 'notification.read', 'notification.preference.manage',
      'tool.checkout', 'tool.return', 'shift_handover.create', 'shift_handover.acknowledge')
    when 'requestor' then p.key in (
      'workorder.request.create', 'workorder.request.view.own', 'asset.view', 'location.view',
      'notification.read', 'notification.preference.manage')
    end
  where r.tenant_id = new.id;
  return null;
end $$;

create trigger seed_roles after insert on app.tenants
  for each row execute function cfg.seed_roles();

-- ------------------------------------------------------- functions: tenants

-- The id of a role by its key.
create function authz.role_id(p_tenant_id uuid, p_role_key text) returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  select r.id into v_id from cfg.tenant_roles r where r.tenant_id = p_tenant_id and r.key = p_role_key;
  if v_id is null then
    raise exception using errcode = 'P0001', message = format('role %s not found', p_role_key);
  end if;
  return v_id;
end $$;

create function authz.permission_id(p_key text) returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  select p.id into v_id from cfg.permissions p where p.key = p_key;
  if v_id is null then
    raise exception using errcode = 'P0001', message = format('permission %s not found', p_key);
  end if;
  return v_id;
end $$;

-- Makes the user a member if they are not. 23502 for no user.
create function authz.ensure_member(p_user_id uuid, p_tenant_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if p_user_id is not null and not exists (select 1 from auth.users u where u.id = p_user_id) then
    raise exception using errcode = '23503', message = 'unknown user';
  end if;
  insert into app.tenant_memberships (user_id, tenant_id)
  values (p_user_id, p_tenant_id)
  on conflict (user_id, tenant_id) do nothing;
end $$;

-- Adds the role to those the user already has.
create function authz.add_role(p_user_id uuid, p_tenant_id uuid, p_role_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.ensure_member(p_user_id, p_tenant_id);
  insert into app.user_tenant_roles (user_id, tenant_id, tenant_role_id, assigned_by)
  values (p_user_id, p_tenant_id, p_role_id, authz.user_id())
  on conflict (user_id, tenant_id, tenant_role_id) do update set assigned_by = excluded.assigned_by;
end $$;

create function public.rpc_create_tenant(p_name text, p_slug text) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(null, 'tenant_create', 5);
  insert into app.tenants (name, slug) values (p_name, p_slug) returning id into v_id;
  perform authz.add_role(authz.user_id(), v_id, authz.role_id(v_id, 'admin'));
  return v_id;
end $$;

create function public.rpc_invite_user_to_tenant(p_tenant_id uuid, p_invitee_email text, p_role_key text) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_invitee_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'user_invite', 5);
  perform authz.require(p_tenant_id, 'tenant.admin');
  select u.id into v_invitee_id from auth.users u where u.email = p_invitee_email order by u.created_at limit 1;
  if v_invitee_id is null then
    raise exception using errcode = 'P0001', message = 'no user has this e-mail address';
  end if;
  perform authz.add_role(v_invitee_id, p_tenant_id, authz.role_id(p_tenant_id, p_role_key));
end $$;

create function public.rpc_assign_role_to_user(p_tenant_id uuid, p_user_id uuid, p_role_key text) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'role_assign', 10);
  if p_user_id = authz.user_id() then
    raise exception using errcode = '42501', message = 'nobody assigns roles to themselves';
  end if;
  perform authz.require_permission(p_tenant_id, 'tenant.admin');
  perform authz.enter_tenant(p_tenant_id);
  perform authz.add_role(p_user_id, p_tenant_id, authz.role_id(p_tenant_id, p_role_key));
end $$;

create function public.rpc_remove_member_from_tenant(p_tenant_id uuid, p_user_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'member_remove', 10);
  if p_user_id = authz.user_id() then
    raise exception using errcode = '42501', message = 'nobody removes themselves';
  end if;
  perform authz.require_permission(p_tenant_id, 'tenant.member.remove');
  perform authz.enter_tenant(p_tenant_id);
  if not authz.is_member(p_user_id, p_tenant_id) then
    raise exception using errcode = 'P0001', message = 'member not found';
  end if;
  -- Roles and scopes would go with the membership, but the audit tells of the roles
  -- first.
  delete from app.user_tenant_roles r where r.user_id = p_user_id and r.tenant_id = p_tenant_id;
  update app.profiles p set is_active = false where p.user_id = p_user_id and p.tenant_id = p_tenant_id;
  delete from app.tenant_memberships m where m.user_id = p_user_id and m.tenant_id = p_tenant_id;
end $$;

-- ------------------------------------------------------- functions: context

create function public.rpc_set_tenant_context(p_tenant_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.require(p_tenant_id);
end $$;

create function public.rpc_clear_tenant_context() returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require_user();
begin
  update auth.users u
  set raw_user_meta_data = u.raw_user_meta_data - 'current_tenant_id'
  where u.id = v_user_id and u.raw_user_meta_data ? 'current_tenant_id';
  perform set_config('app.current_tenant_id', '', true);
end $$;

-- Called by the auth server for every access token it issues; adds the claim
-- tenant_id. Whatever goes wrong here must not stop anybody from signing in.
create function authz.custom_access_token_hook(event jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id uuid;
  v_client_id text;
  v_tenant_id uuid;
  v_granted uuid[];
begin
  v_user_id := (event ->> 'user_id')::uuid;
  v_client_id := nullif(btrim(event ->> 'client_id'), '');
  select authz.uuid_or_null(u.raw_user_meta_data ->> 'current_tenant_id') into v_tenant_id
  from auth.users u where u.id = v_user_id;

  if v_client_id is null then
    if authz.is_member(v_user_id, v_tenant_id) then
      event := jsonb_set(event, '{claims,tenant_id}', to_jsonb(v_tenant_id));
    end if;
    return event;
  end if;

  select array_agg(g.tenant_id order by g.tenant_id) into v_granted
  from app.oauth_client_tenant_grants g
  where g.user_id = v_user_id and g.client_id = v_client_id;
  if v_granted is not null then
    if v_tenant_id is null or v_tenant_id <> all (v_granted) then
      v_tenant_id := v_granted[1];
    end if;
    event := jsonb_set(event, '{claims,tenant_id}', to_jsonb(v_tenant_id));
    event := jsonb_set(event, '{claims,oauth_tenant_ids}', to_jsonb(v_granted));
  end if;
  return event;
exception when others then
  return event;
end $$;

-- The user decides what a client may do, the client does not.
create function public.rpc_replace_oauth_client_tenant_grants(p_oauth_client_id text, p_tenant_ids uuid[]) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require_user();
  v_client_id constant text := btrim(p_oauth_client_id);
begin
  if coalesce(v_client_id, '') = '' then
    raise exception using errcode = '22023', message = 'the client id is blank';
  end if;
  if nullif(btrim(auth.jwt() ->> 'client_id'), '') is not null then
    raise exception using errcode = '42501', message = 'OAuth clients cannot grant tenants';
  end if;
  if exists (
    select 1 from unnest(p_tenant_ids) t (id)
    where not authz.is_member(v_user_id, t.id))
  then
    raise exception using errcode = '42501', message = 'not a member of every tenant to grant';
  end if;
  delete from app.oauth_client_tenant_grants g where g.user_id = v_user_id and g.client_id = v_client_id;
  insert into app.oauth_client_tenant_grants (user_id, client_id, tenant_id)
  select distinct v_user_id, v_client_id, t.id from unnest(p_tenant_ids) t (id);
end $$;

-- -------------------------------------------------- functions: authorization

create function public.rpc_has_permission(p_tenant_id uuid, p_permission_key text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return authz.has_permission(authz.require_user(), p_tenant_id, p_permission_key);
end $$;

create function public.rpc_get_user_permissions(p_tenant_id uuid) returns text[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require_user();
begin
  return array(
    select distinct p.key collate "C"
    from app.user_tenant_roles ur
    join cfg.tenant_role_permissions rp on rp.tenant_role_id = ur.tenant_role_id
    join cfg.permissions p on p.id = rp.permission_id
    where ur.user_id = v_user_id and ur.tenant_id = p_tenant_id
    order by 1);
end $$;

create function public.rpc_assign_permission_to_role(p_tenant_id uuid, p_role_key text, p_permission_key text) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'role_permission_assign', 20);
  perform authz.require(p_tenant_id, 'tenant.admin');
  insert into cfg.tenant_role_permissions (tenant_role_id, permission_id)
  values (authz.role_id(p_tenant_id, p_role_key), authz.permission_id(p_permission_key))
  on conflict (tenant_role_id, permission_id) do nothing;
end $$;

create function public.rpc_revoke_permission_from_role(p_tenant_id uuid, p_role_key text, p_permission_key text) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_role_id uuid;
  v_permission_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'role_permission_revoke', 20);
  perform authz.require(p_tenant_id, 'tenant.admin');
  v_role_id := authz.role_id(p_tenant_id, p_role_key);
  v_permission_id := authz.permission_id(p_permission_key);
  delete from cfg.tenant_role_permissions rp
  where rp.tenant_role_id = v_role_id and rp.permission_id = v_permission_id;
end $$;

-- NULL passes: there is nothing to revoke of that type, and granting it is
-- 23502 when all other checks have passed.
create function authz.require_scope_type(p_scope_type text) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if not cfg.is_key(p_scope_type) then
    raise exception using errcode = '23514', message = 'the scope type is not a key of 1 to 50 characters';
  end if;
end $$;

create function public.rpc_grant_scope(
  p_tenant_id uuid, p_user_id uuid, p_scope_type text, p_scope_value uuid default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'scope_grant', 10);
  perform authz.require_scope_type(p_scope_type);
  if p_scope_type = 'location' and not exists (
      select 1 from app.locations l where l.tenant_id = p_tenant_id and l.id = p_scope_value)
    or p_scope_type = 'department' and not exists (
      select 1 from app.departments d where d.tenant_id = p_tenant_id and d.id = p_scope_value)
  then
    raise exception using errcode = '23503', message = format('unknown %s', p_scope_type);
  end if;
  perform authz.require_permission(p_tenant_id, 'tenant.admin');
  perform authz.enter_tenant(p_tenant_id);
  perform authz.ensure_member(p_user_id, p_tenant_id);
  insert into app.membership_scopes (user_id, tenant_id, scope_type, scope_value)
  values (p_user_id, p_tenant_id, p_scope_type, p_scope_value)
  on conflict (user_id, tenant_id, scope_type, scope_value) do nothing;
end $$;

create function public.rpc_revoke_scope(
  p_tenant_id uuid, p_user_id uuid, p_scope_type text, p_scope_value uuid default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'scope_revoke', 10);
  perform authz.require_scope_type(p_scope_type);
  if not authz.is_member(p_user_id, p_tenant_id) then
    raise exception using errcode = '42501', message = 'the user is not a member of this tenant';
  end if;
  perform authz.require_permission(p_tenant_id, 'tenant.admin');
  perform authz.enter_tenant(p_tenant_id);
  delete from app.membership_scopes s
  where s.user_id = p_user_id and s.tenant_id = p_tenant_id and s.scope_type = p_scope_type
    and s.scope_value is not distinct from p_scope_value;
end $$;

-- ---------------------------------------------------- functions: idempotency

create function public.rpc_claim_idempotency(
  p_tenant_id uuid, p_scope text, p_idempotency_key text, p_resource_id uuid default null
) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.require(p_tenant_id);
  insert into app.client_idempotency (tenant_id, scope, idempotency_key, resource_id)
  values (p_tenant_id, p_scope, p_idempotency_key, p_resource_id)
  on conflict (tenant_id, scope, idempotency_key) do nothing;
  return found;
end $$;

create function public.rpc_get_idempotency_resource(p_tenant_id uuid, p_scope text, p_idempotency_key text) returns uuid
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.require(p_tenant_id);
  return (
    select i.resource_id from app.client_idempotency i
    where i.tenant_id = p_tenant_id and i.scope = p_scope and i.idempotency_key = p_idempotency_key);
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app, cfg, authz, audit from public;
grant execute on function authz.custom_access_token_hook(jsonb) to supabase_auth_admin;
grant usage on schema authz to supabase_auth_admin;

grant select on app.tenants, app.profiles, app.user_tenant_roles, cfg.permissions, cfg.tenant_roles,
  cfg.tenant_role_permissions to anon, authenticated;

revoke all on public.v_tenants, public.v_permissions, public.v_tenant_roles, public.v_role_permissions,
  public.v_user_tenant_roles, public.v_profiles from public, anon, authenticated, service_role;
grant select on public.v_tenants, public.v_permissions, public.v_tenant_roles, public.v_role_permissions,
  public.v_user_tenant_roles, public.v_profiles to anon, authenticated, service_role;

revoke execute on function
  public.rpc_create_tenant, public.rpc_invite_user_to_tenant, public.rpc_assign_role_to_user,
  public.rpc_remove_member_from_tenant, public.rpc_set_tenant_context, public.rpc_clear_tenant_context,
  public.rpc_replace_oauth_client_tenant_grants, public.rpc_has_permission, public.rpc_get_user_permissions,
  public.rpc_assign_permission_to_role, public.rpc_revoke_permission_from_role, public.rpc_grant_scope,
  public.rpc_revoke_scope, public.rpc_claim_idempotency, public.rpc_get_idempotency_resource
  from public;
grant execute on function
  public.rpc_create_tenant, public.rpc_invite_user_to_tenant, public.rpc_assign_role_to_user,
  public.rpc_remove_member_from_tenant, public.rpc_set_tenant_context, public.rpc_clear_tenant_context,
  public.rpc_replace_oauth_client_tenant_grants, public.rpc_has_permission, public.rpc_get_user_permissions,
  public.rpc_assign_permission_to_role, public.rpc_revoke_permission_from_role, public.rpc_grant_scope,
  public.rpc_revoke_scope, public.rpc_claim_idempotency, public.rpc_get_idempotency_resource
  to anon, authenticated, service_role;

-- ------------------------------------------------------- permission catalog

insert into cfg.permissions (key, category, name, description)
select k.key,
  case when k.key like 'purchase%' then 'purchase' else split_part(k.key, '.', 1) end,
  k.name, k.description
from (values
  ('asset.create', 'Create assets', 'Add assets, also in bulk.'),
  ('asset.delete', 'Delete assets', 'Remove assets for good.'),
  ('asset.edit', 'Edit assets', 'Change assets and their meters, and record readings.'),
  ('asset.view', 'View assets', 'See assets and find them by a scanned code.'),
  ('asset.warranty.manage', 'Manage warranties', 'Add and change the warranties of assets.'),
  ('department.create', 'Create departments', 'Add departments in bulk.'),
  ('department.delete', 'Delete departments', 'Remove departments for good.'),
  ('department.edit', 'Edit departments', 'Change departments.'),
  ('department.view', 'View departments', 'See departments.'),
  ('downtime.record', 'Record downtime', 'Log downtime events of assets.'),
  ('downtime.view', 'View downtime', 'See downtime reports.'),
  ('integration.manage', 'Manage integrations', 'Link external systems and send them events.'),
  ('inventory.reservation.create', 'Reserve parts', 'Set stock aside for work orders.'),
  ('inventory.reservation.release', 'Release reservations', 'Give reserved stock back.'),
  ('inventory.stock.adjust', 'Adjust stock', 'Correct stock quantities.'),
  ('inventory.stock.move', 'Move stock', 'Move stock between inventory locations.'),
  ('inventory.stock.view', 'View stock', 'See stock quantities.'),
  ('inventory.usage.record', 'Record part usage', 'Issue parts to work orders.'),
  ('labor.crew.manage', 'Manage crews', 'Create crews and choose their members.'),
  ('labor.technician.manage', 'Manage technicians', 'Add technicians and change their data.'),
  ('location.create', 'Create locations', 'Add locations in bulk.'),
  ('location.delete', 'Delete locations', 'Remove locations for good.'),
  ('location.edit', 'Edit locations', 'Change locations.'),
  ('location.view', 'View locations', 'See locations.'),
  ('notification.preference.manage', 'Manage own notifications', 'Choose which events reach oneself.'),
  ('notification.read', 'Read notifications', 'List and mark one''s own notifications.'),
  ('part.create', 'Create parts', 'Add parts to the catalog.'),
  ('part.delete', 'Delete parts', 'Remove parts for good.'),
  ('part.edit', 'Edit parts', 'Change parts.'),
  ('part.view', 'View parts', 'See parts and find them by a scanned code.'),
  ('project.manage', 'Manage projects', 'Create, change and delete projects.'),
  ('purchase_order.create', 'Create purchase orders', 'Order parts from suppliers.'),
  ('purchase_order.edit', 'Edit purchase orders', 'Change purchase orders.'),
  ('purchase_order.receive', 'Receive purchase orders', 'Book deliveries into stock.'),
  ('purchase_order.view', 'View purchase orders', 'See purchase orders.'),
  ('purchase_requisition.create', 'Create requisitions', 'Ask for parts to be bought.'),
  ('purchase_requisition.edit', 'Edit requisitions', 'Change requisitions and their lines.'),
  ('purchase_requisition.view', 'View requisitions', 'See requisitions.'),
  ('shift_handover.acknowledge', 'Acknowledge handovers', 'Confirm a shift handover addressed to oneself.'),
  ('shift_handover.create', 'Write handovers', 'Write and submit shift handovers.'),
  ('supplier.create', 'Create suppliers', 'Add suppliers.'),
  ('supplier.delete', 'Delete suppliers', 'Remove suppliers for good.'),
  ('supplier.edit', 'Edit suppliers', 'Change suppliers and their contracts.'),
  ('supplier.view', 'View suppliers', 'See suppliers.'),
  ('tenant.admin', 'Administer the tenant', 'Manage members, roles, catalogs, departments and keys.'),
  ('tenant.member.invite', 'Invite members', 'Bring people into the tenant.'),
  ('tenant.member.remove', 'Remove members', 'Take people out of the tenant.'),
  ('tenant.role.manage', 'Manage roles', 'Define what roles may do.'),
  ('tenant.sla.manage', 'Manage SLA rules', 'Set response and resolution times of work orders.'),
  ('tool.checkout', 'Check out tools', 'Lend tools to people.'),
  ('tool.manage', 'Manage tools', 'Add tools and change them.'),
  ('tool.return', 'Return tools', 'Book tools back in.'),
  ('workorder.acknowledge', 'Acknowledge work orders', 'Stop the response clock of a work order.'),
  ('workorder.assign', 'Assign work orders', 'Choose who does a work order.'),
  ('workorder.cancel', 'Cancel work orders', 'Call a work order off.'),
  ('workorder.complete.any', 'Complete any work order', 'Complete work orders that nobody has started.'),
  ('workorder.complete.assigned', 'Complete started work orders', 'Complete work orders that are in progress.'),
  ('workorder.create', 'Create work orders', 'Add work orders and maintenance schedules.'),
  ('workorder.delete', 'Delete work orders', 'Remove work orders for good.'),
  ('workorder.edit', 'Edit work orders', 'Start work orders and work on those of others.'),
  ('workorder.request.create', 'Request work', 'Ask for maintenance.'),
  ('workorder.request.view.any', 'View all requests', 'See what anybody has requested.'),
  ('workorder.request.view.own', 'View own requests', 'See what oneself has requested.'),
  ('workorder.vendor_cost.manage', 'Manage vendor costs', 'Book costs of vendors on work orders.'),
  ('workorder.view', 'View work orders', 'See all work orders.')
) as k (key, name, description);
