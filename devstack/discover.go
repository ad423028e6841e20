package devstack

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/workorder-systems/sdk-go/devstack/internal/postgres"
)

// ErrNoPostgres says that no usable PostgreSQL was found, on the machine or
// elsewhere; the error around it says what to install.
var ErrNoPostgres = postgres.ErrNotFound

const installHint = `install it (Debian, Ubuntu: apt-get install postgresql; Homebrew: brew install postgresql@17; ` +
	`Fedora: dnf install postgresql-server) or set ` + DatabaseURLEnv + ` to a server where you are superuser`

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
