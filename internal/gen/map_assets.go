package main

var assetsPackage = pkg{
	Dir: "assets",
	Views: []view{
		{Name: "v_assets", Row: "Asset", List: "Assets", Doc: "an asset of the tenant", Docs: map[string]string{
			"asset_number":                "unique within the tenant",
			"status":                      "key of a status of the tenant's catalog for assets",
			"barcode":                     "unique within the tenant",
			"warranty_expires_at":         "when the last of its active warranties ends",
			"commissioned_at":             "no function of the platform sets it",
			"decommissioned_at":           "no function of the platform sets it, and no status does",
			"end_of_life_estimate":        "no function of the platform sets it",
			"service_contract_expires_at": "no function of the platform sets it",
			"planned_replacement_date":    "no function of the platform sets it",
			"replaced_by_asset_id":        "no function of the platform sets it",
			"replacement_of_asset_id":     "no function of the platform sets it",
		}},
		{Name: "v_assets", Row: "AssetSummary", List: "Assets.Summaries", Doc: "an asset in short", Columns: []string{
			"id", "tenant_id", "name", "asset_number", "barcode", "location_id", "status", "updated_at",
		}},
		{Name: "v_asset_warranties", Row: "Warranty", List: "Assets.Warranties", Doc: "a warranty of an asset", Docs: map[string]string{
			"expires_on": "last day; not checked to be after the first",
			"is_active":  "false: does not count for the asset's WarrantyExpiresAt",
		}},
		{Name: "reporting.v_asset_downtime_monthly", Row: "MonthlyDowntime", List: "Assets.MonthlyDowntime", Doc: "how long an asset was down in the events that began in a month", Key: []string{"asset_id", "month_start"}, Docs: map[string]string{
			"month_start":      "first day of the month, in UTC",
			"downtime_minutes": "with fractions; events that go on count until now",
		}},
		{Name: "v_locations", Row: "Location", List: "Locations", Doc: "a place of the tenant", Types: map[string]string{
			"location_type": "LocationType",
			"latitude":      "float64",
			"longitude":     "float64",
		}, Docs: map[string]string{
			"code":      "unique within the tenant",
			"latitude":  "degrees, 7 decimals; nil together with Longitude",
			"longitude": "degrees, 7 decimals",
		}},
		{Name: "v_location_hierarchy", Row: "LocationPath", List: "Locations.Hierarchy", Doc: "a place with the way to it from the root", Types: map[string]string{
			"location_type": "LocationType",
		}, Docs: map[string]string{
			"path_ids":   "from the root to the place itself",
			"path_names": "from the root to the place itself",
			"depth":      "0: a root",
		}},
		{Name: "reporting.v_location_site", Row: "LocationSite", List: "Locations.Sites", Doc: "the site that a place belongs to", Key: []string{"location_id"}, Docs: map[string]string{
			"site_id": "the nearest site above the place, or the place itself; nil: none",
		}},
		{Name: "v_spaces", Row: "Space", List: "Spaces", Doc: "what a place offers", Types: map[string]string{
			"location_type": "LocationType",
			"status":        "SpaceStatus",
		}, Docs: map[string]string{
			"area_sqft": "square feet, 2 decimals",
		}},
		{Name: "v_map_zones", Row: "MapZone", List: "MapZones", Doc: "a shape on a map", Types: map[string]string{
			"geometry": "types.Geometry",
		}, Docs: map[string]string{
			"geometry": "as it was stored: others than this SDK may have stored anything with a type and coordinates",
		}},
	},
	RPCs: []rpc{
		{Name: "rpc_create_asset", Max: map[string]string{"p_name": "255", "p_asset_number": "100", "p_barcode": "100,trim"}},
		{Name: "rpc_update_asset", Max: map[string]string{"p_name": "255", "p_asset_number": "100", "p_barcode": "100,trim"}},
		{Name: "rpc_delete_asset"},
		{Name: "rpc_bulk_import_assets"},
		{Name: "rpc_resolve_asset_by_scan_code"},
		{Name: "rpc_upsert_asset_warranty", Max: map[string]string{"p_warranty_type": "50,trim"}, NullMeans: map[string]string{
			"p_warranty_type": "the type of the warranty given by id stays as it is; left out it would become standard",
			"p_is_active":     "the warranty given by id stays as it is; left out it would become active",
		}},
		{Name: "rpc_record_asset_downtime", Max: map[string]string{"p_reason_key": "50,trim"}},

		{Name: "rpc_create_location", Max: map[string]string{"p_name": "255", "p_code": "50"}, Types: locationArgs},
		{Name: "rpc_update_location", Max: map[string]string{"p_name": "255", "p_code": "50"}, Types: locationArgs},
		{Name: "rpc_delete_location"},
		{Name: "rpc_bulk_import_locations"},

		{Name: "rpc_create_space", Types: map[string]string{"p_status": "SpaceStatus"}},
		{Name: "rpc_update_space", Types: map[string]string{"p_status": "SpaceStatus"}},
		{Name: "rpc_delete_space"},

		{Name: "rpc_create_map_zone", Max: map[string]string{"p_name": "255"}, Types: map[string]string{"p_geometry": "types.Geometry"}},
		{Name: "rpc_update_map_zone", Max: map[string]string{"p_name": "255"}, Types: map[string]string{"p_geometry": "types.Geometry"}},
		{Name: "rpc_delete_map_zone"},
	},
}

var locationArgs = map[string]string{
	"p_location_type": "LocationType",
	"p_latitude":      "float64",
	"p_longitude":     "float64",
}
