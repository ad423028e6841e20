package httperr_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/httperr"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/workorders"
)

// answered is the error of a call that the platform answers so.
func answered(t *testing.T, status int, body string) error {
	t.Helper()
	c, srv := apitest.New(t)
	for range 3 {
		srv.Reply(status, body)
	}
	_, err := c.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "Line 3"})
	require.Error(t, err)
	return err
}

func pg(code, message string) string {
	b, _ := json.Marshal(map[string]any{"code": code, "message": message, "details": "Key (tenant_id)=(7) of app.departments", "hint": "look inside"})
	return string(b)
}

func TestStatusFollowsTheKind(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
		want httperr.Problem
	}{
		{"rule", answered(t, 400, pg("P0001", "the part is out of stock")),
			httperr.Problem{Status: 422, Title: "Unprocessable Entity", Kind: "rule_violation", Detail: "the part is out of stock"}},
		{"check", answered(t, 400, pg("23514", `violates check constraint "departments_name_check"`)),
			httperr.Problem{Status: 400, Title: "Bad Request", Kind: "invalid_input"}},
		{"conflict", answered(t, 409, pg("23505", `duplicate key value violates unique constraint "departments_code"`)),
			httperr.Problem{Status: 409, Title: "Conflict", Kind: "conflict"}},
		{"reference", answered(t, 409, pg("23503", "no such key")),
			httperr.Problem{Status: 422, Title: "Unprocessable Entity", Kind: "invalid_reference"}},
		{"permission", answered(t, 403, pg("42501", "permission denied for table departments")),
			httperr.Problem{Status: 403, Title: "Forbidden", Kind: "permission_denied"}},
		{"permission without a token", answered(t, 401, pg("42501", "permission denied")),
			httperr.Problem{Status: 403, Title: "Forbidden", Kind: "permission_denied"}},
		{"not found as 500", answered(t, 500, pg("P0002", "no rows")),
			httperr.Problem{Status: 404, Title: "Not Found", Kind: "not_found"}},
		{"nobody", answered(t, 403, pg("28000", "not signed in")),
			httperr.Problem{Status: 401, Title: "Unauthorized", Kind: "unauthenticated"}},
		{"rate limit as 500", answered(t, 500, pg("54000", "too many")),
			httperr.Problem{Status: 429, Title: "Too Many Requests", Kind: "rate_limited"}},
		{"missing function", answered(t, 404, pg("PGRST202", "no rpc_create_department")),
			httperr.Problem{Status: 502, Title: "Bad Gateway", Kind: "schema_mismatch"}},
		{"no kind", answered(t, 500, pg("XX000", "internal error")),
			httperr.Problem{Status: 502, Title: "Bad Gateway"}},
		{"outage", answered(t, 503, `upstream 10.1.2.3 refused`),
			httperr.Problem{Status: 503, Title: "Service Unavailable", Kind: "unavailable"}},
		{"no answer that fits", answered(t, 200, `{"not":"an id"}`),
			httperr.Problem{Status: 502, Title: "Bad Gateway", Kind: "decode"}},
		{"wrapped and joined", fmt.Errorf("import: %w", errors.Join(errors.New("x"), workorder.ErrConflict)),
			httperr.Problem{Status: 409, Title: "Conflict", Kind: "conflict"}},
		{"the caller went away", fmt.Errorf("list: %w", context.Canceled),
			httperr.Problem{Status: 499, Title: "Client Closed Request", Kind: "canceled"}},
		{"out of time", context.DeadlineExceeded,
			httperr.Problem{Status: 504, Title: "Gateway Timeout", Kind: "timeout"}},
		{"something else", errors.New("disk full at /var/lib"),
			httperr.Problem{Status: 500, Title: "Internal Server Error"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := httperr.ProblemOf(tc.err)
			got.RequestID = ""
			require.Empty(t, cmp.Diff(tc.want, got))
			require.Equal(t, tc.want.Status, httperr.Status(tc.err))

			w := httptest.NewRecorder()
			w.Header().Set("Content-Length", "5")
			httperr.Write(w, tc.err)

			require.Equal(t, tc.want.Status, w.Code)
			require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
			require.Empty(t, w.Header().Get("Content-Length"))
			require.Equal(t, tc.want.Status == 401, w.Header().Get("WWW-Authenticate") != "")
			var sent httperr.Problem
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &sent))
			sent.RequestID = ""
			require.Empty(t, cmp.Diff(tc.want, sent))
			for _, inside := range []string{"departments_", "app.", "10.1.2.3", "/var/lib", "rpc_", "look inside", "Departments.Create"} {
				require.NotContains(t, w.Body.String(), inside)
			}
		})
	}
}

func TestChecksOfTheSDKAreTold(t *testing.T) {
	c, _ := apitest.New(t)
	_, err := c.Departments.Create(t.Context(), org.CreateDepartmentParams{})
	require.ErrorIs(t, err, workorder.ErrInvalidInput)

	require.Equal(t, httperr.Problem{Status: 400, Title: "Bad Request", Kind: "invalid_input", Detail: "Name is required"}, httperr.ProblemOf(err))

	_, err = c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: strings.Repeat("x", 501)})
	require.ErrorContains(t, err, "p_title")
	require.Equal(t, "Title is longer than 500 characters", httperr.ProblemOf(err).Detail)
}

func TestNil(t *testing.T) {
	require.Equal(t, 200, httperr.Status(nil))
	require.Zero(t, httperr.ProblemOf(nil))
	w := httptest.NewRecorder()
	httperr.Write(w, nil)
	require.Equal(t, 500, w.Code, "no error is no answer that this package can give")
}

func TestChallenge(t *testing.T) {
	c, _ := apitest.New(t)
	v, err := workorder.NewVerifier(c, workorder.VerifierOptions{})
	require.NoError(t, err)
	for token, want := range map[string]string{"": "Bearer", "no JWT": `Bearer error="invalid_token"`} {
		_, err := v.Verify(t.Context(), token)
		require.ErrorIs(t, err, workorder.ErrUnauthenticated)
		w := httptest.NewRecorder()
		httperr.Write(w, err)
		require.Equal(t, want, w.Header().Get("WWW-Authenticate"))
	}
}

func TestRetryAfter(t *testing.T) {
	for wait, want := range map[string]string{"7": "7", "": ""} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if wait != "" {
				w.Header().Set("Retry-After", wait)
			}
			w.WriteHeader(http.StatusServiceUnavailable)
		}))
		c, err := workorder.New(srv.URL, apitest.AnonKey, workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 1}))
		require.NoError(t, err)
		_, err = c.Authorization.Permissions.List(t.Context())
		require.ErrorIs(t, err, workorder.ErrUnavailable)

		w := httptest.NewRecorder()
		httperr.Write(w, err)

		require.Equal(t, want, w.Header().Get("Retry-After"))
		srv.Close()
	}
}
