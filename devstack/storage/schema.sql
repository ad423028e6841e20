-- The database side of the Storage service: buckets, the objects in them, and the
-- functions that policies take an object's name apart with.
-- Expects the roles anon, authenticated, service_role, postgres.
--
-- There is no bucket yet and no policy: until a backend creates some, only
-- service_role sees or writes anything.

create schema storage;

-- Tables ---------------------------------------------------------------------

create table storage.buckets (
  id                 text primary key,
  name               text not null unique,
  owner              uuid,
  owner_id           text,
  public             boolean default false,
  avif_autodetection boolean default false,
  file_size_limit    bigint,  -- bytes of one object, null for no limit
  allowed_mime_types text[],  -- such as image/png or image/*, null for all
  created_at         timestamptz default now(),
  updated_at         timestamptz default now()
);

-- objects: one row per file. The bytes are the service's; version names them, and
-- a row without one has none.
create table storage.objects (
  id               uuid primary key default gen_random_uuid(),
  bucket_id        text references storage.buckets,
  name             text,
  owner            uuid,  -- owner_id where that is a UUID, for older policies
  created_at       timestamptz default now(),
  updated_at       timestamptz default now(),
  last_accessed_at timestamptz default now(),
  metadata         jsonb, -- what the service knows of the bytes: size, mimetype, …
  path_tokens      text[] generated always as (string_to_array(name, '/')) stored,
  version          text,
  owner_id         text,  -- claim sub of the token it was uploaded with
  user_metadata    jsonb  -- what the uploader said
);
create unique index bucketid_objname on storage.objects (bucket_id, name);
create index name_prefix_search on storage.objects (name text_pattern_ops);

alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;

-- Functions ------------------------------------------------------------------

create function storage.foldername(name text) returns text[]
  language sql immutable
  return (string_to_array(name, '/'))[1:cardinality(string_to_array(name, '/')) - 1];

create function storage.filename(name text) returns text
  language sql immutable
  return (string_to_array(name, '/'))[cardinality(string_to_array(name, '/'))];

create function storage.extension(name text) returns text
  language sql immutable
  return reverse(split_part(reverse(storage.filename(name)), '.', 1));

create function storage.update_updated_at_column() returns trigger
  language plpgsql as $$
begin
  new.updated_at = now();
  return new;
end
$$;

create trigger update_objects_updated_at before update on storage.objects
  for each row execute function storage.update_updated_at_column();

-- Grants ---------------------------------------------------------------------
-- Policies decide who may do what.

grant usage on schema storage to postgres, anon, authenticated, service_role;
grant all on all tables in schema storage to postgres, anon, authenticated, service_role;
