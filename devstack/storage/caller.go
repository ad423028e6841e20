package storage

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/workorder-systems/sdk-go/devstack/internal/bearer"
)

// jwtMessages are the words for refused tokens.
var jwtMessages = map[bearer.Reason]string{
	bearer.Empty:          "Invalid Compact JWS",
	bearer.Parts:          "Invalid Compact JWS",
	bearer.Garbled:        "Invalid Compact JWS",
	bearer.Algorithm:      `"alg" (Algorithm) Header Parameter value not allowed`,
	bearer.Signature:      "signature verification failed",
	bearer.Claims:         "JWT Claims Set must be a top-level JSON object",
	bearer.Expired:        `"exp" claim timestamp check failed`,
	bearer.NotYetValid:    `"nbf" claim timestamp check failed`,
	bearer.IssuedInFuture: `"iat" claim timestamp check failed (it should be in the past)`,
}

func jwtMessage(err error) string {
	var refused *bearer.Error
	if errors.As(err, &refused) {
		if message, ok := jwtMessages[refused.Reason]; ok {
			return message
		}
	}
	return err.Error()
}

// caller verifies the token, which has to be there.
func (s *Server) caller(r *http.Request) (bearer.Caller, error) {
	if r.Header.Get("Authorization") == "" {
		return bearer.Caller{}, invalidRequest("headers must have required property 'authorization'")
	}
	if _, found := bearer.Token(r.Header); !found {
		return bearer.Caller{}, accessDenied("Invalid Compact JWS")
	}
	c, err := s.verify.Identify(r.Header)
	if err != nil {
		return bearer.Caller{}, accessDenied(jwtMessage(err))
	}
	return c, nil
}

// owner returns the values of the columns owner and owner_id.
func owner(c bearer.Caller) (id, text *string) {
	if c.Subject == "" {
		return nil, nil
	}
	if uuid.Validate(c.Subject) == nil {
		id = &c.Subject
	}
	return id, &c.Subject
}

// A session is one transaction, in turns of the caller and of the service.
type session struct {
	pgx.Tx
	caller bearer.Caller
	r      *http.Request
}

// errUndo makes session.run roll back and succeed.
var errUndo = errors.New("roll back")

// transact runs fn in a transaction. Nothing is kept when fn fails.
func (s *Server) transact(r *http.Request, c bearer.Caller, fn func(ctx context.Context, tx *session) error) error {
	ctx := r.Context()
	tx, err := s.cfg.Pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // nothing after a commit
	switch err := fn(ctx, &session{tx, c, r}); {
	case errors.Is(err, errUndo):
		return nil
	case err != nil:
		return err
	}
	// Not to be cut off: whether the row is there decides about its bytes.
	return tx.Commit(context.WithoutCancel(ctx))
}

// asCaller makes the following statements the caller's: policies apply.
func (x *session) asCaller(ctx context.Context) error {
	err := x.become(ctx, x.caller.Role, x.caller.Claims)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == "42501" || pg.Code == "22023") {
		return accessDenied(pg.Message) // a role that does not exist, or not for the API
	}
	return err
}

// asService makes the following statements the service's own: it sees all.
func (x *session) asService(ctx context.Context) error {
	return x.become(ctx, "service_role", `{"role":"service_role"}`)
}

// become sets what is local to the transaction, so that nothing of it is left on
// the pooled connection.
func (x *session) become(ctx context.Context, role, claims string) error {
	headers := map[string]string{}
	for name, values := range x.r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	all, err := json.Marshal(headers)
	if err != nil {
		return err
	}
	_, err = x.Exec(ctx, `
		select set_config('role', $1, true), set_config('request.jwt.claims', $2, true),
			set_config('request.method', $3, true), set_config('request.path', $4, true), set_config('request.headers', $5, true)`,
		role, claims, x.r.Method, x.r.URL.Path, string(all))
	return err
}
