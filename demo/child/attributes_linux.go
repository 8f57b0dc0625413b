package child

import "syscall"

// attributes puts a child into a process group of its own, so that Ctrl-C
// reaches the demo alone, which stops its children in order; and has the
// kernel kill it when the demo dies in whatever way.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
