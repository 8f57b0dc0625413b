package harness

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/oracle"
)

// Whatever way it rotates, the files hold exactly the lines that were written.
func TestWriter(t *testing.T) {
	for _, r := range Rotations {
		dir := t.TempDir()
		w := &Writer{Path: filepath.Join(dir, "log"), Rand: rand.New(rand.NewPCG(1, 1)), Rate: 20000, Every: 20 * time.Millisecond, Rotations: []Rotation{r}, Linger: 30 * time.Millisecond}
		var lines [][]byte
		for i := range 4000 {
			lines = append(lines, fmt.Appendf(nil, "line %d", i))
		}
		if err := w.Write(lines); err != nil {
			t.Fatal(err)
		}
		var got []string
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		for _, f := range files {
			got = append(got, read(t, f)...)
		}
		want := strings.Split(string(bytes.Join(lines, []byte("\n"))), "\n")
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || w.Rotated[r] < 2 || len(files) < 3 {
			t.Errorf("%s: %d lines in %d files after %v, want %d lines", r, len(got), len(files), w.Rotated, len(want))
		}
	}
}

func read(t *testing.T, path string) (lines []string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	s := bufio.NewScanner(in)
	for s.Scan() {
		lines = append(lines, s.Text())
	}
	return lines
}

// Every line that is generated means the event that it was made of.
func TestLine(t *testing.T) {
	r := Rand(t)
	events := Events(r, 3000, Addresses(t, r, Testdata("GeoIP2-City-Test.mmdb"), 500), time.Unix(1774360800, 0), 100*time.Hour)
	for _, format := range []string{"glow", "combined", "json", "regexp"} {
		settings := oracle.Settings{GeoIP: Testdata("GeoIP2-City-Test.mmdb"), Format: oracle.Format{Name: format}}
		if format == "regexp" {
			settings.Format.Regexp, settings.Format.Layout = regexp.MustCompile(OwnRegexp), OwnLayout
		}
		want, err := oracle.New(settings)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := oracle.New(settings)
		for _, e := range events {
			if format == "combined" {
				e.Type = "download"
			}
			want.Event(e.Addr, e.Time.Unix(), e.Type)
			line := e.Line(r, format)
			if got.Line(line); got.Events != want.Events {
				t.Fatalf("%s: %q is no event: %v", format, line, got.Drops)
			}
		}
		feed := Feed(got.Objects())
		feed["latest.json"] = got.Latest()
		feed.Compare(t, want)
	}
}

func TestDifference(t *testing.T) {
	for _, c := range []struct{ got, want, say string }{
		{`{"a":1,"b":[1,2]}`, `{"a":2,"b":[1,3],"c":{}}`, "  a is 1, want 2\n  b[1] is 2, want 3\n  c is absent, want {}"},
		{`{"a":1}`, `{"a": 1}`, "  same values, other bytes from 0:\n  got  {\"a\":1}\n  want {\"a\": 1}"},
		{`{"a":`, `{}`, `  not JSON (unexpected end of JSON input): "{\"a\":"`},
	} {
		if got := Difference([]byte(c.got), []byte(c.want)); got != c.say {
			t.Errorf("got %s\nwant %s", got, c.say)
		}
	}
}

func TestLeaks(t *testing.T) {
	secret := []netip.Addr{netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8::12:7")}
	for _, text := range []string{
		"203.0.113.7", "x203.0.113.7:80", "ip=203.0.113.7,", "::ffff:203.0.113.7", "[2001:db8::12:7]:80",
		"2001:DB8:0:0:0:0:12:7", "ip:2001:db8::12:7", "2001:db8::12:7:", "2001:db8::12:7.", "map[field:203.0.113.7 100 x]",
		`{"sample":"2001:db8::12:7"}`,
	} {
		if found := (Texts{"text": text}).Leaks(secret); len(found) != 1 {
			t.Errorf("%q: %q", text, found)
		}
	}
	for _, text := range []string{"203.0.113.70", "203.0.113.x", "2001:db8::12:71", "2026-03-24T14:00:05Z 203.0.113"} {
		if found := (Texts{"text": text}).Leaks(secret); len(found) != 0 {
			t.Errorf("%q: %q", text, found)
		}
	}
}
