package chaos

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/glowmap/glow/e2e/harness"
)

// verdict waits until all is counted, stops everything and compares.
func (w *world) verdict() {
	w.t.Helper()
	w.shares.verdict()
	segments, _ := filepath.Glob(filepath.Join(w.shares.spool, "shares-*.log"))
	for _, path := range segments {
		if err := w.load.read(path); err != nil {
			w.t.Fatal(err)
		}
	}
	w.settle(w.load.expected())
	w.watch.end()
	for _, name := range daemons {
		for _, u := range w.units[name] {
			u.Stop()
		}
	}
	w.g.Once("publisher")
	w.feed().Compare(w.t, w.load.oracle)
	w.compareDrops()
}

// settle waits until so many lines are counted or dropped. It gives up when
// nothing has moved for a while: what is missing then shows in the comparison.
func (w *world) settle(lines int) {
	var last harness.State
	moved, full := time.Now(), time.Time{}
	for time.Since(moved) < 30*time.Second {
		s, err := w.g.State()
		if err != nil || s.Counted != last.Counted || s.Queued != last.Queued || s.Dropped() != last.Dropped() {
			last, moved = s, time.Now()
		}
		if err != nil || s.Counted+s.Dropped() < lines || s.Queued > 0 {
			full = time.Time{}
		} else if full.IsZero() {
			full = time.Now()
		} else if time.Since(full) > 2500*time.Millisecond {
			return // an idle tailer would have noticed by now if Redis had gone back
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Errorf("of %d lines not all are counted, and nothing moves: %v", lines, last)
}

// feed reads what the store holds. It keeps objects as plain files.
func (w *world) feed() harness.Feed {
	w.t.Helper()
	root := filepath.Join(w.store.Path("feed"), "glow/v1")
	feed := harness.Feed{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		packed, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		feed[name], err = harness.Gunzip(packed)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return feed
}

func (w *world) compareDrops() {
	w.t.Helper()
	s, err := w.g.State()
	if err != nil {
		w.t.Fatal(err)
	}
	o := w.load.oracle
	lines, events, drops := o.Summary()
	if s.Counted != events || s.Dropped() != drops || s.Queued+s.Dirty != 0 {
		w.t.Errorf("%v; want %d lines = %d events + %d drops", s, lines, events, drops)
	}
	for reason, n := range o.Drops {
		if s.Drops[reason] != n {
			w.t.Errorf("drops for %s: %d, want %d", reason, s.Drops[reason], n)
		}
	}
	w.t.Logf("%d lines = %d events + %d drops: compared with %d objects", lines, events, drops, len(o.Objects()))
}
