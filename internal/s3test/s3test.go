// Package s3test gives a test a real S3 server of its own: versitygw over a
// folder, with conditional PUTs, CORS and policies. It can be killed and
// started again.
package s3test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// What the server takes for its owner, and where it says that it stands.
const (
	AccessKey = "glowtest"
	SecretKey = "glowtestsecret"
	Region    = "us-east-1"
)

// Server is a versitygw over a folder of its own, on a port of 127.0.0.1.
type Server struct {
	t      testing.TB
	dir    string
	iam    string // where it keeps its accounts
	addr   string
	binary string
	cmd    *exec.Cmd
}

// Start starts a server with no buckets, stopped when the test ends. The first
// use on a machine builds versitygw, which takes minutes.
func Start(t testing.TB) *Server {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, dir: t.TempDir(), iam: t.TempDir(), addr: freeAddr(t), binary: binary}
	t.Cleanup(s.Kill)
	s.Start()
	return s
}

// URL is what --s3-endpoint takes.
func (s *Server) URL() string { return "http://" + s.addr }

// Env is the environment with which a process is the server's owner.
func Env() []string {
	return []string{
		"AWS_ACCESS_KEY_ID=" + AccessKey, "AWS_SECRET_ACCESS_KEY=" + SecretKey, "AWS_REGION=" + Region,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
}

// Bucket makes an empty bucket.
func (s *Server) Bucket(name string) {
	s.t.Helper()
	if err := os.MkdirAll(s.Path(name), 0o755); err != nil {
		s.t.Fatal(err)
	}
}

// Account makes another account, which owns nothing but may create buckets.
func (s *Server) Account(access, secret string) {
	s.t.Helper()
	cmd := exec.Command(s.binary, "admin", "--access", AccessKey, "--secret", SecretKey, "--region", Region, "--endpoint-url", s.URL(),
		"create-user", "--access", access, "--secret", secret, "--role", "userplus")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("create an account: %v\n%s", err, out)
	}
}

// Path is where the server keeps a bucket's objects as plain files.
func (s *Server) Path(bucket string) string { return filepath.Join(s.dir, bucket) }

// Start starts the server again after Kill and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	s.cmd = exec.Command(s.binary, "--access", AccessKey, "--secret", SecretKey, "--region", Region,
		"--port", s.addr, "--health", "/health", "--quiet", "--keep-alive", "--iam-dir", s.iam, "posix", s.dir)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("start versitygw: %v", err)
	}
	deadline := time.Now().Add(60 * time.Second)
	for {
		r, err := http.Get(s.URL() + "/health")
		if err == nil {
			r.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("versitygw does not answer: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Kill kills the server with SIGKILL. What it acknowledged stays.
func (s *Server) Kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_, _ = s.cmd.Process.Wait()
		s.cmd = nil
	}
}

// freeAddr is an address that nobody listens on just now.
func freeAddr(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(fmt.Errorf("look for a free port: %w", err))
	}
	defer l.Close()
	return l.Addr().String()
}
