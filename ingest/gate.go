package ingest

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// gate lets calls through: so many at a time, none while the server wants to be
// left alone, and more slowly after it said that there were too many. While the
// server fails, one call at a time tries whether it is back.
type gate struct {
	slots chan struct{}
	wells atomic.Int64 // calls that went well

	mu       sync.Mutex
	busy     int
	next     time.Time     // when the next call may go
	interval time.Duration // between two calls
	strikes  int           // refusals and failures since a call last went well
	failing  time.Time     // since when every call has failed; zero: not so
	slowed   time.Time     // when calls were last held back
	changed  chan struct{} // closed when the state has changed
}

// What a refusal for too many calls does to the time between two of them.
const (
	firstInterval = 20 * time.Millisecond
	maxInterval   = 10 * time.Second
)

// The wait after a failure that says nothing of one: doubled each time.
const (
	firstPause = 250 * time.Millisecond
	maxPause   = 30 * time.Second
)

func newGate(concurrency int) *gate {
	return &gate{slots: make(chan struct{}, concurrency), changed: make(chan struct{})}
}

// enter waits until a call may go, and gives the time at which it does.
func (g *gate) enter(ctx context.Context) (time.Time, error) {
	select {
	case g.slots <- struct{}{}:
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
	for {
		g.mu.Lock()
		now := time.Now()
		wait := g.next.Sub(now)
		probing := !g.failing.IsZero() && g.busy > 0
		if wait <= 0 && !probing && ctx.Err() == nil {
			g.busy++
			g.next = now.Add(g.interval)
			g.mu.Unlock()
			return now, nil
		}
		changed := g.changed
		g.mu.Unlock()
		timer := time.NewTimer(max(wait, time.Millisecond))
		if probing {
			timer.Stop() // until it has ended
		}
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			<-g.slots
			return time.Time{}, ctx.Err()
		}
		timer.Stop()
	}
}

// well ends a call that the server answered as it should.
func (g *gate) well(time.Time) {
	g.wells.Add(1)
	g.leave(func() {
		g.strikes, g.failing = 0, time.Time{}
		g.interval = g.interval * 7 / 8
		if g.interval < time.Millisecond {
			g.interval = 0
		}
	})
}

// limited ends a call that came too soon. after is how long the server wants to
// be left alone, 0 when it does not say. Calls that began before the last such
// answer say nothing new.
func (g *gate) limited(began time.Time, after time.Duration) {
	g.leave(func() {
		g.failing = time.Time{} // it is there
		if began.After(g.slowed) {
			g.interval = min(max(2*g.interval, firstInterval), maxInterval)
		}
		g.hold(began, after)
	})
}

// failed ends a call that the server did not answer as it should, and gives how
// long that has been so.
func (g *gate) failed(began time.Time, after time.Duration) (failing time.Duration) {
	g.leave(func() {
		if g.failing.IsZero() {
			g.failing = time.Now()
		}
		failing = time.Since(g.failing)
		g.hold(began, after)
	})
	return failing
}

// hold lets nothing through for a while. The caller holds the lock.
func (g *gate) hold(began time.Time, after time.Duration) {
	now := time.Now()
	if began.After(g.slowed) {
		g.strikes++
		g.slowed = now
		if after <= 0 {
			after = pause(g.strikes)
		}
	}
	if until := now.Add(after); until.After(g.next) {
		g.next = until
	}
}

func (g *gate) leave(change func()) {
	g.mu.Lock()
	g.busy--
	change()
	close(g.changed)
	g.changed = make(chan struct{})
	g.mu.Unlock()
	<-g.slots
}

// pause is how long to wait after the n-th failure in a row.
func pause(n int) time.Duration {
	d := maxPause
	if n < 8 {
		d = min(firstPause<<(n-1), maxPause)
	}
	return d/2 + rand.N(d/2)
}
