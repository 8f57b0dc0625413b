// Package site is what the querier shows to people: documentation with examples
// that run (/) and a dashboard (/dashboard). Both are static and speak to the
// querier by its public API only.
package site

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// assets is the folder that holds all but the pages themselves.
const assets = "/site/"

// policy allows nothing but the site itself; no string ever becomes script. The
// one policy of Trusted Types names the service worker's address.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"connect-src 'self'; worker-src 'self'; manifest-src 'none'; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types glow"

// served is one file, ready to be sent.
type served struct {
	File
	zipped []byte
	tag    string
}

// Handler serves the pages / and /dashboard, /site/… and /sw.js to GET and HEAD,
// and answers 404 to all other paths. The site is bundled at the first request.
func Handler() http.Handler {
	files := sync.OnceValues(load)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		all, err := files()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		serve(w, r, all)
	})
}

func serve(w http.ResponseWriter, r *http.Request, all map[string]served) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "pages are read by GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	f, ok := all[r.URL.Path]
	if !ok {
		http.Error(w, "there is no such page; there are / and /dashboard", http.StatusNotFound)
		return
	}
	headers(w.Header(), f)
	if match(r.Header.Get("If-None-Match"), f.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	data := f.Data
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		data = f.zipped
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(data) // the client may have gone
	}
}

func headers(h http.Header, f served) {
	cache := "no-cache" // asked for each time, which costs a 304
	if f.Immutable {
		cache = "public, max-age=31536000, immutable"
	}
	for k, v := range map[string]string{
		"Content-Type": f.Type, "Cache-Control": cache, "ETag": f.tag, "Vary": "Accept-Encoding",
		"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cross-Origin-Opener-Policy": "same-origin", "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
	} {
		h.Set(k, v)
	}
}

// match tells if a list of entity tags has one; proxies that compress make it weak.
func match(list, tag string) bool {
	for t := range strings.SplitSeq(list, ",") {
		if t = strings.TrimPrefix(strings.TrimSpace(t), "W/"); t == tag || t == "*" {
			return true
		}
	}
	return false
}

// load bundles the site and gets it ready, by path.
func load() (map[string]served, error) {
	files, err := Build()
	if err != nil {
		return nil, err
	}
	all := map[string]served{}
	for _, f := range files {
		sum := sha256.Sum256(f.Data)
		all[f.path()] = served{f, zip(f.Data), `"` + hex.EncodeToString(sum[:8]) + `"`}
	}
	return all, nil
}

// path is where a file is served.
func (f File) path() string {
	switch {
	case f.Name == "index.html":
		return "/"
	case strings.HasSuffix(f.Name, ".html"):
		return "/" + strings.TrimSuffix(f.Name, ".html")
	}
	return "/" + f.Name
}

func zip(data []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = w.Write(data) // to memory: cannot fail
	_ = w.Close()
	return b.Bytes()
}
