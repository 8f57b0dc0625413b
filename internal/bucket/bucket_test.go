package bucket

import (
	"bytes"
	"math/rand/v2"
	"path"
	"reflect"
	"strings"
	"testing"
)

func TestObjectNames(t *testing.T) {
	const at = 1774360851 // 2026-03-24T14:00:51Z
	for p, want := range map[Period]string{
		TenSeconds: "10s/2026/03/24/14/00/50.json",
		Minute:     "1m/2026/03/24/14/00.json",
		Hour:       "1h/2026/03/24/14.json",
		Day:        "1d/2026/03/24.json",
		All:        "all.json",
	} {
		id := ID{p, p.Start(at)}
		if got := id.Object(); got != want {
			t.Errorf("%s: %s, want %s", p, got, want)
		}
		if again, err := ParseID(id.String()); err != nil || again != id {
			t.Errorf("%s reads back as %v, %v", id, again, err)
		}
	}
	for _, bad := range []string{"", "1m", "1m:61", "1m:-60", "2m:120", "1m:x", "all:60 ", "hour:0"} {
		if id, err := ParseID(bad); err == nil {
			t.Errorf("%q gave %v", bad, id)
		}
	}
}

func randomSum(r *rand.Rand) Sum {
	s := Sum{}
	for _, typ := range []string{"download", "share:twitter"}[:1+r.IntN(2)] {
		d := s.Dims(typ)
		for range r.IntN(50) {
			d.Beat[r.Uint32N(60)] += r.Uint64N(1000)
			d.Cells[r.Uint32N(259200)] += 1 + r.Uint64N(3)
			d.Countries[string([]byte{'A' + byte(r.IntN(26)), 'A' + byte(r.IntN(26))})]++
			d.Continents[[]string{"EU", "NA", "AS"}[r.IntN(3)]]++
			d.Regions[[]string{"US-CA", "DE-BY", "GB-ENG"}[r.IntN(3)]] += r.Uint64()
		}
	}
	return s
}

// Packing and adding commute: the sum of packed parts is the packed sum.
func TestPartsAddUp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		a, b := randomSum(r), randomSum(r)
		one, two := a.Append(nil, NewToken()), b.Append(nil, NewToken())
		ab, ba := Sum{}, Sum{}
		for _, err := range []error{ab.Add(one), ab.Add(two), ba.Add(two), ba.Add(one)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(ab, ba) {
			t.Fatal("order matters")
		}
		packed, again := ab.Append(nil, NewToken()), Sum{}
		if err := again.Add(packed); err != nil || !reflect.DeepEqual(ab, again) {
			t.Fatalf("the packed sum reads back unlike: %v", err)
		}
	}
}

// minute is a minute of a launch: 5,000 cells, 150 countries.
func minute() Sum {
	r, s := rand.New(rand.NewPCG(5, 6)), Sum{}
	d := s.Dims("download")
	for len(d.Cells) < 5000 {
		d.Cells[r.Uint32N(259200)] += 1 + r.Uint64N(9)
	}
	for i := range 150 {
		d.Countries[string([]byte{'A' + byte(i/26), 'A' + byte(i%26)})] = 1 + r.Uint64N(1000)
	}
	for i := range 60 {
		d.Beat[uint32(i)] = 1 + r.Uint64N(400)
	}
	return s
}

// Adding counts that are known already allocates nothing for each of them.
func TestAddAllocations(t *testing.T) {
	s := minute()
	part := s.Append(nil, NewToken())
	if n := testing.AllocsPerRun(10, func() {
		if err := s.Add(part); err != nil {
			t.Fatal(err)
		}
	}); n > 200 { // its codes
		t.Errorf("%.0f allocations for a part of 5,000 cells", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	s := minute()
	part := s.Append(nil, NewToken())
	b.ReportAllocs()
	b.SetBytes(int64(len(part)))
	for b.Loop() {
		if err := s.Add(part); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	s, dst := minute(), []byte(nil)
	b.ReportAllocs()
	for b.Loop() {
		dst = s.Append(dst[:0], Token{})
	}
}

// Whatever Add accepts, packing it again with the same token gives a canonical
// part that reads the same.
func FuzzAdd(f *testing.F) {
	f.Add(randomSum(rand.New(rand.NewPCG(3, 4))).Append(nil, Token{}))
	f.Add(AppendHeader(nil, Token{}))
	f.Fuzz(func(t *testing.T, part []byte) {
		s := Sum{}
		err := s.Add(part)
		if n := s.size(); n > len(part) {
			t.Fatalf("%d bytes became %d counts", len(part), n)
		}
		if err != nil {
			return
		}
		packed, again := s.Append(nil, Token{1}), Sum{}
		if err := again.Add(packed); err != nil || !bytes.Equal(again.Append(nil, Token{1}), packed) {
			t.Fatalf("packed again it reads as something else: %v", err)
		}
	})
}

// size is how many counts and types there are.
func (s Sum) size() int {
	n := len(s)
	for _, d := range s {
		n += len(d.Beat) + len(d.Continents) + len(d.Countries) + len(d.Regions) + len(d.Cells)
	}
	return n
}

// A name that is taken is a bucket's own, which holds its own start.
func FuzzParseID(f *testing.F) {
	for _, p := range Periods {
		f.Add(ID{p, p.Start(1395100807)}.String())
	}
	f.Add("1m:-60")
	f.Add("all:9223372036854775807")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if err != nil {
			return
		}
		if id.String() != s {
			t.Fatalf("%q names %s, so one bucket has two names", s, id)
		}
		again, err := ParseID(id.String())
		if end, ok := id.End(); err != nil || again != id || id.Period.Start(id.Start) != id.Start || ok && end-id.Start != id.Period.Seconds() {
			t.Fatalf("%q is %+v, and then %+v, %v", s, id, again, err)
		}
		if o := id.Object(); path.Clean("/"+o) != "/"+o || !strings.HasSuffix(o, ".json") {
			t.Fatalf("%q is published as %q", s, o)
		}
	})
}
