package auth_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/auth"
	"github.com/workorder-systems/sdk-go/devstack/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

const (
	jwtSecret = "super-secret-jwt-token-with-at-least-32-characters-long"
	password  = "correct horse"
)

// clock is a time that only tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// service is an Auth service on a database of its own.
type service struct {
	url   string
	pool  *pgxpool.Pool
	clock *clock
	idp   string // the identity provider, of withProviders
}

func newService(t *testing.T, configure ...func(*auth.Config)) *service {
	t.Helper()
	bootstrap, err := os.ReadFile("../bootstrap.sql")
	require.NoError(t, err)
	cfg, err := pgxpool.ParseConfig(pgtest.Database(t, string(bootstrap), auth.SchemaSQL))
	require.NoError(t, err)
	cfg.MaxConns = 8
	cfg.ConnConfig.RuntimeParams["role"] = "supabase_auth_admin" // no more rights than a deployment gives
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)

	s := &service{pool: pool, clock: &clock{now: time.Now().Truncate(time.Second)}}
	config := auth.Config{Pool: pool, JWTSecret: []byte(jwtSecret), Issuer: "http://localhost/auth/v1", Now: s.clock.Now}
	for _, f := range configure {
		f(&config)
	}
	h, err := auth.New(config)
	require.NoError(t, err)
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// exec runs SQL as the superuser.
func (s *service) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	conn, err := s.pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	_, err = conn.Exec(t.Context(), `set role none`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `set role supabase_auth_admin`)
	require.NoError(t, err)
}

// answer is a response whose body has been read.
type answer struct {
	Status int
	Header http.Header
	Body   map[string]any
}

func (a answer) str(key string) string {
	v, _ := a.Body[key].(string)
	return v
}

// code is the error code of the default error shape.
func (a answer) code() string { return a.str("error_code") }

func (a answer) user() map[string]any {
	if u, ok := a.Body["user"].(map[string]any); ok {
		return u
	}
	return a.Body
}

func (a answer) userID() string {
	id, _ := a.user()["id"].(string)
	return id
}

func (a answer) metadata() map[string]any {
	m, _ := a.user()["user_metadata"].(map[string]any)
	return m
}

// do sends body, which is nil, a string to send as it is, or a value.
func (s *service) do(t testing.TB, method, path, token string, body any, headers ...string) answer {
	t.Helper()
	a, err := s.send(t, method, path, token, body, headers...)
	require.NoError(t, err)
	return a
}

// send is do for goroutines, which must not fail the test themselves.
func (s *service) send(t testing.TB, method, path, token string, body any, headers ...string) (answer, error) {
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = bytes.NewReader([]byte(b))
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return answer{}, err
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, reader)
	if err != nil {
		return answer{}, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{Status: resp.StatusCode, Header: resp.Header}
	raw, err := io.ReadAll(resp.Body)
	if err == nil && len(raw) > 0 && resp.Header.Get("Content-Type") == "application/json" {
		err = json.Unmarshal(raw, &a.Body)
	}
	return a, err
}

func (s *service) signUp(t *testing.T, email string, data ...map[string]any) answer {
	t.Helper()
	body := map[string]any{"email": email, "password": password}
	if len(data) > 0 {
		body["data"] = data[0]
	}
	a := s.do(t, "POST", "/signup", "", body)
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	return a
}

func (s *service) signIn(t *testing.T, email, password string) answer {
	t.Helper()
	return s.do(t, "POST", "/token?grant_type=password", "", map[string]any{"email": email, "password": password})
}

func (s *service) refresh(t *testing.T, token string) answer {
	t.Helper()
	return s.do(t, "POST", "/token?grant_type=refresh_token", "", map[string]any{"refresh_token": token})
}

// sign makes a token with the service's secret.
func (s *service) sign(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(jwtSecret))
	require.NoError(t, err)
	return token
}

func (s *service) adminToken(t *testing.T) string {
	t.Helper()
	return s.sign(t, jwt.MapClaims{"role": "service_role", "exp": s.clock.Now().Add(time.Hour).Unix()})
}

// claimsOf verifies an access token and returns its claims.
func (s *service) claimsOf(t *testing.T, token string) jwt.MapClaims {
	t.Helper()
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return []byte(jwtSecret), nil },
		jwt.WithTimeFunc(s.clock.Now))
	require.NoError(t, err)
	return claims
}

func TestNewRequiresPoolAndSecret(t *testing.T) {
	_, err := auth.New(auth.Config{JWTSecret: []byte("x")})
	require.ErrorContains(t, err, "Pool")
	_, err = auth.New(auth.Config{Pool: &pgxpool.Pool{}})
	require.ErrorContains(t, err, "JWTSecret")
}

func TestPublicEndpoints(t *testing.T) {
	s := newService(t)

	require.Equal(t, "GoTrue", s.do(t, "GET", "/health", "", nil).str("name"))
	require.Equal(t, map[string]any{"keys": []any{}}, s.do(t, "GET", "/.well-known/jwks.json", "", nil).Body)

	settings := s.do(t, "GET", "/settings", "", nil)
	require.Equal(t, true, settings.Body["mailer_autoconfirm"])
	require.Equal(t, false, settings.Body["disable_signup"])
	external := settings.Body["external"].(map[string]any)
	require.Equal(t, true, external["email"])
	require.Equal(t, false, external["anonymous_users"])

	require.Equal(t, http.StatusNotFound, s.do(t, "POST", "/nothing", "", nil).Status)
	wrongMethod := s.do(t, "DELETE", "/user", "", nil)
	require.Equal(t, http.StatusMethodNotAllowed, wrongMethod.Status)
	require.Empty(t, wrongMethod.Header.Get("Content-Type"))
	require.Equal(t, "0", wrongMethod.Header.Get("Content-Length"))
}

func TestWhatIsOff(t *testing.T) {
	s := newService(t)
	token := s.signUp(t, "a@example.com").str("access_token")
	for _, c := range []struct {
		method, path string
		body         any
		status       int
		code         string
	}{
		{"GET", "/authorize?provider=google", nil, 400, "validation_failed"},
		{"GET", "/user/identities/authorize?provider=google", nil, 404, "manual_linking_disabled"},
		{"POST", "/sso", `{"domain":"example.com"}`, 404, "saml_provider_disabled"},
		{"POST", "/verify", `{}`, 400, "validation_failed"},
		{"POST", "/verify", `{"type":"email","email":"a@example.com","token":"000000"}`, 403, "otp_expired"},
		{"POST", "/token?grant_type=pkce", `{}`, 400, "validation_failed"},
		{"POST", "/token?grant_type=pkce", `{"auth_code":"x","code_verifier":"y"}`, 404, "flow_state_not_found"},
		{"POST", "/token?grant_type=id_token", `{"id_token":"x","provider":"google"}`, 400, "provider_disabled"},
	} {
		a := s.do(t, c.method, c.path, token, c.body)
		require.Equal(t, c.status, a.Status, "%s %s", c.method, c.path)
		require.Equal(t, c.code, a.code(), "%s %s", c.method, c.path)
	}
}

func TestErrorShapes(t *testing.T) {
	s := newService(t)
	weak := map[string]any{"email": "a@example.com", "password": "short"}

	old := s.do(t, "POST", "/signup", "", weak)
	require.Equal(t, http.StatusUnprocessableEntity, old.Status)
	require.Equal(t, "weak_password", old.Header.Get("x-sb-error-code"))
	require.Equal(t, map[string]any{
		"code": 422.0, "error_code": "weak_password", "msg": "Password should be at least 6 characters.",
		"weak_password": map[string]any{"reasons": []any{"length"}},
	}, old.Body)

	for _, version := range []string{"2024-01-01", "2025-06-30"} {
		dated := s.do(t, "POST", "/signup", "", weak, "X-Supabase-Api-Version", version)
		require.Equal(t, "weak_password", dated.Header.Get("x-sb-error-code"))
		require.Equal(t, "2024-01-01", dated.Header.Get("X-Supabase-Api-Version"))
		require.Equal(t, map[string]any{
			"code": "weak_password", "message": "Password should be at least 6 characters.",
			"weak_password": map[string]any{"reasons": []any{"length"}},
		}, dated.Body)
	}
	for _, version := range []string{"2023-12-31", "latest"} {
		require.Equal(t, old.Body, s.do(t, "POST", "/signup", "", weak, "X-Supabase-Api-Version", version).Body)
	}

	oauth := s.do(t, "POST", "/token?grant_type=id_token", "", `{}`)
	require.Equal(t, http.StatusBadRequest, oauth.Status)
	require.Equal(t, map[string]any{"error": "invalid request", "error_description": "id_token required"}, oauth.Body)
}

func TestRateLimits(t *testing.T) {
	s := newService(t, func(c *auth.Config) { c.RateLimits = auth.RateLimits{SignInUp: 2, Refresh: 1} })
	a := s.signUp(t, "a@example.com")
	require.Equal(t, http.StatusOK, s.signIn(t, "a@example.com", password).Status)

	limited := s.signIn(t, "a@example.com", password)
	require.Equal(t, http.StatusTooManyRequests, limited.Status)
	require.Equal(t, "over_request_rate_limit", limited.code())

	require.Equal(t, http.StatusOK, s.refresh(t, a.str("refresh_token")).Status, "refreshes are counted apart")
	require.Equal(t, http.StatusTooManyRequests, s.refresh(t, a.str("refresh_token")).Status)

	s.clock.Advance(5 * time.Minute)
	require.Equal(t, http.StatusOK, s.signIn(t, "a@example.com", password).Status)
}

func TestSchemaFunctionsReadTheCallersClaims(t *testing.T) {
	s := newService(t)
	const id = "7f5c2a9e-3a0e-4a57-9a5e-0d8d2f6f1c11"
	for name, settings := range map[string]map[string]string{
		"one object": {"request.jwt.claims": `{"sub":"` + id + `","role":"authenticated","email":"a@example.com"}`},
		"per claim":  {"request.jwt.claim.sub": id, "request.jwt.claim.role": "authenticated", "request.jwt.claim.email": "a@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, role := range []string{"anon", "authenticated", "service_role"} {
				tx, err := s.pool.Begin(t.Context())
				require.NoError(t, err)
				_, err = tx.Exec(t.Context(), `set local role `+role)
				require.NoError(t, err)
				for k, v := range settings {
					_, err := tx.Exec(t.Context(), `select set_config($1, $2, true)`, k, v)
					require.NoError(t, err)
				}
				var uid, callerRole, email string
				require.NoError(t, tx.QueryRow(t.Context(), `select auth.uid()::text, auth.role(), auth.email()`).
					Scan(&uid, &callerRole, &email))
				require.Equal(t, []string{id, "authenticated", "a@example.com"}, []string{uid, callerRole, email})

				_, err = tx.Exec(t.Context(), `select from auth.users`)
				require.ErrorContains(t, err, "permission denied")
				require.NoError(t, tx.Rollback(t.Context()))
			}
		})
	}

	var none bool
	err := s.pool.QueryRow(t.Context(), `select auth.uid() is null and auth.role() is null and auth.email() is null and auth.jwt() is null`).Scan(&none)
	require.NoError(t, err)
	require.True(t, none, "no claims, no caller")
}
