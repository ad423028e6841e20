// Package poll waits for what can only be asked for.
package poll

import (
	"context"
	"math/rand/v2"
	"time"
)

// Until calls try until it succeeds or fails, or ctx ends. The pauses between
// double from first to last; each is of random length, so that those who wait do
// not ask in step.
func Until(ctx context.Context, first, last time.Duration, try func() (done bool, err error)) error {
	for pause := first; ; pause = min(2*pause, last) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if done, err := try(); done || err != nil {
			return err
		}
		t := time.NewTimer(pause/2 + rand.N(pause/2+1))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
	}
}
