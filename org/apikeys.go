package org

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// TenantAPIKeyService manages the keys with which machines send meter readings
// for a tenant.
//
// TypeScript: tenantApiKeys.
type TenantAPIKeyService struct {
	rpc postgrest.Caller
}

func (s *TenantAPIKeyService) bind(conn *api.Conn) {
	s.rpc = postgrest.NewCaller(conn)
}

// TenantAPIKey describes a key, without its secret.
type TenantAPIKey struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	KeyPrefix  string     `json:"keyPrefix"` // the first 12 characters of the key
	CreatedAt  time.Time  `json:"createdAt"`
	LastUsedAt *time.Time `json:"lastUsedAt"` // nil: never used
	ExpiresAt  *time.Time `json:"expiresAt"`  // nil: never expires
}

// CreatedTenantAPIKey is a key that was just made. It is the only time the platform
// gives the secret away.
type CreatedTenantAPIKey struct {
	ID        string       `json:"id"`
	Key       types.Secret `json:"key"` // use Reveal, once, and store it safely
	KeyPrefix string       `json:"keyPrefix"`
	Name      string       `json:"name"`
	CreatedAt time.Time    `json:"createdAt"`
}

// CreateTenantAPIKeyParams describes a new key.
type CreateTenantAPIKeyParams struct {
	TenantID string // optional: the client's tenant
	Name     string // required, 1–255 characters, need not be unique
}

// Create makes a key that never expires.
//
// Needs permission tenant.admin. Fails with ErrInvalidInput when Name is too
// long.
//
// TypeScript: tenantApiKeys.create.
func (s *TenantAPIKeyService) Create(ctx context.Context, p CreateTenantAPIKeyParams) (*CreatedTenantAPIKey, error) {
	const op = "TenantAPIKeys.Create"
	if err := sdkerr.RequireText(op, "Name", p.Name); err != nil {
		return nil, err
	}
	return postgrest.Call[*CreatedTenantAPIKey](ctx, s.rpc, op, createTenantAPIKeyArgs(p))
}

// List returns the keys of the tenant, newest first, without their secrets. An
// empty tenantID means the client's tenant. The server gives the newest 1,000.
//
// Needs permission tenant.admin.
//
// TypeScript: tenantApiKeys.list.
func (s *TenantAPIKeyService) List(ctx context.Context, tenantID string) ([]TenantAPIKey, error) {
	return postgrest.Call[[]TenantAPIKey](ctx, s.rpc, "TenantAPIKeys.List",
		listTenantAPIKeysArgs{TenantID: tenantID})
}

// RevokeTenantAPIKeyParams names a key.
type RevokeTenantAPIKeyParams struct {
	TenantID string // optional: the client's tenant
	KeyID    string // required
}

// Revoke deletes a key; it stops working at once.
//
// Needs permission tenant.admin. Fails with ErrRuleViolation when the tenant
// has no such key, also when it was revoked before.
//
// TypeScript: tenantApiKeys.revoke.
func (s *TenantAPIKeyService) Revoke(ctx context.Context, p RevokeTenantAPIKeyParams) error {
	const op = "TenantAPIKeys.Revoke"
	if err := sdkerr.RequireText(op, "KeyID", p.KeyID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, revokeTenantAPIKeyArgs(p))
}

// Validate tells whose key this is. Only the key's SHA-256 hash is sent. It is
// for trusted servers that accept tenant keys themselves.
//
// Needs a client with the service-role key. Fails with ErrNotFound when the key
// is unknown, revoked or expired.
//
// TypeScript has no such method.
func (s *TenantAPIKeyService) Validate(ctx context.Context, key string) (*ValidTenantAPIKey, error) {
	const op = "TenantAPIKeys.Validate"
	if err := sdkerr.RequireText(op, "key", key); err != nil {
		return nil, err
	}
	hash := sha256.Sum256([]byte(key))
	rows, err := postgrest.Call[[]ValidTenantAPIKey](ctx, s.rpc, op,
		validateTenantAPIKeyArgs{KeyHash: hex.EncodeToString(hash[:])})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, sdkerr.New(op, sdkerr.ErrNotFound, "no valid key matches")
	}
	return &rows[0], nil
}

// Touch records that a key was used now. An unknown id is no error.
//
// Needs a client with the service-role key.
//
// TypeScript has no such method.
func (s *TenantAPIKeyService) Touch(ctx context.Context, keyID string) error {
	const op = "TenantAPIKeys.Touch"
	if err := sdkerr.RequireText(op, "keyID", keyID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, tenantAPIKeyTouchArgs{KeyID: keyID})
}
