package export_test

import (
	"context"
	"fmt"
	"os"

	"github.com/workorder-systems/sdk-go/export"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

func ExampleNDJSON() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/v_work_orders": `[
			{"id":"1","title":"Pump \"A\" leaks","due_date":"2026-03-01T08:00:00Z"},
			{"id":"2","title":"=1+1","due_date":null}]`,
	})
	defer done()

	ctx := context.Background()
	cols := workorders.WorkOrderCols
	chosen := []query.AnyColumn{cols.Title, cols.DueDate}
	n, err := export.NDJSON(ctx, os.Stdout, client.WorkOrders.All(ctx, query.Columns(chosen...)),
		export.Columns(chosen...), export.Rename(cols.DueDate, "due"))
	fmt.Println(n, err)
	// Output:
	// {"title":"Pump \"A\" leaks","due":"2026-03-01T08:00:00Z"}
	// {"title":"=1+1","due":null}
	// 2 <nil>
}
