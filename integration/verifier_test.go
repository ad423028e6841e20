package integration

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/devstack/workordertest"
	"github.com/workorder-systems/sdk-go/types"
)

// withSigningKey starts a stack that signs with keys, as hosted projects do.
func withSigningKey(t testing.TB, alg devstack.SigningAlgorithm) (*devstack.Stack, deployment) {
	t.Helper()
	if !stack.local {
		t.Skip("needs a stack whose signing keys it can rotate")
	}
	s, err := devstack.Start(t.Context(), devstack.WithSigningKey(alg))
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s, deployment{Deployment: workordertest.Of(s), local: true}
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	require.ErrorIs(t, err, workorder.ErrUnauthenticated)
	var e *workorder.SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code, err)
}

// A deployment's tokens say who they are of, and the API keys are of nobody.
func TestVerifierOfTheDeployment(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	secret := types.Secret(stack.JWTSecret) // where it is not known, the tokens have to be signed with keys
	token := accessToken(t, tn.Client)
	o := workorder.VerifierOptions{Secret: secret, Require: []string{"tenant_id", "session_id"}}
	if !stack.local { // a project may be known by another address than that of the tests
		o.Issuer, _ = claims(t, workorder.Token{Value: token})["iss"].(string)
	}
	v, err := workorder.NewVerifier(stack.Client(t), o)
	require.NoError(t, err)

	who, err := v.Verify(t.Context(), token)
	if secret == "" && err != nil {
		wantCode(t, err, workorder.TokenAlgorithm)
		t.Skip("needs SUPABASE_JWT_SECRET: the deployment signs with it")
	}
	require.NoError(t, err)
	require.Equal(t, tn.Admin.ID, who.UserID)
	require.Equal(t, tn.Admin.Email, who.Email)
	require.Equal(t, tn.ID, who.TenantID)
	require.Equal(t, "authenticated", who.Role)
	require.Equal(t, "aal1", who.AAL)
	require.NotEmpty(t, who.SessionID)
	require.WithinDuration(t, time.Now().Add(time.Hour), who.Expiry, 2*time.Hour)
	as, err := stack.Client(t).AsUser(token).Identity(t.Context())
	require.NoError(t, err)
	require.Equal(t, as, who)

	parts := strings.Split(token, ".")
	other := strings.Split(accessToken(t, stack.Tenant(t).Client), ".")
	_, err = v.Verify(t.Context(), parts[0]+"."+other[1]+"."+parts[2])
	wantCode(t, err, workorder.TokenSignature)
	if strings.Count(stack.AnonKey, ".") == 2 {
		_, err = v.Verify(t.Context(), stack.AnonKey)
		require.ErrorIs(t, err, workorder.ErrUnauthenticated, "an API key is no user")
	}
}

// accessToken is the token that the client sends.
func accessToken(t testing.TB, c *workorder.Client) string {
	t.Helper()
	var token atomic.Value
	spy, err := c.With(workorder.WithAttemptMiddleware(func(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		token.Store(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		return next(r)
	}))
	require.NoError(t, err)
	_, err = spy.Tenants.List(t.Context())
	require.NoError(t, err)
	return token.Load().(string)
}

// The project rotates and revokes its keys while a service is running.
func TestVerifierFollowsTheProjectsKeys(t *testing.T) {
	t.Parallel()
	for _, alg := range []devstack.SigningAlgorithm{devstack.ES256, devstack.RS256} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			project, d := withSigningKey(t, alg)
			base := d.Client(t)
			v, err := workorder.NewVerifier(base, workorder.VerifierOptions{FetchEvery: time.Millisecond, FreshKeys: 50 * time.Millisecond})
			require.NoError(t, err)
			ada, bob := d.Tenant(t), d.Tenant(t)
			before := accessToken(t, ada.Client)
			who, err := v.Verify(t.Context(), before)
			require.NoError(t, err)
			require.Equal(t, ada.ID, who.TenantID)

			_, err = project.RotateSigningKey()
			require.NoError(t, err)
			renewed, err := bob.Admin.Session.Refresh(t.Context())
			require.NoError(t, err)
			var all sync.WaitGroup
			for range 20 { // the first token of the new key, many times at once
				all.Go(func() {
					who, err := v.Verify(t.Context(), renewed.Value)
					if err != nil || who.UserID != bob.Admin.ID {
						t.Error(who, err)
					}
				})
			}
			all.Wait()
			_, err = v.Verify(t.Context(), before)
			require.NoError(t, err, "a key that was used before still verifies")
			for _, token := range []string{before, renewed.Value} {
				user, err := base.AsUser(token).Auth.User(t.Context())
				require.NoError(t, err)
				require.NotEmpty(t, user.ID)
			}
			_, err = base.AsUser(before).Departments.List(t.Context())
			require.NoError(t, err)

			project.RevokeSigningKeys()
			require.Eventually(t, func() bool {
				_, err = v.Verify(t.Context(), before)
				return err != nil
			}, 10*time.Second, 20*time.Millisecond)
			wantCode(t, err, workorder.TokenUnknownKey)
			_, err = base.AsUser(before).Departments.List(t.Context())
			require.ErrorIs(t, err, workorder.ErrUnauthenticated, "the platform refuses it too")
			_, err = v.Verify(t.Context(), renewed.Value)
			require.NoError(t, err)

			// A token that the project's secret has signed needs that secret.
			legacy, err := workorder.NewSelfSigned(workorder.SelfSigned{
				Secret: project.JWTSecret, Subject: ada.Admin.ID, Tenant: ada.ID, Claims: map[string]any{"iss": project.URL + "/auth/v1"},
			})
			require.NoError(t, err)
			signed, err := legacy.Token(t.Context())
			require.NoError(t, err)
			_, err = v.Verify(t.Context(), signed.Value)
			wantCode(t, err, workorder.TokenAlgorithm)
			both, err := workorder.NewVerifier(base, workorder.VerifierOptions{Secret: types.Secret(project.JWTSecret)})
			require.NoError(t, err)
			for _, token := range []string{signed.Value, renewed.Value} {
				_, err = both.Verify(t.Context(), token)
				require.NoError(t, err)
			}
		})
	}
}

// While Auth is away, the keys that are there go on serving.
func TestVerifierOutlivesAuth(t *testing.T) {
	t.Parallel()
	project, d := withSigningKey(t, devstack.ES256)
	behind, err := url.Parse(project.URL)
	require.NoError(t, err)
	var away atomic.Bool
	pass := httputil.NewSingleHostReverseProxy(behind)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() && strings.HasPrefix(r.URL.Path, "/auth/v1/") {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		pass.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	c, err := workorder.New(proxy.URL, project.AnonKey, workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	issuer := workorder.VerifierOptions{Issuer: project.URL + "/auth/v1", FreshKeys: time.Millisecond, FetchEvery: time.Millisecond}
	v, err := workorder.NewVerifier(c, issuer)
	require.NoError(t, err)
	token := accessToken(t, d.Tenant(t).Client)
	_, err = v.Verify(t.Context(), token)
	require.NoError(t, err)

	away.Store(true)
	for range 5 {
		time.Sleep(10 * time.Millisecond)
		_, err = v.Verify(t.Context(), token)
		require.NoError(t, err)
	}
	_, err = c.AsUser(token).Departments.List(t.Context())
	require.NoError(t, err)
	fresh, err := workorder.NewVerifier(c, issuer)
	require.NoError(t, err)
	_, err = fresh.Verify(t.Context(), token)
	require.ErrorIs(t, err, workorder.ErrUnavailable)
	require.NotErrorIs(t, err, workorder.ErrUnauthenticated)
	require.NotContains(t, err.Error(), token)
	away.Store(false)
	require.Eventually(t, func() bool {
		_, err = fresh.Verify(t.Context(), token)
		return err == nil
	}, 10*time.Second, 50*time.Millisecond, "it comes back by itself")
}
