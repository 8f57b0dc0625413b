package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/logtest"
)

// binary is sharehook, built for these tests.
var binary string

func TestMain(m *testing.M) {
	if order := os.Getenv(mobVariable); order != "" {
		runMob(order)
	}
	dir, err := os.MkdirTemp("", "sharehook-test-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "sharehook")
	code := 1
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build sharehook: %v\n%s", err, out)
	} else {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// hook is a running sharehook.
type hook struct {
	t     testing.TB
	cmd   *exec.Cmd
	log   logtest.Buffer
	url   string // of /share
	admin string
	spool string
	done  chan struct{} // closed when it has exited
}

// nowhere is a Redis that is away.
const nowhere = "unix:///nonexistent/redis.sock"

// start starts sharehook on free ports and waits until it is ready.
func start(t testing.TB, spool, redisURL string, flags ...string) *hook {
	t.Helper()
	h := &hook{t: t, spool: spool, done: make(chan struct{})}
	args := append([]string{
		"--listen", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--spool", spool, "--redis-url", redisURL,
		"--rate", "0", "--trusted-proxies", "127.0.0.0/8", "--stop-timeout", "20s",
	}, flags...)
	h.cmd = exec.Command(binary, args...)
	h.cmd.Stderr = &h.log
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = h.cmd.Wait(); close(h.done) }()
	t.Cleanup(h.kill)
	h.url = "http://" + h.logged(regexp.MustCompile(`shares are taken.* addr=(\S+)`)) + "/share"
	h.admin = "http://" + h.logged(regexp.MustCompile(`admin server listens.* addr=(\S+)`))
	return h
}

// logged waits for a line of the log and returns the expression's group.
func (h *hook) logged(re *regexp.Regexp) string {
	h.t.Helper()
	var m []string
	until(h.t, "logged "+re.String(), func() bool {
		m = re.FindStringSubmatch(h.log.String())
		select {
		case <-h.done:
			h.t.Fatalf("sharehook exited: %v\n%s", h.cmd.ProcessState, h.log.String())
		default:
		}
		return m != nil
	})
	return m[1]
}

// kill kills it with SIGKILL.
func (h *hook) kill() {
	_ = h.cmd.Process.Kill()
	<-h.done
}

// stop stops it gracefully, as systemd does.
func (h *hook) stop() {
	h.t.Helper()
	_ = h.cmd.Process.Signal(syscall.SIGTERM)
	<-h.done
	if code := h.cmd.ProcessState.ExitCode(); code != 0 {
		h.t.Errorf("exit %d:\n%s", code, h.log.String())
	}
}

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick, late := time.Tick(10*time.Millisecond), time.After(time.Minute)
	for !ok() {
		select {
		case <-tick:
		case <-late:
			t.Fatal("never came true: " + what)
		}
	}
}

// post sends a share for the address and returns the status code; 0 if there
// was no answer.
func post(ctx context.Context, c *http.Client, to, addr, typ string) int {
	r, err := http.NewRequestWithContext(ctx, "POST", to, strings.NewReader(url.Values{"type": {typ}}.Encode()))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-For", addr)
	w, err := c.Do(r)
	if err != nil {
		return 0
	}
	defer w.Body.Close()
	_, _ = io.Copy(io.Discard, w.Body)
	return w.StatusCode
}

func get(t testing.TB, u string) (int, string) {
	t.Helper()
	w, err := http.Get(u)
	if err != nil {
		return 0, err.Error()
	}
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	if err != nil {
		return 0, err.Error()
	}
	return w.StatusCode, string(b)
}

// spooled is every line in the spool's segments.
func spooled(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "shares-*.log"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if errors.Is(err, fs.ErrNotExist) { // swept meanwhile
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")...)
	}
	return lines
}

func TestAllBadSettingsAtOnce(t *testing.T) {
	cmd := exec.Command(binary, "--listen", "nowhere", "--types", "Twitter", "--allowed-origins", "glow.example.org", "--trusted-proxies", "10.0.0.0/99",
		"--client-ip-header", "a b", "--rate", "-1", "--burst", "0", "--max-connections", "0", "--spool-max", "1G2", "--spool-keep", "-1s", "--admin-addr", "off")
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 2 {
		t.Errorf("exit %d", code)
	}
	for _, flag := range []string{"LISTEN", "TYPES", "ALLOWED_ORIGINS", "TRUSTED_PROXIES", "CLIENT_IP_HEADER", "RATE", "BURST", "MAX_CONNECTIONS", "SPOOL_MAX", "SPOOL_KEEP"} {
		if !strings.Contains(string(out), "(or GLOW_"+flag+")") {
			t.Errorf("GLOW_%s is not named:\n%s", flag, out)
		}
	}
}

func TestSpoolIsLocked(t *testing.T) {
	h := start(t, t.TempDir(), nowhere)
	cmd := exec.Command(binary, "--listen", "127.0.0.1:0", "--admin-addr", "off", "--redis-url", nowhere, "--spool", h.spool)
	out, _ := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "--spool") || !strings.Contains(string(out), "another sharehook") {
		t.Errorf("%v: %s", cmd.ProcessState, out)
	}
}

// With Redis away shares are taken all the same, and sharehook is ready.
func TestRedisAway(t *testing.T) {
	h := start(t, t.TempDir(), nowhere)
	if code := post(t.Context(), http.DefaultClient, h.url, "203.0.113.7", "twitter"); code != 204 {
		t.Fatalf("answered %d", code)
	}
	if lines := spooled(t, h.spool); len(lines) != 1 || !regexp.MustCompile(`^203\.0\.113\.7 \d+ share:twitter$`).MatchString(lines[0]) {
		t.Errorf("spooled %q", lines)
	}
	until(t, "ready", func() bool { code, _ := get(t, h.admin+"/readyz"); return code == 200 })
	if code, _ := get(t, h.admin+"/healthz"); code != 200 {
		t.Errorf("/healthz: %d", code)
	}
	if code, _ := get(t, strings.TrimSuffix(h.url, "/share")+"/healthz"); code != 404 {
		t.Errorf("/healthz for all the world: %d", code)
	}
	h.stop()
}

// The addresses of clients appear in no log, whatever goes wrong.
func TestNoAddressInTheLog(t *testing.T) {
	h := start(t, t.TempDir(), nowhere, "--log-level", "debug", "--rate", "1", "--burst", "1")
	for _, typ := range []string{"twitter", "twitter", "\x00"} {
		post(t.Context(), http.DefaultClient, h.url, "203.0.113.7", typ)
	}
	for _, text := range []string{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "\x16\x03\x01\x00\xee\r\n\r\n", "POST /share HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\nContent-Length: -1\r\n\r\n"} {
		talk(t, h, text)
	}
	h.stop()
	for _, addr := range []string{"203.0.113.7"} {
		if strings.Contains(h.log.String(), addr) {
			t.Errorf("logged:\n%s", h.log.String())
		}
	}
}
