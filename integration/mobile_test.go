package integration

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// assignedWorkOrder makes a work order in status assigned to a user.
func assignedWorkOrder(t testing.TB, tn *tenant, userID string) string {
	t.Helper()
	id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", AssignedTo: userID})
	require.NoError(t, err)
	return id
}

// checkIns lists the check-ins on a work order.
func checkIns(t testing.TB, c *workorder.Client, workOrderID string) []workorders.MobileCheckIn {
	t.Helper()
	rows, err := c.Mobile.CheckIns.List(t.Context(), query.Where(workorders.MobileCheckInCols.WorkOrderID.Eq(workOrderID)))
	require.NoError(t, err)
	return rows
}

// notes lists the notes on a work order.
func notes(t testing.TB, c *workorder.Client, workOrderID string) []workorders.MobileNote {
	t.Helper()
	rows, err := c.Mobile.Notes.List(t.Context(), query.Where(workorders.MobileNoteCols.WorkOrderID.Eq(workOrderID)))
	require.NoError(t, err)
	return rows
}

// entriesOf lists the time entries of a work order as a device sees them.
func entriesOf(t testing.TB, c *workorder.Client, workOrderID string) []workorders.MobileTimeEntry {
	t.Helper()
	rows, err := c.Mobile.TimeEntries.List(t.Context(), query.Where(workorders.MobileTimeEntryCols.WorkOrderID.Eq(workOrderID)))
	require.NoError(t, err)
	return rows
}

func TestStartMovesTheWorkOrderAndChecksIn(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	wo := assignedWorkOrder(t, tn, tn.Admin.ID)

	id, err := tn.Mobile.Start(t.Context(), workorders.StartParams{
		WorkOrderID: wo, Latitude: new(47.3769), Longitude: new(-8.5417), AccuracyMetres: new(4.5),
	})
	require.NoError(t, err)

	got := getWorkOrder(t, tn.Client, wo)
	require.Equal(t, "in_progress", got.Status)
	require.NotNil(t, got.AcknowledgedAt, "starting answers the response SLA")
	in, err := tn.Mobile.CheckIns.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, tn.ID, in.TenantID)
	require.Equal(t, wo, in.WorkOrderID)
	require.Equal(t, tn.Admin.ID, in.UserID)
	require.Equal(t, []float64{47.3769, -8.5417}, []float64{*in.Latitude, *in.Longitude})
	require.WithinDuration(t, time.Now(), in.CheckedInAt, time.Minute)

	_, err = tn.Mobile.Start(t.Context(), workorders.StartParams{WorkOrderID: wo})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	require.Len(t, checkIns(t, tn.Client, wo), 1, "a second start is none")
}

func TestStartWithoutPosition(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	wo := assignedWorkOrder(t, tn, tn.Admin.ID)

	_, err := tn.Mobile.Start(t.Context(), workorders.StartParams{WorkOrderID: wo})
	require.NoError(t, err)
	in := checkIns(t, tn.Client, wo)
	require.Len(t, in, 1)
	require.Nil(t, in[0].Latitude)
	require.Nil(t, in[0].Longitude)
}

func TestStartTakesPositionsOnEarthOnly(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	wo := workOrderIn(t, tn.Client, "assigned")

	for name, p := range map[string]workorders.StartParams{
		"north of the pole":   {Latitude: new(90.1), Longitude: new(0.0)},
		"south of the pole":   {Latitude: new(-90.1), Longitude: new(0.0)},
		"too far east":        {Latitude: new(0.0), Longitude: new(180.1)},
		"too far west":        {Latitude: new(0.0), Longitude: new(-180.1)},
		"negative inaccuracy": {Latitude: new(0.0), Longitude: new(0.0), AccuracyMetres: new(-0.1)},
	} {
		p.WorkOrderID = wo
		_, err := tn.Mobile.Start(t.Context(), p)
		require.ErrorIs(t, err, workorder.ErrInvalidInput, name)
		requireCode(t, "23514", err)
		require.Equal(t, "assigned", getWorkOrder(t, tn.Client, wo).Status, "all or nothing")
		require.Empty(t, checkIns(t, tn.Client, wo))
	}

	for _, at := range [][2]float64{{90, 180}, {-90, -180}, {0, 0}} {
		id := workOrderIn(t, tn.Client, "assigned")
		_, err := tn.Mobile.Start(t.Context(), workorders.StartParams{
			WorkOrderID: id, Latitude: &at[0], Longitude: &at[1], AccuracyMetres: new(0.0),
		})
		require.NoError(t, err)
		in := checkIns(t, tn.Client, id)[0]
		require.Equal(t, []float64{at[0], at[1]}, []float64{*in.Latitude, *in.Longitude})
	}
}

func TestStartNeedsAMoveThatIsThere(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	foreign := workOrderIn(t, stack.Tenant(t).Client, "assigned")

	for _, status := range []string{"draft", "in_progress", "completed", "cancelled"} {
		wo := workOrderIn(t, tn.Client, status)
		_, err := tn.Mobile.Start(t.Context(), workorders.StartParams{WorkOrderID: wo})
		require.ErrorIs(t, err, workorder.ErrInvalidReference, status)
		requireCode(t, "23503", err)
		require.Empty(t, checkIns(t, tn.Client, wo))
	}
	for _, wo := range []string{unknownID, foreign} {
		_, err := tn.Mobile.Start(t.Context(), workorders.StartParams{WorkOrderID: wo})
		requireError(t, err, workorder.ErrRuleViolation, "P0001")
		err = tn.Mobile.Stop(t.Context(), workorders.StopParams{WorkOrderID: wo})
		requireError(t, err, workorder.ErrRuleViolation, "P0001")
		_, err = tn.Mobile.AddNote(t.Context(), workorders.AddNoteParams{WorkOrderID: wo, Body: "x"})
		requireError(t, err, workorder.ErrRuleViolation, "P0001")
	}
}

func TestTechnicianStartsOwnWorkOncePermitted(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	tech, member := tn.Member(t, "technician"), tn.Member(t, "member")
	wo := assignedWorkOrder(t, tn, tech.ID)
	p := workorders.StartParams{WorkOrderID: wo}

	_, err := tech.Mobile.Start(t.Context(), p)
	requireError(t, err, workorder.ErrInvalidReference, "23503") // the move asks for workorder.edit
	_, err = member.Mobile.Start(t.Context(), p)
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	require.Equal(t, "assigned", getWorkOrder(t, tn.Client, wo).Status)

	err = tn.Authorization.AssignPermissionToRole(t.Context(), org.RolePermissionParams{RoleKey: "technician", PermissionKey: "workorder.edit"})
	require.NoError(t, err)
	_, err = tech.Mobile.Start(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, tech.ID, checkIns(t, tn.Client, wo)[0].UserID)
}

// A deployment may let several starts at the same time succeed, as with other moves.
func TestOnlyOneOfManyStartsWins(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	wo := workOrderIn(t, tn.Client, "assigned")

	const n = 8
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { _, errs[i] = tn.Mobile.Start(t.Context(), workorders.StartParams{WorkOrderID: wo}) })
	}
	wg.Wait()

	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		requireError(t, err, workorder.ErrInvalidReference, "23503")
	}
	require.Positive(t, won)
	require.Len(t, checkIns(t, tn.Client, wo), won, "one of each start")
	if stack.local {
		require.Equal(t, 1, won)
	}
}

func TestStopLogsNotesAndCompletes(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	wo := workOrderIn(t, tn.Client, "in_progress")
	day := time.Now().UTC().Format(time.DateOnly)

	err := tn.Mobile.Stop(t.Context(), workorders.StopParams{
		WorkOrderID: wo, Minutes: new(45), Note: "   belt was worn  ", Cause: new("wear"), Resolution: new("new belt"),
		Latitude: new(1.5), Longitude: new(-2.5), AccuracyMetres: new(3.0),
	})
	require.NoError(t, err)

	got := getWorkOrder(t, tn.Client, wo)
	require.Equal(t, "completed", got.Status)
	require.Equal(t, "wear", *got.Cause)
	require.Equal(t, "new belt", *got.Resolution)
	require.Equal(t, tn.Admin.ID, *got.CompletedBy)
	require.NotNil(t, got.CompletedAt)
	require.EqualValues(t, 45, got.TotalLaborMinutes)
	entries := entriesOf(t, tn.Client, wo)
	require.Len(t, entries, 1)
	require.Equal(t, 45, entries[0].Minutes)
	require.Equal(t, tn.Admin.ID, entries[0].UserID)
	require.Contains(t, []string{day, time.Now().UTC().Format(time.DateOnly)}, entries[0].EntryDate.String(), "today")
	require.Equal(t, []float64{1.5, -2.5}, []float64{*entries[0].Latitude, *entries[0].Longitude})
	ns := notes(t, tn.Client, wo)
	require.Len(t, ns, 1)
	require.Equal(t, "belt was worn", ns[0].Body, "trimmed")
	require.Equal(t, tn.Admin.ID, ns[0].CreatedBy)
}

func TestStopDoesWhatItIsToldOnly(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	wo := workOrderIn(t, tn.Client, "in_progress")

	require.NoError(t, tn.Mobile.Stop(t.Context(), workorders.StopParams{
		WorkOrderID: wo, Complete: new(false), Minutes: new(5), Note: "for today", Cause: new("ignored"),
	}))
	got := getWorkOrder(t, tn.Client, wo)
	require.Equal(t, "in_progress", got.Status)
	require.Nil(t, got.Cause, "only completing takes a cause")
	require.Len(t, entriesOf(t, tn.Client, wo), 1)
	require.Len(t, notes(t, tn.Client, wo), 1)

	require.NoError(t, tn.Mobile.Stop(t.Context(), workorders.StopParams{WorkOrderID: wo, Note: "   "}))
	require.Equal(t, "completed", getWorkOrder(t, tn.Client, wo).Status)
	require.Len(t, entriesOf(t, tn.Client, wo), 1, "no minutes, no entry")
	require.Len(t, notes(t, tn.Client, wo), 1, "a blank note is none")

	require.NoError(t, tn.Mobile.Stop(t.Context(), workorders.StopParams{
		WorkOrderID: wo, Minutes: new(7), Note: "came back", Resolution: new("tightened again"),
	}))
	got = getWorkOrder(t, tn.Client, wo)
	require.Equal(t, "completed", got.Status)
	require.Equal(t, "tightened again", *got.Resolution)
	require.EqualValues(t, 12, got.TotalLaborMinutes, "a completed work order still takes time")
	require.Len(t, notes(t, tn.Client, wo), 2)
}

func TestStopIsAllOrNothing(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	draft := workOrderIn(t, tn.Client, "draft")
	wo := workOrderIn(t, tn.Client, "in_progress")
	before := getWorkOrder(t, tn.Client, wo)

	for name, p := range map[string]workorders.StopParams{
		"too many minutes":  {Minutes: new(5000), Note: "x", Cause: new("y")},
		"no minutes at all": {Minutes: new(0), Note: "x", Cause: new("y")},
		"latitude":          {Minutes: new(5), Note: "x", Cause: new("y"), Latitude: new(91.0), Longitude: new(0.0)},
		"long note":         {Minutes: new(5), Note: strings.Repeat("n", 10_001), Cause: new("y")},
	} {
		p.WorkOrderID = wo
		err := tn.Mobile.Stop(t.Context(), p)
		require.ErrorIs(t, err, workorder.ErrInvalidInput, name)
		requireCode(t, "23514", err)
	}
	err := tn.Mobile.Stop(t.Context(), workorders.StopParams{WorkOrderID: draft, Minutes: new(5), Note: "x"})
	requireError(t, err, workorder.ErrInvalidReference, "23503")

	require.Equal(t, before, getWorkOrder(t, tn.Client, wo))
	for _, id := range []string{wo, draft} {
		require.Empty(t, entriesOf(t, tn.Client, id))
		require.Empty(t, notes(t, tn.Client, id))
	}
}

func TestStopIsForTheAssigneeAndEditors(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	tech, member := tn.Member(t, "technician"), tn.Member(t, "member")
	wo := assignedWorkOrder(t, tn, tech.ID)
	_, err := tn.Mobile.Start(t.Context(), workorders.StartParams{WorkOrderID: wo})
	require.NoError(t, err)

	for _, complete := range []bool{true, false} {
		err = member.Mobile.Stop(t.Context(), workorders.StopParams{WorkOrderID: wo, Complete: &complete, Minutes: new(5)})
		requireError(t, err, workorder.ErrPermissionDenied, "42501")
	}
	require.NoError(t, tech.Mobile.Stop(t.Context(), workorders.StopParams{WorkOrderID: wo, Minutes: new(5)}))
	got := getWorkOrder(t, tn.Client, wo)
	require.Equal(t, "completed", got.Status)
	require.Equal(t, tech.ID, *got.CompletedBy)
	require.Equal(t, tech.ID, entriesOf(t, tn.Client, wo)[0].UserID)
}

func TestNotesAreKeptAsTheyAre(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	wo := workOrderIn(t, tn.Client, "completed") // any status will do
	body := "  Größe 3½\" 🛠️\n\tzweite Zeile \\ "

	id, err := tn.Mobile.AddNote(t.Context(), workorders.AddNoteParams{WorkOrderID: wo, Body: body, Latitude: new(1.0), Longitude: new(2.0)})
	require.NoError(t, err)
	note, err := tn.Mobile.Notes.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, body, note.Body)
	require.Equal(t, wo, note.WorkOrderID)
	require.Equal(t, tn.Admin.ID, note.CreatedBy)
	require.Equal(t, tn.ID, note.TenantID)

	_, err = tn.Mobile.AddNote(t.Context(), workorders.AddNoteParams{WorkOrderID: wo, Body: strings.Repeat("ä", 10_000)})
	require.NoError(t, err)
	for name, p := range map[string]workorders.AddNoteParams{
		"too long":  {Body: strings.Repeat("ä", 10_001)},
		"latitude":  {Body: "x", Latitude: new(-91.0), Longitude: new(0.0)},
		"longitude": {Body: "x", Latitude: new(0.0), Longitude: new(181.0)},
	} {
		p.WorkOrderID = wo
		_, err = tn.Mobile.AddNote(t.Context(), p)
		require.ErrorIs(t, err, workorder.ErrInvalidInput, name)
		requireCode(t, "23514", err)
	}
	_, err = tn.Mobile.AddNote(t.Context(), workorders.AddNoteParams{WorkOrderID: wo})
	requireError(t, err, workorder.ErrInvalidInput, "")
	args := map[string]any{"p_tenant_id": tn.ID, "p_work_order_id": wo, "p_body": ""}
	requireError(t, tn.RPC(t.Context(), "rpc_add_work_order_note", args, nil), workorder.ErrInvalidInput, "23514")
	args["p_body"] = nil
	requireError(t, tn.RPC(t.Context(), "rpc_add_work_order_note", args, nil), workorder.ErrInvalidInput, "23502")
	require.Len(t, notes(t, tn.Client, wo), 2)
}

func TestNotesAreForTheAssigneeAndEditors(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	requestor := tn.Member(t, "requestor") // may not even see the work order
	wo := assignedWorkOrder(t, tn, requestor.ID)
	p := workorders.AddNoteParams{WorkOrderID: wo, Body: "x"}

	_, err := requestor.Mobile.AddNote(t.Context(), p)
	require.NoError(t, err)
	_, err = tn.Member(t, "technician").Mobile.AddNote(t.Context(), p)
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	_, err = tn.Member(t, "manager").Mobile.AddNote(t.Context(), p)
	require.NoError(t, err)
}

// device is what a field device keeps of a tenant: the rows of every list by id.
type device struct{ rows map[string]map[string]string }

func newDevice() *device { return &device{rows: map[string]map[string]string{}} }

// Store keeps the rows of a page. It returns how many of them it had already,
// as they are.
func (d *device) Store(p *workorders.SyncPayload) (known int) {
	known += keepRows(d, "work orders", p.WorkOrders, func(r workorders.MobileWorkOrder) string { return r.ID })
	known += keepRows(d, "assets", p.Assets, func(r workorders.MobileAsset) string { return r.ID })
	known += keepRows(d, "locations", p.Locations, func(r workorders.MobileLocation) string { return r.ID })
	known += keepRows(d, "time entries", p.TimeEntries, func(r workorders.MobileTimeEntry) string { return r.ID })
	known += keepRows(d, "attachments", p.Attachments, func(r workorders.MobileAttachment) string { return r.ID })
	known += keepRows(d, "check-ins", p.CheckIns, func(r workorders.MobileCheckIn) string { return r.ID })
	known += keepRows(d, "notes", p.Notes, func(r workorders.MobileNote) string { return r.ID })
	return known
}

func keepRows[T any](d *device, list string, rows []T, id func(T) string) (known int) {
	if d.rows[list] == nil {
		d.rows[list] = map[string]string{}
	}
	for _, row := range rows {
		text := asJSON(row)
		if d.rows[list][id(row)] == text {
			known++
		}
		d.rows[list][id(row)] = text
	}
	return known
}

// asJSON renders a row, so that rows can be compared and printed.
func asJSON(row any) string {
	out, err := json.Marshal(row)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

// everything reads what a device should have from the list views.
func everything(t testing.TB, c *workorder.Client) *device {
	t.Helper()
	m := &c.Mobile
	p := &workorders.SyncPayload{}
	p.WorkOrders = listAll(t, m.WorkOrders)
	p.Assets = listAll(t, m.Assets)
	for i := range p.Assets {
		p.Assets[i].Barcode = nil // the one column that a sync leaves out
	}
	p.Locations = listAll(t, m.Locations)
	p.TimeEntries = listAll(t, m.TimeEntries)
	p.Attachments = listAll(t, m.Attachments)
	p.CheckIns = listAll(t, m.CheckIns)
	p.Notes = listAll(t, m.Notes)
	d := newDevice()
	d.Store(p)
	return d
}

func listAll[T any](t testing.TB, v workorder.View[T]) []T {
	t.Helper()
	rows, err := v.List(t.Context())
	require.NoError(t, err)
	return rows
}

// fillMobile puts rows into each of the seven lists.
func fillMobile(t testing.TB, tn *tenant) {
	t.Helper()
	location := makeLocation(t, tn, "Hall 1")
	makeAsset(t, tn, "Press 1", location)
	makeAsset(t, tn, "Press 2", "")
	wo := workOrderIn(t, tn.Client, "assigned")
	_, err := tn.Mobile.Start(t.Context(), workorders.StartParams{WorkOrderID: wo, Latitude: new(1.25), Longitude: new(2.5)})
	require.NoError(t, err)
	for i := range 3 {
		require.NoError(t, tn.Mobile.Stop(t.Context(), workorders.StopParams{
			WorkOrderID: wo, Complete: new(false), Minutes: new(i + 1), Note: fmt.Sprint("note ", i),
		}))
	}
	insertObject(t, tn.Admin, tn.ID, workorders.EntityWorkOrder, wo, "photo.jpg", workorders.StorageObjectMetadata{})
}

func TestSyncHasSevenLists(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)

	for range 2 { // an empty tenant, then one with rows
		var raw map[string]json.RawMessage
		require.NoError(t, tn.RPC(t.Context(), "rpc_mobile_sync", map[string]any{"p_tenant_id": tn.ID}, &raw))
		var lists []string
		for list, rows := range raw {
			lists = append(lists, list)
			require.Equal(t, "[", string(rows[:1]), "%s is never null", list)
		}
		require.ElementsMatch(t, []string{
			"work_orders", "assets", "locations", "time_entries", "attachments", "check_ins", "notes",
		}, lists)
		fillMobile(t, tn)
	}
}

func TestSyncTellsWhatTheListViewsShow(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	fillMobile(t, tn)
	fillMobile(t, stack.Tenant(t)) // not theirs

	p, err := tn.Mobile.Sync(t.Context(), workorders.SyncParams{})
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 1, 3, 1, 1, 3}, []int{
		len(p.WorkOrders), len(p.Assets), len(p.Locations), len(p.TimeEntries), len(p.Attachments), len(p.CheckIns), len(p.Notes),
	})
	require.Equal(t, 12, p.Len())
	d := newDevice()
	require.Zero(t, d.Store(p))
	require.Equal(t, everything(t, tn.Client), d)
	require.True(t, slices.IsSortedFunc(p.Notes, func(a, b workorders.MobileNote) int { return a.CreatedAt.Compare(b.CreatedAt) }))
	require.True(t, slices.IsSortedFunc(p.TimeEntries, func(a, b workorders.MobileTimeEntry) int { return a.UpdatedAt.Compare(b.UpdatedAt) }))
}

func TestSyncLooksStrictlyAfter(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	fillMobile(t, tn)
	all, err := tn.Mobile.Sync(t.Context(), workorders.SyncParams{})
	require.NoError(t, err)

	future, err := tn.Mobile.Sync(t.Context(), workorders.SyncParams{UpdatedAfter: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	require.Zero(t, future.Len())

	rest, err := tn.Mobile.Sync(t.Context(), workorders.SyncParams{UpdatedAfter: all.Notes[0].CreatedAt.In(zone(t, "Asia/Kathmandu"))})
	require.NoError(t, err)
	require.Equal(t, all.Notes[1:], rest.Notes)

	one, err := tn.Mobile.Sync(t.Context(), workorders.SyncParams{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, 7, one.Len(), "one row of each list")
	require.Equal(t, all.Notes[:1], one.Notes)
	require.Equal(t, all.WorkOrders[:1], one.WorkOrders)
}

func TestSyncForATechnician(t *testing.T) {
	t.Parallel()
	p := newPlan(t)
	fillMobile(t, p.tenant)
	tech := p.Member(t, "technician")
	technician := makeTechnician(t, p.tenant, tech.ID)
	theirs := assignedWorkOrder(t, p.tenant, tech.ID)
	planned := makeWorkOrder(t, p.Client, "planned")
	_, err := p.Scheduling.Schedule(t.Context(), workorders.ScheduleParams{
		WorkOrderID: planned, TechnicianID: technician, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour),
	})
	require.NoError(t, err)
	all, err := tech.Mobile.Sync(t.Context(), workorders.SyncParams{})
	require.NoError(t, err)
	require.Len(t, all.WorkOrders, 3)

	for name, tt := range map[string]struct {
		technician string
		want       []string
	}{
		"by user or by plan": {technician, []string{theirs, planned}},
		"unknown":            {unknownID, []string{}},
		"idle":               {p.Technician, []string{}},
	} {
		got, err := tech.Mobile.Sync(t.Context(), workorders.SyncParams{TechnicianID: tt.technician})
		require.NoError(t, err, name)
		ids := make([]string, len(got.WorkOrders))
		for i, wo := range got.WorkOrders {
			ids[i] = wo.ID
		}
		require.ElementsMatch(t, tt.want, ids, name)
		got.WorkOrders, all.WorkOrders = nil, nil
		require.Equal(t, all, got, "the other lists are whole")

		ids = []string{}
		for page, err := range tech.Mobile.SyncAll(t.Context(), workorders.SyncAllParams{TechnicianID: tt.technician, Limit: 1}) {
			require.NoError(t, err, name)
			for _, wo := range page.WorkOrders {
				ids = append(ids, wo.ID)
			}
		}
		require.ElementsMatch(t, tt.want, ids, name)
	}
}

func TestSyncNeedsMembership(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	fillMobile(t, tn)

	for _, c := range []*workorder.Client{stack.User(t).Client, stack.Tenant(t).Admin.Client} {
		_, err := c.Mobile.Sync(t.Context(), workorders.SyncParams{TenantID: tn.ID})
		requireError(t, err, workorder.ErrPermissionDenied, "42501")
		for page, err := range c.Mobile.SyncAll(t.Context(), workorders.SyncAllParams{TenantID: tn.ID}) {
			require.Nil(t, page)
			requireError(t, err, workorder.ErrPermissionDenied, "42501")
		}
	}
	_, err := stack.Client(t).Mobile.Sync(t.Context(), workorders.SyncParams{TenantID: tn.ID})
	requireError(t, err, workorder.ErrUnauthenticated, "28000")
	_, err = tn.Mobile.Sync(t.Context(), workorders.SyncParams{TenantID: unknownID})
	requireError(t, err, workorder.ErrTenantMismatch, "")
}

// syncAll runs SyncAll to its end into a device and returns the cursor and how
// many pages there were. No row may come twice.
func syncAll(t testing.TB, c *workorder.Client, d *device, p workorders.SyncAllParams) (cursor time.Time, pages int) {
	t.Helper()
	cursor = p.UpdatedAfter
	seen := newDevice()
	for page, err := range c.Mobile.SyncAll(t.Context(), p) {
		require.NoError(t, err)
		require.Zero(t, seen.Store(&page.SyncPayload), "a row came twice")
		d.Store(&page.SyncPayload)
		require.False(t, page.Cursor.Before(cursor), "the cursor went back")
		cursor = page.Cursor
		pages++
	}
	require.Positive(t, pages)
	return cursor, pages
}

func TestSyncAllLosesNoRowOfEqualTime(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	rows := make([]workorders.ImportWorkOrder, 230)
	for i := range rows {
		rows[i] = workorders.ImportWorkOrder{Title: fmt.Sprint("import ", i)}
	}
	importWorkOrders(t, tn.Client, rows[:100]...) // each import changes its rows at one time
	fillMobile(t, tn)
	importWorkOrders(t, tn.Client, rows[100:]...)
	want := everything(t, tn.Client)
	require.Len(t, want.rows["work orders"], 231)

	for _, limit := range []int{1, 7, 100, 230, 231, 0, 1 << 20} {
		t.Run(fmt.Sprint("pages of ", limit), func(t *testing.T) {
			t.Parallel()
			d := newDevice()
			cursor, pages := syncAll(t, tn.Client, d, workorders.SyncAllParams{Limit: limit})
			require.Equal(t, want, d)
			if limit > 231 || limit == 0 {
				require.Equal(t, 1, pages)
			}

			_, pages = syncAll(t, tn.Client, d, workorders.SyncAllParams{Limit: limit, UpdatedAfter: cursor, Overlap: -1})
			require.Equal(t, 1, pages, "nothing is left")
			require.Equal(t, want, d)
		})
	}

	t.Run("stopped after every page", func(t *testing.T) {
		t.Parallel()
		d := newDevice()
		var cursor time.Time
		for range 1000 {
			rest := 0
			for page, err := range tn.Mobile.SyncAll(t.Context(), workorders.SyncAllParams{Limit: 40, UpdatedAfter: cursor, Overlap: -1}) {
				require.NoError(t, err)
				rest = page.Len()
				d.Store(&page.SyncPayload)
				cursor = page.Cursor
				break
			}
			if rest == 0 {
				break
			}
		}
		require.Equal(t, want, d)
	})
}

// TestSyncAllGoesOnBehindTheSlowestList has lists that reach differently far
// with every page, while the server takes one cursor for all of them.
func TestSyncAllGoesOnBehindTheSlowestList(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	wo := workOrderIn(t, tn.Client, "in_progress")
	note := func() {
		_, err := tn.Mobile.AddNote(t.Context(), workorders.AddNoteParams{WorkOrderID: wo, Body: "x"})
		require.NoError(t, err)
	}
	for range 9 {
		note()
	}
	for i := range 9 {
		makeAsset(t, tn, fmt.Sprint("Press ", i), "")
	}
	for i := range 9 {
		makeLocation(t, tn, fmt.Sprint("Hall ", i))
		note()
		if i%3 == 0 {
			makeAsset(t, tn, fmt.Sprint("Crane ", i), "")
		}
	}
	want := everything(t, tn.Client)

	for _, limit := range []int{2, 3, 5, 8} {
		d := newDevice()
		_, pages := syncAll(t, tn.Client, d, workorders.SyncAllParams{Limit: limit})
		require.Equal(t, want, d, "pages of %d", limit)
		require.Greater(t, pages, 1)
	}
}

func TestSyncAllReadsMoreRowsOfEqualTimeThanAnAnswerHolds(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	rows := make([]workorders.ImportWorkOrder, 2101)
	for i := range rows {
		rows[i] = workorders.ImportWorkOrder{Title: fmt.Sprint("import ", i)}
	}
	fillMobile(t, tn)
	importWorkOrders(t, tn.Client, rows...)
	fillMobile(t, tn)

	capped, err := tn.Mobile.Sync(t.Context(), workorders.SyncParams{Limit: 1 << 20})
	require.NoError(t, err)
	require.Len(t, capped.WorkOrders, 2000, "the server's limit")

	d := newDevice()
	syncAll(t, tn.Client, d, workorders.SyncAllParams{Limit: 50})
	require.Equal(t, everything(t, tn.Client), d)
}

func TestSyncAllBringsChanges(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	fillMobile(t, tn)
	d := newDevice()
	cursor, _ := syncAll(t, tn.Client, d, workorders.SyncAllParams{Limit: 2})
	entry := listAll(t, tn.Mobile.TimeEntries)[0]

	require.NoError(t, tn.WorkOrders.UpdateTimeEntry(t.Context(), workorders.UpdateTimeEntryParams{TimeEntryID: entry.ID, Minutes: new(99)}))
	makeAsset(t, tn, "Crane", "")
	var changed workorders.SyncPayload
	for page, err := range tn.Mobile.SyncAll(t.Context(), workorders.SyncAllParams{UpdatedAfter: cursor, Overlap: -1}) {
		require.NoError(t, err)
		changed = page.SyncPayload
		d.Store(&changed)
	}
	require.Equal(t, 2, changed.Len())
	require.Equal(t, 99, changed.TimeEntries[0].Minutes)
	require.Equal(t, "Crane", changed.Assets[0].Name)
	require.Equal(t, everything(t, tn.Client), d)
}

// TestSyncAllWhileOthersWrite keeps a device up to date while work orders,
// notes, times and check-ins come in from several clients.
func TestSyncAllWhileOthersWrite(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	wo := workOrderIn(t, tn.Client, "in_progress")

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var writers sync.WaitGroup
	errs := make([]error, 4)
	write := func(i int, do func(n int) error) {
		writers.Go(func() {
			for n := range 12 {
				errs[i] = cmp.Or(errs[i], do(n))
			}
		})
	}
	write(0, func(n int) error {
		rows := make([]workorders.ImportWorkOrder, 30)
		for i := range rows {
			rows[i] = workorders.ImportWorkOrder{Title: fmt.Sprint("import ", n, " ", i)}
		}
		_, err := tn.WorkOrders.BulkImport(ctx, workorders.BulkImportWorkOrdersParams{Rows: rows})
		return err
	})
	write(1, func(n int) error {
		_, err := tn.Mobile.AddNote(ctx, workorders.AddNoteParams{WorkOrderID: wo, Body: fmt.Sprint("note ", n)})
		return err
	})
	write(2, func(n int) error {
		return tn.Mobile.Stop(ctx, workorders.StopParams{WorkOrderID: wo, Complete: new(false), Minutes: new(n + 1), Note: "stopped"})
	})
	write(3, func(n int) error { // changes the same row again and again
		return tn.WorkOrders.Assign(ctx, workorders.AssignWorkOrderParams{WorkOrderID: wo, AssignedTo: []string{"", tn.Admin.ID}[n%2]})
	})
	written := make(chan struct{})
	go func() { writers.Wait(); close(written) }()

	d := newDevice()
	var cursor time.Time
	for last := false; ; {
		for page, err := range tn.Mobile.SyncAll(ctx, workorders.SyncAllParams{UpdatedAfter: cursor, Limit: 40}) {
			require.NoError(t, err)
			d.Store(&page.SyncPayload)
			cursor = page.Cursor
		}
		if last {
			break
		}
		select {
		case <-written:
			last = true // once more, for what came meanwhile
		default:
		}
	}
	for _, err := range errs {
		require.NoError(t, err)
	}
	want := everything(t, tn.Client)
	require.Len(t, want.rows["work orders"], 1+12*30)
	require.Len(t, want.rows["notes"], 24)
	require.Len(t, want.rows["time entries"], 12)
	require.Equal(t, want, d)
}

func TestMobileListsShowToEveryRole(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	fillMobile(t, tn)
	want := everything(t, tn.Client)

	for _, role := range []string{"manager", "technician", "member"} {
		require.Equal(t, want, everything(t, tn.Member(t, role).Client), role)
	}
	want.rows["work orders"] = map[string]string{}
	require.Equal(t, want, everything(t, tn.Member(t, "requestor").Client), "a requestor sees own work orders only")
}

func TestMobileAssetsHaveTheBarcode(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id, err := tn.Assets.Create(t.Context(), assets.CreateAssetParams{Name: "Press 1", Barcode: "4006381333931", AssetNumber: "A-1"})
	require.NoError(t, err)

	asset, err := tn.Mobile.Assets.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "4006381333931", *asset.Barcode)
	require.Equal(t, "A-1", *asset.AssetNumber)
	require.Equal(t, "active", asset.Status)
	found, err := tn.Mobile.Assets.List(t.Context(), query.Where(workorders.MobileAssetCols.Barcode.Eq("4006381333931")))
	require.NoError(t, err)
	require.Len(t, found, 1)
}
