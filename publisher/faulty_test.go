package main

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// faulty is a small S3 in memory whose behaviour a test decides. It asks for
// no signature and knows one bucket, "launch".
type faulty struct {
	*httptest.Server
	mu      sync.Mutex
	objects map[string][]byte // "v1/latest.json" → gzipped
	headers map[string]http.Header
	puts    int

	cors bool // lets pages of all origins read

	// ignores makes it take every PUT, whatever its condition says.
	ignores bool
	// before is asked before each request is served; what it returns is
	// answered instead. It may wait.
	before func(r *http.Request) int
	// after is asked after a PUT was done: true drops the connection instead
	// of answering.
	after func(name string) bool
}

func newFaulty(t testing.TB) *faulty {
	f := &faulty{objects: map[string][]byte{}, headers: map[string]http.Header{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(func() {
		f.CloseClientConnections()
		f.Close()
	})
	return f
}

func (f *faulty) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	before := f.before
	f.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if before != nil {
		if status := before(r); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/launch"), "/")
	switch {
	case name == "":
		f.list(w)
	case r.Method == http.MethodDelete:
		f.set(func() { delete(f.objects, name) })
	case r.Method == http.MethodPut:
		f.put(w, r, name, body)
	default:
		f.get(w, name)
	}
}

func (f *faulty) list(w http.ResponseWriter) {
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName     xml.Name `xml:"ListBucketResult"`
		IsTruncated bool
	}{})
}

func etag(b []byte) string {
	sum := md5.Sum(b)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func (f *faulty) put(w http.ResponseWriter, r *http.Request, name string, body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	old, exists := f.objects[name]
	match, none := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	if !f.ignores && (none == "*" && exists || match != "" && (!exists || match != etag(old))) {
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	}
	f.objects[name], f.headers[name] = body, r.Header.Clone()
	f.puts++
	if f.after != nil && f.after(name) {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("ETag", etag(body))
}

func (f *faulty) get(w http.ResponseWriter, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.objects[name]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("ETag", etag(b))
	if f.cors {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Expose-Headers", "Date, ETag")
	}
	_, _ = w.Write(b)
}

// files are the objects as JSON.
func (f *faulty) files(t testing.TB) map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := map[string]string{}
	for name, b := range f.objects {
		m[name] = unzipped(t, string(b))
	}
	return m
}
