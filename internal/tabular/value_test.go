package tabular

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

type state string

func TestValuesAsText(t *testing.T) {
	for name, tc := range map[string]struct {
		value any
		text  string
		kind  Kind
	}{
		"text":               {`=SUM("a")`, `=SUM("a")`, Text},
		"a named text":       {state("open"), "open", Text},
		"no text":            {"", "", Text},
		"true":               {true, "true", Bool},
		"a number":           {int64(math.MinInt64), "-9223372036854775808", Number},
		"a large number":     {uint64(math.MaxUint64), "18446744073709551615", Number},
		"a float":            {0.1, "0.1", Number},
		"a short float":      {float32(0.1), "0.1", Number},
		"no number":          {math.NaN(), "NaN", Plain},
		"infinity":           {math.Inf(1), "Infinity", Plain},
		"minus infinity":     {math.Inf(-1), "-Infinity", Plain},
		"a decimal":          {decimal.RequireFromString("-12345678901234567890.10"), "-12345678901234567890.10", Plain},
		"a time in a zone":   {time.Date(2026, 1, 31, 23, 59, 59, 123456000, time.FixedZone("", 5*3600+1800)), "2026-01-31T23:59:59.123456+05:30", Plain},
		"the end of time":    {types.FarFuture(), "infinity", Plain},
		"the begin of time":  {types.FarPast(), "-infinity", Plain},
		"a date":             {types.NewDate(2026, 2, 28), "2026-02-28", Plain},
		"no date":            {types.Date{}, "", Null},
		"JSON":               {json.RawMessage("{\n \"a\": [1,  2]}"), `{"a":[1,2]}`, JSON},
		"no JSON":            {json.RawMessage(nil), "", Null},
		"JSON's null":        {json.RawMessage("null"), "null", JSON},
		"a list":             {[]string{"<a>", "b,c"}, `["<a>","b,c"]`, JSON},
		"an empty list":      {[]string{}, "[]", JSON},
		"no list":            {[]string(nil), "", Null},
		"something compound": {map[string]int{"a": 1}, `{"a":1}`, JSON},
	} {
		got, kind, err := Append([]byte("before "), reflect.ValueOf(tc.value))
		require.NoError(t, err, name)
		require.Equal(t, "before "+tc.text, string(got), name)
		require.Equal(t, tc.kind, kind, name)
	}
	_, _, err := Append(nil, reflect.ValueOf(json.RawMessage("{")))
	require.Error(t, err)
	_, _, err = Append(nil, reflect.ValueOf(func() {}))
	require.ErrorContains(t, err, "cannot be written")
}

type inner struct {
	Depth int `json:"depth"`
}

type row struct {
	ID      string     `json:"id"`
	Due     *time.Time `json:"due"`
	Plain   int
	Hidden  string `json:"-"`
	private string
	*inner
}

func TestColumnsOfRows(t *testing.T) {
	column := query.NewColumn[string]
	names := func(opts ...func(*Options)) ([]string, error) {
		var o Options
		for _, opt := range opts {
			opt(&o)
		}
		columns, err := o.Of(reflect.TypeFor[row]())
		var got []string
		for _, c := range columns {
			if c.Nullable {
				c.Name += "?"
			}
			got = append(got, c.Name+" "+c.Type.String())
		}
		return got, err
	}
	choose := func(columns ...query.AnyColumn) func(*Options) { return func(o *Options) { o.Columns(columns...) } }
	rename := func(c query.AnyColumn, name string) func(*Options) { return func(o *Options) { o.Rename(c, name) } }

	for _, tc := range []struct {
		opts []func(*Options)
		want []string
	}{
		{nil, []string{"id string", "due? time.Time", "Plain int", "depth? int"}},
		{[]func(*Options){choose(column("depth"), column("id"))}, []string{"depth? int", "id string"}},
		{[]func(*Options){choose(column("id")), choose(column("due"))}, []string{"id string", "due? time.Time"}},
		{[]func(*Options){rename(column("id"), "due"), rename(column("due"), "id")}, []string{"due string", "id? time.Time", "Plain int", "depth? int"}},
	} {
		got, err := names(tc.opts...)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(tc.want, got))
	}
	for want, opts := range map[string][]func(*Options){
		"has no column nope":              {choose(column("nope"))},
		"has no column Hidden":            {choose(column("Hidden"))},
		"id is chosen twice":              {choose(column("id"), column("id"))},
		"two columns are called id":       {rename(column("due"), "id")},
		"due is renamed to nothing":       {rename(column("due"), "")},
		"renamed to what is no UTF-8":     {rename(column("due"), "\xff")},
		"no column depth to rename among": {choose(column("id")), rename(column("depth"), "d")},
	} {
		_, err := names(opts...)
		require.ErrorContains(t, err, want)
	}
	var o Options
	_, err := o.Of(reflect.TypeFor[string]())
	require.ErrorContains(t, err, "only structs have columns")
	_, err = o.Of(reflect.TypeFor[struct{ hidden int }]())
	require.ErrorContains(t, err, "no column to export")
}

// What stands behind a nil pointer is null.
func TestValuesOfRows(t *testing.T) {
	var o Options
	columns, err := o.Of(reflect.TypeFor[row]())
	require.NoError(t, err)
	due := time.Unix(1, 0).UTC()
	for _, tc := range []struct {
		row  row
		want []any
	}{
		{row{ID: "a", private: "never"}, []any{"a", nil, 0, nil}},
		{row{ID: "b", Due: &due, Plain: 2, inner: &inner{3}}, []any{"b", due, 2, 3}},
	} {
		var got []any
		for _, c := range columns {
			if v, ok := c.Of(reflect.ValueOf(tc.row)); ok {
				got = append(got, v.Interface())
			} else {
				got = append(got, nil)
			}
		}
		require.Empty(t, cmp.Diff(tc.want, got))
	}
}
