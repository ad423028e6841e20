package ingest

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Reading is a value that a machine read. Meter, time and value together say
// which one it is; see the package's comment.
type Reading struct {
	MeterID string          // required: a UUID
	Value   decimal.Decimal // 0 or more, within what the meter's direction takes
	Date    time.Time       // required: 90 days back to 7 days ahead; kept to the microsecond
	Notes   string
}

const (
	oldest = 90 * 24 * time.Hour
	newest = 7 * 24 * time.Hour
	// skew is how far the clock here may be from that of the server, which has
	// the last word about dates.
	skew = time.Hour
	// maxDigits is what a 64-bit float can hold before the point. The function of
	// the platform reads values as such.
	maxDigits = 308
)

// ID is what a Journal knows the reading by: the meter, the time in UTC and the
// value.
func (r Reading) ID() string {
	date, _ := pgjson.Time(r.Date)
	return strings.ToLower(r.MeterID) + " " + date.Format(time.RFC3339Nano) + " " + r.Value.String()
}

// check refuses what the server would refuse, or what could not be told apart.
func (r Reading) check(now time.Time) error {
	if err := sdkerr.RequireText(opRun, "MeterID", r.MeterID); err != nil {
		return err
	}
	if _, err := uuid.Parse(r.MeterID); err != nil || len(r.MeterID) != 36 {
		return sdkerr.Invalid(opRun, "MeterID", "is not a UUID")
	}
	if err := pgjson.Number(r.Value); err != nil {
		return sdkerr.Invalid(opRun, "Value", err.Error())
	}
	switch {
	case r.Value.IsNegative():
		return sdkerr.Invalid(opRun, "Value", "is negative")
	case r.Value.NumDigits()+int(r.Value.Exponent()) > maxDigits:
		return sdkerr.Invalid(opRun, "Value", "is too large")
	case r.Date.IsZero():
		return sdkerr.Required(opRun, "Date")
	case r.Date.Before(now.Add(-oldest - skew)):
		return sdkerr.Invalid(opRun, "Date", "is more than 90 days ago")
	case r.Date.After(now.Add(newest + skew)):
		return sdkerr.Invalid(opRun, "Date", "is more than 7 days ahead")
	}
	if err := pgjson.Text(r.Notes); err != nil {
		return sdkerr.Invalid(opRun, "Notes", err.Error())
	}
	return nil
}

// sameValue reports whether the server keeps v for a reading of want: as it was
// sent, or as the 64-bit float that the platform's function made of it.
func sameValue(v, want decimal.Decimal) bool {
	return v.Equal(want) || v.Equal(decimal.NewFromFloat(want.InexactFloat64()))
}
