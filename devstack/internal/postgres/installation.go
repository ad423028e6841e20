// Package postgres finds PostgreSQL's programs on this machine and runs servers
// for as long as this process lives and wants them: fast, forgetful, never as
// root, and without a trace afterwards.
//
//	inst, err := postgres.Find()
//	owner, err := postgres.Unprivileged()
//	dir, err := postgres.NewRunDir(postgres.TempDir(), owner)
//	defer dir.Remove()
//	err = inst.Init(ctx, dir, owner)
//	server, err := postgres.Start(ctx, postgres.Config{Installation: inst, Dir: dir, Owner: owner})
//	defer server.Abort()
package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// An Installation is a directory with PostgreSQL's programs.
type Installation struct {
	Bin     string // the directory
	Version string // as the server prints it
	Major   int
}

// Program returns the path of one of the programs.
func (i *Installation) Program(name string) string { return filepath.Join(i.Bin, name) }

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

// Inspect says which PostgreSQL dir holds, and fails when it holds none or lacks initdb.
func Inspect(dir string) (*Installation, error) {
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
	return &Installation{Bin: dir, Version: string(m[1]), Major: major}, nil
}
