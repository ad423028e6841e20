package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// errPanic marks an error made of a panic.
var errPanic = errors.New("panic")

// panicked makes an error of a panic in code that is not the session's.
func panicked(op string, v any, secrets ...string) error {
	return sdkerr.Wrap(op, nil, fmt.Errorf("%w: %v", errPanic, v), secrets...)
}

// errStoreBusy is what the store's next caller gets while a call hangs.
var errStoreBusy error = sdkerr.Passing("SessionStore", sdkerr.ErrUnavailable, "the store has not returned from the call before")

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
			err = sdkerr.Passing(op, sdkerr.ErrUnavailable, "the store did not return within %s", e.cfg.Timeout/3)
		}
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return sdkerr.NotSent(op, ctx.Err(), nil)
	}
	return storeFailed(op, nil, err, secret) // a store may quote what it could not write
}

// storeFailed is the failure of a store. One that is away comes back, and whoever
// needed the token has not been served.
func storeFailed(op string, kind, err error, secrets ...string) error {
	e := sdkerr.Wrap(op, kind, err, secrets...)
	if errors.Is(e, sdkerr.ErrUnavailable) {
		sdkerr.MarkPassing(e)
	}
	return e
}

// errUnlocked keeps a refresh token from a store that others may write to.
var errUnlocked error = sdkerr.Passing("SessionStore.Save", sdkerr.ErrUnavailable, "the store is not locked")

// storeHeld is the key of contexts whose holder has the store's lock.
type storeHeld struct{ e *Engine }

// lockStore waits for the store's lock, so that no other program changes the
// user's stored tenant or the refresh token meanwhile. Whoever has it must work
// with the context that comes back. A store that one program has to itself has
// no lock.
//
// The refresh needs time too, so the wait ends after half of the session's
// timeout.
func (e *Engine) lockStore(ctx context.Context) (held context.Context, unlock func(), err error) {
	if e.locker == nil {
		return ctx, func() {}, nil
	}
	const op = "SessionStore.Lock"
	if ctx.Value(storeHeld{e}) != nil {
		return nil, nil, errNested
	}
	limited, cancel := context.WithTimeout(ctx, e.cfg.Timeout/2)
	defer cancel()
	type lock struct {
		release func()
		err     error
	}
	locked := make(chan lock, 1)
	go func() {
		l := lock{err: ErrAborted} // a store may end the goroutine
		defer func() {
			if v := recover(); v != nil {
				l = lock{err: panicked(op, v)}
			}
			locked <- l
		}()
		l.release, l.err = e.locker.Lock(limited)
	}()
	var l lock
	select {
	case l = <-locked:
	case <-limited.Done():
		go func() { // it may still come
			if l := <-locked; l.err == nil {
				e.unlockStore(l.release)
			}
		}()
		l.err = limited.Err()
	}
	switch {
	case l.err == nil:
		return context.WithValue(ctx, storeHeld{e}, true), func() { e.unlockStore(l.release) }, nil
	case ctx.Err() != nil:
		return nil, nil, sdkerr.NotSent(op, ctx.Err(), nil)
	case limited.Err() != nil:
		return nil, nil, sdkerr.Passing(op, sdkerr.ErrUnavailable, "the lock could not be had within %s", e.cfg.Timeout/2)
	}
	return nil, nil, storeFailed(op, sdkerr.ErrUnavailable, l.err)
}

// unlockStore gives the store's lock back, once the store has returned: what is
// left to itself must not write when somebody else has the lock. What goes wrong
// does not matter here, it shows when the store is next asked.
func (e *Engine) unlockStore(release func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		e.storing <- struct{}{}
		<-e.storing
		release()
	}()
	within(e.cfg.Timeout/3, done)
}

// within waits for done, but no longer than d.
func within(d time.Duration, done <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
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
	switch {
	case !unsaved:
		return nil
	case e.locker != nil && ctx.Value(storeHeld{e}) == nil:
		return errUnlocked
	}
	err := e.withStore(ctx, "Session.Save", rt, func(ctx context.Context) error { return e.cfg.Store.Save(ctx, rt) })
	if err != nil {
		return err
	}
	e.saved()
	return nil
}

// flush saves what an earlier save could not. The caller holds the chain.
func (e *Engine) flush(ctx context.Context) error {
	if _, unsaved := e.toSave(); !unsaved {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, e.cfg.Timeout/3)
	defer cancel()
	select { // the store may be about to return from a save that was given up
	case e.storing <- struct{}{}:
		<-e.storing
	case <-limited.Done():
	}
	ctx, unlock, err := e.lockStore(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if e.locker != nil {
		stored, err := e.load(ctx)
		if err != nil {
			return err
		}
		e.take(stored)
	}
	return e.save(ctx)
}
