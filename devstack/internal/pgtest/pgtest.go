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
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
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
	if err := srv.admin(t.Context(), "create database "+name+" template "+template); err != nil {
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

// server is a running PostgreSQL of this test binary.
type server struct {
	dir  string
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	seq  atomic.Int64

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
	bin, err := binDir()
	if err != nil {
		return nil, err
	}
	cred, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, done: make(chan struct{}), templates: map[string]bool{}}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	if cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			return nil, err
		}
	}

	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(context.Background(), filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres",
		"-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = dir, procAttr(cred)
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}

	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the server has its own descriptor
	s.cmd = exec.CommandContext(context.Background(), filepath.Join(bin, "postgres"), "-D", data, "-k", dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "synchronous_commit=off",
		"-c", "full_page_writes=off", "-c", "max_connections=200", "-c", "shared_buffers=32MB")
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr, s.cmd.SysProcAttr = dir, log, log, procAttr(cred)
	if err := s.spawn(); err != nil {
		return nil, err
	}

	deadline := time.Now().Add(30 * time.Second)
	for {
		err := s.admin(context.Background(), "select 1")
		if err == nil {
			return s, nil
		}
		select {
		case <-s.done:
			out, _ := os.ReadFile(filepath.Join(dir, "log"))
			return nil, fmt.Errorf("postgres ended at once:\n%s", out)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("postgres does not answer: %w", err)
		}
	}
}

// spawn starts the process on a thread of its own that lives as long as the
// process: the parent-death signal is bound to the starting thread.
func (s *server) spawn() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		if err == nil {
			defer close(s.done)
		}
		started <- err
		if err == nil {
			_ = s.cmd.Wait()
		}
	}()
	return <-started
}

func (s *server) stop() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // immediate shutdown: the data is thrown away
		<-s.done
	}
	_ = os.RemoveAll(s.dir)
}

func (s *server) url(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {s.dir}, "user": {"postgres"}}.Encode()
}

// admin runs one statement in the maintenance database.
func (s *server) admin(ctx context.Context, sql string) error {
	return s.exec(ctx, "postgres", sql)
}

func (s *server) exec(ctx context.Context, database, sql string) error {
	conn, err := pgx.Connect(ctx, s.url(database))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the statement's own error counts
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

// binDir finds the directory with initdb and postgres: the PATH first, then
// the newest server of the distribution's packages.
func binDir() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			if dir := filepath.Dir(p); isFile(filepath.Join(dir, "postgres")) {
				return dir, nil
			}
		}
	}
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	sort.Slice(dirs, func(i, j int) bool { return major(dirs[i]) > major(dirs[j]) })
	for _, dir := range dirs {
		if isFile(filepath.Join(dir, "initdb")) && isFile(filepath.Join(dir, "postgres")) {
			return dir, nil
		}
	}
	return "", errors.New("no PostgreSQL server found: install the package postgresql (15 or newer)")
}

func major(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return n
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// unprivileged names the user to run as when the tests run as root, whom
// PostgreSQL refuses; nil means the current user.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("running as root, and neither user postgres nor nobody exists to run PostgreSQL as")
}
