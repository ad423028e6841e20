package reporting_test

import (
	"context"
	"fmt"

	"github.com/workorder-systems/sdk-go/internal/apitest"
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
