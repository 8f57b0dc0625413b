package site

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func mustBuild(t *testing.T) []File {
	t.Helper()
	files, err := Build()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The same source makes the same bytes, so that a name with a hash says what is
// in it.
func TestBuildIsDeterministic(t *testing.T) {
	a, b := mustBuild(t), mustBuild(t)
	for i := range a {
		if a[i].Name != b[i].Name || !bytes.Equal(a[i].Data, b[i].Data) {
			t.Errorf("%s, then %s, differ", a[i].Name, b[i].Name)
		}
	}
}

// The whole site is light: pages, scripts, styles and geometry, gzipped.
func TestBudget(t *testing.T) {
	sum := 0
	for _, f := range mustBuild(t) {
		n := len(zip(f.Data))
		if strings.HasPrefix(f.Name, "site/sw-") { // served as sw.js
			continue
		}
		t.Logf("%6d %s", n, f.Name)
		sum += n
	}
	if sum > 40<<10 {
		t.Errorf("%d bytes, want at most 40 KiB", sum)
	}
	t.Logf("%6d in all", sum)
}

func get(t *testing.T, h http.Handler, method, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// Every file that a page names is there, and nothing is asked of others.
func TestPagesAreComplete(t *testing.T) {
	h := Handler()
	named := regexp.MustCompile(`(?:src|href)="(site/[^"]+)"`)
	for _, page := range []string{"/", "/dashboard"} {
		r := get(t, h, "GET", page)
		var b bytes.Buffer
		_, _ = b.ReadFrom(r.Body)
		links := named.FindAllStringSubmatch(b.String(), -1)
		if len(links) != 3 { // style, script, and what the script imports
			t.Errorf("%s names %d files", page, len(links))
		}
		for _, l := range links {
			if r := get(t, h, "GET", "/"+l[1]); r.StatusCode != 200 || !strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
				t.Errorf("%s: %s, %s", l[1], r.Status, r.Header.Get("Cache-Control"))
			}
		}
		for _, l := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(b.String(), -1) {
			if !strings.Contains(b.String(), `id="`+l[1]+`"`) {
				t.Errorf("%s: nothing is called #%s", page, l[1])
			}
		}
	}
	for _, f := range mustBuild(t) {
		if u := regexp.MustCompile(`https?://[a-z][^"' ]*`).Find(f.Data); u != nil && !bytes.HasPrefix(u, []byte("http://www.w3.org")) {
			t.Errorf("%s names %s", f.Name, u)
		}
	}
}

func TestHeaders(t *testing.T) {
	h := Handler()
	r := get(t, h, "GET", "/dashboard", "Accept-Encoding", "gzip")
	for k, want := range map[string]string{
		"Content-Security-Policy": "require-trusted-types-for 'script'", "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "no-referrer", "Content-Encoding": "gzip", "Cache-Control": "no-cache", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := r.Header.Get(k); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
	if strings.Contains(r.Header.Get("Content-Security-Policy"), "unsafe") {
		t.Error("the policy is unsafe")
	}
	if r := get(t, h, "GET", "/dashboard", "If-None-Match", "W/"+r.Header.Get("ETag")); r.StatusCode != http.StatusNotModified {
		t.Errorf("asked again: %s", r.Status)
	}
	if r := get(t, h, "HEAD", "/"); r.StatusCode != 200 || r.ContentLength <= 0 {
		t.Errorf("HEAD: %s, %d bytes", r.Status, r.ContentLength)
	}
	if r := get(t, h, "POST", "/"); r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") == "" {
		t.Errorf("POST: %s", r.Status)
	}
	if r := get(t, h, "GET", "/dashboard/"); r.StatusCode != http.StatusNotFound {
		t.Errorf("no such page: %s", r.Status)
	}
}

// As files, the dashboard names its folder of models, and may connect to it.
func TestStatic(t *testing.T) {
	for folder, want := range map[string][2]string{
		"feed":                       {`content="feed/"`, `connect-src &#39;self&#39;;`},
		"https://d.example.org/glow": {`content="https://d.example.org/glow/"`, `connect-src &#39;self&#39; https://d.example.org;`},
	} {
		files, err := Static(folder)
		if err != nil {
			t.Fatal(err)
		}
		html := string(files[len(files)-1].Data)
		for _, text := range want {
			if !strings.Contains(html, text) {
				t.Errorf("%s: no %s in %.900s", folder, text, html)
			}
		}
		for _, f := range files {
			if strings.Contains(f.Name, "sw") || strings.Contains(f.Name, "docs") {
				t.Errorf("%s is not needed", f.Name)
			}
		}
	}
	for _, bad := range []string{"javascript:alert(1)", "ftp://x/", "https:///x", "%zz"} {
		if _, err := Static(bad); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
