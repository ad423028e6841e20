package jwks

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// Keys of Appendix A.2 to A.4 of RFC 7515 and of RFC 8037.
const (
	ecKey  = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kid":"ec","key_ops":["verify"],"ext":true,"alg":"ES256"}`
	edKey  = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"ed"}`
	octKey = `{"kty":"oct","kid":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}`
)

func TestParse(t *testing.T) {
	keys, err := Parse([]byte(`{"keys":[` + ecKey + `,` + octKey + `,{"kty":"EC"},"x",` + edKey + `],"more":1}`))
	require.NoError(t, err)
	require.Len(t, keys, 2)
	require.EqualValues(t, "ES256", keys["ec"].Algorithm)
	require.EqualValues(t, "EdDSA", keys["ed"].Algorithm)

	keys, err = Parse([]byte(`{"keys":[]}`)) // of a project without signing keys
	require.NoError(t, err)
	require.Empty(t, keys)
	for _, text := range []string{"", "x", "[]", "null", "{}", `{"keys":null}`, `{"keys":{}}`, `{"keys":[` + ecKey} {
		_, err := Parse([]byte(text))
		require.ErrorIs(t, err, errNoSet, text)
	}
}

func FuzzParse(f *testing.F) {
	for _, keys := range []string{ecKey, edKey, octKey, ecKey + "," + edKey, `{"kty":"RSA","kid":"rs","n":"AQ","e":"AQAB"}`} {
		f.Add([]byte(`{"keys":[` + keys + `]}`))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := Parse(body)
		if err != nil {
			return
		}
		require.True(t, json.Valid(body))
		for id, key := range keys {
			require.NotEmpty(t, id)
			require.Equal(t, key.Algorithm, algorithmOf(key.Public))
			require.NotEmpty(t, key.Algorithm, "what is no public key is left out")
		}
	})
}
