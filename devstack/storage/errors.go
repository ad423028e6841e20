package storage

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// apiError is an answer other than 2xx. The body tells the status that is meant;
// the response carries 400 instead of it, except for the service's own failures.
type apiError struct {
	StatusCode string `json:"statusCode"`
	Kind       string `json:"error"`
	Message    string `json:"message"`
	Code       string `json:"code"`

	cause error // logged, never sent
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }
func (e *apiError) Unwrap() error { return e.cause }

// status is what the response carries.
func (e *apiError) status() int {
	if e.StatusCode == strconv.Itoa(http.StatusInternalServerError) {
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

func fail(status int, code, message string) *apiError {
	return &apiError{StatusCode: strconv.Itoa(status), Kind: code, Message: message, Code: code}
}

// failAs is fail for errors whose older name is still sent as error.
func failAs(status int, code, kind, message string) *apiError {
	return &apiError{StatusCode: strconv.Itoa(status), Kind: kind, Message: message, Code: code}
}

func noSuchKey() *apiError {
	return failAs(http.StatusNotFound, "NoSuchKey", "not_found", "Object not found")
}

func noSuchBucket() *apiError {
	return failAs(http.StatusNotFound, "NoSuchBucket", "Bucket not found", "Bucket not found")
}

func accessDenied(message string) *apiError {
	return failAs(http.StatusForbidden, "AccessDenied", "Unauthorized", message)
}

func alreadyExists() *apiError {
	return failAs(http.StatusConflict, "ResourceAlreadyExists", "Duplicate", "The resource already exists")
}

func tooLarge() *apiError {
	return failAs(http.StatusRequestEntityTooLarge, "EntityTooLarge", "Payload too large", "The object exceeded the maximum allowed size")
}

func invalidKey(name string) *apiError {
	return fail(http.StatusBadRequest, "InvalidKey", "Invalid key: "+name)
}

func invalidJWT(message string) *apiError {
	return fail(http.StatusBadRequest, "InvalidJWT", message)
}

// invalidRequest is how requests fail that lack the expected form.
func invalidRequest(message string) *apiError {
	return failAs(http.StatusBadRequest, "InvalidRequest", "Error", message)
}

const rowSecurity = "new row violates row-level security policy"

// fromPostgres keeps what the database said. The SQLSTATE is not sent.
func fromPostgres(pg *pgconn.PgError) *apiError {
	switch pg.Code {
	case "42501":
		if strings.HasPrefix(pg.Message, rowSecurity) {
			return accessDenied(rowSecurity) // without the table
		}
		return accessDenied(pg.Message)
	case "23505": // of storage.objects or of what a trigger writes
		return alreadyExists()
	case "23503":
		return failAs(http.StatusNotFound, "RelatedResourceNotFound", "Not found", "The related resource does not exist")
	case "22021", "22P05": // NUL in a name
		return invalidRequest(pg.Message)
	case "55P03", "57014":
		return fail(544, "DatabaseTimeout", "The connection to the database timed out")
	}
	e := fail(http.StatusInternalServerError, "DatabaseError", pg.Message)
	e.cause = pg
	return e
}

func asAPIError(err error) *apiError {
	var known *apiError
	if errors.As(err, &known) {
		return known
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return fromPostgres(pg)
	}
	e := failAs(http.StatusInternalServerError, "InternalError", "Internal", "Internal Server Error")
	e.cause = err
	return e
}

func (s *Server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	e := asAPIError(err)
	if e.status() == http.StatusInternalServerError {
		s.cfg.Logger.ErrorContext(r.Context(), "storage request failed",
			"method", r.Method, "path", r.URL.Path, "error", e, "cause", e.cause)
	}
	writeJSON(w, e.status(), e)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	// The status is out: a client that has gone can't be told more.
	_ = json.NewEncoder(w).Encode(v)
}
