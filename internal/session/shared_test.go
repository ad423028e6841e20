package session

import (
	"context"
	"crypto/rand"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/jwtclaims"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// sharedStore is a Locker that can fail.
type sharedStore struct {
	memoryStore
	held     chan struct{}
	failLock error
	failSave error
	lock     func(context.Context) (func(), error) // instead
}

func newSharedStore(token string) *sharedStore {
	return &sharedStore{memoryStore: memoryStore{token: token}, held: make(chan struct{}, 1)}
}

func (s *sharedStore) Lock(ctx context.Context) (func(), error) {
	s.mu.Lock()
	err, instead := s.failLock, s.lock
	s.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case instead != nil:
		return instead(ctx)
	}
	select {
	case s.held <- struct{}{}:
		return func() { <-s.held }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *sharedStore) Save(ctx context.Context, token string) error {
	s.mu.Lock()
	err := s.failSave
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.memoryStore.Save(ctx, token)
}

func (s *sharedStore) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func newFake(t *testing.T) *fakeAuthority {
	return &fakeAuthority{t: t, now: time.Now(), active: "r0", valid: map[string]time.Time{}, issued: map[string]int{}}
}

// replica is one program's session of many that share a store. Realms differ, so
// that only the store's lock keeps them apart.
func replica(t *testing.T, auth Authority, store Store, refreshToken string) *Engine {
	cfg := testConfig()
	cfg.Realm, cfg.Store, cfg.HealPause = rand.Text(), store, 50*time.Millisecond
	e := New(auth, refreshToken, cfg)
	t.Cleanup(e.stop)
	return e
}

func wantToken(t *testing.T, e *Engine, tenant string) {
	t.Helper()
	tok, err := e.Token(t.Context(), tenant)
	require.NoError(t, err)
	c, err := jwtclaims.Parse(tok.Value)
	require.NoError(t, err)
	if tenant != "" {
		require.Equal(t, tenant, c.TenantID)
	}
}

// Replicas ask for tokens of several tenants at the same time. No refresh token
// is used twice, no refresh or storing of a tenant runs beside another, and none
// finds that the tenant it stored has changed.
func TestReplicasTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := &slowAuthority{fake: *newFake(t), lag: 30 * time.Millisecond}
		auth.fake.strict = true
		store := newSharedStore("r0")
		var work sync.WaitGroup
		for range 6 {
			e := replica(t, auth, store, "")
			for _, tenant := range []string{"a", "b", "c"} {
				work.Go(func() {
					for range 30 {
						wantToken(t, e, tenant)
						if err := e.Confirm(t.Context(), tenant); err != nil {
							t.Error(err)
						}
						time.Sleep(20 * time.Minute)
					}
				})
			}
		}
		work.Wait()
		require.Empty(t, auth.fake.broken)
		require.Equal(t, auth.fake.active, store.stored())
		require.LessOrEqual(t, auth.fake.refreshes, 6*(3*16+1), "a token of the right tenant at the first try")
	})
}

// Replicas are killed between any two steps of a refresh.
func TestKilledReplicaLeavesASessionThatGoesOn(t *testing.T) {
	for _, step := range []string{"lock", "load", "tenant", "refresh", "save"} {
		t.Run(step, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				auth := newFake(t)
				store := newSharedStore("r0")
				survivor := replica(t, auth, store, "")
				wantToken(t, survivor, "a")
				for range 5 {
					grave := &grave{sharedStore: store, auth: auth, step: step}
					victim := replica(t, grave, grave, "")
					_, err := victim.Token(t.Context(), "b")
					require.ErrorIs(t, err, errDead)
					time.Sleep(2 * time.Hour)
					auth.now = time.Now()
					wantToken(t, survivor, "a")
					require.Empty(t, auth.broken)
					require.Equal(t, auth.active, store.stored())
				}
			})
		})
	}
}

// grave is the store and Auth as a program sees them that dies after a step:
// from then on nothing that it does has an effect, and its lock comes free.
type grave struct {
	*sharedStore
	auth *fakeAuthority
	step string
	dead bool
}

var errDead = errors.New("dead")

func (g *grave) after(step string) error {
	if step == g.step && !g.dead {
		g.dead = true
		<-g.held
	}
	if g.dead {
		return errDead
	}
	return nil
}

func (g *grave) Lock(ctx context.Context) (func(), error) {
	unlock, err := g.sharedStore.Lock(ctx)
	if err != nil {
		return nil, err
	}
	return func() {
		if !g.dead {
			unlock()
		}
	}, g.after("lock")
}

func (g *grave) Load(ctx context.Context) (string, error) {
	token, err := g.sharedStore.Load(ctx)
	return token, errors.Join(err, g.after("load"))
}

func (g *grave) Save(ctx context.Context, token string) error {
	if g.dead {
		return errDead
	}
	return errors.Join(g.sharedStore.Save(ctx, token), g.after("save"))
}

func (g *grave) Exchange(ctx context.Context, token string) (Grant, error) {
	if g.dead {
		return Grant{}, errDead
	}
	grant, err := g.auth.Exchange(ctx, token)
	return grant, errors.Join(err, g.after("refresh"))
}

func (g *grave) SetTenant(ctx context.Context, tok Token, tenant string) error {
	if g.dead {
		return errDead
	}
	return errors.Join(g.auth.SetTenant(ctx, tok, tenant), g.after("tenant"))
}

func TestWhichRefreshTokenASharedSessionGoesOnWith(t *testing.T) {
	for _, tc := range []struct{ name, stored, given, active, want string }{
		{"the stored one", "r0", "", "r0", "r1"},
		{"the given one of an empty store", "", "r0", "r0", "r1"},
		{"the stored one rather than the given", "r0", "first", "r0", "r1"},
		{"the given one where the stored is over", "old", "r0", "r0", "r1"},
		{"none where both are over", "old", "older", "r0", ""},
		{"none", "", "", "r0", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			auth, store := newFake(t), newSharedStore(tc.stored)
			auth.active = tc.active
			e := replica(t, auth, store, tc.given)
			_, err := e.Token(t.Context(), "")
			if tc.want == "" {
				require.ErrorIs(t, err, sdkerr.ErrSessionExpired)
				require.Equal(t, tc.stored, store.stored())
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, store.stored())
		})
	}
}

func TestEmptySharedStoreMayBeFilledYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth, store := newFake(t), newSharedStore("")
		e := replica(t, auth, store, "")
		_, err := e.Token(t.Context(), "")
		require.ErrorIs(t, err, sdkerr.ErrSessionExpired)
		require.NoError(t, store.Save(t.Context(), "r0"))
		time.Sleep(time.Minute)
		wantToken(t, e, "a")
	})
}

// A replica that could not save goes on with the token that another got for the
// same one.
func TestSaveThatFailedIsMadeUpFor(t *testing.T) {
	for _, meanwhile := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			auth, store := newFake(t), newSharedStore("r0")
			a, b := replica(t, auth, store, ""), replica(t, auth, store, "")
			disk := errors.New("disk full")
			store.failWith(nil)
			a.auth = authorityWith{auth, func() { store.set(func() { store.failSave = disk }) }}
			wantToken(t, a, "")
			require.Equal(t, "r0", store.stored())
			require.ErrorIs(t, a.Flush(t.Context()), disk)

			time.Sleep(2 * time.Hour)
			auth.now = time.Now()
			_, err := a.Token(t.Context(), "")
			require.ErrorIs(t, err, disk, "a second refresh would leave the others with a token that is over")
			require.Equal(t, 1, auth.refreshes)

			time.Sleep(time.Minute)
			auth.now = time.Now()
			a.auth = auth
			store.set(func() { store.failSave = nil })
			if meanwhile {
				for range 3 {
					_, err := b.Force(t.Context(), "")
					require.NoError(t, err)
				}
			} else {
				require.NoError(t, a.Flush(t.Context()))
			}
			wantToken(t, a, "a")
			wantToken(t, b, "b")
			require.NoError(t, a.Close())
			require.Empty(t, auth.broken)
			require.Equal(t, auth.active, store.stored())
		})
	}
}

// authorityWith does something before each refresh.
type authorityWith struct {
	Authority
	before func()
}

func (a authorityWith) Exchange(ctx context.Context, token string) (Grant, error) {
	a.before()
	return a.Authority.Exchange(ctx, token)
}

func TestNoRefreshWithoutTheLock(t *testing.T) {
	hang := func(ctx context.Context) (func(), error) { <-ctx.Done(); return nil, ctx.Err() }
	gone := errors.New("connection refused")
	for name, broken := range map[string]func(*sharedStore){
		"the engine is away": func(s *sharedStore) { s.failLock = gone },
		"somebody has it":    func(s *sharedStore) { s.lock = hang },
		"it panics":          func(s *sharedStore) { s.lock = func(context.Context) (func(), error) { panic("lock") } },
		"it ends the goroutine": func(s *sharedStore) {
			s.lock = func(context.Context) (func(), error) { runtime.Goexit(); return nil, nil }
		},
		"it ignores its context and comes too late": func(s *sharedStore) {
			s.lock = func(context.Context) (func(), error) {
				time.Sleep(time.Minute)
				s.held <- struct{}{}
				return func() { <-s.held }, nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				auth, store := newFake(t), newSharedStore("r0")
				e := replica(t, auth, store, "")
				wantToken(t, e, "a")
				before := auth.refreshes

				store.set(func() { broken(store) })
				time.Sleep(59*time.Minute + 35*time.Second)
				auth.now = time.Now()
				wantToken(t, e, "a") // still valid
				time.Sleep(time.Minute)
				auth.now = time.Now()
				_, err := e.Token(t.Context(), "a")
				require.Error(t, err)
				require.NotErrorIs(t, err, sdkerr.ErrSessionExpired)
				if name != "it panics" {
					require.ErrorIs(t, err, sdkerr.ErrUnavailable)
					require.True(t, sdkerr.SafeToRetry(err), "it will be back")
				}
				require.Equal(t, before, auth.refreshes)

				store.set(func() { store.failLock, store.lock = nil, nil })
				time.Sleep(3 * time.Minute)
				auth.now = time.Now()
				wantToken(t, e, "a")
				require.Empty(t, auth.broken)
				require.Empty(t, store.held, "every lock was given back")
			})
		})
	}
}

func TestUnlockThatHangsOrPanicsDoesNotHoldTheSession(t *testing.T) {
	for name, unlock := range map[string]func(){
		"hangs":  func() { time.Sleep(time.Hour) },
		"panics": func() { panic("unlock") },
		"ends":   runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				auth, store := newFake(t), newSharedStore("r0")
				store.lock = func(context.Context) (func(), error) { return unlock, nil }
				e := replica(t, auth, store, "")
				start := time.Now()
				wantToken(t, e, "a")
				require.Less(t, time.Since(start), time.Minute)
				time.Sleep(time.Hour)
			})
		})
	}
}

func TestTokenThatSomebodyRotatedIsNoReuse(t *testing.T) {
	auth, store := newFake(t), newSharedStore("r0")
	e := replica(t, auth, store, "")
	other := replica(t, auth, store, "")
	// The lock is lost between the load and the refresh, and others go on.
	stolen := false
	e.auth = authorityWith{auth, func() {
		if !stolen {
			stolen = true
			<-store.held
			for range 3 {
				_, err := other.Force(t.Context(), "")
				require.NoError(t, err)
			}
			store.held <- struct{}{}
		}
	}}
	wantToken(t, e, "a")
	wantToken(t, other, "b")
	require.Equal(t, auth.active, store.stored())
}

func TestReplicasSignInOnce(t *testing.T) {
	auth := &slowAuthority{fake: *newFake(t), lag: time.Millisecond}
	auth.fake.password, auth.fake.strict = true, true
	store := newSharedStore("")
	var work sync.WaitGroup
	for range 4 {
		e := replica(t, auth, store, "")
		work.Go(func() { wantToken(t, e, "a") })
	}
	work.Wait()
	require.Equal(t, 1, auth.fake.signIns)
	require.Empty(t, auth.fake.broken)
}

func TestFreshSignInReplacesWhatIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, away := range []bool{false, true} {
			auth, store := newFake(t), newSharedStore("old")
			g, err := auth.Exchange(t.Context(), "r0")
			require.NoError(t, err)
			if away {
				store.failLock = errors.New("connection refused")
			}
			e := replica(t, auth, store, "")
			require.NoError(t, e.Begin(t.Context(), g, time.Now()))
			if away {
				require.Equal(t, "old", store.stored())
				require.ErrorIs(t, e.Flush(t.Context()), store.failLock)
				store.set(func() { store.failLock = nil })
			}
			wantToken(t, e, "a")
			require.Equal(t, auth.active, store.stored())
			require.Empty(t, auth.broken)
		}
	})
}

func TestSigningOutEmptiesASharedStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth, store := newFake(t), newSharedStore("r0")
		a, b := replica(t, auth, store, ""), replica(t, auth, store, "")
		wantToken(t, a, "a")
		wantToken(t, b, "b")
		require.NoError(t, a.SignedOut(t.Context()))
		require.Empty(t, store.stored())
		time.Sleep(2 * time.Hour)
		_, err := b.Token(t.Context(), "b")
		require.ErrorIs(t, err, sdkerr.ErrSessionExpired)
		require.NoError(t, b.Close())
		require.Empty(t, store.stored())
	})
}

func TestSessionOfAnotherUserIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth, store := newFake(t), newSharedStore("r0")
		e := replica(t, auth, store, "")
		wantToken(t, e, "a")
		auth.user = "u2"
		time.Sleep(2 * time.Hour)
		auth.now = time.Now()
		_, err := e.Token(t.Context(), "a")
		require.ErrorIs(t, err, sdkerr.ErrUnauthenticated)
		require.ErrorContains(t, err, "another user")
	})
}

// A middleware that asks for a tenant while a refresh or a confirmation has the
// lock cannot wait for it.
func TestStoresLockIsNotTakenTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth, store := newFake(t), newSharedStore("r0")
		e := replica(t, auth, store, "")
		wantToken(t, e, "a")
		var inside error
		e.auth = tenantWith{auth, func(ctx context.Context) { inside = e.Confirm(ctx, "a") }}
		start := time.Now()
		require.NoError(t, e.Confirm(t.Context(), "a"))
		require.ErrorIs(t, inside, errNested)
		wantToken(t, e, "b")
		require.ErrorIs(t, inside, errNested)
		require.Less(t, time.Since(start), time.Second)
	})
}

// tenantWith does something before each storing of a tenant.
type tenantWith struct {
	Authority
	before func(context.Context)
}

func (a tenantWith) SetTenant(ctx context.Context, tok Token, tenant string) error {
	a.before(ctx)
	return a.Authority.SetTenant(ctx, tok, tenant)
}

func TestTenantIsNotStoredWhileAnotherReplicaRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth, store := newFake(t), newSharedStore("r0")
		e := replica(t, auth, store, "")
		wantToken(t, e, "")
		wantToken(t, e, "a")
		auth.stored = "of the other"
		store.held <- struct{}{}
		for name, call := range map[string]func(context.Context) error{
			"Confirm": func(ctx context.Context) error { return e.Confirm(ctx, "a") },
			"SetHome": func(ctx context.Context) error { return e.SetHome(ctx, "b") },
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			require.ErrorIs(t, call(ctx), context.DeadlineExceeded, name)
			cancel()
			require.ErrorIs(t, call(t.Context()), sdkerr.ErrUnavailable, name)
			require.Equal(t, "of the other", auth.stored, name)
		}
		<-store.held
		require.NoError(t, e.SetHome(t.Context(), "b"))
		require.Equal(t, "b", auth.stored)
	})
}

// slowStore takes long to save and does not look at its context.
type slowStore struct {
	*sharedStore
	takes time.Duration
}

func (s *slowStore) Save(_ context.Context, token string) error {
	time.Sleep(s.takes)
	return s.sharedStore.Save(context.Background(), token)
}

// A save that was given up must not write when another replica has the lock.
func TestLockIsKeptUntilTheStoreReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth, store := newFake(t), newSharedStore("r0")
		a, b := replica(t, auth, &slowStore{store, 40 * time.Second}, ""), replica(t, auth, store, "")
		wantToken(t, a, "")
		for range 5 {
			_, err := b.Force(t.Context(), "")
			if err != nil {
				require.ErrorIs(t, err, sdkerr.ErrUnavailable)
			}
		}
		require.Empty(t, auth.broken)
		require.Equal(t, auth.active, store.stored())
	})
}

func TestClosingWaitsForASaveThatIsAboutToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth, store := newFake(t), newSharedStore("r0")
		e := replica(t, auth, &slowStore{store, 8 * time.Second}, "")
		go func() { _, _ = e.Token(t.Context(), "") }()
		time.Sleep(time.Second)
		require.NoError(t, e.Close()) // gives the refresh up after five seconds
		require.Equal(t, auth.active, store.stored())
	})
}
