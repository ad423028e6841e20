package bench

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	postgrest "github.com/supabase-community/postgrest-go"
	supabase "github.com/supabase-community/supabase-go"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

const key = "anon-key"

var user = token()

// peer reads work orders in its own way.
type peer struct {
	name string
	get  func(ctx context.Context, id string) error
	list func(ctx context.Context) (rows int, err error)
}

func peers(tb testing.TB, s *stub) []peer {
	tb.Helper()
	return []peer{sdk(tb, s), postgrestGo(tb, s), supabaseGo(tb, s), byHand(s), bytesOnly(s)}
}

func sdkClient(tb testing.TB, s *stub) *workorder.Client {
	tb.Helper()
	c, err := workorder.New(s.URL, key, workorder.WithAccessToken(user))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

func sdk(tb testing.TB, s *stub) peer {
	c := sdkClient(tb, s)
	return peer{
		name: "sdk",
		get: func(ctx context.Context, id string) error {
			_, err := c.WorkOrders.Get(ctx, id)
			return err
		},
		list: func(ctx context.Context) (int, error) {
			rows, err := c.WorkOrders.List(ctx)
			return len(rows), err
		},
	}
}

func postgrestGo(tb testing.TB, s *stub) peer {
	c, err := postgrest.NewClientWithError(s.URL+"/rest/v1", "", map[string]string{"apikey": key, "Authorization": "Bearer " + user})
	if err != nil {
		tb.Fatal(err)
	}
	c.Transport.Parent = pooled()
	return builder("postgrest-go", c.From)
}

func supabaseGo(tb testing.TB, s *stub) peer {
	c, err := supabase.NewClient(s.URL, key, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return builder("supabase-go", c.From)
}

// builder is a peer that uses postgrest-go's query builder.
func builder(name string, from func(string) *postgrest.QueryBuilder) peer {
	return peer{
		name: name,
		get: func(ctx context.Context, id string) error {
			var row []workorders.WorkOrder
			_, err := from("v_work_orders").Select("*", "", false).Eq("id", id).Limit(1, "").ExecuteToWithContext(ctx, &row)
			return err
		},
		list: func(ctx context.Context) (int, error) {
			var rows []workorders.WorkOrder
			_, err := from("v_work_orders").Select("*", "", false).ExecuteToWithContext(ctx, &rows)
			return len(rows), err
		},
	}
}

// pooled gives every peer as many idle connections as the SDK keeps.
func pooled() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 100
	return t
}

// byHand is what a careful author writes without an SDK: pooled connections and
// a timeout.
func byHand(s *stub) peer {
	c := handClient()
	return peer{
		name: "net/http + encoding/json",
		get: func(ctx context.Context, id string) error {
			var rows []workorders.WorkOrder
			return fetch(ctx, c, s.URL+"/rest/v1/v_work_orders?select=*&limit=1&id=eq."+id, func(r io.Reader) error {
				return json.NewDecoder(r).Decode(&rows)
			})
		},
		list: func(ctx context.Context) (int, error) {
			var rows []workorders.WorkOrder
			err := fetch(ctx, c, s.URL+"/rest/v1/v_work_orders?select=*", func(r io.Reader) error {
				return json.NewDecoder(r).Decode(&rows)
			})
			return len(rows), err
		},
	}
}

func handClient() *http.Client {
	return &http.Client{Transport: pooled(), Timeout: 30 * time.Second}
}

// bytesOnly reads the answer into memory and leaves it there.
func bytesOnly(s *stub) peer {
	c := handClient()
	read := func(r io.Reader) error {
		_, err := io.ReadAll(r)
		return err
	}
	return peer{
		name: "bytes only",
		get: func(ctx context.Context, id string) error {
			return fetch(ctx, c, s.URL+"/rest/v1/v_work_orders?select=*&limit=1&id=eq."+id, read)
		},
		list: func(ctx context.Context) (int, error) {
			return clamp, fetch(ctx, c, s.URL+"/rest/v1/v_work_orders?select=*", read)
		},
	}
}

func fetch(ctx context.Context, c *http.Client, url string, read func(io.Reader) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("apikey", key)
	req.Header.Set("Authorization", "Bearer "+user)
	req.Header.Set("Accept", "application/json")
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return io.ErrUnexpectedEOF
	}
	return read(resp.Body)
}

func BenchmarkGet(b *testing.B) {
	s := newStub(b, clamp)
	for _, p := range peers(b, s) {
		b.Run(p.name, func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if err := p.get(b.Context(), id(n%clamp)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkList1000(b *testing.B) {
	s := newStub(b, clamp)
	for _, p := range peers(b, s) {
		b.Run(p.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(s.first)))
			for b.Loop() {
				if rows, err := p.list(b.Context()); err != nil || rows != clamp {
					b.Fatal(rows, err)
				}
			}
		})
	}
}

// BenchmarkParallel64 gets one row from 64 goroutines at a time. conns is the
// number of connections that all calls together opened.
func BenchmarkParallel64(b *testing.B) {
	s := newStub(b, clamp)
	for _, p := range peers(b, s) {
		b.Run(p.name, func(b *testing.B) {
			b.ReportAllocs()
			before := s.conns.Load()
			b.SetParallelism((64 + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
			b.RunParallel(func(pb *testing.PB) {
				for n := 0; pb.Next(); n++ {
					if err := p.get(b.Context(), id(n%clamp)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(s.conns.Load()-before), "conns")
		})
	}
}

// BenchmarkIterate100000 goes through a long view. heap-MiB is how far the live
// heap rises above where it was, at its highest.
func BenchmarkIterate100000(b *testing.B) {
	const rows = 100_000
	s := newStub(b, rows)
	c := sdkClient(b, s)
	hand := handClient()

	b.Run("sdk", func(b *testing.B) {
		measureHeap(b, func(seen func()) int {
			n := 0
			for _, err := range c.WorkOrders.All(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				if n++; n%5000 == 0 {
					seen()
				}
			}
			return n
		}, rows)
	})
	b.Run("net/http + encoding/json", func(b *testing.B) {
		measureHeap(b, func(seen func()) int {
			n := 0
			for {
				var page []workorders.WorkOrder
				err := fetch(b.Context(), hand, s.URL+"/rest/v1/v_work_orders?select=*&order=id&offset="+strconv.Itoa(n), func(r io.Reader) error {
					return json.NewDecoder(r).Decode(&page)
				})
				if err != nil {
					b.Fatal(err)
				}
				if len(page) == 0 {
					return n
				}
				if n += len(page); n%5000 == 0 {
					seen()
				}
			}
		}, rows)
	})
}

// measureHeap runs walk, which calls seen from time to time and gives the
// number of rows it went through.
func measureHeap(b *testing.B, walk func(seen func()) int, want int) {
	live := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / (1 << 20)
	}
	highest := 0.0
	for b.Loop() {
		b.StopTimer()
		before := live()
		b.StartTimer()
		got := walk(func() {
			b.StopTimer()
			highest = max(highest, live()-before)
			b.StartTimer()
		})
		if got != want {
			b.Fatalf("%d rows", got)
		}
	}
	b.ReportMetric(highest, "heap-MiB")
}

// BenchmarkRefreshStorm lets 1,000 goroutines find out at the same time that
// there is no valid token. refreshes is how many refreshes one storm causes.
func BenchmarkRefreshStorm(b *testing.B) {
	s := newStub(b, clamp)
	c, err := workorder.New(s.URL, key)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sdk", func(b *testing.B) {
		before := s.refreshes.Load()
		for b.Loop() {
			session := workorder.NewSession(c, "refresh-token")
			signedIn, err := c.With(workorder.WithTokenSource(session))
			if err != nil {
				b.Fatal(err)
			}
			var wg sync.WaitGroup
			for n := range 1000 {
				wg.Go(func() {
					if _, err := signedIn.WorkOrders.Get(b.Context(), id(n)); err != nil {
						b.Error(err)
					}
				})
			}
			wg.Wait()
			if err := session.Close(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(s.refreshes.Load()-before)/float64(b.N), "refreshes")
	})
}

// TestStubAgreesWithTheSDK makes sure that the numbers are of complete reads.
func TestStubAgreesWithTheSDK(t *testing.T) {
	s := newStub(t, 2500)
	c := sdkClient(t, s)
	rows, err := c.WorkOrders.List(t.Context())
	if err != nil || len(rows) != 2500 {
		t.Fatal(len(rows), err)
	}
	ranked, err := c.WorkOrders.List(t.Context(), query.OrderBy(workorders.WorkOrderCols.DueDate.Asc()))
	if err != nil || len(ranked) != 2500 {
		t.Fatal(len(ranked), err)
	}
	for _, p := range peers(t, s) {
		if err := p.get(t.Context(), id(7)); err != nil {
			t.Fatal(p.name, err)
		}
	}
}
