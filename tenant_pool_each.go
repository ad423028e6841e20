package workorder

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// TenantError is what went wrong in one tenant.
type TenantError struct {
	TenantID string
	Err      error
}

// Error implements error.
func (e *TenantError) Error() string { return fmt.Sprintf("tenant %s: %v", e.TenantID, e.Err) }

// Unwrap gives the error itself.
func (e *TenantError) Unwrap() error { return e.Err }

// Each runs fn once for every tenant of the list, as [TenantPool.Do] does, in at
// most concurrency of them at a time: all that the pool holds (MaxTenants), when
// that is fewer. A tenant that is named twice is worked in once.
//
// What fails in one tenant does not keep the others from their turn. The result
// joins a [TenantError] for each that failed, and for each that had no turn
// before ctx was over; nil when all went well. A panic of fn, or its call of
// runtime.Goexit (as t.FailNow makes it), goes on in Each when the calls under way
// have ended; no other tenant has its turn then.
func (p *TenantPool) Each(ctx context.Context, tenantIDs []string, concurrency int, fn func(ctx context.Context, tenantID string, c *Client) error) error {
	const op = "TenantPool.Each"
	if err := p.made(op); err != nil {
		return err
	}
	switch {
	case fn == nil:
		return sdkerr.Required(op, "the function")
	case concurrency < 1:
		return sdkerr.Invalid(op, "concurrency", "must be 1 or more")
	}
	list := make([]string, 0, len(tenantIDs))
	seen := make(map[string]bool, len(tenantIDs))
	for _, id := range tenantIDs {
		key, err := tenantKey(op, id)
		if err != nil {
			return err
		}
		if !seen[key] {
			seen[key] = true
			list = append(list, key)
		}
	}

	turns := make(chan int)
	failed := make([]error, len(list))
	broken := breakdown{seen: make(chan struct{})}
	var workers sync.WaitGroup
	for range min(concurrency, max(p.opts.MaxTenants, 1), len(list)) {
		workers.Go(func() {
			for i := range turns {
				failed[i] = broken.guard(func() error {
					return p.Do(ctx, list[i], func(ctx context.Context, c *Client) error { return fn(ctx, list[i], c) })
				})
			}
		})
	}
	for i := range list {
		if err := ctx.Err(); err != nil {
			failed[i] = sdkerr.NotSent(op, err, nil)
			continue
		}
		if broken.down() {
			break
		}
		select {
		case turns <- i:
		case <-broken.seen: // perhaps nobody is left to take it
		}
	}
	close(turns)
	workers.Wait()
	broken.resume()

	for i, err := range failed {
		if err != nil {
			failed[i] = &TenantError{TenantID: list[i], Err: err}
		}
	}
	return errors.Join(failed...)
}

// breakdown carries the first panic of several goroutines, or the first Goexit, to
// another one.
type breakdown struct {
	seen  chan struct{} // closed when there is one
	once  sync.Once
	value any // of the panic; nil: it is a Goexit
}

// guard runs f and keeps its panic.
func (b *breakdown) guard(f func() error) error {
	returned := false
	defer func() {
		if !returned {
			value := recover()
			b.once.Do(func() { b.value = value; close(b.seen) })
		}
	}()
	err := f()
	returned = true
	return err
}

func (b *breakdown) down() bool {
	select {
	case <-b.seen:
		return true
	default:
		return false
	}
}

// resume goes on with what guard kept, if there is anything.
func (b *breakdown) resume() {
	switch {
	case !b.down():
	case b.value != nil:
		panic(b.value)
	default:
		runtime.Goexit()
	}
}
