package workorder_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// bomb panics, or whatever else it is told to, the first time it is touched.
type bomb struct {
	armed atomic.Bool
	blast func()
}

func (b *bomb) touch() {
	if b.armed.CompareAndSwap(true, false) {
		b.blast()
	}
}

type bombReader struct {
	*bomb
	io.Reader
}

func (r bombReader) Read(p []byte) (int, error) { r.touch(); return r.Reader.Read(p) }

type bombSeeker struct {
	*bomb
	io.ReadSeeker
}

func (s bombSeeker) Seek(offset int64, whence int) (int64, error) {
	s.touch()
	return s.ReadSeeker.Seek(offset, whence)
}

type bombLogger struct {
	*bomb
	slog.Handler
}

func (l bombLogger) Enabled(context.Context, slog.Level) bool { l.touch(); return false }

type bombTransport struct{ *bomb }

func (f bombTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	f.touch()
	return http.DefaultTransport.RoundTrip(r)
}

type bombJSON struct{ *bomb }

func (j bombJSON) MarshalJSON() ([]byte, error) { j.touch(); return []byte(`{}`), nil }

// bombRow is a row that decodes itself.
type bombRow struct {
	ID bombID `json:"id"`
}

var rowBomb bomb

type bombID string

func (id *bombID) UnmarshalJSON(b []byte) error {
	rowBomb.touch()
	return json.Unmarshal(b, (*string)(id))
}

// A panic in the caller's own code reaches the caller, in its goroutine; it leaves
// no lock, no answer open and no goroutine behind, and the next call works.
func TestPanicsOfTheCallersCode(t *testing.T) {
	list := func(ctx context.Context, c *workorder.Client, _ *bomb) error {
		_, err := workorder.ViewOf[bombRow](c, "v_custom").List(ctx, query.Limit(2))
		return err
	}
	iterate := func(ctx context.Context, c *workorder.Client, b *bomb) error {
		for _, err := range workorder.ViewOf[bombRow](c, "v_custom").All(ctx, query.Limit(2)) {
			if err != nil {
				return err
			}
			b.touch()
		}
		return nil
	}
	users := func(ctx context.Context, c *workorder.Client, b *bomb) error {
		for _, err := range c.AsUser(serviceToken).Auth.Admin.AllUsers(ctx) {
			if err != nil {
				return err
			}
			b.touch()
		}
		return nil
	}
	write := func(ctx context.Context, c *workorder.Client, b *bomb) error {
		return c.RPC(ctx, "rpc_custom", map[string]any{"p_a": bombJSON{b}}, nil)
	}
	upload := func(body func(*bomb) io.Reader) func(context.Context, *workorder.Client, *bomb) error {
		return func(ctx context.Context, c *workorder.Client, b *bomb) error {
			_, err := c.Attachments.Upload(ctx, workorders.UploadParams{
				EntityType: workorders.EntityAsset, EntityID: someUUID, Filename: "a.txt", Body: body(b),
			})
			if errors.Is(err, workorder.ErrNotFound) {
				return nil // it is sent, and the server of this test shows no attachments
			}
			return err
		}
	}
	download := func(ctx context.Context, c *workorder.Client, _ *bomb) error {
		d, err := c.Attachments.Download(ctx, "t1/asset/a/b.txt")
		if err != nil {
			return err
		}
		return d.Close()
	}
	generate := func(ctx context.Context, c *workorder.Client, _ *bomb) error {
		_, err := c.PM.GenerateDue(ctx, pm.GenerateDueParams{Repeat: true})
		return err
	}
	pooled := func(ctx context.Context, c *workorder.Client, b *bomb) error {
		pool := workorder.NewTenantPool(c, workorder.TenantPoolOptions{MaxTenants: 1})
		defer pool.Close()
		do := func() error {
			return pool.Do(ctx, apitest.TenantID, func(ctx context.Context, c *workorder.Client) error { b.touch(); return list(ctx, c, b) })
		}
		func() {
			defer func() {
				if v := recover(); v != nil {
					// The pool's only place is free again.
					require.NoError(t, do())
					panic(v)
				}
			}()
			require.NoError(t, do())
		}()
		return nil
	}
	none := func(*bomb) workorder.Option { return workorder.WithUserAgent("x") }
	token := func(b *bomb) workorder.Option {
		jwt := apitest.JWT(map[string]any{"sub": "u1", "tenant_id": "t1", "role": "authenticated", "exp": time.Now().Add(time.Hour).Unix()})
		return workorder.WithTokenSource(tokenFunc(func(context.Context) (workorder.Token, error) {
			b.touch()
			return workorder.Token{Value: jwt}, nil
		}))
	}
	logger := func(b *bomb) workorder.Option {
		return workorder.WithLogger(slog.New(bombLogger{b, slog.DiscardHandler}))
	}
	transport := func(b *bomb) workorder.Option { return workorder.WithTransport(bombTransport{b}) }
	before := func(b *bomb) workorder.Option {
		return workorder.WithAttemptMiddleware(func(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			b.touch()
			return next(r)
		})
	}
	after := func(b *bomb) workorder.Option {
		return workorder.WithAttemptMiddleware(func(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			resp, err := next(r)
			b.touch()
			return resp, err
		})
	}
	around := func(b *bomb) workorder.Option {
		return workorder.WithCallMiddleware(func(ctx context.Context, _ workorder.CallInfo, next func(context.Context) error) error {
			err := next(ctx)
			b.touch()
			return err
		})
	}
	watchCall := func(b *bomb) workorder.Option {
		return workorder.WithObserver(workorder.Observer{
			Call: func(ctx context.Context, _ workorder.CallStart) (context.Context, func(workorder.CallDone)) {
				return ctx, func(workorder.CallDone) { b.touch() }
			},
		})
	}
	watchAttempt := func(b *bomb) workorder.Option {
		return workorder.WithObserver(workorder.Observer{
			Attempt: func(ctx context.Context, _ workorder.AttemptStart) (context.Context, func(workorder.AttemptDone)) {
				return ctx, func(workorder.AttemptDone) { b.touch() }
			},
		})
	}
	for name, tc := range map[string]struct {
		option func(*bomb) workorder.Option
		call   func(context.Context, *workorder.Client, *bomb) error
	}{
		"token source":                   {token, list},
		"token source of a write":        {token, write},
		"token source in a pool":         {token, pooled},
		"transport":                      {transport, write},
		"logger":                         {logger, write},
		"logger of a download":           {logger, download},
		"attempt middleware":             {before, list},
		"attempt middleware, write":      {after, write},
		"attempt middleware, upload":     {after, upload(func(*bomb) io.Reader { return strings.NewReader("bytes") })},
		"attempt middleware, download":   {after, download},
		"attempt middleware, generation": {after, generate},
		"call middleware":                {around, list},
		"call middleware, download":      {around, download},
		"call middleware, generation":    {around, generate},
		"observer of a call":             {watchCall, list},
		"observer of a call in a pool":   {watchCall, pooled},
		"observer of a download":         {watchCall, download},
		"observer of an attempt":         {watchAttempt, write},
		"observer of an upload":          {watchAttempt, upload(func(*bomb) io.Reader { return strings.NewReader("bytes") })},
		"observer of an attempt to load": {watchAttempt, download},
		"function of a pool":             {none, pooled},
		"body of a loop":                 {none, iterate},
		"body of a loop over users":      {none, users},
		"arguments that encode":          {none, write},
		"reader of an upload": {none, upload(func(b *bomb) io.Reader {
			return bombReader{b, strings.NewReader("bytes")}
		})},
		"reader of an upload that can seek": {none, upload(func(b *bomb) io.Reader {
			return struct {
				io.Reader
				io.Seeker
			}{bombReader{b, strings.NewReader("bytes")}, strings.NewReader("bytes")}
		})},
		"seeker of an upload": {none, upload(func(b *bomb) io.Reader { return bombSeeker{b, strings.NewReader("bytes")} })},
		"row that decodes": {func(b *bomb) workorder.Option {
			rowBomb.blast = b.blast
			rowBomb.armed.Store(b.armed.Load())
			return none(b)
		}, list},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(platformForPanics))
			defer srv.Close()
			goroutines := runtime.NumGoroutine()
			b := &bomb{blast: func() { panic("boom of the caller") }}
			b.armed.Store(true)
			c, err := workorder.New(srv.URL, anonKey, workorder.WithAccessToken(tokenOfTenant()), tc.option(b),
				workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 1}))
			require.NoError(t, err)

			require.PanicsWithValue(t, "boom of the caller", func() { _ = tc.call(t.Context(), c, b) })

			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			require.NoError(t, tc.call(ctx, c, b), "the next call works")
			require.NoError(t, c.Close())
			http.DefaultTransport.(*http.Transport).CloseIdleConnections()
			require.Eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines+1 }, 5*time.Second, 5*time.Millisecond,
				"goroutines are left") // one is Eventually's own
		})
	}
}

func tokenOfTenant() string {
	return apitest.JWT(map[string]any{"sub": "u1", "tenant_id": "t1", "role": "authenticated", "exp": time.Now().Add(time.Hour).Unix()})
}

// A reader that ends its goroutine fails the upload instead of hanging it.
func TestReaderThatEndsItsGoroutine(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(platformForPanics))
	defer srv.Close()
	c, err := workorder.New(srv.URL, anonKey, workorder.WithAccessToken(tokenOfTenant()))
	require.NoError(t, err)
	b := &bomb{blast: runtime.Goexit}
	b.armed.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err = c.Attachments.Upload(ctx, workorders.UploadParams{
		EntityType: workorders.EntityAsset, EntityID: someUUID, Filename: "a.txt", Body: bombReader{b, strings.NewReader("bytes")},
	})
	require.ErrorContains(t, err, "did not return")
	require.NoError(t, ctx.Err())
}

// platformForPanics answers whatever the calls need.
func platformForPanics(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	answer := `"` + someUUID + `"`
	switch {
	case strings.HasPrefix(r.URL.Path, "/rest/v1/v_custom"):
		answer = `[{"id":"a"},{"id":"b"}]`
	case strings.HasPrefix(r.URL.Path, "/rest/v1/v_"):
		answer = `[]`
	case strings.HasPrefix(r.URL.Path, "/auth/v1/admin/users"):
		answer = `{"users":[]}`
		if r.URL.Query().Get("page") == "1" {
			answer = `{"users":[{"id":"u1"}]}`
		}
	case strings.Contains(r.URL.Path, "/rpc_generate_due_pms"):
		answer = `3`
	case strings.HasPrefix(r.URL.Path, "/storage/v1/object/") && r.Method == http.MethodGet:
		answer = strings.Repeat("x", 1<<20)
	case strings.HasPrefix(r.URL.Path, "/storage/"):
		answer = `{"Id":"` + someUUID + `","Key":"k"}`
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, answer)
}

// serviceToken is a token that shows the role of administrators.
var serviceToken = apitest.JWT(map[string]any{"role": "service_role"})
