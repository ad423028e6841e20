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
		"NUL":            query.Where(title.Eq("a\x00")),
		"UTF-8":          query.Where(title.Eq("\xff")),
		"in In":          query.Where(title.In("a", "\xff")),
		"in NotIn":       query.Where(title.NotIn("a", "\xff")),
		"in an array":    query.Where(tags.Contains("\x00")),
		"nested":         query.Where(query.Not(query.Or(num.Eq(1), title.Eq("\x00")))),
		"decided":        query.Where(query.And(num.In(), title.Eq("\x00"))),
		"raw":            query.Where(query.Raw("a.eq.\x00")),
		"empty raw":      query.Where(query.Raw(" ")),
		"no column":      query.Where(query.Column[int]{}.Eq(1)),
		"no column in":   query.Where(query.Column[int]{}.In(1, 2)),
		"no order":       query.OrderBy(query.Order{}),
		"year":           query.Where(due.Eq(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))),
		"no date":        query.Where(query.NewColumn[types.Date]("d").Eq(types.Date{})),
		"nil":            query.Where(query.NewColumn[*types.Date]("d").Eq(none)),
		"bad date":       query.Where(query.NewColumn[types.Date]("d").Eq(types.Date{Year: 1, Month: 13})),
		"type":           query.Where(query.NewColumn[struct{}]("d").Eq(struct{}{})),
		"JSON":           query.Where(data.Contains(func() {})),
		"limit":          query.Limit(0),
		"negative limit": query.Limit(-1),
		"page size":      query.PageSize(0),
		"count":          query.Count("roughly"),
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
