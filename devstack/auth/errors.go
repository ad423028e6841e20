package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
)

// apiError is an answer other than 2xx.
type apiError struct {
	status  int
	code    string
	msg     string
	reasons []string // of weak_password
	cause   error    // logged, never sent
}

func (e *apiError) Error() string { return e.code + ": " + e.msg }
func (e *apiError) Unwrap() error { return e.cause }

func failf(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, msg: fmt.Sprintf(format, args...)}
}

func badRequest(code, format string, args ...any) *apiError {
	return failf(http.StatusBadRequest, code, format, args...)
}

func unprocessable(code, format string, args ...any) *apiError {
	return failf(http.StatusUnprocessableEntity, code, format, args...)
}

// internal hides cause behind a message that is safe to send.
func internal(msg string, cause error) *apiError {
	return &apiError{status: http.StatusInternalServerError, code: "unexpected_failure", msg: msg, cause: cause}
}

// databaseError is an error of PostgreSQL that callers get to see as it is.
type databaseError struct {
	Code    string `json:"code"` // SQLSTATE
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

func (e *databaseError) Error() string { return e.Code + ": " + e.Message }

// asDatabaseError makes err visible to callers when PostgreSQL sent it.
func asDatabaseError(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	return &databaseError{Code: pg.Code, Message: pg.Message, Hint: pg.Hint, Detail: pg.Detail}
}

// oauthError is the shape that grants of the OAuth protocol fail with.
type oauthError struct{ code, description string }

func (e *oauthError) Error() string { return e.code + ": " + e.description }

const (
	apiVersionHeader = "X-Supabase-Api-Version"
	apiVersion2024   = "2024-01-01"
)

// newErrorShape reports whether the caller speaks the API of 2024 or later.
func newErrorShape(r *http.Request) bool {
	v := r.Header.Get(apiVersionHeader)
	_, err := time.Parse(time.DateOnly, v)
	return err == nil && v >= apiVersion2024
}

func (s *server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	var oauth *oauthError
	if errors.As(err, &oauth) {
		writeJSON(w, http.StatusBadRequest, map[string]string{
			"error": oauth.code, "error_description": oauth.description,
		})
		return
	}
	var database *databaseError
	if errors.As(err, &database) {
		writeJSON(w, http.StatusInternalServerError, database)
		return
	}
	var e *apiError
	if !errors.As(err, &e) {
		e = internal("Unexpected failure, please check server logs for more information", err)
	}

	body := map[string]any{}
	if e.status >= http.StatusInternalServerError {
		id := uuid.NewString()
		s.Logger.ErrorContext(r.Context(), "auth request failed",
			"method", r.Method, "path", r.URL.Path, "error", e, "cause", e.cause, "error_id", id)
		body["error_id"] = id
	}
	if len(e.reasons) > 0 {
		body["weak_password"] = map[string]any{"reasons": e.reasons}
	}
	w.Header().Set("X-Sb-Error-Code", e.code)
	if newErrorShape(r) {
		w.Header().Set(apiVersionHeader, apiVersion2024)
		delete(body, "error_id")
		body["code"], body["message"] = e.code, e.msg
	} else {
		body["code"], body["error_code"], body["msg"] = e.status, e.code, e.msg
	}
	writeJSON(w, e.status, body)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The status is out: a client that has gone can't be told more.
	_ = json.NewEncoder(w).Encode(v)
}

// isUniqueViolation reports whether err comes from a duplicate key.
func isUniqueViolation(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}

// violates reports whether err comes from that constraint.
func violates(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.ConstraintName == constraint
}
