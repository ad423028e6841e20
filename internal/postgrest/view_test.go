package postgrest_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/postgresttest"
	"github.com/workorder-systems/sdk-go/internal/queryspec"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

type item struct {
	ID   string  `json:"id"`
	Rank *int    `json:"rank"`
	Kind string  `json:"kind"`
	Note *string `json:"note"`
}

var (
	colID   = query.NewColumn[string]("id")
	colRank = query.NewColumn[int]("rank")
	colKind = query.NewTextColumn("kind")
)

var byID = postgrest.ViewDef[item]{
	List: "Items", Schema: "public", Name: "v_items", Key: []string{"id"},
}

var byRank = postgrest.ViewDef[item]{
	List: "Items", Schema: "reporting", Name: "v_items", Key: []string{"id"}, Select: "id,rank",
	Order: []queryspec.Order{{Column: "rank", Desc: true, NullsFirst: true}},
}

// items are n rows in no order: some without rank, many of the same rank, ids
// full of what a URL and a logic tree must quote.
func items(n int) []map[string]any {
	rows := make([]map[string]any, n)
	for i := range rows {
		k := (i * 7919) % n
		rows[i] = map[string]any{"id": fmt.Sprintf(`%06d,"(é&%%`, k), "rank": nil, "kind": "a", "note": "x"}
		if i%3 > 0 {
			rows[i]["rank"] = k % 5
		}
		if i%2 > 0 {
			rows[i]["kind"] = "b"
		}
	}
	return rows
}

func conn(t *testing.T, base string) *api.Conn {
	t.Helper()
	c, err := api.New(api.Config{BaseURL: base, APIKey: "key", Tenant: "t1", Retry: api.RetryPolicy{MaxAttempts: 1}})
	require.NoError(t, err)
	return c
}

func view(t *testing.T, srv *postgresttest.View, def *postgrest.ViewDef[item]) postgrest.View[item] {
	t.Helper()
	srv.Start(t)
	return postgrest.NewView(conn(t, srv.URL), def)
}

func ids(rows []item) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.ID
	}
	return out
}

// wantIDs gives the ids of rows for which keep holds, in the order of less.
func wantIDs(rows []map[string]any, order func(a, b map[string]any) int) []string {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, order)
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r["id"].(string)
	}
	return out
}

func idOrder(a, b map[string]any) int { return strings.Compare(a["id"].(string), b["id"].(string)) }

// rankOrder sorts by descending rank, nulls last, then by id.
func rankOrder(a, b map[string]any) int {
	x, xok := a["rank"].(int)
	y, yok := b["rank"].(int)
	switch {
	case xok != yok && xok:
		return -1
	case xok != yok:
		return 1
	case x != y:
		return y - x
	}
	return idOrder(a, b)
}

func TestWalksLoseNothing(t *testing.T) {
	for _, clamp := range []int{1000, 100, 7} {
		for _, n := range []int{0, 1, 6, 7, 8, 14, 100, 1000, 1001, 2000} {
			if n > 15*clamp {
				continue
			}
			for _, noCount := range []bool{false, true} {
				t.Run(fmt.Sprintf("clamp%d/rows%d/nocount=%t", clamp, n, noCount), func(t *testing.T) {
					srv := &postgresttest.View{Rows: items(n), Clamp: clamp, NoCount: noCount}
					v := view(t, srv, &byID)

					rows, err := v.List(t.Context())
					require.NoError(t, err)
					require.Equal(t, wantIDs(srv.Rows, idOrder), ids(rows), "by key")
					require.Len(t, srv.Requests(), walkRequests(n, clamp), "one for every answer, and one that settles the end")
					for _, r := range srv.Requests() {
						require.Empty(t, r.Header.Get("Prefer"), "nobody asked for a count")
						require.Empty(t, r.URL.Query().Get("offset"))
					}

					rows, err = v.List(t.Context(), query.OrderBy(colRank.Desc().NullsLast()))
					require.NoError(t, err)
					require.Equal(t, wantIDs(srv.Rows, rankOrder), ids(rows), "by offset")

					all := v.All(t.Context(), query.PageSize(clamp/2))
					for range 2 { // ranging again reads again
						var got []string
						for row, err := range all {
							require.NoError(t, err)
							got = append(got, row.ID)
						}
						require.Equal(t, wantIDs(srv.Rows, idOrder), slices.Clip(append([]string{}, got...)))
					}
				})
			}
		}
	}
}

// walkRequests is how many requests a walk takes that knows nothing of the
// deployment: short of a longer answer, an empty one is the end.
func walkRequests(rows, clamp int) int {
	full, rest := rows/clamp, rows%clamp
	switch {
	case rest == 0:
		return full + 1
	case full == 0:
		return 2
	default:
		return full + 1 // the last one is shorter than those before
	}
}

// An answer shorter than the limit is complete when the deployment has given a
// longer one lately.
func TestRequestsOfAList(t *testing.T) {
	srv := &postgresttest.View{Rows: items(40), Clamp: 25}
	v := view(t, srv, &byID)
	list := func(want, requests int, opts ...query.Option) {
		t.Helper()
		srv.Forget()
		rows, err := v.List(t.Context(), opts...)
		require.NoError(t, err)
		require.Len(t, rows, want)
		require.Len(t, srv.Requests(), requests)
	}
	some := query.Where(colID.Lt("000005"))
	more := query.Where(colID.Lt("000009"))
	list(5, 2, some)
	list(5, 2, some) // as long as the longest is no proof
	list(9, 2, more)
	list(5, 1, some)
	list(9, 1, more, query.Limit(9))
	list(9, 2, more)
	list(40, 2)
	list(9, 1, more)
	list(9, 1, more, query.OrderBy(colRank.Asc()))
	list(0, 1, query.Where(colID.Eq("none")))
	list(9, 3, more, query.PageSize(4))

	page, err := v.Page(t.Context(), more, query.Count(query.Exact))
	require.NoError(t, err)
	require.EqualValues(t, 9, page.Total)
}

// Rows that appear before those that have come do not disturb a list.
func TestRowsAddedAtTheHead(t *testing.T) {
	srv := &postgresttest.View{Rows: items(5)}
	v := view(t, srv, &byID)
	want := wantIDs(srv.Rows, rankOrder)
	var got []string
	for row, err := range v.All(t.Context(), query.OrderBy(colRank.Desc().NullsLast()), query.PageSize(1)) {
		require.NoError(t, err)
		got = append(got, row.ID)
		srv.Rows = append(slices.Clone(srv.Rows), map[string]any{"id": fmt.Sprint("new ", len(got)), "rank": 100, "kind": "a", "note": nil})
	}
	require.Equal(t, want, got)
}

func TestLimit(t *testing.T) {
	srv := &postgresttest.View{Rows: items(300), Clamp: 100}
	v := view(t, srv, &byID)
	all := wantIDs(srv.Rows, idOrder)
	for limit, requests := range map[int]int{1: 1, 99: 1, 100: 1, 101: 2, 250: 3, 300: 3} {
		srv.Forget()
		rows, err := v.List(t.Context(), query.Limit(limit))
		require.NoError(t, err)
		require.Equal(t, all[:limit], ids(rows))
		require.Len(t, srv.Requests(), requests, "limit %d", limit)
	}
	rows, err := v.List(t.Context(), query.Limit(1000))
	require.NoError(t, err)
	require.Equal(t, all, ids(rows))
}

func TestWireRequest(t *testing.T) {
	srv := &postgresttest.View{Rows: items(3)}
	v := view(t, srv, &byID)
	_, err := v.List(t.Context(), query.Where(colKind.Eq("a b&c"), query.Or(colRank.Gt(1), colRank.IsNull())),
		query.OrderBy(colRank.Asc().NullsFirst(), colID.Desc()), query.Limit(5))
	require.NoError(t, err)
	r := srv.Requests()[0]
	require.Equal(t, "GET", r.Method)
	require.Equal(t, "/rest/v1/v_items", r.URL.Path)
	require.Equal(t, url.Values{
		"select": {"*"},
		"and":    {`(kind.eq."a b&c",or(rank.gt."1",rank.is.null))`},
		"order":  {"rank.asc.nullsfirst,id.desc.nullsfirst"},
		"limit":  {"5"},
	}, r.URL.Query())
	require.Equal(t, "public", r.Header.Get("Accept-Profile"))
	require.Equal(t, "application/json", r.Header.Get("Accept"))
	require.Empty(t, r.Header.Get("Content-Type"))

	v = view(t, srv, &byRank)
	srv.Forget()
	_, err = v.List(t.Context())
	require.NoError(t, err)
	r = srv.Requests()[0]
	require.Equal(t, url.Values{
		"select": {"id,rank"}, "order": {"rank.desc.nullsfirst,id.asc.nullslast"}, "limit": {"1000"},
	}, r.URL.Query(), "the view's own order, then the key")
	require.Equal(t, "reporting", r.Header.Get("Accept-Profile"))
}

func TestKeysetGoesOnBehindTheLastKey(t *testing.T) {
	srv := &postgresttest.View{Rows: items(5), Clamp: 2}
	v := view(t, srv, &byID)
	_, err := v.List(t.Context(), query.Where(colKind.In("a", "b")))
	require.NoError(t, err)
	q := srv.Requests()[1].URL.Query()
	require.Equal(t, `(kind.in.("a","b"),id.gt."000001,\"(é&%")`, q.Get("and"))
	require.Empty(t, q.Get("offset"))
}

func TestCompositeKey(t *testing.T) {
	type pair struct {
		A int    `json:"a"`
		B string `json:"b"`
	}
	srv := &postgresttest.View{Clamp: 3}
	var want []pair
	for a := range 4 {
		for b := range 5 {
			want = append(want, pair{a, strconv.Itoa(b)})
			srv.Rows = append(srv.Rows, map[string]any{"a": a, "b": strconv.Itoa(b)})
		}
	}
	slices.Reverse(srv.Rows)
	srv.Start(t)
	v := postgrest.NewView(conn(t, srv.URL), &postgrest.ViewDef[pair]{
		List: "Pairs", Name: "v_pairs", Key: []string{"a", "b"},
	})
	rows, err := v.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, rows)
	require.Equal(t, `(a.gte."0",or(a.gt."0",and(a.eq."0",b.gt."2")))`, srv.Requests()[1].URL.Query().Get("and"))

	_, err = v.Get(t.Context(), "x")
	require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
}

// Null in a key is one value among others: the list goes on behind it and before
// it, and a cursor holds it.
func TestNullInKey(t *testing.T) {
	type pair struct {
		A int     `json:"a"`
		B *string `json:"b"`
	}
	for _, clamp := range []int{1, 2, 1000} {
		srv := &postgresttest.View{Clamp: clamp}
		var want []pair
		for a := range 3 {
			for _, b := range []*string{new("x"), new("y"), nil} {
				want = append(want, pair{a, b})
				srv.Rows = append(srv.Rows, map[string]any{"a": a, "b": nil})
				if b != nil {
					srv.Rows[len(srv.Rows)-1]["b"] = *b
				}
			}
		}
		slices.Reverse(srv.Rows)
		srv.Start(t)
		v := postgrest.NewView(conn(t, srv.URL), &postgrest.ViewDef[pair]{
			List: "Pairs", Name: "v_pairs", Key: []string{"a", "b"}, NullKey: []string{"b"},
		})
		rows, err := v.List(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, rows)

		var after query.Cursor
		for i := range want {
			page, err := v.Page(t.Context(), query.Limit(1), query.After(after))
			require.NoError(t, err)
			require.Equal(t, want[i:i+1], page.Items)
			after = page.Next
		}
		either := query.Or(query.NewColumn[int]("a").Eq(1), query.NewColumn[string]("b").IsNull())
		rows, err = v.List(t.Context(), query.Where(either))
		require.NoError(t, err)
		require.Equal(t, []pair{want[2], want[3], want[4], want[5], want[8]}, rows)
	}
}

func TestPagesFollowEachOther(t *testing.T) {
	for _, opts := range [][]query.Option{nil, {query.OrderBy(colRank.Desc().NullsLast())}} {
		for _, clamp := range []int{1000, 4} {
			srv := &postgresttest.View{Rows: items(35), Clamp: clamp}
			v := view(t, srv, &byID)
			want, err := v.List(t.Context(), opts...)
			require.NoError(t, err)

			var got []item
			var after query.Cursor
			for pages := 1; ; pages++ {
				page, err := v.Page(t.Context(), append(slices.Clip(opts), query.Limit(10), query.After(after), query.Count(query.Exact))...)
				require.NoError(t, err)
				require.EqualValues(t, 35, page.Total, "on every page")
				require.Equal(t, string(page.Next), url.QueryEscape(string(page.Next)))
				got = append(got, page.Items...)
				if !page.HasMore {
					require.Empty(t, page.Next)
					require.Equal(t, 4, pages)
					break
				}
				require.Len(t, page.Items, 10)
				after = page.Next
			}
			require.Equal(t, want, got)

			rest, err := v.List(t.Context(), append(slices.Clip(opts), query.After(after))...)
			require.NoError(t, err)
			require.Equal(t, want[30:], rest, "List goes on from a cursor too")
		}
	}
}

func TestPageAtTheEnd(t *testing.T) {
	srv := &postgresttest.View{Rows: items(10)}
	v := view(t, srv, &byID)
	page, err := v.Page(t.Context(), query.Limit(10))
	require.NoError(t, err)
	require.Len(t, page.Items, 10)
	require.False(t, page.HasMore)
	require.Zero(t, page.Total)
	require.Len(t, srv.Requests(), 2)

	page, err = v.Page(t.Context(), query.Where(colID.Eq("none")), query.Count(query.Planned))
	require.NoError(t, err)
	require.Equal(t, &query.Page[item]{Items: []item{}, Total: 7}, page)

	page, err = v.Page(t.Context(), query.Where(colID.In()))
	require.NoError(t, err)
	require.Equal(t, &query.Page[item]{Items: []item{}}, page)
}

func TestCursorsOfOtherReads(t *testing.T) {
	srv := &postgresttest.View{Rows: items(10)}
	v := view(t, srv, &byID)
	byKey, err := v.Page(t.Context(), query.Limit(2))
	require.NoError(t, err)
	ranked, err := v.Page(t.Context(), query.Limit(2), query.OrderBy(colRank.Asc()))
	require.NoError(t, err)
	srv.Forget()
	after := func(place string) query.Option { // a cursor that somebody has changed
		b, err := base64.RawURLEncoding.DecodeString(string(byKey.Next))
		require.NoError(t, err)
		head, _, ok := strings.Cut(string(b), `"p":`)
		require.True(t, ok)
		return query.After(query.Cursor(base64.RawURLEncoding.EncodeToString([]byte(head + `"p":` + place + "}"))))
	}
	_, err = v.Page(t.Context(), after(`["x"]`))
	require.NoError(t, err)
	_, err = v.Page(t.Context(), after(`["`+strings.Repeat("x", 20_000)+`"]`))
	require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	srv.Forget()
	for _, tt := range [][]query.Option{
		{query.After("nonsense")},
		{query.After("\x00")},
		{query.After("\xff")},
		{query.After(byKey.Next + byKey.Next)},
		{after(`["a\u0000"]`)},
		{after(`[null]`)},
		{after(`["a","b"]`)},
		{after(`[]`)},
		{after(`null`)},
		{after(`[1]`)},
		{query.After("e30")}, // {}
		{query.After(ranked.Next)},
		{query.After(byKey.Next), query.OrderBy(colRank.Asc())},
		{query.After(ranked.Next), query.OrderBy(colRank.Desc())},
	} {
		_, err := v.Page(t.Context(), tt...)
		require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
		require.ErrorContains(t, err, "Items.Page: invalid input: the cursor")
	}
	require.Empty(t, srv.Requests())
}

func TestGet(t *testing.T) {
	srv := &postgresttest.View{Rows: items(10)}
	v := view(t, srv, &byID)
	id := srv.Rows[4]["id"].(string)
	row, err := v.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, id, row.ID)
	require.Equal(t, url.Values{"select": {"*"}, "limit": {"1"}, "and": {`(id.eq."` + strings.ReplaceAll(id, `"`, `\"`) + `")`}}, srv.Requests()[0].URL.Query())

	row, err = v.Get(t.Context(), "missing")
	require.ErrorIs(t, err, sdkerr.ErrNotFound)
	require.Nil(t, row)

	srv.Forget()
	for _, bad := range []string{"", "a\x00", "\xff"} {
		_, err = v.Get(t.Context(), bad)
		require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	}
	require.Empty(t, srv.Requests(), "nothing is sent")
}

func TestCount(t *testing.T) {
	srv := &postgresttest.View{Rows: items(10)}
	v := view(t, srv, &byID)
	n, err := v.Count(t.Context(), query.Where(colKind.Eq("a")), query.Limit(2), query.OrderBy(colRank.Asc()))
	require.NoError(t, err)
	require.EqualValues(t, 5, n)
	r := srv.Requests()[0]
	require.Equal(t, "GET", r.Method, "an answer to HEAD cannot say why it failed")
	require.Equal(t, "count=exact", r.Header.Get("Prefer"))
	require.Equal(t, url.Values{"select": {"*"}, "and": {`(kind.eq."a")`}, "limit": {"1"}}, r.URL.Query())

	n, err = v.Count(t.Context(), query.Count(query.Planned))
	require.NoError(t, err)
	require.EqualValues(t, 17, n)

	n, err = v.Count(t.Context(), query.Where(colID.In()))
	require.NoError(t, err)
	require.Zero(t, n)

	srv.Hook = func(w http.ResponseWriter, _ *http.Request) bool { return true }
	_, err = v.Count(t.Context())
	require.ErrorIs(t, err, sdkerr.ErrDecode)
}

func TestNothingCanMatch(t *testing.T) {
	srv := &postgresttest.View{Rows: items(10)}
	v := view(t, srv, &byID)
	rows, err := v.List(t.Context(), query.Where(colID.In()))
	require.NoError(t, err)
	require.Equal(t, []item{}, rows)
	for _, err := range v.All(t.Context(), query.Where(query.Or())) {
		t.Fatal("a row", err)
	}
	require.Empty(t, srv.Requests())
}

func TestBadOptionsSendNothing(t *testing.T) {
	srv := &postgresttest.View{Rows: items(10)}
	v := view(t, srv, &byID)
	bad := query.Where(colID.Eq("\x00"))
	_, err := v.List(t.Context(), bad)
	require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	require.ErrorContains(t, err, "Items.List: invalid input: value for column id contains a NUL byte")
	_, err = v.Page(t.Context(), bad)
	require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	_, err = v.Count(t.Context(), query.Limit(-1))
	require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	n := 0
	for _, err := range v.All(t.Context(), bad) {
		require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
		n++
	}
	require.Equal(t, 1, n)
	require.Empty(t, srv.Requests())
	_, err = v.List(t.Context(), nil, query.Limit(1))
	require.NoError(t, err, "a nil option is no option")
}

func TestLongInIsAskedForInParts(t *testing.T) {
	srv := &postgresttest.View{Rows: items(2000), Clamp: 100}
	srv.Hook = func(w http.ResponseWriter, r *http.Request) bool {
		if len(r.URL.RequestURI()) > 8000 {
			w.WriteHeader(http.StatusRequestURITooLong)
			return true
		}
		return false
	}
	v := view(t, srv, &byID)
	want := wantIDs(srv.Rows, idOrder)
	asked := append(slices.Clone(want), want[:50]...) // some twice
	asked = append(asked, "unknown")
	in := query.Where(colID.In(asked...), colKind.Eq("a"))

	rows, err := v.List(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, rows, 1000)
	slices.SortFunc(rows, func(a, b item) int { return strings.Compare(a.ID, b.ID) })
	require.Len(t, slices.CompactFunc(rows, func(a, b item) bool { return a.ID == b.ID }), 1000, "no row twice")

	n, err := v.Count(t.Context(), in)
	require.NoError(t, err)
	require.EqualValues(t, 1000, n)

	rows, err = v.List(t.Context(), in, query.Limit(321))
	require.NoError(t, err)
	require.Len(t, rows, 321)

	srv.Forget()
	for _, err := range []error{
		second(v.List(t.Context(), query.Where(colID.NotIn(asked...)))),
		second(v.List(t.Context(), query.Where(query.Or(colID.In(asked...), colKind.Eq("b"))))),
		second(v.Page(t.Context(), query.Where(query.Not(colID.In(asked...))))),
		second(v.Count(t.Context(), query.Where(colID.NotIn(asked...)))),
	} {
		require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
		require.ErrorContains(t, err, "accept at most 16000")
	}
	_, err = v.List(t.Context(), query.Where(colID.Eq(strings.Repeat("x", 20_000))))
	require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	_, err = v.List(t.Context(), query.Where(colID.In("a", strings.Repeat("x", 20_000))))
	require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	require.Empty(t, srv.Requests())
}

func second[T any](_ T, err error) error { return err }

// A long In gives the rows in the order asked for, which only the server knows,
// whichever columns it and the order are over.
func TestLongInKeepsTheOrder(t *testing.T) {
	for _, clamp := range []int{1000, 60, 7} {
		srv := &postgresttest.View{Rows: items(1300), Clamp: clamp}
		srv.Hook = func(w http.ResponseWriter, r *http.Request) bool {
			assert.Less(t, len(r.URL.RequestURI()), 8000)
			return false
		}
		v := view(t, srv, &byID)
		asked := wantIDs(srv.Rows, idOrder)[:700]
		in := query.Where(query.And(colID.In(append(asked, asked...)...), colKind.In("a", "b")))
		inRows := slices.DeleteFunc(slices.Clone(srv.Rows), func(r map[string]any) bool { return r["id"].(string) > asked[len(asked)-1] })
		for name, tt := range map[string]struct {
			order query.Option
			less  func(a, b map[string]any) int
		}{
			"key":   {nil, idOrder},
			"order": {query.OrderBy(colRank.Desc().NullsLast()), rankOrder},
			"down":  {query.OrderBy(colID.Desc()), func(a, b map[string]any) int { return idOrder(b, a) }},
		} {
			want := wantIDs(inRows, tt.less)
			rows, err := v.List(t.Context(), in, tt.order)
			require.NoError(t, err)
			require.Equal(t, want, ids(rows), "%s, clamp %d", name, clamp)
			rows, err = v.List(t.Context(), in, tt.order, query.Limit(33))
			require.NoError(t, err)
			require.Equal(t, want[:33], ids(rows))
		}
		var got []string
		var after query.Cursor
		for {
			page, err := v.Page(t.Context(), in, query.OrderBy(colRank.Desc().NullsLast()), query.Limit(150), query.After(after), query.Count(query.Exact))
			require.NoError(t, err)
			require.EqualValues(t, 700, page.Total)
			got = append(got, ids(page.Items)...)
			if !page.HasMore {
				break
			}
			after = page.Next
		}
		require.Equal(t, wantIDs(inRows, rankOrder), got)
	}
}

// Of ids, the parts follow each other, so nothing has to be sorted.
func TestLongInOfIDs(t *testing.T) {
	srv := &postgresttest.View{}
	var asked []string
	for i := range 900 {
		id := fmt.Sprintf("%08x-0000-4000-8000-%012x", i*7919%900, i)
		asked = append(asked, id)
		srv.Rows = append(srv.Rows, map[string]any{"id": id, "kind": "a"})
	}
	v := view(t, srv, &byID)
	want := wantIDs(srv.Rows, idOrder)
	in := query.Where(colID.In(append(asked, asked...)...))
	rows, err := v.List(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, want, ids(rows))
	require.LessOrEqual(t, len(srv.Requests()), 15, "two for every part, and one for the last, which is shorter")

	page, err := v.Page(t.Context(), in, query.Limit(500))
	require.NoError(t, err)
	srv.Forget()
	rest, err := v.List(t.Context(), in, query.After(page.Next))
	require.NoError(t, err)
	require.Equal(t, want[500:], ids(rest))
	require.LessOrEqual(t, len(srv.Requests()), 7, "parts that lie behind are left out")

	// Spellings of one value are asked for together, or it would count twice.
	for _, spelled := range []func(string) string{strings.ToUpper, func(s string) string { return "{" + s + "}" }, func(s string) string { return strings.ReplaceAll(s, "-", "") }} {
		srv.Forget()
		list := slices.Clone(asked)
		for _, id := range asked {
			list = append(list, spelled(id))
		}
		_, err := v.Count(t.Context(), query.Where(colID.In(list...)))
		require.NoError(t, err)
		for _, r := range srv.Requests() {
			for _, id := range asked {
				and := r.URL.Query().Get("and")
				require.Equal(t, strings.Contains(and, `"`+id+`"`), strings.Contains(and, `"`+spelled(id)+`"`))
			}
		}
	}
}

func TestSeveralLongIns(t *testing.T) {
	srv := &postgresttest.View{Rows: items(600)}
	v := view(t, srv, &byID)
	long := strings.Repeat("z", 30)
	var kinds []string
	for i := range 400 {
		kinds = append(kinds, fmt.Sprint(long, i))
	}
	kinds = append(kinds, "b")
	asked := wantIDs(srv.Rows, idOrder)[:500]
	both := query.Where(colID.In(asked...), colKind.In(kinds...))
	n, err := v.Count(t.Context(), both)
	require.NoError(t, err)
	rows, err := v.List(t.Context(), both, query.OrderBy(colRank.Asc()))
	require.NoError(t, err)
	require.Len(t, rows, int(n))
	require.Len(t, rows, 250)
}

func TestAllStopsWithTheLoop(t *testing.T) {
	srv := &postgresttest.View{Rows: items(50)}
	v := view(t, srv, &byID)
	for _, err := range v.All(t.Context(), query.PageSize(10)) {
		require.NoError(t, err)
		break
	}
	require.Len(t, srv.Requests(), 1)
}

func TestErrorInTheMiddleOfAWalk(t *testing.T) {
	srv := &postgresttest.View{Rows: items(50)}
	v := view(t, srv, &byID)
	srv.Hook = func(w http.ResponseWriter, _ *http.Request) bool {
		if len(srv.Requests()) < 3 {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"code":"42501","message":"permission denied for view v_items"}`)
		return true
	}
	var got []string
	var last error
	for row, err := range v.All(t.Context(), query.PageSize(10)) {
		if last = err; err == nil {
			got = append(got, row.ID)
		}
	}
	require.Equal(t, wantIDs(srv.Rows, idOrder)[:20], got, "rows before the error have been yielded")
	require.ErrorIs(t, last, sdkerr.ErrPermissionDenied)
	var e *sdkerr.Error
	require.ErrorAs(t, last, &e)
	require.Equal(t, "Items.All", e.Op)
	require.Equal(t, "/rest/v1/v_items", e.Path)

	srv.Forget()
	rows, err := v.List(t.Context(), query.PageSize(10))
	require.ErrorIs(t, err, sdkerr.ErrPermissionDenied)
	require.Nil(t, rows)
}

func TestCancelledWalk(t *testing.T) {
	srv := &postgresttest.View{Rows: items(50)}
	v := view(t, srv, &byID)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for _, err := range v.All(ctx, query.PageSize(10)) {
		if last = err; err != nil {
			continue
		}
		if n++; n == 10 {
			cancel()
		}
	}
	require.Equal(t, 10, n)
	require.ErrorIs(t, last, context.Canceled)
	require.Len(t, srv.Requests(), 1)

	_, err := v.List(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestRowsThatDoNotFit(t *testing.T) {
	srv := &postgresttest.View{}
	v := view(t, srv, &byID)
	body := `[{"id":"a"},{"id":"b","rank":"high"}]`
	srv.Hook = func(w http.ResponseWriter, _ *http.Request) bool {
		_, _ = io.WriteString(w, body)
		return true
	}
	_, err := v.List(t.Context())
	require.ErrorIs(t, err, sdkerr.ErrDecode)
	require.ErrorContains(t, err, `Items.List: cannot decode: row 1: column rank: value "high"`)

	body = `<html>` + strings.Repeat("x", 500)
	_, err = v.Get(t.Context(), "a")
	require.ErrorIs(t, err, sdkerr.ErrDecode)
	require.Less(t, len(err.Error()), 250)
}

// A server that ignores what it is asked must not keep a walk going for ever.
func TestServerThatRepeatsItself(t *testing.T) {
	srv := &postgresttest.View{}
	srv.Hook = func(w http.ResponseWriter, _ *http.Request) bool {
		_, _ = io.WriteString(w, `[{"id":"a","rank":1},{"id":"b","rank":2}]`)
		return true
	}
	for _, def := range []*postgrest.ViewDef[item]{&byID, &byRank} {
		v := view(t, srv, def)
		_, err := v.List(t.Context())
		require.ErrorIs(t, err, sdkerr.ErrDecode)
		require.ErrorContains(t, err, "same page")
	}
}

// A row that cannot be decoded costs the other rows nothing, wherever it stands.
func TestAllGoesOnBehindUnreadableRows(t *testing.T) {
	for _, size := range []int{1, 2, 3, 7, 100} {
		for _, opts := range [][]query.Option{nil, {query.OrderBy(colRank.Desc())}} {
			srv := &postgresttest.View{Rows: items(20)}
			for _, i := range []int{0, 5, 6, 19} {
				srv.Rows[i]["note"] = 7
			}
			v := view(t, srv, &byID)
			var good, bad int
			for row, err := range v.All(t.Context(), append(slices.Clip(opts), query.PageSize(size))...) {
				if errors.Is(err, sdkerr.ErrUnreadableRow) {
					require.ErrorIs(t, err, sdkerr.ErrDecode)
					require.ErrorContains(t, err, "column note: value 7")
					require.ErrorContains(t, err, "in the row whose id is ")
					require.Zero(t, row)
					bad++
					continue
				}
				require.NoError(t, err)
				good++
			}
			require.Equal(t, []int{16, 4}, []int{good, bad})
			_, err := v.List(t.Context(), append(slices.Clip(opts), query.PageSize(size))...)
			require.ErrorIs(t, err, sdkerr.ErrUnreadableRow)
			_, err = v.Page(t.Context(), append(slices.Clip(opts), query.PageSize(size))...)
			require.ErrorIs(t, err, sdkerr.ErrUnreadableRow)
		}
	}
}

// A key that is null or shared is told, wherever the rows stand; and where none
// is, an unproven key gives the same list as a proven one.
func TestUnprovenKeys(t *testing.T) {
	def := postgrest.ViewDef[item]{List: "Items", Name: "v_items", Key: []string{"id"}, Unproven: true}
	for _, clamp := range []int{1, 2, 3, 1000} {
		for size := 1; size < 8; size++ {
			srv := &postgresttest.View{Rows: items(9), Clamp: clamp}
			v := view(t, srv, &def)
			for _, opts := range [][]query.Option{nil, {query.OrderBy(colRank.Desc().NullsLast())}} {
				rows, err := v.List(t.Context(), append(slices.Clip(opts), query.PageSize(size))...)
				require.NoError(t, err)
				want := wantIDs(srv.Rows, idOrder)
				if opts != nil {
					want = wantIDs(srv.Rows, rankOrder)
				}
				require.Equal(t, want, ids(rows))
			}
			if clamp == 1 {
				continue // such a server never shows two rows together
			}
			for i := range srv.Rows {
				was := srv.Rows[i]["id"]
				srv.Rows[i]["id"] = nil
				_, err := v.List(t.Context(), query.PageSize(size))
				require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
				require.ErrorContains(t, err, "is null in a row")
				srv.Rows[i]["id"] = srv.Rows[(i+1)%9]["id"]
				_, err = v.List(t.Context(), query.PageSize(size))
				require.ErrorContains(t, err, "share the key")
				srv.Rows[i]["id"] = was
			}
		}
	}
}

func TestColumns(t *testing.T) {
	srv := &postgresttest.View{Rows: items(12)}
	v := view(t, srv, &byID)
	full, err := v.List(t.Context(), query.OrderBy(colRank.Desc()))
	require.NoError(t, err)
	srv.Forget()
	rows, err := v.List(t.Context(), query.OrderBy(colRank.Desc()), query.PageSize(5), query.Columns(colKind, colID), query.Columns(colKind))
	require.NoError(t, err)
	require.Equal(t, ids(full), ids(rows))
	for _, r := range rows {
		require.Nil(t, r.Note)
		require.NotEmpty(t, r.Kind)
	}
	require.Equal(t, "kind,id,walk_0:rank", srv.Requests()[0].URL.Query().Get("select"))
	srv.Forget()
	rows, err = v.List(t.Context(), query.PageSize(5), query.Columns(colKind))
	require.NoError(t, err)
	require.Len(t, rows, 12)
	require.Empty(t, rows[3].ID)
	require.Equal(t, "kind,walk_0:id", srv.Requests()[0].URL.Query().Get("select"))
	for _, bad := range []query.AnyColumn{nil, query.Column[int]{}, query.NewJSONColumn("doc").Path("a")} {
		_, err = v.List(t.Context(), query.Columns(bad))
		require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	}
}

// postgrest-go builds the requests of reads; what it says of itself stays out.
func TestRequestOfARead(t *testing.T) {
	srv := &postgresttest.View{Rows: items(3)}
	v := view(t, srv, &byRank)
	_, err := v.Page(t.Context(), query.Where(colKind.Eq(`a "b", (c)`), colRank.In(1, 2), colKind.NotNull()), query.Limit(7), query.Count(query.Estimated))
	require.NoError(t, err)
	r := srv.Requests()[0]
	require.Equal(t, "GET", r.Method)
	require.Equal(t, "/rest/v1/v_items", r.URL.Path)
	require.Equal(t, url.Values{
		"select": {"id,rank"},
		"and":    {`(kind.eq."a \"b\", (c)",rank.in.("1","2"),kind.not.is.null)`},
		"order":  {"rank.desc.nullsfirst,id.asc.nullslast"},
		"limit":  {"8"},
	}, r.URL.Query())
	require.Equal(t, []string{"application/json"}, r.Header["Accept"])
	require.Equal(t, []string{"reporting"}, r.Header["Accept-Profile"])
	require.Equal(t, []string{"count=estimated"}, r.Header["Prefer"])
	require.Regexp(t, "^workorder-go/", r.Header.Get("X-Client-Info"))
	for _, name := range []string{"Content-Type", "Content-Profile"} {
		require.Empty(t, r.Header[name])
	}
}

// A deployment's own views may have names with spaces.
func TestSpacesInNames(t *testing.T) {
	srv := &postgresttest.View{Rows: []map[string]any{}}
	v := view(t, srv, &byID)
	spaced := query.NewColumn[string]("free text, more")
	_, err := v.List(t.Context(), query.Columns(spaced, colID), query.OrderBy(query.NewColumn[string]("sort by").Desc()))
	require.NoError(t, err)
	q := srv.Requests()[0].URL.Query()
	require.Equal(t, `"free text, more",id,walk_0:"sort by"`, q.Get("select"))
	require.Equal(t, `"sort by".desc.nullsfirst,id.asc.nullslast`, q.Get("order"))
}

func TestRowsOfAllAreIndependent(t *testing.T) {
	srv := &postgresttest.View{Rows: items(30)}
	v := view(t, srv, &byID)
	var kept []item
	for row, err := range v.All(t.Context(), query.PageSize(7)) {
		require.NoError(t, err)
		kept = append(kept, row)
	}
	list, err := v.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, list, kept)
}

func TestConcurrentRanges(t *testing.T) {
	srv := &postgresttest.View{Rows: items(200)}
	v := view(t, srv, &byID)
	all := v.All(t.Context(), query.PageSize(20))
	want := wantIDs(srv.Rows, idOrder)
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() {
			var got []string
			for row, err := range all {
				if err != nil {
					errs <- err
					return
				}
				got = append(got, row.ID)
			}
			if !slices.Equal(want, got) {
				errs <- errors.New("rows differ")
				return
			}
			errs <- nil
		}()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
}
