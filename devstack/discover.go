package devstack

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/workorder-systems/sdk-go/devstack/internal/postgres"
)

// ErrNoPostgres says that no usable PostgreSQL was found, on the machine or
// elsewhere; the error around it says what to install.
var ErrNoPostgres = postgres.ErrNotFound

const installHint = `install it (Debian, Ubuntu: apt-get install postgresql; Homebrew: brew install postgresql@17; ` +
	`Fedora: dnf install postgresql-server) or set ` + DatabaseURLEnv + ` to a server where you are superuser`

// stillAt logs every few seconds that a long step goes on, until its end is called.
func (c *config) stillAt(ctx context.Context, step string) (end func()) {
	began, tick, ended := time.Now(), time.NewTicker(3*time.Second), make(chan struct{})
	go func() {
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				c.logger.InfoContext(ctx, "devstack: still "+step, "for", time.Since(began).Round(time.Second))
			}
		}
	}()
	return func() { close(ended) }
}

// locate finds PostgreSQL on the machine, else downloads it into the cache.
func (c *config) locate(ctx context.Context) (*postgres.Installation, error) {
	inst, err := c.find()
	if err == nil {
		return inst, nil
	}
	if !errors.Is(err, ErrNoPostgres) {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	c.logger.InfoContext(ctx, "devstack: no PostgreSQL on this machine, downloading one")

	type result struct {
		bin string
		err error
	}
	defer c.stillAt(ctx, "downloading PostgreSQL")()
	done := make(chan result, 1) // the download knows no context
	go func() {
		bin, err := c.download(filepath.Join(c.cacheDir, "postgres"))
		done <- result{bin, err}
	}()
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case r := <-done:
		if r.err != nil {
			return nil, fmt.Errorf("devstack: %w on this machine, and the download failed (%w): %s", err, r.err, installHint)
		}
		return postgres.Inspect(r.bin)
	}
}
