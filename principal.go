package workorder

import (
	"context"
	"time"

	"github.com/workorder-systems/sdk-go/internal/jwtclaims"
)

// Principal says for whom a client acts, or for whom a token speaks: what the
// access token says, or the API key where there is none. [Client.Identity] takes
// it from a token as it is, genuine or not, so decide nothing by that of somebody
// else's token; [Verifier.Verify] checks the token first.
type Principal struct {
	UserID    string    // empty for an API key
	Email     string    // as of when the token was issued
	Role      string    // authenticated, anon or service_role
	TenantID  string    // the tenant that views show; empty: none
	AAL       string    // aal1, or aal2 when a second factor was verified; empty for an API key
	SessionID string    // the Auth session that the token is of; empty when of none
	Expiry    time.Time // zero: never, or unknown
}

// Identity tells for whom the client acts. It asks only the client's token
// source, so nothing is sent unless a session has to sign in or to refresh.
//
// TenantID is the tenant in the token, which can differ from the one that
// SetTenant has stored since the token was issued.
func (c *Client) Identity(ctx context.Context) (Principal, error) {
	const op = "Identity"
	tok, err := c.conn.Token(ctx, op)
	if err != nil {
		return Principal{}, err
	}
	claims, err := c.conn.Claims(ctx, op)
	if err != nil {
		return Principal{}, err
	}
	id := principalOf(claims)
	if !tok.Expiry.IsZero() {
		id.Expiry = tok.Expiry
	}
	return id, nil
}

func principalOf(claims jwtclaims.Claims) Principal {
	return Principal{
		UserID:    claims.Subject,
		Email:     claims.Email,
		Role:      claims.Role,
		TenantID:  claims.TenantID,
		AAL:       claims.AAL,
		SessionID: claims.SessionID,
		Expiry:    claims.Expiry,
	}
}
