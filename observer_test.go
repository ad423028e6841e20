package workorder

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// watcher notes the operations of calls, and how refreshes ended.
type watcher struct {
	mu        sync.Mutex
	ops       []string
	refreshes []error
	trail     []any // what the contexts of refreshes carry of the call that needed them
	panic     bool  // once, at a refresh
}

type trailKey struct{}

func (w *watcher) observer() Observer {
	return Observer{
		Call: func(ctx context.Context, start CallStart) (context.Context, func(CallDone)) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ops = append(w.ops, start.Op)
			return context.WithValue(ctx, trailKey{}, start.Op), nil
		},
		Refresh: func(ctx context.Context, done RefreshDone) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.refreshes = append(w.refreshes, done.Err)
			w.trail = append(w.trail, ctx.Value(trailKey{}))
			if w.panic {
				w.panic = false
				panic("boom of the observer")
			}
		},
	}
}

// A session tells the observers of the client that it was made with of its
// refreshes, whichever client needs them.
func TestObserverSeesRefreshes(t *testing.T) {
	p := newPlatform(t)
	var w watcher
	watched := p.client(WithObserver(w.observer()))
	s, err := watched.Auth.SignInWithPassword(t.Context(), "u1@example.com", testPassword, p.clock())
	require.NoError(t, err)
	c := watched.WithSession(s)
	require.Empty(t, w.refreshes, "signing in is a call and no refresh")
	require.Equal(t, []string{"Auth.SignInWithPassword"}, w.ops)

	p.advance(2 * time.Hour)
	_, err = tenantOf(t, c)
	require.NoError(t, err)
	require.Equal(t, []error{nil}, w.refreshes)
	require.Equal(t, []any{w.ops[1]}, w.trail, "the context of the call that needed the token")
	require.Empty(t, cmp.Diff([]string{"Session.Refresh"}, w.ops[2:3]))

	_, err = c.ForTenant(t.Context(), tenantA)
	require.NoError(t, err)
	require.Len(t, w.refreshes, 2, "a tenant's token is one more")

	p.set(func() {
		p.hook = func(kind string, w http.ResponseWriter, _ *http.Request) bool {
			if kind != "refresh_token" {
				return false
			}
			authError(w, 400, "session_expired", "over")
			return true
		}
	})
	_, err = s.Refresh(t.Context())
	require.ErrorIs(t, err, ErrSessionExpired)
	require.Len(t, w.refreshes, 3)
	require.ErrorIs(t, w.refreshes[2], ErrSessionExpired)
}

func TestPanicOfAnObserverFailsTheRefresh(t *testing.T) {
	p := newPlatform(t)
	w := watcher{panic: true}
	c := p.client(WithObserver(w.observer()))
	s, err := c.Auth.SignInWithPassword(t.Context(), "u1@example.com", testPassword, p.clock())
	require.NoError(t, err)
	before := s.RefreshToken()

	_, err = s.Refresh(t.Context())
	require.Error(t, err)
	require.NotContains(t, err.Error(), before)
	require.NotEqual(t, before, s.RefreshToken(), "the new refresh token is kept")

	p.advance(time.Minute)
	_, err = s.Refresh(t.Context())
	require.NoError(t, err)
	require.Equal(t, []error{nil, nil}, w.refreshes)
}
