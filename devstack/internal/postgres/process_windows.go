package postgres

import (
	"os"
	"os/exec"
	"syscall"
)

// On Windows a stack needs DEVSTACK_DATABASE_URL; none of this runs.

const (
	signalFast      = syscall.SIGINT
	signalImmediate = syscall.SIGQUIT
)

func mine(os.FileInfo) bool                   { return false }
func confine(*exec.Cmd, *Account)             {}
func signalProcess(int, syscall.Signal) error { return nil }
func alive(int) bool                          { return false }
func commandLine(int) string                  { return "" }
