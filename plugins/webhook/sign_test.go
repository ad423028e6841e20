package webhook_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/plugins/webhook"
	"github.com/workorder-systems/sdk-go/types"
)

// vectors are requests that the platform sent, with a secret that is not ASCII and
// ends in a blank.
type vectors struct {
	Secret   types.Secret
	Requests []struct {
		Headers map[string]any
		Body    string
	}
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var v vectors
	require.NoError(t, json.Unmarshal(b, &v))
	require.NotEmpty(t, v.Requests)
	return v
}

func TestSignaturesOfThePlatform(t *testing.T) {
	v := readVectors(t)
	for _, r := range v.Requests {
		signature := r.Headers["X-Plugin-Signature"].(string)
		require.Equal(t, signature, webhook.Sign([]byte(r.Body), v.Secret))
		require.True(t, webhook.Verify([]byte(r.Body), " "+strings.ToUpper(signature)+"\t", "another", v.Secret))
		require.False(t, webhook.Verify([]byte(r.Body+" "), signature, v.Secret))
		require.False(t, webhook.Verify([]byte(r.Body), signature, types.Secret(strings.TrimSpace(v.Secret.Reveal()))), "blanks count")

		canonical, err := webhook.Canonical([]byte(r.Body))
		require.NoError(t, err)
		require.Equal(t, r.Body, string(canonical), "what the platform sends is the text of jsonb")
	}
}

func TestPayloadsAreSignedAsJSONB(t *testing.T) {
	for payload, text := range map[string]string{
		`{"action":"noop"}`:                           `{"action": "noop"}`,
		`{"b":1.0,"aa":[1e2,true],"a":"x"}`:           `{"a": "x", "b": 1.0, "aa": [100, true]}`,
		`{"é":1,"zz":2,"a":1,"a":2}`:                  `{"a": 2, "zz": 2, "é": 1}`,
		`[1.50e1, 1.0e-2, 0e5, -0, -0.0, 1e-7, 1.50]`: `[15.0, 0.010, 0, 0, 0.0, 0.0000001, 1.50]`,
		`{"x":"a\/b<>&\u2028\u007f\u0001\t"}`:         "{\"x\": \"a/b<>&\u2028\u007f\\u0001\\t\"}",
		` {} `:                                        `{}`,
		`{"a":{},"b":[]}`:                             `{"a": {}, "b": []}`,
		`123456789012345678901234567890.10`:           `123456789012345678901234567890.10`,
	} {
		got, err := webhook.Canonical([]byte(payload))
		require.NoError(t, err, payload)
		require.Equal(t, text, string(got))
		signature, err := webhook.SignPayload([]byte(payload), "s")
		require.NoError(t, err)
		require.Equal(t, webhook.Sign([]byte(text), "s"), signature)
	}
	// by openssl dgst -sha256 -hmac whsec
	noop, err := webhook.SignPayload([]byte(`{"action":"noop"}`), "whsec")
	require.NoError(t, err)
	require.Equal(t, "6c3aad74dc479cf420cf0593ceddea76b2f9c382d3a605cc29c1f0c6b1f62654", noop)
	for _, bad := range []string{``, `{`, `{}x`, `"\u0000"`, `"\ud800"`, `{"a":1e200000}`, "\"\xff\""} {
		_, err := webhook.SignPayload([]byte(bad), "s")
		require.ErrorIs(t, err, sdkerr.ErrInvalidInput, "%q", bad)
	}
}

func TestVerifyRefuses(t *testing.T) {
	body := []byte(`{}`)
	good := webhook.Sign(body, "s")
	require.True(t, webhook.Verify(body, good, "s"))
	for name, ok := range map[string]bool{
		"none":         webhook.Verify(body, "", "s"),
		"no secret":    webhook.Verify(body, good),
		"empty secret": webhook.Verify(body, webhook.Sign(body, ""), ""),
		"a prefix":     webhook.Verify(body, "sha256="+good, "s"),
		"half of it":   webhook.Verify(body, good[:32], "s"),
		"more than it": webhook.Verify(body, good+"00", "s"),
		"no hex":       webhook.Verify(body, strings.Repeat("z", 64), "s"),
	} {
		require.False(t, ok, name)
	}
	for i, c := range []byte(good) {
		other := []byte(good)
		if other[i] = '0'; c == '0' {
			other[i] = '1'
		}
		require.False(t, webhook.Verify(body, string(other), "s"), "digit %d", i)
	}
}

// The platform's own requests pass, with the other spelling of the signature's
// header beside the real one that a config can add.
func TestHandlerTakesRequestsOfThePlatform(t *testing.T) {
	v := readVectors(t)
	for i, r := range v.Requests {
		h, got := recorder(webhook.Installation("7ce75f69-09df-44cd-b734-b8cb24792453", v.Secret))
		req := request(r.Body)
		for name, value := range r.Headers {
			if text, ok := value.(string); ok {
				req.Header.Add(name, text)
			}
		}
		require.Greater(t, len(req.Header.Values(webhook.SignatureHeader)), 1)
		require.Equal(t, http.StatusOK, serve(h, req), i)
		e := (*got)[0]
		require.Equal(t, r.Headers["X-Plugin-Delivery-Id"], e.DeliveryID)
		require.Equal(t, "app", e.Schema)
		require.Contains(t, []string{"entity_change.departments.insert", "entity_change.departments.update", "entity_change.departments.delete", "entity_change.assets.insert"}, e.Type())
	}
}
