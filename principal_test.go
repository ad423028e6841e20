package workorder

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// countingServer answers every request with [] and counts them.
func countingServer(t *testing.T) (url string, requests *int) {
	t.Helper()
	requests = new(int)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		*requests++
		_, _ = w.Write([]byte("[]"))
	}))
	t.Cleanup(srv.Close)
	return srv.URL, requests
}

func TestIdentitySaysWhatTheTokenSays(t *testing.T) {
	url, requests := countingServer(t)
	exp := time.Now().Add(time.Hour).Truncate(time.Second)
	key := testJWT(map[string]any{"role": "anon"})
	c, err := New(url, key)
	require.NoError(t, err)

	u := c.AsUser(testJWT(map[string]any{
		"sub": "u1", "email": "ada@example.com", "role": "authenticated", "tenant_id": tenantA, "exp": exp.Unix(),
	}))
	id, err := u.Identity(t.Context())
	require.NoError(t, err)
	require.Equal(t, Principal{UserID: "u1", Email: "ada@example.com", Role: "authenticated", TenantID: tenantA, Expiry: exp}, id)

	for key, role := range map[string]string{
		key: "anon",
		testJWT(map[string]any{"role": "service_role"}): "service_role",
		"sb_publishable_x": "anon",
		"sb_secret_x":      "service_role",
	} {
		c, err := New(url, key)
		require.NoError(t, err)
		id, err := c.Identity(t.Context())
		require.NoError(t, err)
		require.Equal(t, Principal{Role: role}, id)
	}
	_, err = c.AsUser("junk").Identity(t.Context())
	require.ErrorIs(t, err, ErrUnauthenticated)
	require.Zero(t, *requests)
}

func TestViewsOfATenantNeedOneInTheToken(t *testing.T) {
	url, requests := countingServer(t)
	c, err := New(url, "key")
	require.NoError(t, err)
	user := c.AsUser(testJWT(map[string]any{"sub": "u1", "role": "authenticated"}))

	_, err = user.WorkOrders.List(t.Context())
	require.ErrorIs(t, err, ErrNoTenant)
	_, err = user.Departments.Get(t.Context(), tenantA)
	require.ErrorIs(t, err, ErrNoTenant)
	_, err = user.Catalogs.Statuses.Count(t.Context())
	require.ErrorIs(t, err, ErrNoTenant)
	_, err = user.WorkOrders.Page(t.Context())
	require.ErrorIs(t, err, ErrNoTenant)
	for _, err := range user.WorkOrders.All(t.Context()) {
		require.ErrorIs(t, err, ErrNoTenant)
	}
	require.Zero(t, *requests)

	_, err = user.Tenants.List(t.Context())
	require.NoError(t, err, "the views of a user need none")
	_, err = user.Authorization.Permissions.List(t.Context())
	require.NoError(t, err)
	_, err = user.Authorization.UserTenantRoles.List(t.Context())
	require.NoError(t, err)
	type row struct {
		ID string `json:"id"`
	}
	_, err = ViewOf[row](user, "v_custom").List(t.Context())
	require.NoError(t, err, "what a custom view shows is unknown")
	_, err = c.WorkOrders.List(t.Context())
	require.NoError(t, err, "API keys pass")
	service := c.AsUser(testJWT(map[string]any{"sub": "s", "role": "service_role"}))
	_, err = service.WorkOrders.List(t.Context())
	require.NoError(t, err, "so do service tokens")
}

func TestSessionsStayWithTheirProject(t *testing.T) {
	here, err := New("https://abc.supabase.co", "key")
	require.NoError(t, err)
	url, requests := countingServer(t)
	elsewhere, err := New(url, "key")
	require.NoError(t, err)
	s := NewSession(here, "refresh-token-12")

	_, err = elsewhere.WithSession(s).WorkOrders.List(t.Context())
	require.ErrorIs(t, err, ErrInvalidInput)
	_, err = elsewhere.With(WithTokenSource(s))
	require.ErrorIs(t, err, ErrInvalidInput)
	_, err = New(url, "key", WithTokenSource(s))
	require.ErrorIs(t, err, ErrInvalidInput)
	require.Zero(t, *requests)

	require.True(t, sameProject("http://localhost:54321", "http://127.0.0.1:54321"))
	require.False(t, sameProject("http://localhost:54321", "http://localhost:54322"))
	require.False(t, sameProject("https://abc.supabase.co", "https://xyz.supabase.co"))
}

func TestTokensStayWithTheirProject(t *testing.T) {
	tok := func(iss string) string {
		return testJWT(map[string]any{"sub": "u1", "role": "authenticated", "tenant_id": tenantA, "iss": iss})
	}
	c, err := New("https://abc.supabase.co", "key")
	require.NoError(t, err)
	_, err = c.AsUser(tok("https://xyz.supabase.co/auth/v1")).Tenants.List(t.Context())
	require.ErrorIs(t, err, ErrUnauthenticated)
	require.ErrorContains(t, err, "xyz")

	// With a domain of its own, the key says which project it is.
	url, requests := countingServer(t)
	c, err = New(url, testJWT(map[string]any{"role": "anon", "ref": "abc"}))
	require.NoError(t, err)
	_, err = c.AsUser(tok("https://xyz.supabase.co/auth/v1")).Tenants.List(t.Context())
	require.ErrorIs(t, err, ErrUnauthenticated)
	require.Zero(t, *requests)
	for _, iss := range []string{"https://abc.supabase.co/auth/v1", "https://auth.example.com/", ""} {
		_, err = c.AsUser(tok(iss)).Tenants.List(t.Context())
		require.NoError(t, err, iss)
	}
}

func TestZeroClient(t *testing.T) {
	_, err := new(Client).Identity(t.Context())
	require.ErrorIs(t, err, ErrInvalidInput)
}
