package api

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// freezer makes connections that can die without a word, as behind a router
// that forgets them.
type freezer struct {
	mu    sync.Mutex
	conns []*frozenConn
}

func (f *freezer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	fc := &frozenConn{Conn: c, closed: make(chan struct{})}
	f.conns = append(f.conns, fc)
	return fc, nil
}

// freeze freezes all connections that exist and says how many.
func (f *freezer) freeze() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.frozen.Store(true)
	}
	return len(f.conns)
}

func (f *freezer) dialed() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.conns)
}

type frozenConn struct {
	net.Conn
	frozen atomic.Bool
	once   sync.Once
	closed chan struct{}
}

// Write implements net.Conn: what is written gets lost.
func (c *frozenConn) Write(p []byte) (int, error) {
	if c.frozen.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// Read implements net.Conn: nothing comes any more.
func (c *frozenConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.frozen.Load() {
		<-c.closed
		return 0, net.ErrClosed
	}
	return n, err
}

// Close implements net.Conn.
func (c *frozenConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// A connection over which nothing comes any more is not used for the next
// attempt, nor by later calls.
func TestFrozenConnectionIsReplaced(t *testing.T) {
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(proto, func(t *testing.T) {
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, r.Proto)
			}))
			srv.EnableHTTP2 = proto == "HTTP/2.0"
			srv.StartTLS()
			t.Cleanup(srv.Close)
			roots := x509.NewCertPool()
			roots.AddCert(srv.Certificate())
			var f freezer
			tr := NewTransport()
			PingWithin(tr, 2*time.Second)
			tr.DialContext = f.dial
			tr.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
			t.Cleanup(tr.CloseIdleConnections)
			c, err := New(Config{
				BaseURL: srv.URL, APIKey: testKey, Transport: tr, AttemptTimeout: 2 * time.Second,
				Retry: RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond},
			})
			require.NoError(t, err)
			call := func() (*Response, error) {
				return c.Do(t.Context(), &Request{Method: "GET", Path: "/x", Safe: true})
			}

			resp, err := call()
			require.NoError(t, err)
			require.Equal(t, proto, string(resp.Body))
			require.Equal(t, 1, f.freeze())

			resp, err = call()
			require.NoError(t, err, "the second attempt has a connection of its own")
			require.Equal(t, proto, string(resp.Body))
			require.Equal(t, 2, f.dialed())

			start := time.Now()
			_, err = call()
			require.NoError(t, err)
			require.Less(t, time.Since(start), 2*time.Second, "and later calls have it as well")
			require.Equal(t, 2, f.dialed())
		})
	}
}
