-- Stand-ins for a project's migrations: what they expect of the services and
-- extensions that a stack lacks. They take the same calls and store what they
-- are told, but nothing encrypts, calls out or runs on time.

-- Roles that dumps of a project mention ----------------------------------------

do $$
declare
  r text;
begin
  foreach r in array array['supabase_admin', 'supabase_storage_admin', 'supabase_realtime_admin', 'dashboard_user'] loop
    if not exists (select from pg_roles where rolname = r) then
      execute format('create role %I nologin', r);
    end if;
  end loop;
end
$$;

create publication supabase_realtime;

-- pg_cron: jobs are listed and never run ---------------------------------------

create schema cron;

create table cron.job (
  jobid    bigint generated always as identity primary key,
  schedule text not null,
  command  text not null,
  nodename text not null default 'localhost',
  nodeport integer not null default coalesce(inet_server_port(), 5432),
  database text not null default current_database(),
  username text not null default current_user,
  active   boolean not null default true,
  jobname  text,
  unique (jobname, username)
);

create table cron.job_run_details (
  jobid          bigint,
  runid          bigint generated always as identity primary key,
  job_pid        integer,
  database       text,
  username       text,
  command        text,
  status         text,
  return_message text,
  start_time     timestamptz,
  end_time       timestamptz
);

create function cron.schedule(job_name text, schedule text, command text)
returns bigint language sql as $$
  insert into cron.job (jobname, schedule, command) values (job_name, schedule, command)
  on conflict (jobname, username) do update set schedule = excluded.schedule, command = excluded.command
  returning jobid
$$;

create function cron.schedule(schedule text, command text)
returns bigint language sql as $$
  insert into cron.job (schedule, command) values (schedule, command) returning jobid
$$;

create function cron.unschedule(job_id bigint)
returns boolean language plpgsql as $$
begin
  delete from cron.job where jobid = job_id;
  if not found then
    raise exception 'could not find valid entry for job %', job_id;
  end if;
  return true;
end
$$;

create function cron.unschedule(job_name text)
returns boolean language plpgsql as $$
begin
  delete from cron.job where jobname = job_name;
  if not found then
    raise exception 'could not find valid entry for job ''%''', job_name;
  end if;
  return true;
end
$$;

create function cron.schedule_in_database(job_name text, schedule text, command text, database text, username text default null, active boolean default true)
returns bigint language sql as $$
  insert into cron.job (jobname, schedule, command, database, username, active)
  values (job_name, schedule, command, database, coalesce(username, current_user), active)
  on conflict (jobname, username) do update
    set schedule = excluded.schedule, command = excluded.command, database = excluded.database, active = excluded.active
  returning jobid
$$;

create function cron.alter_job(job_id bigint, schedule text default null, command text default null, database text default null, username text default null, active boolean default null)
returns void language plpgsql as $$
begin
  update cron.job j set
    schedule = coalesce(alter_job.schedule, j.schedule), command = coalesce(alter_job.command, j.command),
    database = coalesce(alter_job.database, j.database), username = coalesce(alter_job.username, j.username),
    active = coalesce(alter_job.active, j.active)
  where j.jobid = job_id;
  if not found then
    raise exception 'Job % does not exist or you don''t own it', job_id;
  end if;
end
$$;

grant usage on schema cron to postgres;
grant all on all tables in schema cron to postgres;

-- Database webhooks: what a trigger sends goes into pg_net's queue -----------------

create schema supabase_functions;

create table supabase_functions.hooks (
  id            bigint generated always as identity primary key,
  hook_table_id integer not null,
  hook_name     text not null,
  created_at    timestamptz not null default now(),
  request_id    bigint
);

-- The arguments are address, method, headers, parameters and milliseconds.
create function supabase_functions.http_request() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_url     text := tg_argv[0];
  v_method  text := upper(tg_argv[1]);
  v_headers jsonb := coalesce(nullif(tg_argv[2], 'null'), '{"Content-Type": "application/json"}')::jsonb;
  v_params  jsonb := coalesce(nullif(tg_argv[3], 'null'), '{}')::jsonb;
  v_timeout integer := coalesce(nullif(tg_argv[4], 'null'), '1000')::integer;
  v_id      bigint;
begin
  if coalesce(v_url, 'null') = 'null' then
    raise exception 'url argument is missing';
  end if;
  case v_method
    when 'GET' then
      v_id := net.http_get(v_url, v_params, v_headers, v_timeout);
    when 'POST' then
      v_id := net.http_post(v_url, jsonb_build_object(
        'old_record', case when tg_op = 'INSERT' then null else to_jsonb(old) end,
        'record', case when tg_op = 'DELETE' then null else to_jsonb(new) end,
        'type', tg_op, 'table', tg_table_name, 'schema', tg_table_schema), v_params, v_headers, v_timeout);
    else
      raise exception 'method argument % is invalid', v_method;
  end case;
  insert into supabase_functions.hooks (hook_table_id, hook_name, request_id) values (tg_relid::integer, tg_name, v_id);
  return coalesce(new, old);
end
$$;

grant usage on schema supabase_functions to postgres, anon, authenticated, service_role;
grant all on all tables in schema supabase_functions to postgres, service_role;
