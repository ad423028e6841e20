package workorder

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/session"
)

// shiftWall moves the wall clock of a time and leaves its monotonic reading, as
// time.Now does after the machine slept.
func shiftWall(t time.Time, by time.Duration) time.Time {
	p := (*struct {
		wall uint64
		ext  int64
		loc  *time.Location
	})(unsafe.Pointer(&t))
	if p.wall>>63 == 0 {
		panic("no monotonic reading")
	}
	p.wall += uint64(by/time.Second) << 30
	return t
}

func TestTokenThatExpiredWhileTheMachineSleptIsReplaced(t *testing.T) {
	p := newPlatform(t)
	var slept atomic.Int64
	c := p.client()
	s, err := c.Auth.SignInWithPassword(t.Context(), "u1@example.com", testPassword, func(c *sessionConfig) {
		c.now = func() time.Time { return shiftWall(time.Now(), time.Duration(slept.Load())) }
	})
	require.NoError(t, err)
	before, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, before.Expiry, before.Expiry.Round(0), "users compare the expiry by the wall clock")

	slept.Store(int64(2 * time.Hour))
	after, err := s.Token(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, before.Value, after.Value)
}

func TestFirstTokenPinsTheTenant(t *testing.T) {
	for _, first := range []string{tenantA, ""} {
		t.Run("first "+first, func(t *testing.T) {
			p := newPlatform(t)
			p.current["u1"] = first
			c, s := p.signIn()
			wantTenant(t, first, c)
			require.Equal(t, first, s.TenantID())
			for range 3 {
				p.set(func() { p.current["u1"] = tenantB }) // a call in B, or another program
				p.advance(2 * time.Hour)
				wantTenant(t, first, c)
				p.set(func() { p.current["u1"] = tenantB })
				p.advance(57 * time.Minute)
				_, err := s.Token(t.Context())
				require.NoError(t, err)
				s.engine.Wait()
				wantTenant(t, first, c)
			}
		})
	}
}

func TestFirstTokenPinsTheTenantHoweverTheSessionBegins(t *testing.T) {
	p := newPlatform(t)
	p.current["u1"] = tenantA
	_, s := p.signIn()
	for name, s := range map[string]*Session{
		"refresh token": NewSession(p.client(), s.RefreshToken(), p.clock()),
		"password":      NewPasswordSession(p.client(), "u1@example.com", testPassword, p.clock()),
	} {
		p.set(func() { p.current["u1"] = tenantA })
		c := p.client().WithSession(s)
		b, err := c.ForTenant(t.Context(), tenantB)
		require.NoError(t, err, name)
		wantTenant(t, tenantA, c)
		wantTenant(t, tenantB, b)
		p.advance(2 * time.Hour)
		wantTenant(t, tenantA, c)
	}
}

func TestClearedTenantStaysCleared(t *testing.T) {
	p := newPlatform(t)
	p.current["u1"] = tenantA
	c, s := p.signIn()
	require.NoError(t, c.ClearTenant(t.Context()))
	require.Empty(t, s.TenantID())

	for range 2 {
		p.set(func() { p.current["u1"] = tenantB }) // another program
		p.advance(2 * time.Hour)
		wantTenant(t, "", c)
		_, err := c.conn.TenantFor(t.Context(), "op", "")
		require.ErrorIs(t, err, ErrNoTenant)
	}
	p.set(func() { p.current["u1"] = tenantB })
	_, err := c.RefreshTenantSession(t.Context())
	require.NoError(t, err)
	wantTenant(t, "", c)

	p.set(func() { p.flip = tenantB }) // again and again
	p.advance(2 * time.Hour)
	_, err = tenantOf(t, c)
	require.ErrorIs(t, err, ErrTenantMismatch, "none is none: no other tenant's token is used")

	p.set(func() { p.flip = "" })
	p.advance(time.Minute)
	_, err = c.SetTenantAndRefresh(t.Context(), tenantA)
	require.NoError(t, err)
	p.set(func() { p.current["u1"] = tenantB })
	_, err = c.RefreshTenantSession(t.Context())
	require.NoError(t, err)
	wantTenant(t, tenantB, c)
}

// failing is a source that makes an error of its own of everything.
type failing struct{}

func (failing) Token(ctx context.Context) (Token, error) {
	<-ctx.Done()
	return Token{}, context.Cause(ctx)
}

func TestEndedContextIsItsOwnErrorWhateverItsCause(t *testing.T) {
	p := newPlatform(t)
	c, s := p.signIn()
	pool := NewTenantPool(c, TenantPoolOptions{MaxTenants: 1})
	release := make(chan struct{})
	defer close(release)
	p.set(func() {
		p.hook = func(kind string, _ http.ResponseWriter, _ *http.Request) bool {
			if kind == "refresh_token" {
				<-release
			}
			return false
		}
	})
	other, err := p.client().With(WithTokenSource(failing{}))
	require.NoError(t, err)
	p.advance(2 * time.Hour)
	cause := errors.New("the user went home")
	for name, call := range map[string]func(ctx context.Context) error{
		"Token":        func(ctx context.Context) error { return second(s.Token(ctx)) },
		"Refresh":      func(ctx context.Context) error { return second(s.Refresh(ctx)) },
		"call":         func(ctx context.Context) error { return second(c.Departments.List(ctx)) },
		"ForTenant":    func(ctx context.Context) error { return second(c.ForTenant(ctx, tenantA)) },
		"SetTenant":    func(ctx context.Context) error { return c.SetTenant(ctx, tenantA) },
		"and refresh":  func(ctx context.Context) error { return second(c.SetTenantAndRefresh(ctx, tenantA)) },
		"RefreshTS":    func(ctx context.Context) error { return second(c.RefreshTenantSession(ctx)) },
		"pool":         func(ctx context.Context) error { return pool.Do(ctx, tenantA, nothing) },
		"own source":   func(ctx context.Context) error { return second(other.Departments.List(ctx)) },
		"own verified": func(ctx context.Context) error { return second(other.ForTenant(ctx, tenantA)) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
			err := call(ctx)
			require.ErrorIs(t, err, context.Canceled)
			require.NotErrorIs(t, err, ErrUnauthenticated)
			require.NotErrorIs(t, err, cause)

			short, stop := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, cause)
			defer stop()
			err = call(short)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.NotErrorIs(t, err, ErrUnauthenticated)
		})
	}
}

func TestUserIsTheCallersOwn(t *testing.T) {
	p := newPlatform(t)
	p.set(func() {
		p.hook = func(kind string, w http.ResponseWriter, _ *http.Request) bool {
			if kind != "signup" {
				return false
			}
			writeJSON(w, 200, map[string]any{
				"access_token": testJWT(map[string]any{"sub": "u1"}), "refresh_token": "r1", "expires_in": 3600,
				"user": map[string]any{
					"id": "u1", "user_metadata": map[string]any{"k": map[string]any{"deep": []any{"v"}}},
					"confirmed_at": "2026-01-01T00:00:00Z",
					"identities":   []any{map[string]any{"identity_id": "i", "identity_data": map[string]any{"sub": "x"}}},
				},
			})
			return true
		}
	})
	res, err := p.client().Auth.SignUp(t.Context(), SignUpParams{Email: "u1@example.com", Password: testPassword})
	require.NoError(t, err)
	want := res.Session.User()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			u := res.Session.User()
			u.UserMetadata["seen"] = true
			u.UserMetadata["k"].(map[string]any)["deep"].([]any)[0] = "changed"
			u.Identities[0].Data["sub"] = "changed"
			*u.ConfirmedAt = time.Time{}
		})
	}
	res.User.UserMetadata["seen"] = true
	wg.Wait()
	require.Equal(t, want, res.Session.User())
}

// stubbornStore does not return before it is released, whatever its context.
type stubbornStore struct {
	memoryStore
	release chan struct{}
}

func (s *stubbornStore) Save(ctx context.Context, tok string) error {
	<-s.release
	return s.memoryStore.Save(ctx, tok)
}

func TestStoreThatHangsDoesNotHoldTheSession(t *testing.T) {
	p := newPlatform(t)
	store := &stubbornStore{release: make(chan struct{})}
	_, other := p.signIn()
	store.token = other.RefreshToken()
	s := NewSession(p.client(), "", WithSessionStore(store), p.clock(), func(c *sessionConfig) { c.timeout = 300 * time.Millisecond })

	start := time.Now()
	for range 3 {
		_, err := s.Token(t.Context())
		require.NoError(t, err, "the access token is there all the same")
		p.advance(2 * time.Hour)
	}
	require.ErrorIs(t, s.Flush(t.Context()), ErrUnavailable)
	require.ErrorIs(t, s.Close(), ErrUnavailable)
	require.Less(t, time.Since(start), 4*time.Second)

	close(store.release)
	require.Eventually(t, func() bool { return s.Flush(t.Context()) == nil }, 5*time.Second, time.Millisecond)
	require.Equal(t, s.RefreshToken(), store.stored(), "what hung does not overwrite the newest")
}

// panicStore panics while told to.
type panicStore struct {
	memoryStore
	panics atomic.Bool
}

func (s *panicStore) Load(ctx context.Context) (string, error) {
	if s.panics.Load() {
		panic("load")
	}
	return s.memoryStore.Load(ctx)
}

func (s *panicStore) Save(ctx context.Context, tok string) error {
	if s.panics.Load() {
		panic("save " + tok)
	}
	return s.memoryStore.Save(ctx, tok)
}

func TestPanickingStoreLeavesNothingBehind(t *testing.T) {
	p := newPlatform(t)
	_, other := p.signIn()
	store := &panicStore{memoryStore: memoryStore{token: other.RefreshToken()}}
	s := NewSession(p.client(), "", WithSessionStore(store), p.clock())

	store.panics.Store(true)
	_, err := s.Token(t.Context())
	require.ErrorContains(t, err, "panic: load")
	store.panics.Store(false)
	_, err = s.Token(t.Context())
	require.NoError(t, err)

	store.panics.Store(true)
	p.advance(2 * time.Hour)
	_, err = s.Token(t.Context())
	require.NoError(t, err, "like a save that fails")
	err = s.Flush(t.Context())
	require.ErrorContains(t, err, "panic: save")
	require.NotContains(t, fmt.Sprintf("%v %+v", err, err), s.RefreshToken())
	store.panics.Store(false)
	require.NoError(t, s.Flush(t.Context()))
}

func TestPanickingMiddlewareLeavesNothingBehind(t *testing.T) {
	p := newPlatform(t)
	var at atomic.Pointer[string]
	c := p.client(WithAttemptMiddleware(func(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		if k := at.Load(); k != nil && *k == kind(r) {
			at.Store(nil)
			panic("middleware at " + *k)
		}
		return next(r)
	}))
	s, err := c.Auth.SignInWithPassword(t.Context(), "u1@example.com", testPassword, p.clock())
	require.NoError(t, err)
	c = c.WithSession(s)
	for _, k := range []string{"refresh_token", "rpc_set_tenant_context", "v_tenants"} {
		p.advance(2 * time.Hour)
		at.Store(&k)
		err := calmly(func() error {
			b, err := c.ForTenant(t.Context(), tenantB)
			if err != nil {
				return err
			}
			return second(tenantOf(t, b))
		})
		require.ErrorContains(t, err, "middleware at "+k)
		b, err := c.ForTenant(t.Context(), tenantB)
		require.NoError(t, err, k)
		wantTenant(t, tenantB, b)

		at.Store(&k)
		_ = calmly(func() error { return c.SetTenant(t.Context(), tenantA) })
		at.Store(nil)
		require.NoError(t, c.SetTenant(t.Context(), tenantA))
	}
	require.Zero(t, session.LockedUsers())
}

// calmly makes an error of a panic.
func calmly(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return fn()
}

// panicOnce is a source that panics at first.
type panicOnce struct {
	did atomic.Bool
	tok Token
}

func (s *panicOnce) Token(context.Context) (Token, error) {
	if s.did.CompareAndSwap(false, true) {
		panic("token source")
	}
	return s.tok, nil
}

func TestPanicWhileThePoolMakesAClientLeavesNoEntry(t *testing.T) {
	p := newPlatform(t)
	src := &panicOnce{tok: Token{Value: testJWT(map[string]any{"sub": "u1", "tenant_id": "t1"})}}
	pool := NewTenantPool(p.client(WithTokenSource(src)), TenantPoolOptions{MaxTenants: 1})
	require.Panics(t, func() { _ = pool.Do(t.Context(), "t1", nothing) })
	require.Zero(t, pool.Len())
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	require.NoError(t, pool.Do(ctx, "t1", nothing))
	require.Panics(t, func() { _ = pool.Do(ctx, "t1", func(context.Context, *Client) error { panic("mine") }) })
	require.NoError(t, pool.Do(ctx, "t1", nothing))
}

func TestDoInsideDo(t *testing.T) {
	p := newPlatform(t)
	pool := newTestPool(p, TenantPoolOptions{MaxTenants: 2})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := pool.Do(ctx, "a", func(ctx context.Context, _ *Client) error {
		return pool.Do(ctx, "a", func(ctx context.Context, _ *Client) error {
			return pool.Do(ctx, "b", func(ctx context.Context, c *Client) error {
				wantTenant(t, "b", c)
				require.NoError(t, pool.Do(ctx, "a", nothing), "a tenant at hand needs no room")
				err := pool.Do(ctx, "c", nothing)
				require.ErrorIs(t, err, ErrUnavailable)
				require.ErrorContains(t, err, "MaxTenants (2)")
				return nil
			})
		})
	})
	require.NoError(t, err)
	require.NoError(t, pool.Do(ctx, "c", nothing))
}

func TestMiddlewareThatCallsTheSDK(t *testing.T) {
	p := newPlatform(t)
	var c *Client
	var s *Session
	var pool *TenantPool
	var got []error
	p.set(func() { p.life = time.Hour })
	inside := func(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		if k := kind(r); k == "refresh_token" || k == "rpc_set_tenant_context" {
			if r.Header.Get("X-Nested") == "" && c != nil {
				mine := c
				c = nil
				got = append(got,
					second(tenantIn(r.Context(), mine)), second(s.Refresh(r.Context())), s.Flush(r.Context()),
					pool.Do(r.Context(), tenantA, nothing))
				c = mine
			}
		}
		return next(r)
	}
	base := p.client(WithAttemptMiddleware(inside))
	s, err := base.Auth.SignInWithPassword(t.Context(), "u1@example.com", testPassword, p.clock())
	require.NoError(t, err)
	client := base.WithSession(s)
	pool = NewTenantPool(client, TenantPoolOptions{})
	p.advance(2 * time.Hour)
	c = client
	start := time.Now()
	require.NoError(t, pool.Do(t.Context(), tenantA, nothing))
	require.Less(t, time.Since(start), 10*time.Second)
	require.NotEmpty(t, got)
	for i, err := range got {
		if err != nil {
			require.ErrorIs(t, err, ErrUnavailable, i)
		}
	}
	require.ErrorIs(t, got[1], ErrUnavailable)
	wantTenant(t, "", client)
}
