package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// apiError is an error as clients see it.
type apiError struct {
	status  int
	header  http.Header
	Code    string `json:"code"`
	Details any    `json:"details"`
	Hint    any    `json:"hint"`
	Message string `json:"message"`
}

func (e *apiError) Error() string { return e.Code + " " + e.Message }

// WriteError answers a request with an error as the server does that [New] makes: a
// *pgconn.PgError with the status, the headers and the body that belong to its
// SQLSTATE.
func WriteError(w http.ResponseWriter, r *http.Request, err error) { writeError(w, r, asAPIError(err)) }

// asAPIError gives every failure a code and a status. Failures of this
// process, as opposed to the database, are connection trouble.
func asAPIError(err error) *apiError {
	var known *apiError
	if errors.As(err, &known) {
		return known
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &apiError{status: http.StatusRequestEntityTooLarge, Code: "PGRST102", Message: "Request body too large"}
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return fromPostgres(pg, true)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &apiError{status: http.StatusGatewayTimeout, Code: "PGRST003",
			Message: "Timed out acquiring connection from connection pool."}
	}
	return &apiError{status: http.StatusServiceUnavailable, Code: "PGRST001",
		Message: "Database client error. Retrying the connection."}
}

// fromPostgres keeps what the database said and derives the status from the
// SQLSTATE. A failed privilege check is 401 when the request came without a
// role of its own, since signing in might help.
func fromPostgres(pg *pgconn.PgError, authenticated bool) *apiError {
	if pg.Code == "PGRST" {
		return raised(pg)
	}
	e := &apiError{status: pgStatus(pg, authenticated), Code: pg.Code, Message: pg.Message,
		Details: nullable(pg.Detail), Hint: nullable(pg.Hint)}
	switch e.status {
	case http.StatusUnauthorized:
		e.header = http.Header{"Www-Authenticate": {"Bearer"}}
	case http.StatusServiceUnavailable:
		e.header = http.Header{"Retry-After": {"0"}}
	}
	return e
}

func pgStatus(pg *pgconn.PgError, authenticated bool) int {
	code := pg.Code
	if len(code) != 5 {
		return http.StatusInternalServerError
	}
	switch code {
	case "23503", "23505":
		return http.StatusConflict
	case "25006":
		return http.StatusMethodNotAllowed
	case "21000":
		if strings.HasSuffix(pg.Message, "requires a WHERE clause") {
			return http.StatusBadRequest
		}
		return http.StatusInternalServerError
	case "22023":
		if strings.HasPrefix(pg.Message, "role") && strings.HasSuffix(pg.Message, "does not exist") {
			return http.StatusUnauthorized
		}
		return http.StatusBadRequest
	case "53400":
		return http.StatusInternalServerError
	case "57P01":
		return http.StatusServiceUnavailable
	case "P0001":
		return http.StatusBadRequest
	case "42883", "42P01":
		return http.StatusNotFound
	case "42P17":
		return http.StatusInternalServerError
	case "42501":
		if authenticated {
			return http.StatusForbidden
		}
		return http.StatusUnauthorized
	}
	switch code[:2] {
	case "08", "53":
		return http.StatusServiceUnavailable
	case "0L", "0P", "28":
		return http.StatusForbidden
	case "09", "25", "2D", "38", "39", "3B", "40", "54", "55", "57", "58", "F0", "HV", "P0", "XX":
		return http.StatusInternalServerError
	case "PT":
		if n, err := strconv.Atoi(code[2:]); err == nil && n >= 200 {
			return n
		}
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// raised reads an error that a function shaped itself: RAISE SQLSTATE 'PGRST'
// with the body as JSON in the message, status and headers in the detail.
func raised(pg *pgconn.PgError) *apiError {
	var body struct {
		Code    *string `json:"code"`
		Message *string `json:"message"`
		Details any     `json:"details"`
		Hint    any     `json:"hint"`
	}
	var reply struct {
		Status  *int              `json:"status"`
		Headers map[string]string `json:"headers"`
	}
	bad := func(details, hint string) *apiError {
		return &apiError{status: http.StatusInternalServerError, Code: "PGRST121",
			Message: "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error", Details: details, Hint: hint}
	}
	const (
		messageHint = "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'."
		detailHint  = "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'."
	)
	if json.Unmarshal([]byte(pg.Message), &body) != nil || body.Code == nil || body.Message == nil {
		return bad("Invalid JSON value for MESSAGE: '"+pg.Message+"'", messageHint)
	}
	if pg.Detail == "" {
		return bad("DETAIL is missing in the RAISE statement", detailHint)
	}
	if json.Unmarshal([]byte(pg.Detail), &reply) != nil || reply.Status == nil || reply.Headers == nil || *reply.Status < 200 || *reply.Status > 999 {
		return bad("Invalid JSON value for DETAIL: '"+pg.Detail+"'", detailHint)
	}
	e := &apiError{status: *reply.Status, Code: *body.Code, Message: *body.Message, Details: body.Details, Hint: body.Hint, header: http.Header{}}
	for k, v := range reply.Headers {
		e.header.Set(k, v)
	}
	return e
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func writeError(w http.ResponseWriter, r *http.Request, e *apiError) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for k, v := range e.header {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(e.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(bytes.TrimRight(buf.Bytes(), "\n"))
	}
}
