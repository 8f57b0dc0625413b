// Package store puts the built page where it is served from, with the headers
// that it needs there.
package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/glowmap/glow/page/bundle"
)

// Store takes the files of a page.
type Store interface {
	// Put stores a file under its name; readers see the old or the new one whole.
	Put(ctx context.Context, f bundle.File) error
	// List tells which files are there; a folder's own folders are left out.
	List(ctx context.Context) ([]Object, error)
	// Delete removes a file.
	Delete(ctx context.Context, name string) error
}

// Object is a file that is there, and when it was put.
type Object struct {
	Name string
	Put  time.Time
}

// Open opens s3://BUCKET/PREFIX or file:///DIR.
func Open(ctx context.Context, target, endpoint string) (Store, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	switch {
	case u.Scheme == "file" && u.Path != "":
		return dir(u.Path), nil
	case u.Scheme == "s3" && u.Host != "":
		return openS3(ctx, u.Host, strings.Trim(u.Path, "/"), endpoint)
	}
	return nil, fmt.Errorf("%q: want s3://BUCKET/PREFIX or file:///DIR", target)
}

// Headers are what a file is served with. A name with a hash never changes its
// content; the others must be fresh, or visitors would miss a new build.
func Headers(f bundle.File) map[string]string {
	cache := "public, max-age=60"
	if f.Immutable {
		cache = "public, max-age=31536000, immutable"
	}
	return map[string]string{
		"Content-Type": f.Type, "Cache-Control": cache,
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin",
	}
}

func zipped(data []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = w.Write(data) // to memory: cannot fail
	_ = w.Close()
	return b.Bytes()
}

// Write answers a request, gzipped if that is understood.
func Write(w http.ResponseWriter, r *http.Request, data []byte) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "Date")
	w.Header().Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		data = zipped(data)
	}
	_, _ = w.Write(data) // the client may have gone
}
