//go:build unix

package moto

import "syscall"

// killGroup ends the process group that a moto server leads. A group that is
// gone already is no error.
func killGroup(pid int) {
	_ = syscall.Kill(-pid, syscall.SIGKILL)
}
