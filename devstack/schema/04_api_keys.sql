-- API keys: machine secrets of a tenant, used by the meter ingest

-- ---------------------------------------------------------------- tables

-- Only the hash of a key is stored. Revoking deletes the row.
create table app.tenant_api_keys (
  id           uuid primary key default gen_random_uuid(),
  tenant_id    uuid not null references app.tenants on delete cascade,
  name         text not null check (length(name) between 1 and 255),
  key_prefix   text not null check (length(key_prefix) between 4 and 32),
  key_hash     text not null unique check (length(key_hash) = 64),
  created_by   uuid references auth.users on delete set null,
  last_used_at timestamptz,
  expires_at   timestamptz,
  created_at   timestamptz not null default now()
);
create index on app.tenant_api_keys (tenant_id);

-- ---------------------------------------------------------------- policies

alter table app.tenant_api_keys enable row level security;

-- ---------------------------------------------------------------- functions

create function public.rpc_create_tenant_api_key(p_tenant_id uuid, p_name text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
  -- Two random uuids hold 244 random bits; the hash spreads them over all digits.
  v_key constant text := 'wosk_' || left(encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'), 32);
  v_row app.tenant_api_keys;
begin
  perform authz.rate_limit(p_tenant_id, 'tenant_api_key_create', 10);
  v_user_id := authz.require(p_tenant_id, 'tenant.admin');
  begin
    insert into app.tenant_api_keys (tenant_id, name, key_prefix, key_hash, created_by)
    values (p_tenant_id, p_name, left(v_key, 12), encode(sha256(convert_to(v_key, 'UTF8')), 'hex'), v_user_id)
    returning * into v_row;
  exception when integrity_constraint_violation then
    -- Raised again without the details, which show the row and so the hash.
    raise exception using errcode = sqlstate, message = sqlerrm;
  end;
  return jsonb_build_object(
    'id', v_row.id, 'key', v_key, 'keyPrefix', v_row.key_prefix, 'name', v_row.name, 'createdAt', v_row.created_at);
end $$;

create function public.rpc_list_tenant_api_keys(p_tenant_id uuid) returns setof jsonb
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'tenant_api_key_list', 30);
  perform authz.require(p_tenant_id, 'tenant.admin');
  return query
    select jsonb_build_object(
      'id', k.id, 'name', k.name, 'keyPrefix', k.key_prefix, 'createdAt', k.created_at,
      'lastUsedAt', k.last_used_at, 'expiresAt', k.expires_at)
    from app.tenant_api_keys k
    where k.tenant_id = p_tenant_id
    order by k.created_at desc, k.id;
end $$;

create function public.rpc_revoke_tenant_api_key(p_tenant_id uuid, p_key_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'tenant_api_key_revoke', 20);
  perform authz.require(p_tenant_id, 'tenant.admin');
  delete from app.tenant_api_keys k where k.id = p_key_id and k.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'API key not found';
  end if;
end $$;

-- The next two are for the service key only; everybody may call them, but
-- others get 42501.
create function public.rpc_validate_tenant_api_key(p_key_hash text) returns table (tenant_id uuid, key_id uuid)
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.require_service();
  return query
    select k.tenant_id, k.id
    from app.tenant_api_keys k
    where k.key_hash = p_key_hash and (k.expires_at is null or k.expires_at > now());
end $$;

create function public.rpc_tenant_api_key_touch(p_key_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.require_service();
  update app.tenant_api_keys k set last_used_at = now() where k.id = p_key_id;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on function public.rpc_create_tenant_api_key, public.rpc_list_tenant_api_keys,
  public.rpc_revoke_tenant_api_key, public.rpc_validate_tenant_api_key, public.rpc_tenant_api_key_touch
  from public;
grant execute on function public.rpc_create_tenant_api_key, public.rpc_list_tenant_api_keys,
  public.rpc_revoke_tenant_api_key, public.rpc_validate_tenant_api_key, public.rpc_tenant_api_key_touch
  to anon, authenticated, service_role;
