package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/sessionstore"
	"github.com/workorder-systems/sdk-go/sessionstore/internal/storetest"
)

// databaseURL is of a server with the table.
var databaseURL string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	stack, err := devstack.Start(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer stack.Close()
	databaseURL = stack.DatabaseURL
	pool, err := pgxpool.New(context.Background(), databaseURL)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer pool.Close()
	for range 2 { // it may run again
		if _, err := pool.Exec(context.Background(), CreateTable); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

func newPool(t *testing.T, change ...func(*pgxpool.Config)) *pgxpool.Pool {
	cfg, err := pgxpool.ParseConfig(databaseURL)
	require.NoError(t, err)
	cfg.MaxConns = 2
	for _, c := range change {
		c(cfg)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func newStore(t *testing.T, pool *pgxpool.Pool) *Store {
	s, err := New(pool, t.Name())
	require.NoError(t, err)
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() workorder.SessionLocker {
		return func() workorder.SessionLocker { return newStore(t, newPool(t)) }
	})
}

func TestManyWaitWithOneConnection(t *testing.T) {
	pool := newPool(t, func(c *pgxpool.Config) { c.MaxConns = 1 })
	s := newStore(t, pool)
	var work sync.WaitGroup
	for range 20 {
		work.Go(func() {
			unlock, err := s.Lock(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer unlock()
			if err := s.Save(t.Context(), storetest.Token); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
}

func TestSessionsOfDifferentNames(t *testing.T) {
	pool := newPool(t)
	a, err := New(pool, "a")
	require.NoError(t, err)
	b, err := New(pool, "b")
	require.NoError(t, err)
	unlock, err := a.Lock(t.Context())
	require.NoError(t, err)
	defer unlock()
	require.NoError(t, a.Save(t.Context(), "of a"))
	unlock, err = b.Lock(t.Context())
	require.NoError(t, err)
	defer unlock()
	got, err := b.Load(t.Context())
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestSaveAfterTheLockWasLost(t *testing.T) {
	pool := newPool(t)
	s, other := newStore(t, pool), newStore(t, newPool(t))
	require.NoError(t, s.Save(t.Context(), "before"))
	unlock, err := s.Lock(t.Context())
	require.NoError(t, err)
	_, err = pool.Exec(t.Context(), `select pg_terminate_backend($1)`, s.pid) // as when the program dies
	require.NoError(t, err)

	unlockOther, err := other.Lock(t.Context())
	require.NoError(t, err)
	err = s.Save(t.Context(), storetest.Token)
	require.ErrorIs(t, err, workorder.ErrUnavailable)
	require.True(t, storetest.Secretive(err))
	require.ErrorIs(t, s.Save(t.Context(), storetest.Token), sessionstore.ErrLockLost)
	got, err := other.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, "before", got)
	unlock()
	unlockOther()

	unlock, err = s.Lock(t.Context())
	require.NoError(t, err)
	defer unlock()
	require.NoError(t, s.Save(t.Context(), "after"))
}

// A pooler in transaction mode may serve every statement by another process.
func TestSaveByAnotherProcessOfTheServerChangesNothing(t *testing.T) {
	s := newStore(t, newPool(t))
	require.NoError(t, s.Save(t.Context(), "before"))
	unlock, err := s.Lock(t.Context())
	require.NoError(t, err)
	defer unlock()
	s.pid++
	for _, token := range []string{storetest.Token, ""} {
		require.ErrorIs(t, s.Save(t.Context(), token), sessionstore.ErrLockLost)
	}
	got, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, "before", got)
}

// cable is the way to the server, which can be cut.
type cable struct {
	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func (c *cable) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		return nil, errors.New("no route to the server")
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err == nil {
		c.conns = append(c.conns, conn)
	}
	return conn, err
}

func (c *cable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

func TestServerThatGoesAwayAndComesBack(t *testing.T) {
	var way cable
	s := newStore(t, newPool(t, func(c *pgxpool.Config) { c.ConnConfig.DialFunc = way.dial }))
	require.NoError(t, s.Save(t.Context(), storetest.Token))
	unlock, err := s.Lock(t.Context())
	require.NoError(t, err)

	way.set(true)
	err = s.Save(t.Context(), storetest.Token)
	require.ErrorIs(t, err, workorder.ErrUnavailable)
	require.True(t, storetest.Secretive(err))
	unlock()
	_, err = s.Load(t.Context())
	require.ErrorIs(t, err, workorder.ErrUnavailable)
	_, err = s.Lock(t.Context())
	require.ErrorIs(t, err, workorder.ErrUnavailable)

	way.set(false)
	unlock, err = s.Lock(t.Context())
	require.NoError(t, err)
	defer unlock()
	got, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, storetest.Token, got)
	require.NoError(t, s.Save(t.Context(), "next"))
}

// Replicas that start together may all make the table.
func TestManyMakeTheTable(t *testing.T) {
	const database = "many_make_the_table"
	for _, sql := range []string{"drop database if exists " + database + " with (force)", "create database " + database} {
		_, err := newPool(t).Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	const replicas = 8
	pool := newPool(t, func(c *pgxpool.Config) { c.ConnConfig.Database, c.MaxConns = database, replicas })
	for range 10 {
		_, err := pool.Exec(t.Context(), "drop schema if exists workorder_sdk cascade")
		require.NoError(t, err)
		var work sync.WaitGroup
		for range replicas {
			work.Go(func() {
				if _, err := pool.Exec(t.Context(), CreateTable); err != nil {
					t.Error(err)
				}
			})
		}
		work.Wait()
	}
	require.NoError(t, newStore(t, pool).Save(t.Context(), storetest.Token))
}

func TestMissingTableSaysSo(t *testing.T) {
	pool := newPool(t, func(c *pgxpool.Config) { c.ConnConfig.Database = "template1" })
	s := newStore(t, pool)
	_, err := s.Load(t.Context())
	require.ErrorContains(t, err, "postgres.CreateTable")
	var answer *pgconn.PgError
	require.ErrorAs(t, err, &answer)
	require.NotErrorIs(t, err, workorder.ErrUnavailable)
}

func TestErrorsHideWhatTheServerQuotes(t *testing.T) {
	err := failed(t.Context(), &pgconn.PgError{Code: "23514", Message: "violates check", Detail: "Failing row contains (" + storetest.Token + ")"})
	require.True(t, storetest.Secretive(err))
	var answer *pgconn.PgError
	require.ErrorAs(t, err, &answer)
	require.NotContains(t, fmt.Sprintf("%+v", *answer), storetest.Token)
	require.ErrorIs(t, failed(t.Context(), &pgconn.PgError{Code: "57P03", Message: "starting up"}), workorder.ErrUnavailable)
}

func TestNewChecksItsInput(t *testing.T) {
	_, err := New(nil, "n")
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	pool := newPool(t)
	for _, name := range []string{"", "a\x00b"} {
		_, err = New(pool, name)
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
	}
	s, err := New(pool, "n")
	require.NoError(t, err)
	require.Equal(t, "postgres.Store postgres.Store", fmt.Sprintf("%+v %#v", s, *s))
}

func TestLockThatIsNotWaitedForIsNotKept(t *testing.T) {
	s, other := newStore(t, newPool(t)), newStore(t, newPool(t))
	unlock, err := s.Lock(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = other.Lock(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	unlock()
	unlock, err = newStore(t, newPool(t)).Lock(t.Context())
	require.NoError(t, err)
	unlock()
}
