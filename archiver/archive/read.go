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

func open(b Blob) (*parquet.File, error) {
	return parquet.OpenFile(b, b.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(64<<10))
}

func readFile(file *parquet.File, f *Filter, each func(*Row) error) error {
	for _, group := range file.RowGroups() {
		if err := readGroup(file.Schema(), group, f, each); err != nil {
			return err
		}
	}
	return nil
}

// group reads the columns of a row group side by side.
type group struct {
	left int64
	cols []*column
	row  Row
}

// column is a piece of one column, and where its values go.
type column struct {
	name   string
	values parquet.ColumnChunkValueReader
	buf    []parquet.Value
	set    func(r *Row, v parquet.Value)
}

func readGroup(schema *parquet.Schema, rg parquet.RowGroup, f *Filter, each func(*Row) error) (err error) {
	if excludes(f.Where, schema, rg) {
		return nil
	}
	g := &group{left: rg.NumRows()}
	defer func() { err = errors.Join(err, g.close()) }()
	for i, path := range schema.Columns() {
		if len(path) != 1 {
			continue
		}
		chunk := rg.ColumnChunks()[i]
		if path[0] == colTime && outside(chunk, f) {
			return nil
		}
		if set := setter(path[0], chunk.Type().Kind()); set != nil {
			g.cols = append(g.cols, &column{path[0], parquet.NewColumnChunkValueReader(chunk), make([]parquet.Value, piece), set})
		}
	}
	for g.left > 0 {
		if err := g.read(f, each); err != nil {
			return err
		}
	}
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

// read reads the next piece of the group.
func (g *group) read(f *Filter, each func(*Row) error) error {
	n := int(min(g.left, piece))
	for _, c := range g.cols {
		if err := c.fill(n); err != nil {
			return fmt.Errorf("column %s: %w", c.name, err)
		}
	}
	for i := range n {
		g.row = Row{Attrs: g.row.Attrs[:0]}
		for _, c := range g.cols {
			if v := c.buf[i]; !v.IsNull() {
				c.set(&g.row, v)
			}
		}
		if !f.Match(&g.row) {
			continue
		}
		if err := each(&g.row); err != nil {
			return err
		}
	}
	g.left -= int64(n)
	return nil
}

// fill reads exactly n values.
func (c *column) fill(n int) error {
	for have := 0; have < n; {
		m, err := c.values.ReadValues(c.buf[have:n])
		if have += m; have < n && err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

func (g *group) close() error {
	var errs []error
	for _, c := range g.cols {
		errs = append(errs, c.values.Close())
	}
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
