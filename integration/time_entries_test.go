package integration

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

// today is the server's date, far enough from midnight for the tests.
func today() types.Date { return types.DateOf(time.Now().UTC()) }

func logTime(t testing.TB, c *workorder.Client, p workorders.LogTimeParams) string {
	t.Helper()
	id, err := c.WorkOrders.LogTime(t.Context(), p)
	require.NoError(t, err)
	return id
}

func getTimeEntry(t testing.TB, c *workorder.Client, id string) *workorders.WorkOrderTimeEntry {
	t.Helper()
	e, err := c.WorkOrders.TimeEntries.Get(t.Context(), id)
	require.NoError(t, err)
	return e
}

func TestLoggedTimeAddsUp(t *testing.T) {
	t.Parallel()
	now := today()
	tn := stack.Tenant(t)
	member := tn.Member(t, "member")
	id := makeWorkOrder(t, tn.Client, "x")
	before := time.Now().Add(-time.Minute)

	first := logTime(t, tn.Client, workorders.LogTimeParams{
		WorkOrderID: id, Minutes: 90, Description: "Ärger, \"viel\" 🛠", EntryDate: now.AddDays(-1),
		Latitude: new(47.3769), Longitude: new(-8.5417), AccuracyMetres: new(3.5),
	})
	logTime(t, member.Client, workorders.LogTimeParams{WorkOrderID: id, Minutes: 1440})
	logTime(t, member.Client, workorders.LogTimeParams{WorkOrderID: id, Minutes: 1})

	require.EqualValues(t, 1531, getWorkOrder(t, tn.Client, id).TotalLaborMinutes)
	e := getTimeEntry(t, tn.Client, first)
	require.Equal(t, id, e.WorkOrderID)
	require.Equal(t, tn.ID, e.TenantID)
	require.Equal(t, tn.Admin.ID, e.UserID)
	require.Equal(t, tn.Admin.ID, *e.CreatedBy)
	require.Equal(t, 90, e.Minutes)
	require.Equal(t, now.AddDays(-1), e.EntryDate)
	require.Equal(t, "Ärger, \"viel\" 🛠", *e.Description)
	require.WithinRange(t, e.LoggedAt, before, time.Now().Add(time.Minute))

	entries, err := tn.WorkOrders.TimeEntries.List(t.Context(),
		query.Where(workorders.WorkOrderTimeEntryCols.UserID.Eq(member.ID)))
	require.NoError(t, err)
	require.Len(t, entries, 2)
	for _, e := range entries {
		require.LessOrEqual(t, now.AddDays(-1).Compare(e.EntryDate), 0, "without a date it is today's")
		require.Nil(t, e.Description)
	}
}

func TestTimeMayBeLoggedInAnyStatus(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for _, status := range []string{"draft", "assigned", "in_progress", "completed", "cancelled"} {
		id := workOrderIn(t, tn.Client, status)
		logTime(t, tn.Client, workorders.LogTimeParams{WorkOrderID: id, Minutes: 5})
		wo := getWorkOrder(t, tn.Client, id)
		require.EqualValues(t, 5, wo.TotalLaborMinutes)
		require.Equal(t, status, wo.Status)
	}
}

func TestLogTimeRefusesWhatIsOutOfRange(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")

	for name, p := range map[string]workorders.LogTimeParams{
		"too many minutes":   {Minutes: 1441},
		"long ago":           {Minutes: 1, EntryDate: today().AddDays(-367)},
		"far ahead":          {Minutes: 1, EntryDate: today().AddDays(9)},
		"long description":   {Minutes: 1, Description: strings.Repeat("ß", 1001)},
		"latitude too high":  {Minutes: 1, Latitude: new(91.0), Longitude: new(0.0)},
		"latitude too low":   {Minutes: 1, Latitude: new(-90.0001), Longitude: new(0.0)},
		"longitude too high": {Minutes: 1, Latitude: new(0.0), Longitude: new(180.5)},
		"negative accuracy":  {Minutes: 1, AccuracyMetres: new(-0.1)},
	} {
		p.WorkOrderID = id
		_, err := tn.WorkOrders.LogTime(t.Context(), p)
		require.Error(t, err, name)
		requireError(t, err, workorder.ErrInvalidInput, "23514")
	}
	for _, args := range []map[string]any{
		{"p_minutes": 0}, {"p_minutes": -1}, {"p_minutes": 5, "p_description": ""},
	} {
		args["p_tenant_id"], args["p_work_order_id"] = tn.ID, id
		err := tn.RPC(t.Context(), "rpc_log_work_order_time", args, nil)
		requireError(t, err, workorder.ErrInvalidInput, "23514")
	}
	err := tn.RPC(t.Context(), "rpc_log_work_order_time",
		map[string]any{"p_tenant_id": tn.ID, "p_work_order_id": id, "p_minutes": nil}, nil)
	requireError(t, err, workorder.ErrInvalidInput, "23502")
	require.Zero(t, getWorkOrder(t, tn.Client, id).TotalLaborMinutes)

	for name, p := range map[string]workorders.LogTimeParams{
		"a year ago":      {Minutes: 1, EntryDate: today().AddDays(-364)},
		"a week ahead":    {Minutes: 1, EntryDate: today().AddDays(6)},
		"edge of the map": {Minutes: 1, Latitude: new(-90.0), Longitude: new(180.0), AccuracyMetres: new(0.0)},
		"description":     {Minutes: 1, Description: strings.Repeat("ß", 1000)},
	} {
		p.WorkOrderID = id
		_, err := tn.WorkOrders.LogTime(t.Context(), p)
		require.NoError(t, err, name)
	}
}

// TestEntryDateLimitsToTheDay stays away from midnight, when the test and the
// server may not agree which day it is.
func TestEntryDateLimitsToTheDay(t *testing.T) {
	t.Parallel()
	if now := time.Now().UTC(); now.Add(time.Minute).Day() != now.Day() || now.Add(-time.Minute).Day() != now.Day() {
		time.Sleep(2 * time.Minute)
	}
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	for days, ok := range map[int]bool{-366: false, -365: true, 7: true, 8: false} {
		_, err := tn.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{
			WorkOrderID: id, Minutes: 1, EntryDate: today().AddDays(days),
		})
		if ok {
			require.NoError(t, err, "%d days", days)
			continue
		}
		requireError(t, err, workorder.ErrInvalidInput, "23514")
	}
}

func TestLogTimeForSomebodyElse(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	manager, member := tn.Member(t, "manager"), tn.Member(t, "member")
	id := makeWorkOrder(t, tn.Client, "x")

	_, err := tn.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{
		WorkOrderID: id, Minutes: 5, UserID: stack.User(t).ID,
	})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	_, err = tn.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{WorkOrderID: id, Minutes: 5, UserID: unknownID})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	_, err = member.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{WorkOrderID: id, Minutes: 5, UserID: manager.ID})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")

	logTime(t, member.Client, workorders.LogTimeParams{WorkOrderID: id, Minutes: 5, UserID: member.ID})
	e := getTimeEntry(t, tn.Client, logTime(t, manager.Client, workorders.LogTimeParams{
		WorkOrderID: id, Minutes: 6, UserID: member.ID,
	}))
	require.Equal(t, member.ID, e.UserID)
	require.Equal(t, manager.ID, *e.CreatedBy)
	require.EqualValues(t, 11, getWorkOrder(t, tn.Client, id).TotalLaborMinutes)
}

func TestTimeEntriesComeNewestDayFirst(t *testing.T) {
	t.Parallel()
	now := today()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	var want []string
	for _, days := range []int{-3, 2, -1, 2, 0, -1} {
		entry := logTime(t, tn.Client, workorders.LogTimeParams{
			WorkOrderID: id, Minutes: 10, EntryDate: now.AddDays(days),
		})
		want = append(want, entry)
	}
	want = []string{want[3], want[1], want[4], want[5], want[2], want[0]}

	cols := workorders.WorkOrderTimeEntryCols
	latest := query.OrderBy(cols.EntryDate.Desc(), cols.LoggedAt.Desc())
	rows, err := tn.WorkOrders.TimeEntries.List(t.Context(), latest)
	require.NoError(t, err)
	ids := make([]string, len(rows))
	for i, e := range rows {
		ids[i] = e.ID
	}
	require.Equal(t, want, ids)

	// The view has this order by itself, for readers that ask for none.
	raw, err := tn.Supabase(t.Context())
	require.NoError(t, err)
	body, _, err := raw.From("v_work_order_time_entries").Select("id", "", false).Execute()
	require.NoError(t, err)
	var plain []struct{ ID string }
	require.NoError(t, json.Unmarshal(body, &plain))
	for i := range want {
		require.Equal(t, want[i], plain[i].ID)
	}

	rows, err = tn.WorkOrders.TimeEntries.List(t.Context(), latest, query.PageSize(2))
	require.NoError(t, err)
	for i := range want {
		require.Equal(t, want[i], rows[i].ID, "small pages give the same list")
	}
}

// TestTimeEntryViewTakesChanges uses the raw client: the SDK offers no method.
func TestTimeEntryViewTakesChanges(t *testing.T) {
	t.Parallel()
	now := today()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	wo := makeWorkOrder(t, tn.Client, "x")
	id := logTime(t, tn.Client, workorders.LogTimeParams{WorkOrderID: wo, Minutes: 30, Description: "old"})
	raw, err := tn.Supabase(t.Context())
	require.NoError(t, err)
	patch := func(change map[string]any) error {
		_, _, err := raw.From("v_work_order_time_entries").Update(change, "minimal", "").Eq("id", id).Execute()
		return err
	}
	before := getTimeEntry(t, tn.Client, id)

	require.NoError(t, patch(map[string]any{"description": "new"}))
	after := getTimeEntry(t, tn.Client, id)
	require.Equal(t, "new", *after.Description)
	require.True(t, after.UpdatedAt.After(before.UpdatedAt))
	require.Equal(t, before.CreatedAt, after.CreatedAt)
	require.Equal(t, 30, after.Minutes)

	require.NoError(t, patch(map[string]any{"minutes": 45, "entry_date": now.AddDays(-2), "description": nil}))
	after = getTimeEntry(t, tn.Client, id)
	require.Equal(t, 45, after.Minutes)
	require.Equal(t, now.AddDays(-2), after.EntryDate)
	require.Nil(t, after.Description)
	require.EqualValues(t, 45, getWorkOrder(t, tn.Client, wo).TotalLaborMinutes)

	require.ErrorContains(t, patch(map[string]any{"minutes": 0}), "23514")
	require.ErrorContains(t, patch(map[string]any{"entry_date": now.AddDays(-400)}), "23514")
	require.ErrorContains(t, patch(map[string]any{"user_id": other.Admin.ID}), "23503")
	require.Equal(t, after, getTimeEntry(t, tn.Client, id), "a refused change changes nothing")

	require.NoError(t, patch(map[string]any{"tenant_id": other.ID}))
	require.Equal(t, tn.ID, getTimeEntry(t, tn.Client, id).TenantID, "an entry stays in its tenant")

	_, _, err = raw.From("v_work_order_time_entries").Insert(map[string]any{
		"tenant_id": tn.ID, "work_order_id": wo, "user_id": tn.Admin.ID, "minutes": 5, "entry_date": now,
	}, false, "", "minimal", "").Execute()
	require.Error(t, err, "entries are made by LogTime only")

	foreign, err := other.Supabase(t.Context())
	require.NoError(t, err)
	_, _, err = foreign.From("v_work_order_time_entries").Delete("minimal", "").Eq("id", id).Execute()
	require.NoError(t, err, "what is invisible matches nothing")
	require.Equal(t, id, getTimeEntry(t, tn.Client, id).ID)

	_, _, err = raw.From("v_work_order_time_entries").Delete("minimal", "").Eq("id", id).Execute()
	require.NoError(t, err)
	_, err = tn.WorkOrders.TimeEntries.Get(t.Context(), id)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	require.Zero(t, getWorkOrder(t, tn.Client, wo).TotalLaborMinutes)
}
