package integration

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

// oddValues has a view with a column of every type of the contract, holding what
// is furthest from the ordinary.
const oddValues = `
create type public.mood as enum ('fine', 'so "so"', '');
create table public.odd (
  id text primary key, at timestamptz, day date, clock time, span interval, cost numeric, price numeric(18,4), ratio double precision,
  big bigint, num integer, small smallint, tags text[], ids uuid[], costs numeric[], uid uuid, doc jsonb, ok boolean, mood public.mood,
  embedding text); -- a vector comes as text
insert into public.odd values
  ('highest', '294276-12-31 23:59:59.999999+00', '5874897-12-31', '24:00', interval '178000000 years 9 mons 2147483647 days 2562047788:00:54.775807',
   ('9' || repeat('0', 131071) || '.' || repeat('1', 16383))::numeric, 99999999999999.9999, 1.7976931348623157e308,
   9223372036854775807, 2147483647, 32767, array['ü', '', 'null', null, '{"a"}'], array['ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid],
   array[1.10, null, 'NaN', 'Infinity'], 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF', (repeat('[', 3000) || repeat(']', 3000))::jsonb, true, 'so "so"',
   '[1,-2.5e-07]'),
  ('lowest', '4714-11-24 00:00:00+00 BC', '4714-11-24 BC', '00:00', interval '-178000000 years -9 mons -2147483648 days -2562047788:00:54.775807',
   -0.00000000000000000000000000000000000001, -99999999999999.9999, 5e-324,
   -9223372036854775808, -2147483648, -32768, '{}', '{}', '{}', '00000000-0000-0000-0000-000000000000', 'null', false, '', '[0]'),
  ('infinite', 'infinity', 'infinity', '23:59:59.999999', interval '1 year -2 mons +3 days -04:05:06.5', 'Infinity', 0.1, 'Infinity',
   0, 0, 0, '{{a,b},{c,null}}', '{{00000000-0000-0000-0000-000000000001},{00000000-0000-0000-0000-000000000002}}', '{{1,2}}',
   null, '{"n": 1e400, "s": "\ud83d\ude00 \" \\"}', null, 'fine', null),
  ('minus infinite', '-infinity', '-infinity', '00:00:00.000001', interval '-1 days +00:00:00.000001', '-Infinity', -0.1, '-Infinity',
   -1, -1, -1, '[2:3]={x,y}', null, null, null, '[]', null, null, null),
  ('not a number', '1900-01-01 00:00:00+08:05:43', '0001-01-01', null, interval '0', 'NaN', 'NaN', 'NaN',
   1, 1, 1, array[null::text], null, null, null, '"\""', null, null, null),
  ('nothing', null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
create view public.v_odd as select * from public.odd;
create view public.v_keys as select case when n % 3 > 0 then 'c' || n end as code, n / 4 as part, n from generate_series(1, 50) n;`

type mood string

type oddRow struct {
	ID        string            `json:"id"`
	At        *time.Time        `json:"at"`
	Day       *types.Date       `json:"day"`
	Clock     *types.TimeOfDay  `json:"clock"`
	Span      *types.Interval   `json:"span"`
	Cost      *decimal.Decimal  `json:"cost"`
	Price     *decimal.Decimal  `json:"price"`
	Ratio     *float64          `json:"ratio"`
	Big       *int64            `json:"big"`
	Num       *int              `json:"num"`
	Small     *int              `json:"small"`
	Tags      []string          `json:"tags"`
	IDs       []string          `json:"ids"`
	Costs     []decimal.Decimal `json:"costs"`
	UID       *string           `json:"uid"`
	Doc       json.RawMessage   `json:"doc"`
	OK        *bool             `json:"ok"`
	Mood      *mood             `json:"mood"`
	Embedding types.Vector      `json:"embedding"`
}

// What PostgreSQL can store in a column of the contract's types arrives as
// package types says.
func TestEveryColumnTypeHoldsItsOddestValues(t *testing.T) {
	t.Parallel()
	if !stack.local {
		t.Skip("needs a stack with a schema of its own, which a deployment does not take")
	}
	own, err := devstack.Start(t.Context(), devstack.WithSchema(fstest.MapFS{"1.sql": {Data: []byte(oddValues)}}))
	require.NoError(t, err)
	t.Cleanup(func() { _ = own.Close() })
	c, err := workorder.New(own.URL, own.ServiceRoleKey)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })

	const topUUID, bottomUUID = "ffffffff-ffff-ffff-ffff-ffffffffffff", "00000000-0000-0000-0000-000000000000"
	number := decimal.RequireFromString
	numeric := func(s string) decimal.Decimal { // a mark of package types
		d, err := types.ParseNumeric(s)
		require.NoError(t, err)
		return d
	}
	huge := numeric("9" + strings.Repeat("0", 131071) + "." + strings.Repeat("1", 16383))
	require.Equal(t, int32(-16383), huge.Exponent())
	require.Equal(t, 131072+16383, huge.NumDigits())
	want := []oddRow{
		{
			ID: "highest", At: new(types.FarFuture()), Day: new(types.FarFutureDate()), Clock: &types.TimeOfDay{Hour: 24},
			Span: &types.Interval{Months: 178000000*12 + 9, Days: math.MaxInt32, Microseconds: math.MaxInt64},
			Cost: &huge, Price: new(number("99999999999999.9999")), Ratio: new(math.MaxFloat64),
			Big: new(int64(math.MaxInt64)), Num: new(math.MaxInt32), Small: new(math.MaxInt16),
			Tags: []string{"ü", "", "null", "", `{"a"}`}, IDs: []string{topUUID},
			Costs: []decimal.Decimal{number("1.10"), {}, numeric("NaN"), numeric("Infinity")}, UID: new(topUUID),
			Doc: json.RawMessage(strings.Repeat("[", 3000) + strings.Repeat("]", 3000)), OK: new(true), Mood: new(mood(`so "so"`)),
			Embedding: types.Vector{1, -2.5e-07},
		},
		{
			ID: "infinite", At: new(types.FarFuture()), Day: new(types.FarFutureDate()),
			Clock: &types.TimeOfDay{Hour: 23, Minute: 59, Second: 59, Nanosecond: 999999000},
			Span:  &types.Interval{Months: 10, Days: 3, Microseconds: -(4*3600 + 5*60 + 6.5) * 1e6},
			Cost:  new(numeric("Infinity")), Price: new(number("0.1000")), Ratio: new(math.Inf(1)), Big: new(int64(0)), Num: new(0), Small: new(0),
			Tags: []string{"a", "b", "c", ""}, IDs: []string{"00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"},
			Costs: []decimal.Decimal{number("1"), number("2")}, Doc: json.RawMessage(`{"n": 1` + strings.Repeat("0", 400) + `, "s": "😀 \" \\"}`),
			Mood: new(mood("fine")),
		},
		{
			ID: "lowest", At: new(types.FarPast()), Day: new(types.FarPastDate()), Clock: &types.TimeOfDay{},
			Span: &types.Interval{Months: -(178000000*12 + 9), Days: math.MinInt32, Microseconds: -math.MaxInt64},
			Cost: new(number("-0.00000000000000000000000000000000000001")), Price: new(number("-99999999999999.9999")),
			Ratio: new(math.SmallestNonzeroFloat64), Big: new(int64(math.MinInt64)), Num: new(math.MinInt32), Small: new(math.MinInt16),
			Tags: []string{}, IDs: []string{}, Costs: []decimal.Decimal{}, UID: new(bottomUUID), OK: new(false),
			Mood: new(mood("")), Embedding: types.Vector{0},
		},
		{
			ID: "minus infinite", At: new(types.FarPast()), Day: new(types.FarPastDate()), Clock: &types.TimeOfDay{Nanosecond: 1000},
			Span: &types.Interval{Days: -1, Microseconds: 1}, Cost: new(numeric("-Infinity")), Price: new(number("-0.1")), Ratio: new(math.Inf(-1)),
			Big: new(int64(-1)), Num: new(-1), Small: new(-1), Tags: []string{"x", "y"}, Doc: json.RawMessage("[]"),
		},
		{
			ID: "not a number", At: new(time.Date(1899, 12, 31, 15, 54, 17, 0, time.UTC)), Day: &types.Date{Year: 1, Month: 1, Day: 1},
			Span: &types.Interval{}, Cost: new(numeric("NaN")), Price: new(numeric("NaN")), Ratio: new(math.NaN()), Big: new(int64(1)), Num: new(1),
			Small: new(1), Tags: []string{""}, Doc: json.RawMessage(`"\""`),
		},
		{ID: "nothing"},
	}
	got, err := workorder.ViewOf[oddRow](c, "v_odd").List(t.Context())
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got, cmpopts.EquateNaNs(), cmp.Comparer(func(a, b decimal.Decimal) bool {
		return a.Equal(b) && types.IsFinite(a) == types.IsFinite(b)
	})))

	// Elements that are pointers tell null from "".
	pointers, err := workorder.ViewOf[struct {
		ID   string    `json:"id"`
		Tags []*string `json:"tags"`
	}](c, "v_odd").List(t.Context(), query.Where(query.NewColumn[string]("id").Eq("highest")))
	require.NoError(t, err)
	require.Nil(t, pointers[0].Tags[3])
	require.Empty(t, *pointers[0].Tags[1])
	requireSeeks(t, workorder.ViewOf[oddRow](c, "v_odd"))
	requireSoundKeys(t, c)
}

// requireSoundKeys makes sure that a key which is null or shared is told, in a
// list that rows would be missing from otherwise.
func requireSoundKeys(t *testing.T, c *workorder.Client) {
	t.Helper()
	type row struct {
		N json.Number `json:"n"`
	}
	for _, opts := range [][]query.Option{
		{query.PageSize(1)}, {query.PageSize(10)}, {query.PageSize(10), query.OrderBy(query.NewColumn[int]("n").Desc())}, nil,
	} {
		_, err := workorder.ViewOf[row](c, "v_keys", "code").List(t.Context(), opts...)
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
		require.ErrorContains(t, err, "code of v_keys is null in a row")
		rows, err := workorder.ViewOf[row](c, "v_keys", "part", "n").List(t.Context(), opts...)
		require.NoError(t, err)
		require.Len(t, rows, 50)
	}
	for _, size := range []int{1, 2, 3, 4, 10, 1000} {
		_, err := workorder.ViewOf[row](c, "v_keys", "part").List(t.Context(), query.PageSize(size))
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
		require.ErrorContains(t, err, "rows of v_keys share the key part")
	}
}

// requireSeeks walks along every column, one row at a time, behind whatever value
// the last row has in it.
func requireSeeks(t *testing.T, view workorder.View[oddRow]) {
	t.Helper()
	notHighest := query.Where(query.NewColumn[string]("id").NotEq("highest"))
	for _, by := range []struct {
		column sortable
		where  query.Option
	}{
		{column: query.NewColumn[time.Time]("at")}, {column: query.NewColumn[types.Date]("day")},
		{column: query.NewColumn[types.TimeOfDay]("clock")}, {column: query.NewColumn[types.Interval]("span")},
		{query.NewColumn[decimal.Decimal]("cost"), notHighest}, // a number of 147,000 digits has no room in a URL
		{column: query.NewColumn[decimal.Decimal]("price")}, {column: query.NewColumn[float64]("ratio")},
		{column: query.NewColumn[int64]("big")}, {column: query.NewColumn[int]("num")}, {column: query.NewColumn[int]("small")},
		{column: query.NewColumn[[]string]("tags")}, {column: query.NewColumn[[]string]("ids")},
		{column: query.NewColumn[[]decimal.Decimal]("costs")}, {column: query.NewColumn[string]("uid")},
		{query.NewColumn[json.RawMessage]("doc"), notHighest}, // neither has a document of that depth
		{column: query.NewColumn[bool]("ok")}, {column: query.NewColumn[mood]("mood")}, {column: query.NewTextColumn("embedding")},
	} {
		for _, order := range []query.Order{
			by.column.Asc(), by.column.Desc(), by.column.Asc().NullsFirst(), by.column.Desc().NullsLast(),
		} {
			asked := []query.Option{query.OrderBy(order), by.where, query.Columns(query.NewColumn[string]("id"))}
			want, err := view.List(t.Context(), asked...)
			require.NoError(t, err, "%v", order)
			require.GreaterOrEqual(t, len(want), 5)
			got, err := view.List(t.Context(), append(asked, query.PageSize(1))...)
			require.NoError(t, err, "%v", order)
			require.Equal(t, rowIDs(want), rowIDs(got), "%v", order)

			got = nil
			for next := query.Cursor(""); ; {
				page, err := view.Page(t.Context(), append(asked, query.Limit(1), query.After(next))...)
				require.NoError(t, err, "%v", order)
				got = append(got, page.Items...)
				if next = page.Next; !page.HasMore {
					break
				}
			}
			require.Equal(t, rowIDs(want), rowIDs(got), "%v, page by page", order)
		}
	}
	_, err := view.List(t.Context(), query.OrderBy(query.NewColumn[decimal.Decimal]("cost").Asc()), query.PageSize(1))
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	require.ErrorContains(t, err, "order by shorter values")
}

func rowIDs(rows []oddRow) []string {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	return ids
}
