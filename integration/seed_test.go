package integration

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/labor"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/workorders"
)

// SQL connects to the stack's database as superuser, for what neither a function
// nor a view can make, or skips the test.
func (d deployment) SQL(t testing.TB) *pgx.Conn {
	t.Helper()
	if d.DatabaseURL == "" {
		t.Skip("needs the database of a devstack, for what no call can do")
	}
	conn, err := pgx.Connect(t.Context(), d.DatabaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// makePMSchedule makes a schedule of an asset of its own and returns its id.
func makePMSchedule(t testing.TB, tn *tenant, trigger pm.Trigger) string {
	t.Helper()
	id, err := tn.PM.CreateSchedule(t.Context(), pm.CreateScheduleParams{
		AssetID: makeAsset(t, tn, "Press", ""), Title: "Weekly", Trigger: trigger,
	})
	require.NoError(t, err)
	return id
}

// unrecorded skips a test of what calls at the same time do where nobody knows what
// the platform does. The reference backend keeps to it.
func (d deployment) unrecorded(t testing.TB) {
	t.Helper()
	if !d.local {
		t.Skip("nobody has recorded what the platform does when many do this at once")
	}
}

// insertRow inserts a row through a view, as the tenant's administrator, for what no
// function makes, and returns its id, or "" when the view has none.
func insertRow(t testing.TB, tn *tenant, view string, row map[string]any) string {
	t.Helper()
	return insertRows(t, tn, view, row)[0]
}

func insertRows(t testing.TB, tn *tenant, view string, rows ...map[string]any) []string {
	t.Helper()
	raw, err := tn.Supabase(t.Context())
	require.NoError(t, err)
	for _, row := range rows {
		row["tenant_id"] = tn.ID
	}
	body, _, err := raw.From(view).Insert(rows, false, "", "representation", "").Execute()
	require.NoError(t, err, view)
	var made []struct{ ID json.RawMessage } // a text or a number
	require.NoError(t, json.Unmarshal(body, &made), view)
	require.Len(t, made, len(rows), view)
	ids := make([]string, len(made))
	for i, row := range made {
		ids[i] = strings.Trim(string(row.ID), `"`)
	}
	return ids
}

// callForID calls an RPC that adds something to a tenant, as its administrator,
// and returns the id. It serves what has no service in the SDK yet.
func callForID(t testing.TB, tn *tenant, rpc string, args map[string]any) (id string) {
	t.Helper()
	args["p_tenant_id"] = tn.ID
	require.NoError(t, tn.RPC(t.Context(), rpc, args, &id), rpc)
	require.NotEmpty(t, id, rpc)
	return id
}

// makeLocation makes a location and returns its id.
func makeLocation(t testing.TB, tn *tenant, name string) string {
	t.Helper()
	id, err := tn.Locations.Create(t.Context(), assets.CreateLocationParams{Name: name})
	require.NoError(t, err)
	return id
}

// makeAsset makes an asset, at no location when it is "", and returns its id.
func makeAsset(t testing.TB, tn *tenant, name, locationID string) string {
	t.Helper()
	id, err := tn.Assets.Create(t.Context(), assets.CreateAssetParams{Name: name, LocationID: locationID})
	require.NoError(t, err)
	return id
}

// makeSupplier makes a supplier and returns its id.
func makeSupplier(t testing.TB, tn *tenant, name string) string {
	t.Helper()
	id, err := tn.PartsInventory.CreateSupplier(t.Context(), inventory.CreateSupplierParams{Name: name})
	require.NoError(t, err)
	return id
}

// makeProject makes a project and returns its id.
func makeProject(t testing.TB, tn *tenant, name string) string {
	t.Helper()
	id, err := tn.Projects.Create(t.Context(), workorders.CreateProjectParams{Name: name})
	require.NoError(t, err)
	return id
}

// makeTechnician makes a technician of a member and returns its id.
func makeTechnician(t testing.TB, tn *tenant, userID string) string {
	t.Helper()
	id, err := tn.Labor.CreateTechnician(t.Context(), labor.CreateTechnicianParams{UserID: userID})
	require.NoError(t, err)
	return id
}

// makeCrew makes a crew of technicians and returns its id.
func makeCrew(t testing.TB, tn *tenant, name string, technicians ...string) string {
	t.Helper()
	id, err := tn.Labor.CreateCrew(t.Context(), labor.CreateCrewParams{Name: name})
	require.NoError(t, err)
	for _, technician := range technicians {
		_, err := tn.Labor.AddCrewMember(t.Context(), labor.AddCrewMemberParams{CrewID: id, TechnicianID: technician})
		require.NoError(t, err)
	}
	return id
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
