package api

import (
	"context"
	"log/slog"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// logAttempt writes one debug line per attempt. Headers, bodies and queries are
// never logged.
func (c *Conn) logAttempt(ctx context.Context, r *Request, resp *Response, e *sdkerr.Error, st *callState, took time.Duration) {
	if c.cfg.Logger == nil || !c.cfg.Logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := callAttrs(r, st)
	switch {
	case resp != nil:
		attrs = append(attrs, slog.Int("status", resp.Status), slog.Int("bytes", len(resp.Body)))
	case e != nil:
		attrs = append(attrs, slog.Int("status", e.HTTPStatus), slog.String("code", e.Code))
	}
	attrs = append(attrs, slog.Duration("duration", took))
	c.cfg.Logger.LogAttrs(ctx, slog.LevelDebug, "workorder request", attrs...)
}

// logRetry warns that an attempt failed and another one follows. What the
// server said is left out: it may quote the data of a row.
func (c *Conn) logRetry(ctx context.Context, r *Request, e *sdkerr.Error, st *callState, why string) {
	if c.cfg.Logger == nil || !c.cfg.Logger.Enabled(ctx, slog.LevelWarn) {
		return
	}
	attrs := append(callAttrs(r, st),
		slog.Int("status", e.HTTPStatus),
		slog.String("code", e.Code),
		slog.String("why", why))
	c.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "workorder request repeated", attrs...)
}

func callAttrs(r *Request, st *callState) []slog.Attr {
	return append(make([]slog.Attr, 0, 10),
		slog.String("op", r.Op),
		slog.String("method", r.Method),
		slog.String("path", r.Path),
		slog.Int("attempt", st.n),
		slog.String("request_id", st.id))
}
