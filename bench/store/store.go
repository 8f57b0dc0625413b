// Package store is an S3 store in memory that takes conditional PUTs and counts
// requests and bytes. It keeps no objects but their ETags.
package store

import (
	"crypto/md5"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Store is a server on a port of this machine.
type Store struct {
	server http.Server
	addr   string

	mu    sync.Mutex
	etags map[string]string
	puts  []Put
}

// Put is a PUT that was taken.
type Put struct {
	At    time.Time
	Path  string
	Bytes int64
}

// Start starts a store, and sets the environment up so that programs started
// from here may write to it.
func Start() (*Store, error) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "benchsecret", "AWS_REGION": "us-east-1",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Store{addr: l.Addr().String(), etags: map[string]string{}}
	s.server.Handler = s
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

// URL is what --s3-endpoint takes.
func (s *Store) URL() string { return "http://" + s.addr }

// Close stops the store.
func (s *Store) Close() error { return s.server.Close() }

// Puts are all PUTs that were taken since the time.
func (s *Store) Puts(since time.Time) (list []Put) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.puts {
		if p.At.After(since) {
			list = append(list, p)
		}
	}
	return list
}

// ServeHTTP answers as S3 would.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	etag, ok := s.etags[r.URL.Path]
	if r.URL.Query().Has("list-type") {
		_, _ = io.WriteString(w, "<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>")
		return
	}
	if r.Method != http.MethodPut {
		if !ok || r.Method == http.MethodGet {
			w.WriteHeader(http.StatusNotFound)
			if r.Method == http.MethodGet {
				_, _ = io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
			}
			return
		}
		w.Header().Set("ETag", etag)
		return
	}
	match := r.Header.Get("If-Match")
	if match != "" && match != etag || r.Header.Get("If-None-Match") == "*" && ok {
		w.WriteHeader(http.StatusPreconditionFailed)
		_, _ = io.WriteString(w, "<Error><Code>PreconditionFailed</Code></Error>")
		return
	}
	sum := md5.Sum(body)
	etag = `"` + hex.EncodeToString(sum[:]) + `"`
	s.etags[r.URL.Path] = etag
	size := r.ContentLength
	if n, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64); err == nil {
		size = n
	}
	s.puts = append(s.puts, Put{time.Now(), strings.TrimPrefix(r.URL.Path, "/"), size})
	w.Header().Set("ETag", etag)
}
