package postgres

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// shortDir is a temporary directory whose name leaves room for a socket's.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(TempDir(), "pg")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// start starts a server on a new cluster below parent.
func start(t *testing.T, parent string, tcp bool) (*Server, *RunDir) {
	t.Helper()
	inst, err := Find()
	require.NoError(t, err)
	owner, err := Unprivileged()
	require.NoError(t, err)
	dir, err := NewRunDir(parent, owner)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dir.Remove()) })
	require.NoError(t, inst.Init(t.Context(), dir, owner))
	server, err := Start(t.Context(), Config{Installation: inst, Dir: dir, Owner: owner, TCP: tcp})
	require.NoError(t, err)
	t.Cleanup(server.Abort)
	return server, dir
}

func requireAnswer(t *testing.T, s *Server) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.SocketURL("postgres", "template1"))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var role, database string
	require.NoError(t, conn.QueryRow(t.Context(), "select current_user, current_database()").Scan(&role, &database))
	require.Equal(t, []string{"postgres", "template1"}, []string{role, database})
}

func requireEnded(t *testing.T, s *Server) {
	t.Helper()
	select {
	case <-s.exited:
	case <-time.After(10 * time.Second):
		require.Fail(t, "still running")
	}
}

func TestServerListensWhereItIsTold(t *testing.T) {
	for _, tcp := range []bool{false, true} {
		t.Run(fmt.Sprintf("tcp %t", tcp), func(t *testing.T) {
			t.Parallel()
			server, _ := start(t, shortDir(t), tcp)
			requireAnswer(t, server)
			conn, err := pgx.Connect(t.Context(), server.SocketURL("postgres", "postgres"))
			require.NoError(t, err)
			defer conn.Close(context.Background())
			var addresses string
			require.NoError(t, conn.QueryRow(t.Context(), "show listen_addresses").Scan(&addresses))
			if !tcp {
				require.Empty(t, addresses)
				return
			}
			require.Equal(t, "127.0.0.1", addresses)
			_, err = pgx.Connect(t.Context(), fmt.Sprintf("postgresql://postgres:guess@127.0.0.1:%d/postgres", server.Port()))
			require.ErrorContains(t, err, "28P01", "a password is asked")
		})
	}
}

func TestStopAndAbortEndTheServer(t *testing.T) {
	for name, end := range map[string]func(*Server) error{
		"stop":  (*Server).Stop,
		"abort": func(s *Server) error { s.Abort(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, dir := start(t, shortDir(t), false)
			require.NoError(t, end(server))
			requireEnded(t, server)
			require.NoFileExists(t, filepath.Join(dir.Data(), "postmaster.pid"))
			require.NoError(t, end(server), "ending twice")
		})
	}
}
