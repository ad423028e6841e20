package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// result is one line of a table: the medians of all runs of one peer.
type result struct {
	bench, peer string
	metrics     map[string]float64 // unit → value, such as ns/op
}

var line = regexp.MustCompile(`^Benchmark(\w+)/(.+?)(?:-\d+)?\s+\d+\s+(.*)$`)

// parse reads the output of go test -bench.
func parse(r io.Reader) (results []result, cpu string, err error) {
	runs := map[[2]string]map[string][]float64{}
	var order [][2]string
	for in := bufio.NewScanner(r); in.Scan(); {
		if s, ok := strings.CutPrefix(in.Text(), "cpu: "); ok {
			cpu = strings.TrimSpace(s)
		}
		m := line.FindStringSubmatch(in.Text())
		if m == nil {
			continue
		}
		name := [2]string{m[1], strings.ReplaceAll(m[2], "_", " ")}
		if runs[name] == nil {
			runs[name] = map[string][]float64{}
			order = append(order, name)
		}
		fields := strings.Fields(m[3])
		for i := 0; i+1 < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, "", fmt.Errorf("%s: %w", in.Text(), err)
			}
			runs[name][fields[i+1]] = append(runs[name][fields[i+1]], v)
		}
	}
	if len(order) == 0 {
		return nil, "", errors.New("the output has no benchmarks")
	}
	for _, name := range order {
		res := result{bench: name[0], peer: name[1], metrics: map[string]float64{}}
		for unit, values := range runs[name] {
			slices.Sort(values)
			res.metrics[unit] = values[len(values)/2]
		}
		results = append(results, res)
	}
	return results, cpu, nil
}
