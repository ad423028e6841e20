package workorder

import (
	"context"
	"errors"
	"fmt"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// errPanic marks an error made of a panic.
var errPanic = errors.New("panic")

// panicked makes an error of a panic in code that is not the session's.
func panicked(op string, v any, secrets ...string) error {
	return sdkerr.Wrap(op, nil, fmt.Errorf("%w: %v", errPanic, v), secrets...)
}

// errStoreBusy is what the store's next caller gets while a call hangs.
var errStoreBusy error = sdkerr.New("SessionStore", sdkerr.ErrUnavailable, "the store has not returned from the call before")

// withStore lets fn use the store. A store that ignores its context is left to
// itself after a third of the session's timeout: the refresh itself needs time
// too. Until it returns nobody else uses it, so that what it saves last is
// the newest token.
func (s *Session) withStore(ctx context.Context, op, secret string, fn func(context.Context) error) error {
	select {
	case s.storing <- struct{}{}:
	default:
		return sdkerr.Wrap(op, nil, errStoreBusy)
	}
	limited, cancel := context.WithTimeout(ctx, s.cfg.timeout/3)
	done := make(chan error, 1)
	go func() {
		err := errAborted // a store may end the goroutine
		defer func() {
			if v := recover(); v != nil {
				err = panicked(op, v, secret)
			}
			<-s.storing
			done <- err
			cancel()
		}()
		err = fn(limited)
	}()
	var err error
	select {
	case err = <-done:
	case <-limited.Done():
		select {
		case err = <-done: // cancelled just now
		default:
			err = sdkerr.New(op, sdkerr.ErrUnavailable, "the store did not return within %s", s.cfg.timeout/3)
		}
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return sdkerr.NotSent(op, ctx.Err(), nil)
	}
	return sdkerr.Wrap(op, nil, err, secret) // a store may quote what it could not write
}
