package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// handOver makes a draft of a handover to a user and returns its id.
func handOver(t testing.TB, c *workorder.Client, toUserID string) string {
	t.Helper()
	id, err := c.FieldOps.CreateShiftHandover(t.Context(), workorders.CreateShiftHandoverParams{
		ToUserID: toUserID, ShiftStartedAt: shiftStart, ShiftEndedAt: shiftStart.Add(8 * time.Hour),
	})
	require.NoError(t, err)
	return id
}

// getHandover reads a handover that must be there.
func getHandover(t testing.TB, c *workorder.Client, id string) *workorders.ShiftHandover {
	t.Helper()
	h, err := c.FieldOps.ShiftHandovers.Get(t.Context(), id)
	require.NoError(t, err)
	return h
}

func submit(t testing.TB, c *workorder.Client, id string) error {
	return c.FieldOps.SubmitShiftHandover(t.Context(), workorders.SubmitShiftHandoverParams{HandoverID: id})
}

func acknowledge(t testing.TB, c *workorder.Client, id string) error {
	return c.FieldOps.AcknowledgeShiftHandover(t.Context(), workorders.AcknowledgeShiftHandoverParams{HandoverID: id})
}

func TestHandoverGoesFromOneShiftToTheNext(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	from, to := tn.Member(t, "technician"), tn.Member(t, "technician")
	location := makeLocation(t, tn, "Hall 1")
	berlin := zone(t, "Europe/Berlin")
	// The night in which clocks go forward: a shift of seven hours.
	start, end := time.Date(2031, 3, 29, 22, 0, 0, 0, berlin), time.Date(2031, 3, 30, 6, 0, 0, 0, berlin)

	id, err := from.FieldOps.CreateShiftHandover(t.Context(), workorders.CreateShiftHandoverParams{
		LocationID: location, ToUserID: to.ID, ShiftStartedAt: start, ShiftEndedAt: end, Summary: "Press 1 leaks",
	})
	require.NoError(t, err)
	h := getHandover(t, from.Client, id)
	require.Equal(t, tn.ID, h.TenantID)
	require.Equal(t, from.ID, h.FromUserID)
	require.Equal(t, to.ID, h.ToUserID)
	require.Equal(t, location, *h.LocationID)
	require.Equal(t, "Press 1 leaks", *h.Summary)
	require.Equal(t, workorders.HandoverDraft, h.Status)
	require.Equal(t, 7*time.Hour, h.ShiftEndedAt.Sub(h.ShiftStartedAt))
	require.True(t, start.Equal(h.ShiftStartedAt))
	require.Nil(t, h.AcknowledgedAt)

	requireError(t, acknowledge(t, to.Client, id), workorder.ErrRuleViolation, "P0001") // not submitted
	requireError(t, submit(t, to.Client, id), workorder.ErrRuleViolation, "P0001")      // not the author
	requireError(t, submit(t, tn.Client, id), workorder.ErrRuleViolation, "P0001")      // nor is the administrator
	require.Equal(t, workorders.HandoverDraft, getHandover(t, from.Client, id).Status)

	require.NoError(t, submit(t, from.Client, id))
	require.Equal(t, workorders.HandoverSubmitted, getHandover(t, to.Client, id).Status)
	requireError(t, submit(t, from.Client, id), workorder.ErrRuleViolation, "P0001")      // once only
	requireError(t, acknowledge(t, from.Client, id), workorder.ErrRuleViolation, "P0001") // not the addressee
	requireError(t, acknowledge(t, tn.Client, id), workorder.ErrRuleViolation, "P0001")

	require.NoError(t, acknowledge(t, to.Client, id))
	h = getHandover(t, from.Client, id)
	require.Equal(t, workorders.HandoverAcknowledged, h.Status)
	require.WithinDuration(t, time.Now(), *h.AcknowledgedAt, time.Minute)
	requireError(t, acknowledge(t, to.Client, id), workorder.ErrRuleViolation, "P0001")
	requireError(t, submit(t, from.Client, id), workorder.ErrRuleViolation, "P0001")
	require.Equal(t, h, getHandover(t, from.Client, id))

	unread, err := to.Notifications.UnreadCount(t.Context())
	require.NoError(t, err)
	require.Zero(t, unread, "nobody is notified")
}

func TestHandoverToOneself(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := handOver(t, tn.Client, tn.Admin.ID)
	require.NoError(t, submit(t, tn.Client, id))
	require.NoError(t, acknowledge(t, tn.Client, id))
	require.Nil(t, getHandover(t, tn.Client, id).LocationID, "a handover needs no location")
	require.Nil(t, getHandover(t, tn.Client, id).Summary)
}

func TestMalformedHandovers(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	valid := workorders.CreateShiftHandoverParams{ToUserID: tn.Admin.ID, ShiftStartedAt: shiftStart, ShiftEndedAt: shiftStart.Add(time.Hour)}

	for name, tt := range map[string]struct {
		change func(*workorders.CreateShiftHandoverParams)
		kind   error
		code   string // "" when the client refuses
	}{
		"reversed": {func(p *workorders.CreateShiftHandoverParams) { p.ShiftEndedAt = shiftStart.Add(-time.Microsecond) },
			workorder.ErrInvalidInput, "23514"},
		"unknown location": {func(p *workorders.CreateShiftHandoverParams) { p.LocationID = unknownID }, workorder.ErrInvalidReference, "23503"},
		"unknown user":     {func(p *workorders.CreateShiftHandoverParams) { p.ToUserID = unknownID }, workorder.ErrInvalidReference, "23503"},
		"nobody":           {func(p *workorders.CreateShiftHandoverParams) { p.ToUserID = "" }, workorder.ErrInvalidInput, ""},
		"no start":         {func(p *workorders.CreateShiftHandoverParams) { p.ShiftStartedAt = time.Time{} }, workorder.ErrInvalidInput, ""},
		"no end":           {func(p *workorders.CreateShiftHandoverParams) { p.ShiftEndedAt = time.Time{} }, workorder.ErrInvalidInput, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := valid
			tt.change(&p)
			_, err := tn.FieldOps.CreateShiftHandover(t.Context(), p)
			requireError(t, err, tt.kind, tt.code)
		})
	}
	for _, arg := range []string{"p_shift_started_at", "p_shift_ended_at", "p_to_user_id"} {
		args := map[string]any{
			"p_tenant_id": tn.ID, "p_location_id": nil, "p_shift_started_at": shiftStart,
			"p_shift_ended_at": shiftStart.Add(time.Hour), "p_to_user_id": tn.Admin.ID,
		}
		args[arg] = nil
		requireError(t, tn.RPC(t.Context(), "rpc_create_shift_handover", args, nil), workorder.ErrInvalidInput, "23502")
	}
	n, err := tn.FieldOps.ShiftHandovers.Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)

	valid.ShiftEndedAt = shiftStart
	_, err = tn.FieldOps.CreateShiftHandover(t.Context(), valid)
	require.NoError(t, err, "a shift may end at once")
}

func TestItemsOfAHandover(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := handOver(t, tn.Client, tn.Admin.ID)
	wo := makeWorkOrder(t, tn.Client, "x")

	seen := map[string]bool{}
	for _, priority := range []workorders.HandoverPriority{
		"", workorders.HandoverLow, workorders.HandoverNormal, workorders.HandoverHigh, workorders.HandoverCritical,
	} {
		item, err := tn.FieldOps.AddShiftHandoverItem(t.Context(), workorders.AddShiftHandoverItemParams{
			HandoverID: id, Body: "  watch the pressure ", Priority: priority, WorkOrderID: wo,
		})
		require.NoError(t, err, priority)
		require.False(t, seen[item])
		seen[item] = true
	}

	for name, tt := range map[string]struct {
		p    workorders.AddShiftHandoverItemParams
		kind error
		code string // "" when the client refuses
	}{
		"unknown priority":   {workorders.AddShiftHandoverItemParams{HandoverID: id, Body: "x", Priority: "urgent"}, workorder.ErrInvalidInput, "23514"},
		"blank body":         {workorders.AddShiftHandoverItemParams{HandoverID: id, Body: "  "}, workorder.ErrInvalidInput, "23514"},
		"no body":            {workorders.AddShiftHandoverItemParams{HandoverID: id}, workorder.ErrInvalidInput, ""},
		"unknown handover":   {workorders.AddShiftHandoverItemParams{HandoverID: unknownID, Body: "x"}, workorder.ErrInvalidReference, "23503"},
		"unknown work order": {workorders.AddShiftHandoverItemParams{HandoverID: id, Body: "x", WorkOrderID: unknownID}, workorder.ErrInvalidReference, "23503"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tn.FieldOps.AddShiftHandoverItem(t.Context(), tt.p)
			requireError(t, err, tt.kind, tt.code)
		})
	}
	args := map[string]any{"p_tenant_id": tn.ID, "p_handover_id": id, "p_body": nil}
	requireError(t, tn.RPC(t.Context(), "rpc_add_shift_handover_item", args, nil), workorder.ErrInvalidInput, "23502")
	args["p_body"], args["p_priority"] = "x", nil
	require.NoError(t, tn.RPC(t.Context(), "rpc_add_shift_handover_item", args, nil), "no priority is normal")
}

func TestHandoverShowsToItsUsersAndWhoSeesWorkOrders(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	to, bystander := tn.Member(t, "requestor"), tn.Member(t, "requestor")
	first := handOver(t, tn.Client, to.ID)
	second := handOver(t, tn.Client, tn.Admin.ID)
	id := func(h workorders.ShiftHandover) string { return h.ID }

	require.Equal(t, []string{second, first}, listIDs(t, tn.FieldOps.ShiftHandovers, id), "latest first")
	require.Equal(t, []string{first}, listIDs(t, to.FieldOps.ShiftHandovers, id), "the addressee")
	require.Empty(t, listIDs(t, bystander.FieldOps.ShiftHandovers, id))
	for _, role := range []string{"manager", "technician", "member"} {
		require.Equal(t, []string{second, first}, listIDs(t, tn.Member(t, role).FieldOps.ShiftHandovers, id), role)
	}
	require.Equal(t, []string{first}, listIDs(t, tn.FieldOps.ShiftHandovers, id,
		query.Where(workorders.ShiftHandoverCols.ToUserID.Eq(to.ID), workorders.ShiftHandoverCols.Status.Eq(workorders.HandoverDraft))))
}

func TestHandoversOfAnotherTenant(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t) // one user, so that only the tenant is in the way
	id := handOver(t, a.Client, u.ID)

	requireError(t, submit(t, b.Client, id), workorder.ErrRuleViolation, "P0001")
	require.NoError(t, submit(t, a.Client, id))
	requireError(t, acknowledge(t, b.Client, id), workorder.ErrRuleViolation, "P0001")
	_, err := b.FieldOps.ShiftHandovers.Get(t.Context(), id)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	require.Equal(t, workorders.HandoverSubmitted, getHandover(t, a.Client, id).Status)
}
