package store

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/glowmap/glow/page/bundle"
)

var (
	hashed = bundle.File{Name: "glow-ABCDEFGH.js", Type: "text/javascript; charset=utf-8", Data: []byte("let x"), Immutable: true}
	index  = bundle.File{Name: "index.html", Type: "text/html; charset=utf-8", Data: []byte("<!doctype html>")}
)

func unzip(t *testing.T, data []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// A bucket gets gzipped objects with their type and how long they may be kept.
func TestS3Headers(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	type object struct {
		header http.Header
		body   []byte
	}
	got := map[string]object{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got[r.Method+" "+r.URL.Path] = object{r.Header, body}
	}))
	defer server.Close()
	s, err := Open(t.Context(), "s3://bucket/some/prefix", server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []bundle.File{hashed, index} {
		if err := s.Put(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		o := got["PUT /bucket/some/prefix/"+f.Name]
		if o.header.Get("Content-Type") != f.Type || o.header.Get("Cache-Control") != Headers(f)["Cache-Control"] {
			t.Errorf("%s: headers %v", f.Name, o.header)
		}
		if o.header.Get("Content-Encoding") != "gzip" && o.header.Get("Content-Encoding") != "gzip,aws-chunked" {
			t.Errorf("%s: encoding %q", f.Name, o.header.Get("Content-Encoding"))
		}
	}
	if Headers(hashed)["Cache-Control"] == Headers(index)["Cache-Control"] {
		t.Error("the page would be kept for ever")
	}
}

// A web server's folder gets every file whole, beside its gzipped twin.
func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), "file://"+dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), index); err != nil {
		t.Fatal(err)
	}
	plain, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	twin, err := os.ReadFile(filepath.Join(dir, "index.html.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if string(plain) != unzip(t, twin) {
		t.Error("the twin differs")
	}
}

func TestTargets(t *testing.T) {
	for _, bad := range []string{"", "dist", "s3://", "ftp://host/x", "file://", "%"} {
		if _, err := Open(t.Context(), bad, ""); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestWriteZips(t *testing.T) {
	for _, accepts := range []string{"", "gzip"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", accepts)
		w := httptest.NewRecorder()
		Write(w, r, index.Data)
		body := w.Body.String()
		if accepts == "gzip" {
			body = unzip(t, w.Body.Bytes())
		}
		if body != string(index.Data) {
			t.Errorf("accepting %q: %q", accepts, body)
		}
	}
}
