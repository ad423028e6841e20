package integration

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/reporting"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

// addWork makes a work order that is assigned, so that it is no draft.
func addWork(t testing.TB, tn *tenant, p workorders.CreateWorkOrderParams) string {
	t.Helper()
	p.Title, p.AssignedTo = "Work", tn.Admin.ID
	id, err := tn.WorkOrders.Create(t.Context(), p)
	require.NoError(t, err)
	return id
}

func completeWork(t testing.TB, tn *tenant, id string) {
	t.Helper()
	require.NoError(t, tn.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{WorkOrderID: id, ToStatusKey: "in_progress"}))
	require.NoError(t, tn.WorkOrders.Complete(t.Context(), workorders.CompleteWorkOrderParams{WorkOrderID: id, Cause: new("c"), Resolution: new("r")}))
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	metrics := func() reporting.DashboardMetrics {
		t.Helper()
		rows := list(t, tn.Dashboard.Metrics.List)
		require.Len(t, rows, 1)
		rows[0].TenantName = ""
		return rows[0]
	}
	require.Empty(t, cmp.Diff(reporting.DashboardMetrics{TenantID: tn.ID}, metrics()))
	require.Empty(t, list(t, tn.Dashboard.MTTRMetrics.List))

	makeAsset(t, tn, "Press", makeLocation(t, tn, "Hall"))
	now := time.Now()
	low := addWork(t, tn, workorders.CreateWorkOrderParams{Priority: "low", DueDate: now.Add(24 * time.Hour)})
	critical := addWork(t, tn, workorders.CreateWorkOrderParams{Priority: "critical", MaintenanceType: "preventive_time"})
	late := addWork(t, tn, workorders.CreateWorkOrderParams{Priority: "medium", DueDate: now.Add(-72 * time.Hour)})
	makeWorkOrder(t, tn.Client, "a draft")
	for _, minutes := range []int{60, 90} {
		_, err := tn.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{WorkOrderID: critical, Minutes: minutes})
		require.NoError(t, err)
	}
	open, err := tn.Dashboard.ListOpenWorkOrders(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{critical, late, low}, []string{open[0].ID, open[1].ID, open[2].ID})
	require.Len(t, open, 3, "drafts are left out")
	require.EqualValues(t, 150, open[0].TotalLaborMinutes)
	require.Len(t, list(t, tn.Dashboard.OpenWorkOrders.List), 4)
	overdue, err := tn.Dashboard.ListOverdueWorkOrders(t.Context())
	require.NoError(t, err)
	require.Len(t, overdue, 1)
	require.Equal(t, late, overdue[0].ID)
	days, _ := overdue[0].DaysOverdue.Float64()
	require.InDelta(t, 3, days, 0.1)
	require.Empty(t, cmp.Diff(reporting.DashboardMetrics{TenantID: tn.ID, OpenCount: 4, OverdueCount: 1, TotalAssets: 1, ActiveAssets: 1, TotalLocations: 1}, metrics()))

	completeWork(t, tn, critical)
	m := metrics()
	require.EqualValues(t, 3, m.OpenCount)
	require.EqualValues(t, 1, m.CompletedLast30Days)
	require.NotNil(t, m.MTTRHours)
	mttr := list(t, tn.Dashboard.MTTRMetrics.List)
	require.Len(t, mttr, 1)
	require.EqualValues(t, 1, mttr[0].CompletedCount)
	require.True(t, mttr[0].TotalLaborMinutes.Equal(dec("150")))

	byStatus := map[string]int64{}
	for _, row := range list(t, tn.Dashboard.WorkOrdersByStatus.List) {
		byStatus[row.Status] = row.Count
	}
	require.Equal(t, map[string]int64{"draft": 1, "assigned": 2, "completed": 1}, byStatus)
	byType := list(t, tn.Dashboard.WorkOrdersByMaintenanceType.List)
	require.Len(t, byType, 1, "work orders without a type are left out")
	require.Equal(t, "preventive_time", byType[0].MaintenanceType)
	require.Equal(t, "planned", *byType[0].Category)

	requestor := tn.Member(t, "requestor")
	rows := list(t, requestor.Dashboard.Metrics.List)
	require.Len(t, rows, 1)
	require.Zero(t, rows[0].OpenCount)
	require.EqualValues(t, 1, rows[0].TotalAssets)
	require.Empty(t, list(t, requestor.Analytics.WorkOrders.List))
}

// The snapshots show what the last refresh found.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	site, err := tn.Locations.Create(t.Context(), assets.CreateLocationParams{Name: "Site", LocationType: assets.Site, Code: "S1"})
	require.NoError(t, err)
	building, err := tn.Locations.Create(t.Context(), assets.CreateLocationParams{Name: "Building", LocationType: assets.Building, ParentLocationID: site})
	require.NoError(t, err)
	makeAsset(t, tn, "Press", building)
	makeAsset(t, tn, "Pump", "")
	addWork(t, tn, workorders.CreateWorkOrderParams{Priority: "high", LocationID: building})

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, tn.Dashboard.RefreshTenantAnalytics(ctx, ""))

	orders := list(t, tn.Dashboard.WorkOrdersSummary.List)
	require.Len(t, orders, 1)
	require.Empty(t, cmp.Diff(reporting.WorkOrdersSummary{TenantID: tn.ID, Status: "assigned", Priority: "high", Count: 1, AssignedCount: 1, CreatedLast30Days: 1},
		orders[0], cmpopts.IgnoreFields(reporting.WorkOrdersSummary{}, "FirstWorkOrderAt", "LastWorkOrderAt", "LastUpdatedAt")))
	var placed, unassigned int64
	for _, row := range list(t, tn.Dashboard.AssetsSummary.List) {
		require.Equal(t, row.LocationID == nil, row.UnassignedCount == 1)
		unassigned += row.UnassignedCount
		if row.LocationID != nil {
			require.Equal(t, building, *row.LocationID)
			placed += row.Count
		}
	}
	require.Equal(t, []int64{1, 1}, []int64{placed, unassigned})
	rollup := list(t, tn.Dashboard.SiteRollup.List)
	require.Len(t, rollup, 1)
	require.Empty(t, cmp.Diff(reporting.SiteRollup{
		SiteID: site, TenantID: tn.ID, SiteName: "Site", LocationType: "site", SiteCode: new("S1"), BuildingCount: 1, AssetCount: 1, ActiveAssetCount: 1,
		WorkOrderCount: 1, ActiveWorkOrderCount: 1,
	}, rollup[0]))
	require.Len(t, list(t, tn.Dashboard.LocationsSummary.List), 2)
	overview := list(t, tn.Dashboard.TenantsOverview.List)
	require.Len(t, overview, 1)
	require.EqualValues(t, 2, overview[0].AssetCount)
	portfolio := list(t, tn.Dashboard.PortfolioOverview.List)
	require.Len(t, portfolio, 1)
	require.Equal(t, site, *portfolio[0].SiteID)

	other := stack.Tenant(t)
	require.NoError(t, other.Dashboard.RefreshAnalyticsViews(ctx))
	require.Empty(t, list(t, other.Dashboard.SiteRollup.List))
	portfolio = list(t, other.Dashboard.PortfolioOverview.List)
	require.Len(t, portfolio, 1)
	require.Nil(t, portfolio[0].SiteID)
}

func TestAnalytics(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	site, err := tn.Locations.Create(t.Context(), assets.CreateLocationParams{Name: "Site", LocationType: assets.Site})
	require.NoError(t, err)
	department := makeDepartment(t, tn.Client, "Hall")
	press := makeAsset(t, tn, "Press", site)
	require.NoError(t, tn.Assets.Update(t.Context(), assets.UpdateAssetParams{AssetID: press, DepartmentID: &department}))
	open := addWork(t, tn, workorders.CreateWorkOrderParams{Priority: "high", AssetID: press, DueDate: time.Now().Add(-time.Hour)})
	_, err = tn.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{WorkOrderID: open, Minutes: 45})
	require.NoError(t, err)
	for range 2 { // two failures, one time between them
		completeWork(t, tn, addWork(t, tn, workorders.CreateWorkOrderParams{Priority: "low", AssetID: press}))
	}
	completeWork(t, tn, addWork(t, tn, workorders.CreateWorkOrderParams{Priority: "low", AssetID: press, MaintenanceType: "corrective"}))

	require.Equal(t, tn.ID, list(t, tn.Analytics.Tenants.List)[0].TenantID)
	require.Equal(t, site, *list(t, tn.Analytics.Locations.List)[0].SiteID)
	require.Equal(t, department, list(t, tn.Analytics.Departments.List)[0].DepartmentID)
	dim := list(t, tn.Analytics.Assets.List)
	require.Len(t, dim, 1)
	require.Equal(t, "Site", *dim[0].SiteName)

	facts := list(t, tn.Analytics.WorkOrders.List)
	require.Len(t, facts, 4)
	for _, f := range facts {
		require.Equal(t, site, *f.SiteID, "of the asset")
		require.Equal(t, department, *f.DepartmentID)
		require.Equal(t, f.WorkOrderID == open, f.CompletedAt == nil)
	}
	labor := list(t, tn.Analytics.Labor.List)
	require.Len(t, labor, 1)
	require.Equal(t, 45, labor[0].Minutes)
	require.Empty(t, list(t, tn.Analytics.Parts.List))
	require.Len(t, list(t, tn.Analytics.DowntimeIncidents.List), 2, "work orders without a type")
	mtbf := list(t, tn.Analytics.MTBF.List)
	require.Len(t, mtbf, 1)
	require.EqualValues(t, 1, mtbf[0].FailureCount)
	mttr := list(t, tn.Analytics.MTTR.List)
	require.Len(t, mttr, 1)
	require.EqualValues(t, 3, mttr[0].CompletedCount)
	require.Equal(t, 1, mttr[0].PeriodMonth.In(time.UTC).Day())
	require.Empty(t, cmp.Diff([]reporting.Backlog{
		{TenantID: tn.ID, SiteID: &site, DepartmentID: &department, Priority: "high", OpenCount: 1, OverdueCount: 1},
	}, list(t, tn.Analytics.Backlog.List)))
	require.Empty(t, list(t, tn.Analytics.Utilization.List))
	require.Empty(t, list(t, tn.Analytics.PMCompliance.List))
	require.Empty(t, list(t, tn.Analytics.PMComplianceRates.List))

	days := list(t, tn.Analytics.Days.List)
	require.Len(t, days, 4383)
	day, err := tn.Analytics.Days.List(t.Context(), query.Where(reporting.DayCols.Date.Eq(types.NewDate(2021, 1, 3))))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]reporting.Day{{
		Date: types.NewDate(2021, 1, 3), Year: 2021, Quarter: 1, Month: 1, Week: 53, DayOfWeek: time.Sunday, IsWeekend: true, YearMonth: "2021-01", YearWeek: "2020-53",
	}}, day))

	objects, err := tn.Analytics.Metadata(t.Context())
	require.NoError(t, err)
	require.Len(t, objects, 17)
	tables := 0
	for _, o := range objects {
		if o.ObjectKind == "table" {
			tables++
		}
	}
	require.Equal(t, 1, tables)

	// Nobody else sees any of it.
	other := stack.Tenant(t)
	for _, v := range viewsOf(t, servicesOf(other.Client, "reporting")) {
		switch v.name {
		case "Analytics.Days", "Dashboard.WorkOrdersByStatus", "Dashboard.WorkOrdersByMaintenanceType": // have no tenant
			continue
		}
		require.Empty(t, v.tenants(t, query.Where(query.NewColumn[string]("tenant_id").Eq(tn.ID))), v.name)
	}
	require.Empty(t, list(t, other.Dashboard.WorkOrdersByStatus.List))
	require.Empty(t, list(t, other.Dashboard.WorkOrdersByMaintenanceType.List))
}
