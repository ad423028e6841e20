package integration

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// move moves a work order of the client's tenant to a status.
func move(t testing.TB, c *workorder.Client, id, to string) error {
	t.Helper()
	return c.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{WorkOrderID: id, ToStatusKey: to})
}

func TestWorkOrderLifeCycle(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "Replace filter")
	last := getWorkOrder(t, tn.Client, id)
	start := time.Now().Add(-time.Minute)

	require.NoError(t, move(t, tn.Client, id, "assigned"))
	wo := getWorkOrder(t, tn.Client, id)
	require.Equal(t, "assigned", wo.Status)
	require.Nil(t, wo.AssignedTo, "the status does not need an assignee")
	require.NotNil(t, wo.AcknowledgedAt, "the first move responds")
	require.WithinRange(t, *wo.AcknowledgedAt, start, time.Now().Add(time.Minute))
	require.Nil(t, wo.CompletedAt)
	require.True(t, wo.UpdatedAt.After(last.UpdatedAt))
	acknowledged := *wo.AcknowledgedAt

	require.NoError(t, move(t, tn.Client, id, "in_progress"))
	wo = getWorkOrder(t, tn.Client, id)
	require.Equal(t, "in_progress", wo.Status)
	require.Equal(t, acknowledged, *wo.AcknowledgedAt, "the first response stays")

	require.NoError(t, move(t, tn.Client, id, "completed"))
	wo = getWorkOrder(t, tn.Client, id)
	require.Equal(t, "completed", wo.Status)
	require.Equal(t, acknowledged, *wo.AcknowledgedAt)
	require.Equal(t, tn.Admin.ID, *wo.CompletedBy)
	require.False(t, wo.CompletedAt.Before(acknowledged))
	require.Equal(t, last.SLAResponseDueAt, wo.SLAResponseDueAt)
	require.Equal(t, last.CreatedAt, wo.CreatedAt)
}

func TestCancellingStampsCompletion(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for _, from := range []string{"draft", "assigned", "in_progress"} {
		id := workOrderIn(t, tn.Client, from)
		require.NoError(t, move(t, tn.Client, id, "cancelled"))
		wo := getWorkOrder(t, tn.Client, id)
		require.Equal(t, "cancelled", wo.Status)
		require.NotNil(t, wo.CompletedAt)
		require.Equal(t, tn.Admin.ID, *wo.CompletedBy)
	}
}

func TestOnlySeededMovesExist(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	allowed := map[[2]string]bool{
		{"draft", "assigned"}: true, {"assigned", "in_progress"}: true, {"in_progress", "completed"}: true,
		{"assigned", "completed"}: true, {"draft", "cancelled"}: true, {"assigned", "cancelled"}: true,
		{"in_progress", "cancelled"}: true,
	}
	statuses := []string{"draft", "assigned", "in_progress", "completed", "cancelled"}
	for _, from := range statuses {
		for _, to := range append(statuses, "lost", "Assigned", " assigned") {
			if allowed[[2]string{from, to}] {
				continue
			}
			id := workOrderIn(t, tn.Client, from)
			err := move(t, tn.Client, id, to)
			require.Error(t, err, "%s to %s", from, to)
			requireError(t, err, workorder.ErrInvalidReference, "23503")
			require.Equal(t, from, getWorkOrder(t, tn.Client, id).Status)
		}
	}
}

func TestMovingWhatIsNotThere(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t)
	theirs := makeWorkOrder(t, b.Client, "x")

	requireError(t, move(t, a.Client, unknownID, "assigned"), workorder.ErrRuleViolation, "P0001")
	requireError(t, move(t, a.Client, theirs, "assigned"), workorder.ErrRuleViolation, "P0001")
	requireError(t, move(t, a.Client, "WO-1", "assigned"), workorder.ErrInvalidInput, "22P02")
	err := a.WorkOrders.Complete(t.Context(), workorders.CompleteWorkOrderParams{WorkOrderID: theirs})
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	_, err = a.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{WorkOrderID: theirs, Minutes: 1})
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	require.Equal(t, "draft", getWorkOrder(t, b.Client, theirs).Status)
}

// A deployment may let several moves that run at the same time succeed: each of
// them saw the status that it starts from.
func TestConcurrentMovesLeaveAStatusThatOneOfThemAskedFor(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)

	// Two users, because a user may make 30 moves a minute.
	other := tn.Member(t, "manager").Client
	for _, tt := range []struct {
		from string
		to   []string // none leads to another of them
	}{
		{"draft", []string{"assigned"}},
		{"in_progress", []string{"completed", "cancelled"}},
	} {
		id := workOrderIn(t, tn.Client, tt.from)
		const callers = 24
		errs := make([]error, callers)
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i := range callers {
			c, to := tn.Client, tt.to[i%len(tt.to)]
			if i%4 < 2 {
				c = other
			}
			wg.Go(func() {
				<-start
				errs[i] = move(t, c, id, to)
			})
		}
		close(start)
		wg.Wait()

		var won []string
		for i, err := range errs {
			if err == nil {
				won = append(won, tt.to[i%len(tt.to)])
				continue
			}
			requireError(t, err, workorder.ErrInvalidReference, "23503")
		}
		require.Contains(t, won, getWorkOrder(t, tn.Client, id).Status)
	}
}

func TestCompleteStoresCauseAndResolution(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := workOrderIn(t, tn.Client, "in_progress")
	complete := func(cause, resolution *string) {
		t.Helper()
		require.NoError(t, tn.WorkOrders.Complete(t.Context(), workorders.CompleteWorkOrderParams{
			WorkOrderID: id, Cause: cause, Resolution: resolution,
		}))
	}
	texts := func() [2]string {
		wo := getWorkOrder(t, tn.Client, id)
		require.Equal(t, "completed", wo.Status)
		return [2]string{*wo.Cause, *wo.Resolution}
	}

	complete(new("wear"), new("new bearing"))
	require.Equal(t, [2]string{"wear", "new bearing"}, texts())
	first := getWorkOrder(t, tn.Client, id)
	require.Equal(t, tn.Admin.ID, *first.CompletedBy)

	complete(new("overload"), nil)
	require.Equal(t, [2]string{"overload", "new bearing"}, texts())
	complete(nil, new("new motor"))
	require.Equal(t, [2]string{"overload", "new motor"}, texts())
	complete(nil, nil)
	require.Equal(t, [2]string{"overload", "new motor"}, texts())
	require.Equal(t, first.CompletedAt, getWorkOrder(t, tn.Client, id).CompletedAt, "completed once")
	complete(new(""), nil)
	require.Equal(t, [2]string{"", "new motor"}, texts(), "empty text is a value")
}

func TestCompleteFollowsTheWorkflow(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	technician := tn.Member(t, "technician")
	complete := func(c *workorder.Client, id string) error {
		return c.WorkOrders.Complete(t.Context(), workorders.CompleteWorkOrderParams{WorkOrderID: id, Cause: new("c")})
	}

	for _, from := range []string{"draft", "cancelled"} {
		id := workOrderIn(t, tn.Client, from)
		requireError(t, complete(tn.Client, id), workorder.ErrInvalidReference, "23503")
		wo := getWorkOrder(t, tn.Client, id)
		require.Equal(t, from, wo.Status)
		require.Nil(t, wo.Cause, "refused as a whole")
	}

	id := workOrderIn(t, tn.Client, "in_progress")
	require.NoError(t, complete(technician.Client, id), "not only the assignee may finish")
	wo := getWorkOrder(t, tn.Client, id)
	require.Equal(t, technician.ID, *wo.CompletedBy)
	require.Equal(t, "c", *wo.Cause)

	id = workOrderIn(t, tn.Client, "assigned")
	requireError(t, complete(technician.Client, id), workorder.ErrInvalidReference, "23503")
	require.NoError(t, complete(tn.Client, id), "an administrator skips in_progress")

	requireError(t, complete(tn.Client, unknownID), workorder.ErrRuleViolation, "P0001")
}

func TestTenantsOwnStatusesAndGuards(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	_, err := tn.Catalogs.CreateStatus(t.Context(), org.CreateStatusParams{
		EntityType: "work_order", Key: "waiting", Name: "Waiting for parts", Category: org.StatusOpen, DisplayOrder: 9,
	})
	require.NoError(t, err)
	_, err = tn.Catalogs.CreateStatusTransition(t.Context(), org.CreateStatusTransitionParams{
		EntityType: "work_order", FromStatusKey: "assigned", ToStatusKey: "waiting",
		GuardCondition: json.RawMessage(`{"assigned_to": "not_null"}`),
	})
	require.NoError(t, err)

	id := workOrderIn(t, tn.Client, "assigned")
	requireError(t, move(t, tn.Client, id, "waiting"), workorder.ErrInvalidReference, "23503")

	id, err = tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", AssignedTo: tn.Admin.ID})
	require.NoError(t, err)
	require.NoError(t, move(t, tn.Member(t, "member").Client, id, "waiting"), "the move needs no permission")
	require.Equal(t, "waiting", getWorkOrder(t, tn.Client, id).Status)
	requireError(t, move(t, tn.Client, id, "assigned"), workorder.ErrInvalidReference, "23503")
}

// serverClock gives the time as the server's clock shows it, to a second or two.
func (d deployment) serverClock(t testing.TB) func() time.Time {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.URL+"/auth/v1/health", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("apikey", d.AnonKey)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	there, err := http.ParseTime(resp.Header.Get("Date"))
	require.NoError(t, err)
	ahead := time.Until(there)
	return func() time.Time { return time.Now().Add(ahead) }
}

// TestThirtyMovesAMinute uses the limit per user, tenant and clock minute up.
func TestThirtyMovesAMinute(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t)
	colleague := a.Member(t, "manager").Client
	spare := makeWorkOrder(t, b.Client, "x")
	now := stack.serverClock(t)

	for try := range 3 {
		rows := make([]workorders.ImportWorkOrder, 32)
		for i := range rows {
			rows[i] = workorders.ImportWorkOrder{Title: "x"}
		}
		ids := importWorkOrders(t, a.Client, rows...)
		if second := now().Second(); second > 40 || try > 0 { // begin with an unused minute
			time.Sleep(time.Duration(63-second) * time.Second)
		}
		minute := now().Minute()
		requireError(t, move(t, a.Client, ids[0], "completed"), workorder.ErrInvalidReference, "23503") // does not count
		for _, id := range ids[:30] {
			require.NoError(t, move(t, a.Client, id, "assigned"))
		}
		err := move(t, a.Client, ids[30], "assigned")
		if err == nil || now().Add(2*time.Second).Minute() != minute {
			continue // the minute went by
		}

		requireError(t, err, workorder.ErrRateLimited, "54000")
		require.NotErrorIs(t, err, workorder.ErrUnavailable)
		var e *workorder.SdkError
		require.ErrorAs(t, err, &e)
		require.Equal(t, 1, e.Attempts, "waiting for the next minute is left to the caller")
		require.Positive(t, e.RetryAfter)
		require.LessOrEqual(t, e.RetryAfter, time.Minute)
		require.True(t, workorder.SafeToRetry(err))
		require.Equal(t, "draft", getWorkOrder(t, a.Client, ids[30]).Status)

		require.NoError(t, move(t, colleague, ids[30], "assigned"), "the limit is per user")
		require.NoError(t, move(t, b.Client, spare, "assigned"), "the limit is per tenant")
		err = a.WorkOrders.Complete(t.Context(), workorders.CompleteWorkOrderParams{WorkOrderID: ids[0]})
		if now().Add(2*time.Second).Minute() == minute {
			requireError(t, err, workorder.ErrRateLimited, "54000")
		}
		return
	}
	t.Fatal("30 moves never fitted into one minute")
}

func TestSLAViewsFollowTheStatus(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	byStatus := map[string]string{}
	for _, status := range []string{"draft", "assigned", "in_progress", "completed", "cancelled"} {
		byStatus[status] = workOrderIn(t, tn.Client, status)
	}
	moved := workOrderIn(t, tn.Client, "in_progress")
	require.NoError(t, move(t, tn.Client, moved, "completed"))
	acknowledged := makeWorkOrder(t, tn.Client, "x")
	require.NoError(t, move(t, tn.Client, acknowledged, "assigned"))

	open, err := workorder.ViewOf[workorders.SLAOpenWorkOrder](tn.Client, "v_work_orders_sla_open", "work_order_id").
		List(t.Context())
	require.NoError(t, err)
	var ids []string
	for _, row := range open {
		ids = append(ids, row.WorkOrderID)
		require.NotNil(t, row.MinutesUntilResponseDue)
		require.InDelta(t, 24*60, *row.MinutesUntilResponseDue, 2)
		require.InDelta(t, 5*24*60, *row.MinutesUntilResolutionDue, 2)
	}
	require.ElementsMatch(t, []string{byStatus["draft"], byStatus["assigned"], byStatus["in_progress"], acknowledged}, ids)

	status := workorder.ViewOf[workorders.SLAStatus](tn.Client, "v_work_order_sla_status", "work_order_id")
	n, err := status.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 7, n)
	row, err := status.Get(t.Context(), acknowledged)
	require.NoError(t, err)
	require.Equal(t, "assigned", row.Status)
	require.NotNil(t, row.AcknowledgedAt)
	require.False(t, *row.ResponseSLABreached)
	require.False(t, *row.ResolutionSLABreached)
	row, err = status.Get(t.Context(), byStatus["completed"])
	require.NoError(t, err)
	require.Nil(t, row.SLAResponseDueAt)
	require.Nil(t, row.ResponseSLABreached, "never due, never late")
	require.Nil(t, row.ResolutionSLABreached)
	late, err := status.Count(t.Context(), query.Where(workorders.SLAStatusCols.ResponseSLABreached.Eq(true)))
	require.NoError(t, err)
	require.Zero(t, late)
}
