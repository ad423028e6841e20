-- stock: where parts lie, how many, who has spoken for them and what became of them
--
-- What moves stock locks rows in one order, so that calls at the same time wait
-- for each other and never deadlock: the purchase order, the work order, the
-- parts by id, the bins by id, the stock of each part. The lock on the part lets
-- one movement of a part happen at a time.

-- ---------------------------------------------------------------- tables

create table app.inventory_locations (
  id          uuid primary key default gen_random_uuid(),
  tenant_id   uuid not null references app.tenants on delete cascade,
  parent_id   uuid,
  location_id uuid,
  name        text not null check (length(name) between 1 and 255),
  code        text check (length(code) between 1 and 50),
  type        text not null check (type in ('warehouse', 'aisle', 'shelf', 'bin')),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  unique (tenant_id, code),
  unique (tenant_id, id),
  foreign key (tenant_id, parent_id) references app.inventory_locations (tenant_id, id) on delete cascade,
  foreign key (tenant_id, location_id) references app.locations (tenant_id, id) on delete set null (location_id)
);
create index on app.inventory_locations (tenant_id, parent_id);
create index on app.inventory_locations (tenant_id, location_id);

-- Only bins hold stock.
create table app.stock_levels (
  tenant_id             uuid not null references app.tenants on delete cascade,
  part_id               uuid not null,
  inventory_location_id uuid not null,
  quantity              numeric(18,4) not null default 0 check (quantity >= 0),
  updated_at            timestamptz not null default now(),
  primary key (part_id, inventory_location_id),
  foreign key (tenant_id, part_id) references app.parts (tenant_id, id) on delete cascade,
  foreign key (tenant_id, inventory_location_id) references app.inventory_locations (tenant_id, id) on delete cascade
);
create index on app.stock_levels (tenant_id, part_id);
create index on app.stock_levels (tenant_id, inventory_location_id);

-- A reservation takes nothing from the stock and may be for more than there is.
create table app.part_reservations (
  id                    uuid primary key default gen_random_uuid(),
  tenant_id             uuid not null references app.tenants on delete cascade,
  work_order_id         uuid not null,
  part_id               uuid not null,
  inventory_location_id uuid,
  quantity              numeric(18,4) not null check (quantity > 0),
  status                text not null default 'reserved'
    check (status in ('reserved', 'issued', 'released', 'cancelled')),
  created_at            timestamptz not null default now(),
  updated_at            timestamptz not null default now(),
  foreign key (tenant_id, work_order_id) references app.work_orders (tenant_id, id) on delete cascade,
  foreign key (tenant_id, part_id) references app.parts (tenant_id, id) on delete cascade,
  foreign key (tenant_id, inventory_location_id) references app.inventory_locations (tenant_id, id)
    on delete set null (inventory_location_id)
);
create index on app.part_reservations (tenant_id, part_id, status);
create index on app.part_reservations (tenant_id, work_order_id);
create index on app.part_reservations (tenant_id, inventory_location_id);

-- The location is the one that the caller named, none when the server chose.
create table app.part_usage (
  id                    uuid primary key default gen_random_uuid(),
  tenant_id             uuid not null references app.tenants on delete cascade,
  work_order_id         uuid not null,
  part_id               uuid not null,
  inventory_location_id uuid,
  quantity_used         numeric(18,4) not null check (quantity_used > 0),
  used_at               timestamptz not null default now(),
  used_by               uuid references auth.users on delete set null,
  created_at            timestamptz not null default now(),
  foreign key (tenant_id, work_order_id) references app.work_orders (tenant_id, id) on delete cascade,
  foreign key (tenant_id, part_id) references app.parts (tenant_id, id) on delete cascade,
  foreign key (tenant_id, inventory_location_id) references app.inventory_locations (tenant_id, id)
    on delete set null (inventory_location_id)
);
create index on app.part_usage (tenant_id, part_id);
create index on app.part_usage (tenant_id, work_order_id);
create index on app.part_usage (tenant_id, inventory_location_id);
create index on app.part_usage (used_by);

-- The ledger of all movements: what comes in is positive, what goes out negative.
create table app.inventory_transactions (
  id               uuid primary key default gen_random_uuid(),
  tenant_id        uuid not null references app.tenants on delete cascade,
  part_id          uuid not null,
  transaction_type text not null check (transaction_type in ('receipt', 'issue', 'transfer', 'adjustment')),
  quantity         numeric(18,4) not null check (quantity <> 0),
  from_location_id uuid,
  to_location_id   uuid,
  reference_type   text check (reference_type in ('work_order', 'purchase_receipt', 'manual', 'adjustment')),
  reference_id     uuid,
  created_by       uuid references auth.users on delete set null,
  occurred_at      timestamptz not null default now(),
  created_at       timestamptz not null default now(),
  foreign key (tenant_id, part_id) references app.parts (tenant_id, id) on delete cascade,
  foreign key (tenant_id, from_location_id) references app.inventory_locations (tenant_id, id)
    on delete set null (from_location_id),
  foreign key (tenant_id, to_location_id) references app.inventory_locations (tenant_id, id)
    on delete set null (to_location_id)
);
create index on app.inventory_transactions (tenant_id, part_id, occurred_at);
create index on app.inventory_transactions (tenant_id, from_location_id);
create index on app.inventory_transactions (tenant_id, to_location_id);
create index on app.inventory_transactions (created_by);

-- ---------------------------------------------------------------- policies

alter table app.inventory_locations enable row level security;
create policy inventory_locations_read on app.inventory_locations for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy inventory_locations_write on app.inventory_locations to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('inventory.stock.adjust'))::uuid[]));

alter table app.stock_levels enable row level security;
create policy stock_levels_read on app.stock_levels for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy stock_levels_write on app.stock_levels to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('inventory.stock.adjust'))::uuid[]));

alter table app.part_reservations enable row level security;
create policy part_reservations_read on app.part_reservations for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
create policy part_reservations_release on app.part_reservations for update to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('inventory.reservation.release'))::uuid[]));

alter table app.part_usage enable row level security;
create policy part_usage_read on app.part_usage for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.inventory_transactions enable row level security;

-- ---------------------------------------------------------------- views

-- All of them show the rows of all tenants of the caller, whatever the current one.

create view public.v_inventory_locations with (security_invoker = true) as
select l.id, l.tenant_id, l.parent_id, l.location_id, l.name, l.code, l.type, l.created_at, l.updated_at
from app.inventory_locations l;

create view public.v_stock_levels with (security_invoker = true) as
select s.tenant_id, s.part_id, s.inventory_location_id, s.quantity, s.updated_at
from app.stock_levels s;

create view public.v_stock_by_location with (security_invoker = true) as
select s.tenant_id, s.part_id, s.inventory_location_id, s.quantity, s.updated_at, p.part_number, p.name as part_name,
  p.unit, l.name as location_name, l.code as location_code, l.type as location_type
from app.stock_levels s
join app.parts p on p.id = s.part_id
join app.inventory_locations l on l.id = s.inventory_location_id;

create view public.v_parts_with_stock with (security_invoker = true) as
select p.id, p.tenant_id, p.part_number, p.name, p.description, p.unit, p.preferred_supplier_id, p.external_id,
  p.reorder_point, p.min_quantity, p.max_quantity, p.lead_time_days, p.is_active, p.created_at, p.updated_at,
  stock.on_hand as total_on_hand, spoken.reserved as total_reserved, stock.on_hand - spoken.reserved as available
from app.parts p
cross join lateral (
  select coalesce(sum(s.quantity), 0) as on_hand from app.stock_levels s where s.part_id = p.id) stock
cross join lateral (
  select coalesce(sum(r.quantity), 0) as reserved
  from app.part_reservations r
  where r.tenant_id = p.tenant_id and r.part_id = p.id and r.status = 'reserved') spoken;

create view public.v_part_reservations with (security_invoker = true) as
select r.id, r.tenant_id, r.work_order_id, r.part_id, r.inventory_location_id, r.quantity, r.status,
  r.created_at, r.updated_at
from app.part_reservations r;

create view public.v_part_usage with (security_invoker = true) as
select u.id, u.tenant_id, u.work_order_id, u.part_id, u.inventory_location_id, u.quantity_used, u.used_at, u.used_by,
  u.created_at
from app.part_usage u;

-- ------------------------------------------------------ functions: triggers

create trigger touch before update on app.inventory_locations
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.stock_levels
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.part_reservations
  for each row execute function app.touch_updated_at();

-- A location is in the tenant of its parent, else in the one that it names, else
-- in that of the place where it is. Runs before the policies are asked.
create function app.place_inventory_location() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_tenant_id uuid;
begin
  if new.parent_id is not null and (tg_op = 'INSERT' or new.parent_id is distinct from old.parent_id) then
    select l.tenant_id into v_tenant_id from app.inventory_locations l where l.id = new.parent_id;
    if not found then
      raise exception using errcode = '23503', message = 'parent location not found';
    end if;
    new.tenant_id := v_tenant_id;
  end if;
  if new.location_id is not null and (tg_op = 'INSERT' or new.location_id is distinct from old.location_id) then
    select l.tenant_id into v_tenant_id from app.locations l where l.id = new.location_id;
    if not found then
      raise exception using errcode = '23503', message = 'location not found';
    end if;
    new.tenant_id := coalesce(new.tenant_id, v_tenant_id);
    if v_tenant_id <> new.tenant_id then
      raise exception using errcode = '23514', message = 'the location belongs to another tenant';
    end if;
  end if;
  if new.tenant_id is null then
    raise exception using errcode = '23502', message = 'the location belongs to no tenant';
  end if;
  if tg_op = 'UPDATE' and new.type <> 'bin' and exists (
    select from app.stock_levels s where s.inventory_location_id = new.id)
  then
    raise exception using errcode = '23514', message = 'a bin that holds stock stays a bin';
  end if;
  return new;
end $$;

create trigger place before insert or update on app.inventory_locations
  for each row execute function app.place_inventory_location();

-- Stock belongs to the tenant of its part, whatever tenant it names.
create function app.place_stock() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_bin app.inventory_locations;
begin
  select p.tenant_id into new.tenant_id from app.parts p where p.id = new.part_id;
  if not found then
    raise exception using errcode = '23503', message = 'part not found';
  end if;
  select l.* into v_bin from app.inventory_locations l where l.id = new.inventory_location_id;
  if not found then
    raise exception using errcode = '23503', message = 'inventory location not found';
  elsif v_bin.type <> 'bin' then
    raise exception using errcode = '23514', message = 'only bins hold stock';
  elsif v_bin.tenant_id <> new.tenant_id then
    raise exception using errcode = '23514', message = 'the bin belongs to another tenant than the part';
  end if;
  return new;
end $$;

create trigger place before insert or update of tenant_id, part_id, inventory_location_id on app.stock_levels
  for each row execute function app.place_stock();

-- --------------------------------------------------- functions: reservations

-- 23514 unless there is a quantity to move.
create function app.require_quantity(p_quantity numeric) returns void
language plpgsql immutable set search_path = '' as $$
begin
  if (p_quantity > 0) is not true then
    raise exception using errcode = '23514', message = 'the quantity must be greater than zero';
  end if;
end $$;

-- Looks at no stock and at no state of the work order.
create function public.rpc_reserve_parts(
  p_tenant_id uuid, p_work_order_id uuid, p_part_id uuid, p_quantity numeric, p_inventory_location_id uuid default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_work_order_tenant uuid;
  v_part_tenant uuid;
  v_location_tenant uuid;
  v_id uuid;
begin
  perform authz.require(p_tenant_id, 'inventory.reservation.create');
  perform app.require_quantity(p_quantity);
  select w.tenant_id into v_work_order_tenant from app.work_orders w where w.id = p_work_order_id;
  if not found then
    raise exception using errcode = '23503', message = 'work order not found';
  end if;
  select p.tenant_id into v_part_tenant from app.parts p where p.id = p_part_id;
  if not found then
    raise exception using errcode = '23503', message = 'part not found';
  elsif p_tenant_id <> v_work_order_tenant or p_tenant_id <> v_part_tenant then
    raise exception using errcode = '23514', message = 'work order and part must belong to the tenant';
  end if;
  if p_inventory_location_id is not null then
    select l.tenant_id into v_location_tenant from app.inventory_locations l where l.id = p_inventory_location_id;
    if not found then
      raise exception using errcode = '23503', message = 'inventory location not found';
    elsif v_location_tenant <> p_tenant_id then
      raise exception using errcode = '23514', message = 'the inventory location belongs to another tenant';
    end if;
  end if;
  insert into app.part_reservations (tenant_id, work_order_id, part_id, inventory_location_id, quantity)
  values (p_tenant_id, p_work_order_id, p_part_id, p_inventory_location_id, p_quantity)
  returning id into v_id;
  return v_id;
end $$;

-- -------------------------------------------------------- functions: issuing

-- Keeps other movements of the tenant's parts waiting until this one has ended.
create function app.lock_parts(p_tenant_id uuid, p_part_ids uuid[]) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform from app.parts p
  where p.tenant_id = p_tenant_id and p.id = any (p_part_ids)
  order by p.id for no key update;
end $$;

-- Keeps the locations from being deleted.
create function app.lock_inventory_locations(p_ids uuid[]) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform from app.inventory_locations l where l.id = any (p_ids) order by l.id for key share;
end $$;

-- Takes the whole quantity from one bin: the one given, else the one among those
-- with enough that has not been touched for longest. The oldest open reservation
-- of the part for the work order, with a location one for that location, is met
-- by it whatever its quantity.
create function public.rpc_issue_parts_to_work_order(
  p_tenant_id uuid, p_work_order_id uuid, p_part_id uuid, p_quantity numeric, p_inventory_location_id uuid default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
  v_bin_id uuid;
  v_total numeric;
  v_id uuid;
begin
  v_user_id := authz.require(p_tenant_id, 'inventory.usage.record');
  perform app.require_quantity(p_quantity);
  perform from app.work_orders w where w.id = p_work_order_id and w.tenant_id = p_tenant_id for key share;
  if not found then
    raise exception using errcode = '23503', message = 'work order not found';
  end if;
  perform app.lock_parts(p_tenant_id, array[p_part_id]);
  perform app.require_part(p_tenant_id, p_part_id);
  perform app.lock_inventory_locations(array(
    select s.inventory_location_id from app.stock_levels s where s.part_id = p_part_id));
  perform from app.stock_levels s where s.part_id = p_part_id order by s.inventory_location_id for no key update;

  select s.inventory_location_id into v_bin_id
  from app.stock_levels s
  where s.part_id = p_part_id and s.quantity >= p_quantity
    and (p_inventory_location_id is null or s.inventory_location_id = p_inventory_location_id)
  order by s.updated_at, s.ctid -- of bins filled by one receipt, the first
  limit 1;
  if not found then
    select coalesce(sum(s.quantity), 0) into v_total from app.stock_levels s where s.part_id = p_part_id;
    raise exception using errcode = '23514', message = case
      when p_inventory_location_id is not null then 'not enough stock at the location'
      when v_total < p_quantity then 'not enough stock'
      else 'no single bin holds the quantity'
    end;
  end if;

  update app.stock_levels s set quantity = s.quantity - p_quantity
  where s.part_id = p_part_id and s.inventory_location_id = v_bin_id;
  insert into app.inventory_transactions (
    tenant_id, part_id, transaction_type, quantity, from_location_id, reference_type, reference_id, created_by)
  values (p_tenant_id, p_part_id, 'issue', -p_quantity, v_bin_id, 'work_order', p_work_order_id, v_user_id);
  insert into app.part_usage (tenant_id, work_order_id, part_id, inventory_location_id, quantity_used, used_by)
  values (p_tenant_id, p_work_order_id, p_part_id, p_inventory_location_id, p_quantity, v_user_id)
  returning id into v_id;

  update app.part_reservations r set status = 'issued'
  where r.status = 'reserved' and r.id = (
    select o.id
    from app.part_reservations o
    where o.tenant_id = p_tenant_id and o.work_order_id = p_work_order_id and o.part_id = p_part_id
      and o.status = 'reserved'
      and (p_inventory_location_id is null or o.inventory_location_id = p_inventory_location_id)
    order by o.created_at, o.id
    limit 1);
  return v_id;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

grant select on app.inventory_locations, app.stock_levels, app.part_reservations, app.part_usage to anon, authenticated;
-- There is no RPC for these: they are written through their views.
grant insert, update, delete on app.inventory_locations, app.stock_levels to authenticated;
grant update (status) on app.part_reservations to authenticated;

revoke all on public.v_inventory_locations, public.v_stock_levels, public.v_stock_by_location,
  public.v_parts_with_stock, public.v_part_reservations, public.v_part_usage
  from public, anon, authenticated, service_role;
grant select on public.v_inventory_locations, public.v_stock_levels, public.v_stock_by_location,
  public.v_parts_with_stock, public.v_part_reservations, public.v_part_usage
  to anon, authenticated, service_role;
grant insert, update, delete on public.v_inventory_locations, public.v_stock_levels to authenticated;
grant update (status) on public.v_part_reservations to authenticated;

revoke execute on function public.rpc_reserve_parts, public.rpc_issue_parts_to_work_order from public;
grant execute on function public.rpc_reserve_parts, public.rpc_issue_parts_to_work_order
  to anon, authenticated, service_role;
