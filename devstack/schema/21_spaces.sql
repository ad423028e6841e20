-- spaces: what a place offers, and zones on a map

-- ---------------------------------------------------------------- tables

create table app.spaces (
  id          uuid primary key default gen_random_uuid(),
  tenant_id   uuid not null references app.tenants on delete cascade,
  location_id uuid not null unique,
  usage_type  text,
  capacity    integer check (capacity >= 0),
  status      text not null default 'available'
    check (status in ('available', 'occupied', 'maintenance', 'reserved', 'offline')),
  area_sqft   numeric(12,2),
  attributes  jsonb,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  foreign key (tenant_id, location_id) references app.locations (tenant_id, id) on delete cascade
);
create index on app.spaces (tenant_id);

-- Of a geometry only the outline is known; its coordinates may be anything.
create table app.map_zones (
  id          uuid primary key default gen_random_uuid(),
  tenant_id   uuid not null references app.tenants on delete cascade,
  location_id uuid,
  name        text not null check (length(name) between 1 and 255),
  geometry    jsonb not null check (
    geometry ? 'type' and geometry ? 'coordinates' and geometry ->> 'type' in (
      'Point', 'LineString', 'Polygon', 'MultiPoint', 'MultiLineString', 'MultiPolygon')),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  foreign key (tenant_id, location_id) references app.locations (tenant_id, id)
    on delete set null (location_id)
);
create index on app.map_zones (tenant_id, location_id);

-- ---------------------------------------------------------------- policies

alter table app.spaces enable row level security;
create policy spaces_read on app.spaces for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.map_zones enable row level security;
create policy map_zones_read on app.map_zones for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
-- Whom the RPCs let write it may do so through the view, too.
create policy map_zones_write on app.map_zones to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write(null))::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_spaces with (security_invoker = true) as
select s.id, s.tenant_id, s.location_id, l.name as location_name, l.location_type, s.usage_type, s.capacity, s.status,
  s.area_sqft, s.attributes, s.created_at, s.updated_at
from app.spaces s
join app.locations l on l.id = s.location_id
where s.tenant_id = (select authz.current_tenant_id());

create view public.v_map_zones with (security_invoker = true) as
select z.id, z.tenant_id, z.name, z.geometry, z.location_id, z.created_at, z.updated_at
from app.map_zones z
where z.tenant_id = (select authz.current_tenant_id());

-- -------------------------------------------------------- functions: spaces

create trigger touch before update on app.spaces
  for each row execute function app.touch_updated_at();

-- P0001 for an unknown space, 42501 for one of another tenant.
create function app.require_space(p_tenant_id uuid, p_space_id uuid) returns void
language sql stable security definer set search_path = '' as $$
select app.require_own(p_tenant_id, (select s.tenant_id from app.spaces s where s.id = p_space_id), 'space');
$$;

-- 23514 for a value that a space cannot have; NULL passes.
create function app.check_space_values(p_status text, p_capacity integer) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if p_status not in ('available', 'occupied', 'maintenance', 'reserved', 'offline') then
    raise exception using errcode = '23514', message = format('unknown space status %s', p_status);
  elsif p_capacity < 0 then
    raise exception using errcode = '23514', message = 'the capacity is negative';
  end if;
end $$;

create function public.rpc_create_space(
  p_tenant_id uuid, p_location_id uuid, p_usage_type text default null, p_capacity integer default null,
  p_status text default 'available', p_area_sqft numeric default null, p_attributes jsonb default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'space_create', 50);
  perform authz.authorize(p_tenant_id);
  perform app.require_location(p_tenant_id, p_location_id);
  perform app.check_space_values(p_status, p_capacity);
  insert into app.spaces (tenant_id, location_id, usage_type, capacity, status, area_sqft, attributes)
  values (
    p_tenant_id, p_location_id, p_usage_type, p_capacity, coalesce(p_status, 'available'), p_area_sqft, p_attributes)
  returning id into v_id;
  return v_id;
end $$;

-- NULL leaves a value unchanged; attributes are replaced as a whole.
create function public.rpc_update_space(
  p_tenant_id uuid, p_space_id uuid, p_usage_type text default null, p_capacity integer default null,
  p_status text default null, p_area_sqft numeric default null, p_attributes jsonb default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'space_update', 50);
  perform authz.authorize(p_tenant_id);
  perform app.require_space(p_tenant_id, p_space_id);
  perform app.check_space_values(p_status, p_capacity);
  update app.spaces s set
    usage_type = coalesce(p_usage_type, s.usage_type),
    capacity   = coalesce(p_capacity, s.capacity),
    status     = coalesce(p_status, s.status),
    area_sqft  = coalesce(p_area_sqft, s.area_sqft),
    attributes = coalesce(p_attributes, s.attributes)
  where s.id = p_space_id;
end $$;

create function public.rpc_delete_space(p_tenant_id uuid, p_space_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'space_delete', 20);
  perform authz.authorize(p_tenant_id);
  perform app.require_space(p_tenant_id, p_space_id);
  delete from app.spaces s where s.id = p_space_id;
end $$;

-- ----------------------------------------------------- functions: map zones

create trigger touch before update on app.map_zones
  for each row execute function app.touch_updated_at();

-- P0001 for an unknown zone, 42501 for one of another tenant.
create function app.require_map_zone(p_tenant_id uuid, p_zone_id uuid) returns void
language sql stable security definer set search_path = '' as $$
select app.require_own(p_tenant_id, (select z.tenant_id from app.map_zones z where z.id = p_zone_id), 'map zone');
$$;

-- What a zone cannot have; NULL passes, as unchanged. A location of another
-- tenant is an unknown one.
create function app.check_map_zone_values(
  p_tenant_id uuid, p_name text, p_geometry jsonb, p_location_id uuid
) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  perform app.check_name(p_name);
  if not (p_geometry ? 'type' and p_geometry ? 'coordinates') then
    raise exception using errcode = '22P02', message = 'a geometry has type and coordinates';
  elsif p_location_id is not null and not exists (
    select 1 from app.locations l where l.id = p_location_id and l.tenant_id = p_tenant_id)
  then
    raise exception using errcode = 'P0001', message = 'location not found';
  end if;
end $$;

create function public.rpc_create_map_zone(
  p_tenant_id uuid, p_name text, p_geometry jsonb, p_location_id uuid default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'map_zone_create', 30);
  perform authz.authorize(p_tenant_id);
  perform app.check_map_zone_values(p_tenant_id, p_name, coalesce(p_geometry, '{}'), p_location_id);
  insert into app.map_zones (tenant_id, name, geometry, location_id)
  values (p_tenant_id, p_name, p_geometry, p_location_id)
  returning id into v_id;
  return v_id;
end $$;

-- NULL leaves a value unchanged.
create function public.rpc_update_map_zone(
  p_tenant_id uuid, p_zone_id uuid, p_name text default null, p_geometry jsonb default null,
  p_location_id uuid default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'map_zone_update', 30);
  perform authz.authorize(p_tenant_id);
  perform app.require_map_zone(p_tenant_id, p_zone_id);
  perform app.check_map_zone_values(p_tenant_id, p_name, p_geometry, p_location_id);
  update app.map_zones z set
    name        = coalesce(p_name, z.name),
    geometry    = coalesce(p_geometry, z.geometry),
    location_id = coalesce(p_location_id, z.location_id)
  where z.id = p_zone_id;
end $$;

create function public.rpc_delete_map_zone(p_tenant_id uuid, p_zone_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'map_zone_delete', 30);
  perform authz.authorize(p_tenant_id);
  perform app.require_map_zone(p_tenant_id, p_zone_id);
  delete from app.map_zones z where z.id = p_zone_id;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

grant select on app.spaces to anon, authenticated;
grant select on app.map_zones to authenticated;
grant delete, insert (tenant_id, name, geometry, location_id), update (name, geometry, location_id)
  on app.map_zones to authenticated;

revoke all on public.v_spaces, public.v_map_zones from public, anon, authenticated, service_role;
grant select on public.v_spaces, public.v_map_zones to anon, authenticated, service_role;
grant delete, insert (tenant_id, name, geometry, location_id), update (name, geometry, location_id)
  on public.v_map_zones to authenticated;

revoke execute on function public.rpc_create_space, public.rpc_update_space, public.rpc_delete_space,
  public.rpc_create_map_zone, public.rpc_update_map_zone, public.rpc_delete_map_zone from public;
grant execute on function public.rpc_create_space, public.rpc_update_space, public.rpc_delete_space,
  public.rpc_create_map_zone, public.rpc_update_map_zone, public.rpc_delete_map_zone
  to anon, authenticated, service_role;
