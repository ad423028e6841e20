package workorder

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// OAuthClient is a program that users may let act for them: for it the project's Auth
// is the provider. Which tenants it may see, each user says with
// Tenants.ReplaceOAuthClientGrants.
type OAuthClient struct {
	ID     string       `json:"client_id"`
	Secret types.Secret `json:"client_secret"` // only when it was made just now; Auth cannot show it again
	Name   string       `json:"client_name"`
	Type   string       `json:"client_type"` // confidential, or public without a secret
	// TokenEndpointAuthMethod is how the client proves itself: none, client_secret_basic
	// or client_secret_post.
	TokenEndpointAuthMethod string    `json:"token_endpoint_auth_method"`
	RegistrationType        string    `json:"registration_type"` // manual, or dynamic by the client itself
	URI                     string    `json:"client_uri"`
	LogoURI                 string    `json:"logo_uri"`
	RedirectURIs            []string  `json:"redirect_uris"`
	GrantTypes              []string  `json:"grant_types"`
	ResponseTypes           []string  `json:"response_types"`
	Scope                   string    `json:"scope"`
	CreatedAt               time.Time `json:"created_at"`
	UpdatedAt               time.Time `json:"updated_at"`
}

// CreateOAuthClientParams describes a new OAuth client.
type CreateOAuthClientParams struct {
	Name         string   // required
	RedirectURIs []string // required: where browsers may be sent back to
	URI          string   // the client's home page
	LogoURI      string
	GrantTypes   []string // authorization_code and refresh_token when empty
	Scope        string
	// TokenEndpointAuthMethod is how the client proves itself: none makes a public client
	// without a secret; when empty the project decides.
	TokenEndpointAuthMethod string
}

// CreateOAuthClient registers a program with the project's OAuth server. Its secret is
// in the answer and nowhere else.
//
// Fails with ErrInvalidInput when a redirect URI is not safe (https, or this machine),
// and with ErrNotFound where the project's OAuth server is off.
// TypeScript: auth.admin.oauth.createClient.
func (s *AdminService) CreateOAuthClient(ctx context.Context, p CreateOAuthClientParams) (*OAuthClient, error) {
	const op = "Auth.Admin.CreateOAuthClient"
	if err := sdkerr.RequireText(op, "Name", p.Name); err != nil {
		return nil, err
	}
	if len(p.RedirectURIs) == 0 {
		return nil, sdkerr.Required(op, "RedirectURIs")
	}
	if err := checkRedirectURIs(op, p.RedirectURIs); err != nil {
		return nil, err
	}
	return s.oauthClient(ctx, api.Request{Op: op, Method: http.MethodPost, Path: "/admin/oauth/clients"}, struct {
		Name         string   `json:"client_name"`
		RedirectURIs []string `json:"redirect_uris"`
		URI          string   `json:"client_uri,omitempty"`
		LogoURI      string   `json:"logo_uri,omitempty"`
		GrantTypes   []string `json:"grant_types,omitempty"`
		Scope        string   `json:"scope,omitempty"`
		AuthMethod   string   `json:"token_endpoint_auth_method,omitempty"`
	}{p.Name, p.RedirectURIs, p.URI, p.LogoURI, p.GrantTypes, p.Scope, p.TokenEndpointAuthMethod})
}

func checkRedirectURIs(op string, list []string) error {
	for i, to := range list {
		if err := checkURL(to); err != nil {
			return sdkerr.Invalid(op, "RedirectURIs["+strconv.Itoa(i)+"]", err.Error())
		}
	}
	return nil
}

// UpdateOAuthClientParams is what to change about an OAuth client. Nil fields stay as
// they are.
type UpdateOAuthClientParams struct {
	Name                    *string
	RedirectURIs            []string // all of them
	URI                     *string
	LogoURI                 *string
	GrantTypes              []string // all of them
	TokenEndpointAuthMethod *string
}

// UpdateOAuthClient changes a program that is registered with the project's OAuth
// server. Fails with ErrNotFound when there is none.
// TypeScript: auth.admin.oauth.updateClient.
func (s *AdminService) UpdateOAuthClient(ctx context.Context, id string, p UpdateOAuthClientParams) (*OAuthClient, error) {
	const op = "Auth.Admin.UpdateOAuthClient"
	if p.Name != nil && *p.Name == "" {
		return nil, sdkerr.Invalid(op, "Name", "is empty")
	}
	if err := checkRedirectURIs(op, p.RedirectURIs); err != nil {
		return nil, err
	}
	return s.oauthClientByID(ctx, op, http.MethodPut, id, "", struct {
		Name         *string  `json:"client_name,omitempty"`
		RedirectURIs []string `json:"redirect_uris,omitempty"`
		URI          *string  `json:"client_uri,omitempty"`
		LogoURI      *string  `json:"logo_uri,omitempty"`
		GrantTypes   []string `json:"grant_types,omitempty"`
		AuthMethod   *string  `json:"token_endpoint_auth_method,omitempty"`
	}{p.Name, p.RedirectURIs, p.URI, p.LogoURI, p.GrantTypes, p.TokenEndpointAuthMethod})
}

// GetOAuthClient returns one program that is registered with the project's OAuth
// server, without its secret. Fails with ErrNotFound when there is none.
// TypeScript: auth.admin.oauth.getClient.
func (s *AdminService) GetOAuthClient(ctx context.Context, id string) (*OAuthClient, error) {
	return s.oauthClientByID(ctx, "Auth.Admin.GetOAuthClient", http.MethodGet, id, "", nil)
}

// RegenerateOAuthClientSecret gives a program another secret, which is in the answer
// and nowhere else; the one before stops working. Fails with ErrNotFound when there is
// no such program and with ErrInvalidInput when it is a public one.
// TypeScript: auth.admin.oauth.regenerateClientSecret.
func (s *AdminService) RegenerateOAuthClientSecret(ctx context.Context, id string) (*OAuthClient, error) {
	return s.oauthClientByID(ctx, "Auth.Admin.RegenerateOAuthClientSecret", http.MethodPost, id, "/regenerate_secret", nil)
}

// DeleteOAuthClient takes a program off the project's OAuth server. Fails with
// ErrNotFound when there is none.
// TypeScript: auth.admin.oauth.deleteClient.
func (s *AdminService) DeleteOAuthClient(ctx context.Context, id string) error {
	const op = "Auth.Admin.DeleteOAuthClient"
	client, err := parseID(op, "the client id", id)
	if err != nil {
		return err
	}
	return s.do(ctx, api.Request{Op: op, Method: http.MethodDelete, Path: "/admin/oauth/clients/" + client.String()}, nil, nil)
}

func (s *AdminService) oauthClientByID(ctx context.Context, op, method, id, what string, in any) (*OAuthClient, error) {
	client, err := parseID(op, "the client id", id)
	if err != nil {
		return nil, err
	}
	return s.oauthClient(ctx, api.Request{
		Op: op, Method: method, Path: "/admin/oauth/clients/" + client.String() + what, Safe: method == http.MethodGet,
	}, in)
}

func (s *AdminService) oauthClient(ctx context.Context, r api.Request, in any) (*OAuthClient, error) {
	var c OAuthClient
	if err := s.do(ctx, r, in, &c); err != nil {
		return nil, err
	}
	return &c, nil
}

// ListOAuthClients returns every program that is registered with the project's OAuth
// server, without the secrets.
// TypeScript: auth.admin.oauth.listClients.
func (s *AdminService) ListOAuthClients(ctx context.Context) ([]OAuthClient, error) {
	return collect(paged(func(page url.Values) ([]OAuthClient, error) {
		var answer struct {
			Clients []OAuthClient `json:"clients"`
		}
		err := s.list(ctx, "Auth.Admin.ListOAuthClients", "/admin/oauth/clients", page, &answer)
		return answer.Clients, err
	}, func(c *OAuthClient) string { return c.ID }))
}
