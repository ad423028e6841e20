package integration

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
)

// SQL connects to the stack's database as superuser, for what no RPC of the
// reference backend can make yet, or skips the test.
func (d deployment) SQL(t testing.TB) *pgx.Conn {
	t.Helper()
	if d.DatabaseURL == "" {
		t.Skip("needs the database of a devstack to seed rows that have no RPC yet")
	}
	conn, err := pgx.Connect(t.Context(), d.DatabaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// links are what a work order can refer to.
type links struct{ Location, Asset, Project, PMSchedule, InactivePMSchedule string }

// seedLinks makes one of each in a tenant.
func seedLinks(t testing.TB, tenantID string) links {
	t.Helper()
	conn := stack.SQL(t)
	insert := func(sql string) (id string) {
		t.Helper()
		require.NoError(t, conn.QueryRow(t.Context(), sql+" returning id::text", tenantID).Scan(&id))
		return id
	}
	return links{
		Location:   insert("insert into app.locations (tenant_id, name) values ($1, 'Hall 1')"),
		Asset:      insert("insert into app.assets (tenant_id, name) values ($1, 'Press 1')"),
		Project:    insert("insert into app.projects (tenant_id, name) values ($1, 'Refit')"),
		PMSchedule: insert("insert into app.pm_schedules (tenant_id, title, trigger_type) values ($1, 'Weekly', 'manual')"),
		InactivePMSchedule: insert("insert into app.pm_schedules (tenant_id, title, trigger_type, is_active) " +
			"values ($1, 'Once', 'manual', false)"),
	}
}

// sentRequests counts what a client sends.
type sentRequests struct{ n atomic.Int64 }

func (s *sentRequests) Option() workorder.Option {
	return workorder.WithAttemptMiddleware(
		func(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			s.n.Add(1)
			return next(req)
		})
}
