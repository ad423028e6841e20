package pgjson

import (
	"errors"
	"time"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/types"
)

var (
	errYear   = errors.New("is outside the years 1 to 9999")
	errFinite = errors.New("is not a number")
	errDigits = errors.New("has more decimals than a number of the database can have")
)

// Time gives a time as it is sent: in UTC and rounded to the microseconds that
// PostgreSQL keeps. What lies outside the years 1 to 9999 then could not be
// read back.
func Time(t time.Time) (time.Time, error) {
	t = t.UTC().Round(time.Microsecond)
	if y := t.Year(); y < 1 || y > 9999 {
		return t, errYear
	}
	return t, nil
}

// Date refuses a day that could not be read back.
func Date(d types.Date) error {
	if d.IsInfinite() {
		return errYear
	}
	return nil
}

// TimeOfDay rounds to the microseconds that PostgreSQL keeps.
func TimeOfDay(t types.TimeOfDay) types.TimeOfDay {
	if t.Nanosecond%1000 == 0 || t.Nanosecond < 0 || t.Nanosecond >= 1e9 {
		return t
	}
	us := t.SinceMidnight().Round(time.Microsecond)
	return types.TimeOfDay{
		Hour: int(us / time.Hour), Minute: int(us / time.Minute % 60), Second: int(us / time.Second % 60),
		Nanosecond: int(us % time.Second),
	}
}

// Number refuses what stands for NaN or an infinity: it would be sent as a
// number. It also refuses what would be sent as endless zeros.
func Number(d decimal.Decimal) error {
	switch {
	case !types.IsFinite(d):
		return errFinite
	case d.Exponent() < -maxDecimals:
		return errDigits
	}
	return nil
}

// maxDecimals is how many decimals a numeric has at most.
const maxDecimals = 16383
