package sample

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMask(t *testing.T) {
	for line, want := range map[string]string{
		"203.0.113.7 1395100800":                   "###.#.###.# ##########",
		"[2001:db8::abcd] GET /a?x=fe80::1%eth0":   "[####:###::####] GET /a?x=####::#%eth#",
		`ip-203-0-113-7.example "GET /cafe" ab:cd`: `ip-###-#-###-#.example "GET /cafe" ab:cd`,
		"a\x00b\xff\u00e9\u202e٣":                  "a?b?é?#",
		strings.Repeat("é", 200):                   strings.Repeat("é", 100),
	} {
		if got := Mask([]byte(line)); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

var addressLike = regexp.MustCompile(`[0-9]|[0-9a-fA-F]+:[0-9a-fA-F]*:[0-9a-fA-F]`)

func FuzzMask(f *testing.F) {
	f.Add([]byte("203.0.113.7 [2001:db8::1] x"))
	f.Fuzz(func(t *testing.T, line []byte) {
		got := Mask(line)
		if len(got) > Max || !utf8.ValidString(got) || addressLike.MatchString(got) {
			t.Fatalf("%q gave %q", line, got)
		}
	})
}
