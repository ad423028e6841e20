package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Token is an access token and the time it expires (zero: unknown). It prints,
// logs and marshals as "[redacted]".
type Token struct {
	Value  string
	Expiry time.Time
}

// Format implements fmt.Formatter so that no verb prints the token.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, sdkerr.Redacted) }

// LogValue implements slog.LogValuer.
func (t Token) LogValue() slog.Value { return slog.StringValue(sdkerr.Redacted) }

// MarshalJSON implements json.Marshaler.
func (t Token) MarshalJSON() ([]byte, error) { return []byte(`"` + sdkerr.Redacted + `"`), nil }

// TokenSource gives the access token for the next request. Token is called for
// every attempt, from many goroutines at once, so it should keep the token.
//
// A TokenSource that also has the method Invalidate(Token) is told when the
// server refuses a token; the next call of Token should then give another one.
type TokenSource interface {
	Token(ctx context.Context) (Token, error)
}

// invalidator is a TokenSource that wants to know about refused tokens.
type invalidator interface {
	Invalidate(Token)
}

// tenantSource is a TokenSource that knows its tenant before the token says it.
type tenantSource interface {
	TenantID() string
}

// Claims are the claims of an access token that the SDK looks at. They are not
// verified: only the server can do that.
type Claims struct {
	Subject   string
	TenantID  string
	Role      string
	SessionID string
	ClientID  string
	IssuedAt  time.Time
	Expiry    time.Time
}

// ParseClaims reads the claims of a JWT without verifying it. It reports false
// when the text is no JWT.
func ParseClaims(jwt string) (Claims, bool) {
	_, rest, ok := strings.Cut(jwt, ".")
	if !ok {
		return Claims{}, false
	}
	payload, sig, ok := strings.Cut(rest, ".")
	if !ok || strings.Contains(sig, ".") {
		return Claims{}, false
	}
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if err != nil || !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return Claims{}, false
	}
	var c struct {
		Sub      any     `json:"sub"`
		Tenant   any     `json:"tenant_id"`
		Role     any     `json:"role"`
		Session  any     `json:"session_id"`
		Client   any     `json:"client_id"`
		IssuedAt float64 `json:"iat"`
		Expiry   float64 `json:"exp"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return Claims{}, false
	}
	str := func(v any) string { s, _ := v.(string); return s }
	return Claims{
		Subject:   str(c.Sub),
		TenantID:  str(c.Tenant),
		Role:      str(c.Role),
		SessionID: str(c.Session),
		ClientID:  str(c.Client),
		IssuedAt:  unix(c.IssuedAt),
		Expiry:    unix(c.Expiry),
	}, true
}

func unix(seconds float64) time.Time {
	if seconds <= 0 || seconds > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// StaticToken is a TokenSource that always gives the same token.
func StaticToken(value string) TokenSource {
	claims, _ := ParseClaims(value)
	return staticToken{Value: value, Expiry: claims.Expiry}
}

type staticToken Token

// Token implements TokenSource.
func (s staticToken) Token(context.Context) (Token, error) { return Token(s), nil }

// MarshalJSON implements json.Marshaler.
func (s staticToken) MarshalJSON() ([]byte, error) { return Token(s).MarshalJSON() }

// Format implements fmt.Formatter so that no verb prints the token.
func (s staticToken) Format(f fmt.State, verb rune) { Token(s).Format(f, verb) }
