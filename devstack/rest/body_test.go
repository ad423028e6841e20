package rest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBodiesThatAreNotJSON(t *testing.T) {
	a := newAPI(t)
	a.sql(`create function public.shout(text) returns text stable language sql as $$ select upper($1) $$;
		create function public.octets(bytea) returns text stable language sql as $$ select encode($1, 'hex') $$;
		create function public.root_of(xml) returns text stable language sql as $$ select (xpath('name(/*)', $1))[1]::text $$;
		create function public.either(text) returns text stable language sql as $$ select 'raw ' || $1 $$;
		create function public.either(a int) returns text stable language sql as $$ select 'named ' || a $$`)
	const csv, form = "Content-Type: text/csv", "Content-Type: application/x-www-form-urlencoded"
	const text, octets, xml = "Content-Type: text/plain", "Content-Type: application/octet-stream", "Content-Type: text/xml"
	for _, tc := range []struct {
		name, path, body, header string
		status                   int
		want                     string
	}{
		{"lines", "notes?select=text,stars", "text,stars\na,1\n\"b, c\",NULL\n", csv, 201, `[{"text":"a","stars":1},{"text":"b, c","stars":null}]`},
		{"lines that end as on Windows", "notes?select=text", "text\r\na\r\n", csv, 201, `[{"text":"a"}]`},
		{"quotes, line breaks and empty text", "notes?select=text,tag", "text,tag\n\"a \"\"b\"\"\nc\",\"\"\n", csv, 201, `[{"text":"a \"b\"\nc","tag":""}]`},
		{"a header alone", "notes", "text,stars\n", csv, 201, `[]`},
		{"columns of lines", "notes?select=text,stars&columns=text", "text,stars\na,9\n", csv, 201, `[{"text":"a","stars":3}]`},
		{"values without a name", "notes?select=text", "text\na,9\n", csv, 201, `[{"text":"a"}]`},
		{"lines all too short", "notes?select=text,stars", "text,stars\na\nb\n", csv, 201, `[{"text":"a","stars":3},{"text":"b","stars":3}]`},
		{"lines of different length", "notes", "text,stars\na,1\nb\n", csv, 400, `PGRST102`},
		{"an unknown column", "notes", "text,nope\na,1\n", csv, 400, `PGRST204`},
		{"a bad value", "notes", "text,stars\na,many\n", csv, 400, `22P02`},
		{"no header", "notes", "", csv, 400, `PGRST102`},
		{"an open quote", "notes", "text\n\"a", csv, 400, `PGRST102`},
		{"form", "notes?select=text,stars", `text=a+b%26c&stars=4`, form, 201, `[{"text":"a b&c","stars":4}]`},
		{"the last of a form counts", "notes?select=text", `text=a&text=b`, form, 201, `[{"text":"b"}]`},
		{"text for a table", "notes", `{"text":"a"}`, text, 400, `PGRST102`},
		{"bytes for a table", "notes", `{"text":"a"}`, octets, 400, `PGRST102`},
		{"unknown type", "notes", `{"text":"a"}`, "Content-Type: application/yaml", 400, `PGRST102`},
		{"half a surrogate pair", "notes", `{"text":"\ud800"}`, "Content-Type: application/json", 400, `PGRST102`},
		{"the other half", "notes", `{"text":"\udc00"}`, "Content-Type: application/json", 400, `PGRST102`},
		{"two first halves", "notes", `{"text":"\ud83d\ud83d"}`, "Content-Type: application/json", 400, `PGRST102`},
		{"a half before an escape", "notes", `{"text":"\ud83d\n"}`, "Content-Type: application/json", 400, `PGRST102`},
		{"a surrogate pair", "notes?select=text", `{"text":"\ud83d\ude00"}`, "Content-Type: application/json", 201, `[{"text":"😀"}]`},
		{"an escaped backslash", "notes?select=text", `{"text":"\\ud800"}`, "Content-Type: application/json", 201, `[{"text":"\\ud800"}]`},

		{"text", "rpc/shout", "hi,\nyou", text, 200, `"HI,\nYOU"`},
		{"no text", "rpc/shout", "", text, 200, `""`},
		{"bytes", "rpc/octets", "\x00\xff\\x", octets, 200, `"00ff5c78"`},
		{"xml", "rpc/root_of", "<a><b/></a>", xml, 200, `"a"`},
		{"xml that is none", "rpc/root_of", "<a>", xml, 400, `2200N`},
		{"text for a parameter of another type", "rpc/octets", "x", text, 404, `PGRST202`},
		{"text for a named parameter", "rpc/greet", "x", text, 404, `PGRST202`},
		{"json for a text parameter", "rpc/shout", `{"a":1}`, "Content-Type: application/json", 404, `PGRST202`},
		{"raw goes to the unnamed", "rpc/either", "x", text, 200, `"raw x"`},
		{"json goes to the named", "rpc/either", `{"a":1}`, "Content-Type: application/json", 200, `"named 1"`},
		{"form of arguments", "rpc/echo_json", `j={"a":[1]}`, form, 200, `{"a":[1]}`},
		{"variadic form", "rpc/joined", `parts=a&parts=b`, form, 200, `"a-b"`},
		{"lines of arguments", "rpc/greet", "who\nyou\nthem\n", csv, 200, `"hello you"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := a.do("POST", "/"+tc.path, tc.body, represent, tc.header)
			require.Equal(t, tc.status, r.code, r.body)
			if tc.status >= 400 {
				require.Equal(t, tc.want, r.errorOf(t).Code)
				return
			}
			require.JSONEq(t, tc.want, r.body)
		})
	}
}

// With columns in the query string PostgREST leaves the body to the database.
func TestBodiesWithColumns(t *testing.T) {
	a := newAPI(t)
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		want                     string
		prefer                   []string
	}{
		{"other keys", "POST", "notes?columns=text&select=text,stars", `[{"text":"a","stars":1},{"text":"b","x":2}]`, 201, `[{"text":"a","stars":3},{"text":"b","stars":3}]`, nil},
		{"one of them missing", "PATCH", "items?id=eq.1&columns=qty,name&select=qty,name", `{"qty":1}`, 200, `[{"qty":1,"name":null}]`, nil},
		{"defaults instead", "PATCH", "notes?columns=stars&select=stars", `{}`, 200, `[{"stars":3},{"stars":3}]`, []string{"Prefer: missing=default"}},
		{"no json", "POST", "notes?columns=text", `{x`, 400, `22P02`, nil},
		{"no body", "POST", "notes?columns=text", ``, 400, `22P02`, nil},
		{"no object", "POST", "notes?columns=text", `5`, 400, `22023`, nil},
		{"an unknown column", "POST", "notes?columns=text,nope", `{"text":"a"}`, 400, `PGRST204`, nil},
		{"no columns", "POST", "notes?columns=&select=text", `{"text":"a"}`, 201, `[{"text":"a"}]`, nil},
		{"no names", "POST", "notes?columns=text,", `{"text":"a"}`, 400, `PGRST100`, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := a.do(tc.method, "/"+tc.path, tc.body, append(tc.prefer, represent)...)
			require.Equal(t, tc.status, r.code, r.body)
			if tc.status >= 400 {
				require.Equal(t, tc.want, r.errorOf(t).Code)
				return
			}
			require.JSONEq(t, tc.want, r.body)
		})
	}
}
