// Package auth is the Auth service of the local stack: what Supabase Auth does
// for clients that sign up, sign in, refresh and administer users with
// passwords, one-time codes, OAuth providers, single sign-on and second factors, with
// the same statuses, bodies and error codes.
//
// It sends nothing: what would be a mail or a text message goes into a [Mailbox]. An
// [IdentityProvider] of its own stands in for all others.
package auth

import (
	"context"
	_ "embed" // schema.sql
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/crypto/bcrypt"

	"github.com/workorder-systems/sdk-go/devstack/internal/signing"
)

// SchemaSQL creates the tables the service keeps its state in, and the
// functions auth.uid, auth.role, auth.email and auth.jwt. Run it once per
// database, after the roles exist and before the backend's own statements.
//
//go:embed schema.sql
var SchemaSQL string

// Config describes one Auth service. Only Pool and JWTSecret are required.
type Config struct {
	// Pool connects as the superuser or as supabase_auth_admin.
	Pool *pgxpool.Pool
	// JWTSecret signs access tokens (HS256) and verifies those of callers. When there
	// are SigningKeys, these sign, and tokens of both kinds are taken.
	JWTSecret   []byte
	SigningKeys *signing.Keys
	// JWTExpiry is the lifetime of an access token; one hour when zero.
	JWTExpiry time.Duration
	// Issuer is the claim iss, the URL of the service as clients see it.
	Issuer string
	// Hook names the function schema.name(event jsonb) returns jsonb that may
	// change the claims of every token; authz.custom_access_token_hook when
	// empty. While the database has no such function, tokens stay as they are.
	Hook string
	// ReuseInterval is how long a used refresh token still yields the session's
	// active one; ten seconds when zero, never when negative.
	ReuseInterval time.Duration
	// SessionLifetime ends sessions that long after sign-in; zero means never.
	SessionLifetime time.Duration
	// PasswordCost is the bcrypt cost; bcrypt.MinCost when zero, because a local
	// stack protects nothing and tests sign many users up.
	PasswordCost int
	// MinPasswordLength is six when zero.
	MinPasswordLength int
	// ConfirmEmail leaves new users unconfirmed: a sign-up answers with a user
	// and no tokens, and password sign-in fails until an administrator confirms.
	ConfirmEmail bool
	// DisableSignup refuses sign-ups; administrators can still create users.
	DisableSignup bool
	// Anonymous lets users sign up with nothing.
	Anonymous bool
	// Phone lets users sign in by codes that are sent to a phone number.
	Phone bool
	// Reauthenticate asks for the nonce of a re-authentication mail with a new
	// password, unless the session is younger than a day.
	Reauthenticate bool
	// CodeExpiry is how long codes are good; one hour when zero.
	CodeExpiry time.Duration
	// SiteURL is where links lead that name no other place on this machine;
	// http://localhost:3000 when empty.
	SiteURL string
	// IdentityProvider plays the OAuth providers and organisations below.
	IdentityProvider *IdentityProvider
	// Providers are the OAuth providers that users can sign in with, such as google.
	Providers []string
	// SSODomains are the domains of organisations whose users sign in there.
	SSODomains []string
	// ManualLinking lets users add identities to their account and take them away.
	ManualLinking bool
	// Mailbox gets what is sent; one that nobody reads when nil.
	Mailbox *Mailbox
	// RateLimits are off when zero.
	RateLimits RateLimits
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Logger receives the causes of 500 answers; they are dropped when nil.
	Logger *slog.Logger
}

// RateLimits bound the calls that one IP address may make in five minutes.
// Zero means no limit. More is answered with 429 over_request_rate_limit.
type RateLimits struct {
	SignInUp int // sign-ups and password sign-ins together
	Refresh  int
	Verify   int // tries of codes
	// MailEvery is the least time between two messages of a kind to a user.
	MailEvery time.Duration
}

// New returns the service's handler. It expects paths below /auth/v1 with that
// prefix stripped, and does not touch the database before the first request.
func New(cfg Config) (http.Handler, error) {
	s := &server{Config: cfg}
	switch {
	case cfg.Pool == nil:
		return nil, errors.New("auth: Config.Pool is required")
	case len(cfg.JWTSecret) == 0:
		return nil, errors.New("auth: Config.JWTSecret is required")
	case cfg.IdentityProvider == nil && len(cfg.Providers)+len(cfg.SSODomains) > 0:
		return nil, errors.New("auth: Config.Providers and SSODomains need an IdentityProvider")
	}
	for _, name := range cfg.Providers {
		if !slices.Contains(providers, name) {
			return nil, fmt.Errorf("auth: there is no OAuth provider %q", name)
		}
	}
	if s.JWTExpiry == 0 {
		s.JWTExpiry = time.Hour
	}
	if s.Issuer == "" {
		s.Issuer = "http://127.0.0.1:54321/auth/v1"
	}
	if s.Hook == "" {
		s.Hook = "authz.custom_access_token_hook"
	}
	s.hookName = pgx.Identifier(strings.Split(s.Hook, ".")).Sanitize()
	if s.ReuseInterval == 0 {
		s.ReuseInterval = 10 * time.Second
	}
	if s.PasswordCost == 0 {
		s.PasswordCost = bcrypt.MinCost
	}
	if s.MinPasswordLength == 0 {
		s.MinPasswordLength = 6
	}
	if s.CodeExpiry == 0 {
		s.CodeExpiry = time.Hour
	}
	if s.SiteURL == "" {
		s.SiteURL = "http://localhost:3000"
	}
	if s.Mailbox == nil {
		s.Mailbox = &Mailbox{}
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	s.ssoProviders = newSSOProviders(cfg.SSODomains, s.Now())
	s.signInUpLimit = newLimiter(cfg.RateLimits.SignInUp)
	s.refreshLimit = newLimiter(cfg.RateLimits.Refresh)
	s.verifyLimit = newLimiter(cfg.RateLimits.Verify)
	return s.routes(), nil
}

type server struct {
	Config
	hookName      string // Hook, quoted
	signInUpLimit *limiter
	refreshLimit  *limiter
	verifyLimit   *limiter
	ssoProviders  []ssoProvider
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, h func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := h(w, r); err != nil {
				s.writeError(w, r, err)
			}
		})
	}
	handle("GET /health", s.health)
	handle("GET /settings", s.settings)
	handle("GET /.well-known/jwks.json", s.jwks)

	handle("POST /signup", s.signup)
	handle("POST /token", s.token)
	handle("POST /logout", s.logout)
	handle("GET /user", s.getUser)
	handle("PUT /user", s.putUser)

	handle("GET /authorize", s.authorize)
	handle("GET /callback", s.callback)
	handle("POST /callback", s.callback)
	handle("GET /user/identities/authorize", s.linkIdentity)
	handle("DELETE /user/identities/{identity}", s.unlinkIdentity)
	handle("POST /sso", s.sso)
	handle("POST /verify", s.verify)
	handle("GET /verify", s.followLink)
	handle("POST /otp", s.otp)
	handle("POST /magiclink", s.magicLink)
	handle("POST /recover", s.recover)
	handle("POST /resend", s.resend)
	handle("GET /reauthenticate", s.reauthenticate)

	handle("POST /factors", s.enrollFactor)
	handle("POST /factors/{factor}/challenge", s.challengeFactor)
	handle("POST /factors/{factor}/verify", s.verifyFactor)
	handle("DELETE /factors/{factor}", s.unenrollFactor)

	handle("POST /invite", s.invite)
	handle("GET /admin/users", s.adminListUsers)
	handle("POST /admin/users", s.adminCreateUser)
	handle("GET /admin/users/{id}", s.adminGetUser)
	handle("PUT /admin/users/{id}", s.adminUpdateUser)
	handle("DELETE /admin/users/{id}", s.adminDeleteUser)
	handle("GET /admin/users/{id}/factors", s.adminListFactors)
	handle("DELETE /admin/users/{id}/factors/{factor}", s.adminDeleteFactor)
	handle("POST /admin/generate_link", s.generateLink)
	handle("GET /admin/sso/providers", s.adminListSSOProviders)
	handle("GET /admin/audit", s.adminAudit)
	handle("GET /admin/oauth/clients", s.adminListOAuthClients)
	handle("POST /admin/oauth/clients", s.adminCreateOAuthClient)
	handle("GET /admin/oauth/clients/{client}", s.adminGetOAuthClient)
	handle("PUT /admin/oauth/clients/{client}", s.adminUpdateOAuthClient)
	handle("DELETE /admin/oauth/clients/{client}", s.adminDeleteOAuthClient)
	handle("POST /admin/oauth/clients/{client}/regenerate_secret", s.adminRegenerateOAuthClient)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			w = &textless{ResponseWriter: w}
		}
		mux.ServeHTTP(w, r)
	})
}

// textless drops the text of a 405 answer, which Auth sends without one.
type textless struct {
	http.ResponseWriter
	drop bool
}

func (w *textless) WriteHeader(status int) {
	if w.drop = status == http.StatusMethodNotAllowed; w.drop {
		w.Header().Del("Content-Type")
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *textless) Write(p []byte) (int, error) {
	if w.drop {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// tx runs fn in one transaction.
func (s *server) tx(ctx context.Context, fn func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.Pool, fn)
}
