package devstack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// serverSettings make PostgreSQL fast and forgetful: no data outlives the stack.
var serverSettings = []string{
	"listen_addresses=127.0.0.1",
	"fsync=off",
	"synchronous_commit=off",
	"full_page_writes=off",
	"wal_level=minimal",
	"max_wal_senders=0",
	"max_wal_size=512MB",
	"checkpoint_timeout=30min",
	"jit=off",
	"random_page_cost=1.1",
	"max_connections=200",
	"shared_buffers=64MB",
	"max_locks_per_transaction=256",
	"timezone=UTC",
	"log_timezone=UTC",
	"lc_messages=C",
}

// A server is a running PostgreSQL that belongs to this process.
type server struct {
	dir     *runDir
	port    int
	process *os.Process
	output  *serverLog
	exited  chan struct{} // closed when the process is gone
	waitErr error         // of the process, once exited is closed
}

const bindAttempts = 5

// startServer starts PostgreSQL on the data directory of d and waits until it
// takes connections. It listens on a socket in d, where everybody who gets there
// is let in, and on a free TCP port of the loopback interface, where passwords
// are asked.
func startServer(ctx context.Context, inst *installation, d *runDir, a *account, log *slog.Logger) (*server, error) {
	var err error
	for range bindAttempts {
		var s *server
		if s, err = launch(ctx, inst, d, a, log); err != nil {
			return nil, err
		}
		if err = s.waitReady(ctx); err == nil {
			return s, nil
		}
		s.stop(signalImmediate)
		if ctx.Err() != nil || !strings.Contains(s.output.tail(), "could not bind") {
			return nil, err
		}
		// Somebody else took the port in between.
	}
	return nil, err
}

func launch(ctx context.Context, inst *installation, d *runDir, a *account, log *slog.Logger) (*server, error) {
	l, err := listen(ctx, 0)
	if err != nil {
		return nil, err
	}
	s := &server{dir: d, port: portOf(l), output: &serverLog{log: log}, exited: make(chan struct{})}
	if err := l.Close(); err != nil {
		return nil, err
	}

	args := []string{"-D", d.data(), "-p", strconv.Itoa(s.port), "-k", d.socket()}
	for _, setting := range serverSettings {
		args = append(args, "-c", setting)
	}
	// The server outlives ctx, which only covers the start.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), inst.program("postgres"), args...)
	cmd.Dir, cmd.Env = d.path, serverEnv(d)
	cmd.Stdout, cmd.Stderr = s.output, s.output
	cmd.WaitDelay = time.Second
	confine(cmd, a)

	started := make(chan error)
	go func() {
		// On Linux the child dies with the thread that started it, so the thread
		// is kept for as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		s.waitErr = cmd.Wait()
		close(s.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("devstack: start PostgreSQL: %w", err)
	}
	s.process = cmd.Process
	return s, nil
}

// serverEnv is this process's environment without what would change PostgreSQL.
func serverEnv(d *runDir) []string {
	env := []string{"LC_ALL=C", "TZ=UTC", "HOME=" + d.path, "PWD=" + d.path}
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch {
		case strings.HasPrefix(name, "PG"), strings.HasPrefix(name, "LC_"), name == "LANG", name == "TZ", name == "HOME", name == "PWD":
		default:
			env = append(env, kv)
		}
	}
	return env
}

// waitReady waits until the server answers, has ended, or ctx has.
func (s *server) waitReady(ctx context.Context) error {
	for {
		conn, err := pgx.Connect(ctx, s.socketURL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.exited:
			return fmt.Errorf("devstack: PostgreSQL ended while starting: %w: %s", s.waitErr, s.output.tail())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// stop ends the server and waits until it is gone.
func (s *server) stop(sig os.Signal) {
	s.output.quiet()
	for _, step := range []struct {
		sig      os.Signal
		patience time.Duration
	}{{sig, 10 * time.Second}, {signalImmediate, 6 * time.Second}, {os.Kill, time.Minute}} {
		if err := s.process.Signal(step.sig); errors.Is(err, os.ErrProcessDone) {
			break
		}
		select {
		case <-s.exited:
			return
		case <-time.After(step.patience):
		}
	}
	<-s.exited
}

// socketURL is how this process connects as a role, over the socket.
func (s *server) socketURL(role string) string {
	return fmt.Sprintf("host=%s port=%d user=%s dbname=postgres sslmode=disable", s.dir.socket(), s.port, role)
}

// serverLog passes the server's lines on and keeps the last ones for errors.
type serverLog struct {
	log *slog.Logger

	mu      sync.Mutex
	partial []byte
	last    []string
	silent  bool
}

const keptLines = 12

func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, p...)
	for {
		i := bytes.IndexByte(l.partial, '\n')
		if i < 0 {
			return len(p), nil
		}
		line := string(l.partial[:i])
		l.partial = l.partial[i+1:]
		l.last = append(l.last, line)
		if len(l.last) > keptLines {
			l.last = l.last[1:]
		}
		if !l.silent {
			l.log.Debug("postgres: " + line)
		}
	}
}

func (l *serverLog) quiet() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent = true
}

func (l *serverLog) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last, "\n")
}

func listen(ctx context.Context, port int) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }
