package parse

import (
	"regexp"
	"strings"
	"testing"

	"github.com/glowmap/glow/internal/event"
)

// attributes reads one line, which must be an event, and returns the last
// field of it.
func attributes(t *testing.T, o Options, names, line string) string {
	t.Helper()
	var err error
	if o.Attrs, err = ParseAttrs(names); err != nil {
		t.Fatal(err)
	}
	b, _, reason := parser(t, o).Append(nil, []byte(line))
	if reason != OK {
		t.Fatalf("%q: dropped as %v", line, reason)
	}
	fields := strings.Split(strings.TrimSuffix(string(b), "\n"), " ")
	if len(fields) < 4 {
		return ""
	}
	return fields[3]
}

func TestAttrs(t *testing.T) {
	get := func(path string) string {
		return `1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET ` + path + ` HTTP/1.1" 200 1`
	}
	combined := Options{Format: "combined"}
	own := Options{Regexp: regexp.MustCompile(`^(?P<ip>\S+) (?P<time>\d+) (?P<request>\S+)(?: (?P<attr_os>.+))?$`)}
	csv := Options{Format: "csv", Header: "ip;time;OS;lang"}
	long := strings.Repeat("x", 300)
	for _, c := range []struct {
		o                 Options
		names, line, want string
	}{
		{combined, "os,lang", get("/dl?os=win&lang=fr"), "lang=fr&os=win"},
		{combined, "os,lang", get("/dl?lang=fr&x=1&os=win&os=mac#os=linux"), "lang=fr&os=win"},
		{combined, "os,lang=locale", get("/dl?locale=fr&lang=de"), "lang=fr"},
		{combined, "os", get("/dl?os"), "os="},
		{combined, "os", get("/dl?&&os=&"), "os="},
		{combined, "os", get("/dl?Os=win"), ""},
		{combined, "os", get("/os=win"), ""},
		{combined, "os", get("/dl?os=a+b%20c%2dd%zz%4&x=%"), "os=a%20b%20c-d%25zz%254"},
		{combined, "os", get("/dl?os=\xfc%C3%BC?=/"), "os=%FC%C3%BC%3F%3D%2F"},
		{combined, "a,b,c", get("/dl?c=1&a=" + long + "&b=" + long), "a=" + long + "&c=1"},
		{combined, "", get("/dl?os=win"), ""},
		{Options{}, "", "1.2.3.4 1 a z=1&b=%zz&b=2", "z=1&b=%zz&b=2"},
		{Options{}, "b", "1.2.3.4 1 a z=1&b=%zz&b=2", "b=%25zz"},
		{Options{}, "os", "1.2.3.4 1 a", ""},
		{own, "", "1.2.3.4 1 /?lang=fr win 10", "os=win%2010"},
		{own, "lang,os", "1.2.3.4 1 /?lang=fr&os=mac win+%20", "lang=fr&os=win%2B%2520"},
		{own, "lang,os", "1.2.3.4 1 /?lang=fr&os=mac", "lang=fr&os=mac"},
		{Options{Format: "json"}, "os,v,beta,n=deep.n,no,list", `{"ip":"1.2.3.4","time":1,"os":"wi\u006e ü","v":-3.5e1,"beta":true,"deep":{"n":7},"no":null,"list":[1],"request":"GET /?no=1 x"}`, "beta=true&n=7&no=1&os=win%20%C3%BC&v=-3.5e1"},
		{csv, "os,lang,v", `1.2.3.4;1;"win ""10""";fr`, "lang=fr&os=win%20%2210%22"},
	} {
		if got := attributes(t, c.o, c.names, c.line); got != c.want {
			t.Errorf("%s of %q: %q, want %q", c.names, c.line, got, c.want)
		}
	}
}

func TestBadAttrs(t *testing.T) {
	for _, s := range []string{"Os", "a b", "=x", "x=", "a,a", "a,a=b", strings.Repeat("x", 33)} {
		if list, err := ParseAttrs(s); err == nil {
			t.Errorf("%q: %v", s, list)
		}
	}
	if _, err := New(Options{Regexp: regexp.MustCompile(`(?P<ip>)(?P<time>)(?P<attr_OS>)`)}); err == nil {
		t.Error("a group that can be no attribute is taken")
	}
}

// A line's attributes do not stay for the next one, nor do those of a line
// that was dropped half-way; and they cost no memory.
func TestAttrsForgotten(t *testing.T) {
	list, err := ParseAttrs("os,lang")
	if err != nil {
		t.Fatal(err)
	}
	p := parser(t, Options{Format: "combined", Attrs: list, Status: []string{"200"}})
	line := func(path, status string) []byte {
		return []byte(`1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET ` + path + ` HTTP/1.1" ` + status + ` 1`)
	}
	var b []byte
	for _, l := range [][]byte{line("/?os=%20win", "200"), line("/?lang=fr", "404"), line("/", "200"), line("/?lang=de", "200")} {
		b, _, _ = p.Append(b, l)
	}
	if want := "1.2.3.4 1431857103 download os=%20win\n1.2.3.4 1431857103 download\n1.2.3.4 1431857103 download lang=de\n"; string(b) != want {
		t.Errorf("got %q, want %q", b, want)
	}
	if n := testing.AllocsPerRun(100, func() { b, _, _ = p.Append(b[:0], line1) }); n != 0 {
		t.Errorf("%v allocations for a line", n)
	}
}

var line1 = []byte(`1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /dl/Firefox%20Setup.exe?product=firefox-3.0&os=win%20xp&lang=en-US HTTP/1.1" 200 1`)

func FuzzAttrs(f *testing.F) {
	list, err := ParseAttrs("os,lang,product=p")
	if err != nil {
		f.Fatal(err)
	}
	fuzz(f, Options{Format: "combined", Attrs: list}, combinedLine, string(line1), strings.Replace(string(line1), "xp", strings.Repeat("%", event.MaxAttrs), 1))
}

func BenchmarkAttrs(b *testing.B) {
	list, err := ParseAttrs("product,os,lang")
	if err != nil {
		b.Fatal(err)
	}
	p := parser(b, Options{Format: "combined", Attrs: list})
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		dst, _, _ = p.Append(dst[:0], line1)
	}
}
