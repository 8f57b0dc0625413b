package syslog

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
)

// server is a real syslog-ng with the shipped configuration, on a free port.
type server struct {
	t    testing.TB
	dir  string
	port int
	log  string // the file that it writes
	cmd  *exec.Cmd
}

// receive starts a syslog-ng that writes to the file log. Of the shipped
// configuration only what an operator would change is changed: port, address,
// file, and a receive buffer small enough to lose datagrams.
func receive(t testing.TB, log string) *server {
	t.Helper()
	dir, err := os.MkdirTemp("", "glow-syslog-") // its socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &server{t: t, dir: dir, port: freePort(t), log: log}
	conf := define(shipped(t, "glow.conf"), map[string]string{
		"glow_file": log, "glow_ip": "127.0.0.1", "glow_port": strconv.Itoa(s.port),
	})
	conf = regexp.MustCompile(`so-rcvbuf\(\d+\)`).ReplaceAllString(conf, "so-rcvbuf(131072)")
	conf = "@version: 3.38\noptions { stats-level(1); };\n" + conf
	path := s.write("syslog-ng.conf", conf)
	s.cmd = exec.Command(program(t, "syslog-ng"), "--foreground", "--no-caps", "--cfgfile", path,
		"--persist-file", s.in("persist"), "--pidfile", s.in("pid"), "--control", s.in("control"))
	var says bytes.Buffer
	s.cmd.Stderr = &says
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		if t.Failed() {
			t.Logf("syslog-ng said:\n%s", &says)
		}
	})
	harness.Until(t, "syslog-ng listens", 30*time.Second, func() (bool, string) {
		conn, err := net.Dial("tcp", s.addr())
		if err != nil {
			return false, err.Error()
		}
		return conn.Close() == nil, ""
	})
	return s
}

func (s *server) addr() string          { return fmt.Sprintf("127.0.0.1:%d", s.port) }
func (s *server) in(name string) string { return filepath.Join(s.dir, name) }

func (s *server) write(name, text string) string {
	s.t.Helper()
	if err := os.WriteFile(s.in(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return s.in(name)
}

// rotator writes the shipped logrotate configuration for this server's file
// and returns what rotates it once. syslog-ng reopens its file late.
func (s *server) rotator() func() {
	conf := strings.ReplaceAll(shipped(s.t, "logrotate"), "/var/log/glow/downloads.log", s.log)
	conf = strings.ReplaceAll(conf, "syslog-ng-ctl reopen",
		"sleep 0.2; "+program(s.t, "syslog-ng-ctl")+" reopen --control="+s.in("control"))
	conf = strings.ReplaceAll(conf, "rotate 14", "rotate 1000")
	path := s.write("logrotate", conf)
	return func() {
		out, err := exec.Command(program(s.t, "logrotate"), "--force", "--state", s.in("state"), path).CombinedOutput()
		if err != nil {
			s.t.Errorf("logrotate: %v\n%s", err, out)
		}
	}
}

// stat is one number of syslog-ng's own statistics.
func (s *server) stat(name string) int {
	s.t.Helper()
	out, err := exec.Command(program(s.t, "syslog-ng-ctl"), "stats", "--control="+s.in("control")).CombinedOutput()
	if err != nil {
		s.t.Fatalf("syslog-ng-ctl stats: %v\n%s", err, out)
	}
	m := regexp.MustCompile(`(?m)^` + name + `;(\d+)$`).FindSubmatch(out)
	if m == nil {
		s.t.Fatalf("syslog-ng has no statistic %s:\n%s", name, out)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}

func (s *server) received(protocol string) int {
	return s.stat("source;s_glow_" + protocol + ";;a;processed")
}

// kernel is what the kernel says of the UDP socket: bytes that wait in it, and
// datagrams that found no space.
func (s *server) kernel() (waiting, dropped int) {
	s.t.Helper()
	table, err := os.ReadFile("/proc/net/udp")
	if err != nil {
		s.t.Fatal(err)
	}
	local := fmt.Sprintf("0100007F:%04X", s.port)
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 12 && f[1] == local {
			_, rx, _ := strings.Cut(f[4], ":")
			n, _ := strconv.ParseInt(rx, 16, 64)
			dropped, _ = strconv.Atoi(f[12])
			return int(n), dropped
		}
	}
	s.t.Fatalf("no UDP socket %s in:\n%s", local, table)
	return 0, 0
}

// freeze stops syslog-ng as if it were too busy to read; thaw lets it go on.
func (s *server) freeze() { _ = s.cmd.Process.Signal(syscall.SIGSTOP) }
func (s *server) thaw()   { _ = s.cmd.Process.Signal(syscall.SIGCONT) }

func shipped(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(harness.Root(), "scripts", "syslog-ng", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// define changes the values of @define lines, each of which must be there.
func define(conf string, values map[string]string) string {
	for name, v := range values {
		line := regexp.MustCompile(`(?m)^@define ` + name + ` .*$`)
		if !line.MatchString(conf) {
			panic("the configuration defines no " + name)
		}
		conf = line.ReplaceAllLiteralString(conf, `@define `+name+` "`+v+`"`)
	}
	return conf
}

// program finds a program, also where only root's PATH has it.
func program(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		path := filepath.Join(dir, name)
		if st, err := os.Stat(path); err == nil && st.Mode()&0o111 != 0 {
			return path
		}
	}
	t.Fatalf("no %s here (apt-get install syslog-ng-core logrotate)", name)
	return ""
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
