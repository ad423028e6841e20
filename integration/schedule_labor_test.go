package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

// worker is a technician whose hours, shifts and skills are written through views: no
// function writes them.
type worker struct{ plan }

func newWorker(t testing.TB) worker {
	t.Helper()
	return worker{newPlan(t)}
}

// seed makes a row of the technician's.
func (w worker) seed(t testing.TB, view string, row map[string]any) {
	t.Helper()
	row["technician_id"] = w.Technician
	insertRow(t, w.tenant, view, row)
}

// hours gives the technician hours on a day of the week, in a zone; nil: UTC.
func (w worker) hours(t testing.TB, day time.Weekday, from, to string, zone *string) {
	t.Helper()
	row := map[string]any{"day_of_week": day, "start_time": from, "end_time": to}
	if zone != nil {
		row["timezone"] = *zone
	}
	w.seed(t, "v_availability_patterns", row)
}

// except makes an exception for one day; without times when from is nil.
func (w worker) except(t testing.TB, day types.Date, available bool, from, to *string) {
	t.Helper()
	w.seed(t, "v_availability_overrides", map[string]any{"override_date": day, "is_available": available, "start_time": from, "end_time": to})
}

func (w worker) ask(t testing.TB, from, to time.Time) []string {
	t.Helper()
	return validate(t, w.Client, workorders.ValidateScheduleParams{TechnicianID: w.Technician, StartAt: from, EndAt: to})
}

const (
	awayOrOutside = "availability/warning"
	overlapping   = "conflict/warning"
)

var fine = []string{}

func TestValidateWatchesTheWeeklyHours(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	w.hours(t, time.Monday, "08:00", "12:00", nil)
	w.hours(t, time.Monday, "13:00", "24:00", nil)
	w.hours(t, time.Sunday, "22:00", "23:00", nil)
	monday := types.NewDate(2031, 1, 6)
	require.Equal(t, time.Monday, monday.In(time.UTC).Weekday())
	at := func(days, hour, minute int) time.Time {
		return monday.AddDays(days).In(time.UTC).Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	}

	for name, tt := range map[string]struct {
		from, to time.Time
		want     []string
	}{
		"inside":                     {at(0, 9, 0), at(0, 10, 0), fine},
		"the last minute of the day": {at(0, 23, 59), at(1, 0, 0), fine},
		"overlapping is enough":      {at(0, 7, 0), at(0, 8, 1), fine},
		"around both windows":        {at(0, 7, 0), at(0, 15, 0), fine},
		"touching the first window":  {at(0, 7, 0), at(0, 8, 0), []string{awayOrOutside}},
		"in the break":               {at(0, 12, 0), at(0, 13, 0), []string{awayOrOutside}},
		"a day without hours":        {at(1, 9, 0), at(1, 10, 0), []string{awayOrOutside, awayOrOutside}},
		"into a day without hours":   {at(0, 23, 0), at(1, 1, 0), []string{awayOrOutside, awayOrOutside}},
		"from Sunday into Monday":    {at(-1, 22, 30), at(0, 9, 0), fine},
		"Sunday night to early":      {at(-1, 23, 0), at(0, 8, 0), []string{awayOrOutside, awayOrOutside}},
		"the same in another zone":   {at(0, 9, 0).In(zone(t, "Pacific/Auckland")), at(0, 10, 0).In(zone(t, "America/New_York")), fine},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.want, w.ask(t, tt.from, tt.to))
		})
	}
}

// The hours of a zone move by an hour in UTC when its clocks change; which
// weekday they count for is that of UTC.
func TestValidateReadsWeeklyHoursInTheirZone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		zone          string
		before, after types.Date // Mondays around a change of the clock
	}{
		{"Europe/Berlin", types.NewDate(2031, 3, 24), types.NewDate(2031, 3, 31)},
		{"Europe/Berlin", types.NewDate(2031, 10, 20), types.NewDate(2031, 10, 27)},
		{"America/New_York", types.NewDate(2031, 3, 3), types.NewDate(2031, 3, 10)},
	} {
		t.Run(tt.zone+" "+tt.before.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorker(t)
			w.hours(t, time.Monday, "08:00", "10:00", &tt.zone)
			loc := zone(t, tt.zone)
			open := func(day types.Date) (time.Time, time.Time) {
				return types.TimeOfDay{Hour: 8}.On(day, loc), types.TimeOfDay{Hour: 10}.On(day, loc)
			}
			was, _ := open(tt.before)
			is, _ := open(tt.after)
			require.NotEqual(t, 7*24*time.Hour, is.Sub(was), "the clock has changed in between")
			for _, day := range []types.Date{tt.before, tt.after} {
				from, to := open(day)
				require.Equal(t, fine, w.ask(t, from, from.Add(time.Minute)), day)
				require.Equal(t, fine, w.ask(t, to.Add(-time.Minute), to), day)
				require.Equal(t, []string{awayOrOutside}, w.ask(t, from.Add(-time.Minute), from), day)
				require.Equal(t, []string{awayOrOutside}, w.ask(t, to, to.Add(time.Minute)), day)
			}
		})
	}
}

func TestValidateWatchesExceptionsFromTheWeek(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	leapDay := types.NewDate(2032, 2, 29) // a Sunday
	w.except(t, leapDay, false, nil, nil)
	from := types.TimeOfDay{Hour: 9}.On(leapDay, time.UTC)
	require.Equal(t, []string{noHours}, w.ask(t, from, from.Add(time.Hour)), "without weekly hours no exception counts")

	w.hours(t, time.Sunday, "08:00", "16:00", nil)
	for i, tt := range []struct {
		available bool
		from, to  *string
		hour      int
		want      []string
	}{
		{false, nil, nil, 9, []string{awayOrOutside}},
		{false, nil, nil, 17, []string{awayOrOutside, awayOrOutside}}, // the weekly hours count as well
		{true, nil, nil, 17, fine},                                    // the whole day, whatever the week says
		{true, new("17:00"), new("24:00"), 17, fine},
		{true, new("17:00"), new("24:00"), 23, fine},
		{true, new("17:00"), new("24:00"), 9, []string{awayOrOutside}}, // within the week, outside of the exception
		{true, new("12:00"), new("08:00"), 9, []string{awayOrOutside}}, // upside down: no hours at all
		{true, new("17:00"), nil, 9, fine},                             // half a window is none
	} {
		day := leapDay.AddDays(7 * (i + 1))
		w.except(t, day, tt.available, tt.from, tt.to)
		start := types.TimeOfDay{Hour: tt.hour}.On(day, time.UTC)
		require.Equal(t, tt.want, w.ask(t, start, start.Add(time.Hour)), "case %d", i)
	}
	require.Equal(t, []string{awayOrOutside}, w.ask(t, from, from.Add(time.Hour)), "29 February is a day like others")
	start := types.TimeOfDay{Hour: 23}.On(leapDay.AddDays(-1), time.UTC)
	require.Equal(t, []string{awayOrOutside, awayOrOutside, awayOrOutside}, w.ask(t, start, start.Add(10*time.Hour)),
		"no hours on Saturday, then away on Sunday")
}

func TestValidateFindsShifts(t *testing.T) {
	t.Parallel()
	w := newWorker(t)
	start, end := shiftStart, shiftStart.Add(8*time.Hour)
	w.seed(t, "v_shifts", map[string]any{"start_at": start, "end_at": end})

	require.Equal(t, []string{overlapping, noHours}, w.ask(t, start, end))
	require.Equal(t, []string{overlapping, noHours}, w.ask(t, end.Add(-time.Microsecond), end.Add(time.Hour)))
	require.Equal(t, []string{noHours}, w.ask(t, end, end.Add(time.Hour)), "right after")
	require.Equal(t, []string{noHours}, w.ask(t, start.Add(-time.Hour), start), "right before")
	w.schedule(t, makeWorkOrder(t, w.Client, "x"), start, end)
	require.Equal(t, []string{overlapping, overlapping, noHours}, w.ask(t, start, end), "a shift and a block are two conflicts")

	other := newWorker(t)
	insertRow(t, other.tenant, "v_shifts", map[string]any{"crew_id": other.Crew, "start_at": start, "end_at": end})
	require.Equal(t, []string{noHours}, other.ask(t, start, end), "a shift of a crew is nobody's")
}

func TestValidateWatchesSkills(t *testing.T) {
	t.Parallel()
	db, w := stack.SQL(t), newWorker(t) // what an asset asks for is in no view
	asset := makeAsset(t, w.tenant, "Press", "")
	wo, err := w.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", AssetID: asset})
	require.NoError(t, err)
	crew := makeCrew(t, w.tenant, "Day crew", w.Technician)
	// Before any SLA time, so that nothing else is said.
	q := workorders.ValidateScheduleParams{TechnicianID: w.Technician, WorkOrderID: wo, StartAt: time.Now().Add(time.Minute), EndAt: time.Now().Add(2 * time.Minute)}
	require.Equal(t, []string{noHours, "priority/info"}, validate(t, w.Client, q), "nothing is required")

	skills := map[string]string{}
	for i, name := range []string{"Welding", "Hydraulics"} {
		skills[name] = insertRow(t, w.tenant, "v_skill_catalogs", map[string]any{"name": name, "display_order": i})
		_, err := db.Exec(t.Context(), `insert into app.asset_required_skills (tenant_id, asset_id, skill_id) values ($1, $2, $3)`, w.ID, asset, skills[name])
		require.NoError(t, err)
	}
	learn := func(skill string) {
		t.Helper()
		w.seed(t, "v_technician_skills", map[string]any{"skill_id": skills[skill]})
	}
	require.Equal(t, []string{noHours, "skill/warning", "skill/warning", "priority/info"}, validate(t, w.Client, q), "one for each skill")
	learn("Welding")
	checks, err := w.Scheduling.Validate(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, []string{noHours, "skill/warning", "priority/info"}, remarks(checks))
	require.Contains(t, checks[1].Message, "Hydraulics")

	ofCrew := q
	ofCrew.TechnicianID, ofCrew.CrewID = "", crew
	require.Equal(t, []string{noHoursMember, "skill_member/warning", "priority_member/info"}, validate(t, w.Client, ofCrew))
	learn("Hydraulics")
	require.Equal(t, []string{noHours, "priority/info"}, validate(t, w.Client, q))
	q.WorkOrderID = ""
	require.Equal(t, []string{noHours}, validate(t, w.Client, q), "without a work order there is nothing to know")

	_, err = stack.Tenant(t).Scheduling.Validate(t.Context(), q)
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
}
