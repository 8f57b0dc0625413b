package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/glowmap/glow/internal/snapshot"
	"github.com/glowmap/glow/publisher/setup"
	"github.com/glowmap/glow/publisher/store"
)

// probeObject is the one object that is put, and deleted again.
const (
	probeObject = snapshot.Root + "glow-doctor.json"
	probeCache  = "public, max-age=7"
)

// bucket looks at what the store does with objects.
func (d *doctor) bucket(ctx context.Context, s store.Store) {
	bucket, prefix, err := store.ParseS3(d.Target)
	if err != nil {
		return
	}
	client, region, err := store.NewClient(ctx, store.Options{Endpoint: d.Endpoint})
	if err != nil {
		return
	}
	set := setup.Setup{Client: client, Bucket: bucket, Prefix: prefix, Region: region, Origins: []string{"*"}}
	d.bucketSettings(ctx, set)
	sample, cache := snapshot.Root+snapshot.LatestObject, ""
	if d.ReadOnly {
		d.note("target-write", "whether these credentials may write was not tried", "--read-only leaves the probe out", "leave --read-only out: one object is put under the prefix, and deleted again")
	} else if d.tryPut(ctx, s) {
		sample, cache = probeObject, probeCache
		defer d.tryDelete(ctx, s)
	}
	d.asABrowser(ctx, set, prefix+sample, cache)
}

// bucketSettings asks what "publisher setup" would change.
func (d *doctor) bucketSettings(ctx context.Context, set setup.Setup) {
	var said bytes.Buffer
	set.DryRun, set.Out = true, &said
	err := set.Run(ctx)
	for line := range strings.Lines(said.String()) {
		if lacks, ok := strings.CutPrefix(strings.TrimSpace(line), "would set "); ok {
			means := "pages of other origins cannot read the feed, unless a CDN in front of it sees to that"
			if strings.HasPrefix(lacks, "expiry") {
				means = "10s snapshots stay for ever, thousands a day"
			}
			d.warn("target-settings", "the bucket lacks: "+lacks, means, "publisher setup --target "+d.Target)
		}
	}
	if err != nil {
		d.note("target-settings", "the bucket's settings cannot be read: "+err.Error(), "these credentials need not: only \"publisher setup\" does", "nothing, if CORS works (target-cors)")
	}
}

// tryPut puts the probe and tries conditions on it.
func (d *doctor) tryPut(ctx context.Context, s store.Store) bool {
	o := store.Object{Name: probeObject, JSON: []byte("{}"), CacheControl: probeCache}
	_, err := s.Put(ctx, o, "")
	if errors.Is(err, store.ErrConflict) { // left by a doctor who was cut off
		if err = s.Delete(ctx, probeObject); err == nil {
			_, err = s.Put(ctx, o, "")
		}
	}
	if err != nil {
		d.refuse("target-write", err.Error(), "nothing can be published with these credentials", "grant s3:PutObject (docs/iam)")
		return false
	}
	d.ok("target-write", "an object was put: "+probeObject)
	switch honours, err := s.Honours(ctx, o); {
	case err != nil:
		d.note("target-conditions", err.Error(), "whether conditional PUTs work cannot be told", "try again")
	case !honours:
		d.warn("target-conditions", "this store ignores conditions on PUTs", "a PUT of a publisher that was killed may land late and put back an older state until the next change", "run one publisher only")
	default:
		d.ok("target-conditions", "an outdated PUT is refused")
	}
	return true
}

func (d *doctor) tryDelete(ctx context.Context, s store.Store) {
	if err := s.Delete(ctx, probeObject); err != nil {
		d.warn("target-delete", err.Error(), probeObject+" stays there; \"publisher reset --prune\" could not delete either", "grant s3:DeleteObject (docs/iam), and delete it")
		return
	}
	d.ok("target-delete", "and deleted again")
}

// asABrowser reads an object as a page of another origin does: with the
// credentials of this process, then without any.
func (d *doctor) asABrowser(ctx context.Context, set setup.Setup, key, cache string) {
	a, err := set.Read(ctx, key)
	if err != nil {
		d.note("target-cors", err.Error(), "how browsers see the feed cannot be told", "see to what the message says")
		return
	}
	if there, err := http.ParseTime(a.Header.Get("Date")); err == nil {
		d.compareClock("target-clock", "the store's", time.Until(there).Truncate(time.Second), "the store refuses requests when clocks are fifteen minutes apart")
	}
	if a.StatusCode == http.StatusNotFound {
		return // there is no feed yet
	}
	if err := set.Judge(a); err != nil {
		d.warn("target-cors", err.Error(), "pages of other origins cannot read the feed, unless a CDN in front of it sees to that", "publisher setup --target "+d.Target)
	} else {
		d.ok("target-cors", "pages of other origins may read, and see Date and ETag")
	}
	d.headers(a, cache)
	set.Public = true
	switch open, err := set.Read(ctx, key); {
	case err != nil:
		d.note("target-public", err.Error(), "whether everybody may read cannot be told", "try again")
	case open.StatusCode == http.StatusOK:
		d.ok("target-public", "everybody may read the feed")
	default:
		d.note("target-public", "without credentials the store answers "+open.Status, "browsers reach the feed only through a CDN that may read", "docs/cdn.md; or publisher setup --public")
	}
}

// headers compares an answer's headers with those that were put.
func (d *doctor) headers(a *http.Response, cache string) {
	got := a.Header.Get("Cache-Control")
	if cache != "" && got != cache || got == "" {
		d.warn("target-caching", fmt.Sprintf("Cache-Control was put as %q and comes back as %q", cache, got), "caches keep files for as long as they like, and viewers see old numbers", "another store, or set the header by the store's own means")
	} else {
		d.ok("target-caching", "Cache-Control is kept")
	}
	if a.Header.Get("Content-Encoding") != "gzip" {
		d.refuse("target-encoding", "Content-Encoding: gzip is not kept", "browsers cannot read what is put", "another store")
	}
}
