// Package redistest gives a test a real redis-server of its own, on a private
// socket, that can be killed and started again.
package redistest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is a redis-server with an append-only file in a directory of its own.
type Server struct {
	t    testing.TB
	dir  string // short: a socket's path must fit in 107 bytes
	args []string
	cmd  *exec.Cmd
	// Env is added to the server's environment.
	Env []string
	// Fix makes Start repair the append-only file first, as our systemd drop-in does.
	Fix bool
}

// Start starts a server, stopped when the test ends. args are added to its
// command line, as in "--appendfsync", "always".
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "glow-redis-")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, dir: dir, args: args}
	t.Cleanup(func() {
		s.Kill()
		os.RemoveAll(dir)
	})
	s.Start()
	return s
}

// URL is what --redis-url takes.
func (s *Server) URL() string { return "unix://" + s.socket() }

func (s *Server) socket() string { return filepath.Join(s.dir, "s") }

// Dir is the server's working directory, with its append-only files.
func (s *Server) Dir() string { return s.dir }

// Start starts the server again after Kill and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	args := []string{
		"--port", "0", "--unixsocket", s.socket(), "--dir", s.dir, "--logfile", filepath.Join(s.dir, "log"),
		"--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--hash-max-listpack-entries", "64",
	}
	if s.Fix {
		s.repair()
		args = append(args, "--aof-load-truncated", "no")
	}
	c := s.Client()
	defer c.Close()
	deadline := time.Now().Add(60 * time.Second)
	for {
		if s.cmd == nil {
			s.cmd = exec.Command("redis-server", append(args, s.args...)...)
			s.cmd.Env = append(os.Environ(), s.Env...)
			s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			if err := s.cmd.Start(); err != nil {
				s.t.Fatalf("start redis-server (apt-get install redis-server): %v", err)
			}
		}
		err := s.ping(c)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			s.t.Fatalf("redis-server does not answer: %v\n%s", err, log)
		}
		// A torn append-only file that is not the last makes Redis exit once
		// and start the next time; systemd would restart it, and so do we.
		if pid, _ := syscall.Wait4(s.cmd.Process.Pid, nil, syscall.WNOHANG, nil); pid != 0 {
			s.cmd = nil
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// ping dials first by itself: of a connection that fails the client would write
// to standard error.
func (s *Server) ping(c *redis.Client) error {
	conn, err := net.Dial("unix", s.socket())
	if err != nil {
		return err
	}
	conn.Close()
	return c.Ping(context.Background()).Err()
}

func (s *Server) repair() {
	manifests, _ := filepath.Glob(filepath.Join(s.dir, "appendonlydir", "*.manifest"))
	for _, m := range manifests {
		cmd := exec.Command("redis-check-aof", "--fix", m)
		cmd.Stdin = strings.NewReader("y\ny\ny\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			s.t.Logf("redis-check-aof: %v\n%s", err, out)
		}
	}
}

// Kill kills the server with SIGKILL.
func (s *Server) Kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_, _ = s.cmd.Process.Wait()
		s.cmd = nil
	}
}

// Terminate asks the server to stop, and waits until it has.
func (s *Server) Terminate() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_, _ = s.cmd.Process.Wait()
	s.cmd = nil
}

// Freeze stops the server with SIGSTOP; it keeps its connections and answers nobody.
func (s *Server) Freeze() { _ = s.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { _ = s.cmd.Process.Signal(syscall.SIGCONT) }

// Socket is the path of the socket that it listens on.
func (s *Server) Socket() string { return s.socket() }

// Client is a plain client, to look at what the daemons left.
func (s *Server) Client() *redis.Client {
	return redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket(), MaxRetries: -1, DialerRetries: 1})
}
