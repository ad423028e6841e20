package sessionstore

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

// Windows syncs no directories.
const noDirSync = true

var lockFileEx = syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")

const (
	failImmediately = 1
	exclusive       = 2

	errLockViolation syscall.Errno = 33
)

// tryLock locks an open file against everybody who opened it another time.
// Closing it, or the end of the process, unlocks it.
func tryLock(f *os.File) (locked bool, err error) {
	var at syscall.Overlapped
	ok, _, err := lockFileEx.Call(f.Fd(), exclusive|failImmediately, 0, 1, 0, uintptr(unsafe.Pointer(&at)))
	switch {
	case ok != 0:
		return true, nil
	case errors.Is(err, errLockViolation), errors.Is(err, syscall.ERROR_IO_PENDING):
		return false, nil
	}
	return false, &os.PathError{Op: "LockFileEx", Path: f.Name(), Err: err}
}
