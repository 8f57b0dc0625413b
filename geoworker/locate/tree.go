package locate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/oschwald/maxminddb-golang/v2"
)

// separator is the number of zero bytes between tree and data.
const separator = 16

// targets is the set of offsets in the data section that the tree leads to.
type targets struct {
	set  []uint64 // a bit per offset
	rank []uint32 // number of bits set in the words before
}

func newTargets(size uint32) *targets {
	words := int(size)/64 + 1
	return &targets{make([]uint64, words), make([]uint32, words+1)}
}

func (t *targets) add(offset uint32) { t.set[offset>>6] |= 1 << (offset & 63) }

func (t *targets) count() int {
	for i, w := range t.set {
		t.rank[i+1] = t.rank[i] + uint32(bits.OnesCount64(w))
	}
	return int(t.rank[len(t.set)])
}

// index is the number of targets before offset; count was called before.
func (t *targets) index(offset uint32) uint32 {
	return t.rank[offset>>6] + uint32(bits.OnesCount64(t.set[offset>>6]&(1<<(offset&63)-1)))
}

// each calls f with all targets, ascending.
func (t *targets) each(f func(offset uint32) error) error {
	for i, w := range t.set {
		for ; w != 0; w &= w - 1 {
			if err := f(uint32(i<<6 + bits.TrailingZeros64(w))); err != nil {
				return err
			}
		}
	}
	return nil
}

// expand copies the search tree of any record size into pairs of numbers,
// having checked that each of them leads to a node, to data or to nothing and
// that no path is longer than an address.
func (m *Map) expand(file []byte, meta maxminddb.Metadata) (*targets, error) {
	step := meta.RecordSize / 4 // bytes of a node
	switch {
	case meta.BinaryFormatMajorVersion != 2:
		return nil, fmt.Errorf("format version %d: want 2", meta.BinaryFormatMajorVersion)
	case meta.RecordSize != 24 && meta.RecordSize != 28 && meta.RecordSize != 32:
		return nil, fmt.Errorf("record size %d: want 24, 28 or 32", meta.RecordSize)
	case meta.IPVersion != 4 && meta.IPVersion != 6:
		return nil, fmt.Errorf("ip version %d: want 4 or 6", meta.IPVersion)
	case meta.NodeCount == 0 || meta.NodeCount > uint(len(file))/step || meta.NodeCount*step+separator > uint(len(file)):
		return nil, errSize
	}
	size := meta.NodeCount * step
	for _, b := range file[size : size+separator] {
		if b != 0 {
			return nil, errors.New("broken: no zeros between its tree and its data")
		}
	}
	m.nodes, m.v6 = uint32(meta.NodeCount), meta.IPVersion == 6
	tree, free, err := allocate(int(m.nodes) * 8)
	if err != nil {
		return nil, err
	}
	m.tree, m.close = words(tree), append(m.close, free)
	unpack(m.tree, file, int(step))
	t := newTargets(uint32(uint(len(file)) - size - separator))
	if err := m.collect(t, uint32(uint(len(file))-size-separator)); err != nil {
		return nil, err
	}
	depth := 32
	if m.v6 {
		depth = 128
	}
	return t, m.measure(depth)
}

// unpack reads the tree's pairs of records of 3, 3½ or 4 bytes.
func unpack(tree []uint32, file []byte, step int) {
	for i := 0; i < len(tree); i += 2 {
		p := file[i/2*step:][:step]
		switch step {
		case 6:
			tree[i], tree[i+1] = uint24(p), uint24(p[3:])
		case 7:
			tree[i], tree[i+1] = uint32(p[3]>>4)<<24|uint24(p), uint32(p[3]&15)<<24|uint24(p[4:])
		case 8:
			tree[i], tree[i+1] = binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])
		}
	}
}

func uint24(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }

// collect adds all that the tree leads to; size is that of the data.
func (m *Map) collect(t *targets, size uint32) error {
	for _, v := range m.tree {
		if v <= m.nodes {
			continue
		}
		offset := v - m.nodes - separator
		if v < m.nodes+separator || offset >= size {
			return errors.New("broken: its tree leads to places outside its data")
		}
		t.add(offset)
	}
	return nil
}

// measure checks that every path from the root ends within depth bits.
func (m *Map) measure(depth int) error {
	heights := make([]uint8, m.nodes) // 0: not yet known
	h, err := m.height(heights, 0, depth)
	if err == nil && h > depth {
		err = errDeep
	}
	return err
}

var errDeep = errors.New("broken: its tree is deeper than addresses are long")

// height is the longest path from a node to a leaf; left is how many bits an
// address still has there, which also ends the search in a tree with a cycle.
func (m *Map) height(heights []uint8, node uint32, left int) (int, error) {
	if node >= m.nodes {
		return 0, nil
	}
	if h := int(heights[node]); h > 0 {
		if h > left {
			return 0, errDeep
		}
		return h, nil
	}
	if left == 0 {
		return 0, errDeep
	}
	a, err := m.height(heights, m.tree[2*node], left-1)
	if err != nil {
		return 0, err
	}
	b, err := m.height(heights, m.tree[2*node+1], left-1)
	if err != nil {
		return 0, err
	}
	heights[node] = uint8(1 + max(a, b))
	return 1 + max(a, b), nil
}

// settle replaces what the leaves lead to by its spot.
func (m *Map) settle(t *targets, spots []uint32) {
	for i, v := range m.tree {
		if v > m.nodes {
			m.tree[i] = m.nodes + spots[t.index(v-m.nodes-separator)]
		}
	}
}

// fill makes the table of all IPv4 /24 in one pass over the upper levels.
func (m *Map) fill() error {
	table, free, err := allocate(4 << 24)
	if err != nil {
		return err
	}
	m.dir, m.close = words(table), append(m.close, free)
	m.cache = make([]slash64, 1<<cacheBits)
	m.root4()
	m.fillFrom(m.v4, m.dir)
	return nil
}

// root4 finds where IPv4 begins: behind 96 zeros in a tree that has IPv6.
func (m *Map) root4() {
	if m.v6 {
		if m.v4 = m.walk(0, 0, 64); m.v4 < m.nodes {
			m.v4 = m.walk(m.v4, 0, 32)
		}
	}
}

// fillFrom fills the part of the table below a node.
func (m *Map) fillFrom(node uint32, part []uint32) {
	if node < m.nodes && len(part) > 1 {
		m.fillFrom(m.tree[2*node], part[:len(part)/2])
		m.fillFrom(m.tree[2*node+1], part[len(part)/2:])
		return
	}
	v := node | walkOn
	if node >= m.nodes {
		v = node - m.nodes
	}
	if v != 0 {
		for i := range part {
			part[i] = v
		}
	}
}
