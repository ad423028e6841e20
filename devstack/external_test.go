package devstack

import (
	"context"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// The server of one stack serves as somebody else's server for others.

func databases(t *testing.T, url string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), "select regexp_replace(datname, '_[a-z0-9]{20,}$', '') from pg_database where datname like 'devstack%' order by 1")
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return names
}

func TestGivenServer(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	host := box.start(t)
	stack := box.start(t, WithDatabaseURL(host.DatabaseURL))
	require.Len(t, box.runDirs(t), 2, "one holds files only")
	require.NoFileExists(t, filepath.Join(stack.db.directory(), "data", "postmaster.pid"), "no server of its own")
	require.Equal(t, []string{"devstack_run", "devstack_template"}, databases(t, host.DatabaseURL))
	require.Equal(t, `"$user", public, extensions`, query(t, stack.DatabaseURL, "show search_path"))
	require.Equal(t, "UTC database", query(t, stack.DatabaseURL, "select setting || ' ' || source from pg_settings where name = 'TimeZone'"), "whatever the server's is")

	other := box.start(t, WithDatabaseURL(host.DatabaseURL))
	require.Equal(t, []string{"devstack_run", "devstack_run", "devstack_template"}, databases(t, host.DatabaseURL), "the template is used again")
	query(t, stack.DatabaseURL, "with x as (insert into notes values (1) returning id) select count(*)::text from x")
	require.Equal(t, "0", query(t, other.DatabaseURL, "select count(*)::text from notes"))

	for _, s := range []*Stack{stack, other} {
		var session, current string
		require.NoError(t, s.pools[0].QueryRow(t.Context(), "select session_user, current_user").Scan(&session, &current))
		require.Equal(t, []string{"authenticator", "authenticator"}, []string{session, current})
		status, body := get(t, s.URL+"/rest/v1/notes", map[string][]string{"Apikey": {s.ServiceRoleKey}})
		require.Equal(t, 200, status, body)
		require.NoError(t, s.Close())
	}
	require.Equal(t, []string{"devstack_template"}, databases(t, host.DatabaseURL))
}

func TestGivenServerConcurrentStarts(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	host := box.start(t)
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			s, err := Start(t.Context(), box.options(WithDatabaseURL(host.DatabaseURL))...)
			if err == nil {
				err = s.Close()
			}
			errs[i] = err
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, []string{"devstack_template"}, databases(t, host.DatabaseURL))
}

func TestGivenServerStaleDatabasesAreDropped(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	host := box.start(t)
	for _, name := range []string{"devstack_run_dead", "devstack_new_dead"} {
		conn, err := pgx.Connect(t.Context(), host.DatabaseURL)
		require.NoError(t, err)
		_, err = conn.Exec(t.Context(), "create database "+name)
		require.NoError(t, err)
		require.NoError(t, conn.Close(t.Context()))
	}
	live := box.start(t, WithDatabaseURL(host.DatabaseURL))
	box.start(t, WithDatabaseURL(host.DatabaseURL))
	require.Equal(t, []string{"devstack_run", "devstack_run", "devstack_template"}, databases(t, host.DatabaseURL))
	require.Equal(t, "0", query(t, live.DatabaseURL, "select count(*)::text from notes"))
}

func TestGivenServerRefusals(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	host := box.start(t)
	conn, err := pgx.Connect(t.Context(), host.DatabaseURL)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "create role small login createdb password 'pw'")
	require.NoError(t, err)

	u, err := url.Parse(host.DatabaseURL)
	require.NoError(t, err)
	u.User = url.UserPassword("small", "pw")
	_, err = Start(t.Context(), box.options(WithDatabaseURL(u.String()))...)
	require.ErrorContains(t, err, "user small of DEVSTACK_DATABASE_URL is not superuser")

	u.User = url.UserPassword("postgres", "wr0ng")
	_, err = Start(t.Context(), box.options(WithDatabaseURL(u.String()))...)
	require.ErrorContains(t, err, "28P01")
	require.NotContains(t, err.Error(), "wr0ng")

	_, err = Start(t.Context(), box.options(WithDatabaseURL("postgres://u:s3cret@[::1/x"))...)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "s3cret")
}

func TestDatabaseURLFromTheEnvironment(t *testing.T) {
	t.Setenv(DatabaseURLEnv, "postgres://somewhere")
	c, err := newConfig(nil)
	require.NoError(t, err)
	require.Equal(t, "postgres://somewhere", c.databaseURL)
	c, err = newConfig([]Option{WithDatabaseURL("")})
	require.NoError(t, err)
	require.Empty(t, c.databaseURL)
}

func TestExternalAddress(t *testing.T) {
	for source, want := range map[string]string{
		"postgres://u:p@h:1/db?sslmode=disable": "postgres://u:p@h:1/other?sslmode=disable",
		"postgresql://h":                        "postgresql://h/other",
		"host=h user=u dbname=db":               "host=h user=u dbname=db dbname=other",
	} {
		e := external{source: source}
		require.Equal(t, want, e.address("other"))
	}
}
