package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glowmap/glow/page/bundle"
)

// page runs the command and returns its exit code and error.
func page(args ...string) (int, string) {
	a := app()
	a.Writer, a.ErrWriter = io.Discard, io.Discard
	if err := a.Run(append([]string{"page"}, args...)); err != nil {
		return exitCode(err), err.Error()
	}
	return 0, ""
}

func TestBuild(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "own.json")
	if err := os.WriteFile(own, []byte(`{"title": "Fox", "feed": "https://cdn.example.org/f"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "dist")
	if code, err := page("build", "--out", out, "--settings", own, "--title", "Foxes"); code != 0 {
		t.Fatal(err)
	}
	settings, err := os.ReadFile(filepath.Join(out, "settings.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"title": "Foxes"`, `"feed": "https://cdn.example.org/f"`, `"build": "`} {
		if !strings.Contains(string(settings), want) {
			t.Errorf("settings lack %s:\n%s", want, settings)
		}
	}
	t.Setenv("GLOW_TARGET", "file://"+filepath.Join(dir, "www"))
	if code, err := page("sync"); code != 0 {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "www", "index.html.gz")); err != nil {
		t.Error(err)
	}
}

func TestMistakes(t *testing.T) {
	for args, want := range map[string]string{
		"bake":                             "want build, serve or sync",
		"build --nonsense":                 "nonsense",
		"build here":                       `unexpected argument "here"`,
		"build --settings /does/not/exist": "GLOW_SETTINGS",
		"sync --target ftp://x":            "GLOW_TARGET",
	} {
		code, err := page(strings.Fields(args)...)
		if code != 2 || !strings.Contains(err, want) {
			t.Errorf("page %s: %d %s, want %q", args, code, err, want)
		}
	}
}

// serve answers the page and a feed in a directory, and nothing outside it.
func TestServe(t *testing.T) {
	feed := t.TempDir()
	if err := os.MkdirAll(filepath.Join(feed, "v1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(feed, "v1", "latest.json"), []byte(`{"v":1}`), 0o644); err != nil {
		t.Fatal(err)
	}
	files, err := bundle.Build(bundle.Options{Settings: bundle.Defaults()})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(handler(files, feed))
	defer s.Close()
	for path, want := range map[string]int{"/": 200, "/settings.json": 200, "/feed/v1/latest.json": 200, "/feed/v1/no.json": 404, "/feed/../go.mod": 404, "/feed/%2e%2e/go.mod": 404} {
		r, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, r.StatusCode, want)
		}
	}
}
