package main

import (
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/examples/report/figures"
)

const noData = "No data in this period."

// monthNames names some of the months, each January by its year, since more names do
// not fit beside each other.
func monthNames(months []time.Time) []string {
	every := 12
	switch n := len(months); {
	case n <= 6:
		every = 1
	case n <= 12:
		every = 2
	case n <= 24:
		every = 6
	}
	names := make([]string, len(months))
	for i, m := range months {
		switch {
		case m.Month() == time.January:
			names[i] = m.Format("2006")
		case int(m.Month()-time.January)%every == 0:
			names[i] = m.Format("Jan")
		}
	}
	return names
}

// table is the head and the rows of a chart's numbers.
func (c *chart) table(head []string, rows int, row func(i int) []string) {
	c.Head = head
	for i := range rows {
		c.Rows = append(c.Rows, row(i))
	}
}

type backlogRow struct {
	Month   string `json:"month"`
	Open    int    `json:"open"`
	Overdue int    `json:"overdue"`
}

func backlogChart(d *data, dir string) (c chart, err error) {
	c = chart{
		Title: "Backlog", File: "backlog.csv",
		Text: "Work orders that were neither completed nor cancelled at the end of each month, and those of them past the due date they have today.",
	}
	g := drawing{labels: monthNames(d.months), names: []string{"open", "overdue"}, values: make([][]float64, 2), unit: "work orders", whole: true}
	var rows []backlogRow
	for i, b := range d.backlog {
		rows = append(rows, backlogRow{d.months[i].Format("2006-01"), b.Open, b.Overdue})
		g.values[0] = append(g.values[0], float64(b.Open))
		g.values[1] = append(g.values[1], float64(b.Overdue))
	}
	if d.orders == 0 {
		c.Empty = noData
	} else if c.SVG, err = g.draw(c.Title); err != nil {
		return c, err
	}
	c.table([]string{"month", "open", "overdue"}, len(rows), func(i int) []string {
		return []string{rows[i].Month, count(rows[i].Open), count(rows[i].Overdue)}
	})
	return c, numbers(dir, c.File, rows)
}

type groupRow struct {
	Priority string `json:"priority"`
	Open     int    `json:"open"`
}

func priorityChart(d *data, dir string) (c chart, err error) {
	c = chart{Title: "Open work by priority", File: "open_by_priority.csv", Text: "Work orders that are open now."}
	now := d.backlog[len(d.backlog)-1].ByPriority
	order := []string{"critical", "high", "medium", "low"}
	keys := slices.SortedFunc(maps.Keys(now), func(a, b string) int {
		rank := func(s string) int {
			if i := slices.Index(order, s); i >= 0 {
				return i
			}
			return len(order)
		}
		if r := rank(a) - rank(b); r != 0 {
			return r
		}
		if a < b {
			return -1
		}
		return 1
	})
	g := drawing{names: []string{"open"}, values: make([][]float64, 1), unit: "work orders", whole: true, bars: "vertical"}
	var rows []groupRow
	for _, k := range keys {
		rows = append(rows, groupRow{k, now[k]})
		g.labels = append(g.labels, k)
		g.values[0] = append(g.values[0], float64(now[k]))
	}
	if len(rows) == 0 {
		c.Empty = "Nothing is open."
	} else if c.SVG, err = g.draw(c.Title); err != nil {
		return c, err
	}
	c.table([]string{"priority", "open"}, len(rows), func(i int) []string { return []string{rows[i].Priority, count(rows[i].Open)} })
	return c, numbers(dir, c.File, rows)
}

type meanRow struct {
	Month string   `json:"month"`
	Count int      `json:"count"`
	Hours *float64 `json:"hours"` // nil: there is no mean of nothing
}

// meanChart draws a mean by month. A month without any is a gap.
func meanChart(c chart, dir, series, counted string, months []time.Time, means []figures.Mean) (chart, error) {
	g := drawing{labels: monthNames(months), names: []string{series}, values: make([][]float64, 1), unit: "hours", bars: "vertical"}
	var rows []meanRow
	any := false
	for _, m := range means {
		row, value := meanRow{Month: m.Month.Format("2006-01"), Count: m.Count}, gap
		if m.Count > 0 {
			any, row.Hours, value = true, &m.Hours, m.Hours
		}
		rows = append(rows, row)
		g.values[0] = append(g.values[0], value)
	}
	var err error
	if !any {
		c.Empty = noData
	} else if c.SVG, err = g.draw(c.Title); err != nil {
		return c, err
	}
	c.table([]string{"month", counted, "mean hours"}, len(rows), func(i int) []string {
		mean := ""
		if rows[i].Hours != nil {
			mean = number(*rows[i].Hours)
		}
		return []string{rows[i].Month, count(rows[i].Count), mean}
	})
	return c, numbers(dir, c.File, rows)
}

func mttrChart(d *data, dir string) (chart, error) {
	return meanChart(chart{
		Title: "Mean time to repair (MTTR)", File: "mttr.csv",
		Text: "Hours from creation to completion, averaged over all work orders completed in the month, planned work included, as on the platform's dashboard. Cancelled ones do not count. A gap: none was completed.",
	}, dir, "MTTR", "completed", d.months, d.mttr)
}

func mtbfChart(d *data, dir string) (chart, error) {
	return meanChart(chart{
		Title: "Mean time between failures (MTBF)", File: "mtbf.csv",
		Text: "Hours between consecutive failures of the same asset, in the month of the later one. A failure is a completed work order that is reactive or of no type. A gap: no asset failed again.",
	}, dir, "MTBF", "gaps", d.months, d.mtbf)
}

type pmRow struct {
	Month     string `json:"month"`
	Scheduled int    `json:"scheduled"`
	Completed int    `json:"completed"`
	OnTime    int    `json:"on_time"`
}

func pmChart(d *data, dir string) (c chart, err error) {
	c = chart{
		Title: "Preventive maintenance (PM) compliance", File: "pm_compliance.csv",
		Text: "Of the preventive maintenance due in the month, the share completed until 7 days after its due day, in percent. A gap: nothing was due.",
	}
	g := drawing{labels: monthNames(d.months), names: []string{"on time"}, values: make([][]float64, 1), unit: "percent", most: 100, bars: "vertical"}
	var rows []pmRow
	any := false
	for _, m := range d.pm {
		rows = append(rows, pmRow{m.Month.Format("2006-01"), m.Scheduled, m.Completed, m.OnTime})
		share := gap
		if m.Scheduled > 0 {
			any, share = true, 100*float64(m.OnTime)/float64(m.Scheduled)
		}
		g.values[0] = append(g.values[0], share)
	}
	if !any {
		c.Empty = noData
	} else if c.SVG, err = g.draw(c.Title); err != nil {
		return c, err
	}
	c.table([]string{"month", "due", "completed", "on time"}, len(rows), func(i int) []string {
		return []string{rows[i].Month, count(rows[i].Scheduled), count(rows[i].Completed), count(rows[i].OnTime)}
	})
	return c, numbers(dir, c.File, rows)
}

type downtimeRow struct {
	Location string          `json:"location"`
	Minutes  decimal.Decimal `json:"minutes"`
}

func downtimeChart(d *data, dir string) (c chart, err error) {
	c = chart{
		Title: "Downtime by location", File: "downtime.csv",
		Text: "Hours that assets were down in the downtimes that began in these months, by where each asset is today.",
	}
	g := drawing{names: []string{"downtime"}, values: make([][]float64, 1), unit: "hours", bars: "horizontal"}
	var rows []downtimeRow
	for _, l := range d.downtime {
		rows = append(rows, downtimeRow{d.locations[l.LocationID], l.Minutes})
	}
	for _, r := range slices.Backward(rows) { // the longest at the top
		g.labels = append(g.labels, r.Location)
		g.values[0] = append(g.values[0], r.Minutes.InexactFloat64()/60)
	}
	switch {
	case !d.mayDown:
		c.Empty = "The report's user may not see downtime (permission downtime.view)."
	case len(rows) == 0:
		c.Empty = noData
	default:
		if c.SVG, err = g.draw(c.Title); err != nil {
			return c, err
		}
	}
	c.table([]string{"location", "hours"}, len(rows), func(i int) []string {
		return []string{rows[i].Location, number(rows[i].Minutes.InexactFloat64() / 60)}
	})
	return c, numbers(dir, c.File, rows)
}

type costRow struct {
	Asset  string `json:"asset"`
	Labor  int64  `json:"labor_cents"`
	Parts  int64  `json:"parts_cents"`
	Vendor int64  `json:"vendor_cents"`
}

func costChart(d *data, dir string) (c chart, err error) {
	c = chart{
		Title: "Cost by asset", File: "costs.csv",
		Text: "The ten assets whose work orders cost most since they are in the system: labour, parts and vendors, in currency units.",
	}
	cents := func(p *int64) int64 {
		if p == nil {
			return 0
		}
		return *p
	}
	g := drawing{names: []string{"labour", "parts", "vendors"}, values: make([][]float64, 3), unit: "currency units", bars: "horizontal", stack: true}
	var rows []costRow
	for _, a := range d.costs {
		rows = append(rows, costRow{d.assets[a.AssetID], cents(a.LaborCents), cents(a.PartsCents), cents(a.VendorCents)})
	}
	for _, r := range slices.Backward(rows) {
		g.labels = append(g.labels, r.Asset)
		for i, v := range []int64{r.Labor, r.Parts, r.Vendor} {
			g.values[i] = append(g.values[i], float64(v)/100)
		}
	}
	if len(rows) == 0 {
		c.Empty = noData
	} else if c.SVG, err = g.draw(c.Title); err != nil {
		return c, err
	}
	c.table([]string{"asset", "labour", "parts", "vendors"}, len(rows), func(i int) []string {
		r := rows[i]
		return []string{r.Asset, number(float64(r.Labor) / 100), number(float64(r.Parts) / 100), number(float64(r.Vendor) / 100)}
	})
	return c, numbers(dir, c.File, rows)
}
