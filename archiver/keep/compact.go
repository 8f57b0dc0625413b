package keep

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/ledger"
)

// inMemory is how many rows are sorted at a time: with what they have in common,
// 16 bytes each, about 100 MB at the most. A larger day is sorted in parts, by
// way of files without names.
const inMemory = 2 << 20

// compact replaces the files of a day that is over by one a type, with its rows
// sorted: bytes that are a pure function of the rows. Late events make it compact
// the day again; so do those that are committed while it sorts.
func (k *Keeper) compact(v *ledger.View, date string) *job {
	began := time.Now()
	in := inputs(v, date)
	if len(in) == 0 {
		return nil
	}
	var out []archive.File
	return &job{
		beside: func(ctx context.Context) (err error) {
			out, err = k.sort(ctx, date, in, v.Now)
			if err != nil && !errors.Is(err, errIdle) && context.Cause(ctx) == nil {
				err = k.away("compact "+date, err)
			}
			return err
		},
		then: func(ctx context.Context) (bool, error) {
			if err := k.ledger.Swap(ctx, k.feed, in, out, nil); err != nil {
				return false, err
			}
			k.m.days.Add(float64(len(out)))
			k.done.days += len(out)
			k.d.Log.Info("day compacted", "date", date, "files", len(in), "types", len(out), "took", time.Since(began).Round(time.Millisecond).String())
			return true, nil
		},
	}
}

// quiet are the dates that are over, to which something came that is not
// compacted yet, and nothing for a while.
func (k *Keeper) quiet(v *ledger.View) []string {
	newest := map[string]int64{}
	for _, f := range v.Manifest.Files {
		if !f.Day {
			newest[f.Date] = max(newest[f.Date], f.At)
		}
	}
	maps.DeleteFunc(newest, func(date string, at int64) bool {
		wait := k.CompactAfter
		if k.d.Once {
			wait = 0
		}
		return v.Now.Before(ended(date).Add(wait)) || v.Now.Before(time.Unix(at, 0).Add(wait))
	})
	return slices.Sorted(maps.Keys(newest))
}

// inputs are the files of a date that are compacted together: all that is not
// compacted yet, and what is there of the same types.
func inputs(v *ledger.View, date string) []archive.File {
	types := map[string]bool{}
	for _, f := range v.Manifest.Files {
		if f.Date == date && !f.Day {
			for typ := range f.Types {
				types[typ] = true
			}
		}
	}
	var in []archive.File
	for _, f := range v.Manifest.Files {
		if f.Date != date {
			continue
		}
		wanted := !f.Day
		for typ := range f.Types {
			wanted = wanted || types[typ]
		}
		if wanted {
			in = append(in, f)
		}
	}
	return in
}

// leaving says whether what is done beside the stream is to end.
func (k *Keeper) leaving(ctx context.Context) bool { return k.stopped() || ctx.Err() != nil }

// sort writes the rows of some files anew, sorted, a file a type.
func (k *Keeper) sort(ctx context.Context, date string, in []archive.File, now time.Time) (out []archive.File, err error) {
	s := archive.NewSorter(k.inMemory)
	defer func() { err = errors.Join(err, s.Close()) }()
	rows := 0
	for _, f := range in {
		err := archive.ReadFile(ctx, k.store, f, archive.Filter{}, func(r *archive.Row) error {
			if rows++; rows%(1<<16) == 0 && k.leaving(ctx) {
				return errIdle
			}
			return s.Add(r)
		})
		if err != nil {
			return nil, err
		}
	}
	d := &days{k: k, ctx: ctx, date: date, now: now, keys: s.Keys}
	err = s.Each(d.add)
	return d.out, errors.Join(err, d.end(err == nil))
}

// days writes sorted rows into one file a type.
type days struct {
	k    *Keeper
	ctx  context.Context
	date string
	now  time.Time
	keys func(typ string) []string

	file *os.File // of the type at hand, without a name
	w    *archive.Writer
	sum  archive.Sum
	typ  string
	rows int
	out  []archive.File
}

func (d *days) add(r *archive.Row) error {
	if d.w == nil || r.Type != d.typ {
		if err := d.end(true); err != nil {
			return err
		}
		if err := d.begin(r); err != nil {
			return err
		}
	}
	d.sum.Types[r.Type]++
	d.sum.From, d.sum.To = min(d.sum.From, r.Time), max(d.sum.To, r.Time)
	if d.rows++; d.rows%(1<<16) == 0 && d.k.leaving(d.ctx) {
		return errIdle
	}
	return d.w.Add(r)
}

func (d *days) begin(r *archive.Row) error {
	f, err := os.CreateTemp("", "glow-archiver-")
	if err != nil {
		return err
	}
	d.typ, d.file = r.Type, f
	d.w = archive.NewWriter(f, d.keys(r.Type))
	d.sum = archive.Sum{Types: map[string]uint64{}, From: r.Time, To: r.Time}
	return os.Remove(f.Name())
}

// end puts the file at hand, if there is one and all went well.
func (d *days) end(well bool) (err error) {
	if d.w == nil {
		return nil
	}
	defer func() {
		err = errors.Join(err, d.file.Close())
		d.w = nil
	}()
	if !well {
		return nil
	}
	if err := d.w.Close(); err != nil {
		return err
	}
	if _, err := d.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	hash := sha256.New()
	size, err := io.Copy(hash, d.file)
	if err != nil {
		return err
	}
	f := archive.File{
		Name: archive.SortedName(d.date, d.typ, hex.EncodeToString(hash.Sum(nil)[:8])), Date: d.date, Types: d.sum.Types,
		From: d.sum.From, To: d.sum.To, Bytes: size, At: d.now.Unix(), Day: true,
	}
	if _, err := d.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := d.k.store.Put(d.ctx, f.Name, d.file); err != nil {
		return err
	}
	d.k.m.bytes.Add(float64(size))
	d.out = append(d.out, f)
	return nil
}

// copyDays copies compacted days to where everybody reads them, once it is
// durable that they are the archive's. It is repeated as a whole if it is
// interrupted.
func (k *Keeper) copyDays(v *ledger.View) *job {
	var before, after []archive.File
	for _, f := range v.Manifest.Files {
		if f.Day && !f.Copied {
			before = append(before, f)
			f.Copied = true
			after = append(after, f)
		}
	}
	if len(before) == 0 {
		return nil
	}
	return &job{
		beside: func(ctx context.Context) error { return k.copyAll(ctx, before) },
		then: func(ctx context.Context) (bool, error) {
			err := k.ledger.Swap(ctx, k.feed, before, after, nil)
			return err == nil, err
		},
	}
}

func (k *Keeper) copyAll(ctx context.Context, files []archive.File) error {
	if _, err := k.ledger.Durable(ctx); err != nil {
		return err
	}
	v, err := k.ledger.Look(ctx, true)
	if err != nil {
		return err
	}
	if !listed(v, files) {
		return errAgain
	}
	for _, f := range files {
		for typ := range f.Types {
			if err := k.store.Copy(ctx, f.Name, archive.DayName(f.Date, typ), f.Bytes); err != nil {
				return k.away("copy a day", err)
			}
		}
	}
	return nil
}

// listed says whether all files still are in Redis: it may have gone back while
// its disk was waited for.
func listed(v *ledger.View, files []archive.File) bool {
	there := map[string]bool{}
	for _, f := range v.Manifest.Files {
		there[f.Name] = true
	}
	return !slices.ContainsFunc(files, func(f archive.File) bool { return !there[f.Name] })
}
