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

	"github.com/stretchr/testify/require"
)

func TestManyCallersWithAnExpiredTokenCauseOneRefresh(t *testing.T) {
	p := newPlatform(t)
	_, s := p.signIn()
	p.advance(2 * time.Hour)

	var wg sync.WaitGroup
	tokens := make([]Token, 1000)
	errs := make([]error, len(tokens))
	for i := range tokens {
		wg.Go(func() { tokens[i], errs[i] = s.Token(t.Context()) })
	}
	wg.Wait()

	for i := range tokens {
		require.NoError(t, errs[i])
		require.Equal(t, tokens[0].Value, tokens[i].Value)
	}
	require.Equal(t, 1, p.counted("refresh_token"))
}

func TestRejectedTokenCausesOneRefreshHoweverManyCallsSawIt(t *testing.T) {
	p := newPlatform(t)
	c, s := p.signIn()
	old, err := s.Token(t.Context())
	require.NoError(t, err)
	p.set(func() { p.rejected[old.Value] = true })

	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			_, err := tenantOf(t, c)
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, p.counted("refresh_token"))
	require.LessOrEqual(t, p.counted("v_tenants"), 200)

	s.Invalidate(old)
	_, err = s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, p.counted("refresh_token"), "an old token's rejection must not drop the new one")
}

func TestRejectedCallIsReplayedOnce(t *testing.T) {
	p := newPlatform(t)
	c, _ := p.signIn()
	p.set(func() {
		p.hook = func(kind string, w http.ResponseWriter, _ *http.Request) bool {
			if kind == "v_tenants" {
				restError(w, 401, "PGRST303", "JWT expired")
			}
			return kind == "v_tenants"
		}
	})
	for range 5 {
		_, err := tenantOf(t, c)
		require.ErrorIs(t, err, ErrUnauthenticated)
	}
	require.Equal(t, 1, p.counted("refresh_token"), "a server that rejects everything is not asked for a token with every call")
	require.Equal(t, 6, p.counted("v_tenants"))
}

func TestRefreshOutlivesTheCallThatBeganIt(t *testing.T) {
	p := newPlatform(t)
	_, s := p.signIn()
	p.advance(2 * time.Hour)
	arrived, release := make(chan struct{}), make(chan struct{})
	p.set(func() {
		p.hook = func(kind string, _ http.ResponseWriter, _ *http.Request) bool {
			if kind == "refresh_token" {
				close(arrived)
				<-release
			}
			return false
		}
	})

	first, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() { _, err := s.Token(first); gone <- err }()
	<-arrived
	cancel()
	require.ErrorIs(t, <-gone, context.Canceled)

	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := s.Token(short)
	require.ErrorIs(t, err, context.DeadlineExceeded, "a waiter follows its own context")

	close(release)
	_, err = s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, p.counted("refresh_token"))
}

func TestTokenIsReplacedBeforeItExpires(t *testing.T) {
	p := newPlatform(t)
	_, s := p.signIn(WithRefreshMargins(10*time.Minute, time.Minute))
	old, err := s.Token(t.Context())
	require.NoError(t, err)

	p.advance(49 * time.Minute)
	tok, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, old.Value, tok.Value)
	require.Zero(t, p.counted("refresh_token"))

	p.advance(2 * time.Minute) // within the advisory margin
	tok, err = s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, old.Value, tok.Value, "the old token serves while the refresh runs")
	require.Eventually(t, func() bool {
		tok, err := s.Token(t.Context())
		return err == nil && tok.Value != old.Value
	}, 5*time.Second, time.Millisecond)
	require.Equal(t, 1, p.counted("refresh_token"))

	p.advance(59*time.Minute + 30*time.Second) // within the mandatory margin
	old = tok
	tok, err = s.Token(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, old.Value, tok.Value)
	require.Equal(t, 2, p.counted("refresh_token"))
}

func TestValidTokenSurvivesAFailedRefreshAndTheSessionCoolsDown(t *testing.T) {
	p := newPlatform(t)
	_, s := p.signIn()
	old, err := s.Token(t.Context())
	require.NoError(t, err)
	down := true
	p.set(func() {
		p.hook = func(kind string, w http.ResponseWriter, _ *http.Request) bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			if kind == "refresh_token" && down {
				authError(w, 503, "unavailable", "try later")
				return true
			}
			return false
		}
	})

	p.advance(59*time.Minute + 45*time.Second) // calls wait for a refresh
	for range 10 {
		tok, err := s.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, old.Value, tok.Value)
	}
	require.Equal(t, 1, p.counted("refresh_token"), "no second try while cooling down")

	p.advance(time.Minute) // the token has expired
	_, err = s.Token(t.Context())
	require.ErrorIs(t, err, ErrUnavailable)
	require.Equal(t, 2, p.counted("refresh_token"))
	_, err = s.Token(t.Context())
	require.ErrorIs(t, err, ErrUnavailable)
	require.Equal(t, 2, p.counted("refresh_token"), "the failure is repeated without asking")

	p.set(func() { down = false })
	p.advance(10 * time.Second)
	tok, err := s.Token(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, old.Value, tok.Value)
}

func TestSessionEndsWhenAuthSaysSo(t *testing.T) {
	for _, code := range []string{"refresh_token_already_used", "refresh_token_not_found", "session_not_found", "session_expired", "validation_failed"} {
		t.Run(code, func(t *testing.T) {
			p := newPlatform(t)
			c, s := p.signIn()
			p.set(func() {
				p.hook = func(kind string, w http.ResponseWriter, _ *http.Request) bool {
					if kind == "refresh_token" {
						authError(w, 400, code, "no")
					}
					return kind == "refresh_token"
				}
			})
			p.advance(2 * time.Hour)
			for range 3 {
				_, err := tenantOf(t, c)
				require.ErrorIs(t, err, ErrSessionExpired)
				var e *SdkError
				require.ErrorAs(t, err, &e)
				require.Equal(t, code, e.Code)
			}
			p.advance(time.Hour)
			_, err := s.Token(t.Context())
			require.ErrorIs(t, err, ErrSessionExpired)
			require.Equal(t, 1, p.counted("refresh_token"), "an ended session is not asked again")
		})
	}
}

func TestRotatedTokenIsSavedBeforeTheAccessTokenIsUsed(t *testing.T) {
	p := newPlatform(t)
	store := &memoryStore{}
	_, s := p.signIn(WithSessionStore(store))
	require.Equal(t, "refresh-000001", store.stored())

	for want := 2; want < 5; want++ {
		p.advance(2 * time.Hour)
		_, err := s.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, s.RefreshToken(), store.stored())
	}
	require.Equal(t, []string{"refresh-000001", "refresh-000002", "refresh-000003", "refresh-000004"}, store.saves)

	again := NewSession(p.client(), "", WithSessionStore(store), p.clock())
	_, err := again.Token(t.Context())
	require.NoError(t, err, "a restarted program goes on with the stored token")
	require.Equal(t, "refresh-000005", store.stored())
	require.Equal(t, "u1", again.User().ID)
}

func TestFailedSaveLosesNothing(t *testing.T) {
	p := newPlatform(t)
	store := &memoryStore{}
	_, s := p.signIn(WithSessionStore(store))
	disk := errors.New("disk full")

	store.failWith(disk)
	p.advance(2 * time.Hour)
	tok, err := s.Token(t.Context())
	require.NoError(t, err, "the call that needed the token gets it")
	require.Equal(t, "refresh-000002", s.RefreshToken())
	require.Equal(t, "refresh-000001", store.stored())
	require.ErrorIs(t, s.Flush(t.Context()), disk)

	store.failWith(fmt.Errorf("update sessions set token = %q: %w", s.RefreshToken(), disk))
	err = s.Flush(t.Context())
	require.ErrorIs(t, err, disk)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "refresh-000002",
		"a store that quotes the token does not give it away")
	store.failWith(disk)

	p.advance(57 * time.Minute) // a refresh is due, but not pressing
	got, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, tok.Value, got.Value)
	s.engine.Wait()
	require.Equal(t, 1, p.counted("refresh_token"), "the store must not fall two tokens behind")
	_, err = s.Refresh(t.Context())
	require.ErrorIs(t, err, disk)

	p.advance(time.Hour) // no valid token: the session goes on
	_, err = s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "refresh-000003", s.RefreshToken())

	require.ErrorIs(t, s.Close(), disk)
	store.failWith(nil)
	require.NoError(t, s.Close())
	require.Equal(t, "refresh-000003", store.stored())
}

func TestStoreThatCannotLoadIsAskedAgain(t *testing.T) {
	p := newPlatform(t)
	store := &memoryStore{fail: errors.New("no route to the vault")}
	s := NewSession(p.client(), "", WithSessionStore(store), p.clock())
	_, err := s.Token(t.Context())
	require.ErrorIs(t, err, store.fail)

	store.failWith(nil)
	p.advance(10 * time.Second)
	_, err = s.Token(t.Context())
	require.ErrorIs(t, err, ErrSessionExpired, "an empty store holds no session")

	_, other := p.signIn()
	require.NoError(t, store.Save(t.Context(), other.RefreshToken()))
	p.advance(10 * time.Second)
	_, err = s.Token(t.Context())
	require.NoError(t, err)
}

func TestPasswordSessionSignsInAgain(t *testing.T) {
	p := newPlatform(t)
	s := NewPasswordSession(p.client(), "u1@example.com", testPassword, p.clock())
	require.Empty(t, p.steps(), "nothing is sent before a token is needed")

	_, err := s.Token(t.Context())
	require.NoError(t, err)
	p.set(func() {
		for _, c := range p.sessions {
			c.revoked = true
		}
	})
	p.advance(2 * time.Hour)
	_, err = s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "password refresh_token password", p.steps())
}

func TestWrongPasswordIsNotTriedWithEveryCall(t *testing.T) {
	p := newPlatform(t)
	s := NewPasswordSession(p.client(), "u1@example.com", "wrong-password", p.clock())
	for range 5 {
		_, err := s.Token(t.Context())
		require.ErrorIs(t, err, ErrUnauthenticated)
		require.NotContains(t, err.Error(), "wrong-password")
	}
	require.Equal(t, 1, p.counted("password"))
}

func TestClosedSession(t *testing.T) {
	p := newPlatform(t)
	c, s := p.signIn()
	p.advance(2 * time.Hour)
	arrived, release := make(chan struct{}), make(chan struct{})
	p.set(func() {
		p.hook = func(string, http.ResponseWriter, *http.Request) bool {
			close(arrived)
			<-release
			return false
		}
	})
	got := make(chan error)
	go func() { _, err := s.Token(t.Context()); got <- err }()
	<-arrived
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	close(release)
	require.NoError(t, <-closed)
	require.NoError(t, <-got, "a refresh that runs may finish")
	require.Equal(t, "refresh-000002", s.RefreshToken())

	_, err := tenantOf(t, c)
	require.ErrorIs(t, err, ErrSessionExpired)
	require.NoError(t, s.Close())
}

func TestRetryAfterProlongsTheCoolDown(t *testing.T) {
	p := newPlatform(t)
	_, s := p.signIn()
	p.set(func() {
		p.hook = func(kind string, w http.ResponseWriter, _ *http.Request) bool {
			if kind != "refresh_token" {
				return false
			}
			w.Header().Set("Retry-After", "20")
			authError(w, 429, "over_request_rate_limit", "slow down")
			return true
		}
	})
	p.advance(2 * time.Hour)
	for range 3 {
		_, err := s.Token(t.Context())
		require.ErrorIs(t, err, ErrRateLimited)
		p.advance(6 * time.Second)
	}
	require.Equal(t, 1, p.counted("refresh_token"))
	p.advance(10 * time.Second)
	_, err := s.Token(t.Context())
	require.ErrorIs(t, err, ErrRateLimited)
	require.Equal(t, 2, p.counted("refresh_token"))
}

func TestLostAnswerToARefreshLosesNothing(t *testing.T) {
	p := newPlatform(t)
	c := p.client(WithRetry(RetryPolicy{MaxAttempts: 3, BaseDelay: time.Millisecond}))
	s, err := c.Auth.SignInWithPassword(t.Context(), "u1@example.com", testPassword, p.clock())
	require.NoError(t, err)
	p.advance(2 * time.Hour)
	var lost atomic.Bool
	real := p.Config.Handler
	p.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if kind(r) == "refresh_token" && !lost.Swap(true) {
			real.ServeHTTP(&deaf{header: http.Header{}}, r) // rotated, but nobody hears of it
			panic(http.ErrAbortHandler)
		}
		real.ServeHTTP(w, r)
	})
	_, err = s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, p.counted("refresh_token"))
}

// deaf is a ResponseWriter whose answer gets lost.
type deaf struct{ header http.Header }

func (d *deaf) Header() http.Header         { return d.header }
func (d *deaf) Write(b []byte) (int, error) { return len(b), nil }
func (d *deaf) WriteHeader(int)             {}
