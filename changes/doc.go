// Package changes tells what changed in a view since the last look, so that a
// copy of it elsewhere stays up to date without reading everything again.
//
//	for page, err := range changes.Since(ctx, client.WorkOrders.View, mark) {
//		if err != nil {
//			return err
//		}
//		// In one transaction: upsert page.Rows by key, save page.Next.
//	}
//
// The zero Watermark stands for everything. A Watermark is JSON, to be saved
// with the rows of its page; whoever is stopped between two pages goes on from
// the last one saved.
//
// What is promised: every row that is inserted or changed, and whose updated_at
// moves with it, comes in its last state, sooner or later and at least once. Rows
// that share a timestamp, that change while they are read, or that a
// transaction commits late are not lost. PostgreSQL gives a transaction's rows
// the time at which it began, so each look goes back by an overlap, 5 minutes
// unless Overlap says otherwise, and leaves out what came before. A transaction
// that takes longer than the overlap may be missed. Only times of the server
// count, never the clock of the client: those of the rows, and the Date of its
// answers, which may be a minute wrong.
//
// What updated_at does not show is not seen: a column that comes from another table
// and changed there, a row that time brings into a view, such as a work order that
// is overdue now, and rows that are gone. For the latter there is Gone.
package changes
