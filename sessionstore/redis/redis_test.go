package redis

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/redistest"
	"github.com/workorder-systems/sdk-go/sessionstore"
	"github.com/workorder-systems/sdk-go/sessionstore/internal/storetest"
)

func newClient(t *testing.T, s *redistest.Server) *goredis.Client {
	c := goredis.NewClient(&goredis.Options{Network: "unix", Addr: s.Socket, MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func newStore(t *testing.T, c *goredis.Client, opts ...Option) *Store {
	s, err := New(c, t.Name(), opts...)
	require.NoError(t, err)
	return s
}

func TestStore(t *testing.T) {
	server := redistest.Start(t)
	storetest.Run(t, func(t *testing.T) func() workorder.SessionLocker {
		return func() workorder.SessionLocker { return newStore(t, newClient(t, server)) }
	})
}

func TestSessionsOfDifferentNames(t *testing.T) {
	c := newClient(t, redistest.Start(t))
	a, err := New(c, "a")
	require.NoError(t, err)
	b, err := New(c, "b")
	require.NoError(t, err)
	unlock, err := a.Lock(t.Context())
	require.NoError(t, err)
	defer unlock()
	require.NoError(t, a.Save(t.Context(), "of a"))
	unlock, err = b.Lock(t.Context())
	require.NoError(t, err)
	defer unlock()
	got, err := b.Load(t.Context())
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestLockIsKeptForAsLongAsItTakes(t *testing.T) {
	c := newClient(t, redistest.Start(t))
	s := newStore(t, c, WithLease(500*time.Millisecond))
	unlock, err := s.Lock(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err = newStore(t, c).Lock(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, s.Save(t.Context(), storetest.Token))
	unlock()
	require.Zero(t, c.Exists(t.Context(), s.keys[1]).Val())
}

func TestLockOfTheDeadExpires(t *testing.T) {
	server := redistest.Start(t)
	dead := newClient(t, server)
	s := newStore(t, dead, WithLease(300*time.Millisecond))
	unlock, err := s.Lock(t.Context())
	require.NoError(t, err)
	require.NoError(t, dead.Close()) // it renews no more

	other := newStore(t, newClient(t, server))
	unlockOther, err := other.Lock(t.Context())
	require.NoError(t, err)
	unlock()
	require.NoError(t, other.Save(t.Context(), storetest.Token))
	unlockOther()
}

func TestSaveAfterTheLockWasLost(t *testing.T) {
	c := newClient(t, redistest.Start(t))
	for name, lose := range map[string]func(key string) error{
		"it expired":      func(key string) error { return c.Del(t.Context(), key).Err() },
		"another took it": func(key string) error { return c.Set(t.Context(), key, "another", time.Minute).Err() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, c)
			require.NoError(t, s.Save(t.Context(), "before"))
			unlock, err := s.Lock(t.Context())
			require.NoError(t, err)
			require.NoError(t, lose(s.keys[1]))
			for _, token := range []string{storetest.Token, ""} {
				err = s.Save(t.Context(), token)
				require.ErrorIs(t, err, sessionstore.ErrLockLost)
				require.ErrorIs(t, err, workorder.ErrUnavailable)
			}
			got, err := s.Load(t.Context())
			require.NoError(t, err)
			require.Equal(t, "before", got)
			left := c.Get(t.Context(), s.keys[1]).Val()
			unlock()
			require.Equal(t, left, c.Get(t.Context(), s.keys[1]).Val(), "another's lock stays")
			require.NoError(t, s.Save(t.Context(), "after"))
		})
	}
}

func TestServerThatGoesAwayAndComesBack(t *testing.T) {
	server := redistest.Start(t)
	s := newStore(t, newClient(t, server))
	require.NoError(t, s.Save(t.Context(), storetest.Token))
	unlock, err := s.Lock(t.Context())
	require.NoError(t, err)

	server.Stop()
	_, err = s.Load(t.Context())
	require.ErrorIs(t, err, workorder.ErrUnavailable)
	err = s.Save(t.Context(), storetest.Token)
	require.ErrorIs(t, err, workorder.ErrUnavailable)
	require.True(t, storetest.Secretive(err))
	unlock()
	_, err = s.Lock(t.Context())
	require.ErrorIs(t, err, workorder.ErrUnavailable)

	server.Start(t)
	got, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, storetest.Token, got)
	unlock, err = s.Lock(t.Context()) // what was locked has expired
	require.NoError(t, err)
	defer unlock()
	require.NoError(t, s.Save(t.Context(), "next"))
}

func TestKeyOfAnotherKindIsDamaged(t *testing.T) {
	c := newClient(t, redistest.Start(t))
	s := newStore(t, c)
	require.NoError(t, c.LPush(t.Context(), s.keys[0], storetest.Token).Err())
	_, err := s.Load(t.Context())
	require.ErrorIs(t, err, sessionstore.ErrDamaged)
	require.NoError(t, s.Save(t.Context(), ""))
	got, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestErrorsSayWhatToDoAndNoSecret(t *testing.T) {
	for answer, want := range map[string]error{
		"LOADING Redis is loading the dataset in memory":                                     workorder.ErrUnavailable,
		"OOM command not allowed when used memory":                                           workorder.ErrUnavailable,
		"NOAUTH Authentication required.":                                                    nil,
		"ERR unknown command 'EVALSHA', with args beginning with: '" + storetest.Token + "'": nil,
	} {
		err := failed(t.Context(), serverError(answer), storetest.Token)
		require.Equal(t, want != nil, errors.Is(err, workorder.ErrUnavailable), answer)
		require.True(t, storetest.Secretive(err), answer)
	}
}

// serverError is an answer of the server's.
type serverError string

func (e serverError) Error() string { return string(e) }
func (serverError) RedisError()     {}

func TestNewChecksItsInput(t *testing.T) {
	c := goredis.NewClient(&goredis.Options{Addr: "localhost:1", Password: storetest.Token})
	defer c.Close()
	for name, make := range map[string]func() (*Store, error){
		"no client": func() (*Store, error) { return New(nil, "n") },
		"no name":   func() (*Store, error) { return New(c, "") },
		"braces":    func() (*Store, error) { return New(c, "a{b}") },
		"lease":     func() (*Store, error) { return New(c, "n", WithLease(time.Millisecond)) },
	} {
		_, err := make()
		require.ErrorIs(t, err, workorder.ErrInvalidInput, name)
	}
	s, err := New(c, "n", nil)
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%+v %#v", s, *s), storetest.Token)
}
