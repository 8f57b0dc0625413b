package chaos

import (
	"math/rand/v2"
	"strings"
	"time"

	"github.com/glowmap/glow/e2e/harness"
)

// daemonFaults happen to the processes of some daemons.
func daemonFaults(names ...string) (list []fault) {
	for _, name := range names {
		list = append(list,
			fault{name, name + " kill -9", 4, 0, func(w *world, r *rand.Rand) { w.victim(name, r).Kill() }},
			fault{name, name + " frozen", 3, 0, func(w *world, r *rand.Rand) {
				w.freeze(name, r, within(r, 50*time.Millisecond, 2500*time.Millisecond))
			}},
			fault{name, name + " stopped and started", 1, 0, func(w *world, r *rand.Rand) { w.stopped(w.victim(name, r)) }},
		)
	}
	if names[0] == "sharehook" {
		return append(list, fault{"sharehook", "second sharehook on the spool", 1, 0, secondSharehook})
	}
	return append(
		list,
		fault{"publisher", "publisher frozen beyond its lease", 1, time.Minute, func(w *world, r *rand.Rand) {
			w.freeze("publisher", r, within(r, 10500*time.Millisecond, 13*time.Second))
		}},
		fault{"tailer", "second tailer on the log", 2, 0, func(w *world, r *rand.Rand) { w.second("tailer", r) }},
		fault{"geoworker", "geoworker more", 1, 0, func(w *world, r *rand.Rand) { w.second("geoworker", r) }},
		fault{"publisher", "publisher more", 1, 0, func(w *world, r *rand.Rand) { w.second("publisher", r) }},
		fault{"tailer", "tailer kill -9, again and again", 1, 0, func(w *world, r *rand.Rand) {
			for range 2 + r.IntN(4) {
				w.unit("tailer", r).Kill()
				time.Sleep(within(r, 0, 200*time.Millisecond))
			}
		}},
		fault{"geoworker", "geoworker kill -9, all but a frozen one", 1, 0, func(w *world, r *rand.Rand) {
			units := w.units["geoworker"]
			last := units[len(units)-1].Process() // which lives through the run
			last.Freeze()
			for _, u := range units[:len(units)-1] {
				u.Down()
			}
			time.Sleep(within(r, 0, time.Second))
			for _, u := range units[:len(units)-1] {
				u.Up()
			}
			last.Thaw()
		}},
	)
}

func (w *world) unit(name string, r *rand.Rand) *harness.Unit {
	units := w.units[name]
	return units[r.IntN(len(units))]
}

// victim is a daemon that may die. One geoworker lives as long as the run, to
// see how its memory does.
func (w *world) victim(name string, r *rand.Rand) *harness.Unit {
	units := w.units[name]
	if name == "geoworker" {
		units = units[:len(units)-1]
	}
	return units[r.IntN(len(units))]
}

func (w *world) freeze(name string, r *rand.Rand, d time.Duration) {
	p := w.unit(name, r).Process()
	p.Freeze()
	time.Sleep(d)
	p.Thaw()
}

// stopped stops a daemon as systemd does and starts it again. While Redis or
// the store are away it may not be able to finish what it took, and says so
// with status 1; nothing else is right.
func (w *world) stopped(u *harness.Unit) {
	u.Check()
	u.Process().Terminate()
	if status := u.Process().Wait(40 * time.Second); status != 0 && status != 1 {
		w.t.Errorf("%s was asked to stop and ended with status %d:\n%s", u.Name, status, u.Process().Log())
	}
	u.Up()
}

// second runs one more of a daemon for a while, and kills or stops it.
func (w *world) second(name string, r *rand.Rand) {
	u := w.g.Unit(name)
	time.Sleep(within(r, 500*time.Millisecond, 4*time.Second))
	if r.IntN(2) == 0 {
		u.Down()
		return
	}
	w.stopped(u)
	u.Down()
}

// secondSharehook must refuse a spool that is in use.
func secondSharehook(w *world, _ *rand.Rand) {
	p := w.g.Start("sharehook", "--listen", "127.0.0.1:0")
	if status := p.Wait(20 * time.Second); status < 1 || !strings.Contains(p.Log(), "in use by another sharehook") {
		w.t.Errorf("a second sharehook on a spool ended with status %d:\n%s", status, p.Log())
	}
}
