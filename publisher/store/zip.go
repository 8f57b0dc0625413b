package store

import (
	"bytes"
	"compress/gzip"
	"io"
	"sync"

	"github.com/glowmap/glow/internal/snapshot"
)

var zippers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// zip compresses, without a name or a time: the same input gives the same bytes.
func zip(b []byte) []byte {
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	var out bytes.Buffer
	z.Reset(&out)
	_, _ = z.Write(b) // a bytes.Buffer takes everything
	_ = z.Close()
	return out.Bytes()
}

// unzip returns what r has, uncompressed if it is not gzipped, and never more
// than a file of the feed may hold.
func unzip(r io.Reader) ([]byte, error) {
	raw, err := snapshot.ReadAll(r)
	if err != nil || !bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		return raw, err
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return snapshot.ReadAll(z)
}
