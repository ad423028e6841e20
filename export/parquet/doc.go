// Package parquet writes rows to Parquet files, beside what package export does for
// CSV and NDJSON. It is a module of its own, so that programs which want no Parquet
// do not carry the library for it (parquet-go, which writes row groups as they come).
//
//	rows := client.WorkOrders.All(ctx)
//	n, err := parquet.Write(ctx, file, rows, export.OnProgress(show))
//
// The options are those of package export; NullText and GuardFormulas are for CSV
// and change nothing here.
//
// The columns keep their types:
//
//	Go                     Parquet
//	string, named strings  STRING
//	int, int64, …          INT(64)
//	bool, float64          BOOLEAN, DOUBLE
//	time.Time              TIMESTAMP(MICROS, UTC)
//	types.Date             DATE
//	types.TimeOfDay        TIME(MICROS)
//	decimal.Decimal        STRING: every value exact, with its own scale, NaN too
//	json.RawMessage        JSON
//	[]string               LIST of STRING
//	others                 STRING, as they are in CSV
//
// Columns that may be null are optional, so null is not an empty text. A timestamp
// or date that stands for infinity (types.FarFuture and the like) is that moment.
package parquet
