//go:build !windows && (!unix || solaris || aix)

// Package filelock locks files against other processes.
package filelock

import (
	"errors"
	"os"
)

// Try says that this system cannot.
func Try(*os.File) (bool, error) { return false, errors.ErrUnsupported }
