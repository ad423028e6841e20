-- audit: what admins see of the change log, and how long it is kept

-- ---------------------------------------------------------------- tables

-- No row means the default of 24 months.
create table audit.retention_configs (
  id               uuid primary key default gen_random_uuid(),
  tenant_id        uuid not null unique references app.tenants on delete cascade,
  retention_months integer not null default 24 check (retention_months between 1 and 120),
  is_active        boolean not null default true,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now()
);
create trigger touch before update on audit.retention_configs
  for each row execute function app.touch_updated_at();

-- ---------------------------------------------------------------- policies

-- The log is for holders of the role admin, whatever its permissions are now.
alter table audit.entity_changes enable row level security;
create policy entity_changes_read on audit.entity_changes for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_as('admin'))::uuid[]));

alter table audit.permission_changes enable row level security;
create policy permission_changes_read on audit.permission_changes for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_as('admin'))::uuid[]));

alter table audit.retention_configs enable row level security;
create policy retention_configs_read on audit.retention_configs for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_with('tenant.admin'))::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_audit_entity_changes with (security_invoker = true) as
select c.id, c.table_schema, c.table_name, c.record_id, c.operation, c.old_data, c.new_data,
  c.changed_fields, c.user_id, c.tenant_id, c.created_at
from audit.entity_changes c
where c.tenant_id = (select authz.current_tenant_id());

create view public.v_audit_permission_changes with (security_invoker = true) as
select c.id, c.tenant_id, c.user_id, c.target_user_id, c.change_type, c.role_id, c.permission_id,
  c.permission_key, c.role_key, c.changed_by, c.created_at
from audit.permission_changes c
where c.tenant_id = (select authz.current_tenant_id());

create view public.v_audit_retention_configs with (security_invoker = true) as
select c.id, c.tenant_id, c.retention_months, c.is_active, c.created_at, c.updated_at
from audit.retention_configs c
where c.tenant_id = (select authz.current_tenant_id());

-- ---------------------------------------------------------------- functions

create function public.rpc_set_audit_retention_config(
  p_tenant_id uuid, p_retention_months integer, p_is_active boolean default true
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.require(p_tenant_id, 'tenant.admin');
  insert into audit.retention_configs as c (tenant_id, retention_months, is_active)
  values (p_tenant_id, p_retention_months, p_is_active)
  on conflict (tenant_id) do update
    set retention_months = excluded.retention_months, is_active = excluded.is_active;
end $$;

-- ---------------------------------------------------------------- grants

-- anon gets 42501 from the audit views, not an empty list.
grant select on audit.entity_changes, audit.permission_changes, audit.retention_configs to authenticated;

revoke all on public.v_audit_entity_changes, public.v_audit_permission_changes, public.v_audit_retention_configs
  from public, anon, authenticated, service_role;
grant select on public.v_audit_entity_changes, public.v_audit_permission_changes, public.v_audit_retention_configs
  to anon, authenticated, service_role;
revoke execute on function public.rpc_set_audit_retention_config from public;
grant execute on function public.rpc_set_audit_retention_config to anon, authenticated, service_role;
