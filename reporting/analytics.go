package reporting

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
)

// AnalyticsService reads the schema reporting, which is made for analysis: the
// dimensions, facts and indicators of the token's tenant, all of them live. Any
// member may read. Facts and indicators of work orders count those that the caller
// may see, those of maintenance count all. Downtime is in Assets.MonthlyDowntime, and
// the sites of places in Locations.Sites.
//
// Open means neither completed nor cancelled, drafts included. Durations run from
// creation to completion.
//
// TypeScript: nothing.
type AnalyticsService struct {
	// Tenants reads dim_tenant, live, for members: one row.
	Tenants postgrest.View[TenantDimension]
	// Locations reads dim_location, live, for members.
	Locations postgrest.View[LocationDimension]
	// Departments reads dim_department, live, for members.
	Departments postgrest.View[DepartmentDimension]
	// Assets reads dim_asset, live, for members.
	Assets postgrest.View[AssetDimension]
	// Days reads dim_time, which never changes and is the same for everybody.
	Days postgrest.View[Day]

	// WorkOrders reads fact_work_orders, live, for members who may see the work orders.
	WorkOrders postgrest.View[WorkOrderFact]
	// Labor reads fact_labor, live, for members who may see the work orders.
	Labor postgrest.View[LaborFact]
	// Parts reads fact_parts, live, for members. It is empty on the platform.
	Parts postgrest.View[PartsFact]
	// DowntimeIncidents reads fact_downtime_incidents, live, for members who may see
	// the work orders.
	DowntimeIncidents postgrest.View[DowntimeIncidentFact]
	// PMCompliance reads fact_pm_compliance, live, for members.
	PMCompliance postgrest.View[PMComplianceFact]

	// MTTR reads kpi_mttr, live, for members, of the work orders that the caller may
	// see: by month, site, asset and department.
	MTTR postgrest.View[MTTR]
	// MTBF reads kpi_mtbf, live, for members, of the work orders that the caller may
	// see: by asset. One with fewer than two failures has no row.
	MTBF postgrest.View[MTBF]
	// PMComplianceRates reads kpi_pm_compliance, live, for members: by month, site and
	// asset.
	PMComplianceRates postgrest.View[PMCompliance]
	// Utilization reads kpi_utilization, live, for members: by technician and day with
	// shifts. The platform counts no minutes of work in it, see
	// Utilization.ActualMinutes.
	Utilization postgrest.View[Utilization]
	// Backlog reads kpi_backlog, live, for members, of the work orders that the caller
	// may see: by priority, site and department.
	Backlog postgrest.View[Backlog]

	rpc postgrest.Caller
}

func (s *AnalyticsService) bind(conn *api.Conn) {
	s.Tenants = postgrest.NewView(conn, &tenantDimensionView)
	s.Locations = postgrest.NewView(conn, &locationDimensionView)
	s.Departments = postgrest.NewView(conn, &departmentDimensionView)
	s.Assets = postgrest.NewView(conn, &assetDimensionView)
	s.Days = postgrest.NewView(conn, &dayView)
	s.WorkOrders = postgrest.NewView(conn, &workOrderFactView)
	s.Labor = postgrest.NewView(conn, &laborFactView)
	s.Parts = postgrest.NewView(conn, &partsFactView)
	s.DowntimeIncidents = postgrest.NewView(conn, &downtimeIncidentFactView)
	s.PMCompliance = postgrest.NewView(conn, &pmComplianceFactView)
	s.MTTR = postgrest.NewView(conn, &mttrView)
	s.MTBF = postgrest.NewView(conn, &mtbfView)
	s.PMComplianceRates = postgrest.NewView(conn, &pmComplianceView)
	s.Utilization = postgrest.NewView(conn, &utilizationView)
	s.Backlog = postgrest.NewView(conn, &backlogView)
	s.rpc = postgrest.NewCaller(conn)
}

// Metadata lists what there is in the schema reporting, by name, whatever the
// tenant. The service-role key may not.
func (s *AnalyticsService) Metadata(ctx context.Context) ([]AnalyticsObject, error) {
	return postgrest.Call[[]AnalyticsObject](ctx, s.rpc, "Analytics.Metadata", getAnalyticsMetadataArgs{})
}
