package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// Version is the version of the SDK, as sent in User-Agent and X-Client-Info.
const Version = "0.1.0"

// Config is what a Conn is made of. It is copied by value; nothing in it
// changes once a Conn exists.
type Config struct {
	BaseURL string      // the project URL, such as https://abc.supabase.co
	APIKey  string      // anon, publishable or service-role key
	Auth    TokenSource // nil: the API key itself
	Tenant  string      // fills empty tenant ids; empty: the token's claim
	// GateOf gives the gate that writes with a token source pass, or nil.
	GateOf    func(TokenSource) *WriteGate
	Header    http.Header       // sent with every request; replaced, never changed
	UserAgent string            // the application's name, put behind the SDK's own
	Transport http.RoundTripper // nil: a pooled transport of its own
	Logger    *slog.Logger      // nil: no logging

	Retry            RetryPolicy
	AttemptTimeout   time.Duration // of one attempt; 0: DefaultAttemptTimeout, negative: none
	MaxResponseBytes int64         // of one answer; 0: DefaultMaxResponseBytes

	CallMiddleware    []CallMiddleware    // the first is the outermost
	AttemptMiddleware []AttemptMiddleware // the first is the outermost
	Observers         []Observer          // the first is the outermost

	// answers is shared by all Conns of one family.
	answers *answers
	// refusals is shared by all Conns of one family.
	refusals *refusals

	// sleep waits between attempts; tests replace it.
	sleep func(wait time.Duration)
}

// Defaults of Config.
const (
	DefaultAttemptTimeout   = 30 * time.Second
	DefaultMaxResponseBytes = 64 << 20
	maxErrorBytes           = 1 << 20 // of an error answer, before it is read and cut
)

// Format implements fmt.Formatter so that no verb prints the key.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "api.Config("+c.BaseURL+")") }

// MarshalJSON implements json.Marshaler without the key.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(fmt.Sprint(c)) }

// MarshalText implements encoding.TextMarshaler without the key.
func (c Config) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(c)), nil }

// GobEncode implements gob.GobEncoder without the key.
func (c Config) GobEncode() ([]byte, error) { return c.MarshalText() }

// CallInfo describes one logical call, which may take several attempts.
type CallInfo struct {
	Op     string // the SDK method, such as "WorkOrders.Create"
	Method string // the HTTP method
	Path   string // the URL path without the query
	Safe   bool   // the call changes nothing
}

// CallMiddleware wraps one logical call with all its attempts and waits. It may
// pass another context on, look at the error, or refuse the call by not calling
// next. It calls next at most once: only the SDK knows whether a failed write may
// run again. An error of its own in place of a call's success or failure never
// counts as safe to retry.
type CallMiddleware func(ctx context.Context, call CallInfo, next func(context.Context) error) error

// AttemptMiddleware wraps every single HTTP request, after the SDK has added
// the credentials and before it is sent. It must not send the request to
// another host (refused), call next more than once, add an Idempotency-Key
// header (net/http would repeat writes by itself) or Accept-Encoding (answers
// would arrive compressed), or read the body of an answer without putting
// another in its place. An error of its own never makes a write be repeated.
type AttemptMiddleware func(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error)
