// Package session is the engine of a user's sign-in: one chain of refresh
// tokens, and an access token for each tenant that the user works in.
//
// It knows Auth only through an [Authority], the store only through a [Store]
// and time only through [Config].Now. All that a session knows is in its
// tenancy, whose every method is one whole transition under one lock; what takes
// time happens in flights, of which one at a time uses the chain.
package session

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/jwtclaims"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Token is an access token and the time it expires (zero: unknown).
type Token struct {
	Value  string
	Expiry time.Time
}

// Grant is what Auth gives for a password or a refresh token.
type Grant struct {
	AccessToken  string
	RefreshToken string
	ExpiresIn    time.Duration
	ExpiresAt    time.Time
	User         any // the user, for Engine.User; nil: not told
}

// Authority is what a session needs from Auth and the platform.
type Authority interface {
	// Exchange trades a refresh token for an access token and the next refresh
	// token. With "" it signs in anew; where it cannot, that is ErrNoSignIn. A
	// session that is over is sdkerr.ErrSessionExpired.
	Exchange(ctx context.Context, refreshToken string) (Grant, error)

	// SetTenant stores the user's current tenant, or clears it when tenant is
	// empty. Tokens issued afterwards carry it.
	SetTenant(ctx context.Context, access Token, tenant string) error
}

// ErrNoSignIn is what an Authority answers that has no credentials of the user.
var ErrNoSignIn = errors.New("no credentials to sign in with")

// Store keeps the refresh token; see workorder.SessionStore.
type Store interface {
	Load(ctx context.Context) (refreshToken string, err error)
	Save(ctx context.Context, refreshToken string) error
}

// Locker is a Store that several programs share; see workorder.SessionLocker.
type Locker interface {
	Store
	Lock(ctx context.Context) (unlock func(), err error)
}

// Gate is what the writes with the session's tokens pass.
type Gate interface {
	// Shut lets nobody in and waits for those inside, but no longer than patience.
	Shut(ctx context.Context, patience time.Duration) (open func())
}

// Config is how a session works.
type Config struct {
	Realm     string // the server, to tell users of different servers apart
	Store     Store  // may be nil
	Gate      Gate
	Advisory  time.Duration // before the expiry, from when on a refresh runs
	Mandatory time.Duration // before the expiry, from when on calls wait for it
	Timeout   time.Duration // of a flight
	CoolDown  time.Duration // after a failed flight
	HealPause time.Duration // longest wait before the tenant is set again, times the try
	Now       func() time.Time
	// Refreshed is told how a flight ended; nil: nobody wants to know.
	Refreshed func(ctx context.Context, took time.Duration, err error)
}

const (
	// HealAttempts is how often a session sets the tenant and refreshes before
	// it gives up on getting a token for it.
	HealAttempts = 4
	// gatePatience is how long a further attempt waits for writes under way.
	gatePatience = 2 * time.Second
	// maxCoolDown bounds how long a server's Retry-After is respected.
	maxCoolDown = time.Minute
	// closeGrace is how long Close lets a running flight finish.
	closeGrace = 5 * time.Second
)

// op names the operation in errors that no call of the user's is to blame for.
const op = "Session.Token"

var (
	// errClosed is what a closed session answers.
	errClosed error = sdkerr.New(op, sdkerr.ErrSessionExpired, "the session is closed in this program")
	// ErrAborted is what callers get when a flight ended without a result.
	ErrAborted error = sdkerr.New(op, sdkerr.ErrUnavailable, "the refresh was aborted")
	// errNested is what a store or a middleware gets that, at work for a refresh,
	// asks for what only the end of that refresh can bring.
	errNested error = sdkerr.New(op, sdkerr.ErrUnavailable,
		"a store or middleware at work for the session's refresh cannot wait for that refresh")
)

// Engine is a session at work. It is safe for concurrent use.
type Engine struct {
	auth   Authority
	cfg    Config
	locker Locker // the store, if other programs use it too; else nil

	life    context.Context // ends with Close
	stop    context.CancelFunc
	chain   chan struct{} // held by whoever uses the refresh token
	storing chan struct{} // held while the store is at work

	tenancy
}

// New makes an engine from a refresh token, or, when it is empty, for the one in
// the store or for signing in. Nothing is sent until a token is needed.
func New(auth Authority, refreshToken string, cfg Config) *Engine {
	life, stop := context.WithCancel(context.Background())
	locker, _ := cfg.Store.(Locker)
	return &Engine{
		auth:    auth,
		cfg:     cfg,
		locker:  locker,
		life:    life,
		stop:    stop,
		chain:   make(chan struct{}, 1),
		storing: make(chan struct{}, 1),
		tenancy: tenancy{cfg: cfg, refreshToken: refreshToken, given: refreshToken, slots: newSlots()},
	}
}

// Begin takes over a fresh sign-in that was asked for at started. Where the
// store cannot be locked the sign-in stays unsaved.
func (e *Engine) Begin(ctx context.Context, g Grant, started time.Time) error {
	if held, unlock, err := e.lockStore(ctx); err == nil {
		defer unlock()
		ctx = held
	}
	_, err := e.accept(ctx, g, started)
	return err
}

// Token returns an access token for a tenant, or the session's own for "". One
// that is about to expire is replaced first.
func (e *Engine) Token(ctx context.Context, tenant string) (Token, error) {
	if err := ctx.Err(); err != nil {
		return Token{}, err
	}
	a := e.ask(tenant, e.holds(ctx))
	if a.begun {
		e.run(ctx, a.flight)
	}
	if !a.wait {
		return a.token, a.err
	}
	if err := await(ctx, a.flight); err != nil {
		return Token{}, err
	}
	return e.arrive(a.flight)
}

// Force fetches a new token for a tenant even when the old one is fresh. For ""
// it takes the tenant that the server stores as the session's own.
func (e *Engine) Force(ctx context.Context, tenant string) (Token, error) {
	if tenant == "" {
		return e.do(ctx, job{task: adopt})
	}
	return e.Renew(ctx, tenant)
}

// Renew fetches a new token for a tenant, or of the session's own tenant for "", even
// when the old one is fresh.
func (e *Engine) Renew(ctx context.Context, tenant string) (Token, error) {
	return e.do(ctx, job{task: renew, slot: tenant})
}

// Move takes the session's own token to another tenant.
func (e *Engine) Move(ctx context.Context, tenant string) (Token, error) {
	return e.do(ctx, job{task: move, target: tenant})
}

// SetHome stores the tenant of the session's own token, or clears it for "". A
// rejected token is replaced once.
func (e *Engine) SetHome(ctx context.Context, tenant string) error {
	err := e.trySetHome(ctx, tenant)
	if isRejected(err) {
		err = e.trySetHome(ctx, tenant)
	}
	return err
}

func (e *Engine) trySetHome(ctx context.Context, tenant string) error {
	tok, err := e.Token(ctx, "")
	if err != nil {
		return err
	}
	claims, err := jwtclaims.Parse(tok.Value)
	if err != nil {
		return err
	}
	ctx, unlock, err := e.lockChain(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := e.storeTenant(ctx, access{token: tok, claims: claims}, tenant); err != nil {
		if errors.Is(err, sdkerr.ErrUnauthenticated) {
			e.Invalidate("", tok)
		}
		return err
	}
	e.settle(strings.ToLower(tenant), tenant == "")
	return nil
}

// Confirm asks the platform whether the user is still a member of a tenant that
// the session has a token for. Without a token, fetching one asks.
func (e *Engine) Confirm(ctx context.Context, tenant string) error {
	a := e.held(tenant)
	if a.token.Value == "" {
		return nil
	}
	err := e.storeTenant(ctx, a, tenant)
	switch {
	case err == nil:
		return nil
	case isNotMember(err):
		e.Forget(tenant)
		return err
	case errors.Is(err, sdkerr.ErrUnauthenticated):
		e.Invalidate(tenant, a.token)
		return nil
	}
	return err
}

// storeTenant stores the user's tenant, without coming between the two steps of
// another session of the same user, in this program or another.
func (e *Engine) storeTenant(ctx context.Context, a access, tenant string) error {
	ctx, unlockStore, err := e.lockStore(ctx)
	if err != nil {
		return err
	}
	defer unlockStore()
	ctx, unlock, err := e.lockUser(ctx, a)
	if err != nil {
		return err
	}
	defer unlock()
	return e.auth.SetTenant(ctx, a.token, tenant)
}

// Flush saves the newest refresh token if an earlier Save failed.
func (e *Engine) Flush(ctx context.Context) error {
	ctx, unlock, err := e.lockChain(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return e.flush(ctx)
}

// SignedOut ends the session after the user signed out, and empties its store.
func (e *Engine) SignedOut(ctx context.Context) error {
	ctx, unlock, err := e.lockChain(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	e.signOut()
	return e.flush(ctx)
}

// Close stops the session in this program. A flight under way gets a few seconds
// to finish. The error is that of saving a refresh token that was not saved
// before.
func (e *Engine) Close() error {
	e.close()

	grace := time.AfterFunc(closeGrace, e.stop)
	e.work.Wait()
	grace.Stop()
	e.stop()

	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	return e.Flush(ctx)
}

// Wait waits for the flights that are under way.
func (e *Engine) Wait() { e.work.Wait() }
