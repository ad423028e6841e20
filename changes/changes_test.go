package changes_test

import (
	"context"
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
	"github.com/workorder-systems/sdk-go/internal/apitest"
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

const second = 10 * time.Second // of ticks

func (n tick) time() time.Time {
	return time.Date(2026, 1, 1, 0, 0, 0, 1000, time.UTC).Add(time.Duration(n) * second)
}

func (n tick) String() string { return n.time().Format("2006-01-02T15:04:05.000000Z07:00") }

// show is what the clock in front of the database shows, which is wrong by a little.
func (n tick) show(w http.ResponseWriter, wrong time.Duration) {
	w.Header().Set("Date", n.time().Add(wrong).Format(http.TimeFormat))
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
		wrong := time.Duration(rnd.IntN(119)-60) * time.Second
		srv.Hook = func(w http.ResponseWriter, _ *http.Request) bool {
			if s.busy {
				s.live()
			}
			s.now.show(w, wrong)
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
			opts := []changes.Option{changes.PageSize(1 + rnd.IntN(6)), changes.Overlap(overlap * second)}
			for page, err := range changes.Since(t.Context(), view, mark, opts...) {
				require.NoError(t, err)
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
			if rnd.IntN(4) == 0 { // a time without changes
				for len(s.open) > 0 {
					s.commit(0)
				}
				s.now += 2 * overlap
			}
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
		for page, err := range changes.Since(t.Context(), view, decode(t, saved), changes.Overlap(overlap*second)) {
			require.NoError(t, err)
			require.Empty(t, page.Rows, "nothing changed, seed %d", seed)
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

// imported is a view whose rows were all written at once, and looks at it.
type imported struct {
	srv  *postgresttest.View
	view postgrest.View[item]
	now  tick
	fast time.Duration // how much the clock is
	mark changes.Watermark
}

func newImport(t *testing.T, rows int) *imported {
	t.Helper()
	m := &imported{srv: &postgresttest.View{}}
	for i := range rows {
		m.srv.Rows = append(m.srv.Rows, map[string]any{"id": fmt.Sprintf("%05d", i), "value": i, "updated_at": tick(100).String()})
	}
	m.srv.Hook = func(w http.ResponseWriter, _ *http.Request) bool {
		m.now.show(w, m.fast)
		return false
	}
	m.view = viewOf(t, m.srv, &itemsView)
	return m
}

// look tells how many pages, rows and requests there are at a time.
func (m *imported) look(t *testing.T, at tick) (pages, rows, requests int) {
	t.Helper()
	m.now = at
	m.srv.Forget()
	for page, err := range changes.Since(t.Context(), m.view, m.mark) {
		require.NoError(t, err)
		pages++
		rows += len(page.Rows)
		b, err := json.Marshal(page.Next)
		require.NoError(t, err)
		m.mark = decode(t, b)
	}
	return pages, rows, len(m.srv.Requests())
}

// What was imported a while ago is not read again and again until something else
// changes, and the watermark does not remember it.
func TestQuietViewCostsOneRequest(t *testing.T) {
	want := func(what string, m *imported, at tick, pages, rows, requests int) {
		t.Helper()
		p, r, q := m.look(t, at)
		require.Equal(t, []int{pages, rows, requests}, []int{p, r, q}, what)
	}
	old := newImport(t, 1200)
	want("first", old, 200, 3, 1200, 4)
	b, err := json.Marshal(old.mark)
	require.NoError(t, err)
	require.Less(t, len(b), 300)
	want("second", old, 201, 0, 0, 1)

	fresh := newImport(t, 1200)
	want("first", fresh, 101, 3, 1200, 4)
	want("within the overlap", fresh, 110, 0, 0, 4)
	want("a page without rows forgets them", fresh, 137, 1, 0, 4)
	want("after that", fresh, 138, 0, 0, 1)
	fresh.srv.Rows[7]["updated_at"] = tick(140).String()
	want("a change", fresh, 140, 1, 1, 2)

	ahead := newImport(t, 1200)
	ahead.fast = 59 * time.Second
	want("a clock that is fast", ahead, 200, 3, 1200, 4)
	ahead.srv.Rows[1]["updated_at"] = tick(170).String()
	want("what was committed late", ahead, 201, 1, 1, 2)

	dateless := newImport(t, 1200)
	dateless.srv.Hook = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header()["Date"] = nil
		return false
	}
	want("first", dateless, 0, 3, 1200, 4)
	want("without a clock the overlap is read again", dateless, 0, 0, 0, 4)
}

// A watermark belongs to a view of a tenant.
func TestForeignWatermark(t *testing.T) {
	m := newImport(t, 3)
	m.look(t, 200)
	other := itemsView
	other.Name = "v_other"
	m.srv.Forget()
	for _, err := range changes.Since(t.Context(), viewOf(t, m.srv, &other), m.mark) {
		require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
		require.ErrorContains(t, err, "the watermark is of v_items, not of v_other")
	}
	require.Empty(t, m.srv.Requests())

	a, b := &caller{claims: user("a")}, &caller{claims: user("b")}
	for page, err := range changes.Since(t.Context(), a.view(t, m.srv), changes.Watermark{}) {
		require.NoError(t, err)
		m.mark = page.Next
	}
	m.srv.Forget()
	for _, err := range changes.Since(t.Context(), b.view(t, m.srv), m.mark) {
		require.ErrorIs(t, err, sdkerr.ErrTenantMismatch)
	}
	require.Empty(t, m.srv.Requests())

	// The token changes to another tenant on the way.
	for page, err := range changes.Since(t.Context(), a.view(t, m.srv), changes.Watermark{}, changes.PageSize(1)) {
		if a.claims = user("b"); err != nil {
			require.ErrorIs(t, err, sdkerr.ErrTenantMismatch)
			require.Empty(t, page.Rows)
			continue
		}
		require.Len(t, page.Rows, 1)
	}
	require.Equal(t, user("b"), a.claims)
	m.srv.Hook = func(http.ResponseWriter, *http.Request) bool {
		a.claims = user("a")
		return false
	}
	for key, err := range changes.Gone(t.Context(), a.view(t, m.srv), slices.Values([]string{"00001", "gone"})) {
		require.ErrorIs(t, err, sdkerr.ErrTenantMismatch)
		require.Empty(t, key)
	}
}

// To somebody who sees nothing, nothing has changed and everything is gone: that is
// an error, and not what a copy should be told.
func TestCallerWhoSeesNothing(t *testing.T) {
	m := newImport(t, 3)
	for _, tc := range []struct {
		claims map[string]any
		want   error
	}{
		{map[string]any{"role": "anon"}, sdkerr.ErrUnauthenticated},
		{map[string]any{"role": "authenticated", "sub": "u"}, sdkerr.ErrNoTenant},
	} {
		c, n := &caller{claims: tc.claims}, 0
		for _, err := range changes.Since(t.Context(), c.view(t, m.srv), changes.Watermark{}) {
			require.ErrorIs(t, err, tc.want)
			n++
		}
		for key, err := range changes.Gone(t.Context(), c.view(t, m.srv), slices.Values([]string{"00001"})) {
			require.ErrorIs(t, err, tc.want)
			require.Empty(t, key)
			n++
		}
		require.Equal(t, 2, n)
	}
	require.Empty(t, m.srv.Requests())
}

func TestNothingGiven(t *testing.T) {
	m := newImport(t, 3)
	for page, err := range changes.Since(t.Context(), m.view, changes.Watermark{}, nil) {
		require.NoError(t, err)
		require.Len(t, page.Rows, 3)
	}
	for _, err := range changes.Gone(t.Context(), m.view, nil) {
		require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	}
}

// caller has a token with the claims of the moment.
type caller struct{ claims map[string]any }

func user(tenant string) map[string]any {
	return map[string]any{"role": "authenticated", "sub": "u", "tenant_id": tenant}
}

// Token implements api.TokenSource.
func (c *caller) Token(context.Context) (api.Token, error) {
	return api.Token{Value: apitest.JWT(c.claims)}, nil
}

func (c *caller) view(t *testing.T, srv *postgresttest.View) postgrest.View[item] {
	t.Helper()
	conn, err := api.New(api.Config{BaseURL: srv.URL, APIKey: "key", Auth: c, Retry: api.RetryPolicy{MaxAttempts: 1}})
	require.NoError(t, err)
	return postgrest.NewView(conn, &itemsView)
}
