package rowjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/postgrest/rowjson"
	"github.com/workorder-systems/sdk-go/types"
)

type kind string

// row has a column of every type that generated rows have.
type row struct {
	ID      string            `json:"id"`
	Name    *string           `json:"name"`
	Other   *string           `json:"other"`
	Kind    kind              `json:"kind"`
	Sort    *kind             `json:"sort"`
	At      time.Time         `json:"at"`
	Due     *time.Time        `json:"due"`
	Closed  *time.Time        `json:"closed"`
	Big     int64             `json:"big"`
	Small   int16             `json:"small"`
	Count   *int              `json:"count"`
	OK      bool              `json:"ok"`
	Maybe   *bool             `json:"maybe"`
	Ratio   float64           `json:"ratio"`
	Cost    decimal.Decimal   `json:"cost"`
	Price   *decimal.Decimal  `json:"price"`
	Day     types.Date        `json:"day"`
	Until   *types.Date       `json:"until"`
	Start   *types.TimeOfDay  `json:"start"`
	Tags    []string          `json:"tags"`
	Data    json.RawMessage   `json:"data"`
	Labels  map[string]string `json:"labels"`
	Ignored string            `json:"-"`
}

const full = `{"id":"a","name":"Größe \"6204\"\n\ud83d\ude00\/","other":"","kind":"x","sort":"y\"","at":"2026-01-02T03:04:05.123456+00:00",
 "due":"2024-02-29T23:59:59+00:00","closed":null,"big":9223372036854775807,"small":-32768,"count":0,"ok":true,"maybe":false,
 "ratio":1.5e3,"cost":12345678901234567890.123456789,"price":"1.10","day":"2026-01-31","until":null,"start":"08:30:00",
 "tags":["a","b,c"],"data":{"a": [1, "]"]},"labels":{"k":"v"}}`

func TestAppendDecodesAsEncodingJSONDoes(t *testing.T) {
	for _, body := range []string{
		`[]`, ` [ ] `, `[{}]`, "[" + full + "]", "[" + full + ",\n {}, " + full + "]\n",
		`[{"unknown":{"a":[1,{"b":"}"}]},"id":"a","more":"\"","n":-1.5e-7,"t":true,"z":null}]`,
		`[{"kind":"k","id":"out of order"}]`,
		`[{"id":"first","id":"second"}]`,
		`[ { "id" : "spaced" , "big" : 1 } , { "id" : "next" } ]`,
		`[{"\u0069d":"escaped name"}]`,
		`[{"name":"\ud800 lone","other":"\ud800\u0041"}]`,
		`[{"at":"2026-01-02T03:04:05Z","due":"2026-12-31T03:04:05.1+05:30"}]`,
		`[{"id":null,"at":null,"big":null,"ok":null,"cost":null,"tags":null,"labels":null}]`,
		`[{"id":"` + strings.Repeat("long text ", 1000) + `"}]`,
	} {
		var want []row
		require.NoError(t, json.Unmarshal([]byte(body), &want), body)
		got, err := rowjson.Append([]row{}, []byte(body))
		require.NoError(t, err, body)
		require.Empty(t, cmp.Diff(want, got), body)
	}
}

func TestAppendKeepsEarlierRows(t *testing.T) {
	rows := []row{{ID: "0"}}
	rows, err := rowjson.Append(rows, []byte(`[{"id":"1"},{"id":"2"}]`))
	require.NoError(t, err)
	require.Equal(t, []row{{ID: "0"}, {ID: "1"}, {ID: "2"}}, rows)
}

// A page buffer that is used again must not change rows handed out before.
func TestRowsShareNothingWithLaterOnes(t *testing.T) {
	buf, err := rowjson.Append([]row(nil), []byte(`[{"id":"1","name":"one","count":1,"data":{"a":1},"tags":["x"],"due":"2026-01-01T00:00:00Z"}]`))
	require.NoError(t, err)
	kept := buf[0]
	_, err = rowjson.Append(buf[:0], []byte(`[{"id":"2","name":"two","count":2,"data":{"b":2},"tags":["y"],"due":"2026-01-02T00:00:00Z"}]`))
	require.NoError(t, err)
	require.Equal(t, "one", *kept.Name)
	require.Equal(t, 1, *kept.Count)
	require.Equal(t, `{"a":1}`, string(kept.Data))
	require.Equal(t, []string{"x"}, kept.Tags)
	require.Equal(t, 1, kept.Due.Day())
}

func TestMissingAndNullColumns(t *testing.T) {
	got, err := rowjson.Append([]row(nil), []byte(`[{"data":null,"small":null}]`))
	require.NoError(t, err)
	require.Equal(t, []row{{}}, got, "null leaves raw JSON nil")
}

func TestTimesAreUTC(t *testing.T) {
	got, err := rowjson.Append([]row(nil), []byte(`[{"at":"2026-01-02T03:04:05.123456+00:00"},{"at":"2026-01-31T03:04:05+00:00"},{"at":"2026-01-02T03:04:05"},{"at":"2026-01-02T03:04:05+05:30"}]`))
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 123456000, time.UTC), got[0].At)
	require.Equal(t, time.Date(2026, 1, 31, 3, 4, 5, 0, time.UTC), got[1].At)
	require.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), got[2].At)
	require.True(t, got[3].At.Equal(time.Date(2026, 1, 1, 21, 34, 5, 0, time.UTC)))
}

func TestErrorsNameRowAndColumn(t *testing.T) {
	for _, tt := range []struct {
		body   string
		row    int
		column string
		raw    string
	}{
		{`[{"id":"a"},{"id":5}]`, 1, "id", `5`},
		{`[{"id":{"a":1}}]`, 0, "id", `{"a":1}`},
		{`[{"kind":5}]`, 0, "kind", `5`},
		{`[{"at":"infinity"}]`, 0, "at", `"infinity"`},
		{`[{"at":"0044-03-15T00:00:00+00:00 BC"}]`, 0, "at", `"0044-03-15T00:00:00+00:00 BC"`},
		{`[{"at":"2026-02-30T00:00:00+00:00"}]`, 0, "at", `"2026-02-30T00:00:00+00:00"`},
		{`[{"at":"2026-02-03T24:00:00+00:00"}]`, 0, "at", `"2026-02-03T24:00:00+00:00"`},
		{`[{"at":7}]`, 0, "at", `7`},
		{`[{"big":9223372036854775808}]`, 0, "big", `9223372036854775808`},
		{`[{"big":1.5}]`, 0, "big", `1.5`},
		{`[{"big":01}]`, 0, "big", `01`},
		{`[{"big":"1"}]`, 0, "big", `"1"`},
		{`[{"small":32768}]`, 0, "small", `32768`},
		{`[{"count":"x"}]`, 0, "count", `"x"`},
		{`[{"ok":1}]`, 0, "ok", `1`},
		{`[{"ratio":"NaN"}]`, 0, "ratio", `"NaN"`},
		{`[{"cost":"NaN"}]`, 0, "cost", `"NaN"`},
		{`[{"day":"soon"}]`, 0, "day", `"soon"`},
		{`[{"tags":[1]}]`, 0, "tags", `[1]`},
		{`[{"data":{"a":}}]`, 0, "data", `{"a":}`},
		{"[{\"id\":\"a\xff\"}]", 0, "id", "\"a\xff\"}]"},
		{"[{\"id\":\"a\nb\"}]", 0, "id", "\"a\nb\"}]"},
		{`[{"id":"\x"}]`, 0, "id", `"\x"}]`},
		{`[{"id":"` + strings.Repeat("x", 200), 0, "id", `"` + strings.Repeat("x", 99)},
		{`[{"id":tru}]`, 0, "id", `tru}]`},
		{`[{"new":tru}]`, 0, "new", `tru}]`},
		{`[{"id":"a"},7]`, 1, "", `7]`},
		{`[null]`, 0, "", `null]`},
		{`[{"id":"a"}`, -1, "", ``},
		{`[{"id" "a"}]`, 0, "", `"a"}]`},
		{`[{"id":"a" "b"}]`, 0, "", `"b"}]`},
		{`[{"id":"a"}] x`, -1, "", `x`},
		{`{"id":"a"}`, -1, "", `{"id":"a"}`},
		{`<html>`, -1, "", `<html>`},
		{``, -1, "", ``},
		{`[`, 0, "", ``},
	} {
		_, err := rowjson.Append([]row(nil), []byte(tt.body))
		var e *rowjson.Error
		require.ErrorAs(t, err, &e, tt.body)
		require.Equal(t, []any{tt.row, tt.column, tt.raw}, []any{e.Row, e.Column, e.Raw}, tt.body)
	}
}

func TestErrorKeepsTheRowsBefore(t *testing.T) {
	got, err := rowjson.Append([]row(nil), []byte(`[{"id":"a"},{"id":5}]`))
	require.Error(t, err)
	require.Equal(t, []row{{ID: "a"}}, got)
}

type embedded struct {
	row
	Extra string `json:"extra"`
}

type quotedNumber struct {
	N int `json:"n,string"`
}

func TestTypesLeftToEncodingJSON(t *testing.T) {
	got, err := rowjson.Append([]embedded(nil), []byte(`[{"id":"a","extra":"b"}]`))
	require.NoError(t, err)
	require.Equal(t, []embedded{{row: row{ID: "a"}, Extra: "b"}}, got)

	numbers, err := rowjson.Append([]quotedNumber(nil), []byte(`[{"n":"5"}]`))
	require.NoError(t, err)
	require.Equal(t, []quotedNumber{{5}}, numbers)

	maps, err := rowjson.Append([]map[string]int(nil), []byte(`[{"a":1}]`))
	require.NoError(t, err)
	require.Equal(t, []map[string]int{{"a": 1}}, maps)

	_, err = rowjson.Append([]embedded(nil), []byte(`[{"id":"a"},{"id":"b","extra":7}]`))
	var e *rowjson.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, rowjson.Error{Row: 1, Column: "extra", Raw: "7", Err: e.Err}, *e)
}

func TestUnmarshal(t *testing.T) {
	var rows []row
	err := rowjson.Unmarshal([]byte(`[{"id":"a"},{"id":"b","big":"x"}]`), reflect.ValueOf(&rows))
	var e *rowjson.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, 1, e.Row)
	require.Equal(t, "big", e.Column)

	var s string
	require.NoError(t, rowjson.Unmarshal([]byte(`"x"`), reflect.ValueOf(&s)))
	require.Equal(t, "x", s)
	require.ErrorAs(t, rowjson.Unmarshal([]byte(`{"a":1}`), reflect.ValueOf(&s)), &e)
	require.Equal(t, -1, e.Row)
	require.Error(t, errors.Unwrap(e))
	require.Contains(t, e.Error(), `{"a":1}`)
}

func FuzzAppend(f *testing.F) {
	f.Add("[" + full + "]")
	f.Add(`[{"id":"\u0041\\","unknown":[{}]},{"at":"2026-01-02T03:04:05.1Z"}]`)
	f.Fuzz(func(t *testing.T, body string) {
		got, err := rowjson.Append([]row(nil), []byte(body))
		if !utf8.ValidString(body) || strings.Contains(body, "null") || !exactNames(body) {
			return // the documented differences; it must only not panic
		}
		var want []row
		wantErr := json.Unmarshal([]byte(body), &want)
		if wantErr != nil || err != nil {
			// What we take and encoding/json doesn't is a slip in a value that
			// nobody looks at, or a time without a zone.
			return
		}
		require.Empty(t, cmp.Diff(len(want), len(got)))
		for i := range want {
			require.Empty(t, cmp.Diff(want[i], got[i]), body)
		}
	})
}

// exactNames reports whether encoding/json would find the same columns, which
// it does without regard to case, and whether none comes twice: then it decodes
// the later value into the earlier one.
func exactNames(body string) bool {
	var rows []json.RawMessage
	if json.Unmarshal([]byte(body), &rows) != nil {
		return true
	}
	for _, r := range rows {
		var m map[string]json.RawMessage
		if json.Unmarshal(r, &m) != nil {
			return true
		}
		if strings.Count(string(r), ":") < len(m) {
			return false
		}
		for name := range m {
			if name != strings.ToLower(name) || strings.Count(string(r), `"`+name+`"`) > 1 || strings.Contains(string(r), `\u`) {
				return false
			}
		}
	}
	return true
}

// The random values of a row must come back as they went in.
func FuzzRoundTrip(f *testing.F) {
	f.Add("id", "name", int64(-5), int16(7), 1.5, true, int64(1767323045), 123456)
	f.Add("", "\\\"\x1f\u2028😀", int64(math.MinInt64), int16(-32768), -0.5, false, int64(0), 0)
	f.Fuzz(func(t *testing.T, id, name string, big int64, small int16, ratio float64, ok bool, sec int64, us int) {
		if math.IsNaN(ratio) || math.IsInf(ratio, 0) || sec < 0 || sec > 1<<37 || us < 0 || us > 999999 {
			return
		}
		id, name = strings.ToValidUTF8(id, ""), strings.ToValidUTF8(name, "")
		at := time.Unix(sec, int64(us)*1000).UTC()
		in := row{ID: id, Name: &name, Big: big, Small: small, Ratio: ratio, OK: ok, Maybe: &ok, At: at, Due: &at, Kind: kind(id)}
		in.Cost = decimal.New(big, -3)
		body, err := json.Marshal([]row{in, in})
		require.NoError(t, err)
		if sec%2 == 0 { // PostgreSQL's spelling
			body = []byte(strings.ReplaceAll(string(body), `Z"`, `+00:00"`))
			if strings.Contains(id+name, "Z") {
				return
			}
		}
		got, err := rowjson.Append([]row(nil), body)
		require.NoError(t, err)
		in.Data = json.RawMessage(nil)
		require.Empty(t, cmp.Diff([]row{in, in}, got), string(body))
	})
}

func TestTimesAgreeWithTheStandardLibrary(t *testing.T) {
	type stamp struct {
		At time.Time `json:"at"`
	}
	for day := range 800 {
		at := time.Date(2023, 12, 25, 0, 0, 0, 0, time.UTC).Add(time.Duration(day)*24*time.Hour + time.Duration(day*day)*time.Millisecond)
		for _, layout := range []string{"2006-01-02T15:04:05.999999+00:00", time.RFC3339Nano, "2006-01-02T15:04:05.000000-07:00"} {
			s := at.Format(layout)
			got, err := rowjson.Append([]stamp(nil), fmt.Appendf(nil, `[{"at":%q}]`, s))
			require.NoError(t, err, s)
			require.True(t, at.Equal(got[0].At), "%s: %s", s, got[0].At)
			require.Equal(t, time.UTC, got[0].At.Location())
		}
	}
}
