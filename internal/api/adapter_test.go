package api

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	gotrue "github.com/supabase-community/gotrue-go"
	"github.com/supabase-community/gotrue-go/types"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

func TestLibraryGoesThroughThePipeline(t *testing.T) {
	var got *http.Request
	var body string
	n := 0
	c := testConn(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		b, _ := io.ReadAll(r.Body)
		body = string(b)
		if n++; n == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		replyJSON(w, 200, `{"access_token":"a","refresh_token":"r2","expires_in":3600}`)
	}, func(c *Config) { c.BaseURL += "/base"; c.APIKey = "aaa.bbb.ccc" })

	call := &Call{Op: "Session.Refresh", Safe: true}
	answer, err := gotrue.New("", "wrong-key").WithCustomGoTrueURL(c.BaseURL() + "/auth/v1").WithToken("wrong-token").
		WithClient(c.Client(t.Context(), call)).RefreshToken("r1")
	require.NoError(t, err)
	require.Equal(t, "r2", answer.RefreshToken)
	require.Equal(t, 2, n, "a library's request is repeated like any other")
	require.Equal(t, "/base/auth/v1/token?grant_type=refresh_token", got.RequestURI)
	require.Contains(t, body, `"r1"`)
	require.Equal(t, "Bearer aaa.bbb.ccc", got.Header.Get("Authorization"))
	require.Equal(t, "aaa.bbb.ccc", got.Header.Get("Apikey"))
	require.Contains(t, string(call.Response.Body), "r2")

	call = &Call{Op: "X.Do", TakeBody: true}
	client := c.Client(t.Context(), call)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.BaseURL()+"/rest/v1/x?a=b", http.NoBody)
	require.NoError(t, err)
	resp, err := client.Do(req)
	require.NoError(t, err)
	rest, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Empty(t, rest)
	require.NotEmpty(t, call.Response.Body)
	require.Equal(t, "200 OK", resp.Status)
	require.Equal(t, "/base/rest/v1/x?a=b", got.RequestURI)
}

func TestLibraryErrorsKeepTheSdkError(t *testing.T) {
	c := testConn(t, func(w http.ResponseWriter, _ *http.Request) {
		replyJSON(w, 400, `{"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials"}`)
	})
	_, err := gotrue.New("", "").WithCustomGoTrueURL(c.BaseURL() + "/auth/v1").
		WithClient(c.Client(t.Context(), &Call{Op: "Auth.SignIn"})).
		Token(types.TokenRequest{GrantType: "password", Email: "a@example.com", Password: "hunter2!"})
	var ue *url.Error
	require.ErrorAs(t, err, &ue, "that is how http.Client wraps it")
	e := sdkerr.Wrap("Auth.SignInWithPassword", nil, err)
	require.EqualError(t, e, "Auth.SignInWithPassword: invalid_credentials unauthenticated: Invalid login credentials")
	require.NotErrorAs(t, error(e), &ue)
}

// brokenBody is a request body that cannot be read.
type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, errors.New("disk error") }

func TestLibraryRequestsThatAreRefused(t *testing.T) {
	c := testConn(t, func(http.ResponseWriter, *http.Request) { t.Error("sent") }, func(c *Config) { c.BaseURL += "/base" })
	for _, tc := range []struct {
		url  string
		body io.Reader
		is   error
	}{
		{"https://elsewhere.example/base/x", http.NoBody, sdkerr.ErrInvalidInput},
		{strings.TrimSuffix(c.BaseURL(), "/base") + "/x", http.NoBody, sdkerr.ErrInvalidInput},
		{c.BaseURL() + "ment/x", http.NoBody, sdkerr.ErrInvalidInput},
		{c.BaseURL() + "/x", brokenBody{}, nil},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tc.url, tc.body)
		require.NoError(t, err)
		client := c.Client(t.Context(), &Call{Op: "X.Do"})
		_, err = client.Do(req) //nolint:bodyclose // there is none
		e := sdkerr.Wrap("X.Do", nil, err)
		require.Error(t, e)
		if tc.is != nil {
			require.ErrorIs(t, e, tc.is)
		}
	}
}
