package main

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/s3test"
	"github.com/glowmap/glow/publisher/setup"
	"github.com/glowmap/glow/publisher/store"
)

// A bucket as it comes, one that "publisher setup" made ready, and none.
func TestDoctorBucket(t *testing.T) {
	for _, v := range s3test.Env() {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	c := newClinic(t)
	server := s3test.Start(t)
	server.Bucket("launch")
	server.Account("friend", "friendsecret")
	args := []string{"--target", "s3://launch/glow", "--s3-endpoint", server.URL()}
	f := c.examineWith(s3test.Env(), args...)
	f.wants(t, "a new bucket", "target", "ok", "may list it")
	f.wants(t, "a new bucket", "target-feed", "note", "no feed yet")
	f.wants(t, "a new bucket", "target-settings", "warning", "CORS")
	f.wants(t, "a new bucket", "target-cors", "warning", "allows")
	f.wants(t, "a new bucket", "target-public", "note", "403")
	for _, check := range []string{"target-write", "target-conditions", "target-caching", "target-clock", "target-delete"} {
		f.wants(t, "a new bucket", check, "ok", "")
	}
	if left := objects(t, server.Path("launch")); len(left) > 0 {
		t.Errorf("it left %v", left)
	}

	client, region, err := store.NewClient(t.Context(), store.Options{Endpoint: server.URL()})
	must(t, err)
	ready := setup.Setup{Client: client, Bucket: "launch", Prefix: "glow/", Region: region, Origins: []string{"*"}, Public: true, Out: io.Discard}
	must(t, ready.Run(t.Context()))
	f = c.examineWith(s3test.Env(), args...)
	f.wants(t, "a bucket made ready", "target-cors", "ok", "")
	f.wants(t, "a bucket made ready", "target-public", "ok", "everybody may read")
	c.examineWith(s3test.Env(), append(args, "--read-only")...).wants(t, "read only", "target-write", "note", "was not tried")

	for _, w := range []struct{ says, key, secret, target string }{
		{"there is no bucket", s3test.AccessKey, s3test.SecretKey, "s3://none"},
		{"does not accept the credentials", s3test.AccessKey, "wrong", "s3://launch"},
		{"is denied", "friend", "friendsecret", "s3://launch"},
	} {
		env := append(s3test.Env(), "AWS_ACCESS_KEY_ID="+w.key, "AWS_SECRET_ACCESS_KEY="+w.secret)
		c.examineWith(env, append(args, "--target", w.target)...).wants(t, w.says, "target", "error", w.says)
	}
}

func objects(t *testing.T, dir string) (names []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, path)
		}
		return err
	}))
	return names
}

// A store that forgets what it is told: conditions, headers, the time, and who
// may delete.
func TestDoctorStoreThatForgets(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	var mu sync.Mutex
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		q := r.URL.Query()
		switch {
		case q.Has("cors"), q.Has("lifecycle"), r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusForbidden)
		case r.Method == http.MethodPut:
			body, _ = io.ReadAll(r.Body)
			sum := md5.Sum(body)
			w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
		case q.Has("list-type"):
			fmt.Fprint(w, "<ListBucketResult></ListBucketResult>")
		case strings.HasSuffix(r.URL.Path, "glow-doctor.json"):
			w.Header().Set("Cache-Control", "no-store")
			_, _ = w.Write(body)
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "<Error><Code>NoSuchKey</Code></Error>")
		}
	}))
	t.Cleanup(server.Close)
	f := c.examineWith(s3test.Env(), "--target", "s3://launch", "--s3-endpoint", server.URL)
	f.wants(t, "a store that forgets", "target-conditions", "warning", "ignores")
	f.wants(t, "a store that forgets", "target-caching", "warning", `comes back as "no-store"`)
	f.wants(t, "a store that forgets", "target-encoding", "error", "gzip")
	f.wants(t, "a store that forgets", "target-clock", "error", "60 min off")
	f.wants(t, "a store that forgets", "target-delete", "warning", "denied")
	f.wants(t, "a store that forgets", "target-settings", "note", "cannot be read")
}
