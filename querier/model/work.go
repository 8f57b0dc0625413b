package model

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/model/define"
)

// How much is asked of the engine at once: enough that asking costs little, and
// little enough that a new model shows how far it is and a kill loses little.
const (
	batchRows = 16_000_000
	batchDays = 64
	// maxParts is how many parts a day has at most before they become one.
	maxParts = 8
)

// day is a date of a model: its parts, and what they come to.
type day struct {
	files string // key of the files that it is of
	parts []part
	sums  *table
	block *block // of models whose periods are within a day
}

// job is files of a date that are not added up yet.
type job struct {
	date  string
	files []archive.File
	rows  uint64
}

// run is one model at work. One goroutine uses it.
type run struct {
	m      *define.Model
	engine engine.Engine
	state  state
	days   map[string]*day
	// note is told of each change of how many of all rows are added up.
	note  func(done, all uint64)
	asked func(files int, took time.Duration)
}

// bring adds up what a snapshot has anew, and returns all rows of the model.
func (r *run) bring(ctx context.Context, s *catalog.Snapshot) (*version, error) {
	dates := datesOf(r.m, s)
	var changed, stale []string
	for _, date := range dates {
		if d := r.days[date]; d == nil || d.files != fileKey(names(filesOf(r.m, s, date))) {
			changed = append(changed, date)
		}
	}
	for date := range r.days {
		if !slices.Contains(dates, date) {
			stale = append(stale, date)
		}
	}
	if err := r.refresh(ctx, s, changed); err != nil {
		return nil, err
	}
	for _, date := range stale {
		delete(r.days, date)
		r.state.tidy(date, nil)
	}
	v := &version{until: s.Until, blocks: r.blocks(dates), events: eventsOf(r.m, s, dates)}
	v.id = versionOf(r.m, v.blocks)
	return v, nil
}

// datesOf are the dates of which a model has rows.
func datesOf(m *define.Model, s *catalog.Snapshot) []string {
	dates := s.Dates()
	if m.Days == 0 || len(dates) == 0 {
		return dates
	}
	last := before(dates[len(dates)-1], m.Days)
	return slices.DeleteFunc(slices.Clone(dates), func(d string) bool { return d <= last })
}

// filesOf are the files of a date that can have rows for a model.
func filesOf(m *define.Model, s *catalog.Snapshot, date string) []archive.File {
	return slices.DeleteFunc(slices.Clone(s.Of(date)), func(f archive.File) bool {
		for typ := range f.Types {
			if m.Wants(typ) {
				return false
			}
		}
		return true
	})
}

// eventsOf are the types of events that a model's rows of some dates are of.
func eventsOf(m *define.Model, s *catalog.Snapshot, dates []string) []string {
	types := map[string]bool{}
	for _, date := range dates {
		for _, f := range s.Of(date) {
			for typ := range f.Types {
				if !types[typ] && m.Wants(typ) {
					types[typ] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(types))
}

// before is the date so many days before another one.
func before(date string, days int) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return ""
	}
	return t.AddDate(0, 0, -days).Format(time.DateOnly)
}

// refresh adds up the files of dates that are in no part yet.
func (r *run) refresh(ctx context.Context, s *catalog.Snapshot, dates []string) error {
	found := map[string][]part{}
	var jobs []job
	var done, all uint64
	for _, date := range dates {
		parts, missing := r.parts(date, filesOf(r.m, s, date))
		found[date] = parts
		j := job{date: date, files: missing}
		for _, f := range missing {
			j.rows += f.Rows()
		}
		if len(missing) > 0 {
			jobs = append(jobs, j)
		}
		all += j.rows
	}
	for len(jobs) > 0 {
		r.note(done, all)
		n := batch(jobs)
		if err := r.ask(ctx, jobs[:n], found); err != nil {
			return err
		}
		for _, j := range jobs[:n] {
			done += j.rows
		}
		jobs = jobs[n:]
	}
	for _, date := range dates {
		if err := r.settle(date, names(filesOf(r.m, s, date)), found[date]); err != nil {
			return err
		}
	}
	r.note(done, all)
	return nil
}

// parts are those that there are of a date's files, and the files in none.
// What cannot be combined is added up by whole days only.
func (r *run) parts(date string, files []archive.File) (parts []part, missing []archive.File) {
	if d := r.days[date]; d != nil {
		parts, missing = r.known(date, d, files)
	} else {
		parts, missing = r.state.find(date, files)
	}
	if !r.m.Combines() && len(missing)+len(parts) > 1 {
		return nil, files
	}
	return parts, missing
}

// known is parts of a day that is known.
func (r *run) known(date string, d *day, files []archive.File) (parts []part, missing []archive.File) {
	left := map[string]bool{}
	for _, f := range files {
		left[f.Name] = true
	}
	for _, p := range d.parts {
		if slices.ContainsFunc(p.files, func(name string) bool { return !left[name] }) {
			continue
		}
		if p.sums == nil {
			var ok bool
			if p, ok = r.state.read(r.state.path(date, p.files)); !ok {
				continue
			}
		}
		parts = append(parts, p)
		for _, name := range p.files {
			delete(left, name)
		}
	}
	return parts, slices.DeleteFunc(slices.Clone(files), func(f archive.File) bool { return !left[f.Name] })
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

// ask adds up the files of jobs; where they want too much memory at once, of
// one after another.
func (r *run) ask(ctx context.Context, jobs []job, found map[string][]part) error {
	var files []archive.File
	for _, j := range jobs {
		files = append(files, j.files...)
	}
	began := time.Now()
	days, err := ask(ctx, r.engine, r.m, files)
	r.asked(len(files), time.Since(began))
	if errors.Is(err, engine.ErrMemory) && len(jobs) > 1 {
		half := len(jobs) / 2
		if err := r.ask(ctx, jobs[:half], found); err != nil {
			return err
		}
		return r.ask(ctx, jobs[half:], found)
	}
	if err != nil {
		return fmt.Errorf("add up %s to %s: %w", jobs[0].date, jobs[len(jobs)-1].date, err)
	}
	for _, j := range jobs {
		first, _, err := archive.DateSpan(j.date)
		if err != nil {
			return err
		}
		p := part{names(j.files), days[first]}
		if p.sums == nil {
			p.sums = newTable(sumTypes(r.m))
		}
		if err := r.state.write(j.date, p); err != nil {
			return err
		}
		found[j.date] = append(found[j.date], p)
	}
	return nil
}

// settle makes a day of its parts: few ones, merged.
func (r *run) settle(date string, files []string, parts []part) error {
	d := &day{files: fileKey(files), parts: parts}
	if len(parts) == 1 {
		d.sums = parts[0].sums
	} else {
		all := newAdder(r.m)
		for _, p := range parts {
			all.addTable(p.sums)
		}
		all.sums.shrink()
		d.sums = all.sums
	}
	if len(parts) > maxParts {
		d.parts = []part{{files, d.sums}}
		if err := r.state.write(date, d.parts[0]); err != nil {
			return err
		}
	}
	r.state.tidy(date, d.parts)
	if r.m.Every.Seconds > 0 {
		d.block = finish(r.m, d.sums)
		if len(d.parts) == 1 { // read again if it is needed
			d.parts, d.sums = []part{{files: d.parts[0].files}}, nil
		}
	}
	r.days[date] = d
	return nil
}

// blocks are the rows of dates, in their order.
func (r *run) blocks(dates []string) []*block {
	var blocks []*block
	if r.m.Every.Seconds > 0 {
		for _, date := range dates {
			blocks = append(blocks, r.days[date].block)
		}
		return blocks
	}
	all := newAdder(r.m)
	for _, date := range dates {
		all.addTable(r.days[date].sums)
	}
	return append(blocks, finish(r.m, all.sums))
}
