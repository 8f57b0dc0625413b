package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/snapshot"
	"github.com/glowmap/glow/publisher/store"
)

const targetTime = 20 * time.Second

// target looks at where the feed goes.
func (d *doctor) target() {
	if d.Target == "" {
		return
	}
	ctx, cancel := d.within(targetTime)
	defer cancel()
	s, err := store.New(ctx, d.Target, store.Options{Endpoint: d.Endpoint})
	if err != nil {
		d.refuse("target", err.Error(), "the publisher cannot use it", "what the message says")
		return
	}
	if dir, ok := strings.CutPrefix(d.Target, "file://"); ok {
		d.folder(ctx, s, dir)
		return
	}
	if err := s.Open(ctx); err != nil {
		d.refuse("target", err.Error(), "the publisher cannot use it", "what the message says; \"publisher setup\" makes a bucket ready")
		return
	}
	d.ok("target", "the bucket of "+d.Target+" is there, and these credentials may list it")
	d.latest(ctx, s)
	d.bucket(ctx, s)
}

// latest compares the feed at the target with the one in Redis.
func (d *doctor) latest(ctx context.Context, s store.Store) {
	b, _, err := s.Get(ctx, snapshot.Root+snapshot.LatestObject)
	if errors.Is(err, store.ErrNone) {
		d.note("target-feed", "there is no feed yet", "nothing was ever published there", "start the publisher, or name the right --target")
		return
	}
	var l *snapshot.Latest
	if err == nil {
		l, err = snapshot.DecodeLatest(b)
	}
	if err != nil {
		d.refuse("target-feed", err.Error(), "the publisher does not begin where it cannot read latest.json", "grant s3:GetObject (docs/iam); if it is no feed of ours, choose another --target")
		return
	}
	d.ok("target-feed", fmt.Sprintf("the feed %s, seq %d, published %s", l.Feed, l.Seq, l.Published.Format(time.RFC3339)))
	if d.info == nil {
		return
	}
	if id, err := d.Redis.HGet(ctx, d.Keys.Meta(), keys.MetaFeed).Result(); err == nil && id != l.Feed {
		d.refuse("target-owner", "the target holds the feed "+l.Feed+", Redis counts for "+id, "the publisher refuses to overwrite it", "name the right --target, or see docs/operating.md, \"Redis was emptied\"")
	}
}

// folder looks at a folder of a web server.
func (d *doctor) folder(ctx context.Context, s store.Store, dir string) {
	st, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		d.note("target", "there is no "+dir, "the publisher makes it, if it may", "nothing, or name the right one")
		return
	case err != nil:
		d.refuse("target", err.Error(), "the publisher cannot use it", "run this as root, or see to the folder")
		return
	case !st.IsDir():
		d.refuse("target", dir+" is not a folder", "the publisher cannot use it", "name a folder")
		return
	}
	d.ok("target", dir+" is there")
	d.latest(ctx, s)
	reader := reader{name: "a web server that is no owner", uid: -1}
	file := filepath.Join(dir, "v1", "latest.json")
	if _, err := os.Stat(file); err != nil {
		file = dir
	}
	if why := reader.mayRead(file); why != "" {
		d.note("target-readable", why, "a web server under another user cannot serve the feed", "chmod a+rX, or let it run in the right group")
	} else {
		d.ok("target-readable", "a web server may read it")
	}
	d.space("target", dir, 0)
	if !d.ReadOnly {
		d.trySync("target-write", dir, "each snapshot waits for this")
	}
}
