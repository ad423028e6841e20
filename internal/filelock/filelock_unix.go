//go:build unix && !solaris && !aix

// Package filelock locks files against other processes.
package filelock

import (
	"errors"
	"os"
	"syscall"
)

// Try takes the advisory lock of f, which the kernel releases when f is closed
// or the process dies, and says whether it got it.
func Try(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
