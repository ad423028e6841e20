package main

var reportingPackage = pkg{
	Dir: "reporting",
	Views: []view{
		{Name: "v_work_order_costs", Row: "WorkOrderCost", List: "Costs.WorkOrderCosts", Doc: "what a work order cost so far, in cents", Key: []string{"work_order_id"}, Types: cents, Docs: costDocs("")},
		{Name: "v_asset_costs", Row: "AssetCost", List: "Costs.AssetCosts", Doc: "what the work orders of an asset cost, in cents", Key: []string{"asset_id"}, Types: cents, Docs: costDocs("; never nil")},
		{Name: "v_location_costs", Row: "LocationCost", List: "Costs.LocationCosts", Doc: "what the work orders at a place cost, in cents", Key: []string{"location_id"}, Types: cents, Docs: costDocs("; never nil")},
		{Name: "v_department_costs", Row: "DepartmentCost", List: "Costs.DepartmentCosts", Doc: "what the work orders of a department's assets cost, in cents", Key: []string{"department_id"}, Types: cents, Docs: costDocs("; never nil")},
		{Name: "v_project_costs", Row: "ProjectCost", List: "Costs.ProjectCosts", Doc: "what the work orders of a project cost, in cents", Key: []string{"project_id"}, Types: cents, Docs: costDocs("; never nil")},
		{Name: "v_asset_lifecycle_alerts", Row: "LifecycleAlert", List: "Costs.LifecycleAlerts", Doc: "a date in the life of an asset that comes up within a year", Key: []string{"asset_id", "alert_type"}, Types: map[string]string{
			"alert_type": "AlertType",
		}, Docs: map[string]string{
			"reference_date": "when; never nil",
			"days_until":     "0–365, from today in UTC; never nil",
		}},

		{Name: "v_work_orders", Row: "groupedWorkOrder", List: "Costs", Doc: "a work order as the sums of costs look at it", Columns: []string{
			"id", "asset_id", "location_id", "project_id", "completed_at",
		}},
		{Name: "v_assets", Row: "groupAsset", List: "Costs", Doc: "an asset as the sums of costs look at it", Columns: []string{"id", "name", "department_id"}},
		{Name: "v_locations", Row: "groupLocation", List: "Costs", Doc: "a place as the sums of costs look at it", Columns: []string{"id", "name"}},
		{Name: "v_departments", Row: "groupDepartment", List: "Costs", Doc: "a department as the sums of costs look at it", Columns: []string{"id", "name"}},
		{Name: "v_projects", Row: "groupProject", List: "Costs", Doc: "a project as the sums of costs look at it", Columns: []string{"id", "name"}},
	},
	RPCs: []rpc{
		{Name: "rpc_cost_rollup", Types: map[string]string{"p_group_by": "GroupBy"}, Result: &result{
			Row: "CostGroup", Doc: "what the work orders of one asset, place, department or project cost, in cents",
			NotNull: []string{"group_key", "group_name", "labor_cents", "parts_cents", "vendor_cents", "total_cents", "work_order_count"},
			Docs: map[string]string{
				"group_key":   "id of the asset, place, department or project",
				"total_cents": "LaborCents + PartsCents + VendorCents",
			},
		}},
		{Name: "rpc_asset_total_cost_of_ownership", Result: &result{
			Row: "AssetTotalCost", Doc: "what the work orders of an asset cost, in cents",
			NotNull: []string{"labor_cents", "parts_cents", "vendor_cents", "total_cents", "work_order_count"},
			Docs:    map[string]string{"total_cents": "LaborCents + PartsCents + VendorCents"},
		}},
		{Name: "rpc_asset_lifecycle_alerts", Result: &result{
			Row: "AssetAlert", Doc: "a date in the life of an asset that comes up",
			NotNull: []string{"asset_id", "alert_type", "reference_date", "days_until"},
			Types:   map[string]string{"alert_type": "AlertType"},
			Docs:    map[string]string{"days_until": "from today in UTC"},
		}},
	},
}

// Sums of cents are numeric to PostgreSQL, but whole.
var cents = map[string]string{"labor_cents": "int64", "parts_cents": "int64", "vendor_cents": "int64", "total_cents": "int64"}

func costDocs(end string) map[string]string {
	return map[string]string{
		"labor_cents":  "of time entries, whose costs no function of the platform sets" + end,
		"parts_cents":  "of cost lines of parts, which no function of the platform writes: not those issued from the stock" + end,
		"vendor_cents": "of vendor costs, see WorkOrders.UpsertVendorCost" + end,
		"total_cents":  "the sum of the three" + end,
	}
}
