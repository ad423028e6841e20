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
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

// call is one call of a method: what it sends, what the server answers and what
// the caller gets.
type call struct {
	name  string
	do    func(ctx context.Context, c *workorder.Client) (any, error)
	rpc   string
	body  string
	reply string // empty: 204
	want  any
}

// void adapts a method without a result.
func void(do func(ctx context.Context, c *workorder.Client) error) func(context.Context, *workorder.Client) (any, error) {
	return func(ctx context.Context, c *workorder.Client) (any, error) { return nil, do(ctx, c) }
}

var triangle = types.Geometry(`{"type":"Polygon","coordinates":[[[0,0],[1,0],[1.50,1],[0,0]]]}`)

var calls = []call{
	{
		name: "Assets.Create with the least",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Assets.Create(ctx, assets.CreateAssetParams{Name: "Press"})
		},
		rpc: "rpc_create_asset",
		body: `{"p_tenant_id":"t1","p_name":"Press","p_description":null,"p_asset_number":null,"p_location_id":null,
			"p_department_id":null,"p_barcode":null}`,
		reply: `"a1"`, want: "a1",
	},
	{
		name: "Assets.Create with all",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Assets.Create(ctx, assets.CreateAssetParams{
				TenantID: "t9", Name: "Press", Description: "big", AssetNumber: "P-1", LocationID: "l1", DepartmentID: "d1",
				Status: assets.StatusInService, Barcode: " 0012 ",
			})
		},
		rpc: "rpc_create_asset",
		body: `{"p_tenant_id":"t9","p_name":"Press","p_description":"big","p_asset_number":"P-1","p_location_id":"l1",
			"p_department_id":"d1","p_status":"in_service","p_barcode":" 0012 "}`,
		reply: `"a1"`, want: "a1",
	},
	{
		name: "Assets.Update keeps what is nil and clears the barcode",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Assets.Update(ctx, assets.UpdateAssetParams{AssetID: "a1", Description: new(""), Barcode: new("")})
		}),
		rpc: "rpc_update_asset",
		body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_name":null,"p_description":"","p_asset_number":null,
			"p_location_id":null,"p_department_id":null,"p_status":null,"p_barcode":""}`,
	},
	{
		name: "Assets.Delete",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Assets.Delete(ctx, assets.DeleteAssetParams{AssetID: "a1"})
		}),
		rpc: "rpc_delete_asset", body: `{"p_tenant_id":"t1","p_asset_id":"a1"}`,
	},
	{
		name: "Assets.BulkImport",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Assets.BulkImport(ctx, assets.BulkImportAssetsParams{Rows: []assets.ImportAsset{
				{Name: "A", AssetNumber: "007", LocationID: "l1"}, {Name: "\xff"}, {},
			}})
		},
		rpc:   "rpc_bulk_import_assets",
		body:  `{"p_tenant_id":"t1","p_rows":[{"name":"A","asset_number":"007","location_id":"l1"},{"name":""}]}`,
		reply: `{"created_ids":["a1"],"errors":[{"index":1,"message":"no name"}]}`,
		want: &types.BulkImportResult{CreatedIDs: []string{"a1"}, Errors: []types.BulkImportError{
			{Index: 1, Message: "name is not valid UTF-8"}, {Index: 2, Message: "no name"},
		}},
	},
	{
		name: "Assets.UpsertWarranty adds",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Assets.UpsertWarranty(ctx, assets.UpsertWarrantyParams{AssetID: "a1", ExpiresOn: types.NewDate(2027, 2, 28)})
		},
		rpc: "rpc_upsert_asset_warranty",
		body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_warranty_id":null,"p_expires_on":"2027-02-28","p_starts_on":null,
			"p_warranty_type":null,"p_supplier_id":null,"p_coverage_summary":null,"p_external_reference":null,"p_is_active":null}`,
		reply: `"w1"`, want: "w1",
	},
	{
		name: "Assets.UpsertWarranty changes",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Assets.UpsertWarranty(ctx, assets.UpsertWarrantyParams{
				AssetID: "a1", WarrantyID: "w1", StartsOn: types.NewDate(2026, 1, 1), WarrantyType: "extended", SupplierID: "s1",
				CoverageSummary: new(""), ExternalReference: new("X"), IsActive: new(false),
			})
		},
		rpc: "rpc_upsert_asset_warranty",
		body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_warranty_id":"w1","p_expires_on":null,"p_starts_on":"2026-01-01",
			"p_warranty_type":"extended","p_supplier_id":"s1","p_coverage_summary":"","p_external_reference":"X","p_is_active":false}`,
		reply: `"w1"`, want: "w1",
	},
	{
		name: "Assets.RecordDowntime from now on",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Assets.RecordDowntime(ctx, assets.RecordDowntimeParams{AssetID: "a1", ReasonKey: assets.DowntimeBreakdown})
		},
		rpc: "rpc_record_asset_downtime",
		body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_reason_key":"breakdown","p_started_at":null,"p_ended_at":null,
			"p_linked_work_order_id":null,"p_notes":null}`,
		reply: `"e1"`, want: "e1",
	},
	{
		name: "Assets.RecordDowntime that is over",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			start := time.Date(2026, 3, 1, 1, 0, 0, 0, time.FixedZone("", 3600))
			return c.Assets.RecordDowntime(ctx, assets.RecordDowntimeParams{
				AssetID: "a1", ReasonKey: "no_demand", StartedAt: start, EndedAt: start.Add(45 * time.Second),
				LinkedWorkOrderID: "w1", Notes: "short",
			})
		},
		rpc: "rpc_record_asset_downtime",
		body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_reason_key":"no_demand","p_started_at":"2026-03-01T00:00:00Z",
			"p_ended_at":"2026-03-01T00:00:45Z","p_linked_work_order_id":"w1","p_notes":"short"}`,
		reply: `"e1"`, want: "e1",
	},
	{
		name: "Assets.ResolveByScanCode finds an asset and asks no more",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Assets.ResolveByScanCode(ctx, assets.ResolveByScanCodeParams{Code: " \t0012\r\n"})
		},
		rpc: "rpc_resolve_asset_by_scan_code", body: `{"p_tenant_id":"t1","p_code":"0012"}`,
		reply: `"a1"`, want: assets.ScanResult{Kind: assets.ScannedAsset, ID: "a1"},
	},
	{
		name: "Locations.Create with the least",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Locations.Create(ctx, assets.CreateLocationParams{Name: "Plant"})
		},
		rpc: "rpc_create_location",
		body: `{"p_tenant_id":"t1","p_name":"Plant","p_description":null,"p_parent_location_id":null,"p_code":null,
			"p_address_line":null,"p_external_id":null,"p_latitude":null,"p_longitude":null}`,
		reply: `"l1"`, want: "l1",
	},
	{
		name: "Locations.Create with all",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Locations.Create(ctx, assets.CreateLocationParams{
				Name: "Hall", Description: "d", ParentLocationID: "l0", LocationType: assets.Building, Code: "H_1",
				AddressLine: "Main street", ExternalID: "X", Latitude: new(0.0), Longitude: new(-180.0),
			})
		},
		rpc: "rpc_create_location",
		body: `{"p_tenant_id":"t1","p_name":"Hall","p_description":"d","p_parent_location_id":"l0","p_location_type":"building",
			"p_code":"H_1","p_address_line":"Main street","p_external_id":"X","p_latitude":0,"p_longitude":-180}`,
		reply: `"l1"`, want: "l1",
	},
	{
		name: "Locations.Update keeps what is nil",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Locations.Update(ctx, assets.UpdateLocationParams{LocationID: "l1", LocationType: new(assets.Zone), AddressLine: new("")})
		}),
		rpc: "rpc_update_location",
		body: `{"p_tenant_id":"t1","p_location_id":"l1","p_name":null,"p_description":null,"p_parent_location_id":null,
			"p_location_type":"zone","p_code":null,"p_address_line":"","p_external_id":null,"p_latitude":null,"p_longitude":null}`,
	},
	{
		name: "Locations.Update clears the position, whatever is given as well",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Locations.Update(ctx, assets.UpdateLocationParams{LocationID: "l1", ClearPosition: true, Latitude: new(999.0)})
		}),
		rpc: "rpc_update_location",
		body: `{"p_tenant_id":"t1","p_location_id":"l1","p_name":null,"p_description":null,"p_parent_location_id":null,
			"p_location_type":null,"p_code":null,"p_address_line":null,"p_external_id":null,"p_latitude":null,"p_longitude":null,
			"p_clear_position":true}`,
	},
	{
		name: "Locations.Delete",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Locations.Delete(ctx, assets.DeleteLocationParams{LocationID: "l1"})
		}),
		rpc: "rpc_delete_location", body: `{"p_tenant_id":"t1","p_location_id":"l1"}`,
	},
	{
		name: "Locations.BulkImport of nothing",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Locations.BulkImport(ctx, assets.BulkImportLocationsParams{})
		},
		rpc: "rpc_bulk_import_locations", body: `{"p_tenant_id":"t1","p_rows":[]}`,
		reply: `{"created_ids":[],"errors":[]}`,
		want: &assets.LocationImport{
			BulkImportResult: types.BulkImportResult{CreatedIDs: []string{}, Errors: []types.BulkImportError{}}, IDs: []string{},
		},
	},
	{
		name: "Spaces.Create with the least",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Spaces.Create(ctx, assets.CreateSpaceParams{LocationID: "l1"})
		},
		rpc: "rpc_create_space",
		body: `{"p_tenant_id":"t1","p_location_id":"l1","p_usage_type":null,"p_capacity":null,"p_area_sqft":null,
			"p_attributes":null}`,
		reply: `"s1"`, want: "s1",
	},
	{
		name: "Spaces.Create with all",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Spaces.Create(ctx, assets.CreateSpaceParams{
				LocationID: "l1", UsageType: "office", Capacity: new(0), Status: assets.SpaceReserved,
				AreaSqft: new(decimal.RequireFromString("120.555")), Attributes: json.RawMessage(`[1.10]`),
			})
		},
		rpc: "rpc_create_space",
		body: `{"p_tenant_id":"t1","p_location_id":"l1","p_usage_type":"office","p_capacity":0,"p_status":"reserved",
			"p_area_sqft":"120.555","p_attributes":[1.10]}`,
		reply: `"s1"`, want: "s1",
	},
	{
		name: "Spaces.Update",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Spaces.Update(ctx, assets.UpdateSpaceParams{SpaceID: "s1", Status: new(assets.SpaceOffline), Attributes: json.RawMessage{}})
		}),
		rpc: "rpc_update_space",
		body: `{"p_tenant_id":"t1","p_space_id":"s1","p_usage_type":null,"p_capacity":null,"p_status":"offline",
			"p_area_sqft":null,"p_attributes":null}`,
	},
	{
		name: "Spaces.Delete",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Spaces.Delete(ctx, assets.DeleteSpaceParams{SpaceID: "s1"})
		}),
		rpc: "rpc_delete_space", body: `{"p_tenant_id":"t1","p_space_id":"s1"}`,
	},
	{
		name: "MapZones.Create",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.MapZones.Create(ctx, assets.CreateMapZoneParams{Name: "Yard", Geometry: triangle, LocationID: "l1"})
		},
		rpc:   "rpc_create_map_zone",
		body:  `{"p_tenant_id":"t1","p_name":"Yard","p_geometry":` + string(triangle) + `,"p_location_id":"l1"}`,
		reply: `"z1"`, want: "z1",
	},
	{
		name: "MapZones.Update keeps what is nil",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.MapZones.Update(ctx, assets.UpdateMapZoneParams{ZoneID: "z1", Name: new("Gate")})
		}),
		rpc:  "rpc_update_map_zone",
		body: `{"p_tenant_id":"t1","p_zone_id":"z1","p_name":"Gate","p_geometry":null,"p_location_id":null}`,
	},
	{
		name: "MapZones.Update of the shape",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.MapZones.Update(ctx, assets.UpdateMapZoneParams{ZoneID: "z1", Geometry: triangle})
		}),
		rpc:  "rpc_update_map_zone",
		body: `{"p_tenant_id":"t1","p_zone_id":"z1","p_name":null,"p_geometry":` + string(triangle) + `,"p_location_id":null}`,
	},
	{
		name: "MapZones.Delete",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.MapZones.Delete(ctx, assets.DeleteMapZoneParams{ZoneID: "z1"})
		}),
		rpc: "rpc_delete_map_zone", body: `{"p_tenant_id":"t1","p_zone_id":"z1"}`,
	},
}

func TestWireRequests(t *testing.T) {
	for _, tc := range calls {
		t.Run(tc.name, func(t *testing.T) {
			c, srv := apitest.New(t)
			status := http.StatusOK
			if tc.reply == "" {
				status = http.StatusNoContent
			}
			srv.Reply(status, tc.reply)

			got, err := tc.do(t.Context(), c)

			require.NoError(t, err)
			require.Empty(t, cmp.Diff(tc.want, got))
			srv.WantRequest(t, http.MethodPost, "/rest/v1/rpc/"+tc.rpc, tc.body)
			srv.WantNoRequest(t)
		})
	}
}

func TestReadersNameTheirViews(t *testing.T) {
	type count = func(context.Context, ...query.Option) (int64, error)
	c, srv := apitest.New(t)
	for _, tc := range []struct {
		view, schema string
		count        count
	}{
		{"v_assets", "public", c.Assets.Count},
		{"v_assets", "public", c.Assets.Summaries.Count},
		{"v_asset_warranties", "public", c.Assets.Warranties.Count},
		{"v_asset_downtime_monthly", "reporting", c.Assets.MonthlyDowntime.Count},
		{"v_locations", "public", c.Locations.Count},
		{"v_location_hierarchy", "public", c.Locations.Hierarchy.Count},
		{"v_location_site", "reporting", c.Locations.Sites.Count},
		{"v_spaces", "public", c.Spaces.Count},
		{"v_map_zones", "public", c.MapZones.Count},
	} {
		srv.Handle(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Range", "*/7") })
		n, err := tc.count(t.Context())
		require.NoError(t, err, tc.view)
		require.Equal(t, int64(7), n)
		r := srv.WantRequest(t, http.MethodGet, "/rest/v1/"+tc.view, "")
		require.Equal(t, tc.schema, r.Header.Get("Accept-Profile"), tc.view)
	}
}

func TestBadValuesAreRefusedBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	ctx := t.Context()
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	point := types.Geometry(`{"type":"Point","coordinates":[181,0]}`)
	for _, tc := range []struct {
		field string
		err   error
	}{
		{"Name", second(c.Assets.Create(ctx, assets.CreateAssetParams{}))},
		{"AssetNumber", second(c.Assets.Create(ctx, assets.CreateAssetParams{Name: "x", AssetNumber: "P-1 "}))},
		{"AssetID", c.Assets.Update(ctx, assets.UpdateAssetParams{})},
		{"AssetNumber", c.Assets.Update(ctx, assets.UpdateAssetParams{AssetID: "a", AssetNumber: new("\tP")})},
		{"AssetNumber", c.Assets.Update(ctx, assets.UpdateAssetParams{AssetID: "a", AssetNumber: new("")})},
		{"LocationID", c.Assets.Update(ctx, assets.UpdateAssetParams{AssetID: "a", LocationID: new("")})},
		{"DepartmentID", c.Assets.Update(ctx, assets.UpdateAssetParams{AssetID: "a", DepartmentID: new("")})},
		{"AssetID", c.Assets.Delete(ctx, assets.DeleteAssetParams{})},
		{"AssetID", second(c.Assets.UpsertWarranty(ctx, assets.UpsertWarrantyParams{}))},
		{"ExpiresOn", second(c.Assets.UpsertWarranty(ctx, assets.UpsertWarrantyParams{AssetID: "a"}))},
		{"ReasonKey", second(c.Assets.RecordDowntime(ctx, assets.RecordDowntimeParams{AssetID: "a", ReasonKey: " "}))},
		{"EndedAt", second(c.Assets.RecordDowntime(ctx, assets.RecordDowntimeParams{AssetID: "a", ReasonKey: "x", StartedAt: start, EndedAt: start.Add(-1)}))},
		{"Name", second(c.Locations.Create(ctx, assets.CreateLocationParams{}))},
		{"ParentLocationID", second(c.Locations.Create(ctx, assets.CreateLocationParams{Name: "x", LocationType: assets.Region, ParentLocationID: "l"}))},
		{"Longitude", second(c.Locations.Create(ctx, assets.CreateLocationParams{Name: "x", Latitude: new(1.0)}))},
		{"Latitude", second(c.Locations.Create(ctx, assets.CreateLocationParams{Name: "x", Latitude: new(90.0000001), Longitude: new(0.0)}))},
		{"Longitude", second(c.Locations.Create(ctx, assets.CreateLocationParams{Name: "x", Latitude: new(0.0), Longitude: new(math.NaN())}))},
		{"LocationID", c.Locations.Update(ctx, assets.UpdateLocationParams{})},
		{"ParentLocationID", c.Locations.Update(ctx, assets.UpdateLocationParams{LocationID: "l", ParentLocationID: new("")})},
		{"Code", c.Locations.Update(ctx, assets.UpdateLocationParams{LocationID: "l", Code: new("")})},
		{"Latitude", c.Locations.Update(ctx, assets.UpdateLocationParams{LocationID: "l", Longitude: new(1.0)})},
		{"LocationID", c.Locations.Delete(ctx, assets.DeleteLocationParams{})},
		{"ParentLocationID", c.Locations.Move(ctx, assets.MoveLocationParams{LocationID: "l"})},
		{"LocationID", second(c.Spaces.Create(ctx, assets.CreateSpaceParams{}))},
		{"Capacity", second(c.Spaces.Create(ctx, assets.CreateSpaceParams{LocationID: "l", Capacity: new(-1)}))},
		{"Attributes", second(c.Spaces.Create(ctx, assets.CreateSpaceParams{LocationID: "l", Attributes: json.RawMessage(`{`)}))},
		{"SpaceID", c.Spaces.Update(ctx, assets.UpdateSpaceParams{})},
		{"Attributes", c.Spaces.Update(ctx, assets.UpdateSpaceParams{SpaceID: "s", Attributes: json.RawMessage(`x`)})},
		{"SpaceID", c.Spaces.Delete(ctx, assets.DeleteSpaceParams{})},
		{"locationID", second(c.Spaces.GetByLocationID(ctx, ""))},
		{"Geometry", second(c.MapZones.Create(ctx, assets.CreateMapZoneParams{Name: "x"}))},
		{"Geometry", second(c.MapZones.Create(ctx, assets.CreateMapZoneParams{Name: "x", Geometry: point}))},
		{"ZoneID", c.MapZones.Update(ctx, assets.UpdateMapZoneParams{})},
		{"Geometry", c.MapZones.Update(ctx, assets.UpdateMapZoneParams{ZoneID: "z", Geometry: point})},
		{"Geometry", c.MapZones.Update(ctx, assets.UpdateMapZoneParams{ZoneID: "z", Geometry: types.Geometry{}})},
		{"LocationID", c.MapZones.Update(ctx, assets.UpdateMapZoneParams{ZoneID: "z", LocationID: new("")})},
		{"ZoneID", c.MapZones.Delete(ctx, assets.DeleteMapZoneParams{})},
	} {
		require.ErrorIs(t, tc.err, workorder.ErrInvalidInput, tc.field)
		require.ErrorContains(t, tc.err, tc.field+" ", "the error names the field")
	}
	srv.WantNoRequest(t)
}

func second[T any](_ T, err error) error { return err }

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
