package integration

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/devstack/workordertest"
	"github.com/workorder-systems/sdk-go/org"
)

// storm is how many goroutines use a session at the same time.
const storm = 1000

// inParallel runs fn in n goroutines that start together, and gives the first
// error.
func inParallel(n int, fn func(i int) error) error {
	var wg sync.WaitGroup
	start := make(chan struct{})
	errs := make(chan error, n)
	for i := range n {
		wg.Go(func() {
			<-start
			if err := fn(i); err != nil {
				errs <- err
			}
		})
	}
	close(start)
	wg.Wait()
	close(errs)
	return <-errs
}

// nextSecond waits until Auth issues other tokens: those of one second may be
// the same.
func nextSecond() { time.Sleep(1100 * time.Millisecond) }

// memoryStore is a SessionStore that remembers what was saved.
type memoryStore struct {
	mu    sync.Mutex
	saved []string
}

func (m *memoryStore) Load(context.Context) (string, error) { return m.newest(), nil }

func (m *memoryStore) Save(_ context.Context, refreshToken string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saved = append(m.saved, refreshToken)
	return nil
}

func (m *memoryStore) newest() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.saved) == 0 {
		return ""
	}
	return m.saved[len(m.saved)-1]
}

// ShortLived is a deployment whose access tokens expire within seconds. It
// skips the test where there is no stack of this run's own.
func (d deployment) ShortLived(t testing.TB, life time.Duration) deployment {
	t.Helper()
	if !d.local {
		t.Skip("needs a stack with short-lived tokens")
	}
	s, err := devstack.Start(t.Context(), devstack.WithJWTExpiry(life))
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return deployment{Deployment: workordertest.Of(s), local: true}
}

func TestRefreshGivesAnotherRefreshToken(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	before, first := u.Token(t), u.Session.RefreshToken()
	nextSecond()

	after, err := u.Session.Refresh(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, first, u.Session.RefreshToken())
	require.NotEqual(t, before.Value, after.Value)
	require.Equal(t, after, u.Token(t))
	require.Equal(t, claims(t, before)["session_id"], claims(t, after)["session_id"])
	require.Equal(t, u.ID, u.Session.User().ID)
}

func TestRefreshTokenIsTakenUp(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	s, err := u.Auth.Refresh(t.Context(), u.Session.RefreshToken())
	require.NoError(t, err)
	require.Equal(t, u.ID, s.User().ID)

	for name, token := range map[string]string{"unknown": "abcdefghijkl", "malformed": "x"} {
		t.Run(name, func(t *testing.T) {
			_, err := u.Auth.Refresh(t.Context(), token)
			require.ErrorIs(t, err, workorder.ErrSessionExpired)
			require.NotContains(t, err.Error(), "abcdefghijkl")
		})
	}
	_, err = u.Auth.Refresh(t.Context(), "")
	requireError(t, err, workorder.ErrInvalidInput, "")
}

func TestUsedRefreshTokenIsForgivenAtFirst(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	first := u.Session.RefreshToken()
	_, err := u.Session.Refresh(t.Context())
	require.NoError(t, err)

	s, err := u.Auth.Refresh(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, u.Session.RefreshToken(), s.RefreshToken(), "the chain does not fork")
}

func TestStolenRefreshTokenEndsTheSession(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until Auth no longer forgives a used refresh token")
	}
	t.Parallel()
	u := stack.User(t)
	first := u.Session.RefreshToken()
	for range 2 {
		_, err := u.Session.Refresh(t.Context())
		require.NoError(t, err)
	}
	newest := u.Session.RefreshToken()

	time.Sleep(11 * time.Second) // the reuse interval is 10 s
	_, err := u.Auth.Refresh(t.Context(), first)
	requireError(t, err, workorder.ErrSessionExpired, "refresh_token_already_used")
	time.Sleep(11 * time.Second) // so long it may forgive the use of the newest one
	ended(t, u.Client, newest)
	_, err = u.Session.Refresh(t.Context())
	require.ErrorIs(t, err, workorder.ErrSessionExpired)
	_, err = u.Tenants.List(t.Context())
	require.ErrorIs(t, err, workorder.ErrSessionExpired)
}

func TestSessionGoesOnFromItsStore(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	c := stack.Client(t)
	store := &memoryStore{}

	first, err := c.Auth.SignInWithPassword(t.Context(), u.Email, u.Password, workorder.WithSessionStore(store))
	require.NoError(t, err)
	require.Equal(t, first.RefreshToken(), store.newest())
	_, err = first.Refresh(t.Context())
	require.NoError(t, err)
	require.Equal(t, first.RefreshToken(), store.newest())
	require.NoError(t, first.Flush(t.Context()))
	require.NoError(t, first.Close())
	_, err = first.Token(t.Context())
	require.ErrorIs(t, err, workorder.ErrSessionExpired, "closed")

	second := workorder.NewSession(c, "", workorder.WithSessionStore(store)) // after a restart
	for range 2 {
		me, err := c.WithSession(second).Auth.User(t.Context())
		require.NoError(t, err)
		require.Equal(t, u.ID, me.ID)
		_, err = second.Refresh(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, second.RefreshToken(), store.newest())
	require.Len(t, store.saved, 5)

	require.NoError(t, c.WithSession(second).Auth.SignOut(t.Context(), workorder.SignOutLocal))
	require.Empty(t, store.newest(), "signing out empties the store")
	_, err = workorder.NewSession(c, "", workorder.WithSessionStore(store)).Token(t.Context())
	require.ErrorIs(t, err, workorder.ErrSessionExpired)
}

func TestPasswordSessionSignsInAgain(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	c := stack.Client(t)
	s := workorder.NewPasswordSession(c, u.Email, u.Password)
	worker := c.WithSession(s)
	tok, err := s.Token(t.Context())
	require.NoError(t, err)

	require.NoError(t, u.AsUser(tok.Value).Auth.SignOut(t.Context(), workorder.SignOutGlobal)) // by somebody else
	_, err = s.Refresh(t.Context())
	require.NoError(t, err)
	me, err := worker.Auth.User(t.Context())
	require.NoError(t, err)
	require.Equal(t, u.ID, me.ID)

	_, err = workorder.NewPasswordSession(c, u.Email, "wrong-"+rand.Text()).Token(t.Context())
	requireError(t, err, workorder.ErrUnauthenticated, "invalid_credentials")
}

func TestExpiredTokenOfASessionIsReplaced(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	makeDepartment(t, kit.Client, "Line")
	stranger, refresh := kit.Stranger(), workordertest.Path("/auth/v1/token")

	kit.ExpireTokens()
	require.NoError(t, second(stranger.Tenants.List(t.Context())))
	require.Len(t, kit.Requests(refresh), 1)
	require.Equal(t, []string{"Line"}, departmentNames(t, kit.Client))
	require.Len(t, kit.Requests(refresh), 2)
}

func TestRejectedTokenOfASessionIsReplaced(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	u := kit.Stranger()
	tok, err := u.Session.Token(t.Context())
	require.NoError(t, err)
	kit.Inject(func(w http.ResponseWriter, r *http.Request, stack http.Handler) {
		r.Header.Set("Authorization", "Bearer "+tok.Value[:len(tok.Value)-8]+"AAAAAAAA") // another signature
		stack.ServeHTTP(w, r)
	}, workordertest.When(func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer "+tok.Value }))
	nextSecond()

	_, err = u.Tenants.List(t.Context())
	require.NoError(t, err)
	again, err := u.Session.Token(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, tok.Value, again.Value)
	require.Len(t, kit.Requests(workordertest.Path("/auth/v1/token")), 1)
}

func TestThousandCallsOnARejectedTokenRefreshOnce(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	kit.ExpireTokens()

	err := inParallel(storm, func(int) error {
		rows, err := kit.Tenants.List(t.Context())
		if err == nil && len(rows) != 1 {
			err = errors.New("lost the row")
		}
		return err
	})
	require.NoError(t, err)
	require.Len(t, kit.Requests(workordertest.Path("/auth/v1/token")), 1)
}

func TestThousandCallsOnANewSessionRefreshOnce(t *testing.T) {
	t.Parallel()
	var count refreshes
	u := stack.User(t)
	c := stack.Client(t, count.Option())
	s := workorder.NewSession(c, u.Session.RefreshToken())
	mine := c.WithSession(s)

	require.NoError(t, inParallel(storm, func(int) error {
		_, err := mine.Tenants.List(t.Context())
		return err
	}))
	require.EqualValues(t, 1, count.n.Load())
}

func TestThousandCallsOnAnExpiredTokenRefreshOnce(t *testing.T) {
	t.Parallel()
	short := stack.ShortLived(t, 5*time.Second)
	var count refreshes
	u := short.User(t, count.Option())
	s, err := u.Auth.SignInWithPassword(t.Context(), u.Email, u.Password, workorder.WithRefreshMargins(0, 0))
	require.NoError(t, err)
	tok, err := s.Token(t.Context())
	require.NoError(t, err)
	time.Sleep(time.Until(tok.Expiry) + 10*time.Millisecond)

	require.NoError(t, inParallel(storm, func(int) error {
		got, err := s.Token(t.Context())
		if err == nil && got.Value == tok.Value {
			err = errors.New("got the expired token")
		}
		return err
	}))
	require.EqualValues(t, 1, count.n.Load())
}

func TestSessionOutlivesItsAccessTokens(t *testing.T) {
	t.Parallel()
	short := stack.ShortLived(t, time.Second)
	var count refreshes
	u := short.User(t, count.Option())
	tn := u.NewTenant(t)
	makeDepartment(t, tn.Client, "Line")

	before := count.n.Load()
	for end := time.Now().Add(time.Minute); count.n.Load() < before+3; time.Sleep(50 * time.Millisecond) {
		require.Equal(t, []string{"Line"}, departmentNames(t, tn.Client))
		require.True(t, time.Now().Before(end), "nothing was refreshed")
	}
}

func TestCancelledCallLeavesTheSessionWorking(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	c := stack.Client(t)
	s := workorder.NewSession(c, u.Session.RefreshToken())
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	_, _ = c.WithSession(s).Tenants.List(ctx) // in time or not
	<-ctx.Done()
	_, err := c.WithSession(s).Tenants.List(ctx)
	require.ErrorIs(t, err, context.Canceled)

	_, err = c.WithSession(s).Tenants.List(t.Context())
	require.NoError(t, err, "the refresh was not cut off with the call")
}

func TestFixedTokenThatExpiredIsRefused(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	c := u.AsUser(stack.expired(t, u.Token(t)))

	_, err := c.Tenants.List(t.Context())
	require.ErrorIs(t, err, workorder.ErrUnauthenticated)
	require.NotErrorIs(t, err, workorder.ErrSessionExpired)
	var e *workorder.SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, http.StatusUnauthorized, e.HTTPStatus)
	require.Contains(t, []string{"PGRST301", "PGRST303"}, e.Code)
	_, err = c.Departments.Create(t.Context(), org.CreateDepartmentParams{TenantID: unknownID, Name: "Line"})
	require.ErrorIs(t, err, workorder.ErrUnauthenticated)
	_, err = c.Auth.User(t.Context())
	requireError(t, err, workorder.ErrUnauthenticated, "bad_jwt")
	_, err = c.ForTenant(t.Context(), unknownID)
	require.Error(t, err)
}

func TestTamperedTokenIsRefused(t *testing.T) {
	t.Parallel()
	a, u := stack.Tenant(t), stack.User(t)
	makeDepartment(t, a.Client, "Line")
	tok := u.Token(t)
	c := claims(t, tok)
	c["tenant_id"], c["sub"] = a.ID, a.Admin.ID
	forged := signJWT(t, "a secret that is not the deployment's own", c)
	split := func(jwt string) (head, signature string) {
		i := len(jwt) - 43
		return jwt[:i], jwt[i:]
	}
	forgedHead, _ := split(forged)
	_, signature := split(tok.Value)

	for name, jwt := range map[string]string{
		"another secret":           forged,
		"claims of somebody else":  forgedHead + signature,
		"no signature":             forgedHead,
		"a signature cut off":      tok.Value[:len(tok.Value)-4],
		"no algorithm":             "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + forged[strings.Index(forged, ".")+1:],
		"the service role by wish": signJWT(t, "a secret that is not the deployment's own", map[string]any{"role": "service_role"}),
	} {
		t.Run(name, func(t *testing.T) {
			c := stack.Client(t).AsUser(jwt)
			_, err := c.Tenants.List(t.Context())
			require.ErrorIs(t, err, workorder.ErrUnauthenticated)
			require.NotContains(t, err.Error(), jwt)
			require.Contains(t, []string{"PGRST301", ""}, errorCode(err), "what is no JWT at all is not even sent")
			_, err = c.Departments.Create(t.Context(), org.CreateDepartmentParams{TenantID: a.ID, Name: "Mine"})
			require.ErrorIs(t, err, workorder.ErrUnauthenticated)
			_, err = c.Auth.User(t.Context())
			require.ErrorIs(t, err, workorder.ErrUnauthenticated)
		})
	}
	_, err := stack.Client(t).AsUser("no token").Departments.List(t.Context())
	requireError(t, err, workorder.ErrUnauthenticated, "") // before anything is sent
	require.Equal(t, []string{"Line"}, departmentNames(t, a.Client))
}

func TestTokenPassesBetweenClients(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	makeDepartment(t, a.Client, "Line")
	jwt := a.Admin.JWT(t, a.ID)

	c := stack.Client(t).AsUser(jwt)
	require.Equal(t, []string{"Line"}, departmentNames(t, c))
	makeDepartment(t, c, "Line 2") // the tenant comes from the token
	me, err := c.Auth.User(t.Context())
	require.NoError(t, err)
	require.Equal(t, a.Admin.ID, me.ID)
	c, err = c.ForTenant(t.Context(), a.ID)
	require.NoError(t, err)
	require.Len(t, departmentNames(t, c), 2)

	for name, with := range map[string]workorder.Option{
		"WithAccessToken": workorder.WithAccessToken(jwt),
		"WithTokenSource": workorder.WithTokenSource(workorder.StaticToken(jwt)),
	} {
		c, err := stack.Client(t).With(with)
		require.NoError(t, err)
		require.Len(t, departmentNames(t, c), 2, name)
	}
	_, err = c.RefreshTenantSession(t.Context())
	requireError(t, err, workorder.ErrUnauthenticated, "") // there is nothing to refresh with
}

func TestFixedTokenKeepsItsTenant(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	id, _ := createTenant(t, u, "Plant 7")
	c := u.AsUser(u.Token(t).Value)

	_, err := c.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "Line"})
	require.ErrorIs(t, err, workorder.ErrNoTenant)
	require.ErrorIs(t, c.SetTenant(t.Context(), id), workorder.ErrTenantMismatch)
	require.ErrorIs(t, c.ClearTenant(t.Context()), workorder.ErrTenantMismatch)
	_, err = c.SetTenantAndRefresh(t.Context(), id)
	require.ErrorIs(t, err, workorder.ErrTenantMismatch)
	_, err = c.Departments.List(t.Context())
	require.ErrorIs(t, err, workorder.ErrNoTenant, "an empty list would be a lie")
}

func TestThousandUsersOfOneClientDoNotMix(t *testing.T) {
	t.Parallel()
	server := stack.Client(t)
	jwts := make([]string, 4)
	for i := range jwts {
		a := stack.Tenant(t)
		makeDepartment(t, a.Client, a.ID)
		jwts[i] = a.Admin.JWT(t, a.ID)
	}

	want := make([]string, len(jwts))
	for i, jwt := range jwts {
		want[i] = claims(t, workorder.Token{Value: jwt})["tenant_id"].(string)
	}
	require.NoError(t, inParallel(storm, func(i int) error {
		i %= len(jwts)
		rows, err := server.AsUser(jwts[i]).Departments.List(t.Context())
		if err == nil && (len(rows) != 1 || rows[0].TenantID != want[i] || rows[0].Name != want[i]) {
			err = errors.New("saw something of another user")
		}
		return err
	}))
	_, err := server.Auth.User(t.Context())
	require.ErrorIs(t, err, workorder.ErrUnauthenticated, "the client itself stays anonymous")
}

func TestSelfSignedTokensAreAccepted(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	makeDepartment(t, a.Client, "Line")
	member := a.Member(t, "member")

	src, err := workorder.NewSelfSigned(workorder.SelfSigned{
		Secret: stack.Secret(t), Subject: member.ID, Tenant: a.ID, TTL: time.Second,
	})
	require.NoError(t, err)
	c := stack.Client(t, workorder.WithTokenSource(src))
	first, err := src.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"Line"}, departmentNames(t, c))
	_, err = c.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "Mine"})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")

	time.Sleep(1100 * time.Millisecond)
	require.Equal(t, []string{"Line"}, departmentNames(t, c))
	second, err := src.Token(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, first.Value, second.Value, "signed anew")

	bare, err := workorder.NewSelfSigned(workorder.SelfSigned{Secret: stack.Secret(t), Subject: a.Admin.ID})
	require.NoError(t, err)
	c = stack.Client(t, workorder.WithTokenSource(bare))
	_, err = c.Departments.List(t.Context())
	require.ErrorIs(t, err, workorder.ErrNoTenant)
	c, err = c.ForTenant(t.Context(), a.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"Line"}, departmentNames(t, c))

	wrong, err := workorder.NewSelfSigned(workorder.SelfSigned{Secret: "a secret that is not the deployment's own", Subject: member.ID})
	require.NoError(t, err)
	_, err = stack.Client(t, workorder.WithTokenSource(wrong)).Tenants.List(t.Context())
	requireError(t, err, workorder.ErrUnauthenticated, "PGRST301")
}

func TestRawClientCarriesTheIdentity(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	makeDepartment(t, a.Client, "Line")
	raw, err := a.Supabase(t.Context())
	require.NoError(t, err)
	body, _, err := raw.From("v_departments").Select("name", "", false).Execute()
	require.NoError(t, err)
	require.JSONEq(t, `[{"name":"Line"}]`, string(body))
}
