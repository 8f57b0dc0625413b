package counts

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// Whatever a bucket's hash holds, it is refused as corrupt, or each of its
// fields stands in the result and nothing else does.
func FuzzHash(f *testing.F) {
	f.Add("token=00ff\nchanged=1395100800\ndownload|n=3\ndownload|unlocated=1\ndownload|day|2014-03-18=3")
	f.Add("share:twitter|n=9223372036854775807\nshare:twitter|n|n=1")
	f.Add("a|day|=0\n|n=+1\ntoken=\nchanged=x")
	f.Fuzz(func(t *testing.T, text string) {
		fields := map[string]string{}
		for line := range strings.Lines(text) {
			if k, v, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
				fields[k] = v
			}
		}
		h, err := parseHash(fields)
		if (h == nil) == (err == nil) || err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(h, err)
		}
		if err != nil {
			return
		}
		again, err := parseHash(h.fields())
		if err != nil || !reflect.DeepEqual(h, again) {
			t.Fatalf("%q: %+v, then %+v, %v", text, h, again, err)
		}
		for k := range fields {
			if _, ok := h.fields()[k]; !ok {
				t.Fatalf("%q: %s was lost", text, k)
			}
		}
	})
}

// fields writes the hash as it stands in Redis.
func (h *hash) fields() map[string]string {
	m := map[string]string{"token": h.token, "changed": fmt.Sprint(h.changed)}
	for typ, t := range h.types {
		m[typ+"|n"], m[typ+"|unlocated"] = fmt.Sprint(t.N), fmt.Sprint(t.Unlocated)
		for day, n := range t.Days {
			m[typ+"|day|"+day] = fmt.Sprint(n)
		}
	}
	return m
}
