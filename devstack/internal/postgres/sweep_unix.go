//go:build unix

package postgres

import (
	"os"
	"syscall"
)

// mine says whether the file belongs to this process's user.
func mine(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
