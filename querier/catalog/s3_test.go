package catalog_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/internal/s3test"
	"github.com/glowmap/glow/querier/archivetest"
	"github.com/glowmap/glow/querier/engine"
)

// An archive in S3 that is larger than the cache: a start reads little of it,
// looking for what is new reads nothing, and files come as they are.
func TestS3(t *testing.T) {
	a, source, cache := days(t, 4, 2)
	server := s3test.Start(t)
	server.Bucket("history")
	for _, e := range s3test.Env() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	s, err := store.New(t.Context(), "s3://history/all", store.Options{Endpoint: server.URL()})
	check(t, err)
	source.Store = s
	put := func() {
		t.Helper()
		for _, f := range append([]archive.File{{Name: archive.ManifestName}}, a.Manifest.Files...) {
			b, err := os.ReadFile(filepath.Join(a.Dir, filepath.FromSlash(f.Name)))
			check(t, err)
			check(t, s.Put(t.Context(), f.Name, bytes.NewReader(b)))
		}
	}
	put()
	c := opened(t, source, cache())
	if all := 4 * a.Manifest.Files[0].Bytes; source.reads != 4 || int64(source.bytes) > all*2/3 {
		t.Errorf("%d bytes of %d in %d reads", source.bytes, all, source.reads)
	}
	before := c.Current()
	check(t, c.Refresh(t.Context()))
	if c.Current() != before || source.reads != 4 {
		t.Error("the same archive is another one")
	}
	for _, files := range [][]archive.File{a.Manifest.Files[:2], a.Manifest.Files[2:]} {
		all, release, err := c.All(t.Context(), files)
		check(t, err)
		for i, l := range all {
			got, err := os.ReadFile(l.Path)
			check(t, err)
			want, err := os.ReadFile(filepath.Join(a.Dir, filepath.FromSlash(files[i].Name)))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes, want %d", files[i].Name, len(got), len(want))
			}
		}
		release()
	}
	a.Add(fat(seeded(), archivetest.First), false)
	a.Commit()
	put()
	source.reset()
	check(t, c.Refresh(t.Context()))
	if c.Current() == before || source.reads != 1 {
		t.Errorf("%d reads for one new file", source.reads)
	}
	lost := a.Manifest.Files[0]
	check(t, s.Delete(t.Context(), lost.Name))
	if _, _, err = c.Local(t.Context(), lost); !errors.Is(err, engine.ErrGone) {
		t.Error(err)
	}
}
