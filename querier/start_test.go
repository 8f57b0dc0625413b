//go:build cgo

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/logtest"
	"github.com/glowmap/glow/querier/archivetest"
)

// asQuerier makes the test binary a querier.
const asQuerier = "TEST_AS_QUERIER"

func TestMain(m *testing.M) {
	if os.Getenv(asQuerier) != "" {
		main()
	}
	os.Exit(m.Run())
}

// querier prepares the real querier.
func querier(t *testing.T, args ...string) (*exec.Cmd, *logtest.Buffer) {
	t.Helper()
	out := new(logtest.Buffer)
	cmd := exec.Command(os.Args[0], append([]string{"--query-listen", "127.0.0.1:0", "--state", t.TempDir(), "--cache", t.TempDir()}, args...)...)
	cmd.Env = append(os.Environ(), asQuerier+"=yes", "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret", "AWS_REGION=us-east-1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

// start lets a querier run until the test ends.
func start(t *testing.T, args ...string) (admin string, out *logtest.Buffer) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free just now
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	cmd, out := querier(t, append([]string{"--admin-addr", l.Addr().String(), "--refresh", "100ms"}, args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("querier: %v\n%s", err, out)
		}
	})
	return "http://" + l.Addr().String(), out
}

// says waits until /readyz answers with a status and each of words.
func says(t *testing.T, admin string, out *logtest.Buffer, status int, words ...string) {
	t.Helper()
	last := ""
	until(t, func() bool {
		r, err := http.Get(admin + "/readyz")
		if err != nil {
			return false
		}
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		last = fmt.Sprint(r.StatusCode, " ", string(b))
		return r.StatusCode == status && containsAll(last, words)
	}, func() string { return fmt.Sprintf("/readyz says %q, want %d and %q\n%s", last, status, words, out) })
}

// until waits for a condition; else says why it was waited for.
func until(t *testing.T, holds func() bool, why func() string) {
	t.Helper()
	tick, late := time.Tick(10*time.Millisecond), time.After(time.Minute)
	for !holds() {
		select {
		case <-tick:
		case <-late:
			t.Fatal(why())
		}
	}
}

func containsAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// All that is wrong is said at once: what flags say, and what they name.
func TestSettingsAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd, out := querier(t, "--archive", "http://x", "--state", file+"/state", "--cache", file+"/cache", "--tokens", file, "--query-rate", "-1", "--engine", "x", "--log-level", "loud")
	_ = cmd.Run()
	want := []string{"--archive (or", "--state (or", "--cache (or", "--tokens (or", "--query-rate (or", "--engine (or", "--log-level (or"}
	if cmd.ProcessState.ExitCode() != 2 || !containsAll(out.String(), want) {
		t.Errorf("exit %d, want 2 and %q\n%s", cmd.ProcessState.ExitCode(), want, out)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cmd, out = querier(t, "--archive", "file://"+t.TempDir(), "--admin-addr", "off", "--query-listen", taken.Addr().String())
	_ = cmd.Run()
	if cmd.ProcessState.ExitCode() != 2 || !containsAll(out.String(), []string{"--query-listen (or GLOW_QUERY_LISTEN)", "in use"}) {
		t.Errorf("exit %d\n%s", cmd.ProcessState.ExitCode(), out)
	}
}

// A querier that finds no archive says which, and what makes one, and waits; of
// one that goes it says so.
func TestArchiveMissing(t *testing.T) {
	a := archivetest.New(t)
	admin, out := start(t, "--archive", "file://"+a.Dir)
	missing := []string{"no archive at file://" + a.Dir, "the archiver makes it", "GLOW_ARCHIVE"}
	says(t, admin, out, 503, missing...)
	until(t, func() bool { return containsAll(out.String(), missing) }, func() string { return "the log does not say it:\n" + out.String() })
	a.Add([]archive.Row{{Time: archivetest.First, Type: "download"}}, true)
	a.Commit()
	says(t, admin, out, 200)
	if err := os.Rename(filepath.Join(a.Dir, "v1"), filepath.Join(a.Dir, "v0")); err != nil {
		t.Fatal(err)
	}
	says(t, admin, out, 503, "has gone", "mounted?")
	if err := os.Rename(filepath.Join(a.Dir, "v0"), filepath.Join(a.Dir, "v1")); err != nil {
		t.Fatal(err)
	}
	says(t, admin, out, 200)
}

// refusing is an S3 that answers every request with an error.
func refusing(t *testing.T, code string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// Wrong keys end a querier that has begun, as other daemons, with one sentence;
// a right that is missing may mean that there is no archive yet.
func TestStoreRefuses(t *testing.T) {
	cmd, out := querier(t, "--admin-addr", "off", "--archive", "s3://bucket/glow", "--s3-endpoint", refusing(t, "InvalidAccessKeyId"))
	_ = cmd.Run()
	if cmd.ProcessState.ExitCode() != 1 || !containsAll(out.String(), []string{"querier: s3://bucket/glow", "AWS_ACCESS_KEY_ID"}) {
		t.Errorf("exit %d\n%s", cmd.ProcessState.ExitCode(), out)
	}
	admin, out := start(t, "--archive", "s3://bucket/glow", "--s3-endpoint", refusing(t, "AccessDenied"))
	says(t, admin, out, 503, "s3://bucket/glow", "docs/iam", "no archive yet")
}
