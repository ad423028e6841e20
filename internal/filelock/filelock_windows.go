// Package filelock locks files against other processes.
package filelock

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

var lockFileEx = syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")

const (
	failImmediately = 0x1
	exclusive       = 0x2
	lockViolation   = syscall.Errno(33)
)

// Try takes the lock of f, which the system releases when f is closed or the
// process dies, and says whether it got it. Windows enforces its locks, so it
// locks a byte behind everything that a file can hold.
func Try(f *os.File) (bool, error) {
	at := syscall.Overlapped{Offset: 0xffffffff, OffsetHigh: 0x7fffffff}
	ok, _, err := lockFileEx.Call(f.Fd(), exclusive|failImmediately, 0, 1, 0, uintptr(unsafe.Pointer(&at)))
	if ok != 0 {
		return true, nil
	}
	if errors.Is(err, lockViolation) || errors.Is(err, syscall.ERROR_IO_PENDING) {
		return false, nil
	}
	return false, err
}
