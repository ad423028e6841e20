package schema_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/internal/pgtest"
	"github.com/workorder-systems/sdk-go/devstack/schema"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

var scripts = sync.OnceValues(func() ([]string, error) {
	var all []string
	for _, name := range []string{"../bootstrap.sql", "../auth/schema.sql", "../storage/schema.sql", "../services.sql"} {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all = append(all, string(b))
	}
	names, err := fs.Glob(schema.FS, "*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	for _, name := range names {
		b, err := fs.ReadFile(schema.FS, name)
		if err != nil {
			return nil, err
		}
		all = append(all, string(b))
	}
	return all, nil
})

// db is a database with the reference backend, seen by its superuser.
type db struct {
	t    *testing.T
	pool *pgxpool.Pool
}

// newDB gives a test a database of its own, beside which other tests run.
func newDB(t *testing.T) *db {
	t.Helper()
	t.Parallel()
	all, err := scripts()
	require.NoError(t, err)
	pool, err := pgxpool.New(t.Context(), pgtest.Database(t, all...))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return &db{t: t, pool: pool}
}

var serial atomic.Int64

// user creates a user whose sign-up data is metadata.
func (d *db) user(metadata string) caller {
	d.t.Helper()
	var id string
	err := d.pool.QueryRow(d.t.Context(),
		`insert into auth.users (id, email, raw_user_meta_data, created_at) values (gen_random_uuid(), $1, $2::text::jsonb, now()) returning id`,
		fmt.Sprintf("user%d@example.com", serial.Add(1)), metadata).Scan(&id)
	require.NoError(d.t, err)
	return caller{db: d, id: id, role: "authenticated", claims: map[string]any{"sub": id, "role": "authenticated"}}
}

// tenant creates a tenant and its admin, whose token carries the tenant.
func (d *db) tenant() (string, caller) {
	d.t.Helper()
	u := d.user(`{"first_name": "Ada", "last_name": "Admin"}`)
	id := one[string](u, `select public.rpc_create_tenant('Tenant', $1)`, fmt.Sprintf("tenant-%d", serial.Add(1)))
	return id, u.in(id)
}

// member creates a user who holds the role in the admin's tenant.
func (d *db) member(admin caller, role string) caller {
	d.t.Helper()
	u := d.user(`{}`)
	admin.ok(`select public.rpc_assign_role_to_user($1, $2, $3)`, admin.tenant(), u.id, role)
	return u.in(admin.tenant())
}

func (d *db) anon() caller {
	return caller{db: d, role: "anon", claims: map[string]any{"role": "anon"}}
}

func (d *db) service() caller {
	return caller{db: d, role: "service_role", claims: map[string]any{"role": "service_role"}}
}

// super runs a statement with all rights.
func (d *db) super(sql string, args ...any) {
	d.t.Helper()
	_, err := d.pool.Exec(d.t.Context(), sql, args...)
	require.NoError(d.t, err)
}

// letSearchAnswer sets what lets the three search functions answer that the
// platform refuses.
func (d *db) letSearchAnswer() {
	d.t.Helper()
	d.super(`do $$ begin
		execute format('alter database %I set app.search_functions = answer', current_database());
	end $$`)
	d.pool.Reset()
}

// superOne reads one value with all rights.
func superOne[T any](d *db, sql string, args ...any) T {
	d.t.Helper()
	var v T
	require.NoError(d.t, d.pool.QueryRow(d.t.Context(), sql, args...).Scan(&v))
	return v
}

// caller runs statements as PostgREST does for the bearer of a token: one
// transaction each, with the token's role and claims.
type caller struct {
	db     *db
	id     string
	role   string
	claims map[string]any
}

// in is the same user with a token for the tenant.
func (c caller) in(tenant string) caller { return c.with("tenant_id", tenant) }

func (c caller) with(claim string, value any) caller {
	claims := map[string]any{claim: value}
	for k, v := range c.claims {
		if k != claim {
			claims[k] = v
		}
	}
	c.claims = claims
	return c
}

func (c caller) tenant() string { return c.claims["tenant_id"].(string) }

func (c caller) do(ctx context.Context, fn func(pgx.Tx) error) error {
	claims, err := json.Marshal(c.claims)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, c.db.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)`, c.role, string(claims)); err != nil {
			return err
		}
		return fn(tx)
	})
}

// exec runs a statement and gives the number of rows it returned or touched.
func (c caller) exec(sql string, args ...any) (int64, error) {
	var n int64
	err := c.do(c.db.t.Context(), func(tx pgx.Tx) error {
		tag, err := tx.Exec(c.db.t.Context(), sql, args...)
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

func (c caller) ok(sql string, args ...any) {
	c.db.t.Helper()
	_, err := c.exec(sql, args...)
	require.NoError(c.db.t, err, sql)
}

// fails runs a statement that must end with the SQLSTATE.
func (c caller) fails(code, sql string, args ...any) {
	c.db.t.Helper()
	_, err := c.exec(sql, args...)
	require.Equal(c.db.t, code, sqlState(err), "%s: %v", sql, err)
}

// count gives the number of rows of a query.
func (c caller) count(sql string, args ...any) int {
	c.db.t.Helper()
	n, err := c.exec(sql, args...)
	require.NoError(c.db.t, err, sql)
	return int(n)
}

// one reads one value.
func one[T any](c caller, sql string, args ...any) T {
	c.db.t.Helper()
	v, err := tryOne[T](c, sql, args...)
	require.NoError(c.db.t, err, sql)
	return v
}

func tryOne[T any](c caller, sql string, args ...any) (T, error) {
	var v T
	ctx := c.db.t.Context()
	err := c.do(ctx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, sql, args...).Scan(&v) })
	return v, err
}

// column reads the first column of all rows.
func column[T any](c caller, sql string, args ...any) []T {
	c.db.t.Helper()
	var vs []T
	ctx := c.db.t.Context()
	err := c.do(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		vs, err = pgx.CollectRows(rows, pgx.RowTo[T])
		return err
	})
	require.NoError(c.db.t, err, sql)
	return vs
}

func sqlState(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// withinOneMinute repeats fn until it ran inside one clock minute of the server.
func (d *db) withinOneMinute(fn func()) {
	d.t.Helper()
	minute := func() time.Time {
		return superOne[time.Time](d, `select date_trunc('minute', clock_timestamp())`)
	}
	for {
		before := minute()
		fn()
		if minute().Equal(before) {
			return
		}
	}
}

// unknown is an id that nothing has.
const unknown = "00000000-0000-4000-8000-00000000dead"
