package integration

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/changes"
)

// copyOf is a copy of a view that changes keep.
type copyOf[T any] struct {
	view  workorder.View[T]
	key   func(T) string
	rows  map[string]T
	saved []byte
}

// run takes in what changed. It is stopped at random when rnd is given: before a
// page is handled, or before its watermark is saved.
func (c *copyOf[T]) run(t testing.TB, rnd *rand.Rand, opts ...changes.Option) (rows int) {
	t.Helper()
	var mark changes.Watermark
	if c.saved != nil {
		require.NoError(t, json.Unmarshal(c.saved, &mark))
	}
	stop := func() bool { return rnd != nil && rnd.IntN(5) == 0 }
	for page, err := range changes.Since(t.Context(), c.view, mark, opts...) {
		require.NoError(t, err)
		if stop() {
			return rows
		}
		for _, row := range page.Rows {
			c.rows[c.key(row)] = row
		}
		rows += len(page.Rows)
		if stop() {
			return rows
		}
		c.saved, err = json.Marshal(page.Next)
		require.NoError(t, err)
	}
	return rows
}

// forget drops the rows that are gone.
func (c *copyOf[T]) forget(t testing.TB) (gone int) {
	t.Helper()
	for key, err := range changes.Gone(t.Context(), c.view, maps.Keys(maps.Clone(c.rows))) {
		require.NoError(t, err)
		delete(c.rows, key)
		gone++
	}
	return gone
}

func newAssetCopy(tn *tenant) *copyOf[assets.Asset] {
	return &copyOf[assets.Asset]{view: tn.Assets.View, key: func(a assets.Asset) string { return a.ID }, rows: map[string]assets.Asset{}}
}

// wantCopy compares the copy with the view when all is quiet.
func wantCopy(t testing.TB, c *copyOf[assets.Asset]) {
	t.Helper()
	want, err := c.view.List(t.Context())
	require.NoError(t, err)
	got := slices.SortedFunc(maps.Values(c.rows), func(a, b assets.Asset) int { return strings.Compare(a.ID, b.ID) })
	require.Empty(t, cmp.Diff(want, got))
}

// A copy equals the view although several write all the time and the copier is
// stopped again and again.
func TestCopyEqualsTheView(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	random := newRandom(t)
	c := newAssetCopy(tn)

	var writers sync.WaitGroup
	for n := range uint64(3) {
		writers.Go(func() {
			rnd := random(n)
			var own []string
			for i := range 30 {
				switch {
				case len(own) == 0 || rnd.IntN(2) == 0:
					id, err := tn.Assets.Create(t.Context(), assets.CreateAssetParams{Name: fmt.Sprintf("%d of %d", i, n)})
					if assert.NoError(t, err) {
						own = append(own, id)
					}
				case rnd.IntN(4) == 0:
					at := rnd.IntN(len(own))
					if err := tn.Assets.Delete(t.Context(), assets.DeleteAssetParams{AssetID: own[at]}); err != nil {
						t.Error(err)
					}
					own = slices.Delete(own, at, at+1)
				default:
					assert.NoError(t, tn.Assets.Update(t.Context(), assets.UpdateAssetParams{
						AssetID: own[rnd.IntN(len(own))], Name: new(fmt.Sprintf("%d of %d again", i, n)),
					}))
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { writers.Wait(); close(finished) }()
	stopper := random(9)
	for busy := true; busy; {
		select {
		case <-finished:
			busy = false
		default:
		}
		c.run(t, stopper, changes.PageSize(1+stopper.IntN(7)))
	}
	c.run(t, nil)
	c.forget(t)
	wantCopy(t, c)
	require.Zero(t, c.run(t, nil), "nothing changed since")
}

// A row of a transaction that is committed late has an updated_at before the
// watermark. It comes all the same, unless the overlap is shorter than that.
func TestCopyGetsWhatIsCommittedLate(t *testing.T) {
	t.Parallel()
	tn, db := stack.Tenant(t), stack.SQL(t)
	slow := makeAsset(t, tn, "Slow", "")
	c, hasty := newAssetCopy(tn), newAssetCopy(tn)
	c.run(t, nil)
	hasty.run(t, nil)

	tx, err := db.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `update app.assets set name = 'Late' where id = $1`, slow)
	require.NoError(t, err)
	for i := range 3 {
		makeAsset(t, tn, fmt.Sprint("Quick ", i), "")
	}
	require.Equal(t, 3, c.run(t, nil))
	require.Equal(t, 3, hasty.run(t, nil))
	require.NoError(t, tx.Commit(t.Context()))

	require.Equal(t, 1, c.run(t, nil), "only that one, though the overlap is read again")
	require.Equal(t, "Late", c.rows[slow].Name)
	require.Zero(t, hasty.run(t, nil, changes.Overlap(0)), "what the overlap is for")
	wantCopy(t, c)

	require.Equal(t, 0, c.forget(t))
	require.NoError(t, tn.Assets.Delete(t.Context(), assets.DeleteAssetParams{AssetID: slow}))
	require.Zero(t, c.run(t, nil), "a deletion is no change of a row")
	require.Equal(t, 1, c.forget(t))
	wantCopy(t, c)
}

// What changed longer ago than the overlap, by the clock of the server, is not read
// again though nothing has changed since.
func TestWatermarkOfAQuietViewRemembersNoRows(t *testing.T) {
	t.Parallel()
	tn, db := stack.Tenant(t), stack.SQL(t)
	old := makeAsset(t, tn, "Old", "")
	tx, err := db.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `set local session_replication_role = replica`) // no trigger sets the time
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `update app.assets set updated_at = now() - interval '10 minutes' where id = $1`, old)
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context()))

	c := newAssetCopy(tn)
	require.Equal(t, 1, c.run(t, nil))
	require.NotContains(t, string(c.saved), old)
	require.Zero(t, c.run(t, nil))
	makeAsset(t, tn, "New", "")
	require.Equal(t, 1, c.run(t, nil))
	require.Contains(t, string(c.saved), `"seen"`)
	wantCopy(t, c)
}
