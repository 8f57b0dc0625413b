// Package recount counts buckets anew from the archive and compares them with
// those in Redis, while the system counts on.
//
// What was counted up to any moment is in the archive's files up to the cursor
// and in the located stream behind it, as the counting step appends to the
// stream what it counts. So the recount reads the files, follows the stream, and
// reads live buckets together with the stream's last id: once it has the stream
// up to just there, both must be equal. Nothing has to stop for that.
//
// To correct them, counting is paused for a moment, so that the stream stands
// still; each bucket that differs is swapped by a script that looks at the
// stream's last id once more. A recount that dies leaves buckets that are either
// as they were or right, and a pause that ends by itself.
package recount

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/ledger"
	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
)

// Options say what to recount.
type Options struct {
	Redis    *rdb.Client // that knows [Scripts]
	Keys     keys.Keys
	Archive  archive.Source
	From, To time.Time // dates that are recounted, To excluded; zero: all, and all time too
	Apply    bool
	// Published reads an object of the feed; nil if there is none. With it,
	// buckets that left Redis are compared, too: with what was published of them.
	Published func(ctx context.Context, name string) ([]byte, error)
	// Seq is the seq of latest.json, "" if there is none. Without it, nothing is
	// applied that lowers totals.
	Seq func(ctx context.Context) (string, error)
}

// Report is what a recount found.
type Report struct {
	Version     int          `json:"v"`
	Feed        string       `json:"feed"`
	Events      int          `json:"events"`  // read from the archive and the stream
	Dates       int          `json:"dates"`   // with events
	Buckets     int          `json:"buckets"` // compared
	Evicted     int          `json:"evicted"` // that left Redis and were not compared
	Differing   int          `json:"differing"`
	Applied     int          `json:"applied"`
	Paused      float64      `json:"paused_seconds"`
	Differences []Difference `json:"differences"`
}

var (
	// errMoved says that Redis, or the archive, is not as it was when we began.
	errMoved = errors.New("the archive or redis moved away under the recount")
	errOff   = errors.New("the archive is off, so what is counted is not all in it: archiver switches it on (archiver on, if it was switched off deliberately)")
)

// attempts bounds how often a recount begins again because the archiver took
// entries from the stream before they were read.
const attempts = 10

// Run recounts, and applies what it found if it is told to.
func Run(ctx context.Context, o Options) (*Report, error) {
	for i := 1; ; i++ {
		r := &run{Options: o, book: newBook(), kept: map[bucket.ID]*kept{}, queue: map[string][]event{}, done: map[string]bool{}, all: newCounts()}
		err := r.once(ctx)
		if !errors.Is(err, errMoved) || i == attempts {
			return &r.report, err
		}
	}
}

// run is one attempt.
type run struct {
	Options
	report Report
	feed   string
	ledger *ledger.Ledger
	files  map[string][]archive.File // by date
	cursor string
	last   string // id of the stream's entry read last
	polled time.Time
	book   *book
	date   string // under way
	tally  *tally // of it
	queue  map[string][]event
	done   map[string]bool // dates that are in all
	all    *counts
	kept   map[bucket.ID]*kept
}

// kept is a bucket that differs. Its counts are kept current.
type kept struct {
	live
	floor bool // it lowers totals
}

func (r *run) once(ctx context.Context) error {
	r.report = Report{Version: 1, Differences: []Difference{}}
	r.ledger = ledger.New(r.Redis, r.Keys, "")
	if err := r.begin(ctx); err != nil {
		return err
	}
	dates, err := r.dates(ctx)
	if err != nil {
		return err
	}
	for _, date := range dates {
		if err := r.day(ctx, date); err != nil {
			return err
		}
	}
	if r.From.IsZero() && r.To.IsZero() {
		if err := r.compare(ctx, []bucket.ID{{Period: bucket.All}}); err != nil {
			return err
		}
	}
	r.report.Differing = len(r.kept)
	if !r.Apply || len(r.kept) == 0 {
		return nil
	}
	return r.apply(ctx)
}

// begin learns of which files and entries the history consists at one moment,
// and refuses where it misses something.
func (r *run) begin(ctx context.Context) error {
	v, err := r.ledger.Look(ctx, true)
	if err != nil {
		return err
	}
	if v.State != keys.On {
		return errOff
	}
	r.feed, r.cursor, r.last = v.Feed, v.Manifest.Cursor.Entry, v.Manifest.Cursor.Entry
	r.report.Feed = v.Feed
	if err := r.belongs(ctx, len(v.Manifest.Files)); err != nil {
		return err
	}
	if err := r.complete(v.Manifest.Missing); err != nil {
		return err
	}
	r.files = map[string][]archive.File{}
	for _, f := range v.Manifest.Files {
		r.files[f.Date] = append(r.files[f.Date], f)
	}
	return r.poll(ctx)
}

// belongs makes sure that the archive is this feed's.
func (r *run) belongs(ctx context.Context, files int) error {
	a, err := archive.Open(ctx, r.Archive)
	switch {
	case errors.Is(err, archive.ErrNone) && files == 0:
		return nil
	case err != nil:
		return err
	case a.Feed != r.feed:
		return fmt.Errorf("the archive is of feed %s, redis counts for feed %s: name the archive that belongs to it", a.Feed, r.feed)
	}
	return nil
}

// complete makes sure that the archive has all that was counted in the span.
func (r *run) complete(missing map[string]map[string]uint64) error {
	sum := map[string]uint64{}
	for _, dates := range missing {
		for date, n := range dates {
			if r.within(date) {
				sum[date] += n
			}
		}
	}
	maps.DeleteFunc(sum, func(_ string, n uint64) bool { return n == 0 })
	if len(sum) == 0 {
		return nil
	}
	dates := slices.Sorted(maps.Keys(sum))
	return fmt.Errorf("the archive misses %d events of %s, counted while it was off or deleted at the end of their retention, so it cannot say what is right there (%d such dates, the last %s): choose others with --from and --to",
		sum[dates[0]], dates[0], len(dates), dates[len(dates)-1])
}

func (r *run) within(date string) bool {
	return (r.From.IsZero() || date >= r.From.Format(time.DateOnly)) && (r.To.IsZero() || date < r.To.Format(time.DateOnly))
}

// dates are those of the span that the history or the feed knows.
func (r *run) dates(ctx context.Context) ([]string, error) {
	known := map[string]bool{}
	for date := range r.files {
		known[date] = true
	}
	for date := range r.queue {
		known[date] = true
	}
	fields, err := r.Redis.HKeys(ctx, r.Keys.Bucket(bucket.ID{Period: bucket.All})).Result()
	if err != nil {
		return nil, fmt.Errorf("read dates: %w", err)
	}
	for _, f := range fields {
		if _, date, ok := strings.Cut(f, "|day|"); ok {
			known[date] = true
		}
	}
	maps.DeleteFunc(known, func(date string, _ bool) bool { return !r.within(date) })
	r.report.Dates = len(known)
	return slices.Sorted(maps.Keys(known)), nil
}

// day recounts one date and compares its buckets.
func (r *run) day(ctx context.Context, date string) error {
	from, to, err := archive.DateSpan(date)
	if err != nil {
		return err
	}
	r.date, r.tally = date, newTally(r.book)
	for _, e := range r.queue[date] {
		r.tally.add(e)
	}
	delete(r.queue, date)
	for _, f := range r.files[date] {
		if err := r.read(ctx, f); err != nil {
			return err
		}
	}
	for hour := from; hour < to; hour += 3600 {
		ids := []bucket.ID{{Period: bucket.Hour, Start: hour}}
		for minute := hour; minute < hour+3600; minute += 60 {
			ids = append(ids, bucket.ID{Period: bucket.Minute, Start: minute})
		}
		if err := r.compare(ctx, ids); err != nil {
			return err
		}
	}
	if err := r.compare(ctx, []bucket.ID{{Period: bucket.Day, Start: from}}); err != nil {
		return err
	}
	r.tally.into(r.all, bucket.ID{Period: bucket.All})
	r.done[date], r.date, r.tally = true, "", nil
	return nil
}

func (r *run) read(ctx context.Context, f archive.File) error {
	n := 0
	return archive.ReadFile(ctx, r.Archive, f, archive.Filter{}, func(row *archive.Row) error {
		r.tally.add(event{row.Time, row.Type, r.book.number(row.Place)})
		r.report.Events++
		if n++; n%1000 == 0 && time.Since(r.polled) > pollEvery {
			return r.poll(ctx) // before the archiver takes what is there
		}
		return nil
	})
}

// compare compares buckets of the date under way, or of all time.
func (r *run) compare(ctx context.Context, ids []bucket.ID) error {
	list, last, err := r.buckets(ctx, ids)
	if err != nil {
		return err
	}
	if err := r.reach(ctx, last); err != nil {
		return err
	}
	if err := r.published(ctx, list); err != nil {
		return err
	}
	for _, b := range list {
		if b.evicted && r.Published == nil {
			r.report.Evicted++
			continue
		}
		want := r.all
		if b.id.Period != bucket.All {
			want = newCounts()
			r.tally.into(want, b.id)
		}
		r.report.Buckets++
		if d := differ(b.id, b.counts, want); len(d) > 0 {
			r.report.Differences = append(r.report.Differences, d...)
			r.kept[b.id] = &kept{live: live{b.id, want, b.evicted}, floor: lowers(b.counts, want)}
		}
	}
	return nil
}

// lowers says whether a total becomes less.
func lowers(live, archived *counts) bool {
	for typ, n := range live.n {
		if archived.n[typ] < n {
			return true
		}
	}
	return false
}
