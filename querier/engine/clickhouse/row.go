package clickhouse

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"strings"

	"github.com/glowmap/glow/archiver/archive"
)

const attrPrefix = "attr_"

// insert fills a table with the rows of a load, all of them.
func (s *server) insert(ctx context.Context, table string, attrs []string, l load, path string) error {
	names := []string{"file", "load", "time", "type", "continent", "country", "region", "cell", "lat", "lon"}
	for _, a := range attrs {
		names = append(names, quote(a))
	}
	params := url.Values{"query": {"INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") FORMAT RowBinary"}}
	out, in := io.Pipe()
	sent := make(chan sending, 1)
	go func() {
		n, err := pour(in, path, l, attrs)
		in.CloseWithError(err)
		sent <- sending{n, err}
	}()
	body, err := s.send(ctx, params, out)
	out.CloseWithError(io.ErrClosedPipe) // the server may not have wanted all
	done := <-sent
	if err == nil {
		err = body.Close()
	}
	switch {
	case err != nil:
		return err
	case done.err != nil:
		return done.err
	case done.rows != l.rows:
		return fmt.Errorf("%d rows, the manifest says %d", done.rows, l.rows)
	}
	return s.count(ctx, table, done.rows)
}

type sending struct {
	rows uint64
	err  error
}

// count makes sure that a table has so many rows.
func (s *server) count(ctx context.Context, table string, want uint64) error {
	list, err := s.list(ctx, "SELECT 'rows', toInt64(count()) FROM "+table)
	if err == nil && (len(list) != 1 || list[0].n != int64(want)) {
		err = fmt.Errorf("%v have come, of %d", list, want)
	}
	return err
}

// pour writes the rows of a file as RowBinary, and says how many there were.
func pour(to io.Writer, path string, l load, attrs []string) (rows uint64, err error) {
	b, err := open(path)
	if err != nil {
		return 0, err
	}
	defer b.Close()
	out := bufio.NewWriterSize(to, 1<<18)
	buf := make([]byte, 0, 512)
	err = archive.ReadRows(b, archive.Filter{}, func(r *archive.Row) error {
		buf = appendRow(buf[:0], l, r, attrs)
		rows++
		_, err := out.Write(buf)
		return err
	})
	if err == nil {
		err = out.Flush()
	}
	return rows, err
}

func appendRow(b []byte, l load, r *archive.Row, attrs []string) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(l.file))
	b = binary.LittleEndian.AppendUint64(b, uint64(l.id))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Time))
	b = appendText(b, r.Type)
	for _, code := range []string{r.Continent, r.Country, r.Region} {
		b = appendMaybe(b, code, code != "")
	}
	b = appendSpot(b, r)
	has := r.Attrs // in the order of keys, as attrs are
	for _, column := range attrs {
		key := column[len(attrPrefix):]
		for len(has) > 0 && has[0].Key < key {
			has = has[1:]
		}
		known := len(has) > 0 && has[0].Key == key
		value := ""
		if known {
			value = has[0].Value
		}
		b = appendMaybe(b, value, known)
	}
	return b
}

func appendSpot(b []byte, r *archive.Row) []byte {
	if !r.Located {
		return append(b, 1, 1, 1)
	}
	b = binary.LittleEndian.AppendUint64(append(b, 0), uint64(r.Cell))
	for _, tenThousandths := range []int32{r.Lat, r.Lon} {
		degrees := float64(tenThousandths) / 1e4
		b = binary.LittleEndian.AppendUint64(append(b, 0), math.Float64bits(degrees))
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendMaybe appends text that may be null.
func appendMaybe(b []byte, s string, known bool) []byte {
	if !known {
		return append(b, 1)
	}
	return appendText(append(b, 0), s)
}

// file is an open file of a known size.
type file struct {
	*os.File
	size int64
}

// Size is the file's length.
func (f file) Size() int64 { return f.size }

func open(path string) (file, error) {
	f, err := os.Open(path)
	if err != nil {
		return file{}, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return file{}, err
	}
	return file{f, st.Size()}, nil
}
