package auth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/auth"
)

// jwtClaims reads a token without looking at its expiry.
func jwtClaims(t *testing.T, token string) jwt.MapClaims {
	t.Helper()
	claims := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(token, claims)
	require.NoError(t, err)
	return claims
}

func uniqueEmail(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), " ", "-") + "@example.com"
}

func (s *service) installHook(t *testing.T, name, body string) {
	t.Helper()
	schema, _, _ := strings.Cut(name, ".")
	s.exec(t, `create schema if not exists `+schema)
	s.exec(t, `create or replace function `+name+`(event jsonb) returns jsonb language plpgsql stable security definer as $$
		begin `+body+` end $$`)
	s.exec(t, `grant usage on schema `+schema+` to supabase_auth_admin`)
}

func TestHookChangesTheClaimsOfEveryToken(t *testing.T) {
	s := newService(t)
	s.installHook(t, "authz.custom_access_token_hook", `
		return jsonb_build_object('claims', event -> 'claims' || jsonb_build_object(
			'tenant_id', (select raw_user_meta_data ->> 'current_tenant_id' from auth.users where id = (event ->> 'user_id')::uuid),
			'method', event -> 'authentication_method', 'big', 12345678901234567890));`)

	up := s.signUp(t, "a@example.com", map[string]any{"current_tenant_id": "t1"})
	claims := s.claimsOf(t, up.str("access_token"))
	require.Equal(t, "t1", claims["tenant_id"])
	require.Equal(t, "password", claims["method"])
	require.Equal(t, up.userID(), claims["sub"])
	require.Equal(t, http.StatusOK, s.do(t, "GET", "/user", up.str("access_token"), nil).Status)

	s.do(t, "PUT", "/user", up.str("access_token"), map[string]any{"data": map[string]any{"current_tenant_id": "t2"}})
	refreshed := s.refresh(t, up.str("refresh_token"))
	claims = s.claimsOf(t, refreshed.str("access_token"))
	require.Equal(t, "t2", claims["tenant_id"])
	require.Equal(t, "token_refresh", claims["method"])

	claims = s.claimsOf(t, s.signIn(t, "a@example.com", password).str("access_token"))
	require.Equal(t, "t2", claims["tenant_id"])
}

func TestHookNameIsConfigurable(t *testing.T) {
	s := newService(t, func(c *auth.Config) { c.Hook = "public.my_hook" })
	s.installHook(t, "public.my_hook", `return jsonb_build_object('claims', event -> 'claims' || '{"x": 1}');`)
	require.EqualValues(t, 1, s.claimsOf(t, s.signUp(t, "a@example.com").str("access_token"))["x"])
}

func TestHookFailures(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		status int
		msg    string
	}{
		"raises":        {`raise exception 'boom';`, 500, "Error running hook"},
		"returns null":  {`return null;`, 500, ""},
		"drops claims":  {`return jsonb_build_object('claims', (event -> 'claims') - 'sub');`, 500, "sub is required"},
		"returns error": {`return '{"error": {"http_code": 403, "message": "not today"}}';`, 403, "not today"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			up := s.signUp(t, "a@example.com")
			s.installHook(t, "authz.custom_access_token_hook", c.body)

			for _, a := range []answer{s.signIn(t, "a@example.com", password), s.refresh(t, up.str("refresh_token"))} {
				require.Equal(t, c.status, a.Status, a.Body)
				require.Equal(t, "unexpected_failure", a.code())
				require.Contains(t, a.str("msg"), c.msg)
				require.NotContains(t, a.str("msg"), "boom", "causes stay in the log")
			}

			s.exec(t, `drop function authz.custom_access_token_hook(jsonb)`)
			require.Equal(t, http.StatusOK, s.refresh(t, up.str("refresh_token")).Status, "a failed refresh uses nothing up")
		})
	}
}
