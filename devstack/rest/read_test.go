package rest

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

func TestSelect(t *testing.T) {
	a := newAPI(t)
	for _, tc := range []struct{ sel, want string }{
		{"id,name", `{"id":1,"name":"hammer"}`},
		{"number:id", `{"number":1}`},
		{"id::text", `{"id":"1"}`},
		{"n:price::integer", `{"n":10}`},
		{"n:price::double precision", `{"n":9.5}`},
		{"mood::mood", `{"mood":"sad"}`},
		{"data->k", `{"k":{"n": 1}}`},
		{"data->k->>n", `{"n":"1"}`},
		{"data->list->1", `{"list":20}`},
		{"second:data->list->>-1", `{"second":"20"}`},
		{"n:data->k->n::int", `{"n":1}`},
		{"tags->0", `{"tags":"a"}`},
		{`"name"`, `{"name":"hammer"}`},
		{"id, name", `{"id":1,"name":"hammer"}`},
		{"at,ref", `{"at":"2026-01-01T10:00:00+00:00","ref":"00000000-0000-0000-0000-000000000001"}`},
		{"price,during,tags", `{"price":9.50,"during":"[1,5)","tags":["a","b"]}`},
		{"", `{"id":1,"name":"hammer","price":9.50,"qty":10,"active":true,"tags":["a","b"],"data":{"k": {"n": 1}, "s": "x", "list": [10, 20]},"during":"[1,5)","at":"2026-01-01T10:00:00+00:00","ref":"00000000-0000-0000-0000-000000000001","mood":"sad"}`},
	} {
		t.Run(tc.sel, func(t *testing.T) {
			r := a.get("/items?id=eq.1&select="+url.QueryEscape(tc.sel), "Accept: application/vnd.pgrst.object+json")
			require.Equal(t, 200, r.code, r.body)
			require.Equal(t, tc.want, r.body)
		})
	}
}

func TestSelectErrors(t *testing.T) {
	a := newAPI(t)
	for _, tc := range []struct {
		query, code, message, details string
		status                        int
	}{
		{"select=nope", "42703", "column items.nope does not exist", "", 400},
		{"nope=eq.1", "42703", "column items.nope does not exist", "", 400},
		{"order=nope", "42703", "column items.nope does not exist", "", 400},
		{"select=id::nope", "42704", `type "nope" does not exist`, "", 400},
		{"select=id,", "PGRST100", `"failed to parse select parameter (id,)" (line 1, column 4)`, "unexpected end of input expecting field name (* or [a..z0..9_$])", 400},
		{"select=id%3B", "PGRST100", `"failed to parse select parameter (id;)" (line 1, column 3)`, `unexpected ";" expecting "->", "::", ".", ")", "," or end of input`, 400},
		{"select=id,docs(body)", "PGRST200", "Could not find a relationship between 'items' and 'docs' in the schema cache",
			"Searched for a foreign key relationship between 'items' and 'docs' in the schema 'public', but no matches were found.", 400},
		{"select=x:docs!inner(body,more(*))", "PGRST200", "Could not find a relationship between 'items' and 'docs' in the schema cache",
			"Searched for a foreign key relationship between 'items' and 'docs' in the schema 'public', but no matches were found.", 400},
		{"select=id.sum()", "PGRST123", "Use of aggregate functions is not allowed", "", 400},
		{"select=count()", "PGRST123", "Use of aggregate functions is not allowed", "", 400},
		{"id=5", "PGRST100", `"failed to parse filter (5)" (line 1, column 1)`, `unexpected "5" expecting "not" or operator (eq, gt, ...)`, 400},
		{"id=is.maybe", "PGRST100", `"failed to parse filter (is.maybe)" (line 1, column 4)`, `unexpected "m" expecting isVal: (null, not_null, true, false, unknown)`, 400},
		{"id=in.1,2", "PGRST100", `"failed to parse filter (in.1,2)" (line 1, column 4)`, `unexpected "1" expecting "("`, 400},
		{"id=cs(any).{1}", "PGRST100", `"failed to parse filter (cs(any).{1})" (line 1, column 4)`, `unexpected "a" expecting operator (eq, gt, ...)`, 400},
		{"order=id.up", "PGRST100", `"failed to parse order (id.up)" (line 1, column 4)`, `unexpected "u" expecting order direction (asc or desc) or nulls (nullsfirst or nullslast)`, 400},
		{"or=(id.eq.1", "PGRST100", `"failed to parse logic tree ((id.eq.1)" (line 1, column 11)`, `unexpected end of input expecting "," or ")"`, 400},
		{"or=()", "PGRST100", `"failed to parse logic tree (())" (line 1, column 4)`, `unexpected ")" expecting field name (* or [a..z0..9_$])`, 400},
		{"docs.id=eq.1", "PGRST108", "'docs' is not an embedded resource in this request", "", 400},
		{"ref=eq.zzz", "22P02", `invalid input syntax for type uuid: "zzz"`, "", 400},
		{"id=eq.a", "22P02", `invalid input syntax for type integer: "a"`, "", 400},
		{"id=in.(1,a)", "22P02", `invalid input syntax for type integer: "a"`, "", 400},
		{"id=eq.99999999999", "22003", `value "99999999999" is out of range for type integer`, "", 400},
		{"at=gt.yesterdayish", "22007", `invalid input syntax for type timestamp with time zone: "yesterdayish"`, "", 400},
		{"mood=eq.bored", "22P02", `invalid input value for enum mood: "bored"`, "", 400},
		{"name=is.true", "42804", "argument of IS TRUE must be type boolean, not type text", "", 400},
		{"id=like.1*", "42883", "operator does not exist: integer ~~ unknown", "", 404},
		{"name=eq.%00", "22021", `invalid byte sequence for encoding "UTF8": 0x00`, "", 400},
	} {
		t.Run(tc.query, func(t *testing.T) {
			r := a.get("/items?" + tc.query)
			require.Equal(t, tc.status, r.code, r.body)
			e := r.errorOf(t)
			require.Equal(t, tc.code, e.Code)
			require.Equal(t, tc.message, e.Message)
			if tc.details != "" {
				require.Equal(t, tc.details, e.Details)
			}
		})
	}
}

func TestFilters(t *testing.T) {
	a := newAPI(t)
	for _, tc := range []struct {
		query string
		want  []int
	}{
		{"id=eq.1", []int{1}},
		{"id=neq.1", []int{2, 3, 4, 5}},
		{"id=gt.3", []int{4, 5}},
		{"id=gte.3", []int{3, 4, 5}},
		{"id=lt.3", []int{1, 2}},
		{"id=lte.3", []int{1, 2, 3}},
		{"id=gt.1&id=lt.4", []int{2, 3}},
		{"name=like.ha*", []int{1}},
		{"name=like.*a*", []int{1, 2, 3, 4}},
		{"name=like.h_mmer", []int{1}},
		{"name=ilike.ha*", []int{1, 2}},
		{"name=like(any).{ha*,n*}", []int{1, 3}},
		{"name=ilike(all).{h*,*saw}", []int{2}},
		{"name=match.^ha", []int{1}},
		{"name=imatch.^ha", []int{1, 2}},
		{"name=match(any).{^ha,l$}", []int{1, 3}},
		{"id=in.(1,3)", []int{1, 3}},
		{"id=in.()", []int{}},
		{"id=not.in.(1,3)", []int{2, 4, 5}},
		{"id=eq(any).{1,2}", []int{1, 2}},
		{"id=gt(all).{1,3}", []int{4, 5}},
		{"id=not.eq.1", []int{2, 3, 4, 5}},
		{"name=is.null", []int{5}},
		{"name=not.is.null", []int{1, 2, 3, 4}},
		{"name=is.not_null", []int{1, 2, 3, 4}},
		{"active=is.true", []int{1, 4}},
		{"active=is.TRUE", []int{1, 4}},
		{"active=is.false", []int{2, 5}},
		{"active=is.unknown", []int{3}},
		{"active=not.is.true", []int{2, 3, 5}},
		{"active=eq.true", []int{1, 4}},
		{"qty=isdistinct.5", []int{1, 3, 4, 5}},
		{"qty=not.isdistinct.5", []int{2}},
		{"tags=cs.{b}", []int{1, 2}},
		{"tags=cd.{a,b,c}", []int{1, 2, 3}},
		{"tags=ov.{a,c}", []int{1, 4}},
		{`data=cs.{"s":"x"}`, []int{1}},
		{"during=sl.[5,6)", []int{1}},
		{"during=sr.[3,5)", []int{2, 3}},
		{"during=nxr.[5,12)", []int{1, 2}},
		{"during=nxl.[5,12)", []int{2, 3}},
		{"during=adj.[10,20)", []int{2, 3}},
		{"during=cs.[2,3)", []int{1}},
		{"data->>s=eq.x", []int{1}},
		{"data->k->>n=eq.2", []int{2}},
		{"data->k->n=eq.2", []int{2}},
		{"data->list->>0=eq.10", []int{1}},
		{"tags->>0=eq.c", []int{4}},
		{`"name"=eq.nail`, []int{3}},
		{"at=gte.2026-01-02T10:00:00Z", []int{2, 3}},
		{"at=eq.2026-01-02T12:00:00%2B02:00", []int{2}},
		{"ref=eq.00000000-0000-0000-0000-000000000002", []int{2}},
		{"price=eq.9.5", []int{1}},
		{"mood=in.(sad,glad)", []int{1, 2}},
		{"name=eq.", []int{}},
	} {
		t.Run(tc.query, func(t *testing.T) {
			require.Equal(t, tc.want, a.get("/items?order=id&select=id&"+tc.query).ids(t))
		})
	}
}

func TestFullTextSearch(t *testing.T) {
	a := newAPI(t)
	for query, want := range map[string][]int{
		"vec=fts(simple).cats":              {},
		"vec=fts(english).cats":             {1},
		"vec=fts(english).fat %26 rats":     {1},
		"vec=plfts(english).the fat rats":   {1},
		"vec=phfts(english).fat cats":       {1},
		"vec=phfts(english).cats rats":      {},
		"vec=wfts(english).nothing or rat":  {1, 2},
		"vec=not.fts(english).rats":         {2},
		"body=fts(english).rat":             {1},
		"or=(vec.fts(english).rat,id.eq.2)": {1, 2},
	} {
		t.Run(query, func(t *testing.T) {
			require.Equal(t, want, a.get("/docs?order=id&select=id&"+query).ids(t))
		})
	}
	require.Equal(t, "42704", a.get("/docs?vec=fts(klingon).x").errorOf(t).Code)
}

func TestLogicTrees(t *testing.T) {
	a := newAPI(t)
	for _, tc := range []struct {
		query string
		want  []int
	}{
		{"or=(id.eq.1,id.eq.3)", []int{1, 3}},
		{"and=(id.gt.1,id.lt.4)", []int{2, 3}},
		{"not.or=(id.eq.1,id.eq.3)", []int{2, 4, 5}},
		{"not.and=(id.gt.1,id.lt.4)", []int{1, 4, 5}},
		{"or=(id.eq.1,and(id.gt.2,id.lt.5))", []int{1, 3, 4}},
		{"or=(id.eq.1,not.and(id.gt.1,id.lt.5))", []int{1, 5}},
		{"and=(or(id.eq.1,id.eq.2),not.or(id.eq.2,id.eq.3))", []int{1}},
		{"or=(id.not.in.(1,2,3),name.is.null)", []int{4, 5}},
		{"or=(id.in.(1,2),id.eq.5)", []int{1, 2, 5}},
		{"or=( id.eq.1 , id.eq.3 )", []int{1, 3}},
		{"or=(tags.cs.{a,b},id.eq.5)", []int{1, 5}},
		{"or=(id.eq(any).{1,2},id.eq.5)", []int{1, 2, 5}},
		{"or=(data->>s.eq.x,data->k->>n.eq.2)", []int{1, 2}},
		{`and=("name".eq.nail)`, []int{3}},
		{"and=(name.like.ha*)", []int{1}},
		{"and=(id.gt.1)&or=(id.eq.1,id.eq.2)&name=not.is.null", []int{2}},
		{"and=(active.is.true,not.and(id.eq.1))", []int{4}},
	} {
		t.Run(tc.query, func(t *testing.T) {
			require.Equal(t, tc.want, a.get("/items?order=id&select=id&"+tc.query).ids(t))
		})
	}
}

// PostgREST reads most parameters up to where they make sense and ignores the
// rest without a word: a parenthesis too many in a filter switches the others off.
func TestTextBehindTheEnd(t *testing.T) {
	a := newAPI(t)
	for _, tc := range []struct {
		query string
		want  []int
	}{
		{"and=(name.like.*a*),id.eq.99)", []int{1, 2, 3, 4}},
		{"or=(id.eq.1),id.eq.2)", []int{1}},
		{"or=(id.eq.1)id.eq.2", []int{1}},
		{"not.and=(id.gt.2),id.eq.99)", []int{1, 2}},
		{"and=(id.gt.1,or(id.eq.2,id.eq.3)),id.eq.99)", []int{2, 3}},
		{"and=(id.in.(1,2)),id.eq.99)", []int{1, 2}},
		{"and=(name.eq.cat's (best),id.eq.99)", []int{}},
		{"id=in.(1,2),3)", []int{1, 2}},
		{"id=not.in.(1,2)x", []int{3, 4, 5}},
		{"qty=is.nullable", []int{3}},
		{"select=id),nope", []int{1, 2, 3, 4, 5}},
	} {
		t.Run(tc.query, func(t *testing.T) {
			require.Equal(t, tc.want, a.get("/items?select=id&order=id&"+tc.query).ids(t))
		})
	}
	for _, query := range []string{
		"select=id;name", "select=id->a;b", "select=id::text;b", "select=id,", "order=id)", "order=id.desc)", "order=id.descending", "order=id.desc,",
		"or=(id.eq.1", "or=(qty.is.nullable)", "or=(id.in.(1)x)", "or=((id.eq.1))", "or=(id.eq.1,)", "columns=id)", "on_conflict=id)", "on_conflict=",
	} {
		t.Run(query, func(t *testing.T) {
			r := a.get("/items?" + query)
			require.Equal(t, 400, r.code, r.body)
			require.Equal(t, "PGRST100", r.errorOf(t).Code)
		})
	}
}

func TestQuoting(t *testing.T) {
	a := newAPI(t)
	toy := `cat's, (best) "toy"`
	for name, query := range map[string]string{
		"plain filters take the value as it stands": "name=eq." + url.QueryEscape(toy),
		"in takes quotes and backslashes":           "name=in." + url.QueryEscape(`("x","cat's, (best) \"toy\"")`),
		"trees take quotes and backslashes":         "or=" + url.QueryEscape(`(name.eq."cat's, (best) \"toy\"",id.eq.99)`),
		"not inside trees":                          "and=" + url.QueryEscape(`(name.not.in.("hammer","Hand saw",nail))`),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, []int{4}, a.get("/items?select=id&"+query).ids(t))
		})
	}
	require.Empty(t, a.get(`/items?name=eq.%22nail%22`).ids(t), "quotes in a plain filter are part of the value")
	require.Equal(t, []int{3}, a.get(`/items?name=in.(%22nail%22)`).ids(t))
	require.Equal(t, 400, a.get(`/items?id=eq.1%20or%201=1`).code, "a value never becomes SQL")
	require.Equal(t, "42703", a.get(`/items?select=%22id%5C%22%20from%20items--%22`).errorOf(t).Code)
}

func TestOrder(t *testing.T) {
	a := newAPI(t)
	for _, tc := range []struct {
		order string
		want  []int
	}{
		{"id", []int{1, 2, 3, 4, 5}},
		{"id.desc", []int{5, 4, 3, 2, 1}},
		{"qty", []int{5, 2, 4, 1, 3}},
		{"qty.asc", []int{5, 2, 4, 1, 3}},
		{"qty.desc", []int{3, 1, 4, 2, 5}},
		{"qty.nullsfirst", []int{3, 5, 2, 4, 1}},
		{"qty.asc.nullsfirst", []int{3, 5, 2, 4, 1}},
		{"qty.desc.nullslast", []int{1, 4, 2, 5, 3}},
		{"active.desc.nullslast,id.desc", []int{4, 1, 5, 2, 3}},
		{"active.nullsfirst, id.desc", []int{3, 5, 2, 4, 1}},
		{"data->k->>n.nullslast,id.desc", []int{1, 2, 5, 4, 3}},
		{`"qty".desc.nullslast`, []int{1, 4, 2, 5, 3}},
	} {
		t.Run(tc.order, func(t *testing.T) {
			require.Equal(t, tc.want, a.get("/items?select=id&order="+tc.order).ids(t))
		})
	}
}

func TestRangesAndCounts(t *testing.T) {
	a := newAPI(t, func(c *Config, _ *pgxpool.Config) { c.MaxRows = 10 })
	a.sql("analyze public.numbers") // 25 rows: 0 to 24
	for _, tc := range []struct {
		name, query string
		headers     []string
		status      int
		rng         string
	}{
		{"limit", "limit=3", nil, 200, "0-2/*"},
		{"limit and offset", "limit=3&offset=5", nil, 200, "5-7/*"},
		{"nothing found", "n=gt.99", nil, 200, "*/*"},
		{"nothing found, counted", "n=gt.99", []string{"Prefer: count=exact"}, 200, "*/0"},
		{"limit 0", "limit=0", nil, 200, "*/*"},
		{"limit 0, counted", "limit=0", []string{"Prefer: count=exact"}, 206, "*/25"},
		{"clamp", "", nil, 200, "0-9/*"},
		{"clamp beats limit", "limit=20", nil, 200, "0-9/*"},
		{"clamp, counted", "", []string{"Prefer: count=exact"}, 206, "0-9/25"},
		{"all, counted", "n=lt.5", []string{"Prefer: count=exact"}, 200, "0-4/5"},
		{"part, counted", "limit=3&offset=22", []string{"Prefer: count=exact"}, 206, "22-24/25"},
		{"offset at the end", "offset=25", []string{"Prefer: count=exact"}, 206, "*/25"},
		{"offset beyond the end, not counted", "offset=99", nil, 200, "*/*"},
		{"offset beyond the end", "offset=26", []string{"Prefer: count=exact"}, 416, "*/25"},
		{"planned", "limit=2", []string{"Prefer: count=planned"}, 206, "0-1/25"},
		{"estimated, few", "n=lt.5&limit=2", []string{"Prefer: count=estimated"}, 206, "0-1/5"},
		{"estimated, many", "limit=2", []string{"Prefer: count=estimated"}, 206, "0-1/25"},
		{"range", "", []string{"Range-Unit: items", "Range: 3-5"}, 200, "3-5/*"},
		{"open range", "", []string{"Range: 20-"}, 200, "20-24/*"},
		{"open range, clamped", "", []string{"Range: 3-"}, 200, "3-12/*"},
		{"range and limit", "limit=2", []string{"Range: 0-5"}, 200, "0-1/*"},
		{"range within offset", "offset=2&limit=4", []string{"Range: 3-9"}, 200, "3-5/*"},
		{"range behind the limit", "limit=2", []string{"Range: 5-9"}, 416, ""},
		{"range before the offset", "offset=6", []string{"Range: 0-5"}, 416, ""},
		{"range, but limit 0", "limit=0", []string{"Range: 5-9"}, 200, "*/*"},
		{"range, counted", "", []string{"Range: 0-4", "Prefer: count=exact"}, 206, "0-4/25"},
		{"no range", "", []string{"Range: bytes"}, 200, "0-9/*"},
		{"range backwards", "", []string{"Range: 5-3"}, 416, ""},
		{"range beyond the end", "", []string{"Range: 50-60", "Prefer: count=exact"}, 416, "*/25"},
		{"negative limit", "limit=-1", nil, 416, ""},
		{"a limit that is none", "limit=abc", nil, 200, "0-9/*"},
		{"huge limit", "limit=99999999999999999999", nil, 200, "0-9/*"},
		{"two preferences", "limit=1", []string{"Prefer: count=exact, handling=lenient"}, 206, "0-0/25"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := a.get("/numbers?order=n&"+tc.query, tc.headers...)
			require.Equal(t, tc.status, r.code, r.body)
			require.Equal(t, tc.rng, r.header.Get("Content-Range"))
			if tc.status == 416 {
				e := r.errorOf(t)
				require.Equal(t, "PGRST103", e.Code)
				require.Equal(t, "Requested range not satisfiable", e.Message)
			}
			head := a.do("HEAD", "/numbers?order=n&"+tc.query, "", tc.headers...)
			require.Empty(t, head.body)
			if len(tc.headers) == 0 || tc.headers[0][:5] != "Range" {
				require.Equal(t, r.code, head.code)
				require.Equal(t, r.header.Get("Content-Range"), head.header.Get("Content-Range"))
			}
		})
	}
	require.Equal(t, "An offset of 26 was requested, but there are only 25 rows.",
		a.get("/numbers?offset=26", "Prefer: count=exact").errorOf(t).Details)
	require.Equal(t, "count=exact", a.get("/numbers", "Prefer: count=exact").header.Get("Preference-Applied"))
	require.Empty(t, a.get("/numbers").header.Get("Preference-Applied"))
	require.Equal(t, "/numbers?limit=1", a.get("/numbers?limit=1").header.Get("Content-Location"))
}

func TestMediaTypes(t *testing.T) {
	a := newAPI(t)
	const object = "Accept: application/vnd.pgrst.object+json"
	for _, tc := range []struct {
		name, query, accept, kind, body string
		status                          int
	}{
		{"none", "id=eq.1", "", "application/json; charset=utf-8", `[{"id":1,"qty":10}]`, 200},
		{"any", "id=eq.1", "Accept: */*", "application/json; charset=utf-8", `[{"id":1,"qty":10}]`, 200},
		{"json", "id=eq.1", "Accept: application/json", "application/json; charset=utf-8", `[{"id":1,"qty":10}]`, 200},
		{"first known", "id=eq.1", "Accept: text/html, application/json;q=0.5", "application/json; charset=utf-8", `[{"id":1,"qty":10}]`, 200},
		{"best q", "id=eq.1", "Accept: application/json;q=0.1, text/csv;q=0.9", "text/csv; charset=utf-8", "id,qty\n1,10", 200},
		{"the more precise of equals", "id=eq.1", "Accept: */*, text/csv", "text/csv; charset=utf-8", "id,qty\n1,10", 200},
		{"parameters are more precise", "id=eq.3", "Accept: application/json, application/vnd.pgrst.object+json;nulls=stripped",
			"application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8", `{"id":3}`, 200},
		{"any but best", "id=eq.1", "Accept: text/csv;q=0.5, */*", "application/json; charset=utf-8", `[{"id":1,"qty":10}]`, 200},
		{"object", "id=eq.1", object, "application/vnd.pgrst.object+json; charset=utf-8", `{"id":1,"qty":10}`, 200},
		{"short object", "id=eq.1", "Accept: application/vnd.pgrst.object", "application/vnd.pgrst.object+json; charset=utf-8", `{"id":1,"qty":10}`, 200},
		{"object without nulls", "id=eq.3", object + ";nulls=stripped", "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8", `{"id":3}`, 200},
		{"array without nulls", "id=eq.3", "Accept: application/vnd.pgrst.array+json;nulls=stripped", "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8", `[{"id":3}]`, 200},
		{"array", "id=eq.3", "Accept: application/vnd.pgrst.array+json", "application/json; charset=utf-8", `[{"id":3,"qty":null}]`, 200},
		{"csv", "id=lt.4&order=id", "Accept: text/csv", "text/csv; charset=utf-8", "id,qty\n1,10\n2,5\n3,", 200},
		{"empty", "id=eq.9", "", "application/json; charset=utf-8", `[]`, 200},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var headers []string
			if tc.accept != "" {
				headers = append(headers, tc.accept)
			}
			r := a.get("/items?select=id,qty&"+tc.query, headers...)
			require.Equal(t, tc.status, r.code, r.body)
			require.Equal(t, tc.kind, r.header.Get("Content-Type"))
			if r.header.Get("Content-Type") == "application/json; charset=utf-8" {
				require.JSONEq(t, tc.body, r.body)
			} else {
				require.Equal(t, tc.body, r.body)
			}
		})
	}
	for _, tc := range []struct {
		query   string
		details string
	}{{"id=eq.9", "The result contains 0 rows"}, {"id=lt.3", "The result contains 2 rows"}} {
		r := a.get("/items?"+tc.query, object)
		require.Equal(t, 406, r.code)
		require.Equal(t, apiError{Code: "PGRST116", Message: "Cannot coerce the result to a single JSON object", Details: tc.details}, r.errorOf(t))
		require.Equal(t, "application/json; charset=utf-8", r.header.Get("Content-Type"))
	}
	for accept, named := range map[string]string{
		"text/html, image/png":               "text/html, image/png",
		"application/*":                      "application/*",
		"application/openapi+json":           "application/openapi+json",
		"application/vnd.pgrst.plan+json":    `application/vnd.pgrst.plan+json; for="application/json"`,
		"application/vnd.pgrst.plan;x=y":     `application/vnd.pgrst.plan+text; for="application/json"`,
		"text/plain;q=0.1, text/html;q=0.25": "text/html, text/plain",
	} {
		r := a.get("/items", "Accept: "+accept)
		require.Equal(t, 406, r.code)
		require.Equal(t, apiError{Code: "PGRST107", Message: "None of these media types are available: " + named}, r.errorOf(t))
	}
}

func TestProfiles(t *testing.T) {
	a := newAPI(t)
	r := a.get("/totals", "Accept-Profile: reporting")
	require.Equal(t, 200, r.code)
	require.JSONEq(t, `[{"day":"2026-01-01","amount":12.5}]`, r.body)
	require.Equal(t, "reporting", r.header.Get("Content-Profile"))
	require.Equal(t, "public", a.get("/items").header.Get("Content-Profile"))
	require.Equal(t, "PGRST205", a.get("/totals").errorOf(t).Code)
	require.Equal(t, "PGRST205", a.get("/totals", "Content-Profile: reporting").errorOf(t).Code, "reads follow Accept-Profile")

	for _, method := range []string{"GET", "POST"} {
		header := map[string]string{"GET": "Accept-Profile", "POST": "Content-Profile"}[method]
		r := a.do(method, "/rpc/whoami", "", header+": secret")
		require.Equal(t, 406, r.code)
		e := r.errorOf(t)
		require.Equal(t, "PGRST106", e.Code)
		require.Equal(t, "Invalid schema: secret", e.Message)
		require.Equal(t, "Only the following schemas are exposed: public, reporting", e.Hint)
	}
	require.Equal(t, "PGRST202", a.do("POST", "/rpc/whoami", "", "Content-Profile: reporting").errorOf(t).Code)
}

func TestLargeAnswers(t *testing.T) {
	a := newAPI(t)
	a.sql(`insert into public.texts (v) select repeat('x', 1000) from generate_series(1, 2500)`)
	require.Len(t, a.get("/texts?select=id&order=id").ids(t), 1000)
	var all []int
	for {
		ids := a.get(fmt.Sprintf("/texts?order=id&offset=%d", len(all))).ids(t)
		if len(ids) == 0 {
			break
		}
		all = append(all, ids...)
	}
	require.Len(t, all, 2500)
	r := a.get("/texts")
	require.Equal(t, fmt.Sprint(len(r.body)), r.header.Get("Content-Length"))
	require.Equal(t, http.StatusOK, r.code)
}

func TestNothingBecomesSQL(t *testing.T) {
	a := newAPI(t)
	const evil = `x"; delete from public.items; --`
	quoted := url.QueryEscape(`"x\"; delete from public.items; --"`)
	for _, tc := range []struct {
		name, method, path, body string
		code                     string
	}{
		{"column", "GET", "/items?select=" + quoted, "", "42703"},
		{"alias", "GET", "/items?select=" + quoted + ":id", "", ""},
		{"cast", "GET", "/items?select=id::" + url.QueryEscape("text) from items; --"), "", ""},
		{"cast of words", "GET", "/items?select=id::" + url.QueryEscape("text COLLATE nope"), "", "42704"},
		{"json key", "GET", "/items?select=data->" + quoted, "", ""},
		{"filter", "GET", "/items?" + quoted + "=eq.1", "", "42703"},
		{"filter on a key", "GET", "/items?data->>" + quoted + "=eq.1", "", ""},
		{"order", "GET", "/items?order=" + quoted, "", "42703"},
		{"value", "GET", "/items?name=eq." + url.QueryEscape(evil), "", ""},
		{"list", "GET", "/items?name=in.(" + quoted + ")", "", ""},
		{"search language", "GET", "/docs?vec=fts(" + url.QueryEscape(evil) + ").x", "", "42602"},
		{"relation", "GET", "/" + url.PathEscape(evil), "", "PGRST205"},
		{"function", "POST", "/rpc/" + url.PathEscape(evil), "", "PGRST202"},
		{"argument", "GET", "/rpc/greet?" + quoted + "=1", "", "PGRST202"},
		{"argument value", "GET", "/rpc/greet?who=" + url.QueryEscape(`'; delete from public.items; --`), "", ""},
		{"columns", "POST", "/items?columns=" + quoted, `{}`, "PGRST204"},
		{"key of a body", "POST", "/items", `{"x\"; delete from public.items; --":1}`, "PGRST204"},
		{"on conflict", "POST", "/items?on_conflict=" + quoted, `{"id":1}`, "42703"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := a.do(tc.method, tc.path, tc.body, "Prefer: resolution=merge-duplicates")
			if tc.code == "" {
				require.Equal(t, 200, r.code, r.body)
			} else {
				require.Equal(t, tc.code, r.errorOf(t).Code, r.body)
			}
		})
	}
	require.Len(t, a.get("/items").ids(t), 5)
}
