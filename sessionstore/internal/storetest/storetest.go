// Package storetest holds what every store of a session must do.
package storetest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
)

// Token is a refresh token of tests; no error and no text of a store may show it.
const Token = "refresh-secret-0123456789"

// Run tests stores. fresh makes an empty store, and open a further handle on it,
// as another program would.
func Run(t *testing.T, fresh func(t *testing.T) (open func() workorder.SessionLocker)) {
	for name, test := range map[string]func(t *testing.T, open func() workorder.SessionLocker){
		"Keeps":      keeps,
		"Excludes":   excludes,
		"Takes turn": takesTurn,
		"Contexts":   contexts,
		"Shows none": showsNone,
		"Zero":       zero,
	} {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

// zero is a store that nobody made.
func zero(t *testing.T, open func() workorder.SessionLocker) {
	s := reflect.New(reflect.TypeOf(open()).Elem()).Interface().(workorder.SessionLocker)
	_, err := s.Load(t.Context())
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	require.ErrorIs(t, s.Save(t.Context(), Token), workorder.ErrInvalidInput)
	_, err = s.Lock(t.Context())
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
}

func keeps(t *testing.T, open func() workorder.SessionLocker) {
	a, b := open(), open()
	for _, locked := range []bool{false, true} {
		if locked {
			unlock, err := a.Lock(t.Context())
			require.NoError(t, err)
			defer unlock()
		}
		want(t, "", a, b)
		require.NoError(t, a.Save(t.Context(), ""), "there is nothing to remove")
		for _, token := range []string{Token, "another, with \"quotes\" and ünïcode", Token} {
			require.NoError(t, a.Save(t.Context(), token))
			want(t, token, a, b, open())
		}
		require.NoError(t, a.Save(t.Context(), ""))
		want(t, "", a, b)
	}
}

func want(t *testing.T, token string, stores ...workorder.SessionLocker) {
	t.Helper()
	for _, s := range stores {
		got, err := s.Load(t.Context())
		require.NoError(t, err)
		require.Equal(t, token, got)
	}
}

func excludes(t *testing.T, open func() workorder.SessionLocker) {
	a, b := open(), open()
	unlock, err := a.Lock(t.Context())
	require.NoError(t, err)
	for _, s := range []workorder.SessionLocker{a, b} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := s.Lock(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		cancel()
	}
	unlock()
	unlock() // no harm
	again, err := b.Lock(t.Context())
	require.NoError(t, err)
	unlock() // not ours any more
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = a.Lock(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	got := make(chan error, 1)
	go func() {
		unlock, err := a.Lock(t.Context())
		if err == nil {
			unlock()
		}
		got <- err
	}()
	time.Sleep(20 * time.Millisecond)
	again()
	require.NoError(t, <-got)
}

func takesTurn(t *testing.T, open func() workorder.SessionLocker) {
	const programs, rounds = 4, 25
	require.NoError(t, open().Save(t.Context(), "0"))
	var work sync.WaitGroup
	for range programs {
		s := open()
		work.Go(func() {
			for range rounds {
				if err := count(t.Context(), s); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	want(t, fmt.Sprint(programs*rounds), open())
}

// count reads and writes what only one at a time may.
func count(ctx context.Context, s workorder.SessionLocker) error {
	unlock, err := s.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	token, err := s.Load(ctx)
	if err != nil {
		return err
	}
	var n int
	if _, err := fmt.Sscan(token, &n); err != nil {
		return err
	}
	return s.Save(ctx, fmt.Sprint(n+1))
}

func contexts(t *testing.T, open func() workorder.SessionLocker) {
	s := open()
	ctx, cancel := context.WithCancel(t.Context())
	unlock, err := s.Lock(ctx)
	require.NoError(t, err)
	cancel() // it bounded the wait alone
	require.NoError(t, s.Save(t.Context(), Token))
	want(t, Token, s)
	_, err = s.Lock(ctx)
	require.ErrorIs(t, err, context.Canceled)
	unlock()
	_, err = s.Lock(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func showsNone(t *testing.T, open func() workorder.SessionLocker) {
	s := open()
	require.NoError(t, s.Save(t.Context(), Token))
	want(t, Token, s)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		require.NotContains(t, fmt.Sprintf(verb, s), Token)
	}
}

// Secretive reports whether no text of err shows the token.
func Secretive(err error) bool {
	return err != nil && !strings.Contains(fmt.Sprintf("%v %+v %#v %s", err, err, err, err), Token)
}
