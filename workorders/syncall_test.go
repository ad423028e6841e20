package workorders_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/workorders"
)

func TestSync(t *testing.T) {
	c, srv := apitest.New(t)
	const all = `{
		"work_orders":[{"id":"w1","tenant_id":"t1","title":"T","status":"draft","priority":"high","assigned_to":null,"location_id":"l1",
			"asset_id":null,"due_date":null,"completed_at":null,"updated_at":"2026-03-04T07:00:00.123456+00:00"}],
		"assets":[{"id":"a1","tenant_id":"t1","name":"A","asset_number":"7","location_id":null,"status":"active","updated_at":"2026-03-04T07:00:00+00:00"}],
		"locations":[{"id":"l1","tenant_id":"t1","name":"L","parent_location_id":null,"updated_at":"2026-03-04T07:00:00+00:00"}],
		"time_entries":[{"id":"e1","tenant_id":"t1","work_order_id":"w1","user_id":"u1","entry_date":"2026-03-04","minutes":5,
			"description":null,"logged_at":"2026-03-04T07:00:00+00:00","created_at":"2026-03-04T07:00:00+00:00",
			"updated_at":"2026-03-04T07:00:00+00:00","latitude":1.5,"longitude":null}],
		"attachments":[{"id":"x1","tenant_id":"t1","work_order_id":"w1","file_id":"f1","label":null,"kind":"photo",
			"created_at":"2026-03-04T07:00:00+00:00","updated_at":"2026-03-04T07:00:00+00:00"}],
		"check_ins":[{"id":"i1","tenant_id":"t1","work_order_id":"w1","user_id":"u1","checked_in_at":"2026-03-04T07:00:00+00:00",
			"latitude":null,"longitude":null,"created_at":"2026-03-04T07:00:00+00:00"}],
		"notes":[{"id":"n1","tenant_id":"t1","work_order_id":"w1","body":"B","created_by":"u1","created_at":"2026-03-04T07:00:00+00:00"}]}`
	srv.Reply(http.StatusOK, all)

	got, err := c.Mobile.Sync(t.Context(), workorders.SyncParams{})

	require.NoError(t, err)
	srv.WantRequest(t, http.MethodPost, "/rest/v1/rpc/rpc_mobile_sync",
		`{"p_tenant_id":"t1","p_updated_after":null,"p_limit":500,"p_technician_id":null}`)
	require.Equal(t, 7, got.Len())
	require.Equal(t, time.Date(2026, 3, 4, 7, 0, 0, 123456000, time.UTC), got.WorkOrders[0].UpdatedAt.UTC(), "not a microsecond is lost")
	require.Equal(t, "7", *got.Assets[0].AssetNumber)
	require.InDelta(t, 1.5, *got.TimeEntries[0].Latitude, 0)
	require.Equal(t, "B", got.Notes[0].Body)

	srv.Reply(http.StatusOK, `null`)
	got, err = c.Mobile.Sync(t.Context(), workorders.SyncParams{
		TenantID: "t9", UpdatedAfter: start.Add(123456 * time.Microsecond), Limit: 7, TechnicianID: "x1",
	})
	require.NoError(t, err)
	require.Zero(t, got.Len())
	srv.WantRequest(t, http.MethodPost, "/rest/v1/rpc/rpc_mobile_sync",
		`{"p_tenant_id":"t9","p_updated_after":"2026-03-04T07:00:00.123456Z","p_limit":7,"p_technician_id":"x1"}`)
}

// syncBackend does what rpc_mobile_sync does: every list after one cursor, in
// order of change, cut at the limit. Its views show the same rows.
type syncBackend struct {
	t      *testing.T
	rows   map[string][]syncRow // by list
	hidden map[string]bool      // ids that the views do not show
	calls  []int                // the limit of every call
	reads  int                  // of views
	onCall func(n int)          // called before the n-th call, from 1
}

type syncRow struct {
	id string
	at time.Time
}

var syncViews = map[string]string{
	"v_mobile_work_orders": "work_orders", "v_mobile_work_order_notes": "notes", "v_mobile_assets": "assets",
}

func (b *syncBackend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if list, ok := syncViews[strings.TrimPrefix(r.URL.Path, "/rest/v1/")]; ok {
		b.view(w, r, list)
		return
	}
	var args struct {
		After *time.Time `json:"p_updated_after"`
		Limit int        `json:"p_limit"`
	}
	if err := json.NewDecoder(r.Body).Decode(&args); err != nil {
		b.t.Errorf("reading the request: %v", err)
	}
	b.calls = append(b.calls, args.Limit)
	if b.onCall != nil {
		b.onCall(len(b.calls))
	}
	payload := map[string][]map[string]any{}
	for _, list := range []string{"work_orders", "assets", "locations", "time_entries", "attachments", "check_ins", "notes"} {
		rows := slices.Clone(b.rows[list])
		slices.SortStableFunc(rows, func(x, y syncRow) int { return x.at.Compare(y.at) })
		payload[list] = []map[string]any{}
		for _, row := range rows {
			if (args.After == nil || row.at.After(*args.After)) && len(payload[list]) < args.Limit {
				payload[list] = append(payload[list], row.json())
			}
		}
	}
	_ = json.NewEncoder(w).Encode(payload)
}

func (r syncRow) json() map[string]any {
	at := r.at.Format(time.RFC3339Nano)
	return map[string]any{"id": r.id, "tenant_id": "t1", "updated_at": at, "created_at": at}
}

// view answers the two questions of SyncAll: all rows of one time, and how many
// of some ids there are.
func (b *syncBackend) view(w http.ResponseWriter, r *http.Request, list string) {
	b.reads++
	and := r.URL.Query().Get("and")
	out := []map[string]any{}
	for _, row := range b.rows[list] {
		if b.hidden[row.id] {
			continue
		}
		timed := strings.Contains(and, `_at.eq."`+row.at.UTC().Format(time.RFC3339Nano)+`"`)
		named := strings.Contains(and, "id.") && strings.Contains(and, `"`+row.id+`"`) && !strings.Contains(and, "_at.eq")
		if _, after, ok := strings.Cut(and, `id.gt."`); ok && timed {
			last, _, _ := strings.Cut(after, `"`)
			timed = row.id > last
		}
		if timed || named {
			out = append(out, row.json())
		}
	}
	slices.SortFunc(out, func(x, y map[string]any) int { return strings.Compare(x["id"].(string), y["id"].(string)) })
	w.Header().Set("Content-Range", "*/"+strconv.Itoa(len(out)))
	if limit, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil && len(out) > limit {
		out = out[:limit]
	}
	_ = json.NewEncoder(w).Encode(out)
}

// fill adds n rows to a list, of one time or every step later.
func (b *syncBackend) fill(list, prefix string, n int, at time.Time, step time.Duration) {
	if b.rows == nil {
		b.rows = map[string][]syncRow{}
	}
	for i := range n {
		b.rows[list] = append(b.rows[list], syncRow{fmt.Sprintf("%s%05d", prefix, i), at.Add(time.Duration(i) * step)})
	}
}

func (b *syncBackend) client(t *testing.T) *workorder.Client {
	t.Helper()
	b.t = t
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	c, err := workorder.New(srv.URL, apitest.AnonKey, workorder.WithAccessToken(apitest.JWT(map[string]any{
		"sub": apitest.UserID, "role": "authenticated", "tenant_id": apitest.TenantID, "exp": time.Now().Add(time.Hour).Unix(),
	})),
		workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// run runs SyncAll and checks that every row comes exactly once.
func (b *syncBackend) run(t *testing.T, c *workorder.Client, p workorders.SyncAllParams) []*workorders.SyncPage {
	t.Helper()
	var pages []*workorders.SyncPage
	got := map[string]int{}
	for page, err := range c.Mobile.SyncAll(t.Context(), p) {
		require.NoError(t, err)
		require.Less(t, len(pages), 1000, "it goes on forever")
		if len(pages) > 0 {
			require.False(t, page.Cursor.Before(pages[len(pages)-1].Cursor), "the cursor never goes back")
		}
		pages = append(pages, page)
		for _, r := range page.WorkOrders {
			got["work_orders "+r.ID]++
		}
		for _, r := range page.Assets {
			got["assets "+r.ID]++
		}
		for _, r := range page.Notes {
			got["notes "+r.ID]++
		}
	}
	want := 0
	for list, rows := range b.rows {
		for _, row := range rows {
			if !p.UpdatedAfter.IsZero() && !row.at.After(p.UpdatedAfter) {
				continue
			}
			want++
			require.Equal(t, 1, got[list+" "+row.id], "%s %s", list, row.id)
		}
	}
	require.GreaterOrEqual(t, len(got), want)
	return pages
}

func TestSyncAllLosesNothing(t *testing.T) {
	day := start.UTC()
	for _, tc := range []struct {
		name  string
		fill  func(b *syncBackend)
		limit int
		calls []int // nil: any
		reads bool  // of views
	}{
		{name: "nothing", fill: func(*syncBackend) {}, limit: 5, calls: []int{5}},
		{name: "one page", fill: func(b *syncBackend) { b.fill("notes", "n", 4, day, time.Second) }, limit: 5, calls: []int{5}},
		{name: "a full page that is all", fill: func(b *syncBackend) { b.fill("notes", "n", 5, day, time.Second) }, limit: 5, calls: []int{5, 5}},
		{name: "many pages", fill: func(b *syncBackend) { b.fill("notes", "n", 103, day, time.Second) }, limit: 5},
		{name: "microseconds", fill: func(b *syncBackend) { b.fill("notes", "n", 53, day, time.Microsecond) }, limit: 5},
		{name: "pairs of equal times", fill: func(b *syncBackend) {
			b.fill("notes", "a", 50, day, time.Second)
			b.fill("notes", "b", 50, day, time.Second)
		}, limit: 5},
		{name: "lists of different density", fill: func(b *syncBackend) {
			b.fill("work_orders", "w", 40, day, time.Hour)
			b.fill("assets", "a", 300, day, time.Second)
			b.fill("notes", "n", 90, day.Add(time.Hour), time.Minute)
		}, limit: 7},
		{name: "a page of one time", fill: func(b *syncBackend) {
			b.fill("notes", "a", 2, day.Add(-time.Hour), time.Second)
			b.fill("notes", "b", 30, day, 0)
			b.fill("notes", "c", 12, day.Add(time.Hour), time.Second)
		}, limit: 5},
		{name: "the greatest limit is not enough", fill: func(b *syncBackend) {
			b.fill("work_orders", "a", 3, day.Add(-time.Hour), time.Second)
			b.fill("work_orders", "b", 5003, day, 0)
			b.fill("work_orders", "c", 12, day.Add(time.Hour), time.Second)
			b.fill("notes", "n", 700, day.Add(-2*time.Hour), time.Minute)
		}, limit: 500, reads: true},
		{name: "two imports at a time", fill: func(b *syncBackend) {
			b.fill("work_orders", "b", 2500, day, 0)
			b.fill("assets", "a", 2000, day, 0)
		}, limit: 9999, reads: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := &syncBackend{}
			tc.fill(b)
			c := b.client(t)
			pages := b.run(t, c, workorders.SyncAllParams{Limit: tc.limit})
			if tc.calls != nil {
				require.Equal(t, tc.calls, b.calls)
			}
			require.Equal(t, tc.reads, b.reads > 0)
			for _, limit := range b.calls {
				require.LessOrEqual(t, limit, 2000)
			}

			// From any page on, the rest comes too.
			if len(pages) > 2 {
				b.run(t, c, workorders.SyncAllParams{Limit: tc.limit, UpdatedAfter: pages[len(pages)/2].Cursor, Overlap: -1})
			}
			// And after the last one there is nothing new.
			last := pages[len(pages)-1].Cursor
			if last.IsZero() {
				return
			}
			for page, err := range c.Mobile.SyncAll(t.Context(), workorders.SyncAllParams{UpdatedAfter: last, Overlap: -1}) {
				require.NoError(t, err)
				require.Zero(t, page.Len())
				require.Equal(t, last, page.Cursor)
			}
		})
	}
}

// A change is dated when its transaction begins and shows when it ends.
func TestSyncAllOverlaps(t *testing.T) {
	b := &syncBackend{}
	day := start.UTC()
	b.fill("notes", "a", 3, day, time.Second)
	c := b.client(t)
	last := b.run(t, c, workorders.SyncAllParams{})[0].Cursor
	require.Equal(t, day.Add(2*time.Second), last)

	b.fill("notes", "late", 1, last.Add(-30*time.Second), 0)
	notes := func(overlap time.Duration) (ids []string) {
		for page, err := range c.Mobile.SyncAll(t.Context(), workorders.SyncAllParams{UpdatedAfter: last, Overlap: overlap}) {
			require.NoError(t, err)
			require.Equal(t, last, page.Cursor, "the overlap never takes the cursor back")
			for _, n := range page.Notes {
				ids = append(ids, n.ID)
			}
		}
		return ids
	}
	require.Contains(t, notes(0), "late00000")
	require.Empty(t, notes(10*time.Microsecond-time.Second))
	require.NotContains(t, notes(10*time.Second), "late00000")
}

// A row that changes during the run comes again, as it is then.
func TestSyncAllGivesTheLatestVersion(t *testing.T) {
	b := &syncBackend{}
	day := start.UTC()
	b.fill("notes", "a", 8, day, time.Second)
	later := day.Add(time.Hour)
	b.onCall = func(n int) {
		if n == 2 {
			b.rows["notes"][0].at = later
		}
	}
	c := b.client(t)
	var seen []time.Time
	for page, err := range c.Mobile.SyncAll(t.Context(), workorders.SyncAllParams{Limit: 5}) {
		require.NoError(t, err)
		for _, n := range page.Notes {
			if n.ID == "a00000" {
				seen = append(seen, n.CreatedAt.UTC())
			}
		}
	}
	require.Equal(t, []time.Time{day, later}, seen)
}

func TestSyncAllFailsRatherThanLosingRows(t *testing.T) {
	b := &syncBackend{}
	b.fill("work_orders", "b", 2500, start, 0)
	c := b.client(t)
	last := func(p workorders.SyncAllParams) (err error) {
		for _, err = range c.Mobile.SyncAll(t.Context(), p) {
			if err != nil {
				return err
			}
		}
		return err
	}

	require.ErrorContains(t, last(workorders.SyncAllParams{TechnicianID: "x1"}), "Mobile.SyncAll: more than 2000 rows changed at 2026-03-04T07:00:00Z")

	b.hidden = map[string]bool{"b00007": true}
	require.ErrorContains(t, last(workorders.SyncAllParams{}), "cannot see them all")
}

func TestSyncAllStopsWithTheCaller(t *testing.T) {
	b := &syncBackend{}
	b.fill("notes", "n", 100, start, time.Second)
	c := b.client(t)
	for _, err := range c.Mobile.SyncAll(t.Context(), workorders.SyncAllParams{Limit: 5}) {
		require.NoError(t, err)
		break
	}
	require.Len(t, b.calls, 1)
}
