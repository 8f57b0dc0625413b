package client

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/glowmap/glow/querier/site/sitetest"
)

var question = map[string]any{"keys": []string{"download"}, "by": []string{"country"}}

// The querier stops: the client shows its last answer, with its age; when the
// querier is back, the answer is fresh.
func TestAbsence(t *testing.T) {
	querier := sitetest.NewServer()
	server := httptest.NewServer(querier)
	defer server.Close()
	c := &Client{Base: server.URL, Dir: t.TempDir()}
	first, err := c.Query(t.Context(), question)
	if err != nil || first.Away != nil {
		t.Fatal(err, first)
	}
	hourAgo := time.Now().Add(-time.Hour)
	age(t, c.Dir, hourAgo)
	querier.Fail(http.StatusServiceUnavailable)
	check(t, c, first.Body, hourAgo)
	querier.Fail(0)
	fresh, err := c.Query(t.Context(), question)
	if err != nil || fresh.Away != nil || !slices.Equal(fresh.Body, first.Body) || !fresh.At.After(hourAgo) {
		t.Errorf("back again: %v %+v", err, fresh)
	}
	age(t, c.Dir, hourAgo)
	server.CloseClientConnections()
	server.Close()
	check(t, c, first.Body, hourAgo)
	if a, err := c.Get(t.Context(), "v1/keys"); err == nil {
		t.Errorf("never asked, yet answered: %s", a.Body)
	}
}

// age makes all that is kept as old as that.
func age(t *testing.T, dir string, at time.Time) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(err, files)
	}
	if err := os.Chtimes(files[0], at, at); err != nil {
		t.Fatal(err)
	}
}

// check wants the last answer, as old as it is.
func check(t *testing.T, c *Client, body []byte, at time.Time) {
	t.Helper()
	last, err := c.Query(t.Context(), question)
	if err != nil {
		t.Fatal(err)
	}
	if last.Away == nil || !slices.Equal(last.Body, body) || last.At.Sub(at).Abs() > time.Second {
		t.Errorf("while away: %v, of %v, %d bytes", last.Away, last.At, len(last.Body))
	}
}

// A question that is wrong is refused, whatever was answered before; so is a
// wrong token, and what one token was answered is not given to another.
func TestRefusal(t *testing.T) {
	querier := sitetest.NewServer()
	server := httptest.NewServer(querier)
	c := &Client{Base: server.URL + "/", Dir: t.TempDir(), Token: sitetest.Token}
	_, err := c.Query(t.Context(), map[string]any{"keys": []string{"download"}, "where": map[string]string{"contry": "DE"}})
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Field != "where.contry" || refusal.Status != http.StatusBadRequest {
		t.Errorf("it says %v", err)
	}
	if _, err := c.Get(t.Context(), "v1/keys"); err != nil {
		t.Fatal(err)
	}
	c.Token = "wrong"
	if _, err := c.Get(t.Context(), "v1/keys"); !errors.As(err, &refusal) || refusal.Status != http.StatusUnauthorized {
		t.Errorf("a wrong token: %v", err)
	}
	server.Close()
	if a, err := c.Get(t.Context(), "v1/keys"); err == nil {
		t.Errorf("another token's answer: %s", a.Body)
	}
}

// A file that was cut off is no answer.
func TestTornFile(t *testing.T) {
	server := httptest.NewServer(sitetest.NewServer())
	c := &Client{Base: server.URL, Dir: t.TempDir()}
	if _, err := c.Get(t.Context(), "v1/keys"); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(c.Dir, "*"))
	if err := os.Truncate(files[0], 100); err != nil {
		t.Fatal(err)
	}
	if a, err := c.Get(t.Context(), "v1/keys"); err != nil || a.Away != nil {
		t.Errorf("asked anew: %v", err)
	}
	if err := os.Truncate(files[0], 100); err != nil {
		t.Fatal(err)
	}
	server.Close()
	if a, err := c.Get(t.Context(), "v1/keys"); err == nil {
		t.Errorf("it answers %s", a.Body)
	}
}

// What somebody else says with a 200 is no answer, and none of the querier's
// refusals: the last answer stands.
func TestStranger(t *testing.T) {
	querier := sitetest.NewServer()
	strange := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strange {
			_, _ = w.Write([]byte("<html>Please log in"))
			return
		}
		querier.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c := &Client{Base: server.URL, Dir: t.TempDir()}
	if _, err := c.Get(t.Context(), "v1/keys"); err != nil {
		t.Fatal(err)
	}
	strange = true
	if a, err := c.Get(t.Context(), "v1/keys"); err != nil || a.Away == nil || !json.Valid(a.Body) {
		t.Errorf("it answers %v, %v", a, err)
	}
}
