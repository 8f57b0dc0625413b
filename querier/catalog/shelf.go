package catalog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
)

// shelf is where files lie on this machine.
type shelf interface {
	// hold makes sure that files lie there, until release. It says where, in the
	// order of the files.
	hold(ctx context.Context, source archive.Source, files []archive.File) (paths []string, release func(), err error)
	// close ends what goes on by itself.
	close()
}

// dir is an archive in a folder of this machine: the files lie there.
type dir string

func (d dir) hold(_ context.Context, _ archive.Source, files []archive.File) ([]string, func(), error) {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = filepath.Join(string(d), filepath.FromSlash(f.Name))
		if _, err := os.Stat(paths[i]); errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("read %s: %w", f.Name, archive.ErrNone)
		} else if err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", f.Name, err)
		}
	}
	return paths, func() {}, nil
}

func (dir) close() {}

// gone says of an error that it means a file which is no longer there.
func gone(err error) error {
	if errors.Is(err, archive.ErrNone) {
		return fmt.Errorf("%w: %w", engine.ErrGone, err)
	}
	return err
}

// Behind makes an engine whose questions can wait, and never push files out of
// a cache that others asked for last: of its own files, those fetched last go
// first, so that going through all of an archive leaves what it fetched first.
// Only where the cache is full of what others asked for, it takes the room of
// what nobody has asked for longest, for as much as one of its questions needs.
func Behind(e engine.Engine) engine.Engine { return behind{e} }

type behind struct{ engine.Engine }

type behindKey struct{}

// Run says so to the shelf.
func (b behind) Run(ctx context.Context, q engine.Query, each func(row []any) error) error {
	return b.Engine.Run(context.WithValue(ctx, behindKey{}, true), q, each)
}

func isBehind(ctx context.Context) bool { return ctx.Value(behindKey{}) != nil }
