package workorder

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/jwtclaims"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/internal/session"
)

// WithSession makes a client that acts as the session's user. Any number of
// clients may share a session. The session must be one of the client's own
// project: else every call fails with [ErrInvalidInput], and no token leaves.
func (c *Client) WithSession(s *Session) *Client {
	if s == nil { // no typed nil as a token source
		return c.as(noToken(sdkerr.New("WithSession", ErrUnauthenticated, "the session is nil")), "")
	}
	if err := checkProject("WithSession", s, c.conn.BaseURL()); err != nil {
		return c.as(noToken(err), "")
	}
	return c.as(s, "")
}

// AsUser makes a client that acts as the user whose access token this is, for a
// server that handles the user's request. It costs next to nothing and sends
// nothing. A text that is no JWT fails with [ErrUnauthenticated] at the first
// call, before anything is sent; whether the token is valid, the platform says.
func (c *Client) AsUser(jwt string) *Client { return c.as(newStaticToken(jwt), "") }

// as derives a client with another identity. The tenant of the one before does
// not go with it.
func (c *Client) as(src TokenSource, tenant string) *Client {
	return bind(c.conn.WithIdentity(src, tenant), c.family)
}

// SetTenant stores tenantID as the user's current tenant, for the tokens that
// Auth issues from now on. Calls without a tenant of their own act in it at
// once; what views show follows the token, so it changes with the next refresh
// ([Client.RefreshTenantSession]).
//
// The current tenant belongs to the user, not to the client: it moves every
// client that shares the session, and most calls that name another tenant store
// that one instead. A [Session] therefore stores the tenant again before it
// refreshes by itself. To work in several tenants use [Client.ForTenant].
//
// A source of [NewSelfSigned] signs its next tokens for the tenant. A client with
// a fixed access token ([Client.AsUser]) cannot follow, so it fails with
// ErrTenantMismatch and nothing is stored.
//
// Fails with ErrPermissionDenied when the user is not a member.
// TypeScript: client.setTenant.
func (c *Client) SetTenant(ctx context.Context, tenantID string) error {
	return c.setTenant(ctx, "SetTenant", tenantID)
}

func (c *Client) setTenant(ctx context.Context, op, tenantID string) error {
	if _, err := tenantKey(op, tenantID); err != nil {
		return err
	}
	src, err := c.unbound(op)
	if err != nil {
		return err
	}
	if s, ok := src.(*Session); ok {
		return s.setHomeTenant(ctx, op, tenantID)
	}
	if err := setTenantContext(ctx, c.conn, op, tenantID); err != nil {
		return err
	}
	if h, ok := src.(tenantHolder); ok {
		h.holdTenant(tenantID)
	}
	return nil
}

// tenantHolder is a token source that signs its next tokens for the tenant of
// SetTenant.
type tenantHolder interface{ holdTenant(id string) }

// ClearTenant removes the user's current tenant. Until the next refresh the
// token still names it: views go on showing it, and calls without a tenant of
// their own act in it. Afterwards those calls fail with [ErrNoTenant]. A
// [Session] stays without a tenant, whatever another program stores for the
// user, until SetTenant or SetTenantAndRefresh gives it one.
// TypeScript: client.clearTenant.
func (c *Client) ClearTenant(ctx context.Context) error {
	const op = "ClearTenant"
	src, err := c.unbound(op)
	if err != nil {
		return err
	}
	if s, ok := src.(*Session); ok {
		return s.setHomeTenant(ctx, op, "")
	}
	if err := clearTenantContext(ctx, c.conn, op); err != nil {
		return err
	}
	if h, ok := src.(tenantHolder); ok {
		h.holdTenant("")
	}
	return nil
}

// RefreshTenantSession gets a new access token now. It carries the tenant that
// is stored for the user at that moment, whoever stored it, and the session
// takes that tenant as its own, unless ClearTenant said that it has none. On a
// client of [Client.ForTenant] the token is for its tenant.
//
// Fails with ErrUnauthenticated when the client has no session to refresh.
// TypeScript: client.refreshTenantSession.
func (c *Client) RefreshTenantSession(ctx context.Context) (Token, error) {
	const op = "RefreshTenantSession"
	var tok Token
	var err error
	switch src := c.conn.Config().Auth.(type) {
	case *Session:
		tok, err = src.force(ctx, "")
	case *tenantToken:
		tok, err = src.session.force(ctx, src.tenant)
	case nil:
		return Token{}, noUser(c.conn, op)
	default:
		return Token{}, sdkerr.New(op, ErrUnauthenticated, "the client has no session that could be refreshed")
	}
	if err != nil {
		return Token{}, sdkerr.Wrap(op, ErrUnauthenticated, err)
	}
	return tok, nil
}

// SetTenantAndRefresh stores tenantID as the user's current tenant and gets a
// token for it, so that views show the tenant. The returned token names the
// tenant; should another program change the user's tenant in between, both
// steps are repeated, and in the end ErrTenantMismatch says that it kept
// happening.
// TypeScript: client.setTenantAndRefresh.
func (c *Client) SetTenantAndRefresh(ctx context.Context, tenantID string) (Token, error) {
	const op = "SetTenantAndRefresh"
	s, ok := c.conn.Config().Auth.(*Session)
	if !ok {
		if err := c.setTenant(ctx, op, tenantID); err != nil {
			return Token{}, err
		}
		tok, err := c.RefreshTenantSession(ctx)
		if err != nil {
			return Token{}, sdkerr.Wrap(op, nil, err)
		}
		return tok, nil
	}
	if tenantID == "" {
		return Token{}, sdkerr.Required(op, "the tenant id")
	}
	tok, err := s.move(ctx, tenantID)
	if err != nil {
		return Token{}, sdkerr.Wrap(op, ErrUnauthenticated, err)
	}
	return tok, nil
}

// noUser is the error of a client that has no token source.
func noUser(conn *api.Conn, op string) error {
	if conn == nil {
		return api.Unmade(op)
	}
	return sdkerr.New(op, ErrUnauthenticated, "the client has no user: give it a session or an access token")
}

// unbound is the client's token source, unless ForTenant bound it to a tenant.
func (c *Client) unbound(op string) (TokenSource, error) {
	switch src := c.conn.Config().Auth.(type) {
	case nil:
		return nil, noUser(c.conn, op)
	case *tenantToken, *verifiedToken:
		return nil, sdkerr.New(op, ErrTenantMismatch, "the client is bound to its tenant; use the client that ForTenant was called on")
	case *staticToken:
		return nil, sdkerr.New(op, ErrTenantMismatch, "a fixed access token keeps the tenant that it names; use a session, or ForTenant with a token of the tenant")
	default:
		return src, nil
	}
}

// ForTenant makes a client that works in one tenant and nowhere else: its views
// show this tenant's rows, and calls without a tenant of their own act in it.
// The client may be shared and kept; its tokens are renewed like a session's.
//
// With a [Session] (or a client that another ForTenant made from one) the tenant
// is stored with Auth and a token fetched that names it. Every later token is
// fetched and checked the same way. All tenants of a session share its chain of
// refresh tokens, each with access tokens of its own, so clients for many
// tenants can be used at the same time. The session's own clients stay in the
// tenant they are in.
//
// With a fixed access token ([Client.AsUser], or a TokenSource of your own)
// nothing can be fetched: the token must name the tenant already. A source of
// [NewSelfSigned] signs tokens for the tenant.
//
// Fails with ErrPermissionDenied when the user is not a member, and with
// ErrTenantMismatch when no token for the tenant can be had. A client never
// falls back to another tenant's token.
func (c *Client) ForTenant(ctx context.Context, tenantID string) (*Client, error) {
	const op = "ForTenant"
	tenantID, err := tenantKey(op, tenantID)
	if err != nil {
		return nil, err
	}
	src, err := c.tenantSource(ctx, op, tenantID)
	if err != nil {
		return nil, sdkerr.Wrap(op, ErrUnauthenticated, err)
	}
	return c.as(src, tenantID), nil
}

// tenantKey gives a tenant's id as tokens spell it.
func tenantKey(op, id string) (string, error) {
	id = strings.TrimSpace(id)
	return strings.ToLower(id), sdkerr.RequireText(op, "the tenant id", id)
}

func (c *Client) tenantSource(ctx context.Context, op, tenant string) (TokenSource, error) {
	switch src := c.conn.Config().Auth.(type) {
	case nil:
		return nil, noUser(c.conn, op)
	case *Session:
		return src.forTenant(ctx, tenant)
	case *tenantToken:
		return src.session.forTenant(ctx, tenant)
	case *selfSigned:
		bound := src.forTenant(tenant)
		// The claim is ours; whether it is true, the platform says.
		if err := setTenantContext(ctx, c.conn.WithIdentity(bound, ""), op, tenant); err != nil {
			return nil, err
		}
		return bound, nil
	case *verifiedToken:
		return verified(ctx, src.src, tenant)
	default:
		return verified(ctx, src, tenant)
	}
}

// tenantToken is a session's token for one tenant.
type tenantToken struct {
	session *Session
	tenant  string
}

// Token implements TokenSource.
func (t *tenantToken) Token(ctx context.Context) (Token, error) {
	return t.session.token(ctx, t.tenant)
}

// Invalidate drops a rejected token.
func (t *tenantToken) Invalidate(tok Token) {
	t.session.engine.Invalidate(t.tenant, session.Token(tok))
}

// gateOf is the gate of the session behind a token source, or nil.
func gateOf(src TokenSource) *api.WriteGate {
	if s := sessionOf(src); !s.zero() {
		return s.gate
	}
	return nil
}

// TenantID is the tenant that calls without one act in.
func (t *tenantToken) TenantID() string { return t.tenant }

// Format hides the session's secrets.
func (t *tenantToken) Format(f fmt.State, _ rune) { writeTo(f, "Session("+redacted+")") }

// LogValue hides the session's secrets.
func (t *tenantToken) LogValue() slog.Value { return t.session.LogValue() }

// MarshalJSON hides the session's secrets.
func (t *tenantToken) MarshalJSON() ([]byte, error) { return redactedJSON, nil }

// verifiedToken lets only those tokens of a source pass that name the tenant.
type verifiedToken struct {
	src    TokenSource
	tenant string
}

func verified(ctx context.Context, src TokenSource, tenant string) (TokenSource, error) {
	v := &verifiedToken{src: src, tenant: tenant}
	if _, err := v.Token(ctx); err != nil {
		return nil, err
	}
	return v, nil
}

// Token implements TokenSource.
func (v *verifiedToken) Token(ctx context.Context) (Token, error) {
	tok, err := v.src.Token(ctx)
	if err != nil {
		if cerr := ctx.Err(); cerr != nil { // whatever the source makes of it
			return Token{}, cerr
		}
		return Token{}, err
	}
	claims, err := jwtclaims.Parse(tok.Value)
	if err != nil {
		return Token{}, sdkerr.New("Token", ErrUnauthenticated, "the access token is %s", err)
	}
	if !session.SameTenant(claims.TenantID, v.tenant) {
		return Token{}, sdkerr.New("Token", ErrTenantMismatch,
			"the access token is of tenant %s, the client of tenant %s, and there is no session to fetch another with",
			session.TenantName(claims.TenantID), session.TenantName(v.tenant))
	}
	return tok, nil
}

// Invalidate drops a rejected token.
func (v *verifiedToken) Invalidate(tok Token) {
	if s, ok := v.src.(interface{ Invalidate(Token) }); ok {
		s.Invalidate(tok)
	}
}

// TenantID is the tenant that calls without one act in.
func (v *verifiedToken) TenantID() string { return v.tenant }

// Format hides the source's secrets.
func (v *verifiedToken) Format(f fmt.State, _ rune) { writeTo(f, "TokenSource("+redacted+")") }

// LogValue hides the source's secrets.
func (v *verifiedToken) LogValue() slog.Value {
	return slog.StringValue("TokenSource(" + redacted + ")")
}

// MarshalJSON hides the source's secrets.
func (v *verifiedToken) MarshalJSON() ([]byte, error) { return redactedJSON, nil }

// sessionOf is the session behind a token source, or nil.
func sessionOf(src TokenSource) *Session {
	switch src := src.(type) {
	case *Session:
		return src
	case *tenantToken:
		return src.session
	}
	return nil
}

// TenantID is the tenant that calls without one act in, once SetTenant or the
// session's first token has fixed it.
func (s *Session) TenantID() string {
	if s.zero() {
		return ""
	}
	return s.engine.TenantID()
}

// forTenant makes a source of tokens for one tenant, with a token at hand.
func (s *Session) forTenant(ctx context.Context, tenant string) (TokenSource, error) {
	if s.zero() {
		return nil, errZeroSession
	}
	t := &tenantToken{session: s, tenant: tenant}
	if err := s.engine.Confirm(ctx, tenant); err != nil {
		return nil, err
	}
	if _, err := t.Token(ctx); err != nil {
		return nil, err
	}
	return t, nil
}

// setHomeTenant stores the tenant of the session's own token, or clears it.
func (s *Session) setHomeTenant(ctx context.Context, op, tenant string) error {
	err := errZeroSession
	if !s.zero() {
		err = s.engine.SetHome(ctx, tenant)
	}
	if err != nil {
		return sdkerr.Wrap(op, ErrUnauthenticated, err)
	}
	return nil
}

// move takes the session's own token to another tenant.
func (s *Session) move(ctx context.Context, tenant string) (Token, error) {
	if s.zero() {
		return Token{}, errZeroSession
	}
	tok, err := s.engine.Move(ctx, tenant)
	return Token(tok), err
}
