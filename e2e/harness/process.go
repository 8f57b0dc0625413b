package harness

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is one running daemon. Its standard error goes to a file.
type Process struct {
	Name string
	args []string
	t    testing.TB
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed once it has ended
}

var (
	logMu     sync.Mutex
	logNumber = map[string]int{}
)

// logFile is a fresh file for one process's standard error.
func logFile(dir, name string) string {
	logMu.Lock()
	defer logMu.Unlock()
	path := filepath.Join(dir, name)
	logNumber[path]++
	return fmt.Sprintf("%s-%03d.log", path, logNumber[path])
}

func start(t testing.TB, logDir, name string, args, env []string) *Process {
	t.Helper()
	return startProgram(t, logDir, name, Program(t, name), args, env)
}

func startProgram(t testing.TB, logDir, name, program string, args, env []string) *Process {
	t.Helper()
	p := &Process{Name: name, args: args, t: t, log: logFile(logDir, name), done: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p.cmd = exec.Command(program, args...)
	p.cmd.Env = append(environment(), env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // the status is in ProcessState
		close(p.done)
	}()
	t.Cleanup(p.Kill)
	return p
}

// environment is ours without the settings of some Glow on this machine.
func environment() []string {
	env := []string{"GORACE=halt_on_error=1"}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GLOW_") {
			env = append(env, v)
		}
	}
	return env
}

// Kill kills with SIGKILL and waits for the end.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Freeze stops the process with SIGSTOP, Thaw lets it go on.
func (p *Process) Freeze() { _ = p.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw lets a frozen process go on.
func (p *Process) Thaw() { _ = p.cmd.Process.Signal(syscall.SIGCONT) }

// Terminate asks the daemon to stop, and does not wait.
func (p *Process) Terminate() { _ = p.cmd.Process.Signal(syscall.SIGTERM) }

// Stop asks the daemon to stop, as systemd does; it must end with status 0.
func (p *Process) Stop() {
	p.t.Helper()
	p.Terminate()
	if status := p.Wait(30 * time.Second); status != 0 {
		p.t.Errorf("%s stopped with status %d:\n%s", p.Name, status, p.tail())
	}
}

// Wait waits for the end and returns the exit status, -1 after a signal. A
// process that does not end is killed, and the test fails.
func (p *Process) Wait(within time.Duration) int {
	p.t.Helper()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		_ = p.cmd.Process.Signal(syscall.SIGQUIT) // its stacks go to the log
		p.t.Errorf("%s %s: not ended after %v", p.Name, strings.Join(p.args, " "), within)
		time.AfterFunc(2*time.Second, func() { _ = p.cmd.Process.Kill() })
		<-p.done
	}
	return p.cmd.ProcessState.ExitCode()
}

// Ended says whether the process has ended, by itself or killed.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Log is what it has written to standard output and standard error.
func (p *Process) Log() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

func (p *Process) tail() string {
	lines := strings.Split(strings.TrimSpace(p.Log()), "\n")
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// PeakMemory is the most resident memory that it has had, in bytes; the
// process may have ended.
func (p *Process) PeakMemory() int64 {
	if p.Ended() {
		return p.cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	}
	return p.memory("VmHWM:")
}

// Memory is what is resident now, in bytes; 0 if the process has ended.
func (p *Process) Memory() int64 { return p.memory("VmRSS:") }

func (p *Process) memory(field string) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	_, rest, _ := bytes.Cut(status, []byte(field))
	kib, _ := strconv.ParseInt(string(bytes.Fields(append(rest, " 0"...))[0]), 10, 64)
	return kib << 10
}

var adminLine = regexp.MustCompile(`admin server listens.* addr=(\S+)`)

// Metrics is what /metrics of a process started with Admin answers.
func (p *Process) Metrics() string {
	p.t.Helper()
	var addr string
	Until(p.t, p.Name+" has an admin server", 20*time.Second, func() (bool, string) {
		m := adminLine.FindStringSubmatch(p.Log())
		if m != nil {
			addr = m[1]
		}
		return m != nil, p.tail()
	})
	r, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		p.t.Fatalf("metrics of %s: %s, %v", p.Name, r.Status, err)
	}
	return string(b)
}
