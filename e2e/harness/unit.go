package harness

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
)

// Unit keeps a daemon running, as systemd does with Restart=always.
type Unit struct {
	Name string
	g    *Glow
	args []string

	mu sync.Mutex // one goroutine changes p, others may look at it
	p  *Process
}

// Unit starts a daemon that is to be kept running.
func (g *Glow) Unit(name string, args ...string) *Unit {
	g.T.Helper()
	return &Unit{Name: name, g: g, args: args, p: g.Start(name, args...)}
}

// Process is the daemon's present process.
func (u *Unit) Process() *Process {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.p
}

// Kill kills the daemon with SIGKILL and starts it again.
func (u *Unit) Kill() {
	u.g.T.Helper()
	u.Down()
	u.Up()
}

// Down kills the daemon with SIGKILL; Up starts it again.
func (u *Unit) Down() {
	u.g.T.Helper()
	u.Check()
	u.p.Kill()
}

// Up starts a daemon that is Down.
func (u *Unit) Up() {
	u.g.T.Helper()
	p := u.g.Start(u.Name, u.args...)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.p = p
}

// Check fails the test if the daemon has ended by itself; then it is started
// again.
func (u *Unit) Check() {
	u.g.T.Helper()
	if u.p.Ended() {
		u.g.T.Errorf("%s ended by itself with status %d:\n%s", u.Name, u.p.cmd.ProcessState.ExitCode(), u.p.tail())
		u.Up()
	}
}

// Stop stops the daemon for good; it must end with status 0.
func (u *Unit) Stop() {
	u.g.T.Helper()
	u.Check()
	u.p.Stop()
}

// Tear cuts up to so many bytes off the end of a killed Redis's append-only
// file, as a power cut does: appendfsync everysec leaves the last second to
// chance. It returns how many.
func (g *Glow) Tear(r *rand.Rand, most int64) int64 {
	g.T.Helper()
	newest, size := g.NewestAppends()
	cut := min(r.Int64N(most), size)
	if err := os.Truncate(newest, size-cut); err != nil {
		g.T.Fatal(err)
	}
	return cut
}

// Mark is a place in what Redis appends.
type Mark struct {
	path string
	size int64
}

// Began marks what is on Redis's disk by now.
func (g *Glow) Began() Mark {
	g.T.Helper()
	path, size := g.NewestAppends()
	return Mark{path, size}
}

// TearSince is Tear, but what was on the disk at a mark stays.
func (g *Glow) TearSince(m Mark, r *rand.Rand, most int64) int64 {
	g.T.Helper()
	if path, size := g.NewestAppends(); path == m.path {
		most = max(1, min(most, size-m.size)) // 1 cuts nothing
	}
	return g.Tear(r, most)
}

// NewestAppends is the path and the size of the file that Redis appends to: of
// several, which there are while it rewrites, the last. A power cut that tears
// an earlier one, in the second after a rewrite began, is beyond Redis: with our
// drop-in it refuses to start.
func (g *Glow) NewestAppends() (newest string, size int64) {
	g.T.Helper()
	files, err := filepath.Glob(filepath.Join(g.Redis.Dir(), "appendonlydir", "*.incr.aof"))
	if err != nil || len(files) == 0 {
		g.T.Fatalf("append-only files in %s: %v", g.Redis.Dir(), err)
	}
	last := 0
	for _, path := range files {
		var n int
		if _, err := fmt.Sscanf(filepath.Base(path), "appendonly.aof.%d.incr.aof", &n); err != nil {
			g.T.Fatal(err)
		}
		if n > last {
			newest, last = path, n
		}
	}
	st, err := os.Stat(newest)
	if err != nil {
		g.T.Fatal(err)
	}
	return newest, st.Size()
}
