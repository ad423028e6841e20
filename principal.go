package workorder

import (
	"context"
	"time"
)

// Principal says for whom a client acts: what its access token says, or its API
// key where it has no token. Only the platform can tell whether a token is
// genuine, so decide nothing by the identity of somebody else's token.
type Principal struct {
	UserID   string    // empty for an API key
	Email    string    // as of when the token was issued
	Role     string    // authenticated, anon or service_role
	TenantID string    // the tenant that views show; empty: none
	Expiry   time.Time // zero: never, or unknown
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
	id := Principal{
		UserID:   claims.Subject,
		Email:    claims.Email,
		Role:     claims.Role,
		TenantID: claims.TenantID,
		Expiry:   claims.Expiry,
	}
	if !tok.Expiry.IsZero() {
		id.Expiry = tok.Expiry
	}
	return id, nil
}
