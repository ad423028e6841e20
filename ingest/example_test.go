package ingest_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/ingest"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/types"
)

func ExampleIngester_Run() {
	client, done := apitest.Example(map[string]string{"/functions/v1/ingest-meter-reading": `{"readingId":"4ead"}`})
	defer done()

	in := ingest.Ingester{Meters: &client.Meters, Key: types.Secret("wosk_0a1b")}
	meter, now := "0b0d2b3c-5f0e-4a53-8a4e-0c6a1d3f9f10", time.Now()
	readings := slices.Values([]ingest.Reading{
		{MeterID: meter, Value: decimal.RequireFromString("1234.5"), Date: now.Add(-time.Hour)},
		{MeterID: meter, Value: decimal.RequireFromString("-1"), Date: now},
	})
	summary, err := in.Run(context.Background(), readings, func(r ingest.Result) {
		fmt.Println(r.Index, r.Status, r.ReadingID, r.Err)
	})
	fmt.Println(summary.Recorded, summary.Rejected, err)
	// Unordered output:
	// 0 recorded 4ead <nil>
	// 1 rejected  Ingest.Run: invalid input: Value is negative
	// 1 1 <nil>
}
