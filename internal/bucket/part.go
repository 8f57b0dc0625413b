package bucket

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// A part is one commit's share of a bucket's counts, packed:
//
//	part    = version(1 byte, 1) token(8 bytes) { section }
//	section = len(type) type beat continents countries regions cells
//	beat    = cells = n { id − previous id, count }      ids ascending, the first as it is
//	continents = countries = regions = n { len(code) code count }   codes ascending
//
// where len() is one byte and every other number a varint as in
// encoding/binary. A part has each type once. The token makes every part
// unlike every other, so that a list's k-th part can be told from another that
// has taken its place.
const partVersion = 1

// MaxCode is the longest continent, country or region code, in bytes.
const MaxCode = 16

// Token identifies one change of a bucket. It is random, never a counter,
// which could repeat after Redis has lost its last second.
type Token [8]byte

// NewToken draws a fresh token.
func NewToken() (t Token) {
	_, _ = rand.Read(t[:]) // never fails, says crypto/rand
	return t
}

// String is the token as it stands in the bucket's hash: 16 hexadecimal digits.
func (t Token) String() string { return hex.EncodeToString(t[:]) }

// AppendHeader begins a part.
func AppendHeader(dst []byte, t Token) []byte {
	return append(append(dst, partVersion), t[:]...)
}

// AppendType begins the section of a type. Beat (AppendPairs), continents,
// countries, regions (AppendCodes) and cells (AppendPairs) must follow, in
// this order and each once; nil where there are none.
func AppendType(dst []byte, typ string) []byte {
	return append(append(dst, byte(len(typ))), typ...)
}

// AppendPairs appends ids, which must ascend, and their counts.
func AppendPairs(dst []byte, ids []uint32, counts []uint64) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(ids)))
	prev := uint32(0)
	for i, id := range ids {
		dst = binary.AppendUvarint(dst, uint64(id-prev))
		dst = binary.AppendUvarint(dst, counts[i])
		prev = id
	}
	return dst
}

// AppendCodes appends codes, which must ascend, and their counts.
func AppendCodes(dst []byte, codes []string, counts []uint64) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(codes)))
	for i, c := range codes {
		dst = append(dst, byte(len(c)))
		dst = append(dst, c...)
		dst = binary.AppendUvarint(dst, counts[i])
	}
	return dst
}

// Dims are the counts of one type in one bucket along every dimension that a
// part holds.
type Dims struct {
	Beat       map[uint32]uint64 // by step of the period's beat
	Continents map[string]uint64
	Countries  map[string]uint64
	Regions    map[string]uint64
	Cells      map[uint32]uint64 // by cell of the grid
}

// Sum adds parts up, by type. Its size is that of the distinct keys met.
type Sum map[string]*Dims

// Dims returns the type's counts, made if missing.
func (s Sum) Dims(typ string) *Dims {
	d := s[typ]
	if d == nil {
		d = &Dims{map[uint32]uint64{}, map[string]uint64{}, map[string]uint64{}, map[string]uint64{}, map[uint32]uint64{}}
		s[typ] = d
	}
	return d
}

// ErrPart says that bytes are no part of a version known here.
var ErrPart = errors.New("not a packed part of a bucket")

// Add adds one part. After an error the sum is unusable.
func (s Sum) Add(part []byte) error {
	if len(part) < 1+len(Token{}) || part[0] != partVersion {
		return ErrPart
	}
	r := reader{rest: part[1+len(Token{}):]}
	seen := ""
	for len(r.rest) > 0 && !r.bad {
		typ := r.text(MaxType)
		if typ == "" || typ <= seen {
			return fmt.Errorf("%w: types out of order", ErrPart)
		}
		seen = typ
		d := s.Dims(typ)
		r.pairs(d.Beat)
		r.codes(d.Continents)
		r.codes(d.Countries)
		r.codes(d.Regions)
		r.pairs(d.Cells)
	}
	if r.bad {
		return ErrPart
	}
	return nil
}

// MaxType is the longest type in a part, in bytes.
const MaxType = 255

// Append packs the whole sum as one part.
func (s Sum) Append(dst []byte, t Token) []byte {
	dst = AppendHeader(dst, t)
	for _, typ := range slices.Sorted(maps.Keys(s)) {
		d := s[typ]
		dst = AppendType(dst, typ)
		dst = appendPairMap(dst, d.Beat)
		dst = appendCodeMap(dst, d.Continents)
		dst = appendCodeMap(dst, d.Countries)
		dst = appendCodeMap(dst, d.Regions)
		dst = appendPairMap(dst, d.Cells)
	}
	return dst
}

func appendPairMap(dst []byte, m map[uint32]uint64) []byte {
	ids := slices.Sorted(maps.Keys(m))
	return AppendPairs(dst, ids, values(m, ids))
}

func appendCodeMap(dst []byte, m map[string]uint64) []byte {
	codes := slices.Sorted(maps.Keys(m))
	return AppendCodes(dst, codes, values(m, codes))
}

func values[K comparable](m map[K]uint64, keys []K) []uint64 {
	v := make([]uint64, len(keys))
	for i, k := range keys {
		v[i] = m[k]
	}
	return v
}

// reader takes a part apart; after the first mistake it only says bad.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) number() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) text(most int) string {
	if len(r.rest) == 0 || int(r.rest[0]) > most || len(r.rest) < 1+int(r.rest[0]) {
		r.bad, r.rest = true, nil
		return ""
	}
	n := 1 + int(r.rest[0])
	s := string(r.rest[1:n])
	r.rest = r.rest[n:]
	return s
}

func (r *reader) pairs(into map[uint32]uint64) {
	id := uint64(0)
	for i, n := uint64(0), r.number(); i < n && !r.bad; i++ {
		d := r.number()
		id += d
		if id > math.MaxUint32 || d > math.MaxUint32 || i > 0 && d == 0 {
			r.bad = true
			return
		}
		into[uint32(id)] += r.number()
	}
}

func (r *reader) codes(into map[string]uint64) {
	prev := ""
	for i, n := uint64(0), r.number(); i < n && !r.bad; i++ {
		c := r.text(MaxCode)
		if c <= prev {
			r.bad = true
			return
		}
		prev = c
		into[c] += r.number()
	}
}
