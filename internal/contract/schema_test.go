package contract

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFormatKeepsTheFileByteForByte(t *testing.T) {
	want, err := os.ReadFile("../../contract/schema.json")
	require.NoError(t, err)
	s, err := Parse(want)
	require.NoError(t, err)

	got, err := s.Format()

	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got), "writing what was read changes the file")
}

func TestFormatWritesEmptyLists(t *testing.T) {
	s := &Schema{
		Version:   "v",
		Views:     []View{{Schema: "public", Name: "v_a", Kind: "view"}},
		Functions: []Function{{Schema: "public", Name: "f", Volatility: "stable", Returns: Returns{Kind: "scalar", Type: "void"}}},
	}

	got, err := s.Format()

	require.NoError(t, err)
	require.Equal(t, strings.Join([]string{
		`{`,
		`"version": "v",`,
		`"views": [`,
		`{"schema": "public", "name": "v_a", "kind": "view", "select": [], "columns": []}`,
		`],`,
		`"functions": [`,
		`{"schema": "public", "name": "f", "volatility": "stable", "execute": [], "args": [], "returns": {"kind": "scalar", "type": "void"}}`,
		`]`,
		`}`, ``,
	}, "\n"), string(got))
}

func TestFormatLeavesTextAlone(t *testing.T) {
	def := `'a,b:"c"\ <x>'::text`
	s := &Schema{Functions: []Function{{Schema: "public", Name: "f", Args: []Arg{{Name: "p", Type: "text", Default: &def}}}}}

	data, err := s.Format()
	require.NoError(t, err)
	require.Contains(t, string(data), `"default": "'a,b:\"c\"\\ <x>'::text"`)

	back, err := Parse(data)
	require.NoError(t, err)
	require.Equal(t, def, *back.Functions[0].Args[0].Default)
}

func TestParseRejectsUnknownKeys(t *testing.T) {
	_, err := Parse([]byte(`{"version":"1","tables":[]}`))
	require.ErrorContains(t, err, "tables")
}

func TestFilterKeepsByQualifiedName(t *testing.T) {
	s := &Schema{
		Views:     []View{{Schema: "public", Name: "a"}, {Schema: "reporting", Name: "a"}},
		Functions: []Function{{Schema: "public", Name: "f"}},
	}
	got := s.Filter(func(id string) bool { return id != "public.a" })
	require.Equal(t, []string{"reporting.a", "public.f"}, got.IDs())
}
