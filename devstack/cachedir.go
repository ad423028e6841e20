package devstack

import (
	"os"
	"path/filepath"
	"strconv"

	"github.com/workorder-systems/sdk-go/devstack/internal/postgres"
)

// defaultCacheDir is the user's cache directory. Root's own is closed to the
// unprivileged account, which has to run downloaded programs from there, so root
// uses the system's.
func defaultCacheDir() string {
	const name = "workorder-devstack"
	if os.Geteuid() == 0 && postgres.Reachable("/var/cache") {
		return filepath.Join("/var/cache", name)
	}
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, name)
	}
	return filepath.Join(os.TempDir(), name+"-cache-"+strconv.Itoa(os.Getuid()))
}
