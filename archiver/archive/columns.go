package archive

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// ColumnsOf are those of a file as a manifest has it, by name. Only the end of
// the file is read, most often in one go; [ErrDamaged].
func ColumnsOf(ctx context.Context, s Source, f File) ([]string, error) {
	end := &tail{ctx: ctx, source: s, file: f}
	columns, err := columnsOf(end)
	switch {
	case err != nil && end.err != nil:
		err = end.err
	case err != nil:
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read the end of %s: %w", f.Name, err)
	}
	return columns, nil
}

func columnsOf(b Blob) ([]string, error) {
	file, err := open(b, parquet.SkipMagicBytes(true)) // which stand at the end, too
	if err != nil {
		return nil, err
	}
	var names []string
	for _, path := range file.Schema().Columns() {
		names = append(names, strings.Join(path, "."))
	}
	slices.Sort(names)
	return names, nil
}

// How much is read at first: the columns of a million rows stand in the last
// 2 KB, and it takes 1 KB for each million more. And how much at most, whatever
// a damaged file says.
const (
	tailBytes = 16 << 10
	mostTail  = 8 << 20
)

// tail is a file of which only the end is read.
type tail struct {
	ctx    context.Context
	source Source
	file   File
	end    []byte // what was read, up to the end of the file
	err    error  // of source
}

// Size is what the manifest says.
func (t *tail) Size() int64 { return t.file.Bytes }

// Close has nothing to undo.
func (t *tail) Close() error { return nil }

// ReadAt takes from what was read already, or reads from there to the end.
func (t *tail) ReadAt(b []byte, at int64) (int, error) {
	fromEnd := t.file.Bytes - at
	if at < 0 || fromEnd < 0 || fromEnd > mostTail {
		return 0, fmt.Errorf("its end would have %d bytes", fromEnd)
	}
	if fromEnd > int64(len(t.end)) {
		end := make([]byte, min(t.file.Bytes, max(fromEnd, tailBytes)))
		if err := t.source.ReadAt(t.ctx, t.file.Name, end, t.file.Bytes-int64(len(end))); err != nil {
			t.err = err
			return 0, err
		}
		t.end = end
	}
	n := copy(b, t.end[int64(len(t.end))-fromEnd:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}
