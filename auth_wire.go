package workorder

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/postgrest/rowjson"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/internal/session"
	"github.com/workorder-systems/sdk-go/types"
)

// authWire calls the Auth endpoints.
type authWire struct {
	conn *api.Conn
}

// newAuthority is the wire for calls that stand on the API key alone, and for
// calls with a given token.
func newAuthority(conn *api.Conn) authWire { return authWire{conn: conn.WithIdentity(nil, "")} }

// do sends in, unless it is nil, as the body of r to an endpoint below /auth/v1
// and decodes the answer into out, unless that is nil.
func (w authWire) do(ctx context.Context, r api.Request, in, out any) error {
	r.Path = "/auth/v1" + r.Path
	if in != nil {
		var err error
		if r.Body, err = postgrest.Body(r.Op, in); err != nil {
			return err
		}
	}
	resp, err := w.conn.Do(ctx, &r)
	if err != nil {
		return err
	}
	return decodeAuth(r.Op, resp, out)
}

// decodeAuth reads the answer of an Auth endpoint.
func decodeAuth(op string, resp *api.Response, out any) error {
	if out == nil {
		return nil
	}
	err := rowjson.UnmarshalFold(resp.Body, reflect.ValueOf(out))
	var bad *rowjson.Error
	if errors.As(err, &bad) { // its value may be a token
		return sdkerr.Decode(op, -1, bad.Column, "", bad.Err)
	}
	return err
}

// tokenAnswer is Auth's answer to a grant.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresIn    int64  `json:"expires_in"`
	ExpiresAt    int64  `json:"expires_at"`
	User         User   `json:"user"`

	ProviderToken        types.Secret `json:"provider_token"` // of a sign-in at an OAuth provider
	ProviderRefreshToken types.Secret `json:"provider_refresh_token"`
}

// signUpAnswer is Auth's answer to a sign-up: tokens, or the bare user when the
// e-mail address has to be confirmed first.
type signUpAnswer struct {
	tokenAnswer
	bare User
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *signUpAnswer) UnmarshalJSON(b []byte) error {
	if err := rowjson.UnmarshalFold(b, reflect.ValueOf(&a.tokenAnswer)); err != nil || a.AccessToken != "" {
		return err
	}
	return rowjson.UnmarshalFold(b, reflect.ValueOf(&a.bare))
}

func (a tokenAnswer) grant() session.Grant {
	const day = 24 * 60 * 60
	g := session.Grant{
		AccessToken:  a.AccessToken,
		RefreshToken: a.RefreshToken,
		ExpiresIn:    time.Duration(min(max(a.ExpiresIn, 0), 3650*day)) * time.Second,
	}
	if a.ExpiresAt > 0 {
		g.ExpiresAt = time.Unix(a.ExpiresAt, 0)
	}
	if a.User.ID != "" {
		g.User = a.User.clone()
	}
	return g
}

// grantFrom runs a token grant.
func (w authWire) grantFrom(ctx context.Context, op, grantType string, safe bool, in any) (session.Grant, error) {
	a, err := w.token(ctx, op, grantType, safe, in)
	if err != nil {
		return session.Grant{}, err
	}
	return a.grant(), nil
}

// token runs a token grant and returns the whole answer.
func (w authWire) token(ctx context.Context, op, grantType string, safe bool, in any) (tokenAnswer, error) {
	r := api.Request{
		Op: op, Method: http.MethodPost, Path: "/token", RawQuery: "grant_type=" + grantType, Safe: safe,
	}
	var a tokenAnswer
	if err := w.do(ctx, r, in, &a); err != nil {
		return tokenAnswer{}, err
	}
	if a.AccessToken == "" {
		return tokenAnswer{}, sdkerr.New(op, sdkerr.ErrDecode, "the answer has no access token")
	}
	return a, nil
}

// signIn runs the password grant. It is not repeated once it may have reached
// the server: every success begins another session there.
func (w authWire) signIn(ctx context.Context, op, email, password string) (session.Grant, error) {
	if err := sdkerr.RequireText(op, "Email", email, "Password", password); err != nil {
		return session.Grant{}, err
	}
	return w.grantFrom(ctx, op, "password", false, struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}{email, password})
}

// refresh runs the refresh grant. It may be repeated: Auth answers a refresh
// token whose successor was never used with the session's current one.
func (w authWire) refresh(ctx context.Context, refreshToken string) (session.Grant, error) {
	const op = "Session.Refresh"
	g, err := w.grantFrom(ctx, op, "refresh_token", true, struct {
		RefreshToken string `json:"refresh_token"`
	}{refreshToken})
	var e *SdkError
	if errors.As(err, &e) && e.Code == "validation_failed" {
		// Auth says so of a refresh token that it cannot have issued.
		return session.Grant{}, withKind(e, sdkerr.ErrSessionExpired, "the refresh token is malformed")
	}
	return g, err
}

// withKind is e where Auth's code says less than is known.
func withKind(e *SdkError, kind error, message string) *SdkError {
	other := sdkerr.New(e.Op, kind, "%s", message)
	other.Method, other.Path, other.HTTPStatus, other.Code = e.Method, e.Path, e.HTTPStatus, e.Code
	other.RequestID, other.Attempts = e.RequestID, e.Attempts
	return other
}

// realm names the server.
func (w authWire) realm() string { return w.conn.BaseURL() }

// setTenant stores or clears the user's tenant. Doing it twice is harmless.
func (w authWire) setTenant(ctx context.Context, access Token, tenant string) error {
	conn := w.conn.WithIdentity(tokenOf(access), "")
	if tenant == "" {
		return clearTenantContext(ctx, conn, "Session.ClearTenant")
	}
	return setTenantContext(ctx, conn, "Session.SetTenant", tenant)
}

// publicProfile names the schema, as every call of a function does.
var publicProfile = http.Header{"Content-Profile": {"public"}}

// setTenantContext calls rpc_set_tenant_context.
func setTenantContext(ctx context.Context, conn *api.Conn, op, tenant string) error {
	body, err := postgrest.Body(op, struct {
		TenantID string `json:"p_tenant_id"`
	}{tenant})
	if err != nil {
		return err
	}
	_, err = conn.Do(ctx, &api.Request{
		Op: op, Method: http.MethodPost, Path: "/rest/v1/rpc/rpc_set_tenant_context", Body: body, Keyed: true,
		Header: publicProfile,
	})
	return err
}

// clearTenantContext calls rpc_clear_tenant_context.
func clearTenantContext(ctx context.Context, conn *api.Conn, op string) error {
	_, err := conn.Do(ctx, &api.Request{
		Op: op, Method: http.MethodPost, Path: "/rest/v1/rpc/rpc_clear_tenant_context", Body: []byte("{}"), Keyed: true,
		Header: publicProfile,
	})
	return err
}
