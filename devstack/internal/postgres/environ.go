package postgres

import (
	"os"
	"strings"
)

// environ is this process's environment without what would change PostgreSQL.
func environ(d *RunDir) []string {
	env := []string{"LC_ALL=C", "TZ=UTC", "HOME=" + d.path, "PWD=" + d.path}
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch {
		case strings.HasPrefix(name, "PG"), strings.HasPrefix(name, "LC_"), name == "LANG", name == "TZ", name == "HOME", name == "PWD":
		default:
			env = append(env, kv)
		}
	}
	return env
}
