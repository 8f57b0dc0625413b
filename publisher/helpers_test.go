package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/logtest"
	"github.com/glowmap/glow/internal/redistest"
	"github.com/glowmap/glow/internal/s3test"
)

// asPublisher makes the test binary a publisher, as the tests are built.
const asPublisher = "TEST_AS_PUBLISHER"

func TestMain(m *testing.M) {
	if os.Getenv(asPublisher) != "" {
		main()
	}
	os.Exit(m.Run())
}

var ns, _ = keys.New("glow")

// command prepares the real publisher.
func command(s *redistest.Server, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Args = append(cmd.Args, "--redis-url", s.URL())
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") { // a command takes its own
		return withEnv(cmd)
	}
	cmd.Args = append(cmd.Args, "--admin-addr", "off")
	return withEnv(cmd)
}

func withEnv(cmd *exec.Cmd) *exec.Cmd {
	cmd.Env = append(append(os.Environ(), asPublisher+"=1"), s3test.Env()...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// publish runs the publisher to its end and returns what it said.
func publish(t testing.TB, s *redistest.Server, args ...string) string {
	t.Helper()
	out, err := command(s, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("publisher %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// refuse runs the publisher, which must exit with code and say each of says.
func refuse(t testing.TB, code int, cmd *exec.Cmd, says ...string) {
	t.Helper()
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("%v: exit %d, want %d\n%s", cmd.Args[1:], got, code, out)
	}
	for _, s := range says {
		if !strings.Contains(string(out), s) {
			t.Errorf("%v: lacks %q:\n%s", cmd.Args[1:], s, out)
		}
	}
}

// process is a publisher that runs on.
type process struct {
	*exec.Cmd
	t   testing.TB
	log *logtest.Buffer
}

func (p *process) says(text string) bool { return strings.Contains(p.log.String(), text) }

func start(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd, t, &logtest.Buffer{}}
	cmd.Stderr = p.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("it said:\n%s", p.log)
		}
	})
	return p
}

func (p *process) kill() {
	if p.ProcessState == nil {
		_ = p.Process.Kill()
		_ = p.Wait()
	}
}

// stop stops it cleanly.
func (p *process) stop() {
	p.t.Helper()
	_ = p.Process.Signal(syscall.SIGTERM)
	if err := p.Wait(); err != nil {
		p.t.Fatalf("after SIGTERM: %v\n%s", err, p.log)
	}
}

// eventually polls until check holds.
func eventually(t testing.TB, what string, check func() bool) {
	t.Helper()
	tick, late := time.Tick(20*time.Millisecond), time.After(2*time.Minute)
	for !check() {
		select {
		case <-tick:
		case <-late:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// files reads a tree: name → content. Names that do not end in .json are left out.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	m := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		m[filepath.ToSlash(name)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// compare compares the period files, all.json included, with what is wanted.
func compare(t testing.TB, got, want map[string]string) {
	t.Helper()
	wrong := 0
	for name, w := range want {
		if got[name] != w {
			if wrong++; wrong <= 3 {
				t.Errorf("%s:\n got %.300s\nwant %.300s", name, got[name], w)
			}
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok && name != "v1/latest.json" && name != "v1/names.json" && !strings.HasPrefix(name, "stats/") {
			wrong++
			t.Errorf("%s should not be there", name)
		}
	}
	if wrong > 0 {
		t.Errorf("%d files are wrong", wrong)
	}
}

// latest reads latest.json as a map.
func latest(t testing.TB, file string) map[string]any {
	t.Helper()
	m := map[string]any{}
	if err := json.Unmarshal([]byte(file), &m); err != nil {
		t.Fatalf("latest.json: %v: %q", err, file)
	}
	return m
}

// stamp is a time as the feed writes it.
func stamp(unix int64) string { return time.Unix(unix, 0).UTC().Format("2006-01-02T15:04:05Z") }

// seqIn is the seq of latest.json in a folder, 0 if there is none yet.
func seqIn(t testing.TB, dir string) float64 {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "v1", "latest.json"))
	if err != nil {
		return 0
	}
	return latest(t, string(b))["seq"].(float64)
}
