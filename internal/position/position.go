// Package position is the format of the hash keys.Positions: how far each
// generation of each source has been queued.
//
// A generation is the life of one content of a log file (package follow of the
// tailer tells the whole story). A field names it, "<source>|<generation>"; the
// value says how far it was queued and how to know it again when its file was
// renamed, copied or compressed meanwhile. Of the log's bytes a value holds
// nothing but hashes, and of contents so short that their bytes could be
// guessed (one line is an address and a time) only 32 bits, too few to tell
// one guess from another.
//
// Besides, each host has a roll for each of its sources, a field that is no
// generation (see [Roll]): each step changes it too, so that whoever makes a
// step is known to have known all that stood there.
package position

import (
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"strings"
)

const (
	// HeadMax is how many of a generation's first bytes its head mark covers at most.
	HeadMax = 1024
	// TailMax is how many of the bytes before the offset the tail mark covers at most.
	TailMax = 256
)

// version begins every value.
const version = "1"

// Generation identifies a generation on its host: the file's device, inode and
// birth time (Unix nanoseconds, 0 where the file system knows none), and how
// often that file was seen truncated.
type Generation struct {
	Dev, Ino uint64
	Born     int64
	Epoch    int
}

// String is four hexadecimal numbers separated by dots.
func (g Generation) String() string {
	return fmt.Sprintf("%x.%x.%x.%x", g.Dev, g.Ino, g.Born, g.Epoch)
}

// Roll stands in the place of a generation in the field of a host's roll. Of
// the roll's value the Order is the last that was given to a generation, and
// the tail's sum is random in each step.
func Roll(host string) Generation {
	h := fnv.New64a()
	_, _ = h.Write([]byte(host))
	return Generation{Born: int64(h.Sum64() >> 1)}
}

// IsRoll says whether g stands for a roll.
func (g Generation) IsRoll() bool { return g.Dev == 0 && g.Ino == 0 }

// Field names the generation g of a source in the hash.
func Field(source string, g Generation) string { return source + "|" + g.String() }

// ParseField takes a field apart again.
func ParseField(field string) (source string, g Generation, ok bool) {
	i := strings.LastIndexByte(field, '|')
	if i < 0 {
		return "", g, false
	}
	p := strings.Split(field[i+1:], ".")
	if len(p) != 4 {
		return "", g, false
	}
	var n [4]uint64
	for j, s := range p {
		v, err := strconv.ParseUint(s, 16, 64)
		if err != nil || j >= 2 && v > math.MaxInt64 || j == 3 && v > math.MaxInt32 {
			return "", g, false
		}
		n[j] = v
	}
	return field[:i], Generation{n[0], n[1], int64(n[2]), int(n[3])}, true
}

// State says what is to be expected of a generation.
type State byte

const (
	Open State = 'o' // may hold more than was queued
	Done State = 'd' // was queued to its end; should it grow after all, reading goes on
	Lost State = 'l' // disappeared before its end was seen; should it turn up, reading goes on
)

// Mark is the hash of a stretch of bytes. The zero Mark is that of none.
type Mark struct {
	Len int
	Sum uint64
}

// MarkOf hashes b: FNV-1a of 64 bits, folded to 32 for less than [HeadMax] bytes.
func MarkOf(b []byte) Mark {
	if len(b) == 0 {
		return Mark{}
	}
	h := fnv.New64a()
	_, _ = h.Write(b)
	sum := h.Sum64()
	if len(b) < HeadMax {
		sum = sum>>32 ^ sum&math.MaxUint32
	}
	return Mark{len(b), sum}
}

// Head marks the beginning of a content of which b are the first bytes.
func Head(b []byte) Mark { return MarkOf(b[:min(len(b), HeadMax)]) }

// Tail marks the end of b, the bytes before an offset.
func Tail(b []byte) Mark { return MarkOf(b[max(0, len(b)-TailMax):]) }

// Position is how far a generation was queued, and how to know it again.
type Position struct {
	Offset   int64 // bytes
	Head     Mark  // of the first min(Offset, HeadMax) bytes
	Tail     Mark  // of the last min(Offset, TailMax) bytes before Offset
	Order    int64 // of the generations of a source, as they were met
	Modified int64 // of the file when it was last read, Unix nanoseconds
	State    State
	Host     string // where the file is
	Path     string // where it was last seen
}

// String is the value as it stands in the hash.
func (p Position) String() string {
	b := make([]byte, 0, 128+len(p.Path))
	b = append(b, version+" "...)
	b = strconv.AppendInt(b, p.Offset, 10)
	b = appendMark(append(b, ' '), p.Head)
	b = appendMark(append(b, ' '), p.Tail)
	b = strconv.AppendInt(append(b, ' '), p.Order, 10)
	b = strconv.AppendInt(append(b, ' '), p.Modified, 10)
	b = append(b, ' ', byte(p.State), ' ')
	b = append(b, p.Host...)
	b = append(b, ' ')
	return string(append(b, p.Path...))
}

func appendMark(b []byte, m Mark) []byte {
	b = append(strconv.AppendInt(b, int64(m.Len), 10), ':')
	return strconv.AppendUint(b, m.Sum, 16)
}

// Parse reads a value. The path is the rest of the text, whatever it contains.
func Parse(s string) (Position, error) {
	f := strings.SplitN(s, " ", 9)
	if len(f) != 9 || f[0] != version {
		return Position{}, fmt.Errorf("position of another version or broken: it begins with %.8q", s)
	}
	var r reader
	p := Position{
		Offset: r.number(f[1]), Head: r.mark(f[2], HeadMax), Tail: r.mark(f[3], TailMax),
		Order: r.number(f[4]), Modified: r.number(f[5]), State: r.state(f[6]), Host: f[7], Path: f[8],
	}
	if r.bad || int64(p.Head.Len) != min(p.Offset, HeadMax) || int64(p.Tail.Len) != min(p.Offset, TailMax) {
		return Position{}, fmt.Errorf("broken position: its numbers make no sense")
	}
	return p, nil
}

// reader remembers whether any of what it read was bad.
type reader struct{ bad bool }

func (r *reader) number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	r.bad = r.bad || err != nil || n < 0
	return n
}

func (r *reader) mark(s string, most int64) Mark {
	l, sum, ok := strings.Cut(s, ":")
	n := r.number(l)
	v, err := strconv.ParseUint(sum, 16, 64)
	r.bad = r.bad || !ok || err != nil || n > most
	return Mark{int(n), v}
}

func (r *reader) state(s string) State {
	if s != string(Open) && s != string(Done) && s != string(Lost) {
		r.bad = true
		return Open
	}
	return State(s[0])
}
