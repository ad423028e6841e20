package inventory_test

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/query"
)

func ExampleService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_resolve_part_by_scan_code": `"9a7e"`,
		"/rest/v1/rpc/rpc_issue_parts_to_work_order": `"05ed"`,
		"/rest/v1/v_stock_by_location":               `[{"location_name":"Bin 12","quantity":4.5000,"unit":"l"}]`,
	})
	defer done()
	ctx := context.Background()

	oil, err := client.PartsInventory.ResolvePartByScanCode(ctx, inventory.ResolvePartByScanCodeParams{Code: "4006381333931"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.PartsInventory.IssuePartsToWorkOrder(ctx, inventory.IssuePartsToWorkOrderParams{
		WorkOrderID: "the work order's id",
		PartID:      oil,
		Quantity:    decimal.RequireFromString("1.5"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	// Where is the rest?
	left := inventory.LocationStockCols.PartID.Eq(oil)
	rows, err := client.PartsInventory.StockByLocation.List(ctx, query.Where(left), query.Limit(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range rows {
		fmt.Println(row.LocationName, row.Quantity, row.Unit)
	}
	// Output: Bin 12 4.5 l
}
