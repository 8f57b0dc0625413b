package keep

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/ledger"
	"github.com/glowmap/glow/archiver/store"
)

// orphanAge is how old a file must be that nobody names before it is deleted:
// a younger one may be on its way into a commit.
const orphanAge = time.Hour

// expire deletes the days of types at the end of their retention.
func (k *Keeper) expire(v *ledger.View) *job {
	return &job{then: func(ctx context.Context) (bool, error) { return k.deleteExpired(ctx, v) }}
}

func (k *Keeper) deleteExpired(ctx context.Context, v *ledger.View) (changed bool, err error) {
	var out []archive.File
	var gone []ledger.Gone
	for _, f := range v.Manifest.Files {
		if !f.Day {
			continue
		}
		for typ, n := range f.Types { // which is one
			if !k.Retention.over(typ, ended(f.Date), v.Now) {
				continue
			}
			if err := k.store.Delete(ctx, archive.DayName(f.Date, typ)); err != nil {
				return false, k.away("delete a day", err)
			}
			k.d.Log.Info("day deleted at the end of its retention", "date", f.Date, "type", typ, "events", n)
			out, gone = append(out, f), append(gone, ledger.Gone{Type: typ, Date: f.Date, Rows: n})
		}
	}
	if len(out) == 0 {
		return false, nil
	}
	k.removed(len(out))
	return true, k.ledger.Swap(ctx, k.feed, out, nil, gone)
}

func (k *Keeper) removed(files int) {
	k.m.deleted.Add(float64(files))
	k.done.deleted += files
}

// tidy deletes the files that were replaced long enough ago, and those that
// neither Redis nor the manifest names. Nothing is on its way into a commit
// meanwhile: the work loop does it, and no job beside it.
func (k *Keeper) tidy(v *ledger.View) *job {
	return &job{then: func(ctx context.Context) (bool, error) { return false, k.deleteUnnamed(ctx, v) }}
}

func (k *Keeper) deleteUnnamed(ctx context.Context, v *ledger.View) error {
	named := map[string]bool{}
	for _, files := range [][]archive.File{v.Manifest.Files, k.manifest.Files} {
		for _, f := range files {
			named[f.Name] = true
		}
	}
	replaced := map[string]bool{}
	for name, at := range v.Replaced {
		if !named[name] && v.Now.Sub(at) > k.Keep {
			replaced[name] = true
		} else {
			named[name] = true
		}
	}
	if err := k.deleteReplaced(ctx, slices.Sorted(maps.Keys(replaced))); err != nil {
		return err
	}
	return k.deleteOrphans(ctx, named, v.Now)
}

// deleteReplaced deletes files whose replacement is durable.
func (k *Keeper) deleteReplaced(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	if _, err := k.ledger.Durable(ctx); err != nil {
		return err
	}
	for _, name := range names {
		if err := k.store.Delete(ctx, name); err != nil {
			return k.away("delete a replaced file", err)
		}
		k.d.Beat()
	}
	k.removed(len(names))
	return k.ledger.Forget(ctx, names)
}

func (k *Keeper) deleteOrphans(ctx context.Context, named map[string]bool, now time.Time) error {
	var orphans []string
	err := k.store.List(ctx, archive.Segments, func(i store.Info) error {
		if !named[i.Name] && now.Sub(i.Modified) > orphanAge {
			orphans = append(orphans, i.Name)
		}
		return nil
	})
	if err != nil {
		return k.away("list the archive", err)
	}
	for _, name := range orphans {
		if err := k.store.Delete(ctx, name); err != nil {
			return k.away("delete an orphan", err)
		}
		k.d.Log.Info("deleted a file that nobody names", "file", name)
		k.d.Beat()
	}
	k.removed(len(orphans))
	return nil
}
