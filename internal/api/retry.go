package api

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// RetryPolicy says how often and how patiently a failed call is repeated.
// Zero fields take the defaults.
type RetryPolicy struct {
	MaxAttempts   int           // attempts in all, the first included; default 4, 1: no retries
	BaseDelay     time.Duration // the first wait is at most this; default 200 ms
	MaxDelay      time.Duration // no wait is longer; default 5 s
	MaxRetryAfter time.Duration // a server that asks to wait longer ends the call; default 30 s
}

func (p RetryPolicy) withDefaults() RetryPolicy {
	if p.MaxAttempts == 0 {
		p.MaxAttempts = 4
	}
	if p.BaseDelay == 0 {
		p.BaseDelay = 200 * time.Millisecond
	}
	if p.MaxDelay == 0 {
		p.MaxDelay = 5 * time.Second
	}
	if p.MaxRetryAfter == 0 {
		p.MaxRetryAfter = 30 * time.Second
	}
	return p
}

// delay is the wait before the attempt after number n (from 1): exponential
// with full jitter, so that many clients do not come back at once.
func (p RetryPolicy) delay(n int) time.Duration {
	limit := p.MaxDelay
	if shift := n - 1; shift < 32 && p.BaseDelay<<shift>>shift == p.BaseDelay {
		limit = min(limit, p.BaseDelay<<shift)
	}
	if limit <= 0 {
		return 0
	}
	return rand.N(limit) // jitter needs no secrecy
}

// wait sleeps before the next attempt. It reports false, without sleeping, when
// the server asks for more patience than the policy or the context has.
func (c *Conn) wait(ctx context.Context, n int, e *sdkerr.Error) (bool, error) {
	p := c.cfg.Retry
	d := p.delay(n)
	if e.RetryAfter > p.MaxRetryAfter {
		return false, nil
	}
	d = max(d, e.RetryAfter)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false, nil
	}
	err := c.sleep(ctx, d)
	return err == nil, err
}

// sleep waits for d, or for ctx.
func (c *Conn) sleep(ctx context.Context, d time.Duration) error {
	if c.cfg.sleep != nil {
		c.cfg.sleep(d)
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
