package integration

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/workorders"
)

// validate asks what speaks against a slot and gives "type/severity" of every
// remark, in the order of the answer.
func validate(t testing.TB, c *workorder.Client, p workorders.ValidateScheduleParams) []string {
	t.Helper()
	checks, err := c.Scheduling.Validate(t.Context(), p)
	require.NoError(t, err)
	require.NotNil(t, checks)
	for _, check := range checks {
		require.NotEmpty(t, check.Message)
	}
	return remarks(checks)
}

func remarks(checks []workorders.ScheduleCheck) []string {
	out := make([]string, len(checks))
	for i, check := range checks {
		out[i] = string(check.CheckType) + "/" + string(check.Severity)
	}
	return out
}

// A technician without weekly hours is told to have none, and nothing else.
const (
	noHours       = "availability/info"
	noHoursMember = "availability_member/info"
)

func TestValidateTellsWhatIsWrongWithTheQuestion(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	end := shiftStart.Add(time.Hour)

	for name, tt := range map[string]struct {
		p    workorders.ValidateScheduleParams
		want []string
	}{
		"nobody":             {workorders.ValidateScheduleParams{StartAt: shiftStart, EndAt: end}, []string{}},
		"nobody, no times":   {workorders.ValidateScheduleParams{}, []string{}},
		"reversed":           {workorders.ValidateScheduleParams{TechnicianID: p.Technician, StartAt: end, EndAt: shiftStart}, []string{"input/error"}},
		"empty slot":         {workorders.ValidateScheduleParams{TechnicianID: p.Technician, StartAt: end, EndAt: end}, []string{"input/error"}},
		"no start":           {workorders.ValidateScheduleParams{TechnicianID: p.Technician, EndAt: end}, []string{"input/error"}},
		"no end":             {workorders.ValidateScheduleParams{CrewID: p.Crew, StartAt: shiftStart}, []string{"input/error"}},
		"unknown technician": {workorders.ValidateScheduleParams{TechnicianID: unknownID, StartAt: shiftStart, EndAt: end}, []string{"input/error"}},
		"unknown crew":       {workorders.ValidateScheduleParams{CrewID: unknownID, StartAt: shiftStart, EndAt: end}, []string{"input/error"}},
		"both": {workorders.ValidateScheduleParams{TechnicianID: p.Technician, CrewID: unknownID, StartAt: shiftStart, EndAt: end},
			[]string{noHours}},
		"unknown work order": {workorders.ValidateScheduleParams{TechnicianID: p.Technician, WorkOrderID: unknownID, StartAt: shiftStart, EndAt: end},
			[]string{noHours}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.want, validate(t, p.Client, tt.p))
		})
	}
}

func TestValidateFindsOverlaps(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	other := makeTechnician(t, p.tenant, p.Member(t, "technician").ID)
	wo := makeWorkOrder(t, p.Client, "x")
	start, end := shiftStart, shiftStart.Add(2*time.Hour)
	block := p.schedule(t, wo, start, end)
	const tick = time.Microsecond // the finest that the server tells apart

	for name, tt := range map[string]struct {
		from, to time.Time
		conflict bool
	}{
		"before":                    {start.Add(-2 * time.Hour), start.Add(-time.Hour), false},
		"touching the start":        {start.Add(-time.Hour), start, false},
		"a tick over the start":     {start.Add(-time.Hour), start.Add(tick), true},
		"over the start":            {start.Add(-time.Hour), start.Add(time.Hour), true},
		"the first tick":            {start, start.Add(tick), true},
		"inside":                    {start.Add(time.Minute), end.Add(-time.Minute), true},
		"the same":                  {start, end, true},
		"around":                    {start.Add(-time.Hour), end.Add(time.Hour), true},
		"the last tick":             {end.Add(-tick), end, true},
		"over the end":              {end.Add(-time.Hour), end.Add(time.Hour), true},
		"touching the end":          {end, end.Add(time.Hour), false},
		"after":                     {end.Add(time.Hour), end.Add(2 * time.Hour), false},
		"the same, in another zone": {start.In(zone(t, "Asia/Kathmandu")), end.In(zone(t, "America/New_York")), true},
	} {
		t.Run(name, func(t *testing.T) {
			q := workorders.ValidateScheduleParams{TechnicianID: p.Technician, StartAt: tt.from, EndAt: tt.to}
			want := []string{noHours}
			if tt.conflict {
				want = []string{"conflict/warning", noHours}
			}
			require.Equal(t, want, validate(t, p.Client, q))

			q.ExcludeBlockID = block
			require.Equal(t, []string{noHours}, validate(t, p.Client, q), "the block to be moved is no conflict")
			q.ExcludeBlockID, q.TechnicianID = "", other
			require.Equal(t, []string{noHours}, validate(t, p.Client, q), "nor is that of another technician")
		})
	}

	second := p.schedule(t, makeWorkOrder(t, p.Client, "y"), start, end)
	q := workorders.ValidateScheduleParams{TechnicianID: p.Technician, StartAt: start, EndAt: end, ExcludeBlockID: block}
	require.Equal(t, []string{"conflict/warning", noHours}, validate(t, p.Client, q), "one of two blocks is left")
	require.NoError(t, p.Scheduling.Unschedule(t.Context(), workorders.UnscheduleParams{ScheduleBlockID: second}))
	require.Equal(t, []string{noHours}, validate(t, p.Client, q))
}

func TestBlockOfACrewIsNoConflictOfItsMembers(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	crew := makeCrew(t, p.tenant, "Day crew", p.Technician)
	_, err := p.Scheduling.Schedule(t.Context(), workorders.ScheduleParams{
		WorkOrderID: makeWorkOrder(t, p.Client, "x"), CrewID: crew, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour),
	})
	require.NoError(t, err)

	q := workorders.ValidateScheduleParams{TechnicianID: p.Technician, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour)}
	require.Equal(t, []string{noHours}, validate(t, p.Client, q))
}

func TestValidateComparesInstantsAcrossChangesOfTheClock(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	wo := makeWorkOrder(t, p.Client, "x")

	for _, tt := range clockChanges {
		t.Run(tt.name, func(t *testing.T) {
			loc := zone(t, tt.zone)
			start, end := tt.start.In(loc), tt.end.In(loc)
			p.schedule(t, wo, start, end)
			ask := func(from, to time.Time) []string {
				return validate(t, p.Client, workorders.ValidateScheduleParams{TechnicianID: p.Technician, StartAt: from, EndAt: to})
			}
			require.Contains(t, ask(start, end), "conflict/warning")
			require.Contains(t, ask(end.Add(-time.Minute), end.Add(time.Minute)), "conflict/warning")
			require.Contains(t, ask(start.Add(-time.Minute), start.Add(time.Minute)), "conflict/warning")
			require.Equal(t, []string{noHours}, ask(end, end.Add(time.Hour)), "right after, whatever clocks show")
			require.Equal(t, []string{noHours}, ask(start.Add(-time.Hour), start), "right before")
			require.Equal(t, []string{"input/error"}, ask(end, start))
		})
	}
}

func TestValidateWatchesTheDueDate(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	// Early enough to keep the SLA of the priority out of it.
	due := time.Now().Add(6 * time.Hour).Truncate(time.Microsecond)
	wo, err := p.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", Priority: "low", DueDate: due})
	require.NoError(t, err)

	for name, tt := range map[string]struct {
		end  time.Time
		want []string
	}{
		"long before":               {due.Add(-3 * time.Hour), nil},
		"two hours before":          {due.Add(-2 * time.Hour), nil},
		"a tick less than two":      {due.Add(-2*time.Hour + time.Microsecond), []string{"sla/warning"}},
		"at the due date":           {due, []string{"sla/warning"}},
		"at it, in another zone":    {due.In(zone(t, "Australia/Lord_Howe")), []string{"sla/warning"}},
		"a tick after the due date": {due.Add(time.Microsecond), []string{"sla/breach"}},
		"long after":                {due.Add(12 * time.Hour), []string{"sla/breach"}},
	} {
		t.Run(name, func(t *testing.T) {
			want := append(append([]string{noHours}, tt.want...), "priority/info")
			require.Equal(t, want, validate(t, p.Client, workorders.ValidateScheduleParams{
				TechnicianID: p.Technician, WorkOrderID: wo, StartAt: due.Add(-5 * time.Hour), EndAt: tt.end,
			}))
		})
	}
}

func TestValidateWatchesTheSLA(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	id, err := p.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", Priority: "high"})
	require.NoError(t, err)
	wo := getWorkOrder(t, p.Client, id)
	response, resolution := *wo.SLAResponseDueAt, *wo.SLAResolutionDueAt
	soon := time.Now().Add(time.Hour)

	for name, tt := range map[string]struct {
		start, end time.Time
		want       []string
	}{
		"in time":                    {soon, resolution.Add(-3 * time.Hour), nil},
		"starting at the response":   {response, response.Add(time.Hour), nil},
		"starting after it":          {response.Add(time.Microsecond), response.Add(time.Hour), []string{"sla/warning"}},
		"ending two hours before":    {soon, resolution.Add(-2 * time.Hour), nil},
		"ending near the resolution": {soon, resolution.Add(-time.Hour), []string{"sla/warning"}},
		"ending at the resolution":   {soon, resolution, []string{"sla/warning"}},
		"ending after it":            {soon, resolution.Add(time.Microsecond), []string{"sla/breach"}},
		"starting and ending late":   {resolution, resolution.Add(time.Hour), []string{"sla/breach", "sla/warning"}},
		"starting late, ending near": {response.Add(time.Hour), resolution, []string{"sla/warning", "sla/warning"}},
	} {
		t.Run(name, func(t *testing.T) {
			want := append(append([]string{noHours}, tt.want...), "priority/info")
			require.Equal(t, want, validate(t, p.Client, workorders.ValidateScheduleParams{
				TechnicianID: p.Technician, WorkOrderID: id, StartAt: tt.start, EndAt: tt.end,
			}))
		})
	}
}

func TestValidateAnswersInAFixedOrder(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	due := time.Now().Add(time.Hour)
	wo, err := p.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", Priority: "critical", DueDate: due})
	require.NoError(t, err)
	start := time.Now().Add(48 * time.Hour)
	p.schedule(t, makeWorkOrder(t, p.Client, "in the way"), start, start.Add(time.Hour))

	q := workorders.ValidateScheduleParams{TechnicianID: p.Technician, WorkOrderID: wo, StartAt: start, EndAt: start.Add(time.Hour)}
	want := []string{"conflict/warning", noHours, "sla/breach", "sla/breach", "sla/warning", "priority/info"}
	require.Equal(t, want, validate(t, p.Client, q))

	q.TechnicianID, q.CrewID = "", makeCrew(t, p.tenant, "Day crew", p.Technician)
	require.Equal(t, []string{
		"conflict_member/warning", noHoursMember, "sla_member/breach", "sla_member/breach", "sla_member/warning", "priority_member/info",
	}, validate(t, p.Client, q), "the same of every member of a crew")

	for _, check := range []workorders.CheckType{
		workorders.CheckMemberConflict, workorders.CheckMemberAvailability, workorders.CheckMemberSLA, workorders.CheckMemberPriority,
	} {
		require.True(t, slices.ContainsFunc(validate(t, p.Client, q), func(kind string) bool {
			return kind == string(check)+"/warning" || kind == string(check)+"/info" || kind == string(check)+"/breach"
		}), check)
	}
}

func TestValidateChecksEveryActiveMemberOfACrew(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	second := makeTechnician(t, p.tenant, p.Member(t, "technician").ID)
	crew := makeCrew(t, p.tenant, "Day crew", p.Technician, second)
	p.schedule(t, makeWorkOrder(t, p.Client, "in the way"), shiftStart, shiftStart.Add(time.Hour))
	leave := func(technician string) {
		t.Helper()
		require.NoError(t, p.RPC(t.Context(), "rpc_remove_crew_member", map[string]any{
			"p_tenant_id": p.ID, "p_crew_id": crew, "p_technician_id": technician,
		}, nil))
	}
	q := workorders.ValidateScheduleParams{CrewID: crew, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour)}

	require.ElementsMatch(t, []string{"conflict_member/warning", noHoursMember, noHoursMember}, validate(t, p.Client, q))
	leave(p.Technician)
	require.Equal(t, []string{noHoursMember}, validate(t, p.Client, q), "who has left is not asked")
	leave(second)
	require.Equal(t, []string{"crew/warning"}, validate(t, p.Client, q), "nobody is left")

	q.CrewID = p.Crew
	require.Equal(t, []string{"crew/warning"}, validate(t, p.Client, q), "nobody was there")
	q.WorkOrderID = makeWorkOrder(t, p.Client, "x")
	require.Equal(t, []string{"crew/warning"}, validate(t, p.Client, q))
}

func TestValidateChecksFiftyMembersOfACrew(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	technicians := []string{p.Technician}
	for len(technicians) < 51 {
		u := stack.User(t)
		p.Invite(t, u, "technician")
		technicians = append(technicians, makeTechnician(t, p.tenant, u.ID))
	}
	crew := makeCrew(t, p.tenant, "Everybody", technicians...)
	q := workorders.ValidateScheduleParams{CrewID: crew, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour)}

	got := validate(t, p.Client, q)
	require.Equal(t, append([]string{"crew/info"}, slices.Repeat([]string{noHoursMember}, 50)...), got)

	require.NoError(t, p.RPC(t.Context(), "rpc_remove_crew_member", map[string]any{
		"p_tenant_id": p.ID, "p_crew_id": crew, "p_technician_id": technicians[7],
	}, nil))
	require.Equal(t, slices.Repeat([]string{noHoursMember}, 50), validate(t, p.Client, q), "fifty are not too many")
}

func TestValidateChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	wo := makeWorkOrder(t, p.Client, "x")
	before := getWorkOrder(t, p.Client, wo)

	c := p.Member(t, "member").Client // who may look may ask
	require.Equal(t, []string{noHours, "priority/info"}, validate(t, c, workorders.ValidateScheduleParams{
		TechnicianID: p.Technician, WorkOrderID: wo, StartAt: time.Now().Add(time.Hour), EndAt: time.Now().Add(2 * time.Hour),
	}))

	require.Empty(t, blockIDs(t, p.Client)["all"])
	require.Empty(t, plannedTechnicians(t, p.Client, wo))
	require.Equal(t, before, getWorkOrder(t, p.Client, wo))
}
