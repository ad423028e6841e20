package api

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Stream is a call whose body or answer does not fit into memory.
type Stream struct {
	Op     string // SDK method, for errors and logs
	Method string
	Path   string
	Header http.Header
	// Body is sent as it is read; nil: none. A body that can seek is sent from
	// where it stands, with its length, and again when the first attempt
	// certainly changed nothing, or when Keyed is set. Any other is sent again only while nothing has
	// been read of it.
	Body io.Reader
	Safe bool // see Request.Safe; for calls without a body
	// Keyed says that sending the body twice does no harm. It is repeated then
	// wherever it can be read again.
	Keyed bool
}

// StreamResponse is the answer of a successful Stream. The body must be closed.
type StreamResponse struct {
	Status int
	Header http.Header
	Size   int64 // of the body; -1 when the server does not tell
	Body   io.ReadCloser
}

// Stream sends the request and returns the answer as soon as it begins. Its
// body can be read for as long as ctx lasts: the timeout of attempts and the
// limit of answers do not hold for bodies. Until it begins, the timeout of
// attempts bounds how long the network may stand still. A failure is always a *sdkerr.Error,
// while the body is read as well. Nothing reads r.Body once the answer has
// begun or the call failed, except when ctx ends in the midst of a Read.
//
// To call middleware and observers the call ends when the answer begins.
func (c *Conn) Stream(ctx context.Context, r *Stream) (*StreamResponse, error) {
	if c == nil {
		return nil, Unmade(r.Op)
	}
	info := CallInfo{Op: r.Op, Method: r.Method, Path: r.Path, Safe: r.Safe}
	var begun beginning
	defer begun.end(nil)
	w := c.watch(info)
	resp, err := inCall(ctx, c, w, info, func(mctx context.Context) (*StreamResponse, *sdkerr.Error) {
		begun.set(nil) // of a middleware that calls next again
		return c.stream(mctx, ctx, r, w, &begun)
	})
	if err != nil {
		return nil, err
	}
	begun.end(resp)
	return resp, nil
}

// beginning holds the answer that has begun until it is handed out. A middleware may
// have left a call to itself: what begins after the end is nobody's and closed.
type beginning struct {
	mu   sync.Mutex
	resp *StreamResponse
	over bool
}

// set holds the answer instead of an earlier one.
func (b *beginning) set(resp *StreamResponse) {
	b.mu.Lock()
	if b.over {
		b.mu.Unlock()
		closeStream(resp)
		return
	}
	earlier := b.resp
	b.resp = resp
	b.mu.Unlock()
	closeStream(earlier)
}

// end hands one answer out, if there is one, and closes any other.
func (b *beginning) end(out *StreamResponse) {
	b.mu.Lock()
	held := b.resp
	b.resp, b.over = nil, true
	b.mu.Unlock()
	if held != out {
		closeStream(held)
	}
}

func closeStream(resp *StreamResponse) {
	if resp != nil {
		_ = resp.Body.Close()
	}
}

// stream runs the attempts of one call. ctx is the middleware's and ends with
// it, reading is the caller's and lasts while the answer is read. It leaves an
// answer that has begun in begun, whatever panics behind it.
func (c *Conn) stream(ctx, reading context.Context, s *Stream, w *watch, begun *beginning) (*StreamResponse, *sdkerr.Error) {
	r := &Request{Op: s.Op, Method: s.Method, Path: s.Path, Header: s.Header, Safe: s.Safe && s.Body == nil, Keyed: s.Keyed}
	var body *outgoing
	var rewind func() bool
	if s.Body != nil {
		body = newOutgoing(s.Body)
		rewind = body.rewind
	}
	return attempts(ctx, c, r, w, rewind, nil, func(ctx context.Context, tok Token, st *callState) (*StreamResponse, *sdkerr.Error) {
		resp, e := c.streamAttempt(ctx, reading, r, body, tok, st)
		begun.set(resp)
		return resp, e
	})
}

// streamAttempt sends the request once and waits for the answer to begin.
func (c *Conn) streamAttempt(ctx, reading context.Context, r *Request, body *outgoing, tok Token, st *callState) (*StreamResponse, *sdkerr.Error) {
	start := time.Now()
	// The request outlives ctx once the answer has begun, and then ends with
	// reading or with the body.
	actx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	unlink := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	stall := newStallTimer(c.cfg.AttemptTimeout, cancel)
	returned := false
	defer func() {
		if !returned { // the caller's code panicked
			unlink()
			stall.end()
			cancel(nil)
		}
	}()

	resp, e := c.streamExchange(ctx, actx, r, body, stall, tok, st)
	unlink()
	stall.end()
	if body != nil {
		body.repanic()
	}
	var begun *Response
	switch {
	case e != nil:
		cancel(nil)
	case ctx.Err() != nil || actx.Err() != nil: // it ended just now
		_ = resp.Body.Close()
		resp, e = nil, c.streamFailure(ctx, actx, r, body, tok, &wire{}, context.Cause(actx))
		cancel(nil)
	default:
		begun = &Response{Status: resp.Status}
		stop := context.AfterFunc(reading, func() { cancel(context.Cause(reading)) })
		resp.Body = &incoming{
			body: resp.Body, ctx: reading, conn: c, req: r, tok: tok,
			end: func() { stop(); cancel(nil) },
		}
	}
	st.watch.saw(begun, e)
	c.logAttempt(ctx, r, begun, e, st, time.Since(start))
	returned = true
	return resp, e
}

// streamExchange does the HTTP part of one attempt.
func (c *Conn) streamExchange(
	ctx, actx context.Context, r *Request, body *outgoing, stall *stallTimer, tok Token, st *callState,
) (*StreamResponse, *sdkerr.Error) {
	w := &wire{}
	actx = context.WithValue(actx, wireKey{}, w)
	req := c.newRequest(actx, r, tok, st.id)
	if body != nil {
		defer body.release(ctx)
		req.Body, req.GetBody, req.ContentLength = body.open(actx, stall), body.again, body.size
		if body.size == 0 {
			req.Body = http.NoBody // with a body, 0 stands for unknown
		}
	}
	hresp, err := c.send.RoundTrip(req) //nolint:bodyclose // the caller closes it, checkAnswer that of a failure
	stall.resume()
	if err != nil {
		return nil, c.streamFailure(ctx, actx, r, body, tok, w, err)
	}
	if e := c.checkAnswer(ctx, r, tok, hresp); e != nil {
		return nil, e
	}
	return &StreamResponse{Status: hresp.StatusCode, Header: hresp.Header, Size: hresp.ContentLength, Body: hresp.Body}, nil
}

// streamFailure says why no answer came.
func (c *Conn) streamFailure(ctx, actx context.Context, r *Request, body *outgoing, tok Token, w *wire, err error) *sdkerr.Error {
	if body != nil && ctx.Err() == nil {
		if rerr := body.readError(); rerr != nil {
			return sdkerr.BadBody(r.Op, r.Method, r.Path, rerr, c.secretsOf(r, tok)...)
		}
	}
	return c.failure(ctx, actx, r, tok, w, err)
}

// incoming is the body of an answer while the caller reads it.
type incoming struct {
	body io.ReadCloser
	ctx  context.Context // the caller's
	conn *Conn
	req  *Request
	tok  Token
	end  func() // of the request's context
}

// Read implements io.Reader. It fails with a *sdkerr.Error.
func (b *incoming) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	if cerr := b.ctx.Err(); cerr != nil {
		return n, sdkerr.Canceled(b.req.Op, b.req.Method, b.req.Path, cerr)
	}
	e := sdkerr.FromNetwork(b.req.Op, b.req.Method, b.req.Path, err, b.conn.secretsOf(b.req, b.tok)...)
	if b.req.Safe {
		sdkerr.OfRead(e)
	}
	return n, e
}

// Close implements io.Closer.
func (b *incoming) Close() error {
	err := b.body.Close()
	b.end()
	return err
}

// ReadSmall reads and closes an answer that is no stream after all.
func (c *Conn) ReadSmall(r *Stream, resp *StreamResponse) ([]byte, error) {
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.cfg.MaxResponseBytes+1))
	if err != nil {
		return nil, sdkerr.Wrap(r.Op, nil, err)
	}
	if int64(len(body)) > c.cfg.MaxResponseBytes {
		e := sdkerr.New(r.Op, sdkerr.ErrDecode, tooLarge, c.cfg.MaxResponseBytes)
		e.Method, e.Path, e.HTTPStatus = r.Method, r.Path, resp.Status
		return nil, e
	}
	return body, nil
}
