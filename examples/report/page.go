package main

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"iter"
	"os"
	"path/filepath"
	"strconv"

	"github.com/go-analyze/charts"

	"github.com/workorder-systems/sdk-go/export"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// page is what page.html shows.
type page struct {
	Tenant, From, To, Generated string
	Charts                      []chart
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
		Generated: d.now.Format("2006-01-02 15:04 MST"),
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
	bars   string      // "", "vertical", "horizontal"
	stack  bool
}

const width = 860

// draw renders a chart as SVG that fits any width.
func (g drawing) draw() (template.HTML, error) {
	height := 340
	if g.bars == "horizontal" {
		height = 120 + 34*len(g.labels)
	}
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: width, Height: height})
	value := charts.ValueAxisOption{Title: g.unit, Min: charts.Ptr(0.0), PreferNiceIntervals: charts.Ptr(true)}
	if g.most > 0 {
		value.Max, value.LabelCount = charts.Ptr(g.most), 6
	}
	category := charts.CategoryAxisOption{Labels: g.labels, LabelCount: len(g.labels)}
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
	return template.HTML(bytes.Replace(svg, []byte("<svg "), []byte(`<svg role="img" `), 1)), nil //nolint:gosec // the library escapes texts
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }
