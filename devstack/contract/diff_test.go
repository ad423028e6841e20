package contract

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDiff(t *testing.T) {
	text := func(s string) *string { return &s }
	from := &Schema{
		Version: "1",
		Views: []View{
			{Schema: "public", Name: "v_gone"},
			{Schema: "public", Name: "v_same", Kind: "view", Select: []string{"anon"}, Columns: []Column{{Name: "id", Type: "uuid"}}},
			{Schema: "public", Name: "v_x", Kind: "view", Select: []string{"anon"}, Columns: []Column{
				{Name: "a", Type: "uuid"}, {Name: "b", Type: "text"}, {Name: "c", Type: "text", Nullable: true}, {Name: "d", Type: "text"},
			}},
		},
		Functions: []Function{
			{Schema: "public", Name: "f", Volatility: "volatile", Execute: []string{"anon"},
				Args:    []Arg{{Name: "a", Type: "text", Required: true}, {Name: "b", Type: "text", Default: text("1")}, {Name: "c", Type: "text", Default: text("1")}},
				Returns: Returns{Kind: "scalar", Type: "uuid"}},
			{Schema: "public", Name: "g", Returns: Returns{Kind: "table", Columns: []ResultColumn{{Name: "x", Type: "uuid"}, {Name: "y", Type: "uuid"}}}},
		},
	}
	to := &Schema{
		Version: "2",
		Views: []View{
			{Schema: "public", Name: "v_new"},
			from.Views[1],
			{Schema: "public", Name: "v_x", Kind: "table", Select: []string{"anon", "authenticated"}, Columns: []Column{
				{Name: "b", Type: "uuid"}, {Name: "a", Type: "uuid", Nullable: true}, {Name: "c", Type: "text"}, {Name: "e", Type: "text"},
			}},
		},
		Functions: []Function{
			{Schema: "public", Name: "f", Volatility: "stable",
				Args:    []Arg{{Name: "a", Type: "text", Default: text("''")}, {Name: "b", Type: "text", Required: true}, {Name: "c", Type: "text", Default: text("2")}},
				Returns: Returns{Kind: "setof", Type: "uuid"}},
			{Schema: "public", Name: "g", Returns: Returns{Kind: "table", Columns: []ResultColumn{{Name: "x", Type: "text"}}}},
		},
	}
	var got []string
	for _, c := range Diff(from, to) {
		got = append(got, c.String())
	}
	require.Equal(t, []string{
		"view public.v_gone: removed",
		"view public.v_new: added",
		"view public.v_x: kind table, was view",
		"view public.v_x: select anon,authenticated, was anon",
		"view public.v_x: column d: removed",
		"view public.v_x: column b: type uuid, was text",
		"view public.v_x: column a: may be null now",
		"view public.v_x: column c: is never null now",
		"view public.v_x: column e: added",
		"view public.v_x: column order: b, a, c, e",
		"function public.f: volatility stable, was volatile",
		"function public.f: execute none, was anon",
		"function public.f: argument a: is optional now",
		"function public.f: argument a: default '', was none",
		"function public.f: argument b: is required now",
		"function public.f: argument b: default none, was 1",
		"function public.f: argument c: default 2, was 1",
		"function public.f: returns setof uuid, was scalar uuid",
		"function public.g: result column y: removed",
		"function public.g: result column x: type text, was uuid",
	}, got)
	require.Empty(t, Diff(from, from))
}

func TestNodeTree(t *testing.T) {
	v, err := parseTree(`({A :name a\ b\(c\) :list ("x\ y\"z" <>) :none <> :const 4 [ 1 0 ] :flag true :n -3})`)
	require.NoError(t, err)
	n := v.([]any)[0].(*node)
	require.Equal(t, "a b(c)", n.text("name"))
	require.Equal(t, []any{`x y"z`, nil}, n.list("list"))
	require.Nil(t, n.get("none"))
	require.Nil(t, n.get("absent"))
	require.Equal(t, []any{"4", "[", "1", "0", "]"}, n.list("const"))
	require.True(t, n.flag("flag"))
	require.Equal(t, -3, n.num("n"))

	for _, bad := range []string{"", "(", "{A", "{A :x", "{A x}", ")", "(a) b", "{A :x (}"} {
		_, err := parseTree(bad)
		require.Error(t, err, bad)
	}
}

func FuzzNodeTree(f *testing.F) {
	f.Add(`({QUERY :a 1 :b ({X :c "d\ e"}) :f <>})`)
	f.Add(`{A :x \`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parseTree(text)
		if err == nil {
			_ = canonical(v)
		}
	})
}
