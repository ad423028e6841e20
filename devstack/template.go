package devstack

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/devstack/internal/postgres"
	"github.com/workorder-systems/sdk-go/internal/filelock"
)

const (
	templateExt      = ".tar"
	unfinishedPrefix = "new-"
	keptTemplates    = 6 // of different schemas or PostgreSQL versions
)

// A template is an initialised and migrated data directory, packed into one file
// of the cache so that it appears there at once or not at all.
type template struct {
	path  string
	build func(ctx context.Context, w io.Writer) error
}

// unpack lays the template out in the data directory of dir for the account. It
// builds the template first when the cache lacks it, or holds a broken one.
func (t *template) unpack(ctx context.Context, dir *postgres.RunDir, a *postgres.Account) error {
	for attempt := 0; ; attempt++ {
		if err := t.ensure(ctx); err != nil {
			return err
		}
		err := unpackFile(ctx, t.path, dir.Data(), a)
		if err == nil {
			now := time.Now()
			_ = os.Chtimes(t.path, now, now) // only says which one to keep
			return nil
		}
		if attempt > 0 || ctx.Err() != nil {
			return fmt.Errorf("devstack: unpack %s: %w", t.path, err)
		}
		// Removed by another process between the two steps, or broken: once more.
		if !errors.Is(err, fs.ErrNotExist) {
			if err := os.Remove(t.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if err := dir.ClearData(); err != nil {
			return err
		}
	}
}

// ensure builds the template unless it is in the cache. Of several processes
// that want one at the same time, the first builds and the others wait.
func (t *template) ensure(ctx context.Context) (err error) {
	if _, err := os.Stat(t.path); err == nil {
		return nil
	}
	dir := filepath.Dir(t.path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("devstack: cache: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "build.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("devstack: cache: %w", err)
	}
	defer lock.Close()
	if err := waitLock(ctx, lock); err != nil {
		return err
	}
	if _, err := os.Stat(t.path); err == nil {
		return nil
	}
	pruneTemplates(dir)

	out, err := os.CreateTemp(dir, unfinishedPrefix+"*")
	if err != nil {
		return fmt.Errorf("devstack: cache: %w", err)
	}
	defer func() {
		if err != nil {
			out.Close()
			os.Remove(out.Name())
		}
	}()
	if err = t.build(ctx, out); err != nil {
		return err
	}
	if err = out.Close(); err != nil {
		return fmt.Errorf("devstack: cache: %w", err)
	}
	if err = os.Rename(out.Name(), t.path); err != nil {
		return fmt.Errorf("devstack: cache: %w", err)
	}
	return nil
}

// waitLock waits for the lock of f.
func waitLock(ctx context.Context, f *os.File) error {
	for {
		got, err := filelock.Try(f)
		if err != nil {
			return fmt.Errorf("devstack: lock %s: %w", f.Name(), err)
		}
		if got {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// pruneTemplates makes room for a new template: it removes the ones used longest
// ago and what killed builds left. The caller holds the lock, so no other build is
// under way; whoever reads a template at the moment keeps reading it.
func pruneTemplates(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	var templates []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue
		}
		switch {
		case strings.HasSuffix(e.Name(), templateExt):
			templates = append(templates, info)
		case strings.HasPrefix(e.Name(), unfinishedPrefix):
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	slices.SortFunc(templates, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	for i, info := range templates {
		if i >= keptTemplates-1 {
			os.Remove(filepath.Join(dir, info.Name()))
		}
	}
}

// packDir writes the files of dir to w.
func packDir(w io.Writer, dir string) error {
	tw := tar.NewWriter(w)
	if err := tw.AddFS(os.DirFS(dir)); err != nil {
		return err
	}
	return tw.Close()
}

func unpackFile(ctx context.Context, path, dir string, a *postgres.Account) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()

	for tr, files := tar.NewReader(f), 0; ; files++ {
		h, err := tr.Next()
		if err == io.EOF {
			if files == 0 {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := unpackEntry(root, h, tr); err != nil {
			return err
		}
		if a != nil {
			if err := root.Lchown(filepath.Clean(h.Name), a.UID, a.GID); err != nil {
				return err
			}
		}
	}
}

func unpackEntry(root *os.Root, h *tar.Header, r io.Reader) error {
	name := filepath.Clean(h.Name)
	if h.Typeflag == tar.TypeDir {
		if name == "." {
			return nil
		}
		return root.Mkdir(name, 0o700)
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// platform tells data directories of different machines apart that share a cache.
const platform = runtime.GOOS + "/" + runtime.GOARCH
