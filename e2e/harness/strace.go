package harness

import (
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

// Traced starts a daemon under strace, which gets its options first, as in
// "-e", "inject=fsync:error=EIO". The process is the daemon itself: strace stands
// beside it, and ends soon after it. It counts system calls for each of a
// process's threads by itself, so there is one thread that runs Go code, and few
// others.
func (g *Glow) Traced(name string, options []string, args ...string) *Process {
	g.T.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		g.T.Fatal("install strace (apt-get install strace)")
	}
	line := append([]string{"-D", "-f", "-qq"}, options...)
	line = append(append(line, Program(g.T, name)), g.command(name, args)...)
	return startProgram(g.T, filepath.Join(g.Dir, "daemons"), name, strace, line, append(slices.Clip(g.Env), "GOMAXPROCS=1"))
}

// Killed says whether a process that has ended was killed by a signal.
func (p *Process) Killed() bool {
	return p.cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled()
}
