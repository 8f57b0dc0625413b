// Package chaos runs a whole Glow — the real binaries, redis-server with its
// append-only file, an S3 server, logs that a writer rotates, browsers that
// share — and makes faults in all of it, several at a time. In the end every
// published object must be the oracle's, byte for byte, every drop must have
// the oracle's reason, and every share that was answered 204 must be there once.
//
// Three lanes of faults run beside each other, each drawing its own from the
// run's seed: the same seed makes the same faults in the same order with the
// same parameters. Only what the processes make of them differs.
package chaos

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/internal/s3test"
)

// Config says how a run is to be.
type Config struct {
	For    time.Duration // for how long faults are made
	Rate   int           // log lines a second
	Shares int           // shares a second
	Only   []string      // draw only faults whose name begins so; none: all
	Keep   string        // a directory that gets the state of a failed run; "": nowhere
}

// world is what faults are made in.
type world struct {
	t      testing.TB
	c      Config
	g      *harness.Glow
	links  map[string]*harness.Link // between each daemon and Redis
	wire   *harness.Link            // between publisher and store
	proxy  *harness.Proxy           // the same, by request
	store  *s3test.Server
	units  map[string][]*harness.Unit
	load   *load
	shares *shares
	geo    *database
	clocks clocks
	watch  *watch
	table  *table
}

// daemons are the programs of a world.
var daemons = []string{"tailer", "geoworker", "publisher", "sharehook"}

// Run makes faults and compares what is left with what should be.
func Run(t testing.TB, c Config) {
	t.Helper()
	r := harness.Rand(t)
	w := build(t, r, c)
	w.start()
	w.makeFaults(r)
	w.heal()
	w.load.end()
	w.shares.end()
	w.verdict()
	w.table.print(t)
	w.watch.print(t)
}

// build makes a world in which nothing runs yet but Redis and the store.
func build(t testing.TB, r *rand.Rand, c Config) *world {
	t.Helper()
	g := harness.New(t)
	w := &world{
		t: t, c: c, g: g, links: map[string]*harness.Link{}, store: s3test.Start(t),
		units: map[string][]*harness.Unit{}, table: newTable(),
	}
	w.proxy = harness.NewProxy(t, r, w.store.URL(), harness.Weather{})
	w.wire = harness.NewLink(t, "tcp", strings.TrimPrefix(w.proxy.URL(), "http://"))
	for _, name := range daemons {
		w.links[name] = harness.NewLink(t, "unix", g.Redis.Socket())
		g.Args[name] = []string{"--redis-url", "redis://" + w.links[name].Addr()}
	}
	w.geo = newDatabase(t, g.GeoIP)
	w.load = newLoad(w, r)
	w.shares = newShares(w)
	w.watch = newWatch(w)
	w.store.Bucket("feed")
	g.Target, g.Env = "s3://feed/glow", s3test.Env()
	// Our drop-in or the gate alone, for the whole run: a Redis that ran without
	// the drop-in may have left what only that Redis reads.
	g.Redis.Fix = r.IntN(2) == 0
	t.Logf("redis-check-aof before each start of Redis: %v", g.Redis.Fix)
	w.clocks = newClocks(w)
	w.args("publisher", "--s3-endpoint", "http://"+w.wire.Addr(), "--every", "1s")
	w.args("geoworker", "--claim-after", "1s")
	w.args("sharehook", w.shares.args()...)
	t.Cleanup(w.keep) // before anything else is cleaned up but the processes
	return w
}

func (w *world) args(name string, args ...string) { w.g.Args[name] = append(w.g.Args[name], args...) }

// start starts the daemons, the log and the shares.
func (w *world) start() {
	w.t.Helper()
	if err := w.load.open(); err != nil {
		w.t.Fatal(err)
	}
	for _, name := range []string{"tailer", "geoworker", "geoworker", "geoworker", "publisher", "publisher", "sharehook"} {
		w.units[name] = append(w.units[name], w.g.Unit(name))
	}
	w.g.WaitFollowed()
	go w.load.run()
	go w.shares.run()
	go w.watch.run()
}

// makeFaults runs all lanes until it is time.
func (w *world) makeFaults(r *rand.Rand) {
	w.t.Helper()
	end := time.Now().Add(w.c.For)
	var lanes sync.WaitGroup
	for _, l := range w.lanes(r) {
		lanes.Go(func() { l.run(w, end) })
	}
	lanes.Wait()
}

// heal ends what may still be wrong.
func (w *world) heal() {
	for _, l := range w.links {
		l.Set(harness.Wire{})
		l.Reset()
	}
	w.wire.Set(harness.Wire{})
	w.wire.Reset()
	w.proxy.Set(harness.Weather{})
	for _, units := range w.units {
		for _, u := range units {
			u.Check()
		}
	}
}

// keep copies the state of a failed run.
func (w *world) keep() {
	if !w.t.Failed() || w.c.Keep == "" {
		return
	}
	root := filepath.Join(w.c.Keep, time.Now().UTC().Format("20060102-150405"))
	for name, dir := range map[string]string{
		"glow": w.g.Dir, "redis": w.g.Redis.Dir(), "feed": w.store.Path("feed"), "spool": w.shares.spool,
	} {
		to := filepath.Join(root, name)
		_ = os.MkdirAll(to, 0o755)
		if out, err := exec.Command("cp", "-a", dir+"/.", to).CombinedOutput(); err != nil {
			w.t.Logf("keep %s: %v\n%s", dir, err, out)
		}
	}
	w.t.Logf("the state is in %s", root)
}
