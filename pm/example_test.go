package pm_test

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

func ExampleService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_create_pm_schedule": `"5c1e"`,
		"/rest/v1/v_upcoming_pms":             `[{"id":"5c1e","title":"Change the oil","days_until_due":12.5}]`,
	})
	defer done()
	ctx := context.Background()

	_, err := client.PM.CreateSchedule(ctx, pm.CreateScheduleParams{
		AssetID:   "the pump's id",
		Title:     "Change the oil",
		Trigger:   pm.TimeTrigger{IntervalDays: 90},
		WorkOrder: pm.WorkOrderTexts{Priority: "high"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	// What comes up in the next two weeks?
	soon := pm.UpcomingScheduleCols.DaysUntilDue.Lte(decimal.NewFromInt(14))
	rows, err := client.PM.Upcoming.List(ctx, query.Where(soon), query.Limit(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range rows {
		fmt.Println(row.Title, "in", row.DaysUntilDue, "days")
	}
	// Output: Change the oil in 12.5 days
}

func ExampleMeterService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_create_meter":         `"4e7e"`,
		"/rest/v1/rpc/rpc_record_meter_reading": `"4ead"`,
	})
	defer done()
	ctx := context.Background()

	meter, err := client.Meters.Create(ctx, pm.CreateMeterParams{
		AssetID: "the pump's id", Type: pm.MeterRuntimeHours, Name: "Running hours", Unit: "h", DecimalPlaces: 1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	reading, err := client.Meters.RecordReading(ctx, pm.RecordReadingParams{
		MeterID: meter, Value: decimal.RequireFromString("1234.5"),
	})
	fmt.Println(reading, err)
	// Output: 4ead <nil>
}

func ExampleMeterService_Ingest() {
	client, done := apitest.Example(map[string]string{"/functions/v1/ingest-meter-reading": `{"readingId":"4ead"}`})
	defer done()

	// A machine has a tenant's API key instead of a session.
	reading, err := client.Meters.Ingest(context.Background(), pm.IngestParams{
		Key:     types.Secret("wosk_0a1b"),
		MeterID: "the meter's id",
		Value:   decimal.RequireFromString("1234.5"),
	})
	fmt.Println(reading, err)
	// Output: 4ead <nil>
}
