-- search: other names of things, and candidates for what a text may mean

-- ---------------------------------------------------------------- tables

-- entity_id has no foreign key: an alias may name a thing of any kind.
create table app.entity_aliases (
  id          bigint generated always as identity primary key,
  tenant_id   uuid not null references app.tenants on delete cascade,
  entity_type text not null check (entity_type ~ '^[a-z][a-z0-9_]*$'),
  entity_id   uuid not null,
  alias_text  text not null check (length(alias_text) between 1 and 500),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
create unique index entity_aliases_text on app.entity_aliases (tenant_id, entity_type, lower(alias_text));
create index on app.entity_aliases (tenant_id, entity_id);

-- ---------------------------------------------------------------- policies

alter table app.entity_aliases enable row level security;
create policy entity_aliases_read on app.entity_aliases for select to authenticated
  using (tenant_id = any ((select authz.my_tenant_ids())::uuid[]));

-- ---------------------------------------------------------------- functions

create trigger touch before update on app.entity_aliases
  for each row execute function app.touch_updated_at();

-- The gate of three functions that on the platform never get further: under their
-- search path they do not find a type that they need. With the setting
-- app.search_functions at 'answer' it lets them through.
create function app.find_types_of_search() returns void
language plpgsql stable set search_path = '' as $$
begin
  if current_setting('app.search_functions', true) is distinct from 'answer' then
    raise exception using errcode = '42704', message = 'a type that this function needs does not exist',
      hint = 'On a local stack the option for search functions lets it answer.';
  end if;
end $$;

-- An alias that is taken moves to the new thing, whatever its case.
create function public.rpc_register_entity_alias(
  p_tenant_id uuid, p_entity_type text, p_entity_id uuid, p_alias_text text
) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  v_alias constant text := nullif(btrim(p_alias_text), '');
  v_id bigint;
begin
  perform authz.require(p_tenant_id, 'tenant.admin');
  if v_alias is null then
    raise exception using errcode = '23514', message = 'an alias is required';
  end if;
  perform app.find_types_of_search();
  insert into app.entity_aliases as a (tenant_id, entity_type, entity_id, alias_text)
  values (p_tenant_id, p_entity_type, p_entity_id, v_alias)
  on conflict (tenant_id, entity_type, lower(alias_text))
    do update set entity_id = excluded.entity_id, alias_text = excluded.alias_text
  returning a.id into v_id;
  return v_id;
end $$;

-- The tenant that a search goes over: that of the token, P0001 without one, and
-- NULL, which finds nothing, where the caller is no member. A vector of other
-- dimensions than those that are kept is 22000, also where none is kept.
create function app.searched_tenant(p_dimensions integer default 1536) returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_tenant_id constant uuid := authz.current_tenant_id();
begin
  if authz.user_id() is null then
    raise exception using errcode = '42501', message = 'only users search';
  end if;
  if v_tenant_id is null then
    raise exception using errcode = 'P0001', message = 'the token names no tenant';
  end if;
  if not authz.is_member(authz.user_id(), v_tenant_id) then
    return null;
  end if;
  if p_dimensions <> 1536 then
    raise exception using errcode = '22000', message = format('different vector dimensions %s and 1536', p_dimensions);
  end if;
  return v_tenant_id;
end $$;

-- Things that a text may mean, once for each reason: aliases of any type that
-- contain it, and assets, parts and locations whose name does. %, _ and \ work as
-- in LIKE. Runs with the caller's rights.
create function public.rpc_search_entity_candidates(
  p_query text, p_entity_types text[] default null, p_limit integer default 10
) returns table (entity_type text, entity_id uuid, label text, match_type text, score double precision)
language plpgsql stable set search_path = '' as $$
declare
  v_tenant_id constant uuid := app.searched_tenant();
  v_query constant text := nullif(btrim(p_query), '');
  v_like constant text := '%' || v_query || '%';
begin
  if v_tenant_id is null or v_query is null then
    return;
  end if;
  return query
    select f.kind, f.id, f.label, f.reason, f.points
    from (
      select e.entity_type, e.entity_id, e.alias_text, 'alias', 1.0::double precision
      from app.entity_aliases e where e.tenant_id = v_tenant_id and e.alias_text ilike v_like
      union all
      select 'asset', a.id, a.name, 'name', 0.8
      from app.assets a where a.tenant_id = v_tenant_id and a.name ilike v_like
      union all
      select 'part', p.id, p.name, 'name', 0.8
      from app.parts p where p.tenant_id = v_tenant_id and p.name ilike v_like
      union all
      select 'location', l.id, l.name, 'name', 0.8
      from app.locations l where l.tenant_id = v_tenant_id and l.name ilike v_like
    ) f (kind, id, label, reason, points)
    where p_entity_types is null or f.kind = any (p_entity_types)
    order by f.points desc, length(f.label), f.label, f.id
    limit least(greatest(coalesce(p_limit, 10), 1), 50);
end $$;

-- The same for people who must choose: each asset, part and location once, for the
-- best reason, with what tells it from others. Identifiers count as a whole and by
-- their case.
create function public.rpc_search_entity_candidates_v2(
  p_query text, p_entity_types text[] default null, p_limit integer default 10
) returns table (
  entity_type text, entity_id uuid, label text, match_type text, score double precision, subtitle text,
  site_name text, location_path text, asset_number text, barcode text, part_number text, supplier_name text,
  disambiguation_hint text)
language plpgsql stable set search_path = '' as $$
declare
  v_tenant_id constant uuid := app.searched_tenant();
  v_query constant text := nullif(btrim(p_query), '');
  v_like constant text := '%' || v_query || '%';
begin
  if v_tenant_id is null or v_query is null then
    return;
  end if;
  return query
    with places as materialized (
      select h.id, h.name, h.code, h.location_type as kind, array_to_string(h.path_names, ' > ') as path,
        (select s.name
         from unnest(h.path_ids) with ordinality i (id, n)
         join app.locations s on s.id = i.id
         where s.location_type = 'site' order by i.n limit 1) as site
      from app.location_hierarchy h
    ),
    things as (
      select 'asset' as kind, a.id, a.name, a.name as label, a.asset_number as number, a.barcode as code, null as external_id,
        array[nullif(a.asset_number, ''), nullif(a.barcode, ''), nullif(l.path, ''), nullif(a.status, '')] as about,
        l.site, l.path, null as supplier,
        coalesce(l.path, concat_ws(' · ', nullif(a.asset_number, ''), nullif(a.barcode, ''))) as hint
      from app.assets a
      left join places l on l.id = a.location_id
      where a.tenant_id = v_tenant_id
      union all
      select 'part', p.id, p.name, coalesce(nullif(p.name, ''), p.part_number), p.part_number, p.barcode, p.external_id,
        array[p.part_number, nullif(p.barcode, ''), nullif(s.name, '')],
        null, null, s.name, concat_ws(' · ', p.part_number, nullif(p.barcode, ''), nullif(s.name, ''))
      from app.parts p
      left join app.suppliers s on s.id = p.preferred_supplier_id
      where p.tenant_id = v_tenant_id
      union all
      select 'location', l.id, l.name, l.name, l.code, null, null,
        array[l.kind, nullif(l.code, ''), nullif(l.path, '')], l.site, l.path, null,
        coalesce(l.path, l.code, l.kind)
      from places l
    ),
    wanted as (
      select * from things t where p_entity_types is null or t.kind = any (p_entity_types)
    ),
    hits as (
      select w.kind, w.id, case when e.alias_text = v_query then 'alias_exact' else 'alias_partial' end as reason,
        case when e.alias_text = v_query then 1.0 else 0.96 end as points, e.alias_text as alias
      from app.entity_aliases e
      join wanted w on w.kind = e.entity_type and w.id = e.entity_id
      where e.tenant_id = v_tenant_id and (e.alias_text = v_query or e.alias_text ilike v_like)
      union all
      select w.kind, w.id, 'barcode_exact', 0.99, null from wanted w where w.code = v_query
      union all
      select w.kind, w.id,
        case w.kind when 'asset' then 'asset_number_exact' when 'part' then 'part_number_exact' else 'code_exact' end, 0.98, null
      from wanted w where w.number = v_query
      union all
      select w.kind, w.id, 'external_id_exact', 0.97, null from wanted w where w.external_id = v_query
      union all
      select w.kind, w.id, 'name_exact', 0.95, null from wanted w where lower(w.name) = lower(v_query)
      union all
      select w.kind, w.id, 'name_partial', 0.80, null from wanted w where w.name ilike v_like
    ),
    best as (
      select distinct on (h.kind, h.id) h.*
      from hits h
      order by h.kind, h.id, h.points desc, length(h.alias), h.reason, h.alias
    )
    select w.kind, w.id, w.label, b.reason, b.points::double precision,
      array_to_string('alias: ' || b.alias || w.about, ' · '), w.site, w.path,
      case when w.kind = 'asset' then w.number end, w.code,
      case when w.kind = 'part' then w.number end, w.supplier, w.hint
    from best b
    join wanted w on w.kind = b.kind and w.id = b.id
    order by b.points desc, length(w.label), w.kind, w.label, w.id
    limit least(greatest(coalesce(p_limit, 10), 1), 50);
end $$;

-- ---------------------------------------------------------------- grants

revoke execute on all functions in schema app from public;
grant execute on function app.searched_tenant(integer) to anon, authenticated;

grant select on app.entity_aliases to authenticated;

revoke execute on function public.rpc_register_entity_alias, public.rpc_search_entity_candidates,
  public.rpc_search_entity_candidates_v2 from public;
grant execute on function public.rpc_register_entity_alias, public.rpc_search_entity_candidates,
  public.rpc_search_entity_candidates_v2 to anon, authenticated, service_role;
