package devstack

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
)

// An account is the unprivileged user that PostgreSQL runs as when this process
// is root, because PostgreSQL refuses to run as root. A nil account means that
// PostgreSQL runs as this process's own user.
type account struct {
	uid, gid int
}

// unprivileged picks the account: none needed unless root, else the first
// existing one of postgres and nobody.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.Atoi(u.Uid)
		gid, errGID := strconv.Atoi(u.Gid)
		if err := errors.Join(errUID, errGID); err != nil {
			return nil, err
		}
		if uid != 0 {
			return &account{uid: uid, gid: gid}, nil
		}
	}
	return nil, errors.New("devstack: running as root, and there is no user postgres or nobody to run PostgreSQL as")
}

// own gives path to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// maxTempDir keeps the path of PostgreSQL's socket within what the system takes
// (104 bytes on macOS).
const maxTempDir = 50

// defaultTempDir is where clusters run: the temporary directory, unless its name
// is too long for a socket or this is root and another user cannot get there.
func defaultTempDir() string {
	dir := os.TempDir()
	if runtime.GOOS != "windows" && (len(dir) > maxTempDir || os.Geteuid() == 0 && !reachable(dir)) {
		return "/tmp"
	}
	return dir
}

// defaultCacheDir is the user's cache directory. Root's own is closed to the
// unprivileged account, which has to run downloaded programs from there, so root
// uses the system's.
func defaultCacheDir() string {
	const name = "workorder-devstack"
	if os.Geteuid() == 0 && reachable("/var/cache") {
		return filepath.Join("/var/cache", name)
	}
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, name)
	}
	return filepath.Join(os.TempDir(), name+"-cache-"+strconv.Itoa(os.Getuid()))
}

// reachable says whether every user may pass through dir and all above it.
func reachable(dir string) bool {
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
