-- places: locations and the assets that stand there

-- ---------------------------------------------------------------- tables

-- References inside a tenant are pairs (tenant_id, id): a row of another tenant
-- is an unknown reference, 23503.
create table app.locations (
  id                 uuid primary key default gen_random_uuid(),
  tenant_id          uuid not null references app.tenants on delete cascade,
  name               text not null check (length(name) between 1 and 255),
  description        text,
  parent_location_id uuid,
  location_type      text not null default 'site'
    check (location_type in ('region', 'site', 'building', 'floor', 'room', 'zone')),
  code               text check (code ~ '^[a-zA-Z0-9_-]+$' and length(code) between 1 and 50),
  address_line       text,
  external_id        text,
  latitude           numeric(10,7) check (latitude between -90 and 90),
  longitude          numeric(10,7) check (longitude between -180 and 180),
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  check ((latitude is null) = (longitude is null)),
  unique (tenant_id, code),
  unique (tenant_id, id),
  foreign key (tenant_id, parent_location_id) references app.locations (tenant_id, id)
    on delete set null (parent_location_id)
);
create index on app.locations (tenant_id, parent_location_id);

create table app.assets (
  id                          uuid primary key default gen_random_uuid(),
  tenant_id                   uuid not null references app.tenants on delete cascade,
  name                        text not null check (length(name) between 1 and 255),
  description                 text,
  asset_number                text check (length(asset_number) between 1 and 100),
  location_id                 uuid,
  department_id               uuid,
  status                      text not null default 'active' check (cfg.is_key(status)),
  created_at                  timestamptz not null default now(),
  updated_at                  timestamptz not null default now(),
  commissioned_at             timestamptz,
  end_of_life_estimate        date,
  decommissioned_at           timestamptz,
  replaced_by_asset_id        uuid check (replaced_by_asset_id <> id),
  replacement_of_asset_id     uuid check (replacement_of_asset_id <> id),
  warranty_expires_at         date,
  service_contract_expires_at date,
  planned_replacement_date    date,
  barcode                     text check (length(btrim(barcode)) >= 1 and length(barcode) <= 100),
  unique (tenant_id, asset_number),
  unique (tenant_id, barcode),
  unique (tenant_id, id),
  foreign key (tenant_id, location_id) references app.locations (tenant_id, id)
    on delete set null (location_id),
  foreign key (tenant_id, department_id) references app.departments (tenant_id, id)
    on delete set null (department_id),
  foreign key (tenant_id, replaced_by_asset_id) references app.assets (tenant_id, id)
    on delete set null (replaced_by_asset_id),
  foreign key (tenant_id, replacement_of_asset_id) references app.assets (tenant_id, id)
    on delete set null (replacement_of_asset_id)
);
create index on app.assets (tenant_id, location_id);
create index on app.assets (tenant_id, department_id);
create index on app.assets (tenant_id, replaced_by_asset_id);
create index on app.assets (tenant_id, replacement_of_asset_id);

-- ---------------------------------------------------------------- policies

alter table app.locations enable row level security;
create policy locations_read on app.locations for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
-- Whom the RPCs let write it may do so through the view, too.
create policy locations_update on app.locations for update to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write(null))::uuid[]));
create policy locations_delete on app.locations for delete to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write(null))::uuid[]));

alter table app.assets enable row level security;
create policy assets_read on app.assets for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
-- Whom the RPCs let write it may do so through the view, too.
create policy assets_update on app.assets for update to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write(null))::uuid[]));
create policy assets_delete on app.assets for delete to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write(null))::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_locations with (security_invoker = true) as
select l.id, l.tenant_id, l.name, l.description, l.parent_location_id, l.location_type, l.code, l.address_line,
  l.external_id, l.latitude, l.longitude, l.created_at, l.updated_at
from app.locations l
where l.tenant_id = (select authz.current_tenant_id());

create view public.v_assets with (security_invoker = true) as
select a.id, a.tenant_id, a.name, a.description, a.asset_number, a.location_id, a.department_id, a.status,
  a.created_at, a.updated_at, a.commissioned_at, a.end_of_life_estimate, a.decommissioned_at,
  a.replaced_by_asset_id, a.replacement_of_asset_id, a.warranty_expires_at, a.service_contract_expires_at,
  a.planned_replacement_date, a.barcode
from app.assets a
where a.tenant_id = (select authz.current_tenant_id());

-- Places that can be reached from a root, with the way to them.
create view app.location_hierarchy with (security_invoker = true) as
with recursive tree as (
  select l.id, l.tenant_id, l.name, l.description, l.parent_location_id, l.location_type, l.code, l.address_line,
    l.external_id, array[l.id] as path_ids, array[l.name] as path_names, 0 as depth
  from app.locations l
  where l.tenant_id = (select authz.current_tenant_id()) and l.parent_location_id is null
  union all
  select l.id, l.tenant_id, l.name, l.description, l.parent_location_id, l.location_type, l.code, l.address_line,
    l.external_id, t.path_ids || l.id, t.path_names || l.name, t.depth + 1
  from tree t
  join app.locations l on l.tenant_id = t.tenant_id and l.parent_location_id = t.id
)
select t.id, t.tenant_id, t.name, t.description, t.parent_location_id, t.location_type, t.code, t.address_line,
  t.external_id, t.path_ids, t.path_names, t.depth
from tree t;

create view public.v_location_hierarchy with (security_invoker = true) as
select h.id, h.tenant_id, h.name, h.description, h.parent_location_id, h.location_type, h.code, h.address_line,
  h.external_id, h.path_ids, h.path_names, h.depth
from app.location_hierarchy h;

-- ------------------------------------------------------ functions: triggers

create trigger touch before update on app.locations
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.assets
  for each row execute function app.touch_updated_at();
create trigger audit after insert or update or delete on app.locations
  for each row execute function audit.log_change();
create trigger audit after insert or update or delete on app.assets
  for each row execute function audit.log_change();

-- A department or place of another tenant is refused before all else; one that
-- nobody has is left to the foreign key, after all other rules. The status of an
-- asset stands in the tenant's catalog. Checked when they change, so that a tenant
-- can be deleted in any order.
create function app.check_asset_references() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if (tg_op = 'INSERT' or new.department_id is distinct from old.department_id) and exists (
    select from app.departments d where d.id = new.department_id and d.tenant_id <> new.tenant_id)
  then
    raise exception using errcode = '23503', message = 'unknown department';
  end if;
  if (tg_op = 'INSERT' or new.location_id is distinct from old.location_id) and exists (
    select from app.locations l where l.id = new.location_id and l.tenant_id <> new.tenant_id)
  then
    raise exception using errcode = '23503', message = 'unknown location';
  end if;
  if (tg_op = 'INSERT' or new.status is distinct from old.status or new.tenant_id <> old.tenant_id)
    and not exists (
      select 1 from cfg.status_catalogs s
      where s.tenant_id = new.tenant_id and s.entity_type = 'asset' and s.key = new.status)
  then
    raise exception using errcode = '23503', message = format('unknown asset status %s', new.status);
  end if;
  return new;
end $$;

create trigger check_references before insert or update on app.assets
  for each row execute function app.check_asset_references();

-- A root may have any type; a child's parent must have a type that contains it,
-- and must not be inside the child. An unknown parent is left to the foreign key,
-- after all other rules.
create function app.check_location_parent() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_ancestor_id uuid := new.parent_location_id;
  v_parent app.locations;
  v_steps integer := 0;
begin
  if new.parent_location_id is null then
    return new;
  end if;
  select l.* into v_parent from app.locations l where l.id = new.parent_location_id;
  if not found and new.parent_location_id <> new.id then
    return new;
  end if;
  if v_parent.tenant_id <> new.tenant_id then
    raise exception using errcode = '23503', message = 'unknown parent location';
  end if;
  if not (case new.location_type
    when 'site' then v_parent.location_type in ('region', 'site')
    when 'building' then v_parent.location_type = 'site'
    when 'floor' then v_parent.location_type = 'building'
    when 'room' then v_parent.location_type in ('floor', 'zone')
    when 'zone' then v_parent.location_type in ('floor', 'zone')
    else false
  end) then
    raise exception using errcode = '23514',
      message = format('a %s cannot be inside a %s', new.location_type, v_parent.location_type);
  end if;

  -- Two moves at the same time could close a cycle that neither of them sees.
  if tg_op = 'UPDATE' and new.parent_location_id is distinct from old.parent_location_id then
    perform pg_advisory_xact_lock(hashtextextended('app.locations ' || new.tenant_id, 0));
  end if;
  while v_ancestor_id is not null loop
    v_steps := v_steps + 1;
    if v_ancestor_id = new.id or v_steps > 1000 then
      raise exception using errcode = '23503', message = 'a location cannot be inside itself';
    end if;
    select l.parent_location_id into v_ancestor_id from app.locations l where l.id = v_ancestor_id;
  end loop;
  return new;
end $$;

create trigger check_parent before insert or update on app.locations
  for each row execute function app.check_location_parent();

-- ----------------------------------------------------- functions: locations

-- 23514 for a name that nothing here can have; NULL passes, as unchanged.
create function app.check_name(p_name text) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if length(p_name) not between 1 and 255 then
    raise exception using errcode = '23514', message = 'the name has 1 to 255 characters';
  end if;
end $$;

-- 23514 for a value that the location cannot have; NULL passes, as unchanged.
create function app.check_location_values(p_name text, p_location_type text, p_latitude numeric, p_longitude numeric) returns void
language plpgsql immutable set search_path = '' as $$
begin
  perform app.check_name(p_name);
  if p_location_type not in ('region', 'site', 'building', 'floor', 'room', 'zone') then
    raise exception using errcode = '23514', message = format('unknown location type %s', p_location_type);
  elsif (p_latitude is null) <> (p_longitude is null) then
    raise exception using errcode = '23514', message = 'latitude and longitude come together';
  elsif p_latitude not between -90 and 90 or p_longitude not between -180 and 180 then
    raise exception using errcode = '23514', message = 'latitude or longitude is out of range';
  end if;
end $$;

-- P0001 for an unknown location, 42501 for one of another tenant.
create function app.require_location(p_tenant_id uuid, p_location_id uuid) returns void
language sql stable security definer set search_path = '' as $$
select app.require_own(p_tenant_id, (select l.tenant_id from app.locations l where l.id = p_location_id), 'location');
$$;

-- Locations and assets are open to every member, and leave the caller's current
-- tenant alone.
create function public.rpc_create_location(
  p_tenant_id uuid, p_name text, p_description text default null, p_parent_location_id uuid default null,
  p_location_type text default 'site', p_code text default null, p_address_line text default null,
  p_external_id text default null, p_latitude numeric default null, p_longitude numeric default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'location_create', 50);
  perform authz.authorize(p_tenant_id);
  perform app.check_location_values(p_name, coalesce(p_location_type, ''), p_latitude, p_longitude);
  insert into app.locations (
    tenant_id, name, description, parent_location_id, location_type, code, address_line, external_id, latitude,
    longitude)
  values (
    p_tenant_id, p_name, p_description, p_parent_location_id, p_location_type, p_code, p_address_line, p_external_id,
    p_latitude, p_longitude)
  returning id into v_id;
  return v_id;
end $$;

-- NULL leaves a value unchanged. Clearing the position ignores a new one.
create function public.rpc_update_location(
  p_tenant_id uuid, p_location_id uuid, p_name text default null, p_description text default null,
  p_parent_location_id uuid default null, p_location_type text default null, p_code text default null,
  p_address_line text default null, p_external_id text default null, p_latitude numeric default null,
  p_longitude numeric default null, p_clear_position boolean default false
) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_clear constant boolean := coalesce(p_clear_position, false);
  v_latitude constant numeric := case when v_clear then null else p_latitude end;
  v_longitude constant numeric := case when v_clear then null else p_longitude end;
begin
  perform authz.rate_limit(p_tenant_id, 'location_update', 50);
  perform authz.authorize(p_tenant_id);
  perform app.require_location(p_tenant_id, p_location_id);
  perform app.check_location_values(p_name, p_location_type, v_latitude, v_longitude);
  update app.locations l set
    name               = coalesce(p_name, l.name),
    description        = coalesce(p_description, l.description),
    parent_location_id = coalesce(p_parent_location_id, l.parent_location_id),
    location_type      = coalesce(p_location_type, l.location_type),
    code               = coalesce(p_code, l.code),
    address_line       = coalesce(p_address_line, l.address_line),
    external_id        = coalesce(p_external_id, l.external_id),
    latitude           = case when not v_clear then coalesce(v_latitude, l.latitude) end,
    longitude          = case when not v_clear then coalesce(v_longitude, l.longitude) end
  where l.id = p_location_id;
end $$;

create function public.rpc_delete_location(p_tenant_id uuid, p_location_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'location_delete', 20);
  perform authz.authorize(p_tenant_id);
  perform app.require_location(p_tenant_id, p_location_id);
  delete from app.locations l where l.id = p_location_id;
end $$;

-- Good rows stay, bad ones are reported by their position and skipped. Rows
-- cannot name rows of the same call as their parent.
create function public.rpc_bulk_import_locations(p_tenant_id uuid, p_rows jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_created uuid[] := '{}';
  v_errors jsonb := '[]';
  v_row jsonb;
  v_index bigint;
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'location_bulk_import', 1);
  perform authz.require(p_tenant_id, 'location.create');
  perform app.require_rows(p_rows);

  for v_row, v_index in select r.value, r.ordinality - 1 from jsonb_array_elements(p_rows) with ordinality r loop
    begin
      insert into app.locations (
        tenant_id, name, description, parent_location_id, location_type, code, address_line, external_id)
      values (
        p_tenant_id, nullif(btrim(v_row ->> 'name'), ''), nullif(btrim(v_row ->> 'description'), ''),
        nullif(btrim(v_row ->> 'parent_location_id'), '')::uuid,
        coalesce(nullif(btrim(v_row ->> 'location_type'), ''), 'site'), nullif(btrim(v_row ->> 'code'), ''),
        nullif(btrim(v_row ->> 'address_line'), ''), nullif(btrim(v_row ->> 'external_id'), ''))
      returning id into v_id;
      v_created := v_created || v_id;
    exception when others then
      v_errors := v_errors || jsonb_build_object('index', v_index, 'message', sqlerrm);
    end;
  end loop;
  return jsonb_build_object('created_ids', to_jsonb(v_created), 'errors', v_errors);
end $$;

-- -------------------------------------------------------- functions: assets

-- P0001 for an unknown asset, 42501 for one of another tenant.
create function app.require_asset(p_tenant_id uuid, p_asset_id uuid) returns void
language sql stable security definer set search_path = '' as $$
select app.require_own(p_tenant_id, (select a.tenant_id from app.assets a where a.id = p_asset_id), 'asset');
$$;

create function public.rpc_create_asset(
  p_tenant_id uuid, p_name text, p_description text default null, p_asset_number text default null,
  p_location_id uuid default null, p_department_id uuid default null, p_status text default 'active',
  p_barcode text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'asset_create', 50);
  perform authz.authorize(p_tenant_id);
  perform app.check_name(p_name);
  insert into app.assets (
    tenant_id, name, description, asset_number, location_id, department_id, status, barcode)
  values (
    p_tenant_id, p_name, p_description, p_asset_number, p_location_id, p_department_id, p_status,
    nullif(btrim(p_barcode), ''))
  returning id into v_id;
  return v_id;
end $$;

-- NULL leaves a value unchanged; only a barcode can be cleared, by a blank one.
create function public.rpc_update_asset(
  p_tenant_id uuid, p_asset_id uuid, p_name text default null, p_description text default null,
  p_asset_number text default null, p_location_id uuid default null, p_department_id uuid default null,
  p_status text default null, p_barcode text default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'asset_update', 50);
  perform authz.authorize(p_tenant_id);
  perform app.require_asset(p_tenant_id, p_asset_id);
  perform app.check_name(p_name);
  update app.assets a set
    name          = coalesce(p_name, a.name),
    description   = coalesce(p_description, a.description),
    asset_number  = coalesce(p_asset_number, a.asset_number),
    location_id   = coalesce(p_location_id, a.location_id),
    department_id = coalesce(p_department_id, a.department_id),
    status        = coalesce(p_status, a.status),
    barcode       = nullif(btrim(coalesce(p_barcode, a.barcode)), '')
  where a.id = p_asset_id;
end $$;

create function public.rpc_delete_asset(p_tenant_id uuid, p_asset_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'asset_delete', 20);
  perform authz.authorize(p_tenant_id);
  perform app.require_asset(p_tenant_id, p_asset_id);
  delete from app.assets a where a.id = p_asset_id;
end $$;

-- Good rows stay, bad ones are reported by their position and skipped.
create function public.rpc_bulk_import_assets(p_tenant_id uuid, p_rows jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_created uuid[] := '{}';
  v_errors jsonb := '[]';
  v_row jsonb;
  v_index bigint;
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'asset_bulk_import', 1);
  perform authz.require(p_tenant_id, 'asset.create');
  perform app.require_rows(p_rows);

  for v_row, v_index in select r.value, r.ordinality - 1 from jsonb_array_elements(p_rows) with ordinality r loop
    begin
      insert into app.assets (tenant_id, name, description, asset_number, status, location_id, department_id)
      values (
        p_tenant_id, nullif(btrim(v_row ->> 'name'), ''), nullif(btrim(v_row ->> 'description'), ''),
        nullif(btrim(v_row ->> 'asset_number'), ''), coalesce(nullif(btrim(v_row ->> 'status'), ''), 'active'),
        nullif(btrim(v_row ->> 'location_id'), '')::uuid, nullif(btrim(v_row ->> 'department_id'), '')::uuid)
      returning id into v_id;
      v_created := v_created || v_id;
    exception when others then
      v_errors := v_errors || jsonb_build_object('index', v_index, 'message', sqlerrm);
    end;
  end loop;
  return jsonb_build_object('created_ids', to_jsonb(v_created), 'errors', v_errors);
end $$;

-- The asset with the code as barcode, else as number; NULL when there is none.
create function public.rpc_resolve_asset_by_scan_code(p_tenant_id uuid, p_code text) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_code constant text := nullif(btrim(p_code), '');
begin
  perform authz.require(p_tenant_id, 'asset.view');
  return coalesce(
    (select a.id from app.assets a where a.tenant_id = p_tenant_id and a.barcode = v_code),
    (select a.id from app.assets a where a.tenant_id = p_tenant_id and a.asset_number = v_code));
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

grant select on app.locations, app.assets to anon, authenticated;
grant delete, update (name, description, parent_location_id, location_type, code, address_line, external_id, latitude, longitude)
  on app.locations to authenticated;
grant delete, update (name, description, asset_number, location_id, department_id, status, barcode)
  on app.assets to authenticated;
grant select on app.location_hierarchy to authenticated;

revoke all on public.v_locations, public.v_location_hierarchy, public.v_assets
  from public, anon, authenticated, service_role;
grant select on public.v_locations, public.v_location_hierarchy, public.v_assets
  to anon, authenticated, service_role;
grant delete, update (name, description, parent_location_id, location_type, code, address_line, external_id, latitude, longitude)
  on public.v_locations to authenticated;
grant delete, update (name, description, asset_number, location_id, department_id, status, barcode)
  on public.v_assets to authenticated;

revoke execute on function public.rpc_create_location, public.rpc_update_location, public.rpc_delete_location,
  public.rpc_bulk_import_locations, public.rpc_create_asset, public.rpc_update_asset, public.rpc_delete_asset,
  public.rpc_bulk_import_assets, public.rpc_resolve_asset_by_scan_code from public;
grant execute on function public.rpc_create_location, public.rpc_update_location, public.rpc_delete_location,
  public.rpc_bulk_import_locations, public.rpc_create_asset, public.rpc_update_asset, public.rpc_delete_asset,
  public.rpc_bulk_import_assets, public.rpc_resolve_asset_by_scan_code to anon, authenticated, service_role;
