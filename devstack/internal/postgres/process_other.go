//go:build unix && !linux

package postgres

import (
	"context"
	"os/exec"
	"strconv"
	"syscall"
)

// dieWithParent does nothing here: the next start stops what a killed process
// has left behind.
func dieWithParent(*syscall.SysProcAttr) {}

// commandLine returns the command line of a process, "" when it is gone.
func commandLine(pid int) string {
	out, err := exec.CommandContext(context.Background(), "ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return string(out)
}
