package keep

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/glowmap/glow/archiver/ledger"
	"github.com/glowmap/glow/archiver/segment"
	"github.com/glowmap/glow/internal/daemon"
)

// readWait is how long one look waits for entries.
const readWait = time.Second

// gathering is a segment that is being filled.
type gathering struct {
	*segment.Segment
	began    time.Time // its first entry was read
	rejected func() map[string]int
}

func (k *Keeper) gather(from string) *gathering {
	keeper := k.Schema.Keeper()
	return &gathering{Segment: segment.New(from, keeper.Keep), rejected: keeper.Rejected}
}

// archive moves the stream into the archive until we are to stop or, with
// --once, until nothing is left to do.
func (k *Keeper) archive(ctx context.Context) error {
	v, err := k.look(ctx)
	if err != nil {
		return err
	}
	defer k.abandon()
	g := k.gather(v.Manifest.Cursor.Entry)
	var tended time.Time
	for !k.stopped() {
		idle, err := k.fill(ctx, g)
		if err != nil {
			return err
		}
		k.redisAway.Over()
		if k.due(g, idle) {
			if err := k.commit(ctx, g); err != nil {
				return err
			}
			g = k.gather(g.Last)
		}
		done := k.d.Once && idle && g.Empty()
		due := done || time.Since(tended) > tendEvery
		if err := k.tend(ctx, due); err != nil {
			return err
		}
		if due {
			tended = time.Now()
		}
		if done && !k.recovering {
			return nil
		}
	}
	if k.d.Once {
		return errStopped
	}
	return nil
}

// fill reads what comes within a moment, and says whether nothing did.
func (k *Keeper) fill(ctx context.Context, g *gathering) (idle bool, err error) {
	wait := readWait
	if k.d.Once && !k.recovering {
		wait = 0
	}
	ctx, cancel := k.untilStop(ctx)
	defer cancel()
	entries, err := k.ledger.Read(ctx, g.Last, wait)
	if k.stopped() {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if g.Empty() {
		g.began = time.Now()
	} else if len(entries) > 0 {
		// Each read is tied to the one before it, and the last one by the commit.
		if err := k.ledger.Holds(ctx, g.Last, g.Sum()); err != nil {
			return false, err
		}
	}
	rows := g.Rows()
	for _, e := range entries {
		if g.Full(k.MaxRows) { // what is left is read again
			break
		}
		g.Add(e.ID, e.Events)
	}
	k.m.gathered.Set(float64(g.Rows()))
	k.m.read.Add(float64(g.Rows() - rows))
	return len(entries) == 0, nil
}

// due says whether a segment is to be written.
func (k *Keeper) due(g *gathering, idle bool) bool {
	switch {
	case g.Empty() || k.stopped():
		return false
	case g.Full(k.MaxRows), k.d.Once && idle:
		return true
	}
	return time.Since(g.began) >= k.Every
}

// commit writes a segment's files, commits them in one step, and tells the
// target.
func (k *Keeper) commit(ctx context.Context, g *gathering) error {
	began := time.Now()
	s := &ledger.Segment{Feed: k.feed, From: g.From, Last: g.Last, LastSum: g.Sum(), Rows: g.Types(), Rejected: g.rejected()}
	if n := g.Spoilt(); n > 0 {
		s.Rejected[segment.Spoilt] += n
	}
	for _, date := range g.Dates() {
		f, b, err := g.File(date, ledger.EntryTime(g.Last))
		if err != nil {
			return err
		}
		if err := k.put(ctx, f.Name, b); err != nil {
			return err
		}
		s.Files = append(s.Files, f)
	}
	if err := k.ledger.Commit(ctx, s); err != nil {
		return err
	}
	k.did(s, time.Since(began))
	return k.project(ctx)
}

// put writes a file, however long the store is away.
func (k *Keeper) put(ctx context.Context, name string, b []byte) error {
	for {
		err := k.away("write a segment", k.store.Put(ctx, name, beating{bytes.NewReader(b), k.d}))
		if err == nil {
			k.storeAway.Over()
			k.m.bytes.Add(float64(len(b)))
			return nil
		}
		if k.stopped() || context.Cause(ctx) != nil {
			return err
		}
		k.m.errors.Inc()
		wait, cancel := k.untilStop(ctx)
		err = k.storeAway.Wait(wait, err)
		cancel()
		if err != nil {
			return errIdle
		}
		if _, err := k.look(ctx); err != nil { // how long events have waited is to be seen now
			return err
		}
	}
}

// did notes a segment that is committed.
func (k *Keeper) did(s *ledger.Segment, took time.Duration) {
	n := 0
	for _, rows := range s.Rows {
		n += int(rows)
	}
	k.m.rows.Add(float64(n))
	for reason, rejected := range s.Rejected {
		k.m.rejected.WithLabelValues(reason).Add(float64(rejected))
	}
	k.m.segments.Inc()
	k.m.seconds.Observe(took.Seconds())
	k.done.rows += n
	k.done.segments++
	k.d.Log.Info("segment committed", "events", n, "files", len(s.Files), "took", took.Round(time.Millisecond).String())
	k.d.Beat()
}

// untilStop is a context that ends with ctx or when we are to stop.
func (k *Keeper) untilStop(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-k.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// beating feeds the watchdog while a segment is on its way, however slow that is.
type beating struct {
	io.ReadSeeker
	d *daemon.Daemon
}

// Read reads and beats.
func (b beating) Read(p []byte) (int, error) {
	b.d.Beat()
	return b.ReadSeeker.Read(p)
}
