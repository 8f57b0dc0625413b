package model

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/model/define"
)

// maxParts is how many parts a day has at most before they become one.
const maxParts = 8

// day is a date of a model: its parts, and what they come to.
type day struct {
	files string // key of the files that it is of
	parts []part // without their sums, which lie on the disk
	sums  *table // of models whose periods are longer than a day
	block *block // of all others
}

func (d *day) bytes() int64 {
	switch {
	case d == nil:
		return 0
	case d.block != nil:
		return d.block.bytes()
	}
	return d.sums.bytes()
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
	least int64 // count that everybody may be told
	// others says whether models wait that have no rows yet, as this one.
	others func() bool
	before uint64 // rows that were added up in earlier turns
	// room is told how many bytes all of this takes, and says whether it may.
	room   func(bytes int64) error
	bytes  int64 // of days
	loose  int64 // of parts that are not of a day yet
	tidied bool  // the disk has no other dates
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
		r.bytes -= r.days[date].bytes()
		delete(r.days, date)
		r.state.tidy(date, nil)
	}
	if !r.tidied { // of dates that went while nothing ran
		r.tidied = only(r.state.dir, func(date string) bool { return slices.Contains(dates, date) }) == nil
	}
	blocks, err := r.blocks(dates)
	if err != nil {
		return nil, err
	}
	v := &version{until: s.Until, blocks: blocks, events: eventsOf(r.m, s, dates)}
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

// errTurn says that it is another model's turn: what is done is kept.
var errTurn = errors.New("others wait")

// refresh adds up the files of dates that are in no part yet. A date is settled
// as soon as it can be, so that no more parts are held than those of a question.
func (r *run) refresh(ctx context.Context, s *catalog.Snapshot, dates []string) error {
	found := map[string][]part{}
	r.loose = 0
	var jobs []job
	var done, all uint64
	for _, date := range dates {
		files := filesOf(r.m, s, date)
		parts, missing := r.parts(date, files)
		if err := r.take(parts...); err != nil {
			return err
		}
		if len(missing) == 0 {
			if err := r.settle(date, names(files), parts); err != nil {
				return err
			}
			continue
		}
		found[date] = parts
		j := job{date: date, files: missing}
		for _, f := range missing {
			j.rows += f.Rows()
		}
		jobs = append(jobs, j)
		all += j.rows
	}
	for first := true; len(jobs) > 0; first = false {
		r.note(r.before+done, r.before+all)
		if !first && r.others() {
			r.before += done
			return errTurn
		}
		n := batch(jobs)
		if err := r.ask(ctx, jobs[:n], found); err != nil {
			return err
		}
		for _, j := range jobs[:n] {
			if err := r.settle(j.date, names(filesOf(r.m, s, j.date)), found[j.date]); err != nil {
				return err
			}
			delete(found, j.date)
			done += j.rows
		}
		jobs = jobs[n:]
	}
	r.note(r.before+done, r.before+all)
	r.before = 0
	return nil
}

// take counts parts that are not of a day yet.
func (r *run) take(parts ...part) error {
	for _, p := range parts {
		r.loose += p.sums.bytes()
	}
	return r.room(r.bytes + r.loose)
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

// keep makes a part of the sums of a job's files.
func (r *run) keep(j job, days map[int64]*table, found map[string][]part) error {
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
	return r.take(p)
}

// settle makes a day of its parts: few ones, merged.
func (r *run) settle(date string, files []string, parts []part) error {
	for _, p := range parts {
		r.loose -= p.sums.bytes()
	}
	d := &day{files: fileKey(files)}
	var err error
	if d.sums, err = r.merge(parts); err != nil {
		return err
	}
	if len(parts) > maxParts {
		parts = []part{{files, d.sums}}
		if err := r.state.write(date, parts[0]); err != nil {
			return err
		}
	}
	r.state.tidy(date, parts)
	if r.m.Every.Seconds > 0 {
		d.block, d.sums = finish(r.m, d.sums, r.least), nil
	}
	for _, p := range parts { // read again if they are needed
		d.parts = append(d.parts, part{files: p.files})
	}
	r.bytes += d.bytes() - r.days[date].bytes()
	r.days[date] = d
	return r.room(r.bytes + r.loose)
}

// merge adds parts up.
func (r *run) merge(parts []part) (*table, error) {
	if len(parts) == 1 {
		return parts[0].sums, nil
	}
	all := newAdder(r.m)
	for _, p := range parts {
		if err := r.addTo(all, p.sums); err != nil {
			return nil, err
		}
	}
	all.sums.shrink()
	return all.sums, nil
}

// addTo adds the rows of a table up, if there is room.
func (r *run) addTo(all *adder, t *table) error {
	return all.addTable(t, func(bytes int64) error { return r.room(r.bytes + r.loose + bytes) })
}

// blocks are the rows of dates, in their order.
func (r *run) blocks(dates []string) ([]*block, error) {
	var blocks []*block
	if r.m.Every.Seconds > 0 {
		for _, date := range dates {
			blocks = append(blocks, r.days[date].block)
		}
		return blocks, r.room(r.bytes)
	}
	all := newAdder(r.m)
	for _, date := range dates {
		if err := r.addTo(all, r.days[date].sums); err != nil {
			return nil, err
		}
	}
	b := finish(r.m, all.sums, r.least)
	return []*block{b}, r.room(r.bytes + b.bytes())
}
