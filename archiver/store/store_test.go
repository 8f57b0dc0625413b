package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/s3test"
)

// Both kinds of store do the same; an S3 bucket also with what is too large for
// one request.
func TestStores(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("history")
	for _, e := range s3test.Env() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	s := func(target string) Store {
		t.Helper()
		s, err := New(t.Context(), target, Options{Endpoint: server.URL()})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	large := s("s3://history/large").(*s3Store)
	large.most, large.part = 6<<20, 5<<20 // the least that S3 takes as a part
	for name, s := range map[string]Store{"folder": s("file://" + filepath.Join(t.TempDir(), "new")), "s3": s("s3://history/small"), "parts": large} {
		t.Run(name, func(t *testing.T) { tryStore(t.Context(), t, s) })
	}
}

func tryStore(ctx context.Context, t *testing.T, s Store) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Open(ctx))
	defer s.Close()
	r := rand.New(rand.NewPCG(5, 5))
	files := map[string][]byte{"v1/segments/date=2026-03-24/day-share%3Atwitter-00.parquet": make([]byte, 11<<20), "v1/segments/small": []byte("PAR1")}
	for name, b := range files {
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		must(s.Put(ctx, name, bytes.NewReader(b)))
		must(s.Copy(ctx, name, "v1/days/"+name, int64(len(b))))
	}
	var names []string
	must(s.List(ctx, "v1/", func(i Info) error { names = append(names, i.Name); return nil }))
	if len(names) != 2*len(files) {
		t.Errorf("list: %q", names)
	}
	for name, b := range files {
		for _, name := range []string{name, "v1/days/" + name} {
			if got := fetch(ctx, t, s, name); !bytes.Equal(got, b) {
				t.Errorf("%s: %d bytes, want %d", name, len(got), len(b))
			}
			parts(ctx, t, s, name, b)
			must(s.Delete(ctx, name))
		}
	}
	if err := s.ReadAt(ctx, "v1/none", make([]byte, 1), 0); !errors.Is(err, ErrNone) {
		t.Errorf("a part of nothing: %v", err)
	}
	if err := s.Copy(ctx, "v1/none", "v1/some", 11<<20); !errors.Is(err, ErrNone) {
		t.Errorf("copy of nothing: %v", err)
	}
	if _, err := s.Fetch(ctx, "v1/some"); !errors.Is(err, ErrNone) {
		t.Errorf("after a copy of nothing: %v", err)
	}
	swap(ctx, t, s)
}

func fetch(ctx context.Context, t *testing.T, s Store, name string) []byte {
	t.Helper()
	blob, err := s.Fetch(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	b, err := io.ReadAll(io.NewSectionReader(blob, 0, blob.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// parts reads parts of an object: the first bytes, the last, some between, all;
// and some that are beyond its end.
func parts(ctx context.Context, t *testing.T, s Store, name string, all []byte) {
	t.Helper()
	n := len(all)
	for _, p := range [][2]int{{0, 4}, {n - 4, 4}, {n / 2, 2}, {0, n}} {
		b := make([]byte, p[1])
		if err := s.ReadAt(ctx, name, b, int64(p[0])); err != nil || !bytes.Equal(b, all[p[0]:p[0]+p[1]]) {
			t.Errorf("%s: %d bytes from %d: %v", name, p[1], p[0], err)
		}
	}
	for _, p := range [][2]int{{0, n + 1}, {n - 1, 2}, {n, 1}, {n + 9, 9}} {
		if err := s.ReadAt(ctx, name, make([]byte, p[1]), int64(p[0])); !errors.Is(err, archive.ErrDamaged) {
			t.Errorf("%s: %d bytes from %d: %v", name, p[1], p[0], err)
		}
	}
}

func swap(ctx context.Context, t *testing.T, s Store) {
	t.Helper()
	first, err := s.Swap(ctx, "v1/manifest.json", []byte("1"), "")
	if err == nil {
		_, err = s.Swap(ctx, "v1/manifest.json", []byte("2"), first)
	}
	if err != nil {
		t.Fatal(err)
	}
	if b, _, err := s.Read(ctx, "v1/manifest.json"); string(b) != "2" || err != nil {
		t.Errorf("manifest is %q, %v", b, err)
	}
	_, etag, err := s.Read(ctx, "v1/manifest.json")
	if _, _, same := s.ReadNew(ctx, "v1/manifest.json", etag); etag != "" && !errors.Is(same, archive.ErrSame) || etag == "" && same != nil || err != nil {
		t.Errorf("read again: %v, %v", same, err)
	}
	if b, now, err := s.ReadNew(ctx, "v1/manifest.json", first); string(b) != "2" || now != etag || err != nil {
		t.Errorf("what is new is %q, %v", b, err)
	}
	if _, err := s.Swap(ctx, "v1/manifest.json", []byte("3"), first); first != "" && !errors.Is(err, ErrConflict) {
		t.Errorf("over what is not there any more: %v", err)
	}
	if names := slices.Collect(func(yield func(string) bool) {
		_ = s.List(ctx, "v1/", func(i Info) error { yield(i.Name); return nil })
	}); !slices.Equal(names, []string{"v1/manifest.json"}) {
		t.Errorf("left: %q", names)
	}
}
