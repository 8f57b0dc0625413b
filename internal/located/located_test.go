package located

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/glowmap/glow/internal/event"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		line string
		want Event
		err  error
	}{
		{"1774360850 download - - - - - - -", Event{Time: 1774360850, Type: "download"}, nil},
		{"0 share:twitter EU DE DE-BY 59423 481234 -115678 lang=fr&os=win", Event{
			Time: 0, Type: "share:twitter", Attrs: "lang=fr&os=win",
			Place: Place{"EU", "DE", "DE-BY", true, 59423, 481234, -115678},
		}, nil},
		{"253402300799 a AF - - 0 -900000 1800000 -", Event{Time: event.MaxTime, Type: "a", Place: Place{Continent: "AF", Located: true, Lat: -900000, Lon: 1800000}}, nil},
		{"1 a - US US-1 4294967295 0 0 -", Event{Time: 1, Type: "a", Place: Place{Country: "US", Region: "US-1", Located: true, Cell: 1<<32 - 1}}, nil},
		{"", Event{}, ErrFields},
		{"1 a - - - - - -", Event{}, ErrFields},
		{"1 a - - - - - - - -", Event{}, ErrFields},
		{"1 a - - - - - -  x=1", Event{}, ErrFields},
		{"-1 a - - - - - - -", Event{}, ErrTime},
		{"01 a - - - - - - -", Event{}, ErrTime},
		{"253402300800 a - - - - - - -", Event{}, ErrTime},
		{"1 A - - - - - - -", Event{}, ErrType},
		{"1 a eu - - - - - -", Event{}, ErrPlace},
		{"1 a - DEU - - - - -", Event{}, ErrPlace},
		{"1 a - DE US-CA - - - -", Event{}, ErrPlace},
		{"1 a - - US-CA - - - -", Event{}, ErrPlace},
		{"1 a - US US- - - - -", Event{}, ErrPlace},
		{"1 a - US US-CALI - - - -", Event{}, ErrPlace},
		{"1 a - - - 1 - - -", Event{}, ErrSpot},
		{"1 a - - - - 1 1 -", Event{}, ErrSpot},
		{"1 a - - - 1 900001 1 -", Event{}, ErrSpot},
		{"1 a - - - 1 1 -1800001 -", Event{}, ErrSpot},
		{"1 a - - - 4294967296 1 1 -", Event{}, ErrSpot},
		{"1 a - - - 1 -0 1 -", Event{}, ErrSpot},
		{"1 a - - - 1 +1 1 -", Event{}, ErrSpot},
		{"1 a - - - - - - os", Event{}, ErrAttrs},
		{"1 a - - - - - - ", Event{}, ErrAttrs},
	} {
		e, err := Parse(c.line)
		if !errors.Is(err, c.err) || e != c.want {
			t.Errorf("%q: %+v, %v; want %+v, %v", c.line, e, err, c.want, c.err)
		} else if err == nil && string(e.Append(nil)) != c.line {
			t.Errorf("%q is written as %q", c.line, e.Append(nil))
		}
	}
}

// What Parse accepts is what the format is in words, and is the one way to
// write that event.
func FuzzParse(f *testing.F) {
	f.Add("1774360850 download - - - - - - -")
	f.Add("0 share:twitter EU DE DE-BY 59423 481234 -115678 lang=fr&os=win")
	f.Add("253402300799 a AF - - 0 -900000 1800000 a=%20")
	f.Fuzz(func(t *testing.T, line string) {
		e, err := Parse(line)
		if (err == nil) != plausible(line) {
			t.Fatalf("%q: %v, which the format in words is not", line, err)
		}
		if err != nil {
			return
		}
		if got := string(e.Append(nil)); got != line || len(got) > MaxLine {
			t.Fatalf("%q is written as %q", line, got)
		}
	})
}

var format = regexp.MustCompile(`^(0|[1-9]\d{0,11}) ([a-z0-9][a-z0-9:_-]{0,31}) (-|[A-Z]{2}) (?:-|([A-Z]{2})) (?:-|([A-Z]{2})-[A-Z0-9]{1,3}) (?:- - -|(0|[1-9]\d{0,9}) (0|-?[1-9]\d{0,5}) (0|-?[1-9]\d{0,6})) (-|[!-~]+)$`)

// plausible is the format in words, written without a thought of speed.
func plausible(line string) bool {
	m := format.FindStringSubmatch(line)
	if m == nil || m[5] != "" && m[5] != m[4] || m[9] != "-" && !event.ValidAttrs([]byte(m[9])) {
		return false
	}
	within := func(s string, most int) bool {
		n, _ := strconv.Atoi(s)
		return n <= most && n >= -most
	}
	return within(m[1], event.MaxTime) && within(m[6], 1<<32-1) && within(m[7], 900000) && within(m[8], 1800000)
}

func TestNoAllocation(t *testing.T) {
	line := "1774360850 download EU DE DE-BY 59423 481234 115678 lang=fr&os=win"
	buf := make([]byte, 0, MaxLine)
	if n := testing.AllocsPerRun(100, func() {
		e, _ := Parse(line)
		buf = e.Append(buf[:0])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// The longest line there can be is as long as the constant says.
func TestMaxLine(t *testing.T) {
	e := Event{
		Time: event.MaxTime, Type: strings.Repeat("t", event.MaxType), Attrs: "a=" + strings.Repeat("x", event.MaxAttrs-2),
		Place: Place{"EU", "DE", "DE-BBB", true, 1<<32 - 1, -900000, -1800000},
	}
	line := string(e.Append(nil))
	if _, err := Parse(line); err != nil || len(line) != MaxLine {
		t.Errorf("%d bytes, %v; want %d", len(line), err, MaxLine)
	}
}

func BenchmarkParse(b *testing.B) {
	line := "1774360850 download EU DE DE-BY 59423 481234 115678 lang=fr&os=win"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(line); err != nil {
			b.Fatal(err)
		}
	}
}
