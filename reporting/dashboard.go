package reporting

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// DashboardService reads what a dashboard shows of the token's tenant.
//
// Metrics to WorkOrdersByMaintenanceType are live, for members of the tenant, and
// count the work orders that the caller may see: a requestor sees none but their
// own.
//
// The summaries behind them are snapshots: they show what the last
// RefreshAnalyticsViews found. Nothing on the platform calls that by itself, so
// they can be of any age, and do not tell it. They need no permission: whoever has
// a token of the tenant sees the numbers of all work orders. The platform shows
// them, but for TenantsOverview, also to somebody who was removed from the tenant,
// until the token expires.
//
// TypeScript: dashboard (getWorkOrdersSummary is WorkOrdersSummary.List, and so
// on).
type DashboardService struct {
	// Metrics reads v_dashboard_metrics, live, for members: one row. Its work orders
	// are those that the caller may see, its assets and locations all.
	Metrics postgrest.View[DashboardMetrics]
	// MTTRMetrics reads v_dashboard_mttr_metrics, live, for members: one row, or none
	// when nothing that the caller may see was completed in 90 days.
	MTTRMetrics postgrest.View[MTTRMetrics]
	// OpenWorkOrders reads v_dashboard_open_work_orders, live, for members who may see
	// the work orders: by id, drafts included. See ListOpenWorkOrders.
	OpenWorkOrders postgrest.View[OpenWorkOrder]
	// OverdueWorkOrders reads v_dashboard_overdue_work_orders, live, for members who
	// may see the work orders: by id, drafts included. See ListOverdueWorkOrders.
	OverdueWorkOrders postgrest.View[OverdueWorkOrder]
	// WorkOrdersByStatus reads v_dashboard_work_orders_by_status, live, for members, of
	// the work orders that the caller may see. A status that none has is not in it.
	WorkOrdersByStatus postgrest.View[WorkOrdersByStatus]
	// WorkOrdersByMaintenanceType reads v_dashboard_work_orders_by_maintenance_type,
	// live, for members, of the work orders that the caller may see, without those of
	// no type.
	WorkOrdersByMaintenanceType postgrest.View[WorkOrdersByMaintenanceType]

	// WorkOrdersSummary reads v_work_orders_summary, a snapshot of any age, for
	// whoever has a token of the tenant.
	WorkOrdersSummary postgrest.View[WorkOrdersSummary]
	// AssetsSummary reads v_assets_summary, a snapshot of any age, for whoever has a
	// token of the tenant.
	AssetsSummary postgrest.View[AssetsSummary]
	// LocationsSummary reads v_locations_summary, a snapshot of any age, for whoever
	// has a token of the tenant.
	LocationsSummary postgrest.View[LocationSummary]
	// TenantsOverview reads v_tenants_overview, a snapshot of any age, for members: one
	// row.
	TenantsOverview postgrest.View[TenantOverview]
	// SiteRollup reads v_site_rollup, a snapshot of any age, for whoever has a token of
	// the tenant. What is at a site within a site counts in both.
	SiteRollup postgrest.View[SiteRollup]
	// PortfolioOverview reads v_portfolio_overview, a snapshot of any age, for whoever
	// has a token of the tenant: one row for each site of the tenant, or one without a
	// site.
	PortfolioOverview postgrest.View[PortfolioSite]

	rpc postgrest.Caller
}

var (
	listOpenView    = postgrest.As(openWorkOrderView, "Dashboard.ListOpenWorkOrders")
	listOverdueView = postgrest.As(overdueWorkOrderView, "Dashboard.ListOverdueWorkOrders")
)

func (s *DashboardService) bind(conn *api.Conn) {
	s.Metrics = postgrest.NewView(conn, &dashboardMetricsView)
	s.MTTRMetrics = postgrest.NewView(conn, &mttrMetricsView)
	s.OpenWorkOrders = postgrest.NewView(conn, &openWorkOrderView)
	s.OverdueWorkOrders = postgrest.NewView(conn, &overdueWorkOrderView)
	s.WorkOrdersByStatus = postgrest.NewView(conn, &workOrdersByStatusView)
	s.WorkOrdersByMaintenanceType = postgrest.NewView(conn, &workOrdersByMaintenanceTypeView)
	s.WorkOrdersSummary = postgrest.NewView(conn, &workOrdersSummaryView)
	s.AssetsSummary = postgrest.NewView(conn, &assetsSummaryView)
	s.LocationsSummary = postgrest.NewView(conn, &locationSummaryView)
	s.TenantsOverview = postgrest.NewView(conn, &tenantOverviewView)
	s.SiteRollup = postgrest.NewView(conn, &siteRollupView)
	s.PortfolioOverview = postgrest.NewView(conn, &portfolioSiteView)
	s.rpc = postgrest.NewCaller(conn)
}

const draft = "draft"

// ListOpenWorkOrders returns all open work orders but drafts, as a dashboard shows
// them: the highest priority first, then the earliest due date, then the newest.
// Metrics counts drafts too. Live, for members who may see the work orders.
//
// TypeScript: dashboard.listOpenWorkOrders.
func (s *DashboardService) ListOpenWorkOrders(ctx context.Context) ([]OpenWorkOrder, error) {
	const op = "Dashboard.ListOpenWorkOrders"
	rows, err := postgrest.NewView(s.rpc.Conn(), listOpenView).List(ctx, query.Where(openWorkOrderCols.Status.NotEq(draft)))
	if err != nil {
		return nil, sdkerr.Wrap(op, nil, err)
	}
	slices.SortStableFunc(rows, func(a, b OpenWorkOrder) int {
		return cmp.Or(cmp.Compare(rank(a.Priority), rank(b.Priority)), earliestFirst(a.DueDate, b.DueDate), b.CreatedAt.Compare(a.CreatedAt))
	})
	return rows, nil
}

// ListOverdueWorkOrders returns all overdue work orders but drafts, as a dashboard
// shows them: the earliest due date first, then the highest priority. Live, for
// members who may see the work orders.
//
// TypeScript: dashboard.listOverdueWorkOrders.
func (s *DashboardService) ListOverdueWorkOrders(ctx context.Context) ([]OverdueWorkOrder, error) {
	const op = "Dashboard.ListOverdueWorkOrders"
	rows, err := postgrest.NewView(s.rpc.Conn(), listOverdueView).List(ctx, query.Where(overdueWorkOrderCols.Status.NotEq(draft)))
	if err != nil {
		return nil, sdkerr.Wrap(op, nil, err)
	}
	slices.SortStableFunc(rows, func(a, b OverdueWorkOrder) int {
		return cmp.Or(a.DueDate.Compare(b.DueDate), cmp.Compare(rank(a.Priority), rank(b.Priority)))
	})
	return rows, nil
}

// rank is the place of a priority. A tenant's own come last.
func rank(priority string) int {
	if i := slices.Index([]string{"critical", "high", "medium", "low"}, priority); i >= 0 {
		return i
	}
	return 4
}

// earliestFirst orders times, the earliest first and none last.
func earliestFirst(a, b *time.Time) int {
	switch {
	case a != nil && b != nil:
		return a.Compare(*b)
	case a != nil:
		return -1
	case b != nil:
		return 1
	}
	return 0
}

// RefreshAnalyticsViews makes the snapshots of all tenants anew. It is for
// operators: the platform lets everybody call it, even without signing in, and it
// can take long, so give the context a deadline. An error that is
// ErrUnavailable, or that of the context, means that they may not be refreshed.
func (s *DashboardService) RefreshAnalyticsViews(ctx context.Context) error {
	return postgrest.ExecAgain(ctx, s.rpc, "Dashboard.RefreshAnalyticsViews", refreshAnalyticsViewsArgs{})
}

// RefreshTenantAnalytics is RefreshAnalyticsViews, for everybody too: the platform
// makes the snapshots of all tenants anew, whatever tenant is named. Empty is the
// client's.
func (s *DashboardService) RefreshTenantAnalytics(ctx context.Context, tenantID string) error {
	return postgrest.ExecAgain(ctx, s.rpc, "Dashboard.RefreshTenantAnalytics", refreshTenantAnalyticsArgs{TenantID: tenantID})
}
