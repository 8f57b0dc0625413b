package main

import (
	"bytes"
	"compress/gzip"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/s3test"
)

// run runs the command and returns its exit code and what it says.
func run(args ...string) (int, string) {
	var out bytes.Buffer
	a := app()
	a.Writer, a.ErrWriter = &out, &out
	if err := a.Run(append([]string{"page"}, args...)); err != nil {
		return exitCode(err), err.Error()
	}
	return 0, out.String()
}

// owner lets this process be the owner of an S3 server.
func owner(t *testing.T) {
	for _, v := range s3test.Env() {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
}

// watched notes the objects that are put through it, in their order.
func watched(t *testing.T, server *s3test.Server) (endpoint string, puts func() []*http.Request) {
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var list []*http.Request
	proxy := httputil.NewSingleHostReverseProxy(u)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			mu.Lock()
			list = append(list, r.Clone(r.Context()))
			mu.Unlock()
		}
		proxy.ServeHTTP(w, r) // with the Host that was signed
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []*http.Request {
		mu.Lock()
		defer mu.Unlock()
		return list
	}
}

// A bucket gets what the page refers to first and index.html last, each with its
// type and how long it may be kept; what was there stays.
func TestSyncToS3(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("www")
	owner(t)
	endpoint, puts := watched(t, server)
	old := filepath.Join(server.Path("www"), "map", "glow-AAAAAAAA.js")
	if err := os.MkdirAll(filepath.Dir(old), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"sync", "--target", "s3://www/map", "--s3-endpoint", endpoint, "--feed", "https://cdn.example.org/feed"}

	if code, out := run(append(args, "--dry-run")...); code != 0 || !strings.Contains(out, "put index.html") || len(puts()) > 0 {
		t.Fatalf("a dry run: %d %s, %d uploads", code, out, len(puts()))
	}
	if code, out := run(args...); code != 0 {
		t.Fatal(out)
	}
	list := puts()
	if last := list[len(list)-1]; last.URL.Path != "/www/map/index.html" {
		t.Errorf("%s comes last", last.URL.Path)
	}
	named := true
	for _, r := range list {
		name := strings.TrimPrefix(r.URL.Path, "/www/map/")
		immutable := strings.Contains(r.Header.Get("Cache-Control"), "immutable")
		if immutable != (strings.Count(name, "-") > 0 && name != "glow-map.js") {
			t.Errorf("%s: Cache-Control %q", name, r.Header.Get("Cache-Control"))
		}
		if immutable && !named {
			t.Errorf("%s comes after what refers to it", name)
		}
		named = immutable
		if r.Header.Get("Content-Type") == "" || !strings.HasPrefix(r.Header.Get("Content-Encoding"), "gzip") {
			t.Errorf("%s: headers %v", name, r.Header)
		}
	}
	index := stored(t, filepath.Join(server.Path("www"), "map", "index.html"))
	for _, want := range []string{"require-trusted-types-for", "connect-src 'self' https://cdn.example.org", "default-src 'none'"} {
		if !strings.Contains(index, want) {
			t.Errorf("index.html lacks %q", want)
		}
	}
	if _, err := os.Stat(old); err != nil {
		t.Errorf("a file of an earlier build is gone: %v", err)
	}
}

func stored(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return html.UnescapeString(string(data))
}

// Pruning removes the files of builds before the one that is replaced, and
// nothing else; and nothing at all while that one is young.
func TestPrune(t *testing.T) {
	dir := t.TempDir()
	args := []string{"sync", "--target", "file://" + dir, "--prune"}
	if code, out := run(args...); code != 0 {
		t.Fatal(out)
	}
	put := func(name string, age time.Duration) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	const day = 24 * time.Hour
	stay := []string{"glow-LASTLAST.js", "own.html", "photo-ABCDEFGH.jpg", "glow-map.js"}
	put("glow-OLDOLDOL.js", 9*day)
	put("glow-OLDOLDOL.js.gz", 9*day)
	put("glow-LASTLAST.js", 2*day)
	put("own.html", 9*day)
	put("photo-ABCDEFGH.jpg", 9*day)
	is := func(name string) bool { _, err := os.Stat(filepath.Join(dir, name)); return err == nil }
	if code, out := run(args...); code != 0 || !is("glow-OLDOLDOL.js") {
		t.Errorf("with a young build there: %d %s", code, out)
	}
	put("index.html", 2*day-time.Minute)
	if code, out := run(args...); code != 0 || is("glow-OLDOLDOL.js") || is("glow-OLDOLDOL.js.gz") || !strings.Contains(out, "1 old ones removed") {
		t.Errorf("the oldest build is there: %d %s", code, out)
	}
	for _, name := range stay {
		if !is(name) {
			t.Errorf("%s is gone", name)
		}
	}
}

// What is wrong with the settings is said with the way out.
func TestSyncMistakes(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("www")
	server.Account("stranger", "strangersecret")
	sync := func(target string) (int, string) {
		return run("sync", "--target", target, "--s3-endpoint", server.URL())
	}
	owner(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	for _, c := range []struct{ target, key, secret, want string }{
		{"s3://nowhere/map", s3test.AccessKey, s3test.SecretKey, `there is no bucket "nowhere"`},
		{"s3://www/map", "nobody", "nosecret", "does not accept the credentials"},
		{"s3://www/map", s3test.AccessKey, "wrongsecret", "does not accept the credentials"},
		{"s3://www/map", "stranger", "strangersecret", `may not write to bucket "www"`},
		{"", s3test.AccessKey, s3test.SecretKey, "GLOW_TARGET"},
	} {
		t.Setenv("AWS_ACCESS_KEY_ID", c.key)
		t.Setenv("AWS_SECRET_ACCESS_KEY", c.secret)
		if code, out := sync(c.target); code == 0 || !strings.Contains(out, c.want) {
			t.Errorf("%s as %s: %d %s, want %q", c.target, c.key, code, out, c.want)
		}
	}
	server.Kill()
	if code, out := sync("s3://www/map"); code != 1 || !strings.Contains(out, "refused") {
		t.Errorf("a dead store: %d %s", code, out)
	}
}
