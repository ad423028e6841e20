package postgres

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/workorder-systems/sdk-go/internal/filelock"
)

const (
	runDirPrefix = "workorder-devstack-"
	lockName     = "lock"
	dataName     = "data"
	socketName   = "s"
)

// A RunDir is the temporary directory of one running server. The process that
// made it holds the lock in it for as long as it lives; one whose lock is free
// is left over and anybody may clear it away.
type RunDir struct {
	path string
	lock *os.File
}

// Path is the directory itself, where other files can lie beside the server's.
func (d *RunDir) Path() string { return d.path }

// Data is the server's data directory.
func (d *RunDir) Data() string { return filepath.Join(d.path, dataName) }

// socket is the directory of the server's socket.
func (d *RunDir) socket() string { return filepath.Join(d.path, socketName) }

// NewRunDir makes a run directory in parent, with an empty data and socket
// directory that belong to the account.
func NewRunDir(parent string, a *Account) (d *RunDir, err error) {
	path, err := os.MkdirTemp(parent, runDirPrefix)
	if err != nil {
		return nil, err
	}
	d = &RunDir{path: path}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Remove())
		}
	}()

	// Locked under another name first: the lock file is never seen unlocked.
	fresh := filepath.Join(path, lockName+".new")
	if d.lock, err = os.OpenFile(fresh, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return d, err
	}
	if _, err = filelock.Try(d.lock); err != nil {
		return d, err
	}
	if err = os.Rename(fresh, filepath.Join(path, lockName)); err != nil {
		return d, err
	}
	if a != nil {
		if err = os.Chmod(path, 0o711); err != nil { // the account passes through
			return d, err
		}
	}
	for _, dir := range []string{d.Data(), d.socket()} {
		if err = os.Mkdir(dir, 0o700); err != nil {
			return d, err
		}
		if err = a.own(dir); err != nil {
			return d, err
		}
	}
	return d, nil
}

// ClearData empties the data directory.
func (d *RunDir) ClearData() error {
	entries, err := os.ReadDir(d.Data())
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(d.Data(), e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Remove deletes the directory and gives up the lock.
func (d *RunDir) Remove() error {
	err := os.RemoveAll(d.path)
	if d.lock != nil {
		err = errors.Join(err, d.lock.Close())
	}
	return err
}

// Abandon gives up the lock and leaves the directory, as a process that is killed
// does. The next [Sweep] clears it away.
func (d *RunDir) Abandon() { _ = d.lock.Close() }
