package query_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/postgresttest"
	"github.com/workorder-systems/sdk-go/internal/queryspec"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

var (
	title  = query.NewTextColumn("title")
	due    = query.NewColumn[time.Time]("due")
	num    = query.NewColumn[int]("num")
	active = query.NewColumn[bool]("active")
	tags   = query.NewArrayColumn[string]("tags")
	data   = query.NewJSONColumn("data")
)

type priority string

func build(opts ...query.Option) queryspec.Spec {
	var s queryspec.Spec
	for _, o := range opts {
		o(&s)
	}
	return s
}

// tree gives what one filter puts inside and=(…).
func tree(t *testing.T, f query.Filter) string {
	t.Helper()
	s := build(query.Where(f))
	require.NoError(t, s.Err)
	require.False(t, s.Never)
	require.Len(t, s.Where, 1)
	_, err := postgresttest.ParseAnd("(" + s.Where[0].Expr + ")")
	require.NoError(t, err)
	return s.Where[0].Expr
}

func TestFilters(t *testing.T) {
	at := time.Date(2026, 1, 2, 4, 4, 5, 6000, time.FixedZone("", 3600))
	for _, tt := range []struct {
		filter query.Filter
		want   string
	}{
		{title.Eq("open"), `title.eq."open"`},
		{title.Eq(""), `title.eq.""`},
		{title.Eq(`a,b.c:(d) "e" \f`), `title.eq."a,b.c:(d) \"e\" \\f"`},
		{title.Eq("null"), `title.eq."null"`},
		{title.Eq(" padded\n"), "title.eq.\" padded\n\""},
		{title.NotEq("x"), `title.neq."x"`},
		{num.Eq(-5), `num.eq."-5"`},
		{num.Gt(1), `num.gt."1"`},
		{num.Gte(1), `num.gte."1"`},
		{num.Lt(1), `num.lt."1"`},
		{num.Lte(1), `num.lte."1"`},
		{active.Eq(true), `active.eq."true"`},
		{due.Lt(at), `due.lt."2026-01-02T03:04:05.000006Z"`},
		{due.IsNull(), `due.is.null`},
		{due.NotNull(), `due.not.is.null`},
		{num.In(1, 2), `num.in.("1","2")`},
		{num.In(1), `num.eq."1"`},
		{title.In(""), `title.eq.""`},
		{title.In("", "a,b"), `title.in.("","a,b")`},
		{num.NotIn(1, 2), `num.not.in.("1","2")`},
		{num.NotIn(1), `num.neq."1"`},
		{title.Like("a%_*"), `title.like."a%_*"`},
		{title.ILike(`100\%`), `title.ilike."100\\%"`},
		{title.Contains("pump"), `title.like."%pump%"`},
		{title.Contains(`50%_\`), `title.like."%50\\%\\_\\\\%"`},
		{title.Contains("a*b.c"), `title.match."a\\*b\\.c"`},
		{title.ContainsFold("Pump"), `title.ilike."%Pump%"`},
		{title.ContainsFold("*"), `title.imatch."\\*"`},
		{title.HasPrefix("WO-"), `title.like."WO-%"`},
		{title.HasPrefix("*^$"), `title.match."^\\*\\^\\$"`},
		{title.HasSuffix("ed"), `title.like."%ed"`},
		{title.HasSuffix("*"), `title.match."\\*$"`},
		{tags.Contains("a", `b"c`), `tags.cs."{\"a\",\"b\\\"c\"}"`},
		{tags.ContainedBy(), `tags.cd."{}"`},
		{tags.Overlaps("a,b"), `tags.ov."{\"a,b\"}"`},
		{tags.IsNull(), `tags.is.null`},
		{tags.NotNull(), `tags.not.is.null`},
		{data.Contains(map[string]any{"a": 1}), `data.cs."{\"a\":1}"`},
		{data.Path("a").Eq("x"), `data->>a.eq."x"`},
		{data.Path("a b", "c").Eq("x"), `data->"a b"->>c.eq."x"`},
		{data.Path("0").Eq("x"), `data->>"0".eq."x"`},
		{data.Path("a", "12", "b3").Eq("x"), `data->a->"12"->>b3.eq."x"`},
		{data.Path("").Eq("x"), `data->>"".eq."x"`},
		{data.Key("list").Elem(0).Text().Eq("x"), `data->list->>0.eq."x"`},
		{data.Elem(-1).Path("a").Eq("x"), `data->-1->>a.eq."x"`},
		{data.Key("a").IsNull(), `data->a.is.null`},
		{data.Key("a").Contains([]int{1}), `data->a.cs."[1]"`},
		{data.Text().Eq("x"), `data.eq."x"`},
		{query.NewColumn[types.TimeOfDay]("t").Eq(types.TimeOfDay{Hour: 8, Nanosecond: 1500}), `t.eq."08:00:00.000002"`},
		{due.Lt(time.Date(2026, 1, 2, 3, 4, 5, 1600, time.UTC)), `due.lt."2026-01-02T03:04:05.000002Z"`},
		{query.NewColumn[*time.Time]("p").Lt(&at), `p.lt."2026-01-02T03:04:05.000006Z"`},
		{data.Contains(map[string]any{"at": at}), `data.cs."{\"at\":\"2026-01-02T03:04:05.000006Z\"}"`},
		{data.IsNull(), `data.is.null`},
		{data.NotNull(), `data.not.is.null`},
		{query.NewColumn[string]("we.ird").Eq("x"), `"we.ird".eq."x"`},
		{query.NewColumn[priority]("p").Eq("high"), `p.eq."high"`},
		{query.NewColumn[types.Date]("d").Eq(types.NewDate(2026, 1, 2)), `d.eq."2026-01-02"`},
		{query.NewColumn[decimal.Decimal]("c").Gt(decimal.RequireFromString("1.50")), `c.gt."1.5"`},
		{query.NewColumn[float64]("f").Eq(math.Inf(-1)), `f.eq."-Infinity"`},
		{query.NewColumn[float64]("f").Eq(0.1), `f.eq."0.1"`},
		{query.NewColumn[uint8]("u").Eq(7), `u.eq."7"`},
		{query.And(num.Eq(1), num.Eq(2)), `and(num.eq."1",num.eq."2")`},
		{query.Or(num.Eq(1), query.And(num.Eq(2), active.Eq(true))), `or(num.eq."1",and(num.eq."2",active.eq."true"))`},
		{query.Not(num.Eq(1)), `not.and(num.eq."1")`},
		{query.Not(query.Or(num.Eq(1), num.Eq(2))), `not.and(or(num.eq."1",num.eq."2"))`},
		{query.Raw("title.fts.pump"), `title.fts.pump`},
		// Constant parts leave the tree.
		{query.And(num.In(1), num.NotIn()), `num.eq."1"`},
		{query.Or(num.In(), num.Eq(1)), `num.eq."1"`},
		{query.Or(num.Eq(1), query.Not(query.Filter{}), num.Eq(2)), `or(num.eq."1",num.eq."2")`},
	} {
		require.Equal(t, tt.want, tree(t, tt.filter))
	}
}

func TestConstantFilters(t *testing.T) {
	for _, f := range []query.Filter{num.In(), query.Or(), query.Not(num.NotIn()), query.And(num.Eq(1), num.In()), tags.Overlaps()} {
		require.True(t, build(query.Where(f)).Never)
	}
	for _, f := range []query.Filter{num.NotIn(), query.And(), {}, query.Not(num.In()), query.Or(num.Eq(1), num.NotIn())} {
		s := build(query.Where(f))
		require.False(t, s.Never)
		require.Empty(t, s.Where)
	}
}

func TestWhatCannotBeAsked(t *testing.T) {
	var none *types.Date
	for name, opt := range map[string]query.Option{
		"NUL":                 query.Where(title.Eq("a\x00")),
		"UTF-8":               query.Where(title.Eq("\xff")),
		"in In":               query.Where(title.In("a", "\xff")),
		"in NotIn":            query.Where(title.NotIn("a", "\xff")),
		"in an array":         query.Where(tags.Contains("\x00")),
		"nested":              query.Where(query.Not(query.Or(num.Eq(1), title.Eq("\x00")))),
		"decided":             query.Where(query.And(num.In(), title.Eq("\x00"))),
		"raw":                 query.Where(query.Raw("a.eq.\x00")),
		"empty raw":           query.Where(query.Raw(" ")),
		"no column":           query.Where(query.Column[int]{}.Eq(1)),
		"no column in":        query.Where(query.Column[int]{}.In(1, 2)),
		"no order":            query.OrderBy(query.Order{}),
		"year":                query.Where(due.Eq(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))),
		"year after rounding": query.Where(due.Eq(time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC))),
		"year before 1":       query.Where(due.Eq(types.FarPast())),
		"infinite date":       query.Where(query.NewColumn[types.Date]("d").Eq(types.FarFutureDate())),
		"no number":           query.Where(query.NewColumn[decimal.Decimal]("c").Eq(decimal.New(1, 131072))),
		"JSON value":          query.Where(data.Contains(map[string]string{"a": "\xff"})),
		"JSON key":            query.Where(data.Contains(map[string]string{"\xff": "a"})),
		"JSON NUL":            query.Where(data.Contains(map[string]string{"a": "\x00"})),
		"JSON raw":            query.Where(data.Contains(json.RawMessage(`{"a":"\ud800"}`))),
		"JSON year":           query.Where(data.Contains(map[string]any{"a": types.FarFuture()})),
		"path UTF-8":          query.Where(data.Path("k\xff").Eq("a")),
		"path NUL":            query.Where(data.Path("k\x00").IsNull()),
		"column name":         query.Where(query.NewColumn[int]("\xff").Eq(1)),
		"order name":          query.OrderBy(query.NewColumn[int]("\x00").Asc()),
		"no date":             query.Where(query.NewColumn[types.Date]("d").Eq(types.Date{})),
		"nil":                 query.Where(query.NewColumn[*types.Date]("d").Eq(none)),
		"bad date":            query.Where(query.NewColumn[types.Date]("d").Eq(types.Date{Year: 1, Month: 13})),
		"type":                query.Where(query.NewColumn[struct{}]("d").Eq(struct{}{})),
		"JSON":                query.Where(data.Contains(func() {})),
		"limit":               query.Limit(0),
		"negative limit":      query.Limit(-1),
		"page size":           query.PageSize(0),
		"count":               query.Count("roughly"),
	} {
		require.Error(t, build(opt).Err, name)
	}
}

func TestOptions(t *testing.T) {
	s := build(
		query.Where(num.Eq(1), active.Eq(true)), query.Where(num.In(2, 3)),
		query.OrderBy(due.Asc()), query.OrderBy(num.Desc(), title.Asc().NullsFirst(), title.Desc().NullsLast()),
		query.Limit(5), query.PageSize(6), query.After("c"), query.Count(query.Planned),
	)
	require.Equal(t, queryspec.Spec{
		Where: []queryspec.Condition{
			{Expr: `num.eq."1"`}, {Expr: `active.eq."true"`},
			{Expr: `num.in.("2","3")`, Column: "num", Values: []string{`"2"`, `"3"`}},
		},
		Order: []queryspec.Order{
			{Column: "due"}, {Column: "num", Desc: true, NullsFirst: true},
			{Column: "title", NullsFirst: true}, {Column: "title", Desc: true},
		},
		Limit: 5, PageSize: 6, After: "c", Count: "planned",
	}, s)
}

func TestRaw(t *testing.T) {
	for _, ok := range []string{
		"title.fts.pump", "title.fts(english).pump", "title.plfts(simple).a b", "title.wfts.x", "title.phfts.x",
		"a.eq.1", "a.not.eq.1", `a.eq."x,y)(\"\\"`, "a.eq.", "a.like.*x*", "a.like(any).{x*,y*}", "a.eq(all).{1,2}", "a.not.ilike(any).{x}",
		"a.in.(1,2)", `a.in.("x,y",z)`, "a.not.in.(1)", "a.in.()", "a.is.null", "a.is.not_null", "a.not.is.null", "a.is.true", "a.is.unknown",
		"a.isdistinct.1", "a.cs.{x,y}", `a.cs.{"x y",z}`, "a.cd.{}", `a.ov."[1,5)"`, `a.cs."{\"a\":1}"`, "a.sl.5", "a.neq.5", "a.eq.5.5", "a.eq.a:b",
		"and(a.eq.1,b.eq.2)", "or(a.eq.1,and(b.eq.2,not.or(c.is.null,d.gt.1)))", "not.and(a.eq.1)", "or( a.eq.1 , b.in.(1) )", "  a.eq.1  ",
		"data->>a.eq.x", "data->a->0->>b.eq.x", "data->-1.is.null", `data->"a.b"->>"0".eq.x`, `"odd name".eq.1`, "two words.eq.1", "with-dash.eq.1",
		"größe.eq.1", "and.eq.1", "not.eq.1", "a.eq.2026-01-02T03:04:05+00:00", `a.eq.x"y`, "in.in.(in)", "$a_1.eq.1",
	} {
		s := build(query.Where(query.Raw(ok)))
		require.NoError(t, s.Err, ok)
		require.Equal(t, strings.TrimSpace(ok), s.Where[0].Expr)
		alone(t, ok)
	}
	for _, bad := range []string{
		"", " ", "title", "title.", "title.eq", ".eq.1", "title.fts", "title.is.nul", "title.is.nullx", "title.is.", "title.in.1", "title.in.(1", "a.in.(1)2",
		"a.eq.1)", "a.eq.x),id.eq.y", "title.like.a*),id.eq.x", "a.eq.1,b.eq.2", "(a.eq.1)", "and()", "and(a.eq.1", "and(a.eq.1))", "or(a.eq.1,)", "and(,a.eq.1)",
		"xor(a.eq.1)", "and (a.eq.1)", "not.not.and(a.eq.1)", "and(a.eq.1)b", "and.a.eq.1", `a.eq."x`, `a.eq."x"y`, `a.eq."x,y" ` + "z", `a.eq."a)" ,b.eq.1`,
		`"a.eq.1`, "a.cs.{x", "a.cs.{x}y", "a.cs.{{x}}", "a.cs.{x)}", "a.in.({x),b.eq.{y})", "a.in.({x),b.eq.{y}", "a.eq.f(x)", "a.eq.(", "a.ov.[1,5)",
		"a.eq(some).1", "a.neq(any).{1}", "a.fts().x", "a.fts(a)b.x", "a.fts(a),b.x)", "a.like(any.x", "a.is(any).null", "a.EQ.1", "a.nope.1", "a.eq\t.1",
		"data->.eq.1", "data->>.eq.1", "data->a->.eq.1", "data-.eq.1", "a b .eq.1", "a::text.eq.1", "a*.eq.1", "\na.eq.1", "a;b.eq.1", "a.eq.\x00", "a.eq.\xff",
		strings.Repeat("and(", 200) + "a.eq.1" + strings.Repeat(")", 200),
	} {
		require.Error(t, build(query.Where(query.Raw(bad))).Err, "%q", bad)
	}
}

// alone makes sure that PostgREST reads what stands beside a raw filter.
func alone(t *testing.T, expr string) {
	t.Helper()
	n, err := postgresttest.ParseAnd("(a.eq.first," + build(query.Where(query.Raw(expr))).Where[0].Expr + ",z.eq.last)")
	require.NoError(t, err, expr)
	require.Len(t, n.Nodes, 3, expr)
	require.Equal(t, postgresttest.Node{Op: "eq", Column: "a", Value: "first"}, n.Nodes[0], expr)
	require.Equal(t, postgresttest.Node{Op: "eq", Column: "z", Value: "last"}, n.Nodes[2], expr)
	n, err = postgresttest.ParseAnd("(" + build(query.Where(query.Not(query.Raw(expr)))).Where[0].Expr + ")")
	require.NoError(t, err, expr)
	require.Len(t, n.Nodes, 1, expr)
	require.True(t, n.Nodes[0].Not && len(n.Nodes[0].Nodes) == 1, expr)
}

// A raw filter either fails or leaves what stands beside it alone.
func FuzzRaw(f *testing.F) {
	for _, s := range []string{
		"title.like.a*),id.eq.x", "a.in.({x),b.eq.{y})", `a.eq."x" ,b.eq.1`, "or(a.fts(english).b,not.and(c.is.null,d.like(any).{a,b}))",
		`data->"a"->0->>b.in.("x,y)",z)`, "a-b.eq.{x,y}", "two words.eq.x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if build(query.Where(query.Raw(s))).Err == nil {
			alone(t, s)
		}
	})
}

// Whatever text goes into a filter, PostgREST must read the same text.
func FuzzQuoting(f *testing.F) {
	for _, s := range []string{"", "a", `,.:()"\`, `\`, `"`, `\"`, "*%_", "null", "{a}", "é\n\t ", "not.and(a.eq.1)", "%22"} {
		f.Add(s, "x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		filter := query.Or(title.Eq(a), query.Not(title.In(a, b)), query.NewColumn[string]("c"+a).Eq(b), tags.Contains(a, b), data.Path(a+"k").Eq(b))
		s := build(query.Where(filter))
		if !utf8.ValidString(a) || !utf8.ValidString(b) || strings.ContainsRune(a+b, 0) {
			require.Error(t, s.Err)
			return
		}
		require.NoError(t, s.Err)
		n, err := postgresttest.ParseAnd("(" + s.Where[0].Expr + ")")
		require.NoError(t, err)
		or := n.Nodes[0].Nodes
		require.Equal(t, postgresttest.Node{Op: "eq", Column: "title", Value: a}, or[0])
		require.Equal(t, []string{a, b}, or[1].Nodes[0].Values)
		require.Equal(t, postgresttest.Node{Op: "eq", Column: "c" + a, Value: b}, or[2])
		require.Equal(t, []string{a, b}, parseArray(t, or[3].Value))
		require.Equal(t, "data->>"+a+"k", or[4].Column)
	})
}

// Contains must become a pattern that matches exactly its text.
func FuzzLike(f *testing.F) {
	f.Add(`50%_\*`)
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return
		}
		n, err := postgresttest.ParseAnd("(" + build(query.Where(title.HasPrefix(s))).Where[0].Expr + ")")
		require.NoError(t, err)
		cond := n.Nodes[0]
		var literal strings.Builder
		pattern := cond.Value
		switch cond.Op {
		case "like":
			require.NotContains(t, pattern, "*")
			pattern = pattern[:len(pattern)-1] // the % behind the prefix
		case "match":
			pattern = strings.TrimPrefix(pattern, "^")
		}
		for i := 0; i < len(pattern); i++ {
			if pattern[i] == '\\' {
				i++
			} else {
				require.NotContains(t, map[string]string{"like": "%_", "match": `.+*?()|[]{}^$`}[cond.Op], string(rune(pattern[i])))
			}
			literal.WriteByte(pattern[i])
		}
		require.Equal(t, s, literal.String())
	})
}

// parseArray reads the text of an array whose elements are all quoted.
func parseArray(t *testing.T, s string) []string {
	t.Helper()
	var out []string
	s = strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}")
	for s != "" {
		var b strings.Builder
		i := 1
		for ; s[i] != '"'; i++ {
			if s[i] == '\\' {
				i++
			}
			b.WriteByte(s[i])
		}
		out = append(out, b.String())
		s = strings.TrimPrefix(s[i+1:], ",")
	}
	return out
}

func TestPageEncodes(t *testing.T) {
	b, err := json.Marshal(query.Page[int]{Items: []int{1}, HasMore: true, Next: "x"})
	require.NoError(t, err)
	require.JSONEq(t, `{"Items":[1],"Total":0,"HasMore":true,"Next":"x"}`, string(b))
}
