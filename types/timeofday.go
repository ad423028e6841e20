package types

import (
	"fmt"
	"strings"
	"time"
)

// TimeOfDay is a time on a clock, without date or zone. The zero TimeOfDay is
// midnight. PostgreSQL keeps microseconds and knows 24:00:00, the end of a day.
type TimeOfDay struct {
	Hour       int
	Minute     int
	Second     int
	Nanosecond int
}

// TimeOfDayOf gives the time of day of t in t's own zone.
func TimeOfDayOf(t time.Time) TimeOfDay {
	h, m, s := t.Clock()
	return TimeOfDay{Hour: h, Minute: m, Second: s, Nanosecond: t.Nanosecond()}
}

// ParseTimeOfDay reads a time such as 08:30 or 08:30:15.25.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	var t TimeOfDay
	err := t.UnmarshalText([]byte(s))
	return t, err
}

// SinceMidnight gives the time as the duration since 00:00 on a day without a
// clock change.
func (t TimeOfDay) SinceMidnight() time.Duration {
	return time.Duration(t.Hour)*time.Hour + time.Duration(t.Minute)*time.Minute +
		time.Duration(t.Second)*time.Second + time.Duration(t.Nanosecond)
}

// On gives the moment at which a clock in the zone shows t on day d.
func (t TimeOfDay) On(d Date, loc *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, t.Hour, t.Minute, t.Second, t.Nanosecond, loc)
}

// Compare gives -1 when t is before u, 1 when it is after, 0 when they are the
// same.
func (t TimeOfDay) Compare(u TimeOfDay) int {
	switch a, b := t.SinceMidnight(), u.SinceMidnight(); {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// String gives the time as 08:30:00, with a fraction only when there is one.
func (t TimeOfDay) String() string {
	s := fmt.Sprintf("%02d:%02d:%02d", t.Hour, t.Minute, t.Second)
	if t.Nanosecond != 0 {
		s += strings.TrimRight(fmt.Sprintf(".%09d", t.Nanosecond), "0")
	}
	return s
}

// MarshalText implements encoding.TextMarshaler.
func (t TimeOfDay) MarshalText() ([]byte, error) {
	if !t.valid() {
		return nil, fmt.Errorf("no such time of day: %s", t.String())
	}
	return []byte(t.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *TimeOfDay) UnmarshalText(text []byte) error {
	clock, fraction, hasFraction := strings.Cut(string(text), ".")
	var got TimeOfDay
	ok := false
	switch {
	case len(clock) == len("15:04") && clock[2] == ':' && !hasFraction:
		ok = twoDigits(clock, &got.Hour, &got.Minute)
	case len(clock) == len("15:04:05") && clock[2] == ':' && clock[5] == ':':
		ok = twoDigits(clock, &got.Hour, &got.Minute, &got.Second)
	}
	if hasFraction {
		var good bool
		got.Nanosecond, good = nanoseconds(fraction)
		ok = ok && good
	}
	if !ok || !got.valid() {
		return badText("time of day", text)
	}
	*t = got
	return nil
}

func (t TimeOfDay) valid() bool {
	if t == (TimeOfDay{Hour: 24}) {
		return true
	}
	return t.Hour >= 0 && t.Hour < 24 && t.Minute >= 0 && t.Minute < 60 &&
		t.Second >= 0 && t.Second < 60 && t.Nanosecond >= 0 && t.Nanosecond < 1e9
}

// twoDigits reads numbers of two digits with one byte between them.
func twoDigits(s string, out ...*int) bool {
	for i, p := range out {
		n, ok := digits([]byte(s[3*i : 3*i+2]))
		if !ok {
			return false
		}
		*p = int(n)
	}
	return true
}

// nanoseconds reads the digits behind a decimal point.
func nanoseconds(s string) (int, bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	n, ok := digits([]byte(s + "000000000"[len(s):]))
	return int(n), ok
}
