// Package proc runs programs and measures what they cost: processor time with
// that of their children, and the most memory that was resident.
package proc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Process is a running program, or one that has ended.
type Process struct {
	Name string

	cmd   *exec.Cmd
	out   *os.File
	ended chan struct{}
	err   error
	peak  atomic.Int64
}

// Start starts a program. What it prints goes to a file in dir.
func Start(dir, name string, args ...string) (*Process, error) {
	out, err := os.CreateTemp(dir, filepath.Base(name)+"-*.log")
	if err != nil {
		return nil, err
	}
	p := &Process{Name: filepath.Base(name), cmd: exec.Command(name, args...), out: out, ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = out, out, dir
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		out.Close()
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	go p.watch()
	return p, nil
}

// watch notes the memory while the process runs: what the system says of it
// afterwards includes that of its parent.
func (p *Process) watch() {
	waited := make(chan error, 1)
	go func() { waited <- p.cmd.Wait() }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case p.err = <-waited:
			p.out.Close()
			close(p.ended)
			return
		case <-tick.C:
			p.look()
		}
	}
}

func (p *Process) look() {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			p.peak.Store(max(p.peak.Load(), kb<<10))
		}
	}
}

// Peak is the most memory that was resident, in bytes.
func (p *Process) Peak() int64 {
	if !p.Ended() {
		p.look()
	}
	return p.peak.Load()
}

// CPU is the processor time used so far, with that of children that have ended.
func (p *Process) CPU() time.Duration {
	if p.Ended() {
		s := p.cmd.ProcessState
		return s.UserTime() + s.SystemTime()
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	ticks := 0
	for _, field := range f[11:15] {
		n, _ := strconv.Atoi(field)
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100
}

// Ended says whether the program has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Wait waits until the program ends; its error holds what it printed last.
func (p *Process) Wait() error {
	<-p.ended
	if p.err != nil {
		return fmt.Errorf("%s: %w\n%s", p.Name, p.err, p.tail())
	}
	return nil
}

// Stop ends the program with SIGTERM, and with SIGKILL if that takes long.
func (p *Process) Stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("%s did not end by itself\n%s", p.Name, p.tail())
	}
	return nil
}

// Output is all that the program has printed.
func (p *Process) Output() string {
	text, _ := os.ReadFile(p.out.Name())
	return string(text)
}

func (p *Process) tail() string {
	text := p.Output()
	return text[max(0, len(text)-2000):]
}

// ErrLate says that something did not happen in time.
var ErrLate = errors.New("it took too long")

// Until waits until ok, for as long as most, and fails at once if a process ends.
func Until(most time.Duration, ok func() (bool, error), of ...*Process) error {
	for end := time.Now().Add(most); ; time.Sleep(5 * time.Millisecond) {
		done, err := ok()
		if done || err != nil {
			return err
		}
		for _, p := range of {
			if p.Ended() {
				return fmt.Errorf("%s ended\n%s", p.Name, p.tail())
			}
		}
		if time.Now().After(end) {
			return ErrLate
		}
	}
}
