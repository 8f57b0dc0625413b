//go:build cgo

package api

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glowmap/glow/querier/archivetest"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/sharehook/client"
	"github.com/glowmap/glow/sharehook/limit"
)

// asker is an API over an archive, and its clients.
type asker struct {
	*testing.T
	archive *archivetest.Archive
	catalog *catalog.Catalog
	url     string
	tokens  string // the file
}

func (a *asker) check(err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

// newAsker serves an archive; change has a last say in the settings.
func newAsker(t *testing.T, archive *archivetest.Archive, change ...func(*Settings)) *asker {
	t.Helper()
	a := &asker{T: t, archive: archive, catalog: archive.Catalog(), tokens: filepath.Join(t.TempDir(), "tokens")}
	e, err := engine.OpenDuckDB(a.catalog, engine.Limits{Folders: []string{archive.Dir}, Threads: 1, Memory: 1 << 30, Concurrency: 2})
	a.check(err)
	a.check(a.catalog.Count(t.Context(), e))
	a.check(os.WriteFile(a.tokens, nil, 0o600))
	tokens, err := OpenTokens(a.tokens)
	a.check(err)
	s := Settings{
		Catalog: a.catalog, Engine: e, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Tokens: tokens,
		Public:    Public{Types: []string{"download"}, Dimensions: []string{"continent", "country", "date", "hour"}, MinCount: 10},
		QueryTime: time.Minute, MaxRows: 100_000, Concurrency: 2, CacheBytes: 1 << 20, MaxAge: 5 * time.Second,
		Rate: limit.NewRate(0, 1), Conns: limit.NewConns(100, 100, gauge(), counter()), Client: client.Finder{},
	}
	for _, f := range change {
		f(&s)
	}
	server := httptest.NewServer(New(s))
	t.Cleanup(func() { server.Close(); a.check(e.Close()) })
	a.url = server.URL
	return a
}

func gauge() prometheus.Gauge { return prometheus.NewGauge(prometheus.GaugeOpts{Name: "g"}) }

func counter() prometheus.Counter { return prometheus.NewCounter(prometheus.CounterOpts{Name: "c"}) }

// answered is an answer as it came.
type answered struct {
	*http.Response
	body string
}

// ask sends a request; headers are "Name: value".
func (a *asker) ask(method, path, body string, headers ...string) answered {
	a.Helper()
	r, err := http.NewRequestWithContext(a.Context(), method, a.url+path, strings.NewReader(body))
	a.check(err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	if r.Header.Get("Accept-Encoding") == "" {
		r.Header.Set("Accept-Encoding", "identity")
	}
	got, err := http.DefaultTransport.RoundTrip(r)
	a.check(err)
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	a.check(err)
	return answered{got, string(b)}
}

// inside is an asker with a token for some types. Its file is read at the start.
func inside(t *testing.T, archive *archivetest.Archive, types string, change ...func(*Settings)) (*asker, string) {
	t.Helper()
	token, line, err := NewToken("someone", types)
	path := filepath.Join(t.TempDir(), "tokens")
	if err == nil {
		err = os.WriteFile(path, []byte("# who may come in\n\n"+line+"\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return newAsker(t, archive, append(change, func(s *Settings) { s.Tokens, _ = OpenTokens(path) })...), "Authorization: Bearer " + token
}

func random(t *testing.T) *archivetest.Archive {
	return archivetest.Random(t, rand.New(rand.NewPCG(7, 8)), 60)
}

func TestQuery(t *testing.T) {
	a, token := inside(t, random(t), "*")
	q := `{"keys":["download"],"by":["lang"],"order":"lang"}`
	got := a.ask("POST", "/v1/query", q, token)
	var answer struct {
		V       int
		Version string
		Until   string
		Results []struct {
			Key     string
			Columns []string
			Rows    [][]any
		}
	}
	a.check(json.Unmarshal([]byte(got.body), &answer))
	if got.StatusCode != 200 || answer.V != 1 || answer.Until != "2026-04-01T15:00:00Z" || answer.Version != a.catalog.Current().Version ||
		len(answer.Results) != 1 || !slices.Equal(answer.Results[0].Columns, []string{"lang", "n"}) || len(answer.Results[0].Rows) != 6 {
		t.Fatal(got.Status, got.body)
	}
	byGet := a.ask("GET", "/v1/query?q="+url.QueryEscape(q), "", token)
	if byGet.body != got.body || byGet.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Error(byGet.Status, byGet.body)
	}
	if head := a.ask("HEAD", "/v1/query?q="+url.QueryEscape(q), "", token); head.body != "" || head.ContentLength != int64(len(got.body)) {
		t.Error(head.Status, head.ContentLength, head.body)
	}
	tag := got.Header.Get("ETag")
	if same := a.ask("POST", "/v1/query", `{"by":"attr_lang", "order":"lang","keys":"download"}`, token, `If-None-Match: "x", `+tag); same.StatusCode != 304 || same.body != "" || same.Header.Get("ETag") != tag {
		t.Error(same.Status, same.body)
	}
	if got.Header.Get("Cache-Control") != "private, max-age=5, stale-if-error=86400" || got.Header.Get("Vary") != "Accept, Accept-Encoding, Authorization" {
		t.Error(got.Header)
	}
	packed := a.ask("POST", "/v1/query", `{"keys":["download"],"every":"1h"}`, token, "Accept-Encoding: gzip")
	z, err := gzip.NewReader(strings.NewReader(packed.body))
	a.check(err)
	plain, err := io.ReadAll(z)
	a.check(err)
	if want := a.ask("POST", "/v1/query", `{"keys":["download"],"every":"1h"}`, token); want.body != string(plain) || len(packed.body) >= len(plain) {
		t.Error("packed it is another answer")
	}
}

// What is wrong is said with where, and how to do better; see is on our page.
func TestErrors(t *testing.T) {
	a := newAsker(t, random(t))
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/v1/query", `{"keys":["download"],"where":{"contry":"DE"}}`, 400, `{"error":{"field":"where.contry","message":"no such dimension; there are continent, country, date, hour","see":"/#where"}}`},
		{"POST", "/v1/query", strings.Repeat(" ", 1<<20), 413, "a question has at most 65536 bytes"},
		{"GET", "/v1/query?q={}&x=1", "", 400, "the question goes into one parameter"},
		{"GET", "/v1/query?q=%7B%22keys%22%3A%22download%22%2C%22every%22%3A%221m%22%2C%22to%22%3A%229999-12-31%22%7D", "", 400, "periods of 1m are more than"},
		{"DELETE", "/v1/query", "", 405, "want GET, HEAD, POST, OPTIONS"},
		{"POST", "/v1/keys", "", 405, "want GET, HEAD, OPTIONS"},
		{"GET", "/v1/nothing", "", 404, "there is nothing here"},
	} {
		got := a.ask(c.method, c.path, c.body)
		if got.StatusCode != c.status || !strings.Contains(got.body, c.want) || got.Header.Get("Cache-Control") != "no-store" || !json.Valid([]byte(got.body)) {
			t.Errorf("%s %s: %s %s", c.method, c.path, got.Status, got.body)
		}
	}
	if got := a.ask("OPTIONS", "/v1/query", "", "Origin: https://example.org", "Access-Control-Request-Method: POST"); got.StatusCode != 204 ||
		got.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(got.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Error(got.Status, got.Header)
	}
}
