package inventory_test

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/query"
)

func ExampleService_ReceivePurchaseOrder() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/v_purchase_order_receipt_status": `[{"purchase_order_line_id":"11e5","quantity_balance":7.5000,"part_number":"OIL-46"}]`,
		"/rest/v1/rpc/rpc_receive_purchase_order":  `"4ece"`,
	})
	defer done()
	ctx := context.Background()

	// What is still missing goes into the bin.
	cols := inventory.ReceiptStatusCols
	missing, err := client.PartsInventory.PurchaseOrderReceiptStatus.List(ctx, query.Limit(1),
		query.Where(cols.PurchaseOrderID.Eq("the order's id"), cols.QuantityBalance.Gt(decimal.Zero)))
	if err != nil {
		fmt.Println(err)
		return
	}
	var lines []inventory.ReceiptLine
	for _, line := range missing {
		fmt.Println(line.PartNumber, line.QuantityBalance)
		lines = append(lines, inventory.ReceiptLine{
			PurchaseOrderLineID:   line.PurchaseOrderLineID,
			QuantityReceived:      line.QuantityBalance,
			ToInventoryLocationID: "the bin's id",
		})
	}
	receipt, err := client.PartsInventory.ReceivePurchaseOrder(ctx, inventory.ReceivePurchaseOrderParams{
		POID: "the order's id", Lines: lines,
	})
	fmt.Println(receipt, err)
	// Output:
	// OIL-46 7.5
	// 4ece <nil>
}
