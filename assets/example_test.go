package assets_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/types"
)

var ctx = context.Background()

func ExampleAssetService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_create_asset":               `"a1"`,
		"/rest/v1/rpc/rpc_upsert_asset_warranty":      `"w1"`,
		"/rest/v1/rpc/rpc_resolve_asset_by_scan_code": `"a1"`,
		"/rest/v1/v_assets":                           `[{"id":"a1","name":"Press","warranty_expires_at":"2027-12-31"}]`,
	})
	defer done()

	id, err := client.Assets.Create(ctx, assets.CreateAssetParams{Name: "Press", Barcode: "4006381333931"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Assets.UpsertWarranty(ctx, assets.UpsertWarrantyParams{AssetID: id, ExpiresOn: types.NewDate(2027, 12, 31)})
	if err != nil {
		fmt.Println(err)
		return
	}

	found, err := client.Assets.ResolveByScanCode(ctx, assets.ResolveByScanCodeParams{Code: "4006381333931\r\n"})
	if err != nil {
		fmt.Println(err)
		return
	}
	if found.Kind == assets.ScannedAsset {
		asset, err := client.Assets.Get(ctx, found.ID)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(asset.Name, asset.WarrantyExpiresAt)
	}
	// Output: Press 2027-12-31
}

func ExampleLocationService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_create_location": `"l1"`,
		"/rest/v1/rpc/rpc_update_location": ``,
	})
	defer done()

	id, err := client.Locations.Create(ctx, assets.CreateLocationParams{
		Name: "Plant", Code: "P1", Latitude: new(48.1371234), Longitude: new(11.5753833),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = client.Locations.Update(ctx, assets.UpdateLocationParams{LocationID: id, ParentLocationID: &id})
	fmt.Println(err)
	// Output: Locations.Update: invalid reference: a location cannot be inside itself: l1
}

func ExampleNewLocationTree() {
	tree, err := assets.NewLocationTree([]assets.Location{
		{ID: "3", Name: "Floor 1", LocationType: assets.Floor, ParentLocationID: new("2")},
		{ID: "1", Name: "Plant", LocationType: assets.Site},
		{ID: "2", Name: "Hall", LocationType: assets.Building, ParentLocationID: new("1")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for n := range tree.All() {
		fmt.Println(strings.Repeat("-", n.Depth()) + n.Name)
	}
	fmt.Println(tree.Get("3").Site().Name)
	// Output:
	// Plant
	// -Hall
	// --Floor 1
	// Plant
}

func ExampleLocationService_BulkImport() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_bulk_import_locations": `{"created_ids":["l1"],"errors":[]}`,
	})
	defer done()

	result, err := client.Locations.BulkImport(ctx, assets.BulkImportLocationsParams{Rows: []assets.ImportLocation{
		{Name: "Hall", LocationType: assets.Building, ParentKey: "plant"}, // before its parent, if it comes so
		{Name: "Plant", Key: "plant"},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(result.CreatedIDs), "stored,", len(result.Errors), "skipped")
	// Output: 2 stored, 0 skipped
}

func ExampleSpaceService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_create_space": `"s1"`,
		"/rest/v1/v_spaces":             `[{"id":"s1","location_id":"l1","capacity":12,"status":"reserved"}]`,
	})
	defer done()

	_, err := client.Spaces.Create(ctx, assets.CreateSpaceParams{LocationID: "l1", Capacity: new(12), Status: assets.SpaceReserved})
	if err != nil {
		fmt.Println(err)
		return
	}
	space, err := client.Spaces.GetByLocationID(ctx, "l1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*space.Capacity, space.Status)
	// Output: 12 reserved
}

func ExampleMapZoneService() {
	client, done := apitest.Example(map[string]string{"/rest/v1/rpc/rpc_create_map_zone": `"z1"`})
	defer done()

	open := types.Geometry(`{"type":"Polygon","coordinates":[[[11.5,48.1],[11.6,48.1],[11.6,48.2],[11.5,48.2]]]}`)
	_, err := client.MapZones.Create(ctx, assets.CreateMapZoneParams{Name: "Yard", Geometry: open})
	fmt.Println(err)
	// Output: MapZones.Create: invalid input: Geometry has a ring in coordinates[0] that is not closed: its last position is not its first
}
