package postgres

import (
	"errors"
	"os"
	"os/user"
	"strconv"
)

// An Account is the unprivileged user that PostgreSQL runs as when this process
// is root, because PostgreSQL refuses to run as root. A nil account means that
// PostgreSQL runs as this process's own user.
type Account struct {
	UID, GID int
}

// Unprivileged picks the account: none needed unless root, else the first
// existing one of postgres and nobody.
func Unprivileged() (*Account, error) {
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
			return &Account{UID: uid, GID: gid}, nil
		}
	}
	return nil, errors.New("running as root, and there is no user postgres or nobody to run PostgreSQL as")
}

// own gives path to the account.
func (a *Account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Lchown(path, a.UID, a.GID)
}
