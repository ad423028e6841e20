package org_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/org"
)

func TestDocumentedLengths(t *testing.T) {
	type client = *workorder.Client
	for _, tt := range []struct {
		field string
		most  int
		do    func(ctx context.Context, c client, s string) error
	}{
		{"Name", 255, func(ctx context.Context, c client, s string) error {
			_, err := c.Tenants.Create(ctx, org.CreateTenantParams{Name: s, Slug: "x"})
			return err
		}},
		{"Slug", 63, func(ctx context.Context, c client, s string) error {
			_, err := c.Tenants.Create(ctx, org.CreateTenantParams{Name: "x", Slug: s})
			return err
		}},
		{"OAuthClientID", 128, func(ctx context.Context, c client, s string) error {
			return c.Tenants.ReplaceOAuthClientGrants(ctx, org.ReplaceOAuthClientGrantsParams{OAuthClientID: s})
		}},
		{"Name", 255, func(ctx context.Context, c client, s string) error {
			_, err := c.Departments.Create(ctx, org.CreateDepartmentParams{Name: s})
			return err
		}},
		{"Code", 20, func(ctx context.Context, c client, s string) error {
			_, err := c.Departments.Create(ctx, org.CreateDepartmentParams{Name: "x", Code: s})
			return err
		}},
		{"Name", 255, func(ctx context.Context, c client, s string) error {
			return c.Departments.Update(ctx, org.UpdateDepartmentParams{DepartmentID: "d", Name: &s})
		}},
		{"Name", 255, func(ctx context.Context, c client, s string) error {
			_, err := c.TenantAPIKeys.Create(ctx, org.CreateTenantAPIKeyParams{Name: s})
			return err
		}},
		{"Key", 50, func(ctx context.Context, c client, s string) error {
			_, err := c.Catalogs.CreateStatus(ctx, org.CreateStatusParams{EntityType: "work_order", Category: "open", Key: s, Name: "x"})
			return err
		}},
		{"Code", 20, func(ctx context.Context, c client, s string) error {
			return c.Departments.Update(ctx, org.UpdateDepartmentParams{DepartmentID: "d", Code: &s})
		}},
		{"Key", 50, func(ctx context.Context, c client, s string) error {
			_, err := c.Catalogs.CreatePriority(ctx, org.CreatePriorityParams{EntityType: "work_order", Key: s, Name: "x"})
			return err
		}},
		{"Key", 50, func(ctx context.Context, c client, s string) error {
			_, err := c.Catalogs.CreateMaintenanceType(ctx, org.CreateMaintenanceTypeParams{Category: "planned", Key: s, Name: "x"})
			return err
		}},
		{"ScopeType", 50, func(ctx context.Context, c client, s string) error {
			return c.Authorization.GrantScope(ctx, org.ScopeParams{UserID: "u", ScopeType: s, ScopeValue: "v"})
		}},
		{"ScopeType", 50, func(ctx context.Context, c client, s string) error {
			return c.Authorization.RevokeScope(ctx, org.ScopeParams{UserID: "u", ScopeType: s, ScopeValue: "v"})
		}},
		{"Scope", 128, func(ctx context.Context, c client, s string) error {
			_, err := c.Idempotency.Claim(ctx, org.ClaimIdempotencyParams{Scope: s, IdempotencyKey: "k"})
			return err
		}},
		{"IdempotencyKey", 256, func(ctx context.Context, c client, s string) error {
			_, err := c.Idempotency.Claim(ctx, org.ClaimIdempotencyParams{Scope: "s", IdempotencyKey: s})
			return err
		}},
	} {
		c, srv := apitest.New(t)
		fits := strings.Repeat("ü", tt.most)
		err := tt.do(t.Context(), c, fits+"ü")
		require.ErrorIs(t, err, workorder.ErrInvalidInput, tt.field)
		require.ErrorContains(t, err, tt.field)
		require.ErrorContains(t, err, "is longer than")
		srv.WantNoRequest(t)
		srv.Reply(200, `"x"`)
		_ = tt.do(t.Context(), c, fits)
		require.Len(t, srv.Requests(), 1, tt.field)
	}
}
