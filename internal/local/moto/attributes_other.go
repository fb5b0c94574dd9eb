//go:build unix && !linux

package moto

import "syscall"

// attributes give the process a group of its own, so that an interrupt at the
// terminal leaves ending it to us.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
