package postgres

import (
	"os"
	"path/filepath"
	"runtime"
)

// maxTempDir keeps the path of PostgreSQL's socket within what the system takes
// (104 bytes on macOS).
const maxTempDir = 50

// TempDir is where servers can run: the temporary directory, unless its name is
// too long for a socket or this is root and another user cannot get there.
func TempDir() string {
	dir := os.TempDir()
	if runtime.GOOS != "windows" && (len(dir) > maxTempDir || os.Geteuid() == 0 && !Reachable(dir)) {
		return "/tmp"
	}
	return dir
}

// Reachable says whether every user may pass through dir and all above it.
func Reachable(dir string) bool {
	for dir = filepath.Clean(dir); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || !info.IsDir() || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}
