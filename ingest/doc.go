// Package ingest records what machines read from meters, any number of readings,
// with a tenant's API key.
//
//	journal, err := ingest.OpenJournal("readings.journal", ingest.SyncAlways)
//	…
//	defer journal.Close()
//	in := ingest.Ingester{Meters: &client.Meters, Key: key, Journal: journal}
//	summary, err := in.Run(ctx, readings, func(r ingest.Result) {
//		if r.Err != nil {
//			log.Print(r.Reading.MeterID, " ", r.Status, ": ", r.Err)
//		}
//	})
//
// The edge function ingest-meter-reading takes one reading at a time, so each is
// a call of its own. Those of one meter go one after the other, in the order of
// the input, since the server takes each for the meter's current value; as many
// meters as Concurrency says go at the same time.
//
// # Once, and not twice
//
// A reading is what a meter had at a time: two of the same meter, time and value
// are one, and only the first is sent. The server itself would take both, and
// knows no idempotency key. So a call is repeated only where it is known to have
// changed nothing: a refused connection, a rate limit. When the answer is lost
// after the request was sent, or the server fails without saying how far it
// came, there are two ways:
//
//   - With Readings, a client of a member of the tenant, the reading is looked up
//     by meter, time and value. If it is there, it is recorded. If it is not there
//     SettleAfter later, when nothing can be at it any longer, it is sent again.
//   - Without, it is Unknown. It is reported so, by this and every later run, and
//     not sent again unless RetryUnknown says so.
//
// A Journal remembers this over restarts. Before a reading is sent it is noted as
// Unknown, and then what became of it. After a crash run the same input again:
// what is recorded is not sent, and what was on its way is looked up or Unknown,
// at most one reading of each meter.
package ingest
