package rest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const represent = "Prefer: return=representation"

func TestInsert(t *testing.T) {
	a := newAPI(t)
	for _, tc := range []struct {
		name, path, body string
		headers          []string
		status           int
		want             string
	}{
		{"minimal by default", "/notes", `{"text":"a"}`, nil, 201, ``},
		{"minimal", "/notes", `{"text":"a"}`, []string{"Prefer: return=minimal"}, 201, ``},
		{"representation", "/notes?select=text,stars", `{"text":"a","stars":5}`, []string{represent}, 201, `[{"text":"a","stars":5}]`},
		{"object", "/notes?select=t:text", `{"text":"a"}`, []string{represent, "Accept: application/vnd.pgrst.object+json"}, 201, `{"t":"a"}`},
		{"bulk", "/notes?select=text,tag", `[{"text":"b","tag":"1"},{"text":"c","tag":"2"}]`, []string{represent}, 201, `[{"text":"b","tag":"1"}, {"text":"c","tag":"2"}]`},
		{"nothing", "/notes", `[]`, []string{represent}, 201, `[]`},
		{"missing values are null", "/notes?columns=text,stars&select=stars", `[{"text":"d"},{"text":"e","stars":1}]`, []string{represent}, 201, `[{"stars":null}, {"stars":1}]`},
		{"missing values are defaults", "/notes?columns=text,stars&select=stars", `[{"text":"d"},{"text":"e","stars":1}]`, []string{represent, "Prefer: missing=default"}, 201, `[{"stars":3}, {"stars":1}]`},
		{"surplus keys left out", "/notes?columns=text&select=text", `{"text":"f","bogus":1}`, []string{represent}, 201, `[{"text":"f"}]`},
		{"through a view", "/v_notes?select=text", `{"text":"g"}`, []string{represent}, 201, `[{"text":"g"}]`},
		{"all defaults", "/texts?select=v", `{}`, []string{represent}, 201, `[{"v":null}]`},
		{"form", "/notes?select=text", `text=h`, []string{represent, "Content-Type: application/x-www-form-urlencoded"}, 201, `[{"text":"h"}]`},
		{"counted", "/notes", `[{"text":"x"},{"text":"y"}]`, []string{"Prefer: count=exact"}, 201, ``},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := a.do("POST", tc.path, tc.body, tc.headers...)
			require.Equal(t, tc.status, r.code, r.body)
			if tc.want == "" {
				require.Empty(t, r.body)
				require.Empty(t, r.header.Get("Content-Type"))
			} else {
				require.JSONEq(t, tc.want, r.body)
			}
		})
	}
	r := a.do("POST", "/notes", `[{"text":"x"},{"text":"y"}]`, "Prefer: count=exact, return=minimal")
	require.Equal(t, "*/2", r.header.Get("Content-Range"))
	require.Equal(t, "return=minimal, count=exact", r.header.Get("Preference-Applied"))

	a.sql(`alter table public.notes alter id restart with 500`)
	r = a.do("POST", "/notes", `{"text":"x"}`, "Prefer: return=headers-only")
	require.Equal(t, "/notes?id=eq.500", r.header.Get("Location"))
	require.Empty(t, r.body)
}

func TestInsertErrors(t *testing.T) {
	a := newAPI(t)
	require.Equal(t, 201, a.do("POST", "/notes", `{"text":"x","tag":"taken"}`).code)
	for _, tc := range []struct {
		name, path, body, code, message string
		status                          int
	}{
		{"unique", "/notes", `{"text":"x","tag":"taken"}`, "23505", `duplicate key value violates unique constraint "notes_tag_key"`, 409},
		{"reference", "/notes", `{"text":"x","item":99}`, "23503", `insert or update on table "notes" violates foreign key constraint "notes_item_fkey"`, 409},
		{"check", "/notes", `{"text":"bad"}`, "23514", `new row for relation "notes" violates check constraint "notes_text_check"`, 400},
		{"not null", "/notes", `{"tag":"t"}`, "23502", `null value in column "text" of relation "notes" violates not-null constraint`, 400},
		{"row level security", "/notes", `{"text":"x","owner":"` + bob + `"}`, "42501", `new row violates row-level security policy for table "notes"`, 403},
		{"unknown column", "/notes", `{"text":"x","nope":1}`, "PGRST204", "Could not find the 'nope' column of 'notes' in the schema cache", 400},
		{"unknown column in columns", "/notes?columns=nope", `{"text":"x"}`, "PGRST204", "Could not find the 'nope' column of 'notes' in the schema cache", 400},
		{"different keys", "/notes", `[{"text":"x"},{"tag":"y"}]`, "PGRST102", "All object keys must match", 400},
		{"no objects", "/notes", `[1]`, "PGRST102", "All object keys must match", 400},
		{"no body", "/notes", ``, "PGRST102", "Empty or invalid json", 400},
		{"bad json", "/notes", `{"text"`, "PGRST102", "Empty or invalid json", 400},
		{"bad value", "/notes", `{"text":"x","stars":"many"}`, "22P02", `invalid input syntax for type integer: "many"`, 400},
		{"no privilege", "/docs", `{"id":3}`, "42501", "permission denied for table docs", 403},
		{"unknown table", "/notez", `{"id":3}`, "PGRST205", "Could not find the table 'public.notez' in the schema cache", 404},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := a.do("POST", tc.path, tc.body)
			require.Equal(t, tc.status, r.code, r.body)
			e := r.errorOf(t)
			require.Equal(t, tc.code, e.Code)
			require.Equal(t, tc.message, e.Message)
		})
	}
	require.Equal(t, `Key (id)=(1) already exists.`, a.do("POST", "/items", `{"id":1}`).errorOf(t).Details)
}

func TestUpsert(t *testing.T) {
	a := newAPI(t)
	upsert := func(status int, path, resolution, body string) string {
		r := a.do("POST", path, body, represent, "Prefer: resolution="+resolution)
		require.Equal(t, status, r.code, r.body)
		require.Equal(t, "resolution="+resolution+", return=representation", r.header.Get("Preference-Applied"))
		return r.body
	}
	require.JSONEq(t, `[{"id":9,"text":"a","tag":"t"}]`, upsert(201, "/notes?select=id,text,tag", "merge-duplicates", `{"id":9,"text":"a","tag":"t"}`))
	require.JSONEq(t, `[{"id":9,"text":"b","tag":"t"}]`, upsert(200, "/notes?select=id,text,tag", "merge-duplicates", `{"id":9,"text":"b"}`))
	require.JSONEq(t, `[]`, upsert(201, "/notes", "ignore-duplicates", `{"id":9,"text":"c"}`))
	require.JSONEq(t, `[{"id":9,"text":"d"}]`, upsert(200, "/notes?select=id,text&on_conflict=tag", "merge-duplicates", `{"tag":"t","text":"d"}`))
}

func TestUpdateAndDelete(t *testing.T) {
	a := newAPI(t)
	for _, tc := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want, rng                string
	}{
		{"minimal", "PATCH", "/items?id=eq.1", `{"qty":1}`, nil, 204, ``, "0-0/*"},
		{"representation", "PATCH", "/items?id=in.(1,2)&select=id,qty&order=id", `{"qty":2}`, []string{represent}, 200, `[{"id":1,"qty":2}, {"id":2,"qty":2}]`, "0-1/*"},
		{"counted", "PATCH", "/items?id=in.(1,2)", `{"qty":2}`, []string{"Prefer: count=exact"}, 204, ``, "0-1/2"},
		{"no row", "PATCH", "/items?id=eq.99", `{"qty":2}`, []string{represent}, 200, `[]`, "*/*"},
		{"to null and back", "PATCH", "/items?id=eq.1&select=qty", `{"qty":null}`, []string{represent}, 200, `[{"qty":null}]`, "0-0/*"},
		{"nothing to set", "PATCH", "/items?id=eq.1", `{}`, []string{represent}, 200, `[]`, "*/*"},
		{"nothing to set, minimal", "PATCH", "/items?id=eq.1", `{}`, nil, 204, ``, "*/*"},
		{"tree", "PATCH", "/items?or=(id.eq.4,id.eq.5)&select=id&order=id.desc", `{"active":true}`, []string{represent}, 200, `[{"id":5}, {"id":4}]`, "0-1/*"},
		{"json column", "PATCH", "/items?id=eq.5&select=data,tags", `{"data":{"a":[1]},"tags":["x","y"]}`, []string{represent}, 200, `[{"data":{"a":[1]},"tags":["x","y"]}]`, "0-0/*"},
		{"delete with representation", "DELETE", "/items?id=eq.5&select=id", ``, []string{represent}, 200, `[{"id":5}]`, "*/*"},
		{"delete", "DELETE", "/items?id=eq.4", ``, []string{"Prefer: count=exact"}, 204, ``, "*/1"},
		{"delete no row", "DELETE", "/items?id=eq.4", ``, nil, 204, ``, "*/*"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := a.do(tc.method, tc.path, tc.body, tc.headers...)
			require.Equal(t, tc.status, r.code, r.body)
			require.Equal(t, tc.rng, r.header.Get("Content-Range"))
			if tc.want == "" {
				require.Empty(t, r.body)
			} else {
				require.JSONEq(t, tc.want, r.body)
			}
		})
	}
	require.Equal(t, []int{1, 2, 3}, a.get("/items?select=id&order=id").ids(t))
}

func TestWritesOfMoreThanAskedForAreUndone(t *testing.T) {
	a := newAPI(t)
	r := a.do("PATCH", "/items?id=lt.3", `{"qty":99}`, represent, "Accept: application/vnd.pgrst.object+json")
	require.Equal(t, 406, r.code)
	require.Equal(t, "The result contains 2 rows", r.errorOf(t).Details)
	r = a.do("DELETE", "/items?id=lt.3", ``, "Prefer: handling=strict, max-affected=1")
	require.Equal(t, 400, r.code)
	require.Equal(t, apiError{Code: "PGRST124", Message: "Query result exceeds max-affected preference constraint",
		Details: "The query affects 2 rows"}, r.errorOf(t))
	require.Empty(t, a.get("/items?qty=eq.99").ids(t))
	require.Len(t, a.get("/items?id=lt.3").ids(t), 2)
}

func TestWritesFollowContentProfile(t *testing.T) {
	a := newAPI(t)
	r := a.do("POST", "/totals", `{"day":"2026-02-01"}`, "Content-Profile: reporting")
	require.Equal(t, 403, r.code)
	require.Equal(t, "permission denied for table totals", r.errorOf(t).Message)
}
