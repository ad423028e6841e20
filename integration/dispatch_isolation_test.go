package integration

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// dispatchView is one view of the services for work orders and dispatch.
type dispatchView struct {
	name  string
	count func(ctx context.Context, opts ...query.Option) (int64, error)
	list  reflect.Value
}

// tenants reads the view and gives the tenant of each row.
func (v dispatchView) tenants(t testing.TB, opts ...query.Option) []string {
	t.Helper()
	args := []reflect.Value{reflect.ValueOf(t.Context())}
	for _, opt := range opts {
		args = append(args, reflect.ValueOf(opt))
	}
	out := v.list.Call(args)
	if err, ok := out[1].Interface().(error); ok {
		require.NoError(t, err, v.name)
	}
	ids := make([]string, out[0].Len())
	for i := range ids {
		ids[i] = out[0].Index(i).FieldByName("TenantID").String()
	}
	return ids
}

// dispatchViews finds all views of a client that belong to work orders and
// dispatch, so that none can be forgotten.
func dispatchViews(t testing.TB, c *workorder.Client) []dispatchView {
	t.Helper()
	views := viewsOf(t, dispatchServices(c))
	require.Len(t, views, 32, "views that fillDispatch has a row for")
	return views
}

// viewsOf finds the views of services.
func viewsOf(t testing.TB, services map[string]reflect.Value) []dispatchView {
	t.Helper()
	type counter interface {
		Count(ctx context.Context, opts ...query.Option) (int64, error)
	}
	var views []dispatchView
	for name, service := range services {
		for i := range service.Elem().NumField() {
			f := service.Elem().Type().Field(i)
			if !f.IsExported() {
				continue
			}
			view := service.Elem().Field(i)
			counts, ok := view.Interface().(counter)
			require.True(t, ok, "%s.%s is no view", name, f.Name)
			views = append(views, dispatchView{name + "." + f.Name, counts.Count, view.MethodByName("List")})
		}
	}
	return views
}

// fillDispatch puts a row into every view of work orders and dispatch, as the
// administrator sees them.
func fillDispatch(t testing.TB, tn *tenant) {
	t.Helper()
	makeProject(t, tn, "Renovation")
	location := makeLocation(t, tn, "Hall 1")
	asset := makeAsset(t, tn, "Press 1", location)
	wo, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", AssetID: asset, LocationID: location})
	require.NoError(t, err)
	assign(t, tn.Client, wo, tn.Admin.ID) // notifies
	p := plan{tn, makeTechnician(t, tn, tn.Admin.ID), makeCrew(t, tn, "Night crew")}
	p.schedule(t, wo, shiftStart, shiftStart.Add(time.Hour))
	p.scheduleCrew(t, createRequest(t, tn.Client, "asked for"), shiftStart, shiftStart.Add(time.Hour))

	_, err = tn.WorkOrders.AddCommsEvent(t.Context(), workorders.AddCommsEventParams{WorkOrderID: wo, Body: "x"})
	require.NoError(t, err)
	_, err = tn.Mobile.Start(t.Context(), workorders.StartParams{WorkOrderID: workOrderIn(t, tn.Client, "assigned")})
	require.NoError(t, err)
	require.NoError(t, tn.Mobile.Stop(t.Context(), workorders.StopParams{WorkOrderID: wo, Complete: new(false), Minutes: new(5), Note: "x"}))
	for entity, id := range map[workorders.EntityType]string{
		workorders.EntityWorkOrder: wo, workorders.EntityAsset: asset, workorders.EntityLocation: location,
	} {
		insertObject(t, tn.Admin, tn.ID, entity, id, "photo.jpg", workorders.StorageObjectMetadata{})
	}
	checkout(t, tn.Client, makeTool(t, tn.Client, "Saw"), tn.Admin.ID)
	handOver(t, tn.Client, tn.Admin.ID)
}

func TestEveryDispatchViewShowsItsOwnTenantOnly(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	fillDispatch(t, a)

	for _, v := range dispatchViews(t, b.Client) {
		n, err := v.count(t.Context())
		require.NoError(t, err, v.name)
		require.Zero(t, n, "%s: there is nothing but another tenant's", v.name)
	}
	fillDispatch(t, b)
	for _, tt := range []struct{ mine, other *tenant }{{a, b}, {b, a}} {
		for _, v := range dispatchViews(t, tt.mine.Client) {
			got := v.tenants(t)
			require.NotEmpty(t, got, v.name)
			for _, id := range got {
				require.Equal(t, tt.mine.ID, id, v.name)
			}
			n, err := v.count(t.Context())
			require.NoError(t, err, v.name)
			require.Len(t, got, int(n), v.name)
			require.Empty(t, v.tenants(t, query.Where(query.NewColumn[string]("tenant_id").Eq(tt.other.ID))), v.name)
		}
	}
}

// TestDispatchViewsShowTheTenantOfTheToken has one user in two tenants, so that
// only the token tells them apart.
func TestDispatchViewsShowTheTenantOfTheToken(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t)
	fillDispatch(t, a)

	for _, v := range dispatchViews(t, b.Client) {
		require.Empty(t, v.tenants(t), v.name)
	}
	for _, v := range dispatchViews(t, u.Client) {
		_, err := v.count(t.Context())
		require.ErrorIs(t, err, workorder.ErrNoTenant, "%s: a token of no tenant", v.name)
	}
	for _, v := range dispatchViews(t, a.Client) {
		require.NotEmpty(t, v.tenants(t), v.name)
	}
}

func TestDispatchViewsOfAForeignClaimAreEmpty(t *testing.T) {
	t.Parallel()
	a, outsider := stack.Tenant(t), stack.User(t)
	fillDispatch(t, a)
	src, err := workorder.NewSelfSigned(workorder.SelfSigned{Secret: stack.Secret(t), Subject: outsider.ID, Tenant: a.ID})
	require.NoError(t, err)

	for _, v := range dispatchViews(t, stack.Client(t, workorder.WithTokenSource(src))) {
		require.Empty(t, v.tenants(t), v.name)
	}
}

func TestDispatchViewsWithoutAUser(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	fillDispatch(t, a)
	closed := map[string]bool{
		"FieldOps.Tools": true, "FieldOps.ToolCheckouts": true, "FieldOps.ShiftHandovers": true, "Notifications.Feed": true,
	}

	for _, v := range dispatchViews(t, stack.Client(t)) {
		if n, err := v.count(t.Context()); closed[v.name] {
			require.Equal(t, "42501", errorCode(err), "%s: %v", v.name, err)
			require.ErrorIs(t, err, workorder.ErrPermissionDenied)
		} else {
			require.NoError(t, err, v.name)
			require.Zero(t, n, v.name)
		}
	}
}

func TestDispatchViewsAreNotForTheServiceRole(t *testing.T) {
	t.Parallel()
	for _, v := range dispatchViews(t, stack.ServiceClient(t)) {
		_, err := v.count(t.Context())
		require.Equal(t, "42501", errorCode(err), "%s: %v", v.name, err)
		require.ErrorIs(t, err, workorder.ErrPermissionDenied)
	}
}

// TestWritesGoToTheTenantTheyName has one user in two tenants. A write needs no
// token for its tenant; seeing its outcome does.
func TestWritesGoToTheTenantTheyName(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, bound := u.NewTenant(t), u.NewTenant(t)
	b := bound.AsUser(u.JWT(t, bound.ID))

	wo, err := b.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{TenantID: a.ID, Title: "x", AssignedTo: u.ID})
	require.NoError(t, err)
	_, err = b.Mobile.Start(t.Context(), workorders.StartParams{TenantID: a.ID, WorkOrderID: wo})
	require.NoError(t, err)
	tool, err := b.FieldOps.CreateTool(t.Context(), workorders.CreateToolParams{TenantID: a.ID, Name: "Saw"})
	require.NoError(t, err)
	payload, err := b.Mobile.Sync(t.Context(), workorders.SyncParams{TenantID: a.ID})
	require.NoError(t, err)
	require.Len(t, payload.WorkOrders, 1, "a sync names its tenant, too")
	require.Len(t, payload.CheckIns, 1)

	for _, v := range dispatchViews(t, b) {
		require.Empty(t, v.tenants(t), v.name)
	}
	require.Equal(t, a.ID, getWorkOrder(t, a.Client, wo).TenantID)
	require.Equal(t, a.ID, getTool(t, a.Client, tool).TenantID)
	require.Len(t, checkIns(t, a.Client, wo), 1)
}

// TestDispatchCallsForAnotherTenant tells the calls that make the tenant they
// name the user's current one, which the next token is for, from those that
// leave it alone.
func TestDispatchCallsForAnotherTenant(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t)
	p := plan{b, makeTechnician(t, b, u.ID), makeCrew(t, b, "Night crew")}
	wo := makeWorkOrder(t, b.Client, "x")
	block := p.schedule(t, makeWorkOrder(t, b.Client, "planned"), shiftStart, shiftStart.Add(time.Hour))
	attachment := insertObject(t, u, b.ID, workorders.EntityWorkOrder, wo, "a.jpg", workorders.StorageObjectMetadata{}).ID

	for _, tt := range []struct {
		name string
		call func(ctx context.Context) error
		want string // tenant of the next token
	}{
		{"Mobile.Sync", func(ctx context.Context) error {
			_, err := u.Mobile.Sync(ctx, workorders.SyncParams{TenantID: b.ID})
			return err
		}, b.ID},
		{"Mobile.AddNote", func(ctx context.Context) error {
			_, err := u.Mobile.AddNote(ctx, workorders.AddNoteParams{TenantID: b.ID, WorkOrderID: wo, Body: "x"})
			return err
		}, b.ID},
		{"Mobile.Stop", func(ctx context.Context) error {
			return u.Mobile.Stop(ctx, workorders.StopParams{TenantID: b.ID, WorkOrderID: wo, Complete: new(false)})
		}, b.ID},
		{"FieldOps.CreateTool", func(ctx context.Context) error {
			_, err := u.FieldOps.CreateTool(ctx, workorders.CreateToolParams{TenantID: b.ID, Name: "Saw"})
			return err
		}, b.ID},
		{"Notifications.ListForTenant", func(ctx context.Context) error {
			_, err := u.Notifications.ListForTenant(ctx, workorders.ListNotificationsParams{TenantID: b.ID})
			return err
		}, b.ID},
		{"Scheduling.Schedule", func(ctx context.Context) error {
			_, err := u.Scheduling.Schedule(ctx, workorders.ScheduleParams{
				WorkOrderID: wo, CrewID: p.Crew, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour),
			})
			return err
		}, a.ID},
		{"Scheduling.Update", func(ctx context.Context) error {
			_, err := u.Scheduling.Update(ctx, workorders.UpdateScheduleBlockParams{ScheduleBlockID: block, StartAt: &shiftStart})
			return err
		}, a.ID},
		{"Scheduling.Validate", func(ctx context.Context) error {
			_, err := u.Scheduling.Validate(ctx, workorders.ValidateScheduleParams{TechnicianID: p.Technician, StartAt: shiftStart, EndAt: shiftStart.Add(time.Hour)})
			return err
		}, a.ID},
		{"Scheduling.Unschedule", func(ctx context.Context) error {
			return u.Scheduling.Unschedule(ctx, workorders.UnscheduleParams{ScheduleBlockID: block})
		}, a.ID},
		{"Attachments.UpdateMetadata", func(ctx context.Context) error {
			return u.Attachments.UpdateMetadata(ctx, workorders.UpdateAttachmentMetadataParams{AttachmentID: attachment, Label: new("x")})
		}, a.ID},
	} {
		_, err := u.SetTenantAndRefresh(t.Context(), a.ID)
		require.NoError(t, err)
		require.NoError(t, tt.call(t.Context()), tt.name)
		tok, err := u.RefreshTenantSession(t.Context())
		require.NoError(t, err)
		require.Equal(t, tt.want, claims(t, tok)["tenant_id"], tt.name)
	}
}

func TestRowsOfAnotherTenantAreOutOfReach(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	fillDispatch(t, b)
	theirs, err := b.Mobile.Sync(t.Context(), workorders.SyncParams{})
	require.NoError(t, err)

	for name, get := range map[string]func() error{
		"work order": func() error { _, err := a.WorkOrders.Get(t.Context(), theirs.WorkOrders[0].ID); return err },
		"asset":      func() error { _, err := a.Mobile.Assets.Get(t.Context(), theirs.Assets[0].ID); return err },
		"location":   func() error { _, err := a.Mobile.Locations.Get(t.Context(), theirs.Locations[0].ID); return err },
		"time entry": func() error { _, err := a.Mobile.TimeEntries.Get(t.Context(), theirs.TimeEntries[0].ID); return err },
		"attachment": func() error { _, err := a.Mobile.Attachments.Get(t.Context(), theirs.Attachments[0].ID); return err },
		"check-in":   func() error { _, err := a.Mobile.CheckIns.Get(t.Context(), theirs.CheckIns[0].ID); return err },
		"note":       func() error { _, err := a.Mobile.Notes.Get(t.Context(), theirs.Notes[0].ID); return err },
	} {
		require.ErrorIs(t, get(), workorder.ErrNotFound, name)
	}
}
