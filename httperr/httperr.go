package httperr

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// StatusClientClosedRequest says that the caller went away before the answer. No
// standard has it, but proxies and their logs do; nobody is there to read it.
const StatusClientClosedRequest = 499

// Problem is a problem detail of RFC 9457 about a failed call. Its type is
// always about:blank, so Title is the text of the status.
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail says what is wrong with the request. It is given only where it is
	// meant for whoever made the request: what the SDK's own checks found, and
	// what a business rule of the platform says.
	Detail string `json:"detail,omitempty"`
	// Kind is the error's kind as a word, such as "conflict", for programs;
	// empty when the error has none.
	Kind string `json:"kind,omitempty"`
	// RequestID finds the call in the platform's logs.
	RequestID string `json:"requestId,omitempty"`
}

// answer is what an error of a kind is answered with.
type answer struct {
	kind   error
	name   string
	status int
}

// answers has the more telling kinds first, because an error can be of several.
var answers = []answer{
	{context.Canceled, "canceled", StatusClientClosedRequest},
	{context.DeadlineExceeded, "timeout", http.StatusGatewayTimeout},
	{sdkerr.ErrSessionExpired, "session_expired", http.StatusUnauthorized},
	{sdkerr.ErrUnauthenticated, "unauthenticated", http.StatusUnauthorized},
	{sdkerr.ErrTenantMismatch, "tenant_mismatch", http.StatusForbidden},
	{sdkerr.ErrAssurance, "assurance_required", http.StatusForbidden},
	{sdkerr.ErrPermissionDenied, "permission_denied", http.StatusForbidden},
	{sdkerr.ErrNotFound, "not_found", http.StatusNotFound},
	{sdkerr.ErrConflict, "conflict", http.StatusConflict},
	{sdkerr.ErrInProgress, "in_progress", http.StatusConflict},
	{sdkerr.ErrRateLimited, "rate_limited", http.StatusTooManyRequests},
	{sdkerr.ErrInvalidReference, "invalid_reference", http.StatusUnprocessableEntity},
	{sdkerr.ErrRuleViolation, "rule_violation", http.StatusUnprocessableEntity},
	{sdkerr.ErrNoTenant, "no_tenant", http.StatusBadRequest},
	{sdkerr.ErrInvalidInput, "invalid_input", http.StatusBadRequest},
	{sdkerr.ErrUnavailable, "unavailable", http.StatusServiceUnavailable},
	{sdkerr.ErrSchemaMismatch, "schema_mismatch", http.StatusBadGateway},
	{sdkerr.ErrDecode, "decode", http.StatusBadGateway},
}

// find gives the answer to err.
func find(err error) answer {
	for _, a := range answers {
		if errors.Is(err, a.kind) {
			return a
		}
	}
	var e *sdkerr.Error
	if errors.As(err, &e) && e.HTTPStatus != 0 {
		return answer{status: http.StatusBadGateway} // the platform failed in a way that has no kind
	}
	return answer{status: http.StatusInternalServerError}
}

// Status is the HTTP status for a failed call: 200 for nil, 500 for an error that
// does not come from the SDK.
func Status(err error) int {
	if err == nil {
		return http.StatusOK
	}
	return find(err).status
}

// argument is the name that a field has in the platform's API, which the SDK's own
// checks put behind that of the field.
var argument = regexp.MustCompile(` \(p_[a-z0-9_]+\)`)

// ProblemOf describes err for whoever made the request. The zero Problem is that
// of nil.
func ProblemOf(err error) Problem {
	if err == nil {
		return Problem{}
	}
	a := find(err)
	p := Problem{Title: title(a.status), Status: a.status, Kind: a.name}
	var e *sdkerr.Error
	if !errors.As(err, &e) {
		return p
	}
	p.RequestID = e.RequestID
	asked := a.status == http.StatusBadRequest || a.status == http.StatusUnprocessableEntity
	if asked && (e.HTTPStatus == 0 || errors.Is(err, sdkerr.ErrRuleViolation)) {
		p.Detail = argument.ReplaceAllString(e.Message, "")
	}
	return p
}

// Write answers a request whose work failed with err, and says nothing about the
// server's inside: no operation, no table, no address. Log err beside it.
//
// An answer that asks to wait has Retry-After, one with status 401
// WWW-Authenticate. Headers that belong to another body (Content-Length, ETag,
// …) are removed, as http.Error does. Do not call it with a nil err.
func Write(w http.ResponseWriter, err error) {
	p := ProblemOf(err)
	if err == nil {
		p = Problem{Title: title(http.StatusInternalServerError), Status: http.StatusInternalServerError}
	}
	h := w.Header()
	for _, name := range []string{"Content-Length", "Content-Encoding", "Etag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", challenge(err))
	}
	if wait := waitOf(err, p.Status); wait > 0 {
		h.Set("Retry-After", strconv.FormatFloat(math.Ceil(wait.Seconds()), 'f', -1, 64))
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller may be gone
}

// challenge asks for a token, and says that there was one when there was (RFC 6750).
func challenge(err error) string {
	var e *sdkerr.Error
	if errors.As(err, &e) && e.Code == "token_missing" { // workorder.TokenMissing
		return "Bearer"
	}
	return `Bearer error="invalid_token"`
}

// waitOf is how long the caller should wait before trying again.
func waitOf(err error, status int) time.Duration {
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
	default:
		return 0
	}
	var e *sdkerr.Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

func title(status int) string {
	if status == StatusClientClosedRequest {
		return "Client Closed Request"
	}
	return http.StatusText(status)
}
