package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack"
)

// today is the same for all tests, and not in the future.
var today = time.Now().UTC().Truncate(time.Hour)

// table reads a file behind a chart.
func table(t *testing.T, dir, file string) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, file))
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	return rows[1:]
}

func float(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	require.NoError(t, err)
	return f
}

// mean is that of a month, and 0 for one of nothing.
func mean(t *testing.T, row []string) float64 {
	t.Helper()
	if row[1] == "0" {
		require.Empty(t, row[2])
		return 0
	}
	return float(t, row[2])
}

// report seeds a tenant of the stack and writes its report.
func report(t *testing.T, stack *devstack.Stack, seed uint64) (dir, tenant string) {
	t.Helper()
	client, err := seedYear(t.Context(), stack, seed, today)
	require.NoError(t, err)
	tenants, err := client.Tenants.List(t.Context())
	require.NoError(t, err)
	d, err := read(t.Context(), client, today, 12, func(string) {})
	require.NoError(t, err)
	dir = t.TempDir()
	_, err = write(dir, d)
	require.NoError(t, err)
	return dir, tenants[0].ID
}

var files = []string{"backlog.csv", "open_by_priority.csv", "mttr.csv", "mtbf.csv", "pm_compliance.csv", "downtime.csv", "costs.csv"}

// The numbers behind the charts are those that SQL finds in the rows themselves,
// and the same for the same seed.
func TestReportOfAYear(t *testing.T) {
	stack, err := devstack.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	db, err := pgx.Connect(t.Context(), stack.DatabaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close(t.Context()) })
	dir, tenant := report(t, stack, 7)

	count := func(sql string, args ...any) float64 {
		t.Helper()
		var n float64
		require.NoError(t, db.QueryRow(t.Context(), "select coalesce(("+sql+")::float8, 0)", append([]any{tenant}, args...)...).Scan(&n))
		return n
	}
	months := table(t, dir, "backlog.csv")
	require.Len(t, months, 12)
	require.Equal(t, today.Format("2006-01"), months[11][0])
	for i, row := range months {
		end := today
		if i < 11 {
			first, err := time.Parse("2006-01", months[i+1][0])
			require.NoError(t, err)
			end = first
		}
		open := `from app.work_orders where tenant_id = $1 and created_at <= $2 and (status not in ('completed', 'cancelled') or completed_at > $2)`
		require.InDelta(t, count(`select count(*) `+open, end), float(t, row[1]), 0, row[0])
		require.InDelta(t, count(`select count(*) `+open+` and due_date < $2`, end), float(t, row[2]), 0, row[0])
	}
	for _, row := range table(t, dir, "mttr.csv") {
		of := `from app.work_orders where tenant_id = $1 and status = 'completed' and to_char(completed_at at time zone 'utc', 'YYYY-MM') = $2`
		require.InDelta(t, count(`select count(*) `+of, row[0]), float(t, row[1]), 0)
		require.InDelta(t, count(`select avg(extract(epoch from completed_at - created_at)) / 3600 `+of, row[0]), mean(t, row), 1e-6)
	}
	for _, row := range table(t, dir, "mtbf.csv") {
		gaps := `from (select completed_at, extract(epoch from completed_at - lag(completed_at) over (partition by asset_id order by completed_at)) / 3600 as hours
			from app.work_orders where tenant_id = $1 and status = 'completed' and maintenance_type is null and asset_id is not null) g
			where hours > 0 and to_char(completed_at at time zone 'utc', 'YYYY-MM') = $2`
		require.InDelta(t, count(`select count(*) `+gaps, row[0]), float(t, row[1]), 0, row[0])
		require.InDelta(t, count(`select avg(hours) `+gaps, row[0]), mean(t, row), 1e-3, row[0])
	}
	for _, row := range table(t, dir, "pm_compliance.csv") {
		of := `from app.pm_history where tenant_id = $1 and to_char(scheduled_date at time zone 'utc', 'YYYY-MM') = $2`
		require.InDelta(t, count(`select count(*) `+of, row[0]), float(t, row[1]), 0)
		require.InDelta(t, count(`select count(completed_date) `+of, row[0]), float(t, row[2]), 0)
		require.InDelta(t, count(`select count(*) `+of+` and (completed_date at time zone 'utc')::date <= (scheduled_date at time zone 'utc')::date + 7`, row[0]), float(t, row[3]), 0)
	}
	for _, row := range table(t, dir, "costs.csv") {
		of := `w join app.assets a on a.id = w.asset_id where w.tenant_id = $1 and a.name = $2`
		require.InDelta(t, count(`select sum(e.labor_cost_cents) from app.work_order_time_entries e join app.work_orders `+strings.Replace(of, "w join", "w on w.id = e.work_order_id join", 1), row[0]), float(t, row[1]), 0)
		require.InDelta(t, count(`select sum(p.total_cost_cents) from app.work_order_parts p join app.work_orders `+strings.Replace(of, "w join", "w on w.id = p.work_order_id join", 1), row[0]), float(t, row[2]), 0)
		require.InDelta(t, count(`select sum(c.amount_cents) from app.work_order_vendor_costs c join app.work_orders `+strings.Replace(of, "w join", "w on w.id = c.work_order_id join", 1), row[0]), float(t, row[3]), 0)
	}
	require.Len(t, table(t, dir, "costs.csv"), 10)
	var open float64
	for _, row := range table(t, dir, "open_by_priority.csv") {
		of := `select count(*) from app.work_orders where tenant_id = $1 and priority = $2 and created_at <= $3 and (status not in ('completed', 'cancelled') or completed_at > $3)`
		require.InDelta(t, count(of, row[0], today), float(t, row[1]), 0, row[0])
		open += float(t, row[1])
	}
	require.InDelta(t, float(t, months[11][1]), open, 0, "every open one has a priority")
	down := table(t, dir, "downtime.csv")
	require.Len(t, down, 4)
	for _, row := range down {
		of := `select sum(extract(epoch from e.ended_at - e.started_at)) / 60 from app.asset_downtime_events e
			join app.assets a on a.id = e.asset_id join app.locations l on l.id = a.location_id
			where e.tenant_id = $1 and l.name = $2 and e.started_at >= $3`
		require.InDelta(t, count(of, row[0], months[0][0]+"-01T00:00:00Z"), float(t, row[1]), 1, row[0])
	}

	same, _ := report(t, stack, 7)
	other, _ := report(t, stack, 8)
	differ := 0
	for _, f := range files {
		a, b := read1(t, dir, f), read1(t, same, f)
		require.Equal(t, a, b, f)
		if a != read1(t, other, f) {
			differ++
		}
	}
	require.Positive(t, differ, "another seed is another year")
	wantPage(t, dir, 7)
}

func read1(t *testing.T, dir, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, file))
	require.NoError(t, err)
	return string(b)
}

// wantPage checks that the page is whole and asks nobody for anything.
func wantPage(t *testing.T, dir string, drawn int) {
	t.Helper()
	html := read1(t, dir, "report.html")
	require.Equal(t, drawn, strings.Count(html, "<svg "))
	for _, title := range []string{"Backlog", "Open work by priority", "Mean time to repair (MTTR)", "Mean time between failures (MTBF)", "Preventive maintenance (PM) compliance", "Downtime by location", "Cost by asset"} {
		require.Contains(t, html, "<h2>"+title+"</h2>")
	}
	if drawn > 0 {
		for _, unit := range []string{">work orders<", ">hours<", ">percent<", ">currency units<"} {
			require.Contains(t, html, unit)
		}
	}
	for _, address := range regexp.MustCompile(`(?i)(?:https?:)?//[^"'\s<>)]+`).FindAllString(html, -1) {
		require.Contains(t, []string{"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}, address)
	}
	require.Len(t, regexp.MustCompile(`<svg role="img" aria-label="[^"]+" `).FindAllString(html, -1), drawn)
	require.NotContains(t, html, "<script")
	require.Contains(t, html, "default-src 'none'")
}

func TestReportOfAnEmptyTenant(t *testing.T) {
	stack, err := devstack.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stack.Close()) })
	client, _, _, err := newTenant(t.Context(), stack)
	require.NoError(t, err)
	d, err := read(t.Context(), client, today, 12, func(string) {})
	require.NoError(t, err)
	dir := t.TempDir()
	_, err = write(dir, d)
	require.NoError(t, err)
	wantPage(t, dir, 0)
	require.Equal(t, 6, strings.Count(read1(t, dir, "report.html"), noData))
}

func TestProgram(t *testing.T) {
	t.Setenv("SUPABASE_URL", "")
	dir := t.TempDir()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, []string{"-o", dir, "-months", "3", "-today", today.Format(time.DateOnly)}))
	require.Contains(t, out.String(), "7 charts")
	require.Len(t, table(t, dir, "backlog.csv"), 3)
	require.Contains(t, read1(t, dir, "report.html"), "as of "+today.Format(time.DateOnly)+" 23:59 UTC")
	for _, args := range [][]string{{"-months", "0"}, {"-today", "soon"}, {"-x"}, {dir}} {
		require.Error(t, run(t.Context(), &out, args))
	}
	require.NoError(t, run(t.Context(), &out, []string{"-h"}))
}
