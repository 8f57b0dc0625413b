package term

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestNumbers(t *testing.T) {
	for got, want := range map[string]string{
		Many(1, "entry", "entries"): "1 entry", Many(1234, "entry", "entries"): "1,234 entries",
		Count(7817659): "7,817,659", Count(-1234): "-1,234", Count(-123): "-123", Count(999): "999", Count(uint64(1000)): "1,000",
		Bytes(512): "512 B", Bytes(6861): "6.7 KB", Bytes(3 << 40): "3.0 TB", Bytes(1 << 20): "1.0 MB",
		Span(400 * time.Millisecond): "0.4 s", Span(83 * time.Second): "83 s", Span(5 * time.Hour): "5 h", Span(-time.Second): "-1.0 s",
		Span(72 * time.Hour): "3 days", Span(12 * time.Minute): "12 min", Pad("é", 3): "é  ",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestPage(t *testing.T) {
	for _, c := range []struct {
		colours bool
		want    string
	}{{false, "queue       12 entries\n"}, {true, "\x1b[1mqueue      \x1b[0m \x1b[31m12\x1b[0m entries\n"}} {
		p := Page{Colours: c.colours}
		p.Fact("queue", p.Paint(Bad, "12"), "entries", "")
		if p.String() != c.want {
			t.Errorf("%q, want %q", p.String(), c.want)
		}
	}
}

// Nothing from outside reaches a terminal as a command.
func FuzzClean(f *testing.F) {
	f.Add("\x1b]0;owned\a\x9b31mred\u202e\r\n")
	f.Add(strings.Repeat("é", 500))
	f.Fuzz(func(t *testing.T, text string) {
		clean := Clean(text)
		if !utf8.ValidString(clean) || utf8.RuneCountInString(clean) > maxText+1 || strings.ContainsAny(clean, "\x00\x1b\u009b\r\n\u202e") {
			t.Errorf("%q", clean)
		}
	})
}
