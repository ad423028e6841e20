package workorder

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// NewCodeVerifier makes the secret of a sign-in that goes on in a browser (PKCE, RFC
// 7636): what the browser comes back with is worth nothing without it. Keep it for
// [AuthService.ExchangeCode] where only your service can read it, such as an encrypted
// cookie, and use it once.
func NewCodeVerifier() types.Secret {
	var raw [48]byte
	_, _ = rand.Read(raw[:]) // never fails
	return types.Secret(base64.RawURLEncoding.EncodeToString(raw[:]))
}

// pkce is what Auth is told of a code verifier; nothing without one.
type pkce struct {
	Challenge string `json:"code_challenge,omitempty"`
	Method    string `json:"code_challenge_method,omitempty"`
}

var verifierFormat = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// checkVerifier refuses what NewCodeVerifier cannot have made.
func checkVerifier(op, field string, verifier types.Secret) error {
	if !verifierFormat.MatchString(string(verifier)) {
		return sdkerr.Invalid(op, field, "is none of the code verifiers: make it with NewCodeVerifier")
	}
	return nil
}

// challenge makes what Auth is told of a verifier.
func challenge(op string, verifier types.Secret) (pkce, error) {
	if verifier == "" {
		return pkce{}, nil
	}
	if err := checkVerifier(op, "CodeVerifier", verifier); err != nil {
		return pkce{}, err
	}
	sum := sha256.Sum256([]byte(verifier))
	return pkce{base64.RawURLEncoding.EncodeToString(sum[:]), "s256"}, nil
}

// OAuthURLParams describes a sign-in at an OAuth provider.
type OAuthURLParams struct {
	Provider string // required: as in AuthSettings.Providers, such as google
	// RedirectTo is where the browser comes back to in the end: a page of your service
	// that calls [CallbackCode] and [AuthService.ExchangeCode]. It must be one that the
	// project allows; else, and when empty, it is the project's site.
	RedirectTo string
	Scopes     []string          // to ask the provider for, beyond the user's name and address
	Query      map[string]string // for the provider, such as prompt or login_hint
}

// BrowserFlow is a sign-in that goes on in the user's browser.
type BrowserFlow struct {
	URL      string       // where to send the browser
	Verifier types.Secret // for ExchangeCode, see NewCodeVerifier
}

// OAuthURL begins the sign-in at an OAuth provider: it makes the address to send the
// user's browser to, and the verifier that belongs to it. Nothing is sent. The browser
// comes back to RedirectTo with a code for [AuthService.ExchangeCode], or with what went
// wrong.
//
// Fails with ErrInvalidInput when Provider or RedirectTo cannot be one. That the
// project does not offer the provider, Auth tells the browser.
// TypeScript: auth.signInWithOAuth with the flow pkce.
func (s *AuthService) OAuthURL(p OAuthURLParams) (*BrowserFlow, error) {
	const op = "Auth.OAuthURL"
	verifier := NewCodeVerifier()
	query, err := p.query(op, verifier)
	if err != nil {
		return nil, err
	}
	return &BrowserFlow{URL: s.conn.BaseURL() + "/auth/v1/authorize?" + query.Encode(), Verifier: verifier}, nil
}

// reserved are the parts of the query that are the SDK's.
var reserved = map[string]bool{
	"provider": true, "redirect_to": true, "scopes": true, "code_challenge": true, "code_challenge_method": true,
	"skip_http_redirect": true, "apikey": true, "state": true, "client_id": true, "redirect_uri": true, "response_type": true,
}

func (p OAuthURLParams) query(op string, verifier types.Secret) (url.Values, error) {
	if err := sdkerr.RequireText(op, "Provider", p.Provider); err != nil {
		return nil, err
	}
	if err := checkBody(op, p); err != nil {
		return nil, err
	}
	q := url.Values{}
	for name, value := range p.Query {
		if reserved[name] {
			return nil, sdkerr.Invalid(op, "Query["+name+"]", "is set by the SDK")
		}
		q.Set(name, value)
	}
	q.Set("provider", p.Provider)
	if p.RedirectTo != "" {
		if err := checkURL(p.RedirectTo); err != nil {
			return nil, sdkerr.Invalid(op, "RedirectTo", err.Error())
		}
		q.Set("redirect_to", p.RedirectTo)
	}
	if len(p.Scopes) > 0 {
		q.Set("scopes", strings.Join(p.Scopes, " "))
	}
	c, err := challenge(op, verifier)
	if err != nil {
		return nil, err
	}
	q.Set("code_challenge", c.Challenge)
	q.Set("code_challenge_method", c.Method)
	return q, nil
}

// CallbackCode reads the query with which a browser comes back to RedirectTo: the code
// for [AuthService.ExchangeCode], or why there is none. Everything in it comes from
// the browser; what the error says is not to be trusted.
//
// Fails with ErrPermissionDenied when the user or the project said no, with the kind
// of the error's code where Auth gave one, and with ErrUnauthenticated for anything
// else, such as a query without a code.
func CallbackCode(query url.Values) (types.Secret, error) {
	const op = "Auth.CallbackCode"
	if query.Get("error") != "" || query.Get("error_code") != "" {
		return "", sdkerr.FromCallback(op, query.Get("error"), query.Get("error_code"), query.Get("error_description"))
	}
	code := query.Get("code")
	if code == "" {
		return "", sdkerr.New(op, ErrUnauthenticated, "there is no code")
	}
	return types.Secret(code), nil
}

// ExchangeCode begins the session that a browser came back for, with the verifier of
// that very flow: of [AuthService.OAuthURL], [AuthService.SSOURL],
// [AuthService.LinkIdentity], or of a mail whose params had a CodeVerifier. A code is
// good once, until five minutes after the flow began: when the browser was sent to Auth or
// the mail was sent, or a magic link was followed. The client itself stays as it is; use
// [Client.WithSession] to act as the user, and [Session.ProviderToken] to act for the
// user at the provider.
//
// Fails with ErrUnauthenticated when the code is unknown, too old or was used before,
// or the verifier is another flow's.
// TypeScript: auth.exchangeCodeForSession.
func (s *AuthService) ExchangeCode(ctx context.Context, code, verifier types.Secret, opts ...SessionOption) (*Session, error) {
	const op = "Auth.ExchangeCode"
	if err := sdkerr.RequireText(op, "the code", string(code), "the verifier", string(verifier)); err != nil {
		return nil, err
	}
	if err := checkVerifier(op, "the verifier", verifier); err != nil {
		return nil, err
	}
	return s.beginSession(ctx, newAuthority(s.conn), op, "pkce", struct {
		Code     string `json:"auth_code"`
		Verifier string `json:"code_verifier"`
	}{string(code), string(verifier)}, opts)
}

// beginSession runs a grant that begins a session.
func (s *AuthService) beginSession(ctx context.Context, w authWire, op, grantType string, in any, opts []SessionOption) (*Session, error) {
	started := newSessionConfig(opts).now()
	a, err := w.token(ctx, op, grantType, false, in)
	if err != nil {
		return nil, err
	}
	session, err := newSessionFrom(ctx, newAuthority(s.conn), a.grant(), started, opts)
	if err != nil {
		return nil, sdkerr.Wrap(op, nil, err)
	}
	session.providerToken, session.providerRefreshToken = a.ProviderToken, a.ProviderRefreshToken
	return session, nil
}

// IDTokenParams is an ID token that an app got from a provider by itself.
type IDTokenParams struct {
	Provider string       // required: google, apple, azure, facebook, kakao or the issuer's name
	Token    types.Secret // required
	// AccessToken is the provider's, where the ID token carries its hash.
	AccessToken types.Secret
	// Nonce is what the app made the nonce in the token of, where there is one.
	Nonce types.Secret
}

// SignInWithIDToken begins a session for the user whom an ID token names, as a mobile
// app gets one from Google or Apple. A user who is new gets an account.
//
// Fails with ErrUnauthenticated when the token is forged, too old, for another project
// or another nonce, and with ErrPermissionDenied where the project does not offer the
// provider.
// TypeScript: auth.signInWithIdToken.
func (s *AuthService) SignInWithIDToken(ctx context.Context, p IDTokenParams, opts ...SessionOption) (*Session, error) {
	return s.idToken(ctx, newAuthority(s.conn), "Auth.SignInWithIDToken", p, false, opts)
}

// LinkIDToken adds the identity that an ID token names to the account of the client's
// user, and begins another session for them.
//
// Fails as [AuthService.SignInWithIDToken] does, with ErrConflict when the identity is
// an account's already, and with ErrPermissionDenied where the project does not allow
// linking.
// TypeScript: auth.linkIdentity with a token.
func (s *AuthService) LinkIDToken(ctx context.Context, p IDTokenParams, opts ...SessionOption) (*Session, error) {
	const op = "Auth.LinkIDToken"
	if err := s.needUser(op); err != nil {
		return nil, err
	}
	return s.idToken(ctx, authWire{s.conn}, op, p, true, opts)
}

func (s *AuthService) idToken(ctx context.Context, w authWire, op string, p IDTokenParams, link bool, opts []SessionOption) (*Session, error) {
	if err := sdkerr.RequireText(op, "Provider", p.Provider, "Token", string(p.Token)); err != nil {
		return nil, err
	}
	session, err := s.beginSession(ctx, w, op, "id_token", struct {
		Provider    string `json:"provider"`
		Token       string `json:"id_token"`
		AccessToken string `json:"access_token,omitempty"`
		Nonce       string `json:"nonce,omitempty"`
		Link        bool   `json:"link_identity,omitempty"`
	}{p.Provider, string(p.Token), string(p.AccessToken), string(p.Nonce), link}, opts)
	var e *SdkError
	if errors.As(err, &e) && (e.Code == "invalid request" || e.Code == "invalid nonce") {
		return nil, withKind(e, ErrUnauthenticated, e.Message) // what Auth says of a bad token
	}
	return session, err
}

// SSOURLParams says whose single sign-on to begin.
type SSOURLParams struct {
	Domain     string // of the organisation's e-mail addresses; this, or ProviderID
	ProviderID string // of the project's single sign-on provider
	RedirectTo string // where the browser comes back to; see OAuthURLParams
}

// SSOURL begins the single sign-on of an organisation: it asks Auth for the address
// to send the user's browser to. The browser comes back as after
// [AuthService.OAuthURL].
//
// Fails with ErrNotFound when the project knows no such organisation, and with
// ErrPermissionDenied where it offers no single sign-on.
// TypeScript: auth.signInWithSSO.
func (s *AuthService) SSOURL(ctx context.Context, p SSOURLParams) (*BrowserFlow, error) {
	const op = "Auth.SSOURL"
	switch {
	case p.Domain == "" && p.ProviderID == "":
		return nil, sdkerr.Required(op, "Domain or ProviderID")
	case p.Domain != "" && p.ProviderID != "":
		return nil, sdkerr.Invalid(op, "Domain and ProviderID", "are both given")
	case p.ProviderID != "":
		if _, err := parseID(op, "ProviderID", p.ProviderID); err != nil {
			return nil, err
		}
	}
	if _, err := redirect(op, p.RedirectTo); err != nil {
		return nil, err
	}
	verifier := NewCodeVerifier()
	c, err := challenge(op, verifier)
	if err != nil {
		return nil, err
	}
	var a struct {
		URL string `json:"url"`
	}
	err = newAuthority(s.conn).do(ctx, api.Request{Op: op, Method: http.MethodPost, Path: "/sso"}, struct {
		Domain     string `json:"domain,omitempty"`
		ProviderID string `json:"provider_id,omitempty"`
		RedirectTo string `json:"redirect_to,omitempty"`
		Skip       bool   `json:"skip_http_redirect"`
		pkce
	}{p.Domain, p.ProviderID, p.RedirectTo, true, c}, &a)
	if err != nil {
		return nil, err
	}
	return newBrowserFlow(op, a.URL, verifier)
}

// newBrowserFlow refuses an answer that leads nowhere.
func newBrowserFlow(op, to string, verifier types.Secret) (*BrowserFlow, error) {
	if err := checkURL(to); err != nil {
		return nil, sdkerr.New(op, sdkerr.ErrDecode, "the answer has no URL")
	}
	return &BrowserFlow{URL: to, Verifier: verifier}, nil
}
