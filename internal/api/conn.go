// Package api is the request pipeline: everything the SDK sends goes through
// one Conn, which adds identity, retries, limits and logging.
package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/workorder-systems/sdk-go/internal/jwtclaims"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Conn sends requests for one client. It is immutable and safe for concurrent use.
//
// Package fmt looks through one pointer when a verb does not fit, as in a %s of
// a service. So what is secret lies behind a second one.
type Conn struct {
	*shared
	auth   TokenSource
	tenant string

	seen atomic.Pointer[seenClaims] // of the token seen last
}

// shared is what the Conns of all identities have in common.
type shared struct {
	cfg    Config            // without an identity
	base   *url.URL          // without a trailing slash
	header http.Header       // what every request carries, identity excepted
	send   http.RoundTripper // the attempt middleware and the transport

	secrets []string // values of configured headers that look like credentials
	project string   // reference of the hosted project; "" when unknown
}

// New makes a Conn. It checks the configuration and sends nothing.
func New(cfg Config) (*Conn, error) {
	base, err := parseBaseURL(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	if err := RequireKey(opNew, "the API key", cfg.APIKey); err != nil {
		return nil, err
	}
	if strings.HasPrefix(cfg.APIKey, "eyJ") { // as every JWT begins
		if _, err := jwtclaims.Parse(cfg.APIKey); err != nil {
			return nil, sdkerr.Invalid(opNew, "the API key", "is not a well-formed JWT: is a part of it missing?")
		}
	}
	if err := checkHeader(cfg.Header); err != nil {
		return nil, err
	}
	if strings.ContainsFunc(cfg.UserAgent, isControl) {
		return nil, sdkerr.Invalid(opNew, "the user agent", "contains control characters")
	}
	if err := checkRetry(cfg.Retry); err != nil {
		return nil, err
	}
	if cfg.MaxResponseBytes < 0 {
		return nil, sdkerr.Invalid(opNew, "MaxResponseBytes", "is negative")
	}

	cfg.Retry = cfg.Retry.withDefaults()
	if cfg.AttemptTimeout == 0 {
		cfg.AttemptTimeout = DefaultAttemptTimeout
	}
	if cfg.MaxResponseBytes == 0 {
		cfg.MaxResponseBytes = DefaultMaxResponseBytes
	}
	if cfg.Transport == nil {
		t := NewTransport()
		PingWithin(t, cfg.AttemptTimeout)
		cfg.Transport = t
	}
	if cfg.answers == nil {
		cfg.answers = new(answers)
	}
	if cfg.refusals == nil {
		cfg.refusals = new(refusals)
	}
	c := &Conn{auth: cfg.Auth, tenant: cfg.Tenant}
	cfg.Auth, cfg.Tenant = nil, ""
	c.shared = &shared{cfg: cfg, base: base, header: baseHeader(cfg), project: projectOf(base.String(), cfg.APIKey)}
	c.secrets = headerSecrets(cfg.Header)
	c.send = c.attemptChain()
	return c, nil
}

const opNew = "New"

// Config is a copy of what the Conn was made of, to derive another one from.
func (c *Conn) Config() Config {
	if c == nil {
		return Config{}
	}
	cfg := c.cfg
	cfg.Auth, cfg.Tenant = c.auth, c.tenant
	return cfg
}

// Unmade is the error of a client that no constructor made: its Conn is nil.
func Unmade(op string) *sdkerr.Error {
	return sdkerr.New(op, sdkerr.ErrInvalidInput, "the client is zero: make it with workorder.New")
}

// WithIdentity is the same Conn for another caller: its own token source and
// tenant, everything else shared. It costs one small allocation.
func (c *Conn) WithIdentity(src TokenSource, tenant string) *Conn {
	if c == nil {
		return nil
	}
	return &Conn{shared: c.shared, auth: src, tenant: tenant}
}

// BaseURL is the project URL without a trailing slash.
func (c *Conn) BaseURL() string {
	if c == nil {
		return ""
	}
	return c.base.String()
}

// Format implements fmt.Formatter so that no verb prints the key.
func (c *Conn) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "api.Conn("+c.BaseURL()+")")
}

// Request is one call, which may take several attempts.
type Request struct {
	Op       string // SDK method, for errors and logs
	Method   string
	Path     string // such as /rest/v1/rpc/rpc_create_tenant
	RawQuery string
	Header   http.Header // more headers; credentials among them are ignored
	Body     []byte      // JSON, unless Header says otherwise
	// Safe says that the call changes nothing, so any transient failure may be
	// retried.
	Safe bool
	// Keyed says that an idempotency key makes repeating the write harmless.
	Keyed bool
	// Settle looks a keyed write up after an attempt of it has timed out, for a
	// server that may still be at it: its answer, nil when it knows nothing of
	// the key, or ErrInProgress. Nil: the write is repeated.
	Settle func(context.Context) (*Response, error)
	// Secrets are values that must not show up in an error. Those in the body
	// of an Auth request are found without being listed.
	Secrets []string
	// Lend says that the caller will Release the answer.
	Lend bool
}

// Response is the complete answer of a successful call.
type Response struct {
	Status int
	Header http.Header
	Body   []byte

	lent *[]byte // what Body is part of; nil: its own
}

// Release ends the use of the answer: nothing may refer to Body any longer. Other
// calls get its memory if the request said Lend.
func (r *Response) Release() {
	if r.lent != nil {
		giveBack(r.lent)
		r.Body, r.lent = nil, nil
	}
}

// Do sends the request and returns the complete answer. The body is read inside
// the attempt, so an answer that breaks off counts as a failed attempt. A
// failure is always a *sdkerr.Error.
func (c *Conn) Do(ctx context.Context, r *Request) (*Response, error) {
	if c == nil {
		return nil, Unmade(r.Op)
	}
	info := CallInfo{Op: r.Op, Method: r.Method, Path: r.Path, Safe: r.Safe}
	w := c.watch(info)
	resp, err := inCall(ctx, c, w, info, func(ctx context.Context) (*Response, *sdkerr.Error) {
		return c.do(ctx, r, w)
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// do runs the attempts of one call.
func (c *Conn) do(ctx context.Context, r *Request, w *watch) (*Response, *sdkerr.Error) {
	return attempts(ctx, c, r, w, nil, r.Settle, func(ctx context.Context, tok Token, st *callState) (*Response, *sdkerr.Error) {
		return c.attempt(ctx, r, tok, st)
	})
}

// attempts makes one attempt after another until one succeeds or none may
// follow. Before each further one it calls rewind, if there is one, which
// reports whether the request can be sent again. For settle see Request.Settle.
func attempts[R any](
	ctx context.Context, c *Conn, r *Request, w *watch, rewind func() bool, settle func(context.Context) (*R, error),
	attempt func(context.Context, Token, *callState) (*R, *sdkerr.Error),
) (*R, *sdkerr.Error) {
	st := callState{id: newRequestID(), watch: w}
	for {
		if err := ctx.Err(); err != nil {
			return nil, sdkerr.NotSent(r.Op, err, st.last)
		}
		// The token is fetched for every attempt, because it may have expired
		// during the wait. What its source reports is final: it has its own
		// retries.
		tok, e := c.token(ctx, r.Op)
		if e != nil {
			return nil, e
		}
		leave, err := c.pass(ctx, r)
		if err != nil {
			return nil, sdkerr.NotSent(r.Op, err, st.last)
		}
		st.n++
		resp, e := inside(leave, func() (*R, *sdkerr.Error) {
			return inAttempt(ctx, w, st.n, func(ctx context.Context) (*R, *sdkerr.Error) {
				resp, e := attempt(ctx, tok, &st)
				if e != nil {
					c.finish(r, e, &st)
				}
				return resp, e
			})
		})
		if e == nil {
			return resp, nil
		}
		st.last = e
		if early := st.earlyWait(ctx, e); early > 0 && (rewind == nil || rewind()) {
			c.logRetry(ctx, r, e, &st, "token issued at future")
			if err := c.sleep(ctx, early); err != nil {
				return nil, sdkerr.NotSent(r.Op, err, nil)
			}
			st.last = nil
			continue
		}
		if timedOut(e) {
			c.dropIdle()
			if settle != nil && ctx.Err() == nil {
				settled, err := settle(ctx)
				switch {
				case err != nil:
					return nil, c.unsettled(r, e, err)
				case settled != nil:
					return settled, nil
				}
			}
		}
		replay := !st.replayed && c.tokenRefused(ctx, e, tok)
		if refused(e) && ctx.Err() != nil {
			// It ended before one could see whether another token would do.
			return nil, sdkerr.Canceled(r.Op, r.Method, r.Path, ctx.Err())
		}
		if !replay {
			st.failed++
			if st.failed >= c.cfg.Retry.MaxAttempts || !sdkerr.Retriable(e, r.Safe || r.Keyed) {
				return nil, e
			}
			if err := ctx.Err(); err != nil { // the answer came just before
				return nil, sdkerr.NotSent(r.Op, err, e)
			}
		}
		if rewind != nil && !rewind() {
			return nil, e
		}
		if replay {
			st.replayed, st.last = true, nil // what comes next says more than the refusal
			c.logRetry(ctx, r, e, &st, "token refused")
			continue
		}
		c.logRetry(ctx, r, e, &st, "retry")
		again, err := c.wait(ctx, st.n, e)
		if err != nil {
			return nil, sdkerr.NotSent(r.Op, err, e)
		}
		if !again {
			return nil, e
		}
	}
}

// callState is what the attempts of one call share.
type callState struct {
	id       string // request id
	n        int    // number of the attempt, from 1
	failed   int    // attempts that count against RetryPolicy.MaxAttempts: not those for the sake of the token
	replayed bool   // the one replay after a refused token has been used
	early    int    // how often it was sent again because the token was too new
	last     *sdkerr.Error
	watch    *watch // nil: nobody watches
}

// finish completes an error with what only the call knows.
func (c *Conn) finish(r *Request, e *sdkerr.Error, st *callState) {
	e.Attempts = st.n
	if e.RequestID == "" {
		e.RequestID = st.id
	}
	switch {
	case r.Safe:
		sdkerr.OfRead(e)
	case r.Keyed:
		sdkerr.MarkRepeatable(e)
	}
}

// inside runs an attempt and leaves the gate behind it, also when a middleware
// panics.
func inside[R any](leave func(), attempt func() (*R, *sdkerr.Error)) (*R, *sdkerr.Error) {
	defer leave()
	return attempt()
}

// timedOut reports whether an attempt took longer than it may.
func timedOut(e *sdkerr.Error) bool { return errors.Is(e, errTimedOut) }

// dropIdle closes the connections that no call uses. The one that an attempt
// has just waited for in vain may be dead.
func (c *Conn) dropIdle() {
	if t, ok := c.cfg.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// unsettled is the failure of a write whose key could not be looked up, or that
// is still under way.
func (c *Conn) unsettled(r *Request, e *sdkerr.Error, err error) *sdkerr.Error {
	var looked *sdkerr.Error
	if !errors.As(err, &looked) || !errors.Is(err, sdkerr.ErrInProgress) {
		return e // nobody knows more than that it took too long
	}
	own := *looked // which was told to others
	own.Op, own.Method, own.Path = r.Op, r.Method, r.Path
	own.Attempts, own.RequestID = e.Attempts, e.RequestID
	return &own
}

// tokenRefused reports whether the call failed because its token was refused
// and the source has another one now, or an error that says more than the
// refusal does. Such a call was not applied.
func (c *Conn) tokenRefused(ctx context.Context, e *sdkerr.Error, tok Token) bool {
	if c.auth == nil || tok.Value == "" || ctx.Err() != nil || !refused(e) || tooNew(e) {
		return false
	}
	if s, ok := c.auth.(invalidator); ok {
		s.Invalidate(tok)
	}
	next, err := c.auth.Token(ctx)
	return err != nil || next.Value != tok.Value
}

// refused reports whether the server refused the token itself.
func refused(e *sdkerr.Error) bool {
	switch e.Code {
	case "PGRST301", "PGRST303", "bad_jwt":
		return true
	}
	return false
}

// tooNew reports whether the token was refused because the server's clock is
// behind that of the server which issued it. Another token would be newer still.
func tooNew(e *sdkerr.Error) bool {
	return e.Code == "PGRST303" && (e.Message == "JWT issued at future" || e.Message == "JWT not yet valid")
}

// earlyWait is how long to wait before a token that was too new is sent again, 0
// when it is not to be.
func (st *callState) earlyWait(ctx context.Context, e *sdkerr.Error) time.Duration {
	if !tooNew(e) || st.early == maxEarly {
		return 0
	}
	d := time.Duration(st.early+1) * time.Second
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return 0
	}
	st.early++
	return d
}

// maxEarly is how often a call is repeated because its token was too new.
const maxEarly = 2

const tooLarge = "the answer is larger than %d bytes: ask for smaller pages with query.PageSize, or allow more with WithMaxResponseBytes"

// errAttemptTimeout is the cause of an attempt that took too long.
type errAttemptTimeout struct {
	missing string // what did not come in time
	limit   time.Duration
}

func (t errAttemptTimeout) Error() string   { return "no " + t.missing + " within " + t.limit.String() }
func (t errAttemptTimeout) Timeout() bool   { return true }
func (t errAttemptTimeout) Temporary() bool { return true }
func (t errAttemptTimeout) Is(target error) bool {
	return target == errTimedOut || target == context.DeadlineExceeded // as net/http's own timeout does
}

var errTimedOut = errors.New("the attempt timed out")

// attempt sends the request once and reads the whole answer.
func (c *Conn) attempt(ctx context.Context, r *Request, tok Token, st *callState) (*Response, *sdkerr.Error) {
	start := time.Now()
	actx := ctx
	if c.cfg.AttemptTimeout > 0 {
		var cancel context.CancelFunc
		actx, cancel = context.WithTimeoutCause(ctx, c.cfg.AttemptTimeout, errAttemptTimeout{missing: "complete answer", limit: c.cfg.AttemptTimeout})
		defer cancel()
	}
	resp, e := c.exchange(ctx, actx, r, tok, st)
	st.watch.saw(resp, e)
	c.logAttempt(ctx, r, resp, e, st, time.Since(start))
	return resp, e
}

// exchange does the HTTP part of one attempt.
func (c *Conn) exchange(ctx, actx context.Context, r *Request, tok Token, st *callState) (*Response, *sdkerr.Error) {
	w := &wire{}
	actx = context.WithValue(actx, wireKey{}, w)
	hresp, err := c.send.RoundTrip(c.newRequest(actx, r, tok, st.id))
	if err != nil {
		return nil, c.failure(ctx, actx, r, tok, w, err)
	}
	if e := c.checkAnswer(ctx, r, tok, hresp); e != nil {
		return nil, e
	}
	defer func() { _ = hresp.Body.Close() }()
	if r.Method == http.MethodHead {
		return &Response{Status: hresp.StatusCode, Header: hresp.Header}, nil
	}
	resp := &Response{Status: hresp.StatusCode, Header: hresp.Header}
	err = resp.read(hresp, c.cfg.MaxResponseBytes, r.Lend)
	if errors.Is(err, errTooLarge) {
		e := sdkerr.New(r.Op, sdkerr.ErrDecode, tooLarge, c.cfg.MaxResponseBytes)
		e.Method, e.Path, e.HTTPStatus = r.Method, r.Path, hresp.StatusCode
		return nil, e
	}
	if err != nil {
		return nil, c.failure(ctx, actx, r, tok, w, err)
	}
	return resp, nil
}

// checkAnswer reads and closes an answer that is no success, and says why it is
// none.
func (c *Conn) checkAnswer(ctx context.Context, r *Request, tok Token, hresp *http.Response) *sdkerr.Error {
	if hresp == nil {
		return sdkerr.New(r.Op, nil, "an attempt middleware gave neither an answer nor an error")
	}
	if hresp.Body == nil { // of a careless transport
		hresp.Body = http.NoBody
	}
	if hresp.StatusCode >= 200 && hresp.StatusCode <= 299 {
		return nil
	}
	defer func() { _ = hresp.Body.Close() }()
	// What could be read of an error is better than nothing.
	body, _ := io.ReadAll(io.LimitReader(hresp.Body, maxErrorBytes))
	if cerr := ctx.Err(); cerr != nil {
		return sdkerr.Canceled(r.Op, r.Method, r.Path, cerr)
	}
	return sdkerr.FromResponse(r.Op, r.Method, r.Path, hresp.StatusCode, hresp.Header, body, c.secretsOf(r, tok)...)
}

// failure says why no answer came.
func (c *Conn) failure(ctx, actx context.Context, r *Request, tok Token, w *wire, err error) *sdkerr.Error {
	var own *sdkerr.Error
	if errors.As(err, &own) {
		return sdkerr.Doubt(sdkerr.Wrap(r.Op, nil, err))
	}
	if cerr := ctx.Err(); cerr != nil {
		return sdkerr.Canceled(r.Op, r.Method, r.Path, cerr)
	}
	if actx.Err() != nil {
		err = context.Cause(actx)
	}
	e := sdkerr.FromNetwork(r.Op, r.Method, r.Path, err, c.secretsOf(r, tok)...)
	if !w.only(err) {
		// A middleware's own, or of a request that was not the only one.
		e = sdkerr.Doubt(e)
	}
	return e
}

// wire is what the innermost transport saw of one attempt.
type wire struct {
	mu    sync.Mutex // a middleware may leave a request to itself
	calls int
	err   error
}

func (w *wire) saw(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	w.err = err
}

// only tells whether the error is that of the only request.
func (w *wire) only(err error) bool {
	w.mu.Lock()
	calls, seen := w.calls, w.err
	w.mu.Unlock()
	return calls == 1 && seen != nil && errors.Is(err, seen)
}

type wireKey struct{}
