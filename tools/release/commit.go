package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// A repository is a git repository by a directory of its working tree.
type repository struct{ dir string }

func (r repository) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = r.dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// checkedOut runs fn in a working tree of its own.
func (r repository) checkedOut(ctx context.Context, commit string, fn func(tree repository) error) (err error) {
	parent, err := os.MkdirTemp("", "release-")
	if err != nil {
		return err
	}
	tree := repository{dir: filepath.Join(parent, "tree")}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		_, gitErr := r.git(ctx, "worktree", "remove", "--force", tree.dir)
		rmErr := os.RemoveAll(parent)
		for _, e := range []error{gitErr, rmErr} {
			if err == nil {
				err = e
			}
		}
	}()
	if _, err := r.git(ctx, "worktree", "add", "--quiet", "--detach", tree.dir, commit); err != nil {
		return err
	}
	return fn(tree)
}

// makeRelease makes the commit of a version beside the branch, and its tags, which
// it returns: all of them or none.
func makeRelease(ctx context.Context, r repository, version string) ([]string, error) {
	if err := checkVersion(version); err != nil {
		return nil, err
	}
	changed, err := r.git(ctx, "status", "--porcelain")
	if err != nil {
		return nil, err
	}
	if changed != "" {
		return nil, fmt.Errorf("the working tree has changes that are not committed")
	}
	var tags []string
	err = r.checkedOut(ctx, "HEAD", func(tree repository) error {
		if err := checkChangelog(tree.dir, version); err != nil {
			return err
		}
		mods, err := readModules(tree.dir)
		if err != nil {
			return err
		}
		names := make([]string, len(mods))
		for i, m := range mods {
			names[i] = m.tag(version)
			if _, err := r.git(ctx, "rev-parse", "--verify", "--quiet", "refs/tags/"+names[i]); err == nil {
				return fmt.Errorf("the tag %s is there already", names[i])
			}
		}
		if err := nameVersions(tree.dir, mods, version); err != nil {
			return err
		}
		if _, err := tree.git(ctx, "add", "--all"); err != nil {
			return err
		}
		if _, err := tree.git(ctx, "commit", "--quiet", "--message", "Release "+version); err != nil {
			return err
		}
		for _, tag := range names {
			if _, err := tree.git(ctx, "tag", "--annotate", "--message", tag, tag); err != nil {
				for _, made := range tags {
					_, _ = r.git(context.WithoutCancel(ctx), "tag", "--delete", made)
				}
				return err
			}
			tags = append(tags, tag)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return tags, nil
}

// nameVersions makes the modules need each other by the version, with the checksums
// that whoever gets them will find, and gives each the license.
func nameVersions(root string, mods []mod, version string) error {
	license, err := os.ReadFile(filepath.Join(root, "LICENSE"))
	if err != nil {
		return err
	}
	sums := map[string][]string{}
	for _, m := range mods {
		dir := filepath.Join(root, filepath.FromSlash(m.dir))
		var needed []string
		for _, other := range mods {
			p := other.path()
			if !slices.ContainsFunc(m.file.Require, func(r *modfile.Require) bool { return r.Mod.Path == p }) {
				continue
			}
			needed = append(needed, sums[p]...)
			if err := m.file.AddRequire(p, version); err != nil {
				return err
			}
		}
		for _, old := range slices.Clone(m.file.Replace) {
			if strings.HasPrefix(old.New.Path, ".") {
				if err := m.file.DropReplace(old.Old.Path, old.Old.Version); err != nil {
					return err
				}
			}
		}
		m.file.Cleanup()
		text, err := m.file.Format()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), text, 0o644); err != nil {
			return err
		}
		if err := addSums(filepath.Join(dir, "go.sum"), needed); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "LICENSE"), license, 0o644); err != nil {
			return err
		}
		if sums[m.path()], err = checksums(dir, m.path(), version); err != nil {
			return err
		}
	}
	return nil
}

// addSums puts lines into a go.sum.
func addSums(name string, lines []string) error {
	text, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	all := append(strings.Split(strings.TrimSpace(string(text)), "\n"), lines...)
	slices.Sort(all)
	all = slices.DeleteFunc(slices.Compact(all), func(line string) bool { return line == "" })
	return os.WriteFile(name, []byte(strings.Join(all, "\n")+"\n"), 0o644)
}
