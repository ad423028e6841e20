package integration

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

// Other clients of a deployment can store any time that PostgreSQL takes.
func TestOddTimesCostNoOtherRow(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	makeWorkOrder(t, tn.Client, "plain")
	want := map[string]time.Time{
		"infinity": types.FarFuture(), "10000-01-01T00:00:00Z": types.FarFuture(), "-infinity": types.FarPast(),
		"0044-03-15 00:00:00+00 BC": types.FarPast(), "1900-01-01T00:00:00+08:05:43": time.Date(1899, 12, 31, 15, 54, 17, 0, time.UTC),
		"9999-12-31T23:59:59.999999Z": time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
	}
	for due := range want {
		callForID(t, tn, "rpc_create_work_order", map[string]any{"p_title": due, "p_due_date": due})
	}
	rows, err := tn.WorkOrders.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, len(want)+1)
	payload, err := tn.Mobile.Sync(t.Context(), workorders.SyncParams{})
	require.NoError(t, err)
	require.Len(t, payload.WorkOrders, len(want)+1)
	for _, row := range rows {
		if row.Title == "plain" {
			continue
		}
		require.True(t, want[row.Title].Equal(*row.DueDate), "%s: %s", row.Title, row.DueDate)
	}
	for _, row := range payload.WorkOrders {
		if row.Title != "plain" {
			require.True(t, want[row.Title].Equal(*row.DueDate), "%s: %s", row.Title, row.DueDate)
		}
	}
	_, err = json.Marshal(rows)
	require.NoError(t, err)
}

func TestTimesComeBackAsTheyWereSent(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for i, at := range []time.Time{
		time.Date(1930, 5, 1, 12, 0, 0, 0, time.FixedZone("AMT", 19*60+32)),
		time.Date(2026, 1, 2, 3, 4, 5, 1500, time.FixedZone("", -5*3600)),
		time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
	} {
		id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: fmt.Sprint(i), DueDate: at})
		require.NoError(t, err)
		got := getWorkOrder(t, tn.Client, id)
		require.True(t, at.Round(time.Microsecond).Equal(*got.DueDate), "%s: %s", at, got.DueDate)
		require.Equal(t, []string{got.Title}, titles(t, tn.Client, wo.DueDate.Eq(at)))
	}
	for _, at := range []time.Time{types.FarFuture(), types.FarPast(), time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -3600))} {
		_, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", DueDate: at})
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
		require.ErrorContains(t, err, "DueDate")
	}
}

// What the SDK lets pass at the edge of a limit, the server takes as well.
func TestTheServerAgreesOnLengths(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	long := func(n int) string { return strings.Repeat("ü", n) }
	id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: long(500), ClientRequestID: " " + long(256) + "  "})
	require.NoError(t, err)
	require.Equal(t, long(500), getWorkOrder(t, tn.Client, id).Title)
	_, err = tn.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: long(255), Code: strings.Repeat("A", 20)})
	require.NoError(t, err)
	_, err = tn.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{WorkOrderID: id, Minutes: 5, Description: long(1000)})
	require.NoError(t, err)
	_, err = tn.WorkOrders.AddCommsEvent(t.Context(), workorders.AddCommsEventParams{WorkOrderID: id, Body: " " + long(8000)})
	require.NoError(t, err)
	_, err = tn.Mobile.AddNote(t.Context(), workorders.AddNoteParams{WorkOrderID: id, Body: long(10000)})
	require.NoError(t, err)
	_, err = tn.FieldOps.CreateTool(t.Context(), workorders.CreateToolParams{Name: " " + long(255)})
	require.NoError(t, err)

	var got string // past the SDK's check
	for rpc, args := range map[string]map[string]any{
		"rpc_create_work_order":          {"p_title": long(501)},
		"rpc_create_department":          {"p_name": long(256)},
		"rpc_add_work_order_comms_event": {"p_work_order_id": id, "p_body": long(8001)},
		"rpc_add_work_order_note":        {"p_work_order_id": id, "p_body": long(10001)},
		"rpc_create_tool":                {"p_name": long(256)},
	} {
		args["p_tenant_id"] = tn.ID
		err := tn.RPC(t.Context(), rpc, args, &got)
		require.ErrorIs(t, err, workorder.ErrInvalidInput, rpc)
	}
}

func TestKeysOfDigitsAreKeys(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")
	add := func(meta string) string {
		return callForID(t, tn, "rpc_add_work_order_comms_event", map[string]any{
			"p_work_order_id": id, "p_body": meta, "p_metadata": json.RawMessage(meta),
		})
	}
	key := add(`{"list":{"0":"key"}}`)
	pos := add(`{"list":["first",{"a":"last"}]}`)
	col := workorders.CommsEventCols.Metadata
	for want, filter := range map[string]query.Filter{
		key: col.Path("list", "0").Eq("key"),
		pos: query.And(col.Key("list").Elem(0).Text().Eq("first"), col.Key("list").Elem(-1).Path("a").Eq("last")),
	} {
		rows, err := tn.WorkOrders.Comms.List(t.Context(), query.Where(filter))
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.Equal(t, want, rows[0].ID)
	}
	n, err := tn.WorkOrders.Comms.Count(t.Context(), query.Where(query.Or(col.Path("list", "0").Eq("first"), col.Key("list").Elem(0).Text().Eq("key"))))
	require.NoError(t, err)
	require.Zero(t, n)
}

// randomRaw makes an expression as query.Raw takes them.
func randomRaw(rnd *rand.Rand, depth int) string {
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	value := func() string {
		return pick("a*", "a pump", `"x)"`, `"a,\"b\\"`, "{a,b}", `"{a,\"b,c\"}"`, "%", "a.b", "", "é", "0")
	}
	if depth < 3 && rnd.IntN(3) == 0 {
		nodes := make([]string, 1+rnd.IntN(3))
		for i := range nodes {
			nodes[i] = randomRaw(rnd, depth+1)
		}
		return pick("", "not.") + pick("and", "or") + "(" + strings.Join(nodes, pick(",", ", ")) + ")"
	}
	column := pick("title", "description", `"title"`, "status", "priority") + "." + pick("", "", "not.")
	switch rnd.IntN(5) {
	case 0:
		return column + "is." + pick("null", "not_null")
	case 1:
		return column + "in.(" + value() + "," + pick("x", `"(y"`) + ")"
	case 2:
		return column + pick("fts", "plfts(simple)", "phfts(english)", "wfts") + "." + pick("pump", `"a pump"`)
	case 3:
		return column + pick("like", "eq", "gt", "imatch") + pick("(any)", "(all)") + ".{a,b*}"
	default:
		return column + pick("eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "isdistinct") + "." + value()
	}
}

// damaged changes an expression in one or two places.
func damaged(rnd *rand.Rand, expr string) string {
	for range 1 + rnd.IntN(2) {
		i := rnd.IntN(len(expr) + 1)
		insert := string("(),{}\"\\. -"[rnd.IntN(10)])
		expr = expr[:i] + insert + expr[min(i+rnd.IntN(2), len(expr)):]
	}
	return expr
}

// A raw filter fails or holds; it never lets rows through that another
// condition keeps out.
func TestRawFiltersSwitchNothingOff(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	makeWorkOrder(t, tn.Client, "a pump")
	exprs := []string{
		"title.like.a*),id.eq.x", "title.like.a*)", "title.in.({a),title.like.a*", "title.in.({a),title.cs.{b})", `title.neq."x" ,id.eq.y`,
		`title.neq."x)"y`, "or(title.like.a*", "or(title.like.a*))", "title.cs.{x)}", "title.like.a*", "or(title.like.a*,title.is.null)",
		"title.like(any).{a*,b*}", "title.fts(simple).pump", "title.not.is.null", `title.neq."),("`, "title.isdistinct.x",
	}
	rnd := newRandom(t)(0)
	for range 100 {
		exprs = append(exprs, randomRaw(rnd, 0), damaged(rnd, randomRaw(rnd, 0)))
	}
	sent := 0
	for _, expr := range exprs {
		raw := query.Raw(expr)
		for name, where := range map[string][]query.Filter{
			"before": {raw, wo.Title.Eq("nothing")}, "after": {wo.Title.Eq("nothing"), raw},
			"in And": {query.And(raw, wo.Title.Eq("nothing"))}, "Not": {query.Not(raw), wo.Title.Eq("nothing")},
		} {
			rows, err := tn.WorkOrders.List(t.Context(), query.Where(where...))
			if err != nil {
				require.ErrorAs(t, err, new(*workorder.SdkError), expr)
				require.NotEqual(t, "PGRST100", errorCode(err), "%s: %q passed although the server cannot parse it", name, expr)
				continue
			}
			sent++
			require.Empty(t, rows, "%s: %q", name, expr)
		}
	}
	require.Greater(t, sent, 200)
	require.Len(t, titles(t, tn.Client, query.Raw("title.like(any).{a*,b*}")), 1)
	_, err := tn.WorkOrders.List(t.Context(), query.Where(query.Raw("title.like.a*),id.eq.x")))
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
}
