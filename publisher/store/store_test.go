package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/s3test"
)

func TestParseS3(t *testing.T) {
	for target, want := range map[string][2]string{
		"s3://b": {"b", ""}, "s3://b/": {"b", ""}, "s3://b/p": {"b", "p/"}, "s3://b/p/q/": {"b", "p/q/"}, "s3://b//p": {"b", "p/"},
	} {
		if b, p, err := ParseS3(target); b != want[0] || p != want[1] || err != nil {
			t.Errorf("%s: %q, %q, %v", target, b, p, err)
		}
	}
	for _, bad := range []string{"", "s3://", "s3:///p", "b/p", "http://b/p"} {
		if _, _, err := ParseS3(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// Both kinds of store are stores.
func TestStores(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("launch")
	for _, e := range s3test.Env() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	for _, target := range []string{"file://" + filepath.Join(t.TempDir(), "new", "dir"), "s3://launch/some/where"} {
		t.Run(target[:4], func(t *testing.T) {
			ctx := t.Context()
			s, err := New(ctx, target, Options{Endpoint: server.URL()})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Open(ctx); err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			tryStore(ctx, t, s)
		})
	}
}

func tryStore(ctx context.Context, t *testing.T, s Store) {
	t.Helper()
	o := Object{Name: "v1/1m/2014/03/18/00/00.json", JSON: []byte(`{"v":1}`), CacheControl: "max-age=5"}
	if _, _, err := s.Get(ctx, o.Name); !errors.Is(err, ErrNone) {
		t.Errorf("get of nothing: %v", err)
	}
	if _, err := s.Head(ctx, o.Name); !errors.Is(err, ErrNone) {
		t.Errorf("head of nothing: %v", err)
	}
	if err := s.Delete(ctx, o.Name); err != nil {
		t.Errorf("delete of nothing: %v", err)
	}
	put, err := s.Put(ctx, o, "")
	if err != nil {
		t.Fatal(err)
	}
	o.JSON = []byte(`{"v":2}`)
	if _, err := s.Put(ctx, o, put); err != nil {
		t.Fatal(err)
	}
	if b, etag, err := s.Get(ctx, o.Name); string(b) != `{"v":2}` || err != nil || etag == put && etag != "" {
		t.Errorf("got %s, %q, %v", b, etag, err)
	}
	if ok, err := s.Honours(ctx, o); !ok || err != nil {
		t.Errorf("honours conditions: %v, %v", ok, err)
	}
	var names []string
	if err := s.List(ctx, "v1/", func(name string) error { names = append(names, name); return nil }); err != nil || !slices.Equal(names, []string{o.Name}) {
		t.Errorf("list: %v, %v", names, err)
	}
	if err := s.Delete(ctx, o.Name); err != nil {
		t.Errorf("delete: %v", err)
	}
	if _, err := s.Head(ctx, o.Name); !errors.Is(err, ErrNone) {
		t.Errorf("head of a deleted object: %v", err)
	}
}

// Of many conditional PUTs over the same object one wins.
func TestConditions(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("launch")
	for _, e := range s3test.Env() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	ctx := t.Context()
	s, err := New(ctx, "s3://launch", Options{Endpoint: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	race := func(etag string) (won string) {
		var winners atomic.Int32
		var work sync.WaitGroup
		for i := range 16 {
			work.Go(func() {
				put, err := s.Put(ctx, Object{Name: "v1/all.json", JSON: fmt.Appendf(nil, "%d%q", i, etag)}, etag)
				switch {
				case err == nil:
					winners.Add(1)
					won = put
				case !errors.Is(err, ErrConflict):
					t.Error(err)
				}
			})
		}
		work.Wait()
		if n := winners.Load(); n != 1 {
			t.Errorf("%d winners over %q", n, etag)
		}
		return won
	}
	race(race(""))
	if _, err := s.Put(ctx, Object{Name: "v1/none.json", JSON: []byte("{}")}, `"00"`); !errors.Is(err, ErrConflict) {
		t.Errorf("over an object that is not there: %v", err)
	}
}

func TestFolderIsLocked(t *testing.T) {
	dir := t.TempDir()
	a, b := newFolder(dir), newFolder(dir)
	if err := a.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Open(t.Context()); !errors.Is(err, ErrLocked) {
		t.Errorf("the second is let in: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Open(t.Context()); err != nil {
		t.Errorf("after the first has left: %v", err)
	}
	b.Close()
}

func TestFolderExpires(t *testing.T) {
	s := newFolder(t.TempDir())
	ctx := t.Context()
	var names []string
	for _, day := range []string{"2013/12/31", "2014/03/14", "2014/03/15", "2014/03/18"} {
		names = append(names, "v1/10s/"+day+"/00/00/10.json", "v1/1m/"+day+"/00/00.json")
	}
	for _, name := range names {
		if _, err := s.Put(ctx, Object{Name: name, JSON: []byte("{}")}, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Expire(ctx, time.Date(2014, 3, 18, 0, 1, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		_, err := s.Head(ctx, name)
		if gone := i == 0 || i == 2 || i == 4; gone != errors.Is(err, ErrNone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(s.Path("v1/10s/2013")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty year is left: %v", err)
	}
}
