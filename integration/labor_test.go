package integration

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/labor"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

func TestTechnicians(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	other := stack.Tenant(t)
	member := tn.Member(t, "technician")
	department := makeDepartment(t, tn.Client, "Hall")
	crew := makeCrew(t, tn, "Night")
	create := func(p labor.CreateTechnicianParams) error {
		_, err := tn.Labor.CreateTechnician(t.Context(), p)
		return err
	}
	requireError(t, create(labor.CreateTechnicianParams{UserID: other.Admin.ID}), workorder.ErrPermissionDenied, "42501")
	requireError(t, create(labor.CreateTechnicianParams{UserID: member.ID, DefaultCrewID: makeCrew(t, other, "Theirs")}), workorder.ErrInvalidReference, "23503")
	requireError(t, create(labor.CreateTechnicianParams{UserID: member.ID, DepartmentID: unknownID}), workorder.ErrInvalidReference, "23503")

	id, err := tn.Labor.CreateTechnician(t.Context(), labor.CreateTechnicianParams{
		UserID: member.ID, EmployeeNumber: " 007 ", DefaultCrewID: crew, DepartmentID: department,
	})
	require.NoError(t, err)
	want := labor.Technician{
		ID: id, TenantID: tn.ID, UserID: member.ID, EmployeeNumber: new("007"), DefaultCrewID: &crew, DepartmentID: &department, IsActive: true,
	}
	requireTechnician := func() {
		t.Helper()
		got, err := tn.Labor.Technicians.Get(t.Context(), id)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, *got, cmpopts.IgnoreFields(labor.Technician{}, "CreatedAt", "UpdatedAt")))
	}
	requireTechnician()
	requireError(t, create(labor.CreateTechnicianParams{UserID: member.ID}), workorder.ErrConflict, "23505")

	update := func(p labor.UpdateTechnicianParams) error {
		p.TechnicianID = id
		return tn.Labor.UpdateTechnician(t.Context(), p)
	}
	require.NoError(t, update(labor.UpdateTechnicianParams{IsActive: new(false)}))
	want.IsActive = false
	requireTechnician()
	require.NoError(t, update(labor.UpdateTechnicianParams{EmployeeNumber: new(""), ClearDefaultCrew: true}))
	want.EmployeeNumber, want.DefaultCrewID = nil, nil
	requireTechnician()
	require.NoError(t, update(labor.UpdateTechnicianParams{ClearDepartment: true, DefaultCrewID: new(crew), IsActive: new(true)}))
	want.DepartmentID, want.DefaultCrewID, want.IsActive = nil, &crew, true
	requireTechnician()
	requireError(t, update(labor.UpdateTechnicianParams{DefaultCrewID: new(unknownID)}), workorder.ErrInvalidReference, "23503")
	requireError(t, update(labor.UpdateTechnicianParams{DepartmentID: new(makeDepartment(t, other.Client, "x"))}), workorder.ErrInvalidReference, "23503")
	requireTechnician()
	requireError(t, other.Labor.UpdateTechnician(t.Context(), labor.UpdateTechnicianParams{TechnicianID: id, IsActive: new(false)}),
		workorder.ErrRuleViolation, "P0001")
	requireTechnician()
}

func TestCrews(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	other := stack.Tenant(t)
	lead := makeTechnician(t, tn, tn.Admin.ID)
	id, err := tn.Labor.CreateCrew(t.Context(), labor.CreateCrewParams{Name: "  Alpha ", Description: "   "})
	require.NoError(t, err)
	want := labor.Crew{ID: id, TenantID: tn.ID, Name: "Alpha"}
	requireCrew := func() {
		t.Helper()
		got, err := tn.Labor.Crews.Get(t.Context(), id)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, *got, cmpopts.IgnoreFields(labor.Crew{}, "CreatedAt", "UpdatedAt")))
	}
	requireCrew()
	update := func(p labor.UpdateCrewParams) error {
		p.CrewID = id
		return tn.Labor.UpdateCrew(t.Context(), p)
	}
	require.NoError(t, update(labor.UpdateCrewParams{Description: new("By night"), LeadTechnicianID: new(lead)}))
	want.Description, want.LeadTechnicianID = new("By night"), &lead
	requireCrew()
	require.NoError(t, update(labor.UpdateCrewParams{Name: new("Beta")}))
	want.Name = "Beta"
	requireCrew()
	require.NoError(t, update(labor.UpdateCrewParams{Description: new(""), ClearLeadTechnician: true}))
	want.Description, want.LeadTechnicianID = nil, nil
	requireCrew()
	requireError(t, update(labor.UpdateCrewParams{LeadTechnicianID: new(makeTechnician(t, other, other.Admin.ID))}), workorder.ErrInvalidReference, "23503")
	requireError(t, other.Labor.UpdateCrew(t.Context(), labor.UpdateCrewParams{CrewID: id, Name: new("Theirs")}), workorder.ErrRuleViolation, "P0001")
	requireCrew()

	require.NoError(t, tn.Labor.UpdateTechnician(t.Context(), labor.UpdateTechnicianParams{TechnicianID: lead, DefaultCrewID: new(id)}))
	_, err = tn.Labor.AddCrewMember(t.Context(), labor.AddCrewMemberParams{CrewID: id, TechnicianID: lead})
	require.NoError(t, err)
	block, err := tn.Scheduling.Schedule(t.Context(), workorders.ScheduleParams{
		WorkOrderID: makeWorkOrder(t, tn.Client, "x"), CrewID: id, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour),
	})
	require.NoError(t, err)
	remove := func() error { return tn.Labor.DeleteCrew(t.Context(), labor.DeleteCrewParams{CrewID: id}) }
	requireError(t, remove(), workorder.ErrInvalidInput, "23514")
	require.NoError(t, tn.Scheduling.Unschedule(t.Context(), workorders.UnscheduleParams{ScheduleBlockID: block}))
	requireError(t, other.Labor.DeleteCrew(t.Context(), labor.DeleteCrewParams{CrewID: id}), workorder.ErrRuleViolation, "P0001")
	require.NoError(t, remove())
	requireError(t, remove(), workorder.ErrRuleViolation, "P0001")
	_, err = tn.Labor.Crews.Get(t.Context(), id)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	n, err := tn.Labor.CrewMembers.Count(t.Context(), query.Where(labor.CrewMemberCols.CrewID.Eq(id)))
	require.NoError(t, err)
	require.Zero(t, n, "memberships go with their crew")
	technician, err := tn.Labor.Technicians.Get(t.Context(), lead)
	require.NoError(t, err)
	require.Nil(t, technician.DefaultCrewID)
}

func TestCrewMembers(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	other := stack.Tenant(t)
	technician := makeTechnician(t, tn, tn.Admin.ID)
	crew := makeCrew(t, tn, "Night")
	add := func(role string) (int64, error) {
		return tn.Labor.AddCrewMember(t.Context(), labor.AddCrewMemberParams{CrewID: crew, TechnicianID: technician, Role: role})
	}
	remove := func() error {
		return tn.Labor.RemoveCrewMember(t.Context(), labor.RemoveCrewMemberParams{CrewID: crew, TechnicianID: technician})
	}
	row := func() labor.CrewMember {
		t.Helper()
		rows, err := tn.Labor.CrewMembers.List(t.Context(), query.Where(labor.CrewMemberCols.CrewID.Eq(crew)))
		require.NoError(t, err)
		require.Len(t, rows, 1)
		return rows[0]
	}
	requireError(t, remove(), workorder.ErrRuleViolation, "P0001")
	first, err := add(" driver ")
	require.NoError(t, err)
	joined := row()
	require.Equal(t, first, joined.ID)
	require.Equal(t, "driver", *joined.Role)
	require.Nil(t, joined.LeftAt)
	_, err = add("")
	requireError(t, err, workorder.ErrConflict, "23505")

	require.NoError(t, remove())
	require.NotNil(t, row().LeftAt)
	requireError(t, remove(), workorder.ErrRuleViolation, "P0001")

	again, err := add("")
	require.NoError(t, err)
	require.Equal(t, first, again)
	back := row()
	require.Equal(t, "driver", *back.Role, "kept")
	require.Nil(t, back.LeftAt)
	require.True(t, back.JoinedAt.After(joined.JoinedAt))
	require.NoError(t, remove())
	_, err = add("cook")
	require.NoError(t, err)
	require.Equal(t, "cook", *row().Role)

	_, err = tn.Labor.AddCrewMember(t.Context(), labor.AddCrewMemberParams{CrewID: crew, TechnicianID: makeTechnician(t, other, other.Admin.ID)})
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	_, err = tn.Labor.AddCrewMember(t.Context(), labor.AddCrewMemberParams{CrewID: makeCrew(t, other, "x"), TechnicianID: technician})
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
}

// Of many who make the same technician, or join the same crew, one is first.
func TestLaborIsWrittenOnce(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	crew := makeCrew(t, tn, "Night")
	firstOf := func(n int, do func() error) {
		t.Helper()
		errs := make(chan error, n)
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() { errs <- do() })
		}
		wg.Wait()
		close(errs)
		won := 0
		for err := range errs {
			if err == nil {
				won++
				continue
			}
			require.ErrorIs(t, err, workorder.ErrConflict)
		}
		require.Equal(t, 1, won)
	}
	firstOf(32, func() error {
		_, err := tn.Labor.CreateTechnician(t.Context(), labor.CreateTechnicianParams{UserID: tn.Admin.ID})
		return err
	})
	rows, err := tn.Labor.Technicians.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1)
	firstOf(32, func() error {
		_, err := tn.Labor.AddCrewMember(t.Context(), labor.AddCrewMemberParams{CrewID: crew, TechnicianID: rows[0].ID})
		return err
	})
	members, err := tn.Labor.CrewMembers.List(t.Context())
	require.NoError(t, err)
	require.Len(t, members, 1)
}

// Whoever leaves the tenant stays a technician, and cannot become one twice when
// they come back.
func TestTechnicianWhoLeaves(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	u := tn.Member(t, "technician")
	id := makeTechnician(t, tn, u.ID)
	require.NoError(t, tn.Tenants.RemoveMember(t.Context(), org.RemoveMemberParams{UserID: u.ID}))
	row, err := tn.Labor.Technicians.Get(t.Context(), id)
	require.NoError(t, err)
	require.True(t, row.IsActive)
	_, err = tn.Labor.AddCrewMember(t.Context(), labor.AddCrewMemberParams{CrewID: makeCrew(t, tn, "Night"), TechnicianID: id})
	require.NoError(t, err)
	tn.Invite(t, u, "technician")
	_, err = tn.Labor.CreateTechnician(t.Context(), labor.CreateTechnicianParams{UserID: u.ID})
	requireError(t, err, workorder.ErrConflict, "23505")
}

// seedTemplate makes a shift template, which no function of the platform writes.
func seedTemplate(t testing.TB, tn *tenant, technicianID, crewID *string, day time.Weekday, from, to, label string) {
	t.Helper()
	insertRow(t, tn, "v_shift_templates", map[string]any{
		"technician_id": technicianID, "crew_id": crewID, "day_of_week": day, "start_time": from, "end_time": to, "label": label,
	})
}

// A year of shifts, with its leap day and both changes of the clock, is what the
// calendar in Go says: templates are read as UTC.
func TestShiftsOfAYear(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	technician, crew := makeTechnician(t, tn, tn.Admin.ID), makeCrew(t, tn, "Night")
	seedTemplate(t, tn, &technician, nil, time.Sunday, "01:30", "03:30", "over the change")
	seedTemplate(t, tn, &technician, nil, time.Thursday, "08:00", "16:00", "leap day is one")
	seedTemplate(t, tn, nil, &crew, time.Monday, "22:00", "24:00", "until midnight")

	first, last := types.NewDate(2028, 1, 1), types.NewDate(2028, 12, 31)
	type shift struct {
		start, end time.Time
		crew       bool
		label      string
	}
	var want []shift
	minutes := map[types.Date]int64{}
	for d := first; !d.After(last); d = d.AddDays(1) {
		at := d.In(time.UTC)
		switch at.Weekday() {
		case time.Sunday:
			want = append(want, shift{at.Add(90 * time.Minute), at.Add(210 * time.Minute), false, "over the change"})
			minutes[d] = 120
		case time.Thursday:
			want = append(want, shift{at.Add(8 * time.Hour), at.Add(16 * time.Hour), false, "leap day is one"})
			minutes[d] = 480
		case time.Monday:
			want = append(want, shift{at.Add(22 * time.Hour), at.AddDate(0, 0, 1), true, "until midnight"})
		}
	}
	made, err := tn.Labor.GenerateShiftsFromTemplates(t.Context(), labor.GenerateShiftsFromTemplatesParams{StartDate: first, EndDate: last})
	require.NoError(t, err)
	var got []shift
	for _, s := range made {
		require.Equal(t, "scheduled", s.ShiftType)
		require.Equal(t, s.CrewID != nil, s.TechnicianID == nil)
		got = append(got, shift{s.StartAt.UTC(), s.EndAt.UTC(), s.CrewID != nil, *s.Label})
	}
	require.True(t, slices.IsSortedFunc(got, func(a, b shift) int {
		return a.start.Truncate(24 * time.Hour).Compare(b.start.Truncate(24 * time.Hour))
	}), "day by day")
	require.Empty(t, cmp.Diff(want, got, cmp.AllowUnexported(shift{})))
	require.True(t, slices.ContainsFunc(got, func(s shift) bool { return types.DateOf(s.start) == types.NewDate(2028, 3, 2) }))

	rows, err := tn.Labor.Shifts.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, len(want))
	days, err := tn.Labor.TechnicianCapacity.List(t.Context())
	require.NoError(t, err)
	capacity := map[types.Date]int64{}
	for _, d := range days {
		require.Equal(t, technician, d.TechnicianID)
		require.EqualValues(t, 1, d.ShiftCount)
		capacity[*d.ShiftDate] = *d.ScheduledMinutes
	}
	require.Equal(t, minutes, capacity, "crews' shifts are not counted")
}

// More shifts than the server puts into one answer are returned all the same, and
// so are the conflicts with them.
func TestManyShiftsAtOnce(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	technician := makeTechnician(t, tn, tn.Admin.ID)
	var hours []map[string]any
	for day := range 7 {
		for hour := 6; hour < 13; hour++ {
			hours = append(hours, map[string]any{
				"technician_id": technician, "day_of_week": day, "start_time": fmt.Sprintf("%02d:00", hour), "end_time": fmt.Sprintf("%02d:00", hour+1),
			})
		}
	}
	insertRows(t, tn, "v_shift_templates", hours...)
	first := types.NewDate(2031, 1, 1)
	made, err := tn.Labor.GenerateShiftsFromTemplates(t.Context(), labor.GenerateShiftsFromTemplatesParams{StartDate: first, EndDate: first.AddDays(199)})
	require.NoError(t, err)
	require.Len(t, made, 1400)
	require.True(t, slices.IsSortedFunc(made, func(a, b labor.GeneratedShift) int { return a.StartAt.Compare(b.StartAt) }))
	conflicts, err := tn.Labor.CheckShiftConflicts(t.Context(), labor.CheckShiftConflictsParams{TechnicianID: technician})
	require.NoError(t, err)
	ids := map[string]bool{}
	for _, c := range conflicts {
		ids[c.ID] = true
	}
	require.Len(t, ids, 1400)
	for _, s := range made {
		require.True(t, ids[s.ID])
	}
}

// Generating twice makes every shift twice, and capacity counts both.
func TestShiftsAreMadeAnew(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	technician := makeTechnician(t, tn, tn.Admin.ID)
	seedTemplate(t, tn, &technician, nil, time.Monday, "08:00", "16:00", "early")
	monday := types.NewDate(2031, 5, 5)
	week := labor.GenerateShiftsFromTemplatesParams{StartDate: monday, EndDate: monday.AddDays(6)}
	for round := int64(1); round <= 2; round++ {
		made, err := tn.Labor.GenerateShiftsFromTemplates(t.Context(), week)
		require.NoError(t, err)
		require.Len(t, made, 1)
		require.True(t, monday.In(time.UTC).Add(8*time.Hour).Equal(made[0].StartAt))
		days, err := tn.Labor.TechnicianCapacity.List(t.Context())
		require.NoError(t, err)
		require.Len(t, days, 1)
		require.Equal(t, round, days[0].ShiftCount)
		require.Equal(t, 480*round, *days[0].ScheduledMinutes)
	}
	none, err := tn.Labor.GenerateShiftsFromTemplates(t.Context(), labor.GenerateShiftsFromTemplatesParams{StartDate: monday.AddDays(1), EndDate: monday.AddDays(6)})
	require.NoError(t, err)
	require.Empty(t, none)

	shifts, err := tn.Labor.Shifts.List(t.Context(), query.Where(labor.ShiftCols.TechnicianID.Eq(technician)))
	require.NoError(t, err)
	require.Len(t, shifts, 2)
	from, to := shifts[0].StartAt, shifts[0].EndAt
	conflicts := func(from, to time.Time, exclude string) []string {
		t.Helper()
		rows, err := tn.Labor.CheckShiftConflicts(t.Context(), labor.CheckShiftConflictsParams{TechnicianID: technician, StartAt: from, EndAt: to, ExcludeShiftID: exclude})
		require.NoError(t, err)
		ids := []string{}
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		slices.Sort(ids)
		return ids
	}
	both := []string{shifts[0].ID, shifts[1].ID}
	slices.Sort(both)
	require.Empty(t, conflicts(to, to.Add(time.Hour), ""), "they only touch")
	require.Empty(t, conflicts(from.Add(-time.Hour), from, ""))
	require.Equal(t, both, conflicts(to.Add(-time.Minute), to.Add(time.Hour), ""))
	require.Equal(t, []string{shifts[1].ID}, conflicts(from, to, shifts[0].ID))
	require.Equal(t, both, conflicts(time.Time{}, time.Time{}, ""), "whenever")
	require.Equal(t, both, conflicts(time.Time{}, to, ""))
	require.Empty(t, conflicts(to, time.Time{}, ""))
}

func TestLoggedTimeIsSummedUp(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	for _, minutes := range []int{30, 15} {
		_, err := tn.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{WorkOrderID: id, Minutes: minutes})
		require.NoError(t, err)
	}
	rows, err := tn.Labor.WorkOrderLaborActuals.List(t.Context(), query.Where(labor.WorkOrderLaborActualCols.WorkOrderID.Eq(id)))
	require.NoError(t, err)
	require.Len(t, rows, 1)
	today := rows[0].FirstEntryDate
	require.NotNil(t, today)
	require.Empty(t, cmp.Diff(labor.WorkOrderLaborActual{
		TenantID: tn.ID, WorkOrderID: id, UserID: tn.Admin.ID, EntryCount: 2, TotalMinutes: new(int64(45)), FirstEntryDate: today, LastEntryDate: today,
	}, rows[0]))

	// The list goes on behind rows with a technician in the key and without one.
	t.Run("technicians", func(t *testing.T) {
		db := stack.SQL(t) // only the database itself can set one
		technician := makeTechnician(t, tn, tn.Admin.ID)
		_, err := db.Exec(t.Context(), `insert into app.work_order_time_entries (tenant_id, work_order_id, user_id, technician_id, minutes, labor_cost_cents, entry_date)
			values ($1, $2, $3, $4, 60, 5000, current_date)`, tn.ID, id, tn.Admin.ID, technician)
		require.NoError(t, err)
		other := makeWorkOrder(t, tn.Client, "y")
		_, err = tn.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{WorkOrderID: other, Minutes: 5})
		require.NoError(t, err)
		var all []labor.WorkOrderLaborActual
		var after query.Cursor
		for {
			page, err := tn.Labor.WorkOrderLaborActuals.Page(t.Context(), query.Limit(1), query.After(after))
			require.NoError(t, err)
			all = append(all, page.Items...)
			if !page.HasMore {
				break
			}
			after = page.Next
		}
		whole, err := tn.Labor.WorkOrderLaborActuals.List(t.Context(), query.PageSize(1))
		require.NoError(t, err)
		require.Len(t, whole, 3)
		require.Equal(t, whole, all)
	})
}

// Planning a technician assigns them once, and for good.
func TestPlannedTechniciansAreAssigned(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	id := makeWorkOrder(t, p.Client, "x")
	assigned := func() int {
		t.Helper()
		rows, err := p.WorkOrders.Assignments.List(t.Context(), query.Where(workorders.WorkOrderAssignmentCols.WorkOrderID.Eq(id)))
		require.NoError(t, err)
		for _, r := range rows {
			require.Equal(t, p.Technician, r.TechnicianID)
		}
		return len(rows)
	}
	block := p.schedule(t, id, shiftStart, shiftStart.Add(time.Hour))
	require.Equal(t, 1, assigned())
	require.NoError(t, p.Scheduling.Unschedule(t.Context(), workorders.UnscheduleParams{ScheduleBlockID: block}))
	require.Equal(t, 1, assigned())
	p.schedule(t, id, shiftStart, shiftStart.Add(time.Hour))
	require.Equal(t, 1, assigned())
}

// laborWrites are the writes that everybody tries.
var laborWrites = []placeWrite{
	{"Labor.CreateTechnician", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Labor.CreateTechnician(t.Context(), labor.CreateTechnicianParams{TenantID: tn.ID, UserID: tn.Admin.ID})
		if errors.Is(err, workorder.ErrConflict) {
			return nil // they may
		}
		return err
	}},
	{"Labor.UpdateTechnician", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.Labor.UpdateTechnician(t.Context(), labor.UpdateTechnicianParams{TenantID: tn.ID, TechnicianID: theTechnician(t, tn), IsActive: new(true)})
	}},
	{"Labor.CreateCrew", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Labor.CreateCrew(t.Context(), labor.CreateCrewParams{TenantID: tn.ID, Name: "x"})
		return err
	}},
	{"Labor.UpdateCrew", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.Labor.UpdateCrew(t.Context(), labor.UpdateCrewParams{TenantID: tn.ID, CrewID: makeCrew(t, tn, "x"), Name: new("y")})
	}},
	{"Labor.DeleteCrew", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.Labor.DeleteCrew(t.Context(), labor.DeleteCrewParams{TenantID: tn.ID, CrewID: makeCrew(t, tn, "x")})
	}},
	{"Labor.AddCrewMember", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Labor.AddCrewMember(t.Context(), labor.AddCrewMemberParams{TenantID: tn.ID, CrewID: makeCrew(t, tn, "x"), TechnicianID: theTechnician(t, tn)})
		return err
	}},
	{"Labor.RemoveCrewMember", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		technician := theTechnician(t, tn)
		return c.Labor.RemoveCrewMember(t.Context(), labor.RemoveCrewMemberParams{TenantID: tn.ID, CrewID: makeCrew(t, tn, "x", technician), TechnicianID: technician})
	}},
	{"Labor.GenerateShiftsFromTemplates", deniedAll, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Labor.GenerateShiftsFromTemplates(t.Context(), labor.GenerateShiftsFromTemplatesParams{
			TenantID: tn.ID, StartDate: types.NewDate(2031, 1, 1), EndDate: types.NewDate(2031, 1, 7),
		})
		return err
	}},
}

// theTechnician is the one that the administrator is.
func theTechnician(t testing.TB, tn *tenant) string {
	t.Helper()
	rows, err := tn.Labor.Technicians.List(t.Context(), query.Where(labor.TechnicianCols.UserID.Eq(tn.Admin.ID)))
	require.NoError(t, err)
	require.Len(t, rows, 1)
	return rows[0].ID
}

func TestRolesMayDoTheirWritesToLaborOnly(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	makeTechnician(t, tn, tn.Admin.ID)
	tryByEveryRole(t, tn, laborWrites)
}

// TestEveryWriteToLaborIsTriedByEveryRole keeps the list above complete.
func TestEveryWriteToLaborIsTriedByEveryRole(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{"Labor.CheckShiftConflicts": true} // asks for nothing
	for _, write := range laborWrites {
		tried[write.name] = true
	}
	require.Empty(t, untried(servicesOf(stack.Client(t), "labor"), tried))
}

func laborViews(t testing.TB, c *workorder.Client) []dispatchView {
	t.Helper()
	views := viewsOf(t, servicesOf(c, "labor"))
	require.Len(t, views, 13, "views that fillLabor has a row for")
	return views
}

// fillLabor puts one row into every view of labor.
func fillLabor(t testing.TB, tn *tenant) {
	t.Helper()
	technician := makeTechnician(t, tn, tn.Admin.ID)
	makeCrew(t, tn, "Night", technician)
	_, err := tn.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{WorkOrderID: makeWorkOrder(t, tn.Client, "x"), Minutes: 5})
	require.NoError(t, err)
	skill := insertRow(t, tn, "v_skill_catalogs", map[string]any{"name": "Welding"})
	certification := insertRow(t, tn, "v_certification_catalogs", map[string]any{"name": "Crane"})
	for view, row := range map[string]map[string]any{
		"v_technician_skills":         {"skill_id": skill},
		"v_technician_certifications": {"certification_id": certification, "issued_at": "2030-01-31"},
		"v_availability_patterns":     {"day_of_week": time.Saturday, "start_time": "08:00", "end_time": "24:00"},
		"v_availability_overrides":    {"override_date": "2028-02-29", "is_available": false},
		"v_shift_templates":           {"day_of_week": time.Sunday, "start_time": "08:00", "end_time": "16:00"},
		"v_shifts":                    {"start_at": "2031-01-01T22:00:00Z", "end_at": "2031-01-02T06:00:00Z"},
	} {
		row["technician_id"] = technician
		insertRow(t, tn, view, row)
	}
}

func TestEveryViewOfLaborShowsItsOwnTenantOnly(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	fillLabor(t, a)
	for _, v := range laborViews(t, b.Client) {
		n, err := v.count(t.Context())
		require.NoError(t, err, v.name)
		require.Zero(t, n, "%s: there is nothing but another tenant's", v.name)
	}
	fillLabor(t, b)
	for _, tt := range []struct{ mine, other *tenant }{{a, b}, {b, a}} {
		for _, v := range laborViews(t, tt.mine.Client) {
			require.Equal(t, []string{tt.mine.ID}, v.tenants(t), v.name)
			require.Empty(t, v.tenants(t, query.Where(query.NewColumn[string]("tenant_id").Eq(tt.other.ID))), v.name)
		}
	}
	for _, role := range roles {
		for _, v := range laborViews(t, a.Member(t, role).Client) {
			require.Len(t, v.tenants(t), 1, "%s by %s", v.name, role)
		}
	}
	t.Run("foreign claim", func(t *testing.T) {
		src, err := workorder.NewSelfSigned(workorder.SelfSigned{Secret: stack.Secret(t), Subject: b.Admin.ID, Tenant: a.ID})
		require.NoError(t, err)
		for _, v := range laborViews(t, stack.Client(t, workorder.WithTokenSource(src))) {
			require.Empty(t, v.tenants(t), "%s: the claim is of a tenant they are not in", v.name)
		}
	})
	for _, v := range laborViews(t, a.Admin.Client) { // in no tenant
		_, err := v.count(t.Context())
		require.ErrorIs(t, err, workorder.ErrNoTenant, v.name)
	}
	for _, v := range laborViews(t, stack.ServiceClient(t)) {
		_, err := v.count(t.Context())
		require.Equal(t, "42501", errorCode(err), "%s: %v", v.name, err)
	}

	capacity, err := a.Labor.TechnicianCapacity.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, types.NewDate(2031, 1, 1), *capacity[0].ShiftDate, "a shift counts on the day on which it begins")
	require.EqualValues(t, 480, *capacity[0].ScheduledMinutes)
	pattern, err := a.Labor.AvailabilityPatterns.List(t.Context(), query.Where(labor.AvailabilityPatternCols.DayOfWeek.Eq(time.Saturday)))
	require.NoError(t, err)
	require.Len(t, pattern, 1)
	require.Equal(t, "24:00:00", pattern[0].EndTime.String())
}
