package postgres

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/filelock"
)

// Sweep clears away what killed processes left in parent: their PostgreSQL, if it
// still runs, and their run directories.
func Sweep(parent string, log *slog.Logger) {
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
	if got, err := filelock.Try(lock); err != nil || !got {
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
