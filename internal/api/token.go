package api

import (
	"context"
	"fmt"
	"io"
	"log/slog"
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

// MarshalText implements encoding.TextMarshaler.
func (t Token) MarshalText() ([]byte, error) { return []byte(sdkerr.Redacted), nil }

// GobEncode implements gob.GobEncoder.
func (t Token) GobEncode() ([]byte, error) { return []byte(sdkerr.Redacted), nil }

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
