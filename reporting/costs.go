package reporting

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// CostService reads what work orders cost: labor, parts and vendors, in cents.
// The views count the work orders that the caller may see; those without an
// asset, a place, a department or a project are in the sums of none.
//
// A released version of the platform refuses its three functions for costs with
// SQLSTATE 25006. Once that has happened, this client and all that are derived
// from the same New compute the same results from the views instead. These show
// only the token's tenant, so that naming another one is ErrTenantMismatch then,
// and only work orders that the caller may see, where the functions count all.
// The views are read one after the other: what is changed meanwhile may be in
// some of the numbers only.
//
// TypeScript: costs (listWorkOrderCosts is WorkOrderCosts.List, and so on).
type CostService struct {
	// WorkOrderCosts reads v_work_order_costs: one row for every work order, with
	// zeros when it cost nothing.
	WorkOrderCosts postgrest.View[WorkOrderCost]
	// AssetCosts reads v_asset_costs, by asset.
	AssetCosts postgrest.View[AssetCost]
	// LocationCosts reads v_location_costs, by the place of the work orders: not
	// that of their assets, and without the places inside.
	LocationCosts postgrest.View[LocationCost]
	// DepartmentCosts reads v_department_costs, by the department that the assets
	// of the work orders belong to today.
	DepartmentCosts postgrest.View[DepartmentCost]
	// ProjectCosts reads v_project_costs, by project.
	ProjectCosts postgrest.View[ProjectCost]
	// LifecycleAlerts reads v_asset_lifecycle_alerts, at most one row for each
	// asset and kind. Any member of the token's tenant may read.
	LifecycleAlerts postgrest.View[LifecycleAlert]

	rpc  postgrest.Caller
	conn *api.Conn
}

func (s *CostService) bind(conn *api.Conn) {
	s.WorkOrderCosts = postgrest.NewView(conn, &workOrderCostView)
	s.AssetCosts = postgrest.NewView(conn, &assetCostView)
	s.LocationCosts = postgrest.NewView(conn, &locationCostView)
	s.DepartmentCosts = postgrest.NewView(conn, &departmentCostView)
	s.ProjectCosts = postgrest.NewView(conn, &projectCostView)
	s.LifecycleAlerts = postgrest.NewView(conn, &lifecycleAlertView)
	s.rpc = postgrest.NewCaller(conn)
	s.conn = conn
}

// GroupBy is what costs are summed up along.
type GroupBy string

// What costs can be summed up along.
const (
	GroupByAsset      GroupBy = "asset"
	GroupByLocation   GroupBy = "location"   // of the work order, without the places inside
	GroupByDepartment GroupBy = "department" // that the asset belongs to today
	GroupByProject    GroupBy = "project"
)

// CostRollupParams says what to sum up. With a date, only work orders count that
// were completed from then on, or until then, the day in UTC included; with
// none, all do.
type CostRollupParams struct {
	TenantID string     // optional: the client's tenant
	GroupBy  GroupBy    // required
	FromDate types.Date // zero: since ever
	ToDate   types.Date // zero: until now
}

// CostRollup sums up what work orders cost, with one row for each asset, place,
// department or project that has some, in no special order.
//
// Any member may: the platform counts also work orders that the caller may not
// see. See CostService for what happens where it cannot answer.
//
// TypeScript: costs.costRollup.
func (s *CostService) CostRollup(ctx context.Context, p CostRollupParams) ([]CostGroup, error) {
	const op = "Costs.CostRollup"
	switch p.GroupBy {
	case GroupByAsset, GroupByLocation, GroupByDepartment, GroupByProject:
	case "":
		return nil, sdkerr.Required(op, "GroupBy") // the platform would take it for project
	default:
		return nil, sdkerr.Invalid(op, "GroupBy", "is none of asset, location, department and project")
	}
	if err := checkDates(op, p.FromDate, p.ToDate); err != nil {
		return nil, err
	}
	args := costRollupArgs{
		TenantID: p.TenantID,
		GroupBy:  p.GroupBy,
		FromDate: postgrest.NullIfZero(p.FromDate),
		ToDate:   postgrest.NullIfZero(p.ToDate),
	}
	return withFallback(ctx, s, op, p.TenantID,
		func() ([]CostGroup, error) {
			return postgrest.Rows(ctx, s.rpc, op, args, []string{"group_key"}, func(g CostGroup) []string { return []string{g.GroupKey} })
		},
		func(v costViews) ([]CostGroup, error) { return v.rollup(ctx, p) })
}

// AssetTotalCostOfOwnershipParams names an asset, and days as CostRollupParams
// does.
type AssetTotalCostOfOwnershipParams struct {
	TenantID string     // optional: the client's tenant
	AssetID  string     // required
	FromDate types.Date // zero: since ever
	ToDate   types.Date // zero: until now
}

// AssetTotalCostOfOwnership sums up what the work orders of an asset cost. An
// asset that is unknown, or another tenant's, cost nothing.
//
// Any member may: the platform counts also work orders that the caller may not
// see. See CostService for what happens where it cannot answer.
//
// TypeScript: costs.assetTotalCostOfOwnership.
func (s *CostService) AssetTotalCostOfOwnership(ctx context.Context, p AssetTotalCostOfOwnershipParams) (*AssetTotalCost, error) {
	const op = "Costs.AssetTotalCostOfOwnership"
	if err := sdkerr.RequireText(op, "AssetID", p.AssetID); err != nil {
		return nil, err
	}
	if err := checkDates(op, p.FromDate, p.ToDate); err != nil {
		return nil, err
	}
	args := assetTotalCostOfOwnershipArgs{
		TenantID: p.TenantID,
		AssetID:  p.AssetID,
		FromDate: postgrest.NullIfZero(p.FromDate),
		ToDate:   postgrest.NullIfZero(p.ToDate),
	}
	rows, err := withFallback(ctx, s, op, p.TenantID,
		func() ([]AssetTotalCost, error) { return postgrest.Call[[]AssetTotalCost](ctx, s.rpc, op, args) },
		func(v costViews) ([]AssetTotalCost, error) { return v.ofAsset(ctx, p) })
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, sdkerr.New(op, sdkerr.ErrDecode, "the function gave %d rows in place of one", len(rows))
	}
	return &rows[0], nil
}

func checkDates(op string, from, to types.Date) error {
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return sdkerr.Invalid(op, "ToDate", "is before FromDate")
	}
	return nil
}

// AlertType is what happens on a date in the life of an asset.
type AlertType string

// What can happen on a date in the life of an asset.
const (
	WarrantyExpiring      AlertType = "warranty_expiring"       // the next of its active warranties ends
	EndOfLifeApproaching  AlertType = "eol_approaching"         // see assets.Asset.EndOfLifeEstimate
	ContractExpiring      AlertType = "contract_expiring"       // see assets.Asset.ServiceContractExpiresAt
	PlannedReplacementDue AlertType = "planned_replacement_due" // see assets.Asset.PlannedReplacementDate
)

// AssetLifecycleAlertsParams says how far to look ahead.
type AssetLifecycleAlertsParams struct {
	TenantID  string // optional: the client's tenant
	DaysAhead *int   // 0–365, 0 being today in UTC; nil: 365
}

// AssetLifecycleAlerts returns the dates in the lives of assets that come up
// within some days, in no special order. LifecycleAlerts.List gives the same
// with filters.
//
// Any member may. See CostService for what happens where the platform cannot
// answer.
//
// TypeScript: costs.assetLifecycleAlerts, which gives nothing for a number below
// 0, and the same as 365 for one above.
func (s *CostService) AssetLifecycleAlerts(ctx context.Context, p AssetLifecycleAlertsParams) ([]AssetAlert, error) {
	const op = "Costs.AssetLifecycleAlerts"
	if p.DaysAhead != nil && (*p.DaysAhead < 0 || *p.DaysAhead > 365) {
		return nil, sdkerr.Invalid(op, "DaysAhead", "must be 0 to 365")
	}
	return withFallback(ctx, s, op, p.TenantID,
		func() ([]AssetAlert, error) {
			return postgrest.Rows(ctx, s.rpc, op, assetLifecycleAlertsArgs(p), []string{"asset_id", "alert_type"},
				func(a AssetAlert) []string { return []string{a.AssetID, string(a.AlertType)} })
		},
		func(v costViews) ([]AssetAlert, error) { return v.alerts(ctx, p.DaysAhead) })
}
