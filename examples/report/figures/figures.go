// Package figures computes what a maintenance report shows from the facts of
// the schema reporting. It asks no server. Months are those of UTC, as in the
// views of the platform.
package figures

import (
	"cmp"
	"slices"
	"time"

	"github.com/workorder-systems/sdk-go/reporting"
)

// Order is a work order as the backlog needs it. The facts have no due date;
// it comes from the work orders themselves.
type Order struct {
	reporting.WorkOrderFact
	DueDate *time.Time
}

// Months returns the first instants of the n months that end with the one of
// last.
func Months(last time.Time, n int) []time.Time {
	last = last.UTC()
	months := make([]time.Time, n)
	for i := range months {
		months[i] = time.Date(last.Year(), last.Month()-time.Month(n-1-i), 1, 0, 0, 0, 0, time.UTC)
	}
	return months
}

// Backlog is what was open at an instant.
type Backlog struct {
	At         time.Time
	Open       int
	Overdue    int
	ByPriority map[string]int
	ByAge      [4]int // up to 7, 30 and 90 days, and older
}

// BacklogAt counts the orders that were created at or before the instant and
// neither completed nor cancelled by then. Overdue goes by the due date that
// an order has now, for the platform keeps no earlier ones.
func BacklogAt(orders []Order, at time.Time) Backlog {
	b := Backlog{At: at, ByPriority: map[string]int{}}
	for _, o := range orders {
		if o.CreatedAt.After(at) || closedBy(o, at) {
			continue
		}
		b.Open++
		b.ByPriority[o.Priority]++
		if o.DueDate != nil && o.DueDate.Before(at) {
			b.Overdue++
		}
		const day = 24 * time.Hour
		switch age := at.Sub(o.CreatedAt); {
		case age <= 7*day:
			b.ByAge[0]++
		case age <= 30*day:
			b.ByAge[1]++
		case age <= 90*day:
			b.ByAge[2]++
		default:
			b.ByAge[3]++
		}
	}
	return b
}

// closedBy goes by the status first: an order that was opened again keeps the
// time of its completion.
func closedBy(o Order, at time.Time) bool {
	closed := o.Status == "completed" || o.Status == "cancelled"
	return closed && o.CompletedAt != nil && !o.CompletedAt.After(at)
}

// Mean is the mean of a month; without a count there is none to show.
type Mean struct {
	Month time.Time
	Count int
	Hours float64
}

// MTTR is the mean time from creation to completion of what was completed in
// each month. Cancelled orders do not count.
func MTTR(facts []reporting.WorkOrderFact, months []time.Time) []Mean {
	means := newMeans(months)
	for _, f := range facts {
		if f.Status == "completed" && f.CompletedAt != nil {
			means.add(*f.CompletedAt, f.CompletedAt.Sub(f.CreatedAt))
		}
	}
	return means.done()
}

// MTBF is the mean time between two failures of one asset that follow each
// other, counted in the month of the later one. As in kpi_mtbf, a failure is
// when an incident was completed; one without an asset does not count, nor do
// two at the same instant.
func MTBF(incidents []reporting.DowntimeIncidentFact, months []time.Time) []Mean {
	failures := map[string][]time.Time{}
	for _, f := range incidents {
		if f.AssetID != nil {
			failures[*f.AssetID] = append(failures[*f.AssetID], f.CompletedAt)
		}
	}
	means := newMeans(months)
	for _, at := range failures {
		slices.SortFunc(at, time.Time.Compare)
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap > 0 {
				means.add(at[i], gap)
			}
		}
	}
	return means.done()
}

type means struct {
	rows []Mean
	sums []time.Duration
}

func newMeans(months []time.Time) *means {
	m := &means{rows: make([]Mean, len(months)), sums: make([]time.Duration, len(months))}
	for i, month := range months {
		m.rows[i].Month = month
	}
	return m
}

func (m *means) add(at time.Time, d time.Duration) {
	for i, row := range m.rows {
		if !at.Before(row.Month) && at.Before(row.Month.AddDate(0, 1, 0)) {
			m.rows[i].Count++
			m.sums[i] += d
		}
	}
}

func (m *means) done() []Mean {
	for i, row := range m.rows {
		if row.Count > 0 {
			m.rows[i].Hours = m.sums[i].Hours() / float64(row.Count)
		}
	}
	return m.rows
}

// TopCosts returns the n assets that cost most, dearest first, those of equal
// cost by id. Assets that cost nothing are left out.
func TopCosts(costs []reporting.AssetCost, n int) []reporting.AssetCost {
	top := slices.DeleteFunc(slices.Clone(costs), func(c reporting.AssetCost) bool { return cents(c) == 0 })
	slices.SortFunc(top, func(a, b reporting.AssetCost) int {
		return cmp.Or(cmp.Compare(cents(b), cents(a)), cmp.Compare(a.AssetID, b.AssetID))
	})
	return top[:min(n, len(top))]
}

func cents(c reporting.AssetCost) int64 {
	if c.TotalCents == nil {
		return 0
	}
	return *c.TotalCents
}
