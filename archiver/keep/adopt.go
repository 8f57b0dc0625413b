package keep

import (
	"context"
	"errors"
	"fmt"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/ledger"
	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
)

// adopt makes sure that the archive at the target is that of the feed in
// Redis, or that it may begin there, and has geoworkers fill the stream.
func (k *Keeper) adopt(ctx context.Context) error {
	v, err := k.ledger.Look(ctx, false)
	if err != nil {
		return err
	}
	if err := k.fetchManifest(ctx); err != nil {
		return err
	}
	k.opened = true
	if err := k.agree(v); err != nil {
		return err
	}
	k.recovering, k.lost = false, ""
	if k.feed, k.state, err = k.ledger.Begin(ctx, bucket.NewToken().String(), false); err != nil {
		return err
	}
	if k.manifest == nil {
		if err := k.found(ctx); err != nil {
			return err
		}
	}
	if k.state == keys.Off {
		k.d.Log.Warn("archiving is switched off: what is counted is not kept until \"archiver on\" is run")
	}
	return k.project(ctx)
}

// fetchManifest learns what the manifest at the target says.
func (k *Keeper) fetchManifest(ctx context.Context) error {
	b, etag, err := k.store.Read(ctx, archive.ManifestName)
	if errors.Is(err, store.ErrNone) {
		k.manifest, k.etag = nil, ""
		return nil
	}
	if err != nil {
		return k.away("read the manifest", err)
	}
	m, err := archive.DecodeManifest(b)
	if err != nil {
		return fmt.Errorf("the archive's %w: if this is no archive of ours choose another --archive, else restore that file", err)
	}
	k.manifest, k.etag = m, etag
	return nil
}

// agree makes sure that Redis and the archive belong together.
func (k *Keeper) agree(v *ledger.View) error {
	switch {
	case k.manifest == nil:
		return nil
	case v.Feed == "":
		return fmt.Errorf("redis knows nothing of the feed %s whose archive this is: it was emptied, or is not the right one; "+
			"restore it, or choose another --archive for a new one", k.manifest.Feed)
	case v.Feed != k.manifest.Feed:
		return fmt.Errorf("this is the archive of the feed %s and redis counts for the feed %s: choose another --archive for that "+
			"and leave this one as it is", k.manifest.Feed, v.Feed)
	case v.State == "" && len(k.manifest.Cursor.Rows) > 0:
		return errors.New("redis has gone back to before this archive began, so that what it counts now would be missing in it: " +
			"restore a later state of redis, or choose another --archive for a new one")
	}
	return nil
}

// found waits until the beginning of an archive is durable: what the target
// says must never be of a feed that Redis can forget. Where Redis already lists
// files they must be here: without a manifest this may be the wrong place.
func (k *Keeper) found(ctx context.Context) error {
	durable, err := k.ledger.Durable(ctx)
	if err != nil {
		return err
	}
	if !durable {
		k.d.Log.Warn("redis cannot say that the beginning of the archive is on its disk: should it lose it, the archive has to begin anew elsewhere")
	}
	v, err := k.ledger.Look(ctx, true)
	if err != nil {
		return err
	}
	if v.Feed != k.feed {
		return fmt.Errorf("%w: redis restarted while the archive began", errAgain)
	}
	lost, err := k.absent(ctx, v)
	if err != nil {
		return err
	}
	if lost != "" {
		return fmt.Errorf("redis lists %s, and here is neither that nor a manifest: is --archive right, is its disk mounted? "+
			"To move an archive, stop the archiver and copy all of it", lost)
	}
	k.d.Log.Info("a new archive begins", "feed", k.feed)
	return nil
}
