package auth_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/auth"
)

// events asks for the audit log, whose answer is a list.
func (s *service) events(t *testing.T, query url.Values) (entries []map[string]any, header http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/admin/audit?"+query.Encode(), http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+s.adminToken(t))
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s", raw)
	require.NoError(t, json.Unmarshal(raw, &entries))
	return entries, resp.Header
}

// actions are what the audit log says of an actor, the oldest first.
func (s *service) actions(t *testing.T, author string) (list []string) {
	t.Helper()
	entries, _ := s.events(t, url.Values{"query": {"author:" + author}, "per_page": {"1000"}})
	for _, e := range entries {
		list = append([]string{e["payload"].(map[string]any)["action"].(string)}, list...)
	}
	return list
}

func TestAuditLogTellsWhatHappened(t *testing.T) {
	box := &auth.Mailbox{}
	s := newService(t, func(c *auth.Config) { c.Mailbox = box })
	step := func() { s.clock.Advance(time.Second) }
	const email = "ada@example.com"
	up := s.signUp(t, email)
	token := up.str("access_token")
	step()
	s.refresh(t, up.str("refresh_token"))
	step()
	s.do(t, "POST", "/recover", "", map[string]any{"email": email})
	step()
	s.do(t, "GET", "/reauthenticate", token, nil)
	step()
	s.do(t, "PUT", "/user", token, map[string]any{"data": map[string]any{"a": 1}})
	step()
	s.do(t, "PUT", "/user", token, map[string]any{"password": "another horse"})
	step()
	f := s.do(t, "POST", "/factors", token, map[string]any{"factor_type": "totp"})
	step()
	s.do(t, "POST", "/factors/"+f.str("id")+"/challenge", token, nil)
	step()
	s.do(t, "DELETE", "/factors/"+f.str("id"), token, nil)
	step()
	s.do(t, "POST", "/logout", token, nil)
	step()
	s.do(t, "PUT", "/admin/users/"+up.userID(), s.adminToken(t), map[string]any{"role": "editor"})
	step()
	s.do(t, "DELETE", "/admin/users/"+up.userID(), s.adminToken(t), nil)
	require.Contains(t, [][]string{
		{"user_signedup", "login", "token_refreshed"}, {"login", "user_signedup", "token_refreshed"},
	}, s.actions(t, email)[:3])
	require.Equal(t, []string{
		"user_recovery_requested", "user_reauthenticate_requested", "user_modified", "user_updated_password",
		"factor_in_progress", "challenge_created", "factor_unenrolled", "logout",
	}, s.actions(t, email)[3:])
	require.Equal(t, []string{"user_modified", "user_deleted"}, s.actions(t, "service_role"))

	step()
	s.do(t, "POST", "/invite", s.adminToken(t), map[string]any{"email": "bob@example.com"})
	step()
	code := box.To("bob@example.com")[0].TokenHash
	s.do(t, "POST", "/verify", "", map[string]any{"type": "invite", "token_hash": code})
	require.ElementsMatch(t, []string{"invite_accepted", "login"}, s.actions(t, "bob@example.com"))

	entries, header := s.events(t, url.Values{"query": {"type:team"}})
	require.Equal(t, strconv.Itoa(len(entries)), header.Get("X-Total-Count"))
	first := entries[0]
	require.Empty(t, first["ip_address"])
	require.NotEmpty(t, first["id"])
	require.Equal(t, s.clock.Now().Add(-time.Second).UTC().Format(time.RFC3339), first["created_at"])
	payload := first["payload"].(map[string]any)
	require.Equal(t, "user_invited", payload["action"])
	require.Equal(t, "team", payload["log_type"])
	require.Equal(t, false, payload["actor_via_sso"])
	require.Equal(t, "bob@example.com", payload["traits"].(map[string]any)["user_email"])

	all, header := s.events(t, url.Values{"per_page": {"3"}, "page": {"2"}})
	require.Len(t, all, 3)
	require.Contains(t, header.Get("Link"), `page=3&per_page=3>; rel="next"`)
	none, _ := s.events(t, url.Values{"page": {"1000"}})
	require.Empty(t, none)

	for path, want := range map[string]string{"/admin/audit?query=x:y": "validation_failed", "/admin/audit?page=-1": "validation_failed"} {
		require.Equal(t, want, s.do(t, "GET", path, s.adminToken(t), nil).code())
	}
	require.Equal(t, "not_admin", s.do(t, "GET", "/admin/audit", s.signUp(t, "carl@example.com").str("access_token"), nil).code())
}

func TestOAuthClients(t *testing.T) {
	s := newService(t)
	admin := s.adminToken(t)
	require.Equal(t, map[string]any{}, s.do(t, "GET", "/admin/oauth/clients", admin, nil).Body)
	made := s.do(t, "POST", "/admin/oauth/clients", admin, map[string]any{
		"client_name": "Dashboards", "redirect_uris": []string{"https://app.example.com/back?a=1,2", "http://localhost:3000/"}, "client_uri": "https://app.example.com",
	})
	require.Equal(t, http.StatusCreated, made.Status, made.Body)
	require.Equal(t, "confidential", made.Body["client_type"])
	require.Equal(t, "manual", made.Body["registration_type"])
	require.Equal(t, []any{"authorization_code", "refresh_token"}, made.Body["grant_types"])
	require.Equal(t, []any{"code"}, made.Body["response_types"])
	require.GreaterOrEqual(t, len(made.str("client_secret")), 43)
	at := "/admin/oauth/clients/" + made.str("client_id")
	got := s.do(t, "GET", at, admin, nil)
	require.Equal(t, []any{"https://app.example.com/back?a=1,2", "http://localhost:3000/"}, got.Body["redirect_uris"])
	require.NotContains(t, got.Body, "client_secret")

	s.clock.Advance(time.Second)
	put := s.do(t, "PUT", at, admin, map[string]any{"client_name": "Charts", "logo_uri": "https://app.example.com/logo.svg"})
	require.Equal(t, http.StatusOK, put.Status, put.Body)
	require.Equal(t, "Charts", put.Body["client_name"])
	require.Equal(t, got.Body["redirect_uris"], put.Body["redirect_uris"])
	require.NotEqual(t, got.Body["updated_at"], put.Body["updated_at"])
	again := s.do(t, "POST", at+"/regenerate_secret", admin, nil)
	require.Equal(t, http.StatusOK, again.Status)
	require.NotEmpty(t, again.str("client_secret"))
	require.NotEqual(t, made.str("client_secret"), again.str("client_secret"))

	public := s.do(t, "POST", "/admin/oauth/clients", admin, map[string]any{
		"client_name": "App", "redirect_uris": []string{"app://back"}, "token_endpoint_auth_method": "none", "grant_types": []string{"authorization_code"},
	})
	require.Equal(t, "public", public.Body["client_type"])
	require.NotContains(t, public.Body, "client_secret")
	publicAt := "/admin/oauth/clients/" + public.str("client_id")
	require.Equal(t, "validation_failed", s.do(t, "POST", publicAt+"/regenerate_secret", admin, nil).code())
	require.Equal(t, "validation_failed", s.do(t, "PUT", publicAt, admin, map[string]any{"token_endpoint_auth_method": "client_secret_post"}).code())
	list := s.do(t, "GET", "/admin/oauth/clients", admin, nil).Body["clients"].([]any)
	require.Len(t, list, 2)
	require.Equal(t, "App", list[0].(map[string]any)["client_name"], "the newest first")

	gone := s.do(t, "DELETE", at, admin, nil)
	require.Equal(t, http.StatusNoContent, gone.Status)
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		a := s.do(t, method, at, admin, `{}`)
		require.Equal(t, http.StatusNotFound, a.Status)
		require.Equal(t, "oauth_client_not_found", a.code())
		require.Equal(t, "validation_failed", s.do(t, method, "/admin/oauth/clients/x", admin, `{}`).code())
	}

	uris := func(list ...string) map[string]any { return map[string]any{"client_name": "x", "redirect_uris": list} }
	for name, body := range map[string]map[string]any{
		"no name":    {"redirect_uris": []string{"https://a.example"}},
		"no URIs":    uris(),
		"http":       uris("http://a.example"),
		"fragment":   uris("https://a.example/#x"),
		"relative":   uris("/back"),
		"too many":   uris("a:1", "a:2", "a:3", "a:4", "a:5", "a:6", "a:7", "a:8", "a:9", "a:10", "a:11"),
		"odd grant":  {"client_name": "x", "redirect_uris": []string{"https://a.example"}, "grant_types": []string{"password"}},
		"odd method": {"client_name": "x", "redirect_uris": []string{"https://a.example"}, "token_endpoint_auth_method": "x"},
	} {
		a := s.do(t, "POST", "/admin/oauth/clients", admin, body)
		require.Equal(t, http.StatusBadRequest, a.Status, name)
		require.Equal(t, "validation_failed", a.code(), name)
	}
	require.Equal(t, "bad_json", s.do(t, "POST", "/admin/oauth/clients", admin, `{`).code())
	user := s.signUp(t, "a@example.com").str("access_token")
	for _, c := range []struct{ method, path string }{
		{"GET", ""}, {"POST", ""}, {"GET", "/" + unknownID}, {"PUT", "/" + unknownID}, {"DELETE", "/" + unknownID}, {"POST", "/" + unknownID + "/regenerate_secret"},
	} {
		require.Equal(t, "not_admin", s.do(t, c.method, "/admin/oauth/clients"+c.path, user, `{}`).code(), c)
	}
}

func TestAdministratorsGiveUsersNumbers(t *testing.T) {
	s := newService(t)
	admin := s.adminToken(t)
	a := s.do(t, "POST", "/admin/users", admin, map[string]any{"phone": "+49 1511", "phone_confirm": true})
	require.Equal(t, http.StatusOK, a.Status, a.Body)
	require.Equal(t, "491511", a.Body["phone"])
	got := s.do(t, "GET", "/admin/users/"+a.str("id"), admin, nil)
	require.NotNil(t, got.Body["phone_confirmed_at"])
	require.Equal(t, "phone", got.Body["app_metadata"].(map[string]any)["provider"])
	require.Equal(t, "phone_exists", s.do(t, "POST", "/admin/users", admin, map[string]any{"phone": "491511"}).code())

	up := s.signUp(t, "a@example.com")
	put := s.do(t, "PUT", "/admin/users/"+up.userID(), admin, map[string]any{"phone": "491512", "phone_confirm": true})
	require.Equal(t, "491512", put.Body["phone"])
	require.NotNil(t, put.Body["phone_confirmed_at"])
	taken := s.do(t, "PUT", "/admin/users/"+up.userID(), admin, map[string]any{"phone": "491511"})
	require.Equal(t, http.StatusInternalServerError, taken.Status)
	require.Equal(t, "23505", taken.str("code"))
	require.Equal(t, "validation_failed", s.do(t, "POST", "/admin/users", admin, map[string]any{"phone": "x"}).code())
}
