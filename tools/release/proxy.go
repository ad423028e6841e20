package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

// checksums are the lines of go.sum for a version of the module in dir.
func checksums(dir, path, version string) ([]string, error) {
	archive, err := os.CreateTemp("", "release-*.zip")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(archive.Name()) }()
	err = zip.CreateFromDir(archive, module.Version{Path: path, Version: version}, dir)
	if closeErr := archive.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	all, err := dirhash.HashZip(archive.Name(), dirhash.Hash1)
	if err != nil {
		return nil, err
	}
	file, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return os.Open(filepath.Join(dir, "go.mod")) })
	if err != nil {
		return nil, err
	}
	return []string{path + " " + version + " " + all, path + " " + version + "/go.mod " + file}, nil
}

// writeProxy writes the tagged modules of a version as a module proxy of files.
func writeProxy(ctx context.Context, r repository, version, proxy string) error {
	if err := checkVersion(version); err != nil {
		return err
	}
	return r.checkedOut(ctx, "refs/tags/"+version, func(tree repository) error {
		mods, err := readModules(tree.dir)
		if err != nil {
			return err
		}
		for _, m := range mods {
			if _, err := r.git(ctx, "rev-parse", "--verify", "--quiet", "refs/tags/"+m.tag(version)); err != nil {
				return err
			}
			if err := writeVersion(filepath.Join(tree.dir, filepath.FromSlash(m.dir)), m.path(), version, proxy); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeVersion(dir, path, version, proxy string) error {
	escaped, err := module.EscapePath(path)
	if err != nil {
		return err
	}
	to := filepath.Join(proxy, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	file, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return err
	}
	info, err := json.Marshal(map[string]any{"Version": version, "Time": time.Now().UTC()})
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{"list": []byte(version + "\n"), version + ".info": info, version + ".mod": file} {
		if err := os.WriteFile(filepath.Join(to, name), text, 0o644); err != nil {
			return err
		}
	}
	archive, err := os.Create(filepath.Join(to, version+".zip"))
	if err != nil {
		return err
	}
	err = zip.CreateFromDir(archive, module.Version{Path: path, Version: version}, dir)
	if closeErr := archive.Close(); err == nil {
		err = closeErr
	}
	return err
}
