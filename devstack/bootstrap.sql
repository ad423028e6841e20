-- What a Supabase project has before its own first migration: the roles of the
-- API, the schemas beside public, and the privileges that new objects get.
--
-- Roles belong to the whole server, so they may exist already.

do $$
declare
  r text[];
begin
  foreach r slice 1 in array array[
    ['anon',                'nologin noinherit'],
    ['authenticated',       'nologin noinherit'],
    ['service_role',        'nologin noinherit bypassrls'],
    ['authenticator',       'login noinherit'],
    ['supabase_auth_admin', 'login noinherit createrole'],
    ['postgres',            'nologin']
  ] loop
    if not exists (select from pg_roles where rolname = r[1]) then
      begin
        execute format('create role %I %s', r[1], r[2]);
      exception when duplicate_object or unique_violation then
        null; -- another stack on this server was quicker
      end;
    end if;
  end loop;

  foreach r slice 1 in array array[['anon'], ['authenticated'], ['service_role']] loop
    if not pg_has_role('authenticator', r[1], 'member') then
      execute format('grant %I to authenticator', r[1]);
    end if;
  end loop;
end
$$;

-- Schemas --------------------------------------------------------------------

create schema extensions;
grant usage on schema extensions to public;

create schema auth authorization supabase_auth_admin;
grant usage on schema auth to anon, authenticated, service_role;
grant all on schema auth to postgres;

do $$
begin
  execute format('alter database %I set search_path to "$user", public, extensions', current_database());
  execute format('alter database %I set timezone to ''UTC''', current_database());
  execute format('grant connect, create, temporary on database %I to supabase_auth_admin', current_database());
end
$$;

do $$
declare
  name text;
begin
  for name in
    select e.name from pg_available_extensions e where e.name in ('pgcrypto', 'uuid-ossp') order by 1
  loop
    execute format('create extension %I with schema extensions', name);
  end loop;
end
$$;

-- Privileges -----------------------------------------------------------------

grant usage on schema public to postgres, anon, authenticated, service_role;
alter default privileges in schema public grant all on tables    to postgres, anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges in schema public grant all on sequences to postgres, anon, authenticated, service_role;
