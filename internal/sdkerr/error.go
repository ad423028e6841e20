// Package sdkerr holds the SDK's error type and the kinds that errors.Is
// recognises. The root package re-exports what users need.
package sdkerr

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Error is every error the SDK returns for a call: the operation, where it was
// sent, and what the server answered. It never holds a token, a key, a
// password or a query string.
type Error struct {
	Op         string        // the SDK method, such as "WorkOrders.Create"
	Method     string        // HTTP method; empty when nothing was sent
	Path       string        // URL path without the query
	HTTPStatus int           // 0 when no answer arrived
	Code       string        // SQLSTATE, PGRST code or Auth error code
	Message    string        // what the server (or the SDK's own check) says
	Details    string        // the server's details
	Hint       string        // the server's hint
	RequestID  string        // id of the request, for the platform's logs
	RetryAfter time.Duration // how long the server asks to wait; 0 when it does not
	Attempts   int           // how many times the request was sent

	kinds []error
	cause error
}

// Error implements error: "WorkOrders.Create: 23503 invalid reference: …".
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op)
		b.WriteString(": ")
	}
	if e.Code != "" {
		b.WriteString(e.Code)
		b.WriteString(" ")
	}
	if len(e.kinds) > 0 {
		b.WriteString(e.kinds[0].Error())
		b.WriteString(": ")
	}
	b.WriteString(e.Message)
	return b.String()
}

// Unwrap gives the kinds and the cause to errors.Is and errors.As.
func (e *Error) Unwrap() []error {
	out := append([]error(nil), e.kinds...)
	if e.cause != nil {
		out = append(out, e.cause)
	}
	return out
}

// LogValue implements slog.LogValuer.
func (e *Error) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// The kinds an Error can be. One error can be of more than one kind.
var (
	ErrNotFound         = errors.New("not found")
	ErrPermissionDenied = errors.New("permission denied")
	ErrUnauthenticated  = errors.New("unauthenticated")
	ErrConflict         = errors.New("conflict")
	ErrInvalidReference = errors.New("invalid reference")
	ErrInvalidInput     = errors.New("invalid input")
	ErrRuleViolation    = errors.New("rule violation")
	ErrRateLimited      = errors.New("rate limited")
	ErrInProgress       = errors.New("in progress")
	ErrUnavailable      = errors.New("unavailable")
	ErrSchemaMismatch   = errors.New("schema mismatch")
	ErrNoTenant         = errors.New("no tenant")
	ErrTenantMismatch   = errors.New("tenant mismatch")
	ErrSessionExpired   = errors.New("session expired")
	ErrDecode           = errors.New("cannot decode")
)

// New makes an error of the given kind that never reached the server.
func New(op string, kind error, format string, args ...any) *Error {
	return &Error{Op: op, Message: fmt.Sprintf(format, args...), kinds: []error{kind}}
}

// Required reports that a required field is empty.
func Required(op, field string) error {
	return New(op, ErrInvalidInput, "%s is required", field)
}

// Invalid reports that a field has a value that the server cannot accept.
func Invalid(op, field, reason string) error {
	return New(op, ErrInvalidInput, "%s %s", field, reason)
}
