package reporting_test

import (
	"context"
	"fmt"

	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/reporting"
	"github.com/workorder-systems/sdk-go/types"
)

func ExampleCostService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_cost_rollup": `[{"group_key":"d1","group_name":"Hall 1","labor_cents":120000,"parts_cents":3550,
			"vendor_cents":99900,"total_cents":223450,"work_order_count":17}]`,
	})
	defer done()

	groups, err := client.Costs.CostRollup(context.Background(), reporting.CostRollupParams{
		GroupBy:  reporting.GroupByDepartment,
		FromDate: types.NewDate(2026, 1, 1),
		ToDate:   types.NewDate(2026, 12, 31),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, g := range groups {
		fmt.Printf("%s: %d.%02d for %d work orders\n", g.GroupName, g.TotalCents/100, g.TotalCents%100, g.WorkOrderCount)
	}
	// Output: Hall 1: 2234.50 for 17 work orders
}

func ExampleDashboardService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/v_dashboard_metrics": `[{"tenant_name":"Plant 7","open_count":12,"overdue_count":3}]`,
	})
	defer done()
	rows, err := client.Dashboard.Metrics.List(context.Background(), query.Limit(1))
	if err != nil || len(rows) == 0 {
		fmt.Println(rows, err)
		return
	}
	fmt.Println(rows[0].TenantName, "has", rows[0].OverdueCount, "of", rows[0].OpenCount, "open work orders overdue")
	// Output: Plant 7 has 3 of 12 open work orders overdue
}

func ExampleAnalyticsService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/kpi_backlog": `[{"priority":"high","site_id":"5173","open_count":4,"overdue_count":1}]`,
	})
	defer done()
	rows, err := client.Analytics.Backlog.List(context.Background(), query.Where(reporting.BacklogCols.Priority.Eq("high")), query.Limit(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range rows {
		fmt.Println(*row.SiteID, row.OpenCount, row.OverdueCount)
	}
	// Output: 5173 4 1
}
