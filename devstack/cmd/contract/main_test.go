package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

const roles = `
do $$ begin
  if not exists (select from pg_roles where rolname = 'anon') then create role anon nologin; end if;
end $$;
grant usage on schema public to anon;
`

func TestDumpThenDiff(t *testing.T) {
	url := pgtest.Database(t, roles+`
create view public.v_one as select 1 as one;
grant select on public.v_one to anon;
create function public.rpc_one(p_x int default 1) returns int language sql stable as 'select p_x';`)
	var out, errs bytes.Buffer

	require.NoError(t, run(t.Context(), []string{"dump", "-database-url", url, "-version", "v1"}, &out, &errs))

	want := `{
"version": "v1",
"views": [
{"schema": "public", "name": "v_one", "kind": "view", "select": ["anon"], "columns": [{"name": "one", "type": "integer", "nullable": false}]}
],
"functions": [
{"schema": "public", "name": "rpc_one", "volatility": "stable", "execute": ["anon"], "args": [{"name": "p_x", "type": "integer", "required": false, "default": "1"}], "returns": {"kind": "scalar", "type": "integer"}}
]
}
`
	require.Equal(t, strings.Split(want, "\n"), strings.Split(out.String(), "\n"))
	file := filepath.Join(t.TempDir(), "schema.json")
	require.NoError(t, os.WriteFile(file, out.Bytes(), 0o600))

	out.Reset()
	require.NoError(t, run(t.Context(), []string{"diff", "-database-url", url, "-against", file}, &out, &errs))
	require.Empty(t, out.String())

	other := pgtest.Database(t, roles+`
create view public.v_one as select null::int as one;
grant select on public.v_one to anon;`)
	require.ErrorIs(t, run(t.Context(), []string{"diff", "-database-url", other, "-against", file}, &out, &errs), errDiffers)
	require.Equal(t, "view public.v_one: column one: may be null now\nfunction public.rpc_one: removed\n", out.String())

	out.Reset()
	require.ErrorIs(t, run(t.Context(), []string{"diff", "-covered", "-database-url", other, "-against", file}, &out, &errs), errDiffers)
	require.Equal(t, "view public.v_one: column one: may be null now\n", out.String())
}

func TestBadCommandLines(t *testing.T) {
	for name, args := range map[string][]string{
		"nothing":         {},
		"unknown command": {"apply"},
		"unknown flag":    {"dump", "-x"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			require.ErrorIs(t, run(t.Context(), args, &out, &errs), flag.ErrHelp)
			require.Empty(t, out.String())
			require.NotEmpty(t, errs.String())
		})
	}
	var out, errs bytes.Buffer
	require.ErrorContains(t, run(t.Context(), []string{"diff", "-against", "no-such-file"}, &out, &errs), "no-such-file")
	require.ErrorContains(t, run(t.Context(), []string{"dump", "now"}, &out, &errs), `unexpected argument "now"`)
}
