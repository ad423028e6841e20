package integration

import (
	"crypto/hmac"
	cryptorand "crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
)

var seed = flag.Uint64("seed", 0, "of the random tests, to repeat one; 0: another one each time")

// newRandom gives sources of chance that differ by their number, and logs how
// to repeat what they make.
func newRandom(t testing.TB) func(n uint64) *rand.Rand {
	t.Helper()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("to repeat: go test -run '^%s$' -seed=%d", t.Name(), s)
	return func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(s, n)) }
}

// unknownID is the id of nothing.
const unknownID = "00000000-0000-4000-8000-000000000000"

// requireError asserts the kind of an error and the code that the platform gave.
func requireError(t testing.TB, err, kind error, code string) {
	t.Helper()
	require.ErrorIs(t, err, kind)
	var e *workorder.SdkError
	require.ErrorAs(t, err, &e)
	if !knownLength(err, code) {
		require.Equal(t, code, e.Code, "%v", err)
	}
}

// knownLength reports whether err stands for a 23514 of the platform: the SDK
// knows how long the text may be and has sent nothing.
func knownLength(err error, code string) bool {
	var e *workorder.SdkError
	return code == "23514" && errors.As(err, &e) && e.Code == "" && e.Attempts == 0 &&
		strings.Contains(e.Message, "is longer than")
}

// errorCode is the platform's code for err, or "".
func errorCode(err error) string {
	var e *workorder.SdkError
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

// claims reads the claims of an access token.
func claims(t testing.TB, tok workorder.Token) map[string]any {
	t.Helper()
	parts := strings.Split(tok.Value, ".")
	require.Len(t, parts, 3)
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var c map[string]any
	require.NoError(t, json.Unmarshal(payload, &c))
	return c
}

// signJWT signs claims with HS256.
func signJWT(t testing.TB, secret string, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	enc := base64.RawURLEncoding
	signed := enc.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc.EncodeToString(payload)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + enc.EncodeToString(mac.Sum(nil))
}

// Secret is the secret that signs the deployment's tokens, or skips the test.
func (d deployment) Secret(t testing.TB) string {
	t.Helper()
	if d.JWTSecret == "" {
		t.Skip("needs SUPABASE_JWT_SECRET")
	}
	return d.JWTSecret
}

// expired is the same access token as it will be long after its expiry.
func (d deployment) expired(t testing.TB, tok workorder.Token) string {
	t.Helper()
	c := claims(t, tok)
	c["iat"] = time.Now().Add(-3 * time.Hour).Unix()
	c["exp"] = time.Now().Add(-2 * time.Hour).Unix()
	return signJWT(t, d.Secret(t), c)
}

// Token is the user's access token.
func (u *user) Token(t testing.TB) workorder.Token {
	t.Helper()
	tok, err := u.Session.Token(t.Context())
	require.NoError(t, err)
	return tok
}

// SignIn begins another session of the user.
func (u *user) SignIn(t testing.TB) (*workorder.Client, *workorder.Session) {
	t.Helper()
	s, err := u.Auth.SignInWithPassword(t.Context(), u.Email, u.Password)
	require.NoError(t, err)
	return u.WithSession(s), s
}

// JWT is an access token of another session of the user, for a tenant.
func (u *user) JWT(t testing.TB, tenantID string) string {
	t.Helper()
	c, _ := u.SignIn(t)
	tok, err := c.SetTenantAndRefresh(t.Context(), tenantID)
	require.NoError(t, err)
	return tok.Value
}

// makeDepartment makes a department in the client's tenant and returns its id.
func makeDepartment(t testing.TB, c *workorder.Client, name string) string {
	t.Helper()
	id, err := c.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: name})
	require.NoError(t, err)
	return id
}

// departmentNames lists the names of the departments that a client sees.
func departmentNames(t testing.TB, c *workorder.Client) []string {
	t.Helper()
	rows, err := c.Departments.List(t.Context())
	require.NoError(t, err)
	names := make([]string, len(rows))
	for i, d := range rows {
		names[i] = d.Name
	}
	return names
}

// can asks whether the client's user holds a permission in the client's tenant.
func can(t testing.TB, c *workorder.Client, permission string) bool {
	t.Helper()
	ok, err := c.Authorization.HasPermission(t.Context(), org.HasPermissionParams{PermissionKey: permission})
	require.NoError(t, err)
	return ok
}

// refreshes counts the refresh requests of a client.
type refreshes struct{ n atomic.Int64 }

func (r *refreshes) Option() workorder.Option {
	return workorder.WithAttemptMiddleware(
		func(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			if req.URL.Path == "/auth/v1/token" && req.URL.Query().Get("grant_type") == "refresh_token" {
				r.n.Add(1)
			}
			return next(req)
		})
}

// newSlug is a slug that no tenant has.
func newSlug() string { return "t-" + strings.ToLower(cryptorand.Text()) }

// newEmail is an address that no user has.
func newEmail() string { return "user-" + strings.ToLower(cryptorand.Text()) + "@example.com" }
