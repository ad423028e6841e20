package workorder_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/labor"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/reporting"
	"github.com/workorder-systems/sdk-go/safety"
	"github.com/workorder-systems/sdk-go/workorders"
)

const anonKey = apitest.AnonKey

func tokenOf(user string) string {
	return apitest.JWT(map[string]any{"sub": user, "tenant_id": "tenant-" + user, "exp": time.Now().Add(time.Hour).Unix()})
}

type tokenFunc func(context.Context) (workorder.Token, error)

func (f tokenFunc) Token(ctx context.Context) (workorder.Token, error) { return f(ctx) }

func TestNewRefusesWhatCannotWork(t *testing.T) {
	const good = "https://abc.supabase.co"
	for _, tc := range []struct {
		name string
		url  string
		key  string
		opt  workorder.Option
	}{
		{"no URL", "", anonKey, nil},
		{"no scheme", "abc.supabase.co", anonKey, nil},
		{"service URL", good + "/rest/v1", anonKey, nil},
		{"password in the URL", "https://u:hunter2!@abc.supabase.co", anonKey, nil},
		{"plain http", "http://abc.supabase.co", anonKey, nil},
		{"no key", good, "", nil},
		{"key with a line break", good, "abc\n", nil},
		{"half a key", good, "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9", nil},
		{"port out of range", good + ":99999", anonKey, nil},
		{"empty token", good, anonKey, workorder.WithAccessToken("")},
		{"token that is no JWT", good, anonKey, workorder.WithAccessToken("hunter2!")},
		{"nil source", good, anonKey, workorder.WithTokenSource(nil)},
		{"nil session as source", good, anonKey, workorder.WithTokenSource((*workorder.Session)(nil))},
		{"nil transport", good, anonKey, workorder.WithTransport(nil)},
		{"nil call middleware", good, anonKey, workorder.WithCallMiddleware(nil)},
		{"nil attempt middleware", good, anonKey, workorder.WithAttemptMiddleware(nil)},
		{"header name", good, anonKey, workorder.WithHeader("a b", "c")},
		{"header value", good, anonKey, workorder.WithHeader("X-A", "b\nc")},
		{"header of ours", good, anonKey, workorder.WithHeader("apikey", "b")},
		{"agent", good, anonKey, workorder.WithUserAgent("a\nb")},
		{"retries", good, anonKey, workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: -1})},
		{"timeout", good, anonKey, workorder.WithAttemptTimeout(0)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var opts []workorder.Option
			if tc.opt != nil {
				opts = append(opts, tc.opt)
			}
			_, err := workorder.New(tc.url, tc.key, opts...)
			require.ErrorIs(t, err, workorder.ErrInvalidInput)
			require.NotContains(t, err.Error(), "hunter2!")
			var e *workorder.SdkError
			require.ErrorAs(t, err, &e)
			require.False(t, workorder.SafeToRetry(err))
		})
	}
	_, err := workorder.New(good, anonKey, nil)
	require.ErrorIs(t, err, workorder.ErrInvalidInput, "a nil option")

	c, err := workorder.New(good, anonKey)
	require.NoError(t, err)
	_, err = c.With(workorder.WithHeader("apikey", "b"))
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
}

func TestNewFromEnv(t *testing.T) {
	srv := apitest.NewServer(t)
	token := tokenOf("env")
	for _, tc := range []struct {
		name string
		env  map[string]string
		ok   bool
		auth string
	}{
		{"anonymous", map[string]string{"SUPABASE_URL": srv.URL, "SUPABASE_ANON_KEY": anonKey}, true, "Bearer " + anonKey},
		{"token", map[string]string{"SUPABASE_URL": srv.URL, "SUPABASE_ANON_KEY": anonKey, "SUPABASE_ACCESS_TOKEN": token}, true, "Bearer " + token},
		{"no URL", map[string]string{"SUPABASE_ANON_KEY": anonKey}, false, ""},
		{"no key", map[string]string{"SUPABASE_URL": srv.URL}, false, ""},
		{"half a login", map[string]string{"SUPABASE_URL": srv.URL, "SUPABASE_ANON_KEY": anonKey, "WORKORDER_EMAIL": "a@example.com"}, false, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, name := range []string{"SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_ACCESS_TOKEN", "WORKORDER_EMAIL", "WORKORDER_PASSWORD"} {
				t.Setenv(name, tc.env[name])
			}
			c, err := workorder.NewFromEnv()
			if !tc.ok {
				require.ErrorIs(t, err, workorder.ErrInvalidInput)
				return
			}
			require.NoError(t, err)
			srv.Reply(http.StatusOK, "1")
			require.NoError(t, c.RPC(t.Context(), "rpc_custom", nil, nil))
			require.Equal(t, tc.auth, srv.WantRequest(t, "POST", "/rest/v1/rpc/rpc_custom", "{}").Header.Get("Authorization"))
		})
	}
}

// seen is what one call left behind, everywhere that options reach.
type seen struct {
	Token, Tenant, Header, Agent string
	Call, Attempt, Log, Transprt string
	Watch                        string
}

// tag marks a context so that the shared recorders know whose call they see.
type tagKey struct{}

// recorder collects what calls leave behind, by the tag of their context.
type recorder struct {
	mu   sync.Mutex
	seen map[string]*seen
}

func (r *recorder) note(ctx context.Context, f func(*seen)) {
	tag, _ := ctx.Value(tagKey{}).(string)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[tag] == nil {
		r.seen[tag] = &seen{}
	}
	f(r.seen[tag])
}

// Enabled, Handle, WithAttrs and WithGroup make a slog.Handler of a recorder.
type logRecorder struct {
	r    *recorder
	name string
}

func (l logRecorder) Enabled(context.Context, slog.Level) bool { return true }
func (l logRecorder) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l logRecorder) WithGroup(string) slog.Handler            { return l }
func (l logRecorder) Handle(ctx context.Context, _ slog.Record) error {
	l.r.note(ctx, func(s *seen) { s.Log += l.name })
	return nil
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// optionsFor gives one option of every kind that carries name, and what a call
// of a client with that option leaves behind.
func optionsFor(r *recorder, name string) []struct {
	opt    workorder.Option
	change func(*seen)
} {
	jwt := tokenOf(name)
	return []struct {
		opt    workorder.Option
		change func(*seen)
	}{
		{workorder.WithAccessToken(jwt), func(s *seen) { s.Token, s.Tenant = jwt, "tenant-"+name }},
		{workorder.WithTokenSource(tokenFunc(func(context.Context) (workorder.Token, error) { return workorder.Token{Value: jwt}, nil })),
			func(s *seen) { s.Token, s.Tenant = jwt, "tenant-"+name }},
		{workorder.WithHeader("X-Who", name), func(s *seen) { s.Header = name }},
		{workorder.WithUserAgent(name), func(s *seen) { s.Agent = name }},
		{workorder.WithLogger(slog.New(logRecorder{r, name})), func(s *seen) { s.Log = name }},
		{workorder.WithTransport(transportFunc(func(req *http.Request) (*http.Response, error) {
			r.note(req.Context(), func(s *seen) { s.Transprt += name })
			return http.DefaultTransport.RoundTrip(req)
		})), func(s *seen) { s.Transprt = name }},
		{workorder.WithCallMiddleware(func(ctx context.Context, _ workorder.CallInfo, next func(context.Context) error) error {
			r.note(ctx, func(s *seen) { s.Call += name })
			return next(ctx)
		}), func(s *seen) { s.Call += name }},
		{workorder.WithAttemptMiddleware(func(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			r.note(req.Context(), func(s *seen) { s.Attempt += name })
			return next(req)
		}), func(s *seen) { s.Attempt += name }},
		{workorder.WithObserver(workorder.Observer{
			Call: func(ctx context.Context, _ workorder.CallStart) (context.Context, func(workorder.CallDone)) {
				r.note(ctx, func(s *seen) { s.Watch += name })
				return ctx, nil
			},
		}), func(s *seen) { s.Watch += name }},
		{workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 2}), func(*seen) {}},
		{workorder.WithAttemptTimeout(time.Minute), func(*seen) {}},
	}
}

// However clients are derived from each other, each call carries exactly what
// its own client was given or inherited.
func TestDerivedClientsShareNothing(t *testing.T) {
	rec := &recorder{seen: map[string]*seen{}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var args struct {
			Tenant string `json:"p_tenant_id"`
			Tag    string `json:"p_name"`
		}
		if err := json.NewDecoder(req.Body).Decode(&args); err != nil {
			t.Error(err)
		}
		ctx := context.WithValue(context.Background(), tagKey{}, args.Tag)
		_, agent, _ := strings.Cut(req.UserAgent(), ") ")
		rec.note(ctx, func(s *seen) {
			s.Token = strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
			s.Tenant, s.Header, s.Agent = args.Tenant, req.Header.Get("X-Who"), agent
		})
		_, _ = io.WriteString(w, `"d1"`)
	}))
	defer srv.Close()

	type client struct {
		*workorder.Client
		want seen
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	derive := func(parent client, name string, subset bool) client {
		child := client{want: parent.want}
		var opts []workorder.Option
		for _, o := range optionsFor(rec, name) {
			if !subset || rnd.IntN(2) == 0 {
				opts = append(opts, o.opt)
				o.change(&child.want)
			}
		}
		var err error
		child.Client, err = parent.With(opts...)
		require.NoError(t, err)
		if subset && rnd.IntN(4) == 0 {
			jwt := tokenOf(name + "-user")
			child.Client = child.AsUser(jwt)
			child.want.Token, child.want.Tenant = jwt, "tenant-"+name+"-user"
		}
		return child
	}

	root, err := workorder.New(srv.URL, anonKey)
	require.NoError(t, err)
	p := derive(client{Client: root}, "P", false)
	clients := []client{p}
	for i := range 40 {
		parent := clients[rnd.IntN(len(clients))]
		clients = append(clients,
			derive(parent, fmt.Sprintf("A%d", i), true),
			derive(parent, fmt.Sprintf("B%d", i), true))
	}

	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			tag := fmt.Sprint("call ", i)
			_, err := c.Departments.Create(context.WithValue(t.Context(), tagKey{}, tag), org.CreateDepartmentParams{Name: tag})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i, c := range clients {
		require.Equal(t, c.want, *rec.seen[fmt.Sprint("call ", i)])
	}
}

func TestAThousandDerivedClientsAtOnce(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%q", r.Header.Get("Authorization"))
	}))
	defer srv.Close()
	c, err := workorder.New(srv.URL, anonKey)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()

	var wg sync.WaitGroup
	slots := make(chan struct{}, 100)
	for i := range 1000 {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			jwt := tokenOf(fmt.Sprint("user", i))
			var got string
			if err := c.AsUser(jwt).RPC(t.Context(), "rpc_whoami", nil, &got); err != nil {
				t.Error(err)
			}
			if got != "Bearer "+jwt {
				t.Errorf("user %d got the answer of another", i)
			}
		})
	}
	wg.Wait()
}

func TestNewIdentityLeavesTheTenantBehind(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusNoContent, "")
	bound, err := c.ForTenant(t.Context(), apitest.TenantID)
	require.NoError(t, err)
	other, err := bound.With(workorder.WithAccessToken(apitest.JWT(map[string]any{"sub": "u2"})))
	require.NoError(t, err)
	_, err = other.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "x"})
	require.ErrorIs(t, err, workorder.ErrNoTenant)
}

func TestMaxResponseBytes(t *testing.T) {
	c, srv := apitest.New(t, workorder.WithMaxResponseBytes(8))

	srv.Reply(http.StatusOK, `"12345"`)
	var out string
	require.NoError(t, c.RPC(t.Context(), "rpc_custom", nil, &out))
	require.Equal(t, "12345", out)

	srv.Reply(http.StatusOK, `"1234567"`)
	err := c.RPC(t.Context(), "rpc_custom", nil, &out)
	require.ErrorIs(t, err, workorder.ErrDecode)
	require.ErrorContains(t, err, "larger than 8 bytes")
	require.ErrorContains(t, err, "query.PageSize")
	require.ErrorContains(t, err, "WithMaxResponseBytes")
	require.False(t, workorder.SafeToRetry(err))
	require.Len(t, srv.Requests(), 2, "it would be as large again")

	for _, n := range []int64{0, -1} {
		_, err := c.With(workorder.WithMaxResponseBytes(n))
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
	}
}

func TestRPC(t *testing.T) {
	c, srv := apitest.New(t)

	srv.Reply(http.StatusOK, `{"a":1}`)
	var out struct{ A int }
	require.NoError(t, c.RPC(t.Context(), "rpc_custom", map[string]any{"p_x": 7}, &out))
	require.Equal(t, 1, out.A)
	got := srv.WantRequest(t, "POST", "/rest/v1/rpc/rpc_custom", `{"p_x":7}`)
	require.Equal(t, "public", got.Header.Get("Content-Profile"))

	srv.Reply(http.StatusNoContent, "")
	require.NoError(t, c.RPC(t.Context(), "reporting.rpc_custom", nil, &out))
	got = srv.WantRequest(t, "POST", "/rest/v1/rpc/rpc_custom", `{}`)
	require.Equal(t, "reporting", got.Header.Get("Content-Profile"))

	srv.Reply(http.StatusOK, `"text"`)
	err := c.RPC(t.Context(), "rpc_custom", nil, &out)
	require.ErrorIs(t, err, workorder.ErrDecode)
	require.ErrorContains(t, err, "RPC rpc_custom: ")

	srv.ReplyError(http.StatusNotFound, "PGRST202", "no such function")
	require.ErrorIs(t, c.RPC(t.Context(), "rpc_custom", nil, nil), workorder.ErrSchemaMismatch)

	for _, name := range []string{"", "../v_tenants", "rpc custom", "a.b.c", "x?y=z"} {
		require.ErrorIs(t, c.RPC(t.Context(), name, nil, nil), workorder.ErrInvalidInput, name)
	}
	require.ErrorIs(t, c.RPC(t.Context(), "rpc_custom", func() {}, nil), workorder.ErrInvalidInput)
	require.ErrorIs(t, c.RPC(t.Context(), "rpc_custom", map[string]any{"p_x": "a\xff"}, nil), workorder.ErrInvalidInput)
	for _, out := range []any{out, (*string)(nil), map[string]any{}} {
		require.ErrorIs(t, c.RPC(t.Context(), "rpc_custom", nil, out), workorder.ErrInvalidInput,
			"a result that can be put nowhere is found before the function has run")
	}
	require.Len(t, srv.Requests(), 4)
}

func TestViewOf(t *testing.T) {
	type row struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `[{"id":1,"name":"a"},{"id":2,"name":"b"}]`)
	rows, err := workorder.ViewOf[row](c, "reporting.v_custom").List(t.Context())
	require.NoError(t, err)
	require.Equal(t, []row{{1, "a"}, {2, "b"}}, rows)
	first := srv.WantRequest(t, "GET", "/rest/v1/v_custom", "")
	require.Equal(t, "reporting", first.Header.Get("Accept-Profile"))
	require.Contains(t, first.Query.Get("order"), "id.asc")
	next := srv.WantRequest(t, "GET", "/rest/v1/v_custom", "")
	require.Contains(t, fmt.Sprint(next.Query), "2", "the walk goes on behind the last key")
}

func TestSupabaseCarriesTheToken(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `[{"id":"1"}]`)
	raw, err := c.Supabase(t.Context())
	require.NoError(t, err)
	data, _, err := raw.From("v_tenants").Select("*", "", false).Execute()
	require.NoError(t, err)
	require.JSONEq(t, `[{"id":"1"}]`, string(data))
	got := srv.WantRequest(t, "GET", "/rest/v1/v_tenants", "")
	require.True(t, strings.HasPrefix(got.Header.Get("Authorization"), "Bearer eyJ"))
	require.Equal(t, anonKey, got.Header.Get("Apikey"))

	srv.Reply(http.StatusOK, `{"id":"4d4f4a0e-5f2c-4e59-9a52-6a6f5f0c1b11"}`)
	_, err = raw.Auth.GetUser()
	require.NoError(t, err)
	require.Equal(t, got.Header.Get("Authorization"), srv.WantRequest(t, "GET", "/auth/v1/user", "").Header.Get("Authorization"))

	failing, err := c.With(workorder.WithTokenSource(tokenFunc(func(context.Context) (workorder.Token, error) {
		return workorder.Token{}, errors.New("vault is sealed")
	})))
	require.NoError(t, err)
	_, err = failing.Supabase(t.Context())
	require.ErrorIs(t, err, workorder.ErrUnauthenticated)
}

func TestClientPrintsNoSecret(t *testing.T) {
	c, _ := apitest.New(t)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, verb+"\n", c)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "client", c)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "client", c)
	require.NotContains(t, out.String(), anonKey)
	require.NotContains(t, out.String(), "eyJ")
}

// Every service of a resource package is a field of the client.
func TestClientHasEveryService(t *testing.T) {
	client := reflect.TypeFor[workorder.Client]()
	for _, services := range []reflect.Type{
		reflect.TypeFor[org.Services](), reflect.TypeFor[workorders.Services](), reflect.TypeFor[assets.Services](),
		reflect.TypeFor[pm.Services](), reflect.TypeFor[labor.Services](), reflect.TypeFor[reporting.Services](),
		reflect.TypeFor[safety.Services](), reflect.TypeFor[inventory.Services](),
	} {
		for i := range services.NumField() {
			want := services.Field(i)
			got, ok := client.FieldByName(want.Name)
			require.True(t, ok, "%s.%s is no field of Client", services.PkgPath(), want.Name)
			require.Equal(t, want.Type, reflect.PointerTo(got.Type), want.Name)
		}
	}
}

// A server derives a client for every request.
func BenchmarkAsUser(b *testing.B) {
	c, err := workorder.New("https://abc.supabase.co", "anon-key")
	require.NoError(b, err)
	jwt := tokenOf("jo")
	b.ReportAllocs()
	for b.Loop() {
		c.AsUser(jwt)
	}
}

func TestAsUserAllocatesLittle(t *testing.T) {
	c, err := workorder.New("https://abc.supabase.co", "anon-key")
	require.NoError(t, err)
	jwt := tokenOf("jo")
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { c.AsUser(jwt) }), 8.0)
}
