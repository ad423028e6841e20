package postgres

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent makes the kernel stop the child when this process is killed.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = signalImmediate }

// commandLine returns the command line of a process, "" when it is gone.
func commandLine(pid int) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(string(b), "\x00", " ")
}
