package session

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// mint fetches the access token of a job.
func (e *Engine) mint(ctx context.Context, j job) (access, error) {
	ctx, unlock, err := e.lockChain(ctx)
	if err != nil {
		return access{}, err
	}
	defer unlock()
	ctx, unlockStore, err := e.lockStore(ctx)
	if err != nil {
		return access{}, err
	}
	defer unlockStore()
	switch {
	case j.task == adopt:
		return e.mintStored(ctx)
	case j.task == move:
		a, err := e.mintFor(ctx, j.target)
		if err == nil {
			e.settle(strings.ToLower(j.target), false)
		}
		return a, err
	case j.slot != "":
		return e.mintFor(ctx, j.slot)
	}
	return e.mintHome(ctx)
}

// mintHome fetches a new access token of the session's own. The first one pins
// the session's tenant; later ones are of that tenant. Where the newest token
// does not show that the server has another one stored, it is set only when the
// new token does. Other programs that share the session store theirs all the
// time, so then it is set at once.
func (e *Engine) mintHome(ctx context.Context) (access, error) {
	cur := e.newest()
	if !e.homeNow().pinned || e.locker == nil && (cur.token.Value == "" || SameTenant(cur.claims.TenantID, e.TenantID())) {
		a, err := e.rotate(ctx)
		if err != nil || SameTenant(a.claims.TenantID, e.TenantID()) {
			return a, err
		}
	}
	tenant := e.TenantID()
	a, err := e.mintFor(ctx, tenant)
	if tenant != "" && isNotMember(err) {
		// The user left the tenant. The session goes on without one, as it does
		// on the server.
		e.settle("", false)
		return e.mintFor(ctx, "")
	}
	return a, err
}

// mintStored fetches a new access token of the session's own and takes the
// tenant it names as the session's.
func (e *Engine) mintStored(ctx context.Context) (access, error) {
	if e.homeNow().clear {
		return e.mintHome(ctx)
	}
	a, err := e.rotate(ctx)
	if err == nil {
		e.settle(a.claims.TenantID, false)
	}
	return a, err
}

// mintFor fetches an access token that names the given tenant, or, for "", none.
//
// The tenant is stored per user, and most calls of the platform store the tenant
// they act in. So another program, or a call on another client, can come between
// the setting and the refresh; then both are done again. A token that names
// another tenant is never returned.
func (e *Engine) mintFor(ctx context.Context, tenant string) (access, error) {
	var failure error
	for try := range HealAttempts {
		if try > 0 {
			if err := pause(ctx, rand.N(time.Duration(try)*e.cfg.HealPause+1)); err != nil {
				return access{}, err
			}
		}
		a, err := e.tryQuietly(ctx, tenant, try > 0)
		switch {
		case err == nil && SameTenant(a.claims.TenantID, tenant):
			return a, nil
		case err == nil:
			failure = sdkerr.Passing(op, sdkerr.ErrTenantMismatch,
				"asked for a token of tenant %s, got one of %s", TenantName(tenant), TenantName(a.claims.TenantID))
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
func (e *Engine) tryQuietly(ctx context.Context, tenant string, again bool) (access, error) {
	if again && e.cfg.Gate != nil {
		defer e.cfg.Gate.Shut(ctx, gatePatience)()
	}
	return e.tryFor(ctx, tenant)
}

// errRejected marks that the server rejected an access token which the session
// took for valid.
var errRejected = errors.New("access token rejected")

// tryFor sets the tenant and refreshes once. The new token can be of another
// tenant all the same.
func (e *Engine) tryFor(ctx context.Context, tenant string) (access, error) {
	cur := e.newest()
	if cur.token.Value == "" {
		a, err := e.rotate(ctx)
		if err != nil || SameTenant(a.claims.TenantID, tenant) {
			return a, err
		}
		cur = a
	}
	ctx, unlock, err := e.lockUser(ctx, cur)
	if err != nil {
		return access{}, err
	}
	defer unlock()
	if err := e.auth.SetTenant(ctx, cur.token, tenant); err != nil {
		if isRejected(err) {
			e.dropNewest(cur)
			return access{}, &rejectedError{err}
		}
		return access{}, err
	}
	return e.rotate(ctx)
}

// rejectedError is errRejected with what the server said.
type rejectedError struct{ err error }

func (e *rejectedError) Error() string   { return e.err.Error() }
func (e *rejectedError) Unwrap() []error { return []error{e.err, errRejected} }

// rotate trades the refresh token for the next one and an access token, or signs
// in anew where that can be done. The caller holds the chain and the store's
// lock.
func (e *Engine) rotate(ctx context.Context) (access, error) {
	rt, err := e.inStep(ctx)
	if err != nil {
		return access{}, err
	}
	var g Grant
	started := e.cfg.Now()
	if rt != "" {
		g, err = e.auth.Exchange(ctx, rt)
		if isSessionOver(err) && e.locker != nil {
			g, started, err = e.tryOthers(ctx, rt, err)
		}
	}
	if rt == "" || isSessionOver(err) {
		over := err
		started = e.cfg.Now()
		g, err = e.auth.Exchange(ctx, "")
		switch {
		case !errors.Is(err, ErrNoSignIn):
		case rt == "": // not the end: the store may be filled yet
			return access{}, sdkerr.New(op, sdkerr.ErrSessionExpired, "there is no refresh token")
		default:
			err = over
		}
	}
	if err != nil {
		if isSessionOver(err) {
			err = e.end(err)
		}
		return access{}, err
	}
	return e.accept(ctx, g, started)
}

// inStep gives the refresh token to trade once the store is in step with the
// session.
//
// Auth tolerates the refresh token before the newest. So the store may lag one
// behind. A session that has the store to itself waits with the next as long as
// it can; where others go on from the store, they must find one that still works.
func (e *Engine) inStep(ctx context.Context) (string, error) {
	rt, err := e.spend()
	if err != nil {
		return "", err
	}
	if e.locker != nil || rt == "" && e.cfg.Store != nil {
		stored, err := e.load(ctx)
		if err != nil {
			return "", err
		}
		rt = e.take(stored)
	}
	if err := e.save(ctx); err != nil && (e.locker != nil || e.newest().token.Value != "") {
		return "", sdkerr.Wrap("SessionStore.Save", nil, err)
	}
	return rt, nil
}

// tryOthers looks for a refresh token that goes on when Auth says that rt, which
// the store held, is over. The store may hold another by now, if the lock was
// lost meanwhile; and it may hold an old session where the program was given the
// refresh token of a new one.
func (e *Engine) tryOthers(ctx context.Context, rt string, over error) (g Grant, started time.Time, err error) {
	stored, err := e.load(ctx)
	if err != nil {
		return Grant{}, started, err
	}
	for _, other := range []string{stored, e.notTried()} {
		if other == "" || other == rt {
			continue
		}
		started = e.cfg.Now()
		if g, err = e.auth.Exchange(ctx, other); !isSessionOver(err) {
			return g, started, err
		}
	}
	return Grant{}, started, over
}

// accept takes over what Auth granted. The refresh token comes first: it is
// kept whatever else goes wrong, and saved before the access token is used.
func (e *Engine) accept(ctx context.Context, g Grant, started time.Time) (access, error) {
	if g.RefreshToken != "" {
		e.keep(g.RefreshToken)
		_ = e.save(ctx) // stays unsaved: Flush and the next refresh report it
	}
	a, err := newAccess(g, started, e.cfg)
	if err != nil {
		return access{}, err
	}
	if err := e.publish(a, g.User); err != nil {
		return access{}, err
	}
	return a, nil
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
