package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workorder-systems/sdk-go/internal/jwtclaims"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// slowAuthority is a fakeAuthority that takes its time and may be asked by many
// at once. It knows when it is asked for two refreshes of one session at a time.
type slowAuthority struct {
	mu   sync.Mutex
	fake fakeAuthority
	busy bool
	lag  time.Duration
}

func (s *slowAuthority) Exchange(ctx context.Context, token string) (Grant, error) {
	s.mu.Lock()
	if s.busy {
		s.fake.broken = "two refreshes at a time"
	}
	s.busy = true
	lag := s.lag
	s.mu.Unlock()
	err := pause(ctx, lag)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = false
	if err != nil { // the request was given up before it arrived
		return Grant{}, sdkerr.New("op", sdkerr.ErrUnavailable, "%s", err)
	}
	s.fake.now = time.Now()
	return s.fake.Exchange(ctx, token)
}

func (s *slowAuthority) SetTenant(ctx context.Context, tok Token, tenant string) error {
	if err := pause(ctx, time.Millisecond); err != nil {
		return sdkerr.New("op", sdkerr.ErrUnavailable, "%s", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fake.now = time.Now()
	return s.fake.SetTenant(ctx, tok, tenant)
}

func (s *slowAuthority) change(f func(*fakeAuthority)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.fake)
}

// FuzzConcurrentCallers lets many callers ask for tokens of several tenants,
// force, move, clear, reject, give up and close at the same time, while refreshes
// fail, hang and lose their answers and others change the user's tenant. No
// refresh runs beside another, no chain breaks, no token of another tenant or
// past its life is handed out, whoever gives up learns so at once, and after
// Close no goroutine is left: the bubble would not end.
func FuzzConcurrentCallers(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		synctest.Test(t, func(t *testing.T) { storm(t, seed) })
	})
}

func storm(t *testing.T, seed uint64) {
	auth := &slowAuthority{fake: fakeAuthority{t: t, active: "r0", valid: map[string]time.Time{}, issued: map[string]int{}}}
	store := &memoryStore{token: "r0"}
	cfg := testConfig()
	cfg.Realm, cfg.Store, cfg.HealPause = fmt.Sprint(t.Name(), seed), store, 50*time.Millisecond
	s := New(auth, "", cfg)

	var callers sync.WaitGroup
	for i := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, i))
		callers.Go(func() {
			for range 40 {
				call(t, s, auth, store, r)
			}
		})
	}
	callers.Wait()

	auth.change(func(a *fakeAuthority) { a.flip, a.refuse, a.lose = "", nil, false })
	store.failWith(nil)
	if err := s.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
	if auth.fake.broken != "" {
		t.Error(auth.fake.broken)
	}
	if rt := s.RefreshToken(); store.stored() != rt {
		t.Errorf("stored %q, but the newest is %q", store.stored(), rt)
	}
	if _, err := s.Token(t.Context(), ""); !errors.Is(err, sdkerr.ErrSessionExpired) {
		t.Errorf("a closed session gave %v", err)
	}
}

// call does one thing at random.
func call(t *testing.T, s *Engine, auth *slowAuthority, store *memoryStore, r *rand.Rand) {
	ctx := t.Context()
	tenant := []string{"", "a", "b", "c"}[r.IntN(4)]
	switch r.IntN(14) {
	case 0:
		time.Sleep(time.Duration(r.IntN(3600)) * time.Second)
	case 1:
		auth.change(func(a *fakeAuthority) { a.flip = "b" })
	case 2:
		auth.change(func(a *fakeAuthority) { a.refuse = sdkerr.New("op", sdkerr.ErrUnavailable, "down") })
	case 3:
		auth.change(func(a *fakeAuthority) { a.lose = true })
	case 4:
		lag := time.Duration(r.IntN(3)) * 20 * time.Second // the longest outlasts a flight
		auth.mu.Lock()
		auth.lag = lag
		auth.mu.Unlock()
	case 5:
		store.failWith([]error{nil, errors.New("disk full")}[r.IntN(2)])
	case 6:
		_ = s.SetHome(ctx, tenant)
	case 7:
		check(t, "", func() (Token, error) { return s.Force(ctx, "") })
	case 8:
		check(t, tenant, func() (Token, error) { return s.Force(ctx, tenant) })
	case 9:
		check(t, "b", func() (Token, error) { return s.Move(ctx, "b") })
	case 10: // whoever gives up does not wait, and does not take the others along
		patience := time.Duration(r.IntN(30)) * time.Second
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		start := time.Now()
		check(t, tenant, func() (Token, error) { return s.Token(ctx, tenant) })
		if took := time.Since(start); took > patience {
			t.Errorf("waited %s with a patience of %s", took, patience)
		}
	case 11:
		if tok, err := s.Token(ctx, tenant); err == nil {
			s.Invalidate(tenant, tok)
		}
	default:
		check(t, tenant, func() (Token, error) { return s.Token(ctx, tenant) })
	}
}

// check asks for a token and looks at it. The session's own may be of any tenant.
func check(t *testing.T, tenant string, get func() (Token, error)) {
	tok, err := get()
	if err != nil {
		if errors.Is(err, sdkerr.ErrSessionExpired) {
			t.Errorf("the session ended: %v", err)
		}
		return
	}
	claims, err := jwtclaims.Parse(tok.Value)
	switch {
	case err != nil:
		t.Error(err)
	case tenant != "" && claims.TenantID != tenant:
		t.Errorf("asked for a token of %q, got one of %q", tenant, claims.TenantID)
	case !time.Now().Before(tok.Expiry):
		t.Error("the token has expired")
	}
}
