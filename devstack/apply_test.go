package devstack

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

func TestSplit(t *testing.T) {
	type want = []statement
	for _, tc := range []struct {
		name, sql string
		want      want
	}{
		{"empty", " \n-- nothing\n;;/* at all */", nil},
		{"lines", "select 1;\n\n-- two\nselect\n 2 ;select 3", want{{"select 1", 1}, {"select\n 2", 4}, {"select 3", 5}}},
		{"quotes", `select ';', 'it''s;', ";"";"; select 2`, want{{`select ';', 'it''s;', ";"";"`, 1}, {"select 2", 1}}},
		{"backslashes", `select e'\';', '\'; select E'\\'; select name'\'`, want{{`select e'\';', '\'`, 1}, {`select E'\\'`, 1}, {`select name'\'`, 1}}},
		{"dollars", "do $$ a; $x$ b; $$; select $1, $a1$;$a1$, a$b$;", want{{"do $$ a; $x$ b; $$", 1}, {"select $1, $a1$;$a1$, a$b$", 1}}},
		{"comments", "select 1 -- ;\n/* ; /* ; */ ; */ + 1; select 2", want{{"select 1 -- ;\n/* ; /* ; */ ; */ + 1", 1}, {"select 2", 2}}},
		{
			"begin atomic",
			"create function f() returns int begin atomic select case when true then 1 end; select 2; end; begin; commit; end;",
			want{{"create function f() returns int begin atomic select case when true then 1 end; select 2; end", 1}, {"begin", 1}, {"commit", 1}, {"end", 1}},
		},
		{"open quote", "select 'a;", want{{"select 'a;", 1}}},
		{"open dollar", "do $$ a;", want{{"do $$ a;", 1}}},
		{"open comment", "select 1; /* a;", want{{"select 1", 1}}},
		{"letters", "select 'ä;' as größe;\nselect 2;", want{{"select 'ä;' as größe", 1}, {"select 2", 2}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := split(tc.sql)
			require.Empty(t, cmp.Diff(tc.want, got, cmp.AllowUnexported(statement{})))
		})
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("select ';'; do $$ ; $$; /* ; */ -- ;\n e'\\'' \"")
	f.Fuzz(func(t *testing.T, sql string) {
		for _, st := range split(sql) {
			if st.text == "" || st.line < 1 {
				t.Fatalf("%q: statement %q in line %d", sql, st.text, st.line)
			}
		}
	})
}

func TestFailingSQLIsLocated(t *testing.T) {
	for _, tc := range []struct{ name, sql, want string }{
		{
			"at a position", "select 1;\n\nselect 'ä',\n  nothing;\n",
			"devstack: 02.sql:4: ERROR: column \"nothing\" does not exist (SQLSTATE 42703)",
		},
		{
			"at run time", "select 1;\n\n\ncreate table a (id int primary key);\ninsert into a values (1), (1);\n",
			"devstack: 02.sql:5: ERROR: duplicate key value violates unique constraint \"a_pkey\" (SQLSTATE 23505)\n\tdetail: Key (id)=(1) already exists.",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			box := newSandbox(t)
			_, err := Start(t.Context(), box.options(WithSchema(fstest.MapFS{
				"02.sql": {Data: []byte(tc.sql)}, "01.sql": {Data: []byte("select 1;")}, "README.md": {Data: []byte("no SQL")},
			}))...)
			require.EqualError(t, err, tc.want)
			box.requireClean(t)
		})
	}
}

func TestSettingsOfOneFileDoNotReachTheNext(t *testing.T) {
	t.Parallel()
	stack := newSandbox(t).start(t, WithSchema(fstest.MapFS{
		"1.sql": {Data: []byte("set search_path to auth; set role anon;")},
		"2.sql": {Data: []byte("create table here (); create table result as select current_schema() as s, current_user as u;")},
	}))
	require.Equal(t, "public/postgres", query(t, stack.DatabaseURL, "select s || '/' || u from public.result"))
}

// TestBootstrap checks what a Supabase project has before its first migration.
func TestBootstrap(t *testing.T) {
	t.Parallel()
	stack := newSandbox(t).start(t, WithSchema(fstest.MapFS{"1.sql": {Data: []byte(`
		create table public.t (id int generated always as identity);
		create view public.v as select 1 as one;
		create function public.f() returns int language sql return 1;`)}}))
	for sql, want := range map[string]string{
		`select string_agg(r || ':' || has_table_privilege(r, 'public.t', 'insert') || has_table_privilege(r, 'public.v', 'select')
			|| has_function_privilege(r, 'public.f()', 'execute') || has_sequence_privilege(r, 'public.t_id_seq', 'usage'), ' ' order by r)
			from unnest(array['anon','authenticated','service_role']) r`: "anon:truetruetruetrue authenticated:truetruetruetrue service_role:truetruetruetrue",
		`select string_agg(rolname, ' ' order by rolname) from pg_roles where rolbypassrls and not rolsuper`:                                        "service_role",
		`select string_agg(rolname, ' ' order by rolname) from pg_roles where rolcanlogin`:                                                          "authenticator postgres supabase_auth_admin",
		`select string_agg(roleid::regrole::text, ' ' order by roleid::regrole::text) from pg_auth_members where member = 'authenticator'::regrole`: "anon authenticated service_role",
		`select rolinherit::text from pg_roles where rolname = 'authenticator'`:                                                                     "false",
		`select extensions.digest('a', 'sha256')::text`:                                                                                             "\\xca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
		`show search_path`:     `"$user", public, extensions`,
		`show server_encoding`: "UTF8",
		`select lower('É')`:    "é",
	} {
		require.Equal(t, want, query(t, stack.DatabaseURL, sql), sql)
	}
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, sql := range map[string]string{
		"20250101000000_extensions.sql": `
			create extension if not exists "pgcrypto" with schema extensions;
			create extension if not exists pg_trgm with schema extensions;
			create extension if not exists vector with schema extensions;
			CREATE EXTENSION IF NOT EXISTS pg_cron;
			create extension pg_net;
			create extension if not exists "supabase_vault" with schema vault;
			comment on extension pg_cron is 'jobs';
			create extension pgaudit_of_the_future cascade;
			drop extension if exists pg_cron;`,
		"20250102000000_tables.sql": `
			begin;
			create table public.documents (id int primary key, owner uuid references auth.users default auth.uid(), embedding extensions.vector(3));
			commit;
			create index on public.documents using hnsw (embedding vector_cosine_ops);
			alter table public.documents enable row level security;
			create policy own on public.documents to authenticated using (owner = (select auth.uid()));
			insert into public.documents (id, embedding) values (1, '[1,0,0]'), (2, '[0,1,0]'), (3, array[0.6,0.8,0]::real[]);
			alter publication supabase_realtime add table public.documents;
			alter default privileges for role supabase_admin in schema public grant all on tables to service_role;`,
		"20250103000000_services.sql": `
			select vault.create_secret('s3cret', 'api_key');
			select cron.schedule('nightly', '0 3 * * *', $$select net.http_post(url := 'http://localhost/x', body := '{"a":1}'::jsonb)$$);
			select net.http_post(url := 'http://localhost/x', headers := '{}'::jsonb, body := '{"a":1}'::jsonb);
			insert into storage.buckets (id, name, public) values ('a', 'a', false);
			create policy mine on storage.objects for select to authenticated
				using (bucket_id = 'a' and (storage.foldername(name))[1] = auth.uid()::text);`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(sql), 0o600))
	}
	box := newSandbox(t)
	stack := box.start(t, func(c *config) error { c.schema = nil; return nil }, WithMigrations(dir))
	for sql, want := range map[string]string{
		`select string_agg(id::text, ' ' order by embedding <=> '[0.5,0.9,0]') from public.documents`:                                                            "3 2 1",
		`select string_agg(id::text, ' ' order by embedding <-> '[1,0.1,0]') from public.documents`:                                                              "1 3 2",
		`select string_agg(id::text, ' ' order by embedding <#> '[0,2,0]') from public.documents`:                                                                "2 3 1",
		`select string_agg(e::text, ' ' order by id) from (select id, embedding as e from public.documents) d`:                                                   "[1,0,0] [0,1,0] [0.6,0.8,0]",
		`select format_type(atttypid, atttypmod) from pg_attribute where attname = 'embedding'`:                                                                  "vector(3)",
		`select decrypted_secret from vault.decrypted_secrets where name = 'api_key'`:                                                                            "s3cret",
		`select schedule from cron.job where jobname = 'nightly'`:                                                                                                "0 3 * * *",
		`select method || ' ' || convert_from(body, 'UTF8') from net.http_request_queue`:                                                                         `POST {"a": 1}`,
		`select array_to_string(storage.foldername('x/y/z.tar.gz'), '/') || ' ' || storage.filename('x/y/z.tar.gz') || ' ' || storage.extension('x/y/z.tar.gz')`: "x/y z.tar.gz gz",
		`select extname from pg_extension where extname = 'pg_trgm'`:                                                                                             "pg_trgm",
	} {
		require.Equal(t, want, query(t, stack.DatabaseURL, sql), sql)
	}
	require.Equal(t, "true", query(t, stack.DatabaseURL, "select cron.unschedule('nightly')::text"))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "2026.sql"), []byte("select 1;\nselec 2;"), 0o600))
	_, err := Start(t.Context(), box.options(func(c *config) error { c.schema = nil; return nil }, WithMigrations(dir))...)
	require.ErrorContains(t, err, filepath.Join(dir, "2026.sql")+":2: ERROR: syntax error")
}
