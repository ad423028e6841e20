-- costs: what work orders cost beyond labor

-- ---------------------------------------------------------------- tables

create table app.work_order_vendor_costs (
  id                uuid primary key default gen_random_uuid(),
  tenant_id         uuid not null references app.tenants on delete cascade,
  work_order_id     uuid not null,
  amount_cents      integer not null check (amount_cents between 0 and 10000000),
  description       text,
  vendor_name       text,
  invoice_reference text,
  supplier_id       uuid,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  foreign key (tenant_id, work_order_id) references app.work_orders (tenant_id, id) on delete cascade,
  foreign key (tenant_id, supplier_id) references app.suppliers (tenant_id, id)
    on delete set null (supplier_id)
);
create index on app.work_order_vendor_costs (tenant_id, work_order_id);
create index on app.work_order_vendor_costs (tenant_id, supplier_id);

-- ---------------------------------------------------------------- policies

alter table app.work_order_vendor_costs enable row level security;
create policy work_order_vendor_costs_read on app.work_order_vendor_costs for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.work_order_vendor_costs
  for each row execute function app.touch_updated_at();

-- Without an id adds a line. With one changes it, where NULL leaves a value
-- unchanged. No view shows single lines: callers keep the id.
create function public.rpc_upsert_work_order_vendor_cost(
  p_tenant_id uuid, p_work_order_id uuid, p_vendor_cost_id uuid default null, p_amount_cents integer default null,
  p_description text default null, p_vendor_name text default null, p_invoice_reference text default null,
  p_supplier_id uuid default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'work_order_vendor_cost_upsert', 30);
  perform authz.require(p_tenant_id, 'workorder.vendor_cost.manage');
  perform app.require_work_order(p_tenant_id, p_work_order_id);
  if p_vendor_cost_id is null and p_amount_cents is null then
    raise exception using errcode = '23514', message = 'an amount is required';
  end if;
  if p_supplier_id is not null then
    perform app.require_supplier(p_tenant_id, p_supplier_id);
  end if;
  if p_amount_cents not between 0 and 10000000 then
    raise exception using errcode = '23514', message = 'the amount is not between 0 and 10,000,000 cents';
  end if;

  if p_vendor_cost_id is null then
    insert into app.work_order_vendor_costs
      (tenant_id, work_order_id, amount_cents, description, vendor_name, invoice_reference, supplier_id)
    values (
      p_tenant_id, p_work_order_id, p_amount_cents, p_description, p_vendor_name, p_invoice_reference, p_supplier_id)
    returning id into v_id;
    return v_id;
  end if;

  update app.work_order_vendor_costs c set
    amount_cents      = coalesce(p_amount_cents, c.amount_cents),
    description       = coalesce(p_description, c.description),
    vendor_name       = coalesce(p_vendor_name, c.vendor_name),
    invoice_reference = coalesce(p_invoice_reference, c.invoice_reference),
    supplier_id       = coalesce(p_supplier_id, c.supplier_id)
  where c.id = p_vendor_cost_id and c.work_order_id = p_work_order_id and c.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'vendor cost not found';
  end if;
  return p_vendor_cost_id;
end $$;

-- ---------------------------------------------------------------- grants

grant select on app.work_order_vendor_costs to anon, authenticated;

revoke execute on function public.rpc_upsert_work_order_vendor_cost from public;
grant execute on function public.rpc_upsert_work_order_vendor_cost to anon, authenticated, service_role;
