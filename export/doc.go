// Package export writes rows to files that other programs read: CSV and NDJSON.
// Module export/parquet adds Parquet. Any iterator of rows will do, first of all
// what All gives; rows are written as they come, so memory stays the same
// however many there are.
//
//	cols := []query.AnyColumn{workorders.WorkOrderCols.ID, workorders.WorkOrderCols.Title}
//	rows := c.WorkOrders.All(ctx, query.Columns(cols...)) // the server sends only these
//	n, err := export.CSV(ctx, file, rows,
//		export.Columns(cols...), // the file has only these
//		export.GuardFormulas())
//
// The columns are those of the rows' view, called as in the database. Nothing
// is rounded, null differs from empty text, and nothing is asked of the server
// beyond what the iterator asks.
package export
