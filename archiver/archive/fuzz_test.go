package archive

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/glowmap/glow/internal/event"
)

// Whatever stands at the target in the manifest's place, it is read or refused;
// what is read is written the same way again.
func FuzzManifest(f *testing.F) {
	m := Manifest{
		Feed: "f00d", Cursor: Cursor{Entry: "1-0", Rows: map[string]uint64{"download": 7}},
		Files:   []File{{Name: SegmentName("2026-03-24", "1-0", "00"), Date: "2026-03-24", Types: map[string]uint64{"download": 7}, From: noon, To: noon + 1, Bytes: 9, At: noon}},
		Missing: map[string]map[string]uint64{"download": {"2026-03-24": 1}},
	}
	f.Add(m.Encode())
	f.Add([]byte(`{"v":1,"feed":"a","files":[{"name":"v1/../x","date":"2026-03-24"}]}`))
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := DecodeManifest(b)
		if err != nil {
			return
		}
		for _, file := range m.Files {
			if strings.Contains(file.Name, "..") && slices.Contains(strings.Split(file.Name, "/"), "..") {
				t.Fatalf("the name %q leads out of the archive", file.Name)
			}
		}
		first := m.Encode()
		again, err := DecodeManifest(first)
		if err != nil || !bytes.Equal(again.Encode(), first) {
			t.Fatalf("%s: %v", first, err)
		}
	})
}

// Attributes that events may have are read to one form that is written in one way.
func FuzzAttrs(f *testing.F) {
	f.Add("lang=fr&os=win")
	f.Add("b=%zz&a=+&b=1")
	f.Add("a=%ff%00&_=")
	f.Fuzz(func(t *testing.T, query string) {
		if !event.ValidAttrs([]byte(query)) {
			return
		}
		attrs := ParseAttrs(query)
		for i := range attrs[1:] {
			if attrs[i].Key >= attrs[i+1].Key {
				t.Fatalf("%q: keys are not ascending: %q", query, attrs)
			}
		}
		text := string(AppendAttrs(nil, attrs))
		if again := ParseAttrs(text); !slices.Equal(again, attrs) {
			t.Fatalf("%q is %q, read again %q", query, attrs, again)
		}
	})
}

// A damaged file is an error or other rows, never the end of the program.
func TestDamagedFile(t *testing.T) {
	file := written(t, table(randomRows(rand.New(rand.NewPCG(9, 9)), 300)))
	r := rand.New(rand.NewPCG(10, 10))
	for range 500 {
		bad := slices.Clone(file)
		switch r.IntN(3) {
		case 0:
			bad = bad[:r.IntN(len(bad))]
		default:
			bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
		}
		_ = ReadRows(memory{bytes.NewReader(bad)}, Filter{}, func(*Row) error { return nil })
	}
}
