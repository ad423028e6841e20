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

		{Name: "v_dashboard_metrics", Row: "DashboardMetrics", List: "Dashboard.Metrics", Doc: "how the tenant does right now", Key: []string{"tenant_id"}, Docs: map[string]string{
			"open_count":             "neither completed nor cancelled, drafts included",
			"overdue_count":          "open and past the due date",
			"completed_last_30_days": "without cancelled ones",
			"mttr_hours":             "mean time from creation to completion, over 90 days; nil: none completed",
		}},
		{Name: "v_dashboard_mttr_metrics", Row: "MTTRMetrics", List: "Dashboard.MTTRMetrics", Doc: "how long the work orders of the last 90 days took from creation to completion", Key: []string{"tenant_id"}, Docs: map[string]string{
			"avg_labor_minutes": "over the work orders with time entries",
		}},
		{Name: "v_dashboard_open_work_orders", Row: "OpenWorkOrder", List: "Dashboard.OpenWorkOrders", Doc: "a work order that is neither completed nor cancelled", Docs: map[string]string{
			"total_labor_minutes": "0 without time entries",
		}},
		{Name: "v_dashboard_overdue_work_orders", Row: "OverdueWorkOrder", List: "Dashboard.OverdueWorkOrders", Doc: "an open work order past its due date", Docs: map[string]string{
			"total_labor_minutes": "0 without time entries",
			"days_overdue":        "with a fraction; never nil",
		}},
		{Name: "v_dashboard_work_orders_by_status", Row: "WorkOrdersByStatus", List: "Dashboard.WorkOrdersByStatus", Doc: "how many work orders have a status", Key: []string{"status"}},
		{Name: "v_dashboard_work_orders_by_maintenance_type", Row: "WorkOrdersByMaintenanceType", List: "Dashboard.WorkOrdersByMaintenanceType", Doc: "how many work orders have a maintenance type", Key: []string{"maintenance_type"}, Docs: map[string]string{
			"category":          "of the type in the tenant's catalog",
			"completed_count":   "without cancelled ones",
			"avg_labor_minutes": "work orders without time entries count as 0",
		}},
		{Name: "v_work_orders_summary", Row: "WorkOrdersSummary", List: "Dashboard.WorkOrdersSummary", Doc: "how many work orders have a status and a priority", Key: []string{"tenant_id", "status", "priority"}, Docs: map[string]string{
			"overdue_count":   "as of the refresh",
			"completed_count": "completed or cancelled",
		}},
		{Name: "v_assets_summary", Row: "AssetsSummary", List: "Dashboard.AssetsSummary", Doc: "how many assets have a status at a place", Key: []string{"tenant_id", "status", "location_id"}, Docs: map[string]string{
			"location_id":      "nil: at no place",
			"unassigned_count": "Count at no place, else 0",
		}},
		{Name: "v_locations_summary", Row: "LocationSummary", List: "Dashboard.LocationsSummary", Doc: "what there is at a place itself, not inside", Key: []string{"location_id"}, Docs: map[string]string{
			"site_id":                    "the nearest site above, or the place itself",
			"work_order_count":           "by the place of the work orders, not of their assets",
			"completed_work_order_count": "completed or cancelled",
		}},
		{Name: "v_tenants_overview", Row: "TenantOverview", List: "Dashboard.TenantsOverview", Doc: "how large the tenant is", Key: []string{"tenant_id"}},
		{Name: "v_site_rollup", Row: "SiteRollup", List: "Dashboard.SiteRollup", Doc: "what there is at a site and everywhere inside; a site inside another counts in both", Key: []string{"site_id"}},
		{Name: "v_portfolio_overview", Row: "PortfolioSite", List: "Dashboard.PortfolioOverview", Doc: "the tenant with one of its sites", Key: []string{"tenant_id", "site_id"}, Docs: map[string]string{
			"site_id": "nil, as all of the site: the tenant has none",
		}},
		{Name: "mv_work_order_summary", Row: "WorkOrderSnapshot", List: "Dashboard.Snapshots.WorkOrders", Doc: "how many work orders of a tenant have a status and a priority", Key: []string{"tenant_id", "status", "priority"}, ServiceKey: true, Docs: map[string]string{
			"overdue_count":   "as of the refresh",
			"completed_count": "completed or cancelled",
		}},
		{Name: "mv_asset_summary", Row: "AssetSnapshot", List: "Dashboard.Snapshots.Assets", Doc: "how many assets of a tenant have a status at a place", Key: []string{"tenant_id", "status", "location_id"}, ServiceKey: true, Docs: map[string]string{
			"location_id":      "nil: at no place",
			"unassigned_count": "Count at no place, else 0",
		}},
		{Name: "mv_location_summary", Row: "LocationSnapshot", List: "Dashboard.Snapshots.Locations", Doc: "what there is at a place of a tenant itself, not inside", Key: []string{"location_id"}, ServiceKey: true, Docs: map[string]string{
			"site_id":                    "the nearest site above, or the place itself",
			"work_order_count":           "by the place of the work orders, not of their assets",
			"completed_work_order_count": "completed or cancelled",
		}},
		{Name: "mv_site_summary", Row: "SiteSnapshot", List: "Dashboard.Snapshots.Sites", Doc: "what there is at a site of a tenant and everywhere inside; a site inside another counts in both", Key: []string{"site_id"}, ServiceKey: true},
		{Name: "mv_tenant_overview", Row: "TenantSnapshot", List: "Dashboard.Snapshots.Tenants", Doc: "how large a tenant is", Key: []string{"tenant_id"}, ServiceKey: true},

		{Name: "reporting.dim_tenant", Row: "TenantDimension", List: "Analytics.Tenants", Doc: "the tenant", Key: []string{"tenant_id"}},
		{Name: "reporting.dim_location", Row: "LocationDimension", List: "Analytics.Locations", Doc: "a place with its site", Key: []string{"location_id"}},
		{Name: "reporting.dim_department", Row: "DepartmentDimension", List: "Analytics.Departments", Doc: "a department", Key: []string{"department_id"}},
		{Name: "reporting.dim_asset", Row: "AssetDimension", List: "Analytics.Assets", Doc: "an asset with its site", Key: []string{"asset_id"}},
		{Name: "reporting.dim_time", Row: "Day", List: "Analytics.Days", Doc: "a day of the years 2020 to 2031", Key: []string{"date"}, AnyTenant: true, Types: map[string]string{
			"day_of_week": "time.Weekday",
		}, Docs: map[string]string{
			"week":      "of ISO 8601",
			"year_week": "year and week of ISO 8601, such as 2020-53",
		}},
		{Name: "reporting.fact_work_orders", Row: "WorkOrderFact", List: "Analytics.WorkOrders", Doc: "a work order that the caller may see, with its costs in cents", Key: []string{"work_order_id"}, Types: map[string]string{
			"total_labor_cost_cents": "int64",
		}, Docs: map[string]string{
			"completed_at":   "of cancelled ones too",
			"duration_hours": "from creation to completion",
			"department_id":  "of the asset",
			"site_id":        "of the place, else of the asset",
			"created_date":   "in UTC; never nil",
		}},
		{Name: "reporting.fact_labor", Row: "LaborFact", List: "Analytics.Labor", Doc: "a time entry of a work order that the caller may see", Key: []string{"time_entry_id"}, Docs: map[string]string{
			"technician_id":    "no function of the platform sets it",
			"labor_cost_cents": "no function of the platform sets it",
			"department_id":    "of the asset",
			"work_order_id":    "its place and asset are those of the work order",
		}},
		{Name: "reporting.fact_parts", Row: "PartsFact", List: "Analytics.Parts", Doc: "a cost line of parts, which no function of the platform writes", Key: []string{"work_order_parts_id"}, Docs: map[string]string{
			"entry_date": "when the work order was made",
		}},
		{Name: "reporting.fact_downtime_incidents", Row: "DowntimeIncidentFact", List: "Analytics.DowntimeIncidents", Doc: "a completed work order without a maintenance type, or with the type reactive", Key: []string{"work_order_id"}},
		{Name: "reporting.fact_pm_compliance", Row: "PMComplianceFact", List: "Analytics.PMCompliance", Doc: "a maintenance that was due", Key: []string{"pm_history_id"}, Docs: map[string]string{
			"asset_id":       "of the schedule, not of the work order",
			"on_time":        "until 7 days after the due day, in UTC; a cancelled work order counts; never nil",
			"completed_date": "when it was completed, or cancelled",
		}},
		{Name: "reporting.kpi_mttr", Row: "MTTR", List: "Analytics.MTTR", Doc: "the mean time to repair of a month", Key: []string{"period_month", "site_id", "asset_id", "department_id"}, Docs: map[string]string{
			"period_month": "first day of the month of completion, of the last year",
		}},
		{Name: "reporting.kpi_mtbf", Row: "MTBF", List: "Analytics.MTBF", Doc: "the mean time between the failures of an asset", Key: []string{"asset_id", "site_id"}, Docs: map[string]string{
			"failure_count": "times between two failures: one less than there were failures",
		}},
		{Name: "reporting.kpi_pm_compliance", Row: "PMCompliance", List: "Analytics.PMComplianceRates", Doc: "how much of a month's maintenance was done on time", Key: []string{"period_month", "site_id", "asset_id"}, Docs: map[string]string{
			"on_time_pct": "of what was completed, 0–100; nil: nothing was",
		}},
		{Name: "reporting.kpi_utilization", Row: "Utilization", List: "Analytics.Utilization", Doc: "how much of a technician's shifts was worked", Key: []string{"technician_id", "period_date"}, Docs: map[string]string{
			"period_date":     "the UTC day on which the shifts begin; never nil",
			"actual_minutes":  "0 on the platform: no function says which technician a time entry is of; join Labor by UserID instead",
			"utilization_pct": "see ActualMinutes",
		}},
		{Name: "reporting.kpi_backlog", Row: "Backlog", List: "Analytics.Backlog", Doc: "how many open work orders have a priority at a site and department", Key: []string{"priority", "site_id", "department_id"}},
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
		{Name: "refresh_analytics_views"},
		{Name: "refresh_tenant_analytics"},
		{Name: "reporting.get_analytics_metadata", Result: &result{
			Row: "AnalyticsObject", Doc: "a view or table of schema reporting",
			NotNull: []string{"object_schema", "object_name", "object_kind", "description"},
			Docs: map[string]string{
				"object_kind": "view or table",
				"description": "for people; may be empty",
			},
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
