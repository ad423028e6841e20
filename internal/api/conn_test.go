package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

const testKey = "anon-key-for-tests"

// testConn makes a Conn for handler whose waits between attempts take no time.
func testConn(t testing.TB, handler http.HandlerFunc, change ...func(*Config)) *Conn {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	tr := NewTransport()
	t.Cleanup(tr.CloseIdleConnections)
	cfg := Config{BaseURL: srv.URL, APIKey: testKey, Transport: tr, sleep: func(time.Duration) {}}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	require.NoError(t, err)
	return c
}

func failure(t testing.TB, err error) *sdkerr.Error {
	t.Helper()
	var e *sdkerr.Error
	require.ErrorAs(t, err, &e)
	return e
}

func replyJSON(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func TestNewChecksEverything(t *testing.T) {
	ok := Config{BaseURL: "https://abc.supabase.co", APIKey: testKey}
	for _, tc := range []struct {
		name   string
		change func(*Config)
		ok     bool
	}{
		{"fine", func(*Config) {}, true},
		{"trailing slash", func(c *Config) { c.BaseURL += "/" }, true},
		{"base path", func(c *Config) { c.BaseURL += "/supabase/" }, true},
		{"loopback name", func(c *Config) { c.BaseURL = "http://localhost:54321" }, true},
		{"loopback v4", func(c *Config) { c.BaseURL = "http://127.0.0.1:54321" }, true},
		{"loopback v6", func(c *Config) { c.BaseURL = "http://[::1]:54321" }, true},
		{"no URL", func(c *Config) { c.BaseURL = "" }, false},
		{"no scheme", func(c *Config) { c.BaseURL = "abc.supabase.co" }, false},
		{"other scheme", func(c *Config) { c.BaseURL = "ftp://abc.supabase.co" }, false},
		{"no host", func(c *Config) { c.BaseURL = "https:///x" }, false},
		{"unparsable", func(c *Config) { c.BaseURL = "https://a b\x7f" }, false},
		{"user info", func(c *Config) { c.BaseURL = "https://u:pw123456@abc.supabase.co" }, false},
		{"query", func(c *Config) { c.BaseURL += "?a=b" }, false},
		{"empty query", func(c *Config) { c.BaseURL += "?" }, false},
		{"fragment", func(c *Config) { c.BaseURL += "#a" }, false},
		{"service URL", func(c *Config) { c.BaseURL += "/rest/v1/" }, false},
		{"plain http", func(c *Config) { c.BaseURL = "http://abc.supabase.co" }, false},
		{"plain http, misleading name", func(c *Config) { c.BaseURL = "http://localhost.evil.example" }, false},
		{"plain http, private address", func(c *Config) { c.BaseURL = "http://10.0.0.1" }, false},
		{"no key", func(c *Config) { c.APIKey = "" }, false},
		{"key with a line break", func(c *Config) { c.APIKey = "abc\r\nX: y" }, false},
		{"key with a space", func(c *Config) { c.APIKey = " abc" }, false},
		{"header", func(c *Config) { c.Header = http.Header{"X-A": {"b"}} }, true},
		{"header name", func(c *Config) { c.Header = http.Header{"X A": {"b"}} }, false},
		{"header value", func(c *Config) { c.Header = http.Header{"X-A": {"b\r\nc"}} }, false},
		{"header of ours", func(c *Config) { c.Header = http.Header{"authorization": {"b"}} }, false},
		{"agent", func(c *Config) { c.UserAgent = "x\ny" }, false},
		{"attempts", func(c *Config) { c.Retry.MaxAttempts = -1 }, false},
		{"delay", func(c *Config) { c.Retry.BaseDelay = -1 }, false},
		{"size", func(c *Config) { c.MaxResponseBytes = -1 }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := ok
			tc.change(&cfg)
			_, err := New(cfg)
			if tc.ok {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
			require.NotContains(t, err.Error(), "pw123456")
			require.NotContains(t, err.Error(), "abc\r\n")
		})
	}
}

func TestRequestOnTheWire(t *testing.T) {
	var got *http.Request
	var body []byte
	c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		replyJSON(w, 200, `"ok"`)
	}, func(c *Config) {
		c.BaseURL += "/base/"
		c.Auth = staticToken("user-token")
		c.UserAgent = "import/2.1"
		c.Header = http.Header{"X-Team": {"a"}}
	})

	resp, err := c.Do(t.Context(), &Request{
		Op: "X.Do", Method: "POST", Path: "/rest/v1/rpc/x y", RawQuery: "a=b%2Cc", Body: []byte(`{"p":1}`),
		Header: http.Header{"prefer": {"count=exact"}, "authorization": {"Bearer stolen"}, "Apikey": {"stolen"}},
	})

	require.NoError(t, err)
	require.Equal(t, `"ok"`, string(resp.Body))
	require.Equal(t, "/base/rest/v1/rpc/x%20y?a=b%2Cc", got.RequestURI)
	require.Equal(t, `{"p":1}`, string(body))
	require.Equal(t, "Bearer user-token", got.Header.Get("Authorization"))
	require.Equal(t, testKey, got.Header.Get("Apikey"))
	require.Equal(t, "count=exact", got.Header.Get("Prefer"))
	require.Equal(t, "a", got.Header.Get("X-Team"))
	require.Equal(t, "application/json", got.Header.Get("Content-Type"))
	require.Equal(t, "application/json", got.Header.Get("Accept"))
	require.Regexp(t, `^workorder-go/\S+ \(go\S+; \w+/\w+\) import/2\.1$`, got.Header.Get("User-Agent"))
	require.Equal(t, "workorder-go/"+Version, got.Header.Get("X-Client-Info"))
	require.Len(t, got.Header.Get("X-Request-Id"), 32)
}

func TestAPIKeyStandsForItself(t *testing.T) {
	for key, want := range map[string]string{"aaa.bbb.ccc": "Bearer aaa.bbb.ccc", "sb_publishable_x": "", "sb_secret_x": ""} {
		var auth string
		c := testConn(t, func(_ http.ResponseWriter, r *http.Request) { auth = r.Header.Get("Authorization") },
			func(c *Config) { c.APIKey = key })
		_, err := c.Do(t.Context(), &Request{Method: "GET", Path: "/x"})
		require.NoError(t, err)
		require.Equal(t, want, auth)
	}
}

// The whole table of what is sent again: by the kind of call and the answer.
func TestRetriesByMethodAndCode(t *testing.T) {
	type answer struct {
		status int
		code   string
		header string // Retry-After
	}
	for _, tc := range []struct {
		answer
		safe, write, keyed bool // is it repeated?
	}{
		{answer{503, "PGRST000", ""}, true, true, true},
		{answer{503, "PGRST001", ""}, true, false, true},
		{answer{503, "PGRST002", ""}, true, true, true},
		{answer{504, "PGRST003", ""}, true, true, true},
		{answer{502, "", ""}, true, false, true},
		{answer{503, "", ""}, true, false, true},
		{answer{504, "", ""}, true, false, true},
		{answer{500, "57014", ""}, true, false, true},
		{answer{500, "40001", ""}, true, false, true},
		{answer{500, "40P01", ""}, true, true, true},
		{answer{500, "54000", ""}, false, false, false},
		{answer{500, "54000", "0"}, false, false, false},
		{answer{409, "23505", ""}, false, false, false},
		{answer{409, "23503", ""}, false, false, false},
		{answer{409, "", ""}, false, false, false},
		{answer{500, "P0002", ""}, false, false, false},
		{answer{500, "", ""}, false, false, false},
		{answer{500, "XX000", ""}, false, false, false},
		{answer{400, "P0001", ""}, false, false, false},
		{answer{401, "PGRST301", ""}, false, false, false},
		{answer{403, "42501", ""}, false, false, false},
		{answer{404, "PGRST202", ""}, false, false, false},
		{answer{429, "", ""}, false, false, false},
		{answer{429, "", "1"}, true, true, true},
		{answer{429, "over_request_rate_limit", ""}, false, false, false},
	} {
		for _, kind := range []struct {
			name string
			req  Request
			want bool
		}{
			{"read", Request{Method: "GET", Safe: true}, tc.safe},
			{"stable function", Request{Method: "POST", Safe: true}, tc.safe},
			{"write", Request{Method: "POST"}, tc.write},
			{"write with a key", Request{Method: "POST", Keyed: true}, tc.keyed},
		} {
			t.Run(fmt.Sprintf("%d %s after %q/%s", tc.status, tc.code, tc.header, kind.name), func(t *testing.T) {
				var n atomic.Int32
				c := testConn(t, func(w http.ResponseWriter, _ *http.Request) {
					if n.Add(1) > 1 {
						replyJSON(w, 200, `[]`)
						return
					}
					if tc.header != "" {
						w.Header().Set("Retry-After", tc.header)
					}
					replyJSON(w, tc.status, `{"code":"`+tc.code+`","message":"m"}`)
				})
				r := kind.req
				r.Op, r.Path, r.Body = "X.Do", "/x", []byte("{}")
				_, err := c.Do(t.Context(), &r)
				if kind.want {
					require.NoError(t, err)
					require.EqualValues(t, 2, n.Load())
				} else {
					require.Error(t, err)
					require.EqualValues(t, 1, n.Load())
					require.Equal(t, 1, failure(t, err).Attempts)
				}
			})
		}
	}
}

func TestRetriesEnd(t *testing.T) {
	var ids []string
	c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
		ids = append(ids, r.Header.Get("X-Request-Id"))
		w.WriteHeader(http.StatusServiceUnavailable)
	}, func(c *Config) { c.Retry.MaxAttempts = 3 })
	_, err := c.Do(t.Context(), &Request{Op: "X.Do", Method: "GET", Path: "/x", Safe: true})
	e := failure(t, err)
	require.ErrorIs(t, e, sdkerr.ErrUnavailable)
	require.Equal(t, 3, e.Attempts)
	require.True(t, sdkerr.SafeToRetry(e))
	require.Len(t, ids, 3)
	require.Equal(t, []string{ids[0], ids[0], ids[0]}, ids, "one id for the whole call")
	require.Equal(t, ids[0], e.RequestID)
}

func TestRetryAfter(t *testing.T) {
	for _, tc := range []struct {
		header string
		waits  []time.Duration // nil: not repeated
	}{
		{"3", []time.Duration{3 * time.Second}},
		{"30", []time.Duration{30 * time.Second}},
		{"31", nil}, // the server asks for more patience than there is
		{"86400", nil},
	} {
		var waits []time.Duration
		c := testConn(t, func(w http.ResponseWriter, _ *http.Request) {
			if waits != nil {
				return
			}
			w.Header().Set("Retry-After", tc.header)
			w.WriteHeader(http.StatusServiceUnavailable)
		}, func(c *Config) { c.sleep = func(d time.Duration) { waits = append(waits, d) } })
		_, err := c.Do(t.Context(), &Request{Method: "GET", Path: "/x", Safe: true})
		require.Equal(t, tc.waits, waits)
		if tc.waits == nil {
			require.NotZero(t, failure(t, err).RetryAfter)
		} else {
			require.NoError(t, err)
		}
	}
}

func TestBackoffGrowsWithFullJitter(t *testing.T) {
	p := RetryPolicy{BaseDelay: 100 * time.Millisecond, MaxDelay: time.Second}
	for n, limit := range map[int]time.Duration{
		1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 4: 800 * time.Millisecond, 5: time.Second, 90: time.Second,
	} {
		var low, high bool
		for range 200 {
			d := p.delay(n)
			require.Less(t, d, limit)
			low, high = low || d < limit/2, high || d > limit/2
		}
		require.True(t, low && high, "attempt %d", n)
	}
}

func TestCancelDuringBackoff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := testConn(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		time.AfterFunc(20*time.Millisecond, cancel)
	}, func(c *Config) { c.sleep = nil; c.Retry = RetryPolicy{BaseDelay: time.Hour, MaxDelay: time.Hour} })
	start := time.Now()
	_, err := c.Do(ctx, &Request{Op: "X.Do", Method: "GET", Path: "/x", Safe: true})
	require.Less(t, time.Since(start), 10*time.Second)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, sdkerr.ErrUnavailable, "the failure before stays visible")
	require.Equal(t, 1, failure(t, err).Attempts)
}

// A call that is cancelled when its answer is there already, but would be repeated,
// was cancelled.
func TestCancelJustAfterTheAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	c := testConn(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.WriteHeader(http.StatusServiceUnavailable)
	}, func(c *Config) {
		c.AttemptMiddleware = []AttemptMiddleware{func(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			resp, err := next(r)
			if err == nil {
				resp.Body = &closing{resp.Body, cancel}
			}
			return resp, err
		}}
	})
	_, err := c.Do(ctx, &Request{Op: "X.Do", Method: "GET", Path: "/x", Safe: true})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, sdkerr.ErrUnavailable, "the failure before stays visible")
	require.Equal(t, 1, calls)
}

// closing is a body that calls a function when it is closed.
type closing struct {
	io.ReadCloser
	then func()
}

func (c *closing) Close() error {
	c.then()
	return c.ReadCloser.Close()
}

func TestNoWaitBeyondTheDeadline(t *testing.T) {
	c := testConn(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "20")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := c.Do(ctx, &Request{Method: "GET", Path: "/x", Safe: true})
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 503, failure(t, err).HTTPStatus)
}

func TestContextEndsTheCall(t *testing.T) {
	release := make(chan struct{})
	c := testConn(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-release:
		}
	})
	t.Cleanup(func() { close(release) })

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err := c.Do(ctx, &Request{Op: "X.Do", Method: "GET", Path: "/x", Safe: true})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotErrorIs(t, err, sdkerr.ErrUnavailable)
	require.Equal(t, 1, failure(t, err).Attempts)

	_, err = c.Do(ctx, &Request{Op: "X.Do", Method: "GET", Path: "/x", Safe: true})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Zero(t, failure(t, err).Attempts, "nothing was sent")
}

func TestAttemptTimeout(t *testing.T) {
	var n atomic.Int32
	c := testConn(t, func(_ http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}
	}, func(c *Config) { c.AttemptTimeout = 50 * time.Millisecond })
	_, err := c.Do(t.Context(), &Request{Method: "GET", Path: "/x", Safe: true})
	require.NoError(t, err, "a read is sent again")

	n.Store(0)
	_, err = c.Do(t.Context(), &Request{Method: "POST", Path: "/x", Body: []byte("{}")})
	require.ErrorIs(t, err, sdkerr.ErrUnavailable)
	require.ErrorContains(t, err, "no complete answer within 50ms")
	var ne net.Error
	require.ErrorAs(t, err, &ne)
	require.True(t, ne.Timeout())
	require.False(t, sdkerr.SafeToRetry(err), "the write may have been applied")
	require.EqualValues(t, 1, n.Load())
}

func TestTruncatedAnswer(t *testing.T) {
	for _, chunked := range []bool{false, true} {
		var n atomic.Int32
		c := testConn(t, func(w http.ResponseWriter, _ *http.Request) {
			if n.Add(1) > 1 {
				replyJSON(w, 200, `[{"id":"1"}]`)
				return
			}
			if !chunked {
				w.Header().Set("Content-Length", "1000")
			}
			_, _ = io.WriteString(w, `[{"id":`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})
		resp, err := c.Do(t.Context(), &Request{Method: "GET", Path: "/x", Safe: true})
		require.NoError(t, err)
		require.JSONEq(t, `[{"id":"1"}]`, string(resp.Body))

		n.Store(0)
		_, err = c.Do(t.Context(), &Request{Method: "POST", Path: "/x", Body: []byte("{}")})
		require.ErrorIs(t, err, sdkerr.ErrUnavailable)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.EqualValues(t, 1, n.Load(), "the write may have been applied")
	}
}

func TestDialErrorsAreRepeatedForWrites(t *testing.T) {
	var n int
	c := testConn(t, func(w http.ResponseWriter, _ *http.Request) { replyJSON(w, 200, "1") }, func(c *Config) {
		inner := c.Transport
		c.Transport = roundTripFunc(func(r *http.Request) (*http.Response, error) {
			if n++; n < 3 {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
			}
			return inner.RoundTrip(r)
		})
	})
	_, err := c.Do(t.Context(), &Request{Method: "POST", Path: "/x", Body: []byte("{}")})
	require.NoError(t, err)
	require.Equal(t, 3, n)
}

// Whether a write was sent is judged where it is sent: what a middleware cannot
// reach says nothing about it.
func TestErrorsOfMiddlewareDoNotRepeatWrites(t *testing.T) {
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no audit today")}
	nested := sdkerr.FromResponse("Audit.List", "GET", "/", 503, nil, []byte(`{"code":"PGRST002","message":"m"}`))
	for name, foreign := range map[string]error{"dial": dial, "a call of the SDK": nested} {
		for kind, change := range map[string]func(*Config){
			"attempt": func(c *Config) {
				c.AttemptMiddleware = []AttemptMiddleware{func(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
					resp, err := next(r)
					if err == nil {
						_ = resp.Body.Close()
					}
					return nil, foreign
				}}
			},
			"call": func(c *Config) {
				c.CallMiddleware = []CallMiddleware{func(ctx context.Context, _ CallInfo, next func(context.Context) error) error {
					_ = next(ctx)
					return foreign
				}}
			},
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				var n atomic.Int32
				c := testConn(t, func(w http.ResponseWriter, _ *http.Request) { n.Add(1); replyJSON(w, 200, "1") }, change)
				_, err := c.Do(t.Context(), &Request{Method: "POST", Path: "/x", Body: []byte("{}")})
				require.Error(t, err)
				require.EqualValues(t, 1, n.Load())
				require.False(t, sdkerr.SafeToRetry(err))
			})
		}
	}
}

func TestHeadersWithAMeaningAreRefused(t *testing.T) {
	for _, name := range []string{"idempotency-key", "Accept-Encoding", "range", "Prefer", "Content-Profile", "If-None-Match", "TE", "Expect", "X-Client-Info"} {
		_, err := New(Config{BaseURL: "https://abc.supabase.co", APIKey: testKey, Header: http.Header{name: {"x"}}})
		require.ErrorIs(t, err, sdkerr.ErrInvalidInput, name)
	}
}

func TestTransportLimits(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://proxy.example:1")
	tr := NewTransport()
	require.Zero(t, tr.ResponseHeaderTimeout)
	require.Less(t, tr.HTTP2.SendPingTimeout+tr.HTTP2.PingTimeout, DefaultAttemptTimeout)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost:1/", nil)
	require.NoError(t, err)
	proxy, err := tr.Proxy(req)
	require.NoError(t, err)
	require.Nil(t, proxy)
	for _, u := range []string{"http://localhost.:1", "http://db.localhost:1"} {
		_, err := New(Config{BaseURL: u, APIKey: testKey})
		require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	}
}

func TestTimedOutKeyedWriteIsLookedUp(t *testing.T) {
	for name, tc := range map[string]struct {
		settled *Response
		err     error
		want    string
		sent    int32
	}{
		"done":        {&Response{Body: []byte(`"w1"`)}, nil, `"w1"`, 1},
		"unknown":     {nil, nil, `"new"`, 2},
		"in progress": {nil, sdkerr.New("", sdkerr.ErrInProgress, "held"), "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int32
			c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if n.Add(1) == 1 {
					<-r.Context().Done()
					return
				}
				replyJSON(w, 200, `"new"`)
			}, func(c *Config) { c.AttemptTimeout = 200 * time.Millisecond })
			resp, err := c.Do(t.Context(), &Request{Method: "POST", Path: "/x", Body: []byte("{}"), Keyed: true,
				Settle: func(context.Context) (*Response, error) { return tc.settled, tc.err }})
			require.Equal(t, tc.sent, n.Load())
			if tc.err != nil {
				require.ErrorIs(t, err, sdkerr.ErrInProgress)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, string(resp.Body))
		})
	}
}

func TestUntrustedCertificateIsNotRepeated(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.StartTLS()
	defer srv.Close()
	var n atomic.Int32
	c, err := New(Config{BaseURL: srv.URL, APIKey: testKey, sleep: func(time.Duration) { n.Add(1) }})
	require.NoError(t, err)
	_, err = c.Do(t.Context(), &Request{Method: "GET", Path: "/x", Safe: true})
	var verify *tls.CertificateVerificationError
	require.NotErrorAs(t, err, &verify)
	require.ErrorIs(t, err, sdkerr.ErrUnavailable)
	require.ErrorContains(t, err, "certificate")
	require.Zero(t, n.Load())
}

func TestBodies(t *testing.T) {
	big := strings.Repeat("x", 5<<20)
	for _, tc := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"empty", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, ""},
		{"length", func(w http.ResponseWriter, _ *http.Request) { replyJSON(w, 206, "[1]") }, "[1]"},
		{"chunked", func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "[2]")
		}, "[2]"},
		{"big", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(big)))
			_, _ = io.WriteString(w, big)
		}, big},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp, err := testConn(t, tc.handler).Do(t.Context(), &Request{Method: "GET", Path: "/x"})
			require.NoError(t, err)
			require.Equal(t, tc.want, string(resp.Body))
		})
		t.Run(tc.name+", HEAD", func(t *testing.T) {
			resp, err := testConn(t, tc.handler).Do(t.Context(), &Request{Method: "HEAD", Path: "/x"})
			require.NoError(t, err)
			require.Empty(t, resp.Body)
		})
	}
	t.Run("too large", func(t *testing.T) {
		for _, flush := range []bool{false, true} { // with and without Content-Length
			c := testConn(t, func(w http.ResponseWriter, _ *http.Request) {
				if flush {
					w.(http.Flusher).Flush()
				}
				_, _ = io.WriteString(w, "12345")
			}, func(c *Config) { c.MaxResponseBytes = 4 })
			_, err := c.Do(t.Context(), &Request{Method: "GET", Path: "/x", Safe: true})
			require.ErrorIs(t, err, sdkerr.ErrDecode)
		}
	})
	t.Run("huge error is not read to its end", func(t *testing.T) {
		c := testConn(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, big)
		})
		_, err := c.Do(t.Context(), &Request{Op: "X.Do", Method: "GET", Path: "/x"})
		require.Less(t, len(err.Error()), 400)
	})
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/?token=topsecret", status)
		}, func(c *Config) { c.Auth = staticToken("user-token") })
		_, err := c.Do(t.Context(), &Request{Op: "X.Do", Method: "GET", Path: "/x", Safe: true})
		require.Equal(t, status, failure(t, err).HTTPStatus)
		require.ErrorContains(t, err, "redirect")
		require.NotContains(t, err.Error(), "topsecret")
	}
	require.Zero(t, elsewhere.Load())
}

func TestMiddlewareCannotCarryCredentialsAway(t *testing.T) {
	c := testConn(t, func(http.ResponseWriter, *http.Request) { t.Error("sent") }, func(c *Config) {
		c.AttemptMiddleware = []AttemptMiddleware{func(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			r.URL.Host = "elsewhere.example"
			return next(r)
		}}
	})
	_, err := c.Do(t.Context(), &Request{Op: "X.Do", Method: "GET", Path: "/x", Safe: true})
	require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	require.ErrorContains(t, err, "X.Do: ")
}

// source is a TokenSource for tests.
type source struct {
	mu          sync.Mutex
	tokens      []string // the first one is current
	err         error
	invalidated []string
}

func (s *source) Token(context.Context) (Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return Token{}, s.err
	}
	return Token{Value: s.tokens[0]}, nil
}

func (s *source) Invalidate(t Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.invalidated = append(s.invalidated, t.Value)
	if len(s.tokens) > 1 && t.Value == s.tokens[0] {
		s.tokens = s.tokens[1:]
	}
}

// staticToken is a TokenSource that always gives the same token.
type staticToken string

func (s staticToken) Token(context.Context) (Token, error) { return Token{Value: string(s)}, nil }

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	for _, tc := range []struct {
		name   string
		code   string
		tokens []string
		good   string
		sent   []string
		ok     bool
	}{
		{"expired", "PGRST303", []string{"old-token", "new-token"}, "new-token", []string{"old-token", "new-token"}, true},
		{"older code", "PGRST301", []string{"old-token", "new-token"}, "new-token", []string{"old-token", "new-token"}, true},
		{"Auth", "bad_jwt", []string{"old-token", "new-token"}, "new-token", []string{"old-token", "new-token"}, true},
		{"no other token", "PGRST303", []string{"old-token"}, "", []string{"old-token"}, false},
		{"the next one is no better", "PGRST303", []string{"old-token", "new-token", "third-token"}, "", []string{"old-token", "new-token"}, false},
		{"not about the token", "42501", []string{"old-token", "new-token"}, "new-token", []string{"old-token"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var sent []string
			c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
				tok := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
				sent = append(sent, tok)
				if tok != tc.good {
					replyJSON(w, 401, `{"code":"`+tc.code+`","message":"JWT expired"}`)
				}
			}, func(c *Config) {
				c.Auth = &source{tokens: tc.tokens}
				c.Retry.MaxAttempts = 1 // a replay is no retry
			})
			_, err := c.Do(t.Context(), &Request{Op: "X.Do", Method: "POST", Path: "/x", Body: []byte("{}")})
			require.Equal(t, tc.sent, sent)
			if tc.ok {
				require.NoError(t, err)
			} else {
				require.Equal(t, tc.code, failure(t, err).Code)
			}
		})
	}
}

func TestSourceWithoutAnotherTokenSaysWhy(t *testing.T) {
	over := sdkerr.FromResponse("Session.Refresh", "POST", "/auth/v1/token", 400, nil, []byte(`{"code":"session_expired","message":"over"}`))
	src := &source{tokens: []string{"old-token"}}
	c := testConn(t, func(w http.ResponseWriter, _ *http.Request) {
		src.err = over
		replyJSON(w, 401, `{"code":"PGRST303","message":"JWT expired"}`)
	}, func(c *Config) { c.Auth = src })
	_, err := c.Do(t.Context(), &Request{Op: "X.Do", Method: "GET", Path: "/x", Safe: true})
	require.ErrorIs(t, err, sdkerr.ErrSessionExpired)
	require.Equal(t, []string{"old-token"}, src.invalidated)
}

func TestTokenSourceFailures(t *testing.T) {
	inner := sdkerr.FromResponse("Session.Refresh", "POST", "/auth/v1/token", 400, nil, []byte(`{"code":"session_expired","message":"over"}`))
	for _, tc := range []struct {
		name string
		src  *source
		is   error
	}{
		{"of the SDK", &source{err: fmt.Errorf("refresh: %w", inner)}, sdkerr.ErrSessionExpired},
		{"foreign", &source{err: errors.New("vault is sealed")}, sdkerr.ErrUnauthenticated},
		{"context", &source{err: context.DeadlineExceeded}, context.DeadlineExceeded},
		{"empty token", &source{tokens: []string{""}}, sdkerr.ErrUnauthenticated},
		{"line break", &source{tokens: []string{"tok\r\nX-Evil: 1"}}, sdkerr.ErrUnauthenticated},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := testConn(t, func(http.ResponseWriter, *http.Request) { t.Error("sent") }, func(c *Config) { c.Auth = tc.src })
			_, err := c.Do(t.Context(), &Request{Op: "X.Do", Method: "GET", Path: "/x", Safe: true})
			require.ErrorIs(t, err, tc.is)
			require.True(t, strings.HasPrefix(err.Error(), "X.Do: "), err.Error())
			require.NotContains(t, err.Error(), "X-Evil")
			_, err = c.TenantFor(t.Context(), "X.Do", "")
			require.ErrorIs(t, err, tc.is)
		})
	}
}

func fakeJWT(claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"HS256"}`)) + "." + enc([]byte(claims)) + "." + enc([]byte("signature"))
}

type sourceWithTenant struct {
	*source
	tenant string
}

func (s sourceWithTenant) TenantID() string { return s.tenant }

func TestTenantFor(t *testing.T) {
	claimed := &source{tokens: []string{fakeJWT(`{"tenant_id":"claimed"}`)}}
	bare := &source{tokens: []string{fakeJWT(`{"sub":"u1"}`)}}
	for _, tc := range []struct {
		name   string
		tenant string
		auth   TokenSource
		want   string
	}{
		{"the client's own", "own", claimed, "own"},
		{"the source's", "", sourceWithTenant{claimed, "source"}, "source"},
		{"the claim", "", claimed, "claimed"},
		{"the claim when the source knows none", "", sourceWithTenant{claimed, ""}, "claimed"},
		{"no claim", "", bare, ""},
		{"opaque token", "", &source{tokens: []string{"opaque"}}, ""},
		{"no source", "", nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := testConn(t, nil, func(c *Config) { c.Tenant, c.Auth = tc.tenant, tc.auth })
			for range 2 {
				got, err := c.TenantFor(t.Context(), "X.Do", "")
				require.Equal(t, tc.want, got)
				if tc.want == "" {
					require.ErrorIs(t, err, sdkerr.ErrNoTenant)
				} else {
					require.NoError(t, err)
				}
			}
		})
	}
	src := &source{tokens: []string{fakeJWT(`{"tenant_id":"a"}`), fakeJWT(`{"tenant_id":"b"}`)}}
	c := testConn(t, nil, func(c *Config) { c.Auth = src })
	got, err := c.TenantFor(t.Context(), "X.Do", "")
	require.NoError(t, err)
	require.Equal(t, "a", got)
	src.Invalidate(Token{Value: src.tokens[0]})
	got, err = c.TenantFor(t.Context(), "X.Do", "")
	require.NoError(t, err)
	require.Equal(t, "b", got, "another token, another tenant")
}

func TestMiddlewareOrderAndPowers(t *testing.T) {
	var trace []string
	call := func(name string) CallMiddleware {
		return func(ctx context.Context, info CallInfo, next func(context.Context) error) error {
			trace = append(trace, name+" "+info.Op)
			err := next(ctx)
			trace = append(trace, "/"+name)
			return err
		}
	}
	attempt := func(name string) AttemptMiddleware {
		return func(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			trace = append(trace, name)
			r.Header.Add("X-Seen", name)
			return next(r)
		}
	}
	var n int
	var seen [][]string
	c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Values("X-Seen"))
		if n++; n == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}, func(c *Config) {
		c.Header = http.Header{"X-Seen": {"base"}}
		c.CallMiddleware = []CallMiddleware{call("A"), call("B")}
		c.AttemptMiddleware = []AttemptMiddleware{attempt("1"), attempt("2")}
	})
	_, err := c.Do(t.Context(), &Request{Op: "X.Do", Method: "GET", Path: "/x", Safe: true})
	require.NoError(t, err)
	require.Equal(t, []string{"A X.Do", "B X.Do", "1", "2", "1", "2", "/B", "/A"}, trace)
	require.Equal(t, [][]string{{"base", "1", "2"}, {"base", "1", "2"}}, seen, "attempts do not see each other's headers")
}

func TestCallMiddlewareDecides(t *testing.T) {
	errOpen := errors.New("circuit open")
	for _, tc := range []struct {
		name   string
		status int
		m      CallMiddleware
		check  func(*testing.T, error)
	}{
		{"refuses", 200, func(context.Context, CallInfo, func(context.Context) error) error { return errOpen },
			func(t *testing.T, err error) {
				require.ErrorIs(t, err, errOpen)
				require.EqualError(t, failure(t, err), "X.Do: circuit open")
			}},
		{"forgets to call", 200, func(context.Context, CallInfo, func(context.Context) error) error { return nil },
			func(t *testing.T, err error) { require.Error(t, err) }},
		{"swallows the error", 409, func(ctx context.Context, _ CallInfo, next func(context.Context) error) error {
			_ = next(ctx)
			return nil
		}, func(t *testing.T, err error) { require.ErrorIs(t, err, sdkerr.ErrConflict) }},
		{"sees success as nil", 200, func(ctx context.Context, _ CallInfo, next func(context.Context) error) error {
			if err := next(ctx); err != nil {
				return fmt.Errorf("unexpected: %w", err)
			}
			return nil
		}, func(t *testing.T, err error) { require.NoError(t, err) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := testConn(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(tc.status) },
				func(c *Config) { c.CallMiddleware = []CallMiddleware{tc.m} })
			_, err := c.Do(t.Context(), &Request{Op: "X.Do", Method: "GET", Path: "/x"})
			tc.check(t, err)
		})
	}
	c := testConn(t, nil, func(c *Config) {
		c.AttemptMiddleware = []AttemptMiddleware{func(*http.Request, func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			return nil, nil
		}}
	})
	_, err := c.Do(t.Context(), &Request{Op: "X.Do", Method: "GET", Path: "/x", Safe: true})
	require.ErrorContains(t, err, "middleware")
}

// Whatever the server repeats, no secret of the request comes out anywhere.
func TestSecretsStayInside(t *testing.T) {
	const query = "token=querysecret"
	token := fakeJWT(`{"sub":"u1","tenant_id":"t1"}`)
	secrets := []string{token, testKey, "hunter2!", "refresh-abc", "team-secret", "querysecret"}
	var logs bytes.Buffer
	c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		msg := fmt.Sprintf("%v %s %s", r.Header, body, "password was hunter2! and refresh-abc")
		w.Header().Set("X-Request-Id", r.Header.Get("Apikey"))
		js, _ := json.Marshal(map[string]string{"code": "", "message": msg, "details": msg, "hint": msg})
		replyJSON(w, 503, string(js))
	}, func(c *Config) {
		c.Auth = staticToken(token)
		c.Header = http.Header{"X-Team-Token": {"team-secret"}}
		c.Logger = slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	_, err := c.Do(t.Context(), &Request{
		Op: "Auth.SignIn", Method: "POST", Path: "/auth/v1/token", RawQuery: query, Safe: true,
		Body: []byte(`{"email":"a@example.com","password":"hunter2!","refresh_token":"refresh-abc"}`),
	})
	require.Error(t, err)

	broken := testConn(t, nil, func(cfg *Config) {
		cfg.Auth = staticToken(token)
		cfg.Transport = failingTransport{}
	})
	_, err2 := broken.Do(t.Context(), &Request{Op: "X.Do", Method: "GET", Path: "/x", RawQuery: query})
	require.Error(t, err2)

	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, nil))
	for _, v := range []any{err, err2, c, c.Config(), Token{Value: token}, &Token{Value: token}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		logger.Error("failed", "value", v)
		func() {
			defer func() { fmt.Fprint(&out, recover()) }()
			panic(v)
		}()
	}
	js, jerr := json.Marshal([]any{err, err2, Token{Value: token}})
	require.NoError(t, jerr)
	out.Write(js)

	require.Contains(t, logs.String(), `"op":"Auth.SignIn"`)
	require.Contains(t, logs.String(), `"path":"/auth/v1/token"`)
	for _, s := range secrets {
		require.NotContains(t, out.String(), s)
		require.NotContains(t, logs.String(), s)
		require.NotContains(t, out.String(), fmt.Sprintf("%x", s))
	}
}

// failingTransport fails with an error that holds the whole request.
type failingTransport struct{}

func (failingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("cannot send %s with %v", r.URL, r.Header)
}

func TestLogging(t *testing.T) {
	var logs bytes.Buffer
	var n int
	c := testConn(t, func(w http.ResponseWriter, _ *http.Request) {
		if n++; n == 1 {
			replyJSON(w, 503, `{"code":"PGRST002","message":"no schema cache"}`)
			return
		}
		replyJSON(w, 200, `[]`)
	}, func(c *Config) {
		c.Logger = slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	_, err := c.Do(t.Context(), &Request{Op: "Tenants.List", Method: "GET", Path: "/rest/v1/v_tenants", RawQuery: "a=b", Safe: true})
	require.NoError(t, err)

	var lines []map[string]any
	for line := range strings.Lines(logs.String()) {
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &m))
		require.Len(t, m["request_id"], 32)
		delete(m, "request_id")
		delete(m, "time")
		delete(m, "duration")
		lines = append(lines, m)
	}
	base := func(more map[string]any) map[string]any {
		m := map[string]any{"op": "Tenants.List", "method": "GET", "path": "/rest/v1/v_tenants"}
		for k, v := range more {
			m[k] = v
		}
		return m
	}
	require.Equal(t, []map[string]any{
		base(map[string]any{"level": "DEBUG", "msg": "workorder request", "attempt": 1.0, "status": 503.0, "code": "PGRST002"}),
		base(map[string]any{"level": "WARN", "msg": "workorder request repeated", "attempt": 1.0, "status": 503.0, "code": "PGRST002",
			"why": "retry"}),
		base(map[string]any{"level": "DEBUG", "msg": "workorder request", "attempt": 2.0, "status": 200.0, "bytes": 2.0}),
	}, lines)
}

func TestManyGoroutines(t *testing.T) {
	var conns atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		replyJSON(w, 200, strconv.Quote(r.Header.Get("Authorization")))
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	tr := NewTransport()
	defer tr.CloseIdleConnections()
	tr.MaxConnsPerHost = 64
	root, err := New(Config{BaseURL: srv.URL, APIKey: testKey, Transport: tr})
	require.NoError(t, err)

	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Go(func() {
			name := "token-" + strconv.Itoa(i)
			c := root.WithIdentity(staticToken(name), name)
			resp, err := c.Do(t.Context(), &Request{Op: "X.Do", Method: "GET", Path: "/x", Safe: true})
			if err != nil {
				t.Error(err)
				return
			}
			if want := strconv.Quote("Bearer " + name); string(resp.Body) != want {
				t.Errorf("got %s, want %s", resp.Body, want)
			}
			if id, err := c.TenantFor(t.Context(), "X.Do", ""); err != nil || id != name {
				t.Errorf("tenant %q, %v", id, err)
			}
		})
	}
	wg.Wait()
	require.Less(t, conns.Load(), int32(100), "64 at a time, and few that broke")
}

func TestTokenIssuedInTheFutureIsSentAgainAfterAWhile(t *testing.T) {
	for name, tt := range map[string]struct {
		message        string
		fails, want    int
		waits          []time.Duration
		invalidated    bool
		ok             bool
		withoutTimeFor bool
	}{
		"passes":          {message: "JWT issued at future", fails: 1, want: 2, waits: []time.Duration{time.Second}, ok: true},
		"passes later":    {message: "JWT issued at future", fails: 2, want: 3, waits: []time.Duration{time.Second, 2 * time.Second}, ok: true},
		"not yet valid":   {message: "JWT not yet valid", fails: 1, want: 2, waits: []time.Duration{time.Second}, ok: true},
		"clock is far":    {message: "JWT issued at future", fails: 9, want: 3, waits: []time.Duration{time.Second, 2 * time.Second}},
		"no time to wait": {message: "JWT issued at future", fails: 9, want: 1, withoutTimeFor: true},
		"expired":         {message: "JWT expired", fails: 1, want: 2, invalidated: true, ok: true},
	} {
		t.Run(name, func(t *testing.T) {
			var sent []string
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				sent = append(sent, r.Header.Get("Authorization"))
				if len(sent) <= tt.fails {
					w.WriteHeader(http.StatusUnauthorized)
					_, _ = io.WriteString(w, `{"code":"PGRST303","message":"`+tt.message+`","details":null,"hint":null}`)
					return
				}
				_, _ = io.WriteString(w, `[]`)
			}))
			defer srv.Close()
			src := &countingSource{}
			var waits []time.Duration
			c, err := New(Config{
				BaseURL: srv.URL, APIKey: "anon-key", Auth: src, Retry: RetryPolicy{MaxAttempts: 1},
				sleep: func(d time.Duration) { waits = append(waits, d) },
			})
			require.NoError(t, err)
			ctx := t.Context()
			if tt.withoutTimeFor {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 900*time.Millisecond)
				defer cancel()
			}
			_, err = c.Do(ctx, &Request{Op: "op", Method: "POST", Path: "/rest/v1/rpc/f", Body: []byte("{}")})
			if tt.ok {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, sdkerr.ErrUnauthenticated)
			}
			require.Len(t, sent, tt.want)
			require.Equal(t, tt.waits, waits)
			require.Equal(t, tt.invalidated, sent[len(sent)-1] != sent[0], "the same token, unless it has expired")
		})
	}
}

// countingSource gives another token after each Invalidate.
type countingSource struct{ n int }

func (s *countingSource) Token(context.Context) (Token, error) {
	return Token{Value: fmt.Sprint("token-", s.n)}, nil
}
func (s *countingSource) Invalidate(Token) { s.n++ }

func TestCallCancelledAfterARefusalIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"code":"PGRST303","message":"JWT expired"}`)
	}))
	defer srv.Close()
	c, err := New(Config{BaseURL: srv.URL, APIKey: "anon-key", Auth: refusedSource(func() { cancel(errors.New("gone")) })})
	require.NoError(t, err)
	_, err = c.Do(ctx, &Request{Op: "op", Method: "GET", Path: "/rest/v1/v", Safe: true})
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, sdkerr.ErrUnauthenticated)
}

// refusedSource calls a function when its token is refused.
type refusedSource func()

func (refusedSource) Token(context.Context) (Token, error) { return Token{Value: "t"}, nil }
func (f refusedSource) Invalidate(Token)                   { f() }

// A middleware may give up while its call goes on. Nothing of the two may meet, and an
// answer that begins later is closed.
func TestMiddlewareLeavesACallToItself(t *testing.T) {
	left := make(chan struct{})
	closed := make(chan struct{})
	over := make(chan struct{})
	c := testConn(t, nil, func(c *Config) {
		c.Transport = roundTripFunc(func(req *http.Request) (*http.Response, error) { // no socket, which orders what happens
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: req, Body: closeNoter{strings.NewReader("[]"), closed}}, nil
		})
		c.Observers = []Observer{{Call: func(ctx context.Context, _ CallStart) (context.Context, func(CallDone)) {
			return ctx, func(CallDone) {}
		}}}
		c.CallMiddleware = []CallMiddleware{func(ctx context.Context, _ CallInfo, next func(context.Context) error) error {
			go func() {
				<-left
				_ = next(context.WithoutCancel(ctx))
				over <- struct{}{}
			}()
			time.AfterFunc(10*time.Millisecond, func() { left <- struct{}{} })
			return context.DeadlineExceeded
		}}
	})
	_, err := c.Do(t.Context(), &Request{Op: "Do", Method: http.MethodGet, Path: "/rest/v1/v", Safe: true})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	<-closed
	<-over

	_, err = c.Stream(t.Context(), &Stream{Op: "Stream", Method: http.MethodGet, Path: "/storage/v1/object/x", Safe: true})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	<-closed
	<-over
}

// The same with an attempt that a middleware leaves to itself.
func TestMiddlewareLeavesAnAttemptToItself(t *testing.T) {
	over := make(chan struct{})
	c := testConn(t, nil, func(c *Config) {
		c.Retry = RetryPolicy{MaxAttempts: 1}
		c.Transport = roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
		c.AttemptMiddleware = []AttemptMiddleware{func(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			time.AfterFunc(10*time.Millisecond, func() {
				_, _ = next(req) //nolint:bodyclose // there is none
				over <- struct{}{}
			})
			return nil, context.DeadlineExceeded
		}}
	})
	_, err := c.Do(t.Context(), &Request{Op: "Do", Method: http.MethodGet, Path: "/rest/v1/v", Safe: true})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	<-over
}

// closeNoter is a body that tells that it was closed.
type closeNoter struct {
	io.Reader
	closed chan<- struct{}
}

func (c closeNoter) Close() error {
	c.closed <- struct{}{}
	return nil
}
