//go:build unix

package devstack

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes the advisory lock of f, which the kernel releases when f is
// closed or the process dies, and says whether it got it.
func tryLock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// mine says whether the file belongs to this process's user.
func mine(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
