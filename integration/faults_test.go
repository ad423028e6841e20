package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// fault answers a request badly. upstream is the real stack.
type fault func(w http.ResponseWriter, r *http.Request, upstream http.Handler)

// proxy stands between a client and the stack and injects faults.
type proxy struct {
	*httptest.Server
	upstream http.Handler
	pick     atomic.Pointer[func(n int) fault] // of the n-th request, from 1; nil: none
	n        atomic.Int64
	writes   atomic.Int64 // requests that are no GET or HEAD
}

func newProxy(t testing.TB) *proxy {
	t.Helper()
	target, err := url.Parse(stack.URL)
	require.NoError(t, err)
	p := &proxy{upstream: &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorLog: log.New(io.Discard, "", 0),
	}}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.Start()
	t.Cleanup(p.Close)
	return p
}

func (p *proxy) serve(w http.ResponseWriter, r *http.Request) {
	n := p.n.Add(1)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		p.writes.Add(1)
	}
	if pick := p.pick.Load(); pick != nil {
		if f := (*pick)(int(n)); f != nil {
			f(w, r, p.upstream)
			return
		}
	}
	p.upstream.ServeHTTP(w, r)
}

// Inject starts counting requests anew and picks a fault for each.
func (p *proxy) Inject(pick func(n int) fault) {
	p.n.Store(0)
	p.writes.Store(0)
	p.pick.Store(&pick)
}

// First lets the first n requests fail and the others pass.
func (p *proxy) First(n int, f fault) {
	p.Inject(func(i int) fault {
		if i <= n {
			return f
		}
		return nil
	})
}

// Always lets every request fail.
func (p *proxy) Always(f fault) { p.Inject(func(int) fault { return f }) }

// watched is a client whose log is kept and must hold no secret.
type watched struct {
	*workorder.Client
	log     *syncBuffer
	secrets []string
}

// filterValue is a value in filters that must not get into errors or logs.
const filterValue = "the-value-of-a-filter"

var quickRetry = workorder.RetryPolicy{MaxAttempts: 4, BaseDelay: 2 * time.Millisecond, MaxDelay: 10 * time.Millisecond}

// Client makes a client that reaches the tenant through the proxy.
func (p *proxy) Client(t testing.TB, tn *tenant, opts ...workorder.Option) *watched {
	t.Helper()
	jwt := tn.Admin.JWT(t, tn.ID)
	w := &watched{log: &syncBuffer{}, secrets: []string{
		jwt, strings.Split(jwt, ".")[2], stack.AnonKey, tn.Admin.Password, filterValue,
	}}
	if stack.ServiceKey != "" {
		w.secrets = append(w.secrets, stack.ServiceKey)
	}
	logger := slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c, err := workorder.New(p.URL, stack.AnonKey, append([]workorder.Option{
		workorder.WithAccessToken(jwt), workorder.WithRetry(quickRetry), workorder.WithLogger(logger),
	}, opts...)...)
	require.NoError(t, err)
	w.Client = c
	t.Cleanup(func() {
		_ = c.Close()
		if t.Failed() {
			t.Log(w.log.String())
		}
		w.requireClean(t, w.log.String())
	})
	return w
}

// requireClean asserts that a text holds no secret.
func (w *watched) requireClean(t testing.TB, text string) {
	t.Helper()
	for i, secret := range w.secrets {
		if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
			t.Errorf("secret %d shows in %s", i, strings.ReplaceAll(text, secret, "(HERE)"))
		}
	}
}

// check asserts that neither an error nor what can be reached from it holds a
// secret, and returns it.
func (w *watched) check(t testing.TB, err error) error {
	t.Helper()
	require.Error(t, err)
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Error("failed", "err", err)
	var walk func(error)
	walk = func(err error) {
		fmt.Fprintf(&b, "%v\n%+v\n%#v\n", err, err, err)
		switch e := err.(type) { //nolint:errorlint // every layer is looked at
		case interface{ Unwrap() error }:
			if next := e.Unwrap(); next != nil {
				walk(next)
			}
		case interface{ Unwrap() []error }:
			for _, next := range e.Unwrap() {
				walk(next)
			}
		}
	}
	walk(err)
	if data, jerr := json.Marshal(err); jerr == nil {
		b.Write(data)
	}
	w.requireClean(t, b.String())
	return err
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// drop closes the connection.
func drop() { panic(http.ErrAbortHandler) }

// noAnswer closes the connection without a word and does not reach the stack.
func noAnswer(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body)
	drop()
}

// lostAnswer lets the stack do its work and loses the answer.
func lostAnswer(_ http.ResponseWriter, r *http.Request, upstream http.Handler) {
	upstream.ServeHTTP(httptest.NewRecorder(), r)
	drop()
}

// halfAnswer breaks off in the middle of the answer, whose length it announced
// unless it is chunked.
func halfAnswer(chunked bool) fault {
	return func(w http.ResponseWriter, r *http.Request, upstream http.Handler) {
		rec := httptest.NewRecorder()
		upstream.ServeHTTP(rec, r)
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		body := rec.Body.Bytes()
		w.Header().Del("Content-Length")
		if !chunked {
			w.Header().Set("Content-Length", fmt.Sprint(max(len(body), 2)))
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		drop()
	}
}

// answer gives an answer of its own.
func answer(status int, header map[string]string, body string) fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		for k, v := range header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// hang never answers.
func hang(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// silentWork lets the stack do its work and never answers.
func silentWork(w http.ResponseWriter, r *http.Request, upstream http.Handler) {
	upstream.ServeHTTP(httptest.NewRecorder(), r.Clone(context.WithoutCancel(r.Context())))
	<-r.Context().Done()
}

// slow answers after a while.
func slow(d time.Duration) fault {
	return func(w http.ResponseWriter, r *http.Request, upstream http.Handler) {
		select {
		case <-time.After(d):
			upstream.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}
}

// soonAfter cancels a context when the request has arrived.
func soonAfter(cancel context.CancelFunc, f fault) fault {
	return func(w http.ResponseWriter, r *http.Request, upstream http.Handler) {
		time.AfterFunc(50*time.Millisecond, cancel)
		f(w, r, upstream)
	}
}

// hangMidAnswer sends the beginning of the answer and then nothing.
func hangMidAnswer(w http.ResponseWriter, r *http.Request, upstream http.Handler) {
	rec := httptest.NewRecorder()
	upstream.ServeHTTP(rec, r)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

const htmlPage = "<html><head><title>502 Bad Gateway</title></head><body>oops</body></html>"

// passing are faults that pass by themselves.
var passing = map[string]fault{
	"no answer":          noAnswer,
	"lost answer":        lostAnswer,
	"half an answer":     halfAnswer(false),
	"half, chunked":      halfAnswer(true),
	"502":                answer(502, nil, htmlPage),
	"503":                answer(503, map[string]string{"Retry-After": "0"}, ""),
	"504":                answer(504, nil, "upstream request timeout"),
	"pool is busy":       answer(504, nil, `{"code":"PGRST003","message":"Timed out acquiring connection from connection pool."}`),
	"cache is reloading": answer(503, nil, `{"code":"PGRST002","message":"Could not query the database for the schema cache. Retrying."}`),
	"deadlock":           answer(500, nil, `{"code":"40P01","message":"deadlock detected"}`),
	"late":               slow(600 * time.Millisecond), // longer than an attempt may take, see below
	"hangs half way":     hangMidAnswer,
}

func TestReadsSurviveFaults(t *testing.T) {
	t.Parallel()
	m := fill(t, stack.Tenant(t), 25)
	all := m.ids(nil)
	for name, f := range passing {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t)
			timeout := 20 * time.Second
			if name == "late" || name == "hangs half way" {
				timeout = 300 * time.Millisecond
			}
			c := p.Client(t, m.tenant, workorder.WithAttemptTimeout(timeout),
				workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 8, BaseDelay: time.Millisecond}))
			ctx := t.Context()

			p.First(2, f)
			rows, err := c.WorkOrders.List(ctx, query.PageSize(10))
			require.NoError(t, err)
			requireAll(t, all, rows)
			require.GreaterOrEqual(t, p.n.Load(), int64(5))

			p.First(2, f)
			requireAll(t, all, collect(t, c.Client, query.PageSize(10), query.OrderBy(wo.DueDate.Asc())))

			p.First(1, f)
			page, err := c.WorkOrders.Page(ctx, query.Limit(7), query.Count(query.Exact))
			require.NoError(t, err)
			require.Len(t, page.Items, 7)
			require.EqualValues(t, 25, page.Total)

			p.First(1, f)
			require.Equal(t, all[3], getWorkOrder(t, c.Client, all[3]).ID)

			p.First(1, f)
			require.Equal(t, 25, countWorkOrders(t, c.Client))

			p.First(1, f)
			ok, err := c.Authorization.UserPermissions(ctx, m.ID) // a stable function is a read
			require.NoError(t, err)
			require.NotEmpty(t, ok)
			require.Contains(t, c.log.String(), "workorder request repeated")
		})
	}
}

func TestWalkOverAFlakyConnectionLosesNothing(t *testing.T) {
	t.Parallel()
	m := fill(t, stack.Tenant(t), 300)
	p := newProxy(t)
	c := p.Client(t, m.tenant)
	faults := []fault{noAnswer, lostAnswer, halfAnswer(false), halfAnswer(true), answer(502, nil, htmlPage), answer(503, nil, "")}
	for _, opts := range [][]query.Option{
		{query.PageSize(20)},
		{query.PageSize(20), query.OrderBy(wo.Priority.Desc(), wo.DueDate.Asc().NullsFirst())},
	} {
		p.Inject(func(n int) fault {
			if n%3 == 0 {
				return faults[n/3%len(faults)]
			}
			return nil
		})
		rows, err := c.WorkOrders.List(t.Context(), opts...)
		require.NoError(t, err)
		requireAll(t, m.ids(nil), rows)
		requireAll(t, m.ids(nil), collect(t, c.Client, opts...))
		rows, _ = pages(t, c.Client, append(opts, query.Limit(45))...)
		requireAll(t, m.ids(nil), rows)
	}
}

func TestCreateWhoseAnswerIsLostIsNotRepeated(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	p := newProxy(t)
	c := p.Client(t, tn)
	for name, f := range map[string]fault{"lost": lostAnswer, "half": halfAnswer(false), "half, chunked": halfAnswer(true)} {
		p.Always(f)
		_, err := c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: name})
		require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable, name)
		require.False(t, workorder.SafeToRetry(err), "it may have been applied")
		require.EqualValues(t, 1, p.writes.Load())
		require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.Title.Eq(name)), "and it was")
	}
}

func TestOtherWritesWhoseAnswerIsLostAreNotRepeated(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	p := newProxy(t)
	c := p.Client(t, tn)
	ctx := t.Context()
	for name, write := range map[string]func() error{
		"move": func() error { return move(t, c.Client, id, "assigned") },
		"time": func() error {
			return second(c.WorkOrders.LogTime(ctx, workorders.LogTimeParams{WorkOrderID: id, Minutes: 3}))
		},
		"import": func() error {
			return second(c.WorkOrders.BulkImport(ctx, workorders.BulkImportWorkOrdersParams{
				Rows: []workorders.ImportWorkOrder{{Title: "imported"}},
			}))
		},
		"by name": func() error {
			return c.RPC(ctx, "rpc_create_work_order", map[string]any{"p_tenant_id": tn.ID, "p_title": "by name"}, nil)
		},
	} {
		p.Always(lostAnswer)
		err := c.check(t, write())
		require.ErrorIs(t, err, workorder.ErrUnavailable, name)
		require.False(t, workorder.SafeToRetry(err), name)
		require.EqualValues(t, 1, p.writes.Load(), name)
	}
	got := getWorkOrder(t, tn.Client, id)
	require.Equal(t, "assigned", got.Status)
	require.EqualValues(t, 3, got.TotalLaborMinutes)
	require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.Title.Eq("imported")))
	require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.Title.Eq("by name")))
}

func TestCreateWithClientRequestIDIsRepeated(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	p := newProxy(t)
	c := p.Client(t, tn)
	for name, f := range map[string]fault{
		"lost": lostAnswer, "half": halfAnswer(false), "half, chunked": halfAnswer(true), "none": noAnswer,
		"502": answer(502, nil, htmlPage), "still running": answer(500, nil, `{"code":"40001","message":"in progress"}`),
	} {
		p.First(2, f)
		params := workorders.CreateWorkOrderParams{Title: name, ClientRequestID: name}
		id, err := c.WorkOrders.Create(t.Context(), params)
		require.NoError(t, err, name)
		require.EqualValues(t, 3, p.writes.Load(), name)
		require.Equal(t, name, getWorkOrder(t, tn.Client, id).Title)
		require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.Title.Eq(name)))
	}

	params := workorders.CreateWorkOrderParams{Title: "never answered", ClientRequestID: "k"}
	p.Always(lostAnswer)
	_, err := c.WorkOrders.Create(t.Context(), params)
	require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable)
	require.True(t, workorder.SafeToRetry(err), "the caller may go on trying")
	require.EqualValues(t, 4, p.writes.Load())
	id, err := tn.WorkOrders.Create(t.Context(), params)
	require.NoError(t, err)
	require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.Title.Eq("never answered"), wo.ID.Eq(id)))

	p.Always(lostAnswer)
	_, err = c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "blank", ClientRequestID: "  "})
	require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable)
	require.False(t, workorder.SafeToRetry(err), "a blank id protects nothing")
	require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.Title.Eq("blank")))
}

func TestWritesThatWereNotAppliedAreRepeated(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	p := newProxy(t)
	c := p.Client(t, tn)
	for name, f := range map[string]fault{
		"no database":      answer(503, nil, `{"code":"PGRST000","message":"Database connection error. Retrying the connection."}`),
		"no schema cache":  passing["cache is reloading"],
		"pool is busy":     passing["pool is busy"],
		"deadlock":         passing["deadlock"],
		"too many at once": answer(429, map[string]string{"Retry-After": "1"}, ""),
	} {
		p.First(1, f)
		id, err := c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: name})
		require.NoError(t, err, name)
		require.EqualValues(t, 2, p.writes.Load(), name)
		require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.Title.Eq(name), wo.ID.Eq(id)))
	}
	for name, f := range map[string]fault{
		"502": passing["502"], "503": passing["503"], "504": passing["504"], "none": noAnswer,
		"statement timeout":  answer(500, nil, `{"code":"57014","message":"canceling statement due to statement timeout"}`),
		"conflict":           answer(409, nil, `{"code":"23505","message":"duplicate key"}`),
		"database went away": answer(503, nil, `{"code":"PGRST001","message":"no connection to the server"}`),
		"limit":              answer(500, nil, `{"code":"54000","message":"rate limit"}`),
	} {
		p.Always(f)
		_, err := c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: name})
		_ = c.check(t, err)
		require.EqualValues(t, 1, p.writes.Load(), "%s: %v", name, err)
		require.Zero(t, countWorkOrders(t, tn.Client, wo.Title.Eq(name)))
	}
}

func TestServerThatIsGone(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	p := newProxy(t)
	c := p.Client(t, tn)
	p.Close()

	_, err := c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x"})
	require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable)
	require.True(t, workorder.SafeToRetry(err), "it never left")
	var e *workorder.SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, 4, e.Attempts)
	require.Zero(t, e.HTTPStatus)
	_, err = c.WorkOrders.List(t.Context(), query.Where(wo.Title.Eq(filterValue)))
	require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable)
}

func TestServerThatDiesMidAnswer(t *testing.T) {
	t.Parallel()
	m := fill(t, stack.Tenant(t), 20)
	p := newProxy(t)
	c := p.Client(t, m.tenant)
	for _, f := range []fault{halfAnswer(false), halfAnswer(true), noAnswer} {
		p.Always(f)
		_, err := c.WorkOrders.List(t.Context(), query.Where(wo.Title.NotEq(filterValue)))
		require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable)
		require.True(t, workorder.SafeToRetry(err))
		var e *workorder.SdkError
		require.ErrorAs(t, err, &e)
		require.Equal(t, 4, e.Attempts)
		require.NotEmpty(t, e.RequestID)
		require.Equal(t, "/rest/v1/v_work_orders", e.Path)

		p.Inject(func(n int) fault {
			if n > 1 {
				return f
			}
			return nil
		})
		n := 0
		var last error
		for _, err := range c.WorkOrders.All(t.Context(), query.PageSize(6)) {
			require.NoError(t, last, "an error is the last thing")
			if last = err; err == nil {
				n++
			}
		}
		require.Equal(t, 6, n, "what arrived before is handed out")
		require.ErrorIs(t, c.check(t, last), workorder.ErrUnavailable)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	p := newProxy(t)
	c := p.Client(t, tn)

	p.First(1, answer(503, map[string]string{"Retry-After": "1"}, ""))
	start := time.Now()
	_, err := c.WorkOrders.List(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(start), time.Second)

	p.Always(answer(503, map[string]string{"Retry-After": "3600"}, ""))
	start = time.Now()
	_, err = c.WorkOrders.List(t.Context())
	require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable)
	require.Less(t, time.Since(start), 10*time.Second, "nobody waits an hour")
	var e *workorder.SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, time.Hour, e.RetryAfter)
	require.Equal(t, 1, e.Attempts)

	p.Always(answer(503, map[string]string{"Retry-After": "10"}, ""))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	start = time.Now()
	_, err = c.WorkOrders.List(ctx)
	require.Error(t, c.check(t, err))
	require.Less(t, time.Since(start), 5*time.Second, "waiting past the deadline is pointless")
}

// prompt runs f and asserts that it returns soon after its context ended.
func prompt(t *testing.T, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("still running")
		return nil
	}
}

func TestCancelledContexts(t *testing.T) {
	t.Parallel()
	m := fill(t, stack.Tenant(t), 25)
	id := m.ids(nil)[0]
	calls := map[string]func(context.Context, *watched) error{
		"List":  func(ctx context.Context, c *watched) error { return second(c.WorkOrders.List(ctx)) },
		"Page":  func(ctx context.Context, c *watched) error { return second(c.WorkOrders.Page(ctx)) },
		"Get":   func(ctx context.Context, c *watched) error { return second(c.WorkOrders.Get(ctx, id)) },
		"Count": func(ctx context.Context, c *watched) error { return second(c.WorkOrders.Count(ctx)) },
		"All": func(ctx context.Context, c *watched) error {
			for _, err := range c.WorkOrders.All(ctx) {
				return err
			}
			return nil
		},
		"Create": func(ctx context.Context, c *watched) error {
			return second(c.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: "never"}))
		},
		"Create with id": func(ctx context.Context, c *watched) error {
			return second(c.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: "never", ClientRequestID: "k"}))
		},
		"TransitionStatus": func(ctx context.Context, c *watched) error {
			return c.WorkOrders.TransitionStatus(ctx, workorders.TransitionStatusParams{WorkOrderID: id, ToStatusKey: "assigned"})
		},
		"RPC": func(ctx context.Context, c *watched) error {
			return c.RPC(ctx, "rpc_get_user_permissions", map[string]any{"p_tenant_id": m.ID}, nil)
		},
	}
	for name, call := range calls {
		p := newProxy(t) // of its own: what the call before gave up may still arrive there
		c := p.Client(t, m.tenant)
		p.Inject(func(int) fault { return nil })
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := prompt(t, func() error { return call(ctx, c) })
		require.ErrorIs(t, c.check(t, err), context.Canceled, "%s before", name)
		require.Zero(t, p.n.Load(), "%s is not sent", name)

		for when, f := range map[string]fault{"during": hang, "half way": hangMidAnswer} {
			if when == "half way" && (name == "Count" || strings.HasPrefix(name, "Create") || name == "TransitionStatus") {
				continue // no body, or the stack would apply it
			}
			ctx, cancel = context.WithCancel(t.Context())
			p.Always(soonAfter(cancel, f))
			err = prompt(t, func() error { return call(ctx, c) })
			require.ErrorIs(t, c.check(t, err), context.Canceled, "%s %s", name, when)
			require.NotErrorIs(t, err, workorder.ErrUnavailable, "%s %s", name, when)
			require.EqualValues(t, 1, p.n.Load(), "%s is not repeated", name)
			require.False(t, workorder.SafeToRetry(err) && name == "Create", "it may have been applied")
		}

		ctx, cancel = context.WithCancel(t.Context())
		p.Always(soonAfter(cancel, answer(503, map[string]string{"Retry-After": "20"}, `{"code":"PGRST002","message":"reloading"}`)))
		start := time.Now()
		err = prompt(t, func() error { return call(ctx, c) })
		require.ErrorIs(t, c.check(t, err), context.Canceled, "%s in back-off", name)
		require.Less(t, time.Since(start), 10*time.Second)
		require.EqualValues(t, 1, p.n.Load())
		cancel()

		p.Always(hang)
		ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
		err = prompt(t, func() error { return call(ctx, c) })
		require.ErrorIs(t, c.check(t, err), context.DeadlineExceeded, "%s past its deadline", name)
		require.LessOrEqual(t, p.n.Load(), int64(1))
		cancel()
	}
	require.Equal(t, 25, countWorkOrders(t, m.Client))

	p := newProxy(t)
	c := p.Client(t, m.tenant)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for _, err := range c.WorkOrders.All(ctx, query.PageSize(10)) {
		require.NoError(t, last)
		if last = err; err != nil {
			continue
		}
		if n++; n == 15 {
			cancel()
		}
	}
	require.Equal(t, 20, n, "the page at hand is finished, no other is asked for")
	require.ErrorIs(t, c.check(t, last), context.Canceled)
	require.EqualValues(t, 2, p.n.Load())
}

func TestAttemptTimeout(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	p := newProxy(t)
	c := p.Client(t, tn, workorder.WithAttemptTimeout(time.Second))

	p.First(1, hang)
	require.Equal(t, id, getWorkOrder(t, c.Client, id).ID, "another attempt is made")

	c = p.Client(t, tn, workorder.WithAttemptTimeout(100*time.Millisecond))
	p.Always(hang)
	_, err := c.WorkOrders.Get(t.Context(), id)
	require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable)
	require.True(t, workorder.SafeToRetry(err))
	var e *workorder.SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, 4, e.Attempts, "a busy machine may time out before the proxy sees the attempt")

	p.Always(hang)
	_, err = c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "never"})
	require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable)
	require.False(t, workorder.SafeToRetry(err))
	require.LessOrEqual(t, p.writes.Load(), int64(1))
	require.ErrorAs(t, err, &e)
	require.Equal(t, 1, e.Attempts)
}

func TestLargeAnswers(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	rows := make([]workorders.ImportWorkOrder, 20)
	for i := range rows {
		rows[i] = workorders.ImportWorkOrder{Title: fmt.Sprint(i), Description: strings.Repeat(fmt.Sprint(i, ` ä"\`), 10_000)}
	}
	ids := importWorkOrders(t, tn.Client, rows...)
	got, err := tn.WorkOrders.List(t.Context())
	require.NoError(t, err)
	require.Len(t, got, len(rows))
	for _, row := range got {
		i := slices.Index(ids, row.ID)
		require.Equal(t, rows[i].Description, *row.Description)
	}

	p := newProxy(t)
	c := p.Client(t, tn, workorder.WithAttemptTimeout(5*time.Minute)) // a busy machine takes its time for as much
	p.Always(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		blank := bytes.Repeat([]byte(" "), 1<<20)
		for range 80 {
			if _, err := w.Write(blank); err != nil {
				return
			}
		}
	})
	_, err = c.WorkOrders.List(t.Context())
	require.ErrorIs(t, c.check(t, err), workorder.ErrDecode, "an answer without end is not kept")
	require.EqualValues(t, 1, p.n.Load())
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	p := newProxy(t)
	c := p.Client(t, tn)
	for name, body := range map[string]string{
		"page": htmlPage, "nothing": "", "object": `{"id":"x"}`, "cut off": `[{"id":"x"`, "text": `"x"`, "two": "[] []",
		"wrong type": `[{"id":7}]`, "wrong time": `[{"id":"x","created_at":"soon"}]`,
	} {
		p.Always(answer(200, map[string]string{"Content-Type": "application/json"}, body))
		_, err := c.WorkOrders.List(t.Context(), query.Where(wo.Title.Eq(filterValue)))
		require.ErrorIs(t, c.check(t, err), workorder.ErrDecode, name)
		require.False(t, workorder.SafeToRetry(err), name)
		require.EqualValues(t, 1, p.n.Load(), name)
		if name != "text" {
			_, err = c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x"})
			require.ErrorIs(t, c.check(t, err), workorder.ErrDecode, name)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	var reached atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(elsewhere.Close)
	p := newProxy(t)
	c := p.Client(t, tn)
	for _, status := range []int{301, 302, 303, 307, 308} {
		p.Always(answer(status, map[string]string{"Location": elsewhere.URL}, ""))
		_, err := c.WorkOrders.List(t.Context())
		require.Error(t, c.check(t, err))
		_, err = c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x"})
		require.Error(t, c.check(t, err))
	}
	require.Zero(t, reached.Load(), "the token went elsewhere")
}

// TestErrorsAndLogsHoldNoSecrets talks to a server that repeats whatever it is
// sent.
func TestErrorsAndLogsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	p := newProxy(t)
	c := p.Client(t, tn)
	echo := func(status int, form func(said string) string) fault {
		return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			body, _ := io.ReadAll(r.Body)
			said := fmt.Sprintf("%s %s %s ", r.Header.Get("Authorization"), r.Header.Get("Apikey"), p.URL+r.URL.String())
			if strings.HasPrefix(r.URL.Path, "/auth/") {
				said += string(body)
			}
			w.Header().Set("X-Request-Id", r.Header.Get("Apikey"))
			w.WriteHeader(status)
			_, _ = io.WriteString(w, form(said))
		}
	}
	object := func(fields ...string) func(string) string {
		return func(said string) string {
			m := map[string]string{}
			for _, f := range fields {
				m[f] = said
			}
			data, _ := json.Marshal(m)
			return string(data)
		}
	}
	for name, f := range map[string]fault{
		"PostgREST":  echo(400, object("message", "details", "hint")),
		"code":       echo(500, object("code", "message")),
		"Auth":       echo(422, object("error_code", "msg")),
		"OAuth":      echo(401, object("error", "error_description")),
		"text":       echo(502, func(said string) string { return said }),
		"page":       echo(503, func(said string) string { return "<html><title>" + said + "</title></html>" }),
		"no answer":  noAnswer,
		"half":       halfAnswer(false),
		"not JSON":   echo(200, func(said string) string { return said }),
		"other JSON": echo(200, object("message")),
	} {
		p.Always(f)
		ctx := t.Context()
		_, err := c.WorkOrders.List(ctx, query.Where(wo.Title.Eq(filterValue)))
		require.Error(t, c.check(t, err), name)
		_, err = c.WorkOrders.Count(ctx, query.Where(wo.Title.Eq(filterValue)))
		require.Error(t, c.check(t, err), name)
	}
	for _, f := range []fault{echo(400, object("message")), echo(422, object("error_code", "msg")), echo(502, func(s string) string { return s }), noAnswer} {
		p.Always(f)
		_, err := c.Auth.SignInWithPassword(t.Context(), tn.Admin.Email, tn.Admin.Password)
		require.Error(t, c.check(t, err))
		_, err = c.Auth.SignUp(t.Context(), workorder.SignUpParams{Email: newEmail(), Password: tn.Admin.Password})
		require.Error(t, c.check(t, err))
	}
	p.Inject(func(int) fault { return nil })
	_, err := c.Auth.SignInWithPassword(t.Context(), newEmail(), tn.Admin.Password)
	require.Error(t, c.check(t, err))
	require.NotEmpty(t, c.log.String())
}

// A keyed write whose answer does not come in time is looked up by its key
// before it is sent again.
func TestSilentKeyedWriteIsLookedUp(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	p := newProxy(t)
	c := p.Client(t, a, workorder.WithAttemptTimeout(8*time.Second)) // longer than the stack ever takes
	create := func(key string) (string, error) {
		return c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: key, ClientRequestID: key})
	}

	p.First(1, silentWork)
	id, err := create("stored")
	require.NoError(t, err)
	require.EqualValues(t, 2, p.n.Load(), "the write and the lookup of its key")
	require.Equal(t, "stored", getWorkOrder(t, a.Client, id).Title)

	p.First(1, hang)
	id, err = create("unknown")
	require.NoError(t, err)
	require.EqualValues(t, 3, p.n.Load(), "the write, the lookup, the write again")
	require.Equal(t, "unknown", getWorkOrder(t, a.Client, id).Title)

	ok, err := a.Idempotency.Claim(t.Context(), org.ClaimIdempotencyParams{Scope: "work_order.create", IdempotencyKey: "claimed"})
	require.NoError(t, err)
	require.True(t, ok)
	p.Inject(func(n int) fault {
		if n%2 == 1 { // the lookups pass
			return hang
		}
		return nil
	})
	_, err = create("claimed")
	require.ErrorIs(t, c.check(t, err), workorder.ErrInProgress)
	require.EqualValues(t, 4, p.n.Load(), "one more try, and then the key is held")
	require.Equal(t, 2, countWorkOrders(t, a.Client))
}
