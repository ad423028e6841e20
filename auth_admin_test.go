package workorder

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// What each call of administrators about OAuth clients and accounts sends.
func TestAdminRequests(t *testing.T) {
	const (
		id     = "0b5e0f5e-6f43-4c0e-9d52-4e6d6d9d4c11"
		client = `{"client_id":"` + id + `","client_secret":"s1","client_name":"App","client_type":"confidential","token_endpoint_auth_method":"none",
			"registration_type":"manual","client_uri":"u","logo_uri":"l","redirect_uris":["r"],"grant_types":["g"],"response_types":["code"],
			"scope":"openid","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:06Z"}`
	)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	want := &OAuthClient{
		ID: id, Secret: "s1", Name: "App", Type: "confidential", TokenEndpointAuthMethod: "none", RegistrationType: "manual",
		URI: "u", LogoURI: "l", RedirectURIs: []string{"r"}, GrantTypes: []string{"g"}, ResponseTypes: []string{"code"},
		Scope: "openid", CreatedAt: at, UpdatedAt: at.Add(time.Second),
	}
	is := func(c *OAuthClient, err error) error {
		if err == nil && cmp.Diff(want, c) != "" {
			return errors.New(cmp.Diff(want, c))
		}
		return err
	}
	ctx := t.Context()
	for _, tc := range []struct {
		name, reply    string
		call           func(a *AdminService) error
		method, target string
		body           string
	}{
		{"CreateOAuthClient", client, func(a *AdminService) error {
			return is(a.CreateOAuthClient(ctx, CreateOAuthClientParams{
				Name: "App", RedirectURIs: []string{"https://app.example.com/"}, URI: "u", LogoURI: "l", GrantTypes: []string{"g"},
				Scope: "openid", TokenEndpointAuthMethod: "none",
			}))
		}, "POST", "/oauth/clients", `{"client_name":"App","redirect_uris":["https://app.example.com/"],"client_uri":"u","logo_uri":"l",
			"grant_types":["g"],"scope":"openid","token_endpoint_auth_method":"none"}`},
		{"CreateOAuthClient short", client, func(a *AdminService) error {
			return is(a.CreateOAuthClient(ctx, CreateOAuthClientParams{Name: "App", RedirectURIs: []string{"app://back"}}))
		}, "POST", "/oauth/clients", `{"client_name":"App","redirect_uris":["app://back"]}`},
		{"UpdateOAuthClient", client, func(a *AdminService) error {
			return is(a.UpdateOAuthClient(ctx, id, UpdateOAuthClientParams{Name: new("App"), URI: new(""), RedirectURIs: []string{"app://back"}}))
		}, "PUT", "/oauth/clients/" + id, `{"client_name":"App","client_uri":"","redirect_uris":["app://back"]}`},
		{"GetOAuthClient", client, func(a *AdminService) error { return is(a.GetOAuthClient(ctx, strings.ToUpper(id))) },
			"GET", "/oauth/clients/" + id, ""},
		{"RegenerateOAuthClientSecret", client, func(a *AdminService) error { return is(a.RegenerateOAuthClientSecret(ctx, id)) },
			"POST", "/oauth/clients/" + id + "/regenerate_secret", ""},
		{"DeleteOAuthClient", "", func(a *AdminService) error { return a.DeleteOAuthClient(ctx, id) }, "DELETE", "/oauth/clients/" + id, ""},
		{"SoftDeleteUser", `{}`, func(a *AdminService) error { return a.SoftDeleteUser(ctx, id) },
			"DELETE", "/users/" + id, `{"should_soft_delete":true}`},
		{"CreateUser from elsewhere", userJSON, func(a *AdminService) error {
			return second(a.CreateUser(ctx, AdminCreateUserParams{ID: id, Email: "a@example.com", PasswordHash: "$2a$10$x", Role: "editor"}))
		}, "POST", "/users", `{"id":"` + id + `","email":"a@example.com","password_hash":"$2a$10$x","role":"editor"}`},
		{"UpdateUser from elsewhere", userJSON, func(a *AdminService) error {
			return second(a.UpdateUser(ctx, id, AdminUpdateUserParams{PasswordHash: "$2a$10$x", Role: "editor"}))
		}, "PUT", "/users/" + id, `{"password_hash":"$2a$10$x","role":"editor"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWire(t, 200, tc.reply)
			c := w.client(t)
			require.NoError(t, tc.call(&c.Auth.Admin))
			require.Len(t, w.got, 1)
			require.Equal(t, tc.method+" /auth/v1/admin"+tc.target, w.got[0].Method+" "+w.got[0].RequestURI)
			if tc.body == "" {
				require.Empty(t, w.body[0])
			} else {
				require.JSONEq(t, tc.body, w.body[0])
			}
		})
	}
}

func TestAdminChecksBeforeSending(t *testing.T) {
	w := newWire(t, 500, "")
	a, ctx := &w.client(t).Auth.Admin, t.Context()
	first := func(f AuthEventFilter) error {
		for _, err := range a.AllEvents(ctx, f) {
			return err
		}
		return nil
	}
	for name, err := range map[string]error{
		"Name":                       second(a.CreateOAuthClient(ctx, CreateOAuthClientParams{RedirectURIs: []string{"app://back"}})),
		"RedirectURIs":               second(a.CreateOAuthClient(ctx, CreateOAuthClientParams{Name: "App"})),
		"RedirectURIs[1]":            second(a.CreateOAuthClient(ctx, CreateOAuthClientParams{Name: "App", RedirectURIs: []string{"app://back", "back"}})),
		"RedirectURIs[0]":            second(a.UpdateOAuthClient(ctx, userID1, UpdateOAuthClientParams{RedirectURIs: []string{"back"}})),
		"Name ":                      second(a.UpdateOAuthClient(ctx, userID1, UpdateOAuthClientParams{Name: new("")})),
		"UUID":                       second(a.UpdateOAuthClient(ctx, "../users", UpdateOAuthClientParams{})),
		"UUID ":                      second(a.GetOAuthClient(ctx, "x")),
		"UUID  ":                     second(a.RegenerateOAuthClientSecret(ctx, "x")),
		"the client id":              a.DeleteOAuthClient(ctx, ""),
		"the user id":                a.SoftDeleteUser(ctx, ""),
		"ID":                         second(a.CreateUser(ctx, AdminCreateUserParams{ID: "x", Email: "a@example.com"})),
		"Password and PasswordHash":  second(a.CreateUser(ctx, AdminCreateUserParams{Email: "a@example.com", Password: "x", PasswordHash: "y"})),
		"Password and PasswordHash ": second(a.UpdateUser(ctx, userID1, AdminUpdateUserParams{Password: new("x"), PasswordHash: "y"})),
		"two fields":                 first(AuthEventFilter{Action: "login", Author: "ada"}),
		"NUL":                        first(AuthEventFilter{Action: "log\x00in"}),
	} {
		require.ErrorIs(t, err, ErrInvalidInput, name)
		require.Contains(t, err.Error(), strings.TrimSpace(name))
	}
	user := w.client(t).AsUser(testJWT(map[string]any{"sub": userID1, "role": "authenticated"}))
	for _, err := range user.Auth.Admin.AllEvents(ctx, AuthEventFilter{}) {
		require.ErrorIs(t, err, ErrPermissionDenied)
	}
	require.ErrorIs(t, second(user.Auth.Admin.ListOAuthClients(ctx)), ErrPermissionDenied)
	require.ErrorIs(t, user.Auth.Admin.SoftDeleteUser(ctx, userID1), ErrPermissionDenied)
	require.Empty(t, w.got)
}

// pages serves a list that changes while it is read.
func pages(t *testing.T, lists [][]any) (c *Client, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.RequestURI())
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		list := []any{}
		if page <= len(lists) {
			list = lists[page-1]
		}
		b, _ := json.Marshal(list)
		if strings.HasSuffix(r.URL.Path, "/clients") {
			b = fmt.Appendf(nil, `{"clients":%s}`, b)
		}
		_, _ = w.Write(b)
	}))
	t.Cleanup(srv.Close)
	c, err := New(srv.URL, "anon-key-0123456789", WithRetry(RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	return c, asked
}

func TestAllEventsGivesEachOnce(t *testing.T) {
	entry := func(id string) any {
		return map[string]any{"id": id, "created_at": "2026-01-02T03:04:05Z", "ip_address": "10.0.0.1", "payload": map[string]any{
			"action": "login", "log_type": "account", "actor_id": userID1, "actor_username": "ada@example.com", "actor_name": "Ada",
			"actor_via_sso": true, "traits": map[string]any{"provider": "email"},
		}}
	}
	c, asked := pages(t, [][]any{{entry("e3"), entry("e2")}, {entry("e2"), entry("e1")}})
	var got []AuthEvent
	for e, err := range c.Auth.Admin.AllEvents(t.Context(), AuthEventFilter{Author: "ada@example.com"}) {
		require.NoError(t, err)
		got = append(got, e)
	}
	require.Len(t, got, 3)
	require.Empty(t, cmp.Diff(AuthEvent{
		ID: "e3", Action: "login", LogType: "account", ActorID: userID1, ActorUsername: "ada@example.com", ActorName: "Ada", ActorViaSSO: true,
		Traits: map[string]any{"provider": "email"}, IPAddress: "10.0.0.1", CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}, got[0]))
	require.Equal(t, []string{"e2", "e1"}, []string{got[1].ID, got[2].ID})
	require.Equal(t, "/auth/v1/admin/audit?page=1&per_page=200&query=author%3Aada%40example.com", (*asked)[0])
	require.Len(t, *asked, 3)

	same := []any{entry("e1")}
	c, asked = pages(t, [][]any{same, same, same})
	for _, err := range c.Auth.Admin.AllEvents(t.Context(), AuthEventFilter{}) {
		require.NoError(t, err)
	}
	require.Len(t, *asked, 2, "a server without pages does not hold it up")
	for _, err := range c.Auth.Admin.AllEvents(t.Context(), AuthEventFilter{LogType: "team"}) {
		require.NoError(t, err)
		break
	}
	require.Len(t, *asked, 3)
}

func TestListOAuthClientsGivesEachOnce(t *testing.T) {
	client := func(id string) any { return map[string]any{"client_id": id} }
	for _, lists := range [][][]any{
		{{client("a"), client("b")}, {client("b"), client("c")}},
		{{client("a"), client("b"), client("c")}, {client("a"), client("b"), client("c")}, {client("a"), client("b"), client("c")}},
	} {
		c, _ := pages(t, lists)
		got, err := c.Auth.Admin.ListOAuthClients(t.Context())
		require.NoError(t, err)
		ids := ""
		for _, c := range got {
			ids += c.ID
		}
		require.Equal(t, "abc", ids)
	}
	w := newWire(t, 200, `{}`)
	got, err := w.client(t).Auth.Admin.ListOAuthClients(t.Context())
	require.NoError(t, err)
	require.Empty(t, got)
}
