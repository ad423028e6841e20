package auth_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

func TestGetUser(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "a@example.com", map[string]any{"k": "v"})

	a := s.do(t, "GET", "/user", up.str("access_token"), nil)

	require.Equal(t, http.StatusOK, a.Status)
	// What the answer to a sign-up does not know yet, and what it says early.
	want := up.user()
	want["confirmed_at"] = want["email_confirmed_at"]
	want["identities"].([]any)[0].(map[string]any)["identity_data"].(map[string]any)["email_verified"] = false
	require.Equal(t, want, a.Body)
}

func TestUserTokenIsChecked(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "a@example.com")
	claims := s.claimsOf(t, up.str("access_token"))
	with := func(key string, value any) string {
		c := jwt.MapClaims{}
		for k, v := range claims {
			c[k] = v
		}
		c[key] = value
		return s.sign(t, c)
	}
	tampered := []byte(up.str("access_token"))
	tampered[len(tampered)-10] ^= 1
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims).SignedString(jwt.UnsafeAllowNoneSignatureType)
	require.NoError(t, err)

	for name, c := range map[string]struct {
		token  string
		status int
		code   string
	}{
		"no token":         {"", 401, "no_authorization"},
		"no JWT":           {"abc", 403, "bad_jwt"},
		"tampered":         {string(tampered), 403, "bad_jwt"},
		"unsigned":         {none, 403, "bad_jwt"},
		"expired":          {with("exp", s.clock.Now().Add(-time.Second).Unix()), 403, "bad_jwt"},
		"anon key":         {s.sign(t, jwt.MapClaims{"role": "anon"}), 403, "bad_jwt"},
		"sub no uuid":      {with("sub", "me"), 403, "bad_jwt"},
		"unknown user":     {with("sub", "7f5c2a9e-3a0e-4a57-9a5e-0d8d2f6f1c11"), 403, "user_not_found"},
		"session no uuid":  {with("session_id", "x"), 403, "bad_jwt"},
		"unknown session":  {with("session_id", "7f5c2a9e-3a0e-4a57-9a5e-0d8d2f6f1c11"), 403, "session_not_found"},
		"without session":  {with("session_id", ""), 200, ""},
		"nil session":      {with("session_id", "00000000-0000-0000-0000-000000000000"), 200, ""},
		"token as is":      {up.str("access_token"), 200, ""},
		"two bearer words": {"a b", 401, "no_authorization"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{"GET", "PUT"} {
				a := s.do(t, method, "/user", c.token, `{}`)
				require.Equal(t, c.status, a.Status, a.Body)
				require.Equal(t, c.code, a.code())
			}
			if c.code != "" {
				require.Equal(t, c.code, s.do(t, "POST", "/logout", c.token, nil).code())
			}
		})
	}
}

func TestUpdateUserMergesData(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "a@example.com", map[string]any{"a": 1, "b": 2})
	s.clock.Advance(time.Minute)

	put := s.do(t, "PUT", "/user", up.str("access_token"), map[string]any{
		"data": map[string]any{"b": nil, "c": map[string]any{"x": nil}, "missing": nil},
	})

	require.Equal(t, http.StatusOK, put.Status)
	want := map[string]any{
		"a": 1.0, "c": map[string]any{"x": nil}, // only top-level nulls delete
		"sub": up.userID(), "email": "a@example.com", "email_verified": true, "phone_verified": false,
	}
	require.Equal(t, want, put.metadata())
	require.Equal(t, s.clock.Now().UTC().Format(time.RFC3339), put.Body["updated_at"])
	require.Equal(t, put.Body, s.do(t, "GET", "/user", up.str("access_token"), nil).Body)
}

func TestUpdateUserPassword(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "a@example.com")
	other := s.signIn(t, "a@example.com", password)

	put := s.do(t, "PUT", "/user", up.str("access_token"), map[string]any{"password": "another one"})

	require.Equal(t, http.StatusOK, put.Status)
	require.Equal(t, "invalid_credentials", s.signIn(t, "a@example.com", password).code())
	require.Equal(t, http.StatusOK, s.signIn(t, "a@example.com", "another one").Status)
	require.Equal(t, http.StatusOK, s.refresh(t, up.str("refresh_token")).Status, "the session that changed it goes on")
	require.Equal(t, "refresh_token_not_found", s.refresh(t, other.str("refresh_token")).code(), "the others end")
}

func TestUpdateUserEmail(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "a@example.com")
	s.signUp(t, "taken@example.com")

	put := s.do(t, "PUT", "/user", up.str("access_token"), map[string]any{"email": "New@example.com"})

	require.Equal(t, http.StatusOK, put.Status)
	require.Equal(t, "a@example.com", put.str("email"), "until the mail is confirmed")
	require.Equal(t, "new@example.com", put.str("new_email"))
	require.NotEmpty(t, put.str("email_change_sent_at"))
	identity := put.Body["identities"].([]any)[0].(map[string]any)
	require.Equal(t, "a@example.com", identity["email"])
	require.Equal(t, "invalid_credentials", s.signIn(t, "new@example.com", password).code())
	require.Equal(t, "a@example.com", s.claimsOf(t, s.refresh(t, up.str("refresh_token")).str("access_token"))["email"])
	require.Equal(t, put.Body, s.do(t, "GET", "/user", up.str("access_token"), nil).Body)
}

func TestUpdateUserRefuses(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "a@example.com")
	s.signUp(t, "taken@example.com")
	before := s.do(t, "GET", "/user", up.str("access_token"), nil).Body

	for name, c := range map[string]struct {
		body   any
		status int
		code   string
	}{
		"same password": {map[string]any{"password": password}, 422, "same_password"},
		"weak password": {map[string]any{"password": "123"}, 422, "weak_password"},
		"taken address": {map[string]any{"email": "Taken@example.com", "data": map[string]any{"x": 1}}, 422, "email_exists"},
		"blanks":        {map[string]any{"email": " b@example.com"}, 400, "validation_failed"},
		"bad address":   {map[string]any{"email": "nope"}, 400, "validation_failed"},
		"phone":         {map[string]any{"phone": "+4912345"}, 400, "phone_provider_disabled"},
		"app metadata":  {map[string]any{"app_metadata": map[string]any{"x": 1}}, 403, "not_admin"},
		"broken JSON":   {`[`, 400, "bad_json"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.do(t, "PUT", "/user", up.str("access_token"), c.body)
			require.Equal(t, c.status, a.Status, a.Body)
			require.Equal(t, c.code, a.code())
			require.Equal(t, before, s.do(t, "GET", "/user", up.str("access_token"), nil).Body, "nothing changed")
		})
	}
}

func TestLogoutScopes(t *testing.T) {
	for scope, c := range map[string]struct{ own, other bool }{ // sessions left
		"":              {false, false},
		"?scope=global": {false, false},
		"?scope=local":  {false, true},
		"?scope=others": {true, false},
	} {
		t.Run(scope, func(t *testing.T) {
			s := newService(t)
			own := s.signUp(t, "a@example.com")
			other := s.signIn(t, "a@example.com", password)
			stranger := s.signUp(t, "b@example.com")

			out := s.do(t, "POST", "/logout"+scope, own.str("access_token"), nil)

			require.Equal(t, http.StatusNoContent, out.Status)
			for _, session := range []struct {
				answer answer
				left   bool
			}{{own, c.own}, {other, c.other}, {stranger, true}} {
				user := s.do(t, "GET", "/user", session.answer.str("access_token"), nil)
				refresh := s.refresh(t, session.answer.str("refresh_token"))
				if session.left {
					require.Equal(t, http.StatusOK, user.Status)
					require.Equal(t, http.StatusOK, refresh.Status)
					continue
				}
				require.Equal(t, http.StatusForbidden, user.Status)
				require.Equal(t, "session_not_found", user.code())
				require.Equal(t, http.StatusBadRequest, refresh.Status)
				require.Equal(t, "refresh_token_not_found", refresh.code())
			}
		})
	}
}

func TestLogoutUnknownScope(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "a@example.com")
	a := s.do(t, "POST", "/logout?scope=world", up.str("access_token"), nil)
	require.Equal(t, http.StatusBadRequest, a.Status)
	require.Equal(t, "validation_failed", a.code())
	require.Equal(t, http.StatusOK, s.do(t, "GET", "/user", up.str("access_token"), nil).Status)
}
