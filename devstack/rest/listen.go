package rest

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/puddle/v2"
)

const listenRetry = time.Second

// listen reloads the schema cache on NOTIFY pgrst, on a connection of its own,
// until ctx ends or the pool is closed. It closes ready once it listens or has
// failed to.
func (s *Server) listen(ctx context.Context, ready chan struct{}) {
	defer close(s.stopped)
	first := func() {
		if ready != nil {
			close(ready)
			ready = nil
		}
	}
	for ctx.Err() == nil {
		err := s.listenOnce(ctx, first)
		first()
		if errors.Is(err, puddle.ErrClosedPool) {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(listenRetry):
		}
	}
}

func (s *Server) listenOnce(ctx context.Context, ready func()) error {
	pooled, err := s.cfg.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	// Taken out of the pool for good, so that closing the pool does not wait for it.
	conn := pooled.Hijack()
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, `listen pgrst`); err != nil {
		return err
	}
	if s.current().loaded.Before(time.Now().Add(-listenRetry)) {
		if err := s.reload(ctx); err != nil { // what was announced while nobody listened
			return err
		}
	}
	ready()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		switch n.Payload {
		case "", "reload schema", "reload config":
			if err := s.reload(ctx); err != nil {
				return err
			}
		}
	}
}
