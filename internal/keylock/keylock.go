// Package keylock has locks by name, for what a whole program does one at a time
// though it does it with many clients.
package keylock

import (
	"context"
	"sync"
)

// Set is a set of locks, each made when first wanted and dropped when nobody
// wants it any more.
type Set struct {
	// Nested is the error of Lock for who has the lock already.
	Nested error

	mu sync.Mutex
	m  map[string]*lock
}

type lock struct {
	held chan struct{}
	refs int
}

// mark is the key of contexts whose holder has a lock.
type mark struct {
	set *Set
	key string
}

// Lock waits for the lock of key, or for ctx. Whoever has it must work with the
// context that comes back, so that asking for it again fails instead of waiting
// for ever.
func (s *Set) Lock(ctx context.Context, key string) (held context.Context, unlock func(), err error) {
	mark := mark{s, key}
	if ctx.Value(mark) != nil {
		return nil, nil, s.Nested
	}
	s.mu.Lock()
	if s.m == nil {
		s.m = map[string]*lock{}
	}
	k := s.m[key]
	if k == nil {
		k = &lock{held: make(chan struct{}, 1)}
		s.m[key] = k
	}
	k.refs++
	s.mu.Unlock()

	drop := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if k.refs--; k.refs == 0 {
			delete(s.m, key)
		}
	}
	select {
	case k.held <- struct{}{}:
		return context.WithValue(ctx, mark, true), func() { <-k.held; drop() }, nil
	case <-ctx.Done():
		drop()
		return nil, nil, ctx.Err()
	}
}

// Len is how many locks there are.
func (s *Set) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.m)
}
