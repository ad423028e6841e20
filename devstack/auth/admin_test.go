package auth_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

const unknownID = "7f5c2a9e-3a0e-4a57-9a5e-0d8d2f6f1c11"

func TestAdminEndpointsNeedAnAdminRole(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "a@example.com")
	for _, c := range []struct{ method, path string }{
		{"GET", "/admin/users"}, {"POST", "/admin/users"}, {"POST", "/invite"},
		{"GET", "/admin/users/" + up.userID()}, {"PUT", "/admin/users/" + up.userID()}, {"DELETE", "/admin/users/" + up.userID()},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			a := s.do(t, c.method, c.path, "", `{}`)
			require.Equal(t, http.StatusUnauthorized, a.Status)
			require.Equal(t, "no_authorization", a.code())
			a = s.do(t, c.method, c.path, up.str("access_token"), `{}`)
			require.Equal(t, http.StatusForbidden, a.Status)
			require.Equal(t, "not_admin", a.code())
			require.Equal(t, "bad_jwt", s.do(t, c.method, c.path, "x.y.z", `{}`).code())
			a = s.do(t, c.method, c.path, s.sign(t, jwt.MapClaims{"role": "anon"}), `{}`)
			require.Equal(t, http.StatusForbidden, a.Status)
			require.Equal(t, "not_admin", a.code())
		})
	}
	s.do(t, "POST", "/logout", up.str("access_token"), nil)
	require.Equal(t, "session_not_found", s.do(t, "GET", "/admin/users", up.str("access_token"), nil).code())
	admin := s.sign(t, jwt.MapClaims{"role": "supabase_admin"})
	require.Equal(t, http.StatusOK, s.do(t, "GET", "/admin/users", admin, nil).Status)
}

func TestAdminCreateUser(t *testing.T) {
	s := newService(t)

	a := s.do(t, "POST", "/admin/users", s.adminToken(t), map[string]any{
		"id": unknownID, "email": "A@example.com", "password": password, "email_confirm": true,
		"user_metadata": map[string]any{"k": "v"}, "app_metadata": map[string]any{"plan": "gold"},
	})

	require.Equal(t, http.StatusOK, a.Status, a.Body)
	require.Equal(t, unknownID, a.str("id"))
	require.Equal(t, "a@example.com", a.str("email"))
	require.Equal(t, map[string]any{"k": "v", "email_verified": true}, a.metadata())
	require.Equal(t, map[string]any{"provider": "email", "providers": []any{"email"}, "plan": "gold"}, a.Body["app_metadata"])
	require.Len(t, a.Body["identities"], 1)
	require.Equal(t, http.StatusOK, s.signIn(t, "a@example.com", password).Status)

	unconfirmed := s.do(t, "POST", "/admin/users", s.adminToken(t), map[string]any{"email": "b@example.com", "password": password})
	require.NotContains(t, unconfirmed.Body, "email_confirmed_at")
	require.Equal(t, "email_not_confirmed", s.signIn(t, "b@example.com", password).code())

	hash, err := bcrypt.GenerateFromPassword([]byte("from elsewhere"), bcrypt.MinCost)
	require.NoError(t, err)
	s.do(t, "POST", "/admin/users", s.adminToken(t), map[string]any{
		"email": "c@example.com", "password_hash": string(hash), "email_confirm": true, "role": "manager"})
	in := s.signIn(t, "c@example.com", "from elsewhere")
	require.Equal(t, http.StatusOK, in.Status)
	require.Equal(t, "manager", s.claimsOf(t, in.str("access_token"))["role"])

	banned := s.do(t, "POST", "/admin/users", s.adminToken(t), map[string]any{
		"email": "d@example.com", "password": password, "email_confirm": true, "ban_duration": "24h"})
	require.Equal(t, s.clock.Now().Add(24*time.Hour).UTC().Format(time.RFC3339), banned.str("banned_until"))
	require.Equal(t, "user_banned", s.signIn(t, "d@example.com", password).code())

	weak := s.do(t, "POST", "/admin/users", s.adminToken(t), map[string]any{"email": "f@example.com", "password": "123", "email_confirm": true})
	require.Equal(t, http.StatusOK, weak.Status, "administrators may give weak passwords")
	require.NotEmpty(t, s.signIn(t, "f@example.com", "123").Body["weak_password"], "the user is told")

	noPassword := s.do(t, "POST", "/admin/users", s.adminToken(t), map[string]any{"email": "e@example.com", "email_confirm": true})
	require.Equal(t, http.StatusOK, noPassword.Status)
	require.Equal(t, "invalid_credentials", s.signIn(t, "e@example.com", "").code())
}

func TestAdminCreateUserRefuses(t *testing.T) {
	s := newService(t)
	s.signUp(t, "taken@example.com")
	for name, c := range map[string]struct {
		body   any
		status int
		code   string
	}{
		"taken address":     {map[string]any{"email": "Taken@example.com"}, 422, "email_exists"},
		"no address":        {map[string]any{"password": password}, 400, "validation_failed"},
		"bad address":       {map[string]any{"email": "nope"}, 400, "validation_failed"},
		"blanks around it":  {map[string]any{"email": " a@example.com"}, 400, "validation_failed"},
		"long password":     {map[string]any{"email": "a@example.com", "password": strings.Repeat("x", 73)}, 400, "validation_failed"},
		"password and hash": {map[string]any{"email": "a@example.com", "password": password, "password_hash": "x"}, 400, "validation_failed"},
		"bad hash":          {map[string]any{"email": "a@example.com", "password_hash": "x"}, 400, "validation_failed"},
		"bad id":            {map[string]any{"email": "a@example.com", "id": "x"}, 400, "validation_failed"},
		"nil id":            {map[string]any{"email": "a@example.com", "id": "00000000-0000-0000-0000-000000000000"}, 400, "validation_failed"},
		"bad ban":           {map[string]any{"email": "a@example.com", "ban_duration": "soon"}, 400, "validation_failed"},
		"bad phone":         {map[string]any{"phone": "nope"}, 400, "validation_failed"},
		"broken JSON":       {`{`, 400, "bad_json"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.do(t, "POST", "/admin/users", s.adminToken(t), c.body)
			require.Equal(t, c.status, a.Status, a.Body)
			require.Equal(t, c.code, a.code())
		})
	}
}

func TestAdminListUsers(t *testing.T) {
	s := newService(t)
	for i := range 5 {
		s.signUp(t, fmt.Sprintf("user%d@example.com", i))
		s.clock.Advance(time.Second)
	}
	list := func(query string) ([]string, http.Header) {
		a := s.do(t, "GET", "/admin/users"+query, s.adminToken(t), nil)
		require.Equal(t, http.StatusOK, a.Status, a.Body)
		require.Equal(t, "authenticated", a.str("aud"))
		emails := []string{}
		for _, u := range a.Body["users"].([]any) {
			require.Nil(t, u.(map[string]any)["identities"], "a list leaves them out")
			emails = append(emails, u.(map[string]any)["email"].(string))
		}
		return emails, a.Header
	}

	all, header := list("")
	require.Len(t, all, 5)
	require.Equal(t, "user4@example.com", all[0], "newest first")
	require.Equal(t, "5", header.Get("x-total-count"))
	require.Equal(t, `</admin/users?page=1>; rel="last"`, header.Get("Link"))

	second, header := list("?page=2&per_page=2")
	require.Equal(t, all[2:4], second)
	require.Equal(t, "5", header.Get("x-total-count"))
	require.Equal(t, `</admin/users?page=3&per_page=2>; rel="next", </admin/users?page=3&per_page=2>; rel="last"`, header.Get("Link"))

	past, _ := list("?page=9&per_page=2")
	require.Empty(t, past)
	found, _ := list("?filter=user3@")
	require.Equal(t, []string{"user3@example.com"}, found)
	found, _ = list("?filter=USER3@")
	require.Empty(t, found, "addresses are lower case, and so is the search")
	s.signUp(t, "ada@example.com", map[string]any{"full_name": "Ada Byron"})
	found, _ = list("?filter=byron")
	require.Equal(t, []string{"ada@example.com"}, found)

	bad := s.do(t, "GET", "/admin/users?page=x", s.adminToken(t), nil)
	require.Equal(t, http.StatusBadRequest, bad.Status)
	require.Equal(t, "validation_failed", bad.code())
	bad = s.do(t, "GET", "/admin/users?per_page=0", s.adminToken(t), nil)
	require.Equal(t, http.StatusInternalServerError, bad.Status)
	require.Equal(t, "unexpected_failure", bad.code())
}

func TestAdminUserByID(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "a@example.com")

	require.Equal(t, s.do(t, "GET", "/user", up.str("access_token"), nil).Body,
		s.do(t, "GET", "/admin/users/"+up.userID(), s.adminToken(t), nil).Body)

	for _, method := range []string{"GET", "PUT", "DELETE"} {
		a := s.do(t, method, "/admin/users/"+unknownID, s.adminToken(t), `{}`)
		require.Equal(t, http.StatusNotFound, a.Status)
		require.Equal(t, "user_not_found", a.code())
		a = s.do(t, method, "/admin/users/me", s.adminToken(t), `{}`)
		require.Equal(t, http.StatusNotFound, a.Status)
		require.Equal(t, "validation_failed", a.code())
	}
}

func TestAdminUpdateUser(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "a@example.com", map[string]any{"k": "v", "gone": 1})
	s.signUp(t, "taken@example.com")
	path := "/admin/users/" + up.userID()

	a := s.do(t, "PUT", path, s.adminToken(t), map[string]any{
		"email": "New@example.com", "password": "another one", "role": "manager",
		"user_metadata": map[string]any{"gone": nil, "x": 1}, "app_metadata": map[string]any{"plan": "gold"},
	})
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	require.Equal(t, "new@example.com", a.str("email"))
	require.Equal(t, "manager", a.str("role"))
	require.Equal(t, map[string]any{"provider": "email", "providers": []any{"email"}, "plan": "gold"}, a.Body["app_metadata"])
	require.NotContains(t, a.metadata(), "gone")
	require.EqualValues(t, 1, a.metadata()["x"])
	require.Equal(t, "v", a.metadata()["k"])
	require.Equal(t, "refresh_token_not_found", s.refresh(t, up.str("refresh_token")).code(), "a new password ends all sessions")
	require.Equal(t, http.StatusOK, s.signIn(t, "new@example.com", "another one").Status)

	s.do(t, "PUT", path, s.adminToken(t), map[string]any{"ban_duration": "1h"})
	require.Equal(t, "user_banned", s.signIn(t, "new@example.com", "another one").code())
	unbanned := s.do(t, "PUT", path, s.adminToken(t), map[string]any{"ban_duration": "none"})
	require.NotContains(t, unbanned.Body, "banned_until")
	require.Equal(t, http.StatusOK, s.signIn(t, "new@example.com", "another one").Status)

	for name, c := range map[string]struct {
		body   any
		status int
		code   string
	}{
		"bad address":   {map[string]any{"email": "new@example.com "}, 400, "validation_failed"},
		"weak password": {map[string]any{"password": "1"}, 422, "weak_password"},
		"bad ban":       {map[string]any{"ban_duration": "soon"}, 400, "validation_failed"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.do(t, "PUT", path, s.adminToken(t), c.body)
			require.Equal(t, c.status, a.Status)
			require.Equal(t, c.code, a.code())
		})
	}

	taken := s.do(t, "PUT", path, s.adminToken(t), map[string]any{"email": "taken@example.com"})
	require.Equal(t, http.StatusInternalServerError, taken.Status)
	require.Equal(t, map[string]any{
		"code":    "23505",
		"message": `duplicate key value violates unique constraint "users_email_partial_key"`,
		"detail":  "Key (email)=(taken@example.com) already exists.",
	}, taken.Body)
}

func TestAdminChangesOfAnAddressShowTheOldIdentityOnce(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "a@example.com")
	path := "/admin/users/" + up.userID()
	identity := func(a answer) map[string]any { return a.Body["identities"].([]any)[0].(map[string]any) }

	put := s.do(t, "PUT", path, s.adminToken(t), map[string]any{"email": "b@example.com"})
	require.Equal(t, "b@example.com", put.str("email"))
	require.Equal(t, "a@example.com", identity(put)["email"])

	got := s.do(t, "GET", path, s.adminToken(t), nil)
	require.Equal(t, "b@example.com", identity(got)["email"])
	require.Equal(t, false, identity(got)["identity_data"].(map[string]any)["email_verified"])

	s.do(t, "PUT", path, s.adminToken(t), map[string]any{"email": "c@example.com", "email_confirm": true})
	got = s.do(t, "GET", path, s.adminToken(t), nil)
	require.Equal(t, true, identity(got)["identity_data"].(map[string]any)["email_verified"])
}

func TestConfirmedAtShowsFromTheNextRequestOn(t *testing.T) {
	s := newService(t)
	created := s.do(t, "POST", "/admin/users", s.adminToken(t), map[string]any{"email": "a@example.com", "email_confirm": true})
	waiting := s.do(t, "POST", "/admin/users", s.adminToken(t), map[string]any{"email": "b@example.com"})
	confirmed := s.do(t, "PUT", "/admin/users/"+waiting.userID(), s.adminToken(t), map[string]any{"email_confirm": true})
	for _, a := range []answer{created, confirmed} {
		require.NotEmpty(t, a.str("email_confirmed_at"))
		require.NotContains(t, a.Body, "confirmed_at")
		require.NotEmpty(t, s.do(t, "GET", "/admin/users/"+a.userID(), s.adminToken(t), nil).str("confirmed_at"))
	}
}

func TestAdminDeleteUser(t *testing.T) {
	s := newService(t)
	s.exec(t, `create table public.things (owner uuid references auth.users on delete cascade);
		grant select, insert on public.things to supabase_auth_admin`)
	up := s.signUp(t, "a@example.com")
	s.exec(t, `insert into public.things values ($1)`, up.userID())

	a := s.do(t, "DELETE", "/admin/users/"+up.userID(), s.adminToken(t), nil)

	require.Equal(t, http.StatusOK, a.Status)
	require.Equal(t, map[string]any{}, a.Body)
	var left int
	require.NoError(t, s.pool.QueryRow(t.Context(), `select (select count(*) from public.things) + (select count(*) from auth.users)
		+ (select count(*) from auth.identities) + (select count(*) from auth.sessions) + (select count(*) from auth.refresh_tokens)`).Scan(&left))
	require.Zero(t, left)
	require.Equal(t, "user_not_found", s.do(t, "GET", "/user", up.str("access_token"), nil).code())
	require.Equal(t, http.StatusOK, s.signUp(t, "a@example.com").Status, "the address is free again")
}

func TestAdminSoftDeleteUser(t *testing.T) {
	s := newService(t)
	up := s.signUp(t, "a@example.com", map[string]any{"k": "v"})

	a := s.do(t, "DELETE", "/admin/users/"+up.userID(), s.adminToken(t), map[string]any{"should_soft_delete": true})

	require.Equal(t, http.StatusOK, a.Status)
	row := s.do(t, "GET", "/admin/users/"+up.userID(), s.adminToken(t), nil)
	require.NotEmpty(t, row.str("deleted_at"))
	for _, key := range []string{"email", "phone", "new_email", "new_phone"} {
		require.NotEmpty(t, row.str(key), key)
		require.NotContains(t, row.str(key), "example.com")
	}
	require.Empty(t, row.metadata())
	identity := row.Body["identities"].([]any)[0].(map[string]any)
	require.NotEqual(t, up.userID(), identity["id"])
	require.NotContains(t, identity, "identity_data")
	require.NotContains(t, identity, "email")
	require.Equal(t, "invalid_credentials", s.signIn(t, "a@example.com", password).code())
	require.Equal(t, "refresh_token_not_found", s.refresh(t, up.str("refresh_token")).code())
	require.Equal(t, http.StatusOK, s.signUp(t, "a@example.com").Status, "the address is free again")
}

func TestInvite(t *testing.T) {
	s := newService(t)

	a := s.do(t, "POST", "/invite", s.adminToken(t), map[string]any{"email": "A@example.com", "data": map[string]any{"k": "v"}})

	require.Equal(t, http.StatusOK, a.Status, a.Body)
	require.Equal(t, "a@example.com", a.str("email"))
	require.NotEmpty(t, a.str("invited_at"))
	require.NotEmpty(t, a.str("confirmation_sent_at"))
	require.Equal(t, "v", a.metadata()["k"])
	require.Equal(t, "invalid_credentials", s.signIn(t, "a@example.com", password).code())
	require.Equal(t, "An email address is required", s.do(t, "POST", "/invite", s.adminToken(t), `{}`).str("msg"))
}
