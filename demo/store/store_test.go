package store

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func start(t *testing.T) *Store {
	t.Helper()
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func do(t *testing.T, method, url, body string, headers ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(r.Body)
	r.Body.Close()
	r.Body = io.NopCloser(strings.NewReader(string(text)))
	return r
}

// A page on another origin reads what was put, with the headers it was put with.
func TestPutAndGet(t *testing.T) {
	url := start(t).URL + "/" + Bucket + "/demo/v1/latest.json"
	put := do(t, "PUT", url, "{}", "Cache-Control", "public, max-age=2", "Content-Type", "application/json", "Content-Encoding", "gzip")
	if put.StatusCode != http.StatusOK {
		t.Fatal(put.Status)
	}
	got := do(t, "GET", url, "", "Origin", "http://example.org", "Accept-Encoding", "gzip")
	for name, want := range map[string]string{
		"Cache-Control": "public, max-age=2", "Content-Type": "application/json", "Content-Encoding": "gzip",
		"ETag": put.Header.Get("ETag"), "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Date, ETag",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
		}
	}
	if got.Header.Get(cacheControl) != "" {
		t.Error("the hiding place of Cache-Control shows")
	}
	if r := do(t, "GET", url+".none", ""); r.StatusCode != http.StatusNotFound {
		t.Errorf("a missing object: %s", r.Status)
	}
}

// Of many conditional PUTs at once one wins.
func TestConditionalPut(t *testing.T) {
	url := start(t).URL + "/" + Bucket + "/x"
	count := func(first rune, name, value string) (won int) {
		status := make([]int, 8)
		var all sync.WaitGroup
		for i := range status {
			all.Go(func() { status[i] = do(t, "PUT", url, string(first+rune(i)), name, value).StatusCode })
		}
		all.Wait()
		for _, s := range status {
			switch s {
			case http.StatusOK:
				won++
			case http.StatusPreconditionFailed:
			default:
				t.Errorf("status %d", s)
			}
		}
		return won
	}
	if n := count('a', "If-None-Match", "*"); n != 1 {
		t.Errorf("%d of 8 made the object", n)
	}
	// Other bodies than before: the same one again would leave the ETag as it is, and a second one could win.
	if n := count('A', "If-Match", do(t, "HEAD", url, "").Header.Get("ETag")); n != 1 {
		t.Errorf("%d of 8 replaced the object", n)
	}
}

func TestSweep(t *testing.T) {
	s := start(t)
	for _, key := range []string{"/demo/v1/10s/2026/x.json", "/demo/v1/1m/2026/x.json"} {
		do(t, "PUT", s.URL+"/"+Bucket+key, "{}")
	}
	s.sweep(time.Now().Add(time.Hour))
	if r := do(t, "GET", s.URL+"/"+Bucket+"/demo/v1/10s/2026/x.json", ""); r.StatusCode != http.StatusNotFound {
		t.Errorf("an old 10s snapshot: %s", r.Status)
	}
	if r := do(t, "GET", s.URL+"/"+Bucket+"/demo/v1/1m/2026/x.json", ""); r.StatusCode != http.StatusOK {
		t.Errorf("an old 1m snapshot: %s", r.Status)
	}
}
