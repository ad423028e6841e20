package workorder

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/session"
)

const (
	tenantA = "aaaaaaaa-0000-4000-8000-000000000001"
	tenantB = "bbbbbbbb-0000-4000-8000-000000000002"
)

func TestForTenantShowsItsTenantAndLeavesTheParentAlone(t *testing.T) {
	p := newPlatform(t)
	c, _ := p.signIn()
	wantTenant(t, "", c)

	a, err := c.ForTenant(t.Context(), tenantA)
	require.NoError(t, err)
	b, err := a.ForTenant(t.Context(), tenantB)
	require.NoError(t, err)

	for range 3 {
		wantTenant(t, tenantA, a)
		wantTenant(t, tenantB, b)
		wantTenant(t, "", c)
		p.advance(2 * time.Hour)
	}
	id, err := a.conn.TenantFor(t.Context(), "op", "")
	require.NoError(t, err)
	require.Equal(t, tenantA, id)
	_, err = c.conn.TenantFor(t.Context(), "op", "")
	require.ErrorIs(t, err, ErrNoTenant)
}

func TestForTenantSetsTheTenantBeforeEveryRefresh(t *testing.T) {
	p := newPlatform(t)
	c, _ := p.signIn()
	p.forgetLog()

	a, err := c.ForTenant(t.Context(), tenantA)
	require.NoError(t, err)
	require.Equal(t, "rpc_set_tenant_context refresh_token", p.steps())

	p.advance(57 * time.Minute) // both tokens are due
	p.set(func() { p.current["u1"] = tenantB })
	wantTenant(t, tenantA, a)
	require.Eventually(t, func() bool { return p.counted("refresh_token") == 2 }, 5*time.Second, time.Millisecond)
	require.Equal(t, 2, p.counted("rpc_set_tenant_context"))
}

func TestForTenantOfANonMember(t *testing.T) {
	p := newPlatform(t)
	c, _ := p.signIn()
	p.set(func() { p.members = map[string]bool{tenantA: true} })

	_, err := c.ForTenant(t.Context(), tenantB)
	require.ErrorIs(t, err, ErrPermissionDenied)
	var e *SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, "ForTenant", e.Op)
	require.Equal(t, "42501", e.Code)

	p.set(func() { p.members[tenantB] = true })
	b, err := c.ForTenant(t.Context(), tenantB)
	require.NoError(t, err, "an invitation takes effect at once")
	wantTenant(t, tenantB, b)

	p.set(func() { delete(p.members, tenantB) })
	_, err = c.ForTenant(t.Context(), tenantB)
	require.ErrorIs(t, err, ErrPermissionDenied, "a token at hand does not hide that the user was removed")

	_, err = c.ForTenant(t.Context(), " ")
	require.ErrorIs(t, err, ErrInvalidInput)
	_, err = p.client().ForTenant(t.Context(), tenantA)
	require.ErrorIs(t, err, ErrUnauthenticated)
}

func TestFlippedTenantIsHealed(t *testing.T) {
	p := newPlatform(t)
	c, _ := p.signIn()
	a, err := c.ForTenant(t.Context(), tenantA)
	require.NoError(t, err)

	flips := 2
	p.set(func() {
		p.hook = func(kind string, _ http.ResponseWriter, _ *http.Request) bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			if kind == "refresh_token" && flips > 0 { // another program comes in between
				flips--
				p.current["u1"] = tenantB
			}
			return false
		}
	})
	p.advance(2 * time.Hour)
	wantTenant(t, tenantA, a)
	require.Zero(t, flips)
}

func TestTenantThatKeepsFlippingIsRefused(t *testing.T) {
	p := newPlatform(t)
	c, _ := p.signIn()
	a, err := c.ForTenant(t.Context(), tenantA)
	require.NoError(t, err)
	p.set(func() { p.flip = tenantB })
	p.advance(2 * time.Hour)

	before := p.counted("v_tenants")
	_, err = tenantOf(t, a)
	require.ErrorIs(t, err, ErrTenantMismatch)
	require.True(t, SafeToRetry(err), "others will not always be in the way")
	require.Equal(t, before, p.counted("v_tenants"), "nothing is read with another tenant's token")
	_, err = c.ForTenant(t.Context(), tenantA)
	require.ErrorIs(t, err, ErrTenantMismatch)
	require.True(t, SafeToRetry(err))
	require.LessOrEqual(t, p.counted("refresh_token"), 1+session.HealAttempts+1)
}

func TestTenantsOfOneSessionNeverMix(t *testing.T) {
	p := newPlatform(t)
	c, s := p.signIn()
	const tenants, rounds = 8, 15
	var wg sync.WaitGroup
	for i := range tenants {
		wg.Go(func() {
			id := fmt.Sprintf("tenant-%d", i)
			for range rounds {
				tc, err := c.ForTenant(t.Context(), id)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := tenantOf(t, tc)
				if err != nil || got != id {
					t.Errorf("client of %s saw %q, %v", id, got, err)
					return
				}
				tok, err := s.token(t.Context(), id)
				if err != nil {
					t.Error(err)
					return
				}
				s.engine.Invalidate(id, session.Token(tok))
				p.advance(6 * time.Second) // past the cool-down
			}
		})
	}
	wg.Go(func() {
		for range rounds {
			if got, err := tenantOf(t, c); err != nil || got != "" {
				t.Errorf("the session's own client saw %q, %v", got, err)
			}
			if tok, err := s.Token(t.Context()); err == nil {
				s.Invalidate(tok)
			}
		}
	})
	wg.Wait()
	require.Zero(t, session.LockedUsers(), "no lock is left behind")
}

func TestSessionsOfOneUserDoNotDisturbEachOther(t *testing.T) {
	p := newPlatform(t)
	c1, s1 := p.signIn()
	c2, s2 := p.signIn()
	a, err := c1.ForTenant(t.Context(), tenantA)
	require.NoError(t, err)
	b, err := c2.ForTenant(t.Context(), tenantB)
	require.NoError(t, err)
	p.forgetLog()

	var wg sync.WaitGroup
	for range 10 {
		for _, x := range []struct {
			c    *Client
			s    *Session
			want string
		}{{a, s1, tenantA}, {b, s2, tenantB}} {
			wg.Go(func() {
				if _, err := x.s.force(t.Context(), x.want); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		wantTenant(t, tenantA, a)
		wantTenant(t, tenantB, b)
	}
	require.Equal(t, p.counted("rpc_set_tenant_context"), p.counted("refresh_token"), "no refresh had to be repeated")
}

func TestForTenantFromARefreshTokenAlone(t *testing.T) {
	p := newPlatform(t)
	c, s := p.signIn()
	require.NoError(t, c.SetTenant(t.Context(), tenantB))
	s = NewSession(p.client(), s.RefreshToken(), p.clock())
	c = c.WithSession(s)
	p.forgetLog()

	a, err := c.ForTenant(t.Context(), tenantA)
	require.NoError(t, err)
	require.Equal(t, "refresh_token rpc_set_tenant_context refresh_token", p.steps())
	wantTenant(t, tenantA, a)
	wantTenant(t, tenantB, c)
	p.advance(2 * time.Hour)
	wantTenant(t, tenantB, c)
}

func TestExpiredTenantTokenNeedsOneRefreshWhenTheServerStillHasTheTenant(t *testing.T) {
	p := newPlatform(t)
	c, _ := p.signIn()
	a, err := c.ForTenant(t.Context(), tenantA)
	require.NoError(t, err)
	p.forgetLog()
	p.advance(2 * time.Hour)
	wantTenant(t, tenantA, a)
	require.Equal(t, "refresh_token v_tenants", p.steps())
}

func TestForTenantWithFixedTokens(t *testing.T) {
	p := newPlatform(t)
	claims := map[string]any{"sub": "u1", "tenant_id": tenantA, "exp": p.now.Add(time.Hour).Unix()}
	c := p.client().AsUser(testJWT(claims))

	a, err := c.ForTenant(t.Context(), "AAAAAAAA"+tenantA[8:])
	require.NoError(t, err)
	wantTenant(t, tenantA, a)
	_, err = a.ForTenant(t.Context(), tenantB)
	require.ErrorIs(t, err, ErrTenantMismatch)
	_, err = c.ForTenant(t.Context(), tenantB)
	require.ErrorIs(t, err, ErrTenantMismatch)
	require.False(t, SafeToRetry(err), "the token will always name the other tenant")

	src := &changingSource{tokens: []string{testJWT(claims), testJWT(claims), testJWT(map[string]any{
		"sub": "u1", "tenant_id": tenantB, "exp": p.now.Add(time.Hour).Unix(),
	})}}
	c, err = p.client().With(WithTokenSource(src))
	require.NoError(t, err)
	a, err = c.ForTenant(t.Context(), tenantA)
	require.NoError(t, err)
	wantTenant(t, tenantA, a)
	_, err = tenantOf(t, a)
	require.ErrorIs(t, err, ErrTenantMismatch, "a source that turns to another tenant is stopped")
}

// changingSource gives one token after the other.
type changingSource struct {
	mu     sync.Mutex
	tokens []string
}

func (s *changingSource) Token(context.Context) (Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tok := Token{Value: s.tokens[0]}
	if len(s.tokens) > 1 {
		s.tokens = s.tokens[1:]
	}
	return tok, nil
}

func TestAsUserWithGarbageSendsNothing(t *testing.T) {
	p := newPlatform(t)
	good := testJWT(map[string]any{"sub": "u1"})
	for _, jwt := range []string{"", "garbage", "a.b.c", good + ".x", good + "\r\nX: y", "Bearer " + good, good[:len(good)/2]} {
		c := p.client().AsUser(jwt)
		_, err := tenantOf(t, c)
		require.ErrorIs(t, err, ErrUnauthenticated)
		if len(jwt) > 10 {
			require.NotContains(t, fmt.Sprintf("%v %+v", err, err), jwt)
		}
		_, err = c.ForTenant(t.Context(), tenantA)
		require.ErrorIs(t, err, ErrUnauthenticated)
	}
	_, err := tenantOf(t, p.client().WithSession(nil))
	require.ErrorIs(t, err, ErrUnauthenticated)
	require.Empty(t, p.steps())

	_, err = tenantOf(t, p.client().AsUser(testJWT(map[string]any{"sub": "u1", "exp": p.now.Add(-time.Hour).Unix()})))
	require.ErrorIs(t, err, ErrUnauthenticated)
	require.Equal(t, "v_tenants", p.steps(), "only the server says that a token has expired")
}

func TestSetTenant(t *testing.T) {
	p := newPlatform(t)
	c, s := p.signIn()
	p.set(func() { p.members = map[string]bool{tenantA: true, tenantB: true} })
	p.forgetLog()

	require.NoError(t, c.SetTenant(t.Context(), tenantA))
	require.Equal(t, "rpc_set_tenant_context", p.steps(), "no refresh")
	require.JSONEq(t, `{"p_tenant_id":"`+tenantA+`"}`, p.bodies["rpc_set_tenant_context"])
	require.Equal(t, "public", p.headers["rpc_set_tenant_context"].Get("Content-Profile"))
	id, err := c.conn.TenantFor(t.Context(), "op", "")
	require.NoError(t, err)
	require.Equal(t, tenantA, id, "calls without a tenant act in it at once")
	wantTenant(t, "", c)

	tok, err := c.RefreshTenantSession(t.Context())
	require.NoError(t, err)
	wantTenant(t, tenantA, c)
	cur, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, tok.Value, cur.Value)

	// Another call stored another tenant; the session goes back by itself…
	p.set(func() { p.current["u1"] = tenantB })
	p.advance(58 * time.Minute)
	_, err = s.Token(t.Context())
	require.NoError(t, err)
	s.engine.Wait()
	wantTenant(t, tenantA, c)
	// …unless it is told to take what is stored.
	p.set(func() { p.current["u1"] = tenantB })
	_, err = c.RefreshTenantSession(t.Context())
	require.NoError(t, err)
	wantTenant(t, tenantB, c)
	id, err = c.conn.TenantFor(t.Context(), "op", "")
	require.NoError(t, err)
	require.Equal(t, tenantB, id)

	require.NoError(t, c.ClearTenant(t.Context()))
	require.Equal(t, "public", p.headers["rpc_clear_tenant_context"].Get("Content-Profile"))
	wantTenant(t, tenantB, c)
	_, err = c.RefreshTenantSession(t.Context())
	require.NoError(t, err)
	wantTenant(t, "", c)
	_, err = c.conn.TenantFor(t.Context(), "op", "")
	require.ErrorIs(t, err, ErrNoTenant)

	_, err = c.SetTenantAndRefresh(t.Context(), tenantA)
	require.NoError(t, err)
	wantTenant(t, tenantA, c)

	for _, err := range []error{c.SetTenant(t.Context(), "stranger"), second(c.SetTenantAndRefresh(t.Context(), "stranger"))} {
		require.ErrorIs(t, err, ErrPermissionDenied)
	}
	wantTenant(t, tenantA, c)
	require.ErrorIs(t, c.SetTenant(t.Context(), ""), ErrInvalidInput)
	require.ErrorIs(t, second(c.SetTenantAndRefresh(t.Context(), "")), ErrInvalidInput)
}

func second[A any](_ A, err error) error { return err }

func TestSetTenantReplacesARejectedToken(t *testing.T) {
	p := newPlatform(t)
	c, s := p.signIn()
	tok, err := s.Token(t.Context())
	require.NoError(t, err)
	p.set(func() { p.rejected[tok.Value] = true })
	require.NoError(t, c.SetTenant(t.Context(), tenantA))

	tok, err = s.Token(t.Context())
	require.NoError(t, err)
	p.advance(time.Minute)
	p.set(func() { p.rejected[tok.Value] = true })
	b, err := c.ForTenant(t.Context(), tenantB)
	require.NoError(t, err)
	wantTenant(t, tenantB, b)
}

func TestSetTenantAndRefreshHealsAFlip(t *testing.T) {
	p := newPlatform(t)
	c, _ := p.signIn()
	p.set(func() { p.flip = tenantB })
	_, err := c.SetTenantAndRefresh(t.Context(), tenantA)
	require.ErrorIs(t, err, ErrTenantMismatch)
	p.set(func() { p.flip = "" })
	_, err = c.SetTenantAndRefresh(t.Context(), tenantA)
	require.NoError(t, err)
	wantTenant(t, tenantA, c)
}

func TestSessionGoesOnWithoutATenantThatTheUserLeft(t *testing.T) {
	p := newPlatform(t)
	c, _ := p.signIn()
	_, err := c.SetTenantAndRefresh(t.Context(), tenantA)
	require.NoError(t, err)
	p.set(func() { p.members = map[string]bool{}; p.current["u1"] = "" })
	p.advance(57 * time.Minute)
	_, err = c.conn.Config().Auth.Token(t.Context())
	require.NoError(t, err)
	sessionOf(c.conn.Config().Auth).engine.Wait()
	wantTenant(t, "", c)
}

func TestTenantMethodsOfClientsThatCannotMove(t *testing.T) {
	p := newPlatform(t)
	c, _ := p.signIn()
	a, err := c.ForTenant(t.Context(), tenantA)
	require.NoError(t, err)
	require.ErrorIs(t, a.SetTenant(t.Context(), tenantB), ErrTenantMismatch)
	require.ErrorIs(t, a.ClearTenant(t.Context()), ErrTenantMismatch)
	_, err = a.RefreshTenantSession(t.Context())
	require.NoError(t, err)
	wantTenant(t, tenantA, a)

	anon := p.client()
	require.ErrorIs(t, anon.SetTenant(t.Context(), tenantA), ErrUnauthenticated)
	require.ErrorIs(t, anon.ClearTenant(t.Context()), ErrUnauthenticated)
	require.ErrorIs(t, second(anon.RefreshTenantSession(t.Context())), ErrUnauthenticated)

	u := p.client().AsUser(testJWT(map[string]any{"sub": "u9", "exp": p.now.Add(time.Hour).Unix()}))
	require.ErrorIs(t, u.SetTenant(t.Context(), tenantA), ErrTenantMismatch, "a fixed token cannot follow")
	require.ErrorIs(t, u.ClearTenant(t.Context()), ErrTenantMismatch)
	require.ErrorIs(t, second(u.SetTenantAndRefresh(t.Context(), tenantA)), ErrTenantMismatch)
	require.ErrorIs(t, second(u.RefreshTenantSession(t.Context())), ErrUnauthenticated)
	_, err = u.conn.TenantFor(t.Context(), "op", "")
	require.ErrorIs(t, err, ErrNoTenant)
}

func TestSelfSignedForTenant(t *testing.T) {
	p := newPlatform(t)
	p.members = map[string]bool{tenantA: true}
	src, err := NewSelfSigned(SelfSigned{Secret: "super-secret-jwt-token-for-tests", Subject: "u7"})
	require.NoError(t, err)
	c, err := p.client().With(WithTokenSource(src))
	require.NoError(t, err)
	a, err := c.ForTenant(t.Context(), tenantA)
	require.NoError(t, err)
	wantTenant(t, tenantA, a)
	wantTenant(t, "", c)
	_, err = c.ForTenant(t.Context(), tenantB)
	require.ErrorIs(t, err, ErrPermissionDenied)

	require.NoError(t, c.SetTenant(t.Context(), tenantA))
	wantTenant(t, tenantA, c)
	require.NoError(t, c.ClearTenant(t.Context()))
	wantTenant(t, "", c)
}
