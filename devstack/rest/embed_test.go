package rest

import (
	_ "embed"
	"testing"

	"github.com/stretchr/testify/require"
)

//go:embed testdata/films.sql
var filmsSQL string

func TestRelatedResources(t *testing.T) {
	a := newAPI(t)
	a.sql(filmsSQL)
	for _, tc := range []struct{ name, path, want string }{
		{"many to one", "films?id=lt.3&select=title,director(name)",
			`[{"title":"Alba","director":{"name":"Ann"}},{"title":"Brio","director":{"name":"Ann"}}]`},
		{"many to one by a hint", "films?id=eq.1&select=people!writer(name)", `[{"people":{"name":"Ben"}}]`},
		{"by the constraint", "films?id=eq.1&select=films_writer_fkey(name)", `[{"films_writer_fkey":{"name":"Ben"}}]`},
		{"by the constraint as hint", "films?id=eq.1&select=who:people!films_writer_fkey(name)", `[{"who":{"name":"Ben"}}]`},
		{"nothing to one", "films?id=eq.4&select=director(name)", `[{"director":null}]`},
		{"one to many", "people?id=lt.3&select=name,films!director(id)",
			`[{"name":"Ann","films":[{"id":1},{"id":2}]},{"name":"Ben","films":[]}]`},
		{"one to one", "films?id=in.(1,2)&select=id,posters(size)", `[{"id":1,"posters":{"size":"A1"}},{"id":2,"posters":null}]`},
		{"one to one back", "posters?film=eq.1&select=films(title)", `[{"films":{"title":"Alba"}}]`},
		{"children of the same table", "people?id=eq.1&select=people(name)", `[{"people":[{"name":"Ben"},{"name":"Cy"}]}]`},
		{"parent in the same table", "people?id=eq.2&select=mentor(name)", `[{"mentor":{"name":"Ann"}}]`},
		{"many to many", "films?id=lt.3&select=people!roles(name)&people.order=name",
			`[{"people":[{"name":"Ben"},{"name":"Cy"}]},{"people":[{"name":"Ben"}]}]`},
		{"many to many with a condition", "films?id=lt.3&select=id,people!roles(name)&people.name=eq.Cy",
			`[{"id":1,"people":[{"name":"Cy"}]},{"id":2,"people":[]}]`},
		{"several columns", "scenes?no=eq.2&select=roles(part)", `[{"roles":{"part":"fool"}}]`},
		{"deep", "people?id=eq.2&select=name,roles(part,films(title,director(name)))&roles.order=part",
			`[{"name":"Ben","roles":[{"part":"cook","films":{"title":"Brio","director":{"name":"Ann"}}},{"part":"king","films":{"title":"Alba","director":{"name":"Ann"}}}]}]`},
		{"from a view", "titles?film_id=eq.1&select=title,by(name)", `[{"title":"Alba","by":{"name":"Ann"}}]`},
		{"to a view", "people?id=eq.1&select=titles!by(title)&titles.order=title", `[{"titles":[{"title":"Alba"},{"title":"Brio"}]}]`},
		{"from a view to what refers to its table", "titles?film_id=eq.1&select=posters(size)", `[{"posters":{"size":"A1"}}]`},
		{"computed", "films?id=eq.1&select=title,sequels(title)", `[{"title":"Alba","sequels":[{"title":"Brio"}]}]`},
		{"computed, one", "films?id=lt.3&select=largest_poster(size)", `[{"largest_poster":{"size":"A1"}},{"largest_poster":null}]`},
		{"of a function", "rpc/films_of?y=1990&select=id,director(name)&order=id", `[{"id":1,"director":{"name":"Ann"}},{"id":3,"director":{"name":"Cy"}}]`},
		{"of a function, filtered", "rpc/films_of?y=1990&select=id,director!inner(name)&director.name=eq.Cy", `[{"id":3,"director":{"name":"Cy"}}]`},

		{"inner", "films?select=id,posters!inner(size)&order=id", `[{"id":1,"posters":{"size":"A1"}},{"id":3,"posters":{"size":"A2"}}]`},
		{"inner with a condition", "people?select=id,films!director!inner(id)&films.year=gt.1990", `[{"id":1,"films":[{"id":2}]}]`},
		{"inner inside", "films?id=lt.3&select=id,roles!inner(part,people!inner(name))&roles.people.name=eq.Cy",
			`[{"id":1,"roles":[{"part":"fool","people":{"name":"Cy"}}]}]`},
		{"left is the default", "films?id=eq.4&select=id,posters!left(size)", `[{"id":4,"posters":null}]`},
		{"those without", "films?select=id,posters()&posters=is.null&order=id", `[{"id":2},{"id":4}]`},
		{"those with", "films?select=id,roles()&roles=not.is.null&order=id", `[{"id":1},{"id":2}]`},
		{"one or the other", "films?select=id,posters(),roles()&or=(posters.not.is.null,roles.not.is.null)&order=id", `[{"id":1},{"id":2},{"id":3}]`},
		{"a tree on what is related", "people?id=eq.1&select=films!director(id)&films.or=(year.gt.1990,title.eq.Alba)&films.order=id.desc",
			`[{"films":[{"id":2},{"id":1}]}]`},
		{"a negated tree", "people?id=eq.1&select=films!director(id)&films.not.and=(year.gt.1990,title.eq.Brio)", `[{"films":[{"id":1}]}]`},
		{"order, limit and offset", "people?id=eq.1&select=films!director(id)&films.order=year.desc&films.limit=1&films.offset=1", `[{"films":[{"id":1}]}]`},
		{"shaped by the alias", "people?id=eq.1&select=a:films!director(id),b:films!director(title)&a.limit=1&a.order=id&b.year=eq.1995",
			`[{"a":[{"id":1}],"b":[{"title":"Brio"}]}]`},
		{"ordered by what is related", "films?id=lt.4&select=id,director(name)&order=director(name).desc,id",
			`[{"id":3,"director":{"name":"Cy"}},{"id":1,"director":{"name":"Ann"}},{"id":2,"director":{"name":"Ann"}}]`},

		{"spread", "films?id=eq.1&select=title,...director(name,chief:mentor)", `[{"title":"Alba","name":"Ann","chief":null}]`},
		{"spread of nothing", "films?id=eq.4&select=title,...director(name)", `[{"title":"Dust","name":null}]`},
		{"spread of many", "people?id=eq.1&select=name,...films!director(title,year)&films.order=year.desc",
			`[{"name":"Ann","title":["Brio","Alba"],"year":[1995,1990]}]`},
		{"spread of none of many", "people?id=eq.2&select=name,...films!director(title)", `[{"name":"Ben","title":[]}]`},
		{"spread over a junction", "films?id=eq.1&select=title,...people!roles(name)&people.order=name", `[{"title":"Alba","name":["Ben","Cy"]}]`},
		{"spread in a spread", "roles?film=eq.2&select=part,...films(title,...director(name))", `[{"part":"cook","title":"Brio","name":"Ann"}]`},
		{"resource in a spread", "roles?film=eq.2&select=...films(title,director(name))", `[{"title":"Brio","director":{"name":"Ann"}}]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := a.get("/" + tc.path)
			require.Equal(t, 200, r.code, r.body)
			require.JSONEq(t, tc.want, r.body)
		})
	}
	require.Equal(t, "0-0/3", a.get("/films?select=id,director!inner(name)&limit=1", "Prefer: count=exact").header.Get("Content-Range"),
		"what is related counts, too")
}

func TestRelatedResourcesOfWrites(t *testing.T) {
	a := newAPI(t)
	a.sql(filmsSQL)
	for _, tc := range []struct{ name, method, path, body, want string }{
		{"inserted", "POST", "films?select=title,director(name)", `{"id":9,"title":"Epic","director":2}`, `[{"title":"Epic","director":{"name":"Ben"}}]`},
		{"updated", "PATCH", "films?id=eq.9&select=id,director(name)", `{"director":3}`, `[{"id":9,"director":{"name":"Cy"}}]`},
		{"spread", "PATCH", "films?id=eq.1&select=id,...posters(size)", `{"year":1991}`, `[{"id":1,"size":"A1"}]`},
		{"shaped", "PATCH", "films?id=eq.1&select=id,roles(part)&roles.order=part&roles.limit=1", `{"year":1991}`, `[{"id":1,"roles":[{"part":"fool"}]}]`},
		{"computed", "PATCH", "films?id=eq.1&select=id,sequels(id)", `{"year":1991}`, `[{"id":1,"sequels":[{"id":2}]}]`},
		{"junction", "PATCH", "films?id=eq.1&select=people!roles(name)&people.order=name", `{"year":1991}`, `[{"people":[{"name":"Ben"},{"name":"Cy"}]}]`},
		{"upserted", "PUT", "films?id=eq.9&select=id,director(name)", `{"id":9,"title":"Epic","director":1}`, `[{"id":9,"director":{"name":"Ann"}}]`},
		{"deleted", "DELETE", "films?id=eq.9&select=title,director(name)", ``, `[{"title":"Epic","director":{"name":"Ann"}}]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := a.do(tc.method, "/"+tc.path, tc.body, represent)
			require.Less(t, r.code, 300, r.body)
			require.JSONEq(t, tc.want, r.body)
		})
	}
}

func TestRelatedResourceErrors(t *testing.T) {
	a := newAPI(t)
	a.sql(filmsSQL)
	for _, tc := range []struct {
		path, code, message string
		details             any
		hint                any
		status              int
	}{
		{"films?select=*,people(*)", "PGRST201", "Could not embed because more than one relationship was found for 'films' and 'people'",
			[]any{
				map[string]any{"cardinality": "many-to-one", "embedding": "films with people", "relationship": "films_director_fkey using films(director) and people(id)"},
				map[string]any{"cardinality": "many-to-one", "embedding": "films with people", "relationship": "films_writer_fkey using films(writer) and people(id)"},
				map[string]any{"cardinality": "many-to-many", "embedding": "films with people", "relationship": "roles using roles_film_fkey(film) and roles_person_fkey(person)"},
			},
			"Try changing 'people' to one of the following: 'people!films_director_fkey', 'people!films_writer_fkey', 'people!roles'. Find the desired relationship in the 'details' key.", 300},
		{"films?select=*,person(*)", "PGRST200", "Could not find a relationship between 'films' and 'person' in the schema cache",
			"Searched for a foreign key relationship between 'films' and 'person' in the schema 'public', but no matches were found.", nil, 400},
		{"films?select=*,poster(*)", "PGRST200", "Could not find a relationship between 'films' and 'poster' in the schema cache",
			"Searched for a foreign key relationship between 'films' and 'poster' in the schema 'public', but no matches were found.", "Perhaps you meant 'posters' instead of 'poster'.", 400},
		{"films?select=*,people!year(*)", "PGRST200", "Could not find a relationship between 'films' and 'people' in the schema cache",
			"Searched for a foreign key relationship between 'films' and 'people' using the hint 'year' in the schema 'public', but no matches were found.", nil, 400},
		{"rpc/films_of?y=1&select=items(*)", "PGRST200", "Could not find a relationship between 'films' and 'items' in the schema cache",
			"Searched for a foreign key relationship between 'films' and 'items' in the schema 'public', but no matches were found.", nil, 400},
		{"films?posters.size=eq.A1", "PGRST108", "'posters' is not an embedded resource in this request", nil,
			"Verify that 'posters' is included in the 'select' query parameter.", 400},
		{"films?select=id,p:posters(size)&posters.limit=1", "PGRST108", "'posters' is not an embedded resource in this request", nil,
			"Verify that 'posters' is included in the 'select' query parameter.", 400},
		{"films?order=posters(size)", "PGRST108", "'posters' is not an embedded resource in this request", nil,
			"Verify that 'posters' is included in the 'select' query parameter.", 400},
		{"films?select=id,roles(part)&order=roles(part)", "PGRST118", "A related order on 'roles' is not possible",
			"'films' and 'roles' do not form a many-to-one or one-to-one relationship", nil, 400},
		{"films?select=id,posters(size)&posters=eq.1", "PGRST120", "Bad operator on the 'posters' embedded resource",
			"Only is null or not is null filters are allowed on embedded resources", nil, 400},
		{"films?select=id,p:posters(size)&or=(id.eq.1,not.and(p.is.true,id.eq.2))", "PGRST120", "Bad operator on the 'posters' embedded resource",
			"Only is null or not is null filters are allowed on embedded resources", nil, 400},
		{"people?select=id,films!director(id,posters(size))&films.posters=gt.1", "PGRST120", "Bad operator on the 'posters' embedded resource",
			"Only is null or not is null filters are allowed on embedded resources", nil, 400},
		{"films?select=id,posters(nope)", "42703", "column posters_1.nope does not exist", nil, nil, 400},
		{"films?select=id,posters(size)&posters.nope=eq.1", "42703", "column posters_1.nope does not exist", nil, nil, 400},
		{"films?select=id,posters(size)&posters.limit=-1", "PGRST103", "Requested range not satisfiable", "Limit should be greater than or equal to zero.", nil, 416},
		{"rpc/films_of?y=1&select=nope", "42703", "column films.nope does not exist", nil, nil, 400},
	} {
		t.Run(tc.path, func(t *testing.T) {
			r := a.get("/" + tc.path)
			require.Equal(t, tc.status, r.code, r.body)
			require.Equal(t, apiError{Code: tc.code, Message: tc.message, Details: tc.details, Hint: tc.hint}, r.errorOf(t))
		})
	}
}
