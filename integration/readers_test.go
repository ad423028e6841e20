package integration

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

var wo = workorders.WorkOrderCols

// many is a tenant with more work orders than one answer holds.
type many struct {
	*tenant
	rows map[string]workorders.ImportWorkOrder // by id
}

var manyBase = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// fill imports n work orders with many equal and many missing values.
func fill(t testing.TB, tn *tenant, n int) *many {
	t.Helper()
	m := &many{tenant: tn, rows: make(map[string]workorders.ImportWorkOrder, n)}
	rows := make([]workorders.ImportWorkOrder, n)
	for i := range rows {
		rows[i] = workorders.ImportWorkOrder{
			Title:    fmt.Sprintf("WO %04d", i),
			Priority: []string{"low", "medium", "high", "critical"}[i%4],
			Status:   []string{"draft", "assigned", "in_progress", "completed", "cancelled"}[i%5],
		}
		if i%4 != 0 {
			rows[i].DueDate = manyBase.Add(time.Duration(i%50) * time.Hour)
		}
		if i%3 != 0 {
			rows[i].Description = fmt.Sprintf("batch %d", i%7)
		}
	}
	for chunk := range slices.Chunk(rows, 500) {
		for i, id := range importWorkOrders(t, tn.Client, chunk...) {
			m.rows[id] = chunk[i]
		}
	}
	require.Len(t, m.rows, n)
	return m
}

// ids gives the ids of the rows that match, in id order.
func (m *many) ids(match func(workorders.ImportWorkOrder) bool) []string {
	var ids []string
	for id, row := range m.rows {
		if match == nil || match(row) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// requireAll asserts that rows are the given ones, each once, in any order.
func requireAll(t testing.TB, want []string, got []workorders.WorkOrder) {
	t.Helper()
	ids := idsOf(got)
	require.Len(t, ids, len(want))
	slices.Sort(ids)
	require.Len(t, slices.Compact(slices.Clone(ids)), len(want), "a row came twice")
	require.True(t, slices.Equal(want, ids), "other rows came")
}

func idsOf(rows []workorders.WorkOrder) []string {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	return ids
}

// collect ranges over everything.
func collect(t testing.TB, c *workorder.Client, opts ...query.Option) []workorders.WorkOrder {
	t.Helper()
	var rows []workorders.WorkOrder
	for row, err := range c.WorkOrders.All(t.Context(), opts...) {
		require.NoError(t, err)
		rows = append(rows, row)
	}
	return rows
}

// pages walks page by page.
func pages(t testing.TB, c *workorder.Client, opts ...query.Option) (rows []workorders.WorkOrder, n int) {
	t.Helper()
	var cursor query.Cursor
	for {
		page, err := c.WorkOrders.Page(t.Context(), append(opts, query.After(cursor))...)
		require.NoError(t, err)
		rows = append(rows, page.Items...)
		n++
		require.Equal(t, page.HasMore, page.Next != "")
		if !page.HasMore {
			return rows, n
		}
		cursor = page.Next
	}
}

func TestManyWorkOrders(t *testing.T) {
	t.Parallel()
	m := fill(t, stack.Tenant(t), 2500)
	all := m.ids(nil)
	open := wo.Status.In("draft", "assigned", "in_progress")
	isOpen := func(r workorders.ImportWorkOrder) bool { return r.Status != "completed" && r.Status != "cancelled" }

	t.Run("List returns every row", func(t *testing.T) {
		t.Parallel()
		rows, err := m.WorkOrders.List(t.Context())
		require.NoError(t, err)
		requireAll(t, all, rows)
		for i := range rows {
			want := m.rows[rows[i].ID]
			require.Equal(t, want.Title, rows[i].Title)
			require.Equal(t, want.Status, rows[i].Status)
			require.Equal(t, want.DueDate.IsZero(), rows[i].DueDate == nil)
			if rows[i].DueDate != nil {
				require.True(t, want.DueDate.Equal(*rows[i].DueDate))
			}
			require.Equal(t, want.Description == "", rows[i].Description == nil)
		}
	})

	t.Run("All ranges over every row, and again", func(t *testing.T) {
		t.Parallel()
		seq := m.WorkOrders.All(t.Context())
		for range 2 {
			var rows []workorders.WorkOrder
			for row, err := range seq {
				require.NoError(t, err)
				rows = append(rows, row)
			}
			requireAll(t, all, rows)
		}
	})

	t.Run("a loop may end early", func(t *testing.T) {
		t.Parallel()
		var sent sentRequests
		c, err := m.With(sent.Option())
		require.NoError(t, err)
		seq := c.WorkOrders.All(t.Context(), query.PageSize(50))
		before := sent.n.Load()
		n := 0
		for _, err := range seq {
			require.NoError(t, err)
			if n++; n == 60 {
				break
			}
		}
		require.EqualValues(t, 2, sent.n.Load()-before, "only the pages that were looked at are asked for")
		n = 0
		for _, err := range seq {
			require.NoError(t, err)
			n++
		}
		require.Equal(t, len(all), n, "ranging again starts at the beginning")
	})

	t.Run("Summaries, latest first", func(t *testing.T) {
		t.Parallel()
		rows, err := m.WorkOrders.Summaries.List(t.Context(), query.OrderBy(workorders.WorkOrderSummaryCols.UpdatedAt.Desc()))
		require.NoError(t, err)
		ids := make([]string, len(rows))
		for i, row := range rows {
			ids[i] = row.ID
			require.False(t, i > 0 && rows[i-1].UpdatedAt.Before(row.UpdatedAt), "latest first")
		}
		slices.Sort(ids)
		require.True(t, slices.Equal(all, ids))
	})

	t.Run("pages", func(t *testing.T) {
		t.Parallel()
		for _, size := range []int{300, 1250, 1500, 2499, 2500, 2501} {
			rows, n := pages(t, m.Client, query.Limit(size))
			requireAll(t, all, rows)
			require.Equal(t, (len(all)+size-1)/size, n, "page size %d", size)
		}
		rows, n := pages(t, m.Client, query.Limit(400), query.Where(open), query.OrderBy(wo.DueDate.Desc().NullsLast()))
		requireAll(t, m.ids(isOpen), rows)
		require.Equal(t, 4, n)
	})

	t.Run("pages count", func(t *testing.T) {
		t.Parallel()
		for _, opts := range [][]query.Option{nil, {query.OrderBy(wo.Title.Asc())}} {
			opts = append(opts, query.Limit(10), query.Count(query.Exact), query.Where(open))
			first, err := m.WorkOrders.Page(t.Context(), opts...)
			require.NoError(t, err)
			require.Len(t, first.Items, 10)
			require.True(t, first.HasMore)
			require.EqualValues(t, 1500, first.Total)
			next, err := m.WorkOrders.Page(t.Context(), append(opts, query.After(first.Next))...)
			require.NoError(t, err)
			require.EqualValues(t, 1500, next.Total, "the total does not depend on the page")
		}
		page, err := m.WorkOrders.Page(t.Context())
		require.NoError(t, err)
		require.Len(t, page.Items, 100)
		require.Zero(t, page.Total, "nobody asked")
	})

	t.Run("orders with equal and missing values", func(t *testing.T) {
		t.Parallel()
		byDue := func(nullsFirst bool, sign int) func(a, b workorders.ImportWorkOrder) int {
			return func(a, b workorders.ImportWorkOrder) int {
				if an, bn := a.DueDate.IsZero(), b.DueDate.IsZero(); an != bn {
					if an == nullsFirst {
						return -1
					}
					return 1
				}
				return sign * a.DueDate.Compare(b.DueDate)
			}
		}
		byDescription := func(a, b workorders.ImportWorkOrder) int {
			if an, bn := a.Description == "", b.Description == ""; an != bn {
				if an {
					return 1
				}
				return -1
			}
			return cmp.Compare(a.Description, b.Description)
		}
		for _, tt := range []struct {
			name   string
			orders []query.Order
			less   func(a, b workorders.ImportWorkOrder) int
		}{
			{"due asc", []query.Order{wo.DueDate.Asc()}, byDue(false, 1)},
			{"due asc nulls first", []query.Order{wo.DueDate.Asc().NullsFirst()}, byDue(true, 1)},
			{"due asc nulls last", []query.Order{wo.DueDate.Asc().NullsLast()}, byDue(false, 1)},
			{"due desc", []query.Order{wo.DueDate.Desc()}, byDue(true, -1)},
			{"due desc nulls first", []query.Order{wo.DueDate.Desc().NullsFirst()}, byDue(true, -1)},
			{"due desc nulls last", []query.Order{wo.DueDate.Desc().NullsLast()}, byDue(false, -1)},
			{"priority", []query.Order{wo.Priority.Asc()}, func(a, b workorders.ImportWorkOrder) int {
				return cmp.Compare(a.Priority, b.Priority)
			}},
			{"description, then due", []query.Order{wo.Description.Asc(), wo.DueDate.Desc().NullsLast()},
				func(a, b workorders.ImportWorkOrder) int { return cmp.Or(byDescription(a, b), byDue(false, -1)(a, b)) }},
			{"never set", []query.Order{wo.CompletedByName.Desc(), wo.Cause.Asc()},
				func(workorders.ImportWorkOrder, workorders.ImportWorkOrder) int { return 0 }},
		} {
			for filter, match := range map[string]func(workorders.ImportWorkOrder) bool{"all": nil, "open": isOpen} {
				opts := []query.Option{query.OrderBy(tt.orders...), query.PageSize(700)}
				if filter == "open" {
					opts = append(opts, query.Where(open))
				}
				want := m.ids(match) // equal rows come in id order
				slices.SortStableFunc(want, func(a, b string) int { return tt.less(m.rows[a], m.rows[b]) })
				rows, err := m.WorkOrders.List(t.Context(), opts...)
				require.NoError(t, err)
				require.True(t, slices.Equal(want, idsOf(rows)), "%s of %s", tt.name, filter)
			}
		}
	})

	t.Run("order by key downwards", func(t *testing.T) {
		t.Parallel()
		rows, err := m.WorkOrders.List(t.Context(), query.OrderBy(wo.ID.Desc()))
		require.NoError(t, err)
		got := idsOf(rows)
		slices.Reverse(got)
		require.True(t, slices.Equal(all, got))
	})

	t.Run("Limit", func(t *testing.T) {
		t.Parallel()
		for _, n := range []int{1, 2, 999, 1000, 1001, 2000, 2499, 2500, 2501, 1 << 30} {
			rows, err := m.WorkOrders.List(t.Context(), query.Limit(n))
			require.NoError(t, err)
			require.True(t, slices.Equal(all[:min(n, len(all))], idsOf(rows)), "limit %d", n)
			if n >= 1000 {
				rows = collect(t, m.Client, query.Limit(n), query.OrderBy(wo.Priority.Asc()))
				require.Len(t, rows, min(n, len(all)))
			}
		}
	})

	t.Run("PageSize", func(t *testing.T) {
		t.Parallel()
		for _, n := range []int{1, 7, 999, 1000, 1001, 100_000} {
			opts := []query.Option{query.PageSize(n)}
			want := all
			if n < 10 {
				opts, want = append(opts, query.Limit(20)), all[:20]
			}
			require.True(t, slices.Equal(want, idsOf(collect(t, m.Client, opts...))), "page size %d", n)
		}
	})

	t.Run("Count", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, 2500, countWorkOrders(t, m.Client))
		require.Equal(t, 1500, countWorkOrders(t, m.Client, open))
		require.Equal(t, 625, countWorkOrders(t, m.Client, wo.DueDate.IsNull()))
		require.Zero(t, countWorkOrders(t, m.Client, wo.Title.Eq("none")))
		require.Zero(t, countWorkOrders(t, m.Client, wo.Title.In()))
		for _, how := range []query.Counting{query.Exact, query.Planned, query.Estimated} {
			n, err := m.WorkOrders.Count(t.Context(), query.Count(how))
			require.NoError(t, err)
			require.GreaterOrEqual(t, n, int64(0), how)
			few, err := m.WorkOrders.Count(t.Context(), query.Count(how), query.Where(wo.Title.HasPrefix("WO 000")))
			require.NoError(t, err)
			if how != query.Planned {
				require.EqualValues(t, 10, few, how)
			}
		}
		n, err := m.WorkOrders.Count(t.Context(), query.Limit(3), query.OrderBy(wo.Title.Asc()))
		require.NoError(t, err)
		require.EqualValues(t, 2500, n, "limit and order do not matter")
	})

	t.Run("In with thousands of values", func(t *testing.T) {
		t.Parallel()
		values := append(slices.Clone(all), unknownID, all[0])
		rows, err := m.WorkOrders.List(t.Context(), query.Where(wo.ID.In(values...)))
		require.NoError(t, err)
		requireAll(t, all, rows)
		require.Equal(t, len(all), countWorkOrders(t, m.Client, wo.ID.In(values...)))
		requireAll(t, m.ids(isOpen), collect(t, m.Client, query.Where(open, wo.ID.In(values...)), query.PageSize(90)))
		rows, err = m.WorkOrders.List(t.Context(), query.Where(wo.ID.In(values...)), query.Limit(321))
		require.NoError(t, err)
		require.Len(t, rows, 321)

		ordered, err := m.WorkOrders.List(t.Context(), query.Where(wo.ID.In(values...)), query.OrderBy(wo.Title.Desc()))
		require.NoError(t, err)
		requireAll(t, all, ordered)
		require.True(t, slices.IsSortedFunc(ordered, func(a, b workorders.WorkOrder) int { return strings.Compare(b.Title, a.Title) }))
		page, err := m.WorkOrders.Page(t.Context(), query.Where(wo.ID.In(values...)), query.Limit(10), query.Count(query.Exact))
		require.NoError(t, err)
		require.Len(t, page.Items, 10)
		require.True(t, page.HasMore)
		require.EqualValues(t, len(all), page.Total)

		_, err = m.WorkOrders.List(t.Context(), query.Where(wo.ID.NotIn(values...)))
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
		require.ErrorContains(t, err, "bytes", "the limit is named")
		rows, err = m.WorkOrders.List(t.Context(), query.Where(wo.ID.In(all[:100]...)), query.OrderBy(wo.ID.Desc()))
		require.NoError(t, err, "a hundred ids fit into one request")
		require.Len(t, rows, 100)
	})

	t.Run("NotDraft", func(t *testing.T) {
		t.Parallel()
		rows, err := m.WorkOrders.List(t.Context(), query.Where(workorders.NotDraft()))
		require.NoError(t, err)
		requireAll(t, m.ids(func(r workorders.ImportWorkOrder) bool { return r.Status != "draft" }), rows)
	})

	t.Run("cursors belong to one list", func(t *testing.T) {
		t.Parallel()
		page, err := m.WorkOrders.Page(t.Context(), query.Limit(5))
		require.NoError(t, err)
		for _, err := range []error{
			second(m.WorkOrders.Page(t.Context(), query.After(page.Next), query.OrderBy(wo.Title.Asc()))),
			second(m.WorkOrders.Summaries.Page(t.Context(), query.After(page.Next))),
			second(m.Departments.Page(t.Context(), query.After(page.Next))),
			second(m.WorkOrders.Page(t.Context(), query.After("bm9uc2Vuc2U"))),
			second(m.WorkOrders.Page(t.Context(), query.After("?"))),
			second(m.WorkOrders.List(t.Context(), query.After(page.Next[1:]))),
		} {
			require.ErrorIs(t, err, workorder.ErrInvalidInput)
		}
		rest, err := m.WorkOrders.List(t.Context(), query.After(page.Next))
		require.NoError(t, err, "List goes on behind a page as well")
		require.True(t, slices.Equal(all[5:], idsOf(rest)))
	})

	t.Run("ViewOf and the raw client", func(t *testing.T) {
		t.Parallel()
		type short struct {
			ID    string `json:"id"`
			Title string `json:"title"`
		}
		view := workorder.ViewOf[short](m.Client, "v_work_orders")
		rows, err := view.List(t.Context())
		require.NoError(t, err)
		require.Len(t, rows, len(all))
		for i, row := range rows {
			require.Equal(t, all[i], row.ID)
			require.Equal(t, m.rows[row.ID].Title, row.Title)
		}
		one, err := view.Get(t.Context(), all[7])
		require.NoError(t, err)
		require.Equal(t, rows[7], *one)

		raw, err := m.Supabase(t.Context())
		require.NoError(t, err)
		var got []short
		n, err := raw.From("v_work_orders").Select("id,title", "exact", false).Order("id", nil).Limit(3, "").ExecuteTo(&got)
		require.NoError(t, err)
		require.EqualValues(t, 2500, n)
		require.Len(t, got, 3)
	})
}

func TestGet(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeWorkOrder(t, tn.Client, "x")

	require.Equal(t, id, getWorkOrder(t, tn.Client, id).ID)
	_, err := tn.WorkOrders.Get(t.Context(), unknownID)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	require.False(t, workorder.SafeToRetry(err))
	_, err = tn.WorkOrders.Summaries.Get(t.Context(), unknownID)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	for _, bad := range []string{"WO-1", id + "x", id + `"`, `","`, "*", "null", " "} {
		_, err = tn.WorkOrders.Get(t.Context(), bad)
		requireError(t, err, workorder.ErrInvalidInput, "22P02")
	}
	_, err = tn.WorkOrders.Get(t.Context(), "a\x00b")
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
}

func TestEmptyList(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)

	rows, err := tn.WorkOrders.List(t.Context())
	require.NoError(t, err)
	require.NotNil(t, rows)
	require.Empty(t, rows)
	require.Empty(t, collect(t, tn.Client))
	page, err := tn.WorkOrders.Page(t.Context(), query.Count(query.Exact))
	require.NoError(t, err)
	require.Equal(t, &query.Page[workorders.WorkOrder]{Items: []workorders.WorkOrder{}}, page)
}

func TestRowsAddedDuringAKeysetWalkDoNotDisturbIt(t *testing.T) {
	t.Parallel()
	m := fill(t, stack.Tenant(t), 300)
	seen := map[string]int{}
	n := 0
	for row, err := range m.WorkOrders.All(t.Context(), query.PageSize(20)) {
		require.NoError(t, err)
		seen[row.ID]++
		if n++; n%20 == 7 {
			importWorkOrders(t, m.Client, workorders.ImportWorkOrder{Title: "late 1"}, workorders.ImportWorkOrder{Title: "late 2"})
		}
	}
	for id := range m.rows {
		require.Equal(t, 1, seen[id], "a row that was there from the start comes once")
	}
	for _, times := range seen {
		require.Equal(t, 1, times)
	}
}

func TestRowsDeletedDuringAKeysetWalkDoNotDisturbIt(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	rows := make([]org.ImportDepartment, 60)
	for i := range rows {
		rows[i].Name = fmt.Sprint("Department ", i)
	}
	made, err := tn.Departments.BulkImport(t.Context(), org.BulkImportDepartmentsParams{Rows: rows})
	require.NoError(t, err)
	require.Len(t, made.CreatedIDs, 60)

	var seen []string
	for d, err := range tn.Departments.All(t.Context(), query.PageSize(7)) {
		require.NoError(t, err)
		seen = append(seen, d.ID)
		require.NoError(t, tn.Departments.Delete(t.Context(), org.DeleteDepartmentParams{DepartmentID: d.ID}))
	}
	require.ElementsMatch(t, made.CreatedIDs, seen)
	n, err := tn.Departments.Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
}

// TestServerThatClampsLower reads through a deployment that answers with fewer
// rows than the SDK asks for.
func TestServerThatClampsLower(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	m := fill(t, tenantOf(kit), 450)
	kit.Clamp(100)
	all := m.ids(nil)

	for name, opts := range map[string][]query.Option{
		"by key":            nil,
		"ordered":           {query.OrderBy(wo.Priority.Asc())},
		"small pages":       {query.PageSize(99)},
		"pages of the size": {query.PageSize(100)},
		"ordered, nulls":    {query.OrderBy(wo.DueDate.Desc()), query.PageSize(250)},
	} {
		rows, err := m.WorkOrders.List(t.Context(), opts...)
		require.NoError(t, err, name)
		requireAll(t, all, rows)
		requireAll(t, all, collect(t, m.Client, opts...))
	}
	for _, order := range [][]query.Option{nil, {query.OrderBy(wo.Priority.Asc())}} {
		rows, n := pages(t, m.Client, append(order, query.Limit(180))...)
		requireAll(t, all, rows)
		require.Equal(t, 3, n)
		rows, err := m.WorkOrders.List(t.Context(), append(order, query.Limit(101))...)
		require.NoError(t, err)
		require.Len(t, rows, 101)
	}
	require.Equal(t, 450, countWorkOrders(t, m.Client))
	page, err := m.WorkOrders.Page(t.Context(), query.Limit(450), query.Count(query.Exact))
	require.NoError(t, err)
	require.Len(t, page.Items, 450)
	require.EqualValues(t, 450, page.Total)
	require.False(t, page.HasMore)
}

// listRequests counts the requests of lists, and those that ask for a count.
type listRequests struct{ sent, counts atomic.Int64 }

func (l *listRequests) Option() workorder.Option {
	return workorder.WithAttemptMiddleware(
		func(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			if strings.HasPrefix(req.URL.Path, "/rest/v1/v_") {
				l.sent.Add(1)
				if strings.Contains(req.Header.Get("Prefer"), "count=") {
					l.counts.Add(1)
				}
			}
			return next(req)
		})
}

// A read takes one request for every answer. One more settles the end of a list,
// unless its last answer is shorter than others that the deployment gave lately.
// Nothing is counted unless somebody asks.
func TestRequestsOfReads(t *testing.T) {
	t.Parallel()
	var seen listRequests
	tn := stack.Tenant(t, seen.Option())
	rows := make([]workorders.ImportWorkOrder, 12)
	for i := range rows {
		rows[i].Title = fmt.Sprintf("%02d", i)
		if i%2 == 0 {
			rows[i].DueDate = manyBase
		}
	}
	ids := importWorkOrders(t, tn.Client, rows...)
	list := func(c *workorder.Client, opts ...query.Option) func() (int, error) {
		return func() (int, error) {
			rows, err := c.WorkOrders.List(t.Context(), opts...)
			return len(rows), err
		}
	}
	page := func(opts ...query.Option) func() (int, error) {
		return func() (int, error) {
			p, err := tn.WorkOrders.Page(t.Context(), opts...)
			if err != nil {
				return 0, err
			}
			return len(p.Items), nil
		}
	}
	five := query.Where(wo.Title.Lt("05"))
	for _, read := range []struct {
		what           string
		read           func() (int, error)
		rows           int
		sent, counting int64
	}{
		{"the first list", list(tn.Client, five), 5, 2, 0},
		{"as long as the longest", list(tn.Client, five), 5, 2, 0},
		{"the whole", list(tn.Client), 12, 2, 0},
		{"shorter than the longest", list(tn.Client, five), 5, 1, 0},
		{"by a derived client", list(tn.AsUser(tn.Admin.JWT(t, tn.ID)), five), 5, 1, 0},
		{"in an order with nulls", list(tn.Client, five, query.OrderBy(wo.DueDate.Desc(), wo.Title.Asc())), 5, 1, 0},
		{"with columns", list(tn.Client, five, query.Columns(wo.Title)), 5, 1, 0},
		{"up to a limit", list(tn.Client, query.Limit(12)), 12, 1, 0},
		{"with a limit behind the end", list(tn.Client, five, query.Limit(6)), 5, 1, 0},
		{"in pages", list(tn.Client, query.PageSize(5)), 12, 3, 0},
		{"in pages that end with the list", list(tn.Client, query.PageSize(4)), 12, 4, 0},
		{"in ordered pages", list(tn.Client, query.PageSize(5), query.OrderBy(wo.DueDate.Asc())), 12, 3, 0},
		{"what is not there", list(tn.Client, query.Where(wo.Title.Eq("none"))), 0, 1, 0},
		{"what cannot be", list(tn.Client, query.Where(wo.Title.In())), 0, 0, 0},
		{"ids in two parts", list(tn.Client, query.Where(wo.ID.In(append(ids[1:], absentIDs...)...))), 11, 2, 0},
		{"a loop that ends early", func() (n int, err error) {
			for _, err := range tn.WorkOrders.All(t.Context(), query.PageSize(3)) {
				if n++; n == 5 || err != nil {
					return n, err
				}
			}
			return n, nil
		}, 5, 2, 0},
		{"a page", page(query.Limit(5)), 5, 1, 0},
		{"the last page", page(five), 5, 1, 0},
		{"a page that counts", page(query.Limit(5), query.Count(query.Exact)), 5, 1, 1},
		{"the only page, counted", page(query.Count(query.Exact)), 12, 1, 1},
		{"an empty page, counted", page(query.Where(wo.Title.Eq("none")), query.Count(query.Exact)), 0, 1, 1},
		{"Get", func() (int, error) { return 1, second(tn.WorkOrders.Get(t.Context(), ids[0])) }, 1, 1, 0},
		{"Count", func() (int, error) { return countWorkOrders(t, tn.Client), nil }, 12, 1, 1},
	} {
		seen.sent.Store(0)
		seen.counts.Store(0)
		n, err := read.read()
		require.NoError(t, err, read.what)
		require.Equal(t, read.rows, n, read.what)
		require.Equal(t, read.sent, seen.sent.Load(), read.what)
		require.Equal(t, read.counting, seen.counts.Load(), read.what)
	}
}

// A row comes once, and counts once, however often and in whatever spelling a
// long In names it.
func TestLongInTakesSpellingsOfOneIDForOne(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	ids := importWorkOrders(t, tn.Client, workorders.ImportWorkOrder{Title: "a"}, workorders.ImportWorkOrder{Title: "b"})
	list := slices.Concat(ids, absentIDs, ids)
	for _, id := range ids {
		list = append(list, strings.ToUpper(id), strings.ReplaceAll(id, "-", ""), "{"+id+"}")
	}
	in := wo.ID.In(list...)
	slices.Sort(ids)
	require.Equal(t, ids, idsOf(collect(t, tn.Client, query.Where(in))))
	require.Equal(t, ids, idsOf(collect(t, tn.Client, query.Where(in), query.PageSize(1), query.OrderBy(wo.Status.Asc()))))
	require.Equal(t, 2, countWorkOrders(t, tn.Client, in))
}

func TestTimesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	kathmandu := time.FixedZone("", 5*3600+45*60)
	for _, due := range []time.Time{
		time.Date(2030, 6, 7, 8, 9, 10, 0, time.UTC),
		time.Date(2030, 6, 7, 8, 9, 10, 123456000, time.UTC),
		time.Date(2030, 6, 7, 8, 9, 10, 1000, kathmandu),
		time.Date(2030, 6, 7, 8, 9, 10, 120000000, time.FixedZone("", -11*3600-30*60)),
		time.Date(2032, 2, 29, 23, 59, 59, 999999000, time.FixedZone("", 14*3600)),
		time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC),
		time.Date(1582, 10, 15, 0, 0, 0, 0, time.UTC),
		time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
	} {
		id, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", DueDate: due})
		require.NoError(t, err, due)
		got := getWorkOrder(t, tn.Client, id)
		require.True(t, due.Equal(*got.DueDate), "%s came back as %s", due, got.DueDate)

		for _, f := range []query.Filter{
			wo.DueDate.Eq(due), wo.DueDate.Eq(due.In(kathmandu)), wo.DueDate.Gte(due), wo.DueDate.Lte(due),
			wo.DueDate.In(due, manyBase), query.Not(wo.DueDate.NotEq(due)),
		} {
			require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.ID.Eq(id), f), "%s", due)
		}
		for _, f := range []query.Filter{
			wo.DueDate.NotEq(due), wo.DueDate.Gt(due), wo.DueDate.Lt(due), wo.DueDate.Eq(due.Add(-time.Microsecond)),
		} {
			require.Zero(t, countWorkOrders(t, tn.Client, wo.ID.Eq(id), f), "%s", due)
		}
	}

	created := getWorkOrder(t, tn.Client, makeWorkOrder(t, tn.Client, "x"))
	require.Equal(t, 1, countWorkOrders(t, tn.Client, wo.CreatedAt.Eq(created.CreatedAt), wo.ID.Eq(created.ID)),
		"a time that was read finds its row")
}

func TestRPCByName(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)

	var id string
	require.NoError(t, tn.RPC(t.Context(), "rpc_create_work_order",
		map[string]any{"p_tenant_id": tn.ID, "p_title": "by name"}, &id))
	require.Equal(t, "by name", getWorkOrder(t, tn.Client, id).Title)
	require.NoError(t, tn.RPC(t.Context(), "public.rpc_transition_work_order_status",
		struct {
			T string `json:"p_tenant_id"`
			W string `json:"p_work_order_id"`
			S string `json:"p_to_status_key"`
		}{tn.ID, id, "assigned"}, nil))
	require.Equal(t, "assigned", getWorkOrder(t, tn.Client, id).Status)
	var permissions []string
	require.NoError(t, tn.RPC(t.Context(), "rpc_get_user_permissions", map[string]any{"p_tenant_id": tn.ID}, &permissions))
	require.Contains(t, permissions, "workorder.create")

	err := tn.RPC(t.Context(), "rpc_create_work_order",
		map[string]any{"p_tenant_id": tn.ID, "p_title": "x", "p_priority": "urgent"}, nil)
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	err = tn.RPC(t.Context(), "rpc_of_nobody", nil, nil)
	requireError(t, err, workorder.ErrSchemaMismatch, "PGRST202")
	err = tn.RPC(t.Context(), "nowhere.rpc_create_work_order", nil, nil)
	requireError(t, err, workorder.ErrSchemaMismatch, "PGRST106")
	for _, name := range []string{"", "rpc/../x", "rpc?x=1", "rpc_x rpc_y", "public."} {
		require.ErrorIs(t, tn.RPC(t.Context(), name, nil, nil), workorder.ErrInvalidInput, name)
	}
	var wrong struct{ X int }
	err = tn.RPC(t.Context(), "rpc_get_user_permissions", map[string]any{"p_tenant_id": tn.ID}, &wrong)
	require.ErrorIs(t, err, workorder.ErrDecode)
}

func TestViewOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	makeWorkOrder(t, tn.Client, "x")
	type row struct {
		ID string `json:"id"`
	}

	_, err := workorder.ViewOf[row](tn.Client, "v_of_nobody").List(t.Context())
	require.ErrorIs(t, err, workorder.ErrSchemaMismatch)
	_, err = workorder.ViewOf[row](tn.Client, "nowhere.v_work_orders").List(t.Context())
	requireError(t, err, workorder.ErrSchemaMismatch, "PGRST106")
	_, err = workorder.ViewOf[row](tn.Client, "v_work_orders", "number").List(t.Context())
	requireError(t, err, workorder.ErrSchemaMismatch, "42703")
	_, err = workorder.ViewOf[row](tn.Client, "v_work_orders").
		List(t.Context(), query.Where(query.NewColumn[string]("colour").Eq("red")))
	requireError(t, err, workorder.ErrSchemaMismatch, "42703")
	_, err = workorder.ViewOf[struct {
		ID int `json:"id"`
	}](tn.Client, "v_work_orders").List(t.Context())
	require.ErrorIs(t, err, workorder.ErrDecode)
	require.ErrorContains(t, err, "id")
}

// TestViewOfWithANumericKey walks along a key that is no text.
func TestViewOfWithANumericKey(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for range 12 {
		makeWorkOrder(t, tn.Client, "x")
	}
	type change struct {
		ID        int64  `json:"id"`
		Operation string `json:"operation"`
	}
	view := workorder.ViewOf[change](tn.Client, "v_audit_entity_changes")
	want, err := view.List(t.Context(), query.PageSize(1000))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(want), 12)
	got, err := view.List(t.Context(), query.PageSize(5))
	require.NoError(t, err)
	require.Equal(t, want, got)
	one, err := view.Get(t.Context(), fmt.Sprint(want[3].ID))
	require.NoError(t, err)
	require.Equal(t, want[3], *one)
}

func second[T any](_ T, err error) error { return err }
