package integration

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/workorders"
)

// everybody makes a client for each role of a tenant, for an outsider, who is in
// no tenant, and for nobody, who has not signed in.
func everybody(t testing.TB, tn *tenant) map[string]*workorder.Client {
	t.Helper()
	other := stack.Tenant(t) // its admin's token may name any tenant in its calls
	all := map[string]*workorder.Client{
		"admin": tn.Client, "outsider": other.AsUser(other.Admin.JWT(t, other.ID)), "nobody": stack.Client(t),
	}
	for _, role := range roles {
		if all[role] == nil {
			all[role] = tn.Member(t, role).Client
		}
	}
	return all
}

// assign puts a user in charge of a work order, nobody for "".
func assign(t testing.TB, c *workorder.Client, id, userID string) {
	t.Helper()
	require.NoError(t, c.WorkOrders.Assign(t.Context(), workorders.AssignWorkOrderParams{WorkOrderID: id, AssignedTo: userID}))
}

// notifications lists what a client's user was told in the client's tenant.
func notifications(t testing.TB, c *workorder.Client) []workorders.Notification {
	t.Helper()
	rows, err := c.Notifications.Feed.List(t.Context())
	require.NoError(t, err)
	return rows
}

func TestAssignKeepsTheStatusAndNotifiesOnce(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	technician, other := tn.Member(t, "technician"), tn.Member(t, "member")
	id := makeWorkOrder(t, tn.Client, "Replace the seal 🛠")
	before := getWorkOrder(t, tn.Client, id)

	assign(t, tn.Client, id, technician.ID)
	wo := getWorkOrder(t, tn.Client, id)
	require.Equal(t, technician.ID, *wo.AssignedTo)
	require.Equal(t, "draft", wo.Status, "assigning moves nothing")
	require.Nil(t, wo.AcknowledgedAt)
	require.True(t, wo.UpdatedAt.After(before.UpdatedAt))
	got := notifications(t, technician.Client)
	require.Len(t, got, 1)
	n := got[0]
	require.Equal(t, workorders.EventWorkOrderAssigned, n.EventKey)
	require.Equal(t, tn.ID, n.TenantID)
	require.NotEmpty(t, n.Title)
	require.Equal(t, "Replace the seal 🛠", *n.Body)
	require.Equal(t, "work_order", *n.EntityType)
	require.Equal(t, id, *n.EntityID)
	require.JSONEq(t, `{"work_order_id":"`+id+`"}`, string(n.Payload))
	require.Nil(t, n.ReadAt)
	require.WithinRange(t, n.CreatedAt, before.CreatedAt, time.Now().Add(time.Minute))

	assign(t, tn.Client, id, "")
	require.Nil(t, getWorkOrder(t, tn.Client, id).AssignedTo)
	assign(t, tn.Client, id, other.ID)
	require.Len(t, notifications(t, other.Client), 1, "each assignee is told")
	assign(t, tn.Client, id, technician.ID)
	require.Equal(t, technician.ID, *getWorkOrder(t, tn.Client, id).AssignedTo)
	require.Len(t, notifications(t, technician.Client), 1, "but only once of a work order")
	require.Empty(t, notifications(t, tn.Client), "nobody else is told")

	second := makeWorkOrder(t, tn.Client, "x")
	assign(t, tn.Client, second, technician.ID)
	got = notifications(t, technician.Client)
	require.Len(t, got, 2)
	require.Equal(t, second, *got[0].EntityID, "the newest comes first")
}

func TestReadNotificationIsNotRepeatedEither(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	technician := tn.Member(t, "technician")
	id := makeWorkOrder(t, tn.Client, "x")
	assign(t, tn.Client, id, technician.ID)
	require.NoError(t, technician.Notifications.MarkRead(t.Context(), workorders.MarkReadParams{
		NotificationIDs: []string{notifications(t, technician.Client)[0].ID},
	}))

	assign(t, tn.Client, id, "")
	assign(t, tn.Client, id, technician.ID)

	require.Len(t, notifications(t, technician.Client), 1)
	n, err := technician.Notifications.UnreadCount(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestConcurrentAssignmentsNotifyOnce(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	a, b := tn.Member(t, "technician"), tn.Member(t, "technician")
	id := makeWorkOrder(t, tn.Client, "x")

	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() {
			errs[i] = tn.WorkOrders.Assign(t.Context(), workorders.AssignWorkOrderParams{
				WorkOrderID: id, AssignedTo: []string{a.ID, b.ID}[i%2],
			})
		})
	}
	wg.Wait()

	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Contains(t, []string{a.ID, b.ID}, *getWorkOrder(t, tn.Client, id).AssignedTo)
	for _, u := range []*user{a, b} {
		require.Len(t, notifications(t, u.Client), 1)
	}
}

func TestAssignRefusesWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	id, foreign := makeWorkOrder(t, tn.Client, "x"), makeWorkOrder(t, other.Client, "x")

	for name, tt := range map[string]struct {
		p    workorders.AssignWorkOrderParams
		kind error
		code string
	}{
		"user":           {workorders.AssignWorkOrderParams{WorkOrderID: id, AssignedTo: unknownID}, workorder.ErrInvalidReference, "23503"},
		"malformed user": {workorders.AssignWorkOrderParams{WorkOrderID: id, AssignedTo: "Bob"}, workorder.ErrInvalidInput, "22P02"},
		"work order":     {workorders.AssignWorkOrderParams{WorkOrderID: unknownID, AssignedTo: tn.Admin.ID}, workorder.ErrRuleViolation, "P0001"},
		"foreign one":    {workorders.AssignWorkOrderParams{WorkOrderID: foreign, AssignedTo: tn.Admin.ID}, workorder.ErrRuleViolation, "P0001"},
		"nothing at all": {workorders.AssignWorkOrderParams{WorkOrderID: unknownID}, workorder.ErrRuleViolation, "P0001"},
	} {
		t.Run(name, func(t *testing.T) {
			requireError(t, tn.WorkOrders.Assign(t.Context(), tt.p), tt.kind, tt.code)
		})
	}
	require.Nil(t, getWorkOrder(t, tn.Client, id).AssignedTo)
	require.Nil(t, getWorkOrder(t, other.Client, foreign).AssignedTo)
	require.ErrorContains(t, tn.WorkOrders.Assign(t.Context(), workorders.AssignWorkOrderParams{}), "WorkOrderID")
	require.Empty(t, notifications(t, tn.Client))
}

func TestPreferenceSuppressesNotifications(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	quiet, other := tn.Member(t, "technician"), tn.Member(t, "technician")
	want := func(yes bool) {
		t.Helper()
		require.NoError(t, quiet.Notifications.UpsertPreference(t.Context(), workorders.UpsertPreferenceParams{
			EventKey: "  " + workorders.EventWorkOrderAssigned + " ", ChannelInApp: yes,
		}), "blanks around the key do not count")
	}
	assignNew := func(u *user) {
		t.Helper()
		assign(t, tn.Client, makeWorkOrder(t, tn.Client, "x"), u.ID)
	}

	want(false)
	assignNew(quiet)
	require.Empty(t, notifications(t, quiet.Client))
	assignNew(other)
	require.Len(t, notifications(t, other.Client), 1, "a preference is one user's")
	want(true)
	assignNew(quiet)
	require.Len(t, notifications(t, quiet.Client), 1)
	require.NoError(t, quiet.Notifications.UpsertPreference(t.Context(), workorders.UpsertPreferenceParams{
		EventKey: workorders.EventPMOverdue,
	}))
	assignNew(quiet)
	require.Len(t, notifications(t, quiet.Client), 2, "a preference is for one event")
}

func TestCreatingWithAnAssigneeNotifiesNobody(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	technician := tn.Member(t, "technician")
	id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", AssignedTo: technician.ID})
	require.NoError(t, err)
	require.Empty(t, notifications(t, technician.Client))

	assign(t, tn.Client, id, technician.ID)
	require.Empty(t, notifications(t, technician.Client), "nor does assigning who is in charge already")
}

func TestPrimarySupplierIsSetAndCleared(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	id, foreign := makeWorkOrder(t, tn.Client, "x"), makeWorkOrder(t, other.Client, "x")
	mine, theirs := makeSupplier(t, tn, "Acme"), makeSupplier(t, other, "Bolt & Söhne")
	set := func(id, supplier string) error {
		return tn.WorkOrders.SetPrimarySupplier(t.Context(), workorders.SetPrimarySupplierParams{
			WorkOrderID: id, PrimarySupplierID: supplier,
		})
	}

	require.NoError(t, set(id, mine))
	require.Equal(t, mine, *getWorkOrder(t, tn.Client, id).PrimarySupplierID)

	requireError(t, set(id, unknownID), workorder.ErrInvalidReference, "23503")
	requireError(t, set(id, theirs), workorder.ErrInvalidReference, "23503")
	requireError(t, set(foreign, mine), workorder.ErrRuleViolation, "P0001")
	requireError(t, set(unknownID, mine), workorder.ErrRuleViolation, "P0001")
	require.ErrorContains(t, set("", mine), "WorkOrderID")
	require.Equal(t, mine, *getWorkOrder(t, tn.Client, id).PrimarySupplierID)

	require.NoError(t, set(id, ""))
	require.Nil(t, getWorkOrder(t, tn.Client, id).PrimarySupplierID)
}

func TestVendorCostIsAddedAndChanged(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	id, second := makeWorkOrder(t, tn.Client, "x"), makeWorkOrder(t, tn.Client, "y")
	foreign := makeWorkOrder(t, other.Client, "x")
	mine, theirs := makeSupplier(t, tn, "Acme"), makeSupplier(t, other, "Bolt & Söhne")
	upsert := func(p workorders.UpsertVendorCostParams) (string, error) {
		return tn.WorkOrders.UpsertVendorCost(t.Context(), p)
	}

	cost, err := upsert(workorders.UpsertVendorCostParams{
		WorkOrderID: id, AmountCents: new(12_345), Description: new("Crane"), VendorName: new("Ärger & Söhne"),
		InvoiceReference: new("R-17"), SupplierID: mine,
	})
	require.NoError(t, err)
	require.NotEmpty(t, cost)
	again, err := upsert(workorders.UpsertVendorCostParams{WorkOrderID: id, AmountCents: new(12_345)})
	require.NoError(t, err)
	require.NotEqual(t, cost, again, "a work order may have many costs")
	for _, amount := range []int{0, 10_000_000} {
		_, err := upsert(workorders.UpsertVendorCostParams{WorkOrderID: id, AmountCents: &amount})
		require.NoError(t, err, "%d", amount)
	}

	same, err := upsert(workorders.UpsertVendorCostParams{
		WorkOrderID: id, VendorCostID: cost, AmountCents: new(0), Description: new(""),
	})
	require.NoError(t, err)
	require.Equal(t, cost, same)
	same, err = upsert(workorders.UpsertVendorCostParams{WorkOrderID: id, VendorCostID: cost})
	require.NoError(t, err, "nothing need change")
	require.Equal(t, cost, same)

	for name, tt := range map[string]struct {
		p    workorders.UpsertVendorCostParams
		code string
	}{
		"below zero":          {workorders.UpsertVendorCostParams{WorkOrderID: id, AmountCents: new(-1)}, "23514"},
		"too much":            {workorders.UpsertVendorCostParams{WorkOrderID: id, AmountCents: new(10_000_001)}, "23514"},
		"changed to too much": {workorders.UpsertVendorCostParams{WorkOrderID: id, VendorCostID: cost, AmountCents: new(10_000_001)}, "23514"},
		"unknown supplier":    {workorders.UpsertVendorCostParams{WorkOrderID: id, AmountCents: new(1), SupplierID: unknownID}, "23503"},
		"foreign supplier":    {workorders.UpsertVendorCostParams{WorkOrderID: id, VendorCostID: cost, SupplierID: theirs}, "23503"},
		"unknown work order":  {workorders.UpsertVendorCostParams{WorkOrderID: unknownID, AmountCents: new(1)}, "P0001"},
		"foreign work order":  {workorders.UpsertVendorCostParams{WorkOrderID: foreign, AmountCents: new(1)}, "P0001"},
		"unknown cost":        {workorders.UpsertVendorCostParams{WorkOrderID: id, VendorCostID: unknownID, AmountCents: new(1)}, "P0001"},
		"other work order's":  {workorders.UpsertVendorCostParams{WorkOrderID: second, VendorCostID: cost, AmountCents: new(1)}, "P0001"},
		"another tenant":      {workorders.UpsertVendorCostParams{TenantID: other.ID, WorkOrderID: foreign, VendorCostID: cost}, ""}, // the client is bound
	} {
		_, err := upsert(tt.p)
		require.Error(t, err, name)
		require.Equal(t, tt.code, errorCode(err), "%s: %v", name, err)
	}
	_, err = upsert(workorders.UpsertVendorCostParams{WorkOrderID: id})
	require.ErrorContains(t, err, "AmountCents")
	err = tn.RPC(t.Context(), "rpc_upsert_work_order_vendor_cost", map[string]any{"p_tenant_id": tn.ID, "p_work_order_id": id}, nil)
	requireError(t, err, workorder.ErrInvalidInput, "23514")
}

func TestDeletingWhatAWorkOrderRefersToKeepsTheWorkOrder(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	location := makeLocation(t, tn, "Hall 1")
	asset, project := makeAsset(t, tn, "Press", location), makeProject(t, tn, "Refit")
	id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{
		Title: "x", LocationID: location, AssetID: asset, ProjectID: project,
	})
	require.NoError(t, err)
	wo := getWorkOrder(t, tn.Client, id)
	require.Equal(t, []string{location, asset, project}, []string{*wo.LocationID, *wo.AssetID, *wo.ProjectID})

	for _, del := range []struct{ rpc, arg, id string }{
		{"rpc_delete_asset", "p_asset_id", asset},
		{"rpc_delete_location", "p_location_id", location},
		{"rpc_delete_project", "p_project_id", project},
	} {
		require.NoError(t, tn.RPC(t.Context(), del.rpc, map[string]any{"p_tenant_id": tn.ID, del.arg: del.id}, nil), del.rpc)
	}

	wo = getWorkOrder(t, tn.Client, id)
	require.Nil(t, wo.LocationID)
	require.Nil(t, wo.AssetID)
	require.Nil(t, wo.ProjectID)
	require.Equal(t, "draft", wo.Status)
}
