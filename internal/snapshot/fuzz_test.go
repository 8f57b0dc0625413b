package snapshot

import (
	"bytes"
	"testing"

	"github.com/glowmap/glow/internal/bucket"
)

// canonical checks that what was read is written and read again as the same.
func canonical[T Snapshot | Latest | Names](t *testing.T, v *T, read func([]byte) (*T, error)) {
	t.Helper()
	one, err := Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	again, err := read(one)
	if err != nil {
		t.Fatalf("our own bytes are refused: %v\n%s", err, one)
	}
	if two, _ := Encode(again); !bytes.Equal(one, two) {
		t.Fatalf("not canonical:\n%s\n%s", one, two)
	}
}

// Whatever is accepted can be written again and is then the same.
func FuzzDecode(f *testing.F) {
	for _, p := range bucket.Periods {
		b, _ := Encode(example(p))
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := Decode(b); err == nil {
			canonical(t, s, Decode)
		}
	})
}

func FuzzDecodeLatest(f *testing.F) {
	f.Add([]byte(`{"feed":"f7","newest":{"1m":"2026-03-24T14:00:00Z"},"published":"2026-03-24T14:01:03Z","recent":[],"totals":{"download":1},"v":1}`))
	f.Add([]byte(`{"attribution":"x","delay":20,"feed":"f7","first":"2026-03-22T13:00:00Z","geoip":{"built":"2026-03-20","type":"GeoLite2-City"},"grid":0.5,"message":null,"newest":{},"published":"2026-03-24T14:01:03+01:00","recent":["2026-03-24T14:00:50Z"],"seq":8412,"status":"live","totals":{},"v":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := DecodeLatest(b)
		if err != nil {
			return
		}
		if l.Feed == "" || l.Version != Version {
			t.Fatalf("taken: %+v", l)
		}
		canonical(t, l, DecodeLatest)
	})
}

func FuzzDecodeNames(f *testing.F) {
	f.Add([]byte(`{"regions":{"US-CA":"California"},"v":1}`))
	f.Add([]byte(`{"regions":{"":"\ud800"},"v":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n, err := DecodeNames(b); err == nil {
			canonical(t, n, DecodeNames)
		}
	})
}
