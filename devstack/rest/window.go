package rest

import (
	"math"
	"net/http"
	"regexp"
	"strconv"
)

// window is the part of the rows that is asked for.
type window struct {
	offset  int64
	limit   int64
	limited bool
}

var rangePattern = regexp.MustCompile(`^(\d+)-(\d*)$`)

// parseWindow joins limit, offset, the Range header (of GET) and the server's
// own clamp.
func parseWindow(r *request, maxRows int) (window, error) {
	var w window
	if v, ok := r.lookup("offset"); ok {
		if n, ok := whole(v); ok {
			w.offset = max(n, 0)
		}
	}
	if v, ok := r.lookup("limit"); ok {
		if n, ok := whole(v); ok {
			if n < 0 {
				return w, badRange("Limit should be greater than or equal to zero.")
			}
			w.limit, w.limited = n, true
		}
	}
	if m := rangePattern.FindStringSubmatch(r.Header.Get("Range")); m != nil && r.Method == http.MethodGet {
		from, _ := whole(m[1])
		to := int64(math.MaxInt64 - 1)
		if m[2] != "" {
			to, _ = whole(m[2])
		}
		if from > to {
			return w, badRange("The lower boundary must be lower than or equal to the upper boundary in the Range header.")
		}
		if w.limited && w.limit == 0 {
			return w, nil
		}
		w = w.intersect(from, to, m[2] != "")
		if w.limited && w.limit == 0 { // nothing is in both, and PostgREST blames the limit
			return w, badRange("Limit should be greater than or equal to zero.")
		}
	}
	return w.clamp(maxRows), nil
}

func (w window) clamp(maxRows int) window {
	if maxRows > 0 && (!w.limited || w.limit > int64(maxRows)) {
		w.limit, w.limited = int64(maxRows), true
	}
	return w
}

func (w window) intersect(from, to int64, bounded bool) window {
	last := int64(math.MaxInt64 - 1)
	if w.limited {
		last = addClamped(w.offset, w.limit-1)
	}
	if bounded {
		last = min(last, to)
	}
	w.offset = max(w.offset, from)
	if w.limited || bounded {
		w.limit, w.limited = max(last-w.offset+1, 0), true
	}
	return w
}

// whole reads an integer; one too large for the database counts as the largest.
func whole(v string) (int64, bool) {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		if numErr, ok := err.(*strconv.NumError); ok && numErr.Err == strconv.ErrRange { //nolint:errorlint // ParseInt gives it unwrapped
			return min(n, math.MaxInt64-1), true
		}
		return 0, false
	}
	return min(n, math.MaxInt64-1), true
}

func addClamped(a, b int64) int64 {
	if b > 0 && a > math.MaxInt64-1-b {
		return math.MaxInt64 - 1
	}
	return a + b
}

func badRange(details string) *apiError {
	return &apiError{status: http.StatusRequestedRangeNotSatisfiable, Code: "PGRST103",
		Message: "Requested range not satisfiable", Details: details}
}

// contentRange writes the header: */* when there is nothing.
func contentRange(lower, upper int64, total *int64) string {
	rng, tot := "*", "*"
	if total != nil {
		tot = strconv.FormatInt(*total, 10)
	}
	if (total == nil || *total != 0) && lower <= upper {
		rng = strconv.FormatInt(lower, 10) + "-" + strconv.FormatInt(upper, 10)
	}
	return rng + "/" + tot
}

// rangeStatus is 206 when the count shows that there is more than the answer.
func rangeStatus(lower, upper int64, total *int64) int {
	switch {
	case total == nil:
		return http.StatusOK
	case lower > *total:
		return http.StatusRequestedRangeNotSatisfiable
	case 1+upper-lower < *total:
		return http.StatusPartialContent
	}
	return http.StatusOK
}
