// Package postgres keeps the refresh tokens of sessions in a table of PostgreSQL,
// where replicas on many machines share them. Make the table with [CreateTable],
// by your migrations or with psql; one table holds any number of named sessions.
//
// The lock is an advisory lock of a connection. While a session refreshes it has
// one connection of the pool to itself, so give the pool more connections than
// there are sessions. When the process dies the server drops the connection, and
// with it the lock. A Save on a connection that has the lock no more changes
// nothing and fails with [sessionstore.ErrLockLost].
//
// The lock needs a connection that stays with one session of the server: connect
// directly or through a pooler in session mode. Behind a pooler in transaction
// mode (port 6543 of Supabase) it would not hold.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/sessionstore"
)

// CreateTable makes the table of the stores, in a schema of its own, which no
// API of a Supabase project shows. It may run any number of times, also by replicas
// that start together. The programs need usage of the schema and select, insert,
// update and delete on the table; nobody else should have any of them.
const CreateTable = `
do $$
begin
  -- Two that make the same thing at a time would be in each other's way.
  perform pg_advisory_xact_lock(hashtextextended('workorder_sdk.sessions', 0));
  create schema if not exists workorder_sdk;
  create table if not exists workorder_sdk.sessions (
    name          text primary key,
    refresh_token text not null,
    saved_at      timestamptz not null default now()
  );
end
$$;
`

const (
	load   = `select refresh_token from workorder_sdk.sessions where name = $1`
	remove = `
with gone as (delete from workorder_sdk.sessions where name = $1 and ($2::int = 0 or $2 = pg_backend_pid()))
select $2::int = 0 or $2 = pg_backend_pid()`
	save = `
with saved as (
  insert into workorder_sdk.sessions (name, refresh_token)
  select $1, $3 where $2::int = 0 or $2 = pg_backend_pid()
  on conflict (name) do update set refresh_token = excluded.refresh_token, saved_at = now())
select $2::int = 0 or $2 = pg_backend_pid()`
	lock   = `select pg_backend_pid() from pg_advisory_lock(hashtextextended('workorder_sdk.sessions ' || $1, 0))`
	unlock = `select pg_advisory_unlock(hashtextextended('workorder_sdk.sessions ' || $1, 0))`
)

// unlockTimeout is how long giving the lock back may take before the connection
// is closed instead.
const unlockTimeout = 5 * time.Second

// Store keeps the refresh token of one session. It is a workorder.SessionLocker,
// and any number of programs may have one of the same name.
type Store struct{ *state }

type state struct {
	pool *pgxpool.Pool
	name string
	turn chan struct{} // whose turn it is in this program

	mu   sync.Mutex
	held *pgxpool.Conn // has the lock; nil: nobody here
	pid  int           // of the server's process that serves held
}

// New makes a store for the session of a name. It sends nothing. Closing the
// pool is up to the caller.
func New(pool *pgxpool.Pool, name string) (*Store, error) {
	switch {
	case pool == nil:
		return nil, fmt.Errorf("postgres.New: %w: the pool is nil", workorder.ErrInvalidInput)
	case name == "" || strings.ContainsRune(name, 0):
		return nil, fmt.Errorf("postgres.New: %w: the name must not be empty or hold a zero byte", workorder.ErrInvalidInput)
	}
	return &Store{&state{pool: pool, name: name, turn: make(chan struct{}, 1)}}, nil
}

var errZero = fmt.Errorf("sessionstore/postgres: %w: a Store is made by New", workorder.ErrInvalidInput)

// Load implements workorder.SessionStore.
func (s *Store) Load(ctx context.Context) (refreshToken string, err error) {
	err = s.with(ctx, func(db querier, _ int) error {
		err := db.QueryRow(ctx, load, s.name).Scan(&refreshToken)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return refreshToken, err
}

// Save implements workorder.SessionStore.
func (s *Store) Save(ctx context.Context, refreshToken string) error {
	return s.with(ctx, func(db querier, pid int) error {
		sql, args := save, []any{s.name, pid, refreshToken}
		if refreshToken == "" {
			sql, args = remove, args[:2]
		}
		var done bool
		if err := db.QueryRow(ctx, sql, args...).Scan(&done); err != nil || done {
			return err
		}
		return sessionstore.ErrLockLost
	})
}

// querier is a pool or a connection.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// with runs a statement on the connection that has the lock, or else on any.
func (s *Store) with(ctx context.Context, run func(db querier, pid int) error) error {
	if s.state == nil {
		return errZero
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held == nil {
		return failed(ctx, run(s.pool, 0))
	}
	err := run(s.held, s.pid)
	if err != nil && ctx.Err() == nil && s.held.Conn().IsClosed() {
		return fmt.Errorf("sessionstore/postgres: %w", sessionstore.ErrLockLost)
	}
	return failed(ctx, err)
}

// Lock implements workorder.SessionLocker.
func (s *Store) Lock(ctx context.Context) (release func(), err error) {
	if s.state == nil {
		return nil, errZero
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select { // so that those who wait here need one connection together
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	conn, pid, err := s.lock(ctx)
	if err != nil {
		<-s.turn
		return nil, failed(ctx, err)
	}
	s.own(conn, pid)
	return sync.OnceFunc(func() {
		s.own(nil, 0)
		s.unlock(conn)
		<-s.turn
	}), nil
}

func (s *Store) own(conn *pgxpool.Conn, pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held, s.pid = conn, pid
}

func (s *Store) lock(ctx context.Context) (*pgxpool.Conn, int, error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, 0, err
	}
	var pid int
	if err := conn.QueryRow(ctx, lock, s.name).Scan(&pid); err != nil {
		discard(conn) // it may get the lock yet
		return nil, 0, err
	}
	return conn, pid, nil
}

// unlock gives the lock back, with the connection if need be.
func (s *Store) unlock(conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), unlockTimeout)
	defer cancel()
	var had bool
	if err := conn.QueryRow(ctx, unlock, s.name).Scan(&had); err != nil || !had {
		discard(conn)
		return
	}
	conn.Release()
}

// discard closes a connection that may have a lock.
func discard(conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), unlockTimeout)
	defer cancel()
	_ = conn.Conn().Close(ctx)
	conn.Release()
}

// failed makes an error of the driver's. The server's details may quote a row.
func failed(ctx context.Context, err error) error {
	var answer *pgconn.PgError
	switch {
	case err == nil || errors.Is(err, sessionstore.ErrLockLost):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("sessionstore/postgres: %w", ctx.Err())
	case !errors.As(err, &answer):
		return fmt.Errorf("sessionstore/postgres: %w: %s", workorder.ErrUnavailable, err.Error())
	}
	bare := &pgconn.PgError{Severity: answer.Severity, Code: answer.Code, Message: answer.Message}
	switch class := answer.Code[:min(2, len(answer.Code))]; {
	case answer.Code == "42P01", answer.Code == "3F000":
		return fmt.Errorf("sessionstore/postgres: the table is missing, make it with postgres.CreateTable: %w", bare)
	case class == "08", class == "53", class == "57", answer.Code == "55P03", answer.Code == "25006":
		return fmt.Errorf("sessionstore/postgres: %w: %w", workorder.ErrUnavailable, bare)
	}
	return fmt.Errorf("sessionstore/postgres: %w", bare)
}

// Format hides the pool, whose configuration may hold a password.
func (s Store) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "postgres.Store") }
