package rest

import (
	"cmp"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
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

// Whatever a query string holds, it is answered or refused for what it is: no
// panic, no failure of the server, and no SQL that the database cannot read.
func FuzzQueryString(f *testing.F) {
	for _, s := range []string{
		"select=*&id=eq.1&order=year.desc.nullslast,id&limit=2&offset=1",
		"select=id,t:title::text,director(name,mentor(name)),...posters(size)&director.name=like.A*&posters=not.is.null",
		"select=people!roles!inner(name)&people.order=name&people.limit=1&people.or=(id.eq.1,name.is.null)",
		"or=(id.eq.1,not.and(year.gt.1990,title.in.(a,\"b,c\")))&not.and=(id.lt.9)", "select=id)&and=(id.eq.1),x", "order=director(name).desc&select=director(name)",
		"title=fts(english).a&title=match.(", "year=eq(any).{1,2}&id=in.()", "title->>a=eq.1&select=title->0->>b::int", "columns=id&on_conflict=id", "select=id.sum()",
		"y=1990&select=id,sequels(id)&sequels.limit=0", "&&=&a&=b&%zz=%&+=+", "select=\"a\\\"b\":id", "title=not.not.eq.1", "limit=-1", "offset=99999999999999999999",
		"select=id,posters()&or=(posters.is.null,posters.eq.1)", "id=eq.\x00", "select=\xff", "Posters.Or=(a.is.null)", "select=...people!roles(*)", "select=people(*)",
	} {
		f.Add(s)
	}
	a := newAPI(f)
	a.sql(filmsSQL)
	f.Fuzz(func(t *testing.T, query string) { a.answers(t, query) })
}

// queryWriter writes queries at random, most of which have an answer.
type queryWriter struct {
	*rand.Rand
	paths []pathTo // to the resources of the query
}

// pathTo is what a parameter of a resource begins with, and its relation.
type pathTo struct{ prefix, relation string }

var columnsOfFilms = map[string][]string{
	"films": {"id", "title", "year", "director", "writer"}, "people": {"id", "name", "mentor"}, "posters": {"film", "size"},
	"roles": {"film", "person", "part"}, "titles": {"film_id", "title", "by"},
}

// relatedToFilms are resources and their relations, by relation.
var relatedToFilms = map[string][][2]string{
	"films":   {{"director", "people"}, {"writer", "people"}, {"posters", "posters"}, {"roles", "roles"}, {"sequels", "films"}, {"largest_poster", "posters"}, {"people!roles", "people"}},
	"people":  {{"films!director", "films"}, {"mentor", "people"}, {"people", "people"}, {"roles", "roles"}, {"titles!by", "titles"}, {"films!roles", "films"}},
	"posters": {{"films", "films"}, {"titles", "titles"}},
	"roles":   {{"films", "films"}, {"people", "people"}, {"scenes", "scenes"}},
	"titles":  {{"by", "people"}, {"posters", "posters"}, {"roles", "roles"}},
}

func (w *queryWriter) pick(of ...string) string { return of[w.IntN(len(of))] }

func (w *queryWriter) column(relation string) string {
	if w.IntN(20) == 0 || columnsOfFilms[relation] == nil {
		return w.pick("nope", "id", "*")
	}
	return w.pick(columnsOfFilms[relation]...) + w.pick("", "", "", "", "->a", "->>0")
}

func (w *queryWriter) items(at pathTo, depth int) string {
	items := make([]string, 1+w.IntN(3))
	for i := range items {
		if related := relatedToFilms[at.relation]; depth < 3 && related != nil && w.IntN(2) == 0 {
			r := related[w.IntN(len(related))]
			key, _, _ := strings.Cut(r[0], "!")
			name := r[0] + w.pick("", "", "!inner", "!left")
			switch w.IntN(4) {
			case 0:
				key = w.pick("x", "y")
				name = key + ":" + name
			case 1:
				name = "..." + name
			}
			to := pathTo{at.prefix + key + ".", r[1]}
			w.paths = append(w.paths, to)
			items[i] = name + "(" + w.pick("*", "", w.items(to, depth+1)) + ")"
			continue
		}
		items[i] = w.pick("", "", "", "x:", `"a b":`) + w.column(at.relation) + w.pick("", "", "", "::text")
	}
	return strings.Join(items, ",")
}

func (w *queryWriter) condition() string {
	return w.pick("", "", "", "not.") + w.pick("eq.1", "gt.1990", "in.(1,2)", `in.("a,b",c)`, "is.null", "like.A*", "eq(any).{1,2}", "isdistinct.1", "fts.a")
}

func (w *queryWriter) tree(relation string, depth int) string {
	parts := make([]string, 1+w.IntN(3))
	for i := range parts {
		if depth < 3 && w.IntN(3) == 0 {
			parts[i] = w.pick("", "not.") + w.pick("and", "or") + w.tree(relation, depth+1)
		} else {
			parts[i] = w.pick(w.column(relation), w.column(relation), "posters", "director", "x") + "." + w.condition()
		}
	}
	return "(" + strings.Join(parts, ",") + ")"
}

func (w *queryWriter) query() string {
	w.paths = []pathTo{{"", "films"}}
	params := []string{"select", w.items(w.paths[0], 0)}
	for range w.IntN(4) {
		at := w.paths[w.IntN(len(w.paths))]
		path := at.prefix
		switch w.IntN(5) {
		case 0:
			params = append(params, path+w.column(at.relation), w.condition())
		case 1:
			params = append(params, path+w.pick("and", "or", "not.and", "not.or"), w.tree(at.relation, 0))
		case 2:
			params = append(params, path+"order", w.pick(w.column(at.relation), w.column(at.relation), "director(name)", "x(id)")+w.pick("", ".desc", ".nullslast", ".asc.nullsfirst"))
		case 3:
			params = append(params, path+w.pick("limit", "offset"), w.pick("0", "1", "2", "-1", "x"))
		default:
			params = append(params, cmp.Or(strings.TrimSuffix(path, "."), "id"), w.pick("is.null", "not.is.null", w.condition()))
		}
	}
	for i := range params {
		if w.IntN(30) == 0 { // something is wrong with it
			at := w.IntN(len(params[i]) + 1)
			params[i] = params[i][:at] + w.pick("(", ")", ",", ".", ":", "->", "!", `"`, `\`, "*", "é", "\xff", "\x00", "=", "count()", "not.") + params[i][at:]
		}
	}
	var b strings.Builder
	for i := 0; i < len(params); i += 2 {
		b.WriteString("&" + url.QueryEscape(params[i]) + "=" + url.QueryEscape(params[i+1]))
	}
	return b.String()
}

func TestQueriesAtRandom(t *testing.T) {
	a := newAPI(t)
	a.sql(filmsSQL)
	w := queryWriter{Rand: rand.New(rand.NewPCG(1, 2))}
	for range 1500 {
		a.answers(t, w.query())
	}
}

// answers checks that rows or an error of the client's come.
func (a *api) answers(t *testing.T, query string) {
	for _, path := range []string{"/films", "/titles", "/rpc/films_of?y=1990"} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		req.URL.RawQuery += "&" + query
		req.Header.Set("Authorization", "Bearer "+a.token)
		rec := httptest.NewRecorder()
		a.srv.ServeHTTP(rec, req)
		require.Less(t, rec.Code, 500, "%s?%s: %s", path, query, rec.Body)
		for _, own := range []string{"syntax error at or near", "pgrst_embed", "pgrst_row", "pgrst_ordered", "pgrst_junction"} {
			require.NotContains(t, rec.Body.String(), own, "%s?%s", path, query)
		}
	}
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
