-- departments: organisational units of a tenant

-- ---------------------------------------------------------------- tables

create table app.departments (
  id          uuid primary key default gen_random_uuid(),
  tenant_id   uuid not null references app.tenants on delete cascade,
  name        text not null check (length(name) between 1 and 255),
  description text,
  code        text check (code ~ '^[A-Z0-9_]+$' and length(code) between 1 and 20),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  unique (tenant_id, code),
  unique (tenant_id, id)
);

-- ---------------------------------------------------------------- policies

alter table app.departments enable row level security;
create policy departments_read on app.departments for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_departments with (security_invoker = true) as
select d.id, d.tenant_id, d.name, d.description, d.code, d.created_at, d.updated_at
from app.departments d
where d.tenant_id = (select authz.current_tenant_id());

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.departments
  for each row execute function app.touch_updated_at();
create trigger audit after insert or update or delete on app.departments
  for each row execute function audit.log_change();

create function public.rpc_create_department(
  p_tenant_id uuid, p_name text, p_description text default null, p_code text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'department_create', 20);
  perform authz.authorize(p_tenant_id, 'tenant.admin');
  insert into app.departments (tenant_id, name, description, code)
  values (p_tenant_id, p_name, p_description, p_code)
  returning id into v_id;
  return v_id;
end $$;

-- P0001 for an unknown department, 42501 for one of another tenant.
create function app.require_department(p_tenant_id uuid, p_department_id uuid) returns void
language sql stable security definer set search_path = '' as $$
select app.require_own(p_tenant_id, (select d.tenant_id from app.departments d where d.id = p_department_id), 'department');
$$;

-- NULL leaves a column unchanged; nothing can be set back to NULL.
create function public.rpc_update_department(
  p_tenant_id uuid, p_department_id uuid, p_name text default null, p_description text default null,
  p_code text default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'department_update', 20);
  perform authz.authorize(p_tenant_id, 'tenant.admin');
  perform app.require_department(p_tenant_id, p_department_id);
  update app.departments d set
    name        = coalesce(p_name, d.name),
    description = coalesce(p_description, d.description),
    code        = coalesce(p_code, d.code)
  where d.id = p_department_id;
end $$;

create function public.rpc_delete_department(p_tenant_id uuid, p_department_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'department_delete', 10);
  perform authz.authorize(p_tenant_id, 'tenant.admin');
  perform app.require_department(p_tenant_id, p_department_id);
  delete from app.departments d where d.id = p_department_id;
end $$;

-- Good rows stay, bad ones are reported by their position and skipped.
create function public.rpc_bulk_import_departments(p_tenant_id uuid, p_rows jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_created uuid[] := '{}';
  v_errors jsonb := '[]';
  v_row jsonb;
  v_index bigint;
  v_name text;
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'department_bulk_import', 1);
  perform authz.require(p_tenant_id, 'department.create');
  perform app.require_rows(p_rows);

  for v_row, v_index in select r.value, r.ordinality - 1 from jsonb_array_elements(p_rows) with ordinality r loop
    begin
      v_name := nullif(btrim(v_row ->> 'name'), '');
      if v_name is null then
        raise exception using errcode = '23502', message = 'name is required';
      end if;
      insert into app.departments (tenant_id, name, description, code)
      values (p_tenant_id, v_name, nullif(btrim(v_row ->> 'description'), ''), nullif(btrim(v_row ->> 'code'), ''))
      returning id into v_id;
      v_created := v_created || v_id;
    exception when others then
      v_errors := v_errors || jsonb_build_object('index', v_index, 'message', sqlerrm);
    end;
  end loop;
  return jsonb_build_object('created_ids', to_jsonb(v_created), 'errors', v_errors);
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;

grant select on app.departments to anon, authenticated;

revoke all on public.v_departments from public, anon, authenticated, service_role;
grant select on public.v_departments to anon, authenticated, service_role;

revoke execute on function public.rpc_create_department, public.rpc_update_department,
  public.rpc_delete_department, public.rpc_bulk_import_departments from public;
grant execute on function public.rpc_create_department, public.rpc_update_department,
  public.rpc_delete_department, public.rpc_bulk_import_departments to anon, authenticated, service_role;
