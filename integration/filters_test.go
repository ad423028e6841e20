package integration

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// oddTexts are values that mean something to a URL, to PostgREST, to SQL or to
// a pattern, each different from all others.
var oddTexts = []string{
	"a", "A", "aa", " a", "a ", "ab", "a,b", "a.b", "a:b", "a;b", "(a)", "a)", "(a", "{a}", "{a,b}", "[a]", "a&b=c",
	"a=b", "a+b", "a%20b", "a b", "a/b", "a?b", "a#b", "a!b", "a|b", "a^b", "a$b", "a$", "^a",
	`"`, `""`, `"a"`, `a"b`, `\`, `\\`, `a\b`, `a\`, `\"`, `"\`, `'`, `''`, `a'b`, "`a`",
	"%", "%%", "a%", "%a", "a%b", "_", "a_b", "a_", "*", "**", "a*", "*a", "a*b", "***=a", "(?i)a", ".*", ".+", "[a-z]", "a{2}",
	"null", "NULL", "true", "false", "not.null", "eq.a", "in.(a,b)", "and(a.eq.b)", "or", "*,*", "1", "-1", "1.0", "1e3", "NaN", "{}", "()", "[]", "{null}",
	"\n", "\r", "\r\n", "\t", "a\nb", "a\tb", "\x01", "\x1b[0m", "\x7f", "\u0080", "\u00a0", "\u200b", "\u2028", "\ufeff", "\ufffd", "\uffff",
	"ä", "a\u0308", "Ä", "ß", "ẞ", "İ", "ı", "Σ", "ς", "日本", "🛠", "🛠️", "👩‍🔧", "\U0010ffff", "مرحبا", "\u202eabc",
	"'; drop table x; --", "%00", `\u0000`, `\x00`, "<script>", "${x}", "{{x}}", "select(id)", "id=eq.1", "title.eq.a",
	strings.Repeat("x", 500), strings.Repeat("🛠", 120), strings.Repeat(`"\`, 100),
}

// titled makes one work order of every title and gives their ids.
func titled(t testing.TB, tn *tenant, titles []string) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for _, title := range titles {
		ids[title] = makeWorkOrder(t, tn.Client, title)
	}
	require.Len(t, ids, len(titles), "titles are different")
	return ids
}

// titles lists the titles that a filter keeps, in byte order.
func titles(t testing.TB, c *workorder.Client, filters ...query.Filter) []string {
	t.Helper()
	rows, err := c.WorkOrders.List(t.Context(), query.Where(filters...))
	require.NoError(t, err)
	out := make([]string, len(rows))
	for i, row := range rows {
		out[i] = row.Title
	}
	slices.Sort(out)
	return out
}

// keep gives the texts for which hold is true, in byte order.
func keep(texts []string, hold func(string) bool) []string {
	out := []string{}
	for _, s := range texts {
		if hold(s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

func TestFiltersTakeEveryTextAsItIs(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	ids := titled(t, tn, oddTexts)

	t.Run("Eq, In, NotEq, NotIn", func(t *testing.T) {
		t.Parallel()
		for _, s := range oddTexts {
			require.Equal(t, []string{s}, titles(t, tn.Client, wo.Title.Eq(s)), "%q", s)
			require.Equal(t, []string{s}, titles(t, tn.Client, wo.Title.In(s)), "%q", s)
			require.Equal(t, s, getWorkOrder(t, tn.Client, ids[s]).Title)
			require.Equal(t, len(oddTexts)-1, countWorkOrders(t, tn.Client, wo.Title.NotEq(s)), "%q", s)
			require.Equal(t, []string{s}, titles(t, tn.Client, query.Not(wo.Title.NotIn(s, "none"))), "%q", s)
			pair := titles(t, tn.Client, wo.Title.In(s, "a", "none"))
			require.Equal(t, slices.Compact(keep([]string{s, "a"}, func(string) bool { return true })), pair, "%q", s)
		}
		everything := keep(oddTexts, func(string) bool { return true })
		require.Equal(t, everything, titles(t, tn.Client, wo.Title.In(oddTexts...)))
		require.Equal(t, everything, titles(t, tn.Client))
		half := oddTexts[:len(oddTexts)/2]
		require.Equal(t, keep(oddTexts[len(half):], func(string) bool { return true }), titles(t, tn.Client, wo.Title.NotIn(half...)))
	})

	t.Run("Contains, HasPrefix, HasSuffix", func(t *testing.T) {
		t.Parallel()
		for _, s := range oddTexts {
			if len(s) > 100 {
				continue
			}
			require.Equal(t, keep(oddTexts, func(x string) bool { return strings.Contains(x, s) }),
				titles(t, tn.Client, wo.Title.Contains(s)), "contains %q", s)
			require.Equal(t, keep(oddTexts, func(x string) bool { return strings.HasPrefix(x, s) }),
				titles(t, tn.Client, wo.Title.HasPrefix(s)), "begins with %q", s)
			require.Equal(t, keep(oddTexts, func(x string) bool { return strings.HasSuffix(x, s) }),
				titles(t, tn.Client, wo.Title.HasSuffix(s)), "ends with %q", s)
			require.Contains(t, titles(t, tn.Client, wo.Title.ContainsFold(s)), s, "%q", s)
		}
		require.Equal(t, keep(oddTexts, func(x string) bool { return strings.Contains(strings.ToLower(x), "aa") }),
			titles(t, tn.Client, wo.Title.ContainsFold("AA")))
	})
}

func TestEveryOperator(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	base := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return base.AddDate(0, 0, n) }
	importWorkOrders(t, tn.Client,
		workorders.ImportWorkOrder{Title: "Pump 1", Priority: "low", DueDate: day(1), Description: "leaks oil"},
		workorders.ImportWorkOrder{Title: "Pump 2", Priority: "high", DueDate: day(2), Status: "assigned", Description: "LEAKS"},
		workorders.ImportWorkOrder{Title: "pump_3", Priority: "high", Status: "in_progress"},
		workorders.ImportWorkOrder{Title: "Fan 100%", DueDate: day(3), Status: "completed", Description: "noise", Cause: "dust"},
		workorders.ImportWorkOrder{Title: "Fan*", DueDate: day(4), Status: "cancelled"},
	)
	all := titles(t, tn.Client)
	require.Len(t, all, 5)

	for _, tt := range []struct {
		name   string
		filter query.Filter
		want   []string
	}{
		{"Eq", wo.Priority.Eq("high"), []string{"Pump 2", "pump_3"}},
		{"Eq is exact", wo.Title.Eq("pump 1"), nil},
		{"NotEq", wo.Priority.NotEq("high"), []string{"Fan 100%", "Fan*", "Pump 1"}},
		{"NotEq leaves nulls out", wo.Cause.NotEq("rust"), []string{"Fan 100%"}},
		{"In", wo.Status.In("draft", "assigned"), []string{"Pump 1", "Pump 2"}},
		{"In of one", wo.Status.In("draft"), []string{"Pump 1"}},
		{"In of none", wo.Status.In(), nil},
		{"NotIn", wo.Status.NotIn("draft", "assigned", "cancelled"), []string{"Fan 100%", "pump_3"}},
		{"NotIn leaves nulls out", wo.Cause.NotIn("x", "y"), []string{"Fan 100%"}},
		{"NotIn of none", wo.Cause.NotIn(), all},
		{"Gt", wo.DueDate.Gt(day(2)), []string{"Fan 100%", "Fan*"}},
		{"Gte", wo.DueDate.Gte(day(2)), []string{"Fan 100%", "Fan*", "Pump 2"}},
		{"Lt", wo.DueDate.Lt(day(2)), []string{"Pump 1"}},
		{"Lte", wo.DueDate.Lte(day(2)), []string{"Pump 1", "Pump 2"}},
		{"between", query.And(wo.DueDate.Gt(day(1)), wo.DueDate.Lt(day(4))), []string{"Fan 100%", "Pump 2"}},
		{"IsNull", wo.DueDate.IsNull(), []string{"pump_3"}},
		{"NotNull", wo.Cause.NotNull(), []string{"Fan 100%"}},
		{"Like", wo.Title.Like("Pump _"), []string{"Pump 1", "Pump 2"}},
		{"Like with %", wo.Title.Like("%a%"), []string{"Fan 100%", "Fan*"}},
		{"Like with *", wo.Title.Like("F*"), []string{"Fan 100%", "Fan*"}},
		{"Like with escapes", wo.Title.Like(`pump\_%`), []string{"pump_3"}},
		{"Like with escaped %", wo.Title.Like(`%\%`), []string{"Fan 100%"}},
		{"Like minds the case", wo.Title.Like("PUMP%"), nil},
		{"ILike", wo.Title.ILike("PUMP%"), []string{"Pump 1", "Pump 2", "pump_3"}},
		{"ILike on nulls", wo.Description.ILike("leaks%"), []string{"Pump 1", "Pump 2"}},
		{"Contains", wo.Title.Contains("n"), []string{"Fan 100%", "Fan*"}},
		{"Contains %", wo.Title.Contains("%"), []string{"Fan 100%"}},
		{"Contains _", wo.Title.Contains("_"), []string{"pump_3"}},
		{"Contains *", wo.Title.Contains("*"), []string{"Fan*"}},
		{"Contains nothing", wo.Title.Contains(""), all},
		{"ContainsFold", wo.Description.ContainsFold("leak"), []string{"Pump 1", "Pump 2"}},
		{"ContainsFold *", wo.Title.ContainsFold("AN*"), []string{"Fan*"}},
		{"HasPrefix", wo.Title.HasPrefix("Pump"), []string{"Pump 1", "Pump 2"}},
		{"HasSuffix", wo.Title.HasSuffix("0%"), []string{"Fan 100%"}},
		{"HasSuffix *", wo.Title.HasSuffix("n*"), []string{"Fan*"}},
		{"number Eq", wo.TotalLaborMinutes.Eq(0), all},
		{"number Gt", wo.TotalLaborMinutes.Gt(0), nil},
		{"number In", wo.TotalLaborMinutes.In(-1, 0, 1<<62), all},
		{"id", wo.ID.Eq(unknownID), nil},
		{"And", query.And(wo.Priority.Eq("high"), wo.DueDate.NotNull()), []string{"Pump 2"}},
		{"And of none", query.And(), all},
		{"Or", query.Or(wo.Title.Eq("Fan*"), wo.Priority.Eq("low")), []string{"Fan*", "Pump 1"}},
		{"Or of none", query.Or(), nil},
		{"Or on one column", query.Or(wo.Title.Eq("Fan*"), wo.Title.Eq("pump_3"), wo.Title.Eq("none")), []string{"Fan*", "pump_3"}},
		{"Not", query.Not(wo.Priority.Eq("high")), []string{"Fan 100%", "Fan*", "Pump 1"}},
		{"Not of nulls", query.Not(wo.DueDate.Lt(day(3))), []string{"Fan 100%", "Fan*"}},
		{"Not of Not", query.Not(query.Not(wo.Priority.Eq("high"))), []string{"Pump 2", "pump_3"}},
		{"Not of In", query.Not(wo.Status.In("draft", "assigned")), []string{"Fan 100%", "Fan*", "pump_3"}},
		{"Not of everything", query.Not(query.And()), nil},
		{"Not of Or", query.Not(query.Or(wo.Priority.Eq("high"), wo.Priority.Eq("low"))), []string{"Fan 100%", "Fan*"}},
		{"Not of IsNull", query.Not(wo.DueDate.IsNull()), []string{"Fan 100%", "Fan*", "Pump 1", "Pump 2"}},
		{"deep", query.Or(
			query.And(wo.Priority.Eq("high"), query.Or(wo.DueDate.IsNull(), wo.DueDate.Gt(day(9)))),
			query.And(query.Not(query.Or(wo.Status.Eq("draft"), wo.Status.Eq("assigned"))), wo.Title.Like("Fan%"),
				query.Not(query.And(wo.Cause.NotNull(), wo.Cause.Eq("dust")))),
		), []string{"Fan*", "pump_3"}},
		{"Raw", query.Raw(`or(title.eq."Fan*",and(priority.eq.low,due_date.not.is.null))`), []string{"Fan*", "Pump 1"}},
		{"Raw and typed", query.And(query.Raw("priority.in.(low,high)"), wo.DueDate.NotNull()), []string{"Pump 1", "Pump 2"}},
		{"full text", query.Raw("description.fts(simple).leaks"), []string{"Pump 1", "Pump 2"}},
	} {
		got := titles(t, tn.Client, tt.filter)
		want := keep(tt.want, func(string) bool { return true })
		require.Equal(t, want, got, tt.name)
		require.Equal(t, len(want), countWorkOrders(t, tn.Client, tt.filter), tt.name)
		rest := titles(t, tn.Client, query.Not(tt.filter))
		for _, title := range got {
			require.NotContains(t, rest, title, "%s and its opposite", tt.name)
		}
	}
	require.Equal(t, []string{"Pump 2"}, titles(t, tn.Client, wo.Title.HasPrefix("Pump"), wo.Priority.Eq("high")),
		"filters of one Where add up")
	rows, err := tn.WorkOrders.List(t.Context(), query.Where(wo.Title.HasPrefix("Pump")), query.Where(wo.Priority.Eq("high")))
	require.NoError(t, err)
	require.Len(t, rows, 1, "and so do several Where")
}

func TestFiltersOnDatesAndNumbers(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id, now := makeWorkOrder(t, tn.Client, "x"), today()
	for i, days := range []int{-10, -5, 0, 5} {
		logTime(t, tn.Client, workorders.LogTimeParams{
			WorkOrderID: id, Minutes: 10 * (i + 1), EntryDate: now.AddDays(days),
		})
	}
	cols := workorders.WorkOrderTimeEntryCols
	on := now.AddDays
	for name, tt := range map[string]struct {
		filter query.Filter
		want   []int // minutes
	}{
		"Eq":        {cols.EntryDate.Eq(on(-5)), []int{20}},
		"Gt":        {cols.EntryDate.Gt(on(-5)), []int{30, 40}},
		"Lte":       {cols.EntryDate.Lte(on(-5)), []int{10, 20}},
		"In":        {cols.EntryDate.In(on(-10), on(5), on(6)), []int{10, 40}},
		"NotIn":     {cols.EntryDate.NotIn(on(-10), on(5), on(6)), []int{20, 30}},
		"minutes":   {cols.Minutes.In(10, 40, 1000), []int{10, 40}},
		"less":      {cols.Minutes.Lt(30), []int{10, 20}},
		"not equal": {cols.Minutes.NotEq(30), []int{10, 20, 40}},
		"no text":   {cols.Description.IsNull(), []int{10, 20, 30, 40}},
	} {
		rows, err := tn.WorkOrders.TimeEntries.List(t.Context(), query.Where(tt.filter), query.OrderBy(cols.Minutes.Asc()))
		require.NoError(t, err, name)
		var got []int
		for _, row := range rows {
			got = append(got, row.Minutes)
		}
		require.Equal(t, tt.want, got, name)
	}
}

func TestFiltersOnArraysAndJSON(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	const odd = `a "quoted" title, {with} (all) \ of it`
	id := makeWorkOrder(t, tn.Client, odd)
	other := makeWorkOrder(t, tn.Client, "plain")
	require.NoError(t, move(t, tn.Client, id, "assigned"))
	cols := org.EntityChangeCols
	find := func(f query.Filter) []org.EntityChange {
		t.Helper()
		rows, err := tn.Audit.EntityChanges.List(t.Context(), query.Where(cols.TableName.Eq("work_orders"), f))
		require.NoError(t, err)
		return rows
	}
	records := func(f query.Filter) []string {
		t.Helper()
		var ids []string
		for _, row := range find(f) {
			if !slices.Contains(ids, row.RecordID) {
				ids = append(ids, row.RecordID)
			}
		}
		slices.Sort(ids)
		return ids
	}
	both := []string{id, other}
	slices.Sort(both)
	insert := cols.Operation.Eq("INSERT")

	require.Equal(t, []string{id}, records(cols.NewData.Contains(map[string]any{"title": odd})))
	require.Equal(t, both, records(query.And(insert, cols.NewData.Contains(map[string]any{"priority": "medium"}))))
	require.Empty(t, records(cols.NewData.Contains(map[string]any{"title": "plain", "priority": "low"})))
	require.Equal(t, []string{id}, records(cols.NewData.Path("title").Eq(odd)))
	require.Equal(t, []string{other}, records(cols.NewData.Path("title").Like("pl%n")))
	require.Equal(t, both, records(query.And(insert, cols.NewData.Path("description").IsNull())))
	require.Empty(t, records(cols.NewData.Path("no such key").NotNull()))
	require.Equal(t, both, records(query.And(insert, cols.OldData.IsNull())))
	require.Equal(t, []string{id}, records(query.And(cols.OldData.Path("status").Eq("draft"), cols.NewData.Path("status").Eq("assigned"))))

	moved := find(cols.ChangedFields.Contains("status"))
	require.Len(t, moved, 1)
	require.Equal(t, id, moved[0].RecordID)
	require.Contains(t, moved[0].ChangedFields, "status")
	require.NotEmpty(t, moved[0].OldData)
	require.Len(t, find(cols.ChangedFields.Contains("status", moved[0].ChangedFields[0])), 1)
	require.Len(t, find(query.And(cols.ID.Eq(moved[0].ID), cols.ChangedFields.ContainedBy(moved[0].ChangedFields...))), 1)
	require.Empty(t, find(query.And(cols.ID.Eq(moved[0].ID), cols.ChangedFields.ContainedBy("status2", "x"))))
	require.Len(t, find(cols.ChangedFields.Overlaps("status", `odd "one", {}`)), 1)
	require.Empty(t, find(cols.ChangedFields.Overlaps(`odd "one", {}`, `\`, "a,b")))
	require.Empty(t, find(cols.ChangedFields.Overlaps()))
	require.Equal(t, both, records(query.And(insert, query.Not(cols.ChangedFields.NotNull()))))
	require.Empty(t, find(query.And(insert, cols.ChangedFields.NotNull())))
	n, err := tn.Audit.EntityChanges.Count(t.Context(), query.Where(cols.ChangedFields.Contains()))
	require.NoError(t, err)
	require.Positive(t, n, "every array contains nothing")
}

func TestImpossibleValuesAreRefusedBeforeSending(t *testing.T) {
	t.Parallel()
	var sent sentRequests
	tn := stack.Tenant(t, sent.Option())
	before := sent.n.Load()

	for _, s := range []string{"\x00", "a\x00b", "\xff", "a\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80"} {
		for name, f := range map[string]query.Filter{
			"Eq": wo.Title.Eq(s), "In": wo.Title.In("a", s), "Contains": wo.Title.Contains(s), "HasSuffix": wo.Title.HasSuffix(s),
			"Like": wo.Title.Like(s), "Raw": query.Raw("title.eq." + s), "nested": query.Or(wo.Title.Eq("a"), query.Not(wo.Title.Eq(s))),
			"id": wo.ID.Eq(s), "array": org.EntityChangeCols.ChangedFields.Contains(s),
		} {
			_, err := tn.WorkOrders.List(t.Context(), query.Where(f))
			require.ErrorIs(t, err, workorder.ErrInvalidInput, "%s of %q", name, s)
			_, err = tn.WorkOrders.Count(t.Context(), query.Where(f))
			require.ErrorIs(t, err, workorder.ErrInvalidInput)
		}
		_, err := tn.WorkOrders.Get(t.Context(), s)
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
		_, err = tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: s})
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
		_, err = tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", Description: s})
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
		_, err = tn.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: s})
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
		// A bad row would not keep a good one from being stored.
		result, err := tn.WorkOrders.BulkImport(t.Context(), workorders.BulkImportWorkOrdersParams{
			Rows: []workorders.ImportWorkOrder{{Title: s}, {Title: "x", Description: s}},
		})
		require.NoError(t, err)
		require.Empty(t, result.CreatedIDs)
		require.Len(t, result.Errors, 2, "%q", s)
	}
	for name, opt := range map[string]query.Option{
		"limit": query.Limit(0), "negative limit": query.Limit(-1), "page size": query.PageSize(0),
		"counting": query.Count("guess"), "order": query.OrderBy(query.Order{}),
		"far time": query.Where(wo.DueDate.Eq(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))),
		"long":     query.Where(wo.Title.Eq(strings.Repeat("ä", 10_000))),
	} {
		_, err := tn.WorkOrders.List(t.Context(), opt)
		require.ErrorIs(t, err, workorder.ErrInvalidInput, name)
	}
	require.Equal(t, before, sent.n.Load(), "nothing is sent")
}

func TestBadRawFiltersAreRefused(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for expr, code := range map[string]string{
		"due_date.gt.soon": "22007", // by the server
		"id.eq.7":          "22P02",
		"colour.eq.red":    "42703",
		"title.eq":         "", // before anything is sent
		"title.equals.a":   "",
		"and(title.eq.a":   "",
		"title.like.a)":    "",
	} {
		_, err := tn.WorkOrders.List(t.Context(), query.Where(query.Raw(expr)))
		require.Error(t, err, expr)
		require.Equal(t, code, errorCode(err), "%s: %v", expr, err)
		if code == "" {
			require.ErrorIs(t, err, workorder.ErrInvalidInput, expr)
		}
	}
}

// fuzzed is the tenant of a fuzz worker, and the work orders in it by title.
type fuzzed struct {
	once sync.Once
	tn   *tenant
	mu   sync.Mutex
	ids  map[string]string
}

func (f *fuzzed) make(t *testing.T, title string) string {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ids[title] == "" {
		f.ids[title] = makeWorkOrder(t, f.tn.Client, title)
	}
	return f.ids[title]
}

// FuzzFilterMatchesExactlyThatRow stores a work order under any text and finds
// it, and nothing else, by that text.
func FuzzFilterMatchesExactlyThatRow(f *testing.F) {
	for _, s := range oddTexts {
		f.Add(s)
	}
	for _, s := range []string{"", "\x00", "\xff", "a\xc3", strings.Repeat("y", 501)} {
		f.Add(s)
	}
	state := &fuzzed{ids: map[string]string{}}
	var sent sentRequests
	f.Fuzz(func(t *testing.T, s string) {
		state.once.Do(func() { state.tn = stack.Tenant(t, sent.Option()) })
		tn, before := state.tn, sent.n.Load()
		eq := query.Where(wo.Title.Eq(s))

		if strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
			_, err := tn.WorkOrders.List(t.Context(), eq)
			require.ErrorIs(t, err, workorder.ErrInvalidInput)
			_, err = tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: s})
			require.ErrorIs(t, err, workorder.ErrInvalidInput)
			require.Equal(t, before, sent.n.Load(), "nothing is sent")
			return
		}
		if n := utf8.RuneCountInString(s); n == 0 || n > 500 {
			_, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: s})
			require.ErrorIs(t, err, workorder.ErrInvalidInput)
			return
		}

		id := state.make(t, s)
		if r := []rune(s); len(r) > 1 && len(r) < 500 { // others that are much like it
			state.make(t, string(r[1:]))
			state.make(t, s+string(r[0]))
		}
		rows, err := tn.WorkOrders.List(t.Context(), eq)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.Equal(t, id, rows[0].ID)
		require.Equal(t, s, rows[0].Title)

		filters := map[string]query.Filter{
			"In":        wo.Title.In(s, s+"!"),
			"NotIn":     query.Not(wo.Title.NotIn(s, s+"!")),
			"NotEq":     query.Not(wo.Title.NotEq(s)),
			"Contains":  wo.Title.Contains(s),
			"HasPrefix": wo.Title.HasPrefix(s),
			"HasSuffix": wo.Title.HasSuffix(s),
			"Fold":      wo.Title.ContainsFold(s),
			"Gte":       query.And(wo.Title.Gte(s), wo.Title.Lte(s)),
		}
		if len(s) < 100 { // together, if the URL has room for that
			together := slices.Collect(maps.Values(filters))
			n, err := tn.WorkOrders.Count(t.Context(), query.Where(wo.ID.Eq(id)), query.Where(together...))
			if err == nil && n == 1 {
				clear(filters)
			}
		}
		for name, filter := range filters {
			if n, err := tn.WorkOrders.Count(t.Context(), query.Where(wo.ID.Eq(id), filter)); err != nil || n != 1 {
				t.Errorf("%s(%q): %d rows, %v", name, s, n, err)
			}
		}
		n, err := tn.WorkOrders.Count(t.Context(), query.Where(wo.ID.Eq(id), wo.Title.NotEq(s)))
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

func TestCountSaysWhyItFailed(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for expr, want := range map[string]struct {
		kind error
		code string
	}{
		"colour.eq.red":    {workorder.ErrSchemaMismatch, "42703"},
		"id.eq.7":          {workorder.ErrInvalidInput, "22P02"},
		"title.equals.red": {workorder.ErrInvalidInput, ""},
	} {
		_, err := tn.WorkOrders.Count(t.Context(), query.Where(query.Raw(expr)))
		requireError(t, err, want.kind, want.code)
	}
	_, err := workorder.ViewOf[struct{}](tn.Client, "v_of_nobody").Count(t.Context())
	require.ErrorIs(t, err, workorder.ErrSchemaMismatch)
}
