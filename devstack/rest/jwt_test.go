package rest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

func TestTokens(t *testing.T) {
	a := newAPI(t, func(c *Config, _ *pgxpool.Config) { c.Audience = "authenticated" })
	now := time.Now()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	with := func(extra jwt.MapClaims) string {
		claims := jwt.MapClaims{"role": "authenticated", "sub": alice}
		for k, v := range extra {
			claims[k] = v
		}
		return sign(t, claims)
	}
	good := with(nil)
	parts := strings.Split(good, ".")
	forge := func(header, payload string) string {
		enc := base64.RawURLEncoding.EncodeToString
		return enc([]byte(header)) + "." + enc([]byte(payload)) + "." + parts[2]
	}
	other, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"role": "service_role"}).SignedString([]byte("another secret of another server!"))
	require.NoError(t, err)
	hs512, err := jwt.NewWithClaims(jwt.SigningMethodHS512, jwt.MapClaims{"role": "authenticated"}).SignedString(secret)
	require.NoError(t, err)
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"role": "service_role"}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	require.NoError(t, err)

	for _, tc := range []struct {
		name, token, code, message string
		status                     int
	}{
		{"good", good, "", "", 200},
		{"unexpired", with(jwt.MapClaims{"exp": at(time.Hour), "nbf": at(-time.Hour), "iat": at(-time.Hour)}), "", "", 200},
		{"clocks apart", with(jwt.MapClaims{"exp": at(-20 * time.Second), "iat": at(20 * time.Second)}), "", "", 200},
		{"audience", with(jwt.MapClaims{"aud": "authenticated"}), "", "", 200},
		{"one of the audiences", with(jwt.MapClaims{"aud": []string{"x", "authenticated"}}), "", "", 200},
		{"expired", with(jwt.MapClaims{"exp": at(-time.Minute)}), "PGRST303", "JWT expired", 401},
		{"not yet", with(jwt.MapClaims{"nbf": at(time.Minute)}), "PGRST303", "JWT not yet valid", 401},
		{"future", with(jwt.MapClaims{"iat": at(time.Minute)}), "PGRST303", "JWT issued at future", 401},
		{"other audience", with(jwt.MapClaims{"aud": "x"}), "PGRST303", "JWT not in audience", 401},
		{"odd audience", with(jwt.MapClaims{"aud": 5}), "PGRST303", "The JWT 'aud' claim must be a string or an array of strings", 401},
		{"odd expiry", with(jwt.MapClaims{"exp": "soon"}), "PGRST303", "The JWT 'exp' claim must be a number", 401},
		{"two parts", "a.b", "PGRST301", "Expected 3 parts in JWT; got 2", 401},
		{"garbage", "a.b.c", "PGRST301", "JWT cryptographic operation failed", 401},
		{"wrong secret", other, "PGRST301", "No suitable key or wrong key type", 401},
		{"tampered", forge(`{"alg":"HS256","typ":"JWT"}`, `{"role":"service_role"}`), "PGRST301", "No suitable key or wrong key type", 401},
		{"claims of another kind", signed(t, `["role"]`), "PGRST303", "Parsing claims failed", 401},
		{"claims that are no JSON", signed(t, `role`), "PGRST303", "Parsing claims failed", 401},
		{"five parts", good + ".d.e", "PGRST301", "Expected 3 parts in JWT; got 5", 401},
		{"a header that is no JSON", "bm8." + parts[1] + "." + parts[2], "PGRST301", "JWT cryptographic operation failed", 401},
		{"a number for a role", with(jwt.MapClaims{"role": 5}), "22023", `role "5" does not exist`, 401},
		{"no signature", parts[0] + "." + parts[1] + ".", "PGRST301", "No suitable key or wrong key type", 401},
		{"algorithm none", none, "PGRST301", "Wrong or unsupported encoding algorithm", 401},
		{"other algorithm", hs512, "PGRST301", "Wrong or unsupported encoding algorithm", 401},
		{"unknown role", with(jwt.MapClaims{"role": "nobody_at_all"}), "22023", `role "nobody_at_all" does not exist`, 401},
		{"role of somebody else", with(jwt.MapClaims{"role": "outsider"}), "42501", `permission denied to set role "outsider"`, 403},
		{"superuser", with(jwt.MapClaims{"role": "postgres"}), "42501", `permission denied to set role "postgres"`, 403},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := a.as(tc.token).get("/items?id=eq.1&select=id")
			require.Equal(t, tc.status, r.code, r.body)
			if tc.code == "" {
				return
			}
			e := r.errorOf(t)
			require.Equal(t, tc.code, e.Code)
			require.Equal(t, tc.message, e.Message)
			switch {
			case strings.HasPrefix(tc.code, "PGRST"):
				require.Equal(t, `Bearer error="invalid_token", error_description="`+tc.message+`"`, r.header.Get("WWW-Authenticate"))
			case tc.status == 401:
				require.Equal(t, "Bearer", r.header.Get("WWW-Authenticate"))
			}
		})
	}
	for _, h := range []string{"Bearer ", "bearer"} {
		e := a.as("").get("/items", "Authorization: "+h).errorOf(t)
		require.Equal(t, apiError{Code: "PGRST301", Message: "Empty JWT is sent in Authorization header"}, e)
	}
	require.Equal(t, 200, a.as("").get("/items", "Authorization: Basic Zm9vOmJhcg==").code, "another scheme is no token")
	require.Equal(t, 200, a.as("").get("/items", "Authorization: bearer "+good).code, "the scheme has no case")
}

// signed makes a token of any payload.
func signed(t *testing.T, payload string) string {
	enc := base64.RawURLEncoding.EncodeToString
	text := enc([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc([]byte(payload))
	signature, err := jwt.SigningMethodHS256.Sign(text, secret)
	require.NoError(t, err)
	return text + "." + enc(signature)
}

func TestAnonymousAccess(t *testing.T) {
	a := newAPI(t)
	require.Contains(t, a.as("").get("/rpc/whoami").body, `"role" : "anon", "claims" : {"role":"anon"}`)
	require.Contains(t, a.as(sign(t, jwt.MapClaims{"sub": alice})).get("/rpc/whoami").body, `"role" : "anon"`, "a token without a role")

	closed := newAPI(t, func(c *Config, _ *pgxpool.Config) { c.AnonRole = "" })
	require.Equal(t, 200, closed.get("/items").code)
	r := closed.as("").get("/items")
	require.Equal(t, 401, r.code)
	require.Equal(t, apiError{Code: "PGRST302", Message: "Anonymous access is disabled"}, r.errorOf(t))
	require.Equal(t, "Bearer", r.header.Get("WWW-Authenticate"))
}

func TestRequestIsVisibleToFunctions(t *testing.T) {
	a := newAPI(t)
	r := a.get("/rpc/whoami", "X-Agent: me")
	var got struct {
		Role, Method, Path, Agent string
		SearchPath                string `json:"search_path"`
		Claims                    map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &got))
	require.Equal(t, "authenticated", got.Role)
	require.Equal(t, "GET", got.Method)
	require.Equal(t, "/rpc/whoami", got.Path)
	require.Equal(t, "me", got.Agent)
	require.Equal(t, map[string]any{"role": "authenticated", "sub": alice}, got.Claims)
	require.Equal(t, `"public", "extensions"`, got.SearchPath)
}

func TestNothingLeaksToTheNextRequest(t *testing.T) {
	a := newAPI(t, func(_ *Config, pc *pgxpool.Config) { pc.MaxConns = 1 })
	b := a.as(sign(t, jwt.MapClaims{"role": "authenticated", "sub": bob}))
	require.Equal(t, 201, a.do("POST", "/notes", `{"text":"of alice"}`).code)
	require.Equal(t, 201, b.do("POST", "/notes", `{"text":"of bob"}`).code)
	for range 3 {
		require.JSONEq(t, `[{"text":"of alice"}]`, a.get("/notes?select=text").body)
		require.JSONEq(t, `[{"text":"of bob"}]`, b.get("/notes?select=text").body)
		require.Equal(t, 401, a.as("").get("/notes").code)
		require.Equal(t, 400, b.do("POST", "/rpc/raise_state", `{"state":"P0001"}`).code)
		require.Contains(t, a.as("").get("/rpc/whoami").body, `"claims" : {"role":"anon"}`)
	}
	require.Equal(t, 204, a.do("POST", "/rpc/keep", `{"v":"mine"}`).code)
	require.Equal(t, `""`, b.get("/rpc/kept").body)
}

func TestConcurrentRequestsKeepTheirIdentity(t *testing.T) {
	a := newAPI(t)
	var wg sync.WaitGroup
	for _, sub := range []string{alice, bob} {
		client := a.as(sign(t, jwt.MapClaims{"role": "authenticated", "sub": sub}))
		for range 8 {
			wg.Go(func() {
				for range 10 {
					req := httptest.NewRequestWithContext(t.Context(), "GET", "/rpc/whoami", nil)
					req.Header.Set("Authorization", "Bearer "+client.token)
					rec := httptest.NewRecorder()
					a.srv.ServeHTTP(rec, req)
					if !strings.Contains(rec.Body.String(), sub) {
						t.Errorf("%s got %s", sub, rec.Body)
					}
				}
			})
		}
	}
	wg.Wait()
}

func TestCancelledRequestEndsItsStatement(t *testing.T) {
	a := newAPI(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/rpc/nap", strings.NewReader(`{"seconds":30}`))
	req.Header.Set("Authorization", "Bearer "+a.token)
	began := time.Now()
	a.srv.ServeHTTP(httptest.NewRecorder(), req)
	require.Less(t, time.Since(began), 5*time.Second)
	require.Eventually(t, func() bool {
		var n int
		err := a.pool.QueryRow(t.Context(), `select count(*) from pg_stat_activity where query like '%nap%' and state = 'active' and pid <> pg_backend_pid()`).Scan(&n)
		return err == nil && n == 0
	}, 5*time.Second, 20*time.Millisecond, "the server stops working for it")
	require.Equal(t, 200, a.get("/items").code)
}
