package reporting

import "github.com/workorder-systems/sdk-go/internal/postgrest"

// Snapshots read what the summaries of the dashboard show, as of the last
// RefreshAnalyticsViews, of all tenants at once: for operators. They need the
// service-role key; without it a read fails with ErrPermissionDenied before anything
// is sent, also where the platform would answer (it shows the places of all tenants
// to everybody).
type Snapshots struct {
	// WorkOrders reads mv_work_order_summary, a snapshot, with the service-role key.
	WorkOrders postgrest.View[WorkOrderSnapshot]
	// Assets reads mv_asset_summary, a snapshot, with the service-role key.
	Assets postgrest.View[AssetSnapshot]
	// Locations reads mv_location_summary, a snapshot, with the service-role key.
	Locations postgrest.View[LocationSnapshot]
	// Sites reads mv_site_summary, a snapshot, with the service-role key.
	Sites postgrest.View[SiteSnapshot]
	// Tenants reads mv_tenant_overview, a snapshot, with the service-role key.
	Tenants postgrest.View[TenantSnapshot]
}

// Snapshots are the readers of the snapshots of all tenants, for the service-role key.
//
// TypeScript: nothing.
func (s *DashboardService) Snapshots() Snapshots {
	conn := s.rpc.Conn()
	return Snapshots{
		WorkOrders: postgrest.NewView(conn, &workOrderSnapshotView),
		Assets:     postgrest.NewView(conn, &assetSnapshotView),
		Locations:  postgrest.NewView(conn, &locationSnapshotView),
		Sites:      postgrest.NewView(conn, &siteSnapshotView),
		Tenants:    postgrest.NewView(conn, &tenantSnapshotView),
	}
}
