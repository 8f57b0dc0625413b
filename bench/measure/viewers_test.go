package measure

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/bucket"
)

// A viewer asks for latest.json and for each snapshot that is due, once; a
// cache is told that nothing has changed.
func TestViewer(t *testing.T) {
	dir := t.TempDir()
	write := func(object, text string) {
		t.Helper()
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(text))
		_ = z.Close()
		path := filepath.Join(dir, "v1", object+".gz")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("latest.json", `{"delay":12,"published":"2008-06-17T18:00:40Z","recent":["2008-06-17T18:00:10Z","2008-06-17T18:00:28Z","2008-06-17T18:00:30Z"],"newest":{},"totals":{}}`)
	write(bucket.ID{Period: bucket.TenSeconds, Start: 1213725628}.Object(), "{}")
	s, err := serveFeed(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.server.Close()
	if err := s.watched(crowd{1, time.Hour, false}, time.Second); err != nil {
		t.Fatal(err)
	}
	if latest, others := s.answers.latest.Load(), s.answers.others.Load(); latest != 1 || others != 1 {
		t.Errorf("the viewer had %d and %d answers", latest, others)
	}
	v := &viewer{server: s, conditional: true, have: map[string]string{}}
	for range 3 {
		if err := v.poll(); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.answers.unchanged.Load(); n != 2 || s.answers.bytes.Load() == 0 {
		t.Errorf("%d of two were unchanged, %d bytes", n, s.answers.bytes.Load())
	}
}

func TestCut(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	if err := os.WriteFile(from, []byte("x 1\nx 2\nx 3\nx 4\nx 3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := cut(from, to, 2, 4); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(to); string(text) != "x 2\nx 3\nx 3\n" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}
