// Package reporting has the services that sum up: what work orders cost, along
// assets, places, departments and projects, and which dates of assets come up.
//
// Programs reach them through the field Costs of workorder.Client:
//
//	groups, err := client.Costs.CostRollup(ctx, reporting.CostRollupParams{
//		GroupBy:  reporting.GroupByDepartment,
//		FromDate: types.NewDate(2026, 1, 1),
//		ToDate:   types.NewDate(2026, 12, 31),
//	})
//
// Money is whole cents of the tenant's currency, an int64. Reads follow the
// tenant in the token.
package reporting
