//go:build !linux

package child

import "syscall"

// attributes puts a child into a process group of its own, so that Ctrl-C
// reaches the demo alone, which stops its children in order.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
