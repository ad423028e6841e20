package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const output = `goos: linux
cpu: Some CPU @ 2.00GHz
BenchmarkList1000/sdk-2         	      20	   3000000 ns/op	 256.91 MB/s	 2283755 B/op	    3193 allocs/op
BenchmarkList1000/sdk-2         	      20	   5000000 ns/op	 256.91 MB/s	 2283755 B/op	    3193 allocs/op
BenchmarkList1000/sdk-2         	      20	   4000000 ns/op	 256.91 MB/s	 2283755 B/op	    3193 allocs/op
BenchmarkList1000/postgrest-go-2	      20	  20000000 ns/op	  63.17 MB/s	 6145913 B/op	   23543 allocs/op
BenchmarkGet/net/http_+_encoding/json-2    	      20	    100000 ns/op	   13864 B/op	     175 allocs/op
BenchmarkGet/sdk-2    	      20	    120000 ns/op	   13864 B/op	     175 allocs/op
PASS
`

func TestReport(t *testing.T) {
	rs, cpu, err := parse(strings.NewReader(output))
	require.NoError(t, err)
	require.Equal(t, "Some CPU @ 2.00GHz", cpu)
	doc := render(rs, cpu, "go1.26", time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), 3)
	for _, want := range []string{
		"- date: 2026-01-02\n",
		"| 1,000 rows, time relative to postgrest-go | 0.25 | 0.2 | yes |\n",
		"| one row, time relative to net/http by hand | 1.1 | 1.2 | no |\n",
		"| sdk | 4.00 ms | 3,193 | 2,283,755 | 256.9 |\n",
		"| net/http + encoding/json | 100.0 µs | 175 | 13,864 |\n",
	} {
		require.Contains(t, doc, want)
	}
	_, _, err = parse(strings.NewReader("PASS\n"))
	require.Error(t, err)
}
