package moto

import "syscall"

// attributes give the process a group of its own, so that an interrupt at the
// terminal leaves ending it to us, and let the kernel end it when we die.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
