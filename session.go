package workorder

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/jwtclaims"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// SessionStore keeps the refresh token of a session, so that it survives a
// restart of the program. The token is a secret: whoever holds it is the user.
//
// A refresh token is worth one use: every refresh replaces it. Auth tolerates
// the token before the newest, so a store may lag one refresh behind, but not
// two. A store therefore belongs to one Session of one running program at a
// time.
type SessionStore interface {
	// Load returns the stored refresh token, or "" when there is none.
	Load(ctx context.Context) (refreshToken string, err error)

	// Save stores the refresh token in place of the one before. It is called
	// before the access token that came with it is handed out. An empty token
	// means that the user signed out: remove what is stored.
	Save(ctx context.Context, refreshToken string) error
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
// more. [Session.Flush] reports and repairs the failure.
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
	auth  authority
	cfg   sessionConfig
	login func(ctx context.Context) (grant, error) // nil: cannot sign in again

	life    context.Context // ends with Close
	stop    context.CancelFunc
	work    sync.WaitGroup
	chain   chan struct{}  // held by whoever uses the refresh token
	storing chan struct{}  // held while the store is at work
	gate    *api.WriteGate // what writes with the session's tokens pass

	*sessionSecrets
}

// sessionSecrets keep package fmt from the state of a Session that is printed
// by value, past the methods below: it looks through one pointer, but not
// through two.
type sessionSecrets struct{ *sessionState }

type sessionState struct {
	mu           sync.Mutex
	refreshToken string
	unsaved      bool   // refreshToken is newer than what the store holds
	loaded       bool   // the store has been asked
	latest       access // newest access token, of whatever tenant
	user         User
	home         home
	slots        slots
	ended        error
	closed       bool
}

// NewSession makes a session from a refresh token, or, when refreshToken is
// empty, from the one in the session's store. Nothing is sent until a token is
// needed. Only one Session may use a refresh token.
func NewSession(c *Client, refreshToken string, opts ...SessionOption) *Session {
	return newSession(newAuthority(c.conn), refreshToken, opts)
}

// NewPasswordSession makes a session that signs in with e-mail and password
// when it is first used, and again when Auth ends the session. It holds the
// password in memory; use it for a worker with an account of its own.
func NewPasswordSession(c *Client, email, password string, opts ...SessionOption) *Session {
	w := newAuthority(c.conn)
	s := newSession(w, "", opts)
	s.login = func(ctx context.Context) (grant, error) {
		return w.signIn(ctx, "Session.SignIn", email, password)
	}
	return s
}

func newSession(auth authority, refreshToken string, opts []SessionOption) *Session {
	life, stop := context.WithCancel(context.Background())
	return &Session{
		auth:           auth,
		cfg:            newSessionConfig(opts),
		life:           life,
		stop:           stop,
		chain:          make(chan struct{}, 1),
		gate:           &api.WriteGate{},
		storing:        make(chan struct{}, 1),
		sessionSecrets: &sessionSecrets{&sessionState{refreshToken: refreshToken, slots: newSlots()}},
	}
}

// newSessionFrom makes a session from a fresh sign-in.
func newSessionFrom(ctx context.Context, auth authority, g grant, started time.Time, opts []SessionOption) (*Session, error) {
	s := newSession(auth, "", opts)
	a, err := s.accept(ctx, g, started)
	if err != nil {
		return nil, err
	}
	s.slot("").access = a
	return s, nil
}

// errZeroSession is the error of a session that no constructor made.
var errZeroSession = sdkerr.New("Session", ErrInvalidInput, "the session is zero: make it with NewSession, NewPasswordSession or a sign-in")

func (s *Session) zero() bool { return s == nil || s.sessionSecrets == nil }

// Token returns an access token that is not about to expire, refreshing when
// it must. It implements [TokenSource].
func (s *Session) Token(ctx context.Context) (Token, error) { return s.token(ctx, "") }

// Invalidate drops t, which the server rejected, if it is still the session's
// token. The next call refreshes.
func (s *Session) Invalidate(t Token) { s.invalidate("", t) }

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
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refreshToken
}

// User returns the user as Auth described it with the newest token. It is zero
// before the session's first request. The result is the caller's own.
func (s *Session) User() User {
	if s.zero() {
		return User{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.user.clone()
}

// Flush saves the newest refresh token if an earlier Save failed. It is nil
// when the store is up to date.
func (s *Session) Flush(ctx context.Context) error {
	ctx, unlock, err := s.lockChain(ctx)
	if err != nil {
		return sdkerr.Wrap("Session.Flush", nil, err)
	}
	defer unlock()
	if err := s.save(ctx); err != nil {
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
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()

	grace := time.AfterFunc(closeGrace, s.stop)
	s.work.Wait()
	grace.Stop()
	s.stop()

	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	return s.Flush(ctx)
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

// authority is what a session needs from Auth.
type authority interface {
	// realm names the server, to tell users of different servers apart.
	realm() string
	// refresh trades a refresh token for an access token and the next refresh
	// token.
	refresh(ctx context.Context, refreshToken string) (grant, error)
	// setTenant stores the user's current tenant, or clears it when tenant is
	// empty. Tokens issued afterwards carry it.
	setTenant(ctx context.Context, access Token, tenant string) error
}

// grant is what Auth gives for a password or a refresh token.
type grant struct {
	accessToken  string
	refreshToken string
	expiresIn    time.Duration
	expiresAt    time.Time
	user         User
}

// access is an access token with what the session knows about it.
type access struct {
	token  Token
	claims jwtclaims.Claims
	soft   time.Time // from here on a refresh should run
	hard   time.Time // from here on calls wait for it
	expiry time.Time // token.Expiry with its monotonic reading
}

// valid reports whether the server can still accept the token.
func (a access) valid(now time.Time) bool { return a.fresh(now, a.expiry) }

// fresh reports whether now is before the given margin of the token, by the
// wall clock and by the monotonic one: the one stands still while the machine
// sleeps, the other can be set back.
func (a access) fresh(now, margin time.Time) bool {
	return a.token.Value != "" &&
		(margin.IsZero() || now.Before(margin) && now.Round(0).Before(margin.Round(0)))
}

// newAccess reads a grant that was asked for at started. The lifetime counts
// from that moment on the local clock, so a clock that differs from the
// server's does no harm; the absolute times are used only without it.
func newAccess(g grant, started time.Time, cfg sessionConfig) (access, error) {
	claims, err := jwtclaims.Parse(g.accessToken)
	if err != nil {
		return access{}, sdkerr.New("Session.Token", sdkerr.ErrDecode, "the access token from Auth is %s", err)
	}
	a := access{token: Token{Value: g.accessToken}, claims: claims}
	switch {
	case g.expiresIn > 0:
		a.token.Expiry = started.Add(g.expiresIn)
	case !claims.Expiry.IsZero() && claims.Expiry.After(claims.IssuedAt) && !claims.IssuedAt.IsZero():
		a.token.Expiry = started.Add(claims.Expiry.Sub(claims.IssuedAt))
	case !g.expiresAt.IsZero():
		a.token.Expiry = g.expiresAt
	default:
		a.token.Expiry = claims.Expiry
	}
	if a.token.Expiry.IsZero() {
		return a, nil
	}
	a.expiry, a.token.Expiry = a.token.Expiry, a.token.Expiry.Round(0)
	life := max(a.expiry.Sub(started), 0)
	a.soft = a.expiry.Add(-min(cfg.advisory, life/4))
	a.hard = a.expiry.Add(-min(cfg.mandatory, life/10))
	return a, nil
}

func sameTenant(a, b string) bool { return strings.EqualFold(a, b) }
