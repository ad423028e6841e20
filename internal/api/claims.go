package api

import (
	"context"
	"strings"

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

// Claims are what the current token says, or the API key where there is none. They
// are zero when that is no JWT, but for the role of the newer API keys.
func (c *Conn) Claims(ctx context.Context, op string) (jwtclaims.Claims, error) {
	return c.claims(ctx, op)
}

// NeedServiceKey fails with ErrPermissionDenied unless the client acts with the
// service-role key, for functions and views that the platform forgets to keep from
// others.
func (c *Conn) NeedServiceKey(ctx context.Context, op string) error {
	claims, err := c.claims(ctx, op)
	if err != nil {
		return err
	}
	if claims.Role == "service_role" {
		return nil
	}
	return sdkerr.New(op, sdkerr.ErrPermissionDenied, "only a client with the service-role key may do this")
}

func (c *Conn) claims(ctx context.Context, op string) (jwtclaims.Claims, error) {
	tok, e := c.token(ctx, op)
	if e != nil {
		return jwtclaims.Claims{}, e
	}
	if tok.Value != "" {
		return c.read(tok.Value), nil
	}
	switch { // keys that are no JWTs
	case strings.HasPrefix(c.cfg.APIKey, "sb_secret_"):
		return jwtclaims.Claims{Role: "service_role"}, nil
	case strings.HasPrefix(c.cfg.APIKey, "sb_publishable_"):
		return jwtclaims.Claims{Role: "anon"}, nil
	}
	return c.read(c.cfg.APIKey), nil
}

// seenClaims remembers what a token says, so that the same token is not parsed
// for every call.
type seenClaims struct {
	token  string
	claims jwtclaims.Claims
}

func (c *Conn) read(token string) jwtclaims.Claims {
	if seen := c.seen.Load(); seen != nil && seen.token == token {
		return seen.claims
	}
	claims, _ := jwtclaims.Parse(token) // no JWT, no claims
	c.seen.Store(&seenClaims{token: token, claims: claims})
	return claims
}

// projectOf is the reference of the hosted project that a client is for, "" when
// that cannot be told, as with a custom domain or a stack of one's own.
func projectOf(base, apiKey string) string {
	if claims, err := jwtclaims.Parse(apiKey); err == nil && claims.Project != "" {
		return claims.Project
	}
	return projectOfHost(base)
}

// projectOfHost is the reference in a URL such as https://abc.supabase.co/auth/v1,
// which hosted projects name as the issuer of their tokens.
func projectOfHost(rawURL string) string {
	_, rest, ok := strings.Cut(rawURL, "://")
	if !ok {
		return ""
	}
	host, _, _ := strings.Cut(rest, "/")
	ref, ok := strings.CutSuffix(strings.ToLower(host), ".supabase.co")
	if !ok || strings.Contains(ref, ".") {
		return ""
	}
	return ref
}
