package types

import (
	"math/big"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// FarFuture is what a time beyond the year 9999 is read as, and PostgreSQL's
// infinity. It is later than every time that the database gives, because those
// end with whole microseconds, and it encodes to JSON.
func FarFuture() time.Time { return time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC) }

// FarPast is what a time before the year 1 is read as, and PostgreSQL's
// -infinity. It is a moment of 1 BC, so it is earlier than every time that is
// read as it is, the zero time included, and it encodes to JSON.
func FarPast() time.Time { return time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC) }

// IsInfinite reports whether t stands for a time outside the years 1 to 9999:
// FarFuture or FarPast. For a date there is Date.IsInfinite.
func IsInfinite(t time.Time) bool { return t.Equal(FarFuture()) || t.Equal(FarPast()) }

// FarFutureDate is what a day after the year 9999 is read as, and PostgreSQL's
// infinity. Its text is "infinity".
func FarFutureDate() Date { return Date{Year: 10000, Month: time.January, Day: 1} }

// FarPastDate is what a day before the year 1 is read as, and PostgreSQL's
// -infinity. Its text is "-infinity".
func FarPastDate() Date { return Date{Year: 0, Month: time.December, Day: 31} }

// IsInfinite reports whether d stands for a day outside the years 1 to 9999:
// FarFutureDate or FarPastDate.
func (d Date) IsInfinite() bool { return d == FarFutureDate() || d == FarPastDate() }

// Decimal knows neither NaN nor infinity. The marks that stand for them are
// beyond what a numeric can be: it has at most 131,072 digits before the point.
const farExponent = 131072

// IsFinite reports whether d is a number, and not what a numeric of PostgreSQL
// is read as that Decimal cannot hold: NaN, which counts as zero, and infinity,
// which is 1e131072 with its sign and greater than every number of the database.
func IsFinite(d decimal.Decimal) bool { return d.Exponent() < farExponent }

// ParseNumeric reads a numeric as PostgreSQL writes it, "NaN", "Infinity" and
// "-Infinity" included; see IsFinite.
func ParseNumeric(s string) (decimal.Decimal, error) {
	switch s {
	case "NaN":
		return decimal.New(0, farExponent), nil
	case "Infinity":
		return decimal.New(1, farExponent), nil
	case "-Infinity":
		return decimal.New(-1, farExponent), nil
	}
	// A numeric has up to 16,383 digits behind the point, more than
	// NewFromString takes.
	if whole, fraction, ok := strings.Cut(s, "."); ok && len(fraction) > decimal.MaxDecodeExponent && len(fraction) <= 16383 {
		if digits, ok := new(big.Int).SetString(whole+fraction, 10); ok {
			return decimal.NewFromBigInt(digits, -int32(len(fraction))), nil
		}
	}
	return decimal.NewFromString(s)
}
