package integration

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" // the hash of RFC 6238
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/devstack/auth"
	"github.com/workorder-systems/sdk-go/devstack/workordertest"
	"github.com/workorder-systems/sdk-go/types"
)

// Mail returns the newest message to an address, or skips the test where messages
// are really sent.
func (d deployment) Mail(t testing.TB, to string) auth.Mail {
	t.Helper()
	mails := d.Mails(t, to)
	require.NotEmpty(t, mails, "nothing was sent to %s", to)
	return mails[len(mails)-1]
}

// Mails returns the messages to an address, or skips the test where messages are
// really sent.
func (d deployment) Mails(t testing.TB, to string) []auth.Mail {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.URL+"/mailbox?to="+url.QueryEscape(to), http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		t.Skip("needs the mailbox of a devstack: this deployment sends real mail")
	}
	var mails []auth.Mail
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&mails))
	return mails
}

// Offers skips the test where the deployment does not offer a way to sign in.
func (d deployment) Offers(t testing.TB, provider string) {
	t.Helper()
	s, err := d.Client(t).Auth.Settings(t.Context())
	require.NoError(t, err)
	if !s.Providers[provider] {
		t.Skipf("needs a deployment that offers %s", provider)
	}
}

// signInStack starts a stack with other rules for signing in.
func signInStack(t *testing.T, s devstack.SignIn) deployment {
	t.Helper()
	if !stack.local {
		t.Skip("needs a devstack with other settings")
	}
	other, err := devstack.Start(t.Context(), devstack.WithSignIn(s))
	require.NoError(t, err)
	t.Cleanup(func() { _ = other.Close() })
	return deployment{Deployment: workordertest.Of(other), local: true}
}

func newPhone(t testing.TB) string {
	t.Helper()
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000_000))
	require.NoError(t, err)
	return fmt.Sprintf("49151%09d", n)
}

// wrong is another code than code.
func wrong(code string) types.Secret {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestCodeSignsInOnce(t *testing.T) {
	t.Parallel()
	c, email := stack.Client(t), newEmail()
	stack.Mails(t, email)
	require.NoError(t, c.Auth.SendOTP(t.Context(), workorder.SendOTPParams{Email: email, Data: map[string]any{"team": "red"}}))
	mail := stack.Mail(t, email)

	verify := func(token types.Secret) (*workorder.Session, error) {
		return c.Auth.VerifyOTP(t.Context(), workorder.VerifyOTPParams{Type: workorder.OTPEmail, Email: email, Token: token})
	}
	_, err := verify(wrong(mail.Code))
	requireError(t, err, workorder.ErrUnauthenticated, "otp_expired")
	s, err := verify(types.Secret(mail.Code))
	require.NoError(t, err)
	me, err := c.WithSession(s).Auth.User(t.Context())
	require.NoError(t, err)
	require.Equal(t, email, me.Email)
	require.Equal(t, "red", me.UserMetadata["team"])
	require.NotNil(t, me.EmailConfirmedAt)
	_, err = verify(types.Secret(mail.Code))
	requireError(t, err, workorder.ErrUnauthenticated, "otp_expired")
	require.NotContains(t, err.Error(), mail.Code)
}

func TestNewerCodeReplacesTheOneBefore(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	stack.Mails(t, u.Email)
	send := func() types.Secret {
		require.NoError(t, stack.Client(t).Auth.SendOTP(t.Context(), workorder.SendOTPParams{Email: u.Email, ExistingOnly: true}))
		return types.Secret(stack.Mail(t, u.Email).TokenHash)
	}
	first, second := send(), send()
	require.NotEqual(t, first, second)
	_, err := u.Auth.VerifyOTP(t.Context(), workorder.VerifyOTPParams{Type: workorder.OTPMagicLink, TokenHash: first})
	requireError(t, err, workorder.ErrUnauthenticated, "otp_expired")
	s, err := u.Auth.VerifyOTP(t.Context(), workorder.VerifyOTPParams{Type: workorder.OTPMagicLink, TokenHash: second})
	require.NoError(t, err)
	require.Equal(t, u.ID, s.User().ID)
}

func TestCodesAreOfOneType(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	stack.Mails(t, u.Email)
	require.NoError(t, u.Auth.SendRecovery(t.Context(), workorder.SendRecoveryParams{Email: u.Email}))
	hash := types.Secret(stack.Mail(t, u.Email).TokenHash)
	for _, other := range []workorder.OTPType{workorder.OTPSignUp, workorder.OTPInvite, workorder.OTPEmailChange} {
		_, err := u.Auth.VerifyOTP(t.Context(), workorder.VerifyOTPParams{Type: other, TokenHash: hash})
		requireError(t, err, workorder.ErrUnauthenticated, "otp_expired")
	}
	_, err := u.Auth.VerifyOTP(t.Context(), workorder.VerifyOTPParams{Type: workorder.OTPRecovery, TokenHash: hash})
	require.NoError(t, err)
}

func TestCodesOnlyForExistingAccounts(t *testing.T) {
	t.Parallel()
	err := stack.Client(t).Auth.SendOTP(t.Context(), workorder.SendOTPParams{Email: newEmail(), ExistingOnly: true})
	requireError(t, err, workorder.ErrPermissionDenied, "otp_disabled")
}

func TestMagicLinkLeadsBackWithTheSession(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	stack.Mails(t, u.Email)
	const home = "http://localhost:9999/welcome"
	require.NoError(t, u.Auth.SendMagicLink(t.Context(), workorder.SendMagicLinkParams{Email: u.Email, RedirectTo: home}))

	follow := func() *url.URL {
		browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, stack.Mail(t, u.Email).Link, http.NoBody)
		require.NoError(t, err)
		resp, err := browser.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusSeeOther, resp.StatusCode)
		to, err := resp.Location()
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(to.String(), home+"#"), to)
		return to
	}
	got, err := url.ParseQuery(follow().Fragment)
	require.NoError(t, err)
	require.Equal(t, "magiclink", got.Get("type"))
	s, err := u.Auth.Refresh(t.Context(), got.Get("refresh_token"))
	require.NoError(t, err)
	require.Equal(t, u.ID, s.User().ID)

	got, err = url.ParseQuery(follow().Fragment)
	require.NoError(t, err)
	require.Equal(t, "otp_expired", got.Get("error_code"))
	require.Empty(t, got.Get("access_token"))
}

func TestRecoverySetsANewPassword(t *testing.T) {
	t.Parallel()
	u, c := stack.User(t), stack.Client(t)
	stack.Mails(t, u.Email)
	require.NoError(t, c.Auth.SendRecovery(t.Context(), workorder.SendRecoveryParams{Email: newEmail()}), "Auth does not say who has an account")
	require.NoError(t, c.Auth.SendRecovery(t.Context(), workorder.SendRecoveryParams{Email: u.Email}))
	mail := stack.Mail(t, u.Email)
	require.Equal(t, "recovery", mail.Kind)
	s, err := c.Auth.VerifyOTP(t.Context(), workorder.VerifyOTPParams{Type: workorder.OTPRecovery, Email: u.Email, Token: types.Secret(mail.Code)})
	require.NoError(t, err)
	password := rand.Text()
	_, err = c.WithSession(s).Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Password: &password})
	require.NoError(t, err)
	_, err = c.Auth.SignInWithPassword(t.Context(), u.Email, password)
	require.NoError(t, err)
	_, err = c.Auth.SignInWithPassword(t.Context(), u.Email, u.Password)
	requireError(t, err, workorder.ErrUnauthenticated, "invalid_credentials")
}

func TestEmailChangesWhenBothAddressesAgree(t *testing.T) {
	t.Parallel()
	u, next := stack.User(t), newEmail()
	stack.Mails(t, next)
	got, err := u.Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Email: &next})
	require.NoError(t, err)
	require.Equal(t, u.Email, got.Email)
	require.Equal(t, next, got.NewEmail)

	require.NoError(t, u.Auth.Resend(t.Context(), workorder.ResendParams{Type: workorder.OTPEmailChange, Email: u.Email}))
	require.Len(t, stack.Mails(t, next), 2)
	verify := func(address string) (*workorder.Session, error) {
		return u.Auth.VerifyOTP(t.Context(), workorder.VerifyOTPParams{
			Type: workorder.OTPEmailChange, Email: address, Token: types.Secret(stack.Mail(t, address).Code),
		})
	}
	s, err := verify(u.Email)
	require.NoError(t, err)
	require.Nil(t, s, "the other address has not agreed")
	me, err := u.Auth.User(t.Context())
	require.NoError(t, err)
	require.Equal(t, u.Email, me.Email)
	s, err = verify(next)
	require.NoError(t, err)
	require.Equal(t, next, s.User().Email)
	require.Empty(t, s.User().NewEmail)
	_, err = u.Auth.SignInWithPassword(t.Context(), next, u.Password)
	require.NoError(t, err)
}

func TestPhoneSignsInAndChanges(t *testing.T) {
	t.Parallel()
	stack.Offers(t, "phone")
	c, phone, next := stack.Client(t), newPhone(t), newPhone(t)
	stack.Mails(t, phone)
	require.NoError(t, c.Auth.SendOTP(t.Context(), workorder.SendOTPParams{Phone: "+" + phone}))
	require.NoError(t, c.Auth.Resend(t.Context(), workorder.ResendParams{Type: workorder.OTPSMS, Phone: "+" + phone}))
	require.Len(t, stack.Mails(t, phone), 2)
	s, err := c.Auth.VerifyOTP(t.Context(), workorder.VerifyOTPParams{
		Type: workorder.OTPSMS, Phone: "+" + phone, Token: types.Secret(stack.Mail(t, phone).Code),
	})
	require.NoError(t, err)
	require.Equal(t, phone, s.User().Phone)
	me := c.WithSession(s)

	got, err := me.Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Phone: &next})
	require.NoError(t, err)
	require.Equal(t, phone, got.Phone)
	require.Equal(t, next, got.NewPhone)
	changed, err := c.Auth.VerifyOTP(t.Context(), workorder.VerifyOTPParams{
		Type: workorder.OTPPhoneChange, Phone: next, Token: types.Secret(stack.Mail(t, next).Code),
	})
	require.NoError(t, err)
	require.Equal(t, next, changed.User().Phone)
	require.Empty(t, changed.User().NewPhone)
}

func TestAnonymousUserStaysByGivingAnAddress(t *testing.T) {
	t.Parallel()
	stack.Offers(t, "anonymous_users")
	c := stack.Client(t)
	s, err := c.Auth.SignInAnonymously(t.Context(), map[string]any{"team": "red"})
	require.NoError(t, err)
	require.True(t, s.User().IsAnonymous)
	require.Empty(t, s.User().Email)
	email := newEmail()
	_, err = c.WithSession(s).Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Email: &email})
	require.NoError(t, err)
	me, err := c.WithSession(s).Auth.User(t.Context())
	require.NoError(t, err)
	require.Equal(t, email, me.Email)
	require.False(t, me.IsAnonymous)
}

func TestStrictSignIn(t *testing.T) {
	t.Parallel()
	d := signInStack(t, devstack.SignIn{
		ConfirmEmail: true, Reauthenticate: true, CodeExpiry: 2 * time.Hour, MailEvery: time.Minute, Verifications: 8,
	})
	c, email, password := d.Client(t), newEmail(), rand.Text()
	verify := func(kind workorder.OTPType, token string) (*workorder.Session, error) {
		return c.Auth.VerifyOTP(t.Context(), workorder.VerifyOTPParams{Type: kind, Email: email, Token: types.Secret(token)})
	}

	_, err := c.Auth.SignInAnonymously(t.Context(), nil)
	requireError(t, err, workorder.ErrPermissionDenied, "anonymous_provider_disabled")
	err = c.Auth.SendOTP(t.Context(), workorder.SendOTPParams{Phone: newPhone(t)})
	requireError(t, err, workorder.ErrPermissionDenied, "phone_provider_disabled")

	r, err := c.Auth.SignUp(t.Context(), workorder.SignUpParams{Email: email, Password: password})
	require.NoError(t, err)
	require.Nil(t, r.Session)
	_, err = c.Auth.SignInWithPassword(t.Context(), email, password)
	requireError(t, err, workorder.ErrUnauthenticated, "email_not_confirmed")
	err = c.Auth.Resend(t.Context(), workorder.ResendParams{Type: workorder.OTPSignUp, Email: email})
	requireError(t, err, workorder.ErrRateLimited, "over_email_send_rate_limit")
	s, err := verify(workorder.OTPSignUp, d.Mail(t, email).Code)
	require.NoError(t, err)
	u := c.WithSession(s)

	exec := func(sql string) {
		_, err := d.SQL(t).Exec(t.Context(), sql, r.User.ID)
		require.NoError(t, err)
	}

	// A session of today needs no nonce; an older one does.
	next := rand.Text()
	_, err = u.Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Password: &next})
	require.NoError(t, err)
	exec(`update auth.sessions set created_at = created_at - interval '2 days' where user_id = $1`)
	last := rand.Text()
	change := func(nonce string) error {
		_, err := u.Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Password: &last, Nonce: nonce})
		return err
	}
	requireError(t, change(""), workorder.ErrAssuranceRequired, "reauthentication_needed")
	require.NoError(t, u.Auth.Reauthenticate(t.Context()))
	nonce := d.Mail(t, email)
	require.Equal(t, "reauthentication", nonce.Kind)
	requireError(t, change(string(wrong(nonce.Code))), workorder.ErrUnauthenticated, "reauthentication_not_valid")
	require.NoError(t, change(nonce.Code))
	last = rand.Text()
	requireError(t, change(nonce.Code), workorder.ErrUnauthenticated, "reauthentication_not_valid")

	// A code that is too old is wrong.
	require.NoError(t, c.Auth.SendRecovery(t.Context(), workorder.SendRecoveryParams{Email: email}))
	exec(`update auth.one_time_tokens set created_at = created_at - interval '2 hours' where user_id = $1`)
	code := d.Mail(t, email).Code
	_, err = verify(workorder.OTPRecovery, code)
	requireError(t, err, workorder.ErrUnauthenticated, "otp_expired")

	// After many tries there are no more.
	for range 10 {
		if _, err = verify(workorder.OTPRecovery, string(wrong(code))); errorCode(err) != "otp_expired" {
			break
		}
	}
	requireError(t, err, workorder.ErrRateLimited, "over_request_rate_limit")
}

// totp is the code of an authenticator app (RFC 6238).
func totp(t testing.TB, secret types.Secret, at time.Time) types.Secret {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(string(secret))
	require.NoError(t, err)
	mac := hmac.New(sha1.New, key)
	require.NoError(t, binary.Write(mac, binary.BigEndian, at.Unix()/30))
	sum := mac.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&0xf:]) & 0x7fffffff
	return types.Secret(fmt.Sprintf("%06d", n%1_000_000))
}

func verifyFactor(ctx context.Context, c *workorder.Client, factor string, code types.Secret) (*workorder.Session, error) {
	challenge, err := c.Auth.ChallengeFactor(ctx, factor)
	if err != nil {
		return nil, err
	}
	return c.Auth.VerifyFactor(ctx, workorder.VerifyFactorParams{FactorID: factor, ChallengeID: challenge.ID, Code: code})
}

func TestSecondFactorRaisesTheSession(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	other, _ := u.SignIn(t)
	level := func(c *workorder.Client) workorder.Assurance {
		a, err := c.Auth.Assurance(t.Context())
		require.NoError(t, err)
		return *a
	}
	require.Equal(t, workorder.Assurance{Current: "aal1", Next: "aal1", Methods: []string{"password"}}, level(u.Client))

	f, err := u.Auth.EnrollFactor(t.Context(), workorder.EnrollFactorParams{Type: workorder.FactorTOTP, FriendlyName: "phone app"})
	require.NoError(t, err)
	require.Contains(t, string(f.TOTP.URI), "secret="+string(f.TOTP.Secret))
	require.Contains(t, string(f.TOTP.QRCode), "<svg")
	require.NotContains(t, fmt.Sprintf("%+v %#v %s", f, *f, *f), string(f.TOTP.Secret))
	_, err = u.Auth.EnrollFactor(t.Context(), workorder.EnrollFactorParams{Type: workorder.FactorTOTP, FriendlyName: "phone app"})
	requireError(t, err, workorder.ErrConflict, "mfa_factor_name_conflict")

	code := totp(t, f.TOTP.Secret, time.Now())
	_, err = verifyFactor(t.Context(), u.Client, f.ID, wrong(string(code)))
	requireError(t, err, workorder.ErrUnauthenticated, "mfa_verification_failed")
	s, err := verifyFactor(t.Context(), u.Client, f.ID, totp(t, f.TOTP.Secret, time.Now()))
	require.NoError(t, err)
	require.Same(t, u.Session, s)
	a := level(u.Client)
	require.Equal(t, "aal2", a.Current)
	require.Equal(t, "aal2", a.Next)
	require.ElementsMatch(t, []string{"totp", "password"}, a.Methods)
	_, err = other.Auth.User(t.Context())
	require.ErrorIs(t, err, workorder.ErrSessionExpired, "the sessions of the first level have ended")

	factors, err := u.Auth.ListFactors(t.Context())
	require.NoError(t, err)
	require.Len(t, factors, 1)
	require.Equal(t, "verified", factors[0].Status)

	// A session of the first level may not do what the factor protects.
	first, _ := u.SignIn(t)
	require.Equal(t, "aal2", level(first).Next)
	requireError(t, first.Auth.UnenrollFactor(t.Context(), f.ID), workorder.ErrAssuranceRequired, "insufficient_aal")
	_, err = first.Auth.EnrollFactor(t.Context(), workorder.EnrollFactorParams{Type: workorder.FactorTOTP})
	requireError(t, err, workorder.ErrAssuranceRequired, "insufficient_aal")
	password := rand.Text()
	_, err = first.Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Password: &password})
	requireError(t, err, workorder.ErrAssuranceRequired, "insufficient_aal")
	require.ErrorIs(t, err, workorder.ErrPermissionDenied)

	_, err = u.Auth.ChallengeFactor(t.Context(), u.ID)
	requireError(t, err, workorder.ErrNotFound, "mfa_factor_not_found")
	require.NoError(t, u.Auth.UnenrollFactor(t.Context(), f.ID))
	_, err = u.Session.Refresh(t.Context())
	require.NoError(t, err)
	require.Equal(t, "aal1", level(u.Client).Current)
}

func TestChallengeIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	f, err := u.Auth.EnrollFactor(t.Context(), workorder.EnrollFactorParams{Type: workorder.FactorTOTP})
	require.NoError(t, err)
	challenge, err := u.Auth.ChallengeFactor(t.Context(), f.ID)
	require.NoError(t, err)
	require.True(t, challenge.ExpiresAt.After(time.Now()))

	// A server that acts with the token of a request gets a session from it.
	c := stack.Client(t).AsUser(u.Token(t).Value)
	p := workorder.VerifyFactorParams{FactorID: f.ID, ChallengeID: challenge.ID, Code: totp(t, f.TOTP.Secret, time.Now())}
	s, err := c.Auth.VerifyFactor(t.Context(), p)
	require.NoError(t, err)
	a, err := c.WithSession(s).Auth.Assurance(t.Context())
	require.NoError(t, err)
	require.Equal(t, workorder.AAL2, a.Current)
	_, err = c.WithSession(s).Auth.VerifyFactor(t.Context(), p)
	require.Error(t, err)
	require.NotErrorIs(t, err, workorder.ErrInvalidInput)
}

func TestPhoneIsASecondFactor(t *testing.T) {
	t.Parallel()
	stack.Offers(t, "phone")
	u, phone := stack.User(t), newPhone(t)
	stack.Mails(t, phone)
	f, err := u.Auth.EnrollFactor(t.Context(), workorder.EnrollFactorParams{Type: workorder.FactorPhone, Phone: phone})
	require.NoError(t, err)
	require.Zero(t, f.TOTP)
	challenge, err := u.Auth.ChallengeFactor(t.Context(), f.ID)
	require.NoError(t, err)
	_, err = u.Auth.VerifyFactor(t.Context(), workorder.VerifyFactorParams{
		FactorID: f.ID, ChallengeID: challenge.ID, Code: types.Secret(stack.Mail(t, phone).Code),
	})
	require.NoError(t, err)
	a, err := u.Auth.Assurance(t.Context())
	require.NoError(t, err)
	require.Equal(t, workorder.AAL2, a.Current)
}

func TestAdminMakesLinks(t *testing.T) {
	t.Parallel()
	admin, c := stack.ServiceClient(t), stack.Client(t)
	for _, tc := range []struct {
		kind   workorder.LinkType
		signUp bool // makes the account
	}{
		{workorder.LinkSignUp, true},
		{workorder.LinkInvite, true},
		{workorder.LinkMagicLink, true},
		{workorder.LinkMagicLink, false},
		{workorder.LinkRecovery, false},
	} {
		t.Run(fmt.Sprintf("%s/%t", tc.kind, tc.signUp), func(t *testing.T) {
			p := workorder.GenerateLinkParams{Type: tc.kind, Email: newEmail()}
			if tc.kind == workorder.LinkSignUp {
				p.Password = types.Secret(rand.Text())
			}
			if !tc.signUp {
				p.Email = stack.User(t).Email
			}
			link, err := admin.Auth.Admin.GenerateLink(t.Context(), p)
			require.NoError(t, err)
			require.Equal(t, p.Email, link.User.Email)
			require.Contains(t, string(link.ActionLink), string(link.TokenHash))
			require.NotContains(t, fmt.Sprintf("%+v %#v", *link, *link), string(link.TokenHash))
			s, err := c.Auth.VerifyOTP(t.Context(), workorder.VerifyOTPParams{Type: link.Type, Email: p.Email, Token: link.EmailOTP})
			require.NoError(t, err)
			require.Equal(t, link.User.ID, s.User().ID)
		})
	}
	_, err := admin.Auth.Admin.GenerateLink(t.Context(), workorder.GenerateLinkParams{Type: workorder.LinkRecovery, Email: newEmail()})
	requireError(t, err, workorder.ErrNotFound, "user_not_found")
	_, err = admin.Auth.Admin.GenerateLink(t.Context(), workorder.GenerateLinkParams{Type: workorder.LinkInvite, Email: stack.User(t).Email})
	requireError(t, err, workorder.ErrConflict, "email_exists")

	u, next := stack.User(t), newEmail()
	var links []*workorder.GeneratedLink // both before either is used
	for _, kind := range []workorder.LinkType{workorder.LinkEmailChangeCurrent, workorder.LinkEmailChangeNew} {
		link, err := admin.Auth.Admin.GenerateLink(t.Context(), workorder.GenerateLinkParams{Type: kind, Email: u.Email, NewEmail: next})
		require.NoError(t, err)
		links = append(links, link)
	}
	var s *workorder.Session
	for _, link := range links {
		require.Nil(t, s)
		s, err = c.Auth.VerifyOTP(t.Context(), workorder.VerifyOTPParams{Type: link.Type, TokenHash: link.TokenHash})
		require.NoError(t, err)
	}
	require.Equal(t, next, s.User().Email)
	_, err = admin.Auth.Admin.GenerateLink(t.Context(), workorder.GenerateLinkParams{
		Type: workorder.LinkEmailChangeNew, Email: next, NewEmail: stack.User(t).Email,
	})
	requireError(t, err, workorder.ErrConflict, "email_exists")
}

func TestAdminInvitesAndEndsSessions(t *testing.T) {
	t.Parallel()
	admin, c, email := stack.ServiceClient(t), stack.Client(t), newEmail()
	stack.Mails(t, email)
	invited, err := admin.Auth.Admin.InviteUser(t.Context(), workorder.InviteUserParams{Email: email, Data: map[string]any{"team": "red"}})
	require.NoError(t, err)
	again, err := admin.Auth.Admin.InviteUser(t.Context(), workorder.InviteUserParams{Email: email})
	require.NoError(t, err, "nobody has accepted yet")
	require.Equal(t, invited.ID, again.ID)
	require.Len(t, stack.Mails(t, email), 2)
	s, err := c.Auth.VerifyOTP(t.Context(), workorder.VerifyOTPParams{Type: workorder.OTPInvite, TokenHash: types.Secret(stack.Mail(t, email).TokenHash)})
	require.NoError(t, err)
	require.Equal(t, invited.ID, s.User().ID)
	require.Equal(t, "red", s.User().UserMetadata["team"])
	_, err = admin.Auth.Admin.InviteUser(t.Context(), workorder.InviteUserParams{Email: email})
	requireError(t, err, workorder.ErrConflict, "email_exists")

	tok, err := s.Token(t.Context())
	require.NoError(t, err)
	require.NoError(t, admin.Auth.Admin.SignOut(t.Context(), types.Secret(tok.Value), workorder.SignOutGlobal))
	require.NoError(t, admin.Auth.Admin.SignOut(t.Context(), types.Secret(tok.Value), workorder.SignOutGlobal), "it has ended already")
	_, err = s.Refresh(t.Context())
	require.ErrorIs(t, err, workorder.ErrSessionExpired)
}

func TestAdminTakesALostFactorAway(t *testing.T) {
	t.Parallel()
	admin, u := stack.ServiceClient(t), stack.User(t)
	f, err := u.Auth.EnrollFactor(t.Context(), workorder.EnrollFactorParams{Type: workorder.FactorTOTP, FriendlyName: "lost"})
	require.NoError(t, err)
	_, err = verifyFactor(t.Context(), u.Client, f.ID, totp(t, f.TOTP.Secret, time.Now()))
	require.NoError(t, err)
	factors, err := admin.Auth.Admin.ListFactors(t.Context(), u.ID)
	require.NoError(t, err)
	require.Len(t, factors, 1)
	require.Equal(t, f.ID, factors[0].ID)
	require.NoError(t, admin.Auth.Admin.DeleteFactor(t.Context(), u.ID, f.ID))
	requireError(t, admin.Auth.Admin.DeleteFactor(t.Context(), u.ID, f.ID), workorder.ErrNotFound, "mfa_factor_not_found")
	factors, err = u.Auth.ListFactors(t.Context())
	require.NoError(t, err)
	require.Empty(t, factors)
}

func TestSettingsAndHealth(t *testing.T) {
	t.Parallel()
	c := stack.Client(t)
	s, err := c.Auth.Settings(t.Context())
	require.NoError(t, err)
	require.True(t, s.Providers["email"])
	h, err := c.Auth.Health(t.Context())
	require.NoError(t, err)
	require.Equal(t, "GoTrue", h.Name)
}
