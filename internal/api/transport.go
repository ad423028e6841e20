package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Pings tell a connection that died without a word from one that is merely
// quiet, well before the timeout of an attempt: the next attempt then gets
// another connection.
const (
	pingAfter   = 10 * time.Second
	pingTimeout = 5 * time.Second
)

// PingWithin lets a transport that is not in use yet find a dead connection
// within two thirds of an attempt.
func PingWithin(t *http.Transport, attempt time.Duration) {
	if attempt > 0 {
		t.HTTP2.SendPingTimeout = min(pingAfter, attempt/3)
		t.HTTP2.PingTimeout = min(pingTimeout, attempt/3)
	}
}

// NewTransport makes the pooled transport that a family of clients shares. It
// has no timeout for answers: that is AttemptTimeout's.
func NewTransport() *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if ok {
		t = t.Clone()
	} else { // the application replaced it
		t = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	}
	t.MaxIdleConns = 200
	t.MaxIdleConnsPerHost = 100
	t.IdleConnTimeout = 90 * time.Second
	t.ResponseHeaderTimeout = 0
	t.TLSHandshakeTimeout = 30 * time.Second // as for dialling
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout}
	t.Proxy = onlyHTTPS(t.Proxy)
	t.DialContext = patiently(t.DialContext)
	return t
}

// onlyHTTPS keeps plain http from a proxy: it goes to the machine itself only,
// and a proxy could read the keys and tokens in it.
func onlyHTTPS(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(req *http.Request) (*url.URL, error) {
		if proxy == nil || req.URL.Scheme != "https" {
			return nil, nil
		}
		return proxy(req)
	}
}

// parseBaseURL checks the project URL. Plain http carries keys and tokens in
// the clear, so only the machine itself may be reached that way.
func parseBaseURL(raw string) (*url.URL, error) {
	bad := func(format string, args ...any) error {
		return sdkerr.New(opNew, sdkerr.ErrInvalidInput, "the project URL "+format, args...)
	}
	if raw == "" {
		return nil, bad("is required")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, bad("cannot be parsed")
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, bad("must begin with https://")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, bad("has no host")
	case strings.ContainsAny(u.Host, " \t\r\n"):
		return nil, bad("has spaces in its host")
	case !usablePort(u.Port()):
		return nil, bad("has no usable port")
	case u.User != nil:
		return nil, bad("must not hold a user or password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, bad("must not hold a query or fragment")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, bad("must use https: keys and tokens go over plain http only to the machine itself")
	}
	for _, service := range []string{"/rest/v1", "/auth/v1", "/storage/v1", "/functions/v1"} {
		if strings.HasSuffix(strings.TrimRight(u.Path, "/"), service) {
			return nil, bad("must not end with %s: give the project's own URL", service)
		}
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return u, nil
}

func usablePort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// loopback reports whether host is the machine itself: a loopback address, or
// the one name for it that every resolver knows. "localhost." and "x.localhost"
// are looked up like any other name on many systems.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// ownHeaders are set by the pipeline alone, whatever a request says.
var ownHeaders = []string{"Authorization", "Apikey", "Host", "Content-Length", "Transfer-Encoding", "Connection"}

// reservedHeaders mean something to the SDK, to net/http or to the services
// that the SDK speaks to: sent with every request, they would change what
// requests do or how answers read.
var reservedHeaders = map[string]string{
	"Accept":              "every call asks for its own form of answer",
	"Accept-Encoding":     "answers would arrive compressed",
	"Accept-Profile":      "every call names its own schema",
	"Apikey":              "it is set by the SDK itself",
	"Authorization":       "it is set by the SDK itself",
	"Connection":          "it is set by the SDK itself",
	"Content-Encoding":    "bodies are sent as they are",
	"Content-Length":      "it is set by the SDK itself",
	"Content-Profile":     "every call names its own schema",
	"Content-Range":       "it belongs to single requests",
	"Content-Type":        "it is set by the SDK itself",
	"Expect":              "it belongs to single requests",
	"Host":                "it is set by the SDK itself",
	"Http2-Settings":      "it belongs to connections",
	"Idempotency-Key":     "net/http would repeat writes by itself",
	"Keep-Alive":          "it belongs to connections",
	"Prefer":              "every call has its own preferences",
	"Proxy-Authorization": "it belongs to connections",
	"Proxy-Connection":    "it belongs to connections",
	"Range":               "answers would be cut",
	"Range-Unit":          "answers would be cut",
	"Te":                  "it belongs to connections",
	"Trailer":             "it belongs to connections",
	"Transfer-Encoding":   "it is set by the SDK itself",
	"Upgrade":             "it belongs to connections",
	"User-Agent":          "it is set by WithUserAgent",
	"X-Client-Info":       "it is set by the SDK itself",
	"X-Idempotency-Key":   "net/http would repeat writes by itself",
	"X-Request-Id":        "every call has its own",
	"X-Upsert":            "uploads would overwrite files",
}

// reserved says why a header cannot be sent with every request, "" when it can.
func reserved(name string) string {
	if strings.HasPrefix(name, "If-") {
		return "it belongs to single requests"
	}
	return reservedHeaders[name]
}

func checkHeader(h http.Header) error {
	for name, values := range h {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !tokenRune(r) }) {
			return sdkerr.Invalid(opNew, "a header name", "is empty or contains characters that are not allowed")
		}
		if why := reserved(http.CanonicalHeaderKey(name)); why != "" {
			return sdkerr.Invalid(opNew, "the header "+http.CanonicalHeaderKey(name), "cannot be sent with every request: "+why)
		}
		for _, v := range values {
			if strings.ContainsFunc(v, isControl) {
				return sdkerr.Invalid(opNew, "the header "+name, "has a value with control characters")
			}
		}
	}
	return nil
}

func checkRetry(p RetryPolicy) error {
	if p.MaxAttempts < 0 || p.BaseDelay < 0 || p.MaxDelay < 0 || p.MaxRetryAfter < 0 {
		return sdkerr.Invalid(opNew, "the retry policy", "has a negative value")
	}
	return nil
}

func tokenRune(r rune) bool {
	return r > ' ' && r < 0x7f && !strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// RequireKey refuses a key that is missing, or that a header cannot carry, as
// ErrInvalidInput.
func RequireKey(op, field, key string) error {
	switch {
	case key == "":
		return sdkerr.Required(op, field)
	case !sendable(key):
		return sdkerr.Invalid(op, field, "contains characters that a header cannot carry")
	}
	return nil
}

// sendable reports whether a key or token can stand in a header as it is.
func sendable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// baseHeader holds the headers of every request. Its value slices are shared
// between requests; their capacity is exact, so that adding to one copies it.
func baseHeader(cfg Config) http.Header {
	agent := "workorder-go/" + Version + " (" + runtime.Version() + "; " + runtime.GOOS + "/" + runtime.GOARCH + ")"
	if cfg.UserAgent != "" {
		agent += " " + cfg.UserAgent
	}
	h := http.Header{
		"Accept":        {"application/json"},
		"User-Agent":    {agent},
		"X-Client-Info": {"workorder-go/" + Version},
	}
	for name, values := range cfg.Header {
		h[http.CanonicalHeaderKey(name)] = slices.Clip(slices.Clone(values))
	}
	h["Apikey"] = []string{cfg.APIKey}
	return h
}

// newRequest builds the HTTP request of one attempt. Identity comes in here, at
// send time, from the configuration alone.
func (c *Conn) newRequest(ctx context.Context, r *Request, tok Token, id string) *http.Request {
	u := *c.base
	u.Path += r.Path
	u.RawQuery = r.RawQuery

	h := make(http.Header, len(c.header)+len(r.Header)+3)
	for name, values := range c.header {
		h[name] = values
	}
	if r.Body != nil {
		h["Content-Type"] = jsonType
	}
	for name, values := range r.Header {
		if name = http.CanonicalHeaderKey(name); !slices.Contains(ownHeaders, name) {
			h[name] = values[:len(values):len(values)]
		}
	}
	h["X-Request-Id"] = []string{id}
	if b := c.bearer(tok); b != "" {
		h["Authorization"] = []string{b}
	}

	req := blank.WithContext(ctx) // copies
	req.Method, req.URL, req.Host, req.Header = r.Method, &u, u.Host, h
	if len(r.Body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(r.Body))
		req.ContentLength = int64(len(r.Body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.Body)), nil }
	}
	return req
}

// blank is what every request starts as.
var blank = &http.Request{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}

var jsonType = []string{"application/json"}

// attemptChain puts the middleware around the transport.
func (c *Conn) attemptChain() http.RoundTripper {
	// The transport is used without an http.Client, so redirects are never
	// followed and cookies never kept.
	var next roundTripFunc = func(req *http.Request) (*http.Response, error) {
		if req.URL.Host != c.base.Host || req.URL.Scheme != c.base.Scheme {
			return nil, errForeignHost
		}
		resp, err := c.cfg.Transport.RoundTrip(req)
		if w, ok := req.Context().Value(wireKey{}).(*wire); ok {
			w.saw(err)
		}
		return resp, err
	}
	for _, m := range slices.Backward(c.cfg.AttemptMiddleware) {
		inner := next
		next = func(req *http.Request) (*http.Response, error) { return m(req, inner) }
	}
	return next
}

type roundTripFunc func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// inCallMiddleware runs a call inside the call middleware.
func inCallMiddleware[R any](
	ctx context.Context, middleware []CallMiddleware, info CallInfo,
	call func(context.Context) (*R, *sdkerr.Error),
) (*R, error) {
	if len(middleware) == 0 {
		resp, failure := call(ctx)
		if failure != nil {
			return nil, failure // not the typed nil of a *sdkerr.Error
		}
		return resp, nil
	}
	var last struct { // of the calls, of which a middleware may leave one to itself
		sync.Mutex
		resp    *R
		failure *sdkerr.Error
		calls   int
	}
	next := func(ctx context.Context) error {
		last.Lock()
		last.calls++
		last.Unlock()
		resp, failure := call(ctx)
		last.Lock()
		last.resp, last.failure = resp, failure
		last.Unlock()
		if failure != nil {
			return failure
		}
		return nil
	}
	for _, m := range slices.Backward(middleware) {
		inner := next
		next = func(ctx context.Context) error { return m(ctx, info, inner) }
	}
	err := next(ctx)
	last.Lock()
	resp, failure, calls := last.resp, last.failure, last.calls
	last.Unlock()
	switch {
	case err != nil && failure != nil && calls == 1 && errors.Is(err, failure):
		return nil, sdkerr.Wrap(info.Op, nil, err)
	case err != nil: // the middleware's own, after a call that may have been applied
		return nil, sdkerr.Doubt(sdkerr.Wrap(info.Op, nil, err))
	case failure != nil: // swallowed, but there is no answer to give
		return nil, failure
	case resp == nil:
		return nil, sdkerr.New(info.Op, nil, "a call middleware ended the call without an answer")
	}
	return resp, nil
}

var errTooLarge = errors.New("answer too large")

// bodies are the memory of answers that are released: a list of some thousand
// rows takes as much of it as its rows do. Memory that is lent out and never
// comes back, as behind an error, goes to the garbage collector.
var bodies = sync.Pool{New: func() any { return new([]byte) }}

// maxLent bounds the memory that is kept for other answers.
const maxLent = 4 << 20

// read reads the whole answer, into memory that Release gives back if it is
// lent. It trusts Content-Length only as a hint for how much memory to take.
func (r *Response) read(resp *http.Response, limit int64, lend bool) error {
	const trust = 4 << 20
	n := resp.ContentLength
	if n > limit {
		return errTooLarge
	}
	known := 0 <= n && n <= trust
	if known && !lend {
		r.Body = make([]byte, n)
		return readFull(resp.Body, r.Body)
	}
	lent := bodies.Get().(*[]byte)
	if known {
		*lent = slices.Grow((*lent)[:0], int(n))[:n]
		if err := readFull(resp.Body, *lent); err != nil {
			return err
		}
	} else {
		buf := bytes.NewBuffer((*lent)[:0])
		if _, err := buf.ReadFrom(io.LimitReader(resp.Body, limit+1)); err != nil {
			return err
		}
		if int64(buf.Len()) > limit {
			return errTooLarge
		}
		*lent = buf.Bytes()
	}
	if lend {
		r.Body, r.lent = *lent, lent
		return nil
	}
	r.Body = bytes.Clone(*lent)
	giveBack(lent)
	return nil
}

// giveBack lets other answers have the memory.
func giveBack(lent *[]byte) {
	if cap(*lent) <= maxLent {
		bodies.Put(lent)
	}
}

// readFull fills b. An end before that is unexpected.
func readFull(from io.Reader, b []byte) error {
	_, err := io.ReadFull(from, b)
	if err == io.EOF && len(b) > 0 {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// newRequestID makes the id that goes with a call into the platform's logs.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
