package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	archives "github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/glow/recount"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/internal/snapshot"
	"github.com/glowmap/glow/publisher/store"
)

const recountDescription = `Counts all buckets anew from the archive, beside the live ones, and shows where
they differ: bucket, type, dimension, what is in Redis and what the archive says.
It may be run at any moment; nothing has to stop for it, as it follows what is
being counted. Buckets of ten seconds, which are only a hint, are left out.

With --apply each bucket that differs is swapped: counting is paused for a moment
(the queue waits, and the pause ends by itself should this command die), and the
publisher corrects the files. If that lowers a total, --target is needed, so that
the publisher does not take it for a Redis that has lost something.

It refuses where the archive misses part of the span: dates with events that were
counted while it was off, or an archive of another feed.

   glow recount --archive file:///srv/archive
   glow recount --archive s3://bucket/archive --from 2026-03-22 --to 2026-03-25
   glow recount --archive file:///srv/archive --target file:///srv/feed --apply

Exit status: 0 nothing differs, or all that did was swapped; 1 something differs,
or it failed; 2 a mistake in the command.`

func recountCommand(stdout *os.File) *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "archive", Usage: "the archive, as the archiver has it: file:///DIR or s3://BUCKET/PREFIX"},
		&cli.StringFlag{Name: "from", Usage: "first `DATE` to recount, as in 2026-03-22 (default: all, and all time with them)"},
		&cli.StringFlag{Name: "to", Usage: "`DATE` before which to stop"},
		&cli.BoolFlag{Name: "evicted", Usage: "compare also buckets that have left Redis, with their files at --target; those that differ come back with --apply, until they leave again"},
		&cli.BoolFlag{Name: "apply", Usage: "swap what differs"},
	}
	return command("recount", "do the counts agree with the archive?", recountDescription, flags, func(c *cli.Context) error { return runRecount(c, stdout) })
}

func runRecount(c *cli.Context, stdout *os.File) error {
	s := readSettings(c)
	o := recount.Options{Keys: s.keys(), Apply: c.Bool("apply")}
	var err error
	o.Redis, err = rdb.Open(s.text("redis-url"), recount.Scripts...)
	s.check("redis-url", err)
	s.check("s3-endpoint", store.CheckEndpoint(s.text("s3-endpoint")))
	o.From, err = date(c.String("from"))
	s.check("from", err)
	o.To, err = date(c.String("to"))
	s.check("to", err)
	o.Archive, err = archiveAt(c.Context, s)
	s.check("archive", err)
	target := s.target(c.Context)
	if c.Bool("evicted") {
		s.check("target", missing(target))
		o.Published = func(ctx context.Context, name string) ([]byte, error) { return published(ctx, target, name) }
	}
	if err := s.err(); err != nil {
		return err
	}
	defer o.Redis.Close()
	o.Seq = func(ctx context.Context) (string, error) { return seq(ctx, target) }
	r, err := recount.Run(c.Context, o)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		b, err := r.JSON()
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%s\n", b)
	} else {
		r.Text(stdout)
	}
	if r.Differing > r.Applied {
		return exit(1)
	}
	return nil
}

func archiveAt(ctx context.Context, s *settings) (archives.Store, error) {
	name := s.text("archive")
	if name == "" {
		return nil, errors.New("say where the archive is: file:///DIR or s3://BUCKET/PREFIX")
	}
	return archives.New(ctx, name, archives.Options{Endpoint: s.text("s3-endpoint")})
}

func date(text string) (t time.Time, err error) {
	if text == "" {
		return t, nil
	}
	if t, err = time.Parse(time.DateOnly, text); err != nil {
		return t, fmt.Errorf("%q: want a date such as 2026-03-24", text)
	}
	return t, nil
}

// missing says that a target is needed, unless there is one.
func missing(target store.Store) error {
	if target != nil {
		return nil
	}
	return errors.New("of buckets that have left redis there are only their files: say where the feed is")
}

func published(ctx context.Context, target store.Store, name string) ([]byte, error) {
	b, _, err := target.Get(ctx, name)
	if errors.Is(err, store.ErrNone) {
		return nil, nil
	}
	return b, err
}

// seq is that of the target's latest.json.
func seq(ctx context.Context, target store.Store) (string, error) {
	if target == nil {
		return "", daemon.Setting("target", errors.New("totals become less, so the publisher must be told which latest.json may be undercut: say where the feed is"))
	}
	b, _, err := target.Get(ctx, snapshot.Root+snapshot.LatestObject)
	if errors.Is(err, store.ErrNone) {
		return "0", nil
	}
	if err != nil {
		return "", fmt.Errorf("read latest.json: %w", err)
	}
	l, err := snapshot.DecodeLatest(b)
	if err != nil {
		return "", fmt.Errorf("read latest.json: %w", err)
	}
	return strconv.FormatUint(l.Seq, 10), nil
}
