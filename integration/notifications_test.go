package integration

import (
	"crypto/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// notifyOfNew makes work orders and puts a user in charge of each, so that the
// user is told of each. It returns the ids of the work orders.
func notifyOfNew(t testing.TB, tn *tenant, userID string, titles ...string) []string {
	t.Helper()
	ids := make([]string, len(titles))
	for i, title := range titles {
		ids[i] = makeWorkOrder(t, tn.Client, title)
		assign(t, tn.Client, ids[i], userID)
	}
	return ids
}

func unreadCount(t testing.TB, c *workorder.Client) int {
	t.Helper()
	n, err := c.Notifications.UnreadCount(t.Context())
	require.NoError(t, err)
	return int(n)
}

func markRead(t testing.TB, c *workorder.Client, ids ...string) {
	t.Helper()
	require.NoError(t, c.Notifications.MarkRead(t.Context(), workorders.MarkReadParams{NotificationIDs: ids}))
}

func TestMarkReadAffectsOwnNotifications(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	u, other := tn.Member(t, "technician"), tn.Member(t, "technician")
	notifyOfNew(t, tn, u.ID, "a", "b", "c")
	notifyOfNew(t, tn, other.ID, "d")
	mine, theirs := notifications(t, u.Client), notifications(t, other.Client)
	require.Len(t, mine, 3)
	require.Equal(t, []string{"c", "b", "a"}, []string{*mine[0].Body, *mine[1].Body, *mine[2].Body}, "the newest comes first")
	require.Len(t, theirs, 1)
	require.Equal(t, 3, unreadCount(t, u.Client))
	_, err := u.Notifications.Feed.Get(t.Context(), theirs[0].ID)
	require.ErrorIs(t, err, workorder.ErrNotFound, "a feed is one user's")

	before := time.Now().Add(-time.Minute)
	markRead(t, u.Client, mine[0].ID, theirs[0].ID, unknownID)
	markRead(t, u.Client)
	require.NoError(t, u.Notifications.MarkRead(t.Context(), workorders.MarkReadParams{NotificationIDs: []string{}}))

	unread, err := u.Notifications.Feed.List(t.Context(), query.Where(workorders.Unread()))
	require.NoError(t, err)
	require.Len(t, unread, 2)
	require.Equal(t, mine[1:], unread)
	require.Equal(t, 2, unreadCount(t, u.Client))
	require.Equal(t, 1, unreadCount(t, other.Client), "another user's stays unread")
	read, err := u.Notifications.Feed.Get(t.Context(), mine[0].ID)
	require.NoError(t, err)
	require.WithinRange(t, *read.ReadAt, before, time.Now().Add(time.Minute))

	markRead(t, u.Client, mine[0].ID, mine[1].ID, mine[2].ID)
	again, err := u.Notifications.Feed.Get(t.Context(), mine[0].ID)
	require.NoError(t, err)
	require.True(t, again.ReadAt.After(*read.ReadAt), "marking again stamps again")
	require.Zero(t, unreadCount(t, u.Client))
	require.NoError(t, tn.RPC(t.Context(), "rpc_mark_notifications_read",
		map[string]any{"p_tenant_id": tn.ID, "p_notification_ids": nil}, nil))
	_, err = stack.Client(t).Notifications.Feed.List(t.Context())
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
}

func TestListForTenantNeedsNoTokenForTheTenant(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t)
	ids := notifyOfNew(t, a, u.ID, "first", "second", "third")
	notifyOfNew(t, b, u.ID, "of b")

	other := b.AsUser(u.JWT(t, b.ID))
	rows, err := other.Notifications.ListForTenant(t.Context(), workorders.ListNotificationsParams{TenantID: a.ID})
	require.NoError(t, err)
	require.Len(t, rows, 3)
	n := rows[0]
	require.Equal(t, "third", *n.Body)
	require.Equal(t, a.ID, n.TenantID)
	require.Equal(t, u.ID, n.RecipientUserID)
	require.Equal(t, workorders.EventWorkOrderAssigned, n.EventKey)
	require.NotEmpty(t, n.Title)
	require.Equal(t, "work_order", *n.EntityType)
	require.Equal(t, ids[2], *n.EntityID)
	require.JSONEq(t, `{"work_order_id":"`+ids[2]+`"}`, string(n.Payload))
	require.NotEmpty(t, *n.DedupeKey)
	require.Nil(t, n.ReadAt)
	feed := notifications(t, b.Client)
	require.Len(t, feed, 1, "the feed follows the token")
	require.Equal(t, "of b", *feed[0].Body)

	rows, err = a.Notifications.ListForTenant(t.Context(), workorders.ListNotificationsParams{Limit: 2})
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, []string{"third", "second"}, []string{*rows[0].Body, *rows[1].Body})
	_, err = a.Notifications.ListForTenant(t.Context(), workorders.ListNotificationsParams{Limit: -1})
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	list := func(limit any) (n int, err error) {
		var rows []workorders.TenantNotification
		err = a.RPC(t.Context(), "rpc_list_my_notifications", map[string]any{"p_tenant_id": a.ID, "p_limit": limit}, &rows)
		return len(rows), err
	}
	for _, tt := range []struct {
		limit any
		want  int
	}{{0, 0}, {1, 1}, {nil, 3}, {1000, 3}} {
		n, err := list(tt.limit)
		require.NoError(t, err)
		require.Equal(t, tt.want, n, "%v", tt.limit)
	}
	_, err = list(-1)
	requireError(t, err, workorder.ErrInvalidInput, "2201W")
}

func TestListForTenantIsNeverLong(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	rows := make([]workorders.ImportWorkOrder, 205)
	for i := range rows {
		rows[i].Title = "x"
	}
	ids := importWorkOrders(t, tn.Client, rows...)
	var wg sync.WaitGroup
	for _, part := range [][]string{ids[:70], ids[70:140], ids[140:]} {
		wg.Go(func() {
			for _, id := range part {
				if err := tn.WorkOrders.Assign(t.Context(), workorders.AssignWorkOrderParams{WorkOrderID: id, AssignedTo: tn.Admin.ID}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()

	for limit, want := range map[int]int{0: 50, 120: 120, 200: 200, 204: 200} {
		got, err := tn.Notifications.ListForTenant(t.Context(), workorders.ListNotificationsParams{Limit: limit})
		require.NoError(t, err)
		require.Len(t, got, want)
	}
	require.Len(t, notifications(t, tn.Client), 205, "the feed has them all")
	require.Equal(t, 205, unreadCount(t, tn.Client))
}

func TestFeedNeedsNoPermission(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for _, role := range []string{"manager", "member"} {
		u := tn.Member(t, role)
		notifyOfNew(t, tn, u.ID, "x")
		require.Len(t, notifications(t, u.Client), 1, "a %s reads the feed", role)
		require.Equal(t, 1, unreadCount(t, u.Client))
		err := second(u.Notifications.ListForTenant(t.Context(), workorders.ListNotificationsParams{}))
		requireError(t, err, workorder.ErrPermissionDenied, "42501")
	}
}

func TestPreferenceKeysHaveAForm(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	upsert := func(key string) error {
		return tn.Notifications.UpsertPreference(t.Context(), workorders.UpsertPreferenceParams{EventKey: key, ChannelInApp: true})
	}
	for _, key := range []string{workorders.EventSLAResponseBreach, "anything at all", strings.Repeat("ä", 100)} {
		require.NoError(t, upsert(key), key)
		require.NoError(t, upsert(key), "again")
	}
	requireError(t, upsert("   "), workorder.ErrInvalidInput, "23514")
	requireError(t, upsert(strings.Repeat("ä", 101)), workorder.ErrInvalidInput, "23514")
	require.ErrorContains(t, upsert(""), "EventKey")
	for _, tt := range []struct {
		code string
		args map[string]any
	}{
		{"23514", map[string]any{"p_event_key": "", "p_channel_in_app": true}},
		{"23502", map[string]any{"p_event_key": nil, "p_channel_in_app": true}},
		{"23502", map[string]any{"p_event_key": workorders.EventPMOverdue, "p_channel_in_app": nil}},
	} {
		tt.args["p_tenant_id"] = tn.ID
		requireCode(t, tt.code, tn.RPC(t.Context(), "rpc_upsert_notification_preference", tt.args, nil))
	}
}

func TestNotificationsOfAFormerMemberAreGone(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	u := tn.Member(t, "technician")
	notifyOfNew(t, tn, u.ID, "x")
	require.Len(t, notifications(t, u.Client), 1)

	require.NoError(t, tn.Tenants.RemoveMember(t.Context(), org.RemoveMemberParams{UserID: u.ID}))

	require.Empty(t, notifications(t, u.Client))
	_, err := u.Notifications.ListForTenant(t.Context(), workorders.ListNotificationsParams{TenantID: tn.ID})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
}

// TestDueTimesThatPassedAreTold runs what the platform does every five minutes.
// It may do it on its own meanwhile, and other tests do.
func TestDueTimesThatPassedAreTold(t *testing.T) {
	t.Parallel()
	service := stack.ServiceClient(t)
	tn := stack.Tenant(t)
	manager, technician := tn.Member(t, "manager"), tn.Member(t, "technician")
	quiet, stranger := tn.Member(t, "admin"), stack.Tenant(t)
	require.NoError(t, quiet.Notifications.UpsertPreference(t.Context(), workorders.UpsertPreferenceParams{
		EventKey: workorders.EventSLAResponseBreach, ChannelInApp: false,
	}))
	late := lateWorkOrder(t, tn, "late 🛠")
	responded, closed := anotherLateWorkOrder(t, tn, "responded"), anotherLateWorkOrder(t, tn, "closed")
	require.NoError(t, tn.WorkOrders.Acknowledge(t.Context(), workorders.AcknowledgeParams{WorkOrderID: responded}))
	require.NoError(t, move(t, tn.Client, closed, "cancelled"))
	inTime := makeWorkOrder(t, tn.Client, "in time")

	// told gives the entities of the notifications of each event.
	told := func(c *workorder.Client) map[string][]string {
		got := map[string][]string{}
		for _, n := range notifications(t, c) {
			if *n.EntityID == closed || *n.EntityID == responded && n.EventKey == workorders.EventSLAResponseBreach {
				continue // told by somebody else's run, before it was closed or acknowledged
			}
			require.Equal(t, "work_order", *n.EntityType)
			require.JSONEq(t, `{"work_order_id":"`+*n.EntityID+`"}`, string(n.Payload))
			require.NotEmpty(t, n.Title)
			got[n.EventKey] = append(got[n.EventKey], *n.EntityID)
		}
		return got
	}
	for range 2 { // the second run finds nothing new
		require.NoError(t, service.Notifications.ProcessDue(t.Context()))
		for _, c := range []*workorder.Client{tn.Client, manager.Client, quiet.Client} {
			got := told(c)
			if c == quiet.Client {
				require.Empty(t, got[workorders.EventSLAResponseBreach])
			} else {
				require.Equal(t, []string{late}, got[workorders.EventSLAResponseBreach])
			}
			require.ElementsMatch(t, []string{late, responded}, got[workorders.EventSLAResolutionBreach])
		}
		require.Empty(t, notifications(t, technician.Client), "it concerns who assigns")
		require.Empty(t, notifications(t, stranger.Client))
	}
	feed, err := tn.Notifications.Feed.List(t.Context(), query.Where(
		workorders.NotificationCols.EntityID.Eq(late), workorders.NotificationCols.EventKey.Eq(workorders.EventSLAResponseBreach)))
	require.NoError(t, err)
	require.Len(t, feed, 1)
	require.Equal(t, "late 🛠", *feed[0].Body)

	row := getSLAStatus(t, tn.Client, late)
	require.NotNil(t, row.SLAResponseBreachedAt)
	require.NotNil(t, row.SLAResolutionBreachedAt)
	require.NotNil(t, getSLAStatus(t, tn.Client, responded).SLAResolutionBreachedAt)
	require.Nil(t, getSLAStatus(t, tn.Client, inTime).SLAResponseBreachedAt)
	require.NoError(t, tn.WorkOrders.Acknowledge(t.Context(), workorders.AcknowledgeParams{WorkOrderID: late}))
	acknowledged := getSLAStatus(t, tn.Client, late)
	require.False(t, *acknowledged.ResponseSLABreached)
	require.Equal(t, row.SLAResponseBreachedAt, acknowledged.SLAResponseBreachedAt, "what was noticed stays noted")

	markRead(t, tn.Client, feed[0].ID)
	require.NoError(t, service.Notifications.ProcessDue(t.Context()))
	require.Equal(t, []string{late}, told(tn.Client)[workorders.EventSLAResponseBreach], "nor is it told again once it was read")
}

func TestConcurrentRunsTellOnce(t *testing.T) {
	t.Parallel()
	service := stack.ServiceClient(t)
	tn := stack.Tenant(t)
	ids := []string{lateWorkOrder(t, tn, "0")}
	for range 9 {
		ids = append(ids, anotherLateWorkOrder(t, tn, "x"))
	}
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() { errs[i] = service.Notifications.ProcessDue(t.Context()) })
	}
	wg.Wait()

	for _, err := range errs {
		require.NoError(t, err)
	}
	got := map[string]int{}
	for _, n := range notifications(t, tn.Client) {
		got[n.EventKey+" "+*n.EntityID]++
	}
	require.Len(t, got, 2*len(ids))
	for what, n := range got {
		require.Equal(t, 1, n, what)
	}
}

func TestOverduePMScheduleIsTold(t *testing.T) {
	t.Parallel()
	service := stack.ServiceClient(t)
	tn := stack.Tenant(t)
	technician := tn.Member(t, "technician")
	asset := makeAsset(t, tn, "Press", "")
	id, err := tn.PM.CreateSchedule(t.Context(), pm.CreateScheduleParams{
		AssetID: asset, Title: "Weekly " + rand.Text(), AutoGenerate: new(false),
		Trigger: pm.TimeTrigger{IntervalDays: 7, StartDate: time.Now().AddDate(0, 0, -9)},
	})
	require.NoError(t, err)

	for range 2 {
		require.NoError(t, service.Notifications.ProcessDue(t.Context()))
	}

	got := notifications(t, tn.Client)
	require.Contains(t, []int{1, 2}, len(got), "at most one an hour, and an hour may have ended")
	for _, n := range got {
		require.Equal(t, workorders.EventPMOverdue, n.EventKey)
		require.Equal(t, "pm_schedule", *n.EntityType)
		require.Equal(t, id, *n.EntityID)
		require.JSONEq(t, `{"pm_schedule_id":"`+id+`","asset_id":"`+asset+`"}`, string(n.Payload))
	}
	require.Empty(t, notifications(t, technician.Client))
}
