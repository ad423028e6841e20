package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// sight is an observer that writes down what it is told.
type sight struct {
	mu   sync.Mutex
	seen []string
	ends []CallDone
	took []time.Duration // of attempts
}

func (s *sight) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, fmt.Sprintf(format, args...))
}

type insideCall struct{}
type insideAttempt struct{}

// observer notes everything with the given name in front of it. What it puts into
// the contexts shows which of them the pipeline goes on with.
func (s *sight) observer(name string) Observer {
	return Observer{
		Call: func(ctx context.Context, start CallStart) (context.Context, func(CallDone)) {
			s.note("%scall %s %s %s safe=%t", name, start.Op, start.Method, start.Path, start.Safe)
			return context.WithValue(ctx, insideCall{}, true), func(d CallDone) {
				s.note("%scall done attempts=%d status=%d rows=%d err=%t", name, d.Attempts, d.Status, d.Rows, d.Err != nil)
				s.mu.Lock()
				defer s.mu.Unlock()
				s.ends = append(s.ends, d)
			}
		},
		Attempt: func(ctx context.Context, start AttemptStart) (context.Context, func(AttemptDone)) {
			s.note("%sattempt %d of %s, in the call: %v", name, start.Attempt, start.Op, ctx.Value(insideCall{}))
			return context.WithValue(ctx, insideAttempt{}, start.Attempt), func(d AttemptDone) {
				s.note("%sattempt done status=%d err=%t", name, d.Status, d.Err != nil)
				s.mu.Lock()
				defer s.mu.Unlock()
				s.took = append(s.took, d.Duration)
			}
		},
	}
}

func TestObserverSeesCallsAndAttempts(t *testing.T) {
	read := &Request{Op: "Things.List", Method: http.MethodGet, Path: "/rest/v1/v_things", RawQuery: "secret=1", Safe: true}
	write := &Request{Op: "Things.Create", Method: http.MethodPost, Path: "/rest/v1/rpc/rpc_create_thing", Body: []byte("{}")}
	answer := func(status int, contentRange string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if contentRange != "" {
				w.Header().Set("Content-Range", contentRange)
			}
			replyJSON(w, status, `[]`)
		}
	}
	cut := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for _, tc := range []struct {
		name    string
		request *Request
		answers []http.HandlerFunc
		want    []string
	}{
		{"a read", read, []http.HandlerFunc{answer(200, "0-24/*")}, []string{
			"call Things.List GET /rest/v1/v_things safe=true",
			"attempt 1 of Things.List, in the call: true",
			"attempt done status=200 err=false",
			"call done attempts=1 status=200 rows=25 err=false",
		}},
		{"no rows", read, []http.HandlerFunc{answer(200, "*/0")}, []string{
			"call Things.List GET /rest/v1/v_things safe=true",
			"attempt 1 of Things.List, in the call: true",
			"attempt done status=200 err=false",
			"call done attempts=1 status=200 rows=0 err=false",
		}},
		{"a write", write, []http.HandlerFunc{answer(200, "0-0/*")}, []string{
			"call Things.Create POST /rest/v1/rpc/rpc_create_thing safe=false",
			"attempt 1 of Things.Create, in the call: true",
			"attempt done status=200 err=false",
			"call done attempts=1 status=200 rows=-1 err=false",
		}},
		{"a retry", read, []http.HandlerFunc{cut, answer(503, ""), answer(200, "0-0/*")}, []string{
			"call Things.List GET /rest/v1/v_things safe=true",
			"attempt 1 of Things.List, in the call: true",
			"attempt done status=0 err=true",
			"attempt 2 of Things.List, in the call: true",
			"attempt done status=503 err=true",
			"attempt 3 of Things.List, in the call: true",
			"attempt done status=200 err=false",
			"call done attempts=3 status=200 rows=1 err=false",
		}},
		{"a failure", write, []http.HandlerFunc{answer(409, "")}, []string{
			"call Things.Create POST /rest/v1/rpc/rpc_create_thing safe=false",
			"attempt 1 of Things.Create, in the call: true",
			"attempt done status=409 err=true",
			"call done attempts=1 status=409 rows=-1 err=true",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var s sight
			var answered atomic.Int64
			c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
				tc.answers[answered.Add(1)-1](w, r)
			}, func(cfg *Config) { cfg.Observers = []Observer{s.observer("")} })

			_, err := c.Do(t.Context(), tc.request)

			require.Empty(t, cmp.Diff(tc.want, s.seen))
			require.Len(t, s.ends, 1)
			if err != nil {
				require.Equal(t, err, s.ends[0].Err, "the caller's own error")
			}
			for _, took := range s.took {
				require.Positive(t, took)
				require.LessOrEqual(t, took, s.ends[0].Duration)
			}
		})
	}
}

// The contexts that observers give go on into the middleware and the transport,
// observers nest in their order, and those with gaps do no harm.
func TestObserversNest(t *testing.T) {
	var s sight
	c := testConn(t, func(w http.ResponseWriter, _ *http.Request) { replyJSON(w, 200, `[]`) }, func(cfg *Config) {
		cfg.Observers = []Observer{
			s.observer("a "),
			{},
			{
				Call:    func(context.Context, CallStart) (context.Context, func(CallDone)) { return nil, nil },
				Attempt: func(context.Context, AttemptStart) (context.Context, func(AttemptDone)) { return nil, nil },
			},
			s.observer("b "),
		}
		cfg.CallMiddleware = []CallMiddleware{func(ctx context.Context, _ CallInfo, next func(context.Context) error) error {
			s.note("call middleware, in the call: %v", ctx.Value(insideCall{}))
			return next(ctx)
		}}
		cfg.AttemptMiddleware = []AttemptMiddleware{func(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			s.note("attempt middleware, in attempt %v", r.Context().Value(insideAttempt{}))
			return next(r)
		}}
	})

	_, err := c.Do(t.Context(), &Request{Op: "Op", Method: "GET", Path: "/x", Safe: true})

	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]string{
		"a call Op GET /x safe=true", "b call Op GET /x safe=true", "call middleware, in the call: true",
		"a attempt 1 of Op, in the call: true", "b attempt 1 of Op, in the call: true", "attempt middleware, in attempt 1",
		"b attempt done status=200 err=false", "a attempt done status=200 err=false",
		"b call done attempts=1 status=200 rows=-1 err=false", "a call done attempts=1 status=200 rows=-1 err=false",
	}, s.seen))
}

func TestObserverSeesCallsThatSendNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Config)
		ctx    func(context.Context) context.Context
		kind   error
	}{
		"cancelled": {func(*Config) {}, func(ctx context.Context) context.Context {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx
		}, context.Canceled},
		"no token": {func(c *Config) { c.Auth = fixed("") }, func(ctx context.Context) context.Context { return ctx }, sdkerr.ErrUnauthenticated},
		"refused by a middleware": {func(c *Config) {
			c.CallMiddleware = []CallMiddleware{func(context.Context, CallInfo, func(context.Context) error) error { return context.Canceled }}
		}, func(ctx context.Context) context.Context { return ctx }, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			var s sight
			c := testConn(t, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") },
				func(cfg *Config) { cfg.Observers = []Observer{s.observer("")} }, tc.change)

			_, err := c.Do(tc.ctx(t.Context()), &Request{Op: "Op", Method: "GET", Path: "/x", Safe: true})

			require.ErrorIs(t, err, tc.kind)
			require.Equal(t, []string{"call Op GET /x safe=true", "call done attempts=0 status=0 rows=-1 err=true"}, s.seen)
			require.ErrorIs(t, s.ends[0].Err, tc.kind)
		})
	}
}

// A call that is cancelled while its answer is awaited, and an attempt that takes
// too long, end for the observer as they do for the caller.
func TestObserverSeesHowWaitingEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		change   func(*Config)
		patience time.Duration
		want     error
	}{
		"deadline":  {func(*Config) {}, 20 * time.Millisecond, context.DeadlineExceeded},
		"timed out": {func(c *Config) { c.AttemptTimeout, c.Retry.MaxAttempts = 20*time.Millisecond, 1 }, time.Minute, errTimedOut},
	} {
		t.Run(name, func(t *testing.T) {
			var s sight
			c := testConn(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, func(cfg *Config) { cfg.Observers = []Observer{s.observer("")} }, tc.change)
			ctx, cancel := context.WithTimeout(t.Context(), tc.patience)
			defer cancel()

			_, err := c.Do(ctx, &Request{Op: "Op", Method: "GET", Path: "/x", Safe: true})

			require.ErrorIs(t, err, tc.want)
			require.Empty(t, cmp.Diff([]string{
				"call Op GET /x safe=true", "attempt 1 of Op, in the call: true", "attempt done status=0 err=true",
				"call done attempts=1 status=0 rows=-1 err=true",
			}, s.seen))
			require.ErrorIs(t, s.ends[0].Err, tc.want)
		})
	}
}

func TestObserverOfStreams(t *testing.T) {
	var s sight
	c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && len(s.took) == 0 {
			replyJSON(w, 503, `{"statusCode":"503"}`)
			return
		}
		w.Header().Set("Content-Range", "bytes 0-6/7")
		replyJSON(w, 200, "content")
	}, func(cfg *Config) { cfg.Observers = []Observer{s.observer("")} })

	for _, r := range []*Stream{{Op: "Files.Put", Method: "POST", Path: "/storage/v1/object/b/x", Body: strings.NewReader("content"), Keyed: true}, get()} {
		resp, err := c.Stream(t.Context(), r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}

	require.Empty(t, cmp.Diff([]string{
		"call Files.Put POST /storage/v1/object/b/x safe=false",
		"attempt 1 of Files.Put, in the call: true", "attempt done status=503 err=true",
		"attempt 2 of Files.Put, in the call: true", "attempt done status=200 err=false",
		"call done attempts=2 status=200 rows=-1 err=false",
		"call Files.Get GET /storage/v1/object/b/x safe=true",
		"attempt 1 of Files.Get, in the call: true", "attempt done status=200 err=false",
		"call done attempts=1 status=200 rows=-1 err=false",
	}, s.seen))
}

// What a panic ends has an end for the observer, whoever panics.
func TestObserverSeesPanics(t *testing.T) {
	boom := func() { panic("boom") }
	for name, tc := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"a call middleware": {func(c *Config) {
			c.CallMiddleware = []CallMiddleware{func(ctx context.Context, _ CallInfo, next func(context.Context) error) error {
				defer boom()
				return next(ctx)
			}}
		}, []string{
			"call Op GET /x safe=true", "attempt 1 of Op, in the call: true", "attempt done status=200 err=false",
			"call done attempts=1 status=200 rows=-1 err=true",
		}},
		"an attempt middleware": {func(c *Config) {
			c.AttemptMiddleware = []AttemptMiddleware{func(*http.Request, func(*http.Request) (*http.Response, error)) (*http.Response, error) {
				panic("boom")
			}}
		}, []string{
			"call Op GET /x safe=true", "attempt 1 of Op, in the call: true", "attempt done status=0 err=true",
			"call done attempts=1 status=0 rows=-1 err=true",
		}},
		"another observer, of the beginning of the call": {func(c *Config) {
			c.Observers = append(c.Observers, Observer{Call: func(context.Context, CallStart) (context.Context, func(CallDone)) { panic("boom") }})
		}, []string{"call Op GET /x safe=true", "call done attempts=0 status=0 rows=-1 err=true"}},
		"another observer, of the end of the attempt": {func(c *Config) {
			c.Observers = append(c.Observers, Observer{Attempt: func(ctx context.Context, _ AttemptStart) (context.Context, func(AttemptDone)) {
				return ctx, func(AttemptDone) { boom() }
			}})
		}, []string{
			"call Op GET /x safe=true", "attempt 1 of Op, in the call: true", "attempt done status=200 err=false",
			"call done attempts=1 status=200 rows=-1 err=true",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var s sight
			c := testConn(t, func(w http.ResponseWriter, _ *http.Request) { replyJSON(w, 200, "[]") },
				func(cfg *Config) { cfg.Observers = []Observer{s.observer("")} }, tc.change)

			require.PanicsWithValue(t, "boom", func() {
				_, _ = c.Do(t.Context(), &Request{Op: "Op", Method: "GET", Path: "/x", Safe: true})
			})

			require.Empty(t, cmp.Diff(tc.want, s.seen))
		})
	}
}

// An answer that has begun is closed when an observer panics at the end of its
// attempt or call.
func TestPanicOfAnObserverClosesTheStream(t *testing.T) {
	for name, o := range map[string]Observer{
		"attempt": {Attempt: func(ctx context.Context, _ AttemptStart) (context.Context, func(AttemptDone)) {
			return ctx, func(AttemptDone) { panic("boom") }
		}},
		"call": {Call: func(ctx context.Context, _ CallStart) (context.Context, func(CallDone)) {
			return ctx, func(CallDone) { panic("boom") }
		}},
	} {
		t.Run(name, func(t *testing.T) {
			body := &closer{Reader: strings.NewReader("content")}
			c := testConn(t, nil, func(cfg *Config) {
				cfg.Observers = []Observer{o}
				cfg.Transport = roundTripFunc(func(r *http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, Request: r}, nil
				})
			})

			require.PanicsWithValue(t, "boom", func() { _, _ = c.Stream(t.Context(), get()) })

			require.True(t, body.closed)
		})
	}
}

type closer struct {
	*strings.Reader
	closed bool
}

func (c *closer) Close() error {
	c.closed = true
	return nil
}

// The error that an observer was told of stays as it is, also when the call that
// it belongs to served another one, which says it in its own name.
func TestToldErrorsStay(t *testing.T) {
	var s sight
	c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/look" {
			replyJSON(w, 500, `{"code":"40001","message":"in progress"}`)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the client is gone
		<-r.Context().Done()
	}, func(cfg *Config) {
		cfg.Observers = []Observer{s.observer("")}
		cfg.AttemptTimeout, cfg.Retry.MaxAttempts = 30*time.Millisecond, 1
	})

	_, err := c.Do(t.Context(), &Request{
		Op: "Outer", Method: "POST", Path: "/x", Keyed: true, Body: []byte("{}"),
		Settle: func(ctx context.Context) (*Response, error) {
			return c.Do(ctx, &Request{Op: "Inner", Method: "POST", Path: "/look", Safe: true, Body: []byte("{}")})
		},
	})

	require.ErrorIs(t, err, sdkerr.ErrInProgress)
	require.Len(t, s.ends, 2)
	require.Equal(t, "Inner", failure(t, s.ends[0].Err).Op)
	require.Equal(t, "Outer", failure(t, s.ends[1].Err).Op)
}

func TestObserversAtOnce(t *testing.T) {
	var s sight
	c := testConn(t, func(w http.ResponseWriter, _ *http.Request) { replyJSON(w, 200, "[]") },
		func(cfg *Config) { cfg.Observers = []Observer{s.observer("")} })
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := c.WithIdentity(fixed("t"), "").Do(t.Context(), &Request{Op: fmt.Sprint("Op", i), Method: "GET", Path: "/x", Safe: true})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Len(t, s.ends, 20)
	for i := range 20 {
		require.True(t, slices.Contains(s.seen, fmt.Sprintf("attempt 1 of Op%d, in the call: true", i)))
	}
}

func TestHostAndPort(t *testing.T) {
	for raw, want := range map[string]CallStart{
		"https://abc.supabase.co":      {Host: "abc.supabase.co", Port: 443},
		"https://abc.supabase.co:8443": {Host: "abc.supabase.co", Port: 8443},
		"http://127.0.0.1:54321":       {Host: "127.0.0.1", Port: 54321},
		"http://localhost":             {Host: "localhost", Port: 80},
		"http://[::1]:54321":           {Host: "::1", Port: 54321},
	} {
		u, err := url.Parse(raw)
		require.NoError(t, err)
		require.Equal(t, want, CallStart{Host: u.Hostname(), Port: portOf(u)}, raw)
	}
}

func TestRowsOf(t *testing.T) {
	for text, want := range map[string]int64{
		"0-24/*": 25, "0-0/1": 1, "1000-1999/5000": 1000, "*/0": 0, "*/*": 0,
		"": -1, "bytes 0-6/7": -1, "5-4/*": -1, "-1-3/*": -1, "0-99999999999999999999/*": -1, "0-/*": -1, "x": -1,
	} {
		require.Equal(t, want, rowsOf(http.Header{"Content-Range": {text}}), text)
	}
}

func TestRefreshIsTold(t *testing.T) {
	var got []RefreshDone
	boom := errors.New("no")
	c := testConn(t, nil, func(cfg *Config) {
		cfg.Observers = []Observer{{}, {Refresh: func(_ context.Context, d RefreshDone) { got = append(got, d) }}}
	})
	c.Refreshed(t.Context(), RefreshDone{Duration: 1})
	c.WithIdentity(fixed("t"), "").Refreshed(t.Context(), RefreshDone{Duration: 2, Err: boom})
	(*Conn)(nil).Refreshed(t.Context(), RefreshDone{})
	require.Empty(t, cmp.Diff([]RefreshDone{{Duration: 1}, {Duration: 2, Err: boom}}, got, cmpopts.EquateErrors()))
}
