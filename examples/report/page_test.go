package main

import (
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/examples/report/figures"
)

var quarter = []time.Time{
	time.Date(2025, time.December, 1, 0, 0, 0, 0, time.UTC),
	time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC),
	time.Date(2026, time.February, 1, 0, 0, 0, 0, time.UTC),
}

// bars counts the bars of a chart: they are its only shapes in the first colour.
func bars(c chart) int {
	return strings.Count(string(c.SVG), "fill:rgb(84,112,198)")
}

// A month of nothing is a gap in the chart, the table and the file, and told from a
// month whose value is zero.
func TestMonthsOfNothingAreGaps(t *testing.T) {
	dir := t.TempDir()
	mean, err := meanChart(chart{Title: "Mean", File: "mean.csv"}, dir, "mean", "completed", quarter, []figures.Mean{
		{Month: quarter[0], Count: 2, Hours: 4}, {Month: quarter[1]}, {Month: quarter[2], Count: 1, Hours: 6},
	})
	require.NoError(t, err)
	require.Equal(t, 2, bars(mean))
	require.Equal(t, [][]string{{"2025-12", "2", "4.0"}, {"2026-01", "0", ""}, {"2026-02", "1", "6.0"}}, mean.Rows)
	require.Equal(t, "month,count,hours\r\n2025-12,2,4\r\n2026-01,0,\r\n2026-02,1,6\r\n", read1(t, dir, "mean.csv"))

	pm, err := pmChart(&data{months: quarter, pm: []figures.Compliance{
		{Month: quarter[0], Scheduled: 2, Completed: 2, OnTime: 1}, {Month: quarter[1]}, {Month: quarter[2], Scheduled: 1},
	}}, dir)
	require.NoError(t, err)
	require.Equal(t, 2, bars(pm), "nothing on time is drawn as zero, nothing due is not")

	for _, make := range []func(*data, string) (chart, error){mttrChart, mtbfChart, pmChart} {
		c, err := make(&data{}, dir)
		require.NoError(t, err)
		require.Contains(t, c.Text, "A gap: ")
		require.Equal(t, noData, c.Empty)
	}
}

func TestMonthNames(t *testing.T) {
	of := func(n int) string { return strings.Join(monthNames(figures.Months(quarter[2], n)), ",") }
	require.Equal(t, "Dec,2026,Feb", of(3))
	require.Equal(t, ",May,,Jul,,Sep,,Nov,,2026,", of(11))
	require.Equal(t, ",2025,,,,,,Jul,,,,,,2026,", of(15))
	require.Equal(t, strings.Repeat(",", 10)+"2024"+strings.Repeat(",", 12)+"2025"+strings.Repeat(",", 12)+"2026,", of(36))
}

func TestWholeSteps(t *testing.T) {
	for most, want := range map[float64][2]float64{0: {1, 1}, 1: {1, 1}, 3: {3, 1}, 6: {6, 1}, 7: {4, 2}, 13: {3, 5}, 31: {4, 10}, 61: {4, 20}, 301: {4, 100}} {
		steps, step := wholeSteps(most)
		require.Equal(t, want, [2]float64{steps, step}, most)
	}
}

// A bar is for a terminal alone; the null device is one of characters, too, and none.
func TestBarIsForATerminal(t *testing.T) {
	draw := func(path string, flags int) string {
		f, err := os.OpenFile(path, flags, 0o600)
		require.NoError(t, err)
		defer f.Close()
		bar := newBar(f)
		bar.Describe("reading preventive maintenance") // nothing is longer
		require.NoError(t, bar.Add(1))
		return bar.String()
	}
	require.Empty(t, draw(os.DevNull, os.O_WRONLY))
	require.Empty(t, draw(t.TempDir()+"/stderr", os.O_WRONLY|os.O_CREATE))
	if f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0); err == nil {
		require.NoError(t, f.Close())
		bar := draw("/dev/ptmx", os.O_RDWR)
		require.NotEmpty(t, bar)
		require.LessOrEqual(t, utf8.RuneCountInString(strings.Trim(bar, "\r"))-barWidth, 40, bar)
	}
}
