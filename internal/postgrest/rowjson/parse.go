package rowjson

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/types"
)

var errRange = errors.New("the number does not fit")

// parseInt reads a JSON number that is an integer.
func parseInt(raw []byte) (int64, error) {
	digits := raw
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	const safe = 18 // digits that cannot overflow
	if len(digits) == 0 || len(digits) > 1 && digits[0] == '0' {
		return 0, errKind
	}
	var n int64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, errKind
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) > safe {
		big, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			return 0, errRange
		}
		return big, nil
	}
	if raw[0] == '-' {
		n = -n
	}
	return n, nil
}

// parseTime reads a timestamp as PostgreSQL puts it into JSON, such as
// 2026-01-02T03:04:05.123456+00:00, and gives it in UTC. Without a zone it
// counts as UTC. What lies outside the years 1 to 9999 is clamped to
// types.FarFuture and types.FarPast.
func parseTime(b []byte) (time.Time, error) {
	const day = len("2006-01-02")
	year, digits := 0, len("2006")
	if len(b) > day && b[4] == '-' {
		var bad int
		year = two(b[0:], &bad)*100 + two(b[2:], &bad)
		digits += bad * len(b)
	} else if year, digits = longYear(b); digits == 0 {
		switch string(b) {
		case "infinity":
			return types.FarFuture(), nil
		case "-infinity":
			return types.FarPast(), nil
		}
	}
	if digits == 0 || len(b) < digits+len("-01-02T03:04:05") {
		return time.Time{}, errTime
	}
	b = b[digits:]
	if b[0] != '-' || b[3] != '-' || b[6] != 'T' && b[6] != ' ' || b[9] != ':' || b[12] != ':' {
		return time.Time{}, errTime
	}
	var bad int
	month, dom := two(b[1:], &bad), two(b[4:], &bad)
	hour, minute, second := two(b[7:], &bad), two(b[10:], &bad), two(b[13:], &bad)
	ns, rest := fraction(b[15:], &bad)
	if string(rest) != "+00:00" && string(rest) != "Z" {
		var bc bool
		if rest, bc = bytes.CutSuffix(rest, []byte(" BC")); bc {
			year = 1 - year
		}
		second -= offset(rest, &bad)
	}
	if bad != 0 || month < 1 || month > 12 || dom < 1 || dom > 28 && dom > daysIn(year, month) || hour > 23 || minute > 59 {
		return time.Time{}, errTime
	}
	t := time.Date(year, time.Month(month), dom, hour, minute, second, ns, time.UTC)
	switch y := t.Year(); {
	case y > 9999:
		return types.FarFuture(), nil
	case y < 1:
		return types.FarPast(), nil
	}
	return t, nil
}

var errTime = errors.New("not a time that PostgreSQL writes")

// longYear reads a year of five digits or six, and says how many.
func longYear(b []byte) (year, digits int) {
	for ; digits < len(b) && '0' <= b[digits] && b[digits] <= '9'; digits++ {
		year = year*10 + int(b[digits]-'0')
		if digits == len("294276") {
			return 0, 0
		}
	}
	if digits < 5 {
		return 0, 0
	}
	return year, digits
}

// fraction reads the digits behind a point, if there is one, as nanoseconds,
// and gives what follows.
func fraction(b []byte, bad *int) (ns int, rest []byte) {
	if len(b) == 0 || b[0] != '.' {
		return 0, b
	}
	i, unit := 1, 100_000_000
	for ; i < len(b) && '0' <= b[i] && b[i] <= '9'; i++ {
		ns += int(b[i]-'0') * unit
		unit /= 10
	}
	if i == 1 {
		*bad = 1
	}
	return ns, b[i:]
}

// offset reads the distance of a zone from UTC in seconds: Z, +05, +05:30 or
// +08:05:43, as zones had it before there was a standard time.
func offset(b []byte, bad *int) int {
	switch {
	case len(b) == 0 || string(b) == "Z":
		return 0
	case b[0] != '+' && b[0] != '-' || len(b)%3 != 0 || len(b) > len("+08:05:43"):
		*bad = 1
		return 0
	}
	seconds, unit := 0, 3600
	for i := 0; i < len(b); i += 3 {
		n := two(b[i+1:], bad)
		if i > 0 && (b[i] != ':' || n > 59) {
			*bad = 1
		}
		seconds += n * unit
		unit /= 60
	}
	if b[0] == '-' {
		return -seconds
	}
	return seconds
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// parseFloat reads a double precision, which is text when JSON has no number
// for it.
func parseFloat(raw []byte, bits int) (float64, error) {
	switch string(raw) {
	case `"NaN"`:
		return math.NaN(), nil
	case `"Infinity"`:
		return math.Inf(1), nil
	case `"-Infinity"`:
		return math.Inf(-1), nil
	}
	if !isNumber(raw) {
		return 0, errKind
	}
	f, err := strconv.ParseFloat(string(raw), bits)
	if err != nil {
		return 0, errRange
	}
	return f, nil
}

// parseNumeric reads a numeric, which is text when JSON has no number for it or
// the server was asked for text.
func parseNumeric(raw []byte) (decimal.Decimal, error) {
	if len(raw) > 1 && raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	d, err := types.ParseNumeric(string(raw))
	if err != nil {
		return d, errKind
	}
	return d, nil
}

// two reads two digits and sets bad when they are none.
func two(b []byte, bad *int) int {
	hi, lo := int(b[0])-'0', int(b[1])-'0'
	if hi < 0 || hi > 9 || lo < 0 || lo > 9 {
		*bad = 1
	}
	return hi*10 + lo
}
