package types

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// Date is a day of the calendar, without time or zone, in the years 1 to 9999.
// What lies outside, PostgreSQL's infinity and -infinity included, is
// FarFutureDate or FarPastDate. The zero Date is no day: it is written as null.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// NewDate makes a Date and normalises it as time.Date does: October 32 is
// November 1.
func NewDate(year int, month time.Month, day int) Date {
	return DateOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// DateOf gives the day of t in t's own zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{Year: y, Month: m, Day: d}
}

// ParseDate reads a date as PostgreSQL writes it: 2026-01-31, 10000-01-01,
// "0044-03-15 BC", infinity. What lies outside the years 1 to 9999 gives
// FarFutureDate or FarPastDate.
func ParseDate(s string) (Date, error) {
	var d Date
	err := d.UnmarshalText([]byte(s))
	return d, err
}

// IsZero reports whether d is no day.
func (d Date) IsZero() bool { return d == Date{} }

// In gives the moment at which the day begins in the zone; FarFuture and FarPast
// for a day that is infinite.
func (d Date) In(loc *time.Location) time.Time {
	switch d {
	case FarFutureDate():
		return FarFuture()
	case FarPastDate():
		return FarPast()
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, loc)
}

// AddDays gives the day n days later; n can be negative. A day that is infinite
// stays as it is.
func (d Date) AddDays(n int) Date {
	if d.IsInfinite() {
		return d
	}
	return NewDate(d.Year, d.Month, d.Day+n)
}

// Compare gives -1 when d is before e, 1 when it is after, 0 when they are the
// same day.
func (d Date) Compare(e Date) int { return d.In(time.UTC).Compare(e.In(time.UTC)) }

// Before reports whether d is before e.
func (d Date) Before(e Date) bool { return d.Compare(e) < 0 }

// After reports whether d is after e.
func (d Date) After(e Date) bool { return d.Compare(e) > 0 }

// String gives the date as 2026-01-31, nothing for the zero Date, and infinity
// or -infinity for the days that stand for them.
func (d Date) String() string {
	switch d {
	case Date{}:
		return ""
	case FarFutureDate():
		return "infinity"
	case FarPastDate():
		return "-infinity"
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// MarshalText implements encoding.TextMarshaler.
func (d Date) MarshalText() ([]byte, error) {
	if !d.IsZero() && !d.valid() {
		return nil, fmt.Errorf("no such date: %s", d.String())
	}
	return []byte(d.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler. Empty text gives the zero
// Date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	got, ok := parseDate(string(text))
	if !ok {
		return badText("date", text)
	}
	*d = got
	return nil
}

// parseDate reads a date and clamps it to the years 1 to 9999.
func parseDate(s string) (Date, bool) {
	switch s {
	case "infinity":
		return FarFutureDate(), true
	case "-infinity":
		return FarPastDate(), true
	}
	s, bc := strings.CutSuffix(s, " BC")
	i := strings.IndexByte(s, '-') // years have four digits or more
	if i < 4 || i > 7 || i > 4 && s[0] == '0' || len(s) != i+len("-01-02") || s[i+3] != '-' {
		return Date{}, false
	}
	y, ok1 := digits([]byte(s[:i]))
	m, ok2 := digits([]byte(s[i+1 : i+3]))
	day, ok3 := digits([]byte(s[i+4:]))
	year := int(y)
	if bc {
		year = 1 - year
	}
	got := Date{Year: year, Month: time.Month(m), Day: int(day)}
	if !ok1 || !ok2 || !ok3 || y == 0 || NewDate(year, got.Month, got.Day) != got {
		return Date{}, false
	}
	switch {
	case year > 9999:
		return FarFutureDate(), true
	case year < 1:
		return FarPastDate(), true
	}
	return got, true
}

// MarshalJSON implements json.Marshaler: the zero Date is null.
func (d Date) MarshalJSON() ([]byte, error) {
	text, err := d.MarshalText()
	if err != nil || len(text) == 0 {
		return []byte("null"), err
	}
	return quoted(text), nil
}

// UnmarshalJSON implements json.Unmarshaler: null gives the zero Date.
func (d *Date) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*d = Date{}
		return nil
	}
	text, err := unquoted("date", b)
	if err != nil {
		return err
	}
	return d.UnmarshalText(text)
}

// valid reports whether the calendar has the day, or d stands for those outside
// the years 1 to 9999.
func (d Date) valid() bool {
	return d.IsInfinite() || d.Year >= 1 && d.Year <= 9999 && NewDate(d.Year, d.Month, d.Day) == d
}

// digits reads an unsigned number of any length but nothing else.
func digits(b []byte) (int64, bool) {
	n := int64(0)
	for _, c := range b {
		if c < '0' || c > '9' || n > 1<<40 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(b) > 0
}

func badText(what string, text []byte) error {
	const most = 64
	if len(text) > most {
		text = text[:most]
	}
	return fmt.Errorf("%q is no %s", text, what)
}

func quoted(text []byte) []byte {
	out := make([]byte, 0, len(text)+2)
	out = append(out, '"')
	out = append(out, text...)
	return append(out, '"')
}

// unquoted takes the quotes off a JSON string that needs no escapes.
func unquoted(what string, b []byte) ([]byte, error) {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' || bytes.IndexByte(b, '\\') >= 0 {
		return nil, badText(what, b)
	}
	return b[1 : len(b)-1], nil
}
