package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// WriteGate holds back the calls of functions that write while somebody needs
// the server's state about the caller to stay as it is: most of them store
// another tenant for the user. The zero value is open.
type WriteGate struct {
	mu     sync.Mutex
	inside int
	shut   chan struct{} // while shut; closed when the gate opens
	empty  chan struct{} // while Shut waits; closed when nobody is inside
}

// enter waits until the gate is open and goes in.
func (g *WriteGate) enter(ctx context.Context) error {
	for {
		g.mu.Lock()
		shut := g.shut
		if shut == nil {
			g.inside++
			g.mu.Unlock()
			return nil
		}
		g.mu.Unlock()
		select {
		case <-shut:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (g *WriteGate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside--; g.inside == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

// Shut lets nobody in any more and waits until those inside have left, but no
// longer than patience: a call that takes very long is not worth stopping all
// others. One caller at a time may use it.
func (g *WriteGate) Shut(ctx context.Context, patience time.Duration) (open func()) {
	g.mu.Lock()
	shut := make(chan struct{})
	g.shut = shut
	var empty chan struct{}
	if g.inside > 0 {
		empty = make(chan struct{})
		g.empty = empty
	}
	g.mu.Unlock()
	if empty != nil {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-empty:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.shut, g.empty = nil, nil
		close(shut)
	}
}

// pass takes a request through the gate of the Conn's token source, if it is
// one that the gate is for.
func (c *Conn) pass(ctx context.Context, r *Request) (leave func(), err error) {
	if c.cfg.GateOf == nil || r.Safe || r.Method != http.MethodPost || !strings.HasPrefix(r.Path, "/rest/v1/rpc/") {
		return func() {}, nil
	}
	g := c.cfg.GateOf(c.auth)
	if g == nil {
		return func() {}, nil
	}
	if err := g.enter(ctx); err != nil {
		return nil, err
	}
	return g.leave, nil
}
