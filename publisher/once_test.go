package main

import (
	"compress/gzip"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/redistest"
	"github.com/glowmap/glow/internal/s3test"
)

const dayStart = 1395100800 // 2014-03-18T00:00:00Z

// yesterday is the start of the day before today: 10s snapshots are not kept
// for longer.
func yesterday() int64 { return time.Now().Unix()/86400*86400 - 86400 }

func TestOnceWritesTheNaiveCountIntoAFolder(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	w := newWorker(t, s)
	w.tens = true
	events := randomEvents(rand.New(rand.NewPCG(1, 1)), 3000, yesterday()+3600, yesterday()+5*3600)
	w.count(events[:2000], 40)
	dir := filepath.Join(t.TempDir(), "www", "feed")
	target := "file://" + dir
	out := publish(t, s, "--once", "--target", target)
	compare(t, files(t, dir), naive(events[:2000], true))
	if !strings.Contains(out, "publisher: ") || !strings.Contains(out, " snapshots, ") {
		t.Errorf("no summary:\n%s", out)
	}
	before := tree(t, dir)
	publish(t, s, "--once", "--target", target)
	sameTree(t, before, tree(t, dir))

	w.count(events[2000:], 7)
	publish(t, s, "--once", "--target", target)
	compare(t, files(t, dir), naive(events, true))
	checkZipped(t, dir)

	l := latest(t, files(t, dir)["v1/latest.json"])
	if l["seq"] != 2.0 || l["status"] != "live" || l["grid"] != 0.5 || l["delay"] != 20.0 || l["v"] != 1.0 {
		t.Errorf("latest.json: %v", l)
	}
	first := events[0].at
	total := 0
	for _, e := range events {
		first = min(first, e.at)
		if e.typ == "download" {
			total++
		}
	}
	if got, want := l["first"], stamp(first-first%60); got != want {
		t.Errorf("first %v, want %v", got, want)
	}
	if got := l["totals"].(map[string]any)["download"]; got != float64(total) {
		t.Errorf("total %v, want %d", got, total)
	}
	if a, _ := l["attribution"].(string); !strings.Contains(a, "GeoLite2") {
		t.Errorf("attribution %q", a)
	}
}

func TestOnceThroughS3IsTheSame(t *testing.T) {
	t.Parallel()
	s, store := redistest.Start(t), s3test.Start(t)
	store.Bucket("launch")
	w := newWorker(t, s)
	events := randomEvents(rand.New(rand.NewPCG(2, 2)), 2000, dayStart+3600, dayStart+5*3600)
	w.count(events[:1500], 100)
	args := []string{"--once", "--target", "s3://launch/glow", "--s3-endpoint", store.URL()}
	publish(t, s, args...)
	w.count(events[1500:], 100)
	publish(t, s, args...)
	got := map[string]string{}
	for name, b := range files(t, store.Path("launch/glow")) {
		got[name] = unzipped(t, b)
	}
	compare(t, got, naive(events, false))
	before := tree(t, store.Path("launch/glow"))
	publish(t, s, args...)
	sameTree(t, before, tree(t, store.Path("launch/glow")))
}

// An empty system has a feed too: a page that is open before the launch.
func TestOnceBeforeAnyEvent(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	publish(t, s, "--once", "--target", "file://"+dir)
	got := files(t, dir)
	if len(got) != 2 || got["v1/names.json"] != `{"regions":{},"v":1}` {
		t.Errorf("files: %v", got)
	}
	l := latest(t, got["v1/latest.json"])
	if l["first"] != nil || l["geoip"] != nil || l["message"] != nil || len(l["totals"].(map[string]any)) != 0 {
		t.Errorf("latest.json: %v", l)
	}
}

// tree has every file's content and time.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	m := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		info, err2 := e.Info()
		if err2 != nil {
			return err2
		}
		m[path] = info.ModTime().String() + string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sameTree(t testing.TB, before, after map[string]string) {
	t.Helper()
	for name, b := range before {
		if after[name] != b {
			t.Errorf("%s was written again", name)
		}
	}
	if len(before) != len(after) {
		t.Errorf("%d files became %d", len(before), len(after))
	}
}

// checkZipped checks that beside each file is the same one gzipped.
func checkZipped(t testing.TB, dir string) {
	t.Helper()
	for name, b := range files(t, dir) {
		z, err := os.ReadFile(filepath.Join(dir, name+".gz"))
		if err != nil || unzipped(t, string(z)) != b {
			t.Errorf("%s.gz: %v, or another content", name, err)
		}
	}
}

func unzipped(t testing.TB, b string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
