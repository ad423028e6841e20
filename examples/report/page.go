package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"html"
	"html/template"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/go-analyze/charts"

	"github.com/workorder-systems/sdk-go/export"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// page is what page.html shows.
type page struct {
	Tenant, From, To, AsOf string
	Charts                 []chart
}

// chart is one section of the page.
type chart struct {
	Title, Text string // what it shows and how that is computed
	SVG         template.HTML
	Empty       string // instead of a chart
	File        string // with its numbers
	Head        []string
	Rows        [][]string
}

// write writes the page and the files of its charts.
func write(dir string, d *data) (*page, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	p := &page{
		Tenant: d.tenant, From: d.months[0].Format("January 2006"), To: d.now.Format("2 January 2006"),
		AsOf: d.now.Format("2006-01-02 15:04 MST"),
	}
	for _, make := range []func(*data, string) (chart, error){backlogChart, priorityChart, mttrChart, mtbfChart, pmChart, downtimeChart, costChart} {
		c, err := make(d, dir)
		if err != nil {
			return nil, err
		}
		p.Charts = append(p.Charts, c)
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		return nil, err
	}
	return p, os.WriteFile(filepath.Join(dir, "report.html"), b.Bytes(), 0o644)
}

// numbers writes the rows behind a chart as CSV.
func numbers[T any](dir, file string, rows []T) error {
	f, err := os.Create(filepath.Join(dir, file))
	if err != nil {
		return err
	}
	_, err = export.CSV(context.Background(), f, each(rows), export.GuardFormulas())
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

func each[T any](rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// drawing is what the charts have in common.
type drawing struct {
	labels []string
	names  []string    // of the series
	values [][]float64 // by series
	unit   string      // on the axis of values
	most   float64     // where that axis ends; 0: where the values do
	whole  bool        // it has no fractions
	bars   string      // "", "vertical", "horizontal"
	stack  bool
}

// width is that of a chart beside another; on a small screen a chart is as wide as
// that, and its texts can still be read.
const width = 480

// gap is the value where there is none.
var gap = charts.GetNullValue()

// draw renders a chart as SVG that fits any width. The title is not drawn; it is read
// to those who do not see the chart.
func (g drawing) draw(title string) (template.HTML, error) {
	height := 340
	if g.bars == "horizontal" {
		height = 120 + 34*len(g.labels)
	}
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: width, Height: height})
	value := charts.ValueAxisOption{Title: g.unit, Min: charts.Ptr(0.0), PreferNiceIntervals: charts.Ptr(true)}
	if g.bars != "horizontal" {
		value.LabelOffset = charts.OffsetInt{Left: 4} // off the unit
	}
	if g.whole {
		steps, step := wholeSteps(slices.Max(slices.Concat(g.values...)))
		value.Max, value.LabelCount = charts.Ptr(steps*step), int(steps)+1
	} else if g.most > 0 {
		value.Max, value.LabelCount = charts.Ptr(g.most), 6
	}
	category := charts.CategoryAxisOption{Labels: g.labels, LabelCount: len(g.labels), BoundaryGap: charts.Ptr(g.bars != "")}
	legend := charts.LegendOption{SeriesNames: g.names, Show: charts.Ptr(len(g.names) > 1)}
	padding := charts.NewBoxEqual(14)
	var err error
	if g.bars == "" {
		err = p.LineChart(charts.LineChartOption{
			Padding: padding, XAxis: category, YAxis: []charts.ValueAxisOption{value}, Legend: legend,
			SeriesList: charts.NewSeriesListLine(g.values),
		})
	} else {
		err = p.BarChart(charts.BarChartOption{
			Padding: padding, Horizontal: g.bars == "horizontal", StackSeries: charts.Ptr(g.stack),
			CategoryAxis: category, ValueAxis: []charts.ValueAxisOption{value}, Legend: legend,
			SeriesList: charts.NewSeriesListBar(g.values),
		})
	}
	if err != nil {
		return "", err
	}
	svg, err := p.Bytes()
	if err != nil {
		return "", err
	}
	label := fmt.Sprintf(`<svg role="img" aria-label="%s; the numbers are in the table below" `, html.EscapeString(title))
	return template.HTML(bytes.Replace(svg, []byte("<svg "), []byte(label), 1)), nil //nolint:gosec // the library escapes texts
}

// wholeSteps divides an axis that reaches most into up to six steps of 1, 2, 5, 10, 20…
func wholeSteps(most float64) (steps, step float64) {
	step = 1
	for i := 0; most > 6*step; i++ {
		step *= []float64{2, 2.5, 2}[i%3]
	}
	return max(1, math.Ceil(most/step)), step
}

func count(n int) string { return strconv.Itoa(n) }

func number(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }
