package workorder

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	gotrue "github.com/supabase-community/gotrue-go"
	"github.com/supabase-community/gotrue-go/types"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// authWire calls the Auth endpoints. gotrue-go builds the requests and they go
// out through the pipeline, so identity, retries and errors are those of every
// other call; what gotrue-go itself makes of an answer is not used, because its
// errors quote the answer and its user lacks fields.
type authWire struct {
	conn *api.Conn
}

// newAuthority is the wire for calls that stand on the API key alone, and for
// calls with a given token.
func newAuthority(conn *api.Conn) authWire { return authWire{conn: conn.WithIdentity(nil, "")} }

// do makes one Auth request with gotrue-go and decodes the answer into out,
// unless out is nil.
func (w authWire) do(ctx context.Context, call api.Call, query url.Values, out any, send func(gotrue.Client) error) (*api.Response, error) {
	call.TakeBody = true
	client := w.conn.Client(ctx, &call)
	if len(query) > 0 {
		client.Transport = withQuery{query: query, next: client.Transport}
	}
	err := send(gotrue.New("", "").WithCustomGoTrueURL(w.conn.BaseURL() + "/auth/v1").WithClient(client))
	if call.Response == nil {
		if err == nil {
			err = errors.New("no request was made")
		}
		var kind error
		if cannotEncode(err) {
			kind = sdkerr.ErrInvalidInput
		}
		return nil, sdkerr.Wrap(call.Op, kind, err)
	}
	return call.Response, decodeAuth(call.Op, call.Response, out)
}

// cannotEncode reports that gotrue-go could not write metadata as JSON.
func cannotEncode(err error) bool {
	var typ *json.UnsupportedTypeError
	var value *json.UnsupportedValueError
	var own *json.MarshalerError
	return errors.As(err, &typ) || errors.As(err, &value) || errors.As(err, &own)
}

// decodeAuth reads the answer of an Auth endpoint.
func decodeAuth(op string, resp *api.Response, out any) error {
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(resp.Body, out); err != nil {
		return sdkerr.Decode(op, -1, "", "", err)
	}
	return nil
}

// withQuery adds query parameters that gotrue-go has no place for.
type withQuery struct {
	query url.Values
	next  http.RoundTripper
}

func (t withQuery) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	q := req.URL.Query()
	for name, values := range t.query {
		q[name] = values
	}
	req.URL.RawQuery = q.Encode()
	return t.next.RoundTrip(req)
}

// tokenAnswer is Auth's answer to a grant. A sign-up that waits for the e-mail
// to be confirmed is answered with the bare user instead.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresIn    int64  `json:"expires_in"`
	ExpiresAt    int64  `json:"expires_at"`
	User         User   `json:"user"`
}

func (a tokenAnswer) grant() grant {
	const day = 24 * 60 * 60
	g := grant{
		accessToken:  a.AccessToken,
		refreshToken: a.RefreshToken,
		expiresIn:    time.Duration(min(max(a.ExpiresIn, 0), 3650*day)) * time.Second,
		user:         a.User,
	}
	if a.ExpiresAt > 0 {
		g.expiresAt = time.Unix(a.ExpiresAt, 0)
	}
	return g
}

// grantFrom runs a token grant.
func (w authWire) grantFrom(ctx context.Context, call api.Call, req types.TokenRequest) (grant, error) {
	var a tokenAnswer
	_, err := w.do(ctx, call, nil, &a, func(c gotrue.Client) error {
		_, err := c.Token(req)
		return err
	})
	if err != nil {
		return grant{}, err
	}
	if a.AccessToken == "" {
		return grant{}, sdkerr.New(call.Op, sdkerr.ErrDecode, "the answer has no access token")
	}
	return a.grant(), nil
}

// signIn runs the password grant. It is not repeated once it may have reached
// the server: every success begins another session there.
func (w authWire) signIn(ctx context.Context, op, email, password string) (grant, error) {
	if err := sdkerr.RequireText(op, "Email", email, "Password", password); err != nil {
		return grant{}, err
	}
	return w.grantFrom(ctx, api.Call{Op: op},
		types.TokenRequest{GrantType: "password", Email: email, Password: password})
}

// refresh runs the refresh grant. It may be repeated: Auth answers a refresh
// token whose successor was never used with the session's current one.
func (w authWire) refresh(ctx context.Context, refreshToken string) (grant, error) {
	const op = "Session.Refresh"
	g, err := w.grantFrom(ctx, api.Call{Op: op, Safe: true},
		types.TokenRequest{GrantType: "refresh_token", RefreshToken: refreshToken})
	var e *SdkError
	if errors.As(err, &e) && e.Code == "validation_failed" {
		// Auth says so of a refresh token that it cannot have issued.
		over := sdkerr.New(op, sdkerr.ErrSessionExpired, "the refresh token is malformed")
		over.Method, over.Path, over.HTTPStatus, over.Code = e.Method, e.Path, e.HTTPStatus, e.Code
		over.RequestID, over.Attempts = e.RequestID, e.Attempts
		return grant{}, over
	}
	return g, err
}

// realm names the server.
func (w authWire) realm() string { return w.conn.BaseURL() }

// setTenant stores or clears the user's tenant. Doing it twice is harmless.
func (w authWire) setTenant(ctx context.Context, access Token, tenant string) error {
	conn := w.conn.WithIdentity(&staticToken{tok: &access}, "")
	if tenant == "" {
		return clearTenantContext(ctx, conn, "Session.ClearTenant")
	}
	return setTenantContext(ctx, conn, "Session.SetTenant", tenant)
}

// setTenantContext calls rpc_set_tenant_context.
func setTenantContext(ctx context.Context, conn *api.Conn, op, tenant string) error {
	body, err := json.Marshal(struct {
		TenantID string `json:"p_tenant_id"`
	}{tenant})
	if err != nil {
		return sdkerr.Wrap(op, nil, err)
	}
	_, err = conn.Do(ctx, &api.Request{
		Op: op, Method: http.MethodPost, Path: "/rest/v1/rpc/rpc_set_tenant_context", Body: body, Keyed: true,
	})
	return err
}

// clearTenantContext calls rpc_clear_tenant_context.
func clearTenantContext(ctx context.Context, conn *api.Conn, op string) error {
	_, err := conn.Do(ctx, &api.Request{
		Op: op, Method: http.MethodPost, Path: "/rest/v1/rpc/rpc_clear_tenant_context", Body: []byte("{}"), Keyed: true,
	})
	return err
}
