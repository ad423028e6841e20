package workorder

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/types"
)

// verifier and its challenge are the example of RFC 7636.
const (
	verifier1  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge1 = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

func TestCodeVerifiers(t *testing.T) {
	seen := map[types.Secret]bool{}
	for range 50 {
		v := NewCodeVerifier()
		require.NoError(t, checkVerifier("", "", v))
		require.False(t, seen[v])
		seen[v] = true
	}
	c, err := challenge("", verifier1)
	require.NoError(t, err)
	require.Equal(t, pkce{challenge1, "s256"}, c)
	c, err = challenge("", "")
	require.NoError(t, err)
	require.Zero(t, c)
	for _, odd := range []types.Secret{"x", types.Secret(strings.Repeat("x", 129)), types.Secret(strings.Repeat("ä", 43)), types.Secret(verifier1 + "\x00")} {
		_, err := challenge("", odd)
		require.ErrorIs(t, err, ErrInvalidInput)
		require.NotContains(t, err.Error(), string(odd))
	}
}

func TestOAuthURL(t *testing.T) {
	w := newWire(t, 500, "")
	c := w.client(t)
	flow, err := c.Auth.OAuthURL(OAuthURLParams{
		Provider: "google", RedirectTo: "https://app.example.com/back?a=b", Scopes: []string{"openid", "calendar"},
		Query: map[string]string{"prompt": "consent", "login_hint": "ada@example.com"},
	})
	require.NoError(t, err)
	u, err := url.Parse(flow.URL)
	require.NoError(t, err)
	want, err := challenge("", flow.Verifier)
	require.NoError(t, err)
	require.Equal(t, w.URL+"/auth/v1/authorize", u.Scheme+"://"+u.Host+u.Path)
	require.Empty(t, cmp.Diff(url.Values{
		"provider": {"google"}, "redirect_to": {"https://app.example.com/back?a=b"}, "scopes": {"openid calendar"},
		"prompt": {"consent"}, "login_hint": {"ada@example.com"},
		"code_challenge": {want.Challenge}, "code_challenge_method": {"s256"},
	}, u.Query()))
	require.NotContains(t, flow.URL, string(flow.Verifier))
	other, err := c.Auth.OAuthURL(OAuthURLParams{Provider: "google"})
	require.NoError(t, err)
	require.NotEqual(t, flow.Verifier, other.Verifier)
	require.NotContains(t, other.URL, "redirect_to")

	for name, p := range map[string]OAuthURLParams{
		"Provider":     {},
		"RedirectTo":   {Provider: "google", RedirectTo: "back"},
		"Query[state]": {Provider: "google", Query: map[string]string{"state": "x"}},
		"NUL":          {Provider: "google\x00"},
		"UTF-8":        {Provider: "google", Scopes: []string{"\xff"}},
		"prompt":       {Provider: "google", Query: map[string]string{"prompt": "\xff"}},
	} {
		_, err := c.Auth.OAuthURL(p)
		require.ErrorIs(t, err, ErrInvalidInput, name)
		require.ErrorContains(t, err, strings.TrimSpace(name))
	}
	require.Empty(t, w.got)
}

func TestCallbackCode(t *testing.T) {
	code, err := CallbackCode(url.Values{"code": {"c1"}})
	require.NoError(t, err)
	require.Equal(t, "c1", code.Reveal())
	for _, tc := range []struct {
		query, code, message string
		kind                 error
	}{
		{"", "", "there is no code", ErrUnauthenticated},
		{"error=access_denied&error_description=The+user+denied", "access_denied", "The user denied", ErrPermissionDenied},
		{"error=access_denied&error_code=user_banned&error_description=x&code=c1", "user_banned", "x", ErrPermissionDenied},
		{"error=access_denied&error_code=otp_expired", "otp_expired", "the sign-in failed", ErrUnauthenticated},
		{"error=invalid_request&error_code=bad_oauth_state", "bad_oauth_state", "the sign-in failed", ErrUnauthenticated},
		{"error=access_denied&error_code=identity_already_exists", "identity_already_exists", "", ErrConflict},
		{"error=login_required", "login_required", "", ErrUnauthenticated},
		{"error=server_error&error_code=unexpected_failure", "unexpected_failure", "", ErrUnavailable},
		{"error_code=provider_email_needs_verification", "provider_email_needs_verification", "", ErrUnauthenticated},
	} {
		q, err := url.ParseQuery(tc.query)
		require.NoError(t, err)
		_, err = CallbackCode(q)
		require.ErrorIs(t, err, tc.kind, tc.query)
		var e *SdkError
		require.ErrorAs(t, err, &e)
		require.Equal(t, tc.code, e.Code)
		require.Contains(t, e.Message, tc.message)
	}
	_, err = CallbackCode(url.Values{"error": {"x"}, "error_description": {strings.Repeat("x", 1<<20)}})
	require.Less(t, len(err.Error()), 4096)
}

// What each call about signing in by other means sends.
func TestSignInRequests(t *testing.T) {
	jwt := testJWT(map[string]any{"sub": userID1, "exp": time.Now().Add(time.Hour).Unix()})
	tokens := `{"access_token":"` + jwt + `","expires_in":3600,"refresh_token":"r1","user":` + userJSON + `,
		"provider_token":"p1","provider_refresh_token":"p2"}`
	const elsewhere = `{"url":"https://idp.example.com/?state=1"}`
	ctx := t.Context()
	const id, id2 = "0b5e0f5e-6f43-4c0e-9d52-4e6d6d9d4c11", "1b5e0f5e-6f43-4c0e-9d52-4e6d6d9d4c11"
	sent := func(s *Session, err error) error {
		if err == nil && s.User().ID != userID1 {
			return fmt.Errorf("got %v", s.User())
		}
		return err
	}
	flow := func(f *BrowserFlow, err error) error {
		if err == nil && (f.URL != "https://idp.example.com/?state=1" || f.Verifier == "") {
			return fmt.Errorf("got %v", f)
		}
		return err
	}
	for _, tc := range []struct {
		name, reply    string
		call           func(a *AuthService) error
		method, target string
		body           string // %s stands for a challenge that no test knows
		key            bool   // identity is the API key, not the user's token
	}{
		{"ExchangeCode", tokens, func(a *AuthService) error {
			s, err := a.ExchangeCode(ctx, "c1", verifier1)
			if err == nil {
				if access, refresh := s.ProviderToken(); access != "p1" || refresh != "p2" {
					return errors.New("the provider's tokens are lost")
				}
			}
			return sent(s, err)
		}, "POST", "/token?grant_type=pkce", `{"auth_code":"c1","code_verifier":"` + verifier1 + `"}`, true},
		{"SignInWithIDToken", tokens, func(a *AuthService) error {
			return sent(a.SignInWithIDToken(ctx, IDTokenParams{Provider: "google", Token: "t1", AccessToken: "a1", Nonce: "n1"}))
		}, "POST", "/token?grant_type=id_token", `{"provider":"google","id_token":"t1","access_token":"a1","nonce":"n1"}`, true},
		{"LinkIDToken", tokens, func(a *AuthService) error {
			return sent(a.LinkIDToken(ctx, IDTokenParams{Provider: "google", Token: "t1"}))
		}, "POST", "/token?grant_type=id_token", `{"provider":"google","id_token":"t1","link_identity":true}`, false},
		{"SSOURL", elsewhere, func(a *AuthService) error {
			return flow(a.SSOURL(ctx, SSOURLParams{Domain: "corp.example", RedirectTo: "https://app.example.com/"}))
		}, "POST", "/sso", `{"domain":"corp.example","redirect_to":"https://app.example.com/","skip_http_redirect":true,"code_challenge":"%s","code_challenge_method":"s256"}`, true},
		{"SSOURL by id", elsewhere, func(a *AuthService) error { return flow(a.SSOURL(ctx, SSOURLParams{ProviderID: id})) },
			"POST", "/sso", `{"provider_id":"` + id + `","skip_http_redirect":true,"code_challenge":"%s","code_challenge_method":"s256"}`, true},
		{"ListIdentities", userJSON, func(a *AuthService) error {
			got, err := a.ListIdentities(ctx)
			if err == nil && (len(got) != 1 || got[0].ID != "i1") {
				return fmt.Errorf("got %v", got)
			}
			return err
		}, "GET", "/user", "", false},
		{"UnlinkIdentity", `{}`, func(a *AuthService) error { return a.UnlinkIdentity(ctx, strings.ToUpper(id)) },
			"DELETE", "/user/identities/" + id, "", false},
		{"SignUp with a link", userJSON, func(a *AuthService) error {
			return second(a.SignUp(ctx, SignUpParams{Email: "a@example.com", Password: "secret-1", RedirectTo: "app://back", CodeVerifier: verifier1}))
		}, "POST", "/signup?redirect_to=app%3A%2F%2Fback", `{"email":"a@example.com","password":"secret-1","code_challenge":"` + challenge1 + `","code_challenge_method":"s256"}`, true},
		{"SendOTP", `{}`, func(a *AuthService) error {
			return a.SendOTP(ctx, SendOTPParams{Phone: "+491511", ExistingOnly: true})
		}, "POST", "/otp", `{"phone":"+491511","create_user":false}`, true},
		{"SendMagicLink", `{}`, func(a *AuthService) error {
			return a.SendMagicLink(ctx, SendMagicLinkParams{Email: "a@example.com", RedirectTo: "https://app.example.com/", Data: map[string]any{"a": 1}, CodeVerifier: verifier1})
		}, "POST", "/otp?redirect_to=https%3A%2F%2Fapp.example.com%2F", `{"email":"a@example.com","create_user":true,"data":{"a":1},"code_challenge":"` + challenge1 + `","code_challenge_method":"s256"}`, true},
		{"VerifyOTP", tokens, func(a *AuthService) error {
			return sent(a.VerifyOTP(ctx, VerifyOTPParams{Type: OTPRecovery, Email: "a@example.com", Token: "123456"}))
		}, "POST", "/verify", `{"type":"recovery","email":"a@example.com","token":"123456"}`, true},
		{"VerifyOTP by hash", tokens, func(a *AuthService) error {
			return sent(a.VerifyOTP(ctx, VerifyOTPParams{Type: OTPInvite, TokenHash: "h1"}))
		}, "POST", "/verify", `{"type":"invite","token_hash":"h1"}`, true},
		{"SendRecovery", `{}`, func(a *AuthService) error {
			return a.SendRecovery(ctx, SendRecoveryParams{Email: "a@example.com", RedirectTo: "https://app.example.com/", CodeVerifier: verifier1})
		}, "POST", "/recover?redirect_to=https%3A%2F%2Fapp.example.com%2F", `{"email":"a@example.com","code_challenge":"` + challenge1 + `","code_challenge_method":"s256"}`, true},
		{"Resend", `{}`, func(a *AuthService) error {
			return a.Resend(ctx, ResendParams{Type: OTPSignUp, Email: "a@example.com", CodeVerifier: verifier1})
		}, "POST", "/resend", `{"type":"signup","email":"a@example.com","code_challenge":"` + challenge1 + `","code_challenge_method":"s256"}`, true},
		{"Reauthenticate", `{}`, func(a *AuthService) error { return a.Reauthenticate(ctx) }, "GET", "/reauthenticate", "", false},
		{"UpdateUser with a link", userJSON, func(a *AuthService) error {
			return second(a.UpdateUser(ctx, UpdateUserParams{Email: new("b@example.com"), RedirectTo: "app://back", CodeVerifier: verifier1}))
		}, "PUT", "/user?redirect_to=app%3A%2F%2Fback", `{"email":"b@example.com","code_challenge":"` + challenge1 + `","code_challenge_method":"s256"}`, false},
		{"SignInAnonymously", tokens, func(a *AuthService) error { return sent(a.SignInAnonymously(ctx, nil)) },
			"POST", "/signup", `{"data":{}}`, true},
		{"EnrollFactor", `{"id":"f1","type":"totp","totp":{"qr_code":"q","secret":"s","uri":"u"}}`, func(a *AuthService) error {
			f, err := a.EnrollFactor(ctx, EnrollFactorParams{Type: FactorTOTP, FriendlyName: "app", Issuer: "me"})
			if err == nil && cmp.Diff(&EnrolledFactor{ID: "f1", Type: FactorTOTP, TOTP: TOTP{QRCode: "q", Secret: "s", URI: "u"}}, f) != "" {
				return fmt.Errorf("got %v", f)
			}
			return err
		}, "POST", "/factors", `{"factor_type":"totp","friendly_name":"app","issuer":"me"}`, false},
		{"ChallengeFactor", `{"id":"c1","type":"totp","expires_at":1800000000}`, func(a *AuthService) error {
			got, err := a.ChallengeFactor(ctx, id)
			if err == nil && (got.ID != "c1" || got.ExpiresAt.Unix() != 1800000000) {
				return fmt.Errorf("got %v", got)
			}
			return err
		}, "POST", "/factors/" + id + "/challenge", "", false},
		{"VerifyFactor", tokens, func(a *AuthService) error {
			return sent(a.VerifyFactor(ctx, VerifyFactorParams{FactorID: id, ChallengeID: id2, Code: "123456"}))
		}, "POST", "/factors/" + id + "/verify", `{"challenge_id":"` + id2 + `","code":"123456"}`, false},
		{"UnenrollFactor", `{"id":"f1"}`, func(a *AuthService) error { return a.UnenrollFactor(ctx, id) },
			"DELETE", "/factors/" + id, "", false},
		{"ListFactors", userJSON, func(a *AuthService) error { return second(a.ListFactors(ctx)) }, "GET", "/user", "", false},
		{"Settings", `{"external":{"google":true},"saml_enabled":true,"disable_signup":true}`, func(a *AuthService) error {
			got, err := a.Settings(ctx)
			if err == nil && cmp.Diff(&AuthSettings{Providers: map[string]bool{"google": true}, SAMLEnabled: true, DisableSignup: true}, got) != "" {
				return fmt.Errorf("got %v", got)
			}
			return err
		}, "GET", "/settings", "", false},
		{"Health", `{"name":"GoTrue","version":"v2","description":"d"}`, func(a *AuthService) error {
			got, err := a.Health(ctx)
			if err == nil && cmp.Diff(&AuthHealth{Name: "GoTrue", Version: "v2", Description: "d"}, got) != "" {
				return fmt.Errorf("got %v", got)
			}
			return err
		}, "GET", "/health", "", false},
		{"Admin.InviteUser", userJSON, func(a *AuthService) error {
			return second(a.Admin.InviteUser(ctx, InviteUserParams{Email: "a@example.com", Data: map[string]any{"a": 1}, RedirectTo: "app://back"}))
		}, "POST", "/invite?redirect_to=app%3A%2F%2Fback", `{"email":"a@example.com","data":{"a":1}}`, false},
		{"Admin.GenerateLink", strings.TrimSuffix(userJSON, "}") + `,"action_link":"l","email_otp":"o","hashed_token":"h","verification_type":"recovery","redirect_to":"r"}`, func(a *AuthService) error {
			got, err := a.Admin.GenerateLink(ctx, GenerateLinkParams{Type: LinkRecovery, Email: "a@example.com", RedirectTo: "app://back"})
			if err == nil && (got.User.ID != userID1 || got.ActionLink != "l" || got.EmailOTP != "o" || got.TokenHash != "h" || got.Type != OTPRecovery || got.RedirectTo != "r") {
				return fmt.Errorf("got %v", got)
			}
			return err
		}, "POST", "/admin/generate_link", `{"type":"recovery","email":"a@example.com","redirect_to":"app://back"}`, false},
		{"Admin.GenerateLink for another address", `{"id":"` + userID1 + `","action_link":"https://x/auth/v1/verify?redirect_to=r&token=h2&type=email_change","hashed_token":"h1","verification_type":"email_change_new"}`, func(a *AuthService) error {
			got, err := a.Admin.GenerateLink(ctx, GenerateLinkParams{Type: LinkEmailChangeNew, Email: "a@example.com", NewEmail: "b@example.com"})
			if err == nil && (got.TokenHash != "h2" || got.Type != OTPEmailChange) {
				return fmt.Errorf("got %s of %s", got.TokenHash.Reveal(), got.Type)
			}
			return err
		}, "POST", "/admin/generate_link", `{"type":"email_change_new","email":"a@example.com","new_email":"b@example.com"}`, false},
		{"Admin.ListFactors", `[{"id":"f1"}]`, func(a *AuthService) error {
			got, err := a.Admin.ListFactors(ctx, id)
			if err == nil && (len(got) != 1 || got[0].ID != "f1") {
				return fmt.Errorf("got %v", got)
			}
			return err
		}, "GET", "/admin/users/" + id + "/factors", "", false},
		{"Admin.DeleteFactor", `{}`, func(a *AuthService) error { return a.Admin.DeleteFactor(ctx, id, id2) },
			"DELETE", "/admin/users/" + id + "/factors/" + id2, "", false},
		{"Admin.SignOut", ``, func(a *AuthService) error { return a.Admin.SignOut(ctx, types.Secret(jwt), SignOutOthers) },
			"POST", "/logout?scope=others", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWire(t, 200, tc.reply)
			c := w.client(t).AsUser(jwt)
			require.NoError(t, tc.call(&c.Auth))
			require.Len(t, w.got, 1)
			r := w.got[0]
			require.Equal(t, tc.method+" /auth/v1"+tc.target, r.Method+" "+r.RequestURI)
			if tc.key {
				require.NotContains(t, r.Header.Get("Authorization"), jwt)
			} else {
				require.Equal(t, "Bearer "+jwt, r.Header.Get("Authorization"))
			}
			want := tc.body
			if before, after, unknown := strings.Cut(want, "%s"); unknown {
				require.Len(t, w.body[0], len(before)+43+len(after))
				want = before + w.body[0][len(before):len(before)+43] + after
			}
			if want == "" {
				require.Empty(t, w.body[0])
			} else {
				require.JSONEq(t, want, w.body[0])
			}
		})
	}
}

// A second factor does not move a session to the tenant that another of its clients
// has asked for meanwhile.
func TestVerifyFactorKeepsTheTenant(t *testing.T) {
	const id = "0b5e0f5e-6f43-4c0e-9d52-4e6d6d9d4c11"
	p := newPlatform(t)
	p.hook = func(kind string, w http.ResponseWriter, _ *http.Request) bool {
		if kind != "factors/"+id+"/verify" {
			return false
		}
		writeJSON(w, 200, map[string]any{"access_token": testJWT(map[string]any{"sub": "u1"}), "refresh_token": "unused"})
		return true
	}
	p.current["u1"] = tenantA
	c, s := p.signIn()
	b, err := c.ForTenant(t.Context(), tenantB)
	require.NoError(t, err)
	wantTenant(t, tenantB, b)
	before, err := s.Token(t.Context())
	require.NoError(t, err)

	for _, c := range []*Client{c, b} {
		got, err := c.Auth.VerifyFactor(t.Context(), VerifyFactorParams{FactorID: id, ChallengeID: id, Code: "123456"})
		require.NoError(t, err)
		require.Same(t, s, got)
	}
	wantTenant(t, tenantA, c)
	wantTenant(t, tenantB, b)
	after, err := s.Token(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, before.Value, after.Value, "the new token shows the new level")
}

func TestLinkIdentityAsksForTheURL(t *testing.T) {
	jwt := testJWT(map[string]any{"sub": userID1})
	w := newWire(t, 200, `{"url":"https://idp.example.com/?state=1"}`)
	flow, err := w.client(t).AsUser(jwt).Auth.LinkIdentity(t.Context(), OAuthURLParams{Provider: "github", Query: map[string]string{"prompt": "none"}})
	require.NoError(t, err)
	require.Equal(t, "https://idp.example.com/?state=1", flow.URL)
	want, err := challenge("", flow.Verifier)
	require.NoError(t, err)
	r := w.got[0]
	require.Equal(t, "GET /auth/v1/user/identities/authorize", r.Method+" "+r.URL.Path)
	require.Equal(t, "Bearer "+jwt, r.Header.Get("Authorization"))
	require.Equal(t, url.Values{
		"provider": {"github"}, "prompt": {"none"}, "skip_http_redirect": {"true"},
		"code_challenge": {want.Challenge}, "code_challenge_method": {"s256"},
	}, r.URL.Query())
}

func TestSignInChecksBeforeSending(t *testing.T) {
	w := newWire(t, 500, "")
	anon := w.client(t)
	c, ctx := anon.AsUser(testJWT(map[string]any{"sub": userID1})), t.Context()
	flows := func(f *BrowserFlow, err error) error { return err }
	for name, err := range map[string]error{
		"the code":            second(c.Auth.ExchangeCode(ctx, "", verifier1)),
		"NUL":                 second(c.Auth.ExchangeCode(ctx, "c\x00", verifier1)),
		"the verifier":        second(c.Auth.ExchangeCode(ctx, "c1", "")),
		"none of the code":    second(c.Auth.ExchangeCode(ctx, "c1", "x")),
		"Provider":            second(c.Auth.SignInWithIDToken(ctx, IDTokenParams{Token: "t"})),
		"Token":               second(c.Auth.SignInWithIDToken(ctx, IDTokenParams{Provider: "google"})),
		"Provider ":           second(c.Auth.LinkIDToken(ctx, IDTokenParams{Token: "t"})),
		"Domain or":           flows(c.Auth.SSOURL(ctx, SSOURLParams{})),
		"both given":          flows(c.Auth.SSOURL(ctx, SSOURLParams{Domain: "a", ProviderID: userID1})),
		"UUID":                flows(c.Auth.SSOURL(ctx, SSOURLParams{ProviderID: "../x"})),
		"RedirectTo":          flows(c.Auth.SSOURL(ctx, SSOURLParams{Domain: "a", RedirectTo: "back"})),
		"RedirectTo ":         flows(c.Auth.LinkIdentity(ctx, OAuthURLParams{Provider: "google", RedirectTo: "back"})),
		"Provider  ":          flows(c.Auth.LinkIdentity(ctx, OAuthURLParams{})),
		"UUID ":               c.Auth.UnlinkIdentity(ctx, "../x"),
		"the identity id":     c.Auth.UnlinkIdentity(ctx, ""),
		"CodeVerifier":        c.Auth.SendMagicLink(ctx, SendMagicLinkParams{Email: "a@example.com", CodeVerifier: "x"}),
		"CodeVerifier ":       c.Auth.SendRecovery(ctx, SendRecoveryParams{Email: "a@example.com", CodeVerifier: "x"}),
		"CodeVerifier  ":      c.Auth.Resend(ctx, ResendParams{Type: OTPSignUp, Email: "a@example.com", CodeVerifier: "x"}),
		"CodeVerifier   ":     second(c.Auth.SignUp(ctx, SignUpParams{Email: "a@example.com", Password: "secret-1", CodeVerifier: "x"})),
		"CodeVerifier    ":    second(c.Auth.UpdateUser(ctx, UpdateUserParams{Email: new("a@example.com"), CodeVerifier: "x"})),
		"RedirectTo  ":        second(c.Auth.SignUp(ctx, SignUpParams{Email: "a@example.com", Password: "secret-1", RedirectTo: "back"})),
		"RedirectTo   ":       second(c.Auth.UpdateUser(ctx, UpdateUserParams{Email: new("a@example.com"), RedirectTo: "back"})),
		"Email or Phone":      c.Auth.SendOTP(ctx, SendOTPParams{}),
		"Email and Phone":     c.Auth.SendOTP(ctx, SendOTPParams{Email: "a@example.com", Phone: "+491511"}),
		"Phone":               c.Auth.SendOTP(ctx, SendOTPParams{Phone: "0151"}),
		"Email":               c.Auth.SendMagicLink(ctx, SendMagicLinkParams{}),
		"Email ":              c.Auth.SendRecovery(ctx, SendRecoveryParams{}),
		"blanks":              c.Auth.SendRecovery(ctx, SendRecoveryParams{Email: " a@example.com"}),
		"Type":                c.Auth.Resend(ctx, ResendParams{Type: OTPInvite, Email: "a@example.com"}),
		"Email  ":             c.Auth.Resend(ctx, ResendParams{Type: OTPSignUp}),
		"Phone ":              c.Auth.Resend(ctx, ResendParams{Type: OTPSMS}),
		"Type ":               second(c.Auth.VerifyOTP(ctx, VerifyOTPParams{Type: "x", TokenHash: "h"})),
		"Token or":            second(c.Auth.VerifyOTP(ctx, VerifyOTPParams{Type: OTPEmail, Email: "a@example.com"})),
		"Token and":           second(c.Auth.VerifyOTP(ctx, VerifyOTPParams{Type: OTPEmail, Token: "t", TokenHash: "h"})),
		"TokenHash and":       second(c.Auth.VerifyOTP(ctx, VerifyOTPParams{Type: OTPEmail, Email: "a@example.com", TokenHash: "h"})),
		"TokenHash is":        second(c.Auth.VerifyOTP(ctx, VerifyOTPParams{Type: OTPPhoneChange, TokenHash: "h"})),
		"Email   ":            second(c.Auth.VerifyOTP(ctx, VerifyOTPParams{Type: OTPEmail, Token: "t"})),
		"Phone  ":             second(c.Auth.VerifyOTP(ctx, VerifyOTPParams{Type: OTPSMS, Token: "t"})),
		"[last_name]":         second(c.Auth.SignInAnonymously(ctx, map[string]any{"last_name": strings.Repeat("x", 101)})),
		"Type  ":              second(c.Auth.EnrollFactor(ctx, EnrollFactorParams{Type: "webauthn"})),
		"Phone and type totp": second(c.Auth.EnrollFactor(ctx, EnrollFactorParams{Type: FactorTOTP, Phone: "+491511"})),
		"Phone   ":            second(c.Auth.EnrollFactor(ctx, EnrollFactorParams{Type: FactorPhone})),
		"the factor id":       second(c.Auth.ChallengeFactor(ctx, "")),
		"ChallengeID":         second(c.Auth.VerifyFactor(ctx, VerifyFactorParams{FactorID: userID1, Code: "1"})),
		"Code":                second(c.Auth.VerifyFactor(ctx, VerifyFactorParams{FactorID: userID1, ChallengeID: userID1})),
		"UUID  ":              c.Auth.UnenrollFactor(ctx, "x"),
		"Email    ":           second(c.Auth.Admin.InviteUser(ctx, InviteUserParams{})),
		"Type   ":             second(c.Auth.Admin.GenerateLink(ctx, GenerateLinkParams{Email: "a@example.com"})),
		"NewEmail":            second(c.Auth.Admin.GenerateLink(ctx, GenerateLinkParams{Type: LinkEmailChangeNew, Email: "a@example.com"})),
		"Password":            second(c.Auth.Admin.GenerateLink(ctx, GenerateLinkParams{Type: LinkSignUp, Email: "a@example.com"})),
		"Password and a type": second(c.Auth.Admin.GenerateLink(ctx, GenerateLinkParams{Type: LinkInvite, Email: "a@example.com", Password: "x"})),
		"the user id":         second(c.Auth.Admin.ListFactors(ctx, "")),
		"the factor id ":      c.Auth.Admin.DeleteFactor(ctx, userID1, ""),
		"the access token":    c.Auth.Admin.SignOut(ctx, "", ""),
		"the scope":           c.Auth.Admin.SignOut(ctx, "t", "galaxy"),
		"NewEmail and a type": second(c.Auth.Admin.GenerateLink(ctx, GenerateLinkParams{Type: LinkInvite, Email: "a@example.com", NewEmail: "b@example.com"})),
		"RedirectTo    ":      second(c.Auth.Admin.InviteUser(ctx, InviteUserParams{Email: "a@example.com", RedirectTo: "back"})),
		"RedirectTo     ":     second(c.Auth.Admin.GenerateLink(ctx, GenerateLinkParams{Type: LinkInvite, Email: "a@example.com", RedirectTo: "back"})),
		"RedirectTo      ":    c.Auth.SendMagicLink(ctx, SendMagicLinkParams{Email: "a@example.com", RedirectTo: "back"}),
	} {
		require.ErrorIs(t, err, ErrInvalidInput, name)
		require.Contains(t, err.Error(), strings.TrimSpace(name))
	}
	for _, err := range []error{
		second(anon.Auth.LinkIDToken(ctx, IDTokenParams{Provider: "google", Token: "t"})), second(anon.Auth.ListIdentities(ctx)),
		flows(anon.Auth.LinkIdentity(ctx, OAuthURLParams{Provider: "google"})), anon.Auth.UnlinkIdentity(ctx, userID1),
		anon.Auth.Reauthenticate(ctx), second(anon.Auth.EnrollFactor(ctx, EnrollFactorParams{Type: FactorTOTP})),
		second(anon.Auth.ChallengeFactor(ctx, userID1)), anon.Auth.UnenrollFactor(ctx, userID1), second(anon.Auth.ListFactors(ctx)),
		second(anon.Auth.VerifyFactor(ctx, VerifyFactorParams{FactorID: userID1, ChallengeID: userID1, Code: "1"})), second(anon.Auth.Assurance(ctx)),
	} {
		require.ErrorIs(t, err, ErrUnauthenticated)
	}
	require.Empty(t, w.got)
}

func TestSignInErrorsAreTyped(t *testing.T) {
	jwt := testJWT(map[string]any{"sub": userID1})
	exchange := func(c *Client) error { return second(c.Auth.ExchangeCode(t.Context(), "c1", verifier1)) }
	idToken := func(c *Client) error {
		return second(c.Auth.SignInWithIDToken(t.Context(), IDTokenParams{Provider: "google", Token: "secret-token"}))
	}
	sso := func(c *Client) error { return second(c.Auth.SSOURL(t.Context(), SSOURLParams{Domain: "corp.example"})) }
	unlink := func(c *Client) error { return c.Auth.UnlinkIdentity(t.Context(), userID1) }
	coded := func(code string) string { return `{"code":400,"error_code":"` + code + `","msg":"no"}` }
	for _, tc := range []struct {
		status int
		body   string
		call   func(*Client) error
		code   string
		kind   error
	}{
		{404, coded("flow_state_not_found"), exchange, "flow_state_not_found", ErrUnauthenticated},
		{403, coded("flow_state_expired"), exchange, "flow_state_expired", ErrUnauthenticated},
		{400, coded("bad_code_verifier"), exchange, "bad_code_verifier", ErrUnauthenticated},
		{403, coded("user_banned"), exchange, "user_banned", ErrPermissionDenied},
		{200, `{"user":{}}`, exchange, "", ErrDecode},
		{400, `{"error":"invalid request","error_description":"Bad ID token"}`, idToken, "invalid request", ErrUnauthenticated},
		{400, `{"error":"invalid nonce","error_description":"Nonces mismatch"}`, idToken, "invalid nonce", ErrUnauthenticated},
		{400, coded("unexpected_audience"), idToken, "unexpected_audience", ErrUnauthenticated},
		{400, coded("provider_disabled"), idToken, "provider_disabled", ErrPermissionDenied},
		{404, coded("saml_provider_disabled"), sso, "saml_provider_disabled", ErrPermissionDenied},
		{404, coded("sso_provider_not_found"), sso, "sso_provider_not_found", ErrNotFound},
		{200, `{}`, sso, "", ErrDecode},
		{404, coded("manual_linking_disabled"), unlink, "manual_linking_disabled", ErrPermissionDenied},
		{422, coded("identity_not_found"), unlink, "identity_not_found", ErrNotFound},
		{422, coded("single_identity_not_deletable"), unlink, "single_identity_not_deletable", ErrRuleViolation},
		{422, coded("email_conflict_identity_not_deletable"), unlink, "email_conflict_identity_not_deletable", ErrRuleViolation},
	} {
		w := newWire(t, tc.status, tc.body)
		err := tc.call(w.client(t).AsUser(jwt))
		require.ErrorIs(t, err, tc.kind, tc.body)
		var e *SdkError
		require.ErrorAs(t, err, &e)
		require.Equal(t, tc.code, e.Code)
		require.NotContains(t, err.Error(), "secret-token")
		if tc.status != http.StatusOK {
			require.Equal(t, tc.status, e.HTTPStatus)
		}
	}
}
