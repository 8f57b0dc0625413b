// Package store is the demo's S3: gofakes3 in memory, with what it lacks put
// around it: Cache-Control is kept, a condition and its PUT are one step, and
// what is old enough goes, as a lifecycle rule would have it.
package store

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Bucket is the one bucket of the store.
const Bucket = "glow"

// keep is how long objects below "10s/" live.
const keep = 2 * time.Hour

// cacheControl is where Cache-Control is kept in between, as gofakes3 keeps
// only metadata with this prefix.
const cacheControl = "X-Amz-Meta-Cache-Control"

// Store is an S3 server on a port of its own on the loopback interface.
type Store struct {
	URL     string
	backend *s3mem.Backend
	server  *http.Server
	stop    context.CancelFunc
}

// New starts a store with the empty [Bucket].
func New() (*Store, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Store{URL: "http://" + l.Addr().String(), backend: s3mem.New(), stop: stop}
	if err := s.backend.CreateBucket(Bucket); err != nil {
		return nil, err
	}
	s.server = &http.Server{Handler: around(gofakes3.New(s.backend).Server()), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(l) }() // ends with Close
	go s.expire(ctx)
	return s, nil
}

// Close ends the store and forgets what is in it.
func (s *Store) Close() {
	s.stop()
	_ = s.server.Close()
}

func around(inner http.Handler) http.Handler {
	var puts sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			if v := r.Header.Get("Cache-Control"); v != "" {
				r.Header.Set(cacheControl, v)
			}
			puts.Lock()
			defer puts.Unlock()
		}
		inner.ServeHTTP(&kept{ResponseWriter: w}, r)
	})
}

// kept gives Cache-Control back.
type kept struct {
	http.ResponseWriter
	begun bool
}

// WriteHeader puts the headers right before they go.
func (k *kept) WriteHeader(status int) {
	if !k.begun {
		k.begun = true
		h := k.Header()
		if v := h.Get(cacheControl); v != "" {
			h.Set("Cache-Control", v)
			h.Del(cacheControl)
		}
		h.Set("Access-Control-Expose-Headers", "Date, ETag")
	}
	k.ResponseWriter.WriteHeader(status)
}

// Write begins the answer if nothing else has.
func (k *kept) Write(b []byte) (int, error) {
	if !k.begun {
		k.WriteHeader(http.StatusOK)
	}
	return k.ResponseWriter.Write(b)
}

// expire deletes old 10s snapshots now and then.
func (s *Store) expire(ctx context.Context) {
	tick := time.NewTicker(keep / 20)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s.sweep(now.Add(-keep))
		}
	}
}

func (s *Store) sweep(before time.Time) {
	list, err := s.backend.ListBucket(Bucket, nil, gofakes3.ListBucketPage{})
	if err != nil {
		return
	}
	for _, o := range list.Contents {
		if strings.Contains(o.Key, "/10s/") && o.LastModified.Before(before) {
			_, _ = s.backend.DeleteObject(Bucket, o.Key) // next time, then
		}
	}
}
