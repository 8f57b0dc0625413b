package archive

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// Blob is one file of an archive, open to be read.
type Blob interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Filter says which rows are wanted.
type Filter struct {
	From, To int64    // Unix seconds, To excluded; 0 is no bound
	Types    []string // none: all
	Where    Where    // nil: nothing besides
}

// Match says whether a row is wanted.
func (f *Filter) Match(r *Row) bool {
	return r.Time >= f.From && (f.To == 0 || r.Time < f.To) && f.wantsType(r.Type) && (f.Where == nil || f.Where.Row(r))
}

func (f *Filter) wantsType(typ string) bool {
	return (len(f.Types) == 0 || slices.Contains(f.Types, typ)) && (f.Where == nil || f.Where.Type(typ))
}

// meets says whether a span of seconds, both included, has any of the wanted.
func (f *Filter) meets(from, to int64) bool { return to >= f.From && (f.To == 0 || from < f.To) }

// ReadRows calls each with every wanted row of a Parquet file, in the file's
// order. The row is each's only until it returns; its strings are for keeps.
// Columns that the file lacks are unknown in each row, those that nobody knows
// are passed over: files of other versions can be read.
func ReadRows(b Blob, f Filter, each func(*Row) error) error {
	file, err := open(b)
	if err != nil {
		return err
	}
	return readFile(file, &f, each)
}

// damaged makes an error of a panic.
func damaged(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the file is damaged: %v", p)
	}
}

func open(b Blob, more ...parquet.FileOption) (file *parquet.File, err error) {
	defer damaged(&err)
	options := append(more, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(64<<10))
	return parquet.OpenFile(b, b.Size(), options...)
}

func readFile(file *parquet.File, f *Filter, each func(*Row) error) (err error) {
	r := newReader(file, f)
	defer func() { err = errors.Join(err, r.close()) }()
	for {
		row, err := r.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(row); err != nil {
			return err
		}
	}
}

// reader reads the wanted rows of a file one by one, the columns side by side.
type reader struct {
	schema *parquet.Schema
	filter *Filter
	groups []parquet.RowGroup // to come
	left   int64              // rows of this group
	cols   []*column          // of this group
	row    Row
}

// column is a piece of one column, and where its values go.
type column struct {
	name   string
	values parquet.ColumnChunkValueReader
	buf    []parquet.Value // of one page: they are gone once the next one is read
	at, n  int
	set    func(r *Row, v parquet.Value)
}

func newReader(file *parquet.File, f *Filter) *reader {
	return &reader{schema: file.Schema(), filter: f, groups: file.RowGroups()}
}

// next returns the next wanted row, which stays until next is called again;
// io.EOF after the last. The library panics at some damaged files.
func (r *reader) next() (row *Row, err error) {
	defer damaged(&err)
	for {
		if r.left == 0 {
			if err := r.nextGroup(); err != nil {
				return nil, err
			}
			continue
		}
		r.left--
		r.row = Row{Attrs: r.row.Attrs[:0]}
		for _, c := range r.cols {
			if c.at == c.n {
				if err := c.fill(); err != nil {
					return nil, fmt.Errorf("column %s: %w", c.name, err)
				}
			}
			if v := c.buf[c.at]; !v.IsNull() {
				c.set(&r.row, v)
			}
			c.at++
		}
		if r.filter.Match(&r.row) {
			return &r.row, nil
		}
	}
}

// nextGroup opens the next row group, unless none of its rows is wanted.
func (r *reader) nextGroup() error {
	if err := r.close(); err != nil {
		return err
	}
	if len(r.groups) == 0 {
		return io.EOF
	}
	rg := r.groups[0]
	r.groups = r.groups[1:]
	if excludes(r.filter.Where, r.schema, rg) {
		return nil
	}
	for i, path := range r.schema.Columns() {
		if len(path) != 1 {
			continue
		}
		chunk := rg.ColumnChunks()[i]
		if path[0] == colTime && outside(chunk, r.filter) {
			return r.close()
		}
		if set := setter(path[0], chunk.Type().Kind()); set != nil {
			r.cols = append(r.cols, &column{name: path[0], values: parquet.NewColumnChunkValueReader(chunk), buf: make([]parquet.Value, 1024), set: set})
		}
	}
	r.left = rg.NumRows()
	return nil
}

// outside says whether a chunk of times has none of those wanted.
func outside(chunk parquet.ColumnChunk, f *Filter) bool {
	c, ok := chunk.(*parquet.FileColumnChunk)
	if !ok {
		return false
	}
	first, last, ok := c.Bounds()
	return ok && !f.meets(first.Int64(), last.Int64())
}

// fill reads the next values, of which there must be some.
func (c *column) fill() (err error) {
	c.at = 0
	if c.n, err = c.values.ReadValues(c.buf); c.n > 0 {
		return nil
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// close closes the group that is open.
func (r *reader) close() error {
	var errs []error
	for _, c := range r.cols {
		errs = append(errs, c.values.Close())
	}
	r.cols, r.left = nil, 0
	return errors.Join(errs...)
}

// setter puts a value of a column into a row; nil for a column that nobody
// knows or that holds another kind of values.
func setter(column string, kind parquet.Kind) func(*Row, parquet.Value) {
	switch kind {
	case parquet.ByteArray:
		return textSetter(column)
	case parquet.Int32, parquet.Int64:
		return numberSetter(column)
	}
	return nil
}

func textSetter(column string) func(*Row, parquet.Value) {
	text := words{}
	switch column {
	case colType:
		return func(r *Row, v parquet.Value) { r.Type = text.of(v) }
	case colContinent:
		return func(r *Row, v parquet.Value) { r.Continent = text.of(v) }
	case colCountry:
		return func(r *Row, v parquet.Value) { r.Country = text.of(v) }
	case colRegion:
		return func(r *Row, v parquet.Value) { r.Region = text.of(v) }
	}
	if key, ok := attrKey(column); ok { // in the order of names, so of keys
		return func(r *Row, v parquet.Value) { r.Attrs = append(r.Attrs, Attr{key, text.of(v)}) }
	}
	return nil
}

func numberSetter(column string) func(*Row, parquet.Value) {
	switch column {
	case colTime:
		return func(r *Row, v parquet.Value) { r.Time = v.Int64() }
	case colCell:
		return func(r *Row, v parquet.Value) { r.Located, r.Cell = true, uint32(v.Int64()) }
	case colLat:
		return func(r *Row, v parquet.Value) { r.Lat = v.Int32() }
	case colLon:
		return func(r *Row, v parquet.Value) { r.Lon = v.Int32() }
	}
	return nil
}

// words makes strings out of values, and of equal ones the same string.
type words struct {
	last string
	all  map[string]string
}

// mostWords is how many are remembered.
const mostWords = 1 << 16

func (w *words) of(v parquet.Value) string {
	b := v.ByteArray()
	if string(b) == w.last {
		return w.last
	}
	s, ok := w.all[string(b)]
	if !ok {
		s = string(b)
		if w.all == nil || len(w.all) >= mostWords {
			w.all = map[string]string{}
		}
		w.all[s] = s
	}
	w.last = s
	return s
}
