package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/glowmap/glow/demo/flow"
)

// watch lets it flow and tells so once a second, until ctx is done or
// something cannot go on.
func (d *demo) watch(ctx context.Context) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	written := make(chan error, 1)
	go func() {
		if d.traffic != nil {
			written <- d.traffic.Run(running)
		}
	}()
	defer func() { // no more lines, and none half written
		stop()
		if d.traffic != nil {
			<-written
		}
	}()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case err := <-written:
			written <- nil
			if err != nil || ctx.Err() == nil {
				return err
			}
		case now := <-tick.C:
			d.meter.Mark(now, d.written())
			if n%10 == 0 {
				d.line(ctx, now)
			}
		}
		if err := d.broken(); err != nil {
			return err
		}
	}
}

// line tells what flows. While Redis does not answer there is nothing to tell.
func (d *demo) line(ctx context.Context, now time.Time) {
	s, err := d.state(ctx)
	if err == nil {
		d.tell(d.meter.Line(now, d.written(), s))
	}
}

func (d *demo) state(ctx context.Context) (flow.State, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	s, err := d.reader.Read(ctx, d.last)
	if err == nil {
		d.last = s
	}
	return s.Since(d.before), err
}

// written is how many lines there are to be counted or dropped: those of the
// log, and the shares that were taken; -1 if nobody knows.
func (d *demo) written() int64 {
	if d.traffic == nil {
		return -1
	}
	return d.traffic.Lines() + d.sharer.counts()
}

// broken is the error of a program that cannot run at all.
func (d *demo) broken() error {
	for _, c := range d.children {
		if err := c.Err(); err != nil {
			return err
		}
	}
	return nil
}

// finish stops everything in the order in which events flow, lets each part
// take what is left for it, and compares.
func (d *demo) finish() error {
	d.say("stopping: waiting until everything is counted")
	if d.sharer != nil {
		d.sharer.close()
	}
	d.drain()
	var errs []error
	for _, name := range []string{"tailer", "sharehook", "geoworker", "archiver", "publisher"} {
		errs = append(errs, d.stop(name))
	}
	errs = append(errs, d.publishRest(), d.compare())
	return errors.Join(errs...)
}

// drain waits until every line is counted or dropped, or nothing moves any more.
func (d *demo) drain() {
	if d.traffic == nil {
		return
	}
	moved, before := time.Now(), int64(-1)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 1; time.Since(moved) < d.wait; n++ {
		now := <-tick.C
		s, err := d.state(context.Background())
		done := s.Counted + s.Dropped()
		if err == nil && done >= d.written() {
			return
		}
		if done != before {
			moved, before = now, done
		}
		if n%10 == 0 && err == nil {
			d.tell(d.meter.Line(now, d.written(), s))
		}
	}
}

// publishRest publishes what the publisher had put off: it rewrites long
// periods only now and then.
func (d *demo) publishRest() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	args := append([]string{"--redis-url", d.redisURL, "--namespace", d.namespace, "--once"}, d.publisherArgs()...)
	cmd := exec.CommandContext(ctx, filepath.Join(d.bin, "publisher"), args...)
	cmd.Env = environment()
	out, err := cmd.CombinedOutput()
	_ = os.WriteFile(d.file("publisher-once.out"), out, 0o600) // for whoever looks with --dir
	if err != nil {
		return fmt.Errorf("publish what is left: %w: %s", err, lastLine(out))
	}
	return nil
}

func lastLine(out []byte) string {
	text := string(out)
	for len(text) > 0 && text[len(text)-1] == '\n' {
		text = text[:len(text)-1]
	}
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] == '\n' {
			return text[i+1:]
		}
	}
	return text
}

// compare has the last word: is every line counted or dropped, once, and does
// the feed say so too?
func (d *demo) compare() error {
	s, err := d.state(context.Background())
	if err != nil {
		return fmt.Errorf("read redis: %w", err)
	}
	all, err := d.reader.All(context.Background())
	if err != nil {
		return fmt.Errorf("read the feed: %w", err)
	}
	all -= d.before.Published
	if d.traffic == nil {
		d.tell(fmt.Sprintf("%s counted, %s published, %s dropped%s", flow.Commas(s.Counted), flow.Commas(all), flow.Commas(s.Dropped()), in(s)))
		return nil
	}
	written := d.written()
	if more := s.Counted + s.Dropped() - written; more > 0 && more <= d.sharer.mayCount() {
		d.say("%d shares are counted whose answers sharehook could not give any more", more)
		written += more
	}
	lost := written - s.Counted - s.Dropped()
	d.tell(fmt.Sprintf("%s lines written, %s counted, %s dropped%s, %s published, %s lost",
		flow.Commas(written), flow.Commas(s.Counted), flow.Commas(s.Dropped()), in(s), flow.Commas(all), flow.Commas(lost)))
	switch {
	case lost > 0:
		return fmt.Errorf("%d lines are neither counted nor dropped", lost)
	case lost < 0:
		return fmt.Errorf("%d lines are counted twice", -lost)
	case all != s.Counted:
		return fmt.Errorf("the feed says %d, redis %d", all, s.Counted)
	}
	return nil
}

func in(s flow.State) string {
	if r := s.Reasons(); r != "" {
		return " (" + r + ")"
	}
	return ""
}
