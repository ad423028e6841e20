package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// readOnly hides everything but Read.
type readOnly struct{ io.Reader }

func put(body io.Reader) *Stream {
	return &Stream{Op: "Files.Put", Method: http.MethodPost, Path: "/storage/v1/object/b/x", Body: body,
		Header: http.Header{"Content-Type": {"text/plain"}, "Authorization": {"Bearer mine"}}}
}

func get() *Stream {
	return &Stream{Op: "Files.Get", Method: http.MethodGet, Path: "/storage/v1/object/b/x", Safe: true}
}

func TestStreamOnTheWire(t *testing.T) {
	for name, tc := range map[string]struct {
		body io.Reader
		size int64
	}{
		"seekable":               {strings.NewReader("content"), 7},
		"from where it stands":   {afterFirst("xcontent"), 7},
		"buffer":                 {bytes.NewBufferString("content"), 7},
		"unknown length":         {readOnly{strings.NewReader("content")}, -1},
		"nothing":                {strings.NewReader(""), 0},
		"nothing, unknown":       {readOnly{strings.NewReader("")}, -1},
		"a reader that dribbles": {readOnly{io.MultiReader(strings.NewReader("con"), strings.NewReader("tent"))}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			var got *http.Request
			var body []byte
			c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
				got = r
				body, _ = io.ReadAll(r.Body)
				_, _ = io.WriteString(w, "answer")
			}, func(c *Config) { c.Auth = fixed("user-token") })
			s := put(tc.body)

			resp, err := c.Stream(t.Context(), s)

			require.NoError(t, err)
			text, err := c.ReadSmall(s, resp)
			require.NoError(t, err)
			require.Equal(t, "answer", string(text))
			if tc.size != 0 && !strings.HasPrefix(name, "nothing") {
				require.Equal(t, "content", string(body))
			}
			require.Equal(t, tc.size, got.ContentLength)
			require.Equal(t, "text/plain", got.Header.Get("Content-Type"))
			require.Equal(t, "Bearer user-token", got.Header.Get("Authorization"))
			require.Equal(t, testKey, got.Header.Get("Apikey"))
			require.NotEmpty(t, got.Header.Get("X-Request-Id"))
		})
	}
}

func afterFirst(s string) io.Reader {
	r := strings.NewReader(s)
	_, _ = r.ReadByte()
	return r
}

type fixed string

func (f fixed) Token(context.Context) (Token, error) { return Token{Value: string(f)}, nil }

// endless gives n bytes out of nothing.
type endless struct{ left int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), e.left)
	clear(p[:n])
	e.left -= n
	return int(n), nil
}

func TestStreamsTakeConstantMemory(t *testing.T) {
	const size = 256 << 20
	var received atomic.Int64
	var peak uint64
	watch := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapAlloc)
	}
	c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
		buf := make([]byte, 1<<20)
		for {
			n, err := r.Body.Read(buf)
			if received.Add(int64(n))%(32<<20) < int64(n) {
				watch()
			}
			if err != nil {
				break
			}
		}
		_, _ = io.Copy(w, &endless{left: size})
	}, func(c *Config) { c.AttemptTimeout = 5 * time.Second; c.MaxResponseBytes = 1 << 10 })
	runtime.GC()
	watch()
	before := peak

	resp, err := c.Stream(t.Context(), put(&endless{left: size}))
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	watch()

	require.EqualValues(t, size, received.Load())
	require.EqualValues(t, size, n, "the limit of answers does not hold for a stream")
	require.Less(t, peak-before, uint64(24<<20))
}

func TestStreamIsRepeatedWhereNothingWasApplied(t *testing.T) {
	refuse := func(w http.ResponseWriter, _ *http.Request) {
		replyJSON(w, 503, `{"code":"PGRST002","message":"later"}`) // certainly not applied
	}
	refuseAfterReading := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		refuse(w, r)
	}
	breakOff := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, _ := http.NewResponseController(w).Hijack()
		_ = conn.Close()
	}
	for name, tc := range map[string]struct {
		first    http.HandlerFunc
		body     func() io.Reader
		attempts int32
	}{
		"seekable":                {refuseAfterReading, func() io.Reader { return afterFirst("xcontent") }, 2},
		"read, cannot seek":       {refuseAfterReading, func() io.Reader { return readOnly{strings.NewReader("content")} }, 1},
		"seekable, but who knows": {breakOff, func() io.Reader { return strings.NewReader("content") }, 1},
		"no body, safe":           {breakOff, nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int32
			var last []byte
			c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
				if n.Add(1) == 1 {
					tc.first(w, r)
					return
				}
				last, _ = io.ReadAll(r.Body)
				_, _ = io.WriteString(w, "ok")
			})
			s := get()
			if tc.body != nil {
				s = put(tc.body())
			}
			resp, err := c.Stream(t.Context(), s)
			require.Equal(t, tc.attempts, n.Load())
			if tc.attempts == 1 {
				e := failure(t, err)
				require.ErrorIs(t, err, sdkerr.ErrUnavailable)
				require.Equal(t, 1, e.Attempts)
				return
			}
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			if tc.body != nil {
				require.Equal(t, "content", string(last), "all of it, from where it stood")
			}
		})
	}
}

// A body that nobody has read can go into another attempt, whatever it is.
func TestStreamIsRepeatedWhereNothingWasSent(t *testing.T) {
	var dials atomic.Int32
	c := testConn(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }, func(c *Config) {
		tr := NewTransport()
		dial := tr.DialContext
		tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dials.Add(1) == 1 {
				return nil, &net.OpError{Op: "dial", Err: errors.New("no route")}
			}
			return dial(ctx, network, addr)
		}
		t.Cleanup(tr.CloseIdleConnections)
		c.Transport = tr
	})
	s := put(readOnly{strings.NewReader("content")})
	resp, err := c.Stream(t.Context(), s)
	require.NoError(t, err)
	text, err := c.ReadSmall(s, resp)
	require.NoError(t, err)
	require.Equal(t, "content", string(text))
}

type turning struct{ n atomic.Int32 }

func (s *turning) Token(context.Context) (Token, error) {
	return Token{Value: "token-" + strconv.Itoa(int(s.n.Load()))}, nil
}
func (s *turning) Invalidate(Token) { s.n.Add(1) }

func TestStreamReplaysARefusedToken(t *testing.T) {
	for name, body := range map[string]io.Reader{"seekable": strings.NewReader("content"), "not": readOnly{strings.NewReader("content")}} {
		t.Run(name, func(t *testing.T) {
			c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
				sent, _ := io.ReadAll(r.Body)
				if r.Header.Get("Authorization") == "Bearer token-0" {
					replyJSON(w, 400, `{"statusCode":"403","error":"Unauthorized","message":"jwt expired"}`)
					return
				}
				_, _ = w.Write(sent)
			}, func(c *Config) { c.Auth = &turning{} })
			s := put(body)
			resp, err := c.Stream(t.Context(), s)
			if name == "not" {
				require.ErrorIs(t, err, sdkerr.ErrUnauthenticated)
				return
			}
			require.NoError(t, err)
			text, err := c.ReadSmall(s, resp)
			require.NoError(t, err)
			require.Equal(t, "content", string(text))
		})
	}
}

func TestStreamFailures(t *testing.T) {
	boom := errors.New("disk on fire")
	c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		replyJSON(w, 400, `{"statusCode":"409","error":"Duplicate","message":"exists, says `+testKey+`"}`)
	})

	_, err := c.Stream(t.Context(), put(strings.NewReader("x")))
	e := failure(t, err)
	require.ErrorIs(t, err, sdkerr.ErrConflict)
	require.Equal(t, 400, e.HTTPStatus)
	require.Equal(t, "Files.Put", e.Op)
	require.NotContains(t, err.Error(), testKey)

	_, err = c.Stream(t.Context(), put(io.MultiReader(strings.NewReader("some"), failing{boom})))
	require.ErrorIs(t, err, boom)
	require.ErrorContains(t, err, "Files.Put: reading the body: disk on fire")
	require.NotErrorIs(t, err, sdkerr.ErrUnavailable)
	require.Equal(t, 1, failure(t, err).Attempts, "the body fails again, so nothing is repeated")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Stream(ctx, put(strings.NewReader("x")))
	require.ErrorIs(t, err, context.Canceled)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestStreamAnswers(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "begin")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		case <-time.After(100 * time.Millisecond):
		}
	})

	// The server stops in the midst.
	resp, err := c.Stream(t.Context(), get())
	require.NoError(t, err)
	require.EqualValues(t, 1000, resp.Size)
	_, err = io.ReadAll(resp.Body)
	require.ErrorIs(t, err, sdkerr.ErrUnavailable)
	require.ErrorContains(t, err, "Files.Get: ")
	require.True(t, sdkerr.SafeToRetry(err))
	require.NoError(t, resp.Body.Close())

	// The caller does.
	ctx, cancel := context.WithCancel(t.Context())
	resp, err = c.Stream(ctx, get())
	require.NoError(t, err)
	buf := make([]byte, 5)
	_, err = io.ReadFull(resp.Body, buf)
	require.NoError(t, err)
	cancel()
	_, err = resp.Body.Read(buf)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "Files.Get", failure(t, err).Op)
	require.NoError(t, resp.Body.Close())
}

func TestStreamAnswerMustBeginInTime(t *testing.T) {
	c := testConn(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		func(c *Config) { c.AttemptTimeout = 20 * time.Millisecond; c.Retry.MaxAttempts = 1 })
	_, err := c.Stream(t.Context(), get())
	require.ErrorIs(t, err, sdkerr.ErrUnavailable)
	require.ErrorContains(t, err, "no progress within 20ms")
}

// What may not stand still is the network. The caller's own body, and a file
// that takes long, have all the time that they want.
func TestUploadMayNotStandStill(t *testing.T) {
	const limit = 300 * time.Millisecond
	whileReading := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = r.Body.Read(make([]byte, 1))
		time.Sleep(5 * limit) // with a body in the way, the server sees nobody leave
	}
	afterwards := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	inTime := func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }
	slowly := func(_ http.ResponseWriter, r *http.Request) {
		for i := 0; ; i++ {
			if _, err := io.CopyN(io.Discard, r.Body, 8<<20); err != nil {
				return
			}
			time.Sleep(limit / 4)
		}
	}
	for name, tc := range map[string]struct {
		server http.HandlerFunc
		body   func() io.Reader
		ends   bool
	}{
		"a server that stops reading":     {whileReading, func() io.Reader { return &endless{left: 256 << 20} }, true},
		"a server that reads, no answer":  {afterwards, func() io.Reader { return strings.NewReader("content") }, true},
		"no answer to an unknown length":  {afterwards, func() io.Reader { return readOnly{strings.NewReader("content")} }, true},
		"no answer to an empty body":      {afterwards, func() io.Reader { return strings.NewReader("") }, true},
		"a body that takes its time":      {inTime, func() io.Reader { return &dribble{parts: 2, wait: 2 * limit} }, false},
		"a server that reads in portions": {slowly, func() io.Reader { return &endless{left: 64 << 20} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := testConn(t, tc.server, func(c *Config) { c.AttemptTimeout = limit })
			start := time.Now()
			resp, err := c.Stream(t.Context(), put(tc.body()))
			if !tc.ends {
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Greater(t, time.Since(start), limit, "or it shows nothing")
				return
			}
			require.ErrorIs(t, err, sdkerr.ErrUnavailable)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "no progress within 300ms")
			require.False(t, sdkerr.SafeToRetry(err), "it may have been stored")
			require.Equal(t, 1, failure(t, err).Attempts)
		})
	}
}

// dribble gives single bytes, each after a wait.
type dribble struct {
	parts int
	wait  time.Duration
}

func (d *dribble) Read(p []byte) (int, error) {
	if d.parts == 0 {
		return 0, io.EOF
	}
	d.parts--
	time.Sleep(d.wait)
	p[0] = 'x'
	return 1, nil
}

func TestReadSmallIsBounded(t *testing.T) {
	c := testConn(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "too long") },
		func(c *Config) { c.MaxResponseBytes = 4 })
	s := get()
	resp, err := c.Stream(t.Context(), s)
	require.NoError(t, err)
	_, err = c.ReadSmall(s, resp)
	require.ErrorIs(t, err, sdkerr.ErrDecode)
}

// A middleware's context ends with the middleware, the answer does not.
func TestStreamThroughMiddleware(t *testing.T) {
	var seen CallInfo
	c := testConn(t, func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		time.Sleep(20 * time.Millisecond)
		_, _ = io.WriteString(w, "answer")
	}, func(c *Config) {
		c.CallMiddleware = []CallMiddleware{func(ctx context.Context, call CallInfo, next func(context.Context) error) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			seen = call
			return next(ctx)
		}}
	})
	resp, err := c.Stream(t.Context(), get())
	require.NoError(t, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "answer", string(text))
	require.Equal(t, CallInfo{Op: "Files.Get", Method: "GET", Path: "/storage/v1/object/b/x", Safe: true}, seen)

	// It can refuse the call, before or after.
	no := errors.New("no")
	for _, after := range []bool{false, true} {
		c := testConn(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answer") }, func(c *Config) {
			c.CallMiddleware = []CallMiddleware{func(ctx context.Context, _ CallInfo, next func(context.Context) error) error {
				if after {
					_ = next(ctx)
				}
				return no
			}}
		})
		_, err = c.Stream(t.Context(), get())
		require.ErrorIs(t, err, no)
		require.Equal(t, "Files.Get", failure(t, err).Op)
	}
}

func TestStreamsDoNotMix(t *testing.T) {
	c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		_, _ = w.Write(sent)
	})
	done := make(chan error, 16)
	for i := range cap(done) {
		go func() {
			content := bytes.Repeat([]byte{byte(i)}, 300_000+i)
			s := put(readOnly{bytes.NewReader(content)})
			resp, err := c.Stream(t.Context(), s)
			if err == nil {
				var text []byte
				if text, err = c.ReadSmall(s, resp); err == nil && sha256.Sum256(text) != sha256.Sum256(content) {
					err = errors.New("other content")
				}
			}
			done <- err
		}()
	}
	for range cap(done) {
		require.NoError(t, <-done)
	}
}

// A body is sent with the size that it had: what a log gains meanwhile stays
// behind, and one that shrinks is to blame itself.
func TestBodyChangesWhileItIsSent(t *testing.T) {
	var got []byte
	c := testConn(t, func(w http.ResponseWriter, r *http.Request) { got, _ = io.ReadAll(r.Body) })
	resp, err := c.Stream(t.Context(), put(&resized{Reader: strings.NewReader("content and more"), size: 7}))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "content", string(got))

	_, err = c.Stream(t.Context(), put(&resized{Reader: strings.NewReader("cont"), size: 7}))
	require.ErrorContains(t, err, "reading the body: it ended after 4 of 7 bytes")
	require.NotErrorIs(t, err, sdkerr.ErrUnavailable)
	require.Equal(t, 1, failure(t, err).Attempts)
}

type resized struct {
	*strings.Reader
	size int64
}

func (r *resized) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekEnd {
		return r.size, nil
	}
	return r.Reader.Seek(offset, whence)
}
