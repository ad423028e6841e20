package devstack

import (
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// keyExpiry is far enough away that nobody's .env goes stale, and the one that
// Supabase's local keys carry.
const keyExpiry = 1983812996

// keyClaims are the claims of an API key, in the order that makes the tokens
// equal to the ones of `supabase start` for the same secret.
type keyClaims struct {
	Issuer string `json:"iss"`
	Role   string `json:"role"`
	Expiry int64  `json:"exp"`
}

func (c keyClaims) GetExpirationTime() (*jwt.NumericDate, error) { return nil, nil }
func (c keyClaims) GetIssuedAt() (*jwt.NumericDate, error)       { return nil, nil }
func (c keyClaims) GetNotBefore() (*jwt.NumericDate, error)      { return nil, nil }
func (c keyClaims) GetIssuer() (string, error)                   { return c.Issuer, nil }
func (c keyClaims) GetSubject() (string, error)                  { return "", nil }
func (c keyClaims) GetAudience() (jwt.ClaimStrings, error)       { return nil, nil }

// apiKey signs the API key of a role.
func apiKey(secret, role string) (string, error) {
	claims := keyClaims{Issuer: "supabase-demo", Role: role, Expiry: keyExpiry}
	key, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		return "", fmt.Errorf("devstack: sign the %s key: %w", role, err)
	}
	return key, nil
}
