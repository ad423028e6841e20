package devstack

import (
	"os"
	"path/filepath"
	"strconv"

	"github.com/workorder-systems/sdk-go/devstack/internal/postgres"
)

// defaultCacheDir is the user's cache directory. Root's own is closed to the
// unprivileged account, which has to run downloaded programs from there, so root
// uses the system's. Where neither can be written to, the temporary directory
// has one.
func defaultCacheDir() string {
	const name = "workorder-devstack"
	var dirs []string
	if os.Geteuid() == 0 && postgres.Reachable("/var/cache") {
		dirs = append(dirs, filepath.Join("/var/cache", name))
	}
	if dir, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(dir, name))
	}
	return firstWritable(append(dirs, filepath.Join(os.TempDir(), name+"-cache-"+strconv.Itoa(os.Getuid()))))
}

// firstWritable is the first of the directories that can be made and written to,
// else the last one.
func firstWritable(dirs []string) (dir string) {
	for _, dir = range dirs {
		if os.MkdirAll(dir, 0o755) != nil {
			continue
		}
		probe, err := os.CreateTemp(dir, unfinishedPrefix+"*")
		if err != nil {
			continue
		}
		_ = probe.Close()
		_ = os.Remove(probe.Name())
		break
	}
	return dir
}
