-- embeddings: what work orders, assets and parts are about, as vectors, and which
-- of them are alike. Nothing is indexed: a search goes over all rows of the tenant,
-- so that no row is passed over.

do $$
begin
  if exists (select from pg_available_extensions where name = 'vector') then
    create extension if not exists vector with schema extensions;
  end if;
end $$;

-- ---------------------------------------------------------------- tables

create table app.work_order_embeddings (
  id                uuid primary key default gen_random_uuid(),
  tenant_id         uuid not null references app.tenants on delete cascade,
  work_order_id     uuid not null unique,
  embedding         extensions.vector(1536) not null,
  source_text       text,
  model_name        text,
  model_version     text,
  content_hash      text,
  embedding_profile text,
  embedded_at       timestamptz not null default now(),
  foreign key (tenant_id, work_order_id) references app.work_orders (tenant_id, id) on delete cascade
);
create index on app.work_order_embeddings (tenant_id, work_order_id);

create table app.asset_embeddings (
  id                uuid primary key default gen_random_uuid(),
  tenant_id         uuid not null references app.tenants on delete cascade,
  asset_id          uuid not null unique,
  embedding         extensions.vector(1536) not null,
  source_text       text,
  model_name        text,
  model_version     text,
  content_hash      text,
  embedding_profile text,
  embedded_at       timestamptz not null default now(),
  foreign key (tenant_id, asset_id) references app.assets (tenant_id, id) on delete cascade
);
create index on app.asset_embeddings (tenant_id, asset_id);

create table app.part_embeddings (
  id                uuid primary key default gen_random_uuid(),
  tenant_id         uuid not null references app.tenants on delete cascade,
  part_id           uuid not null unique,
  embedding         extensions.vector(1536) not null,
  source_text       text,
  model_name        text,
  model_version     text,
  content_hash      text,
  embedding_profile text,
  embedded_at       timestamptz not null default now(),
  foreign key (tenant_id, part_id) references app.parts (tenant_id, id) on delete cascade
);
create index on app.part_embeddings (tenant_id, part_id);

-- ---------------------------------------------------------------- policies

alter table app.work_order_embeddings enable row level security;
create policy work_order_embeddings_read on app.work_order_embeddings for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.asset_embeddings enable row level security;
create policy asset_embeddings_read on app.asset_embeddings for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

alter table app.part_embeddings enable row level security;
create policy part_embeddings_read on app.part_embeddings for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- functions

-- The tenant of an entity that the caller gives a vector: 23503 unless the caller is
-- a member of it, as if there were none, and 42501 for an OAuth client without a
-- grant. A text that is no vector is refused before anything else.
create function app.embedded_tenant(p_tenant_id uuid) returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_tenant_id is null or not authz.is_member(authz.user_id(), p_tenant_id) then
    raise exception using errcode = '23503', message = 'there is nothing of this id to embed';
  end if;
  perform authz.require_client_grant(p_tenant_id);
  return p_tenant_id;
end $$;

-- The tenant of a batch, which is that of the token: 28000, P0001 without one, 42501
-- for a non-member, and 22000 unless the rows are an array.
create function app.batch_tenant(p_rows jsonb) returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_tenant_id constant uuid := app.queue_tenant();
begin
  if v_tenant_id is null then
    raise exception using errcode = '42501', message = 'not a member of this tenant';
  end if;
  perform authz.require_client_grant(v_tenant_id);
  if jsonb_typeof(p_rows) is distinct from 'array' then
    raise exception using errcode = '22000', message = 'the rows are not an array';
  end if;
  return v_tenant_id;
end $$;

-- The tenant whose things wait for a vector: 28000, P0001 without a tenant in the
-- token, and NULL, for which nothing waits, where the caller is no member.
create function app.queue_tenant() returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id constant uuid := authz.require_user();
  v_tenant_id constant uuid := authz.current_tenant_id();
begin
  if v_tenant_id is null then
    raise exception using errcode = 'P0001', message = 'the token names no tenant';
  end if;
  return case when authz.is_member(v_user_id, v_tenant_id) then v_tenant_id end;
end $$;

-- Texts that are NULL keep what is stored.
create function app.store_work_order_embedding(
  p_tenant_id uuid, p_work_order_id uuid, p_embedding extensions.vector, p_source_text text, p_model_name text,
  p_model_version text, p_content_hash text, p_embedding_profile text
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  insert into app.work_order_embeddings as e
    (tenant_id, work_order_id, embedding, source_text, model_name, model_version, content_hash, embedding_profile)
  values (
    p_tenant_id, p_work_order_id, p_embedding, p_source_text, p_model_name, p_model_version, p_content_hash, p_embedding_profile)
  on conflict (work_order_id) do update set
    embedding         = excluded.embedding,
    source_text       = coalesce(excluded.source_text, e.source_text),
    model_name        = coalesce(excluded.model_name, e.model_name),
    model_version     = coalesce(excluded.model_version, e.model_version),
    content_hash      = coalesce(excluded.content_hash, e.content_hash),
    embedding_profile = coalesce(excluded.embedding_profile, e.embedding_profile),
    embedded_at       = now();
end $$;

-- For any member, without a permission.
create function public.rpc_upsert_work_order_embedding(
  p_work_order_id uuid, p_embedding extensions.vector, p_source_text text default null, p_model_name text default null,
  p_model_version text default null, p_content_hash text default null, p_embedding_profile text default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform extensions.vector_dims(p_embedding);
  perform authz.require_user();
  perform app.store_work_order_embedding(
    app.embedded_tenant((select x.tenant_id from app.work_orders x where x.id = p_work_order_id)), p_work_order_id,
    p_embedding, p_source_text, p_model_name, p_model_version, p_content_hash, p_embedding_profile);
end $$;

-- All rows or none. What is no work order of the tenant is passed over, and so is what
-- is no object; returns how many rows were stored.
create function public.rpc_batch_upsert_work_order_embeddings(p_rows jsonb) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_tenant_id constant uuid := app.batch_tenant(p_rows);
  v_row jsonb;
  v_id uuid;
  v_count integer := 0;
begin
  for v_row in select r.value from jsonb_array_elements(p_rows) r loop
    v_id := v_row ->> 'work_order_id';
    if exists (select from app.work_orders x where x.id = v_id and x.tenant_id = v_tenant_id) then
      perform app.store_work_order_embedding(
        v_tenant_id, v_id, (v_row ->> 'embedding')::extensions.vector, v_row ->> 'source_text', v_row ->> 'model_name',
        v_row ->> 'model_version', v_row ->> 'content_hash', v_row ->> 'embedding_profile');
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end $$;

-- Texts that are NULL keep what is stored.
create function app.store_asset_embedding(
  p_tenant_id uuid, p_asset_id uuid, p_embedding extensions.vector, p_source_text text, p_model_name text,
  p_model_version text, p_content_hash text, p_embedding_profile text
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  insert into app.asset_embeddings as e
    (tenant_id, asset_id, embedding, source_text, model_name, model_version, content_hash, embedding_profile)
  values (
    p_tenant_id, p_asset_id, p_embedding, p_source_text, p_model_name, p_model_version, p_content_hash, p_embedding_profile)
  on conflict (asset_id) do update set
    embedding         = excluded.embedding,
    source_text       = coalesce(excluded.source_text, e.source_text),
    model_name        = coalesce(excluded.model_name, e.model_name),
    model_version     = coalesce(excluded.model_version, e.model_version),
    content_hash      = coalesce(excluded.content_hash, e.content_hash),
    embedding_profile = coalesce(excluded.embedding_profile, e.embedding_profile),
    embedded_at       = now();
end $$;

-- For any member, without a permission.
create function public.rpc_upsert_asset_embedding(
  p_asset_id uuid, p_embedding extensions.vector, p_source_text text default null, p_model_name text default null,
  p_model_version text default null, p_content_hash text default null, p_embedding_profile text default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform extensions.vector_dims(p_embedding);
  perform authz.require_user();
  perform app.store_asset_embedding(
    app.embedded_tenant((select x.tenant_id from app.assets x where x.id = p_asset_id)), p_asset_id,
    p_embedding, p_source_text, p_model_name, p_model_version, p_content_hash, p_embedding_profile);
end $$;

-- All rows or none. What is no asset of the tenant is passed over, and so is what
-- is no object; returns how many rows were stored.
create function public.rpc_batch_upsert_asset_embeddings(p_rows jsonb) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_tenant_id constant uuid := app.batch_tenant(p_rows);
  v_row jsonb;
  v_id uuid;
  v_count integer := 0;
begin
  for v_row in select r.value from jsonb_array_elements(p_rows) r loop
    v_id := v_row ->> 'asset_id';
    if exists (select from app.assets x where x.id = v_id and x.tenant_id = v_tenant_id) then
      perform app.store_asset_embedding(
        v_tenant_id, v_id, (v_row ->> 'embedding')::extensions.vector, v_row ->> 'source_text', v_row ->> 'model_name',
        v_row ->> 'model_version', v_row ->> 'content_hash', v_row ->> 'embedding_profile');
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end $$;

-- Texts that are NULL keep what is stored.
create function app.store_part_embedding(
  p_tenant_id uuid, p_part_id uuid, p_embedding extensions.vector, p_source_text text, p_model_name text,
  p_model_version text, p_content_hash text, p_embedding_profile text
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  insert into app.part_embeddings as e
    (tenant_id, part_id, embedding, source_text, model_name, model_version, content_hash, embedding_profile)
  values (
    p_tenant_id, p_part_id, p_embedding, p_source_text, p_model_name, p_model_version, p_content_hash, p_embedding_profile)
  on conflict (part_id) do update set
    embedding         = excluded.embedding,
    source_text       = coalesce(excluded.source_text, e.source_text),
    model_name        = coalesce(excluded.model_name, e.model_name),
    model_version     = coalesce(excluded.model_version, e.model_version),
    content_hash      = coalesce(excluded.content_hash, e.content_hash),
    embedding_profile = coalesce(excluded.embedding_profile, e.embedding_profile),
    embedded_at       = now();
end $$;

-- For any member, without a permission.
create function public.rpc_upsert_part_embedding(
  p_part_id uuid, p_embedding extensions.vector, p_source_text text default null, p_model_name text default null,
  p_model_version text default null, p_content_hash text default null, p_embedding_profile text default null
) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform extensions.vector_dims(p_embedding);
  perform authz.require_user();
  perform app.store_part_embedding(
    app.embedded_tenant((select x.tenant_id from app.parts x where x.id = p_part_id)), p_part_id,
    p_embedding, p_source_text, p_model_name, p_model_version, p_content_hash, p_embedding_profile);
end $$;

-- All rows or none. What is no part of the tenant is passed over, and so is what
-- is no object; returns how many rows were stored.
create function public.rpc_batch_upsert_part_embeddings(p_rows jsonb) returns integer
language plpgsql security definer set search_path = '' as $$
declare
  v_tenant_id constant uuid := app.batch_tenant(p_rows);
  v_row jsonb;
  v_id uuid;
  v_count integer := 0;
begin
  for v_row in select r.value from jsonb_array_elements(p_rows) r loop
    v_id := v_row ->> 'part_id';
    if exists (select from app.parts x where x.id = v_id and x.tenant_id = v_tenant_id) then
      perform app.store_part_embedding(
        v_tenant_id, v_id, (v_row ->> 'embedding')::extensions.vector, v_row ->> 'source_text', v_row ->> 'model_name',
        v_row ->> 'model_version', v_row ->> 'content_hash', v_row ->> 'embedding_profile');
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end $$;

-- The vector of a work order, NULL without one and for non-members.
create function public.rpc_get_work_order_embedding(p_work_order_id uuid) returns extensions.vector
language plpgsql security definer set search_path = '' as $$
declare
  v_user_id uuid;
begin
  perform app.find_types_of_search();
  v_user_id := authz.require_user();
  return (
    select e.embedding from app.work_order_embeddings e
    where e.work_order_id = p_work_order_id and authz.is_member(v_user_id, e.tenant_id));
end $$;

-- Completed work orders without a vector, the last completed first; those of one
-- import, which have the same time, as they came. For any member, also one who does
-- not see the work orders.
create function public.rpc_next_work_orders_for_embedding(p_limit integer default 50)
returns table (
  work_order_id uuid, tenant_id uuid, title text, description text, cause text, resolution text, asset_name text,
  location_name text)
language plpgsql security definer set search_path = '' as $$
declare
  v_tenant_id constant uuid := app.queue_tenant();
begin
  return query
    select w.id, w.tenant_id, w.title, w.description, w.cause, w.resolution, a.name, l.name
    from app.work_orders w
    left join app.assets a on a.id = w.asset_id
    left join app.locations l on l.id = w.location_id
    where w.tenant_id = v_tenant_id and w.completed_at is not null
      and not exists (select from app.work_order_embeddings e where e.work_order_id = w.id)
    order by w.completed_at desc, w.ctid
    limit least(greatest(coalesce(p_limit, 50), 1), 500);
end $$;

-- Assets without a vector, the last changed first, and those of one import as they came.
create function public.rpc_next_assets_for_embedding(p_limit integer default 50)
returns table (asset_id uuid, tenant_id uuid, name text, description text, asset_number text, location_name text)
language plpgsql security definer set search_path = '' as $$
declare
  v_tenant_id constant uuid := app.queue_tenant();
begin
  return query
    select a.id, a.tenant_id, a.name, a.description, a.asset_number, l.name
    from app.assets a
    left join app.locations l on l.id = a.location_id
    where a.tenant_id = v_tenant_id
      and not exists (select from app.asset_embeddings e where e.asset_id = a.id)
    order by a.updated_at desc, a.ctid
    limit least(greatest(coalesce(p_limit, 50), 1), 500);
end $$;

-- Active parts without a vector, the last changed first.
create function public.rpc_next_parts_for_embedding(p_limit integer default 50)
returns table (part_id uuid, tenant_id uuid, part_number text, name text, description text)
language plpgsql security definer set search_path = '' as $$
declare
  v_tenant_id constant uuid := app.queue_tenant();
begin
  return query
    select p.id, p.tenant_id, p.part_number, p.name, p.description
    from app.parts p
    where p.tenant_id = v_tenant_id and p.is_active
      and not exists (select from app.part_embeddings e where e.part_id = p.id)
    order by p.updated_at desc, p.ctid
    limit least(greatest(coalesce(p_limit, 50), 1), 500);
end $$;

-- Completed work orders by how much their vector is like another, with the caller's
-- rights. A threshold of NULL lets all of them through.
create function public.rpc_similar_past_work_orders(
  p_query_embedding extensions.vector, p_limit integer default 5, p_exclude_work_order_id uuid default null,
  p_min_similarity double precision default 0.5
) returns table (
  work_order_id uuid, title text, description text, status text, completed_at timestamptz,
  similarity_score double precision, asset_id uuid, location_id uuid, cause text, resolution text)
language plpgsql stable set search_path = '' as $$
declare
  v_dimensions constant integer := extensions.vector_dims(p_query_embedding);
  v_tenant_id constant uuid := app.searched_tenant(v_dimensions);
begin
  return query
    select w.id, w.title, w.description, w.status, w.completed_at, s.score, w.asset_id, w.location_id, w.cause,
      w.resolution
    from app.work_order_embeddings e
    join app.work_orders w on w.id = e.work_order_id
    cross join lateral (select 1 - (e.embedding operator(extensions.<=>) p_query_embedding) as score) s
    where e.tenant_id = v_tenant_id and w.completed_at is not null
      and w.id is distinct from p_exclude_work_order_id
      and (p_min_similarity is null or s.score >= p_min_similarity)
    order by 1 - s.score, w.id
    limit least(greatest(coalesce(p_limit, 5), 1), 50);
end $$;

-- The same for the vector of a work order, which need not be completed itself;
-- nothing where it has none.
create function public.rpc_similar_past_work_orders_by_work_order_id(
  p_work_order_id uuid, p_limit integer default 5, p_min_similarity double precision default 0.5
) returns table (
  work_order_id uuid, title text, description text, status text, completed_at timestamptz,
  similarity_score double precision, asset_id uuid, location_id uuid, cause text, resolution text)
language plpgsql stable set search_path = '' as $$
declare
  v_embedding constant extensions.vector := public.rpc_get_work_order_embedding(p_work_order_id);
begin
  if v_embedding is null then
    return;
  end if;
  return query
    select * from public.rpc_similar_past_work_orders(v_embedding, p_limit, p_work_order_id, p_min_similarity);
end $$;

create function public.rpc_similar_assets(
  p_query_embedding extensions.vector, p_limit integer default 10, p_min_similarity double precision default null
) returns table (asset_id uuid, name text, description text, asset_number text, similarity_score double precision)
language plpgsql stable set search_path = '' as $$
declare
  v_dimensions constant integer := extensions.vector_dims(p_query_embedding);
  v_tenant_id constant uuid := app.searched_tenant(v_dimensions);
begin
  return query
    select a.id, a.name, a.description, a.asset_number, s.score
    from app.asset_embeddings e
    join app.assets a on a.id = e.asset_id
    cross join lateral (select 1 - (e.embedding operator(extensions.<=>) p_query_embedding) as score) s
    where e.tenant_id = v_tenant_id and (p_min_similarity is null or s.score >= p_min_similarity)
    order by 1 - s.score, a.id
    limit least(greatest(coalesce(p_limit, 10), 1), 50);
end $$;

-- Inactive parts, too.
create function public.rpc_similar_parts(
  p_query_embedding extensions.vector, p_limit integer default 10, p_min_similarity double precision default null
) returns table (part_id uuid, name text, description text, part_number text, similarity_score double precision)
language plpgsql stable set search_path = '' as $$
declare
  v_dimensions constant integer := extensions.vector_dims(p_query_embedding);
  v_tenant_id constant uuid := app.searched_tenant(v_dimensions);
begin
  return query
    select p.id, p.name, p.description, p.part_number, s.score
    from app.part_embeddings e
    join app.parts p on p.id = e.part_id
    cross join lateral (select 1 - (e.embedding operator(extensions.<=>) p_query_embedding) as score) s
    where e.tenant_id = v_tenant_id and (p_min_similarity is null or s.score >= p_min_similarity)
    order by 1 - s.score, p.id
    limit least(greatest(coalesce(p_limit, 10), 1), 50);
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;
grant select on app.work_order_embeddings, app.asset_embeddings, app.part_embeddings to authenticated;

revoke execute on function
  public.rpc_upsert_work_order_embedding, public.rpc_upsert_asset_embedding, public.rpc_upsert_part_embedding,
  public.rpc_batch_upsert_work_order_embeddings, public.rpc_batch_upsert_asset_embeddings,
  public.rpc_batch_upsert_part_embeddings, public.rpc_get_work_order_embedding,
  public.rpc_next_work_orders_for_embedding, public.rpc_next_assets_for_embedding,
  public.rpc_next_parts_for_embedding, public.rpc_similar_past_work_orders,
  public.rpc_similar_past_work_orders_by_work_order_id, public.rpc_similar_assets, public.rpc_similar_parts
  from public;
grant execute on function
  public.rpc_upsert_work_order_embedding, public.rpc_upsert_asset_embedding, public.rpc_upsert_part_embedding,
  public.rpc_batch_upsert_work_order_embeddings, public.rpc_batch_upsert_asset_embeddings,
  public.rpc_batch_upsert_part_embeddings, public.rpc_get_work_order_embedding,
  public.rpc_next_work_orders_for_embedding, public.rpc_next_assets_for_embedding,
  public.rpc_next_parts_for_embedding, public.rpc_similar_past_work_orders,
  public.rpc_similar_past_work_orders_by_work_order_id, public.rpc_similar_assets, public.rpc_similar_parts
  to anon, authenticated, service_role;
