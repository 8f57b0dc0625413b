package s3test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

func TestServerComesBackWithItsBuckets(t *testing.T) {
	s := Start(t)
	s.Bucket("feed")
	if err := os.WriteFile(filepath.Join(s.Path("feed"), "a.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if _, err := http.Get(s.URL() + "/feed/a.json"); err == nil {
		t.Fatal("a killed server answered")
	}
	s.Start()
	r, err := http.Get(s.URL() + "/feed/a.json")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusForbidden {
		t.Errorf("a stranger reads a private bucket with status %d, want 403", r.StatusCode)
	}
}
