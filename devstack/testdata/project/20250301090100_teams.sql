-- A garden club: members of a plot write down what they did there.
set check_function_bodies = off;

create table public.plots (
  id   uuid primary key default extensions.uuid_generate_v4(),
  name text not null unique
);

create table public.members (
  user_id uuid primary key references auth.users (id) on delete cascade,
  plot_id uuid not null references public.plots (id),
  email   text not null
);

create table public.notes (
  id         bigint generated always as identity primary key,
  plot_id    uuid not null references public.plots (id),
  author_id  uuid not null default auth.uid() references public.members (user_id),
  body       text not null check (length(body) between 1 and 200),
  created_at timestamptz not null default now()
);

alter table public.plots enable row level security;
alter table public.members enable row level security;
alter table public.notes enable row level security;

-- The plot that the caller's token names.
create function public.current_plot() returns uuid
language sql stable set search_path = ''
as $$ select nullif(auth.jwt() ->> 'plot_id', '')::uuid $$;

create policy "members see their plot" on public.plots for select to authenticated
  using (id = (select public.current_plot()));
create policy "members see each other" on public.members as permissive for select to authenticated
  using (plot_id = (select public.current_plot()));
create policy "members read notes" on public.notes for select to authenticated
  using (plot_id = (select public.current_plot()));

create view public.v_notes with (security_invoker = true) as
select n.id, n.body, n.created_at, m.email as author, p.name as plot
from public.notes n
join public.members m on m.user_id = n.author_id
join public.plots p on p.id = n.plot_id;

create function public.add_note(p_body text) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  v_id bigint;
begin
  if public.current_plot() is null then
    raise exception 'no plot' using errcode = '42501';
  end if;
  insert into public.notes (plot_id, body) values (public.current_plot(), p_body) returning id into v_id;
  return v_id;
end $$;

-- Who signs up with the name of a plot joins it.
create function public.handle_new_user() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_plot uuid;
begin
  insert into public.plots (name) values (coalesce(new.raw_user_meta_data ->> 'plot', 'common'))
  on conflict (name) do update set name = excluded.name
  returning id into v_plot;
  insert into public.members (user_id, plot_id, email) values (new.id, v_plot, new.email);
  return new;
end $$;

create trigger on_auth_user_created after insert on auth.users
  for each row execute procedure public.handle_new_user();

alter publication supabase_realtime add table public.notes;
