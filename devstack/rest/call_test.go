package rest

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

func TestCallResults(t *testing.T) {
	a := newAPI(t)
	for _, tc := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want                     string
	}{
		{"scalar", "POST", "add_them", `{"a":1,"b":2}`, nil, 200, `3`},
		{"scalar by GET", "GET", "add_them?a=1&b=2", "", nil, 200, `3`},
		{"text scalar", "POST", "greet", `{"who":"you"}`, nil, 200, `"hello you"`},
		{"no body", "POST", "greet", "", nil, 200, `"hello world"`},
		{"empty object", "POST", "greet", "{}", nil, 200, `"hello world"`},
		{"defaults by GET", "GET", "greet?loud=true", "", nil, 200, `"HELLO WORLD"`},
		{"null scalar", "POST", "nothing", "{}", nil, 200, `null`},
		{"void", "POST", "do_void", "{}", nil, 204, ``},
		{"void by GET", "GET", "do_void", "", nil, 204, ``},
		{"set of scalars", "POST", "numbers_to", `{"n":3}`, nil, 200, `[1, 2, 3]`},
		{"empty set of scalars", "GET", "numbers_to?n=0", "", nil, 200, `[]`},
		{"limited set of scalars", "POST", "numbers_to?limit=1&offset=1", `{"n":3}`, nil, 200, `[2]`},
		{"rows", "POST", "items_of?select=id&order=id.desc&limit=2", `{}`, nil, 200, `[{"id":5}, {"id":4}]`},
		{"rows by GET with filters", "GET", "items_of?min_id=2&select=id,n:name&name=like.*a*&id=lt.4&order=id", "", nil, 200, `[{"id":2,"n":"Hand saw"}, {"id":3,"n":"nail"}]`},
		{"rows by POST with a tree", "POST", "items_of?select=id&order=id&or=(id.eq.1,id.eq.4)", `{"min_id":0}`, nil, 200, `[{"id":1}, {"id":4}]`},
		{"no rows", "POST", "items_of", `{"min_id":99}`, nil, 200, `[]`},
		{"one row as an object", "POST", "items_of?select=id&id=eq.1", `{}`, []string{"Accept: application/vnd.pgrst.object+json"}, 200, `{"id":1}`},
		{"a scalar by its column", "GET", "numbers_to?n=5&pgrst_scalar=gt.2&order=pgrst_scalar.desc&limit=2", "", nil, 200, `[5,4]`},
		{"no row left", "GET", "item_of?id=1&limit=0", "", nil, 200, `null`},
		{"a text like a filter, with an operator that is none", "GET", "greet?who=eqx.y", "", nil, 200, `"hello eqx.y"`},
		{"rows as CSV, under the names of all columns", "GET", "pairs?order=a&select=b", "", []string{"Accept: text/csv"}, 200, "a,b\nx\ny"},
		{"rows as CSV", "GET", "pairs?order=a", "", []string{"Accept: text/csv"}, 200, "a,b\n1,x\n2,y"},
		{"composite", "POST", "item_of?select=id,name", `{"id":1}`, nil, 200, `{"id":1,"name":"hammer"}`},
		{"out arguments", "POST", "pair", ``, nil, 200, `{"a":1,"b":"x"}`},
		{"table", "GET", "pairs", ``, nil, 200, `[{"a":1,"b":"x"}, {"a":2,"b":"y"}]`},
		{"json as it is", "POST", "echo_json", `{"j":{"a":[1,{"b":null}]}}`, nil, 200, `{"a": [1, {"b": null}]}`},
		{"json array as it is", "POST", "echo_json", `{"j":[1,2]}`, nil, 200, `[1, 2]`},
		{"json by GET", "GET", `echo_json?j={"a":1}`, ``, nil, 200, `{"a": 1}`},
		{"arguments of all kinds", "POST", "echo_args", `{"t":5,"n":"1.50","l":["a","b,c"],"j":{"x":[1]},"m":"glad","u":"00000000-0000-0000-0000-00000000000A"}`, nil, 200,
			`{"t" : "5", "n" : 1.50, "l" : ["a","b,c"], "j" : {"x": [1]}, "m" : "glad", "u" : "00000000-0000-0000-0000-00000000000a"}`},
		{"null arguments", "POST", "echo_args", `{"t":null,"j":null,"l":null}`, nil, 200,
			`{"t" : null, "n" : null, "l" : null, "j" : null, "m" : null, "u" : null}`},
		{"text from json", "POST", "echo_args", `{"t":{"a":1}}`, nil, 200,
			`{"t" : "{\"a\":1}", "n" : null, "l" : null, "j" : null, "m" : null, "u" : null}`},
		{"array by GET", "GET", "echo_args?l={a,b}&n=2", ``, nil, 200,
			`{"t" : null, "n" : 2, "l" : ["a","b"], "j" : null, "m" : null, "u" : null}`},
		{"form", "POST", "greet", `who=a%26b`, []string{"Content-Type: application/x-www-form-urlencoded"}, 200, `"hello a&b"`},
		{"unnamed json", "POST", "whole_body", `{"any":[1]}`, nil, 200, `{"any":[1]}`},
		{"list of objects runs the first", "POST", "add_them", `[{"a":1,"b":2},{"a":3,"b":4}]`, nil, 200, `3`},
		{"unnamed json array", "POST", "whole_body", `[{"a":1},{"a":2}]`, nil, 200, `[{"a":1},{"a":2}]`},
		{"unnamed json value", "POST", "whole_body", `5`, nil, 200, `[]`},
		{"variadic", "POST", "joined", `{"parts":["a","b"]}`, nil, 200, `"a-b"`},
		{"variadic by GET", "GET", "joined?parts=a&parts=b,c", ``, nil, 200, `"a-b,c"`},
		{"overload by arguments", "POST", "by_count", `{"a":1,"b":2}`, nil, 200, `"two"`},
		{"overload by fewer arguments", "GET", "by_count?a=1", ``, nil, 200, `"one"`},
		{"columns choose the arguments", "POST", "by_count?columns=a", `{"a":1,"b":2}`, nil, 200, `"one"`},
		{"writing", "POST", "bump", ``, nil, 200, `11`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := a.do(tc.method, "/rpc/"+tc.path, tc.body, tc.headers...)
			require.Equal(t, tc.status, r.code, r.body)
			if tc.status == 204 || len(tc.headers) > 0 {
				require.Equal(t, tc.want, r.body)
			} else {
				require.JSONEq(t, tc.want, r.body)
				require.Equal(t, "application/json; charset=utf-8", r.header.Get("Content-Type"))
			}
		})
	}
	for _, method := range []string{"POST", "GET", "HEAD"} {
		r := a.do(method, "/rpc/do_void", "", "Prefer: count=exact")
		require.Equal(t, 204, r.code)
		require.Empty(t, r.header.Get("Content-Type"))
		require.Empty(t, r.header.Get("Content-Profile"))
		require.Equal(t, "0-0/1", r.header.Get("Content-Range"))
		require.Equal(t, "count=exact", r.header.Get("Preference-Applied"))
		require.Equal(t, "0-0/*", a.do(method, "/rpc/do_void", "").header.Get("Content-Range"))
	}
}

func TestCallErrors(t *testing.T) {
	a := newAPI(t)
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		want                     apiError
	}{
		{"unknown", "POST", "add_then", `{"a":1}`, 404, apiError{Code: "PGRST202",
			Message: "Could not find the function public.add_then(a) in the schema cache",
			Details: "Searched for the function public.add_then with parameter a or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache.",
			Hint:    "Perhaps you meant to call the function public.add_them"}},
		{"missing argument", "POST", "add_them", `{"a":1}`, 404, apiError{Code: "PGRST202",
			Message: "Could not find the function public.add_them(a) in the schema cache",
			Details: "Searched for the function public.add_them with parameter a or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache.",
			Hint:    nil}},
		{"surplus argument by GET", "GET", "add_them?a=1&b=2&c=3", ``, 404, apiError{Code: "PGRST202",
			Message: "Could not find the function public.add_them(a, b, c) in the schema cache",
			Details: "Searched for the function public.add_them with parameters a, b, c, but no matches were found in the schema cache.",
			Hint:    "Perhaps you meant to call the function public.add_them(a, b)"}},
		{"no arguments", "POST", "zzz", ``, 404, apiError{Code: "PGRST202",
			Message: "Could not find the function public.zzz without parameters in the schema cache",
			Details: "Searched for the function public.zzz without parameters or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache."}},
		{"a text like a filter", "GET", "greet?who=not.me", ``, 400, apiError{Code: "PGRST100",
			Message: `"failed to parse filter (not.me)" (line 1, column 5)`, Details: `unexpected "m" expecting "not" or operator (eq, gt, ...)`}},
		{"a column that a scalar lacks", "GET", "add_them?a=1&b=2&select=nope", ``, 400, apiError{Code: "42703", Message: "column add_them.nope does not exist"}},
		{"a column that rows lack", "GET", "items_of?select=nope", ``, 400, apiError{Code: "42703", Message: "column items.nope does not exist",
			Hint: `Perhaps you meant to reference the column "items.name".`}},
		{"a column that a result lacks", "GET", "pairs?nope=eq.1", ``, 400, apiError{Code: "42703", Message: "column pairs.nope does not exist"}},
		{"trigger", "POST", "on_item", ``, 404, apiError{Code: "PGRST202",
			Message: "Could not find the function public.on_item without parameters in the schema cache",
			Details: "Searched for the function public.on_item without parameters or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache."}},
		{"ambiguous", "POST", "twice", `{"v":1}`, 300, apiError{Code: "PGRST203",
			Message: "Could not choose the best candidate function between: public.twice(v => integer), public.twice(v => text)",
			Hint:    "Try renaming the parameters or the function itself in the database so function overloading can be resolved"}},
		{"bad json", "POST", "add_them", `{"a":`, 400, apiError{Code: "PGRST102", Message: "Empty or invalid json"}},
		{"no object", "POST", "add_them", `5`, 404, apiError{Code: "PGRST202",
			Message: "Could not find the function public.add_them without parameters in the schema cache",
			Details: "Searched for the function public.add_them without parameters or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache."}},
		{"different keys", "POST", "add_them", `[{"a":1,"b":2},{"a":1}]`, 400, apiError{Code: "PGRST102", Message: "All object keys must match"}},
		{"no list of objects for an unnamed parameter", "POST", "whole_body", `[1,2]`, 400, apiError{Code: "PGRST102", Message: "All object keys must match"}},
		{"no list of objects", "POST", "add_them", `[1]`, 400, apiError{Code: "PGRST102", Message: "All object keys must match"}},
		{"bad value", "POST", "add_them", `{"a":"x","b":2}`, 400, apiError{Code: "22P02", Message: `invalid input syntax for type integer: "x"`}},
		{"bad value by GET", "GET", "add_them?a=x&b=2", ``, 400, apiError{Code: "22P02", Message: `invalid input syntax for type integer: "x"`}},
		{"bad uuid", "POST", "echo_args", `{"u":"x"}`, 400, apiError{Code: "22P02", Message: `invalid input syntax for type uuid: "x"`}},
		{"filter without operator by POST", "POST", "items_of?id=1", `{}`, 400, apiError{Code: "PGRST100",
			Message: `"failed to parse filter (1)" (line 1, column 1)`, Details: `unexpected "1" expecting "not" or operator (eq, gt, ...)`}},
		{"no privilege", "POST", "secret", ``, 403, apiError{Code: "42501", Message: "permission denied for function secret"}},
		{"write by GET", "GET", "bump", ``, 405, apiError{Code: "25006", Message: "cannot execute UPDATE in a read-only transaction"}},
		{"write in a stable function", "POST", "sneaky", ``, 400, apiError{Code: "0A000", Message: "UPDATE is not allowed in a non-volatile function"}},
		{"void that fails", "POST", "void_raises", ``, 400, apiError{Code: "P0001", Message: "no"}},
		{"void that fails by GET", "GET", "void_raises", ``, 400, apiError{Code: "P0001", Message: "no"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := a.do(tc.method, "/rpc/"+tc.path, tc.body)
			require.Equal(t, tc.status, r.code, r.body)
			e := r.errorOf(t)
			if tc.name == "missing argument" {
				e.Hint = nil // whether a shorter list is near enough is a matter of taste
			}
			require.Equal(t, tc.want, e)
		})
	}
	r := a.do("POST", "/rpc/add_them", `<a/>`, "Content-Type: text/xml")
	require.Equal(t, "PGRST202", r.errorOf(t).Code)
}

func TestCallRangesAndCounts(t *testing.T) {
	a := newAPI(t, func(c *Config, _ *pgxpool.Config) { c.MaxRows = 3 })
	for _, tc := range []struct {
		method, path, prefer string
		status               int
		rng                  string
	}{
		{"POST", "numbers_to", "", 200, "0-2/*"},
		{"POST", "numbers_to", "count=exact", 206, "0-2/7"},
		{"POST", "numbers_to?offset=5", "count=exact", 206, "5-6/7"},
		{"POST", "numbers_to?offset=8", "count=exact", 416, "*/7"},
		{"GET", "numbers_to?n=7&limit=2", "count=planned", 206, "0-1/7"},
		{"HEAD", "numbers_to?n=7", "count=exact", 206, "0-2/7"},
		{"GET", "add_them?a=1&b=2", "", 200, "0-0/*"},
	} {
		t.Run(tc.method+" "+tc.path+" "+tc.prefer, func(t *testing.T) {
			body := ""
			if tc.method == "POST" {
				body = `{"n":7}`
			}
			r := a.do(tc.method, "/rpc/"+tc.path, body, "Prefer: "+tc.prefer)
			require.Equal(t, tc.status, r.code, r.body)
			require.Equal(t, tc.rng, r.header.Get("Content-Range"))
		})
	}
	r := a.do("POST", "/rpc/items_of", `{}`, "Accept: application/vnd.pgrst.object+json")
	require.Equal(t, 406, r.code)
	require.Equal(t, "PGRST116", r.errorOf(t).Code)
}

func TestFunctionsShapeTheResponse(t *testing.T) {
	a := newAPI(t)
	r := a.do("POST", "/rpc/shaped", "")
	require.Equal(t, 202, r.code)
	require.Equal(t, "here", r.header.Get("X-Made"))
}
