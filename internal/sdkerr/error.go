// Package sdkerr holds the SDK's error type and the kinds that errors.Is
// recognises. The root package re-exports what users need.
package sdkerr

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Error is every error the SDK returns for a call: the operation, where it was
// sent, and what the server answered. It never holds a token, a key, a
// password or a query string, and its texts are bounded.
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
	RetryAfter time.Duration // how long to wait before trying again; 0 when unknown
	Attempts   int           // how many times the request was sent

	kinds      []error
	cause      error
	retry      retry
	transient  bool // the same request may succeed later
	notApplied bool // the server is known to have changed nothing
	repeatable bool // the call may run twice without harm
}

// Error implements error: "WorkOrders.Create: 23503 invalid reference: …".
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op)
		b.WriteString(": ")
	}
	var head []string
	switch {
	case e.Code != "":
		head = append(head, e.Code)
	case e.HTTPStatus != 0:
		head = append(head, fmt.Sprint(e.HTTPStatus))
	}
	if len(e.kinds) > 0 {
		head = append(head, e.kinds[0].Error())
	}
	b.WriteString(strings.Join(head, " "))
	if e.Message != "" {
		if len(head) > 0 {
			b.WriteString(": ")
		}
		b.WriteString(e.Message)
	}
	return b.String()
}

// Unwrap gives the kinds and the cause to errors.Is and errors.As.
func (e *Error) Unwrap() []error {
	out := append(make([]error, 0, len(e.kinds)+1), e.kinds...)
	if e.cause != nil {
		out = append(out, e.cause)
	}
	return out
}

// SQLState is the PostgreSQL error code, or "" when the failure did not come
// from the database.
func (e *Error) SQLState() string {
	if isSQLState(e.Code) {
		return e.Code
	}
	return ""
}

// LogValue implements slog.LogValuer: a group of the fields that help to find
// the request in the platform's logs.
func (e *Error) LogValue() slog.Value {
	attrs := make([]slog.Attr, 0, 9)
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	add("op", e.Op)
	add("method", e.Method)
	add("path", e.Path)
	if e.HTTPStatus != 0 {
		attrs = append(attrs, slog.Int("status", e.HTTPStatus))
	}
	add("code", e.Code)
	if len(e.kinds) > 0 {
		add("kind", e.kinds[0].Error())
	}
	add("message", e.Message)
	add("request_id", e.RequestID)
	if e.Attempts != 0 {
		attrs = append(attrs, slog.Int("attempts", e.Attempts))
	}
	return slog.GroupValue(attrs...)
}

// NotApplied reports whether the server is known to have changed nothing.
func NotApplied(e *Error) bool { return e.notApplied }

// MarkRepeatable records that the failed call may run twice without harm: it
// changes nothing, or an idempotency key guards it.
func MarkRepeatable(e *Error) { e.repeatable = true }

// OfRead records that the failed call was a read. A read that writes, which
// PostgreSQL refuses with 25006, is no passing state of the database: the
// deployment's function is not what the SDK takes it for.
func OfRead(e *Error) {
	e.repeatable = true
	if e.Code == "25006" {
		e.set(is(ErrSchemaMismatch))
	}
}

// Doubt takes from e what it says about repeating the call: it came from
// somewhere else than the call's own request, which may have been applied.
func Doubt(e *Error) *Error {
	c := *e
	c.notApplied, c.repeatable = false, false
	if c.retry != never {
		c.retry = guarded
	}
	return &c
}

func (e *Error) set(c class) {
	e.kinds, e.retry, e.transient, e.notApplied = c.kinds, c.retry, c.transient, c.notApplied
}

// Retriable reports whether the SDK repeats the failed call by itself. guarded
// says that it is a read or has an idempotency key. A conflict never passes.
func Retriable(e *Error, isGuarded bool) bool {
	switch {
	case !e.transient || e.HTTPStatus == http.StatusConflict:
		return false
	case e.retry == told:
		return e.RetryAfter > 0
	case e.retry == guarded:
		return isGuarded
	}
	return e.retry == always
}

// SafeToRetry reports whether the caller may repeat the call that failed with
// err just as it was: another try can succeed, and the failed one either
// changed nothing or is harmless to repeat.
func SafeToRetry(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.transient && (e.notApplied || e.repeatable)
}

// New makes an error of the given kind that never reached the server.
func New(op string, kind error, format string, args ...any) *Error {
	e := &Error{Op: op, Message: clean(fmt.Sprintf(format, args...), maxMessage)}
	if kind != nil {
		e.kinds = []error{kind}
	}
	return e
}

// Passing is New for a failure that passes by itself and changed nothing.
func Passing(op string, kind error, format string, args ...any) *Error {
	e := New(op, kind, format, args...)
	MarkPassing(e)
	return e
}

// MarkPassing records that the failure passes by itself and that nothing was
// applied.
func MarkPassing(e *Error) { e.transient, e.notApplied = true, true }

// Required reports that a required field is empty.
func Required(op, field string) error {
	return New(op, ErrInvalidInput, "%s is required", field)
}

// Invalid reports that a field has a value that the server cannot accept.
func Invalid(op, field, reason string) error {
	return New(op, ErrInvalidInput, "%s %s", field, reason)
}

// Decode reports an answer that does not fit the Go type: the index of the row
// (-1 when there are no rows), the column ("" when unknown) and the raw value.
func Decode(op string, row int, column, raw string, cause error) *Error {
	var b strings.Builder
	if row >= 0 {
		fmt.Fprintf(&b, "row %d: ", row)
	}
	if column != "" {
		fmt.Fprintf(&b, "column %s: ", column)
	}
	if raw != "" {
		fmt.Fprintf(&b, "value %s: ", clean(raw, maxRaw))
	}
	if cause != nil {
		b.WriteString(cause.Error())
	}
	e := New(op, ErrDecode, "%s", strings.TrimSuffix(b.String(), ": "))
	e.cause = safeCause(cause)
	return e
}

// UnreadableRow is Decode for one row of a list whose other rows can be read.
func UnreadableRow(op string, row int, column, raw string, cause error) *Error {
	e := Decode(op, row, column, raw, cause)
	e.kinds = append(e.kinds, ErrUnreadableRow)
	return e
}

// Wrap gives err the operation op. An *Error anywhere inside keeps everything
// else; a context error stays recognisable; anything else becomes an Error of
// the given kind, without the secrets in its text. Libraries wrap what the
// pipeline returns in errors that print the whole URL, so what comes out of them
// goes through Wrap.
func Wrap(op string, kind, err error, secrets ...string) *Error {
	var e *Error
	if errors.As(err, &e) {
		c := *e
		if op != "" {
			c.Op = op
		}
		return &c
	}
	out := &Error{Op: op, Message: causeText(err, secrets...), cause: safeCause(err, secrets...)}
	if kind != nil && !isContextError(err) {
		out.kinds = []error{kind}
	}
	return out
}
