// Package api is the request pipeline: everything the SDK sends goes through
// one Conn, which adds identity, retries, limits and logging.
package api

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Token is an access token and the time it expires (zero: unknown).
type Token struct {
	Value  string
	Expiry time.Time
}

// TokenSource gives the access token for the next request.
type TokenSource interface {
	Token(ctx context.Context) (Token, error)
}

// Config is what a Conn is made of. It is copied by value, never shared.
type Config struct {
	BaseURL string
	APIKey  string
	Auth    TokenSource // nil: the API key itself
	Tenant  string      // fills empty tenant ids; empty: the token's claim
}

// Conn sends requests for one client. It is immutable and safe for concurrent use.
type Conn struct {
	cfg Config
}

// New makes a Conn.
func New(cfg Config) (*Conn, error) { return &Conn{cfg: cfg}, nil }

// Request is one call, which may take several attempts.
type Request struct {
	Op       string // SDK method, for errors and logs
	Method   string
	Path     string // such as /rest/v1/rpc/rpc_create_tenant
	RawQuery string
	Header   http.Header
	Body     []byte
	// Safe says that the call changes nothing, so any transient failure may be
	// retried.
	Safe bool
	// Keyed says that an idempotency key makes repeating the write harmless.
	Keyed bool
}

// Response is the complete answer of a successful call.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends the request and returns the complete answer. A failure is always a
// *sdkerr.Error.
func (c *Conn) Do(ctx context.Context, r *Request) (*Response, error) {
	return nil, errors.New("not written yet")
}

// TenantID is the tenant that fills an empty tenant id of a call: the client's
// own, else the tenant_id claim of the current token. It is ErrNoTenant when
// there is neither.
func (c *Conn) TenantID(ctx context.Context, op string) (string, error) {
	return c.cfg.Tenant, nil
}
