package export_test

import (
	"context"
	"io"
	"iter"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/export"
)

// writeFunc is an export.
type writeFunc func(context.Context, io.Writer, iter.Seq2[row, error], ...export.Option) (int64, error)

// many gives n rows and calls watch now and then.
func many(n int, watch func()) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		r := full()
		for i := range n {
			if i%10_000 == 0 {
				watch()
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// A million rows, and a tenth of that where the race detector slows them down.
func TestManyRowsTakeNoMemory(t *testing.T) {
	for name, write := range map[string]writeFunc{"CSV": export.CSV[row], "NDJSON": export.NDJSON[row]} {
		t.Run(name, func(t *testing.T) {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			before, peak := m.HeapAlloc, uint64(0)
			n, err := write(t.Context(), io.Discard, many(manyRows, func() {
				runtime.GC() // what is left is what the export holds
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}), export.Columns(id, note))
			require.NoError(t, err)
			require.EqualValues(t, manyRows, n)
			require.Less(t, peak, before+4<<20)
		})
	}
}

func BenchmarkExport(b *testing.B) {
	for name, write := range map[string]writeFunc{"CSV": export.CSV[row], "NDJSON": export.NDJSON[row]} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			n, err := write(b.Context(), io.Discard, many(b.N, func() {}))
			require.NoError(b, err)
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
