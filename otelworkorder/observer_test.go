package otelworkorder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// rows answers with departments of the given ids, as PostgREST does.
func rows(ids ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		list := make([]string, len(ids))
		for i, id := range ids {
			list[i] = fmt.Sprintf(`{"id":%q,"name":"Line"}`, id)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Range", "*/*")
		if len(ids) > 0 {
			w.Header().Set("Content-Range", fmt.Sprintf("0-%d/*", len(ids)-1))
		}
		_, _ = io.WriteString(w, "["+strings.Join(list, ",")+"]")
	}
}

func refuse(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"code":%q,"message":"said by the server"}`, code)
	}
}

func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// patient repeats without waiting.
var patient = workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 3, BaseDelay: 1, MaxDelay: 1})

func TestSpans(t *testing.T) {
	create := func(ctx context.Context, c *workorder.Client) error {
		_, err := c.Departments.Create(ctx, org.CreateDepartmentParams{Name: "Line 3"})
		return err
	}
	list := func(ctx context.Context, c *workorder.Client) error {
		_, err := c.Departments.List(ctx, query.Limit(2))
		return err
	}
	const (
		created = "Departments.Create db.stored_procedure.name=rpc_create_department db.system.name=postgresql"
		posted  = "POST /rest/v1/rpc/rpc_create_department"
		listed  = "Departments.List db.collection.name=v_departments db.operation.name=SELECT"
		got     = "GET /rest/v1/v_departments"
	)
	for _, tc := range []struct {
		name    string
		call    func(context.Context, *workorder.Client) error
		answers []http.HandlerFunc
		want    []string
	}{
		{"a write", create, []http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `"d1"`) }}, []string{
			created + " http.request.method=POST http.response.status_code=200 rpc.method=Departments.Create",
			"  " + posted + " http.request.method=POST http.response.status_code=200 url.template=/rest/v1/rpc/rpc_create_department",
		}},
		{"refused by the database", create, []http.HandlerFunc{refuse(409, "23505")}, []string{
			strings.Replace(created, " db.stored", " db.response.status_code=23505 db.stored", 1) +
				" error.type=23505 http.request.method=POST http.response.status_code=409 rpc.method=Departments.Create Error 23505",
			"  " + posted + " db.response.status_code=23505 error.type=23505 http.request.method=POST http.response.status_code=409" +
				" url.template=/rest/v1/rpc/rpc_create_department Error 23505",
		}},
		{"refused by PostgREST", create, []http.HandlerFunc{refuse(404, "PGRST202")}, []string{
			created + " error.type=PGRST202 http.request.method=POST http.response.status_code=404 rpc.method=Departments.Create Error PGRST202",
			"  " + posted + " error.type=PGRST202 http.request.method=POST http.response.status_code=404" +
				" url.template=/rest/v1/rpc/rpc_create_department Error PGRST202",
		}},
		{"a list", list, []http.HandlerFunc{rows("a", "b")}, []string{
			listed + " db.response.returned_rows=2 db.system.name=postgresql" +
				" http.request.method=GET http.response.status_code=200 rpc.method=Departments.List",
			"  " + got + " http.request.method=GET http.response.status_code=200 url.template=/rest/v1/v_departments",
		}},
		{"retries", list, []http.HandlerFunc{cut, refuse(503, "PGRST000"), rows()}, []string{
			listed + " db.response.returned_rows=0 db.system.name=postgresql" +
				" http.request.method=GET http.request.resend_count=2 http.response.status_code=200 rpc.method=Departments.List",
			"  " + got + " error.type=unavailable http.request.method=GET url.template=/rest/v1/v_departments Error unavailable",
			"  " + got + " error.type=PGRST000 http.request.method=GET http.request.resend_count=1 http.response.status_code=503" +
				" url.template=/rest/v1/v_departments Error PGRST000",
			"  " + got + " http.request.method=GET http.request.resend_count=2 http.response.status_code=200 url.template=/rest/v1/v_departments",
		}},
		{"cancelled before", func(ctx context.Context, c *workorder.Client) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return create(ctx, c)
		}, nil, []string{
			created + " error.type=canceled http.request.method=POST rpc.method=Departments.Create Error canceled",
		}},
		{"cancelled while waiting", func(ctx context.Context, c *workorder.Client) error {
			ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			return create(ctx, c)
		}, []http.HandlerFunc{func(_ http.ResponseWriter, r *http.Request) { time.Sleep(100 * time.Millisecond); cut(nil, r) }}, []string{
			created + " error.type=timeout http.request.method=POST rpc.method=Departments.Create Error timeout",
			"  " + posted + " error.type=timeout http.request.method=POST url.template=/rest/v1/rpc/rpc_create_department Error timeout",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRecord(t)
			c, srv := apitest.New(t, patient, r.observe())
			for _, a := range tc.answers {
				srv.Handle(a)
			}

			ctx, span := r.start(t.Context(), "the caller's")
			_ = tc.call(ctx, c)
			span.End()

			want := []string{"the caller's"}
			for _, line := range tc.want {
				want = append(want, "  "+line)
			}
			require.Empty(t, cmp.Diff(want, r.tree()))
			for _, s := range r.spans.GetSpans() {
				if s.InstrumentationScope.Name == scope {
					require.Contains(t, fmt.Sprint(s.Attributes), "server.address")
					require.Contains(t, fmt.Sprint(s.Attributes), "server.port")
				}
			}
		})
	}
}

// All is one call for each page, made when the loop gets there.
func TestSpansOfPages(t *testing.T) {
	r := newRecord(t)
	c, srv := apitest.New(t, r.observe())
	for _, page := range []http.HandlerFunc{rows("a", "b"), rows("c", "d"), rows()} {
		srv.Handle(page)
	}
	ctx, outer := r.start(t.Context(), "loop")
	var seen []string
	for d, err := range c.Departments.All(ctx, query.PageSize(2)) {
		require.NoError(t, err)
		seen = append(seen, d.ID)
		_, inner := r.start(ctx, "work on "+d.ID)
		inner.End()
	}
	outer.End()
	require.Equal(t, []string{"a", "b", "c", "d"}, seen)

	var names []string
	for _, line := range r.tree() {
		name, _, _ := strings.Cut(line, " db.")
		name, _, _ = strings.Cut(name, " http.")
		names = append(names, name)
	}
	require.Empty(t, cmp.Diff([]string{
		"loop",
		"  Departments.All", "    GET /rest/v1/v_departments", "  work on a", "  work on b",
		"  Departments.All", "    GET /rest/v1/v_departments", "  work on c", "  work on d",
		"  Departments.All", "    GET /rest/v1/v_departments",
	}, names))
	require.Contains(t, r.metrics(), "workorder.client.rows rpc.method=Departments.All: 4")
}

// Files have ids in their paths, which no span shows.
func TestSpansOfFiles(t *testing.T) {
	r := newRecord(t)
	c, srv := apitest.New(t, patient, r.observe())
	const asset = "7c0f3a4e-9f7d-4a52-8a3e-0d3a3c5e1f10"
	srv.Handle(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 1<<16)) })
	ctx, span := r.start(t.Context(), "download")
	d, err := c.Attachments.Download(ctx, apitest.TenantID+"/asset/"+asset+"/photo of Ada.jpg")
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, d)
	require.NoError(t, err)
	require.EqualValues(t, 1<<16, n)
	require.NoError(t, d.Close())
	span.End()
	require.Empty(t, cmp.Diff([]string{
		"download",
		"  Attachments.Download http.request.method=GET http.response.status_code=200 rpc.method=Attachments.Download",
		"    GET http.request.method=GET http.response.status_code=200",
	}, r.tree()))

	r.spans.Reset()
	srv.Handle(refuse(503, "")) // the file is sent twice
	srv.Handle(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"Key":"k","Id":"`+asset+`"}`) })
	_, err = c.Attachments.Upload(t.Context(), workorders.UploadParams{
		EntityType: workorders.EntityAsset, EntityID: asset, Filename: "photo of Ada.jpg", Body: strings.NewReader("bytes"),
	})
	require.ErrorIs(t, err, workorder.ErrNotFound, "this server has no attachments to show")
	tree := strings.Join(r.tree(), "\n")
	require.Contains(t, tree, "Attachments.Upload")
	require.Contains(t, tree, "  POST error.type=unavailable http.request.method=POST http.response.status_code=503 Error unavailable")
	for _, text := range []string{asset, "Ada", "jpg"} {
		require.NotContains(t, r.everything(), text)
	}
}

// A refresh is a call under the one that needs the token, and a metric.
func TestRefreshes(t *testing.T) {
	r := newRecord(t)
	srv := apitest.NewServer(t)
	watched := srv.Client(t, r.observe(), patient)
	token := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"refresh_token":"the-next-one","expires_in":3600,"user":{"id":"u1"}}`,
			apitest.JWT(map[string]any{"sub": "u1", "tenant_id": "t1", "role": "authenticated"}))
	}
	srv.Handle(token)
	srv.Handle(rows("a"))
	c := watched.WithSession(workorder.NewSession(watched, "the-first-one"))
	_, err := c.Departments.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]string{
		"Session.Refresh http.request.method=POST http.response.status_code=200 rpc.method=Session.Refresh",
		"  POST http.request.method=POST http.response.status_code=200",
	}, r.tree()[:2]))
	require.Contains(t, r.metrics(), "workorder.session.refresh.duration: 1 times")

	srv.Handle(refuse(400, "session_expired"))
	_, err = c.RefreshTenantSession(t.Context())
	require.ErrorIs(t, err, workorder.ErrSessionExpired)
	require.Contains(t, r.metrics(), "workorder.session.refresh.duration error.type=session_expired: 1 times")
	require.Contains(t, r.metrics(), "workorder.client.call.duration error.type=session_expired rpc.method=Session.Refresh: 1 times")
}

func TestMetrics(t *testing.T) {
	r := newRecord(t)
	c, srv := apitest.New(t, patient, r.observe())
	for _, a := range []http.HandlerFunc{rows("a", "b"), refuse(503, "57P03"), rows("a", "b"), refuse(500, "54000")} {
		srv.Handle(a)
	}
	for range 2 {
		_, err := c.Departments.List(t.Context(), query.Limit(2))
		require.NoError(t, err)
	}
	_, err := c.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "Line 3"})
	require.ErrorIs(t, err, workorder.ErrRateLimited)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Departments.Create(gone, org.CreateDepartmentParams{Name: "Line 3"})
	require.ErrorIs(t, err, context.Canceled)

	require.Empty(t, cmp.Diff([]string{
		"workorder.client.attempts error.type=54000 http.response.status_code=500 rpc.method=Departments.Create: 1",
		"workorder.client.attempts error.type=57P03 http.response.status_code=503 rpc.method=Departments.List: 1",
		"workorder.client.attempts http.response.status_code=200 rpc.method=Departments.List: 2",
		"workorder.client.call.duration error.type=54000 rpc.method=Departments.Create: 1 times",
		"workorder.client.call.duration error.type=canceled rpc.method=Departments.Create: 1 times",
		"workorder.client.call.duration rpc.method=Departments.List: 2 times",
		"workorder.client.retries rpc.method=Departments.List: 1",
		"workorder.client.rows rpc.method=Departments.List: 4",
	}, r.metrics()))
	for _, m := range r.collect() {
		require.NotEmpty(t, m.Unit, m.Name)
		require.NotEmpty(t, m.Description, m.Name)
	}
}

// The span of an attempt is the one that a tracing transport finds.
func TestTransportsNestBelowAttempts(t *testing.T) {
	r := newRecord(t)
	var found []trace.SpanContext
	transport := roundTrip(func(req *http.Request) (*http.Response, error) {
		found = append(found, trace.SpanContextFromContext(req.Context()))
		return http.DefaultTransport.RoundTrip(req)
	})
	c, srv := apitest.New(t, patient, r.observe(), workorder.WithTransport(transport))
	srv.Handle(refuse(503, ""))
	srv.Handle(rows())
	_, err := c.Departments.List(t.Context())
	require.NoError(t, err)

	var attempts []trace.SpanContext
	for _, s := range r.spans.GetSpans() {
		if strings.HasPrefix(s.Name, "GET") {
			attempts = append(attempts, s.SpanContext)
		}
	}
	require.Len(t, attempts, 2)
	require.Equal(t, attempts, found)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Many callers at once keep their spans apart, on clients derived for each.
func TestSpansOfManyCallers(t *testing.T) {
	r := newRecord(t)
	srv := httptest.NewServer(rows("a"))
	defer srv.Close()
	c, err := workorder.New(srv.URL, apitest.AnonKey, r.observe())
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			ctx, span := r.start(t.Context(), fmt.Sprint("caller ", i))
			defer span.End()
			user := c.AsUser(apitest.JWT(map[string]any{"sub": fmt.Sprint("u", i), "tenant_id": "t1", "role": "authenticated"}))
			if _, err := user.Departments.List(ctx, query.Limit(1)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	tree := r.tree()
	if len(tree) != 90 {
		t.Fatalf("%d spans instead of 90, such as %.300q", len(tree), tree)
	}
	for i := 0; i < len(tree); i += 3 {
		require.True(t, strings.HasPrefix(tree[i], "caller "))
		require.True(t, strings.HasPrefix(tree[i+1], "  Departments.List "))
		require.True(t, strings.HasPrefix(tree[i+2], "    GET /rest/v1/v_departments "))
	}
	require.Contains(t, r.metrics(), "workorder.client.call.duration rpc.method=Departments.List: 30 times")
}

// A panic of the caller's leaves no span open.
func TestSpansEndAfterAPanic(t *testing.T) {
	r := newRecord(t)
	c, _ := apitest.New(t, r.observe(), workorder.WithAttemptMiddleware(
		func(*http.Request, func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			panic("boom")
		}))
	require.PanicsWithValue(t, "boom", func() { _, _ = c.Departments.List(t.Context()) })
	require.Empty(t, cmp.Diff([]string{
		"Departments.List db.collection.name=v_departments db.operation.name=SELECT db.system.name=postgresql error.type=_OTHER" +
			" http.request.method=GET rpc.method=Departments.List Error _OTHER",
		"  GET /rest/v1/v_departments error.type=_OTHER http.request.method=GET url.template=/rest/v1/v_departments Error _OTHER",
	}, r.tree()))
}

func TestErrorType(t *testing.T) {
	for want, err := range map[string]error{
		"23505":         &workorder.SdkError{Code: "23505", HTTPStatus: 409},
		"PGRST202":      &workorder.SdkError{Code: "PGRST202", HTTPStatus: 404},
		"500":           &workorder.SdkError{Code: "said by a server", HTTPStatus: 500},
		"502":           &workorder.SdkError{Code: "PGRST1 is a lie", HTTPStatus: 502},
		"canceled":      context.Canceled,
		"timeout":       fmt.Errorf("call: %w", context.DeadlineExceeded),
		"unavailable":   workorder.ErrUnavailable,
		"no_tenant":     workorder.ErrNoTenant,
		"not_found":     workorder.ErrNotFound,
		"_OTHER":        errors.New("secret-1"),
		"invalid_input": fmt.Errorf("call: %w", workorder.ErrInvalidInput),
	} {
		require.Equal(t, want, errorType(err))
	}
}
