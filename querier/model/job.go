package model

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
)

// How much is asked of the engine at once: enough that asking costs little, and
// little enough that a new model shows how far it is and a kill loses little.
const (
	batchRows = 16_000_000
	batchDays = 64
)

// job is files of a date that are not added up yet.
type job struct {
	date  string
	files []archive.File
	rows  uint64
}

// batch is how many of the jobs are asked of the engine at once.
func batch(jobs []job) int {
	var rows uint64
	for n, j := range jobs {
		if rows += j.rows; n > 0 && (rows > batchRows || n == batchDays) {
			return n
		}
	}
	return len(jobs)
}

// ask adds up the files of jobs; where they want too much memory or room in the
// cache at once, of one after another.
func (r *run) ask(ctx context.Context, jobs []job, found map[string][]part) error {
	var files []archive.File
	for _, j := range jobs {
		files = append(files, j.files...)
	}
	began := time.Now()
	days, err := ask(ctx, r.engine, r.m, files, func(bytes int64) error { return r.room(r.bytes + r.loose + bytes) })
	r.asked(len(files), time.Since(began))
	if errors.Is(err, engine.ErrMemory) || errors.Is(err, catalog.ErrFull) || errors.Is(err, ErrLarge) {
		if first, second, ok := r.halve(jobs); ok {
			if err := r.ask(ctx, first, found); err != nil {
				return err
			}
			return r.ask(ctx, second, found)
		}
	}
	if err != nil {
		return explain(jobs, err)
	}
	for _, j := range jobs {
		if err := r.keep(j, days, found); err != nil {
			return err
		}
	}
	return nil
}

// halve divides jobs, and the files of the last one.
func (r *run) halve(jobs []job) (first, second []job, ok bool) {
	half := len(jobs) / 2
	if half > 0 {
		return jobs[:half], jobs[half:], true
	}
	j := jobs[0]
	half = len(j.files) / 2
	if half == 0 || !r.m.Combines() {
		return nil, nil, false
	}
	return []job{{date: j.date, files: j.files[:half]}}, []job{{date: j.date, files: j.files[half:]}}, true
}

// explain says what cannot be added up, and what would help.
func explain(jobs []job, err error) error {
	err = fmt.Errorf("add up %s to %s: %w", jobs[0].date, jobs[len(jobs)-1].date, err)
	if !errors.Is(err, catalog.ErrFull) {
		return err
	}
	bytes := int64(0)
	for _, f := range jobs[0].files {
		bytes += f.Bytes
	}
	return fmt.Errorf("%w: give the querier a --cache-size of more than %d bytes", err, bytes)
}
