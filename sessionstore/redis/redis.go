// Package redis keeps the refresh token of a session in Redis, Valkey or what
// speaks their protocol, where replicas on many machines share it.
//
// The lock is a key that expires: the store renews it while a refresh runs, and
// when the process that has it dies, or is cut off, it comes free by itself after
// the lease ([WithLease]). A Save whose lock has expired meanwhile changes
// nothing and fails with [sessionstore.ErrLockLost].
//
// What the server forgets is lost. Run it with appendonly yes, best with
// appendfsync always, and with maxmemory-policy noeviction; a failover to a
// replica that lags behind may bring a token back that has been used.
package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/sessionstore"
	"github.com/workorder-systems/sdk-go/sessionstore/internal/poll"
)

// defaultLease is how long a lock outlives its process.
const defaultLease = 5 * time.Second

// Store keeps the refresh token of one session. It is a workorder.SessionLocker,
// and any number of programs may have one of the same name.
type Store struct{ *state }

type state struct {
	client goredis.UniversalClient
	keys   []string // of the token and of the lock
	lease  time.Duration
	turn   chan struct{} // whose turn it is in this program

	mu    sync.Mutex
	owner string // what the lock holds while it is this program's
}

// Option changes how a Store works.
type Option func(*state)

// WithLease sets how long the lock outlives a process that dies. The default is
// five seconds. It must be longer than the server may be out of reach for without
// a refresh failing.
func WithLease(d time.Duration) Option { return func(s *state) { s.lease = d } }

// New makes a store for the session of a name. It sends nothing. Closing the
// client is up to the caller.
func New(client goredis.UniversalClient, name string, opts ...Option) (*Store, error) {
	s := &state{
		client: client,
		// The braces keep the keys of a session on one node of a cluster.
		keys:  []string{"workorder:session:{" + name + "}", "workorder:session:{" + name + "}:lock"},
		lease: defaultLease,
		turn:  make(chan struct{}, 1),
	}
	for _, o := range opts {
		if o != nil {
			o(s)
		}
	}
	switch {
	case client == nil:
		return nil, invalid("the client is nil")
	case name == "" || strings.ContainsAny(name, "{}"):
		return nil, invalid("the name must not be empty or hold braces")
	case s.lease < 100*time.Millisecond:
		return nil, invalid("the lease must be at least 100ms")
	}
	return &Store{s}, nil
}

var errZero = fmt.Errorf("sessionstore/redis: %w: a Store is made by New", workorder.ErrInvalidInput)

func invalid(why string) error {
	return fmt.Errorf("redis.New: %w: %s", workorder.ErrInvalidInput, why)
}

// Load implements workorder.SessionStore.
func (s *Store) Load(ctx context.Context) (string, error) {
	if s.state == nil {
		return "", errZero
	}
	token, err := s.client.Get(ctx, s.keys[0]).Result()
	if errors.Is(err, goredis.Nil) {
		return "", nil
	}
	if err != nil {
		return "", failed(ctx, err, "")
	}
	return token, nil
}

// save stores or removes the token; where a lock is named, only if it is held.
var save = goredis.NewScript(`
if ARGV[2] ~= '' and redis.call('get', KEYS[2]) ~= ARGV[2] then
	return 0
end
if ARGV[1] == '' then
	redis.call('del', KEYS[1])
else
	redis.call('set', KEYS[1], ARGV[1])
end
return 1`)

// Save implements workorder.SessionStore.
func (s *Store) Save(ctx context.Context, refreshToken string) error {
	if s.state == nil {
		return errZero
	}
	s.mu.Lock()
	owner := s.owner
	s.mu.Unlock()
	done, err := save.Run(ctx, s.client, s.keys, refreshToken, owner).Int()
	if err != nil {
		return failed(ctx, err, refreshToken)
	}
	if done == 0 {
		return sessionstore.ErrLockLost
	}
	return nil
}

// renew and release change a lock if it is still one's own.
var (
	renew = goredis.NewScript(`
if redis.call('get', KEYS[1]) == ARGV[1] then
	return redis.call('pexpire', KEYS[1], ARGV[2])
end
return 0`)
	release = goredis.NewScript(`
if redis.call('get', KEYS[1]) == ARGV[1] then
	return redis.call('del', KEYS[1])
end
return 0`)
)

// Lock implements workorder.SessionLocker.
func (s *Store) Lock(ctx context.Context) (unlock func(), err error) {
	if s.state == nil {
		return nil, errZero
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	owner := rand.Text()
	err = poll.Until(ctx, time.Millisecond, 15*time.Millisecond, func() (bool, error) {
		err := s.client.SetArgs(ctx, s.keys[1], owner, goredis.SetArgs{Mode: "NX", TTL: s.lease}).Err()
		if errors.Is(err, goredis.Nil) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		s.release(owner) // it may have come all the same
		<-s.turn
		return nil, failed(ctx, err, "")
	}
	s.own(owner)
	over, stop := context.WithCancel(context.Background())
	go s.keep(over, owner)
	return sync.OnceFunc(func() {
		stop()
		s.own("")
		s.release(owner)
		<-s.turn
	}), nil
}

func (s *Store) own(owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owner = owner
}

// keep renews the lock until it is given back or lost.
func (s *Store) keep(over context.Context, owner string) {
	tick := time.NewTicker(s.lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-over.Done():
			return
		case <-tick.C:
		}
		ctx, cancel := context.WithTimeout(over, s.lease/3)
		held, err := renew.Run(ctx, s.client, s.keys[1:], owner, s.lease.Milliseconds()).Int()
		cancel()
		if err == nil && held == 0 {
			return // lost: Save will say so
		}
	}
}

// release gives the lock back; where that fails it expires.
func (s *Store) release(owner string) {
	ctx, cancel := context.WithTimeout(context.Background(), s.lease)
	defer cancel()
	_ = release.Run(ctx, s.client, s.keys[1:], owner).Err()
}

// failed makes an error of the client's. The server may quote the arguments of
// what it does not know.
func failed(ctx context.Context, err error, token string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("sessionstore/redis: %w", ctx.Err())
	}
	text := err.Error()
	if token != "" {
		text = strings.ReplaceAll(text, token, "[redacted]")
	}
	var answer goredis.Error
	switch {
	case strings.HasPrefix(text, "WRONGTYPE"):
		return fmt.Errorf("%w: the key holds something else than text", sessionstore.ErrDamaged)
	case errors.As(err, &answer) && !busy(text):
		return fmt.Errorf("sessionstore/redis: the server says: %s", text)
	}
	return fmt.Errorf("sessionstore/redis: %w: %s", workorder.ErrUnavailable, text)
}

// busy reports whether the server says that it cannot serve now.
func busy(text string) bool {
	for _, prefix := range []string{"LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "MISCONF", "OOM", "NOREPLICAS", "ERR max number of clients"} {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

// Format hides the client, whose options may hold a password.
func (s Store) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "redis.Store") }
