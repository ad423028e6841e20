package workorder

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Option changes one thing about a client that New or With makes.
type Option func(*config) error

// config is what options work on. It is a value: changing it never reaches a
// client that exists already.
type config struct {
	api.Config
}

// Token is an access token and the time it expires (zero: unknown). It prints,
// logs and marshals as "[redacted]".
//
//	type Token struct {
//		Value  string
//		Expiry time.Time
//	}
type Token = api.Token

// TokenSource gives the access token for the next request. Token is called for
// every request, from many goroutines at once, so a source should keep its
// token until shortly before it expires.
//
// A TokenSource that also has the method Invalidate(Token) is told when the
// server refuses a token; the next call of Token should then give another one.
//
//	type TokenSource interface {
//		Token(ctx context.Context) (Token, error)
//	}
type TokenSource = api.TokenSource

// RetryPolicy says how often and how patiently a failed call is repeated. Zero
// fields take the defaults: 4 attempts, waits of up to 200 ms, 400 ms, 800 ms…
// capped at 5 s, and no waiting for a server that asks for more than 30 s.
//
// Reads are repeated after every transient failure; writes only when they are
// known not to have been applied, or when an idempotency key makes repeating
// them harmless. Conflicts and the platform's rate limits are never repeated.
//
//	type RetryPolicy struct {
//		MaxAttempts   int           // attempts in all, the first included; 1: no retries
//		BaseDelay     time.Duration // the first wait is at most this
//		MaxDelay      time.Duration // no wait is longer
//		MaxRetryAfter time.Duration // a server that asks to wait longer ends the call
//	}
type RetryPolicy = api.RetryPolicy

// CallInfo describes one logical call to a CallMiddleware.
//
//	type CallInfo struct {
//		Op     string // the SDK method, such as "WorkOrders.Create"
//		Method string // the HTTP method
//		Path   string // the URL path without the query
//		Safe   bool   // the call changes nothing
//	}
type CallInfo = api.CallInfo

// CallMiddleware wraps one logical call with all its attempts and waits, for
// deadlines of one's own or a circuit breaker; an [Observer] is simpler where one
// only looks. It may pass another context on, look
// at the error, or refuse the call by not calling next. It calls next at most
// once: only the SDK knows whether a failed write may run again. An error of its
// own never counts as [SafeToRetry].
//
//	func(ctx context.Context, call CallInfo, next func(context.Context) error) error
type CallMiddleware = api.CallMiddleware

// AttemptMiddleware wraps every single HTTP request, after the SDK has added
// the credentials and just before it is sent. The request carries them: do not
// log its headers. It must not send it to another host (refused), call next more
// than once, add Idempotency-Key (net/http would repeat writes by itself) or
// Accept-Encoding (answers would arrive compressed), or read the body of an
// answer without putting another in its place. An error of its own never makes
// a write be repeated.
//
//	func(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error)
type AttemptMiddleware = api.AttemptMiddleware

// WithAccessToken makes the client act as the user whose access token this is,
// until it expires.
func WithAccessToken(jwt string) Option {
	return func(c *config) error {
		src := newStaticToken(jwt)
		if _, err := src.Token(context.Background()); err != nil {
			return sdkerr.Invalid("WithAccessToken", "the token", "is not a well-formed JWT")
		}
		c.identify(src)
		return nil
	}
}

// WithTokenSource makes the client take its access tokens from src. A [Session]
// must be one of the client's own project.
func WithTokenSource(src TokenSource) Option {
	return func(c *config) error {
		if s, ok := src.(*Session); src == nil || ok && s == nil {
			return sdkerr.Required("WithTokenSource", "the source")
		}
		c.identify(src)
		return nil
	}
}

// identify changes who the caller is. A tenant that the client was bound to
// belongs to the caller before and goes with it.
func (c *config) identify(src TokenSource) { c.Auth, c.Tenant = src, "" }

// WithHeader sends a header with every request. Setting a name again replaces
// its value. Headers that mean something to the SDK, to net/http or to the
// services, such as Authorization, Accept-Encoding, Prefer, Range or
// Idempotency-Key, are refused with ErrInvalidInput.
func WithHeader(name, value string) Option {
	return func(c *config) error {
		h := c.Header.Clone()
		if h == nil {
			h = http.Header{}
		}
		h.Set(name, value)
		c.Header = h
		return nil
	}
}

// WithUserAgent names the application, such as "nightly-import/2.1", behind the
// SDK's own User-Agent.
func WithUserAgent(app string) Option {
	return func(c *config) error {
		c.UserAgent = app
		return nil
	}
}

// WithLogger logs every request at debug level and every repeated one at warn
// level: operation, method, path, status, code, attempt, duration and request
// id, but never headers, bodies, messages of the server or queries. By default
// nothing is logged. docs/observability.md lists the fields.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		c.Logger = l
		return nil
	}
}

// WithRetry replaces the retry policy.
func WithRetry(p RetryPolicy) Option {
	return func(c *config) error {
		c.Retry = p
		return nil
	}
}

// WithAttemptTimeout bounds one attempt, from sending to the last byte of the
// answer. The default is 30 seconds; nothing but making a connection, which may
// take 30 seconds as well, ends an attempt earlier. Of an upload or download it
// bounds how long the network may stand still before the answer begins, however
// long the file takes. The whole call is bounded by its context.
func WithAttemptTimeout(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return sdkerr.Invalid("WithAttemptTimeout", "the timeout", "must be positive")
		}
		c.AttemptTimeout = d
		return nil
	}
}

// WithMaxResponseBytes bounds the answer of one request, 64 MiB by default. A
// larger one fails with ErrDecode; lists then want smaller pages
// (query.PageSize). Downloads of files are not bounded.
func WithMaxResponseBytes(n int64) Option {
	return func(c *config) error {
		if n <= 0 {
			return sdkerr.Invalid("WithMaxResponseBytes", "the limit", "must be positive")
		}
		c.MaxResponseBytes = n
		return nil
	}
}

// WithTransport sends requests through rt in place of the client's own pooled
// transport, for proxies, client certificates or tests. The client does not
// close it. Redirects are never followed, whatever rt is.
func WithTransport(rt http.RoundTripper) Option {
	return func(c *config) error {
		if rt == nil {
			return sdkerr.Required("WithTransport", "the transport")
		}
		c.Transport = rt
		return nil
	}
}

// WithObserver tells o about the calls of the client and of those derived from
// it, and about the refreshes of the sessions that they begin. Observers add up;
// the first one added is the outermost. Without any, watching costs nothing.
func WithObserver(o Observer) Option {
	return func(c *config) error {
		c.Observers = append(slices.Clip(c.Observers), o)
		return nil
	}
}

// WithCallMiddleware adds middleware around whole calls. The first one added is
// the outermost.
func WithCallMiddleware(m ...CallMiddleware) Option {
	return func(c *config) error {
		for _, f := range m {
			if f == nil {
				return sdkerr.Required("WithCallMiddleware", "every middleware")
			}
		}
		c.CallMiddleware = append(slices.Clip(c.CallMiddleware), m...)
		return nil
	}
}

// WithAttemptMiddleware adds middleware around single HTTP requests. The first
// one added is the outermost.
func WithAttemptMiddleware(m ...AttemptMiddleware) Option {
	return func(c *config) error {
		for _, f := range m {
			if f == nil {
				return sdkerr.Required("WithAttemptMiddleware", "every middleware")
			}
		}
		c.AttemptMiddleware = append(slices.Clip(c.AttemptMiddleware), m...)
		return nil
	}
}
