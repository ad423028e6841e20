package sdkerr

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// Storage answers most failures with 400 and tells the real status inside.
func TestStorageErrorsMeanWhatTheirBodySays(t *testing.T) {
	for _, tc := range []struct {
		body string
		kind []error
		code string
	}{
		{`{"statusCode":"404","error":"not_found","message":"Object not found"}`, []error{ErrNotFound}, "not_found"},
		{`{"statusCode":404,"error":"not_found","message":"Object not found"}`, []error{ErrNotFound}, "not_found"},
		{`{"statusCode":"403","error":"Unauthorized","message":"new row violates row-level security policy"}`, []error{ErrPermissionDenied}, "unauthorized"},
		{`{"statusCode":"409","error":"Duplicate","message":"The resource already exists"}`, []error{ErrConflict}, "duplicate"},
		{`{"statusCode":"403","error":"Unauthorized","message":"jwt expired"}`, []error{ErrUnauthenticated}, "bad_jwt"},
		{`{"statusCode":"400","error":"InvalidJWT","message":"\"exp\" claim timestamp check failed"}`, []error{ErrUnauthenticated}, "bad_jwt"},
		{`{"statusCode":"400","error":"Unauthorized","message":"signature verification failed"}`, []error{ErrUnauthenticated}, "bad_jwt"},
		{`{"statusCode":"400","error":"InvalidKey","message":"Invalid key: a/b"}`, []error{ErrInvalidInput}, "invalidkey"},
		{`{"statusCode":"503","error":"SlowDown","message":"later"}`, []error{ErrUnavailable}, "slowdown"},
		{`{"statusCode":"9999","error":"x","message":"m"}`, []error{ErrInvalidInput}, "x"},
		{`not JSON`, []error{ErrInvalidInput}, ""},
	} {
		e := FromResponse("X", "GET", "/storage/v1/object/b/x", 400, nil, []byte(tc.body))
		require.Equal(t, tc.kind, kindsOf(e), tc.body)
		require.Equal(t, tc.code, e.Code, tc.body)
		require.Equal(t, 400, e.HTTPStatus, "what arrived")
	}
	e := FromResponse("X", "GET", "/rest/v1/x", 400, nil, []byte(`{"statusCode":"404","error":"x","message":"jwt"}`))
	require.Equal(t, []error{ErrInvalidInput}, kindsOf(e), "only Storage is read like that")
}

func TestBadBody(t *testing.T) {
	cause := errors.New("secret-of-mine is gone")
	e := BadBody("X", "POST", "/p", cause, "secret-of-mine")
	require.Equal(t, "X: reading the body: [redacted] is gone", e.Error())
	require.False(t, SafeToRetry(e))
	require.NotErrorIs(t, e, ErrUnavailable)
	require.ErrorIs(t, BadBody("X", "POST", "/p", io.ErrUnexpectedEOF), io.ErrUnexpectedEOF)
}
