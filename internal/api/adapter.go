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

// Call is what the pipeline has to know about a request that a library makes.
type Call struct {
	Op   string // SDK method, for errors and logs
	Safe bool   // see Request.Safe
	// TakeBody keeps the answer's bytes from the library, which then sees an
	// empty body: Response has them without another copy.
	TakeBody bool
	// Response is the answer, once there is one.
	Response *Response
}

// Client is an HTTP client that sends the requests of a library through the
// pipeline. The library needs to take no context: every request runs with ctx
// and call. Credentials that the library adds are dropped. A failed request is a
// *sdkerr.Error, whatever the library makes of it: sdkerr.Wrap takes it out
// again.
func (c *Conn) Client(ctx context.Context, call *Call) http.Client {
	return http.Client{Transport: roundTripper{conn: c, ctx: ctx, call: call}}
}

type roundTripper struct {
	conn *Conn
	ctx  context.Context // for libraries that take none
	call *Call
}

// RoundTrip implements http.RoundTripper.
func (t roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	r, err := t.conn.fromHTTP(req, t.call)
	if err != nil {
		return nil, err
	}
	resp, err := t.conn.Do(t.ctx, r)
	if err != nil {
		return nil, err
	}
	t.call.Response = resp

	body := resp.Body
	if t.call.TakeBody {
		body = nil
	}
	return &http.Response{
		Status:        strconv.Itoa(resp.Status) + " " + http.StatusText(resp.Status),
		StatusCode:    resp.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        resp.Header,
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
	if !ok || !strings.HasPrefix(path, "/") || req.URL.Host != c.base.Host {
		return nil, sdkerr.Wrap(call.Op, nil, errForeignHost)
	}
	r := &Request{
		Op: call.Op, Method: req.Method, Path: path, RawQuery: req.URL.RawQuery,
		Safe: call.Safe,
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
