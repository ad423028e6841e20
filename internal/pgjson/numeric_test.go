package pgjson_test

import (
	"math/big"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
	"github.com/workorder-systems/sdk-go/types"
)

func TestNumbersThatFitTheirColumn(t *testing.T) {
	const tooMany, tooLong = "has more than 4 decimals", "has more than 14 digits before the point"
	for in, want := range map[string]string{
		"0":                                     "",
		"0.00000":                               "",
		"-0":                                    "",
		"1":                                     "",
		"0.0001":                                "",
		"-0.0001":                               "",
		"2.50000000":                            "",
		"99999999999999.9999":                   "",
		"-99999999999999.9999":                  "",
		"9e13":                                  "",
		"1e-4":                                  "",
		"10e-5":                                 "",
		"0.00001":                               tooMany,
		"0.00004":                               tooMany,
		"-0.00001":                              tooMany,
		"0.12345":                               tooMany,
		"1.00009":                               tooMany,
		"99999999999999.99999":                  tooMany,
		"1e-9999":                               tooMany,
		"100000000000000":                       tooLong,
		"-100000000000000":                      tooLong,
		"100000000000000.00001":                 tooLong,
		"1e14":                                  tooLong,
		"1e9999":                                tooLong,
		"NaN":                                   "is not a number",
		"Infinity":                              "is not a number",
		"-Infinity":                             "is not a number",
		"123456789012345678901234567890.123456": tooLong,
	} {
		d, err := types.ParseNumeric(in)
		require.NoError(t, err)
		err = pgjson.Column{Precision: 18, Scale: 4}.Fits(d)
		if want == "" {
			require.NoError(t, err, in)
		} else {
			require.EqualError(t, err, want, in)
		}
	}
}

func TestSigns(t *testing.T) {
	for _, tt := range []struct {
		in                    string
		nonNegative, positive string
	}{
		{"0.0001", "", ""},
		{"0", "", "is not more than 0"},
		{"-0.0001", "is negative", "is not more than 0"},
		{"-1e14", "is negative", "is not more than 0"},
		{"NaN", "is not a number", "is not a number"},
	} {
		d, err := types.ParseNumeric(tt.in)
		require.NoError(t, err)
		for sign, want := range map[pgjson.Sign]string{pgjson.NonNegative: tt.nonNegative, pgjson.Positive: tt.positive} {
			err := pgjson.Column{Precision: 18, Scale: 4, Sign: sign}.Fits(d)
			if want == "" {
				require.NoError(t, err, tt.in)
			} else {
				require.EqualError(t, err, want, tt.in)
			}
		}
	}
}

// Whoever makes a number of such an exponent gets an answer before memory runs
// out.
func TestEndlessZeros(t *testing.T) {
	for _, d := range []decimal.Decimal{
		decimal.New(0, -1_000_000_000), decimal.New(1, -1_000_000_000), decimal.NewFromBigInt(big.NewInt(-7), -2_000_000_000),
	} {
		_, err := pgjson.Marshal(struct{ Cost decimal.Decimal }{d})
		require.EqualError(t, err, "Cost has more decimals than a number of the database can have")
	}
}

type order struct {
	Quantity decimal.Decimal  `json:"p_quantity" numeric:"18,4,positive"`
	Minimum  *decimal.Decimal `json:"p_minimum" numeric:"18,4,nonnegative"`
	Lines    []orderLine      `json:"p_lines"`
}

type orderLine struct {
	Price *decimal.Decimal `json:"unit_price" numeric:"18,4"`
}

func TestColumnsOfFields(t *testing.T) {
	price := func(s string) *decimal.Decimal { return new(decimal.RequireFromString(s)) }
	one := decimal.NewFromInt(1)
	body, err := pgjson.Marshal(order{Quantity: one, Lines: []orderLine{{}, {price("-0.0001")}}})
	require.NoError(t, err)
	require.JSONEq(t, `{"p_quantity":"1","p_minimum":null,"p_lines":[{"unit_price":null},{"unit_price":"-0.0001"}]}`, string(body))

	for want, in := range map[string]order{
		"Quantity (p_quantity) is not more than 0":                               {},
		"Minimum (p_minimum) is negative":                                        {Quantity: one, Minimum: price("-1")},
		"Lines (p_lines)[1].unit_price has more than 4 decimals":                 {Quantity: one, Lines: []orderLine{{}, {price("0.00001")}}},
		"Lines (p_lines)[0].unit_price has more than 14 digits before the point": {Quantity: one, Lines: []orderLine{{price("1e14")}}},
	} {
		_, err := pgjson.Marshal(in)
		require.EqualError(t, err, want)
	}
}

func TestBadNumericTags(t *testing.T) {
	for _, in := range []any{
		struct {
			D decimal.Decimal `numeric:"18"`
		}{},
		struct {
			D decimal.Decimal `numeric:"4,18"`
		}{},
		struct {
			D decimal.Decimal `numeric:"18,4,odd"`
		}{},
	} {
		require.Panics(t, func() { _, _ = pgjson.Marshal(in) })
	}
}
