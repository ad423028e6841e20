package session

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
func (e *Engine) withStore(ctx context.Context, op, secret string, fn func(context.Context) error) error {
	select {
	case e.storing <- struct{}{}:
	default:
		return sdkerr.Wrap(op, nil, errStoreBusy)
	}
	limited, cancel := context.WithTimeout(ctx, e.cfg.Timeout/3)
	done := make(chan error, 1)
	go func() {
		err := ErrAborted // a store may end the goroutine
		defer func() {
			if v := recover(); v != nil {
				err = panicked(op, v, secret)
			}
			<-e.storing
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
			err = sdkerr.New(op, sdkerr.ErrUnavailable, "the store did not return within %s", e.cfg.Timeout/3)
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

// load asks the store for the refresh token.
func (e *Engine) load(ctx context.Context) (stored string, err error) {
	loaded := make(chan string, 1)
	err = e.withStore(ctx, "SessionStore.Load", "", func(ctx context.Context) error {
		token, err := e.cfg.Store.Load(ctx)
		loaded <- token
		return err
	})
	if err != nil {
		return "", err
	}
	return <-loaded, nil
}

// save stores the newest refresh token unless it is stored already. The caller
// holds the chain, so saves come in order.
func (e *Engine) save(ctx context.Context) error {
	rt, unsaved := e.toSave()
	if !unsaved {
		return nil
	}
	err := e.withStore(ctx, "Session.Save", rt, func(ctx context.Context) error { return e.cfg.Store.Save(ctx, rt) })
	if err != nil {
		return err
	}
	e.saved()
	return nil
}
