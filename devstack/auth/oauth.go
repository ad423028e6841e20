package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// providers are the OAuth providers that Auth knows.
var providers = []string{
	"apple", "azure", "bitbucket", "discord", "facebook", "figma", "fly",
	"github", "gitlab", "google", "kakao", "keycloak", "linkedin", "linkedin_oidc", "notion",
	"slack", "slack_oidc", "snapchat", "spotify", "twitch", "twitter", "workos", "zoom",
}

// ssoProvider is the single sign-on of an organisation.
type ssoProvider struct {
	ID        string      `json:"id"`
	Domains   []ssoDomain `json:"domains"`
	CreatedAt time.Time   `json:"created_at"`
	UpdatedAt time.Time   `json:"updated_at"`
}

type ssoDomain struct {
	Domain string `json:"domain"`
}

// newSSOProviders gives every domain a provider, whose id is the same every time.
func newSSOProviders(domains []string, now time.Time) []ssoProvider {
	list := []ssoProvider{}
	for _, domain := range domains {
		domain = strings.ToLower(domain)
		list = append(list, ssoProvider{
			ID: uuid.NewSHA1(uuid.NameSpaceDNS, []byte(domain)).String(), Domains: []ssoDomain{{domain}},
			CreatedAt: now.UTC(), UpdatedAt: now.UTC(),
		})
	}
	return list
}

// ssoPrefix begins the names of identities of single sign-on.
const ssoPrefix = "sso:"

// authorize begins the sign-in at an OAuth provider.
func (s *server) authorize(w http.ResponseWriter, r *http.Request) error {
	to, err := s.beginAtProvider(r, "")
	if err != nil {
		return err
	}
	http.Redirect(w, r, to, http.StatusFound)
	return nil
}

// linkIdentity begins the way on which the caller's account gets an identity of an
// OAuth provider.
func (s *server) linkIdentity(w http.ResponseWriter, r *http.Request) error {
	c, err := s.linker(r)
	if err != nil {
		return err
	}
	to, err := s.beginAtProvider(r, c.userID)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("skip_http_redirect") == "true" {
		writeJSON(w, http.StatusOK, map[string]string{"url": to})
		return nil
	}
	http.Redirect(w, r, to, http.StatusFound)
	return nil
}

// linker is a caller who may link identities.
func (s *server) linker(r *http.Request) (caller, error) {
	c, err := s.caller(r)
	if err == nil && !s.ManualLinking {
		err = failf(http.StatusNotFound, "manual_linking_disabled", "Manual linking is disabled")
	}
	return c, err
}

// beginAtProvider begins a flow and returns where the browser goes.
func (s *server) beginAtProvider(r *http.Request, linkTo string) (string, error) {
	q := r.URL.Query()
	provider := strings.ToLower(q.Get("provider"))
	if !s.offers(provider) {
		return "", badRequest("validation_failed", "Unsupported provider: provider is not enabled")
	}
	f := flow{
		provider: provider, method: "oauth", challenge: challenge{q.Get("code_challenge"), q.Get("code_challenge_method")},
		redirect: s.allowed(redirectOf(r)), linkTo: linkTo,
	}
	if err := f.check(); err != nil {
		return "", err
	}
	f, err := s.beginFlow(r.Context(), s.Pool, f)
	if err != nil {
		return "", err
	}
	scopes := q.Get("scopes")
	for _, own := range []string{"provider", "scopes", "redirect_to", "code_challenge", "code_challenge_method", "skip_http_redirect", "apikey"} {
		q.Del(own)
	}
	if scopes != "" {
		q.Set("scope", scopes)
	}
	return s.atProvider(provider, f.id, q), nil
}

// atProvider is where a provider asks the user. What the caller wants to tell the
// provider is in the query.
func (s *server) atProvider(name, state string, q url.Values) string {
	q.Set("client_id", ClientID)
	q.Set("response_type", "code")
	q.Set("redirect_uri", s.callbackURL())
	q.Set("state", state)
	return s.IdentityProvider.url + "/" + name + "/authorize?" + q.Encode()
}

func (s *server) callbackURL() string { return s.Issuer + "/callback" }

func (s *server) offers(provider string) bool {
	return s.IdentityProvider != nil && slices.Contains(s.Providers, provider)
}

// sso begins the single sign-on of an organisation. A real Auth service speaks SAML
// with it, of which its callers see nothing either.
func (s *server) sso(w http.ResponseWriter, r *http.Request) error {
	if !s.samlEnabled() {
		return failf(http.StatusNotFound, "saml_provider_disabled", "SAML 2.0 is disabled")
	}
	var p struct {
		ProviderID string `json:"provider_id"`
		Domain     string `json:"domain"`
		RedirectTo string `json:"redirect_to"`
		SkipHTTP   *bool  `json:"skip_http_redirect"`
		challenge
	}
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	id, idErr := uuid.Parse(p.ProviderID)
	switch {
	case p.ProviderID == "" && p.Domain == "":
		return badRequest("validation_failed", "A provider_id or a domain is required")
	case p.ProviderID != "" && p.Domain != "":
		return badRequest("validation_failed", "Only one of provider_id or domain supported")
	case p.ProviderID != "" && idErr != nil:
		return badRequest("validation_failed", "provider_id must be an UUID")
	}
	if err := p.check(); err != nil {
		return err
	}
	at := slices.IndexFunc(s.ssoProviders, func(known ssoProvider) bool {
		return known.ID == id.String() || known.Domains[0].Domain == strings.ToLower(p.Domain)
	})
	if at < 0 {
		return failf(http.StatusNotFound, "sso_provider_not_found", "No such SSO provider")
	}
	provider := s.ssoProviders[at].ID
	f, err := s.beginFlow(r.Context(), s.Pool, flow{
		provider: ssoPrefix + provider, method: "sso/saml", challenge: p.challenge, redirect: s.allowed(p.RedirectTo),
	})
	if err != nil {
		return err
	}
	to := s.atProvider(provider, f.id, url.Values{})
	if p.SkipHTTP != nil && *p.SkipHTTP {
		writeJSON(w, http.StatusOK, map[string]string{"url": to})
		return nil
	}
	sendTo(w, to)
	return nil
}

func (s *server) samlEnabled() bool { return s.IdentityProvider != nil && len(s.ssoProviders) > 0 }

func (s *server) adminListSSOProviders(w http.ResponseWriter, r *http.Request) error {
	if err := s.admin(r); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"items": s.ssoProviders})
	return nil
}

// callback takes the browser that comes back from a provider, and sends it on to
// the page that began.
func (s *server) callback(w http.ResponseWriter, r *http.Request) error {
	state := r.FormValue("state")
	if state == "" {
		s.sendBackError(w, r, s.SiteURL, badRequest("bad_oauth_callback", "OAuth state parameter missing"))
		return nil
	}
	f, err := s.findFlow(r.Context(), state)
	if err != nil {
		s.sendBackError(w, r, s.SiteURL, err)
		return nil
	}
	answer, code, err := s.comeBack(r, f)
	switch {
	case err != nil:
		s.sendBackError(w, r, f.redirect, err)
	case answer != nil:
		sendBackTokens(w, f.redirect, "", answer)
	default:
		sendBack(w, f.redirect, code)
	}
	return nil
}

// comeBack finds or makes the user who comes back from a provider. A flow with a
// challenge goes on with a code, one without with tokens.
func (s *server) comeBack(r *http.Request, f flow) (answer *tokenResponse, code string, err error) {
	if name := r.FormValue("error"); name != "" {
		return nil, "", &oauthError{name, r.FormValue("error_description")}
	}
	if s.IdentityProvider == nil {
		return nil, "", badRequest("provider_disabled", "Provider is not enabled")
	}
	a, token, ok := s.IdentityProvider.exchange(strings.TrimPrefix(f.provider, ssoPrefix), r.FormValue("code"), ClientID, s.callbackURL())
	if !ok {
		return nil, "", badRequest("bad_oauth_callback", "Unable to exchange external code")
	}
	ctx := r.Context()
	var unverified error
	err = s.tx(ctx, func(tx pgx.Tx) error {
		u, err := s.externalUser(ctx, tx, f.provider, a, f.linkTo)
		if err != nil {
			return err
		}
		unverified = s.wantsVerification(ctx, tx, u, f)
		if unverified == nil {
			answer, code, err = s.endFlow(ctx, tx, r, u, f, token)
		}
		return err // nil for an unverified user, whose account and mail stay
	})
	if err == nil {
		err = unverified
	}
	return answer, code, err
}

// endFlow gives a flow with a challenge its code, and one without its tokens.
func (s *server) endFlow(ctx context.Context, tx pgx.Tx, r *http.Request, u *user, f flow, token string) (*tokenResponse, string, error) {
	if f.given() {
		code, err := s.issueCode(ctx, tx, f, u.ID, token)
		return nil, code, err
	}
	if _, err := tx.Exec(ctx, `delete from auth.flow_state where id = $1`, f.id); err != nil {
		return nil, "", err
	}
	answer, err := s.openSession(ctx, tx, r, u, f.method)
	if err != nil {
		return nil, "", err
	}
	answer.ProviderToken = token
	return answer, "", nil
}

// wantsVerification asks a user whose address the provider does not vouch for to
// confirm it, where the project wants that.
func (s *server) wantsVerification(ctx context.Context, tx pgx.Tx, u *user, f flow) error {
	if u.confirmed() || u.Email == "" || !s.ConfirmEmail || f.linkTo != "" {
		return nil
	}
	if err := s.send(ctx, tx, u, message{token: confirmationToken, kind: "signup", to: u.Email, redirect: f.redirect}); err != nil {
		return err
	}
	return unprocessable("provider_email_needs_verification",
		"Unverified email with %[1]s. A confirmation email has been sent to your %[1]s email", f.provider)
}

// externalUser finds the user with an identity of a provider. One who has none yet
// gets it: the user who asked to link it, the one with the same address where the
// provider vouches for it, or a new one.
func (s *server) externalUser(ctx context.Context, tx pgx.Tx, provider string, a account, linkTo string) (*user, error) {
	u, err := findUser(ctx, tx, `where id = (select user_id from auth.identities where provider = $1 and provider_id = $2) for update`,
		provider, a.subject)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, err
	}
	data := s.identityData(a)
	switch {
	case err == nil && linkTo == u.ID:
		return nil, unprocessable("identity_already_exists", "Identity is already linked")
	case err == nil && linkTo != "":
		return nil, unprocessable("identity_already_exists", "Identity is already linked to another user")
	case err == nil:
		_, err = tx.Exec(ctx, `
			update auth.identities set identity_data = identity_data || $3, last_sign_in_at = $4, updated_at = $4
			where provider = $1 and provider_id = $2`, provider, a.subject, data, s.Now())
	case linkTo != "":
		u, err = s.giveIdentity(ctx, tx, linkTo, provider, a, data)
		data = nil // it says nothing new about who asked
	default:
		u, err = s.newExternalUser(ctx, tx, provider, a, data)
	}
	if err != nil {
		return nil, err
	}
	if u, err = findUser(ctx, tx, `where id = $1 for update`, u.ID); err != nil {
		return nil, err
	}
	if u.banned(s.Now()) {
		return nil, failf(http.StatusForbidden, "user_banned", "User is banned")
	}
	if err := s.setMetadata(ctx, tx, u, providersOf(u), data); err != nil {
		return nil, err
	}
	return findUser(ctx, tx, `where id = $1`, u.ID)
}

// newExternalUser gives the identity to the user with the same address, or to a new
// one. Organisations' users are never those of somebody else.
func (s *server) newExternalUser(ctx context.Context, tx pgx.Tx, provider string, a account, data metadata) (*user, error) {
	sso := strings.HasPrefix(provider, ssoPrefix)
	if !sso {
		u, err := findUser(ctx, tx, byEmail+` for update`, a.email)
		switch {
		case err == nil && a.verified:
			return u, s.joinIdentity(ctx, tx, u, provider, a, data)
		case err == nil:
			a.email = "" // it is somebody else's until proven
		case !errors.Is(err, pgx.ErrNoRows):
			return nil, err
		}
	}
	if s.DisableSignup {
		return nil, unprocessable("signup_disabled", "Signups not allowed for this instance")
	}
	u, err := s.insertUser(ctx, tx, newUser{
		id: uuid.NewString(), aud: "authenticated", role: "authenticated", email: a.email, sso: sso,
		provider: provider, providerID: a.subject, userMetadata: data, identityData: data,
		confirmed: a.email != "" && (a.verified || !s.ConfirmEmail),
	})
	if err != nil {
		return nil, err
	}
	return u, s.audit(ctx, tx, u, "user_signedup", map[string]any{"provider": provider})
}

// joinIdentity adds an identity to the user whose address it proves. An account
// that was never confirmed may be somebody else's try: its ways in are shut.
func (s *server) joinIdentity(ctx context.Context, tx pgx.Tx, u *user, provider string, a account, data metadata) error {
	if !u.confirmed() {
		for _, sql := range []string{
			`delete from auth.identities where user_id = $1`,
			`delete from auth.sessions where user_id = $1`,
			`update auth.users set encrypted_password = '', raw_user_meta_data = '{}' where id = $1`,
		} {
			if _, err := tx.Exec(ctx, sql, u.ID); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `update auth.users set email_confirmed_at = $2 where id = $1`, u.ID, s.Now()); err != nil {
			return err
		}
	}
	return s.addIdentity(ctx, tx, u.ID, provider, a.subject, data)
}

func (s *server) addIdentity(ctx context.Context, tx pgx.Tx, userID, provider, subject string, data metadata) error {
	_, err := tx.Exec(ctx, `
		insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $5, $5)`, subject, userID, data, provider, s.Now())
	return err
}

// giveIdentity adds an identity to the user who asked for it, and its address to one
// who has none.
func (s *server) giveIdentity(ctx context.Context, tx pgx.Tx, userID, provider string, a account, data metadata) (*user, error) {
	u, err := findUser(ctx, tx, `where id = $1 for update`, userID)
	if err != nil {
		return nil, errCallerGone(err)
	}
	if err := s.addIdentity(ctx, tx, userID, provider, a.subject, data); err != nil {
		return nil, err
	}
	if u.Email != "" {
		return u, nil
	}
	_, err = tx.Exec(ctx, `
		update auth.users set email = $2, email_confirmed_at = case when $3 then $4::timestamptz end, is_anonymous = false
		where id = $1`, userID, a.email, a.verified || !s.ConfirmEmail, s.Now())
	if isUniqueViolation(err) {
		return nil, errEmailExists()
	}
	return u, err
}

// identityData is what an identity keeps of who came.
func (s *server) identityData(a account) metadata {
	data := metadata{
		"iss": jsonValue(s.IdentityProvider.issuer(a.provider)), "sub": jsonValue(a.subject), "provider_id": jsonValue(a.subject),
		"email": jsonValue(a.email), "email_verified": jsonValue(a.verified), "phone_verified": jsonValue(false),
	}
	if a.name != "" {
		data["name"], data["full_name"] = jsonValue(a.name), jsonValue(a.name)
	}
	return data
}

// providersOf is what app_metadata says of how a user can sign in.
func providersOf(u *user) metadata {
	var names []string
	for _, i := range u.Identities {
		if !slices.Contains(names, i.Provider) {
			names = append(names, i.Provider)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return metadata{"provider": jsonValue(names[0]), "providers": jsonValue(names)}
}

// unlinkIdentity takes an identity away from the caller, who must keep one.
func (s *server) unlinkIdentity(w http.ResponseWriter, r *http.Request) error {
	c, err := s.linker(r)
	if err != nil {
		return err
	}
	id, err := uuid.Parse(r.PathValue("identity"))
	if err != nil {
		return failf(http.StatusNotFound, "validation_failed", "identity_id must be an UUID")
	}
	ctx := r.Context()
	err = s.tx(ctx, func(tx pgx.Tx) error {
		u, err := findUser(ctx, tx, `where id = $1 for update`, c.userID)
		if err != nil {
			return errCallerGone(err)
		}
		at := slices.IndexFunc(u.Identities, func(i identity) bool { return i.RowID == id.String() })
		switch {
		case len(u.Identities) <= 1:
			return unprocessable("single_identity_not_deletable", "User must have at least 1 identity after unlinking")
		case at < 0:
			return unprocessable("identity_not_found", "Identity doesn't exist")
		}
		if _, err := tx.Exec(ctx, `delete from auth.identities where id = $1`, id.String()); err != nil {
			return err
		}
		gone := u.Identities[at]
		traits := map[string]any{"identity_id": gone.RowID, "provider": gone.Provider, "provider_id": gone.ID}
		if err := s.audit(ctx, tx, u, "identity_unlinked", traits); err != nil {
			return err
		}
		return s.afterUnlinking(ctx, tx, u, gone)
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

// afterUnlinking keeps the user's address and number those of an identity.
func (s *server) afterUnlinking(ctx context.Context, tx pgx.Tx, u *user, gone identity) error {
	if gone.Provider == "phone" {
		if _, err := tx.Exec(ctx, `update auth.users set phone = null, phone_confirmed_at = null where id = $1`, u.ID); err != nil {
			return err
		}
	}
	kept := slices.DeleteFunc(slices.Clone(u.Identities), func(i identity) bool { return i.RowID == gone.RowID })
	if gone.Email == u.Email && !slices.ContainsFunc(kept, func(i identity) bool { return i.Email == u.Email }) {
		_, err := tx.Exec(ctx, `update auth.users set email = $2, updated_at = $3 where id = $1`, u.ID, nullIfEmpty(kept[0].Email), s.Now())
		if isUniqueViolation(err) {
			return unprocessable("email_conflict_identity_not_deletable", "Unable to unlink identity due to email conflict")
		}
		if err != nil {
			return err
		}
	}
	u.Identities = kept
	return s.setMetadata(ctx, tx, u, providersOf(u), nil)
}

// idTokenGrant signs in with a token that an app got from a provider by itself, or
// links its identity to the caller.
func (s *server) idTokenGrant(w http.ResponseWriter, r *http.Request) error {
	var p struct {
		IDToken  string `json:"id_token"`
		Provider string `json:"provider"`
		Nonce    string `json:"nonce"`
		Link     bool   `json:"link_identity"`
	}
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	if p.IDToken == "" {
		return &oauthError{"invalid request", "id_token required"}
	}
	if !s.offers(p.Provider) {
		issuer := p.Provider
		if name, ok := issuers[p.Provider]; ok {
			issuer = name
		}
		return badRequest("provider_disabled", "Provider (issuer %q) is not enabled", issuer)
	}
	a, err := s.IdentityProvider.verify(p.Provider, p.IDToken)
	switch hashed := sha256.Sum256([]byte(p.Nonce)); {
	case errors.Is(err, errAudience):
		return badRequest("unexpected_audience", "Unacceptable audience in id_token")
	case err != nil:
		return &oauthError{"invalid request", "Bad ID token"}
	case (p.Nonce == "") != (a.nonce == ""):
		return &oauthError{"invalid request", "Passed nonce and nonce in id_token should either both exist or not."}
	case p.Nonce != "" && hex.EncodeToString(hashed[:]) != a.nonce:
		return &oauthError{"invalid nonce", "Nonces mismatch"}
	}
	linkTo := ""
	if p.Link {
		c, err := s.linker(r)
		if err != nil {
			return err
		}
		linkTo = c.userID
	}
	ctx := r.Context()
	var answer *tokenResponse
	var unverified error
	err = s.tx(ctx, func(tx pgx.Tx) error {
		u, err := s.externalUser(ctx, tx, p.Provider, a, linkTo)
		if err != nil {
			return err
		}
		unverified = s.wantsVerification(ctx, tx, u, flow{provider: p.Provider, linkTo: linkTo})
		if unverified == nil {
			answer, err = s.openSession(ctx, tx, r, u, "oauth")
		}
		return err
	})
	if err == nil {
		err = unverified
	}
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}
