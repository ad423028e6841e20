package integration

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// addComms notes a message about a work order and returns its id.
func addComms(t testing.TB, c *workorder.Client, workOrderID, body string) string {
	t.Helper()
	id, err := c.WorkOrders.AddCommsEvent(t.Context(), workorders.AddCommsEventParams{WorkOrderID: workOrderID, Body: body})
	require.NoError(t, err)
	return id
}

func TestMessageKeepsWhatItWasAddedWith(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	before := time.Now().Add(-time.Minute)

	event, err := tn.WorkOrders.AddCommsEvent(t.Context(), workorders.AddCommsEventParams{
		WorkOrderID: id, Body: "  Called: \"the part — 3½\" — is late\" 🛠\nsecond line  ", Channel: workorders.ChannelPhone,
		Metadata: json.RawMessage(`{"to":"+41 44 000 00 00","minutes":3,"tags":["a",null]}`),
	})

	require.NoError(t, err)
	got, err := tn.WorkOrders.Comms.Get(t.Context(), event)
	require.NoError(t, err)
	require.Equal(t, tn.ID, got.TenantID)
	require.Equal(t, id, got.WorkOrderID)
	require.Equal(t, tn.Admin.ID, got.ActorUserID)
	require.Equal(t, workorders.ChannelPhone, got.Channel)
	require.Equal(t, "Called: \"the part — 3½\" — is late\" 🛠\nsecond line", got.Body, "the body is trimmed")
	require.JSONEq(t, `{"to":"+41 44 000 00 00","minutes":3,"tags":["a",null]}`, string(got.Metadata))
	require.WithinRange(t, got.CreatedAt, before, time.Now().Add(time.Minute))

	got, err = tn.WorkOrders.Comms.Get(t.Context(), addComms(t, tn.Client, id, "plain"))
	require.NoError(t, err)
	require.Equal(t, workorders.ChannelComment, got.Channel)
	require.JSONEq(t, `{}`, string(got.Metadata))
}

func TestEveryChannelIsTaken(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	channels := []workorders.CommsChannel{
		workorders.ChannelComment, workorders.ChannelSMS, workorders.ChannelEmail, workorders.ChannelPhone,
		workorders.ChannelPortal, workorders.ChannelOther,
	}
	for _, channel := range channels {
		_, err := tn.WorkOrders.AddCommsEvent(t.Context(), workorders.AddCommsEventParams{
			WorkOrderID: id, Body: "x", Channel: channel,
		})
		require.NoError(t, err, channel)
	}

	rows, err := tn.WorkOrders.Comms.List(t.Context(), query.Where(workorders.CommsEventCols.WorkOrderID.Eq(id)))
	require.NoError(t, err)
	got := make([]workorders.CommsChannel, len(rows))
	for i, row := range rows {
		got[i] = row.Channel
	}
	require.Equal(t, channels, got, "the oldest comes first")
	n, err := tn.WorkOrders.Comms.Count(t.Context(),
		query.Where(workorders.CommsEventCols.Channel.In(workorders.ChannelSMS, workorders.ChannelEmail)))
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
}

func TestMessagesRefuseWhatIsMalformed(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	id, foreign := makeWorkOrder(t, tn.Client, "x"), makeWorkOrder(t, other.Client, "x")

	for name, tt := range map[string]struct {
		p    workorders.AddCommsEventParams
		code string
	}{
		"blank body":         {workorders.AddCommsEventParams{Body: "   "}, "23514"},
		"long body":          {workorders.AddCommsEventParams{Body: strings.Repeat("ß", 8001)}, "23514"},
		"unknown channel":    {workorders.AddCommsEventParams{Body: "x", Channel: "fax"}, "23514"},
		"unknown work order": {workorders.AddCommsEventParams{Body: "x", WorkOrderID: unknownID}, "P0001"},
		"foreign work order": {workorders.AddCommsEventParams{Body: "x", WorkOrderID: foreign}, "P0001"},
	} {
		if tt.p.WorkOrderID == "" {
			tt.p.WorkOrderID = id
		}
		_, err := tn.WorkOrders.AddCommsEvent(t.Context(), tt.p)
		require.Error(t, err, name)
		requireCode(t, tt.code, err)
	}
	for _, args := range []map[string]any{{"p_body": ""}, {"p_body": nil}, {"p_body": "x", "p_channel": ""}} {
		args["p_tenant_id"], args["p_work_order_id"] = tn.ID, id
		err := tn.RPC(t.Context(), "rpc_add_work_order_comms_event", args, nil)
		requireError(t, err, workorder.ErrInvalidInput, "23514")
	}
	require.ErrorContains(t, second(tn.WorkOrders.AddCommsEvent(t.Context(), workorders.AddCommsEventParams{WorkOrderID: id})), "Body")
	n, err := tn.WorkOrders.Comms.Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "what is refused leaves nothing behind")

	addComms(t, tn.Client, id, "  "+strings.Repeat("ß", 8000)+"  ")
}

func TestWhoMayAddMessages(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	requestor, assignee := tn.Member(t, "requestor"), tn.Member(t, "member")
	id := createRequest(t, requestor.Client, "Door does not close")
	assign(t, tn.Client, id, assignee.ID)
	add := func(t *testing.T, c *workorder.Client) error {
		return second(c.WorkOrders.AddCommsEvent(t.Context(), workorders.AddCommsEventParams{
			TenantID: tn.ID, WorkOrderID: id, Body: "x",
		}))
	}

	require.NoError(t, add(t, assignee.Client), "the assignee")
	require.NoError(t, add(t, requestor.Client), "the requester")
	all := everybody(t, tn)
	for who, code := range map[string]string{
		"admin": "", "manager": "", "technician": "42501", "member": "42501", "requestor": "42501", "outsider": "42501", "nobody": "28000",
	} {
		t.Run(who, func(t *testing.T) { requireCode(t, code, add(t, all[who])) })
	}

	for who, want := range map[string]int{
		"admin": 4, "manager": 4, "technician": 4, "member": 4, "requestor": 4, "outsider": 0, "nobody": 0,
	} {
		n, err := all[who].WorkOrders.Comms.Count(t.Context())
		require.NoError(t, err, who)
		require.EqualValues(t, want, n, "%s: every member reads messages", who)
	}
	other := stack.Tenant(t)
	n, err := other.WorkOrders.Comms.Count(t.Context(), query.Where(workorders.CommsEventCols.WorkOrderID.Eq(id)))
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestMessagesAreMadeByTheirCallOnly(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	raw, err := tn.Supabase(t.Context())
	require.NoError(t, err)

	_, _, err = raw.From("v_work_order_comms").Insert(map[string]any{
		"tenant_id": tn.ID, "work_order_id": id, "actor_user_id": tn.Admin.ID, "channel": "comment", "body": "x",
	}, false, "", "minimal", "").Execute()

	require.ErrorContains(t, err, "42501")
	n, err := tn.WorkOrders.Comms.Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
}
