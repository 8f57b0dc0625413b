package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/grid"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/snapshot"
	"github.com/glowmap/glow/publisher/counts"
	"github.com/glowmap/glow/publisher/store"
)

// errAgain says that the feed in Redis has become another: adopt it anew.
var errAgain = errors.New("the feed has changed")

// adopt makes sure that the feed at the target is the one in Redis, or that
// the one in Redis may begin there, and learns how it stands.
func (p *Publisher) adopt(ctx context.Context) error {
	v, err := p.counts.Look(ctx)
	if err != nil {
		return err
	}
	p.clock.set(v.Now)
	if err := p.fetchLatest(ctx); err != nil {
		return err
	}
	p.opened = true
	if p.feed, err = p.agree(ctx, v); err != nil {
		return err
	}
	p.setFloor(v)
	p.names, p.first, p.when, p.slack, p.bad = nameState{}, firstMinute{}, rhythm{}, recovery{}, badBuckets{}
	p.have.clear()
	p.stats, p.statsAt = nil, time.Time{}
	return p.counts.Published(ctx, p.have.add)
}

// fetchLatest learns what latest.json says at the target.
func (p *Publisher) fetchLatest(ctx context.Context) error {
	b, etag, err := p.store.Get(ctx, snapshot.Root+snapshot.LatestObject)
	if errors.Is(err, store.ErrNone) {
		p.latest, p.etag = nil, ""
		return nil
	}
	if err != nil {
		return p.away("fetch latest.json", err)
	}
	l, err := snapshot.DecodeLatest(b)
	if err != nil {
		return fmt.Errorf("the target's %w: if this is no feed of ours choose another --target, else delete that file", err)
	}
	p.latest, p.etag = l, etag
	return nil
}

// agree returns the id of the feed once Redis and the target agree on it.
func (p *Publisher) agree(ctx context.Context, v *counts.View) (string, error) {
	feed := v.Meta[keys.MetaFeed]
	switch {
	case p.latest != nil && feed == p.latest.Feed:
		return feed, nil
	case p.latest != nil && feed == "":
		return "", fmt.Errorf("redis knows nothing of the feed %s at the target: it was emptied, or is not the right one; "+
			"restore it, or run \"publisher reset\" to count everything anew from the logs", p.latest.Feed)
	case p.latest != nil && v.Meta[keys.MetaReplaces] != p.latest.Feed:
		return "", fmt.Errorf("the target holds the feed %s and redis counts for the feed %s: give this system a --target of its own, "+
			"or run \"publisher reset\" to count everything anew from the logs and overwrite the target", p.latest.Feed, feed)
	}
	return p.begin(ctx)
}

// begin gives the feed an id if it has none and returns it once it is durable:
// a feed at the target must never have an id that Redis can forget.
func (p *Publisher) begin(ctx context.Context) (string, error) {
	feed, err := p.counts.Found(ctx, bucket.NewToken().String())
	if err != nil {
		return "", err
	}
	durable, err := p.counts.Durable(ctx)
	if err != nil {
		return "", err
	}
	if !durable {
		p.d.Log.Warn("redis cannot say that the new feed's id is on its disk: should it lose it, \"publisher reset\" is the way out")
	}
	again, err := p.counts.Look(ctx)
	if err != nil {
		return "", err
	}
	if again.Meta[keys.MetaFeed] != feed {
		return "", fmt.Errorf("%w: redis restarted while the new feed began", errAgain)
	}
	p.d.Log.Info("a new feed begins", "feed", feed)
	return feed, nil
}

// check looks whether a pass still works on the feed that was adopted, and on
// which grid.
func (p *Publisher) check(v *counts.View) error {
	if v.Meta[keys.MetaFeed] != p.feed {
		return fmt.Errorf("%w in redis", errAgain)
	}
	p.grid = 0
	if text := v.Meta[keys.MetaGrid]; text != "" {
		g, err := grid.Parse(text)
		if err != nil {
			return fmt.Errorf("%w: grid: %w", counts.ErrCorrupt, err)
		}
		p.grid = g.Degrees()
	}
	return nil
}
