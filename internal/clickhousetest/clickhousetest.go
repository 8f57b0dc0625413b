// Package clickhousetest gives a test a real ClickHouse server of its own, on a
// port of 127.0.0.1 and in a folder of its own, that can be killed and started
// again. Every version will do, from 18.16, which Debian has.
package clickhousetest

import (
	"fmt"
	"io"
	"math/rand/v2"
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
	t         testing.TB
	dir       string
	http, tcp string // addresses
	known     bool   // to others
	shards    string // of config, what it knows of the cluster
	cmd       *exec.Cmd
}

// Cluster is what the servers of [StartCluster] call themselves.
const Cluster = "all_of_them"

// Start starts a server without tables, stopped when the test ends. Its user has
// settings, as in "max_threads=1".
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := prepare(t, settings)
	s.Start()
	return s
}

// StartCluster starts servers that are the shards of a cluster.
func StartCluster(t testing.TB, n int, settings ...string) (list []*Server) {
	t.Helper()
	shards := ""
	for range n {
		s := prepare(t, settings)
		_, port, _ := net.SplitHostPort(s.tcp)
		shards += fmt.Sprintf(shard, port, User, escape(Password))
		list = append(list, s)
	}
	for _, s := range list {
		s.shards, s.known = shards, true
		s.Start()
	}
	return list
}

func prepare(t testing.TB, settings []string) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir(), http: freeAddr(t), tcp: freeAddr(t)}
	t.Cleanup(s.Kill)
	profile := ""
	for _, set := range settings {
		name, value, _ := strings.Cut(set, "=")
		profile += "<" + name + ">" + escape(value) + "</" + name + ">"
	}
	s.write("users.xml", fmt.Sprintf(users, User, escape(Password), profile))
	return s
}

func escape(text string) string { return strings.ReplaceAll(text, "&", "&amp;") }

const (
	users = `<yandex><profiles><default>%[3]s</default></profiles><quotas><default></default></quotas><users><%[1]s>
<password>%[2]s</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
</%[1]s></users></yandex>`

	config = `<yandex><logger><level>warning</level><console>1</console></logger>
<listen_host>127.0.0.1</listen_host><http_port>%[1]s</http_port><tcp_port>%[2]s</tcp_port><timezone>America/New_York</timezone>
<path>%[3]s/data/</path><tmp_path>%[3]s/tmp/</tmp_path><users_config>%[3]s/users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<remote_servers><%[4]s>%[5]s</%[4]s></remote_servers>
<mark_cache_size>10000000</mark_cache_size></yandex>`

	shard = `<shard><replica><host>127.0.0.1</host><port>%s</port><user>%s</user><password>%s</password></replica></shard>`
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
		if r, err := http.Get("http://" + s.http + "/ping"); err == nil {
			r.Body.Close()
			s.known = true
			return
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(s.log())
			s.t.Fatalf("clickhouse-server does not answer\n%s", log)
		}
		if pid, _ := syscall.Wait4(s.cmd.Process.Pid, nil, syscall.WNOHANG, nil); pid != 0 {
			s.cmd = nil // somebody else has the port, or had it
			if !s.known {
				s.http, s.tcp = freeAddr(s.t), freeAddr(s.t)
			}
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
	_, port, _ := net.SplitHostPort(s.http)
	_, native, _ := net.SplitHostPort(s.tcp)
	s.write("config.xml", fmt.Sprintf(config, port, native, s.dir, Cluster, s.shards))
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

// freeAddr is an address that nobody listens on. Its port is none of those that
// systems give to whoever asks for any, so that it stays free while the server
// does not run.
func freeAddr(t testing.TB) string {
	for range 100 {
		addr := fmt.Sprint("127.0.0.1:", 10000+rand.IntN(20000))
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}

// URL is what --engine takes, of a database that need not be there yet.
func (s *Server) URL() string { return "clickhouse://" + User + "@" + s.http + "/history" }

// ClusterURL is that of several servers.
func ClusterURL(servers ...*Server) string {
	addrs := make([]string, len(servers))
	for i, s := range servers {
		addrs[i] = s.http
	}
	return "clickhouse://" + User + "@" + strings.Join(addrs, ",") + "/history?cluster=" + Cluster
}

// Addr is where the server is.
func (s *Server) Addr() string { return s.http }

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
	r, err := http.NewRequest(http.MethodPost, "http://"+s.http+"/", strings.NewReader(sql))
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
