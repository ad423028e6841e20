// Package workorders reads and writes work orders: what is to be done, for
// whom, by when, and how much time it took; and what goes with them: files,
// planning, field devices, tools and shift handovers, notifications.
//
// The services are fields of workorder.Client:
//
//	id, err := client.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{
//		Title:    "Replace the bearing of pump 7",
//		Priority: "high",
//	})
//	late := workorders.WorkOrderCols.DueDate.Lt(time.Now())
//	for wo, err := range client.WorkOrders.All(ctx, query.Where(late)) {
//		…
//	}
//
// Statuses, priorities and maintenance types are keys of the tenant's catalogs
// (see org.CatalogService), so they are plain strings. A new tenant has the
// statuses draft, assigned, in_progress, completed and cancelled and the
// priorities low, medium, high and critical.
//
// Reads follow the tenant in the access token and need permission
// workorder.view (or one of the request permissions, which show fewer rows);
// without it the views are empty, without an error.
package workorders
