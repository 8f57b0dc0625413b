package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/geotest"
)

// clinic is a stage with a whole machine around it that lacks nothing.
type clinic struct {
	*stage
	root, etc, spool, geoip, rotation string
}

func newClinic(t *testing.T) *clinic {
	t.Helper()
	s := newStage(t, "--aof-load-truncated", "no")
	c := &clinic{stage: s, root: filepath.Join(s.dir, "root"), etc: filepath.Join(s.dir, "etc"), spool: filepath.Join(s.dir, "spool"), geoip: filepath.Join(s.dir, "city.mmdb")}
	c.rotation = filepath.Join(c.root, "etc/logrotate.d/glow")
	c.write(filepath.Join(c.root, "proc/sys/vm/overcommit_memory"), "1\n")
	c.write(filepath.Join(c.root, "etc/logrotate.conf"), "weekly\nrotate 4\ncreate\ninclude /etc/logrotate.d\n")
	c.rotate()
	must(t, os.MkdirAll(filepath.Join(c.root, "run/systemd/system"), 0o755))
	dropIn, err := os.ReadFile("../systemd/redis-server.service.d/glow.conf")
	must(t, err)
	c.write(filepath.Join(c.root, "etc/systemd/system/redis-server.service.d/glow.conf"), string(dropIn))
	c.settings()
	must(t, os.Mkdir(c.spool, 0o700))
	must(t, os.Chmod(filepath.Dir(c.dir), 0o755)) // the tests' folders are their user's alone
	must(t, geotest.DB{Built: time.Now().Unix()}.Write(c.geoip))
	return c
}

func (c *clinic) write(path, text string) {
	c.Helper()
	must(c.T, os.MkdirAll(filepath.Dir(path), 0o755))
	must(c.T, os.WriteFile(path, []byte(text), 0o644))
}

// rotate makes logrotate's configuration the one that we ship, changed by
// pairs of old and new texts.
func (c *clinic) rotate(changes ...string) {
	c.Helper()
	shipped, err := os.ReadFile("../scripts/syslog-ng/logrotate")
	must(c.T, err)
	changes = append(changes, "/var/log/glow/downloads.log", c.log, "maxsize 2G", "", "postrotate", "postrotate")
	c.write(c.rotation, strings.NewReplacer(changes...).Replace(string(shipped)))
}

// settings makes the environment file, with more lines at its end.
func (c *clinic) settings(more ...string) {
	c.Helper()
	c.write(filepath.Join(c.etc, "glow.env"), strings.Join(append([]string{
		"# settings", "GLOW_REDIS_URL=" + c.redis.URL(), "TAILER_FILES=" + c.log, "GLOW_FORMAT=glow",
		"GLOW_GEOIP=" + c.geoip, "GLOW_TARGET=file://" + c.target, "GLOW_SPOOL='" + c.spool + "'",
	}, more...), "\n")+"\n")
}

// found is what the doctor found: the worst level of each check and its text.
type found struct {
	level, text map[string]string
	code        int
}

// examine runs the doctor with the settings of the environment file alone.
func (c *clinic) examine(args ...string) found {
	c.Helper()
	return c.examineWith(nil, args...)
}

func (c *clinic) examineWith(env []string, args ...string) found {
	c.Helper()
	cmd := c.command(append([]string{"doctor", "--root", c.root, "--json"}, args...)...)
	cmd.Env = slices.DeleteFunc(cmd.Env, func(v string) bool { return strings.HasPrefix(v, "GLOW_REDIS") || strings.HasPrefix(v, "GLOW_TARGET") })
	cmd.Env = append(cmd.Env, env...)
	out, _ := cmd.CombinedOutput()
	var r struct {
		Worst    string
		Findings []struct{ Check, Level, What, Means, Do string }
	}
	if err := json.Unmarshal(out, &r); err != nil {
		c.Fatalf("%v\n%s", err, out)
	}
	levels := []string{"ok", "note", "warning", "error"}
	f := found{map[string]string{}, map[string]string{}, cmd.ProcessState.ExitCode()}
	for _, one := range r.Findings {
		if slices.Index(levels, one.Level) >= slices.Index(levels, f.level[one.Check]) {
			f.level[one.Check] = one.Level
		}
		f.text[one.Check] += one.What + "\n"
		if one.Level != "ok" && (one.Means == "" || one.Do == "") {
			c.Errorf("%s says neither what it means nor what to do: %s", one.Check, one.What)
		}
	}
	if want := map[bool]int{true: 1}[r.Worst == "warning" || r.Worst == "error"]; f.code != want {
		c.Errorf("the worst is %s, exit %d", r.Worst, f.code)
	}
	return f
}

// wants fails the test unless a check came to a level and says a text.
func (f found) wants(t *testing.T, what, check, level, says string) {
	t.Helper()
	if f.level[check] != level || !strings.Contains(f.text[check], says) {
		t.Errorf("%s: %s is %q, want %s: %s\nall: %v", what, check, f.level[check], level, f.text[check], f.level)
	}
}
