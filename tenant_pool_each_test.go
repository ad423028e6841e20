package workorder

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func tenants(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("tenant-%03d", i)
	}
	return out
}

func TestEachWorksInEveryTenantOnce(t *testing.T) {
	p := newPlatform(t)
	pool := newTestPool(p, TenantPoolOptions{MaxTenants: 20})
	var running, most atomic.Int64
	var mu sync.Mutex
	seen := map[string]int{}
	list := tenants(500)

	err := pool.Each(t.Context(), append(list, "TENANT-007"), 8, func(_ context.Context, id string, c *Client) error {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		got, err := tenantOf(t, c)
		if got != id {
			return fmt.Errorf("saw %q in %s: %w", got, id, err)
		}
		mu.Lock()
		defer mu.Unlock()
		seen[id]++
		return nil
	})

	require.NoError(t, err)
	require.Len(t, seen, 500)
	for id, n := range seen {
		require.Equal(t, 1, n, id)
	}
	require.LessOrEqual(t, most.Load(), int64(8))
	s := pool.Stats()
	require.Equal(t, int64(500), s.Made)
	require.Equal(t, int64(480), s.Dropped)
	require.Equal(t, 20, s.Tenants)
	require.Zero(t, s.InUse)
	require.Zero(t, s.Waiting)
	require.Zero(t, s.Failed)
}

func TestEachTellsWhatFailedWhere(t *testing.T) {
	p := newPlatform(t)
	pool := newTestPool(p, TenantPoolOptions{})
	boom := errors.New("boom")
	var turns atomic.Int64

	err := pool.Each(t.Context(), tenants(10), 3, func(_ context.Context, id string, _ *Client) error {
		turns.Add(1)
		if id == "tenant-003" || id == "tenant-007" {
			return boom
		}
		return nil
	})

	require.Equal(t, int64(10), turns.Load())
	require.ErrorIs(t, err, boom)
	require.Equal(t, []string{"tenant-003", "tenant-007"}, failedTenants(err))
	require.EqualError(t, err, "tenant tenant-003: boom\ntenant tenant-007: boom")
}

func failedTenants(err error) []string {
	var out []string
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		var te *TenantError
		if errors.As(e, &te) {
			out = append(out, te.TenantID)
		}
	}
	return out
}

func TestEachStopsWithItsContext(t *testing.T) {
	p := newPlatform(t)
	pool := newTestPool(p, TenantPoolOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	var turns atomic.Int64

	err := pool.Each(ctx, tenants(50), 2, func(context.Context, string, *Client) error {
		if turns.Add(1) == 5 {
			cancel()
		}
		return nil
	})

	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, turns.Load(), int64(10))
	require.GreaterOrEqual(t, len(failedTenants(err)), 40)
	require.LessOrEqual(t, len(failedTenants(err))+int(turns.Load()), 50+2, "a tenant either had its turn or is told")
}

func TestEachPassesAPanicOn(t *testing.T) {
	p := newPlatform(t)
	pool := newTestPool(p, TenantPoolOptions{})
	require.PanicsWithValue(t, "x", func() {
		_ = pool.Each(t.Context(), tenants(20), 4, func(_ context.Context, id string, _ *Client) error {
			if id == "tenant-002" {
				panic("x")
			}
			return nil
		})
	})
	require.Zero(t, pool.Stats().InUse)
	require.NoError(t, pool.Each(t.Context(), tenants(3), 4, func(context.Context, string, *Client) error { return nil }))
}

// A function that ends its goroutine, as t.FailNow does, ends that of Each.
func TestEachPassesAGoexitOn(t *testing.T) {
	p := newPlatform(t)
	pool := newTestPool(p, TenantPoolOptions{})
	var turns atomic.Int64
	returned := true
	var caller sync.WaitGroup
	caller.Go(func() {
		returned = false
		_ = pool.Each(t.Context(), tenants(20), 2, func(context.Context, string, *Client) error {
			turns.Add(1)
			runtime.Goexit()
			return nil
		})
		returned = true
	})
	caller.Wait()
	require.False(t, returned)
	require.LessOrEqual(t, turns.Load(), int64(2))
	require.Zero(t, pool.Stats().InUse)
}

func TestEachRefusesWhatCannotWork(t *testing.T) {
	p := newPlatform(t)
	pool := newTestPool(p, TenantPoolOptions{})
	fine := func(context.Context, string, *Client) error { return nil }
	p.forgetLog()
	require.ErrorIs(t, pool.Each(t.Context(), tenants(1), 0, fine), ErrInvalidInput)
	require.ErrorIs(t, pool.Each(t.Context(), []string{"a", ""}, 1, fine), ErrInvalidInput)
	require.ErrorIs(t, pool.Each(t.Context(), tenants(1), 1, nil), ErrInvalidInput)
	require.ErrorIs(t, new(TenantPool).Each(t.Context(), tenants(1), 1, fine), ErrInvalidInput)
	require.NoError(t, pool.Each(t.Context(), nil, 1, fine))
	require.Empty(t, p.steps())
}

// Calls that wait for room are counted while they wait.
func TestStatsOfWaitingCalls(t *testing.T) {
	p := newPlatform(t)
	pool := newTestPool(p, TenantPoolOptions{MaxTenants: 1})
	leave := make(chan struct{})
	var wg sync.WaitGroup
	for _, id := range []string{"a", "b", "c"} {
		wg.Go(func() {
			_ = pool.Do(t.Context(), id, func(context.Context, *Client) error { <-leave; return nil })
		})
	}
	require.Eventually(t, func() bool {
		s := pool.Stats()
		return s.InUse == 1 && s.Waiting == 2
	}, 5*time.Second, time.Millisecond)
	close(leave)
	wg.Wait()
	require.Zero(t, pool.Stats().Waiting)
	require.True(t, slices.Contains([]int64{2, 3}, pool.Stats().Waited))
}
