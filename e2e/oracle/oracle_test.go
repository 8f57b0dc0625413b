package oracle

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/geotest"
)

const testDatabase = "../testdata/GeoIP2-City-Test.mmdb"

func newCounter(t *testing.T, s Settings) *Counter {
	t.Helper()
	if s.GeoIP == "" {
		s.GeoIP = testDatabase
	}
	c, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The golden files were worked out by hand from the log and the records of the
// test database.
func TestObjects(t *testing.T) {
	c := newCounter(t, Settings{Format: Format{Name: "glow"}, Now: time.Unix(1774400100, 0)})
	in, err := os.Open("testdata/small/log")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := c.Read(in); err != nil {
		t.Fatal(err)
	}
	got, want := c.Objects(), golden(t, "testdata/small/v1")
	if g, w := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(g, w) {
		t.Errorf("objects\n got %q\nwant %q", g, w)
	}
	for path := range want {
		if !bytes.Equal(got[path], want[path]) {
			t.Errorf("%s\n got %s\nwant %s", path, got[path], want[path])
		}
	}
	latest, _ := os.ReadFile("testdata/small/latest.json")
	if !bytes.Equal(c.Latest(), latest) {
		t.Errorf("latest\n got %s\nwant %s", c.Latest(), latest)
	}
	drops := map[string]int{
		"tailer:empty": 1, "tailer:format": 1, "tailer:time": 1, "tailer:ip": 1,
		"tailer:type": 1, "tailer:attrs": 1, "geoworker:future": 1,
	}
	if !reflect.DeepEqual(c.Drops, drops) || c.Lines != 14 || c.Events != 7 {
		t.Errorf("%d lines, %d events, drops %v; want 14, 7, %v", c.Lines, c.Events, c.Drops, drops)
	}
}

func golden(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	m := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		m[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// What is known of the real log without any look-up.
func TestApacheLog(t *testing.T) {
	f, err := os.Open("../testdata/apache_logs.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	log, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	c := newCounter(t, Settings{Format: Format{Name: "combined"}})
	if err := c.Read(log); err != nil {
		t.Fatal(err)
	}
	if c.Events != 10000 || c.Lines != 10000 || len(c.Drops) > 0 {
		t.Errorf("%d events of %d lines, drops %v; want 10000 of 10000", c.Events, c.Lines, c.Drops)
	}
	for hour, want := range map[string]int{"10": 74, "11": 111, "12": 115, "13": 118, "14": 120} {
		if got := c.buckets["1h/2015/05/17/"+hour+".json"].types["download"].n; got != want {
			t.Errorf("hour %s: %d, want %d", hour, got, want)
		}
	}
}

func TestLatestOfNothing(t *testing.T) {
	c := newCounter(t, Settings{Degrees: 1})
	if got, want := string(c.Latest()), `{"first":null,"grid":1,"totals":{}}`; got != want || len(c.Objects()) != 0 {
		t.Errorf("got %s and %d objects, want %s and none", got, len(c.Objects()), want)
	}
}

func TestCell(t *testing.T) {
	for _, c := range []struct{ lat, lon, side, want int }{
		{-900000, -1800000, 5000, 359 * 720},
		{900000, -1800000, 5000, 0},
		{900000, 1799999, 5000, 719},
		{899999, 1800000, 5000, 0},
		{895000, 0, 5000, 360}, // its own southern edge: still row 0
		{894999, -1, 5000, 720 + 359},
		{0, 0, 5000, 179*720 + 360},
		{-1, -1, 5000, 180*720 + 359},
		{584167, 156167, 5000, 45751},
		{0, 0, 1800000, 0*2 + 1},
		{-1, 0, 1800000, 0*2 + 1},
	} {
		if got := cellOf(c.lat, c.lon, c.side); got != c.want {
			t.Errorf("cellOf(%d, %d, %d) = %d, want %d", c.lat, c.lon, c.side, got, c.want)
		}
	}
}

func TestFormats(t *testing.T) {
	own := Format{
		Name: "regexp", Layout: "2006-01-02T15:04:05",
		Regexp: regexp.MustCompile(`^(?P<time>\S+) (?P<type>\S+) (?P<ip>\S+) (?P<status>\d+)$`),
	}
	combined := Format{Name: "combined", Type: "share:x", Status: []string{"200", "302"}, Match: regexp.MustCompile(`^GET /dl`)}
	for _, c := range []struct {
		f          Format
		line, want string
	}{
		{Format{Name: "glow"}, "1.2.3.4 60", "1.2.3.4 60 download"},
		{Format{Name: "glow"}, "1.2.3.4 60\r", "1.2.3.4 60 download"},
		{Format{Name: "glow"}, "1.2.3.4 1774360805123 a", "1.2.3.4 1774360805 a"},
		{Format{Name: "glow"}, "1.2.3.4 253402300799 a", "1.2.3.4 253402300799 a"},
		{Format{Name: "glow"}, "1.2.3.4 253402300800 a", "time"},
		{Format{Name: "glow"}, "1.2.3.4 -1 a", "time"},
		{Format{Name: "glow"}, "1.2.3.4 1969-12-31T23:59:59Z a", "time"},
		{Format{Name: "glow"}, "fe80::1%eth0 60 a", "ip"},
		{Format{Name: "glow"}, "1.2.3.4 60 a\x00", "binary"},
		{Format{Name: "glow"}, "1.2.3.4 60 \xff", "binary"},
		{Format{Name: "glow"}, "\x00no event", "binary"},
		{Format{Name: "glow"}, "\x00\x001.2.3.4\t 60.75 a \t", "1.2.3.4 60 a"},
		{Format{Name: "glow"}, "1.2.3.4 [01/Jan/1970:00:01:00 +0000] a x=1", "1.2.3.4 60 a"},
		{Format{Name: "glow"}, "1.2.3.4 17743608051234 a", "time"},
		{Format{Name: "glow"}, " \t\r", "empty"},
		{Format{Name: "glow"}, "1.2.3.4 60 a x=1&y=a=b", "1.2.3.4 60 a"},
		{Format{Name: "glow"}, "1.2.3.4 60 a x=\x7f", "attrs"},
		{Format{Name: "glow"}, strings.Repeat("x", 65537), "long"},
		{Format{Name: "json"}, `{"ip":"::1","time":60,"type":"t"}`, "::1 60 t"},
		{Format{Name: "json"}, `{"ip":"::ffff:1.2.3.4","time":"1970-01-01T01:01:00+01:00"}`, "1.2.3.4 60 download"},
		{Format{Name: "json"}, `{"ip":`, "format"},
		{Format{Name: "json"}, `{"time":60}`, "format"},
		{own, "2026-03-24T14:00:05 t 1.2.3.4 200", "1.2.3.4 1774360805 t"},
		{own, "2026-03-24T14:00:05 t", "format"},
		{combined, `1.2.3.4 - a b [17/May/2015:12:05:03 +0200] "GET /dl \"x\" HTTP/1.1" 302 5 "-" "-"`, "1.2.3.4 1431857103 share:x"},
		{combined, `1.2.3.4 - - [17/May/2015:12:05:03 +0200] "GET /dl" 404 5`, "unmatched"},
		{combined, `1.2.3.4 - - [17/May/2015:12:05:03 +0200] "GET /index" 200 5`, "unmatched"},
		{combined, `1.2.3.4 - - [99/May/2015:12:05:03 +0200] "GET /dl" 200 5`, "time"},
	} {
		e, reason := c.f.parse([]byte(c.line))
		got := reason
		if reason == "" {
			got = strings.Join([]string{e.addr.String(), strconv.FormatInt(e.time, 10), e.typ}, " ")
		}
		if got != c.want {
			t.Errorf("%s %q = %q, want %q", c.f.Name, c.line, got, c.want)
		}
	}
}

// Rows, worked out by hand from the log and the records of the test database.
func TestRows(t *testing.T) {
	var got []string
	c := newCounter(t, Settings{
		Format: Format{Name: "combined", Attrs: "os,lang=locale,v"},
		Row:    func(r Row) { got = append(got, r.String()) },
	})
	for _, l := range []string{
		`89.160.20.112 - - [24/Mar/2026:14:00:05 +0000] "GET /?v=1&locale=fr%2dCA&os=win+xp&os=mac#x HTTP/1.1" 200 1`,
		`89.160.20.112 - - [24/Mar/2026:14:00:06 +0000] "GET /?lang=x&os&v=` + strings.Repeat("%20", 200) + ` HTTP/1.1" 200 1`,
		`10.0.0.1 - - [24/Mar/2026:14:00:07 +0000] "GET /os=win HTTP/1.1" 200 1`,
		`nobody - - [24/Mar/2026:14:00:07 +0000] "GET / HTTP/1.1" 200 1`,
	} {
		c.Line([]byte(l))
	}
	want := []string{
		"1774360805 download EU SE SE-E 45751 584167 156167 lang=fr-CA&os=win%20xp&v=1",
		"1774360806 download EU SE SE-E 45751 584167 156167 os=",
		"1774360807 download - - - - - - -",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Five minutes ahead is still believed.
func TestFuture(t *testing.T) {
	c := newCounter(t, Settings{Format: Format{Name: "glow"}, Now: time.Unix(1000, 999)})
	c.Line([]byte("10.0.0.1 1300"))
	c.Line([]byte("10.0.0.1 1301"))
	if c.Events != 1 || c.Drops["geoworker:future"] != 1 {
		t.Errorf("%d events, drops %v", c.Events, c.Drops)
	}
}

// Coordinates are rounded to whole ten-thousandths of a degree first.
func TestRounding(t *testing.T) {
	path := filepath.Join(t.TempDir(), "city.mmdb")
	if err := geotest.Write(path, 28, geotest.Place{Net: "9.0.0.0/8", LatLon: geotest.At(0.49999, -0.00001)}); err != nil {
		t.Fatal(err)
	}
	c := newCounter(t, Settings{GeoIP: path})
	if p := c.atlas.find(netip.MustParseAddr("9.1.1.1")); p.cell != 178*720+360 || !p.located {
		t.Errorf("%+v", p)
	}
}
