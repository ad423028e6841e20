package main

import (
	"fmt"
	"strings"
	"time"
)

// sections says what each benchmark measures, in the order of the document.
var sections = []struct{ bench, title, text, extra string }{
	{"Get", "One row", "A work order by its id.", ""},
	{"List1000", "1,000 rows", "A list of 1,000 work orders, decoded into structs (bytes only: read into memory with io.ReadAll and not decoded).", "MB/s"},
	{"Parallel64", "64 goroutines", "One row at a time from 64 goroutines; conns is how many connections were opened once every goroutine had one.", "conns"},
	{"Iterate100000", "100,000 rows", "Iterating a long view; heap-MiB is how far the live heap rises at its highest.", "heap-MiB"},
	{"RefreshStorm", "Refresh storm", "1,000 goroutines find their token expired at the same moment and get one row each; refreshes is how many refreshes that causes.", "refreshes"},
}

// aims are what DESIGN asks of the numbers.
var aims = []struct {
	text  string
	value func(results) (float64, bool)
	most  float64
}{
	{"1,000 rows, time relative to postgrest-go", ratio("List1000", "sdk", "postgrest-go"), 0.25},
	{"1,000 rows, time relative to reading the bytes only", ratio("List1000", "sdk", "bytes only"), 4},
	{"one row, time relative to net/http by hand", ratio("Get", "sdk", "net/http + encoding/json"), 1.10},
	{"100,000 rows, rise of the heap in MiB", metric("Iterate100000", "sdk", "heap-MiB"), 8},
	{"64 goroutines, connections opened by all calls", metric("Parallel64", "sdk", "conns"), 100},
	{"1,000 goroutines with an expired token, refreshes", metric("RefreshStorm", "sdk", "refreshes"), 1},
}

type results []result

func (rs results) metric(bench, peer, unit string) (float64, bool) {
	for _, r := range rs {
		if r.bench == bench && r.peer == peer {
			v, ok := r.metrics[unit]
			return v, ok
		}
	}
	return 0, false
}

func metric(bench, peer, unit string) func(results) (float64, bool) {
	return func(rs results) (float64, bool) { return rs.metric(bench, peer, unit) }
}

func ratio(bench, peer, to string) func(results) (float64, bool) {
	return func(rs results) (float64, bool) {
		a, ok1 := rs.metric(bench, peer, "ns/op")
		b, ok2 := rs.metric(bench, to, "ns/op")
		return a / b, ok1 && ok2 && b > 0
	}
}

// render writes the document.
func render(rs results, machine, goVersion string, at time.Time, count int) string {
	var b strings.Builder
	b.WriteString("# Performance\n\nWritten by `make bench`; do not edit.\n\n")
	fmt.Fprintf(&b, "- machine: %s\n- Go: %s\n- date: %s\n- command: `make bench`, median of %d runs\n\n",
		machine, goVersion, at.UTC().Format("2006-01-02"), count)
	b.WriteString("All peers run in one process against one stub server on the loopback interface, which\n" +
		"takes its share of the processors and of the allocations. Rows are work orders with 29 columns.\n")

	b.WriteString("\n## Aims\n\n| aim | at most | measured | met |\n|---|---:|---:|---|\n")
	for _, a := range aims {
		if v, ok := a.value(rs); ok {
			fmt.Fprintf(&b, "| %s | %.4g | %.3g | %s |\n", a.text, a.most, v, yesNo(v <= a.most))
		}
	}
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| | time | allocations | bytes |%s\n|---|---:|---:|---:|%s\n",
			s.title, s.text, column(s.extra, " "+s.extra+" |"), column(s.extra, "---:|"))
		for _, r := range rs {
			if r.bench != s.bench {
				continue
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |", r.peer, duration(r.metrics["ns/op"]),
				number(r.metrics["allocs/op"]), number(r.metrics["B/op"]))
			if s.extra != "" {
				fmt.Fprintf(&b, " %.4g |", r.metrics[s.extra])
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func column(extra, text string) string {
	if extra == "" {
		return ""
	}
	return text
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func duration(ns float64) string {
	switch {
	case ns >= 1e9:
		return fmt.Sprintf("%.2f s", ns/1e9)
	case ns >= 1e6:
		return fmt.Sprintf("%.2f ms", ns/1e6)
	}
	return fmt.Sprintf("%.1f µs", ns/1e3)
}

// number groups thousands.
func number(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
