package devstack

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// testGateway answers with what the service behind it saw.
func testGateway() *gateway {
	echo := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, name+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization"))
		})
	}
	return &gateway{
		keys:     []string{"anon", "service"},
		rest:     echo("rest"),
		auth:     echo("auth"),
		provider: echo("provider"),
		storage:  echo("storage"),
		healthy:  func(context.Context) error { return nil },
		log:      slog.New(slog.DiscardHandler),
	}
}

func TestGatewayRoutes(t *testing.T) {
	g := testGateway()
	const (
		noKey  = "{\"hint\":\"No `apikey` request header or url param was found.\",\"message\":\"No API key found in request\"}"
		badKey = "{\"hint\":\"Double check your Supabase `anon` or `service_role` API key.\",\"message\":\"Invalid API key\"}"
	)
	for _, tc := range []struct {
		name, target, key, bearer string
		status                    int
		body                      string
	}{
		{"rest", "/rest/v1/v_assets?select=id&name=eq.a", "anon", "Bearer jwt", 200, "rest /v_assets?select=id&name=eq.a Bearer jwt"},
		{"rest root", "/rest/v1/", "anon", "Bearer jwt", 200, "rest / Bearer jwt"},
		{"rest without slash", "/rest/v1", "anon", "Bearer jwt", 200, "rest / Bearer jwt"},
		{"escaped path", "/rest/v1/a%2Fb", "anon", "Bearer jwt", 200, "rest /a%2Fb Bearer jwt"},
		{"the key stands for a token", "/rest/v1/x", "service", "", 200, "rest /x Bearer service"},
		{"auth", "/auth/v1/token?grant_type=password", "anon", "", 200, "auth /token?grant_type=password Bearer anon"},
		{"key in the query", "/rest/v1/x?b=1&apikey=anon&a=%28", "", "Bearer jwt", 200, "rest /x?b=1&a=%28 Bearer jwt"},
		{"key in both", "/rest/v1/x?apikey=wrong", "anon", "Bearer jwt", 200, "rest /x Bearer jwt"},
		{"no key", "/rest/v1/x", "", "Bearer jwt", 401, noKey},
		{"no key for auth", "/auth/v1/user", "", "Bearer jwt", 401, noKey},
		{"unknown key", "/rest/v1/x", "nope", "Bearer jwt", 401, badKey},
		{"provider", "/provider/google/authorize?state=a%20b", "", "", 200, "provider /google/authorize?state=a%20b "},
		{"open path", "/auth/v1/.well-known/jwks.json", "", "", 200, "auth /.well-known/jwks.json "},
		{"storage without a key", "/storage/v1/object/sign/b/a%20b?token=t", "", "", 200, "storage /object/sign/b/a%20b?token=t "},
		{"storage", "/storage/v1/object/b/a", "anon", "Bearer jwt", 200, "storage /object/b/a Bearer jwt"},
		{"the key stands for a token of storage", "/storage/v1/object/b/a", "anon", "", 200, "storage /object/b/a Bearer anon"},
		{"an unknown key stands for nothing", "/storage/v1/object/b/a", "nope", "", 200, "storage /object/b/a "},
		{"health", "/health", "", "", 200, `{"message":"ok"}`},
		{"unknown service", "/realtime/v1/x", "anon", "", 404, `{"message":"no Route matched with those values"}`},
		{"only a prefix", "/rest/v10", "anon", "", 404, `{"message":"no Route matched with those values"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, tc.target, http.NoBody)
			if tc.key != "" {
				r.Header.Set("apikey", tc.key)
			}
			if tc.bearer != "" {
				r.Header.Set("Authorization", tc.bearer)
			}
			w := httptest.NewRecorder()
			g.ServeHTTP(w, r)
			require.Equal(t, tc.status, w.Code)
			require.Equal(t, tc.body, strings.TrimSuffix(w.Body.String(), "\n"))
			require.Equal(t, "*", w.Header().Get("Access-Control-Allow-Origin"))
		})
	}
}

func TestGatewayAnswersPreflightWithoutAKey(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/rest/v1/x", http.NoBody)
	r.Header.Set("Origin", "http://localhost:3000")
	r.Header.Set("Access-Control-Request-Method", "PATCH")
	r.Header.Set("Access-Control-Request-Headers", "apikey,prefer")
	w := httptest.NewRecorder()
	testGateway().ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	auth := httptest.NewRecorder()
	r2 := r.Clone(t.Context())
	r2.URL.Path = "/auth/v1/signup"
	testGateway().ServeHTTP(auth, r2)
	require.Equal(t, http.StatusNoContent, auth.Code)
	require.Contains(t, w.Header().Get("Access-Control-Allow-Methods"), "PATCH")
	require.Equal(t, "apikey,prefer", w.Header().Get("Access-Control-Allow-Headers"))
	require.Empty(t, w.Body.String())
}

func TestGatewayHealthWithoutDatabase(t *testing.T) {
	g := testGateway()
	g.healthy = func(context.Context) error { return errors.New("gone") }
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/health", http.NoBody))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
}

func TestAPIKey(t *testing.T) {
	key, err := apiKey(DefaultJWTSecret, "service_role")
	require.NoError(t, err)
	claims := jwt.MapClaims{}
	_, err = jwt.ParseWithClaims(key, claims, func(*jwt.Token) (any, error) { return []byte(DefaultJWTSecret), nil })
	require.NoError(t, err)
	require.Equal(t, jwt.MapClaims{"iss": "supabase-demo", "role": "service_role", "exp": float64(keyExpiry)}, claims)

	again, err := apiKey(DefaultJWTSecret, "service_role")
	require.NoError(t, err)
	require.Equal(t, key, again, "stable from start to start")
}
