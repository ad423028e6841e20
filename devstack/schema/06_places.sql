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

alter table app.assets enable row level security;
create policy assets_read on app.assets for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.locations
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.assets
  for each row execute function app.touch_updated_at();
create trigger audit after insert or update or delete on app.locations
  for each row execute function audit.log_change();
create trigger audit after insert or update or delete on app.assets
  for each row execute function audit.log_change();

-- The status of an asset stands in the tenant's catalog. Checked when it
-- changes, so that a tenant can be deleted in any order.
create function app.check_asset_status() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if (tg_op = 'INSERT' or new.status is distinct from old.status or new.tenant_id <> old.tenant_id)
    and not exists (
      select 1 from cfg.status_catalogs s
      where s.tenant_id = new.tenant_id and s.entity_type = 'asset' and s.key = new.status)
  then
    raise exception using errcode = '23503', message = format('unknown asset status %s', new.status);
  end if;
  return new;
end $$;

create trigger check_status before insert or update on app.assets
  for each row execute function app.check_asset_status();

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;
grant select on app.locations, app.assets to anon, authenticated;
