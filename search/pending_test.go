package search_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/search"
	"github.com/workorder-systems/sdk-go/types"
)

// queues is a server with the queues of assets and parts, which keep what has no
// vector, in their order, and show up to 500 of it.
type queues struct {
	mu      sync.Mutex
	waiting map[string][]string // ids by the name of their column
	limits  []int               // asked for
	stored  func(ids []string)  // when a page has been stored, before the answer
}

func newQueues(t *testing.T, assets, parts int) (*queues, search.SemanticSearchService) {
	t.Helper()
	q := &queues{waiting: map[string][]string{}}
	for i := range assets {
		q.waiting["asset_id"] = append(q.waiting["asset_id"], fmt.Sprint("a", i))
	}
	for i := range parts {
		q.waiting["part_id"] = append(q.waiting["part_id"], fmt.Sprint("p", i))
	}
	srv := httptest.NewServer(q)
	t.Cleanup(srv.Close)
	c, err := workorder.New(srv.URL, apitest.AnonKey, workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 1}),
		workorder.WithAccessToken(apitest.JWT(map[string]any{"sub": apitest.UserID, "tenant_id": apitest.TenantID, "role": "authenticated"})))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return q, c.SemanticSearch
}

func (q *queues) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var args struct {
		Limit int                 `json:"p_limit"`
		Rows  []map[string]string `json:"p_rows"`
	}
	if err := json.NewDecoder(r.Body).Decode(&args); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	column := "asset_id"
	if strings.Contains(r.URL.Path, "part") {
		column = "part_id"
	}
	if strings.Contains(r.URL.Path, "batch") {
		var ids []string
		for _, row := range args.Rows {
			ids = append(ids, row[column])
		}
		q.mu.Lock()
		q.waiting[column] = slices.DeleteFunc(q.waiting[column], func(id string) bool { return slices.Contains(ids, id) })
		stored := q.stored
		q.mu.Unlock()
		if stored != nil {
			stored(ids)
		}
		_, _ = fmt.Fprint(w, len(ids))
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.limits = append(q.limits, args.Limit)
	rows := []map[string]string{}
	for _, id := range q.waiting[column][:min(args.Limit, 500, len(q.waiting[column]))] {
		rows = append(rows, map[string]string{column: id, "tenant_id": apitest.TenantID, "name": id, "part_number": id})
	}
	_ = json.NewEncoder(w).Encode(rows)
}

func (q *queues) left(column string) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.waiting[column])
}

// counted is how often the embedder saw each text.
type counted struct {
	mu    sync.Mutex
	times map[string]int
}

func (c *counted) see(text string) (total int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.times == nil {
		c.times = map[string]int{}
	}
	c.times[text]++
	for _, n := range c.times {
		total += n
	}
	return total
}

// A queue whose first 500 things cannot be embedded shows nothing behind them: its
// domain ends, each thing was tried once, and the next domain is drained.
func TestEmbedPendingEndsAQueueThatIsStuck(t *testing.T) {
	t.Parallel()
	q, s := newQueues(t, 503, 4)
	unknown := errors.New("the model does not know")
	var seen counted
	embed := func(_ context.Context, text string) (types.Vector, error) {
		seen.see(text)
		if strings.HasPrefix(text, "a") {
			return nil, unknown
		}
		return vector(1), nil
	}
	var last search.EmbedProgress
	report, err := s.EmbedPending(t.Context(), embed, search.EmbedPendingParams{
		Domains: []search.Domain{search.Assets, search.Parts}, PageSize: 200, Concurrency: 8,
		Progress: func(p search.EmbedProgress) {
			if p.Domain == search.Assets {
				last = p
			}
		},
	})

	require.ErrorIs(t, err, search.ErrQueueStuck)
	require.ErrorIs(t, err, unknown)
	require.ErrorContains(t, err, "assets: ")
	require.NotContains(t, err.Error(), "parts: ")
	require.Len(t, report.Failures, 500)
	require.Equal(t, search.EmbedProgress{Domain: search.Assets, Failed: 500}, last)
	require.Equal(t, 4, report.Embedded)
	require.Empty(t, q.left("part_id"))
	require.Len(t, seen.times, 504, "500 assets and 4 parts")
	for text, n := range seen.times {
		require.Equal(t, 1, n, text)
	}
}

// What fails stands at the head of its queue and hides nothing behind it, up to 499.
func TestEmbedPendingGoesOnBehindWhatFails(t *testing.T) {
	t.Parallel()
	q, s := newQueues(t, 620, 0)
	report, err := s.EmbedPending(t.Context(), func(_ context.Context, text string) (types.Vector, error) {
		if len(text) < 4 { // a0 to a99
			return nil, errors.New("too short")
		}
		return vector(1), nil
	}, search.EmbedPendingParams{Domains: []search.Domain{search.Assets}, PageSize: 60})
	require.Error(t, err)
	require.NotErrorIs(t, err, search.ErrQueueStuck)
	require.Len(t, report.Failures, 100)
	require.Equal(t, 520, report.Embedded)
	require.Len(t, q.left("asset_id"), 100)
	require.LessOrEqual(t, slices.Max(q.limits), 160, "a page, and what was given up")
}

// An embedder that panics, or ends its goroutine, or gives something that is no
// vector, fails for that thing alone.
func TestEmbedPendingOutlivesItsEmbedder(t *testing.T) {
	t.Parallel()
	q, s := newQueues(t, 8, 0)
	cause := errors.New("boom")
	embed := func(_ context.Context, text string) (types.Vector, error) {
		switch text {
		case "a1":
			panic("the model broke")
		case "a2":
			panic(cause)
		case "a3":
			runtime.Goexit()
		case "a4":
			nobody := func() map[string]types.Vector { return nil }
			nobody()[text] = nil
		case "a5":
			return types.Vector{1, 2}, nil
		case "a6":
			return vector(1), cause
		}
		return vector(1), nil
	}
	report, err := s.EmbedPending(t.Context(), embed, search.EmbedPendingParams{Domains: []search.Domain{search.Assets}, PageSize: 3, Concurrency: 1})

	require.ErrorContains(t, err, "6 could not be embedded, the first of them assets a1: the embedder panicked: the model broke")
	require.Equal(t, 2, report.Embedded)
	require.Equal(t, []string{"a1", "a2", "a3", "a4", "a5", "a6"}, q.left("asset_id"))
	got := map[string]string{}
	for _, f := range report.Failures {
		require.Equal(t, search.Assets, f.Domain)
		got[f.ID] = f.Err.Error()
	}
	require.Empty(t, cmp.Diff(map[string]string{
		"a1": "the embedder panicked: the model broke",
		"a2": "the embedder panicked: boom",
		"a3": "the embedder ended its goroutine",
		"a4": "the embedder panicked: assignment to entry in nil map",
		"a5": got["a5"],
		"a6": "boom",
	}, got))
	require.Contains(t, got["a5"], "1536")
}

// Being cancelled in the middle of a page loses that page: nothing of it is stored or
// reported, no matter what the embedder makes of its context, and the next run embeds
// it again.
func TestEmbedPendingLosesThePageItIsCancelledIn(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]func(context.Context) (types.Vector, error){
		"an embedder that heeds its context": func(ctx context.Context) (types.Vector, error) { return nil, ctx.Err() },
		"one that does not":                  func(context.Context) (types.Vector, error) { return vector(1), nil },
	} {
		q, s := newQueues(t, 10, 0)
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("time to go home")
		var seen counted
		p := search.EmbedPendingParams{Domains: []search.Domain{search.Assets}, PageSize: 4, Concurrency: 1}
		report, err := s.EmbedPending(ctx, func(ctx context.Context, text string) (types.Vector, error) {
			if seen.see(text) == 6 {
				cancel(why)
				return at(ctx)
			}
			return vector(1), nil
		}, p)
		require.ErrorIs(t, err, why, name)
		require.ErrorIs(t, err, context.Canceled, name)
		require.Equal(t, search.EmbedReport{Embedded: 4}, report, name)
		require.Equal(t, []string{"a4", "a5", "a6", "a7", "a8", "a9"}, q.left("asset_id"), name)

		report, err = s.EmbedPending(t.Context(), func(_ context.Context, text string) (types.Vector, error) {
			seen.see(text)
			return vector(1), nil
		}, p)
		require.NoError(t, err, name)
		require.Equal(t, search.EmbedReport{Embedded: 6}, report, name)
		require.Empty(t, q.left("asset_id"), name)
		require.Equal(t, 1, seen.times["a3"], name)
		require.Equal(t, 2, seen.times["a4"], name)
	}
}

// Being cancelled while a page is stored leaves open whether it was. It is not
// counted, and the next run does what is left.
func TestEmbedPendingIsCancelledWhileItStores(t *testing.T) {
	t.Parallel()
	q, s := newQueues(t, 6, 0)
	ctx, cancel := context.WithCancel(t.Context())
	q.stored = func(ids []string) {
		if slices.Contains(ids, "a2") {
			cancel()
		}
	}
	p := search.EmbedPendingParams{Domains: []search.Domain{search.Assets}, PageSize: 2}
	embed := func(context.Context, string) (types.Vector, error) { return vector(1), nil }
	report, err := s.EmbedPending(ctx, embed, p)
	require.ErrorIs(t, err, context.Canceled)
	require.Contains(t, []int{2, 4}, report.Embedded, "the answer may have come in time")
	require.Equal(t, []string{"a4", "a5"}, q.left("asset_id"), "stored all the same")

	report, err = s.EmbedPending(t.Context(), embed, p)
	require.NoError(t, err)
	require.Equal(t, search.EmbedReport{Embedded: 2}, report)
}
