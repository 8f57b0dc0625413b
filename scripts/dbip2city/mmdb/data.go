package mmdb

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Data is the data section: records, and what they share.
type Data struct {
	bytes   []byte
	records []uint32          // offset of each
	shared  map[string]uint32 // encoding of a value → where it is
}

// NewData makes an empty data section.
func NewData() *Data { return &Data{shared: map[string]uint32{}} }

// Field is one field of a map.
type Field struct {
	Key   string
	Value any // string, float64, Map, []any, uint16, uint32, uint64
}

// Map is a map in the order of writing.
type Map []Field

// Add adds a record and returns its number. Strings, maps and arrays that stand
// in an earlier record are written as pointers to there: readers that verify a
// database want nothing to lie outside of records.
func (d *Data) Add(record Map) int {
	d.records = append(d.records, uint32(len(d.bytes)))
	d.put(record)
	return len(d.records) - 1
}

// Types of values, as numbered by the format.
const (
	typePointer = 1
	typeString  = 2
	typeDouble  = 3
	typeUint16  = 5
	typeUint32  = 6
	typeMap     = 7
	typeUint64  = 9
	typeArray   = 11
)

// put writes a value, its parts as pointers where they are shared.
func (d *Data) put(value any) {
	switch v := value.(type) {
	case string:
		d.bytes = append(control(d.bytes, typeString, len(v)), v...)
	case float64:
		d.bytes = binary.BigEndian.AppendUint64(control(d.bytes, typeDouble, 8), math.Float64bits(v))
	case uint16:
		d.bytes = be(control(d.bytes, typeUint16, size(uint64(v))), uint64(v))
	case uint32:
		d.bytes = be(control(d.bytes, typeUint32, size(uint64(v))), uint64(v))
	case uint64:
		d.bytes = be(control(d.bytes, typeUint64, size(v)), v)
	case []any:
		d.bytes = control(d.bytes, typeArray, len(v))
		for _, e := range v {
			d.share(e)
		}
	case Map:
		d.bytes = control(d.bytes, typeMap, len(v))
		for _, f := range v {
			d.share(f.Key)
			d.share(f.Value)
		}
	default:
		panic(fmt.Sprintf("mmdb: a %T cannot be written", value))
	}
}

// share writes a value, or a pointer to where it is already.
func (d *Data) share(value any) {
	if _, number := value.(float64); number || d.shared == nil {
		d.put(value)
		return
	}
	whole := Data{}
	whole.put(value)
	if at, ok := d.shared[string(whole.bytes)]; ok {
		d.bytes = pointer(d.bytes, at)
		return
	}
	if len(whole.bytes) > 3 { // a pointer may take as much
		d.shared[string(whole.bytes)] = uint32(len(d.bytes))
	}
	d.put(value)
}

// control appends a control byte, and what belongs to it: type and size.
func control(dst []byte, typ, size int) []byte {
	first := 0
	if typ <= 7 {
		first = typ << 5
	}
	var more []byte
	switch {
	case size < 29:
		first |= size
	case size < 285:
		first, more = first|29, []byte{byte(size - 29)}
	case size < 65821:
		first, more = first|30, binary.BigEndian.AppendUint16(nil, uint16(size-285))
	default:
		panic(fmt.Sprintf("mmdb: a value of %d bytes", size))
	}
	dst = append(dst, byte(first))
	if typ > 7 {
		dst = append(dst, byte(typ-7))
	}
	return append(dst, more...)
}

// pointer appends a pointer to an offset of the data section.
func pointer(dst []byte, to uint32) []byte {
	const first = typePointer << 5
	switch {
	case to < 2048:
		return append(dst, byte(first|to>>8), byte(to))
	case to < 2048+1<<19:
		to -= 2048
		return append(dst, byte(first|1<<3|to>>16), byte(to>>8), byte(to))
	case to < 2048+1<<19+1<<27:
		to -= 2048 + 1<<19
		return append(dst, byte(first|2<<3|to>>24), byte(to>>16), byte(to>>8), byte(to))
	}
	return binary.BigEndian.AppendUint32(append(dst, first|3<<3), to)
}
