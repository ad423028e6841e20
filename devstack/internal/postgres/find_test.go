package postgres

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	install := func(version string) string {
		dir := t.TempDir()
		script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
		for _, name := range []string{"postgres", "initdb"} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755))
		}
		return dir
	}
	old, v15, v18 := install("14.9"), install("15.3 (Debian 15.3-1)"), install("18beta1")
	noInit := install("17.1")
	require.NoError(t, os.Remove(filepath.Join(noInit, "initdb")))
	list := func(dirs ...string) string { return strings.Join(dirs, string(filepath.ListSeparator)) }

	for _, tc := range []struct {
		name     string
		path     string
		patterns []string
		want     string
		err      string
	}{
		{name: "the path comes first", path: list("/nowhere", v15), patterns: []string{v18}, want: v15},
		{name: "too old on the path", path: old, patterns: []string{v15}, want: v15},
		{name: "newest of the directories", patterns: []string{v15, v18, old}, want: v18},
		{name: "without initdb", path: noInit, patterns: []string{v15}, want: v15},
		{name: "only old ones", path: old, err: "no PostgreSQL 15 or newer (" + old + " is 14.9)"},
		{name: "none", path: noInit, err: "no PostgreSQL 15 or newer"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inst, err := FindIn(tc.path, tc.patterns)
			if tc.err != "" {
				require.ErrorIs(t, err, ErrNotFound)
				require.EqualError(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, inst.Bin)
		})
	}
}

// What the Makefile's script does not find, it installs a second time.
func TestMakeLooksInTheSamePlaces(t *testing.T) {
	script, err := os.ReadFile("../../../tools/postgres.sh")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("not in the repository")
	}
	require.NoError(t, err)
	for _, dir := range installDirs {
		require.Contains(t, string(script), "\t"+dir+"/postgres")
	}
}
