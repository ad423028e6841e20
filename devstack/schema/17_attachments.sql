-- attachments: files of work orders, assets and other things, kept in the bucket attachments
--
-- Needs, from the platform: tables storage.buckets and storage.objects, function
-- storage.foldername(text).

-- ---------------------------------------------------------------- tables

create table app.files (
  id           uuid primary key default gen_random_uuid(),
  tenant_id    uuid not null references app.tenants on delete cascade,
  bucket_id    text not null,
  storage_path text not null check (length(storage_path) between 1 and 1024),
  filename     text not null,
  content_type text,
  byte_size    bigint check (byte_size >= 0),
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  unique (tenant_id, bucket_id, storage_path),
  unique (tenant_id, id)
);
create index on app.files (bucket_id, storage_path);

-- One file can be attached to several things; with the last link it goes.
create table app.entity_attachments (
  id                uuid primary key default gen_random_uuid(),
  tenant_id         uuid not null references app.tenants on delete cascade,
  entity_type       text not null check (cfg.is_key(entity_type, 64)),
  entity_id         uuid not null,
  file_id           uuid not null,
  label             text check (length(label) between 1 and 255),
  kind              text check (cfg.is_key(kind)),
  document_type_key text,
  is_controlled     boolean not null default false,
  effective_date    date,
  revision_label    text,
  created_by        uuid references auth.users on delete set null,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  unique (tenant_id, entity_type, entity_id, file_id),
  foreign key (tenant_id, file_id) references app.files (tenant_id, id) on delete cascade,
  foreign key (tenant_id, document_type_key) references cfg.document_types (tenant_id, key)
);
create index on app.entity_attachments (tenant_id, entity_type, updated_at);
create index on app.entity_attachments (file_id);
create index on app.entity_attachments (tenant_id, document_type_key);
create index on app.entity_attachments (created_by);

insert into storage.buckets (id, name, public) values ('attachments', 'attachments', false)
on conflict (id) do nothing;

-- ---------------------------------------------------------------- policies

alter table app.files enable row level security;
create policy files_read on app.files for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.entity_attachments enable row level security;
create policy entity_attachments_read on app.entity_attachments for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- views

create view public.v_entity_attachments with (security_invoker = true) as
select a.id, a.tenant_id, a.entity_type, a.entity_id, a.file_id, f.bucket_id, f.storage_path, f.filename,
  f.content_type, a.label, a.kind, a.document_type_key, a.is_controlled, a.effective_date, a.revision_label,
  a.created_by, creator.full_name as created_by_name, a.created_at, a.updated_at
from app.entity_attachments a
left join app.files f on f.id = a.file_id
left join app.profiles creator on creator.tenant_id = a.tenant_id and creator.user_id = a.created_by
where a.tenant_id = (select authz.current_tenant_id())
order by a.created_at desc;

create view public.v_work_order_attachments with (security_invoker = true) as
select a.id, a.tenant_id, a.entity_id as work_order_id, a.file_id, f.bucket_id, f.storage_path, f.filename,
  f.content_type, a.label, a.kind, a.document_type_key, a.is_controlled, a.effective_date, a.revision_label,
  a.created_by, creator.full_name as created_by_name, a.created_at, a.updated_at
from app.entity_attachments a
left join app.files f on f.id = a.file_id
left join app.profiles creator on creator.tenant_id = a.tenant_id and creator.user_id = a.created_by
where a.tenant_id = (select authz.current_tenant_id()) and a.entity_type = 'work_order'
order by a.created_at desc;

create view public.v_asset_attachments with (security_invoker = true) as
select a.id, a.tenant_id, a.entity_id as asset_id, a.file_id, f.bucket_id, f.storage_path, f.filename,
  f.content_type, a.label, a.kind, a.document_type_key, a.is_controlled, a.effective_date, a.revision_label,
  a.created_by, creator.full_name as created_by_name, a.created_at, a.updated_at
from app.entity_attachments a
left join app.files f on f.id = a.file_id
left join app.profiles creator on creator.tenant_id = a.tenant_id and creator.user_id = a.created_by
where a.tenant_id = (select authz.current_tenant_id()) and a.entity_type = 'asset'
order by a.created_at desc;

create view public.v_location_attachments with (security_invoker = true) as
select a.id, a.tenant_id, a.entity_id as location_id, a.file_id, f.bucket_id, f.storage_path, f.filename,
  f.content_type, a.label, a.kind, a.document_type_key, a.is_controlled, a.effective_date, a.revision_label,
  a.created_by, creator.full_name as created_by_name, a.created_at, a.updated_at
from app.entity_attachments a
left join app.files f on f.id = a.file_id
left join app.profiles creator on creator.tenant_id = a.tenant_id and creator.user_id = a.created_by
where a.tenant_id = (select authz.current_tenant_id()) and a.entity_type = 'location'
order by a.created_at desc;

create view public.v_mobile_work_order_attachments with (security_invoker = true) as
select a.id, a.tenant_id, a.entity_id as work_order_id, a.file_id, a.label, a.kind, a.created_at, a.updated_at
from app.entity_attachments a
where a.tenant_id = (select authz.current_tenant_id()) and a.entity_type = 'work_order';

-- ------------------------------------------------------- functions: who may

-- Whether the user may attach files to the thing. Types whose table does not
-- exist are refused like unknown ones.
create function authz.may_attach(p_user_id uuid, p_tenant_id uuid, p_entity_type text, p_entity_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_table constant text := case p_entity_type
    when 'work_order' then 'app.work_orders'
    when 'asset' then 'app.assets'
    when 'location' then 'app.locations'
    when 'purchase_order' then 'app.purchase_orders'
    when 'purchase_requisition' then 'app.purchase_requisitions'
    when 'part' then 'app.parts'
    when 'supplier' then 'app.suppliers'
    when 'incident' then 'app.incidents'
    when 'inspection_run' then 'app.inspection_runs'
    when 'shift_handover' then 'app.shift_handovers'
  end;
  v_exists boolean;
begin
  if not authz.is_member(p_user_id, p_tenant_id) or to_regclass(v_table) is null then
    return false;
  end if;
  execute format('select exists (select from %s e where e.id = $1 and e.tenant_id = $2)', v_table)
    into v_exists using p_entity_id, p_tenant_id;
  return v_exists and case p_entity_type
    when 'work_order' then
      authz.has_permission(p_user_id, p_tenant_id, 'workorder.edit')
      or exists (select from app.work_orders w where w.id = p_entity_id and w.assigned_to = p_user_id)
    when 'shift_handover' then
      exists (select from app.shift_handovers h where h.id = p_entity_id and p_user_id in (h.from_user_id, h.to_user_id))
    else true
  end;
end $$;

-- Whether the user may change or remove an attachment: its creator, and the
-- roles admin and manager.
create function authz.may_change_attachment(p_user_id uuid, p_tenant_id uuid, p_created_by uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return authz.is_member(p_user_id, p_tenant_id)
    and (p_user_id = p_created_by or authz.has_role(p_user_id, p_tenant_id, 'admin', 'manager')) is true;
end $$;

-- What the caller may do with the object of that name in the bucket. An OAuth
-- client also needs its grant for the tenant. The owner of a new object is the
-- caller.
create function authz.may_upload_object(p_name text, p_owner_id text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_folders constant text[] := storage.foldername(p_name);
begin
  return cardinality(v_folders) = 3
    and authz.has_client_grant(authz.uuid_or_null(v_folders[1]))
    and coalesce(p_owner_id, authz.user_id()::text) = authz.user_id()::text
    and authz.may_attach(
      authz.user_id(), authz.uuid_or_null(v_folders[1]), lower(v_folders[2]), authz.uuid_or_null(v_folders[3]));
end $$;

create function authz.may_read_object(p_name text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from app.files f
    join app.entity_attachments a on a.file_id = f.id
    where f.bucket_id = 'attachments' and f.storage_path = p_name
      and authz.is_member(authz.user_id(), f.tenant_id)
      and authz.has_client_grant(f.tenant_id));
end $$;

create function authz.may_update_object(p_name text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from app.files f
    join app.entity_attachments a on a.file_id = f.id
    where f.bucket_id = 'attachments' and f.storage_path = p_name
      and authz.may_change_attachment(authz.user_id(), a.tenant_id, a.created_by)
      and authz.has_client_grant(a.tenant_id));
end $$;

-- A file that nothing is attached to can be removed by every member.
create function authz.may_delete_object(p_name text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return authz.may_update_object(p_name) or exists (
    select from app.files f
    where f.bucket_id = 'attachments' and f.storage_path = p_name
      and authz.is_member(authz.user_id(), f.tenant_id)
      and authz.has_client_grant(f.tenant_id)
      and not exists (select from app.entity_attachments a where a.file_id = f.id));
end $$;

create policy attachments_insert on storage.objects for insert to authenticated
  with check (bucket_id = 'attachments' and authz.may_upload_object(name, owner_id::text));
create policy attachments_select on storage.objects for select to authenticated
  using (bucket_id = 'attachments' and authz.may_read_object(name));
create policy attachments_update on storage.objects for update to authenticated
  using (bucket_id = 'attachments' and authz.may_update_object(name));
create policy attachments_delete on storage.objects for delete to authenticated
  using (bucket_id = 'attachments' and authz.may_delete_object(name));

-- ------------------------------------------------------ functions: triggers

create trigger touch before update on app.files
  for each row execute function app.touch_updated_at();
create trigger touch before update on app.entity_attachments
  for each row execute function app.touch_updated_at();
create trigger audit after insert or update or delete on app.entity_attachments
  for each row execute function audit.log_change();

create function app.date_or_null(p_text text) returns date
language plpgsql stable set search_path = '' as $$
begin
  return p_text::date;
exception when data_exception then
  return null;
end $$;

-- Makes the file and the attachment of a new object from its path and metadata.
-- The Storage service writes mimetype and size, rpc_insert_attachment_storage_object
-- what its caller gives.
create function app.attach_object() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_folders constant text[] := storage.foldername(new.name);
  v_metadata constant jsonb := coalesce(new.metadata, '{}');
  v_entity_type constant text := lower(v_folders[2]);
  v_owner_id uuid;
  v_tenant_id uuid;
  v_entity_id uuid;
  v_file_id uuid;
begin
  if cardinality(v_folders) is distinct from 3 then
    raise exception using errcode = 'P0001',
      message = 'the path of an attachment is {tenant_id}/{entity_type}/{entity_id}/{filename}';
  end if;
  v_tenant_id := v_folders[1]::uuid;
  v_entity_id := v_folders[3]::uuid;
  v_owner_id := authz.uuid_or_null(new.owner_id);
  if (v_metadata ->> 'entity_id' is not null and lower(v_metadata ->> 'entity_type') <> v_entity_type)
    or (v_metadata ->> 'entity_type' is not null and (v_metadata ->> 'entity_id')::uuid <> v_entity_id)
  then
    raise exception using errcode = 'P0001', message = 'the metadata contradicts the path';
  end if;
  if (v_metadata ->> 'tenant_id')::uuid <> v_tenant_id
    or not authz.may_attach(v_owner_id, v_tenant_id, v_entity_type, v_entity_id) then
    raise exception using errcode = '42501',
      message = format('the owner may not attach files to this %s', v_entity_type);
  end if;

  insert into app.files (tenant_id, bucket_id, storage_path, filename, content_type, byte_size)
  values (
    v_tenant_id, new.bucket_id, new.name, regexp_replace(new.name, '^.*/', ''),
    nullif(coalesce(v_metadata ->> 'content_type', v_metadata ->> 'mimetype'), ''),
    nullif(coalesce(v_metadata ->> 'byte_size', v_metadata ->> 'size'), '')::bigint)
  returning id into v_file_id;

  insert into app.entity_attachments (
    tenant_id, entity_type, entity_id, file_id, label, kind, document_type_key, is_controlled, effective_date,
    revision_label, created_by)
  values (
    v_tenant_id, v_entity_type, v_entity_id, v_file_id,
    nullif(v_metadata ->> 'label', ''),
    nullif(v_metadata ->> 'kind', ''),
    nullif(v_metadata ->> 'document_type_key', ''),
    coalesce(nullif(v_metadata ->> 'is_controlled', '')::boolean, false),
    app.date_or_null(v_metadata ->> 'effective_date'),
    nullif(v_metadata ->> 'revision_label', ''),
    v_owner_id);
  return null;
end $$;

create trigger attach_object after insert on storage.objects
  for each row when (new.bucket_id = 'attachments') execute function app.attach_object();

-- The last attachment takes its file along. Locking the file lets one of two
-- that go at the same time see that it is the last.
create function app.prune_file() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform from app.files f where f.id = old.file_id for update;
  delete from app.files f
  where f.id = old.file_id and not exists (select from app.entity_attachments a where a.file_id = f.id);
  return null;
end $$;

create trigger prune after delete on app.entity_attachments
  for each row execute function app.prune_file();

create function app.delete_object() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  delete from storage.objects o where o.bucket_id = old.bucket_id and o.name = old.storage_path;
  return null;
end $$;

create trigger delete_object after delete on app.files
  for each row execute function app.delete_object();

-- Stands on every table that files can be attached to, with the entity type.
create function app.delete_attachments() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  delete from app.entity_attachments a
  where a.tenant_id = old.tenant_id and a.entity_type = tg_argv[0] and a.entity_id = old.id;
  return null;
end $$;

create trigger delete_attachments after delete on app.work_orders
  for each row execute function app.delete_attachments('work_order');
create trigger delete_attachments after delete on app.assets
  for each row execute function app.delete_attachments('asset');
create trigger delete_attachments after delete on app.locations
  for each row execute function app.delete_attachments('location');
create trigger delete_attachments after delete on app.suppliers
  for each row execute function app.delete_attachments('supplier');
create trigger delete_attachments after delete on app.shift_handovers
  for each row execute function app.delete_attachments('shift_handover');

-- Writes through v_work_order_attachments. What identifies the attachment cannot
-- change; the columns of the file are ignored. The answer is the row as it is
-- stored.
create function app.write_attachment_view() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if not authz.may_change_attachment(authz.require_user(), old.tenant_id, old.created_by) then
    raise exception using errcode = '42501', message = 'the attachment belongs to somebody else';
  end if;
  perform authz.require_client_grant(old.tenant_id);

  if tg_op = 'DELETE' then
    delete from app.entity_attachments a where a.id = old.id;
    return old;
  end if;

  if (new.id, new.tenant_id, new.work_order_id, new.file_id, new.created_by)
    is distinct from (old.id, old.tenant_id, old.work_order_id, old.file_id, old.created_by)
  then
    raise exception using errcode = 'P0001', message = 'an attachment cannot be moved or handed over';
  end if;
  update app.entity_attachments a set
    label             = new.label,
    kind              = new.kind,
    document_type_key = new.document_type_key,
    is_controlled     = new.is_controlled,
    effective_date    = new.effective_date,
    revision_label    = new.revision_label
  where a.id = old.id;
  select v.* into new from public.v_work_order_attachments v where v.id = old.id;
  return new;
end $$;

create trigger write instead of update or delete on public.v_work_order_attachments
  for each row execute function app.write_attachment_view();

-- ---------------------------------------------------------- functions: calls

-- Adds an object that has no bytes; the trigger on storage.objects makes the
-- file and the attachment. The file name may be empty. Nobody as owner is taken
-- from nobody, who then lacks the right to attach.
create function public.rpc_insert_attachment_storage_object(
  p_tenant_id uuid, p_entity_type text, p_entity_id uuid, p_name text, p_owner_id uuid, p_metadata jsonb default '{}'
) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_folders constant text[] := storage.foldername(p_name);
  v_entity_type constant text := lower(btrim(p_entity_type));
begin
  if p_owner_id is distinct from authz.user_id() then
    raise exception using errcode = '42501', message = 'the owner of an attachment is the caller';
  end if;
  if cardinality(v_folders) is distinct from 3
    or v_folders[1]::uuid is distinct from p_tenant_id
    or lower(v_folders[2]) is distinct from v_entity_type
    or v_folders[3]::uuid is distinct from p_entity_id
  then
    raise exception using errcode = 'P0001', message = 'the path contradicts the other arguments';
  end if;
  if not authz.may_attach(p_owner_id, p_tenant_id, v_entity_type, p_entity_id) then
    raise exception using errcode = '42501', message = format('no right to attach files to this %s', v_entity_type);
  end if;
  perform authz.require_client_grant(p_tenant_id);
  insert into storage.objects (bucket_id, name, owner, owner_id, metadata)
  values ('attachments', p_name, p_owner_id, p_owner_id::text, coalesce(p_metadata, '{}'));
end $$;

-- Attaches a file that is stored already to one thing more.
create function public.rpc_register_entity_attachment(
  p_tenant_id uuid, p_entity_type text, p_entity_id uuid, p_file_id uuid, p_label text default null,
  p_kind text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
  v_entity_type constant text := lower(btrim(p_entity_type));
  v_id uuid;
begin
  perform authz.rate_limit(p_tenant_id, 'attachment_create', 20);
  v_user_id := authz.require(p_tenant_id);
  if not authz.may_attach(v_user_id, p_tenant_id, v_entity_type, p_entity_id) then
    raise exception using errcode = '42501', message = format('no right to attach files to this %s', v_entity_type);
  end if;
  -- Locked, so that the file cannot go with its last attachment meanwhile.
  perform from app.files f where f.id = p_file_id and f.tenant_id = p_tenant_id for key share;
  if not found then
    raise exception using errcode = 'P0001', message = 'file not found';
  end if;
  if exists (
    select from app.entity_attachments a
    where a.file_id = p_file_id and a.entity_type = v_entity_type and a.entity_id = p_entity_id)
  then
    raise exception using errcode = '23505', message = 'the file is attached already';
  end if;
  insert into app.entity_attachments (tenant_id, entity_type, entity_id, file_id, label, kind, created_by)
  values (p_tenant_id, v_entity_type, p_entity_id, p_file_id, p_label, p_kind, v_user_id)
  returning id into v_id;
  return v_id;
end $$;

-- NULL leaves a value unchanged; clearing one takes v_work_order_attachments.
-- Every refusal looks like an unknown attachment.
create function public.rpc_update_entity_attachment_metadata(
  p_attachment_id uuid, p_label text default null, p_kind text default null, p_document_type_key text default null,
  p_is_controlled boolean default null, p_effective_date date default null, p_revision_label text default null
) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_attachment app.entity_attachments;
begin
  select a.* into v_attachment from app.entity_attachments a where a.id = p_attachment_id;
  if not found or not authz.may_change_attachment(authz.user_id(), v_attachment.tenant_id, v_attachment.created_by) then
    raise exception using errcode = 'P0001', message = 'attachment not found';
  end if;
  perform authz.require_client_grant(v_attachment.tenant_id);
  update app.entity_attachments a set
    label             = coalesce(p_label, a.label),
    kind              = coalesce(p_kind, a.kind),
    document_type_key = coalesce(p_document_type_key, a.document_type_key),
    is_controlled     = coalesce(p_is_controlled, a.is_controlled),
    effective_date    = coalesce(p_effective_date, a.effective_date),
    revision_label    = coalesce(p_revision_label, a.revision_label)
  where a.id = p_attachment_id;
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app, authz from public;
-- The policies of storage.objects call these with the rights of the caller.
grant execute on function authz.may_upload_object(text, text), authz.may_read_object(text),
  authz.may_update_object(text), authz.may_delete_object(text) to authenticated;

grant select on app.files, app.entity_attachments to anon, authenticated;

revoke all on public.v_entity_attachments, public.v_work_order_attachments, public.v_asset_attachments,
  public.v_location_attachments, public.v_mobile_work_order_attachments
  from public, anon, authenticated, service_role;
grant select on public.v_entity_attachments, public.v_work_order_attachments, public.v_asset_attachments,
  public.v_location_attachments, public.v_mobile_work_order_attachments to anon, authenticated, service_role;
grant update, delete on public.v_work_order_attachments to anon, authenticated;

revoke execute on function public.rpc_insert_attachment_storage_object, public.rpc_register_entity_attachment,
  public.rpc_update_entity_attachment_metadata from public;
grant execute on function public.rpc_insert_attachment_storage_object, public.rpc_register_entity_attachment,
  public.rpc_update_entity_attachment_metadata to anon, authenticated, service_role;
