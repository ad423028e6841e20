// Package reporting has the services that sum up: what work orders cost, along
// assets, places, departments and projects; the numbers of a dashboard, live and
// as snapshots; and the facts and indicators of the schema reporting, which is
// made for analysis.
//
// Programs reach them through the fields Costs, Dashboard and Analytics of
// workorder.Client:
//
//	groups, err := client.Costs.CostRollup(ctx, reporting.CostRollupParams{
//		GroupBy:  reporting.GroupByDepartment,
//		FromDate: types.NewDate(2026, 1, 1),
//		ToDate:   types.NewDate(2026, 12, 31),
//	})
//
//	backlog, err := client.Analytics.Backlog.List(ctx)
//
// Money is whole cents of the tenant's currency, an int64. Reads follow the
// tenant in the token.
package reporting
