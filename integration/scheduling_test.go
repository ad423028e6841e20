package integration

import (
	"context"
	"testing"
	"time"
	_ "time/tzdata" // the zones of the tests, wherever they run

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// shiftStart is a morning on which nothing is planned yet.
var shiftStart = time.Date(2031, 5, 6, 8, 0, 0, 0, time.UTC)

// plan is a tenant with somebody to plan for: a technician of the administrator
// and a crew without members.
type plan struct {
	*tenant
	Technician, Crew string
}

func newPlan(t testing.TB) plan {
	t.Helper()
	tn := stack.Tenant(t)
	return plan{tn, makeTechnician(t, tn, tn.Admin.ID), makeCrew(t, tn, "Night crew")}
}

// schedule plans a work order for the technician and returns the block's id.
func (p plan) schedule(t testing.TB, workOrderID string, start, end time.Time) string {
	t.Helper()
	id, err := p.Scheduling.Schedule(t.Context(), workorders.ScheduleParams{
		WorkOrderID: workOrderID, TechnicianID: p.Technician, StartAt: start, EndAt: end,
	})
	require.NoError(t, err)
	return id
}

// scheduleCrew plans a work order for the crew and returns the block's id.
func (p plan) scheduleCrew(t testing.TB, workOrderID string, start, end time.Time) string {
	t.Helper()
	id, err := p.Scheduling.Schedule(t.Context(), workorders.ScheduleParams{
		WorkOrderID: workOrderID, CrewID: p.Crew, StartAt: start, EndAt: end,
	})
	require.NoError(t, err)
	return id
}

// block reads a block that must be there.
func (p plan) block(t testing.TB, id string) *workorders.ScheduleBlock {
	t.Helper()
	b, err := p.Scheduling.Blocks.Get(t.Context(), id)
	require.NoError(t, err)
	return b
}

// plannedTechnicians lists the technicians that a work order is planned for.
func plannedTechnicians(t testing.TB, c *workorder.Client, workOrderID string) []string {
	t.Helper()
	rows, err := c.WorkOrders.Assignments.List(t.Context(),
		query.Where(workorders.WorkOrderAssignmentCols.WorkOrderID.Eq(workOrderID)))
	require.NoError(t, err)
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.TechnicianID
	}
	return ids
}

// blockIDs lists the blocks that a client sees in each view of blocks.
func blockIDs(t testing.TB, c *workorder.Client) map[string][]string {
	t.Helper()
	s := &c.Scheduling
	return map[string][]string{
		"all":        listIDs(t, s.Blocks, func(b workorders.ScheduleBlock) string { return b.ID }),
		"technician": listIDs(t, s.ByTechnician, func(b workorders.TechnicianScheduleBlock) string { return b.ID }),
		"crew":       listIDs(t, s.ByCrew, func(b workorders.CrewScheduleBlock) string { return b.ID }),
		"asset":      listIDs(t, s.ByAsset, func(b workorders.AssetScheduleBlock) string { return b.ID }),
		"location":   listIDs(t, s.ByLocation, func(b workorders.LocationScheduleBlock) string { return b.ID }),
	}
}

// listIDs lists the ids of the rows of a view.
func listIDs[T any](t testing.TB, v workorder.View[T], id func(T) string, opts ...query.Option) []string {
	t.Helper()
	rows, err := v.List(t.Context(), opts...)
	require.NoError(t, err)
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = id(row)
	}
	return ids
}

// requireSets asserts the same keys with the same elements in any order.
func requireSets(t testing.TB, want, got map[string][]string) {
	t.Helper()
	require.Len(t, got, len(want))
	for name := range want {
		require.ElementsMatch(t, want[name], got[name], name)
	}
}

func TestScheduledWorkOrderHasABlock(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	location := makeLocation(t, p.tenant, "Hall 1")
	asset := makeAsset(t, p.tenant, "Press 1", "")
	due := shiftStart.Add(72 * time.Hour)
	wo, err := p.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{
		Title: "Grease bearing", Priority: "high", DueDate: due, LocationID: location, AssetID: asset, AssignedTo: p.Admin.ID,
	})
	require.NoError(t, err)
	before := getWorkOrder(t, p.Client, wo)

	id := p.schedule(t, wo, shiftStart, shiftStart.Add(90*time.Minute))

	b := p.block(t, id)
	require.Equal(t, p.ID, b.TenantID)
	require.Equal(t, wo, b.WorkOrderID)
	require.Equal(t, p.Technician, *b.TechnicianID)
	require.Nil(t, b.CrewID)
	require.True(t, shiftStart.Equal(b.StartAt))
	require.True(t, shiftStart.Add(90*time.Minute).Equal(b.EndAt))
	require.Equal(t, location, *b.EffectiveLocationID, "the work order's")
	require.Equal(t, asset, *b.EffectiveAssetID, "the work order's")
	require.Equal(t, "Grease bearing", b.WorkOrderTitle)
	require.Equal(t, "assigned", b.WorkOrderStatus)
	require.Equal(t, "high", b.WorkOrderPriority)
	require.True(t, due.Equal(*b.WorkOrderDueDate))
	require.Equal(t, []string{p.Technician}, plannedTechnicians(t, p.Client, wo))
	after := getWorkOrder(t, p.Client, wo)
	after.UpdatedAt = before.UpdatedAt
	require.Equal(t, before, after, "planning leaves the work order as it is")
	unread, err := p.Notifications.UnreadCount(t.Context())
	require.NoError(t, err)
	require.Zero(t, unread, "planning notifies nobody")
}

func TestScheduleTakesItsOwnPlaceBeforeTheWorkOrders(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	mine, other := makeLocation(t, p.tenant, "Hall 1"), makeLocation(t, p.tenant, "Hall 2")
	press, crane := makeAsset(t, p.tenant, "Press 1", ""), makeAsset(t, p.tenant, "Crane", "")
	wo, err := p.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", LocationID: mine, AssetID: press})
	require.NoError(t, err)

	id, err := p.Scheduling.Schedule(t.Context(), workorders.ScheduleParams{
		WorkOrderID: wo, CrewID: p.Crew, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour), LocationID: other, AssetID: crane,
	})

	require.NoError(t, err)
	b := p.block(t, id)
	require.Equal(t, p.Crew, *b.CrewID)
	require.Nil(t, b.TechnicianID)
	require.Equal(t, other, *b.LocationID)
	require.Equal(t, other, *b.EffectiveLocationID)
	require.Equal(t, crane, *b.AssetID)
	require.Equal(t, crane, *b.EffectiveAssetID)
	require.Empty(t, plannedTechnicians(t, p.Client, wo), "a crew is not assigned")
}

func TestSchedulingAgainReplacesTheBlock(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	second := makeTechnician(t, p.tenant, p.Member(t, "technician").ID)
	wo := makeWorkOrder(t, p.Client, "x")

	first := p.schedule(t, wo, shiftStart, shiftStart.Add(time.Hour))
	again := p.schedule(t, wo, shiftStart.Add(time.Hour), shiftStart.Add(2*time.Hour))
	require.NotEqual(t, first, again)
	require.Equal(t, []string{again}, blockIDs(t, p.Client)["all"])

	third, err := p.Scheduling.Schedule(t.Context(), workorders.ScheduleParams{
		WorkOrderID: wo, TechnicianID: second, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour),
	})
	require.NoError(t, err)
	require.Equal(t, []string{third}, blockIDs(t, p.Client)["all"])
	require.ElementsMatch(t, []string{p.Technician, second}, plannedTechnicians(t, p.Client, wo), "assignments add up, once each")
	_, err = p.Scheduling.Blocks.Get(t.Context(), first)
	require.ErrorIs(t, err, workorder.ErrNotFound)
}

func TestOverlapsCanBeScheduled(t *testing.T) {
	t.Parallel()
	p := newPlan(t)

	a := p.schedule(t, makeWorkOrder(t, p.Client, "a"), shiftStart, shiftStart.Add(2*time.Hour))
	b := p.schedule(t, makeWorkOrder(t, p.Client, "b"), shiftStart.Add(time.Hour), shiftStart.Add(3*time.Hour))

	require.ElementsMatch(t, []string{a, b}, blockIDs(t, p.Client)["technician"], "conflicts are for Validate to tell")
}

func TestScheduleRefusesWhatMakesNoBlock(t *testing.T) {
	t.Parallel()
	p, other := newPlan(t), stack.Tenant(t)
	wo := makeWorkOrder(t, p.Client, "x")
	foreign := makeWorkOrder(t, other.Client, "of another tenant")
	end := shiftStart.Add(time.Hour)

	for name, tt := range map[string]struct {
		p    workorders.ScheduleParams
		kind error
		code string // "" when the client refuses
	}{
		"nobody": {workorders.ScheduleParams{WorkOrderID: wo, StartAt: shiftStart, EndAt: end}, workorder.ErrInvalidInput, ""},
		"both": {workorders.ScheduleParams{WorkOrderID: wo, TechnicianID: p.Technician, CrewID: p.Crew, StartAt: shiftStart, EndAt: end},
			workorder.ErrInvalidInput, ""},
		"no work order": {workorders.ScheduleParams{TechnicianID: p.Technician, StartAt: shiftStart, EndAt: end}, workorder.ErrInvalidInput, ""},
		"no start":      {workorders.ScheduleParams{WorkOrderID: wo, CrewID: p.Crew, EndAt: end}, workorder.ErrInvalidInput, ""},
		"no end":        {workorders.ScheduleParams{WorkOrderID: wo, CrewID: p.Crew, StartAt: shiftStart}, workorder.ErrInvalidInput, ""},
		"empty slot":    {workorders.ScheduleParams{WorkOrderID: wo, CrewID: p.Crew, StartAt: end, EndAt: end}, workorder.ErrInvalidInput, ""},
		"reversed":      {workorders.ScheduleParams{WorkOrderID: wo, CrewID: p.Crew, StartAt: end, EndAt: shiftStart}, workorder.ErrInvalidInput, ""},
		"slot below a microsecond": {workorders.ScheduleParams{WorkOrderID: wo, CrewID: p.Crew, StartAt: shiftStart, EndAt: shiftStart.Add(400)},
			workorder.ErrInvalidInput, "22000"},
		"unknown work order": {workorders.ScheduleParams{WorkOrderID: unknownID, CrewID: p.Crew, StartAt: shiftStart, EndAt: end},
			workorder.ErrNotFound, "P0002"},
		"foreign work order": {workorders.ScheduleParams{WorkOrderID: foreign, CrewID: p.Crew, StartAt: shiftStart, EndAt: end},
			workorder.ErrPermissionDenied, "42501"},
		"unknown technician": {workorders.ScheduleParams{WorkOrderID: wo, TechnicianID: unknownID, StartAt: shiftStart, EndAt: end},
			workorder.ErrInvalidReference, "23503"},
		"user for a technician": {workorders.ScheduleParams{WorkOrderID: wo, TechnicianID: p.Admin.ID, StartAt: shiftStart, EndAt: end},
			workorder.ErrInvalidReference, "23503"},
		"unknown crew": {workorders.ScheduleParams{WorkOrderID: wo, CrewID: unknownID, StartAt: shiftStart, EndAt: end},
			workorder.ErrInvalidReference, "23503"},
		"unknown location": {workorders.ScheduleParams{WorkOrderID: wo, CrewID: p.Crew, StartAt: shiftStart, EndAt: end, LocationID: unknownID},
			workorder.ErrInvalidReference, "23503"},
		"unknown asset": {workorders.ScheduleParams{WorkOrderID: wo, CrewID: p.Crew, StartAt: shiftStart, EndAt: end, AssetID: unknownID},
			workorder.ErrInvalidReference, "23503"},
		"malformed id": {workorders.ScheduleParams{WorkOrderID: "WO-17", CrewID: p.Crew, StartAt: shiftStart, EndAt: end},
			workorder.ErrInvalidInput, "22P02"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.Scheduling.Schedule(t.Context(), tt.p)
			requireError(t, err, tt.kind, tt.code)
		})
	}
	require.Empty(t, blockIDs(t, p.Client)["all"])
	require.Empty(t, plannedTechnicians(t, p.Client, wo))
}

func TestRefusedScheduleKeepsTheBlock(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	wo := makeWorkOrder(t, p.Client, "x")
	id := p.schedule(t, wo, shiftStart, shiftStart.Add(time.Hour))
	before := p.block(t, id)

	_, err := p.Scheduling.Schedule(t.Context(), workorders.ScheduleParams{
		WorkOrderID: wo, TechnicianID: unknownID, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour),
	})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	require.Equal(t, before, p.block(t, id))
}

// TestServerChecksSchedulesToo goes past the checks of the client.
func TestServerChecksSchedulesToo(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	wo := makeWorkOrder(t, p.Client, "x")
	block := p.schedule(t, wo, shiftStart, shiftStart.Add(time.Hour))
	end := shiftStart.Add(time.Hour)

	for name, tt := range map[string]struct {
		rpc  string
		args map[string]any
	}{
		"nobody":         {"rpc_schedule_work_order", map[string]any{"p_work_order_id": wo, "p_start_at": shiftStart, "p_end_at": end}},
		"both":           {"rpc_schedule_work_order", map[string]any{"p_work_order_id": wo, "p_technician_id": p.Technician, "p_crew_id": p.Crew, "p_start_at": shiftStart, "p_end_at": end}},
		"empty slot":     {"rpc_schedule_work_order", map[string]any{"p_work_order_id": wo, "p_crew_id": p.Crew, "p_start_at": end, "p_end_at": end}},
		"reversed":       {"rpc_schedule_work_order", map[string]any{"p_work_order_id": wo, "p_crew_id": p.Crew, "p_start_at": end, "p_end_at": shiftStart}},
		"no start":       {"rpc_schedule_work_order", map[string]any{"p_work_order_id": wo, "p_crew_id": p.Crew, "p_end_at": end}},
		"no end":         {"rpc_schedule_work_order", map[string]any{"p_work_order_id": wo, "p_crew_id": p.Crew, "p_start_at": shiftStart}},
		"move to both":   {"rpc_update_schedule_block", map[string]any{"p_schedule_block_id": block, "p_technician_id": p.Technician, "p_crew_id": p.Crew}},
		"move reversed":  {"rpc_update_schedule_block", map[string]any{"p_schedule_block_id": block, "p_start_at": end, "p_end_at": shiftStart}},
		"move to empty":  {"rpc_update_schedule_block", map[string]any{"p_schedule_block_id": block, "p_start_at": end, "p_end_at": end}},
		"unplan nothing": {"rpc_unschedule_work_order", map[string]any{}},
	} {
		t.Run(name, func(t *testing.T) {
			requireError(t, p.RPC(t.Context(), tt.rpc, tt.args, nil), workorder.ErrInvalidInput, "22000")
		})
	}
}

func TestUpdateMovesABlock(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	wo := makeWorkOrder(t, p.Client, "x")
	id := p.schedule(t, wo, shiftStart, shiftStart.Add(time.Hour))
	update := func(params workorders.UpdateScheduleBlockParams) error {
		t.Helper()
		params.ScheduleBlockID = id
		got, err := p.Scheduling.Update(t.Context(), params)
		if err == nil {
			require.Equal(t, id, got, "the id stays")
		}
		return err
	}

	require.NoError(t, update(workorders.UpdateScheduleBlockParams{EndAt: new(shiftStart.Add(3 * time.Hour))}))
	b := p.block(t, id)
	require.True(t, shiftStart.Equal(b.StartAt), "only the end moves")
	require.True(t, shiftStart.Add(3*time.Hour).Equal(b.EndAt))

	require.NoError(t, update(workorders.UpdateScheduleBlockParams{}), "nothing to change is fine")
	after := p.block(t, id)
	after.UpdatedAt = b.UpdatedAt
	require.Equal(t, b, after)

	err := update(workorders.UpdateScheduleBlockParams{StartAt: new(shiftStart.Add(4 * time.Hour))})
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	err = update(workorders.UpdateScheduleBlockParams{EndAt: &shiftStart})
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	err = update(workorders.UpdateScheduleBlockParams{TechnicianID: &p.Technician, CrewID: &p.Crew})
	requireError(t, err, workorder.ErrInvalidInput, "")
	for name, params := range map[string]workorders.UpdateScheduleBlockParams{
		"technician": {TechnicianID: new(unknownID)},
		"location":   {LocationID: new(unknownID)},
		"asset":      {AssetID: new(unknownID)},
	} {
		requireError(t, update(params), workorder.ErrInvalidReference, "23503")
		require.Equal(t, p.Technician, *p.block(t, id).TechnicianID, name)
	}

	location, asset := makeLocation(t, p.tenant, "Hall 2"), makeAsset(t, p.tenant, "Crane", "")
	require.NoError(t, update(workorders.UpdateScheduleBlockParams{
		StartAt: new(shiftStart.Add(4 * time.Hour)), EndAt: new(shiftStart.Add(5 * time.Hour)), LocationID: &location, AssetID: &asset,
	}))
	b = p.block(t, id)
	require.True(t, shiftStart.Add(4*time.Hour).Equal(b.StartAt))
	require.Equal(t, location, *b.EffectiveLocationID)
	require.Equal(t, asset, *b.EffectiveAssetID)
	require.NoError(t, update(workorders.UpdateScheduleBlockParams{StartAt: &shiftStart}))
	require.Equal(t, location, *p.block(t, id).LocationID, "nil keeps the place")
}

func TestUpdateGivesABlockToAnotherTechnician(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	second := makeTechnician(t, p.tenant, p.Member(t, "technician").ID)
	ofCrew := makeWorkOrder(t, p.Client, "of the crew")
	ofTechnician := makeWorkOrder(t, p.Client, "of a technician")

	crewBlock := p.scheduleCrew(t, ofCrew, shiftStart, shiftStart.Add(time.Hour))
	_, err := p.Scheduling.Update(t.Context(), workorders.UpdateScheduleBlockParams{ScheduleBlockID: crewBlock, TechnicianID: &second})
	require.NoError(t, err)
	b := p.block(t, crewBlock)
	require.Equal(t, second, *b.TechnicianID)
	require.Nil(t, b.CrewID)
	require.Equal(t, []string{second}, plannedTechnicians(t, p.Client, ofCrew))

	block := p.schedule(t, ofTechnician, shiftStart, shiftStart.Add(time.Hour))
	_, err = p.Scheduling.Update(t.Context(), workorders.UpdateScheduleBlockParams{ScheduleBlockID: block, TechnicianID: &second})
	require.NoError(t, err)
	require.Equal(t, second, *p.block(t, block).TechnicianID)
	require.ElementsMatch(t, []string{p.Technician, second}, plannedTechnicians(t, p.Client, ofTechnician), "the first one stays assigned")
}

func TestBlockOfATechnicianMovesToACrewByPlanningAnew(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	wo := makeWorkOrder(t, p.Client, "x")
	p.schedule(t, wo, shiftStart, shiftStart.Add(time.Hour))

	id := p.scheduleCrew(t, wo, shiftStart, shiftStart.Add(time.Hour))

	requireSets(t, map[string][]string{"all": {id}, "technician": nil, "crew": {id}, "asset": nil, "location": nil},
		blockIDs(t, p.Client))
	require.Equal(t, []string{p.Technician}, plannedTechnicians(t, p.Client, wo), "assignments stay")
}

func TestUpdateAndUnscheduleOfUnknownBlocks(t *testing.T) {
	t.Parallel()
	p, other := newPlan(t), newPlan(t)
	theirWork := makeWorkOrder(t, other.Client, "x")
	foreign := other.schedule(t, theirWork, shiftStart, shiftStart.Add(time.Hour))

	_, err := p.Scheduling.Update(t.Context(), workorders.UpdateScheduleBlockParams{ScheduleBlockID: unknownID, EndAt: &shiftStart})
	requireError(t, err, workorder.ErrNotFound, "P0002")
	_, err = p.Scheduling.Update(t.Context(), workorders.UpdateScheduleBlockParams{ScheduleBlockID: foreign, EndAt: new(shiftStart.Add(2 * time.Hour))})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")

	require.NoError(t, p.Scheduling.Unschedule(t.Context(), workorders.UnscheduleParams{ScheduleBlockID: unknownID}))
	require.NoError(t, p.Scheduling.Unschedule(t.Context(), workorders.UnscheduleParams{WorkOrderID: unknownID}))
	err = p.Scheduling.Unschedule(t.Context(), workorders.UnscheduleParams{ScheduleBlockID: foreign})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	err = p.Scheduling.Unschedule(t.Context(), workorders.UnscheduleParams{WorkOrderID: theirWork})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	err = p.Scheduling.Unschedule(t.Context(), workorders.UnscheduleParams{})
	requireError(t, err, workorder.ErrInvalidInput, "")

	require.True(t, shiftStart.Add(time.Hour).Equal(other.block(t, foreign).EndAt))
}

func TestUnscheduleKeepsTheAssignments(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	wo, kept := makeWorkOrder(t, p.Client, "x"), makeWorkOrder(t, p.Client, "kept")
	p.schedule(t, wo, shiftStart, shiftStart.Add(time.Hour))
	keptBlock := p.schedule(t, kept, shiftStart, shiftStart.Add(time.Hour))

	for range 2 { // what is gone already is fine
		require.NoError(t, p.Scheduling.Unschedule(t.Context(), workorders.UnscheduleParams{WorkOrderID: wo}))
		require.Equal(t, []string{keptBlock}, blockIDs(t, p.Client)["all"])
		require.Equal(t, []string{p.Technician}, plannedTechnicians(t, p.Client, wo))
	}

	block := p.schedule(t, wo, shiftStart, shiftStart.Add(time.Hour))
	require.NoError(t, p.Scheduling.Unschedule(t.Context(), workorders.UnscheduleParams{ScheduleBlockID: block, WorkOrderID: kept}))
	require.Equal(t, []string{keptBlock}, blockIDs(t, p.Client)["all"], "the block wins over the work order")
	require.Equal(t, "draft", getWorkOrder(t, p.Client, wo).Status)
}

func TestBlocksShowWhereTheyBelong(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	location := makeLocation(t, p.tenant, "Hall 1")
	press := makeAsset(t, p.tenant, "Press 1", location)
	create := func(params workorders.CreateWorkOrderParams) string {
		t.Helper()
		params.Title = "x"
		id, err := p.WorkOrders.Create(t.Context(), params)
		require.NoError(t, err)
		return id
	}
	end := shiftStart.Add(time.Hour)

	plain := p.schedule(t, create(workorders.CreateWorkOrderParams{}), shiftStart, end)
	there := p.schedule(t, create(workorders.CreateWorkOrderParams{LocationID: location}), shiftStart, end)
	onPress := p.scheduleCrew(t, create(workorders.CreateWorkOrderParams{AssetID: press}), shiftStart, end)

	requireSets(t, map[string][]string{
		"all":        {plain, there, onPress},
		"technician": {plain, there},
		"crew":       {onPress},
		"asset":      {onPress},
		"location":   {there},
	}, blockIDs(t, p.Client))

	s := &p.Scheduling
	require.Empty(t, listIDs(t, s.ByTechnician, func(b workorders.TechnicianScheduleBlock) string { return b.ID },
		query.Where(workorders.TechnicianScheduleBlockCols.TechnicianID.Eq(unknownID))))
	require.Equal(t, []string{there}, listIDs(t, s.ByLocation, func(b workorders.LocationScheduleBlock) string { return b.ID },
		query.Where(workorders.LocationScheduleBlockCols.EffectiveLocationID.Eq(location))))
	require.Equal(t, []string{onPress}, listIDs(t, s.ByAsset, func(b workorders.AssetScheduleBlock) string { return b.ID },
		query.Where(workorders.AssetScheduleBlockCols.EffectiveAssetID.Eq(press))))
	require.Equal(t, []string{onPress}, listIDs(t, s.ByCrew, func(b workorders.CrewScheduleBlock) string { return b.ID },
		query.Where(workorders.CrewScheduleBlockCols.CrewID.Eq(p.Crew))))
}

func TestBlocksShowToWhoSeesTheWorkOrder(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	requestor := p.Member(t, "requestor")
	own, err := requestor.WorkOrders.CreateRequest(t.Context(), workorders.CreateRequestParams{Title: "Lamp is out"})
	require.NoError(t, err)
	mine := p.schedule(t, own, shiftStart, shiftStart.Add(time.Hour))
	others := p.schedule(t, makeWorkOrder(t, p.Client, "x"), shiftStart, shiftStart.Add(time.Hour))

	requireSets(t, map[string][]string{"all": {mine}, "technician": {mine}, "crew": nil, "asset": nil, "location": nil},
		blockIDs(t, requestor.Client))
	for _, role := range []string{"manager", "technician", "member"} {
		require.ElementsMatch(t, []string{mine, others}, blockIDs(t, p.Member(t, role).Client)["all"], role)
	}
}

func TestPlanningNeedsNoPermission(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	wo := makeWorkOrder(t, p.Client, "x")
	c := p.Member(t, "member").Client

	id, err := c.Scheduling.Schedule(t.Context(), workorders.ScheduleParams{
		WorkOrderID: wo, TechnicianID: p.Technician, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour),
	})
	require.NoError(t, err)
	_, err = c.Scheduling.Update(t.Context(), workorders.UpdateScheduleBlockParams{ScheduleBlockID: id, EndAt: new(shiftStart.Add(2 * time.Hour))})
	require.NoError(t, err)
	require.True(t, shiftStart.Add(2*time.Hour).Equal(p.block(t, id).EndAt))
	require.NoError(t, c.Scheduling.Unschedule(t.Context(), workorders.UnscheduleParams{ScheduleBlockID: id}))
	require.Empty(t, blockIDs(t, p.Client)["all"])
}

func TestBlockFollowsTheWorkOrder(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	wo := makeWorkOrder(t, p.Client, "x")
	id := p.schedule(t, wo, shiftStart, shiftStart.Add(time.Hour))
	require.Equal(t, "draft", p.block(t, id).WorkOrderStatus)

	require.NoError(t, p.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{WorkOrderID: wo, ToStatusKey: "cancelled"}))
	require.Equal(t, "cancelled", p.block(t, id).WorkOrderStatus)
}

// zone loads a time zone.
func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

// changes of the clock that a slot can lie across: each pair is on both sides.
var clockChanges = []struct {
	name, zone string
	start, end time.Time // UTC
	wall       string    // what clocks there show
}{
	// 02:00 becomes 03:00.
	{"spring", "Europe/Berlin", time.Date(2031, 3, 30, 0, 30, 0, 0, time.UTC), time.Date(2031, 3, 30, 1, 30, 0, 0, time.UTC), "01:30 to 03:30"},
	{"New York", "America/New_York", time.Date(2031, 3, 9, 6, 30, 0, 0, time.UTC), time.Date(2031, 3, 9, 7, 30, 0, 0, time.UTC), "01:30 to 03:30"},
	// 03:00 becomes 02:00: clocks show the same time twice.
	{"autumn", "Europe/Berlin", time.Date(2031, 10, 26, 0, 30, 0, 0, time.UTC), time.Date(2031, 10, 26, 1, 30, 0, 0, time.UTC), "02:30 to 02:30"},
	{"backwards", "Europe/Berlin", time.Date(2031, 10, 26, 0, 45, 0, 0, time.UTC), time.Date(2031, 10, 26, 1, 15, 0, 0, time.UTC), "02:45 to 02:15"},
	// Half an hour only.
	{"Lord Howe", "Australia/Lord_Howe", time.Date(2031, 4, 5, 14, 45, 0, 0, time.UTC), time.Date(2031, 4, 5, 15, 15, 0, 0, time.UTC), "01:45 to 01:45"},
	// No change, but three quarters of an hour.
	{"Kathmandu", "Asia/Kathmandu", time.Date(2031, 3, 30, 18, 0, 0, 0, time.UTC), time.Date(2031, 3, 30, 18, 30, 0, 0, time.UTC), "23:45 to 00:15"},
}

func TestSlotsAreInstantsAcrossChangesOfTheClock(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	wo := makeWorkOrder(t, p.Client, "x")

	for _, tt := range clockChanges {
		t.Run(tt.name, func(t *testing.T) {
			loc := zone(t, tt.zone)
			start, end := tt.start.In(loc), tt.end.In(loc)
			require.Equal(t, tt.wall, start.Format("15:04")+" to "+end.Format("15:04"), "the change that the test means")

			b := p.block(t, p.schedule(t, wo, start, end))
			require.True(t, tt.start.Equal(b.StartAt), "%s is not %s", b.StartAt, start)
			require.True(t, tt.end.Equal(b.EndAt), "%s is not %s", b.EndAt, end)

			_, err := p.Scheduling.Schedule(t.Context(), workorders.ScheduleParams{
				WorkOrderID: wo, TechnicianID: p.Technician, StartAt: end, EndAt: start,
			})
			require.ErrorIs(t, err, workorder.ErrInvalidInput, "what clocks show does not order instants")
		})
	}
}

func TestSlotsKeepMicroseconds(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	start := time.Date(2031, 5, 6, 23, 59, 59, 999_999_000, time.FixedZone("", -9*3600-30*60))

	b := p.block(t, p.schedule(t, makeWorkOrder(t, p.Client, "x"), start, start.Add(time.Microsecond)))
	require.True(t, start.Equal(b.StartAt), "%s is not %s", b.StartAt, start)
	require.True(t, start.Add(time.Microsecond).Equal(b.EndAt))
}

func TestBlocksAreFoundByTimeInAnyZone(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	berlin := zone(t, "Europe/Berlin")
	// One slot an hour, through the night in which clocks go back.
	night := time.Date(2031, 10, 25, 23, 0, 0, 0, time.UTC)
	ids := make([]string, 5)
	for i := range ids {
		at := night.Add(time.Duration(i) * time.Hour)
		ids[i] = p.schedule(t, makeWorkOrder(t, p.Client, "x"), at, at.Add(time.Hour))
	}
	cols := workorders.TechnicianScheduleBlockCols
	find := func(filters ...query.Filter) []string {
		t.Helper()
		return listIDs(t, p.Scheduling.ByTechnician, func(b workorders.TechnicianScheduleBlock) string { return b.ID },
			query.Where(filters...), query.OrderBy(cols.StartAt.Asc()))
	}

	from, to := night.Add(time.Hour).In(berlin), night.Add(3*time.Hour).In(berlin)
	require.Equal(t, "02:00 03:00", from.Format("15:04")+" "+to.Format("15:04"), "two hours for one on the clock")
	require.Equal(t, ids[1:3], find(cols.StartAt.Gte(from), cols.StartAt.Lt(to)))
	require.Equal(t, ids[1:3], find(cols.EndAt.Gt(from), cols.StartAt.Lt(to)), "what overlaps the window")
	require.Equal(t, ids[2:3], find(cols.StartAt.Eq(night.Add(2*time.Hour).In(zone(t, "America/New_York")))))
	require.Equal(t, ids, find())
}

func TestPlanningInATenantThatTheTokenIsNotFor(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	other := p.Admin.NewTenant(t)
	wo := makeWorkOrder(t, p.Client, "x")

	id, err := other.Scheduling.Schedule(t.Context(), workorders.ScheduleParams{
		WorkOrderID: wo, TechnicianID: p.Technician, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour),
	})
	require.NoError(t, err, "the work order names the tenant")
	require.Equal(t, []string{id}, blockIDs(t, p.Client)["all"])
	require.Empty(t, blockIDs(t, other.Client)["all"])
	require.Equal(t, p.ID, p.block(t, id).TenantID)

	checks, err := other.Scheduling.Validate(t.Context(), workorders.ValidateScheduleParams{
		TechnicianID: p.Technician, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour),
	})
	require.NoError(t, err)
	require.Contains(t, remarks(checks), "conflict/warning")
}

func TestPlanningNeedsMembership(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	wo := makeWorkOrder(t, p.Client, "x")
	end := shiftStart.Add(time.Hour)
	id := p.schedule(t, wo, shiftStart, end)

	for name, c := range map[string]*workorder.Client{
		"outsider": stack.User(t).Client, "other tenant": stack.Tenant(t).Client, "nobody": stack.Client(t),
	} {
		for call, do := range map[string]func(context.Context) error{
			"schedule": func(ctx context.Context) error {
				_, err := c.Scheduling.Schedule(ctx, workorders.ScheduleParams{WorkOrderID: wo, TechnicianID: p.Technician, StartAt: shiftStart, EndAt: end})
				return err
			},
			"update": func(ctx context.Context) error {
				_, err := c.Scheduling.Update(ctx, workorders.UpdateScheduleBlockParams{ScheduleBlockID: id, EndAt: new(end.Add(time.Hour))})
				return err
			},
			"unschedule": func(ctx context.Context) error {
				return c.Scheduling.Unschedule(ctx, workorders.UnscheduleParams{ScheduleBlockID: id})
			},
			"unschedule the work order": func(ctx context.Context) error {
				return c.Scheduling.Unschedule(ctx, workorders.UnscheduleParams{WorkOrderID: wo})
			},
			"validate a technician": func(ctx context.Context) error {
				_, err := c.Scheduling.Validate(ctx, workorders.ValidateScheduleParams{TechnicianID: p.Technician, StartAt: shiftStart, EndAt: end})
				return err
			},
			"validate a crew": func(ctx context.Context) error {
				_, err := c.Scheduling.Validate(ctx, workorders.ValidateScheduleParams{CrewID: p.Crew, StartAt: shiftStart, EndAt: end})
				return err
			},
		} {
			err := do(t.Context())
			require.Equal(t, "42501", errorCode(err), "%s by %s: %v", call, name, err)
			require.ErrorIs(t, err, workorder.ErrPermissionDenied)
		}
	}
	require.True(t, end.Equal(p.block(t, id).EndAt), "nothing happened")
}
