// Package jwks reads and keeps the public keys that a server signs its tokens
// with (JSON Web Key Sets, RFC 7517).
package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// Key is a public key and the one algorithm that it is for.
type Key struct {
	Algorithm jose.SignatureAlgorithm
	Public    crypto.PublicKey
}

// minRSA is the size of the smallest RSA key that RS256 may use (RFC 7518, 3.3).
const minRSA = 2048

// errNoSet says that a text is no key set.
var errNoSet = errors.New("not a JSON Web Key Set")

// Parse reads a key set. Of each id it takes the first key that can verify ES256,
// RS256 or EdDSA. What else the set holds it leaves out: shared secrets, which
// anybody who can read the set could sign with, private keys, keys for other
// purposes, of other kinds or without an id, and what cannot be read.
func Parse(body []byte) (map[string]Key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(body, &set) != nil || set.Keys == nil {
		return nil, errNoSet
	}
	keys := make(map[string]Key, len(set.Keys))
	for _, raw := range set.Keys {
		id, key, ok := parseKey(raw)
		if _, taken := keys[id]; ok && !taken {
			keys[id] = key
		}
	}
	return keys, nil
}

func parseKey(raw []byte) (id string, _ Key, ok bool) {
	var key jose.JSONWebKey
	var purpose struct {
		Operations []string `json:"key_ops"`
	}
	if key.UnmarshalJSON(raw) != nil || json.Unmarshal(raw, &purpose) != nil {
		return "", Key{}, false
	}
	if key.KeyID == "" || key.Use != "" && key.Use != "sig" ||
		purpose.Operations != nil && !slices.Contains(purpose.Operations, "verify") {
		return "", Key{}, false
	}
	alg := algorithmOf(key.Key)
	if alg == "" || key.Algorithm != "" && key.Algorithm != string(alg) {
		return "", Key{}, false
	}
	return key.KeyID, Key{Algorithm: alg, Public: key.Key}, true
}

// algorithmOf is the algorithm that a public key is for, "" for none of the three.
func algorithmOf(key any) jose.SignatureAlgorithm {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return jose.ES256
		}
	case *rsa.PublicKey:
		if key.N.BitLen() >= minRSA {
			return jose.RS256
		}
	case ed25519.PublicKey:
		return jose.EdDSA
	}
	return ""
}
