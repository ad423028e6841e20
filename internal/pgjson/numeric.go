package pgjson

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"
)

// Sign is which numbers a column takes.
type Sign int

// The signs.
const (
	Any         Sign = iota
	NonNegative      // 0 or more
	Positive         // more than 0
)

// Column is a column of the type numeric(Precision,Scale). The database rounds
// what has more decimals than the scale, but functions go on with what they
// were given: what is stored, what is summed and what is compared would differ.
type Column struct {
	Precision, Scale int
	Sign             Sign
}

var (
	errNegative    = errors.New("is negative")
	errNotPositive = errors.New("is not more than 0")
)

// Fits finds what the column would not give back as it is.
func (c Column) Fits(d decimal.Decimal) error {
	if err := Number(d); err != nil {
		return err
	}
	switch {
	case c.Sign == Positive && !d.IsPositive():
		return errNotPositive
	case c.Sign == NonNegative && d.IsNegative():
		return errNegative
	case d.IsZero():
		return nil
	}
	digits, exponent := d.NumDigits(), int(d.Exponent())
	if whole := c.Precision - c.Scale; digits+exponent > whole {
		return fmt.Errorf("has more than %d digits before the point", whole)
	}
	// With more decimals than digits it is not 0 to the scale. This also keeps
	// what follows from working on a number of a billion zeros.
	if tail := -exponent - c.Scale; tail > 0 && (tail >= digits || !d.Equal(d.Truncate(int32(c.Scale)))) {
		return fmt.Errorf("has more than %d decimals", c.Scale)
	}
	return nil
}
