package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// settings make PostgreSQL fast and forgetful: no data outlives the server.
var settings = []string{
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

// A Config says what [Start] starts.
type Config struct {
	Installation *Installation
	Dir          *RunDir // with a cluster in its data directory
	Owner        *Account
	TCP          bool         // listen on a port of 127.0.0.1 as well
	Log          *slog.Logger // takes the server's lines at Debug; nil keeps silent
}

// A Server is a running PostgreSQL that belongs to this process.
type Server struct {
	dir     *RunDir
	port    int
	process *os.Process
	output  *serverLog
	exited  chan struct{} // closed when the process is gone
	waitErr error         // of the process, once exited is closed
}

const bindAttempts = 5

// Start starts PostgreSQL and waits until it takes connections; ctx covers the
// start only. It listens on a socket in the run directory, where everybody who
// gets there is let in, and with TCP on a free port of the loopback interface,
// where passwords are asked. The server dies with this process where the system
// can arrange that; elsewhere [Sweep] stops it.
func Start(ctx context.Context, c Config) (*Server, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	var err error
	for range bindAttempts {
		var s *Server
		if s, err = launch(ctx, c); err != nil {
			return nil, err
		}
		if err = s.waitReady(ctx); err == nil {
			return s, nil
		}
		s.Abort()
		if ctx.Err() != nil || !strings.Contains(s.output.tail(), "could not bind") {
			return nil, err
		}
		// Somebody else took the port in between.
	}
	return nil, err
}

// socketPort names the socket of a server without TCP; nobody else's is in its
// directory.
const socketPort = 5432

func launch(ctx context.Context, c Config) (*Server, error) {
	s := &Server{dir: c.Dir, port: socketPort, output: &serverLog{log: c.Log}, exited: make(chan struct{})}
	addresses := ""
	if c.TCP {
		addresses = "127.0.0.1"
		var err error
		if s.port, err = FreePort(ctx); err != nil {
			return nil, err
		}
	}

	args := []string{"-D", c.Dir.Data(), "-p", strconv.Itoa(s.port), "-k", c.Dir.socket(), "-c", "listen_addresses=" + addresses}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	// The server outlives ctx, which only covers the start.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), c.Installation.Program("postgres"), args...)
	cmd.Dir, cmd.Env = c.Dir.path, environ(c.Dir)
	cmd.Stdout, cmd.Stderr = s.output, s.output
	cmd.WaitDelay = time.Second
	confine(cmd, c.Owner)

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
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	s.process = cmd.Process
	return s, nil
}

// waitReady waits until the server answers, has ended, or ctx has.
func (s *Server) waitReady(ctx context.Context) error {
	for {
		conn, err := pgx.Connect(ctx, s.SocketURL("postgres", "postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.exited:
			return fmt.Errorf("PostgreSQL ended while starting: %w: %s", s.waitErr, s.output.tail())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Stop disconnects everyone, writes the data out and waits until the server is
// gone. It fails when the server ends in any other way.
func (s *Server) Stop() error {
	s.end(signalFast)
	if s.waitErr != nil {
		return fmt.Errorf("stop PostgreSQL: %w: %s", s.waitErr, s.output.tail())
	}
	return nil
}

// Abort ends the server at once, for data that nobody wants any more, and waits
// until it is gone.
func (s *Server) Abort() { s.end(signalImmediate) }

func (s *Server) end(sig os.Signal) {
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

// Port is the port that the server listens on with TCP.
func (s *Server) Port() int { return s.port }

// SocketURL is how this process connects to a database as a role, over the socket.
func (s *Server) SocketURL(role, database string) string {
	u := url.URL{Scheme: "postgresql", Path: "/" + database, RawQuery: url.Values{
		"host":    {s.dir.socket()},
		"port":    {strconv.Itoa(s.port)},
		"user":    {role},
		"sslmode": {"disable"},
	}.Encode()}
	return u.String()
}
