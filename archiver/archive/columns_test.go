package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
)

// far is a source of one file that says how much is read of it.
type far struct {
	Source
	file  []byte
	reads int
	bytes int
}

func (s *far) ReadAt(_ context.Context, _ string, b []byte, from int64) error {
	s.reads++
	s.bytes += len(b)
	if from < 0 || from+int64(len(b)) > int64(len(s.file)) {
		return io.ErrUnexpectedEOF
	}
	copy(b, s.file[from:])
	return nil
}

// The columns of a file are known from its end.
func TestColumns(t *testing.T) {
	large := make([]Row, 5000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range large {
		large[i] = Row{Time: noon, Type: "download", Attrs: []Attr{{"id", fmt.Sprint(r.Uint64(), r.Uint64())}}}
	}
	wide := Row{Time: noon, Type: "download"}
	for i := range 400 {
		wide.Attrs = append(wide.Attrs, Attr{fmt.Sprintf("key%03d", i), "x"})
	}
	own := []string{"cell", "continent", "country", "lat", "lon", "region", "time", "type"}
	for name, c := range map[string]struct {
		file         []byte
		want         []string
		reads, bytes int
	}{
		"other versions":        {fileOf(t, later{Time: 3, Type: "c"}), []string{"asn", "attr_os", "country", "exact", "tags.list.element", "time", "type"}, 1, 16 << 10},
		"large":                 {written(t, table(large)), append([]string{"attr_id"}, own...), 1, 16 << 10},
		"an end that is larger": {written(t, table([]Row{wide})), nil, 2, 512 << 10},
	} {
		s := &far{file: c.file}
		f := File{Name: "v1/x", Bytes: int64(len(c.file))}
		got, err := ColumnsOf(t.Context(), s, f)
		if err != nil || c.want != nil && !slices.Equal(got, c.want) || c.want == nil && len(got) != 400+len(own) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if s.reads > c.reads || s.bytes > c.bytes {
			t.Errorf("%s: %d bytes of %d in %d reads", name, s.bytes, len(c.file), s.reads)
		}
	}
}

// Whatever the end of a file is, little is read of it.
func TestColumnsOfDamagedFiles(t *testing.T) {
	file := written(t, table(randomRows(rand.New(rand.NewPCG(3, 4)), 100)))
	for i := range 2000 {
		r := rand.New(rand.NewPCG(5, uint64(i)))
		s := &far{file: append(make([]byte, 1<<10), file...)}
		for range 1 + r.IntN(3) {
			s.file[len(s.file)-1-r.IntN(1000)] = byte(r.Uint32())
		}
		f := File{Name: "v1/x", Bytes: int64(len(s.file) - r.IntN(2)*r.IntN(len(s.file)))}
		_, _ = ColumnsOf(t.Context(), s, f) // columns, or an error
		if s.bytes > mostTail+tailBytes {
			t.Fatalf("seed %d: %d bytes", i, s.bytes)
		}
	}
	huge := &far{file: append(make([]byte, 20<<20), 0, 0, 0x38, 1, 'P', 'A', 'R', '1')} // 19.5 MiB, it says
	if _, err := ColumnsOf(t.Context(), huge, File{Bytes: int64(len(huge.file))}); err == nil || huge.bytes > mostTail+tailBytes {
		t.Errorf("%d bytes, %v", huge.bytes, err)
	}
	away := errors.New("away")
	if _, err := ColumnsOf(t.Context(), failing{err: away}, File{Bytes: 100}); !errors.Is(err, away) {
		t.Error(err)
	}
	if _, err := ColumnsOf(t.Context(), &far{file: file}, File{Bytes: -1}); err == nil {
		t.Error("less than nothing")
	}
}

type failing struct {
	Source
	err error
}

func (f failing) ReadAt(context.Context, string, []byte, int64) error { return f.err }
