//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package sessionstore

import (
	"errors"
	"os"
)

const noDirSync = true

// tryLock fails: the system has no lock that ends with the process and holds
// inside it too.
func tryLock(f *os.File) (locked bool, err error) {
	return false, &os.PathError{Op: "lock", Path: f.Name(), Err: errors.ErrUnsupported}
}
