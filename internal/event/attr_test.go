package event

import (
	"net/url"
	"strings"
	"testing"
)

// What is appended can be read back by anybody, never grows too long, and is
// valid.
func FuzzAppendAttr(f *testing.F) {
	f.Add("os", "win", "lang", "fr-CA")
	f.Add("a", "ü &=%+\x00\xff", "b", "")
	f.Add("a", strings.Repeat("x", 510), "b", strings.Repeat(" ", 300))
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		if !ValidKey(k1) || !ValidKey(k2) || k1 == k2 {
			return
		}
		one := AppendAttr(nil, k1, []byte(v1))
		both := AppendAttr(one[:len(one):len(one)], k2, []byte(v2))
		for _, attrs := range [][]byte{one, both} {
			if len(attrs) > 0 && !ValidAttrs(attrs) {
				t.Fatalf("%q is not valid", attrs)
			}
		}
		q, err := url.ParseQuery(string(both))
		if err != nil {
			t.Fatalf("%q: %v", both, err)
		}
		room := MaxAttrs
		for _, a := range [][2]string{{k1, v1}, {k2, v2}} {
			k, v := a[0], a[1]
			fits := size(k, v) <= room
			if q.Has(k) != fits || fits && q.Get(k) != v {
				t.Fatalf("%q: %s is %q, want %q, if it fits: %v", both, k, q[k], v, fits)
			}
			if fits {
				room -= size(k, v) + len("&")
			}
		}
	})
}

// size is how many bytes an attribute takes.
func size(key, value string) int {
	return len(key + "=" + strings.ReplaceAll(url.QueryEscape(value), "+", "%20"))
}
