package integration

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/devstack/workordertest"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/reporting"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

// costed is a tenant with work orders along every dimension, and what each cost.
type costed struct {
	*tenant
	press, pump string // assets: the press belongs to a department, the pump to none
	hall        string // location
	department  string
	project     string
	works       []costedWork
}

type costedWork struct {
	id, asset, location, project string
	vendorCents                  int64
	completed                    bool
}

// fillCosts makes the work orders.
func fillCosts(t *testing.T, tn *tenant) *costed {
	t.Helper()
	c := &costed{tenant: tn, department: makeDepartment(t, tn.Client, "Hall crew"), hall: makeLocation(t, tn, "Hall"), project: makeProject(t, tn, "Roof")}
	c.press = makeAsset(t, tn, "Press", "")
	require.NoError(t, tn.Assets.Update(t.Context(), assets.UpdateAssetParams{AssetID: c.press, DepartmentID: &c.department}))
	c.pump = makeAsset(t, tn, "Pump", c.hall)
	for i, w := range []costedWork{
		{asset: c.press, project: c.project, vendorCents: 2500},
		{asset: c.press, location: c.hall, vendorCents: 1, completed: true},
		{asset: c.pump, location: c.hall, project: c.project, vendorCents: 10_000_000, completed: true},
		{asset: c.pump, vendorCents: 0},
		{location: c.hall, vendorCents: 333},
		{vendorCents: 77},
	} {
		id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{
			Title: "Work", AssetID: w.asset, LocationID: w.location, ProjectID: w.project, AssignedTo: tn.Admin.ID,
		})
		require.NoError(t, err)
		w.id = id
		for _, cents := range []int64{w.vendorCents / 2, w.vendorCents - w.vendorCents/2} { // two lines
			_, err = tn.WorkOrders.UpsertVendorCost(t.Context(), workorders.UpsertVendorCostParams{WorkOrderID: id, AmountCents: new(int(cents))})
			require.NoError(t, err)
		}
		if w.completed {
			require.NoError(t, tn.WorkOrders.TransitionStatus(t.Context(), workorders.TransitionStatusParams{WorkOrderID: id, ToStatusKey: "in_progress"}), i)
			require.NoError(t, tn.WorkOrders.Complete(t.Context(), workorders.CompleteWorkOrderParams{WorkOrderID: id, Cause: new("c"), Resolution: new("r")}), i)
		}
		c.works = append(c.works, w)
	}
	return c
}

// want sums up in Go what rollups must give.
func (c *costed) want(by reporting.GroupBy, completed bool) []reporting.CostGroup {
	sums := map[string]*reporting.CostGroup{}
	for _, w := range c.works {
		var key, name string
		switch by {
		case reporting.GroupByAsset:
			key, name = w.asset, map[string]string{c.press: "Press", c.pump: "Pump"}[w.asset]
		case reporting.GroupByDepartment:
			if w.asset == c.press {
				key, name = c.department, "Hall crew"
			}
		case reporting.GroupByLocation:
			key, name = w.location, "Hall"
		case reporting.GroupByProject:
			key, name = w.project, "Roof"
		}
		if key == "" || completed && !w.completed {
			continue
		}
		if sums[key] == nil {
			sums[key] = &reporting.CostGroup{GroupKey: key, GroupName: name}
		}
		sums[key].VendorCents += w.vendorCents
		sums[key].TotalCents += w.vendorCents
		sums[key].WorkOrderCount++
	}
	var out []reporting.CostGroup
	for _, g := range sums {
		out = append(out, *g)
	}
	return byKey(out)
}

func byKey(groups []reporting.CostGroup) []reporting.CostGroup {
	slices.SortFunc(groups, func(a, b reporting.CostGroup) int { return cmp.Compare(a.GroupKey, b.GroupKey) })
	return groups
}

var everyGroup = []reporting.GroupBy{reporting.GroupByAsset, reporting.GroupByLocation, reporting.GroupByDepartment, reporting.GroupByProject}

// requireCosts asserts the sums that a client gets.
func (c *costed) requireCosts(t *testing.T, client *workorder.Client) {
	t.Helper()
	today := types.DateOf(time.Now().UTC())
	days := []struct {
		from, to  types.Date
		completed bool
	}{
		{}, {from: today.AddDays(-1), completed: true}, {to: today.AddDays(1), completed: true},
		{from: today.AddDays(-1), to: today.AddDays(1), completed: true},
	}
	for _, by := range everyGroup {
		for _, d := range days {
			got, err := client.Costs.CostRollup(t.Context(), reporting.CostRollupParams{GroupBy: by, FromDate: d.from, ToDate: d.to})
			require.NoError(t, err)
			require.Empty(t, gocmp.Diff(c.want(by, d.completed), byKey(got)), "%s %v", by, d)
		}
		none, err := client.Costs.CostRollup(t.Context(), reporting.CostRollupParams{GroupBy: by, ToDate: today.AddDays(-2)})
		require.NoError(t, err)
		require.Empty(t, none)
	}
	for _, d := range days {
		got, err := client.Costs.AssetTotalCostOfOwnership(t.Context(), reporting.AssetTotalCostOfOwnershipParams{AssetID: c.pump, FromDate: d.from, ToDate: d.to})
		require.NoError(t, err)
		want := reporting.AssetTotalCost{VendorCents: 10_000_000, TotalCents: 10_000_000, WorkOrderCount: 2}
		if d.completed {
			want.WorkOrderCount = 1
		}
		require.Empty(t, gocmp.Diff(&want, got))
	}
	unknown, err := client.Costs.AssetTotalCostOfOwnership(t.Context(), reporting.AssetTotalCostOfOwnershipParams{AssetID: c.ID})
	require.NoError(t, err)
	require.Empty(t, gocmp.Diff(&reporting.AssetTotalCost{}, unknown))
}

func TestCostsAreSummedUp(t *testing.T) {
	t.Parallel()
	c := fillCosts(t, stack.Tenant(t))
	c.requireCosts(t, c.Client)

	rows, err := c.Costs.WorkOrderCosts.List(t.Context())
	require.NoError(t, err)
	got := map[string]int64{}
	for _, r := range rows {
		require.Equal(t, r.VendorCents, r.TotalCents)
		require.Zero(t, r.LaborCents+r.PartsCents)
		got[r.WorkOrderID] = r.VendorCents
	}
	want := map[string]int64{}
	for _, w := range c.works {
		want[w.id] = w.vendorCents
	}
	require.Equal(t, want, got, "work orders without costs too")

	views := map[reporting.GroupBy][]reporting.CostGroup{}
	for _, r := range list(t, c.Costs.AssetCosts.List) {
		views[reporting.GroupByAsset] = append(views[reporting.GroupByAsset], reporting.CostGroup{GroupKey: r.AssetID, VendorCents: *r.VendorCents, TotalCents: *r.TotalCents, WorkOrderCount: r.WorkOrderCount})
	}
	for _, r := range list(t, c.Costs.LocationCosts.List) {
		views[reporting.GroupByLocation] = append(views[reporting.GroupByLocation], reporting.CostGroup{GroupKey: r.LocationID, VendorCents: *r.VendorCents, TotalCents: *r.TotalCents, WorkOrderCount: r.WorkOrderCount})
	}
	for _, r := range list(t, c.Costs.DepartmentCosts.List) {
		views[reporting.GroupByDepartment] = append(views[reporting.GroupByDepartment], reporting.CostGroup{GroupKey: r.DepartmentID, VendorCents: *r.VendorCents, TotalCents: *r.TotalCents, WorkOrderCount: r.WorkOrderCount})
	}
	for _, r := range list(t, c.Costs.ProjectCosts.List) {
		views[reporting.GroupByProject] = append(views[reporting.GroupByProject], reporting.CostGroup{GroupKey: r.ProjectID, VendorCents: *r.VendorCents, TotalCents: *r.TotalCents, WorkOrderCount: r.WorkOrderCount})
	}
	for _, by := range everyGroup {
		want := c.want(by, false)
		for i := range want {
			want[i].GroupName = ""
		}
		require.Empty(t, gocmp.Diff(want, byKey(views[by])), by)
	}
}

func list[T any](t *testing.T, read func(context.Context, ...query.Option) ([]T, error)) []T {
	t.Helper()
	rows, err := read(t.Context())
	require.NoError(t, err)
	return rows
}

// The functions and the views give the same sums, to the cent: also of labor and
// parts, whose costs only the database itself can write.
func TestCostFunctionsAndViewsAgree(t *testing.T) {
	t.Parallel()
	if !stack.local {
		t.Skip("needs a devstack whose functions for costs answer")
	}
	s, err := devstack.Start(context.WithoutCancel(t.Context()), devstack.WithCostFunctions())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	d := deployment{Deployment: workordertest.Of(s)}
	c := fillCosts(t, d.Tenant(t))
	c.requireCosts(t, c.Client)

	db := d.SQL(t)
	for i, w := range c.works {
		_, err := c.WorkOrders.LogTime(t.Context(), workorders.LogTimeParams{WorkOrderID: w.id, Minutes: 30})
		require.NoError(t, err)
		_, err = db.Exec(t.Context(), "update app.work_order_time_entries set labor_cost_cents = $1 where work_order_id = $2", 101*(i+1), w.id)
		require.NoError(t, err)
		_, err = db.Exec(t.Context(), "insert into app.work_order_parts (tenant_id, work_order_id, total_cost_cents) values ($1, $2, $3), ($1, $2, null)", c.ID, w.id, 7*i)
		require.NoError(t, err)
	}
	refused := 0
	views, err := c.With(workorder.WithAttemptMiddleware(func(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		if !strings.Contains(req.URL.Path, "/rpc/") {
			return next(req)
		}
		refused++
		return &http.Response{
			StatusCode: http.StatusMethodNotAllowed, Header: http.Header{"Content-Type": {"application/json"}}, Request: req,
			Body: io.NopCloser(strings.NewReader(`{"code":"25006","message":"cannot execute UPDATE in a read-only transaction"}`)),
		}, nil
	}))
	require.NoError(t, err)
	today := types.DateOf(time.Now().UTC())
	for _, by := range everyGroup {
		for _, from := range []types.Date{{}, today.AddDays(-1)} {
			p := reporting.CostRollupParams{GroupBy: by, FromDate: from}
			want, err := freshClient(t, d, c).Costs.CostRollup(t.Context(), p)
			require.NoError(t, err)
			got, err := views.Costs.CostRollup(t.Context(), p)
			require.NoError(t, err)
			require.NotEmpty(t, want)
			require.NotZero(t, want[0].LaborCents)
			require.Empty(t, gocmp.Diff(byKey(want), byKey(got)))
		}
	}
	for _, asset := range []string{c.press, c.pump, c.ID} {
		p := reporting.AssetTotalCostOfOwnershipParams{AssetID: asset}
		want, err := freshClient(t, d, c).Costs.AssetTotalCostOfOwnership(t.Context(), p)
		require.NoError(t, err)
		got, err := views.Costs.AssetTotalCostOfOwnership(t.Context(), p)
		require.NoError(t, err)
		require.Empty(t, gocmp.Diff(want, got))
	}
	require.Equal(t, 1, refused, "the functions are asked for once")
}

// freshClient makes a client of its own family, which has seen no refusal.
func freshClient(t *testing.T, d deployment, c *costed) *workorder.Client {
	t.Helper()
	return d.Client(t, workorder.WithAccessToken(c.Admin.JWT(t, c.ID)))
}

func TestLifecycleAlerts(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	press := makeAsset(t, tn, "Press", "")
	today := types.DateOf(time.Now().UTC())
	for _, days := range []int{50, 100, 400, -3} {
		_, err := tn.Assets.UpsertWarranty(t.Context(), assets.UpsertWarrantyParams{AssetID: press, ExpiresOn: today.AddDays(days), StartsOn: today.AddDays(-10)})
		require.NoError(t, err)
	}
	want := []reporting.AssetAlert{{AssetID: press, AlertType: reporting.WarrantyExpiring, ReferenceDate: today.AddDays(50), DaysUntil: 50}}
	alerts := func(days *int) []reporting.AssetAlert {
		got, err := tn.Costs.AssetLifecycleAlerts(t.Context(), reporting.AssetLifecycleAlertsParams{DaysAhead: days})
		require.NoError(t, err)
		return got
	}
	require.Empty(t, gocmp.Diff(want, alerts(nil)))
	require.Empty(t, gocmp.Diff(want, alerts(new(50))))
	require.Empty(t, alerts(new(49)))
	require.Empty(t, alerts(new(0)))

	rows := list(t, tn.Costs.LifecycleAlerts.List)
	require.Len(t, rows, 1)
	require.Equal(t, tn.ID, rows[0].TenantID)
	require.Equal(t, 50, *rows[0].DaysUntil)
}

// A requestor's views show only what they asked for themselves; nobody sees
// another tenant's.
func TestCostsByRoleAndTenant(t *testing.T) {
	t.Parallel()
	c := fillCosts(t, stack.Tenant(t))
	press := c.press
	_, err := c.Assets.UpsertWarranty(t.Context(), assets.UpsertWarrantyParams{AssetID: press, ExpiresOn: types.DateOf(time.Now().UTC()).AddDays(5)})
	require.NoError(t, err)
	requestor := c.Member(t, "requestor")
	require.Empty(t, list(t, requestor.Costs.WorkOrderCosts.List))
	require.Empty(t, list(t, requestor.Costs.AssetCosts.List))
	require.Len(t, list(t, requestor.Costs.LifecycleAlerts.List), 1)
	for _, role := range []string{"member", "manager", "technician"} {
		require.NotNil(t, list(t, c.Member(t, role).Costs.WorkOrderCosts.List), role)
	}
	c.requireCosts(t, c.Member(t, "manager").Client)

	other := stack.Tenant(t)
	count := func(name string, n int64, err error) {
		require.NoError(t, err, name)
		require.Zero(t, n, name)
	}
	ctx := t.Context()
	n, err := other.Costs.WorkOrderCosts.Count(ctx, query.Where(reporting.WorkOrderCostCols.TenantID.Eq(c.ID)))
	count("work orders", n, err)
	n, err = other.Costs.AssetCosts.Count(ctx, query.Where(reporting.AssetCostCols.TenantID.Eq(c.ID)))
	count("assets", n, err)
	n, err = other.Costs.LocationCosts.Count(ctx, query.Where(reporting.LocationCostCols.TenantID.Eq(c.ID)))
	count("locations", n, err)
	n, err = other.Costs.DepartmentCosts.Count(ctx, query.Where(reporting.DepartmentCostCols.TenantID.Eq(c.ID)))
	count("departments", n, err)
	n, err = other.Costs.ProjectCosts.Count(ctx, query.Where(reporting.ProjectCostCols.TenantID.Eq(c.ID)))
	count("projects", n, err)
	n, err = other.Costs.LifecycleAlerts.Count(ctx, query.Where(reporting.LifecycleAlertCols.TenantID.Eq(c.ID)))
	count("alerts", n, err)

	_, err = other.Admin.Costs.CostRollup(ctx, reporting.CostRollupParams{TenantID: c.ID, GroupBy: reporting.GroupByAsset})
	require.Error(t, err)
	got, err := other.Costs.AssetTotalCostOfOwnership(ctx, reporting.AssetTotalCostOfOwnershipParams{AssetID: c.press})
	require.NoError(t, err)
	require.Empty(t, gocmp.Diff(&reporting.AssetTotalCost{}, got))
	_, err = stack.Client(t).Costs.CostRollup(ctx, reporting.CostRollupParams{TenantID: c.ID, GroupBy: reporting.GroupByAsset})
	require.ErrorIs(t, err, workorder.ErrUnauthenticated)
}
