package types

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Interval is a span of time as PostgreSQL keeps it. Months and days stay apart
// from the rest because they differ in length: a day with a clock change has 23
// or 25 hours. The zero Interval is no time at all.
type Interval struct {
	Months       int32
	Days         int32
	Microseconds int64
}

// IntervalOf gives a duration as an interval, down to the microsecond. Hours
// stay hours: 48h is not two days.
func IntervalOf(d time.Duration) Interval {
	return Interval{Microseconds: d.Microseconds()}
}

// ParseInterval reads the forms that PostgreSQL writes, "1 year 2 mons 3 days
// 04:05:06.5" and ISO 8601's "P1Y2M3DT4H5M6.5S".
func ParseInterval(s string) (Interval, error) {
	var v Interval
	err := v.UnmarshalText([]byte(s))
	return v, err
}

// Duration gives the interval as a duration. It is exact when there are neither
// months nor days; else a day counts 24 hours and a month 30 days, and exact is
// false. What a Duration cannot hold becomes its largest or smallest value.
func (v Interval) Duration() (d time.Duration, exact bool) {
	days := int64(v.Months)*30 + int64(v.Days)
	exact = v.Months == 0 && v.Days == 0
	us := float64(days)*86400e6 + float64(v.Microseconds)
	switch {
	case us*1e3 >= math.MaxInt64:
		return math.MaxInt64, false
	case us*1e3 <= math.MinInt64:
		return math.MinInt64, false
	}
	return time.Duration(days)*24*time.Hour + time.Duration(v.Microseconds)*time.Microsecond, exact
}

// String gives the interval as PostgreSQL writes it: "1 year 2 mons 3 days
// 04:05:06.5", "00:00:00" for none.
func (v Interval) String() string {
	var parts []string
	negative := false // a positive part behind a negative one shows its sign
	add := func(n int64, one, many string) {
		if n == 0 {
			return
		}
		s := strconv.FormatInt(n, 10)
		if negative && n > 0 {
			s = "+" + s
		}
		negative = n < 0
		if n == 1 {
			many = one
		}
		parts = append(parts, s+" "+many)
	}
	add(int64(v.Months/12), "year", "years")
	add(int64(v.Months%12), "mon", "mons")
	add(int64(v.Days), "day", "days")
	if v.Microseconds != 0 || len(parts) == 0 {
		sign, us := "", uint64(v.Microseconds)
		switch {
		case v.Microseconds < 0:
			sign, us = "-", -us
		case negative:
			sign = "+"
		}
		s := fmt.Sprintf("%s%02d:%02d:%02d", sign, us/3600e6, us/60e6%60, us/1e6%60)
		if f := us % 1e6; f != 0 {
			s += strings.TrimRight(fmt.Sprintf(".%06d", f), "0")
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " ")
}

// MarshalText implements encoding.TextMarshaler.
func (v Interval) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *Interval) UnmarshalText(text []byte) error {
	var sum span
	var err error
	if s := string(text); strings.HasPrefix(s, "P") {
		err = sum.iso(s[1:])
	} else {
		err = sum.verbose(s)
	}
	if err != nil {
		return badText("interval", text)
	}
	*v = sum.Interval
	return nil
}

var errInterval = errors.New("bad interval")

// span adds up the parts of an interval and fails where they do not fit.
type span struct{ Interval }

// verbose reads "1 year 2 mons -3 days +04:05:06.5".
func (v *span) verbose(s string) error {
	fields := strings.Fields(s)
	if len(fields) == 0 {
		return errInterval
	}
	for len(fields) > 0 {
		if strings.Contains(fields[0], ":") {
			if err := v.clock(fields[0]); err != nil {
				return err
			}
			fields = fields[1:]
			continue
		}
		if len(fields) < 2 {
			return errInterval
		}
		unit, ok := units[strings.TrimSuffix(fields[1], "s")]
		if !ok {
			return errInterval
		}
		if err := v.add(fields[0], unit); err != nil {
			return err
		}
		fields = fields[2:]
	}
	return nil
}

// iso reads what stands behind the P of ISO 8601.
func (v *span) iso(s string) error {
	if s == "" {
		return errInterval
	}
	inTime := false
	for s != "" {
		if s[0] == 'T' && !inTime && len(s) > 1 {
			inTime, s = true, s[1:]
			continue
		}
		i := strings.IndexAny(s, "YMWDHS")
		if i < 1 {
			return errInterval
		}
		letter := s[i : i+1]
		if inTime {
			letter = "T" + letter
		}
		unit, ok := isoUnits[letter]
		if !ok {
			return errInterval
		}
		if err := v.add(s[:i], unit); err != nil {
			return err
		}
		s = s[i+1:]
	}
	return nil
}

// unit is what one of something adds.
type unit struct{ months, days, microseconds int64 }

var units = map[string]unit{
	"year": {months: 12}, "mon": {months: 1}, "month": {months: 1},
	"week": {days: 7}, "day": {days: 1},
	"hour": {microseconds: 3600e6}, "min": {microseconds: 60e6}, "minute": {microseconds: 60e6},
	"sec": {microseconds: 1e6}, "second": {microseconds: 1e6},
}

var isoUnits = map[string]unit{
	"Y": {months: 12}, "M": {months: 1}, "W": {days: 7}, "D": {days: 1},
	"TH": {microseconds: 3600e6}, "TM": {microseconds: 60e6}, "TS": {microseconds: 1e6},
}

// add adds n units. Only units of time can have a fraction.
func (v *span) add(n string, u unit) error {
	whole, fraction, hasFraction := strings.Cut(n, ".")
	count, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return errInterval
	}
	months, ok1 := mul(count, u.months)
	days, ok2 := mul(count, u.days)
	us, ok3 := mul(count, u.microseconds)
	if !ok1 || !ok2 || !ok3 {
		return errInterval
	}
	if hasFraction {
		ns, ok := nanoseconds(fraction)
		if !ok || u.microseconds == 0 {
			return errInterval
		}
		part := int64(math.Round(float64(ns) / 1e9 * float64(u.microseconds)))
		if strings.HasPrefix(whole, "-") {
			part = -part
		}
		if us, ok = sum(us, part); !ok {
			return errInterval
		}
	}
	return v.sum(months, days, us)
}

// clock adds "04:05:06.5" with an optional sign.
func (v *span) clock(s string) error {
	negative := strings.HasPrefix(s, "-")
	parts := strings.Split(strings.TrimLeft(s, "+-"), ":")
	if len(parts) < 2 || len(parts) > 3 || len(s)-len(strings.TrimLeft(s, "+-")) > 1 {
		return errInterval
	}
	seconds, fraction, hasFraction := "0", "", false
	if len(parts) == 3 {
		seconds, fraction, hasFraction = strings.Cut(parts[2], ".")
	}
	h, ok1 := digits([]byte(parts[0]))
	m, ok2 := digits([]byte(parts[1]))
	sec, ok3 := digits([]byte(seconds))
	if !ok1 || !ok2 || !ok3 || m > 59 || sec > 59 {
		return errInterval
	}
	ns := 0
	if hasFraction {
		var ok bool
		if ns, ok = nanoseconds(fraction); !ok {
			return errInterval
		}
	}
	rest := m*60e6 + sec*1e6 + int64(ns)/1e3
	if negative {
		h, rest = -h, -rest
	}
	us, ok := mul(h, 3600e6)
	if ok {
		us, ok = sum(us, rest)
	}
	if !ok {
		return errInterval
	}
	return v.sum(0, 0, us)
}

func (v *span) sum(months, days, us int64) error {
	m, ok1 := sum(int64(v.Months), months)
	d, ok2 := sum(int64(v.Days), days)
	t, ok3 := sum(v.Microseconds, us)
	if !ok1 || !ok2 || !ok3 || int64(int32(m)) != m || int64(int32(d)) != d {
		return errInterval
	}
	v.Months, v.Days, v.Microseconds = int32(m), int32(d), t
	return nil
}

func sum(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

func mul(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	c := a * b
	return c, c/b == a
}
