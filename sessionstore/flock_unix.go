//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package sessionstore

import (
	"errors"
	"os"
	"syscall"
)

const noDirSync = false

// tryLock locks an open file against everybody who opened it another time.
// Closing it, or the end of the process, unlocks it.
func tryLock(f *os.File) (locked bool, err error) {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, &os.PathError{Op: "flock", Path: f.Name(), Err: err}
		}
	}
}
