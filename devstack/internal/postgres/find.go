package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// MinMajor is the oldest version that is new enough.
const MinMajor = 15

// ErrNotFound says that there is no usable PostgreSQL.
var ErrNotFound = errors.New("no PostgreSQL 15 or newer")

// installDirs are the places where packages put the server's programs, which
// they keep off the PATH.
var installDirs = []string{
	"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu, Alpine
	"/usr/lib/postgresql*/bin",                           // openSUSE
	"/usr/libexec/postgresql*",                           // Alpine
	"/usr/pgsql-*/bin",                                   // Red Hat, from postgresql.org
	"/opt/homebrew/opt/postgresql*/bin",                  // Homebrew on Apple silicon
	"/usr/local/opt/postgresql*/bin",                     // Homebrew on Intel
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",     // Homebrew on Linux
	"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
	"/usr/local/pgsql/bin",                               // built from source
}

// Find looks for a PostgreSQL server that is new enough, on the PATH first.
func Find() (*Installation, error) { return FindIn(os.Getenv("PATH"), installDirs) }

// FindIn takes the first usable installation on path, else the newest of the
// directories that the patterns match. The error lists what was too old.
func FindIn(path string, patterns []string) (*Installation, error) {
	var old []string
	usable := func(dir string) *Installation {
		inst, err := Inspect(dir)
		if err != nil {
			return nil
		}
		if inst.Major < MinMajor {
			old = append(old, fmt.Sprintf("%s is %s", dir, inst.Version))
			return nil
		}
		return inst
	}

	for _, dir := range filepath.SplitList(path) {
		if inst := usable(dir); inst != nil {
			return inst, nil
		}
	}
	var found []*Installation
	for _, pattern := range patterns {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
		for _, dir := range dirs {
			if inst := usable(dir); inst != nil {
				found = append(found, inst)
			}
		}
	}
	if len(found) == 0 {
		if len(old) > 0 {
			return nil, fmt.Errorf("%w (%s)", ErrNotFound, strings.Join(old, "; "))
		}
		return nil, ErrNotFound
	}
	return slices.MaxFunc(found, func(a, b *Installation) int { return cmp.Compare(a.Major, b.Major) }), nil
}
