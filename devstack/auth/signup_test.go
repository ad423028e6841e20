package auth_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/auth"
)

func TestSignupAnswersWithTokens(t *testing.T) {
	s := newService(t)

	a := s.signUp(t, "Ada@Example.COM", map[string]any{
		"first_name": "Ada", "gone": nil, "sub": "forged", "n": 12345678901234567.0,
	})

	now := s.clock.Now()
	require.Equal(t, "bearer", a.Body["token_type"])
	require.EqualValues(t, 3600, a.Body["expires_in"])
	require.EqualValues(t, now.Add(time.Hour).Unix(), a.Body["expires_at"])
	require.Len(t, a.str("refresh_token"), 12)
	require.NotContains(t, a.Body, "weak_password")

	id := a.userID()
	stamp := now.UTC().Format(time.RFC3339)
	identities := a.user()["identities"].([]any)
	require.Len(t, identities, 1)
	identity := identities[0].(map[string]any)
	require.NotEmpty(t, identity["identity_id"])
	delete(identity, "identity_id")
	require.Equal(t, map[string]any{
		"id": id, "aud": "authenticated", "role": "authenticated", "email": "ada@example.com", "phone": "",
		"email_confirmed_at": stamp, "last_sign_in_at": stamp,
		"created_at": stamp, "updated_at": stamp, "is_anonymous": false,
		"app_metadata": map[string]any{"provider": "email", "providers": []any{"email"}},
		"user_metadata": map[string]any{
			"sub": id, "email": "ada@example.com", "email_verified": true, "phone_verified": false,
			"first_name": "Ada", "n": 12345678901234567.0,
		},
		"identities": []any{map[string]any{
			"id": id, "user_id": id, "provider": "email", "email": "ada@example.com",
			"last_sign_in_at": stamp, "created_at": stamp, "updated_at": stamp,
			"identity_data": map[string]any{
				"sub": id, "email": "ada@example.com", "email_verified": true, "phone_verified": false,
				"first_name": "Ada", "n": 12345678901234567.0,
			},
		}},
	}, a.user())

	claims := s.claimsOf(t, a.str("access_token"))
	require.NotEmpty(t, claims["session_id"])
	delete(claims, "session_id")
	require.EqualValues(t, map[string]any{
		"iss": "http://localhost/auth/v1", "sub": id, "aud": "authenticated",
		"exp": float64(now.Add(time.Hour).Unix()), "iat": float64(now.Unix()),
		"email": "ada@example.com", "phone": "", "role": "authenticated", "aal": "aal1",
		"amr":           []any{map[string]any{"method": "password", "timestamp": float64(now.Unix())}},
		"app_metadata":  a.user()["app_metadata"],
		"user_metadata": a.user()["user_metadata"],
		"is_anonymous":  false,
	}, claims)
}

func TestSignupRefuses(t *testing.T) {
	s := newService(t)
	s.signUp(t, "taken@example.com")

	for name, c := range map[string]struct {
		body   any
		status int
		code   string
	}{
		"taken address":     {map[string]any{"email": "TAKEN@example.com", "password": password}, 422, "user_already_exists"},
		"short password":    {map[string]any{"email": "a@example.com", "password": "12345"}, 422, "weak_password"},
		"long password":     {map[string]any{"email": "a@example.com", "password": strings.Repeat("x", 73)}, 400, "validation_failed"},
		"no password":       {map[string]any{"email": "a@example.com"}, 400, "validation_failed"},
		"blanks around it":  {map[string]any{"email": " a@example.com ", "password": password}, 400, "validation_failed"},
		"bad address":       {map[string]any{"email": "not an address", "password": password}, 400, "validation_failed"},
		"long address":      {map[string]any{"email": strings.Repeat("a", 250) + "@example.com", "password": password}, 400, "validation_failed"},
		"anonymous":         {map[string]any{}, 422, "anonymous_provider_disabled"},
		"phone":             {map[string]any{"phone": "+4912345", "password": password}, 400, "phone_provider_disabled"},
		"address and phone": {map[string]any{"email": "a@example.com", "phone": "+4912345", "password": password}, 400, "validation_failed"},
		"broken JSON":       {`{"email"`, 400, "bad_json"},
		"data no object":    {`{"email":"a@example.com","password":"123456","data":[1]}`, 400, "bad_json"},
		"no body":           {nil, 400, "bad_json"},
		"huge body":         {`{"email":"` + strings.Repeat("a", 1<<20) + `"}`, 413, "request_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.do(t, "POST", "/signup", "", c.body)
			require.Equal(t, c.status, a.Status, a.Body)
			require.Equal(t, c.code, a.code())
			require.EqualValues(t, c.status, a.Body["code"])
			require.NotEmpty(t, a.str("msg"))
		})
	}
}

func TestSignupOfOneAddressAtTheSameTimeSucceedsOnce(t *testing.T) {
	s := newService(t)
	var wg sync.WaitGroup
	answers := make([]answer, 8)
	for i := range answers {
		wg.Go(func() {
			answers[i], _ = s.send(t, "POST", "/signup", "", map[string]any{"email": "a@example.com", "password": password})
		})
	}
	wg.Wait()

	ok := 0
	for _, a := range answers {
		if a.Status == http.StatusOK {
			ok++
			continue
		}
		require.Equal(t, "user_already_exists", a.code(), a.Body)
	}
	require.Equal(t, 1, ok)
}

func TestSignupDisabled(t *testing.T) {
	s := newService(t, func(c *auth.Config) { c.DisableSignup = true })

	a := s.do(t, "POST", "/signup", "", map[string]any{"email": "a@example.com", "password": password})

	require.Equal(t, http.StatusUnprocessableEntity, a.Status)
	require.Equal(t, "signup_disabled", a.code())
}

func TestSignupWithConfirmationGivesNoTokens(t *testing.T) {
	s := newService(t, func(c *auth.Config) { c.ConfirmEmail = true })

	first := s.signUp(t, "a@example.com", map[string]any{"k": "v"})
	in := s.signIn(t, "a@example.com", password)
	require.Equal(t, http.StatusBadRequest, in.Status)
	require.Equal(t, "email_not_confirmed", in.code())
	s.do(t, "PUT", "/admin/users/"+first.userID(), s.adminToken(t), map[string]any{"email_confirm": true})
	require.Equal(t, http.StatusOK, s.signIn(t, "a@example.com", password).Status)

	again := s.signUp(t, "a@example.com", map[string]any{"k": "v"})

	for _, a := range []answer{first, again} {
		require.NotContains(t, a.Body, "access_token")
		require.Equal(t, "a@example.com", a.str("email"))
		require.NotContains(t, a.Body, "email_confirmed_at")
		require.NotEmpty(t, a.str("confirmation_sent_at"))
	}
	require.Len(t, first.Body["identities"], 1)
	require.Empty(t, again.Body["identities"], "a taken address is not given away")
	require.NotEqual(t, first.userID(), again.userID())
	require.Equal(t, false, first.metadata()["email_verified"])
}

func TestSignupRunsTheBackendsTriggers(t *testing.T) {
	s := newService(t)
	s.exec(t, `
		create table public.profiles (id uuid primary key references auth.users on delete cascade, name text not null);
		create function public.add_profile() returns trigger language plpgsql security definer as $$
		begin
			insert into public.profiles values (new.id, new.raw_user_meta_data ->> 'name');
			return new;
		end $$;
		create trigger add_profile after insert on auth.users for each row execute function public.add_profile();
		grant select on public.profiles to supabase_auth_admin`)

	a := s.signUp(t, "a@example.com", map[string]any{"name": "Ada"})
	var name string
	require.NoError(t, s.pool.QueryRow(t.Context(), `select name from public.profiles where id = $1`, a.userID()).Scan(&name))
	require.Equal(t, "Ada", name)

	failed := s.do(t, "POST", "/signup", "", map[string]any{"email": "b@example.com", "password": password})
	require.Equal(t, http.StatusInternalServerError, failed.Status)
	require.Equal(t, "unexpected_failure", failed.code())
	require.Equal(t, "Database error saving new user", failed.str("msg"))
	require.NotEmpty(t, failed.str("error_id"))
	require.Equal(t, "invalid_credentials", s.signIn(t, "b@example.com", password).code(), "nothing was stored")
}
