package archive

import (
	"io"
	"slices"
	"strings"
	"unsafe"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/glowmap/glow/internal/located"
)

// The bytes of a file are a pure function of its rows: whatever could vary is
// fixed here, and values are handed over in pieces of one size. Changing any
// of it makes later files differ from earlier ones, which is all: readers do
// not care.
const (
	rowGroup = 1 << 20   // rows
	pageSize = 1 << 20   // bytes, before packing
	dictSize = 1 << 20   // bytes of different values, from which on they are not worth it
	piece    = 1 << 13   // rows; divides rowGroup
	maker    = "glow v1" // in place of the library's name and version
)

// Columns of a file besides those of the attributes.
const (
	colTime      = "time"
	colType      = "type"
	colContinent = "continent"
	colCountry   = "country"
	colRegion    = "region"
	colCell      = "cell"
	colLat       = "lat"
	colLon       = "lon"
	attrPrefix   = "attr_"
)

// schema is that of a file whose rows have these attributes: time as Unix
// seconds; latitude and longitude as decimals with four places; null for what
// is unknown. Columns are in the order of their names, so attributes come first.
func schema(keys []string) *parquet.Schema {
	text := parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	degrees := parquet.Encoded(parquet.Decimal(4, 7, parquet.Int32Type), &parquet.RLEDictionary)
	g := parquet.Group{
		colTime:      parquet.Encoded(parquet.Int(64), &parquet.DeltaBinaryPacked),
		colType:      text,
		colContinent: parquet.Optional(text),
		colCountry:   parquet.Optional(text),
		colRegion:    parquet.Optional(text),
		colCell:      parquet.Optional(parquet.Encoded(parquet.Int(64), &parquet.RLEDictionary)),
		colLat:       parquet.Optional(degrees),
		colLon:       parquet.Optional(degrees),
	}
	for _, k := range keys {
		g[attrPrefix+k] = parquet.Optional(text)
	}
	return parquet.NewSchema("glow", g)
}

// Writer writes rows into a Parquet file.
type Writer struct {
	out  *parquet.GenericWriter[any]
	keys []string
	cols []*parquet.ColumnWriter
	part [][]parquet.Value // of the piece, by column
	rows int               // in this row group
	err  error

	// The values of the last row, as the next one mostly has the same.
	last   Row
	place  [6]parquet.Value
	typ    parquet.Value
	attrs  []parquet.Value
	primed bool
}

// NewWriter makes a writer for rows whose attributes have some of keys, which
// are ascending.
func NewWriter(w io.Writer, keys []string) *Writer {
	out := parquet.NewGenericWriter[any](w, schema(keys), &parquet.WriterConfig{
		CreatedBy: maker, PageBufferSize: pageSize, DataPageVersion: 1, DictionaryMaxBytes: dictSize,
		MaxRowsPerRowGroup: rowGroup, Compression: &zstd.Codec{Level: zstd.SpeedDefault},
	})
	wr := &Writer{out: out, keys: keys, cols: out.ColumnWriters(), attrs: make([]parquet.Value, len(keys))}
	wr.part = make([][]parquet.Value, len(wr.cols))
	for i := range wr.part {
		wr.part[i] = make([]parquet.Value, 0, piece)
	}
	return wr
}

// Add writes a row. Its strings must stay as they are until Close.
func (w *Writer) Add(r *Row) error {
	if !w.primed || r.Place != w.last.Place {
		w.place, w.last.Place = placeValues(&r.Place), r.Place
	}
	if !w.primed || r.Type != w.last.Type {
		w.typ, w.last.Type = textValue(r.Type), r.Type
	}
	if !slices.Equal(r.Attrs, w.last.Attrs) {
		attrValues(w.attrs, w.keys, r.Attrs)
		w.last.Attrs = append(w.last.Attrs[:0], r.Attrs...)
	}
	w.primed = true
	return w.add(r.Time, w.typ, &w.place, w.attrs)
}

// add writes a row whose values are made already.
func (w *Writer) add(time int64, typ parquet.Value, place *[6]parquet.Value, attrs []parquet.Value) error {
	n := len(attrs)
	for i, v := range attrs {
		w.part[i] = append(w.part[i], v)
	}
	p := w.part[n:]
	p[0] = append(p[0], place[0]) // cell
	p[1] = append(p[1], place[1]) // continent
	p[2] = append(p[2], place[2]) // country
	p[3] = append(p[3], place[3]) // lat
	p[4] = append(p[4], place[4]) // lon
	p[5] = append(p[5], place[5]) // region
	p[6] = append(p[6], parquet.Int64Value(time))
	p[7] = append(p[7], typ)
	if w.rows++; w.rows%piece == 0 {
		w.flush()
	}
	return w.err
}

// flush hands the piece over, and ends the row group once it is full.
func (w *Writer) flush() {
	for i, col := range w.cols {
		if w.err == nil {
			_, w.err = col.WriteRowValues(w.part[i])
		}
		w.part[i] = w.part[i][:0]
	}
	if w.err == nil && w.rows == rowGroup {
		w.err, w.rows = w.out.Flush(), 0
	}
}

// Close writes what is left and the file's end.
func (w *Writer) Close() error {
	if w.rows%piece != 0 {
		w.flush()
	}
	if w.err != nil {
		return w.err
	}
	return w.out.Close()
}

// Write writes a table, as it is sorted, as a Parquet file.
func (t *Table) Write(to io.Writer) error {
	keys := t.keys()
	w := NewWriter(to, keys)
	types := make([]parquet.Value, len(t.types.values))
	for i, typ := range t.types.values {
		types[i] = textValue(typ)
	}
	places := make([][6]parquet.Value, len(t.places.values))
	for i := range places {
		places[i] = placeValues(&t.places.values[i])
	}
	attrs := make([]parquet.Value, len(keys)*len(t.attrs.values))
	for i, a := range t.attrs.values {
		attrValues(attrs[i*len(keys):(i+1)*len(keys)], keys, a)
	}
	for _, r := range t.rows {
		a := int(r.attrs()) * len(keys)
		if err := w.add(r.time(), types[r.typ()], &places[r.spot()], attrs[a:a+len(keys)]); err != nil {
			return err
		}
	}
	return w.Close()
}

// placeValues are the values of a place, in the order of its columns' names.
func placeValues(p *located.Place) (v [6]parquet.Value) {
	if p.Located {
		v[0] = some(parquet.Int64Value(int64(p.Cell)))
		v[3], v[4] = some(parquet.Int32Value(p.Lat)), some(parquet.Int32Value(p.Lon))
	}
	v[1], v[2], v[5] = codeValue(p.Continent), codeValue(p.Country), codeValue(p.Region)
	return v
}

func codeValue(code string) parquet.Value {
	if code == "" {
		return parquet.Value{}
	}
	return some(textValue(code))
}

// attrValues sets the values of the columns of keys.
func attrValues(v []parquet.Value, keys []string, attrs []Attr) {
	for i, key := range keys {
		v[i] = parquet.Value{}
		for _, a := range attrs {
			if a.Key == key {
				v[i] = some(textValue(a.Value))
			}
		}
	}
}

// textValue shares the memory of s.
func textValue(s string) parquet.Value {
	return parquet.ByteArrayValue(unsafe.Slice(unsafe.StringData(s), len(s)))
}

// some marks a value of an optional column as one that is there.
func some(v parquet.Value) parquet.Value { return v.Level(0, 1, 0) }

// attrKey is the attribute of a column, if it is one.
func attrKey(column string) (string, bool) { return strings.CutPrefix(column, attrPrefix) }
