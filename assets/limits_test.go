package assets_test

import (
	"context"
	"testing"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/types"
)

// Text is counted in characters: up to the documented number it is sent, one
// more is refused before.
func TestDocumentedLengths(t *testing.T) {
	apitest.WantLimit(t, "Name", 255, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.Assets.Create(ctx, assets.CreateAssetParams{Name: s}))
	})
	apitest.WantLimit(t, "AssetNumber", 100, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Assets.Update(ctx, assets.UpdateAssetParams{AssetID: "a", AssetNumber: &s})
	})
	apitest.WantTrimmedLimit(t, "Barcode", 100, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Assets.Update(ctx, assets.UpdateAssetParams{AssetID: "a", Barcode: &s})
	})
	apitest.WantTrimmedLimit(t, "WarrantyType", 50, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.Assets.UpsertWarranty(ctx, assets.UpsertWarrantyParams{AssetID: "a", ExpiresOn: types.NewDate(2030, 1, 1), WarrantyType: s}))
	})
	apitest.WantTrimmedLimit(t, "ReasonKey", 50, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.Assets.RecordDowntime(ctx, assets.RecordDowntimeParams{AssetID: "a", ReasonKey: s}))
	})
	apitest.WantLimit(t, "Name", 255, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.Locations.Create(ctx, assets.CreateLocationParams{Name: s}))
	})
	apitest.WantLimit(t, "Code", 50, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.Locations.Update(ctx, assets.UpdateLocationParams{LocationID: "l", Code: &s})
	})
	apitest.WantLimit(t, "Name", 255, func(ctx context.Context, c *workorder.Client, s string) error {
		return apitest.Err(c.MapZones.Create(ctx, assets.CreateMapZoneParams{Name: s, Geometry: triangle}))
	})
	apitest.WantLimit(t, "Name", 255, func(ctx context.Context, c *workorder.Client, s string) error {
		return c.MapZones.Update(ctx, assets.UpdateMapZoneParams{ZoneID: "z", Name: &s})
	})
}
