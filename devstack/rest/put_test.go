package rest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const pairsSQL = `
create table public.places (shelf int, slot int, label text default 'free', size int, primary key (shelf, slot));
create unique index on public.places (label) where label <> 'free';
create view public.v_places as select shelf, slot, label from public.places;
create table public.bare (a int, b text);
grant select, insert, update, delete on public.places, public.v_places, public.bare to authenticated;
insert into public.places values (1, 1, 'a', 5);`

func TestPut(t *testing.T) {
	a := newAPI(t)
	a.sql(pairsSQL)
	for _, tc := range []struct {
		name, path, body string
		headers          []string
		status           int
		want             string
	}{
		{"new", "places?shelf=eq.1&slot=eq.2", `{"shelf":1,"slot":2,"label":"b"}`, []string{represent}, 201, `[{"shelf":1,"slot":2,"label":"b","size":null}]`},
		{"there already", "places?shelf=eq.1&slot=eq.2", `{"shelf":1,"slot":2,"label":"c"}`, []string{represent}, 200, `[{"shelf":1,"slot":2,"label":"c","size":null}]`},
		{"what is not named stays", "places?shelf=eq.1&slot=eq.1&select=label,size", `{"shelf":1,"slot":1,"label":"d"}`, []string{represent}, 200, `[{"label":"d","size":5}]`},
		{"keys in another order", "places?slot=eq.3&shelf=eq.1", `{"shelf":1,"slot":3}`, nil, 201, ``},
		{"nothing to tell", "places?shelf=eq.1&slot=eq.3", `{"shelf":1,"slot":3,"size":1}`, nil, 204, ``},
		{"as an object", "places?shelf=eq.1&slot=eq.3&select=size", `{"shelf":1,"slot":3,"size":2}`, []string{represent, "Accept: application/vnd.pgrst.object+json"}, 200, `{"size":2}`},
		{"a list of one", "places?shelf=eq.1&slot=eq.3&select=size", `[{"shelf":1,"slot":3,"size":3}]`, []string{represent}, 200, `[{"size":3}]`},
		{"of a list the one that is named", "places?shelf=eq.1&slot=eq.3&select=size", `[{"shelf":1,"slot":3,"size":4},{"shelf":9,"slot":9,"size":9}]`, []string{represent}, 200, `[{"size":4}]`},
		{"through a view", "v_places?shelf=eq.1&slot=eq.4&select=label", `{"shelf":1,"slot":4}`, []string{represent}, 201, `[{"label":"free"}]`},
		{"columns", "places?shelf=eq.1&slot=eq.4&columns=shelf,slot,size&select=label,size", `{"shelf":1,"slot":4,"label":"x","size":1}`, []string{represent}, 200, `[{"label":"free","size":1}]`},
		{"offset 0", "places?shelf=eq.1&slot=eq.4&offset=0", `{"shelf":1,"slot":4}`, nil, 204, ``},

		{"another key in the body", "places?shelf=eq.1&slot=eq.2", `{"shelf":1,"slot":5}`, nil, 400, `PGRST115`},
		{"half the key", "places?shelf=eq.1", `{"shelf":1,"slot":2}`, nil, 405, `PGRST105`},
		{"more than the key", "places?shelf=eq.1&slot=eq.2&size=eq.1", `{"shelf":1,"slot":2}`, nil, 405, `PGRST105`},
		{"no filter", "places", `{"shelf":1,"slot":2}`, nil, 405, `PGRST105`},
		{"another operator", "places?shelf=eq.1&slot=gte.2", `{"shelf":1,"slot":2}`, nil, 405, `PGRST105`},
		{"in", "places?shelf=eq.1&slot=in.(2)", `{"shelf":1,"slot":2}`, nil, 405, `PGRST105`},
		{"negated", "places?shelf=eq.1&slot=not.eq.2", `{"shelf":1,"slot":2}`, nil, 405, `PGRST105`},
		{"a tree", "places?and=(shelf.eq.1,slot.eq.2)", `{"shelf":1,"slot":2}`, nil, 405, `PGRST105`},
		{"no key", "bare?a=eq.1", `{"a":1}`, nil, 405, `PGRST105`},
		{"limit", "places?shelf=eq.1&slot=eq.2&limit=1", `{"shelf":1,"slot":2}`, nil, 400, `PGRST114`},
		{"offset", "places?shelf=eq.1&slot=eq.2&offset=1", `{"shelf":1,"slot":2}`, nil, 400, `PGRST114`},
		{"no key in the body", "places?shelf=eq.1&slot=eq.2", `{"size":2}`, nil, 400, `42703`},
		{"empty object", "places?shelf=eq.1&slot=eq.2", `{}`, nil, 400, `42703`},
		{"empty list", "places?shelf=eq.1&slot=eq.2", `[]`, nil, 400, `42703`},
		{"unknown column", "places?shelf=eq.1&slot=eq.2", `{"shelf":1,"slot":2,"nope":1}`, nil, 400, `PGRST204`},
		{"taken by another", "places?shelf=eq.1&slot=eq.2", `{"shelf":1,"slot":2,"label":"d"}`, nil, 409, `23505`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := a.do("PUT", "/"+tc.path, tc.body, tc.headers...)
			require.Equal(t, tc.status, r.code, r.body)
			switch {
			case tc.status >= 400:
				require.Equal(t, tc.want, r.errorOf(t).Code)
			case tc.want == "":
				require.Empty(t, r.body)
				require.Empty(t, r.header.Get("Content-Type"))
			default:
				require.JSONEq(t, tc.want, r.body)
			}
			require.Empty(t, r.header.Get("Content-Range"))
		})
	}
}

func TestDuplicates(t *testing.T) {
	a := newAPI(t)
	a.sql(pairsSQL)
	const merge, ignore = "resolution=merge-duplicates", "resolution=ignore-duplicates"
	for _, tc := range []struct {
		name, path, body, prefer string
		status                   int
		want, applied            string
	}{
		{"merged", "places?select=size,label", `{"shelf":1,"slot":1,"size":6}`, merge, 200, `[{"size":6,"label":"a"}]`, merge + ", "},
		{"merged and new", "places?select=slot", `[{"shelf":1,"slot":1},{"shelf":1,"slot":2}]`, merge, 201, `[{"slot":1},{"slot":2}]`, merge + ", "},
		{"ignored", "places?select=slot", `[{"shelf":1,"slot":1,"size":7},{"shelf":1,"slot":3,"size":7}]`, ignore, 201, `[{"slot":3}]`, ignore + ", "},
		{"all ignored", "places", `{"shelf":1,"slot":1,"size":7}`, ignore, 201, `[]`, ignore + ", "},
		{"on other columns", "items?on_conflict=id&select=id,name", `{"id":1,"name":"club"}`, merge, 200, `[{"id":1,"name":"club"}]`, merge + ", "},
		{"missing values are defaults", "places?columns=shelf,slot,label&select=label", `[{"shelf":1,"slot":2},{"shelf":1,"slot":4,"label":"z"}]`,
			merge + ",missing=default", 201, `[{"label":"free"},{"label":"z"}]`, merge + ", missing=default, "},
		{"missing values are null", "places?columns=shelf,slot,label&select=label", `[{"shelf":1,"slot":2}]`, merge + ",missing=null", 200, `[{"label":null}]`, merge + ", missing=null, "},
		{"without a key", "bare", `{"a":1}`, merge, 201, `[{"a":1,"b":null}]`, ""},
		{"unknown resolution", "bare", `{"a":1}`, "resolution=none", 201, `[{"a":1,"b":null}]`, ""},
		{"empty objects", "bare", `[{},{}]`, "", 201, `[{"a":null,"b":null},{"a":null,"b":null}]`, ""},
		{"a value", "bare", `5`, "", 201, `[]`, ""},
		{"twice the same", "places", `[{"shelf":2,"slot":1},{"shelf":2,"slot":1}]`, merge, 500, `21000`, ""},
		{"refused", "places", `{"shelf":1,"slot":1}`, "", 409, `23505`, ""},
		{"on columns that are not unique", "places?on_conflict=size", `{"shelf":1,"slot":1}`, merge, 400, `42P10`, ""},
		{"on unknown columns", "places?on_conflict=nope", `{"shelf":1,"slot":1}`, merge, 400, `42703`, ""},
		{"on no columns", "places?on_conflict=", `{"shelf":1,"slot":1}`, merge, 400, `PGRST100`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := a.do("POST", "/"+tc.path, tc.body, represent, "Prefer: "+tc.prefer)
			require.Equal(t, tc.status, r.code, r.body)
			if tc.status >= 400 {
				require.Equal(t, tc.want, r.errorOf(t).Code)
				return
			}
			require.JSONEq(t, tc.want, r.body)
			require.Equal(t, tc.applied+"return=representation", r.header.Get("Preference-Applied"))
		})
	}
	require.Equal(t, "PGRST100", a.do("POST", "/places?on_conflict=shelf,", `{}`).errorOf(t).Code)
	require.Equal(t, 403, a.do("POST", "/docs", `[]`).code, "no rows need the right to insert, too")
}
