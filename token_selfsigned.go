package workorder

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// SelfSigned describes the access tokens that a trusted backend signs by
// itself; see [NewSelfSigned].
type SelfSigned struct {
	// Secret is the project's JWT secret. Required.
	Secret string
	// Subject is the id of the user to act as. Required.
	Subject string
	// Tenant goes into the claim tenant_id, which views follow. Empty: no claim.
	Tenant string
	// TTL is how long each token is valid: five minutes when zero, an hour at
	// most.
	TTL time.Duration
	// Claims are added to every token. They cannot replace sub, role, aud, iat,
	// exp or tenant_id.
	Claims map[string]any
}

// Format hides the secret.
func (p SelfSigned) Format(f fmt.State, _ rune) { writeTo(f, p.text()) }

// LogValue hides the secret.
func (p SelfSigned) LogValue() slog.Value { return slog.StringValue(p.text()) }

// MarshalJSON hides the secret.
func (p SelfSigned) MarshalJSON() ([]byte, error) { return redactedJSON, nil }

// MarshalText hides the secret.
func (p SelfSigned) MarshalText() ([]byte, error) { return []byte(p.text()), nil }

// GobEncode hides the secret.
func (p SelfSigned) GobEncode() ([]byte, error) { return []byte(p.text()), nil }

func (p SelfSigned) text() string {
	return fmt.Sprintf("SelfSigned{Subject: %q, Tenant: %q, Secret: %s}", p.Subject, p.Tenant, redacted)
}

// NewSelfSigned makes a [TokenSource] that signs short-lived access tokens with
// the project's JWT secret, without asking Auth.
//
// Danger: whoever holds the secret can be any user of the project, or the
// service role. Auth does not know of these tokens: it cannot revoke them, and
// a banned or deleted user keeps access until the program stops signing. Nor
// does it check that the user belongs to the tenant; the platform does, so views
// of a foreign tenant stay empty and calls fail with [ErrPermissionDenied].
// Use it only in a backend that may do everything anyway; prefer a [Session].
func NewSelfSigned(p SelfSigned) (TokenSource, error) {
	const op = "NewSelfSigned"
	if err := sdkerr.RequireText(op, "Secret", p.Secret, "Subject", p.Subject); err != nil {
		return nil, err
	}
	switch {
	case p.TTL == 0:
		p.TTL = 5 * time.Minute
	case p.TTL < time.Second:
		return nil, sdkerr.Invalid(op, "TTL", "is shorter than a second")
	case p.TTL > time.Hour:
		return nil, sdkerr.Invalid(op, "TTL", "is longer than an hour")
	}
	claims := make(map[string]any, len(p.Claims))
	for k, v := range p.Claims {
		claims[k] = v
	}
	p.Claims = claims
	s := &selfSigned{params: &p, now: time.Now, tok: &Token{}}
	if _, err := s.sign(); err != nil { // claims that are no JSON show now
		return nil, sdkerr.Invalid(op, "Claims", "cannot be written as JSON")
	}
	return s, nil
}

// selfSigned signs tokens and keeps each until most of its life is over.
type selfSigned struct {
	now func() time.Time

	mu     sync.Mutex
	params *SelfSigned // a pointer, which package fmt does not follow
	tok    *Token
}

// Token implements TokenSource.
func (s *selfSigned) Token(context.Context) (Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	margin := min(s.params.TTL/4, 30*time.Second)
	if s.tok.Value != "" && s.now().Before(s.tok.Expiry.Add(-margin)) {
		return *s.tok, nil
	}
	tok, err := s.sign()
	if err != nil {
		return Token{}, sdkerr.Wrap("SelfSigned.Token", nil, err)
	}
	s.tok = &tok
	return tok, nil
}

// Invalidate drops t if it is still the current token.
func (s *selfSigned) Invalidate(t Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tok.Value == t.Value {
		s.tok = &Token{}
	}
}

// TenantID is the tenant that calls without one act in.
func (s *selfSigned) TenantID() string { return s.settings().Tenant }

// holdTenant makes the next tokens name the tenant, or none when it is empty.
func (s *selfSigned) holdTenant(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := *s.params
	p.Tenant = id
	s.params, s.tok = &p, &Token{}
}

// forTenant is the same user in another tenant.
func (s *selfSigned) forTenant(id string) *selfSigned {
	p := s.settings()
	p.Tenant = id
	return &selfSigned{params: &p, now: s.now, tok: &Token{}}
}

func (s *selfSigned) settings() SelfSigned {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.params
}

// sign makes a JWT with HS256.
func (s *selfSigned) sign() (Token, error) {
	now := s.now()
	expiry := now.Add(s.params.TTL).Truncate(time.Second)
	claims := map[string]any{}
	for k, v := range s.params.Claims {
		claims[k] = v
	}
	claims["sub"] = s.params.Subject
	claims["role"] = "authenticated"
	claims["aud"] = "authenticated"
	claims["iat"] = now.Unix()
	claims["exp"] = expiry.Unix()
	delete(claims, "tenant_id")
	if s.params.Tenant != "" {
		claims["tenant_id"] = s.params.Tenant
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return Token{}, err
	}
	enc := base64.RawURLEncoding
	signed := enc.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc.EncodeToString(payload)
	mac := hmac.New(sha256.New, []byte(s.params.Secret))
	mac.Write([]byte(signed))
	return Token{Value: signed + "." + enc.EncodeToString(mac.Sum(nil)), Expiry: expiry}, nil
}

// Format hides the secret.
func (s *selfSigned) Format(f fmt.State, _ rune) { writeTo(f, s.settings().text()) }

// LogValue hides the secret.
func (s *selfSigned) LogValue() slog.Value { return s.settings().LogValue() }

// MarshalJSON hides the secret.
func (s *selfSigned) MarshalJSON() ([]byte, error) { return redactedJSON, nil }
