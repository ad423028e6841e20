package reporting_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/reporting"
	"github.com/workorder-systems/sdk-go/types"
)

var (
	firstDay = types.NewDate(2026, 2, 28)
	lastDay  = types.NewDate(2026, 3, 1)
)

func TestWireRequests(t *testing.T) {
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "CostRollup",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Costs.CostRollup(ctx, reporting.CostRollupParams{GroupBy: reporting.GroupByProject})
			},
			RPC:  "rpc_cost_rollup",
			Body: `{"p_tenant_id":"t1","p_group_by":"project","p_from_date":null,"p_to_date":null}`,
			Reply: `[{"group_key":"p1","group_name":"Roof","labor_cents":1,"parts_cents":2,"vendor_cents":9007199254740993,
				"total_cents":9007199254740996,"work_order_count":3}]`,
			Want: []reporting.CostGroup{{
				GroupKey: "p1", GroupName: "Roof", LaborCents: 1, PartsCents: 2, VendorCents: 9007199254740993, TotalCents: 9007199254740996, WorkOrderCount: 3,
			}},
		},
		{
			Name: "CostRollup between days",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Costs.CostRollup(ctx, reporting.CostRollupParams{TenantID: "t2", GroupBy: reporting.GroupByAsset, FromDate: firstDay, ToDate: lastDay})
			},
			RPC:   "rpc_cost_rollup",
			Body:  `{"p_tenant_id":"t2","p_group_by":"asset","p_from_date":"2026-02-28","p_to_date":"2026-03-01"}`,
			Reply: `[]`, Want: []reporting.CostGroup{},
		},
		{
			Name: "AssetTotalCostOfOwnership",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Costs.AssetTotalCostOfOwnership(ctx, reporting.AssetTotalCostOfOwnershipParams{AssetID: "a1", FromDate: firstDay})
			},
			RPC:   "rpc_asset_total_cost_of_ownership",
			Body:  `{"p_tenant_id":"t1","p_asset_id":"a1","p_from_date":"2026-02-28","p_to_date":null}`,
			Reply: `[{"labor_cents":1,"parts_cents":2,"vendor_cents":3,"total_cents":6,"work_order_count":1}]`,
			Want:  &reporting.AssetTotalCost{LaborCents: 1, PartsCents: 2, VendorCents: 3, TotalCents: 6, WorkOrderCount: 1},
		},
		{
			Name: "AssetLifecycleAlerts",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Costs.AssetLifecycleAlerts(ctx, reporting.AssetLifecycleAlertsParams{})
			},
			RPC:   "rpc_asset_lifecycle_alerts",
			Body:  `{"p_tenant_id":"t1"}`,
			Reply: `[{"asset_id":"a1","alert_type":"eol_approaching","reference_date":"2026-03-01","days_until":1}]`,
			Want:  []reporting.AssetAlert{{AssetID: "a1", AlertType: reporting.EndOfLifeApproaching, ReferenceDate: lastDay, DaysUntil: 1}},
		},
		{
			Name: "AssetLifecycleAlerts of today",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Costs.AssetLifecycleAlerts(ctx, reporting.AssetLifecycleAlertsParams{DaysAhead: new(0)})
			},
			RPC:   "rpc_asset_lifecycle_alerts",
			Body:  `{"p_tenant_id":"t1","p_days_ahead":0}`,
			Reply: `[]`, Want: []reporting.AssetAlert{},
		},
	})
}

func TestCostsNameTheirViews(t *testing.T) {
	c, srv := apitest.New(t)
	s := &c.Costs
	srv.WantCounted(t, "v_work_order_costs", s.WorkOrderCosts.Count)
	srv.WantCounted(t, "v_asset_costs", s.AssetCosts.Count)
	srv.WantCounted(t, "v_location_costs", s.LocationCosts.Count)
	srv.WantCounted(t, "v_department_costs", s.DepartmentCosts.Count)
	srv.WantCounted(t, "v_project_costs", s.ProjectCosts.Count)
	srv.WantCounted(t, "v_asset_lifecycle_alerts", s.LifecycleAlerts.Count)
}

func TestDashboardAndAnalyticsNameTheirViews(t *testing.T) {
	c, srv := apitest.New(t)
	d, a := &c.Dashboard, &c.Analytics
	srv.WantCounted(t, "v_dashboard_metrics", d.Metrics.Count)
	srv.WantCounted(t, "v_dashboard_mttr_metrics", d.MTTRMetrics.Count)
	srv.WantCounted(t, "v_dashboard_open_work_orders", d.OpenWorkOrders.Count)
	srv.WantCounted(t, "v_dashboard_overdue_work_orders", d.OverdueWorkOrders.Count)
	srv.WantCounted(t, "v_dashboard_work_orders_by_status", d.WorkOrdersByStatus.Count)
	srv.WantCounted(t, "v_dashboard_work_orders_by_maintenance_type", d.WorkOrdersByMaintenanceType.Count)
	srv.WantCounted(t, "v_work_orders_summary", d.WorkOrdersSummary.Count)
	srv.WantCounted(t, "v_assets_summary", d.AssetsSummary.Count)
	srv.WantCounted(t, "v_locations_summary", d.LocationsSummary.Count)
	srv.WantCounted(t, "v_tenants_overview", d.TenantsOverview.Count)
	srv.WantCounted(t, "v_site_rollup", d.SiteRollup.Count)
	srv.WantCounted(t, "v_portfolio_overview", d.PortfolioOverview.Count)
	srv.WantCounted(t, "reporting.dim_tenant", a.Tenants.Count)
	srv.WantCounted(t, "reporting.dim_location", a.Locations.Count)
	srv.WantCounted(t, "reporting.dim_department", a.Departments.Count)
	srv.WantCounted(t, "reporting.dim_asset", a.Assets.Count)
	srv.WantCounted(t, "reporting.dim_time", a.Days.Count)
	srv.WantCounted(t, "reporting.fact_work_orders", a.WorkOrders.Count)
	srv.WantCounted(t, "reporting.fact_labor", a.Labor.Count)
	srv.WantCounted(t, "reporting.fact_parts", a.Parts.Count)
	srv.WantCounted(t, "reporting.fact_downtime_incidents", a.DowntimeIncidents.Count)
	srv.WantCounted(t, "reporting.fact_pm_compliance", a.PMCompliance.Count)
	srv.WantCounted(t, "reporting.kpi_mttr", a.MTTR.Count)
	srv.WantCounted(t, "reporting.kpi_mtbf", a.MTBF.Count)
	srv.WantCounted(t, "reporting.kpi_pm_compliance", a.PMComplianceRates.Count)
	srv.WantCounted(t, "reporting.kpi_utilization", a.Utilization.Count)
	srv.WantCounted(t, "reporting.kpi_backlog", a.Backlog.Count)
}

func TestSnapshotsAreForTheServiceKey(t *testing.T) {
	c, srv := apitest.New(t)
	for _, other := range []*workorder.Client{c, c.AsUser(apitest.JWT(map[string]any{"role": "authenticated", "sub": "u1"}))} {
		s := other.Dashboard.Snapshots()
		for name, count := range map[string]func(context.Context, ...query.Option) (int64, error){
			"WorkOrders": s.WorkOrders.Count, "Assets": s.Assets.Count, "Locations": s.Locations.Count, "Sites": s.Sites.Count, "Tenants": s.Tenants.Count,
		} {
			_, err := count(t.Context())
			require.ErrorIs(t, err, workorder.ErrPermissionDenied, name)
			require.ErrorContains(t, err, "Dashboard.Snapshots."+name+".Count")
		}
	}
	require.Empty(t, srv.Requests(), "nothing is sent")

	s := c.AsUser(apitest.JWT(map[string]any{"role": "service_role"})).Dashboard.Snapshots()
	srv.WantCounted(t, "mv_work_order_summary", s.WorkOrders.Count)
	srv.WantCounted(t, "mv_asset_summary", s.Assets.Count)
	srv.WantCounted(t, "mv_location_summary", s.Locations.Count)
	srv.WantCounted(t, "mv_site_summary", s.Sites.Count)
	srv.WantCounted(t, "mv_tenant_overview", s.Tenants.Count)
}

func TestRefreshAndMetadata(t *testing.T) {
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "RefreshAnalyticsViews",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.Dashboard.RefreshAnalyticsViews(ctx)
			}),
			RPC: "refresh_analytics_views", Body: `{}`,
		},
		{
			Name: "RefreshTenantAnalytics",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.Dashboard.RefreshTenantAnalytics(ctx, "")
			}),
			RPC: "refresh_tenant_analytics", Body: `{"p_tenant_id":"t1"}`,
		},
		{
			Name: "Metadata",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Analytics.Metadata(ctx)
			},
			RPC: "get_analytics_metadata", Body: `{}`,
			Reply: `[{"object_schema":"reporting","object_name":"dim_time","object_kind":"table","description":""}]`,
			Want:  []reporting.AnalyticsObject{{ObjectSchema: "reporting", ObjectName: "dim_time", ObjectKind: "table"}},
		},
	})
}

// Dashboards show what is most urgent first.
func TestDashboardsAreSorted(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `[
		{"id":"1","priority":"low","due_date":"2026-01-01T00:00:00Z","created_at":"2026-01-01T00:00:00Z"},
		{"id":"2","priority":"own","due_date":null,"created_at":"2026-01-01T00:00:00Z"},
		{"id":"3","priority":"critical","due_date":null,"created_at":"2026-01-01T00:00:00Z"},
		{"id":"4","priority":"critical","due_date":null,"created_at":"2026-01-02T00:00:00Z"},
		{"id":"5","priority":"critical","due_date":"2027-01-01T00:00:00Z","created_at":"2026-01-01T00:00:00Z"}]`)
	srv.Reply(http.StatusOK, `[]`)
	open, err := c.Dashboard.ListOpenWorkOrders(t.Context())
	require.NoError(t, err)
	var ids string
	for _, w := range open {
		ids += w.ID
	}
	require.Equal(t, "54312", ids)
	require.Contains(t, srv.Requests()[0].Query.Encode(), "status.neq")

	c, srv = apitest.New(t)
	srv.Reply(http.StatusOK, `[
		{"id":"1","priority":"low","due_date":"2026-01-02T00:00:00Z"},
		{"id":"2","priority":"high","due_date":"2026-01-02T00:00:00Z"},
		{"id":"3","priority":"low","due_date":"2026-01-01T00:00:00Z"}]`)
	srv.Reply(http.StatusOK, `[]`)
	overdue, err := c.Dashboard.ListOverdueWorkOrders(t.Context())
	require.NoError(t, err)
	ids = ""
	for _, w := range overdue {
		ids += w.ID
	}
	require.Equal(t, "321", ids)
}

func TestWhatTheServerCannotUseIsRefusedBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	ctx := t.Context()
	rollup := func(p reporting.CostRollupParams) error { return apitest.Err(c.Costs.CostRollup(ctx, p)) }
	alerts := func(days int) error {
		return apitest.Err(c.Costs.AssetLifecycleAlerts(ctx, reporting.AssetLifecycleAlertsParams{DaysAhead: &days}))
	}
	for _, tc := range []struct {
		field string
		err   error
	}{
		{"GroupBy", rollup(reporting.CostRollupParams{})},
		{"GroupBy", rollup(reporting.CostRollupParams{GroupBy: "site"})},
		{"ToDate", rollup(reporting.CostRollupParams{GroupBy: reporting.GroupByAsset, FromDate: lastDay, ToDate: firstDay})},
		{"AssetID", apitest.Err(c.Costs.AssetTotalCostOfOwnership(ctx, reporting.AssetTotalCostOfOwnershipParams{}))},
		{"ToDate", apitest.Err(c.Costs.AssetTotalCostOfOwnership(ctx, reporting.AssetTotalCostOfOwnershipParams{AssetID: "a", FromDate: lastDay, ToDate: firstDay}))},
		{"DaysAhead", alerts(-1)},
		{"DaysAhead", alerts(366)},
	} {
		srv.WantRefused(t, tc.field, tc.err)
	}
}

// serve answers reads of views and refuses functions as the platform does.
func serve(srv *apitest.Server, views map[string]string, times int) {
	for range times {
		srv.Handle(func(w http.ResponseWriter, r *http.Request) {
			rows, ok := views[strings.TrimPrefix(r.URL.Path, "/rest/v1/")]
			switch {
			case !ok:
				w.WriteHeader(http.StatusMethodNotAllowed)
				rows = `{"code":"25006","message":"cannot execute UPDATE in a read-only transaction"}`
			case strings.Contains(r.URL.Query().Get("and"), "id.gt."): // what is behind the last row
				rows = `[]`
			}
			_, _ = w.Write([]byte(rows))
		})
	}
}

// Where the functions are refused, the views give the sums, and after the first
// time nobody asks for the functions again: not by any client of the family.
func TestViewsInPlaceOfRefusedFunctions(t *testing.T) {
	c, srv := apitest.New(t)
	serve(srv, map[string]string{
		"v_work_orders": `[{"id":"w1","asset_id":"a1","location_id":null,"project_id":"p1","completed_at":"2026-03-01T00:00:00Z"},
			{"id":"w2","asset_id":"a1","location_id":null,"project_id":"p2","completed_at":null},
			{"id":"w3","asset_id":"a2","location_id":null,"project_id":null,"completed_at":null}]`,
		"v_work_order_costs": `[{"work_order_id":"w1","labor_cents":1,"parts_cents":2,"vendor_cents":3,"total_cents":6},
			{"work_order_id":"w2","labor_cents":10,"parts_cents":20,"vendor_cents":30,"total_cents":60},
			{"work_order_id":"w3","labor_cents":0,"parts_cents":0,"vendor_cents":5,"total_cents":5}]`,
		"v_assets":                 `[{"id":"a1","name":"Press","department_id":"d1"},{"id":"a2","name":"Pump","department_id":null}]`,
		"v_departments":            `[{"id":"d1","name":"Hall"}]`,
		"v_asset_lifecycle_alerts": `[{"asset_id":"a1","tenant_id":"t1","alert_type":"eol_approaching","reference_date":"2026-03-01","days_until":1}]`,
	}, 60)
	groups, err := c.Costs.CostRollup(t.Context(), reporting.CostRollupParams{GroupBy: reporting.GroupByAsset})
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]reporting.CostGroup{
		{GroupKey: "a1", GroupName: "Press", LaborCents: 11, PartsCents: 22, VendorCents: 33, TotalCents: 66, WorkOrderCount: 2},
		{GroupKey: "a2", GroupName: "Pump", VendorCents: 5, TotalCents: 5, WorkOrderCount: 1},
	}, groups))

	other, err := c.With(workorder.WithAttemptTimeout(time.Minute))
	require.NoError(t, err)
	groups, err = other.Costs.CostRollup(t.Context(), reporting.CostRollupParams{GroupBy: reporting.GroupByDepartment, ToDate: lastDay})
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]reporting.CostGroup{
		{GroupKey: "d1", GroupName: "Hall", LaborCents: 11, PartsCents: 22, VendorCents: 33, TotalCents: 66, WorkOrderCount: 2},
	}, groups))
	alerts, err := c.Costs.AssetLifecycleAlerts(t.Context(), reporting.AssetLifecycleAlertsParams{})
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]reporting.AssetAlert{{AssetID: "a1", AlertType: reporting.EndOfLifeApproaching, ReferenceDate: lastDay, DaysUntil: 1}}, alerts))

	var functions int
	for _, r := range srv.Requests() {
		if strings.HasPrefix(r.Path, "/rest/v1/rpc/") {
			functions++
		}
	}
	require.Equal(t, 1, functions)

	_, err = c.Costs.CostRollup(t.Context(), reporting.CostRollupParams{TenantID: "t2", GroupBy: reporting.GroupByAsset})
	require.ErrorIs(t, err, workorder.ErrTenantMismatch, "the views show another tenant")
}

// Any other refusal is the answer.
func TestOtherRefusalsAreErrors(t *testing.T) {
	c, srv := apitest.New(t)
	srv.ReplyError(http.StatusForbidden, "42501", "not a member")
	_, err := c.Costs.CostRollup(t.Context(), reporting.CostRollupParams{GroupBy: reporting.GroupByAsset})
	require.ErrorIs(t, err, workorder.ErrPermissionDenied)
	require.Len(t, srv.Requests(), 1)
}
