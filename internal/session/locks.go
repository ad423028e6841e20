package session

import (
	"context"
	"sync"
)

// users keeps the sessions of one user in this program from changing the
// user's stored tenant between each other's setting and refresh.
var users keyedLocks

// keyedLocks is a set of locks, each made when first wanted and dropped when
// nobody wants it any more.
type keyedLocks struct {
	mu sync.Mutex
	m  map[string]*keyedLock
}

type keyedLock struct {
	held chan struct{}
	refs int
}

// lockHeld is the key of contexts whose holder has a lock.
type lockHeld struct {
	locks *keyedLocks
	key   string
}

// lock waits for the lock of key, or for ctx. Whoever has it must work with the
// context that comes back, so that asking for it again fails instead of waiting
// for ever.
func (l *keyedLocks) lock(ctx context.Context, key string) (held context.Context, unlock func(), err error) {
	mark := lockHeld{l, key}
	if ctx.Value(mark) != nil {
		return nil, nil, errNested
	}
	l.mu.Lock()
	if l.m == nil {
		l.m = map[string]*keyedLock{}
	}
	k := l.m[key]
	if k == nil {
		k = &keyedLock{held: make(chan struct{}, 1)}
		l.m[key] = k
	}
	k.refs++
	l.mu.Unlock()

	drop := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if k.refs--; k.refs == 0 {
			delete(l.m, key)
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

// LockedUsers counts the users whose lock somebody has or waits for.
func LockedUsers() int {
	users.mu.Lock()
	defer users.mu.Unlock()
	return len(users.m)
}
