package jwks

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrUnknownKey says that the server has no key of that id.
var ErrUnknownKey = errors.New("unknown key")

// errAborted says that fetching ended without a result.
var errAborted = errors.New("fetching the keys was aborted")

// Config is what a Cache works with.
type Config struct {
	Fetch func(context.Context) (map[string]Key, error)
	// Fresh is how long keys are used without asking for newer ones, Valid how long
	// they are used when these cannot be had.
	Fresh, Valid time.Duration
	// Every is the least time between two fetches.
	Every time.Duration
	// Timeout ends a fetch.
	Timeout time.Duration
	Now     func() time.Time
}

// Cache keeps the keys of one server. It fetches them when they are first needed,
// when they are no longer fresh, and when a token names one that it does not have.
// One fetch is under way at a time, whoever waits for it.
type Cache struct {
	cfg Config

	mu      sync.Mutex
	keys    map[string]Key
	fetched time.Time // when the fetch of keys began; zero: never
	began   time.Time // when the last fetch began that has ended; zero: none
	ended   time.Time // when it ended
	err     error     // its error
	flight  *flight
}

// flight is a fetch under way.
type flight struct {
	began time.Time
	done  chan struct{}
}

// NewCache makes a cache that has fetched nothing yet.
func NewCache(cfg Config) *Cache { return &Cache{cfg: cfg} }

// Key returns the key of that id. It is ErrUnknownKey when the server has none, as
// far as is known, ctx's error when that ended while the keys were fetched, and
// else why the keys could not be fetched.
func (c *Cache) Key(ctx context.Context, id string) (Key, error) {
	asked := c.cfg.Now()
	for {
		key, wait, err := c.look(id, asked)
		if wait == nil {
			return key, err
		}
		select {
		case <-wait.done:
		case <-ctx.Done():
			return Key{}, ctx.Err()
		}
	}
}

// look finds a key, or the fetch to wait for, for a caller who asked then.
func (c *Cache) look(id string, asked time.Time) (Key, *flight, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.cfg.Now()
	valid := !c.fetched.IsZero() && now.Sub(c.fetched) < c.cfg.Valid
	key, known := c.keys[id]
	switch {
	case valid && known:
		if now.Sub(c.fetched) >= c.cfg.Fresh && c.mayFetch(now) {
			c.begin(now) // nobody waits for it
		}
		return key, nil, nil
	case c.began.Before(asked) && c.flight != nil:
		return Key{}, c.flight, nil
	case c.began.Before(asked) && c.mayFetch(now):
		return Key{}, c.begin(now), nil
	case c.err != nil: // the server may have the key
		return Key{}, nil, c.err
	}
	return Key{}, nil, ErrUnknownKey
}

// mayFetch reports whether a fetch may begin.
func (c *Cache) mayFetch(now time.Time) bool {
	every := c.cfg.Every
	if c.err != nil {
		every = min(every, time.Second)
	}
	return c.flight == nil && (c.ended.IsZero() || now.Sub(c.ended) >= every)
}

// begin sets a fetch off. It runs in a goroutine of its own, because the call that
// begins it may be cancelled while others wait for it.
func (c *Cache) begin(now time.Time) *flight {
	f := &flight{began: now, done: make(chan struct{})}
	c.flight = f
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), c.cfg.Timeout)
		defer cancel()
		var keys map[string]Key
		err := errAborted // unless Fetch returns
		defer func() { c.land(f, keys, err) }()
		defer func() {
			if v := recover(); v != nil { // in a middleware; it must not end the program
				keys, err = nil, fmt.Errorf("%w: panic: %v", errAborted, v)
			}
		}()
		keys, err = c.cfg.Fetch(ctx)
	}()
	return f
}

// land takes the result of a fetch. Keys that it does not bring stay.
func (c *Cache) land(f *flight, keys map[string]Key, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flight, c.began, c.ended, c.err = nil, f.began, c.cfg.Now(), err
	if err == nil {
		c.keys, c.fetched = keys, f.began
	}
	close(f.done)
}
