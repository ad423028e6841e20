// Package pgtest gives tests a real PostgreSQL server that nobody else uses.
//
// The server starts with the first call of Database, listens on a Unix socket
// in a temporary directory only, and ends with the test binary:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
//
//	func TestX(t *testing.T) {
//		pool, err := pgxpool.New(t.Context(), pgtest.Database(t, auth.SchemaSQL))
package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/workorder-systems/sdk-go/devstack/internal/postgres"
)

// Run runs the tests of m, stops the server if one was started, and returns
// the exit code for os.Exit.
func Run(m *testing.M) int {
	code := m.Run()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.srv != nil {
		shared.srv.stop()
	}
	return code
}

// Database creates a database on which the statements of scripts have been run
// by the superuser and returns its URL. Databases made from the same scripts
// are copies of one template, so only the first of them costs time. The
// database is dropped when the test ends.
func Database(t testing.TB, scripts ...string) string {
	t.Helper()
	srv, err := start()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	template, err := srv.template(t.Context(), scripts)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	name := fmt.Sprintf("test_%d", srv.seq.Add(1))
	// Copying files takes less than half of the work of writing all pages anew.
	if err := srv.admin(t.Context(), "create database "+name+" template "+template+" strategy file_copy"); err != nil {
		t.Fatalf("pgtest: create database: %v", err)
	}
	t.Cleanup(func() {
		if err := srv.admin(context.Background(), "drop database if exists "+name+" with (force)"); err != nil {
			t.Logf("pgtest: drop database: %v", err)
		}
	})
	return srv.url(name)
}

var shared struct {
	mu  sync.Mutex
	srv *server
	err error
}

// server is the PostgreSQL of this test binary.
type server struct {
	dir      *postgres.RunDir
	postgres *postgres.Server
	seq      atomic.Int64

	mu        sync.Mutex
	templates map[string]bool
}

func start() (*server, error) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.srv == nil && shared.err == nil {
		shared.srv, shared.err = launch()
	}
	return shared.srv, shared.err
}

func launch() (_ *server, err error) {
	postgres.Sweep(postgres.TempDir(), slog.Default())
	inst, err := postgres.Find()
	if err != nil {
		return nil, fmt.Errorf("%w: install the package postgresql", err)
	}
	owner, err := postgres.Unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := postgres.NewRunDir(postgres.TempDir(), owner)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, dir.Remove())
		}
	}()
	if err := inst.Init(context.Background(), dir, owner); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	pg, err := postgres.Start(ctx, postgres.Config{Installation: inst, Dir: dir, Owner: owner})
	if err != nil {
		return nil, err
	}
	return &server{dir: dir, postgres: pg, templates: map[string]bool{}}, nil
}

func (s *server) stop() {
	s.postgres.Abort() // the data is thrown away
	_ = s.dir.Remove()
}

func (s *server) url(database string) string { return s.postgres.SocketURL("postgres", database) }

// admin runs one statement in the maintenance database.
func (s *server) admin(ctx context.Context, sql string) error {
	return s.exec(ctx, "postgres", sql)
}

func (s *server) exec(ctx context.Context, database, sql string) error {
	conn, err := pgx.Connect(ctx, s.url(database))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	return err
}

// template returns the database to copy from, creating it on first use.
func (s *server) template(ctx context.Context, scripts []string) (string, error) {
	if len(scripts) == 0 {
		return "template0", nil
	}
	sum := sha256.Sum256([]byte(strings.Join(scripts, "\x00")))
	name := "template_" + hex.EncodeToString(sum[:8])
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.templates[name] {
		return name, nil
	}
	if err := s.admin(ctx, "create database "+name+" template template0"); err != nil {
		return "", err
	}
	for i, script := range scripts {
		if err := s.exec(ctx, name, script); err != nil {
			_ = s.admin(ctx, "drop database "+name)
			return "", fmt.Errorf("script %d: %w", i, err)
		}
	}
	s.templates[name] = true
	return name, nil
}
