// Package filelock locks files against other processes, except on Windows,
// where a stack needs DEVSTACK_DATABASE_URL and no files.
package filelock

import "os"

// Try does nothing here.
func Try(*os.File) (bool, error) { return true, nil }
