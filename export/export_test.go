package export_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/export"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

type state string

// row has a field of each type that rows have.
type row struct {
	ID     string           `json:"id"`
	Note   *string          `json:"note"`
	Count  int64            `json:"count"`
	Cost   *decimal.Decimal `json:"cost"`
	At     time.Time        `json:"at"`
	Due    *types.Date      `json:"due"`
	Clock  types.TimeOfDay  `json:"clock"`
	Extra  json.RawMessage  `json:"extra"`
	Tags   []string         `json:"tags"`
	State  state            `json:"state"`
	Share  float64          `json:"share"`
	Active *bool            `json:"active"`
}

var (
	id   = query.NewTextColumn("id")
	note = query.NewTextColumn("note")
)

// each gives the rows.
func each[T any](rows ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func full() row {
	return row{
		ID: "a", Note: new(""), Count: -5, Cost: new(decimal.RequireFromString("-123456789012345678901.50")),
		At:  time.Date(2026, 3, 1, 8, 0, 0, 250_000_000, time.FixedZone("", 3600)),
		Due: new(types.NewDate(2026, 1, 31)), Clock: types.TimeOfDay{Hour: 8, Minute: 30},
		Extra: json.RawMessage("{\"a\": \"<x>\",\n \"b\": 1}"), Tags: []string{"x", `y"`}, State: "open", Share: 0.1, Active: new(false),
	}
}

func odd() row {
	return row{
		ID: "b", At: types.FarFuture(), Due: new(types.FarPastDate()), Cost: new(decimal.New(0, 131072)),
		Tags: []string{}, Share: math.Inf(-1),
	}
}

func TestCSVKeepsTypes(t *testing.T) {
	var b bytes.Buffer
	n, err := export.CSV(t.Context(), &b, each(full(), odd()))
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	require.Equal(t, "id,note,count,cost,at,due,clock,extra,tags,state,share,active\r\n"+
		`a,"",-5,-123456789012345678901.50,2026-03-01T08:00:00.25+01:00,2026-01-31,08:30:00,"{""a"":""<x>"",""b"":1}","[""x"",""y\""""]",open,0.1,false`+"\r\n"+
		`b,,0,NaN,infinity,-infinity,00:00:00,,[],"",-Infinity,`+"\r\n", b.String())
}

func TestNDJSONKeepsTypes(t *testing.T) {
	var b bytes.Buffer
	n, err := export.NDJSON(t.Context(), &b, each(full(), odd()))
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	const want = `{"id":"a","note":"","count":-5,"cost":"-123456789012345678901.50","at":"2026-03-01T08:00:00.25+01:00","due":"2026-01-31","clock":"08:30:00","extra":{"a":"<x>","b":1},"tags":["x","y\""],"state":"open","share":0.1,"active":false}` + "\n" +
		`{"id":"b","note":null,"count":0,"cost":"NaN","at":"infinity","due":"-infinity","clock":"00:00:00","extra":null,"tags":[],"state":"","share":"-Infinity","active":null}` + "\n"
	require.Empty(t, cmp.Diff(want, b.String()))
}

func TestCSVQuotes(t *testing.T) {
	type one struct {
		V *string `json:"v"`
	}
	type two struct {
		V *string `json:"v"`
		W int     `json:"w"`
	}
	for name, tc := range map[string]struct {
		value     *string
		want      string
		wantAlone string // in an export of one column; empty: the same
		guarded   string // with GuardFormulas; empty: the same
	}{
		"plain":               {value: new("a b"), want: `a b`},
		"quotes":              {value: new(`a "b"`), want: `"a ""b"""`},
		"comma":               {value: new("a,b"), want: `"a,b"`},
		"newline":             {value: new("a\nb"), want: "\"a\nb\""},
		"CRLF":                {value: new("a\r\nb"), want: "\"a\r\nb\""},
		"leading space":       {value: new(" a"), want: `" a"`},
		"trailing space":      {value: new("a "), want: `"a "`},
		"end of COPY's data":  {value: new(`\.`), want: `"\."`},
		"empty":               {value: new(""), want: `""`},
		"null":                {want: ``, wantAlone: `""`},
		"equals":              {value: new("=cmd|' /C calc'!A0"), want: `=cmd|' /C calc'!A0`, guarded: `"'=cmd|' /C calc'!A0"`},
		"plus":                {value: new("+1"), want: `+1`, guarded: `"'+1"`},
		"text like a number":  {value: new("-5"), want: `-5`, guarded: `"'-5"`},
		"at":                  {value: new("@a"), want: `@a`, guarded: `"'@a"`},
		"tab":                 {value: new("\t=a"), want: "\"\t=a\"", guarded: "\"'\t=a\""},
		"CR":                  {value: new("\r=a"), want: "\"\r=a\"", guarded: "\"'\r=a\""},
		"LF":                  {value: new("\n=a"), want: "\"\n=a\"", guarded: "\"'\n=a\""},
		"wide equals":         {value: new("＝1"), want: "＝1", guarded: `"'＝1"`},
		"sign in the middle":  {value: new("a=b"), want: `a=b`},
		"apostrophe of users": {value: new("'=a"), want: `'=a`},
	} {
		t.Run(name, func(t *testing.T) {
			alone, guarded := tc.wantAlone, tc.guarded
			if alone == "" {
				alone = tc.want
			}
			if guarded == "" {
				guarded = tc.want
			}
			var b bytes.Buffer
			_, err := export.CSV(t.Context(), &b, each(one{tc.value}))
			require.NoError(t, err)
			require.Equal(t, "v\r\n"+alone+"\r\n", b.String())
			b.Reset()
			_, err = export.CSV(t.Context(), &b, each(two{tc.value, -5}), export.GuardFormulas())
			require.NoError(t, err)
			require.Equal(t, "v,w\r\n"+guarded+",-5\r\n", b.String())
		})
	}
}

func TestNullText(t *testing.T) {
	var b bytes.Buffer
	_, err := export.CSV(t.Context(), &b, each(row{ID: "a"}, row{ID: "b", Note: new(`\N`)}), export.Columns(note, id), export.NullText(`\N`))
	require.NoError(t, err)
	require.Equal(t, "note,id\r\n\\N,a\r\n\"\\N\",b\r\n", b.String())
}

func TestColumnsAreChosenAndRenamed(t *testing.T) {
	opts := []export.Option{export.Columns(note, id), export.Rename(id, "=Work, order"), export.GuardFormulas()}
	var b bytes.Buffer
	_, err := export.CSV(t.Context(), &b, each(full()), opts...)
	require.NoError(t, err)
	require.Equal(t, "note,\"'=Work, order\"\r\n\"\",a\r\n", b.String())
	b.Reset()
	_, err = export.NDJSON(t.Context(), &b, each(full()), opts...)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(`{"note":"","=Work, order":"a"}`+"\n", b.String()))
}

func TestWithoutRows(t *testing.T) {
	var b bytes.Buffer
	n, err := export.CSV(t.Context(), &b, each[row](), export.Columns(id))
	require.NoError(t, err)
	require.Zero(t, n)
	require.Equal(t, "id\r\n", b.String())
}

func TestBadOptionsAreRefusedBeforeAnythingIsWritten(t *testing.T) {
	for name, opts := range map[string][]export.Option{
		"a column of another view":   {export.Columns(query.NewColumn[string]("title"))},
		"no column":                  {export.Columns(nil)},
		"a nameless column":          {export.Columns(query.Column[int]{})},
		"a path":                     {export.Columns(query.NewJSONColumn("extra").Key("a"))},
		"a column twice":             {export.Columns(id, id)},
		"renaming what is not there": {export.Rename(query.NewColumn[string]("title"), "x")},
		"renaming what is left out":  {export.Columns(id), export.Rename(note, "x")},
		"a name that is taken":       {export.Rename(note, "id")},
		"an empty name":              {export.Rename(note, "")},
		"null with a quote":          {export.NullText(`"`)},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			begun := false
			rows := func(func(row, error) bool) { begun = true }
			n, err := export.CSV(t.Context(), &b, rows, opts...)
			require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
			require.Zero(t, n)
			require.Empty(t, b.Bytes())
			require.False(t, begun, "the rows have been asked for")
		})
	}
	_, err := export.CSV(t.Context(), io.Discard, each("text"))
	require.ErrorIs(t, err, sdkerr.ErrInvalidInput, "rows without columns")
	_, err = export.NDJSON[row](t.Context(), io.Discard, nil)
	require.ErrorIs(t, err, sdkerr.ErrInvalidInput, "no rows")
	_, err = export.NDJSON(t.Context(), nil, each(full()))
	require.ErrorIs(t, err, sdkerr.ErrInvalidInput, "no writer")
}

// unreadable gives a row, one that could not be decoded, and a row.
func unreadable(yield func(row, error) bool) {
	_ = yield(row{ID: "a"}, nil) &&
		yield(row{}, sdkerr.UnreadableRow("Rows.All", 1, "cost", "x", errors.New("no number"))) &&
		yield(row{ID: "c"}, nil)
}

func TestUnreadableRows(t *testing.T) {
	var b bytes.Buffer
	n, err := export.CSV(t.Context(), &b, unreadable, export.Columns(id))
	require.ErrorIs(t, err, sdkerr.ErrUnreadableRow)
	require.EqualValues(t, 1, n)
	require.Equal(t, "id\r\na\r\n", b.String(), "what came before is whole")

	b.Reset()
	var skipped []error
	n, err = export.CSV(t.Context(), &b, unreadable, export.Columns(id), export.SkipUnreadable(func(err error) { skipped = append(skipped, err) }))
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	require.Equal(t, "id\r\na\r\nc\r\n", b.String())
	require.Len(t, skipped, 1)
	require.ErrorContains(t, skipped[0], "cost")

	failing := func(yield func(row, error) bool) { yield(row{}, io.ErrUnexpectedEOF) }
	_, err = export.CSV(t.Context(), &b, failing, export.SkipUnreadable(nil))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "a read that fails is no row to skip")
}

func TestValueThatCannotBeWritten(t *testing.T) {
	bad := full()
	bad.Extra = json.RawMessage(`{`)
	var b bytes.Buffer
	n, err := export.CSV(t.Context(), &b, each(full(), bad))
	require.ErrorContains(t, err, "extra")
	require.EqualValues(t, 1, n)
	require.Equal(t, 2, strings.Count(b.String(), "\r\n"), "no half line")
	_, err = export.NDJSON(t.Context(), &b, each(bad))
	require.ErrorContains(t, err, "extra")
}

func TestCancelInTheMiddle(t *testing.T) {
	ctx, stop := context.WithCancelCause(t.Context())
	cancel := func() { stop(errors.New("shutting down")) }
	rows := func(yield func(row, error) bool) {
		for i := 0; ; i++ {
			if i == 3 {
				cancel()
			}
			if !yield(row{ID: "a"}, nil) {
				return
			}
		}
	}
	var b bytes.Buffer
	n, err := export.CSV(ctx, &b, rows, export.Columns(id))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "shutting down")
	require.EqualValues(t, 3, n)
	require.Equal(t, "id\r\na\r\na\r\na\r\n", b.String())
}

// fullDisk takes some bytes and then no more.
type fullDisk struct{ left int }

var errFull = errors.New("no space left")

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.left {
		return d.left, errFull
	}
	d.left -= len(p)
	return len(p), nil
}

func TestWriterThatFails(t *testing.T) {
	given := 0
	rows := func(yield func(row, error) bool) {
		for given < 1_000_000 && yield(row{ID: "a"}, nil) {
			given++
		}
	}
	_, err := export.CSV(t.Context(), &fullDisk{left: 100_000}, rows)
	require.ErrorIs(t, err, errFull)
	require.Less(t, given, 10_000, "the rest was not read")
	_, err = export.NDJSON(t.Context(), &fullDisk{}, each(full()))
	require.ErrorIs(t, err, errFull, "what fails only at the end")
}

func TestProgress(t *testing.T) {
	rows := func(yield func(row, error) bool) {
		for start := time.Now(); time.Since(start) < 500*time.Millisecond && yield(full(), nil); {
		}
	}
	var seen []export.Progress
	var b bytes.Buffer
	n, err := export.CSV(t.Context(), &b, rows, export.OnProgress(func(p export.Progress) { seen = append(seen, p) }))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(seen), 2)
	require.LessOrEqual(t, len(seen), 4, "at most five a second, and one at the end")
	require.Equal(t, export.Progress{Rows: n, Bytes: int64(b.Len())}, seen[len(seen)-1])
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{"", " ", "a,b", `"`, "\r\n", "=1", "\t", "-", "\\N", "\x00", "é"} {
		f.Add(s, s)
	}
	type pair struct {
		A string  `json:"a"`
		B *string `json:"b"`
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, guard := range []bool{false, true} {
			opts := []export.Option{export.NullText("NULL")}
			if guard {
				opts = append(opts, export.GuardFormulas())
			}
			var buf bytes.Buffer
			_, err := export.CSV(t.Context(), &buf, each(pair{a, &b}, pair{a, nil}), opts...)
			require.NoError(t, err)
			got, err := csv.NewReader(&buf).ReadAll()
			require.NoError(t, err)
			read := func(s string) string { // the reader makes CRLF into LF
				if guard && s != "" && (strings.ContainsRune("=+-@\t\r\n", rune(s[0])) || strings.ContainsRune("＝＋－＠", []rune(s)[0]) && []rune(s)[0] > 0x7f) {
					s = "'" + s
				}
				return strings.ReplaceAll(s, "\r\n", "\n")
			}
			want := [][]string{{"a", "b"}, {read(a), read(b)}, {read(a), "NULL"}}
			require.Empty(t, cmp.Diff(want, got))
		}
	})
}
