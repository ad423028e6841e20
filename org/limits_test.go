package org_test

import (
	"context"
	"testing"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/org"
)

func TestDocumentedLengths(t *testing.T) {
	apitest.WantLimit(t, "Name", 255, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.Tenants.Create(ctx, org.CreateTenantParams{Name: s, Slug: "x"}))
	})
	apitest.WantLimit(t, "Slug", 63, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.Tenants.Create(ctx, org.CreateTenantParams{Name: "x", Slug: s}))
	})
	apitest.WantLimit(t, "OAuthClientID", 128, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Tenants.ReplaceOAuthClientGrants(ctx, org.ReplaceOAuthClientGrantsParams{OAuthClientID: s})
	})
	apitest.WantLimit(t, "Name", 255, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.Departments.Create(ctx, org.CreateDepartmentParams{Name: s}))
	})
	apitest.WantLimit(t, "Code", 20, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.Departments.Create(ctx, org.CreateDepartmentParams{Name: "x", Code: s}))
	})
	apitest.WantLimit(t, "Name", 255, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Departments.Update(ctx, org.UpdateDepartmentParams{DepartmentID: "d", Name: &s})
	})
	apitest.WantLimit(t, "Name", 255, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.TenantAPIKeys.Create(ctx, org.CreateTenantAPIKeyParams{Name: s}))
	})
	apitest.WantLimit(t, "Key", 50, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.Catalogs.CreateStatus(ctx, org.CreateStatusParams{EntityType: "work_order", Category: "open", Key: s, Name: "x"}))
	})
	apitest.WantLimit(t, "Code", 20, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Departments.Update(ctx, org.UpdateDepartmentParams{DepartmentID: "d", Code: &s})
	})
	apitest.WantLimit(t, "Key", 50, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.Catalogs.CreatePriority(ctx, org.CreatePriorityParams{EntityType: "work_order", Key: s, Name: "x"}))
	})
	apitest.WantLimit(t, "Key", 50, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.Catalogs.CreateMaintenanceType(ctx, org.CreateMaintenanceTypeParams{Category: "planned", Key: s, Name: "x"}))
	})
	apitest.WantLimit(t, "ScopeType", 50, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Authorization.GrantScope(ctx, org.ScopeParams{UserID: "u", ScopeType: s, ScopeValue: "v"})
	})
	apitest.WantLimit(t, "ScopeType", 50, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Authorization.RevokeScope(ctx, org.ScopeParams{UserID: "u", ScopeType: s, ScopeValue: "v"})
	})
	apitest.WantLimit(t, "Scope", 128, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.Idempotency.Claim(ctx, org.ClaimIdempotencyParams{Scope: s, IdempotencyKey: "k"}))
	})
	apitest.WantLimit(t, "IdempotencyKey", 256, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.Idempotency.Claim(ctx, org.ClaimIdempotencyParams{Scope: "s", IdempotencyKey: s}))
	})
}
