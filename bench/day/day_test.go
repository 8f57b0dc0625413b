package day

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// written writes a log and reads it.
func written(t *testing.T, o Options) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	if err := Write(path, o); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The same options give the same bytes, and others do not.
func TestReproducible(t *testing.T) {
	o := Options{Lines: 5000, Addresses: 1000}
	a, b := written(t, o), written(t, o)
	if !bytes.Equal(a, b) {
		t.Error("two logs of the same options differ")
	}
	o.Seed = 1
	if bytes.Equal(a, written(t, o)) {
		t.Error("another seed, the same log")
	}
}

// The whole day has its numbers: lines, peak, length.
func TestShape(t *testing.T) {
	n := shape(Lines)
	sum, most := 0, 0
	for m, k := range n {
		sum += k
		most = max(most, k)
		if k < 1000 {
			t.Errorf("minute %d: %d lines", m, k)
		}
	}
	if sum != Lines || most < Peak-1 || most > Peak+1 || n[launch] != most {
		t.Errorf("%d lines, %d in the fullest minute, %d at launch; want %d, %d", sum, most, n[launch], Lines, Peak)
	}
}

// A log has as many lines as asked for, of the day, a tenth by IPv6, of some
// addresses much more than of others.
func TestLines(t *testing.T) {
	const lines, days = 20000, 2
	text := written(t, Options{Lines: lines, Addresses: 2000, Days: days})
	seen, v6, n, last := map[netip.Addr]int{}, 0, 0, int64(0)
	for line := range bytes.Lines(text) {
		ip, sec, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
		a := netip.MustParseAddr(string(ip))
		at, err := strconv.ParseInt(string(sec), 10, 64)
		if err != nil || at < Start.Unix() || at >= Start.Unix()+days*86400 || at < last-5 {
			t.Fatalf("line %q after %d", line, last)
		}
		last = max(last, at)
		n++
		seen[a]++
		if a.Is6() {
			v6++
		}
	}
	most := 0
	for _, k := range seen {
		most = max(most, k)
	}
	if n != days*lines || v6 < n*8/100 || v6 > n*12/100 || len(seen) < 1500 || most < 10*n/len(seen) {
		t.Errorf("%d lines, %d by IPv6, %d addresses, one of them %d times", n, v6, len(seen), most)
	}
}

// A shuffled log has the same lines in another order; a sample has its part of
// them.
func TestShuffleAndSample(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	if err := Write(from, Options{Lines: 3000, Addresses: 100}); err != nil {
		t.Fatal(err)
	}
	if err := Shuffle(from, to); err != nil {
		t.Fatal(err)
	}
	a, _ := lines(from)
	b, _ := lines(to)
	count := map[string]int{}
	for i := range a {
		count[string(a[i])]++
		count[string(b[i])]--
	}
	for line, n := range count {
		if n != 0 {
			t.Fatalf("%q: %d more", line, n)
		}
	}
	for format, want := range map[string]string{"glow": " ", "combined": " - - [17/Jun/2008:17:", "json": `{"time":"2008-06-17T17:`} {
		if err := Sample(from, to, format, 100); err != nil {
			t.Fatal(err)
		}
		list, _ := lines(to)
		if len(list) != 100 || !bytes.Contains(list[0], []byte(want)) {
			t.Errorf("%s: %d lines like %q", format, len(list), list[0])
		}
	}
}
