package figures

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/reporting"
)

// Compliance is the maintenance that was due in a month. OnTime is part of
// Completed, which is part of Scheduled.
type Compliance struct {
	Month                        time.Time
	Scheduled, Completed, OnTime int
}

// PMCompliance counts the maintenance by the month in which it was due. As on
// the platform, a cancelled one counts as completed.
func PMCompliance(facts []reporting.PMComplianceFact, months []time.Time) []Compliance {
	rows := make([]Compliance, len(months))
	for i, month := range months {
		rows[i].Month = month
		for _, f := range facts {
			if f.ScheduledDate.Before(month) || !f.ScheduledDate.Before(month.AddDate(0, 1, 0)) {
				continue
			}
			rows[i].Scheduled++
			if f.CompletedDate == nil {
				continue
			}
			rows[i].Completed++
			if f.OnTime != nil && *f.OnTime {
				rows[i].OnTime++
			}
		}
	}
	return rows
}

// Downtime is how long the assets at a place were down.
type Downtime struct {
	LocationID string // empty: assets without a place
	Minutes    decimal.Decimal
}

// DowntimeByLocation adds up the downtime that began from the first of the
// months to the last, by where each asset is now, longest first and places of
// equal downtime by id.
func DowntimeByLocation(downtime []assets.MonthlyDowntime, dimension []reporting.AssetDimension, months []time.Time) []Downtime {
	place := map[string]string{}
	for _, a := range dimension {
		if a.LocationID != nil {
			place[a.AssetID] = *a.LocationID
		}
	}
	sums := map[string]decimal.Decimal{}
	for _, d := range downtime {
		start := time.Date(d.MonthStart.Year, d.MonthStart.Month, 1, 0, 0, 0, 0, time.UTC)
		if d.DowntimeMinutes == nil || !slices.ContainsFunc(months, start.Equal) {
			continue
		}
		id := place[d.AssetID]
		sums[id] = sums[id].Add(*d.DowntimeMinutes)
	}
	rows := make([]Downtime, 0, len(sums))
	for id, minutes := range sums {
		rows = append(rows, Downtime{LocationID: id, Minutes: minutes})
	}
	slices.SortFunc(rows, func(a, b Downtime) int {
		return cmp.Or(b.Minutes.Cmp(a.Minutes), cmp.Compare(a.LocationID, b.LocationID))
	})
	return rows
}
