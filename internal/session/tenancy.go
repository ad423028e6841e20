package session

import (
	"errors"
	"sync"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// tenancy is all that a session knows. Every method is one whole transition
// under the lock; those that end in Locked are parts of one.
//
// The refresh token, home and what the store holds change only while the chain
// is held as well.
type tenancy struct {
	cfg Config

	mu           sync.Mutex
	refreshToken string
	given        string // refresh token that the session was made with, until another came
	unsaved      bool   // refreshToken is newer than what the store holds
	known        bool   // stored is what the store held when it was last asked or told
	stored       string
	latest       access // newest access token, of whatever tenant
	subject      string // the user
	user         any
	home         home
	slots        slots
	flights      uint64         // number of the flight that began last
	work         sync.WaitGroup // flights under way
	ended        error
	closed       bool
}

// home is the tenant of the session's own token. Until it is pinned the session
// takes what the server stores.
type home struct {
	pinned bool
	tenant string // "": none
	clear  bool   // ClearTenant said so: not even adopt takes another
}

// answer is how a call gets its token: token and err are it, unless wait says
// that the end of the flight is.
type answer struct {
	token  Token
	err    error
	flight *flight
	wait   bool
	begun  bool // the flight is new: the caller has to run it
}

// ask finds the token for a tenant, or the flight that fetches it. A nested call
// cannot wait for a flight.
func (t *tenancy) ask(tenant string, nested bool) answer {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.usableLocked(); err != nil {
		return answer{err: err}
	}
	now := t.cfg.Now()
	sl := t.slots.use(tenant, now)
	cooling := now.Before(sl.retryAt)
	renewal := job{task: renew, slot: tenant}
	switch {
	case sl.access.fresh(now, sl.access.hard):
		a := answer{token: sl.access.token}
		if !sl.access.fresh(now, sl.access.soft) && sl.flight == nil && !cooling {
			a.flight, a.begun = t.beginLocked(sl, renewal), true
		}
		return a
	case nested || sl.flight == nil && cooling:
		switch {
		case sl.access.valid(now):
			return answer{token: sl.access.token}
		case nested:
			return answer{err: errNested}
		}
		return answer{err: sl.err}
	case sl.flight != nil:
		return answer{flight: sl.flight, wait: true}
	}
	return answer{flight: t.beginLocked(sl, renewal), wait: true, begun: true}
}

// mark is the number of the flight that began last.
func (t *tenancy) mark() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.flights
}

// join gives the flight of the job's slot, and begins one if there is none.
func (t *tenancy) join(j job) (f *flight, begun bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.usableLocked(); err != nil {
		return nil, false, err
	}
	sl := t.slots.use(j.slot, t.cfg.Now())
	if sl.flight != nil {
		return sl.flight, false, nil
	}
	return t.beginLocked(sl, j), true, nil
}

func (t *tenancy) beginLocked(sl *slot, j job) *flight {
	t.flights++
	t.work.Add(1)
	sl.flight = &flight{job: j, number: t.flights, slot: sl, done: make(chan struct{})}
	return sl.flight
}

// land publishes the end of a flight.
func (t *tenancy) land(f *flight, a access, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, sl := t.cfg.Now(), f.slot
	sl.flight = nil
	if err == nil {
		if sl.rejected {
			sl.replaced = now
		}
		sl.access, sl.retryAt, sl.err, sl.rejected = a, time.Time{}, nil, false
		f.token = a.token
	} else {
		sl.retryAt, sl.err = now.Add(t.coolDown(err)), err
		f.err = err
		if t.ended != nil {
			f.err = t.ended
		}
	}
	close(f.done)
	t.work.Done()
}

// coolDown is how long a failure keeps the session from trying again. A
// refusal by the platform's own rules is final for the call but may be
// different for the next one, so it has none.
func (t *tenancy) coolDown(err error) time.Duration {
	var e *sdkerr.Error
	if !errors.As(err, &e) {
		return t.cfg.CoolDown
	}
	if isNotMember(err) || errors.Is(err, errPanic) || errors.Is(err, errNested) {
		return 0
	}
	return max(t.cfg.CoolDown, min(e.RetryAfter, maxCoolDown))
}

// arrive is what a flight that has ended brings those who waited for it. When it
// failed a token that is still valid serves.
func (t *tenancy) arrive(f *flight) (Token, error) {
	if f.err == nil {
		return f.token, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.usableLocked() == nil && f.slot.access.valid(t.cfg.Now()) {
		return f.slot.access.token, nil
	}
	return Token{}, f.err
}

// Invalidate drops a rejected token by comparison: a token that came since then
// stays. The replacement of a rejected token gets a while before it can be
// dropped too, or a server that rejects everything would be asked for a new
// token with every call.
func (t *tenancy) Invalidate(tenant string, tok Token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if tok.Value == "" {
		return
	}
	sl := t.slots.find(tenant)
	if sl == nil || sl.access.token.Value != tok.Value {
		return
	}
	now := t.cfg.Now()
	if !sl.replaced.IsZero() && now.Before(sl.replaced.Add(t.cfg.CoolDown)) {
		return
	}
	sl.access, sl.rejected = access{}, true
	if t.latest.token.Value == tok.Value {
		t.latest = access{}
	}
}

// Forget drops the token of a tenant.
func (t *tenancy) Forget(tenant string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if sl := t.slots.find(tenant); sl != nil && tenant != "" && sl.flight == nil {
		t.slots.drop(tenant)
	}
}

// held is the token of a tenant, if it is good for another request.
func (t *tenancy) held(tenant string) access {
	t.mu.Lock()
	defer t.mu.Unlock()
	if sl := t.slots.find(tenant); sl != nil && sl.access.fresh(t.cfg.Now(), sl.access.hard) && t.usableLocked() == nil {
		return sl.access
	}
	return access{}
}

// usableLocked reports why the session cannot be used.
func (t *tenancy) usableLocked() error {
	switch {
	case t.ended != nil:
		return t.ended
	case t.closed:
		return errClosed
	}
	return nil
}

// spend gives the refresh token to trade.
func (t *tenancy) spend() (refreshToken string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refreshToken, t.ended
}

// take takes over what the store holds, and gives the refresh token to go on
// with. The session's own is newer than the stored one when it could not be
// saved, unless somebody else has stored another since; and what somebody has
// stored is newer than what the session was given to begin with.
func (t *tenancy) take(stored string) (refreshToken string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch changed := stored != t.stored; {
	case t.unsaved && (t.refreshToken == "" || !t.known || !changed || stored == ""):
	case stored != "" || t.known && changed:
		t.refreshToken, t.unsaved = stored, false
	}
	t.stored, t.known = stored, true
	return t.refreshToken
}

// notTried is the refresh token that the session was made with, if no other has
// come since.
func (t *tenancy) notTried() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.given
}

// keep takes over the refresh token that Auth gave, which is not saved yet.
func (t *tenancy) keep(refreshToken string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refreshToken, t.given, t.unsaved = refreshToken, "", t.cfg.Store != nil
}

// toSave is the refresh token that the store lacks.
func (t *tenancy) toSave() (refreshToken string, unsaved bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refreshToken, t.unsaved
}

func (t *tenancy) saved() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unsaved, t.stored, t.known = false, t.refreshToken, true
}

// publish takes over an access token and the user that came with it. The first
// token pins the session's tenant.
func (t *tenancy) publish(a access, user any) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended != nil {
		return t.ended
	}
	if t.subject != "" && t.subject != a.claims.Subject {
		return sdkerr.New(op, sdkerr.ErrUnauthenticated, "the store holds the session of another user")
	}
	t.latest, t.subject = a, a.claims.Subject
	if !t.home.pinned { // no token came before, so nobody has set a tenant for it
		t.home = home{pinned: true, tenant: a.claims.TenantID}
		if sl := t.slots.use("", t.cfg.Now()); sl.access.token.Value == "" {
			sl.access = a
		}
	}
	if user != nil {
		t.user = user
	}
	return nil
}

// newest is the newest access token if it is good for another request.
func (t *tenancy) newest() access {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.latest.fresh(t.cfg.Now(), t.latest.hard) {
		return t.latest
	}
	return access{}
}

// dropNewest forgets the newest access token, if it is still a.
func (t *tenancy) dropNewest(a access) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.latest.token.Value == a.token.Value {
		t.latest = access{}
	}
}

// settle makes a tenant the session's own. With stay it has none, whatever the
// server stores.
func (t *tenancy) settle(tenant string, stay bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.home = home{pinned: true, tenant: tenant, clear: stay}
}

func (t *tenancy) homeNow() home {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.home
}

// end records that Auth ended the session.
func (t *tenancy) end(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended == nil {
		t.ended = err
	}
	return t.ended
}

// signOut ends the session and forgets its tokens.
func (t *tenancy) signOut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended == nil {
		t.ended = sdkerr.New(op, sdkerr.ErrSessionExpired, "the user signed out")
	}
	t.refreshToken, t.unsaved, t.latest = "", t.cfg.Store != nil, access{}
	t.slots = newSlots()
}

func (t *tenancy) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

// RefreshToken is the newest refresh token.
func (t *tenancy) RefreshToken() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refreshToken
}

// User is the user of the newest grant that told of one, or nil.
func (t *tenancy) User() any {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.user
}

// TenantID is the tenant of the session's own token, "" for none.
func (t *tenancy) TenantID() string { return t.homeNow().tenant }

// isSessionOver reports whether Auth said that the session cannot be refreshed
// any more. A malformed refresh token never can.
func isSessionOver(err error) bool { return errors.Is(err, sdkerr.ErrSessionExpired) }

// isRejected reports that the server rejected an access token.
func isRejected(err error) bool {
	return errors.Is(err, sdkerr.ErrUnauthenticated) && !isSessionOver(err)
}

// isNotMember reports the platform's refusal to set a tenant: the user is not
// its member.
func isNotMember(err error) bool {
	var e *sdkerr.Error
	return errors.As(err, &e) && e.Code == "42501"
}
