package integration

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

func TestTimeEntryIsCorrected(t *testing.T) {
	t.Parallel()
	now := today()
	tn := stack.Tenant(t)
	member := tn.Member(t, "member")
	wo := makeWorkOrder(t, tn.Client, "x")
	id := logTime(t, member.Client, workorders.LogTimeParams{WorkOrderID: wo, Minutes: 30, Description: "old"})
	kept := logTime(t, member.Client, workorders.LogTimeParams{WorkOrderID: wo, Minutes: 7, Description: "kept"})
	update := func(p workorders.UpdateTimeEntryParams) {
		t.Helper()
		p.TimeEntryID = id
		require.NoError(t, member.WorkOrders.UpdateTimeEntry(t.Context(), p))
	}
	before, other := getTimeEntry(t, tn.Client, id), getTimeEntry(t, tn.Client, kept)
	loggedAt := time.Date(2030, 2, 3, 4, 5, 6, 789012000, time.FixedZone("", -3*3600))

	update(workorders.UpdateTimeEntryParams{Minutes: new(45)})
	got := getTimeEntry(t, tn.Client, id)
	want := *before
	want.Minutes, want.UpdatedAt = 45, got.UpdatedAt
	require.Equal(t, want, *got, "what is not given stays")
	require.True(t, got.UpdatedAt.After(before.UpdatedAt))
	require.EqualValues(t, 52, getWorkOrder(t, tn.Client, wo).TotalLaborMinutes)

	update(workorders.UpdateTimeEntryParams{EntryDate: new(now.AddDays(-2)), Description: new("Größe 3½\" 🛠"), LoggedAt: &loggedAt})
	got = getTimeEntry(t, tn.Client, id)
	require.Equal(t, now.AddDays(-2), got.EntryDate)
	require.Equal(t, "Größe 3½\" 🛠", *got.Description)
	require.True(t, loggedAt.Equal(got.LoggedAt))
	require.Equal(t, 45, got.Minutes)
	update(workorders.UpdateTimeEntryParams{Description: new("")})
	require.Nil(t, getTimeEntry(t, tn.Client, id).Description, "an empty description is none")
	require.Equal(t, other, getTimeEntry(t, tn.Client, kept), "another entry stays as it was")

	require.NoError(t, member.WorkOrders.DeleteTimeEntry(t.Context(), workorders.DeleteTimeEntryParams{TimeEntryID: id}))
	_, err := tn.WorkOrders.TimeEntries.Get(t.Context(), id)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	require.EqualValues(t, 7, getWorkOrder(t, tn.Client, wo).TotalLaborMinutes)
	err = member.WorkOrders.DeleteTimeEntry(t.Context(), workorders.DeleteTimeEntryParams{TimeEntryID: id})
	require.ErrorIs(t, err, workorder.ErrNotFound)
}

func TestTimeEntryChangesAreChecked(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	wo := makeWorkOrder(t, tn.Client, "x")
	id := logTime(t, tn.Client, workorders.LogTimeParams{WorkOrderID: wo, Minutes: 30, Description: "old"})
	before := getTimeEntry(t, tn.Client, id)

	for name, p := range map[string]workorders.UpdateTimeEntryParams{
		"no minutes":       {Minutes: new(0)},
		"too many minutes": {Minutes: new(1441)},
		"long ago":         {EntryDate: new(today().AddDays(-367))},
		"far ahead":        {EntryDate: new(today().AddDays(9))},
		"long description": {Description: new(strings.Repeat("ß", 1001))},
		"one of two":       {Minutes: new(5), EntryDate: new(types.NewDate(1999, time.January, 1))},
	} {
		p.TimeEntryID = id
		err := tn.WorkOrders.UpdateTimeEntry(t.Context(), p)
		require.Error(t, err, name)
		requireError(t, err, workorder.ErrInvalidInput, "23514")
	}
	require.ErrorIs(t, tn.WorkOrders.UpdateTimeEntry(t.Context(), workorders.UpdateTimeEntryParams{TimeEntryID: id}),
		workorder.ErrInvalidInput, "nothing to change")
	require.ErrorContains(t, tn.WorkOrders.UpdateTimeEntry(t.Context(), workorders.UpdateTimeEntryParams{Minutes: new(5)}), "TimeEntryID")
	require.ErrorContains(t, tn.WorkOrders.DeleteTimeEntry(t.Context(), workorders.DeleteTimeEntryParams{}), "TimeEntryID")
	err := tn.WorkOrders.UpdateTimeEntry(t.Context(), workorders.UpdateTimeEntryParams{TimeEntryID: "17", Minutes: new(5)})
	requireError(t, err, workorder.ErrInvalidInput, "22P02")
	require.Equal(t, before, getTimeEntry(t, tn.Client, id), "a refused change changes nothing")
}

// TestWhoseTimeEntriesMayBeChanged tries entries by user and by who logged them.
func TestWhoseTimeEntriesMayBeChanged(t *testing.T) {
	t.Parallel()
	tn, stranger := stack.Tenant(t), stack.Tenant(t)
	member, manager := tn.Member(t, "member"), tn.Member(t, "manager")
	wo := makeWorkOrder(t, tn.Client, "x")
	own := logTime(t, member.Client, workorders.LogTimeParams{WorkOrderID: wo, Minutes: 1})
	byManager := logTime(t, manager.Client, workorders.LogTimeParams{WorkOrderID: wo, Minutes: 2, UserID: member.ID})
	ofManager := logTime(t, manager.Client, workorders.LogTimeParams{WorkOrderID: wo, Minutes: 3})

	update := func(c *workorder.Client, id string, ofAnyone bool) error {
		return c.WorkOrders.UpdateTimeEntry(t.Context(), workorders.UpdateTimeEntryParams{
			TimeEntryID: id, Minutes: new(10), OfAnyone: ofAnyone,
		})
	}
	del := func(c *workorder.Client, id string, ofAnyone bool) error {
		return c.WorkOrders.DeleteTimeEntry(t.Context(), workorders.DeleteTimeEntryParams{TimeEntryID: id, OfAnyone: ofAnyone})
	}
	for _, change := range []func(*workorder.Client, string, bool) error{update, del} {
		require.ErrorIs(t, change(member.Client, ofManager, false), workorder.ErrNotFound, "somebody else's is not found")
		require.ErrorIs(t, change(tn.Client, own, false), workorder.ErrNotFound, "an administrator's slip does no harm either")
		require.ErrorIs(t, change(stranger.Client, own, true), workorder.ErrNotFound, "another tenant's does not show")
		require.ErrorIs(t, change(tn.Client, unknownID, true), workorder.ErrNotFound)
		require.ErrorIs(t, change(stack.Client(t), own, false), workorder.ErrUnauthenticated)
	}
	require.EqualValues(t, 6, getWorkOrder(t, tn.Client, wo).TotalLaborMinutes)

	require.NoError(t, update(member.Client, own, false))
	require.NoError(t, update(member.Client, byManager, false), "an entry of one's own, whoever logged it")
	require.NoError(t, update(manager.Client, byManager, false), "an entry one logged, whoever it is of")
	require.NoError(t, update(tn.Client, ofManager, true))
	require.EqualValues(t, 30, getWorkOrder(t, tn.Client, wo).TotalLaborMinutes)
	e := getTimeEntry(t, tn.Client, byManager)
	require.Equal(t, member.ID, e.UserID)
	require.Equal(t, manager.ID, *e.CreatedBy, "a change is nobody else's entry")

	require.NoError(t, del(manager.Client, byManager, false))
	require.NoError(t, del(tn.Client, ofManager, true))
	require.NoError(t, del(member.Client, own, false))
	require.Zero(t, getWorkOrder(t, tn.Client, wo).TotalLaborMinutes)
}

func TestEveryRoleCorrectsItsOwnTime(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	wo := makeWorkOrder(t, tn.Client, "x")
	for _, role := range roles {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			c := tn.Member(t, role).Client
			id := logTime(t, c, workorders.LogTimeParams{WorkOrderID: wo, Minutes: 5})
			require.NoError(t, c.WorkOrders.UpdateTimeEntry(t.Context(), workorders.UpdateTimeEntryParams{TimeEntryID: id, Minutes: new(6)}))
			require.Equal(t, 6, getTimeEntry(t, c, id).Minutes)
			require.NoError(t, c.WorkOrders.DeleteTimeEntry(t.Context(), workorders.DeleteTimeEntryParams{TimeEntryID: id}))
		})
	}
}
