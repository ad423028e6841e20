package changes_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/changes"
	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/postgresttest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

type item struct {
	ID        string    `json:"id"`
	Value     int       `json:"value"`
	UpdatedAt time.Time `json:"updated_at"`
}

var itemsView = postgrest.ViewDef[item]{List: "Items", Schema: "public", Name: "v_items", Key: []string{"id"}}

func viewOf[T any](t *testing.T, srv *postgresttest.View, def *postgrest.ViewDef[T]) postgrest.View[T] {
	t.Helper()
	srv.Start(t)
	conn, err := api.New(api.Config{BaseURL: srv.URL, APIKey: "key", Tenant: "t1", Retry: api.RetryPolicy{MaxAttempts: 1}})
	require.NoError(t, err)
	return postgrest.NewView(conn, def)
}

// tick is the server's time. No time ends in a zero, so that the fake server may
// compare them as text.
type tick int

func (n tick) String() string {
	return time.Date(2026, 1, 1, 0, 0, 0, 1000, time.UTC).Add(time.Duration(n) * 10 * time.Microsecond).Format("2006-01-02T15:04:05.000000Z07:00")
}

const overlap = 40 // ticks

// tx is a transaction that has not been committed.
type tx struct {
	began tick
	id    string
}

// tenant is what writes to a view.
type tenant struct {
	rnd  *rand.Rand
	now  tick
	rows map[string]map[string]any
	open []tx
	n    int
	busy bool
}

func (s *tenant) commit(i int) {
	s.n++
	t := s.open[i]
	s.open = slices.Delete(s.open, i, i+1)
	s.rows[t.id] = map[string]any{"id": t.id, "value": s.n, "updated_at": t.began.String()}
}

// live lets some things happen.
func (s *tenant) live() {
	for range s.rnd.IntN(4) {
		s.now += tick(s.rnd.IntN(4))
		// No transaction takes longer than the overlap, and none writes a row of another.
		for i := len(s.open) - 1; i >= 0; i-- {
			if s.now-s.open[i].began > overlap-4 || s.rnd.IntN(12) == 0 {
				s.commit(i)
			}
		}
		id := fmt.Sprintf("%02d", s.rnd.IntN(40))
		if slices.ContainsFunc(s.open, func(t tx) bool { return t.id == id }) {
			continue
		}
		switch s.rnd.IntN(6) {
		case 0:
			delete(s.rows, id)
		case 1, 2:
			s.open = append(s.open, tx{s.now, id})
		default:
			s.open = append(s.open, tx{s.now, id})
			s.commit(len(s.open) - 1)
		}
	}
}

// A copy fed by Since and Gone equals the view after any history, whenever the
// copier is stopped.
func TestCopyEqualsView(t *testing.T) {
	for seed := range uint64(100) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		s := &tenant{rnd: rnd, rows: map[string]map[string]any{}, busy: true}
		srv := &postgresttest.View{}
		srv.Hook = func(http.ResponseWriter, *http.Request) bool {
			if s.busy {
				s.live()
			}
			srv.Rows = slices.Collect(maps.Values(s.rows))
			return false
		}
		view := viewOf(t, srv, &itemsView)
		mirror := map[string]item{}
		var saved []byte
		run := func() {
			var mark changes.Watermark
			if saved != nil {
				require.NoError(t, json.Unmarshal(saved, &mark))
			}
			opts := []changes.Option{changes.PageSize(1 + rnd.IntN(6)), changes.Overlap(overlap * 10 * time.Microsecond)}
			for page, err := range changes.Since(t.Context(), view, mark, opts...) {
				require.NoError(t, err)
				require.NotEmpty(t, page.Rows)
				if s.busy && rnd.IntN(6) == 0 {
					return // stopped before the page is handled
				}
				for _, row := range page.Rows {
					mirror[row.ID] = row
				}
				if s.busy && rnd.IntN(6) == 0 {
					return // stopped before the watermark is saved
				}
				saved, err = json.Marshal(page.Next)
				require.NoError(t, err)
			}
		}
		for range 12 {
			run()
		}
		s.busy = false
		for len(s.open) > 0 {
			s.commit(0)
		}
		run()
		for key, err := range changes.Gone(t.Context(), view, maps.Keys(maps.Clone(mirror))) {
			require.NoError(t, err)
			delete(mirror, key)
		}
		want, err := view.List(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, slices.SortedFunc(maps.Values(mirror), func(a, b item) int {
			if a.ID < b.ID {
				return -1
			}
			return 1
		}), "seed %d", seed)
		for _, err := range changes.Since(t.Context(), view, decode(t, saved), changes.Overlap(overlap*10*time.Microsecond)) {
			require.NoError(t, err)
			require.Fail(t, "nothing changed, and yet rows came", "seed %d", seed)
		}
	}
}

func decode(t *testing.T, saved []byte) (w changes.Watermark) {
	t.Helper()
	if saved != nil {
		require.NoError(t, json.Unmarshal(saved, &w))
	}
	return w
}

// A look ends although every request finds a row changed once more.
func TestLookEnds(t *testing.T) {
	s := &tenant{rnd: rand.New(rand.NewPCG(1, 1)), rows: map[string]map[string]any{}}
	srv := &postgresttest.View{}
	srv.Hook = func(http.ResponseWriter, *http.Request) bool {
		for i := range 20 {
			s.now++
			s.open = append(s.open, tx{s.now, fmt.Sprint(i)})
			s.commit(0)
		}
		srv.Rows = slices.Collect(maps.Values(s.rows))
		return false
	}
	view := viewOf(t, srv, &itemsView)
	for _, err := range changes.Since(t.Context(), view, changes.Watermark{}, changes.PageSize(1)) {
		require.NoError(t, err)
	}
	require.Less(t, len(srv.Requests()), 25)
}

// Rows of one timestamp come a page at a time, and a look that was cut off goes
// on behind the last page saved.
func TestSharedTimestamp(t *testing.T) {
	srv := &postgresttest.View{}
	for i := range 25 {
		srv.Rows = append(srv.Rows, map[string]any{"id": fmt.Sprintf("%02d", i), "value": i, "updated_at": tick(3).String()})
	}
	view := viewOf(t, srv, &itemsView)
	var got []string
	var mark changes.Watermark
	for {
		had := len(got)
		for page, err := range changes.Since(t.Context(), view, mark, changes.PageSize(4)) {
			require.NoError(t, err)
			for _, row := range page.Rows {
				got = append(got, row.ID)
			}
			b, err := json.Marshal(page.Next)
			require.NoError(t, err)
			mark = decode(t, b)
			break
		}
		if len(got) == had {
			break
		}
	}
	require.Len(t, got, 25)
	require.True(t, slices.IsSorted(got))
}

func TestRefused(t *testing.T) {
	type bare struct {
		ID string `json:"id"`
	}
	type nullable struct {
		ID        string     `json:"id"`
		UpdatedAt *time.Time `json:"updated_at"`
	}
	srv := &postgresttest.View{}
	refused(t, viewOf(t, srv, &postgrest.ViewDef[bare]{List: "Bare", Name: "v_bare", Key: []string{"id"}}))
	refused(t, viewOf(t, srv, &postgrest.ViewDef[nullable]{List: "Nullable", Name: "v_nullable", Key: []string{"id"}}))
	refused(t, viewOf(t, srv, &postgrest.ViewDef[item]{List: "Keyless", Name: "v_keyless"}))
	refused(t, viewOf(t, srv, &itemsView), changes.PageSize(0))
	refused(t, viewOf(t, srv, &itemsView), changes.Overlap(-1))
	require.Empty(t, srv.Requests())
}

func refused[T any](t *testing.T, view postgrest.View[T], opts ...changes.Option) {
	t.Helper()
	n := 0
	for _, err := range changes.Since(t.Context(), view, changes.Watermark{}, opts...) {
		n++
		require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	}
	require.Equal(t, 1, n)
}
