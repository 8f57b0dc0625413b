package schema

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
)

const sampleText = `{
  "v": 1,
  "description": "what we want to know of downloads",
  "attributes": {
    "os":      {"allow": ["win", "mac", "linux"], "other": true},
    "year":    {"range": [2000, 2100]},
    "lang":    {"allow": "*", "deny": ["test"], "max": 5, "distinct": 2},
    "version": {"range": [-5, null], "other": true}
  }
}`

func parse(t testing.TB, text string) *Schema {
	t.Helper()
	s, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func show(attrs []archive.Attr) string { return string(archive.AppendAttrs(nil, attrs)) }

func TestKeep(t *testing.T) {
	s := parse(t, sampleText)
	for _, c := range []struct{ raw, want, rejected string }{
		{"", "", ""},
		{"os=win&year=2026", "os=win&year=2026", ""},
		{"year=2026&os=win&lang=fr", "lang=fr&os=win&year=2026", ""},
		{"os=beos", "os=OTHER", ""},
		{"os=", "os=OTHER", ""},
		{"os=mac&os=win", "os=mac", ""},
		{"os=m%61c", "os=mac", ""},
		{"year=1999", "", "range"},
		{"year=2101", "", "range"},
		{"year=02026", "", "number"},
		{"year=2e3", "", "number"},
		{"year=99999999999999999999", "", "number"},
		{"version=-5", "version=-5", ""},
		{"version=-6", "version=OTHER", ""},
		{"version=9223372036854775807", "version=9223372036854775807", ""},
		{"lang=test", "", "unlisted"},
		{"lang=german", "", "long"},
		{"campaign=x&os=win", "os=win", "unknown"},
	} {
		k := s.Keeper()
		for range 2 { // the second time by heart
			if got := show(k.Keep(c.raw)); got != c.want {
				t.Errorf("%q: kept %q, want %q", c.raw, got, c.want)
			}
		}
		want := map[string]int{}
		if c.rejected != "" {
			want[c.rejected] = 2
		}
		if got := k.Rejected(); !maps.Equal(got, want) {
			t.Errorf("%q: rejected %v, want %v", c.raw, got, want)
		}
	}
}

// Too many different values of one attribute become OTHER, and those met
// before stay what they are.
func TestValve(t *testing.T) {
	k := parse(t, sampleText).Keeper()
	for _, c := range [][2]string{{"fr", "fr"}, {"de", "de"}, {"it", "OTHER"}, {"fr", "fr"}, {"es", "OTHER"}} {
		if got := show(k.Keep("lang=" + c[0])); got != "lang="+c[1] {
			t.Errorf("%s: %s", c[0], got)
		}
	}
	if n := k.Rejected()[Distinct]; n != 2 {
		t.Errorf("%d values counted as too many, want 2", n)
	}
	if got := show(parse(t, sampleText).Keeper().Keep("lang=it")); got != "lang=it" {
		t.Errorf("another segment: %s", got)
	}
}

func TestDefaultKeepsAsItComes(t *testing.T) {
	k := Default().Keeper()
	long := "a=" + strings.Repeat("x", 500)
	for _, raw := range []string{"lang=fr&os=win", "b=", "x=%20%25%0A", long} {
		if got, want := show(k.Keep(raw)), show(archive.ParseAttrs(raw)); got != want {
			t.Errorf("%q: kept %q, want %q", raw, got, want)
		}
	}
	for i := range 2 * MaxKeys { // five are there already
		k.Keep(fmt.Sprintf("k%d=v", i))
	}
	if n := k.Rejected()[Keys]; n != MaxKeys+5 {
		t.Errorf("%d keys too many, want %d", n, MaxKeys+5)
	}
}

// Each folder entry of testdata/wrong is a document with one mistake; its
// message stands in the file beside it.
func TestWrongDocuments(t *testing.T) {
	files, _ := filepath.Glob("testdata/wrong/*.json")
	if len(files) == 0 {
		t.Fatal("no documents")
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		_, err = ParseFilter(text)
		if got := fmt.Sprintln(err); got != string(want) {
			t.Errorf("%s:\n got %swant %s", path, got, want)
		}
	}
	for _, member := range []string{`"types": ["a"]`, `"from": "2026-03-24"`, `"to": "2026-03-24"`, `"where": {}`} {
		_, err := Parse([]byte(`{"v": 1, ` + member + `}`))
		if err == nil || !strings.Contains(err.Error(), "line 1, column 10: ") || !strings.Contains(err.Error(), "belongs into a filter") {
			t.Errorf("%s: %v", member, err)
		}
	}
}

func row(typ, country, region string, sec int64, attrs string) archive.Row {
	r := archive.Row{Time: sec, Type: typ, Attrs: archive.ParseAttrs(attrs)}
	r.Country, r.Region = country, region
	if country != "" {
		r.Continent, r.Located, r.Cell, r.Lat, r.Lon = "EU", true, 1000, 525000, -10000
	}
	return r
}

func TestFilter(t *testing.T) {
	rows := []archive.Row{
		row("download", "DE", "DE-BY", 1774310400, "os=win&year=2026"),
		row("download", "DE", "", 1774310401, "os=OTHER"),
		row("share:twitter", "FR", "FR-IDF", 1774396800, "os=linux"),
		row("share:facebook", "", "", 1774396801, ""),
	}
	for _, c := range []struct{ filter, want string }{
		{`{"v":1}`, "0123"},
		{`{"v":1,"types":["download"]}`, "01"},
		{`{"v":1,"types":["share:*"]}`, "23"},
		{`{"v":1,"types":["*"]}`, "0123"},
		{`{"v":1,"types":[]}`, ""},
		{`{"v":1,"from":"2026-03-25"}`, "23"},
		{`{"v":1,"to":"2026-03-25"}`, "01"},
		{`{"v":1,"from":"2026-03-24T01:00:01+01:00","to":"2026-03-25T00:00:01Z"}`, "12"},
		{`{"v":1,"where":{"country":{"allow":["DE"]}}}`, "01"},
		{`{"v":1,"where":{"country":{"allow":"*"}}}`, "012"},
		{`{"v":1,"where":{"country":{"allow":"*","deny":["DE"]}}}`, "2"},
		{`{"v":1,"where":{"country":{"allow":["DE"],"missing":true}}}`, "013"},
		{`{"v":1,"where":{"region":{"allow":["DE-BY"]},"continent":{"allow":["EU"]}}}`, "0"},
		{`{"v":1,"where":{"lat":{"range":[52.5,null]},"lon":{"range":[-1,-0.9999]},"cell":{"range":[null,1000]}}}`, "012"},
		{`{"v":1,"where":{"lat":{"range":[52.5001,null]}}}`, ""},
		{`{"v":1,"attributes":{"os":{"allow":["win"]}}}`, "0"},
		{`{"v":1,"attributes":{"os":{"allow":["win"],"other":true}}}`, "01"},
		{`{"v":1,"attributes":{"os":{"allow":"*"}}}`, "012"},
		{`{"v":1,"attributes":{"os":{"allow":"*","deny":["win"]}}}`, "12"},
		{`{"v":1,"attributes":{"year":{"range":[2026,2026]}}}`, "0"},
		{`{"v":1,"attributes":{"year":{"range":[null,2025],"missing":true}}}`, "123"},
		{`{"v":1,"attributes":{"*":{"allow":"*"}}}`, "0123"},
	} {
		f, err := ParseFilter([]byte(c.filter))
		if err != nil {
			t.Errorf("%s: %v", c.filter, err)
			continue
		}
		got := ""
		for i := range rows {
			if f.Match(&rows[i]) {
				got += fmt.Sprint(i)
			}
		}
		if got != c.want {
			t.Errorf("%s: rows %q, want %q", c.filter, got, c.want)
		}
	}
}

func TestExcludes(t *testing.T) {
	f, err := ParseFilter([]byte(`{"v":1,
		"where": {"country": {"allow": ["DE", "FR"]}, "region": {"allow": "*", "deny": ["DE-BY"]}, "cell": {"range": [10, 20], "missing": true}},
		"attributes": {"os": {"allow": ["win"], "other": true, "missing": true}, "year": {"range": [2000, 2100]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		column, min, max string
		nulls, want      bool
	}{
		{"country", "AT", "CH", true, true},
		{"country", "AT", "DE", false, false},
		{"country", "EE", "ES", false, true},
		{"country", "1", "", true, true},
		{"region", "DE-BY", "DE-BY", false, true},
		{"region", "DE-BY", "DE-BZ", false, false},
		{"attr_os", "linux", "mac", false, true},
		{"attr_os", "linux", "mac", true, false},
		{"attr_os", "OTHER", "mac", false, false},
		{"attr_os", "1", "", true, false},
		{"attr_year", "1999", "1999", false, true},
		{"attr_year", "1999", "3", false, false},
		{"attr_year", "a", "b", false, true},
		{"attr_lang", "a", "b", false, false},
		{"continent", "AF", "AF", true, false},
	} {
		if got := f.Where.ExcludesText(c.column, c.min, c.max, c.nulls); got != c.want {
			t.Errorf("%v: %v", c, got)
		}
	}
	for _, c := range []struct {
		column      string
		min, max    int64
		nulls, want bool
	}{
		{"cell", 0, 9, false, true},
		{"cell", 0, 9, true, false},
		{"cell", 0, 10, false, false},
		{"cell", 21, 30, false, true},
		{"cell", 1, 0, true, false},
		{"lat", 0, 0, false, false},
	} {
		if got := f.Where.ExcludesNumber(c.column, c.min, c.max, c.nulls); got != c.want {
			t.Errorf("%v: %v", c, got)
		}
	}
}

// The document of an archive, as it stands, lets the rows pass that were stored
// by it whole.
func TestSchemaAsFilter(t *testing.T) {
	s := parse(t, sampleText)
	f, err := ParseFilter([]byte(sampleText))
	if err != nil {
		t.Fatal(err)
	}
	r := archive.Row{Attrs: s.Keeper().Keep("lang=fr&os=beos&version=-9&year=2026")}
	if !f.Match(&r) {
		t.Errorf("%v does not pass", r.Attrs)
	}
	r.Attrs = s.Keeper().Keep("os=win")
	if f.Match(&r) {
		t.Errorf("%v passes", r.Attrs)
	}
}

func TestReasonsAreAll(t *testing.T) {
	want := []string{Distinct, Keys, Long, Number, Range, Unknown, Unlisted}
	if !reflect.DeepEqual(Reasons, want) {
		t.Errorf("%v, want %v", Reasons, want)
	}
}
