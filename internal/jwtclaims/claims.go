// Package jwtclaims reads the claims of an access token without verifying its
// signature. Only the server can verify a token; the SDK reads it to learn
// whose it is, for which tenant, and until when.
package jwtclaims

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"
)

// MaxSize is the longest token that Parse reads. Servers refuse headers well
// below it.
const MaxSize = 64 << 10

// ErrMalformed says that a string is not a JWT. It never quotes the string,
// which may be a secret that was put in the wrong place.
var ErrMalformed = errors.New("not a well-formed JWT")

// Claims are the claims of an access token that the SDK uses.
type Claims struct {
	Subject   string    // sub: the user's id
	TenantID  string    // tenant_id: the tenant whose rows views show; empty when none
	Role      string    // role: authenticated, anon or service_role
	SessionID string    // session_id: the Auth session that issued the token
	Email     string    // email: the user's address
	Issuer    string    // iss: who signed the token, <project URL>/auth/v1 in tokens of Auth
	AAL       string    // aal: how surely the session knows the user
	Methods   string    // amr: how the user proved who they are, the newest first, with blanks between
	Project   string    // ref: the hosted project, in its API keys
	Expiry    time.Time // exp; zero when the token never expires
	IssuedAt  time.Time // iat; zero when missing
}

// Parse reads the claims of token. A token that passes consists of base64url
// characters and dots only, so it is safe inside a header.
func Parse(token string) (Claims, error) {
	if len(token) > MaxSize {
		return Claims{}, ErrMalformed
	}
	header, rest, ok := strings.Cut(token, ".")
	if !ok {
		return Claims{}, ErrMalformed
	}
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || signature == "" {
		return Claims{}, ErrMalformed
	}
	var head struct {
		Alg string `json:"alg"`
	}
	var body struct {
		Sub       string      `json:"sub"`
		TenantID  any         `json:"tenant_id"`
		Role      string      `json:"role"`
		SessionID string      `json:"session_id"`
		Email     any         `json:"email"`
		Issuer    any         `json:"iss"`
		Project   any         `json:"ref"`
		AAL       any         `json:"aal"`
		AMR       any         `json:"amr"`
		Exp       json.Number `json:"exp"`
		Iat       json.Number `json:"iat"`
	}
	if !decode(header, &head) || head.Alg == "" || !decode(payload, &body) || !isBase64URL(signature) {
		return Claims{}, ErrMalformed
	}
	exp, okExp := seconds(body.Exp)
	iat, okIat := seconds(body.Iat)
	if !okExp || !okIat {
		return Claims{}, ErrMalformed
	}
	c := Claims{Subject: body.Sub, Role: body.Role, SessionID: body.SessionID, Expiry: exp, IssuedAt: iat}
	// The claims count only as strings, as they do for the server.
	c.TenantID, _ = body.TenantID.(string)
	c.Email, _ = body.Email.(string)
	c.Issuer, _ = body.Issuer.(string)
	c.Project, _ = body.Project.(string)
	c.AAL, _ = body.AAL.(string)
	var methods []string
	steps, _ := body.AMR.([]any)
	for _, step := range steps {
		switch step := step.(type) {
		case string: // RFC 8176
			methods = append(methods, step)
		case map[string]any: // Auth's own
			if method, ok := step["method"].(string); ok {
				methods = append(methods, method)
			}
		}
	}
	c.Methods = strings.Join(methods, " ")
	return c, nil
}

// decode reads one base64url part that must hold a JSON object.
func decode(part string, into any) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil || strings.ContainsAny(part, "\r\n") {
		return false
	}
	raw = bytes.TrimLeft(raw, " \t\r\n")
	return len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, into) == nil
}

func isBase64URL(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// seconds reads a NumericDate, which may have a fraction. An absent one is the
// zero time.
func seconds(n json.Number) (time.Time, bool) {
	if n == "" {
		return time.Time{}, true
	}
	f, err := n.Float64()
	if err != nil || math.IsNaN(f) || f < 0 || f > 1<<53 {
		return time.Time{}, false
	}
	whole, frac := math.Modf(f)
	return time.Unix(int64(whole), int64(frac*1e9)), true
}
