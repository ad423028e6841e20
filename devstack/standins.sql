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

grant usage on schema cron to postgres;
grant all on all tables in schema cron to postgres;

-- vector: text of the form [1,2,3], with the distances and without indexes --------

do $standin$
begin
  if exists (select from pg_available_extensions where name = 'vector') then
    return;
  end if;

  create type extensions.vector;
  create function extensions.vector_in(cstring) returns extensions.vector language internal immutable strict parallel safe as 'textin';
  create function extensions.vector_out(extensions.vector) returns cstring language internal immutable strict parallel safe as 'textout';
  create function extensions.vector_recv(internal) returns extensions.vector language internal stable strict parallel safe as 'textrecv';
  create function extensions.vector_send(extensions.vector) returns bytea language internal stable strict parallel safe as 'textsend';
  create function extensions.vector_typmod_in(cstring[]) returns integer language internal immutable strict parallel safe as 'varbittypmodin';
  create function extensions.vector_typmod_out(integer) returns cstring language internal immutable strict parallel safe as 'varbittypmodout';
  create type extensions.vector (
    input = extensions.vector_in, output = extensions.vector_out,
    receive = extensions.vector_recv, send = extensions.vector_send,
    typmod_in = extensions.vector_typmod_in, typmod_out = extensions.vector_typmod_out,
    like = text
  );
  create cast (extensions.vector as text) without function as assignment;
  create cast (text as extensions.vector) without function as assignment;

  create function extensions.vector_values(v extensions.vector) returns double precision[]
  language sql immutable strict parallel safe as $$ select translate(v::text, '[]', '{}')::double precision[] $$;

  create function extensions.array_to_vector(a double precision[]) returns extensions.vector
  language sql immutable strict parallel safe as $$ select translate(a::text, '{}', '[]')::extensions.vector $$;
  create function extensions.array_to_vector(a real[]) returns extensions.vector
  language sql immutable strict parallel safe as $$ select translate(a::text, '{}', '[]')::extensions.vector $$;
  create cast (double precision[] as extensions.vector) with function extensions.array_to_vector(double precision[]) as assignment;
  create cast (real[] as extensions.vector) with function extensions.array_to_vector(real[]) as assignment;

  create function extensions.vector_dims(v extensions.vector) returns integer
  language sql immutable strict parallel safe as $$ select cardinality(extensions.vector_values(v)) $$;

  create function extensions.inner_product(a extensions.vector, b extensions.vector) returns double precision
  language plpgsql immutable strict parallel safe as $$
  declare
    x double precision[] := extensions.vector_values(a);
    y double precision[] := extensions.vector_values(b);
  begin
    if cardinality(x) <> cardinality(y) then
      raise exception 'different vector dimensions % and %', cardinality(x), cardinality(y) using errcode = '22000';
    end if;
    return (select coalesce(sum(p * q), 0) from unnest(x, y) as t(p, q));
  end
  $$;
  create function extensions.vector_norm(v extensions.vector) returns double precision
  language sql immutable strict parallel safe as $$ select sqrt(extensions.inner_product(v, v)) $$;
  create function extensions.vector_negative_inner_product(a extensions.vector, b extensions.vector) returns double precision
  language sql immutable strict parallel safe as $$ select -extensions.inner_product(a, b) $$;
  create function extensions.cosine_distance(a extensions.vector, b extensions.vector) returns double precision
  language sql immutable strict parallel safe as $$
    select 1 - extensions.inner_product(a, b) / nullif(extensions.vector_norm(a) * extensions.vector_norm(b), 0)
  $$;
  create function extensions.l2_distance(a extensions.vector, b extensions.vector) returns double precision
  language sql immutable strict parallel safe as $$
    select sqrt(greatest(0, extensions.inner_product(a, a) - 2 * extensions.inner_product(a, b) + extensions.inner_product(b, b)))
  $$;

  create operator extensions.<=> (leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.cosine_distance, commutator = operator(extensions.<=>));
  create operator extensions.<-> (leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.l2_distance, commutator = operator(extensions.<->));
  create operator extensions.<#> (leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.vector_negative_inner_product, commutator = operator(extensions.<#>));
end
$standin$;
