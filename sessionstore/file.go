package sessionstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/sessionstore/internal/poll"
)

// File keeps a refresh token in a file, for the programs of one machine.
//
// Only the owner may read the file. Save writes another one beside it and puts
// that in its place, so that after a crash the file holds the old token or the
// new one. The lock is the operating system's, on a third file, and comes free
// when the process that has it ends. On network file systems it is worth what
// the file system makes of it.
type File struct {
	path string
	turn chan struct{} // whose turn it is in this program
}

// NewFile makes a store of the file at path, which need not be there yet. For
// the file PATH the store also uses PATH.lock and PATH.new.
func NewFile(path string) (*File, error) {
	if path == "" {
		return nil, fmt.Errorf("sessionstore.NewFile: %w: the path is required", workorder.ErrInvalidInput)
	}
	abs, err := filepath.Abs(path) // the program may change its directory
	if err != nil {
		return nil, fmt.Errorf("sessionstore.NewFile: %w", err)
	}
	return &File{abs, make(chan struct{}, 1)}, nil
}

// fileContent is the JSON in the file. The sum tells a token that was cut off or
// changed from a whole one.
type fileContent struct {
	Version      int    `json:"version"`
	RefreshToken string `json:"refresh_token"`
	SHA256       string `json:"sha256"`
}

const (
	fileVersion = 1
	maxFile     = 1 << 20
)

// Load implements workorder.SessionStore. Fails with [ErrDamaged] when the file
// holds something else, and with the error of package os when it cannot be read.
func (f *File) Load(ctx context.Context) (string, error) {
	if err := f.usable(ctx); err != nil {
		return "", err
	}
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("sessionstore: %w", err)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return "", fmt.Errorf("sessionstore: %w", err)
	}
	var c fileContent
	switch {
	case len(raw) == 0:
		return "", f.damaged("it is empty")
	case len(raw) > maxFile || json.Unmarshal(raw, &c) != nil: // whose error would quote the file
		return "", f.damaged("it is not what Save wrote, or not all of it")
	case c.Version != fileVersion:
		return "", f.damaged(fmt.Sprintf("it is of version %d, this program knows %d", c.Version, fileVersion))
	case c.RefreshToken == "" || c.SHA256 != sum(c.RefreshToken):
		return "", f.damaged("the refresh token is not the one that Save wrote")
	}
	return c.RefreshToken, nil
}

func (f *File) usable(ctx context.Context) error {
	if f.turn == nil {
		return fmt.Errorf("sessionstore: %w: a File is made by NewFile", workorder.ErrInvalidInput)
	}
	return ctx.Err()
}

func (f *File) damaged(why string) error {
	return fmt.Errorf("%w: %s: %s", ErrDamaged, f.path, why)
}

func sum(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

// Save implements workorder.SessionStore. It returns when the disk has the
// token. An empty token removes the file.
func (f *File) Save(ctx context.Context, refreshToken string) error {
	if err := f.usable(ctx); err != nil {
		return err
	}
	if err := f.save(ctx, refreshToken); err != nil {
		return fmt.Errorf("sessionstore: %w", err)
	}
	return nil
}

func (f *File) save(ctx context.Context, refreshToken string) error {
	if refreshToken == "" {
		if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return f.syncDir()
	}
	raw, err := json.Marshal(fileContent{fileVersion, refreshToken, sum(refreshToken)})
	if err != nil {
		return err
	}
	if err := f.makeDir(); err != nil {
		return err
	}
	next := f.path + ".new"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a program that died
		return err
	}
	err = writeSynced(next, raw)
	if err == nil {
		err = ctx.Err() // the disk may have taken long
	}
	if err == nil {
		err = os.Rename(next, f.path)
	}
	if err != nil {
		_ = os.Remove(next)
		return err
	}
	return f.syncDir()
}

// writeSynced makes a file that only the owner may read.
func writeSynced(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func (f *File) makeDir() error { return os.MkdirAll(filepath.Dir(f.path), 0o700) }

// syncDir makes the renaming last, where directories can be synced.
func (f *File) syncDir() error {
	dir, err := os.Open(filepath.Dir(f.path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) && !noDirSync {
		return err
	}
	return nil
}

// Lock implements workorder.SessionLocker.
func (f *File) Lock(ctx context.Context) (unlock func(), err error) {
	if err := f.usable(ctx); err != nil {
		return nil, err
	}
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	file, err := f.lock(ctx)
	if err != nil {
		<-f.turn
		return nil, fmt.Errorf("sessionstore: %w", err)
	}
	return sync.OnceFunc(func() {
		_ = file.Close() // which unlocks it
		<-f.turn
	}), nil
}

func (f *File) lock(ctx context.Context) (*os.File, error) {
	if err := f.makeDir(); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(f.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = poll.Until(ctx, time.Millisecond, 5*time.Millisecond, func() (bool, error) { return tryLock(file) })
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}
