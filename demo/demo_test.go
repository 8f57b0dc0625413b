package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bin holds all programs of the demo, built once.
var bin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "glow-bin-")
	if err == nil {
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	bin = dir
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

func build(dir string) error {
	for _, name := range slices.Concat(daemons, historians, []string{"page", "demo"}) {
		cmd := exec.Command("go", "build", "-o", filepath.Join(dir, name), ".")
		cmd.Dir = filepath.Join("..", name)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

// running is a demo under test.
type running struct {
	t     *testing.T
	cmd   *exec.Cmd
	tmp   string
	lines chan string // of both outputs
	seen  []string
	done  chan error
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	tmp, err := os.MkdirTemp("", "gd") // short: a socket's path must fit in 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, tmp: tmp, lines: make(chan string, 10000), done: make(chan error, 1)}
	r.cmd = exec.Command(filepath.Join(bin, "demo"), append([]string{"--listen", "localhost:18080", "--dashboard", "localhost:18405", "--history", "1m", "--rotate", "2s", "--seed", "1"}, args...)...)
	r.cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "GLOW_MATCH=nothing at all")
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, in := io.Pipe()
	r.cmd.Stdout, r.cmd.Stderr = in, in
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			r.lines <- s.Text()
		}
	}()
	go func() { r.done <- r.cmd.Wait(); in.Close() }()
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		os.RemoveAll(tmp)
	})
	return r
}

// await waits for a line of the output that matches, and returns it.
func (r *running) await(pattern string) string {
	r.t.Helper()
	re := regexp.MustCompile(pattern)
	late := time.After(60 * time.Second)
	for {
		select {
		case line := <-r.lines:
			r.seen = append(r.seen, line)
			if re.MatchString(line) {
				return line
			}
		case <-late:
			r.t.Fatalf("no line like %q; the last ones:\n%s", pattern, strings.Join(r.seen[max(0, len(r.seen)-30):], "\n"))
		}
	}
}

// children are the process ids of the demo's children by name.
func (r *running) children() map[string]int {
	r.t.Helper()
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	found := map[string]int{}
	for _, file := range stats {
		text, _ := os.ReadFile(file)
		// pid (name) state ppid …, see proc_pid_stat(5)
		head, tail, _ := strings.Cut(string(text), ") ")
		if f := strings.Fields(tail); len(f) > 1 && f[1] == strconv.Itoa(r.cmd.Process.Pid) {
			pid, name, _ := strings.Cut(head, " (")
			found[name], _ = strconv.Atoi(pid)
		}
	}
	return found
}

// gone waits until none of the processes is left.
func (r *running) gone(pids map[string]int) {
	r.t.Helper()
	tick, late := time.Tick(10*time.Millisecond), time.After(20*time.Second)
	for name, pid := range pids {
		for syscall.Kill(pid, 0) == nil && !zombie(pid) {
			select {
			case <-tick:
			case <-late:
				r.t.Fatalf("%s (%d) is still there", name, pid)
			}
		}
	}
}

// zombie says whether a process has ended and only waits to be waited for.
func zombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(text), ") Z ")
}

func (r *running) exit() error {
	r.t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(90 * time.Second):
		r.t.Fatal("the demo does not end")
		return nil
	}
}

func (r *running) signal(s os.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

// nothingLeft checks that the demo cleaned up its temporary folder.
func (r *running) nothingLeft() {
	r.t.Helper()
	if left, _ := os.ReadDir(r.tmp); len(left) > 0 {
		r.t.Errorf("left in the temporary folder: %v", left)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", url, r.Status)
	}
	return string(text)
}

// The whole demo, with each kind of Redis: numbers move, the page is there, a
// killed daemon comes back, and at the end nothing is lost and nobody is left.
func TestDemo(t *testing.T) {
	for _, redis := range []string{"server", "memory"} {
		t.Run(redis, func(t *testing.T) {
			r := start(t, "--embedded-redis", redis)
			url := regexp.MustCompile(`http://\S+`).FindString(r.await(`page on http://localhost`))
			r.await(` [1-9][0-9,]* published`)
			if page := get(t, url+"/"); !strings.Contains(page, "<title>") || strings.Contains(page, `src="page.js"`) {
				t.Errorf("the page is not what the program page builds: %.200s\n%s", page, strings.Join(r.seen, "\n"))
			}
			if latest := get(t, url+"/feed/v1/latest.json"); !strings.Contains(latest, `"attribution":"IP Geolocation by DB-IP`) {
				t.Errorf("latest.json: %s", latest)
			}
			r.history()
			before := r.children()
			for _, name := range daemons {
				if err := syscall.Kill(before[name], syscall.SIGKILL); err != nil {
					t.Fatalf("kill %s: %v", name, err)
				}
				r.await(name + ` ended \(signal: killed\), starting it again`)
			}
			r.await(`log rotated \(renamed, reopened later\)`)
			r.await(` lag [0-3]\.\d s`)
			children := r.children()
			r.signal(os.Interrupt)
			last := r.await(`lines written.* lost$`)
			if err := r.exit(); err != nil || !strings.HasSuffix(last, ", 0 lost") {
				t.Errorf("%v: %s\n%s", err, last, strings.Join(r.seen, "\n"))
			}
			r.gone(children)
			r.nothingLeft()
		})
	}
}

// history looks at what archiver and querier are for: the dashboard, and the
// model to play with, which counts what was shared.
func (r *running) history() {
	r.t.Helper()
	said := slices.IndexFunc(r.seen, func(line string) bool { return strings.Contains(line, "dashboard on http://") })
	if said < 0 {
		r.t.Fatalf("there is no dashboard:\n%s", strings.Join(r.seen, "\n"))
	}
	url := strings.TrimSuffix(regexp.MustCompile(`http://\S+`).FindString(r.seen[said]), "/dashboard")
	model := regexp.MustCompile(`"rows":\[\["\d{4}-\d\d-\d\d","[A-Z]{2}",\d+\]`)
	tick, late := time.Tick(100*time.Millisecond), time.After(60*time.Second)
	for text := ""; !model.MatchString(text); {
		select {
		case <-tick:
			if a, err := http.Get(url + "/v1/models/shares-by-country?order=-n&limit=1"); err == nil {
				b, _ := io.ReadAll(a.Body)
				a.Body.Close()
				text = string(b)
			}
		case <-late:
			r.t.Fatalf("the model says %s\n%s", text, strings.Join(r.seen, "\n"))
		}
	}
	if page := get(r.t, url+"/dashboard"); !strings.Contains(page, "<title>Glow: dashboard") {
		r.t.Errorf("the dashboard is %.200s", page)
	}
}

// A querier without DuckDB, and none at all, are said; all else goes on.
func TestWithoutHistory(t *testing.T) {
	other := t.TempDir()
	for _, name := range append(slices.Clone(daemons), "archiver") {
		if err := os.Symlink(filepath.Join(bin, name), filepath.Join(other, name)); err != nil {
			t.Fatal(err)
		}
	}
	d := &demo{options: options{bin: other}}
	if err := d.historian(); err == nil || !strings.Contains(err.Error(), "there is no querier") {
		t.Errorf("it says %v", err)
	}
	// Any program that was built without C will do.
	source := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-o", filepath.Join(other, "querier"), source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := d.historian(); err == nil || !strings.Contains(err.Error(), "without DuckDB") {
		t.Errorf("it says %v", err)
	}
	r := start(t, "--for", "1s", "--bin", other, "--page", "plain")
	r.await("no dashboard: the querier was built without DuckDB")
	if err := r.exit(); err != nil {
		t.Error(err)
	}
}

// By itself it stops after --for; the log in the other format has no shares.
func TestFor(t *testing.T) {
	r := start(t, "--for", "3s", "--format", "combined", "--target", "file://"+t.TempDir())
	last := r.await(`lines written.* lost$`)
	if err := r.exit(); err != nil || !strings.HasSuffix(last, ", 0 lost") {
		t.Errorf("%v: %s", err, last)
	}
	r.nothingLeft()
}

// A second Ctrl-C ends everything at once.
func TestSecondSignal(t *testing.T) {
	r := start(t)
	r.await(` counted`)
	children := r.children()
	r.signal(os.Interrupt)
	r.await(`stopping`)
	r.signal(os.Interrupt)
	_ = r.exit()
	r.gone(children)
	r.nothingLeft()
}

// Even a killed demo leaves no daemon behind.
func TestKilled(t *testing.T) {
	r := start(t)
	r.await(` counted`)
	children := r.children()
	if len(children) < len(daemons)+1 {
		t.Errorf("children: %v", children)
	}
	r.signal(os.Kill)
	_ = r.exit()
	r.gone(children)
}

func TestUsage(t *testing.T) {
	cmd := exec.Command(filepath.Join(bin, "demo"), "--rate", "-1", "--embedded-redis", "big", "--s3-endpoint", "http://127.0.0.1:1", "--bin", t.TempDir())
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 2 {
		t.Errorf("%v, want exit status 2", err)
	}
	for _, flag := range []string{"--rate", "--embedded-redis", "--target", "--bin"} {
		if !strings.Contains(string(out), flag) {
			t.Errorf("%s is not named: %s", flag, out)
		}
	}
}
