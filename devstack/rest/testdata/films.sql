-- Tables that are related in every way that PostgREST follows.
create table public.people (id int primary key, name text, mentor int references public.people);
create table public.films (
  id       int primary key,
  title    text,
  year     int,
  director int constraint films_director_fkey references public.people,
  writer   int constraint films_writer_fkey references public.people
);
create table public.posters (film int primary key references public.films, size text);
create table public.roles (
  film   int references public.films,
  person int references public.people,
  part   text,
  primary key (film, person)
);
create table public.scenes (film int, person int, no int, primary key (film, no), foreign key (film, person) references public.roles);
create view public.titles as select id as film_id, title, director as by from public.films;
create function public.sequels(public.films) returns setof public.films stable language sql
  as $$ select * from public.films f where f.year > $1.year and f.director = $1.director $$;
create function public.largest_poster(public.films) returns setof public.posters rows 1 stable language sql
  as $$ select * from public.posters p where p.film = $1.id $$;
create function public.films_of(y int) returns setof public.films stable language sql as $$ select * from public.films where year = y $$;
grant select on public.people, public.films, public.posters, public.roles, public.scenes, public.titles to authenticated;
grant insert, update, delete on public.films to authenticated;

insert into public.people values (1, 'Ann', null), (2, 'Ben', 1), (3, 'Cy', 1);
insert into public.films values (1, 'Alba', 1990, 1, 2), (2, 'Brio', 1995, 1, null), (3, 'Coda', 1990, 3, 3), (4, 'Dust', 2000, null, null);
insert into public.posters values (1, 'A1'), (3, 'A2');
insert into public.roles values (1, 2, 'king'), (1, 3, 'fool'), (2, 2, 'cook');
insert into public.scenes values (1, 2, 1), (1, 3, 2);
