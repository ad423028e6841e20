package bench

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stub serves work orders as a deployment would: at most 1,000 per answer, by
// key. It renders them on the fly, so a view of any size takes no
// memory, except for the first page, which most benchmarks read.
type stub struct {
	*httptest.Server
	rows      int
	first     []byte // the first 1,000 rows
	refreshes atomic.Int64
	conns     atomic.Int64
}

const clamp = 1000

func newStub(tb testing.TB, rows int) *stub {
	tb.Helper()
	s := &stub{rows: rows, first: page(nil, 0, min(rows, clamp))}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.conns.Add(1)
		}
	}
	s.Start()
	tb.Cleanup(s.Close)
	return s
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (s *stub) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/auth/v1/token") {
		s.refreshes.Add(1)
		_, _ = w.Write(grant())
		return
	}
	from, to := s.span(r.URL.Query())
	total := "*"
	if strings.Contains(r.Header.Get("Prefer"), "count=") {
		total = strconv.Itoa(s.rows)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Range", fmt.Sprintf("%d-%d/%s", from, to-1, total))
	if from == 0 && to == min(s.rows, clamp) {
		h.Set("Content-Length", strconv.Itoa(len(s.first)))
		_, _ = w.Write(s.first)
		return
	}
	buf := buffers.Get().(*[]byte)
	*buf = page((*buf)[:0], from, to)
	h.Set("Content-Length", strconv.Itoa(len(*buf)))
	_, _ = w.Write(*buf)
	buffers.Put(buf)
}

// span reads which rows are asked for.
func (s *stub) span(q url.Values) (from, to int) {
	limit := clamp
	if n, err := strconv.Atoi(q.Get("limit")); err == nil {
		limit = min(limit, n)
	}
	for _, filter := range []string{q.Get("and"), "(id." + q.Get("id")} {
		// also inside of or(due_date.gt…,and(due_date.eq…,id.gt…)): the rows are in that order, too
		if i := strings.Index(filter, `id.gt."`); i >= 0 {
			filter = filter[i:]
		}
		if at, ok := number(filter, `id.gt."`); ok {
			from = at + 1
		}
		for _, eq := range []string{`(id.eq."`, `(id.eq.`} {
			if at, ok := number(filter, eq); ok {
				from, limit = at, 1
			}
		}
	}
	if n, err := strconv.Atoi(q.Get("offset")); err == nil { // as those ask who page by hand
		from += n
	}
	from = min(from, s.rows)
	return from, min(from+limit, s.rows)
}

// number reads the row number out of the id behind the prefix.
func number(filter, prefix string) (int, bool) {
	id, ok := strings.CutPrefix(filter, prefix)
	if !ok || len(id) < 8 {
		return 0, false
	}
	n, err := strconv.ParseInt(id[:8], 16, 64)
	return int(n), err == nil
}

func id(n int) string { return fmt.Sprintf("%08x-0001-4000-8000-%012x", n, n*7919) }

// page appends the JSON of the rows from..to, spelled as PostgreSQL does.
func page(b []byte, from, to int) []byte {
	start := time.Date(2026, 1, 2, 3, 4, 5, 123456000, time.UTC)
	b = append(b, '[')
	for n := from; n < to; n++ {
		if n > from {
			b = append(b, ",\n "...)
		}
		at := func(hours int) string {
			return start.Add(time.Duration(n+hours) * time.Hour).Format("2006-01-02T15:04:05.999999+00:00")
		}
		closed := func(s string) string {
			if n%3 > 0 {
				return "null"
			}
			return `"` + s + `"`
		}
		user := id(1_000_000 + n%20)
		b = fmt.Appendf(b, `{"id":"%s","tenant_id":"%s","title":"Replace bearing on conveyor %d",`+
			`"description":"Runs hot, \"grinding\" since Monday.\nSee — Größe 6204.","status":"%s","priority":"high",`+
			`"maintenance_type":"corrective","assigned_to":"%s","assigned_to_name":"Jo Martin","location_id":"%s",`+
			`"asset_id":"%s","pm_schedule_id":null,"due_date":"%s","completed_at":%s,"completed_by":%s,`+
			`"completed_by_name":%s,"cause":%s,"resolution":%s,"created_at":"%s","updated_at":"%s",`+
			`"total_labor_minutes":%d,"project_id":null,"requested_by":null,"primary_supplier_id":null,`+
			`"acknowledged_at":%s,"sla_response_due_at":"%s","sla_resolution_due_at":null,`+
			`"sla_response_breached_at":null,"sla_resolution_breached_at":null}`,
			id(n), id(2_000_000), n, []string{"completed", "assigned", "in_progress"}[n%3],
			user, id(3_000_000+n%50), id(4_000_000+n),
			at(240), closed(at(100)), closed(user), closed("Jo Martin"), closed("wear"),
			closed("Bearing replaced, belt tensioned"), at(0), at(50), n%300, closed(at(1)), at(4))
	}
	return append(b, ']')
}

// token is a well-formed access token.
func token() string {
	part := func(v any) string {
		b, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	return part(map[string]string{"alg": "HS256"}) + "." + part(map[string]any{
		"sub": id(1), "tenant_id": id(2_000_000), "role": "authenticated", "exp": time.Now().Add(time.Hour).Unix(),
	}) + ".c2lnbmF0dXJl"
}

// grant is the answer to a refresh.
func grant() []byte {
	b, _ := json.Marshal(map[string]any{
		"access_token": token(), "refresh_token": "next", "token_type": "bearer", "expires_in": 3600,
		"user": map[string]string{"id": id(1), "email": "jo@example.com"},
	})
	return b
}
