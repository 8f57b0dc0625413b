package imports

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/glowmap/glow/internal/position"
	"github.com/glowmap/glow/tailer/parse"
)

// drain reads a content to its end and returns its lines as they are to be
// parsed, how many were too long for that, and its trace.
func drain(t *testing.T, r io.Reader, size int) (got [][]byte, long int, tr trace) {
	t.Helper()
	l := newLines(r)
	l.buf = make([]byte, 0, size)
	for {
		s, err := l.read()
		if errors.Is(err, io.EOF) {
			return got, long, tr
		}
		if err != nil {
			t.Fatal(err)
		}
		tr.pass(s.data)
		switch {
		case s.count:
			long++
		case !s.none:
			for line := range bytes.Lines(bytes.Clone(s.data)) {
				got = append(got, bytes.TrimSuffix(line, []byte("\n")))
			}
		}
	}
}

// Whatever the content, every byte passes, and lines that fit the buffer come
// out as they are.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nbb\n\nccc"), 4)
	f.Add([]byte("\n\n\n"), 1)
	f.Add([]byte("toolongtoolong\nok\ntoolong"), 5)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		size = 1 + max(0, size)%300
		got, long, tr := drain(t, iotest.HalfReader(bytes.NewReader(b)), size)
		var want [][]byte
		tooLong := 0
		for line := range bytes.Lines(b) {
			if len(line) > size {
				tooLong++
				continue
			}
			want = append(want, bytes.TrimSuffix(line, []byte("\n")))
		}
		if long != tooLong || !bytes.Equal(bytes.Join(got, []byte("\n")), bytes.Join(want, []byte("\n"))) || len(got) != len(want) {
			t.Fatalf("%q by %d: %q and %d long, want %q and %d", b, size, got, long, want, tooLong)
		}
		p := tr.position(position.Open, "/x")
		if again, err := position.Parse(p.String()); err != nil || again != p || !tr.is(&again) {
			t.Fatalf("%v: %v, %v", p, again, err)
		}
		if p.Offset != int64(len(b)) || p.Head != position.Head(b) || p.Tail != position.Tail(b) {
			t.Fatalf("%v of %d bytes", p, len(b))
		}
	})
}

func TestLinesPassNULs(t *testing.T) {
	b := append(make([]byte, 3*sliceSize), "1.2.3.4 5\n"...)
	got, long, _ := drain(t, bytes.NewReader(b), sliceSize)
	if long != 0 || len(got) != 1 || !bytes.HasSuffix(got[0], []byte("1.2.3.4 5")) {
		t.Errorf("%d lines, %d long", len(got), long)
	}
	b = append(bytes.Repeat([]byte("x"), 3*sliceSize), "\n1.2.3.4 5"...)
	got, long, _ = drain(t, bytes.NewReader(b), sliceSize)
	if long != 1 || len(got) != 1 || string(got[0]) != "1.2.3.4 5" {
		t.Errorf("%d lines, %d long", len(got), long)
	}
}

// A content ends with what stands there, and an error is none.
func TestLinesErrors(t *testing.T) {
	l := newLines(io.MultiReader(bytes.NewReader([]byte("a\nb")), iotest.ErrReader(io.ErrUnexpectedEOF)))
	if _, err := l.read(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v, want unexpected EOF", err)
	}
}

func TestKnown(t *testing.T) {
	b := bytes.Repeat([]byte("1.2.3.4 1395100800\n"), 200)
	at := func(n int, state position.State) string {
		var tr trace
		tr.pass(b[:n])
		return tr.position(state, "/log").String()
	}
	one := Input{Name: "x", raw: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
	for name, c := range map[string]struct {
		position string
		want     State
	}{
		"none":       {"", Fresh},
		"whole":      {at(len(b), position.Done), Followed},
		"half":       {at(1900, position.Open), PartlyFollowed},
		"chance":     {at(19, position.Open), Fresh},
		"another":    {position.Position{Offset: 1900, Head: position.Mark{Len: 1024, Sum: 1}, Tail: position.Mark{Len: 256, Sum: 2}, State: 'o', Host: "h", Path: "/x"}.String(), Fresh},
		"beyond":     {position.Position{Offset: 1 << 30, Head: position.Head(b), Tail: position.Mark{Len: 256, Sum: 2}, State: 'o', Host: "h", Path: "/x"}.String(), Fresh},
		"wrong text": {"x", Fresh},
	} {
		positions := map[string]string{}
		if c.position != "" {
			positions["h:/log|1.2.3.0"] = c.position
		}
		f, err := look(t.Context(), one, parse.Options{}, newKnown(positions, nil))
		if err != nil || f.State != c.want || f.Lines != 200 || f.Size != int64(len(b)) {
			t.Errorf("%s: %v, %d lines, %v; want %v", name, f.State, f.Lines, err, c.want)
		}
	}
}
