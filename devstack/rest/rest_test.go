package rest

import (
	_ "embed"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

//go:embed testdata/schema.sql
var schemaSQL string

var secret = []byte("a-secret-with-at-least-32-characters")

const alice, bob = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"

// api is a server over a database of the test's own.
type api struct {
	t     testing.TB
	url   string // of the database, as superuser
	pool  *pgxpool.Pool
	srv   *Server
	token string
}

func newAPI(t testing.TB, change ...func(*Config, *pgxpool.Config)) *api {
	t.Helper()
	a := &api{t: t, url: pgtest.Database(t, schemaSQL)}
	pc, err := pgxpool.ParseConfig(a.url)
	require.NoError(t, err)
	pc.ConnConfig.User = "authenticator"
	cfg := Config{JWTSecret: secret, Schemas: []string{"public", "reporting"}, MaxRows: 1000, AnonRole: "anon"}
	for _, f := range change {
		f(&cfg, pc)
	}
	a.pool, err = pgxpool.NewWithConfig(t.Context(), pc)
	require.NoError(t, err)
	cfg.Pool = a.pool
	a.srv, err = New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		a.srv.Close()
		a.pool.Close()
	})
	a.token = sign(t, jwt.MapClaims{"role": "authenticated", "sub": alice})
	return a
}

// as gives the same server with another token; an empty one is no token.
func (a *api) as(token string) *api {
	b := *a
	b.token = token
	return &b
}

func sign(t testing.TB, claims jwt.MapClaims) string {
	t.Helper()
	s, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
	require.NoError(t, err)
	return s
}

// sql runs a statement as superuser.
func (a *api) sql(stmt string) {
	a.t.Helper()
	conn, err := pgx.Connect(a.t.Context(), a.url)
	require.NoError(a.t, err)
	defer conn.Close(a.t.Context())
	_, err = conn.Exec(a.t.Context(), stmt)
	require.NoError(a.t, err)
}

type reply struct {
	code   int
	header http.Header
	body   string
}

// do sends a request; headers are "Name: value".
func (a *api) do(method, path, body string, headers ...string) reply {
	a.t.Helper()
	req := httptest.NewRequestWithContext(a.t.Context(), method, strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body))
	if body == "" {
		req.Body = http.NoBody
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	for _, h := range headers {
		k, v, _ := strings.Cut(h, ": ")
		req.Header.Add(k, v)
	}
	rec := httptest.NewRecorder()
	a.srv.ServeHTTP(rec, req)
	res := rec.Result()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(a.t, err)
	return reply{res.StatusCode, res.Header, string(b)}
}

func (a *api) get(path string, headers ...string) reply {
	a.t.Helper()
	return a.do("GET", path, "", headers...)
}

// errorOf reads an error body, which must have exactly the four known members.
func (r reply) errorOf(t testing.TB) apiError {
	t.Helper()
	var e apiError
	dec := json.NewDecoder(strings.NewReader(r.body))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&e), r.body)
	return e
}

// ids reads the ids of an array of rows.
func (r reply) ids(t testing.TB) []int {
	t.Helper()
	require.Less(t, r.code, 300, r.body)
	var rows []struct{ ID int }
	require.NoError(t, json.Unmarshal([]byte(r.body), &rows), r.body)
	ids := []int{}
	for _, row := range rows {
		ids = append(ids, row.ID)
	}
	return ids
}

func TestSchemaReloads(t *testing.T) {
	a := newAPI(t)
	require.Equal(t, "PGRST205", a.get("/fresh").errorOf(t).Code)
	a.sql(`create table fresh (id int); grant select on fresh to authenticated; insert into fresh values (7)`)
	require.Equal(t, `[{"id":7}]`, a.get("/fresh").body, "an unknown name is looked for again")

	a.sql(`create function later() returns int stable language sql as 'select 1'`)
	require.Equal(t, `1`, a.do("POST", "/rpc/later", "").body)

	before := a.srv.current().loaded
	a.sql(`notify pgrst, 'reload schema'`)
	require.Eventually(t, func() bool { return a.srv.current().loaded.After(before) }, 5*time.Second, 5*time.Millisecond)
}

func TestSchemaReloadsOnlyAfterChanges(t *testing.T) {
	a := newAPI(t)
	unknown := func() *schemaCache {
		require.Equal(t, "PGRST202", a.do("POST", "/rpc/nobody", "").errorOf(t).Code)
		require.Equal(t, "PGRST205", a.get("/nobody").errorOf(t).Code)
		return a.srv.current()
	}
	seen := unknown()
	for _, change := range []string{
		`create table t (id int)`,
		`alter table t add n int`,
		`alter table t rename n to m`,
		`alter table t alter m set default 1`,
		`alter table t add unique (m)`,
		`create view w as select id from t`,
		`create or replace view w as select id, m from t`,
		`create function f() returns int stable language sql as 'select 1'`,
		`create or replace function f() returns int volatile language sql as 'select 1'`,
		`comment on function f() is 'one'`,
		`comment on function f() is 'two'`,
		`create type y as enum ('a')`,
		`alter function f() rename to g`,
		`drop function g()`,
		`drop view w`,
	} {
		require.Same(t, seen, unknown(), "nothing has changed before %s", change)
		a.sql(change)
		now := unknown()
		require.NotSame(t, seen, now, change)
		seen = now
	}
	a.sql(`insert into t values (1)`)
	require.Same(t, seen, unknown(), "rows are not the schema")
}

func TestNewRefusesABadConfig(t *testing.T) {
	_, err := New(Config{})
	require.ErrorContains(t, err, "no connection pool")
	pool, err := pgxpool.New(t.Context(), "postgres://nobody@127.0.0.1:1/none")
	require.NoError(t, err)
	defer pool.Close()
	_, err = New(Config{Pool: pool})
	require.ErrorContains(t, err, "no JWT secret")
	_, err = New(Config{Pool: pool, JWTSecret: secret})
	require.ErrorContains(t, err, "load the schema")
}

func TestRoutes(t *testing.T) {
	a := newAPI(t)
	for _, tc := range []struct {
		method, path, code string
		status             int
	}{
		{"GET", "/a/b/c", "PGRST125", 404},
		{"GET", "/items/", "PGRST125", 404},
		{"GET", "//items", "PGRST125", 404},
		{"GET", "/rpc", "PGRST205", 404},
		{"GET", "/rpc/", "PGRST202", 404},
		{"GET", "/rpc/add_them/", "PGRST125", 404},
		{"DELETE", "/", "PGRST117", 405},
		{"TRACE", "/items", "PGRST117", 405},
		{"PUT", "/rpc/add_them", "PGRST101", 405},
		{"GET", "/itemz", "PGRST205", 404},
		{"GET", "/pg_class", "PGRST205", 404},
	} {
		t.Run(tc.method+" "+tc.path, func(t *testing.T) {
			r := a.do(tc.method, tc.path, "")
			require.Equal(t, tc.status, r.code)
			require.Equal(t, tc.code, r.errorOf(t).Code)
		})
	}
	e := a.get("/itemz").errorOf(t)
	require.Equal(t, "Could not find the table 'public.itemz' in the schema cache", e.Message)
	require.Equal(t, "Perhaps you meant the table 'public.items'", e.Hint)
}

func TestRootDescribesWhatTheRoleMayUse(t *testing.T) {
	a := newAPI(t)
	describe := func(a *api) (doc struct {
		Swagger     string
		Paths       map[string]map[string]any
		Definitions map[string]struct {
			Properties map[string]struct{ Type, Format string }
			Required   []string
		}
	}) {
		r := a.get("/")
		require.Equal(t, "application/openapi+json; charset=utf-8", r.header.Get("Content-Type"))
		require.NoError(t, json.Unmarshal([]byte(r.body), &doc))
		return doc
	}
	doc := describe(a)
	require.Equal(t, "2.0", doc.Swagger)
	require.Contains(t, doc.Paths["/items"], "post")
	require.NotContains(t, doc.Paths["/v_items"], "post")
	require.Contains(t, doc.Paths, "/rpc/add_them")
	require.NotContains(t, doc.Paths, "/rpc/secret")
	require.NotContains(t, doc.Paths, "/rpc/on_item", "triggers cannot be called")
	require.NotContains(t, doc.Paths, "/hidden")
	require.Equal(t, "uuid", doc.Definitions["items"].Properties["ref"].Format)
	require.Equal(t, "integer", doc.Definitions["items"].Properties["id"].Type)
	require.Equal(t, []string{"id"}, doc.Definitions["items"].Required)

	anon := describe(a.as(""))
	require.NotContains(t, anon.Paths["/items"], "post")
	require.NotContains(t, anon.Paths, "/docs")
}
