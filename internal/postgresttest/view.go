package postgresttest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// View serves rows as PostgREST does, whatever path they are asked for under.
// Columns hold strings, numbers, booleans and null; comparisons are of text
// unless both sides are numbers.
type View struct {
	URL   string
	Rows  []map[string]any
	Clamp int // rows per answer at most; 0: 1,000
	// Hook sees every request first and may answer it: it returns true then.
	Hook func(w http.ResponseWriter, r *http.Request) bool
	// NoCount leaves estimated counts out of answers, as old servers do.
	NoCount bool

	mu       sync.Mutex
	requests []*http.Request
}

// Start serves the view until the test ends.
func (v *View) Start(t testing.TB) *View {
	t.Helper()
	srv := httptest.NewServer(v)
	t.Cleanup(srv.Close)
	v.URL = srv.URL
	return v
}

// Requests are the requests so far.
func (v *View) Requests() []*http.Request {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.requests)
}

// Forget empties the list of requests.
func (v *View) Forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.requests = nil
}

// ServeHTTP implements http.Handler.
func (v *View) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	v.requests = append(v.requests, r)
	v.mu.Unlock()
	if v.Hook != nil && v.Hook(w, r) {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.serve(w, r); err != nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"code": "PGRST100", "message": err.Error()})
	}
}

func (v *View) serve(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	rows := slices.Clone(v.Rows)
	if and := q.Get("and"); and != "" {
		tree, err := ParseAnd(and)
		if err != nil {
			return err
		}
		rows = slices.DeleteFunc(rows, func(row map[string]any) bool { return !tree.holds(row) })
	}
	if order := q.Get("order"); order != "" {
		terms := strings.Split(order, ",")
		slices.SortStableFunc(rows, func(a, b map[string]any) int {
			for _, term := range terms {
				if c := compareBy(term, a, b); c != 0 {
					return c
				}
			}
			return 0
		})
	}
	matching, clamp := len(rows), v.Clamp
	if clamp == 0 {
		clamp = 1000
	}
	offset, _ := strconv.Atoi(q.Get("offset"))
	rows = rows[min(offset, len(rows)):]
	if limit := q.Get("limit"); limit != "" {
		n, err := strconv.Atoi(limit)
		if err != nil {
			return err
		}
		clamp = min(clamp, n)
	}
	rows = rows[:min(clamp, len(rows))]

	count, span := "*", "*"
	switch prefer := r.Header.Get("Prefer"); {
	case strings.Contains(prefer, "count=exact"), strings.Contains(prefer, "count=estimated") && !v.NoCount:
		count = strconv.Itoa(matching)
	case strings.Contains(prefer, "count=planned"):
		count = strconv.Itoa(matching + 7)
	}
	if len(rows) > 0 {
		span = fmt.Sprintf("%d-%d", offset, offset+len(rows)-1)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Range", span+"/"+count)
	if r.Method == http.MethodHead {
		return nil
	}
	if rows == nil {
		rows = []map[string]any{}
	}
	return json.NewEncoder(w).Encode(chosen(rows, q.Get("select")))
}

// chosen gives the rows with the columns of a select list.
func chosen(rows []map[string]any, list string) []map[string]any {
	items := strings.Split(list, ",")
	if list == "" || len(items) == 1 && items[0] == "*" {
		return rows
	}
	out := make([]map[string]any, len(rows))
	for i, row := range rows {
		out[i] = map[string]any{}
		for _, item := range items {
			if item == "*" {
				maps.Copy(out[i], row)
				continue
			}
			alias, column, ok := strings.Cut(item, ":")
			if !ok {
				column = alias
			}
			out[i][alias] = row[strings.TrimSuffix(column, "::text")]
		}
	}
	return out
}

func (n Node) holds(row map[string]any) bool {
	var yes bool
	switch v := row[n.Column]; n.Op {
	case "and":
		yes = !slices.ContainsFunc(n.Nodes, func(n Node) bool { return !n.holds(row) })
	case "or":
		yes = slices.ContainsFunc(n.Nodes, func(n Node) bool { return n.holds(row) })
	case "is":
		yes = v == nil && n.Value == "null"
	case "in":
		if v == nil {
			return false
		}
		yes = slices.ContainsFunc(n.Values, func(s string) bool { return compare(v, s) == 0 })
	default:
		if v == nil {
			return false
		}
		c := compare(v, n.Value)
		yes = map[string]bool{"eq": c == 0, "neq": c != 0, "gt": c > 0, "gte": c >= 0, "lt": c < 0, "lte": c <= 0}[n.Op]
	}
	return yes != n.Not
}

func compareBy(term string, a, b map[string]any) int {
	column, flags, _ := strings.Cut(term, ".")
	x, y := a[column], b[column]
	if x == nil || y == nil {
		c := cmp.Compare(btoi(x == nil), btoi(y == nil)) // nulls last
		if strings.Contains(flags, "nullsfirst") {
			c = -c
		}
		return c
	}
	c := compare(x, text(y))
	if strings.Contains(flags, "desc") {
		c = -c
	}
	return c
}

func compare(v any, s string) int {
	if n, ok := v.(int); ok {
		m, err := strconv.Atoi(s)
		if err == nil {
			return cmp.Compare(n, m)
		}
	}
	return strings.Compare(text(v), s)
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return fmt.Sprint(v)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
