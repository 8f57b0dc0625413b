package harness

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Clock is a clock that can be stepped, for processes that are started with
// its environment. Their monotonic clock goes on as it should.
type Clock struct {
	t    testing.TB
	path string
}

// NewClock makes a clock that is right.
func NewClock(t testing.TB) *Clock {
	t.Helper()
	c := &Clock{t, filepath.Join(t.TempDir(), "clock")}
	c.Step(0)
	return c
}

// Step puts the clock so many seconds ahead of the true one, at once.
func (c *Clock) Step(seconds int) {
	f, err := os.OpenFile(c.path, os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.Write(binary.NativeEndian.AppendUint64(nil, uint64(seconds)))
		f.Close()
	}
	if err != nil {
		c.t.Errorf("step a clock: %v", err)
	}
}

// Env is the environment of daemons that go by this clock. They must have been
// built with it: see Steppable.
func (c *Clock) Env() string { return "CHAOS_CLOCK=" + c.path }

//go:embed clock/preload.c
var preload []byte

// PreloadEnv is the environment of C programs that go by this clock, nil where
// there is no C compiler.
func (c *Clock) PreloadEnv() []string {
	c.t.Helper()
	library := c.path + ".so"
	cmd := exec.Command("cc", "-shared", "-fPIC", "-O2", "-x", "c", "-o", library, "-")
	cmd.Stdin = bytes.NewReader(preload)
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Logf("no clock for C programs: %v %s", err, out)
		return nil
	}
	return []string{c.Env(), "LD_PRELOAD=" + library}
}

//go:embed clock/step.go.txt
var stepSource []byte

// Steppable says whether the daemons go by a Clock. Go's clock is not libc's:
// they are built with a changed package time where GLOW_E2E_CLOCK is set.
func Steppable(t testing.TB) bool {
	t.Helper()
	b, err := os.ReadFile(Program(t, "tailer"))
	return err == nil && bytes.Contains(b, []byte("CHAOS_CLOCK"))
}

// overlay are the arguments of go build that replace package time.
func overlay(t testing.TB, dir string) []string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	std := filepath.Join(strings.TrimSpace(string(root)), "src/time")
	source, err := os.ReadFile(filepath.Join(std, "time.go"))
	if err != nil {
		t.Fatal(err)
	}
	const line = "sec, nsec, mono := runtimeNow()\n"
	if bytes.Count(source, []byte(line)) != 1 {
		t.Fatalf("package time of this Go is another one: %q stands not once in it", line)
	}
	source = bytes.Replace(source, []byte(line), []byte(line+"\tsec = stepped(sec)\n"), 1)
	list, _ := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(std, "time.go"): filepath.Join(dir, "time.go"),
		filepath.Join(std, "step.go"): filepath.Join(dir, "step.go"),
	}})
	for name, b := range map[string][]byte{"time.go": source, "step.go": stepSource, "overlay.json": list} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"-overlay", filepath.Join(dir, "overlay.json")}
}
