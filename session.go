package workorder

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/internal/session"
	"github.com/workorder-systems/sdk-go/types"
)

// SessionStore keeps the refresh token of a session, so that it survives a
// restart of the program. The token is a secret: whoever holds it is the user.
//
// A refresh token is worth one use: every refresh replaces it. Auth tolerates
// the token before the newest, so a store may lag one refresh behind, but not
// two. A store therefore belongs to one Session of one running program at a
// time, unless it is a [SessionLocker]. Package sessionstore has stores to use.
type SessionStore interface {
	// Load returns the stored refresh token, or "" when there is none.
	Load(ctx context.Context) (refreshToken string, err error)

	// Save stores the refresh token in place of the one before. It is called
	// before the access token that came with it is handed out. An empty token
	// means that the user signed out: remove what is stored.
	Save(ctx context.Context, refreshToken string) error
}

// SessionLocker is a SessionStore that several programs share, such as the
// replicas of a worker: one service account, one chain of refresh tokens.
//
// A session with such a store takes the lock, loads the refresh token, which
// another replica may have replaced, refreshes, saves and gives the lock back.
// The user's tenant is stored with Auth under the same lock, so that replicas
// do not come between each other's storing and refreshing. What the store holds
// comes before the refresh token that the session was made with; that one only
// begins the session where the store is empty, or where Auth says that the
// stored one is over.
//
// Replicas must not use a token twice, and whoever goes on from the store must
// find one that still works. So without the lock there is no refresh, and while
// Save fails there is no second one: once the access token at hand has expired,
// calls fail until the store works again, with [ErrUnavailable] where the lock
// cannot be had. Nothing is lost meanwhile.
//
// The tenant that Auth stores for the user is that of the replica that asked
// last. So replicas use [Client.ForTenant] or a [TenantPool], and none relies on
// the session's own tenant.
type SessionLocker interface {
	SessionStore

	// Lock waits until nobody else has the store's lock, in this process or
	// another, and takes it. When the process that has it dies the lock comes
	// free. ctx bounds the wait alone. A Save after the lock was lost must fail.
	Lock(ctx context.Context) (unlock func(), err error)
}

// SessionOption changes how a Session works.
type SessionOption func(*sessionConfig)

type sessionConfig struct {
	store     SessionStore
	advisory  time.Duration
	mandatory time.Duration
	timeout   time.Duration
	coolDown  time.Duration
	healPause time.Duration // longest wait before the tenant is set again, times the try
	now       func() time.Time
}

// WithSessionStore keeps the session's refresh token in store.
//
// When Save fails the call that needed the token does not: the new refresh
// token stays in memory, the session saves it before the next refresh, and
// until that works it refreshes only when no access token it holds is valid any
// more. [Session.Flush] reports and repairs the failure. A store that several
// programs share is a [SessionLocker].
func WithSessionStore(store SessionStore) SessionOption {
	return func(c *sessionConfig) { c.store = store }
}

// WithRefreshMargins sets how long before its expiry an access token is
// replaced. Within advisory of the expiry the old token is still handed out
// while one refresh runs; within mandatory of it calls wait for the refresh.
// The defaults are five minutes and thirty seconds. For short-lived tokens the
// margins shrink to a quarter and a tenth of the lifetime.
func WithRefreshMargins(advisory, mandatory time.Duration) SessionOption {
	return func(c *sessionConfig) { c.advisory, c.mandatory = advisory, mandatory }
}

// WithClock lets the session tell the time by now in place of [time.Now], for tests
// in which time passes faster. The session counts the lifetime of a token from when
// it asked for it, on this clock, so it need not agree with the server's.
func WithClock(now func() time.Time) SessionOption {
	return func(c *sessionConfig) {
		if now != nil {
			c.now = now
		}
	}
}

func newSessionConfig(opts []SessionOption) sessionConfig {
	c := sessionConfig{
		advisory:  5 * time.Minute,
		mandatory: 30 * time.Second,
		timeout:   30 * time.Second,
		coolDown:  5 * time.Second,
		healPause: 50 * time.Millisecond,
		now:       time.Now,
	}
	for _, o := range opts {
		if o != nil {
			o(&c)
		}
	}
	c.mandatory = max(c.mandatory, 0)
	c.advisory = max(c.advisory, c.mandatory)
	return c
}

// Session is one user's sign-in: a chain of refresh tokens and the access
// tokens minted with it. It is a [TokenSource], safe for concurrent use, and
// meant to be shared by every client that acts for the user.
//
// The session refreshes by itself before an access token expires. One refresh
// runs at a time, however many calls wait for it; it is not cancelled when the
// call that began it is, since a refresh cut off half-way would lose the new
// refresh token. After a failure it waits before it tries again, and a token
// that is still valid is used meanwhile. When Auth says that the session is
// over, every call fails with [ErrSessionExpired].
//
// A session keeps one access token per tenant (see [Client.ForTenant]). All of
// them come from the same chain: the tenant is stored with Auth, then the
// session is refreshed, and the new token counts only for the tenant it names.
type Session struct {
	*sessionSecrets
}

// sessionSecrets keep package fmt from the state of a Session that is printed
// by value, past the methods below: it looks through one pointer, but not
// through two.
type sessionSecrets struct{ *sessionState }

type sessionState struct {
	engine *session.Engine
	gate   *api.WriteGate // what writes with the session's tokens pass
	realm  string         // the server

	// Of the sign-in at an OAuth provider that began the session.
	providerToken, providerRefreshToken types.Secret
}

// NewSession makes a session from a refresh token, or, when refreshToken is
// empty, from the one in the session's store. Nothing is sent until a token is
// needed. Only one Session may use a refresh token, except through a store that
// is a [SessionLocker].
func NewSession(c *Client, refreshToken string, opts ...SessionOption) *Session {
	return newSession(newAuthority(c.conn), nil, refreshToken, opts)
}

// NewPasswordSession makes a session that signs in with e-mail and password
// when it is first used, and again when Auth ends the session. It holds the
// password in memory; use it for a worker with an account of its own.
func NewPasswordSession(c *Client, email, password string, opts ...SessionOption) *Session {
	w := newAuthority(c.conn)
	return newSession(w, func(ctx context.Context) (session.Grant, error) {
		return w.signIn(ctx, "Session.SignIn", email, password)
	}, "", opts)
}

func newSession(w authWire, login func(context.Context) (session.Grant, error), refreshToken string, opts []SessionOption) *Session {
	c, gate := newSessionConfig(opts), &api.WriteGate{}
	engine := session.New(sessionAuthority{w, login}, refreshToken, session.Config{
		Realm:     w.realm(),
		Store:     c.store,
		Gate:      gate,
		Advisory:  c.advisory,
		Mandatory: c.mandatory,
		Timeout:   c.timeout,
		CoolDown:  c.coolDown,
		HealPause: c.healPause,
		Now:       c.now,
		Refreshed: refreshed(w.conn),
	})
	return &Session{&sessionSecrets{&sessionState{engine: engine, gate: gate, realm: w.realm()}}}
}

// refreshed tells the observers of the client that a session was made of.
func refreshed(conn *api.Conn) func(context.Context, time.Duration, error) {
	if len(conn.Config().Observers) == 0 {
		return nil
	}
	return func(ctx context.Context, took time.Duration, err error) {
		conn.Refreshed(ctx, api.RefreshDone{Duration: took, Err: err})
	}
}

// newSessionFrom makes a session from a fresh sign-in.
func newSessionFrom(ctx context.Context, w authWire, g session.Grant, started time.Time, opts []SessionOption) (*Session, error) {
	s := newSession(w, nil, "", opts)
	if err := s.engine.Begin(ctx, g, started); err != nil {
		return nil, err
	}
	return s, nil
}

// sessionAuthority is Auth as the engine of a session sees it.
type sessionAuthority struct {
	authWire
	login func(ctx context.Context) (session.Grant, error) // nil: cannot sign in again
}

// Exchange implements session.Authority.
func (a sessionAuthority) Exchange(ctx context.Context, refreshToken string) (session.Grant, error) {
	switch {
	case refreshToken != "":
		return a.refresh(ctx, refreshToken)
	case a.login != nil:
		return a.login(ctx)
	}
	return session.Grant{}, session.ErrNoSignIn
}

// SetTenant implements session.Authority.
func (a sessionAuthority) SetTenant(ctx context.Context, access session.Token, tenant string) error {
	return a.setTenant(ctx, Token(access), tenant)
}

// errZeroSession is the error of a session that no constructor made.
var errZeroSession error = sdkerr.New("Session", ErrInvalidInput, "the session is zero: make it with NewSession, NewPasswordSession or a sign-in")

func (s *Session) zero() bool { return s == nil || s.sessionSecrets == nil }

// Token returns an access token that is not about to expire, refreshing when
// it must. It implements [TokenSource].
func (s *Session) Token(ctx context.Context) (Token, error) { return s.token(ctx, "") }

// Invalidate drops t, which the server rejected, if it is still the session's
// token. The next call refreshes.
func (s *Session) Invalidate(t Token) {
	if !s.zero() {
		s.engine.Invalidate("", session.Token(t))
	}
}

// Refresh gets a new access token now, whatever the age of the old one. The
// token carries the tenant that Auth stores for the user at that moment.
func (s *Session) Refresh(ctx context.Context) (Token, error) {
	return s.force(ctx, "")
}

// RefreshToken returns the newest refresh token. It is a secret. It stops
// working when the session refreshes, so hand it on only together with the
// whole session; to keep it across restarts use a [SessionStore].
func (s *Session) RefreshToken() string {
	if s.zero() {
		return ""
	}
	return s.engine.RefreshToken()
}

// ProviderToken returns the access token with which the OAuth provider lets you act for
// the user there, and the refresh token where it gave one. Auth gives them once, to
// [AuthService.ExchangeCode], and keeps neither of them up to date; both are empty in
// every other session.
func (s *Session) ProviderToken() (access, refresh types.Secret) {
	if s.zero() {
		return "", ""
	}
	return s.providerToken, s.providerRefreshToken
}

// User returns the user as Auth described it with the newest token. It is zero
// before the session's first request. The result is the caller's own.
func (s *Session) User() User {
	if s.zero() {
		return User{}
	}
	u, _ := s.engine.User().(User)
	return u.clone()
}

// Flush saves the newest refresh token if an earlier Save failed. It is nil
// when the store is up to date.
func (s *Session) Flush(ctx context.Context) error {
	err := errZeroSession
	if !s.zero() {
		err = s.engine.Flush(ctx)
	}
	if err != nil {
		return sdkerr.Wrap("Session.Flush", nil, err)
	}
	return nil
}

// Close stops the session in this program; on the server it lives on. A refresh
// that is running gets a few seconds to finish. Afterwards every call fails.
// The error is that of saving a refresh token that was not saved before.
func (s *Session) Close() error {
	if s.zero() {
		return errZeroSession
	}
	if err := s.engine.Close(); err != nil {
		return sdkerr.Wrap("Session.Flush", nil, err)
	}
	return nil
}

// token returns an access token for a tenant, or the session's own for "".
func (s *Session) token(ctx context.Context, tenant string) (Token, error) {
	if s.zero() {
		return Token{}, errZeroSession
	}
	tok, err := s.engine.Token(ctx, tenant)
	return Token(tok), err
}

// force fetches a new token for a tenant even when the old one is fresh.
func (s *Session) force(ctx context.Context, tenant string) (Token, error) {
	if s.zero() {
		return Token{}, errZeroSession
	}
	tok, err := s.engine.Force(ctx, tenant)
	return Token(tok), err
}

// String hides the session's secrets.
func (s *Session) String() string { return "Session(" + redacted + ")" }

// GoString hides the session's secrets.
func (s *Session) GoString() string { return s.String() }

// Format hides the session's secrets from every verb of package fmt.
func (s *Session) Format(f fmt.State, _ rune) { writeTo(f, s.String()) }

// LogValue hides the session's secrets from package slog.
func (s *Session) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON hides the session's secrets from package encoding/json.
func (s *Session) MarshalJSON() ([]byte, error) { return redactedJSON, nil }
