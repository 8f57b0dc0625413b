package archive

import (
	"slices"

	"github.com/parquet-go/parquet-go"
)

// Where says of rows which are wanted besides a span of time and types, and of
// what is known about many rows that none of them can be. Package schema makes
// it of a document.
type Where interface {
	Type(typ string) bool
	Row(r *Row) bool // of its columns but time and type
	// Columns are those that Row looks at.
	Columns() []string
	// ExcludesText says that no row is wanted of those whose values in a column
	// lie between min and max, or are missing if there are nulls. Where all are
	// missing, min is more than max.
	ExcludesText(column, min, max string, nulls bool) bool
	// ExcludesNumber is ExcludesText of the columns cell, lat and lon.
	ExcludesNumber(column string, min, max int64, nulls bool) bool
}

// Column is the name of an attribute's column.
func Column(key string) string { return attrPrefix + key }

// excludes says whether what is known of a row group tells that none of its
// rows is wanted.
func excludes(w Where, s *parquet.Schema, rg parquet.RowGroup) bool {
	return w != nil && slices.ContainsFunc(w.Columns(), func(column string) bool {
		leaf, ok := s.Lookup(column)
		if !ok {
			return excludesNulls(w, column)
		}
		return excludesChunk(w, column, rg.ColumnChunks()[leaf.ColumnIndex])
	})
}

// excludesNulls is excludes where all of a column is missing.
func excludesNulls(w Where, column string) bool {
	switch column {
	case colCell, colLat, colLon:
		return w.ExcludesNumber(column, 1, 0, true)
	}
	return w.ExcludesText(column, "1", "0", true)
}

// excludesChunk takes it that some values are missing wherever they may be:
// not all who write Parquet say so.
func excludesChunk(w Where, column string, chunk parquet.ColumnChunk) bool {
	c, ok := chunk.(*parquet.FileColumnChunk)
	if !ok {
		return false
	}
	least, most, ok := c.Bounds()
	switch {
	case !ok && c.NullCount() == c.NumValues():
		return excludesNulls(w, column)
	case !ok:
		return false
	}
	switch c.Type().Kind() {
	case parquet.ByteArray:
		return w.ExcludesText(column, string(least.ByteArray()), string(most.ByteArray()), true)
	case parquet.Int32:
		return w.ExcludesNumber(column, int64(least.Int32()), int64(most.Int32()), true)
	case parquet.Int64:
		return w.ExcludesNumber(column, least.Int64(), most.Int64(), true)
	}
	return false
}
