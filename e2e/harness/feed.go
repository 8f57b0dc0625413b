package harness

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/glowmap/glow/e2e/oracle"
)

// Feed is what is published: path below "v1/" → JSON.
type Feed map[string][]byte

// Feed reads the target of a system that publishes to file://. Each object
// must have its gzipped twin.
func (g *Glow) Feed() Feed {
	g.T.Helper()
	root := filepath.Join(strings.TrimPrefix(g.Target, "file://"), "v1")
	feed := Feed{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if feed[name], err = os.ReadFile(path); err != nil {
			return err
		}
		return twin(path+".gz", feed[name])
	})
	if err != nil {
		g.T.Fatal(err)
	}
	return feed
}

func twin(path string, want []byte) error {
	packed, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	got, err := Gunzip(packed)
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("%s differs from its plain twin", path)
	}
	return err
}

// Gunzip unpacks.
func Gunzip(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// compared says whether the design claims anything about an object's bytes.
func compared(path string) bool {
	return !strings.HasPrefix(path, "10s/") && !strings.HasPrefix(path, "stats/") && path != "latest.json" && path != "names.json"
}

// Compare fails the test unless the feed is what the oracle says, to the byte.
func (f Feed) Compare(t testing.TB, o *oracle.Counter) {
	t.Helper()
	want := Feed(o.Objects())
	missing, extra, wrong := 0, 0, 0
	for _, path := range slices.Sorted(maps.Keys(want)) {
		switch got, ok := f[path]; {
		case !ok:
			missing++
			report(t, missing, "%s is missing", path)
		case !bytes.Equal(got, want[path]):
			wrong++
			report(t, wrong, "%s is wrong:\n%s", path, Difference(got, want[path]))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(f)) {
		if want[path] == nil && compared(path) {
			extra++
			report(t, extra, "%s should not be there", path)
		}
	}
	if missing+extra+wrong > 0 {
		t.Errorf("of %d objects %d are missing and %d wrong; %d are too many", len(want), missing, wrong, extra)
	}
	f.compareLatest(t, o)
}

// report shows the first few of a kind.
func report(t testing.TB, nth int, format string, args ...any) {
	t.Helper()
	if nth <= 5 {
		t.Errorf(format, args...)
	}
}

func (f Feed) compareLatest(t testing.TB, o *oracle.Counter) {
	t.Helper()
	var all, part map[string]json.RawMessage
	if err := json.Unmarshal(f["latest.json"], &all); err != nil {
		t.Errorf("latest.json: %v", err)
	}
	_ = json.Unmarshal(o.Latest(), &part)
	for name, want := range part {
		if !bytes.Equal(all[name], want) {
			t.Errorf("latest.json: %s is %s, want %s", name, all[name], want)
		}
	}
}

// Difference shows where two JSON texts differ, by members.
func Difference(got, want []byte) string {
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		return fmt.Sprintf("  not JSON (%v): %.200q", err, got)
	}
	if err := json.Unmarshal(want, &w); err != nil {
		return fmt.Sprintf("  the wanted text is not JSON: %v", err)
	}
	lines := differ("", g, w)
	if len(lines) == 0 {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		at = max(0, at-60)
		return fmt.Sprintf("  same values, other bytes from %d:\n  got  %.200s\n  want %.200s", at, got[at:], want[at:])
	}
	if len(lines) > 12 {
		lines = append(lines[:12], fmt.Sprintf("  … and %d more", len(lines)-12))
	}
	return strings.Join(lines, "\n")
}

func differ(path string, got, want any) (lines []string) {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		names := maps.Clone(w)
		maps.Copy(names, g)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			lines = append(lines, differ(path+"."+name, g[name], w[name])...)
		}
		return lines
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			break
		}
		for i := range w {
			lines = append(lines, differ(fmt.Sprintf("%s[%d]", path, i), g[i], w[i])...)
		}
		return lines
	}
	if reflect.DeepEqual(got, want) {
		return nil
	}
	return []string{fmt.Sprintf("  %s is %.80s, want %.80s", strings.TrimPrefix(path, "."), show(got), show(want))}
}

func show(v any) string {
	if v == nil {
		return "absent"
	}
	b, _ := json.Marshal(v)
	return string(b)
}
