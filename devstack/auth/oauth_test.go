package auth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/auth"
)

const (
	home     = "http://localhost:9999/welcome?a=b"
	verifier = "verifier-of-at-least-forty-three-characters-x"
)

// challenge is that of verifier.
func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// withProviders lets users sign in with google and github, and at corp.example.
func withProviders(t *testing.T, configure ...func(*auth.Config)) *service {
	t.Helper()
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	idp, err := auth.NewIdentityProvider(srv.URL + "/provider")
	require.NoError(t, err)
	mux.Handle("/provider/", http.StripPrefix("/provider", idp))
	s := newService(t, append([]func(*auth.Config){func(c *auth.Config) {
		c.IdentityProvider, c.Providers, c.SSODomains = idp, []string{"google", "github"}, []string{"corp.example"}
		c.ManualLinking, c.Anonymous = true, true
	}}, configure...)...)
	s.idp = srv.URL + "/provider"
	return s
}

// follow requests a URL as a browser does and returns where it is sent on to.
func (s *service) follow(t *testing.T, method, to string, form url.Values) (next *url.URL, status int) {
	t.Helper()
	// What the service believes to be its address is not where the test serves it.
	to = strings.Replace(to, "http://localhost/auth/v1", s.url, 1)
	req, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	next, err = resp.Location()
	if err != nil {
		require.ErrorIs(t, err, http.ErrNoLocation)
		return nil, resp.StatusCode
	}
	return next, resp.StatusCode
}

// comeBack goes from a URL of a flow to the provider, signs in there with the form
// or the hint in the URL, and returns where the browser ends.
func (s *service) comeBack(t *testing.T, to string, form url.Values) *url.URL {
	t.Helper()
	if strings.HasPrefix(to, "/") {
		at, status := s.follow(t, "GET", s.url+to, nil)
		require.Equal(t, http.StatusFound, status)
		to = at.String()
	}
	require.True(t, strings.HasPrefix(to, s.idp), to)
	method := "GET"
	if form != nil {
		method = "POST"
	}
	callback, status := s.follow(t, method, to, form)
	require.Equal(t, http.StatusFound, status)
	back, status := s.follow(t, "GET", callback.String(), nil)
	require.Equal(t, http.StatusSeeOther, status)
	return back
}

// authorizeURL begins at a provider with a challenge.
func authorizeURL(hint string) string {
	return "/authorize?" + url.Values{
		"provider": {"google"}, "redirect_to": {home}, "login_hint": {hint},
		"code_challenge": {challenge()}, "code_challenge_method": {"s256"},
	}.Encode()
}

func (s *service) exchange(t *testing.T, code string) answer {
	t.Helper()
	return s.do(t, "POST", "/token?grant_type=pkce", "", map[string]any{"auth_code": code, "code_verifier": verifier})
}

// with signs in at Google and returns the session.
func (s *service) with(t *testing.T, hint string) answer {
	t.Helper()
	a := s.exchange(t, s.comeBack(t, authorizeURL(hint), nil).Query().Get("code"))
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	return a
}

func TestProviderSignsInWithACode(t *testing.T) {
	s := withProviders(t)
	back := s.comeBack(t, authorizeURL("Ada@example.com"), nil)
	require.Equal(t, "localhost:9999", back.Host)
	require.Equal(t, "b", back.Query().Get("a"), "the page's own query stays")
	require.Empty(t, back.Fragment)
	code := back.Query().Get("code")

	wrong := s.do(t, "POST", "/token?grant_type=pkce", "", map[string]any{"auth_code": code, "code_verifier": verifier + "x"})
	require.Equal(t, http.StatusBadRequest, wrong.Status)
	require.Equal(t, "bad_code_verifier", wrong.code())
	in := s.exchange(t, code)
	require.Equal(t, http.StatusOK, in.Status, in.Body)
	require.Equal(t, "ada@example.com", in.user()["email"])
	require.NotNil(t, in.user()["email_confirmed_at"])
	require.Equal(t, map[string]any{"provider": "google", "providers": []any{"google"}}, in.user()["app_metadata"])
	identity := in.user()["identities"].([]any)[0].(map[string]any)
	require.Equal(t, "google", identity["provider"])
	require.Equal(t, identity["id"], identity["identity_data"].(map[string]any)["sub"])
	amr := s.claimsOf(t, in.str("access_token"))["amr"].([]any)
	require.Equal(t, "oauth", amr[0].(map[string]any)["method"])

	again := s.exchange(t, code)
	require.Equal(t, http.StatusNotFound, again.Status)
	require.Equal(t, "flow_state_not_found", again.code())

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.idp+"/google/userinfo", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+in.str("provider_token"))
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode, "the provider's token is good there")

	require.Equal(t, in.userID(), s.with(t, "ada@example.com").userID(), "the same person")
}

func TestProviderSignsInWithTokens(t *testing.T) {
	s := withProviders(t)
	to := "/authorize?" + url.Values{"provider": {"github"}, "redirect_to": {"https://elsewhere.example"}, "scopes": {"repo"}}.Encode()
	at, _ := s.follow(t, "GET", s.url+to, nil)
	require.Equal(t, "repo", at.Query().Get("scope"))
	form, status := s.follow(t, "GET", at.String(), nil)
	require.Nil(t, form)
	require.Equal(t, http.StatusOK, status, "the provider asks who it is")
	back := s.comeBack(t, at.String(), url.Values{"email": {"ada@example.com"}, "name": {"Ada Byron"}})
	require.Equal(t, "localhost:3000", back.Host, "links do not lead away from this machine")
	got, err := url.ParseQuery(back.Fragment)
	require.NoError(t, err)
	require.NotEmpty(t, got.Get("provider_token"))
	me := s.do(t, "GET", "/user", got.Get("access_token"), nil)
	require.Equal(t, "Ada Byron", me.metadata()["full_name"])
	require.Equal(t, http.StatusOK, s.refresh(t, got.Get("refresh_token")).Status)
}

func TestProviderRefuses(t *testing.T) {
	s := withProviders(t)
	for name, tc := range map[string]struct {
		query url.Values
		msg   string
	}{
		"unknown provider":     {url.Values{"provider": {"x"}}, "Unsupported provider: provider is not enabled"},
		"no provider":          {url.Values{}, "Unsupported provider: provider is not enabled"},
		"provider not offered": {url.Values{"provider": {"apple"}}, "Unsupported provider: provider is not enabled"},
		"challenge alone":      {url.Values{"provider": {"google"}, "code_challenge": {challenge()}}, "PKCE flow requires"},
		"method alone":         {url.Values{"provider": {"google"}, "code_challenge_method": {"s256"}}, "PKCE flow requires"},
		"short challenge":      {url.Values{"provider": {"google"}, "code_challenge": {"x"}, "code_challenge_method": {"s256"}}, "between 43 and 128"},
		"odd challenge":        {url.Values{"provider": {"google"}, "code_challenge": {strings.Repeat("ä", 30)}, "code_challenge_method": {"s256"}}, "alphanumeric"},
		"odd method":           {url.Values{"provider": {"google"}, "code_challenge": {verifier}, "code_challenge_method": {"md5"}}, "code_challenge_method"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.do(t, "GET", "/authorize?"+tc.query.Encode(), "", nil)
			require.Equal(t, http.StatusBadRequest, a.Status)
			require.Equal(t, "validation_failed", a.code())
			require.Contains(t, a.str("msg"), tc.msg)
		})
	}
	for name, tc := range map[string]struct{ code, verifier, want string }{
		"no code":      {"", verifier, "validation_failed"},
		"no verifier":  {"x", "", "validation_failed"},
		"unknown code": {unknownID, verifier, "flow_state_not_found"},
	} {
		a := s.do(t, "POST", "/token?grant_type=pkce", "", map[string]any{"auth_code": tc.code, "code_verifier": tc.verifier})
		require.Equal(t, tc.want, a.code(), name)
	}
	require.Equal(t, "bad_json", s.do(t, "POST", "/token?grant_type=pkce", "", `{`).code())
}

// wantError looks for an error where a browser ends: for servers, and for scripts.
func wantError(t *testing.T, back *url.URL, name, code string) {
	t.Helper()
	fragment, err := url.ParseQuery(back.Fragment)
	require.NoError(t, err)
	for _, v := range []url.Values{back.Query(), fragment} {
		require.Equal(t, name, v.Get("error"), back)
		require.Equal(t, code, v.Get("error_code"), back)
		require.NotEmpty(t, v.Get("error_description"))
		require.Empty(t, v.Get("code"))
	}
}

func TestProviderSendsErrorsBack(t *testing.T) {
	s := withProviders(t)
	wantError(t, s.comeBack(t, authorizeURL(""), url.Values{"deny": {"1"}}), "access_denied", "")
	wantError(t, s.comeBack(t, authorizeURL("")+"&prompt=none", nil), "login_required", "")

	banned := s.signUp(t, "banned@example.com")
	s.do(t, "PUT", "/admin/users/"+banned.userID(), s.adminToken(t), map[string]any{"ban_duration": "1h"})
	wantError(t, s.comeBack(t, authorizeURL("banned@example.com"), nil), "access_denied", "user_banned")

	for state, code := range map[string]string{"": "bad_oauth_callback", "x": "bad_oauth_state", unknownID: "bad_oauth_state"} {
		back, status := s.follow(t, "GET", s.url+"/callback?code=x&state="+state, nil)
		require.Equal(t, http.StatusSeeOther, status)
		require.Equal(t, "localhost:3000", back.Host)
		wantError(t, back, "invalid_request", code)
	}
	at, _ := s.follow(t, "GET", s.url+authorizeURL(""), nil)
	callback := s.url + "/callback?code=x&state=" + at.Query().Get("state")
	back, _ := s.follow(t, "GET", callback, nil)
	wantError(t, back, "invalid_request", "bad_oauth_callback")
	s.clock.Advance(6 * time.Minute)
	back, _ = s.follow(t, "GET", callback, nil)
	wantError(t, back, "invalid_request", "bad_oauth_state")
}

func TestCodesOfFlowsExpire(t *testing.T) {
	s := withProviders(t)
	code := s.comeBack(t, authorizeURL("ada@example.com"), nil).Query().Get("code")
	s.clock.Advance(6 * time.Minute)
	a := s.exchange(t, code)
	require.Equal(t, http.StatusForbidden, a.Status)
	require.Equal(t, "flow_state_expired", a.code())
}

func TestBannedUserGetsNoSessionForACode(t *testing.T) {
	s := withProviders(t)
	first := s.with(t, "ada@example.com")
	code := s.comeBack(t, authorizeURL("ada@example.com"), nil).Query().Get("code")
	s.do(t, "PUT", "/admin/users/"+first.userID(), s.adminToken(t), map[string]any{"ban_duration": "1h"})
	require.Equal(t, "user_banned", s.exchange(t, code).code())
}

func TestAddressDecidesWhoseIdentityItIs(t *testing.T) {
	s := withProviders(t, func(c *auth.Config) { c.ConfirmEmail = true; c.Mailbox = &auth.Mailbox{} })
	confirmed := s.do(t, "POST", "/admin/users", s.adminToken(t), map[string]any{
		"email": "ada@example.com", "password": password, "email_confirm": true,
	})
	s.clock.Advance(time.Second) // the older identity comes first
	in := s.with(t, "ada@example.com")
	require.Equal(t, confirmed.Body["id"], in.userID(), "a verified address is the user's")
	require.Equal(t, map[string]any{"provider": "email", "providers": []any{"email", "google"}}, in.user()["app_metadata"])
	require.Equal(t, http.StatusOK, s.signIn(t, "ada@example.com", password).Status)

	s.signUp(t, "bob@example.com")
	in = s.with(t, "bob@example.com")
	require.Len(t, in.user()["identities"], 1, "who signed up without proof is shut out")
	require.Equal(t, "invalid_credentials", s.signIn(t, "bob@example.com", password).code())

	unverified := url.Values{"email": {"carl@example.com"}, "unverified": {"1"}}
	wantError(t, s.comeBack(t, authorizeURL(""), unverified), "access_denied", "provider_email_needs_verification")

	open := withProviders(t)
	owner := open.signUp(t, "ada@example.com")
	code := open.comeBack(t, authorizeURL(""), url.Values{"email": {"ada@example.com"}, "unverified": {"1"}}).Query().Get("code")
	other := open.exchange(t, code)
	require.NotEqual(t, owner.userID(), other.userID(), "an address without proof is nobody's")
	require.Empty(t, other.user()["email"])

	closed := withProviders(t, func(c *auth.Config) { c.DisableSignup = true })
	wantError(t, closed.comeBack(t, authorizeURL("new@example.com"), nil), "access_denied", "signup_disabled")
}

func TestIdentitiesAreLinkedAndUnlinked(t *testing.T) {
	s := withProviders(t)
	me := s.signUp(t, "ada@example.com")
	token := me.str("access_token")
	s.clock.Advance(time.Second) // the older identity comes first
	link := func(token, provider, hint string) string {
		a := s.do(t, "GET", "/user/identities/authorize?"+url.Values{
			"provider": {provider}, "redirect_to": {home}, "login_hint": {hint}, "skip_http_redirect": {"true"},
			"code_challenge": {challenge()}, "code_challenge_method": {"s256"},
		}.Encode(), token, nil)
		require.Equal(t, http.StatusOK, a.Status, a.Body)
		return a.str("url")
	}
	in := s.exchange(t, s.comeBack(t, link(token, "google", "work@example.com"), nil).Query().Get("code"))
	require.Equal(t, me.userID(), in.userID())
	require.Equal(t, "ada@example.com", in.user()["email"], "the account's own address stays")
	identities := in.user()["identities"].([]any)
	require.Len(t, identities, 2)
	google := identities[1].(map[string]any)["identity_id"].(string)
	require.Equal(t, me.userID(), s.with(t, "work@example.com").userID())

	wantError(t, s.comeBack(t, link(token, "google", "work@example.com"), nil), "access_denied", "identity_already_exists")
	other := s.signUp(t, "bob@example.com")
	wantError(t, s.comeBack(t, link(other.str("access_token"), "google", "work@example.com"), nil), "access_denied", "identity_already_exists")
	redirected, status := s.follow(t, "GET", s.url+"/user/identities/authorize?provider=google", nil)
	require.Nil(t, redirected)
	require.Equal(t, http.StatusUnauthorized, status)

	for id, want := range map[string]string{"x": "validation_failed", unknownID: "identity_not_found"} {
		require.Equal(t, want, s.do(t, "DELETE", "/user/identities/"+id, token, nil).code())
	}
	only := other.user()["identities"].([]any)[0].(map[string]any)["identity_id"].(string)
	require.Equal(t, "single_identity_not_deletable", s.do(t, "DELETE", "/user/identities/"+only, other.str("access_token"), nil).code())

	// Without the identity of the address, the address is that of the one left.
	email := identities[0].(map[string]any)["identity_id"].(string)
	require.Equal(t, http.StatusOK, s.do(t, "DELETE", "/user/identities/"+email, token, nil).Status)
	user := s.do(t, "GET", "/user", token, nil)
	require.Equal(t, "work@example.com", user.Body["email"])
	require.Equal(t, map[string]any{"provider": "google", "providers": []any{"google"}}, user.Body["app_metadata"])
	require.Equal(t, "single_identity_not_deletable", s.do(t, "DELETE", "/user/identities/"+google, token, nil).code())

	anonymous := s.do(t, "POST", "/signup", "", `{"data":{}}`)
	in = s.exchange(t, s.comeBack(t, link(anonymous.str("access_token"), "github", "anna@example.com"), nil).Query().Get("code"))
	require.Equal(t, anonymous.userID(), in.userID())
	require.Equal(t, "anna@example.com", in.user()["email"])
	require.Equal(t, false, in.user()["is_anonymous"])
	anonymous = s.do(t, "POST", "/signup", "", `{"data":{}}`)
	wantError(t, s.comeBack(t, link(anonymous.str("access_token"), "github", "bob@example.com"), nil), "access_denied", "email_exists")

	strict := withProviders(t, func(c *auth.Config) { c.ManualLinking = false })
	up := strict.signUp(t, "ada@example.com")
	for _, call := range []struct{ method, path string }{{"GET", "/user/identities/authorize?provider=google"}, {"DELETE", "/user/identities/" + unknownID}} {
		a := strict.do(t, call.method, call.path, up.str("access_token"), nil)
		require.Equal(t, http.StatusNotFound, a.Status)
		require.Equal(t, "manual_linking_disabled", a.code())
	}
}

// idToken gets an ID token of a provider as an app does that needs no Auth for it.
func (s *service) idToken(t *testing.T, provider, client, email, nonce string) string {
	t.Helper()
	const app = "http://localhost:7777/"
	back, _ := s.follow(t, "GET", s.idp+"/"+provider+"/authorize?"+url.Values{
		"client_id": {client}, "response_type": {"code"}, "redirect_uri": {app}, "login_hint": {email}, "nonce": {nonce},
	}.Encode(), nil)
	form := url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "client_id": {client}, "redirect_uri": {app}}
	at := &service{url: s.idp}
	a := at.do(t, "POST", "/"+provider+"/token", "", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	again := at.do(t, "POST", "/"+provider+"/token", "", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, "invalid_grant", again.str("error"))
	return a.str("id_token")
}

func TestIDTokenSignsIn(t *testing.T) {
	s := withProviders(t)
	grant := func(body map[string]any, token string) answer {
		return s.do(t, "POST", "/token?grant_type=id_token", token, body)
	}
	hash := sha256.Sum256([]byte("nonce-1"))
	hashed := hex.EncodeToString(hash[:])
	good := s.idToken(t, "google", auth.ClientID, "ada@example.com", hashed)
	in := grant(map[string]any{"provider": "google", "id_token": good, "nonce": "nonce-1"}, "")
	require.Equal(t, http.StatusOK, in.Status, in.Body)
	require.Equal(t, "ada@example.com", in.user()["email"])

	forged, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "x", "aud": auth.ClientID}).SignedString([]byte("x"))
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		body map[string]any
		code string
	}{
		"none":             {map[string]any{"provider": "google"}, "invalid request"},
		"garbage":          {map[string]any{"provider": "google", "id_token": "x"}, "invalid request"},
		"forged":           {map[string]any{"provider": "google", "id_token": forged}, "invalid request"},
		"other provider":   {map[string]any{"provider": "github", "id_token": good, "nonce": "nonce-1"}, "invalid request"},
		"no nonce":         {map[string]any{"provider": "google", "id_token": good}, "invalid request"},
		"wrong nonce":      {map[string]any{"provider": "google", "id_token": good, "nonce": "nonce-2"}, "invalid nonce"},
		"other client":     {map[string]any{"provider": "google", "id_token": s.idToken(t, "google", "other", "ada@example.com", "")}, "unexpected_audience"},
		"provider is off":  {map[string]any{"provider": "apple", "id_token": good}, "provider_disabled"},
		"link to nobody":   {map[string]any{"provider": "google", "id_token": good, "nonce": "nonce-1", "link_identity": true}, "no_authorization"},
		"nonce out of air": {map[string]any{"provider": "google", "id_token": s.idToken(t, "google", auth.ClientID, "ada@example.com", ""), "nonce": "n"}, "invalid request"},
	} {
		a := grant(tc.body, "")
		got := a.code()
		if got == "" {
			got = a.str("error")
		}
		require.Equal(t, tc.code, got, name)
	}

	me := s.signUp(t, "bob@example.com")
	linked := grant(map[string]any{
		"provider": "github", "id_token": s.idToken(t, "github", auth.ClientID, "bob@hub.example", ""), "link_identity": true,
	}, me.str("access_token"))
	require.Equal(t, http.StatusOK, linked.Status, linked.Body)
	require.Equal(t, me.userID(), linked.userID())
	require.Len(t, linked.user()["identities"], 2)
}

func TestOrganisationsSignTheirUsersIn(t *testing.T) {
	s := withProviders(t)
	list := s.do(t, "GET", "/admin/sso/providers", s.adminToken(t), nil)
	id := list.Body["items"].([]any)[0].(map[string]any)["id"].(string)
	begin := func(body map[string]any) answer {
		body["redirect_to"], body["skip_http_redirect"] = home, true
		body["code_challenge"], body["code_challenge_method"] = challenge(), "s256"
		return s.do(t, "POST", "/sso", "", body)
	}
	owner := s.signUp(t, "ada@corp.example")
	var last string
	for _, body := range []map[string]any{{"domain": "Corp.example"}, {"provider_id": id}} {
		a := begin(body)
		require.Equal(t, http.StatusOK, a.Status, a.Body)
		in := s.exchange(t, s.comeBack(t, a.str("url"), url.Values{"email": {"ada@corp.example"}}).Query().Get("code"))
		require.Equal(t, http.StatusOK, in.Status, in.Body)
		require.NotEqual(t, owner.userID(), in.userID(), "an organisation's user is never somebody else's")
		require.Equal(t, "sso:"+id, in.user()["app_metadata"].(map[string]any)["provider"])
		amr := s.claimsOf(t, in.str("access_token"))["amr"].([]any)
		require.Equal(t, "sso/saml", amr[0].(map[string]any)["method"])
		require.True(t, last == "" || last == in.userID())
		last = in.userID()
	}
	for want, body := range map[string]map[string]any{
		"validation_failed":       {},
		"sso_provider_not_found":  {"domain": "other.example"},
		"sso_provider_not_found ": {"provider_id": unknownID},
		"validation_failed ":      {"provider_id": "x"},
		"validation_failed  ":     {"provider_id": unknownID, "domain": "corp.example"},
	} {
		require.Equal(t, strings.TrimSpace(want), begin(body).code(), body)
	}
	to, status := s.follow(t, "POST", s.url+"/sso", nil)
	require.Nil(t, to)
	require.Equal(t, http.StatusBadRequest, status)
	settings := s.do(t, "GET", "/settings", "", nil)
	require.Equal(t, true, settings.Body["saml_enabled"])
	require.Equal(t, true, settings.Body["external"].(map[string]any)["google"])
	require.Equal(t, false, settings.Body["external"].(map[string]any)["apple"])
}

func TestProvidersNeedAnIdentityProvider(t *testing.T) {
	idp, err := auth.NewIdentityProvider("http://localhost/provider")
	require.NoError(t, err)
	s := newService(t)
	for _, cfg := range []auth.Config{
		{Pool: s.pool, JWTSecret: []byte(jwtSecret), Providers: []string{"google"}},
		{Pool: s.pool, JWTSecret: []byte(jwtSecret), SSODomains: []string{"corp.example"}},
		{Pool: s.pool, JWTSecret: []byte(jwtSecret), Providers: []string{"gogle"}, IdentityProvider: idp},
	} {
		_, err := auth.New(cfg)
		require.Error(t, err)
	}
	require.Equal(t, "saml_provider_disabled", s.do(t, "POST", "/sso", "", `{"domain":"corp.example"}`).code())
}

func TestIdentityProviderSendsNobodyAway(t *testing.T) {
	s := withProviders(t)
	for _, q := range []url.Values{
		{"client_id": {"x"}, "response_type": {"code"}, "redirect_uri": {"https://elsewhere.example/"}, "login_hint": {"a@example.com"}},
		{"client_id": {"x"}, "response_type": {"code"}, "redirect_uri": {"javascript:alert(1)"}},
		{},
	} {
		to, status := s.follow(t, "GET", s.idp+"/google/authorize?"+q.Encode(), nil)
		require.Nil(t, to)
		require.Equal(t, http.StatusBadRequest, status)
	}
	to, _ := s.follow(t, "GET", s.idp+"/google/authorize?redirect_uri=http://localhost/x", nil)
	require.Equal(t, "invalid_request", to.Query().Get("error"))
	at := &service{url: s.idp}
	require.Equal(t, "unsupported_grant_type", at.do(t, "POST", "/google/token", "", "").str("error"))
	require.Equal(t, "invalid_token", at.do(t, "GET", "/google/userinfo", "x", nil).str("error"))
}

func TestLinksComeBackWithACode(t *testing.T) {
	box := &auth.Mailbox{}
	s := withProviders(t, func(c *auth.Config) { c.ConfirmEmail, c.Mailbox = true, box })
	pkce := func(body map[string]any) map[string]any {
		body["code_challenge"], body["code_challenge_method"] = challenge(), "s256"
		return body
	}
	redirect := "?" + url.Values{"redirect_to": {home}}.Encode()
	mail := func(to string) auth.Mail {
		mails := box.To(to)
		require.NotEmpty(t, mails)
		return mails[len(mails)-1]
	}
	const email, next = "ada@example.com", "byron@example.com"
	var session answer
	for _, tc := range []struct {
		method, path, to string
		body             map[string]any
		amr              string
	}{
		{"POST", "/signup", email, map[string]any{"email": email, "password": password}, "email/signup"},
		{"POST", "/otp", email, map[string]any{"email": email}, "magiclink"},
		{"POST", "/magiclink", email, map[string]any{"email": email}, "magiclink"},
		{"POST", "/recover", email, map[string]any{"email": email}, "recovery"},
	} {
		t.Run(tc.path, func(t *testing.T) {
			a := s.do(t, tc.method, tc.path+redirect, "", pkce(tc.body))
			require.Equal(t, http.StatusOK, a.Status, a.Body)
			back, status := s.follow(t, "GET", mail(tc.to).Link, nil)
			require.Equal(t, http.StatusSeeOther, status)
			require.Equal(t, "localhost:9999", back.Host)
			require.Empty(t, back.Fragment, "nothing that only scripts see")
			session = s.exchange(t, back.Query().Get("code"))
			require.Equal(t, http.StatusOK, session.Status, session.Body)
			amr := s.claimsOf(t, session.str("access_token"))["amr"].([]any)
			require.Equal(t, tc.amr, amr[0].(map[string]any)["method"])
			back, _ = s.follow(t, "GET", mail(tc.to).Link, nil)
			wantError(t, back, "access_denied", "otp_expired")
		})
	}
	token := session.str("access_token")

	// The code that is typed is good as ever.
	s.do(t, "POST", "/otp", "", pkce(map[string]any{"email": email}))
	typed := s.do(t, "POST", "/verify", "", map[string]any{"type": "email", "email": email, "token": mail(email).Code})
	require.Equal(t, http.StatusOK, typed.Status, typed.Body)

	a := s.do(t, "PUT", "/user"+redirect, token, pkce(map[string]any{"email": next}))
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	back, _ := s.follow(t, "GET", mail(email).Link, nil)
	require.Contains(t, back.Query().Get("message"), "other email")
	a = s.do(t, "POST", "/resend"+redirect, "", pkce(map[string]any{"type": "email_change", "email": email}))
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	back, _ = s.follow(t, "GET", mail(email).Link, nil)
	require.Contains(t, back.Query().Get("message"), "other email", "it begins anew")
	back, _ = s.follow(t, "GET", mail(next).Link, nil)
	require.Equal(t, next, s.exchange(t, back.Query().Get("code")).user()["email"])

	for path, body := range map[string]map[string]any{
		"/signup": {"email": "c@example.com", "password": password}, "/otp": {"email": email}, "/magiclink": {"email": email},
		"/recover": {"email": email}, "/resend": {"type": "signup", "email": email}, "/sso": {"domain": "corp.example"},
	} {
		body["code_challenge"] = challenge()
		require.Equal(t, "validation_failed", s.do(t, "POST", path, "", body).code(), path)
	}
	require.Equal(t, "validation_failed", s.do(t, "PUT", "/user", token, map[string]any{"code_challenge": verifier}).code())
}
