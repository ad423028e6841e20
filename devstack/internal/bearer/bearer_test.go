package bearer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/internal/signing"
)

// A project with signing keys takes what these and its secret have signed.
func TestKeysBesideTheSecret(t *testing.T) {
	secret := []byte("a secret of at least 32 characters")
	var keys signing.Keys
	v := Verifier{Secret: secret, Keys: &keys, Now: time.Now}
	claims := jwt.MapClaims{"role": "authenticated", "sub": "u1"}
	sign := func() string {
		token, err := keys.Sign(claims, secret)
		require.NoError(t, err)
		return token
	}
	identify := func(token string) error {
		c, err := v.Identify(http.Header{"Authorization": {"Bearer " + token}})
		if err == nil {
			require.Equal(t, "u1", c.Subject)
		}
		return err
	}
	refused := func(token string, why Reason) {
		t.Helper()
		var e *Error
		require.ErrorAs(t, identify(token), &e)
		require.Equal(t, why, e.Reason, e)
	}

	shared := sign()
	require.NoError(t, identify(shared))
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	forge := func(method jwt.SigningMethod, id any, key any) string {
		token := jwt.NewWithClaims(method, claims)
		if id != nil {
			token.Header["kid"] = id
		}
		text, err := token.SignedString(key)
		require.NoError(t, err)
		return text
	}
	refused(forge(jwt.SigningMethodES256, "k", stranger), Algorithm) // of a project without keys

	first, err := keys.Rotate("ES256")
	require.NoError(t, err)
	es := sign()
	_, err = keys.Rotate("RS256")
	require.NoError(t, err)
	rs := sign()
	for _, token := range []string{shared, es, rs} {
		require.NoError(t, identify(token))
	}
	refused(forge(jwt.SigningMethodES256, first, stranger), Signature)
	refused(forge(jwt.SigningMethodES256, "unknown", stranger), Signature)
	refused(forge(jwt.SigningMethodES256, nil, stranger), Signature)
	refused(forge(jwt.SigningMethodES256, 7, stranger), Garbled)
	refused(forge(jwt.SigningMethodNone, first, jwt.UnsafeAllowNoneSignatureType), Algorithm)
	public, err := x509.MarshalPKIXPublicKey(keys.Public("ES256", first))
	require.NoError(t, err)
	refused(forge(jwt.SigningMethodHS256, first, public), Signature)

	keys.Revoke()
	refused(es, Algorithm) // no key of that algorithm is left
	require.NoError(t, identify(rs))
	require.NoError(t, identify(shared))
	_, err = keys.Rotate("none")
	require.Error(t, err)
}
