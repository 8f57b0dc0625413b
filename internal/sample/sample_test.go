package sample

import (
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMask(t *testing.T) {
	for line, want := range map[string]string{
		"":                              "",
		"203.0.113.7 1395100800 a b":    "x 1395100800 a b",
		"[2001:db8::7]:443 GET /a.b.c":  "[x]:443 GET /x",
		"::ffff:203.0.113.7 - -":        "x - -",
		"client=203.0.113.7,10.0.0.1":   "client=x,x",
		"203.0.113.999 and 203.0.113 x": "x and x x",
		"1.2 a:b deadbeef":              "1.2 a:b deadbeef",
		"tab\there\x1b[31m\xff\x00é":    "tab�here�[31m��é",
	} {
		if got := Mask([]byte(line)); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	long := Mask([]byte(strings.Repeat("a ", 98) + "203.0.113.7 tail"))
	if strings.Contains(long, "203") || !strings.HasSuffix(long, "x…") {
		t.Errorf("an address at the cut: %q", long)
	}
}

// A sample never holds an address, is valid text and not long.
func FuzzMask(f *testing.F) {
	f.Add([]byte("203.0.113.7 [2001:db8::7] x"))
	f.Add([]byte("fe80::1%eth0"))
	f.Fuzz(func(t *testing.T, line []byte) {
		s := Mask(line)
		if len(s) > 4*2*Max || !utf8.ValidString(s) {
			t.Fatalf("%q", s)
		}
		for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r > 0x7f || !inAddress(byte(r)) }) {
			if _, err := netip.ParseAddr(word); err == nil {
				t.Fatalf("%q shows %s", s, word)
			}
		}
	})
}
