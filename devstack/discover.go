package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const minPostgres = 15

// ErrNoPostgres says that no usable PostgreSQL was found, on the machine or
// elsewhere; the error around it says what to install.
var ErrNoPostgres = errors.New("no PostgreSQL 15 or newer")

const installHint = `install it (Debian, Ubuntu: apt-get install postgresql; Homebrew: brew install postgresql@17; ` +
	`Fedora: dnf install postgresql-server) or set ` + DatabaseURLEnv + ` to a server where you are superuser`

// An installation is a directory with PostgreSQL's programs.
type installation struct {
	bin     string // the directory
	version string // as the server prints it
	major   int
}

func (i *installation) program(name string) string { return filepath.Join(i.bin, name) }

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

// findPostgres looks for a PostgreSQL server that is new enough.
func findPostgres() (*installation, error) { return findPostgresIn(os.Getenv("PATH"), installDirs) }

// findPostgresIn takes the first usable installation on path, else the newest of
// the directories that the patterns match. The error lists what was too old.
func findPostgresIn(path string, patterns []string) (*installation, error) {
	var old []string
	usable := func(dir string) *installation {
		inst, err := inspect(dir)
		if err != nil {
			return nil
		}
		if inst.major < minPostgres {
			old = append(old, fmt.Sprintf("%s is %s", dir, inst.version))
			return nil
		}
		return inst
	}

	for _, dir := range filepath.SplitList(path) {
		if inst := usable(dir); inst != nil {
			return inst, nil
		}
	}
	var found []*installation
	for _, pattern := range patterns {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("devstack: pattern %q: %w", pattern, err)
		}
		for _, dir := range dirs {
			if inst := usable(dir); inst != nil {
				found = append(found, inst)
			}
		}
	}
	if len(found) == 0 {
		if len(old) > 0 {
			return nil, fmt.Errorf("%w (%s)", ErrNoPostgres, strings.Join(old, "; "))
		}
		return nil, ErrNoPostgres
	}
	return slices.MaxFunc(found, func(a, b *installation) int { return cmp.Compare(a.major, b.major) }), nil
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

// inspect says which PostgreSQL dir holds, and fails when it holds none or lacks initdb.
func inspect(dir string) (*installation, error) {
	server := filepath.Join(dir, "postgres")
	for _, program := range []string{server, filepath.Join(dir, "initdb")} {
		if _, err := os.Stat(program); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, server, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --version: %w", server, err)
	}
	m := versionPattern.FindSubmatch(out)
	if m == nil {
		return nil, fmt.Errorf("%s --version: %q names no version", server, out)
	}
	major, err := strconv.Atoi(string(m[2]))
	if err != nil {
		return nil, err
	}
	return &installation{bin: dir, version: string(m[1]), major: major}, nil
}

// locate finds PostgreSQL on the machine, else downloads it into the cache.
func (c *config) locate(ctx context.Context) (*installation, error) {
	inst, err := c.find()
	if err == nil {
		return inst, nil
	}
	if !errors.Is(err, ErrNoPostgres) {
		return nil, err
	}
	c.logger.InfoContext(ctx, "devstack: no PostgreSQL on this machine, downloading one")

	type result struct {
		bin string
		err error
	}
	done := make(chan result, 1) // the download knows no context
	go func() {
		bin, err := c.download(filepath.Join(c.cacheDir, "postgres"))
		done <- result{bin, err}
	}()
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case r := <-done:
		if r.err != nil {
			return nil, fmt.Errorf("devstack: %w on this machine, and the download failed (%w): %s", err, r.err, installHint)
		}
		return inspect(r.bin)
	}
}
