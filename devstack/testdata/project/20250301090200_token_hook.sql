-- The plot goes into every token.
create or replace function public.custom_access_token_hook(event jsonb) returns jsonb
language plpgsql stable as $$
declare
  v_plot uuid;
begin
  select m.plot_id into v_plot from public.members m where m.user_id = (event ->> 'user_id')::uuid;
  if v_plot is not null then
    event := jsonb_set(event, '{claims,plot_id}', to_jsonb(v_plot));
  end if;
  return event;
end $$;

grant usage on schema public to supabase_auth_admin;
grant execute on function public.custom_access_token_hook to supabase_auth_admin;
revoke execute on function public.custom_access_token_hook from authenticated, anon, public;
grant select on table public.members to supabase_auth_admin;
create policy "Auth reads members" on public.members as permissive for select to supabase_auth_admin using (true);
