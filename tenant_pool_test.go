package workorder

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func newTestPool(p *platform, opts TenantPoolOptions) *TenantPool {
	c, _ := p.signIn()
	pool := NewTenantPool(c, opts)
	pool.now = p.time
	return pool
}

func nothing(context.Context, *Client) error { return nil }

func TestTenantPoolKeepsOneClientPerTenant(t *testing.T) {
	p := newPlatform(t)
	pool := newTestPool(p, TenantPoolOptions{})
	p.forgetLog()

	var wg sync.WaitGroup
	for i := range 60 {
		id := fmt.Sprintf("tenant-%d", i%3)
		wg.Go(func() {
			err := pool.Do(t.Context(), id, func(_ context.Context, c *Client) error {
				got, err := tenantOf(t, c)
				if got != id {
					return fmt.Errorf("saw %q in %s: %w", got, id, err)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 3, pool.Len())
	require.Equal(t, 3, p.counted("refresh_token"))
}

func TestTenantPoolIsBoundedAndDropsTheIdle(t *testing.T) {
	p := newPlatform(t)
	pool := newTestPool(p, TenantPoolOptions{MaxTenants: 2, IdleTimeout: time.Minute})
	for _, id := range []string{"a", "b", "c"} {
		require.NoError(t, pool.Do(t.Context(), id, nothing))
		p.advance(time.Second)
	}
	require.Equal(t, 2, pool.Len())
	refreshes := p.counted("refresh_token")
	require.NoError(t, pool.Do(t.Context(), "c", nothing))
	require.NoError(t, pool.Do(t.Context(), "b", nothing))
	require.Equal(t, refreshes, p.counted("refresh_token"), "the oldest was dropped")

	p.advance(2 * time.Minute)
	require.NoError(t, pool.Do(t.Context(), "d", nothing))
	require.Equal(t, 1, pool.Len())
}

func TestTenantPoolWaitsForRoom(t *testing.T) {
	p := newPlatform(t)
	pool := newTestPool(p, TenantPoolOptions{MaxTenants: 1})
	inside, leave := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- pool.Do(t.Context(), "a", func(context.Context, *Client) error {
			close(inside)
			<-leave
			return nil
		})
	}()
	<-inside
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, pool.Do(short, "b", nothing), context.DeadlineExceeded)

	got := make(chan error, 1)
	go func() { got <- pool.Do(t.Context(), "b", nothing) }()
	close(leave)
	require.NoError(t, <-done)
	require.NoError(t, <-got)
	require.Equal(t, 1, pool.Len())
}

func TestTenantPoolPassesErrorsOn(t *testing.T) {
	p := newPlatform(t)
	pool := newTestPool(p, TenantPoolOptions{})
	p.set(func() { p.members = map[string]bool{} })
	require.ErrorIs(t, pool.Do(t.Context(), tenantA, nothing), ErrPermissionDenied)
	require.Zero(t, pool.Len())
	require.ErrorIs(t, pool.Do(t.Context(), "", nothing), ErrInvalidInput)

	p.set(func() { p.members[tenantA] = true })
	mine := errors.New("mine")
	require.ErrorIs(t, pool.Do(t.Context(), tenantA, func(context.Context, *Client) error { return mine }), mine)
	require.Panics(t, func() {
		_ = pool.Do(t.Context(), tenantA, func(context.Context, *Client) error { panic("x") })
	})

	pool.Close()
	require.Zero(t, pool.Len(), "a panic does not keep the tenant in use")
	require.ErrorIs(t, pool.Do(t.Context(), tenantA, nothing), ErrUnavailable)
}

func TestTenantPoolGoesOnWhenTheFirstCallerGivesUp(t *testing.T) {
	p := newPlatform(t)
	pool := newTestPool(p, TenantPoolOptions{})
	arrived, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p.set(func() {
		p.hook = func(kind string, _ http.ResponseWriter, _ *http.Request) bool {
			if kind == "refresh_token" {
				once.Do(func() { close(arrived); <-release })
			}
			return false
		}
	})
	first, cancel := context.WithCancel(t.Context())
	gone, got := make(chan error, 1), make(chan error, 1)
	go func() { gone <- pool.Do(first, tenantA, nothing) }()
	<-arrived
	go func() { got <- pool.Do(t.Context(), tenantA, nothing) }()
	cancel()
	require.ErrorIs(t, <-gone, context.Canceled)
	close(release)
	require.NoError(t, <-got)
}

func TestTenantPoolMadeWrong(t *testing.T) {
	nothing := func(context.Context, *Client) error { return nil }
	for _, pool := range []*TenantPool{{}, NewTenantPool(nil, TenantPoolOptions{})} {
		require.ErrorIs(t, pool.Do(t.Context(), tenantA, nothing), ErrInvalidInput)
	}
	pool := NewTenantPool(newPlatform(t).client(), TenantPoolOptions{})
	require.ErrorIs(t, pool.Do(t.Context(), tenantA, nil), ErrInvalidInput)
}
