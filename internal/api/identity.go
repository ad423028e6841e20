package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Token is the access token for the next request, and zero without a
// TokenSource, when the API key stands for itself.
func (c *Conn) Token(ctx context.Context, op string) (Token, error) {
	tok, e := c.token(ctx, op)
	if e != nil {
		return Token{}, e
	}
	return tok, nil
}

func (c *Conn) token(ctx context.Context, op string) (Token, *sdkerr.Error) {
	if c == nil {
		return Token{}, Unmade(op)
	}
	if c.auth == nil {
		return Token{}, nil
	}
	tok, err := c.auth.Token(ctx)
	switch {
	case err != nil && ctx.Err() != nil: // whatever the source makes of it
		return Token{}, sdkerr.NotSent(op, ctx.Err(), nil)
	case err != nil:
		return Token{}, sdkerr.Wrap(op, sdkerr.ErrUnauthenticated, err)
	case tok.Value == "":
		return Token{}, sdkerr.New(op, sdkerr.ErrUnauthenticated, "the token source gave an empty token")
	case !sendable(tok.Value):
		return Token{}, sdkerr.New(op, sdkerr.ErrUnauthenticated, "the access token contains characters that a header cannot carry")
	}
	if issuer := projectOfHost(c.read(tok.Value).Issuer); issuer != "" && c.project != "" && issuer != c.project {
		return Token{}, sdkerr.New(op, sdkerr.ErrUnauthenticated, "the access token is of project %s, the client of project %s", issuer, c.project)
	}
	return tok, nil
}

// bearer is the value for the Authorization header, or "" for none: the newer
// API keys (sb_publishable_…, sb_secret_…) are no JWTs and only go into the
// apikey header.
func (c *Conn) bearer(tok Token) string {
	if tok.Value != "" {
		return "Bearer " + tok.Value
	}
	if strings.HasPrefix(c.cfg.APIKey, "sb_") {
		return ""
	}
	return "Bearer " + c.cfg.APIKey
}

// TenantFor is the tenant of a call: the one that its params name, else the
// client's own, else the tenant_id claim of the current token. It is ErrNoTenant
// when there is none, and ErrTenantMismatch when the params name another tenant
// than the one the client is bound to.
func (c *Conn) TenantFor(ctx context.Context, op, named string) (string, error) {
	switch {
	case c == nil:
		return "", Unmade(op)
	case named != "" && !c.mayName(named):
		return "", sdkerr.New(op, sdkerr.ErrTenantMismatch,
			"the params name tenant %s, the client is bound to tenant %s", strings.ToLower(named), c.tenant)
	case named != "":
		return named, nil
	case c.tenant != "":
		return c.tenant, nil
	}
	if s, ok := c.auth.(tenantSource); ok {
		if id := s.TenantID(); id != "" {
			return id, nil
		}
	}
	if c.auth != nil {
		claims, err := c.claims(ctx, op)
		if err != nil {
			return "", err
		}
		if claims.TenantID != "" {
			return claims.TenantID, nil
		}
	}
	return "", sdkerr.New(op, sdkerr.ErrNoTenant,
		"the params name no tenant, and neither the client nor its token has one")
}

// mayName reports whether a call of this client may name the tenant.
func (c *Conn) mayName(tenant string) bool {
	return c.tenant == "" || strings.EqualFold(tenant, c.tenant)
}

// CheckTenant refuses the arguments of a function, a JSON object, when they name
// another tenant than the one the client is bound to.
func (c *Conn) CheckTenant(op string, args []byte) error {
	if c == nil {
		return Unmade(op)
	}
	if c.tenant == "" {
		return nil
	}
	var named map[string]json.RawMessage
	var tenant string
	_ = json.Unmarshal(args, &named) // what is no object, or no text, the server refuses
	_ = json.Unmarshal(named["p_tenant_id"], &tenant)
	if tenant != "" && !c.mayName(tenant) {
		return sdkerr.New(op, sdkerr.ErrTenantMismatch,
			"p_tenant_id is %s, the client is bound to tenant %s", strings.ToLower(tenant), c.tenant)
	}
	return nil
}

// NeedTenant fails with ErrNoTenant when the client acts for a user whose token
// names no tenant: the views of a tenant would show no rows, which would look
// like an empty tenant. API keys and tokens that cannot be read pass.
func (c *Conn) NeedTenant(ctx context.Context, op string) error {
	if c == nil {
		return Unmade(op)
	}
	if c.auth == nil {
		return nil
	}
	claims, err := c.claims(ctx, op)
	if err != nil {
		return err
	}
	if claims.Subject == "" || claims.Role == "service_role" || claims.TenantID != "" {
		return nil
	}
	return sdkerr.New(op, sdkerr.ErrNoTenant,
		"the access token names no tenant, so the view would show no rows: take a client of ForTenant, or SetTenantAndRefresh first")
}

// ReadTenant is the tenant whose rows a view is to show that would else mix those
// of all tenants of the user: the client's own, else the one in the token. It is
// "" for API keys, which belong to no tenant and see no rows.
func (c *Conn) ReadTenant(ctx context.Context, op string) (string, error) {
	if c != nil && c.tenant == "" {
		claims, err := c.claims(ctx, op)
		if err != nil {
			return "", err
		}
		if claims.Subject == "" && (c.auth == nil || claims.Role != "") || claims.Role == "service_role" {
			return "", nil
		}
	}
	return c.TenantFor(ctx, op, "")
}

// secretFields are the fields of Auth requests whose values never show up in an
// error, even when the server repeats them.
var secretFields = map[string]bool{
	"password": true, "current_password": true, "refresh_token": true, "access_token": true,
	"token": true, "token_hash": true, "id_token": true, "code": true, "auth_code": true,
	"code_verifier": true, "nonce": true, "captcha_token": true, "provider_token": true,
}

// secretsOf lists what a failed request carried and no error may show.
func (c *Conn) secretsOf(r *Request, tok Token) []string {
	secrets := append([]string{c.cfg.APIKey, tok.Value}, c.secrets...)
	secrets = append(secrets, r.Secrets...)
	return append(secrets, bodySecrets(r)...)
}

// bodySecrets finds the secrets in the body of an Auth request.
func bodySecrets(r *Request) []string {
	if len(r.Body) == 0 || !strings.HasPrefix(r.Path, "/auth/") {
		return nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(r.Body, &fields) != nil {
		return nil
	}
	var secrets []string
	for name, raw := range fields {
		var s string
		if secretFields[name] && json.Unmarshal(raw, &s) == nil {
			secrets = append(secrets, s)
		}
	}
	return secrets
}

// headerSecrets finds the values of headers whose names speak of credentials.
func headerSecrets(h http.Header) []string {
	var secrets []string
	for name, values := range h {
		name = strings.ToLower(name)
		for _, word := range []string{"auth", "token", "key", "secret", "password", "cookie"} {
			if strings.Contains(name, word) {
				secrets = append(secrets, values...)
				break
			}
		}
	}
	return secrets
}

// errForeignHost stops a request that a middleware points elsewhere.
var errForeignHost = sdkerr.New("", sdkerr.ErrInvalidInput,
	"refused to send credentials to another host than the project's")
