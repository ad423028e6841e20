package query_test

import (
	"context"
	"fmt"
	"time"

	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

func Example() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/v_work_orders": `[
			{"id":"1","title":"Pump leaks","due_date":"2026-03-01T08:00:00Z"},
			{"id":"2","title":"Fan rattles","due_date":null}]`,
	})
	defer done()

	cols := workorders.WorkOrderCols
	page, err := client.WorkOrders.Page(context.Background(),
		query.Where(
			cols.Status.NotIn("completed", "cancelled"),
			query.Or(cols.DueDate.Lt(time.Now()), cols.Priority.Eq("critical")),
		),
		query.OrderBy(cols.DueDate.Asc().NullsLast()),
		query.Limit(1),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, wo := range page.Items {
		fmt.Println(wo.Title)
	}
	fmt.Println("more:", page.HasMore) // go on with query.After(page.Next)
	// Output:
	// Pump leaks
	// more: true
}
