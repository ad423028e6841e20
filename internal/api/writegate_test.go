package api

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWriteGateKeepsWritesOutWhileShut(t *testing.T) {
	var g WriteGate
	var shut atomic.Bool
	var wg sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	for range 16 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if g.enter(ctx) != nil {
					return
				}
				if shut.Load() {
					t.Error("a write is under way while the gate is shut")
				}
				g.leave()
			}
		})
	}
	for range 50 {
		open := g.Shut(ctx, time.Minute)
		shut.Store(true)
		time.Sleep(100 * time.Microsecond)
		shut.Store(false)
		open()
	}
	stop()
	wg.Wait()
}

func TestWriteGateDoesNotWaitForEver(t *testing.T) {
	var g WriteGate
	require.NoError(t, g.enter(t.Context())) // a write that takes very long
	open := g.Shut(t.Context(), time.Millisecond)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, g.enter(cancelled), context.Canceled, "a waiting write follows its own context")
	open()
	require.NoError(t, g.enter(t.Context()))
	g.leave()
	g.leave()
	require.Zero(t, g.inside)
}
