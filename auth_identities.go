package workorder

import (
	"context"
	"net/http"

	"github.com/workorder-systems/sdk-go/internal/api"
)

// ListIdentities returns the ways in which the client's user can sign in, as Auth knows
// them now.
// TypeScript: auth.getUserIdentities.
func (s *AuthService) ListIdentities(ctx context.Context) ([]Identity, error) {
	u, err := s.user(ctx, "Auth.ListIdentities")
	if err != nil {
		return nil, err
	}
	return u.Identities, nil
}

// LinkIdentity begins the way on which the account of the client's user gets an
// identity of an OAuth provider: it asks Auth for the address to send the user's browser
// to. The browser comes back as after [AuthService.OAuthURL], and has the identity then.
// That somebody's account has it already, Auth tells the browser.
//
// Fails with ErrPermissionDenied where the project does not allow linking, and with
// ErrInvalidInput when it does not offer the provider.
// TypeScript: auth.linkIdentity.
func (s *AuthService) LinkIdentity(ctx context.Context, p OAuthURLParams) (*BrowserFlow, error) {
	const op = "Auth.LinkIdentity"
	verifier := NewCodeVerifier()
	query, err := p.query(op, verifier)
	if err != nil {
		return nil, err
	}
	if err := s.needUser(op); err != nil {
		return nil, err
	}
	query.Set("skip_http_redirect", "true")
	var a struct {
		URL string `json:"url"`
	}
	err = authWire{s.conn}.do(ctx, api.Request{
		Op: op, Method: http.MethodGet, Path: "/user/identities/authorize", RawQuery: query.Encode(),
	}, nil, &a)
	if err != nil {
		return nil, err
	}
	return newBrowserFlow(op, a.URL, verifier)
}

// UnlinkIdentity takes an identity away from the account of the client's user, who can
// no longer sign in with it. Its sessions go on.
//
// Fails with ErrRuleViolation when it is the user's only one or another account needs
// its address, with ErrNotFound when the user has no such identity, and with
// ErrPermissionDenied where the project does not allow linking.
// TypeScript: auth.unlinkIdentity.
func (s *AuthService) UnlinkIdentity(ctx context.Context, identityID string) error {
	const op = "Auth.UnlinkIdentity"
	identity, err := parseID(op, "the identity id", identityID)
	if err != nil {
		return err
	}
	if err := s.needUser(op); err != nil {
		return err
	}
	return authWire{s.conn}.do(ctx, api.Request{Op: op, Method: http.MethodDelete, Path: "/user/identities/" + identity.String()}, nil, nil)
}
