package position

import (
	"bytes"
	"strings"
	"testing"
)

var example = Position{
	Offset: 123456, Head: Head(bytes.Repeat([]byte("x"), 2000)), Tail: Tail(bytes.Repeat([]byte("y"), 2000)),
	Order: 7, Modified: 1395100800123456789, State: Done, Host: "web1", Path: "/var/log/with space/access.log",
}

func TestRoundTrip(t *testing.T) {
	for _, p := range []Position{
		example,
		{State: Open, Host: "h", Path: "/a"},
		{Offset: 3, Head: MarkOf([]byte("a b")), Tail: MarkOf([]byte("a b")), State: Lost},
	} {
		got, err := Parse(p.String())
		if err != nil || got != p {
			t.Errorf("%+v written and read again: %+v, %v", p, got, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	good := example.String()
	for _, bad := range []string{
		"", "1", "2" + good[1:],
		strings.Replace(good, "123456", "-1", 1), strings.Replace(good, " d ", " x ", 1),
		strings.Replace(good, " 1024:", " 1025:", 1), strings.Replace(good, " 256:", " 255:", 1),
	} {
		if p, err := Parse(bad); err == nil {
			t.Errorf("%q read as %+v", bad, p)
		}
	}
}

func TestField(t *testing.T) {
	g := Generation{Dev: 0xfe01, Ino: 42, Born: 1395100800123456789, Epoch: 3}
	f := Field("web1:/var/log/a|b.log", g)
	source, got, ok := ParseField(f)
	if source != "web1:/var/log/a|b.log" || got != g || !ok {
		t.Errorf("%q: %q, %v, %v", f, source, got, ok)
	}
	for _, bad := range []string{"", "x", "x|1.2.3", "x|1.2.3.-1", "x|1.2.ffffffffffffffff.0", "x|g.1.1.1"} {
		if _, _, ok := ParseField(bad); ok {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestRoll(t *testing.T) {
	a, b := Roll("a"), Roll("b")
	_, again, ok := ParseField(Field("s", a))
	if a == b || !ok || again != a || !a.IsRoll() || (Generation{Dev: 1}).IsRoll() {
		t.Errorf("%v, %v, %v %v", a, b, again, ok)
	}
}

// A short content must not be guessable from its marks.
func TestShortMarksAreNarrow(t *testing.T) {
	if m := MarkOf([]byte("203.0.113.7 1395100800\n")); m.Sum > 0xffffffff {
		t.Errorf("mark of one line has more than 32 bits: %x", m.Sum)
	}
	if MarkOf([]byte("a")) == MarkOf([]byte("b")) {
		t.Error("different bytes, equal marks")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example.String())
	f.Add(Position{State: Open}.String())
	f.Fuzz(func(t *testing.T, s string) {
		p, err := Parse(s)
		if err != nil {
			return
		}
		if again, err := Parse(p.String()); err != nil || again != p {
			t.Fatalf("%q: %+v, written and read again %+v, %v", s, p, again, err)
		}
	})
}

func FuzzParseField(f *testing.F) {
	f.Add("a:/b|1.2.3.4")
	f.Fuzz(func(t *testing.T, s string) {
		source, g, ok := ParseField(s)
		if !ok {
			return
		}
		if s2, g2, ok := ParseField(Field(source, g)); !ok || s2 != source || g2 != g {
			t.Fatalf("%q: %q %v, then %q %v %v", s, source, g, s2, g2, ok)
		}
	})
}
