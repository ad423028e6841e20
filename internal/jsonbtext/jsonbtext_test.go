package jsonbtext

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What PostgreSQL was seen to make of JSON.
var texts = map[string]string{
	`{}`: `{}`, `[]`: `[]`, `"noop"`: `"noop"`, `7`: `7`, `true`: `true`, `false`: `false`, `null`: `null`, `""`: `""`,
	" {\n \"action\" :\t\"noop\" , \"x\":[ 1 ,2 ] } ":         `{"x": [1, 2], "action": "noop"}`,
	`{"b":1.0,"aa":[1e2,true],"a":"x"}`:                       `{"a": "x", "b": 1.0, "aa": [100, true]}`,
	`{"é":1,"zz":2,"z":3,"Z":4,"":5,"€":6,"abc":7}`:           `{"": 5, "Z": 4, "z": 3, "zz": 2, "é": 1, "abc": 7, "€": 6}`,
	`{"10":1,"9":2,"09":3,"1":4}`:                             `{"1": 4, "9": 2, "09": 3, "10": 1}`,
	`{"a":1,"b":2,"a":3}`:                                     `{"a": 3, "b": 2}`,
	`{"o":{"k":1,"k":{"k":2,"k":null}}}`:                      `{"o": {"k": {"k": null}}}`,
	`{"\u0061":1,"a":2}`:                                      `{"a": 2}`,
	`{"a":{},"b":[],"c":[[],{},null,""]}`:                     `{"a": {}, "b": [], "c": [[], {}, null, ""]}`,
	`{"a\nb":1,"\"":2}`:                                       `{"\"": 2, "a\nb": 1}`,
	`"a\/b/c"`:                                                `"a/b/c"`,
	`"\"q\" \\ \u0022\u005c"`:                                 `"\"q\" \\ \"\\"`,
	`"\b\f\n\r\t \u0008\u000c\u000A\u000D\u0009"`:             `"\b\f\n\r\t \b\f\n\r\t"`,
	`"\u0001\u001F\u000b"`:                                    `"\u0001\u001f\u000b"`,
	`"\u007f\u2028\u2029\u0085"`:                              "\"\u007f\u2028\u2029\u0085\"",
	`"<a href='x'>&amp;</a>"`:                                 `"<a href='x'>&amp;</a>"`,
	`"\u00d6l \ud83d\ude00 \u65e5"`:                           `"Öl 😀 日"`,
	`[1.0, 1e3, 1E+3, 1.50, 1.50e1, 1.5e3, 1e-7, 1.0e-2]`:     `[1.0, 1000, 1000, 1.50, 15.0, 1500, 0.0000001, 0.010]`,
	`[-0, -0.0, 0e5, 0.00, -1.10, 0e-3, -0.5, 10.5e-1, 1e-0]`: `[0, 0.0, 0, 0.00, -1.10, 0.000, -0.5, 1.05, 1]`,
	`[12345678901234567890123, 0.1234567890123456789012345]`:  `[12345678901234567890123, 0.1234567890123456789012345]`,
	`1e30`:     `1` + strings.Repeat("0", 30),
	`0e200000`: `0`,
	`1e131071`: `1` + strings.Repeat("0", 131071),
	strings.Repeat("[", 50) + strings.Repeat("]", 50): strings.Repeat("[", 50) + strings.Repeat("]", 50),
}

func TestOf(t *testing.T) {
	for document, want := range texts {
		got, err := Of([]byte(document))
		require.NoError(t, err, document)
		require.Equal(t, want, string(got), document)
		again, err := Of(got)
		require.NoError(t, err, document)
		require.Equal(t, want, string(again), "the text stands for itself")
	}
}

func TestOfRefuses(t *testing.T) {
	for document, reason := range map[string]string{
		``: "is no JSON", `{"t":`: "is no JSON", `{} {}`: "is no JSON", `[1,]`: "is no JSON", `NaN`: "is no JSON",
		`"\u0000"`: "NUL", `"\ud800"`: "surrogate", "\"\xff\"": "UTF-8",
		`1e200000`: "numeric", `1e131072`: "numeric", `1e-16384`: "numeric", `0e-16384`: "numeric", `1e99999999999`: "numeric", `-1e2147483647`: "numeric",
		strings.Repeat("[", 20000): "is no JSON",
	} {
		_, err := Of([]byte(document))
		require.ErrorContains(t, err, reason, "%.20s", document)
	}
}

// The text is JSON of the same value, and its own text.
func FuzzOf(f *testing.F) {
	for document := range texts {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		text, err := Of(document)
		if err != nil {
			return
		}
		require.True(t, json.Valid(text), "%q", text)
		again, err := Of(text)
		require.NoError(t, err)
		require.Equal(t, string(text), string(again))
	})
}
