package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Observer is told about calls, their attempts and the refreshes of sessions,
// for traces and metrics. A field that is nil is not called.
//
// Its functions are called in the goroutine that does the work, and from many at
// once. They must not change an error that they are told. The context that Call and Attempt return is what the call or the
// attempt goes on with; it must be ctx or derived from it. The function that they
// return may be nil, else it is called exactly once, also when what was begun ends
// by a panic.
//
// A panic of an observer's function goes on in the call, as one of a middleware
// does, which says nothing of whether the server did what it was asked to. In the
// refresh of a session it makes the refresh fail.
type Observer struct {
	// Call is told that a call begins, around all middleware.
	Call func(ctx context.Context, start CallStart) (context.Context, func(CallDone))
	// Attempt is told that one HTTP request of a call is about to be made, around
	// the attempt middleware.
	Attempt func(ctx context.Context, start AttemptStart) (context.Context, func(AttemptDone))
	// Refresh is told that a session has fetched an access token, or has failed
	// to. What it sent for that are calls of their own.
	Refresh func(ctx context.Context, done RefreshDone)
}

// CallStart describes a call that begins.
type CallStart struct {
	CallInfo
	Host string // of the project's URL, without the port
	Port int    // of the project's URL, or the one that its scheme implies
}

// CallDone says how a call ended.
type CallDone struct {
	Duration time.Duration // with all attempts and the waits between them
	Attempts int           // 0: nothing was sent
	Status   int           // HTTP status of the last attempt; 0: no answer came
	Rows     int64         // that the answer of a read brought; -1: it does not say
	Err      error         // what the caller gets; nil: the call succeeded
}

// AttemptStart describes an attempt that begins.
type AttemptStart struct {
	CallStart
	Attempt int // its number, from 1
}

// AttemptDone says how an attempt ended.
type AttemptDone struct {
	Duration time.Duration
	Status   int   // HTTP status; 0: no answer came
	Err      error // nil: the attempt succeeded
}

// RefreshDone says how a session's refresh ended.
type RefreshDone struct {
	Duration time.Duration // with the storing of tenant and refresh token
	Err      error         // nil: there is a new access token
}

// watch tells the observers about one call. Without observers there is none: its
// methods do nothing on nil.
type watch struct {
	observers []Observer
	start     CallStart
	began     time.Time
	done      []func(CallDone)

	mu  sync.Mutex // a middleware may leave an attempt or a call to itself
	end CallDone
}

// note changes what is known of how the call ended, and gives it.
func (w *watch) note(change func(*CallDone)) CallDone {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.end)
	return w.end
}

func (c *Conn) watch(info CallInfo) *watch {
	if len(c.cfg.Observers) == 0 {
		return nil
	}
	return &watch{
		observers: c.cfg.Observers,
		start:     CallStart{CallInfo: info, Host: c.base.Hostname(), Port: portOf(c.base)},
		end:       CallDone{Rows: -1},
	}
}

// portOf is the port that a URL leads to.
func portOf(u *url.URL) int {
	if n, err := strconv.Atoi(u.Port()); err == nil {
		return n
	}
	if u.Scheme == "http" {
		return 80
	}
	return 443
}

// inCall runs a call inside the call middleware, before the eyes of w.
func inCall[R any](
	ctx context.Context, c *Conn, w *watch, info CallInfo, call func(context.Context) (*R, *sdkerr.Error),
) (resp *R, err error) {
	if w == nil {
		return inCallMiddleware(ctx, c.cfg.CallMiddleware, info, call)
	}
	returned := false
	defer func() {
		if !returned {
			err = unwound(info.Op)
		}
		w.finish(err)
	}()
	ctx = w.begin(ctx)
	resp, err = inCallMiddleware(ctx, c.cfg.CallMiddleware, info, call)
	returned = true
	return resp, err
}

// unwound is what observers are told of what a panic ended.
func unwound(op string) error { return sdkerr.New(op, nil, "a panic ended the call") }

// begin tells that the call begins.
func (w *watch) begin(ctx context.Context) context.Context {
	w.began = time.Now()
	for _, o := range w.observers {
		if o.Call == nil {
			continue
		}
		next, done := o.Call(ctx, w.start)
		if next != nil {
			ctx = next
		}
		if done != nil {
			w.done = append(w.done, done)
		}
	}
	return ctx
}

// finish tells how the call ended: the last observer that was told of its
// beginning first, and every one of them, whatever panics.
func (w *watch) finish(err error) {
	end := w.note(func(end *CallDone) { end.Duration, end.Err = time.Since(w.began), err })
	for _, done := range w.done {
		defer done(end)
	}
}

// inAttempt makes an attempt before the eyes of w. The number of attempts is n
// with this one.
func inAttempt[R any](
	ctx context.Context, w *watch, n int, attempt func(context.Context) (*R, *sdkerr.Error),
) (resp *R, e *sdkerr.Error) {
	if w == nil {
		return attempt(ctx)
	}
	w.note(func(end *CallDone) { end.Attempts, end.Status, end.Rows = n, 0, -1 })
	began := time.Now()
	var told []func(AttemptDone)
	returned := false
	defer func() {
		end := AttemptDone{Duration: time.Since(began), Status: w.note(func(*CallDone) {}).Status}
		switch {
		case !returned:
			end.Err = unwound(w.start.Op)
		case e != nil:
			end.Err = e
		}
		for _, done := range told {
			defer done(end)
		}
	}()
	for _, o := range w.observers {
		if o.Attempt == nil {
			continue
		}
		next, done := o.Attempt(ctx, AttemptStart{w.start, n})
		if next != nil {
			ctx = next
		}
		if done != nil {
			told = append(told, done)
		}
	}
	resp, e = attempt(ctx)
	returned = true
	return resp, e
}

// saw notes what the attempt under way got for an answer.
func (w *watch) saw(resp *Response, e *sdkerr.Error) {
	if w == nil {
		return
	}
	w.note(func(end *CallDone) {
		switch {
		case resp != nil:
			end.Status = resp.Status
			if w.start.Safe {
				end.Rows = rowsOf(resp.Header)
			}
		case e != nil:
			end.Status = e.HTTPStatus
		}
	})
}

// rowsOf is how many rows an answer brought, as Content-Range says: 0-24/* or
// */*. Ranges of bytes begin with their unit.
func rowsOf(h http.Header) int64 {
	rows, _, ok := strings.Cut(h.Get("Content-Range"), "/")
	if !ok {
		return -1
	}
	if rows == "*" {
		return 0
	}
	from, to, ok := strings.Cut(rows, "-")
	first, err := strconv.ParseUint(from, 10, 31)
	last, err2 := strconv.ParseUint(to, 10, 31)
	if !ok || err != nil || err2 != nil || last < first {
		return -1
	}
	return int64(last-first) + 1
}

// Refreshed tells the observers of a session's refresh.
func (c *Conn) Refreshed(ctx context.Context, done RefreshDone) {
	if c == nil {
		return
	}
	for _, o := range c.cfg.Observers {
		if o.Refresh != nil {
			o.Refresh(ctx, done)
		}
	}
}
