package child

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/logtest"
)

// said gathers what onlookers are told, and what the child writes.
type said struct{ logtest.Buffer }

func (s *said) say(format string, a ...any) { fmt.Fprintf(s, format+"\n", a...) }

func shell(t *testing.T, script string, hush ...string) (*Child, *said) {
	t.Helper()
	s := &said{}
	c := &Child{Name: "prog", Path: "/bin/sh", Args: []string{"-c", script}, Env: os.Environ(), Log: s, Say: s.say, Hush: hush}
	c.Start()
	t.Cleanup(func() { _ = c.Stop(syscall.SIGKILL, time.Minute) })
	return c, s
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick, late := time.Tick(time.Millisecond), time.After(20*time.Second)
	for !ok() {
		select {
		case <-tick:
		case <-late:
			t.Fatal("never: " + what)
		}
	}
}

func TestStartedAgain(t *testing.T) {
	c, s := shell(t, "echo up; exec sleep 100")
	until(t, "it runs", func() bool { return c.PID() != 0 })
	c.Kill()
	until(t, "it runs again", func() bool { return c.Starts() == 2 && c.PID() != 0 })
	if !strings.Contains(s.String(), "prog ended (signal: killed), starting it again") {
		t.Error(s)
	}
	pid := c.PID()
	if err := c.Stop(syscall.SIGTERM, time.Minute); err != nil || c.PID() != 0 {
		t.Errorf("Stop: %v", err)
	}
	if syscall.Kill(pid, 0) == nil {
		t.Error("it still runs")
	}
	if c.Err() != nil {
		t.Error(c.Err())
	}
}

func TestUsageMistakeIsFinal(t *testing.T) {
	c, _ := shell(t, "echo bad flag >&2; exit 2")
	<-c.Failed()
	if err := c.Err(); err == nil || !strings.Contains(err.Error(), "prog cannot run: exit status 2: bad flag") {
		t.Error(err)
	}
}

func TestNoSuchProgram(t *testing.T) {
	c := &Child{Name: "prog", Path: "/nowhere/prog", Log: &said{}, Say: (&said{}).say}
	c.Start()
	<-c.Failed()
	if c.Err() == nil {
		t.Error("no error")
	}
}

func TestStubborn(t *testing.T) {
	c, s := shell(t, "trap '' TERM; echo deaf; while :; do sleep 1; done")
	until(t, "it is deaf", func() bool { return strings.Contains(s.String(), "deaf") })
	if err := c.Stop(syscall.SIGTERM, 10*time.Millisecond); err == nil {
		t.Error("it stopped by itself")
	}
	if c.PID() != 0 {
		t.Error("it still runs")
	}
}

func TestTroubleIsTold(t *testing.T) {
	c, s := shell(t, "echo time=x level=INFO msg=fine; echo time=x level=WARN msg=oh; echo time=x level=WARN msg=hm; exec sleep 100", "oh")
	until(t, "it tells", func() bool { return strings.Contains(s.String(), "prog: WARN msg=hm") })
	if strings.Contains(s.String(), "prog: INFO") || strings.Contains(s.String(), "prog: WARN msg=oh") {
		t.Error(s)
	}
	_ = c.Stop(syscall.SIGTERM, time.Minute)
}
