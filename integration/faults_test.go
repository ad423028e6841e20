package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack/workordertest"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// fault lets something go wrong with some of a kit's requests.
type fault func(k *workordertest.Kit, on ...workordertest.Scope) *workordertest.Fault

// answering makes a fault of what answers a request in the stack's place.
func answering(do func(w http.ResponseWriter, r *http.Request, stack http.Handler)) fault {
	return func(k *workordertest.Kit, on ...workordertest.Scope) *workordertest.Fault { return k.Inject(do, on...) }
}

// first lets the first n requests from now on fail and the others pass.
func first(k *workordertest.Kit, n int, f fault) {
	k.Reset()
	f(k, workordertest.Times(n))
}

// always lets every request from now on fail.
func always(k *workordertest.Kit, f fault) {
	k.Reset()
	f(k)
}

// requests counts the requests since the last fault.
func requests(k *workordertest.Kit) int { return len(k.Requests()) }

// writes counts those of them that are no GET or HEAD.
func writes(k *workordertest.Kit) int {
	return len(k.Requests(workordertest.When(func(r *http.Request) bool {
		return r.Method != http.MethodGet && r.Method != http.MethodHead
	})))
}

// tenantOf is a kit's tenant.
func tenantOf(k *workordertest.Kit) *tenant {
	admin := k.As("admin")
	return &tenant{Client: k.Client, ID: k.TenantID, Slug: k.TenantSlug, Admin: &user{
		Client: admin.Client, ID: admin.ID, Email: admin.Email, Password: admin.Password, Session: admin.Session,
	}}
}

// watched is a client whose log is kept and must hold no secret.
type watched struct {
	*workorder.Client
	log     *syncBuffer
	secrets []string
}

// filterValue is a value in filters that must not get into errors or logs.
const filterValue = "the-value-of-a-filter"

var quickRetry = workorder.RetryPolicy{MaxAttempts: 4, BaseDelay: 2 * time.Millisecond, MaxDelay: 10 * time.Millisecond}

// watch makes a client of a kit's administrator with a fixed token, at the kit's
// address.
func watch(t testing.TB, k *workordertest.Kit, opts ...workorder.Option) *watched {
	t.Helper()
	return watchAt(t, k.URL, k, opts...)
}

func watchAt(t testing.TB, url string, k *workordertest.Kit, opts ...workorder.Option) *watched {
	t.Helper()
	admin := k.As("admin")
	jwt := admin.Token()
	w := &watched{log: &syncBuffer{}, secrets: []string{
		jwt, strings.Split(jwt, ".")[2], stack.AnonKey, admin.Password, filterValue,
	}}
	if stack.ServiceRoleKey != "" {
		w.secrets = append(w.secrets, stack.ServiceRoleKey)
	}
	logger := slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c, err := workorder.New(url, stack.AnonKey, append([]workorder.Option{
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
var noAnswer = answering(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body)
	drop()
})

// lostAnswer lets the stack do its work and loses the answer.
var lostAnswer fault = (*workordertest.Kit).DropResponse

// halfAnswer breaks off in the middle of the answer, whose length it announced
// unless it is chunked.
func halfAnswer(chunked bool) fault {
	return answering(func(w http.ResponseWriter, r *http.Request, stack http.Handler) {
		rec := httptest.NewRecorder()
		stack.ServeHTTP(rec, r)
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
	})
}

// answer gives an answer of its own.
func answer(status int, header map[string]string, body string) fault {
	return answering(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		for k, v := range header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// hang never answers.
var hang = answering(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
})

// silentWork lets the stack do its work and never answers.
var silentWork = answering(func(_ http.ResponseWriter, r *http.Request, stack http.Handler) {
	stack.ServeHTTP(httptest.NewRecorder(), r.Clone(context.WithoutCancel(r.Context())))
	<-r.Context().Done()
})

// slow answers after a while.
func slow(d time.Duration) fault {
	return func(k *workordertest.Kit, on ...workordertest.Scope) *workordertest.Fault { return k.Delay(d, on...) }
}

// soonAfter cancels a context when the request has arrived.
func soonAfter(cancel context.CancelFunc, f fault) fault {
	return func(k *workordertest.Kit, on ...workordertest.Scope) *workordertest.Fault {
		f(k, on...)
		return k.Inject(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			time.AfterFunc(50*time.Millisecond, cancel)
			next.ServeHTTP(w, r)
		}, on...)
	}
}

// hangMidAnswer sends the beginning of the answer and then nothing.
var hangMidAnswer = answering(func(w http.ResponseWriter, r *http.Request, stack http.Handler) {
	rec := httptest.NewRecorder()
	stack.ServeHTTP(rec, r)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
})

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
	kit := stack.New(t)
	m := fill(t, tenantOf(kit), 25)
	all := m.ids(nil)
	for name, f := range passing {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := kit.Sub(t)
			timeout := 20 * time.Second
			if name == "late" || name == "hangs half way" {
				timeout = 300 * time.Millisecond
			}
			c := watch(t, p, workorder.WithAttemptTimeout(timeout),
				workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 8, BaseDelay: time.Millisecond}))
			ctx := t.Context()

			first(p, 2, f)
			rows, err := c.WorkOrders.List(ctx, query.PageSize(10))
			require.NoError(t, err)
			requireAll(t, all, rows)
			require.GreaterOrEqual(t, requests(p), 5)

			first(p, 2, f)
			requireAll(t, all, collect(t, c.Client, query.PageSize(10), query.OrderBy(wo.DueDate.Asc())))

			first(p, 1, f)
			page, err := c.WorkOrders.Page(ctx, query.Limit(7), query.Count(query.Exact))
			require.NoError(t, err)
			require.Len(t, page.Items, 7)
			require.EqualValues(t, 25, page.Total)

			first(p, 1, f)
			require.Equal(t, all[3], getWorkOrder(t, c.Client, all[3]).ID)

			first(p, 1, f)
			require.Equal(t, 25, countWorkOrders(t, c.Client))

			first(p, 1, f)
			ok, err := c.Authorization.UserPermissions(ctx, m.ID) // a stable function is a read
			require.NoError(t, err)
			require.NotEmpty(t, ok)
			require.Contains(t, c.log.String(), "workorder request repeated")
		})
	}
}

func TestWalkOverAFlakyConnectionLosesNothing(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	m := fill(t, tenantOf(kit), 300)
	p := kit.Sub(t)
	c := watch(t, p)
	faults := []fault{noAnswer, lostAnswer, halfAnswer(false), halfAnswer(true), answer(502, nil, htmlPage), answer(503, nil, "")}
	for _, opts := range [][]query.Option{
		{query.PageSize(20)},
		{query.PageSize(20), query.OrderBy(wo.Priority.Desc(), wo.DueDate.Asc().NullsFirst())},
	} {
		p.Reset()
		var n atomic.Int64 // a walk sends one request after the other
		for i, f := range faults {
			f(p, workordertest.When(func(*http.Request) bool { n := int(n.Load()); return n%3 == 0 && n/3%len(faults) == i }))
		}
		p.Inject(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			n.Add(1)
			next.ServeHTTP(w, r)
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
	kit := stack.New(t)
	tn := tenantOf(kit)
	p := kit.Sub(t)
	c := watch(t, p)
	for name, f := range map[string]fault{"lost": lostAnswer, "half": halfAnswer(false), "half, chunked": halfAnswer(true)} {
		always(p, f)
		_, err := c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: name})
		require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable, name)
		require.False(t, workorder.SafeToRetry(err), "it may have been applied")
		require.Equal(t, 1, writes(p))
		require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.Title.Eq(name)), "and it was")
	}
}

func TestOtherWritesWhoseAnswerIsLostAreNotRepeated(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	tn := tenantOf(kit)
	id := makeWorkOrder(t, tn.Client, "x")
	p := kit.Sub(t)
	c := watch(t, p)
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
		always(p, lostAnswer)
		err := c.check(t, write())
		require.ErrorIs(t, err, workorder.ErrUnavailable, name)
		require.False(t, workorder.SafeToRetry(err), name)
		require.Equal(t, 1, writes(p), name)
	}
	got := getWorkOrder(t, tn.Client, id)
	require.Equal(t, "assigned", got.Status)
	require.EqualValues(t, 3, got.TotalLaborMinutes)
	require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.Title.Eq("imported")))
	require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.Title.Eq("by name")))
}

func TestCreateWithClientRequestIDIsRepeated(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	tn := tenantOf(kit)
	p := kit.Sub(t)
	c := watch(t, p)
	for name, f := range map[string]fault{
		"lost": lostAnswer, "half": halfAnswer(false), "half, chunked": halfAnswer(true), "none": noAnswer,
		"502": answer(502, nil, htmlPage), "still running": answer(500, nil, `{"code":"40001","message":"in progress"}`),
	} {
		first(p, 2, f)
		params := workorders.CreateWorkOrderParams{Title: name, ClientRequestID: name}
		id, err := c.WorkOrders.Create(t.Context(), params)
		require.NoError(t, err, name)
		require.Equal(t, 3, writes(p), name)
		require.Equal(t, name, getWorkOrder(t, tn.Client, id).Title)
		require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.Title.Eq(name)))
	}

	params := workorders.CreateWorkOrderParams{Title: "never answered", ClientRequestID: "k"}
	always(p, lostAnswer)
	_, err := c.WorkOrders.Create(t.Context(), params)
	require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable)
	require.True(t, workorder.SafeToRetry(err), "the caller may go on trying")
	require.Equal(t, 4, writes(p))
	id, err := tn.WorkOrders.Create(t.Context(), params)
	require.NoError(t, err)
	require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.Title.Eq("never answered"), wo.ID.Eq(id)))

	always(p, lostAnswer)
	_, err = c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "blank", ClientRequestID: "  "})
	require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable)
	require.False(t, workorder.SafeToRetry(err), "a blank id protects nothing")
	require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.Title.Eq("blank")))
}

func TestWritesThatWereNotAppliedAreRepeated(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	tn := tenantOf(kit)
	p := kit.Sub(t)
	c := watch(t, p)
	for name, f := range map[string]fault{
		"no database":      answer(503, nil, `{"code":"PGRST000","message":"Database connection error. Retrying the connection."}`),
		"no schema cache":  passing["cache is reloading"],
		"pool is busy":     passing["pool is busy"],
		"deadlock":         passing["deadlock"],
		"too many at once": answer(429, map[string]string{"Retry-After": "1"}, ""),
	} {
		first(p, 1, f)
		id, err := c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: name})
		require.NoError(t, err, name)
		require.Equal(t, 2, writes(p), name)
		require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.Title.Eq(name), wo.ID.Eq(id)))
	}
	for name, f := range map[string]fault{
		"502": passing["502"], "503": passing["503"], "504": passing["504"], "none": noAnswer,
		"statement timeout":  answer(500, nil, `{"code":"57014","message":"canceling statement due to statement timeout"}`),
		"conflict":           answer(409, nil, `{"code":"23505","message":"duplicate key"}`),
		"database went away": answer(503, nil, `{"code":"PGRST001","message":"no connection to the server"}`),
		"limit":              answer(500, nil, `{"code":"54000","message":"rate limit"}`),
	} {
		always(p, f)
		_, err := c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: name})
		_ = c.check(t, err)
		require.Equal(t, 1, writes(p), "%s: %v", name, err)
		require.Zero(t, countWorkOrders(t, tn.Client, wo.Title.Eq(name)))
	}
}

func TestServerThatIsGone(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	gone := httptest.NewServer(nil)
	gone.Close()
	c := watchAt(t, gone.URL, kit)

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
	kit := stack.New(t)
	fill(t, tenantOf(kit), 20)
	p := kit.Sub(t)
	c := watch(t, p)
	for _, f := range []fault{halfAnswer(false), halfAnswer(true), noAnswer} {
		always(p, f)
		_, err := c.WorkOrders.List(t.Context(), query.Where(wo.Title.NotEq(filterValue)))
		require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable)
		require.True(t, workorder.SafeToRetry(err))
		var e *workorder.SdkError
		require.ErrorAs(t, err, &e)
		require.Equal(t, 4, e.Attempts)
		require.NotEmpty(t, e.RequestID)
		require.Equal(t, "/rest/v1/v_work_orders", e.Path)

		p.Reset()
		f(p, workordertest.Skip(1))
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
	kit := stack.New(t)
	p := kit.Sub(t)
	c := watch(t, p)

	first(p, 1, answer(503, map[string]string{"Retry-After": "1"}, ""))
	start := time.Now()
	_, err := c.WorkOrders.List(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(start), time.Second)

	always(p, answer(503, map[string]string{"Retry-After": "3600"}, ""))
	start = time.Now()
	_, err = c.WorkOrders.List(t.Context())
	require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable)
	require.Less(t, time.Since(start), 10*time.Second, "nobody waits an hour")
	var e *workorder.SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, time.Hour, e.RetryAfter)
	require.Equal(t, 1, e.Attempts)

	always(p, answer(503, map[string]string{"Retry-After": "10"}, ""))
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
	kit := stack.New(t)
	m := fill(t, tenantOf(kit), 25)
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
		p := kit.Sub(t) // of its own: what the call before gave up may still arrive there
		c := watch(t, p)
		p.Reset()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := prompt(t, func() error { return call(ctx, c) })
		require.ErrorIs(t, c.check(t, err), context.Canceled, "%s before", name)
		require.Zero(t, requests(p), "%s is not sent", name)

		for when, f := range map[string]fault{"during": hang, "half way": hangMidAnswer} {
			if when == "half way" && (name == "Count" || strings.HasPrefix(name, "Create") || name == "TransitionStatus") {
				continue // no body, or the stack would apply it
			}
			ctx, cancel = context.WithCancel(t.Context())
			always(p, soonAfter(cancel, f))
			err = prompt(t, func() error { return call(ctx, c) })
			require.ErrorIs(t, c.check(t, err), context.Canceled, "%s %s", name, when)
			require.NotErrorIs(t, err, workorder.ErrUnavailable, "%s %s", name, when)
			require.Equal(t, 1, requests(p), "%s is not repeated", name)
			require.False(t, workorder.SafeToRetry(err) && name == "Create", "it may have been applied")
		}

		ctx, cancel = context.WithCancel(t.Context())
		always(p, soonAfter(cancel, answer(503, map[string]string{"Retry-After": "20"}, `{"code":"PGRST002","message":"reloading"}`)))
		start := time.Now()
		err = prompt(t, func() error { return call(ctx, c) })
		require.ErrorIs(t, c.check(t, err), context.Canceled, "%s in back-off", name)
		require.Less(t, time.Since(start), 10*time.Second)
		require.Equal(t, 1, requests(p))
		cancel()

		always(p, hang)
		ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
		err = prompt(t, func() error { return call(ctx, c) })
		require.ErrorIs(t, c.check(t, err), context.DeadlineExceeded, "%s past its deadline", name)
		require.LessOrEqual(t, requests(p), 1)
		cancel()
	}
	require.Equal(t, 25, countWorkOrders(t, m.Client))

	p := kit.Sub(t)
	c := watch(t, p)
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
	require.Equal(t, 2, requests(p))
}

func TestAttemptTimeout(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	tn := tenantOf(kit)
	id := makeWorkOrder(t, tn.Client, "x")
	p := kit.Sub(t)
	c := watch(t, p, workorder.WithAttemptTimeout(time.Second))

	first(p, 1, hang)
	require.Equal(t, id, getWorkOrder(t, c.Client, id).ID, "another attempt is made")

	c = watch(t, p, workorder.WithAttemptTimeout(100*time.Millisecond))
	always(p, hang)
	_, err := c.WorkOrders.Get(t.Context(), id)
	require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable)
	require.True(t, workorder.SafeToRetry(err))
	var e *workorder.SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, 4, e.Attempts, "a busy machine may time out before the proxy sees the attempt")

	always(p, hang)
	_, err = c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "never"})
	require.ErrorIs(t, c.check(t, err), workorder.ErrUnavailable)
	require.False(t, workorder.SafeToRetry(err))
	require.LessOrEqual(t, writes(p), 1)
	require.ErrorAs(t, err, &e)
	require.Equal(t, 1, e.Attempts)
}

func TestLargeAnswers(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	tn := tenantOf(kit)
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

	p := kit.Sub(t)
	c := watch(t, p, workorder.WithAttemptTimeout(5*time.Minute)) // a busy machine takes its time for as much
	always(p, answering(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		blank := bytes.Repeat([]byte(" "), 1<<20)
		for range 80 {
			if _, err := w.Write(blank); err != nil {
				return
			}
		}
	}))
	_, err = c.WorkOrders.List(t.Context())
	require.ErrorIs(t, c.check(t, err), workorder.ErrDecode, "an answer without end is not kept")
	require.Equal(t, 1, requests(p))
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	p := kit.Sub(t)
	c := watch(t, p)
	for name, body := range map[string]string{
		"page": htmlPage, "nothing": "", "object": `{"id":"x"}`, "cut off": `[{"id":"x"`, "text": `"x"`, "two": "[] []",
		"wrong type": `[{"id":7}]`, "wrong time": `[{"id":"x","created_at":"soon"}]`,
	} {
		always(p, answer(200, map[string]string{"Content-Type": "application/json"}, body))
		_, err := c.WorkOrders.List(t.Context(), query.Where(wo.Title.Eq(filterValue)))
		require.ErrorIs(t, c.check(t, err), workorder.ErrDecode, name)
		require.False(t, workorder.SafeToRetry(err), name)
		require.Equal(t, 1, requests(p), name)
		if name != "text" {
			_, err = c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x"})
			require.ErrorIs(t, c.check(t, err), workorder.ErrDecode, name)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	var reached atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(elsewhere.Close)
	p := kit.Sub(t)
	c := watch(t, p)
	for _, status := range []int{301, 302, 303, 307, 308} {
		always(p, answer(status, map[string]string{"Location": elsewhere.URL}, ""))
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
	kit := stack.New(t)
	tn := tenantOf(kit)
	p := kit.Sub(t)
	c := watch(t, p)
	echo := func(status int, form func(said string) string) fault {
		return answering(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			body, _ := io.ReadAll(r.Body)
			said := fmt.Sprintf("%s %s %s ", r.Header.Get("Authorization"), r.Header.Get("Apikey"), p.URL+r.URL.String())
			if strings.HasPrefix(r.URL.Path, "/auth/") {
				said += string(body)
			}
			w.Header().Set("X-Request-Id", r.Header.Get("Apikey"))
			w.WriteHeader(status)
			_, _ = io.WriteString(w, form(said))
		})
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
		always(p, f)
		ctx := t.Context()
		_, err := c.WorkOrders.List(ctx, query.Where(wo.Title.Eq(filterValue)))
		require.Error(t, c.check(t, err), name)
		_, err = c.WorkOrders.Count(ctx, query.Where(wo.Title.Eq(filterValue)))
		require.Error(t, c.check(t, err), name)
	}
	for _, f := range []fault{echo(400, object("message")), echo(422, object("error_code", "msg")), echo(502, func(s string) string { return s }), noAnswer} {
		always(p, f)
		_, err := c.Auth.SignInWithPassword(t.Context(), tn.Admin.Email, tn.Admin.Password)
		require.Error(t, c.check(t, err))
		_, err = c.Auth.SignUp(t.Context(), workorder.SignUpParams{Email: newEmail(), Password: tn.Admin.Password})
		require.Error(t, c.check(t, err))
	}
	p.Reset()
	_, err := c.Auth.SignInWithPassword(t.Context(), newEmail(), tn.Admin.Password)
	require.Error(t, c.check(t, err))
	require.NotEmpty(t, c.log.String())
}

// A keyed write whose answer does not come in time is looked up by its key
// before it is sent again.
func TestSilentKeyedWriteIsLookedUp(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	a := tenantOf(kit)
	p := kit.Sub(t)
	c := watch(t, p, workorder.WithAttemptTimeout(8*time.Second)) // longer than the stack ever takes
	create := func(key string) (string, error) {
		return c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: key, ClientRequestID: key})
	}

	first(p, 1, silentWork)
	id, err := create("stored")
	require.NoError(t, err)
	require.Equal(t, 2, requests(p), "the write and the lookup of its key")
	require.Equal(t, "stored", getWorkOrder(t, a.Client, id).Title)

	first(p, 1, hang)
	id, err = create("unknown")
	require.NoError(t, err)
	require.Equal(t, 3, requests(p), "the write, the lookup, the write again")
	require.Equal(t, "unknown", getWorkOrder(t, a.Client, id).Title)

	ok, err := a.Idempotency.Claim(t.Context(), org.ClaimIdempotencyParams{Scope: "work_order.create", IdempotencyKey: "claimed"})
	require.NoError(t, err)
	require.True(t, ok)
	p.Reset()
	hang(p, workordertest.RPC("rpc_create_work_order")) // the lookups pass
	_, err = create("claimed")
	require.ErrorIs(t, c.check(t, err), workorder.ErrInProgress)
	require.Equal(t, 4, requests(p), "one more try, and then the key is held")
	require.Equal(t, 2, countWorkOrders(t, a.Client))
}
