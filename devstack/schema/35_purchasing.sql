-- purchasing: what shall be bought, what is ordered, what has arrived

-- ---------------------------------------------------------------- tables

create table app.purchase_requisitions (
  id           uuid primary key default gen_random_uuid(),
  tenant_id    uuid not null references app.tenants on delete cascade,
  status       text not null default 'draft'
    check (status in ('draft', 'submitted', 'approved', 'rejected', 'ordered')),
  requested_by uuid references auth.users on delete set null,
  requested_at timestamptz not null default now(),
  due_date     date,
  notes        text,
  approved_by  uuid references auth.users on delete set null,
  approved_at  timestamptz,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  unique (tenant_id, id)
);
create index on app.purchase_requisitions (tenant_id, status);
create index on app.purchase_requisitions (requested_by);
create index on app.purchase_requisitions (approved_by);

create table app.purchase_requisition_lines (
  id                      uuid primary key default gen_random_uuid(),
  tenant_id               uuid not null references app.tenants on delete cascade,
  purchase_requisition_id uuid not null,
  part_id                 uuid not null,
  quantity                numeric(18,4) not null check (quantity > 0),
  estimated_unit_cost     numeric(18,4),
  notes                   text,
  created_at              timestamptz not null default now(),
  foreign key (tenant_id, purchase_requisition_id) references app.purchase_requisitions (tenant_id, id)
    on delete cascade,
  foreign key (tenant_id, part_id) references app.parts (tenant_id, id) on delete cascade
);
create index on app.purchase_requisition_lines (tenant_id, purchase_requisition_id);
create index on app.purchase_requisition_lines (tenant_id, part_id);

-- A supplier with orders cannot be deleted.
create table app.purchase_orders (
  id                     uuid primary key default gen_random_uuid(),
  tenant_id              uuid not null references app.tenants on delete cascade,
  supplier_id            uuid not null,
  status                 text not null default 'draft'
    check (status in ('draft', 'sent', 'partially_received', 'received', 'closed', 'cancelled')),
  order_number           text not null check (length(order_number) >= 1),
  order_date             date not null default current_date,
  expected_delivery_date date,
  external_id            text,
  notes                  text,
  invoice_number         text,
  invoice_date           date,
  external_invoice_id    text,
  created_at             timestamptz not null default now(),
  updated_at             timestamptz not null default now(),
  unique (tenant_id, order_number),
  unique (tenant_id, id),
  foreign key (tenant_id, supplier_id) references app.suppliers (tenant_id, id)
);
create index on app.purchase_orders (tenant_id, status);
create index on app.purchase_orders (tenant_id, supplier_id);

create table app.purchase_order_lines (
  id                uuid primary key default gen_random_uuid(),
  tenant_id         uuid not null references app.tenants on delete cascade,
  purchase_order_id uuid not null,
  part_id           uuid not null,
  quantity_ordered  numeric(18,4) not null check (quantity_ordered > 0),
  quantity_received numeric(18,4) not null default 0
    check (quantity_received >= 0 and quantity_received <= quantity_ordered),
  unit_price        numeric(18,4),
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  unique (tenant_id, id),
  foreign key (tenant_id, purchase_order_id) references app.purchase_orders (tenant_id, id) on delete cascade,
  foreign key (tenant_id, part_id) references app.parts (tenant_id, id) on delete cascade
);
create index on app.purchase_order_lines (tenant_id, purchase_order_id);
create index on app.purchase_order_lines (tenant_id, part_id);

create table app.purchase_receipts (
  id                uuid primary key default gen_random_uuid(),
  tenant_id         uuid not null references app.tenants on delete cascade,
  purchase_order_id uuid not null,
  received_at       timestamptz not null default now(),
  received_by       uuid references auth.users on delete set null,
  created_at        timestamptz not null default now(),
  unique (tenant_id, id),
  foreign key (tenant_id, purchase_order_id) references app.purchase_orders (tenant_id, id) on delete cascade
);
create index on app.purchase_receipts (tenant_id, purchase_order_id);
create index on app.purchase_receipts (received_by);

create table app.purchase_receipt_lines (
  id                       uuid primary key default gen_random_uuid(),
  tenant_id                uuid not null references app.tenants on delete cascade,
  purchase_receipt_id      uuid not null,
  purchase_order_line_id   uuid not null,
  quantity_received        numeric(18,4) not null check (quantity_received > 0),
  to_inventory_location_id uuid,
  created_at               timestamptz not null default now(),
  foreign key (tenant_id, purchase_receipt_id) references app.purchase_receipts (tenant_id, id) on delete cascade,
  foreign key (tenant_id, purchase_order_line_id) references app.purchase_order_lines (tenant_id, id) on delete cascade,
  foreign key (tenant_id, to_inventory_location_id) references app.inventory_locations (tenant_id, id)
    on delete set null (to_inventory_location_id)
);
create index on app.purchase_receipt_lines (tenant_id, purchase_receipt_id);
create index on app.purchase_receipt_lines (tenant_id, purchase_order_line_id);
create index on app.purchase_receipt_lines (tenant_id, to_inventory_location_id);

-- ---------------------------------------------------------------- policies

alter table app.purchase_requisitions enable row level security;
create policy purchase_requisitions_read on app.purchase_requisitions for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.purchase_requisition_lines enable row level security;

alter table app.purchase_orders enable row level security;
create policy purchase_orders_read on app.purchase_orders for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.purchase_order_lines enable row level security;
create policy purchase_order_lines_read on app.purchase_order_lines for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.purchase_receipts enable row level security;

alter table app.purchase_receipt_lines enable row level security;

-- ---------------------------------------------------------------- views

-- All of them show the rows of all tenants of the caller, whatever the current one.

create view public.v_open_requisitions with (security_invoker = true) as
select r.id, r.tenant_id, r.status, r.requested_by, r.requested_at, r.due_date, r.notes, r.approved_by, r.approved_at,
  r.created_at, r.updated_at
from app.purchase_requisitions r
where r.status in ('draft', 'submitted', 'approved');

create view public.v_open_purchase_orders with (security_invoker = true) as
select o.id, o.tenant_id, o.supplier_id, o.status, o.order_number, o.order_date, o.expected_delivery_date,
  o.external_id, o.notes, o.invoice_number, o.invoice_date, o.external_invoice_id, o.created_at, o.updated_at,
  s.name as supplier_name, s.code as supplier_code
from app.purchase_orders o
join app.suppliers s on s.id = o.supplier_id
where o.status in ('draft', 'sent', 'partially_received');

create view public.v_purchase_order_receipt_status with (security_invoker = true) as
select l.purchase_order_id, o.tenant_id, o.order_number, o.status as po_status, l.id as purchase_order_line_id,
  l.part_id, l.quantity_ordered, l.quantity_received, l.quantity_ordered - l.quantity_received as quantity_balance,
  p.part_number, p.name as part_name
from app.purchase_order_lines l
join app.purchase_orders o on o.id = l.purchase_order_id
join app.parts p on p.id = l.part_id;

-- -------------------------------------------------- functions: requisitions

create trigger touch before update on app.purchase_requisitions
  for each row execute function app.touch_updated_at();
create trigger delete_attachments after delete on app.purchase_requisitions
  for each row execute function app.delete_attachments('purchase_requisition');

create function public.rpc_create_purchase_requisition(
  p_tenant_id uuid, p_due_date date default null, p_notes text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'purchase_requisition_create', 30);
  v_user_id := authz.require(p_tenant_id, 'purchase_requisition.create');
  insert into app.purchase_requisitions (tenant_id, requested_by, due_date, notes)
  values (p_tenant_id, v_user_id, p_due_date, nullif(btrim(p_notes), ''))
  returning id into v_id;
  return v_id;
end $$;

-- Keeps the requisition a draft until the transaction ends: P0001 for an unknown
-- one, 23503 for one that is no draft any more.
create function app.require_draft_requisition(p_tenant_id uuid, p_requisition_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_status text;
begin
  select r.status into v_status
  from app.purchase_requisitions r where r.id = p_requisition_id and r.tenant_id = p_tenant_id
  for no key update;
  if not found then
    raise exception using errcode = 'P0001', message = 'purchase requisition not found';
  elsif v_status <> 'draft' then
    raise exception using errcode = '23503', message = 'the purchase requisition is no draft';
  end if;
end $$;

-- The same for the requisition of a line.
create function app.require_draft_requisition_line(p_tenant_id uuid, p_line_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_requisition_id uuid;
begin
  select l.purchase_requisition_id into v_requisition_id
  from app.purchase_requisition_lines l where l.id = p_line_id and l.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'purchase requisition line not found';
  end if;
  perform app.require_draft_requisition(p_tenant_id, v_requisition_id);
end $$;

create function public.rpc_add_purchase_requisition_line(
  p_tenant_id uuid, p_purchase_requisition_id uuid, p_part_id uuid, p_quantity numeric,
  p_estimated_unit_cost numeric default null, p_notes text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'purchase_requisition_line_add', 60);
  perform authz.require(p_tenant_id, 'purchase_requisition.edit');
  perform app.require_draft_requisition(p_tenant_id, p_purchase_requisition_id);
  perform app.require_quantity(p_quantity);
  perform app.require_part(p_tenant_id, p_part_id);
  insert into app.purchase_requisition_lines (
    tenant_id, purchase_requisition_id, part_id, quantity, estimated_unit_cost, notes)
  values (
    p_tenant_id, p_purchase_requisition_id, p_part_id, p_quantity, p_estimated_unit_cost, nullif(btrim(p_notes), ''))
  returning id into v_id;
  return v_id;
end $$;

-- NULL leaves a value unchanged, blank notes clear them.
create function public.rpc_update_purchase_requisition_line(
  p_tenant_id uuid, p_line_id uuid, p_quantity numeric default null, p_estimated_unit_cost numeric default null,
  p_notes text default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'purchase_requisition_line_update', 60);
  perform authz.require(p_tenant_id, 'purchase_requisition.edit');
  perform app.require_draft_requisition_line(p_tenant_id, p_line_id);
  update app.purchase_requisition_lines l set
    quantity            = coalesce(p_quantity, l.quantity),
    estimated_unit_cost = coalesce(p_estimated_unit_cost, l.estimated_unit_cost),
    notes               = nullif(btrim(coalesce(p_notes, l.notes)), '')
  where l.id = p_line_id;
end $$;

create function public.rpc_remove_purchase_requisition_line(p_tenant_id uuid, p_line_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'purchase_requisition_line_remove', 60);
  perform authz.require(p_tenant_id, 'purchase_requisition.edit');
  perform app.require_draft_requisition_line(p_tenant_id, p_line_id);
  delete from app.purchase_requisition_lines l where l.id = p_line_id;
end $$;

create function public.rpc_delete_purchase_requisition(p_tenant_id uuid, p_purchase_requisition_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'purchase_requisition_delete', 20);
  perform authz.require(p_tenant_id, 'purchase_requisition.edit');
  perform app.require_draft_requisition(p_tenant_id, p_purchase_requisition_id);
  delete from app.purchase_requisitions r where r.id = p_purchase_requisition_id;
end $$;

-- -------------------------------------------------------- functions: orders

create trigger touch before update on app.purchase_orders
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.purchase_order_lines
  for each row execute function app.touch_updated_at();
create trigger delete_attachments after delete on app.purchase_orders
  for each row execute function app.delete_attachments('purchase_order');

-- The order with all its lines, or nothing.
create function public.rpc_create_purchase_order(
  p_tenant_id uuid, p_supplier_id uuid, p_order_number text, p_order_date date default null,
  p_expected_delivery_date date default null, p_external_id text default null, p_notes text default null,
  p_lines jsonb default '[]'
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_order_number constant text := nullif(btrim(p_order_number), '');
  v_supplier_tenant uuid;
  v_line jsonb;
  v_id uuid;
begin
  perform authz.require(p_tenant_id, 'purchase_order.create');
  if v_order_number is null then
    raise exception using errcode = '23514', message = 'an order number is required';
  end if;
  select s.tenant_id into v_supplier_tenant from app.suppliers s where s.id = p_supplier_id;
  if not found then
    raise exception using errcode = '23503', message = 'supplier not found';
  elsif v_supplier_tenant <> p_tenant_id then
    raise exception using errcode = '23514', message = 'the supplier belongs to another tenant';
  end if;
  insert into app.purchase_orders (
    tenant_id, supplier_id, order_number, order_date, expected_delivery_date, external_id, notes)
  values (
    p_tenant_id, p_supplier_id, v_order_number, coalesce(p_order_date, current_date), p_expected_delivery_date,
    nullif(btrim(p_external_id), ''), p_notes)
  returning id into v_id;

  if jsonb_typeof(p_lines) <> 'array' then
    raise exception using errcode = '22023', message = 'the lines are not an array';
  end if;
  for v_line in select l from jsonb_array_elements(p_lines) l loop
    insert into app.purchase_order_lines (tenant_id, purchase_order_id, part_id, quantity_ordered, unit_price)
    values (
      p_tenant_id, v_id, (v_line ->> 'part_id')::uuid, (v_line ->> 'quantity_ordered')::numeric,
      (v_line ->> 'unit_price')::numeric);
  end loop;
  return v_id;
end $$;

-- ----------------------------------------------------- functions: receiving

-- Adds to the stock of a bin.
create function app.add_stock(p_tenant_id uuid, p_part_id uuid, p_bin_id uuid, p_quantity numeric) returns void
language plpgsql security definer set search_path = '' as $$
begin
  insert into app.stock_levels as s (tenant_id, part_id, inventory_location_id, quantity)
  values (p_tenant_id, p_part_id, p_bin_id, p_quantity)
  on conflict (part_id, inventory_location_id) do update set quantity = s.quantity + excluded.quantity;
end $$;

-- Takes in what an order brought, into bins or nowhere; whatever the order's
-- status. A line may come more than once. All of it happens, or nothing. Lines
-- that are NULL are none, though an empty list is refused.
create function public.rpc_receive_purchase_order(p_tenant_id uuid, p_po_id uuid, p_lines jsonb) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
  v_receipt_id uuid;
  v_element jsonb;
  v_line_id uuid;
  v_quantity numeric;
  v_bin_id uuid;
  v_line app.purchase_order_lines;
begin
  v_user_id := authz.require(p_tenant_id, 'purchase_order.receive');
  perform from app.purchase_orders o where o.id = p_po_id and o.tenant_id = p_tenant_id for no key update;
  if not found then
    raise exception using errcode = '23503', message = 'purchase order not found';
  end if;
  if jsonb_typeof(p_lines) <> 'array' or p_lines = '[]' then
    raise exception using errcode = '23514', message = 'lines are required';
  end if;
  perform app.lock_parts(p_tenant_id, array(
    select l.part_id from app.purchase_order_lines l where l.purchase_order_id = p_po_id));
  perform app.lock_inventory_locations(array(
    select authz.uuid_or_null(l ->> 'to_inventory_location_id') from jsonb_array_elements(p_lines) l));

  insert into app.purchase_receipts (tenant_id, purchase_order_id, received_by)
  values (p_tenant_id, p_po_id, v_user_id)
  returning id into v_receipt_id;

  for v_element in select l from jsonb_array_elements(p_lines) l loop
    v_line_id := (v_element ->> 'purchase_order_line_id')::uuid;
    v_quantity := (v_element ->> 'quantity_received')::numeric;
    v_bin_id := (v_element ->> 'to_inventory_location_id')::uuid;
    if v_line_id is null then
      raise exception using errcode = '23514', message = 'a line needs the id of the order line';
    end if;
    perform app.require_quantity(v_quantity);
    select l.* into v_line
    from app.purchase_order_lines l where l.id = v_line_id and l.purchase_order_id = p_po_id;
    if not found then
      raise exception using errcode = '23503', message = 'the line is not of this order';
    elsif v_line.quantity_received + v_quantity > v_line.quantity_ordered then
      raise exception using errcode = '23514', message = 'more than what was ordered';
    end if;

    if v_bin_id is not null then
      perform app.add_stock(p_tenant_id, v_line.part_id, v_bin_id, v_quantity);
    end if;
    insert into app.purchase_receipt_lines (
      tenant_id, purchase_receipt_id, purchase_order_line_id, quantity_received, to_inventory_location_id)
    values (p_tenant_id, v_receipt_id, v_line_id, v_quantity, v_bin_id);
    insert into app.inventory_transactions (
      tenant_id, part_id, transaction_type, quantity, to_location_id, reference_type, reference_id, created_by)
    values (p_tenant_id, v_line.part_id, 'receipt', v_quantity, v_bin_id, 'purchase_receipt', v_receipt_id, v_user_id);
    update app.purchase_order_lines l set quantity_received = l.quantity_received + v_quantity where l.id = v_line_id;
  end loop;

  update app.purchase_orders o set status = case
    when (
      select bool_and(l.quantity_received >= l.quantity_ordered)
      from app.purchase_order_lines l where l.purchase_order_id = p_po_id)
    then 'received' else 'partially_received' end
  where o.id = p_po_id;
  return v_receipt_id;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

grant select on app.purchase_requisitions, app.purchase_orders, app.purchase_order_lines to anon, authenticated;

revoke all on public.v_open_requisitions, public.v_open_purchase_orders, public.v_purchase_order_receipt_status
  from public, anon, authenticated, service_role;
grant select on public.v_open_requisitions, public.v_open_purchase_orders, public.v_purchase_order_receipt_status
  to anon, authenticated, service_role;

revoke execute on function public.rpc_create_purchase_requisition, public.rpc_add_purchase_requisition_line,
  public.rpc_update_purchase_requisition_line, public.rpc_remove_purchase_requisition_line,
  public.rpc_delete_purchase_requisition, public.rpc_create_purchase_order, public.rpc_receive_purchase_order
  from public;
grant execute on function public.rpc_create_purchase_requisition, public.rpc_add_purchase_requisition_line,
  public.rpc_update_purchase_requisition_line, public.rpc_remove_purchase_requisition_line,
  public.rpc_delete_purchase_requisition, public.rpc_create_purchase_order, public.rpc_receive_purchase_order
  to anon, authenticated, service_role;
