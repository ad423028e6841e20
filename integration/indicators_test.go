package integration

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/workorders"
)

// seededWork is a work order of a year, which only SQL can make.
type seededWork struct {
	asset, status, priority string
	kind                    *string
	created                 time.Time
	hours                   float64 // to its end, of one that has ended
	due                     *time.Time
	minutes                 []int
}

func (w seededWork) end() time.Time {
	return w.created.Add(time.Duration(w.hours * float64(time.Hour)))
}

func (w seededWork) open() bool { return w.status != "completed" && w.status != "cancelled" }

func (w seededWork) overdue(now time.Time) bool { return w.open() && w.due != nil && w.due.Before(now) }

func monthOf(t time.Time) string { return t.UTC().Format("2006-01") + "-01" }

func mean(of []float64) float64 {
	sum := 0.0
	for _, x := range of {
		sum += x
	}
	return sum / float64(len(of))
}

// TestIndicatorsAreThoseOfTheFacts has work orders on both sides of every limit
// of time, and sums them up in Go.
func TestIndicatorsAreThoseOfTheFacts(t *testing.T) {
	t.Parallel()
	tn, db := stack.Tenant(t), stack.SQL(t)
	ctx := t.Context()
	press, pump := makeAsset(t, tn, "Press", makeLocation(t, tn, "Hall")), makeAsset(t, tn, "Pump", "")
	now := time.Now().UTC().Truncate(time.Millisecond)
	ago := func(d float64) time.Time { return now.Add(-time.Duration(d * 24 * float64(time.Hour))) }
	ended := func(asset, status string, kind *string, at time.Time, hours float64, minutes ...int) seededWork {
		return seededWork{asset, status, "low", kind, at.Add(-time.Duration(hours * float64(time.Hour))), hours, nil, minutes}
	}
	firstOfMonth := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, -1, 0)
	works := []seededWork{
		ended(press, "completed", nil, ago(1), 2, 60, 90),
		ended(press, "completed", nil, ago(29.99), 5),
		ended(press, "completed", nil, ago(30.01), 7, 15),
		ended(press, "completed", nil, ago(89.99), 11),
		ended(press, "completed", nil, ago(90.01), 1000, 30),
		ended(press, "completed", new("corrective"), ago(3), 13), // no failure
		ended(pump, "completed", nil, firstOfMonth.Add(-time.Millisecond), 1),
		ended(pump, "completed", nil, firstOfMonth, 3),
		ended(pump, "completed", nil, firstOfMonth, 4), // at once with another
		ended(pump, "completed", nil, ago(400), 6),     // too long ago for kpi_mttr
		ended("", "completed", nil, ago(2), 8),         // of no asset
		ended(press, "cancelled", nil, ago(2), 50),
		{press, "draft", "high", nil, ago(10), 0, new(ago(1)), nil},
		{press, "assigned", "high", nil, ago(10), 0, new(now.Add(time.Hour)), []int{20}},
		{press, "in_progress", "critical", nil, ago(10), 0, nil, nil},
		{"", "assigned", "high", nil, ago(10), 0, new(ago(0.01)), nil},
		{press, "cancelled", "high", nil, ago(10), 1, new(ago(5)), nil}, // not overdue
	}
	for _, w := range works {
		var asset *string
		if w.asset != "" {
			asset = &w.asset
		}
		var completed *time.Time
		var by *string
		if !w.open() {
			completed, by = new(w.end()), &tn.Admin.ID
		}
		var id string
		require.NoError(t, db.QueryRow(ctx, `insert into app.work_orders (tenant_id, title, status, priority, maintenance_type, asset_id, created_at, completed_at, completed_by, due_date)
			values ($1, 'Work', $2, $3, $4, $5, $6, $7, $8, $9) returning id`,
			tn.ID, w.status, w.priority, w.kind, asset, w.created, completed, by, w.due).Scan(&id))
		for _, m := range w.minutes {
			_, err := tn.WorkOrders.LogTime(ctx, workorders.LogTimeParams{WorkOrderID: id, Minutes: m})
			require.NoError(t, err)
		}
	}

	t.Run("dashboard", func(t *testing.T) {
		var open, overdue, last30 int64
		var hours, labor []float64
		for _, w := range works {
			if w.open() {
				open++
			}
			if w.overdue(now) {
				overdue++
			}
			if w.status != "completed" {
				continue
			}
			if w.end().After(ago(30)) {
				last30++
			}
			if w.end().After(ago(90)) {
				hours = append(hours, w.hours)
				if len(w.minutes) > 0 {
					sum := 0
					for _, m := range w.minutes {
						sum += m
					}
					labor = append(labor, float64(sum))
				}
			}
		}
		m := list(t, tn.Dashboard.Metrics.List)[0]
		require.Equal(t, []int64{open, overdue, last30}, []int64{m.OpenCount, m.OverdueCount, m.CompletedLast30Days})
		require.InDelta(t, mean(hours), m.MTTRHours.InexactFloat64(), 1e-4)
		r := list(t, tn.Dashboard.MTTRMetrics.List)[0]
		require.EqualValues(t, len(hours), r.CompletedCount)
		slices.Sort(hours)
		require.InDelta(t, hours[0], r.MinCompletionHours.InexactFloat64(), 1e-4)
		require.InDelta(t, hours[len(hours)-1], r.MaxCompletionHours.InexactFloat64(), 1e-4)
		require.InDelta(t, (hours[(len(hours)-1)/2]+hours[len(hours)/2])/2, *r.MedianCompletionHours, 1e-4)
		require.InDelta(t, mean(labor), r.AvgLaborMinutes.InexactFloat64(), 1e-4)
		require.InDelta(t, mean(labor)*float64(len(labor)), r.TotalLaborMinutes.InexactFloat64(), 1e-4)
	})

	type group struct{ asset, month string }
	key := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	t.Run("MTTR", func(t *testing.T) {
		want, got := map[group][]float64{}, map[group]bool{}
		for _, w := range works {
			if w.status == "completed" && !w.end().Before(ago(365).Truncate(24*time.Hour)) {
				g := group{w.asset, monthOf(w.end())}
				want[g] = append(want[g], w.hours)
			}
		}
		for _, row := range list(t, tn.Analytics.MTTR.List) {
			g := group{key(row.AssetID), row.PeriodMonth.String()}
			require.False(t, got[g], "one row for %v", g)
			got[g] = true
			require.EqualValues(t, len(want[g]), row.CompletedCount, g)
			require.InDelta(t, mean(want[g]), row.MTTRHours.InexactFloat64(), 1e-4, g)
			require.InDelta(t, mean(want[g])/24, row.MTTRDays.InexactFloat64(), 1e-4, g)
		}
		require.Len(t, got, len(want))
	})

	t.Run("MTBF", func(t *testing.T) {
		failures := map[string][]time.Time{}
		for _, w := range works {
			if w.status == "completed" && w.kind == nil && w.asset != "" {
				failures[w.asset] = append(failures[w.asset], w.end())
			}
		}
		rows := list(t, tn.Analytics.MTBF.List)
		require.Len(t, rows, len(failures))
		for _, row := range rows {
			at := failures[row.AssetID]
			slices.SortFunc(at, time.Time.Compare)
			var gaps []float64
			for i := 1; i < len(at); i++ {
				if gap := at[i].Sub(at[i-1]); gap > 0 {
					gaps = append(gaps, gap.Hours())
				}
			}
			require.EqualValues(t, len(gaps), row.FailureCount)
			require.InDelta(t, mean(gaps), row.MTBFHours.InexactFloat64(), 1e-3)
			require.InDelta(t, mean(gaps)/24, row.MTBFDays.InexactFloat64(), 1e-4)
		}
	})

	t.Run("backlog", func(t *testing.T) {
		type group struct {
			atSite   bool // of the press
			priority string
		}
		want, got := map[group][2]int64{}, map[group][2]int64{}
		for _, w := range works {
			if n := want[group{w.asset == press, w.priority}]; w.open() {
				n[0]++
				if w.overdue(now) {
					n[1]++
				}
				want[group{w.asset == press, w.priority}] = n
			}
		}
		for _, row := range list(t, tn.Analytics.Backlog.List) {
			got[group{row.SiteID != nil, row.Priority}] = [2]int64{row.OpenCount, row.OverdueCount}
		}
		require.Equal(t, want, got)
	})

	// What an asset leaves behind when it goes.
	require.NoError(t, tn.Assets.Delete(ctx, assets.DeleteAssetParams{AssetID: pump}))
	for _, row := range list(t, tn.Analytics.MTBF.List) {
		require.Equal(t, press, row.AssetID, "the row of the pump is gone")
	}
	facts := 0
	for _, row := range list(t, tn.Analytics.WorkOrders.List) {
		if row.AssetID == nil {
			facts++
		}
	}
	require.Equal(t, 6, facts, "its work orders are not")
}

func TestPMComplianceIsThatOfTheHistory(t *testing.T) {
	t.Parallel()
	tn, db := stack.Tenant(t), stack.SQL(t)
	schedule := makePMSchedule(t, tn, pm.ManualTrigger{})
	day := time.Date(2026, 1, 31, 23, 30, 0, 0, time.UTC)
	for _, h := range []struct {
		due       time.Time
		completed *time.Time
	}{
		{day, new(day.AddDate(0, 0, 7).Add(29 * time.Minute))}, // the seventh day, its last minute
		{day, new(day.AddDate(0, 0, 7).Add(30 * time.Minute))}, // the eighth
		{day, nil},
		{day.Add(30 * time.Minute), nil}, // the next month
	} {
		_, err := db.Exec(t.Context(), `insert into app.pm_history (tenant_id, pm_schedule_id, scheduled_date, completed_date) values ($1, $2, $3, $4)`, tn.ID, schedule, h.due, h.completed)
		require.NoError(t, err)
	}
	got := map[string][3]int64{}
	for _, row := range list(t, tn.Analytics.PMComplianceRates.List) {
		got[row.PeriodMonth.String()] = [3]int64{row.TotalScheduled, row.CompletedCount, row.OnTimeCount}
		if row.CompletedCount == 0 {
			require.Nil(t, row.OnTimePct)
		} else {
			require.InDelta(t, 50, row.OnTimePct.InexactFloat64(), 1e-9, "of what was completed")
		}
	}
	require.Equal(t, map[string][3]int64{"2026-01-01": {3, 2, 1}, "2026-02-01": {1, 0, 0}}, got)
	onTime := map[bool]int{}
	for _, row := range list(t, tn.Analytics.PMCompliance.List) {
		onTime[*row.OnTime]++
	}
	require.Equal(t, map[bool]int{true: 1, false: 3}, onTime)
}
