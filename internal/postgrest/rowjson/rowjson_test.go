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
		got, err := appendRows([]row{}, []byte(body))
		require.NoError(t, err, body)
		require.Empty(t, cmp.Diff(want, got), body)
	}
}

func TestAppendKeepsEarlierRows(t *testing.T) {
	rows := []row{{ID: "0"}}
	rows, err := appendRows(rows, []byte(`[{"id":"1"},{"id":"2"}]`))
	require.NoError(t, err)
	require.Equal(t, []row{{ID: "0"}, {ID: "1"}, {ID: "2"}}, rows)
}

// A page buffer that is used again must not change rows handed out before.
func TestRowsShareNothingWithLaterOnes(t *testing.T) {
	buf, err := appendRows([]row(nil), []byte(`[{"id":"1","name":"one","count":1,"data":{"a":1},"tags":["x"],"due":"2026-01-01T00:00:00Z"}]`))
	require.NoError(t, err)
	kept := buf[0]
	_, err = appendRows(buf[:0], []byte(`[{"id":"2","name":"two","count":2,"data":{"b":2},"tags":["y"],"due":"2026-01-02T00:00:00Z"}]`))
	require.NoError(t, err)
	require.Equal(t, "one", *kept.Name)
	require.Equal(t, 1, *kept.Count)
	require.Equal(t, `{"a":1}`, string(kept.Data))
	require.Equal(t, []string{"x"}, kept.Tags)
	require.Equal(t, 1, kept.Due.Day())
}

func TestMissingAndNullColumns(t *testing.T) {
	got, err := appendRows([]row(nil), []byte(`[{"data":null,"small":null}]`))
	require.NoError(t, err)
	require.Equal(t, []row{{}}, got, "null leaves raw JSON nil")
}

func TestTimesAreUTC(t *testing.T) {
	got, err := appendRows([]row(nil), []byte(`[{"at":"2026-01-02T03:04:05.123456+00:00"},{"at":"2026-01-31T03:04:05+00:00"},{"at":"2026-01-02T03:04:05"},{"at":"2026-01-02T03:04:05+05:30"}]`))
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 123456000, time.UTC), got[0].At)
	require.Equal(t, time.Date(2026, 1, 31, 3, 4, 5, 0, time.UTC), got[1].At)
	require.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), got[2].At)
	require.True(t, got[3].At.Equal(time.Date(2026, 1, 1, 21, 34, 5, 0, time.UTC)))
}

// An array column can hold more dimensions than it was declared with.
func TestArraysAreRead(t *testing.T) {
	type arrays struct {
		Text  []string          `json:"text"`
		Kinds []kind            `json:"kinds"`
		Nums  []decimal.Decimal `json:"nums"`
		Texts []*string         `json:"texts"`
		Docs  []json.RawMessage `json:"docs"`
		Lists [][]string        `json:"lists"`
	}
	got, err := appendRows([]arrays(nil), []byte(`[{"text":["a",null,"b"],"nums":[1.5,null],"texts":["",null]},
		{"text":[["a","b"],[null,"c"]],"kinds":[[["x"]],[["y"]]],"nums":[[1],["NaN"]],"docs":[[1],null],"lists":[["a"],[]]},
		{"text":[],"texts":null}]`))
	require.NoError(t, err)
	num := decimal.RequireFromString
	nan, err := types.ParseNumeric("NaN")
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]arrays{
		{Text: []string{"a", "", "b"}, Nums: []decimal.Decimal{num("1.5"), {}}, Texts: []*string{new(""), nil}},
		{
			Text: []string{"a", "b", "", "c"}, Kinds: []kind{"x", "y"}, Nums: []decimal.Decimal{num("1"), nan},
			Docs: []json.RawMessage{json.RawMessage("[1]"), nil}, Lists: [][]string{{"a"}, {}},
		},
		{Text: []string{}},
	}, got))

	for body, column := range map[string]string{
		`[{"text":["a",["b",1]]}]`: "text", `[{"nums":[["1"],[{}]]}]`: "nums[1][0]", `[{"text":{"a":"b"}}]`: "text",
	} {
		_, err := appendRows([]arrays(nil), []byte(body))
		var e *rowjson.Error
		require.ErrorAs(t, err, &e, body)
		require.Equal(t, column, e.Column)
	}
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
		{`[{"at":"forever"}]`, 0, "at", `"forever"`},
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
		{`[{"ratio":"nan"}]`, 0, "ratio", `"nan"`},
		{`[{"ratio":1.}]`, 0, "ratio", `1.`},
		{`[{"cost":"much"}]`, 0, "cost", `"much"`},
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
		_, err := appendRows([]row(nil), []byte(tt.body))
		var e *rowjson.Error
		require.ErrorAs(t, err, &e, tt.body)
		require.Equal(t, []any{tt.row, tt.column, tt.raw}, []any{e.Row, e.Column, e.Raw}, tt.body)
	}
}

func TestErrorKeepsTheRowsBefore(t *testing.T) {
	got, err := appendRows([]row(nil), []byte(`[{"id":"a"},{"id":5}]`))
	require.Error(t, err)
	require.Equal(t, []row{{ID: "a"}}, got)
}

func TestBadRowsCostTheOthersNothing(t *testing.T) {
	body := `[{"id":"a","big":1},{"id":"b\u0021","big":"x","n":{"a":[1]}},{"big":3,"n":null,"id":"c"},{"id":7},{"ok":true}]`
	marks := rowjson.Marks{Columns: []string{"id", "n"}}
	want := []row{{ID: "a", Big: 1}, {}, {ID: "c", Big: 3}, {}, {OK: true}}
	for range 2 { // marks are used again
		got, bad, err := decodeRows([]row{}, []byte(body), &marks)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Len(t, bad, 2)
		require.Equal(t, []any{1, "big", `"x"`}, []any{bad[0].Row, bad[0].Column, bad[0].Raw})
		require.Equal(t, []any{3, "id", `7`}, []any{bad[1].Row, bad[1].Column, bad[1].Raw})

		var raw []string
		require.Equal(t, 5, marks.Rows())
		for i := range marks.Rows() {
			raw = append(raw, string(marks.Raw(i, 0)), string(marks.Raw(i, 1)))
		}
		require.Equal(t, []string{`"a"`, "", `"b\u0021"`, `{"a":[1]}`, `"c"`, "null", "7", "", "", ""}, raw)
		text, err := rowjson.Text(marks.Raw(1, 0))
		require.NoError(t, err)
		require.Equal(t, "b!", text)
	}

	others, bad, err := decodeRows([]embedded{}, []byte(`[{"id":"a","extra":7},{"id":"b","extra":"x"}]`), &marks)
	require.NoError(t, err)
	require.Equal(t, []embedded{{}, {row: row{ID: "b"}, Extra: "x"}}, others)
	require.Equal(t, []any{0, "extra", `7`}, []any{bad[0].Row, bad[0].Column, bad[0].Raw})
	require.Equal(t, `"b"`, string(marks.Raw(1, 0)))

	require.NoError(t, rowjson.Scan([]byte(body), &marks))
	require.Equal(t, `"c"`, string(marks.Raw(2, 0)))
	require.False(t, marks.Equal(0, 1))
	require.True(t, marks.Equal(4, 4))

	_, _, err = decodeRows([]row{{ID: "kept"}}, []byte(`[{"id":"a"},`), &marks)
	require.Error(t, err, "a broken array has no rows")
}

type embedded struct {
	row
	Extra string `json:"extra"`
}

type quotedNumber struct {
	N int `json:"n,string"`
}

func TestTypesLeftToEncodingJSON(t *testing.T) {
	got, err := appendRows([]embedded(nil), []byte(`[{"id":"a","extra":"b"}]`))
	require.NoError(t, err)
	require.Equal(t, []embedded{{row: row{ID: "a"}, Extra: "b"}}, got)

	numbers, err := appendRows([]quotedNumber(nil), []byte(`[{"n":"5"}]`))
	require.NoError(t, err)
	require.Equal(t, []quotedNumber{{5}}, numbers)

	maps, err := appendRows([]map[string]int(nil), []byte(`[{"a":1}]`))
	require.NoError(t, err)
	require.Equal(t, []map[string]int{{"a": 1}}, maps)

	_, err = appendRows([]embedded(nil), []byte(`[{"id":"a"},{"id":"b","extra":7}]`))
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
		got, err := appendRows([]row(nil), []byte(body))
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
		got, err := appendRows([]row(nil), body)
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
			got, err := appendRows([]stamp(nil), fmt.Appendf(nil, `[{"at":%q}]`, s))
			require.NoError(t, err, s)
			require.True(t, at.Equal(got[0].At), "%s: %s", s, got[0].At)
			require.Equal(t, time.UTC, got[0].At.Location())
		}
	}
}

// Everything that PostgreSQL sends in a column of the type has a value.
func TestEveryTimeHasAValue(t *testing.T) {
	utc := func(y int, m time.Month, d, hh, mm, ss, ns int) time.Time {
		return time.Date(y, m, d, hh, mm, ss, ns, time.UTC)
	}
	for in, want := range map[string]time.Time{
		"infinity":                                types.FarFuture(),
		"-infinity":                               types.FarPast(),
		"10000-01-01T04:59:59+00:00":              types.FarFuture(),
		"294276-12-31T23:59:59.999999+00:00":      types.FarFuture(),
		"0044-03-15T00:00:00+00:00 BC":            types.FarPast(),
		"4714-11-24T00:00:00+00:00 BC":            types.FarPast(),
		"0001-01-01T00:00:00+00:00":               {},
		"0001-12-31T23:30:00-01:00 BC":            utc(1, 1, 1, 0, 30, 0, 0),
		"0001-01-01T00:30:00+01:00":               types.FarPast(),
		"9999-12-31T23:30:00-01:00":               types.FarFuture(),
		"10000-01-01T00:30:00+01:00":              utc(9999, 12, 31, 23, 30, 0, 0),
		"9999-12-31T23:59:59.999999+00:00":        utc(9999, 12, 31, 23, 59, 59, 999999000),
		"9999-12-31T23:59:59.999999999Z":          types.FarFuture(), // our own, read again
		"1900-01-01T00:00:00+08:05:43":            utc(1899, 12, 31, 15, 54, 17, 0),
		"1890-01-01T00:00:00-00:00:36":            utc(1890, 1, 1, 0, 0, 36, 0),
		"2026-01-02T03:04:05.5+05":                utc(2026, 1, 1, 22, 4, 5, 5e8),
		"2026-01-02 03:04:05.123456+00":           utc(2026, 1, 2, 3, 4, 5, 123456000),
		"2024-02-29T00:00:00-12:00":               utc(2024, 2, 29, 12, 0, 0, 0),
		"2026-01-02T03:04:05.123456":              utc(2026, 1, 2, 3, 4, 5, 123456000),
		"12026-01-02T03:04:05.123456789012+00:00": types.FarFuture(),
	} {
		got, err := appendRows([]row(nil), fmt.Appendf(nil, `[{"at":%q,"due":%q},{"id":"next"}]`, in, in))
		require.NoError(t, err, in)
		require.True(t, want.Equal(got[0].At), "%s: %s", in, got[0].At)
		require.True(t, want.Equal(*got[0].Due), in)
		require.Equal(t, time.UTC, got[0].At.Location(), in)
		require.Equal(t, "next", got[1].ID)
		_, err = json.Marshal(got)
		require.NoError(t, err, in)
	}
	for _, bad := range []string{
		"", "now", "Infinity", "2026-01-02", "2026-01-02T", "2026-01-02T03:04", "2026-02-30T00:00:00Z", "2026-02-29T00:00:00Z",
		"2026-01-02T24:00:00Z", "2026-01-02T03:60:00Z", "2026-00-02T03:00:00Z", "2026-01-00T03:00:00Z", "2026-01-02T03:04:05.Z",
		"2026-01-02T03:04:05+", "2026-01-02T03:04:05+1", "2026-01-02T03:04:05+01:", "2026-01-02T03:04:05+01:60", "2026-01-02T03:04:05 AD",
		"2026-01-02T03:04:05+01:00:00:00", "2026-01-02x03:04:05Z", "1234567-01-01T00:00:00Z", "20x6-01-01T00:00:00Z",
	} {
		_, err := appendRows([]row(nil), fmt.Appendf(nil, `[{"at":%q}]`, bad))
		require.Error(t, err, bad)
	}
}

func TestNumbersThatJSONLacks(t *testing.T) {
	got, err := appendRows([]row(nil), []byte(`[{"ratio":"NaN","cost":"NaN","price":"Infinity"},{"ratio":"Infinity"},{"ratio":"-Infinity","cost":"-Infinity"},
		{"ratio":1e308,"cost":123456789012345678901234567890.123456789,"price":"1.50"}]`))
	require.NoError(t, err)
	require.True(t, math.IsNaN(got[0].Ratio))
	require.False(t, types.IsFinite(got[0].Cost))
	require.True(t, got[0].Cost.IsZero())
	require.True(t, !types.IsFinite(*got[0].Price) && got[0].Price.IsPositive())
	require.True(t, math.IsInf(got[1].Ratio, 1))
	require.True(t, math.IsInf(got[2].Ratio, -1))
	require.True(t, !types.IsFinite(got[2].Cost) && got[2].Cost.IsNegative())
	require.Equal(t, "123456789012345678901234567890.123456789", got[3].Cost.String())
	require.Equal(t, "1.5", got[3].Price.String())

	type numbers struct {
		N json.Number  `json:"n"`
		P *json.Number `json:"p"`
	}
	ns, err := appendRows([]numbers(nil), []byte(`[{"n":12345678901234567890.123456789,"p":-0.5e+7},{"n":null,"p":null}]`))
	require.NoError(t, err)
	require.Equal(t, json.Number("12345678901234567890.123456789"), ns[0].N)
	require.Equal(t, json.Number("-0.5e+7"), *ns[0].P)
	require.Equal(t, numbers{}, ns[1])
	for _, bad := range []string{`"NaN"`, `"1"`, `1.`, `01`, `-`, `1e`, `1-1`, `true`} {
		_, err = appendRows([]numbers(nil), []byte(`[{"n":`+bad+`}]`))
		require.Error(t, err, bad)
	}
}

func TestJSONOfAnyDepth(t *testing.T) {
	for _, depth := range []int{10_001, 1_000_000} {
		deep := strings.Repeat(`{"a":[`, depth/2) + "1" + strings.Repeat("]}", depth/2)
		got, err := appendRows([]row(nil), []byte(`[{"id":"a","data":`+deep+`},{"id":"b","unknown":`+deep+`}]`))
		require.NoError(t, err)
		require.Equal(t, deep, string(got[0].Data))
		require.Equal(t, "b", got[1].ID)
	}
}

func TestUnmarshalAtEveryDepth(t *testing.T) {
	type place struct {
		Seen time.Time `json:"seen"`
	}
	type payload struct {
		row
		Rows  []row              `json:"rows"`
		More  []*row             `json:"more"`
		Place *place             `json:"place"`
		ByKey map[kind]time.Time `json:"by_key"`
		Any   any                `json:"any"`
		Pair  [2]int             `json:"pair"`
		Bytes []byte             `json:"bytes"`
		U     uint8              `json:"u"`
		Lists [][]string         `json:"lists"`
	}
	var p *payload
	require.NoError(t, rowjson.Unmarshal([]byte(` {"id":"top","at":"infinity","rows":[{"id":"a","due":"-infinity"},{}],"more":[{"cost":"NaN"},null],
		"place":{"seen":"0044-03-15T00:00:00+00:00 BC"},"by_key":{"x":"infinity","\u0079":"2026-01-02T03:04:05Z"},
		"any":{"n":[1]},"pair":[1,2],"bytes":"AQI=","u":200,"lists":[["a"],[]]} `), reflect.ValueOf(&p)))
	require.Equal(t, "top", p.ID)
	require.Equal(t, types.FarFuture(), p.At)
	require.Equal(t, types.FarPast(), *p.Rows[0].Due)
	require.Len(t, p.Rows, 2)
	require.False(t, types.IsFinite(p.More[0].Cost))
	require.Nil(t, p.More[1])
	require.Equal(t, types.FarPast(), p.Place.Seen)
	require.Equal(t, map[kind]time.Time{"x": types.FarFuture(), "y": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, p.ByKey)
	require.Equal(t, map[string]any{"n": []any{1.0}}, p.Any)
	require.Equal(t, [2]int{1, 2}, p.Pair)
	require.Equal(t, []byte{1, 2}, p.Bytes)
	require.Equal(t, uint8(200), p.U)
	require.Equal(t, [][]string{{"a"}, {}}, p.Lists)

	for body, column := range map[string]string{
		`{"rows":[{},{"due":"soon"}]}`: "rows[1].due",
		`{"more":[{"big":"x"}]}`:       "more[0].big",
		`{"place":{"seen":1}}`:         "place.seen",
		`{"place":[]}`:                 "place",
		`{"rows":[{},5]}`:              "rows[1]",
		`{"rows":{}}`:                  "rows",
		`{"by_key":{"x":"soon"}}`:      "by_key.x",
		`{"pair":["a"]}`:               "pair",
		`{"u":300}`:                    "u",
	} {
		var e *rowjson.Error
		require.ErrorAs(t, rowjson.Unmarshal([]byte(body), reflect.ValueOf(&p)), &e, body)
		require.Equal(t, column, e.Column, body)
		require.Equal(t, -1, e.Row)
	}
	require.Error(t, rowjson.Unmarshal([]byte(`{} {}`), reflect.ValueOf(&p)))
	require.Error(t, rowjson.Unmarshal([]byte(``), reflect.ValueOf(&p)))
}

func TestUnmarshalFoldMatchesNamesAsEncodingJSON(t *testing.T) {
	type result struct {
		ID    string
		Other *string
		Count int `json:"count"`
	}
	old := "old"
	got := result{Other: &old, Count: 7}
	require.NoError(t, rowjson.UnmarshalFold([]byte(`{"id":"a","OTHER":null,"x":1}`), reflect.ValueOf(&got)))
	require.Equal(t, result{ID: "a", Count: 7}, got)
	var exact result
	require.NoError(t, rowjson.Unmarshal([]byte(`{"id":"a"}`), reflect.ValueOf(&exact)))
	require.Empty(t, exact.ID)
}

func FuzzUnmarshal(f *testing.F) {
	f.Add(`{"id":"a","data":{"a":[1,2.5e3,null,true,"\u00e4\n"]},"tags":["x"],"big":5}`)
	f.Add(`{"data":[[],{},{"a":{}}],"labels":["a"]}`)
	f.Fuzz(func(t *testing.T, body string) {
		var want, got row
		wantErr := json.Unmarshal([]byte(body), &want)
		err := rowjson.UnmarshalFold([]byte(body), reflect.ValueOf(&got))
		if wantErr == nil && utf8.ValidString(body) && strings.Count(body, `":`) < 2 {
			if err == nil {
				require.Empty(t, cmp.Diff(want.Data, got.Data))
			}
		}
		var raw json.RawMessage
		rawErr := rowjson.Unmarshal([]byte(body), reflect.ValueOf(&raw))
		if utf8.ValidString(body) {
			require.Equal(t, json.Valid([]byte(body)), rawErr == nil, body)
		}
	})
}
