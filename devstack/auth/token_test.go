package auth_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/auth"
)

func TestPasswordGrant(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "a@example.com")
	s.clock.Advance(time.Minute)

	in := s.signIn(t, "A@Example.com", password)

	require.Equal(t, http.StatusOK, in.Status, in.Body)
	require.Equal(t, up.userID(), in.userID())
	require.NotEqual(t, up.str("refresh_token"), in.str("refresh_token"))
	before, after := s.claimsOf(t, up.str("access_token")), s.claimsOf(t, in.str("access_token"))
	require.NotEqual(t, before["session_id"], after["session_id"], "every sign-in is a session of its own")
	require.Equal(t, s.clock.Now().UTC().Format(time.RFC3339), in.user()["last_sign_in_at"])
	require.Contains(t, in.Body, "weak_password")
	require.Nil(t, in.Body["weak_password"])
	require.NotContains(t, s.refresh(t, in.str("refresh_token")).Body, "weak_password")
}

func TestPasswordGrantRefuses(t *testing.T) {
	s := newService(t)
	s.signUp(t, "a@example.com")
	banned := s.signUp(t, "banned@example.com")
	s.do(t, "PUT", "/admin/users/"+banned.userID(), s.adminToken(t), map[string]any{"ban_duration": "1h"})

	for name, c := range map[string]struct {
		body any
		code string
	}{
		"blanks around it":  {map[string]any{"email": " a@example.com ", "password": password}, "invalid_credentials"},
		"a form":            {`email=a@example.com`, "bad_json"},
		"wrong password":    {map[string]any{"email": "a@example.com", "password": "wrong"}, "invalid_credentials"},
		"no password":       {map[string]any{"email": "a@example.com"}, "invalid_credentials"},
		"unknown address":   {map[string]any{"email": "b@example.com", "password": password}, "invalid_credentials"},
		"no address":        {map[string]any{"password": password}, "validation_failed"},
		"address and phone": {map[string]any{"email": "a@example.com", "phone": "+4912345"}, "validation_failed"},
		"banned":            {map[string]any{"email": "banned@example.com", "password": password}, "user_banned"},
		"broken JSON":       {`{`, "bad_json"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.do(t, "POST", "/token?grant_type=password", "", c.body)
			require.Equal(t, http.StatusBadRequest, a.Status, a.Body)
			require.Equal(t, c.code, a.code())
			require.Equal(t, c.code, a.Header.Get("x-sb-error-code"))
		})
	}

	phone := s.do(t, "POST", "/token?grant_type=password", "", map[string]any{"phone": "+4912345", "password": password})
	require.Equal(t, http.StatusUnprocessableEntity, phone.Status)
	require.Equal(t, "phone_provider_disabled", phone.code())

	s.clock.Advance(2 * time.Hour)
	require.Equal(t, http.StatusOK, s.signIn(t, "banned@example.com", password).Status, "bans end")
}

func TestUnsupportedGrant(t *testing.T) {
	s := newService(t)
	for _, query := range []string{"", "?grant_type=", "?grant_type=client_credentials"} {
		a := s.do(t, "POST", "/token"+query, "", `{}`)
		require.Equal(t, http.StatusBadRequest, a.Status)
		require.Equal(t, "unsupported_grant_type", a.str("msg"))
	}
	require.Equal(t, "provider_disabled",
		s.do(t, "POST", "/token?grant_type=id_token", "", `{"id_token":"x","provider":"google"}`).code())
}

func TestSignInWarnsOfAPasswordThatIsTooShortByNow(t *testing.T) {
	short := newService(t)
	s := newService(t, func(c *auth.Config) { c.MinPasswordLength = 20; c.Pool = short.pool })
	short.signUp(t, "a@example.com")

	in := s.signIn(t, "a@example.com", password)

	require.Equal(t, http.StatusOK, in.Status)
	require.Equal(t, []any{"length"}, in.Body["weak_password"].(map[string]any)["reasons"])
}

func TestRefreshRotates(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "a@example.com")
	s.do(t, "PUT", "/user", up.str("access_token"), map[string]any{"data": map[string]any{"k": "v"}})
	s.clock.Advance(time.Hour + time.Minute)

	a := s.refresh(t, up.str("refresh_token"))

	require.Equal(t, http.StatusOK, a.Status, a.Body)
	require.NotEqual(t, up.str("refresh_token"), a.str("refresh_token"))
	old := jwtClaims(t, up.str("access_token"))
	claims := s.claimsOf(t, a.str("access_token"))
	require.Equal(t, old["session_id"], claims["session_id"])
	require.Equal(t, old["amr"], claims["amr"], "a refresh proves nothing new")
	require.EqualValues(t, s.clock.Now().Unix(), claims["iat"])
	require.Equal(t, "v", claims["user_metadata"].(map[string]any)["k"], "claims are computed anew")
}

func TestRefreshRefuses(t *testing.T) {
	s := newService(t, func(c *auth.Config) { c.SessionLifetime = 24 * time.Hour })
	for name, c := range map[string]struct {
		body any
		code string
	}{
		"unknown":     {map[string]any{"refresh_token": "abcdefghijkl"}, "refresh_token_not_found"},
		"malformed":   {map[string]any{"refresh_token": "short"}, "validation_failed"},
		"empty":       {map[string]any{"refresh_token": ""}, "validation_failed"},
		"absent":      {map[string]any{}, "validation_failed"},
		"broken JSON": {`nope`, "bad_json"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.do(t, "POST", "/token?grant_type=refresh_token", "", c.body)
			require.Equal(t, http.StatusBadRequest, a.Status)
			require.Equal(t, c.code, a.code())
		})
	}
	for name, c := range map[string]struct {
		prepare func(t *testing.T, up answer)
		code    string
	}{
		"banned": {func(t *testing.T, up answer) {
			s.do(t, "PUT", "/admin/users/"+up.userID(), s.adminToken(t), map[string]any{"ban_duration": "1h"})
		}, "user_banned"},
		"deleted": {func(t *testing.T, up answer) {
			s.do(t, "DELETE", "/admin/users/"+up.userID(), s.adminToken(t), nil)
		}, "refresh_token_not_found"},
		"signed out": {func(t *testing.T, up answer) {
			s.do(t, "POST", "/logout", up.str("access_token"), nil)
		}, "refresh_token_not_found"},
		"no session": {func(t *testing.T, up answer) {
			s.exec(t, `update auth.refresh_tokens set session_id = null where token = $1`, up.str("refresh_token"))
		}, "session_not_found"},
		"session expired": {func(t *testing.T, up answer) {
			s.clock.Advance(25 * time.Hour)
		}, "session_expired"},
	} {
		t.Run(name, func(t *testing.T) {
			up := s.signUp(t, uniqueEmail(name))
			c.prepare(t, up)
			a := s.refresh(t, up.str("refresh_token"))
			require.Equal(t, http.StatusBadRequest, a.Status)
			require.Equal(t, c.code, a.code())
		})
	}
}

// The life of a token family, from sign-up to its revocation.
func TestRefreshTokenReuse(t *testing.T) {
	type step struct {
		wait time.Duration
		use  int    // index of the token to refresh with; 0 is the sign-up's
		want int    // index of the token that comes back; -1 refused
		why  string // the rule
	}
	for name, steps := range map[string][]step{
		"within the interval the active token comes back": {
			{use: 0, want: 1},
			{use: 0, want: 1, wait: 9 * time.Second, why: "direct parent within the interval"},
			{use: 1, want: 2},
			{use: 0, want: 2, wait: time.Second, why: "grandparent within the interval"},
			{use: 2, want: 3},
		},
		"the parent of the active token works for ever": {
			{use: 0, want: 1},
			{use: 0, want: 1, wait: 48 * time.Hour, why: "the client never got its answer"},
			{use: 1, want: 2},
		},
		"an older token used late revokes the family": {
			{use: 0, want: 1},
			{use: 1, want: 2, wait: time.Minute},
			{use: 0, want: -1, wait: time.Minute, why: "stolen or cloned"},
			{use: 2, want: -1, wait: 11 * time.Second, why: "the active token is revoked too"},
			{use: 1, want: -1, why: "so is its parent"},
		},
		"a revoked family goes on when its newest token is used within the interval": {
			{use: 0, want: 1},
			{use: 1, want: 2, wait: time.Minute},
			{use: 0, want: -1, wait: time.Minute, why: "stolen or cloned"},
			{use: 2, want: 3, wait: 10 * time.Second, why: "its owner, who does not know yet"},
			{use: 3, want: 4, wait: time.Minute},
			{use: 0, want: -1},
		},
		"the interval counts from the first use": {
			{use: 0, want: 1},
			{use: 1, want: 2},
			{use: 0, want: 2, wait: 10 * time.Second, why: "exactly at its end"},
			{use: 0, want: -1, wait: time.Second, why: "reuse does not prolong it"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			tokens := []string{s.signUp(t, "a@example.com").str("refresh_token")}
			other := s.signIn(t, "a@example.com", password).str("refresh_token")
			for i, step := range steps {
				s.clock.Advance(step.wait)
				a := s.refresh(t, tokens[step.use])
				if step.want < 0 {
					require.Equal(t, http.StatusBadRequest, a.Status, "step %d: %s", i, step.why)
					require.Equal(t, "refresh_token_already_used", a.code())
					continue
				}
				require.Equal(t, http.StatusOK, a.Status, "step %d: %s: %v", i, step.why, a.Body)
				if step.want == len(tokens) {
					require.NotContains(t, tokens, a.str("refresh_token"), "step %d", i)
					tokens = append(tokens, a.str("refresh_token"))
				}
				require.Equal(t, tokens[step.want], a.str("refresh_token"), "step %d: %s", i, step.why)
			}
			require.Equal(t, http.StatusOK, s.refresh(t, other).Status, "other sessions are not concerned")
		})
	}
}

func TestRefreshWithoutReuseInterval(t *testing.T) {
	s := newService(t, func(c *auth.Config) { c.ReuseInterval = -1 })
	first := s.signUp(t, "a@example.com").str("refresh_token")
	second := s.refresh(t, first).str("refresh_token")
	require.Equal(t, second, s.refresh(t, first).str("refresh_token"), "the parent of the active token still works")
	s.refresh(t, second)
	require.Equal(t, "refresh_token_already_used", s.refresh(t, first).code())
}

func TestConcurrentRefreshesGetTheSameToken(t *testing.T) {
	s := newService(t)
	token := s.signUp(t, "a@example.com").str("refresh_token")

	var wg sync.WaitGroup
	answers := make([]answer, 50)
	errs := make([]error, len(answers))
	for i := range answers {
		wg.Go(func() {
			answers[i], errs[i] = s.send(t, "POST", "/token?grant_type=refresh_token", "", map[string]any{"refresh_token": token})
		})
	}
	wg.Wait()

	for i, a := range answers {
		require.NoError(t, errs[i])
		require.Equal(t, http.StatusOK, a.Status, a.Body)
		require.Equal(t, answers[0].str("refresh_token"), a.str("refresh_token"))
	}
	var active, all int
	require.NoError(t, s.pool.QueryRow(t.Context(),
		`select count(*) filter (where not revoked), count(*) from auth.refresh_tokens`).Scan(&active, &all))
	require.Equal(t, []int{1, 2}, []int{active, all})
	require.Equal(t, http.StatusOK, s.refresh(t, answers[0].str("refresh_token")).Status)
}

func TestLogoutDuringRefreshesLeavesNoSession(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "a@example.com")
	token := up.str("refresh_token")
	var wg sync.WaitGroup
	answers := make([]answer, 12)
	for i := range answers {
		wg.Go(func() {
			if i == 5 {
				answers[i], _ = s.send(t, "POST", "/logout", up.str("access_token"), nil)
				return
			}
			answers[i], _ = s.send(t, "POST", "/token?grant_type=refresh_token", "", map[string]any{"refresh_token": token})
		})
	}
	wg.Wait()

	for i, a := range answers {
		if i != 5 && a.Status != http.StatusOK {
			require.Equal(t, "refresh_token_not_found", a.code(), a.Body)
		}
	}
	require.Equal(t, http.StatusNoContent, answers[5].Status)
	var left int
	require.NoError(t, s.pool.QueryRow(t.Context(),
		`select (select count(*) from auth.sessions) + (select count(*) from auth.refresh_tokens)`).Scan(&left))
	require.Zero(t, left)
}
