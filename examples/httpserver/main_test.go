package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/types"
)

// lines is a log that can be read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// service is the server of this example in front of a stack.
type service struct {
	t     *testing.T
	url   string
	stack *devstack.Stack
	base  *workorder.Client
	log   *lines
}

func newService(t *testing.T) *service {
	t.Helper()
	stack, err := devstack.Start(t.Context(), devstack.WithSigningKey(devstack.ES256))
	require.NoError(t, err)
	t.Cleanup(func() { _ = stack.Close() })
	s := &service{t: t, stack: stack, log: &lines{}}
	s.base, err = workorder.New(stack.URL, stack.AnonKey)
	require.NoError(t, err)
	// Tokens that the secret signs are taken too, so that the test can make odd ones.
	verifier, err := workorder.NewVerifier(s.base, workorder.VerifierOptions{
		Secret: types.Secret(stack.JWTSecret), ClockSkew: time.Nanosecond, FetchEvery: time.Millisecond,
	})
	require.NoError(t, err)
	srv := httptest.NewServer(newServer(s.base, verifier, slog.New(slog.NewTextHandler(s.log, nil))).routes())
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// admin is the administrator of a new tenant.
func (s *service) admin() *person {
	s.t.Helper()
	p, err := newUser(s.t.Context(), s.base)
	require.NoError(s.t, err)
	require.NoError(s.t, p.found(s.t.Context()))
	return p
}

// member is a new user with a role in the administrator's tenant.
func (s *service) member(admin *person, role string) *person {
	s.t.Helper()
	p, err := newUser(s.t.Context(), s.base)
	require.NoError(s.t, err)
	require.NoError(s.t, admin.client.Tenants.InviteUser(s.t.Context(), org.InviteUserParams{InviteeEmail: p.email, RoleKey: role}))
	require.NoError(s.t, p.enter(s.t.Context(), admin.tenant))
	return p
}

func (p *person) token(t *testing.T) string {
	t.Helper()
	token, err := p.session.Token(t.Context())
	require.NoError(t, err)
	return token.Value
}

// signed is a token that the project's secret has signed.
func (s *service) signed(p *person, life time.Duration, secret, issuer string) string {
	s.t.Helper()
	src, err := workorder.NewSelfSigned(workorder.SelfSigned{
		Secret: secret, Subject: p.id, Tenant: p.tenant, TTL: life, Claims: map[string]any{"iss": issuer},
	})
	require.NoError(s.t, err)
	token, err := src.Token(s.t.Context())
	require.NoError(s.t, err)
	return token.Value
}

// reply is an answer of the service.
type reply struct {
	status int
	header http.Header
	text   string
	Kind   string      `json:"kind"`
	Detail string      `json:"detail"`
	UserID string      `json:"userId"`
	Tenant string      `json:"tenantId"`
	ID     string      `json:"id"`
	Title  string      `json:"title"`
	Status any         `json:"status"` // of a work order, or of a problem
	Items  []workOrder `json:"items"`
	Next   string      `json:"next"`
}

func (s *service) send(token, method, path, body string, header ...string) (r reply, err error) {
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		return r, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return r, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return r, err
	}
	if len(text) > 0 && strings.HasSuffix(res.Header.Get("Content-Type"), "json") {
		err = json.Unmarshal(text, &r)
	}
	r.status, r.header, r.text = res.StatusCode, res.Header, string(text)
	return r, err
}

func (s *service) do(token, method, path, body string, header ...string) reply {
	s.t.Helper()
	r, err := s.send(token, method, path, body, header...)
	require.NoError(s.t, err)
	return r
}

func TestService(t *testing.T) {
	s := newService(t)
	ada := s.admin()
	token := ada.token(t)

	t.Run("health needs no token", func(t *testing.T) {
		for _, path := range []string{"/healthz", "/readyz"} {
			require.Equal(t, http.StatusNoContent, s.do("", "GET", path, "").status, path)
		}
	})

	t.Run("callers are known", func(t *testing.T) {
		r := s.do(token, "GET", "/me", "")
		require.Equal(t, http.StatusOK, r.status, r.text)
		require.Equal(t, ada.id, r.UserID)
		require.Equal(t, ada.tenant, r.Tenant)
		require.Equal(t, "no-store", r.header.Get("Cache-Control"))
	})

	t.Run("what is no token of the project is refused", func(t *testing.T) {
		issuer := s.stack.URL + "/auth/v1"
		expired := s.signed(ada, time.Second, s.stack.JWTSecret, issuer)
		require.Equal(t, http.StatusOK, s.do(s.signed(ada, time.Minute, s.stack.JWTSecret, issuer), "GET", "/me", "").status)
		require.Eventually(t, func() bool {
			r, err := s.send(expired, "GET", "/me", "")
			return err == nil && r.status == http.StatusUnauthorized
		}, 20*time.Second, 100*time.Millisecond)
		elsewhere, err := devstack.Start(t.Context(), devstack.WithSigningKey(devstack.ES256))
		require.NoError(t, err)
		defer func() { _ = elsewhere.Close() }()
		other, err := workorder.New(elsewhere.URL, elsewhere.AnonKey)
		require.NoError(t, err)
		mallory, err := newUser(t.Context(), other)
		require.NoError(t, err)
		parts := strings.Split(token, ".")
		for name, bad := range map[string]string{
			"none":                 "",
			"garbage":              "garbage",
			"expired":              expired,
			"of another project":   mallory.token(t),
			"of another secret":    s.signed(ada, time.Minute, strings.Repeat("x", 40), issuer),
			"of another issuer":    s.signed(ada, time.Minute, s.stack.JWTSecret, "https://xyz.supabase.co/auth/v1"),
			"without a signature":  parts[0] + "." + parts[1] + ".",
			"changed":              parts[0] + "." + parts[1] + "A." + parts[2],
			"an API key":           s.stack.AnonKey,
			"the service-role key": s.stack.ServiceRoleKey,
		} {
			for _, path := range []string{"/me", "/work-orders"} {
				r := s.do(bad, "GET", path, "")
				require.Equal(t, http.StatusUnauthorized, r.status, name)
				require.Equal(t, "unauthenticated", r.Kind, name)
				require.Equal(t, "application/problem+json", r.header.Get("Content-Type"))
				require.NotEmpty(t, r.header.Get("WWW-Authenticate"))
				if len(bad) > 20 {
					require.NotContains(t, r.text+s.log.String(), bad)
				}
			}
		}
		require.Contains(t, s.log.String(), "token_expired", "the log says why")
	})

	t.Run("work orders come in pages", func(t *testing.T) {
		titles := map[string]bool{}
		for i := range 5 {
			title := fmt.Sprint("Pump ", i)
			r := s.do(token, "POST", "/work-orders", `{"title":"`+title+`","priority":"high"}`)
			require.Equal(t, http.StatusCreated, r.status, r.text)
			require.Equal(t, "/work-orders/"+r.ID, r.header.Get("Location"))
			require.Equal(t, title, s.do(token, "GET", r.header.Get("Location"), "").Title)
			titles[title] = true
		}
		seen, pages, next := map[string]bool{}, 0, ""
		for {
			r := s.do(token, "GET", "/work-orders?limit=2&cursor="+next, "")
			require.Equal(t, http.StatusOK, r.status, r.text)
			require.LessOrEqual(t, len(r.Items), 2)
			for _, wo := range r.Items {
				require.False(t, seen[wo.Title], "twice")
				seen[wo.Title] = true
			}
			pages++
			if next = r.Next; next == "" {
				break
			}
		}
		require.Equal(t, titles, seen)
		require.Equal(t, 3, pages)
		require.Empty(t, s.do(token, "GET", "/work-orders?status=completed", "").Items)
	})

	t.Run("a repeated request makes one work order", func(t *testing.T) {
		once := s.do(token, "POST", "/work-orders", `{"title":"Once"}`, "Idempotency-Key", "k-1")
		again := s.do(token, "POST", "/work-orders", `{"title":"Once"}`, "Idempotency-Key", "k-1")
		require.Equal(t, http.StatusCreated, again.status, again.text)
		require.Equal(t, once.ID, again.ID)
	})

	t.Run("errors of the platform get their status", func(t *testing.T) {
		id := s.do(token, "POST", "/work-orders", `{"title":"Belt"}`).ID
		moved := s.do(token, "POST", "/work-orders/"+id+"/transition", `{"to":"in_progress"}`)
		require.Equal(t, http.StatusOK, moved.status, moved.text)
		require.Equal(t, "in_progress", moved.Status)
		requestor, nobody := s.member(ada, "requestor").token(t), func() string {
			p, err := newUser(t.Context(), s.base)
			require.NoError(t, err)
			return p.token(t)
		}()
		stranger := s.admin().token(t)
		unknown := "/work-orders/00000000-0000-4000-8000-000000000000"
		for name, tc := range map[string]struct {
			token, method, path, body string
			status                    int
			kind                      string
		}{
			"no such move":             {token, "POST", "/work-orders/" + id + "/transition", `{"to":"draft"}`, 422, "invalid_reference"},
			"no such status":           {token, "POST", "/work-orders/" + id + "/transition", `{"to":"dancing"}`, 422, "invalid_reference"},
			"no status":                {token, "POST", "/work-orders/" + id + "/transition", `{}`, 400, "invalid_input"},
			"no such work order":       {token, "GET", unknown, "", 404, "not_found"},
			"an id that is none":       {token, "GET", "/work-orders/7", "", 400, "invalid_input"},
			"somebody else's":          {stranger, "GET", "/work-orders/" + id, "", 404, "not_found"},
			"a stranger moves it":      {stranger, "POST", "/work-orders/" + id + "/transition", `{"to":"completed"}`, 422, "rule_violation"},
			"a requestor creates":      {requestor, "POST", "/work-orders", `{"title":"x"}`, 403, "permission_denied"},
			"a requestor lists":        {requestor, "GET", "/work-orders", "", 200, ""},
			"no tenant":                {nobody, "GET", "/work-orders", "", 400, "no_tenant"},
			"no priority of theirs":    {token, "POST", "/work-orders", `{"title":"x","priority":"purple"}`, 422, "invalid_reference"},
			"no title":                 {token, "POST", "/work-orders", `{}`, 400, "invalid_input"},
			"no JSON":                  {token, "POST", "/work-orders", `{`, 400, "invalid_input"},
			"an unknown field":         {token, "POST", "/work-orders", `{"title":"x","tenantId":"y"}`, 400, "invalid_input"},
			"two values":               {token, "POST", "/work-orders", `{"title":"x"}{}`, 400, "invalid_input"},
			"a large body":             {token, "POST", "/work-orders", `{"title":"` + strings.Repeat("x", 70_000) + `"}`, 413, "invalid_input"},
			"a limit that is none":     {token, "GET", "/work-orders?limit=all", "", 400, "invalid_input"},
			"a cursor that is none":    {token, "GET", "/work-orders?cursor=xyz", "", 400, "invalid_input"},
			"a method that is none":    {token, "PUT", "/work-orders", "", 405, ""},
			"an address that is none":  {token, "GET", "/plants", "", 404, ""},
			"another user's key sends": {stranger, "POST", "/work-orders", `{"title":"theirs"}`, 201, ""},
		} {
			t.Run(name, func(t *testing.T) {
				r := s.do(tc.token, tc.method, tc.path, tc.body)
				require.Equal(t, tc.status, r.status, r.text)
				require.Equal(t, tc.kind, r.Kind, r.text)
				for _, inside := range []string{"rpc_", "v_work_orders", "WorkOrders.", s.stack.URL} {
					require.NotContains(t, r.text, inside)
				}
			})
		}
		require.Equal(t, "Title is required", s.do(token, "POST", "/work-orders", `{}`).Detail)
	})

	t.Run("the project rotates its key", func(t *testing.T) {
		_, err := s.stack.RotateSigningKey()
		require.NoError(t, err)
		renewed, err := ada.session.Refresh(t.Context())
		require.NoError(t, err)
		for _, token := range []string{token, renewed.Value} {
			require.Equal(t, http.StatusOK, s.do(token, "GET", "/work-orders", "").status)
		}
	})

	t.Run("the platform is away", func(t *testing.T) {
		require.NoError(t, s.stack.Close())
		require.Equal(t, http.StatusNoContent, s.do("", "GET", "/healthz", "").status)
		require.Equal(t, http.StatusServiceUnavailable, s.do("", "GET", "/readyz", "").status)
		require.Equal(t, http.StatusOK, s.do(token, "GET", "/me", "").status, "who calls is still known")
		r := s.do(token, "GET", "/work-orders", "")
		require.Equal(t, http.StatusServiceUnavailable, r.status, r.text)
		require.Equal(t, "unavailable", r.Kind)
	})
}

// Requests of many users at the same time never see each other's work.
func TestUsersAreNotMixedUp(t *testing.T) {
	s := newService(t)
	users := make([]*person, 6)
	for i := range users {
		if i%2 == 1 { // two of each tenant
			users[i] = s.member(users[i-1], "manager")
		} else {
			users[i] = s.admin()
		}
	}
	var all sync.WaitGroup
	for _, u := range users {
		token := u.token(t)
		for worker := range 3 {
			all.Go(func() {
				for i := range 5 {
					title := fmt.Sprintf("%s of worker %d, number %d", u.id, worker, i)
					made, err := s.send(token, "POST", "/work-orders", `{"title":"`+title+`"}`)
					if err != nil || made.status != http.StatusCreated || made.Title != title {
						t.Errorf("made %d %s, %v", made.status, made.text, err)
						return
					}
					who, err := s.send(token, "GET", "/me", "")
					if err != nil || who.UserID != u.id || who.Tenant != u.tenant {
						t.Errorf("%s in %s is taken for %s, %v", u.id, u.tenant, who.text, err)
					}
					list, err := s.send(token, "GET", "/work-orders?limit=200", "")
					if err != nil || list.status != http.StatusOK || len(list.Items) <= i {
						t.Errorf("list %d %s, %v", list.status, list.text, err)
					}
					for _, wo := range list.Items {
						if !strings.HasPrefix(wo.Title, u.id) {
							t.Errorf("%s sees %q", u.id, wo.Title)
						}
					}
				}
			})
		}
	}
	all.Wait()
	for _, u := range users {
		require.Len(t, s.do(u.token(t), "GET", "/work-orders?limit=200", "").Items, 15)
	}
}

// A request that is under way when the service is told to stop is answered.
func TestServiceStopsGracefully(t *testing.T) {
	begun, leave := make(chan struct{}), make(chan struct{})
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-leave
		_, _ = w.Write([]byte(`{"name":"GoTrue"}`))
	}))
	defer platform.Close()
	client, err := workorder.New(platform.URL, "anon-key")
	require.NoError(t, err)
	verifier, err := workorder.NewVerifier(client, workorder.VerifierOptions{})
	require.NoError(t, err)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	log := slog.New(slog.DiscardHandler)
	go func() { stopped <- serve(ctx, log, listener, newServer(client, verifier, log).routes()) }()

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String()+"/readyz", http.NoBody)
	require.NoError(t, err)
	status := make(chan int, 1)
	go func() {
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			status <- 0
			return
		}
		_ = res.Body.Close()
		status <- res.StatusCode
	}()
	<-begun
	stop()
	close(leave)
	require.Equal(t, http.StatusNoContent, <-status)
	require.NoError(t, <-stopped)
}

func TestServiceNeedsItsSettings(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	t.Setenv("SUPABASE_URL", "")
	t.Setenv("SUPABASE_ANON_KEY", "")
	require.ErrorContains(t, runService(t.Context(), log), "SUPABASE_URL")
	t.Setenv("SUPABASE_URL", "https://abc.supabase.co")
	t.Setenv("SUPABASE_ANON_KEY", "sb_publishable_x")
	t.Setenv("SUPABASE_JWT_SECRET", "hunter2")
	err := runService(t.Context(), log)
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	require.NotContains(t, err.Error(), "hunter2")
}

// The demo says how to call it, and that works.
func TestDemo(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out, log lines
	done := make(chan error, 1)
	go func() { done <- runDemo(ctx, slog.New(slog.NewTextHandler(&log, nil)), &out) }()
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "listening") }, 2*time.Minute, 50*time.Millisecond)
	text := out.String()
	first, _, _ := strings.Cut(text, "\n")
	token := strings.TrimPrefix(first, "TOKEN=")
	s := &service{t: t, url: text[strings.LastIndex(text, "http://"):strings.LastIndex(text, "/work-orders")]}
	require.Equal(t, http.StatusCreated, s.do(token, "POST", "/work-orders", `{"title":"Oil leak"}`).status)
	r := s.do(token, "GET", "/work-orders", "")
	require.Len(t, r.Items, 1)
	stop()
	require.NoError(t, <-done)
}
