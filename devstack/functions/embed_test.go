package functions_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack"
)

// The functions for vectors refuse what they cannot work with, in the platform's
// order and words.
func TestEmbedFunctionsRefuse(t *testing.T) {
	stack, err := devstack.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	sign := func(secret string, claims jwt.MapClaims) string {
		claims["role"], claims["exp"] = "authenticated", time.Now().Add(time.Hour).Unix()
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
		require.NoError(t, err)
		return "Bearer " + token
	}
	const sub = "00000000-0000-4000-8000-000000000001"
	nobody := sign(stack.JWTSecret, jwt.MapClaims{"sub": sub})
	forged := sign("another secret that is as long as the real one", jwt.MapClaims{"sub": sub})
	for name, tc := range map[string]struct {
		method, function, token, body string
		status                        int
		answer                        string
	}{
		"OPTIONS":            {"OPTIONS", "embed-search", "", "", 200, "ok"},
		"GET":                {"GET", "embed-search", nobody, "", 405, `{"error":"method_not_allowed"}`},
		"no token":           {"POST", "embed-index", "", "{}", 401, `{"error":"missing_bearer"}`},
		"another scheme":     {"POST", "embed-index", "Basic x", "{}", 401, `{"error":"missing_bearer"}`},
		"a forged token":     {"POST", "embed-index", forged, "{}", 401, `"error":"missing_bearer"`},
		"no JSON":            {"POST", "embed-search", nobody, "{", 400, `{"error":"invalid_json"}`},
		"no text":            {"POST", "embed-search", nobody, `{"domain":"x","query_text":"  "}`, 400, `{"error":"query_text_required"}`},
		"text of a number":   {"POST", "embed-search", nobody, `{"domain":"assets","query_text":5}`, 400, `{"error":"query_text_required"}`},
		"an unknown domain":  {"POST", "embed-search", nobody, `{"domain":"x","query_text":"a"}`, 400, `{"error":"unknown_domain","allowed":["work_orders","assets","parts"]}`},
		"no object":          {"POST", "embed-search", nobody, `["a"]`, 400, `{"error":"query_text_required"}`},
		"domain of a number": {"POST", "embed-search", nobody, `{"domain":5,"query_text":"a"}`, 400, `{"error":"unknown_domain","allowed":["work_orders","assets","parts"]}`},
		"other types":        {"POST", "embed-search", nobody, `{"domain":"assets","query_text":"a","limit":"5","min_similarity":"x","exclude_work_order_id":5}`, 400, `"error":"rpc_failed"`},
		"no tenant":          {"POST", "embed-search", nobody, `{"domain":"assets","query_text":"a"}`, 400, `"error":"rpc_failed"`},
		"no tenant, index":   {"POST", "embed-index", nobody, `{`, 400, `"error":"embed_index_failed"`},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), tc.method, stack.URL+"/functions/v1/"+tc.function, strings.NewReader(tc.body))
			require.NoError(t, err)
			if tc.token != "" {
				r.Header.Set("Authorization", tc.token)
			}
			resp, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, tc.status, resp.StatusCode, "%s", body)
			require.Contains(t, string(body), tc.answer)
		})
	}
}
