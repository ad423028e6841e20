package storage_test

import (
	"crypto/md5"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pattern is a body of some length that is nowhere in memory.
type pattern struct {
	left int64
	sum  hash.Hash
	next byte
}

func (p *pattern) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	if int64(len(b)) > p.left {
		b = b[:p.left]
	}
	for i := range b {
		b[i] = p.next
		p.next += 7
	}
	p.left -= int64(len(b))
	p.sum.Write(b)
	return len(b), nil
}

// peakHeap watches how much of the heap is in use while fn runs.
func peakHeap(fn func()) uint64 {
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	fn()
	close(stop)
	return <-peak
}

func TestLargeObjectsNeedLittleMemory(t *testing.T) {
	const size = 200 << 20
	s := newService(t)
	url := s.url + "/object/files/" + alice + "/large"
	request := func(method string, body io.Reader) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), method, url, body)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+s.token)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, res.StatusCode)
		return res
	}
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	sent, received := md5.New(), md5.New()
	peak := peakHeap(func() {
		require.NoError(t, request("POST", &pattern{left: size, sum: sent}).Body.Close())
		res := request("GET", nil)
		n, err := io.Copy(received, res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.EqualValues(t, size, n)
	})
	require.Equal(t, hex.EncodeToString(sent.Sum(nil)), hex.EncodeToString(received.Sum(nil)))
	const mayNeed = 16 << 20
	require.Less(t, peak, before.HeapInuse+mayNeed, "peak heap in bytes")
	t.Logf("heap: %d MiB before, %d MiB at most", before.HeapInuse>>20, peak>>20)

	entries, err := os.ReadDir(s.dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}
