package sdkerr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl"

var allKinds = []error{
	ErrNotFound, ErrPermissionDenied, ErrUnauthenticated, ErrConflict, ErrInvalidReference, ErrInvalidInput,
	ErrRuleViolation, ErrRateLimited, ErrInProgress, ErrUnavailable, ErrSchemaMismatch, ErrNoTenant,
	ErrTenantMismatch, ErrSessionExpired, ErrAssurance, ErrDecode,
}

func kindsOf(err error) []error {
	var got []error
	for _, k := range allKinds {
		if errors.Is(err, k) {
			got = append(got, k)
		}
	}
	return got
}

// The kind follows the code; the HTTP status is what the platform really sends
// with it, however misleading.
func TestKindsFollowTheCode(t *testing.T) {
	for _, tc := range []struct {
		code   string
		status int
		want   []error
	}{
		{"P0002", 500, []error{ErrNotFound}},
		{"PGRST116", 406, []error{ErrNotFound}},
		{"42501", 403, []error{ErrPermissionDenied}},
		{"42501", 401, []error{ErrPermissionDenied}}, // as anon
		{"28000", 403, []error{ErrUnauthenticated}},
		{"PGRST301", 401, []error{ErrUnauthenticated}},
		{"PGRST302", 401, []error{ErrUnauthenticated}},
		{"PGRST303", 401, []error{ErrUnauthenticated}},
		{"23505", 409, []error{ErrConflict}},
		{"23503", 409, []error{ErrInvalidReference}},
		{"23502", 400, []error{ErrInvalidInput}},
		{"23514", 400, []error{ErrInvalidInput}},
		{"22P02", 400, []error{ErrInvalidInput}},
		{"22000", 400, []error{ErrInvalidInput}},
		{"22023", 400, []error{ErrInvalidInput}},
		{"P0001", 400, []error{ErrInvalidInput, ErrRuleViolation}},
		{"54000", 500, []error{ErrRateLimited}},
		{"40001", 500, []error{ErrInProgress}},
		{"57014", 500, []error{ErrUnavailable}},
		{"PGRST000", 503, []error{ErrUnavailable}},
		{"PGRST001", 503, []error{ErrUnavailable}},
		{"PGRST002", 503, []error{ErrUnavailable}},
		{"PGRST003", 504, []error{ErrUnavailable}},
		{"PGRST202", 404, []error{ErrSchemaMismatch}},
		{"PGRST204", 400, []error{ErrSchemaMismatch}},
		{"PGRST205", 404, []error{ErrSchemaMismatch}},
		{"PGRST106", 406, []error{ErrSchemaMismatch}},
		{"42703", 400, []error{ErrSchemaMismatch}},
		{"42704", 400, []error{ErrSchemaMismatch}},
		{"25006", 405, []error{ErrUnavailable}},
		{"PGRST100", 400, []error{ErrInvalidInput}},
		{"PGRST102", 400, []error{ErrInvalidInput}},
		{"XX000", 500, nil},
		{"PGRSTX00", 500, nil},
		{"invalid_credentials", 400, []error{ErrUnauthenticated}},
		{"email_not_confirmed", 400, []error{ErrUnauthenticated}},
		{"bad_jwt", 403, []error{ErrUnauthenticated}},
		{"user_already_exists", 422, []error{ErrConflict}},
		{"email_exists", 422, []error{ErrConflict}},
		{"weak_password", 422, []error{ErrInvalidInput}},
		{"same_password", 422, []error{ErrInvalidInput}},
		{"validation_failed", 400, []error{ErrInvalidInput}},
		{"over_request_rate_limit", 429, []error{ErrRateLimited}},
		{"refresh_token_not_found", 400, []error{ErrUnauthenticated, ErrSessionExpired}},
		{"refresh_token_already_used", 400, []error{ErrUnauthenticated, ErrSessionExpired}},
		{"refresh_token_of_the_future", 400, []error{ErrUnauthenticated, ErrSessionExpired}},
		{"session_not_found", 403, []error{ErrUnauthenticated, ErrSessionExpired}},
		{"session_expired", 400, []error{ErrUnauthenticated, ErrSessionExpired}},
		{"a_code_of_the_future", 422, []error{ErrInvalidInput}},
		{"", 401, []error{ErrUnauthenticated}},
		{"", 403, []error{ErrPermissionDenied}},
		{"", 404, []error{ErrNotFound}},
		{"", 409, []error{ErrConflict}},
		{"", 429, []error{ErrRateLimited}},
		{"", 500, nil},
		{"", 502, []error{ErrUnavailable}},
		{"", 503, []error{ErrUnavailable}},
		{"", 522, []error{ErrUnavailable}},
		{"", 504, []error{ErrUnavailable}},
	} {
		t.Run(fmt.Sprintf("%s %d", tc.code, tc.status), func(t *testing.T) {
			body, err := json.Marshal(map[string]any{"code": tc.code, "message": "m", "details": nil, "hint": nil})
			require.NoError(t, err)
			e := FromResponse("X.Do", "POST", "/rest/v1/rpc/x", tc.status, http.Header{}, body)
			require.Equal(t, tc.want, kindsOf(e))
			require.Equal(t, tc.code, e.Code)
		})
	}
}

func TestErrorBodies(t *testing.T) {
	long := strings.Repeat("Zeichen ü ", 10_000)
	for _, tc := range []struct {
		name    string
		status  int
		header  map[string]string
		body    string
		code    string
		message string
		details string
		hint    string
	}{
		{"PostgREST", 409, nil, `{"code":"23505","details":"Key (code)=(X) already exists.","hint":null,"message":"duplicate key"}`,
			"23505", "duplicate key", "Key (code)=(X) already exists.", ""},
		{"PostgREST with a hint", 404, nil, `{"code":"PGRST202","details":"Searched for x","hint":"Perhaps y","message":"no function"}`,
			"PGRST202", "no function", "Searched for x", "Perhaps y"},
		{"PostgREST with a list in details", 300, nil, `{"code":"PGRST203","details":[{"a":1}],"hint":"h","message":"ambiguous"}`,
			"PGRST203", "ambiguous", `[{"a":1}]`, "h"},
		{"Auth, number code", 400, nil, `{"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials"}`,
			"invalid_credentials", "Invalid login credentials", "", ""},
		{"Auth, text code", 400, map[string]string{"X-Sb-Error-Code": "invalid_credentials"},
			`{"code":"invalid_credentials","message":"Invalid login credentials"}`,
			"invalid_credentials", "Invalid login credentials", "", ""},
		{"Auth, code in the header only", 403, map[string]string{"X-Sb-Error-Code": "bad_jwt"}, `{"code":403,"msg":"invalid JWT"}`,
			"bad_jwt", "invalid JWT", "", ""},
		{"Auth, OAuth", 400, nil, `{"error":"invalid_grant","error_description":"Invalid Refresh Token"}`,
			"invalid_grant", "Invalid Refresh Token", "", ""},
		{"Auth, weak password", 422, nil,
			`{"code":422,"error_code":"weak_password","msg":"too weak","weak_password":{"reasons":["length","pwned"]}}`,
			"weak_password", "too weak", "reasons: length, pwned", ""},
		{"Storage, older", 404, nil, `{"statusCode":"404","error":"Not Found","message":"Object not found"}`,
			"not_found", "Object not found", "", ""},
		{"Storage", 404, nil, `{"statusCode":"404","error":"not_found","message":"Object not found"}`,
			"not_found", "Object not found", "", ""},
		{"function", 401, nil, `{"error":"unknown key","code":"INVALID_API_KEY"}`, "INVALID_API_KEY", "unknown key", "", ""},
		{"gateway, JSON", 401, nil, `{"message":"Invalid API key"}`, "", "Invalid API key", "", ""},
		{"gateway, HTML", 502, nil, "<html><head><title>502 Bad\n Gateway</title></head><body>…</body></html>", "", "502 Bad\n Gateway", "", ""},
		{"HTML without a title", 503, nil, "<!doctype html><p>x", "", "service unavailable", "", ""},
		{"text", 503, nil, "upstream connect error\n  or disconnect", "", "upstream connect error or disconnect", "", ""},
		{"nothing", 500, nil, "", "", "internal server error", "", ""},
		{"empty object", 500, nil, "{}", "", "{}", "", ""},
		{"broken JSON", 500, nil, `{"code":"23505`, "", `{"code":"23505`, "", ""},
		{"redirect", 302, map[string]string{"Location": "https://elsewhere/?token=x"}, "<a href=…>", "",
			"the server answered with a redirect, which is not followed: check the project URL", "", ""},
		{"huge text", 500, nil, long, "", "*", "", ""},
		{"huge message", 400, nil, `{"code":"P0001","message":"` + long + `","details":"` + long + `","hint":"` + long + `"}`, "P0001", "*", "*", "*"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := http.Header{}
			for k, v := range tc.header {
				h.Set(k, v)
			}
			e := FromResponse("X.Do", "GET", "/p", tc.status, h, []byte(tc.body))
			require.Equal(t, tc.code, e.Code)
			for _, text := range []struct{ want, got string }{{tc.message, e.Message}, {tc.details, e.Details}, {tc.hint, e.Hint}} {
				if text.want != "*" {
					require.Equal(t, text.want, text.got)
				}
				require.LessOrEqual(t, len(text.got), 1000)
				require.NotContains(t, text.got, "\uFFFD", "no character is cut in half")
			}
			require.Less(t, len(e.Error()), 1200)
		})
	}
}

// A wrong project URL must not look like a row that does not exist.
func TestNotFoundOfAGatewayIsNoMissingRow(t *testing.T) {
	for body, want := range map[string]error{
		"":                                   ErrSchemaMismatch,
		"<html><title>404 Not Found</title>": ErrSchemaMismatch,
		`{"message":"no Route matched with those values"}`:                      ErrSchemaMismatch,
		`{"code":404,"msg":"User not found"}`:                                   ErrNotFound,
		`{"code":"user_not_found","message":"m"}`:                               ErrNotFound,
		`{"error":"no such meter","code":"NOT_FOUND"}`:                          ErrNotFound,
		`{"code":"PGRST205","message":"no such view"}`:                          ErrSchemaMismatch,
		`{"statusCode":"404","error":"Not Found","message":"Object not found"}`: ErrNotFound,
	} {
		e := FromResponse("X", "GET", "/", 404, nil, []byte(body))
		require.Equal(t, []error{want}, kindsOf(e), body)
	}
}

func TestErrorText(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{FromResponse("WorkOrders.Create", "POST", "/p", 409, nil, []byte(`{"code":"23503","message":"no such priority"}`)),
			"WorkOrders.Create: 23503 invalid reference: no such priority"},
		{FromResponse("Tenants.List", "GET", "/p", 502, nil, nil), "Tenants.List: 502 unavailable: bad gateway"},
		{FromResponse("Tenants.List", "GET", "/p", 500, nil, nil), "Tenants.List: 500: internal server error"},
		{Required("Departments.Create", "Name"), "Departments.Create: invalid input: Name is required"},
		{Invalid("Departments.Create", "Code", "is too long"), "Departments.Create: invalid input: Code is too long"},
		{Decode("Tenants.List", 3, "created_at", `"yesterday"`, errors.New("not a time")),
			`Tenants.List: cannot decode: row 3: column created_at: value "yesterday": not a time`},
		{Decode("X.Do", -1, "", "", errors.New("unexpected end")), "X.Do: cannot decode: unexpected end"},
	} {
		require.EqualError(t, tc.err, tc.want)
	}
}

func TestNetworkErrors(t *testing.T) {
	secretURL := "https://h.example/rest/v1/v_x?apikey=topsecret"
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	for _, tc := range []struct {
		name       string
		err        error
		is         error
		notApplied bool
	}{
		{"refused", &url.Error{Op: "Get", URL: secretURL, Err: dial}, dial, true},
		{"reset", &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset")}, nil, false},
		{"cut", fmt.Errorf("body of %s: %w", secretURL, io.ErrUnexpectedEOF), io.ErrUnexpectedEOF, false},
		{"closed", io.EOF, io.EOF, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := FromNetwork("X.Do", "GET", "/rest/v1/v_x", tc.err)
			require.ErrorIs(t, e, ErrUnavailable)
			if tc.is != nil {
				require.ErrorIs(t, e, tc.is)
			}
			require.True(t, e.transient)
			require.Equal(t, tc.notApplied, e.notApplied)
			requireNoSecret(t, e, "topsecret")
			var ue *url.Error
			require.NotErrorAs(t, e, &ue, "the URL must not be reachable")
		})
	}
	var ne net.Error
	require.ErrorAs(t, FromNetwork("X.Do", "GET", "/", &net.DNSError{Err: "no such host", IsTimeout: true}), &ne)
	require.True(t, ne.Timeout())
}

func TestWrapKeepsTheInnerError(t *testing.T) {
	inner := FromResponse("Inner", "GET", "/p", 409, nil, []byte(`{"code":"23505","message":"taken"}`))
	e := Wrap("Outer", ErrUnavailable, &url.Error{Op: "Get", URL: "https://h/?token=topsecret", Err: inner})
	require.EqualError(t, e, "Outer: 23505 conflict: taken")
	require.NotErrorIs(t, e, ErrUnavailable)

	require.ErrorIs(t, Wrap("X", ErrUnavailable, errors.New("boom")), ErrUnavailable)
	e = Wrap("X", ErrUnavailable, fmt.Errorf("waiting: %w", context.Canceled))
	require.ErrorIs(t, e, context.Canceled)
	require.NotErrorIs(t, e, ErrUnavailable)
}

func TestCanceledKeepsTheFailureBefore(t *testing.T) {
	last := FromResponse("X.Do", "GET", "/p", 503, nil, nil)
	e := NotSent("X.Do", context.Canceled, last)
	require.ErrorIs(t, e, context.Canceled)
	require.ErrorIs(t, e, ErrUnavailable)
	require.Equal(t, 503, e.HTTPStatus)
}

func TestRequestIDAndRetryAfter(t *testing.T) {
	date := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tc := range []struct {
		header map[string]string
		id     string
		after  time.Duration
	}{
		{map[string]string{"Sb-Request-Id": "a", "X-Request-Id": "b", "Retry-After": "7"}, "a", 7 * time.Second},
		{map[string]string{"X-Request-Id": "b", "Retry-After": "-7"}, "b", 0},
		{map[string]string{"Retry-After": date.Add(time.Minute).Format(http.TimeFormat), "Date": date.Format(http.TimeFormat)}, "", time.Minute},
		{map[string]string{"Retry-After": date.Format(http.TimeFormat), "Date": date.Add(time.Minute).Format(http.TimeFormat)}, "", 0},
		{map[string]string{"Retry-After": "soon"}, "", 0},
		{map[string]string{"Retry-After": "999999999999"}, "", 365 * 24 * time.Hour},
	} {
		h := http.Header{}
		for k, v := range tc.header {
			h.Set(k, v)
		}
		e := FromResponse("X", "GET", "/", 503, h, nil)
		require.Equal(t, tc.id, e.RequestID)
		require.Equal(t, tc.after, e.RetryAfter)
	}
}

func TestRateLimitOfTheDatabasePassesWithTheMinute(t *testing.T) {
	h := http.Header{"Date": {time.Date(2030, 1, 2, 3, 4, 48, 0, time.UTC).Format(http.TimeFormat)}}
	e := FromResponse("X", "POST", "/", 500, h, []byte(`{"code":"54000","message":"too many"}`))
	require.Equal(t, 12*time.Second, e.RetryAfter)
	e = FromResponse("X", "POST", "/", 500, nil, []byte(`{"code":"54000","message":"too many"}`))
	require.Positive(t, e.RetryAfter)
	require.LessOrEqual(t, e.RetryAfter, time.Minute)
}

func TestSafeToRetry(t *testing.T) {
	response := func(status int, code string) *Error {
		return FromResponse("X", "POST", "/", status, nil, []byte(`{"code":"`+code+`","message":"m"}`))
	}
	repeatable := func(e *Error) *Error { MarkRepeatable(e); return e }
	for _, tc := range []struct {
		name string
		err  error
		want bool
	}{
		{"nil", nil, false},
		{"foreign", errors.New("x"), false},
		{"required field", Required("X", "Name"), false},
		{"conflict", response(409, "23505"), false},
		{"rate limit of the database", response(500, "54000"), true},
		{"rate limit of the gateway", response(429, ""), true},
		{"in progress", response(500, "40001"), true},
		{"statement timeout", response(500, "57014"), true},
		{"no connection to the database", response(503, "PGRST000"), true},
		{"lost connection to the database", response(503, "PGRST001"), false},
		{"lost connection, read", repeatable(response(503, "PGRST001")), true},
		{"bad gateway, write", response(502, ""), false},
		{"bad gateway, read", repeatable(response(502, "")), true},
		{"not dialled", FromNetwork("X", "POST", "/", &net.OpError{Op: "dial", Err: errors.New("refused")}), true},
		{"cut off, write", FromNetwork("X", "POST", "/", io.ErrUnexpectedEOF), false},
		{"cut off, read", repeatable(FromNetwork("X", "GET", "/", io.ErrUnexpectedEOF)), true},
		{"wrapped", fmt.Errorf("outer: %w", response(503, "PGRST002")), true},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, SafeToRetry(tc.err)) })
	}
}

func TestSQLState(t *testing.T) {
	for code, want := range map[string]string{"23505": "23505", "P0001": "P0001", "PGRST116": "", "bad_jwt": "", "": ""} {
		require.Equal(t, want, (&Error{Code: code}).SQLState())
	}
}

func TestLogValueIsAGroup(t *testing.T) {
	e := FromResponse("WorkOrders.Create", "POST", "/rest/v1/rpc/rpc_x", 409, http.Header{"X-Request-Id": {"r1"}},
		[]byte(`{"code":"23505","message":"taken","details":"secret row"}`))
	e.Attempts = 2
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Error("failed", "err", e)
	var line struct {
		Err map[string]any `json:"err"`
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	require.Equal(t, map[string]any{
		"op": "WorkOrders.Create", "method": "POST", "path": "/rest/v1/rpc/rpc_x", "status": 409.0, "code": "23505",
		"kind": "conflict", "message": "taken", "request_id": "r1", "attempts": 2.0,
	}, line.Err)
}

// requireNoSecret renders err in every way a program is likely to.
func requireNoSecret(t *testing.T, err error, secrets ...string) {
	t.Helper()
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", err)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Error("failed", "err", err)
	slog.New(slog.NewTextHandler(&out, nil)).Error("failed", "err", err)
	js, merr := json.Marshal(err)
	require.NoError(t, merr)
	out.Write(js)
	for e := err; e != nil; e = errors.Unwrap(e) {
		out.WriteString(e.Error())
	}
	var own *Error
	if errors.As(err, &own) {
		for _, inner := range own.Unwrap() {
			fmt.Fprintf(&out, "%v %+v %#v\n", inner, inner, inner)
		}
	}
	func() {
		defer func() { fmt.Fprint(&out, recover()) }()
		panic(err)
	}()
	for _, s := range secrets {
		require.NotContains(t, out.String(), s)
		require.NotContains(t, out.String(), fmt.Sprintf("%x", s))
	}
}

func TestSecretsNeverShow(t *testing.T) {
	body := func(s string) []byte {
		b, err := json.Marshal(map[string]string{"code": "P0001", "message": "m " + s, "details": "d " + s, "hint": "h " + s})
		require.NoError(t, err)
		return b
	}
	t.Run("JWT and keys by their form", func(t *testing.T) {
		for _, s := range []string{jwt, "ewogImFsZyI6IkhTMjU2In0.eyJzdWIiOiJ1MSJ9.c2ln", "sb_secret_abcDEF123", "wosk_0123456789abcdef0123456789abcdef"} {
			requireNoSecret(t, FromResponse("X", "GET", "/", 400, nil, body(s)), s)
			requireNoSecret(t, FromResponse("X", "GET", "/", 400, nil, []byte("bad "+s)), s)
			requireNoSecret(t, FromNetwork("X", "GET", "/", errors.New("bad "+s)), s)
			requireNoSecret(t, New("X", ErrInvalidInput, "bad %s", s), s)
			requireNoSecret(t, Decode("X", 0, "c", s, errors.New("bad "+s)), s)
			requireNoSecret(t, Wrap("X", ErrUnauthenticated, errors.New("bad "+s)), s)
		}
	})
	t.Run("known secrets", func(t *testing.T) {
		for _, secret := range []string{"hunter2!", `qu"ote\ ü&=`} {
			js, err := json.Marshal(secret)
			require.NoError(t, err)
			quoted := string(js[1 : len(js)-1])
			// Cutting must not leave the beginning of a secret.
			edge := func(n int) string { return strings.Repeat("x", n) + secret }
			for _, e := range []*Error{
				FromResponse("X", "GET", "/", 400, http.Header{"X-Request-Id": {secret}}, body(secret), secret, ""),
				FromResponse("X", "GET", "/", 400, nil, []byte("text "+secret), secret),
				FromResponse("X", "GET", "/", 400, nil, []byte(`{"broken": "`+quoted), secret),
				FromResponse("X", "GET", "/", 400, nil, []byte("a="+url.QueryEscape(secret)), secret),
				FromNetwork("X", "GET", "/", errors.New(secret+" refused"), secret),
				FromNetwork("X", "GET", "/", &net.DNSError{Err: secret}, secret),
				FromResponse("X", "GET", "/", 400, nil, []byte(edge(295)), secret),
				FromResponse("X", "GET", "/", 400, nil, body(edge(993)), secret),
				FromNetwork("X", "GET", "/", errors.New(edge(295)), secret),
			} {
				requireNoSecret(t, e, secret, quoted, url.QueryEscape(secret))
				require.NotContains(t, e.Message, secret[:2])
			}
		}
		for n := 280; n < 310; n++ {
			e := FromResponse("X", "GET", "/", 400, nil, []byte(strings.Repeat("x", n)+" "+jwt))
			require.NotContains(t, e.Message, "eyJ")
		}
	})
	t.Run("queries and user info of URLs", func(t *testing.T) {
		e := FromNetwork("X", "GET", "/", errors.New(`Get "https://joe:hunter2@h.example/p?apikey=topsecret#frag": refused`))
		requireNoSecret(t, e, "topsecret", "hunter2", "frag")
		require.Contains(t, e.Message, "h.example/p")
	})
	t.Run("ordinary text stays", func(t *testing.T) {
		e := FromResponse("X", "GET", "/", 400, nil, body("column app.work_orders.status_key of every_one.else.here"))
		require.Contains(t, e.Message, "column app.work_orders.status_key of every_one.else.here")
	})
}
