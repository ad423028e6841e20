package integration

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
)

func TestSignUpBeginsASession(t *testing.T) {
	t.Parallel()
	c := stack.Client(t)
	email := newEmail()
	r, err := c.Auth.SignUp(t.Context(), workorder.SignUpParams{
		Email: email, Password: "correct horse", Data: map[string]any{"first_name": "Ada", "team": 7},
	})
	require.NoError(t, err)

	require.Equal(t, email, r.User.Email)
	require.Equal(t, "authenticated", r.User.Role)
	require.Equal(t, "Ada", r.User.UserMetadata["first_name"])
	require.EqualValues(t, 7, r.User.UserMetadata["team"])
	require.Equal(t, r.User.ID, r.User.UserMetadata["sub"])
	require.Equal(t, email, r.User.UserMetadata["email"])
	require.False(t, r.User.IsAnonymous)
	require.Equal(t, r.User.ID, r.Session.User().ID)
	require.NotEmpty(t, r.Session.RefreshToken())

	tok, err := r.Session.Token(t.Context())
	require.NoError(t, err)
	got := claims(t, tok)
	life := time.Duration(got["exp"].(float64)-got["iat"].(float64)) * time.Second // whatever the project sets
	require.Positive(t, life)
	require.WithinDuration(t, time.Now().Add(life), tok.Expiry, 5*time.Minute)
	require.Equal(t, r.User.ID, got["sub"])
	require.Equal(t, "authenticated", got["role"])
	require.Equal(t, email, got["email"])
	require.NotEmpty(t, got["session_id"])

	_, err = c.Auth.User(t.Context())
	require.ErrorIs(t, err, workorder.ErrUnauthenticated, "the client itself stays anonymous")
}

func TestSignUpRefuses(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	for _, tc := range []struct {
		name   string
		params workorder.SignUpParams
		kind   error
		code   string
	}{
		{"taken address", workorder.SignUpParams{Email: u.Email, Password: "correct horse"}, workorder.ErrConflict, "user_already_exists"},
		{"taken address in upper case", workorder.SignUpParams{Email: strings.ToUpper(u.Email), Password: "correct horse"}, workorder.ErrConflict, "user_already_exists"},
		{"weak password", workorder.SignUpParams{Email: newEmail(), Password: "12345"}, workorder.ErrInvalidInput, "weak_password"},
		{"malformed address", workorder.SignUpParams{Email: "nobody", Password: "correct horse"}, workorder.ErrInvalidInput, "validation_failed"},
		{"no address", workorder.SignUpParams{Password: "correct horse"}, workorder.ErrInvalidInput, ""},
		{"no password", workorder.SignUpParams{Email: newEmail()}, workorder.ErrInvalidInput, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := stack.Client(t).Auth.SignUp(t.Context(), tc.params)
			requireError(t, err, tc.kind, tc.code)
			require.NotContains(t, err.Error(), "correct horse")
		})
	}
}

func TestSignInNeedsThePassword(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	c := stack.Client(t)

	s, err := c.Auth.SignInWithPassword(t.Context(), u.Email, u.Password)
	require.NoError(t, err)
	me, err := c.WithSession(s).Auth.User(t.Context())
	require.NoError(t, err)
	require.Equal(t, u.ID, me.ID)
	require.NotNil(t, me.LastSignInAt)

	for name, email := range map[string]string{"wrong password": u.Email, "unknown address": newEmail()} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Auth.SignInWithPassword(t.Context(), email, "wrong-"+rand.Text())
			requireError(t, err, workorder.ErrUnauthenticated, "invalid_credentials")
			var e *workorder.SdkError
			require.ErrorAs(t, err, &e)
			require.Equal(t, http.StatusBadRequest, e.HTTPStatus)
		})
	}
}

func TestUserUpdatesMetadataKeyByKey(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	update := func(data map[string]any) map[string]any {
		got, err := u.Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Data: data})
		require.NoError(t, err)
		return got.UserMetadata
	}

	update(map[string]any{"team": "red", "shift": map[string]any{"start": 6}})
	got := update(map[string]any{"team": "blue"})
	require.Equal(t, "blue", got["team"])
	require.Equal(t, map[string]any{"start": 6.0}, got["shift"])
	got = update(map[string]any{"shift": nil})
	require.NotContains(t, got, "shift")
	require.Equal(t, "blue", got["team"])
	require.Equal(t, u.Email, got["email"])

	me, err := u.Auth.User(t.Context())
	require.NoError(t, err)
	require.Equal(t, got, me.UserMetadata)
	_, err = u.Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{})
	requireError(t, err, workorder.ErrInvalidInput, "")
}

func TestUserChangesThePassword(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	password := rand.Text()
	_, err := u.Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Password: &u.Password})
	requireError(t, err, workorder.ErrInvalidInput, "same_password")
	_, err = u.Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Password: new("123")})
	requireError(t, err, workorder.ErrInvalidInput, "weak_password")
	_, err = u.Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Password: &password})
	require.NoError(t, err)

	_, err = u.Auth.SignInWithPassword(t.Context(), u.Email, u.Password)
	requireError(t, err, workorder.ErrUnauthenticated, "invalid_credentials")
	_, err = u.Auth.SignInWithPassword(t.Context(), u.Email, password)
	require.NoError(t, err)
}

func TestUserAsksForAnotherAddress(t *testing.T) {
	t.Parallel()
	u, other, wanted := stack.User(t), stack.User(t), newEmail()
	_, err := u.Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Email: &other.Email})
	requireError(t, err, workorder.ErrConflict, "email_exists")

	got, err := u.Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Email: &wanted})
	needsMail(t, err)
	require.NoError(t, err)
	require.Equal(t, u.Email, got.Email, "until the mails about it are confirmed")
	require.Equal(t, wanted, got.NewEmail)
	_, err = u.Auth.SignInWithPassword(t.Context(), wanted, u.Password)
	requireError(t, err, workorder.ErrUnauthenticated, "invalid_credentials")
}

// needsMail skips where the deployment refuses to send a mail to a test's address, or
// has sent too many.
func needsMail(t testing.TB, err error) {
	t.Helper()
	switch code := errorCode(err); code {
	case "email_address_invalid", "email_address_not_authorized", "over_email_send_rate_limit":
		if !stack.local {
			t.Skipf("needs a deployment that sends mails to example.com: %s", code)
		}
	}
}

func TestAdminChangesAnAddressAtOnce(t *testing.T) {
	t.Parallel()
	service, u, other, email := stack.ServiceClient(t), stack.User(t), stack.User(t), newEmail()
	admin := &service.Auth.Admin
	_, err := admin.UpdateUser(t.Context(), u.ID, workorder.AdminUpdateUserParams{Email: &other.Email})
	requireError(t, err, workorder.ErrConflict, "23505")

	got, err := admin.UpdateUser(t.Context(), u.ID, workorder.AdminUpdateUserParams{Email: &email})
	require.NoError(t, err)
	require.Equal(t, email, got.Email)
	_, err = u.Auth.SignInWithPassword(t.Context(), email, u.Password)
	require.NoError(t, err)
}

func TestUserNeedsASignedInUser(t *testing.T) {
	t.Parallel()
	anon := stack.Client(t)
	_, err := anon.Auth.User(t.Context())
	require.ErrorIs(t, err, workorder.ErrUnauthenticated)
	_, err = anon.Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Data: map[string]any{"a": 1}})
	require.ErrorIs(t, err, workorder.ErrUnauthenticated)
	require.ErrorIs(t, anon.Auth.SignOut(t.Context(), ""), workorder.ErrUnauthenticated)
}

// ended asserts that a session can get no token any more.
func ended(t testing.TB, c *workorder.Client, refreshToken string) {
	t.Helper()
	_, err := c.Auth.Refresh(t.Context(), refreshToken)
	require.ErrorIs(t, err, workorder.ErrSessionExpired)
}

func TestSignOutEndsTheSessionsOfItsScope(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		scope       workorder.SignOutScope
		mine, other bool // whether the session lives on
	}{
		{workorder.SignOutLocal, false, true},
		{workorder.SignOutOthers, true, false},
		{workorder.SignOutGlobal, false, false},
		{"", false, false},
	} {
		t.Run("scope "+string(tc.scope), func(t *testing.T) {
			t.Parallel()
			u := stack.User(t)
			other, otherSession := u.SignIn(t)
			jwt := u.Token(t).Value
			mine, others := u.Session.RefreshToken(), otherSession.RefreshToken()

			require.NoError(t, u.Auth.SignOut(t.Context(), tc.scope))

			if tc.mine {
				_, err := u.Session.Refresh(t.Context())
				require.NoError(t, err)
			} else {
				ended(t, u.Client, mine)
				_, err := u.Session.Token(t.Context())
				require.ErrorIs(t, err, workorder.ErrSessionExpired)
				_, err = u.Tenants.List(t.Context())
				require.ErrorIs(t, err, workorder.ErrSessionExpired)
				require.Empty(t, u.Session.RefreshToken())
				_, err = u.AsUser(jwt).Auth.User(t.Context())
				requireError(t, err, workorder.ErrSessionExpired, "session_not_found")
			}
			if tc.other {
				_, err := otherSession.Refresh(t.Context())
				require.NoError(t, err)
			} else {
				ended(t, other, others)
			}
			_, err := u.AsUser(jwt).Tenants.List(t.Context())
			require.NoError(t, err, "access tokens stay valid until they expire")
		})
	}
}

func TestSignOutTwiceIsNoError(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	jwt := u.Token(t).Value
	require.NoError(t, u.AsUser(jwt).Auth.SignOut(t.Context(), workorder.SignOutLocal))
	require.NoError(t, u.AsUser(jwt).Auth.SignOut(t.Context(), workorder.SignOutLocal))
	require.NoError(t, u.Auth.SignOut(t.Context(), ""))
	err := u.Auth.SignOut(t.Context(), "everywhere")
	requireError(t, err, workorder.ErrInvalidInput, "")
}

func TestAdminManagesUsers(t *testing.T) {
	t.Parallel()
	service := stack.ServiceClient(t)
	admin := &service.Auth.Admin
	email, password := newEmail(), rand.Text()

	u, err := admin.CreateUser(t.Context(), workorder.AdminCreateUserParams{
		Email: email, Password: password, EmailConfirm: true,
		UserMetadata: map[string]any{"first_name": "Ada"}, AppMetadata: map[string]any{"plan": "pro"},
	})
	require.NoError(t, err)
	require.Equal(t, email, u.Email)
	require.NotNil(t, u.EmailConfirmedAt)
	_, err = admin.CreateUser(t.Context(), workorder.AdminCreateUserParams{Email: email, Password: password})
	require.ErrorIs(t, err, workorder.ErrConflict)

	got, err := admin.GetUser(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, "Ada", got.UserMetadata["first_name"])
	require.Equal(t, "pro", got.AppMetadata["plan"])

	s, err := stack.Client(t).Auth.SignInWithPassword(t.Context(), email, password)
	require.NoError(t, err)
	tok, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "pro", claims(t, tok)["app_metadata"].(map[string]any)["plan"])

	newPassword := rand.Text()
	got, err = admin.UpdateUser(t.Context(), u.ID, workorder.AdminUpdateUserParams{
		Password: &newPassword, UserMetadata: map[string]any{"last_name": "Lovelace"}, AppMetadata: map[string]any{"plan": "free"},
	})
	require.NoError(t, err)
	require.Equal(t, "Ada", got.UserMetadata["first_name"])
	require.Equal(t, "Lovelace", got.UserMetadata["last_name"])
	require.Equal(t, "free", got.AppMetadata["plan"])
	_, err = stack.Client(t).Auth.SignInWithPassword(t.Context(), email, newPassword)
	require.NoError(t, err)

	found := false
	for user, err := range admin.AllUsers(t.Context()) {
		require.NoError(t, err)
		if user.ID == u.ID {
			found = true
			break
		}
	}
	require.True(t, found)

	require.NoError(t, admin.DeleteUser(t.Context(), u.ID))
	_, err = admin.GetUser(t.Context(), u.ID)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	require.ErrorIs(t, admin.DeleteUser(t.Context(), u.ID), workorder.ErrNotFound)
	_, err = admin.UpdateUser(t.Context(), u.ID, workorder.AdminUpdateUserParams{EmailConfirm: true})
	require.ErrorIs(t, err, workorder.ErrNotFound)
	_, err = s.Refresh(t.Context())
	require.ErrorIs(t, err, workorder.ErrSessionExpired)
}

func TestAdminListsUsers(t *testing.T) {
	t.Parallel()
	service, u := stack.ServiceClient(t), stack.User(t)
	users, err := service.Auth.Admin.ListUsers(t.Context())
	require.NoError(t, err)
	ids := map[string]bool{}
	for _, u := range users {
		ids[u.ID] = true
	}
	require.True(t, ids[u.ID])
}

func TestBannedUserCannotSignIn(t *testing.T) {
	t.Parallel()
	service, u := stack.ServiceClient(t), stack.User(t)
	admin := &service.Auth.Admin

	got, err := admin.UpdateUser(t.Context(), u.ID, workorder.AdminUpdateUserParams{BanFor: new(time.Hour)})
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Hour), *got.BannedUntil, 5*time.Minute)
	_, err = u.Auth.SignInWithPassword(t.Context(), u.Email, u.Password)
	requireError(t, err, workorder.ErrPermissionDenied, "user_banned")
	_, err = u.Auth.Refresh(t.Context(), u.Session.RefreshToken())
	require.Error(t, err)

	_, err = admin.UpdateUser(t.Context(), u.ID, workorder.AdminUpdateUserParams{BanFor: new(time.Duration(0))})
	require.NoError(t, err)
	_, err = u.Auth.SignInWithPassword(t.Context(), u.Email, u.Password)
	require.NoError(t, err)

	banned, err := admin.CreateUser(t.Context(), workorder.AdminCreateUserParams{
		Email: newEmail(), Password: "correct horse", EmailConfirm: true, BanFor: time.Hour,
	})
	require.NoError(t, err)
	require.NotNil(t, banned.BannedUntil)
	_, err = u.Auth.SignInWithPassword(t.Context(), banned.Email, "correct horse")
	requireError(t, err, workorder.ErrPermissionDenied, "user_banned")
}

func TestAdminNeedsTheServiceKey(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	for name, c := range map[string]*workorder.Client{"user": u.Client, "anon": stack.Client(t)} {
		t.Run(name, func(t *testing.T) {
			admin := &c.Auth.Admin
			_, listed := admin.ListUsers(t.Context())
			_, got := admin.GetUser(t.Context(), u.ID)
			_, created := admin.CreateUser(t.Context(), workorder.AdminCreateUserParams{Email: newEmail(), Password: "correct horse"})
			_, updated := admin.UpdateUser(t.Context(), u.ID, workorder.AdminUpdateUserParams{EmailConfirm: true})
			for _, err := range []error{listed, got, created, updated, admin.DeleteUser(t.Context(), u.ID)} {
				require.Error(t, err)
				require.Contains(t, []string{"not_admin", "bad_jwt", "no_authorization"}, errorCode(err), "%v", err)
			}
		})
	}
}

func TestDeletedUserLosesTheTenants(t *testing.T) {
	t.Parallel()
	service, a := stack.ServiceClient(t), stack.Tenant(t)
	member := a.Member(t, "member")
	jwt := member.JWT(t, a.ID)
	require.NoError(t, service.Auth.Admin.DeleteUser(t.Context(), member.ID))

	require.Empty(t, departmentNames(t, member.AsUser(jwt)))
	tenants, err := member.AsUser(jwt).Tenants.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, tenants)
}

func TestUserWhoGaveARoleCannotBeDeleted(t *testing.T) {
	t.Parallel()
	service, a := stack.ServiceClient(t), stack.Tenant(t)
	a.Member(t, "member")
	err := service.Auth.Admin.DeleteUser(t.Context(), a.Admin.ID)
	requireError(t, err, workorder.ErrInvalidReference, "23503")

	_, err = a.Admin.Auth.SignInWithPassword(t.Context(), a.Admin.Email, a.Admin.Password)
	require.NoError(t, err, "nothing of the account is gone")
}

func TestNewFromEnvActsAsTheUserOfTheEnvironment(t *testing.T) {
	u := stack.User(t)
	t.Setenv("SUPABASE_URL", stack.URL)
	t.Setenv("SUPABASE_ANON_KEY", stack.AnonKey)
	t.Setenv("SUPABASE_ACCESS_TOKEN", "")
	t.Setenv("WORKORDER_EMAIL", "")
	t.Setenv("WORKORDER_PASSWORD", "")

	me := func() (*workorder.User, error) {
		c, err := workorder.NewFromEnv()
		if err != nil {
			return nil, err
		}
		defer func() { _ = c.Close() }()
		return c.Auth.User(t.Context())
	}

	_, err := me()
	require.ErrorIs(t, err, workorder.ErrUnauthenticated, "nobody signed in")

	t.Setenv("WORKORDER_EMAIL", u.Email)
	_, err = me()
	requireError(t, err, workorder.ErrInvalidInput, "") // the password is missing
	t.Setenv("WORKORDER_PASSWORD", u.Password)
	got, err := me()
	require.NoError(t, err)
	require.Equal(t, u.ID, got.ID)

	other := stack.User(t)
	t.Setenv("SUPABASE_ACCESS_TOKEN", other.Token(t).Value)
	got, err = me()
	require.NoError(t, err)
	require.Equal(t, other.ID, got.ID, "the token comes first")

	t.Setenv("SUPABASE_ANON_KEY", "")
	_, err = me()
	requireError(t, err, workorder.ErrInvalidInput, "")
}
