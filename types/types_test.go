package types_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/types"
)

func TestDateReadsWhatPostgreSQLWrites(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want types.Date
		ok   bool
	}{
		{"2026-01-31", types.Date{Year: 2026, Month: time.January, Day: 31}, true},
		{"2024-02-29", types.Date{Year: 2024, Month: time.February, Day: 29}, true},
		{"0001-01-01", types.Date{Year: 1, Month: time.January, Day: 1}, true},
		{"9999-12-31", types.Date{Year: 9999, Month: time.December, Day: 31}, true},
		{"", types.Date{}, true},
		{"2023-02-29", types.Date{}, false},
		{"2023-13-01", types.Date{}, false},
		{"0000-01-01", types.Date{}, false},
		{"2023-1-01", types.Date{}, false},
		{"2023-01-01T00:00:00", types.Date{}, false},
		{"-023-01-01", types.Date{}, false},
		{"infinity", types.FarFutureDate(), true},
		{"-infinity", types.FarPastDate(), true},
		{"Infinity", types.Date{}, false},
		{"0044-02-30 BC", types.Date{}, false},
		{"10000-13-01", types.Date{}, false},
		{"02023-01-01", types.Date{}, false},
		{"12345678-01-01", types.Date{}, false},
	} {
		got, err := types.ParseDate(tt.in)
		require.Equal(t, tt.ok, err == nil, "%q: %v", tt.in, err)
		require.Equal(t, tt.want, got, tt.in)
		if tt.ok {
			require.Equal(t, tt.in, got.String())
		}
	}
}

func TestDatesOutsideTheYearsOfGo(t *testing.T) {
	for in, want := range map[string]types.Date{
		"infinity": types.FarFutureDate(), "10000-01-01": types.FarFutureDate(), "5874897-12-31": types.FarFutureDate(),
		"-infinity": types.FarPastDate(), "0001-12-31 BC": types.FarPastDate(), "0044-03-15 BC": types.FarPastDate(),
		"4714-11-24 BC": types.FarPastDate(), "0005-02-29 BC": types.FarPastDate(),
	} {
		got, err := types.ParseDate(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
		require.True(t, got.IsInfinite())
		b, err := json.Marshal(got)
		require.NoError(t, err)
		var again types.Date
		require.NoError(t, json.Unmarshal(b, &again))
		require.Equal(t, got, again)
		require.Equal(t, got, got.AddDays(-400))
	}
	first, last := types.NewDate(1, time.January, 1), types.NewDate(9999, time.December, 31)
	for _, d := range []types.Date{{}, first, last} {
		require.False(t, d.IsInfinite())
	}
	require.True(t, last.Before(types.FarFutureDate()))
	require.True(t, first.After(types.FarPastDate()))
	require.True(t, types.IsInfinite(types.FarFutureDate().In(time.Local)))
	require.True(t, types.IsInfinite(types.FarPastDate().In(time.Local)))
}

func TestFarTimes(t *testing.T) {
	require.True(t, types.IsInfinite(types.FarFuture().In(time.FixedZone("", 3600))))
	require.True(t, types.IsInfinite(types.FarPast()))
	require.False(t, types.IsInfinite(time.Time{}))
	require.True(t, types.FarPast().Before(time.Time{}))
	last := time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)
	require.False(t, types.IsInfinite(last))
	require.True(t, types.FarFuture().After(last))
	b, err := json.Marshal([]time.Time{types.FarFuture(), types.FarPast()})
	require.NoError(t, err)
	var again []time.Time
	require.NoError(t, json.Unmarshal(b, &again))
	require.True(t, types.IsInfinite(again[0]) && types.IsInfinite(again[1]))
}

func TestNumericsThatAreNoNumbers(t *testing.T) {
	parse := func(s string) decimal.Decimal {
		d, err := types.ParseNumeric(s)
		require.NoError(t, err, s)
		_, err = json.Marshal(d)
		require.NoError(t, err, s)
		return d
	}
	most := "9" + strings.Repeat("0", 131071) // the longest that PostgreSQL keeps
	nan, inf, minus := parse("NaN"), parse("Infinity"), parse("-Infinity")
	require.True(t, inf.GreaterThan(parse(most)))
	require.True(t, minus.LessThan(parse("-"+most)))
	require.True(t, nan.IsZero())
	require.Equal(t, "0", nan.String())
	for _, d := range []decimal.Decimal{nan, inf, minus} {
		require.False(t, types.IsFinite(d))
	}
	for _, s := range []string{"0", "-1.50", "1e5", most, "0.00000000000000000001"} {
		require.True(t, types.IsFinite(parse(s)))
	}
	_, err := types.ParseNumeric("nan")
	require.Error(t, err)
}

func TestNumericsOfAnyLength(t *testing.T) {
	for _, s := range []string{
		"-9" + strings.Repeat("0", 131071) + "." + strings.Repeat("1", 16383), "0." + strings.Repeat("0", 16382) + "1", "0." + strings.Repeat("3", 10001),
	} {
		d, err := types.ParseNumeric(s)
		require.NoError(t, err)
		require.True(t, types.IsFinite(d))
		require.Equal(t, s, d.String())
	}
	for _, s := range []string{"1." + strings.Repeat("x", 10001), "1." + strings.Repeat("1", 16384), "1.-" + strings.Repeat("1", 10001)} {
		_, err := types.ParseNumeric(s)
		require.Error(t, err, "%.20s…", s)
	}
}

func TestDateArithmetic(t *testing.T) {
	d := types.NewDate(2026, time.December, 31)
	require.Equal(t, types.NewDate(2027, time.January, 1), d.AddDays(1))
	require.Equal(t, types.NewDate(2026, time.November, 30), d.AddDays(-31))
	require.True(t, d.Before(d.AddDays(1)))
	require.True(t, d.After(d.AddDays(-1)))
	require.Zero(t, d.Compare(d.AddDays(0)))
	require.Equal(t, d, types.DateOf(d.In(time.UTC)))
	require.Equal(t, types.NewDate(2026, time.November, 1), types.NewDate(2026, time.October, 32))
}

func TestJSON(t *testing.T) {
	type row struct {
		Day  types.Date       `json:"day"`
		Opt  *types.Date      `json:"opt"`
		At   types.TimeOfDay  `json:"at"`
		Span types.Interval   `json:"span"`
		Vec  types.Vector     `json:"vec"`
		Omit types.Date       `json:"omit,omitzero"`
		Nil  *types.TimeOfDay `json:"nil"`
	}
	day := types.NewDate(2026, time.January, 2)
	in := row{
		Day: day, Opt: &day, At: types.TimeOfDay{Hour: 8, Minute: 30, Nanosecond: 5e8},
		Span: types.IntervalOf(90 * time.Minute), Vec: types.Vector{1, -2.5},
	}
	b, err := json.Marshal(in)
	require.NoError(t, err)
	require.JSONEq(t, `{"day":"2026-01-02","opt":"2026-01-02","at":"08:30:00.5",
		"span":"01:30:00","vec":"[1,-2.5]","nil":null}`, string(b))

	var out row
	require.NoError(t, json.Unmarshal(b, &out))
	require.Equal(t, in, out)

	b, err = json.Marshal(row{})
	require.NoError(t, err)
	require.JSONEq(t, `{"day":null,"opt":null,"at":"00:00:00","span":"00:00:00","vec":null,"nil":null}`, string(b))
	out = in
	require.NoError(t, json.Unmarshal(b, &out))
	require.Equal(t, row{}, out)

	for _, bad := range []string{`{"day":5}`, `{"day":"2026-01-0\u0032"}`, `{"at":"25:00:00"}`, `{"span":"soon"}`, `{"vec":"[a]"}`, `{"vec":{}}`} {
		require.Error(t, json.Unmarshal([]byte(bad), &row{}), bad)
	}
	_, err = json.Marshal(types.Date{Year: 2026, Month: 2, Day: 30})
	require.Error(t, err)
	_, err = json.Marshal(types.TimeOfDay{Hour: 25})
	require.Error(t, err)
	_, err = json.Marshal(types.Vector{float32(math.NaN())})
	require.Error(t, err)
	require.NoError(t, json.Unmarshal([]byte(`[1, 2]`), &out.Vec))
	require.Equal(t, types.Vector{1, 2}, out.Vec)
}

func TestTimeOfDay(t *testing.T) {
	for _, tt := range []struct {
		in, out string
		ok      bool
	}{
		{"00:00:00", "00:00:00", true},
		{"08:30", "08:30:00", true},
		{"23:59:59.999999", "23:59:59.999999", true},
		{"12:00:00.500000", "12:00:00.5", true},
		{"24:00:00", "24:00:00", true},
		{"24:00:01", "", false},
		{"12:60:00", "", false},
		{"12:00:60", "", false},
		{"8:30", "", false},
		{"08:30.5", "", false},
		{"08:30:00.", "", false},
		{"08:30:00+01", "", false},
		{"", "", false},
	} {
		got, err := types.ParseTimeOfDay(tt.in)
		require.Equal(t, tt.ok, err == nil, "%q: %v", tt.in, err)
		if tt.ok {
			require.Equal(t, tt.out, got.String())
		}
	}
	at := types.TimeOfDay{Hour: 8, Minute: 30}
	when := at.On(types.NewDate(2026, time.March, 1), time.UTC)
	require.Equal(t, time.Date(2026, 3, 1, 8, 30, 0, 0, time.UTC), when)
	require.Equal(t, at, types.TimeOfDayOf(when))
	require.Equal(t, 8*time.Hour+30*time.Minute, at.SinceMidnight())
	require.Equal(t, -1, at.Compare(types.TimeOfDay{Hour: 9}))
	require.Equal(t, 1, at.Compare(types.TimeOfDay{}))
	require.Equal(t, 0, at.Compare(types.TimeOfDay{Hour: 8, Minute: 30}))
}

func TestInterval(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want types.Interval
		out  string // as PostgreSQL prints it
	}{
		{"00:00:00", types.Interval{}, "00:00:00"},
		{"1 year 2 mons 3 days 04:05:06.5", types.Interval{Months: 14, Days: 3, Microseconds: 14706500000}, "1 year 2 mons 3 days 04:05:06.5"},
		{"-1 days +02:03:00", types.Interval{Days: -1, Microseconds: 7380e6}, "-1 days +02:03:00"},
		{"1 mon -1 days", types.Interval{Months: 1, Days: -1}, "1 mon -1 days"},
		{"-1 years -2 mons +3 days -04:05:06.789", types.Interval{Months: -14, Days: 3, Microseconds: -14706789000}, "-1 years -2 mons +3 days -04:05:06.789"},
		{"-00:00:00.000001", types.Interval{Microseconds: -1}, "-00:00:00.000001"},
		{"2 hours 30 minutes", types.Interval{Microseconds: 9000e6}, "02:30:00"},
		{"1.5 hours", types.Interval{Microseconds: 5400e6}, "01:30:00"},
		{"2 weeks", types.Interval{Days: 14}, "14 days"},
		{"120:00:00", types.Interval{Microseconds: 432000e6}, "120:00:00"},
		{"P1Y2M3DT4H5M6.5S", types.Interval{Months: 14, Days: 3, Microseconds: 14706500000}, "1 year 2 mons 3 days 04:05:06.5"},
		{"PT-1H30M", types.Interval{Microseconds: -1800e6}, "-00:30:00"},
		{"P2W", types.Interval{Days: 14}, "14 days"},
	} {
		got, err := types.ParseInterval(tt.in)
		require.NoError(t, err, tt.in)
		require.Equal(t, tt.want, got, tt.in)
		require.Equal(t, tt.out, got.String())
	}
	for _, bad := range []string{
		"", "soon", "1", "1 fortnight", "1 day 2", "1:2:3:4", "+-01:00:00", "00:60:00", "P", "PT", "P1", "P1S", "PT1Y",
		"1.5 days", "99999999999 days", "999999999999999 hours", "9999999999999999999 days",
	} {
		_, err := types.ParseInterval(bad)
		require.Error(t, err, bad)
	}
}

func TestIntervalDuration(t *testing.T) {
	d, exact := types.IntervalOf(90 * time.Minute).Duration()
	require.Equal(t, 90*time.Minute, d)
	require.True(t, exact)
	d, exact = types.Interval{Months: 1, Days: 1}.Duration()
	require.Equal(t, 31*24*time.Hour, d)
	require.False(t, exact)
	d, exact = types.Interval{Months: math.MaxInt32}.Duration()
	require.Equal(t, time.Duration(math.MaxInt64), d)
	require.False(t, exact)
	d, exact = types.Interval{Microseconds: math.MinInt64}.Duration()
	require.Equal(t, time.Duration(math.MinInt64), d)
	require.False(t, exact)
}

func FuzzDate(f *testing.F) {
	f.Add("2026-01-31")
	f.Add("2024-02-30")
	f.Add("0044-03-15 BC")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := types.ParseDate(s); err == nil && !d.IsInfinite() {
			require.Equal(t, s, d.String())
		}
	})
}

func FuzzTimeOfDay(f *testing.F) {
	f.Add("23:59:59.999999")
	f.Add("24:00")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := types.ParseTimeOfDay(s)
		if err != nil {
			return
		}
		again, err := types.ParseTimeOfDay(got.String())
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}

func FuzzInterval(f *testing.F) {
	f.Add("1 year 2 mons -3 days +04:05:06.5")
	f.Add("P1Y2M3DT4H5M6.5S")
	f.Add("-9223372036854.775808 secs")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := types.ParseInterval(s)
		if err != nil {
			return
		}
		again, err := types.ParseInterval(got.String())
		require.NoError(t, err, got.String())
		require.Equal(t, got, again)
	})
}

func FuzzVector(f *testing.F) {
	f.Add("[1,2.5,-3e-7]")
	f.Add("[]")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := types.ParseVector(s)
		if err != nil {
			return
		}
		again, err := types.ParseVector(got.String())
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}
