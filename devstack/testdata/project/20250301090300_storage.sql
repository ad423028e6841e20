-- Photographs, in a folder for each plot.
insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('photos', 'photos', false, 1048576, array['image/png', 'image/jpeg'])
on conflict (id) do nothing;

create policy "members add photos" on storage.objects for insert to authenticated
  with check (bucket_id = 'photos' and (storage.foldername(name))[1] = (select public.current_plot())::text);
create policy "members see photos" on storage.objects for select to authenticated
  using (bucket_id = 'photos' and (storage.foldername(name))[1] = (select public.current_plot())::text);
