package imports

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/glowmap/glow/internal/position"
	"github.com/glowmap/glow/tailer/parse"
)

// sampleSize is how many lines of a file are tried before any is queued.
const sampleSize = 1000

// State is how an input stands to what was imported before.
type State int

// The states of inputs.
const (
	Fresh          State = iota
	Partly               // an import of it was interrupted
	Done                 // it is in the ledger
	Twice                // its content is that of another input in this import
	Followed             // a tailer has read it to its end
	PartlyFollowed       // a tailer has read a part of it
	Empty                // it has no lines
	Unread               // most of its lines cannot be read
)

var stateNames = [...]string{"new", "partly imported", "imported before", "the same as another file", "read by a tailer", "partly read by a tailer", "empty", "not of this format"}

// String is for people.
func (s State) String() string { return stateNames[s] }

// File is an input and what a first look found in it.
type File struct {
	Input
	State  State
	Sum    sum
	Size   int64 // bytes of the content
	Lines  int
	Offset int64 // bytes of it that are queued
	First  int64 // time of its first event, in Unix seconds; -1 if its sample has none
	Other  string
	Sample Sample
	parse  parse.Options
}

// Sample is what became of a file's first lines.
type Sample struct {
	Lines, Events int
	Drops         [parse.Reasons]int
	Shown         [][]byte // the first few events as they would stand in the queue
}

// unread counts the lines that no parser of this format can read.
func (s *Sample) unread() (n int) {
	for r := parse.Binary; r <= parse.Attrs; r++ {
		n += s.Drops[r]
	}
	return n
}

// known is what Redis knows of contents.
type known struct {
	positions map[string]position.Position // by field
	others    []other                      // of tailers, by offset
	done      map[string]bool              // the ledger
}

type other struct {
	source string
	position.Position
}

func newKnown(positions, ledger map[string]string) known {
	k := known{positions: map[string]position.Position{}, done: map[string]bool{}}
	for field, value := range positions {
		source, g, ok := position.ParseField(field)
		p, err := position.Parse(value)
		switch {
		case !ok || err != nil || g.IsRoll():
		case isImport(source):
			k.positions[field] = p
		case p.Offset > 0:
			k.others = append(k.others, other{source, p})
		}
	}
	slices.SortFunc(k.others, func(a, b other) int { return cmp.Compare(a.Offset, b.Offset) })
	for s := range ledger {
		k.done[s] = true
	}
	return k
}

// look reads an input once and finds out what it is.
func look(ctx context.Context, in Input, o parse.Options, k known) (*File, error) {
	c, err := in.open(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	f := &File{Input: in, First: -1, parse: o}
	l := &looker{file: f, others: k.others, hash: sha256.New()}
	for r := newLines(c); ; {
		s, err := r.read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err == nil {
			err = l.slice(s)
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", in.Name, err)
		}
	}
	l.hash.Sum(f.Sum[:0])
	f.Size = l.trace.offset
	f.decide(l, k)
	return f, nil
}

// looker looks at a content as it passes.
type looker struct {
	file *File
	hash interface {
		io.Writer
		Sum([]byte) []byte
	}
	trace   trace
	others  []other // those ahead
	met     []other // those that may be positions of this content
	parser  *parse.Parser
	started bool
}

func (l *looker) slice(s slice) error {
	if !l.started {
		l.started = true
		if err := l.start(s); err != nil {
			return err
		}
	}
	_, _ = l.hash.Write(s.data)
	l.follow(s.data)
	switch {
	case s.count:
		l.file.Lines++
	case !s.none:
		l.file.Lines += bytes.Count(s.data, []byte("\n"))
		if s.data[len(s.data)-1] != '\n' {
			l.file.Lines++
		}
		l.sample(s.data)
	}
	return nil
}

// start reads the names of columns where the content has them, and makes the parser.
func (l *looker) start(s slice) (err error) {
	o := &l.file.parse
	switch {
	case o.Regexp != nil || o.Header != "":
	case o.Format == "csv":
		first, _, _ := bytes.Cut(s.data, []byte("\n"))
		o.Header = string(first)
	case o.Format == "cloudfront":
		for line := range bytes.Lines(s.data) {
			if line[0] != '#' {
				break
			}
			if bytes.HasPrefix(line, []byte("#Fields:")) {
				o.Header = string(line)
			}
		}
	}
	l.parser, err = parse.New(*o)
	return err
}

// follow passes bytes, and compares with the positions of tailers on the way.
func (l *looker) follow(b []byte) {
	for len(l.others) > 0 && l.others[0].Offset <= l.trace.offset+int64(len(b)) {
		n := l.others[0].Offset - l.trace.offset
		l.trace.pass(b[:n])
		b = b[n:]
		for len(l.others) > 0 && l.others[0].Offset == l.trace.offset {
			if l.trace.is(&l.others[0].Position) {
				l.met = append(l.met, l.others[0])
			}
			l.others = l.others[1:]
		}
	}
	l.trace.pass(b)
}

// shown is how many events of a sample are shown.
const shown = 3

func (l *looker) sample(data []byte) {
	s := &l.file.Sample
	for line := range bytes.Lines(data) {
		if s.Lines == sampleSize {
			return
		}
		s.Lines++
		b, sec, reason := l.parser.Append(nil, bytes.TrimSuffix(line, []byte("\n")))
		if reason != parse.OK {
			s.Drops[reason]++
			continue
		}
		s.Events++
		if l.file.First < 0 {
			l.file.First = sec
		}
		if len(s.Shown) < shown {
			s.Shown = append(s.Shown, bytes.TrimSuffix(b, []byte("\n")))
		}
	}
}

// decide says what is to be done with the file.
func (f *File) decide(l *looker, k known) {
	p, begun := k.positions[f.Sum.field()]
	f.Offset = min(p.Offset, f.Size)
	switch {
	case f.Lines == 0:
		f.State = Empty
	case k.done[f.Sum.String()]:
		f.State, f.Offset = Done, f.Size
	case begun:
		f.State = Partly
	case f.followed(l.met):
	case 2*f.Sample.unread() > f.Sample.Lines:
		f.State = Unread
	}
}

// followed says whether a tailer knows the file. Short beginnings may be equal
// by chance: then all of it must be.
func (f *File) followed(met []other) bool {
	for _, o := range slices.Backward(met) {
		switch {
		case o.Offset == f.Size:
			f.State = Followed
		case o.Offset >= position.HeadMax:
			f.State = PartlyFollowed
		default:
			continue
		}
		f.Other, f.Offset = o.source, o.Offset
		return true
	}
	return false
}

// order sorts files by the time of their first events, and marks those whose
// content is that of an earlier one.
func order(files []*File) {
	slices.SortStableFunc(files, func(a, b *File) int {
		return cmp.Or(cmp.Compare(uint64(a.First), uint64(b.First)), strings.Compare(a.Name, b.Name))
	})
	first := map[sum]string{}
	for _, f := range files {
		if name, ok := first[f.Sum]; ok && f.State != Empty {
			f.State, f.Other = Twice, name
		} else {
			first[f.Sum] = f.Name
		}
	}
}

// show is an event of the sample without its address.
func show(b []byte) string {
	addr, rest, _ := strings.Cut(string(b), " ")
	if strings.Contains(addr, ":") {
		return "#:# " + rest
	}
	return "#.#.#.# " + rest
}
