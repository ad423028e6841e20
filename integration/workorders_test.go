package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

// roles are the roles that every tenant has.
var roles = []string{"admin", "manager", "technician", "member", "requestor"}

// makeWorkOrder makes a work order in the client's tenant and returns its id.
func makeWorkOrder(t testing.TB, c *workorder.Client, title string) string {
	t.Helper()
	id, err := c.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: title})
	require.NoError(t, err)
	return id
}

// importWorkOrders makes a work order of each row in the client's tenant.
func importWorkOrders(t testing.TB, c *workorder.Client, rows ...workorders.ImportWorkOrder) []string {
	t.Helper()
	got, err := c.WorkOrders.BulkImport(t.Context(), workorders.BulkImportWorkOrdersParams{Rows: rows})
	require.NoError(t, err)
	require.Empty(t, got.Errors)
	require.Len(t, got.CreatedIDs, len(rows))
	return got.CreatedIDs
}

// workOrderIn makes a work order in a status, past the workflow.
func workOrderIn(t testing.TB, c *workorder.Client, status string) string {
	t.Helper()
	return importWorkOrders(t, c, workorders.ImportWorkOrder{Title: "in " + status, Status: status})[0]
}

// getWorkOrder reads a work order that must be there.
func getWorkOrder(t testing.TB, c *workorder.Client, id string) *workorders.WorkOrder {
	t.Helper()
	wo, err := c.WorkOrders.Get(t.Context(), id)
	require.NoError(t, err)
	return wo
}

// countWorkOrders counts the work orders that a client sees.
func countWorkOrders(t testing.TB, c *workorder.Client, filters ...query.Filter) int {
	t.Helper()
	n, err := c.WorkOrders.Count(t.Context(), query.Where(filters...))
	require.NoError(t, err)
	return int(n)
}

// requireCode asserts success for the code "", else the platform's code.
func requireCode(t testing.TB, code string, err error) {
	t.Helper()
	if code == "" {
		require.NoError(t, err)
		return
	}
	require.Error(t, err)
	if !knownLength(err, code) {
		require.Equal(t, code, errorCode(err), "%v", err)
	}
}

func TestNewWorkOrderIsDraftUnlessAssigned(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)

	draft := getWorkOrder(t, tn.Client, makeWorkOrder(t, tn.Client, "Grease bearing"))
	require.Equal(t, "draft", draft.Status)
	require.Equal(t, "medium", draft.Priority)
	require.Nil(t, draft.AssignedTo)
	require.Nil(t, draft.AcknowledgedAt)
	require.Zero(t, draft.TotalLaborMinutes)

	id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{
		Title: "Replace belt", AssignedTo: tn.Admin.ID,
	})
	require.NoError(t, err)
	assigned := getWorkOrder(t, tn.Client, id)
	require.Equal(t, "assigned", assigned.Status)
	require.Equal(t, tn.Admin.ID, *assigned.AssignedTo)
	require.Nil(t, assigned.AcknowledgedAt, "only a move acknowledges")
	require.NotNil(t, assigned.SLAResponseDueAt)
}

func TestWorkOrderKeepsWhatItWasCreatedWith(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	types, err := tn.Catalogs.MaintenanceTypes.List(t.Context(), query.Limit(1))
	require.NoError(t, err)
	require.NotEmpty(t, types)
	due := time.Date(2031, 2, 3, 4, 5, 6, 789012000, time.FixedZone("", 5*3600+45*60))
	before := time.Now().Add(-time.Minute)

	id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{
		Title:           "  Pumpe №7 — Größe 3½\" 🛠️  ",
		Description:     "line one\nline \"two\"\t\\ three",
		Priority:        "critical",
		MaintenanceType: types[0].Key,
		DueDate:         due,
	})
	require.NoError(t, err)

	wo := getWorkOrder(t, tn.Client, id)
	require.Equal(t, id, wo.ID)
	require.Equal(t, tn.ID, wo.TenantID)
	require.Equal(t, "  Pumpe №7 — Größe 3½\" 🛠️  ", wo.Title, "a title is not trimmed")
	require.Equal(t, "line one\nline \"two\"\t\\ three", *wo.Description)
	require.Equal(t, "critical", wo.Priority)
	require.Equal(t, types[0].Key, *wo.MaintenanceType)
	require.True(t, due.Equal(*wo.DueDate), "%s is not %s", wo.DueDate, due)
	require.WithinRange(t, wo.CreatedAt, before, time.Now().Add(time.Minute))
	require.False(t, wo.UpdatedAt.Before(wo.CreatedAt))
	for _, unset := range []*string{
		wo.AssignedTo, wo.AssignedToName, wo.LocationID, wo.AssetID, wo.PMScheduleID, wo.ProjectID, wo.CompletedBy,
		wo.CompletedByName, wo.Cause, wo.Resolution, wo.RequestedBy, wo.PrimarySupplierID,
	} {
		require.Nil(t, unset)
	}
	require.Nil(t, wo.CompletedAt)

	summary, err := tn.WorkOrders.Summaries.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, workorders.WorkOrderSummary{
		ID: id, TenantID: tn.ID, Title: wo.Title, Status: "draft", Priority: "critical", DueDate: wo.DueDate,
		Description: wo.Description, UpdatedAt: wo.UpdatedAt, CreatedAt: wo.CreatedAt,
	}, *summary)
}

func TestDueTimesFollowThePriority(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	_, err := tn.Catalogs.CreatePriority(t.Context(), org.CreatePriorityParams{
		EntityType: "work_order", Key: "someday", Name: "Someday", Weight: 9,
	})
	require.NoError(t, err)
	const day = 24 * time.Hour

	for priority, want := range map[string][2]time.Duration{
		"critical": {4 * time.Hour, day},
		"high":     {8 * time.Hour, 3 * day},
		"medium":   {day, 5 * day},
		"low":      {2 * day, 14 * day},
	} {
		id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", Priority: priority})
		require.NoError(t, err)
		wo := getWorkOrder(t, tn.Client, id)
		require.Equal(t, want[0], wo.SLAResponseDueAt.Sub(wo.CreatedAt), priority)
		require.Equal(t, want[1], wo.SLAResolutionDueAt.Sub(wo.CreatedAt), priority)
	}

	id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", Priority: "someday"})
	require.NoError(t, err)
	wo := getWorkOrder(t, tn.Client, id)
	require.Nil(t, wo.SLAResponseDueAt, "no rule, no due time")
	require.Nil(t, wo.SLAResolutionDueAt)
}

func TestCreateRefusesWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)

	for name, tt := range map[string]struct {
		p    workorders.CreateWorkOrderParams
		kind error
		code string
	}{
		"priority":         {workorders.CreateWorkOrderParams{Priority: "urgent"}, workorder.ErrInvalidReference, "23503"},
		"maintenance type": {workorders.CreateWorkOrderParams{MaintenanceType: "magic"}, workorder.ErrInvalidReference, "23503"},
		"asset":            {workorders.CreateWorkOrderParams{AssetID: unknownID}, workorder.ErrInvalidReference, "23503"},
		"location":         {workorders.CreateWorkOrderParams{LocationID: unknownID}, workorder.ErrInvalidReference, "23503"},
		"assignee":         {workorders.CreateWorkOrderParams{AssignedTo: unknownID}, workorder.ErrInvalidReference, "23503"},
		"project":          {workorders.CreateWorkOrderParams{ProjectID: unknownID}, workorder.ErrRuleViolation, "P0001"},
		"PM schedule":      {workorders.CreateWorkOrderParams{PMScheduleID: unknownID}, workorder.ErrRuleViolation, "P0001"},
		"malformed id":     {workorders.CreateWorkOrderParams{AssetID: "A-17"}, workorder.ErrInvalidInput, "22P02"},
		"long title":       {workorders.CreateWorkOrderParams{Title: strings.Repeat("ä", 501)}, workorder.ErrInvalidInput, "23514"},
		"long request id":  {workorders.CreateWorkOrderParams{ClientRequestID: strings.Repeat("k", 257)}, workorder.ErrInvalidInput, "23514"},
		"tenant":           {workorders.CreateWorkOrderParams{TenantID: unknownID}, workorder.ErrTenantMismatch, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.p.Title == "" {
				tt.p.Title = "x"
			}
			_, err := tn.WorkOrders.Create(t.Context(), tt.p)
			requireError(t, err, tt.kind, tt.code)
			require.False(t, workorder.SafeToRetry(err), "it would fail again")
		})
	}
	require.Zero(t, countWorkOrders(t, tn.Client), "a refused work order leaves nothing behind")

	id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: strings.Repeat("ä", 500)})
	require.NoError(t, err, "500 characters fit, however many bytes they take")
	require.Len(t, []rune(getWorkOrder(t, tn.Client, id).Title), 500)
}

func TestServerChecksTitleToo(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)

	err := tn.RPC(t.Context(), "rpc_create_work_order", map[string]any{"p_tenant_id": tn.ID, "p_title": ""}, nil)
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	err = tn.RPC(t.Context(), "rpc_create_work_order", map[string]any{"p_tenant_id": tn.ID, "p_title": nil}, nil)
	requireError(t, err, workorder.ErrInvalidInput, "23502")
	err = tn.RPC(t.Context(), "rpc_create_work_order", map[string]any{"p_tenant_id": tn.ID}, nil)
	requireError(t, err, workorder.ErrSchemaMismatch, "PGRST202")
}

func TestWorkOrderLinksStayInsideTheTenant(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	location, asset, project := makeLocation(t, a, "Hall 1"), makeAsset(t, a, "Press 1", ""), makeProject(t, a, "Refit")

	id, err := a.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{
		Title: "x", LocationID: location, AssetID: asset, ProjectID: project,
	})
	require.NoError(t, err)
	wo := getWorkOrder(t, a.Client, id)
	require.Equal(t, location, *wo.LocationID)
	require.Equal(t, asset, *wo.AssetID)
	require.Equal(t, project, *wo.ProjectID)

	for name, p := range map[string]workorders.CreateWorkOrderParams{
		"location": {LocationID: makeLocation(t, b, "Hall 2")}, "asset": {AssetID: makeAsset(t, b, "Press 2", "")},
		"project": {ProjectID: makeProject(t, b, "New roof")},
	} {
		p.Title = "x"
		_, err := a.WorkOrders.Create(t.Context(), p)
		require.Error(t, err, name)
		requireError(t, err, workorder.ErrInvalidReference, "23503")
	}
}

func TestWorkOrderOfAPMSchedule(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	create := func(schedule string) (string, error) {
		return a.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", PMScheduleID: schedule})
	}
	active := makePMSchedule(t, a, pm.ManualTrigger{})
	id, err := create(active)
	require.NoError(t, err)
	require.Equal(t, active, *getWorkOrder(t, a.Client, id).PMScheduleID)

	inactive := makePMSchedule(t, a, pm.ManualTrigger{})
	require.NoError(t, a.PM.DeleteSchedule(t.Context(), pm.DeleteScheduleParams{PMScheduleID: inactive}))
	_, err = create(inactive)
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	_, err = create(makePMSchedule(t, b, pm.ManualTrigger{}))
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
}

// TestRolesAndWorkOrderWrites lets every role try every write. A move that the
// role lacks the permission for is 23503, as if the move did not exist.
func TestRolesAndWorkOrderWrites(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	colleague := tn.Member(t, "member")

	type try func(ctx context.Context, c *workorder.Client) error
	move := func(from, to string) func(*testing.T) try {
		return func(t *testing.T) try {
			id := workOrderIn(t, tn.Client, from)
			return func(ctx context.Context, c *workorder.Client) error {
				return c.WorkOrders.TransitionStatus(ctx, workorders.TransitionStatusParams{
					TenantID: tn.ID, WorkOrderID: id, ToStatusKey: to,
				})
			}
		}
	}
	complete := func(from string) func(*testing.T) try {
		return func(t *testing.T) try {
			id := workOrderIn(t, tn.Client, from)
			return func(ctx context.Context, c *workorder.Client) error {
				return c.WorkOrders.Complete(ctx, workorders.CompleteWorkOrderParams{
					TenantID: tn.ID, WorkOrderID: id, Resolution: new("done"),
				})
			}
		}
	}
	logTime := func(forUser string) func(*testing.T) try {
		return func(t *testing.T) try {
			id := workOrderIn(t, tn.Client, "draft")
			return func(ctx context.Context, c *workorder.Client) error {
				_, err := c.WorkOrders.LogTime(ctx, workorders.LogTimeParams{
					TenantID: tn.ID, WorkOrderID: id, Minutes: 5, UserID: forUser,
				})
				return err
			}
		}
	}

	const denied, noMove, nobody = "42501", "23503", "28000"
	editors := map[string]string{"technician": denied, "member": denied, "requestor": denied}
	movers := map[string]string{"technician": noMove, "member": noMove, "requestor": noMove}
	finishers := map[string]string{"member": noMove, "requestor": noMove}
	for _, write := range []struct {
		name  string
		setUp func(*testing.T) try
		codes map[string]string // by role; a role that is not named may
	}{
		{"create", func(*testing.T) try {
			return func(ctx context.Context, c *workorder.Client) error {
				_, err := c.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{TenantID: tn.ID, Title: "x"})
				return err
			}
		}, editors},
		{"bulk import", func(*testing.T) try {
			return func(ctx context.Context, c *workorder.Client) error {
				_, err := c.WorkOrders.BulkImport(ctx, workorders.BulkImportWorkOrdersParams{
					TenantID: tn.ID, Rows: []workorders.ImportWorkOrder{{Title: "x"}},
				})
				return err
			}
		}, editors},
		{"assign", move("draft", "assigned"), movers},
		{"start", move("assigned", "in_progress"), movers},
		{"finish", move("in_progress", "completed"), finishers},
		{"skip to completed", move("assigned", "completed"), movers},
		{"cancel draft", move("draft", "cancelled"), movers},
		{"cancel assigned", move("assigned", "cancelled"), movers},
		{"cancel in progress", move("in_progress", "cancelled"), movers},
		{"complete in progress", complete("in_progress"), finishers},
		{"complete assigned", complete("assigned"), movers},
		{"log own time", logTime(""), nil},
		{"log another's time", logTime(colleague.ID), editors},
	} {
		t.Run(write.name, func(t *testing.T) {
			t.Parallel()
			for _, role := range roles {
				t.Run(role, func(t *testing.T) {
					t.Parallel()
					try := write.setUp(t)
					requireCode(t, write.codes[role], try(t.Context(), tn.Member(t, role).Client))
				})
			}
			t.Run("outsider", func(t *testing.T) {
				t.Parallel()
				try := write.setUp(t)
				err := try(t.Context(), stack.User(t).Client)
				requireError(t, err, workorder.ErrPermissionDenied, denied)
			})
			t.Run("nobody", func(t *testing.T) {
				t.Parallel()
				try := write.setUp(t)
				err := try(t.Context(), stack.Client(t))
				requireError(t, err, workorder.ErrUnauthenticated, nobody)
			})
		})
	}
}

// TestRolesAndWorkOrderReads shows every role what is there. A view that the
// role may not see is empty, without an error.
func TestRolesAndWorkOrderReads(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "seen by most")
	_, err := tn.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{WorkOrderID: id, Minutes: 7})
	require.NoError(t, err)

	for _, role := range roles {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			c := tn.Member(t, role).Client
			wos, err := c.WorkOrders.List(t.Context())
			require.NoError(t, err)
			if role == "requestor" {
				require.Empty(t, wos, "a requestor sees own requests only")
				_, err = c.WorkOrders.Get(t.Context(), id)
				require.ErrorIs(t, err, workorder.ErrNotFound)
			} else {
				require.Len(t, wos, 1)
				require.Equal(t, id, getWorkOrder(t, c, id).ID)
			}
			entries, err := c.WorkOrders.TimeEntries.List(t.Context())
			require.NoError(t, err)
			require.Len(t, entries, 1, "every member sees time entries")
		})
	}

	for name, c := range map[string]*workorder.Client{
		"other tenant": stack.Tenant(t).Client,
		"nobody":       stack.Client(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Zero(t, countWorkOrders(t, c))
			_, err := c.WorkOrders.Get(t.Context(), id)
			require.ErrorIs(t, err, workorder.ErrNotFound)
			entries, err := c.WorkOrders.TimeEntries.List(t.Context())
			require.NoError(t, err)
			require.Empty(t, entries)
		})
	}
}

func TestAssigneeWithoutPermissionSeesNothing(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	u := tn.Member(t, "requestor")
	id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", AssignedTo: u.ID})
	require.NoError(t, err)

	_, err = u.WorkOrders.Get(t.Context(), id)
	require.ErrorIs(t, err, workorder.ErrNotFound)
}

func TestWorkOrderViewsShowTheTenantOfTheTokenOnly(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t) // one user, so that only the token tells the tenants apart
	ids := map[*tenant]string{}
	entries := map[*tenant]string{}
	for _, tn := range []*tenant{a, b} {
		ids[tn] = makeWorkOrder(t, tn.Client, "of "+tn.Slug)
		var err error
		entries[tn], err = tn.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{WorkOrderID: ids[tn], Minutes: 5})
		require.NoError(t, err)
	}

	type slaRow struct {
		WorkOrderID string `json:"work_order_id"`
		TenantID    string `json:"tenant_id"`
	}
	for _, tt := range []struct{ mine, other *tenant }{{a, b}, {b, a}} {
		c, ctx := tt.mine.Client, t.Context()

		wos, err := c.WorkOrders.List(ctx)
		require.NoError(t, err)
		require.Len(t, wos, 1)
		require.Equal(t, ids[tt.mine], wos[0].ID)

		sums, err := c.WorkOrders.Summaries.List(ctx)
		require.NoError(t, err)
		require.Len(t, sums, 1)
		require.Equal(t, ids[tt.mine], sums[0].ID)

		times, err := c.WorkOrders.TimeEntries.List(ctx)
		require.NoError(t, err)
		require.Len(t, times, 1)
		require.Equal(t, entries[tt.mine], times[0].ID)

		for _, name := range []string{"v_work_order_sla_status", "v_work_orders_sla_open"} {
			rows, err := workorder.ViewOf[slaRow](c, name, "work_order_id").List(ctx)
			require.NoError(t, err)
			require.Equal(t, []slaRow{{ids[tt.mine], tt.mine.ID}}, rows, name)
		}

		cols := workorders.WorkOrderCols
		require.Zero(t, countWorkOrders(t, c, cols.TenantID.Eq(tt.other.ID)))
		require.Zero(t, countWorkOrders(t, c, cols.ID.Eq(ids[tt.other])))
		require.Equal(t, 1, countWorkOrders(t, c, query.Or(cols.TenantID.Eq(tt.other.ID), cols.TenantID.NotNull())))
		_, err = c.WorkOrders.Get(ctx, ids[tt.other])
		require.ErrorIs(t, err, workorder.ErrNotFound)
		_, err = c.WorkOrders.TimeEntries.Get(ctx, entries[tt.other])
		require.ErrorIs(t, err, workorder.ErrNotFound)
		all, err := c.Audit.EntityChanges.List(ctx, query.Where(org.EntityChangeCols.RecordID.Eq(ids[tt.other])))
		require.NoError(t, err)
		require.Empty(t, all)
	}
}

func TestWritesReachAnotherOwnTenantAndReadsDoNot(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	bound, b := u.NewTenant(t), u.NewTenant(t)
	forB := workorders.CreateWorkOrderParams{TenantID: b.ID, Title: "for b"}
	_, err := bound.WorkOrders.Create(t.Context(), forB)
	require.ErrorIs(t, err, workorder.ErrTenantMismatch, "a client of ForTenant writes to its tenant only")
	a := bound.AsUser(u.JWT(t, bound.ID))

	id, err := a.WorkOrders.Create(t.Context(), forB)
	require.NoError(t, err, "other clients write where the tenant id says")

	_, err = a.WorkOrders.Get(t.Context(), id)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	require.Equal(t, b.ID, getWorkOrder(t, b.Client, id).TenantID)

	require.NoError(t, a.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{
		TenantID: b.ID, WorkOrderID: id, ToStatusKey: "assigned",
	}))
	err = a.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{
		WorkOrderID: id, ToStatusKey: "in_progress",
	})
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	require.Equal(t, "assigned", getWorkOrder(t, b.Client, id).Status)
	require.Zero(t, countWorkOrders(t, a), "a keeps reading a")
}

func TestSameClientRequestIDMakesOneWorkOrder(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t)
	create := func(tn *tenant, p workorders.CreateWorkOrderParams) (string, error) {
		return tn.WorkOrders.Create(t.Context(), p)
	}

	first, err := create(a, workorders.CreateWorkOrderParams{Title: "first", ClientRequestID: "import-7"})
	require.NoError(t, err)
	again, err := create(a, workorders.CreateWorkOrderParams{Title: "second", Priority: "high", ClientRequestID: "  import-7 "})
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Equal(t, 1, countWorkOrders(t, a.Client))
	require.Equal(t, "first", getWorkOrder(t, a.Client, first).Title, "a repetition changes nothing")

	_, err = create(a, workorders.CreateWorkOrderParams{Title: "x", Priority: "urgent", ClientRequestID: "import-7"})
	requireError(t, err, workorder.ErrInvalidReference, "23503")

	other, err := create(b, workorders.CreateWorkOrderParams{Title: "first", ClientRequestID: "import-7"})
	require.NoError(t, err)
	require.NotEqual(t, first, other, "keys belong to one tenant")

	resource, err := a.Idempotency.Resource(t.Context(), org.IdempotencyResourceParams{
		Scope: "work_order.create", IdempotencyKey: "import-7",
	})
	require.NoError(t, err)
	require.Equal(t, first, resource)
}

func TestBlankClientRequestIDIsNone(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	p := workorders.CreateWorkOrderParams{Title: "x", ClientRequestID: "   "}

	one, err := tn.WorkOrders.Create(t.Context(), p)
	require.NoError(t, err)
	two, err := tn.WorkOrders.Create(t.Context(), p)
	require.NoError(t, err)
	require.NotEqual(t, one, two)
}

func TestLongestClientRequestID(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	p := workorders.CreateWorkOrderParams{Title: "x", ClientRequestID: strings.Repeat("ö", 256)}

	one, err := tn.WorkOrders.Create(t.Context(), p)
	require.NoError(t, err)
	two, err := tn.WorkOrders.Create(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, one, two)
}

func TestFailedCreateDoesNotUseUpTheClientRequestID(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)

	_, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{
		Title: strings.Repeat("x", 501), ClientRequestID: "k",
	})
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", ClientRequestID: "k"})
	require.NoError(t, err)
	require.Equal(t, "x", getWorkOrder(t, tn.Client, id).Title)
}

// The platform raises 40001, which PostgREST up to version 14 takes for a reason to
// repeat the transaction for ever: on a deployment the test would keep connections
// of everybody's busy.
func TestClientRequestIDClaimedByHandBlocksCreate(t *testing.T) {
	t.Parallel()
	if !stack.local {
		t.Skip("would keep connections of the deployment's busy for ever")
	}
	tn := stack.Tenant(t, workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond}))
	fresh, err := tn.Idempotency.Claim(t.Context(), org.ClaimIdempotencyParams{
		Scope: "work_order.create", IdempotencyKey: "k",
	})
	require.NoError(t, err)
	require.True(t, fresh)

	_, err = tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", ClientRequestID: "k"})
	requireError(t, err, workorder.ErrInProgress, "40001")
	var e *workorder.SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, 2, e.Attempts, "another call with the key could have finished meanwhile")
	require.True(t, workorder.SafeToRetry(err))
	require.Zero(t, countWorkOrders(t, tn.Client))
}

func TestConcurrentCreatesWithOneClientRequestIDMakeOneWorkOrder(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	const callers = 50
	ids, errs := make([]string, callers), make([]error, callers)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			<-start
			ids[i], errs[i] = tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{
				Title: "one of many", ClientRequestID: "together",
			})
		})
	}
	close(start)
	wg.Wait()

	for i := range callers {
		require.NoError(t, errs[i])
		require.Equal(t, ids[0], ids[i])
	}
	require.Equal(t, 1, countWorkOrders(t, tn.Client))
}

func TestBulkImportKeepsGoodRowsAndReportsBadOnes(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	rows := `[
		{"title": "  good  ", "description": " ", "due_date": "2030-05-06T07:08:09+02:00", "color": "ignored"},
		{"description": "no title"},
		{"title": "bad status", "status": "lost"},
		{"title": "bad priority", "priority": "urgent"},
		{"title": "bad date", "due_date": "the day after"},
		{"title": "closed", "status": "completed", "priority": "high", "cause": "wear", "resolution": "new part"}
	]`

	var got types.BulkImportResult
	require.NoError(t, tn.RPC(t.Context(), "rpc_bulk_import_work_orders",
		map[string]any{"p_tenant_id": tn.ID, "p_rows": json.RawMessage(rows)}, &got))

	require.Len(t, got.CreatedIDs, 2)
	require.Len(t, got.Errors, 4)
	for i, e := range got.Errors {
		require.Equal(t, i+1, e.Index)
		require.NotEmpty(t, e.Message)
	}
	require.Equal(t, 2, countWorkOrders(t, tn.Client))

	good := getWorkOrder(t, tn.Client, got.CreatedIDs[0])
	require.Equal(t, "good", good.Title, "imported text is trimmed")
	require.Nil(t, good.Description)
	require.Equal(t, "draft", good.Status)
	require.Equal(t, "medium", good.Priority)
	require.True(t, good.DueDate.Equal(time.Date(2030, 5, 6, 5, 8, 9, 0, time.UTC)))
	require.NotNil(t, good.SLAResponseDueAt)
	require.Nil(t, good.CompletedAt)

	closed := getWorkOrder(t, tn.Client, got.CreatedIDs[1])
	require.Equal(t, "completed", closed.Status)
	require.NotNil(t, closed.CompletedAt)
	require.Equal(t, tn.Admin.ID, *closed.CompletedBy)
	require.Equal(t, "wear", *closed.Cause)
	require.Equal(t, "new part", *closed.Resolution)
	require.Nil(t, closed.SLAResponseDueAt, "closed work is never due")
	require.Nil(t, closed.SLAResolutionDueAt)
}

// TestBulkImportOfManyRows has a bad row of some kind among every 7 and every 11.
func TestBulkImportOfManyRows(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	const n = 5000
	bad := []workorders.ImportWorkOrder{
		{}, {Title: " "}, {Title: strings.Repeat("x", 501)}, {Title: "x", Status: "lost"}, {Title: "x", Priority: "urgent"},
	}
	rows := make([]workorders.ImportWorkOrder, n)
	var wantBad []int
	var wantTitles []string
	for i := range rows {
		if i%7 == 0 || i%11 == 10 || i == n-1 {
			rows[i] = bad[i%len(bad)]
			wantBad = append(wantBad, i)
			continue
		}
		rows[i] = workorders.ImportWorkOrder{
			Title: fmt.Sprintf("row %04d", i), Description: "Größe 3½\" 🛠", Priority: []string{"low", "high"}[i%2],
			Status: []string{"draft", "assigned", "completed"}[i%3],
		}
		wantTitles = append(wantTitles, rows[i].Title)
	}

	got, err := tn.WorkOrders.BulkImport(t.Context(), workorders.BulkImportWorkOrdersParams{Rows: rows})
	require.NoError(t, err)

	var gotBad []int
	for _, e := range got.Errors {
		gotBad = append(gotBad, e.Index)
		require.NotEmpty(t, e.Message)
	}
	require.Equal(t, wantBad, gotBad, "every bad row is told by its index")
	require.Len(t, got.CreatedIDs, len(wantTitles))
	titles := map[string]string{}
	for row, err := range tn.WorkOrders.Summaries.All(t.Context()) {
		require.NoError(t, err)
		titles[row.ID] = row.Title
	}
	require.Len(t, titles, len(wantTitles), "every good row is in, once")
	for i, id := range got.CreatedIDs {
		require.Equal(t, wantTitles[i], titles[id], "ids come in the order of the rows")
	}
}

func TestBulkImportThroughTypedRows(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	due := time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC)

	got, err := tn.WorkOrders.BulkImport(t.Context(), workorders.BulkImportWorkOrdersParams{
		Rows: []workorders.ImportWorkOrder{
			{Title: "a", DueDate: due, Priority: "low", Description: "d", Status: "in_progress"},
			{Title: "  "},
			{Title: strings.Repeat("x", 501)},
			{Title: "cannot be sent", Description: "Pr\xfcfbericht"},
			{Title: "b", Status: "cancelled"},
			{Title: "unknown", Status: "none such"},
		},
	})

	require.NoError(t, err)
	require.Len(t, got.CreatedIDs, 2)
	bad := make([]int, 0, len(got.Errors))
	for _, e := range got.Errors {
		bad = append(bad, e.Index)
		require.NotEmpty(t, e.Message)
	}
	require.Equal(t, []int{1, 2, 3, 5}, bad)
	a := getWorkOrder(t, tn.Client, got.CreatedIDs[0])
	require.Equal(t, "in_progress", a.Status, "an import may start anywhere")
	require.Equal(t, "low", a.Priority)
	require.True(t, a.DueDate.Equal(due))
	b := getWorkOrder(t, tn.Client, got.CreatedIDs[1])
	require.Equal(t, "cancelled", b.Status)
	require.Equal(t, tn.Admin.ID, *b.CompletedBy, "cancelling closes as well")
}

func TestBulkImportOfNothing(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)

	got, err := tn.WorkOrders.BulkImport(t.Context(), workorders.BulkImportWorkOrdersParams{})
	require.NoError(t, err)
	require.Empty(t, got.CreatedIDs)
	require.Empty(t, got.Errors)

	for body, code := range map[string]string{`{"title":"x"}`: "22P02", `"x"`: "22P02", `null`: "22004"} {
		err := tn.RPC(t.Context(), "rpc_bulk_import_work_orders",
			map[string]any{"p_tenant_id": tn.ID, "p_rows": json.RawMessage(body)}, nil)
		requireError(t, err, workorder.ErrInvalidInput, code)
	}
}

func TestWorkOrderWritesNeedTheirFieldsAndATenant(t *testing.T) {
	t.Parallel()
	var sent sentRequests
	tn := stack.Tenant(t, sent.Option())
	u := stack.User(t, sent.Option())
	id := makeWorkOrder(t, tn.Client, "x")
	before := sent.n.Load()
	ctx := t.Context()

	for field, err := range map[string]error{
		"Title":       second(tn.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{})),
		"WorkOrderID": tn.WorkOrders.TransitionStatus(ctx, workorders.TransitionStatusParams{ToStatusKey: "assigned"}),
		"ToStatusKey": tn.WorkOrders.TransitionStatus(ctx, workorders.TransitionStatusParams{WorkOrderID: id}),
		"Minutes":     second(tn.WorkOrders.LogTime(ctx, workorders.LogTimeParams{WorkOrderID: id})),
		"the id":      second(tn.WorkOrders.Get(ctx, "")),
	} {
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
		require.ErrorContains(t, err, field)
	}
	require.ErrorContains(t, tn.WorkOrders.Complete(ctx, workorders.CompleteWorkOrderParams{}), "WorkOrderID")
	require.ErrorContains(t, second(tn.WorkOrders.LogTime(ctx, workorders.LogTimeParams{Minutes: 1})), "WorkOrderID")

	for _, err := range []error{
		second(u.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: "x"})),
		second(u.WorkOrders.BulkImport(ctx, workorders.BulkImportWorkOrdersParams{})),
		u.WorkOrders.TransitionStatus(ctx, workorders.TransitionStatusParams{WorkOrderID: id, ToStatusKey: "assigned"}),
		u.WorkOrders.Complete(ctx, workorders.CompleteWorkOrderParams{WorkOrderID: id}),
		second(u.WorkOrders.LogTime(ctx, workorders.LogTimeParams{WorkOrderID: id, Minutes: 1})),
	} {
		require.ErrorIs(t, err, workorder.ErrNoTenant)
	}
	require.Equal(t, before, sent.n.Load(), "nothing is sent")
}
