package locate

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/glowmap/glow/internal/grid"
)

// pollEvery is how often Watch looks at the file. Looking costs nothing, and
// works where notification does not (network file systems, renamed folders).
const pollEvery = time.Second

// Watch opens the database again whenever its file changes, be it replaced or
// written over, once the file has looked the same twice, until ctx ends. Each
// new Map goes to use, and is then use's to close; what is wrong with a new
// file goes to keep, once for each file: the Map in use stays.
func Watch(ctx context.Context, path string, g grid.Grid, inUse *Map, use func(*Map), keep func(error)) {
	w := watcher{path: path, grid: g, tried: inUse.info, use: use, keep: keep}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.poll()
		}
	}
}

type watcher struct {
	path    string
	grid    grid.Grid
	tried   os.FileInfo // the file that was opened last, or could not be
	last    os.FileInfo // as it looked at the last poll
	missing bool
	use     func(*Map)
	keep    func(error)
}

func (w *watcher) poll() {
	now, err := os.Stat(w.path)
	if err != nil {
		if !w.missing {
			w.keep(fmt.Errorf("open geoip database: %w", err))
		}
		w.missing, w.last = true, nil
		return
	}
	w.missing = false
	settled := same(w.last, now)
	w.last = now
	if !settled || same(w.tried, now) {
		return
	}
	w.tried = now
	m, err := Open(w.path, w.grid)
	if err != nil {
		w.keep(err)
		return
	}
	w.tried = m.info
	w.use(m)
}

// same says whether two looks at a file saw the same content, as far as its
// outside tells.
func same(a, b os.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
