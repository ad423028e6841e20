package figures

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/reporting"
	"github.com/workorder-systems/sdk-go/types"
)

func TestPMCompliance(t *testing.T) {
	facts := []reporting.PMComplianceFact{
		{ScheduledDate: day(1, 31), CompletedDate: new(day(2, 1)), OnTime: new(true)},
		{ScheduledDate: day(2, 1), CompletedDate: new(day(2, 20)), OnTime: new(false)},
		{ScheduledDate: day(2, 28), OnTime: new(false)},
		{ScheduledDate: day(3, 1), CompletedDate: new(day(3, 1)), OnTime: new(true)},
	}
	require.Equal(t, []Compliance{
		{Month: day(1, 1), Scheduled: 1, Completed: 1, OnTime: 1},
		{Month: day(2, 1), Scheduled: 2, Completed: 1},
	}, PMCompliance(facts, Months(day(2, 9), 2)))
}

func TestDowntimeByLocation(t *testing.T) {
	dimension := []reporting.AssetDimension{
		{AssetID: "a", LocationID: new("hall")}, {AssetID: "b", LocationID: new("hall")},
		{AssetID: "c", LocationID: new("yard")}, {AssetID: "d"},
	}
	down := func(asset string, month types.Date, minutes float64) assets.MonthlyDowntime {
		return assets.MonthlyDowntime{AssetID: asset, MonthStart: month, DowntimeMinutes: new(decimal.NewFromFloat(minutes))}
	}
	january, february := types.NewDate(2026, 1, 1), types.NewDate(2026, 2, 1)
	rows := DowntimeByLocation([]assets.MonthlyDowntime{
		down("c", january, 20), down("a", january, 30.5), down("b", february, 30), down("d", february, 7),
		down("c", types.NewDate(2025, 12, 1), 1000),
		{AssetID: "c", MonthStart: february},
	}, dimension, Months(day(2, 9), 2))

	var got []string
	for _, r := range rows {
		got = append(got, r.LocationID+" "+r.Minutes.String())
	}
	require.Equal(t, []string{"hall 60.5", "yard 20", " 7"}, got)
}
