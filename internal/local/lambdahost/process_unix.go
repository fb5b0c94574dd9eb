//go:build unix && !linux

package lambdahost

import "syscall"

// processAttributes puts the function into a process group of its own, so that
// a Ctrl-C in the terminal reaches only the host, which then ends it in order.
// These systems cannot tie a process to its parent: after a host that was
// killed, a runtime ends when its next call to the Runtime API is refused.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
