package mmdb

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
)

// marker stands before the metadata.
const marker = "\xab\xcd\xefMaxMind.com"

// Meta is what a database says of itself.
type Meta struct {
	Type        string
	Description string // in English
	Built       int64  // Unix seconds
}

// aliases are networks that carry IPv4 addresses: what is known of an IPv4
// address is found under them too.
var aliases = []netip.Prefix{
	netip.MustParsePrefix("::ffff:0:0/96"), netip.MustParsePrefix("2001::/32"), netip.MustParsePrefix("2002::/16"),
}

// Write writes the database: the tree, with records from data.
func (t *Tree) Write(w io.Writer, data *Data, meta Meta) error {
	if t.records > len(data.records) {
		return fmt.Errorf("the tree has %d records, the data %d", t.records, len(data.records))
	}
	for _, a := range aliases {
		t.alias(a, netip.MustParsePrefix("::/96"))
	}
	// A side is 28 bits wide: a node, "nothing" (the number of nodes), or 16
	// more than that and an offset in the data.
	if len(t.nodes)+16+len(data.bytes) >= 1<<28 {
		return fmt.Errorf("%d nodes and %d bytes of data are too many", len(t.nodes), len(data.bytes))
	}
	out := bufio.NewWriterSize(w, 1<<20)
	for _, n := range t.nodes {
		left, right := t.side(n[0], data), t.side(n[1], data)
		_, _ = out.Write([]byte{
			byte(left >> 16), byte(left >> 8), byte(left),
			byte(left>>24)<<4 | byte(right>>24),
			byte(right >> 16), byte(right >> 8), byte(right),
		})
	}
	_, _ = out.Write(make([]byte, 16))
	_, _ = out.Write(data.bytes)
	_, _ = out.WriteString(marker)
	_, _ = out.Write(t.meta(meta))
	return out.Flush()
}

func (t *Tree) side(s uint32, data *Data) uint32 {
	switch {
	case s == 0:
		return uint32(len(t.nodes))
	case s < leaf:
		return s
	}
	return uint32(len(t.nodes)) + 16 + data.records[s-leaf]
}

func (t *Tree) meta(m Meta) []byte {
	var d Data // without pointers, which some readers do not expect here
	d.put(Map{
		{"binary_format_major_version", uint16(2)},
		{"binary_format_minor_version", uint16(0)},
		{"build_epoch", uint64(m.Built)},
		{"database_type", m.Type},
		{"description", Map{{"en", m.Description}}},
		{"ip_version", uint16(6)},
		{"languages", []any{"en"}},
		{"node_count", uint32(len(t.nodes))},
		{"record_size", uint16(28)},
	})
	return d.bytes
}

// be appends a number in as few big-endian bytes as it needs.
func be(dst []byte, n uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, n)
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	return append(dst, b...)
}

func size(n uint64) (bytes int) {
	for ; n > 0; n >>= 8 {
		bytes++
	}
	return bytes
}
