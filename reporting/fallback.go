package reporting

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

// readOnly is what PostgreSQL answers where a function writes that the
// deployment runs in a transaction for reading.
const readOnly = "25006"

// withFallback calls one of the functions for costs, or computes the same from
// the views where the deployment is known to refuse these functions.
func withFallback[R any](ctx context.Context, s *CostService, op, tenantID string, call func() ([]R, error), compute func(costViews) ([]R, error)) ([]R, error) {
	if !s.conn.Refuses(readOnly) {
		rows, err := call()
		var e *sdkerr.Error
		if !errors.As(err, &e) || e.Code != readOnly {
			return rows, err
		}
		s.conn.SawRefusal(readOnly)
	}
	if err := s.viewsShow(ctx, op, tenantID); err != nil {
		return nil, err
	}
	rows, err := compute(newCostViews(s.conn))
	if err != nil {
		return nil, sdkerr.Wrap(op, nil, err)
	}
	return rows, nil
}

// viewsShow makes sure that the views show the tenant that the call is for.
func (s *CostService) viewsShow(ctx context.Context, op, tenantID string) error {
	tenant, err := s.conn.TenantFor(ctx, op, tenantID)
	if err != nil {
		return err
	}
	shown, err := s.conn.TokenTenant(ctx, op)
	if err != nil {
		return err
	}
	if !strings.EqualFold(tenant, shown) {
		return sdkerr.New(op, sdkerr.ErrTenantMismatch,
			"the function fails on this deployment, and the views show tenant %q of the token, not %s", shown, tenant)
	}
	return nil
}

// costViews computes what the functions for costs do.
type costViews struct {
	workOrderCosts postgrest.View[WorkOrderCost]
	alertRows      postgrest.View[LifecycleAlert]
	workOrders     postgrest.View[groupedWorkOrder]
	assets         postgrest.View[groupAsset]
	locations      postgrest.View[groupLocation]
	departments    postgrest.View[groupDepartment]
	projects       postgrest.View[groupProject]
}

func newCostViews(conn *api.Conn) costViews {
	return costViews{
		workOrderCosts: postgrest.NewView(conn, &workOrderCostView),
		alertRows:      postgrest.NewView(conn, &lifecycleAlertView),
		workOrders:     postgrest.NewView(conn, &groupedWorkOrderView),
		assets:         postgrest.NewView(conn, &groupAssetView),
		locations:      postgrest.NewView(conn, &groupLocationView),
		departments:    postgrest.NewView(conn, &groupDepartmentView),
		projects:       postgrest.NewView(conn, &groupProjectView),
	}
}

// rollup is rpc_cost_rollup.
func (v costViews) rollup(ctx context.Context, p CostRollupParams) ([]CostGroup, error) {
	works, costs, err := v.completed(ctx, p.FromDate, p.ToDate)
	if err != nil {
		return nil, err
	}
	group, err := v.groups(ctx, p.GroupBy, works)
	if err != nil {
		return nil, err
	}
	sums := map[string]*CostGroup{}
	var order []string
	for _, w := range works {
		id, name, ok := group(w)
		if !ok {
			continue
		}
		g := sums[id]
		if g == nil {
			g = &CostGroup{GroupKey: id, GroupName: name}
			sums[id] = g
			order = append(order, id)
		}
		c := costs[w.ID]
		g.LaborCents += c.LaborCents
		g.PartsCents += c.PartsCents
		g.VendorCents += c.VendorCents
		g.TotalCents += c.TotalCents
		g.WorkOrderCount++
	}
	out := make([]CostGroup, len(order))
	for i, id := range order {
		out[i] = *sums[id]
	}
	return out, nil
}

// ofAsset is rpc_asset_total_cost_of_ownership.
func (v costViews) ofAsset(ctx context.Context, p AssetTotalCostOfOwnershipParams) ([]AssetTotalCost, error) {
	works, costs, err := v.completed(ctx, p.FromDate, p.ToDate, groupedWorkOrderCols.AssetID.Eq(p.AssetID))
	if err != nil {
		return nil, err
	}
	total := AssetTotalCost{WorkOrderCount: int64(len(works))}
	for _, c := range costs {
		total.LaborCents += c.LaborCents
		total.PartsCents += c.PartsCents
		total.VendorCents += c.VendorCents
		total.TotalCents += c.TotalCents
	}
	return []AssetTotalCost{total}, nil
}

// completed gives the work orders that were completed between two days, or all
// when neither is given, and what they cost, by id.
func (v costViews) completed(ctx context.Context, from, to types.Date, also ...query.Filter) ([]groupedWorkOrder, map[string]WorkOrderCost, error) {
	where := slices.Clip(also)
	if !from.IsZero() {
		where = append(where, groupedWorkOrderCols.CompletedAt.Gte(from.In(time.UTC)))
	}
	if !to.IsZero() {
		where = append(where, groupedWorkOrderCols.CompletedAt.Lt(to.AddDays(1).In(time.UTC)))
	}
	works, err := v.workOrders.List(ctx, query.Where(where...))
	if err != nil {
		return nil, nil, err
	}
	// Only some are asked for by id: many ids are more requests than all the rows.
	var named []query.Option
	if len(where) > 0 {
		ids := make([]string, len(works))
		for i, w := range works {
			ids[i] = w.ID
		}
		named = append(named, query.Where(workOrderCostCols.WorkOrderID.In(ids...)))
	}
	rows, err := v.workOrderCosts.List(ctx, named...)
	if err != nil {
		return nil, nil, err
	}
	costs := make(map[string]WorkOrderCost, len(rows))
	for _, c := range rows {
		costs[c.WorkOrderID] = c
	}
	return works, costs, nil
}

// groups tells which group a work order belongs to, and what that is called.
func (v costViews) groups(ctx context.Context, by GroupBy, works []groupedWorkOrder) (func(groupedWorkOrder) (id, name string, ok bool), error) {
	column := map[GroupBy]func(groupedWorkOrder) *string{
		GroupByAsset:      func(w groupedWorkOrder) *string { return w.AssetID },
		GroupByDepartment: func(w groupedWorkOrder) *string { return w.AssetID },
		GroupByLocation:   func(w groupedWorkOrder) *string { return w.LocationID },
		GroupByProject:    func(w groupedWorkOrder) *string { return w.ProjectID },
	}[by]
	var ids []string
	seen := map[string]bool{}
	for _, w := range works {
		if id := column(w); id != nil && !seen[*id] {
			seen[*id] = true
			ids = append(ids, *id)
		}
	}
	names, department := map[string]string{}, map[string]*string{}
	switch by {
	case GroupByAsset, GroupByDepartment:
		rows, err := v.assets.List(ctx, query.Where(groupAssetCols.ID.In(ids...)))
		if err != nil {
			return nil, err
		}
		for _, a := range rows {
			names[a.ID], department[a.ID] = a.Name, a.DepartmentID
		}
	case GroupByLocation:
		rows, err := v.locations.List(ctx, query.Where(groupLocationCols.ID.In(ids...)))
		if err != nil {
			return nil, err
		}
		for _, l := range rows {
			names[l.ID] = l.Name
		}
	case GroupByProject:
		rows, err := v.projects.List(ctx, query.Where(groupProjectCols.ID.In(ids...)))
		if err != nil {
			return nil, err
		}
		for _, p := range rows {
			names[p.ID] = p.Name
		}
	}
	if by == GroupByDepartment {
		rows, err := v.departments.List(ctx)
		if err != nil {
			return nil, err
		}
		names = map[string]string{}
		for _, d := range rows {
			names[d.ID] = d.Name
		}
	}
	return func(w groupedWorkOrder) (id, name string, ok bool) {
		key := column(w)
		if key != nil && by == GroupByDepartment {
			key = department[*key]
		}
		if key == nil {
			return "", "", false
		}
		name, ok = names[*key]
		return *key, name, ok
	}, nil
}

// alerts is rpc_asset_lifecycle_alerts.
func (v costViews) alerts(ctx context.Context, daysAhead *int) ([]AssetAlert, error) {
	var within []query.Option
	if daysAhead != nil {
		within = append(within, query.Where(lifecycleAlertCols.DaysUntil.Lte(*daysAhead)))
	}
	rows, err := v.alertRows.List(ctx, within...)
	if err != nil {
		return nil, err
	}
	out := make([]AssetAlert, len(rows))
	for i, a := range rows {
		if a.ReferenceDate == nil || a.DaysUntil == nil {
			return nil, sdkerr.New("", sdkerr.ErrDecode, "an alert has no date")
		}
		out[i] = AssetAlert{AssetID: a.AssetID, AlertType: a.AlertType, ReferenceDate: *a.ReferenceDate, DaysUntil: *a.DaysUntil}
	}
	return out, nil
}
