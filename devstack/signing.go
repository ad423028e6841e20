package devstack

import (
	"cmp"
	"fmt"
)

// SigningAlgorithm is what a signing key is for.
type SigningAlgorithm string

// The algorithms of signing keys that a project can make.
const (
	ES256 SigningAlgorithm = "ES256" // what projects begin with
	RS256 SigningAlgorithm = "RS256"
)

// RotateSigningKey makes a new key that signs access tokens from now on, of the
// algorithm of the one before, and returns its id. Tokens of older keys are accepted,
// and those keys published, until [Stack.RevokeSigningKeys]. A stack that signs with
// its secret goes over to ES256.
func (s *Stack) RotateSigningKey() (id string, err error) {
	id, err = s.keys.Rotate(cmp.Or(s.keys.Algorithm(), string(ES256)))
	if err != nil {
		return "", fmt.Errorf("devstack: %w", err)
	}
	return id, nil
}

// RevokeSigningKeys takes away all signing keys but the one in use: tokens that they
// have signed are refused from now on. The secret stays.
func (s *Stack) RevokeSigningKeys() { s.keys.Revoke() }
