package harness

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/geotest"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/redistest"
)

// Glow is one whole system: a redis-server, a log, a database and a target.
// Its fields may be changed before the daemons are started.
type Glow struct {
	T      testing.TB
	Dir    string // of everything below
	Redis  *redistest.Server
	Client *redis.Client // to look at Redis
	Keys   keys.Keys
	GeoIP  string
	Log    string // the file that tailers follow
	Format string
	Target string
	// Archive is the target of an archiver, where a test starts one.
	Archive string
	// Args are further arguments of each daemon, by its name.
	Args map[string][]string
	// Env is added to the daemons' environment.
	Env []string
}

// New makes a system around a fresh redis-server, with the generated test
// database, the glow format and a file:// target. redisArgs go to redis-server.
func New(t testing.TB, redisArgs ...string) *Glow {
	t.Helper()
	dir := t.TempDir()
	k, err := keys.New(keys.DefaultNamespace)
	if err != nil {
		t.Fatal(err)
	}
	g := &Glow{
		T: t, Dir: dir, Redis: redistest.Start(t, redisArgs...), Keys: k, Format: "glow",
		GeoIP: filepath.Join(dir, "city.mmdb"), Log: filepath.Join(dir, "logs", "access.log"),
		Target: "file://" + filepath.Join(dir, "feed"), Archive: "file://" + filepath.Join(dir, "archive"), Args: map[string][]string{},
	}
	g.Client = g.Redis.Client()
	t.Cleanup(func() {
		if t.Failed() {
			g.showLogs()
			g.showPositions()
		}
		g.Client.Close()
	})
	for _, d := range []string{"logs", "daemons"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := geotest.Write(g.GeoIP, 28); err != nil {
		t.Fatal(err)
	}
	return g
}

// showLogs shows the end of what each daemon logged last.
func (g *Glow) showLogs() {
	last := map[string]string{}
	logs, _ := filepath.Glob(filepath.Join(g.Dir, "daemons", "*.log"))
	for _, path := range logs { // in the order of their numbers
		name, _, _ := strings.Cut(filepath.Base(path), "-")
		last[name] = path
	}
	for name, path := range last {
		b, _ := os.ReadFile(path)
		lines := strings.Split(strings.TrimSpace(string(b)), "\n")
		g.T.Logf("last log of %s:\n%s", name, strings.Join(lines[max(0, len(lines)-12):], "\n"))
	}
}

// showPositions shows how far each log was read, and how long it is.
func (g *Glow) showPositions() {
	var b strings.Builder
	positions, err := g.Client.HGetAll(context.Background(), g.Keys.Positions()).Result()
	for k, v := range positions {
		fmt.Fprintf(&b, "%s → %s\n", k, v)
	}
	logs, _ := filepath.Glob(g.Log + "*")
	for _, path := range logs {
		var st syscall.Stat_t
		_ = syscall.Stat(path, &st)
		fmt.Fprintf(&b, "%s: inode %d, %d bytes\n", path, st.Ino, st.Size)
	}
	g.T.Logf("positions (%v):\n%s", err, b.String())
}

// Start starts a daemon that stays until it is stopped or killed.
func (g *Glow) Start(name string, args ...string) *Process {
	g.T.Helper()
	return start(g.T, filepath.Join(g.Dir, "daemons"), name, g.command(name, args), g.Env)
}

// Run starts a command with these arguments only.
func (g *Glow) Run(name string, args ...string) *Process {
	g.T.Helper()
	return start(g.T, filepath.Join(g.Dir, "daemons"), name, args, g.Env)
}

// Once runs a daemon with --once and returns its summary line. It must end
// with status 0.
func (g *Glow) Once(name string, args ...string) string {
	g.T.Helper()
	return g.finish(g.Start(name, append([]string{"--once"}, args...)...))
}

func (g *Glow) finish(p *Process) string {
	g.T.Helper()
	if status := p.Wait(10 * time.Minute); status != 0 {
		g.T.Fatalf("%s %s: status %d\n%s", p.Name, strings.Join(p.args, " "), status, p.tail())
	}
	lines := strings.Split(strings.TrimSpace(p.Log()), "\n")
	return lines[len(lines)-1]
}

// All runs every daemon with --once, with some geoworkers side by side.
func (g *Glow) All(workers int) {
	g.T.Helper()
	g.Once("tailer")
	g.Count(workers)
	g.Once("publisher")
}

// Count runs geoworkers side by side until the queue is empty.
func (g *Glow) Count(workers int) {
	g.T.Helper()
	var started []*Process
	for range workers {
		started = append(started, g.Start("geoworker", "--once"))
	}
	for _, p := range started {
		g.finish(p)
	}
}

// command is a daemon's command line. Options come before the log.
func (g *Glow) command(name string, args []string) []string {
	own := map[string][]string{
		"tailer":    {"--format", g.Format},
		"geoworker": {"--geoip", g.GeoIP},
		"publisher": {"--target", g.Target},
		"archiver":  {"--archive", g.Archive},
		"querier":   {"--archive", g.Archive, "--query-listen", "127.0.0.1:0", "--state", filepath.Join(g.Dir, "querier")},
	}[name]
	if g.Format == "" && name == "tailer" {
		own = nil
	}
	line := append([]string{"--admin-addr", "off"}, own...)
	if name != "querier" { // which has no Redis
		line = append([]string{"--redis-url", g.Redis.URL()}, line...)
	}
	line = append(append(line, g.Args[name]...), args...)
	if name == "tailer" {
		line = append(line, g.Log)
	}
	return line
}

// Admin makes a daemon serve its metrics; give it to Start.
const Admin = "--admin-addr=127.0.0.1:0"
