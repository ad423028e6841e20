//go:build unix

package postgres

import (
	"errors"
	"os/exec"
	"syscall"
)

const (
	signalFast      = syscall.SIGINT  // disconnect everyone, checkpoint, exit
	signalImmediate = syscall.SIGQUIT // exit at once, for data that nobody wants any more
)

// confine prepares cmd to run as the account, in a process group of its own so
// that Ctrl-C in a terminal reaches only this process, and to die with it where
// the system can arrange that.
func confine(cmd *exec.Cmd, a *Account) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(a.UID), Gid: uint32(a.GID)}
	}
	dieWithParent(attr)
	cmd.SysProcAttr = attr
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

func signalProcess(pid int, sig syscall.Signal) error {
	err := syscall.Kill(pid, sig)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
