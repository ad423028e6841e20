package integration

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/devstack/auth"
	"github.com/workorder-systems/sdk-go/types"
)

const home = "http://localhost:9999/welcome"

// ssoDomain is the domain of the organisation that the stack plays.
const ssoDomain = "corp.example"

// PlaysProviders skips the test where providers are real, which no test can sign in at,
// or are not offered.
func (d deployment) PlaysProviders(t testing.TB) {
	t.Helper()
	d.Offers(t, "google")
	d.Offers(t, "github")
	if _, status := browse(t, http.MethodGet, d.URL+"/provider/google/authorize", nil); status != http.StatusBadRequest {
		t.Skip("needs the identity provider of a devstack: this deployment has real ones")
	}
}

// needsOffered skips where the deployment does not offer what the code says.
func needsOffered(t testing.TB, err error, code string) {
	t.Helper()
	if !stack.local && errorCode(err) == code {
		t.Skipf("the deployment does not offer it: %s", code)
	}
}

// browse requests a page as a browser does and returns where it is sent on to.
func browse(t testing.TB, method, to string, form url.Values) (next *url.URL, status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	if next, err = resp.Location(); err != nil {
		return nil, resp.StatusCode
	}
	return next, resp.StatusCode
}

// comeBack goes on from a URL until the browser ends at home, and fills the provider's
// form in when there is one.
func comeBack(t testing.TB, from string, form url.Values) url.Values {
	t.Helper()
	for range 5 {
		next, status := browse(t, http.MethodGet, from, nil)
		if next == nil {
			require.Equal(t, http.StatusOK, status, from)
			next, _ = browse(t, http.MethodPost, from, form)
		}
		require.NotNil(t, next, from)
		if strings.HasPrefix(next.String(), home) {
			return next.Query()
		}
		from = next.String()
	}
	t.Fatal("the browser goes in circles")
	return nil
}

// atGoogle begins at a provider that knows who comes.
func atGoogle(t testing.TB, c *workorder.Client, email string) *workorder.BrowserFlow {
	t.Helper()
	flow, err := c.Auth.OAuthURL(workorder.OAuthURLParams{
		Provider: "google", RedirectTo: home, Query: map[string]string{"login_hint": email},
	})
	require.NoError(t, err)
	return flow
}

// exchange ends a flow.
func exchange(t testing.TB, c *workorder.Client, flow *workorder.BrowserFlow, back url.Values) *workorder.Session {
	t.Helper()
	code, err := workorder.CallbackCode(back)
	require.NoError(t, err)
	s, err := c.Auth.ExchangeCode(t.Context(), code, flow.Verifier)
	require.NoError(t, err)
	return s
}

func TestProviderSignsIn(t *testing.T) {
	t.Parallel()
	stack.PlaysProviders(t)
	c, email := stack.Client(t), newEmail()
	flow := atGoogle(t, c, email)
	code, err := workorder.CallbackCode(comeBack(t, flow.URL, nil))
	require.NoError(t, err)

	_, err = c.Auth.ExchangeCode(t.Context(), code, workorder.NewCodeVerifier())
	requireError(t, err, workorder.ErrUnauthenticated, "bad_code_verifier")
	require.NotContains(t, err.Error(), string(code))
	s, err := c.Auth.ExchangeCode(t.Context(), code, flow.Verifier)
	require.NoError(t, err)
	me, err := c.WithSession(s).Auth.User(t.Context())
	require.NoError(t, err)
	require.Equal(t, email, me.Email)
	require.Equal(t, "google", me.AppMetadata["provider"])
	require.NotNil(t, me.EmailConfirmedAt)
	a, err := c.WithSession(s).Auth.Assurance(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"oauth"}, a.Methods)
	_, err = c.Auth.ExchangeCode(t.Context(), code, flow.Verifier)
	requireError(t, err, workorder.ErrUnauthenticated, "flow_state_not_found")

	access, _ := s.ProviderToken()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, stack.URL+"/provider/google/userinfo", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+access.Reveal())
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode, "the provider knows its token")
	_, err = s.Refresh(t.Context())
	require.NoError(t, err)

	flow = atGoogle(t, c, email)
	require.Equal(t, me.ID, exchange(t, c, flow, comeBack(t, flow.URL, nil)).User().ID, "the same account again")
}

func TestProviderFormNamesTheUser(t *testing.T) {
	t.Parallel()
	stack.PlaysProviders(t)
	c, email := stack.Client(t), newEmail()
	flow, err := c.Auth.OAuthURL(workorder.OAuthURLParams{Provider: "github", RedirectTo: home, Scopes: []string{"repo"}})
	require.NoError(t, err)
	s := exchange(t, c, flow, comeBack(t, flow.URL, url.Values{"email": {email}, "name": {"Ada Byron"}}))
	require.Equal(t, "Ada Byron", s.User().UserMetadata["full_name"])
}

func TestProviderSignInFails(t *testing.T) {
	t.Parallel()
	stack.PlaysProviders(t)
	c := stack.Client(t)
	fails := func(query map[string]string, form url.Values, kind error, code string) {
		t.Helper()
		flow, err := c.Auth.OAuthURL(workorder.OAuthURLParams{Provider: "google", RedirectTo: home, Query: query})
		require.NoError(t, err)
		_, err = workorder.CallbackCode(comeBack(t, flow.URL, form))
		requireError(t, err, kind, code)
	}
	fails(nil, url.Values{"deny": {"1"}}, workorder.ErrPermissionDenied, "access_denied")
	fails(map[string]string{"prompt": "none"}, nil, workorder.ErrUnauthenticated, "login_required")

	u := stack.User(t)
	hour := time.Hour
	_, err := stack.ServiceClient(t).Auth.Admin.UpdateUser(t.Context(), u.ID, workorder.AdminUpdateUserParams{BanFor: &hour})
	require.NoError(t, err)
	fails(map[string]string{"login_hint": u.Email}, nil, workorder.ErrPermissionDenied, "user_banned")
}

func TestBrowserCodeExpires(t *testing.T) {
	t.Parallel()
	stack.PlaysProviders(t)
	db, c, email := stack.SQL(t), stack.Client(t), newEmail()
	flow := atGoogle(t, c, email)
	code, err := workorder.CallbackCode(comeBack(t, flow.URL, nil))
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), `
		update auth.flow_state set created_at = created_at - interval '1 hour', auth_code_issued_at = auth_code_issued_at - interval '1 hour'
		where auth_code = $1`, code.Reveal())
	require.NoError(t, err)
	_, err = c.Auth.ExchangeCode(t.Context(), code, flow.Verifier)
	requireError(t, err, workorder.ErrUnauthenticated, "flow_state_expired")
}

func TestUnknownBrowserCode(t *testing.T) {
	t.Parallel()
	_, err := stack.Client(t).Auth.ExchangeCode(t.Context(), types.Secret(uuid.NewString()), workorder.NewCodeVerifier())
	requireError(t, err, workorder.ErrUnauthenticated, "flow_state_not_found")
}

func TestVerifiedAddressJoinsTheAccount(t *testing.T) {
	t.Parallel()
	stack.PlaysProviders(t)
	u, c := stack.User(t), stack.Client(t)
	flow := atGoogle(t, c, u.Email)
	require.Equal(t, u.ID, exchange(t, c, flow, comeBack(t, flow.URL, nil)).User().ID)

	flow, err := c.Auth.OAuthURL(workorder.OAuthURLParams{Provider: "github", RedirectTo: home})
	require.NoError(t, err)
	back := comeBack(t, flow.URL, url.Values{"email": {u.Email}, "unverified": {"1"}})
	other := exchange(t, c, flow, back).User()
	require.NotEqual(t, u.ID, other.ID, "an address without proof opens no account")
	require.Empty(t, other.Email)
}

func TestIdentitiesAreLinkedAndUnlinked(t *testing.T) {
	t.Parallel()
	stack.PlaysProviders(t)
	u, work := stack.User(t), newEmail()
	link := func(c *workorder.Client) (*workorder.BrowserFlow, url.Values) {
		t.Helper()
		flow, err := c.Auth.LinkIdentity(t.Context(), workorder.OAuthURLParams{
			Provider: "google", RedirectTo: home, Query: map[string]string{"login_hint": work},
		})
		needsOffered(t, err, "manual_linking_disabled")
		require.NoError(t, err)
		return flow, comeBack(t, flow.URL, nil)
	}
	flow, back := link(u.Client)
	require.Equal(t, u.ID, exchange(t, u.Client, flow, back).User().ID)
	identities, err := u.Auth.ListIdentities(t.Context())
	require.NoError(t, err)
	require.Len(t, identities, 2)
	require.Equal(t, "email", identities[0].Provider)
	require.Equal(t, "google", identities[1].Provider)
	require.Equal(t, work, identities[1].Data["email"])
	flow = atGoogle(t, u.Client, work)
	require.Equal(t, u.ID, exchange(t, u.Client, flow, comeBack(t, flow.URL, nil)).User().ID)

	other := stack.User(t)
	for _, c := range []*workorder.Client{u.Client, other.Client} {
		_, back := link(c)
		_, err := workorder.CallbackCode(back)
		requireError(t, err, workorder.ErrConflict, "identity_already_exists")
	}

	requireError(t, u.Auth.UnlinkIdentity(t.Context(), uuid.NewString()), workorder.ErrNotFound, "identity_not_found")
	require.NoError(t, u.Auth.UnlinkIdentity(t.Context(), identities[1].ID))
	requireError(t, u.Auth.UnlinkIdentity(t.Context(), identities[0].ID), workorder.ErrRuleViolation, "single_identity_not_deletable")
	flow = atGoogle(t, u.Client, work)
	require.NotEqual(t, u.ID, exchange(t, u.Client, flow, comeBack(t, flow.URL, nil)).User().ID)
}

func TestLinkingMayBeOff(t *testing.T) {
	t.Parallel()
	d := signInStack(t, devstack.SignIn{Providers: []string{"google"}})
	u := d.User(t)
	_, err := u.Auth.LinkIdentity(t.Context(), workorder.OAuthURLParams{Provider: "google"})
	requireError(t, err, workorder.ErrPermissionDenied, "manual_linking_disabled")
	requireError(t, u.Auth.UnlinkIdentity(t.Context(), uuid.NewString()), workorder.ErrPermissionDenied, "manual_linking_disabled")
	_, err = u.Auth.SSOURL(t.Context(), workorder.SSOURLParams{Domain: ssoDomain})
	requireError(t, err, workorder.ErrPermissionDenied, "saml_provider_disabled")
	_, err = u.Auth.SignInWithIDToken(t.Context(), workorder.IDTokenParams{Provider: "apple", Token: "x"})
	requireError(t, err, workorder.ErrPermissionDenied, "provider_disabled")
}

func TestLinkingNeedsAProvider(t *testing.T) {
	t.Parallel()
	stack.PlaysProviders(t)
	_, err := stack.User(t).Auth.LinkIdentity(t.Context(), workorder.OAuthURLParams{Provider: "nobody"})
	needsOffered(t, err, "manual_linking_disabled")
	requireError(t, err, workorder.ErrInvalidInput, "validation_failed")
}

// idToken gets an ID token of a provider as an app does that needs no Auth for it.
func idToken(t testing.TB, provider, email string) types.Secret {
	t.Helper()
	const app = "http://localhost:7777/"
	at := stack.URL + "/provider/" + provider
	back, _ := browse(t, http.MethodGet, at+"/authorize?"+url.Values{
		"client_id": {auth.ClientID}, "response_type": {"code"}, "redirect_uri": {app}, "login_hint": {email},
	}.Encode(), nil)
	resp, err := http.PostForm(at+"/token", url.Values{ //nolint:noctx // a test's own provider
		"grant_type": {"authorization_code"}, "client_id": {auth.ClientID}, "redirect_uri": {app}, "code": {back.Query().Get("code")},
	})
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Token types.Secret `json:"id_token"`
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
	return answer.Token
}

func TestIDTokenSignsIn(t *testing.T) {
	t.Parallel()
	stack.PlaysProviders(t)
	c, email := stack.Client(t), newEmail()
	s, err := c.Auth.SignInWithIDToken(t.Context(), workorder.IDTokenParams{Provider: "google", Token: idToken(t, "google", email)})
	require.NoError(t, err)
	require.Equal(t, email, s.User().Email)
	for _, p := range []workorder.IDTokenParams{
		{Provider: "google", Token: types.Secret(rand.Text())},
		{Provider: "github", Token: idToken(t, "google", email)},
		{Provider: "google", Token: idToken(t, "google", email), Nonce: "n"},
	} {
		_, err := c.Auth.SignInWithIDToken(t.Context(), p)
		requireError(t, err, workorder.ErrUnauthenticated, "invalid request")
	}

	u := stack.User(t)
	linked, err := u.Auth.LinkIDToken(t.Context(), workorder.IDTokenParams{Provider: "github", Token: idToken(t, "github", newEmail())})
	needsOffered(t, err, "manual_linking_disabled")
	require.NoError(t, err)
	require.Equal(t, u.ID, linked.User().ID)
	_, err = u.Auth.LinkIDToken(t.Context(), workorder.IDTokenParams{Provider: "google", Token: idToken(t, "google", email)})
	requireError(t, err, workorder.ErrConflict, "identity_already_exists")
}

func TestOrganisationSignsItsUsersIn(t *testing.T) {
	t.Parallel()
	stack.PlaysProviders(t)
	c := stack.Client(t)
	email := strings.Replace(newEmail(), "@example.com", "@"+ssoDomain, 1)
	var provider, id string
	for _, p := range []workorder.SSOURLParams{{Domain: ssoDomain}, {}} {
		if p.Domain == "" {
			p.ProviderID = strings.TrimPrefix(provider, "sso:")
		}
		p.RedirectTo = home
		flow, err := c.Auth.SSOURL(t.Context(), p)
		needsOffered(t, err, "saml_provider_disabled")
		require.NoError(t, err)
		u := exchange(t, c, flow, comeBack(t, flow.URL, url.Values{"email": {email}})).User()
		require.Equal(t, email, u.Email)
		require.True(t, id == "" || id == u.ID)
		provider, _ = u.AppMetadata["provider"].(string)
		id = u.ID
		require.True(t, strings.HasPrefix(provider, "sso:"), provider)
	}
	for _, p := range []workorder.SSOURLParams{{Domain: "nobody.example"}, {ProviderID: uuid.NewString()}} {
		_, err := c.Auth.SSOURL(t.Context(), p)
		requireError(t, err, workorder.ErrNotFound, "sso_provider_not_found")
	}
}

func TestLinksInMailsComeBackWithACode(t *testing.T) {
	t.Parallel()
	u, c := stack.User(t), stack.Client(t)
	stack.Mails(t, u.Email)
	for kind, send := range map[string]func(types.Secret) error{
		"magiclink": func(v types.Secret) error {
			return c.Auth.SendMagicLink(t.Context(), workorder.SendMagicLinkParams{Email: u.Email, RedirectTo: home, CodeVerifier: v})
		},
		"recovery": func(v types.Secret) error {
			return c.Auth.SendRecovery(t.Context(), workorder.SendRecoveryParams{Email: u.Email, RedirectTo: home, CodeVerifier: v})
		},
	} {
		flow := &workorder.BrowserFlow{Verifier: workorder.NewCodeVerifier()}
		require.NoError(t, send(flow.Verifier))
		mail := stack.Mail(t, u.Email)
		require.Equal(t, kind, mail.Kind)
		back := comeBack(t, mail.Link, nil)
		code, err := workorder.CallbackCode(back)
		require.NoError(t, err)
		_, err = c.Auth.ExchangeCode(t.Context(), code, workorder.NewCodeVerifier())
		requireError(t, err, workorder.ErrUnauthenticated, "bad_code_verifier")
		s := exchange(t, c, flow, back)
		require.Equal(t, u.ID, s.User().ID)
		access, refresh := s.ProviderToken()
		require.Empty(t, access+refresh)
		_, err = workorder.CallbackCode(comeBack(t, mail.Link, nil))
		requireError(t, err, workorder.ErrUnauthenticated, "otp_expired")
	}
}

func TestAnonymousUserStaysByLinking(t *testing.T) {
	t.Parallel()
	stack.PlaysProviders(t)
	stack.Offers(t, "anonymous_users")
	c, email := stack.Client(t), newEmail()
	s, err := c.Auth.SignInAnonymously(t.Context(), nil)
	require.NoError(t, err)
	flow, err := c.WithSession(s).Auth.LinkIdentity(t.Context(), workorder.OAuthURLParams{
		Provider: "google", RedirectTo: home, Query: map[string]string{"login_hint": email},
	})
	needsOffered(t, err, "manual_linking_disabled")
	require.NoError(t, err)
	u := exchange(t, c, flow, comeBack(t, flow.URL, nil)).User()
	require.Equal(t, s.User().ID, u.ID)
	require.Equal(t, email, u.Email)
	require.False(t, u.IsAnonymous)
}
