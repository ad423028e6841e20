package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

// hours is an interval of so many hours.
func hours(n int) types.Interval { return types.IntervalOf(time.Duration(n) * time.Hour) }

// upsertSLARule adds or changes an SLA rule and returns its id.
func upsertSLARule(t testing.TB, c *workorder.Client, p workorders.UpsertSLARuleParams) string {
	t.Helper()
	id, err := c.WorkOrders.UpsertSLARule(t.Context(), p)
	require.NoError(t, err)
	return id
}

// createPriority adds a priority of work orders, which has no SLA rule.
func createPriority(t testing.TB, tn *tenant, key string) {
	t.Helper()
	_, err := tn.Catalogs.CreatePriority(t.Context(), org.CreatePriorityParams{
		EntityType: "work_order", Key: key, Name: key, Weight: 9,
	})
	require.NoError(t, err)
}

// requireDue creates a work order and asserts after how long its response and
// its resolution are due, 0 for never.
func requireDue(t testing.TB, tn *tenant, priority, maintenanceType string, response, resolution time.Duration) string {
	t.Helper()
	id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{
		Title: "x", Priority: priority, MaintenanceType: maintenanceType,
	})
	require.NoError(t, err)
	wo := getWorkOrder(t, tn.Client, id)
	if response == 0 {
		require.Nil(t, wo.SLAResponseDueAt)
		require.Nil(t, wo.SLAResolutionDueAt)
		return id
	}
	require.Equal(t, response, wo.SLAResponseDueAt.Sub(wo.CreatedAt))
	require.Equal(t, resolution, wo.SLAResolutionDueAt.Sub(wo.CreatedAt))
	return id
}

// lateWorkOrder makes a work order that is late as soon as it is there.
func lateWorkOrder(t testing.TB, tn *tenant, title string) string {
	t.Helper()
	createPriority(t, tn, "yesterday")
	upsertSLARule(t, tn.Client, workorders.UpsertSLARuleParams{
		PriorityKey: "yesterday", ResponseInterval: types.IntervalOf(time.Microsecond), ResolutionInterval: types.IntervalOf(2 * time.Microsecond),
	})
	return anotherLateWorkOrder(t, tn, title)
}

// anotherLateWorkOrder makes one more after lateWorkOrder.
func anotherLateWorkOrder(t testing.TB, tn *tenant, title string) string {
	t.Helper()
	id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: title, Priority: "yesterday"})
	require.NoError(t, err)
	return id
}

func getSLAStatus(t testing.TB, c *workorder.Client, id string) *workorders.SLAStatus {
	t.Helper()
	row, err := c.WorkOrders.SLAStatus.Get(t.Context(), id)
	require.NoError(t, err)
	return row
}

func TestSLARuleOfTheMaintenanceTypeWins(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	upsertSLARule(t, tn.Client, workorders.UpsertSLARuleParams{
		PriorityKey: "high", MaintenanceTypeKey: "corrective", ResponseInterval: hours(1), ResolutionInterval: hours(2),
	})

	requireDue(t, tn, "high", "corrective", time.Hour, 2*time.Hour)
	requireDue(t, tn, "high", "preventive_time", 8*time.Hour, 72*time.Hour)
	requireDue(t, tn, "high", "", 8*time.Hour, 72*time.Hour)
	requireDue(t, tn, "critical", "corrective", 4*time.Hour, 24*time.Hour)
	requireDue(t, other, "high", "corrective", 8*time.Hour, 72*time.Hour)
}

func TestSLAIntervalsMayHaveDaysAndMonths(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	createPriority(t, tn, "someday")
	requireDue(t, tn, "someday", "", 0, 0)
	rule := upsertSLARule(t, tn.Client, workorders.UpsertSLARuleParams{
		PriorityKey: "someday", ResponseInterval: types.Interval{Days: 1, Microseconds: 90_000_000},
		ResolutionInterval: types.Interval{Days: 40},
	})
	const day = 24 * time.Hour
	requireDue(t, tn, "someday", "", day+90*time.Second, 40*day)

	upsertSLARule(t, tn.Client, workorders.UpsertSLARuleParams{
		RuleID: rule, PriorityKey: "someday", ResolutionInterval: types.Interval{Months: 3},
	})
	id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", Priority: "someday"})
	require.NoError(t, err)
	wo := getWorkOrder(t, tn.Client, id)
	require.Equal(t, day+90*time.Second, wo.SLAResponseDueAt.Sub(wo.CreatedAt), "an interval that is not given stays")
	require.InDelta(t, 91*24, wo.SLAResolutionDueAt.Sub(wo.CreatedAt).Hours(), 3*24)
}

// TestSLARuleStateStaysUnlessGiven tells the three states of IsActive apart.
func TestSLARuleStateStaysUnlessGiven(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	createPriority(t, tn, "someday")
	rule := upsertSLARule(t, tn.Client, workorders.UpsertSLARuleParams{
		PriorityKey: "someday", ResponseInterval: hours(1), ResolutionInterval: hours(2), IsActive: new(false),
	})
	requireDue(t, tn, "someday", "", 0, 0)
	update := func(active *bool, response int) {
		t.Helper()
		p := workorders.UpsertSLARuleParams{RuleID: rule, PriorityKey: "someday", IsActive: active}
		if response != 0 {
			p.ResponseInterval = hours(response)
		}
		require.Equal(t, rule, upsertSLARule(t, tn.Client, p))
	}

	update(nil, 3)
	requireDue(t, tn, "someday", "", 0, 0)
	update(new(true), 0)
	old := requireDue(t, tn, "someday", "", 3*time.Hour, 2*time.Hour)
	update(nil, 4)
	requireDue(t, tn, "someday", "", 4*time.Hour, 2*time.Hour)
	update(new(false), 0)
	requireDue(t, tn, "someday", "", 0, 0)

	wo := getWorkOrder(t, tn.Client, old)
	require.Equal(t, 3*time.Hour, wo.SLAResponseDueAt.Sub(wo.CreatedAt), "work orders keep their due times")

	require.NoError(t, tn.RPC(t.Context(), "rpc_upsert_work_order_sla_rule", map[string]any{
		"p_tenant_id": tn.ID, "p_priority_key": "someday", "p_rule_id": rule,
	}, nil))
	requireDue(t, tn, "someday", "", 4*time.Hour, 2*time.Hour)
}

func TestSLARuleKeepsItsPriorityAndType(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	rule := upsertSLARule(t, tn.Client, workorders.UpsertSLARuleParams{
		PriorityKey: "high", MaintenanceTypeKey: "corrective", ResponseInterval: hours(1), ResolutionInterval: hours(2),
	})
	upsertSLARule(t, tn.Client, workorders.UpsertSLARuleParams{
		RuleID: rule, PriorityKey: "low", MaintenanceTypeKey: "emergency", ResponseInterval: hours(3),
	})

	requireDue(t, tn, "high", "corrective", 3*time.Hour, 2*time.Hour)
	requireDue(t, tn, "low", "emergency", 48*time.Hour, 14*24*time.Hour)
}

func TestSLARulesAreOnePerPriorityAndType(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	p := workorders.UpsertSLARuleParams{PriorityKey: "high", ResponseInterval: hours(1), ResolutionInterval: hours(2)}
	_, err := tn.WorkOrders.UpsertSLARule(t.Context(), p)
	requireError(t, err, workorder.ErrConflict, "23505")

	p.IsActive = new(false)
	idle := upsertSLARule(t, tn.Client, p)
	upsertSLARule(t, tn.Client, p)
	requireDue(t, tn, "high", "", 8*time.Hour, 72*time.Hour)

	p.IsActive, p.MaintenanceTypeKey = nil, "corrective"
	upsertSLARule(t, tn.Client, p)
	_, err = tn.WorkOrders.UpsertSLARule(t.Context(), p)
	requireError(t, err, workorder.ErrConflict, "23505")
	p.MaintenanceTypeKey = "emergency"
	upsertSLARule(t, tn.Client, p)

	_, err = tn.WorkOrders.UpsertSLARule(t.Context(), workorders.UpsertSLARuleParams{
		RuleID: idle, PriorityKey: "high", IsActive: new(true),
	})
	requireError(t, err, workorder.ErrConflict, "23505")
	requireDue(t, tn, "high", "", 8*time.Hour, 72*time.Hour)
}

func TestSLARulesRefuse(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	foreign := upsertSLARule(t, other.Client, workorders.UpsertSLARuleParams{
		PriorityKey: "high", MaintenanceTypeKey: "corrective", ResponseInterval: hours(1), ResolutionInterval: hours(2),
	})
	typed := workorders.UpsertSLARuleParams{
		PriorityKey: "high", MaintenanceTypeKey: "corrective", ResponseInterval: hours(1), ResolutionInterval: hours(2),
	}
	with := func(change func(*workorders.UpsertSLARuleParams)) workorders.UpsertSLARuleParams {
		p := typed
		change(&p)
		return p
	}
	for name, tt := range map[string]struct {
		p    workorders.UpsertSLARuleParams
		code string
	}{
		"unknown priority":  {with(func(p *workorders.UpsertSLARuleParams) { p.PriorityKey = "urgent" }), "23503"},
		"unknown type":      {with(func(p *workorders.UpsertSLARuleParams) { p.MaintenanceTypeKey = "magic" }), "23503"},
		"negative interval": {with(func(p *workorders.UpsertSLARuleParams) { p.ResponseInterval = hours(-1) }), "23514"},
		"unknown rule":      {with(func(p *workorders.UpsertSLARuleParams) { p.RuleID = unknownID }), "P0001"},
		"foreign rule":      {with(func(p *workorders.UpsertSLARuleParams) { p.RuleID = foreign }), "P0001"},
	} {
		_, err := tn.WorkOrders.UpsertSLARule(t.Context(), tt.p)
		require.Error(t, err, name)
		require.Equal(t, tt.code, errorCode(err), "%s: %v", name, err)
	}
	for field, p := range map[string]workorders.UpsertSLARuleParams{
		"PriorityKey":        with(func(p *workorders.UpsertSLARuleParams) { p.PriorityKey = "" }),
		"ResponseInterval":   with(func(p *workorders.UpsertSLARuleParams) { p.ResponseInterval = types.Interval{} }),
		"ResolutionInterval": with(func(p *workorders.UpsertSLARuleParams) { p.ResolutionInterval = types.Interval{} }),
	} {
		_, err := tn.WorkOrders.UpsertSLARule(t.Context(), p)
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
		require.ErrorContains(t, err, field)
	}
	for _, tt := range []struct {
		args map[string]any
		code string
	}{
		{map[string]any{"p_response_interval": "1 hour"}, "23514"},
		{map[string]any{"p_resolution_interval": "1 hour"}, "23514"},
		{map[string]any{"p_response_interval": "0", "p_resolution_interval": "1 hour"}, "23514"},
		{map[string]any{"p_response_interval": "soon", "p_resolution_interval": "1 hour"}, "22007"},
		{map[string]any{"p_response_interval": "1 hour", "p_resolution_interval": "1 hour", "p_maintenance_type_key": ""}, "23503"},
	} {
		tt.args["p_tenant_id"], tt.args["p_priority_key"] = tn.ID, "high"
		if _, given := tt.args["p_maintenance_type_key"]; !given {
			tt.args["p_maintenance_type_key"] = "corrective"
		}
		requireCode(t, tt.code, tn.RPC(t.Context(), "rpc_upsert_work_order_sla_rule", tt.args, nil))
	}
	requireDue(t, tn, "high", "corrective", 8*time.Hour, 72*time.Hour)
}

func TestWhoSeesSLAs(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	all := everybody(t, tn)
	makeWorkOrder(t, tn.Client, "x")

	for who, want := range map[string]int{
		"admin": 1, "manager": 1, "technician": 1, "member": 1, "requestor": 0, "outsider": 0, "nobody": 0,
	} {
		t.Run(who, func(t *testing.T) {
			open, err := all[who].WorkOrders.SLAOpen.List(t.Context())
			require.NoError(t, err)
			require.Len(t, open, want)
			rows, err := all[who].WorkOrders.SLAStatus.List(t.Context())
			require.NoError(t, err)
			require.Len(t, rows, want)
		})
	}
}

func TestAcknowledgeMeetsTheResponse(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	acknowledge := func(id string) error {
		return tn.WorkOrders.Acknowledge(t.Context(), workorders.AcknowledgeParams{WorkOrderID: id})
	}
	id := lateWorkOrder(t, tn, "late")
	require.True(t, *getSLAStatus(t, tn.Client, id).ResponseSLABreached)

	require.NoError(t, acknowledge(id))
	row := getSLAStatus(t, tn.Client, id)
	require.False(t, *row.ResponseSLABreached)
	require.True(t, *row.ResolutionSLABreached, "the work is still late")
	require.Equal(t, "draft", row.Status)
	require.NoError(t, acknowledge(id))
	require.Equal(t, row.AcknowledgedAt, getSLAStatus(t, tn.Client, id).AcknowledgedAt, "the first time wins")

	for _, status := range []string{"in_progress", "completed", "cancelled"} {
		id := workOrderIn(t, tn.Client, status)
		require.NoError(t, acknowledge(id))
		wo := getWorkOrder(t, tn.Client, id)
		require.NotNil(t, wo.AcknowledgedAt, status)
		require.Equal(t, status, wo.Status)
	}

	requireError(t, acknowledge(unknownID), workorder.ErrRuleViolation, "P0001")
	foreign := makeWorkOrder(t, other.Client, "x")
	requireError(t, acknowledge(foreign), workorder.ErrRuleViolation, "P0001")
	require.Nil(t, getWorkOrder(t, other.Client, foreign).AcknowledgedAt)
	require.ErrorContains(t, acknowledge(""), "WorkOrderID")
}

func TestLateWorkOrderIsLateUntilItCloses(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := lateWorkOrder(t, tn, "late")
	makeWorkOrder(t, tn.Client, "in time")

	row, err := tn.WorkOrders.SLAOpen.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "late", row.Title)
	require.Equal(t, tn.ID, row.TenantID)
	require.Negative(t, *row.MinutesUntilResponseDue, "a part of a minute is rounded down")
	require.Negative(t, *row.MinutesUntilResolutionDue)
	late, err := tn.WorkOrders.SLAStatus.List(t.Context(), query.Where(workorders.SLAStatusCols.ResolutionSLABreached.Eq(true)))
	require.NoError(t, err)
	require.Len(t, late, 1)
	require.Equal(t, id, late[0].WorkOrderID)
	urgent, err := tn.WorkOrders.SLAOpen.List(t.Context(), query.OrderBy(workorders.SLAOpenWorkOrderCols.MinutesUntilResponseDue.Asc()))
	require.NoError(t, err)
	require.Len(t, urgent, 2)
	require.Equal(t, id, urgent[0].WorkOrderID)

	require.NoError(t, move(t, tn.Client, id, "cancelled"))
	status := getSLAStatus(t, tn.Client, id)
	require.False(t, *status.ResolutionSLABreached)
	require.True(t, *status.ResponseSLABreached, "nobody ever responded")
	_, err = tn.WorkOrders.SLAOpen.Get(t.Context(), id)
	require.ErrorIs(t, err, workorder.ErrNotFound)
}
