package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const version = "v0.999.0"

// clone makes a repository of what is committed in this one, ready for a release.
func clone(t *testing.T) repository {
	t.Helper()
	here := repository{dir: "."}
	top, err := here.git(t.Context(), "rev-parse", "--show-toplevel")
	if err != nil {
		t.Skip("this is no git repository")
	}
	r := repository{dir: filepath.Join(t.TempDir(), "clone")}
	_, err = here.git(t.Context(), "clone", "--quiet", "file://"+filepath.ToSlash(top), r.dir)
	require.NoError(t, err)
	git(t, r, "config", "user.name", "Releaser")
	git(t, r, "config", "user.email", "releaser@example.com")
	changelog := filepath.Join(r.dir, "CHANGELOG.md")
	text, err := os.ReadFile(changelog)
	require.NoError(t, err)
	text = bytes.Replace(text, []byte("## Unreleased\n"), []byte("## Unreleased\n\n## 0.999.0 - 2026-01-31\n"), 1)
	require.NoError(t, os.WriteFile(changelog, text, 0o644))
	git(t, r, "commit", "--quiet", "--all", "--message", "Changelog")
	return r
}

func git(t *testing.T, r repository, args ...string) string {
	t.Helper()
	out, err := r.git(t.Context(), args...)
	require.NoError(t, err)
	return out
}

// A module outside the repository gets the modules of a release without a replace
// line, and works with them.
func TestModulesOutsideGetARelease(t *testing.T) {
	r := clone(t)
	head := git(t, r, "rev-parse", "HEAD")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), r.dir, []string{version}, &out))
	require.Contains(t, out.String(), "git push origin v0.999.0")

	require.Equal(t, head, git(t, r, "rev-parse", "HEAD"), "the branch stays where it was")
	require.Empty(t, git(t, r, "status", "--porcelain"))
	require.Equal(t, head, git(t, r, "rev-parse", version+"^{commit}~"))
	mods, err := readModules(r.dir)
	require.NoError(t, err)
	require.Greater(t, len(mods), 3)
	for _, m := range mods {
		text := git(t, r, "show", m.tag(version)+":"+strings.TrimPrefix(m.dir+"/go.mod", "/"))
		require.NotContains(t, text, "=> .")
		require.NotContains(t, text, "v0.0.0\n")
	}
	require.ErrorContains(t, run(t.Context(), r.dir, []string{version}, &out), "is there already")

	proxy := t.TempDir()
	require.NoError(t, run(t.Context(), r.dir, []string{"-proxy", proxy, version}, &out))

	outside := t.TempDir()
	require.NoError(t, os.CopyFS(outside, os.DirFS("testdata/outside")))
	require.NoError(t, os.Rename(filepath.Join(outside, "go.mod.txt"), filepath.Join(outside, "go.mod")))
	cache := t.TempDir()
	for _, args := range [][]string{
		{"get", "github.com/workorder-systems/sdk-go@" + version, "github.com/workorder-systems/sdk-go/devstack@" + version,
			"github.com/workorder-systems/sdk-go/export/parquet@" + version},
		{"mod", "tidy"},
		{"mod", "verify"},
		{"vet", "./..."},
		{"run", "."},
	} {
		out := goTool(t, outside, proxy, cache, args...)
		if args[0] == "run" {
			require.Equal(t, "tenants: 0\n", out)
		}
	}
	// Commands can be run by their version, which wants no replace line in them.
	require.Contains(t, goTool(t, outside, proxy, cache, "run", "github.com/workorder-systems/sdk-go/devstack/cmd/devstack@"+version,
		"-port", "0", "sh", "-c", "echo up at $SUPABASE_URL"), "up at http://")
}

// goTool runs the go command outside the workspace, with the release's modules from
// the proxy and others from where this machine has them.
func goTool(t *testing.T, dir, proxy, cache string, args ...string) string {
	t.Helper()
	env := func(name string) string {
		out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
		require.NoError(t, err)
		return strings.TrimSpace(string(out))
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		"GOWORK=off", "GOFLAGS=-modcacherw", "GOMODCACHE="+cache, "GONOSUMDB=github.com/workorder-systems/*",
		"GOPROXY=file://"+filepath.ToSlash(proxy)+",file://"+filepath.ToSlash(env("GOMODCACHE"))+"/cache/download,"+env("GOPROXY"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "go %s: %s", strings.Join(args, " "), &stderr)
	return string(out)
}

func TestWhatIsNotReleased(t *testing.T) {
	r := clone(t)
	var out bytes.Buffer
	for name, want := range map[string]string{
		"1.0.0":         "no version",
		"v1":            "no version",
		"v1.0":          "no version",
		"v1.0.0+meta":   "no version",
		"v2.0.0":        "needs module paths that end with /v2",
		"v0.998.0":      `no section "## 0.998.0"`,
		"v0.999.0-rc.1": `no section "## 0.999.0-rc.1"`,
	} {
		require.ErrorContains(t, run(t.Context(), r.dir, []string{name}, &out), want, name)
	}
	require.Error(t, run(t.Context(), r.dir, nil, &out))
	require.Error(t, run(t.Context(), r.dir, []string{version, version}, &out))
	require.Error(t, run(t.Context(), r.dir, []string{"-proxy", t.TempDir(), version}, &out), "there is no such tag")

	// All tags or none: one that is in the way leaves none behind.
	git(t, r, "tag", "devstack/"+version)
	require.ErrorContains(t, run(t.Context(), r.dir, []string{version}, &out), "devstack/"+version+" is there already")
	require.Equal(t, "devstack/"+version, git(t, r, "tag", "--list", "*"+version))
	git(t, r, "tag", "--delete", "devstack/"+version)

	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "left.txt"), []byte("x"), 0o644))
	require.ErrorContains(t, run(t.Context(), r.dir, []string{version}, &out), "not committed")
	require.Len(t, strings.Split(git(t, r, "worktree", "list"), "\n"), 1)
}
