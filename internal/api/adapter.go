package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Call tells the pipeline about a request that a library makes. Put into the
// request's context by WithCall, or given to Client for libraries without one.
type Call struct {
	Op    string // SDK method, for errors and logs
	Safe  bool   // see Request.Safe
	Keyed bool   // see Request.Keyed
	// TakeBody keeps the answer's bytes from the library, which then sees an
	// empty body: Response has them without another copy.
	TakeBody bool
	// Response is the answer, once there is one.
	Response *Response
}

type callKey struct{}

// WithCall attaches call to the requests made with the returned context. A Call
// is for one request at a time.
func WithCall(ctx context.Context, call *Call) context.Context {
	return context.WithValue(ctx, callKey{}, call)
}

// RoundTripper lets a library send its requests through the pipeline. The
// request's context may carry a Call; credentials that the library adds are
// dropped. A failed call is a *sdkerr.Error, whatever the library makes of it:
// take it out again with sdkerr.Wrap.
func (c *Conn) RoundTripper() http.RoundTripper { return roundTripper{conn: c} }

// Client is an HTTP client for a library that takes no context: every request
// runs with ctx and call. It never follows redirects.
func (c *Conn) Client(ctx context.Context, call *Call) http.Client {
	return http.Client{Transport: roundTripper{conn: c, ctx: ctx, call: call}}
}

type roundTripper struct {
	conn *Conn
	ctx  context.Context //nolint:containedctx // for libraries that take none
	call *Call
}

// RoundTrip implements http.RoundTripper.
func (t roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, call := req.Context(), t.call
	if t.ctx != nil {
		ctx = t.ctx
	}
	if call == nil {
		if call, _ = ctx.Value(callKey{}).(*Call); call == nil {
			call = &Call{Op: req.Method + " " + req.URL.Path}
		}
	}
	r, err := t.conn.fromHTTP(req, call)
	if err != nil {
		return nil, err
	}
	resp, err := t.conn.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	call.Response = resp

	body, header := resp.Body, resp.Header
	if call.TakeBody {
		body = nil
	}
	return &http.Response{
		Status:        strconv.Itoa(resp.Status) + " " + http.StatusText(resp.Status),
		StatusCode:    resp.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       req,
	}, nil
}

// libraryHeaders are what the libraries say about themselves and the caller.
var libraryHeaders = []string{"X-Client-Info", "User-Agent"}

// fromHTTP turns a library's request into one of the pipeline.
func (c *Conn) fromHTTP(req *http.Request, call *Call) (*Request, error) {
	path, ok := strings.CutPrefix(req.URL.Path, c.base.Path)
	if !ok || req.URL.Host != c.base.Host {
		return nil, sdkerr.Wrap(call.Op, nil, errForeignHost)
	}
	r := &Request{
		Op: call.Op, Method: req.Method, Path: path, RawQuery: req.URL.RawQuery,
		Safe: call.Safe, Keyed: call.Keyed,
	}
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if req.Body != nil && req.Body != http.NoBody {
		body, err := io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, sdkerr.Wrap(call.Op, nil, err)
		}
		r.Body = body
	}
	r.Header = make(http.Header, len(req.Header))
	for name, values := range req.Header {
		if !slices.Contains(libraryHeaders, name) && (name != "Content-Type" || r.Body != nil) {
			r.Header[name] = values
		}
	}
	return r, nil
}
