package feed2014

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/grid"
	"github.com/glowmap/glow/publisher/counts"
)

const (
	minute = 60
	// farBack is how far before the newest event minutes are filled.
	farBack = 7 * 86400
	// again is for how long after its end a minute's file is rewritten when
	// its counts change. Later changes enter the files written afterwards.
	again = 3600
	// batch is how many files are put before progress is noted.
	batch = 64
)

// Source is where buckets are read.
type Source interface {
	// Tokens returns the tokens of buckets, "" of those that are not there.
	Tokens(ctx context.Context, ids []bucket.ID) ([]string, error)
	Read(ctx context.Context, id bucket.ID) (*counts.Bucket, error)
}

// File is one file to be put.
type File struct {
	Minute int64 // its start, Unix seconds
	JSON   []byte
}

// Name is the file's path below the target's prefix.
func (f File) Name() string { return fmt.Sprintf("stats/%d.json", f.Minute) }

// Target is where files go.
type Target interface {
	// Get returns a file as it stands, nil if there is none.
	Get(ctx context.Context, name string) ([]byte, error)
	// Put puts files, in any order; nil only if all of them landed.
	Put(ctx context.Context, files []File) error
	// Note remembers that all minutes up to this one have their file.
	Note(ctx context.Context, minute int64) error
}

// Span says which minutes need a file.
type Span struct {
	First, Newest int64   // minutes with the first and the newest event
	Days          []int64 // starts of the days with events
	Now           int64
	Live          bool  // quiet minutes after the newest event have files too
	Done          int64 // all minutes up to it have their file
	DoneKnown     bool  // false: none has
}

// Writer writes the feed. It keeps what it has read, and reads again what has
// changed.
type Writer struct {
	Source Source
	Target Target
	Grid   grid.Grid

	cache   map[bucket.ID]*entry
	written map[int64][sha256.Size]byte // hashes of the files that may be rewritten
}

type entry struct {
	token string
	tally *tally
	spots []spot // of minutes only
}

// limits are the first and the last minute to be looked at; none if last < first.
func (s Span) limits() (first, last int64) {
	ended := s.Now - s.Now%minute - minute
	last = min(s.Newest, ended)
	if s.Live && s.Now-s.Newest <= farBack {
		last = ended
	}
	first = s.First
	if oldest := s.Newest - farBack; first < oldest {
		first = oldest - oldest%3600 + 3600 // hours before it stay in Redis longer than minutes
	}
	if s.DoneKnown {
		last = max(last, min(s.Done, ended))
		rewrite := ended + minute - again
		first = max(first, min(s.Done+minute, rewrite))
	}
	return first, last
}

// Run writes what is missing and rewrites what has changed lately, until the
// time is over. done says that nothing is left for now.
func (w *Writer) Run(ctx context.Context, s Span, until time.Time) (done bool, err error) {
	first, last := s.limits()
	if last < first {
		return true, nil
	}
	sum, err := w.before(ctx, s.Days, first)
	if err != nil {
		return false, err
	}
	for at := first; at <= last; {
		end := min(last, at+(batch-1)*minute)
		if err := w.batch(ctx, s, sum, at, end); err != nil {
			return false, err
		}
		w.forget(end)
		if at = end + minute; at <= last && time.Now().After(until) {
			return false, nil
		}
	}
	return true, nil
}

// batch writes the minutes from at to end; sum is all before them and, when it
// returns, all with them.
func (w *Writer) batch(ctx context.Context, s Span, sum *tally, at, end int64) error {
	if err := w.load(ctx, series(bucket.Minute, at, end+minute)); err != nil {
		return err
	}
	var files []File
	for m := at; m <= end; m += minute {
		e, before := w.cache[bucket.ID{Period: bucket.Minute, Start: m}], sum.total
		sum.add(e.tally)
		json, err := sum.encode(before, e.spots)
		if err != nil {
			return err
		}
		f := File{m, json}
		if same, err := w.isWritten(ctx, s, f); err != nil {
			return err
		} else if !same {
			files = append(files, f)
		}
	}
	if err := w.Target.Put(ctx, files); err != nil {
		return err
	}
	for _, f := range files {
		w.remember(f)
	}
	if s.DoneKnown && end <= s.Done {
		return nil
	}
	return w.Target.Note(ctx, end)
}

// isWritten says whether a file stands at the target as it should.
func (w *Writer) isWritten(ctx context.Context, s Span, f File) (bool, error) {
	if hash, ok := w.written[f.Minute]; ok {
		return hash == sha256.Sum256(f.JSON), nil
	}
	if !s.DoneKnown || f.Minute > s.Done {
		return false, nil
	}
	json, err := w.Target.Get(ctx, f.Name())
	if err != nil {
		return false, err
	}
	if !bytes.Equal(json, f.JSON) {
		return false, nil
	}
	w.remember(f)
	return true, nil
}

func (w *Writer) remember(f File) {
	if w.written == nil {
		w.written = map[int64][sha256.Size]byte{}
	}
	w.written[f.Minute] = sha256.Sum256(f.JSON)
}

// before is the sum of all buckets before a minute: whole days, then the whole
// hours of its day, then the minutes of its hour.
func (w *Writer) before(ctx context.Context, days []int64, m int64) (*tally, error) {
	day, hour := bucket.Day.Start(m), bucket.Hour.Start(m)
	ids := append(series(bucket.Hour, day, hour), series(bucket.Minute, hour, m)...)
	for _, start := range days {
		if start < day {
			ids = append(ids, bucket.ID{Period: bucket.Day, Start: start})
		}
	}
	if err := w.load(ctx, ids); err != nil {
		return nil, err
	}
	sum := newTally()
	for _, id := range ids {
		sum.add(w.cache[id].tally)
	}
	return sum, nil
}

// series are the buckets of a period from one start to before another.
func series(p bucket.Period, from, to int64) []bucket.ID {
	var ids []bucket.ID
	for at := from; at < to; at += p.Seconds() {
		ids = append(ids, bucket.ID{Period: p, Start: at})
	}
	return ids
}

// load makes sure that the cache has buckets as they are now.
func (w *Writer) load(ctx context.Context, ids []bucket.ID) error {
	if w.cache == nil {
		w.cache = map[bucket.ID]*entry{}
	}
	tokens, err := w.Source.Tokens(ctx, ids)
	if err != nil {
		return err
	}
	for i, id := range ids {
		if e := w.cache[id]; e != nil && e.token == tokens[i] {
			continue
		}
		e := &entry{token: tokens[i], tally: newTally(), spots: []spot{}}
		if e.token != "" {
			if e, err = w.read(ctx, id); err != nil {
				return err
			}
		}
		w.cache[id] = e
	}
	return nil
}

func (w *Writer) read(ctx context.Context, id bucket.ID) (*entry, error) {
	b, err := w.Source.Read(ctx, id)
	if err != nil {
		return nil, err
	}
	e := &entry{token: b.Token, tally: tallyOf(b)}
	if id.Period == bucket.Minute {
		e.spots = spotsOf(b, w.Grid)
	}
	return e, nil
}

// forget drops what nobody will need after minute m, or seldom.
func (w *Writer) forget(m int64) {
	old := m - again - batch*minute
	for at := range w.written {
		if at < old {
			delete(w.written, at)
		}
	}
	for id := range w.cache {
		if id.Period == bucket.Minute && id.Start < old || id.Period == bucket.Hour && id.Start < m-2*86400 {
			delete(w.cache, id)
		}
	}
}
