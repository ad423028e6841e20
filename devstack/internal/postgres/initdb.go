package postgres

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
)

// Init makes a new cluster in the data directory of d, in the first of the usual
// UTF-8 locales that exists. Its superuser is postgres, whom the socket lets in
// and TCP asks for a password.
func (i *Installation) Init(ctx context.Context, d *RunDir, a *Account) error {
	var failed []error
	for _, locale := range []string{"C.UTF-8", "en_US.UTF-8", "C"} {
		cmd := exec.CommandContext(ctx, i.Program("initdb"), "-D", d.Data(), "-U", "postgres",
			"--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--locale="+locale,
			"--no-sync", "--no-instructions", "--wal-segsize=1")
		cmd.Dir, cmd.Env = d.path, environ(d)
		confine(cmd, a)
		out, err := combinedOutput(cmd)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		failed = append(failed, fmt.Errorf("initdb --locale=%s: %w: %s", locale, err, strings.TrimSpace(out)))
		if err := d.ClearData(); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}

// combinedOutput runs cmd on a thread that stays until it is done, see launch.
func combinedOutput(cmd *exec.Cmd) (string, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	out, err := cmd.CombinedOutput()
	return string(out), err
}
