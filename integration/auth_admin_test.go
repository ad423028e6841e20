package integration

import (
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/devstack/workordertest"
	"github.com/workorder-systems/sdk-go/types"
)

func TestAdminManagesOAuthClients(t *testing.T) {
	t.Parallel()
	admin := stack.ServiceClient(t).Auth.Admin
	if _, err := admin.ListOAuthClients(t.Context()); err != nil {
		require.ErrorIs(t, err, workorder.ErrNotFound)
		t.Skip("needs a deployment with its OAuth server switched on")
	}
	made, err := admin.CreateOAuthClient(t.Context(), workorder.CreateOAuthClientParams{
		Name: "Dashboards", RedirectURIs: []string{"https://app.example.com/back", "http://localhost:3000/"},
	})
	require.NoError(t, err)
	require.NotEmpty(t, made.Secret)
	require.Equal(t, "confidential", made.Type)
	require.Equal(t, []string{"https://app.example.com/back", "http://localhost:3000/"}, made.RedirectURIs)
	list, err := admin.ListOAuthClients(t.Context())
	require.NoError(t, err)
	at := slices.IndexFunc(list, func(c workorder.OAuthClient) bool { return c.ID == made.ID })
	require.GreaterOrEqual(t, at, 0)
	require.Empty(t, list[at].Secret, "Auth shows a secret once")

	changed, err := admin.UpdateOAuthClient(t.Context(), made.ID, workorder.UpdateOAuthClientParams{Name: new("Charts")})
	require.NoError(t, err)
	require.Equal(t, "Charts", changed.Name)
	require.Equal(t, made.RedirectURIs, changed.RedirectURIs)
	again, err := admin.RegenerateOAuthClientSecret(t.Context(), made.ID)
	require.NoError(t, err)
	require.NotEmpty(t, again.Secret)
	require.NotEqual(t, made.Secret, again.Secret)
	got, err := admin.GetOAuthClient(t.Context(), made.ID)
	require.NoError(t, err)
	require.Equal(t, "Charts", got.Name)

	_, err = admin.CreateOAuthClient(t.Context(), workorder.CreateOAuthClientParams{Name: "x", RedirectURIs: []string{"http://app.example.com/"}})
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	require.NoError(t, admin.DeleteOAuthClient(t.Context(), made.ID))
	for _, id := range []string{made.ID, uuid.NewString()} {
		_, err = admin.GetOAuthClient(t.Context(), id)
		require.ErrorIs(t, err, workorder.ErrNotFound)
		require.ErrorIs(t, admin.DeleteOAuthClient(t.Context(), id), workorder.ErrNotFound)
	}
}

func TestAuditLogTellsWhoSignedIn(t *testing.T) {
	t.Parallel()
	admin, u := stack.ServiceClient(t).Auth.Admin, stack.User(t)
	u.SignIn(t)
	require.NoError(t, u.Auth.SignOut(t.Context(), workorder.SignOutOthers))
	var actions []string
	for e, err := range admin.AllEvents(t.Context(), workorder.AuthEventFilter{Author: u.Email}) {
		require.NoError(t, err)
		require.Equal(t, u.ID, e.ActorID)
		require.Equal(t, u.Email, e.ActorUsername)
		require.NotEmpty(t, e.ID)
		require.False(t, e.CreatedAt.IsZero())
		actions = append(actions, e.Action)
	}
	if len(actions) == 0 {
		t.Skip("needs a deployment that keeps the audit log of Auth in its database")
	}
	require.Equal(t, "logout", actions[0], "the newest first")
	require.Subset(t, actions, []string{"user_signedup", "login"})
	for e, err := range admin.AllEvents(t.Context(), workorder.AuthEventFilter{Action: "logout"}) {
		require.NoError(t, err)
		require.Equal(t, "logout", e.Action)
		require.Equal(t, "account", e.LogType)
		break
	}
}

// Auth has no call by which an administrator ends the sessions of a user whose tokens
// are not at hand. These are the ways that there are.
func TestAdminEndsTheSessionsOfAUser(t *testing.T) {
	t.Parallel()
	admin := stack.ServiceClient(t).Auth.Admin
	t.Run("by another password", func(t *testing.T) {
		u := stack.User(t)
		password := rand.Text()
		_, err := admin.UpdateUser(t.Context(), u.ID, workorder.AdminUpdateUserParams{Password: &password})
		require.NoError(t, err)
		_, err = u.Session.Refresh(t.Context())
		require.ErrorIs(t, err, workorder.ErrSessionExpired)
	})
	t.Run("by a ban", func(t *testing.T) {
		u := stack.User(t)
		hour := time.Hour
		_, err := admin.UpdateUser(t.Context(), u.ID, workorder.AdminUpdateUserParams{BanFor: &hour})
		require.NoError(t, err)
		_, err = u.Session.Refresh(t.Context())
		requireError(t, err, workorder.ErrPermissionDenied, "user_banned")
	})
	t.Run("with the project's secret", func(t *testing.T) {
		if stack.JWTSecret == "" {
			t.Skip("needs SUPABASE_JWT_SECRET")
		}
		u := stack.User(t)
		_, other := u.SignIn(t)
		signed, err := workorder.NewSelfSigned(workorder.SelfSigned{Secret: stack.JWTSecret, Subject: u.ID})
		require.NoError(t, err)
		tok, err := signed.Token(t.Context())
		require.NoError(t, err)
		require.NoError(t, admin.SignOut(t.Context(), types.Secret(tok.Value), workorder.SignOutGlobal))
		for _, s := range []*workorder.Session{u.Session, other} {
			_, err = s.Refresh(t.Context())
			require.ErrorIs(t, err, workorder.ErrSessionExpired)
		}
	})
	t.Run("by deleting the account", func(t *testing.T) {
		u := stack.User(t)
		require.NoError(t, admin.SoftDeleteUser(t.Context(), u.ID))
		_, err := u.Session.Refresh(t.Context())
		require.ErrorIs(t, err, workorder.ErrSessionExpired)
		_, err = u.Auth.SignInWithPassword(t.Context(), u.Email, u.Password)
		require.ErrorIs(t, err, workorder.ErrUnauthenticated)
		got, err := admin.GetUser(t.Context(), u.ID)
		require.NoError(t, err)
		require.NotEqual(t, u.Email, got.Email)
		require.ErrorIs(t, admin.SoftDeleteUser(t.Context(), uuid.NewString()), workorder.ErrNotFound)
	})
}

func TestAdminTakesAccountsOver(t *testing.T) {
	t.Parallel()
	admin, c := stack.ServiceClient(t).Auth.Admin, stack.Client(t)
	const hash = "$2a$04$ogXk.qduzwKsKEd5K2NyTusc8c2n5RAQ6oCWionQYxgmtqr7e88SK" // of "correct horse", by another system
	id, email := uuid.NewString(), newEmail()
	_, err := admin.CreateUser(t.Context(), workorder.AdminCreateUserParams{Email: email, PasswordHash: "no hash"})
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	made, err := admin.CreateUser(t.Context(), workorder.AdminCreateUserParams{
		ID: id, Email: email, PasswordHash: hash, EmailConfirm: true,
	})
	require.NoError(t, err)
	require.Equal(t, id, made.ID)
	s, err := c.Auth.SignInWithPassword(t.Context(), email, "correct horse")
	require.NoError(t, err)
	require.Equal(t, id, s.User().ID)
}

func TestCodesOfFactors(t *testing.T) {
	t.Parallel()
	u, other := stack.User(t), stack.User(t)
	f, err := u.Auth.EnrollFactor(t.Context(), workorder.EnrollFactorParams{Type: workorder.FactorTOTP})
	require.NoError(t, err)
	challenge, err := u.Auth.ChallengeFactor(t.Context(), f.ID)
	require.NoError(t, err)
	code := totp(t, f.TOTP.Secret, time.Now())
	verify := func(c *workorder.Client, factor, challenge string) error {
		_, err := c.Auth.VerifyFactor(t.Context(), workorder.VerifyFactorParams{FactorID: factor, ChallengeID: challenge, Code: code})
		return err
	}
	require.ErrorIs(t, verify(other.Client, f.ID, challenge.ID), workorder.ErrNotFound, "somebody else's")
	require.ErrorIs(t, verify(u.Client, uuid.NewString(), challenge.ID), workorder.ErrNotFound)
	require.ErrorIs(t, verify(u.Client, f.ID, uuid.NewString()), workorder.ErrNotFound)
	_, err = u.Auth.EnrollFactor(t.Context(), workorder.EnrollFactorParams{
		Type: workorder.FactorPhone, Phone: "+4915112345678", FriendlyName: "phone",
	})
	if err != nil { // the project may not offer it
		require.ErrorIs(t, err, workorder.ErrPermissionDenied)
	}

	t.Run("too late", func(t *testing.T) {
		_, err := stack.SQL(t).Exec(t.Context(), `update auth.mfa_challenges set created_at = created_at - interval '1 hour' where id = $1`, challenge.ID)
		require.NoError(t, err)
		err = verify(u.Client, f.ID, challenge.ID)
		requireError(t, err, workorder.ErrUnauthenticated, "mfa_challenge_expired")
	})
}

func TestLimitOfSignIns(t *testing.T) {
	t.Parallel()
	if !stack.local {
		t.Skip("needs a devstack with other settings")
	}
	s, err := devstack.Start(t.Context(), devstack.WithAuthLimits(2, 1))
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	d := deployment{Deployment: workordertest.Of(s), local: true}
	u := d.User(t, workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 1}))
	_, err = u.Auth.SignInWithPassword(t.Context(), u.Email, u.Password)
	require.NoError(t, err)
	_, err = u.Auth.SignInWithPassword(t.Context(), u.Email, u.Password)
	requireError(t, err, workorder.ErrRateLimited, "over_request_rate_limit")
	_, err = u.Session.Refresh(t.Context())
	require.NoError(t, err)
	_, err = u.Auth.Refresh(t.Context(), u.Session.RefreshToken())
	requireError(t, err, workorder.ErrRateLimited, "over_request_rate_limit")
}
