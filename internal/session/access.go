package session

import (
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/jwtclaims"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

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
func newAccess(g Grant, started time.Time, cfg Config) (access, error) {
	claims, err := jwtclaims.Parse(g.AccessToken)
	if err != nil {
		return access{}, sdkerr.New(op, sdkerr.ErrDecode, "the access token from Auth is %s", err)
	}
	a := access{token: Token{Value: g.AccessToken}, claims: claims}
	switch {
	case g.ExpiresIn > 0:
		a.token.Expiry = started.Add(g.ExpiresIn)
	case !claims.Expiry.IsZero() && claims.Expiry.After(claims.IssuedAt) && !claims.IssuedAt.IsZero():
		a.token.Expiry = started.Add(claims.Expiry.Sub(claims.IssuedAt))
	case !g.ExpiresAt.IsZero():
		a.token.Expiry = g.ExpiresAt
	default:
		a.token.Expiry = claims.Expiry
	}
	if a.token.Expiry.IsZero() {
		return a, nil
	}
	a.expiry, a.token.Expiry = a.token.Expiry, a.token.Expiry.Round(0)
	life := max(a.expiry.Sub(started), 0)
	a.soft = a.expiry.Add(-min(cfg.Advisory, life/4))
	a.hard = a.expiry.Add(-min(cfg.Mandatory, life/10))
	return a, nil
}

// SameTenant compares the ids of tenants.
func SameTenant(a, b string) bool { return strings.EqualFold(a, b) }

// TenantName is a tenant's id in the text of an error.
func TenantName(id string) string {
	if id == "" {
		return "none"
	}
	return strings.ToLower(id)
}
