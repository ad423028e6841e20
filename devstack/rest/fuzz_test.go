package rest

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func FuzzParsersNeverPanic(f *testing.F) {
	for _, s := range []string{"id,n:name::text,data->k->>0", "eq.1", "not.in.(1,\"a\\\"b\")", "(id.eq.1,not.and(a.is.null,b.cs.{1,2}))",
		"id.desc.nullslast,a->b.asc", `"\`, "((((", "x!y(z(*),...w(*))", "fts(english).a", "a-b->-1", "count()"} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, s string) {
		_, _ = parseSelect(s)
		_, _ = parseOrder(s)
		_, _ = parseFilter(s)
		_, _ = parseTree("not.or", s)
		_, _, _ = parseKey(s)
		_, _ = parseNames("columns", s)
		splitQuery(s)
	})
}

func FuzzValuesMatchExactlyTheirRow(f *testing.F) {
	for _, s := range []string{"", "a", `"`, `\`, `a,b`, `(a)`, `{a}`, `a.b:c`, "null", "NULL", `\"`, "ü€😀", " x ", "*", "%", "a\nb", "'; drop table texts; --", "$1", "eq.x", "&=+?#"} {
		f.Add(s)
	}
	a := newAPI(f)
	a.sql(`insert into public.texts (v) values (''), ('a'), ('"'), ('\'), ('a,b'), ('null'), (' '), ('%')`)
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	f.Fuzz(func(t *testing.T, v string) {
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
			t.Skip("PostgreSQL holds no such text")
		}
		a.t = t
		body, err := json.Marshal(map[string]string{"v": v})
		require.NoError(t, err)
		r := a.do("POST", "/texts", string(body), "Prefer: return=representation")
		require.Equal(t, 201, r.code, r.body)
		quoted := url.QueryEscape(`"` + quote.Replace(v) + `"`)
		for _, query := range []string{"or=(v.eq." + quoted + ",id.eq.-1)", "v=in.(" + quoted + "," + quoted + ")", "v=eq." + url.QueryEscape(v)} {
			r := a.do("GET", "/texts?select=v&limit=1&"+query, "")
			require.Equal(t, 200, r.code, r.body)
			var rows []struct{ V string }
			require.NoError(t, json.Unmarshal([]byte(r.body), &rows))
			require.Equal(t, []struct{ V string }{{v}}, rows, query)
		}
		r = a.do("GET", "/texts?select=v&limit=1&and=(v.neq."+quoted+",v.in.("+quoted+"))", "")
		require.Equal(t, "[]", r.body)
	})
}
