package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/e2e/oracle"
)

// apache is the log of a real site, unpacked.
func apache(t *testing.T) []byte {
	t.Helper()
	packed, err := os.ReadFile(harness.Testdata("apache_logs.gz"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := harness.Gunzip(packed)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// newOracle has counted some bytes of a log.
func newOracle(t *testing.T, s oracle.Settings, log []byte) *oracle.Counter {
	t.Helper()
	o, err := oracle.New(s)
	if err == nil {
		err = o.Read(bytes.NewReader(log))
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A real log counts as it stands in it, to a folder as to S3, and a second run
// of all three daemons touches not a byte.
func TestApacheLog(t *testing.T) {
	t.Parallel()
	log := apache(t)
	geoip := cmp.Or(os.Getenv("GLOW_E2E_GEOIP"), harness.Testdata("GeoIP2-City-Test.mmdb"))
	o := newOracle(t, oracle.Settings{GeoIP: geoip, Format: oracle.Format{Name: "combined"}}, log)
	for _, target := range []string{"file", "s3"} {
		t.Run(target, func(t *testing.T) {
			g := harness.New(t)
			g.GeoIP, g.Format = geoip, "combined"
			read, root := g.Feed, strings.TrimPrefix(g.Target, "file://")
			if target == "s3" {
				read, root = toS3(t, g)
			}
			write(t, g.Log, log)
			g.All(1)
			feed := read()
			checkHours(t, feed)
			feed.Compare(t, o)
			compareDrops(t, g, o)
			before := tree(t, root)
			g.All(1)
			compareTrees(t, before, tree(t, root))
		})
	}
}

func checkHours(t *testing.T, feed harness.Feed) {
	t.Helper()
	for path, want := range map[string]int{
		"all.json": 10000, "1h/2015/05/17/10.json": 74, "1h/2015/05/17/11.json": 111,
		"1h/2015/05/17/12.json": 115, "1h/2015/05/17/13.json": 118, "1h/2015/05/17/14.json": 120,
	} {
		var s struct{ Types map[string]struct{ N int } }
		if err := json.Unmarshal(feed[path], &s); err != nil || s.Types["download"].N != want {
			t.Errorf("%s says %d downloads (%v), want %d", path, s.Types["download"].N, err, want)
		}
	}
}

func compareTrees(t *testing.T, before, after map[string]file) {
	t.Helper()
	for path, was := range before {
		if after[path] != was {
			t.Errorf("the second run changed %s", path)
		}
		delete(after, path)
	}
	for path := range after {
		t.Errorf("the second run made %s", path)
	}
}

type file struct {
	contents string
	changed  time.Time
}

// tree is all objects below v1, with latest.json and when they were written.
func tree(t *testing.T, root string) map[string]file {
	t.Helper()
	m := map[string]file{}
	err := filepath.WalkDir(filepath.Join(root, "v1"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		m[path] = file{string(b), st.ModTime()}
		return nil
	})
	if err != nil || len(m) == 0 {
		t.Fatalf("%d files in the target: %v", len(m), err)
	}
	return m
}
