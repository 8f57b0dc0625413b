package imports

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/tailer/parse"
	"github.com/glowmap/glow/tailer/push"
)

// DefaultMaxQueue is that of the tailer.
const DefaultMaxQueue = 2000

// Options say how to import.
type Options struct {
	Parse    parse.Options // a head line that is missing is read from each file
	Force    bool          // open also what is in the ledger
	MaxQueue int           // entries of the queue from which on an import waits
}

// Import takes inputs in.
type Import struct {
	d        *daemon.Daemon
	o        Options
	pusher   push.Pusher
	rejects  *push.Rejects
	progress *progress
	total    total
}

// total is what was done since the start.
type total struct {
	files, skipped, lines, events, pushes int
	drops                                 [parse.Reasons]int
}

// New prepares an import; the daemon must know [Scripts].
func New(d *daemon.Daemon, o Options) *Import {
	im := &Import{d: d, o: o, rejects: push.NewRejects(d.Redis, d.Keys, d.Name), progress: newProgress(d.Stderr)}
	im.pusher = push.Pusher{Redis: d.Redis, Keys: d.Keys, Daemon: d.Name, MaxQueue: o.MaxQueue, Full: im.progress.full}
	return im
}

// Plan looks at all inputs and returns them in the order of their events.
func (im *Import) Plan(ctx context.Context, inputs []Input) ([]*File, error) {
	if err := im.check(ctx); err != nil {
		return nil, err
	}
	k, err := im.known(ctx)
	if err != nil {
		return nil, err
	}
	files := make([]*File, 0, len(inputs))
	for i, in := range inputs {
		im.progress.looking(i, len(inputs), in.Name)
		f, err := look(ctx, in, im.o.Parse, k)
		if err != nil {
			im.progress.clear()
			return nil, err
		}
		files = append(files, f)
	}
	im.progress.clear()
	order(files)
	return files, nil
}

// check waits for Redis and makes sure that it can be used.
func (im *Import) check(ctx context.Context) error {
	redis := im.d.Outage("redis")
	for {
		warnings, err := im.d.Redis.Check(ctx)
		if err != nil && !rdb.Unusable(err) {
			if err := redis.Wait(ctx, err); err != nil {
				return err
			}
			continue
		}
		for _, w := range warnings {
			im.d.Log.Warn(w)
		}
		return err
	}
}

// Run imports the files of a plan. It returns nil only when all of them are
// queued, and on Redis's disk if that has one.
func (im *Import) Run(ctx context.Context, files []*File) error {
	if err := refuse(files); err != nil {
		return err
	}
	rejectsCtx, stop := context.WithCancel(ctx)
	defer stop()
	go im.rejects.Run(rejectsCtx)
	defer im.progress.clear()
	im.progress.begin(files, im.o.Force)
	for _, f := range files {
		if !f.wanted(im.o.Force) {
			im.total.skipped++
			continue
		}
		im.progress.file(f)
		if err := im.file(ctx, f); err != nil {
			return err
		}
		im.total.files++
	}
	return im.durable(ctx, files)
}

// refuse says which files must not be imported as they are, all at once.
func refuse(files []*File) error {
	var errs []error
	for _, f := range files {
		switch f.State {
		case Unread:
			errs = append(errs, fmt.Errorf("%s: of its first %d lines %d cannot be read: is --format right? --dry-run shows more", f.Name, f.Sample.Lines, f.Sample.unread()))
		case PartlyFollowed:
			errs = append(errs, fmt.Errorf("%s: a tailer has read its first %d bytes as %s: let that tailer go on, or run tailer --once on the file there", f.Name, f.Offset, f.Other))
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("nothing was imported:\n%w", errors.Join(errs...))
	}
	return nil
}

func (f *File) wanted(force bool) bool {
	return f.State == Fresh || f.State == Partly || f.State == Done && force
}

// file imports one file, however often that must be begun.
func (im *Import) file(ctx context.Context, f *File) error {
	redis := im.d.Outage("redis")
	for {
		err := im.take(ctx, f)
		var input inputError
		switch {
		case err == nil:
			redis.Over()
			return nil
		case errors.As(err, &input):
			return err
		case ctx.Err() != nil:
			return fmt.Errorf("stopped within %s: run the import again, it goes on there: %w", f.Name, context.Cause(ctx))
		case errors.Is(err, push.ErrStale):
			im.d.Log.Warn("the position of an import is another than expected, reading it again: redis went back in time, or somebody else imports the same", "file", f.Name)
			continue
		}
		if err := redis.Wait(ctx, err); err != nil {
			return fmt.Errorf("stopped within %s: run the import again, it goes on there: %w", f.Name, context.Cause(ctx))
		}
	}
}

// durable makes sure that what was imported is there to stay.
func (im *Import) durable(ctx context.Context, files []*File) error {
	redis := im.d.Outage("redis")
	for {
		durable, err := im.d.Redis.Durable(ctx)
		var lost *File
		if err == nil {
			lost, err = im.lost(ctx, files)
		}
		switch {
		case err != nil:
			if err := redis.Wait(ctx, err); err != nil {
				return fmt.Errorf("stopped before all was on redis's disk: run the import again: %w", context.Cause(ctx))
			}
		case lost != nil:
			if err := im.file(ctx, lost); err != nil {
				return err
			}
		default:
			if !durable {
				im.d.Log.Warn("redis has no append-only file or never syncs it, so all this may be lost with it: set appendonly yes and appendfsync everysec")
			}
			return nil
		}
	}
}

// lost is a file that is in the ledger no more, as after a rollback of Redis.
func (im *Import) lost(ctx context.Context, files []*File) (*File, error) {
	for _, f := range files {
		if !f.wanted(im.o.Force) {
			continue
		}
		there, err := im.d.Redis.HExists(ctx, im.d.Keys.Imports(), f.Sum.String()).Result()
		if err != nil || !there {
			return f, err
		}
	}
	return nil, nil
}

// pushed notes a push that Redis acknowledged.
func (im *Import) pushed(p *push.Push) {
	t := &im.total
	t.pushes++
	t.lines += p.Lines
	t.events += p.Events
	for r, n := range p.Drops {
		t.drops[r] += n
	}
	im.progress.add(p.Bytes, p.Lines)
}

// Summary is what was done since the start, in one line.
func (im *Import) Summary() string {
	t := &im.total
	n := 0
	for _, k := range t.drops {
		n += k
	}
	drops := fmt.Sprintf("%d drops", n)
	if why := reasons(&t.drops); why != "" {
		drops += " (" + why + ")"
	}
	return fmt.Sprintf("%d files, %d skipped, %d lines, %d events, %s, %d pushes", t.files, t.skipped, t.lines, t.events, drops, t.pushes)
}

// Show writes what an import would do.
func Show(out io.Writer, files []*File, force bool) {
	var n, lines int
	for _, f := range files {
		f.show(out, force)
		if f.wanted(force) {
			n++
			lines += f.Lines
		}
	}
	fmt.Fprintf(out, "\n%d of %d files would be imported, with %d lines; nothing was changed\n", n, len(files), lines)
}
