package recount

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/located"
	"github.com/glowmap/glow/internal/rdb"
)

const (
	pollEvery   = 200 * time.Millisecond
	pollEntries = 16 // of up to a megabyte
)

// poll takes what is new in the stream.
func (r *run) poll(ctx context.Context) error {
	r.polled = time.Now()
	for more := true; more; {
		var err error
		if more, err = r.page(ctx, "+"); err != nil {
			return err
		}
	}
	return nil
}

// reach takes what is in the stream up to an entry, and no more of it.
func (r *run) reach(ctx context.Context, id string) error {
	if after(r.last, id) {
		return errMoved // redis went back
	}
	for more := true; more; {
		var err error
		if more, err = r.page(ctx, id); err != nil {
			return err
		}
	}
	r.last = id
	return nil
}

// page takes some entries. The archiver takes away what its cursor is behind:
// if that is more than was read, the files that hold it are not ours.
func (r *run) page(ctx context.Context, to string) (more bool, err error) {
	p := r.Redis.TxPipeline()
	list := p.XRangeN(ctx, r.Keys.Located(), "("+r.last, to, pollEntries)
	cursor := p.HGet(ctx, r.Keys.Archive(), "cursor")
	if _, err := p.Exec(ctx); err != nil && !rdb.Nil(err) {
		return false, fmt.Errorf("read the located stream: %w", err)
	}
	if after(cursor.Val(), r.last) || after(r.cursor, cursor.Val()) {
		return false, errMoved
	}
	if cursor.Val() != "" {
		r.cursor = cursor.Val()
	}
	for _, e := range list.Val() {
		if err := r.entry(e); err != nil {
			return false, err
		}
	}
	return len(list.Val()) == pollEntries, nil
}

// entry takes one entry's events.
func (r *run) entry(e redis.XMessage) error {
	text, _ := e.Values[located.FieldEvents].(string)
	for line := range strings.SplitSeq(text, "\n") {
		l, err := located.Parse(line)
		if err != nil {
			return fmt.Errorf("located stream, entry %s: %w", e.ID, err)
		}
		r.event(event{l.Time, strings.Clone(l.Type), r.number(l.Place)})
	}
	r.last = e.ID
	return nil
}

// number keeps the spot's texts, which are a part of the entry's.
func (r *run) number(p located.Place) uint32 {
	p.Continent, p.Country, p.Region = strings.Clone(p.Continent), strings.Clone(p.Country), strings.Clone(p.Region)
	return r.book.number(p)
}

// event takes an event to wherever its date is.
func (r *run) event(e event) {
	date := archive.Date(e.time)
	if !r.within(date) {
		return
	}
	r.report.Events++
	switch {
	case date == r.date:
		r.tally.add(e)
	case r.done[date]:
		r.all.event(r.book, bucket.ID{Period: bucket.All}, e)
	default:
		r.queue[date] = append(r.queue[date], e)
	}
	for _, p := range []bucket.Period{bucket.Minute, bucket.Hour, bucket.Day} {
		id := bucket.ID{Period: p, Start: p.Start(e.time)}
		if k := r.kept[id]; k != nil {
			k.counts.event(r.book, id, e)
		}
	}
}

// after says whether an entry comes after another.
func after(a, b string) bool {
	x, y := parseID(a), parseID(b)
	return x[0] > y[0] || x[0] == y[0] && x[1] > y[1]
}

func parseID(id string) (n [2]uint64) {
	ms, seq, _ := strings.Cut(id, "-")
	n[0], _ = strconv.ParseUint(ms, 10, 64)
	n[1], _ = strconv.ParseUint(seq, 10, 64)
	return n
}
