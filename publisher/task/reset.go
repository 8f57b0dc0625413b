// Package task has the publisher's one-off commands but setup.
package task

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/snapshot"
	"github.com/glowmap/glow/publisher/counts"
	"github.com/glowmap/glow/publisher/store"
)

// Reset begins the feed anew, so that everything is counted again from the
// logs. Target may be nil where Redis still knows the feed at the target.
type Reset struct {
	Counts *counts.Counts
	Target store.Store
	Prune  bool // delete the files of the old feed
	Out    io.Writer
}

// plan is what a reset would do.
type plan struct {
	inRedis, atTarget string // feed ids; "" if there is none
	keys              map[string]int
	files             []string
}

// afterwards is what only an operator can do.
const afterwards = `After a reset the tailers read the files that they follow from the beginning. Rotated logs
need "tailer --once FILE…", oldest first; shares older than sharehook's spool are lost.
`

// Show says what Run would do.
func (r Reset) Show(ctx context.Context) error {
	p, err := r.plan(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "feed in redis: %s, at the target: %s\n", orNone(p.inRedis), orNone(p.atTarget))
	for _, kind := range slices.Sorted(maps.Keys(p.keys)) {
		fmt.Fprintf(r.Out, "would delete from redis: %d %s\n", p.keys[kind], kind)
	}
	if r.Prune {
		fmt.Fprintf(r.Out, "would delete from the target: %d files\n", len(p.files))
	}
	fmt.Fprint(r.Out, "Nothing was changed. Add --yes to do it.\n"+afterwards)
	return nil
}

// Run does it. All of Redis changes in one step.
func (r Reset) Run(ctx context.Context) error {
	p, err := r.plan(ctx)
	if err != nil {
		return err
	}
	feed := bucket.NewToken().String()
	n, err := r.Counts.Reset(ctx, feed, p.atTarget)
	if err != nil {
		return err
	}
	if _, err := r.Counts.Durable(ctx); err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "deleted %d keys; the new feed is %s\n", n, feed)
	if err := r.prune(ctx, p.files); err != nil {
		return fmt.Errorf("redis is reset, but not all old files are deleted: %w", err)
	}
	if r.Prune {
		fmt.Fprintf(r.Out, "deleted %d files\n", len(p.files))
	}
	fmt.Fprint(r.Out, afterwards)
	return nil
}

func (r Reset) plan(ctx context.Context) (p plan, err error) {
	v, err := r.Counts.Look(ctx)
	if err != nil {
		return p, err
	}
	p.inRedis = v.Meta[keys.MetaFeed]
	if p.atTarget, err = r.feedAtTarget(ctx, p.inRedis); err != nil {
		return p, err
	}
	if p.keys, err = r.Counts.Keys(ctx); err != nil {
		return p, err
	}
	delete(p.keys, "meta")
	delete(p.keys, "lease")
	if !r.Prune {
		return p, nil
	}
	if r.Target == nil {
		return p, errors.New("--prune needs --target")
	}
	for _, folder := range []string{snapshot.Root, "stats/"} {
		if err := r.Target.List(ctx, folder, func(name string) error {
			// latest.json stays until the new feed replaces it: an open page needs it.
			if name != snapshot.Root+snapshot.LatestObject {
				p.files = append(p.files, name)
			}
			return nil
		}); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (r Reset) feedAtTarget(ctx context.Context, inRedis string) (string, error) {
	if r.Target == nil {
		if inRedis == "" {
			return "", errors.New("redis knows of no feed: say with --target which one is to be replaced")
		}
		return inRedis, nil
	}
	b, _, err := r.Target.Get(ctx, snapshot.Root+snapshot.LatestObject)
	if errors.Is(err, store.ErrNone) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	l, err := snapshot.DecodeLatest(b)
	if err != nil {
		return "", fmt.Errorf("the target's %w", err)
	}
	return l.Feed, nil
}

// prune deletes files, several at a time.
func (r Reset) prune(ctx context.Context, files []string) error {
	queue := make(chan string)
	errs := make(chan error, 8)
	var workers sync.WaitGroup
	for range cap(errs) {
		workers.Go(func() {
			var first error
			for name := range queue {
				if first == nil {
					first = r.Target.Delete(ctx, name)
				}
			}
			errs <- first
		})
	}
	for _, name := range files {
		queue <- name
	}
	close(queue)
	workers.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func orNone(feed string) string {
	if feed == "" {
		return "none"
	}
	return feed
}
