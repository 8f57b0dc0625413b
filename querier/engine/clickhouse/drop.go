package clickhouse

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/glowmap/glow/archiver/archive"
)

// drop drops loads, wherever they are.
func (e *Engine) drop(ctx context.Context, loads []load) error {
	for _, l := range loads {
		if err := e.hosts.everywhere(ctx, "ALTER TABLE "+e.hosts.table(events)+" DROP PARTITION "+l.partition()); err != nil {
			return err
		}
	}
	return nil
}

// used makes loads stay, also those of files that the archive does not name
// any more.
func (e *Engine) used(loads []load) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range loads {
		delete(e.unwanted, l.id)
	}
}

// old notes which loads are unwanted since now, and returns those that have
// been so for long: those of other files, and of each file all but the chosen
// one, which is the same for everybody. A file without a whole load has none
// that is wanted.
func (e *Engine) old(has state, files []archive.File, now time.Time) (list []load) {
	chosen, _ := has.choose(files)
	wanted := map[loadID]bool{}
	for _, l := range chosen {
		wanted[l.id] = true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	since := map[loadID]time.Time{}
	for _, loads := range has.loads {
		for _, l := range loads {
			if wanted[l.id] {
				continue
			}
			if since[l.id] = now; !e.unwanted[l.id].IsZero() {
				since[l.id] = e.unwanted[l.id]
			}
			if now.Sub(since[l.id]) >= e.keep {
				list = append(list, l)
			}
		}
	}
	e.unwanted = since
	slices.SortFunc(list, func(a, b load) int { return cmp.Compare(a.id, b.id) })
	return list
}

// stage is what tables that are being filled are called.
var stage = regexp.MustCompile(`^` + stages + `[0-9a-f_]+$`)

// sweep removes tables that nobody fills any more: those left who died.
func (s *server) sweep(ctx context.Context) error {
	left, err := s.list(ctx, "SELECT name, toInt64(1) FROM system.tables WHERE database = '"+s.database+
		"' AND position(name, '"+stages+"') = 1 AND metadata_modification_time < now() - "+strconv.Itoa(int(2*hour/time.Second)))
	if nothing(err) { // one was dropped meanwhile, and old servers stumble over that
		return nil
	}
	for _, row := range left {
		if err == nil && stage.MatchString(row.name) {
			err = s.do(ctx, "DROP TABLE IF EXISTS "+s.database+"."+row.name)
		}
	}
	return err
}
