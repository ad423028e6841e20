package devstack

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	runDirPrefix = "workorder-devstack-"
	lockName     = "lock"
	dataName     = "data"
	socketName   = "s"
)

// A runDir is the temporary directory of one running cluster. The process that
// made it holds the lock in it for as long as it lives; one whose lock is free
// is left over and anybody may clear it away.
type runDir struct {
	path string
	lock *os.File
}

func (d *runDir) data() string   { return filepath.Join(d.path, dataName) }
func (d *runDir) socket() string { return filepath.Join(d.path, socketName) }

// newRunDir makes a run directory in parent, with an empty data and socket
// directory that belong to the account.
func newRunDir(parent string, a *account) (d *runDir, err error) {
	path, err := os.MkdirTemp(parent, runDirPrefix)
	if err != nil {
		return nil, err
	}
	d = &runDir{path: path}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.remove())
		}
	}()

	// Locked under another name first: the lock file is never seen unlocked.
	fresh := filepath.Join(path, lockName+".new")
	if d.lock, err = os.OpenFile(fresh, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return d, err
	}
	if _, err = tryLock(d.lock); err != nil {
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
	for _, dir := range []string{d.data(), d.socket()} {
		if err = os.Mkdir(dir, 0o700); err != nil {
			return d, err
		}
		if err = a.own(dir); err != nil {
			return d, err
		}
	}
	return d, nil
}

// remove deletes the directory and gives up the lock.
func (d *runDir) remove() error {
	err := os.RemoveAll(d.path)
	if d.lock != nil {
		err = errors.Join(err, d.lock.Close())
	}
	return err
}

// sweep clears away what killed processes left in parent: their PostgreSQL, if it
// still runs, and their run directories.
func sweep(parent string, log *slog.Logger) {
	paths, err := filepath.Glob(filepath.Join(parent, runDirPrefix+"*"))
	if err != nil {
		return
	}
	for _, path := range paths {
		info, err := os.Lstat(path)
		if err != nil || !info.IsDir() || !mine(info) {
			continue
		}
		if err := sweepDir(path, info); err != nil {
			log.Warn("devstack: cannot clear away a stale run directory", "dir", path, "err", err)
		}
	}
}

func sweepDir(path string, info fs.FileInfo) error {
	lock, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// Somebody is just making it, or died while making it.
		if time.Since(info.ModTime()) < time.Minute {
			return nil
		}
		return os.RemoveAll(path)
	case err != nil:
		return err
	}
	defer lock.Close()
	if got, err := tryLock(lock); err != nil || !got {
		return err
	}
	if err := stopLeftover(filepath.Join(path, dataName)); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

// stopLeftover stops the PostgreSQL that still runs on a data directory whose
// owner is gone.
func stopLeftover(data string) error {
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // none runs
	}
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(first))
	if pid <= 1 {
		return nil // no process yet, or not a number
	}
	runs := func() bool { return alive(pid) && strings.Contains(commandLine(pid), data) }
	for _, patience := range []time.Duration{5 * time.Second, 2 * time.Second} {
		if !runs() {
			return nil
		}
		if err := signalProcess(pid, signalImmediate); err != nil {
			return err
		}
		for deadline := time.Now().Add(patience); runs() && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
	}
	if runs() {
		return errors.New("PostgreSQL does not stop")
	}
	return nil
}
