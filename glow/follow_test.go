package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Where there is no terminal, following is a line each time; rates come with
// the second.
func TestFollow(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	cmd := s.command("status", "--follow", "--every", "100ms", "--json", "--admin", "off")
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for i := range 3 {
		if !lines.Scan() {
			t.Fatal("it ended")
		}
		var r struct {
			State string
			Rates *struct {
				Counted *float64 `json:"counted_per_second"`
			}
		}
		must(t, json.Unmarshal(lines.Bytes(), &r))
		if r.State != "well" || (r.Rates != nil) != (i > 0) {
			t.Errorf("line %d: %s", i, lines.Text())
		}
		if i == 1 {
			s.do("HINCRBY", s.keys.Bucket(allTime), "download|n", "100")
		}
		if i == 2 && *r.Rates.Counted == 0 {
			t.Errorf("100 events were counted: %s", lines.Text())
		}
	}
	must(t, cmd.Process.Signal(syscall.SIGINT))
	for lines.Scan() {
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v", err)
	}
}

// On a terminal it is drawn in place, in colours unless NO_COLOR is set, no
// longer than the terminal is high, and what was there before comes back.
func TestFollowOnATerminal(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, env := range []string{"NO_COLOR=", "NO_COLOR=1"} {
		shown := s.onTerminal(env, "status", "--follow", "--every", "100ms", "--admin", "off")
		plain := env != "NO_COLOR="
		if !strings.HasPrefix(shown, "\x1b[?1049h") || !strings.HasSuffix(shown, "\x1b[?1049l") || strings.Count(shown, "glow:") < 2 || !strings.Contains(shown, "…\x1b[K") {
			t.Errorf("%q", shown)
		}
		if strings.Contains(shown, "\x1b[32m") == plain {
			t.Errorf("%s: colours in %q", env, shown)
		}
	}
}

// onTerminal runs glow on a terminal of eight lines until it has drawn twice.
func (s *stage) onTerminal(env string, args ...string) string {
	ptmx, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	must(s.T, err)
	defer ptmx.Close()
	must(s.T, unix.IoctlSetPointerInt(int(ptmx.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(ptmx.Fd()), unix.TIOCGPTN)
	must(s.T, err)
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	must(s.T, err)
	must(s.T, unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 8, Col: 200}))
	cmd := s.command(args...)
	cmd.Env = append(cmd.Env, "TERM=xterm", env)
	cmd.Stdout = tty
	must(s.T, cmd.Start())
	tty.Close()
	var shown bytes.Buffer
	for b, asked := make([]byte, 4096), false; ; {
		n, err := ptmx.Read(b)
		shown.Write(b[:n])
		if err != nil { // the other side is closed
			break
		}
		if !asked && bytes.Count(shown.Bytes(), []byte("\x1b[J")) >= 2 {
			asked = true // a second signal would kill
			_ = cmd.Process.Signal(syscall.SIGINT)
		}
	}
	if err := cmd.Wait(); err != nil {
		s.Errorf("Ctrl-C: %v", err)
	}
	return shown.String()
}
