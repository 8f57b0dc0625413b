package intake

import (
	"bytes"
	"context"
	"time"

	"github.com/glowmap/glow/internal/event"
	"github.com/glowmap/glow/tailer/follow"
	"github.com/glowmap/glow/tailer/parse"
	"github.com/glowmap/glow/tailer/push"
)

// group is the pushes of one round trip. Their batches lie in its slab.
type group struct {
	pushes []push.Push
	slab   []byte
}

// emit parses what the follower found into pushes.
func (in *Intake) emit(c *follow.Chunk) error {
	if c.Data == nil {
		p := push.Push{Step: c.Take(0)}
		if c.Long {
			p.Lines, p.Drops[parse.Long] = 1, 1
		}
		return in.add(p)
	}
	for data := c.Data; len(data) > 0; {
		p := in.batch(data)
		p.Step = c.Take(p.Bytes)
		data = data[p.Bytes:]
		if err := in.add(p); err != nil {
			return err
		}
	}
	return nil
}

// batch parses lines until there are enough events for a queue entry.
func (in *Intake) batch(data []byte) push.Push {
	var p push.Push
	g := in.group
	from := len(g.slab)
	for p.Bytes < len(data) && p.Events < event.MaxBatch {
		line := data[p.Bytes:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i]
		}
		p.Bytes = min(p.Bytes+len(line)+1, len(data))
		p.Lines++
		slab, sec, reason := in.o.Parser.Append(g.slab, line)
		if reason != parse.OK {
			p.Drops[reason]++
			in.rejects.Add(reason, line, time.Now())
			continue
		}
		g.slab = slab
		p.Events++
		p.Newest = max(p.Newest, sec)
	}
	if p.Events > 0 {
		p.Batch = g.slab[from : len(g.slab)-1]
	}
	return p
}

// add puts a push into the group, and sends that when it is full.
func (in *Intake) add(p push.Push) error {
	in.group.pushes = append(in.group.pushes, p)
	if len(in.group.pushes) < groupSize {
		return nil
	}
	in.sendErr = in.dispatch(in.ctx)
	return in.sendErr
}

// dispatch sends the group and goes on without its answer, once that of the
// group before is there. An error is of one of them.
func (in *Intake) dispatch(ctx context.Context) error {
	if len(in.group.pushes) == 0 {
		return nil
	}
	if err := in.wait(); err != nil {
		return err
	}
	sent := in.group
	in.group, in.spare = in.spare, sent
	in.group.pushes, in.group.slab = in.group.pushes[:0], in.group.slab[:0]
	answer := make(chan error, 1)
	in.inFlight = answer
	go func() { answer <- in.pusher.Send(ctx, sent.pushes, in.done) }()
	return nil
}

// wait waits for the group in flight, if there is one.
func (in *Intake) wait() error {
	if in.inFlight == nil {
		return nil
	}
	err := <-in.inFlight
	in.inFlight = nil
	return err
}
