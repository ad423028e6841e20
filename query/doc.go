// Package query is the vocabulary of reads: filters, ordering and paging. Every
// List, All, Page and Count takes its options.
//
//	open := workorders.WorkOrderCols.Status.In("assigned", "in_progress")
//	rows, err := c.WorkOrders.List(ctx,
//		query.Where(open),
//		query.OrderBy(workorders.WorkOrderCols.DueDate.Asc().NullsLast()),
//		query.Limit(50))
//
// Filters come from typed columns, which the SDK generates for every view: a
// wrong column name or value type does not compile. Values are quoted for the
// server, whatever they hold. What cannot be asked (text with a NUL byte or
// invalid UTF-8, a limit below 1) makes the read fail with ErrInvalidInput
// before anything is sent.
package query
