package storage

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// files keeps the bytes of objects: one file per version, never written twice.
// Names of objects are not names of files, so they may hold anything.
type files struct{ dir string }

func (f files) path(version string) string {
	return filepath.Join(f.dir, strings.ReplaceAll(version, string(filepath.Separator), "_"))
}

// write stores what r holds, at most limit bytes unless that is negative, and
// returns how many bytes that is and their MD5. A failed write leaves nothing.
func (f files) write(version string, r io.Reader, limit int64) (size int64, sum string, err error) {
	out, err := os.OpenFile(f.path(version), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, "", err
	}
	defer func() {
		err = errors.Join(err, out.Close())
		if err != nil {
			f.remove(version)
		}
	}()
	if limit >= 0 {
		r = io.LimitReader(r, limit+1)
	}
	h := md5.New() // an entity tag, as S3 makes them
	if size, err = io.Copy(io.MultiWriter(out, h), r); err != nil {
		return 0, "", err
	}
	if limit >= 0 && size > limit {
		return 0, "", tooLarge()
	}
	return size, hex.EncodeToString(h.Sum(nil)), nil
}

// open opens the bytes of a version. A row without a version has none.
func (f files) open(version *string) (*os.File, error) {
	if version == nil || *version == "" {
		return nil, fs.ErrNotExist
	}
	return os.Open(f.path(*version))
}

// duplicate gives the bytes of a version to another one.
func (f files) duplicate(version *string, to string) error {
	in, err := f.open(version)
	if err != nil {
		return err
	}
	defer in.Close()
	if os.Link(in.Name(), f.path(to)) == nil {
		return nil // they never change, so two versions can share them
	}
	_, _, err = f.write(to, in, -1)
	return err
}

// remove deletes the bytes of versions; those that are gone already are fine.
func (f files) remove(versions ...string) {
	for _, version := range versions {
		_ = os.Remove(f.path(version))
	}
}
