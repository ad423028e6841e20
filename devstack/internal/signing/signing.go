// Package signing holds the asymmetric keys that sign a project's access tokens.
package signing

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"sync"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// Keys are the keys of a project, none at first. The newest one signs; older ones
// still verify. A nil *Keys has none.
type Keys struct {
	mu   sync.RWMutex
	keys []key
}

type key struct {
	id, alg string
	private crypto.Signer
}

// Rotate makes a new key, for ES256 or RS256, that signs from now on.
func (k *Keys) Rotate(alg string) (id string, err error) {
	made := key{id: uuid.NewString(), alg: alg}
	switch alg {
	case "ES256":
		made.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "RS256":
		made.private, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		return "", fmt.Errorf("no signing keys for the algorithm %q", alg)
	}
	if err != nil {
		return "", err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys = append(k.keys, made)
	return made.id, nil
}

// Revoke takes away every key but the newest.
func (k *Keys) Revoke() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys = k.keys[max(0, len(k.keys)-1):]
}

// all are the keys of now, the oldest first. Nobody changes them.
func (k *Keys) all() []key {
	if k == nil {
		return nil
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	return slices.Clone(k.keys)
}

// Algorithm is that of the key that signs, "" when there is none.
func (k *Keys) Algorithm() string {
	if keys := k.all(); len(keys) > 0 {
		return keys[len(keys)-1].alg
	}
	return ""
}

// Sign makes a token of claims, signed with the secret (HS256) when there is no key.
func (k *Keys) Sign(claims jwt.Claims, secret []byte) (string, error) {
	keys := k.all()
	if len(keys) == 0 {
		return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
	}
	newest := keys[len(keys)-1]
	token := jwt.NewWithClaims(jwt.GetSigningMethod(newest.alg), claims)
	token.Header["kid"] = newest.id
	return token.SignedString(newest.private)
}

// Public is the public key of that algorithm and id, or nil.
func (k *Keys) Public(alg, id string) crypto.PublicKey {
	for _, key := range k.all() {
		if key.id == id && key.alg == alg {
			return key.private.Public()
		}
	}
	return nil
}

// Algorithms are those of all keys.
func (k *Keys) Algorithms() []string {
	var algs []string
	for _, key := range k.all() {
		if !slices.Contains(algs, key.alg) {
			algs = append(algs, key.alg)
		}
	}
	return algs
}

// Set is the JSON Web Key Set of the public keys, the newest first.
func (k *Keys) Set() map[string]any {
	set := []map[string]any{}
	for _, key := range k.all() {
		jwk := map[string]any{"kid": key.id, "alg": key.alg, "use": "sig", "key_ops": []string{"verify"}, "ext": true}
		switch public := key.private.Public().(type) {
		case *ecdsa.PublicKey:
			point, err := public.Bytes() // 4, x and y
			if err != nil {
				continue // no point of its curve, which no key is that Rotate has made
			}
			half := len(point) / 2
			jwk["kty"], jwk["crv"] = "EC", public.Params().Name
			jwk["x"], jwk["y"] = encoded(point[1:1+half]), encoded(point[1+half:])
		case *rsa.PublicKey:
			jwk["kty"], jwk["n"], jwk["e"] = "RSA", encoded(public.N.Bytes()), encoded(big.NewInt(int64(public.E)).Bytes())
		}
		set = append(set, jwk)
	}
	slices.Reverse(set)
	return map[string]any{"keys": set}
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
