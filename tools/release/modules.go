package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// unreleased are the modules that are for work in the repository only.
var unreleased = []string{"integration", "tools"}

// A mod is one module of the repository.
type mod struct {
	dir  string // below the root, with slashes; "" is the root
	file *modfile.File
}

func (m mod) path() string { return m.file.Module.Mod.Path }

// tag is the name of the version of the module, which Go looks for.
func (m mod) tag(version string) string { return path.Join(m.dir, version) }

// readModules gives the modules that users get, each behind those that it needs.
func readModules(root string) ([]mod, error) {
	work, err := readWork(filepath.Join(root, "go.work"))
	if err != nil {
		return nil, err
	}
	var found []mod
	for _, use := range work.Use {
		dir := path.Clean(filepath.ToSlash(use.Path))
		if slices.Contains(unreleased, dir) {
			continue
		}
		if dir == "." {
			dir = ""
		}
		name := filepath.Join(root, filepath.FromSlash(dir), "go.mod")
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := modfile.Parse(name, text, nil)
		if err != nil {
			return nil, err
		}
		found = append(found, mod{dir, file})
	}
	return inOrder(found)
}

func readWork(name string) (*modfile.WorkFile, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return modfile.ParseWork(name, text, nil)
}

// inOrder sorts modules by what they need of each other.
func inOrder(mods []mod) ([]mod, error) {
	var done []mod
	known := func(list []mod, path string) bool {
		return slices.ContainsFunc(list, func(m mod) bool { return m.path() == path })
	}
	for len(done) < len(mods) {
		before := len(done)
		for _, m := range mods {
			if known(done, m.path()) {
				continue
			}
			ready := true
			for _, r := range m.file.Require {
				if known(mods, r.Mod.Path) && !known(done, r.Mod.Path) {
					ready = false
				}
			}
			if ready {
				done = append(done, m)
			}
		}
		if len(done) == before {
			return nil, fmt.Errorf("modules need each other in a circle")
		}
	}
	return done, nil
}

// checkVersion accepts what the modules, whose paths have no /v2, can have.
func checkVersion(version string) error {
	if !semver.IsValid(version) || semver.Canonical(version) != version || semver.Build(version) != "" {
		return fmt.Errorf("%q is no version such as v0.3.0", version)
	}
	if major := semver.Major(version); major != "v0" && major != "v1" {
		return fmt.Errorf("%s needs module paths that end with /%s", version, major)
	}
	return nil
}

// checkChangelog wants a section for the version.
func checkChangelog(root, version string) error {
	text, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "## "+strings.TrimPrefix(version, "v")); ok && (strings.TrimSpace(rest) == "" || rest[0] == ' ') {
			return nil
		}
	}
	return fmt.Errorf("CHANGELOG.md has no section \"## %s\"", strings.TrimPrefix(version, "v"))
}
