package pgtest_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func TestDatabasesAreSeparateCopiesOfTheirScripts(t *testing.T) {
	script := `create table t (n int); insert into t values (1);`
	a := connect(t, pgtest.Database(t, script))
	b := connect(t, pgtest.Database(t, script))

	_, err := a.Exec(t.Context(), `insert into t values (2)`)
	require.NoError(t, err)

	require.Equal(t, 2, count(t, a))
	require.Equal(t, 1, count(t, b))
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func count(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), `select count(*) from t`).Scan(&n))
	return n
}
