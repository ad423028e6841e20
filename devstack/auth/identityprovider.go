package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ClientID is what the Auth service is called at its identity provider. An app
// that gets ID tokens there by itself has to ask for them as this client.
const ClientID = "devstack"

// IdentityProvider plays the OAuth providers and the single sign-on of
// organisations that users of a real Auth service sign in with. It knows no
// accounts: whoever comes says who they are. An address that is given as login_hint
// is signed in at once; prompt=none without one fails with login_required; else
// there is a form.
//
// Below the URL it is served at, it answers /{provider}/authorize, where browsers
// go, /{provider}/token, where apps exchange the code that browsers come back with
// for an ID token and an access token, and /{provider}/userinfo, which takes the
// access token.
type IdentityProvider struct {
	url string
	key *ecdsa.PrivateKey
	mux *http.ServeMux

	mu     sync.Mutex
	codes  map[string]account // each is good once
	tokens map[string]account
}

// account is who came, and what for.
type account struct {
	provider, clientID, redirectURI, nonce string
	subject, email, name                   string
	verified                               bool // the address
	at                                     time.Time
}

// NewIdentityProvider makes an identity provider that is served at url.
func NewIdentityProvider(url string) (*IdentityProvider, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	p := &IdentityProvider{url: url, key: key, mux: http.NewServeMux(), codes: map[string]account{}, tokens: map[string]account{}}
	p.mux.HandleFunc("GET /{provider}/authorize", p.authorize)
	p.mux.HandleFunc("POST /{provider}/authorize", p.authorize)
	p.mux.HandleFunc("POST /{provider}/token", p.token)
	p.mux.HandleFunc("GET /{provider}/userinfo", p.userInfo)
	return p, nil
}

// ServeHTTP implements http.Handler, for paths below the provider's URL.
func (p *IdentityProvider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

var signInForm = template.Must(template.New("").Parse(`<!doctype html>
<title>Sign in with {{.}}</title>
<form method="post">
<p>This is the local stack in the place of {{.}}. Who are you?</p>
<p><label>E-mail address <input name="email" type="email" required></label></p>
<p><label>Name <input name="name"></label></p>
<p><label><input name="unverified" type="checkbox" value="1"> The address is not verified</label></p>
<p><button>Sign in</button> <button name="deny" value="1" formnovalidate>Deny</button></p>
</form>
`))

// authorize asks who comes, and sends the browser back with a code.
func (p *IdentityProvider) authorize(w http.ResponseWriter, r *http.Request) {
	q, provider := r.URL.Query(), r.PathValue("provider")
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || !onThisMachine(back) {
		http.Error(w, "redirect_uri is no URL on this machine", http.StatusBadRequest)
		return
	}
	answer := back.Query()
	answer.Set("state", q.Get("state"))
	email, name, verified := q.Get("login_hint"), "", true
	if r.Method == http.MethodPost {
		email, name, verified = r.PostFormValue("email"), r.PostFormValue("name"), r.PostFormValue("unverified") == ""
	}
	switch {
	case q.Get("client_id") == "" || q.Get("response_type") != "code":
		answer.Set("error", "invalid_request")
		answer.Set("error_description", "client_id and response_type=code are needed")
	case r.Method == http.MethodPost && r.PostFormValue("deny") != "":
		answer.Set("error", "access_denied")
		answer.Set("error_description", "The user denied the request")
	case email == "" && q.Get("prompt") == "none":
		answer.Set("error", "login_required")
		answer.Set("error_description", "The user is not signed in")
	case email == "":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = signInForm.Execute(w, provider) // the browser may have gone
		return
	default:
		answer.Set("code", p.issue(account{
			provider: provider, clientID: q.Get("client_id"), redirectURI: q.Get("redirect_uri"), nonce: q.Get("nonce"),
			subject: subjectOf(provider, email), email: strings.ToLower(email), name: name, verified: verified, at: time.Now(),
		}))
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// subjectOf is who somebody is at a provider: the same address is the same person.
func subjectOf(provider, email string) string {
	sum := sha256.Sum256([]byte(provider + ":" + strings.ToLower(email)))
	return hex.EncodeToString(sum[:12])
}

// codeLife is how long a code of the identity provider is good, and tokenLife a token.
const (
	codeLife  = time.Minute
	tokenLife = time.Hour
)

func (p *IdentityProvider) issue(a account) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for code, old := range p.codes {
		if time.Since(old.at) > codeLife {
			delete(p.codes, code)
		}
	}
	for token, old := range p.tokens {
		if time.Since(old.at) > tokenLife {
			delete(p.tokens, token)
		}
	}
	code := rand.Text()
	p.codes[code] = a
	return code
}

// exchange uses a code up for an access token.
func (p *IdentityProvider) exchange(provider, code, clientID, redirectURI string) (a account, token string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, ok = p.codes[code]
	delete(p.codes, code)
	if !ok || a.provider != provider || a.clientID != clientID || a.redirectURI != redirectURI || time.Since(a.at) > codeLife {
		return account{}, "", false
	}
	token = rand.Text()
	p.tokens[token] = a
	return a, token, true
}

// token answers an app that signs users in by itself.
func (p *IdentityProvider) token(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("grant_type") != "authorization_code" {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "unsupported_grant_type"})
		return
	}
	a, access, ok := p.exchange(r.PathValue("provider"), r.PostFormValue("code"), r.PostFormValue("client_id"), r.PostFormValue("redirect_uri"))
	if !ok {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	id, err := p.idToken(a)
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": access, "token_type": "Bearer", "expires_in": int(tokenLife.Seconds()), "id_token": id,
	})
}

// userInfo tells whose an access token is.
func (p *IdentityProvider) userInfo(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	a, ok := p.tokens[token]
	p.mu.Unlock()
	if !ok || a.provider != r.PathValue("provider") || time.Since(a.at) > tokenLife {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"sub": a.subject, "email": a.email, "email_verified": a.verified, "name": a.name,
	})
}

// issuers are the providers whose tokens name an issuer that is not their name.
var issuers = map[string]string{
	"apple":    "https://appleid.apple.com",
	"facebook": "https://www.facebook.com",
	"google":   "https://accounts.google.com",
	"kakao":    "https://kauth.kakao.com",
}

// issuer is what the tokens of a provider name.
func (p *IdentityProvider) issuer(provider string) string {
	if name, ok := issuers[provider]; ok {
		return name
	}
	return p.url + "/" + provider
}

// idClaims are the claims of an ID token.
type idClaims struct {
	jwt.RegisteredClaims
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Name          string `json:"name,omitempty"`
	Nonce         string `json:"nonce,omitempty"`
}

func (p *IdentityProvider) idToken(a account) (string, error) {
	now := time.Now()
	return jwt.NewWithClaims(jwt.SigningMethodES256, idClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: p.issuer(a.provider), Subject: a.subject, Audience: jwt.ClaimStrings{a.clientID},
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(tokenLife)),
		},
		Email: a.email, EmailVerified: a.verified, Name: a.name, Nonce: a.nonce,
	}).SignedString(p.key)
}

var errAudience = errors.New("the token is for another client")

// verify reads an ID token of a provider.
func (p *IdentityProvider) verify(provider, token string) (account, error) {
	var c idClaims
	_, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return &p.key.PublicKey, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(p.issuer(provider)), jwt.WithExpirationRequired())
	if err != nil {
		return account{}, err
	}
	if !slices.Contains(c.Audience, ClientID) {
		return account{}, errAudience
	}
	return account{
		provider: provider, subject: c.Subject, email: c.Email, name: c.Name, verified: c.EmailVerified, nonce: c.Nonce,
	}, nil
}

// onThisMachine tells whether a URL leads to a web server of this machine.
func onThisMachine(u *url.URL) bool {
	if u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	switch u.Hostname() {
	case "localhost", "127.0.0.1", "::1":
		return true
	}
	return false
}
