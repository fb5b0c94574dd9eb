package lambdahost

import "syscall"

// processAttributes puts the function into a process group of its own, so that
// a Ctrl-C in the terminal reaches only the host, which then ends it in order;
// and has the kernel kill it when the thread that started it ends, so that it
// does not outlive a host that was killed itself.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
