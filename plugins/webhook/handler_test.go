package webhook_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/plugins/webhook"
	"github.com/workorder-systems/sdk-go/types"
)

const secret = types.Secret("secret of the tests")

// everyInstallation signs with the same secret.
func everyInstallation(context.Context, webhook.Source) ([]types.Secret, error) {
	return []types.Secret{secret}, nil
}

// delivery is the body of an event.
func delivery(audit int) string {
	return fmt.Sprintf(`{"v": 1, "audit": {"id": %d, "operation": "UPDATE", "record_id": "r1", "table_name": "departments", `+
		`"table_schema": "app", "changed_fields": ["name", "updated_at"]}, "snapshot": {"new_data": {"id": "r1", "name": "New", `+
		`"description": null, "created_at": "2026-11-26T07:48:31.712358+00:00"}, "old_data": {"id": "r1", "name": "Old"}}, `+
		`"tenant_id": "t1", "plugin_key": "erp", "installation_id": "i1"}`, audit)
}

func request(body string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/hook", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// signed is a delivery as the platform sends it.
func signed(body string, s types.Secret) *http.Request {
	r := request(body)
	r.Header.Set(webhook.SignatureHeader, webhook.Sign([]byte(body), s))
	r.Header.Set(webhook.DeliveryIDHeader, "d1")
	return r
}

func serve(h http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

// recorder handles events by keeping them.
func recorder(secrets webhook.SecretFunc, opts ...webhook.Option) (http.Handler, *[]webhook.Event) {
	var mu sync.Mutex
	got := new([]webhook.Event)
	return webhook.Handler(secrets, func(_ context.Context, e webhook.Event) error {
		mu.Lock()
		defer mu.Unlock()
		*got = append(*got, e)
		return nil
	}, opts...), got
}

func TestEventOfADelivery(t *testing.T) {
	h, got := recorder(webhook.Installation("i1", secret))
	require.Equal(t, http.StatusOK, serve(h, signed(delivery(7), secret)))

	e := (*got)[0]
	require.JSONEq(t, `{"id": "r1", "name": "Old"}`, string(e.Old))
	var row org.Department
	require.NoError(t, e.DecodeNew(&row))
	require.Equal(t, "New", row.Name)
	require.Nil(t, row.Description)
	require.Equal(t, 2026, row.CreatedAt.Year())
	require.NoError(t, e.DecodeOld(&row))
	e.Old, e.New = nil, nil
	require.Empty(t, cmp.Diff(webhook.Event{
		Source:  webhook.Source{TenantID: "t1", InstallationID: "i1", PluginKey: "erp"},
		AuditID: 7, DeliveryID: "d1", Schema: "app", Table: "departments", RecordID: "r1",
		Operation: webhook.Update, ChangedFields: []string{"name", "updated_at"},
	}, e))
	require.Equal(t, "i1/7", e.ID())
	require.Equal(t, "entity_change.departments.update", e.Type())
	require.True(t, e.Is("app", "departments"))
	require.False(t, e.Is("cfg", "departments"))
	require.ErrorIs(t, e.DecodeNew(&row), sdkerr.ErrNotFound)
	e.New = []byte(`{"name": 5}`)
	require.ErrorIs(t, e.DecodeNew(&row), sdkerr.ErrDecode)
}

// A row that is null is none.
func TestEventOfAnInsert(t *testing.T) {
	e, err := webhook.Parse([]byte(`{"v":1,"installation_id":"i1","audit":{"id":1,"table_name":"assets","operation":"INSERT","changed_fields":null},
		"snapshot":{"new_data":{"id":"a1"},"old_data":null}}`))
	require.NoError(t, err)
	require.Nil(t, e.Old)
	require.JSONEq(t, `{"id":"a1"}`, string(e.New))
	require.Nil(t, e.ChangedFields)
	require.ErrorIs(t, e.DecodeOld(&org.Department{}), sdkerr.ErrNotFound)
}

func TestHandlerRefuses(t *testing.T) {
	good := delivery(1)
	unsigned := request(good)
	for name, tc := range map[string]struct {
		req  *http.Request
		want int
	}{
		"no signature":     {unsigned, 401},
		"another secret":   {signed(good, "another"), 401},
		"no secret at all": {signed(good, ""), 401},
		"a changed body":   {with(signed(good, secret), func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(delivery(2))) }), 401},
		"nine signatures": {with(signed(good, secret), func(r *http.Request) {
			r.Header[webhook.SignatureHeader] = append(make([]string, 8), r.Header.Get(webhook.SignatureHeader))
		}), 401},
		"GET":                  {with(signed(good, secret), func(r *http.Request) { r.Method = "GET" }), 405},
		"a form":               {with(signed(good, secret), func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }), 415},
		"no content type":      {with(signed(good, secret), func(r *http.Request) { r.Header.Del("Content-Type") }), 415},
		"no JSON":              {signed(`{"v": 1`, secret), 400},
		"an empty body":        {signed(``, secret), 400},
		"another JSON":         {signed(`[1]`, secret), 400},
		"another version":      {signed(strings.Replace(good, `"v": 1`, `"v": 2`, 1), secret), 400},
		"no audit":             {signed(`{"v":1,"installation_id":"i1"}`, secret), 400},
		"no audit id":          {signed(`{"v":1,"installation_id":"i1","audit":{"table_name":"assets"}}`, secret), 400},
		"no table":             {signed(`{"v":1,"installation_id":"i1","audit":{"id":1}}`, secret), 400},
		"no installation":      {signed(`{"v":1,"audit":{"id":1,"table_name":"assets"}}`, secret), 400},
		"invalid UTF-8":        {signed(strings.Replace(good, "New", "N\xff", 1), secret), 400},
		"a body too large":     {signed(strings.Replace(good, "New", strings.Repeat("N", 3000), 1), secret), 413},
		"a body that ends":     {with(signed(good, secret), func(r *http.Request) { r.Body = io.NopCloser(&broken{}) }), 400},
		"a long name":          {signed(strings.Replace(good, `"i1"`, `"`+strings.Repeat("i", 1000)+`"`, 1), "another"), 401},
		"a long method":        {with(signed(good, secret), func(r *http.Request) { r.Method = strings.Repeat("GET", 500) }), 405},
		"an unknown installer": {signed(strings.Replace(good, `"i1"`, `"other"`, 1), secret), 401},
		"a vault that is down": {signed(strings.Replace(good, `"i1"`, `"down"`, 1), secret), 503},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			h, got := recorder(func(_ context.Context, from webhook.Source) ([]types.Secret, error) {
				switch from.InstallationID {
				case "other":
					return nil, webhook.ErrUnknownInstallation
				case "down":
					return nil, errors.New("vault at 10.0.0.1 is sealed")
				}
				return []types.Secret{secret}, nil
			}, webhook.WithMaxBody(2000), webhook.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, tc.req)

			require.Equal(t, tc.want, w.Code)
			require.Equal(t, http.StatusText(tc.want), w.Body.String(), "the platform keeps the body of an answer")
			require.Empty(t, *got)
			require.NotEmpty(t, log.String())
			require.Less(t, log.Len(), 400, "anybody can make the handler log")
			for _, s := range []string{secret.Reveal(), webhook.Sign([]byte(good), secret), "New"} {
				require.NotContains(t, log.String(), s)
			}
			require.Equal(t, tc.want == 405, w.Header().Get("Allow") == "POST")
		})
	}
}

func with(r *http.Request, change func(*http.Request)) *http.Request {
	change(r)
	return r
}

type broken struct{}

func (*broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestSecretsCanBeReplaced(t *testing.T) {
	h, got := recorder(webhook.Installation("i1", "new", "old"))
	require.Equal(t, 200, serve(h, signed(delivery(1), "old")))
	require.Equal(t, 200, serve(h, signed(delivery(2), "new")))
	require.Equal(t, 401, serve(h, signed(delivery(3), "older")))
	require.Len(t, *got, 2)
}

// What tells events apart is signed: another delivery id does not make a replay a
// new event, and one id for all of them loses none.
func TestEventsAreHandledOnce(t *testing.T) {
	h, got := recorder(everyInstallation)
	for i := range 3 {
		r := signed(delivery(1), secret)
		r.Header.Set(webhook.DeliveryIDHeader, fmt.Sprint("d", i))
		require.Equal(t, 200, serve(h, r))
	}
	require.Len(t, *got, 1)
	for i := range 3 {
		require.Equal(t, 200, serve(h, signed(delivery(10+i), secret)))
	}
	require.Len(t, *got, 4)
	other := strings.Replace(delivery(1), `"installation_id": "i1"`, `"installation_id": "i2"`, 1)
	require.Equal(t, 200, serve(h, signed(other, secret)))
	require.Len(t, *got, 5)
}

func TestFailuresComeAgain(t *testing.T) {
	for name, fail := range map[string]func(){
		"panic": func() { panic("with a secret") }, "goexit": runtime.Goexit, "nil panic": func() { panic(nil) },
	} {
		var calls atomic.Int64
		var log bytes.Buffer
		h := webhook.Handler(webhook.Installation("i1", secret), func(context.Context, webhook.Event) error {
			if calls.Add(1) == 1 {
				fail()
			}
			return nil
		}, webhook.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		require.Equal(t, 500, serve(h, signed(delivery(1), secret)), name)
		require.NotContains(t, log.String(), "with a secret")
		require.Equal(t, 200, serve(h, signed(delivery(1), secret)), name)
		require.Equal(t, 200, serve(h, signed(delivery(1), secret)), name)
		require.Equal(t, int64(2), calls.Load(), name)
	}

	var calls int
	h := webhook.Handler(webhook.Installation("i1", secret), func(context.Context, webhook.Event) error {
		calls++
		if calls < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	for _, want := range []int{500, 500, 200, 200} {
		require.Equal(t, want, serve(h, signed(delivery(1), secret)))
	}
	require.Equal(t, 3, calls)
}

// A function that overruns its time leaves the delivery unacknowledged and keeps
// others from handling the event while it runs. When it ends well after all, the
// event counts as handled.
func TestFunctionsThatTakeTooLong(t *testing.T) {
	leave := make(chan error)
	h := webhook.Handler(webhook.Installation("i1", secret), func(ctx context.Context, _ webhook.Event) error {
		<-ctx.Done()
		return <-leave
	}, webhook.WithTimeout(300*time.Millisecond))

	require.Equal(t, 503, serve(h, signed(delivery(1), secret)))
	require.Equal(t, 409, serve(h, signed(delivery(1), secret)))
	leave <- nil
	require.Eventually(t, func() bool { return serve(h, signed(delivery(1), secret)) == 200 }, 5*time.Second, 10*time.Millisecond)
}

func TestFunctionsThatStopInTime(t *testing.T) {
	var calls atomic.Int64
	h := webhook.Handler(webhook.Installation("i1", secret), func(ctx context.Context, _ webhook.Event) error {
		if calls.Add(1) > 1 {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	}, webhook.WithTimeout(50*time.Millisecond))

	require.GreaterOrEqual(t, serve(h, signed(delivery(1), secret)), 500)
	require.Equal(t, 200, serve(h, signed(delivery(1), secret)))
	require.Equal(t, int64(2), calls.Load())
}

// The platform may hang up: what has begun is finished.
func TestCallersThatGoAway(t *testing.T) {
	begun, leave := make(chan struct{}), make(chan struct{})
	var ended atomic.Value
	h := webhook.Handler(webhook.Installation("i1", secret), func(ctx context.Context, _ webhook.Event) error {
		close(begun)
		<-leave
		ended.Store(fmt.Sprint(ctx.Err()))
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	go serve(h, signed(delivery(1), secret).WithContext(ctx))
	<-begun
	cancel()
	close(leave)
	require.Eventually(t, func() bool { return ended.Load() == "<nil>" }, 5*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return serve(h, signed(delivery(1), secret)) == 200 }, 5*time.Second, time.Millisecond)
}

// failing is a store that is away.
type failing struct{ begin, note error }

func (f failing) Begin(context.Context, string, time.Duration) (webhook.Claim, error) {
	return f, f.begin
}
func (f failing) Finish(context.Context) error  { return f.note }
func (f failing) Abandon(context.Context) error { return f.note }

// A body that does not end costs a request its timeout, and nothing is handled.
func TestBodiesThatDoNotEnd(t *testing.T) {
	h, got := recorder(webhook.Installation("i1", secret), webhook.WithTimeout(200*time.Millisecond))
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	body := delivery(1)
	for name, sent := range map[string]string{"nothing comes": "", "half of it comes": body[:len(body)/2], "one byte is missing": body[:len(body)-1]} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
		require.NoError(t, err)
		_, err = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%s",
			webhook.SignatureHeader, webhook.Sign([]byte(body), secret), len(body), sent)
		require.NoError(t, err)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err, name)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, name)
		require.NoError(t, res.Body.Close())
		require.NoError(t, conn.Close())
	}
	require.Empty(t, *got)
	require.Equal(t, http.StatusOK, serve(h, signed(body, secret)), "the event is free")
	require.Len(t, *got, 1)
}

// Custom headers of the config may repeat the name of the signature's header.
func TestSeveralSignatures(t *testing.T) {
	h, got := recorder(webhook.Installation("i1", secret))
	for other, want := range map[int]int{7: http.StatusOK, 8: http.StatusUnauthorized} {
		r := signed(delivery(other), secret)
		for range other {
			r.Header.Add(webhook.SignatureHeader, strings.Repeat("0", 64))
		}
		require.Equal(t, want, serve(h, r), "%d others", other)
	}
	require.Len(t, *got, 1)
}

func TestStoresThatFail(t *testing.T) {
	h, got := recorder(webhook.Installation("i1", secret), webhook.WithStore(failing{begin: errors.New("connection refused")}))
	require.Equal(t, 503, serve(h, signed(delivery(1), secret)))
	require.Empty(t, *got, "nothing is handled that cannot be noted")

	h, got = recorder(webhook.Installation("i1", secret), webhook.WithStore(failing{note: errors.New("connection refused")}))
	require.Equal(t, 200, serve(h, signed(delivery(1), secret)), "the platform need not send what is handled")
	require.Len(t, *got, 1)
}

// panicking is a store that is broken.
type panicking struct{ begin bool }

func (p panicking) Begin(context.Context, string, time.Duration) (webhook.Claim, error) {
	if p.begin {
		panic("with a secret")
	}
	return p, nil
}

func (p panicking) Finish(context.Context) error  { panic("with a secret") }
func (p panicking) Abandon(context.Context) error { panic("with a secret") }

// What a program brings along may panic: the platform gets its answer, and the
// program lives on.
func TestPanicsOfStoresAndSecrets(t *testing.T) {
	broken := func(context.Context, webhook.Source) ([]types.Secret, error) { panic("with a secret") }
	fails := func(context.Context, webhook.Event) error { return errors.New("not this time") }
	works := func(context.Context, webhook.Event) error { return nil }
	for _, tc := range []struct {
		secrets webhook.SecretFunc
		fn      func(context.Context, webhook.Event) error
		store   webhook.Store
		want    int
	}{
		{broken, works, nil, 503},
		{everyInstallation, works, panicking{begin: true}, 503},
		{everyInstallation, works, panicking{}, 200},
		{everyInstallation, fails, panicking{}, 500},
	} {
		var log bytes.Buffer
		h := webhook.Handler(tc.secrets, tc.fn, webhook.WithStore(tc.store), webhook.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		require.Equal(t, tc.want, serve(h, signed(delivery(1), secret)))
		require.Contains(t, log.String(), "panicked")
		require.NotContains(t, log.String(), "with a secret")
	}
}

func TestManyDeliveriesAtOnce(t *testing.T) {
	var handled sync.Map
	h := webhook.Handler(webhook.Installation("i1", secret), func(_ context.Context, e webhook.Event) error {
		_, twice := handled.LoadOrStore(e.ID(), true)
		assert.False(t, twice, e.ID())
		return nil
	})
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			status := serve(h, signed(delivery(i%50), secret))
			assert.Contains(t, []int{200, 409}, status)
		})
	}
	wg.Wait()
	n := 0
	handled.Range(func(any, any) bool { n++; return true })
	require.Equal(t, 50, n)
}

func TestHandlerRefusesToBeMade(t *testing.T) {
	fn := func(context.Context, webhook.Event) error { return nil }
	require.Panics(t, func() { webhook.Handler(nil, fn) })
	require.Panics(t, func() { webhook.Handler(everyInstallation, nil) })
	for _, opt := range []webhook.Option{webhook.WithTimeout(0), webhook.WithTimeout(-1), webhook.WithMaxBody(0), webhook.WithMaxBody(-1)} {
		require.Panics(t, func() { webhook.Handler(everyInstallation, fn, opt) })
	}
	h := webhook.Handler(everyInstallation, fn, webhook.WithStore(nil), webhook.WithLogger(nil), nil)
	require.Equal(t, 401, serve(h, signed(delivery(1), "another")))
	require.Equal(t, 200, serve(h, signed(delivery(1), secret)))
}

// Whoever installs a plugin names the secret that its deliveries are signed with, so
// a signature that fits can be of an installation of another tenant.
func TestInstallation(t *testing.T) {
	const id = "7ce75f69-09df-44cd-b734-b8cb24792453"
	of := func(installation string) string { return strings.Replace(delivery(1), `"i1"`, `"`+installation+`"`, 1) }
	for _, configured := range []string{id, strings.ToUpper(id)} {
		h, got := recorder(webhook.Installation(configured, "new", "old"))
		require.Equal(t, 401, serve(h, signed(of("11111111-09df-44cd-b734-b8cb24792453"), "new")))
		require.Empty(t, *got)
		require.Equal(t, 401, serve(h, signed(of(id), "older")))
		require.Equal(t, 200, serve(h, signed(of(id), "old")))
		require.Len(t, *got, 1)
	}
	h, _ := recorder(webhook.Installation(id))
	require.Equal(t, 401, serve(h, signed(of(id), "")))
}

// A secret or a store that does not come costs a request its timeout.
func TestHandlerDoesNotWaitForEver(t *testing.T) {
	for name, h := range map[string]http.Handler{
		"secret": webhook.Handler(func(ctx context.Context, _ webhook.Source) ([]types.Secret, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, func(context.Context, webhook.Event) error { return nil }, webhook.WithTimeout(50*time.Millisecond)),
		"store": webhook.Handler(everyInstallation, func(context.Context, webhook.Event) error { return nil },
			webhook.WithStore(hanging{}), webhook.WithTimeout(50*time.Millisecond)),
	} {
		status := make(chan int, 1)
		go func() { status <- serve(h, signed(delivery(1), secret)) }()
		select {
		case got := <-status:
			require.Equal(t, 503, got, name)
		case <-time.After(20 * time.Second):
			require.Fail(t, "no answer", name)
		}
	}
}

// hanging is a store that answers when nobody waits any more.
type hanging struct{}

func (hanging) Begin(ctx context.Context, _ string, _ time.Duration) (webhook.Claim, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// Nothing that is posted makes the handler panic or handle what is not signed.
func FuzzHandler(f *testing.F) {
	f.Add([]byte(delivery(1)), "application/json", webhook.Sign([]byte(delivery(1)), secret))
	f.Add([]byte(`{"v":1,"installation_id":"i","audit":{"id":9223372036854775808,"table_name":"x"}}`), "application/json", "")
	f.Add([]byte("\xff"), "text/plain", "00")
	f.Add([]byte(`{"v":1e0,"audit":null}`), "application/json; charset=utf-8", strings.Repeat("0", 64))
	f.Fuzz(func(t *testing.T, body []byte, contentType, signature string) {
		handled := false
		h := webhook.Handler(everyInstallation, func(_ context.Context, e webhook.Event) error {
			handled = true
			_ = e.DecodeNew(&org.Department{})
			_ = e.DecodeOld(&org.Department{})
			return nil
		})
		r := request(string(body))
		r.Header.Set("Content-Type", contentType)
		r.Header[webhook.SignatureHeader] = []string{signature}
		status := serve(h, r)
		require.Contains(t, []int{200, 400, 401, 415}, status)
		require.Equal(t, status == 200, handled)
		if !webhook.Verify(body, signature, secret) {
			require.False(t, handled)
		}
	})
}
