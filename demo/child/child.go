// Package child runs the demo's other programs: each is started again when it
// dies, stopped by a signal when asked, and never outlives the demo.
package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Waits before a program that died is started again: doubled each time, from
// the first again once it has lived for a while.
const (
	firstWait = 100 * time.Millisecond
	lastWait  = 5 * time.Second
	longLife  = 10 * time.Second
)

// usageStatus is the exit status of all our programs after a usage mistake:
// starting them again would not help.
const usageStatus = 2

// Child is one program.
type Child struct {
	Name string
	Path string
	Args []string
	Env  []string                      // all of its environment
	Log  io.Writer                     // gets all that it writes
	Say  func(format string, a ...any) // gets what an onlooker should know
	Hush []string                      // warnings with one of these in them are expected

	mu      sync.Mutex
	process *os.Process // nil while it is not running
	starts  int
	stop    context.CancelFunc
	done    chan struct{}
	last    string // line that it wrote
	err     error
}

// Start starts the program and keeps it running until Stop.
func (c *Child) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	c.stop, c.done = cancel, make(chan struct{})
	go func() {
		defer close(c.done)
		// The kernel kills a child whose parent *thread* ends, so this one stays.
		runtime.LockOSThread()
		c.keep(ctx)
	}()
}

// Failed is closed once the program has given up; then Err says why.
func (c *Child) Failed() <-chan struct{} { return c.done }

// Err is why the program gave up, nil if it did not.
func (c *Child) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// PID is the running program's process id, 0 if there is none.
func (c *Child) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process == nil {
		return 0
	}
	return c.process.Pid
}

// Starts is how often it was started.
func (c *Child) Starts() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.starts
}

func (c *Child) keep(ctx context.Context) {
	wait := firstWait
	for {
		began := time.Now()
		err := c.once(ctx)
		if ctx.Err() != nil {
			return
		}
		var exit *exec.ExitError
		if usage := errors.As(err, &exit) && exit.ExitCode() == usageStatus; usage || exit == nil && err != nil {
			c.mu.Lock()
			c.err = fmt.Errorf("%s cannot run: %w: %s", c.Name, err, c.last)
			c.mu.Unlock()
			return
		}
		if time.Since(began) > longLife {
			wait = firstWait
		}
		c.Say("%s ended (%s), starting it again", c.Name, ending(err))
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, lastWait)
	}
}

func ending(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// once runs the program to its end.
func (c *Child) once(ctx context.Context) error {
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Env = c.Env
	cmd.SysProcAttr = attributes()
	out, in, err := os.Pipe()
	if err != nil {
		return err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = in, in
	c.mu.Lock()
	if ctx.Err() != nil {
		c.mu.Unlock()
		in.Close()
		return ctx.Err()
	}
	err = cmd.Start()
	if err == nil {
		c.process = cmd.Process
		c.starts++
	}
	c.mu.Unlock()
	in.Close()
	if err != nil {
		return err
	}
	c.copy(out)
	err = cmd.Wait()
	c.mu.Lock()
	c.process = nil
	c.mu.Unlock()
	return err
}

// copy passes on what the program writes, and tells the onlooker of trouble.
func (c *Child) copy(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		fmt.Fprintln(c.Log, line)
		c.mu.Lock()
		c.last = line
		c.mu.Unlock()
		if c.trouble(line) {
			c.Say("%s: %s", c.Name, short(line))
		}
	}
	_, _ = io.Copy(io.Discard, r) // after an overlong line
}

// trouble says whether a line of the log is for the onlooker too.
func (c *Child) trouble(line string) bool {
	if strings.Contains(line, "level=ERROR") {
		return true
	}
	hushed := slices.ContainsFunc(c.Hush, func(part string) bool { return strings.Contains(line, part) })
	return strings.Contains(line, "level=WARN") && !hushed
}

// short leaves out of a log line what the onlooker sees anyway.
func short(line string) string {
	if _, rest, ok := strings.Cut(line, "level="); ok {
		line = rest
	}
	return line
}

// Stop asks the program to stop and waits until it has; after the patience it
// is killed, and that is the error.
func (c *Child) Stop(sig syscall.Signal, patience time.Duration) error {
	if c.done == nil {
		return nil
	}
	c.mu.Lock()
	c.stop()
	p := c.process
	if p != nil {
		_ = p.Signal(sig)
	}
	c.mu.Unlock()
	select {
	case <-c.done:
		return nil
	case <-time.After(patience):
	}
	c.Kill()
	<-c.done
	return fmt.Errorf("%s did not stop within %v and was killed", c.Name, patience)
}

// Kill kills the program; without Stop it is started again.
func (c *Child) Kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process != nil {
		_ = c.process.Kill()
	}
}
