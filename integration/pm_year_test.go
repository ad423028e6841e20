package integration

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// maintenance is a schedule and what a planner with a calendar on the wall
// expects of it. Days count from the beginning of the year.
type maintenance struct {
	id, name  string
	every     int     // days
	due       float64 // the day, with its part that has gone by
	lag       int     // days until somebody does the work
	off       bool
	after     *maintenance // must have been done once
	before    *maintenance // must never have been done
	done      int
	doneOn    int
	open      []int // days on which the work orders were made that nobody has done yet
	threshold decimal.Decimal
}

func (m *maintenance) isDue(day int) bool {
	return !m.off && m.every > 0 && m.due <= float64(day) &&
		(m.after == nil || m.after.done > 0) && (m.before == nil || m.before.done == 0)
}

// pmEvent is a work order, or the end of one, of a schedule.
type pmEvent struct {
	Name      string
	Day       int
	Scheduled float64 // of the end of a work order, the day when the schedule was due
}

// pmYear is a tenant whose clock is moved.
type pmYear struct {
	*tenant
	conn  *pgx.Conn
	began time.Time
	day   int

	plan      []*maintenance
	made      []pmEvent // expected work orders
	completed []pmEvent // expected history
}

// Pass lets days go by: what has happened so far is that much longer ago.
func (y *pmYear) Pass(t testing.TB, days int) {
	t.Helper()
	tx, err := y.conn.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `set local session_replication_role = replica`) // no trigger takes it for work
	require.NoError(t, err)
	for _, rows := range []string{
		`pm_schedules set created_at = created_at - $2::interval, next_due_date = next_due_date - $2::interval, last_completed_at = last_completed_at - $2::interval`,
		`work_orders set created_at = created_at - $2::interval, completed_at = completed_at - $2::interval`,
		`pm_history set created_at = created_at - $2::interval, scheduled_date = scheduled_date - $2::interval, completed_date = completed_date - $2::interval`,
		`meters set last_reading_date = last_reading_date - $2::interval`,
		`meter_readings set created_at = created_at - $2::interval, reading_date = reading_date - $2::interval`,
	} {
		_, err = tx.Exec(t.Context(), `update app.`+rows+` where tenant_id = $1`, y.ID, time.Duration(days)*24*time.Hour)
		require.NoError(t, err, rows)
	}
	_, err = tx.Exec(t.Context(), `delete from authz.rate_limit_counters where tenant_id = $1`, y.ID)
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context()))
	y.day += days
}

// At is the day on which something was, in the year that goes by.
func (y *pmYear) At(at time.Time) float64 {
	return at.Sub(y.began).Hours()/24 + float64(y.day)
}

// Plan makes a schedule that is first due a number of days after the day from.
func (y *pmYear) Plan(t testing.TB, asset string, m *maintenance, from time.Time) {
	t.Helper()
	at := from.UTC()
	year, month, day := daysLater(at.Year(), int(at.Month()), at.Day(), m.every)
	due := time.Date(year, time.Month(month), day, at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
	m.due = y.At(due)
	m.id = createSchedule(t, y.tenant, pm.CreateScheduleParams{
		AssetID: asset, Title: m.name, Trigger: pm.TimeTrigger{IntervalDays: m.every, StartDate: from},
	})
	require.True(t, due.Equal(*getSchedule(t, y.Client, m.id).NextDueDate), "%s: %v", m.name, due)
	y.plan = append(y.plan, m)
}

func (y *pmYear) depend(t testing.TB, m, on *maintenance, kind pm.DependencyType) {
	t.Helper()
	_, err := y.PM.CreateDependency(t.Context(), pm.CreateDependencyParams{PMScheduleID: m.id, DependsOnPMID: on.id, Type: kind})
	require.NoError(t, err)
}

func (y *pmYear) expect(m *maintenance) {
	m.open = append(m.open, y.day)
	y.made = append(y.made, pmEvent{Name: m.name, Day: y.day})
}

// Generate makes the work orders of the day: by the caller where none of a
// schedule that is due is open, else by the platform's job.
func (y *pmYear) Generate(t testing.TB, service *workorder.Client) {
	t.Helper()
	open, due := false, 0
	for _, m := range y.plan {
		open = open || !m.off && m.every > 0 && m.due <= float64(y.day) && len(m.open) > 0
		if m.isDue(y.day) && len(m.open) == 0 {
			y.expect(m)
			due++
		}
	}
	made, err := y.PM.GenerateDue(t.Context(), pm.GenerateDueParams{})
	if err == nil {
		require.False(t, open, "day %d: another work order of a schedule with an open one", y.day)
		require.LessOrEqual(t, made, due, "fewer when the platform's job came first")
		return
	}
	require.ErrorIs(t, err, workorder.ErrConflict)
	_, err = service.PM.ProcessDueGeneration(t.Context(), 0)
	require.NoError(t, err)
}

// Do completes a work order of the schedule, or cancels it, which counts the same.
func (y *pmYear) Do(t testing.TB, m *maintenance, workOrder string, made time.Time, cancel bool) {
	t.Helper()
	if cancel {
		require.NoError(t, y.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{WorkOrderID: workOrder, ToStatusKey: "cancelled"}))
	} else {
		finish(t, y.Client, workOrder)
	}
	m.open = slices.DeleteFunc(m.open, func(day int) bool { return day == int(y.At(made)) })
	scheduled := m.due
	if m.every > 0 {
		m.due = float64(y.day + m.every)
	} else {
		scheduled = y.At(made) // it has no due date
	}
	m.done++
	m.doneOn = y.day
	y.completed = append(y.completed, pmEvent{m.name, y.day, scheduled})
}

// Rows are the work orders of all schedules.
func (y *pmYear) Rows(t testing.TB) []workorders.WorkOrder {
	t.Helper()
	rows, err := y.WorkOrders.List(t.Context(), query.Where(workorders.WorkOrderCols.PMScheduleID.NotNull()))
	require.NoError(t, err)
	return rows
}

func requireEvents(t testing.TB, want, got []pmEvent) {
	t.Helper()
	order := func(a, b pmEvent) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Scheduled, b.Scheduled))
	}
	want = slices.Clone(want)
	slices.SortFunc(want, order)
	slices.SortFunc(got, order)
	closeBy := gocmp.Comparer(func(a, b float64) bool { return a-b < 0.01 && b-a < 0.01 }) // the test takes a while, too
	require.Empty(t, gocmp.Diff(want, got, closeBy))
}

// A year of maintenance, day by day: work orders come when they are due, are
// done at once, late, early or never, and the schedules are due again when they
// should be. The planner's list of work orders is the platform's.
func TestPMWholeYear(t *testing.T) {
	t.Parallel()
	y := &pmYear{conn: stack.SQL(t), began: time.Now()}
	service := stack.ServiceClient(t)
	y.tenant = stack.Tenant(t)
	asset := makeAsset(t, y.tenant, "Press", "")

	// From the ends of months, in many zones; never at the time of day that it is now.
	at := func(monthsAgo, hours int) time.Time {
		hour := (y.began.UTC().Hour() + hours) % 24
		last := time.Date(y.began.Year(), y.began.Month()-time.Month(monthsAgo)+1, 0, hour, 30, 0, 0, time.UTC)
		return last.In(time.FixedZone("", (hours-12)*3600))
	}
	daily := &maintenance{name: "daily", every: 1}
	weekly := &maintenance{name: "weekly", every: 7, lag: 2}
	monthly := &maintenance{name: "monthly", every: 31, lag: 9}
	quarterly := &maintenance{name: "quarterly", every: 91}
	yearly := &maintenance{name: "yearly", every: 365, lag: 20}
	cancelled := &maintenance{name: "cancelled", every: 60, lag: 3}
	early := &maintenance{name: "early", every: 50}
	changed := &maintenance{name: "changed", every: 45, lag: 1}
	never := &maintenance{name: "never done", every: 100, lag: 1000}
	afterYearly := &maintenance{name: "after the yearly one", every: 20}
	beforeYearly := &maintenance{name: "before the yearly one", every: 40}
	for i, m := range []*maintenance{daily, weekly, monthly, quarterly, yearly, cancelled, early, changed, never, afterYearly, beforeYearly} {
		y.Plan(t, asset, m, at(i%7, 2*i+2))
	}
	y.depend(t, afterYearly, yearly, pm.DependencyAfter)
	y.depend(t, beforeYearly, yearly, pm.DependencyBefore)
	afterYearly.after, beforeYearly.before = yearly, yearly

	meter, err := y.Meters.Create(t.Context(), pm.CreateMeterParams{AssetID: asset, Type: pm.MeterRuntimeHours, Name: "Hours", Unit: "h"})
	require.NoError(t, err)
	usage := &maintenance{name: "usage", lag: 4, threshold: dec("400.5")}
	usage.id = createSchedule(t, y.tenant, pm.CreateScheduleParams{
		AssetID: asset, Title: usage.name, Trigger: pm.UsageTrigger{MeterID: meter, Threshold: usage.threshold},
	})
	y.plan = append(y.plan, usage)

	names := map[string]*maintenance{}
	for _, m := range y.plan {
		names[m.id] = m
	}
	value := decimal.Zero
	for step := 0; y.day < 366; step++ {
		days := 7 // each day for a while, then in steps that meet no rhythm
		switch {
		case step < 16:
			days = 1
		case step%3 == 0:
			days = 5
		}
		y.Pass(t, days)

		switch step {
		case 8: // done before it was due
			id, err := y.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "by hand", PMScheduleID: early.id})
			require.NoError(t, err)
			y.expect(early)
			y.Do(t, early, id, time.Now(), false)
		case 30: // counts from what was done last
			changed.every = 17
			require.Positive(t, changed.done)
			require.NoError(t, y.PM.UpdateSchedule(t.Context(), pm.UpdateScheduleParams{PMScheduleID: changed.id, Trigger: pm.TimeTrigger{IntervalDays: 17}}))
			changed.due = float64(changed.doneOn + 17)
		case 40, 50: // off for the holidays
			quarterly.off = step == 40
			require.NoError(t, y.PM.UpdateSchedule(t.Context(), pm.UpdateScheduleParams{PMScheduleID: quarterly.id, IsActive: new(step == 50)}))
		}

		value = value.Add(dec("7.25").Mul(decimal.NewFromInt(int64(days))))
		_, err := y.Meters.RecordReading(t.Context(), pm.RecordReadingParams{MeterID: meter, Value: value})
		require.NoError(t, err)
		if value.Cmp(usage.threshold) >= 0 {
			y.expect(usage) // with each reading
		}
		y.Generate(t, service)

		rows := y.Rows(t)
		require.Len(t, rows, len(y.made), "day %d", y.day)
		for _, row := range rows {
			m := names[*row.PMScheduleID]
			if row.CompletedAt == nil && int(y.At(row.CreatedAt))+m.lag <= y.day {
				y.Do(t, m, row.ID, row.CreatedAt, m == cancelled)
				if m == usage && value.Cmp(usage.threshold) >= 0 {
					usage.threshold = value.Add(dec("400.5"))
					require.NoError(t, y.PM.UpdateSchedule(t.Context(), pm.UpdateScheduleParams{
						PMScheduleID: usage.id, Trigger: pm.UsageTrigger{MeterID: meter, Threshold: usage.threshold},
					}))
				}
			}
		}
	}

	var made, completed []pmEvent
	for _, row := range y.Rows(t) {
		made = append(made, pmEvent{Name: names[*row.PMScheduleID].name, Day: int(y.At(row.CreatedAt))})
	}
	requireEvents(t, y.made, made)
	history, err := y.PM.History.List(t.Context())
	require.NoError(t, err)
	for _, h := range history {
		completed = append(completed, pmEvent{names[h.PMScheduleID].name, int(y.At(*h.CompletedDate)), y.At(h.ScheduledDate)})
	}
	requireEvents(t, y.completed, completed)
	for _, m := range y.plan {
		s := getSchedule(t, y.Client, m.id)
		require.Equal(t, m.done, s.CompletionCount, m.name)
		if m.every == 0 {
			require.Nil(t, s.NextDueDate)
			continue
		}
		require.InDelta(t, m.due, y.At(*s.NextDueDate), 0.01, m.name)
		// Something of each kind has happened.
		if m == never {
			require.Len(t, m.open, 1)
		} else {
			require.Positive(t, m.done, m.name)
		}
	}
}
