// Package clickhousetest gives a test a real ClickHouse server of its own, on a
// port of 127.0.0.1 and in a folder of its own, that can be killed and started
// again. Every version will do, from 18.16, which Debian has.
package clickhousetest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Who may do everything on the server.
const (
	User     = "glow"
	Password = "not?a=secret&"
)

// Server is a ClickHouse server.
type Server struct {
	t    testing.TB
	dir  string
	addr string
	cmd  *exec.Cmd
}

// Start starts a server without tables, stopped when the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir()}
	t.Cleanup(s.Kill)
	s.write("users.xml", fmt.Sprintf(users, User, strings.ReplaceAll(Password, "&", "&amp;")))
	s.Start()
	return s
}

const (
	users = `<yandex><profiles><default></default></profiles><quotas><default></default></quotas><users><%[1]s>
<password>%[2]s</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
</%[1]s></users></yandex>`

	config = `<yandex><logger><level>warning</level><console>1</console></logger>
<listen_host>127.0.0.1</listen_host><http_port>%[1]s</http_port><timezone>America/New_York</timezone>
<path>%[2]s/data/</path><tmp_path>%[2]s/tmp/</tmp_path><users_config>%[2]s/users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<mark_cache_size>10000000</mark_cache_size></yandex>`
)

func (s *Server) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// Start starts the server again after Kill, where it was, and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if s.cmd == nil {
			s.launch()
		}
		if r, err := http.Get("http://" + s.addr + "/ping"); err == nil {
			r.Body.Close()
			return
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(s.log())
			s.t.Fatalf("clickhouse-server does not answer\n%s", log)
		}
		if pid, _ := syscall.Wait4(s.cmd.Process.Pid, nil, syscall.WNOHANG, nil); pid != 0 {
			s.cmd = nil // somebody else took the port first
		}
	}
}

func (s *Server) log() string { return filepath.Join(s.dir, "log") }

func (s *Server) launch() {
	s.t.Helper()
	program, err := find()
	if err != nil {
		s.t.Fatalf("%v (apt-get install clickhouse-server)", err)
	}
	if s.addr == "" || !free(s.addr) {
		s.addr = freeAddr(s.t)
	}
	_, port, _ := net.SplitHostPort(s.addr)
	s.write("config.xml", fmt.Sprintf(config, port, s.dir))
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.cmd = exec.Command(program, "--config-file="+filepath.Join(s.dir, "config.xml"))
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.dir, log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
}

// find looks also where only root has a path to.
func find() (string, error) {
	program, err := exec.LookPath("clickhouse-server")
	if err != nil {
		if there, err := exec.LookPath("/usr/sbin/clickhouse-server"); err == nil {
			return there, nil
		}
	}
	return program, err
}

func freeAddr(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(fmt.Errorf("look for a free port: %w", err))
	}
	defer l.Close()
	return l.Addr().String()
}

func free(addr string) bool {
	l, err := net.Listen("tcp", addr)
	if err == nil {
		l.Close()
	}
	return err == nil
}

// URL is what --engine takes, of a database that need not be there yet.
func (s *Server) URL() string { return "clickhouse://" + User + "@" + s.addr + "/history" }

// Kill kills the server with SIGKILL.
func (s *Server) Kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_, _ = s.cmd.Process.Wait()
		s.cmd = nil
	}
}

// Age makes a table older than it is, of a server that does not run.
func (s *Server) Age(database, table string, by time.Duration) {
	s.t.Helper()
	at := time.Now().Add(-by)
	if err := os.Chtimes(filepath.Join(s.dir, "data", "metadata", database, table+".sql"), at, at); err != nil {
		s.t.Fatal(err)
	}
}

// Do runs a statement, which names the database of its tables, and returns what
// it answers.
func (s *Server) Do(sql string) string {
	s.t.Helper()
	text, err := s.Try(sql)
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// Try runs a statement as Do does. It is for one that may fail.
func (s *Server) Try(sql string) (string, error) {
	r, err := http.NewRequest(http.MethodPost, "http://"+s.addr+"/", strings.NewReader(sql))
	if err != nil {
		return "", err
	}
	r.Header.Set("X-ClickHouse-User", User)
	r.Header.Set("X-ClickHouse-Key", Password)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s: %w %s", sql, a.Status, err, text)
	}
	return strings.TrimSuffix(string(text), "\n"), nil
}
