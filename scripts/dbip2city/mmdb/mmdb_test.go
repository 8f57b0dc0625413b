package mmdb

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/oschwald/maxminddb-golang/v2"
)

// open reads a database back.
func open(t *testing.T, write func(*bytes.Buffer) error) *maxminddb.Reader {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	db, err := maxminddb.OpenBytes(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func lookup(t *testing.T, db *maxminddb.Reader, a netip.Addr) (v any, n netip.Prefix) {
	t.Helper()
	res := db.Lookup(a)
	if err := res.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v, res.Prefix()
}

// random draws a network, close to others so that many overlap.
func random(r *rand.Rand) netip.Prefix {
	if r.IntN(2) == 0 {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{20, byte(r.IntN(4)), byte(r.IntN(256)), byte(r.IntN(256))}), 8+r.IntN(25)).Masked()
	}
	a := [16]byte{0x2a, 0, byte(r.IntN(4)), byte(r.IntN(256)), 15: byte(r.IntN(256))}
	return netip.PrefixFrom(netip.AddrFrom16(a), 12+r.IntN(117)).Masked()
}

// The same networks, written by us and by MaxMind's own writer, are found alike.
func TestLikeMaxMind(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	tree, data := NewTree(), NewData()
	theirs, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test", Description: map[string]string{"en": "test"}, RecordSize: 28})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		n, name, lat := random(r), fmt.Sprint("place ", i%500), float64(i%500)/7
		tree.Insert(n, data.Add(Map{
			{"city", Map{{"names", Map{{"en", name}}}}}, {"location", Map{{"latitude", lat}}}, {"subdivisions", []any{Map{{"iso_code", "BY"}}}},
		}))
		if err := theirs.Insert(&net.IPNet{IP: n.Addr().AsSlice(), Mask: net.CIDRMask(n.Bits(), n.Addr().BitLen())}, mmdbtype.Map{
			"city":         mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(name)}},
			"location":     mmdbtype.Map{"latitude": mmdbtype.Float64(lat)},
			"subdivisions": mmdbtype.Slice{mmdbtype.Map{"iso_code": mmdbtype.String("BY")}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	a := open(t, func(b *bytes.Buffer) error {
		return tree.Write(b, data, Meta{Type: "Test", Description: "test", Built: 1395100800})
	})
	b := open(t, func(b *bytes.Buffer) error { _, err := theirs.WriteTo(b); return err })
	found := 0
	for range 20000 {
		addr := random(r).Addr()
		if addr.Is4() && r.IntN(4) == 0 {
			four := addr.As4() // 2002::/16 carries IPv4 addresses
			addr = netip.AddrFrom16([16]byte{0x20, 0x02, four[0], four[1], four[2], four[3]})
		}
		got, _ := lookup(t, a, addr)
		want, _ := lookup(t, b, addr)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%v: %v, want %v", addr, got, want)
		}
		if want != nil {
			found++
		}
	}
	if found < 1000 {
		t.Errorf("only %d of 20000 addresses were found at all", found)
	}
	if a.Metadata.BuildEpoch != 1395100800 || a.Metadata.DatabaseType != "Test" || a.Metadata.IPVersion != 6 {
		t.Errorf("%+v", a.Metadata)
	}
}

// Values of every size are read as they were written, near and far.
func TestValues(t *testing.T) {
	tree, data := NewTree(), NewData()
	long := func(i int) string { return strings.Repeat(string(rune('a'+i%26)), 1+(i*i)%3000) }
	const most = 4000
	for i := range most {
		n := netip.PrefixFrom(netip.AddrFrom4([4]byte{1, byte(i >> 8), byte(i), 0}), 24)
		tree.Insert(n, data.Add(Map{{"own", fmt.Sprint("record ", i)}, {"shared", long(i)}, {"list", []any{long(i), "x", Map{}}}, {"n", uint64(i) << 20}}))
	}
	db := open(t, func(b *bytes.Buffer) error { return tree.Write(b, data, Meta{Type: "Test", Description: long(2000)}) })
	if err := db.Verify(); err != nil {
		t.Error(err)
	}
	for i := range most {
		got, n := lookup(t, db, netip.AddrFrom4([4]byte{1, byte(i >> 8), byte(i), 7}))
		want := map[string]any{"own": fmt.Sprint("record ", i), "shared": long(i), "list": []any{long(i), "x", map[string]any{}}, "n": uint64(i) << 20}
		if !reflect.DeepEqual(got, want) || n.Bits() != 24 {
			t.Fatalf("record %d at %v differs", i, n)
		}
	}
	if len(data.bytes) < 2048+1<<19 {
		t.Errorf("%d bytes of data have no far pointers", len(data.bytes))
	}
}

func TestPointer(t *testing.T) {
	for to, want := range map[uint32]string{
		0: "2000", 2047: "27ff", 2048: "280000", 2048 + 1<<19 - 1: "2fffff",
		2048 + 1<<19: "30000000", 2048 + 1<<19 + 1<<27 - 1: "37ffffff", 1 << 30: "3840000000",
	} {
		if got := fmt.Sprintf("%x", pointer(nil, to)); got != want {
			t.Errorf("pointer(%d) = %s, want %s", to, got, want)
		}
	}
}

func TestRefuses(t *testing.T) {
	tree := NewTree()
	tree.Insert(netip.MustParsePrefix("1.0.0.0/8"), 3)
	if err := tree.Write(&bytes.Buffer{}, NewData(), Meta{}); err == nil {
		t.Error("a tree with more records than data is written")
	}
}
