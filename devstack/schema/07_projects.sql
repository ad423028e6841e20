-- projects: what groups work orders for costs

-- ---------------------------------------------------------------- tables

create table app.projects (
  id          uuid primary key default gen_random_uuid(),
  tenant_id   uuid not null references app.tenants on delete cascade,
  name        text not null check (length(name) between 1 and 255),
  code        text check (code ~ '^[a-zA-Z0-9_-]+$' and length(code) between 1 and 50),
  description text,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  unique (tenant_id, code),
  unique (tenant_id, id)
);

-- ---------------------------------------------------------------- policies

alter table app.projects enable row level security;
create policy projects_read on app.projects for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));
-- Whom the RPCs let write it may do so through the view, too.
create policy projects_write on app.projects to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids_to_write('project.manage'))::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_projects with (security_invoker = true) as
select p.id, p.tenant_id, p.name, p.code, p.description, p.created_at, p.updated_at
from app.projects p
where p.tenant_id = (select authz.current_tenant_id());

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.projects
  for each row execute function app.touch_updated_at();

create function public.rpc_create_project(
  p_tenant_id uuid, p_name text, p_code text default null, p_description text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'project_create', 30);
  perform authz.require(p_tenant_id, 'project.manage');
  insert into app.projects (tenant_id, name, code, description)
  values (p_tenant_id, coalesce(btrim(p_name), ''), nullif(btrim(p_code), ''), nullif(btrim(p_description), ''))
  returning id into v_id;
  return v_id;
end $$;

-- NULL and a blank name leave a value unchanged; a blank code or description
-- clears it.
create function public.rpc_update_project(
  p_tenant_id uuid, p_project_id uuid, p_name text default null, p_code text default null,
  p_description text default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'project_update', 30);
  perform authz.require(p_tenant_id, 'project.manage');
  if not exists (select from app.projects p where p.id = p_project_id and p.tenant_id = p_tenant_id) then
    raise exception using errcode = 'P0001', message = 'project not found';
  elsif exists (
    select from app.projects p where p.tenant_id = p_tenant_id and p.code = btrim(p_code) and p.id <> p_project_id)
  then
    raise exception using errcode = '23505', message = 'another project has the code';
  end if;
  update app.projects p set
    name        = coalesce(nullif(btrim(p_name), ''), p.name),
    code        = nullif(btrim(coalesce(p_code, p.code)), ''),
    description = nullif(btrim(coalesce(p_description, p.description)), '')
  where p.id = p_project_id;
end $$;

create function public.rpc_delete_project(p_tenant_id uuid, p_project_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform authz.rate_limit(p_tenant_id, 'project_delete', 20);
  perform authz.require(p_tenant_id, 'project.manage');
  delete from app.projects p where p.id = p_project_id and p.tenant_id = p_tenant_id;
  if not found then
    raise exception using errcode = 'P0001', message = 'project not found';
  end if;
end $$;

-- ---------------------------------------------------------------- grants

grant select on app.projects to anon, authenticated;
grant delete, insert (tenant_id, name, code, description), update (name, code, description)
  on app.projects to authenticated;

revoke all on public.v_projects from public, anon, authenticated, service_role;
grant select on public.v_projects to anon, authenticated, service_role;
grant delete, insert (tenant_id, name, code, description), update (name, code, description)
  on public.v_projects to authenticated;

revoke execute on function public.rpc_create_project, public.rpc_update_project, public.rpc_delete_project
  from public;
grant execute on function public.rpc_create_project, public.rpc_update_project, public.rpc_delete_project
  to anon, authenticated, service_role;
