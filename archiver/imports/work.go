package imports

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/glowmap/glow/internal/event"
	"github.com/glowmap/glow/internal/position"
	"github.com/glowmap/glow/tailer/follow"
	"github.com/glowmap/glow/tailer/parse"
	"github.com/glowmap/glow/tailer/push"
)

// groupSize is how many pushes travel in one round trip.
const groupSize = 32

// work is one file on its way into the queue.
type work struct {
	im     *Import
	f      *File
	parser *parse.Parser
	trace  trace
	value  string // the position in Redis after the pushes made so far
	from   int64  // where that was when the work began
	pushes []push.Push
	slab   []byte
	// Of the whole content, what was queued before too.
	lines, events int
}

// take queues what is not queued of a file, and writes it into the ledger. Its
// error is push.ErrStale if Redis knows better: begin again.
func (im *Import) take(ctx context.Context, f *File) error {
	w := &work{im: im, f: f}
	var err error
	if w.value, w.from, err = im.position(ctx, f); err != nil {
		return err
	}
	if w.parser, err = parse.New(f.parse); err != nil {
		return err
	}
	c, err := f.open(ctx)
	if err != nil {
		return inputError{err}
	}
	defer c.Close()
	if err := w.run(ctx, newLines(c)); err != nil {
		return err
	}
	if w.trace.offset != f.Size {
		return inputError{fmt.Errorf("%s has changed while it was imported: run the import again", f.Name)}
	}
	return im.settle(ctx, f, w)
}

// inputError is an error of what is imported.
type inputError struct{ error }

// Unwrap is why.
func (e inputError) Unwrap() error { return e.error }

// position reads how far a content is queued.
func (im *Import) position(ctx context.Context, f *File) (value string, offset int64, err error) {
	got, err := im.d.Redis.HMGet(ctx, im.d.Keys.Positions(), f.Sum.field()).Result()
	if err != nil {
		return "", 0, fmt.Errorf("read the position of %s: %w", f.Name, err)
	}
	value, _ = got[0].(string)
	if value == "" {
		return "", 0, im.lacks(ctx, f)
	}
	p, err := position.Parse(value)
	if err != nil {
		return "", 0, inputError{fmt.Errorf("position of %s: %w", f.Name, err)}
	}
	return value, p.Offset, nil
}

// lacks makes sure that a content without a position is not in the ledger.
func (im *Import) lacks(ctx context.Context, f *File) error {
	there, err := im.d.Redis.HExists(ctx, im.d.Keys.Imports(), f.Sum.String()).Result()
	if err != nil {
		return fmt.Errorf("read the ledger of imports: %w", err)
	}
	if there {
		return inputError{fmt.Errorf("%s was imported, but its position is gone from redis: what is counted of it cannot be told", f.Name)}
	}
	return nil
}

func (w *work) run(ctx context.Context, r *lines) error {
	for {
		s, err := r.read()
		if errors.Is(err, io.EOF) {
			return w.send(ctx)
		}
		if err != nil {
			return inputError{fmt.Errorf("read %s: %w", w.f.Name, err)}
		}
		if err := w.slice(ctx, s); err != nil {
			return err
		}
	}
}

func (w *work) slice(ctx context.Context, s slice) error {
	for data := s.data; len(data) > 0; {
		var p push.Push
		if s.none {
			p.Bytes = len(data)
			if s.count {
				p.Lines, p.Drops[parse.Long] = 1, 1
			}
		} else {
			p = w.batch(data)
		}
		if err := w.add(ctx, p, data[:p.Bytes]); err != nil {
			return err
		}
		data = data[p.Bytes:]
	}
	return nil
}

// batch parses lines until there are enough events for a queue entry. It ends
// where the work began before.
func (w *work) batch(data []byte) push.Push {
	var p push.Push
	if left := w.from - w.trace.offset; left > 0 {
		data = data[:min(int64(len(data)), left)]
	}
	from := len(w.slab)
	for p.Bytes < len(data) && p.Events < event.MaxBatch {
		line := data[p.Bytes:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i]
		}
		p.Bytes = min(p.Bytes+len(line)+1, len(data))
		p.Lines++
		slab, sec, reason := w.parser.Append(w.slab, line)
		if reason != parse.OK {
			p.Drops[reason]++
			w.im.rejects.Add(reason, line, time.Now())
			continue
		}
		w.slab = slab
		p.Events++
		p.Newest = max(p.Newest, sec)
	}
	if p.Events > 0 {
		p.Batch = w.slab[from : len(w.slab)-1]
	}
	return p
}

// add makes the push that takes the position past b. What is queued already is
// only counted.
func (w *work) add(ctx context.Context, p push.Push, b []byte) error {
	w.trace.pass(b)
	w.lines += p.Lines
	w.events += p.Events
	if w.trace.offset <= w.from {
		w.slab = w.slab[:0]
		return nil
	}
	value := w.trace.position(position.Open, w.f.Name).String()
	p.Step = follow.Step{Source: w.f.Sum.source(), Changes: []follow.Change{{Field: w.f.Sum.field(), Old: w.value, New: value}}}
	w.value = value
	if w.pushes = append(w.pushes, p); len(w.pushes) < groupSize {
		return nil
	}
	return w.send(ctx)
}

// send sends the pushes that have come together.
func (w *work) send(ctx context.Context) error {
	err := w.im.pusher.Send(ctx, w.pushes, w.im.pushed)
	w.pushes, w.slab = w.pushes[:0], w.slab[:0]
	return err
}
