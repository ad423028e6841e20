package rest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// clockSkew is how far the clocks of issuer and server may be apart.
const clockSkew = 30 * time.Second

// identity is who a request acts as.
type identity struct {
	role   string
	claims string // JSON object, always with the role
	named  bool   // the role is not the anonymous one
}

type verifier struct {
	secret   []byte
	anonRole string
	audience string
	now      func() time.Time
}

// identify verifies the bearer token. The signature comes first, so that
// nothing about the claims of a forged token is answered.
func (v verifier) identify(h http.Header) (identity, error) {
	claims := map[string]json.RawMessage{}
	if scheme, token, found := strings.Cut(h.Get("Authorization"), " "); found && strings.EqualFold(scheme, "bearer") {
		var err error
		if claims, err = v.decode(strings.TrimSpace(token)); err != nil {
			return identity{}, err
		}
	}
	role := v.anonRole
	if raw, ok := claims["role"]; ok {
		if json.Unmarshal(raw, &role) != nil {
			role = string(raw)
		}
	}
	if role == "" {
		return identity{}, &apiError{status: http.StatusUnauthorized, Code: "PGRST302", Message: "Anonymous access is disabled",
			header: http.Header{"Www-Authenticate": {"Bearer"}}}
	}
	quoted, err := json.Marshal(role)
	if err != nil {
		return identity{}, err
	}
	claims["role"] = quoted
	all, err := json.Marshal(claims)
	if err != nil {
		return identity{}, err
	}
	return identity{role: role, claims: string(all), named: role != v.anonRole}, nil
}

func (v verifier) decode(token string) (map[string]json.RawMessage, error) {
	if token == "" {
		return nil, badToken("PGRST301", "Empty JWT is sent in Authorization header", nil)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, badToken("PGRST301", "Expected 3 parts in JWT; got "+strconv.Itoa(len(parts)), nil)
	}
	_, err := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithoutClaimsValidation()).
		ParseWithClaims(token, jwt.MapClaims{}, func(t *jwt.Token) (any, error) {
			if t.Method.Alg() != "HS256" {
				return nil, errAlgorithm
			}
			return v.secret, nil
		})
	switch {
	case errors.Is(err, jwt.ErrTokenSignatureInvalid) && strings.Contains(err.Error(), "signing method"):
		return nil, badToken("PGRST301", "Wrong or unsupported encoding algorithm", "JWT is signed with an algorithm other than HS256")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return nil, badToken("PGRST301", "No suitable key or wrong key type", "None of the keys was able to decode the JWT")
	case err != nil:
		return nil, badToken("PGRST301", "JWT cryptographic operation failed", nil)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, badToken("PGRST301", "JWT couldn't be decoded", nil)
	}
	claims := map[string]json.RawMessage{}
	if err := json.Unmarshal(payload, &claims); err != nil || claims == nil {
		return nil, badToken("PGRST303", "Parsing claims failed", nil)
	}
	return claims, v.validate(claims)
}

var errAlgorithm = errors.New("signing method not allowed")

func (v verifier) validate(claims map[string]json.RawMessage) error {
	now := float64(v.now().UnixNano()) / float64(time.Second)
	skew := clockSkew.Seconds()
	for _, c := range []struct {
		name, message string
		bad           func(at float64) bool
	}{
		{"exp", "JWT expired", func(at float64) bool { return now-skew > at }},
		{"nbf", "JWT not yet valid", func(at float64) bool { return now+skew < at }},
		{"iat", "JWT issued at future", func(at float64) bool { return now+skew < at }},
	} {
		raw, ok := claims[c.name]
		if !ok || string(raw) == "null" {
			continue
		}
		var at float64
		if json.Unmarshal(raw, &at) != nil {
			return badToken("PGRST303", "The JWT '"+c.name+"' claim must be a number", nil)
		}
		if c.bad(at) {
			return badToken("PGRST303", c.message, nil)
		}
	}
	raw, ok := claims["aud"]
	if !ok || string(raw) == "null" {
		return nil
	}
	var audiences []string
	if json.Unmarshal(raw, &audiences) != nil {
		var one string
		if json.Unmarshal(raw, &one) != nil {
			return badToken("PGRST303", "The JWT 'aud' claim must be a string or an array of strings", nil)
		}
		audiences = []string{one}
	}
	if v.audience != "" && len(audiences) > 0 && !slices.Contains(audiences, v.audience) {
		return badToken("PGRST303", "JWT not in audience", nil)
	}
	return nil
}

func badToken(code, message string, details any) *apiError {
	return &apiError{status: http.StatusUnauthorized, Code: code, Message: message, Details: details,
		header: http.Header{"Www-Authenticate": {`Bearer error="invalid_token", error_description="` + message + `"`}}}
}
