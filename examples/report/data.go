package main

import (
	"context"
	"time"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/examples/report/figures"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/reporting"
	"github.com/workorder-systems/sdk-go/workorders"
)

// data is what the page shows.
type data struct {
	tenant    string
	now       time.Time
	months    []time.Time
	orders    int
	backlog   []figures.Backlog // at the end of each month, or now
	mttr      []figures.Mean
	mtbf      []figures.Mean
	pm        []figures.Compliance
	downtime  []figures.Downtime
	mayDown   bool // the caller may see downtime
	costs     []reporting.AssetCost
	locations map[string]string // names
	assets    map[string]string
}

// steps is how often read says what it does.
const steps = 8

// read asks for everything; tell says what it is about to do.
func read(ctx context.Context, c *workorder.Client, now time.Time, n int, tell func(string)) (*data, error) {
	d := &data{now: now, months: figures.Months(now, n), locations: map[string]string{"": "no location"}, assets: map[string]string{}}

	tell("reading the tenant")
	dims, err := c.Analytics.Tenants.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range dims {
		d.tenant = t.TenantName
	}
	permissions, err := c.Authorization.UserPermissions(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, p := range permissions {
		d.mayDown = d.mayDown || p == "downtime.view"
	}

	tell("reading work orders")
	due := map[string]*time.Time{}
	cols := workorders.WorkOrderCols
	for wo, err := range c.WorkOrders.All(ctx, query.Columns(cols.ID, cols.DueDate)) {
		if err != nil {
			return nil, err
		}
		due[wo.ID] = wo.DueDate
	}
	facts, err := c.Analytics.WorkOrders.List(ctx)
	if err != nil {
		return nil, err
	}
	orders := make([]figures.Order, len(facts))
	for i, f := range facts {
		orders[i] = figures.Order{WorkOrderFact: f, DueDate: due[f.WorkOrderID]}
	}
	d.orders = len(orders)
	for i := range d.months {
		at := now
		if i+1 < len(d.months) {
			at = d.months[i+1]
		}
		d.backlog = append(d.backlog, figures.BacklogAt(orders, at))
	}
	d.mttr = figures.MTTR(facts, d.months)

	tell("reading failures")
	incidents, err := c.Analytics.DowntimeIncidents.List(ctx)
	if err != nil {
		return nil, err
	}
	d.mtbf = figures.MTBF(incidents, d.months)

	tell("reading preventive maintenance")
	compliance, err := c.Analytics.PMCompliance.List(ctx)
	if err != nil {
		return nil, err
	}
	d.pm = figures.PMCompliance(compliance, d.months)

	tell("reading assets and locations")
	dimension, err := c.Analytics.Assets.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range dimension {
		d.assets[a.AssetID] = a.AssetName
	}
	places, err := c.Analytics.Locations.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range places {
		d.locations[l.LocationID] = l.LocationName
	}

	tell("reading downtime")
	downtime, err := c.Assets.MonthlyDowntime.List(ctx)
	if err != nil {
		return nil, err
	}
	d.downtime = figures.DowntimeByLocation(downtime, dimension, d.months)

	tell("reading costs")
	costs, err := c.Costs.AssetCosts.List(ctx)
	if err != nil {
		return nil, err
	}
	d.costs = figures.TopCosts(costs, 10)
	tell("drawing")
	return d, nil
}
