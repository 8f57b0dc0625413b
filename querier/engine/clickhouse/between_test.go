package clickhouse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/clickhousetest"
	"github.com/glowmap/glow/querier/engine"
)

// proxied connects to a server by way of a proxy, which calls before with each
// statement that is about to be sent on.
func proxied(t *testing.T, s *clickhousetest.Server, d *folder, before func(sql string)) *Engine {
	t.Helper()
	real, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	on := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: real.Host})
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		before(string(body))
		r.Body = io.NopCloser(bytes.NewReader(body))
		on.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return openAt(t, strings.Replace(s.URL(), real.Host, p.Listener.Addr().String(), 1), d, 0)
}

// isQuestion says whether a statement is that of a question.
func isQuestion(sql string) bool { return strings.Contains(sql, "WHERE load IN (") }

// Whatever happens to the table between looking what is there and asking, no
// row counts twice, and none is missing without an error.
func TestBetweenLookingAndAsking(t *testing.T) {
	d := newFolder(t.TempDir())
	s, other := start(t, d)
	f := d.put(t, someRows(rand.New(rand.NewPCG(5, 6)), 100, "a"))
	var meanwhile func()
	e := proxied(t, s, d, func(sql string) {
		if isQuestion(sql) && meanwhile != nil {
			meanwhile()
			meanwhile = nil
		}
	})
	q := engine.Query{SQL: "SELECT count(*) FROM events", Files: []archive.File{f}}
	same := func(what string) {
		t.Helper()
		if got := fmt.Sprint(all(t, e, q)); got != "[[100]]" {
			t.Errorf("%s: %s rows, want [[100]]", what, got)
		}
	}
	same("nothing")
	for range 4 { // its number may be smaller or greater
		meanwhile = func() {
			if err := other.put(t.Context(), f); err != nil {
				t.Error(err)
			}
		}
		same("loaded again")
	}
	for _, spoil := range []string{
		"ALTER TABLE history.events DROP PARTITION (%d, %s)",
		"INSERT INTO history.events (file, load, time, type) VALUES (%d, %s, 1, 'x')",
	} {
		meanwhile = func() { s.Do(fmt.Sprintf(spoil, idOf(f), loadsOf(s, f)[0])) }
		if err := e.Run(t.Context(), q, func([]any) error { return nil }); !errors.Is(err, engine.ErrFilling) {
			t.Errorf("%s: %v, want that the engine is being filled", spoil, err)
		}
		same("asked again")
	}
	meanwhile = func() { s.Do("DROP TABLE history.events") }
	if err := e.Run(t.Context(), q, func([]any) error { return nil }); err == nil {
		t.Error("rows of a table that is gone")
	}
	same("the table was dropped")
}

// A table of another form is not touched, and what to do is said.
func TestOtherTable(t *testing.T) {
	d := newFolder(t.TempDir())
	s, _ := start(t, d)
	s.Do("DROP TABLE history.events")
	s.Do("CREATE TABLE history.events (file UInt64, time Int64) ENGINE = MergeTree() PARTITION BY file ORDER BY time")
	f := d.put(t, someRows(rand.New(rand.NewPCG(5, 6)), 10))
	e := openAt(t, s.URL(), d, 0)
	for range 2 {
		err := e.Keep(t.Context(), []archive.File{f})
		if err == nil || !strings.Contains(err.Error(), "DROP TABLE history.events") {
			t.Errorf("%v, want what to do", err)
		}
	}
	s.Do("DROP TABLE history.events")
	if got := fmt.Sprint(all(t, e, engine.Query{SQL: "SELECT count(*) FROM events", Files: []archive.File{f}})); got != "[[10]]" {
		t.Errorf("%s rows, want [[10]]", got)
	}
}
