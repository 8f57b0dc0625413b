package site

import (
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func serve(t *testing.T, target, endpoint string) *Site {
	t.Helper()
	feed, err := Feed(target, endpoint)
	if err != nil {
		t.Fatal(err)
	}
	l, _, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Serve(l, Plain(), feed, nil)
	t.Cleanup(s.Close)
	return s
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(text)
}

func TestFeedFromStore(t *testing.T) {
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Path)
	}))
	s := serve(t, "s3://bucket/some/prefix/", store.URL)
	if code, text := get(t, s.URL+"/feed/v1/latest.json"); code != 200 || text != "/bucket/some/prefix/v1/latest.json" {
		t.Errorf("%d %s", code, text)
	}
	store.Close()
	if code, _ := get(t, s.URL+"/feed/v1/latest.json"); code != http.StatusBadGateway {
		t.Errorf("without a store: %d", code)
	}
}

func TestFeedFromFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "v1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "v1/latest.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "file://"+dir, "")
	if code, text := get(t, s.URL+"/feed/v1/latest.json"); code != 200 || text != "{}" {
		t.Errorf("%d %s", code, text)
	}
	for _, path := range []string{"/feed/v1/", "/feed/../../etc/passwd", "/feed/v1/none.json"} {
		if code, _ := get(t, s.URL+path); code != http.StatusNotFound {
			t.Errorf("%s: %d", path, code)
		}
	}
}

// A visitor's share reaches sharehook with whom it is from, and is counted
// only if it was taken.
func TestShare(t *testing.T) {
	status := http.StatusNoContent
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("type") != "twitter" || r.Header.Get("X-Forwarded-For") != "127.0.0.1" || !strings.HasPrefix(r.Header.Get("Origin"), "http://"+r.Host) {
			t.Errorf("%v %v %v", r.Form, r.Header, r.Host)
		}
		w.WriteHeader(status)
	}))
	defer hook.Close()
	taken := 0
	l, _, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Serve(l, Plain(), http.NotFoundHandler(), Share(strings.TrimPrefix(hook.URL, "http://"), func() { taken++ }))
	defer s.Close()
	for _, status = range []int{http.StatusNoContent, http.StatusTooManyRequests} {
		req, _ := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/share", strings.NewReader("type=twitter"))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", s.URL)
		r, err := http.DefaultClient.Do(req)
		if err != nil || r.StatusCode != status {
			t.Errorf("%v, %v", r, err)
		}
	}
	if taken != 1 {
		t.Errorf("%d shares taken", taken)
	}
}

func TestFeedRefuses(t *testing.T) {
	for _, c := range [][2]string{{"ftp://x/y", ""}, {"s3://bucket/x", ""}, {"s3://bucket/x", "nonsense"}, {"%", ""}} {
		if _, err := Feed(c[0], c[1]); err == nil {
			t.Errorf("Feed(%q, %q) finds nothing wrong", c[0], c[1])
		}
	}
}

func TestListenMovesOn(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	l, moved, err := Listen(taken.Addr().String())
	if err != nil || !moved || l.Addr().String() == taken.Addr().String() {
		t.Fatalf("%v, %v, %v", l, moved, err)
	}
	l.Close()
	if _, _, err := Listen("localhost"); err == nil {
		t.Error("no port, no error")
	}
}

// The plain page needs nobody else, and its script finds what it looks for.
func TestPlain(t *testing.T) {
	all := ""
	for _, name := range []string{"index.html", "page.js", "style.css"} {
		text, err := fs.ReadFile(Plain(), name)
		if err != nil {
			t.Fatal(err)
		}
		all += string(text)
	}
	if m := regexp.MustCompile(`(src|href)="https?:`).FindString(all); m != "" {
		t.Errorf("asks others: %s", m)
	}
	for _, m := range regexp.MustCompile(`(?:\$|table)\('([a-z-]+)'`).FindAllStringSubmatch(all, -1) {
		if !strings.Contains(all, `id="`+m[1]+`"`) {
			t.Errorf("there is no element %s", m[1])
		}
	}
	s := serve(t, "file:///nowhere", "")
	if code, text := get(t, s.URL+"/"); code != 200 || !strings.Contains(text, "<title>Glow</title>") {
		t.Errorf("%d %s", code, text)
	}
}
