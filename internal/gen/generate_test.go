package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/contract"
)

var update = flag.Bool("update", false, "write the golden files anew")

// small is a map for testdata/schema.json with one of everything.
var small = pkg{
	Dir: "small",
	Views: []view{
		{
			Name: "v_api_keys", Row: "APIKey", List: "APIKeys", Doc: "a key of the tenant that machines use to send readings",
			Order: []string{"created_at desc", "name"},
			Types: map[string]string{"kind": "KeyKind"},
			Docs:  map[string]string{"opens_at": "time of day"},
		},
		{Name: "v_api_keys", Row: "APIKeySummary", List: "APIKeys.Summaries", Doc: "a key in short", Key: []string{"tenant_id", "id"}, Columns: []string{"tenant_id", "id", "name"}},
		{Name: "reporting.dim_time", Row: "Day", List: "Analytics.Days", Doc: "a day", Key: []string{"date"}},
	},
	RPCs: []rpc{
		{Name: "rpc_clear"},
		{
			Name: "rpc_create_api_key", Null: []string{"p_owner_id"}, Omit: []string{"p_is_active"}, Key: "p_request_id",
			Types: map[string]string{"p_kind": "KeyKind"},
		},
		{Name: "rpc_events", Result: &result{
			Row: "Event", Doc: "something that happened", NotNull: []string{"id"},
			Columns: []field{{"id", "uuid"}, {"payload", "jsonb"}},
			Docs:    map[string]string{"payload": "free"},
		}},
		{Name: "rpc_similar", Result: &result{Row: "SimilarAsset", Doc: "an asset like another", NotNull: []string{"asset_id"}}},
	},
}

func smallSchema(t *testing.T) *contract.Schema {
	t.Helper()
	s, err := contract.ReadFile("testdata/schema.json")
	require.NoError(t, err)
	return s
}

func TestGenerateGolden(t *testing.T) {
	files, err := Generate(smallSchema(t), []pkg{small})
	require.NoError(t, err)
	require.Len(t, files, 2)
	for _, f := range files {
		golden := filepath.Join("testdata", filepath.Base(f.Name)+".golden")
		if *update {
			require.NoError(t, os.WriteFile(golden, f.Data, 0o644))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		require.Equal(t, string(want), string(f.Data), f.Name)
	}
}

func TestGenerateIsDeterministic(t *testing.T) {
	schema := smallSchema(t)
	first, err := Generate(schema, []pkg{small})
	require.NoError(t, err)
	for range 10 {
		again, err := Generate(schema, []pkg{small})
		require.NoError(t, err)
		require.Equal(t, first, again)
	}
}

func TestGeneratedCodeIsUpToDate(t *testing.T) {
	schema, err := contract.ReadFile(filepath.Join(rootDir, "contract", "schema.json"))
	require.NoError(t, err)
	files, err := Generate(schema, packages)
	require.NoError(t, err)
	for _, f := range files {
		have, err := os.ReadFile(filepath.Join(rootDir, filepath.FromSlash(f.Name)))
		require.NoError(t, err)
		require.True(t, bytes.Equal(have, f.Data), "%s is stale: run go generate", f.Name)
	}
}

func TestRunWritesOnlyWhatChanged(t *testing.T) {
	root := t.TempDir()
	data, err := os.ReadFile(filepath.Join(rootDir, "contract", "schema.json"))
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(root, "contract"), 0o755))
	for _, p := range packages {
		require.NoError(t, os.Mkdir(filepath.Join(root, p.Dir), 0o755))
	}
	require.NoError(t, os.WriteFile(filepath.Join(root, "contract", "schema.json"), data, 0o600))

	require.NoError(t, run(root))
	name := filepath.Join(root, "org", "rows_gen.go")
	before, err := os.Stat(name)
	require.NoError(t, err)
	require.NoError(t, run(root))
	after, err := os.Stat(name)
	require.NoError(t, err)
	require.Equal(t, before.ModTime(), after.ModTime())

	require.NoError(t, os.Remove(filepath.Join(root, "contract", "schema.json")))
	require.ErrorContains(t, run(root), "schema.json")
}

func TestGenerateRejectsAMapThatDoesNotFit(t *testing.T) {
	for name, tc := range map[string]struct {
		pkg  pkg
		want string
	}{
		"unknown view":     {pkg{Views: []view{{Name: "v_gone", Row: "X"}}}, "no view public.v_gone"},
		"unknown function": {pkg{RPCs: []rpc{{Name: "rpc_gone"}}}, "no function public.rpc_gone"},
		"unknown column":   {pkg{Views: []view{{Name: "v_api_keys", Row: "X", Columns: []string{"gone"}}}}, "no column gone"},
		"unknown key":      {pkg{Views: []view{{Name: "v_api_keys", Row: "X", Key: []string{"gone"}}}}, `"gone"`},
		"nullable key":     {pkg{Views: []view{{Name: "v_api_keys", Row: "X", Key: []string{"kind"}}}}, "may be null"},
		"unknown order":    {pkg{Views: []view{{Name: "v_api_keys", Row: "X", Order: []string{"gone desc"}}}}, `"gone"`},
		"nullable order":   {pkg{Views: []view{{Name: "v_api_keys", Row: "X", Order: []string{"kind"}}}}, "may be null"},
		"odd order":        {pkg{Views: []view{{Name: "v_api_keys", Row: "X", Order: []string{"name up"}}}}, "neither"},
		"unknown type":     {pkg{Views: []view{{Name: "v_api_keys", Row: "X", Types: map[string]string{"gone": "Y"}}}}, `"gone"`},
		"unknown doc":      {pkg{Views: []view{{Name: "v_api_keys", Row: "X", Docs: map[string]string{"gone": "y"}}}}, `"gone"`},
		"null of optional": {pkg{RPCs: []rpc{{Name: "rpc_create_api_key", Null: []string{"p_kind"}}}}, `"p_kind"`},
		"omit of required": {pkg{RPCs: []rpc{{Name: "rpc_create_api_key", Omit: []string{"p_name"}}}}, `"p_name"`},
		"key of a list":    {pkg{RPCs: []rpc{{Name: "rpc_create_api_key", Key: "p_tags"}}}, "not an optional text"},
		"scalar result":    {pkg{RPCs: []rpc{{Name: "rpc_clear", Result: &result{Row: "X"}}}}, "scalar"},
		"unknown result":   {pkg{RPCs: []rpc{{Name: "rpc_similar", Result: &result{Row: "X", NotNull: []string{"gone"}}}}}, `"gone"`},
	} {
		t.Run(name, func(t *testing.T) {
			tc.pkg.Dir = "x"
			_, err := Generate(smallSchema(t), []pkg{tc.pkg})
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestUnknownPostgreSQLType(t *testing.T) {
	s := smallSchema(t)
	s.Views[0].Columns[0].Type = "polygon"
	_, err := Generate(s, []pkg{{Dir: "x", Views: []view{{Name: "v_api_keys", Row: "X"}}}})
	require.ErrorContains(t, err, `v_api_keys: column id: no Go type for PostgreSQL type "polygon"`)
}

func TestEveryTypeOfTheContractHasAGoType(t *testing.T) {
	schema, err := contract.ReadFile(filepath.Join(rootDir, "contract", "schema.json"))
	require.NoError(t, err)
	check := func(id, name, pgType string) {
		_, err := goType(pgType)
		require.NoError(t, err, "%s %s", id, name)
	}
	for _, v := range schema.Views {
		for _, c := range v.Columns {
			check(v.ID(), c.Name, c.Type)
		}
	}
	for _, f := range schema.Functions {
		for _, a := range f.Args {
			check(f.ID(), a.Name, a.Type)
		}
		for _, c := range f.Returns.Columns {
			check(f.ID(), c.Name, c.Type)
		}
	}
}
