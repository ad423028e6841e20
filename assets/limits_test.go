package assets_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/types"
)

// Text is counted in characters: up to the documented number it is sent, one
// more is refused before.
func TestDocumentedLengths(t *testing.T) {
	type client = *workorder.Client
	for _, tt := range []struct {
		field string
		most  int
		trim  bool
		do    func(ctx context.Context, c client, s string) error
	}{
		{"Name", 255, false, func(ctx context.Context, c client, s string) error {
			return second(c.Assets.Create(ctx, assets.CreateAssetParams{Name: s}))
		}},
		{"AssetNumber", 100, false, func(ctx context.Context, c client, s string) error {
			return c.Assets.Update(ctx, assets.UpdateAssetParams{AssetID: "a", AssetNumber: &s})
		}},
		{"Barcode", 100, true, func(ctx context.Context, c client, s string) error {
			return c.Assets.Update(ctx, assets.UpdateAssetParams{AssetID: "a", Barcode: &s})
		}},
		{"WarrantyType", 50, true, func(ctx context.Context, c client, s string) error {
			return second(c.Assets.UpsertWarranty(ctx, assets.UpsertWarrantyParams{AssetID: "a", ExpiresOn: types.NewDate(2030, 1, 1), WarrantyType: s}))
		}},
		{"ReasonKey", 50, true, func(ctx context.Context, c client, s string) error {
			return second(c.Assets.RecordDowntime(ctx, assets.RecordDowntimeParams{AssetID: "a", ReasonKey: s}))
		}},
		{"Name", 255, false, func(ctx context.Context, c client, s string) error {
			return second(c.Locations.Create(ctx, assets.CreateLocationParams{Name: s}))
		}},
		{"Code", 50, false, func(ctx context.Context, c client, s string) error {
			return c.Locations.Update(ctx, assets.UpdateLocationParams{LocationID: "l", Code: &s})
		}},
		{"Name", 255, false, func(ctx context.Context, c client, s string) error {
			return second(c.MapZones.Create(ctx, assets.CreateMapZoneParams{Name: s, Geometry: triangle}))
		}},
		{"Name", 255, false, func(ctx context.Context, c client, s string) error {
			return c.MapZones.Update(ctx, assets.UpdateMapZoneParams{ZoneID: "z", Name: &s})
		}},
	} {
		c, srv := apitest.New(t)
		fits := strings.Repeat("ü", tt.most)
		if tt.trim {
			fits = " " + fits + " "
		}
		srv.Reply(200, `"x"`)
		require.NoError(t, tt.do(t.Context(), c, fits), tt.field)
		require.Len(t, srv.Requests(), 1)
		err := tt.do(t.Context(), c, fits+"é")
		require.ErrorIs(t, err, workorder.ErrInvalidInput, tt.field)
		require.ErrorContains(t, err, tt.field+" ")
		require.Len(t, srv.Requests(), 1, "the longer one is not sent")
	}
}
