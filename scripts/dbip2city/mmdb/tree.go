// Package mmdb writes MaxMind DB files of tens of millions of networks in
// little memory: eight bytes a node, and each different record once, where
// mmdbwriter takes gigabytes. The format is at
// https://maxmind.github.io/MaxMind-DB/.
package mmdb

import "net/netip"

// Tree is the search tree: a binary trie of IPv6 addresses; IPv4 networks are
// in ::/96.
type Tree struct {
	nodes   [][2]uint32
	records int
}

// Sides of a node: zero is nothing (node 0 is the root, nobody's child), a
// number below leaf is a node, and leaf + i is record i.
const leaf = 1 << 31

// NewTree makes an empty tree.
func NewTree() *Tree { return &Tree{nodes: make([][2]uint32, 1, 1<<20)} }

// Insert gives a network a record, over whatever was there.
func (t *Tree) Insert(n netip.Prefix, record int) {
	t.records = max(t.records, record+1)
	t.set(n, leaf+uint32(record))
}

// alias makes a network the same as another one, which must be a node.
func (t *Tree) alias(n, of netip.Prefix) {
	if node := t.find(of); node != 0 && node < leaf {
		t.set(n, node)
	}
}

func (t *Tree) set(n netip.Prefix, to uint32) {
	bits, depth := path(n)
	if depth == 0 {
		t.nodes[0] = [2]uint32{to, to}
		return
	}
	node := uint32(0)
	for i := range depth - 1 {
		side := &t.nodes[node][bits.at(i)]
		next := *side
		if next == 0 || next >= leaf {
			next = uint32(len(t.nodes))
			*side, next = next, *side
			t.nodes = append(t.nodes, [2]uint32{next, next}) // a record goes to both halves
			next = uint32(len(t.nodes)) - 1
		}
		node = next
	}
	t.nodes[node][bits.at(depth-1)] = to
}

func (t *Tree) find(n netip.Prefix) uint32 {
	bits, depth := path(n)
	node := uint32(0)
	for i := range depth {
		if node >= leaf || node == 0 && i > 0 {
			return 0
		}
		node = t.nodes[node][bits.at(i)]
	}
	return node
}

// address is an IPv6 address, bit by bit.
type address [16]byte

func (a address) at(i int) byte { return a[i/8] >> (7 - i%8) & 1 }

// path is where a network lies in the tree.
func path(n netip.Prefix) (address, int) {
	if n.Addr().Is4() {
		four := n.Addr().As4()
		return address{12: four[0], 13: four[1], 14: four[2], 15: four[3]}, 96 + n.Bits()
	}
	return n.Addr().As16(), n.Bits()
}
