package assets_test

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/types"
)

var triangle = types.Geometry(`{"type":"Polygon","coordinates":[[[0,0],[1,0],[1.50,1],[0,0]]]}`)

var calls = []apitest.Call{
	{
		Name: "Assets.Create with the least",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Assets.Create(ctx, assets.CreateAssetParams{Name: "Press"})
		},
		RPC: "rpc_create_asset",
		Body: `{"p_tenant_id":"t1","p_name":"Press","p_description":null,"p_asset_number":null,"p_location_id":null,
			"p_department_id":null,"p_barcode":null}`,
		Reply: `"a1"`, Want: "a1",
	},
	{
		Name: "Assets.Create with all",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Assets.Create(ctx, assets.CreateAssetParams{
				TenantID: "t9", Name: "Press", Description: "big", AssetNumber: "P-1", LocationID: "l1", DepartmentID: "d1",
				Status: assets.StatusInService, Barcode: " 0012 ",
			})
		},
		RPC: "rpc_create_asset",
		Body: `{"p_tenant_id":"t9","p_name":"Press","p_description":"big","p_asset_number":"P-1","p_location_id":"l1",
			"p_department_id":"d1","p_status":"in_service","p_barcode":" 0012 "}`,
		Reply: `"a1"`, Want: "a1",
	},
	{
		Name: "Assets.Update keeps what is nil and clears the barcode",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Assets.Update(ctx, assets.UpdateAssetParams{AssetID: "a1", Description: new(""), Barcode: new("")})
		}),
		RPC: "rpc_update_asset",
		Body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_name":null,"p_description":"","p_asset_number":null,
			"p_location_id":null,"p_department_id":null,"p_status":null,"p_barcode":""}`,
	},
	{
		Name: "Assets.Delete",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Assets.Delete(ctx, assets.DeleteAssetParams{AssetID: "a1"})
		}),
		RPC: "rpc_delete_asset", Body: `{"p_tenant_id":"t1","p_asset_id":"a1"}`,
	},
	{
		Name: "Assets.BulkImport",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Assets.BulkImport(ctx, assets.BulkImportAssetsParams{Rows: []assets.ImportAsset{
				{Name: "A", AssetNumber: "007", LocationID: "l1"}, {Name: "\xff"}, {},
			}})
		},
		RPC:   "rpc_bulk_import_assets",
		Body:  `{"p_tenant_id":"t1","p_rows":[{"name":"A","asset_number":"007","location_id":"l1"},{"name":""}]}`,
		Reply: `{"created_ids":["a1"],"errors":[{"index":1,"message":"no name"}]}`,
		Want: &types.BulkImportResult{CreatedIDs: []string{"a1"}, Errors: []types.BulkImportError{
			{Index: 1, Message: "name is not valid UTF-8"}, {Index: 2, Message: "no name"},
		}},
	},
	{
		Name: "Assets.UpsertWarranty adds",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Assets.UpsertWarranty(ctx, assets.UpsertWarrantyParams{AssetID: "a1", ExpiresOn: types.NewDate(2027, 2, 28)})
		},
		RPC: "rpc_upsert_asset_warranty",
		Body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_warranty_id":null,"p_expires_on":"2027-02-28","p_starts_on":null,
			"p_warranty_type":null,"p_supplier_id":null,"p_coverage_summary":null,"p_external_reference":null,"p_is_active":null}`,
		Reply: `"w1"`, Want: "w1",
	},
	{
		Name: "Assets.UpsertWarranty changes",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Assets.UpsertWarranty(ctx, assets.UpsertWarrantyParams{
				AssetID: "a1", WarrantyID: "w1", StartsOn: types.NewDate(2026, 1, 1), WarrantyType: "extended", SupplierID: "s1",
				CoverageSummary: new(""), ExternalReference: new("X"), IsActive: new(false),
			})
		},
		RPC: "rpc_upsert_asset_warranty",
		Body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_warranty_id":"w1","p_expires_on":null,"p_starts_on":"2026-01-01",
			"p_warranty_type":"extended","p_supplier_id":"s1","p_coverage_summary":"","p_external_reference":"X","p_is_active":false}`,
		Reply: `"w1"`, Want: "w1",
	},
	{
		Name: "Assets.RecordDowntime from now on",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Assets.RecordDowntime(ctx, assets.RecordDowntimeParams{AssetID: "a1", ReasonKey: assets.DowntimeBreakdown})
		},
		RPC: "rpc_record_asset_downtime",
		Body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_reason_key":"breakdown","p_started_at":null,"p_ended_at":null,
			"p_linked_work_order_id":null,"p_notes":null}`,
		Reply: `"e1"`, Want: "e1",
	},
	{
		Name: "Assets.RecordDowntime that is over",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			start := time.Date(2026, 3, 1, 1, 0, 0, 0, time.FixedZone("", 3600))
			return c.Assets.RecordDowntime(ctx, assets.RecordDowntimeParams{
				AssetID: "a1", ReasonKey: "no_demand", StartedAt: start, EndedAt: start.Add(45 * time.Second),
				LinkedWorkOrderID: "w1", Notes: "short",
			})
		},
		RPC: "rpc_record_asset_downtime",
		Body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_reason_key":"no_demand","p_started_at":"2026-03-01T00:00:00Z",
			"p_ended_at":"2026-03-01T00:00:45Z","p_linked_work_order_id":"w1","p_notes":"short"}`,
		Reply: `"e1"`, Want: "e1",
	},
	{
		Name: "Assets.ResolveByScanCode finds an asset and asks no more",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Assets.ResolveByScanCode(ctx, assets.ResolveByScanCodeParams{Code: " \t0012\r\n"})
		},
		RPC: "rpc_resolve_asset_by_scan_code", Body: `{"p_tenant_id":"t1","p_code":"0012"}`,
		Reply: `"a1"`, Want: assets.ScanResult{Kind: assets.ScannedAsset, ID: "a1"},
	},
	{
		Name: "Locations.Create with the least",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Locations.Create(ctx, assets.CreateLocationParams{Name: "Plant"})
		},
		RPC: "rpc_create_location",
		Body: `{"p_tenant_id":"t1","p_name":"Plant","p_description":null,"p_parent_location_id":null,"p_code":null,
			"p_address_line":null,"p_external_id":null,"p_latitude":null,"p_longitude":null}`,
		Reply: `"l1"`, Want: "l1",
	},
	{
		Name: "Locations.Create with all",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Locations.Create(ctx, assets.CreateLocationParams{
				Name: "Hall", Description: "d", ParentLocationID: "l0", LocationType: assets.Building, Code: "H_1",
				AddressLine: "Main street", ExternalID: "X", Latitude: new(0.0), Longitude: new(-180.0),
			})
		},
		RPC: "rpc_create_location",
		Body: `{"p_tenant_id":"t1","p_name":"Hall","p_description":"d","p_parent_location_id":"l0","p_location_type":"building",
			"p_code":"H_1","p_address_line":"Main street","p_external_id":"X","p_latitude":0,"p_longitude":-180}`,
		Reply: `"l1"`, Want: "l1",
	},
	{
		Name: "Locations.Update keeps what is nil",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Locations.Update(ctx, assets.UpdateLocationParams{LocationID: "l1", LocationType: new(assets.Zone), AddressLine: new("")})
		}),
		RPC: "rpc_update_location",
		Body: `{"p_tenant_id":"t1","p_location_id":"l1","p_name":null,"p_description":null,"p_parent_location_id":null,
			"p_location_type":"zone","p_code":null,"p_address_line":"","p_external_id":null,"p_latitude":null,"p_longitude":null}`,
	},
	{
		Name: "Locations.Update clears the position, whatever is given as well",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Locations.Update(ctx, assets.UpdateLocationParams{LocationID: "l1", ClearPosition: true, Latitude: new(999.0)})
		}),
		RPC: "rpc_update_location",
		Body: `{"p_tenant_id":"t1","p_location_id":"l1","p_name":null,"p_description":null,"p_parent_location_id":null,
			"p_location_type":null,"p_code":null,"p_address_line":null,"p_external_id":null,"p_latitude":null,"p_longitude":null,
			"p_clear_position":true}`,
	},
	{
		Name: "Locations.Delete",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Locations.Delete(ctx, assets.DeleteLocationParams{LocationID: "l1"})
		}),
		RPC: "rpc_delete_location", Body: `{"p_tenant_id":"t1","p_location_id":"l1"}`,
	},
	{
		Name: "Locations.BulkImport of nothing",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Locations.BulkImport(ctx, assets.BulkImportLocationsParams{})
		},
		RPC: "rpc_bulk_import_locations", Body: `{"p_tenant_id":"t1","p_rows":[]}`,
		Reply: `{"created_ids":[],"errors":[]}`,
		Want: &assets.LocationImport{
			BulkImportResult: types.BulkImportResult{CreatedIDs: []string{}, Errors: []types.BulkImportError{}}, IDs: []string{},
		},
	},
	{
		Name: "Spaces.Create with the least",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Spaces.Create(ctx, assets.CreateSpaceParams{LocationID: "l1"})
		},
		RPC: "rpc_create_space",
		Body: `{"p_tenant_id":"t1","p_location_id":"l1","p_usage_type":null,"p_capacity":null,"p_area_sqft":null,
			"p_attributes":null}`,
		Reply: `"s1"`, Want: "s1",
	},
	{
		Name: "Spaces.Create with all",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Spaces.Create(ctx, assets.CreateSpaceParams{
				LocationID: "l1", UsageType: "office", Capacity: new(0), Status: assets.SpaceReserved,
				AreaSqft: new(decimal.RequireFromString("120.555")), Attributes: json.RawMessage(`[1.10]`),
			})
		},
		RPC: "rpc_create_space",
		Body: `{"p_tenant_id":"t1","p_location_id":"l1","p_usage_type":"office","p_capacity":0,"p_status":"reserved",
			"p_area_sqft":"120.555","p_attributes":[1.10]}`,
		Reply: `"s1"`, Want: "s1",
	},
	{
		Name: "Spaces.Update",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Spaces.Update(ctx, assets.UpdateSpaceParams{SpaceID: "s1", Status: new(assets.SpaceOffline), Attributes: json.RawMessage{}})
		}),
		RPC: "rpc_update_space",
		Body: `{"p_tenant_id":"t1","p_space_id":"s1","p_usage_type":null,"p_capacity":null,"p_status":"offline",
			"p_area_sqft":null,"p_attributes":null}`,
	},
	{
		Name: "Spaces.Delete",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Spaces.Delete(ctx, assets.DeleteSpaceParams{SpaceID: "s1"})
		}),
		RPC: "rpc_delete_space", Body: `{"p_tenant_id":"t1","p_space_id":"s1"}`,
	},
	{
		Name: "MapZones.Create",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.MapZones.Create(ctx, assets.CreateMapZoneParams{Name: "Yard", Geometry: triangle, LocationID: "l1"})
		},
		RPC:   "rpc_create_map_zone",
		Body:  `{"p_tenant_id":"t1","p_name":"Yard","p_geometry":` + string(triangle) + `,"p_location_id":"l1"}`,
		Reply: `"z1"`, Want: "z1",
	},
	{
		Name: "MapZones.Update keeps what is nil",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.MapZones.Update(ctx, assets.UpdateMapZoneParams{ZoneID: "z1", Name: new("Gate")})
		}),
		RPC:  "rpc_update_map_zone",
		Body: `{"p_tenant_id":"t1","p_zone_id":"z1","p_name":"Gate","p_geometry":null,"p_location_id":null}`,
	},
	{
		Name: "MapZones.Update of the shape",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.MapZones.Update(ctx, assets.UpdateMapZoneParams{ZoneID: "z1", Geometry: triangle})
		}),
		RPC:  "rpc_update_map_zone",
		Body: `{"p_tenant_id":"t1","p_zone_id":"z1","p_name":null,"p_geometry":` + string(triangle) + `,"p_location_id":null}`,
	},
	{
		Name: "MapZones.Delete",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.MapZones.Delete(ctx, assets.DeleteMapZoneParams{ZoneID: "z1"})
		}),
		RPC: "rpc_delete_map_zone", Body: `{"p_tenant_id":"t1","p_zone_id":"z1"}`,
	},
}

func TestWireRequests(t *testing.T) { apitest.RunCalls(t, calls) }

func TestReadersNameTheirViews(t *testing.T) {
	c, srv := apitest.New(t)
	srv.WantCounted(t, "v_assets", c.Assets.Count)
	srv.WantCounted(t, "v_assets", c.Assets.Summaries.Count)
	srv.WantCounted(t, "v_asset_warranties", c.Assets.Warranties.Count)
	srv.WantCounted(t, "reporting.v_asset_downtime_monthly", c.Assets.MonthlyDowntime.Count)
	srv.WantCounted(t, "v_locations", c.Locations.Count)
	srv.WantCounted(t, "v_location_hierarchy", c.Locations.Hierarchy.Count)
	srv.WantCounted(t, "reporting.v_location_site", c.Locations.Sites.Count)
	srv.WantCounted(t, "v_spaces", c.Spaces.Count)
	srv.WantCounted(t, "v_map_zones", c.MapZones.Count)
}

func TestBadValuesAreRefusedBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	ctx := t.Context()
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	point := types.Geometry(`{"type":"Point","coordinates":[181,0]}`)
	srv.WantRefused(t, "Name", apitest.Err(c.Assets.Create(ctx, assets.CreateAssetParams{})))
	srv.WantRefused(t, "AssetNumber", apitest.Err(c.Assets.Create(ctx, assets.CreateAssetParams{Name: "x", AssetNumber: "P-1 "})))
	srv.WantRefused(t, "AssetID", c.Assets.Update(ctx, assets.UpdateAssetParams{}))
	srv.WantRefused(t, "AssetNumber", c.Assets.Update(ctx, assets.UpdateAssetParams{AssetID: "a", AssetNumber: new("\tP")}))
	srv.WantRefused(t, "AssetNumber", c.Assets.Update(ctx, assets.UpdateAssetParams{AssetID: "a", AssetNumber: new("")}))
	srv.WantRefused(t, "LocationID", c.Assets.Update(ctx, assets.UpdateAssetParams{AssetID: "a", LocationID: new("")}))
	srv.WantRefused(t, "DepartmentID", c.Assets.Update(ctx, assets.UpdateAssetParams{AssetID: "a", DepartmentID: new("")}))
	srv.WantRefused(t, "AssetID", c.Assets.Delete(ctx, assets.DeleteAssetParams{}))
	srv.WantRefused(t, "AssetID", apitest.Err(c.Assets.UpsertWarranty(ctx, assets.UpsertWarrantyParams{})))
	srv.WantRefused(t, "ExpiresOn", apitest.Err(c.Assets.UpsertWarranty(ctx, assets.UpsertWarrantyParams{AssetID: "a"})))
	srv.WantRefused(t, "ReasonKey", apitest.Err(c.Assets.RecordDowntime(ctx, assets.RecordDowntimeParams{AssetID: "a", ReasonKey: " "})))
	srv.WantRefused(t, "EndedAt", apitest.Err(c.Assets.RecordDowntime(ctx, assets.RecordDowntimeParams{AssetID: "a", ReasonKey: "x", StartedAt: start, EndedAt: start.Add(-1)})))
	srv.WantRefused(t, "Name", apitest.Err(c.Locations.Create(ctx, assets.CreateLocationParams{})))
	srv.WantRefused(t, "ParentLocationID", apitest.Err(c.Locations.Create(ctx, assets.CreateLocationParams{Name: "x", LocationType: assets.Region, ParentLocationID: "l"})))
	srv.WantRefused(t, "Longitude", apitest.Err(c.Locations.Create(ctx, assets.CreateLocationParams{Name: "x", Latitude: new(1.0)})))
	srv.WantRefused(t, "Latitude", apitest.Err(c.Locations.Create(ctx, assets.CreateLocationParams{Name: "x", Latitude: new(90.0000001), Longitude: new(0.0)})))
	srv.WantRefused(t, "Longitude", apitest.Err(c.Locations.Create(ctx, assets.CreateLocationParams{Name: "x", Latitude: new(0.0), Longitude: new(math.NaN())})))
	srv.WantRefused(t, "LocationID", c.Locations.Update(ctx, assets.UpdateLocationParams{}))
	srv.WantRefused(t, "ParentLocationID", c.Locations.Update(ctx, assets.UpdateLocationParams{LocationID: "l", ParentLocationID: new("")}))
	srv.WantRefused(t, "Code", c.Locations.Update(ctx, assets.UpdateLocationParams{LocationID: "l", Code: new("")}))
	srv.WantRefused(t, "Latitude", c.Locations.Update(ctx, assets.UpdateLocationParams{LocationID: "l", Longitude: new(1.0)}))
	srv.WantRefused(t, "LocationID", c.Locations.Delete(ctx, assets.DeleteLocationParams{}))
	srv.WantRefused(t, "ParentLocationID", c.Locations.Move(ctx, assets.MoveLocationParams{LocationID: "l"}))
	srv.WantRefused(t, "LocationID", apitest.Err(c.Spaces.Create(ctx, assets.CreateSpaceParams{})))
	srv.WantRefused(t, "Capacity", apitest.Err(c.Spaces.Create(ctx, assets.CreateSpaceParams{LocationID: "l", Capacity: new(-1)})))
	srv.WantRefused(t, "Attributes", apitest.Err(c.Spaces.Create(ctx, assets.CreateSpaceParams{LocationID: "l", Attributes: json.RawMessage(`{`)})))
	srv.WantRefused(t, "SpaceID", c.Spaces.Update(ctx, assets.UpdateSpaceParams{}))
	srv.WantRefused(t, "Attributes", c.Spaces.Update(ctx, assets.UpdateSpaceParams{SpaceID: "s", Attributes: json.RawMessage(`x`)}))
	srv.WantRefused(t, "SpaceID", c.Spaces.Delete(ctx, assets.DeleteSpaceParams{}))
	srv.WantRefused(t, "locationID", apitest.Err(c.Spaces.GetByLocationID(ctx, "")))
	srv.WantRefused(t, "Geometry", apitest.Err(c.MapZones.Create(ctx, assets.CreateMapZoneParams{Name: "x"})))
	srv.WantRefused(t, "Geometry", apitest.Err(c.MapZones.Create(ctx, assets.CreateMapZoneParams{Name: "x", Geometry: point})))
	srv.WantRefused(t, "ZoneID", c.MapZones.Update(ctx, assets.UpdateMapZoneParams{}))
	srv.WantRefused(t, "Geometry", c.MapZones.Update(ctx, assets.UpdateMapZoneParams{ZoneID: "z", Geometry: point}))
	srv.WantRefused(t, "Geometry", c.MapZones.Update(ctx, assets.UpdateMapZoneParams{ZoneID: "z", Geometry: types.Geometry{}}))
	srv.WantRefused(t, "LocationID", c.MapZones.Update(ctx, assets.UpdateMapZoneParams{ZoneID: "z", LocationID: new("")}))
	srv.WantRefused(t, "ZoneID", c.MapZones.Delete(ctx, assets.DeleteMapZoneParams{}))
}

func TestScanCodes(t *testing.T) {
	for name, tc := range map[string]struct {
		code    string
		replies []string
		want    assets.ScanResult
	}{
		"a blank code asks nothing": {code: " \n"},
		"a location": {
			code: "B-1", replies: []string{`null`, `[{"id":"l1"}]`},
			want: assets.ScanResult{Kind: assets.ScannedLocation, ID: "l1"},
		},
		"the barcode of a part wins over the number of another": {
			code: "P-1", replies: []string{`null`, `[]`, `[{"id":"p1","barcode":null},{"id":"p2","barcode":"P-1"}]`},
			want: assets.ScanResult{Kind: assets.ScannedPart, ID: "p2"},
		},
		"the number of a part": {
			code: "P-1", replies: []string{`null`, `[]`, `[{"id":"p1","barcode":"X"}]`, `[]`},
			want: assets.ScanResult{Kind: assets.ScannedPart, ID: "p1"},
		},
		"the number of a part wins over the external id of others": {
			code: "P-1", replies: []string{`null`, `[]`, `[{"id":"p1","part_number":"A"},{"id":"p2","part_number":"P-1"},{"id":"p3","part_number":"B"}]`, `[]`},
			want: assets.ScanResult{Kind: assets.ScannedPart, ID: "p2"},
		},
		"the external id of a part": {
			code: "X", replies: []string{`null`, `[]`, `[{"id":"p1","part_number":"A"}]`, `[]`},
			want: assets.ScanResult{Kind: assets.ScannedPart, ID: "p1"},
		},
		"nothing": {code: "?", replies: []string{`null`, `[]`, `[]`}},
	} {
		t.Run(name, func(t *testing.T) {
			c, srv := apitest.New(t)
			for _, reply := range tc.replies {
				srv.Reply(http.StatusOK, reply)
			}
			got, err := c.Assets.ResolveByScanCode(t.Context(), assets.ResolveByScanCodeParams{Code: tc.code})
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
			require.Len(t, srv.Requests(), len(tc.replies))
			for _, r := range srv.Requests()[min(1, len(tc.replies)):] {
				require.Contains(t, r.Query.Get("and"), `tenant_id.eq."t1"`, "no other tenant's, whatever the view shows")
			}
		})
	}
}

func TestScanErrorsNameTheMethod(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `null`)
	srv.ReplyError(http.StatusForbidden, "42501", "no")
	_, err := c.Assets.ResolveByScanCode(t.Context(), assets.ResolveByScanCodeParams{Code: "x"})
	require.ErrorIs(t, err, workorder.ErrPermissionDenied)
	var e *workorder.SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, "Assets.ResolveByScanCode", e.Op)
}

func TestSpaceOfALocation(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `[{"id":"s1","location_id":"l1","area_sqft":120.56}]`)
	space, err := c.Spaces.GetByLocationID(t.Context(), "l1")
	require.NoError(t, err)
	require.Equal(t, "s1", space.ID)
	require.Equal(t, "120.56", space.AreaSqft.String())
	require.Contains(t, srv.WantRequest(t, http.MethodGet, "/rest/v1/v_spaces", "").Query.Encode(), "location_id")

	srv.Reply(http.StatusOK, `[]`)
	_, err = c.Spaces.GetByLocationID(t.Context(), "l1")
	require.ErrorIs(t, err, workorder.ErrNotFound)
}

// A shape is given back as the server has it, also one that is none.
func TestMapZonesAreReadAsTheyAre(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `[{"id":"z1","name":"a","geometry":{"type": "Point", "coordinates": [1.50, 2]}},
		{"id":"z2","name":"b","geometry":{"type":null,"coordinates":"x"}}]`)
	zones, err := c.MapZones.List(t.Context())
	require.NoError(t, err)
	require.Len(t, zones, 2)
	require.Empty(t, cmp.Diff(`{"type": "Point", "coordinates": [1.50, 2]}`, string(zones[0].Geometry)))
	require.Equal(t, types.PointGeometry, zones[0].Geometry.Type())
	require.NoError(t, zones[0].Geometry.Check())
	require.Error(t, zones[1].Geometry.Check())
}
