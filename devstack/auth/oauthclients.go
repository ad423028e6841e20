package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// oauthClient is a program that users may let act for them, for which Auth is the
// provider.
type oauthClient struct {
	ID               string    `json:"client_id"`
	Secret           string    `json:"client_secret,omitempty"`
	Type             string    `json:"client_type"`
	AuthMethod       string    `json:"token_endpoint_auth_method"`
	RegistrationType string    `json:"registration_type"`
	Name             string    `json:"client_name"`
	URI              string    `json:"client_uri,omitempty"`
	LogoURI          string    `json:"logo_uri,omitempty"`
	RedirectURIs     []string  `json:"redirect_uris"`
	GrantTypes       []string  `json:"grant_types"`
	ResponseTypes    []string  `json:"response_types"`
	CreatedAt        time.Time `json:"created_at"`
	UpdatedAt        time.Time `json:"updated_at"`
}

// oauthClientRequest is the body of creating and of updating a client.
type oauthClientRequest struct {
	Name         *string  `json:"client_name"`
	URI          *string  `json:"client_uri"`
	LogoURI      *string  `json:"logo_uri"`
	RedirectURIs []string `json:"redirect_uris"`
	GrantTypes   []string `json:"grant_types"`
	AuthMethod   *string  `json:"token_endpoint_auth_method"`
}

// apply changes what is given.
func (p oauthClientRequest) apply(c *oauthClient) error {
	set := func(to, from *string) {
		if from != nil {
			*to = *from
		}
	}
	set(&c.Name, p.Name)
	set(&c.URI, p.URI)
	set(&c.LogoURI, p.LogoURI)
	set(&c.AuthMethod, p.AuthMethod)
	if p.RedirectURIs != nil {
		c.RedirectURIs = p.RedirectURIs
	}
	if p.GrantTypes != nil {
		c.GrantTypes = p.GrantTypes
	}
	c.Type = "confidential"
	if c.AuthMethod == "none" {
		c.Type = "public"
	}
	return c.check()
}

// maxRedirectURIs is how many places a client may send browsers back to.
const maxRedirectURIs = 10

func (c *oauthClient) check() error {
	switch {
	case c.Name == "":
		return badRequest("validation_failed", "client_name is required")
	case len(c.RedirectURIs) == 0:
		return badRequest("validation_failed", "redirect_uris is required")
	case len(c.RedirectURIs) > maxRedirectURIs:
		return badRequest("validation_failed", "redirect_uris cannot exceed %d items", maxRedirectURIs)
	case !slices.Contains([]string{"none", "client_secret_basic", "client_secret_post"}, c.AuthMethod):
		return badRequest("validation_failed", "Invalid token_endpoint_auth_method")
	}
	for _, to := range c.RedirectURIs {
		u, err := url.Parse(to)
		switch {
		case err != nil || u.Scheme == "":
			return badRequest("validation_failed", "invalid redirect_uri: %s", to)
		case u.Fragment != "":
			return badRequest("validation_failed", "redirect URI cannot contain fragments")
		case u.Scheme == "http" && !onThisMachine(u):
			return badRequest("validation_failed", "redirect URIs must use HTTPS, except for localhost")
		}
	}
	for _, grant := range c.GrantTypes {
		if grant != "authorization_code" && grant != "refresh_token" {
			return badRequest("validation_failed", "grant_types must only contain 'authorization_code' and/or 'refresh_token'")
		}
	}
	return nil
}

const selectOAuthClient = `
	select id::text, client_type::text, token_endpoint_auth_method, registration_type::text, coalesce(client_name, ''),
	       coalesce(client_uri, ''), coalesce(logo_uri, ''), redirect_uris, grant_types, created_at, updated_at
	from auth.oauth_clients where deleted_at is null `

func findOAuthClients(ctx context.Context, q querier, rest string, args ...any) ([]oauthClient, error) {
	rows, err := q.Query(ctx, selectOAuthClient+rest, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c oauthClient, err error) {
		err = row.Scan(&c.ID, &c.Type, &c.AuthMethod, &c.RegistrationType, &c.Name, &c.URI, &c.LogoURI,
			&c.RedirectURIs, &c.GrantTypes, &c.CreatedAt, &c.UpdatedAt)
		c.ResponseTypes = []string{"code"}
		c.CreatedAt, c.UpdatedAt = c.CreatedAt.UTC(), c.UpdatedAt.UTC()
		return c, err
	})
}

// oauthClientIn finds the client in the path of an administrator's request.
func (s *server) oauthClientIn(r *http.Request, tx pgx.Tx) (*oauthClient, error) {
	id, err := uuid.Parse(r.PathValue("client"))
	if err != nil {
		return nil, badRequest("validation_failed", "invalid client_id format")
	}
	found, err := findOAuthClients(r.Context(), tx, `and id = $1 for update`, id.String())
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, failf(http.StatusNotFound, "oauth_client_not_found", "OAuth client not found")
	}
	return &found[0], nil
}

func (s *server) adminListOAuthClients(w http.ResponseWriter, r *http.Request) error {
	if err := s.admin(r); err != nil {
		return err
	}
	found, err := findOAuthClients(r.Context(), s.Pool, `order by created_at desc, id`)
	if err != nil {
		return err
	}
	answer := map[string]any{}
	if len(found) > 0 {
		answer["clients"] = found
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

func (s *server) adminCreateOAuthClient(w http.ResponseWriter, r *http.Request) error {
	if err := s.admin(r); err != nil {
		return err
	}
	var p oauthClientRequest
	if err := readJSON(w, r, &p); err != nil {
		return err
	}
	now := s.Now().UTC()
	c := oauthClient{
		ID: uuid.NewString(), RegistrationType: "manual", AuthMethod: "client_secret_basic",
		GrantTypes: []string{"authorization_code", "refresh_token"}, ResponseTypes: []string{"code"}, CreatedAt: now, UpdatedAt: now,
	}
	if err := p.apply(&c); err != nil {
		return err
	}
	hash := ""
	if c.Type == "confidential" {
		c.Secret, hash = newClientSecret()
	}
	_, err := s.Pool.Exec(r.Context(), `
		insert into auth.oauth_clients (id, client_secret_hash, registration_type, client_type, token_endpoint_auth_method,
		    client_name, client_uri, logo_uri, redirect_uris, grant_types, created_at, updated_at)
		values ($1, $2, 'manual', $3, $4, $5, $6, $7, $8, $9, $10, $10)`,
		c.ID, nullIfEmpty(hash), c.Type, c.AuthMethod, c.Name, nullIfEmpty(c.URI), nullIfEmpty(c.LogoURI),
		c.RedirectURIs, c.GrantTypes, now)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, c)
	return nil
}

// newClientSecret makes a secret and what is stored of it.
func newClientSecret() (secret, hash string) {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails
	secret = base64.RawURLEncoding.EncodeToString(raw[:])
	sum := sha256.Sum256([]byte(secret))
	return secret, hex.EncodeToString(sum[:])
}

func (s *server) adminGetOAuthClient(w http.ResponseWriter, r *http.Request) error {
	return s.changeOAuthClient(w, r, http.StatusOK, func(pgx.Tx, *oauthClient) error { return nil })
}

func (s *server) adminUpdateOAuthClient(w http.ResponseWriter, r *http.Request) error {
	var p oauthClientRequest
	return s.changeOAuthClient(w, r, http.StatusOK, func(tx pgx.Tx, c *oauthClient) error {
		if err := readJSON(w, r, &p); err != nil {
			return err
		}
		before := c.Type
		if err := p.apply(c); err != nil {
			return err
		}
		if c.Type != before {
			return badRequest("validation_failed", "token_endpoint_auth_method does not fit a %s client", before)
		}
		c.UpdatedAt = s.Now().UTC()
		_, err := tx.Exec(r.Context(), `
			update auth.oauth_clients
			set token_endpoint_auth_method = $2, client_name = $3, client_uri = $4, logo_uri = $5, redirect_uris = $6, grant_types = $7, updated_at = $8
			where id = $1`,
			c.ID, c.AuthMethod, c.Name, nullIfEmpty(c.URI), nullIfEmpty(c.LogoURI),
			c.RedirectURIs, c.GrantTypes, c.UpdatedAt)
		return err
	})
}

func (s *server) adminDeleteOAuthClient(w http.ResponseWriter, r *http.Request) error {
	return s.changeOAuthClient(w, r, http.StatusNoContent, func(tx pgx.Tx, c *oauthClient) error {
		_, err := tx.Exec(r.Context(), `update auth.oauth_clients set deleted_at = $2 where id = $1`, c.ID, s.Now())
		return err
	})
}

func (s *server) adminRegenerateOAuthClient(w http.ResponseWriter, r *http.Request) error {
	return s.changeOAuthClient(w, r, http.StatusOK, func(tx pgx.Tx, c *oauthClient) error {
		if c.Type == "public" {
			return badRequest("validation_failed", "Cannot regenerate secret for public client")
		}
		var hash string
		c.Secret, hash = newClientSecret()
		c.UpdatedAt = s.Now().UTC()
		_, err := tx.Exec(r.Context(), `update auth.oauth_clients set client_secret_hash = $2, updated_at = $3 where id = $1`,
			c.ID, hash, c.UpdatedAt)
		return err
	})
}

// changeOAuthClient does something to the client in the path and answers with it.
func (s *server) changeOAuthClient(w http.ResponseWriter, r *http.Request, status int, change func(pgx.Tx, *oauthClient) error) error {
	if err := s.admin(r); err != nil {
		return err
	}
	var c *oauthClient
	err := s.tx(r.Context(), func(tx pgx.Tx) (err error) {
		if c, err = s.oauthClientIn(r, tx); err != nil {
			return err
		}
		return change(tx, c)
	})
	switch {
	case err != nil:
		return err
	case status == http.StatusNoContent:
		w.WriteHeader(status)
	default:
		writeJSON(w, status, c)
	}
	return nil
}
