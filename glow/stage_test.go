package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/position"
	"github.com/glowmap/glow/internal/redistest"
	"github.com/glowmap/glow/internal/snapshot"
	"github.com/glowmap/glow/tailer/follow"
)

// asGlow makes the test binary a glow.
const asGlow = "TEST_AS_GLOW"

func TestMain(m *testing.M) {
	if os.Getenv(asGlow) != "" {
		main()
	}
	os.Exit(m.Run())
}

// viewer is the Redis user of docs/operating.md, who may look and do nothing
// else: whatever glow status asks for beyond that is refused.
const (
	viewer   = "viewer"
	password = "s3cret"
)

func viewerRules(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/operating.md")
	must(t, err)
	m := regexp.MustCompile(`(?m)^ACL SETUSER viewer (on >PASSWORD .*)$`).FindSubmatch(page)
	if m == nil {
		t.Fatal("docs/operating.md does not say what a viewer may do")
	}
	return strings.Replace(string(m[1]), "PASSWORD", password, 1)
}

// stage is a Redis with a Glow in it at which all is well.
type stage struct {
	*testing.T
	redis  *redistest.Server
	admin  *redis.Client
	keys   keys.Keys
	dir    string
	log    string
	target string // folder
	feed   *snapshot.Latest
	now    time.Time
}

func newStage(t *testing.T, redisArgs ...string) *stage {
	t.Helper()
	s := &stage{T: t, redis: redistest.Start(t, redisArgs...), dir: t.TempDir(), now: time.Now()}
	s.admin = s.redis.Client()
	t.Cleanup(func() { s.admin.Close() })
	s.log, s.target = filepath.Join(s.dir, "access.log"), filepath.Join(s.dir, "feed")
	var err error
	s.keys, err = keys.New(keys.DefaultNamespace)
	must(t, err)
	s.do("ACL", "SETUSER", viewer, viewerRules(t))
	s.do("XGROUP", "CREATE", s.keys.Queue(), keys.Group, "0", "MKSTREAM")
	s.do("HSET", s.keys.Meta(), keys.MetaSchema, keys.Schema, keys.MetaFeed, "f00d", keys.MetaGeoIPType, "GeoLite2-City", keys.MetaGeoIPBuilt, s.now.Format(time.DateOnly))
	s.do("HSET", s.keys.Bucket(allTime), "download|n", "1000", "download|unlocated", "10", "share:twitter|n", "3", "token", "00")
	s.do("HSET", s.keys.Drops(), "tailer:format", "7")
	s.do("SET", s.keys.Lease("publisher"), "host1/boot:1/4711/99/ABCDEFGH", "EX", "60")
	s.do("ZADD", s.keys.Dirty(), s.now.Unix(), "1m:1774360800")
	s.do("HSET", s.keys.Meta(), keys.MetaArchive, keys.On)
	s.do("HSET", s.keys.Archive(), "n|download", "5", "rows|download", "5", "missing|download|2026-03-24", "3")
	must(t, os.WriteFile(s.log, bytes.Repeat([]byte("192.0.2.1 1774360801\n"), 10), 0o644))
	s.position(s.log, position.Open, 210, s.now)
	s.feed = &snapshot.Latest{
		Feed: "f00d", Published: s.now.UTC().Truncate(time.Second), Seq: 12, Status: snapshot.Live, Version: 1,
		Totals: map[string]uint64{"download": 1000},
	}
	s.publish()
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// do sends one command as the administrator; a single text is split at blanks.
func (s *stage) do(args ...any) {
	s.Helper()
	if rules, ok := args[len(args)-1].(string); ok && args[0] == "ACL" {
		args = args[:len(args)-1]
		for rule := range strings.FieldsSeq(rules) {
			args = append(args, rule)
		}
	}
	if err := s.admin.Do(context.Background(), args...).Err(); err != nil {
		s.Fatalf("%v: %v", args, err)
	}
}

// position says how far a tailer on this host has read a file.
func (s *stage) position(path string, state position.State, offset int64, modified time.Time) {
	s.Helper()
	seen, err := follow.See(path)
	must(s.T, err)
	host, err := os.Hostname()
	must(s.T, err)
	p := position.Position{
		Offset: offset, Head: position.Mark{Len: int(min(offset, position.HeadMax)), Sum: 1}, Tail: position.Mark{Len: int(min(offset, position.TailMax)), Sum: 1},
		Modified: modified.UnixNano(), State: state, Host: strings.ReplaceAll(host, " ", "_"), Path: path,
	}
	s.do("HSET", s.keys.Positions(), position.Field(host+":"+path, seen.Generation), p.String())
}

// publish puts latest.json at the target.
func (s *stage) publish() {
	s.Helper()
	b, err := snapshot.Encode(s.feed)
	must(s.T, err)
	path := filepath.Join(s.target, "v1", "latest.json")
	must(s.T, os.MkdirAll(filepath.Dir(path), 0o755))
	must(s.T, os.WriteFile(path, b, 0o644))
}

// url is what the viewer takes for --redis-url.
func (s *stage) url() string {
	return strings.Replace(s.redis.URL(), "unix://", "unix://"+viewer+":"+password+"@", 1)
}

// command is a glow that sees this stage and nothing else of the machine.
func (s *stage) command(args ...string) *exec.Cmd {
	exe, err := os.Executable()
	must(s.T, err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	s.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, exe, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GLOW_") && !strings.HasPrefix(v, "AWS_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, asGlow+"=1", "GLOW_REDIS_URL="+s.url(), "GLOW_ETC="+filepath.Join(s.dir, "etc"), "GLOW_TARGET=file://"+s.target)
	return cmd
}

// glow runs glow to its end. What it says holds no secret and nothing that a
// terminal would obey.
func (s *stage) glow(args ...string) (out string, code int) {
	s.Helper()
	cmd := s.command(args...)
	b, _ := cmd.CombinedOutput()
	for _, bad := range []string{password, "\x1b", "panic"} {
		if bytes.Contains(b, []byte(bad)) {
			s.Errorf("glow %v says %q:\n%s", args, bad, b)
		}
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// status is "glow status" with arguments that a later one may override.
func (s *stage) status(args ...string) (out string, code int) {
	s.Helper()
	return s.glow(append([]string{"status", "--admin", "off"}, args...)...)
}

// commands are those that were sent to Redis since it was last asked.
func (s *stage) commands() (names []string) {
	text := s.admin.Info(context.Background(), "commandstats").Val()
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, "cmdstat_"); ok {
			name, _, _ = strings.Cut(name, ":")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	s.do("CONFIG", "RESETSTAT")
	return names
}

var allTime = bucket.ID{Period: bucket.All}

// entryID is the id that Redis would have given at a time.
func entryID(t time.Time) string { return fmt.Sprintf("%d-1", t.UnixMilli()) }
