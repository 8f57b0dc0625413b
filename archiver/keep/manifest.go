package keep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/ledger"
	"github.com/glowmap/glow/archiver/store"
)

// The manifest at the target repeats what Redis says. It having more rows means
// that Redis went back in time, and that the logs are being read again from
// there. Redis always holds a prefix of its history, so until its rows have come
// up to the manifest's, that and all files that it names stay as they are; then
// one PUT replaces the one set of files by the other.

// project writes the manifest, if it is another now.
func (k *Keeper) project(ctx context.Context) error {
	v, err := k.look(ctx)
	if err != nil || k.behind(v) {
		return err
	}
	if k.manifest != nil && k.recovering {
		if lost, err := k.absent(ctx, v); err != nil || lost != "" {
			k.complain(lost)
			return err
		}
	}
	b := v.Manifest.Encode()
	if k.manifest == nil || !bytes.Equal(b, k.manifest.Encode()) {
		etag, err := k.store.Swap(ctx, archive.ManifestName, b, k.etag)
		if errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("%w: another has written the manifest", errAgain)
		}
		if err != nil {
			return k.away("write the manifest", err)
		}
		k.manifest, k.etag = &v.Manifest, etag
	}
	if k.recovering {
		k.d.Log.Info("recovered")
		k.recovering = false
		k.m.recovering.Set(0)
	}
	return nil
}

// look looks at all of the archive in Redis.
func (k *Keeper) look(ctx context.Context) (*ledger.View, error) {
	v, err := k.ledger.Look(ctx, true)
	if err != nil {
		return nil, err
	}
	if v.Feed != k.feed {
		return nil, fmt.Errorf("%w: another feed in redis", errAgain)
	}
	k.measure(v)
	return v, nil
}

// behind says whether Redis has fewer rows than the manifest.
func (k *Keeper) behind(v *ledger.View) bool {
	if k.manifest == nil {
		return false
	}
	var short []string
	for _, typ := range slices.Sorted(maps.Keys(k.manifest.Cursor.Rows)) {
		if have, want := v.Manifest.Cursor.Rows[typ], k.manifest.Cursor.Rows[typ]; have < want {
			short = append(short, fmt.Sprintf("%s %d of %d", typ, have, want))
		}
	}
	if len(short) > 0 && !k.recovering {
		k.d.Log.Warn("redis has archived less than the manifest says: that stays as it is until redis has caught up", "short", strings.Join(short, ", "))
		k.recovering = true
		k.m.recovering.Set(1)
	}
	return len(short) > 0
}

// absent is the name of a file that Redis lists and the target lacks; "" if
// all are there.
func (k *Keeper) absent(ctx context.Context, v *ledger.View) (name string, err error) {
	there := map[string]bool{}
	err = k.store.List(ctx, archive.Segments, func(i store.Info) error {
		there[i.Name] = true
		return nil
	})
	if err != nil {
		return "", k.away("list the archive", err)
	}
	for _, f := range v.Manifest.Files {
		if !there[f.Name] {
			return f.Name, nil
		}
	}
	return "", nil
}

// complain says once that a file is gone that Redis, which went back, lists again.
func (k *Keeper) complain(lost string) {
	if lost != "" && k.lost != lost {
		k.lost = lost
		k.d.Log.Error("redis went back further than --keep: it lists files that are deleted since, so the manifest stays as it was; "+
			"restore a later state of redis, or the files", "file", lost)
	}
}
