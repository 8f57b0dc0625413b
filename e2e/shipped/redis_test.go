package shipped

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/internal/redistest"
)

// A real redis-server takes every line of scripts/redis.conf, and Glow has
// nothing to say against the result.
func TestRedisConf(t *testing.T) {
	s := redistest.Start(t, confArgs(t)...)
	c := s.Client()
	defer c.Close()
	for _, f := range conf(t) {
		got, err := c.ConfigGet(t.Context(), f[0]).Result()
		if want := strings.ReplaceAll(strings.Trim(f[1], `"`), "512mb", "536870912"); err != nil || got[f[0]] != want {
			t.Errorf("%s is %q, %v; the file says %q", f[0], got[f[0]], err, want)
		}
	}
	glow, err := rdb.Open(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer glow.Close()
	if warnings, err := glow.Check(t.Context()); err != nil || len(warnings) > 0 {
		t.Errorf("check: %v, %v", warnings, err)
	}
}

// conf is the directives of scripts/redis.conf with their values.
func conf(t *testing.T) (all [][2]string) {
	t.Helper()
	for line := range strings.Lines(read(t, "scripts/redis.conf")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			k, v, _ := strings.Cut(line, " ")
			all = append(all, [2]string{k, v})
		}
	}
	return all
}

// confArgs are the same as arguments, which win over redistest's own.
func confArgs(t *testing.T) (args []string) {
	t.Helper()
	for _, f := range conf(t) {
		args = append(args, "--"+f[0], strings.Trim(f[1], `"`))
	}
	return args
}

// The drop-in cuts a torn append-only file back before Redis starts, so that
// the restart after next does not apply half a step besides its repetition.
func TestDropInCutsTornFile(t *testing.T) {
	s := redistest.Start(t, append(confArgs(t), "--appendfsync", "always")...)
	c := s.Client()
	defer c.Close()
	step := func() {
		t.Helper()
		_, err := c.TxPipelined(t.Context(), func(p redis.Pipeliner) error {
			p.Incr(t.Context(), "n")
			p.Incr(t.Context(), "other")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	step()
	step()
	s.Kill()
	tear(t, s.Dir())
	beforeStart(t, s.Dir())
	s.Start() // aof-load-truncated no: it would not start with the torn file
	expect(t, c, "1")
	step()
	expect(t, c, "2")
	s.Kill()
	beforeStart(t, s.Dir())
	s.Start()
	expect(t, c, "2")
}

func expect(t *testing.T, c *redis.Client, want string) {
	t.Helper()
	if got, err := c.MGet(context.Background(), "n", "other").Result(); err != nil || got[0] != want || got[1] != want {
		t.Fatalf("n and other are %v, %v; want %s", got, err, want)
	}
}

// tear takes the last step's EXEC and a bit more off the file.
func tear(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "appendonlydir", "*.incr.aof"))
	if err != nil || len(files) != 1 {
		t.Fatalf("append-only files: %v, %v", files, err)
	}
	st, err := os.Stat(files[0])
	if err == nil {
		err = os.Truncate(files[0], st.Size()-int64(len("*1\r\n$4\r\nEXEC\r\n")+8))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// beforeStart does what systemd does before it starts Redis.
func beforeStart(t *testing.T, dir string) {
	t.Helper()
	const file = "systemd/redis-server.service.d/glow.conf"
	unit := read(t, file)
	m := regexp.MustCompile(`(?m)^ExecStartPre=-/bin/sh -c '(.*)'$`).FindStringSubmatch(unit)
	if m == nil {
		t.Fatalf("%s has no ExecStartPre as expected:\n%s", file, unit)
	}
	script := strings.ReplaceAll(m[1], "$$", "$")
	script = strings.ReplaceAll(script, "/var/lib/redis", dir)
	if out, err := exec.Command("/bin/sh", "-c", script).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
}
