// Package bearer verifies the tokens of requests, for services that act in the
// database as the role a token names.
package bearer

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/workorder-systems/sdk-go/devstack/internal/signing"
)

// A Caller is who a request acts as.
type Caller struct {
	Role    string
	Subject string // claim sub, "" when there is none
	Claims  string // JSON object, always with the role
	Named   bool   // the role is not the anonymous one
}

// A Verifier verifies tokens that are signed with a secret (HS256) or with one of
// the project's keys.
type Verifier struct {
	Secret []byte
	Keys   *signing.Keys
	// AnonRole is the role of requests and tokens that name none. When empty they
	// are refused.
	AnonRole string
	// Audience, when set, must be among the audiences of a token that names any.
	Audience string
	// Skew is how far the clocks of issuer and server may be apart.
	Skew time.Duration
	Now  func() time.Time
}

// A Reason says why a token is refused.
type Reason int

// The reasons, in the order in which they are found.
const (
	NoRole Reason = iota
	Empty
	Parts
	Algorithm
	Signature
	Garbled
	Claims // they are no object, or one has the wrong type
	Expired
	NotYetValid
	IssuedInFuture
	OtherAudience
)

// An Error is a refused token. The words are PostgREST's.
type Error struct {
	Reason  Reason
	Message string
	Details string
}

func (e *Error) Error() string { return e.Message }

// Identify verifies the bearer token of a request.
func (v Verifier) Identify(h http.Header) (Caller, error) {
	claims := map[string]json.RawMessage{}
	if token, found := Token(h); found {
		var err error
		if claims, err = v.decode(token); err != nil {
			return Caller{}, err
		}
	}
	c := Caller{Role: v.AnonRole}
	if raw, ok := claims["role"]; ok {
		if json.Unmarshal(raw, &c.Role) != nil {
			c.Role = string(raw)
		}
	}
	if c.Role == "" {
		return Caller{}, &Error{NoRole, "Anonymous access is disabled", ""}
	}
	if json.Unmarshal(claims["sub"], &c.Subject) != nil {
		c.Subject = ""
	}
	quoted, err := json.Marshal(c.Role)
	if err != nil {
		return Caller{}, err
	}
	claims["role"] = quoted
	all, err := json.Marshal(claims)
	if err != nil {
		return Caller{}, err
	}
	c.Claims, c.Named = string(all), c.Role != v.AnonRole
	return c, nil
}

// Token returns the bearer token of a request, and whether it has one at all.
func Token(h http.Header) (token string, found bool) {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}

// decode checks the signature first, so that nothing about the claims of a forged
// token is answered.
func (v Verifier) decode(token string) (map[string]json.RawMessage, error) {
	if token == "" {
		return nil, &Error{Empty, "Empty JWT is sent in Authorization header", ""}
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, &Error{Parts, "Expected 3 parts in JWT; got " + strconv.Itoa(len(parts)), ""}
	}
	var header struct {
		Alg string `json:"alg"`
		ID  string `json:"kid"`
	}
	if raw, err := base64.RawURLEncoding.DecodeString(parts[0]); err != nil || json.Unmarshal(raw, &header) != nil {
		return nil, &Error{Garbled, "JWT cryptographic operation failed", ""}
	}
	var key any
	switch algorithms := v.Keys.Algorithms(); {
	case header.Alg == "HS256":
		key = v.Secret
	case header.Alg == "none":
		return nil, &Error{Algorithm, "Wrong or unsupported encoding algorithm", "JWT is unsecured but expected 'alg' was not 'none'"}
	case slices.Contains(algorithms, header.Alg):
		key = v.Keys.Public(header.Alg, header.ID)
	default:
		others := strings.Join(append([]string{"HS256"}, algorithms...), ", ")
		return nil, &Error{Algorithm, "Wrong or unsupported encoding algorithm", "JWT is signed with an algorithm other than " + others}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || key == nil || jwt.GetSigningMethod(header.Alg).Verify(parts[0]+"."+parts[1], signature, key) != nil {
		return nil, &Error{Signature, "No suitable key or wrong key type", "None of the keys was able to decode the JWT"}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, &Error{Garbled, "JWT cryptographic operation failed", ""}
	}
	claims := map[string]json.RawMessage{}
	if err := json.Unmarshal(payload, &claims); err != nil || claims == nil {
		return nil, &Error{Claims, "Parsing claims failed", ""}
	}
	return claims, v.validate(claims)
}

func (v Verifier) validate(claims map[string]json.RawMessage) error {
	now := float64(v.Now().UnixNano()) / float64(time.Second)
	skew := v.Skew.Seconds()
	for _, c := range []struct {
		name, message string
		reason        Reason
		bad           func(at float64) bool
	}{
		{"exp", "JWT expired", Expired, func(at float64) bool { return now-skew > at }},
		{"nbf", "JWT not yet valid", NotYetValid, func(at float64) bool { return now+skew < at }},
		{"iat", "JWT issued at future", IssuedInFuture, func(at float64) bool { return now+skew < at }},
	} {
		raw, ok := claims[c.name]
		if !ok || string(raw) == "null" {
			continue
		}
		var at float64
		if json.Unmarshal(raw, &at) != nil {
			return &Error{Claims, "The JWT '" + c.name + "' claim must be a number", ""}
		}
		if c.bad(at) {
			return &Error{c.reason, c.message, ""}
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
			return &Error{Claims, "The JWT 'aud' claim must be a string or an array of strings", ""}
		}
		audiences = []string{one}
	}
	if v.Audience != "" && len(audiences) > 0 && !slices.Contains(audiences, v.Audience) {
		return &Error{OtherAudience, "JWT not in audience", ""}
	}
	return nil
}
