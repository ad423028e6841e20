package rowjson

import (
	"errors"
	"strconv"
	"time"
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
// 2026-01-02T03:04:05.123456+00:00. Everything else that is RFC 3339 goes the
// long way, and so does a timestamp without a zone, which counts as UTC.
func parseTime(b []byte) (time.Time, error) {
	const seconds = len("2006-01-02T15:04:05")
	if len(b) > seconds && b[4] == '-' && b[7] == '-' && b[10] == 'T' && b[13] == ':' && b[16] == ':' {
		var bad int
		year := two(b[0:], &bad)*100 + two(b[2:], &bad)
		month, day := two(b[5:], &bad), two(b[8:], &bad)
		hour, minute, second := two(b[11:], &bad), two(b[14:], &bad), two(b[17:], &bad)
		ns, rest := 0, b[seconds:]
		if rest[0] == '.' {
			i, unit := 1, 100_000_000
			for ; i < len(rest) && '0' <= rest[i] && rest[i] <= '9' && unit > 0; i++ {
				ns += int(rest[i]-'0') * unit
				unit /= 10
			}
			if i == 1 {
				bad = 1
			}
			rest = rest[i:]
		}
		utc := string(rest) == "+00:00" || string(rest) == "Z"
		if utc && bad == 0 && month >= 1 && month <= 12 && day >= 1 && day <= 28 &&
			hour < 24 && minute < 60 && second < 60 {
			return time.Date(year, time.Month(month), day, hour, minute, second, ns, time.UTC), nil
		}
	}
	s := string(b)
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		var bare error
		if t, bare = time.Parse("2006-01-02T15:04:05", s); bare != nil {
			return time.Time{}, errors.New("not a time that Go can hold")
		}
	}
	if _, offset := t.Zone(); offset == 0 {
		t = t.UTC()
	}
	return t, nil
}

// two reads two digits and sets bad when they are none.
func two(b []byte, bad *int) int {
	hi, lo := int(b[0])-'0', int(b[1])-'0'
	if hi < 0 || hi > 9 || lo < 0 || lo > 9 {
		*bad = 1
	}
	return hi*10 + lo
}
