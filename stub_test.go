package workorder

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/api"
)

// platform is a small stand-in for Auth and the tenant functions: refresh
// tokens rotate, the tenant is stored per user and enters the token on refresh.
type platform struct {
	*httptest.Server
	t testing.TB

	mu       sync.Mutex
	now      time.Time
	life     time.Duration
	serial   int
	sessions map[string]*chain // by refresh token, used ones included
	current  map[string]string // stored tenant by user
	members  map[string]bool   // of tenants; nil: everyone of all
	rejected map[string]bool   // access tokens answered with PGRST303
	count    map[string]int    // requests by kind
	log      []string          // kinds in order
	hook     func(kind string, w http.ResponseWriter, r *http.Request) bool
	bodies   map[string]string // last body by kind
	headers  map[string]http.Header
	flip     string // stored before every refresh, as another program would
}

// chain is one Auth session.
type chain struct {
	user          string
	active, prior string
	revoked       bool
}

const testPassword = "correct-horse-battery"

func newPlatform(t testing.TB) *platform {
	t.Helper()
	p := &platform{
		t: t, now: time.Now().Truncate(time.Second), life: time.Hour,
		sessions: map[string]*chain{}, current: map[string]string{},
		rejected: map[string]bool{}, count: map[string]int{}, bodies: map[string]string{}, headers: map[string]http.Header{},
	}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

func (p *platform) client(opts ...Option) *Client {
	opts = append([]Option{WithRetry(RetryPolicy{MaxAttempts: 1})}, opts...)
	c, err := New(p.URL, "anon-key-0123456789", opts...)
	require.NoError(p.t, err)
	return c
}

// signIn makes a client with a session whose clock is the platform's.
func (p *platform) signIn(opts ...SessionOption) (*Client, *Session) {
	c := p.client()
	s, err := c.Auth.SignInWithPassword(p.t.Context(), "u1@example.com", testPassword, append([]SessionOption{p.clock()}, opts...)...)
	require.NoError(p.t, err)
	return c.WithSession(s), s
}

func (p *platform) clock() SessionOption {
	return WithClock(p.time)
}

func (p *platform) time() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *platform) advance(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

func (p *platform) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *platform) counted(kind string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count[kind]
}

func (p *platform) steps() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.log, " ")
}

func (p *platform) forgetLog() { p.set(func() { p.log, p.count = nil, map[string]int{} }) }

// kind names a request.
func kind(r *http.Request) string {
	switch path := r.URL.Path; {
	case path == "/auth/v1/token":
		return r.URL.Query().Get("grant_type")
	case strings.HasPrefix(path, "/auth/v1/"):
		return strings.TrimPrefix(path, "/auth/v1/")
	default:
		return path[strings.LastIndex(path, "/")+1:]
	}
}

func (p *platform) serve(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	k := kind(r)
	p.mu.Lock()
	p.count[k]++
	p.log = append(p.log, k)
	p.bodies[k], p.headers[k] = string(raw), r.Header
	hook := p.hook
	p.mu.Unlock()
	if hook != nil && hook(k, w, r) {
		return
	}
	var body map[string]any
	_ = json.Unmarshal(raw, &body)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch k {
	case "password":
		if body["password"] != testPassword {
			authError(w, 400, "invalid_credentials", "Invalid login credentials")
			return
		}
		user, _, _ := strings.Cut(fmt.Sprint(body["email"]), "@")
		p.grant(w, &chain{user: user})
	case "signup":
		user, _, _ := strings.Cut(fmt.Sprint(body["email"]), "@")
		p.grant(w, &chain{user: user})
	case "refresh_token":
		used := fmt.Sprint(body["refresh_token"])
		c := p.sessions[used]
		switch {
		case c == nil:
			authError(w, 400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
		case c.revoked || used != c.active && used != c.prior:
			c.revoked = true
			authError(w, 400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")
		default:
			if p.flip != "" {
				p.current[c.user] = p.flip
			}
			if used == c.prior {
				p.answer(w, c) // the token before the newest yields the newest
				return
			}
			p.grant(w, c)
		}
	case "rpc_set_tenant_context", "rpc_clear_tenant_context":
		user, ok := p.caller(w, r)
		if !ok {
			return
		}
		tenant, _ := body["p_tenant_id"].(string)
		if k == "rpc_set_tenant_context" && p.members != nil && !p.members[tenant] {
			restError(w, 403, "42501", "not a member of the tenant")
			return
		}
		p.current[user] = tenant
		w.WriteHeader(http.StatusNoContent)
	case "logout":
		if _, ok := p.caller(w, r); ok {
			for _, c := range p.sessions {
				c.revoked = true
			}
			w.WriteHeader(http.StatusNoContent)
		}
	case "user":
		if user, ok := p.caller(w, r); ok {
			writeJSON(w, 200, map[string]any{"id": user, "email": user + "@example.com"})
		}
	case "v_tenants": // answers with the tenant of the token
		if _, ok := p.caller(w, r); ok {
			writeJSON(w, 200, p.claims(r)["tenant_id"])
		}
	default:
		p.t.Errorf("unexpected request %s %s", r.Method, r.URL)
		w.WriteHeader(http.StatusNotImplemented)
	}
}

// grant rotates the refresh token and answers.
func (p *platform) grant(w http.ResponseWriter, c *chain) {
	c.prior, c.active = c.active, fmt.Sprintf("refresh-%06d", p.serial+1)
	p.sessions[c.active] = c
	p.answer(w, c)
}

// answer gives tokens. The hook of the platform adds the stored tenant.
func (p *platform) answer(w http.ResponseWriter, c *chain) {
	p.serial++
	claims := map[string]any{
		"sub": c.user, "role": "authenticated", "jti": p.serial,
		"iat": p.now.Unix(), "exp": p.now.Add(p.life).Unix(),
	}
	if t := p.current[c.user]; t != "" {
		claims["tenant_id"] = t
	}
	writeJSON(w, 200, map[string]any{
		"access_token": testJWT(claims), "token_type": "bearer", "expires_in": int(p.life.Seconds()),
		"expires_at": p.now.Add(p.life).Unix(), "refresh_token": c.active,
		"user": map[string]any{"id": c.user, "email": c.user + "@example.com", "is_anonymous": false},
	})
}

func (p *platform) claims(r *http.Request) map[string]any {
	parts := strings.Split(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), ".")
	if len(parts) != 3 {
		return nil
	}
	raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var claims map[string]any
	_ = json.Unmarshal(raw, &claims)
	return claims
}

// caller checks the access token as PostgREST does.
func (p *platform) caller(w http.ResponseWriter, r *http.Request) (string, bool) {
	claims := p.claims(r)
	if claims == nil {
		restError(w, 401, "PGRST301", "no JWT")
		return "", false
	}
	exp, _ := claims["exp"].(float64)
	if p.rejected[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")] || float64(p.now.Unix()) >= exp {
		restError(w, 401, "PGRST303", "JWT expired")
		return "", false
	}
	return fmt.Sprint(claims["sub"]), true
}

func authError(w http.ResponseWriter, status int, code, msg string) {
	writeJSON(w, status, map[string]any{"code": status, "error_code": code, "msg": msg})
}

func restError(w http.ResponseWriter, status int, code, msg string) {
	writeJSON(w, status, map[string]any{"code": code, "message": msg, "details": nil, "hint": nil})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func testJWT(claims map[string]any) string {
	part := func(v any) string {
		b, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	return part(map[string]string{"alg": "HS256", "typ": "JWT"}) + "." + part(claims) + ".c2lnbmF0dXJl"
}

// tenantOf reads a view and returns the tenant whose rows it would show.
func tenantOf(t testing.TB, c *Client) (string, error) { return tenantIn(t.Context(), c) }

func tenantIn(ctx context.Context, c *Client) (string, error) {
	resp, err := c.conn.Do(ctx, &api.Request{Op: "Tenants.List", Method: "GET", Path: "/rest/v1/v_tenants", Safe: true})
	if err != nil {
		return "", err
	}
	var tenant *string
	if err := json.Unmarshal(resp.Body, &tenant); err != nil {
		return "", err
	}
	if tenant == nil {
		return "", nil
	}
	return *tenant, nil
}

func wantTenant(t testing.TB, want string, c *Client) {
	t.Helper()
	got, err := tenantOf(t, c)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// memoryStore is a SessionStore that can fail.
type memoryStore struct {
	mu    sync.Mutex
	token string
	fail  error
	saves []string
}

func (m *memoryStore) Load(context.Context) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token, m.fail
}

func (m *memoryStore) Save(_ context.Context, token string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.token = token
	m.saves = append(m.saves, token)
	return nil
}

func (m *memoryStore) failWith(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

func (m *memoryStore) stored() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token
}
