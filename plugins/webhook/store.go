package webhook

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Store notes which events have been handled, so that one that is delivered again
// is not handled again. It is used by many goroutines; replicas share one that all
// of them reach.
type Store interface {
	// Begin claims an event for the caller. It fails with ErrHandled when the event
	// has been handled and with ErrBusy while somebody else holds it. A claim that
	// is neither finished nor abandoned, because its process died, is void after
	// the lease.
	Begin(ctx context.Context, event string, lease time.Duration) (Claim, error)
}

// Claim is the right to handle one event.
type Claim interface {
	// Finish notes that the event has been handled.
	Finish(ctx context.Context) error
	// Abandon lets others handle the event.
	Abandon(ctx context.Context) error
}

// What Begin says of an event that is not free.
var (
	ErrHandled = errors.New("the event has been handled")
	ErrBusy    = errors.New("the event is being handled")
)

// NewMemoryStore is a Store for one process. It keeps a handled event for so long;
// the platform delivers one for about four hours at most. NewMemoryStore panics for a
// time that is not positive: every event would be handled again.
func NewMemoryStore(keep time.Duration) Store {
	if keep <= 0 {
		panic("webhook: the time to keep handled events must be positive")
	}
	return &memoryStore{keep: keep, now: time.Now, events: map[string]*memoryEvent{}}
}

type memoryStore struct {
	keep time.Duration
	now  func() time.Time

	mu     sync.Mutex
	events map[string]*memoryEvent
	order  []*memoryEvent // of the handled ones, the oldest first
}

type memoryEvent struct {
	store *memoryStore
	id    string
	done  bool
	until time.Time // the end of the claim, or of being remembered
}

// Begin implements Store.
func (s *memoryStore) Begin(_ context.Context, id string, lease time.Duration) (Claim, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for len(s.order) > 0 && !now.Before(s.order[0].until) {
		delete(s.events, s.order[0].id)
		s.order[0] = nil
		s.order = s.order[1:]
	}
	if e := s.events[id]; e != nil {
		switch {
		case e.done:
			return nil, ErrHandled
		case now.Before(e.until):
			return nil, ErrBusy
		}
	}
	e := &memoryEvent{store: s, id: id, until: now.Add(lease)}
	s.events[id] = e
	return e, nil
}

// Finish implements Claim. It holds also when the claim is void by now: the event
// has been handled.
func (e *memoryEvent) Finish(context.Context) error {
	s := e.store
	s.mu.Lock()
	defer s.mu.Unlock()
	e.done, e.until = true, s.now().Add(s.keep)
	s.events[e.id] = e
	s.order = append(s.order, e)
	return nil
}

// Abandon implements Claim.
func (e *memoryEvent) Abandon(context.Context) error {
	s := e.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.events[e.id] == e && !e.done {
		delete(s.events, e.id)
	}
	return nil
}
