package devstack

import (
	"os"
	"os/exec"
	"syscall"
)

// On Windows a stack needs DEVSTACK_DATABASE_URL; see startCluster.

const (
	signalFast      = syscall.SIGINT
	signalImmediate = syscall.SIGQUIT
)

func tryLock(*os.File) (bool, error)          { return true, nil }
func mine(os.FileInfo) bool                   { return false }
func confine(*exec.Cmd, *account)             {}
func signalProcess(int, syscall.Signal) error { return nil }
func alive(int) bool                          { return false }
func commandLine(int) string                  { return "" }
