package integration

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// dueSince is a trigger that makes a schedule due at once.
var dueSince = pm.TimeTrigger{IntervalDays: 1, StartDate: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}

func createSchedule(t testing.TB, tn *tenant, p pm.CreateScheduleParams) string {
	t.Helper()
	id, err := tn.PM.CreateSchedule(t.Context(), p)
	require.NoError(t, err)
	return id
}

func getSchedule(t testing.TB, c *workorder.Client, id string) *pm.Schedule {
	t.Helper()
	s, err := c.PM.Schedules.Get(t.Context(), id)
	require.NoError(t, err)
	return s
}

func workOrdersOf(t testing.TB, c *workorder.Client, schedule string) []workorders.WorkOrder {
	t.Helper()
	rows, err := c.WorkOrders.List(t.Context(), query.Where(workorders.WorkOrderCols.PMScheduleID.Eq(schedule)))
	require.NoError(t, err)
	return rows
}

func finish(t testing.TB, c *workorder.Client, workOrder string) {
	t.Helper()
	for _, to := range []string{"assigned", "in_progress"} {
		require.NoError(t, c.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{WorkOrderID: workOrder, ToStatusKey: to}))
	}
	require.NoError(t, c.WorkOrders.Complete(t.Context(), workorders.CompleteWorkOrderParams{WorkOrderID: workOrder}))
}

// daysLater counts days by the calendar, one month at a time.
func daysLater(y, m, d, days int) (int, int, int) {
	length := func(y, m int) int {
		switch m {
		case 2:
			if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
				return 29
			}
			return 28
		case 4, 6, 9, 11:
			return 30
		}
		return 31
	}
	for d += days; d > length(y, m); {
		d -= length(y, m)
		if m++; m > 12 {
			y, m = y+1, 1
		}
	}
	return y, m, d
}

// A year of maintenance: the schedules that came due in it get one work order
// each, the others none.
func TestPMYearOfTimeTriggers(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	asset := makeAsset(t, tn, "Press", "")
	today := time.Now().UTC()
	type plan struct {
		start time.Time
		days  int
	}
	var plans []plan
	for month := range 12 { // the last day of each month of the year that ends now, at another hour and offset each
		last := time.Date(today.Year()-1, today.Month()+time.Month(month)+1, 0, 23, 30, 0, 0, time.FixedZone("", (month-6)*3600))
		plans = append(plans, plan{last, 1}, plan{last, 30}, plan{last, 365})
	}
	plans = append(plans, // around leap days
		plan{time.Date(2024, 2, 28, 0, 0, 0, 0, time.UTC), 1}, plan{time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC), 366},
		plan{time.Date(2023, 2, 28, 23, 59, 59, 0, time.UTC), 1}, plan{time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), 4 * 1461})
	due := map[string]bool{}
	for i, p := range plans {
		id := createSchedule(t, tn, pm.CreateScheduleParams{
			AssetID: asset, Title: fmt.Sprint("plan ", i), Trigger: pm.TimeTrigger{IntervalDays: p.days, StartDate: p.start},
		})
		at := p.start.UTC()
		y, m, d := daysLater(at.Year(), int(at.Month()), at.Day(), p.days)
		want := time.Date(y, time.Month(m), d, at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
		require.True(t, want.Equal(*getSchedule(t, tn.Client, id).NextDueDate), "%v and %d days: %v", p.start, p.days, want)
		due[id] = !want.After(today)
	}

	made, err := tn.PM.GenerateDue(t.Context(), pm.GenerateDueParams{})
	byJob := err != nil
	if byJob { // the platform's job, which is for all tenants, ran before all schedules were there
		require.ErrorIs(t, err, workorder.ErrConflict)
		_, err = stack.ServiceClient(t).PM.ProcessDueGeneration(t.Context(), 0)
		require.NoError(t, err)
	}
	count := 0
	for id, isDue := range due {
		orders := workOrdersOf(t, tn.Client, id)
		if !isDue {
			require.Empty(t, orders)
			continue
		}
		count++
		require.Len(t, orders, 1)
		require.Equal(t, "preventive_time", *orders[0].MaintenanceType)
		require.Equal(t, asset, *orders[0].AssetID)
	}
	if !byJob {
		require.Equal(t, count, made)
	}
	rows, err := tn.PM.Due.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, count, rows, "generating does not move a schedule on")
}

func TestPMUsageOverAYear(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	asset := makeAsset(t, tn, "Press", "")
	meter, err := tn.Meters.Create(t.Context(), pm.CreateMeterParams{AssetID: asset, Type: pm.MeterRuntimeHours, Name: "Hours", Unit: "h"})
	require.NoError(t, err)
	every := dec("500")
	schedule := createSchedule(t, tn, pm.CreateScheduleParams{AssetID: asset, Title: "Service", Trigger: pm.UsageTrigger{MeterID: meter, Threshold: every}})

	// 7.25 hours a day, read each week. The threshold goes up after each service.
	value, threshold, services := dec("0"), every, 0
	for range 52 {
		value = value.Add(dec("50.75"))
		_, err := tn.Meters.RecordReading(t.Context(), pm.RecordReadingParams{MeterID: meter, Value: value})
		require.NoError(t, err)
		if value.Cmp(threshold) >= 0 {
			services++
			threshold = threshold.Add(every)
			require.NoError(t, tn.PM.UpdateSchedule(t.Context(), pm.UpdateScheduleParams{
				PMScheduleID: schedule, Trigger: pm.UsageTrigger{MeterID: meter, Threshold: threshold},
			}))
		}
		require.Len(t, workOrdersOf(t, tn.Client, schedule), services, "at %s", value)
	}
	require.Equal(t, 5, services, "2639 hours")
	for _, order := range workOrdersOf(t, tn.Client, schedule) {
		require.Equal(t, "preventive_usage", *order.MaintenanceType)
	}
}

func TestPMCompletionMovesTheScheduleOn(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	asset := makeAsset(t, tn, "Press", "")
	template, err := tn.PM.CreateTemplate(t.Context(), pm.CreateTemplateParams{
		Name: "Service", Trigger: pm.ManualTrigger{}, WorkOrder: pm.WorkOrderTexts{Title: "From the template", Priority: "high"},
		Checklist: []pm.ChecklistEntry{{Description: "Oil", Required: true}, {Description: "Belt"}},
	})
	require.NoError(t, err)
	items, err := tn.PM.ChecklistItems.List(t.Context(), query.Where(pm.ChecklistItemCols.TemplateID.Eq(template)))
	require.NoError(t, err)
	require.Len(t, items, 2)
	require.Equal(t, "Belt", items[1].Description)

	schedule := createSchedule(t, tn, pm.CreateScheduleParams{AssetID: asset, Title: "S", TemplateID: template, Trigger: dueSince})
	for view, n := range map[string]func() (int64, error){
		"due":     func() (int64, error) { return tn.PM.Due.Count(t.Context()) },
		"overdue": func() (int64, error) { return tn.PM.Overdue.Count(t.Context()) },
	} {
		rows, err := n()
		require.NoError(t, err)
		require.EqualValues(t, 1, rows, view)
	}
	if _, err = tn.PM.GenerateDue(t.Context(), pm.GenerateDueParams{}); err != nil {
		require.ErrorIs(t, err, workorder.ErrConflict)
	}
	orders := workOrdersOf(t, tn.Client, schedule)
	require.Len(t, orders, 1)
	require.Equal(t, "From the template", orders[0].Title)
	require.Equal(t, "high", orders[0].Priority)
	require.Equal(t, orders[0].ID, *getSchedule(t, tn.Client, schedule).LastWorkOrderID)

	_, err = tn.PM.GenerateDue(t.Context(), pm.GenerateDueParams{})
	require.ErrorIs(t, err, workorder.ErrConflict, "the work order is open")
	require.ErrorContains(t, err, orders[0].ID)
	require.Len(t, workOrdersOf(t, tn.Client, schedule), 1)

	finish(t, tn.Client, orders[0].ID)
	s := getSchedule(t, tn.Client, schedule)
	require.Equal(t, 1, s.CompletionCount)
	require.Equal(t, 24*time.Hour, s.NextDueDate.Sub(*s.LastCompletedAt))
	history, err := tn.PM.History.List(t.Context())
	require.NoError(t, err)
	require.Len(t, history, 1)
	require.Equal(t, orders[0].ID, *history[0].WorkOrderID)
	require.True(t, history[0].ScheduledDate.Equal(dueSince.StartDate.AddDate(0, 0, 1)))
	made, err := tn.PM.GenerateDue(t.Context(), pm.GenerateDueParams{})
	require.NoError(t, err)
	require.Zero(t, made)
	upcoming, err := tn.PM.Upcoming.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, upcoming)
	_, err = tn.PM.TriggerManual(t.Context(), pm.TriggerManualParams{PMScheduleID: schedule})
	requireError(t, err, workorder.ErrInvalidInput, "23514")
}

func TestPMSchedulesOfEveryTrigger(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	asset := makeAsset(t, tn, "Press", "")
	meter, err := tn.Meters.Create(t.Context(), pm.CreateMeterParams{AssetID: asset, Type: pm.MeterCycles, Name: "N", Unit: "n"})
	require.NoError(t, err)
	equal := cmp.Options{cmp.Comparer(decimal.Decimal.Equal), cmp.Comparer(time.Time.Equal)}
	for _, trigger := range []pm.Trigger{
		pm.TimeTrigger{IntervalDays: 30},
		pm.TimeTrigger{IntervalDays: 7, StartDate: time.Date(2031, 2, 3, 4, 5, 6, 7000, time.FixedZone("", -3600))},
		pm.UsageTrigger{MeterID: meter, Threshold: dec("12345678901234567.000001")},
		pm.CalendarTrigger{Pattern: pm.PatternQuarterly, DayOfMonth: 31},
		pm.ConditionTrigger{IntegrationID: "i", Operator: pm.NotEquals, Threshold: dec("-0.5")},
		pm.ManualTrigger{},
	} {
		id := createSchedule(t, tn, pm.CreateScheduleParams{AssetID: asset, Title: fmt.Sprintf("%#v", trigger), Trigger: trigger})
		s := getSchedule(t, tn.Client, id)
		require.True(t, s.AutoGenerate)
		require.Equal(t, trigger.Type() == pm.TriggerTime, s.NextDueDate != nil)
		got, err := pm.ParseTrigger(s.TriggerType, s.TriggerConfig)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(trigger, got, equal))
	}
	_, err = tn.PM.CreateSchedule(t.Context(), pm.CreateScheduleParams{AssetID: asset, Title: "x", Trigger: pm.UsageTrigger{MeterID: unknownID, Threshold: dec("1")}})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	_, err = tn.PM.CreateSchedule(t.Context(), pm.CreateScheduleParams{AssetID: unknownID, Title: "x", Trigger: pm.ManualTrigger{}})
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	_, err = tn.PM.CreateSchedule(t.Context(), pm.CreateScheduleParams{AssetID: asset, Title: "x", Trigger: pm.ManualTrigger{}, WorkOrder: pm.WorkOrderTexts{Priority: "zz"}})
	requireError(t, err, workorder.ErrInvalidReference, "23503")

	manual := createSchedule(t, tn, pm.CreateScheduleParams{AssetID: asset, Title: "again", Trigger: pm.ManualTrigger{}})
	require.NoError(t, tn.PM.DeleteSchedule(t.Context(), pm.DeleteScheduleParams{PMScheduleID: manual}))
	require.NoError(t, tn.PM.DeleteSchedule(t.Context(), pm.DeleteScheduleParams{PMScheduleID: manual}))
	require.False(t, getSchedule(t, tn.Client, manual).IsActive)
	_, err = tn.PM.TriggerManual(t.Context(), pm.TriggerManualParams{PMScheduleID: manual})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	_, err = tn.PM.CreateSchedule(t.Context(), pm.CreateScheduleParams{AssetID: asset, Title: "again", Trigger: pm.ManualTrigger{}})
	requireError(t, err, workorder.ErrConflict, "23505")
}

func TestPMDependencies(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	asset := makeAsset(t, tn, "Press", "")
	first := createSchedule(t, tn, pm.CreateScheduleParams{AssetID: asset, Title: "first", Trigger: pm.TimeTrigger{IntervalDays: 9}})
	after := createSchedule(t, tn, pm.CreateScheduleParams{AssetID: asset, Title: "after", Trigger: pm.ManualTrigger{}})
	before := createSchedule(t, tn, pm.CreateScheduleParams{AssetID: asset, Title: "before", Trigger: pm.ManualTrigger{}})
	depend := func(a, b string, kind pm.DependencyType) error {
		_, err := tn.PM.CreateDependency(t.Context(), pm.CreateDependencyParams{PMScheduleID: a, DependsOnPMID: b, Type: kind})
		return err
	}
	trigger := func(id string) error {
		_, err := tn.PM.TriggerManual(t.Context(), pm.TriggerManualParams{PMScheduleID: id})
		return err
	}
	require.NoError(t, depend(after, first, ""))
	require.NoError(t, depend(before, first, pm.DependencyBefore))
	requireError(t, depend(after, first, pm.DependencyBefore), workorder.ErrConflict, "23505")
	requireError(t, depend(after, after, ""), workorder.ErrInvalidReference, "23503")
	requireError(t, depend(after, unknownID, ""), workorder.ErrRuleViolation, "P0001")
	requireError(t, depend(after, makePMSchedule(t, other, pm.ManualTrigger{}), ""), workorder.ErrPermissionDenied, "42501")
	requireError(t, tn.PM.DeleteSchedule(t.Context(), pm.DeleteScheduleParams{PMScheduleID: first}), workorder.ErrInvalidReference, "23503")

	requireError(t, trigger(after), workorder.ErrInvalidReference, "23503")
	require.NoError(t, trigger(before))
	order, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", PMScheduleID: first})
	require.NoError(t, err)
	finish(t, tn.Client, order)
	require.NoError(t, trigger(after))
	requireError(t, trigger(before), workorder.ErrInvalidReference, "23503")
}

func TestOneWorkOrderFor64Callers(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	schedule := makePMSchedule(t, tn, dueSince)
	var wg sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for range 64 {
		wg.Go(func() {
			n, err := tn.PM.GenerateDue(t.Context(), pm.GenerateDueParams{})
			mu.Lock()
			defer mu.Unlock()
			made += n
			if err != nil && !strings.Contains(err.Error(), "open work order") {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, made, 1, "none when the platform's job came first")
	require.Len(t, workOrdersOf(t, tn.Client, schedule), 1)
}

// Each caller has a client, and so connections, of its own; half of them are
// another user's.
func TestOneWorkOrderFor64Clients(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	schedule := makePMSchedule(t, tn, dueSince)
	tokens := []string{tn.Admin.JWT(t, tn.ID), tn.Member(t, "manager").JWT(t, tn.ID)}
	var wg sync.WaitGroup
	var made atomic.Int64
	for i := range 64 {
		c := stack.Client(t).AsUser(tokens[i%2])
		wg.Go(func() {
			n, err := c.PM.GenerateDue(t.Context(), pm.GenerateDueParams{})
			made.Add(int64(n))
			if err != nil && !strings.Contains(err.Error(), "open work order") {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, made.Load(), int64(1), "none when the platform's job came first")
	require.Len(t, workOrdersOf(t, tn.Client, schedule), 1)
}

// A manual trigger makes a work order each time, and loses none.
func TestManualTriggersOf64Clients(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	schedule := makePMSchedule(t, tn, pm.ManualTrigger{})
	tokens := []string{tn.Admin.JWT(t, tn.ID), tn.Member(t, "manager").JWT(t, tn.ID)}
	made := make([]string, 64)
	var wg sync.WaitGroup
	for i := range made {
		c := stack.Client(t).AsUser(tokens[i%2])
		wg.Go(func() {
			var err error
			if made[i], err = c.PM.TriggerManual(t.Context(), pm.TriggerManualParams{PMScheduleID: schedule}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var stored []string
	for _, row := range workOrdersOf(t, tn.Client, schedule) {
		stored = append(stored, row.ID)
	}
	require.ElementsMatch(t, made, stored)
	require.Contains(t, made, *getSchedule(t, tn.Client, schedule).LastWorkOrderID)
}

func TestGenerationLooksAtTheTenantOfTheToken(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t)
	schedule := makePMSchedule(t, b, dueSince)
	c := stack.Client(t).AsUser(u.JWT(t, a.ID))
	_, err := c.PM.GenerateDue(t.Context(), pm.GenerateDueParams{TenantID: b.ID})
	require.ErrorIs(t, err, workorder.ErrTenantMismatch)
	_, err = c.PM.GenerateDue(t.Context(), pm.GenerateDueParams{TenantID: b.ID, Repeat: true})
	require.NoError(t, err)
	require.NotEmpty(t, workOrdersOf(t, b.Client, schedule))
}

// Reads need membership, writes a permission of their own.
func TestRolesAndPMWrites(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	asset := makeAsset(t, tn, "Press", "")
	template, err := tn.PM.CreateTemplate(t.Context(), pm.CreateTemplateParams{Name: "T", Trigger: pm.ManualTrigger{}})
	require.NoError(t, err)
	manual := createSchedule(t, tn, pm.CreateScheduleParams{AssetID: asset, Title: "S", Trigger: pm.ManualTrigger{}})
	meter, err := tn.Meters.Create(t.Context(), pm.CreateMeterParams{AssetID: asset, Type: pm.MeterCustom, Name: "M", Unit: "u", ReadingDirection: pm.Reset})
	require.NoError(t, err)
	project := makeProject(t, tn, "P")

	n := 0
	name := func() string { n++; return fmt.Sprint("n", n) }
	writes := []struct {
		name  string
		roles string // that may, besides admin
		do    func(ctx context.Context, c *workorder.Client) error
	}{
		{"PM.CreateTemplate", "", func(ctx context.Context, c *workorder.Client) error {
			_, err := c.PM.CreateTemplate(ctx, pm.CreateTemplateParams{Name: name(), Trigger: pm.ManualTrigger{}})
			return err
		}},
		{"PM.UpdateTemplate", "", func(ctx context.Context, c *workorder.Client) error {
			return c.PM.UpdateTemplate(ctx, pm.UpdateTemplateParams{TemplateID: template, Name: new(name())})
		}},
		{"PM.CreateSchedule", "manager", func(ctx context.Context, c *workorder.Client) error {
			_, err := c.PM.CreateSchedule(ctx, pm.CreateScheduleParams{AssetID: asset, Title: name(), Trigger: pm.ManualTrigger{}})
			return err
		}},
		{"PM.UpdateSchedule", "manager", func(ctx context.Context, c *workorder.Client) error {
			return c.PM.UpdateSchedule(ctx, pm.UpdateScheduleParams{PMScheduleID: manual, Title: new(name())})
		}},
		{"PM.TriggerManual", "manager", func(ctx context.Context, c *workorder.Client) error {
			_, err := c.PM.TriggerManual(ctx, pm.TriggerManualParams{PMScheduleID: manual})
			return err
		}},
		{"PM.GenerateDue", "manager", func(ctx context.Context, c *workorder.Client) error {
			_, err := c.PM.GenerateDue(ctx, pm.GenerateDueParams{})
			return err
		}},
		{"PM.CreateDependency", "manager", func(ctx context.Context, c *workorder.Client) error {
			other, err := tn.PM.CreateSchedule(ctx, pm.CreateScheduleParams{AssetID: asset, Title: name(), Trigger: pm.TimeTrigger{IntervalDays: 9}})
			if err == nil {
				_, err = c.PM.CreateDependency(ctx, pm.CreateDependencyParams{PMScheduleID: other, DependsOnPMID: manual})
			}
			return err
		}},
		{"PM.DeleteSchedule", "manager", func(ctx context.Context, c *workorder.Client) error {
			other, err := tn.PM.CreateSchedule(ctx, pm.CreateScheduleParams{AssetID: asset, Title: name(), Trigger: pm.ManualTrigger{}})
			if err == nil {
				err = c.PM.DeleteSchedule(ctx, pm.DeleteScheduleParams{PMScheduleID: other})
			}
			return err
		}},
		{"Meters.Create", "manager", func(ctx context.Context, c *workorder.Client) error {
			_, err := c.Meters.Create(ctx, pm.CreateMeterParams{AssetID: asset, Type: pm.MeterMiles, Name: name(), Unit: "mi"})
			return err
		}},
		{"Meters.Update", "manager", func(ctx context.Context, c *workorder.Client) error {
			return c.Meters.Update(ctx, pm.UpdateMeterParams{MeterID: meter, Description: new(name())})
		}},
		{"Meters.RecordReading", "manager", func(ctx context.Context, c *workorder.Client) error {
			_, err := c.Meters.RecordReading(ctx, pm.RecordReadingParams{MeterID: meter, Value: dec("1")})
			return err
		}},
		{"Meters.Delete", "manager", func(ctx context.Context, c *workorder.Client) error {
			return c.Meters.Delete(ctx, pm.DeleteMeterParams{MeterID: meter})
		}},
		{"Projects.Create", "", func(ctx context.Context, c *workorder.Client) error {
			_, err := c.Projects.Create(ctx, workorders.CreateProjectParams{Name: name()})
			return err
		}},
		{"Projects.Update", "", func(ctx context.Context, c *workorder.Client) error {
			return c.Projects.Update(ctx, workorders.UpdateProjectParams{ProjectID: project, Name: new(name())})
		}},
		{"Projects.Delete", "", func(ctx context.Context, c *workorder.Client) error {
			other, err := tn.Projects.Create(ctx, workorders.CreateProjectParams{Name: name()})
			if err == nil {
				err = c.Projects.Delete(ctx, workorders.DeleteProjectParams{ProjectID: other})
			}
			return err
		}},
	}
	tried := map[string]bool{
		"PM.ProcessDueGeneration": true, // the platform refuses nobody, other deployments may
		"Meters.RecordAutomated":  true, // as little
		"Meters.Ingest":           true, // by a key, whoever has it: TestIngestWithATenantKey
	}
	for _, w := range writes {
		tried[w.name] = true
	}
	services := servicesOf(tn.Client, "pm")
	services["Projects"] = servicesOf(tn.Client, "workorders")["Projects"]
	require.Empty(t, untried(services, tried))

	for _, role := range []string{"admin", "manager", "technician", "member", "requestor"} {
		member := tn.Member(t, role)
		for _, w := range writes {
			err := w.do(t.Context(), member.Client)
			if role == "admin" || strings.Contains(w.roles, role) {
				require.NoError(t, err, "%s by %s", w.name, role)
			} else {
				requireError(t, err, workorder.ErrPermissionDenied, "42501")
			}
		}
		_, err := member.PM.Schedules.Get(t.Context(), manual)
		require.NoError(t, err, "%s reads", role)
	}
}

// No view shows the rows of another tenant, and nothing of it can be written.
func TestPMIsOfTheTenant(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	asset := makeAsset(t, tn, "Press", "")
	template, err := tn.PM.CreateTemplate(t.Context(), pm.CreateTemplateParams{Name: "T", Trigger: pm.ManualTrigger{}, Checklist: []pm.ChecklistEntry{{Description: "c"}}})
	require.NoError(t, err)
	schedule := createSchedule(t, tn, pm.CreateScheduleParams{AssetID: asset, Title: "S", Trigger: dueSince, AutoGenerate: new(false)})
	createSchedule(t, tn, pm.CreateScheduleParams{AssetID: asset, Title: "soon", Trigger: pm.TimeTrigger{IntervalDays: 3}})
	meter, err := tn.Meters.Create(t.Context(), pm.CreateMeterParams{AssetID: asset, Type: pm.MeterCustom, Name: "M", Unit: "u"})
	require.NoError(t, err)
	_, err = tn.Meters.RecordReading(t.Context(), pm.RecordReadingParams{MeterID: meter, Value: dec("1")})
	require.NoError(t, err)
	project := makeProject(t, tn, "P")

	views := func(c *workorder.Client) map[string]func(context.Context, ...query.Option) (int64, error) {
		return map[string]func(context.Context, ...query.Option) (int64, error){
			"templates": c.PM.Templates.Count, "items": c.PM.ChecklistItems.Count, "schedules": c.PM.Schedules.Count,
			"summaries": c.PM.ScheduleSummaries.Count, "due": c.PM.Due.Count, "overdue": c.PM.Overdue.Count,
			"upcoming": c.PM.Upcoming.Count, "history": c.PM.History.Count, "meters": c.Meters.Count,
			"readings": c.Meters.Readings.Count, "projects": c.Projects.Count,
		}
	}
	order, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", PMScheduleID: schedule})
	require.NoError(t, err)
	// Before the completion, or the schedule would be due no more.
	for name, count := range views(tn.Client) {
		if name == "history" {
			continue
		}
		n, err := count(t.Context())
		require.NoError(t, err)
		require.Positive(t, n, name)
	}
	finish(t, tn.Client, order)
	n, err := tn.PM.History.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	for name, count := range views(other.Client) {
		n, err := count(t.Context())
		require.NoError(t, err)
		require.Zero(t, n, name)
	}
	for name, err := range map[string]error{
		"template": other.PM.UpdateTemplate(t.Context(), pm.UpdateTemplateParams{TemplateID: template, Name: new("x")}),
		"schedule": other.PM.UpdateSchedule(t.Context(), pm.UpdateScheduleParams{PMScheduleID: schedule, Title: new("x")}),
		"delete":   other.PM.DeleteSchedule(t.Context(), pm.DeleteScheduleParams{PMScheduleID: schedule}),
		"meter":    other.Meters.Delete(t.Context(), pm.DeleteMeterParams{MeterID: meter}),
	} {
		require.ErrorIs(t, err, workorder.ErrPermissionDenied, name)
	}
	requireError(t, other.Projects.Delete(t.Context(), workorders.DeleteProjectParams{ProjectID: project}), workorder.ErrRuleViolation, "P0001")
}

func TestProjects(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id, err := tn.Projects.Create(t.Context(), workorders.CreateProjectParams{Name: "  P1  ", Code: " C1 ", Description: " "})
	require.NoError(t, err)
	project, err := tn.Projects.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "P1", project.Name)
	require.Equal(t, "C1", *project.Code)
	require.Nil(t, project.Description)
	_, err = tn.Projects.Create(t.Context(), workorders.CreateProjectParams{Name: "P2", Code: "C1"})
	requireError(t, err, workorder.ErrConflict, "23505")
	_, err = tn.Projects.Create(t.Context(), workorders.CreateProjectParams{Name: "P2", Code: "C 1"})
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	require.NoError(t, tn.Projects.Update(t.Context(), workorders.UpdateProjectParams{ProjectID: id, Name: new(""), Code: new("")}))
	project, err = tn.Projects.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "P1", project.Name)
	require.Nil(t, project.Code)
	requireError(t, tn.Projects.Update(t.Context(), workorders.UpdateProjectParams{ProjectID: unknownID}), workorder.ErrRuleViolation, "P0001")

	order, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", ProjectID: id})
	require.NoError(t, err)
	rows, err := tn.WorkOrders.List(t.Context(), query.Where(workorders.WorkOrderCols.ProjectID.Eq(id)))
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.NoError(t, tn.Projects.Delete(t.Context(), workorders.DeleteProjectParams{ProjectID: id}))
	require.Nil(t, getWorkOrder(t, tn.Client, order).ProjectID)
}
