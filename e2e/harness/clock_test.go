package harness

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A program of C goes by a clock that is stepped.
func TestClock(t *testing.T) {
	c := NewClock(t)
	env := c.PreloadEnv()
	if env == nil {
		t.Fatal("there is no C compiler (apt-get install gcc libc6-dev)")
	}
	for _, step := range []int{0, -3600, 7200} {
		c.Step(step)
		cmd := exec.Command("date", "+%s")
		cmd.Env = append(os.Environ(), env...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		at, _ := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
		if off := time.Until(time.Unix(at, 0)) - time.Duration(step)*time.Second; off.Abs() > time.Minute {
			t.Errorf("a step of %d s: the clock is off by %v more", step, off)
		}
	}
}
