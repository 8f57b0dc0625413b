package chaos

import (
	"math/rand/v2"
	"os"
	"time"

	"github.com/glowmap/glow/e2e/harness"
)

// fileFaults happen to the log: every kind of rotation, with the tailer there
// and away.
func fileFaults() (list []fault) {
	const c = "log"
	for _, kind := range harness.Rotations {
		list = append(list, fault{c, "log rotated, " + string(kind), 2, 0, func(w *world, _ *rand.Rand) { w.rotate(kind) }})
	}
	return append(
		list,
		fault{c, "log rotated while the tailer is killed", 3, 0, func(w *world, r *rand.Rand) {
			w.whileKilled(r, func() { w.rotate(anyRotation(r)) })
		}},
		fault{c, "log rotated several times while the tailer is killed", 1, 0, func(w *world, r *rand.Rand) {
			w.whileKilled(r, func() {
				for range 2 + r.IntN(3) {
					w.rotate(anyRotation(r))
					time.Sleep(within(r, 0, 400*time.Millisecond))
				}
			})
		}},
		fault{c, "log rotated while the tailer is frozen", 2, 0, func(w *world, r *rand.Rand) {
			w.whileFrozen(func() {
				w.rotate(anyRotation(r))
				time.Sleep(within(r, 0, time.Second))
			})
		}},
		fault{c, "log cut and grown beyond its old end while the tailer is away", 3, 0, outgrown},
	)
}

func anyRotation(r *rand.Rand) harness.Rotation {
	return harness.Rotations[r.IntN(len(harness.Rotations))]
}

func (w *world) rotate(kind harness.Rotation) {
	if err := w.load.writer.Rotate(kind); err != nil {
		w.t.Error(err)
	}
}

func (w *world) whileKilled(r *rand.Rand, do func()) {
	u := w.units["tailer"][0]
	u.Down()
	do()
	time.Sleep(within(r, 0, time.Second))
	u.Up()
}

func (w *world) whileFrozen(do func()) {
	p := w.units["tailer"][0].Process()
	p.Freeze()
	do()
	p.Thaw()
}

// outgrown rotates by copytruncate while the tailer is away until the new
// content is longer than what it had read of the old.
func outgrown(w *world, r *rand.Rand) {
	w.rotate(harness.Rename)
	time.Sleep(within(r, 300*time.Millisecond, 900*time.Millisecond)) // some of it is read
	away := w.whileFrozen
	if r.IntN(2) == 0 {
		away = func(do func()) { w.whileKilled(r, do) }
	}
	away(func() {
		before := w.load.size()
		w.rotate(harness.CopyTruncate)
		for end := time.Now().Add(5 * time.Second); w.load.size() <= before && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
		}
	})
}

func (l *load) size() int64 {
	st, err := os.Stat(l.writer.Path)
	if err != nil {
		return 0
	}
	return st.Size()
}
