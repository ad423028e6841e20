// Package redistest runs a Redis server for tests.
package redistest

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Server is a Redis server that listens on a socket of the file system. What it
// has written survives Stop.
type Server struct {
	Socket string
	dir    string
	cmd    *exec.Cmd
}

// Start starts a server that stops with the test. It skips the test where none
// is installed.
func Start(t testing.TB) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "redis") // the path of a socket must be short
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &Server{Socket: filepath.Join(dir, "s"), dir: dir}
	s.Start(t)
	t.Cleanup(s.Stop)
	return s
}

// Start starts a server that was stopped.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		program, err = exec.LookPath("valkey-server")
	}
	if err != nil {
		t.Skip("needs redis-server or valkey-server (Debian: apt-get install redis-server)")
	}
	s.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), program, "--port", "0", "--unixsocket", s.Socket,
		"--dir", s.dir, "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no", "--loglevel", "warning")
	require.NoError(t, s.cmd.Start())
	require.Eventually(t, func() bool { return s.ready(t.Context()) }, 30*time.Second, 10*time.Millisecond)
}

// ready says whether the server listens, and has read what it wrote before.
func (s *Server) ready(ctx context.Context) bool {
	c, err := (&net.Dialer{}).DialContext(ctx, "unix", s.Socket)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	const pong = "+PONG"
	answer := make([]byte, len(pong))
	if _, err = io.WriteString(c, "PING\r\n"); err == nil {
		_, err = io.ReadFull(c, answer)
	}
	return err == nil && string(answer) == pong
}

// Stop kills the server.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
	_ = os.Remove(s.Socket)
}
