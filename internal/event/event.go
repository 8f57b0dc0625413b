// Package event is the wire format of the queue: one event is one line of
// text, "<ip> <unix seconds> <type>[ <attributes>]", and a batch is up to
// [MaxBatch] such lines separated by '\n'. Text, so that anything that can
// XADD is a source and redis-cli shows what is going on.
package event

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"
	"unsafe"
)

const (
	// MaxBatch is the most events that one queue entry may hold.
	MaxBatch = 1000
	// MaxType is the longest type, in bytes.
	MaxType = 32
	// MaxAttrs is the longest attribute field, in bytes.
	MaxAttrs = 512
	// MaxTime is the last second of the year 9999, the last that RFC 3339 can write.
	MaxTime = 253402300799
)

// Errors of [Parse]. Each is one reason to give up on a line.
var (
	ErrFields = errors.New("want: ip, unix seconds, type and optionally attributes, separated by one space")
	ErrIP     = errors.New("bad ip address")
	ErrTime   = errors.New("bad unix time")
	ErrType   = errors.New("bad type")
	ErrAttrs  = errors.New("bad attributes")
)

// Event says that at Time (Unix seconds, 0 to [MaxTime]) somebody at Addr did
// Type. Type and Attrs share memory with the line that they were parsed from.
type Event struct {
	Addr  netip.Addr // IPv4 or IPv6, never IPv4-mapped, no zone
	Time  int64
	Type  []byte
	Attrs []byte // query string, nil if there is none; counting ignores it
}

// Append appends the wire form of e, without a newline.
func (e Event) Append(dst []byte) []byte {
	dst = e.Addr.AppendTo(dst)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, e.Time, 10)
	dst = append(dst, ' ')
	dst = append(dst, e.Type...)
	if len(e.Attrs) > 0 {
		dst = append(dst, ' ')
		dst = append(dst, e.Attrs...)
	}
	return dst
}

// Parse reads one line without its newline. It does not allocate unless it fails.
func Parse(line []byte) (Event, error) {
	addr, end, okAddr := addrBefore(line)
	if end < 0 {
		return Event{}, ErrFields
	}
	var f [3][]byte
	n := 0
	for rest := line[end+1:]; ; n++ {
		if n == len(f) {
			return Event{}, ErrFields
		}
		i := indexSpace(rest)
		if i < 0 {
			f[n] = rest
			n++
			break
		}
		f[n], rest = rest[:i], rest[i+1:]
	}
	if n < 2 {
		return Event{}, ErrFields
	}
	if !okAddr {
		return Event{}, ErrIP
	}
	sec, ok := ParseSeconds(f[0])
	if !ok {
		return Event{}, ErrTime
	}
	if !ValidType(f[1]) {
		return Event{}, ErrType
	}
	if n == 3 && !ValidAttrs(f[2]) {
		return Event{}, ErrAttrs
	}
	return Event{Addr: addr, Time: sec, Type: f[1], Attrs: f[2]}, nil
}

// addrBefore reads the address before the first space, which is at end; that
// is -1 if there is none.
func addrBefore(line []byte) (addr netip.Addr, end int, ok bool) {
	if ip, n := IPv4(line); n > 0 && n < len(line) && line[n] == ' ' {
		return netip.AddrFrom4(ip), n, true
	}
	if end = indexSpace(line); end < 0 {
		return addr, end, false
	}
	addr, ok = ParseAddr(line[:end])
	return addr, end, ok
}

func indexSpace(b []byte) int {
	for i, c := range b {
		if c == ' ' {
			return i
		}
	}
	return -1
}

// IPv4 reads the IPv4 address with which b begins: four numbers from 0 to 255
// without leading zeros, separated by dots. n is its length, 0 if b does not
// begin so, or goes on with a digit or a dot.
func IPv4(b []byte) (ip [4]byte, n int) {
	number, digits, dots := 0, 0, 0
	all := uint32(0)
	n = len(b)
	for i, c := range b {
		if d := int(c) - '0'; d >= 0 && d <= 9 {
			if digits > 0 && number == 0 {
				return ip, 0
			}
			number = number*10 + d
			if digits++; number > 255 {
				return ip, 0
			}
			continue
		}
		if c != '.' {
			n = i
			break
		}
		if digits == 0 {
			return ip, 0
		}
		all = all<<8 | uint32(number)
		dots++
		number, digits = 0, 0
	}
	if dots != 3 || digits == 0 {
		return ip, 0
	}
	binary.BigEndian.PutUint32(ip[:], all<<8|uint32(number))
	return ip, n
}

// ParseAddr reads an IPv4 or IPv6 address. An IPv4-mapped IPv6 address counts
// as its IPv4; an address with a zone is refused.
func ParseAddr(b []byte) (netip.Addr, bool) {
	if ip, n := IPv4(b); n > 0 && n == len(b) {
		return netip.AddrFrom4(ip), true
	}
	if len(b) > len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") {
		return netip.Addr{}, false
	}
	// netip wants a string and keeps none of it, as zones are refused below.
	a, err := netip.ParseAddr(unsafe.String(unsafe.SliceData(b), len(b)))
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, false
	}
	return a.Unmap(), true
}

// ParseSeconds reads Unix seconds: 1 to 12 decimal digits, at most [MaxTime].
func ParseSeconds(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 12 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, n <= MaxTime
}

// ValidType says whether b matches [a-z0-9][a-z0-9:_-]{0,31}.
func ValidType(b []byte) bool {
	if len(b) == 0 || len(b) > MaxType {
		return false
	}
	for i, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case i > 0 && (c == ':' || c == '_' || c == '-'):
		default:
			return false
		}
	}
	return true
}

// ValidAttrs says whether b is a query string whose keys match
// [a-z0-9_]{1,32}, of at most [MaxAttrs] printable bytes without a space.
func ValidAttrs(b []byte) bool {
	if len(b) == 0 || len(b) > MaxAttrs {
		return false
	}
	key := 0 // bytes of the key so far; -1 inside a value
	for _, c := range b {
		switch {
		case c <= ' ' || c >= 0x7f:
			return false
		case c == '&':
			if key >= 0 {
				return false
			}
			key = 0
		case key < 0:
		case c == '=' && key > 0:
			key = -1
		case key < 32 && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'):
			key++
		default:
			return false
		}
	}
	return key < 0
}
