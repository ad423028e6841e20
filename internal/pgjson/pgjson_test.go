package pgjson_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
	"github.com/workorder-systems/sdk-go/types"
)

type args struct {
	Title  string          `json:"p_title" max:"5"`
	Key    *string         `json:"p_key,omitempty" max:"3,trim"`
	At     time.Time       `json:"p_at,omitzero"`
	Until  *time.Time      `json:"p_until,omitempty"`
	Day    types.Date      `json:"p_day,omitzero"`
	Clock  types.TimeOfDay `json:"p_clock,omitzero"`
	Cost   decimal.Decimal `json:"p_cost,omitzero"`
	Raw    json.RawMessage `json:"p_raw,omitempty"`
	Rows   []line          `json:"p_rows,omitempty"`
	Meta   map[string]any  `json:"p_meta,omitempty"`
	Secret string          `json:"-"`
	own
	hidden string
}

type line struct {
	Name string    `json:"name,omitempty"`
	At   time.Time `json:"at,omitzero"`
}

type own struct {
	Moved time.Time `json:"moved,omitzero"`
}

type shout string

func (s shout) MarshalJSON() ([]byte, error) { return json.Marshal(strings.ToUpper(string(s))) }

func TestTimesAreSentAsTheyAreReadBack(t *testing.T) {
	zone := time.FixedZone("AMT", 19*60+32)
	at := time.Date(1930, 5, 1, 12, 0, 0, 1600, zone)
	in := args{
		At: at, Until: &at, Clock: types.TimeOfDay{Hour: 23, Minute: 59, Second: 59, Nanosecond: 999999999},
		Rows: []line{{Name: "a"}, {At: at}}, Meta: map[string]any{"at": at, "list": []any{at, "x"}, "in": map[string]*time.Time{"p": &at}},
		own: own{Moved: at}, hidden: "\xff", Secret: "\xff",
	}
	body, err := pgjson.Marshal(in)
	require.NoError(t, err)
	const utc = `"1930-05-01T11:40:28.000002Z"`
	require.JSONEq(t, `{"p_title":"","p_at":`+utc+`,"p_until":`+utc+`,"p_clock":"24:00:00","p_rows":[{"name":"a"},{"at":`+utc+`}],
		"p_meta":{"at":`+utc+`,"list":[`+utc+`,"x"],"in":{"p":`+utc+`}},"moved":`+utc+`}`, strings.Replace(string(body), `"p_cost":"0",`, "", 1))
	require.Equal(t, zone, in.At.Location(), "what the caller gave stays as it is")
	require.Equal(t, zone, in.Rows[1].At.Location())
	require.Equal(t, zone, in.Meta["at"].(time.Time).Location())
}

func TestWhatIsRefused(t *testing.T) {
	key := func(s string) *string { return &s }
	late := time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -5*3600))
	for name, tt := range map[string]struct {
		in    any
		field string
	}{
		"year":                {args{At: late}, "At (p_at)"},
		"year after rounding": {args{Until: new(types.FarFuture())}, "Until (p_until)"},
		"year before":         {args{own: own{Moved: time.Date(1, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3600))}}, "moved"},
		"infinite date":       {args{Day: types.FarPastDate()}, "Day (p_day)"},
		"NaN":                 {args{Cost: decimal.New(0, 131072)}, "Cost (p_cost)"},
		"UTF-8":               {args{Title: "\xff"}, "Title (p_title)"},
		"NUL":                 {args{Rows: []line{{}, {Name: "a\x00"}}}, "Rows (p_rows)[1].name"},
		"too long":            {args{Title: "äöüßéx"}, "Title (p_title)"},
		"too long trimmed":    {args{Key: key(" abcd ")}, "Key (p_key)"},
		"nested":              {args{Meta: map[string]any{"a": []any{map[string]string{"b": "\xff"}}}}, "Meta (p_meta).a[0].b"},
		"key":                 {map[string]int{"\xff": 1}, "a key"},
		"raw NUL":             {args{Raw: json.RawMessage(`{"a":"\u0000"}`)}, "Raw (p_raw)"},
		"raw surrogate":       {args{Raw: json.RawMessage(`["\uD83D"]`)}, "Raw (p_raw)"},
		"raw low surrogate":   {args{Raw: json.RawMessage(`["\uDE00x"]`)}, "Raw (p_raw)"},
		"raw UTF-8":           {args{Raw: json.RawMessage("[\"\xff\"]")}, "Raw (p_raw)"},
		"raw in a map":        {map[string]any{"m": json.RawMessage(`"\u0000"`)}, "m"},
		"marshaler":           {map[string]any{"m": shout("\xff")}, "m"},
		"marshaler NUL":       {map[string]any{"m": shout("\x00")}, "m"},
		"bare":                {"\x00", "the text"},
	} {
		_, err := pgjson.Marshal(tt.in)
		var bad *pgjson.Error
		require.ErrorAs(t, err, &bad, name)
		require.Equal(t, tt.field, bad.Field, name)
	}
	_, err := pgjson.Marshal(map[string]any{"f": func() {}})
	require.Error(t, err)
	var cycle struct{ Next any }
	cycle.Next = &cycle
	_, err = pgjson.Marshal(&cycle)
	require.Error(t, err)
}

func TestWhatIsSent(t *testing.T) {
	for _, v := range []any{
		nil, args{Title: "äöüßé"}, args{Key: new("  abc ")}, args{Raw: json.RawMessage(`"\ufffd\\u0000\uD83D\uDE00"`)}, "\ufffd", `\u0000`,
		time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC), time.Time{}, []byte{0xff, 0}, map[int]string{1: "a"}, (*args)(nil),
	} {
		got, err := pgjson.Marshal(v)
		require.NoError(t, err)
		want, err := json.Marshal(v)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}

// Text is either refused or arrives as it is.
func FuzzMarshal(f *testing.F) {
	f.Add("a", "b\x00", `"\ud800"`)
	f.Add("\xff", "ü", `{"\\u0000":"\u0000"}`)
	f.Fuzz(func(t *testing.T, s, key, raw string) {
		body, err := pgjson.Marshal(map[string]any{"m": map[string]string{key: s}, "r": json.RawMessage(raw)})
		bad := func(s string) bool { return !utf8.ValidString(s) || strings.ContainsRune(s, 0) }
		var pgErr *pgjson.Error
		if bad(s) || bad(key) {
			require.Error(t, err)
			return
		}
		if err != nil {
			require.True(t, !json.Valid([]byte(raw)) || errors.As(err, &pgErr))
			return
		}
		var out struct {
			M map[string]string `json:"m"`
			R any               `json:"r"`
		}
		require.NoError(t, json.Unmarshal(body, &out))
		require.Equal(t, map[string]string{key: s}, out.M)
		again, err := json.Marshal(out.R)
		require.NoError(t, err)
		require.NotContains(t, strings.ReplaceAll(string(again), `\\`, ""), `\u0000`)
	})
}

// JSON of no bytes is none, however it was made.
func TestEmptyRawIsNull(t *testing.T) {
	for _, raw := range []json.RawMessage{nil, {}, json.RawMessage("")} {
		body, err := pgjson.Marshal(struct {
			Raw     json.RawMessage
			Omitted json.RawMessage `json:",omitempty"`
		}{raw, raw})
		require.NoError(t, err)
		require.Equal(t, `{"Raw":null}`, string(body))
	}
}
