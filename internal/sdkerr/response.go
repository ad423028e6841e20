package sdkerr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// FromResponse reads what the server said about a failed request. It knows the
// error bodies of PostgREST, Auth (three shapes), Storage, the platform's own
// functions and gateways; anything else is kept as bounded text. None of the
// secrets shows up in the error, should the server repeat it.
func FromResponse(op, method, path string, status int, header http.Header, body []byte, secrets ...string) *Error {
	e := &Error{
		Op:         op,
		Method:     method,
		Path:       path,
		HTTPStatus: status,
		RetryAfter: retryAfter(header),
	}
	known := e.readJSON(body)
	if e.Message == "" {
		e.Message = plainMessage(status, body)
	}
	if e.Code == "" {
		e.Code = header.Get("X-Sb-Error-Code")
	}
	e.Code = clean(e.Code, 100, secrets...)
	e.Details = clean(e.Details, maxDetails, secrets...)
	e.Hint = clean(e.Hint, maxDetails, secrets...)
	e.RequestID = clean(requestID(header), 100, secrets...)
	limit := maxRaw
	if known {
		limit = maxMessage
	}
	e.Message = clean(e.Message, limit, secrets...)
	if e.Message == "" {
		e.Message = statusText(status)
	}

	if e.Code == "54000" && e.RetryAfter == 0 {
		e.RetryAfter = untilNextMinute(header)
	}
	meant, code := readStorage(path, status, body)
	if code != "" {
		e.Code = code
	}
	c := classify(e.Code, meant)
	if e.Code == "" && status == http.StatusNotFound && !known {
		// No service of the platform says this: nothing lives at this address.
		// It must not pass for a row that does not exist.
		c = is(ErrSchemaMismatch)
	}
	if status == http.StatusNotFound && e.Message == functionMissing && strings.HasPrefix(path, "/functions/v1/") {
		c = is(ErrSchemaMismatch) // nor may a function, which says NOT_FOUND as well
	}
	if e.Code == "0A000" && strings.Contains(e.Message, cachedPlan) {
		c = later(always, ErrUnavailable)
	}
	e.set(c)
	return e
}

// functionMissing is what the platform says where it has no such function.
const functionMissing = "Requested function was not found"

// errorBody holds the fields of every known error body. Their types vary, so
// they are read one by one.
type errorBody struct {
	Code        json.RawMessage `json:"code"`
	ErrorCode   json.RawMessage `json:"error_code"`
	Message     json.RawMessage `json:"message"`
	Msg         json.RawMessage `json:"msg"`
	Details     json.RawMessage `json:"details"`
	Detail      json.RawMessage `json:"detail"` // Auth, of an error of the database
	Hint        json.RawMessage `json:"hint"`
	Error       json.RawMessage `json:"error"`
	Description json.RawMessage `json:"error_description"`
	Weak        struct {
		Reasons []string `json:"reasons"`
	} `json:"weak_password"`
}

// readJSON fills e from a JSON error body and reports whether one of the
// platform's services wrote it; a gateway's says no more than a message.
func (e *Error) readJSON(body []byte) bool {
	var b errorBody
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		return false
	}
	if json.Unmarshal(body, &b) != nil && json.Unmarshal(repaired(body), &b) != nil {
		return false
	}
	// Auth's older shape has the HTTP status in code and the code in
	// error_code; PostgREST and Auth's newer shape have text in code.
	e.Code = firstText(b.ErrorCode, b.Code)
	e.Message = firstText(b.Message, b.Msg, b.Description)
	if name := text(b.Error); name != "" {
		switch {
		case len(b.Description) > 0 && e.Code == "": // OAuth
			e.Code = name
		case e.Message == "":
			e.Message = name
		case e.Code == "": // Storage: "Not Found", "not_found"
			e.Code = strings.ReplaceAll(strings.ToLower(name), " ", "_")
		}
	}
	if e.Details = anyText(b.Details); e.Details == "" {
		e.Details = anyText(b.Detail)
	}
	e.Hint = anyText(b.Hint)
	if len(b.Weak.Reasons) > 0 {
		e.Details = "reasons: " + strings.Join(b.Weak.Reasons, ", ")
	}
	return len(b.Code) > 0 || len(b.ErrorCode) > 0 || len(b.Error) > 0
}

// repaired is the object that the whole fields at the beginning of a cut or
// broken one make.
func repaired(body []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(body))
	if _, err := d.Token(); err != nil {
		return nil
	}
	end := int64(0)
	for d.More() {
		if _, err := d.Token(); err != nil {
			break
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			break
		}
		end = d.InputOffset()
	}
	if end == 0 {
		return nil
	}
	return append(bytes.Clone(body[:end]), '}')
}

// text is the JSON string in raw, or "".
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func firstText(raws ...json.RawMessage) string {
	for _, raw := range raws {
		if s := text(raw); s != "" {
			return s
		}
	}
	return ""
}

// anyText is the JSON string in raw, or the JSON itself when it is not a string.
func anyText(raw json.RawMessage) string {
	if s := text(raw); s != "" {
		return s
	}
	if s := string(raw); s != "null" && s != `""` {
		return s
	}
	return ""
}

var titlePattern = regexp.MustCompile(`(?is)<title[^>]*>\s*(.*?)\s*</title>`)

// plainMessage makes a message from a body that is not JSON: the title of an
// HTML page, or the beginning of a text.
func plainMessage(status int, body []byte) string {
	if status >= 300 && status < 400 {
		return "the server answered with a redirect, which is not followed: check the project URL"
	}
	body = bytes.TrimSpace(body)
	if bytes.HasPrefix(body, []byte("<")) {
		if m := titlePattern.FindSubmatch(body[:min(len(body), 4096)]); m != nil {
			return string(m[1])
		}
		return statusText(status)
	}
	return strings.Join(strings.Fields(string(body)), " ")
}

func statusText(status int) string {
	if s := http.StatusText(status); s != "" {
		return strings.ToLower(s)
	}
	return "HTTP status " + strconv.Itoa(status)
}

// requestID is the id that the platform gave the request.
func requestID(h http.Header) string {
	for _, name := range []string{"Sb-Request-Id", "X-Request-Id"} {
		if id := h.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// retryAfter reads the Retry-After header, in seconds or as a date.
func retryAfter(h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	if s, err := strconv.Atoi(v); err == nil {
		const day = 24 * 60 * 60
		return time.Duration(min(max(s, 0), 365*day)) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	return max(at.Sub(serverTime(h)), 0)
}

// untilNextMinute is when the platform's limits per calendar minute start anew.
func untilNextMinute(h http.Header) time.Duration {
	now := serverTime(h)
	return now.Truncate(time.Minute).Add(time.Minute).Sub(now)
}

// serverTime is the server's clock when it tells, else ours.
func serverTime(h http.Header) time.Time {
	if d, err := http.ParseTime(h.Get("Date")); err == nil {
		return d
	}
	return time.Now()
}

// FromCallback reads what a browser brings back from a sign-in that failed: OAuth's
// name of the error, Auth's code where there is one, and a text.
func FromCallback(op, name, code, description string) *Error {
	e := &Error{Op: op, Code: clean(code, 100), Message: clean(description, maxMessage)}
	if e.Code == "" {
		e.Code = clean(name, 100)
	}
	if e.Message == "" {
		e.Message = "the sign-in failed"
	}
	status := http.StatusUnauthorized
	switch name {
	case "access_denied":
		status = http.StatusForbidden
	case "server_error", "temporarily_unavailable":
		status = http.StatusServiceUnavailable
	}
	e.set(classify(e.Code, status))
	return e
}

// FromNetwork reports that no complete answer arrived. The context's own errors
// stay what they are; everything else is ErrUnavailable.
func FromNetwork(op, method, path string, err error, secrets ...string) *Error {
	e := &Error{Op: op, Method: method, Path: path, Message: causeText(err, secrets...), cause: safeCause(err, secrets...)}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Message = "the answer ended early: " + e.Message
	case errors.Is(err, io.EOF):
		e.Message = "the connection was closed before an answer came: " + e.Message
	}
	switch {
	case permanent(err):
		e.set(class{kinds: []error{ErrUnavailable}, notApplied: neverSent(err) || distrusted(err)})
	case neverSent(err):
		e.set(later(always, ErrUnavailable))
	default:
		e.set(unsure(ErrUnavailable))
	}
	return e
}

// Canceled reports that the caller's context ended an attempt under way.
func Canceled(op, method, path string, err error) *Error {
	e := &Error{Op: op, Method: method, Path: path, Message: causeText(err), cause: safeCause(err)}
	e.transient = errors.Is(err, context.DeadlineExceeded) // with more time it may succeed
	return e
}

// NotSent reports that the caller's context ended the call between attempts,
// or before the first. last is the failure of the attempt before, if any.
func NotSent(op string, err error, last *Error) *Error {
	e := Canceled(op, "", "", err)
	e.notApplied = true
	if last != nil {
		c := *last
		c.Message = cut(e.Message+" while waiting to retry after: "+last.Message, maxMessage)
		c.cause = joinCauses(e.cause, last.cause)
		return &c
	}
	return e
}

func joinCauses(a, b error) error {
	if b == nil {
		return a
	}
	return errors.Join(a, b)
}

// neverSent reports whether err happened before a byte of the request left: no
// connection could be made.
func neverSent(err error) bool {
	var oe *net.OpError
	return errors.As(err, &oe) && (oe.Op == "dial" || oe.Op == "proxyconnect")
}

// Lacking reports that a call could not be made because something that it needs
// could not be fetched. It is ErrUnavailable and passes, whatever kind the cause
// is: that says nothing about the call.
func Lacking(op string, cause error, format string, args ...any) *Error {
	e := New(op, ErrUnavailable, format, args...)
	var inner *Error
	if errors.As(cause, &inner) {
		e.Method, e.Path, e.HTTPStatus = inner.Method, inner.Path, inner.HTTPStatus
		e.RequestID, e.RetryAfter, e.Attempts = inner.RequestID, inner.RetryAfter, inner.Attempts
	}
	e.Message = clean(e.Message+": "+causeText(cause), maxMessage)
	e.set(later(never, ErrUnavailable))
	return e
}
