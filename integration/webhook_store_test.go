package integration

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver of database/sql
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/plugins/webhook"
	"github.com/workorder-systems/sdk-go/types"
)

// webhookSchema makes a schema, and connections to it as so many replicas have them.
func webhookSchema(t testing.TB, replicas int) (string, []*sql.DB) {
	t.Helper()
	schema := strings.ReplaceAll(newSlug(), "-", "_")
	db := stack.SQL(t)
	_, err := db.Exec(t.Context(), "create schema "+pgx.Identifier{schema}.Sanitize())
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := db.Exec(context.WithoutCancel(t.Context()), "drop schema "+pgx.Identifier{schema}.Sanitize()+" cascade")
		assert.NoError(t, err)
	})
	dbs := make([]*sql.DB, replicas)
	for i := range dbs {
		dbs[i], err = sql.Open("pgx", stack.DatabaseURL)
		require.NoError(t, err)
		dbs[i].SetMaxOpenConns(4)
		t.Cleanup(func() { _ = dbs[i].Close() })
	}
	return schema, dbs
}

// newWebhookStores makes stores over one table, each with connections of its own, as
// replicas have.
func newWebhookStores(t testing.TB, replicas int) []*webhook.SQLStore {
	t.Helper()
	schema, dbs := webhookSchema(t, replicas)
	stores := make([]*webhook.SQLStore, replicas)
	for i, db := range dbs {
		var err error
		stores[i], err = webhook.NewSQLStore(db, schema+".events")
		require.NoError(t, err)
		require.NoError(t, stores[i].CreateTable(t.Context()), "also when it is there")
	}
	return stores
}

func TestWebhookStoreInPostgreSQL(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	stores := newWebhookStores(t, 2)
	a, b := stores[0], stores[1]

	claim, err := a.Begin(ctx, "i1/1", time.Minute)
	require.NoError(t, err)
	_, err = b.Begin(ctx, "i1/1", time.Minute)
	require.ErrorIs(t, err, webhook.ErrBusy)
	require.NoError(t, claim.Abandon(ctx))
	claim, err = b.Begin(ctx, "i1/1", time.Minute)
	require.NoError(t, err)
	require.NoError(t, claim.Finish(ctx))
	require.NoError(t, claim.Abandon(ctx), "too late")
	_, err = a.Begin(ctx, "i1/1", time.Minute)
	require.ErrorIs(t, err, webhook.ErrHandled)

	// A process that died leaves a claim that ends.
	_, err = a.Begin(ctx, "i1/2", 50*time.Millisecond)
	require.NoError(t, err)
	var late webhook.Claim
	require.Eventually(t, func() bool {
		late, err = b.Begin(ctx, "i1/2", time.Minute)
		return err == nil
	}, 5*time.Second, 20*time.Millisecond)
	require.NoError(t, late.Finish(ctx))

	// One whose claim is void has handled the event all the same.
	slow, err := a.Begin(ctx, "i1/3", time.Millisecond)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		late, err = b.Begin(ctx, "i1/3", time.Minute)
		return err == nil
	}, 5*time.Second, 20*time.Millisecond)
	require.NoError(t, slow.Abandon(ctx), "of another: left alone")
	_, err = a.Begin(ctx, "i1/3", time.Minute)
	require.ErrorIs(t, err, webhook.ErrBusy)
	require.NoError(t, slow.Finish(ctx))
	_, err = a.Begin(ctx, "i1/3", time.Minute)
	require.ErrorIs(t, err, webhook.ErrHandled)

	n, err := a.Prune(ctx, time.Hour)
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = a.Prune(ctx, 0)
	require.NoError(t, err)
	require.Equal(t, int64(3), n)
	_, err = b.Begin(ctx, "i1/1", time.Minute)
	require.NoError(t, err)

	stopped, cancel := context.WithCancel(ctx)
	cancel()
	_, err = a.Begin(stopped, "i1/9", time.Minute)
	require.ErrorIs(t, err, context.Canceled)
}

// Replicas that start at once make the table without one failing, whatever its name.
func TestReplicasMakeTheirTableAtOnce(t *testing.T) {
	t.Parallel()
	schema, dbs := webhookSchema(t, 8)
	for _, table := range []string{"events", "order", "user", "a", "b", "c", "d", "e"} {
		var replicas sync.WaitGroup
		for i, db := range dbs {
			replicas.Go(func() {
				s, err := webhook.NewSQLStore(db, schema+"."+table)
				if !assert.NoError(t, err) || !assert.NoError(t, s.CreateTable(t.Context()), table) {
					return
				}
				claim, err := s.Begin(t.Context(), fmt.Sprint("i1/", i), time.Minute)
				if assert.NoError(t, err) {
					assert.NoError(t, claim.Finish(t.Context()))
				}
			})
		}
		replicas.Wait()
	}
}

// 50 deliveries reach three replicas at once, some of them twice. Each is handled
// once, though every tenth attempt fails.
func TestReplicasHandleEveryDeliveryOnce(t *testing.T) {
	t.Parallel()
	const secret, deliveries = types.Secret("shared"), 50
	var mu sync.Mutex
	handled, calls := map[string]int{}, 0
	var replicas []*httptest.Server
	for _, store := range newWebhookStores(t, 3) {
		h := webhook.Handler(webhook.Installation("i1", secret), func(_ context.Context, e webhook.Event) error {
			time.Sleep(2 * time.Millisecond) // what is done at the same time would overlap
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls%10 == 0 {
				return fmt.Errorf("attempt %d fails", calls)
			}
			handled[e.ID()]++
			return nil
		}, webhook.WithStore(store))
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		replicas = append(replicas, srv)
	}
	deliver := func(url string, n int) int {
		body := fmt.Sprintf(`{"v": 1, "audit": {"id": %d, "operation": "INSERT", "table_name": "assets", "table_schema": "app"}, "installation_id": "i1"}`, n)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return 0
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set(webhook.SignatureHeader, webhook.Sign([]byte(body), secret))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return 0
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}

	var wg sync.WaitGroup
	for n := range deliveries {
		for _, r := range replicas {
			wg.Go(func() {
				for range 50 { // as the platform does until it gets 200
					status := deliver(r.URL, n)
					if status == http.StatusOK {
						return
					}
					assert.Contains(t, []int{http.StatusConflict, http.StatusInternalServerError}, status)
					time.Sleep(10 * time.Millisecond)
				}
				assert.Fail(t, "never acknowledged", "%s %d", r.URL, n)
			})
		}
	}
	wg.Wait()

	require.Len(t, handled, deliveries)
	for id, n := range handled {
		require.Equal(t, 1, n, id)
	}
}

// The text that is signed is PostgreSQL's.
func TestCanonicalJSONIsThatOfPostgreSQL(t *testing.T) {
	t.Parallel()
	db := stack.SQL(t)
	for _, payload := range []string{
		`{"b":1.0,"aa":[1e2,true],"a":"x"}`, `{"é":1,"zz":2,"a":1,"a":2}`, `[1.50e1,1.0e-2,0e5,-0,-0.0,1e-7,1.50,1E+3,12345678901234567890.5e-3]`,
		`{"x":"a\/b<>&\u2028\u2029\u007f\u0001\u001f\b\f\n\r\t\"\\ \ud83d\udd27 ü"}`, `"x"`, ` null `, `true`, `{}`, `[[],{},[{}]]`,
		`{"a":{"bb":{"c":[1,{"dd":2,"d":1}]}},"":0}`, `{"\u0061":1,"a":2}`, `-1e-30`, `1e30`, `0.00`, `-0.5E1`,
	} {
		var want string
		require.NoError(t, db.QueryRow(t.Context(), `select $1::text::jsonb::text`, payload).Scan(&want))
		got, err := webhook.Canonical([]byte(payload))
		require.NoError(t, err, payload)
		require.Equal(t, want, string(got))
	}
	random := newRandom(t)
	for n := range uint64(300) {
		payload := randomJSON(random(n), 4)
		var want string
		require.NoError(t, db.QueryRow(t.Context(), `select $1::text::jsonb::text`, payload).Scan(&want))
		got, err := webhook.Canonical([]byte(payload))
		require.NoError(t, err, payload)
		require.Equal(t, want, string(got), payload)
	}
}

// randomJSON is a JSON document of odd names, texts and numbers.
func randomJSON(r *rand.Rand, depth int) string {
	text := func() string {
		const odd = "aé\u2028<>&/\x7f\"\\\t\n\x01🔧 zZ0"
		letters := []rune(odd)
		out := make([]rune, r.IntN(5))
		for i := range out {
			out[i] = letters[r.IntN(len(letters))]
		}
		b, _ := json.Marshal(string(out))
		return string(b)
	}
	n := r.IntN(7)
	if depth == 0 {
		n = r.IntN(5)
	}
	switch n {
	case 0:
		return []string{"null", "true", "false"}[r.IntN(3)]
	case 1:
		return text()
	case 2:
		return fmt.Sprintf("%d.%0*d", r.IntN(2000)-1000, 1+r.IntN(6), r.IntN(10))
	case 3:
		return fmt.Sprintf("%de%d", r.IntN(2000)-1000, r.IntN(60)-30)
	case 4:
		return fmt.Sprintf("%d.%de%d", r.IntN(20)-10, r.IntN(1000), r.IntN(30)-15)
	}
	parts := make([]string, r.IntN(6))
	for i := range parts {
		parts[i] = randomJSON(r, depth-1)
		if n == 6 {
			parts[i] = text() + ":" + parts[i]
		}
	}
	if n == 6 {
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return "[" + strings.Join(parts, " ,") + "]"
}
