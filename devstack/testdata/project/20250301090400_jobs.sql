-- Every note is announced, with a key from the Vault; old notes go at night.
select vault.create_secret('a key of the club', 'announce_key', 'for the notice board');

create function public.announce_note() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_key text;
begin
  select decrypted_secret into v_key from vault.decrypted_secrets where name = 'announce_key';
  perform net.http_post(
    url := 'https://board.example.com/notes',
    headers := jsonb_build_object('Content-Type', 'application/json', 'Authorization', 'Bearer ' || v_key),
    body := jsonb_build_object('id', new.id, 'body', new.body),
    timeout_milliseconds := 2000
  );
  return new;
end $$;

create trigger announce after insert on public.notes
  for each row execute function public.announce_note();

-- Database webhooks, as the dashboard writes them.
create trigger plots_webhook after insert on public.plots
  for each row execute function supabase_functions.http_request(
    'https://board.example.com/plots', 'POST', '{"Content-Type":"application/json"}', '{"source":"plots"}', '1000');
create trigger members_webhook after delete on public.members
  for each row execute function supabase_functions.http_request('https://board.example.com/members', 'GET', '{}', '{"who":"ä & b","left":"yes"}');

select cron.schedule('forget old notes', '15 3 * * *', $$delete from public.notes where created_at < now() - interval '1 year'$$);
select cron.schedule('forget', '0 0 * * *', 'select 1');
select cron.unschedule('forget');
select cron.alter_job((select jobid from cron.job where jobname = 'forget old notes'), schedule := '30 3 * * *');
select cron.schedule_in_database('tidy', '0 1 * * 0', 'vacuum', 'postgres', active := false);
