package api

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/jwtclaims"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// UserID is the id of the user whom the current token speaks for. It is
// ErrUnauthenticated when it speaks for none, as an API key does.
func (c *Conn) UserID(ctx context.Context, op string) (string, error) {
	claims, err := c.claims(ctx, op)
	if err != nil {
		return "", err
	}
	if claims.Subject == "" {
		return "", sdkerr.New(op, sdkerr.ErrUnauthenticated, "the client acts for no signed-in user")
	}
	return claims.Subject, nil
}

// TokenTenant is the tenant whose rows the views show to the current token, ""
// when they show none.
func (c *Conn) TokenTenant(ctx context.Context, op string) (string, error) {
	claims, err := c.claims(ctx, op)
	return claims.TenantID, err
}

func (c *Conn) claims(ctx context.Context, op string) (jwtclaims.Claims, error) {
	tok, e := c.token(ctx, op)
	if e != nil {
		return jwtclaims.Claims{}, e
	}
	value := tok.Value
	if value == "" {
		value = c.cfg.APIKey
	}
	claims, _ := jwtclaims.Parse(value) // no JWT, no claims
	return claims, nil
}
