package devstack

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// Tokens of a stack with a signing key are taken by every service, as are those of
// older keys until they are revoked, and the API keys.
func TestSigningKeys(t *testing.T) {
	t.Parallel()
	stack := newSandbox(t).start(t, WithSigningKey(ES256))
	signUp := func(name string) string {
		body := `{"email":"` + name + `@example.com","password":"correct-horse"}`
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, stack.URL+"/auth/v1/signup", strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("apikey", stack.AnonKey)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		var answer struct {
			AccessToken string `json:"access_token"`
		}
		require.NoError(t, json.NewDecoder(res.Body).Decode(&answer))
		require.NotEmpty(t, answer.AccessToken)
		return answer.AccessToken
	}
	header := func(token string) (h struct{ Alg, Kid, Typ string }) {
		first, _, _ := strings.Cut(token, ".")
		raw, err := base64.RawURLEncoding.DecodeString(first)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, &h))
		return h
	}
	published := func() (ids []string) {
		status, text := get(t, stack.URL+"/auth/v1/.well-known/jwks.json", nil)
		require.Equal(t, http.StatusOK, status)
		var set struct {
			Keys []struct {
				Kid, Alg, Kty, Crv, D string
				KeyOps                []string `json:"key_ops"`
			}
		}
		require.NoError(t, json.Unmarshal([]byte(text), &set))
		for _, k := range set.Keys {
			require.Equal(t, "ES256 EC P-256", k.Alg+" "+k.Kty+" "+k.Crv)
			require.Equal(t, []string{"verify"}, k.KeyOps)
			require.Empty(t, k.D, "the private half")
			ids = append(ids, k.Kid)
		}
		return ids
	}
	statuses := func(token string) (all [3]int) {
		for i, path := range []string{"/auth/v1/user", "/rest/v1/", "/storage/v1/bucket"} {
			all[i], _ = get(t, stack.URL+path, http.Header{"Apikey": {stack.AnonKey}, "Authorization": {"Bearer " + token}})
		}
		return all
	}
	accepted := [3]int{200, 200, 200}

	old := signUp("ada")
	require.Equal(t, "ES256", header(old).Alg)
	require.Equal(t, []string{header(old).Kid}, published())
	require.Equal(t, accepted, statuses(old))
	id, err := stack.RotateSigningKey()
	require.NoError(t, err)
	renewed := signUp("bob")
	require.Equal(t, id, header(renewed).Kid)
	require.Equal(t, []string{id, header(old).Kid}, published())
	require.Equal(t, accepted, statuses(old))
	require.Equal(t, accepted, statuses(renewed))

	claims := jwt.MapClaims{}
	_, _, err = jwt.NewParser().ParseUnverified(renewed, claims)
	require.NoError(t, err)
	shared, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(stack.JWTSecret))
	require.NoError(t, err)
	require.Equal(t, accepted, statuses(shared), "the secret is still good")
	forged := renewed[:strings.LastIndex(renewed, ".")] + old[strings.LastIndex(old, "."):]
	require.Equal(t, [3]int{403, 401, 400}, statuses(forged))

	stack.RevokeSigningKeys()
	require.Equal(t, []string{id}, published())
	require.Equal(t, [3]int{403, 401, 400}, statuses(old))
	require.Equal(t, accepted, statuses(renewed))
	status, _ := get(t, stack.URL+"/auth/v1/admin/users", http.Header{"Apikey": {stack.ServiceRoleKey}})
	require.Equal(t, http.StatusOK, status, "the API keys stay")
}

func TestSigningKeyBeginsWithTheSecret(t *testing.T) {
	t.Parallel()
	stack := newSandbox(t).start(t)
	_, text := get(t, stack.URL+"/auth/v1/.well-known/jwks.json", nil)
	require.JSONEq(t, `{"keys":[]}`, text)
	_, err := stack.RotateSigningKey()
	require.NoError(t, err)
	_, text = get(t, stack.URL+"/auth/v1/.well-known/jwks.json", nil)
	require.Contains(t, text, `"ES256"`)
	for _, alg := range []SigningAlgorithm{"", "HS256", "none"} {
		_, err := newConfig([]Option{WithSigningKey(alg)})
		require.Error(t, err, alg)
	}
}
