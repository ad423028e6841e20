package integration

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

func TestTenantStartsWithItsStatuses(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)

	rows, err := a.Catalogs.Statuses.List(t.Context(), query.OrderBy(
		org.StatusCols.EntityType.Desc(), org.StatusCols.DisplayOrder.Asc()))
	require.NoError(t, err)
	var got []string
	for _, s := range rows {
		got = append(got, fmt.Sprintf("%s %s %q %s %d %s %t",
			s.EntityType, s.Key, s.Name, s.Category, s.DisplayOrder, text(s.Color), s.IsFinal))
		require.Nil(t, s.Icon)
	}
	require.Equal(t, []string{
		`work_order draft "Draft" open 1 #94a3b8 false`,
		`work_order assigned "Assigned" open 2 #3b82f6 false`,
		`work_order in_progress "In Progress" open 3 #f59e0b false`,
		`work_order completed "Completed" closed 4 #22c55e true`,
		`work_order cancelled "Cancelled" closed 5 #64748b true`,
		`asset active "Active" open 1 #22c55e false`,
		`asset inactive "Inactive" closed 2 #94a3b8 false`,
		`asset retired "Retired" final 3 #64748b true`,
		`asset commissioning "Commissioning" open 4 #eab308 false`,
		`asset in_service "In Service" open 5 #22c55e false`,
		`asset decommissioned "Decommissioned" final 6 #64748b true`,
		`asset replaced "Replaced" final 7 #94a3b8 true`,
	}, got)
}

func TestTenantStartsWithItsStatusTransitions(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)

	rows, err := a.Catalogs.StatusTransitions.List(t.Context())
	require.NoError(t, err)
	got := map[string]string{}
	for _, r := range rows {
		require.Equal(t, "work_order", r.EntityType)
		require.Nil(t, r.GuardCondition)
		got[r.FromStatusKey+" → "+r.ToStatusKey] = text(r.RequiredPermission)
	}
	require.Equal(t, map[string]string{
		"draft → assigned":        "workorder.assign",
		"assigned → in_progress":  "workorder.edit",
		"in_progress → completed": "workorder.complete.assigned",
		"assigned → completed":    "workorder.complete.any",
		"draft → cancelled":       "workorder.cancel",
		"assigned → cancelled":    "workorder.cancel",
		"in_progress → cancelled": "workorder.cancel",
	}, got)
}

func TestPrioritiesComeMostUrgentFirst(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)

	rows, err := a.Catalogs.Priorities.List(t.Context())
	require.NoError(t, err)
	var got []string
	for _, p := range rows {
		got = append(got, fmt.Sprintf("%s %q %d %d %s", p.Key, p.Name, p.Weight, p.DisplayOrder, text(p.Color)))
	}
	require.Equal(t, []string{
		`critical "Critical" 10 4 #ef4444`,
		`high "High" 20 3 #f59e0b`,
		`medium "Medium" 30 2 #3b82f6`,
		`low "Low" 40 1 #22c55e`,
	}, got)
}

func TestTenantStartsWithTwentyMaintenanceTypes(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)

	rows, err := a.Catalogs.MaintenanceTypes.List(t.Context(), query.OrderBy(org.MaintenanceTypeCols.DisplayOrder.Asc()))
	require.NoError(t, err)
	byCategory := map[org.MaintenanceCategory][]string{}
	for i, m := range rows {
		require.Equal(t, i+1, m.DisplayOrder)
		require.True(t, m.IsSystem)
		require.Equal(t, "work_order", m.EntityType)
		require.NotEmpty(t, text(m.Description))
		byCategory[m.Category] = append(byCategory[m.Category], m.Key)
	}
	require.Equal(t, map[org.MaintenanceCategory][]string{
		org.MaintenanceReactive: {"corrective", "emergency", "breakdown", "run_to_failure"},
		org.MaintenancePlanned:  {"preventive_time", "preventive_usage", "condition_based"},
		org.MaintenanceAdvanced: {"predictive", "rcm", "rbm", "fmea"},
		org.MaintenanceLean:     {"tpm", "proactive", "design_out"},
		org.MaintenanceOther:    {"inspection", "calibration", "installation", "modification", "project", "shutdown"},
	}, byCategory)
	require.Len(t, rows, 20)
	require.Equal(t, "Shutdown/Turnaround", rows[19].Name)
}

func TestCreatedStatusIsReadable(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	id, err := a.Catalogs.CreateStatus(t.Context(), org.CreateStatusParams{
		EntityType: "work_order", Key: "on_hold", Name: "On Hold", Category: org.StatusFinal,
		DisplayOrder: 9, Color: "#abc", Icon: "pause",
	})
	require.NoError(t, err)

	row, err := a.Catalogs.Statuses.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "on_hold", row.Key)
	require.Equal(t, "On Hold", row.Name)
	require.Equal(t, org.StatusFinal, row.Category)
	require.Equal(t, 9, row.DisplayOrder)
	require.Equal(t, "#abc", text(row.Color))
	require.Equal(t, "pause", text(row.Icon))
	require.False(t, row.IsFinal, "whatever the category")
}

func TestStatusRefusesMalformedValues(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	good := org.CreateStatusParams{EntityType: "work_order", Key: "on_hold", Name: "On Hold", Category: org.StatusOpen}

	for _, tc := range []struct {
		name   string
		change func(*org.CreateStatusParams)
		kind   error
		code   string
	}{
		{"taken key", func(p *org.CreateStatusParams) { p.Key = "draft" }, workorder.ErrConflict, "23505"},
		{"unknown category", func(p *org.CreateStatusParams) { p.Category = "active" }, workorder.ErrInvalidReference, "23503"},
		{"malformed key", func(p *org.CreateStatusParams) { p.Key = "Bad-Key" }, workorder.ErrInvalidInput, "23514"},
		{"malformed entity type", func(p *org.CreateStatusParams) { p.EntityType = "1x" }, workorder.ErrInvalidInput, "23514"},
		{"malformed color", func(p *org.CreateStatusParams) { p.Color = "red" }, workorder.ErrInvalidInput, "23514"},
		{"negative order", func(p *org.CreateStatusParams) { p.DisplayOrder = -1 }, workorder.ErrInvalidInput, "23514"},
		{"no name", func(p *org.CreateStatusParams) { p.Name = "" }, workorder.ErrInvalidInput, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := good
			tc.change(&p)
			_, err := a.Catalogs.CreateStatus(t.Context(), p)
			requireError(t, err, tc.kind, tc.code)
		})
	}
}

func TestCatalogKeysAreUniquePerTenantAndEntityType(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	create := func(c *tenant, entityType string) (status, priority, kind error) {
		_, status = c.Catalogs.CreateStatus(t.Context(), org.CreateStatusParams{
			EntityType: entityType, Key: "k", Name: "K", Category: org.StatusOpen,
		})
		_, priority = c.Catalogs.CreatePriority(t.Context(), org.CreatePriorityParams{EntityType: entityType, Key: "k", Name: "K"})
		_, kind = c.Catalogs.CreateMaintenanceType(t.Context(), org.CreateMaintenanceTypeParams{
			Key: "k", Name: "K", Category: org.MaintenanceOther,
		})
		return status, priority, kind
	}

	for _, c := range []*tenant{a, b} {
		status, priority, kind := create(c, "work_order")
		require.NoError(t, status)
		require.NoError(t, priority)
		require.NoError(t, kind)
	}
	status, priority, kind := create(a, "work_order")
	requireError(t, status, workorder.ErrConflict, "23505")
	requireError(t, priority, workorder.ErrConflict, "23505")
	requireError(t, kind, workorder.ErrConflict, "23505")
	status, priority, _ = create(a, "vehicle")
	require.NoError(t, status)
	require.NoError(t, priority)
}

func TestCreatedPriorityIsUsableAtOnce(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	id, err := a.Catalogs.CreatePriority(t.Context(), org.CreatePriorityParams{
		EntityType: "work_order", Key: "blocker", Name: "Blocker", Weight: 1, DisplayOrder: 5, Color: "#ff0000",
	})
	require.NoError(t, err)

	rows, err := a.Catalogs.Priorities.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, id, rows[0].ID, "the lowest weight comes first")
	_, err = a.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "Fix", Priority: "blocker"})
	require.NoError(t, err)

	for name, p := range map[string]org.CreatePriorityParams{
		"key":    {EntityType: "work_order", Key: "Bad-Key", Name: "P"},
		"weight": {EntityType: "work_order", Key: "p", Name: "P", Weight: -1},
		"order":  {EntityType: "work_order", Key: "p", Name: "P", DisplayOrder: -1},
		"color":  {EntityType: "work_order", Key: "p", Name: "P", Color: "#12"},
	} {
		t.Run("malformed "+name, func(t *testing.T) {
			_, err := a.Catalogs.CreatePriority(t.Context(), p)
			requireError(t, err, workorder.ErrInvalidInput, "23514")
		})
	}
}

func TestMaintenanceTypeGoesBehindItsCategory(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	order := func(p org.CreateMaintenanceTypeParams) int {
		id, err := a.Catalogs.CreateMaintenanceType(t.Context(), p)
		require.NoError(t, err)
		row, err := a.Catalogs.MaintenanceTypes.Get(t.Context(), id)
		require.NoError(t, err)
		require.False(t, row.IsSystem)
		return row.DisplayOrder
	}

	require.Equal(t, 5, order(org.CreateMaintenanceTypeParams{Key: "leak", Name: "Leak", Category: org.MaintenanceReactive}))
	require.Equal(t, 6, order(org.CreateMaintenanceTypeParams{Key: "spill", Name: "Spill", Category: org.MaintenanceReactive}))
	require.Equal(t, 2, order(org.CreateMaintenanceTypeParams{
		Key: "drip", Name: "Drip", Category: org.MaintenanceReactive, DisplayOrder: new(2),
	}))

	_, err := a.Catalogs.CreateMaintenanceType(t.Context(), org.CreateMaintenanceTypeParams{
		Key: "pm", Name: "PM", Category: "preventive",
	})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
}

func TestStatusTransitionNeedsKnownStatuses(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	create := func(p org.CreateStatusTransitionParams) error {
		p.EntityType = "work_order"
		_, err := a.Catalogs.CreateStatusTransition(t.Context(), p)
		return err
	}
	requireError(t, create(org.CreateStatusTransitionParams{FromStatusKey: "nowhere", ToStatusKey: "draft"}), workorder.ErrInvalidReference, "23503")
	requireError(t, create(org.CreateStatusTransitionParams{FromStatusKey: "draft", ToStatusKey: "nowhere"}), workorder.ErrInvalidReference, "23503")
	requireError(t, create(org.CreateStatusTransitionParams{FromStatusKey: "draft", ToStatusKey: "active"}), workorder.ErrInvalidReference, "23503") // of assets
	requireError(t, create(org.CreateStatusTransitionParams{FromStatusKey: "draft", ToStatusKey: "assigned"}), workorder.ErrConflict, "23505")
	requireError(t, create(org.CreateStatusTransitionParams{
		FromStatusKey: "assigned", ToStatusKey: "draft", GuardCondition: json.RawMessage(`["assigned_to"]`),
	}), workorder.ErrInvalidInput, "") // before anything is sent
}

func TestCreatedStatusTransitionIsInViewAndGraph(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	id, err := a.Catalogs.CreateStatusTransition(t.Context(), org.CreateStatusTransitionParams{
		EntityType: "work_order", FromStatusKey: "completed", ToStatusKey: "in_progress",
		RequiredPermission: "workorder.edit", GuardCondition: json.RawMessage(`{"assigned_to":"not_null"}`),
	})
	require.NoError(t, err)

	row, err := a.Catalogs.StatusTransitions.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "completed", row.FromStatusKey)
	require.Equal(t, "in_progress", row.ToStatusKey)
	require.Equal(t, "workorder.edit", text(row.RequiredPermission))
	require.JSONEq(t, `{"assigned_to":"not_null"}`, string(row.GuardCondition))

	graph, err := a.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{EntityType: "work_order"})
	require.NoError(t, err)
	require.Len(t, graph.Transitions, 8)
	edge := graph.Transitions[3] // behind the three that lead away from assigned
	require.Equal(t, "completed", edge.FromStatusKey)
	require.Equal(t, "in_progress", edge.ToStatusKey)
	require.Equal(t, "workorder.edit", text(edge.RequiredPermission))
	require.JSONEq(t, `{"assigned_to":"not_null"}`, string(edge.GuardCondition))
}

func TestWorkflowGraphIsSorted(t *testing.T) {
	t.Parallel()
	a, outsider := stack.Tenant(t), stack.User(t)

	graph, err := a.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{EntityType: "work_order"})
	require.NoError(t, err)
	require.Equal(t, "work_order", graph.EntityType)
	require.Equal(t, a.ID, graph.TenantID)
	var got []string
	for _, e := range graph.Transitions {
		got = append(got, e.FromStatusKey+" "+e.ToStatusKey+" "+text(e.RequiredPermission))
	}
	require.Equal(t, []string{
		"assigned cancelled workorder.cancel",
		"assigned completed workorder.complete.any",
		"assigned in_progress workorder.edit",
		"draft assigned workorder.assign",
		"draft cancelled workorder.cancel",
		"in_progress cancelled workorder.cancel",
		"in_progress completed workorder.complete.assigned",
	}, got)

	for _, entityType := range []string{"asset", "unknown"} {
		graph, err := a.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{EntityType: entityType})
		require.NoError(t, err)
		require.Equal(t, entityType, graph.EntityType)
		require.Empty(t, graph.Transitions)
	}
	_, err = outsider.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{TenantID: a.ID, EntityType: "work_order"})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
}

// allowMove makes a status that work orders can move to from assigned.
func allowMove(t testing.TB, a *tenant, to, permission, guard string) {
	t.Helper()
	_, err := a.Catalogs.CreateStatus(t.Context(), org.CreateStatusParams{
		EntityType: "work_order", Key: to, Name: to, Category: org.StatusOpen,
	})
	require.NoError(t, err)
	_, err = a.Catalogs.CreateStatusTransition(t.Context(), org.CreateStatusTransitionParams{
		EntityType: "work_order", FromStatusKey: "assigned", ToStatusKey: to,
		RequiredPermission: permission, GuardCondition: json.RawMessage(guard),
	})
	require.NoError(t, err)
}

// inAssigned makes a work order in status assigned, with or without an assignee.
func inAssigned(t testing.TB, a *tenant, assignee string) string {
	t.Helper()
	id, err := a.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "Fix", AssignedTo: assignee})
	require.NoError(t, err)
	if assignee == "" {
		require.NoError(t, a.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{WorkOrderID: id, ToStatusKey: "assigned"}))
	}
	return id
}

func TestGuardDecidesAMove(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, guard          string
		unassigned, assigned bool // whether the guard lets them pass
	}{
		{"none", ``, true, true},
		{"empty", `{}`, true, true},
		{"not null", `{"assigned_to":"not_null"}`, false, true},
		{"equals", `{"status":{"equals":"assigned"}}`, true, true},
		{"equals another", `{"status":{"equals":"draft"}}`, false, false},
		{"in", `{"status":{"in":["draft","assigned"]}}`, true, true},
		{"in others", `{"status":{"in":["draft"]}}`, false, false},
		{"not in", `{"status":{"not_in":["assigned"]}}`, false, false},
		{"all must pass", `{"assigned_to":"not_null","status":{"not_in":["assigned"]}}`, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := stack.Tenant(t)
			allowMove(t, a, "review", "", tc.guard)
			for _, wo := range []struct {
				assignee string
				passes   bool
			}{{"", tc.unassigned}, {a.Admin.ID, tc.assigned}} {
				id := inAssigned(t, a, wo.assignee)
				err := a.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{WorkOrderID: id, ToStatusKey: "review"})
				if wo.passes {
					require.NoError(t, err)
					row, err := a.WorkOrders.Get(t.Context(), id)
					require.NoError(t, err)
					require.Equal(t, "review", row.Status)
				} else {
					requireError(t, err, workorder.ErrInvalidReference, "23503")
				}
			}
		})
	}
}

func TestMoveNeedsThePermissionOfItsTransition(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	allowMove(t, a, "review", "asset.delete", "")
	allowMove(t, a, "limbo", "no.such.permission", "")
	manager, technician := a.Member(t, "manager"), a.Member(t, "technician")

	move := func(c *workorder.Client, to string) error {
		return c.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{
			WorkOrderID: inAssigned(t, a, technician.ID), ToStatusKey: to,
		})
	}
	require.NoError(t, move(manager.Client, "review"))
	requireError(t, move(technician.Client, "review"), workorder.ErrInvalidReference, "23503")
	requireError(t, move(a.Client, "limbo"), workorder.ErrInvalidReference, "23503")
}
