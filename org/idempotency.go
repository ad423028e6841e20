package org

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// IdempotencyService keeps keys that let a caller do something once per tenant.
// Members of a tenant share its keys. Nothing releases a claimed key, and a
// resource can be attached only when claiming.
//
// Do not claim keys of scope "work_order.create" by hand: the platform keeps
// those of CreateWorkOrderParams.ClientRequestID there, and a key without a
// resource blocks every create that uses it with ErrInProgress.
//
// TypeScript: semanticSearch.claimIdempotency and getIdempotencyResource.
type IdempotencyService struct {
	rpc postgrest.Caller
}

func (s *IdempotencyService) bind(conn *api.Conn) {
	s.rpc = postgrest.NewCaller(conn)
}

// ClaimIdempotencyParams names a key and what it stands for.
type ClaimIdempotencyParams struct {
	TenantID       string // optional: the client's tenant
	Scope          string // required, 1–128 characters: the kind of work
	IdempotencyKey string // required, 1–256 characters
	ResourceID     string // id of what the work made; optional
}

// Claim takes a key. It is true when the key was new, and false, with nothing
// changed, when somebody in the tenant took it before.
//
// Needs membership, no permission. Fails with ErrInvalidInput when Scope or
// IdempotencyKey is too long.
//
// TypeScript: semanticSearch.claimIdempotency.
func (s *IdempotencyService) Claim(ctx context.Context, p ClaimIdempotencyParams) (bool, error) {
	const op = "Idempotency.Claim"
	if err := sdkerr.RequireText(op, "Scope", p.Scope, "IdempotencyKey", p.IdempotencyKey); err != nil {
		return false, err
	}
	return postgrest.Call[bool](ctx, s.rpc, op, claimIdempotencyArgs{
		TenantID:       p.TenantID,
		Scope:          p.Scope,
		IdempotencyKey: p.IdempotencyKey,
		ResourceID:     postgrest.NullIfZero(p.ResourceID),
	})
}

// IdempotencyResourceParams names a key.
type IdempotencyResourceParams struct {
	TenantID       string // optional: the client's tenant
	Scope          string // required
	IdempotencyKey string // required
}

// Resource returns the id stored with a key, or ErrNotFound when the key is
// unknown or was claimed without one.
//
// Needs membership, no permission.
//
// TypeScript: semanticSearch.getIdempotencyResource.
func (s *IdempotencyService) Resource(ctx context.Context, p IdempotencyResourceParams) (string, error) {
	const op = "Idempotency.Resource"
	if err := sdkerr.RequireText(op, "Scope", p.Scope, "IdempotencyKey", p.IdempotencyKey); err != nil {
		return "", err
	}
	id, err := postgrest.Call[*string](ctx, s.rpc, op, getIdempotencyResourceArgs(p))
	if err != nil {
		return "", err
	}
	if id == nil {
		return "", sdkerr.New(op, sdkerr.ErrNotFound, "the key has no resource")
	}
	return *id, nil
}
