package event

import (
	"bytes"
	"errors"
	"net/netip"
	"regexp"
	"strconv"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		line string
		want string // the wire form; empty: err
		err  error
	}{
		{"203.0.113.7 1395100800 download", "203.0.113.7 1395100800 download", nil},
		{"2001:DB8::1 0 share:twitter", "2001:db8::1 0 share:twitter", nil},
		{"::ffff:203.0.113.7 1 a", "203.0.113.7 1 a", nil},
		{"203.0.113.7 1 download os=win&lang=fr", "203.0.113.7 1 download os=win&lang=fr", nil},
		{"203.0.113.7 1 download os=", "203.0.113.7 1 download os=", nil},
		{"", "", ErrFields},
		{"203.0.113.7 1", "", ErrFields},
		{"203.0.113.7  1 a", "", ErrTime},
		{"203.0.113.7 1 a b=c d", "", ErrFields},
		{"203.0.113.256 1 a", "", ErrIP},
		{"fe80::1%eth0 1 a", "", ErrIP},
		{"203.0.113.7 -1 a", "", ErrTime},
		{"203.0.113.7 253402300800 a", "", ErrTime},
		{"203.0.113.7 1234567890123 a", "", ErrTime},
		{"203.0.113.7 1 Download", "", ErrType},
		{"203.0.113.7 1 :x", "", ErrType},
		{"203.0.113.7 1 abcdefghijklmnopqrstuvwxyz0123456", "", ErrType},
		{"203.0.113.7 1 a os", "", ErrAttrs},
		{"203.0.113.7 1 a OS=x", "", ErrAttrs},
		{"203.0.113.7 1 a os=x&", "", ErrAttrs},
	} {
		e, err := Parse([]byte(c.line))
		if !errors.Is(err, c.err) {
			t.Errorf("%q: error %v, want %v", c.line, err, c.err)
		} else if err == nil && string(e.Append(nil)) != c.want {
			t.Errorf("%q: got %q, want %q", c.line, e.Append(nil), c.want)
		}
	}
}

// What Parse accepts, Append writes so that Parse reads the same again.
func FuzzParse(f *testing.F) {
	f.Add([]byte("203.0.113.7 1395100800 download os=win&lang=fr"))
	f.Add([]byte("::ffff:1.2.3.4 0 share:twitter"))
	f.Add([]byte("2001:db8::ffff:1.2.3.4 1 a"))
	f.Add([]byte("::1%eth0 253402300799 0 a=&b=%20"))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := Parse(line)
		if (err == nil) != plausible(line) {
			t.Fatalf("%q: %v, which the format in words is not", line, err)
		}
		if err != nil {
			return
		}
		if e.Addr.Is4In6() || e.Addr.Zone() != "" || e.Time < 0 || e.Time > MaxTime {
			t.Fatalf("%q gave %+v", line, e)
		}
		again, err := Parse(e.Append(nil))
		if err != nil || again.Addr != e.Addr || again.Time != e.Time || !bytes.Equal(again.Type, e.Type) || !bytes.Equal(again.Attrs, e.Attrs) {
			t.Fatalf("%q: %+v, written and read again %+v, %v", line, e, again, err)
		}
	})
}

var format = regexp.MustCompile(`^([^ ]*) ([0-9]{1,12}) [a-z0-9][a-z0-9:_-]{0,31}(?: ([a-z0-9_]{1,32}=[!-%\'-~]*(?:&[a-z0-9_]{1,32}=[!-%\'-~]*)*))?$`)

// plausible is what the format is in words, written without a thought of speed.
func plausible(line []byte) bool {
	m := format.FindSubmatch(line)
	if m == nil || len(m[3]) > MaxAttrs {
		return false
	}
	a, err := netip.ParseAddr(string(m[1]))
	sec, _ := strconv.ParseInt(string(m[2]), 10, 64)
	return err == nil && a.Zone() == "" && sec <= MaxTime
}

// IPv4 reads what netip reads, as far as the address goes.
func FuzzIPv4(f *testing.F) {
	for _, seed := range []string{"203.0.113.7", "0.0.0.0 x", "255.255.255.255", "256.0.0.1", "1.2.3.04", "1.2.3", "1.2.3.", "1..2.3", "1.2.3.4.5", "", "1.2.3.4:80"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ip, n := IPv4(b)
		end := 0
		for end < len(b) && (b[end] == '.' || b[end] >= '0' && b[end] <= '9') {
			end++
		}
		want, err := netip.ParseAddr(string(b[:end]))
		if err != nil {
			end = 0
		}
		if n != end || n > 0 && netip.AddrFrom4(ip) != want {
			t.Fatalf("%q: %v of %d bytes, want %v of %d", b, ip, n, want, end)
		}
	})
}

func TestParseDoesNotAllocate(t *testing.T) {
	for _, line := range [][]byte{[]byte("203.0.113.7 1395100800 download"), []byte("2001:db8::1 1395100800 download os=win")} {
		if n := testing.AllocsPerRun(100, func() { _, _ = Parse(line) }); n != 0 {
			t.Errorf("%q: %v allocations", line, n)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	line := []byte("203.0.113.7 1395100800 download")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(line); err != nil {
			b.Fatal(err)
		}
	}
}
