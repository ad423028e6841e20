package session

import (
	"context"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// A task says what a flight is for.
type task int

const (
	renew task = iota // a token for the tenant of the slot
	adopt             // a token of the session's own, for whatever tenant is stored
	move              // a token of the session's own, for another tenant
)

// A job is a task with its tenants. Flights with equal jobs are alike.
type job struct {
	task   task
	slot   string // whose token is fetched; "": the session's own
	target string // of move
}

// flight is a job under way. Its token and err are set before done closes.
type flight struct {
	job
	number uint64 // ascends in the order of their beginning
	slot   *slot
	done   chan struct{}
	token  Token
	err    error
}

// await waits for a flight, or for the caller's own context.
func await(ctx context.Context, f *flight) error {
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// do fetches a new token. It shares a flight of an equal job that began after
// the call did; one that was under way before may have been too early to see
// what the caller wants to see, so its end is awaited.
func (e *Engine) do(ctx context.Context, j job) (Token, error) {
	if e.holds(ctx) {
		return Token{}, errNested
	}
	for mark := e.mark(); ; {
		if err := ctx.Err(); err != nil {
			return Token{}, err
		}
		f, begun, err := e.join(j)
		if err != nil {
			return Token{}, err
		}
		if begun {
			e.run(ctx, f)
		}
		if err := await(ctx, f); err != nil {
			return Token{}, err
		}
		if f.number > mark && f.job == j {
			return f.token, f.err
		}
	}
}

// run sets a flight off. It runs in a goroutine of its own, because the call
// that begins it may be cancelled while others wait for it; it ends by itself
// after the session's timeout at the latest.
func (e *Engine) run(ctx context.Context, f *flight) {
	ctx = context.WithValue(context.WithoutCancel(ctx), chainHeld{e}, nil)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
		defer cancel()
		defer context.AfterFunc(e.life, cancel)()
		var a access
		err := ErrAborted // unless mint returns; a store may end the goroutine
		defer func() { e.land(f, a, err) }()
		defer func() {
			if v := recover(); v != nil { // in a store or middleware; it must not end the program
				a, err = access{}, panicked(op, v, e.RefreshToken())
			}
		}()
		if e.cfg.Refreshed != nil {
			began := time.Now()
			defer func() { e.cfg.Refreshed(ctx, time.Since(began), err) }()
		}
		a, err = e.mint(ctx, f.job)
		if err != nil && ctx.Err() != nil { // not the caller's context, so not its error
			err = sdkerr.Passing(op, sdkerr.ErrUnavailable, "the refresh did not end within %s", e.cfg.Timeout)
			if e.life.Err() != nil {
				err = errClosed
			}
		}
	}()
}

// chainHeld is the key of contexts whose holder has the session's chain.
type chainHeld struct{ e *Engine }

// holds reports whether the caller works for whoever holds the chain.
func (e *Engine) holds(ctx context.Context) bool { return ctx.Value(chainHeld{e}) != nil }

// lockChain waits for the right to use the refresh token. Whoever has it must
// work with the context that comes back.
func (e *Engine) lockChain(ctx context.Context) (held context.Context, unlock func(), err error) {
	if e.holds(ctx) {
		return nil, nil, errNested
	}
	select {
	case e.chain <- struct{}{}:
		return context.WithValue(ctx, chainHeld{e}, true), func() { <-e.chain }, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// lockUser keeps the other sessions of the token's user from changing the user's
// stored tenant.
func (e *Engine) lockUser(ctx context.Context, a access) (held context.Context, unlock func(), err error) {
	return users.Lock(ctx, e.cfg.Realm+" "+a.claims.Subject)
}
