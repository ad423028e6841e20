package workorder

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

const (
	// healAttempts is how often a session sets the tenant and refreshes before
	// it gives up on getting a token for it.
	healAttempts = 4
	// gatePatience is how long a further attempt waits for writes under way.
	gatePatience = 2 * time.Second
	// maxCoolDown bounds how long a server's Retry-After is respected.
	maxCoolDown = time.Minute
	// closeGrace is how long Close lets a running refresh finish.
	closeGrace = 5 * time.Second
)

// flight is a refresh that is running. Its fields are set before done closes.
type flight struct {
	kind string
	done chan struct{}
	tok  Token
	err  error
}

// mintFunc fetches an access token for a tenant.
type mintFunc func(ctx context.Context, tenant string) (access, error)

// errClosed is what a closed session answers.
var errClosed error = sdkerr.New("Session.Token", sdkerr.ErrSessionExpired, "the session is closed in this program")

// errAborted is what callers get when a refresh ended without a result.
var errAborted error = sdkerr.New("Session.Token", sdkerr.ErrUnavailable, "the refresh was aborted")

// home is the tenant of the session's own token. Until it is pinned the session
// takes what the server stores.
type home struct {
	pinned bool
	tenant string // "": none
	clear  bool   // ClearTenant said so: not even Refresh takes another
}

// token returns an access token for a tenant, or the session's own for "".
func (s *Session) token(ctx context.Context, tenant string) (Token, error) {
	if s.zero() {
		return Token{}, errZeroSession
	}
	if err := ctx.Err(); err != nil {
		return Token{}, err
	}
	s.mu.Lock()
	if err := s.usable(); err != nil {
		s.mu.Unlock()
		return Token{}, err
	}
	sl, now := s.slot(tenant), s.cfg.now()
	cooling := now.Before(sl.retryAt)
	if sl.access.fresh(now, sl.access.hard) {
		tok := sl.access.token
		if !sl.access.fresh(now, sl.access.soft) && sl.flight == nil && !cooling {
			s.start(ctx, tenant, sl, "mint", s.mint)
		}
		s.mu.Unlock()
		return tok, nil
	}
	if nested := s.holds(ctx); nested || sl.flight == nil && cooling {
		tok, err := sl.access.token, sl.err
		switch {
		case sl.access.valid(now):
			err = nil
		case nested:
			tok, err = Token{}, errNested
		default:
			tok = Token{}
		}
		s.mu.Unlock()
		return tok, err
	}
	if sl.flight == nil {
		s.start(ctx, tenant, sl, "mint", s.mint)
	}
	f := sl.flight
	s.mu.Unlock()
	return s.wait(ctx, sl, f)
}

// force fetches a new token for a tenant even when the old one is fresh.
func (s *Session) force(ctx context.Context, tenant string) (Token, error) {
	if tenant == "" {
		return s.forceWith(ctx, "", "adopt", s.adopt)
	}
	return s.forceWith(ctx, tenant, "mint", s.mint)
}

// forceWith fetches a new token in the given way. It shares a flight of the same
// kind that began after the call did; one that was under way before may have
// been too early to see what the caller wants to see, so its end is awaited.
func (s *Session) forceWith(ctx context.Context, tenant, kind string, how mintFunc) (Token, error) {
	if s.zero() {
		return Token{}, errZeroSession
	}
	if s.holds(ctx) {
		return Token{}, errNested
	}
	for first := true; ; first = false {
		if err := ctx.Err(); err != nil {
			return Token{}, err
		}
		s.mu.Lock()
		if err := s.usable(); err != nil {
			s.mu.Unlock()
			return Token{}, err
		}
		sl := s.slot(tenant)
		f := sl.flight
		mine := f == nil || !first && f.kind == kind
		if f == nil {
			f = s.start(ctx, tenant, sl, kind, how)
		}
		s.mu.Unlock()
		select {
		case <-f.done:
			if mine {
				return f.tok, f.err
			}
		case <-ctx.Done():
			return Token{}, ctx.Err()
		}
	}
}

// wait waits for a flight, or for the caller's own context. When the flight
// fails a token that is still valid serves.
func (s *Session) wait(ctx context.Context, sl *slot, f *flight) (Token, error) {
	select {
	case <-f.done:
	case <-ctx.Done():
		return Token{}, ctx.Err()
	}
	if f.err == nil {
		return f.tok, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil && !s.closed && sl.access.valid(s.cfg.now()) {
		return sl.access.token, nil
	}
	return Token{}, f.err
}

// start begins a flight. It runs in a goroutine of its own, because the call
// that begins it may be cancelled while others wait for it; it ends by itself
// after the session's timeout at the latest. The caller holds s.mu.
func (s *Session) start(ctx context.Context, tenant string, sl *slot, kind string, how mintFunc) *flight {
	f := &flight{kind: kind, done: make(chan struct{})}
	sl.flight = f
	s.work.Add(1)
	ctx = context.WithValue(context.WithoutCancel(ctx), chainHeld{s}, nil)
	go func() {
		defer s.work.Done()
		ctx, cancel := context.WithTimeout(ctx, s.cfg.timeout)
		defer cancel()
		defer context.AfterFunc(s.life, cancel)()
		var a access
		err := errAborted // unless how returns; a store may end the goroutine
		defer func() { s.land(sl, f, a, err) }()
		defer func() {
			if v := recover(); v != nil { // in a store or middleware; it must not end the program
				a, err = access{}, panicked("Session.Token", v, s.RefreshToken())
			}
		}()
		a, err = how(ctx, tenant)
		if err != nil && ctx.Err() != nil { // not the caller's context, so not its error
			err = sdkerr.New("Session.Token", sdkerr.ErrUnavailable, "the refresh did not end within %s", s.cfg.timeout)
			if s.life.Err() != nil {
				err = errClosed
			}
		}
	}()
	return f
}

// land publishes the end of a flight.
func (s *Session) land(sl *slot, f *flight, a access, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.now()
	sl.flight = nil
	if err == nil {
		if sl.rejected {
			sl.replaced = now
		}
		sl.access, sl.retryAt, sl.err, sl.rejected = a, time.Time{}, nil, false
		f.tok = a.token
	} else {
		sl.retryAt, sl.err = now.Add(s.coolDown(err)), err
		f.err = err
		if s.ended != nil {
			f.err = s.ended
		}
	}
	close(f.done)
}

// coolDown is how long a failure keeps the session from trying again. A
// refusal by the platform's own rules is final for the call but may be
// different for the next one, so it has none.
func (s *Session) coolDown(err error) time.Duration {
	var e *SdkError
	if !errors.As(err, &e) {
		return s.cfg.coolDown
	}
	if isNotMember(err) || errors.Is(err, errPanic) || errors.Is(err, errNested) {
		return 0
	}
	return max(s.cfg.coolDown, min(e.RetryAfter, maxCoolDown))
}

// invalidate drops a rejected token by comparison: a token that came since then
// stays. The replacement of a rejected token gets a while before it can be
// dropped too, or a server that rejects everything would be asked for a new
// token with every call.
func (s *Session) invalidate(tenant string, t Token) {
	if s.zero() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Value == "" {
		return
	}
	sl := s.slots.find(tenant)
	if sl == nil || sl.access.token.Value != t.Value {
		return
	}
	now := s.cfg.now()
	if !sl.replaced.IsZero() && now.Before(sl.replaced.Add(s.cfg.coolDown)) {
		return
	}
	sl.access, sl.rejected = access{}, true
	if s.latest.token.Value == t.Value {
		s.latest = access{}
	}
}

// usable reports why the session cannot be used. The caller holds s.mu.
func (s *Session) usable() error {
	switch {
	case s.ended != nil:
		return s.ended
	case s.closed:
		return errClosed
	}
	return nil
}

// slot finds or makes the slot of a tenant. The caller holds s.mu.
func (s *Session) slot(tenant string) *slot { return s.slots.use(tenant, s.cfg.now()) }

// forget drops the token of a tenant.
func (s *Session) forget(tenant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sl := s.slots.find(tenant); sl != nil && tenant != "" && sl.flight == nil {
		s.slots.drop(tenant)
	}
}

// chainHeld is the key of contexts whose holder has the session's chain.
type chainHeld struct{ s *Session }

// errNested is what a store or a middleware gets that, at work for a refresh,
// asks for what only the end of that refresh can bring.
var errNested error = sdkerr.New("Session.Token", sdkerr.ErrUnavailable,
	"a store or middleware at work for the session's refresh cannot wait for that refresh")

// holds reports whether the caller works for whoever holds the chain.
func (s *Session) holds(ctx context.Context) bool { return ctx.Value(chainHeld{s}) != nil }

// lockChain waits for the right to use the refresh token.
func (s *Session) lockChain(ctx context.Context) (held context.Context, unlock func(), err error) {
	if s.zero() {
		return nil, nil, errZeroSession
	}
	if s.holds(ctx) {
		return nil, nil, errNested
	}
	select {
	case s.chain <- struct{}{}:
		return context.WithValue(ctx, chainHeld{s}, true), func() { <-s.chain }, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// mint fetches a new access token for a tenant, or the session's own for "".
func (s *Session) mint(ctx context.Context, tenant string) (access, error) {
	ctx, unlock, err := s.lockChain(ctx)
	if err != nil {
		return access{}, err
	}
	defer unlock()
	if tenant != "" {
		return s.mintFor(ctx, tenant)
	}
	return s.mintHome(ctx)
}

// mintHome fetches a new access token of the session's own. The first one pins
// the session's tenant; later ones are of that tenant. Where the newest token
// does not show that the server has another one stored, it is set only when the
// new token does.
func (s *Session) mintHome(ctx context.Context) (access, error) {
	if cur := s.newest(); cur.token.Value == "" || sameTenant(cur.claims.TenantID, s.homeNow().tenant) {
		a, err := s.rotate(ctx)
		if err != nil || sameTenant(a.claims.TenantID, s.homeNow().tenant) {
			return a, err
		}
	}
	h := s.homeNow()
	a, err := s.mintFor(ctx, h.tenant)
	if h.tenant != "" && isNotMember(err) {
		// The user left the tenant. The session goes on without one, as it does
		// on the server.
		s.setHome(home{pinned: true})
		return s.mintFor(ctx, "")
	}
	return a, err
}

// adopt fetches a new access token of the session's own and takes the tenant it
// names as the session's.
func (s *Session) adopt(ctx context.Context, _ string) (access, error) {
	ctx, unlock, err := s.lockChain(ctx)
	if err != nil {
		return access{}, err
	}
	defer unlock()
	if s.homeNow().clear {
		return s.mintHome(ctx)
	}
	a, err := s.rotate(ctx)
	if err == nil {
		s.setHome(home{pinned: true, tenant: a.claims.TenantID})
	}
	return a, err
}

// mintFor fetches an access token that names the given tenant, or, for "", none.
// The caller holds the chain.
//
// The tenant is stored per user, and most calls of the platform store the tenant
// they act in. So another program, or a call on another client, can come between
// the setting and the refresh; then both are done again. A token that names
// another tenant is never returned.
func (s *Session) mintFor(ctx context.Context, tenant string) (access, error) {
	var failure error
	for try := range healAttempts {
		if try > 0 {
			if err := pause(ctx, rand.N(time.Duration(try)*s.cfg.healPause+1)); err != nil {
				return access{}, err
			}
		}
		a, ok, err := s.tryQuietly(ctx, tenant, try > 0)
		switch {
		case err == nil && ok:
			return a, nil
		case err == nil:
			failure = sdkerr.New("Session.Token", sdkerr.ErrTenantMismatch,
				"asked for a token of tenant %s, got one of %s", tenantName(tenant), tenantName(a.claims.TenantID))
		case errors.Is(err, errRejected):
			failure = err
		default:
			return access{}, err
		}
	}
	return access{}, failure
}

// tryQuietly is tryFor; on a further try the writes with this session's tokens
// wait meanwhile, since they are the likeliest to have come in between.
func (s *Session) tryQuietly(ctx context.Context, tenant string, again bool) (access, bool, error) {
	if again {
		defer s.gate.Shut(ctx, gatePatience)()
	}
	return s.tryFor(ctx, tenant)
}

// errRejected marks that the server rejected an access token which the session
// took for valid.
var errRejected = errors.New("access token rejected")

// tryFor sets the tenant and refreshes once, and reports whether the new token
// is the one wanted.
func (s *Session) tryFor(ctx context.Context, tenant string) (access, bool, error) {
	cur := s.newest()
	if cur.token.Value == "" {
		a, err := s.rotate(ctx)
		if err != nil {
			return access{}, false, err
		}
		if sameTenant(a.claims.TenantID, tenant) {
			return a, true, nil
		}
		cur = a
	}
	ctx, unlock, err := userLocks.lock(ctx, s.auth.realm()+" "+cur.claims.Subject)
	if err != nil {
		return access{}, false, err
	}
	defer unlock()
	if err := s.auth.setTenant(ctx, cur.token, tenant); err != nil {
		if errors.Is(err, sdkerr.ErrUnauthenticated) && !errors.Is(err, sdkerr.ErrSessionExpired) {
			s.dropLatest(cur)
			return access{}, false, &rejectedError{err}
		}
		return access{}, false, err
	}
	a, err := s.rotate(ctx)
	if err != nil {
		return access{}, false, err
	}
	return a, sameTenant(a.claims.TenantID, tenant), nil
}

// rejectedError is errRejected with what the server said.
type rejectedError struct{ err error }

func (e *rejectedError) Error() string   { return e.err.Error() }
func (e *rejectedError) Unwrap() []error { return []error{e.err, errRejected} }

// rotate trades the refresh token for the next one and an access token. The
// caller holds the chain.
func (s *Session) rotate(ctx context.Context) (access, error) {
	s.mu.Lock()
	rt, ended, load := s.refreshToken, s.ended, s.cfg.store != nil && !s.loaded
	s.mu.Unlock()
	if ended != nil {
		return access{}, ended
	}
	if rt == "" && load {
		var stored string
		err := s.withStore(ctx, "SessionStore.Load", "", func(ctx context.Context) (err error) {
			stored, err = s.cfg.store.Load(ctx)
			return err
		})
		if err != nil {
			return access{}, err
		}
		rt = stored
		s.mu.Lock()
		s.refreshToken, s.loaded = stored, stored != ""
		s.mu.Unlock()
	}
	// Auth tolerates the refresh token before the newest. So the store may lag
	// one behind, and the session waits with the next as long as it can.
	if err := s.save(ctx); err != nil && s.newest().token.Value != "" {
		return access{}, sdkerr.Wrap("SessionStore.Save", nil, err)
	}

	started := s.cfg.now()
	var g grant
	var err error
	switch {
	case rt != "":
		g, err = s.auth.refresh(ctx, rt)
		if isSessionOver(err) && s.login != nil {
			started = s.cfg.now()
			g, err = s.login(ctx)
		}
	case s.login != nil:
		g, err = s.login(ctx)
	default:
		return access{}, sdkerr.New("Session.Token", sdkerr.ErrSessionExpired, "there is no refresh token")
	}
	if err != nil {
		if isSessionOver(err) {
			err = s.end(err)
		}
		return access{}, err
	}
	return s.accept(ctx, g, started)
}

// accept takes over what Auth granted. The refresh token comes first: it is
// kept whatever else goes wrong, and saved before the access token is used.
func (s *Session) accept(ctx context.Context, g grant, started time.Time) (access, error) {
	if g.refreshToken != "" {
		s.mu.Lock()
		s.refreshToken, s.unsaved = g.refreshToken, s.cfg.store != nil
		s.mu.Unlock()
		_ = s.save(ctx) // stays unsaved: Flush and the next refresh report it
	}
	a, err := newAccess(g, started, s.cfg)
	if err != nil {
		return access{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil {
		return access{}, s.ended
	}
	s.latest = a
	if !s.home.pinned { // no token came before, so nobody has set a tenant for it
		s.home = home{pinned: true, tenant: a.claims.TenantID}
		if sl := s.slot(""); sl.access.token.Value == "" {
			sl.access = a
		}
	}
	if g.user.ID != "" {
		s.user = g.user.clone()
	}
	return a, nil
}

// save stores the newest refresh token unless it is stored already. The caller
// holds the chain, so saves come in order.
func (s *Session) save(ctx context.Context) error {
	s.mu.Lock()
	rt, unsaved := s.refreshToken, s.unsaved
	s.mu.Unlock()
	if !unsaved {
		return nil
	}
	err := s.withStore(ctx, "Session.Save", rt, func(ctx context.Context) error { return s.cfg.store.Save(ctx, rt) })
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.unsaved = false
	s.mu.Unlock()
	return nil
}

// end records that Auth ended the session.
func (s *Session) end(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.ended = err
	}
	return s.ended
}

// signedOut ends the session after the user signed out, and empties its store.
func (s *Session) signedOut(ctx context.Context) error {
	ctx, unlock, err := s.lockChain(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	_ = s.end(sdkerr.New("Session.Token", sdkerr.ErrSessionExpired, "the user signed out"))
	s.mu.Lock()
	s.refreshToken, s.unsaved, s.latest = "", s.cfg.store != nil, access{}
	s.slots = newSlots()
	s.mu.Unlock()
	return s.save(ctx)
}

// newest is the newest access token if it is good for another request.
func (s *Session) newest() access {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.cfg.now(); s.latest.fresh(now, s.latest.hard) {
		return s.latest
	}
	return access{}
}

func (s *Session) dropLatest(a access) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.latest.token.Value == a.token.Value {
		s.latest = access{}
	}
}

func (s *Session) homeNow() home {
	if s.zero() {
		return home{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.home
}

func (s *Session) setHome(h home) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.home = h
}

// isSessionOver reports whether Auth said that the session cannot be refreshed
// any more. A malformed refresh token never can.
func isSessionOver(err error) bool {
	return errors.Is(err, sdkerr.ErrSessionExpired)
}

// isNotMember reports the platform's refusal to set a tenant: the user is not
// its member.
func isNotMember(err error) bool {
	var e *SdkError
	return errors.As(err, &e) && e.Code == "42501"
}

func tenantName(id string) string {
	if id == "" {
		return "none"
	}
	return strings.ToLower(id)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
